/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: link.h.
 *
 *	OPEN ----> CLOSING ----> ENDED ----> told
 *
 * OPEN reads while the connection wants input and writes in turns (links_flush).  CLOSING: nothing
 *is read any more (the peer closed, broke the protocol, or was too slow); the last output, such as
 *an abort message, is still written, for at most LINGER_US.  ENDED: the socket is of no more use;
 * links_flush tells the user, who frees the link.  No user code runs inside the handlers here, only
 *in vat_run() and in links_flush().
 */
#include "loop/loop-internal.h"
#include "base/fdpass.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>

enum {
	READS_PER_EVENT = 8,
	WRITES_PER_TURN = 16,
	IOVS = 128,
	PARTIAL_TIMEOUT_US = 30 * 1000 * 1000,
	LINGER_US = 2 * 1000 * 1000,
};

struct link {
	struct list list;
	struct loop *loop;
	struct link_config cfg;
	int fd;
	bool is_unix;
	struct vat_conn *conn;
	sd_event_source *io, *timer;
	uint32_t events; /* what io waits for */
	bool want_write; /* the socket is full */
	bool closing, ended, told;
	bool conn_over; /* the vat said so */
	bool has_error;
	struct vat_error error;
	char text[256];
	uint64_t partial_since; /* when the message being received began; 0: none */
	uint64_t messages_in;
	uint64_t close_by;
};

