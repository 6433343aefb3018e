/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Getting an object anew from its sturdy reference, within a time: for who holds something of
 * another node and comes back to it after the connection was lost.
 *
 * The link to the other node is verified first (NodeAdmin.getNode), so a host that was rebooted
 * is found again within seconds.  Nothing is tried twice here: when and how often is up to the
 * caller.
 */
#include "core/ref.h"
#include "loop/link.h"

struct fetch;

enum { FETCH_REVOKED = -ENOKEY };

/* Called once, from the event loop: with the object (a new reference, e->code 0), or with NULL and
 * why not. e->code FETCH_REVOKED: the other side says that there is no such reference (any more),
 * and will not say otherwise later; -ETIMEDOUT: no answer in time. May free the fetch. */
typedef void (*fetch_done)(void *user, struct vat_cap *takes_object, const struct err *e);

/* node: borrowed; r is copied as far as needed. 0 or -ENOMEM. */
int fetch_new(struct loop *l, struct metac_node_admin_c node, const struct ref *r,
	uint64_t timeout_us, fetch_done done, void *user, struct fetch **ret);
/* Gives up, or just frees after done. NULL is accepted. */
void fetch_free(struct fetch *f);
