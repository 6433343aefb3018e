/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A hostile peer that knows the protocol: bytes decide which messages it sends and what they name,
 * mostly ids that exist, sometimes not, and what the application does meanwhile: it calls, cancels,
 * resolves, wraps, answers.  Another connection of the same vat leads to a friendly one.
 *
 * Whatever happens, the connection goes on or ends, its tables stay within their limits, the other
 * connection is untouched, and nothing is left behind.
 */
#include "vat/conn/test-raw.h"
#include "vat/cap/test-alloc.h"

enum { PEER_CAPS = 8, PEER_CALLS = 16, PEER_STEPS = 400, PEER_WAITING = 32 };

struct peer {
	struct raw w; /* the connection to the hostile peer */
	struct net n; /* vat 0: the friend; vat 1: w.vat */
	struct thing friend_thing, own_thing;
	struct vat_cap *caps[PEER_CAPS];
	struct reply replies[PEER_CALLS];
	struct vat_resolver *resolver;
	struct vat_membrane *membrane;
	const uint8_t *in;
	size_t left;
	uint64_t flip; /* bits to turn over in the next message */
	unsigned steps;
};

static const struct vat_limits peer_limits = {.answers = 24,
	.exports = 24,
	.imports = 24,
	.questions = 24,
	.message_words = 4096,
	.call_words = 8192,
	.result_words = 8192};

static uint8_t peer_byte(struct peer *p)
{
	if (!p->left)
		return 0;
	p->left--;
	return *p->in++;
}

/* What an id is for. */
enum peer_table {
	ANY_ID,
	OPEN_QUESTION,
	FREE_ANSWER,
	OPEN_ANSWER,
	REDIRECTED,
	EXPORT,
	PROMISE,
	EMBARGO
};

static bool peer_fits(const struct vat_conn *c, enum peer_table table, uint32_t id)
{
	const struct question *q = idtab_get(&c->questions, id);
	const struct answer *a = idmap_get(&c->answers, id);
	const struct import *i = idmap_get(&c->imports, id);
	switch (table) {
	case OPEN_QUESTION:
		return q && !q->returned;
	case FREE_ANSWER:
		return !a;
	case OPEN_ANSWER:
		return a && !a->finished;
	case REDIRECTED:
		return a && a->yourself && !a->redirected;
	case EXPORT:
		return idtab_get(&c->exports, id);
	case PROMISE:
		return i && i->promise && i->cap && i->cap->refs &&
		       i->cap->state == PROMISE_WAITING;
	case EMBARGO:
		return idtab_get(&c->embargoes, id);
	case ANY_ID:
		break;
	}
	return true;
}

/* Mostly one that makes sense. */
static uint32_t peer_id(struct peer *p, enum peer_table table)
{
	static const uint32_t odd[] = {23, 24, 25, 1 << 16, 1 << 30, 1u << 31, UINT32_MAX};
	uint8_t b = peer_byte(p);
	if (b >= 252)
		return odd[b % ARRAY_SIZE(odd)];
	if (b >= 248)
		return b % 5;
	for (uint32_t i = 0; i < 24; i++)
		if (peer_fits(p->w.c, table, (b + i) % 24))
			return (b + i) % 24;
	return b % 5;
}

/* Whether anything makes sense. */
static bool peer_any(const struct peer *p, enum peer_table table)
{
	for (uint32_t i = 0; i < 24; i++)
		if (peer_fits(p->w.c, table, i))
			return true;
	return false;
}

/* ---- what it says ---------------------------------------------------------------------------- */

static void peer_target(struct peer *p, struct vat_ptr_b at)
{
	uint16_t path[3];
	uint8_t b = peer_byte(p);
	bool ahead = b & 1 || !peer_any(p, EXPORT);
	struct target t = {.promised = ahead,
		.id = peer_id(p, ahead ? OPEN_ANSWER : EXPORT),
		.path = path,
		.n_path = b >> 1 & 1};
	path[0] = (uint16_t)(b >> 2 & 3);
	build_target(at, &t);
	if (b == 0xff)
		vat_w_u16(vat_get_struct_b(at, 1, 1, NULL), 2, 9, 0);
}

