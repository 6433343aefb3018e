/* SPDX-License-Identifier: MIT */
/* Streams served by real worker processes: cat(1) echoes, sh(1) ends as it is told. */
#include "core/pipes.h"
#include "core/pump-control.h"
#include "core/pump-worker.h"
#include "core/stream.h"
#include "core/test-call.h"

#include <fcntl.h>
#include <signal.h>
#include <poll.h>
#include <signal.h>

struct world {
	struct loop loop;
	struct stream_host host;
	unsigned destroyed;
	struct spawn_child children[64];
	size_t n_children;
};

struct program {
	struct world *world;
	const char *const *argv;
};

static int program_spawn(void *self, int fd, struct spawn_child *ret, struct err *e)
{
	struct program *p = self;
	if (!p->argv)
		return err_errno(e, -ENOENT, "/no/such/file");
	return spawn_program(p->argv, fd, ret);
}

static void program_summary(void *self, char *ret, size_t size)
{
	(void)snprintf(ret, size, "a program");
}

static void program_describe(void *self, struct vat_ptr_b description)
{
}

static void program_destroy(void *self)
{
	struct program *p = self;
	p->world->destroyed++;
	free(p);
}

static const struct stream_source program_source = {
	.spawn = program_spawn,
	.describe = program_describe,
	.summary = program_summary,
	.destroy = program_destroy,
	.category = "test:program",
};

/* One worker at a time, however many open it. */
struct only {
	struct world *world;
	int pidfd; /* of the last; -EBADF: none */
	bool was_gone; /* when the next was started */
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

static const struct stream_source only_source = {
	.after = only_after,
	.spawn = only_spawn,
	.describe = program_describe,
	.summary = program_summary,
	.destroy = only_destroy,
	.category = "test:only",
};

/* The same as a socket: the program has the other end. */
static int program_connect(void *self, struct err *e)
{
	struct program *p = self;
	struct spawn_child child;
	int sv[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	int r = p->argv ? spawn_program(p->argv, sv[1], &child) : -ENOENT;
	close(sv[1]);
	if (r < 0) {
		close(sv[0]);
		return err_errno(e, r, "/no/such/file");
	}
	CHECK(p->world->n_children < ARRAY_SIZE(p->world->children));
	p->world->children[p->world->n_children++] = child;
	return sv[0];
}

static const struct stream_source socket_source = {
	.connect = program_connect,
	.summary = program_summary,
	.describe = program_describe,
	.destroy = program_destroy,
	.category = "test:socket",
};

/* This program is its pump as well. */
__attribute__((constructor)) static void pump_main(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "--role=pump") != 0)
		return;
	signal(SIGPIPE, SIG_IGN);
	_exit(-pump_worker_run(PUMP_FD_CONTROL));
}

static const char *const cat[] = {"cat", NULL};
static const char *const hello[] = {"echo", "hello", NULL};
static const char *const full[] = {"sh", "-c", "exit 28", NULL}; /* ENOSPC */
static const char *const sink[] = {"sh", "-c", "cat >/dev/null", NULL};
static const char *const hello_and_full[] = {"sh", "-c", "echo hello; exit 28", NULL};
static const char *const full_at_last[] = {"sh", "-c", "cat >/dev/null; exit 28", NULL};

static void up(struct world *w)
{
	CHECK_INT(loop_init(&w->loop), 0);
	w->host = (struct stream_host){.loop = &w->loop, .address = "127.0.0.1"};
}

static void down(struct world *w)
{
	bool never = false;
	for (int i = 0; w->host.n_sessions && i < 200; i++) /* destructors run from the loop */
		loop_wait(&w->loop, &never, 10000);
	CHECK_INT(w->host.n_sessions, 0);
	for (int i = 0; w->host.n_piped && i < 200; i++)
		loop_wait(&w->loop, &never, 10000);
	CHECK_INT(w->host.n_piped, 0);
	stream_host_done(&w->host);
	spawn_worker_set(-EBADF);
	for (size_t i = 0; i < w->n_children; i++)
		spawn_wait(&w->children[i]);
	loop_done(&w->loop);
}

static struct stream_stream_c new_stream_of(
	struct world *w, const struct stream_source *source, const char *const *argv)
{
	struct program *p = calloc(1, sizeof(*p));
	CHECK(p);
	*p = (struct program){w, argv};
	struct stream_stream_c s = stream_serve(&w->host, source, p);
	CHECK(s.cap);
	return s;
}

static struct stream_stream_c new_stream(struct world *w, const char *const *argv)
{
	return new_stream_of(w, &program_source, argv);
}

static struct stream_stream_c new_socket(struct world *w, const char *const *argv)
{
	spawn_worker_set(open("/proc/self/exe", O_PATH | O_CLOEXEC));
	return new_stream_of(w, &socket_source, argv);
}

