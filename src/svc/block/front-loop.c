/* SPDX-License-Identifier: MIT */
/*
 * A loop device on a file that is no file: FUSE, answered by the worker (client/).  Works on every
 * kernel.
 *
 *	programs - /dev/loopN - the file "disk" - /dev/fuse - worker - NBD connection
 *
 * The file system is never attached to any path: it is a detached mount (fsmount(2)), held by a
 * descriptor, in which the file is found by openat(2).  So nobody else sees it, and nothing of it
 * is left when this process ends.  The loop device clears itself when the last one closes it
 * (loopdev.h): as long as it is attached, a process of ours has it open that does nothing else.
 *
 * Whether opening the file or setting the device up returns is up to the worker; so it is done in
 * tasks.
 *
 * This service keeps a descriptor of /dev/fuse.  So when the worker dies the file system goes on,
 * and another worker takes its place, which is sent again what was not answered (--again).  What
 * was answered and not flushed is with the server; so the new worker flushes first of all.  If the
 * server's machine is restarted before that is done (another epoch), it is lost: the worker that
 * would have written it anew has died, so the device fails.  When both are closed the kernel ends
 * the file system: everything fails at once, and nothing waits.
 */
#include "base/log.h"
#include "svc/block/attach.h"
#include "svc/block/loopdev.h"
#include "wire/nbd/nbd.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum {
	BLOCK_MIN = 512,
	BLOCK_MAX = 4096,
	SET_UP_SECONDS = 30,
	RESIZE_SECONDS = 30,
	RESIZE_LOOKS_MAX = 500, /* 10 ms apart, for the worker to have heard of the new size */
	DEATHS_MAX = 8, /* of workers, one soon after the other */
};

#define PROVEN_US (UINT64_C(30) * 1000000) /* a worker that lived for so long was a good one */

static struct loop *loop_of(const struct attachment *a)
{
	return service_loop(a->bs->service);
}

static int available(struct err *e)
{
	AUTO_CLOSE int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0)
		return err_set(e, -ENODEV, "this kernel has no FUSE (/dev/fuse is missing)");
	return loopdev_available(e);
}

/* ---- the file system ----------------------------------------------------------------------- */

static int set_option(int fs, const char *name, const char *value)
{
	return fsconfig(fs, FSCONFIG_SET_STRING, name, value, 0) < 0 ? -errno : 0;
}

/* A detached mount that fuse_fd is the other end of; nobody but root could use it. */
static int make_fuse(int fuse_fd)
{
	char number[16];
	const struct {
		const char *name, *value;
	} options[] = {
		{"source", "metac"},
		{"subtype", "metac-block"},
		{"fd", number},
		{"rootmode", "40000"},
		{"user_id", "0"},
		{"group_id", "0"},
	};
	(void)snprintf(number, sizeof(number), "%d", fuse_fd);
	AUTO_CLOSE int fs = fsopen("fuse", FSOPEN_CLOEXEC);
	int r = fs < 0 ? -errno : 0;
	for (size_t i = 0; i < ARRAY_SIZE(options) && r >= 0; i++)
		r = set_option(fs, options[i].name, options[i].value);
	if (r >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r < 0)
		return r;
	int mount = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return mount < 0 ? -errno : mount;
}

static void drop(struct attachment *a)
{
	/* First: nothing waits for it then. */
	attach_worker_stop(a);
	a->data.loop.fuse_fd = fd_close(a->data.loop.fuse_fd);
	task_free(TAKE_PTR(a->data.loop.task));
	a->data.loop.mount_fd = fd_close(a->data.loop.mount_fd);
	a->data.loop.hold_fd = fd_close(a->data.loop.hold_fd);
}

static int begin(struct attachment *a, struct err *e)
{
	a->data.loop =
		(struct front_loop_data){.fuse_fd = -EBADF, .mount_fd = -EBADF, .hold_fd = -EBADF};
	AUTO_CLOSE int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0)
		return err_errno(e, -errno, "/dev/fuse");
	AUTO_CLOSE int mount = make_fuse(fuse);
	if (mount < 0)
		return err_errno(e, mount, "make a FUSE file system");
	int r = attach_worker_start(a, (const char *[]){"--fuse", NULL}, fuse, e);
	a->data.loop.mount_fd = TAKE_FD(mount);
	a->data.loop.fuse_fd = TAKE_FD(fuse);
	if (r < 0)
		drop(a);
	return r;
}

/* ---- the device ---------------------------------------------------------------------------- */

struct set_up {
	uint32_t block;
	bool read_only;
	char label[LOOPDEV_LABEL_MAX + 1];
};

/* The last to close the device waits for what is still to be written to it.  When this service is
 * killed that must not be itself, or its worker would never be told: so a process holds the device
 * that has nothing else, and lets go when the service has shut its end of a socket. */
