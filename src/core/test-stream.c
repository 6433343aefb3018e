/* SPDX-License-Identifier: MIT */
/* Streams served by real worker processes: cat(1) echoes, sh(1) ends as it is told. */
#include "core/test-stream.h"

#include <poll.h>

/* One worker at a time, however many open it. */
struct only {
	struct world *world;
	int pidfd; /* of the last; -EBADF: none */
	bool was_gone; /* when the next was started */
	unsigned n_open, limit;
};

static bool has_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	return poll(&p, 1, 0) == 1;
}

static int only_after(void *self)
{
	struct only *o = self;
	if (o->pidfd < 0 || has_ended(o->pidfd))
		return -EBADF;
	CHECK_INT(spawn_kill(&(struct spawn_child){.pidfd = o->pidfd}, SIGKILL), 0);
	return o->pidfd;
}

static int only_spawn(void *self, int fd, struct spawn_child *ret, struct err *e)
{
	static const char *const argv[] = {"cat", NULL};
	struct only *o = self;
	o->was_gone = o->pidfd >= 0 && has_ended(o->pidfd);
	int r = spawn_program(argv, fd, ret);
	fd_close(o->pidfd);
	o->pidfd = r < 0 ? -EBADF : fcntl(ret->pidfd, F_DUPFD_CLOEXEC, 3);
	return r;
}

static void only_destroy(void *self)
{
	struct only *o = self;
	o->world->destroyed++;
	fd_close(o->pidfd);
}

/* How many have it open; limited. */
static int only_enter(void *self, struct err *e)
{
	struct only *o = self;
	if (o->n_open == o->limit)
		return err_set(e, -EDQUOT, "enough");
	o->n_open++;
	return 0;
}

static void only_leave(void *self)
{
	struct only *o = self;
	CHECK(o->n_open);
	o->n_open--;
}

static const struct stream_source only_source = {
	.enter = only_enter,
	.leave = only_leave,
	.after = only_after,
	.spawn = only_spawn,
	.describe = program_describe,
	.summary = program_summary,
	.destroy = only_destroy,
	.category = "test:only",
};

static const char *const cat[] = {"cat", NULL};
static const char *const hello[] = {"echo", "hello", NULL};
static const char *const full[] = {"sh", "-c", "exit 28", NULL}; /* ENOSPC */

/* Everything but openLocal, as over a link that passes no descriptors. */
static void without_descriptors(
	void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	struct stream_stream_c *s = self;
	if (interface_id == STREAM_STREAM_ID && method == 2)
		vat_ctx_fail(ctx, VAT_UNIMPLEMENTED, "no descriptors here");
	else
		vat_ctx_forward(ctx, s->cap);
}

TEST(a_stream_on_the_same_host_is_a_descriptor)
{
	struct world w = {};
	up(&w);
	struct stream_stream_c s = new_stream(&w, cat);
	struct opened o = open_stream(&w, s.cap);
	CHECK(o.fd >= 0);
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	CHECK(!getsockname(o.fd, (struct sockaddr *)&sa, &len));
	CHECK_INT(sa.ss_family, AF_UNIX);
	check_echo(o.fd);
	close(o.fd);
	vat_cap_unref(o.end);
	stream_stream_unref(s);
	down(&w);
	CHECK_INT(w.destroyed, 1);
}

TEST(without_descriptors_it_is_a_tcp_connection)
{
	struct world w = {};
	up(&w);
	struct stream_stream_c s = new_stream(&w, cat);
	struct vat_cap *far = vat_serve_any(w.loop.vat, without_descriptors, &s, NULL);
	struct opened o = open_stream(&w, far);
	if (o.fd < 0)
		test_fail(__FILE__, __LINE__, "%s", o.text);
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	CHECK(!getsockname(o.fd, (struct sockaddr *)&sa, &len));
	CHECK_INT(sa.ss_family, AF_INET);
	int keepalive = 0;
	len = sizeof(keepalive);
	CHECK(!getsockopt(o.fd, SOL_SOCKET, SO_KEEPALIVE, &keepalive, &len));
	CHECK_INT(keepalive, 1); /* a mount must notice that the other host is gone */
	check_echo(o.fd);
	close(o.fd);
	vat_cap_unref(o.end);
	vat_cap_unref(far);
	stream_stream_unref(s);
	down(&w);
}

