/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The network service: what its objects share.
 *
 *	net-service.c   bootstrap objects, restoring
 *	namespace.c     KernelNetworkNamespace
 *	iface.c         L2Interface and KernelInterface: which interface, with which restrictions
 *	iface-tunnel.c  setupVxlan: the half of a tunnel that another host's binding asks for
 *	half*.c         the Tunnel object it lives with, and joints on the same host
 *	binding*.c      bindTo: the half that asks, and asks again when it was lost
 *	trace.c         captures, each in a worker (role net-trace)
 *	routed.c        routed networks
 *	loop.c          frames that come back another way
 *	leftovers.c     what an earlier process left
 *	mark.c          links that are ours
 *	reaper.c        what is deleted, many links at once; reaper_done() ends the service's
 *	segment.h, created.h, tunnel.h, place.h, kernel/   what they do it with
 */
#include "core/service.h"
#include "core/stream.h"
#include "svc/net/tunnel.h"

enum {
	NET_BINDINGS_MAX = 1024, /* made here */
	NET_TUNNELS_MAX = 4096, /* halves that others have of interfaces here */
	NET_CREATED_MAX = 1024,
	NET_PLACES_MAX = 256,
	NET_TRACES_MAX = 64, /* captures that run: each has a ring of 4 MiB */
};

#define NET_INTERFACE_CATEGORY "net:interface"
#define NET_TRACE_CATEGORY "net:trace"
#define NET_BINDING_CATEGORY "net:binding"

struct net_service {
	struct service *service;
	int runtime; /* directory of what must be known after a crash */
	struct rtnl_ip address; /* the node's */
	char address_text[64];
	struct stream_host streams;
	struct place *root; /* the namespace the service runs in */
	struct list places, created;
	struct list bindings; /* binding.h */
	struct list tunnels; /* iface-tunnel.c: those that others have */
	struct list offers; /* iface.h: struct joint_offer */
	struct list ifaces; /* iface.h: all objects */
	/* Told of each event before others are; NULL: nobody. (iface.c) */
	void (*on_event)(struct place *p, const struct rtnl_event *event);
	struct place_names *names; /* place.c: watches that they stay */
	struct leftovers *leftovers; /* leftovers.c: until they are removed */
	struct reaper *reaper; /* reaper.h: links to be deleted; NULL: none were yet */
	/* The node has died under us: created interfaces stay, for the next process (leftovers.c).
	 */
	bool lost;
	uint8_t salt[16]; /* of what interfaces are named by to others; all zero: none yet */
	unsigned n_bindings, n_tunnels, n_created, n_places, n_traces;
};

/* ---- leftovers.c ---- */

/* What a killed process of the same node left: created interfaces are kept for LEFTOVERS_SECONDS,
 * for who restores them; all other links with our mark, and rules, are removed at once. In all
 * namespaces that ns->runtime remembers. */
enum { LEFTOVERS_SECONDS = 20 };
void leftovers_start(struct net_service *ns);
/* place-notes.c: a namespace is used from now on; and not any more; those noted, malloc'ed. */
void leftovers_remember(struct net_service *ns, const char *name);
void leftovers_forget(struct net_service *ns, const char *name);
size_t leftovers_notes(struct net_service *ns, char *ret[static NET_PLACES_MAX]);
/* A graceful end: removes all links and rules of ours. */
void leftovers_sweep(struct net_service *ns);
void leftovers_done(struct net_service *ns);

/* ---- trace.c ---- */

/* L2Interface.trace; self is a struct iface. */
void trace_start(void *self, struct net_l2_interface_trace_ctx cx);
int trace_restore(struct net_service *ns, struct net_trace_description_r d,
	struct stream_stream_c *ret, struct err *e);

/* ---- namespace.c ---- */

/* name: as place_name() makes it. Null when memory is out. */
struct net_kernel_network_namespace_c namespace_serve(struct net_service *ns, const char *name);

/* ---- mark.c ---- */

/* The alias that marks a link as ours: "metac ADDRESS WHAT ID". */
void net_mark(const struct net_service *ns, const char *what, const char *id,
	char ret[static RTNL_ALIAS_MAX + 1]);
/* True, with the id and what, if it is this node's. */
bool net_mark_is_ours(const struct net_service *ns, const char *alias, char ret_what[static 16],
	char ret_id[static 33]);
/* True if it is some node's of this host. */
bool net_mark_is_any(const char *alias);
