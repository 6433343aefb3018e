/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the parts of a Binding share.  States: binding.h.
 *
 *	binding.c        states, what happens to it, its end
 *	binding-new.c    requests to bind; restoring; what is there already
 *	binding-way.c    setupVxlan, and what is wrong with its answer
 *	binding-end.c    the end here: tunnel, offer, joint, MTU, routed network
 *	binding-object.c the Binding object, listing
 *	binding-store.c  how it is kept
 *
 * When the persistence service dies it drops all it held.  A persistent binding outlives that for a
 * while: the next persistence service asks for it by its id and gets it back.
 */
#include "svc/net/binding.h"
#include "svc/net/routed.h"

enum {
	BINDING_IFACE_MAX = 512, /* of one interface: whoever has a reference can make them */
	BINDING_WAITERS_MAX = 16,
	BINDING_ID_SIZE = 33,
	BINDING_KEY_SIZE = 16,
	BINDING_SEGMENT_SIZE = 16,
	BINDING_SOURCE_MAX = 500,
	BINDING_ROUTED_WORDS_MAX = 4096, /* of what a routed network's exporter tells us */
	BINDING_RESTRICTIONS_MAX = IFACE_RESTRICTIONS_MAX + 1,
};

/* After its last reference went: until it is clear whether persistence died, and then for that. */
#define BINDING_LINGER_US (UINT64_C(200) * 1000)
#define BINDING_LINGER_ORPHAN_US (UINT64_C(60) * 1000000)
#define BINDING_PROVEN_US (UINT64_C(5) * 1000000) /* a tunnel that lasted was a good one */

enum binding_state {
	BINDING_OPENING,
	BINDING_WAITING,
	BINDING_UP,
	BINDING_GONE,
	BINDING_ENDED,
};

struct binding_slot { /* a call that waits; free: ctx is NULL */
	struct vat_ctx *ctx;
};

struct binding_answer { /* of setupVxlan, checked */
	bool joined; /* our offer was taken */
	struct rtnl_remote remote;
	char remote_text[INET6_ADDRSTRLEN];
	uint32_t mtu;
	uint8_t segment[BINDING_SEGMENT_SIZE]; /* all zero: it tells none */
	struct vat_message *routed; /* RoutedConfig; NULL: it is no routed network */
};

struct binding {
	struct net_service *ns;
	struct list link;
	enum binding_state state;
	char id[BINDING_ID_SIZE]; /* runtimeId */
	uint8_t key[BINDING_KEY_SIZE]; /* TunnelOptions.key */
	char *source;
	bool persistent;
	bool orphan; /* let go, because the persistence service died */
	uint32_t mtu_wanted; /* 0: what is possible */
	struct guard_restrictions extra; /* BindOptions.restrictions */
	int64_t since; /* of the state, by the wall clock */
	uint64_t since_us; /* the same, monotonic */
	bool looped; /* UP, and cut off for now (loop.h) */
	char error[300]; /* why it is not UP, or cut off */

	/* the end here */
	struct iface iface; /* owns namespace, and created's reference */
	struct tunnel_config cfg; /* segment NULL: none yet, or it has gone */
	struct guard_restrictions restrictions[BINDING_RESTRICTIONS_MAX];
	struct tunnel *tunnel;
	struct joint_offer offer;
	bool offered; /* it is in the list of offers, or taken */
	struct routed_member *member;

	/* the other one */
	struct way *way;
	bool local; /* it seems to be of this very node: no tunnel is made */
	struct binding_answer answer;
	uint32_t mtu; /* agreed */
	struct vat_cap *holder; /* Tunnel */
	struct vat_call *holder_wait;

	struct vat_cap *cap; /* itself, not referenced; NULL until answered, and when let go */
	struct vat_ctx *ctx; /* the call to answer */
	sd_event_source *linger;
	struct binding_slot waiters[BINDING_WAITERS_MAX];
};

/* ---- binding.c ---- */

const char *binding_title(const struct binding *b); /* for the log: the interface here */
void binding_set_state(struct binding *b, enum binding_state state, const char *error);
void binding_answer_waiters(struct binding *b, const char *failure);
/* Not answered yet: fails the call and frees b. */
void binding_fail(struct binding *b, const struct err *e);
/* Everything goes, and the object stays for who holds it. for_good: it will not be restored. */
void binding_undo(struct binding *b, bool for_good);
/* The last reference to the Binding object went. */
void binding_released(void *self);
void binding_free(struct binding *b);

/* Events: of the way, ... */
void binding_on_opened(void *user, int takes_fd, struct vat_cap *takes_end);
void binding_on_missed(void *user, enum way_miss miss, const struct err *e);
/* ... and of the interface here (struct tunnel_config). May free b. */
void binding_on_gone(void *user, const char *why);
void binding_on_looped(void *user, bool looped);

/* ---- binding-way.c ---- */

/* Takes ref, also on failure. 0 or -ENOMEM. */
int binding_way_new(struct binding *b, struct vat_cap *other, struct ref *takes_ref);
void binding_answer_clear(struct binding *b);

/* ---- binding-end.c ---- */

/* All that is needed to ask: what is there stays. Leaves nothing on failure. */
int binding_end_prepare(struct binding *b, struct err *e);
/* What setupVxlan is told of our MTU. */
uint32_t binding_end_mtu(const struct binding *b);
/* The answer is good: frames pass from now on. */
int binding_end_connect(struct binding *b, struct err *e);
/* None pass until the next binding_end_connect(): the device stays, and keeps its port. */
void binding_end_cut(struct binding *b);
/* The device goes too, or is only what was created again. */
void binding_end_drop(struct binding *b);

/* ---- binding-new.c ---- */

/* Is another binding that has its tunnel there, or had, between the same two interfaces? */
bool binding_is_second(const struct binding *b);

/* ---- binding-object.c ---- */

/* The call is answered: b is a Binding from now on. False: it failed, and b is gone. */
bool binding_serve(struct binding *b);
/* A new reference to the object; made again if it was let go. Null when memory is out. */
struct net_binding_c binding_object(struct binding *b);

/* ---- binding-store.c ---- */

void binding_create_sturdy_ref(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx);
void binding_summary(void *self, struct persistence_persistable_summary_ctx cx);
/* Two interfaces, for people: "lab0 of ref://..." */
void binding_text(const struct binding *b, char *ret, size_t size);
