/* SPDX-License-Identifier: MIT */
/* The hints of Cap'n Proto 1.x: what need not be sent, and what need not be kept. */
#include "vat/conn/test-raw.h"

static bool no_finish_needed(const struct raw *w)
{
	return vat_r_bool(w->body, 33, false);
}

/* ---- noFinishNeeded ------------------------------------------------------------------------- */

TEST(results_without_capabilities_need_no_finish)
{
	struct raw w;
	booted(&w);
	struct raw_call c = {.id = 1, .target = boot, .method = THING_ECHO, .n = 7};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	CHECK(no_finish_needed(&w));
	CHECK_INT(counts(&w).answers, 1);
	/* The id is free; and a peer that knows no better still sends Finish. */
	CHECK_INT(raw_finish(&w, 1, false), 0);
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	CHECK_NEXT(&w, -1);
	raw_done(&w);
}

TEST(results_with_capabilities_need_a_finish)
{
	struct raw w;
	booted(&w);
	CHECK(!no_finish_needed(&w));
	struct raw_call c = {.id = 1, .target = boot, .method = THING_MAKE};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	CHECK(!no_finish_needed(&w));
	CHECK_INT(counts(&w).answers, 2);
	raw_done(&w);
}

static const uint16_t first[] = {0};
static const struct target part_of_1 = {.promised = true, .id = 1, .path = first, .n_path = 1};

TEST(pipelined_call_to_a_forgotten_answer)
{
	struct raw w;
	booted(&w);
	struct raw_call c = {.id = 1, .target = boot, .method = THING_ECHO};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	struct raw_call next = {.id = 2, .target = part_of_1, .method = THING_ECHO};
	CHECK_INT(raw_call(&w, &next), 0);
	CHECK_RETURN(&w, 2, RETURN_EXCEPTION);
	CHECK(!w.closed);
	raw_done(&w);
}

TEST(pipelined_calls_fail_for_the_reason_of_the_first)
{
	struct raw w;
	booted(&w);
	struct raw_call c = {.id = 1, .target = boot, .method = THING_FAIL, .n = VAT_DISCONNECTED};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_EXCEPTION);
	CHECK(!no_finish_needed(&w));
	struct raw_call next = {.id = 2, .target = part_of_1, .method = THING_ECHO};
	CHECK_INT(raw_call(&w, &next), 0);
	CHECK_RETURN(&w, 2, RETURN_EXCEPTION);
	struct vat_text text;
	CHECK_INT(read_exception(vat_ptr_struct(vat_ptr_at(w.body, 0), NULL), &text),
		VAT_DISCONNECTED);
	CHECK_STR(text.s, "failed with 2");
	raw_done(&w);
}

TEST(exception_nobody_pipelines_on_needs_no_finish)
{
	struct raw w;
	booted(&w);
	struct raw_call c = {
		.id = 1, .target = boot, .method = THING_FAIL, .n = 0, .no_pipelining = true};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_EXCEPTION);
	CHECK(no_finish_needed(&w));
	CHECK_INT(counts(&w).answers, 1);
	raw_done(&w);
}

TEST(refused_call_needs_no_finish)
{
	struct raw w;
	const struct vat_limits limits = {.answers = 1};
	raw_init(&w, &limits);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	struct raw_call c = {.id = 1, .target = boot, .method = THING_ECHO};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_EXCEPTION);
	CHECK(no_finish_needed(&w));
	raw_done(&w);
}

