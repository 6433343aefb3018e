/* SPDX-License-Identifier: MIT */
/* The caller's side: when a call is told of its end, given up, let go, or asked for parts of its
 * results. */
#include "vat/cap/test-local.h"

static void run(struct keeper *k)
{
	while (vat_run(k->v, 1000))
		;
}

TEST(the_null_capability_fails_calls)
{
	struct keeper k;
	struct told t = {};
	keeper_init(&k);
	struct vat_call *c = ask(&k, NULL, &t);
	CHECK_INT(t.n, 0); /* from vat_run() only */
	run(&k);
	CHECK(t.n == 1 && t.failed && *t.text);
	vat_call_free(c);
	vat_call_free(NULL);
	vat_call_send(NULL, on_told, &t);
	run(&k);
	CHECK_INT(t.n, 1);
	keeper_done(&k);
}

TEST(who_frees_a_call_is_told_nothing_and_the_object_that)
{
	struct keeper k;
	struct told t = {};
	keeper_init(&k);
	struct vat_call *c = ask(&k, k.cap, &t);
	run(&k);
	CHECK_INT(k.n, 1);
	vat_ctx_on_cancel(k.kept[0], on_canceled, &k);
	run(&k);
	CHECK(!k.canceled && !vat_ctx_canceled(k.kept[0]));
	vat_call_free(c);
	run(&k);
	CHECK(k.canceled == 1 && vat_ctx_canceled(k.kept[0]));
	answer(k.kept[0], 7); /* it has to be, all the same */
	run(&k);
	CHECK(!t.n && k.canceled == 1);
	keeper_done(&k);
}

/* An interest in being told that comes late. */
TEST(who_asks_late_hears_of_a_cancellation_too)
{
	struct keeper k;
	struct told t = {};
	keeper_init(&k);
	struct vat_call *c = ask(&k, k.cap, &t);
	run(&k);
	vat_call_free(c);
	run(&k);
	vat_ctx_on_cancel(k.kept[0], on_canceled, &k);
	run(&k);
	CHECK_INT(k.canceled, 1);
	vat_ctx_fail(k.kept[0], VAT_FAILED, "too late");
	run(&k);
	CHECK_INT(t.n, 0);
	keeper_done(&k);
}

TEST(a_call_that_is_answered_is_not_canceled)
{
	struct keeper k;
	struct told t = {};
	keeper_init(&k);
	struct vat_call *c = ask(&k, k.cap, &t);
	run(&k);
	vat_ctx_on_cancel(k.kept[0], on_canceled, &k);
	answer(k.kept[0], 42);
	vat_call_free(c); /* before it was told */
	run(&k);
	CHECK(!t.n && !k.canceled);
	keeper_done(&k);
}

TEST(one_that_is_let_go_goes_on_and_is_told_of)
{
	struct keeper k;
	struct told t = {}, other = {};
	keeper_init(&k);
	vat_call_detach(ask(&k, k.cap, &t));
	struct vat_call *c = ask(&k, k.cap, &other);
	run(&k);
	CHECK_INT(k.n, 2);
	answer(k.kept[0], 1);
	vat_call_notify(c, on_told, &t); /* somebody else is told */
	answer(k.kept[1], 2);
	run(&k);
	CHECK(t.n == 2 && t.number == 2 && !other.n);
	vat_call_detach(c); /* it has been told: it goes now */
	struct vat_call *quiet = ask(&k, k.cap, &t);
	vat_call_notify(quiet, NULL, NULL);
	vat_call_detach(quiet);
	run(&k);
	answer(k.kept[2], 3);
	run(&k);
	CHECK_INT(t.n, 2);
	keeper_done(&k);
}

TEST(parts_of_results_are_asked_for_by_paths_of_a_limited_length_and_number)
{
	enum { PATHS = 64 };
	struct keeper k;
	struct told t = {};
	uint16_t path[PATHS + 1] = {};
	struct vat_cap *parts[PATHS];
	keeper_init(&k);
	struct vat_call *c = ask(&k, k.cap, &t);
	struct vat_cap *deep = vat_call_pipeline(c, path, PATHS + 1);
	CHECK(vat_cap_is_broken(deep, NULL));
	for (uint16_t i = 0; i < PATHS; i++) {
		path[0] = i;
		parts[i] = vat_call_pipeline(c, path, 1);
		CHECK(!vat_cap_is_broken(parts[i], NULL));
	}
	struct vat_cap *again = vat_call_pipeline(c, path, 1);
	CHECK(!vat_cap_is_broken(again, NULL)); /* one that is in use already */
	path[0] = PATHS;
	struct vat_cap *more = vat_call_pipeline(c, path, 1);
	CHECK(vat_cap_is_broken(more, NULL));
	run(&k);
	answer(k.kept[0], 5); /* with no capabilities in it */
	run(&k);
	CHECK(t.n == 1 && t.number == 5);
	vat_call_free(c);
	for (unsigned i = 0; i < PATHS; i++)
		vat_cap_unref(parts[i]);
	vat_cap_unref(again);
	vat_cap_unref(more);
	vat_cap_unref(deep);
	keeper_done(&k);
}

TEST(calls_on_parts_of_results_that_do_not_come_fail_as_they_did)
{
	struct keeper k;
	struct told first = {}, then = {};
	static const uint16_t path[] = {0};
	keeper_init(&k);
	struct vat_call *c = ask(&k, k.cap, &first);
	struct vat_cap *part = vat_call_pipeline(c, path, 1);
	struct vat_call *on_part = ask(&k, part, &then);
	run(&k);
	CHECK_INT(k.n, 1);
	vat_ctx_fail(k.kept[0], VAT_OVERLOADED, "no room for %d", 3);
	run(&k);
	CHECK(first.n == 1 && first.kind == VAT_OVERLOADED);
	CHECK(then.n == 1 && then.failed && then.kind == VAT_OVERLOADED);
	CHECK_STR(then.text, first.text);
	vat_call_free(c);
	vat_call_free(on_part);
	vat_cap_unref(part);
	keeper_done(&k);
}

/* Whoever asked for them is gone before they come. */
TEST(parts_outlive_the_call)
{
	struct keeper k;
	struct told t = {};
	static const uint16_t path[] = {0};
	keeper_init(&k);
	struct vat_call *c = vat_call_new(k.v, k.cap, 0x1234, 1, 0);
	vat_call_send_for_pipeline(c);
	struct vat_cap *part = vat_call_pipeline(c, path, 1);
	vat_call_free(c);
	struct vat_call *on_part = ask(&k, part, &t);
	vat_cap_unref(part);
	run(&k);
	CHECK_INT(k.n, 1);
	struct vat_ctx *ctx = k.kept[0];
	struct vat_struct_b r = vat_init_struct(vat_ctx_results(ctx), 1, 1);
	vat_set_cap(vat_ptr_at_b(r, 0), k.cap);
	vat_ctx_return(ctx);
	run(&k);
	CHECK_INT(k.n, 2); /* the object itself was the part */
	answer(k.kept[1], 9);
	run(&k);
	CHECK(t.n == 1 && t.number == 9);
	vat_call_free(on_part);
	keeper_done(&k);
}
