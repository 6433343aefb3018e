/* SPDX-License-Identifier: MIT */
/* A vat loop inside an sd-event loop. */
#include <vat/sd-event.h>

#include "adapters/adapter.h"

static int stop_event(sd_event_source *source, uint64_t usec, void *user)
{
	return sd_event_exit(user, -ETIMEDOUT);
}

static void run_until(sd_event *e, const bool *done)
{
	CHECK(sd_event_add_time_relative(e, NULL, CLOCK_MONOTONIC, WAIT_US, 1, stop_event, e) >= 0);
	while (!*done)
		CHECK(sd_event_run(e, UINT64_MAX) >= 0);
}

TEST(calls_cross_under_sd_event)
{
	struct pair p;
	struct burst b;
	struct vat_sd_event a;
	sd_event *e;
	CHECK(sd_event_new(&e) >= 0);
	pair_open(&p);
	CHECK_INT(vat_sd_event_attach(&a, p.loop, e), 0);
	burst(&b, p.loop, p.remote, 300);
	run_until(e, &b.done);
	CHECK_INT(b.failed, 0);
	vat_sd_event_detach(&a);
	pair_close(&p);
	sd_event_unref(e);
}

static void on_tick(void *user)
{
	*(bool *)user = true;
}

TEST(vat_timers_run_under_sd_event)
{
	struct pair p;
	struct vat_sd_event a;
	struct vat_timer *t;
	bool done = false;
	sd_event *e;
	CHECK(sd_event_new(&e) >= 0);
	pair_open(&p);
	CHECK_INT(vat_sd_event_attach(&a, p.loop, e), 0);
	CHECK_INT(vat_loop_add_timer(p.loop, on_tick, &done, &t), 0);
	vat_timer_set(t, 20000);
	run_until(e, &done);
	vat_sd_event_detach(&a);
	vat_sd_event_detach(&a); /* harmless */
	pair_close(&p);
	sd_event_unref(e);
}
