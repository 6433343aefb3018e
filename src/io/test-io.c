/* SPDX-License-Identifier: MIT */
/*
 * The pump without a loop, with a clock that the test sets.
 */
#include "io/io.h"
#include "base/test.h"

#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INTERFACE = 7, SECOND = 1000 * 1000 };

static void serve(void *self, uint64_t interface, uint16_t method, struct vat_ctx *ctx)
{
	vat_set_ptr(vat_ctx_results(ctx), vat_ctx_params(ctx));
	vat_ctx_return(ctx);
}

struct side {
	struct vat *vat;
	struct vat_io *io;
	unsigned wakeups;
};

static void on_wakeup(void *user)
{
	((struct side *)user)->wakeups++;
}

static void side_open(struct side *s, int fd, bool serves)
{
	*s = (struct side){.vat = vat_new(NULL)};
	struct vat_cap *object = serves ? vat_serve_any(s->vat, serve, NULL, NULL) : NULL;
	struct vat_io_config cfg = {.bootstrap = object,
		.wakeup = on_wakeup,
		.user = s,
		.limits.output_bytes = serves ? 4096 : 0,
		.partial_timeout_us = 5 * SECOND};
	CHECK_INT(vat_io_new(s->vat, fd, &cfg, &s->io), 0);
	vat_cap_unref(object);
}

static void side_close(struct side *s)
{
	vat_io_free(s->io);
	vat_free(s->vat);
}

/* Runs and flushes; reads what is there. False when nothing happened. */
static bool step(struct side *s)
{
	while (vat_run(s->vat, 0))
		;
	while (vat_io_flush(s->io))
		;
	struct pollfd p = {.fd = vat_io_fd(s->io), .events = vat_io_events(s->io)};
	if (poll(&p, 1, 0) <= 0)
		return false;
	vat_io_ready(s->io, p.revents);
	while (vat_run(s->vat, 0))
		;
	while (vat_io_flush(s->io))
		;
	return true;
}

static void make_pair(int sv[2])
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
}

static void on_answer(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	CHECK(!err);
	++*(int *)user;
}

static void ask(struct side *s, struct vat_cap *to, size_t size, int *n)
{
	struct vat_call *q = vat_call_new(s->vat, to, INTERFACE, 0, 0);
	CHECK(vat_init_data(vat_call_params(q), (uint32_t)size));
	vat_call_send(q, on_answer, n);
	vat_call_detach(q);
}

TEST(two_pumps_talk_under_poll)
{
	int sv[2], answers = 0;
	struct side a, b;
	make_pair(sv);
	side_open(&a, sv[0], false);
	side_open(&b, sv[1], true);
	struct vat_cap *remote = vat_conn_bootstrap(vat_io_conn(a.io));
	CHECK_INT(a.wakeups, 1); /* there is a Bootstrap to send */
	ask(&a, remote, 100, &answers);
	CHECK_INT(a.wakeups, 1); /* once is enough */
	while (!answers) {
		step(&a);
		step(&b);
	}
	CHECK_INT(vat_io_events(a.io), POLLIN);
	CHECK(!vat_io_needs_clock(a.io));
	vat_cap_unref(remote);
	while (step(&a) || step(&b))
		;
	side_close(&a);
	CHECK(step(&b));
	const struct vat_error *err;
	CHECK(vat_io_ended(b.io, &err));
	CHECK(!err);
	side_close(&b);
}

TEST(nothing_is_read_while_output_is_over_its_limit)
{
	int sv[2], answers = 0;
	struct side a, b;
	make_pair(sv);
	side_open(&a, sv[0], false);
	side_open(&b, sv[1], true);
	struct vat_cap *remote = vat_conn_bootstrap(vat_io_conn(a.io));
	for (int i = 0; i < 100; i++)
		ask(&a, remote, 16 << 10, &answers);
	/* Only b moves: a writes, but does not read what b answers. */
	for (int i = 0; i < 1000; i++) {
		vat_io_ready(a.io, POLLOUT);
		vat_io_flush(a.io);
		step(&b);
	}
	CHECK_INT(vat_io_events(b.io), POLLOUT);
	while (answers < 100) {
		step(&a);
		step(&b);
	}
	CHECK_INT(vat_io_events(b.io), POLLIN);
	vat_cap_unref(remote);
	side_close(&a);
	side_close(&b);
}

TEST(time_runs_while_a_message_is_half_received)
{
	int sv[2];
	struct side b;
	const struct vat_error *err;
	make_pair(sv);
	side_open(&b, sv[1], true);
	CHECK_INT(write(sv[0], "\0\0\0", 3), 3);
	step(&b);
	CHECK(vat_io_needs_clock(b.io));
	CHECK_INT(vat_io_clock(b.io, 100), 100 + 5 * SECOND);
	CHECK_INT(write(sv[0], "\0", 1), 1); /* another byte gains no time */
	step(&b);
	CHECK_INT(vat_io_clock(b.io, 101 + SECOND), 100 + 5 * SECOND);
	CHECK_INT(vat_io_clock(b.io, 100 + 5 * SECOND), 100 + 7 * SECOND); /* closing */
	step(&b);
	CHECK(vat_io_ended(b.io, &err));
	CHECK(err && err->kind == VAT_DISCONNECTED && strstr(err->text, "timed out"));
	side_close(&b);
	close(sv[0]);
}

