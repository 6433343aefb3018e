/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The persistence service: keeps sturdy references and what they stand for.  (MetaContainer
 * paper, chapters 5.2 and 5.3; schema/persistence.capnp.)
 *
 * Persistent references live in the store and survive the process.  Others live in memory: when
 * this service ends, they and the objects only they kept alive are gone.
 */
#include "base/err.h"
#include "loop/link.h"
#include "schema/persistence.capnp.h"
#include "store/store.h"

struct persistence;

struct persistence_config {
	struct loop *loop; /* borrowed */
	struct store *store; /* borrowed */
	const char *address; /* of our node, canonical text; copied */
	struct metac_node_admin_c node; /* our node; referenced */
};

/* Loads the store. e tells what failed. */
int persistence_new(const struct persistence_config *cfg, struct err *e, struct persistence **ret);
/* Releases everything held. To be called while the vat still exists; nothing may call the objects
 * below afterwards. */
void persistence_free(struct persistence *p);
DEFINE_AUTO(struct persistence *, persistence_free);

/* What is registered with the node; new references. */
struct metac_service_c persistence_service(struct persistence *p);
struct metac_service_admin_c persistence_admin(struct persistence *p);
