/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: making a reference.
 *
 * One that is not persistent, or to an object that is stored already, is made at once.  The first
 * persistent one has the object's description stored: each capability in it is asked for a
 * persistent reference of its own, wherever it lives, and only when all have answered is
 * everything written, in one transaction.  While that goes on, others for the same object wait,
 * so that it is not stored twice.  If it fails, the references made for it are removed again, as
 * far as they are ours.
 */
#include "svc/persistence/internal.h"

#include "core/ref.h"

#include <stdio.h>

enum { TIMEOUT_MAX_S = 100 * 366 * 86400ull };

struct creation {
	struct list link; /* persistence.creations */
	struct client *client;
	struct vat_ctx *ctx;
	char runtime_id[RUNTIME_ID_MAX + 1];
	struct pack *pack; /* while its capabilities are being stored */
	struct asked {
		struct creation *c;
		uint32_t index;
		struct vat_call *call;
	} * asked;
	uint32_t n_pending;
	bool starting; /* capabilities are being asked: do not conclude yet */
	bool queued; /* behind another one for the same object */
	sd_event_source *timer;
};

/* ---- at once ------------------------------------------------------------------------------- */

void write_sturdy_ref(
	struct persistence *p, const uint8_t *secret, struct metac_metac_sturdy_ref_b b)
{
	struct vat_data d = {secret, SECRET_SIZE};
	metac_node_address_set_ip(metac_metac_sturdy_ref_init_node(b), vat_str(p->address));
	metac_metac_sturdy_ref_set_service(b, vat_str(OWN_SERVICE));
	vat_set_data(metac_metac_sturdy_ref_get_object_info_b(b), d);
}

static int put_ref(struct persistence *p, const struct ledger_ref *r)
{
	struct store_ref row = {
		.service = r->object ? r->object->service : OWN_SERVICE,
		.runtime_id = r->persistent ? r->object->runtime_id : NULL,
		.has_parent = r->parent != NULL,
		.created = r->created,
		.expires = r->expires,
	};
	memcpy(row.hash, r->hash, sizeof(row.hash));
	if (r->parent)
		memcpy(row.parent, r->parent->hash, sizeof(row.parent));
	return store_ref_put(p->store, &row);
}

int create_store_parents(struct persistence *p, struct ledger_ref *parent)
{
	size_t n = 0;
	/* A persistent one is stored already, and so are its parents. */
	for (struct ledger_ref *r = parent; r && !r->persistent; r = r->parent)
		n++;
	AUTO_FREE struct ledger_ref **chain = calloc(n ? n : 1, sizeof(struct ledger_ref *));
	if (!chain)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++, parent = parent->parent)
		chain[i] = parent;
	int r = 0;
	while (r == 0 && n > 0) /* outermost first */
		r = put_ref(p, chain[--n]);
	return r;
}

static int store_new(struct persistence *p, struct ledger_ref *ref, const struct new_ref *n)
{
	struct ledger_object *o = ref->object;
	struct live *l = o->live;
	struct store_object row = {
		.service = o->service,
		.runtime_id = o->runtime_id,
		.category = o->category,
		.summary = o->summary,
		.description = n->stored,
		.description_size = n->stored_size,
		.created = o->created,
		.waits = l->waits,
	};
	int r = store_begin(p->store);
	if (r == 0 && !o->persistent)
		r = store_object_put(p->store, &row);
	if (r == 0)
		r = create_store_parents(p, ref->parent);
	if (r == 0)
		r = put_ref(p, ref);
	if (r == 0)
		r = store_commit(p->store);
	if (r < 0)
		store_rollback(p->store);
	else
		o->persistent = true;
	return r;
}

static int add_object(struct persistence *p, const struct new_ref *n, struct ledger_object **ret)
{
	char id[33];
	struct ledger_object_spec spec = {
		.service = n->service,
		.runtime_id = n->runtime_id,
		.category = n->category,
		.summary = n->summary,
		.created = now_us(),
		.state = LEDGER_STORED,
	};
	if (!*n->runtime_id) {
		uint8_t random[SECRET_SIZE];
		secret_make(random);
		for (size_t i = 0; i < sizeof(id) / 2; i++)
			(void)snprintf(id + 2 * i, 3, "%02x", random[i]);
		spec.runtime_id = id;
	}
	int r = ledger_object_add(p->ledger, &spec, ret);
	if (r == 0 && (r = live_new(p, *ret)) < 0) {
		struct ledger_removed removed = LEDGER_REMOVED_INIT(removed);
		ledger_object_remove(p->ledger, *ret, &removed);
		removed_free(&removed, "");
	}
	return r;
}

