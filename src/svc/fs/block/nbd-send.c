/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: nbd-send.h.
 *
 * A pipe is as large as an ordinary user's may be (1 MiB), or what is to be had: the kernel limits
 * the pages in all pipes of a user together, and then gives small ones.  Without one, data is
 * copied for a while before one is asked for again.
 */
#include "svc/fs/block/nbd-send.h"

#include <fcntl.h>
#include <sys/socket.h>

enum { PAGE = 4096, PIPE_MOST = 1 << 20, PIPE_LEAST = 64 << 10, TIMES_WITHOUT = 100 };

void nbd_send_init(struct nbd_send *s, int sock)
{
	s->sock = sock;
	atomic_init(&s->closed, false);
	pthread_mutex_init(&s->lock, NULL);
}

void nbd_send_done(struct nbd_send *s)
{
	pthread_mutex_destroy(&s->lock);
}

void nbd_send_hang_up(struct nbd_send *s)
{
	atomic_store(&s->closed, true);
	shutdown(s->sock, SHUT_RDWR);
}

/* `lock` is held. */
static void send_all(struct nbd_send *s, const uint8_t *p, size_t n, int flags)
{
	while (n && !nbd_send_closed(s)) {
		ssize_t r = send(s->sock, p, n, MSG_NOSIGNAL | flags);
		if (r > 0) {
			p += r;
			n -= (size_t)r;
		} else if (errno != EINTR) {
			nbd_send_hang_up(s);
		}
	}
}

void nbd_send_bytes(struct nbd_send *s, const void *p, size_t n)
{
	pthread_mutex_lock(&s->lock);
	send_all(s, p, n, 0);
	pthread_mutex_unlock(&s->lock);
}

/* ---- the pipe ------------------------------------------------------------------------------ */

void nbd_pipe_done(struct nbd_pipe *p)
{
	p->in = fd_close(p->in);
	p->out = fd_close(p->out);
	p->held = 0;
}

static bool pipe_open(struct nbd_pipe *p)
{
	int fds[2], size = -1;
	if (p->unusable || p->in >= 0)
		return !p->unusable;
	if (p->without && p->without--)
		return false;
	if (pipe2(fds, O_CLOEXEC) >= 0) {
		p->in = fds[0];
		p->out = fds[1];
	}
	for (int wanted = PIPE_MOST; p->in >= 0 && size < 0 && wanted >= PIPE_LEAST; wanted /= 2)
		size = fcntl(p->out, F_SETPIPE_SZ, wanted);
	if (size >= PIPE_LEAST) {
		p->capacity = (size_t)size;
		return true;
	}
	p->without = TIMES_WITHOUT;
	nbd_pipe_done(p);
	return false;
}

int nbd_pipe_fill(struct nbd_pipe *p, int file, uint64_t at, size_t n)
{
	off_t from = (off_t)at;
	size_t done = 0;
	/* Each page, the first and the last in part, takes a place of its own. */
	if (!pipe_open(p) || (at % PAGE) + n > p->capacity)
		return -EOPNOTSUPP;
	while (done < n) {
		ssize_t r = splice(file, &from, p->out, NULL, n - done, SPLICE_F_NONBLOCK);
		if (r > 0) {
			done += (size_t)r;
			continue;
		}
		if (r < 0 && errno == EINTR)
			continue;
		/* The pipe full already: pages came in smaller parts than expected. */
		int error = !r ? -EINVAL : errno == EAGAIN ? -EOPNOTSUPP : -errno;
		p->unusable = r < 0 && errno == EINVAL;
		nbd_pipe_done(p); /* the simplest way to empty it */
		return p->unusable ? -EOPNOTSUPP : error;
	}
	return 0;
}

void nbd_pipe_send(
	struct nbd_pipe *p, struct nbd_send *s, const void *head, size_t head_len, size_t n)
{
	pthread_mutex_lock(&s->lock);
	send_all(s, head, head_len, MSG_MORE);
	while (n && !nbd_send_closed(s)) {
		ssize_t r = splice(p->in, NULL, s->sock, NULL, n, 0);
		if (r > 0)
			n -= (size_t)r;
		else if (!r || errno != EINTR)
			nbd_send_hang_up(s);
	}
	pthread_mutex_unlock(&s->lock);
}

ssize_t nbd_pipe_receive(struct nbd_pipe *p, int sock, size_t n)
{
	if (!pipe_open(p))
		return -EOPNOTSUPP;
	for (;;) {
		/* An empty pipe has room. */
		unsigned flags = p->held ? SPLICE_F_MOVE | SPLICE_F_NONBLOCK : SPLICE_F_MOVE;
		ssize_t r = splice(sock, NULL, p->out, NULL, n, flags);
		if (r >= 0) {
			p->held += (size_t)r;
			return r;
		}
		if (errno == EAGAIN)
			return -EAGAIN;
		if (errno != EINTR)
			return errno == EINVAL ? -EOPNOTSUPP : 0;
	}
}

ssize_t nbd_pipe_take(struct nbd_pipe *p, void *buffer, size_t size)
{
	size_t done = 0;
	assert(p->held <= size);
	while (done < p->held) {
		ssize_t r = read(p->in, (uint8_t *)buffer + done, p->held - done);
		if (r > 0) {
			done += (size_t)r;
		} else if (!r || errno != EINTR) {
			int error = r ? -errno : -EIO;
			nbd_pipe_done(p);
			return error;
		}
	}
	p->held = 0;
	return (ssize_t)done;
}

/* What splice does not do for files of this kind. Bytes or negative errno. */
static ssize_t copy_some(struct nbd_pipe *p, const struct nbd_file *f, uint64_t at, size_t n,
	void *buffer, size_t buffer_size)
{
	ssize_t r = read(p->in, buffer, MIN(n, buffer_size));
	if (r <= 0)
		return r ? -errno : -EIO;
	int error = nbd_file_write(f, buffer, (size_t)r, at, false);
	return error ? error : r;
}

int nbd_pipe_write(struct nbd_pipe *p, const struct nbd_file *f, uint64_t at, size_t n,
	void *buffer, size_t buffer_size)
{
	assert(n <= p->held);
	for (size_t done = 0; done < n;) {
		off_t to = (off_t)(at + done);
		ssize_t r = splice(p->in, NULL, f->fd, &to, n - done, SPLICE_F_MOVE);
		if (r < 0)
			r = errno == EINVAL
				    ? copy_some(p, f, at + done, n - done, buffer, buffer_size)
				    : -errno;
		if (r > 0) {
			done += (size_t)r;
		} else if (r != -EINTR) {
			nbd_pipe_done(p);
			return r ? (int)r : -EIO;
		}
	}
	p->held -= n;
	return 0;
}