__attribute__((noreturn)) static void hold(int loop, int socket)
{
	char c;
	(void)prctl(PR_SET_NAME, "metacd:blk-hold");
	if (dup2(loop, 0) < 0 || dup2(socket, 1) < 0)
		_exit(1);
	(void)syscall(SYS_close_range, 2, ~0U, 0);
	while (read(1, &c, 1) > 0)
		continue;
	fd_close(0);
	_exit(0);
}

/* *ret_fd: the end of that socket which is ours. */
static int begin_to_hold(int loop, int *ret_fd, pid_t *ret_pid)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		hold(loop, pair[1]);
	int r = pid < 0 ? -errno : 0;
	fd_close(pair[1]);
	if (r < 0)
		fd_close(pair[0]);
	else
		*ret_fd = pair[0];
	*ret_pid = pid;
	return r;
}

static int set_up_task(const void *arg, const int *fds, struct task_result *ret)
{
	const struct set_up *s = arg;
	struct err e = {};
	struct loopdev_config cfg = {
		.block = s->block, .read_only = s->read_only, .label = s->label};
	AUTO_CLOSE int file = loopdev_open_file(fds[0], "disk", s->read_only);
	if (file < 0)
		return task_failed(ret, file, "open the file behind the device");
	cfg.file = file;
	AUTO_CLOSE int loop = -EBADF;
	int number = loopdev_new(&cfg, &loop, &e);
	if (number < 0) {
		(void)snprintf(ret->text, sizeof(ret->text), "%.299s", e.msg);
		return number;
	}
	pid_t holder = 0;
	int r = begin_to_hold(loop, &ret->fd, &holder);
	memcpy(ret->data, &holder, sizeof(holder));
	ret->len = sizeof(holder);
	return r < 0 ? task_failed(ret, r, "hold the device") : number;
}

static void resize(struct attachment *a);

static void on_set_up(void *user, struct task_result *result)
{
	struct attachment *a = user;
	task_free(TAKE_PTR(a->data.loop.task));
	if (result->code < 0 || result->fd < 0) {
		attach_on_failed(a, MAX(-result->code, 1), result->text);
		return;
	}
	a->data.loop.hold_fd = TAKE_FD(result->fd);
	loopdev_path(result->code, a->device);
	memcpy(&a->holder, result->data, sizeof(a->holder));
	if (a->data.loop.resize_again)
		resize(a);
	attach_on_connected(a);
}

static int set_up(struct attachment *a)
{
	struct set_up s = {
		.block = MAX(a->export.block_min, (uint32_t)BLOCK_MIN),
		.read_only = a->read_only,
	};
	(void)snprintf(s.label, sizeof(s.label), "metac:%.57s", *a->name ? a->name : a->source);
	struct task_config cfg = {
		.event = loop_of(a)->event,
		.run = set_up_task,
		.arg = &s,
		.fds = {a->data.loop.mount_fd},
		.n_fds = 1,
		.timeout_us = SET_UP_SECONDS * UINT64_C(1000000),
		.done = on_set_up,
		.user = a,
	};
	return task_new(&cfg, &a->data.loop.task);
}

static bool can_be(struct attachment *a, char *why, size_t size)
{
	uint32_t block = a->export.block_min;
	if (a->export.size < BLOCK_MIN)
		(void)snprintf(why, size, "%llu bytes are less than one sector",
			(unsigned long long)a->export.size);
	else if (block > BLOCK_MAX || (block & (block - 1)))
		(void)snprintf(why, size, "blocks of %u bytes are too large for a loop device (%d)",
			block, BLOCK_MAX);
	else
		return true;
	return false;
}

static void epoch_note(struct attachment *a)
{
	memcpy(a->data.loop.epoch, a->epoch, a->epoch_len);
	a->data.loop.epoch_len = a->epoch_len;
}

/* The worker that has died would have known what to write again. */
static bool has_lost_writes(const struct attachment *a)
{
	return a->data.loop.reborn && !a->read_only &&
	       (a->data.loop.epoch_len != a->epoch_len ||
		       memcmp(a->data.loop.epoch, a->epoch, a->epoch_len) != 0);
}

static void negotiated(struct attachment *a)
{
	char why[100];
	epoch_note(a);
	/* As the server has it: it may offer less than was asked for. */
	if (a->export.flags & NBD_FLAG_READ_ONLY)
		a->read_only = true;
	if (*a->device) {
		if (a->data.loop.reborn)
			(void)attach_worker_flush(a); /* else it is as if it had not been done */
		attach_on_connected(a);
		return;
	}
	if (a->data.loop.task)
		return; /* connected again while it is set up */
	if (!can_be(a, why, sizeof(why)))
		attach_on_failed(a, EINVAL, why);
	else if (set_up(a) < 0)
		attach_on_failed(a, ENOMEM, "out of memory");
}

static void flushed(struct attachment *a, int error)
{
	if (!error)
		a->data.loop.reborn = false;
}

/* ---- its size ------------------------------------------------------------------------------ */

struct resizing {
	uint64_t size;
	char device[LOOPDEV_PATH_SIZE];
};

