/* SPDX-License-Identifier: MIT */
/*
 * Outcomes: see cap.h.
 *
 * Results resolve the pipes first, then the consumers are told.  A pipe that has to be embargoed
 * stays in the list: whoever asks for that part of the results later still has to queue behind it.
 */
#include "vat/cap/cap.h"
#include "vat/conn/conn.h"

struct outcome *outcome_new(struct vat *v)
{
	struct outcome *o = pool_get(&v->pool, sizeof(*o));
	if (!o)
		return NULL;
	o->refs = 1;
	o->vat = vat_ref(v);
	list_init(&o->consumers);
	list_init(&o->pipes);
	list_init(&o->unwanted);
	return o;
}

struct outcome *outcome_ref(struct outcome *o)
{
	o->refs++;
	return o;
}

void outcome_unref(struct outcome *o)
{
	if (!o || --o->refs)
		return;
	struct vat *v = o->vat;
	assert(list_empty(&o->pipes) && list_empty(&o->consumers));
	parcel_unref(o->results);
	failure_unref(o->failure);
	pool_put(&v->pool, o, sizeof(*o));
	vat_unref(v);
}

static bool is_unwanted(const struct outcome *o)
{
	return o->state == OUTCOME_PENDING && !o->interest && o->producer && !o->canceled;
}

static void cancel(struct outcome *o)
{
	o->canceled = true;
	o->producer->cancel(o, o->producer_data);
}

/* A producer that is told may be the only one who wanted another outcome, and so on: a row as long
 * as peers like (calls redirected each to the next, say).  So one is told after the other, not
 * within the other. */
void outcome_check(struct outcome *o)
{
	struct vat *v = o->vat;
	struct list *l;
	if (!is_unwanted(o))
		return;
	if (v->canceling) {
		if (list_empty(&o->unwanted))
			list_append(&v->unwanted, &outcome_ref(o)->unwanted);
		return;
	}
	vat_enter(v);
	v->canceling = true;
	cancel(o);
	while ((l = list_pop(&v->unwanted))) {
		o = list_entry(l, struct outcome, unwanted);
		if (is_unwanted(o))
			cancel(o);
		outcome_unref(o);
	}
	v->canceling = false;
	vat_leave(v);
}

void outcome_hold(struct outcome *o)
{
	outcome_ref(o);
	o->interest++;
}

void outcome_drop(struct outcome *o)
{
	assert(o->interest > 0);
	if (!--o->interest)
		outcome_check(o);
	outcome_unref(o);
}

void outcome_consume(
	struct outcome *o, struct consumer *c, void (*done)(struct consumer *, struct outcome *))
{
	c->done = done;
	list_init(&c->link);
	if (o->state == OUTCOME_PENDING)
		list_append(&o->consumers, &c->link);
	else
		done(c, o);
}

void outcome_set_producer(struct outcome *o, const struct producer *producer, void *data)
{
	o->producer = producer;
	o->producer_data = data;
	o->canceled = false;
	outcome_check(o);
}

void outcome_clear_producer(struct outcome *o)
{
	o->producer = NULL;
	o->producer_data = NULL;
}

bool outcome_unwatched(const struct outcome *o)
{
	const struct list *first = o->consumers.next;
	if (list_empty(&o->consumers))
		return true;
	return o->answer && first == &o->answer->consumer.link && o->consumers.prev == first;
}

static void tell(struct outcome *o)
{
	struct list *l;
	while ((l = list_pop(&o->consumers))) {
		struct consumer *c = list_entry(l, struct consumer, link);
		c->done(c, o);
	}
}

/*
 * Where calls were sent ahead to a part of the results, whoever takes that part from the results
 * has to queue behind them like the pipe does: the pipe takes its place in the capability table.
 * The message may be another outcome's too, for which that is not so: then it is copied.
 */
static void replace_embargoed(struct outcome *o)
{
	uint32_t i;
	list_for_each (l, &o->pipes) {
		struct vat_cap *p = list_entry(l, struct vat_cap, promise.pipe);
		if (p->state != PROMISE_EMBARGOED)
			continue;
		if (o->results->refs > 1 || o->results->sent) {
			struct parcel *copy = parcel_copy(o->results, PARCEL_RETURN, 0);
			if (!copy)
				return;
			parcel_unref(o->results);
			o->results = copy;
		}
		if (parcel_cap_index(o->results, p->promise.path, p->promise.n_path, &i))
			vat_message_set_cap(o->results->msg, i, cap_revive(p));
	}
}

