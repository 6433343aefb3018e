/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Inside of a struct vat_io, for loops that embed it.
 *
 *	OPEN ----> CLOSING ----> ENDED
 *
 * OPEN reads while the connection wants input and writes when told to.  CLOSING: nothing is read
 *any more (the peer closed, broke the protocol, or was too slow); the last output, such as an abort
 * message, is still written, for at most IO_LINGER_US.  ENDED: the socket is of no more use.  The
 * vat tells separately, from vat_run(), that it has dealt with the end (conn_over).
 *
 * Time is asked for only when it matters: what must be noted down in terms of the clock sets
 * `clock`, and the next vat_io_clock() notes it.
 */
#include "base/macro.h"
#include "vat/io.h"

enum { IO_LINGER_US = 2 * 1000 * 1000 };

enum io_state { IO_OPEN, IO_CLOSING, IO_ENDED };

struct vat_io {
	struct vat_conn *conn;
	int fd;
	uint8_t state; /* enum io_state */
	bool passes_fds; /* a Unix socket */
	bool want_write; /* the socket is full */
	bool conn_over;
	bool has_error;
	bool clock; /* vat_io_clock() has something to note */
	bool partial; /* a message is half received */
	bool waits; /* io_read_wait() is in use: SO_RCVTIMEO is set */
	bool never_waits; /* somebody made the socket O_NONBLOCK */
	struct vat_error error;
	char *text; /* of error */
	uint64_t partial_timeout_us;
	uint64_t partial_since; /* 0: not noted yet */
	uint64_t close_by; /* likewise */
	uint64_t messages_in; /* when the message half received began */
	struct io_trace *trace; /* the environment asks for one; else NULL */
	void (*wakeup)(void *user);
	void *user;
};

enum {
	IO_NEW = 0, /* find out what the socket is and set it up */
	IO_UNIX = 1, /* a Unix stream socket */
	IO_TCP = 2, /* a TCP socket that has its options already */
};

/* As vat_io_new(), in place; kind is one of the above. On failure there is nothing to undo. */
int io_init(struct vat_io *io, struct vat *v, int fd, int kind, const struct vat_io_config *cfg);
void io_done(struct vat_io *io);
/* Closes the socket; the connection stays. */
void io_close(struct vat_io *io);

/* True if the next event can only come from the socket's input, so that io_read_wait() serves. */
bool io_can_wait(const struct vat_io *io);
/* Waits for input in the read itself, for at most about IO_WAIT_US. False if nothing came: time, a
 * signal, or the socket never blocks (then io_can_wait() is false from now on). */
bool io_read_wait(struct vat_io *io);
enum { IO_WAIT_US = 1000 * 1000 };
