/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Pairs of sockets piped into one another by the pump of this service: one worker process (role
 * `pump`, core/pump-control.h) for all of them, started with the first pair.  When it dies, all its
 * pairs have ended with an error, and the next pair has another one started.
 */
#include "base/err.h"

#include <systemd/sd-event.h>

struct pipes;
struct pipe_pair;

enum {
	PIPES_MAX = 16384, /* pairs; and as many as the pump may have descriptors for */
	PIPES_FDS_RESERVED = 640, /* of the pump, for its pipes and itself */
};

/* event is borrowed. NULL: out of memory. */
struct pipes *pipes_new(sd_event *event);
/* No pair may be left. */
void pipes_free(struct pipes *p);

/* Called once, from the event loop: both sockets are closed; e->code is 0 if all went well. The
 * pair is still to be freed. */
typedef void (*pipe_ended)(void *user, const struct err *e);

/* Pipes a and b (borrowed, copied at once) into one another. 0, -EDQUOT: as many as there may be,
 * negative errno. */
int pipes_add(struct pipes *p, int a, int b, pipe_ended ended, void *user, struct pipe_pair **ret,
	struct err *e);
/* Closes both sockets now, if they are not closed yet, without a callback. NULL is accepted. */
void pipe_pair_free(struct pipe_pair *pair);
/* Pairs whose sockets are not known to be closed yet. */
unsigned pipes_count(const struct pipes *p);
