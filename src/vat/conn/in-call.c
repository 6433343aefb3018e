/* SPDX-License-Identifier: MIT */
/*
 * The peer's questions: Bootstrap, Call, Finish.
 *
 * A call becomes an answer, whose outcome the connection consumes: conn_return() sends it.  Calls
 * over a limit are refused with a Return that leaves nothing behind here.
 */
#include "vat/conn/conn-in.h"

static void on_outcome(struct consumer *consumer, struct outcome *o)
{
	conn_return(container_of(consumer, struct answer, consumer));
}

struct answer *in_answer_new(struct vat_conn *c, uint32_t id)
{
	struct answer *a = pool_get(&c->vat->pool, sizeof(*a));
	struct outcome *o = a ? outcome_new(c->vat) : NULL;
	if (!o || idmap_add(&c->answers, id, a) < 0) {
		outcome_unref(o);
		pool_put(&c->vat->pool, a, sizeof(*a));
		return NULL;
	}
	a->conn = c;
	a->id = id;
	a->outcome = o;
	o->answer = a;
	list_init(&a->consumer.link);
	list_init(&a->link);
	outcome_hold(o);
	return a;
}

void in_answer_consume(struct answer *a)
{
	outcome_consume(a->outcome, &a->consumer, on_outcome);
}

int in_refuse(struct vat_conn *c, uint32_t id, const char *why, unsigned flags)
{
	uint64_t w[WIRE_WORDS];
	struct vat_error e = {.kind = VAT_OVERLOADED, .text = why};
	conn_put(c, w, wire_return(w, id, RETURN_EXCEPTION, flags | RETURN_NO_FINISH, &e, 0));
	return 0;
}

int in_bootstrap(struct in *in)
{
	struct vat_conn *c = in->c;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	if (idmap_get(&c->answers, id))
		return conn_abort(c, "Bootstrap: question id %u is in use", id);
	if (c->answers.n + c->n_orphans >= c->limits.answers)
		return in_refuse(c, id, "too many calls outstanding", 0);
	struct answer *a = in_answer_new(c, id);
	if (!a)
		return conn_oom(c);
	in_answer_consume(a);
	struct parcel *p = parcel_new(c->vat, PARCEL_RETURN, 1, 0);
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

static int start_call(struct in *in, uint32_t id, struct vat_cap *target)
{
	struct vat_conn *c = in->c;
	struct answer *a = in_answer_new(c, id);
	if (!a)
		return conn_oom(c);
	struct vat_ctx *ctx = ctx_new(
		c->vat, vat_r_u64(in->body, 1, 0), vat_r_u16(in->body, 2, 0), in->p, a->outcome);
	if (!ctx) {
		answer_free(a);
		return conn_oom(c);
	}
	parcel_ref(in->p);
	c->calls_in++;
	a->yourself = vat_r_u16(in->body, 3, 0) == SEND_TO_YOURSELF;
	a->no_pipelining = ctx->no_pipelining = vat_r_bool(in->body, 129, false);
	a->only_pipelining = vat_r_bool(in->body, 130, false);
	a->outcome->only_pipelining = a->only_pipelining && !a->yourself;
	a->call_words = parcel_cost(in->p);
	c->call_words += a->call_words;
	in_answer_consume(a);
	cap_call(target, ctx);
	return 0;
}

/* Turns down a call of which more is heard than its Return.  One whose results were to stay here is
 * named by a Return of the peer, so it is kept, as failed. */
static int refuse_special(struct in *in, uint32_t id, const char *why)
{
	struct vat_conn *c = in->c;
	if (vat_r_u16(in->body, 3, 0) != SEND_TO_YOURSELF)
		return 0;
	if (c->answers.n >= c->limits.answers * UINT64_C(2))
		return conn_abort(c, "Call: %s", why);
	struct answer *a = in_answer_new(c, id);
	if (!a)
		return conn_oom(c);
	a->yourself = true;
	in_answer_consume(a);
	outcome_fail(a->outcome, failure_new(VAT_OVERLOADED, "%s", why));
	return 0;
}

/* What is against one more call, `words` large; NULL if nothing. */
static const char *over_limit(const struct vat_conn *c, uint64_t words)
{
	if (c->answers.n + c->n_orphans >= c->limits.answers)
		return "too many calls outstanding";
	if (c->call_words + words > c->limits.call_words)
		return "too many parameters outstanding";
	return NULL;
}

int in_call(struct in *in)
{
	struct vat_conn *c = in->c;
	struct target t;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	struct vat_struct_r at = vat_ptr_struct(vat_ptr_at(in->body, 0), NULL);
	struct vat_struct_r payload = vat_ptr_struct(vat_ptr_at(in->body, 1), NULL);
	uint16_t send_to = vat_r_u16(in->body, 3, 0);
	bool special = send_to == SEND_TO_YOURSELF || vat_r_bool(in->body, 130, false);
	if (vat_message_error(in->p->msg))
		return in_malformed(in);
	if (idmap_get(&c->answers, id))
		return conn_abort(c, "Call: question id %u is in use", id);
	if (send_to > SEND_TO_YOURSELF || !read_target(at, &t, in->path))
		return in_echo(in);
	const char *why = over_limit(c, parcel_words(in->p));
	if (why && !special)
		return in_refuse(c, id, why, RETURN_RELEASE_PARAMS);
	AUTO(vat_cap_unref) struct vat_cap *target = NULL;
	int r = in_target(in, &t, &target);
	if (r < 0)
		return r;
	r = in_payload(in, payload);
	if (r < 0)
		return r;
	if (c->imports.n > c->limits.imports)
		why = "too many capabilities imported";
	else
		why = over_limit(c, parcel_cost(in->p));
	if (why)
		return special ? refuse_special(in, id, why) : in_refuse(c, id, why, 0);
	return start_call(in, id, target);
}

/* The peer has forgotten the question, whose id it may use again. */
static void make_orphan(struct answer *a)
{
	struct vat_conn *c = a->conn;
	idmap_remove(&c->answers, a->id);
	a->orphan = true;
	list_append(&c->orphans, &a->link);
	c->n_orphans++;
}

int in_finish(struct in *in)
{
	struct vat_conn *c = in->c;
	struct answer *a = idmap_get(&c->answers, vat_r_u32(in->body, 0, 0));
	/* Unknown: it was refused, or Return said that no Finish is needed. */
	if (!a || a->finished)
		return 0;
	if (vat_r_bool(in->body, 32, true)) {
		int r = in_release(c, &a->result_exports);
		if (r < 0)
			return r;
	}
	bool run_on = vat_r_bool(in->body, 33, true);
	a->finished = true;
	if (a->tail)
		a->tail->run_on = run_on;
	if (a->returned || a->provision) {
		answer_free(a);
		return 0;
	}
	if (a->only_pipelining)
		make_orphan(a);
	if (a->dropped)
		return 0;
	a->dropped = true;
	a->outcome->run_on = run_on;
	outcome_drop(a->outcome);
	return 0;
}
