/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The client's half of NBD without I/O: one export, over one connection after another.
 *
 *	new --start()--> negotiating --> ready --lost()--> parked --start()--> negotiating ...
 *			      |				     ^
 *			      `--- refused (callback) -------'	   fail(): for good, from anywhere
 *
 * An operation (struct nbd_op, the caller's memory) is submitted at any time, and waits where there
 * is no connection.  It is done exactly once: with the server's outcome, or with the error of
 * nbd_client_fail().  When the connection is lost, what was under way is sent again, from its
 * beginning, on the next one.  That is right, since every NBD command done twice in a row is as
 * good as once, if nobody does the first of them later: the caller must see to it that the server
 * of the lost connection has ended before another is used (BlockDevice.nbdSetup's session).
 *
 * What was acknowledged but not flushed.  A server that was only restarted still has it.  One whose
 * machine was restarted (another epoch: nbd_client_start) may have lost it, so the data of writes
 * is kept, up to retain_max bytes, until a FLUSH that began after them has succeeded; and is
 * written again, in order, before anything else, when the epoch is another one (if that fails, the
 * client fails with that error).  When more than half of retain_max is kept, a FLUSH is sent on its
 * own account (if that fails, the caller's next FLUSH does); when all is, WRITEs wait.  With FUA
 * nothing is kept, but where something older that is kept overlaps.  retain_max 0: nothing is kept,
 * and a new epoch fails the client with EIO if there was something to keep.  A server without
 * NBD_FLAG_SEND_FLUSH is taken for one that loses nothing.
 *
 * Order: operations that overlap and of which one writes are not under way at the same time while
 * something is sent again; otherwise what overlaps is in no order, as NBD has it.
 *
 * What the server sends is not trusted: a reply to nothing, chunks outside what was asked for, more
 * than once or not all of it, extents that go nowhere, lengths beyond any limit end the connection
 * (-EPROTO).
 *
 * Callbacks come from nbd_client_input(), _fail(), _free(), and (BLOCK_STATUS without
 * base:allocation) _output(), never from submit().  They may call anything here but _free(),
 * _input() and _output().
 */
#include "base/list.h"
#include "wire/nbd/nbd.h"

#include <sys/uio.h>

struct nbd_client;

enum {
	NBD_CLIENT_OPS_MAX = 1024, /* under way at most; the default is 128 */
	NBD_CLIENT_EXTENTS_MAX = 4096, /* of one answer that are looked at */
	NBD_CLIENT_RETAIN = 64 << 20,
	NBD_CLIENT_EPOCH_MAX = 64,
};

struct nbd_extent_r {
	uint64_t offset, length;
	uint32_t state; /* NBD_STATE_* */
};

struct nbd_op {
	/* Set by the caller. */
	enum nbd_command type; /* not DISC */
	uint16_t flags; /* NBD_CMD_FLAG_* */
	uint64_t offset, length; /* within the export; any length: it is cut into requests that the
				    server takes */
	const void *data; /* WRITE: length bytes, unchanged until released() */
	void *into; /* READ: where the data goes; NULL: data() is called instead */
	/* READ without `into`: the bytes from offset on, borrowed until the return; every byte is
	 * told of exactly once, unless the connection is lost in between: then all of it again.
	 * data NULL: they are zero. */
	void (*got)(struct nbd_op *op, uint64_t offset, const void *data, uint64_t length);
	/* BLOCK_STATUS: in order, adjacent, from offset on, cut to what was asked for; perhaps less
	 * than that, or more than one call; from the beginning again if the connection was lost in
	 * between. Without base:allocation: one extent, state 0. */
	void (*extent)(struct nbd_op *op, const struct nbd_extent_r *e);
	/* Once. error: 0 or a negative errno. The op may be reused, or freed unless it is a WRITE.
	 */
	void (*done)(struct nbd_op *op, int error);
	/* WRITE: data and op are not needed any more; after done, perhaps at once. */
	void (*released)(struct nbd_op *op);
	void *user;

	/* Private from here on. */
	struct list link;
	struct nbd_op *copy; /* of what writes without data: what is kept */
	uint64_t at; /* what was asked for already ends here */
	uint64_t mark; /* of what is kept: its number; FLUSH: the last one it covers */
	uint32_t under_way; /* requests */
	int error;
	uint8_t state;
	bool again; /* was under way when a connection was lost */
};

struct nbd_client_config {
	const char *name; /* of the export; copied; NULL: "" */
	uint32_t max_requests; /* 0: 128 */
	uint32_t payload_max; /* of one request; 0: 1 MiB; less where the server takes less */
	size_t retain_max; /* 0: nothing; see above */
	bool plain; /* simple replies only: the connection will be given to a kernel that knows no
		       others, once negotiated */
	/* An export that was refused, or is not what it was: another size (smaller than before),
	 * read-only, commands gone. error: negative errno, -EPROTO: it speaks no NBD we know. The
	 * client is parked; then start() may be called with another connection. */
	void (*refused)(void *user, int error, const char *text);
	/* The export is there (again); after the first time `size` may have grown. */
	void (*ready)(void *user);
	void *user;
};

struct nbd_client_export {
	uint64_t size;
	uint16_t flags; /* transmission flags */
	uint32_t block_min, block_preferred,
		payload_max; /* as the server says; 1, 4096, 32 MiB if not */
	bool structured, extended, status; /* agreed on */
};

int nbd_client_new(const struct nbd_client_config *config, struct nbd_client **ret);
/* Operations under way are done with -ECANCELED first. NULL is fine. */
void nbd_client_free(struct nbd_client *c);
DEFINE_AUTO(struct nbd_client *, nbd_client_free);

/* A connection is there: begins negotiating. epoch: n bytes (<= NBD_CLIENT_EPOCH_MAX) that are
 * others when the server's machine was restarted; n 0: never. -EALREADY: there is one. -EIO:
 * what was written is lost (retain_max 0): the client has failed. Its error if it had before. */
int nbd_client_start(struct nbd_client *c, const void *epoch, size_t n);
/* The connection is gone: operations wait for the next one. */
void nbd_client_lost(struct nbd_client *c);
/* There will be no other: every operation, now and later, is done with error (negative). */
void nbd_client_fail(struct nbd_client *c, int error);
/* Every operation that waits, or was under way on a connection that was lost, is done with error
 * (negative), and is not sent any more; what was acknowledged but not flushed is kept. Later ones
 * wait as ever. Only without a connection, or before the export is ready. */
void nbd_client_expire(struct nbd_client *c, int error);
/* The export has another size, as was told otherwise: operations are checked against that, and a
 * later connection may not have less. */
void nbd_client_set_size(struct nbd_client *c, uint64_t size);

bool nbd_client_is_ready(const struct nbd_client *c);
const struct nbd_client_export *nbd_client_export(const struct nbd_client *c); /* after ready */

/* Takes op. -EAGAIN: too many wait already (4 * max_requests); -EINVAL: it is empty (but FLUSH,
 * which has neither offset nor length), outside the export or not aligned to block_min, or has a
 * flag that does not go with it; -EROFS; -EOPNOTSUPP: the server does not do that; -ENOMEM; the
 * error of nbd_client_fail(). Then done is not called. Before the export is known for the first
 * time, done tells of most of these. */
int nbd_client_submit(struct nbd_client *c, struct nbd_op *op);
uint32_t nbd_client_pending(const struct nbd_client *c); /* not done yet */
uint64_t nbd_client_retained(const struct nbd_client *c); /* bytes */

/* Bytes from the server: where to put them (1 piece, or 2 if max > 1: the rest of a large payload,
 * and some room for what follows it; 0 without a connection), and how many were put there, from the
 * first piece on. input(): 0, or -EPROTO: close the connection; lost() has been done already.
 * Payload of a READ with `into` may be asked to go right there. */
size_t nbd_client_input_vec(struct nbd_client *c, struct iovec *iov, size_t max);
void nbd_client_input_buffer(struct nbd_client *c, void **ret_p, size_t *ret_n); /* max 1 */
int nbd_client_input(struct nbd_client *c, size_t n);
/* Why input() returned -EPROTO the last time, for people. Never NULL. */
const char *nbd_client_why(const struct nbd_client *c);
/* What is to be sent: at most max pieces (max > 1); returns how many there are. Valid until the
 * next call of anything here. */
size_t nbd_client_output(struct nbd_client *c, struct iovec *iov, size_t max);
void nbd_client_output_done(struct nbd_client *c, size_t n);
/* Negotiated with `plain`, and no byte too many was read: the socket may be handed over. */
bool nbd_client_can_hand_over(const struct nbd_client *c);
/* Says NBD_CMD_DISC with what is sent next; nothing is sent after it. */
void nbd_client_disconnect(struct nbd_client *c);
