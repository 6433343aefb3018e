/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: the core (wire/nbd/nbd-client.h) holds every operation from when it is
 * submitted until it is done, whether there is a connection or not; here it gets one connection
 * after another, and the bytes are moved.  What the core tells in the middle of taking in bytes -
 * that the export is there, or is not what it was - is only noted, and acted upon when it has
 * returned.
 *
 * A cut is noticed when data or a keep-alive probe is not acknowledged for DEAD_SECONDS; a server
 * that says nothing while the export is agreed upon is given up after STALL_MS.  Later than that it
 * may take as long as its disk does.
 */
#include "base/log.h"
#include "svc/block/client/client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { RECV_BATCH = 16, IOV_BATCH = 256, DEAD_SECONDS = 10, STALL_MS = 20000 };

/* ---- what the core tells ---- */

static void on_ready(void *user)
{
	((struct client *)user)->became_ready = true;
}

static void on_refused(void *user, int error, const char *text)
{
	struct client *c = user;
	c->refused = error;
	(void)snprintf(c->why, sizeof(c->why), "%s", text && *text ? text : strerror(-error));
}

/* ---- the end of a connection ---- */

static void close_conn(struct client *c)
{
	int fd = c->conn.fd;
	watch_remove(&c->conn);
	if (fd >= 0)
		(void)shutdown(fd, SHUT_RDWR);
	fd_close(fd);
	c->lost_ms = watch_now_ms();
}

void client_link_lose(struct client *c, const char *why)
{
	if (c->conn.fd < 0)
		return;
	log_debug("connection lost: %s", why);
	close_conn(c);
	nbd_client_lost(c->core);
	if (!c->told_lost)
		client_words_say(c, BLOCK_LOST_CONNECTION, 0, why);
	c->told_lost = true;
	/* Nobody is there to find another one. */
	if (c->control.fd < 0)
		client_link_over(c, -EIO);
}

void client_link_over(struct client *c, int error)
{
	if (c->over)
		return;
	c->over = true;
	c->failing = error;
	c->told_lost = true;
	client_link_lose(c, "it is over");
	nbd_client_fail(c->core, error);
	if (c->front)
		c->front->ops->over(c->front);
}

static void refuse(struct client *c)
{
	int error = c->refused;
	c->refused = 0;
	log_debug("connection refused: %s", c->why);
	close_conn(c);
	nbd_client_lost(c->core);
	c->told_lost = true;
	client_words_say(c, BLOCK_REFUSED, -error, c->why);
	if (c->control.fd < 0)
		client_link_over(c, -EIO);
}

/* ---- the export is there ---- */

/* The connection was only negotiated: somebody else has a duplicate, and goes on from here. */
static void hand_over(struct client *c)
{
	if (!nbd_client_can_hand_over(c->core)) {
		client_link_lose(c, "the server has said too much");
		return;
	}
	client_words_say_export(c, BLOCK_ATTACHED);
	int fd = c->conn.fd;
	watch_remove(&c->conn);
	fd_close(fd); /* without shutdown */
	nbd_client_lost(c->core);
}

static void ready(struct client *c)
{
	bool first = !c->attached;
	c->became_ready = false;
	c->attached = true;
	c->lost_ms = 0;
	c->failing = 0;
	c->stats.connections++;
	if (c->negotiate) {
		hand_over(c);
		return;
	}
	c->told_lost = false;
	client_words_say_export(c, first ? BLOCK_ATTACHED : BLOCK_RECOVERED);
	c->front->ops->ready(c->front);
}

/* ---- bytes ---- */

static void take_in(struct client *c, size_t n)
{
	c->heard_ms = watch_now_ms();
	int r = nbd_client_input(c->core, n);
	if (c->refused)
		refuse(c);
	else if (r < 0)
		client_link_lose(c, nbd_client_why(c->core));
	else if (c->became_ready)
		ready(c);
}

static void receive(struct client *c)
{
	size_t taken = 0;
	for (int i = 0; i < RECV_BATCH && c->conn.fd >= 0 && taken < CLIENT_TURN_BYTES; i++) {
		struct iovec iov[2];
		size_t n = nbd_client_input_vec(c->core, iov, ARRAY_SIZE(iov)), room = 0;
		struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};
		for (size_t k = 0; k < n; k++)
			room += iov[k].iov_len;
		ssize_t r = recvmsg(c->conn.fd, &m, MSG_DONTWAIT);
		if (r < 0 && errno == EAGAIN)
			return;
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			client_link_lose(c, r < 0 ? strerror(errno) : "end of stream");
			return;
		}
		taken += (size_t)r;
		take_in(c, (size_t)r);
		if ((size_t)r < room)
			return;
	}
}

