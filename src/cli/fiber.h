/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Functions that wait for one another without threads: each has a stack of its own, runs until it
 * parks, and goes on when somebody wakes it.  What copies many files at once is so written as if
 * every request blocked, while one poll loop moves the bytes of all of them.
 *
 *	fibers_run() --> fiber --fiber_park()--> fibers_run() returns --> poll --> fiber_wake() ...
 *
 * One thread; nothing runs at the same time as anything else, and a fiber is interrupted only where
 * it parks.
 */
#include "base/list.h"

enum { FIBERS_MAX = 256, FIBER_STACK = 256 * 1024 };

struct fibers;
struct fiber;

/* NULL: no memory. */
struct fibers *fibers_new(void);
/* All fibers must have ended. NULL is accepted. */
void fibers_free(struct fibers *s);
DEFINE_AUTO(struct fibers *, fibers_free);

/* fn(arg) begins when fibers_run() is called next. -EAGAIN: FIBERS_MAX live already; -ENOMEM. */
int fiber_spawn(struct fibers *s, void (*fn)(void *arg), void *arg);

/* Runs whatever can run. Returns the number of fibers that live: they all wait for something. */
size_t fibers_run(struct fibers *s);

/* The rest is for fibers (fiber_wake for everybody). */

/* The one that runs now. */
struct fiber *fiber_self(struct fibers *s);
/* Waits for fiber_wake(); one that came since the last park counts. */
void fiber_park(struct fibers *s);
void fiber_wake(struct fiber *f);

/* A place to wait at, with others. */
struct fiber_gate {
	struct list waiting;
};
void fiber_gate_init(struct fiber_gate *g);
void fiber_gate_wait(struct fibers *s, struct fiber_gate *g);
void fiber_gate_open(struct fiber_gate *g); /* for all who wait now */
void fiber_gate_open_one(struct fiber_gate *g); /* for who has waited longest */
