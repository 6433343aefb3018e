/* SPDX-License-Identifier: MIT */
/*
 * Links within one loop and one vat: both ends of a socketpair, or one end with a raw socket as the
 * peer, which then can misbehave.  Calls are untyped: parameters and results are a blob or a
 * capability.
 */
#include "loop/link.h"
#include "base/test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>

enum { WAIT_US = 20 * 1000 * 1000, INTERFACE = 0x1234 };

struct side {
	struct link *link;
	bool closed, failed, frees;
	char text[256];
};

static void on_closed(void *user, struct link *link, const struct vat_error *err)
{
	struct side *s = user;
	CHECK(!s->closed && link == s->link);
	s->closed = true;
	s->failed = err;
	if (err)
		snprintf(s->text, sizeof(s->text), "%s", err->text);
	if (s->frees) {
		link_free(link);
		s->link = NULL;
	}
}

static void open_link(struct loop *l, int fd, struct vat_cap *bootstrap, struct side *s)
{
	struct link_config cfg = {.bootstrap = bootstrap,
		.closed = on_closed,
		.user = s,
		.partial_timeout_us = 100 * 1000,
		.limits.output_bytes = 64 << 10};
	CHECK_INT(link_new(l, fd, &cfg, &s->link), 0);
}

static void make_pair(int sv[2])
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
}

