/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a user names a network interface by, and what is allowed with it:
 *
 *	local:DEV             one of the node's host, which is there
 *	netns:NS:DEV          the same in another network namespace
 *	newlocal:DEV          one that is made
 *	newnetns:NS:DEV
 *	ref://...             a reference (core/ref.h)
 *
 * then any number of ",key=value".  Of each: rate=, allow=, mac=; of one that is made besides
 * kind=, mtu=, address=, hwaddr=.  A reference is base64url, so it has no comma, nor has a name
 * here.
 */
#include "core/ref.h"
#include "schema/net.capnp.h"

enum {
	NET_URI_NAME_MAX = 15, /* as IFNAMSIZ has it */
	NET_URI_NAMESPACE_MAX = 255,
	NET_URI_MACS_MAX = 64,
	NET_URI_ADDRESSES_MAX = 16,
	NET_URI_ADDRESS_SIZE = 64,
	NET_URI_MTU_MIN = 576, /* below that there are no tunnels */
	NET_URI_MTU_MAX = 65535,
};

#define NET_URI_RATE_MIN UINT64_C(8000) /* bits per second */
#define NET_URI_RATE_MAX UINT64_C(100000000000)

struct net_mac {
	uint8_t b[6];
};

struct net_uri {
	enum net_uri_kind { NET_URI_LOCAL, NET_URI_NEW, NET_URI_REF } kind;
	char namespace[NET_URI_NAMESPACE_MAX + 1]; /* "" = the node's own */
	char name[NET_URI_NAME_MAX + 1];
	char ref[REF_TEXT_MAX + 1]; /* without what follows it */

	/* what is left of it */
	uint64_t rate; /* bits per second; 0 = any */
	uint32_t allow; /* 1 << NET_RESTRICTIONS_PROTOCOL_...; 0 = any */
	struct net_mac macs[NET_URI_MACS_MAX];
	uint32_t n_macs; /* 0 = any */

	/* how it is made */
	char made_kind[8]; /* "", "bridge", "tap" */
	uint32_t mtu; /* 0 = not said */
	bool has_hwaddr;
	struct net_mac hwaddr;
	char addresses[NET_URI_ADDRESSES_MAX][NET_URI_ADDRESS_SIZE]; /* "10.1.0.7/24" */
	uint32_t n_addresses;
};

/* Returns 0 or -EINVAL; err tells what is wrong and what to write instead, and no secret. */
int net_uri_parse(const char *text, struct net_uri *ret, struct err *err);

/* The same without secret and options: "local:eth1", "ref://[fd00::1]/MQEa...". */
void net_uri_show(const struct net_uri *u, char *ret, size_t size);

/* True if it leaves out something. */
bool net_uri_is_restricted(const struct net_uri *u);

/* An interface's name; NULL if it can be one, else why it cannot ("has at most 15 bytes"). */
const char *net_name_wrong(const char *name);

/* "10.9.0.1/24,fd09::1/64": at most max of them. -EINVAL with err set. */
int net_addresses_parse(const char *text, char (*ret)[NET_URI_ADDRESS_SIZE], uint32_t max,
	uint32_t *ret_n, struct err *err);

/* "100mbit", "8000": bits per second, -EINVAL with err set. */
int net_rate_parse(const char *text, uint64_t *ret, struct err *err);
