/* SPDX-License-Identifier: MIT */
/*
 * The messages that carry content, Call and Return, and what they say of capabilities.
 */
#include "vat/conn/conn.h"

/* ---- capability tables ---------------------------------------------------------------------- */

enum {
	FDS_MAX = 253,
	SMALL_WORDS = 128, /* results */
	OVER_LIMIT = 4,
	OVER_LIMIT_MIN = 64 << 20,
};

/* What a table of capabilities being written has taken so far. */
struct table {
	struct descriptor *d; /* few, or a block */
	uint32_t n;
	struct descriptor few[IDS_FEW];
	struct vat_cap *owners[FDS_MAX];
	uint32_t n_fds;
};

static void table_done(struct table *t)
{
	if (t->d != t->few)
		free(t->d);
	t->d = t->few;
}

static void table_undo(struct vat_conn *c, struct table *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		conn_undescribe(c, &t->d[i]);
	table_done(t);
	t->n = 0;
}

/* Writes one entry. */
static int table_add(struct vat_conn *c, struct table *t, struct parcel *p, uint32_t i, bool pin)
{
	struct vat_cap *cap = vat_message_cap(p->msg, i), *pinned = NULL;
	struct descriptor *d = &t->d[i];
	int r = conn_describe(c, cap, d, pin ? &pinned : NULL);
	if (r < 0)
		return r;
	t->n++;
	t->n_fds = conn_describe_fds(c, cap, d, t->owners, FDS_MAX, t->n_fds);
	if (pinned)
		vat_message_set_cap(p->msg, i, pinned);
	return 0;
}

/* Writes the capTable of p's payload. On failure nothing is exported. */
static int table_write(struct vat_conn *c, struct table *t, struct parcel *p, bool pin)
{
	uint32_t n = vat_message_n_caps(p->msg);
	t->n = t->n_fds = 0;
	t->d = t->few;
	if (!n)
		return 0;
	if (n > ARRAY_SIZE(t->few)) {
		struct descriptor *d = calloc(n, sizeof(*d));
		if (!d)
			return -ENOMEM;
		t->d = d;
	}
	struct vat_list_b list = vat_init_struct_list(vat_ptr_at_b(p->payload, 1), 1, 1, n);
	int r = 0;
	for (uint32_t i = 0; i < n && !r; i++) {
		r = table_add(c, t, p, i, pin);
		if (!r)
			build_descriptor(vat_list_struct_b(list, i), &t->d[i]);
	}
	if (r < 0)
		table_undo(c, t);
	return r;
}

/* The exports it names, for when the peer gives them all back at once. Ends the table. */
static void table_ids(struct table *t, struct ids *ret)
{
	/* Many are kept where the descriptors were: an id is smaller than a descriptor. */
	uint32_t *ids = t->d == t->few ? ret->few : (uint32_t *)(void *)t->d, n = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		struct descriptor d = t->d[i];
		if (descriptor_exports(&d))
			memcpy(&ids[n++], &d.id, sizeof(d.id));
	}
	ret->n = n;
	ret->many = NULL;
	if (ids != ret->few) {
		ret->many = ids;
		t->d = t->few;
	}
	table_done(t);
}

/* What a message that could not be made means for its call. */
static struct failure *build_failure(int r, const struct parcel *p)
{
	int e = p ? vat_message_error(p->msg) : 0;
	if (r == -ENOSPC)
		return failure_new(VAT_OVERLOADED, "too many capabilities exported");
	if (r == -EMSGSIZE || e == -EMSGSIZE)
		return failure_new(VAT_OVERLOADED, "message too large");
	if (e > 0)
		return failure_new(VAT_FAILED, "malformed message");
	return failure_oom();
}

/* Finishes and queues an arena. On failure nothing is exported. */
static int send_parcel(struct vat_conn *c, struct parcel *p, struct table *t, bool pin)
{
	int r = table_write(c, t, p, pin);
	if (r < 0)
		return r;
	if (vat_message_error(p->msg))
		r = -ENOMEM;
	else if (parcel_words(p) > c->limits.message_words)
		r = -EMSGSIZE;
	else
		r = conn_put_parcel(c, p, t->owners, t->n_fds);
	if (r < 0)
		table_undo(c, t);
	return r;
}

/* ---- calls ---------------------------------------------------------------------------------- */

