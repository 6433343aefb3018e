/* SPDX-License-Identifier: MIT */
/* References: made, used, revoked, expired, rotated, kept across restarts. */
#include "core/save.h"
#include "svc/persistence/test-world.h"

TEST(reference_leads_to_its_object)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, false, 0);
	CHECK_STR(s.node, "fd00::a");
	fs_filesystem_unref(d);
	struct vat_cap *c = must_restore(&w, &s), *again = must_restore(&w, &s);
	check_works(&w, c);
	check_works(&w, again);
	CHECK_INT(w.a.n_restored, 0);
	CHECK_STR(objects(&w, &w.a), "fs srv 1 alive;");
	vat_cap_unref(c);
	vat_cap_unref(again);
	world_down(&w);
}

TEST(wrong_secrets_all_get_the_same_answer)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, false, 0), bad = s;
	bad.bytes[3] ^= 1;
	check_gone(&w, &bad);
	bad = s;
	bad.len--;
	check_gone(&w, &bad);
	bad.len = 0;
	check_gone(&w, &bad);
	/* Not even data. */
	struct metac_service_restore_req q = metac_service_restore(w.loop.vat, w.a.service);
	vat_init_struct(metac_service_restore_params_get_object_info_b(q.params), 4, 0);
	struct answer a = CALL(&w.loop, q, metac_service_restore_send);
	CHECK(a.failed);
	CHECK_STR(a.text, "no such reference (unknown, expired or revoked)");
	vat_call_free(q.call);
	fs_filesystem_unref(d);
	world_down(&w);
}

TEST(persistent_reference_survives_a_restart_and_others_do_not)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv"), e = dir_new(&w.a, "tmp");
	struct secret kept = must_create(&w, d.cap, true, 0);
	struct secret lost = must_create(&w, e.cap, false, 0);
	struct secret lost2 = must_create(&w, d.cap, false, 0);
	fs_filesystem_unref(d);
	fs_filesystem_unref(e);
	host_restart(&w.a);
	CHECK_INT(w.a.n_things, 0);
	CHECK_STR(objects(&w, &w.a), "fs srv 1 stored persistent;");
	host_register(&w.a);
	struct vat_cap *c = must_restore(&w, &kept);
	check_works(&w, c);
	check_gone(&w, &lost);
	check_gone(&w, &lost2);
	CHECK_INT(w.a.n_restored, 1);
	vat_cap_unref(c);
	world_down(&w);
}

TEST(one_object_is_one_entry_and_goes_with_its_last_reference)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret x = must_create(&w, d.cap, false, 0), y = must_create(&w, d.cap, true, 0);
	fs_filesystem_unref(d);
	CHECK_STR(objects(&w, &w.a), "fs srv 2 alive persistent;");
	take_back(&w, &w.a, &x, NULL);
	world_run(&w);
	CHECK_INT(w.a.n_things, 1);
	take_back(&w, &w.a, &y, NULL);
	world_run(&w);
	CHECK_INT(w.a.n_things, 0);
	CHECK_STR(objects(&w, &w.a), "");
	host_restart(&w.a);
	CHECK_STR(objects(&w, &w.a), "");
	world_down(&w);
}

TEST(revoking_cuts_off_everything_obtained_through_the_reference)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, true, 0), other = must_create(&w, d.cap, true, 0);
	struct vat_cap *c = must_restore(&w, &s), *sub = must_subtree(&w, c, "deep");
	struct vat_cap *still = must_restore(&w, &other);
	check_works(&w, sub);
	take_back(&w, &w.a, &s, NULL);
	check_cut_off(&w, c, "disconnected: revoked");
	check_cut_off(&w, sub, "disconnected: revoked");
	check_works(&w, still);
	check_gone(&w, &s);
	host_restart(&w.a);
	host_register(&w.a);
	check_gone(&w, &s);
	vat_cap_unref(c);
	vat_cap_unref(sub);
	vat_cap_unref(still);
	still = must_restore(&w, &other);
	check_works(&w, still);
	vat_cap_unref(still);
	fs_filesystem_unref(d);
	world_down(&w);
}

TEST(reference_made_through_another_dies_with_it)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, false, 0);
	struct vat_cap *c = must_restore(&w, &s), *sub = must_subtree(&w, c, "deep");
	struct secret child = must_create(&w, sub, true, 0);
	struct vat_cap *cc = must_restore(&w, &child);
	struct secret grandchild = must_create(&w, cc, true, 0);
	struct vat_cap *g = must_restore(&w, &grandchild);
	check_works(&w, g);
	take_back(&w, &w.a, &s, NULL);
	check_cut_off(&w, g, "disconnected: revoked");
	check_gone(&w, &child);
	check_gone(&w, &grandchild);
	host_restart(&w.a);
	host_register(&w.a);
	check_gone(&w, &grandchild);
	CHECK_STR(objects(&w, &w.a), "");
	vat_cap_unref(c);
	vat_cap_unref(sub);
	vat_cap_unref(cc);
	vat_cap_unref(g);
	fs_filesystem_unref(d);
	world_down(&w);
}

