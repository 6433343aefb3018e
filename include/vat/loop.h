/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A plain event loop for vats, and waiting for one answer: for servers that have no loop of their
 * own, and for command-line programs that just call.
 *
 * A struct vat_loop is one vat, its connections (struct vat_link), listening sockets, timers and
 * foreign descriptors on one epoll instance.  One turn waits for events, reads, lets the vat run,
 * and writes what each connection has to say with one system call.  Connections without output cost
 * nothing.
 *
 * To use it inside another loop, wait for vat_loop_fd() to be readable, at most vat_loop_timeout(),
 * and call vat_loop_turn(l, 0); vat/sd-event.h and vat/uv.h do that for sd-event and libuv.
 *
 * Functions return 0 or a negative errno unless they say otherwise.  Everything belongs to one
 * thread; only vat_loop_stop() may be called from others, and from signal handlers.  Writing to a
 * broken connection raises no SIGPIPE.  After fork() the child may only exec or _exit: it must not
 * use or free what it inherited.
 */
#include "vat/rpc.h"

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vat_loop;
struct vat_link; /* a connection that a loop drives */
struct vat_listener;

/* ---- the loop ------------------------------------------------------------------------------ */

VAT_API int vat_loop_new(struct vat_loop **ret);
/* Ends all connections, runs the destructors that are due, frees what belongs to the loop: links,
 * listeners, timers, fd watches. Not to be called from callbacks. NULL is accepted. */
VAT_API void vat_loop_free(struct vat_loop *l);

VAT_API struct vat *vat_loop_vat(struct vat_loop *l);

/* Turns until vat_loop_stop(): 0. -EDEADLK when there is nothing left that could make anything
 * happen (no connection, listener, timer, descriptor). */
VAT_API int vat_loop_run(struct vat_loop *l);
/* Makes vat_loop_run() and the waiting functions below return after the present turn; if none
 * runs, the next one returns at once. Async-signal-safe. A wait may notice a stop from a signal
 * handler or from another thread one second late. */
VAT_API void vat_loop_stop(struct vat_loop *l);

/* One turn: does what is due, then waits up to timeout_us (0: not at all, UINT64_MAX: for ever) for
 * an event if there is nothing to do, and deals with what came. */
VAT_API int vat_loop_turn(struct vat_loop *l, uint64_t timeout_us);
/* How long a turn may wait before a timer is due: 0 = there is something to do now, UINT64_MAX = no
 * timer runs. */
VAT_API uint64_t vat_loop_timeout(struct vat_loop *l);
/* Readable when an event is waiting (an epoll instance; borrowed). */
VAT_API int vat_loop_fd(const struct vat_loop *l);

/* ---- connections --------------------------------------------------------------------------- */
/*
 * Addresses: "unix:/path/to/socket", "unix:@abstract-name", "192.0.2.1:5923", "[2001:db8::1]:5923",
 * "host.example:5923", "localhost:http"; for listening also "*:5923" (every address of the machine)
 * and port 0 (any: see vat_listener_address).
 *
 * A link that was returned to you is yours until vat_link_free(), also after it has ended.  Those a
 * listener makes, and those nobody asked for (ret NULL), are freed when they end.
 */

struct vat_link_config { /* NULL where one is asked for means all zero */
	struct vat_limits limits; /* 0 = defaults, see vat/rpc.h */
	uint64_t partial_timeout_us; /* see vat/io.h; 0 = 30 s */
	struct vat_cap *bootstrap; /* what the peer gets; borrowed (referenced) */
	bool no_tail_calls; /* these three as in struct vat_conn_config */
	void (*trace)(void *trace_user, bool outgoing, const struct iovec *iov, size_t n);
	void *trace_user;
	/* Called once, from a turn, when the link has ended by itself; err is NULL after a clean
	 * end. Not called for vat_link_free(), which may be called from it. */
	void (*closed)(void *user, struct vat_link *link, const struct vat_error *err);
	void *user;
};

/* Connects. Host names are resolved and their addresses tried one after another, which blocks
 * (up to ten seconds for each); for numeric addresses and Unix sockets nothing waits: a TCP
 * connection is still being made on return, can be used at once, and ends if it fails. (A Unix
 * server that is far behind with accepting makes its clients wait.) */
VAT_API int vat_loop_connect(struct vat_loop *l, const char *address,
	const struct vat_link_config *cfg, struct vat_link **ret);
/* Drives a socket that is connected already, for example one end of a socketpair. Takes fd, also on
 * failure. */
VAT_API int vat_loop_add(
	struct vat_loop *l, int fd, const struct vat_link_config *cfg, struct vat_link **ret);
/* Ends the link at once: calls outstanding fail, imports break. NULL is accepted; may be called
 * from callbacks. */
VAT_API void vat_link_free(struct vat_link *k);