static void peer_desc(struct peer *p, struct vat_struct_b s)
{
	uint16_t path[1];
	uint8_t b = peer_byte(p);
	enum cap_tag tag = (enum cap_tag)(b < 10 ? 0 : 1 + b % 4);
	static const enum peer_table of[] = {ANY_ID, ANY_ID, ANY_ID, EXPORT, OPEN_ANSWER};
	if ((tag == DESC_RECEIVER_HOSTED || tag == DESC_RECEIVER_ANSWER) && !peer_any(p, of[tag]))
		tag = DESC_SENDER_HOSTED;
	struct descriptor d = {.tag = tag,
		.id = tag ? peer_id(p, of[tag]) % (tag < DESC_RECEIVER_HOSTED ? 12 : 24) : 0,
		.path = path,
		.n_path = b >> 7,
		.fd = NO_FD};
	path[0] = (uint16_t)(b >> 4 & 1);
	build_descriptor(s, &d);
	if (b >= 250)
		vat_w_u16(s, 0, (uint16_t)(b - 245), 0);
}

/* A Payload: a number, and capabilities in pointers. */
static void peer_payload(struct peer *p, struct vat_ptr_b at)
{
	uint8_t b = peer_byte(p), n = b & 3;
	struct vat_struct_b payload = vat_init_struct(at, 0, 2);
	struct vat_struct_b content = vat_init_struct(vat_ptr_at_b(payload, 0), 1, 2);
	vat_w_u64(content, 0, b >> 4, 0);
	struct vat_list_b l = vat_init_struct_list(vat_ptr_at_b(payload, 1), 1, 1, n);
	for (uint8_t i = 0; i < n; i++)
		peer_desc(p, vat_list_struct_b(l, i));
	for (uint16_t i = 0; i < 2 && n; i++) {
		uint64_t word = (uint64_t)(peer_byte(p) % 4) << 32 | 3;
		memcpy(vat_ptr_at_b(content, i).at, &word, sizeof(word));
	}
	if (b & 4 && n) { /* the content is a capability, as of a Bootstrap */
		uint64_t word = 3;
		memcpy(vat_ptr_at_b(payload, 0).at, &word, sizeof(word));
	}
}

static void peer_exception(struct peer *p, struct vat_ptr_b at)
{
	struct vat_struct_b e = vat_init_struct(at, 1, 3);
	vat_w_u16(e, 2, peer_byte(p) % 5, 0);
	vat_set_text(vat_ptr_at_b(e, 0), (struct vat_text){.s = "so there", .len = 8});
}

static void peer_call(struct peer *p, struct vat_struct_b b)
{
	uint8_t how = peer_byte(p);
	vat_w_u32(b, 0, peer_id(p, FREE_ANSWER), 0);
	vat_w_u16(b, 2, peer_byte(p) % (THING_METHODS + 1), 0);
	vat_w_u16(b, 3, how < 250 ? how >> 6 & 1 : how & 3, 0);
	vat_w_u64(b, 1, thing_interface.id, 0);
	vat_w_bool(b, 129, how & 8, false);
	vat_w_bool(b, 130, how & 16, false);
	peer_target(p, vat_ptr_at_b(b, 0));
	peer_payload(p, vat_ptr_at_b(b, 1));
}

static void peer_return(struct peer *p, struct vat_struct_b b)
{
	uint8_t how = peer_byte(p);
	vat_w_u32(b, 0, peer_id(p, OPEN_QUESTION), 0);
	vat_w_bool(b, 32, how & 8, true);
	vat_w_bool(b, 33, how & 16, false);
	uint16_t tag = how & 4 ? 0 : (uint16_t)(how >> 5);
	if (tag == RETURN_SENT_ELSEWHERE && how & 3)
		tag = RETURN_TAKE_FROM_OTHER;
	if (tag == RETURN_TAKE_FROM_OTHER && !peer_any(p, REDIRECTED))
		tag = RETURN_EXCEPTION;
	vat_w_u16(b, 3, tag, 0);
	if (tag == RETURN_RESULTS)
		peer_payload(p, vat_ptr_at_b(b, 0));
	else if (tag == RETURN_EXCEPTION)
		peer_exception(p, vat_ptr_at_b(b, 0));
	else
		vat_w_u32(b, 2, peer_id(p, REDIRECTED), 0);
}

