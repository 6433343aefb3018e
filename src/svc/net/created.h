/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Interfaces that createInterface made.  Kept as long as somebody refers to one, then deleted.
 *
 * What such an interface is made of (options.kind):
 *	""        a VXLAN link without a remote: the first tunnel needs nothing else (segment.h,
 *OWN), and when it is cut and comes back the interface and its addresses stay. What the tunnel
 *sends to is changed, not the link. While it has no tunnel its port is shut. If it is joined to an
 *	          interface of this host before anybody has used it, it becomes one end of a veth
 *instead. "bridge"  a bridge, with what the host puts into it "tap"     a persistent tap routed a
 *bridge whose ports are isolated (routed.h)
 *
 * Its alias (ip-link(8)) names the node and the id of its object, "metac fd00::1 if 1f0c...": a
 *process that comes after one that was killed finds it by that (leftovers.h), and takes it over
 *when somebody restores it.
 */
#include "svc/net/segment.h"
#include "schema/net.capnp.h"

struct created {
	struct list link; /* in net_service.created */
	unsigned refs;
	char id[33];
	struct place *place;
	char name[IFNAMSIZ];
	int index;
	uint16_t port; /* of kind "": of its VXLAN link */
	uint32_t vni;
	bool own_taken; /* a tunnel uses it as its own device */
	uint8_t mac[RTNL_MAC_SIZE];
	struct vat_message *options; /* CreateOptions, with mac filled in */
	struct routed *routed; /* routed.h: it is a routed network of this host; NULL: it is none */
};

/* id: "" (a new one), or that of a stored one: then a link with that alias that is there is taken
 * over. -EEXIST: there is an interface of that name. The reference is the caller's. */
int created_new(struct place *p, const char *name, const char *id,
	struct net_create_options_r options, struct created **ret, struct err *e);
/* NULL: it was not made by us (or is not held by anybody any more). A new reference. */
struct created *created_find(struct place *p, int index);
struct created *created_ref(struct created *c);
/* The last one deletes the interface. NULL is accepted. */
void created_unref(struct created *c);
/* Was nothing done to it since it was made: no address but link-local and our own, no master, no
 * port. */
bool created_is_pristine(struct created *c);