static void make_tcp(int sv[2])
{
	struct sockaddr_storage sa;
	socklen_t len;
	CHECK_INT(addr_parse("127.0.0.1", 0, &sa, &len), 0);
	int l = listen_tcp(&sa, len, 1);
	CHECK(l >= 0 && getsockname(l, (struct sockaddr *)&sa, &len) == 0);
	sv[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(connect(sv[0], (struct sockaddr *)&sa, len), 0);
	sv[1] = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	CHECK(sv[1] >= 0);
	close(l);
}

/* ---- an object ----------------------------------------------------------------------------- */

enum { METHOD_ECHO, METHOD_FD, METHOD_BIG, BIG_BYTES = 4 << 10 };

static unsigned destroyed;

static void serve(void *self, uint64_t interface, uint16_t method, struct vat_ctx *ctx)
{
	if (method == METHOD_ECHO) {
		vat_set_ptr(vat_ctx_results(ctx), vat_ctx_params(ctx));
	} else if (method == METHOD_BIG) {
		memset(vat_init_data(vat_ctx_results(ctx), BIG_BYTES), 'b', BIG_BYTES);
	} else {
		struct vat_cap *cap = vat_serve_any(vat_ctx_vat(ctx), serve, NULL, NULL);
		CHECK_INT(vat_cap_attach_fd(cap, open("/etc/passwd", O_RDONLY | O_CLOEXEC)), 0);
		vat_set_cap(vat_ctx_results(ctx), cap);
		vat_cap_unref(cap);
	}
	vat_ctx_return(ctx);
}

static void on_destroy(void *self)
{
	destroyed++;
}

static struct vat_cap *make_object(struct loop *l)
{
	struct vat_cap *c = vat_serve_any(l->vat, serve, NULL, on_destroy);
	CHECK(c);
	return c;
}

/* ---- a call -------------------------------------------------------------------------------- */

struct reply {
	struct vat_call *call;
	bool done, failed;
	char text[64];
	int fd;
};

static void on_reply(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct reply *r = user;
	r->done = true;
	r->failed = err;
	if (err)
		return;
	struct vat_data d = vat_ptr_data(results, NULL);
	if (d.len)
		memcpy(r->text, d.p, MIN(d.len, sizeof(r->text) - 1));
	int fd = vat_cap_fd(vat_ptr_cap(results));
	r->fd = fd < 0 ? -EBADF : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void call(
	struct loop *l, struct vat_cap *to, uint16_t method, const char *text, struct reply *r)
{
	*r = (struct reply){.fd = -EBADF};
	r->call = vat_call_new(l->vat, to, INTERFACE, method, 0);
	vat_set_data(vat_call_params(r->call), (struct vat_data){text, (uint32_t)strlen(text)});
	vat_call_send(r->call, on_reply, r);
}

static void finish(struct loop *l, struct reply *r)
{
	CHECK_INT(loop_wait(l, &r->done, WAIT_US), 0);
	vat_call_free(r->call);
}

struct world {
	struct loop loop;
	struct side a, b;
	struct vat_cap *object, *remote; /* b's; as a sees it */
	int peer;
};

static void open_world(struct world *w, void (*make)(int sv[2]))
{
	int sv[2];
	*w = (struct world){.peer = -EBADF};
	CHECK_INT(loop_init(&w->loop), 0);
	w->object = make_object(&w->loop);
	make(sv);
	open_link(&w->loop, sv[0], NULL, &w->a);
	open_link(&w->loop, sv[1], w->object, &w->b);
	w->remote = vat_conn_bootstrap(link_conn(w->a.link));
}

/* Only b is a link; the test has the other end of its socket. */
static void open_half(struct world *w)
{
	int sv[2];
	*w = (struct world){.peer = -EBADF};
	CHECK_INT(loop_init(&w->loop), 0);
	w->object = make_object(&w->loop);
	make_pair(sv);
	w->peer = sv[0];
	open_link(&w->loop, sv[1], w->object, &w->b);
}

static void close_world(struct world *w)
{
	vat_cap_unref(w->remote);
	vat_cap_unref(w->object);
	link_free(w->a.link);
	link_free(w->b.link);
	fd_close(w->peer);
	loop_done(&w->loop);
}

static void wait_closed(struct world *w, struct side *s)
{
	CHECK_INT(loop_wait(&w->loop, &s->closed, WAIT_US), 0);
}

/* ---- ordinary use -------------------------------------------------------------------------- */

static void calls_are_answered(void (*make)(int sv[2]))
{
	struct world w;
	struct reply r[50];
	open_world(&w, make);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		call(&w.loop, w.remote, METHOD_ECHO, i % 2 ? "hello" : "good bye", &r[i]);
	for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
		finish(&w.loop, &r[i]);
		CHECK(!r[i].failed);
		CHECK_STR(r[i].text, i % 2 ? "hello" : "good bye");
	}
	close_world(&w);
}

TEST(calls_over_a_unix_socket_are_answered)
{
	calls_are_answered(make_pair);
}

TEST(calls_over_tcp_are_answered)
{
	calls_are_answered(make_tcp);
}

TEST(descriptor_travels_over_a_unix_socket)
{
	struct world w;
	struct reply r;
	struct stat mine, got;
	open_world(&w, make_pair);
	call(&w.loop, w.remote, METHOD_FD, "", &r);
	finish(&w.loop, &r);
	CHECK(!r.failed && r.fd >= 0);
	CHECK_INT(stat("/etc/passwd", &mine), 0);
	CHECK_INT(fstat(r.fd, &got), 0);
	CHECK(mine.st_ino == got.st_ino);
	close(r.fd);
	close_world(&w);
}

TEST(no_descriptor_travels_over_tcp)
{
	struct world w;
	struct reply r;
	open_world(&w, make_tcp);
	call(&w.loop, w.remote, METHOD_FD, "", &r);
	finish(&w.loop, &r);
	CHECK(!r.failed);
	CHECK_INT(r.fd, -EBADF);
	close_world(&w);
}

TEST(freeing_one_end_closes_the_other)
{
	struct world w;
	struct reply r;
	open_world(&w, make_pair);
	call(&w.loop, w.remote, METHOD_ECHO, "x", &r);
	finish(&w.loop, &r);
	link_free(w.b.link);
	w.b.link = NULL;
	wait_closed(&w, &w.a);
	CHECK(w.a.failed); /* it still had the bootstrap object */
	call(&w.loop, w.remote, METHOD_ECHO, "x", &r);
	finish(&w.loop, &r);
	CHECK(r.failed);
	close_world(&w);
}

TEST(end_with_nothing_outstanding_is_clean)
{
	struct world w;
	open_half(&w);
	w.peer = fd_close(w.peer);
	wait_closed(&w, &w.b);
	CHECK(!w.b.failed);
	close_world(&w);
}

TEST(link_may_be_freed_when_it_has_closed)
{
	struct world w;
	open_half(&w);
	w.b.frees = true;
	w.peer = fd_close(w.peer);
	wait_closed(&w, &w.b);
	CHECK(!w.b.link);
	close_world(&w);
}

TEST(loop_done_frees_links_and_runs_destructors)
{
	struct world w;
	destroyed = 0;
	open_world(&w, make_pair);
	vat_cap_unref(w.object);
	vat_cap_unref(w.remote);
	loop_done(&w.loop);
	CHECK_INT(destroyed, 1);
}

/* ---- peers that misbehave ------------------------------------------------------------------ */

/* The beginning of a message of 8 words. */
static const uint8_t half[12] = {0, 0, 0, 0, 8, 0, 0, 0};

static void say(struct world *w, const void *data, size_t len)
{
	CHECK_INT(write(w->peer, data, len), len);
}

TEST(peer_that_closes_within_a_message_is_an_error)
{
	struct world w;
	open_half(&w);
	say(&w, half, sizeof(half));
	w.peer = fd_close(w.peer);
	wait_closed(&w, &w.b);
	CHECK(w.b.failed);
	close_world(&w);
}

TEST(half_a_message_times_out)
{
	struct world w;
	open_half(&w);
	say(&w, half, 5);
	wait_closed(&w, &w.b);
	CHECK(w.b.failed && strstr(w.b.text, "timed out"));
	link_free(TAKE_PTR(w.b.link));
	char c;
	CHECK_INT(read(w.peer, &c, 1), 0);
	close_world(&w);
}

static int on_drip(sd_event_source *source, uint64_t usec, void *user)
{
	struct world *w = user;
	(void)send(w->peer, "", 1, MSG_NOSIGNAL);
	CHECK(sd_event_source_set_time_relative(source, 20000) >= 0);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

TEST(dripping_bytes_does_not_gain_time)
{
	struct world w;
	sd_event_source *drip;
	open_half(&w);
	say(&w, half, sizeof(half));
	CHECK(sd_event_add_time_relative(
		      w.loop.event, &drip, CLOCK_MONOTONIC, 20000, 1000, on_drip, &w) >= 0);
	wait_closed(&w, &w.b);
	CHECK(strstr(w.b.text, "timed out"));
	sd_event_source_disable_unref(drip);
	close_world(&w);
}

TEST(silence_between_messages_is_allowed)
{
	struct world w;
	open_half(&w);
	CHECK_INT(loop_wait(&w.loop, &w.b.closed, 500 * 1000), -ETIMEDOUT);
	close_world(&w);
}

TEST(garbage_is_answered_by_an_abort)
{
	struct world w;
	uint8_t junk[4096], answer[4096];
	open_half(&w);
	memset(junk, 0xff, sizeof(junk));
	say(&w, junk, sizeof(junk));
	wait_closed(&w, &w.b);
	CHECK(w.b.failed);
	CHECK(read(w.peer, answer, sizeof(answer)) > 16);
	close_world(&w);
}

TEST(surplus_descriptors_from_a_peer_are_closed)
{
	struct world w;
	int fds[200];
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(fds))];
	} control = {0};
	open_half(&w);
	struct iovec iov = {.iov_base = (void *)(uintptr_t)half, .iov_len = sizeof(half)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(fds))};
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = w.peer;
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	CHECK_INT(sendmsg(w.peer, &msg, 0), sizeof(half));
	wait_closed(&w, &w.b); /* the rest of the message never comes */
	close_world(&w); /* the runner counts what is left open */
}

