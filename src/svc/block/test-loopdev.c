/* SPDX-License-Identifier: MIT */
/* The file that a loop device is made of; devices themselves are met in test-users.c. */
#include "svc/block/loopdev.h"
#include "base/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static char dir[] = "/tmp/metac-loopdev.XXXXXX";
static int dir_fd;

static void up(void)
{
	CHECK(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(dir_fd >= 0);
	int fd = openat(dir_fd, "target", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	fd_close(fd);
}

static void down(void)
{
	(void)unlinkat(dir_fd, "disk", 0);
	CHECK(unlinkat(dir_fd, "target", 0) == 0 && rmdir(dir) == 0);
	fd_close(dir_fd);
}

TEST(a_regular_file_is_opened)
{
	up();
	for (int read_only = 0; read_only < 2; read_only++) {
		int fd = loopdev_open_file(dir_fd, "target", read_only);
		CHECK(fd >= 0);
		CHECK_INT(fcntl(fd, F_GETFL) & O_ACCMODE, read_only ? O_RDONLY : O_RDWR);
		CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		fd_close(fd);
	}
	CHECK_INT(loopdev_open_file(dir_fd, "disk", true), -ENOENT);
	down();
}

/* As a worker could answer that has been taken over. */
TEST(a_link_is_not_followed)
{
	char absolute[100];
	up();
	(void)snprintf(absolute, sizeof(absolute), "%s/target", dir);
	const char *const targets[] = {absolute, "target", "/proc/self/exe"};
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		CHECK(symlinkat(targets[i], dir_fd, "disk") == 0);
		CHECK_INT(loopdev_open_file(dir_fd, "disk", true), -ELOOP);
		CHECK_INT(loopdev_open_file(dir_fd, "disk", false), -ELOOP);
		CHECK(unlinkat(dir_fd, "disk", 0) == 0);
	}
	down();
}

TEST(what_is_no_file_is_refused_at_once)
{
	up();
	CHECK(mkfifoat(dir_fd, "disk", 0600) == 0);
	CHECK_INT(loopdev_open_file(dir_fd, "disk", true), -ENXIO);
	CHECK_INT(loopdev_open_file(dir_fd, "disk", false), -ENXIO);
	CHECK_INT(loopdev_open_file(dir_fd, ".", true), -ENXIO);
	down();
}
