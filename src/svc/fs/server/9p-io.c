/* SPDX-License-Identifier: MIT */
/*
 * Open files and directories: lopen, lcreate, read, write, fsync, readdir, clunk.
 *
 * Theory of operation: an object is opened by its O_PATH descriptor's name in /proc/self/fd, after
 * looking at its type there: the kernel leads that name to the object itself, so nothing can be put
 * in its place in between.  Once open, the fid keeps the file and gives the O_PATH descriptor back.
 * Payload is read and written where it lies in the connection's buffers.
 */
#include "svc/fs/server/9p-tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/uio.h>

enum { CREATE_TRIES = 8 };

/* O_DIRECT is left out (it wants aligned buffers), and O_NOATIME, which may be refused. */
static const struct {
	uint32_t p9;
	int native;
} open_flags[] = {
	{P9_O_TRUNC, O_TRUNC},
	{P9_O_APPEND, O_APPEND},
	{P9_O_DSYNC, O_DSYNC},
	{P9_O_SYNC, O_SYNC},
	{P9_O_DIRECTORY, O_DIRECTORY},
};

/* -EINVAL for an access mode that is none. */
static int native_flags(uint32_t p9)
{
	static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR, -1};
	int flags = modes[p9 & P9_O_ACCMODE];
	if (flags < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(open_flags); i++) {
		if ((p9 & open_flags[i].p9) == open_flags[i].p9)
			flags |= open_flags[i].native;
	}
	return flags | O_CLOEXEC | O_NOCTTY;
}

static int open_node(int at, mode_t mode, int flags)
{
	char path[P9_PROC_PATH];
	if (S_ISLNK(mode))
		return -ELOOP;
	if (!S_ISREG(mode) && !S_ISDIR(mode))
		return -ENXIO;
	int fd = open(p9_proc_path(at, path), flags);
	return fd < 0 ? -errno : fd;
}

/* The fid is open from here on: takes fd. */
static int become_open(struct p9_job *j, struct p9_file *f, int fd, int flags, struct p9_qid *ret)
{
	AUTO_CLOSE int owned = fd;
	struct stat st;
	if (fstat(owned, &st) < 0)
		return -errno;
	*ret = p9_qid_of(j->tree, &st);
	f->state = S_ISDIR(st.st_mode) ? P9_DIR : P9_FILE;
	f->accmode = flags & O_ACCMODE;
	f->ino = st.st_ino;
	f->dev = st.st_dev;
	f->fd = TAKE_FD(owned);
	p9_node_unref(TAKE_PTR(f->node));
	return 0;
}

/* Whole pages, so that clients who cut their transfers by it stay aligned. */
static uint32_t iounit(const struct p9_job *j)
{
	uint32_t room = j->q.count + P9_READ_HEADER - P9_IO_HEADER;
	return room < 4096 ? room : room & ~4095u;
}

int p9_do_lopen(struct p9_job *j)
{
	struct p9_file *f = p9_job_file(j);
	if (f->state != P9_PATH)
		return -EBADF;
	int flags = native_flags(j->q.t.tlopen.flags);
	if (flags < 0)
		return flags;
	int fd = open_node(f->node->fd, f->node->mode, flags);
	if (fd < 0)
		return fd;
	j->q.r.rlopen.iounit = iounit(j);
	return become_open(j, f, fd, flags, &j->q.r.rlopen.qid);
}

/* O_CREAT on a name that exists would follow nothing, but open a FIFO: so the name is either made
 * by us or looked at first. */
static int create_or_open(int dir, const char *name, int flags, mode_t mode, bool exclusive)
{
	for (int i = 0; i < CREATE_TRIES; i++) {
		struct stat st;
		int fd =
			openat(dir, name, (flags & ~O_TRUNC) | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST || exclusive)
			return -errno;
		AUTO_CLOSE int at = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (at < 0 && errno == ENOENT)
			continue;
		if (at < 0 || fstat(at, &st) < 0)
			return -errno;
		return S_ISDIR(st.st_mode) ? -EISDIR : open_node(at, st.st_mode, flags);
	}
	return -EAGAIN;
}

