/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Links to other nodes: dialled when first asked for, shared by all who ask, closed when
 * nothing has been outstanding on them for a while.
 */
#include "loop/link.h"
#include "schema/metac.capnp.h"

enum { PEERS_MAX = 1024, PEER_DIAL_SECONDS = 10, PEER_IDLE_SECONDS = 60, NODE_PORT = 901 };
#define PEER_PING_US (UINT64_C(1000) * 1000) /* for an answer on a link in doubt */

struct peers;

/* own: the node's address, dialled from; borrowed. broker: told of links that end, may be NULL;
 * borrowed. NULL when memory is out. */
struct broker;
struct peers *peers_new(struct loop *l, const char *own, struct broker *broker);
/* Ends all links; calls waiting for a dial fail. NULL is accepted. */
void peers_free(struct peers *p);

/* Calls fn for each link there is. */
void peers_each(struct peers *p, void (*fn)(void *user, const char *address, struct link *link),
	void *user);

/* Answers getNode: the Node at address (canonical text), or why it cannot be reached. verify: a
 * link that does not answer is replaced as soon as another one can be had; until then it stays, for
 * the other side may be back before that. */
void peers_get_node(
	struct peers *p, const char *address, bool verify, struct metac_node_admin_get_node_ctx cx);
