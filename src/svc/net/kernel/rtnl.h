/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * rtnetlink (rtnetlink(7), linux/if_link.h), typed: one socket in one network namespace, requests
 * that wait for the kernel's answer, which is there at once.
 *
 * All functions return 0 or a negative errno with e set to one line that has the kernel's own words
 * (NLMSGERR_ATTR_MSG) where it gives some. Links are meant by index, which is unique in a
 * namespace while the link lives.
 */
#include "base/err.h"

#include <net/if.h>
#include <netinet/in.h>

enum {
	RTNL_ALIAS_MAX = 255,
	RTNL_KIND_MAX = 16,
	RTNL_MAC_SIZE = 6,
	RTNL_ADDRESS_TEXT = 64, /* "fd00::1/64" */
};

struct rtnl;

/* In the network namespace of the descriptor (borrowed), or of this process if that is -EBADF.
 * Entering another one needs CAP_SYS_ADMIN over it; the calling thread is back in its own when
 * this returns. */
int rtnl_new(int netns, struct rtnl **ret, struct err *e);
void rtnl_free(struct rtnl *n);
/* A number that the namespace has and no other one had since the host was booted. -ENOPROTOOPT:
 * kernels before 5.14 have none. */
int rtnl_cookie(const struct rtnl *n, uint64_t *ret);
/* What the kernel calls the other namespace in that of n, as in rtnl_link.link_netns; -ENOENT:
 * nothing yet. */
int rtnl_netns_id(struct rtnl *n, int netns, int *ret, struct err *e);
DEFINE_AUTO(struct rtnl *, rtnl_free);

/* Enters a namespace (-EBADF: does nothing), to make a socket there; *ret is for leaving, which
 * cannot fail. */
int rtnl_enter(int netns, int *ret, struct err *e);
void rtnl_leave(int own);

/* An address of either family. */
struct rtnl_ip {
	int family; /* AF_INET, AF_INET6; 0: none */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
};

int rtnl_ip_parse(const char *text, struct rtnl_ip *ret); /* -EINVAL */
bool rtnl_ip_equal(const struct rtnl_ip *a, const struct rtnl_ip *b);

/* ---- links --------------------------------------------------------------------------------- */

struct rtnl_stats { /* rtnl_link_stats64, of the link itself */
	uint64_t rx_bytes, rx_packets, rx_dropped, tx_bytes, tx_packets, tx_dropped;
};

struct rtnl_link {
	int index;
	int master; /* 0: none */
	int peer; /* of a veth: IFLA_LINK; 0: none, or in another namespace */
	int lower; /* of a VLAN, macvlan ...: what it is on; 0 as before */
	unsigned type; /* ARPHRD_ETHER ... */
	unsigned flags; /* IFF_UP ... */
	bool carrier;
	bool moved; /* RTNL_LINK_GONE: it is in another namespace now */
	bool hardware; /* a device of a bus, not made of software */
	uint32_t mtu;
	uint8_t mac[RTNL_MAC_SIZE];
	char name[IFNAMSIZ];
	char kind[RTNL_KIND_MAX]; /* IFLA_INFO_KIND; "" for hardware */
	char alias[RTNL_ALIAS_MAX + 1]; /* IFLA_IFALIAS */
	bool vlan_filtering; /* of a bridge */
	struct rtnl_stats stats;
	int link_netns; /* id of the namespace (rtnl_netns_id) that a part of it is in, the UDP
			 * socket of VXLAN say; -1: this one */
	uint16_t vxlan_port; /* of a vxlan link: what it receives on, host byte order */
	uint32_t vxlan_vni;
};

/* -ENODEV: there is none. */
int rtnl_link_by_name(struct rtnl *n, const char *name, struct rtnl_link *ret, struct err *e);
int rtnl_link_by_index(struct rtnl *n, int index, struct rtnl_link *ret, struct err *e);
/* All of them; *ret is malloc'ed, the caller's. */
int rtnl_link_list(struct rtnl *n, struct rtnl_link **ret, size_t *ret_count, struct err *e);
/* 1 to 15 bytes; no "/", ":", "%" (the kernel puts numbers there), white space or control
 * character; not "." and "..". */
bool rtnl_name_is_valid(const char *name);

struct rtnl_vxlan {
	const char *name;
	const char *alias; /* the caller's to set in a target */
	uint32_t vni; /* received: 24 bits */
	uint16_t port; /* received on, and sent from; host byte order */
	struct rtnl_ip local; /* the outer source address */
	uint32_t mtu; /* 0: the kernel's choice */
	const uint8_t *mac; /* NULL: random */
	int target; /* descriptor of the namespace that the link goes to; the UDP socket stays in
		     * that of n. -EBADF: the same. */
};

