/* SPDX-License-Identifier: MIT */
/* Objects made of other objects, here and on another host; objects whose liveness matters. */
#include "svc/persistence/test-world.h"

/* A mount on b of a directory of a, which b got through the reference s. */
static struct fs_mount_c mount_of(struct world *w, const struct secret *s, const char *name)
{
	struct vat_cap *fs = must_restore(w, s);
	struct fs_mount_c m = mount_new(&w->b, name, fs_filesystem_cast(fs));
	vat_cap_unref(fs);
	return m;
}

static struct secret export(struct world *w, const char *name, bool persistent)
{
	struct fs_filesystem_c d = dir_new(&w->a, name);
	struct secret s = must_create(w, d.cap, persistent, 0);
	fs_filesystem_unref(d);
	return s;
}

static unsigned n_waits(struct host *h)
{
	unsigned n = 0;
	list_for_each (i, &h->waits)
		n++;
	return n;
}

static void wait_for_mounts(struct world *w, struct host *h, unsigned n)
{
	while (n_waits(h) < n)
		world_wait(w, &h->event);
}

TEST(persistent_mount_comes_back_by_itself)
{
	struct world w;
	world_up(&w);
	struct secret s = export(&w, "photos", true);
	struct fs_mount_c m = mount_of(&w, &s, "mnt");
	must_create(&w, m.cap, true, 0);
	fs_mount_unref(m);
	CHECK_STR(objects(&w, &w.b), "fs mnt 1 alive persistent;");
	/* A's reference for the mount was made through the one that was mounted. */
	CHECK_STR(objects(&w, &w.a), "fs photos 2 alive persistent;");
	host_restart(&w.b);
	CHECK_INT(w.b.n_things, 0);
	host_register(&w.b);
	wait_for_mounts(&w, &w.b, 1);
	CHECK_STR(objects(&w, &w.b), "fs mnt 1 alive persistent;");
	CHECK_INT(w.b.n_restored, 1);
	/* Both in the other order. */
	host_restart(&w.a);
	host_restart(&w.b);
	host_register(&w.b);
	host_register(&w.a);
	wait_for_mounts(&w, &w.b, 1);
	CHECK_STR(objects(&w, &w.b), "fs mnt 1 alive persistent;");
	world_down(&w);
}

TEST(mount_is_retried_until_the_other_host_comes)
{
	struct world w;
	world_up(&w);
	struct secret s = export(&w, "photos", true);
	struct fs_mount_c m = mount_of(&w, &s, "mnt");
	must_create(&w, m.cap, true, 0);
	fs_mount_unref(m);
	host_restart(&w.b);
	w.a.unreachable = true;
	host_register(&w.b);
	world_run(&w);
	CHECK_STR(objects(&w, &w.b), "fs mnt 1 restoring persistent;");
	CHECK_INT(w.b.n_restored, 0);
	w.a.unreachable = false;
	wait_for_mounts(&w, &w.b, 1);
	CHECK_STR(objects(&w, &w.b), "fs mnt 1 alive persistent;");
	/* It fails while running, and the first try to restore it fails too. */
	w.b.fail_restores = 1;
	mounts_fail(&w.b);
	wait_for_mounts(&w, &w.b, 1);
	CHECK_INT(w.b.n_restored, 3);
	CHECK_STR(objects(&w, &w.b), "fs mnt 1 alive persistent;");
	world_down(&w);
}

TEST(failed_mount_that_is_not_persistent_is_forgotten)
{
	struct world w;
	world_up(&w);
	struct secret s = export(&w, "photos", true);
	struct fs_mount_c m = mount_of(&w, &s, "mnt");
	struct secret ms = must_create(&w, m.cap, false, 0);
	fs_mount_unref(m);
	wait_for_mounts(&w, &w.b, 1);
	mounts_fail(&w.b);
	world_run(&w);
	CHECK_STR(objects(&w, &w.b), "");
	CHECK_INT(w.b.n_things, 0);
	check_gone(&w, &ms);
	world_down(&w);
}