/* A part of our question's results was sent as a result, and stands for that part for ever. */
TEST(address_in_a_forgotten_question_is_broken)
{
	for (uint16_t tag = RETURN_RESULTS; tag <= RETURN_EXCEPTION; tag++) {
		struct raw w;
		struct reply r;
		struct vat_struct_b b;
		struct vat_cap *c = asking(&w);
		CHECK_INT(raw_bootstrap(&w, 0), 0);
		CHECK_RETURN(&w, 0, RETURN_RESULTS);
		thing_call(w.vat, c, THING_ECHO, 0, NULL, &r);
		CHECK_NEXT(&w, MSG_CALL);
		w.t.held = reply_pipeline(&r);
		struct raw_call give = {.id = 1, .target = boot, .method = THING_GIVE};
		CHECK_INT(raw_call(&w, &give), 0);
		CHECK_RETURN(&w, 1, RETURN_RESULTS);
		struct vat_message *m = raw_new(MSG_RETURN, 2, 1, &b);
		vat_w_u32(b, 0, 1, 0);
		vat_w_bool(b, 33, true, false);
		vat_w_u16(b, 3, tag, 0);
		CHECK_INT(raw_message(&w, m), 0);
		CHECK(r.done);
		reply_free(&r);
		/* Nothing names the question any more. */
		CHECK_INT(counts(&w).questions, 1);
		struct raw_call next = {.id = 2, .target = part_of_1, .method = THING_ECHO};
		CHECK_INT(raw_call(&w, &next), 0);
		CHECK_RETURN(&w, 2, RETURN_EXCEPTION);
		vat_cap_unref(c);
		raw_done(&w);
	}
}

/* ---- noPromisePipelining -------------------------------------------------------------------- */

TEST(results_nobody_pipelines_on_are_not_kept)
{
	struct raw w;
	booted(&w);
	uint64_t before = w.c->result_words;
	struct raw_call c = {.id = 1, .target = boot, .method = THING_MAKE, .no_pipelining = true};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	CHECK(!no_finish_needed(&w));
	CHECK_INT(w.c->result_words, before);
	/* But what they export is the peer's until it gives it back. */
	CHECK_INT(counts(&w).exports, 2);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_INT(counts(&w).exports, 1);
	raw_done(&w);
}

static const struct vat_method hint_methods[] = {
	{.name = "plain", .result_data_words = 1},
	{.name = "pointers", .result_ptrs = 1},
};
static const struct vat_interface hint_interface = {
	.id = 0x77, .name = "test:Hint", .methods = hint_methods, .n_methods = 2};

static bool no_pipelining(const struct raw *w)
{
	return vat_r_bool(w->body, 129, false);
}

TEST(call_for_a_method_without_pointers_says_so)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	struct vat_call *calls[4];
	for (uint16_t i = 0; i < 4; i++) {
		/* 2: unknown method; 3: a part of the results was asked for. */
		calls[i] = vat_call_for(w.vat, c, &hint_interface, i % 3);
		struct vat_cap *p = i == 3 ? vat_call_pipeline(calls[i], first, 1) : NULL;
		vat_call_send(calls[i], NULL, NULL);
		vat_cap_unref(p);
		CHECK_NEXT(&w, MSG_CALL);
		CHECK_INT(no_pipelining(&w), i == 0);
		CHECK_INT(vat_r_u64(w.body, 1, 0), 0x77);
	}
	for (int i = 0; i < 4; i++)
		vat_call_free(calls[i]);
	vat_cap_unref(c);
	raw_done(&w);
}

static void pass_on(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	vat_ctx_forward(ctx, *(struct vat_cap **)self);
}

TEST(relay_passes_the_hint_on)
{
	struct raw w;
	struct vat_cap *there = asking(&w);
	struct vat_cap *relay = vat_serve_any(w.vat, pass_on, &there, NULL);
	struct reply r;
	struct vat_call *call = vat_call_for(w.vat, relay, &hint_interface, 0);
	vat_call_send(call, NULL, NULL);
	while (vat_run(w.vat, 0))
		;
	CHECK_NEXT(&w, MSG_CALL);
	CHECK(no_pipelining(&w));
	thing_call(w.vat, relay, THING_ECHO, 0, NULL, &r);
	while (vat_run(w.vat, 0))
		;
	CHECK_NEXT(&w, MSG_CALL);
	CHECK(!no_pipelining(&w));
	vat_call_free(call);
	reply_free(&r);
	vat_cap_unref(relay);
	vat_cap_unref(there);
	raw_done(&w);
}

/* ---- onlyPromisePipeline -------------------------------------------------------------------- */

enum { HIGH = 0x40000000 };
static const uint32_t high_id = UINT32_C(2) * HIGH + 3;

static int ask_for_pipeline(struct raw *w, uint16_t method)
{
	struct raw_call c = {
		.id = high_id, .target = boot, .method = method, .only_pipelining = true};
	return raw_call(w, &c);
}

