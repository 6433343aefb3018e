/* SPDX-License-Identifier: MIT */
/*
 * Connections: making them, the entries of their tables, and how they end.
 */
#include "vat/conn/handoff-internal.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- life ----------------------------------------------------------------------------------- */

#define DEFAULT(field, value)              \
	do {                               \
		if (!(field))              \
			(field) = (value); \
	} while (0)

static struct vat_limits fill_limits(const struct vat_conn_config *cfg)
{
	struct vat_limits l = cfg->limits;
	DEFAULT(l.read.traversal_words, VAT_DEFAULT_WORDS);
	DEFAULT(l.read.nesting, VAT_DEFAULT_NESTING);
	DEFAULT(l.read.segments, VAT_DEFAULT_SEGMENTS);
	DEFAULT(l.message_words, 2u << 20);
	DEFAULT(l.answers, 16384);
	DEFAULT(l.questions, 65536);
	DEFAULT(l.exports, 65536);
	DEFAULT(l.imports, 65536);
	DEFAULT(l.call_words, UINT64_C(8) << 20);
	DEFAULT(l.result_words, UINT64_C(8) << 20);
	DEFAULT(l.output_bytes, UINT64_C(64) << 20);
	DEFAULT(l.fds_per_message, cfg->fds ? 16 : 0);
	DEFAULT(l.pending_fds, 256);
	/* Ids with higher bits set have other meanings. */
	l.questions = MIN(l.questions, 1u << 30);
	l.exports = MIN(l.exports, 1u << 30);
	l.fds_per_message = MIN(l.fds_per_message, 253u);
	return l;
}

static void run_closed(struct task *t)
{
	struct vat_conn *c = container_of(t, struct vat_conn, closed_task);
	if (!c->over) {
		/* Comes back here when it has ended. */
		conn_end(c, failure_oom());
		return;
	}
	void (*closed)(void *, const struct vat_error *) = TAKE_PTR(c->closed);
	if (!closed || c->vat->freed)
		return;
	/* Kept for the callback, which may free the connection. */
	struct failure *f = c->failure ? failure_ref(c->failure) : NULL;
	struct vat_error e;
	if (f)
		e = failure_error(f);
	closed(c->user, f ? &e : NULL);
	failure_unref(f);
}

int vat_conn_new(struct vat *v, const struct vat_conn_config *cfg, struct vat_conn **ret)
{
	static const struct vat_conn_config defaults;
	struct vat_conn *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (!cfg)
		cfg = &defaults;
	c->vat = vat_ref(v);
	c->limits = fill_limits(cfg);
	c->fds = cfg->fds;
	c->no_tail_calls = cfg->no_tail_calls;
	c->bootstrap = vat_cap_ref(cfg->bootstrap);
	c->closed = cfg->closed;
	c->output = cfg->output;
	c->trace = cfg->trace;
	c->trace_user = cfg->trace_user;
	c->user = cfg->user;
	task_init(&c->closed_task, run_closed);
	list_init(&c->pins);
	list_init(&c->orphans);
	list_init(&c->promising);
	list_init(&c->waiters);
	list_init(&c->late);
	list_init(&c->out);
	v->n_conns++;
	*ret = c;
	return 0;
}

void vat_conn_free(struct vat_conn *c)
{
	if (!c)
		return;
	struct vat *v = c->vat;
	vat_enter(v);
	conn_end(c, failure_new(VAT_DISCONNECTED, "connection closed"));
	task_cancel(&c->closed_task);
	conn_discard_output(c);
	if (c->in)
		chunk_unref(c->in);
	failure_unref(c->failure);
	free(c->third);
	v->n_conns--;
	free(c);
	vat_leave(v);
	vat_unref(v);
}

/* ---- imports -------------------------------------------------------------------------------- */

static struct import *import_new(struct vat_conn *c, uint32_t id, bool promise)
{
	struct import *i = pool_get(&c->vat->pool, sizeof(*i));
	if (!i)
		return NULL;
	*i = (struct import){.conn = c, .id = id, .promise = promise};
	list_init(&i->pins);
	if (idmap_add(&c->imports, id, i) < 0) {
		pool_put(&c->vat->pool, i, sizeof(*i));
		return NULL;
	}
	return i;
}

static void import_free(struct import *i)
{
	idmap_remove(&i->conn->imports, i->id);
	stems_free(i->stems);
	pool_put(&i->conn->vat->pool, i, sizeof(*i));
}

