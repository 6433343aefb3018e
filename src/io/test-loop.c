/* SPDX-License-Identifier: MIT */
/*
 * Loops: turns, descriptors and timers of the user, stopping, links that end.
 */
#include "io/test-object.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

/* ---- calls over a loop ---------------------------------------------------------------------- */

TEST(calls_cross_a_socketpair)
{
	struct pair p;
	pair_open(&p);
	CHECK_STR(echo(p.loop, p.remote, "hello"), "hello");
	pair_close(&p);
}

TEST(calls_outstanding_are_answered_in_order)
{
	struct pair p;
	struct burst b = {.loop = NULL};
	pair_open(&p);
	burst(&b, p.loop, p.remote, 500);
	CHECK_INT(vat_loop_wait(p.loop, &b.done, WAIT_US), 0);
	CHECK_INT(b.answered, 500);
	pair_close(&p);
}

static void stop_loop(void *user)
{
	vat_loop_stop(user);
}

TEST(what_is_due_when_the_loop_starts_is_done)
{
	struct vat_loop *l;
	CHECK_INT(vat_loop_new(&l), 0);
	struct vat_cap *object = make_object(l);
	struct burst b;
	burst(&b, l, object, 1); /* a call to a local object: nobody else wakes the loop */
	CHECK_INT(vat_loop_timeout(l), 0);
	CHECK_INT(vat_loop_turn(l, UINT64_MAX), 0);
	CHECK(b.done);
	CHECK_INT(vat_loop_timeout(l), UINT64_MAX);
	vat_cap_unref(object);
	vat_loop_free(l);
	CHECK_INT(destroyed, 1);
}

TEST(nothing_left_to_wait_for_is_told)
{
	struct vat_loop *l;
	bool never = false, done = true;
	CHECK_INT(vat_loop_new(&l), 0);
	CHECK_INT(vat_loop_run(l), -EDEADLK);
	CHECK_INT(vat_loop_wait(l, &never, 0), -EDEADLK);
	CHECK_INT(vat_loop_wait(l, &done, 0), 0);
	vat_loop_free(l);
	vat_loop_free(NULL);
}

/* ---- stopping ------------------------------------------------------------------------------- */

TEST(stop_before_run_is_not_lost)
{
	struct pair p;
	pair_open(&p);
	vat_loop_stop(p.loop);
	CHECK_INT(vat_loop_run(p.loop), 0);
	/* It was used up. */
	struct vat_timer *t;
	CHECK_INT(vat_loop_add_timer(p.loop, stop_loop, p.loop, &t), 0);
	vat_timer_set(t, 1000);
	CHECK_INT(vat_loop_run(p.loop), 0);
	pair_close(&p);
}

static void *stop_from_thread(void *user)
{
	vat_loop_stop(user);
	return NULL;
}

TEST(another_thread_stops_the_loop)
{
	struct pair p;
	pthread_t t;
	pair_open(&p);
	CHECK_INT(pthread_create(&t, NULL, stop_from_thread, p.loop), 0);
	CHECK_INT(vat_loop_run(p.loop), 0);
	CHECK_INT(pthread_join(t, NULL), 0);
	pair_close(&p);
}

static struct vat_loop *signalled;

static void on_signal(int sig)
{
	vat_loop_stop(signalled);
}

TEST(signal_handler_stops_the_loop)
{
	struct pair p;
	pair_open(&p);
	signalled = p.loop;
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
	CHECK_INT(sigaction(SIGALRM, &sa, &old), 0);
	ualarm(20000, 0);
	CHECK_INT(vat_loop_run(p.loop), 0);
	CHECK_INT(sigaction(SIGALRM, &old, NULL), 0);
	pair_close(&p);
}

/* ---- timers and descriptors of the user ----------------------------------------------------- */

struct ticks {
	struct vat_timer *timer;
	unsigned n, again;
	bool done;
	char order[8], name;
	char *log;
};

static void on_tick(void *user)
{
	struct ticks *t = user;
	t->n++;
	if (t->log)
		strncat(t->log, &t->name, 1);
	t->done = t->n > t->again;
	if (!t->done)
		vat_timer_set(t->timer, 1000);
}

