/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Making a VXLAN link that is up, with a UDP port that is its own: what tunnels and created
 * interfaces are made from.
 *
 * The port is one of TUNNEL_PORT_FIRST to _LAST (those for private use: RFC 6335, section 6), by
 * the random source. It is shut (guard.h) before the kernel is asked for it by bringing the link
 * up; one that somebody has already is given up for another, TUNNEL_PORT_TRIES times.
 */
#include "svc/net/net-service.h"

enum {
	TUNNEL_PORT_FIRST = 49152,
	TUNNEL_PORT_LAST = 65534, /* as source ports [port, port + 1) is given to the kernel */
	TUNNEL_PORT_TRIES = 32,
	TUNNEL_ID_SIZE = 33, /* 32 hexadecimal digits */
	TUNNEL_VNI_MAX = 0xffffff,
};

struct tunnel_link { /* what it is to be, and what it has become */
	struct place *place; /* borrowed */
	const char *name, *alias;
	const uint8_t *mac; /* NULL: random */
	uint32_t mtu; /* 0: as the kernel likes */
	bool host; /* for this host itself: may have a link-local address */
	uint32_t vni; /* 0: chosen */
	uint16_t port; /* out */
	int index; /* out: in the place */
};

/* -EEXIST: there is an interface of that name; -EAFNOSUPPORT: no VXLAN in this kernel;
 * -EADDRINUSE: no free port was found. A failure leaves nothing. */
int tunnel_link_make(struct net_service *ns, struct tunnel_link *l, struct err *e);
/* The UDP port of a link that was made like that, of those that are found by their marks. 0: it has
 * none in the namespace of the node's tunnels. (Who owns a namespace makes links there with any
 * mark and any port.) */
uint16_t tunnel_link_port(struct place *p, const struct rtnl_link *link);
/* The rules that shut a port go, when nobody has it any more: a link that somebody has moved to a
 * namespace of his own, or given another name, would be open to all, and send to all. */
void tunnel_port_release(struct net_service *ns, uint16_t port);
/* What rtnl_vxlan_add() has failed with, in words that say what to do. Returns the code to use. */
int tunnel_link_explain(int code, struct err *e);

/* Random: an id, and the name of a device, "mcx" and the first eight digits of it. */
void tunnel_id_new(char ret[static TUNNEL_ID_SIZE]);
void tunnel_name(const char *prefix, const char *id, char ret[static IFNAMSIZ]);
