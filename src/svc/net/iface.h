/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * L2Interface and KernelInterface objects: an interface of this host, with the restrictions it was
 * given away with.  The object names it ("namespace", "name"); it need not be there until it is
 * used, and may go and come back meanwhile, unless we created it (created.h): then the object keeps
 * it.
 *
 * Names change hands: somebody renames eth1, and another card gets that name.  So as long as the
 * namespace lives (place.id), an interface that was there once is meant by its index, whatever it
 * is called; only when that index is gone, or the host was rebooted, by its name.
 *
 * One runtime id for one interface with the same restrictions, so that it is stored once: a hash of
 * them, of whether it is a KernelInterface, and of what identifies the interface.
 */
#include "svc/net/net-service.h"

enum {
	IFACE_RESTRICTIONS_MAX = 4, /* restricted again and again */
	IFACE_WAITS_MAX = 64, /* calls of wait, for one object */
	IFACE_LIST_MAX = 4096, /* interfaces that listInterfaces tells of */
};

struct iface { /* of others: immutable; name may change when it has been looked for */
	struct net_service *ns;
	char *namespace; /* as place_name() makes it; "" = root */
	char name[IFNAMSIZ];
	int index; /* of the interface when it was there last; 0: not yet */
	uint64_t network; /* place.id then */
	bool kernel; /* a KernelInterface */
	struct created *created; /* held; NULL: not made by us */
	struct guard_restrictions restrictions[IFACE_RESTRICTIONS_MAX];
	size_t n_restrictions;

	struct list link; /* in net_service.ifaces */
	struct list waits; /* calls of wait */
	unsigned n_waits;
	char id[33]; /* runtime id */
	struct vat_cap *cap; /* itself, not referenced */
};

/* A new object of that (all copied; c's reference is taken over, also on failure). id: "", or that
 * of a stored one. Null when memory is out. */
struct net_kernel_interface_c iface_serve(
	struct net_service *ns, const struct iface *like, const char *id);

/* The object behind a capability if it is one of this very process and not behind a membrane, else
 * NULL. Borrowed. */
struct iface *iface_of(struct vat_cap *cap);

/* The interface as it is now, with a reference to its namespace, which is the caller's. -ENODEV and
 * others with e set: it is not there. Does not look whether it can be used. */
int iface_find(
	const struct iface *f, struct place **ret_place, struct rtnl_link *ret, struct err *e);
/* The same, and remembers what was found; what has another name now is stored again. */
int iface_look(struct iface *f, struct place **ret_place, struct rtnl_link *ret, struct err *e);
/* A new object like that, which is made of f: takes references of its own. */
struct net_kernel_interface_c iface_serve_like(struct iface *f, const struct iface *like);
/* "mcx01234567" */
bool iface_name_is_ours(const char *name);
/* Can a link be called that? -EINVAL with e set: tunnels' parts are, or the kernel lets nobody. */
int iface_check_new_name(const char *name, struct err *e);
/* Can others be joined to that link? -EBUSY, -EINVAL with e set: it is a part of a tunnel, it
 * carries no Ethernet. */
int iface_check(const struct rtnl_link *l, struct err *e);
/* Something has happened to a link there: is net_service.on_event. */
void iface_on_event(struct place *p, const struct rtnl_event *event);

/* Its segment and restrictions, for a tunnel; a reference is the caller's (cfg->segment). */
int iface_tunnel_config(struct iface *f, struct tunnel_config *ret, struct err *e);

/* Of RPC's form, checked; -EINVAL, -E2BIG with e set. */
int restrictions_read(struct net_restrictions_r r, struct guard_restrictions *ret, struct err *e);
void restrictions_write(const struct guard_restrictions *r, struct net_restrictions_b ret);
bool restrictions_are_any(const struct guard_restrictions *r);
/* One line for people, "at most 100 Mbit/s, only dhcp"; "" for none. */
void restrictions_text(const struct guard_restrictions *r, char *ret, size_t size);

/* ---- iface-kernel.c: methods ---- */

