/* SPDX-License-Identifier: MIT */
#include "svc/fs/view.h"
#include "base/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* A directory with a file, a link out of it and a directory, removed by the test's end. */
struct place {
	char top[64];
	struct view view;
};

/* Runs a line of shell, in which $D is the directory. */
static void sh(const char *line, const char *dir)
{
	CHECK(!setenv("D", dir, 1));
	CHECK_INT(system(line), 0);
}

static void up(struct place *p)
{
	strcpy(p->top, "/tmp/metac-view.XXXXXX");
	CHECK(mkdtemp(p->top));
	sh("mkdir $D/sub && echo x >$D/sub/file && ln -s /etc $D/out", p->top);
	p->view = (struct view){.path = strdup(p->top)};
}

static void down(struct place *p)
{
	view_done(&p->view);
	sh("rm -rf $D", p->top);
}

static int open_at(const struct view *v, const char *name, int flags, struct err *e)
{
	struct view at;
	int r = view_at(v, vat_str(name), &at);
	if (r < 0)
		return r;
	r = view_open(&at, flags, e);
	view_done(&at);
	return r;
}

TEST(a_view_opens_what_is_below_it)
{
	struct place p;
	struct err e = {};
	up(&p);
	AUTO_CLOSE int fd = open_at(&p.view, "sub/file", O_RDONLY, &e);
	CHECK(fd >= 0);
	AUTO_CLOSE int self = open_at(&p.view, "", O_PATH | O_DIRECTORY, &e);
	CHECK(self >= 0);
	AUTO_CLOSE int dot = open_at(&p.view, ".", O_PATH | O_DIRECTORY, &e);
	CHECK(dot >= 0);
	down(&p);
}

TEST(nothing_leads_out_of_a_view)
{
	static const char *const bad[] = {
		"..", "sub/..", "sub/../..", "/etc", "sub//file", "./sub", "sub/", "a/./b"};
	struct place p;
	struct err e = {};
	up(&p);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (open_at(&p.view, bad[i], O_PATH, &e) != -EINVAL)
			test_fail(__FILE__, __LINE__, "accepted \"%s\"", bad[i]);
	CHECK_INT(open_at(&p.view, "out", O_PATH | O_DIRECTORY, &e), -ELOOP);
	CHECK(strstr(e.msg, "symbolic link"));
	CHECK_INT(open_at(&p.view, "out/passwd", O_RDONLY, &e), -ELOOP);
	down(&p);
}

TEST(a_read_only_view_does_not_write)
{
	struct place p;
	struct err e = {};
	up(&p);
	p.view.read_only = true;
	CHECK_INT(open_at(&p.view, "sub/file", O_WRONLY, &e), -EROFS);
	CHECK_INT(open_at(&p.view, "sub/file", O_RDWR, &e), -EROFS);
	CHECK_INT(open_at(&p.view, "new", O_WRONLY | O_CREAT, &e), -EROFS);
	CHECK_INT(open_at(&p.view, "sub/file", O_RDONLY | O_TRUNC, &e), -EROFS);
	AUTO_CLOSE int fd = open_at(&p.view, "sub/file", O_RDONLY, &e);
	CHECK(fd >= 0);
	down(&p);
}

TEST(a_limited_view_has_its_users_rights)
{
	struct place p;
	struct err e = {};
	if (geteuid() != 0)
		test_skip("needs root");
	up(&p);
	sh("chmod 755 $D && chmod 600 $D/sub/file && mkdir -m 777 $D/open", p.top);
	p.view.limited = true;
	p.view.uid = p.view.gid = 65534;
	CHECK_INT(open_at(&p.view, "sub/file", O_RDONLY, &e), -EACCES);
	CHECK_INT(open_at(&p.view, "sub/new", O_WRONLY | O_CREAT, &e), -EACCES);
	AUTO_CLOSE int fd = open_at(&p.view, "open/new", O_WRONLY | O_CREAT, &e);
	struct stat st;
	CHECK(fd >= 0 && !fstat(fd, &st));
	CHECK_INT(st.st_uid, 65534);
	CHECK_INT(st.st_gid, 65534);
	/* and we are ourselves again */
	p.view.limited = false;
	AUTO_CLOSE int again = open_at(&p.view, "sub/file", O_RDONLY, &e);
	CHECK(again >= 0);
	CHECK_INT(prctl(PR_GET_DUMPABLE), 1);
	down(&p);
}

