/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Streams, both ends: serving the Stream interface from anything a worker process can serve on a
 * connected socket, and opening somebody's Stream as a connected socket.
 *
 * Bytes never pass through the process that serves the Stream.  Each opening gets a worker of its
 * own, which holds the socket, or a place in the pump, one process for all whose source is a socket
 * too; what the opener holds is a Connection, and dropping it kills the worker or has the pump
 * close the pair: that is how a revoked reference cuts its data connections.
 */
#include "base/err.h"
#include "loop/link.h"
#include "schema/stream.capnp.h"
#include "sys/spawn.h"

struct pipes;
struct service;

/* What the streams of one service share. */
struct stream_host {
	struct loop *loop;
	const char *address; /* the node's: where tcpListen listens; borrowed */
	struct service *service; /* for sturdy references; borrowed */
	/* Openings alive: those with a worker process each, and those in the pump. */
	unsigned n_sessions, n_piped;
	struct pipes *pipes; /* the pump; NULL until there is something to be piped */
};

enum {
	STREAM_SESSIONS_MAX = 1024, /* a process each */
	STREAM_PIPED_MAX = 16384, /* at most: each is two descriptors of the pump */
	STREAM_LISTEN_SECONDS = 30,
	STREAM_CONNECT_SECONDS = 10,
	STREAM_AFTER_SECONDS = 30, /* for what stream_source.after tells of */
};

/* What a stream is made from. */
struct stream_source {
	/* An opening is asked for: 0, or negative errno with e set (a limit is reached); and it is
	 * over. Both NULL: there is no limit but STREAM_SESSIONS_MAX. */
	int (*enter)(void *self, struct err *e);
	void (*leave)(void *self);
	/* What must have come before spawn is called: a descriptor (borrowed) that becomes readable
	 * then, such as the pidfd of a process that has been killed; or negative: nothing. Asked
	 * again when it is. NULL: never anything. */
	int (*after)(void *self);
	/* Starts the worker that serves one opening on fd, a connected stream socket (borrowed). */
	int (*spawn)(void *self, int fd, struct spawn_child *ret, struct err *e);
	/* Instead of both: a connected stream socket of its own for each opening (the caller's, or
	 * negative errno and e), which the pump then pipes into that of the opening. */
	int (*connect)(void *self, struct err *e);
	/* Fills the stored description (CapDescription.description). */
	void (*describe)(void *self, struct vat_ptr_b description);
	/* One line for people. */
	void (*summary)(void *self, char *ret, size_t size);
	void (*destroy)(void *self);
	const char *category; /* of the stored description ("fs:v9fsstream") */
};

/* When all its streams and sessions are gone. */
void stream_host_done(struct stream_host *h);

/* A Stream on the source; takes self, also on failure (then destroyed, and the capability is null).
 */
struct stream_stream_c stream_serve(
	struct stream_host *h, const struct stream_source *source, void *self);

/* Binds as Stream.bindTo does; for restoring a stored binding (StreamBinding). The call's result is
 * answered through cx. */
void stream_restore_binding(
	struct stream_host *h, struct vat_ptr_r description, struct vat_ctx *cx);
/* Opens both and has them piped into one another; the call is answered with a Binding through cx,
 * as that of Stream.bindTo. */
void stream_join(
	struct stream_host *h, struct vat_cap *one, struct vat_cap *other, struct vat_ctx *cx);
#define STREAM_BINDING_CATEGORY "stream:binding"

/* ---- opening ------------------------------------------------------------------------------- */

struct stream_opening;

/*
 * Opens a stream: over a descriptor if one comes (same host), else by TCP from a port bound
 * beforehand on local_address (the own node's).  done is called once, from the event loop: with a
 * blocking connected socket (taken by the callback) and the Connection to hold while it is
 * used (a new reference); or with fd negative errno and e set.
 */
typedef void (*stream_opened)(void *user, int fd, struct vat_cap *end, const struct err *e);
int stream_open(struct loop *l, struct vat_cap *stream, const char *local_address,
	stream_opened done, void *user, struct stream_opening **ret);
/* Gives up (done is not called any more), or just frees after done. NULL is accepted. */
void stream_opening_free(struct stream_opening *o);
