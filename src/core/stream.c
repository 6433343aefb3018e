/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: stream.h.
 *
 * A session is one opening: first perhaps a listener waiting for its one connection, then a
 * worker process.  It belongs to the Connection capability that the opener holds: when that goes,
 * the listener is closed and the worker killed.  A session never outlives its worker's end
 * except to tell the outcome to those who wait.
 */
#include "core/stream.h"
#include "base/list.h"
#include "base/log.h"
#include "core/service.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

enum { WAITERS_MAX = 16, STRAY_CONNECTIONS_MAX = 256 };

struct stream {
	struct stream_host *host;
	const struct stream_source *source;
	void *self;
	struct vat_cap *cap; /* itself, not referenced */
};

enum session_state {
	SESSION_LISTENING, /* waits for its connection */
	SESSION_OPENING, /* bindTo: opens the other stream */
	SESSION_WAITING, /* for the end of a process that comes before */
	SESSION_RUNNING, /* the worker runs */
	SESSION_ENDED, /* outcome is known */
};

/* The worker. It may take a while to be gone (the disk it writes to is slow), and is waited for
 * without its session then. */
struct process {
	struct session *session; /* NULL: let go */
	struct stream_host *host;
	bool gone;
	sd_event_source *src; /* owns the process: freeing it kills and reaps */
};

struct session {
	struct stream *stream;
	struct vat_cap *stream_cap; /* keeps the stream alive */
	struct vat_cap *cap; /* the Connection, not referenced */
	enum session_state state;
	struct err outcome; /* code 0 = ended well */
	/* listening */
	int listen_fd;
	unsigned strays;
	struct sockaddr_storage remote;
	sd_event_source *listen_src, *listen_timer;
	/* bindTo */
	struct stream_opening *opening;
	struct vat_ctx *bind_ctx;
	struct vat_cap *other, *other_end;
	struct vat_call *other_wait; /* its outcome, once ours is good */
	/* waiting */
	int conn; /* a duplicate */
	sd_event_source *after_src, *after_timer;
	/* running */
	struct process *process;
	struct waiter { /* a call of wait; free: ctx is NULL */
		struct vat_ctx *ctx;
	} waiters[WAITERS_MAX];
};

/* ---- sessions ------------------------------------------------------------------------------ */

static struct session *session_new(struct stream *st, struct err *e)
{
	if (st->host->n_sessions >= STREAM_SESSIONS_MAX) {
		err_set(e, -EDQUOT, "too many streams open (limit %d)", STREAM_SESSIONS_MAX);
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
	st->host->n_sessions++;
	return s;
}

static void session_stop_listening(struct session *s)
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
	if (s->outcome.code)
		service_fail(ctx, &s->outcome);
	else
		vat_ctx_return(ctx);
}

static void session_end(struct session *s, const struct err *outcome)
{
	if (s->state == SESSION_ENDED)
		return;
	s->state = SESSION_ENDED;
	if (outcome)
		s->outcome = *outcome;
	session_stop_listening(s);
	session_stop_waiting(s);
	vat_call_free(TAKE_PTR(s->other_wait));
	s->other_end = vat_cap_unref(s->other_end);
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

static void session_free(void *self)
{
	struct session *s = self;
	struct err gone = {};
	err_set(&gone, -ECANCELED, "the connection was dropped");
	session_end(s, &gone);
	if (s->bind_ctx)
		service_fail(TAKE_PTR(s->bind_ctx), &gone);
	stream_opening_free(s->opening);
	if (s->process)
		process_let_go(s->process);
	else
		s->stream->host->n_sessions--;
	if (s->stream->source->leave)
		s->stream->source->leave(s->stream->self);
	vat_cap_unref(s->other);
	vat_cap_unref(s->stream_cap);
	free(s);
}

/* A binding: what the other end says of itself. One that has no wait has no more to say. */
static void on_other_ended(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct session *s = user;
	struct err e = {};
	if (err && err->kind != VAT_UNIMPLEMENTED)
		err_set(&e, -EIO, "the other stream: %s", err->text);
	session_end(s, &e);
}

/* All bytes are on their way to the other end, which has to take them yet: dropping it would cut it
 * off. */
static bool wait_for_other(struct session *s)
{
	if (!s->other_end)
		return false;
	/* The capability has a copy of the descriptor: without this the other would wait for more.
	 */
	int fd = vat_cap_fd(s->other_end);
	if (fd >= 0)
		(void)shutdown(fd, SHUT_RDWR);
	struct metac_waitable_wait_req q =
		metac_waitable_wait(s->stream->host->loop->vat, metac_waitable_cast(s->other_end));
	s->other_wait = q.call;
	metac_waitable_wait_send(q, on_other_ended, s);
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
	if (e.code || !wait_for_other(s))
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

static int session_run(struct session *s, int fd, struct err *e);

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
	err_set(&e, -EAGAIN, "the session's last server does not end");
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
		return err_errno(e, r, "wait for the session's last server");
	}
	s->state = SESSION_WAITING;
	return 0;
}

