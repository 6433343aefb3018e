/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: each reference has a gate, a membrane around all that is obtained through
 * it. Revoking the reference revokes the membrane: calls in progress fail, held capabilities break,
 * what they held alive is let go.
 *
 * A reference made of something behind the gate has to end with the gate's own.  So
 * Persistable.createSturdyRef does not pass: a "pass" makes the call itself, inside, and links the
 * reference that comes out to the gate's.  That works when it is a new reference of this service.
 * Any other (of another node, or one that has a parent already) is hidden: the caller gets a new
 * reference, made through the gate's, to a small object of our own that stands for the other one.
 *
 * Persistent.save, the same thing by its standard name, is treated alike: inside it becomes a
 * createSturdyRef.
 */
#include "core/save.h"
#include "svc/persistence/internal.h"

enum { CREATE_STURDY_REF = 0 }; /* ordinal in Persistable */

struct redirect { /* receives the call in the place of target */
	struct gate *gate;
	struct vat_cap *target;
};

struct wish { /* what kind of reference is asked for */
	bool persistent;
	uint64_t timeout;
};

struct pass { /* one such call */
	struct list link;
	struct gate *gate;
	struct vat_cap *target;
	struct vat_ctx *ctx;
	struct vat_call *call;
	bool persistent;
	uint64_t timeout;
};

static void pass_end(struct pass *s)
{
	list_unlink(&s->link);
	s->gate->p->n_passes--;
	s->gate->n_passes--;
	vat_call_free(s->call);
	vat_cap_unref(s->target);
	gate_unref(s->gate);
	free(s);
}

static void pass_fail(struct pass *s, const struct err *e)
{
	fail(s->ctx, e);
	pass_end(s);
}

void passes_free(struct persistence *p)
{
	struct err e = {};
	err_set(&e, -ESHUTDOWN, "the persistence service ends");
	list_for_each_safe (i, &p->passes)
		pass_fail(list_entry(i, struct pass, link), &e);
}

/* ---- linking what came out ----------------------------------------------------------------- */

static int link_stored(struct persistence *p, struct ledger_ref *child, struct ledger_ref *parent)
{
	int r = store_begin(p->store);
	if (r == 0)
		r = create_store_parents(p, parent);
	if (r == 0)
		r = store_ref_set_parent(p->store, child->hash, parent->hash);
	if (r == 0)
		r = store_commit(p->store);
	if (r < 0)
		store_rollback(p->store);
	return r;
}

/* 1: linked, r may be handed out. 0: r can not be linked. */
static int link_ref(struct pass *s, struct metac_metac_sturdy_ref_r r, struct err *e)
{
	struct persistence *p = s->gate->p;
	struct ledger_ref *parent = s->gate->ref, *child = own_ref(p, r);
	if (!child || child->parent || ledger_ref_is_within(parent, child))
		return 0;
	int code = ledger_ref_set_parent(p->ledger, child, parent);
	if (code == 0 && child->persistent)
		code = link_stored(p, child, parent);
	if (code == 0)
		return 1;
	(void)remove_ref(p, child, "revoked");
	if (code == -EDQUOT)
		return err_set(e, code, "too many references were made through this one");
	return err_errno(e, code, "save the reference");
}

/* The content of a forward's description: one capability. */
static int store_forward(struct pass *s, struct metac_metac_sturdy_ref_r r, struct err *e,
	void **ret, size_t *ret_size)
{
	struct vat_message *m = vat_message_new(0, 0);
	AUTO(pack_free) struct pack *pack = NULL;
	int code = -ENOMEM;
	if (m) {
		struct vat_struct_b b = vat_init_struct(vat_root_b(m), 0, 1);
		vat_set_cap(vat_ptr_at_b(b, 0), s->target);
		code = pack_new(vat_root(m), e, &pack);
	}
	vat_message_free(m);
	if (code == 0 && pack->n_caps != 1)
		code = err_errno(e, -ENOMEM, "description");
	if (code == 0)
		code = store_part(s->gate->p, pack, 0, r, e);
	return code < 0 ? code : pack_finish(pack, e, ret, ret_size);
}

static int make_forward(
	struct pass *s, struct metac_metac_sturdy_ref_r r, uint8_t *secret, struct err *e)
{
	AUTO_FREE void *stored = NULL;
	struct new_ref n = {
		.service = OWN_SERVICE,
		.runtime_id = "",
		.category = "forward",
		.summary = "passed on through a reference",
		.persistent = s->persistent,
		.cap = s->target,
		.parent = s->gate->ref,
	};
	int code = expiry_after(s->timeout, &n.expires, e);
	if (code == 0 && s->persistent)
		code = store_forward(s, r, e, &stored, &n.stored_size);
	n.stored = stored;
	return code < 0 ? code : create_now(s->gate->p, &n, secret, e);
}

static void answer(struct pass *s, struct metac_metac_sturdy_ref_r r)
{
	struct persistence *p = s->gate->p;
	struct persistence_persistable_create_sturdy_ref_ctx cx = {s->ctx};
	struct err e = {};
	struct ledger_ref *made = own_ref(p, r);
	if (!s->gate->ref) { /* revoked while the call was on its way */
		if (made)
			(void)remove_ref(p, made, "revoked");
		err_set(&e, -ESHUTDOWN, "revoked");
		pass_fail(s, &e);
		return;
	}
	int linked = link_ref(s, r, &e);
	uint8_t secret[SECRET_SIZE];
	if (linked == 0)
		linked = make_forward(s, r, secret, &e);
	else if (linked == 1)
		persistence_persistable_create_sturdy_ref_results_set_id(
			persistence_persistable_create_sturdy_ref_results(cx), r);
	if (linked < 0) {
		pass_fail(s, &e);
		return;
	}
	if (linked == 0)
		write_sturdy_ref(p, secret,
			persistence_persistable_create_sturdy_ref_results_init_id(
				persistence_persistable_create_sturdy_ref_results(cx)));
	secret_wipe(secret, sizeof(secret));
	vat_ctx_return(s->ctx);
	pass_end(s);
}