VAT_API struct vat_conn *vat_link_conn(struct vat_link *k);
VAT_API int vat_link_fd(const struct vat_link *k);
/* The peer's bootstrap object, usable at once. A new reference; never NULL. */
VAT_API struct vat_cap *vat_link_bootstrap(struct vat_link *k);

struct vat_listen_config { /* NULL where one is asked for means all zero */
	struct vat_link_config link; /* for each connection; `bootstrap` is what every peer gets */
	/* If set, asked for each connection instead: returns what this peer gets (a new reference),
	 * or NULL to refuse it. fd (borrowed) tells who it is: SO_PEERCRED, getpeername(). */
	struct vat_cap *(*bootstrap_for)(void *user, int fd);
	void *user;
	unsigned max_links; /* connections at a time; more wait to be accepted. 0 = 4096 */
	mode_t mode; /* of a Unix socket file, given before anybody can connect; 0 = 0600 */
};

/* Listens. A Unix socket file on which nobody listens any more is replaced, one in use gives
 * -EADDRINUSE; it is removed by vat_listener_free(). ret may be NULL: then it listens until
 * vat_loop_free(). */
VAT_API int vat_loop_listen(struct vat_loop *l, const char *address,
	const struct vat_listen_config *cfg, struct vat_listener **ret);
/* Stops listening; connections made stay. NULL is accepted. */
VAT_API void vat_listener_free(struct vat_listener *s);
/* The address as vat_loop_connect() takes it, with the port that was chosen. -ENOSPC. */
VAT_API int vat_listener_address(const struct vat_listener *s, char *ret, size_t size);

/* ---- waiting ------------------------------------------------------------------------------- */
/*
 * For programs that call and wait.  Each of these runs turns (so callbacks and handlers run), and
 * none may be called from a callback.  With a single connection and nothing else in the loop, a
 * call costs one write and one read.
 *
 * They return 0; -ETIMEDOUT when timeout_us (0 = none) has passed; -ECANCELED when stopped;
 * -EDEADLK when there is nothing left that could make it happen (no connection, timer, descriptor):
 * usually the connection has ended. vat_loop_strerror() has words for each.
 */

/* Sends the call (made, filled in, not sent yet) and waits for the answer. 0: *ret (may be NULL)
 * has the results, valid until vat_call_free(). -EREMOTEIO: the call failed, *ret_err (may be NULL)
 * says why; its text is valid until the next wait. After -ETIMEDOUT and -ECANCELED the call is
 * still under way: vat_call_free() cancels it. A NULL call: -ENOMEM. */
VAT_API int vat_loop_call(struct vat_loop *l, struct vat_call *call, uint64_t timeout_us,
	struct vat_ptr_r *ret, struct vat_error *ret_err);
/* Until *done is true; a callback sets it. For several calls at a time. */
VAT_API int vat_loop_wait(struct vat_loop *l, const bool *done, uint64_t timeout_us);
/* Until cap is no promise any more, or broken (-EREMOTEIO, *ret_err as above). */
VAT_API int vat_loop_settle(
	struct vat_loop *l, struct vat_cap *cap, uint64_t timeout_us, struct vat_error *ret_err);

/* What to tell a person about r, which a function of this header returned: err->text for
 * -EREMOTEIO (err may be NULL), else words for what the errno means here, else strerror(3). Never
 * NULL. Borrowed from err or static. */
VAT_API const char *vat_loop_strerror(int r, const struct vat_error *err);

/* ---- other descriptors, timers ------------------------------------------------------------- */

struct vat_fd;
/* Calls fn from turns while fd (borrowed; must stay open until vat_fd_free) has any of events:
 * EPOLLIN, EPOLLOUT, ..., as for epoll_ctl(2); level-triggered. */
VAT_API int vat_loop_add_fd(struct vat_loop *l, int fd, uint32_t events,
	void (*fn)(void *user, uint32_t revents), void *user, struct vat_fd **ret);
VAT_API int vat_fd_set(struct vat_fd *f, uint32_t events);
/* May be called from callbacks, its own too. NULL is accepted. */
VAT_API void vat_fd_free(struct vat_fd *f);

struct vat_timer;
/* A timer that does not run yet; fn is called once each time it is set and runs out. */
VAT_API int vat_loop_add_timer(
	struct vat_loop *l, void (*fn)(void *user), void *user, struct vat_timer **ret);
/* Runs out in after_us microseconds from now (UINT64_MAX: stops it). Setting it anew is cheap and
 * never fails. */
VAT_API void vat_timer_set(struct vat_timer *t, uint64_t after_us);
/* May be called from callbacks, its own too. NULL is accepted. */
VAT_API void vat_timer_free(struct vat_timer *t);

/* CLOCK_MONOTONIC in microseconds: what timers run by. */
VAT_API uint64_t vat_loop_now(void);

#ifdef __cplusplus
}
#endif
