/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The half of a tunnel that somebody else's binding asks for, or of a joint: what its parts share.
 *
 *	iface-tunnel.c   setupVxlan: what is asked for, limits, the answer
 *	half.c           the Tunnel object, its end, listing
 *	half-join.c      on the same host: offers of bindings
 */
#include "svc/net/iface.h"
#include "svc/net/routed.h"

enum {
	HALF_WAITERS_MAX = 4,
	HALF_CLIENT_MAX = 64,
};

struct half_slot { /* a call that waits; free: ctx is NULL */
	struct vat_ctx *ctx;
};

struct half {
	struct list link; /* in net_service.tunnels, until it has ended */
	struct net_service *ns;
	struct tunnel *tunnel; /* or */
	struct joint *joint;
	struct joint_offer *offer; /* what the joint was made of, while that is told */
	struct segment *segment;
	struct created *created; /* NULL: not made by us */
	struct routed_lease *lease; /* NULL: no routed network */
	bool over; /* the binding said that it will not come back */
	struct rtnl_remote remote;
	char remote_text[INET6_ADDRSTRLEN];
	char client[HALF_CLIENT_MAX + 1];
	uint32_t mtu;
	int64_t since;
	bool looped; /* cut off for now */
	bool ended;
	char why[200]; /* it has ended */
	struct half_slot waiters[HALF_WAITERS_MAX];
};

/* ---- half.c ---- */

/* Everything of it goes; the object stays for who holds it, and fails his waits. */
void half_end(struct half *h, const char *why);
/* The object goes, and all that is left. */
void half_free(void *self);
/* What struct tunnel_config tells it of. */
void half_on_gone(void *user, const char *why);
void half_on_looped(void *user, bool looped);
/* Its addresses are somebody else's now (struct routed_request). */
void half_on_lease_taken(void *user);
/* The Tunnel: frees h with its last reference. Null when memory is out. */
struct net_tunnel_c half_serve(struct half *h);

/* ---- iface-tunnel.c ---- */

/* Largest packet of a created interface: what was asked for then, or UINT16_MAX. */
uint32_t half_created_mtu(const struct created *c);

/* ---- half-join.c ---- */

/* With the binding of this node that has offered its end under h->remote's port and VNI. -ENOENT,
 * -EEXIST (they are joined), -EINVAL (to itself) with e set. */
int half_join(struct half *h, const struct tunnel_config *cfg, struct err *e);
