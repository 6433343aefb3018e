/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Reads and writes of any size over a p9_client: what does not fit into one message is cut into
 * several that are under way together, page by page where possible.
 *
 * The callback is called once: for a write with the number of bytes from the start that were taken
 * without a gap, or the error if there are none; for a read with the bytes up to the end of the
 * file, or the error, so that a short result always means the end of the file.
 */
#include "wire/9p/client.h"

struct p9_io;

enum { P9_IO_MAX_PIECES = 512, P9_IO_MAX_SIZE = 8 * 1024 * 1024 };

/* data (reads only) is borrowed until the return. */
typedef void (*p9_io_fn)(void *user, int error, const void *data, size_t n);

struct p9_io_where {
	uint32_t fid;
	uint32_t iounit; /* from Rlopen; 0 = as much as fits */
	uint64_t offset;
	uint64_t size_hint; /* reads: where the file is believed to end; a short read that does not
			     * end there is followed up until a read returns nothing */
};

/* *ret is good for p9_io_flush until the callback. The callback is never called before the return.
 * 0 or negative errno (then there is no callback): -EAGAIN, -EIO ... */
int p9_io_read(struct p9_client *c, const struct p9_io_where *w, size_t size, p9_io_fn fn,
	void *user, struct p9_io **ret);
int p9_io_write(struct p9_client *c, const struct p9_io_where *w, const void *data, size_t size,
	p9_io_fn fn, void *user, struct p9_io **ret);

/* Flushes all that is under way. */
void p9_io_flush(struct p9_io *io);
