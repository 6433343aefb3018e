/* SPDX-License-Identifier: MIT */
/*
 * Input: what each message of the peer does to the tables.
 *
 * A message is handled completely before the next is looked at.  What breaks the protocol ends the
 * connection with an abort; what is wrong with one call alone fails that call.
 */
#include "vat/conn.h"

/* A message being handled. */
struct in {
	struct vat_conn *c;
	struct parcel *p;
	struct vat_struct_r root; /* Message */
	struct vat_struct_r body; /* the member of its union */
	uint16_t path[PATH_MAX_OPS];
};

static int malformed(struct in *in)
{
	return conn_abort(in->c, "malformed message");
}

/* Sends back what we do not understand. */
static int echo_unimplemented(struct in *in)
{
	struct vat_message *m = vat_message_new(vat_message_words(in->p->msg) + 8, 0);
	if (!m)
		return conn_oom(in->c);
	struct vat_struct_b root = vat_init_struct(vat_root_b(m), 1, 1);
	vat_set_struct(vat_ptr_at_b(root, 0), in->root);
	size_t size = 0;
	AUTO_FREE void *flat = vat_message_error(m) ? NULL : vat_message_flatten(m, &size);
	vat_message_free(m);
	if (!flat)
		return conn_oom(in->c);
	conn_put(in->c, flat, size / 8);
	return 0;
}

/* ---- capabilities --------------------------------------------------------------------------- */

/* What an answer's results have at a path, as the Return said or will say; new reference. */
static struct vat_cap *answer_cap(struct answer *a, const uint16_t *path, size_t n)
{
	struct outcome *o = a->outcome;
	if (!a->returned || a->yourself || o->state == OUTCOME_FAILED)
		return outcome_pipeline(o, path, n);
	struct vat_cap *pipe = outcome_pipe(o, path, n);
	if (pipe)
		return cap_revive(pipe);
	if (!a->results)
		return cap_broken(
			o->vat, failure_new(VAT_FAILED, "the call did not return results"));
	return vat_cap_ref(parcel_cap_at(a->results, path, n));
}

/* Ours, named by the peer. If it leads straight back to the peer it is pinned: what named us has to
 * be reached through us, or calls would overtake those that went through us before. */
static int loop_back(struct vat_conn *c, struct vat_cap *takes, struct vat_cap **ret)
{
	struct address a;
	struct vat_cap *inner = cap_inner(takes);
	*ret = takes;
	if (!inner || inner->kind == CAP_PIN || !cap_address(inner, &a) || a.conn != c)
		return 0;
	*ret = pin_new(c->vat, &a);
	vat_cap_unref(takes);
	return *ret ? 0 : conn_oom(c);
}

/* The capability a descriptor stands for, new reference in *ret (may be NULL). */
static int receive_cap(struct vat_conn *c, const struct descriptor *d, struct vat_cap **ret)
{
	struct exported *e;
	struct answer *a;
	*ret = NULL;
	switch (d->tag) {
	case DESC_SENDER_HOSTED:
	case DESC_SENDER_PROMISE:
		*ret = import_get(c, d->id, d->tag == DESC_SENDER_PROMISE);
		return *ret ? 0 : conn_oom(c);
	case DESC_RECEIVER_HOSTED:
		e = idtab_get(&c->exports, d->id);
		if (!e)
			return conn_abort(c, "receiverHosted: no such export %u", d->id);
		return loop_back(c, vat_cap_ref(e->cap), ret);
	case DESC_RECEIVER_ANSWER:
		a = idmap_get(&c->answers, d->id);
		if (a)
			return loop_back(c, answer_cap(a, d->path, d->n_path), ret);
		*ret = cap_broken(
			c->vat, failure_new(VAT_FAILED, "receiverAnswer: no such question"));
		return 0;
	case DESC_NONE:
	case DESC_THIRD_PARTY_HOSTED:
		return 0;
	}
	return 0;
}

/* Gives an import the descriptor that came with it. */
static void receive_fd(struct vat_conn *c, const struct descriptor *d, struct vat_cap *cap)
{
	if (d->fd >= c->n_in_fds || c->in_fds[d->fd] < 0)
		return;
	struct import *i = idmap_get(&c->imports, d->id);
	if (!i || i->cap != cap || cap->fd >= 0 || c->n_held_fds >= c->limits.pending_fds)
		return;
	cap->fd = TAKE_FD(c->in_fds[d->fd]);
	i->has_fd = true;
	c->n_held_fds++;
}

