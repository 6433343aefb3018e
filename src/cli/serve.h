/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the parts of `metac block serve' share (cmd-block-serve.c tells how they go together): the
 * connection to the other host (serve-link.c) and the worker that uses it (serve-worker.c).
 */
#include "cli/block.h"
#include "cli/serve-place.h"
#include "sys/spawn.h"

enum { SERVE_SESSION_SIZE = 32 };

struct server {
	struct cli *cli;
	const char *uri;
	struct serve_place place;
	uint8_t session[SERVE_SESSION_SIZE];
	struct client *client;
	struct block_target target;
	struct block_connection connection;
	struct vat_call *sizing; /* waits for another size */
	uint64_t size;
	int64_t resized_ms; /* when size was told to the worker; 0: it is being waited for another
			     */
	struct block_export export;
	struct spawn_child worker, command;
	int control, signals;
	enum {
		SERVER_BEGINNING,
		SERVER_CONNECTED, /* as far as the worker has said */
		SERVER_HANDED, /* it has got another connection, and says how that goes */
		SERVER_WAITING, /* for the next attempt */
		SERVER_OVER, /* there will be no other connection */
	} state;
	int delay_ms;
	int64_t connected_ms; /* since when CONNECTED */
	int64_t next_ms; /* when HANDED or WAITING comes to another attempt */
	bool ended; /* the worker has */
};

/* ---- serve-link.c ---- */

/* A connection of the session, to be handed over. 0 or negative errno, with cli->err set. */
int serve_connect(struct server *s);
void serve_disconnect(struct server *s);
/* Gives the worker what serve_connect() has got. */
void serve_hand_over(struct server *s);
/* The connection is lost: the next attempt is at s->next_ms. */
void serve_wait_to_connect(struct server *s, const char *why);
void serve_connect_again(struct server *s);
/* Follows the size of what is connected. */
void serve_watch_size(struct server *s);
/* The client of this session will not come back. Nobody waits long for that. */
void serve_end_session(struct server *s);
int64_t serve_now_ms(void); /* CLOCK_MONOTONIC */

/* ---- serve-worker.c ---- */

int serve_start_worker(struct server *s);
/* Until it has had its first connection: s->export is what it serves. */
int serve_wait_attached(struct server *s);
/* What programs wrote is on the other host's disk when this returns 0. */
int serve_flush(struct server *s);
/* It has said something. */
void serve_on_message(struct server *s);