static int call_part(struct raw *w, uint32_t id)
{
	struct raw_call c = {.id = id,
		.target = {.promised = true, .id = high_id, .path = first, .n_path = 1},
		.method = THING_ECHO,
		.n = id};
	return raw_call(w, &c);
}

TEST(call_for_its_pipeline_is_not_returned)
{
	struct raw w;
	booted(&w);
	CHECK_INT(ask_for_pipeline(&w, THING_MAKE), 0);
	CHECK_NEXT(&w, -1);
	CHECK_INT(call_part(&w, 1), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	CHECK_INT(counts(&w).answers, 2);
	CHECK_INT(counts(&w).exports, 1);
	CHECK_INT(raw_finish(&w, high_id, true), 0);
	CHECK_NEXT(&w, -1);
	CHECK_INT(counts(&w).answers, 1);
	raw_done(&w);
}

TEST(call_for_its_pipeline_answered_late)
{
	struct raw w;
	struct thing t = {0};
	booted(&w);
	struct vat_cap *c = thing_serve(w.vat, &t);
	CHECK_INT(ask_for_pipeline(&w, THING_WAIT), 0);
	CHECK_INT(call_part(&w, 1), 0);
	CHECK_NEXT(&w, -1);
	thing_answer(w.t.waiting[0], 0, c);
	while (vat_run(w.vat, 0))
		;
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	CHECK_NEXT(&w, -1);
	CHECK_INT(t.n_log, 1);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(call_for_its_pipeline_finished_first)
{
	struct raw w;
	booted(&w);
	/* The id is free at once, but the calls still running are counted. */
	for (unsigned i = 0; i < 3; i++) {
		CHECK_INT(ask_for_pipeline(&w, THING_WAIT), 0);
		CHECK_INT(raw_finish(&w, high_id, true), 0);
		CHECK_INT(w.t.canceled, i + 1);
		CHECK_INT(counts(&w).answers, i + 2);
	}
	CHECK(w.c->call_words > 0);
	thing_answer(w.t.waiting[0], 0, NULL);
	CHECK_INT(counts(&w).answers, 3);
	CHECK_INT(call_part(&w, 1), 0);
	CHECK_RETURN(&w, 1, RETURN_EXCEPTION);
	vat_ctx_fail(w.t.waiting[1], VAT_FAILED, "no");
	CHECK_NEXT(&w, -1);
	/* One ends with the connection. */
	vat_conn_eof(w.c, 0);
	CHECK_INT(counts(&w).answers, 0);
	vat_ctx_return(w.t.waiting[2]);
	raw_done(&w);
}

TEST(calls_for_their_pipeline_are_limited)
{
	struct raw w;
	const struct vat_limits limits = {.answers = 4};
	raw_init(&w, &limits);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	for (unsigned i = 0; i < 10; i++) {
		CHECK_INT(ask_for_pipeline(&w, THING_WAIT), 0);
		CHECK_INT(raw_finish(&w, high_id, true), 0);
	}
	CHECK_INT(w.t.n_waiting, 3);
	CHECK_NEXT(&w, -1);
	CHECK(!w.closed);
	for (unsigned i = 0; i < 3; i++)
		vat_ctx_return(w.t.waiting[i]);
	CHECK_INT(counts(&w).answers, 1);
	raw_done(&w);
}

/* ---- requireEarlyCancellationWorkaround ----------------------------------------------------- */

/* Two calls wait in a promise; both are canceled, the second by a peer of old. */
TEST(early_cancellation_workaround)
{
	struct raw w;
	struct vat_cap *p;
	struct vat_resolver *resolver;
	uint64_t words[WIRE_WORDS];
	booted(&w);
	CHECK_INT(vat_promise(w.vat, &p, &resolver), 0);
	w.t.held = p;
	struct raw_call give = {.id = 1, .target = boot, .method = THING_GIVE};
	CHECK_INT(raw_call(&w, &give), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	for (uint32_t id = 2; id < 4; id++) {
		struct raw_call c = {.id = id, .target = part_of_1, .method = THING_WAIT, .n = id};
		CHECK_INT(raw_call(&w, &c), 0);
	}
	CHECK_INT(raw_finish(&w, 2, true), 0);
	CHECK_RETURN(&w, 2, RETURN_CANCELED);
	CHECK_INT(raw_words(&w, words, wire_finish_delivered(words, 3, true)), 0);
	CHECK_NEXT(&w, -1);
	vat_resolve(resolver, vat_cap_ref(w.boot));
	while (vat_run(w.vat, 0))
		;
	CHECK_INT(w.t.n_log, 1);
	CHECK_INT(w.t.log[0], 3);
	CHECK_INT(w.t.canceled, 1);
	vat_ctx_return(w.t.waiting[0]);
	CHECK_NEXT(&w, MSG_RESOLVE);
	CHECK_RETURN(&w, 3, RETURN_CANCELED);
	w.t.held = vat_cap_unref(p); /* which is the object that holds it */
	raw_done(&w);
}

TEST(early_cancellation_workaround_is_passed_on)
{
	struct raw w;
	struct vat_cap *p;
	struct vat_resolver *resolver;
	uint64_t words[WIRE_WORDS];
	struct vat_cap *there = asking(&w);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	CHECK_INT(vat_promise(w.vat, &p, &resolver), 0);
	w.t.held = p;
	struct raw_call give = {.id = 1, .target = boot, .method = THING_GIVE};
	struct raw_call echo = {.id = 2, .target = part_of_1, .method = THING_ECHO};
	CHECK_INT(raw_call(&w, &give), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	CHECK_INT(raw_call(&w, &echo), 0);
	CHECK_INT(raw_words(&w, words, wire_finish_delivered(words, 2, true)), 0);
	vat_resolve(resolver, there);
	while (vat_run(w.vat, 0))
		;
	CHECK_NEXT(&w, MSG_CALL);
	uint32_t id = vat_r_u32(w.body, 0, 0);
	CHECK_NEXT(&w, MSG_FINISH);
	CHECK_INT(vat_r_u32(w.body, 0, 0), id);
	CHECK(vat_r_bool(w.body, 33, true));
	raw_done(&w);
}

/* ---- redirected calls over the limits ------------------------------------------------------- */

/* The peer names the refused call in a Return all the same. */
TEST(refused_redirected_call_fails_who_takes_from_it)
{
	struct raw w;
	struct reply r;
	const struct vat_limits limits = {.answers = 1};
	raw_init(&w, &limits);
	struct vat_cap *c = vat_conn_bootstrap(w.c);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &hosted), 0);
	thing_call(w.vat, c, THING_ECHO, 3, NULL, &r);
	struct raw_call back = {
		.id = 1, .target = boot, .method = THING_ECHO, .send_to = SEND_TO_YOURSELF};
	CHECK_INT(raw_call(&w, &back), 0);
	CHECK_INT(raw_return(&w, 0, RETURN_TAKE_FROM_OTHER, 1, NULL), 0);
	CHECK_FAILED(r, VAT_OVERLOADED, "too many calls");
	CHECK_INT(w.t.n_log, 0);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_INT(counts(&w).answers, 1);
	/* There is an end to that too. */
	CHECK_INT(raw_call(&w, &back), 0);
	back.id = 2;
	CHECK_INT(raw_call(&w, &back), -EPROTO);
	vat_cap_unref(c);
	raw_done(&w);
}

/* ---- onlyPromisePipeline, sent -------------------------------------------------------------- */

/* Sends for its pipeline; returns what is at pointer 0 of the results. */
static struct vat_cap *send_for_pipeline(
	struct raw *w, struct vat_cap *to, uint16_t method, struct vat_cap *param)
{
	struct vat_call *call = thing_request(w->vat, to, method, 0, param);
	vat_call_send_for_pipeline(call);
	struct vat_cap *c = vat_call_pipeline(call, first, 1);
	vat_call_free(call);
	return c;
}

/* A call of ours came out; returns its id. */
static uint32_t called(struct raw *w, bool for_pipeline)
{
	CHECK_NEXT(w, MSG_CALL);
	CHECK_INT(vat_r_bool(w->body, 130, false), for_pipeline);
	return vat_r_u32(w->body, 0, 0);
}

/* The message read last is addressed to what question `id` returns. */
static void check_target(struct raw *w, uint32_t id)
{
	struct target t;
	uint16_t path[PATH_MAX_OPS];
	CHECK(read_target(vat_ptr_struct(vat_ptr_at(w->body, 0), NULL), &t, path));
	CHECK(t.promised && t.id == id && t.n_path == 1 && t.path[0] == 0);
}

static void check_finish(struct raw *w, uint32_t id, bool release)
{
	CHECK_NEXT(w, MSG_FINISH);
	CHECK_INT(vat_r_u32(w->body, 0, 0), id);
	CHECK_INT(vat_r_bool(w->body, 32, true), release);
}

TEST(send_for_pipeline_needs_no_return)
{
	struct raw w;
	struct reply r;
	struct vat_cap *c = asking(&w);
	struct vat_cap *part = send_for_pipeline(&w, c, THING_MAKE, NULL);
	CHECK_INT(called(&w, true), 2u * HIGH);
	thing_call(w.vat, part, THING_ECHO, 7, NULL, &r);
	uint32_t id = called(&w, false);
	check_target(&w, 2u * HIGH);
	/* Whoever wants the second call wants the first. */
	vat_cap_unref(part);
	CHECK_NEXT(&w, -1);
	CHECK_INT(counts(&w).questions, 3);
	CHECK_INT(raw_return(&w, id, RETURN_EXCEPTION, 0, NULL), 0);
	CHECK(r.failed);
	check_finish(&w, id, false);
	check_finish(&w, 2u * HIGH, true);
	CHECK_NEXT(&w, -1);
	CHECK_INT(counts(&w).questions, 1);
	reply_free(&r);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(send_for_pipeline_for_nothing)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	for (uint32_t i = 0; i < 3; i++) {
		struct vat_call *call = thing_request(w.vat, c, THING_MAKE, 0, NULL);
		vat_call_send_for_pipeline(call);
		CHECK_INT(called(&w, true), 2u * HIGH + i);
		CHECK_NEXT(&w, -1);
		vat_call_detach(call);
		check_finish(&w, 2u * HIGH + i, true);
	}
	vat_call_send_for_pipeline(NULL);
	vat_cap_unref(c);
	raw_done(&w);
}

/* As 0.9.2 does. What is in the results is the peer's to take back when it sees Finish. */
TEST(send_for_pipeline_takes_a_return)
{
	struct raw w;
	struct reply r;
	struct vat_cap *c = asking(&w);
	struct vat_cap *part = send_for_pipeline(&w, c, THING_MAKE, NULL);
	uint32_t id = called(&w, true);
	CHECK_INT(raw_return(&w, id, RETURN_RESULTS, 0, &hosted), 0);
	CHECK_INT(counts(&w).imports, 0);
	thing_call(w.vat, part, THING_ECHO, 7, NULL, &r);
	uint32_t on_part = called(&w, false);
	check_target(&w, id);
	reply_free(&r);
	check_finish(&w, on_part, true);
	/* It is not asked again. */
	struct vat_cap *other = send_for_pipeline(&w, c, THING_MAKE, NULL);
	CHECK(called(&w, false) < HIGH);
	vat_cap_unref(part);
	check_finish(&w, id, true);
	/* What crossed Finish does no harm. */
	CHECK_INT(raw_return(&w, id, RETURN_TAKE_FROM_OTHER, 9, NULL), 0);
	CHECK_INT(raw_return(&w, id + 1, RETURN_RESULTS, 0, &hosted), -EPROTO);
	CHECK(vat_cap_is_broken(other, NULL));
	vat_cap_unref(other);
	vat_cap_unref(c);
	raw_done(&w);
}

/* The peer might say in a late Return that it has given back what they export. */
TEST(send_for_pipeline_with_capabilities_is_returned)
{
	struct raw w;
	struct reply r;
	struct vat_cap *c = asking(&w);
	struct vat_cap *part = send_for_pipeline(&w, c, THING_ECHO_CAP, w.boot);
	uint32_t id = called(&w, false);
	CHECK(id < HIGH);
	CHECK_INT(raw_return(&w, id, RETURN_RESULTS, 0, NULL), 0);
	check_finish(&w, id, false);
	thing_call(w.vat, part, THING_ECHO, 1, NULL, &r);
	while (vat_run(w.vat, 0))
		;
	CHECK(r.failed);
	reply_free(&r);
	vat_cap_unref(part);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(send_for_pipeline_ids_go_round)
{
	struct raw w;
	struct vat_cap *c = asking(&w), *parts[2];
	w.c->next_high = 2u * HIGH - 1;
	parts[0] = send_for_pipeline(&w, c, THING_MAKE, NULL);
	CHECK_INT(called(&w, true), UINT32_MAX);
	/* Not while it may be one that is in use. */
	parts[1] = send_for_pipeline(&w, c, THING_MAKE, NULL);
	CHECK(called(&w, false) < HIGH);
	vat_cap_unref(parts[0]);
	check_finish(&w, UINT32_MAX, true);
	parts[0] = send_for_pipeline(&w, c, THING_MAKE, NULL);
	CHECK_INT(called(&w, true), 2u * HIGH);
	CHECK_INT(raw_return(&w, UINT32_MAX, RETURN_CANCELED, 0, NULL), 0);
	vat_cap_unref(parts[0]);
	vat_cap_unref(parts[1]);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(send_for_pipeline_fails_with_the_connection)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	struct vat_cap *part = send_for_pipeline(&w, c, THING_MAKE, NULL);
	CHECK(!vat_cap_is_broken(part, NULL));
	vat_conn_eof(w.c, 0);
	CHECK(vat_cap_is_broken(part, NULL));
	CHECK_INT(counts(&w).questions, 0);
	vat_cap_unref(part);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(send_for_pipeline_to_an_object_here)
{
	struct raw w;
	struct reply r;
	raw_init(&w, NULL);
	struct vat_cap *part = send_for_pipeline(&w, w.boot, THING_MAKE, NULL);
	struct vat_cap *none = send_for_pipeline(&w, w.boot, THING_FAIL, NULL);
	thing_call(w.vat, part, THING_ECHO, 3, NULL, &r);
	while (vat_run(w.vat, 0))
		;
	CHECK_REPLY(r, 3);
	thing_call(w.vat, none, THING_ECHO, 3, NULL, &r);
	while (vat_run(w.vat, 0))
		;
	CHECK(r.failed);
	reply_free(&r);
	vat_cap_unref(part);
	vat_cap_unref(none);
	raw_done(&w);
}

static void note_answer(void *user, const struct vat_error *err)
{
	++*(unsigned *)user;
}

struct watching {
	struct vat_cap *to;
	unsigned *answered; /* NULL: it does not watch */
};

static void watch(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	struct watching *s = self;
	if (s->answered)
		CHECK_INT(vat_ctx_on_answer(ctx, note_answer, s->answered), 0);
	vat_ctx_forward(ctx, s->to);
}

/* A relay that has nobody to tell asks for no Return either; one that watches does. */
TEST(send_for_pipeline_through_a_relay)
{
	for (int watched = 0; watched < 2; watched++) {
		struct raw w;
		unsigned answered = 0;
		struct vat_cap *there = asking(&w);
		struct watching s = {there, watched ? &answered : NULL};
		struct vat_cap *relay = vat_serve_any(w.vat, watch, &s, NULL);
		CHECK_INT(raw_bootstrap(&w, 0), 0);
		CHECK_RETURN(&w, 0, RETURN_RESULTS);
		w.t.held = vat_cap_ref(relay);
		struct raw_call give = {.id = 1, .target = boot, .method = THING_GIVE};
		CHECK_INT(raw_call(&w, &give), 0);
		CHECK_RETURN(&w, 1, RETURN_RESULTS);
		struct raw_call c = {.id = high_id,
			.target = part_of_1,
			.method = THING_MAKE,
			.only_pipelining = true};
		CHECK_INT(raw_call(&w, &c), 0);
		uint32_t id = called(&w, !watched);
		CHECK_INT(call_part(&w, 2), 0);
		CHECK_NEXT(&w, MSG_CALL);
		check_target(&w, id);
		if (watched) {
			CHECK_NEXT(&w, MSG_RETURN); /* the part's: to be taken from there */
			CHECK_INT(raw_return(&w, id, RETURN_EXCEPTION, 0, NULL), 0);
			CHECK_INT(answered, 1);
		}
		CHECK_INT(raw_finish(&w, 2, true), 0);
		CHECK_INT(raw_finish(&w, high_id, true), 0);
		while (raw_next(&w) >= 0)
			;
		vat_cap_unref(relay);
		vat_cap_unref(there);
		raw_done(&w);
	}
}