static int receive_descriptor(struct in *in, struct vat_struct_r s, struct vat_cap **ret)
{
	struct descriptor d;
	*ret = NULL;
	if (!read_descriptor(s, &d, in->path)) {
		*ret = cap_broken(in->c->vat,
			failure_new(VAT_UNIMPLEMENTED, "unknown kind of capability descriptor"));
		return 0;
	}
	int r = receive_cap(in->c, &d, ret);
	if (r == 0 && (d.tag == DESC_SENDER_HOSTED || d.tag == DESC_SENDER_PROMISE))
		receive_fd(in->c, &d, *ret);
	return r;
}

/* Fills the message's capability table from a Payload, and finds the content. */
static int receive_payload(struct in *in, struct vat_struct_r payload)
{
	struct vat_conn *c = in->c;
	struct vat_list_r l = vat_ptr_list(vat_ptr_at(payload, 1), VAT_ELEM_STRUCT, NULL);
	in->p->content = vat_ptr_at(payload, 0);
	if (l.count > MAX(c->limits.imports, c->limits.exports))
		return conn_abort(c, "capability table too large");
	for (uint32_t i = 0; i < l.count; i++) {
		struct vat_cap *cap;
		int r = receive_descriptor(in, vat_list_struct(l, i), &cap);
		if (r < 0)
			return r;
		if (vat_message_add_cap(in->p->msg, cap) < 0)
			return conn_oom(c);
	}
	return vat_message_error(in->p->msg) ? malformed(in) : 0;
}

/* ---- calls ---------------------------------------------------------------------------------- */

static void on_outcome(struct consumer *consumer, struct outcome *o)
{
	conn_return(container_of(consumer, struct answer, consumer));
}

static struct answer *answer_new(struct vat_conn *c, uint32_t id)
{
	struct answer *a = calloc(1, sizeof(*a));
	struct outcome *o = a ? outcome_new(c->vat) : NULL;
	if (!o || idmap_add(&c->answers, id, a) < 0) {
		outcome_unref(o);
		free(a);
		return NULL;
	}
	a->conn = c;
	a->id = id;
	a->outcome = o;
	o->from = c;
	list_init(&a->consumer.link);
	outcome_hold(o);
	return a;
}

/* Turns a call down without keeping anything. */
static int refuse(struct vat_conn *c, uint32_t id, const char *why, bool release_params)
{
	uint64_t w[WIRE_WORDS];
	struct vat_error e = {.kind = VAT_OVERLOADED, .text = why};
	conn_put(c, w, wire_return(w, id, RETURN_EXCEPTION, release_params, &e, 0));
	return 0;
}

static int handle_bootstrap(struct in *in)
{
	struct vat_conn *c = in->c;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	if (idmap_get(&c->answers, id))
		return conn_abort(c, "Bootstrap: question id %u is in use", id);
	if (c->answers.n >= c->limits.answers)
		return refuse(c, id, "too many calls outstanding", false);
	struct answer *a = answer_new(c, id);
	if (!a)
		return conn_oom(c);
	outcome_consume(a->outcome, &a->consumer, on_outcome);
	struct parcel *p = parcel_new(PARCEL_RETURN, 1, 0);
	if (!c->bootstrap) {
		parcel_unref(p);
		outcome_fail(a->outcome, failure_new(VAT_FAILED, "no bootstrap capability"));
	} else if (!p) {
		outcome_fail(a->outcome, failure_oom());
	} else {
		vat_set_cap(parcel_content_b(p), c->bootstrap);
		outcome_return(a->outcome, p);
	}
	return 0;
}

/* The capability a call or Disembargo is addressed to, new reference. An unknown question gives a
 * broken one: it may have been refused. */
static int find_target(struct in *in, const struct target *t, struct vat_cap **ret)
{
	struct vat_conn *c = in->c;
	if (!t->promised) {
		struct exported *e = idtab_get(&c->exports, t->id);
		if (!e)
			return conn_abort(c, "target: no such export %u", t->id);
		*ret = vat_cap_ref(e->cap);
		return 0;
	}
	struct answer *a = idmap_get(&c->answers, t->id);
	if (a && !a->finished)
		*ret = answer_cap(a, t->path, t->n_path);
	else
		*ret = cap_broken(
			c->vat, failure_new(VAT_FAILED, "target: no such question %u", t->id));
	return 0;
}

