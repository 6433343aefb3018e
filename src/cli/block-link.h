/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A block device reached over NBD, for a command that copies: the client core (wire/nbd/
 * nbd-client.h) with a connection that is made anew when it is lost, of the same session, for up to
 * BLOCK_LINK_PATIENCE_SECONDS.  Meanwhile nothing else goes on.
 *
 * Nothing written is kept: when the other machine was restarted and something was not flushed, all
 * operations fail, and block_link_renew() has to be called, after which whatever was not flushed
 * is to be written again by who knows it.
 */
#include "cli/block.h"
#include "wire/nbd/nbd-client.h"

#include <poll.h>

enum {
	BLOCK_LINK_PATIENCE_SECONDS = 60,
	BLOCK_LINK_SILENCE_SECONDS = 30, /* with requests under way: it is taken for lost */
	BLOCK_LINK_FLUSH_SECONDS = 600, /* the same while it flushes: a slow disk is silent */
	BLOCK_LINK_FDS = 2,
};

struct block_link;

/* Connects and negotiates. o: how the device is opened (read_only, format, direct; borrowed). On
 * failure cli->err is set. */
int block_link_open(struct cli *cli, const char *uri, const struct options *o,
	uint32_t max_requests, struct block_link **ret);
/* Operations under way are done with -ECANCELED. NULL is fine. */
void block_link_close(struct block_link *l);
DEFINE_AUTO(struct block_link *, block_link_close);

struct nbd_client *block_link_nbd(struct block_link *l);
const struct nbd_client_export *block_link_export(const struct block_link *l);
/* For people: without its secret. */
const char *block_link_name(const struct block_link *l);

/* A flush is under way, or none any more. */
void block_link_flushing(struct block_link *l, bool yes);

/* Sends what there is, and says what to wait for. */
void block_link_prepare(struct block_link *l, struct pollfd p[BLOCK_LINK_FDS]);
/* Takes in what has come. */
void block_link_turn(struct block_link *l, const struct pollfd p[BLOCK_LINK_FDS]);
/* If the connection is lost: connects again, blocking. 0; -ESTALE: block_link_renew(); or why it
 * was given up (cli->err is set, all operations have failed). */
int block_link_recover(struct block_link *l);
/* True while operations fail since the other machine has forgotten what was not flushed. */
bool block_link_forgot(const struct block_link *l);
/* Begins anew, without operations. */
int block_link_renew(struct block_link *l);

/* Waits for one operation; nothing else may be under way. Its done and user are set here. */
int block_link_perform(struct block_link *l, struct nbd_op *op);
