/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What gets in and out beside what was agreed: nftables rules of this node, in one network
 * namespace, through libnftables.  All of them are in tables named after the node ("metac-" and the
 * first 8 hexadecimal digits of a hash of its address), so that several nodes on a host do not
 * meet:
 *
 *	table ip, ip6   packets of tunnels (that of the node's address), in the node's namespace
 *	table netdev    frames at links: what comes out of a tunnel, restrictions, storms
 *
 * A table is there as long as something is in it.  A rule is there before what it guards is, and
 * goes after it.  Requests are one transaction each, of less than a millisecond.  0 or negative
 * errno with e set, which has nft's words; what is to be removed and is not there is removed.
 *
 * What the rules say (SECURITY.md has the table of attacks):
 *   - to a port of ours: only from the remote address and port agreed, to the node's own address,
 *     not from this host itself; all other packets are dropped and counted. A port without a tunnel
 *     yet: everything.
 *   - forwarded by this host: nothing to an agreed remote's port.
 *   - no packet with the node's own address as source comes from outside.
 *   - no socket, not even a raw one, sends from a port of ours: only the tunnel's link does, to
 *     its remote, and from the node's address whatever somebody made of the link.
 *   - frames out of a tunnel, or into a joined interface: nothing to or from the node's own
 *     address, tagged (802.1Q, 802.1ad) or not. Where it is the backplane's: nothing from there.
 *   - frames into a port of a bridge to the groups that no bridge forwards (01:80:c2:00:00:0x, IEEE
 *     802.1D 7.12.6): none, for the kernel takes them for the host itself, whatever is in them.
 *   - broadcasts and other frames to groups: STORM_FRAMES a second from each tunnel.
 */
#include "svc/net/kernel/rtnl.h"

enum {
	GUARD_STORM_FRAMES = 5000, /* per second and tunnel */
	GUARD_LOOP_FRAMES = 400, /* the same, of those that loops are found by (loop.h) */
	GUARD_MACS_MAX = 64,
};

/* Bits per second that a limit can have: the kernel counts in 64 bits of nanoseconds times bytes.
 */
#define GUARD_RATE_MIN UINT64_C(8000)
#define GUARD_RATE_MAX UINT64_C(100000000000)

struct guard;

/* netns as for rtnl_new(). node: the node's own address. backplane: this is the namespace with the
 * node's tunnels' UDP sockets. What an earlier process left stays until guard_clear(), or the first
 * port or link takes its place in one transaction. */
int guard_new(int netns, const char *node, bool backplane, struct guard **ret, struct err *e);
/* Removes all rules of this node in the namespace. Frees nothing. */
int guard_clear(struct guard *g, struct err *e);
/* The rules stay. NULL is accepted. */
void guard_free(struct guard *g);
DEFINE_AUTO(struct guard *, guard_free);

/* To be called when the descriptor (borrowed, non-blocking) is readable: rules that somebody has
 * flushed are made again. 1: they were missing, and are there again. */
int guard_watch_fd(const struct guard *g);
int guard_watch_process(struct guard *g, struct err *e);

/* ---- UDP, in the backplane's namespace ---- */

/* Shuts the port (host byte order) for everybody. */
int guard_port_add(struct guard *g, uint16_t port, struct err *e);
int guard_port_remove(struct guard *g, uint16_t port, struct err *e);
/* Is it one that was added? */
bool guard_port_is_ours(const struct guard *g, uint16_t port);
/* The one remote that may send to the port, in place of the one before (NULL: nobody). */
int guard_port_remote(struct guard *g, uint16_t port, const struct rtnl_ip *address,
	uint16_t remote_port, struct err *e);
/* Is it so for the remote's address of one of the ports? */
bool guard_has_remote(const struct guard *g,
	bool (*is_so)(const struct rtnl_ip *remote, const void *user), const void *user);
/* Packets to that port that were dropped since it had its first remote. */
int guard_port_foreign(struct guard *g, uint16_t port, uint64_t *ret, struct err *e);

/* ---- links ---- */

struct guard_link {
	int index;
	const char *name;
	bool tunnel; /* other hosts' frames come out of it: storms are limited */
	bool silent; /* nothing that it receives is for this host (a bridge of ours) */
	bool port; /* of ours, in a bridge: what the bridge does not take is not for this host */
	bool backplane; /* the node's own address is on it, or on the bridge it is in: frames to
			 * that pass (but none that claims to be from there) */
};

/* In place of what there was for that link. */
int guard_link_add(struct guard *g, const struct guard_link *l, struct err *e);
int guard_link_remove(struct guard *g, const char *name, struct err *e);

struct guard_restrictions {
	uint64_t rate; /* bits per second, each way, averaged over a quarter of one; 0: any */
	unsigned protocols; /* 1 << NET_RESTRICTIONS_PROTOCOL_...; 0: any */
	unsigned n_macs; /* 0: any */
	uint8_t macs[GUARD_MACS_MAX][RTNL_MAC_SIZE];
	/* Of a routed network: only IP packets from these sources come out of the link, and only
	 * such to them get into it, none with a group's MAC, no ARP, no ICMPv6 133 to 137, no
	 * ICMP 5. */
	bool routed;
	unsigned n_sources;
	struct rtnl_address sources[4];
	unsigned n_reach; /* and what comes out goes to these networks only; 0: to any */
	struct rtnl_address reach[4];
};

/* For what passes the link, a tunnel's end, in both directions: all of the list hold. In place of
 * what there was; count 0: none. */
int guard_link_restrict(struct guard *g, const char *name, const struct guard_restrictions *list,
	size_t count, struct err *e);
/* Frames dropped by that and by the storm limit. */
int guard_link_dropped(struct guard *g, const char *name, uint64_t *ret, struct err *e);
