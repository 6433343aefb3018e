/* SPDX-License-Identifier: MIT */
/* Theory of operation: nbd-extents.h. */
#include "svc/fs/block/nbd-extents.h"

/* The end of what begins at `at`, which is told; not beyond end. Negative errno. */
static int64_t next_edge(const struct nbd_file *f, uint64_t at, uint64_t end, uint32_t *ret_state)
{
	off_t data = lseek(f->fd, (off_t)at, SEEK_DATA);
	if (data < 0 && errno != ENXIO)
		return -errno;
	*ret_state = NBD_STATE_HOLE | NBD_STATE_ZERO;
	if (data < 0) /* nothing but a hole until the end of the file */
		return (int64_t)end;
	if ((uint64_t)data > at)
		return (int64_t)MIN((uint64_t)data, end);
	*ret_state = 0;
	off_t hole = lseek(f->fd, (off_t)at, SEEK_HOLE);
	/* Somebody has changed it in between: it is data, if in doubt. */
	return hole <= (off_t)at ? (int64_t)end : (int64_t)MIN((uint64_t)hole, end);
}

/* Edges are the file system's, not the client's, whose blocks may be larger: a block with any data
 * in it is data. */
static uint64_t fit(
	const struct nbd_file *f, uint64_t at, uint64_t edge, uint64_t end, bool is_data)
{
	uint64_t mask = f->block_min - 1;
	if (edge == end || !(edge & mask))
		return edge;
	edge = is_data ? (edge | mask) + 1 : edge & ~mask;
	return MIN(MAX(edge, at), end);
}

int nbd_extents_find(
	const struct nbd_file *f, uint64_t at, uint64_t n, struct nbd_extent *ret, size_t max)
{
	uint64_t end = at + n;
	size_t k = 0;
	if (f->device) {
		*ret = (struct nbd_extent){.length = n};
		return 1;
	}
	while (at < end && k < max) {
		uint32_t state = 0;
		int64_t edge = next_edge(f, at, end, &state);
		if (edge == -EINVAL || edge == -EOPNOTSUPP) { /* the file system does not tell */
			edge = (int64_t)end;
			state = 0;
		} else if (edge < 0) {
			return (int)edge;
		}
		uint64_t to = fit(f, at, (uint64_t)edge, end, !state);
		if (to == at) { /* a hole of less than a block, then data */
			to = MIN(at + f->block_min, end);
			state = 0;
		}
		if (k && ret[k - 1].state == state)
			ret[k - 1].length += to - at;
		else
			ret[k++] = (struct nbd_extent){.length = to - at, .state = state};
		at = to;
	}
	return (int)k;
}
