/* SPDX-License-Identifier: MIT */
/*
 * Sessions of a stream: see stream.c.
 *
 * A session runs by a worker process of its own, or, where the source is a socket, as a pair of
 * sockets in the pump that all streams of the service share (core/pipes.h).
 */
#include "base/log.h"
#include "core/service.h"
#include "core/stream-internal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

/* The worker. It may take a while to be gone (the disk it writes to is slow), and is waited for
 * without its session then. */
struct process {
	struct session *session; /* NULL: let go */
	struct stream_host *host;
	bool gone;
	sd_event_source *src; /* owns the process: freeing it kills and reaps */
};

/* ---- sessions ------------------------------------------------------------------------------ */

static bool is_piped(const struct stream *st)
{
	return st->source->connect != NULL;
}

static struct session *session_new(struct stream *st, struct err *e)
{
	const struct stream_host *h = st->host;
	unsigned n = is_piped(st) ? h->n_piped : h->n_sessions;
	unsigned max = is_piped(st) ? (unsigned)STREAM_PIPED_MAX : (unsigned)STREAM_SESSIONS_MAX;
	if (n >= max) {
		err_set(e, -EDQUOT, "too many streams open (limit %u)", max);
		return NULL;
	}
	if (st->source->enter && st->source->enter(st->self, e) < 0)
		return NULL;
	struct session *s = calloc(1, sizeof(*s));
	if (!s) {
		if (st->source->leave)
			st->source->leave(st->self);
		err_errno(e, -ENOMEM, "open the stream");
		return NULL;
	}
	s->stream = st;
	s->stream_cap = vat_cap_ref(st->cap);
	s->listen_fd = s->conn = -EBADF;
	if (is_piped(st))
		st->host->n_piped++;
	else
		st->host->n_sessions++;
	return s;
}

void session_stop_listening(struct session *s)
{
	s->listen_src = sd_event_source_disable_unref(s->listen_src);
	s->listen_timer = sd_event_source_disable_unref(s->listen_timer);
	s->listen_fd = fd_close(s->listen_fd);
}

static void session_stop_waiting(struct session *s)
{
	s->after_src = sd_event_source_disable_unref(s->after_src);
	s->after_timer = sd_event_source_disable_unref(s->after_timer);
	s->conn = fd_close(s->conn);
}

static void answer_waiter(struct session *s, struct vat_ctx *ctx)
{
	if (s->outcome)
		service_fail(ctx, s->outcome);
	else
		vat_ctx_return(ctx);
}

static struct err out_of_memory = {
	.kind = ERR_OVERLOADED, .code = -ENOMEM, .msg = "it failed, and memory was out to say how"};

void session_end(struct session *s, const struct err *outcome)
{
	if (s->state == SESSION_ENDED)
		return;
	s->state = SESSION_ENDED;
	if (outcome && outcome->code) {
		s->outcome = malloc(sizeof(*outcome));
		if (s->outcome)
			*s->outcome = *outcome;
		else
			s->outcome = &out_of_memory;
	}
	session_stop_listening(s);
	session_stop_waiting(s);
	vat_call_free(TAKE_PTR(s->end_wait));
	for (size_t i = 0; i < ARRAY_SIZE(s->ends); i++)
		s->ends[i] = vat_cap_unref(s->ends[i]);
	for (size_t i = 0; i < WAITERS_MAX; i++)
		if (s->waiters[i].ctx)
			answer_waiter(s, TAKE_PTR(s->waiters[i].ctx));
}

/* Killed now, reaped when it has gone (or with the loop): so long it counts as a session. */
static void process_let_go(struct process *p)
{
	sd_event_source *src = p->src;
	if (p->gone) {
		p->host->n_sessions--;
		free(p);
	} else {
		p->session = NULL;
		(void)sd_event_source_send_child_signal(src, SIGKILL, NULL, 0);
		(void)sd_event_source_set_destroy_callback(src, free);
		(void)sd_event_source_set_floating(src, true);
	}
	sd_event_source_unref(src);
}

