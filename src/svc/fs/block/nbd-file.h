/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A file or block device as an array of bytes: what NBD's commands come to.
 *
 * All functions but nbd_file_init() may be called by several threads at once.  They return 0 or
 * negative errno, where -EINVAL from reading means that the file ends before (it was cut off while
 * it was served).  Offsets and lengths are multiples of block_min.
 */
#include "base/macro.h"

#include <stdatomic.h>

enum nbd_file_reading { /* how a read can be tried without waiting for the disk */
	NBD_FILE_TRY, /* preadv2(RWF_NOWAIT) tells */
	NBD_FILE_NEVER_WAITS, /* memory */
	NBD_FILE_MAY_WAIT, /* there is no telling: O_DIRECT, network file systems, FUSE */
};

struct nbd_file {
	int fd; /* borrowed */
	bool read_only, direct, device;
	enum nbd_file_reading reading;
	uint32_t block_min, block_preferred; /* bytes, powers of two */
	atomic_bool no_punch, no_zero_range, no_cachestat; /* was tried, and is not to be had */
};

enum { NBD_FILE_ALIGN = 4096 }; /* a buffer aligned so is good for every file */

/* -EINVAL: neither a file nor a block device; -EOPNOTSUPP: direct, and it cannot. */
int nbd_file_init(struct nbd_file *f, int fd, bool read_only, bool direct);
/* The present size, rounded down to block_min. */
int nbd_file_size(const struct nbd_file *f, uint64_t *ret);

/* All n bytes if they are in memory: true. False: it would have to wait, or it fails; nothing is
 * known then, but reading has been begun where the kernel does so. */
bool nbd_file_read_now(const struct nbd_file *f, void *p, size_t n, uint64_t at);
/* Whether n > 0 bytes are most likely in memory; or else their first one, where the kernel does not
 * tell (because it is old; or nothing but reading is allowed, and the file somebody else's). */
bool nbd_file_has_now(struct nbd_file *f, uint64_t at, size_t n);
int nbd_file_read(const struct nbd_file *f, void *p, size_t n, uint64_t at);
/* sync: has it on the disk when it returns (FUA). */
int nbd_file_write(const struct nbd_file *f, const void *p, size_t n, uint64_t at, bool sync);
/* fdatasync(2): everything written before. */
int nbd_file_flush(const struct nbd_file *f);
/* Begins reading into the cache, does not wait for it. */
void nbd_file_prefetch(const struct nbd_file *f, uint64_t at, uint64_t n);

/* n may be large; stop (may be NULL) ends it early, with -ECANCELED. */
int nbd_file_trim(struct nbd_file *f, uint64_t at, uint64_t n);
enum {
	NBD_FILE_KEEP = 1, /* the space stays allocated (NBD_CMD_FLAG_NO_HOLE) */
	NBD_FILE_FAST = 2, /* -EOPNOTSUPP rather than writing zeros */
};
int nbd_file_zero(
	struct nbd_file *f, uint64_t at, uint64_t n, unsigned flags, const atomic_bool *stop);