/* ---- a peer that asks and does not read ---------------------------------------------------- */

enum { FLOOD = 6000 };

/* What a client would send: bootstrap and FLOOD calls for a big answer. */
static uint8_t *make_flood(struct loop *l, size_t *ret_len)
{
	struct vat_conn *c;
	CHECK_INT(vat_conn_new(l->vat, &(struct vat_conn_config){}, &c), 0);
	struct vat_cap *remote = vat_conn_bootstrap(c);
	for (int i = 0; i < FLOOD; i++) {
		struct vat_call *q = vat_call_new(l->vat, remote, INTERFACE, METHOD_BIG, 0);
		vat_call_send(q, NULL, NULL);
		vat_call_detach(q);
	}
	uint8_t *flood = malloc(4 << 20);
	struct iovec iov[64];
	int fds[253];
	size_t n, n_fds, len = 0;
	while (vat_run(l->vat, 0))
		;
	while ((n = vat_conn_output(c, iov, 64, fds, 253, &n_fds))) {
		size_t sent = 0;
		for (size_t i = 0; i < n; i++) {
			CHECK(len + iov[i].iov_len <= 4 << 20);
			memcpy(flood + len, iov[i].iov_base, iov[i].iov_len);
			len += iov[i].iov_len;
			sent += iov[i].iov_len;
		}
		vat_conn_sent(c, sent);
	}
	vat_cap_unref(remote);
	vat_conn_free(c);
	while (vat_run(l->vat, 0))
		;
	*ret_len = len;
	return flood;
}

struct flooder {
	struct world *w;
	uint8_t *data;
	size_t len, at, heard;
	bool reads, done;
};

static void drain(struct flooder *f)
{
	static char buf[256 << 10];
	ssize_t n = recv(f->w->peer, buf, sizeof(buf), MSG_DONTWAIT);
	f->heard += n > 0 ? (size_t)n : 0;
	f->done = f->heard >= (size_t)FLOOD * BIG_BYTES;
}

