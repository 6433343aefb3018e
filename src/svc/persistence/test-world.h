/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of the service: two hosts in one vat.  Each has a store, a persistence service, and a
 * service "fs" of the test's making, whose directories and mounts only pretend.  A stand-in for the
 * node connects them.
 */
#include "base/list.h"
#include "core/test-call.h"
#include "schema/fs.capnp.h"
#include "store/test-dir.h"
#include "svc/persistence/persistence.h"

struct host {
	struct world *w;
	const char *address;
	struct test_dir dir;
	struct store *store;
	struct persistence *p;
	bool unreachable; /* for the other host */
	struct metac_node_admin_c node_admin;
	struct persistence_persistence_service_admin_c admin;
	struct metac_service_c service;
	/* The fs service. */
	struct persistence_service_persistence_handler_c handler;
	unsigned n_things; /* directories and mounts that exist */
	unsigned n_restored; /* calls of the restorer */
	unsigned fail_restores; /* the next ones fail */
	struct list waits; /* calls of Mount.wait */
	struct fs_filesystem_c foreign; /* what getSubtree("foreign") returns */
	bool event; /* something the test waits for */
};

struct world {
	struct loop loop;
	struct host a, b;
};

struct thing { /* a directory or a mount */
	struct host *h;
	char name[64];
	struct fs_filesystem_c fs; /* of a mount */
};

struct held_wait {
	struct list link;
	struct vat_ctx *ctx;
};

/* ---- the fs service ------------------------------------------------------------------------ */

static void thing_destroy(void *self)
{
	struct thing *t = self;
	t->h->n_things--;
	t->h->event = true;
	fs_filesystem_unref(t->fs);
	free(t);
}

static struct thing *thing_new(struct host *h, const char *name)
{
	struct thing *t = calloc(1, sizeof(*t));
	t->h = h;
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	h->n_things++;
	return t;
}

static struct vat_cap *thing_self(struct thing *t);

/* Asks the persistence service, as any service does. */
static void thing_persist(struct thing *t, struct persistence_persistable_create_sturdy_ref_ctx cx,
	const char *category)
{
	struct persistence_persistable_create_sturdy_ref_params_r p =
		persistence_persistable_create_sturdy_ref_params(cx);
	struct vat *v = t->h->w->loop.vat;
	struct persistence_service_persistence_handler_create_sturdy_ref_req q =
		persistence_service_persistence_handler_create_sturdy_ref(v, t->h->handler);
	struct persistence_cap_description_b d =
		persistence_service_persistence_handler_create_sturdy_ref_params_init_description(
			q.params);
	persistence_cap_description_set_runtime_id(d, vat_str(t->name));
	persistence_cap_description_set_category(d, vat_str(category));
	persistence_cap_description_set_summary(d, vat_str(t->name));
	struct fs_mount_description_b m =
		fs_mount_description_init(persistence_cap_description_get_description_b(d));
	fs_mount_description_set_path(m, vat_str(t->name));
	fs_mount_description_set_fs(m, t->fs);
	persistence_service_persistence_handler_create_sturdy_ref_params_set_persistent(
		q.params, persistence_persistable_create_sturdy_ref_params_get_persistent(p));
	persistence_service_persistence_handler_create_sturdy_ref_params_set_timeout(
		q.params, persistence_persistable_create_sturdy_ref_params_get_timeout(p));
	/* The object itself: what the call came to. */
	struct vat_cap *self = thing_self(t);
	vat_set_cap(persistence_service_persistence_handler_create_sturdy_ref_params_get_cap_b(
			    q.params),
		self);
	vat_cap_unref(self);
	vat_ctx_tail_call(cx.ctx, q.call);
}

static void dir_persist(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	thing_persist(self, cx, "dir");
}

static void dir_get_subtree(void *self, struct fs_filesystem_get_subtree_ctx cx);

static const struct fs_filesystem_impl dir_impl = {
	.persistable = {.create_sturdy_ref = dir_persist},
	.get_subtree = dir_get_subtree,
};

static struct fs_filesystem_c dir_new(struct host *h, const char *name)
{
	return fs_filesystem_serve(h->w->loop.vat, &dir_impl, thing_new(h, name), thing_destroy);
}

