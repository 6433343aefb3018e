/* SPDX-License-Identifier: MIT */
/* Streaming calls at their object: one at a time, and none after one that failed. */
#include "vat/conn/test-raw.h"

enum { WRITE, DONE };

struct file {
	struct vat_ctx *kept[32];
	unsigned n, canceled;
	uint64_t log[32];
	struct vat_cap *pass_to; /* instead of keeping */
	bool destroyed;
};

static bool file_dispatch(const void *impl, void *self, uint16_t method, struct vat_ctx *ctx)
{
	struct file *f = self;
	CHECK(f->n < ARRAY_SIZE(f->kept));
	f->log[f->n] = vat_r_u64(vat_ptr_struct(vat_ctx_params(ctx), NULL), 0, 0);
	f->kept[f->n++] = ctx;
	f->canceled += vat_ctx_canceled(ctx);
	if (f->pass_to)
		vat_ctx_forward(ctx, f->pass_to);
	return true;
}

static const struct vat_method file_methods[] = {
	[WRITE] = {.name = "write", .flags = VAT_METHOD_STREAM},
	[DONE] = {.name = "done"},
};
static const struct vat_interface file_interface = {.id = UINT64_C(0xdeadbeefcafe0001),
	.name = "test:File",
	.methods = file_methods,
	.n_methods = 2,
	.dispatch = file_dispatch};
static const int file_impl;

static void file_destroy(void *self)
{
	((struct file *)self)->destroyed = true;
}

static struct vat_cap *serve(struct vat *v, struct file *f)
{
	struct vat_cap *c = vat_serve(v, &file_interface, &file_impl, f, file_destroy);
	CHECK(c);
	return c;
}

struct world {
	struct vat *v;
	struct file f;
	struct vat_cap *c;
	struct reply r[8];
};

static void run(struct world *w)
{
	while (vat_run(w->v, 0))
		;
}

static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->v = vat_new(NULL);
	w->c = serve(w->v, &w->f);
}

static void world_done(struct world *w)
{
	vat_cap_unref(w->c);
	run(w);
	CHECK(w->f.destroyed);
	vat_free(w->v);
}

static void call(struct world *w, unsigned i, uint16_t method)
{
	thing_call(w->v, w->c, method, i, NULL, &w->r[i]);
}

TEST(streaming_calls_block_later_calls)
{
	struct world w;
	world_init(&w);
	call(&w, 0, WRITE);
	call(&w, 1, WRITE);
	call(&w, 2, DONE);
	call(&w, 3, DONE);
	call(&w, 4, WRITE);
	run(&w);
	CHECK_INT(w.f.n, 1);
	vat_ctx_return(w.f.kept[0]);
	run(&w);
	CHECK_INT(w.f.n, 2);
	/* One that arrives now comes after those that wait. */
	call(&w, 5, DONE);
	vat_ctx_return(w.f.kept[1]);
	run(&w);
	/* What does not stream blocks nothing. */
	CHECK_INT(w.f.n, 5);
	vat_ctx_return(w.f.kept[4]);
	run(&w);
	CHECK_INT(w.f.n, 6);
	for (unsigned i = 0; i < 6; i++)
		CHECK_INT(w.f.log[i], i);
	vat_ctx_return(w.f.kept[2]);
	vat_ctx_return(w.f.kept[3]);
	vat_ctx_return(w.f.kept[5]);
	run(&w);
	for (unsigned i = 0; i < 6; i++)
		CHECK_REPLY(w.r[i], 0);
	world_done(&w);
}

TEST(streaming_call_that_fails_cascades)
{
	struct world w;
	world_init(&w);
	for (unsigned i = 0; i < 4; i++)
		call(&w, i, i == 3 ? DONE : WRITE);
	run(&w);
	vat_ctx_return(w.f.kept[0]);
	run(&w);
	vat_ctx_fail(w.f.kept[1], VAT_OVERLOADED, "no room");
	run(&w);
	call(&w, 4, WRITE);
	call(&w, 5, DONE);
	run(&w);
	CHECK_INT(w.f.n, 2);
	CHECK_REPLY(w.r[0], 0);
	for (unsigned i = 1; i < 6; i++)
		CHECK_FAILED(w.r[i], VAT_OVERLOADED, "no room");
	world_done(&w);
}

TEST(call_that_does_not_stream_fails_alone)
{
	struct world w;
	world_init(&w);
	call(&w, 0, DONE);
	call(&w, 1, WRITE);
	run(&w);
	vat_ctx_fail(w.f.kept[0], VAT_FAILED, "no");
	vat_ctx_return(w.f.kept[1]);
	run(&w);
	CHECK_FAILED(w.r[0], VAT_FAILED, "no");
	CHECK_REPLY(w.r[1], 0);
	world_done(&w);
}

