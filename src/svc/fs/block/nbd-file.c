/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: nbd-file.h.
 *
 * Zeroing goes through what the file system or disk offers, cheapest first; what it once refused as
 * unknown is not tried again.  A block device zeroes with unmapping (PUNCH_HOLE) only if it does so
 * by itself, so that is the fast way; its ZERO_RANGE may write, which is not fast.
 */
#include "svc/fs/block/nbd-file.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>

enum {
	PREFETCH_PIECE = 1 << 20, /* a call is cut off at what the disk takes at once */
	PAGE = 4096,
	NR_CACHESTAT = 451, /* everywhere */
	PREFETCH_MAX = 64 << 20, /* more at once would push out of memory what came first */
	ZEROS = 64 << 10,
	ZERO_IOVS = 16,
};

static const uint8_t zeros[ZEROS] __attribute__((aligned(NBD_FILE_ALIGN)));

/* ---- what it is ---------------------------------------------------------------------------- */

/* The kernel tells what O_DIRECT wants of a file since 6.1; a page is enough for all. */
static void find_direct_alignment(struct nbd_file *f)
{
	struct statx st;
	f->block_min = MAX(f->block_min, 512U);
#ifdef STATX_DIOALIGN
	if (!statx(f->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st) &&
		(st.stx_mask & STATX_DIOALIGN) && st.stx_dio_offset_align &&
		st.stx_dio_offset_align <= NBD_FILE_ALIGN) {
		f->block_min = MAX(f->block_min, st.stx_dio_offset_align);
		return;
	}
#else
	(void)st;
#endif
	if (!f->device)
		f->block_min = NBD_FILE_ALIGN;
}

static int set_direct(struct nbd_file *f)
{
	int flags = fcntl(f->fd, F_GETFL);
	if (flags < 0 || fcntl(f->fd, F_SETFL, flags | O_DIRECT) < 0)
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	find_direct_alignment(f);
	return 0;
}

static enum nbd_file_reading find_reading(const struct nbd_file *f)
{
	uint8_t byte;
	struct iovec v = {&byte, 1};
	struct statfs fs;
	if (f->direct)
		return NBD_FILE_MAY_WAIT;
	if (!fstatfs(f->fd, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC) &&
		!f->device)
		return NBD_FILE_NEVER_WAITS;
	if (preadv2(f->fd, &v, 1, 0, RWF_NOWAIT) < 0 && errno != EAGAIN && errno != EIO)
		return NBD_FILE_MAY_WAIT;
	return NBD_FILE_TRY;
}

int nbd_file_init(struct nbd_file *f, int fd, bool read_only, bool direct)
{
	struct stat st;
	int sector;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH) ||
		(!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		return -EINVAL;
	*f = (struct nbd_file){.fd = fd,
		.read_only = read_only || (flags & O_ACCMODE) == O_RDONLY,
		.direct = direct,
		.device = S_ISBLK(st.st_mode),
		.block_min = 1};
	/* An offset would mean nothing. */
	if ((flags & O_APPEND) && fcntl(fd, F_SETFL, flags & ~O_APPEND) < 0)
		return -errno;
	if (f->device) {
		if (ioctl(fd, BLKSSZGET, &sector) < 0)
			return -errno;
		if (sector < 512 || sector > (64 << 10) || (sector & (sector - 1)))
			return -EINVAL;
		f->block_min = (uint32_t)sector;
	}
	int r = direct ? set_direct(f) : 0;
	if (r)
		return r;
	f->block_preferred = MAX(f->block_min, 4096U);
	f->reading = find_reading(f);
	return 0;
}