/* Starts the worker on fd (borrowed), as soon as whoever comes before it has gone. */
static int session_run(struct session *s, int fd, struct err *e)
{
	struct stream *st = s->stream;
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

static void connection_wait(void *self, struct metac_waitable_wait_ctx cx)
{
	struct session *s = self;
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
	.waitable = {.wait = connection_wait},
};

/* Hands the session to its Connection. On failure the session is freed. */
static struct vat_cap *session_serve(struct session *s)
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

static struct session *session_for(struct stream *st, struct vat_ctx *ctx)
{
	struct err e = {};
	struct session *s = session_new(st, &e);
	if (!s)
		service_fail(ctx, &e);
	return s;
}

/* ---- tcpListen ----------------------------------------------------------------------------- */

static void session_connected(struct session *s, int fd)
{
	struct err e = {};
	session_stop_listening(s);
	int r = tcp_prepare(fd);
	if (r < 0)
		err_errno(&e, r, "prepare the connection");
	if (r < 0 || session_run(s, fd, &e) < 0) {
		log_warning("stream: %s", e.msg);
		session_end(s, &e);
	}
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct session *s = user;
	struct sockaddr_storage from = {};
	socklen_t len = sizeof(from);
	AUTO_CLOSE int conn = accept4(fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
	if (conn < 0)
		return 0;
	if (addr_equal(&from, &s->remote, true)) {
		session_connected(s, conn);
	} else if (++s->strays > STRAY_CONNECTIONS_MAX) {
		struct err e = {};
		err_set(&e, -EDQUOT, "too many foreign connections to the listener");
		session_end(s, &e);
	}
	return 0;
}

static int on_listen_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	struct err e = {};
	err_set(&e, -ETIMEDOUT, "nobody connected within %d seconds", STREAM_LISTEN_SECONDS);
	session_end(user, &e);
	return 0;
}

static int session_listen(struct session *s, uint16_t *ret_port)
{
	struct stream_host *h = s->stream->host;
	struct sockaddr_storage sa;
	socklen_t len;
	int r = addr_parse(h->address, 0, &sa, &len);
	if (r < 0)
		return r;
	s->listen_fd = listen_tcp(&sa, len, 4);
	if (s->listen_fd < 0)
		return s->listen_fd;
	len = sizeof(sa);
	if (getsockname(s->listen_fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	char text[64];
	r = addr_format(&sa, text, sizeof(text), ret_port);
	if (r >= 0)
		r = sd_event_add_io(
			h->loop->event, &s->listen_src, s->listen_fd, EPOLLIN, on_connection, s);
	if (r >= 0)
		r = sd_event_add_time_relative(h->loop->event, &s->listen_timer, CLOCK_MONOTONIC,
			STREAM_LISTEN_SECONDS * 1000000ULL, 0, on_listen_timeout, s);
	return r;
}

static int parse_remote(struct session *s, struct stream_stream_tcp_listen_ctx cx)
{
	struct stream_stream_tcp_listen_params_r p = stream_stream_tcp_listen_params(cx);
	struct vat_text ip =
		metac_node_address_get_ip(stream_stream_tcp_listen_params_get_remote(p));
	int32_t port = stream_stream_tcp_listen_params_get_remote_port(p);
	socklen_t len;
	if (port < 1 || port > 65535)
		return -EINVAL;
	return addr_parse(ip.s, (uint16_t)port, &s->remote, &len);
}

static void stream_tcp_listen(void *self, struct stream_stream_tcp_listen_ctx cx)
{
	struct stream *st = self;
	struct session *s = session_for(st, cx.ctx);
	if (!s)
		return;
	uint16_t port = 0;
	if (parse_remote(s, cx) < 0) {
		session_free(s);
		vat_ctx_fail(cx.ctx, VAT_FAILED, "tcpListen: malformed remote address or port");
		return;
	}
	int r = session_listen(s, &port);
	if (r < 0) {
		session_free(s);
		vat_ctx_fail(
			cx.ctx, VAT_FAILED, "listen on %s: %s", st->host->address, strerror(-r));
		return;
	}
	struct vat_cap *cap = session_serve(s);
	struct stream_stream_tcp_listen_results_b b = stream_stream_tcp_listen_results(cx);
	metac_node_address_set_ip(
		stream_stream_tcp_listen_results_init_local(b), vat_str(st->host->address));
	stream_stream_tcp_listen_results_set_port(b, port);
	stream_stream_tcp_listen_results_set_holder(b, metac_holder_cast(cap));
	vat_cap_unref(cap);
	vat_ctx_return(cx.ctx);
}

/* ---- openLocal ----------------------------------------------------------------------------- */

static void stream_open_local(void *self, struct stream_stream_open_local_ctx cx)
{
	struct stream *st = self;
	struct session *s = session_for(st, cx.ctx);
	if (!s)
		return;
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "socketpair: %s", strerror(errno));
		session_free(s);
		return;
	}
	struct err e = {};
	int r = session_run(s, pair[0], &e);
	fd_close(pair[0]);
	if (r < 0) {
		fd_close(pair[1]);
		session_free(s);
		service_fail(cx.ctx, &e);
		return;
	}
	struct vat_cap *cap = session_serve(s);
	if (!cap)
		fd_close(pair[1]);
	else
		vat_cap_attach_fd(cap, pair[1]);
	stream_stream_open_local_results_set_end(
		stream_stream_open_local_results(cx), metac_holder_cast(cap));
	vat_cap_unref(cap);
	vat_ctx_return(cx.ctx);
}

/* ---- bindTo -------------------------------------------------------------------------------- */

static void describe_binding(void *self, struct vat_ptr_b description)
{
	struct session *s = self;
	struct stream_stream_binding_b b = stream_stream_binding_init(description);
	stream_stream_binding_set_stream(b, stream_stream_cast(s->stream_cap));
	stream_stream_binding_set_other(b, stream_stream_cast(s->other));
}

static void binding_summary_text(struct session *s, char *ret, size_t size)
{
	char what[400];
	s->stream->source->summary(s->stream->self, what, sizeof(what));
	(void)snprintf(ret, size, "binding of %s", what);
}

static void binding_create_sturdy_ref(
	void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct session *s = self;
	char summary[512], id[40];
	binding_summary_text(s, summary, sizeof(summary));
	(void)snprintf(id, sizeof(id), "binding-%p", (void *)s);
	struct service_object o = {
		.category = STREAM_BINDING_CATEGORY,
		.runtime_id = id,
		.summary = summary,
		.cap = s->cap,
		.describe = describe_binding,
		.self = s,
	};
	service_create_sturdy_ref(s->stream->host->service, cx, &o);
}

static void binding_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	char summary[512];
	binding_summary_text(self, summary, sizeof(summary));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(summary));
	vat_ctx_return(cx.ctx);
}

