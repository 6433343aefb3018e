/* SPDX-License-Identifier: MIT */
/* With loop devices, so as root; skipped where there are none. */
#include "svc/block/users.h"
#include "base/test.h"
#include "svc/block/loopdev.h"

#include <fcntl.h>
#include <linux/blkpg.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char device[LOOPDEV_PATH_SIZE];
static struct users u;
static pid_t me[2];

/* Returns the descriptor that keeps the device. */
static int loop_up(bool read_only)
{
	int fd = -1;
	struct err e = {};
	AUTO_CLOSE int file = memfd_create("disk", MFD_CLOEXEC);
	CHECK(ftruncate(file, 4 << 20) == 0);
	struct loopdev_config cfg = {
		.file = file, .block = 512, .read_only = read_only, .label = "metac:test"};
	me[0] = getpid();
	if (geteuid() != 0 || loopdev_available(&e) < 0)
		test_skip("needs root and loop devices");
	int number = loopdev_new(&cfg, &fd, &e);
	if (number < 0)
		test_skip("%s", e.msg);
	loopdev_path(number, device);
	return fd;
}

static bool is_user(enum users_kind kind, pid_t pid, const char *name)
{
	for (uint32_t i = 0; i < u.n; i++)
		if (u.list[i].kind == kind && u.list[i].pid == pid &&
			(!name || !strcmp(u.list[i].name, name)))
			return true;
	return false;
}

TEST(who_has_it_open_is_found)
{
	int fd = loop_up(false), pipes[2];
	CHECK(users_find(device, me, &u) == 0 && u.n == 0);
	CHECK(pipe2(pipes, O_CLOEXEC) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		int mine = open(device, O_RDONLY | O_CLOEXEC);
		close(fd);
		(void)!write(pipes[1], "x", mine >= 0);
		for (;;)
			(void)pause();
	}
	char c;
	CHECK(read(pipes[0], &c, 1) == 1);
	CHECK(users_find(device, me, &u) == 0 && u.n == 1);
	CHECK(is_user(USERS_PROCESS, pid, NULL));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(users_find(device, me, &u) == 0 && u.n == 0);
	fd_close(pipes[0]);
	fd_close(pipes[1]);
	fd_close(fd);
}

TEST(a_mount_of_another_namespace_is_found)
{
	int fd = loop_up(false), pipes[2];
	char command[100], dir[] = "/tmp/metac-users.XXXXXX", c = 0;
	(void)snprintf(command, sizeof(command), "mkfs.ext4 -q %s", device);
	CHECK(mkdtemp(dir) && pipe2(pipes, O_CLOEXEC) == 0);
	if (system(command) != 0) { // NOLINT: a test
		CHECK(rmdir(dir) == 0);
		fd_close(pipes[0]);
		fd_close(pipes[1]);
		fd_close(fd);
		return;
	}
	pid_t pid = fork();
	if (pid == 0) {
		close(fd);
		bool ok = unshare(CLONE_NEWNS) == 0 &&
			  mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			  mount(device, dir, "ext4", MS_NOSUID | MS_NODEV, NULL) == 0;
		(void)!write(pipes[1], ok ? "y" : "n", 1);
		for (;;)
			(void)pause();
	}
	CHECK(read(pipes[0], &c, 1) == 1);
	if (c == 'y') {
		CHECK(users_find(device, me, &u) == 0);
		CHECK(u.n == 1 && is_user(USERS_MOUNT, 0, dir));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fd_close(pipes[0]);
	fd_close(pipes[1]);
	fd_close(fd);
	CHECK(rmdir(dir) == 0);
}

/* In a user namespace anybody mounts a tmpfs, and names its source as he likes. */
TEST(who_only_says_that_he_has_mounted_it_is_no_user)
{
	int fd = loop_up(false), pipes[2];
	char dir[] = "/tmp/metac-users.XXXXXX", c = 0;
	CHECK(mkdtemp(dir) && pipe2(pipes, O_CLOEXEC) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(fd);
		bool ok = unshare(CLONE_NEWNS) == 0 &&
			  mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			  mount(device, dir, "tmpfs", MS_NOSUID | MS_NODEV, NULL) == 0;
		(void)!write(pipes[1], ok ? "y" : "n", 1);
		for (;;)
			(void)pause();
	}
	CHECK(read(pipes[0], &c, 1) == 1);
	CHECK_INT(c, 'y');
	CHECK(users_find(device, me, &u) == 0);
	CHECK_INT(u.n, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fd_close(pipes[0]);
	fd_close(pipes[1]);
	fd_close(fd);
	CHECK(rmdir(dir) == 0);
}

TEST(a_device_clears_itself)
{
	struct stat st;
	char path[80];
	int fd = loop_up(true);
	(void)snprintf(path, sizeof(path), "/sys/block/%s/loop", strrchr(device, '/') + 1);
	CHECK(stat(path, &st) == 0);
	int again = open(device, O_RDWR | O_CLOEXEC);
	CHECK(again < 0 || pwrite(again, path, 1, 0) < 0); /* read-only */
	fd_close(again);
	fd_close(fd);
	CHECK(stat(path, &st) < 0);
}

/* However they came to be: as by partprobe(8). */
TEST(partitions_go_with_the_device)
{
	struct stat st;
	char path[80];
	int fd = loop_up(false);
	struct blkpg_partition part = {.start = 1 << 20, .length = 1 << 20, .pno = 1};
	struct blkpg_ioctl_arg add = {
		.op = BLKPG_ADD_PARTITION, .datalen = sizeof(part), .data = &part};
	(void)snprintf(path, sizeof(path), "/sys/block/%s%sp1", strrchr(device, '/') + 1,
		strrchr(device, '/'));
	CHECK(ioctl(fd, BLKPG, &add) == 0);
	CHECK(stat(path, &st) == 0);
	fd_close(fd);
	CHECK(stat(path, &st) < 0);
}

TEST(no_such_device_is_an_error)
{
	CHECK(users_find("/dev/loop99999", me, &u) == -ENOENT);
}

TEST(a_loop_device_upon_it_is_found)
{
	int fd = loop_up(false), upper = -1;
	struct err e = {};
	char below[LOOPDEV_PATH_SIZE], above[LOOPDEV_PATH_SIZE];
	strcpy(below, device);
	AUTO_CLOSE int file = open(below, O_RDWR | O_CLOEXEC);
	struct loopdev_config cfg = {.file = file, .block = 512, .label = "metac:test"};
	int number = loopdev_new(&cfg, &upper, &e);
	CHECK(number >= 0);
	loopdev_path(number, above);
	CHECK(users_find(below, me, &u) == 0);
	CHECK(u.n == 1 && is_user(USERS_DEVICE, 0, above));
	fd_close(upper);
	CHECK(users_find(below, me, &u) == 0 && u.n == 0);
	fd_close(fd);
}