static int start_call(struct in *in, uint32_t id, struct vat_cap *target)
{
	struct vat_conn *c = in->c;
	struct answer *a = answer_new(c, id);
	if (!a)
		return conn_oom(c);
	struct vat_ctx *ctx = ctx_new(
		c->vat, vat_r_u64(in->body, 1, 0), vat_r_u16(in->body, 2, 0), in->p, a->outcome);
	if (!ctx) {
		answer_free(a);
		return conn_oom(c);
	}
	parcel_ref(in->p);
	a->yourself = vat_r_u16(in->body, 3, 0) == SEND_TO_YOURSELF;
	a->call_words = vat_message_words(in->p->msg);
	c->call_words += a->call_words;
	outcome_consume(a->outcome, &a->consumer, on_outcome);
	cap_call(target, ctx);
	return 0;
}

static int handle_call(struct in *in)
{
	struct vat_conn *c = in->c;
	struct target t;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	struct vat_struct_r at = vat_ptr_struct(vat_ptr_at(in->body, 0), NULL);
	struct vat_struct_r payload = vat_ptr_struct(vat_ptr_at(in->body, 1), NULL);
	if (vat_message_error(in->p->msg))
		return malformed(in);
	if (idmap_get(&c->answers, id))
		return conn_abort(c, "Call: question id %u is in use", id);
	if (vat_r_u16(in->body, 3, 0) > SEND_TO_YOURSELF)
		return echo_unimplemented(in);
	if (c->answers.n >= c->limits.answers)
		return refuse(c, id, "too many calls outstanding", true);
	if (c->call_words + vat_message_words(in->p->msg) > c->limits.call_words)
		return refuse(c, id, "too many parameters outstanding", true);
	if (!read_target(at, &t, in->path))
		return echo_unimplemented(in);
	AUTO(vat_cap_unref) struct vat_cap *target = NULL;
	int r = find_target(in, &t, &target);
	if (r < 0)
		return r;
	r = receive_payload(in, payload);
	if (r < 0)
		return r;
	if (c->imports.n > c->limits.imports)
		return refuse(c, id, "too many capabilities imported", false);
	return start_call(in, id, target);
}

static int release_exports(struct vat_conn *c, const uint32_t *ids, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct exported *e = idtab_get(&c->exports, ids[i]);
		if (!e)
			return conn_abort(c, "export %u released twice", ids[i]);
		export_release(e, 1);
	}
	return 0;
}

static int handle_finish(struct in *in)
{
	struct vat_conn *c = in->c;
	struct answer *a = idmap_get(&c->answers, vat_r_u32(in->body, 0, 0));
	/* Unknown: it was refused, or Return said that no Finish is needed. */
	if (!a || a->finished)
		return 0;
	if (vat_r_bool(in->body, 32, true)) {
		int r = release_exports(c, a->result_exports, a->n_result_exports);
		if (r < 0)
			return r;
	}
	a->finished = true;
	if (a->returned) {
		answer_free(a);
	} else if (!a->dropped) {
		a->dropped = true;
		outcome_drop(a->outcome);
	}
	return 0;
}

/* ---- returns -------------------------------------------------------------------------------- */

/* The question is answered: its outcome is told, and Finish is sent unless something pins it. */
static void conclude(
	struct question *q, struct parcel *takes_results, struct failure *takes_failure)
{
	struct outcome *o = TAKE_PTR(q->outcome);
	vat_cap_unref(TAKE_PTR(q->via));
	if (!o) {
		parcel_unref(takes_results);
		failure_unref(takes_failure);
	} else {
		outcome_clear_producer(o);
		if (takes_failure)
			outcome_fail(o, takes_failure);
		else
			outcome_return(o, takes_results);
		outcome_unref(o);
		question_unref(q);
	}
}

static int return_results(struct in *in, struct question *q)
{
	struct vat_conn *c = in->c;
	int r = receive_payload(in, vat_ptr_struct(vat_ptr_at(in->body, 0), NULL));
	if (r < 0)
		return r;
	if (c->imports.n > c->limits.imports)
		conclude(q, NULL, failure_new(VAT_OVERLOADED, "too many capabilities imported"));
	else
		conclude(q, parcel_ref(in->p), NULL);
	return 0;
}

