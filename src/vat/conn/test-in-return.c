/* SPDX-License-Identifier: MIT */
/* Answers to our questions: unasked, twice, from elsewhere; tail calls of the peer. */
#include "vat/conn/test-raw.h"

TEST(return_without_question)
{
	struct raw w;
	booted(&w);
	CHECK_INT(raw_return(&w, 3, RETURN_CANCELED, 0, NULL), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(return_to_wrong_side)
{
	struct raw w;
	booted(&w);
	/* 0 is a question of the peer, not of ours. */
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &hosted), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(duplicate_answer)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &hosted), 0);
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &hosted), -EPROTO);
	CHECK_ABORTED(&w);
	CHECK(vat_cap_is_broken(c, NULL));
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(hosted_bootstrap_is_released)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &hosted), 0);
	CHECK_NEXT(&w, MSG_FINISH);
	CHECK_INT(vat_r_bool(w.body, 32, true), false);
	CHECK_NEXT(&w, -1);
	vat_cap_unref(c);
	CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_INT(vat_r_u32(w.body, 0, 0), 5);
	CHECK_INT(vat_r_u32(w.body, 1, 0), 1);
	check_empty(&w);
	raw_done(&w);
}

TEST(canceled_question_ignores_its_results)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	vat_cap_unref(c);
	CHECK_NEXT(&w, MSG_FINISH);
	CHECK_INT(vat_r_bool(w.body, 32, true), true);
	CHECK_INT(counts(&w).questions, 1);
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &hosted), 0);
	/* The Finish has given the capability back. */
	CHECK_NEXT(&w, -1);
	check_empty(&w);
	raw_done(&w);
}

TEST(no_finish_needed_is_honoured)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_RETURN, 2, 1, &b);
	vat_w_bool(b, 33, true, false);
	vat_w_u16(b, 3, RETURN_CANCELED, 0);
	CHECK_INT(raw_message(&w, m), 0);
	CHECK_NEXT(&w, -1);
	CHECK(vat_cap_is_broken(c, NULL));
	check_empty(&w);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(third_party_hosted_bootstrap_uses_the_vine)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_RETURN, 2, 1, &b);
	vat_w_bool(b, 32, false, true);
	struct vat_struct_b payload = vat_init_struct(vat_ptr_at_b(b, 0), 0, 2);
	raw_cap_pointer(vat_ptr_at_b(payload, 0));
	struct vat_list_b l = vat_init_struct_list(vat_ptr_at_b(payload, 1), 1, 1, 1);
	struct vat_struct_b d = vat_list_struct_b(l, 0);
	vat_w_u16(d, 0, DESC_THIRD_PARTY_HOSTED, 0);
	vat_w_u32(vat_init_struct(vat_ptr_at_b(d, 0), 1, 1), 0, 31, 0);
	CHECK_INT(raw_message(&w, m), 0);
	CHECK_NEXT(&w, MSG_FINISH);
	vat_cap_unref(c);
	CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_INT(vat_r_u32(w.body, 0, 0), 31);
	raw_done(&w);
}

TEST(none_import_bootstrap_is_null)
{
	struct raw w;
	struct reply r;
	struct vat_cap *c = asking(&w);
	const struct descriptor none = {.tag = DESC_NONE, .fd = NO_FD};
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &none), 0);
	thing_call(w.vat, c, THING_ECHO, 0, NULL, &r);
	while (vat_run(w.vat, 0))
		;
	CHECK_FAILED(r, VAT_FAILED, "null capability");
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(unknown_import_bootstrap_is_broken)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	const struct descriptor odd = {.tag = (enum cap_tag)12, .fd = NO_FD};
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &odd), 0);
	CHECK(vat_cap_is_broken(c, NULL));
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(unimplemented_return_from_third_party_and_unknown)
{
	for (uint16_t tag = RETURN_AWAIT_THIRD_PARTY; tag <= 42; tag += 37) {
		struct raw w;
		struct vat_error e;
		struct vat_cap *c = asking(&w);
		CHECK_INT(raw_return(&w, 0, tag, 0, NULL), 0);
		CHECK_NEXT(&w, MSG_FINISH);
		CHECK_NEXT(&w, MSG_UNIMPLEMENTED);
		CHECK(vat_cap_is_broken(c, &e));
		CHECK_INT(e.kind, VAT_UNIMPLEMENTED);
		vat_cap_unref(c);
		raw_done(&w);
	}
}

