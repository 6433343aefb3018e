/* SPDX-License-Identifier: MIT */
/* Attached to nothing but a directory of the test's own, in a mount namespace of its own. */
#include "sys/mountfd.h"
#include "base/test.h"
#include "sys/mountinfo.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

static const char *map_text(const struct mountfd_map *maps, size_t n)
{
	static char text[4096];
	int r = mountfd_map_text(maps, n, text, sizeof(text));
	return r < 0 ? strerror(-r) : text;
}

TEST(ids_that_no_map_names_stay_what_they_are)
{
	static const struct mountfd_map one[] = {{1000, 2000, 1}};
	CHECK_STR(map_text(NULL, 0), "0 0 4294967295\n");
	CHECK_STR(map_text(one, 1), "1000 2000 1\n0 0 1000\n1001 1001 999\n2001 2001 4294965294\n");
	static const struct mountfd_map swapped[] = {{1000, 1001, 1}, {1001, 1000, 1}};
	CHECK_STR(
		map_text(swapped, 2), "1000 1001 1\n1001 1000 1\n0 0 1000\n1002 1002 4294966293\n");
	static const struct mountfd_map all[] = {{0, 0, UINT32_MAX}};
	CHECK_STR(map_text(all, 1), "0 0 4294967295\n");
	static const struct mountfd_map last[] = {{0, UINT32_MAX - 1, 1}};
	CHECK_STR(map_text(last, 1), "0 4294967294 1\n1 1 4294967293\n");
}

TEST(maps_that_overlap_are_refused)
{
	static const struct mountfd_map remote[] = {{1000, 2000, 10}, {1009, 3000, 1}};
	static const struct mountfd_map local[] = {{1000, 2000, 10}, {3000, 2009, 1}};
	static const struct mountfd_map beyond[] = {{UINT32_MAX - 1, 0, 2}};
	static const struct mountfd_map none[] = {{1, 1, 0}};
	CHECK_STR(map_text(remote, 2), strerror(EINVAL));
	CHECK_STR(map_text(local, 2), strerror(EINVAL));
	CHECK_STR(map_text(beyond, 1), strerror(EINVAL));
	CHECK_STR(map_text(none, 1), strerror(EINVAL));
}

struct place {
	char dir[64];
	int from, to;
};

static void up(struct place *p)
{
	char name[80];
	if (geteuid() || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		test_skip("no mount namespaces");
	strcpy(p->dir, "/tmp/test-mountfd.XXXXXX");
	CHECK(mkdtemp(p->dir));
	CHECK(!mount("test", p->dir, "tmpfs", 0, NULL));
	CHECK(!chdir(p->dir) && !mkdir("from", 0755) && !mkdir("to", 0755));
	(void)snprintf(name, sizeof(name), "%s/from", p->dir);
	p->from = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(name, sizeof(name), "%s/to", p->dir);
	p->to = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(p->from >= 0 && p->to >= 0);
}

static void down(struct place *p)
{
	fd_close(p->from);
	fd_close(p->to);
	CHECK(!chdir("/") && !umount2(p->dir, MNT_DETACH) && !rmdir(p->dir));
}

static int find_id(void *user, const struct mountinfo *m)
{
	return strcmp(m->target, user) ? 0 : m->id;
}

TEST(a_clone_shows_the_directory_where_it_is_attached)
{
	struct place p;
	char name[80];
	up(&p);
	AUTO_CLOSE int fd = open("from/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	CHECK(fd >= 0);
	AUTO_CLOSE int m = mountfd_clone(p.from, false);
	CHECK(m >= 0);
	CHECK_INT(mountfd_attach(m, p.to), 0);
	CHECK(!access("to/file", F_OK));
	CHECK(!mkdir("to/made", 0755) && !access("from/made", F_OK));
	(void)snprintf(name, sizeof(name), "%s/to", p.dir);
	CHECK_INT(mountinfo_each(find_id, name), mountfd_id(m));
	AUTO_CLOSE int inside = open("to/made", O_PATH | O_CLOEXEC);
	CHECK_INT(mountfd_id(inside), mountfd_id(m));
	CHECK(mountfd_id(p.from) != mountfd_id(m));
	down(&p);
}

TEST(a_read_only_clone_cannot_be_written)
{
	struct place p;
	up(&p);
	AUTO_CLOSE int m = mountfd_clone(p.from, true);
	CHECK(m >= 0);
	CHECK_INT(mountfd_attach(m, p.to), 0);
	CHECK(mkdir("to/made", 0755) < 0 && errno == EROFS);
	CHECK(!mkdir("from/made", 0755));
	down(&p);
}

/* The kernel would let what is mounted below later come along, as it is there. */
TEST(a_read_only_clone_stays_so_whatever_is_mounted_below)
{
	struct place p;
	up(&p);
	CHECK(!mount(NULL, p.dir, NULL, MS_SHARED, NULL) && !mkdir("from/sub", 0755));
	AUTO_CLOSE int m = mountfd_clone(p.from, true);
	CHECK(m >= 0);
	CHECK_INT(mountfd_attach(m, p.to), 0);
	CHECK(!mount("test", "from/sub", "tmpfs", 0, NULL));
	CHECK(mkdir("to/sub/made", 0755) < 0 && errno == EROFS);
	down(&p);
}

TEST(ids_are_mapped_both_ways)
{
	struct place p;
	struct stat st;
	static const struct mountfd_map users[] = {{1000, 2000, 1}}, groups[] = {{100, 200, 1}};
	up(&p);
	CHECK(!mkdir("from/theirs", 0755) && !chown("from/theirs", 1000, 100));
	AUTO_CLOSE int m = mountfd_clone(p.from, false);
	int r = mountfd_map_ids(m, users, 1, groups, 1);
	if (r == -EINVAL || r == -EPERM) {
		down(&p);
		test_skip("no idmapped mounts of tmpfs here: %s", strerror(-r));
	}
	CHECK_INT(r, 0);
	CHECK_INT(mountfd_attach(m, p.to), 0);
	CHECK(!stat("to/theirs", &st) && st.st_uid == 2000 && st.st_gid == 200);
	CHECK(!mkdir("to/made", 0755) && !chown("to/made", 2000, 200));
	CHECK(!stat("from/made", &st) && st.st_uid == 1000 && st.st_gid == 100);
	down(&p);
}
