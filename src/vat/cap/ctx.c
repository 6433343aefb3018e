/* SPDX-License-Identifier: MIT */
/*
 * A call on its way to an object, and then in the hands of its handler.
 *
 * While it waits in a promise's queue, cancelling it removes it.  Once it is scheduled for delivery
 * it is delivered, cancelled or not: a call that was sent happens.  For peers that ask for it
 * (Finish.requireEarlyCancellationWorkaround: those of Cap'n Proto 0.10 and before) even one that
 * waits is delivered some day; its handler then finds it canceled.
 */
#include "vat/conn/conn.h"
#include "vat/cap/gate.h"

#include <stdarg.h>
#include <stdio.h>

static void run_on_cancel(struct task *t)
{
	struct vat_ctx *ctx = container_of(t, struct vat_ctx, cancel_task);
	void (*fn)(void *) = TAKE_PTR(ctx->on_cancel);
	if (fn && !ctx->vat->freed)
		fn(ctx->cancel_user);
}

static void deliver(struct task *t);

struct vat_ctx *ctx_new(struct vat *v, uint64_t interface_id, uint16_t method,
	struct parcel *params, struct outcome *outcome)
{
	struct vat_ctx *ctx = pool_get(&v->pool, sizeof(*ctx));
	if (!ctx)
		return NULL;
	ctx->vat = vat_ref(v);
	ctx->interface_id = interface_id;
	ctx->method = method;
	ctx->params = params;
	ctx->outcome = outcome_ref(outcome);
	task_init(&ctx->task, deliver);
	task_init(&ctx->cancel_task, run_on_cancel);
	return ctx;
}

void ctx_free(struct vat_ctx *ctx)
{
	struct vat *v = ctx->vat;
	vat_enter(v);
	task_cancel(&ctx->task);
	task_cancel(&ctx->cancel_task);
	parcel_unref(ctx->params);
	parcel_unref(ctx->results);
	vat_cap_unref(ctx->target);
	outcome_unref(ctx->outcome);
	pool_put(&v->pool, ctx, sizeof(*ctx));
	vat_leave(v);
	vat_unref(v);
}

void ctx_fail(struct vat_ctx *ctx, struct failure *takes)
{
	struct vat *v = vat_ref(ctx->vat);
	vat_enter(v);
	struct outcome *o = outcome_ref(ctx->outcome);
	outcome_clear_producer(o);
	ctx_free(ctx);
	outcome_fail(o, takes);
	outcome_unref(o);
	vat_leave(v);
	vat_unref(v);
}

static void cancel(struct outcome *o, void *data)
{
	struct vat_ctx *ctx = data;
	if (ctx->state == CTX_WAITING && !o->run_on) {
		ctx_fail(ctx, failure_canceled());
		return;
	}
	ctx->canceled = true;
	if (ctx->on_cancel)
		task_queue(ctx->vat, &ctx->cancel_task);
}

static const struct producer ctx_producer = {.cancel = cancel};

void ctx_attach(struct vat_ctx *ctx)
{
	outcome_set_producer(ctx->outcome, &ctx_producer, ctx);
}

struct vat_cap *ctx_waits_at(const struct outcome *o)
{
	if (o->producer != &ctx_producer)
		return NULL;
	const struct vat_ctx *ctx = o->producer_data;
	return ctx->state == CTX_WAITING ? ctx->target : NULL;
}

void ctx_let_go(struct vat_ctx *ctx)
{
	outcome_clear_producer(ctx->outcome);
	task_cancel(&ctx->task);
	task_cancel(&ctx->cancel_task);
	ctx->on_cancel = NULL;
	ctx->state = CTX_IDLE;
}

void ctx_schedule(struct vat_ctx *ctx)
{
	ctx->state = CTX_SCHEDULED;
	ctx->task.run = deliver;
	task_queue(ctx->vat, &ctx->task);
	ctx_attach(ctx);
}

/* ---- delivery ------------------------------------------------------------------------------- */

enum { SUPERS_DEPTH_MAX = 32 };

