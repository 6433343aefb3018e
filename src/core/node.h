/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The node: bootstrap objects NodeAdmin and Node, the sockets they are reached by, and the
 * links to services and to other nodes.  It knows services by name only and relays their calls.
 * (MetaContainer paper, chapter 5.1)
 */
#include "core/peers.h"
#include "core/registry.h"

enum {
	NODE_ADMIN_LINKS_MAX = 256,
	NODE_LINKS_MAX = 1024, /* from other nodes and strangers */
	NODE_LINKS_PER_ADDRESS_MAX = 64,
};

struct node;

/* address: canonical text, borrowed. The loop is the caller's. */
int node_new(struct loop *l, const char *address, struct node **ret);
void node_free(struct node *n);

/* Serves on listening sockets (borrowed, nonblocking): NodeAdmin to root and to our own user only,
 * and Node to everybody who comes. */
int node_listen_admin(struct node *n, int fd);
int node_listen(struct node *n, int fd);

/* A service's link, NodeAdmin on it; takes fd. */
int node_add_service_link(struct node *n, const char *name, int fd);

/* The bootstrap capabilities; borrowed. */
struct metac_node_admin_c node_admin(struct node *n);
struct metac_node_c node_public(struct node *n);
