/* SPDX-License-Identifier: MIT */
/* Theory of operation: loopdev.h. */
#include "svc/block/loopdev.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>

enum { TRIES_MAX = 64 }; /* somebody else takes the free one */

static const char control_path[] = "/dev/loop-control";

void loopdev_path(int number, char ret[LOOPDEV_PATH_SIZE])
{
	(void)snprintf(ret, LOOPDEV_PATH_SIZE, "/dev/loop%d", number);
}

int loopdev_available(struct err *e)
{
	/* The kernel loads the module when it is opened. */
	AUTO_CLOSE int control = open(control_path, O_RDWR | O_CLOEXEC);
	if (control >= 0)
		return 0;
	int r = -errno;
	if (r == -ENOENT || r == -ENODEV || r == -ENXIO)
		return err_set(e, -ENODEV, "this kernel has no loop devices (%s is missing)",
			control_path);
	return err_errno(e, r, "%s", control_path);
}

/* 0, -EBUSY: somebody was quicker, negative errno. */
static int configure(int fd, const struct loopdev_config *cfg)
{
	struct loop_config c = {
		.fd = (uint32_t)cfg->file,
		.block_size = cfg->block,
		/* What the other side's page cache has, and ours for the device, need not be there
		 * a third time.  Partitions: as those of a disk, and above all they go with it. */
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO | LO_FLAGS_PARTSCAN |
				 (cfg->read_only ? LO_FLAGS_READ_ONLY : 0),
	};
	static_assert(LOOPDEV_LABEL_MAX < LO_NAME_SIZE, "the label must fit");
	(void)snprintf((char *)c.info.lo_file_name, sizeof(c.info.lo_file_name), "%s", cfg->label);
	if (ioctl(fd, LOOP_CONFIGURE, &c) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	c.info.lo_flags &= ~(uint32_t)LO_FLAGS_DIRECT_IO;
	return ioctl(fd, LOOP_CONFIGURE, &c) < 0 ? -errno : 0;
}

static int open_regular(int dir, const char *name, int flags)
{
	struct stat st;
	/* Opening a FIFO would wait. */
	AUTO_CLOSE int fd = beneath_open(dir, name, flags | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -ENXIO;
}

int loopdev_open_file(int dir, const char *name, bool read_only)
{
	int flags = read_only ? O_RDONLY : O_RDWR;
	int fd = open_regular(dir, name, flags | O_DIRECT);
	return fd == -EINVAL ? open_regular(dir, name, flags) : fd;
}

static int open_device(const char *path, bool read_only)
{
	int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int loopdev_new(const struct loopdev_config *cfg, int *ret_fd, struct err *e)
{
	AUTO_CLOSE int control = open(control_path, O_RDWR | O_CLOEXEC);
	if (control < 0)
		return err_errno(e, -errno, "%s", control_path);
	for (int i = 0; i < TRIES_MAX; i++) {
		char path[LOOPDEV_PATH_SIZE];
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		if (number < 0 && (errno == ENODEV || errno == ENOSPC))
			break;
		if (number < 0)
			return err_errno(e, -errno, "look for a free loop device");
		loopdev_path(number, path);
		AUTO_CLOSE int fd = open_device(path, cfg->read_only);
		int r = fd < 0 ? fd : configure(fd, cfg);
		if (r >= 0) {
			*ret_fd = TAKE_FD(fd);
			return number;
		}
		if (r == -ENOENT)
			return err_set(e, r, "%s is missing: is /dev no devtmpfs here?", path);
		if (r != -EBUSY)
			return err_errno(e, r, "set up %s", path);
	}
	return err_set(e, -EBUSY, "no loop device is free (see losetup -a)");
}

int loopdev_resize(int fd)
{
	return ioctl(fd, LOOP_SET_CAPACITY, 0) < 0 ? -errno : 0;
}
