/* SPDX-License-Identifier: MIT */
/*
 * The caller's side of a call: a request being filled, then a consumer of its outcome.
 */
#include "vat/cap/call.h"

/* The text of an error is kept for the callback, which may free the call. */
static void call_done(struct vat_call *call)
{
	const struct outcome *o = call->outcome;
	if (o->state != OUTCOME_FAILED) {
		call->done(call->user, NULL, parcel_content(o->results));
		return;
	}
	struct failure *f = failure_ref(o->failure);
	struct vat_error e = failure_error(f);
	call->done(call->user, &e, (struct vat_ptr_r){0});
	failure_unref(f);
}

static void run_done(struct task *t)
{
	struct vat_call *call = container_of(t, struct vat_call, task);
	struct vat *v = call->vat;
	call->finished = true;
	if (v->freed) {
		if (call->detached)
			vat_call_free(call);
		return;
	}
	v->current = call;
	if (call->done)
		call_done(call);
	/* Freed by the callback? */
	if (v->current != call)
		return;
	v->current = NULL;
	if (call->detached)
		vat_call_free(call);
}

static void on_outcome(struct consumer *c, struct outcome *o)
{
	struct vat_call *call = container_of(c, struct vat_call, consumer);
	if (call->vat->freed && call->detached)
		vat_call_free(call); /* nobody runs tasks any more */
	else
		task_queue(call->vat, &call->task);
}

struct vat_call *vat_call_new(struct vat *v, struct vat_cap *cap, uint64_t interface_id,
	uint16_t method, uint32_t hint_words)
{
	struct vat_call *call = pool_get(&v->pool, sizeof(*call));
	if (!call)
		return NULL;
	struct parcel *params = parcel_new(v, PARCEL_CALL, hint_words, 0);
	call->outcome = params ? outcome_new(v) : NULL;
	if (call->outcome)
		call->request = ctx_new(v, interface_id, method, params, call->outcome);
	if (!call->request) {
		outcome_unref(call->outcome);
		parcel_unref(params);
		pool_put(&v->pool, call, sizeof(*call));
		return NULL;
	}
	call->vat = vat_ref(v);
	call->target = vat_cap_ref(cap);
	task_init(&call->task, run_done);
	list_init(&call->consumer.link);
	list_init(&call->stream_link);
	return call;
}

struct vat_call *vat_call_for(
	struct vat *v, struct vat_cap *cap, const struct vat_interface *iface, uint16_t method)
{
	struct vat_call *call = vat_call_new(v, cap, iface->id, method, 0);
	/* Nothing to call in results without pointers: the callee need not remember them. */
	if (call)
		call->request->no_pipelining =
			method < iface->n_methods && !iface->methods[method].result_ptrs;
	return call;
}

struct vat_ptr_b vat_call_params(struct vat_call *call)
{
	if (!call || !call->request)
		return (struct vat_ptr_b){0};
	return parcel_content_b(call->request->params);
}

/* Sends the request, or fails it if what was built is no good. */
static void send_request(struct vat_call *call)
{
	struct vat_ctx *request = TAKE_PTR(call->request);
	int e = vat_message_error(request->params->msg);
	if (!e)
		cap_call(call->target, request);
	else if (e == -EMSGSIZE)
		ctx_fail(request, failure_new(VAT_OVERLOADED, "parameters too large"));
	else if (e < 0)
		ctx_fail(request, failure_oom());
	else
		ctx_fail(request, failure_new(VAT_FAILED, "malformed parameters"));
	vat_cap_unref(TAKE_PTR(call->target));
}

void vat_call_send(struct vat_call *call, vat_done done, void *user)
{
	if (!call)
		return;
	assert(!call->sent);
	struct vat *v = call->vat;
	vat_enter(v);
	call->sent = true;
	call->done = done;
	call->user = user;
	outcome_hold(call->outcome);
	outcome_consume(call->outcome, &call->consumer, on_outcome);
	send_request(call);
	vat_leave(v);
}

void vat_call_send_for_pipeline(struct vat_call *call)
{
	if (!call)
		return;
	assert(!call->sent);
	struct vat *v = call->vat;
	vat_enter(v);
	call->sent = call->unreturned = true;
	call->outcome->only_pipelining = true;
	outcome_hold(call->outcome);
	send_request(call);
	vat_leave(v);
}

void vat_call_notify(struct vat_call *call, vat_done done, void *user)
{
	assert(call->sent && !call->unreturned);
	call->done = done;
	call->user = user;
}

void call_send_for(struct vat_call *takes, struct outcome *o)
{
	struct vat_call *call = takes;
	if (!call) {
		outcome_fail(o, failure_oom());
		return;
	}
	assert(!call->sent);
	struct outcome *own = call->outcome;
	call->outcome = outcome_ref(o);
	outcome_unref(call->request->outcome);
	call->request->outcome = outcome_ref(o);
	o->wanted_here |= !list_empty(&own->pipes);
	send_request(call);
	outcome_redirect_pipes(own, o);
	outcome_unref(own);
	call->sent = true;
	outcome_hold(o); /* what vat_call_free drops */
	vat_call_free(call);
}

void vat_call_free(struct vat_call *call)
{
	if (!call)
		return;
	struct vat *v = call->vat;
	vat_enter(v);
	if (v->current == call)
		v->current = NULL;
	task_cancel(&call->task);
	list_unlink(&call->consumer.link);
	list_unlink(&call->stream_link);
	if (call->sent)
		outcome_drop(call->outcome);
	else
		ctx_fail(call->request, failure_canceled());
	vat_cap_unref(call->target);
	outcome_unref(call->outcome);
	pool_put(&v->pool, call, sizeof(*call));
	vat_leave(v);
	vat_unref(v);
}

void vat_call_detach(struct vat_call *call)
{
	if (!call)
		return;
	call->detached = true;
	if (call->unreturned)
		vat_call_free(call);
	else if (call->finished && call->vat->current != call)
		vat_call_free(call);
}

struct vat_cap *vat_call_pipeline(struct vat_call *call, const uint16_t *path, size_t n)
{
	if (!call)
		return NULL;
	vat_enter(call->vat);
	struct vat *v = call->vat;
	struct vat_cap *c = outcome_pipeline(call->outcome, path, n);
	vat_leave(v);
	return c;
}
