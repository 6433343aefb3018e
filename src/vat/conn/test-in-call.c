/* SPDX-License-Identifier: MIT */
/* The peer's questions: at odd times, twice, addressed to nothing. */
#include "vat/conn/test-raw.h"

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