static void dir_get_subtree(void *self, struct fs_filesystem_get_subtree_ctx cx)
{
	struct thing *t = self;
	struct vat_text name =
		fs_filesystem_get_subtree_params_get_name(fs_filesystem_get_subtree_params(cx));
	char path[64];
	(void)snprintf(path, sizeof(path), "%.20s/%.20s", t->name, name.s);
	struct fs_filesystem_c sub = vat_text_is(name, "foreign") ? fs_filesystem_ref(t->h->foreign)
								  : dir_new(t->h, path);
	fs_filesystem_get_subtree_results_set_fs(fs_filesystem_get_subtree_results(cx), sub);
	fs_filesystem_unref(sub);
	vat_ctx_return(cx.ctx);
}

static void mount_persist(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	thing_persist(self, cx, "mount");
}

static void wait_canceled(void *user)
{
	struct held_wait *w = user;
	list_unlink(&w->link);
	vat_ctx_fail(w->ctx, VAT_FAILED, "canceled");
	free(w);
}

static void mount_wait(void *self, struct metac_waitable_wait_ctx cx)
{
	struct thing *t = self;
	struct held_wait *w = calloc(1, sizeof(*w));
	w->ctx = cx.ctx;
	list_append(&t->h->waits, &w->link);
	vat_ctx_on_cancel(cx.ctx, wait_canceled, w);
	t->h->event = true;
}

/* All mounts of the host fail. */
static inline void mounts_fail(struct host *h)
{
	struct list *i;
	while ((i = list_pop(&h->waits))) {
		struct held_wait *w = list_entry(i, struct held_wait, link);
		vat_ctx_fail(w->ctx, VAT_DISCONNECTED, "the other side is gone");
		free(w);
	}
}

static void mount_destroy(void *self, struct metac_destroyable_destroy_ctx cx)
{
	struct thing *t = self;
	struct persistence_service_persistence_handler_forget_object_req q =
		persistence_service_persistence_handler_forget_object(
			t->h->w->loop.vat, t->h->handler);
	persistence_service_persistence_handler_forget_object_params_set_runtime_id(
		q.params, vat_str(t->name));
	persistence_service_persistence_handler_forget_object_send(q, NULL, NULL);
	vat_call_detach(q.call);
	vat_ctx_return(cx.ctx);
}

static const struct fs_mount_impl mount_impl = {
	.persistable = {.create_sturdy_ref = mount_persist},
	.waitable = {.wait = mount_wait},
	.destroyable = {.destroy = mount_destroy},
};

/* Names are unique here: another object over the same thing stands for it. */
static struct vat_cap *thing_self(struct thing *t)
{
	struct thing *copy = thing_new(t->h, t->name);
	copy->fs = fs_filesystem_ref(t->fs);
	return t->fs.cap
		       ? fs_mount_serve(t->h->w->loop.vat, &mount_impl, copy, thing_destroy).cap
		       : fs_filesystem_serve(t->h->w->loop.vat, &dir_impl, copy, thing_destroy).cap;
}

static inline struct fs_mount_c mount_new(
	struct host *h, const char *name, struct fs_filesystem_c fs)
{
	struct thing *t = thing_new(h, name);
	t->fs = fs_filesystem_ref(fs);
	return fs_mount_serve(h->w->loop.vat, &mount_impl, t, thing_destroy);
}

static void restore_thing(void *self, struct persistence_restorer_restore_from_description_ctx cx)
{
	struct host *h = self;
	struct persistence_cap_description_r d =
		persistence_restorer_restore_from_description_params_get_description(
			persistence_restorer_restore_from_description_params(cx));
	struct fs_mount_description_r m =
		fs_mount_description_from(persistence_cap_description_get_description(d));
	h->n_restored++;
	h->event = true;
	if (h->fail_restores) {
		h->fail_restores--;
		vat_ctx_fail(cx.ctx, VAT_FAILED, "told to fail");
		return;
	}
	struct vat_text path = fs_mount_description_get_path(m);
	struct vat_cap *cap = vat_text_is(persistence_cap_description_get_category(d), "mount")
				      ? mount_new(h, path.s, fs_mount_description_get_fs(m)).cap
				      : dir_new(h, path.s).cap;
	vat_set_cap(persistence_restorer_restore_from_description_results_get_cap_b(
			    persistence_restorer_restore_from_description_results(cx)),
		cap);
	vat_cap_unref(cap);
	vat_ctx_return(cx.ctx);
}

static const struct persistence_restorer_impl restorer_impl = {
	.restore_from_description = restore_thing,
};

/* ---- the node's stand-in ------------------------------------------------------------------- */