static struct vat_cap *import_cap(struct vat_conn *c, struct import *i)
{
	struct vat_cap *cap =
		i->promise ? cap_promise(c->vat, PROMISE_IMPORT) : cap_new(c->vat, CAP_IMPORT);
	if (!cap)
		return NULL;
	if (i->promise)
		cap->promise.import = i;
	else
		cap->import.import = i;
	i->cap = cap;
	i->refs++;
	return cap;
}

/* What is sent to us with every call for days on end is given back now and then, all but the last
 * time: neither side's counter runs over. */
static void count_remote(struct import *i)
{
	uint64_t w[WIRE_WORDS];
	if (i->remote_refs == REMOTE_REFS_MAX) {
		conn_put(i->conn, w, wire_release(w, i->id, i->remote_refs));
		i->remote_refs = 0;
	}
	i->remote_refs++;
}

struct vat_cap *import_get(struct vat_conn *c, uint32_t id, bool promise)
{
	struct import *i = idmap_get(&c->imports, id);
	bool fresh = !i;
	if (!i)
		i = import_new(c, id, promise);
	if (!i)
		return NULL;
	struct vat_cap *cap = i->cap;
	cap = cap ? cap_revive(cap) : import_cap(c, i);
	if (cap)
		count_remote(i);
	else if (fresh)
		import_free(i);
	return cap;
}

void import_unref(struct import *i)
{
	if (!i || --i->refs)
		return;
	uint64_t w[WIRE_WORDS];
	conn_put(i->conn, w, wire_release(w, i->id, i->remote_refs));
	import_free(i);
}

void import_leave(struct import *i)
{
	if (!i)
		return;
	i->cap = NULL;
	i->conn->n_held_fds -= i->has_fd;
	i->has_fd = false;
	import_unref(i);
}

/* ---- questions and answers ------------------------------------------------------------------ */

static void cancel_question(struct outcome *o, void *data)
{
	struct question *q = data;
	q->run_on = o->run_on;
	question_detach(q);
	question_unref(q);
	outcome_fail(o, failure_canceled());
}

struct question *question_new(struct vat_conn *c, struct outcome *o)
{
	struct question *q = pool_get(&c->vat->pool, sizeof(*q));
	if (!q)
		return NULL;
	if (idtab_add(&c->questions, c->limits.questions, q, &q->slot) < 0) {
		pool_put(&c->vat->pool, q, sizeof(*q));
		return NULL;
	}
	q->id = q->slot;
	q->conn = c;
	q->refs = 1;
	q->outcome = o ? outcome_ref(o) : NULL;
	list_init(&q->take.link);
	list_init(&q->pins);
	return q;
}

bool question_raise(struct question *q)
{
	struct vat_conn *c = q->conn;
	if (c->next_high == QUESTION_HIGH) {
		if (c->n_high)
			return false; /* one of the first may be among them */
		c->next_high = 0;
		c->high_again = true;
	}
	q->id = QUESTION_HIGH | c->next_high++;
	c->n_high++;
	return true;
}

void question_start(struct question *q)
{
	static const struct producer producer = {.cancel = cancel_question};
	struct outcome *o = outcome_ref(q->outcome);
	o->question = q;
	cap_flush_pipes(o);
	outcome_set_producer(o, &producer, q);
	outcome_unref(o);
}

void question_detach(struct question *q)
{
	struct outcome *o = TAKE_PTR(q->outcome), *taken = TAKE_PTR(q->taken);
	/* First, as what is dropped below may be this very outcome: a peer can redirect a call in a
	 * circle. */
	if (o)
		outcome_clear_producer(o);
	list_unlink(&q->take.link);
	if (taken)
		outcome_drop(taken);
	vat_cap_unref(TAKE_PTR(q->via));
	outcome_unref(o);
}

void question_free(struct question *q)
{
	assert(!q->outcome && !q->taken);
	idtab_remove(&q->conn->questions, q->slot);
	q->conn->n_high -= q->id >= QUESTION_HIGH;
	vine_orphan(q->vine);
	if (q->answer)
		q->answer->tail = NULL;
	vat_cap_unref(q->via);
	free(q->param_exports.many);
	pool_put(&q->conn->vat->pool, q, sizeof(*q));
}

void question_unref(struct question *q)
{
	if (!q || --q->refs)
		return;
	uint64_t w[WIRE_WORDS];
	if (!q->finished && q->run_on)
		conn_put(q->conn, w, wire_finish_delivered(w, q->id, !q->returned));
	else if (!q->finished)
		conn_put(q->conn, w, wire_finish(w, q->id, !q->returned));
	q->finished = true;
	if (q->returned || q->id >= QUESTION_HIGH)
		question_free(q);
}

