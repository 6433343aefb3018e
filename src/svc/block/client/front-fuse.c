/* SPDX-License-Identifier: MIT */
/*
 * Front end --fuse: the device as one file, "disk", of a FUSE file system, for a loop device to be
 * put on.
 *
 * Theory of operation: of FUSE so little is needed that the messages (linux/fuse.h) are read and
 * written here, each right from and to where its data stays: a request's header and the data of a
 * WRITE go to different places with one readv(), an answer's header and the data of a READ come
 * from different places with one writev().
 *
 * INIT is answered at once, so that the mount is usable; then nothing is read until the export is
 * known.  The kernel keeps nothing of the file (FOPEN_DIRECT_IO): what is above it has a cache of
 * its own.  The file's size is asked for each time (attr_valid 0).
 *
 * With --again the keeper, which has kept /dev/fuse, gives it to a second worker after the first
 * has died.  INIT has been answered then, and the kernel is asked to send again what it has had no
 * answer to (FUSE_NOTIFY_RESEND, of Linux 6.9): the device goes on as if nothing had happened.
 *
 * The kernel is trusted, in that it could do anything anyway; lengths are checked all the same.
 */
#include "base/log.h"
#include "svc/block/client/fuse-op.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>

enum { READ_BATCH = 64, MINOR = 36, NOTIFY_RESEND = 7 };

static struct front_fuse *fuse_of(struct front *f)
{
	return container_of(f, struct front_fuse, front);
}

/* ---- answers that need nobody ---- */

void fuse_answer(struct front_fuse *f, uint64_t unique, int error, const void *data, size_t n)
{
	struct fuse_out_header h = {
		.len = (uint32_t)(sizeof(h) + n), .error = error, .unique = unique};
	struct iovec iov[2] = {{&h, sizeof(h)}, {(void *)(uintptr_t)data, n}};
	/* It may be gone: interrupted by force, or unmounted. */
	if (writev(f->watch.fd, iov, n ? 2 : 1) < 0 && errno != ENOENT && errno != ENODEV)
		log_peer(LOG_DEBUG, "/dev/fuse: %s", strerror(errno));
}

static void answer_init(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	const struct fuse_init_in *in = body;
	uint32_t want = FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_ASYNC_DIO |
			FUSE_PARALLEL_DIROPS;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = MINOR,
		.max_readahead = in->max_readahead,
		.flags = in->flags & want,
		.max_background = FUSE_BACKGROUND,
		.congestion_threshold = FUSE_BACKGROUND * 3 / 4,
		.max_write = FUSE_DATA_MAX,
		.time_gran = 1,
		.max_pages = FUSE_DATA_MAX / 4096,
	};
	if (in->major != FUSE_KERNEL_VERSION || in->minor < 28) { /* of Linux 4.20 */
		fuse_answer(f, h->unique, -EPROTO, NULL, 0);
		client_end(f->front.client, -EPROTO);
		return;
	}
	f->initialised = true;
	fuse_answer(f, h->unique, 0, &out, sizeof(out));
}

static struct fuse_attr attr_of(const struct front_fuse *f, uint64_t node)
{
	struct block_export e = client_export(f->front.client);
	bool read_only = e.flags & NBD_FLAG_READ_ONLY;
	if (node == FUSE_ROOT_ID)
		return (struct fuse_attr){
			.ino = node, .mode = S_IFDIR | 0500, .nlink = 2, .blksize = 4096};
	return (struct fuse_attr){
		.ino = node,
		.size = e.size,
		.blocks = e.size / 512,
		.mode = S_IFREG | (read_only ? 0400 : 0600),
		.nlink = 1,
		.blksize = MAX(e.block_preferred, 4096u),
	};
}

static void do_lookup(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	struct fuse_entry_out out = {
		.nodeid = FUSE_NODE_DISK, .entry_valid = 3600, .attr = attr_of(f, FUSE_NODE_DISK)};
	bool is_disk = h->nodeid == FUSE_ROOT_ID && h->len == sizeof(*h) + sizeof(FUSE_FILE_NAME) &&
		       !memcmp(body, FUSE_FILE_NAME, sizeof(FUSE_FILE_NAME));
	fuse_answer(f, h->unique, is_disk ? 0 : -ENOENT, &out, is_disk ? sizeof(out) : 0);
}

static void do_getattr(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	struct fuse_attr_out out = {.attr = attr_of(f, h->nodeid)};
	fuse_answer(f, h->unique, 0, &out, sizeof(out));
}

