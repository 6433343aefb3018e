/* SPDX-License-Identifier: MIT */
/*
 * One poll loop, one buffer a direction.  The flags of standard input and output belong to others
 * too (a shell's terminal), so they stay as they are: they are read and written only when poll says
 * that this will not block, a pipe in pieces that surely fit.  The socket is ours alone and
 * nonblocking.
 */
#include "cli/copy.h"
#include "cli/progress.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { BUFFER = 256 * 1024 };

struct way {
	int from, to; /* -1: not at all */
	size_t piece; /* largest write */
	bool socket; /* to is the stream */
	char *buf;
	size_t at, len;
	bool eof; /* nothing more will come */
	bool done; /* and all was delivered */
	uint64_t total;
};

static bool is_gone(int e)
{
	return e == EPIPE || e == ECONNRESET || e == ENOTCONN || e == ESHUTDOWN;
}

static bool is_transient(int e)
{
	return e == EAGAIN || e == EINTR;
}

/* Returns 0 or negative errno. */
static int fill(struct way *w)
{
	ssize_t n = read(w->from, w->buf, BUFFER);
	if (n < 0)
		return is_transient(errno) ? 0 : -errno;
	w->at = 0;
	w->len = (size_t)n;
	w->eof = !n;
	return 0;
}

static int drain(struct way *w)
{
	if (w->to < 0) {
		w->at = w->len;
		return 0;
	}
	size_t want = MIN(w->len - w->at, w->piece);
	ssize_t n = w->socket ? send(w->to, w->buf + w->at, want, MSG_NOSIGNAL)
			      : write(w->to, w->buf + w->at, want);
	if (n < 0)
		return is_transient(errno) ? 0 : -errno;
	w->at += (size_t)n;
	w->total += (uint64_t)n;
	return 0;
}

static bool way_has_data(const struct way *w)
{
	return w->at < w->len;
}

/* What to wait for; fd -1 makes poll ignore the entry. */
static struct pollfd way_poll(const struct way *w)
{
	if (w->done)
		return (struct pollfd){.fd = -1};
	if (way_has_data(w))
		return (struct pollfd){.fd = w->to, .events = POLLOUT};
	return (struct pollfd){.fd = w->from, .events = POLLIN};
}

/* poll said that the way can go on. */
static int way_step(struct way *w)
{
	int r = way_has_data(w) ? drain(w) : fill(w);
	if (r < 0 || way_has_data(w))
		return r;
	if (w->eof)
		w->done = true;
	return 0;
}

static int send_step(struct copy *c, struct way *w)
{
	bool writing = way_has_data(w);
	int r = way_step(w);
	if (r < 0 && writing && is_gone(-r)) {
		c->cut = w->done = true;
		return 0;
	}
	if (r < 0)
		c->who = writing ? "the stream" : "standard input";
	else if (w->done)
		(void)shutdown(w->to, SHUT_WR);
	return r;
}

static int receive_step(struct copy *c, struct way *w)
{
	bool writing = way_has_data(w);
	int r = way_step(w);
	if (r < 0 && !writing && is_gone(-r)) {
		c->cut = w->done = true;
		return 0;
	}
	if (r < 0)
		c->who = writing ? "standard output" : "the stream";
	return r;
}

static size_t safe_piece(int fd)
{
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return BUFFER;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ? PIPE_BUF : BUFFER;
}

/* What is beyond it is not passed on. */
static void apply_limit(struct way *w, uint64_t limit)
{
	if (w->total + (w->len - w->at) > limit)
		w->len = w->at + (size_t)(limit - w->total);
	if (w->total == limit)
		w->done = true;
}

static int run(struct copy *c, struct way *send, struct way *receive)
{
	while (!send->done || !receive->done) {
		struct pollfd p[2] = {way_poll(send), way_poll(receive)};
		/* Data for nobody needs no waiting. */
		bool discard = p[1].fd < 0 && !receive->done;
		if (poll(p, 2, discard ? 0 : progress_timeout_ms(c->progress)) < 0 &&
			errno != EINTR) {
			c->who = "poll";
			return -errno;
		}
		int r = p[0].revents ? send_step(c, send) : 0;
		if (!r && (p[1].revents || discard))
			r = receive_step(c, receive);
		if (!r && c->limit)
			apply_limit(receive, c->limit);
		if (r < 0)
			return r;
		if (receive->done && c->end_with_stream && !send->done)
			send->done = c->cut = true;
		progress_update(c->progress, send->total + receive->total);
	}
	return 0;
}

int copy_run_command(struct copy *c)
{
	AUTO_FREE char *send_buf = malloc(BUFFER);
	AUTO_FREE char *receive_buf = malloc(BUFFER);
	struct way send = {c->in, c->stream, BUFFER, true, send_buf};
	struct way receive = {c->stream, c->out, BUFFER, false, receive_buf};
	if (!send_buf || !receive_buf) {
		c->who = "memory";
		return -ENOMEM;
	}
	int flags = fcntl(c->stream, F_GETFL);
	if (flags < 0 || fcntl(c->stream, F_SETFL, flags | O_NONBLOCK) < 0) {
		c->who = "the stream";
		return -errno;
	}
	if (c->in >= 0)
		receive.piece = safe_piece(c->out); /* one way only may block */
	else
		send.done = true;
	int r = run(c, &send, &receive);
	c->sent = send.total;
	c->received = receive.total;
	progress_end(c->progress);
	return r;
}