/* Finds the interface among iface and what it extends; moves *impl to its part of the table. */
static const struct vat_interface *find_interface(
	const struct vat_interface *iface, uint64_t id, const char **impl, unsigned depth)
{
	if (iface->id == id)
		return iface;
	for (uint16_t i = 0; i < iface->n_supers && depth < SUPERS_DEPTH_MAX; i++) {
		const char *part = *impl + iface->supers[i].offset;
		const struct vat_interface *found =
			find_interface(iface->supers[i].interface, id, &part, depth + 1);
		if (found) {
			*impl = part;
			return found;
		}
	}
	return NULL;
}

/* A call of an interface that the object was not made with. */
static void dispatch_unknown(struct vat_ctx *ctx)
{
	struct vat *v = ctx->vat;
	struct vat_cap *obj = ctx->target;
	if (v->unknown && v->unknown(v->unknown_user, obj, ctx->interface_id, ctx->method, ctx))
		return;
	vat_ctx_fail(ctx, VAT_UNIMPLEMENTED, "%s does not implement interface 0x%llx",
		obj->local.iface->name, (unsigned long long)ctx->interface_id);
}

static void dispatch(struct vat_ctx *ctx)
{
	struct vat_cap *obj = ctx->target;
	const char *impl = obj->local.impl;
	const struct vat_interface *iface =
		find_interface(obj->local.iface, ctx->interface_id, &impl, 0);
	if (!iface) {
		dispatch_unknown(ctx);
		return;
	}
	uint16_t m = ctx->method;
	if (m < iface->n_methods && (iface->methods[m].flags & VAT_METHOD_STREAM) &&
		gate_close(ctx) < 0) {
		ctx_fail(ctx, failure_oom());
		return;
	}
	if (m < iface->n_methods && iface->dispatch(impl, obj->local.self, m, ctx))
		return;
	vat_ctx_fail(ctx, VAT_UNIMPLEMENTED, "%s: method %u (%s) is not implemented", iface->name,
		m, m < iface->n_methods ? iface->methods[m].name : "unknown");
}

static void deliver(struct task *t)
{
	struct vat_ctx *ctx = container_of(t, struct vat_ctx, task);
	if (ctx->vat->freed) {
		ctx_fail(ctx, failure_canceled());
		return;
	}
	if (!gate_holds(ctx))
		ctx_hand_over(ctx);
}

void ctx_hand_over(struct vat_ctx *ctx)
{
	struct vat_cap *obj = ctx->target;
	ctx->state = CTX_RUNNING;
	if (obj->local.iface)
		dispatch(ctx);
	else
		obj->local.any(obj->local.self, ctx->interface_id, ctx->method, ctx);
}

/* ---- for handlers --------------------------------------------------------------------------- */

struct vat_ptr_r vat_ctx_params(struct vat_ctx *ctx)
{
	return parcel_content(ctx->params);
}

struct vat_ptr_b vat_ctx_results(struct vat_ctx *ctx)
{
	if (!ctx->results)
		ctx->results = parcel_new(ctx->vat, PARCEL_RETURN, 0, 0);
	if (!ctx->results) {
		ctx->starved = true;
		return (struct vat_ptr_b){0};
	}
	return parcel_content_b(ctx->results);
}

/* What is wrong with the messages that the handler read and built; NULL if nothing. */
static struct failure *message_failure(const struct vat_ctx *ctx)
{
	/* For good: what was to be built before memory came back is missing. */
	if (ctx->starved)
		return failure_oom();
	int e = ctx->params ? vat_message_error(ctx->params->msg) : 0;
	if (e > 0)
		return failure_new(VAT_FAILED, "malformed parameters");
	e = ctx->results ? vat_message_error(ctx->results->msg) : 0;
	if (e == -EMSGSIZE)
		return failure_new(VAT_OVERLOADED, "results too large");
	if (e > 0)
		return failure_new(VAT_FAILED, "malformed results");
	return e ? failure_oom() : NULL;
}

