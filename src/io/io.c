/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: io.h and vat/io.h.  All transfers are made with MSG_DONTWAIT, so the mode of
 * the socket does not matter.
 */
#include "io/io.h"
#include "base/fdpass.h"
#include "io/sockets.h"
#include "vat/trace.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/time.h>

enum {
	READS_PER_EVENT = 8,
	WRITES_PER_FLUSH = 16,
	IOVS = 128,
	PARTIAL_TIMEOUT_US = 30 * 1000 * 1000,
};

static void wake(struct vat_io *io)
{
	if (io->wakeup)
		io->wakeup(io->user);
}

static void end(struct vat_io *io)
{
	if (io->state == IO_ENDED)
		return;
	io->state = IO_ENDED;
	io->clock = io->partial = false;
	wake(io);
}

static void begin_close(struct vat_io *io)
{
	io->state = IO_CLOSING;
	io->close_by = 0;
	io->clock = true;
	io->partial = false;
	wake(io);
}

/* No more input; err = 0: the peer closed. */
static void close_input(struct vat_io *io, int err)
{
	if (io->state != IO_OPEN)
		return;
	begin_close(io);
	if (err != -EPROTO) /* that is what the connection told us itself */
		vat_conn_eof(io->conn, err);
}

/* The socket is dead: what is still to be written never will be. */
static void break_off(struct vat_io *io, int err)
{
	close_input(io, err);
	end(io);
}

static bool reads(const struct vat_io *io)
{
	return io->state == IO_OPEN && vat_conn_wants_input(io->conn);
}

/* ---- input --------------------------------------------------------------------------------- */

static ssize_t receive(
	struct vat_io *io, void *buf, size_t len, int flags, int *fds, size_t *ret_n_fds)
{
	if (io->passes_fds)
		return fdpass_recvmsg(io->fd, buf, len, flags, fds, FDPASS_MAX, ret_n_fds);
	*ret_n_fds = 0;
	ssize_t n = recv(io->fd, buf, len, flags);
	return n < 0 ? -errno : n;
}

/* A message that has begun must end in time: notes when this one began. */
static void watch_partial(struct vat_io *io)
{
	bool was = io->partial;
	io->partial = vat_conn_partial(io->conn) > 0;
	if (!io->partial)
		return;
	struct vat_conn_counts counts;
	vat_conn_counts(io->conn, &counts);
	if (was && counts.messages_in == io->messages_in)
		return;
	io->messages_in = counts.messages_in;
	io->partial_since = 0;
	io->clock = true;
}

enum read_result { READ_NOTHING, READ_ALL, READ_MORE };

/* One read. READ_MORE: there may be more to read at once. */
static enum read_result read_once(struct vat_io *io, int flags)
{
	void *buf;
	size_t len, n_fds;
	int fds[FDPASS_MAX];
	int r = vat_conn_input(io->conn, &buf, &len);
	if (r < 0) {
		close_input(io, r);
		return READ_ALL;
	}
	ssize_t n = receive(io, buf, len, flags, fds, &n_fds);
	if (n == -EAGAIN || n == -EINTR) {
		/* The buffer is given back, so that a connection which waits holds none. */
		vat_conn_received(io->conn, 0, NULL, 0);
		return READ_NOTHING;
	}
	if (n <= 0) {
		close_input(io, (int)n);
		return READ_ALL;
	}
	r = vat_conn_received(io->conn, (size_t)n, fds, n_fds);
	if (r < 0) {
		close_input(io, r);
		return READ_ALL;
	}
	watch_partial(io);
	/* A short read has emptied the socket, unless descriptors ended it early. */
	return (size_t)n == len || n_fds > 0 ? READ_MORE : READ_ALL;
}

void vat_io_ready(struct vat_io *io, short revents)
{
	if (io->state == IO_ENDED)
		return;
	if (revents & POLLOUT) {
		io->want_write = false;
		wake(io);
	}
	if (!reads(io) && (revents & (POLLHUP | POLLERR))) {
		break_off(io, -EPIPE); /* nobody reads what we still have to say */
		return;
	}
	if (!(revents & (POLLIN | POLLHUP | POLLERR)))
		return;
	for (unsigned i = 0; i < READS_PER_EVENT && reads(io); i++)
		if (read_once(io, MSG_DONTWAIT) != READ_MORE)
			break;
}

