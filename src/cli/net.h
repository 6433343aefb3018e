/* SPDX-License-Identifier: MIT */
#pragma once
/* What the commands of `metac net' share: from a URI to the interface, and finding a binding. */
#include "cli/client.h"
#include "cli/net-uri.h"
#include "cli/table.h"
#include "schema/net.capnp.h"

enum { NET_ROUTED_MAX = 4 }; /* prefixes of a routed network */

/* The network service of the command's node; not waited for, a new reference. */
struct net_network_service_admin_c net_admin(struct client *c);
/* "" is the one that the service is in. The same. */
struct net_kernel_network_namespace_c net_namespace(struct client *c, const char *name);

struct net_target {
	struct net_uri uri;
	char shown[512]; /* the URI without secret and options */
	struct net_l2_interface_c iface;
	struct net_kernel_interface_c kernel; /* null for a reference */
	struct ref *ref; /* NULL for another */
};

/* Finds the interface of the node's host, or makes it, or gets what the reference stands for.
 * routed: "10.9.0.1/24,fd09::1/64", NULL = an Ethernet. iface is not restricted yet. */
int net_target_find(
	struct client *c, const struct net_uri *uri, const char *routed, struct net_target *ret);
/* The same of what has to be there already: the error does not speak of making one. */
int net_target_find_there(struct client *c, const struct net_uri *uri, struct net_target *ret);
/* In place of iface: what the URI leaves of it. */
void net_target_restrict(struct client *c, struct net_target *t);
/* What was made for it is undone, after a failure: the node has done so when this returns. */
void net_target_undo(struct client *c, struct net_target *t);
/* Zeroes are fine. */
void net_target_done(struct net_target *t);

void net_fill_restrictions(const struct net_uri *u, struct net_restrictions_b ret);

/* ---- bindings ---- */

struct net_bindings { /* as listBindings answers */
	struct reply reply;
	struct vat_list_r caps; /* of the first of infos */
	struct net_binding_info_list_r infos;
};
int net_bindings_list(struct client *c, struct net_bindings *ret);
void net_bindings_done(struct net_bindings *b);

/* What a word may mean: the interface's name, NS:NAME, the binding's id or the beginning of it. */
bool net_binding_is_meant(struct net_binding_info_r i, const char *word);
/* The one that is meant. own: only what was made here. -ENOENT, -EEXIST (several) with c's error
 * set. */
int net_binding_find(struct client *c, const struct net_bindings *b, const char *word, bool own,
	uint32_t *ret_index);

const char *net_state_name(uint16_t state);
/* All of it, as an object; NULL when memory is out. */
json_t *net_binding_json(struct net_binding_info_r i);
json_t *net_stats_json(struct net_stats_r s);

/* ---- captures ---- */

/* A program of classic BPF as `tcpdump -ddd' prints it, as TraceOptions.filter has it; ret has
 * BPF_MAXINSNS (4096) elements. -EINVAL. */
int net_filter_parse(const char *text, uint64_t *ret, uint32_t *ret_n);
