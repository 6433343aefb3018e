/* SPDX-License-Identifier: MIT */
/* Streams bound to each other, directly and through the pump of this process. */
#include "core/pipes.h"
#include "core/pump-control.h"
#include "core/pump-worker.h"
#include "core/test-stream.h"

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
static const char *const sink[] = {"sh", "-c", "cat >/dev/null", NULL};
static const char *const hello_and_full[] = {"sh", "-c", "echo hello; exit 28", NULL};
static const char *const full_at_last[] = {"sh", "-c", "cat >/dev/null; exit 28", NULL};

static struct stream_stream_c new_socket(struct world *w, const char *const *argv)
{
	spawn_worker_set(open("/proc/self/exe", O_PATH | O_CLOEXEC));
	return new_stream_of(w, &socket_source, argv);
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