/* A VXLAN link (RFC 7348) without a remote, without learning, down: the port is taken when it is
 * brought up (-EADDRINUSE then). IFLA_VXLAN_PORT_RANGE is [port, port + 1), so that all packets
 * have that source port. UDP checksums are on. */
int rtnl_vxlan_add(struct rtnl *n, const struct rtnl_vxlan *cfg, struct err *e);

struct rtnl_remote {
	struct rtnl_ip address;
	uint16_t port; /* host byte order */
	uint32_t vni; /* sent */
};

/* What every frame is sent to: the remote takes the place of the old one (NULL: there was none) in
 * the entry for all addresses, with no frame lost in between if they differ. now NULL: nothing is
 * sent any more. Both NULL: likewise, whatever the remotes were. */
int rtnl_vxlan_remote(struct rtnl *n, int index, const struct rtnl_remote *old,
	const struct rtnl_remote *now, struct err *e);

/* No STP, no multicast snooping, no IPv6 link-local address, up. */
int rtnl_bridge_add(struct rtnl *n, const char *name, const char *alias, struct err *e);
/* A pair, both down; the peer in the namespace of the descriptor (-EBADF: the same). mac: of the
 * first, NULL: random. alias: of both; only of the first if the peer is in another namespace. */
int rtnl_veth_add(struct rtnl *n, const char *name, const char *peer, const char *alias,
	const uint8_t *mac, int peer_netns, struct err *e);
/* A persistent tap (TUNSETPERSIST). */
int rtnl_tap_add(struct rtnl *n, const char *name, const char *alias, struct err *e);

/* Frames to that MAC go to that port of a bridge, which never forgets or moves it. */
int rtnl_bridge_station(
	struct rtnl *n, int port, const uint8_t mac[static RTNL_MAC_SIZE], bool add, struct err *e);

/* The link receives frames to all addresses as long as the descriptor (the caller's, of a socket
 * that receives nothing) is open; counted, so that others who want that too are not disturbed. */
int rtnl_promiscuous(struct rtnl *n, int index, int *ret_fd, struct err *e);

struct rtnl_change { /* what is to be changed; unset: as it is */
	enum {
		RTNL_SET_UP = 1 << 0, /* up */
		RTNL_SET_MASTER = 1 << 1, /* master; 0: none */
		RTNL_SET_MTU = 1 << 2,
		RTNL_SET_MAC = 1 << 3,
		RTNL_SET_ALIAS = 1 << 4,
		RTNL_SET_NAME = 1 << 5, /* the link may have to be down: see the kernel's answer */
		RTNL_SET_NO_IP6_LL = 1 << 6, /* no automatic link-local address */
		RTNL_SET_ISOLATED = 1 << 7, /* as a port of a bridge: isolated */
		RTNL_SET_NETNS = 1 << 8, /* moved to the namespace of the descriptor */
		RTNL_SET_BLOCKED = 1 << 9, /* as a port of a bridge: nothing gets in or out;
					    * -EBUSY: its spanning tree is the kernel's */
		RTNL_SET_PROMISC = 1 << 10, /* the flag: for links of ours only */
	} what;
	bool up, isolated, blocked, promisc;
	int master;
	uint32_t mtu;
	const uint8_t *mac;
	const char *alias;
	const char *name;
	int netns;
};

int rtnl_link_set(struct rtnl *n, int index, const struct rtnl_change *c, struct err *e);
int rtnl_link_delete(struct rtnl *n, int index, struct err *e); /* -ENODEV: is gone */
/* Many at once, which is far quicker than one by one (one synchronisation of the kernel). Those
 * that are gone are skipped. Of VXLAN links that are up the kernel still closes one socket after
 * the other, some ten milliseconds each, before which it does not return. */
int rtnl_link_delete_many(struct rtnl *n, const int *index, size_t count, struct err *e);

/* ---- addresses, routes, neighbours --------------------------------------------------------- */

struct rtnl_address {
	int index; /* of the link */
	struct rtnl_ip ip;
	uint8_t prefix; /* length */
	uint8_t scope; /* RT_SCOPE_LINK: a link-local one */
};

/* index 0: of all links. */
int rtnl_address_list(
	struct rtnl *n, int index, struct rtnl_address **ret, size_t *ret_count, struct err *e);