static void peer_resolve(struct peer *p, struct vat_struct_b b)
{
	uint8_t how = peer_byte(p);
	vat_w_u32(b, 0, peer_id(p, PROMISE), 0);
	vat_w_u16(b, 2, how < 200 ? 0 : how % 3, 0);
	if (how < 200)
		peer_desc(p, vat_init_struct(vat_ptr_at_b(b, 0), 1, 1));
	else
		peer_exception(p, vat_ptr_at_b(b, 0));
}

/* Gives the message of this kind its body. */
static void peer_body(struct peer *p, uint16_t tag, struct vat_struct_b b)
{
	uint8_t how;
	switch (tag) {
	case MSG_CALL:
		peer_call(p, b);
		break;
	case MSG_RETURN:
		peer_return(p, b);
		break;
	case MSG_RESOLVE:
		peer_resolve(p, b);
		break;
	case MSG_RELEASE:
		vat_w_u32(b, 0, peer_id(p, EXPORT), 0);
		how = peer_byte(p);
		vat_w_u32(b, 1, how < 250 ? 1 : how, 0);
		break;
	case MSG_FINISH:
		vat_w_u32(b, 0, peer_id(p, OPEN_ANSWER), 0);
		vat_w_bool(b, 32, peer_byte(p) & 1, true);
		break;
	case MSG_DISEMBARGO:
		how = peer_byte(p);
		vat_w_u32(b, 0, peer_id(p, EMBARGO), 0);
		vat_w_u16(b, 2, how < 240 ? how & 1 : how & 3, 0);
		peer_target(p, vat_ptr_at_b(b, 0));
		break;
	case MSG_ABORT:
		peer_exception(p, vat_ptr_at_b(b, 0));
		break;
	default: /* Bootstrap, and what has a question and a target at most */
		vat_w_u32(b, 0, peer_id(p, FREE_ANSWER), 0);
		if (tag == MSG_PROVIDE || tag == MSG_JOIN)
			peer_target(p, vat_ptr_at_b(b, 0));
		break;
	}
}

/* Sends it, after turning some bits over; false if the connection is over. */
static bool peer_send(struct peer *p, struct vat_message *m)
{
	size_t size;
	uint64_t *flat = vat_message_flatten(m, &size);
	vat_message_free(m);
	CHECK(flat);
	if (p->flip)
		flat[1 + p->flip % (size / 8 - 1)] ^= p->flip >> 8;
	p->flip = 0;
	struct vat_conn *c = p->w.c;
	int r = vat_conn_wants_input(c) ? net_feed(c, flat, size, 1 + size / 2, NULL, 0) : -EPROTO;
	free(flat);
	return r == 0 && !p->w.closed;
}

static bool peer_makes_sense(const struct peer *p, uint16_t tag)
{
	static const enum peer_table of[] = {[MSG_RETURN] = OPEN_QUESTION,
		[MSG_RESOLVE] = PROMISE,
		[MSG_RELEASE] = EXPORT,
		[MSG_DISEMBARGO] = EMBARGO,
		[MSG_FINISH] = OPEN_ANSWER,
		[MSG_CALL] = FREE_ANSWER,
		[MSG_BOOTSTRAP] = FREE_ANSWER};
	return tag >= ARRAY_SIZE(of) || peer_any(p, of[tag]);
}

static bool peer_say(struct peer *p)
{
	/* What a connection consists of more often than the rest. */
	static const uint8_t tags[] = {MSG_CALL, MSG_CALL, MSG_CALL, MSG_RETURN, MSG_RETURN,
		MSG_FINISH, MSG_RESOLVE, MSG_RELEASE, MSG_DISEMBARGO, MSG_BOOTSTRAP};
	uint8_t b = peer_byte(p);
	uint16_t tag = b < 250 ? tags[b % ARRAY_SIZE(tags)] : peer_byte(p) % 16;
	for (unsigned i = 0; b < 248 && i < 8 && !peer_makes_sense(p, tag); i++)
		tag = tags[(b + i) % ARRAY_SIZE(tags)];
	struct vat_struct_b body;
	struct vat_message *m;
	if (tag == MSG_UNIMPLEMENTED) {
		uint16_t inner = peer_byte(p) % 16;
		struct vat_struct_b message;
		m = raw_new(tag, 1, 1, &message);
		vat_w_u16(message, 0, inner, 0);
		body = vat_init_struct(vat_ptr_at_b(message, 0), 3, 3);
		tag = inner;
	} else {
		m = raw_new(tag, 3, 3, &body);
	}
	peer_body(p, tag, body);
	return peer_send(p, m);
}

