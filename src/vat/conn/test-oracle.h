/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests: what two vats say to each other, checked against the rules of the protocol by a second
 * bookkeeping, which knows nothing of the library's tables.
 *
 * It is told of each message when it is sent and when it is delivered, and keeps for each side the
 * questions, exports and imports as that side must see them.  The rules (rpc.capnp's comments on
 * each message are where they come from):
 *
 *  1. a question's id is used again only after Return came and Finish went;
 *  2. Return once for each question, Finish once at most, no Finish where none is needed;
 *  3. a Finish that crossed the Return gives back what the Return brings;
 *  4. noFinishNeeded goes only with results that hold no capabilities;
 *  5. one Resolve for each promise exported, while it is exported;
 *  6. what has been resolved is not sent as a promise again, what is settled never;
 *  7. Release, and all that gives back, never gives back more than came; an id is free at zero;
 *  8. nobody names what he has given back, or results that he has finished;
 *  9. releaseParamCaps gives back each of a call's parameters;
 * 10. receiverLoopback answers a senderLoopback, once.
 *
 * At rest, oracle_agrees() compares it with the tables.
 */
#include "vat/conn/test-trace.h"

struct oracle_question {
	unsigned refs; /* tables and messages that name it */
	uint32_t id;
	bool no_return; /* a Provide, or what is only pipelined on */
	bool return_sent, return_seen, finish_sent, finish_seen, no_finish, release;
	bool params_given, results_given;
	struct trace *params, *results; /* their descriptors */
};

struct oracle_export {
	uint32_t refs;
	bool promise, resolved;
	bool vine; /* may be resolved once too: the hand-off failed */
};

enum oracle_embargo { EMBARGO_NONE, EMBARGO_SENT, EMBARGO_HEARD, EMBARGO_ANSWERED };

/* What one side has under one id, in each of its tables. */
struct oracle_slot {
	struct oracle_question *asked, *answering;
	struct oracle_export export;
	uint32_t imports; /* references held */
	uint8_t embargo; /* enum oracle_embargo */
};

enum { ORACLE_IDS = 1 << 20 };

struct oracle_slots {
	struct oracle_slot *slots;
	uint32_t n;
};

struct oracle {
	bool off; /* something was said that ends the rules */
	struct oracle_slots slots[2];
	struct oracle_slots high[2]; /* questions to which there is no Return */
};