void answer_free(struct answer *a)
{
	struct vat_conn *c = a->conn;
	if (a->orphan)
		c->n_orphans--;
	else
		idmap_remove(&c->answers, a->id);
	list_unlink(&a->link);
	list_unlink(&a->consumer.link);
	a->outcome->answer = NULL;
	c->call_words -= a->call_words;
	c->result_words -= a->result_words;
	if (!a->dropped)
		outcome_drop(a->outcome);
	outcome_unref(a->outcome);
	if (a->tail) {
		a->tail->answer = NULL;
		question_unref(a->tail);
	}
	parcel_unref(a->results);
	provision_free(a->provision);
	free(a->result_exports.many);
	pool_put(&c->vat->pool, a, sizeof(*a));
}

/* ---- addresses and pins --------------------------------------------------------------------- */

bool cap_address(struct vat_cap *c, struct address *ret)
{
	*ret = (struct address){0};
	if (c->kind == CAP_IMPORT) {
		ret->import = c->import.import;
	} else if (c->kind == CAP_PIN) {
		ret->import = c->pin.import;
		ret->question = c->pin.question;
		ret->path = c->pin.path;
		ret->n_path = c->pin.n_path;
	} else if (c->kind == CAP_PROMISE && c->state == PROMISE_WAITING) {
		ret->import = c->promise.import;
		if (c->promise.outcome)
			ret->question = c->promise.outcome->question;
		ret->via = c->source == PROMISE_PIPE ? c : NULL;
		ret->path = c->promise.path;
		ret->n_path = c->promise.n_path;
	}
	if (ret->import)
		ret->conn = ret->import->conn;
	else if (ret->question)
		ret->conn = ret->question->conn;
	return ret->conn;
}

struct vat_cap *pin_new(struct vat *v, const struct address *a)
{
	struct vat_cap *c = cap_new(v, CAP_PIN);
	if (!c)
		return NULL;
	if (a->question && a->n_path) {
		c->pin.path = malloc(a->n_path * sizeof(*c->pin.path));
		if (!c->pin.path) {
			list_init(&c->pin.same);
			vat_cap_unref(c);
			return NULL;
		}
		memcpy(c->pin.path, a->path, a->n_path * sizeof(*c->pin.path));
		c->pin.n_path = (uint16_t)a->n_path;
	}
	c->pin.import = a->import;
	c->pin.question = a->question;
	if (a->import)
		a->import->refs++;
	else
		a->question->refs++;
	list_append(a->import ? &a->import->pins : &a->question->pins, &c->pin.same);
	list_append(&a->conn->pins, &c->link);
	return c;
}

void pins_take(struct list *from, const uint16_t *path, size_t n, struct list *to)
{
	list_for_each (l, from) {
		struct vat_cap *c = list_entry(l, struct vat_cap, pin.same);
		bool match = !path || (c->pin.n_path == n && (!n || !memcmp(c->pin.path, path,
									    n * sizeof(*path))));
		if (!c->refs || !match)
			continue;
		list_unlink(&c->link);
		list_append(to, &c->link);
	}
}

void pin_clear(struct vat_cap *c)
{
	list_unlink(&c->link);
	list_unlink(&c->pin.same);
	import_unref(c->pin.import);
	question_unref(c->pin.question);
	free(c->pin.path);
}

/* ---- the end -------------------------------------------------------------------------------- */

static void end_questions(struct vat_conn *c, struct failure *f)
{
	struct question *q;
	while ((q = idtab_any(&c->questions))) {
		struct outcome *o = q->outcome ? outcome_ref(q->outcome) : NULL;
		question_detach(q);
		question_free(q);
		if (o) {
			outcome_fail(o, failure_ref(f));
			outcome_unref(o);
		}
	}
}

/* Breaks what names an import first: freeing it then finds nobody. */
static void end_imports(struct vat_conn *c, struct failure *f)
{
	struct import *i;
	uint32_t cursor = 0;
	while ((i = idmap_any(&c->imports, &cursor))) {
		i->refs++;
		struct vat_cap *cap = i->cap;
		if (cap && cap->refs && cap->kind == CAP_PROMISE)
			cap_abandon(cap, f);
		else if (cap && cap->refs)
			cap_break(cap, f);
		else if (cap)
			cap_forget_import(cap);
		assert(i->refs == 1);
		import_free(i);
	}
}

