/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The workers that serve streams of this service, and the sessions they serve.
 *
 * A worker belongs to the stream that it serves (core/stream.c kills and reaps it); here is only
 * known that it runs, and for whom.  A client that names a session comes back after its connection
 * was lost.  There is one worker for a session at a time: worker_before() kills the one there
 * is, and the stream waits for its end before it starts the next.
 */
#include "base/list.h"
#include "vat/message.h"
#include "sys/spawn.h"

#include <systemd/sd-event.h>

enum {
	SESSION_ID_MIN = 16, /* bytes of what a client calls its session */
	SESSION_ID_MAX = 64,
	SESSION_CLIENT_MAX = 64, /* bytes of what the client calls itself */
	SESSION_NAME_SIZE = 65,
};

struct session_id {
	char name[SESSION_NAME_SIZE]; /* hexadecimal; "" = no session */
	char client[SESSION_CLIENT_MAX + 1]; /* printable */
};

/* of: what is served, with its rights (a hash), so that nobody comes by another's session. The name
 * is a hash of both. An empty id is no session. 0, or -EINVAL: an id of a length that is not
 * allowed. */
int session_id_set(
	struct session_id *ret, const char *of, struct vat_data id, struct vat_text client);

struct workers {
	sd_event *event; /* borrowed */
	struct list list; /* struct worker */
	unsigned n;
};

struct worker { /* embedded by who knows more of it */
	struct workers *workers;
	struct list link;
	struct session_id session;
	char address[64]; /* where the connection comes from; empty: this host */
	int64_t since; /* seconds since 1970 */
	int pidfd;
	sd_event_source *src;
	/* The process has ended, or the table does: the worker is in no list any more, and is to be
	 * freed. */
	void (*ended)(struct worker *w);
};

void workers_init(struct workers *ws, sd_event *event);
/* Lets go of all. */
void workers_done(struct workers *ws);

/* Notes that child (borrowed) runs on the connection conn (borrowed); `session` and `ended` are
 * set. On failure (negative errno) w is the caller's as before. */
int worker_add(struct workers *ws, struct worker *w, const struct spawn_child *child, int conn);

/* NULL: the session, or none, has no worker. */
struct worker *worker_find(struct workers *ws, const struct session_id *s);
void worker_kill(struct worker *w);
/* For stream_source.after: kills the worker that the session has. Returns its pidfd (borrowed);
 * -EBADF: there is none any more. */
int worker_before(struct workers *ws, const struct session_id *s);
