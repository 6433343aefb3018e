/* SPDX-License-Identifier: MIT */
/*
 * Tail calls that we originate: calls of the peer that go back to it are redirected, not relayed.
 * The peer is the test; its object, import 5, has been passed to ours.
 */
#include "vat/conn/test-raw.h"

static const uint16_t first[] = {0};
static const struct target part_of_1 = {.promised = true, .id = 1, .path = first, .n_path = 1};

static void run(struct raw *w)
{
	while (vat_run(w->vat, 0))
		;
}

/* The connection has the bootstrap object in question 0 of the peer, which the object holds 5 of.
 */
static void holding(struct raw *w)
{
	booted(w);
	struct raw_call c = {
		.id = 9, .target = boot, .method = THING_HOLD, .caps = &hosted, .n_caps = 1};
	CHECK_INT(raw_call(w, &c), 0);
	CHECK_RETURN(w, 9, RETURN_RESULTS);
}

/* A call of ours to the peer, whose results stay there; its id. */
static uint32_t redirected(struct raw *w, const struct target *t, uint64_t n)
{
	CHECK_NEXT(w, MSG_CALL);
	CHECK_INT(vat_r_u16(w->body, 3, 0), SEND_TO_YOURSELF);
	struct target got;
	uint16_t path[PATH_MAX_OPS];
	CHECK(read_target(vat_ptr_struct(vat_ptr_at(w->body, 0), NULL), &got, path));
	CHECK(got.promised == t->promised && got.id == t->id && got.n_path == t->n_path);
	struct vat_struct_r payload = vat_ptr_struct(vat_ptr_at(w->body, 1), NULL);
	CHECK_INT(vat_r_u64(vat_ptr_struct(vat_ptr_at(payload, 0), NULL), 0, 0), n);
	return vat_r_u32(w->body, 0, 0);
}

/* The peer is told that question `id` of its own takes its results from ours, q. */
#define CHECK_TAKEN(w, id, q)                                \
	do {                                                 \
		CHECK_RETURN(w, id, RETURN_TAKE_FROM_OTHER); \
		CHECK_INT(vat_r_u32((w)->body, 2, 0), q);    \
		CHECK(!vat_r_bool((w)->body, 33, false));    \
	} while (0)

#define CHECK_FINISHED(w, q)                              \
	do {                                              \
		CHECK_NEXT(w, MSG_FINISH);                \
		CHECK_INT(vat_r_u32((w)->body, 0, 0), q); \
	} while (0)

static const struct target imported = {.id = 5};

/* Question 1 of the peer waits in the object. */
static void waiting(struct raw *w)
{
	holding(w);
	struct raw_call c = {.id = 1, .target = boot, .method = THING_WAIT, .n = 7};
	CHECK_INT(raw_call(w, &c), 0);
	CHECK_NEXT(w, -1);
}

/* The same, and is then redirected; returns our question. */
static uint32_t reflected(struct raw *w)
{
	waiting(w);
	vat_ctx_forward(w->t.waiting[0], w->t.held);
	uint32_t q = redirected(w, &imported, 7);
	CHECK_TAKEN(w, 1, q);
	CHECK_NEXT(w, -1);
	return q;
}

/* Nothing is left but the bootstrap and the object held. */
static void at_rest(struct raw *w)
{
	CHECK_INT(counts(w).questions, 0);
	CHECK_INT(counts(w).answers, 1);
	CHECK_INT(w->c->call_words, 0);
	CHECK(!w->closed);
	raw_done(w);
}

TEST(call_that_goes_back_is_redirected)
{
	struct raw w;
	uint32_t q = reflected(&w);
	CHECK_INT(raw_return(&w, q, RETURN_SENT_ELSEWHERE, 0, NULL), 0);
	CHECK_NEXT(&w, -1);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_FINISHED(&w, q);
	CHECK_NEXT(&w, -1);
	at_rest(&w);
}

TEST(tail_call_of_a_handler)
{
	struct raw w;
	holding(&w);
	struct raw_call c = {.id = 1,
		.target = boot,
		.method = THING_FORWARD,
		.n = 8,
		.caps = &hosted,
		.n_caps = 1};
	CHECK_INT(raw_call(&w, &c), 0);
	uint32_t q = redirected(&w, &imported, 8);
	CHECK_TAKEN(&w, 1, q);
	CHECK_INT(raw_return(&w, q, RETURN_SENT_ELSEWHERE, 0, NULL), 0);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_FINISHED(&w, q);
	at_rest(&w);
}

