/* SPDX-License-Identifier: MIT */
/*
 * The block service's bootstrap objects, and the restorer of what it stored.  See block-service.h.
 */
#include "svc/block/block-service.h"
#include "base/log.h"
#include "svc/block/block-role.h"
#include "svc/block/front.h"
#include "svc/block/links.h"
#include "svc/block/nbdnl.h"
#include "sys/priv.h"

#include <sys/prctl.h>

/* ---- bootstrap ----------------------------------------------------------------------------- */

static void admin_attach(void *self, struct block_block_service_admin_attach_ctx cx)
{
	struct block_service *bs = self;
	struct block_block_service_admin_attach_params_r p =
		block_block_service_admin_attach_params(cx);
	struct block_attach_request q = {
		.device = block_block_service_admin_attach_params_get_device(p),
		.options = block_block_service_admin_attach_params_get_options(p),
	};
	block_service_attach(bs, &q, cx.ctx);
}

static void admin_list_attachments(
	void *self, struct block_block_service_admin_list_attachments_ctx cx)
{
	struct block_service *bs = self;
	block_service_list(bs, cx);
}

static const struct block_block_service_admin_impl admin_impl = {
	.attach = admin_attach,
	.list_attachments = admin_list_attachments,
};

/* References are kept by the persistence service; none name this one. */
static void service_restore(void *self, struct metac_service_restore_ctx cx)
{
	vat_ctx_fail(cx.ctx, VAT_FAILED, "no such reference");
}

static const struct metac_service_impl service_impl = {.restore = service_restore};

/* ---- restoring ----------------------------------------------------------------------------- */

static void restorer_restore(
	void *self, struct persistence_restorer_restore_from_description_ctx cx)
{
	struct block_service *bs = self;
	struct persistence_cap_description_r d =
		persistence_restorer_restore_from_description_params_get_description(
			persistence_restorer_restore_from_description_params(cx));
	struct vat_text category = persistence_cap_description_get_category(d);
	if (!vat_text_is(category, BLOCK_ATTACHMENT_CATEGORY)) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "unknown category \"%s\"", category.s);
		return;
	}
	struct block_attachment_description_r a =
		block_attachment_description_from(persistence_cap_description_get_description(d));
	struct block_attach_request q = {
		.device = block_attachment_description_get_device(a),
		.options = block_attachment_description_get_options(a),
		.id = persistence_cap_description_get_runtime_id(d),
		.persistent = true,
	};
	block_service_attach(bs, &q, cx.ctx);
}

static const struct persistence_restorer_impl restorer_impl = {
	.restore_from_description = restorer_restore,
};

/* ---- life ---------------------------------------------------------------------------------- */

/* Memory that this process and its workers ask for is not to be made by writing to a device that
 * waits for them (prctl(2): PR_SET_IO_FLUSHER; inherited).  What is only for that, and for looking
 * into /proc (users.h), is off until a task does the latter. */
static int put_privileges_aside(void)
{
	uint64_t aside = PRIV_CAP(CAP_SYS_PTRACE) | PRIV_CAP(CAP_DAC_READ_SEARCH) |
			 PRIV_CAP(CAP_SYS_RESOURCE);
	if (prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) < 0)
		log_debug("no memory is set aside for devices: %s", strerror(errno));
	return priv_caps_set_effective(~aside);
}

static int start(void *self, struct service *s, struct metac_service_c *ret_service,
	struct metac_service_admin_c *ret_admin, struct persistence_restorer_c *ret_restorer)
{
	struct block_service *bs = self;
	struct vat *v = service_loop(s)->vat;
	bs->service = s;
	int r = put_privileges_aside();
	if (r < 0)
		return r;
	links_remove_stale(bs->runtime);
	r = front_nbd_start(bs);
	if (r < 0)
		return r;
	*ret_service = metac_service_serve(v, &service_impl, bs, NULL);
	*ret_admin = metac_service_admin_cast(
		block_block_service_admin_serve(v, &admin_impl, bs, NULL).cap);
	*ret_restorer = persistence_restorer_serve(v, &restorer_impl, bs, NULL);
	return ret_service->cap && ret_admin->cap && ret_restorer->cap ? 0 : -ENOMEM;
}

static void stop(void *self)
{
	struct block_service *bs = self;
	block_service_detach_all(bs);
	nbdnl_free(bs->nbd);
}

int block_service_run(const char *address, int runtime)
{
	struct block_service bs = {.runtime = runtime};
	list_init(&bs.attachments);
	struct service_config cfg = {
		.name = "block",
		.address = address,
		.start = start,
		.stop = stop,
		.self = &bs,
	};
	return service_run(&cfg);
}