static void fake_get_service(void *self, struct metac_node_get_service_ctx cx)
{
	struct host *h = self;
	struct vat_text name =
		metac_node_get_service_params_get_name(metac_node_get_service_params(cx));
	if (!vat_text_is(name, "persistence")) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "no service \"%s\"", name.s);
		return;
	}
	metac_node_get_service_results_set_service(metac_node_get_service_results(cx), h->service);
	vat_ctx_return(cx.ctx);
}

static const struct metac_node_impl fake_node_impl = {.get_service = fake_get_service};

static void fake_unprivileged(void *self, struct metac_node_admin_get_unprivileged_node_ctx cx)
{
	struct host *h = self;
	struct metac_node_c n = metac_node_serve(h->w->loop.vat, &fake_node_impl, h, NULL);
	metac_node_admin_get_unprivileged_node_results_set_node(
		metac_node_admin_get_unprivileged_node_results(cx), n);
	metac_node_unref(n);
	vat_ctx_return(cx.ctx);
}

static void fake_get_node(void *self, struct metac_node_admin_get_node_ctx cx)
{
	struct host *from = self;
	struct vat_text ip = metac_node_address_get_ip(
		metac_node_admin_get_node_params_get_address(metac_node_admin_get_node_params(cx)));
	struct host *h = vat_text_is(ip, from->w->a.address)   ? &from->w->a
			 : vat_text_is(ip, from->w->b.address) ? &from->w->b
							       : NULL;
	if (!h || h->unreachable || h == from) {
		vat_ctx_fail(cx.ctx, VAT_DISCONNECTED, "node %s does not answer", ip.s);
		return;
	}
	struct metac_node_c n = metac_node_serve(h->w->loop.vat, &fake_node_impl, h, NULL);
	metac_node_admin_get_node_results_set_node(metac_node_admin_get_node_results(cx), n);
	metac_node_unref(n);
	vat_ctx_return(cx.ctx);
}

static const struct metac_node_admin_impl fake_node_admin_impl = {
	.get_unprivileged_node = fake_unprivileged,
	.get_node = fake_get_node,
};

/* ---- up and down --------------------------------------------------------------------------- */

static void world_run(struct world *w)
{
	while (vat_run(w->loop.vat, 0))
		;
}

/* Waits until *flag; the test's end if it takes long. */
static inline void world_wait(struct world *w, bool *flag)
{
	int r = loop_wait(&w->loop, flag, 20 * 1000000ULL);
	if (r < 0)
		test_fail(__FILE__, __LINE__, "waited in vain: %s", strerror(-r));
	*flag = false;
}

/* The fs service registers, as at its start. */
static void host_register(struct host *h)
{
	struct vat *v = h->w->loop.vat;
	persistence_service_persistence_handler_unref(h->handler);
	struct persistence_persistence_service_admin_get_handler_for_req q =
		persistence_persistence_service_admin_get_handler_for(v, h->admin);
	persistence_persistence_service_admin_get_handler_for_params_set_service_name(
		q.params, vat_str("fs"));
	persistence_persistence_service_admin_get_handler_for_send(q, NULL, NULL);
	h->handler = persistence_persistence_service_admin_get_handler_for_pipe_handler(q.call);
	vat_call_detach(q.call);
	struct persistence_service_persistence_handler_register_restorer_req r =
		persistence_service_persistence_handler_register_restorer(v, h->handler);
	struct persistence_restorer_c restorer =
		persistence_restorer_serve(v, &restorer_impl, h, NULL);
	persistence_service_persistence_handler_register_restorer_params_set_restorer(
		r.params, restorer);
	persistence_restorer_unref(restorer);
	struct answer a = CALL(
		&h->w->loop, r, persistence_service_persistence_handler_register_restorer_send);
	vat_call_free(r.call);
	CHECK(!a.failed);
}

static void host_start(struct host *h)
{
	struct err e = {};
	if (store_open(h->dir.path, &e, &h->store) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.msg);
	struct persistence_config cfg = {.loop = &h->w->loop,
		.store = h->store,
		.address = h->address,
		.node = h->node_admin};
	if (persistence_new(&cfg, &e, &h->p) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.msg);
	h->service = persistence_service(h->p);
	h->admin = persistence_persistence_service_admin_cast(persistence_admin(h->p).cap);
}

/* The persistence service ends, however busy. */
static void host_stop(struct host *h)
{
	persistence_service_persistence_handler_unref(h->handler);
	h->handler.cap = NULL;
	metac_service_unref(h->service);
	h->service.cap = NULL;
	persistence_persistence_service_admin_unref(h->admin);
	h->admin.cap = NULL;
	persistence_free(TAKE_PTR(h->p));
	world_run(h->w);
	store_free(TAKE_PTR(h->store));
}

