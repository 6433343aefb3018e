/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Pumping bytes between two descriptors until both directions have ended, by splice(2) through a
 * pipe, so that they do not pass through this process; by read and write where splice cannot
 * (terminals, files opened for appending).  Sockets, pipes, regular files, devices.
 *
 * Half-close is kept: when one end has no more to say, what is under way is delivered and the other
 * end's sending side is shut down, while the opposite direction goes on.
 */
#include "base/macro.h"

enum {
	COPY_ONE_WAY = 1, /* only from a to b */
	COPY_SYNC = 2, /* fsync b when a has ended */
};

/*
 * Blocks until done; the caller ignores SIGPIPE. a and b are borrowed, and may be the same kind or
 * not; a direction whose source cannot be read or whose sink cannot be written (access mode) counts
 * as ended. Sockets are made nonblocking meanwhile; the flags of other descriptors, which may be
 * shared, are left alone. ret_bytes (may be NULL): a to b, b to a. Returns 0; or the first error
 * that is not just the other side having gone (EPIPE, ECONNRESET end a direction and are no error)
 * after both have ended.
 */
int copy_run(int a, int b, unsigned flags, uint64_t ret_bytes[2]);