TEST(timer_set_anew_by_itself_runs_again)
{
	struct vat_loop *l;
	struct ticks t = {.again = 3};
	CHECK_INT(vat_loop_new(&l), 0);
	CHECK_INT(vat_loop_add_timer(l, on_tick, &t, &t.timer), 0);
	vat_timer_set(t.timer, 0);
	CHECK_INT(vat_loop_wait(l, &t.done, WAIT_US), 0);
	CHECK_INT(t.n, 4);
	vat_timer_set(t.timer, 1000);
	vat_timer_set(t.timer, UINT64_MAX);
	CHECK_INT(vat_loop_timeout(l), UINT64_MAX);
	vat_timer_free(t.timer);
	vat_loop_free(l);
}

TEST(timers_run_in_order_of_time)
{
	struct vat_loop *l;
	char log[8] = "";
	struct ticks t[3];
	static const uint64_t after[3] = {6000, 2000, 4000};
	CHECK_INT(vat_loop_new(&l), 0);
	for (int i = 0; i < 3; i++) {
		t[i] = (struct ticks){.name = (char)('a' + i), .log = log};
		CHECK_INT(vat_loop_add_timer(l, on_tick, &t[i], &t[i].timer), 0);
		vat_timer_set(t[i].timer, after[i]);
	}
	CHECK_INT(vat_loop_wait(l, &t[0].done, WAIT_US), 0);
	CHECK_STR(log, "bca");
	vat_loop_free(l); /* with its timers */
}

struct reader {
	struct vat_fd *fd;
	int from;
	bool done;
};

static void on_readable(void *user, uint32_t revents)
{
	struct reader *r = user;
	char c;
	CHECK(revents & EPOLLIN);
	CHECK_INT(read(r->from, &c, 1), 1);
	vat_fd_free(r->fd);
	r->done = true;
}

TEST(foreign_descriptor_is_watched_and_frees_itself)
{
	struct pair p;
	int fds[2];
	struct reader r = {0};
	pair_open(&p);
	CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
	r.from = fds[0];
	CHECK_INT(vat_loop_add_fd(p.loop, fds[0], 0, on_readable, &r, &r.fd), 0);
	CHECK_INT(write(fds[1], "xy", 2), 2);
	CHECK_INT(vat_loop_turn(p.loop, 0), 0);
	CHECK(!r.done);
	CHECK_INT(vat_fd_set(r.fd, EPOLLIN), 0);
	CHECK_INT(vat_loop_wait(p.loop, &r.done, WAIT_US), 0);
	CHECK_STR(echo(p.loop, p.remote, "still"), "still");
	close(fds[0]);
	close(fds[1]);
	pair_close(&p);
}

/* Two descriptors are ready in one turn; the first to be told frees both. */
struct couple {
	struct vat_fd *fd[2];
	unsigned calls;
};

static void on_either(void *user, uint32_t revents)
{
	struct couple *c = user;
	c->calls++;
	vat_fd_free(TAKE_PTR(c->fd[0]));
	vat_fd_free(TAKE_PTR(c->fd[1]));
}

TEST(event_already_fetched_is_dropped_with_its_watch)
{
	struct vat_loop *l;
	struct couple c = {0};
	int a[2], b[2];
	CHECK_INT(vat_loop_new(&l), 0);
	CHECK_INT(pipe2(a, O_CLOEXEC), 0);
	CHECK_INT(pipe2(b, O_CLOEXEC), 0);
	CHECK_INT(vat_loop_add_fd(l, a[1], EPOLLOUT, on_either, &c, &c.fd[0]), 0);
	CHECK_INT(vat_loop_add_fd(l, b[1], EPOLLOUT, on_either, &c, &c.fd[1]), 0);
	CHECK_INT(vat_loop_turn(l, 0), 0);
	CHECK_INT(vat_loop_turn(l, 0), 0);
	CHECK_INT(c.calls, 1);
	vat_loop_free(l);
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}