int expiry_after(uint64_t timeout, int64_t *ret, struct err *e)
{
	if (timeout > TIMEOUT_MAX_S)
		return err_set(e, -ERANGE, "a timeout of more than 100 years; 0 means never");
	*ret = timeout ? now_us() + (int64_t)timeout * 1000000 : 0;
	return 0;
}

int create_now(
	struct persistence *p, const struct new_ref *n, uint8_t secret[SECRET_SIZE], struct err *e)
{
	struct ledger_removed removed = LEDGER_REMOVED_INIT(removed);
	struct ledger_object *o = ledger_object_find(p->ledger, n->service, n->runtime_id);
	bool is_new = !o || !*n->runtime_id;
	uint8_t hash[SECRET_HASH_SIZE];
	struct ledger_ref *ref = NULL;
	int r = is_new ? add_object(p, n, &o) : 0;
	if (r < 0)
		return err_errno(e, r, "too many objects");
	secret_make(secret);
	secret_hash(secret, SECRET_SIZE, hash);
	struct ledger_ref_spec spec = {.hash = hash,
		.object = o,
		.parent = n->parent,
		.persistent = n->persistent,
		.created = now_us(),
		.expires = n->expires};
	r = ledger_ref_add(p->ledger, &spec, &ref);
	if (r == -EDQUOT)
		err_set(e, r, "too many references%s", is_new ? "" : " to this object");
	if (r == 0 && n->persistent)
		r = store_new(p, ref, n);
	if (r < 0) {
		if (!e->code)
			err_errno(e, r, "save the reference");
		if (ref)
			ledger_ref_remove(p->ledger, ref, &removed);
		else if (is_new)
			ledger_object_remove(p->ledger, o, &removed);
		removed_free(&removed, "revoked");
		return r;
	}
	if (n->cap)
		live_adopt(o->live, n->cap);
	if (n->expires)
		remove_expired(p); /* arms the timer */
	return 0;
}

int store_part(struct persistence *p, struct pack *pack, uint32_t i,
	struct metac_metac_sturdy_ref_r r, struct err *e)
{
	uint8_t hash[SECRET_HASH_SIZE];
	if (!own_hash(p, r, hash))
		return pack_set_ref(pack, i, r, e);
	pack_set_own(pack, i, hash);
	return 0;
}

/* ---- with parts ---------------------------------------------------------------------------- */

static struct persistence_service_persistence_handler_create_sturdy_ref_params_r params_of(
	const struct creation *c)
{
	struct persistence_service_persistence_handler_create_sturdy_ref_ctx cx = {c->ctx};
	return persistence_service_persistence_handler_create_sturdy_ref_params(cx);
}

static struct persistence_cap_description_r description_of(const struct creation *c)
{
	return persistence_service_persistence_handler_create_sturdy_ref_params_get_description(
		params_of(c));
}

static void advance(struct creation *c);

static bool same_object(const struct creation *a, const struct creation *b)
{
	return a->client == b->client && *a->runtime_id && !strcmp(a->runtime_id, b->runtime_id);
}

/* Takes c from the list, frees it, and lets the next one for the same object go on. */
static void creation_end(struct creation *c)
{
	struct persistence *p = c->client->p;
	struct creation *next = NULL;
	list_unlink(&c->link);
	p->n_creations--;
	list_for_each (i, &p->creations) {
		struct creation *other = list_entry(i, struct creation, link);
		if (!next && other->queued && same_object(c, other))
			next = other;
	}
	for (uint32_t i = 0; c->asked && i < c->pack->n_caps; i++)
		vat_call_free(c->asked[i].call);
	free(c->asked);
	pack_free(c->pack);
	sd_event_source_disable_unref(c->timer);
	free(c);
	if (next) {
		next->queued = false;
		advance(next);
	}
}

/* The references made for it are of no use to anybody. */
static void remove_made(struct creation *c)
{
	struct hashes h = {};
	for (uint32_t i = 0; c->asked && i < c->pack->n_caps; i++) {
		struct vat_data own =
			persistence_stored_capability_get_own(persistence_stored_capability_b_r(
				persistence_stored_capability_at_b(c->pack->slots, i)));
		if (own.len == SECRET_HASH_SIZE)
			(void)hashes_add(&h, own.p);
	}
	if (h.n)
		(void)remove_refs(c->client->p, &h, "revoked");
}

static void creation_fail(struct creation *c, const struct err *e)
{
	remove_made(c);
	fail(c->ctx, e);
	creation_end(c);
}

