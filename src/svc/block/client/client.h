/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Inside of the NBD client worker (nbd-client.h): its parts and what they call of one another.
 *
 *	nbd-client.c    options, lock-down, the loop
 *	client-words.c  what the keeper says, and is told (core/block-control.h)
 *	client-link.c   the connection to the server, one after another, and the core (wire/nbd)
 *	front-*.c       what the device is put behind: a table of functions for each
 *
 * A turn of the loop: what is ready is read, requests are submitted and answers taken in; then what
 * has come together for the server is sent with one call, then what has for whoever asked.
 */
#include "core/block-control.h"
#include "svc/block/client/watch.h"
#include "wire/nbd/nbd-client.h"

struct client;
struct front;

enum {
	CLIENT_REQUESTS_MAX = NBD_CLIENT_OPS_MAX, /* under way at the server */
	CLIENT_TURN_BYTES =
		256 << 10, /* when so much has come from one side it is passed on first */
	CLIENT_OPS_MAX = 4 * CLIENT_REQUESTS_MAX, /* taken in by the core: fronts submit no more */
};

struct front_ops {
	/* The export is there (again); its size may be another one. */
	void (*ready)(struct front *f);
	/* The device has another size. */
	void (*resized)(struct front *f);
	/* Nothing will be ready any more. */
	void (*over)(struct front *f);
	/* The end of each turn: what is waiting to be answered. Returns the milliseconds until it
	 * must be called again at the latest, -1: there is no hurry. */
	int (*turn)(struct front *f);
	uint64_t (*clients)(const struct front *f); /* NULL: has none */
	bool ends_with_keeper;
	/* No callback of an operation comes after this. */
	void (*free)(struct front *f);
};

struct front {
	const struct front_ops *ops;
	struct client *client;
};

/* Each takes BLOCK_FD_FRONT and begins when the export is ready. */
int front_fuse_new(struct client *c, struct front **ret);
int front_listen_new(struct client *c, struct front **ret);

struct client {
	struct watch_loop loop;
	struct nbd_client *core;
	struct front *front; /* NULL: --negotiate */
	struct watch control, conn; /* control.fd < 0: the keeper is gone */
	bool read_only, negotiate;
	bool again; /* in place of a worker that died */
	uint32_t timeout_s;
	size_t retain_max;
	const char *export_name; /* NULL: "" */

	bool attached; /* the keeper has been told so: the export is known */
	bool ended; /* the loop is to end ... */
	int status; /* ... with this: 0 or a negative errno */
	int failing; /* 0, or what operations come to instead of waiting (negative) */
	bool over; /* and that is for good */

	/* Of the connection. */
	bool told_lost;
	bool became_ready; /* by the core, inside of the input that is being taken in */
	int refused; /* the same: negative errno */
	char why[200];
	uint64_t heard_ms; /* when something came from the server */
	uint64_t lost_ms; /* since when there is no server; 0: there is */

	/* FLUSH of the keeper. */
	struct nbd_op flush;
	bool flushing, flush_again;
	int flush_error; /* of such a flush: the next one that is asked for fails with it */
	bool flush_told; /* the keeper has asked, and is told what it came to */

	struct block_stats stats;
};

/* ---- for the fronts ---- */

/* The export as it is to be shown: with --read-only, without what writes. Only once ready. */
struct block_export client_export(const struct client *c);
/* As nbd_client_submit(), with what the worker itself refuses. The error, if any, is what to
 * answer: -EAGAIN does not occur below CLIENT_OPS_MAX operations. */
int client_submit(struct client *c, struct nbd_op *op);
/* The worker is to end; status 0: with success. */
void client_end(struct client *c, int status);

/* ---- client-link.c ---- */

int client_link_init(struct client *c);
void client_link_done(struct client *c);
/* There is another connection; takes fd. */
void client_link_connect(struct client *c, int takes_fd, const void *epoch, size_t n);
/* There will be none: error is negative. */
void client_link_over(struct client *c, int error);
/* The connection is given up. Not from inside of the core's callbacks. */
void client_link_lose(struct client *c, const char *why);
/* Sends what there is. */
void client_link_send(struct client *c);
/* What is due; milliseconds until the next, or -1. */
int client_link_timers(struct client *c);
void client_link_resize(struct client *c, uint64_t size);

/* ---- client-words.c ---- */

int client_words_init(struct client *c);
void client_words_say(struct client *c, enum block_message_type type, int error, const char *text);
/* Flushes without being asked. False: there is nothing to be done that way, or not now. */
bool client_words_flush(struct client *c);
void client_words_say_export(struct client *c, enum block_message_type type);
