/* SPDX-License-Identifier: MIT */
/*
 * Messages that one side does not know, malformed ones, and the limits.  Each breaks that
 * connection, or that call, and nothing else.
 */
#include "vat/conn/test-raw.h"

/* ---- messages that one side does not know --------------------------------------------------- */

TEST(unknown_messages_are_echoed)
{
	static const uint16_t tags[] = {MSG_OBSOLETE_SAVE, MSG_OBSOLETE_DELETE, MSG_PROVIDE,
		MSG_ACCEPT, MSG_JOIN, MSG_THIRD_PARTY_ANSWER, 15, 123, 0xffff};
	struct raw w;
	booted(&w);
	for (unsigned i = 0; i < ARRAY_SIZE(tags); i++) {
		struct vat_struct_b b;
		struct vat_message *m = raw_new(tags[i], 1, 1, &b);
		vat_w_u32(b, 0, 1000 + i, 0);
		CHECK_INT(raw_message(&w, m), 0);
		CHECK_NEXT(&w, MSG_UNIMPLEMENTED);
		CHECK_INT(vat_r_u16(w.body, 0, 0), tags[i]);
		struct vat_struct_r back = vat_ptr_struct(vat_ptr_at(w.body, 0), NULL);
		CHECK_INT(vat_r_u32(back, 0, 0), 1000 + i);
	}
	CHECK(!w.closed);
	raw_done(&w);
}

/* The peer echoes our message with this tag and first word. */
/* Pointers that lead to the same object are not followed into a message many times as large. */
TEST(echo_is_not_larger_than_what_it_echoes)
{
	enum { N = 4000, WORDS = 1000, AT = 4 + N };
	struct raw w;
	static uint64_t words[AT + WORDS];
	booted(&w);
	words[0] = (uint64_t)(AT + WORDS - 1) << 32;
	words[1] = UINT64_C(1) << 32 | UINT64_C(1) << 48;
	words[2] = 99; /* no such message */
	words[3] = (uint64_t)N << 48;
	for (unsigned i = 0; i < N; i++)
		words[4 + i] =
			(uint64_t)(N - i - 1) << 2 | 1 | UINT64_C(5) << 32 | (uint64_t)WORDS << 35;
	raw_words(&w, words, ARRAY_SIZE(words));
	CHECK(counts(&w).output_bytes <= sizeof(words) + 64);
	raw_done(&w);
}

static int echoed(struct raw *w, uint16_t tag, uint32_t id)
{
	struct vat_struct_b inner;
	struct vat_message *m = raw_new(MSG_UNIMPLEMENTED, 1, 1, &inner);
	vat_w_u16(inner, 0, tag, 0);
	struct vat_struct_b b = vat_init_struct(vat_ptr_at_b(inner, 0), 1, 1);
	vat_w_u32(b, 0, id, 0);
	if (tag == MSG_RESOLVE)
		build_descriptor(vat_init_struct(vat_ptr_at_b(b, 0), 1, 1),
			&(struct descriptor){.tag = DESC_SENDER_HOSTED, .id = 0, .fd = NO_FD});
	return raw_message(w, m);
}