TEST(pipelined_calls_are_redirected_in_order)
{
	struct raw w;
	waiting(&w);
	/* These wait with the call, */
	for (uint32_t id = 2; id < 4; id++) {
		struct raw_call c = {.id = id, .target = part_of_1, .method = THING_ECHO, .n = id};
		CHECK_INT(raw_call(&w, &c), 0);
	}
	vat_ctx_forward(w.t.waiting[0], w.t.held);
	uint32_t q = redirected(&w, &imported, 7);
	CHECK_TAKEN(&w, 1, q);
	/* this comes later, and one still after it was answered. */
	struct raw_call c = {.id = 4, .target = part_of_1, .method = THING_ECHO, .n = 4};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_INT(raw_return(&w, q, RETURN_SENT_ELSEWHERE, 0, NULL), 0);
	c.id = c.n = 5;
	CHECK_INT(raw_call(&w, &c), 0);
	const struct target part = {.promised = true, .id = q, .path = first, .n_path = 1};
	for (uint32_t id = 2; id < 6; id++) {
		uint32_t k = redirected(&w, &part, id);
		CHECK_TAKEN(&w, id, k);
		CHECK_INT(raw_return(&w, k, RETURN_SENT_ELSEWHERE, 0, NULL), 0);
	}
	for (uint32_t id = 1; id < 6; id++) {
		CHECK_INT(raw_finish(&w, id, true), 0);
		CHECK_NEXT(&w, MSG_FINISH);
	}
	at_rest(&w);
}

TEST(calls_on_a_promise_that_resolves_to_the_caller)
{
	struct raw w;
	struct vat_cap *p;
	struct vat_resolver *resolver;
	holding(&w);
	struct vat_cap *there = w.t.held;
	CHECK_INT(vat_promise(w.vat, &p, &resolver), 0);
	w.t.held = p;
	struct raw_call c = {.id = 1, .target = boot, .method = THING_GIVE};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	c = (struct raw_call){.id = 2, .target = part_of_1, .method = THING_ECHO, .n = 2};
	CHECK_INT(raw_call(&w, &c), 0);
	vat_resolve(resolver, there);
	uint32_t q = redirected(&w, &imported, 2);
	CHECK_TAKEN(&w, 2, q);
	CHECK_NEXT(&w, MSG_RESOLVE);
	c.id = c.n = 3;
	CHECK_INT(raw_call(&w, &c), 0);
	q = redirected(&w, &imported, 3);
	CHECK_TAKEN(&w, 3, q);
	raw_done(&w);
}

TEST(finish_cancels_the_redirected_call)
{
	struct raw w;
	uint32_t q = reflected(&w);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_FINISHED(&w, q);
	CHECK_INT(counts(&w).questions, 1);
	CHECK_INT(raw_return(&w, q, RETURN_CANCELED, 0, NULL), 0);
	CHECK_NEXT(&w, -1);
	at_rest(&w);
}

TEST(finished_call_is_not_redirected)
{
	struct raw w;
	waiting(&w);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_INT(w.t.canceled, 1);
	vat_ctx_forward(w.t.waiting[0], w.t.held);
	CHECK_NEXT(&w, MSG_CALL);
	CHECK_INT(vat_r_u16(w.body, 3, 0), SEND_TO_CALLER);
	uint32_t q = vat_r_u32(w.body, 0, 0);
	CHECK_FINISHED(&w, q);
	CHECK_RETURN(&w, 1, RETURN_CANCELED);
	CHECK_NEXT(&w, -1);
	CHECK_INT(raw_return(&w, q, RETURN_CANCELED, 0, NULL), 0);
	at_rest(&w);
}

TEST(disembargo_goes_through_a_redirected_answer)
{
	struct raw w;
	uint32_t q = reflected(&w);
	CHECK_INT(raw_disembargo(&w, &part_of_1, false, 77), 0);
	CHECK_NEXT(&w, MSG_DISEMBARGO);
	CHECK_INT(vat_r_u16(w.body, 2, 0), LOOPBACK_RECEIVER);
	CHECK_INT(vat_r_u32(w.body, 0, 0), 77);
	struct target t;
	uint16_t path[PATH_MAX_OPS];
	CHECK(read_target(vat_ptr_struct(vat_ptr_at(w.body, 0), NULL), &t, path));
	CHECK(t.promised && t.id == q && t.n_path == 1);
	raw_done(&w);
}