bool io_can_wait(const struct vat_io *io)
{
	return reads(io) && !io->want_write && !io->partial && !io->never_waits;
}

static void prepare_waiting(struct vat_io *io)
{
	static const struct timeval tv = {.tv_sec = IO_WAIT_US / 1000000};
	int flags = fcntl(io->fd, F_GETFL);
	if (flags < 0 || flags & O_NONBLOCK ||
		setsockopt(io->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0)
		io->never_waits = true;
	io->waits = true;
}

bool io_read_wait(struct vat_io *io)
{
	if (!io->waits)
		prepare_waiting(io);
	return !io->never_waits && read_once(io, 0) != READ_NOTHING;
}

/* ---- output -------------------------------------------------------------------------------- */

/* One batch. True if there may be more to write now. */
static bool write_once(struct vat_io *io)
{
	struct iovec iov[IOVS];
	int fds[FDPASS_MAX];
	size_t n_fds = 0, total = 0;
	size_t n = vat_conn_output(io->conn, iov, IOVS, fds, FDPASS_MAX, &n_fds);
	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		total += iov[i].iov_len;
	ssize_t sent = fdpass_sendmsg(io->fd, iov, n, MSG_DONTWAIT, fds, n_fds);
	if (sent == -EINTR)
		return true;
	if (sent == -EAGAIN) {
		io->want_write = true;
		return false;
	}
	if (sent < 0) {
		break_off(io, (int)sent);
		return false;
	}
	vat_conn_sent(io->conn, (size_t)sent);
	io->want_write = (size_t)sent < total;
	return !io->want_write && vat_conn_has_output(io->conn);
}

bool vat_io_flush(struct vat_io *io)
{
	if (io->state == IO_ENDED)
		return false;
	bool more = !io->want_write;
	for (unsigned i = 0; more && i < WRITES_PER_FLUSH; i++)
		more = write_once(io);
	if (io->state != IO_ENDED && vat_conn_is_over(io->conn))
		end(io);
	return more && io->state != IO_ENDED;
}

short vat_io_events(const struct vat_io *io)
{
	if (io->state == IO_ENDED)
		return 0;
	return (short)((reads(io) ? POLLIN : 0) | (io->want_write ? POLLOUT : 0));
}

/* ---- time ---------------------------------------------------------------------------------- */

bool vat_io_needs_clock(const struct vat_io *io)
{
	return io->clock;
}

static uint64_t add(uint64_t time, uint64_t span)
{
	return span > UINT64_MAX - time ? UINT64_MAX : time + span;
}

uint64_t vat_io_clock(struct vat_io *io, uint64_t now_us)
{
	io->clock = false;
	if (io->state == IO_CLOSING) {
		if (!io->close_by)
			io->close_by = add(now_us, IO_LINGER_US);
		if (now_us < io->close_by)
			return io->close_by;
		end(io);
	} else if (io->state == IO_OPEN && io->partial) {
		if (!io->partial_since || !reads(io)) /* not reading, it is us who is slow */
			io->partial_since = MAX(now_us, UINT64_C(1));
		uint64_t due = add(io->partial_since, io->partial_timeout_us);
		if (now_us < due)
			return due;
		close_input(io, -ETIMEDOUT);
		return vat_io_clock(io, now_us);
	}
	return UINT64_MAX;
}

/* ---- life ---------------------------------------------------------------------------------- */

/* From vat_run(): the connection is over. There may be output left. */
static void on_closed(void *user, const struct vat_error *err)
{
	struct vat_io *io = user;
	io->conn_over = true;
	if (err) {
		io->text = strdup(err->text);
		io->error = (struct vat_error){
			.kind = err->kind, .text = io->text ? io->text : "out of memory"};
		io->has_error = true;
	}
	if (io->state == IO_OPEN) /* the peer sent an abort, or we did */
		begin_close(io);
	else
		wake(io);
}

static void on_output(void *user)
{
	wake(user);
}

/* What the socket is, and what TCP needs. */
static int prepare(int fd, int *ret_kind)
{
	int domain, type;
	socklen_t len = sizeof(domain);
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ||
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return -errno;
	if (type != SOCK_STREAM)
		return -EPROTOTYPE;
	*ret_kind = domain == AF_UNIX ? IO_UNIX : IO_TCP;
	return domain == AF_UNIX ? 0 : tcp_prepare(fd);
}

/* A trace for who has none, if the environment asks for it: who sends what kind of message about
 * which call, for every program. It knows no schemas, so that it cannot show what messages hold. */
struct io_trace {
	struct vat_trace *trace;
	char name[40]; /* before each line: "PID.N", N counting connections */
};

static struct io_trace *trace_from_environment(void)
{
	static unsigned n; /* all there is to tell connections apart by */
	const char *value = secure_getenv("VAT_TRACE");
	struct io_trace *t = NULL;
	if (value && *value && strcmp(value, "no"))
		t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	snprintf(t->name, sizeof(t->name), "%d.%u", (int)getpid(),
		__atomic_add_fetch(&n, 1, __ATOMIC_RELAXED));
	t->trace = vat_trace_new(NULL, 0, NULL, t->name);
	if (!t->trace)
		free(TAKE_PTR(t));
	return t;
}

static void trace_free(struct io_trace *t)
{
	if (t)
		vat_trace_free(t->trace);
	free(t);
}

int io_init(struct vat_io *io, struct vat *v, int fd, int kind, const struct vat_io_config *cfg)
{
	*io = (struct vat_io){.fd = fd,
		.partial_timeout_us =
			cfg->partial_timeout_us ? cfg->partial_timeout_us : PARTIAL_TIMEOUT_US,
		.wakeup = cfg->wakeup,
		.user = cfg->user};
	int r = kind == IO_NEW ? prepare(fd, &kind) : 0;
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	io->passes_fds = kind == IO_UNIX;
	struct vat_conn_config conn = {
		.limits = cfg->limits,
		.fds = io->passes_fds,
		.bootstrap = cfg->bootstrap,
		.no_tail_calls = cfg->no_tail_calls,
		.trace = cfg->trace,
		.trace_user = cfg->trace_user,
		.closed = on_closed,
		.user = io,
		.output = on_output,
	};
	if (!conn.trace && (io->trace = trace_from_environment())) {
		conn.trace = vat_trace_message;
		conn.trace_user = io->trace->trace;
	}
	r = vat_conn_new(v, &conn, &io->conn);
	if (r < 0) {
		trace_free(TAKE_PTR(io->trace));
		fd_close(fd);
	}
	return r;
}

void io_close(struct vat_io *io)
{
	io->state = IO_ENDED;
	io->fd = fd_close(io->fd);
}

void io_done(struct vat_io *io)
{
	vat_conn_free(TAKE_PTR(io->conn));
	trace_free(TAKE_PTR(io->trace));
	io->fd = fd_close(io->fd);
	free(TAKE_PTR(io->text));
}

int vat_io_new(struct vat *v, int fd, const struct vat_io_config *cfg, struct vat_io **ret)
{
	static const struct vat_io_config defaults;
	struct vat_io *io = malloc(sizeof(*io));
	if (!io) {
		fd_close(fd);
		return -ENOMEM;
	}
	int r = io_init(io, v, fd, IO_NEW, cfg ? cfg : &defaults);
	if (r < 0) {
		free(io);
		return r;
	}
	*ret = io;
	return 0;
}

void vat_io_free(struct vat_io *io)
{
	if (!io)
		return;
	io_done(io);
	free(io);
}

struct vat_conn *vat_io_conn(struct vat_io *io)
{
	return io->conn;
}

int vat_io_fd(const struct vat_io *io)
{
	return io->fd;
}

bool vat_io_ended(const struct vat_io *io, const struct vat_error **ret)
{
	if (io->state != IO_ENDED || !io->conn_over)
		return false;
	if (ret)
		*ret = io->has_error ? &io->error : NULL;
	return true;
}
