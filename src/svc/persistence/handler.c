/* SPDX-License-Identifier: MIT */
/* The methods that services use: ServicePersistenceHandler, and Service for whoever has a
 * reference. */
#include "svc/persistence/internal.h"

/* ---- ServicePersistenceHandler; self is the struct client ---------------------------------- */

static void register_restorer(
	void *self, struct persistence_service_persistence_handler_register_restorer_ctx cx)
{
	struct persistence_restorer_c restorer =
		persistence_service_persistence_handler_register_restorer_params_get_restorer(
			persistence_service_persistence_handler_register_restorer_params(cx));
	if (!restorer.cap) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "no restorer given");
		return;
	}
	int r = client_set_restorer(self, restorer);
	if (r < 0)
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "restorer: %s", strerror(-r));
	else
		vat_ctx_return(cx.ctx);
}

static void create_sturdy_ref(
	void *self, struct persistence_service_persistence_handler_create_sturdy_ref_ctx cx)
{
	create_start(self, cx);
}

static void forget_object(
	void *self, struct persistence_service_persistence_handler_forget_object_ctx cx)
{
	struct client *c = self;
	struct vat_text id =
		persistence_service_persistence_handler_forget_object_params_get_runtime_id(
			persistence_service_persistence_handler_forget_object_params(cx));
	struct ledger_object *o = text_ok(id, RUNTIME_ID_MAX)
					  ? ledger_object_find(c->p->ledger, c->name, id.s)
					  : NULL;
	int r = o ? remove_object(c->p, o, "revoked") : 0;
	if (r < 0)
		vat_ctx_fail(cx.ctx, VAT_FAILED, "forgotten, but not saved yet: %s", strerror(-r));
	else
		vat_ctx_return(cx.ctx);
}

static void describe_again(
	void *self, struct persistence_service_persistence_handler_describe_again_ctx cx)
{
	struct client *c = self;
	struct err e = {};
	int r = create_describe_again(c,
		persistence_service_persistence_handler_describe_again_params_get_description(
			persistence_service_persistence_handler_describe_again_params(cx)),
		&e);
	if (r < 0)
		fail(cx.ctx, &e);
	else
		vat_ctx_return(cx.ctx);
}

static void wait_while_alive(void *self, struct metac_waitable_wait_ctx cx)
{
	client_wait(self, cx);
}

const struct persistence_service_persistence_handler_impl persistence_handler_impl = {
	.waitable = {.wait = wait_while_alive},
	.register_restorer = register_restorer,
	.create_sturdy_ref = create_sturdy_ref,
	.forget_object = forget_object,
	.describe_again = describe_again,
};

/* ---- Service; self is the struct persistence ----------------------------------------------- */

struct restore { /* one call of restore */
	struct entry entry;
	struct vat_ctx *ctx;
};

static void on_restored(struct entry *en, struct vat_cap *cap, const struct err *e)
{
	struct restore *r = container_of(en, struct restore, entry);
	struct metac_service_restore_ctx cx = {r->ctx};
	if (cap) {
		vat_set_cap(
			metac_service_restore_results_get_obj_b(metac_service_restore_results(cx)),
			cap);
		vat_cap_unref(cap);
		vat_ctx_return(r->ctx);
	} else {
		fail(r->ctx, e);
	}
	free(r);
}

static void on_cancel(void *user)
{
	struct restore *r = user;
	entry_cancel(&r->entry);
	vat_ctx_fail(r->ctx, VAT_FAILED, "canceled");
	free(r);
}

static void restore(void *self, struct metac_service_restore_ctx cx)
{
	struct restore *r = calloc(1, sizeof(*r));
	if (!r) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	r->ctx = cx.ctx;
	r->entry.done = on_restored;
	vat_ctx_on_cancel(cx.ctx, on_cancel, r);
	entry_start(&r->entry, self,
		entry_find(self, metac_service_restore_params_get_object_info(
					 metac_service_restore_params(cx))));
}

const struct metac_service_impl persistence_service_impl = {.restore = restore};

/* ---- the restorer of our own objects ------------------------------------------------------- */

static void restore_forward(void *self, struct persistence_restorer_restore_from_description_ctx cx)
{
	struct vat_ptr_r content = persistence_cap_description_get_description(
		persistence_restorer_restore_from_description_params_get_description(
			persistence_restorer_restore_from_description_params(cx)));
	vat_set_cap(persistence_restorer_restore_from_description_results_get_cap_b(
			    persistence_restorer_restore_from_description_results(cx)),
		vat_ptr_cap(vat_ptr_at(vat_ptr_struct(content, NULL), 0)));
	vat_ctx_return(cx.ctx);
}

static const struct persistence_restorer_impl forward_impl = {
	.restore_from_description = restore_forward,
};

struct persistence_restorer_c forward_restorer(struct persistence *p)
{
	return persistence_restorer_serve(p->vat, &forward_impl, p, NULL);
}
