/* SPDX-License-Identifier: MIT */
/*
 * What is done with open files: read, write, fsync, clunk.
 *
 * Theory of operation: payload is read and written where it lies in the connection's buffers,
 * always at an offset of its own: nothing here depends on where a descriptor stands.  Of long reads
 * the pages go to the connection themselves, by way of a pipe.
 */
#include "svc/fs/server/9p-tree.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/uio.h>
#include <sys/vfs.h>

static int read_xattr(struct p9_job *j, const struct p9_xattr *x)
{
	uint64_t offset = j->q.t.tread.offset;
	size_t n = offset < x->size ? MIN(x->size - offset, j->q.count) : 0;
	if (n)
		memcpy(j->payload, x->bytes + offset, n);
	j->q.r.rread.data = (struct p9_data){.p = j->payload, .len = (uint32_t)n};
	return 0;
}

/* A file system that is nothing but memory does not know RWF_NOWAIT: it never waits. */
static bool in_memory(int fd)
{
	struct statfs st;
	return fstatfs(fd, &st) == 0 && (st.f_type == TMPFS_MAGIC || st.f_type == RAMFS_MAGIC);
}

/* What memory holds. A short answer is one only at the end of the file. */
static ssize_t read_quick(int fd, void *buf, size_t n, uint64_t offset)
{
	struct stat st;
	struct iovec iov = {.iov_base = buf, .iov_len = n};
	ssize_t got = preadv2(fd, &iov, 1, (off_t)offset, RWF_NOWAIT);
	if (got < 0 && errno == EOPNOTSUPP) {
		if (!in_memory(fd))
			return -EAGAIN;
		got = pread(fd, buf, n, (off_t)offset);
	}
	if (got < 0)
		return -errno;
	if ((size_t)got == n || !got)
		return got;
	if (fstat(fd, &st) < 0 || offset + (uint64_t)got < (uint64_t)st.st_size)
		return -EAGAIN;
	return got;
}

ssize_t p9_read_fd(const struct p9_job *j, int fd, void *buf, size_t n, uint64_t offset)
{
	if (!j->may_block)
		return read_quick(fd, buf, n, offset);
	ssize_t got = pread(fd, buf, n, (off_t)offset);
	return got < 0 ? -errno : got;
}

/* Whether the byte is in memory; where nothing else is known, it is if the file system is. */
static bool at_hand(int fd, uint64_t offset)
{
	char c;
	struct iovec iov = {.iov_base = &c, .iov_len = 1};
	ssize_t n = preadv2(fd, &iov, 1, (off_t)offset, RWF_NOWAIT);
	return n == 1 || (n < 0 && errno == EOPNOTSUPP && in_memory(fd));
}

/* Through the pipe, if it is worth it, and the data seems to be in memory or we may wait for it. 0:
 * it is not worth it; -EAGAIN: we should have to wait. */
static ssize_t read_by_pipe(struct p9_job *j, int fd, uint64_t offset)
{
	struct stat st;
	if (j->q.count < P9_PIPE_LEAST || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		offset >= (uint64_t)st.st_size)
		return 0;
	size_t n = (size_t)MIN((uint64_t)j->q.count, (uint64_t)st.st_size - offset);
	if (n < P9_PIPE_LEAST)
		return 0;
	if (!j->may_block && (!at_hand(fd, offset) || !at_hand(fd, offset + n - 1)))
		return -EAGAIN;
	size_t piped = p9_pipe_fill(j->pipe, fd, offset, n);
	if (piped == n || !piped)
		return (ssize_t)piped;
	if (p9_read_fd(j, fd, j->payload, n - piped, offset + piped) == (ssize_t)(n - piped))
		return (ssize_t)n;
	p9_pipe_close(j->pipe);
	return j->may_block ? 0 : -EAGAIN;
}

int p9_do_read(struct p9_job *j)
{
	struct p9_file *f = p9_job_file(j);
	uint64_t offset = j->q.t.tread.offset;
	if (f->state == P9_XATTR_GET)
		return read_xattr(j, f->xattr);
	if (f->state == P9_DIR)
		return -EISDIR;
	if (f->state != P9_FILE)
		return -EBADF;
	if (offset > INT64_MAX)
		return -EINVAL;
	ssize_t n = j->pipe ? read_by_pipe(j, f->fd, offset) : 0;
	if (!n)
		n = p9_read_fd(j, f->fd, j->payload, j->q.count, offset);
	if (n == -EAGAIN && !j->may_block)
		return P9_TREE_WOULD_BLOCK;
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

ssize_t p9_append_fd(int fd, const void *buf, size_t n)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)buf, .iov_len = n};
	return pwritev2(fd, &iov, 1, 0, RWF_APPEND);
}

int p9_do_write(struct p9_job *j)
{
	struct p9_file *f = p9_job_file(j);
	struct p9_data d = j->q.t.twrite.data;
	if (f->state == P9_XATTR_SET)
		return write_xattr(j, f);
	if (f->state != P9_FILE)
		return -EBADF;
	uint64_t offset = j->q.t.twrite.offset;
	if (offset > INT64_MAX && offset != P9_APPEND)
		return -EINVAL;
	ssize_t n = offset == P9_APPEND ? p9_append_fd(f->fd, d.p, d.len)
					: pwrite(f->fd, d.p, d.len, (off_t)offset);
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
