/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The image servers that run (image-control.h): one for a file, as long as it has connections and a
 * little longer, never two.
 *
 *	        ask, before                READY                  nobody for a while,
 *	(none) ------------> STARTING -------------> READY -----> or a session comes back
 *	                        | FAILED                             |
 *	                        v                                    v
 *	                     FAILED (told for a second)           ENDING ----> (gone)
 *
 * Sessions.  That the connection between a client and the image server is gone does not mean that
 *all is done that came through it.  So when a session comes back to a server that it had a
 *connection to, that server is ended first, and the next one serves the session (and the others,
 *who come back too).  Not with a read-only one: there is nothing that could be late.
 *
 * Writing.  An image that is being written to can not be read by another server at the same time,
 *and a client of one server can choose among its exports: so who has a read-only device of an image
 * waits for those who write to it to be gone, and the other way round.
 */
#include "svc/fs/block/image-control.h"
#include "svc/fs/block/resize.h"

enum {
	IMAGES_MAX = 64,
	IMAGE_WAITS_MAX = 256, /* who wait for a size, of all images */
	IMAGE_SESSIONS_MAX = 256, /* remembered */
};

struct images;
struct image;

/* runtime: the node's runtime directory (borrowed). NULL: out of memory. */
struct images *images_new(sd_event *event, int runtime, struct block_resize *resize);
/* Ends them, waiting until they have flushed. NULL is accepted. */
void images_free(struct images *all);

/* Changes when a server of that file ended otherwise than it was told to: then what was
 * acknowledged and not flushed may be lost. (With it changes that of a few other files, but of none
 * that could be chosen.) Other letters after each start of the service. At most 27 bytes. */
const char *images_epoch(struct images *all, const struct block_identity *id);

/* Starts a server of the target if there is none. Returns a descriptor (borrowed) that becomes
 * readable when this is to be asked again; or -EBADF: images_connect() has the answer. */
int images_before(struct images *all, const struct block_target *t, const struct session_id *s);
/* A connection to the server (owned by the caller), and the server: it stays until image_leave().
 * Or negative errno with e set. */
int images_connect(struct images *all, const struct block_target *t, const struct session_id *s,
	struct image **ret, struct err *e);
void image_leave(struct image *m); /* NULL is accepted */
/* There is one of that file. */
bool images_has(struct images *all, const struct block_identity *id);

struct image_wait { /* embedded by who asks */
	struct list link; /* initialized with list_init() */
	struct images *all;
	const struct block_target *target; /* borrowed */
	/* Not called after images_forget(). e is NULL, or says why it is not known. */
	void (*done)(struct image_wait *w, uint64_t size, const struct err *e);
};

/* The size of the disk in the image: calls w->done, perhaps at once. */
void images_ask(struct images *all, const struct block_target *t, struct image_wait *w);
void images_forget(struct image_wait *w);
