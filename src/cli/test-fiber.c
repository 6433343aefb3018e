/* SPDX-License-Identifier: MIT */
#include "cli/fiber.h"
#include "base/test.h"

struct world {
	struct fibers *s;
	struct fiber_gate gate;
	struct fiber *last;
	int n, order[16];
};

static void step(void *arg)
{
	struct world *w = arg;
	w->order[w->n++] = 1;
	w->last = fiber_self(w->s);
	fiber_park(w->s);
	w->order[w->n++] = 2;
}

TEST(a_parked_fiber_goes_on_when_woken)
{
	AUTO(fibers_free) struct fibers *s = fibers_new();
	struct world w = {.s = s};
	CHECK_INT(fiber_spawn(s, step, &w), 0);
	CHECK_INT(w.n, 0);
	CHECK_INT(fibers_run(s), 1);
	CHECK_INT(w.n, 1);
	CHECK_INT(fibers_run(s), 1);
	CHECK_INT(w.n, 1);
	fiber_wake(w.last);
	CHECK_INT(fibers_run(s), 0);
	CHECK_INT(w.n, 2);
}

static void wait_at_gate(void *arg)
{
	struct world *w = arg;
	volatile char deep[100000];
	memset((char *)deep, 7, sizeof(deep));
	fiber_gate_wait(w->s, &w->gate);
	assert(deep[99999] == 7);
	w->n++;
}

TEST(a_gate_lets_one_through_or_all)
{
	AUTO(fibers_free) struct fibers *s = fibers_new();
	struct world w = {.s = s};
	fiber_gate_init(&w.gate);
	for (int i = 0; i < 50; i++)
		CHECK_INT(fiber_spawn(s, wait_at_gate, &w), 0);
	CHECK_INT(fibers_run(s), 50);
	fiber_gate_open_one(&w.gate);
	CHECK_INT(fibers_run(s), 49);
	CHECK_INT(w.n, 1);
	fiber_gate_open(&w.gate);
	CHECK_INT(fibers_run(s), 0);
	CHECK_INT(w.n, 50);
}

static void wake_self(void *arg)
{
	struct world *w = arg;
	fiber_wake(fiber_self(w->s));
	fiber_park(w->s); /* does not wait */
	w->n++;
}

TEST(a_wake_before_the_park_counts)
{
	AUTO(fibers_free) struct fibers *s = fibers_new();
	struct world w = {.s = s};
	for (int i = 0; i < 10; i++) {
		CHECK_INT(fiber_spawn(s, wake_self, &w), 0);
		CHECK_INT(fibers_run(s), 0);
	}
	CHECK_INT(w.n, 10);
}

TEST(there_is_a_limit)
{
	AUTO(fibers_free) struct fibers *s = fibers_new();
	struct world w = {.s = s};
	fiber_gate_init(&w.gate);
	for (int i = 0; i < FIBERS_MAX; i++)
		CHECK_INT(fiber_spawn(s, wait_at_gate, &w), 0);
	CHECK_INT(fiber_spawn(s, wait_at_gate, &w), -EAGAIN);
	(void)fibers_run(s);
	fiber_gate_open(&w.gate);
	CHECK_INT(fibers_run(s), 0);
}