static void on_created(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct pass *s = user;
	if (err) {
		vat_ctx_fail(s->ctx, err->kind, "%s", err->text);
		pass_end(s);
		return;
	}
	answer(s, persistence_persistable_create_sturdy_ref_results_get_id(
			  persistence_persistable_create_sturdy_ref_results_from(results)));
}

static struct pass *pass_new(struct redirect *d, struct vat_ctx *ctx, const struct wish *wish)
{
	struct persistence *p = d->gate->p;
	struct pass *s = NULL;
	if (!d->gate->ref) {
		vat_ctx_fail(ctx, VAT_DISCONNECTED, "revoked");
		return NULL;
	}
	if (p->n_passes < PASSES_MAX && d->gate->n_passes < GATE_PASSES_MAX)
		s = calloc(1, sizeof(*s));
	if (!s) {
		vat_ctx_fail(ctx, VAT_OVERLOADED, "too many references are being made");
		return NULL;
	}
	s->gate = gate_ref(d->gate);
	s->target = vat_cap_ref(d->target);
	s->ctx = ctx;
	s->persistent = wish->persistent;
	s->timeout = wish->timeout;
	list_append(&p->passes, &s->link);
	p->n_passes++;
	s->gate->n_passes++;
	return s;
}

static void make_pass(struct redirect *d, struct vat_ctx *ctx, const struct wish *wish)
{
	struct pass *s = pass_new(d, ctx, wish);
	if (!s)
		return;
	/* The resource group stays outside: inside nobody charges it yet. */
	struct persistence_persistable_create_sturdy_ref_req q =
		persistence_persistable_create_sturdy_ref(
			s->gate->p->vat, persistence_persistable_cast(s->target));
	persistence_persistable_create_sturdy_ref_params_set_persistent(q.params, wish->persistent);
	persistence_persistable_create_sturdy_ref_params_set_timeout(q.params, wish->timeout);
	s->call = q.call;
	persistence_persistable_create_sturdy_ref_send(q, on_created, s);
}

static void redirect_create(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct persistence_persistable_create_sturdy_ref_params_r p =
		persistence_persistable_create_sturdy_ref_params(cx);
	struct wish wish = {
		.persistent = persistence_persistable_create_sturdy_ref_params_get_persistent(p),
		.timeout = persistence_persistable_create_sturdy_ref_params_get_timeout(p),
	};
	make_pass(self, cx.ctx, &wish);
}

static void redirect_save(void *self, struct vat_ctx *ctx)
{
	static const struct wish wish = {.persistent = true};
	if (save_may_begin(ctx))
		make_pass(self, ctx, &wish);
}

static void redirect_destroy(void *self)
{
	struct redirect *d = self;
	vat_cap_unref(d->target);
	gate_unref(d->gate);
	free(d);
}

static const struct persistence_persistable_impl create_impl = {
	.create_sturdy_ref = redirect_create,
};
static const struct vat_persistent_impl save_impl = {.save = redirect_save};

static struct vat_cap *on_call(
	void *user, bool inward, uint64_t interface_id, uint16_t method, struct vat_cap *target)
{
	struct gate *g = user;
	bool save = vat_is_save(interface_id, method);
	bool create = interface_id == PERSISTENCE_PERSISTABLE_ID && method == CREATE_STURDY_REF;
	if (!inward || !(save || create))
		return NULL;
	struct redirect *d = calloc(1, sizeof(*d));
	if (!d)
		return vat_cap_ref(g->denied);
	d->gate = gate_ref(g);
	d->target = vat_cap_ref(target);
	struct vat_cap *c = vat_serve(g->p->vat,
		save ? &vat_persistent_interface : &persistence_persistable_interface,
		save ? (const void *)&save_impl : &create_impl, d, redirect_destroy);
	if (c)
		return c;
	redirect_destroy(d);
	return vat_cap_ref(g->denied);
}

/* ---- gates --------------------------------------------------------------------------------- */

struct gate *gate_ref(struct gate *g)
{
	g->n_refs++;
	return g;
}

void gate_unref(struct gate *g)
{
	if (!g || --g->n_refs)
		return;
	assert(!g->ref && list_empty(&g->entries));
	vat_cap_unref(g->denied);
	free(g);
}

struct gate *gate_of(struct persistence *p, struct ledger_ref *r)
{
	if (r->gate)
		return r->gate;
	struct gate *g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->n_refs = 1; /* the reference's, dropped by gate_revoke */
	g->p = p;
	list_init(&g->entries);
	struct vat_membrane_policy policy = {.call = on_call, .user = g};
	g->membrane = vat_membrane_new(p->vat, &policy);
	g->denied = vat_cap_broken(p->vat, VAT_OVERLOADED, "out of memory");
	if (!g->membrane || !g->denied) {
		vat_membrane_free(g->membrane);
		vat_cap_unref(g->denied);
		free(g);
		return NULL;
	}
	g->ref = r;
	r->gate = g;
	return g;
}

void gate_revoke(struct gate *g, const char *why)
{
	if (!g)
		return;
	g->ref = NULL;
	while (!list_empty(&g->entries))
		entry_revoked(list_entry(g->entries.next, struct entry, link));
	vat_membrane_revoke(g->membrane, VAT_DISCONNECTED, why);
	vat_membrane_free(TAKE_PTR(g->membrane));
	gate_unref(g);
}