TEST(unimplemented_bootstrap_and_call_fail_the_question)
{
	struct raw w;
	struct vat_error e;
	struct reply r;
	struct vat_cap *c = asking(&w);
	thing_call(w.vat, c, THING_ECHO, 0, w.boot, &r);
	CHECK_INT(counts(&w).exports, 1);
	CHECK_INT(echoed(&w, MSG_CALL, 1), 0);
	CHECK_FAILED(r, VAT_UNIMPLEMENTED, "cannot");
	CHECK_INT(counts(&w).exports, 0);
	CHECK_INT(echoed(&w, MSG_BOOTSTRAP, 0), 0);
	CHECK(vat_cap_is_broken(c, &e));
	CHECK_INT(e.kind, VAT_UNIMPLEMENTED);
	check_empty(&w);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(unimplemented_resolve_releases_what_it_named)
{
	struct raw w;
	booted(&w);
	CHECK_INT(counts(&w).exports, 1);
	CHECK_INT(echoed(&w, MSG_RESOLVE, 3), 0);
	CHECK_INT(counts(&w).exports, 0);
	CHECK(!w.closed);
	raw_done(&w);
}

TEST(unimplemented_essentials_abort)
{
	static const uint16_t tags[] = {MSG_RETURN, MSG_FINISH, MSG_RELEASE, MSG_DISEMBARGO};
	for (unsigned i = 0; i < ARRAY_SIZE(tags); i++) {
		struct raw w;
		booted(&w);
		CHECK_INT(echoed(&w, tags[i], 0), -EPROTO);
		CHECK_ABORTED(&w);
		raw_done(&w);
	}
}

TEST(abort_ends_without_a_word)
{
	struct raw w;
	struct vat_error e;
	struct vat_cap *c = asking(&w);
	uint64_t words[WIRE_WORDS];
	struct vat_error why = {.kind = VAT_FAILED, .text = "had enough"};
	CHECK_INT(raw_words(&w, words, wire_abort(words, &why)), 0);
	CHECK_NEXT(&w, -1);
	CHECK(w.closed && w.lost);
	CHECK(vat_conn_is_over(w.c));
	CHECK(vat_cap_is_broken(c, &e));
	CHECK(strstr(e.text, "had enough"));
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(malformed_messages_abort)
{
	static const uint64_t root_outside[] = {UINT64_C(1) << 32, UINT64_C(0x0001000100000400)};
	static const uint64_t too_many_segments[] = {0x7fffffff};
	static const uint64_t huge[] = {UINT64_C(0x7fffffff) << 32};
	const struct {
		const uint64_t *w;
		size_t n;
	} bad[] = {{root_outside, 2}, {too_many_segments, 1}, {huge, 1}};
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct raw w;
		raw_init(&w, NULL);
		CHECK_INT(raw_words(&w, bad[i].w, bad[i].n), -EPROTO);
		CHECK_ABORTED(&w);
		raw_done(&w);
	}
}

TEST(null_message_is_an_empty_unimplemented)
{
	static const uint64_t null_root[] = {UINT64_C(1) << 32, 0};
	struct raw w;
	booted(&w);
	CHECK_INT(raw_words(&w, null_root, 2), 0);
	CHECK_NEXT(&w, -1);
	CHECK(!w.closed);
	raw_done(&w);
}

/* ---- limits --------------------------------------------------------------------------------- */

TEST(too_many_answers_are_refused)
{
	struct raw w;
	struct vat_limits l = {.answers = 3};
	raw_init(&w, &l);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	struct raw_call c = {.target = boot, .method = THING_WAIT, .caps = &hosted, .n_caps = 1};
	for (c.id = 1; c.id < 6; c.id++)
		CHECK_INT(raw_call(&w, &c), 0);
	CHECK_INT(w.t.n_waiting, 2);
	for (uint32_t id = 3; id < 6; id++) {
		CHECK_RETURN(&w, id, RETURN_EXCEPTION);
		CHECK_INT(vat_r_bool(w.body, 32, true), true); /* parameters given back */
		struct vat_struct_r e = vat_ptr_struct(vat_ptr_at(w.body, 0), NULL);
		CHECK_INT(vat_r_u16(e, 2, 0), VAT_OVERLOADED);
		CHECK_INT(raw_finish(&w, id, true), 0);
	}
	CHECK_INT(raw_bootstrap(&w, 9), 0);
	CHECK_RETURN(&w, 9, RETURN_EXCEPTION);
	CHECK_INT(counts(&w).answers, 3);
	CHECK(!w.closed);
	vat_ctx_return(w.t.waiting[0]);
	vat_ctx_return(w.t.waiting[1]);
	raw_done(&w);
}

TEST(too_many_parameter_words_are_refused)
{
	struct raw w;
	struct vat_limits l = {.call_words = 40};
	raw_init(&w, &l);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	struct raw_call c = {.id = 1, .target = boot, .method = THING_WAIT};
	CHECK_INT(raw_call(&w, &c), 0);
	c.id = 2;
	CHECK_INT(raw_call(&w, &c), 0);
	c.id = 3;
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_INT(w.t.n_waiting, 2);
	CHECK_RETURN(&w, 3, RETURN_EXCEPTION);
	vat_ctx_return(w.t.waiting[0]);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	c.id = 4;
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_INT(w.t.n_waiting, 3);
	vat_ctx_return(w.t.waiting[1]);
	vat_ctx_return(w.t.waiting[2]);
	raw_done(&w);
}

TEST(too_many_kept_results_are_refused)
{
	struct raw w;
	struct vat_limits l = {.result_words = 200};
	raw_init(&w, &l);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	struct raw_call c = {.target = boot, .method = THING_MAKE};
	bool refused = false;
	for (c.id = 1; c.id < 12; c.id++) {
		CHECK_INT(raw_call(&w, &c), 0);
		CHECK_NEXT(&w, MSG_RETURN);
		refused |= vat_r_u16(w.body, 3, 0) == RETURN_EXCEPTION;
	}
	CHECK(refused);
	CHECK(w.c->result_words <= 200);
	for (uint32_t id = 1; id < 12; id++)
		CHECK_INT(raw_finish(&w, id, true), 0);
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 12, RETURN_RESULTS);
	raw_done(&w);
}

