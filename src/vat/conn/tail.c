/* SPDX-License-Identifier: MIT */
/*
 * Tail calls that we originate: a call of the peer that goes back to the peer.
 *
 * A call came over a connection as answer A and goes on to something at the other end of that very
 * connection: its handler passed it on, or it was addressed to a promise of ours that came to lead
 * there.  Instead of having the results sent here and on to where they came from, the peer is asked
 * to keep them (sendResultsTo.yourself, question Q), and told to take them itself:
 *
 *	peer                                    here
 *	Call A ------------------------------->
 *	       <------------------------------- Call Q, to yourself
 *	       <------------------------------- Return A, takeFromOtherQuestion Q
 *	Return Q, resultsSentElsewhere ------->
 *	Finish A ----------------------------->
 *	       <------------------------------- Finish Q
 *
 * Until Finish A, what is addressed to A's results is passed on to the same part of Q's, in the
 *same way: so a row of calls pipelined on each other is reflected as a whole.  That part of Q's
 *results stands for it for ever (CAP_PIN), as we never see them.  Finish A may come early, if the
 *peer loses interest: then Finish Q cancels.  A call that the peer had finished before it got here
 *is sent and cancelled like any other; what the peer hears is one Return (canceled).
 *
 * Not so: calls whose results stay here (those are the peer's tail calls), calls through a
 *membrane, which has to see the results, and calls of whose results a part was asked for here.
 */
#include "vat/conn/conn.h"

struct answer *tail_answer(const struct vat_conn *c, const struct outcome *o)
{
	struct answer *a = o->answer;
	if (!a || a->conn != c || c->no_tail_calls || o->wanted_here)
		return NULL;
	if (a->yourself || a->only_pipelining || a->returned || a->finished)
		return NULL;
	return !list_empty(&o->consumers) && outcome_unwatched(o) ? a : NULL;
}

/* What was to be called in the results is there from now on. */
static void move_pipes(struct outcome *o, struct answer *a)
{
	list_for_each_safe (l, &o->pipes) {
		struct vat_cap *p = list_entry(l, struct vat_cap, promise.pipe);
		cap_resolve(p, tail_cap(a, p->promise.path, p->promise.n_path));
	}
}

void tail_return(struct answer *a, struct question *q)
{
	struct vat_conn *c = a->conn;
	struct outcome *o = a->outcome;
	uint64_t w[WIRE_WORDS];
	vat_enter(c->vat);
	struct vat *v = c->vat;
	conn_put(c, w, wire_return(w, a->id, RETURN_TAKE_FROM_OTHER, 0, NULL, q->id));
	q->answer = a;
	a->tail = q;
	a->returned = a->dropped = true;
	c->call_words -= a->call_words;
	a->call_words = 0;
	list_unlink(&a->consumer.link);
	move_pipes(o, a);
	outcome_drop(o);
	vat_leave(v);
}

struct vat_cap *tail_cap(struct answer *a, const uint16_t *path, size_t n)
{
	struct vat *v = a->conn->vat;
	const struct address at = {.conn = a->conn, .question = a->tail, .path = path, .n_path = n};
	if (a->tail->finished)
		return cap_broken(v, failure_new(VAT_FAILED, "null capability"));
	struct vat_cap *pin = pin_new(v, &at);
	return pin ? pin : vat_cap_ref(v->oom);
}