void session_free(void *session)
{
	struct session *s = session;
	struct err gone = {};
	err_set(&gone, -ECANCELED, "the connection was dropped");
	session_end(s, &gone);
	if (s->bind_ctx)
		service_fail(TAKE_PTR(s->bind_ctx), &gone);
	stream_opening_free(s->opening);
	if (s->process)
		process_let_go(s->process);
	else if (is_piped(s->stream))
		s->stream->host->n_piped--;
	else
		s->stream->host->n_sessions--;
	if (s->stream->source->leave)
		s->stream->source->leave(s->stream->self);
	pipe_pair_free(s->pair);
	if (s->outcome != &out_of_memory)
		free(s->outcome);
	vat_cap_unref(s->other);
	vat_cap_unref(s->stream_cap);
	free(s);
}

static bool wait_for_ends(struct session *s);

static struct vat_cap **first_end(struct session *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->ends); i++)
		if (s->ends[i])
			return &s->ends[i];
	return NULL;
}

/* A binding: what the other end says of itself. One that has no wait has no more to say. */
static void on_end_ended(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct session *s = user;
	struct vat_cap **end = first_end(s);
	struct err e = {};
	if (err && err->kind != VAT_UNIMPLEMENTED)
		err_set(&e, -EIO, "the other stream: %s", err->text);
	vat_call_free(TAKE_PTR(s->end_wait));
	*end = vat_cap_unref(*end);
	if (e.code || !wait_for_ends(s))
		session_end(s, &e);
}

/* All bytes are on their way to the ends that were opened, which have to take them yet: dropping
 * those would cut them off. False: there is nobody to wait for (any more). */
static bool wait_for_ends(struct session *s)
{
	struct vat_cap **end = first_end(s);
	if (!end)
		return false;
	/* The capability has a copy of the descriptor: without this the other would wait for more.
	 */
	int fd = vat_cap_fd(*end);
	if (fd >= 0)
		(void)shutdown(fd, SHUT_RDWR);
	struct metac_waitable_wait_req q =
		metac_waitable_wait(s->stream->host->loop->vat, metac_waitable_cast(*end));
	s->end_wait = q.call;
	metac_waitable_wait_send(q, on_end_ended, s);
	return q.call;
}

/* Workers end with 0 or an errno value. */
static int on_worker_exit(sd_event_source *source, const siginfo_t *si, void *user)
{
	struct process *p = user;
	struct session *s = p->session;
	struct err e = {};
	p->gone = true;
	if (!s) {
		p->host->n_sessions--;
		(void)sd_event_source_set_floating(source, false); /* frees it, and p */
		return 0;
	}
	if (si->si_code == CLD_EXITED && si->si_status)
		err_set(&e, -si->si_status, "%s", strerror(si->si_status));
	else if (si->si_code != CLD_EXITED)
		err_set(&e, -EIO, "the worker was ended by signal %d", si->si_status);
	if (e.code || !wait_for_ends(s))
		session_end(s, &e);
	return 0;
}

static int session_spawn(struct session *s, int fd, struct err *e)
{
	struct stream *st = s->stream;
	struct spawn_child child = {.pidfd = -EBADF};
	int r = st->source->spawn(st->self, fd, &child, e);
	if (r < 0)
		return r;
	struct process *p = calloc(1, sizeof(*p));
	r = !p ? -ENOMEM
	       : sd_event_add_child_pidfd(
			 st->host->loop->event, &p->src, child.pidfd, WEXITED, on_worker_exit, p);
	if (r < 0) {
		free(p);
		spawn_kill(&child, SIGKILL);
		spawn_wait(&child);
		return err_errno(e, r, "watch the worker");
	}
	*p = (struct process){.session = s, .host = st->host, .src = p->src};
	s->process = p;
	sd_event_source_set_child_pidfd_own(p->src, true);
	sd_event_source_set_child_process_own(p->src, true);
	s->state = SESSION_RUNNING;
	return 0;
}

static void on_pair_ended(void *user, const struct err *e)
{
	struct session *s = user;
	if (e->code || !wait_for_ends(s))
		session_end(s, e);
}

