/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * createSturdyRef of what leads to something of another node (a mount, an attachment, a binding).
 *
 * A persistent one must be made again without what it was made with, so its description has a
 * reference to what it leads to, one of its own, made through the one in hand: persistent, and
 * revoked with that.  What this node's own persistence service keeps is described by the capability
 * itself, so that no secret of this node is written down.
 */
#include "core/service.h"
#include "core/way.h"

enum { OWN_REF_SECONDS = 30 }; /* for an answer */

struct own_ref_config {
	struct service *service;
	struct way *way; /* both live as long as the call is unanswered */
	bool persistent; /* it has been made persistent before: way's reference is its own */
	const char *what; /* it leads to, for errors ("what is mounted"); static */
	/* May be NULL: from now on by that reference (taken), which stands for the very object in
	 * hand; in place of way_set_ref(). */
	void (*set_ref)(void *user, struct ref *takes);
	/* Answers cx by service_create_sturdy_ref(). */
	void (*create)(void *user, struct persistence_persistable_create_sturdy_ref_ctx cx);
	void *user;
};

/* Answers cx: makes a reference of its own to what the way leads to if one is needed, then calls
 * create. cfg is copied. */
void own_ref_create_sturdy_ref(
	const struct own_ref_config *cfg, struct persistence_persistable_create_sturdy_ref_ctx cx);

/* What is to be written into a description: the way's reference. NULL: the capability
 * (way_object()), which this node's persistence service keeps. */
const struct ref *own_ref_of(struct service *s, const struct way *w);
