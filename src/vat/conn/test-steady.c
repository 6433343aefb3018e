/* SPDX-License-Identifier: MIT */
/*
 * Calls in steady state allocate nothing, at the caller and at the callee, one after another and
 * many at a time; and what a burst took goes back.
 */
#include "base/test.h"
#include "vat/conn/conn.h"
#include "vat/cap/test-alloc.h"

#include <limits.h>

enum { PING, ADD, BLOB, MAKE };
enum { BLOB_BYTES = 4096, KEEP = 64 * 1024 };

struct world {
	struct vat *vat[2]; /* 0 calls */
	struct vat_conn *conn[2];
	struct vat_cap *there;
	unsigned method;
	unsigned long sent, done, n;
	unsigned failed;
};

static void handle(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	struct vat_struct_r p = vat_ptr_struct(vat_ctx_params(ctx), NULL);
	struct vat_cap *c;
	switch (method) {
	case ADD:
		vat_w_u64(vat_init_struct(vat_ctx_results(ctx), 1, 0), 0,
			vat_r_u64(p, 0, 0) + vat_r_u64(p, 1, 0), 0);
		break;
	case BLOB:
		vat_set_data(vat_ptr_at_b(vat_init_struct(vat_ctx_results(ctx), 0, 1), 0),
			vat_ptr_data(vat_ptr_at(p, 0), NULL));
		break;
	case MAKE:
		c = vat_serve_any(vat_ctx_vat(ctx), handle, NULL, NULL);
		vat_set_cap(vat_ptr_at_b(vat_init_struct(vat_ctx_results(ctx), 0, 1), 0), c);
		vat_cap_unref(c);
		break;
	default:
		break;
	}
	vat_ctx_return(ctx);
}

static void keep_as_without_sanitizer(struct vat *v)
{
	v->pool.keep = KEEP;
	v->arenas.max_bytes = ARENA_BYTES;
}

static void world_init(struct world *w)
{
	*w = (struct world){0};
	for (int i = 0; i < 2; i++) {
		w->vat[i] = vat_new(NULL);
		CHECK(w->vat[i]);
		keep_as_without_sanitizer(w->vat[i]);
		struct vat_conn_config cfg = {.fds = true};
		if (i)
			cfg.bootstrap = vat_serve_any(w->vat[i], handle, NULL, NULL);
		CHECK_INT(vat_conn_new(w->vat[i], &cfg, &w->conn[i]), 0);
		vat_cap_unref(cfg.bootstrap);
	}
	w->there = vat_conn_bootstrap(w->conn[0]);
}

static void world_done(struct world *w)
{
	vat_cap_unref(w->there);
	for (int i = 0; i < 2; i++)
		vat_conn_free(w->conn[i]);
	for (int i = 0; i < 2; i++)
		vat_free(w->vat[i]);
}

/* Moves one batch from one side to the other. */
static bool move(struct world *w, int from)
{
	struct iovec iov[16];
	int fds[253];
	size_t n_fds, n = vat_conn_output(w->conn[from], iov, ARRAY_SIZE(iov), fds, 253, &n_fds);
	CHECK_INT(n_fds, 0);
	for (size_t i = 0; i < n; i++) {
		size_t room, k;
		for (size_t at = 0; at < iov[i].iov_len; at += k) {
			void *to;
			CHECK_INT(vat_conn_input(w->conn[!from], &to, &room), 0);
			k = MIN(room, iov[i].iov_len - at);
			memcpy(to, (uint8_t *)iov[i].iov_base + at, k);
			CHECK_INT(vat_conn_received(w->conn[!from], k, NULL, 0), 0);
		}
		vat_conn_sent(w->conn[from], iov[i].iov_len);
		vat_run(w->vat[!from], 0);
	}
	return n;
}

static void call_next(struct world *w);

static void on_done(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct world *w = user;
	struct vat_struct_r r = vat_ptr_struct(results, NULL);
	w->done++;
	w->failed += e != NULL;
	if (w->method == ADD)
		w->failed += vat_r_u64(r, 0, 0) != 42;
	else if (w->method == BLOB)
		w->failed += vat_ptr_data(vat_ptr_at(r, 0), NULL).len != BLOB_BYTES;
	else if (w->method == MAKE)
		w->failed += !vat_ptr_cap(vat_ptr_at(r, 0));
	if (w->sent < w->n)
		call_next(w);
}

static void call_next(struct world *w)
{
	static const uint8_t blob[BLOB_BYTES];
	struct vat_call *c = vat_call_new(w->vat[0], w->there, 0x1234, (uint16_t)w->method, 0);
	CHECK(c);
	if (w->method == ADD) {
		struct vat_struct_b p = vat_init_struct(vat_call_params(c), 2, 0);
		vat_w_u64(p, 0, 2, 0);
		vat_w_u64(p, 1, 40, 0);
	} else if (w->method == BLOB) {
		vat_set_data(vat_ptr_at_b(vat_init_struct(vat_call_params(c), 0, 1), 0),
			(struct vat_data){blob, sizeof(blob)});
	}
	vat_call_send(c, on_done, w);
	vat_call_detach(c);
	w->sent++;
}

static void calls(struct world *w, unsigned long n, unsigned long at_a_time)
{
	w->sent = w->done = 0;
	w->n = n;
	while (w->sent < at_a_time)
		call_next(w);
	bool more = true;
	while (more) {
		more = move(w, 0);
		more |= move(w, 1);
	}
	CHECK_INT(w->done, n);
	CHECK_INT(w->failed, 0);
}

static void no_allocations(unsigned method, unsigned long at_a_time)
{
	struct world w;
	world_init(&w);
	w.method = method;
	/* The lists grow to the most that were ever in use at a time. */
	for (unsigned i = 0; i < 4; i++)
		calls(&w, 2000, at_a_time);
	alloc_fail_from(LONG_MAX);
	calls(&w, 10000, at_a_time);
	alloc_fail_at = 0;
	CHECK_INT(alloc_count, 0);
	world_done(&w);
}

TEST(pings_in_steady_state_allocate_nothing)
{
	no_allocations(PING, 1);
	no_allocations(PING, 64);
}

TEST(small_calls_in_steady_state_allocate_nothing)
{
	no_allocations(ADD, 1);
	no_allocations(ADD, 64);
}

TEST(blobs_in_steady_state_allocate_nothing)
{
	no_allocations(BLOB, 1);
	no_allocations(BLOB, 64);
}

TEST(returning_capabilities_in_steady_state_allocates_nothing)
{
	no_allocations(MAKE, 1);
	no_allocations(MAKE, 64);
}

TEST(what_a_burst_took_goes_back)
{
	struct world w;
	world_init(&w);
	w.method = ADD;
	calls(&w, 5000, 5000);
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < POOL_CLASSES; k++)
			CHECK(w.vat[i]->pool.n[k] * k * POOL_STEP <= KEEP);
		CHECK(w.vat[i]->arenas.bytes <= ARENA_BYTES);
		CHECK(w.vat[i]->n_blocks <= 16);
	}
	world_done(&w);
}
