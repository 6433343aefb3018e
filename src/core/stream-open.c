/* SPDX-License-Identifier: MIT */
/*
 * Opening a Stream: see stream.h.
 *
 *	openLocal --descriptor--> done
 *	    | none came with it
 *	    v
 *	bind a port, tcpListen(own address, port) --> connect from that port --> done
 *
 * The port is bound before tcpListen is called, so that nobody else on this host can come from
 * it: that is what authenticates the connection.
 */
#include "base/log.h"
#include "core/stream.h"

#include <fcntl.h>

struct stream_opening {
	struct loop *loop;
	struct stream_stream_c stream;
	char address[64];
	stream_opened done;
	void *user;
	struct vat_call *call;
	struct vat_cap *end; /* Connection */
	struct vat_watch *watch; /* end is settled: only then has it its descriptor */
	int fd; /* bound, then connecting */
	sd_event_source *io, *timer;
};

static void clear(struct stream_opening *o)
{
	o->io = sd_event_source_disable_unref(o->io);
	o->timer = sd_event_source_disable_unref(o->timer);
	vat_call_free(TAKE_PTR(o->call));
	vat_watch_free(TAKE_PTR(o->watch));
	o->end = vat_cap_unref(o->end);
	o->fd = fd_close(o->fd);
}

void stream_opening_free(struct stream_opening *o)
{
	if (!o)
		return;
	clear(o);
	stream_stream_unref(o->stream);
	free(o);
}

/* The callback may free o: nothing touches it after. */
static void finish(struct stream_opening *o, int r, const struct err *e)
{
	int fd = r < 0 ? r : TAKE_FD(o->fd);
	struct vat_cap *end = r < 0 ? NULL : TAKE_PTR(o->end);
	struct err copy = e ? *e : (struct err){};
	clear(o);
	o->done(o->user, fd, end, &copy);
}

static void fail(struct stream_opening *o, int r, const char *what)
{
	struct err e = {};
	err_errno(&e, r, "%s", what);
	finish(o, r, &e);
}

static void fail_remote(struct stream_opening *o, const char *what, const struct vat_error *err)
{
	struct err e = {};
	int code = err->kind == VAT_DISCONNECTED ? -ENOTCONN : -EREMOTEIO;
	err_set(&e, code, "%s: %s", what, err->text);
	finish(o, code, &e);
}

/* ---- TCP ----------------------------------------------------------------------------------- */

static int on_connect_ready(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct stream_opening *o = user;
	int error = 0;
	socklen_t len = sizeof(error);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error) {
		fail(o, -error, "connect to the stream");
		return 0;
	}
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	finish(o, 0, NULL);
	return 0;
}

static int on_connect_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	fail(user, -ETIMEDOUT, "connect to the stream");
	return 0;
}

static bool is_own_host(const char *address)
{
	struct sockaddr_storage sa;
	socklen_t len;
	return addr_parse(address, 0, &sa, &len) >= 0 && addr_is_own_host(&sa);
}

