/* SPDX-License-Identifier: MIT */
/*
 * Links when memory runs out, and what they cost while they do nothing.
 */
#include "io/io.h"
#include "io/test-object.h"
#include "vat/cap/test-alloc.h"

#include <poll.h>

static void note(void *user, struct vat_link *link, const struct vat_error *err)
{
	*(bool *)user = true;
}

static void on_answer(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	*(bool *)user = true;
}

/* Two links, one call. Whatever fails, the call ends or could not be made. */
static void scenario(void)
{
	struct vat_loop *l;
	struct vat_link *a = NULL, *b = NULL;
	bool answered = false, ended = false;
	int sv[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	if (vat_loop_new(&l) < 0) {
		close(sv[0]);
		close(sv[1]);
		return;
	}
	struct vat_cap *object = vat_serve_any(vat_loop_vat(l), serve, NULL, NULL);
	struct vat_link_config cfg = {.bootstrap = object, .closed = note, .user = &ended};
	int ra = vat_loop_add(l, sv[0], &cfg, &a), rb = vat_loop_add(l, sv[1], &cfg, &b);
	if (ra == 0 && rb == 0) {
		struct vat_cap *remote = vat_link_bootstrap(a);
		struct vat_call *q =
			vat_call_new(vat_loop_vat(l), remote, INTERFACE, METHOD_ECHO, 0);
		vat_call_send(q, on_answer, &answered);
		if (q)
			CHECK_INT(vat_loop_wait(l, &answered, WAIT_US), 0);
		vat_call_free(q);
		vat_cap_unref(remote);
	}
	vat_cap_unref(object);
	vat_loop_free(l);
}

TEST(memory_may_run_out_anywhere)
{
	long n = 1;
	scenario();
	do {
		alloc_fail_from(n++);
		scenario();
	} while (alloc_count >= alloc_fail_at);
	alloc_fail_from(0);
	CHECK(n > 10);
}

/* Listening, connecting and a call. Returns what could not be done, or 0. */
static int listen_and_call(struct vat_loop *l)
{
	char address[64];
	struct vat_listener *s = NULL;
	struct vat_link *k = NULL;
	bool answered = false;
	struct vat_cap *object = vat_serve_any(vat_loop_vat(l), serve, NULL, NULL);
	snprintf(address, sizeof(address), "unix:@test-link-famine.%d", (int)getpid());
	struct vat_listen_config cfg = {.link.bootstrap = object};
	int r = vat_loop_listen(l, address, &cfg, &s);
	if (r == 0)
		r = vat_loop_connect(l, address, NULL, &k);
	if (r == 0) {
		struct vat_cap *remote = vat_link_bootstrap(k);
		struct vat_call *q =
			vat_call_new(vat_loop_vat(l), remote, INTERFACE, METHOD_ECHO, 0);
		vat_call_send(q, on_answer, &answered);
		vat_cap_unref(remote);
		/* Whom nobody accepts is answered when memory is back. */
		for (int i = 0; q && i < 8 && !answered; i++)
			CHECK_INT(vat_loop_turn(l, 0), 0);
		long at = alloc_fail_at;
		alloc_fail_at = 0;
		if (q)
			CHECK_INT(vat_loop_wait(l, &answered, WAIT_US), 0);
		alloc_fail_at = at;
		vat_call_free(q);
	}
	vat_link_free(k);
	vat_listener_free(s);
	vat_cap_unref(object);
	return r;
}

TEST(memory_may_run_out_while_listening_and_connecting)
{
	struct vat_loop *l;
	long n = 0;
	int r;
	bool failed;
	do {
		CHECK_INT(vat_loop_new(&l), 0);
		alloc_fail_from(++n);
		r = listen_and_call(l);
		CHECK(r == 0 || r == -ENOMEM);
		vat_loop_free(l);
		failed = alloc_count >= n;
		alloc_fail_from(0);
		CHECK(n < 500);
	} while (failed);
	CHECK_INT(r, 0);
	CHECK(n > 10);
}

/* Frees it when it has ended: the peer sees that. */
static void turn_pump(struct vat *v, struct vat_io **io)
{
	vat_run(v, 0);
	if (!*io)
		return;
	vat_io_flush(*io);
	vat_io_ready(*io, POLLIN | POLLOUT);
	vat_run(v, 0);
	if (!vat_io_ended(*io, NULL))
		return;
	vat_io_free(*io);
	*io = NULL;
}

/* The pump alone: a socket is closed whatever fails, the call ends. */
static void pump(struct vat *v)
{
	int sv[2];
	struct vat_io *io[2] = {NULL};
	bool answered = false;
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	struct vat_cap *object = vat_serve_any(v, serve, NULL, NULL);
	int r0 = vat_io_new(v, sv[0], NULL, &io[0]);
	int r1 = vat_io_new(v, sv[1], &(struct vat_io_config){.bootstrap = object}, &io[1]);
	CHECK((r0 == 0 || r0 == -ENOMEM) && (r1 == 0 || r1 == -ENOMEM));
	if (r0 == 0 && r1 == 0) {
		struct vat_cap *remote = vat_conn_bootstrap(vat_io_conn(io[0]));
		struct vat_call *q = vat_call_new(v, remote, INTERFACE, METHOD_ECHO, 0);
		vat_call_send(q, on_answer, &answered);
		for (int i = 0; q && i < 50 && !answered; i++) {
			turn_pump(v, &io[0]);
			turn_pump(v, &io[1]);
		}
		CHECK(answered || !q);
		vat_call_free(q);
		vat_cap_unref(remote);
	}
	vat_io_free(io[0]);
	vat_io_free(io[1]);
	vat_cap_unref(object);
}

TEST(memory_may_run_out_in_the_pump)
{
	long n = 0;
	bool failed;
	do {
		struct vat *v = vat_new(NULL);
		alloc_fail_from(++n);
		pump(v);
		vat_free(v);
		failed = alloc_count >= n;
		alloc_fail_from(0);
		CHECK(n < 500);
	} while (failed);
	CHECK(n > 10);
}

/* And come back: the k-th allocation alone fails. What it hit ends; the rest is of use. */
TEST(listener_survives_want_of_memory)
{
	struct vat_loop *l;
	char address[64];
	CHECK_INT(vat_loop_new(&l), 0);
	struct vat_cap *object = vat_serve_any(vat_loop_vat(l), serve, NULL, NULL);
	struct vat_listen_config cfg = {.link.bootstrap = object};
	snprintf(address, sizeof(address), "unix:@test-link.%d", (int)getpid());
	CHECK_INT(vat_loop_listen(l, address, &cfg, NULL), 0);
	for (long n = 1; n < 40; n++) {
		struct vat_link *k;
		bool answered = false;
		CHECK_INT(vat_loop_connect(l, address, NULL, &k), 0);
		struct vat_cap *remote = vat_link_bootstrap(k);
		struct vat_call *q = new_call(l, remote, METHOD_ECHO, "x");
		vat_call_send(q, on_answer, &answered);
		alloc_fail_from(n);
		for (int i = 0; i < 4; i++)
			CHECK_INT(vat_loop_turn(l, 0), 0);
		alloc_fail_from(0);
		CHECK_INT(vat_loop_wait(l, &answered, WAIT_US), 0);
		vat_call_free(q);
		vat_cap_unref(remote);
		vat_link_free(k);
	}
	struct vat_link *k;
	CHECK_INT(vat_loop_connect(l, address, NULL, &k), 0);
	struct vat_cap *remote = vat_link_bootstrap(k);
	CHECK_STR(echo(l, remote, "still here"), "still here");
	vat_cap_unref(remote);
	vat_cap_unref(object);
	vat_loop_free(l);
}

TEST(idle_link_costs_two_kilobytes_at_most)
{
	enum { N = 100 };
	struct pair p;
	struct vat_cap *remote[N];
	pair_open(&p);
	CHECK_STR(echo(p.loop, p.remote, "warm"), "warm");
	alloc_counts = true;
	for (int i = 0; i < N; i++) {
		struct vat_link *k;
		int sv[2];
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
		CHECK_INT(vat_loop_add(p.loop, sv[0], NULL, &k), 0);
		CHECK_INT(vat_loop_add(p.loop, sv[1],
				  &(struct vat_link_config){.bootstrap = p.object}, NULL),
			0);
		remote[i] = vat_link_bootstrap(k);
		CHECK_STR(echo(p.loop, remote[i], "hello"), "hello");
	}
	alloc_counts = false;
	long each = alloc_bytes / (2 * N);
	printf("# %ld bytes for each end\n", each);
	CHECK(each <= 2048);
	for (int i = 0; i < N; i++)
		vat_cap_unref(remote[i]);
	pair_close(&p);
}
