/* SPDX-License-Identifier: MIT */
/* A file system of the test's own, in a mount namespace of its own, and a child that uses it. */
#include "cli/busy.h"
#include "base/test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char top[64], mnt[80];

static void up(void)
{
	if (geteuid() || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		test_skip("no mount namespaces");
	strcpy(top, "/tmp/test-busy.XXXXXX");
	CHECK(mkdtemp(top));
	CHECK(!mount("test", top, "tmpfs", 0, NULL));
	(void)snprintf(mnt, sizeof(mnt), "%s/m", top);
	CHECK(!mkdir(mnt, 0755));
	CHECK(!mount("test", mnt, "tmpfs", 0, NULL));
}

static void down(void)
{
	CHECK(!umount2(top, MNT_DETACH) && !rmdir(top));
}

/* A child that has done `how` and waits to be killed. */
static pid_t child(void (*how)(void))
{
	int ready[2];
	char c = 'y';
	CHECK(!pipe2(ready, O_CLOEXEC));
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		how();
		if (write(ready[1], &c, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	CHECK_INT(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void work_there(void)
{
	if (chdir(mnt) < 0)
		_exit(1);
}

static int open_file(void)
{
	char name[96];
	(void)snprintf(name, sizeof(name), "%s/f", mnt);
	return open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
}

static void have_open(void)
{
	if (open_file() < 0)
		_exit(1);
}

static void have_mapped(void)
{
	int fd = open_file();
	if (fd < 0 || ftruncate(fd, 4096) < 0 ||
		mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		_exit(1);
	close(fd);
}

static void check_found(void (*how)(void), const char *text)
{
	struct busy_user users[BUSY_LISTED_MAX];
	struct err e = {};
	pid_t pid = child(how);
	int n = busy_find(mnt, users);
	CHECK_INT(n, 1);
	CHECK_INT(users[0].pid, pid);
	CHECK_STR(users[0].how, text);
	CHECK_INT(busy_explain(mnt, users, n, &e), -EBUSY);
	CHECK(strstr(e.msg, users[0].name) && strstr(e.msg, text));
	end(pid);
	CHECK_INT(busy_find(mnt, users), 0);
}

TEST(processes_that_use_a_mount_are_found)
{
	up();
	check_found(work_there, "works in it");
	check_found(have_open, "has a file in it open");
	check_found(have_mapped, "has a file in it mapped");
	down();
}

TEST(who_uses_what_is_mounted_in_it_counts)
{
	char inner[96];
	up();
	(void)snprintf(inner, sizeof(inner), "%s/inner", mnt);
	CHECK(!mkdir(inner, 0755) && !mount("test", inner, "tmpfs", 0, NULL));
	strcpy(mnt, inner);
	pid_t pid = child(work_there);
	(void)snprintf(mnt, sizeof(mnt), "%s/m", top);
	struct busy_user users[BUSY_LISTED_MAX];
	CHECK_INT(busy_find(mnt, users), 1);
	CHECK_INT(users[0].pid, pid);
	end(pid);
	down();
}

TEST(nobody_uses_what_is_not_mounted)
{
	struct busy_user users[BUSY_LISTED_MAX];
	CHECK_INT(busy_find("/proc/self/nothing", users), 0);
}