static uint64_t link_now(struct link *k)
{
	uint64_t now = 0;
	(void)sd_event_now(k->loop->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void arm_timer(struct link *k, uint64_t at)
{
	if (sd_event_source_set_time(k->timer, at) >= 0)
		(void)sd_event_source_set_enabled(k->timer, SD_EVENT_ONESHOT);
}

static void link_end(struct link *k)
{
	if (k->ended)
		return;
	k->ended = true;
	(void)sd_event_source_set_enabled(k->io, SD_EVENT_OFF);
	(void)sd_event_source_set_enabled(k->timer, SD_EVENT_OFF);
	loop_wake(k->loop);
}

/* No more input; err = 0: the peer closed. */
static void link_close(struct link *k, int err)
{
	if (k->closing)
		return;
	k->closing = true;
	k->close_by = link_now(k) + LINGER_US;
	arm_timer(k, k->close_by);
	if (err != -EPROTO) /* that is what the connection told us itself */
		vat_conn_eof(k->conn, err);
	loop_wake(k->loop);
}

/* The socket is dead: what is still to be written never will be. */
static void link_break(struct link *k, int err)
{
	link_close(k, err);
	link_end(k);
}

static void update_events(struct link *k)
{
	uint32_t events = 0;
	if (!k->closing && vat_conn_wants_input(k->conn))
		events |= EPOLLIN;
	if (k->want_write)
		events |= EPOLLOUT;
	if (events == k->events || k->ended)
		return;
	if (sd_event_source_set_io_events(k->io, events) < 0) {
		link_break(k, -ENOMEM);
		return;
	}
	k->events = events;
}

/* ---- input --------------------------------------------------------------------------------- */

static ssize_t receive(struct link *k, void *buf, size_t len, int *fds, size_t *n_fds)
{
	*n_fds = 0;
	if (k->is_unix)
		return fdpass_recv(k->fd, buf, len, fds, FDPASS_MAX, n_fds);
	ssize_t n = recv(k->fd, buf, len, MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

/* A message that has begun must end in time: notes when this one began. */
static void watch_partial(struct link *k)
{
	if (!vat_conn_partial(k->conn)) {
		k->partial_since = 0; /* the timer may run on; it looks again when it fires */
		return;
	}
	struct vat_conn_counts counts;
	vat_conn_counts(k->conn, &counts);
	if (k->partial_since && counts.messages_in == k->messages_in)
		return;
	k->messages_in = counts.messages_in;
	k->partial_since = link_now(k);
	int enabled = SD_EVENT_OFF;
	(void)sd_event_source_get_enabled(k->timer, &enabled);
	if (enabled == SD_EVENT_OFF)
		arm_timer(k, k->partial_since + k->cfg.partial_timeout_us);
}

/* One read. False when there is nothing more to read now. */
static bool read_once(struct link *k)
{
	void *buf;
	size_t len, n_fds;
	int fds[FDPASS_MAX];
	int r = vat_conn_input(k->conn, &buf, &len);
	if (r < 0) {
		link_close(k, r);
		return false;
	}
	ssize_t n = receive(k, buf, len, fds, &n_fds);
	if (n == -EAGAIN || n == -EINTR)
		return false;
	if (n <= 0) {
		link_close(k, (int)n);
		return false;
	}
	r = vat_conn_received(k->conn, (size_t)n, fds, n_fds);
	loop_wake(k->loop);
	if (r < 0) {
		link_close(k, r);
		return false;
	}
	watch_partial(k);
	return (size_t)n == len || n_fds > 0; /* a short read has emptied the socket */
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct link *k = user;
	if (revents & EPOLLOUT)
		k->want_write = false; /* links_flush writes */
	bool reads = !k->closing && vat_conn_wants_input(k->conn);
	if (!reads && (revents & (EPOLLHUP | EPOLLERR))) {
		link_break(k, -EPIPE); /* nobody reads what we still have to say */
		return 0;
	}
	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
		for (unsigned i = 0; reads && i < READS_PER_EVENT && read_once(k); i++)
			reads = !k->closing && vat_conn_wants_input(k->conn);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct link *k = user;
	uint64_t now = link_now(k);
	if (k->closing) {
		if (now >= k->close_by)
			link_end(k);
		else
			arm_timer(k, k->close_by);
		return 0;
	}
	if (!k->partial_since)
		return 0;
	if (!vat_conn_wants_input(k->conn))
		k->partial_since = now; /* it is us who does not read */
	uint64_t due = k->partial_since + k->cfg.partial_timeout_us;
	if (now >= due)
		link_close(k, -ETIMEDOUT);
	else
		arm_timer(k, due);
	return 0;
}

/* ---- output -------------------------------------------------------------------------------- */

static ssize_t transmit(struct link *k, struct iovec *iov, size_t n, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * FDPASS_MAX)];
	} control;
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = n};
	if (n_fds) {
		memset(&control, 0, CMSG_SPACE(sizeof(int) * n_fds));
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	ssize_t sent = sendmsg(k->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent < 0 ? -errno : sent;
}

/* One batch. True if there may be more to write now. */
static bool write_once(struct link *k)
{
	struct iovec iov[IOVS];
	int fds[FDPASS_MAX];
	size_t n_fds = 0, total = 0;
	size_t n = vat_conn_output(k->conn, iov, IOVS, fds, FDPASS_MAX, &n_fds);
	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		total += iov[i].iov_len;
	ssize_t sent = transmit(k, iov, n, fds, n_fds);
	if (sent == -EINTR)
		return true;
	if (sent == -EAGAIN) {
		k->want_write = true;
		return false;
	}
	if (sent < 0) {
		link_break(k, (int)sent);
		return false;
	}
	vat_conn_sent(k->conn, (size_t)sent);
	k->want_write = (size_t)sent < total;
	return !k->want_write;
}

static void link_flush(struct link *k)
{
	if (k->ended)
		return;
	bool more = !k->want_write;
	for (unsigned i = 0; more && i < WRITES_PER_TURN; i++)
		more = write_once(k);
	if (more)
		loop_wake(k->loop);
	if (!k->ended && vat_conn_is_over(k->conn))
		link_end(k);
	update_events(k);
}

static void tell_user(struct link *k)
{
	k->told = true;
	if (k->cfg.closed)
		k->cfg.closed(k->cfg.user, k, k->has_error ? &k->error : NULL);
}

void links_flush(struct loop *l)
{
	struct links *links = l->links;
	list_for_each_safe (it, &links->all) {
		struct link *k = list_entry(it, struct link, list);
		link_flush(k);
		if (k->ended && k->conn_over && !k->told) {
			list_unlink(&k->list);
			list_append(&links->ended, &k->list);
		}
	}
	struct list *it;
	while ((it = list_pop(&links->ended))) { /* told ones may free any */
		list_append(&links->all, it);
		tell_user(list_entry(it, struct link, list));
	}
}

/* ---- life ---------------------------------------------------------------------------------- */

/* From vat_run(): the connection is over. There may be output left. */
static void on_conn_closed(void *user, const struct vat_error *err)
{
	struct link *k = user;
	k->conn_over = true;
	if (err) {
		snprintf(k->text, sizeof(k->text), "%s", err->text);
		k->error = (struct vat_error){.kind = err->kind, .text = k->text};
		k->has_error = true;
	}
	if (!k->closing) { /* the peer sent an abort, or we did */
		k->closing = true;
		k->close_by = link_now(k) + LINGER_US;
		arm_timer(k, k->close_by);
	}
	loop_wake(k->loop);
}

static int prepare_socket(struct link *k)
{
	int domain, flags = fcntl(k->fd, F_GETFL);
	socklen_t len = sizeof(domain);
	if (flags < 0 || fcntl(k->fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		getsockopt(k->fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
		return -errno;
	k->is_unix = domain == AF_UNIX;
	return k->is_unix ? 0 : tcp_prepare(k->fd);
}

static int set_up(struct link *k)
{
	int r = prepare_socket(k);
	if (r < 0)
		return r;
	struct vat_conn_config cfg = {
		.limits = k->cfg.limits,
		.fds = k->is_unix,
		.bootstrap = k->cfg.bootstrap,
		.closed = on_conn_closed,
		.user = k,
	};
	r = vat_conn_new(k->loop->vat, &cfg, &k->conn);
	if (r < 0)
		return r;
	k->events = EPOLLIN;
	r = sd_event_add_io(k->loop->event, &k->io, k->fd, k->events, on_io, k);
	if (r >= 0)
		r = sd_event_add_time(
			k->loop->event, &k->timer, CLOCK_MONOTONIC, 0, 0, on_timer, k);
	if (r >= 0)
		r = sd_event_source_set_enabled(k->timer, SD_EVENT_OFF);
	return r;
}

int link_new(struct loop *l, int fd, const struct link_config *cfg, struct link **ret)
{
	struct link *k = calloc(1, sizeof(*k));
	if (!k) {
		fd_close(fd);
		return -ENOMEM;
	}
	k->loop = l;
	k->cfg = *cfg;
	k->fd = fd;
	if (!k->cfg.partial_timeout_us)
		k->cfg.partial_timeout_us = PARTIAL_TIMEOUT_US;
	list_init(&k->list);
	int r = set_up(k);
	if (r < 0) {
		link_free(k);
		return r;
	}
	list_append(&((struct links *)l->links)->all, &k->list);
	*ret = k;
	return 0;
}

void link_free(struct link *k)
{
	if (!k)
		return;
	list_unlink(&k->list);
	sd_event_source_disable_unref(k->io);
	sd_event_source_disable_unref(k->timer);
	vat_conn_free(k->conn);
	fd_close(k->fd);
	free(k);
}

struct vat_conn *link_conn(struct link *k)
{
	return k->conn;
}

struct link *link_of(const struct vat_conn *c)
{
	return vat_conn_user(c);
}

unsigned link_kind(const struct link *k)
{
	return k->cfg.kind;
}

void *link_user(const struct link *k)
{
	return k->cfg.user;
}

int link_fd(const struct link *k)
{
	return k->fd;
}

void links_free_all(struct loop *l)
{
	struct links *links = l->links;
	list_splice(&links->all, &links->ended);
	while (!list_empty(&links->all))
		link_free(list_entry(links->all.next, struct link, list));
}
