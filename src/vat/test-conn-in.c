/* SPDX-License-Identifier: MIT */
/*
 * What a connection makes of single messages: well-formed ones at odd times, and ones that no
 * proper peer sends.  Each breaks that connection, or that call, and nothing else.
 */
#include "vat/test-raw.h"

static const struct descriptor hosted = {.tag = DESC_SENDER_HOSTED, .id = 5, .fd = NO_FD};
static const struct descriptor promised = {.tag = DESC_SENDER_PROMISE, .id = 6, .fd = NO_FD};
static const struct target boot = {.promised = true, .id = 0};

/* After a Bootstrap, question 0, whose Return has been read. */
static void booted(struct raw *w)
{
	raw_init(w, NULL);
	CHECK_INT(raw_bootstrap(w, 0), 0);
	CHECK_RETURN(w, 0, RETURN_RESULTS);
}

/* We asked for the peer's bootstrap: our question 0. */
static struct vat_cap *asking(struct raw *w)
{
	raw_init(w, NULL);
	struct vat_cap *c = vat_conn_bootstrap(w->c);
	CHECK_NEXT(w, MSG_BOOTSTRAP);
	CHECK_INT(vat_r_u32(w->body, 0, 1), 1);
	return c;
}

static struct vat_conn_counts counts(struct raw *w)
{
	struct vat_conn_counts k;
	vat_conn_counts(w->c, &k);
	return k;
}

static void check_empty(struct raw *w)
{
	CHECK(vat_conn_idle(w->c));
	CHECK(!w->closed);
}

/* ---- questions of the peer ------------------------------------------------------------------ */

TEST(bootstrap_returns_a_hosted_capability)
{
	struct raw w;
	booted(&w);
	struct vat_struct_r payload = vat_ptr_struct(vat_ptr_at(w.body, 0), NULL);
	CHECK_INT(vat_ptr_kind(vat_ptr_at(payload, 0)), VAT_PTR_CAP);
	struct vat_list_r l = vat_ptr_list(vat_ptr_at(payload, 1), VAT_ELEM_STRUCT, NULL);
	CHECK_INT(l.count, 1);
	CHECK_INT(vat_r_u16(vat_list_struct(l, 0), 0, 0), DESC_SENDER_HOSTED);
	CHECK_INT(raw_finish(&w, 0, false), 0);
	CHECK_INT(counts(&w).exports, 1);
	CHECK_INT(raw_release(&w, 0, 1), 0);
	check_empty(&w);
	raw_done(&w);
}

TEST(finish_gives_results_back)
{
	struct raw w;
	booted(&w);
	CHECK_INT(raw_finish(&w, 0, true), 0);
	check_empty(&w);
	raw_done(&w);
}

