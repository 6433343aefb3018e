/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: stream.h.
 *
 * A session is one opening: first perhaps a listener waiting for its one connection, then a
 * worker process, or a place in the service's pump.  It belongs to the Connection capability that
 * the opener holds: when that goes, the listener is closed, the worker killed, the pair in the pump
 * cut.  A session never outlives its worker's end except to tell the outcome to those who wait.
 */
#include "base/log.h"
#include "core/service.h"
#include "core/stream-internal.h"

#include <stdio.h>

enum { STRAY_CONNECTIONS_MAX = 256 };
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

static void stream_bind_to(void *self, struct stream_stream_bind_to_ctx cx)
{
	stream_bind(self,
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

struct stream *stream_of(struct vat_cap *cap)
{
	return vat_cap_self(cap, &stream_impl);
}

void stream_host_done(struct stream_host *h)
{
	pipes_free(TAKE_PTR(h->pipes));
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