TEST(forgetting_stops_retrying_and_removes_what_was_stored_for_it)
{
	struct world w;
	world_up(&w);
	/* A directory of the same host: the reference stored for it is ours to remove. */
	struct fs_filesystem_c d = dir_new(&w.b, "own");
	struct fs_mount_c m = mount_new(&w.b, "mnt", d);
	fs_filesystem_unref(d);
	struct secret s = must_create(&w, m.cap, true, 0);
	fs_mount_unref(m);
	CHECK_STR(objects(&w, &w.b), "fs own 1 alive persistent;fs mnt 1 alive persistent;");
	host_restart(&w.b);
	w.b.fail_restores = 1000;
	host_register(&w.b);
	world_wait(&w, &w.b.event);
	world_run(&w);
	CHECK(strstr(objects(&w, &w.b), "fs mnt 1 restoring persistent;"));
	take_back(&w, &w.b, &s, NULL);
	CHECK_STR(objects(&w, &w.b), "");
	host_restart(&w.b);
	CHECK_STR(objects(&w, &w.b), "");
	world_down(&w);
}

TEST(parts_of_the_same_host_are_restored_without_the_node)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.b, "own");
	struct fs_mount_c m = mount_new(&w.b, "mnt", d);
	fs_filesystem_unref(d);
	must_create(&w, m.cap, true, 0);
	fs_mount_unref(m);
	host_restart(&w.b);
	host_register(&w.b);
	wait_for_mounts(&w, &w.b, 1);
	CHECK_STR(objects(&w, &w.b), "fs own 1 alive persistent;fs mnt 1 alive persistent;");
	world_down(&w);
}

TEST(revoking_the_mounted_reference_cuts_the_mount_off_for_good)
{
	struct world w;
	world_up(&w);
	struct secret s = export(&w, "photos", false);
	struct vat_cap *fs = must_restore(&w, &s);
	struct fs_mount_c m = mount_new(&w.b, "mnt", fs_filesystem_cast(fs));
	must_create(&w, m.cap, true, 0);
	fs_mount_unref(m);
	check_works(&w, fs);
	take_back(&w, &w.a, &s, NULL);
	check_cut_off(&w, fs, "disconnected: revoked");
	vat_cap_unref(fs);
	world_run(&w);
	CHECK_STR(objects(&w, &w.a), "");
	/* B's service notices, and what it tries then fails. */
	mounts_fail(&w.b);
	world_run(&w);
	host_restart(&w.b);
	host_register(&w.b);
	world_run(&w);
	CHECK_INT(w.b.n_restored, 0);
	CHECK_STR(objects(&w, &w.b), "fs mnt 1 restoring persistent;");
	world_down(&w);
}

TEST(description_with_something_that_can_not_be_stored_is_refused)
{
	struct world w;
	world_up(&w);
	struct fs_mount_c m = mount_new(&w.b, "mnt", fs_filesystem_cast(w.a.node_admin.cap));
	struct secret s;
	char why[300];
	CHECK(!try_create(&w, m.cap, true, 0, &s, why, sizeof(why)));
	CHECK_STR(why, "capability 1 of 1 in the description: it can not be stored (it is not "
		       "Persistable)");
	CHECK_STR(objects(&w, &w.b), "");
	/* Not persistent, nothing needs storing. */
	must_create(&w, m.cap, false, 0);
	fs_mount_unref(m);
	world_down(&w);
}

TEST(two_first_references_at_once_store_the_object_once)
{
	struct world w;
	world_up(&w);
	struct secret s = export(&w, "photos", true);
	struct fs_mount_c m = mount_of(&w, &s, "mnt");
	struct persistence_persistable_create_sturdy_ref_req q[3];
	struct answer a[3] = {};
	for (int i = 0; i < 3; i++) {
		q[i] = persistence_persistable_create_sturdy_ref(
			w.loop.vat, persistence_persistable_cast(m.cap));
		persistence_persistable_create_sturdy_ref_params_set_persistent(q[i].params, true);
		persistence_persistable_create_sturdy_ref_send(q[i], on_answer, &a[i]);
	}
	for (int i = 0; i < 3; i++) {
		wait_answer(&w.loop, &a[i]);
		CHECK(!a[i].failed);
		vat_call_free(q[i].call);
	}
	fs_mount_unref(m);
	CHECK_STR(objects(&w, &w.b), "fs mnt 3 alive persistent;");
	CHECK_STR(objects(&w, &w.a), "fs photos 2 alive persistent;");
	world_down(&w);
}

