/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: loop.h.  A binary heap of pointers; each timer knows its place.
 */
#include "io/loop.h"

static void put(struct timers *ts, uint32_t i, struct timer *t)
{
	ts->heap[i] = t;
	t->place = i + 1;
}

static void sift_up(struct timers *ts, uint32_t i)
{
	struct timer *t = ts->heap[i];
	while (i > 0 && ts->heap[(i - 1) / 2]->at > t->at) {
		put(ts, i, ts->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(ts, i, t);
}

static void sift_down(struct timers *ts, uint32_t i)
{
	struct timer *t = ts->heap[i];
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= ts->n)
			break;
		if (child + 1 < ts->n && ts->heap[child + 1]->at < ts->heap[child]->at)
			child++;
		if (ts->heap[child]->at >= t->at)
			break;
		put(ts, i, ts->heap[child]);
		i = child;
	}
	put(ts, i, t);
}

int timers_add(struct timers *ts, struct timer *t, void (*fn)(struct timer *t))
{
	if (ts->n_made == ts->room) {
		uint32_t room = ts->room ? 2 * ts->room : 16;
		struct timer **heap = realloc(ts->heap, room * sizeof(*ts->heap));
		if (!heap)
			return -ENOMEM;
		ts->heap = heap;
		ts->room = room;
	}
	ts->n_made++;
	*t = (struct timer){.fn = fn};
	return 0;
}

static void stop(struct timers *ts, struct timer *t)
{
	uint32_t i = t->place - 1;
	t->place = 0;
	struct timer *last = ts->heap[--ts->n];
	if (last == t)
		return;
	put(ts, i, last);
	sift_up(ts, i);
	sift_down(ts, last->place - 1);
}

void timers_remove(struct timers *ts, struct timer *t)
{
	if (t->place)
		stop(ts, t);
	ts->n_made--;
}

void timers_set(struct timers *ts, struct timer *t, uint64_t at)
{
	if (t->place)
		stop(ts, t);
	t->at = at;
	if (at == UINT64_MAX)
		return;
	assert(ts->n < ts->n_made);
	put(ts, ts->n++, t);
	sift_up(ts, ts->n - 1);
}

struct timer *timers_due(struct timers *ts, uint64_t now)
{
	if (!ts->n || ts->heap[0]->at > now)
		return NULL;
	struct timer *t = ts->heap[0];
	stop(ts, t);
	return t;
}