TEST(part_of_a_redirected_answer_is_kept)
{
	struct raw w;
	uint32_t q = reflected(&w);
	const struct descriptor d = {
		.tag = DESC_RECEIVER_ANSWER, .id = 1, .path = first, .n_path = 1, .fd = NO_FD};
	struct raw_call hold = {
		.id = 2, .target = boot, .method = THING_HOLD, .caps = &d, .n_caps = 1};
	CHECK_INT(raw_call(&w, &hold), 0);
	/* 5 is nobody's any more. */
	CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_RETURN(&w, 2, RETURN_RESULTS);
	CHECK_INT(raw_return(&w, q, RETURN_SENT_ELSEWHERE, 0, NULL), 0);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_NEXT(&w, -1);
	struct reply r;
	thing_call(w.vat, w.t.held, THING_ECHO, 3, NULL, &r);
	CHECK_NEXT(&w, MSG_CALL);
	CHECK_INT(vat_r_u16(w.body, 3, 0), SEND_TO_CALLER);
	reply_free(&r);
	CHECK_NEXT(&w, MSG_FINISH);
	w.t.held = vat_cap_unref(w.t.held);
	CHECK_FINISHED(&w, q);
	raw_done(&w);
}

/* What somebody here waits for settles when the call is redirected: we shall not hear more. */
TEST(promised_part_settles_on_the_redirected_question)
{
	struct raw w;
	waiting(&w);
	const struct descriptor d = {
		.tag = DESC_RECEIVER_ANSWER, .id = 1, .path = first, .n_path = 1, .fd = NO_FD};
	struct vat_cap *there = vat_cap_ref(w.t.held);
	struct raw_call hold = {
		.id = 2, .target = boot, .method = THING_HOLD, .caps = &d, .n_caps = 1};
	CHECK_INT(raw_call(&w, &hold), 0);
	CHECK_RETURN(&w, 2, RETURN_RESULTS);
	CHECK(cap_unsettled(w.t.held));
	vat_ctx_forward(w.t.waiting[0], there);
	CHECK(!cap_unsettled(w.t.held));
	uint32_t q = redirected(&w, &imported, 7);
	CHECK_TAKEN(&w, 1, q);
	vat_cap_unref(there);
	raw_done(&w);
}

/* ---- not redirected ------------------------------------------------------------------------- */

/* The call of the object's holder (question 1) is relayed, and its results too. */
static void check_relayed(struct raw *w)
{
	CHECK_NEXT(w, MSG_CALL);
	CHECK_INT(vat_r_u16(w->body, 3, 0), SEND_TO_CALLER);
	uint32_t q = vat_r_u32(w->body, 0, 0);
	CHECK_INT(raw_return(w, q, RETURN_RESULTS, 0, &hosted), 0);
	run(w);
	int tag;
	while ((tag = raw_next(w)) == MSG_FINISH || tag == MSG_RELEASE)
		;
	CHECK_INT(tag, MSG_RETURN);
	CHECK_INT(vat_r_u32(w->body, 0, 0), 1);
	CHECK(vat_r_u16(w->body, 3, 0) != RETURN_TAKE_FROM_OTHER);
}

TEST(call_through_a_membrane_is_relayed)
{
	struct raw w = {0};
	w.vat = vat_new(NULL);
	struct vat_cap *inside = thing_serve(w.vat, &w.t);
	struct vat_membrane *m = vat_membrane_new(w.vat, NULL);
	w.boot = vat_membrane_wrap(m, inside);
	vat_cap_unref(inside);
	struct vat_conn_config cfg = {.bootstrap = w.boot, .closed = raw_closed, .user = &w};
	CHECK_INT(vat_conn_new(w.vat, &cfg, &w.c), 0);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	struct raw_call c = {
		.id = 1, .target = boot, .method = THING_FORWARD, .caps = &hosted, .n_caps = 1};
	CHECK_INT(raw_call(&w, &c), 0);
	check_relayed(&w);
	vat_membrane_free(m);
	raw_done(&w);
}

