/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Three-party hand-off inside: who keeps what.  include/vat/handoff.h tells what it is for.
 *
 * introduce.c   As introducer.  A struct vine is an export that stands for an import of another
 *               connection, and owns the Provide sent there.
 * handoff.c     As recipient.  A struct handoff is behind the promise that stands for the
 *               capability until Accept has returned; a struct stem keeps the vine after that.
 * provision.c   As host.  Provisions and Accepts meet in a table by token.
 *
 * Order.  Calls that the recipient sent through the introducer must arrive before those it sends
 * itself.  If there were any, its Accept names an embargo, which the host lifts when a Disembargo
 * comes that travelled behind those calls: recipient -> vine -> introducer -> Provide -> host.
 *
 * Failure.  The host cannot know of a Provide that never arrived because its connection to the
 * introducer ended.  So the recipient tells the introducer that it accepts: the Disembargo just
 * named, or without calls ahead one that names no embargo and goes no further.  From then on the
 * introducer answers the end of its connection to the host with a Resolve of the vine to an
 * exception (which nobody else would understand: a vine is no promise).
 */
#include "vat/conn/conn-in.h"

/* Of the vat. */
struct handoffs { /* made by vat_set_network, freed with the vat */
	struct vat_network network;
	struct meeting **buckets; /* by token */
	uint32_t n_buckets; /* power of two */
	uint32_t n_meetings;
	uint64_t seed;
	uint64_t last_embargo;
};

enum third_state {
	THIRD_UNKNOWN, /* may be a host that echoes what we say, or that breaks over it */
	THIRD_ASKED,
	THIRD_HOST, /* understands Provide */
	THIRD_REFUSES,
};

/* Of a connection. */
struct third {
	struct vat_conn *conn;
	uint8_t state; /* enum third_state: of the peer as host */
	struct outcome *probe; /* THIRD_ASKED; held */
	struct consumer probe_consumer;
	struct list held; /* messages that wait until we know */
	uint32_t n_held;
	struct list accepts; /* of the peer, waiting */
	struct list arrivals; /* descriptors that came with a Provide */
	uint32_t n_arrivals;
	struct vat_handoff_counts counts;
};

/* NULL when memory is out. */
struct third *third_get(struct vat_conn *c);
/* The connection ends. */
void third_end(struct vat_conn *c);

/* A capability that is nothing but the owner of fd (taken). NULL when memory is out. */
struct vat_cap *fd_holder(struct vat *v, int fd);

/* ---- introduce.c ---------------------------------------------------------------------------- */

struct vine {
	struct exported *e;
	struct question *provide; /* owned; NULL after the host's connection ended */
	bool accepting; /* the recipient is about it: told if it fails */
	struct vat_cap *way; /* holds the recipient's descriptor until it is sent, or NULL */
	uint8_t n_embargoes; /* that the recipient had lifted */
	struct contact contact;
	uint8_t address[];
};

/* Describes cap, an import at another connection, to c as hosted by a third party. False: serve it
 * as usual. */
bool introduce(struct vat_conn *c, struct vat_cap *cap, struct descriptor *d);
/* Holds the descriptor that goes to the recipient with vine `id`; borrowed, NULL if none. */
struct vat_cap *vine_way(struct vat_conn *c, uint32_t id);
/* The message that carries it is queued. */
void vine_sent(struct vine *v);
/* Its export is released. */
void vine_free(struct vine *v);
/* Its Provide is gone with the host's connection. NULL is accepted. */
void vine_orphan(struct vine *v);
/* A Disembargo that the recipient sent after its calls: passed on. Returns as in_disembargo. */
int vine_disembargo(struct vat_conn *c, struct vine *v, struct vat_data id);
/* The peer echoed a Provide. */
void introduce_refused(struct vat_conn *c);
/* The peer talks like one that understands Provide. */
void introduce_understood(struct vat_conn *c);

/* ---- handoff.c ------------------------------------------------------------------------------ */

/* A vine that is kept because what it stands for is. */
struct stem {
	struct stem *next;
	struct vat_cap *vine;
};

/* What a descriptor hosted by a third party stands for (new reference, may be the vine itself,
 * whose reference is taken). fd (taken) is the way that came with it, or -1. */
struct vat_cap *handoff_new(
	struct in *in, struct vat_cap *takes_vine, const struct contact *contact, int fd);
/* The promise is resolved by others, or freed. */
void handoff_leave(struct handoff *h);
/* promise resolves to target, just received in answer to it: whether the hand-off sees to it that
 * calls stay in order. */
bool handoff_keeps_order(const struct address *from, const struct vat_cap *target);
/* Under which name c's peer knows this capability (innermost) of somebody else: the vine by which
 * it told us of it. */
bool handoff_address(const struct vat_cap *cap, const struct vat_conn *c, struct address *ret);
/* The introducer says that the host will never know of this vine's introduction. */
void handoff_failed(struct vat_cap *vine);
/* The owner of a descriptor that came with the vine; borrowed, NULL if none. */
struct vat_cap *handoff_fd_owner(const struct vat_cap *cap);
void stems_free(struct stem *s);

/* ---- provision.c ---------------------------------------------------------------------------- */

void provision_free(struct provision *p);
/* Descriptors that nobody has been told of are closed. */
void arrivals_end(struct third *t);
/* Accepts that wait fail: parts of what they return may be wanted by others still. */
void accepts_end(struct third *t);
/* A Disembargo for what that question provides. Returns as in_disembargo. */
int provision_disembargo(struct vat_conn *c, uint32_t question, struct vat_data id);
void handoffs_free(struct handoffs *h);
