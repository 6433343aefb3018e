/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: 9p-pipe.h.  The kernel lets a user have only so much in pipes; then they
 * hold less, and what does not fit goes the ordinary way.
 */
#include "svc/fs/server/9p-pipe.h"

#include <fcntl.h>

void p9_pipe_init(struct p9_pipe *p)
{
	*p = (struct p9_pipe){.in = -EBADF, .out = -EBADF};
}

void p9_pipe_close(struct p9_pipe *p)
{
	p->in = fd_close(p->in);
	p->out = fd_close(p->out);
	p->held = 0;
}

void p9_pipes_init(struct p9_pipes *ps)
{
	pthread_mutex_init(&ps->lock, NULL);
	pthread_cond_init(&ps->given, NULL);
	for (size_t i = 0; i < P9_PIPES; i++)
		p9_pipe_init(&ps->pipes[i]);
}

void p9_pipes_done(struct p9_pipes *ps)
{
	for (size_t i = 0; i < P9_PIPES; i++)
		p9_pipe_close(&ps->pipes[i]);
	pthread_cond_destroy(&ps->given);
	pthread_mutex_destroy(&ps->lock);
}

/* The first that is free, so that no more are made than are needed. */
static struct p9_pipe *find_free(struct p9_pipes *ps)
{
	for (size_t i = 0; i < P9_PIPES; i++)
		if (!ps->pipes[i].used)
			return &ps->pipes[i];
	return NULL;
}

struct p9_pipe *p9_pipes_take(struct p9_pipes *ps, bool wait)
{
	struct p9_pipe *p;
	pthread_mutex_lock(&ps->lock);
	while (!(p = find_free(ps)) && wait)
		pthread_cond_wait(&ps->given, &ps->lock);
	if (p)
		p->used = true;
	pthread_mutex_unlock(&ps->lock);
	return p;
}

void p9_pipes_give(struct p9_pipes *ps, struct p9_pipe *p)
{
	if (p->held)
		p9_pipe_close(p);
	pthread_mutex_lock(&ps->lock);
	p->used = false;
	pthread_cond_signal(&ps->given);
	pthread_mutex_unlock(&ps->lock);
}

static bool make(struct p9_pipe *p)
{
	int fds[2];
	if (p->in >= 0 || p->failed)
		return !p->failed;
	if (pipe2(fds, O_CLOEXEC) < 0) {
		p->failed = true;
		return false;
	}
	p->out = fds[0];
	p->in = fds[1];
	(void)fcntl(p->in, F_SETPIPE_SZ, P9_PIPE_SIZE);
	return true;
}

size_t p9_pipe_fill(struct p9_pipe *p, int fd, uint64_t offset, size_t n)
{
	loff_t from = (loff_t)offset;
	assert(!p->held);
	if (!make(p))
		return 0;
	while (p->held < n) {
		ssize_t got = splice(fd, &from, p->in, NULL, n - p->held, SPLICE_F_NONBLOCK);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		p->held += (size_t)got;
	}
	return p->held;
}

int p9_pipe_send(struct p9_pipe *p, int sock, bool more)
{
	while (p->held) {
		ssize_t n = splice(p->out, NULL, sock, NULL, p->held, more ? SPLICE_F_MORE : 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EPIPE;
		p->held -= (size_t)n;
	}
	return 0;
}
