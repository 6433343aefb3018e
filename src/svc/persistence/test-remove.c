/* SPDX-License-Identifier: MIT */
/* Taking back while the disk is full, and in bulk. */
#include "svc/persistence/test-world.h"

#include <sched.h>
#include <sys/mount.h>

/* Host a's state moves to a small file system of its own. */
static void shrink_disk(struct world *w)
{
	host_stop(&w->a);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", w->a.dir.path, "tmpfs", 0, "size=256k") < 0)
		test_skip("no private mount namespace here");
	host_start(&w->a);
	host_register(&w->a);
}

static void grow_disk(struct world *w)
{
	host_stop(&w->a);
	CHECK(!umount(w->a.dir.path));
	host_start(&w->a);
}

static void fill_disk(struct world *w)
{
	static char page[4096];
	AUTO_CLOSE int fd = open(test_dir_file(&w->a.dir, "filler"),
		O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	while (write(fd, page, sizeof(page)) > 0)
		;
	CHECK_INT(errno, ENOSPC);
}

static bool try_take_back(struct world *w, const struct secret *s, char *why, size_t size)
{
	struct persistence_persistence_service_admin_remove_reference_req q =
		persistence_persistence_service_admin_remove_reference(w->loop.vat, w->a.admin);
	struct vat_data d = {s->bytes, s->len};
	vat_set_data(
		persistence_persistence_service_admin_remove_reference_params_get_object_info_b(
			q.params),
		d);
	struct answer a =
		CALL(&w->loop, q, persistence_persistence_service_admin_remove_reference_send);
	vat_call_free(q.call);
	(void)snprintf(why, size, "%s", a.text);
	return !a.failed;
}

TEST(a_full_disk_does_not_stop_a_revocation)
{
	struct world w;
	world_up(&w);
	shrink_disk(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, true, 0), kept = must_create(&w, d.cap, true, 0);
	struct vat_cap *c = must_restore(&w, &s);
	world_run(&w);
	fill_disk(&w);

	char why[300];
	struct secret no;
	CHECK(!try_create(&w, d.cap, true, 0, &no, why, sizeof(why)));
	CHECK_STR(why, "save the reference: No space left on device");
	must_create(&w, d.cap, false, 0);
	CHECK(!try_take_back(&w, &s, why, sizeof(why)));
	CHECK(strstr(why, "cut off now") && strstr(why, "No space left"));
	check_cut_off(&w, c, "disconnected: revoked");
	check_gone(&w, &s);

	/* With room again it is saved, without being asked for. */
	CHECK(!unlink(test_dir_file(&w.a.dir, "filler")));
	bool never = false;
	CHECK_INT(loop_wait(&w.loop, &never, 2500 * 1000), -ETIMEDOUT);
	fs_filesystem_unref(d);
	vat_cap_unref(c);
	host_restart(&w.a);
	host_register(&w.a);
	check_gone(&w, &s);
	vat_cap_unref(must_restore(&w, &kept));
	grow_disk(&w);
	world_down(&w);
}

TEST(many_references_go_at_once)
{
	struct world w;
	world_up(&w);
	struct fs_filesystem_c d = dir_new(&w.a, "srv");
	struct secret s = must_create(&w, d.cap, false, 0);
	struct vat_cap *c = must_restore(&w, &s);
	struct secret last;
	for (int i = 0; i < 300; i++) {
		struct vat_cap *sub = must_subtree(&w, c, i % 2 ? "odd" : "even");
		last = must_create(&w, sub, i % 50 == 0, 0);
		vat_cap_unref(sub);
	}
	CHECK_STR(objects(&w, &w.a),
		"fs srv 1 alive;fs srv/even 150 alive persistent;fs srv/odd 150 alive;");
	struct vat_cap *l = must_restore(&w, &last);
	take_back(&w, &w.a, &s, NULL);
	CHECK_STR(objects(&w, &w.a), "");
	check_cut_off(&w, l, "disconnected: revoked");
	vat_cap_unref(l);
	vat_cap_unref(c);
	fs_filesystem_unref(d);
	host_restart(&w.a);
	CHECK_STR(objects(&w, &w.a), "");
	world_down(&w);
}

TEST(ids_that_name_nothing_are_refused)
{
	struct world w;
	world_up(&w);
	static const struct {
		const char *id, *why;
	} cases[] = {
		{"", "not a reference's id (4 hexadecimal digits or more)"},
		{"123", "not a reference's id (4 hexadecimal digits or more)"},
		{"zzzzzz", "not a reference's id (4 hexadecimal digits or more)"},
		{"12345678", "no such reference"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct persistence_persistence_service_admin_remove_reference_req q =
			persistence_persistence_service_admin_remove_reference(
				w.loop.vat, w.a.admin);
		persistence_persistence_service_admin_remove_reference_params_set_id(
			q.params, vat_str(cases[i].id));
		struct answer a = CALL(
			&w.loop, q, persistence_persistence_service_admin_remove_reference_send);
		vat_call_free(q.call);
		CHECK(a.failed);
		CHECK_STR(a.text, cases[i].why);
	}
	world_down(&w);
}