/* Times may be set, to no effect; a size may not. */
static void do_setattr(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	const struct fuse_setattr_in *in = body;
	if (in->valid & (FATTR_MODE | FATTR_UID | FATTR_GID | FATTR_SIZE))
		fuse_answer(f, h->unique, -EPERM, NULL, 0);
	else
		do_getattr(f, h, body);
}

static void do_open(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	const struct fuse_open_in *in = body;
	struct fuse_open_out out = {
		.open_flags = FOPEN_DIRECT_IO | FOPEN_NOFLUSH | FUSE_PARALLEL_DIRECT_WRITES};
	uint16_t flags = client_export(f->front.client).flags;
	if (h->nodeid != FUSE_NODE_DISK)
		fuse_answer(f, h->unique, -EISDIR, NULL, 0);
	else if ((in->flags & O_ACCMODE) != O_RDONLY && (flags & NBD_FLAG_READ_ONLY))
		fuse_answer(f, h->unique, -EROFS, NULL, 0);
	else
		fuse_answer(f, h->unique, 0, &out, sizeof(out));
}

static void do_opendir(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	struct fuse_open_out out = {};
	fuse_answer(f, h->unique, h->nodeid == FUSE_ROOT_ID ? 0 : -ENOTDIR, &out, sizeof(out));
}

static size_t add_dirent(uint8_t *p, uint64_t ino, uint64_t next, uint32_t type, const char *name)
{
	struct fuse_dirent *d = (struct fuse_dirent *)(void *)p;
	*d = (struct fuse_dirent){
		.ino = ino, .off = next, .namelen = (uint32_t)strlen(name), .type = type};
	memcpy(d->name, name, d->namelen);
	return FUSE_DIRENT_SIZE(d);
}

static void do_readdir(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	const struct fuse_read_in *in = body;
	uint64_t out[64] = {};
	uint8_t *p = (uint8_t *)out;
	size_t n = 0;
	if (in->offset < 1)
		n += add_dirent(p + n, FUSE_ROOT_ID, 1, S_IFDIR >> 12, ".");
	if (in->offset < 2)
		n += add_dirent(p + n, FUSE_ROOT_ID, 2, S_IFDIR >> 12, "..");
	if (in->offset < 3)
		n += add_dirent(p + n, FUSE_NODE_DISK, 3, S_IFREG >> 12, FUSE_FILE_NAME);
	fuse_answer(f, h->unique, 0, out, MIN(n, (size_t)in->size));
}

static void do_statfs(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	struct fuse_statfs_out out = {.st = {.blocks = client_export(f->front.client).size / 4096,
					      .bsize = 4096,
					      .frsize = 4096,
					      .namelen = 255,
					      .files = 1}};
	fuse_answer(f, h->unique, 0, &out, sizeof(out));
}

static void do_nothing(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
	fuse_answer(f, h->unique, 0, NULL, 0);
}

/* Not answered. */
static void do_forget(struct front_fuse *f, const struct fuse_in_header *h, const void *body)
{
}

static const struct {
	size_t body; /* so much must come behind the header */
	void (*run)(struct front_fuse *f, const struct fuse_in_header *h, const void *body);
} methods[] = {
	[FUSE_LOOKUP] = {1, do_lookup},
	[FUSE_FORGET] = {0, do_forget},
	[FUSE_BATCH_FORGET] = {0, do_forget},
	[FUSE_INTERRUPT] = {0, do_forget}, /* what waits for the server goes on waiting */
	[FUSE_GETATTR] = {0, do_getattr},
	[FUSE_SETATTR] = {16, do_setattr},
	[FUSE_OPEN] = {sizeof(struct fuse_open_in), do_open},
	[FUSE_OPENDIR] = {0, do_opendir},
	[FUSE_READDIR] = {sizeof(struct fuse_read_in), do_readdir},
	[FUSE_STATFS] = {0, do_statfs},
	[FUSE_RELEASE] = {0, do_nothing},
	[FUSE_RELEASEDIR] = {0, do_nothing},
	[FUSE_DESTROY] = {0, do_nothing},
	[FUSE_READ] = {sizeof(struct fuse_read_in), fuse_do_read},
	[FUSE_WRITE] = {sizeof(struct fuse_write_in), fuse_do_write},
	[FUSE_FSYNC] = {0, fuse_do_fsync},
	[FUSE_FALLOCATE] = {sizeof(struct fuse_fallocate_in), fuse_do_fallocate},
	[FUSE_LSEEK] = {sizeof(struct fuse_lseek_in), fuse_do_lseek},
};

/* ---- requests ---- */

