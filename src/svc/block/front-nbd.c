/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own NBD client.  The worker (client/, --negotiate) does the handshake of each
 * connection, the kernel gets the socket, and from then on no process of ours touches a byte.
 *
 *	connection -> worker: handshake -> kernel: CONNECT, or RECONFIGURE after a loss
 *
 * The kernel keeps requests until there is another connection, and sends again what was not
 * answered.  What it does not keep is what was written, answered and not flushed: if the other
 * machine was restarted (another epoch) and the device was written to, that may be lost, and the
 * device fails rather than go on without.
 *
 * A device outlives this service when that is killed: requests wait.  Each is noted in the runtime
 * directory (block-nbd/N, a link whose target is the attachment's id, the epoch, and how often the
 * device was written to when it was connected: others may have had it before).  If the attachment
 * is restored soon, it gets its device back; else the device is ended.
 */
#include "base/log.h"
#include "svc/block/attach.h"
#include "svc/block/nbdnl.h"
#include "wire/nbd/nbd.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
	BLOCK_MIN = 512,
	BLOCK_MAX = 4096,
	NOTE_NAME = 40,
	NOTE_TEXT = ATTACH_ID_SIZE + 1 + 2 * BLOCK_EPOCH_MAX + 1 + 20 + 1,
	ORPHAN_SECONDS = 60,
	END_SECONDS = 5,
};

#define DEAD_FOREVER_S (UINT64_C(10) * 365 * 24 * 3600)

static const char notes[] = "block-nbd";

static struct loop *loop_of(const struct attachment *a)
{
	return service_loop(a->bs->service);
}

static void backend_of(const char *id, char ret[NBDNL_BACKEND_MAX])
{
	(void)snprintf(ret, NBDNL_BACKEND_MAX, "metac %s", id);
}

/* ---- notes --------------------------------------------------------------------------------- */

static void note_name(int index, char ret[NOTE_NAME])
{
	(void)snprintf(ret, NOTE_NAME, "%s/%d", notes, index);
}

static void note_remove(struct attachment *a)
{
	char name[NOTE_NAME];
	note_name(a->data.nbd.index, name);
	(void)unlinkat(a->bs->runtime, name, 0);
}

static void note_make(struct attachment *a)
{
	char name[NOTE_NAME], text[NOTE_TEXT], epoch[2 * BLOCK_EPOCH_MAX + 1];
	note_name(a->data.nbd.index, name);
	sodium_bin2hex(epoch, sizeof(epoch), a->data.nbd.epoch, a->data.nbd.epoch_len);
	(void)snprintf(text, sizeof(text), "%s %s %" PRIu64, a->id, epoch, a->data.nbd.writes);
	note_remove(a);
	(void)mkdirat(a->bs->runtime, notes, 0700);
	if (symlinkat(text, a->bs->runtime, name) < 0)
		log_warning("%s cannot be noted: %s", a->device, strerror(errno));
}

struct note {
	int index;
	char id[ATTACH_ID_SIZE];
	uint8_t epoch[BLOCK_EPOCH_MAX];
	size_t epoch_len;
	uint64_t writes;
};

/* A device that is noted, and is what the note says. */
static bool note_read(int dir, const char *name, struct note *ret)
{
	char text[NOTE_TEXT], backend[NBDNL_BACKEND_MAX];
	ssize_t n = readlinkat(dir, name, text, sizeof(text) - 1);
	text[MAX(n, 0)] = 0;
	char *hex = strchr(text, ' ');
	ret->index = atoi(name);
	if (!hex || hex - text != ATTACH_ID_SIZE - 1)
		return false;
	*hex++ = 0;
	memcpy(ret->id, text, sizeof(ret->id));
	char *writes = strchr(hex, ' ');
	if (!writes)
		return false;
	*writes++ = 0;
	ret->writes = strtoull(writes, NULL, 10);
	if (sodium_hex2bin(ret->epoch, sizeof(ret->epoch), hex, strlen(hex), NULL, &ret->epoch_len,
		    NULL) != 0)
		return false;
	backend_of(ret->id, backend);
	return nbdnl_is_ours(ret->index, backend);
}