TEST(what_comes_from_elsewhere_is_passed_on_through_a_reference_of_ours)
{
	struct world w;
	world_up(&w);
	w.a.foreign = dir_new(&w.b, "far");
	struct secret s = export(&w, "srv", true);
	struct vat_cap *c = must_restore(&w, &s), *far = must_subtree(&w, c, "foreign");
	struct secret passed = must_create(&w, far, true, 0);
	CHECK_STR(passed.node, "fd00::a");
	struct vat_cap *p = must_restore(&w, &passed);
	check_works(&w, p);
	vat_cap_unref(p);
	/* It is stored: B's reference is behind it. */
	host_restart(&w.a);
	host_register(&w.a);
	p = must_restore(&w, &passed);
	check_works(&w, p);
	take_back(&w, &w.a, &s, NULL);
	check_cut_off(&w, p, "disconnected: revoked");
	check_gone(&w, &passed);
	vat_cap_unref(p);
	vat_cap_unref(c);
	vat_cap_unref(far);
	world_down(&w);
}

static struct answer destroy(struct world *w, struct host *h, const struct secret *s)
{
	struct persistence_persistence_service_admin_destroy_object_req q =
		persistence_persistence_service_admin_destroy_object(w->loop.vat, h->admin);
	struct vat_data data = {s->bytes, s->len};
	vat_set_data(persistence_persistence_service_admin_destroy_object_params_get_object_info_b(
			     q.params),
		data);
	struct answer a =
		CALL(&w->loop, q, persistence_persistence_service_admin_destroy_object_send);
	vat_call_free(q.call);
	return a;
}

TEST(destroying_ends_the_object_for_everybody)
{
	struct world w;
	world_up(&w);
	struct secret s = export(&w, "photos", true);
	struct fs_mount_c m = mount_of(&w, &s, "mnt");
	struct secret ms = must_create(&w, m.cap, true, 0);
	fs_mount_unref(m);
	struct answer a = destroy(&w, &w.b, &ms);
	CHECK(!a.failed);
	CHECK_STR(objects(&w, &w.b), "");
	world_run(&w);
	CHECK_INT(w.b.n_things, 0);
	a = destroy(&w, &w.b, &ms);
	CHECK_STR(a.text, "no such reference (unknown, expired or revoked)");
	a = destroy(&w, &w.a, &s);
	CHECK(a.failed && strstr(a.text, "can not be destroyed"));
	world_down(&w);
}

/* What the framework of a service does after registering: one call of wait. */
static struct vat_call *hold_wait(struct host *h, struct answer *a)
{
	struct metac_waitable_wait_req q =
		metac_waitable_wait(h->w->loop.vat, metac_waitable_cast(h->handler.cap));
	metac_waitable_wait_send(q, on_answer, a);
	world_run(h->w);
	return q.call;
}

TEST(when_a_service_ends_nothing_of_it_is_held)
{
	struct world w;
	world_up(&w);
	struct answer a = {};
	struct vat_call *wait = hold_wait(&w.a, &a);
	CHECK(!a.done);
	struct secret s = export(&w, "srv", true), t = export(&w, "tmp", false);
	world_run(&w);
	CHECK_INT(w.a.n_things, 2);
	vat_call_free(wait); /* its connection ended */
	world_run(&w);
	CHECK_INT(w.a.n_things, 0);
	CHECK_STR(objects(&w, &w.a), "fs srv 1 stored persistent;");
	check_gone(&w, &t);
	host_register(&w.a);
	vat_cap_unref(must_restore(&w, &s));
	CHECK_INT(w.a.n_restored, 1);
	world_down(&w);
}

TEST(when_another_process_takes_the_name_objects_are_restored_by_it)
{
	struct world w;
	world_up(&w);
	struct answer a = {};
	struct vat_call *wait = hold_wait(&w.a, &a);
	struct secret s = export(&w, "srv", true);
	world_run(&w);
	host_register(&w.a);
	vat_cap_unref(must_restore(&w, &s));
	CHECK_INT(w.a.n_restored, 1);
	vat_call_free(wait); /* that the old one has ended comes late: the new one stays */
	world_run(&w);
	CHECK_STR(objects(&w, &w.a), "fs srv 1 alive persistent;");
	vat_cap_unref(must_restore(&w, &s));
	CHECK_INT(w.a.n_restored, 1);
	world_down(&w);
}