static void return_exception(struct in *in, struct question *q)
{
	struct vat_text text;
	enum vat_error_kind kind =
		read_exception(vat_ptr_struct(vat_ptr_at(in->body, 0), NULL), &text);
	conclude(q, NULL, failure_new_text(kind, text.s, text.len));
}

static void on_taken(struct consumer *consumer, struct outcome *from)
{
	struct question *q = container_of(consumer, struct question, take);
	outcome_drop(TAKE_PTR(q->taken));
	if (from->state == OUTCOME_FAILED)
		conclude(q, NULL, failure_ref(from->failure));
	else
		conclude(q, from->results ? parcel_ref(from->results) : NULL, NULL);
}

/* The results are those of a call that the peer made to us. */
static int return_from_other(struct in *in, struct question *q)
{
	struct vat_conn *c = in->c;
	struct answer *a = idmap_get(&c->answers, vat_r_u32(in->body, 2, 0));
	if (!a || !a->yourself || a->redirected)
		return conn_abort(c, "takeFromOtherQuestion: no such redirected question");
	a->redirected = true;
	if (!q->outcome) {
		/* Nobody here wants it any more. */
		if (!a->dropped) {
			a->dropped = true;
			outcome_drop(a->outcome);
		}
		return 0;
	}
	q->taken = a->outcome;
	outcome_hold(a->outcome);
	outcome_consume(a->outcome, &q->take, on_taken);
	return 0;
}

/* What Return says about a question that is not finished yet. */
static int answered(struct in *in, struct question *q)
{
	struct vat_conn *c = in->c;
	switch (vat_r_u16(in->body, 3, 0)) {
	case RETURN_RESULTS:
		return return_results(in, q);
	case RETURN_EXCEPTION:
		return_exception(in, q);
		return 0;
	case RETURN_CANCELED:
		conclude(q, NULL, failure_new(VAT_FAILED, "call was canceled by the peer"));
		return 0;
	case RETURN_TAKE_FROM_OTHER:
		return return_from_other(in, q);
	case RETURN_SENT_ELSEWHERE:
		return conn_abort(c, "Return: results were not to be sent elsewhere");
	default:
		conclude(q, NULL, failure_new(VAT_UNIMPLEMENTED, "unknown kind of Return"));
		return echo_unimplemented(in);
	}
}

static int handle_return(struct in *in)
{
	struct vat_conn *c = in->c;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	struct question *q = idtab_get(&c->questions, id);
	if (!q || q->returned)
		return conn_abort(c, "Return: no such question %u", id);
	q->returned = true;
	if (vat_r_bool(in->body, 32, true)) {
		int r = release_exports(c, q->param_exports, q->n_param_exports);
		if (r < 0)
			return r;
	}
	bool take = vat_r_u16(in->body, 3, 0) == RETURN_TAKE_FROM_OTHER;
	if (q->finished) {
		/* What it says crossed our Finish, which gave its capabilities back. */
		int r = take ? return_from_other(in, q) : 0;
		if (r == 0)
			question_free(q);
		return r;
	}
	if (vat_r_bool(in->body, 33, false))
		q->finished = true;
	return answered(in, q);
}

/* ---- the life of capabilities --------------------------------------------------------------- */

/* A Resolve for an import that we do not have any more: its replacement is given back. */
static int resolve_nothing(struct in *in, struct vat_struct_r s)
{
	struct vat_cap *cap;
	int r = receive_descriptor(in, s, &cap);
	vat_cap_unref(cap);
	return r;
}

static int resolve_cap(struct in *in, struct import *i, struct vat_struct_r s)
{
	struct vat_conn *c = in->c;
	struct vat_cap *cap;
	uint16_t tag = vat_r_u16(s, 0, 0);
	if (tag == DESC_NONE)
		return conn_abort(c, "Resolve: no capability");
	if (!i)
		return resolve_nothing(in, s);
	int r = receive_descriptor(in, s, &cap);
	if (r < 0)
		return r;
	if (c->imports.n > c->limits.imports) {
		vat_cap_unref(cap);
		cap_reject(i->cap, failure_new(VAT_OVERLOADED, "too many capabilities imported"));
	} else {
		cap_resolve(i->cap, cap);
	}
	return 0;
}

