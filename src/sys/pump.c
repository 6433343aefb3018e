/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: pump.h.
 *
 * Sockets are registered once, edge-triggered; `readable` and `writable` remember what the kernel
 * has told until it says EAGAIN.  A pair of which anything was told stands in `ready` and gets its
 * turn: each direction moves TURN_BYTES at most, and a pair that could move more goes to the end of
 * the queue, so that a busy one holds up nobody.
 *
 *	from --splice--> pipe --splice--> to
 *
 * A direction takes a pipe when there may be something to read and gives it back when it is empty
 * and there was nothing; some empty ones are kept for the next.  When there is none to be had, a
 * direction looks at what has come (MSG_PEEK), offers it to the other socket, and takes off what
 * that has accepted: so nothing is ever held without a pipe.
 *
 *	        source ends               pipe empty
 *	COPYING -----------> DRAINING -----------------> ENDED   (shuts the sink's sending side)
 *	   |                    |                          ^
 *	   +--------------------+--------------------------+
 *	           the sink is gone (shuts the source's receiving side), or an error
 */
#include "sys/pump.h"
#include "base/list.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
	EVENTS = 128,
	PIPES_KEPT = 16, /* empty */
	TURN_BYTES = 1 << 20,
	BOUNCE_BYTES = 64 << 10,
	DISCARD_TIMES = 64,
};
#define WATCHED UINT64_MAX

enum state { COPYING, DRAINING, ENDED };

struct socket {
	int fd;
	bool readable, writable, gone; /* gone: nobody reads at the other end */
};

struct direction {
	int pipe[2]; /* -EBADF: has none */
	uint32_t held; /* bytes in the pipe */
	enum state state;
	int error;
	uint64_t bytes;
};

struct pair {
	struct list link; /* in ready */
	uint32_t id;
	struct socket sockets[2];
	struct direction directions[2]; /* [i]: from sockets[i] to the other */
};

struct pump {
	int epoll;
	pump_ended ended;
	void *user;
	struct pair **pairs; /* by id */
	size_t n_slots, n_pairs;
	struct list ready;
	unsigned n_pipes, pipes_max, n_kept;
	int kept[PIPES_KEPT][2];
	char bounce[BOUNCE_BYTES];
};

/* ---- pipes --------------------------------------------------------------------------------- */

static bool pipe_take(struct pump *p, struct direction *d)
{
	if (p->n_kept) {
		p->n_kept--;
		d->pipe[0] = p->kept[p->n_kept][0];
		d->pipe[1] = p->kept[p->n_kept][1];
		return true;
	}
	if (p->n_pipes >= p->pipes_max || pipe2(d->pipe, O_CLOEXEC | O_NONBLOCK) < 0) {
		d->pipe[0] = d->pipe[1] = -EBADF;
		return false;
	}
	(void)fcntl(d->pipe[1], F_SETPIPE_SZ, PUMP_PIPE_BYTES); /* smaller will do */
	p->n_pipes++;
	return true;
}

static void pipe_give(struct pump *p, struct direction *d)
{
	if (d->pipe[0] < 0)
		return;
	if (!d->held && p->n_kept < PIPES_KEPT) {
		p->kept[p->n_kept][0] = d->pipe[0];
		p->kept[p->n_kept][1] = d->pipe[1];
		p->n_kept++;
	} else {
		fd_close(d->pipe[0]);
		fd_close(d->pipe[1]);
		p->n_pipes--;
	}
	d->held = 0;
	d->pipe[0] = d->pipe[1] = -EBADF;
}

/* ---- moving bytes -------------------------------------------------------------------------- */

static bool is_gone(ssize_t err)
{
	return err == -EPIPE || err == -ECONNRESET;
}

static void direction_end(
	struct pump *p, struct direction *d, struct socket *from, struct socket *to, ssize_t error)
{
	d->state = ENDED;
	if (error < 0 && !is_gone(error))
		d->error = (int)error;
	if (error < 0)
		(void)shutdown(from->fd, SHUT_RD);
	(void)shutdown(to->fd, SHUT_WR);
	pipe_give(p, d);
}

/* Into the pipe: bytes, 0 at the source's end, negative errno. */
static ssize_t fill(struct direction *d, struct socket *from)
{
	ssize_t n = splice(from->fd, NULL, d->pipe[1], NULL, PUMP_PIPE_BYTES,
		SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0)
		d->held = (uint32_t)n;
	return n < 0 ? -errno : n;
}

/* Out of the pipe: bytes, or negative errno. */
static ssize_t drain(struct direction *d, struct socket *to)
{
	ssize_t n =
		splice(d->pipe[0], NULL, to->fd, NULL, d->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0)
		d->held -= (uint32_t)n;
	return n < 0 ? -errno : n ? n : -EPIPE;
}

/* Without a pipe. As fill, with `to` having the bytes already; -EAGAIN: one of the two has to wait,
 * which is in its flags. */
static ssize_t bounce(struct pump *p, struct socket *from, struct socket *to)
{
	if (!to->writable)
		return -EAGAIN;
	ssize_t n = recv(from->fd, p->bounce, sizeof(p->bounce), MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0) {
		from->readable = n == 0 || errno != EAGAIN;
		return n < 0 ? -errno : 0;
	}
	ssize_t sent = send(to->fd, p->bounce, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent <= 0) {
		to->writable = errno != EAGAIN;
		return -errno;
	}
	ssize_t taken = recv(from->fd, p->bounce, (size_t)sent, MSG_DONTWAIT);
	return taken == sent ? sent : -EIO;
}

enum moved { MOVED_NOTHING, MOVED_SOME, MOVED_END };

/* One portion from `from`. */
static enum moved take_in(
	struct pump *p, struct direction *d, struct socket *from, struct socket *to)
{
	if (d->state != COPYING || d->held || !from->readable)
		return MOVED_NOTHING;
	bool piped = d->pipe[0] >= 0 || pipe_take(p, d);
	ssize_t n = piped ? fill(d, from) : bounce(p, from, to);
	if (n > 0) {
		d->bytes += piped ? 0 : (uint64_t)n;
		return MOVED_SOME;
	}
	if (n == -EINTR)
		return MOVED_SOME;
	if (n == -EAGAIN) {
		if (piped)
			from->readable = false;
		return MOVED_NOTHING;
	}
	/* What came before a reset is delivered too. */
	if (n == 0 || (is_gone(n) && piped)) {
		d->state = DRAINING;
		return MOVED_NOTHING;
	}
	direction_end(p, d, from, to, n);
	return MOVED_END;
}

static enum moved put_out(
	struct pump *p, struct direction *d, struct socket *from, struct socket *to)
{
	if (!d->held || !to->writable)
		return MOVED_NOTHING;
	ssize_t n = drain(d, to);
	if (n > 0) {
		d->bytes += (uint64_t)n;
		return MOVED_SOME;
	}
	if (n == -EINTR)
		return MOVED_SOME;
	if (n == -EAGAIN) {
		to->writable = false;
		return MOVED_NOTHING;
	}
	direction_end(p, d, from, to, n);
	return MOVED_END;
}

/* Moves what can be moved without waiting; true: there is more, but others have their turn first.
 */
static bool direction_turn(struct pump *p, struct pair *q, unsigned i)
{
	struct direction *d = &q->directions[i];
	struct socket *from = &q->sockets[i], *to = &q->sockets[!i];
	uint64_t until = d->bytes + TURN_BYTES;
	while (d->state != ENDED && d->bytes < until) {
		enum moved in = take_in(p, d, from, to);
		enum moved out = in == MOVED_END ? in : put_out(p, d, from, to);
		if (in == MOVED_NOTHING && out == MOVED_NOTHING)
			break;
	}
	if (d->state == ENDED)
		return false;
	if (!d->held && d->state == DRAINING)
		direction_end(p, d, from, to, 0);
	else if (to->gone && (!d->held || !to->writable))
		direction_end(p, d, from, to, -EPIPE);
	else if (!d->held && !from->readable)
		pipe_give(p, d);
	return d->state != ENDED && d->bytes >= until;
}

/* ---- pairs --------------------------------------------------------------------------------- */

/* Closing a socket that has unread input resets the connection, and the peer may lose what was said
 * to it. */
static void socket_close(struct pump *p, struct socket *s, bool cut)
{
	for (unsigned i = 0; !cut && i < DISCARD_TIMES; i++)
		if (recv(s->fd, p->bounce, sizeof(p->bounce), MSG_DONTWAIT) <= 0)
			break;
	/* Somebody may have a copy of the descriptor: then closing ours would leave it registered,
	 * and what happens to it would be told of the next pair that has this number. */
	if (cut)
		(void)shutdown(s->fd, SHUT_RDWR);
	(void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	s->fd = fd_close(s->fd);
}

static void pair_free(struct pump *p, struct pair *q, bool cut)
{
	for (unsigned i = 0; i < 2; i++) {
		pipe_give(p, &q->directions[i]);
		socket_close(p, &q->sockets[i], cut);
	}
	list_unlink(&q->link);
	p->pairs[q->id] = NULL;
	p->n_pairs--;
	free(q);
}

static void pair_end(struct pump *p, struct pair *q, int error)
{
	uint64_t bytes[2] = {q->directions[0].bytes, q->directions[1].bytes};
	uint32_t id = q->id;
	pair_free(p, q, error == -ECANCELED);
	p->ended(p->user, id, error, bytes);
}

static void pair_turn(struct pump *p, struct pair *q)
{
	bool more = direction_turn(p, q, 0);
	more |= direction_turn(p, q, 1);
	struct direction *d = q->directions;
	if (d[0].state == ENDED && d[1].state == ENDED)
		pair_end(p, q, d[0].error ?: d[1].error);
	else if (more)
		list_append(&p->ready, &q->link);
}

static int reserve(struct pump *p, uint32_t id)
{
	if (id >= PUMP_PAIRS_MAX)
		return -EINVAL;
	if (id < p->n_slots)
		return p->pairs[id] ? -EEXIST : 0;
	size_t n = MAX(p->n_slots, (size_t)64);
	while (n <= id)
		n *= 2;
	struct pair **grown = reallocarray(p->pairs, n, sizeof(struct pair *));
	if (!grown)
		return -ENOMEM;
	memset(grown + p->n_slots, 0, (n - p->n_slots) * sizeof(struct pair *));
	p->pairs = grown;
	p->n_slots = n;
	return 0;
}

static int set_up_socket(struct pump *p, const struct pair *q, unsigned i)
{
	int fd = q->sockets[i].fd, flags = fcntl(fd, F_GETFL);
	struct stat st;
	if (flags < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.u64 = (uint64_t)q->id << 1 | i};
	return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

int pump_add(struct pump *p, uint32_t id, int takes_a, int takes_b)
{
	AUTO_CLOSE int a = takes_a;
	AUTO_CLOSE int b = takes_b;
	int r = reserve(p, id);
	struct pair *q = r < 0 ? NULL : calloc(1, sizeof(*q));
	if (!q)
		return r < 0 ? r : -ENOMEM;
	*q = (struct pair){.id = id, .sockets = {{.fd = TAKE_FD(a)}, {.fd = TAKE_FD(b)}}};
	for (unsigned i = 0; i < 2; i++)
		q->directions[i].pipe[0] = q->directions[i].pipe[1] = -EBADF;
	p->pairs[id] = q;
	p->n_pairs++;
	list_init(&q->link);
	r = set_up_socket(p, q, 0);
	if (r >= 0)
		r = set_up_socket(p, q, 1);
	if (r < 0)
		pair_free(p, q, true);
	return r;
}

int pump_cut(struct pump *p, uint32_t id)
{
	if (id >= p->n_slots || !p->pairs[id])
		return -ENOENT;
	pair_end(p, p->pairs[id], -ECANCELED);
	return 0;
}

size_t pump_pairs(const struct pump *p)
{
	return p->n_pairs;
}

/* ---- the pump ------------------------------------------------------------------------------ */

static void note(struct pump *p, const struct epoll_event *e)
{
	struct pair *q = p->pairs[e->data.u64 >> 1];
	if (!q)
		return; /* it has ended since */
	struct socket *s = &q->sockets[e->data.u64 & 1];
	if (e->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->readable = true;
	if (e->events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		s->writable = true;
	if (e->events & (EPOLLHUP | EPOLLERR))
		s->gone = true;
	list_unlink(&q->link);
	list_append(&p->ready, &q->link);
}

int pump_watch(struct pump *p, int fd, uint32_t epoll_events)
{
	struct epoll_event e = {.events = epoll_events, .data.u64 = WATCHED};
	if (epoll_ctl(p->epoll, EPOLL_CTL_MOD, fd, &e) == 0)
		return 0;
	return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

int pump_step(struct pump *p, int timeout_ms)
{
	struct epoll_event events[EVENTS];
	struct list turn;
	int watched = 0;
	int n = epoll_wait(p->epoll, events, EVENTS, list_empty(&p->ready) ? timeout_ms : 0);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 == WATCHED)
			watched = (int)events[i].events;
		else
			note(p, &events[i]);
	}
	list_init(&turn);
	list_splice(&turn, &p->ready);
	for (struct list *it; (it = list_pop(&turn));)
		pair_turn(p, container_of(it, struct pair, link));
	return watched;
}

int pump_new(unsigned pipes_max, pump_ended ended, void *user, struct pump **ret)
{
	struct pump *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = (struct pump){.ended = ended,
		.user = user,
		.pipes_max = MIN(pipes_max, (unsigned)PUMP_PIPES_MAX)};
	list_init(&p->ready);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (p->epoll < 0) {
		int r = -errno;
		free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void pump_free(struct pump *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->pairs[i])
			pair_free(p, p->pairs[i], true);
	for (unsigned i = 0; i < p->n_kept; i++) {
		fd_close(p->kept[i][0]);
		fd_close(p->kept[i][1]);
	}
	fd_close(p->epoll);
	free(p->pairs);
	free(p);
}
