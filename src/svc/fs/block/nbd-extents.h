/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where a file has data and where holes: base:allocation.
 *
 * What the file system keeps as a hole, or as space that was never written to, is a hole that reads
 * as zeros; everything else is data, as is all of a block device and of a file on a file
 * system that does not tell.  It is a view of a moment: others may write meanwhile.
 */
#include "svc/fs/block/nbd-file.h"
#include "wire/nbd/nbd-server.h"

/* From `at` on, n > 0 bytes at most, in up to max > 0 extents that lie next to each other. Returns
 * how many (at least one), or negative errno. */
int nbd_extents_find(
	const struct nbd_file *f, uint64_t at, uint64_t n, struct nbd_extent *ret, size_t max);
