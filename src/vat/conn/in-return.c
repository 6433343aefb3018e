/* SPDX-License-Identifier: MIT */
/*
 * Answers to our questions: Return.
 *
 * The outcome is told before anything else is handled, so that pipes resolve, and embargo, in
 * the order in which the peer resolved them.
 */
#include "vat/conn/conn-in.h"

/* The question is answered: its outcome is told, and Finish is sent unless something pins it. */
void in_conclude(struct question *q, struct parcel *takes_results, struct failure *takes_failure)
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
	in->source = q;
	int r = in_payload(in, vat_ptr_struct(vat_ptr_at(in->body, 0), NULL));
	if (r < 0)
		return r;
	if (c->imports.n > c->limits.imports)
		in_conclude(q, NULL, failure_new(VAT_OVERLOADED, "too many capabilities imported"));
	else
		in_conclude(q, parcel_ref(in->p), NULL);
	return 0;
}

static void return_exception(struct in *in, struct question *q)
{
	struct vat_text text;
	enum vat_error_kind kind =
		read_exception(vat_ptr_struct(vat_ptr_at(in->body, 0), NULL), &text);
	in_conclude(q, NULL, failure_new_text(kind, text.s, text.len));
}

static void conclude_taken(struct consumer *consumer, struct outcome *unused)
{
	struct question *q = container_of(consumer, struct question, take);
	struct outcome *from = TAKE_PTR(q->taken);
	if (from->state == OUTCOME_FAILED)
		in_conclude(q, NULL, failure_ref(from->failure));
	else
		in_conclude(q, from->results ? parcel_ref(from->results) : NULL, NULL);
	outcome_drop(from);
}

/* The peer may have redirected a long row of calls, each to the next: not on the stack. */
static void on_taken(struct consumer *consumer, struct outcome *from)
{
	consumer->done = conclude_taken;
	list_append(&from->vat->later, &consumer->link);
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
	q->redirected = true;
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
		in_conclude(q, NULL, failure_new(VAT_FAILED, "call was canceled by the peer"));
		return 0;
	case RETURN_TAKE_FROM_OTHER:
		return return_from_other(in, q);
	case RETURN_SENT_ELSEWHERE:
		if (q->tail)
			return 0;
		return conn_abort(c, "Return: results were not to be sent elsewhere");
	default:
		in_conclude(q, NULL, failure_new(VAT_UNIMPLEMENTED, "unknown kind of Return"));
		return in_echo(in);
	}
}

/* The peer has forgotten the question, as nothing in the results can be called: what was to be
 * called there for ever is broken. False if the question is gone with that. */
static bool forgotten(struct in *in, struct question *q)
{
	struct failure *f;
	struct vat_text text;
	q->finished = true;
	if (q->refs && q->refs == (q->outcome != NULL))
		return true; /* the usual case: no pins */
	if (vat_r_u16(in->body, 3, 0) == RETURN_EXCEPTION) {
		enum vat_error_kind kind =
			read_exception(vat_ptr_struct(vat_ptr_at(in->body, 0), NULL), &text);
		f = failure_new_text(kind, text.s, text.len);
	} else {
		f = failure_new(VAT_FAILED, "null capability");
	}
	struct list pins;
	list_init(&pins);
	pins_take(&q->pins, NULL, 0, &pins);
	q->refs++;
	while (!list_empty(&pins))
		cap_break(list_entry(pins.next, struct vat_cap, link), f);
	failure_unref(f);
	if (--q->refs)
		return true;
	question_free(q);
	return false;
}

static int returned(struct in *in, struct question *q)
{
	if (q->finished) {
		/* What it says crossed our Finish, which gave its capabilities back. */
		bool take = vat_r_u16(in->body, 3, 0) == RETURN_TAKE_FROM_OTHER;
		int r = take ? return_from_other(in, q) : 0;
		if (r == 0)
			question_free(q);
		return r;
	}
	if (vat_r_bool(in->body, 33, false) && !forgotten(in, q))
		return 0;
	return answered(in, q);
}

/* To a call that only promised results: the peer did not know, or care. What the results hold is
 * given back by Finish; until then, calls on them go on being addressed to the question. But there
 * is nothing to be won with this peer. */
static int returned_anyway(struct vat_conn *c, uint32_t id)
{
	if (!c->high_again && id - QUESTION_HIGH >= c->next_high)
		return conn_abort(c, "Return: no such question %u", id);
	c->returns_all = true;
	return 0;
}

/* Parameters are given back after the results were taken: those may name one of them, which some
 * peers (capnp-es) let go of in the same breath. */
int in_return(struct in *in)
{
	struct vat_conn *c = in->c;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	if (id >= QUESTION_HIGH)
		return returned_anyway(c, id);
	struct question *q = question_get(c, id);
	if (q && q->vine && vat_r_u16(in->body, 3, 0) == RETURN_EXCEPTION)
		return 0; /* to a Provide: the recipient will hear of it */
	if (!q || q->returned)
		return conn_abort(c, "Return: no such question %u", id);
	q->returned = true;
	struct ids params = q->param_exports;
	q->param_exports = (struct ids){0};
	int r = returned(in, q);
	if (r == 0 && !c->over && vat_r_bool(in->body, 32, true))
		r = in_release(c, &params);
	free(params.many);
	return r;
}
