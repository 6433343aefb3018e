/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Routed networks: hosts that reach one another by IP, through the host that made the network,
 * without an Ethernet between them.
 *
 *	exporter: created interface = bridge "lab3" with the gateways' addresses
 *	            |- port: tunnel to B, isolated; only IP from and to B's addresses passes
 *	            `- port: tunnel to C, likewise
 *	B:        created interface "lab0" = the tunnel's end: its addresses,
 *	    the gateway a permanent neighbour, routes to the prefixes through it
 *
 * No neighbour is ever looked for, so no ARP, neighbour discovery, broadcast or multicast passes:
 * each side knows the other's MAC from setupVxlan's answer. What one member sends to another goes
 * through the exporter's routing, which is switched on for this interface, and between its members
 * only (routed-host.c).
 *
 * Leases.  A member is known by the key its binding sends (TunnelOptions.key: random, kept as long
 * as the binding, also across restarts), and gets one address of each prefix: the lowest free ones.
 * The lease is kept when the tunnel ends, unless the binding said that it is over (Tunnel.leave);
 * when no address is left, the one unused for longest goes to the newcomer. Leases are stored with
 * the interface (InterfaceDescription.leases). A key that comes while its lease is in use takes it
 * over: its owner came back before we noticed that he had gone.
 *
 * What calls what:
 *	created_new     routed_check(), then when the bridge is there and up: routed_new()
 *	iface-tunnel.c  routed_lease(), whose restriction goes into tunnel_config (isolated = true);
 *	                routed_lease_write() into TunnelInfo; routed_lease_end()
 *	binding         routed_apply() when the tunnel is connected (again), routed_unapply()
 *	iface.c         routed_describe(), routed_restore()
 */
#include "svc/net/leases.h"
#include "svc/net/net-service.h"

/* ---- the host that has the network ---- */

struct routed;

/* options.routed: is that a network? -EINVAL, -E2BIG with e set. */
int routed_check(struct net_create_options_r options, struct err *e);
/* The MTU of a network if none is asked for: what passes tunnels of this node as it is, so that
 * nobody has to find out that less does. */
uint32_t routed_default_mtu(struct net_service *ns);
/* Sets a bridge up that is there, is up, and has the MAC. On failure, what was set goes with the
 * link. */
int routed_new(struct place *p, int index, const char *name, const uint8_t mac[RTNL_MAC_SIZE],
	struct net_create_options_r options, struct routed **ret, struct err *e);
/* Before the link is deleted; all leases in use are told (taken). NULL is accepted. */
void routed_free(struct routed *r);
unsigned routed_leases(const struct routed *r);

struct routed_request {
	struct vat_data key;
	/* Somebody has come with the same key, or the network goes: the lease is not the user's any
	 * more, nor is routed_lease_end() to be called; the tunnel has to go. */
	void (*taken)(void *user);
	void *user;
};

struct routed_lease;

/* -EINVAL: not a key. -EADDRNOTAVAIL: all addresses of a prefix are in use (e says which). */
int routed_lease(
	struct routed *r, const struct routed_request *q, struct routed_lease **ret, struct err *e);
/* What may pass the member's tunnel. */
void routed_lease_restriction(const struct routed_lease *l, struct guard_restrictions *ret);
/* How the member is to set itself up. */
void routed_lease_write(const struct routed_lease *l, struct net_routed_config_b ret);
/* The member's addresses, "10.9.0.2/24", for people; how many. */
unsigned routed_lease_text(
	const struct routed_lease *l, char ret[static LEASES_PREFIXES_MAX][RTNL_ADDRESS_TEXT]);
/* over: the binding is over for good. NULL is accepted. */
void routed_lease_end(struct routed_lease *l, bool over);

/* Leases to and from a stored description; those that do not fit the network, or another lease,
 * are left out. */
void routed_describe(const struct routed *r, struct net_interface_description_b ret);
void routed_restore(struct routed *r, struct net_interface_description_r d);
/* Called when leases have changed in a way that is to be stored. */
void routed_on_change(struct routed *r, void (*changed)(void *user), void *user);

/* ---- a host that binds it ---- */

struct routed_member;

/* Sets an interface of this host up as its end of a routed network: MAC, addresses, the gateways as
 * neighbours, routes. The link must be up, and not be anybody else's. *m: NULL, or what was applied
 * before: nothing is done if it is the same, else it is taken back first. The configuration comes
 * from another host and is checked: -EINVAL with e set, also if it would catch addresses that this
 * host has or reaches by another interface, or that are not for private use. */
int routed_apply(struct place *p, int index, struct net_routed_config_r config,
	struct routed_member **m, struct err *e);
/* Takes addresses, routes and neighbours back. NULL is accepted, and that the link is gone. */
void routed_unapply(struct routed_member *m);
/* For BindingInfo.addresses: the n-th, "10.9.0.2/24"; NULL when there is none. */
const char *routed_member_address(const struct routed_member *m, unsigned n);
