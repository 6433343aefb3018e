/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * L2Interface and KernelInterface objects: an interface of this host, with the restrictions it was
 * given away with.  The object names it ("namespace", "name"); it need not be there until it is
 * used, and may go and come back meanwhile, unless we created it (created.h): then the object keeps
 * it.
 *
 * One runtime id for one interface with the same restrictions, so that it is stored once:
 * "NAMESPACE/NAME" and a hash of the restrictions, or "created/ID".
 */
#include "svc/net/net-service.h"

enum { IFACE_RESTRICTIONS_MAX = 4 }; /* restricted again and again */

struct iface { /* immutable but for name (renamed) */
	struct net_service *ns;
	char *namespace; /* "" = root */
	char name[IFNAMSIZ];
	bool kernel; /* a KernelInterface */
	struct created *created; /* held; NULL: not made by us */
	struct guard_restrictions restrictions[IFACE_RESTRICTIONS_MAX];
	size_t n_restrictions;
};

/* A new object of that (all copied; c's reference is taken over, also on failure). Null when memory
 * is out. */
struct net_kernel_interface_c iface_serve(struct net_service *ns, const struct iface *like);

/* The object behind a capability if it is one of this very process and not behind a membrane, else
 * NULL. Borrowed. */
struct iface *iface_of(struct vat_cap *cap);

/* Its segment and restrictions, for a tunnel; a reference is the caller's (cfg->segment). */
int iface_tunnel_config(const struct iface *f, struct tunnel_config *ret, struct err *e);

/* Of RPC's form, checked; -EINVAL, -E2BIG with e set. */
int restrictions_read(struct net_restrictions_r r, struct guard_restrictions *ret, struct err *e);
void restrictions_write(const struct guard_restrictions *r, struct net_restrictions_b ret);
bool restrictions_are_any(const struct guard_restrictions *r);
/* One line for people, "at most 100 Mbit/s, only dhcp"; "" for none. */
void restrictions_text(const struct guard_restrictions *r, char *ret, size_t size);

/* InterfaceDescription <-> object. */
void iface_describe(const struct iface *f, struct net_interface_description_b ret);
int iface_restore(struct net_service *ns, struct net_interface_description_r d, const char *id,
	struct net_kernel_interface_c *ret, struct err *e);

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
	void *taker; /* iface-tunnel.c's */
	char peer[80]; /* for people: the other interface */
	uint32_t mtu; /* that both can take */
};
void joint_offer_new(struct net_service *ns, struct joint_offer *o);
/* From now on nobody takes it; if it was taken, the joint is undone. */
void joint_offer_withdraw(struct joint_offer *o);

/* How a wait for a Tunnel ends that was cut because of a loop. */
#define IFACE_LOOP_TEXT "its frames came back another way"
/* The tunnel (exported) that has this device is cut for good, and its other side told so: for
 * loop.c. False: there is none. */
bool iface_tunnel_cut(struct net_service *ns, const char *device);
