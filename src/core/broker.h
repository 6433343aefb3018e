/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The node as introducer (three-party hand-off, vat/handoff.h): who on its links may be introduced
 * to whom, so that their calls do not go through the node.
 *
 *	a service to a service of this node		a socket pair, one end each
 *	another node to whoever has the Unix socket	a TCP connection that the node begins
 *	everybody else					never
 *
 * Strangers are never introduced to what is here: their RPC is parsed in the node and nowhere else.
 *
 * Two that have been introduced keep the connection, and later introductions of the same two use
 * it: they name it by its number (the address of the introduction, 8 bytes).  The other way round,
 * when one of them passes on to the node what it got from the other, it names that connection, and
 * the node asks the other on the link that it has.
 */
#include "base/list.h"
#include "loop/link.h"
#include "vat/handoff.h"

enum broker_kind { /* link_config.kind of the node's links */
	BROKER_NOBODY,
	BROKER_SERVICE,
	BROKER_ADMIN, /* on the Unix socket */
	BROKER_NODE, /* dialled by us */
};

enum {
	BROKER_PAIRS_MAX = 1024,
	BROKER_DIALS_MAX = 16, /* connections to one node begun for others, at a time */
};

struct broker {
	struct list pairs; /* those introduced, oldest first */
	unsigned n_pairs;
	uint64_t last;
};

/* Sets the network of the loop's vat; b must live as long as its links. Nothing is introduced if
 * METAC_HANDOFF=no is in the environment. */
int broker_init(struct broker *b, struct loop *l);
void broker_done(struct broker *b);
/* A link ends: who was introduced to it is no more. */
void broker_forget(struct broker *b, const struct link *link);

/* A new token, and the number of the connection. */
void broker_fill(struct vat_introduction *ret, uint64_t number);

/* True unless the environment says METAC_HANDOFF=no. */
bool handoff_wanted(void);
