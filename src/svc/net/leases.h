/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who has which address in a routed network (routed.h).  No more than a table: nothing here knows
 * of the kernel or of tunnels.
 *
 * A prefix is an address of the gateway, with the length of the network's ("10.9.0.1/24"). A member
 * gets one address of each prefix, the lowest that is free. Never given are the gateway's, of IPv4
 * the network's first and last (but for /31, RFC 3021), of IPv6 the first, which means any router
 * (RFC 4291, 2.6.1; but for /127, RFC 6164).
 *
 * Limits: LEASES_PREFIXES_MAX prefixes, LEASES_MAX leases.  One that is not in use goes when its
 * addresses, or its place, are needed, the one unused for longest first.
 */
#include "base/list.h"
#include "svc/net/kernel/rtnl.h"

enum {
	LEASES_PREFIXES_MAX = 4,
	LEASES_MAX = 1024,
	LEASES_KEY_MIN = 16,
	LEASES_KEY_MAX = 32,
};

struct lease {
	struct list link; /* in leases.list */
	uint8_t key[LEASES_KEY_MAX];
	size_t key_size;
	struct rtnl_ip address[LEASES_PREFIXES_MAX]; /* of each prefix */
	uint8_t mac[RTNL_MAC_SIZE]; /* made from the key, so that it is the same again */
	void *user; /* who uses it; NULL: nobody does */
};

struct leases {
	struct rtnl_address prefix[LEASES_PREFIXES_MAX]; /* the gateway's addresses */
	unsigned n_prefixes;
	uint8_t mac[RTNL_MAC_SIZE]; /* the gateway's */
	struct list list; /* of leases; those not in use from the one unused for longest on */
	unsigned n;
};

void leases_init(struct leases *l, const uint8_t mac[static RTNL_MAC_SIZE]);
void leases_done(struct leases *l);

/* One more prefix. -EINVAL: it has no room for a member, is not for hosts, or overlaps another one;
 * -E2BIG. */
int leases_add_prefix(struct leases *l, const struct rtnl_address *prefix, struct err *e);

/* The lease of that key, which is there or is made (*ret_new, or it was another member's). Its user
 * is as it was. -EINVAL: not a key; -EADDRNOTAVAIL: all addresses of a prefix, or all leases, are
 * in use. */
int leases_take(struct leases *l, const void *key, size_t size, struct lease **ret, bool *ret_new,
	struct err *e);
/* It is not used any more: it is kept for its key. */
void leases_release(struct leases *l, struct lease *a);
/* Not kept either. */
void leases_forget(struct leases *l, struct lease *a);

/* One of an earlier time, with one address of each prefix. False: it does not fit. */
bool leases_restore(struct leases *l, const void *key, size_t size, const struct rtnl_ip *address,
	unsigned n_addresses);

/* The network that the gateway's address is in contains that address. */
bool leases_prefix_has(const struct rtnl_address *prefix, const struct rtnl_ip *ip);
/* The two networks have an address in common. */
bool leases_overlap(const struct rtnl_address *a, const struct rtnl_address *b);
/* A single host's address, neither loopback nor link-local. */
bool leases_is_host(const struct rtnl_ip *ip);
/* The first address of the network. */
struct rtnl_ip leases_network(const struct rtnl_address *prefix);
