/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A vat connection on a socket, driven by sd-event: the one place where libvat meets descriptors.
 *
 * struct loop holds the event loop and the vat of a process.  Vat work (vat_run) is done from a
 * deferred event source whenever there is some, in bounded turns so that other sources get
 * their share.  Output is written once per turn (one writev for all messages queued).
 */
#include "base/err.h"
#include "io/sockets.h"
#include "vat/rpc.h"

#include <systemd/sd-event.h>

struct loop {
	sd_event *event;
	struct vat *vat;
	struct sd_event_source *work; /* runs vat_run and flushes the links */
	void *links; /* private to link.c */
};

/* Blocks SIGCHLD, SIGTERM, SIGINT and ignores SIGPIPE (sd-event needs the signals blocked). */
int loop_init(struct loop *l);
/* Frees remaining links, the vat and the event loop. */
void loop_done(struct loop *l);
/* Runs events until *done is true (0), the deadline passes (-ETIMEDOUT; 0 = none, in microseconds
 * from now) or the loop exits (-ECANCELED). For commands and tests. */
int loop_wait(struct loop *l, const bool *done, uint64_t timeout_us);

struct link;

struct link_config {
	struct vat_limits limits;
	struct vat_cap *bootstrap; /* borrowed */
	unsigned kind; /* the user's own */
	uint64_t partial_timeout_us; /* a message begun must be complete in this time; 0 = 30 s */
	/* Called once, when the link has ended by itself; err NULL after a clean end. The link is
	 * still to be freed (may be done here). */
	void (*closed)(void *user, struct link *link, const struct vat_error *err);
	void *user;
};

/* Takes fd, also on failure: a connected stream socket. Unix sockets pass descriptors; TCP sockets
 * get TCP_NODELAY and keepalive. */
int link_new(struct loop *l, int fd, const struct link_config *cfg, struct link **ret);
/* Ends the link at once (NULL is accepted). */
void link_free(struct link *k);
struct vat_conn *link_conn(struct link *k);
/* The link that has this connection (of this loop's vat). */
struct link *link_of(const struct vat_conn *c);
unsigned link_kind(const struct link *k);
int link_fd(const struct link *k); /* borrowed */

/* ---- dialling ------------------------------------------------------------------------------- */

/* A connection being made. done gets the connected nonblocking socket (fd >= 0, taken by the
 * callback) or a negative errno, once; not after dial_free. local (may be NULL) is bound first. */
struct dial;
/* Begins one: *ret (taken by the caller, also on failure; -EBADF: none) is its nonblocking socket.
 * 0, -EINPROGRESS, or what failed. */
int dial_start(const struct sockaddr_storage *local, const struct sockaddr_storage *to,
	socklen_t len, int *ret);
int dial_new(struct loop *l, const struct sockaddr_storage *local,
	const struct sockaddr_storage *to, socklen_t len, uint64_t timeout_us,
	void (*done)(void *user, int fd), void *user, struct dial **ret);
void dial_free(struct dial *d);