TEST(duplicate_question_1_bootstrap)
{
	struct raw w;
	booted(&w);
	CHECK_INT(raw_bootstrap(&w, 0), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(duplicate_question_2_call)
{
	struct raw w;
	booted(&w);
	struct raw_call c = {.id = 0, .target = boot, .method = THING_ECHO};
	CHECK_INT(raw_call(&w, &c), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(duplicate_question_3_running_call)
{
	struct raw w;
	booted(&w);
	struct raw_call c = {.id = 1, .target = boot, .method = THING_WAIT};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_INT(raw_call(&w, &c), -EPROTO);
	CHECK_ABORTED(&w);
	vat_ctx_return(w.t.waiting[0]);
	raw_done(&w);
}

TEST(question_id_is_free_after_return_and_finish)
{
	struct raw w;
	booted(&w);
	struct raw_call c = {.id = 1, .target = boot, .method = THING_WAIT};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_INT(raw_finish(&w, 1, true), 0);
	CHECK_NEXT(&w, -1);
	/* Still ours: Return has not been sent. */
	CHECK_INT(counts(&w).answers, 2);
	vat_ctx_return(w.t.waiting[0]);
	CHECK_RETURN(&w, 1, RETURN_CANCELED);
	CHECK_INT(counts(&w).answers, 1);
	c.method = THING_ECHO;
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	raw_done(&w);
}

TEST(no_bootstrap)
{
	struct raw w = {0};
	w.vat = vat_new(NULL);
	struct vat_conn_config cfg = {.closed = raw_closed, .user = &w};
	CHECK_INT(vat_conn_new(w.vat, &cfg, &w.c), 0);
	CHECK_INT(raw_bootstrap(&w, 3), 0);
	CHECK_RETURN(&w, 3, RETURN_EXCEPTION);
	CHECK_INT(raw_finish(&w, 3, true), 0);
	check_empty(&w);
	raw_done(&w);
}

TEST(duplicate_finish_is_ignored)
{
	struct raw w;
	booted(&w);
	CHECK_INT(raw_finish(&w, 0, true), 0);
	CHECK_INT(raw_finish(&w, 0, true), 0);
	CHECK_INT(raw_finish(&w, 77, true), 0);
	check_empty(&w);
	raw_done(&w);
}

TEST(invalid_call_target_imported_cap)
{
	struct raw w;
	booted(&w);
	struct raw_call c = {.id = 1, .target = {.id = 99}, .method = THING_ECHO};
	CHECK_INT(raw_call(&w, &c), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(invalid_call_target_promised_answer)
{
	struct raw w;
	booted(&w);
	struct raw_call c = {.id = 1, .target = {.promised = true, .id = 9}, .method = THING_ECHO};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_EXCEPTION);
	CHECK(!w.closed);
	raw_done(&w);
}

TEST(invalid_path_into_results)
{
	struct raw w;
	booted(&w);
	const uint16_t path[] = {3, 4};
	struct raw_call c = {.id = 1,
		.target = {.promised = true, .id = 0, .path = path, .n_path = 2},
		.method = THING_ECHO};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_EXCEPTION);
	CHECK(!w.closed);
	raw_done(&w);
}

TEST(unimplemented_call_target_unknown)
{
	struct raw w;
	booted(&w);
	struct raw_call c = {.id = 1, .target = boot, .target_tag = 9};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_NEXT(&w, MSG_UNIMPLEMENTED);
	CHECK_INT(vat_r_u16(w.body, 0, 0), MSG_CALL);
	CHECK_INT(vat_r_u32(vat_ptr_struct(vat_ptr_at(w.body, 0), NULL), 0, 0), 1);
	CHECK(!w.closed);
	raw_done(&w);
}

TEST(unimplemented_send_results_to_third_party_and_unknown)
{
	struct raw w;
	booted(&w);
	struct raw_call c = {.id = 1, .target = boot, .send_to = SEND_TO_THIRD_PARTY};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_NEXT(&w, MSG_UNIMPLEMENTED);
	c.send_to = 13;
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_NEXT(&w, MSG_UNIMPLEMENTED);
	CHECK(!w.closed);
	raw_done(&w);
}

TEST(invalid_receiver_hosted)
{
	struct raw w;
	booted(&w);
	const struct descriptor d = {.tag = DESC_RECEIVER_HOSTED, .id = 12, .fd = NO_FD};
	struct raw_call c = {
		.id = 1, .target = boot, .method = THING_HOLD, .caps = &d, .n_caps = 1};
	CHECK_INT(raw_call(&w, &c), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(invalid_receiver_answer)
{
	struct raw w;
	booted(&w);
	const struct descriptor d = {.tag = DESC_RECEIVER_ANSWER, .id = 12, .fd = NO_FD};
	struct raw_call c = {
		.id = 1, .target = boot, .method = THING_HOLD, .caps = &d, .n_caps = 1};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	CHECK(vat_cap_is_broken(w.t.held, NULL));
	raw_done(&w);
}

TEST(receiver_answer_is_the_promised_capability)
{
	struct raw w;
	booted(&w);
	const struct descriptor d = {.tag = DESC_RECEIVER_ANSWER, .id = 0, .fd = NO_FD};
	struct raw_call c = {
		.id = 1, .target = boot, .method = THING_HOLD, .caps = &d, .n_caps = 1};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK(w.t.held == w.boot);
	vat_cap_unref(w.t.held);
	w.t.held = NULL;
	raw_done(&w);
}

TEST(unknown_descriptor_is_a_broken_capability)
{
	struct raw w;
	booted(&w);
	const struct descriptor d = {.tag = (enum cap_tag)11, .fd = NO_FD};
	struct raw_call c = {
		.id = 1, .target = boot, .method = THING_HOLD, .caps = &d, .n_caps = 1};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK(vat_cap_is_broken(w.t.held, NULL));
	raw_done(&w);
}

TEST(capability_pointer_outside_the_table)
{
	struct raw w;
	booted(&w);
	const struct descriptor none = {.tag = DESC_NONE, .fd = NO_FD};
	struct raw_call c = {
		.id = 1, .target = boot, .method = THING_HOLD, .caps = &none, .n_caps = 1};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	CHECK(!w.t.held);
	/* Pointing past the end fails the call, once somebody looks. */
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_CALL, 3, 3, &b);
	vat_w_u32(b, 0, 2, 0);
	vat_w_u16(b, 2, THING_HOLD, 0);
	vat_w_u64(b, 1, thing_interface.id, 0);
	build_target(vat_ptr_at_b(b, 0), &boot);
	struct vat_struct_b payload = vat_init_struct(vat_ptr_at_b(b, 1), 0, 2);
	raw_cap_pointer(vat_ptr_at_b(vat_init_struct(vat_ptr_at_b(payload, 0), 1, 1), 0));
	CHECK_INT(raw_message(&w, m), 0);
	CHECK_RETURN(&w, 2, RETURN_EXCEPTION);
	raw_done(&w);
}

/* ---- our questions -------------------------------------------------------------------------- */

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

/* ---- capabilities --------------------------------------------------------------------------- */

/* The peer's promise 6 as its bootstrap. */
static struct vat_cap *importing_promise(struct raw *w)
{
	struct vat_cap *c = asking(w);
	CHECK_INT(raw_return(w, 0, RETURN_RESULTS, 0, &promised), 0);
	CHECK_NEXT(w, MSG_FINISH);
	CHECK(cap_unsettled(c));
	return c;
}

TEST(resolve_settles_an_import)
{
	struct raw w;
	struct vat_cap *c = importing_promise(&w);
	CHECK_INT(raw_resolve(&w, 6, &hosted), 0);
	CHECK(!cap_unsettled(c));
	CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_INT(vat_r_u32(w.body, 0, 0), 6);
	vat_cap_unref(c);
	CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_INT(vat_r_u32(w.body, 0, 0), 5);
	check_empty(&w);
	raw_done(&w);
}

TEST(duplicate_resolve_1_releases_the_replacement)
{
	struct raw w;
	struct vat_cap *c = importing_promise(&w);
	CHECK_INT(raw_resolve(&w, 6, &hosted), 0);
	const struct descriptor other = {.tag = DESC_SENDER_HOSTED, .id = 8, .fd = NO_FD};
	/* The promise is gone by now: as for any import that we do not have. */
	CHECK_INT(raw_resolve(&w, 6, &other), 0);
	CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_INT(vat_r_u32(w.body, 0, 0), 8);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(duplicate_resolve_2_of_an_embargoed_promise)
{
	struct raw w;
	struct reply r;
	struct vat_cap *c = importing_promise(&w);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	thing_call(w.vat, c, THING_ECHO, 0, NULL, &r);
	const struct descriptor ours = {.tag = DESC_RECEIVER_HOSTED, .id = 0, .fd = NO_FD};
	CHECK_INT(raw_resolve(&w, 6, &ours), 0);
	CHECK_NEXT(&w, MSG_CALL);
	CHECK_NEXT(&w, MSG_DISEMBARGO);
	CHECK_INT(raw_resolve(&w, 6, &ours), -EPROTO);
	CHECK_ABORTED(&w);
	reply_free(&r);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(late_resolve_releases_its_replacement)
{
	struct raw w;
	booted(&w);
	CHECK_INT(raw_resolve(&w, 99, &hosted), 0);
	CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_INT(vat_r_u32(w.body, 0, 0), 5);
	raw_done(&w);
}

TEST(invalid_resolve_of_a_settled_import)
{
	struct raw w;
	struct vat_cap *c = asking(&w);
	CHECK_INT(raw_return(&w, 0, RETURN_RESULTS, 0, &hosted), 0);
	CHECK_INT(raw_resolve(&w, 5, &promised), -EPROTO);
	CHECK_ABORTED(&w);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(invalid_resolve_to_nothing)
{
	struct raw w;
	struct vat_cap *c = importing_promise(&w);
	const struct descriptor none = {.tag = DESC_NONE, .fd = NO_FD};
	CHECK_INT(raw_resolve(&w, 6, &none), -EPROTO);
	CHECK_ABORTED(&w);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(unimplemented_resolve_category)
{
	struct raw w;
	struct vat_cap *c = importing_promise(&w);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_RESOLVE, 1, 1, &b);
	vat_w_u32(b, 0, 6, 0);
	vat_w_u16(b, 2, 17, 0);
	CHECK_INT(raw_message(&w, m), 0);
	CHECK_NEXT(&w, MSG_UNIMPLEMENTED);
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(promise_resolved_to_itself_across_the_wire_breaks)
{
	struct raw w;
	struct vat_cap *c = importing_promise(&w);
	CHECK_INT(raw_resolve(&w, 6, &promised), 0);
	CHECK(vat_cap_is_broken(c, NULL));
	vat_cap_unref(c);
	raw_done(&w);
}

TEST(duplicate_release_1)
{
	struct raw w;
	booted(&w);
	CHECK_INT(raw_finish(&w, 0, false), 0);
	CHECK_INT(raw_release(&w, 0, 1), 0);
	CHECK_INT(raw_release(&w, 0, 1), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(duplicate_release_2_by_count)
{
	static const uint32_t counts_[] = {2, 0x80000000u, 0xffffffffu};
	for (unsigned i = 0; i < ARRAY_SIZE(counts_); i++) {
		struct raw w;
		booted(&w);
		CHECK_INT(raw_release(&w, 0, counts_[i]), -EPROTO);
		CHECK_ABORTED(&w);
		raw_done(&w);
	}
}

TEST(released_by_finish_and_release_aborts)
{
	struct raw w;
	booted(&w);
	CHECK_INT(raw_release(&w, 0, 1), 0);
	CHECK_INT(raw_finish(&w, 0, true), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

/* ---- Disembargo ----------------------------------------------------------------------------- */

TEST(sender_loopback_on_invalid_capability)
{
	struct raw w;
	booted(&w);
	const struct target t = {.id = 50};
	CHECK_INT(raw_disembargo(&w, &t, false, 1), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(sender_loopback_on_invalid_promised_answer)
{
	struct raw w;
	booted(&w);
	const struct target t = {.promised = true, .id = 50};
	CHECK_INT(raw_disembargo(&w, &t, false, 1), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(sender_loopback_on_an_object_of_ours)
{
	struct raw w;
	booted(&w);
	const struct target t = {.id = 0};
	CHECK_INT(raw_disembargo(&w, &t, false, 1), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(sender_loopback_on_unknown_target)
{
	struct raw w;
	booted(&w);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_DISEMBARGO, 1, 2, &b);
	vat_w_u16(vat_init_struct(vat_ptr_at_b(b, 0), 1, 1), 2, 5, 0);
	CHECK_INT(raw_message(&w, m), 0);
	CHECK_NEXT(&w, MSG_UNIMPLEMENTED);
	raw_done(&w);
}

TEST(sender_loopback_comes_back)
{
	struct raw w;
	booted(&w);
	/* The peer's object 5 is what its question 1 returns. */
	struct raw_call c = {
		.id = 1, .target = boot, .method = THING_ECHO_CAP, .caps = &hosted, .n_caps = 1};
	CHECK_INT(raw_call(&w, &c), 0);
	CHECK_RETURN(&w, 1, RETURN_RESULTS);
	const uint16_t path[] = {0};
	const struct target t = {.promised = true, .id = 1, .path = path, .n_path = 1};
	CHECK_INT(raw_disembargo(&w, &t, false, 44), 0);
	CHECK_NEXT(&w, MSG_DISEMBARGO);
	CHECK_INT(vat_r_u16(w.body, 2, 0), LOOPBACK_RECEIVER);
	CHECK_INT(vat_r_u32(w.body, 0, 0), 44);
	struct vat_struct_r target = vat_ptr_struct(vat_ptr_at(w.body, 0), NULL);
	CHECK_INT(vat_r_u32(target, 0, 0), 5);
	raw_done(&w);
}

TEST(receiver_loopback_without_embargo)
{
	struct raw w;
	booted(&w);
	const struct target t = {.id = 0};
	CHECK_INT(raw_disembargo(&w, &t, true, 1), -EPROTO);
	CHECK_ABORTED(&w);
	raw_done(&w);
}

TEST(unimplemented_disembargo_accept_and_unknown)
{
	for (uint16_t tag = DISEMBARGO_ACCEPT; tag < 9; tag += 3) {
		struct raw w;
		booted(&w);
		struct vat_struct_b b;
		struct vat_message *m = raw_new(MSG_DISEMBARGO, 1, 2, &b);
		vat_w_u16(b, 2, tag, 0);
		CHECK_INT(raw_message(&w, m), 0);
		CHECK_NEXT(&w, MSG_UNIMPLEMENTED);
		CHECK(!w.closed);
		raw_done(&w);
	}
}

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
	struct vat_limits l = {.result_words = 60};
	raw_init(&w, &l);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	struct raw_call c = {.target = boot, .method = THING_ECHO};
	bool refused = false;
	for (c.id = 1; c.id < 12; c.id++) {
		CHECK_INT(raw_call(&w, &c), 0);
		CHECK_NEXT(&w, MSG_RETURN);
		refused |= vat_r_u16(w.body, 3, 0) == RETURN_EXCEPTION;
	}
	CHECK(refused);
	CHECK(w.c->result_words <= 60);
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