void vat_ctx_return(struct vat_ctx *ctx)
{
	assert(ctx->state == CTX_RUNNING);
	struct failure *f = message_failure(ctx);
	if (f) {
		ctx_fail(ctx, f);
		return;
	}
	struct vat *v = vat_ref(ctx->vat);
	vat_enter(v);
	struct outcome *o = outcome_ref(ctx->outcome);
	struct parcel *results = TAKE_PTR(ctx->results);
	outcome_clear_producer(o);
	ctx_free(ctx);
	outcome_return(o, results);
	outcome_unref(o);
	vat_leave(v);
	vat_unref(v);
}

void vat_ctx_fail(struct vat_ctx *ctx, enum vat_error_kind kind, const char *fmt, ...)
{
	assert(ctx->state == CTX_RUNNING);
	char text[FAILURE_TEXT_MAX + 1];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	size_t len = n < 0 ? 0 : MIN((size_t)n, sizeof(text) - 1);
	ctx_fail(ctx, failure_new_text(kind, text, len));
}

void vat_ctx_forward(struct vat_ctx *ctx, struct vat_cap *to)
{
	assert(ctx->state == CTX_RUNNING);
	struct vat *v = ctx->vat;
	vat_enter(v);
	parcel_unref(TAKE_PTR(ctx->results));
	ctx->starved = false;
	ctx_let_go(ctx);
	cap_call(to, ctx);
	vat_leave(v);
}

void vat_ctx_tail_call(struct vat_ctx *ctx, struct vat_call *takes)
{
	assert(ctx->state == CTX_RUNNING);
	struct vat *v = ctx->vat;
	vat_enter(v);
	ctx_let_go(ctx);
	call_send_for(takes, ctx->outcome);
	ctx_free(ctx);
	vat_leave(v);
}

void vat_ctx_on_cancel(struct vat_ctx *ctx, void (*fn)(void *user), void *user)
{
	ctx->on_cancel = fn;
	ctx->cancel_user = user;
	if (!fn)
		task_cancel(&ctx->cancel_task);
	else if (ctx->canceled)
		task_queue(ctx->vat, &ctx->cancel_task);
}

bool vat_ctx_canceled(const struct vat_ctx *ctx)
{
	return ctx->canceled;
}

struct vat *vat_ctx_vat(struct vat_ctx *ctx)
{
	return ctx->vat;
}

struct vat_conn *vat_ctx_conn(struct vat_ctx *ctx)
{
	const struct answer *a = ctx->outcome->answer;
	return a ? a->conn : NULL;
}

/* ---- being told of the answer --------------------------------------------------------------- */

struct listener {
	struct consumer consumer;
	struct task task;
	struct outcome *outcome; /* referenced */
	struct vat_cap *obj; /* referenced: what fn belongs to */
	void (*fn)(void *user, const struct vat_error *err);
	void *user;
};

static void listener_free(struct listener *l)
{
	struct vat *v = l->outcome->vat;
	vat_enter(v);
	vat_cap_unref(l->obj);
	outcome_unref(l->outcome);
	pool_put(&v->pool, l, sizeof(*l));
	vat_leave(v);
}

static void run_listener(struct task *t)
{
	struct listener *l = container_of(t, struct listener, task);
	const struct outcome *o = l->outcome;
	struct vat_error e;
	if (o->state == OUTCOME_FAILED)
		e = failure_error(o->failure);
	if (!o->vat->freed)
		l->fn(l->user, o->state == OUTCOME_FAILED ? &e : NULL);
	listener_free(l);
}

static void on_known(struct consumer *c, struct outcome *o)
{
	struct listener *l = container_of(c, struct listener, consumer);
	if (o->vat->freed)
		listener_free(l);
	else
		task_queue(o->vat, &l->task);
}

int vat_ctx_on_answer(
	struct vat_ctx *ctx, void (*fn)(void *user, const struct vat_error *err), void *user)
{
	assert(ctx->state == CTX_RUNNING);
	struct listener *l = pool_get(&ctx->vat->pool, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->outcome = outcome_ref(ctx->outcome);
	l->obj = vat_cap_ref(ctx->target);
	l->fn = fn;
	l->user = user;
	task_init(&l->task, run_listener);
	outcome_consume(ctx->outcome, &l->consumer, on_known);
	return 0;
}