static const struct stream_binding_impl binding_impl = {
	.connection = {.waitable = {.wait = connection_wait}},
	.persistable =
		{
			.create_sturdy_ref = binding_create_sturdy_ref,
			.summary = binding_summary,
		},
};

/* The other stream is open: the worker is put right on its socket, nothing is copied between. */
static void on_other_open(void *user, int fd, struct vat_cap *end, const struct err *err)
{
	struct session *s = user;
	struct vat_ctx *ctx = TAKE_PTR(s->bind_ctx);
	struct err e = {};
	AUTO_CLOSE int conn = fd;
	int r = fd;
	if (fd >= 0) {
		s->other_end = end;
		r = session_run(s, conn, &e);
	} else {
		e = *err;
		err_wrap(&e, r, "bindTo: open the other stream");
	}
	if (r < 0) {
		session_end(s, &e);
		service_fail(ctx, &e);
		session_free(s);
		return;
	}
	struct vat *v = s->stream->host->loop->vat;
	s->cap = stream_binding_serve(v, &binding_impl, s, session_free).cap;
	if (!s->cap) {
		vat_ctx_fail(ctx, VAT_OVERLOADED, "out of memory");
		session_free(s);
		return;
	}
	/* bindTo and a restorer's restoreFromDescription both answer with one capability, at
	 * pointer 0. */
	stream_stream_bind_to_results_set_holder(
		stream_stream_bind_to_results((struct stream_stream_bind_to_ctx){ctx}),
		metac_holder_cast(s->cap));
	vat_cap_unref(s->cap);
	vat_ctx_return(ctx);
}