TEST(loop_runs_inside_another_that_polls)
{
	struct pair p;
	struct burst b;
	pair_open(&p);
	burst(&b, p.loop, p.remote, 20);
	while (!b.done) {
		uint64_t us = vat_loop_timeout(p.loop);
		struct pollfd pfd = {.fd = vat_loop_fd(p.loop), .events = POLLIN};
		int ms = us == UINT64_MAX ? 10000 : (int)((us + 999) / 1000);
		CHECK(poll(&pfd, 1, ms) >= 0);
		CHECK_INT(vat_loop_turn(p.loop, 0), 0);
	}
	pair_close(&p);
}

/* ---- fairness ------------------------------------------------------------------------------- */

struct chain {
	struct vat_loop *loop;
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
	struct vat_call *q =
		vat_call_new(vat_loop_vat(c->loop), c->object, INTERFACE, METHOD_ECHO, 0);
	vat_call_send(q, next_call, c);
	vat_call_detach(q);
}

static void end_chain(void *user)
{
	((struct chain *)user)->stop = true;
}

TEST(endless_vat_work_lets_timers_run)
{
	struct pair p;
	struct vat_timer *t;
	pair_open(&p);
	struct chain c = {.loop = p.loop, .object = p.object};
	next_call(&c, NULL, (struct vat_ptr_r){0});
	CHECK_INT(vat_loop_add_timer(p.loop, end_chain, &c, &t), 0);
	vat_timer_set(t, 20000);
	CHECK_INT(vat_loop_wait(p.loop, &c.stop, WAIT_US), 0);
	CHECK(c.n > 100);
	CHECK_STR(echo(p.loop, p.remote, "after"), "after");
	pair_close(&p);
}

/* ---- links that end ------------------------------------------------------------------------- */

struct end {
	struct vat_link *expected;
	bool told, failed, frees;
	char text[128];
};

static void on_closed(void *user, struct vat_link *link, const struct vat_error *err)
{
	struct end *e = user;
	CHECK(!e->told && link == e->expected);
	e->told = true;
	e->failed = err;
	if (err)
		snprintf(e->text, sizeof(e->text), "%s", err->text);
	if (e->frees)
		vat_link_free(link); /* harmless: it is about to be freed */
}

static int open_half(struct vat_loop **ret, struct end *e)
{
	int sv[2];
	struct vat_link_config cfg = {
		.closed = on_closed, .user = e, .partial_timeout_us = 50 * 1000};
	CHECK_INT(vat_loop_new(ret), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	CHECK_INT(vat_loop_add(*ret, sv[0], &cfg, &e->expected), 0);
	return sv[1];
}

TEST(peer_that_closes_ends_the_link_cleanly)
{
	struct vat_loop *l;
	struct end e = {.frees = true};
	close(open_half(&l, &e));
	CHECK_INT(vat_loop_wait(l, &e.told, WAIT_US), 0);
	CHECK(!e.failed);
	CHECK_INT(vat_loop_run(l), -EDEADLK); /* it was the last */
	vat_loop_free(l);
}

TEST(half_a_message_times_out)
{
	struct vat_loop *l;
	struct end e = {0};
	int peer = open_half(&l, &e);
	CHECK_INT(write(peer, "\0\0\0\0", 4), 4);
	CHECK_INT(vat_loop_wait(l, &e.told, WAIT_US), 0);
	CHECK(e.failed && strstr(e.text, "timed out"));
	close(peer);
	vat_loop_free(l);
}

TEST(garbage_ends_the_link_and_is_answered)
{
	struct vat_loop *l;
	struct end e = {0};
	char junk[256], answer[256];
	int peer = open_half(&l, &e);
	memset(junk, 0xff, sizeof(junk));
	CHECK_INT(write(peer, junk, sizeof(junk)), sizeof(junk));
	CHECK_INT(vat_loop_wait(l, &e.told, WAIT_US), 0);
	CHECK(e.failed);
	CHECK(read(peer, answer, sizeof(answer)) > 16);
	close(peer);
	vat_loop_free(l);
}

TEST(freed_link_is_not_told)
{
	struct pair p;
	struct burst b;
	pair_open(&p);
	burst(&b, p.loop, p.remote, 1);
	vat_link_free(TAKE_PTR(p.client));
	CHECK_INT(vat_loop_wait(p.loop, &b.done, WAIT_US), 0);
	CHECK_INT(b.failed, 1);
	pair_close(&p);
	vat_link_free(NULL);
}