/* Calls each for the devices that are noted. */
static void notes_each(
	int runtime, void (*each)(void *user, int dir, const struct note *n), void *user)
{
	int fd = openat(runtime, notes, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_close(fd);
		return;
	}
	for (const struct dirent *e; (e = readdir(d));) {
		struct note n = {};
		if (e->d_name[0] == '.')
			continue;
		if (note_read(dirfd(d), e->d_name, &n))
			each(user, dirfd(d), &n);
		else
			(void)unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
}

/* ---- the kernel ---------------------------------------------------------------------------- */

static struct attachment *find(struct block_service *bs, int index)
{
	list_for_each (it, &bs->attachments) {
		struct attachment *a = list_entry(it, struct attachment, link);
		if (a->front == &front_nbd && a->begun && a->data.nbd.index == index)
			return a;
	}
	return NULL;
}

static void on_dead(void *user, int index)
{
	struct attachment *a = find(user, index);
	/* Of an earlier connection: there is another one being negotiated. */
	if (a && a->state == ATTACH_UP && a->data.nbd.socket < 0)
		attach_on_lost(a, "the NBD connection ended");
}

static int open_netlink(struct block_service *bs, struct err *e)
{
	if (bs->nbd)
		return 0;
	return nbdnl_new(service_loop(bs->service)->event, on_dead, bs, &bs->nbd, e);
}

static int tell_kernel(struct attachment *a, struct err *e)
{
	char backend[NBDNL_BACKEND_MAX];
	backend_of(a->id, backend);
	struct nbdnl_device d = {
		.index = a->data.nbd.index,
		.socket = a->data.nbd.socket,
		.size = a->export.size,
		.block = MAX(a->export.block_min, (uint32_t)BLOCK_MIN),
		.flags = a->export.flags,
		.dead_s = a->timeout_s ?: DEAD_FOREVER_S,
		.backend = backend,
	};
	if (a->read_only)
		d.flags |= NBD_FLAG_READ_ONLY;
	if (d.index >= 0)
		return nbdnl_reconfigure(a->bs->nbd, &d, e);
	int index = nbdnl_connect(a->bs->nbd, &d, e);
	if (index >= 0) {
		a->data.nbd.index = index;
		a->data.nbd.writes = nbdnl_writes(index);
		(void)snprintf(a->device, sizeof(a->device), "/dev/nbd%d", index);
	}
	return index;
}

/* ---- connections --------------------------------------------------------------------------- */

static int available(struct err *e)
{
	return nbdnl_available(e);
}

static int begin(struct attachment *a, struct err *e)
{
	a->data.nbd.index = -1;
	a->data.nbd.socket = -EBADF;
	a->data.nbd.task = NULL;
	return open_netlink(a->bs, e);
}

static int connect_worker(struct attachment *a, int fd)
{
	static const char *const mode[] = {"--negotiate", NULL};
	struct err e = {};
	a->data.nbd.socket = fd_close(a->data.nbd.socket);
	/* A worker that may still be at the one before knows nothing that is worth keeping. */
	int r = attach_worker_start(a, mode, -EBADF, &e);
	if (r < 0)
		return r;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return -errno;
	a->data.nbd.socket = copy;
	return attach_worker_connect(a, fd);
}

static bool was_written(const struct attachment *a)
{
	uint64_t writes = nbdnl_writes(a->data.nbd.index);
	return writes == NBDNL_UNKNOWN || writes != a->data.nbd.writes;
}

static bool is_other_epoch(const struct attachment *a)
{
	return a->data.nbd.epoch_len != a->epoch_len ||
	       memcmp(a->data.nbd.epoch, a->epoch, a->epoch_len) != 0;
}

static bool can_be(struct attachment *a, char *why, size_t size)
{
	uint32_t block = a->export.block_min;
	if (a->export.size < BLOCK_MIN)
		(void)snprintf(why, size, "%llu bytes are less than one sector",
			(unsigned long long)a->export.size);
	else if (block > BLOCK_MAX || (block & (block - 1)))
		(void)snprintf(why, size, "blocks of %u bytes are too large for nbd (%d)", block,
			BLOCK_MAX);
	else if (a->data.nbd.index >= 0 && is_other_epoch(a) && was_written(a))
		(void)snprintf(why, size,
			"the other host was restarted: what was written to it "
			"and not flushed may be lost");
	else
		return true;
	return false;
}

static void negotiated(struct attachment *a)
{
	char why[160];
	struct err e = {};
	attach_worker_stop(a); /* it has done what it was for */
	if (a->data.nbd.socket < 0)
		return;
	if (a->export.flags & NBD_FLAG_READ_ONLY)
		a->read_only = true;
	if (!can_be(a, why, sizeof(why))) {
		attach_on_failed(a, EIO, why);
		return;
	}
	int r = tell_kernel(a, &e);
	a->data.nbd.socket = fd_close(a->data.nbd.socket);
	if (r < 0) {
		attach_on_refused(a, -r, e.msg);
		return;
	}
	memcpy(a->data.nbd.epoch, a->epoch, a->epoch_len);
	a->data.nbd.epoch_len = a->epoch_len;
	note_make(a);
	attach_on_connected(a);
}

static void worker_ended(struct attachment *a)
{
	a->data.nbd.socket = fd_close(a->data.nbd.socket);
	attach_on_lost(a, "the worker has ended");
}

static void resize(struct attachment *a)
{
	struct err e = {};
	if (a->data.nbd.index >= 0 && tell_kernel(a, &e) < 0)
		log_warning("%s: cannot be resized: %s", attach_title(a), e.msg);
}

/* ---- its end ------------------------------------------------------------------------------- */

static int end_task(const void *arg, const int *fds, struct task_result *ret)
{
	const struct front_end *end = arg;
	struct stat st;
	char pid[64];
	int index = atoi(end->device + strlen("/dev/nbd"));
	int r = nbdnl_disconnect(NULL, index);
	if (r < 0 && r != -EINVAL) /* it is not connected any more */
		return task_failed(ret, r, end->device);
	(void)snprintf(pid, sizeof(pid), "/sys/block/nbd%d/pid", index);
	for (int i = 0; i < END_SECONDS * 100 && stat(pid, &st) == 0; i++)
		(void)usleep(10 * 1000);
	return 0;
}

static void on_over(void *user, struct task_result *result)
{
	struct attachment *a = user;
	task_free(TAKE_PTR(a->data.nbd.task));
}

static void over(struct attachment *a, const char *why)
{
	struct front_end end = {};
	a->data.nbd.socket = fd_close(a->data.nbd.socket);
	attach_worker_stop(a);
	if (a->data.nbd.index < 0 || a->data.nbd.task)
		return;
	(void)snprintf(end.device, sizeof(end.device), "%s", a->device);
	struct task_config cfg = {
		.event = loop_of(a)->event,
		.run = end_task,
		.arg = &end,
		.timeout_us = 2 * END_SECONDS * UINT64_C(1000000),
		.done = on_over,
		.user = a,
	};
	if (task_new(&cfg, &a->data.nbd.task) < 0)
		(void)nbdnl_disconnect(a->bs->nbd, a->data.nbd.index);
}

static void forget_device(struct attachment *a)
{
	task_free(TAKE_PTR(a->data.nbd.task));
	a->data.nbd.socket = fd_close(a->data.nbd.socket);
	if (a->data.nbd.index >= 0)
		note_remove(a);
	a->data.nbd.index = -1;
}

static size_t end_fds(struct attachment *a, int ret[TASK_FDS_MAX])
{
	forget_device(a);
	return 0;
}

static void drop(struct attachment *a)
{
	if (a->data.nbd.index >= 0)
		(void)nbdnl_disconnect(a->bs->nbd, a->data.nbd.index);
	forget_device(a);
}

/* ---- what a killed predecessor left -------------------------------------------------------- */

static void adopt_if(void *user, int dir, const struct note *n)
{
	struct attachment *a = user;
	if (strcmp(n->id, a->id) || a->begun)
		return;
	struct err e = {};
	if (begin(a, &e) < 0)
		return;
	a->begun = true;
	a->data.nbd.index = n->index;
	memcpy(a->data.nbd.epoch, n->epoch, n->epoch_len);
	a->data.nbd.epoch_len = (uint32_t)n->epoch_len;
	a->data.nbd.writes = n->writes;
	(void)snprintf(a->device, sizeof(a->device), "/dev/nbd%d", n->index);
	log_info("%s: is still there as %s", attach_title(a), a->device);
}

static void adopt(struct attachment *a)
{
	notes_each(a->bs->runtime, adopt_if, a);
}

static void end_if_orphan(void *user, int dir, const struct note *n)
{
	struct block_service *bs = user;
	struct err e = {};
	char name[16];
	if (find(bs, n->index) || open_netlink(bs, &e) < 0)
		return;
	log_info("/dev/nbd%d: nobody has come back for it: ended", n->index);
	(void)nbdnl_disconnect(bs->nbd, n->index);
	(void)snprintf(name, sizeof(name), "%d", n->index);
	(void)unlinkat(dir, name, 0);
}

static int on_orphan_time(sd_event_source *source, uint64_t usec, void *user)
{
	struct block_service *bs = user;
	notes_each(bs->runtime, end_if_orphan, bs);
	return 0;
}

int front_nbd_start(struct block_service *bs)
{
	return sd_event_add_time_relative(service_loop(bs->service)->event, NULL, CLOCK_MONOTONIC,
		ORPHAN_SECONDS * UINT64_C(1000000), 0, on_orphan_time, bs);
}

const struct front front_nbd = {
	.name = "nbd",
	.available = available,
	.adopt = adopt,
	.begin = begin,
	.connect = connect_worker,
	.negotiated = negotiated,
	.worker_ended = worker_ended,
	.over = over,
	.resize = resize,
	.end_task = end_task,
	.end_fds = end_fds,
	.drop = drop,
};