TEST(dropping_the_connection_closes_the_socket)
{
	struct world w = {};
	up(&w);
	struct stream_stream_c s = new_stream(&w, cat);
	struct opened o = open_stream(&w, s.cap);
	bool never = false;
	vat_cap_unref(o.end);
	loop_wait(&w.loop, &never, 1000);
	char buf[8];
	CHECK_INT(read_all(o.fd, buf, sizeof(buf)), 0);
	close(o.fd);
	stream_stream_unref(s);
	down(&w);
}

TEST(a_canceled_wait_does_not_keep_the_connection_open)
{
	struct world w = {};
	up(&w);
	struct stream_stream_c s = new_stream(&w, cat);
	struct opened o = open_stream(&w, s.cap);
	struct answer a = {};
	struct metac_waitable_wait_req q =
		metac_waitable_wait(w.loop.vat, metac_waitable_cast(o.end));
	metac_waitable_wait_send(q, on_answer, &a);
	bool never = false;
	loop_wait(&w.loop, &never, 1000);
	CHECK(!a.done);
	vat_call_free(q.call);
	vat_cap_unref(o.end);
	loop_wait(&w.loop, &never, 1000);
	struct timeval soon = {.tv_sec = 5};
	CHECK(!setsockopt(o.fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
	char c;
	CHECK_INT(read(o.fd, &c, 1), 0);
	close(o.fd);
	stream_stream_unref(s);
	down(&w);
}

TEST(the_worker_before_is_gone_when_the_next_one_starts)
{
	struct world w = {};
	char c;
	up(&w);
	struct only only = {.world = &w, .pidfd = -EBADF, .limit = 2};
	struct stream_stream_c s = stream_serve(&w.host, &only_source, &only);
	struct opened first = open_stream(&w, s.cap), second = open_stream(&w, s.cap);
	CHECK(first.fd >= 0 && second.fd >= 0);
	struct opened third = open_stream(&w, s.cap);
	CHECK(third.fd < 0 && strstr(third.text, "enough"));
	bool never = false;
	for (int i = 0; !only.was_gone && i < 2000; i++)
		loop_wait(&w.loop, &never, 10000);
	CHECK(only.was_gone);
	CHECK_INT(read(first.fd, &c, 1), 0);
	check_echo(second.fd);
	close(first.fd);
	close(second.fd);
	vat_cap_unref(first.end);
	vat_cap_unref(second.end);
	for (int i = 0; only.n_open && i < 2000; i++)
		loop_wait(&w.loop, &never, 10000);
	CHECK_INT(only.n_open, 0);
	stream_stream_unref(s);
	down(&w);
}

TEST(a_failure_to_open_is_told)
{
	struct world w = {};
	up(&w);
	struct stream_stream_c s = new_stream(&w, NULL);
	struct opened o = open_stream(&w, s.cap);
	CHECK(o.fd < 0);
	CHECK(strstr(o.text, "/no/such/file: No such file or directory"));
	stream_stream_unref(s);
	down(&w);
}

TEST(the_outcome_of_the_worker_is_what_wait_tells)
{
	struct world w = {};
	up(&w);
	const char *const *programs[] = {hello, full};
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		struct stream_stream_c s = new_stream(&w, programs[i]);
		struct opened o = open_stream(&w, s.cap);
		CHECK(o.fd >= 0);
		struct metac_waitable_wait_req q =
			metac_waitable_wait(w.loop.vat, metac_waitable_cast(o.end));
		struct answer a = CALL(&w.loop, q, metac_waitable_wait_send);
		CHECK_INT(a.failed, i == 1);
		if (i == 1)
			CHECK(strstr(a.text, "No space left on device"));
		vat_call_free(q.call);
		close(o.fd);
		vat_cap_unref(o.end);
		stream_stream_unref(s);
	}
	down(&w);
}

static int connect_from(uint16_t *ret_port)
{
	struct sockaddr_storage sa;
	socklen_t len;
	CHECK(!addr_parse("127.0.0.1", 0, &sa, &len));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&sa, len));
	len = sizeof(sa);
	CHECK(!getsockname(fd, (struct sockaddr *)&sa, &len));
	char text[64];
	CHECK_INT(addr_format(&sa, text, sizeof(text), ret_port), 0);
	return fd;
}

