/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Serving streams, for its own modules:
 *
 *	stream.c          the Stream: tcpListen, openLocal, references
 *	stream-session.c  sessions: one opening each, from its listener to its outcome
 *	stream-bind.c     bindings: sessions that open another stream themselves
 */
#include "core/pipes.h"
#include "core/stream.h"

enum { WAITERS_MAX = 16 };

struct stream {
	struct stream_host *host;
	const struct stream_source *source;
	void *self;
	struct vat_cap *cap; /* itself, not referenced */
};

enum session_state {
	SESSION_LISTENING, /* waits for its connection */
	SESSION_OPENING, /* bindTo: opens the other stream */
	SESSION_WAITING, /* for the end of a process that comes before */
	SESSION_RUNNING, /* the worker runs */
	SESSION_ENDED, /* outcome is known */
};

struct process;

struct session {
	struct stream *stream;
	struct vat_cap *stream_cap; /* keeps the stream alive */
	struct vat_cap *cap; /* the Connection, not referenced */
	enum session_state state;
	struct err *outcome; /* NULL: none yet, or ended well */
	/* listening */
	int listen_fd;
	unsigned strays;
	struct sockaddr_storage remote;
	sd_event_source *listen_src, *listen_timer;
	/* bindings */
	struct stream_opening *opening;
	struct vat_ctx *bind_ctx;
	struct vat_cap *other;
	struct vat_cap
		*ends[2]; /* Connections of what was opened for it: other, and one that is joined */
	struct vat_call *end_wait; /* the outcome of one of them, once ours is good */
	/* waiting */
	int conn; /* a duplicate */
	sd_event_source *after_src, *after_timer;
	/* running: one of the two */
	struct process *process;
	struct pipe_pair *pair;
	struct waiter { /* a call of wait; free: ctx is NULL */
		struct vat_ctx *ctx;
	} waiters[WAITERS_MAX];
};

/* NULL: out of memory, or too many: then ctx has been answered. */
struct session *session_for(struct stream *st, struct vat_ctx *ctx);
/* Ends it if it has not ended, whatever it holds goes. */
void session_free(void *session);
/* outcome NULL or code 0: ended well. Those who wait are told. */
void session_end(struct session *s, const struct err *outcome);
/* Starts the worker on fd (borrowed), as soon as whoever comes before it has gone; or has it piped.
 */
int session_run(struct session *s, int fd, struct err *e);
/* The listener goes. */
void session_stop_listening(struct session *s);
/* Hands the session to its Connection. On failure the session is freed, NULL. */
struct vat_cap *session_serve(struct session *s);
/* Waitable.wait of a Connection. */
void session_wait_for_end(void *session, struct metac_waitable_wait_ctx cx);

/* Stream.bindTo; ctx is answered. */
void stream_bind(struct stream *st, struct vat_cap *other, struct vat_ctx *ctx);
/* NULL: it is not one of this process. */
struct stream *stream_of(struct vat_cap *cap);