static inline void host_restart(struct host *h)
{
	host_stop(h);
	host_start(h);
}

static void host_init(struct host *h, struct world *w, const char *address)
{
	h->w = w;
	h->address = address;
	h->dir = test_dir_make();
	list_init(&h->waits);
	h->node_admin = metac_node_admin_serve(w->loop.vat, &fake_node_admin_impl, h, NULL);
	host_start(h);
	host_register(h);
}

static inline void world_up(struct world *w)
{
	memset(w, 0, sizeof(*w));
	CHECK_INT(loop_init(&w->loop), 0);
	host_init(&w->a, w, "fd00::a");
	host_init(&w->b, w, "fd00::b");
}

/* Everything goes, and nothing is left over. */
static inline void world_down(struct world *w)
{
	host_stop(&w->a);
	host_stop(&w->b);
	fs_filesystem_unref(w->a.foreign);
	metac_node_admin_unref(w->a.node_admin);
	metac_node_admin_unref(w->b.node_admin);
	world_run(w);
	CHECK(list_empty(&w->a.waits) && list_empty(&w->b.waits));
	CHECK_INT(w->a.n_things, 0);
	CHECK_INT(w->b.n_things, 0);
	loop_done(&w->loop);
	test_dir_remove(&w->a.dir);
	test_dir_remove(&w->b.dir);
}

/* ---- what tests do ------------------------------------------------------------------------- */

struct secret { /* a sturdy reference, taken apart */
	char node[64];
	uint8_t bytes[64];
	uint32_t len;
};

static inline struct secret secret_of(struct metac_metac_sturdy_ref_r r)
{
	struct secret s = {};
	struct vat_data d = vat_ptr_data(metac_metac_sturdy_ref_get_object_info(r), NULL);
	CHECK(vat_text_is(metac_metac_sturdy_ref_get_service(r), "persistence"));
	CHECK(d.len >= 16 && d.len <= sizeof(s.bytes));
	memcpy(s.bytes, d.p, d.len);
	s.len = d.len;
	(void)snprintf(s.node, sizeof(s.node), "%s",
		metac_node_address_get_ip(metac_metac_sturdy_ref_get_node(r)).s);
	return s;
}

/* createSturdyRef on cap; false: it failed, why tells. */
static inline bool try_create(struct world *w, struct vat_cap *cap, bool persistent,
	uint64_t timeout, struct secret *ret, char *why, size_t size)
{
	struct persistence_persistable_create_sturdy_ref_req q =
		persistence_persistable_create_sturdy_ref(
			w->loop.vat, persistence_persistable_cast(cap));
	persistence_persistable_create_sturdy_ref_params_set_persistent(q.params, persistent);
	persistence_persistable_create_sturdy_ref_params_set_timeout(q.params, timeout);
	struct answer a = CALL(&w->loop, q, persistence_persistable_create_sturdy_ref_send);
	if (a.failed)
		(void)snprintf(why, size, "%s", a.text);
	else
		*ret = secret_of(persistence_persistable_create_sturdy_ref_results_get_id(
			persistence_persistable_create_sturdy_ref_results_from(a.results)));
	vat_call_free(q.call);
	return !a.failed;
}

static inline struct secret must_create(
	struct world *w, struct vat_cap *cap, bool persistent, uint64_t timeout)
{
	struct secret s = {};
	char why[300];
	if (!try_create(w, cap, persistent, timeout, &s, why, sizeof(why)))
		test_fail(__FILE__, __LINE__, "%s", why);
	return s;
}

/* Restores at the host the reference names; NULL: it failed, why tells. */
static inline struct vat_cap *try_restore(
	struct world *w, const struct secret *s, char *why, size_t size)
{
	struct host *h = strcmp(s->node, w->a.address) ? &w->b : &w->a;
	struct metac_service_restore_req q = metac_service_restore(w->loop.vat, h->service);
	struct vat_data d = {s->bytes, s->len};
	vat_set_data(metac_service_restore_params_get_object_info_b(q.params), d);
	struct answer a = CALL(&w->loop, q, metac_service_restore_send);
	struct vat_cap *cap = NULL;
	if (a.failed)
		(void)snprintf(why, size, "%s", a.text);
	else
		cap = vat_cap_ref(vat_ptr_cap(metac_service_restore_results_get_obj(
			metac_service_restore_results_from(a.results))));
	vat_call_free(q.call);
	CHECK(a.failed || cap);
	return cap;
}

