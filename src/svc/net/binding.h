/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Binding: an interface of this host joined to somebody's L2Interface.
 *
 *	bindTo ------> OPENING --answered--> UP
 *	         (asks setupVxlan)           |  ^
 *	restored ----> WAITING --answered----|--+  (the same device, another remote)
 *	                  ^                  |
 *	                  +---holder broken--+
 *
 *	OPENING --failed--> (none)
 *	WAITING --reference revoked, nothing left to ask--> GONE
 *	UP, WAITING --the interface here was created, and deleted--> GONE
 *	UP, WAITING, GONE --destroy, let go--> ENDED
 *
 * OPENING offers its end under its port and VNI besides: who is asked on the same host takes that,
 * and there is no tunnel. WAITING keeps the interface, its addresses and the tunnel's port, cut
 * off; the way (core/way.h) tries the capability and the reference again, ever more slowly.  That
 * the network between is down for a while is not noticed at all unless the link to the other node
 * ends.
 *
 * One that is persistent, and has neither a reference nor a capability that works, fails its
 * waiters, so that the persistence service restores it: a request with the id of one that is there
 * finds that (as in the block service).
 */
#include "svc/net/iface.h"

#include "core/way.h"

struct binding;

/* L2Interface.bindTo on an interface of this host; answers cx. */
void binding_request(const struct iface *f, struct net_l2_interface_bind_to_ctx cx);
/* From a stored description; answers ctx with the Binding. id: its runtime id. */
void binding_restore(struct net_service *ns, struct net_binding_description_r d, const char *id,
	struct vat_ctx *ctx);
unsigned binding_count(const struct net_service *ns);
/* Capability and info of the n-th for listBindings. */
void binding_list(struct net_service *ns, struct net_network_service_admin_list_bindings_ctx cx);
/* f has another name now: so has what is stored of its bindings. */
void binding_renamed(struct net_service *ns, const struct iface *f);
/* The service ends: everything is undone, what is persistent will be restored by the next. */
void binding_end_all(struct net_service *ns);