TEST(invalid_return_take_from_other_question)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	CHECK_INT(raw_return(&w, 0, RETURN_TAKE_FROM_OTHER, 0, NULL), -EPROTO);
	CHECK_ABORTED(&w);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(take_from_a_question_that_was_not_redirected)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	CHECK_INT(raw_bootstrap(&w, 7), 0);
	CHECK_INT(raw_return(&w, 0, RETURN_TAKE_FROM_OTHER, 7, NULL), -EPROTO);
	CHECK_ABORTED(&w);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(results_sent_elsewhere_unasked)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	CHECK_INT(raw_return(&w, 0, RETURN_SENT_ELSEWHERE, 0, NULL), -EPROTO);
	CHECK_ABORTED(&w);
	vat_cap_unref(c);
	raw_done(&w);
}

/* ---- tail calls of the peer ----------------------------------------------------------------- */

/* Our call r reaches the peer as question 1, addressed to import 5; the peer calls back (its
 * question 1) and redirects. */
static void tail_call(struct raw *w, struct vat_cap **c, struct reply *r, enum thing_method m)
{
	*c = asking(w);
	CHECK_INT(raw_bootstrap(w, 0), 0);
	CHECK_RETURN(w, 0, RETURN_RESULTS);
	CHECK_INT(raw_return(w, 0, RETURN_RESULTS, 0, &hosted), 0);
	CHECK_NEXT(w, MSG_FINISH);
	thing_call(w->vat, *c, THING_ECHO, 3, NULL, r);
	CHECK_NEXT(w, MSG_CALL);
	struct raw_call back = {.id = 1,
		.target = boot,
		.method = (uint16_t)m,
		.n = 9,
		.send_to = SEND_TO_YOURSELF};
	CHECK_INT(raw_call(w, &back), 0);
}

