/* SPDX-License-Identifier: MIT */
/* A node that plays all parts: NodeAdmin, Node and Service, and answers as the test says. */
#include "core/fetch.h"
#include "base/test.h"

struct world {
	struct loop loop;
	struct metac_node_admin_c admin;
	struct metac_node_c node;
	struct metac_service_c service;
	struct metac_holder_c object;
	const char *fails; /* restore fails so; NULL: it gives the object */
	enum vat_error_kind kind;
	bool silent, verified;
	struct vat_ctx *waiting;
	bool done;
	bool got;
	struct err e;
};

static void restore(void *self, struct metac_service_restore_ctx cx)
{
	struct world *w = self;
	if (w->silent) {
		w->waiting = cx.ctx;
	} else if (w->fails) {
		vat_ctx_fail(cx.ctx, w->kind, "%s", w->fails);
	} else {
		vat_set_cap(
			metac_service_restore_results_get_obj_b(metac_service_restore_results(cx)),
			w->object.cap);
		vat_ctx_return(cx.ctx);
	}
}

static void get_service(void *self, struct metac_node_get_service_ctx cx)
{
	struct world *w = self;
	metac_node_get_service_results_set_service(metac_node_get_service_results(cx), w->service);
	vat_ctx_return(cx.ctx);
}

static void get_node(void *self, struct metac_node_admin_get_node_ctx cx)
{
	struct world *w = self;
	w->verified =
		metac_node_admin_get_node_params_get_verify(metac_node_admin_get_node_params(cx));
	metac_node_admin_get_node_results_set_node(metac_node_admin_get_node_results(cx), w->node);
	vat_ctx_return(cx.ctx);
}

static const struct metac_service_impl service_impl = {.restore = restore};
static const struct metac_node_impl node_impl = {.get_service = get_service};
static const struct metac_node_admin_impl admin_impl = {.get_node = get_node};
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
	struct err e = {};
	struct fetch *f = NULL;
	AUTO(ref_free) struct ref *ref = NULL;
	CHECK_INT(loop_init(&w->loop), 0);
	struct vat *v = w->loop.vat;
	w->service = metac_service_serve(v, &service_impl, w, NULL);
	w->node = metac_node_serve(v, &node_impl, w, NULL);
	w->admin = metac_node_admin_serve(v, &admin_impl, w, NULL);
	w->object = metac_holder_serve(v, &object_impl, NULL, NULL);
	struct vat_message *m = vat_message_new(0, 0);
	struct metac_metac_sturdy_ref_b b = metac_metac_sturdy_ref_init(vat_root_b(m));
	metac_node_address_set_ip(metac_metac_sturdy_ref_init_node(b), vat_str("127.0.0.2"));
	metac_metac_sturdy_ref_set_service(b, vat_str("persistence"));
	vat_set_data(metac_metac_sturdy_ref_get_object_info_b(b), (struct vat_data){"secret", 6});
	CHECK_INT(ref_from_sturdy(metac_metac_sturdy_ref_from(vat_root(m)), &ref, &e), 0);
	vat_message_free(m);
	CHECK_INT(fetch_new(&w->loop, w->admin, ref, timeout_us, on_done, w, &f), 0);
	CHECK_INT(loop_wait(&w->loop, &w->done, 20000000), 0);
	fetch_free(f);
	if (w->waiting)
		vat_ctx_fail(w->waiting, VAT_FAILED, "at last");
	metac_node_admin_unref(w->admin);
	metac_node_unref(w->node);
	metac_service_unref(w->service);
	metac_holder_unref(w->object);
	loop_done(&w->loop);
}

TEST(the_object_of_a_reference_is_fetched_over_a_verified_link)
{
	struct world w = {};
	fetch(&w, 10000000);
	CHECK(w.got && !w.e.code && w.verified);
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
		struct world w = {.fails = t[i].text, .kind = t[i].kind};
		fetch(&w, 10000000);
		CHECK(!w.got);
		CHECK_INT(w.e.code, t[i].code);
		CHECK_STR(w.e.msg, t[i].text);
	}
}

TEST(a_node_that_does_not_answer_is_given_up)
{
	struct world w = {.silent = true};
	fetch(&w, 50000);
	CHECK(!w.got);
	CHECK_INT(w.e.code, -ETIMEDOUT);
}
