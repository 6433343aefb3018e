/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Loop devices (loop(4)): a file as a block device.  What is called here may wait for the file, so
 * it is called in tasks (task.h).
 *
 * A device is set up so that it clears itself when nobody has it open any more: as long as the
 * caller holds the descriptor it stays, and when the caller is killed nothing stays behind (but
 * what others have open, and that until they close it).  The kernel looks for partitions when the
 * device is set up, and takes those that there are away with it.
 */
#include "base/err.h"

enum { LOOPDEV_LABEL_MAX = 63 };

struct loopdev_config {
	int file; /* borrowed: open for what the device is to allow */
	uint32_t block; /* logical block size: a power of two, 512 to 4096 */
	bool read_only;
	const char *label; /* shown by losetup to who asks the kernel; LOOPDEV_LABEL_MAX */
};

/* Is there /dev/loop-control? 0, or negative errno with e set. */
int loopdev_available(struct err *e);
/* The file in that directory (name: one component) that a device is to be made of: past the page
 * cache if it can be.  A regular file or nothing, -ENXIO, and no link is followed, -ELOOP: what
 * answers for the file system may be a hostile worker, and would have any file of this host opened.
 * A descriptor (owned by the caller) or negative errno. */
int loopdev_open_file(int dir, const char *name, bool read_only);
/* A free device, set up. Returns its number, and the descriptor (owned by the caller) that keeps
 * it; negative errno with e set: -EBUSY there is none free. */
int loopdev_new(const struct loopdev_config *cfg, int *ret_fd, struct err *e);
/* The file has another size. 0 or negative errno. */
int loopdev_resize(int fd);
/* "/dev/loop7" */
enum { LOOPDEV_PATH_SIZE = 32 };
void loopdev_path(int number, char ret[LOOPDEV_PATH_SIZE]);