/* Persistent.save. False: it failed, why tells. */
static bool try_save(
	struct world *w, struct vat_cap *cap, bool seal, struct secret *ret, char *why, size_t size)
{
	struct answer a = {};
	struct vat_ptr_b seal_for;
	struct vat_call *call = vat_save(w->loop.vat, cap, &seal_for);
	if (seal)
		vat_set_text(seal_for, vat_str("me"));
	vat_call_send(call, on_answer, &a);
	wait_answer(&w->loop, &a);
	if (a.failed)
		(void)snprintf(why, size, "%s", a.text);
	else
		*ret = secret_of(metac_metac_sturdy_ref_from(vat_saved(a.results)));
	vat_call_free(call);
	return !a.failed;
}

TEST(what_is_saved_through_a_reference_dies_with_it)
{
	struct world w;
	struct secret child;
	char why[300] = "";
	world_up(&w);
	save_for_all(w.loop.vat); /* as every service does: the reference must come first */
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, true, 0);
	struct vat_cap *c = must_restore(&w, &s), *sub = must_subtree(&w, c, "deep");
	CHECK(!try_save(&w, sub, true, &child, why, sizeof(why)));
	CHECK(strstr(why, "cannot be sealed"));
	CHECK(try_save(&w, sub, false, &child, why, sizeof(why)));
	vat_cap_unref(sub);
	vat_cap_unref(c);
	host_restart(&w.a);
	host_register(&w.a);
	c = must_restore(&w, &child);
	check_works(&w, c);
	take_back(&w, &w.a, &s, NULL);
	check_cut_off(&w, c, "disconnected: revoked");
	check_gone(&w, &child);
	vat_cap_unref(c);
	fs_filesystem_unref(d);
	world_down(&w);
}

TEST(parent_that_was_not_persistent_still_revokes_after_a_restart)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, false, 0);
	fs_filesystem_unref(d);
	struct vat_cap *c = must_restore(&w, &s);
	struct secret child = must_create(&w, c, true, 0);
	vat_cap_unref(c);
	host_restart(&w.a);
	host_register(&w.a);
	check_gone(&w, &s);
	c = must_restore(&w, &child);
	check_works(&w, c);
	take_back(&w, &w.a, &s, NULL);
	check_cut_off(&w, c, "disconnected: revoked");
	check_gone(&w, &child);
	vat_cap_unref(c);
	world_down(&w);
}

static void note_broken(void *user, const struct vat_error *err)
{
	CHECK_STR(err->text, "expired");
	*(bool *)user = true;
}

TEST(reference_expires_at_its_time)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, true, 1),
		      lasting = must_create(&w, d.cap, true, 3600);
	struct vat_cap *c = must_restore(&w, &s);
	bool broken = false;
	struct vat_watch *watch = vat_cap_on_broken(c, note_broken, &broken);
	check_works(&w, c);
	world_wait(&w, &broken);
	check_cut_off(&w, c, "disconnected: expired");
	check_gone(&w, &s);
	vat_watch_free(watch);
	vat_cap_unref(c);
	c = must_restore(&w, &lasting);
	vat_cap_unref(c);
	fs_filesystem_unref(d);
	world_down(&w);
}

TEST(what_expired_while_away_is_gone)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, true, 1);
	fs_filesystem_unref(d);
	host_stop(&w.a);
	bool never = false;
	CHECK_INT(loop_wait(&w.loop, &never, 1100 * 1000), -ETIMEDOUT);
	host_start(&w.a);
	host_register(&w.a);
	check_gone(&w, &s);
	CHECK_STR(objects(&w, &w.a), "");
	world_down(&w);
}

TEST(absurd_timeout_is_refused)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s;
	char why[300];
	CHECK(!try_create(&w, d.cap, true, UINT64_MAX, &s, why, sizeof(why)));
	CHECK(strstr(why, "100 years"));
	CHECK_STR(objects(&w, &w.a), "");
	fs_filesystem_unref(d);
	world_down(&w);
}

TEST(rotation_replaces_the_secret)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, true, 0);
	struct vat_cap *c = must_restore(&w, &s);
	struct persistence_persistence_service_admin_rotate_reference_req q =
		persistence_persistence_service_admin_rotate_reference(w.loop.vat, w.a.admin);
	struct vat_data data = {s.bytes, s.len};
	vat_set_data(
		persistence_persistence_service_admin_rotate_reference_params_get_object_info_b(
			q.params),
		data);
	struct answer a =
		CALL(&w.loop, q, persistence_persistence_service_admin_rotate_reference_send);
	CHECK(!a.failed);
	struct secret next =
		secret_of(persistence_persistence_service_admin_rotate_reference_results_get_ref(
			persistence_persistence_service_admin_rotate_reference_results_from(
				a.results)));
	vat_call_free(q.call);
	check_gone(&w, &s);
	check_cut_off(&w, c, "disconnected: revoked");
	vat_cap_unref(c);
	c = must_restore(&w, &next);
	check_works(&w, c);
	vat_cap_unref(c);
	host_restart(&w.a);
	host_register(&w.a);
	check_gone(&w, &s);
	vat_cap_unref(must_restore(&w, &next));
	fs_filesystem_unref(d);
	world_down(&w);
}