TEST(the_service_hears_that_the_persistence_service_ends)
{
	struct world w;
	world_up(&w);
	struct answer a = {};
	struct vat_call *wait = hold_wait(&w.a, &a);
	host_restart(&w.a);
	wait_answer(&w.loop, &a);
	CHECK(a.failed);
	CHECK_INT(a.kind, VAT_DISCONNECTED);
	vat_call_free(wait);
	world_down(&w);
}

TEST(what_was_passed_on_is_fetched_again_when_the_other_host_restarted)
{
	struct world w;
	world_up(&w);
	/* What b's directory is reached by breaks as it does when b's node ends. */
	struct vat_membrane *link = vat_membrane_new(w.loop.vat, NULL);
	struct fs_filesystem_c d = dir_new(&w.b, "far");
	w.a.foreign = fs_filesystem_cast(vat_membrane_wrap(link, d.cap));
	fs_filesystem_unref(d);
	struct secret s = export(&w, "srv", true);
	struct vat_cap *c = must_restore(&w, &s), *far = must_subtree(&w, c, "foreign");
	struct secret passed = must_create(&w, far, true, 0);
	vat_cap_unref(must_restore(&w, &passed));
	vat_membrane_revoke(link, VAT_DISCONNECTED, "connection closed by the peer");
	vat_membrane_free(link);
	world_run(&w);
	struct vat_cap *p = must_restore(&w, &passed);
	check_works(&w, p);
	vat_cap_unref(p);
	vat_cap_unref(c);
	vat_cap_unref(far);
	world_down(&w);
}

/* A capability that is connected through others does not break by itself: calls on it fail. */
static void dead_end(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	struct fs_filesystem_c *to = self;
	if (to->cap)
		vat_ctx_forward(ctx, to->cap);
	else
		vat_ctx_fail(ctx, VAT_DISCONNECTED, "connection closed by the peer");
}

TEST(a_dead_relay_is_noticed_before_it_is_handed_out)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.b, "far");
	w.a.foreign = fs_filesystem_cast(vat_serve_any(w.loop.vat, dead_end, &d, NULL));
	struct secret s = export(&w, "srv", true);
	struct vat_cap *c = must_restore(&w, &s), *far = must_subtree(&w, c, "foreign");
	struct secret passed = must_create(&w, far, true, 0);
	fs_filesystem_unref(d);
	d.cap = NULL;
	struct vat_cap *p = must_restore(&w, &passed);
	check_works(&w, p);
	vat_cap_unref(p);
	vat_cap_unref(c);
	vat_cap_unref(far);
	world_down(&w);
}

static struct answer describe_again(
	struct host *h, const char *id, const char *path, struct fs_filesystem_c fs)
{
	struct persistence_service_persistence_handler_describe_again_req q =
		persistence_service_persistence_handler_describe_again(h->w->loop.vat, h->handler);
	struct persistence_cap_description_b d =
		persistence_service_persistence_handler_describe_again_params_init_description(
			q.params);
	persistence_cap_description_set_runtime_id(d, vat_str(id));
	persistence_cap_description_set_summary(d, vat_str("described again"));
	struct fs_mount_description_b m =
		fs_mount_description_init(persistence_cap_description_get_description_b(d));
	fs_mount_description_set_path(m, vat_str(path));
	fs_mount_description_set_fs(m, fs);
	struct answer a =
		CALL(&h->w->loop, q, persistence_service_persistence_handler_describe_again_send);
	vat_call_free(q.call);
	return a;
}

TEST(an_object_that_was_described_again_is_restored_as_that)
{
	struct world w;
	world_up(&w);
	struct secret s = export(&w, "photos", true);
	CHECK(!describe_again(&w.a, "photos", "pictures", (struct fs_filesystem_c){}).failed);
	CHECK(!describe_again(&w.a, "nothing", "pictures", (struct fs_filesystem_c){}).failed);
	host_restart(&w.a);
	host_register(&w.a);
	struct vat_cap *c = must_restore(&w, &s);
	must_create(&w, c, false, 0); /* the tests' directories are called after their id */
	CHECK(strstr(objects(&w, &w.a), "fs pictures 1 alive"));
	CHECK(strstr(objects(&w, &w.a), "fs photos 1 alive persistent;"));
	struct answer a = describe_again(&w.a, "photos", "x", fs_filesystem_cast(c));
	CHECK(a.failed && strstr(a.text, "capabilities"));
	vat_cap_unref(c);
	world_down(&w);
}