static int resize_task(const void *arg, const int *fds, struct task_result *ret)
{
	const struct resizing *to = arg;
	struct statx st = {};
	/* Asking the file for its size is how the kernel comes to know it. */
	for (int i = 0; i < RESIZE_LOOKS_MAX; i++) {
		if (statx(fds[0], "disk", AT_STATX_FORCE_SYNC | AT_SYMLINK_NOFOLLOW, STATX_SIZE,
			    &st) < 0)
			return task_failed(ret, -errno, "ask for the new size");
		if (st.stx_size == to->size)
			break;
		(void)usleep(10 * 1000);
	}
	AUTO_CLOSE int loop = open(to->device, O_RDONLY | O_CLOEXEC);
	int r = loop < 0 ? -errno : loopdev_resize(loop);
	return r < 0 ? task_failed(ret, r, "resize the device") : 0;
}

static void on_resized(void *user, struct task_result *result)
{
	struct attachment *a = user;
	task_free(TAKE_PTR(a->data.loop.task));
	if (result->code < 0)
		log_warning("%s: %s", attach_title(a), result->text);
	if (a->data.loop.resize_again)
		resize(a);
}

static void resize(struct attachment *a)
{
	int r = attach_worker_size(a, a->export.size);
	a->data.loop.resize_again = a->data.loop.task || !*a->device;
	if (r >= 0 && !a->data.loop.resize_again) {
		struct resizing to = {.size = a->export.size};
		(void)snprintf(to.device, sizeof(to.device), "%.31s", a->device);
		struct task_config cfg = {
			.event = loop_of(a)->event,
			.run = resize_task,
			.arg = &to,
			.fds = {a->data.loop.mount_fd},
			.n_fds = 1,
			.timeout_us = RESIZE_SECONDS * UINT64_C(1000000),
			.done = on_resized,
			.user = a,
		};
		r = task_new(&cfg, &a->data.loop.task);
	}
	if (r < 0)
		log_warning("%s: cannot be resized: %s", attach_title(a), strerror(-r));
}

/* ---- its end ------------------------------------------------------------------------------- */

static void over(struct attachment *a, const char *why)
{
	attach_worker_over(a, EIO, why);
}

/* The kernel does what is left to do when the last descriptor is closed. */
static int end_task(const void *arg, const int *fds, struct task_result *ret)
{
	char c;
	(void)shutdown(fds[0], SHUT_WR);
	(void)!read(fds[0], &c, 1); /* until it has been closed */
	return 0;
}

static size_t end_fds(struct attachment *a, int ret[TASK_FDS_MAX])
{
	task_free(TAKE_PTR(a->data.loop.task));
	a->data.loop.fuse_fd = fd_close(a->data.loop.fuse_fd); /* the worker has its own */
	a->data.loop.mount_fd = fd_close(a->data.loop.mount_fd);
	ret[0] = TAKE_FD(a->data.loop.hold_fd);
	return 1;
}

/* Another one in its place; what it needs to know, it learns from the next connection. */
static int replace_worker(struct attachment *a, struct err *e)
{
	uint64_t now = 0;
	(void)sd_event_now(loop_of(a)->event, CLOCK_MONOTONIC, &now);
	if (now - a->data.loop.born_us > PROVEN_US)
		a->data.loop.deaths = 0;
	a->data.loop.born_us = now;
	if (a->data.loop.deaths++ >= DEATHS_MAX)
		return err_set(e, -EIO, "its workers die one after the other");
	a->data.loop.reborn = true;
	const char *const mode[] = {"--fuse", "--again", NULL};
	return attach_worker_start(a, mode, a->data.loop.fuse_fd, e);
}

static void worker_ended(struct attachment *a)
{
	struct err e = {};
	if (!*a->device) {
		drop(a);
		a->begun = false;
		attach_on_lost(a, "the worker has ended");
		return;
	}
	if (replace_worker(a, &e) < 0) {
		a->data.loop.fuse_fd = fd_close(a->data.loop.fuse_fd);
		attach_on_failed(a, EIO, e.msg);
	} else if (a->state == ATTACH_GONE) {
		attach_worker_over(a, EIO, a->error);
	} else {
		attach_on_lost(a, "the worker has ended, and another one takes its place");
	}
}

static int connect_worker(struct attachment *a, int fd)
{
	/* Before anybody reads what is there instead. */
	if (has_lost_writes(a)) {
		attach_on_failed(a, EIO,
			"the other host was restarted and the worker has died: what was written "
			"and not flushed may be lost");
		return 0;
	}
	return attach_worker_connect(a, fd);
}

const struct front front_loop = {
	.name = "loop",
	.available = available,
	.begin = begin,
	.connect = connect_worker,
	.negotiated = negotiated,
	.flushed = flushed,
	.worker_ended = worker_ended,
	.over = over,
	.resize = resize,
	.end_task = end_task,
	.end_fds = end_fds,
	.drop = drop,
};