void iface_kernel_get_name(void *self, struct net_kernel_interface_get_name_ctx cx);
void iface_kernel_rename(void *self, struct net_kernel_interface_rename_ctx cx);
void iface_kernel_destroy(void *self, struct net_kernel_interface_destroy_ctx cx);
void iface_kernel_as_l2(void *self, struct net_kernel_interface_as_l2_ctx cx);
void iface_kernel_info(void *self, struct net_kernel_interface_kernel_info_ctx cx);

/* ---- iface-info.c ---- */

/* What L2Interface.info and KernelInterface.kernelInfo tell. addresses: all of the namespace, or
 * those of the link. */
void iface_write_info(const struct iface *f, struct place *p, const struct rtnl_link *l,
	struct net_l2_info_b ret);
struct iface_listing {
	struct place *place;
	const char *namespace;
	const struct rtnl_link *links;
	size_t n_links;
	const struct rtnl_address *addresses;
	size_t n_addresses;
};
void iface_write_kernel_info(const struct iface_listing *all, const struct rtnl_link *l,
	struct net_kernel_interface_info_b ret);

/* ---- iface-store.c ---- */

/* InterfaceDescription <-> object. */
void iface_describe(const struct iface *f, struct net_interface_description_b ret);
/* id: the runtime id it is stored under; "" (part of another description): none. -EINVAL with e
 * set: it is damaged. What was created is made again, or taken over. */
int iface_restore(struct net_service *ns, struct net_interface_description_r d, const char *id,
	struct net_kernel_interface_c *ret, struct err *e);
/* The runtime id of f, for a new object. */
void iface_id(const struct iface *f, char ret[static 33]);
/* "interface eth1, at most 100 Mbit/s, only dhcp" */
void iface_summary(const struct iface *f, char *ret, size_t size);
void iface_create_sturdy_ref(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx);
/* Something of what is stored of it has changed. */
void iface_describe_again(struct iface *f);
/* For routed_on_change(): the user is a struct created. */
void iface_leases_changed(void *created);

/* ---- iface-tunnel.c ---- */

/* L2Interface.setupVxlan; self is a struct iface. */
void iface_setup_vxlan(void *self, struct net_l2_interface_setup_vxlan_ctx cx);
/* Those that others have of interfaces here, as BindingInfo with exported set; n entries from
 * list[at] on. */
unsigned iface_tunnel_count(const struct net_service *ns);
void iface_tunnel_infos(struct net_service *ns, struct net_binding_info_list_b list, uint32_t at);

/* Largest packet that the interface of that tunnel can take. Its device alone: what was asked for
 * when it was created, or anything. */
uint32_t iface_mtu_limit(const struct tunnel_config *cfg, const struct tunnel *t);
/* For a created one that is an end of a veth: what was agreed. */
int iface_mtu_set(const struct tunnel_config *cfg, uint32_t mtu, struct err *e);

/* A binding of this process offers its end to an interface of the same node (setupVxlan with the
 * node's own address): found by port and VNI, once. The offer is the caller's, and lives until it
 * is withdrawn; what is made of it belongs to the Tunnel object of who took it. */
struct joint_offer {
	struct list link; /* in net_service.offers, while it can be taken */
	uint16_t port; /* 0: made up by joint_offer_new(); else that of the tunnel */
	uint32_t vni;
	const struct tunnel_config *config; /* of the end that is offered; borrowed */
	/* Just before it is joined: a tunnel that stood in for it has to let go of the interface.
	 */
	void (*taken)(struct joint_offer *o);
	struct joint *joint; /* while it is joined: owned by taker, which sets it NULL */
	void *taker; /* struct half */
	char peer[80]; /* for people: the other interface */
	uint32_t mtu; /* that both can take */
};
void joint_offer_new(struct net_service *ns, struct joint_offer *o);
/* From now on nobody takes it; if it was taken, the joint is undone. */
void joint_offer_withdraw(struct joint_offer *o);

/* Why an end is cut off for now (tunnel_config.looped). */
#define IFACE_LOOP_TEXT "its frames came back another way"