/* IPv6 ones without duplicate address detection. -EEXIST: is there. */
int rtnl_address_add(struct rtnl *n, const struct rtnl_address *a, struct err *e);
int rtnl_address_delete(struct rtnl *n, const struct rtnl_address *a, struct err *e);
/* "10.1.0.7/24", or without a length: a single address. -EINVAL */
int rtnl_address_parse(const char *text, struct rtnl_address *ret);
void rtnl_address_format(const struct rtnl_address *a, char ret[static RTNL_ADDRESS_TEXT]);

/* The way to an address: link, and the largest packet on it. -ENETUNREACH, -EHOSTUNREACH. */
int rtnl_route_get(
	struct rtnl *n, const struct rtnl_ip *to, int *ret_index, uint32_t *ret_mtu, struct err *e);
/* A route by a link, through a gateway (onlink; family 0: none). */
int rtnl_route_add(struct rtnl *n, const struct rtnl_address *prefix, const struct rtnl_ip *gateway,
	struct err *e);
/* -ESRCH: there is none. */
int rtnl_route_delete(struct rtnl *n, const struct rtnl_address *prefix, struct err *e);
/* Those of the main table that are for the hosts of a prefix, not for all (::/0): prefix, length
 * and link (0: several, or none). *ret is malloc'ed, the caller's. */
int rtnl_route_list(struct rtnl *n, struct rtnl_address **ret, size_t *ret_count, struct err *e);
/* A permanent neighbour, in place of what is known of him. */
int rtnl_neighbour_add(struct rtnl *n, int index, const struct rtnl_ip *ip,
	const uint8_t mac[static RTNL_MAC_SIZE], struct err *e);
/* -ENOENT: there is none. */
int rtnl_neighbour_delete(struct rtnl *n, int index, const struct rtnl_ip *ip, struct err *e);

/* ---- programs at a link (tc-bpf(8)) -------------------------------------------------------- */

/* The clsact qdisc, which has the places for programs. *ret_made: there was none. */
int rtnl_clsact_add(struct rtnl *n, int index, bool *ret_made, struct err *e);
/* Deletes it unless somebody has something there. */
int rtnl_clsact_delete(struct rtnl *n, int index, struct err *e);

/* Attaches a BPF_PROG_TYPE_SCHED_CLS program (descriptor borrowed) in direct action mode, in place
 * of one of the same priority; rtnl_clsact_add() comes before. name: shown by tc. */
int rtnl_bpf_attach(struct rtnl *n, int index, bool ingress, uint16_t priority, int program,
	const char *name, struct err *e);
/* With the last filter of the link the qdisc goes as well. */
int rtnl_bpf_detach(struct rtnl *n, int index, bool ingress, uint16_t priority, struct err *e);

enum { RTNL_FILTER_NAME_MAX = 127 };

struct rtnl_filter { /* one that is there, whoever by */
	uint16_t priority;
	char name[RTNL_FILTER_NAME_MAX + 1]; /* of a program's; cut if it is longer */
};

/* At most max of them (none if there is no clsact qdisc); returns how many. */
int rtnl_filter_list(struct rtnl *n, int index, bool ingress, struct rtnl_filter *ret, size_t max,
	struct err *e);

/* ---- what happens -------------------------------------------------------------------------- */

enum rtnl_event_kind {
	RTNL_LINK_CHANGED, /* new, or something of it is different: link has all but stats */
	RTNL_LINK_GONE, /* link has index and name */
	RTNL_ADDRESS_ADDED,
	RTNL_ADDRESS_REMOVED,
	RTNL_FILTER_GONE, /* filters, or the qdisc that they were in; of link.index */
	RTNL_LOST, /* the kernel had to drop events: look at everything again */
};

struct rtnl_event {
	enum rtnl_event_kind kind;
	struct rtnl_link link;
	struct rtnl_address address;
};

struct rtnl_watch;

/* Calls on_event from rtnl_watch_process(), which is to be called when the descriptor is readable.
 */
int rtnl_watch_new(int netns, void (*on_event)(void *user, const struct rtnl_event *event),
	void *user, struct rtnl_watch **ret, struct err *e);
int rtnl_watch_fd(const struct rtnl_watch *w); /* borrowed, non-blocking */
int rtnl_watch_process(struct rtnl_watch *w);
void rtnl_watch_free(struct rtnl_watch *w);
DEFINE_AUTO(struct rtnl_watch *, rtnl_watch_free);