static inline struct vat_cap *must_restore(struct world *w, const struct secret *s)
{
	char why[300];
	struct vat_cap *c = try_restore(w, s, why, sizeof(why));
	if (!c)
		test_fail(__FILE__, __LINE__, "%s", why);
	return c;
}

static inline void check_gone(struct world *w, const struct secret *s)
{
	char why[300];
	struct vat_cap *c = try_restore(w, s, why, sizeof(why));
	CHECK(!c);
	CHECK_STR(why, "no such reference (unknown, expired or revoked)");
}

/* getSubtree; NULL: it failed, why tells. */
static inline struct vat_cap *try_subtree(
	struct world *w, struct vat_cap *fs, const char *name, char *why, size_t size)
{
	struct fs_filesystem_get_subtree_req q =
		fs_filesystem_get_subtree(w->loop.vat, fs_filesystem_cast(fs));
	fs_filesystem_get_subtree_params_set_name(q.params, vat_str(name));
	struct answer a = CALL(&w->loop, q, fs_filesystem_get_subtree_send);
	struct vat_cap *cap = NULL;
	if (a.failed)
		(void)snprintf(why, size, "%s%.200s",
			a.kind == VAT_DISCONNECTED ? "disconnected: " : "", a.text);
	else
		cap = vat_cap_ref(fs_filesystem_get_subtree_results_get_fs(
			fs_filesystem_get_subtree_results_from(a.results))
					  .cap);
	vat_call_free(q.call);
	return cap;
}

static inline struct vat_cap *must_subtree(struct world *w, struct vat_cap *fs, const char *name)
{
	char why[300];
	struct vat_cap *c = try_subtree(w, fs, name, why, sizeof(why));
	if (!c)
		test_fail(__FILE__, __LINE__, "%s", why);
	return c;
}

/* Calls on fs fail so. */
static inline void check_cut_off(struct world *w, struct vat_cap *fs, const char *text)
{
	char why[300] = "";
	struct vat_cap *c = try_subtree(w, fs, "x", why, sizeof(why));
	CHECK(!c);
	CHECK_STR(why, text);
}

static inline void check_works(struct world *w, struct vat_cap *fs)
{
	vat_cap_unref(must_subtree(w, fs, "x"));
}

/* removeReference by secret or by id. */
static inline void take_back(
	struct world *w, struct host *h, const struct secret *s, const char *id)
{
	struct persistence_persistence_service_admin_remove_reference_req q =
		persistence_persistence_service_admin_remove_reference(w->loop.vat, h->admin);
	struct vat_data d = {s ? s->bytes : NULL, s ? s->len : 0};
	if (s)
		vat_set_data(
			persistence_persistence_service_admin_remove_reference_params_get_object_info_b(
				q.params),
			d);
	persistence_persistence_service_admin_remove_reference_params_set_id(
		q.params, vat_str(id ? id : ""));
	struct answer a =
		CALL(&w->loop, q, persistence_persistence_service_admin_remove_reference_send);
	vat_call_free(q.call);
	if (a.failed)
		test_fail(__FILE__, __LINE__, "%s", a.text);
}

/* One line an object: "fs mount1 2 alive persistent;". */
static inline const char *objects(struct world *w, struct host *h)
{
	static const char *const states[] = {"stored", "alive", "restoring", "broken"};
	static char text[1000];
	size_t n = 0;
	text[0] = 0;
	struct persistence_persistence_service_admin_list_objects_req q =
		persistence_persistence_service_admin_list_objects(w->loop.vat, h->admin);
	struct answer a =
		CALL(&w->loop, q, persistence_persistence_service_admin_list_objects_send);
	CHECK(!a.failed);
	struct persistence_object_info_list_r l =
		persistence_persistence_service_admin_list_objects_results_get_objects(
			persistence_persistence_service_admin_list_objects_results_from(a.results));
	for (uint32_t i = 0; i < l.l.count; i++) {
		struct persistence_object_info_r o = persistence_object_info_at(l, i);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s %u %s%s;",
			persistence_object_info_get_service(o).s,
			persistence_object_info_get_runtime_id(o).s,
			persistence_object_info_get_references(o),
			states[persistence_object_info_get_state(o)],
			persistence_object_info_get_persistent(o) ? " persistent" : "");
	}
	vat_call_free(q.call);
	return text;
}