static void dispatch(struct front_fuse *f, size_t n)
{
	const struct fuse_in_header *h = (const void *)f->head;
	if (n < sizeof(*h) || h->len != n)
		return;
	const void *body = h + 1;
	if (h->opcode == FUSE_INIT && n >= sizeof(*h) + 16)
		answer_init(f, h, body);
	else if (h->opcode >= ARRAY_SIZE(methods) || !methods[h->opcode].run)
		fuse_answer(f, h->unique, -ENOSYS, NULL, 0);
	else if (!f->is_open && methods[h->opcode].run != do_forget)
		fuse_answer(f, h->unique, -EIO, NULL, 0);
	else if (n - sizeof(*h) < methods[h->opcode].body)
		fuse_answer(f, h->unique, -EINVAL, NULL, 0);
	else
		methods[h->opcode].run(f, h, body);
}

/* Requests are read when they can be answered, or wait for the server as operations. */
static bool may_read(const struct front_fuse *f)
{
	bool known = f->is_open || f->front.client->over;
	return f->watch.fd >= 0 && (!f->initialised || known) && f->n_ops < FUSE_OPS_MAX;
}

static void on_fuse(struct watch *w, uint32_t revents)
{
	struct front_fuse *f = container_of(w, struct front_fuse, watch);
	ssize_t n, taken = 0;
	for (int i = 0; i < READ_BATCH && may_read(f) && taken < CLIENT_TURN_BYTES; i++) {
		if (!f->data && fuse_data_new(f) < 0)
			return;
		struct iovec iov[2] = {{f->head, sizeof(f->head)}, {f->data, FUSE_DATA_MAX}};
		n = readv(w->fd, iov, 2);
		if (n < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			/* Unmounted. */
			client_end(f->front.client, n < 0 && errno != ENODEV ? -errno : 0);
			return;
		}
		taken += n;
		dispatch(f, (size_t)n);
		/* A single program's requests come one at a time: it waits for the answer. */
		if (f->n_ops <= 1)
			break;
	}
	if (revents & (EPOLLERR | EPOLLHUP))
		client_end(f->front.client, 0);
}

/* ---- the table ---- */

/* The kernel asks for it again. */
static void front_resized(struct front *front)
{
	struct front_fuse *f = fuse_of(front);
	uint64_t size = client_export(front->client).size;
	struct fuse_notify_inval_inode_out note = {.ino = FUSE_NODE_DISK, .off = -1};
	struct fuse_out_header h = {
		.len = sizeof(h) + sizeof(note), .error = FUSE_NOTIFY_INVAL_INODE};
	struct iovec iov[2] = {{&h, sizeof(h)}, {&note, sizeof(note)}};
	if (f->is_open && f->size != size && writev(f->watch.fd, iov, 2) < 0 && errno != ENOENT)
		log_debug("/dev/fuse: %s", strerror(errno));
	f->size = size;
}

/* What the worker before was asked. */
static void ask_again(struct front_fuse *f)
{
	struct fuse_out_header h = {.len = sizeof(h), .error = NOTIFY_RESEND};
	f->again = false;
	if (write(f->watch.fd, &h, sizeof(h)) < 0) {
		log_error(
			"the kernel does not ask again what was not answered: %s", strerror(errno));
		client_end(f->front.client, -errno);
	}
}

static void front_ready(struct front *front)
{
	struct front_fuse *f = fuse_of(front);
	if (f->again)
		ask_again(f);
	front_resized(front);
	f->is_open = true;
}

static void front_over(struct front *front)
{
}

static int front_turn(struct front *front)
{
	struct front_fuse *f = fuse_of(front);
	watch_want(&f->watch, may_read(f) ? EPOLLIN : 0);
	return fuse_tidy(f);
}

static void front_free(struct front *front)
{
	struct front_fuse *f = fuse_of(front);
	watch_remove(&f->watch);
	fuse_buffers_clear(f);
	free(f);
}

static const struct front_ops fuse_ops = {
	.ready = front_ready,
	.resized = front_resized,
	.over = front_over,
	.turn = front_turn,
	.free = front_free,
};

int front_fuse_new(struct client *c, struct front **ret)
{
	int flags = fcntl(BLOCK_FD_FRONT, F_GETFL);
	if (flags < 0 || fcntl(BLOCK_FD_FRONT, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	struct front_fuse *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->front = (struct front){.ops = &fuse_ops, .client = c};
	f->initialised = f->again = c->again;
	int r = watch_add(&c->loop, &f->watch, BLOCK_FD_FRONT, EPOLLIN, on_fuse);
	if (r < 0) {
		free(f);
		return r;
	}
	*ret = &f->front;
	return 0;
}
