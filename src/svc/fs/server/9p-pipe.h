/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Pipes between a file and the connection, through which pages of the file go without being
 * copied, and without memory of ours.  How much there is, and that it could be read, is known
 * before the reply's head is sent.
 */
#include "base/macro.h"

#include <pthread.h>

enum {
	P9_PIPES = 8, /* for a connection */
	P9_PIPE_SIZE = 1 << 20,
	P9_PIPE_LEAST = 32 << 10, /* less is copied more quickly */
};

struct p9_pipe {
	int in, out; /* made with the first read; -EBADF: not there */
	bool failed; /* it could not be made: not tried again */
	size_t held; /* bytes in it */
	bool used; /* by a request */
};

struct p9_pipes {
	pthread_mutex_t lock;
	pthread_cond_t given;
	struct p9_pipe pipes[P9_PIPES];
};

void p9_pipes_init(struct p9_pipes *ps);
void p9_pipes_done(struct p9_pipes *ps); /* all have been given back */
/* One that nobody else uses. NULL: there is none; with wait, waits until there is. */
struct p9_pipe *p9_pipes_take(struct p9_pipes *ps, bool wait);
/* What it still holds is thrown away. */
void p9_pipes_give(struct p9_pipes *ps, struct p9_pipe *p);

void p9_pipe_init(struct p9_pipe *p);
/* Also throws away what it holds; it is made again when it is needed. */
void p9_pipe_close(struct p9_pipe *p);

/* At most n bytes of the file from offset on. Returns how many it holds then: fewer if no more fit,
 * the file ends there, or cannot be read on (which is told by whoever tries to read it there). 0:
 * it cannot be done. */
size_t p9_pipe_fill(struct p9_pipe *p, int fd, uint64_t offset, size_t n);

/* Sends what it holds. more: something follows at once. 0 or negative errno. */
int p9_pipe_send(struct p9_pipe *p, int sock, bool more);
