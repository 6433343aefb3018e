/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What every built-in service process does: serve on its link to the node, register its name,
 * keep in touch with the persistence service, end when the node or the supervisor goes.
 *
 * A built-in service uses the same NodeAdmin.registerNamedService as a third party's.
 */
#include "base/err.h"
#include "loop/link.h"
#include "schema/metac.capnp.h"
#include "schema/persistence.capnp.h"

struct service;

struct service_config {
	const char *name; /* registered under; borrowed */
	const char *address; /* the node's; borrowed */
	/* Makes the two bootstrap objects and whatever they need; s is ready to use. The references
	 * returned are the framework's. restorer: null if the service stores nothing. */
	int (*start)(void *self, struct service *s, struct metac_service_c *ret_service,
		struct metac_service_admin_c *ret_admin,
		struct persistence_restorer_c *ret_restorer);
	/* Undoes effects (mounts) before the process ends; the loop runs no more. May be NULL. */
	void (*stop)(void *self);
	void *self;
};

/* Runs the service until it is told to stop, its node link ends or the supervisor goes. Descriptor
 * 3 is the control socket, 4 the link to the node. Returns the process's exit status. */
int service_run(const struct service_config *cfg);

/* For stop(): nobody told the service to end, but the node or the supervisor has died.  Another
 * process of this service will follow, and may take over what is left. */
bool service_was_lost(struct service *s);

struct loop *service_loop(struct service *s);
/* The node's admin interface; borrowed. */
struct metac_node_admin_c service_node(struct service *s);
const char *service_address(struct service *s);

/* An object of the service that a sturdy reference is wanted for. */
struct service_object {
	const char *category;
	const char *runtime_id; /* "" = a new one each time */
	const char *summary;
	struct vat_cap *cap; /* the object itself; borrowed */
	void (*describe)(void *self, struct vat_ptr_b description);
	void *self;
};

/* Implements Persistable.createSturdyRef by asking the persistence service; answers cx. */
void service_create_sturdy_ref(struct service *s,
	struct persistence_persistable_create_sturdy_ref_ctx cx, const struct service_object *o);

/* What is stored of the object (runtime_id), if it is stored, is to be another description and
 * summary, neither with capabilities; cap and category are not looked at. Not waited for: a failure
 * is logged. */
void service_describe_again(struct service *s, const struct service_object *o);

/* The persistence service is there and knows us. */
bool service_is_persistable(struct service *s);

/* Tells the persistence service to forget the object; nothing happens if it knows none. */
void service_forget(struct service *s, const char *runtime_id);

/* Fails the call with the kind and words of e. */
void service_fail(struct vat_ctx *ctx, const struct err *e);