TEST(call_of_whose_results_a_part_was_taken_is_relayed)
{
	struct raw w;
	waiting(&w);
	struct vat_call *call = thing_request(w.vat, w.t.held, THING_ECHO, 7, NULL);
	struct vat_cap *part = vat_call_pipeline(call, first, 1);
	vat_ctx_tail_call(w.t.waiting[0], call);
	check_relayed(&w);
	CHECK(!cap_unsettled(part));
	vat_cap_unref(part);
	raw_done(&w);
}

TEST(redirected_call_of_the_peer_is_relayed)
{
	struct raw w;
	holding(&w);
	struct raw_call c = {
		.id = 1, .target = boot, .method = THING_WAIT, .send_to = SEND_TO_YOURSELF};
	CHECK_INT(raw_call(&w, &c), 0);
	vat_ctx_forward(w.t.waiting[0], w.t.held);
	check_relayed(&w);
	CHECK_INT(vat_r_u16(w.body, 3, 0), RETURN_SENT_ELSEWHERE);
	raw_done(&w);
}

TEST(call_for_its_pipeline_is_relayed)
{
	struct raw w;
	holding(&w);
	struct raw_call c = {
		.id = 1, .target = boot, .method = THING_WAIT, .only_pipelining = true};
	CHECK_INT(raw_call(&w, &c), 0);
	vat_ctx_forward(w.t.waiting[0], w.t.held);
	CHECK_NEXT(&w, MSG_CALL);
	CHECK_INT(vat_r_u16(w.body, 3, 0), SEND_TO_CALLER);
	CHECK_NEXT(&w, -1);
	raw_done(&w);
}

TEST(peer_that_knows_no_tail_calls_is_spared)
{
	struct raw w;
	waiting(&w);
	w.c->no_tail_calls = true;
	vat_ctx_forward(w.t.waiting[0], w.t.held);
	check_relayed(&w);
	raw_done(&w);
}

/* ---- odd peers ------------------------------------------------------------------------------ */

TEST(redirected_call_returns_results_nevertheless)
{
	struct raw w;
	uint32_t q = reflected(&w);
	const struct descriptor other = {.tag = DESC_SENDER_HOSTED, .id = 44, .fd = NO_FD};
	CHECK_INT(raw_return(&w, q, RETURN_RESULTS, 0, &other), 0);
	CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_INT(vat_r_u32(w.body, 0, 0), 44);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_FINISHED(&w, q);
	at_rest(&w);
}

TEST(redirected_call_is_forgotten_by_the_peer)
{
	struct raw w;
	struct vat_struct_b b;
	uint32_t q = reflected(&w);
	struct vat_message *m = raw_new(MSG_RETURN, 2, 1, &b);
	vat_w_u32(b, 0, q, 0);
	vat_w_bool(b, 32, false, true);
	vat_w_bool(b, 33, true, false);
	vat_w_u16(b, 3, RETURN_SENT_ELSEWHERE, 0);
	CHECK_INT(raw_message(&w, m), 0);
	struct raw_call c = {.id = 2, .target = part_of_1, .method = THING_ECHO};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 2, RETURN_EXCEPTION);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_INT(raw_finish(&w, 2, true), 0);
	CHECK_NEXT(&w, -1);
	at_rest(&w);
}

TEST(redirected_call_is_unknown_to_the_peer)
{
	struct raw w;
	struct vat_struct_b b;
	uint32_t q = reflected(&w);
	struct vat_message *m = raw_new(MSG_UNIMPLEMENTED, 1, 1, &b);
	vat_w_u16(b, 0, MSG_CALL, 0);
	vat_w_u32(vat_init_struct(vat_ptr_at_b(b, 0), 3, 3), 0, q, 0);
	CHECK_INT(raw_message(&w, m), 0);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_NEXT(&w, -1);
	at_rest(&w);
}

TEST(connection_ends_with_a_redirected_call)
{
	struct raw w;
	reflected(&w);
	const struct descriptor d = {
		.tag = DESC_RECEIVER_ANSWER, .id = 1, .path = first, .n_path = 1, .fd = NO_FD};
	struct raw_call hold = {
		.id = 2, .target = boot, .method = THING_HOLD, .caps = &d, .n_caps = 1};
	CHECK_INT(raw_call(&w, &hold), 0);
	vat_conn_eof(w.c, -ECONNRESET);
	run(&w);
	CHECK(vat_conn_idle(w.c));
	CHECK(vat_cap_is_broken(w.t.held, NULL));
	raw_done(&w);
}

/* ---- two vats ------------------------------------------------------------------------------- */