#define ORACLE(o, cond)                                                                          \
	do {                                                                                     \
		if (!(cond)) {                                                                   \
			fprintf(stderr, "# against the rules: %s\n# the message: ", #cond);      \
			trace_print(stderr, t);                                                  \
			test_fail(__FILE__, __LINE__, "rule of the protocol broken: %s", #cond); \
		}                                                                                \
	} while (0)

static void oracle_unref(struct oracle_question *q)
{
	if (!q || --q->refs)
		return;
	free(q->params);
	free(q->results);
	free(q);
}

UNUSED_OK static void oracle_done(struct oracle *o)
{
	struct oracle_slots *all[] = {&o->slots[0], &o->slots[1], &o->high[0], &o->high[1]};
	for (size_t k = 0; k < ARRAY_SIZE(all); k++) {
		for (uint32_t i = 0; i < all[k]->n; i++) {
			oracle_unref(all[k]->slots[i].asked);
			oracle_unref(all[k]->slots[i].answering);
		}
		free(all[k]->slots);
	}
	*o = (struct oracle){.off = true};
}

/* Valid until the next one is asked for. */
static struct oracle_slot *slot(struct oracle *o, int me, uint32_t id)
{
	struct oracle_slots *t = id < QUESTION_HIGH ? &o->slots[me] : &o->high[me];
	uint32_t room = t->n ? t->n : 16;
	id &= QUESTION_HIGH - 1;
	if (id >= ORACLE_IDS)
		test_fail(__FILE__, __LINE__, "id %u is not the lowest free", id);
	while (id >= room)
		room *= 2;
	if (room != t->n) {
		t->slots = realloc(t->slots, room * sizeof(*t->slots));
		CHECK(t->slots);
		memset(t->slots + t->n, 0, (room - t->n) * sizeof(*t->slots));
		t->n = room;
	}
	return &t->slots[id];
}

static struct trace *oracle_copy(const struct trace *t)
{
	size_t size = sizeof(*t) + t->n_desc * sizeof(t->desc[0]);
	struct trace *copy = malloc(size);
	CHECK(copy);
	return memcpy(copy, t, size);
}

static bool is_export(const struct trace_desc *d)
{
	return d->tag == DESC_SENDER_HOSTED || d->tag == DESC_SENDER_PROMISE ||
	       d->tag == DESC_THIRD_PARTY_HOSTED;
}

/* ---- references ------------------------------------------------------------------------------ */

static void oracle_exported(
	struct oracle *o, int me, const struct trace *t, const struct trace_desc *d)
{
	struct oracle_export *e = &slot(o, me, d->id)->export;
	bool promise = d->tag == DESC_SENDER_PROMISE;
	if (!e->refs)
		*e = (struct oracle_export){
			.promise = promise, .vine = d->tag == DESC_THIRD_PARTY_HOSTED};
	ORACLE(o, !promise || e->promise); /* 6 */
	ORACLE(o, !promise || !e->resolved);
	ORACLE(o, promise || !e->promise || e->resolved);
	e->refs++;
}

/* Descriptors in a message that `me` sends. counted: they make references. */
static void oracle_sends(struct oracle *o, int me, const struct trace *t, bool counted)
{
	for (uint32_t i = 0; i < t->n_desc; i++) {
		const struct trace_desc *d = &t->desc[i];
		if (is_export(d) && counted)
			oracle_exported(o, me, t, d);
		if (d->tag == DESC_RECEIVER_HOSTED)
			ORACLE(o, slot(o, me, d->id)->imports); /* 8 */
		if (d->tag == DESC_RECEIVER_ANSWER) {
			struct oracle_question *q = slot(o, me, d->id)->asked;
			ORACLE(o, q && !q->finish_sent);
		}
	}
}

static void oracle_gets(struct oracle *o, int me, const struct trace *t)
{
	for (uint32_t i = 0; i < t->n_desc; i++)
		if (is_export(&t->desc[i]))
			slot(o, me, t->desc[i].id)->imports++;
}

/* `me` gives back all that came with `from`: as seen by it when it says so. */
static void oracle_gives(struct oracle *o, int me, const struct trace *from, const struct trace *t)
{
	for (uint32_t i = 0; from && i < from->n_desc; i++) {
		if (!is_export(&from->desc[i]))
			continue;
		ORACLE(o, slot(o, me, from->desc[i].id)->imports); /* 7 */
		slot(o, me, from->desc[i].id)->imports--;
	}
}

/* The same, as seen by who exported it, when he hears it. */
static void oracle_given(struct oracle *o, int me, const struct trace *from, const struct trace *t)
{
	for (uint32_t i = 0; from && i < from->n_desc; i++) {
		if (!is_export(&from->desc[i]))
			continue;
		ORACLE(o, slot(o, me, from->desc[i].id)->export.refs); /* 7 */
		slot(o, me, from->desc[i].id)->export.refs--;
	}
}

/* ---- questions ------------------------------------------------------------------------------- */

static void oracle_forget(struct oracle_question **at)
{
	struct oracle_question *q = *at;
	*at = NULL;
	oracle_unref(q);
}

/* Has the asking side done with the id? */
static void oracle_check_asked(struct oracle *o, int me, struct oracle_question *q)
{
	bool over = q->return_seen && (q->finish_sent || q->no_finish);
	if (over || (q->no_return && q->finish_sent))
		if (slot(o, me, q->id)->asked == q)
			oracle_forget(&slot(o, me, q->id)->asked);
}

static void oracle_check_answering(struct oracle *o, int me, struct oracle_question *q)
{
	bool over = q->return_sent && (q->finish_seen || q->no_finish);
	if (over || (q->no_return && q->finish_seen))
		if (slot(o, me, q->id)->answering == q)
			oracle_forget(&slot(o, me, q->id)->answering);
}

static void oracle_target(struct oracle *o, int me, const struct trace *t)
{
	if (!t->has_target)
		return;
	const struct oracle_slot *s = slot(o, me, t->target.id);
	/* Something broken is answered without a place to send it to. */
	bool nowhere = t->tag == MSG_DISEMBARGO && t->kind == LOOPBACK_RECEIVER && !t->target.id &&
		       !t->target.promised;
	if (t->target.promised)
		ORACLE(o, s->asked && !s->asked->finish_sent); /* 8 */
	else if (!nowhere)
		ORACLE(o, s->imports);
}

static void oracle_asks(struct oracle *o, int me, const struct trace *t)
{
	struct oracle_slot *s = slot(o, me, t->id);
	ORACLE(o, !s->asked); /* 1 */
	struct oracle_question *q = calloc(1, sizeof(*q));
	CHECK(q);
	q->refs = 1;
	q->id = t->id;
	q->no_return = t->tag == MSG_PROVIDE || t->id >= QUESTION_HIGH;
	q->params = oracle_copy(t);
	s->asked = q;
}

static void oracle_returns(struct oracle *o, int me, const struct trace *t)
{
	struct oracle_question *q = slot(o, me, t->id)->answering;
	ORACLE(o, q && !q->return_sent && t->id < QUESTION_HIGH); /* 2 */
	ORACLE(o, !t->no_finish || t->kind != RETURN_RESULTS || !t->n_desc); /* 4 */
	q->return_sent = true;
	q->no_finish = t->no_finish;
	/* 3: what crosses a Finish is given back by who sends it. */
	bool counted = !(q->finish_seen && q->release);
	oracle_sends(o, me, t, counted);
	if (counted)
		q->results = oracle_copy(t);
	if (t->release && !q->params_given) { /* 9 */
		q->params_given = true;
		oracle_gives(o, me, q->params, t);
	}
}

static void oracle_finishes(struct oracle *o, int me, const struct trace *t)
{
	struct oracle_question *q = slot(o, me, t->id)->asked;
	ORACLE(o, q && !q->finish_sent && !(q->return_seen && q->no_finish)); /* 2 */
	q->finish_sent = true;
	q->release = t->release;
	if (t->release && q->return_seen)
		oracle_gives(o, me, q->results, t);
	oracle_check_asked(o, me, q);
}

/* ---- the two moments of a message ------------------------------------------------------------ */

/* The question a message of `me` is about, kept until it is delivered; new reference. */
static struct oracle_question *oracle_about(struct oracle *o, int me, const struct trace *t)
{
	struct oracle_question *q = NULL;
	if (t->tag == MSG_CALL || t->tag == MSG_BOOTSTRAP || t->tag == MSG_PROVIDE ||
		t->tag == MSG_ACCEPT || t->tag == MSG_FINISH)
		q = slot(o, me, t->id)->asked;
	else if (t->tag == MSG_RETURN)
		q = slot(o, me, t->id)->answering;
	if (q)
		q->refs++;
	return q;
}

static void oracle_sent_other(struct oracle *o, int me, const struct trace *t)
{
	if (t->tag == MSG_RESOLVE) {
		struct oracle_export *e = &slot(o, me, t->id)->export;
		ORACLE(o, e->refs && (e->promise || e->vine) && !e->resolved); /* 5 */
		e->resolved = true;
		oracle_sends(o, me, t, true);
	} else if (t->tag == MSG_RELEASE) {
		struct oracle_slot *s = slot(o, me, t->id);
		ORACLE(o, t->count <= s->imports); /* 7 */
		s->imports -= t->count;
	} else if (t->tag == MSG_DISEMBARGO && t->kind == LOOPBACK_SENDER) {
		ORACLE(o, slot(o, me, t->id)->embargo == EMBARGO_NONE);
		slot(o, me, t->id)->embargo = EMBARGO_SENT;
	} else if (t->tag == MSG_DISEMBARGO && t->kind == LOOPBACK_RECEIVER) {
		ORACLE(o, slot(o, !me, t->id)->embargo == EMBARGO_HEARD); /* 10 */
		slot(o, !me, t->id)->embargo = EMBARGO_ANSWERED;
	}
}

/* me has sent it. Returns what oracle_delivered wants to have. */
UNUSED_OK static struct oracle_question *oracle_sent(
	struct oracle *o, int me, const struct trace *t)
{
	struct oracle_question *q = NULL;
	if (t->tag == MSG_ABORT || t->tag == MSG_UNIMPLEMENTED)
		o->off = true;
	if (o->off)
		return NULL;
	if (t->tag == MSG_RETURN || t->tag == MSG_FINISH)
		q = oracle_about(o, me, t);
	oracle_target(o, me, t);
	switch (t->tag) {
	case MSG_CALL:
		oracle_sends(o, me, t, true);
		oracle_asks(o, me, t);
		break;
	case MSG_BOOTSTRAP:
	case MSG_PROVIDE:
	case MSG_ACCEPT:
		oracle_asks(o, me, t);
		break;
	case MSG_RETURN:
		oracle_returns(o, me, t);
		oracle_check_answering(o, me, q);
		break;
	case MSG_FINISH:
		oracle_finishes(o, me, t);
		break;
	default:
		oracle_sent_other(o, me, t);
		break;
	}
	return q ? q : oracle_about(o, me, t);
}

static void oracle_return_seen(
	struct oracle *o, int me, const struct trace *t, struct oracle_question *q)
{
	q->return_seen = true;
	if (!q->finish_sent || !q->release)
		oracle_gets(o, me, t);
	if (t->release)
		oracle_given(o, me, q->params, t); /* 9 */
	oracle_check_asked(o, me, q);
}

static void oracle_finish_seen(
	struct oracle *o, int me, const struct trace *t, struct oracle_question *q)
{
	q->finish_seen = true;
	if (t->release && q->return_sent)
		oracle_given(o, me, q->results, t);
	oracle_check_answering(o, me, q);
}

static void oracle_delivered_other(struct oracle *o, int me, const struct trace *t)
{
	if (t->tag == MSG_RESOLVE) {
		oracle_gets(o, me, t);
	} else if (t->tag == MSG_RELEASE) {
		struct oracle_slot *s = slot(o, me, t->id);
		ORACLE(o, t->count <= s->export.refs);
		s->export.refs -= t->count;
	} else if (t->tag == MSG_DISEMBARGO && t->kind == LOOPBACK_SENDER) {
		slot(o, !me, t->id)->embargo = EMBARGO_HEARD;
	} else if (t->tag == MSG_DISEMBARGO && t->kind == LOOPBACK_RECEIVER) {
		slot(o, me, t->id)->embargo = EMBARGO_NONE;
	}
}

/* It is delivered to me. q is what oracle_sent returned, taken. */
UNUSED_OK static void oracle_delivered(
	struct oracle *o, int me, const struct trace *t, struct oracle_question *q)
{
	bool ask = t->tag == MSG_CALL || t->tag == MSG_BOOTSTRAP || t->tag == MSG_PROVIDE ||
		   t->tag == MSG_ACCEPT;
	if (o->off) {
		oracle_unref(q);
		return;
	}
	if (ask) {
		oracle_gets(o, me, t);
		if (q) {
			struct oracle_question **at = &slot(o, me, t->id)->answering;
			ORACLE(o, !*at);
			*at = q;
			q->refs++;
		}
	} else if (t->tag == MSG_RETURN && q) {
		oracle_return_seen(o, me, t, q);
	} else if (t->tag == MSG_FINISH && q) {
		oracle_finish_seen(o, me, t, q);
	} else {
		oracle_delivered_other(o, me, t);
	}
	oracle_unref(q);
}

/* ---- at rest --------------------------------------------------------------------------------- */

/* Nothing is under way: the tables of both sides are what the messages say they are. */
UNUSED_OK static void oracle_agrees(struct oracle *o, int me, struct vat_conn *c)
{
	unsigned asked = 0, answering = 0, exports = 0, imports = 0, embargoes = 0;
	struct vat_conn_counts k;
	if (o->off || !c || c->over)
		return;
	vat_conn_counts(c, &k);
	for (uint32_t i = 0; i < o->high[me].n; i++) {
		asked += o->high[me].slots[i].asked != NULL;
		answering += o->high[me].slots[i].answering != NULL;
	}
	for (uint32_t i = 0; i < o->slots[me].n; i++) {
		const struct oracle_slot *s = &o->slots[me].slots[i];
		struct exported *e = idtab_get(&c->exports, i);
		struct import *in = idmap_get(&c->imports, i);
		asked += s->asked != NULL;
		answering += s->answering != NULL;
		exports += s->export.refs != 0;
		imports += s->imports != 0;
		embargoes += s->embargo != EMBARGO_NONE;
		CHECK_INT(e ? e->refs : 0, s->export.refs);
		CHECK_INT(in ? in->remote_refs : 0, s->imports);
		CHECK_INT(slot(o, !me, i)->imports, s->export.refs);
	}
	CHECK_INT(k.questions, asked);
	CHECK_INT(k.answers - c->n_orphans, answering);
	CHECK_INT(k.exports, exports);
	CHECK_INT(k.imports, imports);
	CHECK_INT(k.embargoes, embargoes);
}
