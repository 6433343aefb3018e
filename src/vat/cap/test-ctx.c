/* SPDX-License-Identifier: MIT */
/* The object's side: the ways to answer a call, and what is told of an answer to who passes it on.
 */
#include "vat/cap/test-local.h"

static void run(struct keeper *k)
{
	while (vat_run(k->v, 1000))
		;
}

static struct vat_ctx *call(struct keeper *k, struct told *t, struct vat_call **ret)
{
	unsigned n = k->n;
	*ret = ask(k, k->cap, t);
	run(k);
	CHECK_INT(k->n, n + 1);
	return k->kept[n];
}

static void on_answered(void *user, const struct vat_error *err)
{
	struct told *t = user;
	t->n++;
	t->failed = err;
	if (err)
		(void)snprintf(t->text, sizeof(t->text), "%s", err->text);
}

TEST(a_long_text_is_cut)
{
	struct keeper k;
	struct told t = {};
	struct vat_call *c;
	char text[3000];
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	keeper_init(&k);
	vat_ctx_fail(call(&k, &t, &c), VAT_FAILED, "%s", text);
	run(&k);
	CHECK(t.n == 1 && t.failed);
	CHECK_INT(strlen(t.text), 1000);
	vat_call_free(c);
	keeper_done(&k);
}

TEST(an_answer_without_results_is_one)
{
	struct keeper k;
	struct told t = {.number = 1};
	struct vat_call *c;
	keeper_init(&k);
	vat_ctx_return(call(&k, &t, &c));
	run(&k);
	CHECK(t.n == 1 && !t.failed && t.number == 0);
	vat_call_free(c);
	keeper_done(&k);
}

TEST(an_object_lives_until_it_has_answered)
{
	struct keeper k;
	struct told t = {};
	struct vat_call *c;
	keeper_init(&k);
	struct vat_ctx *ctx = call(&k, &t, &c);
	k.cap = vat_cap_unref(k.cap);
	run(&k);
	CHECK_INT(k.destroyed, 0);
	CHECK(vat_ctx_vat(ctx) == k.v && !vat_ctx_conn(ctx));
	answer(ctx, 3);
	run(&k);
	CHECK(k.destroyed == 1 && t.number == 3);
	vat_call_free(c);
	keeper_done(&k);
}

TEST(another_call_answers_in_its_place)
{
	struct keeper k, other;
	struct told t = {}, through = {};
	struct vat_call *c;
	keeper_init(&k);
	other = (struct keeper){.v = k.v};
	other.cap = vat_serve_any(k.v, keeper_call, &other, keeper_destroyed);
	for (int fails = 0; fails < 2; fails++) {
		struct vat_ctx *ctx = call(&k, &t, &c);
		CHECK_INT(vat_ctx_on_answer(ctx, on_answered, &through), 0);
		struct vat_call *next = vat_call_new(k.v, other.cap, 1, 2, 0);
		vat_ctx_tail_call(ctx, next);
		run(&k);
		CHECK(other.n == (unsigned)fails + 1 && t.n == (unsigned)fails);
		CHECK_INT(through.n, fails);
		if (fails)
			vat_ctx_fail(other.kept[fails], VAT_DISCONNECTED, "gone");
		else
			answer(other.kept[fails], 11);
		run(&k);
		CHECK(t.n == (unsigned)fails + 1 && t.failed == fails);
		CHECK(through.n == (unsigned)fails + 1 && through.failed == fails);
		vat_call_free(c);
	}
	CHECK_INT(t.number, 11);
	CHECK_INT(t.kind, VAT_DISCONNECTED);
	CHECK_STR(through.text, "gone");
	vat_cap_unref(other.cap);
	keeper_done(&k);
	CHECK_INT(other.destroyed, 1);
}

TEST(without_memory_for_another_call_it_is_overloaded)
{
	struct keeper k;
	struct told t = {};
	struct vat_call *c;
	keeper_init(&k);
	vat_ctx_tail_call(call(&k, &t, &c), NULL);
	run(&k);
	CHECK(t.n == 1 && t.failed && t.kind == VAT_OVERLOADED);
	vat_call_free(c);
	keeper_done(&k);
}

/* The one that it was passed on to hears that nobody waits any more. */
TEST(what_is_passed_on_is_canceled_with_the_call)
{
	struct keeper k, other;
	struct told t = {};
	struct vat_call *c;
	keeper_init(&k);
	other = (struct keeper){.v = k.v};
	other.cap = vat_serve_any(k.v, keeper_call, &other, keeper_destroyed);
	vat_ctx_forward(call(&k, &t, &c), other.cap);
	run(&k);
	CHECK_INT(other.n, 1);
	vat_ctx_on_cancel(other.kept[0], on_canceled, &other);
	vat_call_free(c);
	run(&k);
	CHECK_INT(other.canceled, 1);
	answer(other.kept[0], 1);
	vat_cap_unref(other.cap);
	keeper_done(&k);
	CHECK(t.n == 0 && other.destroyed == 1);
}

TEST(passed_on_to_nothing_it_fails)
{
	struct keeper k;
	struct told t = {};
	struct vat_call *c;
	keeper_init(&k);
	vat_ctx_forward(call(&k, &t, &c), NULL);
	run(&k);
	CHECK(t.n == 1 && t.failed && *t.text);
	vat_call_free(c);
	keeper_done(&k);
}
