/* SPDX-License-Identifier: MIT */
/*
 * Membranes.
 *
 * A wrapper (CAP_MEMBRANE) stands for a capability of the other side; there is one per capability
 * and direction, so identity is kept.  A call through it gets its parameters wrapped the other way
 * round, and an outcome of its own, joined to that of the call inside by a struct relay, which
 * wraps the results.  The content of messages is not copied: only their capability tables change.
 *
 * A wrapper around a promise is unsettled.  When the promise resolves the wrapper becomes a
 * resolved promise for the wrapped (or unwrapped) target.  Nothing here waits, and the policy is
 * asked on the spot: a call that had to wait for its turn could be overtaken by later ones, which
 * find promises resolved, answers known and wrappers gone.
 *
 * Revoking breaks every wrapper in place and fails every relay, which drops all references inside.
 */
#include "vat/cap/membrane.h"

struct vat_membrane {
	uint32_t refs; /* the handle, wrappers, relays */
	struct vat *vat; /* referenced */
	struct vat_membrane_policy policy;
	struct failure *failure; /* revoked */
	struct list wrappers;
	struct list relays;
	struct list *buckets; /* of wrappers, by what they wrap */
	uint32_t n_buckets, n_wrappers;
};

/* A call in progress through the membrane. */
struct relay {
	struct list link;
	struct vat_membrane *m; /* referenced */
	struct outcome *outer; /* referenced; this produces it */
	struct outcome *inner; /* held, only referenced once canceled; this consumes it */
	struct consumer consumer;
	bool canceled;
	bool inward;
};

static void membrane_unref(struct vat_membrane *m)
{
	if (!m || --m->refs)
		return;
	struct vat *v = m->vat;
	assert(list_empty(&m->wrappers) && list_empty(&m->relays));
	failure_unref(m->failure);
	free(m->buckets);
	free(m);
	vat_unref(v);
}

struct vat_membrane *vat_membrane_new(struct vat *v, const struct vat_membrane_policy *policy)
{
	struct vat_membrane *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->refs = 1;
	m->vat = vat_ref(v);
	if (policy)
		m->policy = *policy;
	list_init(&m->wrappers);
	list_init(&m->relays);
	return m;
}

void vat_membrane_free(struct vat_membrane *m)
{
	membrane_unref(m);
}

/* ---- wrappers ------------------------------------------------------------------------------- */

static struct list *bucket(const struct vat_membrane *m, const struct vat_cap *inner)
{
	uint64_t h = (uint64_t)(uintptr_t)inner * UINT64_C(0x9e3779b97f4a7c15);
	return &m->buckets[(h >> 32) & (m->n_buckets - 1)];
}