static void finish(struct creation *c)
{
	struct persistence *p = c->client->p;
	struct persistence_service_persistence_handler_create_sturdy_ref_params_r q = params_of(c);
	struct persistence_service_persistence_handler_create_sturdy_ref_ctx cx = {c->ctx};
	struct persistence_cap_description_r d = description_of(c);
	AUTO_FREE void *stored = NULL;
	struct new_ref n = {
		.service = c->client->name,
		.runtime_id = c->runtime_id,
		.category = persistence_cap_description_get_category(d).s,
		.summary = persistence_cap_description_get_summary(d).s,
		.persistent =
			persistence_service_persistence_handler_create_sturdy_ref_params_get_persistent(
				q),
		.cap = vat_ptr_cap(
			persistence_service_persistence_handler_create_sturdy_ref_params_get_cap(
				q)),
	};
	struct err e = {};
	uint8_t secret[SECRET_SIZE];
	int r = expiry_after(
		persistence_service_persistence_handler_create_sturdy_ref_params_get_timeout(q),
		&n.expires, &e);
	if (r == 0 && c->pack)
		r = pack_finish(c->pack, &e, &stored, &n.stored_size);
	n.stored = stored;
	if (r == 0)
		r = create_now(p, &n, secret, &e);
	if (r < 0) {
		creation_fail(c, &e);
		return;
	}
	write_sturdy_ref(p, secret,
		persistence_service_persistence_handler_create_sturdy_ref_results_init_ref(
			persistence_service_persistence_handler_create_sturdy_ref_results(cx)));
	secret_wipe(secret, sizeof(secret));
	vat_ctx_return(c->ctx);
	creation_end(c);
}

static void conclude(struct creation *c)
{
	if (!c->starting && !c->n_pending)
		finish(c);
}

static void on_asked(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct asked *a = user;
	struct creation *c = a->c;
	struct err e = {};
	if (err && err->kind == VAT_UNIMPLEMENTED) {
		err_set(&e, -EINVAL, "it can not be stored (it is not Persistable)");
	} else if (err) {
		err_set(&e, -EIO, "%s", err->text);
		e.kind = (enum err_kind)err->kind;
	} else {
		(void)store_part(c->client->p, c->pack, a->index,
			persistence_persistable_create_sturdy_ref_results_get_id(
				persistence_persistable_create_sturdy_ref_results_from(results)),
			&e);
	}
	if (e.code) {
		err_wrap(&e, e.code, "capability %u of %u in the description", a->index + 1,
			c->pack->n_caps);
		creation_fail(c, &e);
		return;
	}
	c->n_pending--;
	conclude(c);
}

static int on_timeout(sd_event_source *s, uint64_t usec, void *user)
{
	struct err e = {};
	err_set(&e, -ETIMEDOUT, "storing what the description refers to: no answer in time");
	creation_fail(user, &e);
	return 0;
}

/* Asks each capability of the description for a reference to store. */
static int ask_parts(struct creation *c, struct err *e)
{
	struct persistence *p = c->client->p;
	int r = pack_new(
		persistence_cap_description_get_description(description_of(c)), e, &c->pack);
	if (r < 0)
		return r;
	c->asked = calloc(c->pack->n_caps ? c->pack->n_caps : 1, sizeof(*c->asked));
	r = c->asked ? timer_set(p, &c->timer, CREATE_TIMEOUT_US, on_timeout, c) : -ENOMEM;
	if (r < 0)
		return err_errno(e, r, "description");
	c->starting = true;
	for (uint32_t i = 0; i < c->pack->n_caps; i++) {
		struct vat_cap *cap = pack_cap(c->pack, i);
		if (!cap)
			continue;
		c->asked[i].c = c;
		c->asked[i].index = i;
		c->n_pending++;
		struct persistence_persistable_create_sturdy_ref_req q =
			persistence_persistable_create_sturdy_ref(
				p->vat, persistence_persistable_cast(cap));
		persistence_persistable_create_sturdy_ref_params_set_rgroup(q.params,
			persistence_service_persistence_handler_create_sturdy_ref_params_get_group(
				params_of(c)));
		persistence_persistable_create_sturdy_ref_params_set_persistent(q.params, true);
		c->asked[i].call = q.call;
		persistence_persistable_create_sturdy_ref_send(q, on_asked, &c->asked[i]);
	}
	c->starting = false;
	return 0;
}

