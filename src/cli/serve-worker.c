/* SPDX-License-Identifier: MIT */
/*
 * The worker of `metac block serve': started on the listening socket, and spoken to as
 * core/block-control.h says.
 */
#include "cli/serve.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum { ATTACH_SECONDS = 20, FLUSH_SECONDS = 60 };

int serve_start_worker(struct server *s)
{
	int pair[2];
	char timeout[32];
	const struct options *o = &s->cli->opt;
	(void)snprintf(
		timeout, sizeof(timeout), "--timeout=%llu", (unsigned long long)o->timeout_s);
	const char *argv[] = {"metacd: nbd client", "--role=nbd-client", "--listen", timeout,
		o->read_only ? "--read-only" : NULL, NULL};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(&s->cli->err, -errno, "socket");
	const int fds[] = {pair[1], s->place.fd};
	int r = spawn_worker(argv, fds, ARRAY_SIZE(fds), &s->worker);
	fd_close(pair[1]);
	s->control = pair[0];
	return r < 0 ? err_errno(&s->cli->err, r, "start metacd-worker") : 0;
}

/* Until a message of that type, or one of a connection's end, comes (1), the worker has ended (0),
 * or the time is over. */
static int wait_for(
	struct server *s, enum block_message_type type, int seconds, struct block_message *ret)
{
	int attached = -EBADF;
	const time_t end = time(NULL) + seconds;
	for (;;) {
		struct pollfd p = {.fd = s->control, .events = POLLIN};
		int left = (int)MAX(end - time(NULL), (time_t)0);
		if (poll(&p, 1, left * 1000) <= 0)
			return -ETIMEDOUT;
		int r = block_message_recv(s->control, ret, &attached);
		fd_close(attached);
		if (r == 0 || (r < 0 && r != -EAGAIN))
			return 0;
		if (r == 1 && (ret->type == type || ret->type == BLOCK_REFUSED ||
				      ret->type == BLOCK_LOST_CONNECTION))
			return 1;
	}
}

int serve_wait_attached(struct server *s)
{
	struct err *err = &s->cli->err;
	struct block_message m = {};
	int r = wait_for(s, BLOCK_ATTACHED, ATTACH_SECONDS, &m);
	if (r < 0)
		return err_set(err, r, "no answer of the NBD server within %d s", ATTACH_SECONDS);
	if (r == 0)
		return err_set(err, -EIO, "the NBD worker did not start");
	if (m.type != BLOCK_ATTACHED)
		return err_set(err, -EIO, "%s", *m.text ? m.text : "the connection broke off");
	s->export = m.export;
	s->size = m.export.size;
	s->state = SERVER_CONNECTED;
	s->connected_ms = serve_now_ms();
	return 0;
}

/* What programs wrote is on the other host's disk when this says so. */
int serve_flush(struct server *s)
{
	struct block_message m = {};
	if (s->ended || block_word_send(s->control, BLOCK_FLUSH, 0, NULL) < 0)
		return 0;
	bool connected = s->state == SERVER_CONNECTED;
	int r = wait_for(s, BLOCK_FLUSHED, connected ? FLUSH_SECONDS : 1, &m);
	bool answered = r == 1 && m.type == BLOCK_FLUSHED;
	if (answered && !m.error)
		return 0;
	return err_set(&s->cli->err, -EIO,
		"what was written last may not be on the other host's disk: %s",
		answered ? strerror(m.error) : "the connection is lost");
}

void serve_on_message(struct server *s)
{
	struct block_message m = {};
	int attached = -EBADF;
	int r = block_message_recv(s->control, &m, &attached);
	fd_close(attached);
	if (r == 0 || (r < 0 && r != -EAGAIN)) {
		s->ended = true;
		return;
	}
	if (r != 1)
		return;
	switch (m.type) {
	case BLOCK_LOST_CONNECTION:
	case BLOCK_REFUSED:
		if (s->state != SERVER_OVER)
			serve_wait_to_connect(s, m.text);
		break;
	case BLOCK_RECOVERED:
		s->state = SERVER_CONNECTED;
		s->connected_ms = serve_now_ms();
		s->size = m.export.size;
		serve_watch_size(s);
		(void)sd_notify(0, "STATUS=connected");
		break;
	default:
		break;
	}
}