TEST(references_are_listed_and_removed_by_id)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, true, 1000);
	struct vat_cap *c = must_restore(&w, &s);
	must_create(&w, c, false, 0);
	vat_cap_unref(c);
	struct persistence_persistence_service_admin_list_references_req q =
		persistence_persistence_service_admin_list_references(w.loop.vat, w.a.admin);
	struct answer a =
		CALL(&w.loop, q, persistence_persistence_service_admin_list_references_send);
	CHECK(!a.failed);
	struct persistence_reference_info_list_r l =
		persistence_persistence_service_admin_list_references_results_get_references(
			persistence_persistence_service_admin_list_references_results_from(
				a.results));
	CHECK_INT(l.l.count, 2);
	struct persistence_reference_info_r first = persistence_reference_info_at(l, 0);
	struct persistence_reference_info_r second = persistence_reference_info_at(l, 1);
	char id[32];
	(void)snprintf(id, sizeof(id), "%s", persistence_reference_info_get_id(first).s);
	CHECK_INT(strlen(id), 16);
	CHECK_STR(persistence_reference_info_get_parent(second).s, id);
	CHECK(persistence_reference_info_get_persistent(first));
	CHECK(!persistence_reference_info_get_persistent(second));
	CHECK_INT(persistence_reference_info_get_expires(first) -
			  persistence_reference_info_get_created(first),
		1001);
	vat_call_free(q.call);
	take_back(&w, &w.a, NULL, id);
	check_gone(&w, &s);
	CHECK_STR(objects(&w, &w.a), "");
	fs_filesystem_unref(d);
	world_down(&w);
}

TEST(restore_waits_for_the_service)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, true, 0);
	fs_filesystem_unref(d);
	host_restart(&w.a);
	struct metac_service_restore_req q[2];
	struct answer a[2] = {};
	struct vat_data data = {s.bytes, s.len};
	for (int i = 0; i < 2; i++) {
		q[i] = metac_service_restore(w.loop.vat, w.a.service);
		vat_set_data(metac_service_restore_params_get_object_info_b(q[i].params), data);
		metac_service_restore_send(q[i], on_answer, &a[i]);
	}
	world_run(&w);
	CHECK(!a[0].done && !a[1].done);
	CHECK_STR(objects(&w, &w.a), "fs srv 1 restoring persistent;");
	host_register(&w.a);
	wait_answer(&w.loop, &a[0]);
	wait_answer(&w.loop, &a[1]);
	CHECK(!a[0].failed && !a[1].failed);
	CHECK_INT(w.a.n_restored, 1); /* shared */
	vat_call_free(q[0].call);
	vat_call_free(q[1].call);
	world_down(&w);
}

TEST(pending_restore_can_be_canceled_or_revoked)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, true, 0), t = must_create(&w, d.cap, true, 0);
	fs_filesystem_unref(d);
	host_restart(&w.a);
	struct metac_service_restore_req q[2];
	struct answer a[2] = {};
	for (int i = 0; i < 2; i++) {
		struct vat_data data = {i ? t.bytes : s.bytes, s.len};
		q[i] = metac_service_restore(w.loop.vat, w.a.service);
		vat_set_data(metac_service_restore_params_get_object_info_b(q[i].params), data);
		metac_service_restore_send(q[i], on_answer, &a[i]);
	}
	world_run(&w);
	vat_call_free(q[0].call);
	take_back(&w, &w.a, &t, NULL);
	wait_answer(&w.loop, &a[1]);
	CHECK_STR(a[1].text, "no such reference (unknown, expired or revoked)");
	CHECK(!a[0].done);
	vat_call_free(q[1].call);
	/* Ends while one more is pending. */
	q[0] = metac_service_restore(w.loop.vat, w.a.service);
	struct vat_data data = {s.bytes, s.len};
	vat_set_data(metac_service_restore_params_get_object_info_b(q[0].params), data);
	memset(a, 0, sizeof(a));
	metac_service_restore_send(q[0], on_answer, &a[0]);
	world_run(&w);
	host_restart(&w.a);
	wait_answer(&w.loop, &a[0]);
	CHECK(a[0].failed);
	vat_call_free(q[0].call);
	world_down(&w);
}

TEST(failed_restoration_says_why_and_is_tried_again_when_asked)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, true, 0);
	world_run(&w); /* it is not Waitable, which is noted */
	fs_filesystem_unref(d);
	host_restart(&w.a);
	host_register(&w.a);
	CHECK_INT(w.a.n_restored, 0);
	w.a.fail_restores = 1;
	char why[300];
	CHECK(!try_restore(&w, &s, why, sizeof(why)));
	CHECK_STR(why, "restore \"srv\" of service fs: told to fail");
	CHECK_STR(objects(&w, &w.a), "fs srv 1 broken persistent;");
	vat_cap_unref(must_restore(&w, &s));
	CHECK_INT(w.a.n_restored, 2);
	world_down(&w);
}