static void bind_streams(struct stream *st, struct vat_cap *other, struct vat_ctx *ctx)
{
	struct session *s = session_for(st, ctx);
	if (!s)
		return;
	s->state = SESSION_OPENING;
	s->other = vat_cap_ref(other);
	s->bind_ctx = ctx;
	int r = stream_open(
		st->host->loop, other, st->host->address, on_other_open, s, &s->opening);
	if (r < 0)
		session_free(s); /* answers ctx */
}

static void stream_bind_to(void *self, struct stream_stream_bind_to_ctx cx)
{
	bind_streams(self,
		stream_stream_bind_to_params_get_other(stream_stream_bind_to_params(cx)).cap,
		cx.ctx);
}

/* ---- the Stream ---------------------------------------------------------------------------- */

static void describe_stream(void *self, struct vat_ptr_b description)
{
	struct stream *st = self;
	st->source->describe(st->self, description);
}

static void stream_create_sturdy_ref(
	void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct stream *st = self;
	char summary[512];
	st->source->summary(st->self, summary, sizeof(summary));
	struct service_object o = {
		.category = st->source->category,
		.runtime_id = "",
		.summary = summary,
		.cap = st->cap,
		.describe = describe_stream,
		.self = st,
	};
	service_create_sturdy_ref(st->host->service, cx, &o);
}

static void stream_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	struct stream *st = self;
	char summary[512];
	st->source->summary(st->self, summary, sizeof(summary));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(summary));
	vat_ctx_return(cx.ctx);
}

static const struct stream_stream_impl stream_impl = {
	.persistable =
		{
			.create_sturdy_ref = stream_create_sturdy_ref,
			.summary = stream_summary,
		},
	.tcp_listen = stream_tcp_listen,
	.bind_to = stream_bind_to,
	.open_local = stream_open_local,
};

static void stream_free(void *self)
{
	struct stream *st = self;
	st->source->destroy(st->self);
	free(st);
}

struct stream_stream_c stream_serve(
	struct stream_host *h, const struct stream_source *source, void *self)
{
	struct stream *st = calloc(1, sizeof(*st));
	struct stream_stream_c c = {};
	if (!st) {
		source->destroy(self);
		return c;
	}
	*st = (struct stream){.host = h, .source = source, .self = self};
	c = stream_stream_serve(h->loop->vat, &stream_impl, st, stream_free);
	if (c.cap)
		st->cap = c.cap;
	else
		stream_free(st);
	return c;
}

void stream_restore_binding(struct stream_host *h, struct vat_ptr_r description, struct vat_ctx *cx)
{
	struct stream_stream_binding_r b = stream_stream_binding_from(description);
	struct vat_cap *own = stream_stream_binding_get_stream(b).cap;
	struct stream *st = vat_cap_self(own, &stream_impl);
	if (st) {
		bind_streams(st, stream_stream_binding_get_other(b).cap, cx);
		return;
	}
	/* The stream came back through its sturdy reference, as a capability from elsewhere: ask
	 * it. */
	struct stream_stream_bind_to_req q =
		stream_stream_bind_to(h->loop->vat, stream_stream_cast(own));
	stream_stream_bind_to_params_set_other(q.params, stream_stream_binding_get_other(b));
	vat_ctx_tail_call(cx, q.call);
}