int nbd_file_size(const struct nbd_file *f, uint64_t *ret)
{
	off_t end = lseek(f->fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	*ret = (uint64_t)end & ~(uint64_t)(f->block_min - 1);
	return 0;
}

/* ---- reading and writing ------------------------------------------------------------------- */

static bool try_now(const struct nbd_file *f, void *p, size_t n, uint64_t at)
{
	struct iovec v = {p, n};
	return preadv2(f->fd, &v, 1, (off_t)at, RWF_NOWAIT) == (ssize_t)n;
}

bool nbd_file_read_now(const struct nbd_file *f, void *p, size_t n, uint64_t at)
{
	switch (f->reading) {
	case NBD_FILE_TRY:
		return try_now(f, p, n, at);
	case NBD_FILE_NEVER_WAITS:
		return pread(f->fd, p, n, (off_t)at) == (ssize_t)n;
	case NBD_FILE_MAY_WAIT:
		break;
	}
	return false;
}

/* How many pages of the range are in memory, or coming: cachestat(2), since Linux 6.5, which not
 * everybody may ask about every file. Negative: no telling. */
static int64_t pages_in_memory(struct nbd_file *f, uint64_t at, size_t n)
{
	struct {
		uint64_t off, len;
	} range = {at, n};
	struct {
		uint64_t cache, dirty, writeback, evicted, recently_evicted;
	} stat;
	if (atomic_load_explicit(&f->no_cachestat, memory_order_relaxed))
		return -1;
	if (!syscall(NR_CACHESTAT, f->fd, &range, &stat, 0))
		return (int64_t)stat.cache;
	atomic_store_explicit(&f->no_cachestat, true, memory_order_relaxed);
	return -1;
}

bool nbd_file_has_now(struct nbd_file *f, uint64_t at, size_t n)
{
	uint8_t byte;
	if (f->reading != NBD_FILE_TRY)
		return f->reading == NBD_FILE_NEVER_WAITS;
	int64_t pages = pages_in_memory(f, at, n);
	if (pages >= 0)
		return (uint64_t)pages == (at + n - 1) / PAGE - at / PAGE + 1;
	/* Trying its end, too, would look like random access to what reads ahead. */
	return try_now(f, &byte, 1, at);
}

int nbd_file_read(const struct nbd_file *f, void *p, size_t n, uint64_t at)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = pread(f->fd, (uint8_t *)p + done, n - done, (off_t)(at + done));
		if (r > 0)
			done += (size_t)r;
		else if (!r)
			return -EINVAL;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int nbd_file_write(const struct nbd_file *f, const void *p, size_t n, uint64_t at, bool sync)
{
	for (size_t done = 0; done < n;) {
		struct iovec v = {(uint8_t *)(uintptr_t)p + done, n - done};
		ssize_t r = sync ? pwritev2(f->fd, &v, 1, (off_t)(at + done), RWF_DSYNC)
				 : pwrite(f->fd, v.iov_base, v.iov_len, (off_t)(at + done));
		if (r > 0)
			done += (size_t)r;
		else if (!r)
			return -EIO;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int nbd_file_flush(const struct nbd_file *f)
{
	int r;
	do {
		r = fdatasync(f->fd);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

void nbd_file_prefetch(const struct nbd_file *f, uint64_t at, uint64_t n)
{
	if (f->reading == NBD_FILE_NEVER_WAITS || f->direct)
		return;
	n = MIN(n, (uint64_t)PREFETCH_MAX);
	for (uint64_t done = 0; done < n; done += PREFETCH_PIECE)
		(void)posix_fadvise(f->fd, (off_t)(at + done),
			(off_t)MIN(n - done, (uint64_t)PREFETCH_PIECE), POSIX_FADV_WILLNEED);
}

/* ---- trimming and zeroing ------------------------------------------------------------------ */

static bool is_unknown(int r)
{
	return r == -EOPNOTSUPP || r == -ENOSYS || r == -ENOTTY;
}

/* Unknown ones are noted in `refused`. */
static int allocate(
	const struct nbd_file *f, int mode, uint64_t at, uint64_t n, atomic_bool *refused)
{
	int r;
	if (atomic_load_explicit(refused, memory_order_relaxed))
		return -EOPNOTSUPP;
	do {
		r = fallocate(f->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)n);
	} while (r < 0 && errno == EINTR);
	r = r < 0 ? -errno : 0;
	if (is_unknown(r))
		atomic_store_explicit(refused, true, memory_order_relaxed);
	return is_unknown(r) ? -EOPNOTSUPP : r;
}

int nbd_file_trim(struct nbd_file *f, uint64_t at, uint64_t n)
{
	int r;
	if (f->device) {
		uint64_t range[2] = {at, n};
		r = ioctl(f->fd, BLKDISCARD, range) < 0 ? -errno : 0;
	} else {
		r = allocate(f, FALLOC_FL_PUNCH_HOLE, at, n, &f->no_punch);
	}
	return is_unknown(r) ? 0 : r; /* it is advice */
}

static int write_zeros(const struct nbd_file *f, uint64_t at, uint64_t n, const atomic_bool *stop)
{
	struct iovec v[ZERO_IOVS];
	while (n) {
		uint64_t piece = MIN(n, (uint64_t)ZEROS * ZERO_IOVS), left = piece;
		int k = 0;
		for (; left; k++) {
			v[k] = (struct iovec){(void *)(uintptr_t)zeros, MIN(left, (uint64_t)ZEROS)};
			left -= v[k].iov_len;
		}
		if (stop && atomic_load_explicit(stop, memory_order_relaxed))
			return -ECANCELED;
		ssize_t r = pwritev(f->fd, v, k, (off_t)at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		at += (uint64_t)r;
		n -= (uint64_t)r;
	}
	return 0;
}

int nbd_file_zero(
	struct nbd_file *f, uint64_t at, uint64_t n, unsigned flags, const atomic_bool *stop)
{
	int r = -EOPNOTSUPP;
	if (!(flags & NBD_FILE_KEEP))
		r = allocate(f, FALLOC_FL_PUNCH_HOLE, at, n, &f->no_punch);
	if (r == -EOPNOTSUPP && !(f->device && (flags & NBD_FILE_FAST)))
		r = allocate(f, FALLOC_FL_ZERO_RANGE, at, n, &f->no_zero_range);
	if (r == -EOPNOTSUPP && !(flags & NBD_FILE_FAST))
		r = write_zeros(f, at, n, stop);
	return r;
}
