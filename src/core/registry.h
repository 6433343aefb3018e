/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The services of a node by name.  A registration lives as long as its Holder: when the last
 * reference to that goes (also because the service's connection went), the name is free again.
 */
#include "base/list.h"
#include "schema/metac.capnp.h"

enum { REGISTRY_SERVICES_MAX = 256, REGISTRY_WAITERS_MAX = 1024 };

struct registry {
	struct vat *vat;
	struct list entries; /* struct entry */
	struct list waiters; /* calls of waitForService */
	unsigned n_entries, n_waiters;
};

void registry_init(struct registry *r, struct vat *v);
/* Fails the waiters. Holders still referenced elsewhere stay valid and do nothing. */
void registry_done(struct registry *r);

/* Takes new references to both. *ret: a new reference to the Holder. -EINVAL: bad name, -EEXIST,
 * -EDQUOT, -ENOMEM. */
int registry_add(struct registry *r, struct vat_text name, struct metac_service_c service,
	struct metac_service_admin_c admin, struct metac_holder_c *ret);

/* Borrowed; null if there is none. */
struct metac_service_c registry_service(struct registry *r, struct vat_text name);
struct metac_service_admin_c registry_admin(struct registry *r, struct vat_text name);

/* Answers cx when the service is there. */
void registry_wait(struct registry *r, struct metac_node_wait_for_service_ctx cx);

/* Calls fn for each name, in order of registration. */
void registry_each(struct registry *r, void (*fn)(void *user, const char *name), void *user);