int p9_do_lcreate(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	char name[P9_MAX_NAME + 1];
	if (f->state != P9_PATH)
		return -EBADF;
	int flags = native_flags(t->tlcreate.flags);
	if (flags < 0)
		return flags;
	flags &= ~O_DIRECTORY;
	p9_cstr(t->tlcreate.name, name, sizeof(name));
	int fd = create_or_open(
		f->node->fd, name, flags, t->tlcreate.mode & 07777, t->tlcreate.flags & P9_O_EXCL);
	if (fd < 0)
		return fd;
	j->q.r.rlcreate.iounit = iounit(j);
	return become_open(j, f, fd, flags, &j->q.r.rlcreate.qid);
}

/* --- data --- */

static int read_xattr(struct p9_job *j, const struct p9_xattr *x)
{
	uint64_t offset = j->q.t.tread.offset;
	size_t n = offset < x->size ? MIN(x->size - offset, j->q.count) : 0;
	if (n)
		memcpy(j->payload, x->bytes + offset, n);
	j->q.r.rread.data = (struct p9_data){.p = j->payload, .len = (uint32_t)n};
	return 0;
}

/* What memory holds. A short answer is one only at the end of the file. */
static ssize_t read_quick(const struct p9_file *f, void *buf, size_t n, uint64_t offset)
{
	struct stat st;
	struct iovec iov = {.iov_base = buf, .iov_len = n};
	ssize_t got = preadv2(f->fd, &iov, 1, (off_t)offset, RWF_NOWAIT);
	if (got < 0)
		return errno == EOPNOTSUPP ? -EAGAIN : -errno;
	if ((size_t)got == n || !got)
		return got;
	if (fstat(f->fd, &st) < 0 || offset + (uint64_t)got < (uint64_t)st.st_size)
		return -EAGAIN;
	return got;
}

int p9_do_read(struct p9_job *j)
{
	struct p9_file *f = p9_job_file(j);
	uint64_t offset = j->q.t.tread.offset;
	ssize_t n;
	if (f->state == P9_XATTR_GET)
		return read_xattr(j, f->xattr);
	if (f->state == P9_DIR)
		return -EISDIR;
	if (f->state != P9_FILE)
		return -EBADF;
	if (offset > INT64_MAX)
		return -EINVAL;
	if (!j->may_block) {
		n = read_quick(f, j->payload, j->q.count, offset);
		if (n == -EAGAIN)
			return P9_TREE_WOULD_BLOCK;
	} else {
		n = pread(f->fd, j->payload, j->q.count, (off_t)offset);
		n = n < 0 ? -errno : n;
	}
	if (n < 0)
		return (int)n;
	j->q.r.rread.data = (struct p9_data){.p = j->payload, .len = (uint32_t)n};
	return 0;
}

static int write_xattr(struct p9_job *j, struct p9_file *f)
{
	struct p9_data d = j->q.t.twrite.data;
	uint64_t offset = j->q.t.twrite.offset;
	int r = 0;
	pthread_mutex_lock(&f->lock);
	struct p9_xattr *x = f->xattr;
	if (offset > x->size || d.len > x->size - offset)
		r = -ENOSPC;
	else if (d.len)
		memcpy(x->bytes + offset, d.p, d.len);
	if (!r)
		x->written += d.len;
	pthread_mutex_unlock(&f->lock);
	j->q.r.rwrite.count = d.len;
	return r;
}

int p9_do_write(struct p9_job *j)
{
	struct p9_file *f = p9_job_file(j);
	struct p9_data d = j->q.t.twrite.data;
	if (f->state == P9_XATTR_SET)
		return write_xattr(j, f);
	if (f->state != P9_FILE)
		return -EBADF;
	if (j->q.t.twrite.offset > INT64_MAX)
		return -EINVAL;
	ssize_t n = pwrite(f->fd, d.p, d.len, (off_t)j->q.t.twrite.offset);
	if (n < 0)
		return -errno;
	j->q.r.rwrite.count = (uint32_t)n;
	return 0;
}

int p9_do_fsync(struct p9_job *j)
{
	struct p9_file *f = p9_job_file(j);
	if (f->state != P9_FILE && f->state != P9_DIR)
		return -EBADF;
	int r = j->q.t.tfsync.datasync ? fdatasync(f->fd) : fsync(f->fd);
	return r < 0 ? -errno : 0;
}

