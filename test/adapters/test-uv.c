/* SPDX-License-Identifier: MIT */
/* A vat loop inside a libuv loop. */
#include <vat/uv.h>
/* libuv drags in <sys/param.h>. */
#undef MIN
#undef MAX

#include "adapters/adapter.h"

static unsigned closed;

static void on_closed(struct vat_uv *a)
{
	closed++;
}

static void run_until(uv_loop_t *uv, const bool *done)
{
	while (!*done)
		CHECK(uv_run(uv, UV_RUN_ONCE) != 0);
}

static void close_all(struct vat_uv *a, uv_loop_t *uv, struct pair *p)
{
	vat_uv_detach(a, on_closed);
	pair_close(p);
	CHECK_INT(uv_run(uv, UV_RUN_DEFAULT), 0);
	CHECK_INT(closed, 1);
	CHECK_INT(uv_loop_close(uv), 0);
	uv_library_shutdown(); /* descriptors of its own */
}

TEST(calls_cross_under_libuv)
{
	struct pair p;
	struct burst b;
	struct vat_uv a;
	uv_loop_t uv;
	CHECK_INT(uv_loop_init(&uv), 0);
	pair_open(&p);
	CHECK_INT(vat_uv_attach(&a, p.loop, &uv), 0);
	burst(&b, p.loop, p.remote, 300);
	run_until(&uv, &b.done);
	CHECK_INT(b.failed, 0);
	close_all(&a, &uv, &p);
}

static void on_tick(void *user)
{
	*(bool *)user = true;
}

TEST(vat_timers_run_under_libuv)
{
	struct pair p;
	struct vat_uv a;
	struct vat_timer *t;
	bool done = false;
	uv_loop_t uv;
	CHECK_INT(uv_loop_init(&uv), 0);
	pair_open(&p);
	CHECK_INT(vat_uv_attach(&a, p.loop, &uv), 0);
	CHECK_INT(vat_loop_add_timer(p.loop, on_tick, &done, &t), 0);
	vat_timer_set(t, 20000);
	run_until(&uv, &done);
	close_all(&a, &uv, &p);
}