struct opened {
	bool done;
	int fd;
	struct vat_cap *end;
	char text[1000];
};

static void on_opened(void *user, int fd, struct vat_cap *end, const struct err *e)
{
	struct opened *o = user;
	o->done = true;
	o->fd = fd;
	o->end = end;
	if (fd < 0)
		(void)snprintf(o->text, sizeof(o->text), "%s", e->msg);
}

static struct opened open_stream(struct world *w, struct vat_cap *stream)
{
	struct opened o = {.fd = -EBADF};
	struct stream_opening *opening = NULL;
	CHECK_INT(stream_open(&w->loop, stream, "127.0.0.1", on_opened, &o, &opening), 0);
	CHECK_INT(loop_wait(&w->loop, &o.done, 20000000), 0);
	stream_opening_free(opening);
	return o;
}

/* What comes until the end of the stream. */
static size_t read_all(int fd, char *buf, size_t size)
{
	size_t at = 0;
	for (ssize_t n; at < size - 1 && (n = read(fd, buf + at, size - 1 - at)) > 0;)
		at += (size_t)n;
	buf[at] = 0;
	return at;
}

static void check_echo(int fd)
{
	char buf[64];
	CHECK_INT(write(fd, "there and back", 14), 14);
	CHECK(!shutdown(fd, SHUT_WR));
	read_all(fd, buf, sizeof(buf));
	CHECK_STR(buf, "there and back");
}

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
	struct only only = {.world = &w, .pidfd = -EBADF};
	struct stream_stream_c s = stream_serve(&w.host, &only_source, &only);
	struct opened first = open_stream(&w, s.cap), second = open_stream(&w, s.cap);
	CHECK(first.fd >= 0 && second.fd >= 0);
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

/* Binds them and waits for the end of it. */
static void bind_and_wait(
	struct world *w, const char *const *from, const char *const *to, struct answer *ret)
{
	struct stream_stream_c a = new_stream(w, from), b = new_stream(w, to);
	struct stream_stream_bind_to_req q = stream_stream_bind_to(w->loop.vat, a);
	stream_stream_bind_to_params_set_other(q.params, b);
	struct answer bound = CALL(&w->loop, q, stream_stream_bind_to_send);
	if (bound.failed)
		test_fail(__FILE__, __LINE__, "%s", bound.text);
	struct vat_cap *binding = vat_cap_ref(stream_stream_bind_to_results_get_holder(
		stream_stream_bind_to_results_from(bound.results))
						      .cap);
	struct metac_waitable_wait_req wait =
		metac_waitable_wait(w->loop.vat, metac_waitable_cast(binding));
	*ret = CALL(&w->loop, wait, metac_waitable_wait_send);
	vat_call_free(wait.call);
	vat_call_free(q.call);
	vat_cap_unref(binding);
	stream_stream_unref(a);
	stream_stream_unref(b);
}

TEST(streams_bound_to_each_other_pass_bytes)
{
	struct world w = {};
	struct answer a;
	up(&w);
	bind_and_wait(&w, hello, sink, &a);
	CHECK(!a.failed);
	down(&w);
}

TEST(a_binding_ends_when_the_other_stream_has_taken_all)
{
	struct world w = {};
	struct answer a;
	up(&w);
	bind_and_wait(&w, hello, full_at_last, &a);
	CHECK(a.failed && strstr(a.text, "No space left on device"));
	down(&w);
}

/* ---- sockets piped into one another --------------------------------------------------------- */

TEST(a_stream_that_is_a_socket_is_piped)
{
	struct world w = {};
	up(&w);
	struct stream_stream_c s = new_socket(&w, cat);
	struct opened o[3];
	for (size_t i = 0; i < ARRAY_SIZE(o); i++)
		o[i] = open_stream(&w, s.cap);
	CHECK(w.host.n_piped == 3 && !w.host.n_sessions);
	for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
		check_echo(o[i].fd);
		close(o[i].fd);
	}
	struct metac_waitable_wait_req q =
		metac_waitable_wait(w.loop.vat, metac_waitable_cast(o[0].end));
	struct answer a = CALL(&w.loop, q, metac_waitable_wait_send);
	CHECK(!a.failed);
	vat_call_free(q.call);
	for (size_t i = 0; i < ARRAY_SIZE(o); i++)
		vat_cap_unref(o[i].end);
	stream_stream_unref(s);
	down(&w);
}

