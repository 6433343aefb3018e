/* SPDX-License-Identifier: MIT */
#include "core/fetch.h"
#include "core/test-parts.h"

struct world {
	struct loop loop;
	struct parts parts;
	bool done;
	bool got;
	struct err e;
};

static const struct metac_holder_impl object_impl = {};

static void on_done(void *user, struct vat_cap *object, const struct err *e)
{
	struct world *w = user;
	w->done = true;
	w->got = object;
	w->e = *e;
	vat_cap_unref(object);
}

static void fetch(struct world *w, uint64_t timeout_us)
{
	struct fetch *f = NULL;
	CHECK_INT(loop_init(&w->loop), 0);
	parts_init(&w->parts, w->loop.vat);
	w->parts.object = metac_holder_serve(w->loop.vat, &object_impl, NULL, NULL).cap;
	AUTO(ref_free) struct ref *ref = parts_ref();
	CHECK_INT(fetch_new(&w->loop, w->parts.admin, ref, timeout_us, on_done, w, &f), 0);
	CHECK_INT(loop_wait(&w->loop, &w->done, 20000000), 0);
	fetch_free(f);
	parts_done(&w->parts);
	vat_cap_unref(w->parts.object);
	loop_done(&w->loop);
}

TEST(the_object_of_a_reference_is_fetched_over_a_verified_link)
{
	struct world w = {};
	fetch(&w, 10000000);
	CHECK(w.got && !w.e.code && w.parts.verified);
}

TEST(a_void_reference_is_told_from_other_failures)
{
	static const struct {
		const char *text;
		enum vat_error_kind kind;
		int code;
	} t[] = {
		{"no such reference (unknown, expired or revoked)", VAT_FAILED, FETCH_REVOKED},
		{"restore it: what it is made of (1 of 1): no such reference", VAT_FAILED,
			FETCH_REVOKED},
		{"no such reference", VAT_DISCONNECTED, -EREMOTEIO},
		{"restore \"directory /no such reference\": No such file", VAT_FAILED, -EREMOTEIO},
		{"no service \"persistence\" on this node", VAT_FAILED, -EREMOTEIO},
	};
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct world w = {
			.parts = {.restores = FAILS, .text = t[i].text, .kind = t[i].kind}};
		fetch(&w, 10000000);
		CHECK(!w.got);
		CHECK_INT(w.e.code, t[i].code);
		CHECK_STR(w.e.msg, t[i].text);
	}
}

TEST(a_node_that_does_not_answer_is_given_up)
{
	struct world w = {.parts.restores = SILENT};
	fetch(&w, 50000);
	CHECK(!w.got);
	CHECK_INT(w.e.code, -ETIMEDOUT);
}