int p9_do_clunk(struct p9_job *j)
{
	struct p9_file *f = p9_job_file(j);
	return f->state == P9_XATTR_SET ? p9_xattr_commit(j, f) : 0;
}

/* --- directories --- */

/* A place in the file that no entry has: the next read starts with lseek. */
#define NOWHERE UINT64_MAX

static struct p9_dir_buffer *dir_buffer_new(struct p9_tree *t)
{
	struct p9_dir_buffer *b = NULL;
	if (atomic_fetch_add(&t->dir_buffers, 1) < P9_DIR_BUFFERS_MAX)
		b = malloc(sizeof(*b));
	if (!b) {
		atomic_fetch_sub(&t->dir_buffers, 1);
		return NULL;
	}
	b->at = b->len = 0;
	b->next = NOWHERE;
	return b;
}

void p9_dir_buffer_free(struct p9_tree *t, struct p9_dir_buffer *b)
{
	if (!b)
		return;
	atomic_fetch_sub(&t->dir_buffers, 1);
	free(b);
}

/* Fills the buffer from where it ended, or from another offset. */
static int fill(struct p9_file *f, struct p9_dir_buffer *b, uint64_t offset)
{
	if (offset > INT64_MAX)
		return -EINVAL;
	if (offset == b->next && b->at < b->len)
		return 0;
	if (offset != b->next && lseek(f->fd, (off_t)offset, SEEK_SET) < 0)
		return -errno;
	b->at = b->len = 0;
	b->next = offset;
	ssize_t n = getdents64(f->fd, b->bytes, sizeof(b->bytes));
	if (n < 0) {
		b->next = NOWHERE; /* who knows where the file stands now */
		return -errno;
	}
	b->len = (size_t)n;
	return 0;
}

static struct p9_dirent entry_of(
	const struct p9_job *j, const struct p9_file *f, const struct dirent64 *d)
{
	struct stat st = {.st_ino = d->d_ino, .st_dev = f->dev};
	/* What is above the root is nobody's business. */
	if (!strcmp(d->d_name, "..") && f->ino == j->tree->root->ino &&
		f->dev == j->tree->root->dev)
		st.st_ino = f->ino;
	st.st_mode = DTTOIF(d->d_type);
	return (struct p9_dirent){.qid = p9_qid_of(j->tree, &st),
		.offset = (uint64_t)d->d_off,
		.type = d->d_type,
		.name = p9_str(d->d_name)};
}

static int read_entries(struct p9_job *j, struct p9_file *f, uint32_t *ret)
{
	struct p9_dir_buffer *b = f->dir;
	uint64_t offset = j->q.t.treaddir.offset;
	uint32_t used = 0;
	for (;;) {
		int r = fill(f, b, offset);
		if (r)
			return used ? 0 : r;
		if (b->at == b->len)
			break;
		const struct dirent64 *d = (const void *)(b->bytes + b->at);
		struct p9_dirent e = entry_of(j, f, d);
		int n = p9_dirent_encode(&e, j->payload + used, j->q.count - used);
		if (n < 0 && !used)
			return -EINVAL; /* not even one fits */
		if (n < 0)
			break;
		used += (uint32_t)n;
		b->at += d->d_reclen;
		offset = b->next = e.offset;
		*ret = used;
	}
	*ret = used;
	return 0;
}

int p9_do_readdir(struct p9_job *j)
{
	struct p9_file *f = p9_job_file(j);
	uint32_t used = 0;
	int r = 0;
	if (f->state != P9_DIR)
		return f->state == P9_FILE ? -ENOTDIR : -EBADF;
	pthread_mutex_lock(&f->lock);
	if (!f->dir)
		f->dir = dir_buffer_new(j->tree);
	r = f->dir ? read_entries(j, f, &used) : -ENOMEM;
	/* At the end it has done its work, and fids of directories may be many. */
	if (!r && !used) {
		p9_dir_buffer_free(j->tree, f->dir);
		f->dir = NULL;
	}
	pthread_mutex_unlock(&f->lock);
	j->q.r.rreaddir.data = (struct p9_data){.p = j->payload, .len = used};
	return r;
}
