/* SPDX-License-Identifier: MIT */
/*
 * Streaming calls at their object: one at a time.
 *
 * While a call of a method with VAT_METHOD_STREAM is being handled, every later call on the object
 * waits, in order, whatever its method.  That ends when its outcome is known, wherever that comes
 * from (the handler may have passed the call on).  If it fails, all that wait and all that come
 * later fail with the same error: who sends many calls without waiting for answers must be able to
 * rely on none being skipped.  (What the C++ implementation does.)
 *
 * What waits here was delivered: it is not removed when it is cancelled.  It is counted where it
 * came from, as a call in progress of its connection.
 */
#include "vat/cap/gate.h"

struct gate {
	struct vat *vat; /* the object's */
	struct vat_cap *obj; /* closed: referenced */
	struct consumer consumer; /* closed: of the streaming call being handled */
	struct list waiting; /* struct vat_ctx, by the link of its task */
	struct task task; /* lets the next in */
	struct failure *failure; /* a streaming call failed */
};

static struct vat_ctx *next(struct gate *g)
{
	struct list *l = list_pop(&g->waiting);
	return l ? list_entry(l, struct vat_ctx, task.link) : NULL;
}

static void fail_all(struct gate *g, struct failure *f)
{
	struct vat_ctx *ctx;
	while ((ctx = next(g)))
		ctx_fail(ctx, failure_ref(f));
}

static void run_next(struct task *t)
{
	struct gate *g = container_of(t, struct gate, task);
	if (g->vat->freed) {
		fail_all(g, failure_canceled());
		return;
	}
	struct vat_ctx *ctx = next(g);
	if (!ctx)
		return;
	struct vat_cap *obj = vat_cap_ref(ctx->target); /* keeps g */
	ctx_hand_over(ctx);
	if (!g->obj && !list_empty(&g->waiting))
		task_queue(g->vat, &g->task);
	vat_cap_unref(obj);
}

static void on_known(struct consumer *c, struct outcome *o)
{
	struct gate *g = container_of(c, struct gate, consumer);
	struct vat *v = g->vat;
	struct vat_cap *obj = TAKE_PTR(g->obj);
	vat_enter(v);
	if (o->state == OUTCOME_FAILED && !g->failure)
		g->failure = failure_ref(o->failure);
	if (g->failure || v->freed)
		fail_all(g, g->failure ? g->failure : failure_canceled());
	else if (!list_empty(&g->waiting))
		task_queue(v, &g->task);
	vat_cap_unref(obj);
	vat_leave(v);
}

bool gate_holds(struct vat_ctx *ctx)
{
	struct gate *g = ctx->target->local.gate;
	if (!g)
		return false;
	if (g->failure) {
		ctx_fail(ctx, failure_ref(g->failure));
		return true;
	}
	if (!g->obj && list_empty(&g->waiting))
		return false;
	list_append(&g->waiting, &ctx->task.link);
	return true;
}

int gate_close(struct vat_ctx *ctx)
{
	struct vat_cap *obj = ctx->target;
	struct gate *g = obj->local.gate;
	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return -ENOMEM;
		g->vat = obj->vat;
		list_init(&g->waiting);
		task_init(&g->task, run_next);
		obj->local.gate = g;
	}
	assert(!g->obj);
	g->obj = vat_cap_ref(obj);
	outcome_consume(ctx->outcome, &g->consumer, on_known);
	return 0;
}

void gate_free(struct gate *g)
{
	if (!g)
		return;
	assert(!g->obj && list_empty(&g->waiting));
	task_cancel(&g->task);
	failure_unref(g->failure);
	free(g);
}
