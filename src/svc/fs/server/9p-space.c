/* SPDX-License-Identifier: MIT */
/*
 * Space inside files: fallocate, seeking for data and holes, copying ranges.
 *
 * Theory of operation: all three act on descriptors of open fids.  Seeking moves the descriptor's
 * own position, which nothing else here looks at.  A copy that takes long is answered when it has
 * lasted a while, with what has been done till then: the client asks for the rest.  Where the
 * kernel cannot copy from one file to the other by itself, the bytes take the way through the
 * reply's buffer.
 */
#include "svc/fs/server/9p-tree.h"

#include <fcntl.h>
#include <time.h>

enum { COPY_PIECE = 16 << 20, COPY_MS = 200 };

#define FALLOC_KNOWN                                                             \
	(P9_FALLOC_KEEP_SIZE | P9_FALLOC_PUNCH_HOLE | P9_FALLOC_COLLAPSE_RANGE | \
		P9_FALLOC_ZERO_RANGE | P9_FALLOC_INSERT_RANGE | P9_FALLOC_UNSHARE_RANGE)

int p9_do_fallocate(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	const struct p9_file *f = p9_job_file(j);
	if (f->state != P9_FILE)
		return -EBADF;
	if (t->tfallocate.mode & ~(uint32_t)FALLOC_KNOWN)
		return -EOPNOTSUPP;
	if (t->tfallocate.offset > INT64_MAX || t->tfallocate.length > INT64_MAX)
		return -EINVAL;
	int r = fallocate(f->fd, (int)t->tfallocate.mode, (off_t)t->tfallocate.offset,
		(off_t)t->tfallocate.length);
	return r < 0 ? -errno : 0;
}

int p9_do_seek(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	const struct p9_file *f = p9_job_file(j);
	if (f->state != P9_FILE)
		return -EBADF;
	if (t->tseek.whence != P9_SEEK_DATA && t->tseek.whence != P9_SEEK_HOLE)
		return -EINVAL;
	if (t->tseek.offset > INT64_MAX)
		return -ENXIO;
	off_t at = lseek(f->fd, (off_t)t->tseek.offset,
		t->tseek.whence == P9_SEEK_DATA ? SEEK_DATA : SEEK_HOLE);
	if (at < 0)
		return -errno;
	j->q.r.rseek.offset = (uint64_t)at;
	return 0;
}

/* --- copying --- */

/* Bytes copied, 0 at the end of the source, negative errno. */
static ssize_t copy_by_hand(struct p9_job *j, int from, off_t at, int to, off_t to_at, size_t n)
{
	size_t room = MIN(n, (size_t)(j->q.msize - P9_READ_HEADER));
	ssize_t got = pread(from, j->payload, room, at);
	if (got > 0)
		got = pwrite(to, j->payload, (size_t)got, to_at);
	return got < 0 ? -errno : got;
}

static bool kernel_cannot(int error)
{
	return error == EXDEV || error == EOPNOTSUPP || error == ENOSYS;
}

static ssize_t copy_piece(struct p9_job *j, off_t at, off_t to_at, size_t n)
{
	int from = p9_job_file(j)->fd, to = p9_job_file2(j)->fd;
	ssize_t got = copy_file_range(from, &at, to, &to_at, n, 0);
	if (got >= 0)
		return got;
	return kernel_cannot(errno) ? copy_by_hand(j, from, at, to, to_at, n) : -errno;
}

static uint64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int check_ranges(const struct p9_msg *t)
{
	uint64_t count = t->tcopyrange.count;
	if (t->tcopyrange.srcoffset > INT64_MAX || t->tcopyrange.dstoffset > INT64_MAX)
		return -EINVAL;
	if (count > INT64_MAX - t->tcopyrange.srcoffset ||
		count > INT64_MAX - t->tcopyrange.dstoffset)
		return -EOVERFLOW;
	return 0;
}

/* The kernel's own check sees one piece at a time. */
static bool overlap(const struct p9_job *j)
{
	const struct p9_file *a = p9_job_file(j), *b = p9_job_file2(j);
	uint64_t from = j->q.t.tcopyrange.srcoffset, to = j->q.t.tcopyrange.dstoffset;
	uint64_t n = j->q.t.tcopyrange.count;
	return a->ino == b->ino && a->dev == b->dev && from < to + n && to < from + n;
}

int p9_do_copyrange(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	uint64_t done = 0, end = now_ms() + COPY_MS;
	if (p9_job_file(j)->state != P9_FILE || p9_job_file2(j)->state != P9_FILE)
		return -EBADF;
	int r = check_ranges(t);
	if (!r && overlap(j))
		r = -EINVAL;
	if (r)
		return r;
	while (done < t->tcopyrange.count && !atomic_load(&j->q.flushed)) {
		ssize_t n = copy_piece(j, (off_t)(t->tcopyrange.srcoffset + done),
			(off_t)(t->tcopyrange.dstoffset + done),
			(size_t)MIN(t->tcopyrange.count - done, (uint64_t)COPY_PIECE));
		if (n < 0 && !done)
			return (int)n;
		if (n <= 0)
			break;
		done += (uint64_t)n;
		if (now_ms() >= end)
			break;
	}
	j->q.r.rcopyrange.count = done;
	return 0;
}
