/* SPDX-License-Identifier: MIT */
#include "loop/link.h"
#include "base/test.h"

#include <signal.h>

static void nothing(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	++*(unsigned *)self;
	vat_ctx_return(ctx);
}

static void on_done(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	*(bool *)user = true;
}

static struct vat_call *call(struct loop *l, struct vat_cap *cap, bool *done)
{
	struct vat_call *c = vat_call_new(l->vat, cap, 1, 0, 0);
	CHECK(c);
	vat_call_send(c, on_done, done);
	return c;
}

TEST(a_call_made_outside_the_loop_is_done_in_it)
{
	struct loop l;
	unsigned n = 0;
	bool done = false;
	CHECK_INT(loop_init(&l), 0);
	struct vat_cap *cap = vat_serve_any(l.vat, nothing, &n, NULL);
	struct vat_call *c = call(&l, cap, &done);
	CHECK_INT(n, 0); /* never inside the caller */
	CHECK_INT(loop_wait(&l, &done, 5000000), 0);
	CHECK_INT(n, 1);
	vat_call_free(c);
	vat_cap_unref(cap);
	loop_done(&l);
}

TEST(waiting_ends_at_the_deadline)
{
	struct loop l;
	bool never = false;
	CHECK_INT(loop_init(&l), 0);
	CHECK_INT(loop_wait(&l, &never, 1000), -ETIMEDOUT);
	CHECK_INT(loop_wait(&l, &never, 1000), -ETIMEDOUT); /* and can be done again */
	loop_done(&l);
}

TEST(what_is_done_already_is_not_waited_for)
{
	struct loop l;
	bool done = true;
	CHECK_INT(loop_init(&l), 0);
	CHECK_INT(loop_wait(&l, &done, 0), 0);
	loop_done(&l);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	return sd_event_exit(user, 3);
}

TEST(waiting_ends_with_the_loop)
{
	struct loop l;
	bool never = false;
	CHECK_INT(loop_init(&l), 0);
	CHECK(sd_event_add_time_relative(
		      l.event, NULL, CLOCK_MONOTONIC, 1000, 0, on_timer, l.event) >= 0);
	CHECK_INT(loop_wait(&l, &never, 0), -ECANCELED);
	loop_done(&l);
}

struct chain {
	struct loop *loop;
	struct vat_cap *cap;
	struct vat_call *call;
	unsigned n;
	bool stop;
};

static void again(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct chain *k = user;
	vat_call_free(k->call);
	k->call = NULL;
	if (k->stop)
		return;
	k->call = vat_call_new(k->loop->vat, k->cap, 1, 0, 0);
	vat_call_send(k->call, again, k);
}

TEST(a_vat_that_is_always_busy_lets_timers_pass)
{
	struct loop l;
	bool never = false;
	CHECK_INT(loop_init(&l), 0);
	struct chain k = {.loop = &l};
	k.cap = vat_serve_any(l.vat, nothing, &k.n, NULL);
	again(&k, NULL, (struct vat_ptr_r){});
	CHECK_INT(loop_wait(&l, &never, 20000), -ETIMEDOUT);
	CHECK(k.n > 10);
	k.stop = true;
	vat_call_free(k.call);
	vat_cap_unref(k.cap);
	loop_done(&l);
}

TEST(sigpipe_does_not_end_the_process)
{
	struct loop l;
	int p[2];
	CHECK_INT(loop_init(&l), 0);
	CHECK(!pipe(p));
	close(p[0]);
	CHECK(write(p[1], "x", 1) < 0 && errno == EPIPE);
	close(p[1]);
	loop_done(&l);
}