static void end_exports(struct vat_conn *c)
{
	struct exported *e;
	while ((e = idtab_any(&c->exports)))
		export_free(e);
	uint32_t cursor = 0;
	struct answer *a;
	while ((a = idmap_any(&c->answers, &cursor)))
		answer_free(a);
	while (!list_empty(&c->orphans))
		answer_free(list_entry(c->orphans.next, struct answer, link));
	struct list *l;
	while ((l = list_pop(&c->waiters))) {
		struct waiter *w = list_entry(l, struct waiter, link);
		list_unlink(&w->hook.link);
		vat_cap_unref(w->cap);
		free(w);
	}
}

static void end_embargoes(struct vat_conn *c, struct failure *f)
{
	struct embargo *e;
	while ((e = idtab_any(&c->embargoes))) {
		idtab_remove(&c->embargoes, e->id);
		cap_abandon(e->promise, f);
		vat_cap_unref(e->promise);
		free(e);
	}
}

/* Pins without references, about to be freed, are in no list of ours. */
static void end_dead_pins(struct vat_conn *c)
{
	list_for_each (l, &c->vat->dead) {
		struct vat_cap *pin = list_entry(l, struct vat_cap, link);
		struct address a;
		if (pin->kind != CAP_PIN || !cap_address(pin, &a) || a.conn != c)
			continue;
		list_unlink(&pin->pin.same);
		import_unref(pin->pin.import);
		question_unref(pin->pin.question);
		free(pin->pin.path);
		pin->kind = CAP_BROKEN;
		pin->broken.failure = NULL;
	}
}

void conn_end(struct vat_conn *c, struct failure *takes)
{
	if (c->over) {
		failure_unref(takes);
		return;
	}
	struct vat *v = c->vat;
	vat_enter(v);
	c->over = true;
	c->failure = takes;
	struct failure *f = takes ? failure_ref(takes)
				  : failure_new(VAT_DISCONNECTED, "connection closed by the peer");
	end_dead_pins(c);
	while (!list_empty(&c->pins))
		cap_break(list_entry(c->pins.next, struct vat_cap, link), f);
	end_embargoes(c, f);
	end_questions(c, f);
	end_imports(c, f);
	end_exports(c);
	third_end(c);
	failure_unref(f);
	vat_cap_unref(TAKE_PTR(c->bootstrap));
	idtab_done(&c->questions);
	idtab_done(&c->exports);
	idtab_done(&c->embargoes);
	idmap_done(&c->answers);
	idmap_done(&c->imports);
	free(TAKE_PTR(c->buckets));
	conn_drop_fds(c, c->n_fds);
	task_queue(v, &c->closed_task);
	vat_leave(v);
}

int conn_abort(struct vat_conn *c, const char *fmt, ...)
{
	char text[200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	uint64_t w[WIRE_WORDS];
	struct vat_error e = {.kind = VAT_FAILED, .text = text};
	conn_put(c, w, wire_abort(w, &e));
	conn_end(c, failure_new(VAT_DISCONNECTED, "peer broke the protocol: %s", text));
	return -EPROTO;
}

int conn_oom(struct vat_conn *c)
{
	c->oom = true;
	if (!c->over)
		task_queue(c->vat, &c->closed_task);
	return -ENOMEM;
}

/* ---- asking --------------------------------------------------------------------------------- */

bool vat_conn_idle(const struct vat_conn *c)
{
	return !c->questions.n && !c->answers.n && !c->n_orphans && !c->imports.n && !c->exports.n;
}

void vat_conn_counts(const struct vat_conn *c, struct vat_conn_counts *ret)
{
	*ret = (struct vat_conn_counts){.questions = c->questions.n,
		.answers = c->answers.n + c->n_orphans,
		.imports = c->imports.n,
		.exports = c->exports.n,
		.embargoes = c->embargoes.n,
		.output_bytes = c->out_bytes,
		.messages_in = c->messages_in,
		.messages_out = c->messages_out};
}

void *vat_conn_user(const struct vat_conn *c)
{
	return c->user;
}

struct vat_cap *vat_conn_bootstrap(struct vat_conn *c)
{
	struct vat *v = c->vat;
	if (c->over || c->oom)
		return cap_broken(v, c->failure
					     ? failure_ref(c->failure)
					     : failure_new(VAT_DISCONNECTED, "connection closed"));
	vat_enter(v);
	struct outcome *o = outcome_new(v);
	struct question *q = o ? question_new(c, o) : NULL;
	struct vat_cap *cap = vat_cap_ref(v->oom);
	if (q) {
		vat_cap_unref(cap);
		cap = outcome_pipeline(o, NULL, 0);
		uint64_t w[WIRE_WORDS];
		conn_put(c, w, wire_bootstrap(w, q->id));
		question_start(q);
	}
	outcome_unref(o);
	vat_leave(v);
	return cap;
}