TEST(tail_call_takes_results_from_the_other_question)
{
	struct raw w;
	struct vat_cap *c;
	struct reply r;
	tail_call(&w, &c, &r, THING_ECHO);
	CHECK_RETURN(&w, 1, RETURN_SENT_ELSEWHERE);
	CHECK_INT(raw_return(&w, 0, RETURN_TAKE_FROM_OTHER, 1, NULL), 0);
	CHECK_NEXT(&w, MSG_FINISH);
	CHECK_REPLY(r, 9);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(tail_call_redirected_before_it_is_answered)
{
	struct raw w;
	struct vat_cap *c;
	struct reply r;
	tail_call(&w, &c, &r, THING_WAIT);
	CHECK_INT(raw_return(&w, 0, RETURN_TAKE_FROM_OTHER, 1, NULL), 0);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK(!r.done);
	CHECK_INT(w.t.canceled, 0);
	thing_answer(w.t.waiting[0], 10, NULL);
	while (vat_run(w.vat, 0))
		;
	CHECK_REPLY(r, 10);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(tail_call_is_canceled_with_its_question)
{
	struct raw w;
	struct vat_cap *c;
	struct reply r;
	tail_call(&w, &c, &r, THING_WAIT);
	reply_free(&r);
	CHECK_NEXT(&w, MSG_FINISH);
	CHECK_INT(raw_return(&w, 0, RETURN_TAKE_FROM_OTHER, 1, NULL), 0);
	CHECK_INT(w.t.canceled, 1);
	vat_ctx_return(w.t.waiting[0]);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	vat_cap_unref(c);
	CHECK_INT(counts(&w).questions, 0);
	raw_done(&w);
}

TEST(redirected_question_may_be_taken_once)
{
	struct raw w;
	struct vat_cap *c;
	struct reply r, other;
	tail_call(&w, &c, &r, THING_ECHO);
	thing_call(w.vat, c, THING_ECHO, 3, NULL, &other);
	CHECK_INT(raw_return(&w, 0, RETURN_TAKE_FROM_OTHER, 1, NULL), 0);
	CHECK_INT(raw_return(&w, 1, RETURN_TAKE_FROM_OTHER, 1, NULL), -EPROTO);
	CHECK_ABORTED(&w);
	reply_free(&r);
	reply_free(&other);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(return_gives_parameters_back_at_once)
{
	struct raw w;
	struct reply r;
	struct vat_cap *c = asking(&w);
	thing_call(w.vat, c, THING_HOLD, 0, w.boot, &r);
	CHECK_INT(counts(&w).exports, 1);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_RETURN, 2, 1, &b);
	vat_w_u32(b, 0, 1, 0);
	vat_w_bool(b, 32, true, true);
	CHECK_INT(raw_message(&w, m), 0);
	CHECK_INT(counts(&w).exports, 0);
	CHECK_REPLY(r, 0);
	/* They are gone: releasing them once more is an error. */
	CHECK_INT(raw_release(&w, 0, 1), -EPROTO);
	CHECK_ABORTED(&w);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(returned_parameter_may_be_the_result)
{
	struct raw w;
	struct reply r;
	struct vat_cap *c = asking(&w);
	thing_call(w.vat, c, THING_HOLD, 0, w.boot, &r);
	CHECK_INT(counts(&w).exports, 1);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_RETURN, 2, 1, &b);
	vat_w_u32(b, 0, 1, 0);
	struct vat_struct_b payload = vat_init_struct(vat_ptr_at_b(b, 0), 0, 2);
	struct vat_struct_b results = vat_init_struct(vat_ptr_at_b(payload, 0), 1, 1);
	raw_cap_pointer(vat_ptr_at_b(results, 0));
	raw_table(payload, &(struct descriptor){.tag = DESC_RECEIVER_HOSTED, .id = 0, .fd = NO_FD},
		1);
	CHECK_INT(raw_message(&w, m), 0);
	CHECK_INT(counts(&w).exports, 0);
	CHECK_REPLY(r, 0);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(lost_connection_fails_questions_and_frees_exports)
{
	struct raw w;
	struct reply r[2];
	struct vat_cap *c = asking(&w);
	thing_call(w.vat, c, THING_HOLD, 0, w.boot, &r[0]);
	struct vat_cap *p = reply_pipeline(&r[0]);
	thing_call(w.vat, p, THING_ECHO, 0, NULL, &r[1]);
	CHECK_INT(raw_bootstrap(&w, 4), 0);
	vat_conn_eof(w.c, -EPIPE);
	while (vat_run(w.vat, 0))
		;
	CHECK_FAILED(r[0], VAT_DISCONNECTED, "Broken pipe");
	CHECK_FAILED(r[1], VAT_DISCONNECTED, "Broken pipe");
	CHECK(vat_conn_idle(w.c) && vat_conn_is_over(w.c));
	CHECK(vat_cap_is_broken(p, NULL) && vat_cap_is_broken(c, NULL));
	/* Nothing more can be sent. */
	thing_call(w.vat, c, THING_ECHO, 0, NULL, &r[0]);
	while (vat_run(w.vat, 0))
		;
	CHECK_FAILED(r[0], VAT_DISCONNECTED, "Broken pipe");
	vat_cap_unref(p);
	vat_cap_unref(c);
	raw_done(&w);
}

/* ---- redirected in circles ------------------------------------------------------------------ */

/* Answer 1 is the peer's own object 5; each call on it comes back to the peer. */
static void reflecting(struct raw *w, const struct vat_limits *limits)
{
	raw_init(w, limits);
	CHECK_INT(raw_bootstrap(w, 0), 0);
	struct raw_call echo = {
		.id = 1, .target = boot, .method = THING_ECHO_CAP, .caps = &hosted, .n_caps = 1};
	CHECK_INT(raw_call(w, &echo), 0);
}

static void reflect(struct raw *w, uint32_t id)
{
	static const uint16_t path[] = {0};
	struct raw_call call = {.id = id,
		.target = {.promised = true, .id = 1, .path = path, .n_path = 1},
		.method = THING_ECHO,
		.send_to = SEND_TO_YOURSELF};
	CHECK_INT(raw_call(w, &call), 0);
}

TEST(call_redirected_to_itself)
{
	struct raw w;
	reflecting(&w, NULL);
	reflect(&w, 2);
	CHECK_INT(raw_return(&w, 0, RETURN_TAKE_FROM_OTHER, 2, NULL), 0);
	CHECK_INT(raw_finish(&w, 2, true), 0);
	vat_conn_eof(w.c, 0);
	CHECK_INT(counts(&w).questions, 0);
	raw_done(&w);
}

TEST(calls_redirected_to_each_other)
{
	struct raw w;
	reflecting(&w, NULL);
	reflect(&w, 2);
	reflect(&w, 3);
	CHECK_INT(raw_return(&w, 0, RETURN_TAKE_FROM_OTHER, 3, NULL), 0);
	CHECK_INT(raw_return(&w, 1, RETURN_TAKE_FROM_OTHER, 2, NULL), 0);
	CHECK_INT(raw_finish(&w, 2, true), 0);
	CHECK_INT(raw_finish(&w, 3, true), 0);
	raw_done(&w);
}

TEST(long_row_of_redirected_calls)
{
	enum { N = 50000 };
	struct raw w;
	const struct vat_limits limits = {.answers = N + 2};
	reflecting(&w, &limits);
	for (uint32_t i = 0; i < N; i++)
		reflect(&w, 2 + i);
	for (uint32_t i = 0; i + 1 < N; i++)
		CHECK_INT(raw_return(&w, i, RETURN_TAKE_FROM_OTHER, 3 + i, NULL), 0);
	CHECK_INT(raw_return(&w, N - 1, RETURN_CANCELED, 0, NULL), 0);
	CHECK_INT(counts(&w).questions, 0);
	raw_done(&w);
}

/* Each of them is wanted only by the one before it. */
TEST(long_row_of_redirected_calls_is_given_up)
{
	enum { N = 50000 };
	struct raw w;
	const struct vat_limits limits = {.answers = N + 2};
	reflecting(&w, &limits);
	for (uint32_t i = 0; i < N; i++)
		reflect(&w, 2 + i);
	for (uint32_t i = 0; i + 1 < N; i++)
		CHECK_INT(raw_return(&w, i, RETURN_TAKE_FROM_OTHER, 3 + i, NULL), 0);
	for (uint32_t i = 1; i < N; i++)
		CHECK_INT(raw_finish(&w, 2 + i, true), 0);
	CHECK_INT(counts(&w).questions, N);
	CHECK_INT(raw_finish(&w, 2, true), 0);
	CHECK_INT(counts(&w).questions, 1); /* sent and finished, not returned */
	raw_done(&w);
}

TEST(redirected_results_are_counted)
{
	struct raw w;
	struct vat_cap *c;
	struct reply r;
	struct vat_limits limits = {.result_words = 100};
	raw_init(&w, &limits);
	c = vat_conn_bootstrap(w.c);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &hosted), 0);
	for (uint32_t i = 0; i < 20; i++) {
		struct raw_call back = {.id = 1 + i,
			.target = boot,
			.method = THING_ECHO,
			.send_to = SEND_TO_YOURSELF};
		CHECK_INT(raw_call(&w, &back), 0);
	}
	CHECK(w.c->result_words > 50 && w.c->result_words <= 100);
	thing_call(w.vat, c, THING_ECHO, 3, NULL, &r);
	CHECK_INT(raw_return(&w, 0, RETURN_TAKE_FROM_OTHER, 20, NULL), 0);
	CHECK_FAILED(r, VAT_OVERLOADED, "too many results");
	for (uint32_t i = 0; i <= 20; i++)
		CHECK_INT(raw_finish(&w, i, true), 0);
	CHECK_INT(w.c->result_words, 0);
	vat_cap_unref(c);
	raw_done(&w);
}

/* An exported promise that turned out to be the peer's own is let go of by the very message that
 * ends the connection. */
TEST(released_parameter_in_a_return_that_aborts)
{
	struct raw w;
	struct reply r;
	struct vat_cap *p;
	struct vat_resolver *resolver;
	struct vat_cap *c = asking(&w);
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &hosted), 0);
	CHECK_INT(vat_promise(w.vat, &p, &resolver), 0);
	thing_call(w.vat, c, THING_HOLD, 0, p, &r);
	vat_resolve(resolver, vat_cap_ref(c));
	vat_cap_unref(p);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_RETURN, 2, 1, &b);
	struct vat_struct_b payload = vat_init_struct(vat_ptr_at_b(b, 0), 0, 2);
	const struct descriptor wrong = {.tag = DESC_RECEIVER_HOSTED, .id = 99, .fd = NO_FD};
	raw_table(payload, &wrong, 1);
	CHECK_INT(raw_message(&w, m), -EPROTO);
	CHECK_ABORTED(&w);
	reply_free(&r);
	vat_cap_unref(c);
	raw_done(&w);
}
