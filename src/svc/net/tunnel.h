/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One end of a VXLAN tunnel, and what is around it: a port (chosen at random, taken from the kernel
 * when the link is brought up), a VNI from the kernel's random source, rules (guard.h),
 * restrictions, the place in a segment.  Both halves of a binding are made of it: bindTo's and
 * setupVxlan's.
 *
 *	tunnel_new      link "mcx...", or the created interface itself; port shut
 *	tunnel_connect  port open for the agreed remote, frames go there; joined to the segment
 *	tunnel_connect  again: another remote, the link stays
 *	tunnel_cut      port shut, nothing is sent; the link stays
 *	tunnel_free     out of the segment, link deleted, rules removed
 *
 * Synchronous, and quick: each step is a few requests to the kernel.  A failed tunnel_new leaves
 * nothing.
 *
 * Encapsulation adds Ethernet (14), a VLAN tag (4: so that tagged frames of full size pass as
 * well), VXLAN (8), UDP (8) and IPv4 (20) or IPv6 (40): TUNNEL_OVERHEAD_4, _6.
 */
#include "svc/net/created.h"

enum {
	TUNNEL_OVERHEAD_4 = 54,
	TUNNEL_OVERHEAD_6 = 74,
	TUNNEL_MTU_MIN = 576,
	TUNNEL_MTU_IP6 = 1280, /* the least that IPv6 takes: RFC 8200, section 5 */
};

struct tunnel;

struct tunnel_config {
	struct segment *segment; /* a reference is kept */
	struct created *created; /* the segment's interface, if we made it; may be NULL */
	uint32_t vni; /* received in; 0: choose. Given, the created interface itself is not used */
	const struct guard_restrictions *restrictions; /* copied */
	size_t n_restrictions;
	bool isolated;
	bool passive; /* the other side asked for it: who finds a loop leaves it to that one
			 (loop.h) */
	void (*gone)(void *user, const char *why); /* from the event loop */
	/* The same: frames came back another way, so nothing gets in or out for now; or does again.
	 * May be NULL. */
	void (*looped)(void *user, bool looped);
	void *user;
};

/* -EAFNOSUPPORT: this kernel has no VXLAN (e says what to do). */
int tunnel_new(struct net_service *ns, const struct tunnel_config *cfg, struct tunnel **ret,
	struct err *e);
uint16_t tunnel_port(const struct tunnel *t);
uint32_t tunnel_vni(const struct tunnel *t);
const char *tunnel_device(const struct tunnel *t);
/* Sends to, and takes from, that remote from now on; joins the segment if it has not. mtu: of the
 * tunnel's device if it is the created interface itself. */
int tunnel_connect(struct tunnel *t, const struct rtnl_remote *remote, uint32_t mtu, struct err *e);
/* Nobody gets in or out until tunnel_connect(); everything else stays. */
void tunnel_cut(struct tunnel *t);
int tunnel_stats(struct tunnel *t, struct net_stats_b ret);
/* NULL is accepted. */
void tunnel_free(struct tunnel *t);

/* Largest inner packet on the way to an address, by the route's MTU. -EHOSTUNREACH, or -EMSGSIZE
 * with the number the network between would have to have. */
int tunnel_path_mtu(
	struct net_service *ns, const struct rtnl_ip *remote, uint32_t *ret, struct err *e);
/* Of what is asked for, where that much is possible: -EINVAL (too small), -EMSGSIZE (too large: e
 * has what is possible, and what the network between would have to have for it; remote NULL: what
 * the other interface would). */
int tunnel_check_mtu(
	uint32_t asked, uint32_t possible, const struct rtnl_ip *remote, struct err *e);
/* Refuses loopback, multicast, unspecified, link-local and IPv4-mapped addresses, and ports below
 * 1024. */
int tunnel_check_remote(const struct rtnl_remote *remote, struct err *e);

/* Two segments of this host (maybe in different namespaces) joined without a tunnel: a veth pair
 * between them, or just the one made a port of the other's bridge, or a created interface made an
 * end. */
struct joint;
int joint_new(struct net_service *ns, const struct tunnel_config *one,
	const struct tunnel_config *other, struct joint **ret, struct err *e);
const char *joint_transport(const struct joint *j); /* "veth", "bridge" */
/* As one's interface sees it; as the other's does. */
int joint_stats(struct joint *j, struct net_stats_b ret);
int joint_stats_of(struct joint *j, bool other, struct net_stats_b ret);
void joint_free(struct joint *j);