TEST(last_output_is_given_two_seconds)
{
	int sv[2], small = 4096;
	struct side b;
	char junk[64], buf[1024];
	make_pair(sv);
	CHECK_INT(setsockopt(sv[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	memset(buf, 0, sizeof(buf));
	while (send(sv[1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		; /* no room for an abort message */
	while (send(sv[1], buf, 1, MSG_DONTWAIT) > 0)
		;
	side_open(&b, sv[1], true);
	memset(junk, 0xff, sizeof(junk));
	CHECK_INT(write(sv[0], junk, sizeof(junk)), sizeof(junk));
	step(&b);
	CHECK_INT(vat_io_events(b.io), POLLOUT);
	CHECK(!vat_io_ended(b.io, NULL));
	CHECK(vat_io_needs_clock(b.io));
	CHECK_INT(vat_io_clock(b.io, 1000), 1000 + IO_LINGER_US);
	CHECK_INT(vat_io_clock(b.io, 1000 + IO_LINGER_US), UINT64_MAX);
	CHECK(vat_io_ended(b.io, NULL));
	side_close(&b);
	close(sv[0]);
}

TEST(what_is_no_stream_socket_is_refused_and_closed)
{
	struct vat *v = vat_new(NULL);
	struct vat_io_config cfg = {0};
	struct vat_io *io;
	int p[2], d[2];
	CHECK_INT(pipe(p), 0);
	CHECK_INT(vat_io_new(v, p[0], &cfg, &io), -ENOTSOCK);
	close(p[1]);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, d), 0);
	CHECK_INT(vat_io_new(v, d[0], &cfg, &io), -EPROTOTYPE);
	close(d[1]);
	vat_free(v);
	vat_io_free(NULL);
}

TEST(without_a_configuration_the_defaults_hold)
{
	int fds[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	struct vat *vat = vat_new(NULL);
	struct vat_io *io;
	CHECK_INT(vat_io_new(vat, fds[0], NULL, &io), 0);
	struct vat_conn *conn;
	CHECK_INT(vat_conn_new(vat, NULL, &conn), 0);
	CHECK(vat_conn_idle(conn) && vat_conn_idle(vat_io_conn(io)));
	vat_conn_free(conn);
	vat_io_free(io);
	vat_free(vat);
	close(fds[1]);
}

/* ---- VAT_TRACE ------------------------------------------------------------------------------- */

/* A call with a secret in it under this value; returns what came out on standard error. */
static size_t traced(const char *value, char *ret, size_t size)
{
	int sv[2], answers = 0, err = memfd_create("stderr", MFD_CLOEXEC), old = dup(STDERR_FILENO);
	struct side a, b;
	CHECK(err >= 0 && old >= 0);
	CHECK(!setenv("VAT_TRACE", value, 1));
	CHECK(dup2(err, STDERR_FILENO) >= 0);
	make_pair(sv);
	side_open(&a, sv[0], false);
	side_open(&b, sv[1], true);
	struct vat_cap *remote = vat_conn_bootstrap(vat_io_conn(a.io));
	struct vat_call *q = vat_call_new(a.vat, remote, INTERFACE, 0, 0);
	vat_set_text(vat_call_params(q), vat_str("open-sesame"));
	vat_call_send(q, on_answer, &answers);
	vat_call_detach(q);
	while (!answers) {
		step(&a);
		step(&b);
	}
	vat_cap_unref(remote);
	side_close(&a);
	side_close(&b);
	CHECK(dup2(old, STDERR_FILENO) >= 0);
	ssize_t n = pread(err, ret, size - 1, 0);
	CHECK(n >= 0);
	ret[n] = 0;
	close(err);
	close(old);
	return (size_t)n;
}

TEST(environment_switches_a_trace_on)
{
	char text[4096], want[100];
	CHECK(traced("yes", text, sizeof(text)));
	snprintf(want, sizeof(want), "%d.1 > bootstrap q0\n", (int)getpid());
	CHECK(strstr(text, want));
	snprintf(want, sizeof(want), "%d.2 < call q1 ", (int)getpid());
	CHECK(strstr(text, want));
	CHECK(strstr(text, " > return q1: results"));
	/* Whoever may read the log is not thereby told what was said. */
	CHECK(!strstr(text, "sesame"));
	CHECK(!traced("no", text, sizeof(text)));
	CHECK(!traced("", text, sizeof(text)));
}
