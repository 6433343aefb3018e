/* SPDX-License-Identifier: MIT */
/* The methods for administrators: PersistenceServiceAdmin. Self is the struct persistence. */
#include "svc/persistence/internal.h"

static void get_handler_for(
	void *self, struct persistence_persistence_service_admin_get_handler_for_ctx cx)
{
	struct persistence *p = self;
	struct vat_text name =
		persistence_persistence_service_admin_get_handler_for_params_get_service_name(
			persistence_persistence_service_admin_get_handler_for_params(cx));
	struct client *c = NULL;
	int r = text_ok(name, SERVICE_NAME_MAX) ? client_get(p, name.s, &c) : -EINVAL;
	if (r == -EINVAL || (r == 0 && vat_text_is(name, OWN_SERVICE))) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "not a name that a service can have");
		return;
	}
	struct persistence_service_persistence_handler_c h = {};
	if (r == 0)
		h = persistence_service_persistence_handler_serve(
			p->vat, &persistence_handler_impl, c, NULL);
	if (!h.cap) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many services");
		return;
	}
	persistence_persistence_service_admin_get_handler_for_results_set_handler(
		persistence_persistence_service_admin_get_handler_for_results(cx), h);
	persistence_service_persistence_handler_unref(h);
	vat_ctx_return(cx.ctx);
}

/* ---- listings ------------------------------------------------------------------------------ */

static void list_objects(
	void *self, struct persistence_persistence_service_admin_list_objects_ctx cx)
{
	struct persistence *p = self;
	uint32_t n = 0, at = 0;
	list_for_each (i, ledger_objects(p->ledger))
		n++;
	struct persistence_object_info_list_b out =
		persistence_persistence_service_admin_list_objects_results_init_objects(
			persistence_persistence_service_admin_list_objects_results(cx), n);
	list_for_each (i, ledger_objects(p->ledger)) {
		struct ledger_object *o = list_entry(i, struct ledger_object, all);
		struct persistence_object_info_b b = persistence_object_info_at_b(out, at++);
		persistence_object_info_set_service(b, vat_str(o->service));
		persistence_object_info_set_runtime_id(b, vat_str(o->runtime_id));
		persistence_object_info_set_category(b, vat_str(o->category));
		persistence_object_info_set_summary(b, vat_str(o->summary));
		persistence_object_info_set_persistent(b, o->persistent);
		persistence_object_info_set_references(b, o->n_refs);
		persistence_object_info_set_state(b, (uint16_t)o->state);
		if (o->error && o->state != LEDGER_ALIVE)
			persistence_object_info_set_error(b, vat_str(o->error));
	}
	vat_ctx_return(cx.ctx);
}

static bool listed(const struct ledger_ref *r, struct vat_text service, struct vat_text id)
{
	if (!service.len && !id.len)
		return true;
	return r->object && vat_text_is(service, r->object->service) &&
	       vat_text_is(id, r->object->runtime_id);
}

static void describe_ref(struct persistence_reference_info_b b, const struct ledger_ref *r)
{
	char id[SECRET_ID_DIGITS + 1];
	secret_id(r->hash, id);
	persistence_reference_info_set_id(b, vat_str(id));
	if (r->object) {
		persistence_reference_info_set_service(b, vat_str(r->object->service));
		persistence_reference_info_set_runtime_id(b, vat_str(r->object->runtime_id));
		persistence_reference_info_set_summary(b, vat_str(r->object->summary));
	} else {
		persistence_reference_info_set_summary(
			b, vat_str("no longer usable; kept because others were made through it"));
	}
	persistence_reference_info_set_persistent(b, r->persistent);
	persistence_reference_info_set_created(b, r->created / 1000000);
	persistence_reference_info_set_expires(b, (r->expires + 999999) / 1000000);
	if (r->parent) {
		secret_id(r->parent->hash, id);
		persistence_reference_info_set_parent(b, vat_str(id));
	}
}