static int handle_resolve(struct in *in)
{
	struct vat_conn *c = in->c;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	uint16_t tag = vat_r_u16(in->body, 2, 0);
	struct import *i = idmap_get(&c->imports, id);
	struct vat_struct_r s = vat_ptr_struct(vat_ptr_at(in->body, 0), NULL);
	if (vat_message_error(in->p->msg))
		return malformed(in);
	if (i && !i->promise)
		return conn_abort(c, "Resolve: import %u is not a promise", id);
	struct vat_cap *cap = i ? i->cap : NULL;
	if (cap && (cap->kind != CAP_PROMISE || cap->state != PROMISE_WAITING))
		return conn_abort(c, "Resolve: promise %u is resolved already", id);
	/* Only pins are left of it: as good as unknown. */
	if (!cap)
		i = NULL;
	if (tag == RESOLVE_CAP)
		return resolve_cap(in, i, s);
	if (tag != RESOLVE_EXCEPTION)
		return echo_unimplemented(in);
	struct vat_text text;
	enum vat_error_kind kind = read_exception(s, &text);
	if (i)
		cap_reject(cap, failure_new_text(kind, text.s, text.len));
	return 0;
}

static int handle_release(struct in *in)
{
	struct vat_conn *c = in->c;
	uint32_t id = vat_r_u32(in->body, 0, 0), n = vat_r_u32(in->body, 1, 0);
	struct exported *e = idtab_get(&c->exports, id);
	if (!e || n > e->refs)
		return conn_abort(c, "Release: export %u is not held so often", id);
	if (n)
		export_release(e, n);
	return 0;
}

static void put_loopback(struct vat_conn *c, struct vat_cap *cap, uint32_t id)
{
	struct address a = {0};
	if (cap)
		cap_address(cap, &a);
	struct target t = {.promised = a.question && !a.import,
		.id = a.import     ? a.import->id
		      : a.question ? a.question->id
				   : 0,
		.path = a.path,
		.n_path = a.n_path};
	uint64_t w[WIRE_WORDS];
	conn_put(c, w, wire_disembargo(w, &t, true, id));
}

enum loopback { LOOPBACK_SENT, LOOPBACK_LATER, LOOPBACK_WRONG };

/* Answers if cap leads back now. Something broken cannot keep an order: it is answered too, so that
 * the peer does not wait for ever. */
static enum loopback try_loopback(struct vat_conn *c, struct vat_cap *cap, uint32_t id)
{
	struct address a;
	cap = cap_inner(cap);
	bool back = cap && cap_address(cap, &a) && a.conn == c;
	if (!back && cap_unsettled(cap))
		return LOOPBACK_LATER;
	if (!back && cap && !cap_failure(cap))
		return LOOPBACK_WRONG;
	put_loopback(c, back ? cap : NULL, id);
	return LOOPBACK_SENT;
}

static void on_waited(struct hook *h)
{
	struct waiter *w = container_of(h, struct waiter, hook);
	struct vat_conn *c = w->conn;
	if (try_loopback(c, w->cap, w->id) == LOOPBACK_LATER) {
		cap_hook(cap_inner(w->cap), &w->hook);
		return;
	}
	list_unlink(&w->link);
	c->n_waiters--;
	vat_cap_unref(w->cap);
	free(w);
}

/* Calls sent to cap have to come out first: waits until it has settled. */
static int wait_loopback(struct vat_conn *c, struct vat_cap *cap, uint32_t id)
{
	if (c->n_waiters >= c->limits.answers)
		return conn_abort(c, "Disembargo: too many of them");
	struct waiter *w = calloc(1, sizeof(*w));
	if (!w)
		return conn_oom(c);
	*w = (struct waiter){
		.conn = c, .cap = vat_cap_ref(cap), .id = id, .hook = {.fn = on_waited}};
	list_append(&c->waiters, &w->link);
	c->n_waiters++;
	cap_hook(cap_inner(cap), &w->hook);
	return 0;
}