TEST(too_many_imports_are_refused)
{
	struct raw w;
	struct vat_limits l = {.imports = 2};
	struct descriptor d[4];
	raw_init(&w, &l);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	for (uint32_t i = 0; i < 4; i++)
		d[i] = (struct descriptor){.tag = DESC_SENDER_HOSTED, .id = i, .fd = NO_FD};
	struct raw_call c = {.id = 1, .target = boot, .method = THING_WAIT, .caps = d, .n_caps = 4};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_EXCEPTION);
	CHECK_INT(vat_r_bool(w.body, 32, true), false);
	for (unsigned i = 0; i < 4; i++)
		CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_INT(counts(&w).imports, 0);
	CHECK(!w.closed);
	raw_done(&w);
}

TEST(too_many_exports_fail_the_call_alone)
{
	struct raw w;
	struct vat_limits l = {.exports = 2};
	raw_init(&w, &l);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	struct raw_call c = {.target = boot, .method = THING_MAKE};
	for (c.id = 1; c.id < 4; c.id++) {
		CHECK_INT(raw_call(&w, &c), 0);
		CHECK_RETURN(&w, c.id, c.id == 1 ? RETURN_RESULTS : RETURN_EXCEPTION);
	}
	CHECK_INT(counts(&w).exports, 2);
	raw_done(&w);
}