static void list_references(
	void *self, struct persistence_persistence_service_admin_list_references_ctx cx)
{
	struct persistence *p = self;
	struct persistence_persistence_service_admin_list_references_params_r q =
		persistence_persistence_service_admin_list_references_params(cx);
	struct vat_text service =
		persistence_persistence_service_admin_list_references_params_get_service(q);
	struct vat_text id =
		persistence_persistence_service_admin_list_references_params_get_runtime_id(q);
	uint32_t n = 0, at = 0;
	list_for_each (i, ledger_refs(p->ledger))
		n += listed(list_entry(i, struct ledger_ref, all), service, id);
	struct persistence_reference_info_list_b out =
		persistence_persistence_service_admin_list_references_results_init_references(
			persistence_persistence_service_admin_list_references_results(cx), n);
	list_for_each (i, ledger_refs(p->ledger)) {
		struct ledger_ref *r = list_entry(i, struct ledger_ref, all);
		if (listed(r, service, id))
			describe_ref(persistence_reference_info_at_b(out, at++), r);
	}
	vat_ctx_return(cx.ctx);
}

/* ---- taking back --------------------------------------------------------------------------- */

/* By objectInfo, or by id if that is null. */
static int find_ref(struct persistence *p, struct vat_ptr_r info, struct vat_text id,
	struct ledger_ref **ret, struct err *e)
{
	if (!vat_ptr_is_null(info)) {
		uint8_t hash[SECRET_HASH_SIZE];
		struct vat_data d = {};
		if (vat_ptr_kind(info) == VAT_PTR_LIST)
			d = vat_ptr_data(info, NULL);
		secret_hash(d.p, d.len, hash);
		*ret = ledger_ref_find(p->ledger, hash);
		return *ret ? 0 : err_set(e, -ENOENT, NO_SUCH_REFERENCE);
	}
	int r = text_ok(id, 2 * SECRET_HASH_SIZE) ? ledger_ref_find_id(p->ledger, id.s, ret)
						  : -EINVAL;
	if (r == -EINVAL)
		return err_set(e, r, "not a reference's id (4 hexadecimal digits or more)");
	if (r == -ENOTUNIQ)
		return err_set(e, r, "ambiguous: several references have an id that starts so");
	return r < 0 ? err_set(e, r, "no such reference") : 0;
}

static void answer(struct vat_ctx *ctx, int r)
{
	if (r < 0)
		vat_ctx_fail(ctx, VAT_FAILED,
			"cut off now, but that could not be saved (%s); it is tried again while "
			"metacd runs",
			strerror(-r));
	else
		vat_ctx_return(ctx);
}

static void forget_object(
	void *self, struct persistence_persistence_service_admin_forget_object_ctx cx)
{
	struct persistence *p = self;
	struct persistence_persistence_service_admin_forget_object_params_r q =
		persistence_persistence_service_admin_forget_object_params(cx);
	struct vat_text service =
		persistence_persistence_service_admin_forget_object_params_get_service(q);
	struct vat_text id =
		persistence_persistence_service_admin_forget_object_params_get_runtime_id(q);
	struct ledger_object *o = text_ok(service, SERVICE_NAME_MAX) && text_ok(id, RUNTIME_ID_MAX)
					  ? ledger_object_find(p->ledger, service.s, id.s)
					  : NULL;
	if (!o) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "no such object");
		return;
	}
	answer(cx.ctx, remove_object(p, o, "revoked"));
}

static void remove_reference(
	void *self, struct persistence_persistence_service_admin_remove_reference_ctx cx)
{
	struct persistence *p = self;
	struct persistence_persistence_service_admin_remove_reference_params_r q =
		persistence_persistence_service_admin_remove_reference_params(cx);
	struct ledger_ref *r = NULL;
	struct err e = {};
	if (find_ref(p,
		    persistence_persistence_service_admin_remove_reference_params_get_object_info(
			    q),
		    persistence_persistence_service_admin_remove_reference_params_get_id(q), &r,
		    &e) < 0)
		fail(cx.ctx, &e);
	else
		answer(cx.ctx, remove_ref(p, r, "revoked"));
}

/* Takes the place of an old reference: same object, parent and end. */
static int make_successor(
	struct persistence *p, struct ledger_ref *old, uint8_t *secret, struct err *e)
{
	struct ledger_object *o = old->object;
	struct live *l = o->live;
	struct new_ref n = {
		.service = o->service,
		.runtime_id = o->runtime_id,
		.category = o->category,
		.summary = o->summary,
		.persistent = old->persistent,
		.expires = old->expires,
		.cap = l->cap,
		.parent = old->parent,
	};
	return create_now(p, &n, secret, e);
}

