/* SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "base/test.h"

enum { N = 200 };

static void never(struct timer *t)
{
	CHECK(false);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Sets, stops and takes out at random; what comes out is compared with a plain search. */
TEST(timers_come_out_in_order_whatever_is_done_to_them)
{
	struct timers ts = {0};
	struct timer t[N];
	uint32_t seed = 7;
	for (int i = 0; i < N; i++)
		CHECK_INT(timers_add(&ts, &t[i], never), 0);
	for (int round = 0; round < 20000; round++) {
		struct timer *one = &t[next_random(&seed) % N];
		switch (next_random(&seed) % 4) {
		case 0:
			timers_set(&ts, one, UINT64_MAX);
			CHECK_INT(one->place, 0);
			break;
		case 1: {
			uint64_t least = UINT64_MAX, now = next_random(&seed) % 1000;
			for (int i = 0; i < N; i++)
				if (t[i].place && t[i].at < least)
					least = t[i].at;
			CHECK_INT(timers_next(&ts), least);
			struct timer *due = timers_due(&ts, now);
			CHECK(least <= now ? due && due->at == least && !due->place : !due);
			break;
		}
		default:
			timers_set(&ts, one, next_random(&seed) % 1000);
		}
	}
	for (int i = 0; i < N; i++)
		timers_remove(&ts, &t[i]);
	CHECK_INT(ts.n, 0);
	CHECK_INT(ts.n_made, 0);
	CHECK_INT(timers_next(&ts), UINT64_MAX);
	free(ts.heap);
}
