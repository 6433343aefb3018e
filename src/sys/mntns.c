/* SPDX-License-Identifier: MIT */
/* Theory of operation: mntns.h. */
#include "sys/mntns.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* Where we belong: opened before the first time we leave it, kept for the life of the process. */
static int own_fd = -EBADF;

static int own(void)
{
	if (own_fd < 0)
		own_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	return own_fd < 0 ? -errno : own_fd;
}

bool mntns_same(int a, int b)
{
	struct stat sa, sb;
	if (a < 0 || b < 0)
		return a < 0 && b < 0;
	return !fstat(a, &sa) && !fstat(b, &sb) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

int mntns_check(int fd)
{
	int mine = own();
	if (mine < 0)
		return mine;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNS)
		return -EINVAL;
	return mntns_same(fd, mine) ? MNTNS_OWN : MNTNS_OTHER;
}

int mntns_enter(int fd)
{
	if (fd < 0)
		return 0;
	int mine = own();
	if (mine < 0)
		return mine;
	return setns(fd, CLONE_NEWNS) < 0 ? -errno : 0;
}

void mntns_leave(int fd)
{
	if (fd < 0)
		return;
	int r = setns(own_fd, CLONE_NEWNS);
	assert(r == 0);
	(void)r;
}

void mntns_forget(void)
{
	own_fd = fd_close(own_fd);
}