TEST(too_many_questions_fail_here)
{
	struct raw w;
	struct vat_limits l = {.questions = 2};
	struct reply r[3];
	raw_init(&w, &l);
	struct vat_cap *c = vat_conn_bootstrap(w.c);
	for (unsigned i = 0; i < 3; i++)
		thing_call(w.vat, c, THING_ECHO, i, NULL, &r[i]);
	while (vat_run(w.vat, 0))
		;
	CHECK(!r[0].done);
	CHECK_FAILED(r[1], VAT_OVERLOADED, "too many calls");
	CHECK_FAILED(r[2], VAT_OVERLOADED, "too many calls");
	reply_free(&r[0]);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(full_output_stops_input_and_calls)
{
	struct raw w;
	struct vat_limits l = {.output_bytes = 200};
	struct reply r;
	raw_init(&w, &l);
	struct vat_cap *c = vat_conn_bootstrap(w.c);
	for (uint32_t id = 0; id < 4; id++)
		raw_bootstrap(&w, id);
	CHECK(!vat_conn_wants_input(w.c));
	thing_call(w.vat, c, THING_ECHO, 0, NULL, &r);
	while (vat_run(w.vat, 0))
		;
	CHECK_FAILED(r, VAT_OVERLOADED, "output");
	raw_collect(&w);
	CHECK(vat_conn_wants_input(w.c));
	vat_cap_unref(c);
	raw_done(&w);
}

/* Results that nobody reads do not pile up without end. */
TEST(full_output_takes_no_more_results)
{
	enum { SIZE = 10 << 20, CALLS = 50 };
	struct raw w;
	raw_init(&w, NULL);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	for (uint32_t i = 1; i <= CALLS; i++) {
		const struct raw_call wait = {.id = i, .target = boot, .method = THING_WAIT};
		CHECK_INT(raw_call(&w, &wait), 0);
	}
	for (unsigned i = 0; i < w.t.n_waiting; i++) {
		vat_init_data(vat_ctx_results(w.t.waiting[i]), SIZE);
		vat_ctx_return(w.t.waiting[i]);
	}
	CHECK(counts(&w).output_bytes > 256 << 20);
	CHECK(counts(&w).output_bytes < (256 << 20) + 2 * SIZE);
	raw_done(&w);
}

TEST(message_limit_aborts)
{
	struct raw w;
	struct vat_limits l = {.message_words = 100};
	static const uint64_t head[] = {UINT64_C(101) << 32};
	raw_init(&w, &l);
	CHECK_INT(raw_words(&w, head, 1), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(large_capability_table_aborts)
{
	struct raw w;
	struct vat_limits l = {.imports = 10, .exports = 10};
	raw_init(&w, &l);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	struct descriptor d[11];
	for (uint32_t i = 0; i < 11; i++)
		d[i] = (struct descriptor){.tag = DESC_NONE, .fd = NO_FD};
	struct raw_call c = {
		.id = 1, .target = boot, .method = THING_ECHO, .caps = d, .n_caps = 11};
	CHECK_INT(raw_call(&w, &c), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

/* Calls that take long keep their messages, but not a whole buffer each. */
TEST(kept_parameters_do_not_keep_whole_buffers)
{
	struct raw w;
	raw_init(&w, NULL);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	static struct vat_ctx *ctx[400];
	struct raw_call c = {.target = boot, .method = THING_WAIT};
	for (unsigned i = 0; i < 400; i++) {
		c.id = 1 + 2 * i;
		c.method = THING_WAIT;
		CHECK_INT(raw_call(&w, &c), 0);
		ctx[i] = w.t.waiting[--w.t.n_waiting];
		/* A large one after it uses the buffer up. */
		struct vat_struct_b b;
		struct vat_message *m = raw_new(200, 0, 1, &b);
		CHECK(vat_init_data(vat_ptr_at_b(b, 0), 60000));
		CHECK_INT(raw_message(&w, m), 0);
		raw_collect(&w);
		w.out_size = 0;
	}
	CHECK(w.vat->n_chunks < 100);
	for (unsigned i = 0; i < 400; i++)
		vat_ctx_return(ctx[i]);
	raw_done(&w);
}

TEST(unimplemented_question_that_is_still_named)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	w.t.held = c;
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	struct raw_call give = {.id = 1, .target = boot, .method = THING_GIVE};
	CHECK_INT(raw_call(&w, &give), 0);
	w.t.held = vat_cap_unref(c);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_UNIMPLEMENTED, 1, 1, &b);
	vat_w_u16(b, 0, MSG_BOOTSTRAP, 0);
	vat_w_u32(vat_init_struct(vat_ptr_at_b(b, 0), 1, 1), 0, 0, 0);
	CHECK_INT(raw_message(&w, m), 0);
	raw_collect(&w); /* nor does the output keep it */
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_INT(counts(&w).questions, 0);
	raw_done(&w);
}

TEST(too_many_parts_called_ahead_are_refused)
{
	struct raw w;
	booted(&w);
	struct raw_call wait = {.id = 1, .target = boot, .method = THING_WAIT};
	CHECK_INT(raw_call(&w, &wait), 0);
	for (uint16_t i = 0; i <= PIPES_MAX; i++) {
		struct raw_call ahead = {.id = 2u + i,
			.target = {.promised = true, .id = 1, .path = &i, .n_path = 1}};
		CHECK_INT(raw_call(&w, &ahead), 0);
	}
	CHECK_RETURN(&w, 2 + PIPES_MAX, RETURN_EXCEPTION);
	CHECK_NEXT(&w, -1);
	thing_answer(w.t.waiting[0], 1, NULL);
	raw_done(&w);
}

TEST(descriptor_of_a_promise_is_closed)
{
	struct raw w;
	int fds[2];
	booted(&w);
	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	const struct descriptor d = {.tag = DESC_SENDER_PROMISE, .id = 6, .fd = 0};
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_CALL, 3, 3, &b);
	struct target t = boot;
	vat_w_u32(b, 0, 1, 0);
	vat_w_u16(b, 2, THING_HOLD, 0);
	vat_w_u64(b, 1, thing_interface.id, 0);
	build_target(vat_ptr_at_b(b, 0), &t);
	struct vat_struct_b payload = vat_init_struct(vat_ptr_at_b(b, 1), 0, 2);
	raw_cap_pointer(vat_ptr_at_b(vat_init_struct(vat_ptr_at_b(payload, 0), 1, 1), 0));
	raw_table(payload, &d, 1);
	size_t size;
	void *flat = vat_message_flatten(m, &size);
	vat_message_free(m);
	CHECK_INT(net_feed(w.c, flat, size, SIZE_MAX, fds, 1), 0);
	free(flat);
	while (vat_run(w.vat, 0))
		;
	CHECK(w.t.held);
	CHECK_INT(fcntl(fds[0], F_GETFD), -1);
	close(fds[1]);
	raw_done(&w);
}
