/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One vat connection on one socket, without an event loop.
 *
 * A struct vat_io moves bytes and descriptors between a connected stream socket and a struct
 * vat_conn.  It never waits, never asks for the time and never calls application code: whoever has
 * an event loop waits for vat_io_events(), hands what came to vat_io_ready(), lets vat_run() do
 * the work, and has what came of it written by vat_io_flush().  vat/loop.h is a loop made of this;
 * examples/poll.c shows the same with poll().
 *
 *	for (;;) {
 *		while (vat_run(vat, 0))
 *			;
 *		vat_io_flush(io);
 *		if (vat_io_ended(io, &err))
 *			break;
 *		struct pollfd p = {.fd = vat_io_fd(io), .events = vat_io_events(io)};
 *		poll(&p, 1, -1);
 *		vat_io_ready(io, p.revents);
 *	}
 *
 * Unix sockets pass descriptors (SCM_RIGHTS; received ones are close-on-exec).  TCP sockets get
 * TCP_NODELAY and keepalive such that a peer which vanished without a word is noticed within a
 * minute.  The socket may be one whose connect() is still under way: what is to be sent waits, and
 * a connection that cannot be made ends like one that broke.
 *
 * System calls: one recvmsg for as many messages as there are (a read that did not fill its buffer
 * is not repeated), one sendmsg for all that is queued.
 *
 * Used by the thread that uses the vat.
 */
#include "vat/rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vat_io;

struct vat_io_config {
	struct vat_limits limits; /* 0 = defaults, see vat/rpc.h */
	struct vat_cap *bootstrap; /* what the peer gets; borrowed (the connection references it) */
	bool no_tail_calls; /* these three as in struct vat_conn_config */
	void (*trace)(void *trace_user, bool outgoing, const struct iovec *iov, size_t n);
	void *trace_user;
	uint64_t partial_timeout_us; /* a message that has begun must be complete within this time;
				      * 0 = 30 s, UINT64_MAX = any time */
	/* Called (may be NULL) when vat_io_flush() has something to do after it had nothing to do:
	 * output to write, or an end to be noticed. Comes from within any library function and must
	 * only note the fact: with many connections it tells which of them need a flush. */
	void (*wakeup)(void *user);
	void *user;
};

/* Takes fd, also on failure: a connected (or connecting) stream socket, Unix or TCP. Its
 * O_NONBLOCK flag does not matter and is left alone. cfg is copied; NULL means all zero. 0,
 * -ENOTSOCK, -EPROTOTYPE (no stream socket), -ENOMEM, or what setsockopt(2) said. */
VAT_API int vat_io_new(struct vat *v, int fd, const struct vat_io_config *cfg, struct vat_io **ret);
/* Closes the socket and ends the connection at once: calls outstanding fail, imports break. NULL is
 * accepted. May be called from callbacks. */
VAT_API void vat_io_free(struct vat_io *io);

VAT_API struct vat_conn *vat_io_conn(struct vat_io *io);
VAT_API int vat_io_fd(const struct vat_io *io);

/* What to wait for: POLLIN, POLLOUT, both, or 0 (then only POLLERR and POLLHUP come, or the end by
 * the clock). Changes in vat_io_ready() and vat_io_flush() only. */
VAT_API short vat_io_events(const struct vat_io *io);
/* Tells what came (POLLIN, POLLOUT, POLLERR, POLLHUP; 0 does nothing). Reads; writes nothing. */
VAT_API void vat_io_ready(struct vat_io *io, short revents);
/* Writes what is queued, as far as the socket takes it. Returns true if more could be written
 * at once: call again after the others had their turn. */
VAT_API bool vat_io_flush(struct vat_io *io);

/* True while time matters: a message is half received, or the connection is closing. */
VAT_API bool vat_io_needs_clock(const struct vat_io *io);
/* Tells the time, on any clock that does not jump (microseconds, the same one each time). Returns
 * the time at which to tell it again, UINT64_MAX = not before vat_io_needs_clock() is true again.
 * A peer that is too slow, or does not take the last output of a closing connection within two
 * seconds, is given up. */
VAT_API uint64_t vat_io_clock(struct vat_io *io, uint64_t now_us);

/* True when the socket is of no more use and vat_run() has dealt with the end: free it. *ret (may
 * be NULL) is then NULL after a clean end (the peer closed, nothing was outstanding), else why; the
 * text is borrowed until vat_io_free(). */
VAT_API bool vat_io_ended(const struct vat_io *io, const struct vat_error **ret);

#ifdef __cplusplus
}
#endif
