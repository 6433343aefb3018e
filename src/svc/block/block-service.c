/* SPDX-License-Identifier: MIT */
/*
 * The block service's bootstrap objects, and the restorer of what it stored.
 */
#include "core/service.h"
#include "schema/block.capnp.h"
#include "svc/block/block-role.h"

struct block_service {
	struct service *service;
	int runtime;
};

static void admin_list_attachments(
	void *self, struct block_block_service_admin_list_attachments_ctx cx)
{
	vat_ctx_return(cx.ctx);
}

static const struct block_block_service_admin_impl admin_impl = {
	.list_attachments = admin_list_attachments,
};

/* References are kept by the persistence service; none name this one. */
static void service_restore(void *self, struct metac_service_restore_ctx cx)
{
	vat_ctx_fail(cx.ctx, VAT_FAILED, "no such reference");
}

static const struct metac_service_impl service_impl = {.restore = service_restore};

static int start(void *self, struct service *s, struct metac_service_c *ret_service,
	struct metac_service_admin_c *ret_admin, struct persistence_restorer_c *ret_restorer)
{
	struct block_service *bs = self;
	struct vat *v = service_loop(s)->vat;
	bs->service = s;
	*ret_service = metac_service_serve(v, &service_impl, bs, NULL);
	*ret_admin = metac_service_admin_cast(
		block_block_service_admin_serve(v, &admin_impl, bs, NULL).cap);
	return ret_service->cap && ret_admin->cap ? 0 : -ENOMEM;
}

int block_service_run(const char *address, int runtime)
{
	struct block_service bs = {.runtime = runtime};
	struct service_config cfg = {
		.name = "block",
		.address = address,
		.start = start,
		.self = &bs,
	};
	return service_run(&cfg);
}