static void advance(struct creation *c)
{
	struct persistence *p = c->client->p;
	struct ledger_object *o =
		*c->runtime_id ? ledger_object_find(p->ledger, c->client->name, c->runtime_id)
			       : NULL;
	bool persistent =
		persistence_service_persistence_handler_create_sturdy_ref_params_get_persistent(
			params_of(c));
	if (!persistent || (o && o->persistent)) {
		finish(c);
		return;
	}
	list_for_each (i, &p->creations) {
		struct creation *other = list_entry(i, struct creation, link);
		if (other != c && other->pack && same_object(c, other)) {
			c->queued = true;
			return;
		}
	}
	struct err e = {};
	if (ask_parts(c, &e) < 0)
		creation_fail(c, &e);
	else
		conclude(c);
}

static void on_cancel(void *user)
{
	struct err e = {};
	err_set(&e, -ECANCELED, "canceled");
	creation_fail(user, &e);
}

static int check_params(const struct creation *c, struct err *e)
{
	struct persistence_cap_description_r d = description_of(c);
	if (!text_ok(persistence_cap_description_get_runtime_id(d), RUNTIME_ID_MAX))
		return err_set(
			e, -EINVAL, "runtimeId: more than %d bytes, or a NUL", RUNTIME_ID_MAX);
	if (!text_ok(persistence_cap_description_get_category(d), CATEGORY_MAX))
		return err_set(e, -EINVAL, "category: more than %d bytes, or a NUL", CATEGORY_MAX);
	if (!text_ok(persistence_cap_description_get_summary(d), SUMMARY_MAX))
		return err_set(e, -EINVAL, "summary: more than %d bytes, or a NUL", SUMMARY_MAX);
	if (!vat_ptr_cap(persistence_service_persistence_handler_create_sturdy_ref_params_get_cap(
		    params_of(c))))
		return err_set(e, -EINVAL, "no capability given to make a reference to");
	return 0;
}

void create_start(struct client *client,
	struct persistence_service_persistence_handler_create_sturdy_ref_ctx cx)
{
	struct persistence *p = client->p;
	struct creation *c = NULL;
	if (p->n_creations < CREATIONS_MAX)
		c = calloc(1, sizeof(*c));
	if (!c) {
		vat_ctx_fail(
			cx.ctx, VAT_OVERLOADED, "too many references are being made; try again");
		return;
	}
	c->client = client;
	c->ctx = cx.ctx;
	list_append(&p->creations, &c->link);
	p->n_creations++;
	struct err e = {};
	if (check_params(c, &e) < 0) {
		creation_fail(c, &e);
		return;
	}
	struct vat_text id = persistence_cap_description_get_runtime_id(description_of(c));
	memcpy(c->runtime_id, id.s, id.len + 1);
	vat_ctx_on_cancel(cx.ctx, on_cancel, c);
	advance(c);
}

int create_describe_again(
	struct client *client, struct persistence_cap_description_r d, struct err *e)
{
	struct persistence *p = client->p;
	struct vat_text id = persistence_cap_description_get_runtime_id(d);
	struct vat_text summary = persistence_cap_description_get_summary(d);
	struct ledger_object *o = id.len && text_ok(id, RUNTIME_ID_MAX)
					  ? ledger_object_find(p->ledger, client->name, id.s)
					  : NULL;
	AUTO(pack_free) struct pack *pack = NULL;
	AUTO_FREE void *bytes = NULL;
	struct store_object row = {.service = client->name, .runtime_id = id.s};
	if (!o || !o->persistent)
		return 0;
	if (!text_ok(summary, SUMMARY_MAX))
		return err_set(e, -EINVAL, "summary: more than %d bytes, or a NUL", SUMMARY_MAX);
	int r = pack_new(persistence_cap_description_get_description(d), e, &pack);
	if (r < 0)
		return r;
	if (pack->n_caps)
		return err_set(e, -EINVAL, "a description with capabilities can not be replaced");
	r = pack_finish(pack, e, &bytes, &row.description_size);
	if (r < 0)
		return r;
	row.summary = summary.s;
	row.description = bytes;
	r = store_object_describe(p->store, &row);
	if (r >= 0)
		r = ledger_object_set_summary(o, summary.s);
	return r < 0 ? err_errno(e, r, "save the description") : 0;
}

void creations_free(struct persistence *p)
{
	struct err e = {};
	err_set(&e, -ESHUTDOWN, "the persistence service ends");
	while (!list_empty(&p->creations)) {
		struct creation *c = list_entry(p->creations.next, struct creation, link);
		c->queued = false; /* creation_end wakes nobody: all go */
		list_for_each (i, &p->creations)
			list_entry(i, struct creation, link)->queued = false;
		creation_fail(c, &e);
	}
}