TEST(dropping_the_connection_of_a_socket_cuts_it)
{
	struct world w = {};
	bool never = false;
	char byte;
	up(&w);
	struct stream_stream_c s = new_socket(&w, cat);
	struct opened o = open_stream(&w, s.cap), other = open_stream(&w, s.cap);
	CHECK_INT(write(o.fd, "x", 1), 1);
	CHECK_INT(read(o.fd, &byte, 1), 1);
	vat_cap_unref(o.end);
	loop_wait(&w.loop, &never, 1000);
	CHECK_INT(read(o.fd, &byte, 1), 0);
	check_echo(other.fd);
	close(o.fd);
	close(other.fd);
	vat_cap_unref(other.end);
	stream_stream_unref(s);
	down(&w);
}

TEST(a_socket_that_cannot_be_had_is_told)
{
	struct world w = {};
	up(&w);
	struct stream_stream_c s = new_socket(&w, NULL);
	struct opened o = open_stream(&w, s.cap);
	CHECK(o.fd < 0 && strstr(o.text, "/no/such/file"));
	stream_stream_unref(s);
	down(&w);
}

static pid_t pump_of_test(void)
{
	char path[64], comm[64] = "";
	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char pids[256] = "";
	CHECK(fd >= 0 && read(fd, pids, sizeof(pids) - 1) > 0);
	for (char *at = pids, *end; *at; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);
		if (end == at)
			break;
		(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		AUTO_CLOSE int c = open(path, O_RDONLY | O_CLOEXEC);
		if (c >= 0 && read(c, comm, sizeof(comm) - 1) > 0 && !strcmp(comm, "metacd: pump"))
			return pid;
	}
	return 0;
}

TEST(when_the_pump_dies_its_pairs_end_and_another_is_started)
{
	struct world w = {};
	char byte;
	up(&w);
	struct stream_stream_c s = new_socket(&w, cat);
	struct opened o = open_stream(&w, s.cap);
	struct metac_waitable_wait_req q =
		metac_waitable_wait(w.loop.vat, metac_waitable_cast(o.end));
	pid_t pump = pump_of_test();
	CHECK(pump > 0 && !kill(pump, SIGKILL));
	struct answer a = CALL(&w.loop, q, metac_waitable_wait_send);
	CHECK(a.failed && strstr(a.text, "the pump has ended"));
	CHECK_INT(read(o.fd, &byte, 1), 0);
	close(o.fd);
	vat_call_free(q.call);
	vat_cap_unref(o.end);
	o = open_stream(&w, s.cap);
	check_echo(o.fd);
	close(o.fd);
	vat_cap_unref(o.end);
	stream_stream_unref(s);
	down(&w);
}

struct joiner {
	struct world *w;
	struct stream_stream_c one, other;
};

static void join_call(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	struct joiner *j = self;
	stream_join(&j->w->host, j->one.cap, j->other.cap, ctx);
}

/* Joins them and waits for the end of it. */
static void join_and_wait(
	struct world *w, const char *const *from, const char *const *to, struct answer *ret)
{
	struct stream_stream_c a = new_stream(w, from), b = new_stream(w, to);
	struct joiner j = {w, a, b};
	struct vat_cap *joiner = vat_serve_any(w->loop.vat, join_call, &j, NULL);
	spawn_worker_set(open("/proc/self/exe", O_PATH | O_CLOEXEC));
	/* Any call will do: it is answered as bindTo is. */
	struct stream_stream_bind_to_req q =
		stream_stream_bind_to(w->loop.vat, stream_stream_cast(joiner));
	struct answer joined = CALL(&w->loop, q, stream_stream_bind_to_send);
	*ret = joined;
	if (!joined.failed) {
		struct vat_cap *binding = vat_cap_ref(stream_stream_bind_to_results_get_holder(
			stream_stream_bind_to_results_from(joined.results))
							      .cap);
		struct metac_waitable_wait_req wait =
			metac_waitable_wait(w->loop.vat, metac_waitable_cast(binding));
		*ret = CALL(&w->loop, wait, metac_waitable_wait_send);
		vat_call_free(wait.call);
		vat_cap_unref(binding);
	}
	vat_call_free(q.call);
	vat_cap_unref(joiner);
	stream_stream_unref(a);
	stream_stream_unref(b);
}

TEST(two_streams_are_joined_through_the_pump)
{
	struct world w = {};
	struct answer a;
	up(&w);
	join_and_wait(&w, hello, sink, &a);
	CHECK(!a.failed);
	down(&w);
}

TEST(either_end_of_a_join_can_say_that_it_failed)
{
	static const char *const *const ends[][2] = {
		{hello, full_at_last}, {hello_and_full, sink}, {NULL, sink}, {hello, NULL}};
	static const char *const says[] = {
		"No space left", "No space left", "/no/such/file", "/no/such/file"};
	struct world w = {};
	struct answer a;
	up(&w);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		join_and_wait(&w, ends[i][0], ends[i][1], &a);
		if (!a.failed || !strstr(a.text, says[i]))
			test_fail(__FILE__, __LINE__, "%zu: \"%s\"", i, a.text);
	}
	down(&w);
}