static int send_call(const struct address *a, struct vat_ctx *ctx, struct question *q)
{
	struct parcel *p = ctx->params;
	struct target t = {.promised = !a->import,
		.id = a->import ? a->import->id : a->question->id,
		.path = a->path,
		.n_path = a->n_path};
	struct table table;
	fill_target(parcel_target(p), &t);
	vat_w_u32(p->body, 0, q->id, 0);
	vat_w_u16(p->body, 2, ctx->method, 0);
	vat_w_u16(p->body, 3, q->tail ? SEND_TO_YOURSELF : SEND_TO_CALLER, 0);
	vat_w_u64(p->body, 1, ctx->interface_id, 0);
	/* Not if somebody asked for a part of the results nevertheless. */
	bool only = q->id >= QUESTION_HIGH;
	vat_w_bool(p->body, 129, ctx->no_pipelining && !only && list_empty(&ctx->outcome->pipes),
		false);
	vat_w_bool(p->body, 130, only, false);
	int r = send_parcel(a->conn, p, &table, false);
	if (r == 0)
		table_ids(&table, &q->param_exports);
	return r;
}

/* Parameters laid out for sending in ctx->params; NULL on success. */
static struct failure *prepare(struct vat_conn *c, struct vat_ctx *ctx)
{
	if (ctx->params && ctx->params->form == PARCEL_CALL)
		return NULL;
	struct parcel *p;
	if (ctx->params)
		p = parcel_copy(ctx->params, PARCEL_CALL, c->limits.message_words);
	else
		p = parcel_new(c->vat, PARCEL_CALL, 1, 0);
	if (!p)
		return build_failure(-ENOMEM, ctx->params);
	parcel_unref(ctx->params);
	ctx->params = p;
	return NULL;
}

/* Why no call can be sent now; NULL if one can. */
static struct failure *call_failure(const struct vat_conn *c)
{
	if (c->questions.n >= c->limits.questions)
		return failure_new(VAT_OVERLOADED, "too many calls outstanding");
	if (c->oom)
		return failure_oom();
	if (c->out_bytes > c->limits.output_bytes)
		return failure_new(VAT_OVERLOADED, "too much output queued");
	return NULL;
}

/* Whether no Return is wanted. A peer that sends one nevertheless may do so after we have forgotten
 * what the parameters exported, and say that it has given that back: so there must be nothing. */
static bool only_pipelined(const struct vat_conn *c, const struct vat_ctx *ctx)
{
	const struct outcome *o = ctx->outcome;
	if (!o->only_pipelining || c->returns_all || vat_message_n_caps(ctx->params->msg))
		return false;
	return outcome_unwatched(o);
}

void conn_call(const struct address *a, struct vat_ctx *ctx)
{
	struct vat_conn *c = a->conn;
	assert(!c->over);
	struct answer *tail = tail_answer(c, ctx->outcome);
	struct failure *f = call_failure(c);
	if (!f)
		f = prepare(c, ctx);
	struct question *q = f ? NULL : question_new(c, tail ? NULL : ctx->outcome);
	if (!f && !q)
		f = failure_oom();
	if (f) {
		ctx_fail(ctx, f);
		return;
	}
	q->tail = tail;
	if (!tail && only_pipelined(c, ctx))
		question_raise(q);
	int r = send_call(a, ctx, q);
	if (r < 0) {
		f = build_failure(r, ctx->params);
		question_detach(q);
		question_free(q);
		ctx_fail(ctx, f);
		return;
	}
	q->via = vat_cap_ref(a->via);
	c->calls_out++;
	ctx_free(ctx);
	conn_send_late(c);
	if (tail)
		tail_return(tail, q);
	else
		question_start(q);
}

bool conn_embargo(const struct address *a, struct vat_cap *promise)
{
	struct vat_conn *c = a->conn;
	struct embargo *e = calloc(1, sizeof(*e));
	if (!e || idtab_add(&c->embargoes, c->limits.questions, e, &e->id) < 0) {
		free(e);
		conn_oom(c);
		return false;
	}
	e->promise = cap_revive(promise);
	struct target t = {.promised = !a->import,
		.id = a->import ? a->import->id : a->question->id,
		.path = a->path,
		.n_path = a->n_path};
	uint64_t w[WIRE_WORDS];
	conn_put(c, w, wire_disembargo(w, &t, false, e->id));
	return true;
}

/* ---- returns -------------------------------------------------------------------------------- */

static void put_return(struct answer *a, enum return_tag tag, const struct failure *f)
{
	uint64_t w[WIRE_WORDS];
	struct vat_error e = {.kind = VAT_FAILED, .text = ""};
	if (f)
		e = failure_error(f);
	unsigned flags = a->finished ? RETURN_NO_FINISH : 0;
	conn_put(a->conn, w, wire_return(w, a->id, tag, flags, &e, 0));
}