static int reserve(struct vat_membrane *m)
{
	if (m->n_wrappers < m->n_buckets)
		return 0;
	uint32_t n = m->n_buckets ? m->n_buckets * 2 : 16;
	struct list *buckets = malloc(n * sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		list_init(&buckets[i]);
	struct list *old = m->buckets;
	m->buckets = buckets;
	m->n_buckets = n;
	list_for_each (l, &m->wrappers) {
		struct vat_cap *w = list_entry(l, struct vat_cap, membrane.link);
		list_unlink(&w->membrane.bucket);
		list_append(bucket(m, w->membrane.inner), &w->membrane.bucket);
	}
	free(old);
	return 0;
}

static struct vat_cap *find(const struct vat_membrane *m, const struct vat_cap *inner, bool inward)
{
	if (!m->n_buckets)
		return NULL;
	list_for_each (l, bucket(m, inner)) {
		struct vat_cap *w = list_entry(l, struct vat_cap, membrane.bucket);
		if (w->membrane.inner == inner && w->membrane.inward == inward)
			return w;
	}
	return NULL;
}

static void on_inner(struct hook *h);

/* Calls go through wrappers around wrappers on the stack, and whoever passes a capability to and
 * fro between membranes makes more and more of them. */
enum { DEPTH_MAX = 64 };

static struct vat_cap *wrapper_new(struct vat_membrane *m, struct vat_cap *inner, bool inward)
{
	unsigned depth = inner->kind == CAP_MEMBRANE ? inner->membrane.depth + 1u : 1;
	if (depth > DEPTH_MAX)
		return cap_broken(m->vat,
			failure_new(VAT_OVERLOADED, "too many membranes around each other"));
	struct vat_cap *w = reserve(m) < 0 ? NULL : cap_new(m->vat, CAP_MEMBRANE);
	if (!w)
		return vat_cap_ref(m->vat->oom);
	m->refs++;
	m->n_wrappers++;
	w->membrane.membrane = m;
	w->membrane.inner = vat_cap_ref(inner);
	w->membrane.inward = inward;
	w->membrane.depth = (uint8_t)depth;
	w->membrane.hook.fn = on_inner;
	w->unsettled = cap_unsettled(inner);
	list_init(&w->membrane.hook.link);
	list_init(&w->membrane.bucket);
	list_append(&m->wrappers, &w->membrane.link);
	list_append(bucket(m, inner), &w->membrane.bucket);
	cap_hook(inner, &w->membrane.hook);
	return w;
}

/* cap as seen from the other side; new reference. inward: cap is inside. */
static struct vat_cap *wrap(struct vat_membrane *m, struct vat_cap *cap, bool inward)
{
	struct vat_cap *inner = cap_inner(cap);
	/* The null capability and broken ones are the same on both sides. */
	if (!inner || cap_failure(inner))
		return vat_cap_ref(inner);
	if (m->failure)
		return cap_broken(m->vat, failure_ref(m->failure));
	if (inner->kind == CAP_MEMBRANE && inner->membrane.membrane == m &&
		inner->membrane.inward != inward)
		return vat_cap_ref(inner->membrane.inner);
	struct vat_cap *w = find(m, inner, inward);
	return w ? cap_revive(w) : wrapper_new(m, inner, inward);
}

struct vat_cap *vat_membrane_wrap(struct vat_membrane *m, struct vat_cap *inside)
{
	struct vat *v = vat_ref(m->vat);
	vat_enter(v);
	struct vat_cap *w = wrap(m, inside, true);
	vat_leave(v);
	vat_unref(v);
	return w;
}

void membrane_clear(struct vat_cap *w)
{
	list_unlink(&w->membrane.link);
	list_unlink(&w->membrane.bucket);
	list_unlink(&w->membrane.hook.link);
	w->membrane.membrane->n_wrappers--;
	vat_cap_unref(w->membrane.inner);
	membrane_unref(w->membrane.membrane);
}

/* What is wrapped has resolved or broken. */
static void settle(struct vat_cap *w)
{
	struct vat_membrane *m = w->membrane.membrane;
	struct vat_cap *inner = cap_inner(w->membrane.inner);
	if (cap_failure(inner)) {
		cap_break(w, cap_failure(inner));
		return;
	}
	struct vat_cap *target = wrap(m, inner, w->membrane.inward);
	if (target == w) {
		/* Nothing has changed; look on. */
		vat_cap_unref(target);
		cap_hook(inner, &w->membrane.hook);
		return;
	}
	vat_cap_ref(w);
	membrane_clear(w);
	cap_become(w, target);
	vat_cap_unref(w);
}

static void on_inner(struct hook *h)
{
	struct vat_cap *w = container_of(h, struct vat_cap, membrane.hook);
	if (w->refs) /* else it is about to be freed */
		settle(w);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static void wrap_table(struct vat_membrane *m, struct parcel *p, bool inward)
{
	for (uint32_t i = 0; p && i < vat_message_n_caps(p->msg); i++) {
		struct vat_cap *c = vat_message_cap(p->msg, i);
		if (c)
			vat_message_set_cap(p->msg, i, wrap(m, c, inward));
	}
}

static void relay_free(struct relay *r)
{
	list_unlink(&r->link);
	list_unlink(&r->consumer.link);
	outcome_clear_producer(r->outer);
	if (r->canceled)
		outcome_unref(r->inner);
	else
		outcome_drop(r->inner);
	outcome_unref(r->outer);
	membrane_unref(r->m);
	free(r);
}

static void relay_fail(struct relay *r, struct failure *takes)
{
	struct outcome *outer = outcome_ref(r->outer);
	relay_free(r);
	outcome_fail(outer, takes);
	outcome_unref(outer);
}

/* The call inside may run on, and then it is still the caller's: what it takes is charged to him
 * until it is answered. */
static void relay_cancel(struct outcome *o, void *data)
{
	struct relay *r = data;
	if (r->canceled)
		return;
	r->canceled = true;
	r->inner->run_on = r->outer->run_on;
	outcome_ref(r->inner);
	outcome_drop(r->inner); /* may end r */
}

static struct vat_cap *relay_pipeline(void *data, const uint16_t *path, size_t n)
{
	struct relay *r = data;
	AUTO(vat_cap_unref) struct vat_cap *inner = outcome_pipeline(r->inner, path, n);
	return wrap(r->m, inner, r->inward);
}

static void relay_done(struct consumer *c, struct outcome *inner)
{
	struct relay *r = container_of(c, struct relay, consumer);
	if (inner->state == OUTCOME_FAILED) {
		relay_fail(r, failure_ref(inner->failure));
		return;
	}
	struct parcel *p = inner->results;
	if (p && (p->refs > 1 || p->sent))
		p = parcel_copy(p, PARCEL_RETURN, 0);
	else if (p)
		parcel_ref(p);
	if (inner->results && !p) {
		relay_fail(r, vat_message_error(inner->results->msg)
				      ? failure_new(VAT_FAILED, "malformed results")
				      : failure_oom());
		return;
	}
	wrap_table(r->m, p, r->inward);
	struct outcome *outer = outcome_ref(r->outer);
	relay_free(r);
	outcome_return(outer, p);
	outcome_unref(outer);
}

/* Puts a relay between ctx and its outcome. False when memory is out. */
static bool relay_new(struct vat_cap *w, struct vat_ctx *ctx)
{
	static const struct producer producer = {
		.cancel = relay_cancel, .pipeline = relay_pipeline};
	struct vat_membrane *m = w->membrane.membrane;
	struct relay *r = calloc(1, sizeof(*r));
	struct outcome *inner = r ? outcome_new(w->vat) : NULL;
	if (!inner) {
		free(r);
		return false;
	}
	m->refs++;
	r->m = m;
	r->inward = w->membrane.inward;
	r->outer = ctx->outcome;
	r->inner = inner;
	ctx->outcome = inner; /* its first reference */
	outcome_hold(inner);
	list_append(&m->relays, &r->link);
	outcome_consume(inner, &r->consumer, relay_done);
	struct outcome *outer = outcome_ref(r->outer);
	list_for_each_safe (l, &outer->pipes) {
		struct vat_cap *p = list_entry(l, struct vat_cap, promise.pipe);
		cap_resolve(p, relay_pipeline(r, p->promise.path, p->promise.n_path));
	}
	outcome_set_producer(outer, &producer, r);
	outcome_unref(outer);
	return true;
}

static void pass(struct vat_cap *w, struct vat_ctx *ctx)
{
	AUTO(vat_cap_unref) struct vat_cap *inner = vat_cap_ref(w->membrane.inner);
	wrap_table(w->membrane.membrane, ctx->params, !w->membrane.inward);
	if (relay_new(w, ctx))
		cap_call(inner, ctx);
	else
		ctx_fail(ctx, failure_oom());
}

void membrane_call(struct vat_cap *w, struct vat_ctx *ctx)
{
	const struct vat_membrane_policy *policy = &w->membrane.membrane->policy;
	if (!policy->call) {
		pass(w, ctx);
		return;
	}
	if (w->vat->freed) {
		ctx_fail(ctx, failure_canceled());
		return;
	}
	/* Referenced, as the policy may revoke. */
	AUTO(vat_cap_unref) struct vat_cap *self = vat_cap_ref(w);
	AUTO(vat_cap_unref) struct vat_cap *inner = vat_cap_ref(w->membrane.inner);
	AUTO(vat_cap_unref)
	struct vat_cap *instead = policy->call(
		policy->user, w->membrane.inward, ctx->interface_id, ctx->method, inner);
	if (instead || self->kind != CAP_MEMBRANE)
		cap_call(instead ? instead : self, ctx);
	else
		pass(self, ctx);
}

void vat_membrane_revoke(struct vat_membrane *m, enum vat_error_kind kind, const char *text)
{
	if (m->failure)
		return;
	struct vat *v = m->vat;
	vat_enter(v);
	m->refs++;
	m->failure = failure_new_text(kind, text, strlen(text));
	while (!list_empty(&m->relays))
		relay_fail(list_entry(m->relays.next, struct relay, link), failure_ref(m->failure));
	while (!list_empty(&m->wrappers))
		cap_break(list_entry(m->wrappers.next, struct vat_cap, membrane.link), m->failure);
	membrane_unref(m);
	vat_leave(v);
}