void client_link_send(struct client *c)
{
	struct iovec iov[IOV_BATCH];
	while (c->conn.fd >= 0) {
		struct msghdr m = {.msg_iov = iov};
		m.msg_iovlen = nbd_client_output(c->core, iov, IOV_BATCH);
		if (m.msg_iovlen == 0)
			break;
		ssize_t r = sendmsg(c->conn.fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (r >= 0) {
			nbd_client_output_done(c->core, (size_t)r);
		} else if (errno == EAGAIN) {
			watch_want(&c->conn, EPOLLIN | EPOLLOUT);
			return;
		} else if (errno != EINTR) {
			client_link_lose(c, strerror(errno));
		}
	}
	watch_want(&c->conn, EPOLLIN);
}

static void on_conn(struct watch *w, uint32_t revents)
{
	struct client *c = container_of(w, struct client, conn);
	/* What can be sent is, at the end of the turn. */
	if (revents & ~(uint32_t)EPOLLOUT)
		receive(c);
}

/* ---- a new one ---- */

/* A peer that vanished is noticed soon. Other sockets than TCP's need none of this. */
static void watch_peer(int fd)
{
	unsigned timeout = DEAD_SECONDS * 1000;
	int on = 1, idle = DEAD_SECONDS / 2, every = 2, probes = 3;
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void client_link_connect(struct client *c, int takes_fd, const void *epoch, size_t n)
{
	if (c->over) {
		fd_close(takes_fd);
		return;
	}
	c->told_lost = true; /* there is another already */
	client_link_lose(c, "there is another connection");
	c->told_lost = false; /* but that this one is of no use, nobody knows yet */
	int r = watch_add(&c->loop, &c->conn, takes_fd, EPOLLIN, on_conn);
	if (r < 0) {
		fd_close(takes_fd);
		client_words_say(c, BLOCK_LOST_CONNECTION, 0, strerror(-r));
		c->told_lost = true;
		return;
	}
	watch_peer(takes_fd);
	c->heard_ms = watch_now_ms();
	r = nbd_client_start(c->core, epoch, n);
	if (r < 0)
		client_link_lose(c, strerror(-r));
}

void client_link_resize(struct client *c, uint64_t size)
{
	if (!c->attached || size > INT64_MAX)
		return;
	nbd_client_set_size(c->core, size);
	if (c->front)
		c->front->ops->resized(c->front);
}

/* ---- time ---- */

int client_link_timers(struct client *c)
{
	uint64_t now = watch_now_ms();
	int next = -1;
	if (c->conn.fd >= 0 && !nbd_client_is_ready(c->core)) {
		uint64_t quiet = now - c->heard_ms;
		if (quiet >= STALL_MS)
			client_link_lose(c, "no answer");
		else
			next = (int)(STALL_MS - quiet);
	}
	if (c->timeout_s && c->lost_ms && !c->failing) {
		uint64_t lost = now - c->lost_ms, limit = c->timeout_s * UINT64_C(1000);
		if (lost >= limit) {
			log_debug("no connection for %u s: requests fail", c->timeout_s);
			c->failing = -EIO;
			nbd_client_expire(c->core, -EIO);
		} else {
			next = watch_earlier(next, (int)MIN(limit - lost, 3600000u));
		}
	}
	return next;
}

int client_link_init(struct client *c)
{
	struct nbd_client_config config = {
		.name = c->export_name,
		.max_requests = CLIENT_REQUESTS_MAX,
		.retain_max = c->retain_max,
		.plain = c->negotiate,
		.ready = on_ready,
		.refused = on_refused,
		.user = c,
	};
	c->lost_ms = watch_now_ms();
	c->conn.fd = -EBADF;
	return nbd_client_new(&config, &c->core);
}

void client_link_done(struct client *c)
{
	if (c->conn.fd >= 0 && nbd_client_is_ready(c->core)) {
		nbd_client_disconnect(c->core);
		client_link_send(c);
	}
	watch_remove(&c->conn);
	nbd_client_free(c->core);
	c->core = NULL;
}
