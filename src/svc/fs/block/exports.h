/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The NBD servers that run for this service, one for each connection; the one for an image that is
 * not raw only passes bytes on, to the server of that image (image.h).
 *
 * Limits.  Each opening counts against its path from the call on, so that who has a reference
 * to one device (and as many streams of it as he likes) does not take all that the service can
 * serve: block_exports_enter().
 */
#include "svc/fs/block/target.h"
#include "svc/fs/worker.h"

struct block_exports;
struct images;

enum { BLOCK_CONNECTIONS_MAX = 128 }; /* of one path, those that wait included */

struct block_exports *block_exports_new(sd_event *event);
/* The servers of images (borrowed), which have these connections; before anything is started. */
void block_exports_set_images(
	struct block_exports *x, struct images *images); /* NULL: out of memory */
/* The servers themselves belong to their streams. NULL is accepted. */
void block_exports_free(struct block_exports *x);

/* For stream_source.enter and leave. */
int block_exports_enter(struct block_exports *x, const struct block_target *t, struct err *e);
void block_exports_leave(struct block_exports *x, const struct block_target *t);

/* For stream_source.after: the worker that the session has had (worker_before()), then the server
 * of an image (images_before()). */
int block_exports_before(
	struct block_exports *x, const struct block_target *t, const struct session_id *s);
/* Starts a server of the target on the connection conn (borrowed). 0 or negative errno with e set.
 */
int block_exports_start(struct block_exports *x, const struct block_target *t,
	const struct session_id *s, int conn, struct spawn_child *ret, struct err *e);
/* The session's client is not coming back. */
void block_exports_end_session(struct block_exports *x, const struct session_id *s);

/* How many connections there are, whatever the file was called. */
unsigned block_exports_count(const struct block_exports *x, const struct block_identity *id);
/* The file has another size: its servers look. */
void block_exports_resized(struct block_exports *x, const struct block_identity *id);
