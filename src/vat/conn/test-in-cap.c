/* SPDX-License-Identifier: MIT */
/* Resolve, Release and Disembargo, as they should be and as they should not. */
#include "vat/conn/test-raw.h"

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

/* A capability that comes with every call and is never let go of: the counters do not run over. */
TEST(capability_sent_too_often_is_given_back_in_between)
{
	struct raw w;
	booted(&w);
	const struct raw_call hold = {
		.id = 1, .target = boot, .method = THING_HOLD, .caps = &hosted, .n_caps = 1};
	CHECK_INT(raw_call(&w, &hold), 0);
	CHECK_NEXT(&w, MSG_RETURN);
	struct import *i = idmap_get(&w.c->imports, hosted.id);
	CHECK_INT(i->remote_refs, 1);
	i->remote_refs = REMOTE_REFS_MAX;
	CHECK_INT(raw_call(&w, &hold), 0);
	CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_INT(vat_r_u32(w.body, 0, 0), hosted.id);
	CHECK_INT(vat_r_u32(w.body, 1, 0), REMOTE_REFS_MAX);
	CHECK_NEXT(&w, MSG_RETURN);
	CHECK_INT(i->remote_refs, 1);
	w.t.held = vat_cap_unref(w.t.held);
	CHECK_NEXT(&w, MSG_RELEASE);
	CHECK_INT(vat_r_u32(w.body, 1, 0), 1);
	raw_done(&w);
}