static int sender_loopback(struct in *in, uint32_t id)
{
	struct vat_conn *c = in->c;
	struct target t;
	if (!read_target(vat_ptr_struct(vat_ptr_at(in->body, 0), NULL), &t, in->path))
		return echo_unimplemented(in);
	if (t.promised && !idmap_get(&c->answers, t.id))
		return conn_abort(c, "Disembargo: no such question %u", t.id);
	AUTO(vat_cap_unref) struct vat_cap *cap = NULL;
	int r = find_target(in, &t, &cap);
	if (r < 0)
		return r;
	switch (try_loopback(c, cap, id)) {
	case LOOPBACK_SENT:
		return 0;
	case LOOPBACK_LATER:
		return wait_loopback(c, cap, id);
	case LOOPBACK_WRONG:
		break;
	}
	return conn_abort(c, "Disembargo: its target does not lead back to the sender");
}

static int handle_disembargo(struct in *in)
{
	struct vat_conn *c = in->c;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	switch (vat_r_u16(in->body, 2, 0)) {
	case LOOPBACK_SENDER:
		return sender_loopback(in, id);
	case LOOPBACK_RECEIVER:
		break;
	default:
		return echo_unimplemented(in);
	}
	struct embargo *e = idtab_get(&c->embargoes, id);
	if (!e)
		return conn_abort(c, "Disembargo: no such embargo %u", id);
	idtab_remove(&c->embargoes, id);
	cap_release(e->promise);
	vat_cap_unref(e->promise);
	free(e);
	return 0;
}

/* ---- the rest ------------------------------------------------------------------------------- */

static int handle_abort(struct in *in)
{
	struct vat_text text;
	read_exception(in->body, &text);
	conn_discard_output(in->c);
	conn_end(in->c, failure_new(VAT_DISCONNECTED, "aborted by the peer: %s", text.s));
	return 0;
}

/* The peer does not know a message of ours. */
static int handle_unimplemented(struct in *in)
{
	struct vat_conn *c = in->c;
	struct vat_struct_r s = vat_ptr_struct(vat_ptr_at(in->body, 0), NULL);
	struct descriptor d;
	struct question *q;
	int r;
	switch (vat_r_u16(in->body, 0, 0)) {
	case MSG_RESOLVE:
		/* It did not take what the Resolve offered. */
		s = vat_ptr_struct(vat_ptr_at(s, 0), NULL);
		if (read_descriptor(s, &d, in->path) &&
			(d.tag == DESC_SENDER_HOSTED || d.tag == DESC_SENDER_PROMISE))
			return release_exports(c, &d.id, 1);
		return 0;
	case MSG_CALL:
	case MSG_BOOTSTRAP:
		q = idtab_get(&c->questions, vat_r_u32(s, 0, 0));
		if (!q || q->returned)
			return conn_abort(c, "unimplemented: no such question");
		q->returned = q->finished = true;
		r = release_exports(c, q->param_exports, q->n_param_exports);
		if (r < 0)
			return r;
		if (!q->outcome) {
			question_free(q);
			return 0;
		}
		conclude(q, NULL, failure_new(VAT_UNIMPLEMENTED, "the peer cannot do that"));
		return 0;
	case MSG_RETURN:
	case MSG_FINISH:
	case MSG_RELEASE:
	case MSG_DISEMBARGO:
	case MSG_ABORT:
		return conn_abort(c, "unimplemented: every vat has to know this message");
	default:
		return 0;
	}
}

int conn_message(struct vat_conn *c, struct vat_message *msg, struct chunk *chunk)
{
	static int (*const handlers[])(struct in *) = {
		[MSG_UNIMPLEMENTED] = handle_unimplemented,
		[MSG_ABORT] = handle_abort,
		[MSG_CALL] = handle_call,
		[MSG_RETURN] = handle_return,
		[MSG_FINISH] = handle_finish,
		[MSG_RESOLVE] = handle_resolve,
		[MSG_RELEASE] = handle_release,
		[MSG_BOOTSTRAP] = handle_bootstrap,
		[MSG_DISEMBARGO] = handle_disembargo,
	};
	struct in in = {.c = c};
	in.p = parcel_view(msg, chunk);
	if (!in.p)
		return conn_oom(c);
	in.root = vat_ptr_struct(vat_root(msg), NULL);
	in.body = vat_ptr_struct(vat_ptr_at(in.root, 0), NULL);
	uint16_t tag = vat_r_u16(in.root, 0, 0);
	int r;
	if (vat_message_error(msg))
		r = malformed(&in);
	else if (tag < ARRAY_SIZE(handlers) && handlers[tag])
		r = handlers[tag](&in);
	else
		r = echo_unimplemented(&in);
	parcel_unref(in.p);
	return r;
}
