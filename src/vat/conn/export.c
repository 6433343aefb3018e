/* SPDX-License-Identifier: MIT */
/*
 * Exports: what we offer to the peer, and how a capability is described to it.
 *
 * One capability has one export, found by a hash of its address (the entry holds a reference, so
 * the address is not used again).  A promise keeps the entry it was sent as: when it resolves,
 * Resolve is sent and the entry's capability replaced, so that calls that were under way follow. If
 * it resolved to something at this very peer, the entry is pinned to that address: what is
 * addressed to the promise goes there for ever, even if that resolves further (the fourth party of
 * a "Tribble" race would otherwise see calls out of order).  So does what is addressed to it as a
 * part of results that it was sent in: the peer takes these for the same.
 */
#include "vat/conn/handoff-internal.h"

static uint32_t bucket_of(const struct vat_conn *c, const struct vat_cap *cap)
{
	uint64_t h = (uint64_t)(uintptr_t)cap * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 32) & (c->n_buckets - 1);
}

static struct exported *find(const struct vat_conn *c, const struct vat_cap *cap)
{
	struct exported *e = c->n_buckets ? c->buckets[bucket_of(c, cap)] : NULL;
	while (e && e->cap != cap)
		e = e->next;
	return e;
}

static void hash(struct exported *e)
{
	struct exported **b = &e->conn->buckets[bucket_of(e->conn, e->cap)];
	e->next = *b;
	*b = e;
	e->hashed = true;
}

static void unhash(struct exported *e)
{
	if (!e->hashed)
		return;
	struct exported **at = &e->conn->buckets[bucket_of(e->conn, e->cap)];
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	e->hashed = false;
}

/* Room for one more. */
static int reserve(struct vat_conn *c)
{
	if (c->exports.n < c->n_buckets)
		return 0;
	uint32_t n = c->n_buckets ? c->n_buckets * 2 : 16;
	struct exported **buckets = calloc(n, sizeof(struct exported *));
	if (!buckets)
		return -ENOMEM;
	struct exported **old = c->buckets;
	uint32_t n_old = c->n_buckets;
	c->buckets = buckets;
	c->n_buckets = n;
	for (uint32_t i = 0; i < n_old; i++) {
		for (struct exported *e = old[i], *next; e; e = next) {
			next = e->next;
			hash(e);
		}
	}
	free(old);
	return 0;
}

static void on_change(struct hook *h);

int export_new(struct vat_conn *c, struct vat_cap *cap, struct exported **ret)
{
	int r = reserve(c);
	if (r < 0)
		return r;
	struct exported *e = pool_get(&c->vat->pool, sizeof(*e));
	if (!e)
		return -ENOMEM;
	r = idtab_add(&c->exports, c->limits.exports, e, &e->id);
	if (r < 0) {
		pool_put(&c->vat->pool, e, sizeof(*e));
		return r;
	}
	e->conn = c;
	e->cap = vat_cap_ref(cap);
	e->hook.fn = on_change;
	list_init(&e->hook.link);
	list_init(&e->link);
	*ret = e;
	return 0;
}

void export_free(struct exported *e)
{
	unhash(e);
	idtab_remove(&e->conn->exports, e->id);
	list_unlink(&e->hook.link);
	list_unlink(&e->link);
	vine_free(e->vine);
	vat_cap_unref(e->cap);
	pool_put(&e->conn->vat->pool, e, sizeof(*e));
}

void export_release(struct exported *e, uint32_t n)
{
	assert(n <= e->refs);
	e->refs -= n;
	if (!e->refs)
		export_free(e);
}

/* ---- promises that resolve ------------------------------------------------------------------ */

static void replace(struct exported *e, struct vat_cap *takes)
{
	unhash(e);
	vat_cap_unref(e->cap);
	e->cap = takes;
	e->promise = false;
}

static void resolve_broken(struct exported *e, struct failure *f)
{
	uint64_t w[WIRE_WORDS];
	struct vat_error err = failure_error(f);
	conn_put(e->conn, w, wire_resolve_exception(w, e->id, &err));
}

/* What was sent in results can be called by way of the answer too, and has to go the same way as
 * what is called by the promise's own name. */
static void pin_results(struct vat_conn *c, const struct vat_cap *promise, struct vat_cap *pin)
{
	list_for_each (l, &c->promising) {
		struct vat_message *m = list_entry(l, struct answer, link)->results->msg;
		for (uint32_t i = 0; i < vat_message_n_caps(m); i++)
			if (vat_message_cap(m, i) == promise)
				vat_message_set_cap(m, i, vat_cap_ref(pin));
	}
}

