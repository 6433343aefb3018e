/* SPDX-License-Identifier: MIT */
/*
 * Mount points, in a mount namespace of the test's own.  FUSE is mounted without anybody answering:
 * nothing here may wait for that.
 */
#include "svc/fs/fs-mount.h"
#include "base/test.h"
#include "sys/mountinfo.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

static char top[] = "/tmp/metac-test-mount-XXXXXX";

static const char *at(const char *name)
{
	static char path[2][256];
	static int i;
	i = !i;
	(void)snprintf(path[i], sizeof(path[i]), "%s/%s", top, name);
	return path[i];
}

static void begin(bool mounting)
{
	CHECK(mkdtemp(top));
	if (!mounting)
		return;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || access("/dev/fuse", R_OK | W_OK) < 0) {
		(void)rmdir(top);
		test_skip("needs root, mount namespaces and /dev/fuse");
	}
	CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static void end(void)
{
	char command[300];
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	CHECK_INT(system(command), 0);
}

TEST(what_a_mount_point_must_be_has_an_error_each)
{
	struct err e = {};
	begin(false);
	CHECK_INT(mkdir(at("empty"), 0755), 0);
	CHECK_INT(mkdir(at("full"), 0755), 0);
	CHECK_INT(mkdir(at("full/x"), 0755), 0);
	CHECK_INT(close(open(at("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0644)), 0);
	CHECK_INT(symlink("empty", at("link")), 0);
	CHECK_INT(symlink("full", at("way")), 0);
	CHECK_INT(fs_mount_check(at("empty"), false, &e), 0);
	CHECK_INT(fs_mount_check(at("none"), false, &e), -ENOENT);
	CHECK_INT(fs_mount_check(at("file"), false, &e), -ENOTDIR);
	CHECK_INT(fs_mount_check(at("file/x"), false, &e), -ENOTDIR);
	CHECK_INT(fs_mount_check(at("full"), false, &e), -ENOTEMPTY);
	CHECK_INT(fs_mount_check(at("full"), true, &e), 0);
	CHECK_INT(fs_mount_check(at("file"), true, &e), -ENOTDIR);
	CHECK_INT(fs_mount_check("/proc", true, &e), -EBUSY);
	CHECK_INT(fs_mount_check(at("link"), false, &e), -ELOOP);
	CHECK_INT(fs_mount_check(at("way/x"), false, &e), -ELOOP);
	CHECK_INT(fs_mount_check("/proc", false, &e), -EBUSY);
	CHECK_INT(fs_mount_check("/", false, &e), -EBUSY);
	CHECK(strstr(e.msg, "mounted there already"));
	end();
}

TEST(paths_that_are_not_plain_are_refused)
{
	static const char *const bad[] = {"", "tmp", "./tmp", "/tmp/", "//tmp", "/tmp//x", "/tmp/.",
		"/tmp/..", "/tmp/./x", "/tmp/../x", "/.", "/.."};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = {};
		CHECK_INT(fs_mount_check(bad[i], false, &e), -EINVAL);
		CHECK(e.msg[0]);
	}
}

static int look(void *user, const struct mountinfo *m)
{
	if (strcmp(m->target, user))
		return 0;
	CHECK_STR(m->fstype, "fuse.metac");
	CHECK_STR(m->source, "metac:fd00::1");
	CHECK(strstr(m->options, "nosuid") && strstr(m->options, "nodev"));
	CHECK(strstr(m->options, "ro,") == m->options);
	CHECK(strstr(m->super_options, "default_permissions"));
	CHECK(strstr(m->super_options, "allow_other"));
	return 1;
}

TEST(a_mount_nobody_answers_is_found_and_taken_away_at_once)
{
	struct err e = {};
	begin(true);
	CHECK_INT(mkdir(at("m"), 0755), 0);
	int fd = fs_mount_fuse(at("m"), "metac:fd00::1", true, false, &e);
	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(mountinfo_each(look, (void *)(uintptr_t)at("m")), 1);
	CHECK_INT(fs_mount_check(at("m"), false, &e), -EBUSY);
	CHECK_INT(fs_mount_detach(at("m"), -1, true), 0);
	CHECK_INT(mountinfo_is_mount_point(at("m")), 0);
	CHECK_INT(fs_mount_detach(at("m"), -1, true), 0);
	CHECK_INT(fs_mount_check(at("m"), false, &e), 0);
	close(fd);
	end();
}

TEST(only_what_is_left_of_this_node_is_swept)
{
	struct err e = {};
	int fds[4];
	static const char *const names[] = {"a", "b", "c", "strange name\n"};
	static const char *const sources[] = {
		"metac:fd00::1", "metac:fd00::11", "metac:fd00::1", "metac:fd00::1"};
	begin(true);
	for (int i = 0; i < 4; i++) {
		CHECK_INT(mkdir(at(names[i]), 0755), 0);
		fds[i] = fs_mount_fuse(at(names[i]), sources[i], false, false, &e);
		CHECK(fds[i] >= 0);
	}
	close(fds[0]); /* its worker was killed */
	CHECK_INT(mkdir(at("t"), 0755), 0);
	CHECK_INT(mount("metac:fd00::1", at("t"), "tmpfs", 0, NULL), 0);
	CHECK_INT(fs_mount_detach_stale("fd00::1"), 3);
	CHECK_INT(mountinfo_is_mount_point(at("a")), 0);
	CHECK_INT(mountinfo_is_mount_point(at("b")), 1);
	CHECK_INT(mountinfo_is_mount_point(at("strange name\n")), 0);
	CHECK_INT(mountinfo_is_mount_point(at("t")), 1);
	CHECK_INT(fs_mount_detach_stale("fd00::1"), 0);
	CHECK_INT(umount(at("t")), 0);
	CHECK_INT(fs_mount_detach(at("b"), -1, true), 0);
	for (int i = 1; i < 4; i++)
		close(fds[i]);
	end();
}

TEST(a_kernel_without_v9fs_says_so)
{
	struct err e = {};
	begin(true);
	CHECK_INT(mkdir(at("m"), 0755), 0);
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	int r = fs_mount_v9fs(at("m"), "metac:x", fd, false, &e);
	close(fd);
	end();
	if (r != -ENODEV)
		test_skip("this kernel has v9fs (and answered %d)", r);
	CHECK(strstr(e.msg, "mount 9p on"));
}

/* Whoever owns a directory on the way may swap it for a link right after the check. */
static unsigned count_at(const char *path)
{
	char line[4096];
	unsigned n = 0;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	CHECK(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, path) != NULL;
	fclose(f);
	return n;
}

/* The worker has died: programs see one mount or the other, never the directory. */
TEST(a_mount_is_replaced_in_its_place)
{
	struct err e = {};
	begin(true);
	CHECK_INT(mkdir(at("m"), 0755), 0);
	int dead = fs_mount_fuse(at("m"), "metac:fd00::1", false, false, &e);
	CHECK(dead >= 0);
	int first = fs_mount_id(at("m"));
	CHECK(first > 0 && fs_mount_id_is_there(first));
	CHECK(!fs_mount_is_busy(at("m")));
	close(dead);
	int fd = fs_mount_fuse(at("m"), "metac:fd00::1", false, true, &e);
	if (fd < 0)
		test_fail(__FILE__, __LINE__, "%s", e.msg);
	CHECK_INT(count_at(at("m")), 1);
	CHECK(fs_mount_id(at("m")) != first && !fs_mount_id_is_there(first));
	CHECK_INT(fs_mount_detach_id(at("m"), first), 0);
	CHECK_INT(count_at(at("m")), 1);
	CHECK_INT(fs_mount_detach_id(at("m"), fs_mount_id(at("m"))), 0);
	CHECK_INT(count_at(at("m")), 0);
	close(fd);
	end();
}

TEST(no_link_is_followed_when_mounting_and_unmounting)
{
	struct err e = {};
	char was[256], here[4096];
	begin(true);
	CHECK_INT(mkdir(at("good"), 0755), 0);
	CHECK_INT(mkdir(at("good/m"), 0755), 0);
	CHECK_INT(mkdir(at("victim"), 0755), 0);
	CHECK_INT(mkdir(at("victim/m"), 0755), 0);
	CHECK_INT(symlink("victim", at("link")), 0);
	CHECK_INT(symlink("m", at("victim/n")), 0);
	CHECK_INT(fs_mount_fuse(at("link/m"), "metac:fd00::1", false, false, &e), -ELOOP);
	CHECK_INT(fs_mount_fuse(at("victim/n"), "metac:fd00::1", false, false, &e), -ELOOP);
	CHECK_INT(mountinfo_is_mount_point(at("victim/m")), 0);
	int fd = fs_mount_fuse(at("good/m"), "metac:fd00::1", false, false, &e);
	CHECK(fd >= 0);
	CHECK_INT(mountinfo_is_mount_point(at("good/m")), 1);
	/* Now the mount is elsewhere, and its path leads to somebody else's mount. */
	CHECK_INT(mount("none", at("victim/m"), "tmpfs", 0, NULL), 0);
	strcpy(was, at("good"));
	CHECK_INT(rename(was, at("moved")), 0);
	CHECK_INT(symlink("victim", was), 0);
	CHECK_INT(fs_mount_detach(at("good/m"), -1, true), 0);
	CHECK_INT(mountinfo_is_mount_point(at("victim/m")), 1);
	CHECK_INT(fs_mount_detach(at("moved/m"), -1, true), 0);
	CHECK_INT(mountinfo_is_mount_point(at("moved/m")), 0);
	CHECK(getcwd(here, sizeof(here)));
	CHECK_STR(here, "/"); /* no file system is held by it */
	CHECK_INT(umount2(at("victim/m"), MNT_DETACH), 0);
	close(fd);
	end();
}
