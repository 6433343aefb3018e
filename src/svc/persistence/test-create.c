/* SPDX-License-Identifier: MIT */
/* What services may ask for, and what they may not. */
#include "svc/persistence/test-world.h"

struct request { /* of createSturdyRef */
	const char *runtime_id, *category, *summary;
	size_t content; /* bytes */
	bool persistent, no_cap, not_a_struct;
};

static struct answer ask(struct world *w, const struct request *r)
{
	struct persistence_service_persistence_handler_create_sturdy_ref_req q =
		persistence_service_persistence_handler_create_sturdy_ref(
			w->loop.vat, w->a.handler);
	struct persistence_cap_description_b d =
		persistence_service_persistence_handler_create_sturdy_ref_params_init_description(
			q.params);
	if (r->runtime_id)
		persistence_cap_description_set_runtime_id(d, vat_str(r->runtime_id));
	if (r->category)
		persistence_cap_description_set_category(d, vat_str(r->category));
	if (r->summary)
		persistence_cap_description_set_summary(d, vat_str(r->summary));
	if (r->not_a_struct) {
		vat_set_text(persistence_cap_description_get_description_b(d), vat_str("text"));
	} else {
		struct vat_struct_b content =
			vat_init_struct(persistence_cap_description_get_description_b(d), 0, 1);
		vat_init_data(vat_ptr_at_b(content, 0), (uint32_t)r->content);
	}
	persistence_service_persistence_handler_create_sturdy_ref_params_set_persistent(
		q.params, r->persistent);
	struct fs_filesystem_c cap = dir_new(&w->a, "thing");
	if (!r->no_cap)
		vat_set_cap(
			persistence_service_persistence_handler_create_sturdy_ref_params_get_cap_b(
				q.params),
			cap.cap);
	fs_filesystem_unref(cap);
	struct answer a =
		CALL(&w->loop, q, persistence_service_persistence_handler_create_sturdy_ref_send);
	vat_call_free(q.call);
	return a;
}

static char *long_text(size_t n)
{
	char *s = malloc(n + 1);
	memset(s, 'a', n);
	s[n] = 0;
	return s;
}

TEST(too_much_is_refused_and_nothing_is_left)
{
	struct world w;
	world_up(&w);
	AUTO_FREE char *text = long_text(5000);
	const struct {
		struct request r;
		const char *why;
	} cases[] = {
		{{.runtime_id = text}, "runtimeId: more than"},
		{{.category = text}, "category: more than"},
		{{.summary = text}, "summary: more than"},
		{{.content = 70000, .persistent = true}, "bytes, more than 65536"},
		{{.not_a_struct = true, .persistent = true}, "must be a struct"},
		{{.no_cap = true}, "no capability given"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct answer a = ask(&w, &cases[i].r);
		CHECK(a.failed);
		if (!strstr(a.text, cases[i].why))
			test_fail(__FILE__, __LINE__, "case %zu: %s", i, a.text);
		CHECK_STR(objects(&w, &w.a), "");
	}
	CHECK(!ask(&w, &(struct request){.content = 60000, .persistent = true}).failed);
	world_down(&w);
}

TEST(an_empty_runtime_id_is_a_new_object_each_time)
{
	struct world w;
	world_up(&w);
	for (int i = 0; i < 3; i++)
		CHECK(!ask(&w, &(struct request){.persistent = i == 1}).failed);
	unsigned n = 0;
	for (const char *s = objects(&w, &w.a); (s = strchr(s, ';')); s++)
		n++;
	CHECK_INT(n, 3);
	world_down(&w);
}

TEST(names_that_no_service_can_have_are_refused)
{
	struct world w;
	world_up(&w);
	AUTO_FREE char *text = long_text(65);
	const char *names[] = {"", "Fs", "a b", "../x", text, "persistence"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct persistence_persistence_service_admin_get_handler_for_req q =
			persistence_persistence_service_admin_get_handler_for(
				w.loop.vat, w.a.admin);
		persistence_persistence_service_admin_get_handler_for_params_set_service_name(
			q.params, vat_str(names[i]));
		struct answer a = CALL(
			&w.loop, q, persistence_persistence_service_admin_get_handler_for_send);
		vat_call_free(q.call);
		if (!a.failed)
			test_fail(__FILE__, __LINE__, "\"%s\" was accepted", names[i]);
	}
	world_down(&w);
}

/* Persistable, but it takes its time. */
struct slow {
	struct vat_ctx *ctx;
	bool asked, canceled;
};

static void slow_canceled(void *user)
{
	struct slow *s = user;
	s->canceled = true;
	vat_ctx_fail(TAKE_PTR(s->ctx), VAT_FAILED, "canceled");
}

static void slow_create(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct slow *s = self;
	s->ctx = cx.ctx;
	s->asked = true;
	vat_ctx_on_cancel(cx.ctx, slow_canceled, s);
}

static const struct persistence_persistable_impl slow_impl = {.create_sturdy_ref = slow_create};

static struct persistence_persistable_create_sturdy_ref_req persist_slowly(
	struct world *w, struct slow *s, struct answer *a)
{
	struct persistence_persistable_c p =
		persistence_persistable_serve(w->loop.vat, &slow_impl, s, NULL);
	struct fs_mount_c m = mount_new(&w->a, "mnt", fs_filesystem_cast(p.cap));
	persistence_persistable_unref(p);
	struct persistence_persistable_create_sturdy_ref_req q =
		persistence_persistable_create_sturdy_ref(
			w->loop.vat, persistence_persistable_cast(m.cap));
	persistence_persistable_create_sturdy_ref_params_set_persistent(q.params, true);
	persistence_persistable_create_sturdy_ref_send(q, on_answer, a);
	fs_mount_unref(m);
	world_run(w);
	CHECK(s->asked && !a->done);
	return q;
}

TEST(a_creation_can_be_canceled)
{
	struct world w;
	world_up(&w);
	struct slow s = {};
	struct answer a = {};
	struct persistence_persistable_create_sturdy_ref_req q = persist_slowly(&w, &s, &a);
	vat_call_free(q.call);
	world_run(&w);
	CHECK(s.canceled);
	CHECK_STR(objects(&w, &w.a), "");
	world_down(&w);
}

TEST(a_creation_ends_with_the_service)
{
	struct world w;
	world_up(&w);
	struct slow s = {};
	struct answer a = {};
	struct persistence_persistable_create_sturdy_ref_req q = persist_slowly(&w, &s, &a);
	host_restart(&w.a);
	wait_answer(&w.loop, &a);
	CHECK(a.failed && s.canceled);
	vat_call_free(q.call);
	CHECK_STR(objects(&w, &w.a), "");
	world_down(&w);
}