/* ---- what the application does --------------------------------------------------------------- */

static void peer_keep(struct peer *p, struct vat_cap *takes)
{
	struct vat_cap **at = &p->caps[peer_byte(p) % PEER_CAPS];
	vat_cap_unref(*at);
	*at = takes;
}

static struct vat_cap *peer_cap(struct peer *p)
{
	uint8_t b = peer_byte(p);
	if (b >= 240)
		return p->w.boot;
	return p->caps[b % PEER_CAPS];
}

static void peer_app_call(struct peer *p)
{
	struct reply *r = &p->replies[peer_byte(p) % PEER_CALLS];
	uint16_t method = peer_byte(p) % THING_METHODS;
	if (r->cap)
		peer_keep(p, TAKE_PTR(r->cap));
	reply_free(r);
	/* Waiting calls of our own nobody would answer. */
	if (method == THING_WAIT)
		method = THING_MAKE;
	thing_call(p->w.vat, peer_cap(p), method, 1, peer_cap(p), r);
	peer_keep(p, reply_pipeline(r));
}

static void peer_answer(struct peer *p)
{
	struct thing *t = &p->w.t;
	if (t->n_waiting)
		thing_answer(t->waiting[--t->n_waiting], 3, peer_cap(p));
}

static void peer_promise(struct peer *p)
{
	struct vat_cap *c;
	if (p->resolver) {
		vat_resolve(TAKE_PTR(p->resolver), vat_cap_ref(peer_cap(p)));
		return;
	}
	CHECK_INT(vat_promise(p->w.vat, &c, &p->resolver), 0);
	peer_keep(p, c);
}

static void peer_wrap(struct peer *p)
{
	if (!p->membrane)
		p->membrane = vat_membrane_new(p->w.vat, NULL);
	if (peer_byte(p) & 7) {
		struct vat_cap *c = peer_cap(p);
		if (c)
			peer_keep(p, vat_membrane_wrap(p->membrane, c));
		return;
	}
	vat_membrane_revoke(p->membrane, VAT_FAILED, "revoked");
	vat_membrane_free(TAKE_PTR(p->membrane));
}

static void peer_run(struct peer *p)
{
	for (int i = 0; i < 200 && net_work(&p->n); i++)
		;
	while (p->w.t.n_waiting > PEER_WAITING || p->own_thing.n_waiting > PEER_WAITING) {
		struct thing *t = p->w.t.n_waiting ? &p->w.t : &p->own_thing;
		thing_answer(t->waiting[--t->n_waiting], 3, NULL);
	}
}

/* ---- the frame ------------------------------------------------------------------------------- */

static void peer_check_limits(struct peer *p)
{
	struct vat_conn_counts k = counts(&p->w);
	CHECK(k.questions <= peer_limits.questions);
	/* Refused calls whose results the peer may still name are kept, as failed. */
	CHECK(k.answers <= 2 * peer_limits.answers);
	CHECK(k.exports <= peer_limits.exports);
	/* A message may bring more; then nothing of it is kept. */
	CHECK(k.imports <= peer_limits.imports + 4);
}

static bool peer_step(struct peer *p)
{
	uint8_t what = peer_byte(p) % 64;
	bool ok = true;
	p->steps++;
	if (what < 38)
		ok = peer_say(p);
	else if (what < 42)
		peer_answer(p);
	else if (what < 45)
		peer_promise(p);
	else if (what < 48)
		peer_wrap(p);
	else if (what < 52)
		peer_keep(p, NULL);
	else if (what == 52 && peer_byte(p) < 40)
		p->flip = (uint64_t)peer_byte(p) << 16 | (uint64_t)peer_byte(p) << 8 | peer_byte(p);
	else if (what < 62)
		peer_app_call(p);
	else
		peer_keep(p, vat_conn_bootstrap(p->w.c));
	if (what & 1)
		peer_run(p);
	peer_check_limits(p);
	raw_collect(&p->w);
	p->w.out_size = 0;
	return ok && !p->w.closed;
}

