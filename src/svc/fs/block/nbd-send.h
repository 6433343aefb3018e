/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The sending side of an NBD connection, which several threads share: what one sends in one call
 * stays together.
 *
 * Sending waits for a peer that does not read.  When the connection has ended, what is sent is
 * thrown away, and whoever waits to receive is woken.
 */
#include "svc/fs/block/nbd-file.h"

#include <pthread.h>

struct nbd_send {
	int sock; /* borrowed */
	atomic_bool closed;
	pthread_mutex_t lock;
};

void nbd_send_init(struct nbd_send *s, int sock);
void nbd_send_done(struct nbd_send *s);
/* Ends the connection, in both directions. */
void nbd_send_hang_up(struct nbd_send *s);
static inline bool nbd_send_closed(struct nbd_send *s)
{
	return atomic_load_explicit(&s->closed, memory_order_relaxed);
}

void nbd_send_bytes(struct nbd_send *s, const void *p, size_t n);

/* File to socket without a copy, through a pipe: so it is known whether there is data before
 * anything has been said about it.  Belongs to one thread. */
struct nbd_pipe {
	int in, out; /* ends to read from, to write to; -EBADF: not made yet */
	size_t capacity; /* bytes, if they begin at a page */
	size_t held; /* bytes that are in it */
	bool unusable; /* files of this kind cannot be spliced */
	unsigned without; /* there was no pipe to be had: how many times none is asked for */
};
#define NBD_PIPE_INIT ((struct nbd_pipe){.in = -EBADF, .out = -EBADF})

/* The other way: what has come from the socket, at most n bytes, is put behind what is held. How
 * many bytes; 0: the connection has ended; -EAGAIN: nothing has come for as long as the socket
 * waits; -EOPNOTSUPP: not this way. */
ssize_t nbd_pipe_receive(struct nbd_pipe *p, int sock, size_t n);
/* Takes all that is held out of the pipe, at most size bytes. How many, or negative errno: then
 * they are lost. */
ssize_t nbd_pipe_take(struct nbd_pipe *p, void *buffer, size_t size);
/* Writes n of the bytes that are held, by way of the buffer if the file cannot do it otherwise. 0
 * or negative errno: then the pipe is empty. */
int nbd_pipe_write(struct nbd_pipe *p, const struct nbd_file *f, uint64_t at, size_t n,
	void *buffer, size_t buffer_size);
void nbd_pipe_done(struct nbd_pipe *p);
/* Fills the pipe, which is empty, with n bytes of the file. 0; -EINVAL: the file ends before;
 * -EOPNOTSUPP: not this way (too many for the pipe, too); negative errno. Unless 0, it is empty. */
int nbd_pipe_fill(struct nbd_pipe *p, int file, uint64_t at, size_t n);
/* Sends the bytes at head, and then the n bytes that are in the pipe. */
void nbd_pipe_send(
	struct nbd_pipe *p, struct nbd_send *s, const void *head, size_t head_len, size_t n);
