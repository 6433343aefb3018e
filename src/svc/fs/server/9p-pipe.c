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