static void rotate_reference(
	void *self, struct persistence_persistence_service_admin_rotate_reference_ctx cx)
{
	struct persistence *p = self;
	struct persistence_persistence_service_admin_rotate_reference_params_r q =
		persistence_persistence_service_admin_rotate_reference_params(cx);
	struct ledger_ref *r = NULL;
	struct err e = {};
	uint8_t secret[SECRET_SIZE];
	int code = find_ref(p,
		persistence_persistence_service_admin_rotate_reference_params_get_object_info(q),
		persistence_persistence_service_admin_rotate_reference_params_get_id(q), &r, &e);
	if (code == 0 && !r->object)
		code = err_set(&e, -ENOENT, NO_SUCH_REFERENCE);
	if (code == 0)
		code = make_successor(p, r, secret, &e);
	if (code < 0) {
		fail(cx.ctx, &e);
		return;
	}
	/* The new one is returned in any case: the caller has lost the old one. */
	(void)remove_ref(p, r, "revoked");
	write_sturdy_ref(p, secret,
		persistence_persistence_service_admin_rotate_reference_results_init_ref(
			persistence_persistence_service_admin_rotate_reference_results(cx)));
	secret_wipe(secret, sizeof(secret));
	vat_ctx_return(cx.ctx);
}

/* ---- destroying ---------------------------------------------------------------------------- */

struct destroy { /* one call of destroyObject */
	struct list link;
	struct persistence *p;
	struct live_waiter waiter;
	struct vat_ctx *ctx;
	struct vat_call *call;
	char *service, *runtime_id;
};

static void destroy_end(struct destroy *d)
{
	list_unlink(&d->link);
	list_unlink(&d->waiter.link);
	d->p->n_destroys--;
	vat_call_free(d->call);
	free(d->service);
	free(d->runtime_id);
	free(d);
}

static void on_destroyed(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct destroy *d = user;
	if (err && err->kind == VAT_UNIMPLEMENTED) {
		vat_ctx_fail(d->ctx, VAT_FAILED,
			"this object can not be destroyed; forget it, or remove its references");
	} else if (err) {
		vat_ctx_fail(d->ctx, err->kind, "destroy: %s", err->text);
	} else {
		/* Most have made us forget them by now. */
		struct ledger_object *o =
			ledger_object_find(d->p->ledger, d->service, d->runtime_id);
		answer(d->ctx, o ? remove_object(d->p, o, "revoked") : 0);
	}
	destroy_end(d);
}

/* The object itself, not as seen through the reference: that is cut off while the call runs. */
static void on_there(struct live_waiter *w, struct vat_cap *cap, const struct err *e)
{
	struct destroy *d = container_of(w, struct destroy, waiter);
	if (!cap) {
		fail(d->ctx, e);
		destroy_end(d);
		return;
	}
	struct metac_destroyable_destroy_req q =
		metac_destroyable_destroy(d->p->vat, metac_destroyable_cast(cap));
	d->call = q.call;
	metac_destroyable_destroy_send(q, on_destroyed, d);
}

static void destroy_object(
	void *self, struct persistence_persistence_service_admin_destroy_object_ctx cx)
{
	struct persistence *p = self;
	struct ledger_ref *r = entry_find(
		p, persistence_persistence_service_admin_destroy_object_params_get_object_info(
			   persistence_persistence_service_admin_destroy_object_params(cx)));
	if (!r) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, NO_SUCH_REFERENCE);
		return;
	}
	struct destroy *d = p->n_destroys < DESTROYS_MAX ? calloc(1, sizeof(*d)) : NULL;
	if (d) {
		d->p = p;
		p->n_destroys++;
		d->service = strdup(r->object->service);
		d->runtime_id = strdup(r->object->runtime_id);
		list_init(&d->waiter.link);
		list_append(&p->destroys, &d->link);
	}
	if (!d || !d->service || !d->runtime_id) {
		if (d)
			destroy_end(d);
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many objects are being destroyed");
		return;
	}
	d->ctx = cx.ctx;
	d->waiter.done = on_there;
	live_get(r->object->live, &d->waiter);
}

void destroys_free(struct persistence *p)
{
	list_for_each_safe (i, &p->destroys) {
		struct destroy *d = list_entry(i, struct destroy, link);
		vat_ctx_fail(d->ctx, VAT_DISCONNECTED, "the persistence service ends");
		destroy_end(d);
	}
}

const struct persistence_persistence_service_admin_impl persistence_admin_impl = {
	.get_handler_for = get_handler_for,
	.list_objects = list_objects,
	.forget_object = forget_object,
	.list_references = list_references,
	.remove_reference = remove_reference,
	.rotate_reference = rotate_reference,
	.destroy_object = destroy_object,
};
