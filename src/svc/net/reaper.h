/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Links and rules that are to go.  Deleting a link has the kernel wait for all its processors,
 * tens of milliseconds for a VXLAN link; many deleted at once cost a third of that each.  So what
 * is given to the reaper in one turn of the event loop is deleted at the turn's end, before any
 * answer is written: who was told that an interface has gone finds that it has.
 */
#include "svc/net/net-service.h"

struct reap {
	struct place *place; /* of the link and its rules; a reference is taken */
	int index; /* 0: there is no link, rules only */
	char name[IFNAMSIZ]; /* whose rules are removed when the link has gone; "": none */
	uint16_t port; /* which is opened again when the link has gone; 0: none */
	bool late; /* nobody waits for it: when there is nothing else to do */
};

/* Copied. When memory is out, at once. */
void reaper_add(struct net_service *ns, const struct reap *r);
/* Returns the call when what was given to the reaper so far has gone (but for what is late). */
void reaper_return(struct net_service *ns, struct vat_ctx *ctx);
/* Now: a name, or a port, is needed again. */
void reaper_flush(struct net_service *ns);
/* Flushes; no more can be added. For the end of the service. */
void reaper_done(struct net_service *ns);