/* The results as an arena that may be sent; NULL on failure. */
static struct parcel *prepare_results(struct answer *a)
{
	struct parcel *p = a->outcome->results;
	if (!p)
		return parcel_new(a->conn->vat, PARCEL_RETURN, 1, 0);
	if (p->form == PARCEL_RETURN && !p->sent && p->refs == 1)
		return parcel_ref(p);
	return parcel_copy(p, PARCEL_RETURN, a->conn->limits.message_words);
}

/* Keeps them until Finish, for calls on what is in them, which t describes. */
static void keep_sent(struct answer *a, struct parcel *p, const struct table *t)
{
	for (uint32_t i = 0; i < t->n && list_empty(&a->link); i++)
		if (t->d[i].tag == DESC_SENDER_PROMISE)
			list_append(&a->conn->promising, &a->link);
	a->results = parcel_ref(p);
	a->result_words = parcel_cost(p);
	a->conn->result_words += a->result_words;
}

/* Results too large to be queued behind what the peer has not read yet.  Above the limit no call is
 * read any more; those in progress then add to it, with a read's worth of small calls for large
 * results easily many times the limit, but not what they like. */
static bool is_too_much(const struct vat_conn *c, const struct parcel *p)
{
	return p && c->out_bytes / OVER_LIMIT > MAX(c->limits.output_bytes, OVER_LIMIT_MIN) &&
	       vat_message_words(p->msg) > SMALL_WORDS;
}

static struct failure *return_results(struct answer *a)
{
	struct vat_conn *c = a->conn;
	if (is_too_much(c, a->outcome->results))
		return failure_new(VAT_OVERLOADED, "too much output queued");
	AUTO(parcel_unref) struct parcel *p = prepare_results(a);
	if (!p)
		return build_failure(-ENOMEM, a->outcome->results);
	/* Without capabilities there is nothing to call and nothing to release. */
	bool forget = !vat_message_n_caps(p->msg), keep = !forget && !a->no_pipelining;
	if (keep && c->result_words + parcel_cost(p) > c->limits.result_words)
		return failure_new(VAT_OVERLOADED, "too many results not finished");
	struct table t;
	vat_w_u32(p->body, 0, a->id, 0);
	vat_w_bool(p->body, 32, false, true);
	vat_w_bool(p->body, 33, forget, false);
	c->called_ahead = a->called;
	int r = send_parcel(c, p, &t, true);
	c->called_ahead = false;
	if (r < 0)
		return build_failure(r, p);
	if (keep)
		keep_sent(a, p, &t);
	table_ids(&t, &a->result_exports);
	a->finished = forget;
	conn_send_late(c);
	return NULL;
}

static void return_failure(struct answer *a, const struct failure *f)
{
	/* Else kept until Finish, so that calls on its results fail for the same reason. */
	a->finished = f->canceled || a->no_pipelining;
	put_return(a, f->canceled ? RETURN_CANCELED : RETURN_EXCEPTION, f);
}

/* Results that stay here are kept until Finish like others. */
static void keep_results(struct answer *a)
{
	struct vat_conn *c = a->conn;
	struct outcome *o = a->outcome;
	if (o->state != OUTCOME_RETURNED || !o->results)
		return;
	uint64_t cost = parcel_cost(o->results);
	if (c->result_words + cost > c->limits.result_words) {
		parcel_unref(TAKE_PTR(o->results));
		o->state = OUTCOME_FAILED;
		o->failure = failure_new(VAT_OVERLOADED, "too many results not finished");
		return;
	}
	a->result_words = cost;
	c->result_words += cost;
}

static void send_return(struct answer *a)
{
	const struct outcome *o = a->outcome;
	struct failure *f = o->state == OUTCOME_FAILED ? failure_ref(o->failure) : NULL;
	if (!f)
		f = return_results(a);
	if (f)
		return_failure(a, f);
	failure_unref(f);
}

void conn_return(struct answer *a)
{
	a->returned = true;
	a->conn->call_words -= a->call_words;
	a->call_words = 0;
	if ((a->yourself || a->only_pipelining) && !a->finished)
		keep_results(a);
	if (a->only_pipelining)
		; /* nobody waits for it */
	else if (a->finished)
		put_return(a, RETURN_CANCELED, NULL);
	else if (a->yourself)
		put_return(a, RETURN_SENT_ELSEWHERE, NULL);
	else
		send_return(a);
	if (a->finished)
		answer_free(a);
}
