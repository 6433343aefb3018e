/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the NBD client worker (role `nbd-client`, svc/block/client/: a remote block device behind
 * something of this host) and whoever started it (the block service, or `metac block serve`: "the
 * keeper") tell each other.
 *
 *	descriptor 3   control socket: AF_UNIX, SOCK_SEQPACKET
 *	descriptor 4   what it is put behind, depending on the first argument:
 *
 *	--fuse	       /dev/fuse, mounted already: one file, named "disk", of the export's size
 *	--fuse --again  the same, after a worker that has died: the kernel is to send again what
 *		       that one has not answered (Linux 6.9; it ends with a failure on others)
 *	--listen       a listening Unix or TCP socket: NBD is served to whoever connects
 *	--negotiate    nothing: each connection is only negotiated (simple replies), for a
 *		       kernel that is going to use it
 *	--read-only    without any way to change it
 *	--timeout=N    seconds after the loss of the connection until requests fail with EIO instead
 *		       of waiting on, until there is another (default 0: they wait as long as it
 *		       takes)
 *	--export=NAME  of the export, if it has one (default "", which is what our servers have)
 *	--retain=N     see nbd_client_config.retain_max (default NBD_CLIENT_RETAIN)
 *
 * The worker begins without a connection: requests wait until one has been given to it.
 *
 *	keeper -> worker
 *	  CONNECTION   one descriptor: a connected stream socket to the server. data: the epoch. May
 *		       come at any time; a connection that is still there is given up
 *	  OVER	       error: there will be no other connection: requests, waiting and later, fail
 *	  RESIZE       size: the device has grown, or shrunk, to that
 *	  FLUSH	       all that was written is to be flushed; answered FLUSHED
 *	  STATS	       answered STATS
 *
 *	worker -> keeper
 *	  ATTACHED     once: the first connection is negotiated. export: what it is. With
 *		       --negotiate: each time; the worker has not read a byte too many, and is done
 *		       with the socket (of which the keeper has kept a duplicate)
 *	  LOST	       the connection is gone; requests wait. text: why
 *	  RECOVERED    after LOST or a change of connection: requests go on. export: as it is now
 *	  REFUSED      the server has no such export, or (after ATTACHED) not the same one: error,
 *		       text. The worker has closed the connection and waits for another
 *	  FLUSHED      error: 0 or why it could not be
 *	  STATS	       the answer
 *
 * When the keeper goes away (end of the control socket) the worker goes on with the connection it
 * has, and fails requests when that is lost. With --listen it ends at once. It ends, with success,
 * when what it is put behind ends (the file system is unmounted).
 */
#include "base/macro.h"

enum { BLOCK_FD_CONTROL = 3, BLOCK_FD_FRONT = 4, BLOCK_EPOCH_MAX = 64 };

enum block_message_type {
	BLOCK_CONNECTION = 'C',
	BLOCK_OVER = 'F',
	BLOCK_RESIZE = 'Z', /* not _SIZE: linux/fs.h has a macro of that name */
	BLOCK_FLUSH = 'Y',
	BLOCK_STATS = 'S',
	BLOCK_ATTACHED = 'A',
	BLOCK_LOST_CONNECTION = 'L',
	BLOCK_RECOVERED = 'R',
	BLOCK_REFUSED = 'E',
	BLOCK_FLUSHED = 'D',
};

struct block_export {
	uint64_t size;
	uint32_t block_min, block_preferred, payload_max;
	uint16_t flags; /* NBD transmission flags */
};

struct block_stats {
	uint64_t connections; /* how many there have been */
	uint64_t requests, waiting; /* answered; not yet */
	uint64_t bytes_read, bytes_written;
	uint64_t retained; /* bytes written but not flushed */
	uint64_t clients; /* --listen */
};

struct block_message {
	uint32_t type; /* enum block_message_type */
	int32_t error; /* 0 or a positive errno */
	char text[200]; /* NUL-terminated, always */
	uint64_t size;
	struct block_export export;
	struct block_stats stats;
	uint32_t epoch_len; /* <= BLOCK_EPOCH_MAX */
	uint8_t epoch[BLOCK_EPOCH_MAX];
};

/* m->type and what belongs to it are set; attached (borrowed): for CONNECTION only, else -EBADF.
 * 0 or negative errno: -EPIPE the other side is gone, -EAGAIN it does not read. */
int block_message_send(int control, const struct block_message *m, int attached);
int block_connection_send(int control, int fd, const void *epoch, size_t n);
int block_word_send(int control, enum block_message_type type, int error, const char *text);

/* 1: a message. 0: the other side is gone. -EAGAIN: nothing there (does not wait). -EPROTO: not a
 * message. *ret_attached: a descriptor owned by the caller, or -EBADF. */
int block_message_recv(int control, struct block_message *ret, int *ret_attached);