/* Cancelling is not stopping: what was sent is delivered. */
TEST(streaming_calls_canceled_are_delivered)
{
	struct world w;
	world_init(&w);
	for (unsigned i = 0; i < 3; i++)
		call(&w, i, WRITE);
	run(&w);
	for (unsigned i = 0; i < 3; i++)
		reply_free(&w.r[i]);
	for (unsigned i = 0; i < 3; i++) {
		run(&w);
		CHECK_INT(w.f.n, i + 1);
		vat_ctx_return(w.f.kept[i]);
	}
	CHECK_INT(w.f.canceled, 2);
	world_done(&w);
}

/* Dropping the capability with calls waiting destroys nothing. */
TEST(streaming_object_lives_until_its_calls_are_answered)
{
	struct world w;
	world_init(&w);
	call(&w, 0, WRITE);
	call(&w, 1, WRITE);
	w.c = vat_cap_unref(w.c);
	run(&w);
	vat_ctx_return(w.f.kept[0]);
	run(&w);
	CHECK(!w.f.destroyed);
	CHECK_INT(w.f.n, 2);
	vat_ctx_return(w.f.kept[1]);
	run(&w);
	CHECK_REPLY(w.r[0], 0);
	CHECK_REPLY(w.r[1], 0);
	world_done(&w);
}

TEST(streaming_call_passed_on_blocks_until_it_is_answered_there)
{
	struct world w;
	struct file end = {0};
	world_init(&w);
	w.f.pass_to = serve(w.v, &end);
	call(&w, 0, WRITE);
	call(&w, 1, WRITE);
	call(&w, 2, WRITE);
	run(&w);
	CHECK_INT(w.f.n, 1);
	CHECK_INT(end.n, 1);
	vat_ctx_return(end.kept[0]);
	run(&w);
	CHECK_INT(end.n, 2);
	vat_ctx_fail(end.kept[1], VAT_FAILED, "far away");
	run(&w);
	CHECK_INT(w.f.n, 2);
	CHECK_REPLY(w.r[0], 0);
	CHECK_FAILED(w.r[1], VAT_FAILED, "far away");
	CHECK_FAILED(w.r[2], VAT_FAILED, "far away");
	vat_cap_unref(w.f.pass_to);
	world_done(&w);
	CHECK(end.destroyed);
}

TEST(streaming_calls_of_a_freed_vat)
{
	struct world w;
	world_init(&w);
	for (unsigned i = 0; i < 4; i++)
		call(&w, i, WRITE);
	/* One is handled, one waits, two are not delivered yet. */
	vat_run(w.v, 2);
	CHECK_INT(w.f.n, 1);
	vat_free(w.v);
	vat_ctx_return(w.f.kept[0]);
	for (unsigned i = 0; i < 4; i++)
		reply_free(&w.r[i]);
	vat_cap_unref(w.c);
	CHECK(w.f.destroyed);
}

TEST(streaming_call_of_a_lost_connection)
{
	struct raw w;
	struct file f = {0};
	raw_init(&w, NULL);
	vat_cap_unref(w.c->bootstrap);
	w.c->bootstrap = serve(w.vat, &f);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	for (uint32_t id = 1; id < 4; id++) {
		struct raw_call c = {.id = id, .target = boot, .method = WRITE};
		CHECK_INT(raw_call(&w, &c), 0);
	}
	vat_conn_eof(w.c, 0);
	/* They were sent, so they are delivered. */
	for (unsigned i = 0; i < 3; i++) {
		while (vat_run(w.vat, 0))
			;
		CHECK_INT(f.n, i + 1);
		vat_ctx_return(f.kept[i]);
	}
	while (vat_run(w.vat, 0))
		;
	CHECK(f.destroyed);
	raw_done(&w);
}

TEST(streaming_calls_that_wait_are_limited)
{
	struct raw w;
	struct file f = {0};
	const struct vat_limits limits = {.answers = 4};
	raw_init(&w, &limits);
	vat_cap_unref(w.c->bootstrap);
	w.c->bootstrap = serve(w.vat, &f);
	CHECK_INT(raw_bootstrap(&w, 0), 0);
	CHECK_RETURN(&w, 0, RETURN_RESULTS);
	for (uint32_t id = 1; id < 6; id++) {
		struct raw_call c = {.id = id, .target = boot, .method = WRITE};
		CHECK_INT(raw_call(&w, &c), 0);
	}
	CHECK_RETURN(&w, 4, RETURN_EXCEPTION);
	CHECK_RETURN(&w, 5, RETURN_EXCEPTION);
	for (unsigned i = 0; i < 3; i++) {
		vat_ctx_return(f.kept[i]);
		while (vat_run(w.vat, 0))
			;
		CHECK_RETURN(&w, i + 1, RETURN_RESULTS);
	}
	raw_done(&w);
	CHECK(f.destroyed);
}
