/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Many pairs of connected stream sockets, each piped into one another in both directions, by one
 * thread: epoll, and splice(2) through kernel pipes that exist only while bytes are in flight.  An
 * idle pair costs its two sockets and about 150 bytes.
 *
 * Half-close is kept: when one socket has no more to say, what is under way is delivered and the
 * other's sending side is shut down, while the opposite direction goes on.  What is in flight is
 * bounded by one pipe a direction, and by PUMP_PIPES_MAX pipes: beyond that, bytes go through one
 * buffer, and are taken from their socket only when the other one has them.  No pair waits for
 * another that does not read; all that can move take turns.
 */
#include "base/macro.h"

enum {
	PUMP_PAIRS_MAX = 32768, /* the descriptors of a process end before */
	PUMP_PIPES_MAX = 192, /* of 256 KiB: what an ordinary user may have in pipes is 64 MiB */
	PUMP_PIPE_BYTES = 256 << 10,
};

struct pump;

/* A pair has ended, its sockets are closed, its number may be used again. error: 0, or negative
 * errno; that one side has gone (EPIPE, ECONNRESET) ends a direction and is no error. bytes: from a
 * to b, from b to a. */
typedef void (*pump_ended)(void *user, uint32_t id, int error, const uint64_t bytes[2]);

/* pipes_max: PUMP_PIPES_MAX, or less. 0 or negative errno. */
int pump_new(unsigned pipes_max, pump_ended ended, void *user, struct pump **ret);
void pump_free(struct pump *p);
DEFINE_AUTO(struct pump *, pump_free);

/* Takes both descriptors, also on failure: connected stream sockets, made nonblocking here. id <
 * PUMP_PAIRS_MAX is the caller's. `ended` is not called from here. 0, -EEXIST: that id is in use,
 * -EINVAL: not such an id, -ENOTSOCK, negative errno. */
int pump_add(struct pump *p, uint32_t id, int takes_a, int takes_b);
/* Closes both now, whatever is in flight; `ended` is called with -ECANCELED before it returns.
 * -ENOENT: there is none (any more). */
int pump_cut(struct pump *p, uint32_t id);
size_t pump_pairs(const struct pump *p);

/* One more descriptor (borrowed) that pump_step waits for. */
int pump_watch(struct pump *p, int fd, uint32_t epoll_events);
/* Waits until something can be done, at most timeout_ms (-1: for ever), and moves what can be moved
 * once round. Returns the events of the watched descriptor (EPOLL...), 0: none; or negative errno.
 * The caller ignores SIGPIPE. */
int pump_step(struct pump *p, int timeout_ms);