static struct net_link *peer_begin(struct peer *p)
{
	net_init(&p->n, 1);
	raw_init(&p->w, &peer_limits);
	p->n.vat[p->n.n_vats++] = p->w.vat;
	struct vat_cap *f = thing_serve(p->n.vat[0], &p->friend_thing);
	struct vat_cap *o = thing_serve(p->w.vat, &p->own_thing);
	struct vat_conn_config cf = {.bootstrap = f}, co = {.bootstrap = o};
	struct net_link *l = net_join(&p->n, 0, &cf, 1, &co);
	vat_cap_unref(f);
	vat_cap_unref(o);
	p->caps[0] = vat_conn_bootstrap(l->conn[1]);
	p->caps[1] = vat_conn_bootstrap(p->w.c);
	raw_bootstrap(&p->w, 0);
	net_run(&p->n);
	return l;
}

/* The friend is as well off as ever. */
static void peer_check_friend(struct peer *p, struct net_link *l)
{
	struct reply r[2];
	struct vat_cap *there = vat_conn_bootstrap(l->conn[1]);
	struct vat_cap *back = vat_conn_bootstrap(l->conn[0]);
	thing_call(p->w.vat, there, THING_ECHO, 11, NULL, &r[0]);
	thing_call(p->n.vat[0], back, THING_ECHO, 12, NULL, &r[1]);
	net_run(&p->n);
	CHECK_REPLY(r[0], 11);
	CHECK_REPLY(r[1], 12);
	vat_cap_unref(there);
	vat_cap_unref(back);
}

static void peer_answer_all(struct peer *p)
{
	struct thing *all[] = {&p->w.t, &p->own_thing, &p->friend_thing};
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		/* A handler may wait for what is to come of its own answer. */
		thing_stop_calling(all[i]);
		while (all[i]->n_waiting)
			thing_answer(all[i]->waiting[--all[i]->n_waiting], 3, NULL);
	}
}

static void peer_end(struct peer *p, struct net_link *l)
{
	if (!p->w.closed)
		vat_conn_eof(p->w.c, 0);
	peer_answer_all(p);
	net_run(&p->n);
	CHECK(p->w.closed);
	if (getenv("HIST"))
		fprintf(stderr, "E %s\n", p->w.c->failure ? p->w.c->failure->text : "clean");
	vat_resolver_free(p->resolver);
	if (p->membrane)
		vat_membrane_revoke(p->membrane, VAT_FAILED, "revoked");
	vat_membrane_free(p->membrane);
	for (unsigned i = 0; i < PEER_CAPS; i++)
		vat_cap_unref(p->caps[i]);
	vat_cap_unref(TAKE_PTR(p->w.t.held));
	vat_cap_unref(TAKE_PTR(p->own_thing.held));
	vat_cap_unref(TAKE_PTR(p->friend_thing.held));
	net_run(&p->n);
	peer_answer_all(p);
	net_run(&p->n);
	peer_check_friend(p, l);
	/* Promises of both vats may have come to each other in a circle, which nobody can notice;
	 * then it is this that ends the calls that wait for them. */
	net_cut(&p->n, l, 0);
	net_run(&p->n);
	for (unsigned i = 0; i < PEER_CALLS; i++) {
		CHECK(!p->replies[i].call || p->replies[i].done);
		reply_free(&p->replies[i]);
	}
	net_run(&p->n);
	raw_drop_message(&p->w);
	vat_conn_free(p->w.c);
	vat_cap_unref(p->w.boot);
	free(p->w.out);
	net_done(&p->n);
}

UNUSED_OK static void peer_play(struct peer *p, const uint8_t *data, size_t size)
{
	alloc_counts = true;
	long live = alloc_live;
	memset(p, 0, sizeof(*p));
	p->in = data;
	p->left = size;
	struct net_link *l = peer_begin(p);
	for (unsigned i = 0; i < PEER_STEPS && p->left && peer_step(p); i++)
		;
	peer_end(p, l);
	CHECK_INT(alloc_live, live);
}