/* Gives fd and the source's socket to the pump. */
static int session_pipe(struct session *s, int fd, struct err *e)
{
	struct stream *st = s->stream;
	struct stream_host *h = st->host;
	if (!h->pipes)
		h->pipes = pipes_new(h->loop->event);
	if (!h->pipes)
		return err_errno(e, -ENOMEM, "pipe");
	AUTO_CLOSE int own = st->source->connect(st->self, e);
	if (own < 0)
		return own;
	int r = pipes_add(h->pipes, own, fd, on_pair_ended, s, &s->pair, e);
	if (r >= 0)
		s->state = SESSION_RUNNING;
	return r;
}

static int on_before_ended(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct session *s = user;
	struct err e = {};
	AUTO_CLOSE int conn = TAKE_FD(s->conn);
	session_stop_waiting(s);
	int r = session_run(s, conn, &e);
	if (r < 0) {
		log_peer(LOG_WARNING, "stream: %s", e.msg);
		session_end(s, &e);
	}
	return 0;
}

static int on_before_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	struct err e = {};
	err_set(&e, -EAGAIN, "what has to come before its server takes too long");
	session_end(user, &e);
	return 0;
}

/* The opener has its end of the connection meanwhile: what it sends waits in the socket. */
static int session_wait(struct session *s, int fd, int pidfd, struct err *e)
{
	sd_event *event = s->stream->host->loop->event;
	AUTO_CLOSE int before = fcntl(pidfd, F_DUPFD_CLOEXEC, 3);
	s->conn = before < 0 ? -EBADF : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int r = s->conn < 0 ? -errno
			    : sd_event_add_io(
				      event, &s->after_src, before, EPOLLIN, on_before_ended, s);
	if (r >= 0) {
		(void)TAKE_FD(before);
		(void)sd_event_source_set_io_fd_own(s->after_src, true);
		r = sd_event_add_time_relative(event, &s->after_timer, CLOCK_MONOTONIC,
			STREAM_AFTER_SECONDS * 1000000ULL, 0, on_before_timeout, s);
	}
	if (r < 0) {
		session_stop_waiting(s);
		return err_errno(e, r, "wait for what comes before the server");
	}
	s->state = SESSION_WAITING;
	return 0;
}

/* Starts the worker on fd (borrowed), as soon as whoever comes before it has gone. */
int session_run(struct session *s, int fd, struct err *e)
{
	struct stream *st = s->stream;
	if (is_piped(st))
		return session_pipe(s, fd, e);
	int before = st->source->after ? st->source->after(st->self) : -EBADF;
	return before >= 0 ? session_wait(s, fd, before, e) : session_spawn(s, fd, e);
}

/* A call that nobody waits for any more would keep the connection open after its holder was dropped
 * or revoked. */
static void on_wait_canceled(void *user)
{
	struct waiter *w = user;
	vat_ctx_fail(TAKE_PTR(w->ctx), VAT_FAILED, "canceled");
}

void session_wait_for_end(void *session, struct metac_waitable_wait_ctx cx)
{
	struct session *s = session;
	if (s->state == SESSION_ENDED) {
		answer_waiter(s, cx.ctx);
		return;
	}
	for (size_t i = 0; i < WAITERS_MAX; i++) {
		if (s->waiters[i].ctx)
			continue;
		s->waiters[i].ctx = cx.ctx;
		vat_ctx_on_cancel(cx.ctx, on_wait_canceled, &s->waiters[i]);
		return;
	}
	vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many wait for this connection");
}

static const struct stream_connection_impl connection_impl = {
	.waitable = {.wait = session_wait_for_end},
};

/* Hands the session to its Connection. On failure the session is freed. */
struct vat_cap *session_serve(struct session *s)
{
	struct vat_cap *cap = stream_connection_serve(
		s->stream->host->loop->vat, &connection_impl, s, session_free)
				      .cap;
	if (!cap)
		session_free(s);
	else
		s->cap = cap;
	return cap;
}

struct session *session_for(struct stream *st, struct vat_ctx *ctx)
{
	struct err e = {};
	struct session *s = session_new(st, &e);
	if (!s)
		service_fail(ctx, &e);
	return s;
}
