/* SPDX-License-Identifier: MIT */
/* save() of objects that are Persistable, and of others. */
#include "core/save.h"
#include "core/test-call.h"
#include "schema/persistence.capnp.h"

static void create(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct persistence_persistable_create_sturdy_ref_params_r p =
		persistence_persistable_create_sturdy_ref_params(cx);
	CHECK(persistence_persistable_create_sturdy_ref_params_get_persistent(p));
	CHECK_INT(persistence_persistable_create_sturdy_ref_params_get_timeout(p), 0);
	struct metac_metac_sturdy_ref_b r =
		persistence_persistable_create_sturdy_ref_results_init_id(
			persistence_persistable_create_sturdy_ref_results(cx));
	metac_metac_sturdy_ref_set_service(r, vat_str("persistence"));
	vat_set_data(metac_metac_sturdy_ref_get_object_info_b(r), (struct vat_data){"secret", 6});
	++*(unsigned *)self;
	vat_ctx_return(cx.ctx);
}

static const struct persistence_persistable_impl persistable_impl = {.create_sturdy_ref = create};
static const struct metac_service_admin_impl other_impl = {};

struct world {
	struct loop loop;
	unsigned n_created;
	struct persistence_persistable_c object;
};

static void up(struct world *w)
{
	*w = (struct world){0};
	CHECK_INT(loop_init(&w->loop), 0);
	save_for_all(w->loop.vat);
	w->object =
		persistence_persistable_serve(w->loop.vat, &persistable_impl, &w->n_created, NULL);
}

static void down(struct world *w)
{
	persistence_persistable_unref(w->object);
	loop_done(&w->loop);
}

static struct answer save(struct world *w, struct vat_cap *cap, bool seal, struct vat_call **ret)
{
	struct answer a = {};
	struct vat_ptr_b seal_for;
	*ret = vat_save(w->loop.vat, cap, &seal_for);
	if (seal)
		vat_set_text(seal_for, vat_str("me"));
	vat_call_send(*ret, on_answer, &a);
	wait_answer(&w->loop, &a);
	return a;
}

TEST(what_is_persistable_is_saved)
{
	struct world w;
	struct vat_call *call;
	up(&w);
	struct answer a = save(&w, w.object.cap, false, &call);
	CHECK_STR(a.text, "");
	struct metac_metac_sturdy_ref_r r = metac_metac_sturdy_ref_from(vat_saved(a.results));
	CHECK(vat_text_is(metac_metac_sturdy_ref_get_service(r), "persistence"));
	struct vat_data d = vat_ptr_data(metac_metac_sturdy_ref_get_object_info(r), NULL);
	CHECK(d.len == 6 && !memcmp(d.p, "secret", 6));
	CHECK_INT(w.n_created, 1);
	vat_call_free(call);
	down(&w);
}

TEST(no_reference_is_sealed)
{
	struct world w;
	struct vat_call *call;
	up(&w);
	struct answer a = save(&w, w.object.cap, true, &call);
	CHECK(a.failed && a.kind == VAT_FAILED && strstr(a.text, "cannot be sealed"));
	CHECK_INT(w.n_created, 0);
	vat_call_free(call);
	down(&w);
}

TEST(what_is_not_persistable_cannot_be_saved)
{
	struct world w;
	struct vat_call *call;
	up(&w);
	struct metac_service_admin_c other =
		metac_service_admin_serve(w.loop.vat, &other_impl, NULL, NULL);
	struct answer a = save(&w, other.cap, false, &call);
	CHECK(a.failed && a.kind == VAT_UNIMPLEMENTED);
	vat_call_free(call);
	metac_service_admin_unref(other);
	down(&w);
}