TEST(a_description_gives_the_view_back)
{
	struct view v = {
		.path = (char *)"/srv/x", .read_only = true, .limited = true, .uid = 5, .gid = 6};
	struct view back = {};
	struct vat_message *m = vat_message_new(0, 0);
	view_describe(&v, fs_tree_description_init_root(m));
	CHECK_INT(view_from_description(fs_tree_description_root(m), &back), 0);
	CHECK_STR(back.path, v.path);
	CHECK(back.read_only && back.limited && back.uid == 5 && back.gid == 6);
	char a[VIEW_ID_SIZE], b[VIEW_ID_SIZE], text[100];
	view_id(&v, "localfs", a);
	view_id(&back, "localfs", b);
	CHECK_STR(a, b);
	back.read_only = false;
	view_id(&back, "localfs", b);
	CHECK(strcmp(a, b));
	view_summary(&v, "directory", text, sizeof(text));
	CHECK_STR(text, "directory /srv/x, read-only, as 5:6");
	view_done(&back);
	vat_message_free(m);
}

TEST(damaged_descriptions_are_refused)
{
	static const char *const bad[] = {"", "relative", "/a/../b", "/a//b"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct vat_message *m = vat_message_new(0, 0);
		struct view back;
		fs_tree_description_set_path(fs_tree_description_init_root(m), vat_str(bad[i]));
		CHECK_INT(view_from_description(fs_tree_description_root(m), &back), -EINVAL);
		vat_message_free(m);
	}
}

TEST(only_what_has_content_is_opened_for_it)
{
	struct place p;
	struct err e = {};
	struct view at;
	up(&p);
	sh("mkfifo $D/fifo && ln -s sub/file $D/link", p.top);
	static const struct {
		const char *name;
		int result;
	} bad[] = {{"sub", -EISDIR}, {"fifo", -EINVAL}, {"link", -ELOOP}, {"none", -ENOENT}};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_INT(view_at(&p.view, vat_str(bad[i].name), &at), 0);
		CHECK_INT(view_open_content(&at, O_RDONLY, &e), bad[i].result);
		view_done(&at);
	}
	CHECK_INT(view_at(&p.view, vat_str("new"), &at), 0);
	for (int i = 0; i < 2; i++) { /* made, then found */
		AUTO_CLOSE int fd = view_open_content(&at, O_WRONLY | O_CREAT | O_TRUNC, &e);
		CHECK_INT(write(fd, "x", 1), 1);
	}
	at.read_only = true;
	CHECK_INT(view_open_content(&at, O_WRONLY | O_CREAT | O_TRUNC, &e), -EROFS);
	AUTO_CLOSE int fd = view_open_content(&at, O_RDONLY, &e);
	CHECK(fd >= 0);
	view_done(&at);
	down(&p);
}

/* A name in /dev of this machine, removed by the test's end. */
static void name_in_dev(char *ret, size_t size, const char *target)
{
	(void)snprintf(ret, size, "/dev/metac-test-view-%d", getpid());
	(void)unlink(ret);
	CHECK(!symlink(target, ret));
}

TEST(links_in_dev_are_followed_to_block_devices)
{
	char name[64], disk[64] = "";
	struct err e = {};
	for (int i = 0; i < 16 && !*disk; i++) {
		struct stat st;
		(void)snprintf(disk, sizeof(disk), "/dev/loop%d", i);
		if (stat(disk, &st) < 0 || !S_ISBLK(st.st_mode))
			*disk = 0;
	}
	if (geteuid() != 0 || !*disk)
		test_skip("needs root and a block device");
	static const char *const bad[] = {"null", "/etc/passwd", "../etc/passwd", "shm", "fd/0"};
	name_in_dev(name, sizeof(name), disk + 5);
	struct view v = {.path = name};
	AUTO_CLOSE int at = view_open(&v, O_PATH, &e);
	AUTO_CLOSE int fd = view_open_content(&v, O_RDONLY, &e);
	struct stat by_link, itself;
	CHECK(at >= 0 && fd >= 0 && !fstat(at, &by_link) && !stat(disk, &itself));
	CHECK_INT(by_link.st_rdev, itself.st_rdev);
	CHECK_INT(view_open(&v, O_PATH | O_DIRECTORY, &e), -ELOOP);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		name_in_dev(name, sizeof(name), bad[i]);
		if (view_open_content(&v, O_RDONLY, &e) != -ELOOP)
			test_fail(__FILE__, __LINE__, "followed to %s", bad[i]);
		CHECK(strstr(e.msg, "/dev"));
	}
	(void)unlink(name);
}

/* Who may write to a tree as root can make nodes of any device in it. */
TEST(a_device_is_not_to_be_had_by_making_a_node_of_it)
{
	struct place p;
	struct err e = {};
	struct view at;
	if (geteuid() != 0)
		test_skip("needs root");
	up(&p);
	sh("mknod $D/sub/disk b 7 0 && mknod $D/sub/zero c 1 5", p.top);
	static const char *const names[] = {"sub/disk", "sub/zero"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK_INT(view_at(&p.view, vat_str(names[i]), &at), 0);
		CHECK_INT(view_open_content(&at, O_RDONLY, &e), -EINVAL);
		CHECK_INT(view_open_content(&at, O_WRONLY | O_CREAT, &e), -EINVAL);
		CHECK(strstr(e.msg, "not a regular file"));
		view_done(&at);
	}
	down(&p);
}
