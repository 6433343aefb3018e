/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the parts of the NBD client share; nobody else includes it.
 *
 *	nbd-client.c	     the object; operations from submit() to done()
 *	nbd-client-hello.c   negotiation
 *	nbd-client-send.c    operations cut into requests, and these written down
 *	nbd-client-reply.c   the server's answers
 *	nbd-client-keep.c    writes that were acknowledged, but not flushed
 *
 * An operation is in one of three lists: `waiting` (not all of it has been asked for; only the
 *first few may be begun), `active` (all of it has), `kept` (done; a write that may have to be done
 * again).  A request has a slot: its number and a serial number are the cookie on the wire.
 */
#include "wire/nbd/nbd-bytes.h"
#include "wire/nbd/nbd-client.h"

enum {
	CLIENT_IN_MAX = 64 << 10, /* bytes read ahead */
	CLIENT_OUT_MAX = 8 << 10, /* of negotiation, or headers written at once */
	CLIENT_DIRECT_MIN = 32 << 10, /* from this size on payload goes right to where it belongs */
	CLIENT_AHEAD_MAX = 4 << 10, /* bytes taken along behind such payload: most are copied */
	CLIENT_SPANS_MAX = 64, /* pieces of an answer that came before what is in front of them */
	CLIENT_KEPT_MAX = 1 << 15, /* writes that are kept, however small */
	CLIENT_REPLIES_MAX = 256, /* to all options together */
	CLIENT_HELLO_MAX = NBD_STRING_MAX + 64, /* bytes of one option's answer */
	CLIENT_TEXT_MAX = 200,
	CLIENT_ZERO_MAX = 1 << 30, /* bytes zeroed or trimmed by one request */
};

enum client_state { CLIENT_PARKED, CLIENT_HELLO, CLIENT_READY, CLIENT_FAILED };
enum client_op_state { OP_IDLE, OP_WAITING, OP_BEGUN, OP_KEPT };

struct client_span {
	uint64_t from, to;
};

/* A request on the wire, or about to be. */
struct client_slot {
	struct nbd_op *op; /* NULL: free */
	uint64_t cookie, offset, length;
	uint64_t covered; /* bytes from offset on that were answered */
	struct client_span *spans; /* and what else, in order, apart from each other; allocated when
				      the first is needed, and then kept */
	uint16_t n_spans, type, flags;
	int error;
	bool queued; /* not all of it has been sent */
	bool told; /* BLOCK_STATUS: there was the chunk */
};

enum hello_stage { HELLO_GREETING, HELLO_REPLY, HELLO_PAYLOAD, HELLO_EXPORT, HELLO_ZEROES };

struct client_hello {
	enum hello_stage stage;
	uint32_t option; /* that was asked for */
	uint32_t reply, length; /* header of the answer */
	uint32_t have, need, replies;
	bool fixed, no_zeroes, export_seen;
	struct nbd_client_export export;
	uint32_t context; /* id of base:allocation */
	uint8_t buf[CLIENT_HELLO_MAX];
};

enum input_stage { INPUT_HEADER, INPUT_FIXED, INPUT_DATA, INPUT_EXTENTS, INPUT_SKIP };

struct client_input {
	enum input_stage stage;
	uint32_t at, end; /* in buf */
	struct client_slot *slot;
	uint16_t type; /* of the chunk */
	bool last; /* it is the answer's last */
	uint64_t left; /* bytes of the chunk's payload that have not been read */
	uint32_t fixed; /* how many of them are needed for the next step */
	uint64_t offset; /* DATA: where the next byte goes; EXTENTS: where the next one begins */
	uint32_t extents; /* that were told of */
	uint8_t buf[CLIENT_IN_MAX];
};

struct nbd_client {
	struct nbd_client_config config;
	char *name;
	enum client_state state;
	int failed; /* CLIENT_FAILED: with what */
	bool known; /* export: was agreed on once */
	struct nbd_client_export export;
	uint32_t context;
	uint64_t payload_max; /* of what we ask for: a multiple of block_min */

	struct list waiting, active;
	uint32_t n_ops; /* submitted by the caller, not done */
	uint32_t n_again; /* of them, sent again */

	struct client_slot *slots;
	uint16_t *free_slots, *queue; /* stack; ring of what is to be sent */
	uint32_t n_free, queue_head, queue_len;
	uint64_t serial, sent; /* bytes of the first in the queue that have been sent */
	bool disconnect, disconnected;

	struct list kept; /* by mark */
	uint64_t retained, beginning; /* bytes kept; bytes of writes that are under way */
	uint32_t n_kept, n_beginning;
	uint64_t write_mark, flush_mark; /* number of the last write that was done, was flushed */
	struct nbd_op flush; /* our own */
	int flush_error; /* of it: for the caller's next */
	bool lost_data; /* another epoch: what is kept has to be written again */
	struct list *rewriting; /* the next one, while that is being done */
	uint32_t n_rewriting; /* not written again yet */
	uint8_t epoch[NBD_CLIENT_EPOCH_MAX];
	size_t n_epoch;

	char why[CLIENT_TEXT_MAX];
	uint32_t out_at, out_len; /* negotiation, in out */
	uint8_t out[CLIENT_OUT_MAX];
	struct client_hello hello;
	struct client_input in;
};

static inline bool client_writes(enum nbd_command type)
{
	return type == NBD_CMD_WRITE || type == NBD_CMD_TRIM || type == NBD_CMD_WRITE_ZEROES;
}

/* Notes why, gives the connection up, and returns -EPROTO. */
int client_violation(struct nbd_client *c, const char *fmt, ...) PRINTF(2, 3);

/* ---- nbd-client.c */
/* What is wrong with the operation, the export being known: 0 or negative errno. */
int client_op_check(const struct nbd_client *c, const struct nbd_op *op);
/* Called when nothing of it is under way any more and all was asked for, or error is set. */
void client_op_finish(struct nbd_client *c, struct nbd_op *op);
/* The export is agreed on: what waits is checked if that is the first time, what is lost written
 * again, and the caller told. */
void client_ready(struct nbd_client *c);

/* ---- nbd-client-hello.c */
void client_hello_start(struct nbd_client *c);
/* 0 or -EPROTO (the caller has been told, the connection is given up). */
int client_hello_input(struct nbd_client *c, size_t n);

/* ---- nbd-client-send.c */
/* Frees every slot; nothing is sent that was to be. */
void client_slots_reset(struct nbd_client *c);
void client_slot_release(struct nbd_client *c, struct client_slot *s);

/* ---- nbd-client-keep.c */
bool client_keeps(const struct nbd_client *c);
/* May the write begin, or is there too much that is kept already? Begins a flush if needed. */
bool client_keep_room(struct nbd_client *c, const struct nbd_op *op);
/* It begins, or begins anew after the loss of a connection (then not). */
void client_keep_begin(struct nbd_client *c, struct nbd_op *op);
void client_keep_undo(struct nbd_client *c, struct nbd_op *op);
/* It has been acknowledged: true if it is kept now. */
bool client_keep_write(struct nbd_client *c, struct nbd_op *op);
/* A flush that was sent when `mark` was the last write is over. */
void client_keep_flushed(struct nbd_client *c, uint64_t mark);
void client_keep_clear(struct nbd_client *c);
/* Another connection: what has to be written again is, from the beginning. */
void client_rewrite_start(struct nbd_client *c);
/* The next one that can be cut into requests; NULL: none, or it has to wait. */
struct nbd_op *client_rewrite_next(struct nbd_client *c);
/* One of them is over. */
void client_rewrite_done(struct nbd_client *c, struct nbd_op *op);
