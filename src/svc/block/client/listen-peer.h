/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One NBD client of --listen: what it sends becomes operations of the core (listen-peer.c), what
 * these come to becomes its replies (listen-op.c).  The rules of the protocol are the server core's
 * (wire/nbd/nbd-server.h).
 *
 * What it makes us hold is limited: PEER_REQUESTS_MAX requests, and PEER_BYTES_MAX bytes of data
 * and one request more, those counted whose replies it has not taken yet; then nothing more is read
 * from it. Data that was acknowledged but not flushed is no longer its own, but the core's
 * (retain_max).
 */
#include "base/list.h"
#include "svc/block/client/client.h"
#include "wire/nbd/nbd-server.h"

enum {
	PEERS_MAX = 32,
	PEER_REQUESTS_MAX = CLIENT_OPS_MAX / PEERS_MAX - 1, /* one is the keeper's */
	PEER_BYTES_MAX = 8 << 20,
	PEER_SCRATCH = 256 << 10,
	PEER_NEGOTIATE_MS = 30000,
};

/* What peers share. */
struct peer_shared {
	struct client *client;
	struct list active; /* of peers that have something to do at the end of the turn */
	uint8_t *scratch; /* PEER_SCRATCH bytes, received before it is known what they are */
};

struct peer_op {
	struct nbd_op op;
	struct nbd_request request;
	struct peer *peer; /* not valid any more once answered */
	struct list link; /* among its replies */
	bool answered; /* the reply was sent, or nobody is there to read it */
	bool kept; /* a WRITE that the core still needs; freed when it is not and answered */
	uint64_t charge; /* to peer->n_bytes */
	uint8_t *data; /* READ, WRITE: the data. BLOCK_STATUS: extents, then the reply */
	size_t n_extents;
	bool cut; /* there were more */
	size_t n_header, n_data, sent; /* of the reply */
	uint8_t header[NBD_SERVER_HEADER_MAX + NBD_SERVER_ERROR_TEXT_MAX];
};

struct peer {
	struct list link; /* among the front's */
	struct list active;
	struct peer_shared *shared;
	struct watch watch; /* fd -EBADF: it is gone, and only waits for its operations */
	struct nbd_server *server;
	uint64_t since_ms; /* when it connected */

	/* What has come but was not looked at yet: the beginning of a header, or all that is beyond
	 * the limits. */
	uint8_t *stash;
	size_t n_stash;
	struct peer_op *payload; /* the data of this WRITE is coming, ... */
	uint64_t n_payload; /* ... of which so much is there */
	struct peer_op *skipped; /* this one has been refused, but ... */
	uint64_t n_skip; /* ... so much of its data comes first */
	size_t window; /* how much of scratch is given to one receive */
	bool paused; /* nothing is read, until half of what it may hold is free */
	bool disconnecting; /* nothing is read any more; closed when all is answered */
	bool blocked; /* it does not read */

	struct list replies; /* of peer_op, in order */
	uint32_t n_ops; /* not yet answered and sent */
	uint64_t n_bytes;
};

/* Takes fd. 0 or negative errno. */
int peer_new(struct peer_shared *s, int takes_fd, struct peer **ret);
/* Sends what is there, reads on if there is room again. False: it is over, and nothing of it is
 * under way any more: free it. */
bool peer_turn(struct peer *p);
/* The peer is seen to at the end of the turn. */
void peer_activate(struct peer *p);
void peer_close(struct peer *p);
/* Only without operations under way. */
void peer_free(struct peer *p);

/* ---- listen-op.c ---- */

/* Charged to the peer. NULL: no memory. */
struct peer_op *peer_op_new(struct peer *p, const struct nbd_request *q);
/* The request is complete, its data too. */
void peer_op_submit(struct peer_op *o);
/* It came to that (negative errno, or 0), or was refused with a number of the protocol's. */
void peer_op_finish(struct peer_op *o, int error);
void peer_op_refuse(struct peer_op *o, uint32_t error);
/* Nobody is there to read the answer. */
void peer_op_drop(struct peer_op *o);
/* Sends replies until there are none or the peer does not read. 0 or negative errno. */
int peer_send_replies(struct peer *p);