/* Tells the peer what e has become. */
static void resolve(struct exported *e)
{
	struct vat_conn *c = e->conn;
	struct vat_cap *cap = vat_cap_ref(cap_inner(e->cap)), *pin = NULL;
	struct failure *f = NULL;
	struct descriptor d;
	if (!cap)
		f = failure_new(VAT_FAILED, "null capability");
	else if (cap_failure(cap))
		f = failure_ref(cap_failure(cap));
	c->called_ahead = e->called;
	int r = f ? 0 : conn_describe(c, cap, &d, &pin);
	c->called_ahead = false;
	if (r == -ENOSPC)
		f = failure_new(VAT_OVERLOADED, "too many capabilities exported");
	else if (r < 0)
		f = failure_oom();
	if (pin && e->result)
		pin_results(c, e->cap, pin);
	replace(e, pin ? pin : cap);
	if (pin)
		vat_cap_unref(cap);
	if (f) {
		resolve_broken(e, f);
	} else {
		struct vat_cap *owners[2];
		uint32_t n = conn_describe_fds(c, cap, &d, owners, ARRAY_SIZE(owners), 0);
		uint64_t w[WIRE_WORDS];
		conn_put_fds(c, w, wire_resolve_cap(w, e->id, &d), owners, n);
		if (d.tag == DESC_THIRD_PARTY_HOSTED)
			conn_send_late(c);
	}
	failure_unref(f);
}

/* The exported promise resolved, perhaps to another promise. */
static void on_change(struct hook *h)
{
	struct exported *e = container_of(h, struct exported, hook);
	struct vat_cap *cap = cap_inner(e->cap);
	struct address a;
	if (!cap_unsettled(cap) || (cap_address(cap, &a) && a.conn == e->conn) ||
		(!e->called && handoff_address(cap, e->conn, &a)))
		resolve(e);
	else
		cap_hook(cap, &e->hook);
}

void conn_send_late(struct vat_conn *c)
{
	struct list *l;
	while ((l = list_pop(&c->late))) {
		struct exported *e = list_entry(l, struct exported, link);
		if (e->vine) {
			vine_sent(e->vine);
			continue;
		}
		e->late = false;
		resolve_broken(e, cap_failure(e->cap));
		e->promise = false;
	}
}

/* ---- describing ----------------------------------------------------------------------------- */

/* ret_result: not NULL if it can be called by way of the answer too; as in conn_describe(). */
static int describe_local(
	struct vat_conn *c, struct vat_cap *cap, struct descriptor *d, struct vat_cap **ret_result)
{
	bool broken = cap_failure(cap), promise = cap_unsettled(cap);
	/* A broken capability has no identity: it is a promise rejected at once. */
	struct exported *e = broken ? NULL : find(c, cap);
	if (!e) {
		int r = export_new(c, cap, &e);
		if (r < 0)
			return r;
		e->promise = promise || broken;
		if (broken) {
			e->late = true;
			list_append(&c->late, &e->link);
		} else {
			hash(e);
		}
		if (promise)
			cap_hook(cap, &e->hook);
	}
	if (e->refs == UINT32_MAX)
		return -ENOSPC;
	if (ret_result && e->promise) {
		e->called = e->result = true;
		*ret_result = vat_cap_ref(cap);
	}
	e->refs++;
	d->tag = e->promise ? DESC_SENDER_PROMISE : DESC_SENDER_HOSTED;
	d->id = e->id;
	return 0;
}

int conn_describe(
	struct vat_conn *c, struct vat_cap *cap, struct descriptor *d, struct vat_cap **ret_pin)
{
	struct address a;
	*d = (struct descriptor){.tag = DESC_NONE, .fd = NO_FD};
	if (ret_pin)
		*ret_pin = NULL;
	cap = cap_inner(cap);
	if (!cap)
		return 0;
	bool there = cap_address(cap, &a);
	if (!(there && a.conn == c) && (c->called_ahead || !handoff_address(cap, c, &a))) {
		if (there && cap->kind == CAP_IMPORT && introduce(c, cap, d))
			return 0;
		return describe_local(c, cap, d, ret_pin);
	}
	if (a.import) {
		d->tag = DESC_RECEIVER_HOSTED;
		d->id = a.import->id;
	} else {
		d->tag = DESC_RECEIVER_ANSWER;
		d->id = a.question->id;
		d->path = a.path;
		d->n_path = a.n_path;
	}
	if (!ret_pin || cap->kind == CAP_PIN)
		return 0;
	*ret_pin = pin_new(c->vat, &a);
	if (!*ret_pin)
		return -ENOMEM;
	/* The path has to outlive the promise it was borrowed from. */
	d->path = (*ret_pin)->pin.path;
	return 0;
}

uint32_t conn_describe_fds(struct vat_conn *c, struct vat_cap *cap, struct descriptor *d,
	struct vat_cap **owners, uint32_t room, uint32_t n)
{
	struct vat_cap *owner = NULL;
	d->fd = NO_FD;
	if (!c->fds)
		return n;
	if (d->tag == DESC_SENDER_HOSTED || d->tag == DESC_THIRD_PARTY_HOSTED)
		owner = cap_fd_owner(cap);
	if (owner && n < room) {
		d->fd = (uint8_t)n;
		owners[n++] = owner;
	}
	owner = d->tag == DESC_THIRD_PARTY_HOSTED ? vine_way(c, d->id) : NULL;
	if (owner && n < room) {
		d->contact->way = (uint8_t)n;
		owners[n++] = owner;
	}
	return n;
}

void conn_undescribe(struct vat_conn *c, const struct descriptor *d)
{
	if (!descriptor_exports(d))
		return;
	export_release(idtab_get(&c->exports, d->id), 1);
}