static int on_peer(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct flooder *f = user;
	if (revents & EPOLLOUT && f->at < f->len) {
		ssize_t n = send(fd, f->data + f->at, f->len - f->at, MSG_DONTWAIT | MSG_NOSIGNAL);
		f->at += n > 0 ? (size_t)n : 0;
	}
	if (f->reads)
		drain(f);
	return sd_event_source_set_io_events(
		source, (f->at < f->len ? EPOLLOUT : 0) | (f->reads ? EPOLLIN : 0));
}

TEST(peer_that_does_not_read_is_not_read_from)
{
	struct world w;
	struct vat_conn_counts before, counts;
	struct flooder f = {.w = &w};
	sd_event_source *source;
	open_half(&w);
	f.data = make_flood(&w.loop, &f.len);
	CHECK(sd_event_add_io(w.loop.event, &source, w.peer, EPOLLOUT, on_peer, &f) >= 0);
	/* Until nothing moves any more: neither does it read, nor write, nor take up time. */
	do {
		vat_conn_counts(link_conn(w.b.link), &before);
		CHECK_INT(loop_wait(&w.loop, &f.done, 100 * 1000), -ETIMEDOUT);
		vat_conn_counts(link_conn(w.b.link), &counts);
	} while (counts.messages_in != before.messages_in);
	CHECK(counts.messages_in < FLOOD);
	CHECK(counts.output_bytes > 64 << 10);
	/* It can go on as soon as the peer reads. */
	f.reads = true;
	CHECK(sd_event_source_set_io_events(source, EPOLLIN | EPOLLOUT) >= 0);
	CHECK_INT(loop_wait(&w.loop, &f.done, WAIT_US), 0);
	vat_conn_counts(link_conn(w.b.link), &counts);
	CHECK_INT(counts.messages_in, FLOOD + 1);
	sd_event_source_disable_unref(source);
	free(f.data);
	close_world(&w);
}

TEST(peer_that_stops_reading_and_dies_is_noticed)
{
	struct world w;
	struct flooder f = {.w = &w};
	sd_event_source *source;
	open_half(&w);
	f.data = make_flood(&w.loop, &f.len);
	CHECK(sd_event_add_io(w.loop.event, &source, w.peer, EPOLLOUT, on_peer, &f) >= 0);
	CHECK_INT(loop_wait(&w.loop, &f.done, 200 * 1000), -ETIMEDOUT);
	sd_event_source_disable_unref(source);
	w.peer = fd_close(w.peer);
	wait_closed(&w, &w.b);
	CHECK(w.b.failed);
	free(f.data);
	close_world(&w);
}

/* ---- fairness ------------------------------------------------------------------------------ */

struct chain {
	struct loop *loop;
	struct vat_cap *object;
	unsigned long n;
	bool stop;
};

static void next_call(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct chain *c = user;
	c->n++;
	if (c->stop)
		return;
	struct vat_call *q = vat_call_new(c->loop->vat, c->object, INTERFACE, METHOD_ECHO, 0);
	vat_call_send(q, next_call, c);
	vat_call_detach(q);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *user)
{
	*(bool *)user = true;
	return 0;
}

TEST(endless_vat_work_lets_timers_run)
{
	struct world w;
	open_world(&w, make_pair);
	struct chain c = {.loop = &w.loop, .object = w.object};
	next_call(&c, NULL, (struct vat_ptr_r){0});
	CHECK(sd_event_add_time_relative(
		      w.loop.event, NULL, CLOCK_MONOTONIC, 20000, 1000, on_tick, &c.stop) >= 0);
	CHECK_INT(loop_wait(&w.loop, &c.stop, WAIT_US), 0);
	CHECK(c.n > 100);
	struct reply r;
	call(&w.loop, w.remote, METHOD_ECHO, "after", &r);
	finish(&w.loop, &r);
	CHECK_STR(r.text, "after");
	close_world(&w);
}

TEST(waiting_ends_with_the_loop)
{
	struct loop l;
	bool never = false, now = true;
	CHECK_INT(loop_init(&l), 0);
	CHECK_INT(loop_wait(&l, &now, 0), 0);
	CHECK_INT(loop_wait(&l, &never, 30000), -ETIMEDOUT);
	sd_event_exit(l.event, 0);
	CHECK_INT(loop_wait(&l, &never, 0), -ECANCELED);
	loop_done(&l);
	loop_done(&l); /* harmless */
}

TEST(failure_to_open_closes_the_descriptor)
{
	struct loop l;
	struct link *k;
	CHECK_INT(loop_init(&l), 0);
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	CHECK_INT(link_new(&l, fd, &(struct link_config){}, &k), -ENOTSOCK);
	CHECK_INT(fcntl(fd, F_GETFD), -1);
	loop_done(&l);
}