void outcome_return(struct outcome *o, struct parcel *takes_results)
{
	if (o->state != OUTCOME_PENDING) {
		parcel_unref(takes_results);
		return;
	}
	struct vat *v = o->vat;
	vat_enter(v);
	outcome_ref(o);
	o->state = OUTCOME_RETURNED;
	o->results = takes_results;
	outcome_clear_producer(o);
	list_for_each_safe (l, &o->pipes) {
		struct vat_cap *p = list_entry(l, struct vat_cap, promise.pipe);
		struct vat_cap *to = parcel_cap_at(o->results, p->promise.path, p->promise.n_path);
		bool ghost = p->ghost;
		cap_resolve(p, vat_cap_ref(to));
		if (ghost)
			vat_cap_unref(p);
	}
	o->question = NULL;
	replace_embargoed(o);
	tell(o);
	outcome_unref(o);
	vat_leave(v);
}

void outcome_fail(struct outcome *o, struct failure *takes)
{
	if (o->state != OUTCOME_PENDING) {
		failure_unref(takes);
		return;
	}
	struct vat *v = o->vat;
	vat_enter(v);
	outcome_ref(o);
	o->state = OUTCOME_FAILED;
	o->failure = takes;
	o->question = NULL;
	outcome_clear_producer(o);
	list_for_each_safe (l, &o->pipes) {
		struct vat_cap *p = list_entry(l, struct vat_cap, promise.pipe);
		bool ghost = p->ghost;
		cap_reject(p, failure_ref(takes));
		if (ghost)
			vat_cap_unref(p);
	}
	tell(o);
	outcome_unref(o);
	vat_leave(v);
}

struct vat_cap *outcome_pipe(struct outcome *o, const uint16_t *path, size_t n)
{
	list_for_each (l, &o->pipes) {
		struct vat_cap *p = list_entry(l, struct vat_cap, promise.pipe);
		if (p->promise.n_path == n && !memcmp(p->promise.path, path, n * sizeof(*path)))
			return p;
	}
	return NULL;
}

static struct vat_cap *new_pipe(struct outcome *o, const uint16_t *path, size_t n)
{
	struct vat_cap *p = cap_promise(o->vat, PROMISE_PIPE);
	if (!p)
		return NULL;
	if (n > PATH_INLINE) {
		uint16_t *copy = malloc(n * sizeof(*copy));
		if (!copy) {
			vat_cap_unref(p);
			return NULL;
		}
		p->promise.path = copy;
	}
	if (n)
		memcpy(p->promise.path, path, n * sizeof(*path));
	p->promise.n_path = (uint16_t)n;
	p->promise.outcome = o;
	outcome_hold(o);
	list_append(&o->pipes, &p->promise.pipe);
	o->n_pipes++;
	return p;
}

struct vat_cap *outcome_pipeline(struct outcome *o, const uint16_t *path, size_t n)
{
	if (n > PATH_MAX_OPS)
		return cap_broken(
			o->vat, failure_new(VAT_FAILED, "path into the results too long"));
	if (o->state == OUTCOME_FAILED)
		return cap_broken(o->vat, failure_ref(o->failure));
	struct vat_cap *c = outcome_pipe(o, path, n);
	if (c && c->ghost && c->state == PROMISE_WAITING) {
		c->ghost = false;
		o->interest++;
		return c; /* with what was the outcome's reference */
	}
	if (c)
		return cap_revive(c);
	if (o->state == OUTCOME_RETURNED)
		return vat_cap_ref(parcel_cap_at(o->results, path, n));
	if (o->producer && o->producer->pipeline)
		c = o->producer->pipeline(o->producer_data, path, n);
	else if (o->n_pipes >= PIPES_MAX)
		c = cap_broken(o->vat,
			failure_new(VAT_OVERLOADED, "too many parts of the results called ahead"));
	else
		c = new_pipe(o, path, n);
	return c ? c : vat_cap_ref(o->vat->oom);
}

void outcome_redirect_pipes(struct outcome *from, struct outcome *to)
{
	list_for_each_safe (l, &from->pipes) {
		struct vat_cap *p = list_entry(l, struct vat_cap, promise.pipe);
		cap_resolve(p, outcome_pipeline(to, p->promise.path, p->promise.n_path));
	}
}