static struct answer listen_for(struct world *w, struct stream_stream_c s, const char *ip,
	int32_t port, struct vat_call **ret)
{
	struct stream_stream_tcp_listen_req q = stream_stream_tcp_listen(w->loop.vat, s);
	metac_node_address_set_ip(
		stream_stream_tcp_listen_params_init_remote(q.params), vat_str(ip));
	stream_stream_tcp_listen_params_set_remote_port(q.params, port);
	*ret = q.call;
	return CALL(&w->loop, q, stream_stream_tcp_listen_send);
}

TEST(only_the_announced_address_and_port_may_connect_and_once)
{
	struct world w = {};
	bool never = false;
	uint16_t own_port, rival_port;
	struct vat_call *call;
	up(&w);
	struct stream_stream_c s = new_stream(&w, cat);
	AUTO_CLOSE int own = connect_from(&own_port), rival = connect_from(&rival_port);
	struct answer a = listen_for(&w, s, "127.0.0.1", own_port, &call);
	CHECK(!a.failed);
	int32_t port = stream_stream_tcp_listen_results_get_port(
		stream_stream_tcp_listen_results_from(a.results));
	struct sockaddr_storage to;
	socklen_t len;
	CHECK(!addr_parse("127.0.0.1", (uint16_t)port, &to, &len));

	char c;
	CHECK(!connect(rival, (struct sockaddr *)&to, len));
	loop_wait(&w.loop, &never, 100000);
	CHECK(read(rival, &c, 1) <= 0);

	CHECK(!connect(own, (struct sockaddr *)&to, len));
	loop_wait(&w.loop, &never, 100000);
	check_echo(own);

	AUTO_CLOSE int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(connect(late, (struct sockaddr *)&to, len) < 0);
	CHECK_INT(errno, ECONNREFUSED);
	vat_call_free(call);
	stream_stream_unref(s);
	down(&w);
}

TEST(the_listener_goes_with_its_holder)
{
	struct world w = {};
	bool never = false;
	uint16_t own_port;
	struct vat_call *call;
	up(&w);
	struct stream_stream_c s = new_stream(&w, cat);
	AUTO_CLOSE int own = connect_from(&own_port);
	struct answer a = listen_for(&w, s, "127.0.0.1", own_port, &call);
	CHECK(!a.failed);
	int32_t port = stream_stream_tcp_listen_results_get_port(
		stream_stream_tcp_listen_results_from(a.results));
	vat_call_free(call); /* and with it the holder in its results */
	loop_wait(&w.loop, &never, 1000);
	struct sockaddr_storage to;
	socklen_t len;
	CHECK(!addr_parse("127.0.0.1", (uint16_t)port, &to, &len));
	CHECK(connect(own, (struct sockaddr *)&to, len) < 0);
	stream_stream_unref(s);
	down(&w);
}

TEST(malformed_remotes_are_refused)
{
	struct world w = {};
	struct vat_call *call;
	up(&w);
	struct stream_stream_c s = new_stream(&w, cat);
	static const struct {
		const char *ip;
		int32_t port;
	} bad[] = {{"", 5000}, {"here", 5000}, {"127.0.0.1", 0}, {"127.0.0.1", -1},
		{"127.0.0.1", 65536}};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct answer a = listen_for(&w, s, bad[i].ip, bad[i].port, &call);
		CHECK(a.failed && strstr(a.text, "malformed"));
		vat_call_free(call);
	}
	stream_stream_unref(s);
	down(&w);
}