struct pair {
	struct net n;
	struct net_link *l;
	struct thing here, there;
	struct vat_cap *own, *to;
};

/* Vat 0 has `to`, the object of vat 1, which holds vat 0's own object. */
static void pair_init(struct pair *p)
{
	struct reply r;
	memset(p, 0, sizeof(*p));
	net_init(&p->n, 2);
	p->own = thing_serve(p->n.vat[0], &p->here);
	p->l = net_serve(&p->n, 0, 1, thing_serve(p->n.vat[1], &p->there));
	p->to = vat_conn_bootstrap(p->l->conn[0]);
	thing_call(p->n.vat[0], p->to, THING_HOLD, 0, p->own, &r);
	net_run(&p->n);
	CHECK_REPLY(r, 0);
}

static void pair_done(struct pair *p)
{
	vat_cap_unref(p->to);
	vat_cap_unref(p->own);
	p->there.held = vat_cap_unref(p->there.held);
	net_check_idle(&p->n);
	net_done(&p->n);
}

TEST(reflected_results_never_leave_the_caller)
{
	struct pair p;
	struct reply r;
	pair_init(&p);
	thing_call(p.n.vat[0], p.to, THING_FORWARD, 12, p.own, &r);
	struct vat_conn_counts before, after;
	vat_conn_counts(p.l->conn[1], &before);
	net_run(&p.n);
	CHECK_REPLY(r, 12);
	net_run(&p.n);
	/* Call, Return, Finish, each way. */
	vat_conn_counts(p.l->conn[1], &after);
	CHECK_INT(after.messages_in - before.messages_in, 3);
	CHECK_INT(after.messages_out - before.messages_out, 3);
	pair_done(&p);
}

TEST(reflected_exception)
{
	struct pair p;
	struct reply r;
	pair_init(&p);
	thing_call(p.n.vat[0], p.to, THING_WAIT, 12, NULL, &r);
	net_run(&p.n);
	vat_ctx_forward(p.there.waiting[0], p.there.held);
	net_run(&p.n);
	vat_ctx_fail(p.here.waiting[0], VAT_OVERLOADED, "not now");
	net_run(&p.n);
	CHECK_FAILED(r, VAT_OVERLOADED, "not now");
	pair_done(&p);
}

TEST(cancel_of_a_reflected_call)
{
	/* before anything came back; before the Return came; after it did */
	for (unsigned steps = 0; steps < 3; steps++) {
		struct pair p;
		struct reply r;
		pair_init(&p);
		thing_call(p.n.vat[0], p.to, THING_WAIT, 12, NULL, &r);
		net_run(&p.n);
		vat_ctx_forward(p.there.waiting[0], p.there.held);
		for (unsigned i = 0; i < steps; i++) {
			CHECK(net_step(p.l, 1));
			net_work(&p.n);
		}
		reply_free(&r);
		net_run(&p.n);
		CHECK_INT(p.here.n_waiting, 1);
		CHECK_INT(p.here.canceled, 1);
		vat_ctx_return(p.here.waiting[0]);
		pair_done(&p);
	}
}

/* Calls sent to the caller's own results go there and back; those sent later must not overtake. */
TEST(redirected_results_that_lead_back_are_embargoed)
{
	struct pair p;
	struct reply r, on_part[2];
	pair_init(&p);
	thing_call(p.n.vat[0], p.to, THING_WAIT, 12, NULL, &r);
	struct vat_cap *part = reply_pipeline(&r);
	net_run(&p.n);
	vat_ctx_forward(p.there.waiting[0], p.there.held);
	thing_call(p.n.vat[0], part, THING_ECHO, 101, NULL, &on_part[0]);
	CHECK(net_step(p.l, 1)); /* the call, */
	CHECK(net_step(p.l, 1)); /* and the Return that redirects */
	net_work(&p.n);
	thing_answer(p.here.waiting[0], 0, p.to);
	net_work(&p.n);
	thing_call(p.n.vat[0], part, THING_ECHO, 102, NULL, &on_part[1]);
	net_run(&p.n);
	CHECK_REPLY(on_part[0], 101);
	CHECK_REPLY(on_part[1], 102);
	CHECK_INT(p.there.log[1], 101);
	CHECK_INT(p.there.log[2], 102);
	reply_free(&r);
	vat_cap_unref(part);
	pair_done(&p);
}
