/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Interfaces that createInterface made.  Kept as long as somebody refers to one, then deleted.
 *
 * What such an interface is made of, by options.kind:
 *
 *	""         a VXLAN link without a remote
 *	"bridge"   a bridge, with what the host puts into it
 *	"tap"      a persistent tap
 *	(routed)   a bridge whose ports are isolated (routed.h)
 *
 * A VXLAN link is what the first tunnel needs, and nothing else (segment.h: OWN). When that is cut
 * and comes back, the interface and its addresses stay: what it sends to is changed, not the link.
 * While it has no tunnel its port is shut.
 *
 * If it is joined to an interface of this host instead, before anybody has used it, it becomes one
 * end of a veth, and stays that; the other end is its leg.
 *
 * Its alias (ip-link(8)) names the node and the id of its object, "metac fd00::1 if 1f0c...": a
 * process that comes after one that was killed finds it by that (leftovers.c), and takes it over
 * when somebody restores it.
 */
#include "svc/net/segment.h"
#include "schema/net.capnp.h"

enum created_made { /* what the link is */
	CREATED_VXLAN, /* kind "": a tunnel's end, or to be one */
	CREATED_VETH, /* kind "": one end of a veth, the other is its leg */
	CREATED_BRIDGE, /* kinds "bridge" and routed */
	CREATED_TAP,
};

struct created {
	struct list link; /* in net_service.created */
	unsigned refs;
	char id[33];
	struct place *place;
	char name[IFNAMSIZ]; /* follows renaming */
	int index; /* 0: it has gone */
	bool moved; /* to another namespace, when it went */
	enum created_made made;
	uint16_t port; /* of a VXLAN link */
	uint32_t vni;
	bool own_taken; /* a tunnel uses it as its own device */
	uint8_t mac[RTNL_MAC_SIZE];
	struct vat_message *options; /* CreateOptions, with mac filled in */
	struct routed *routed; /* routed.h: it is a routed network of this host; NULL: it is none */
	struct place_watcher watcher;
	/* of a veth: the other end, which is there even while it is joined to nothing */
	struct place *leg_place;
	char leg[IFNAMSIZ];
	int leg_index;
	bool leg_taken; /* it is joined to something */
};

enum { CREATED_ADDRESSES_MAX = 16 };

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
 * port, nothing on top of it. */
bool created_is_pristine(struct created *c);
struct net_create_options_r created_options(const struct created *c);

/* Makes a pristine VXLAN interface the end of a veth whose other end, its leg, is in that place. It
 * has another index then, and the same MAC address and addresses. A failure leaves it as it was,
 * or, if the kernel allows not even that, gone. */
int created_become_veth(struct created *c, struct place *leg_place, struct err *e);

/* Its leg is used, in that place, where it is moved if it has to be; down, until it is brought up.
 * Not for one that has none (leg_place), or whose is taken. And: not any more; down again. */
int created_leg_take(struct created *c, struct place *p, struct err *e);
void created_leg_drop(struct created *c);

/* ---- created-make.c ---- */

/* Checks what somebody asks for, before anything is made of it. */
int created_check(const char *name, struct net_create_options_r options, struct err *e);
/* The link of a new one, from place, name, id and options; fills in the rest. */
int created_make(struct created *c, struct err *e);
/* Finds the one of that id that an earlier process made. 1: there is none. */
int created_adopt(struct created *c, struct err *e);
/* It has the addresses of its options now, if it had not. */
int created_add_addresses(struct created *c, struct err *e);