static int connect_to(struct stream_opening *o, struct vat_text ip, int32_t port)
{
	struct sockaddr_storage sa;
	socklen_t len;
	/* A hostile exporter must not be able to aim us at somebody's well-known service, nor at
	 * what listens on this host for this host alone. */
	if (port < 1024 || port > 65535 || addr_parse(ip.s, (uint16_t)port, &sa, &len) < 0)
		return -EINVAL;
	if (addr_is_own_host(&sa) && !is_own_host(o->address))
		return -EINVAL;
	if (connect(o->fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS)
		return -errno;
	int r = sd_event_add_io(o->loop->event, &o->io, o->fd, EPOLLOUT, on_connect_ready, o);
	if (r >= 0)
		r = sd_event_add_time_relative(o->loop->event, &o->timer, CLOCK_MONOTONIC,
			STREAM_CONNECT_SECONDS * 1000000ULL, 0, on_connect_timeout, o);
	return r;
}

static void on_listening(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct stream_opening *o = user;
	if (err) {
		fail_remote(o, "tcpListen", err);
		return;
	}
	struct stream_stream_tcp_listen_results_r r =
		stream_stream_tcp_listen_results_from(results);
	o->end = vat_cap_ref(stream_stream_tcp_listen_results_get_holder(r).cap);
	int k = connect_to(o,
		metac_node_address_get_ip(stream_stream_tcp_listen_results_get_local(r)),
		stream_stream_tcp_listen_results_get_port(r));
	vat_call_free(TAKE_PTR(o->call));
	if (k < 0)
		fail(o, k, "connect to the stream");
}

static int bind_port(struct stream_opening *o, uint16_t *ret_port)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int r = addr_parse(o->address, 0, &sa, &len);
	if (r < 0)
		return r;
	o->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (o->fd < 0)
		return -errno;
	r = tcp_prepare(o->fd);
	if (r < 0)
		return r;
	if (bind(o->fd, (struct sockaddr *)&sa, len) < 0)
		return -errno;
	len = sizeof(sa);
	if (getsockname(o->fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	char text[64];
	return addr_format(&sa, text, sizeof(text), ret_port);
}

static void open_tcp(struct stream_opening *o)
{
	uint16_t port = 0;
	int r = bind_port(o, &port);
	if (r < 0) {
		fail(o, r, "bind a local port for the stream");
		return;
	}
	struct stream_stream_tcp_listen_req q = stream_stream_tcp_listen(o->loop->vat, o->stream);
	metac_node_address_set_ip(
		stream_stream_tcp_listen_params_init_remote(q.params), vat_str(o->address));
	stream_stream_tcp_listen_params_set_remote_port(q.params, port);
	o->call = q.call;
	stream_stream_tcp_listen_send(q, on_listening, o);
}

/* ---- descriptor ---------------------------------------------------------------------------- */

static void on_end_settled(void *user, const struct vat_error *err)
{
	struct stream_opening *o = user;
	if (err) {
		fail_remote(o, "openLocal", err);
		return;
	}
	int fd = vat_cap_fd(o->end);
	if (fd < 0) {
		o->end = vat_cap_unref(o->end);
		vat_watch_free(TAKE_PTR(o->watch));
		open_tcp(o);
		return;
	}
	o->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (o->fd < 0)
		fail(o, -errno, "take the stream's descriptor");
	else
		finish(o, 0, NULL);
}

static void on_opened_local(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct stream_opening *o = user;
	if (err && err->kind != VAT_UNIMPLEMENTED) {
		fail_remote(o, "open the stream", err);
		return;
	}
	if (!err)
		o->end = vat_cap_ref(stream_stream_open_local_results_get_end(
			stream_stream_open_local_results_from(results))
					     .cap);
	vat_call_free(TAKE_PTR(o->call));
	if (!o->end) {
		open_tcp(o);
		return;
	}
	o->watch = vat_cap_on_settled(o->end, on_end_settled, o);
	if (!o->watch)
		fail(o, -ENOMEM, "open the stream");
}

int stream_open(struct loop *l, struct vat_cap *stream, const char *local_address,
	stream_opened done, void *user, struct stream_opening **ret)
{
	if (strlen(local_address) >= sizeof((*ret)->address))
		return -EINVAL;
	struct stream_opening *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->loop = l;
	o->fd = -EBADF;
	o->done = done;
	o->user = user;
	strcpy(o->address, local_address);
	o->stream = stream_stream_ref(stream_stream_cast(stream));
	struct stream_stream_open_local_req q = stream_stream_open_local(l->vat, o->stream);
	if (!q.call) {
		stream_opening_free(o);
		return -ENOMEM;
	}
	o->call = q.call;
	*ret = o;
	stream_stream_open_local_send(q, on_opened_local, o);
	return 0;
}
