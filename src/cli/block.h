/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the verbs of `metac block' are given: a block device, whatever the URI leads to.  A
 * reference may stand for one, or for a file, or for a directory with the file's path in it; the
 * latter two are opened as block devices (File.openAsBlock) as the options say.
 */
#include "cli/client.h"
#include "core/block-control.h"
#include "schema/block.capnp.h"

struct block_target {
	struct block_block_device_c device;
	/* How to get it again: what is restored from ref is opened anew (file), after the file was
	 * looked up at path ("": ref is the file's). */
	struct ref *ref; /* NULL: it is local: */
	bool file;
	char path[CLIENT_PATH_MAX];
	char source[512]; /* for people: the URI without its secret */
};

/* uri: not "-". On failure nothing is left to be done. */
int block_target_find(struct client *c, const char *uri, struct block_target *ret);
void block_target_done(struct block_target *t);

/* An NBD connection to a device. */
struct block_connection {
	int fd; /* connected; owned */
	struct stream_connection_c end; /* to be held as long; the caller's reference */
	uint8_t epoch[BLOCK_EPOCH_MAX];
	size_t epoch_len;
};

/* Opens one, of the session with that id (BlockSession.id; n 0: of none). */
int block_connect(struct client *c, struct block_block_device_c device, const void *session,
	size_t n, struct block_connection *ret);
/* The client of that session will not come back. Nobody waits long for that. */
void block_end_session(
	struct client *c, struct block_block_device_c device, const void *session, size_t n);
/* The reference is void: there is no use in trying again. */
bool block_is_revoked(const struct err *e);
/* Drops what it holds: the other side then ends the connection. What was never connected (zeroes)
 * is fine. */
void block_connection_close(struct block_connection *b);

/* As the options say a file is to be opened. */
void block_options_fill(const struct options *o, struct block_block_options_b b);
