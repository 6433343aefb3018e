/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: counting, promises, and where a call goes.
 *
 * A promise is WAITING until it is given a target.  Then, if calls were sent to its address at a
 *peer and the target is not at that peer, it is EMBARGOED until the peer says that those calls have
 *all come round; calls made meanwhile queue here.  FLUSHING empties the queue into the target (from
 * vat_leave, so off the stack), RESOLVED forwards.  Only then do hooks hear of it, so what depends
 * on the resolution happens after every call made before it.
 *
 *	WAITING --> EMBARGOED --> FLUSHING --> RESOLVED
 *	   `----------------------^      `---> CAP_BROKEN, in place, if it was rejected
 */
#include "vat/cap/cap.h"
#include "vat/cap/gate.h"
#include "vat/conn/handoff-internal.h"
#include "vat/cap/membrane.h"

static void init_follow(struct vat_cap *p);

struct vat_cap *cap_new(struct vat *v, enum cap_kind kind)
{
	struct vat_cap *c = pool_get(&v->pool, sizeof(*c));
	if (!c)
		return NULL;
	c->refs = 1;
	c->kind = (uint8_t)kind;
	c->fd = -EBADF;
	c->vat = vat_ref(v);
	list_init(&c->link);
	list_init(&c->hooks);
	return c;
}

struct vat_cap *cap_broken(struct vat *v, struct failure *takes)
{
	struct vat_cap *c = cap_new(v, CAP_BROKEN);
	if (!c) {
		failure_unref(takes);
		return vat_cap_ref(v->oom);
	}
	c->broken.failure = takes;
	return c;
}

struct vat_cap *cap_promise(struct vat *v, enum promise_source source)
{
	struct vat_cap *c = cap_new(v, CAP_PROMISE);
	if (!c)
		return NULL;
	c->source = (uint8_t)source;
	c->state = PROMISE_WAITING;
	list_init(&c->promise.queue);
	list_init(&c->promise.pipe);
	init_follow(c);
	c->promise.path = c->promise.path_inline;
	return c;
}

struct vat_cap *vat_cap_ref(struct vat_cap *c)
{
	if (c) {
		assert(c->refs > 0);
		c->refs++;
	}
	return c;
}

struct vat_cap *vat_cap_unref(struct vat_cap *c)
{
	if (!c)
		return NULL;
	assert(c->refs > 0);
	if (--c->refs)
		return NULL;
	struct vat *v = c->vat;
	vat_enter(v);
	assert(list_empty(&c->link) || c->kind == CAP_PIN);
	list_unlink(&c->link);
	list_append(&v->dead, &c->link);
	vat_leave(v);
	return NULL;
}

static bool resolved(const struct vat_cap *c)
{
	return c && c->kind == CAP_PROMISE && c->state == PROMISE_RESOLVED;
}

/* Lets all promises on the way from c point to inner, so that a long way is gone only once. */
static void shorten(struct vat_cap *c, struct vat_cap *inner)
{
	struct vat *v = c->vat;
	vat_enter(v);
	while (c->promise.target != inner) {
		struct vat_cap *next = c->promise.target;
		c->promise.target = vat_cap_ref(inner);
		vat_cap_unref(next);
		c = next;
	}
	vat_leave(v);
}

struct vat_cap *cap_inner(struct vat_cap *c)
{
	struct vat_cap *inner = c;
	while (resolved(inner))
		inner = inner->promise.target;
	if (c != inner && c->promise.target != inner)
		shorten(c, inner);
	return inner;
}

bool cap_unsettled(struct vat_cap *c)
{
	c = cap_inner(c);
	return c && (c->kind == CAP_PROMISE || (c->kind == CAP_MEMBRANE && c->unsettled));
}

struct failure *cap_failure(struct vat_cap *c)
{
	c = cap_inner(c);
	return c && c->kind == CAP_BROKEN ? c->broken.failure : NULL;
}

struct vat_cap *cap_revive(struct vat_cap *c)
{
	if (c->refs)
		return vat_cap_ref(c);
	list_unlink(&c->link);
	c->refs = 1;
	return c;
}

/* ---- calls ---------------------------------------------------------------------------------- */

void ctx_set_target(struct vat_ctx *ctx, struct vat_cap *c)
{
	struct vat_cap *old = ctx->target;
	ctx->target = vat_cap_ref(c);
	vat_cap_unref(old);
}

/* What has to settle before p does: where the call waits whose result it is part of, or, when p is
 * on its way to something, that. */
static struct vat_cap *next_waited_for(struct vat_cap *p)
{
	if (p->kind == CAP_MEMBRANE)
		return p->membrane.inner;
	if (p->kind != CAP_PROMISE)
		return NULL;
	return p->promise.outcome ? ctx_waits_at(p->promise.outcome) : p->promise.target;
}

/* A call passed on (a fresh one has no pipes yet) to what only its own results can settle.  Through
 * a membrane a call gets another outcome, to which calls waiting for it move: so those on the move
 * are followed, or two calls could wait for each other anew for ever. */
static bool waits_for_itself(struct vat_cap *p, const struct outcome *o)
{
	if (list_empty(&o->pipes))
		return false;
	struct vat_cap *slow = p;
	for (bool odd = false; p; odd = !odd) {
		if (p->kind == CAP_PROMISE && p->promise.outcome == o)
			return true;
		p = next_waited_for(p);
		slow = odd ? next_waited_for(slow) : slow;
		if (p && p == slow)
			return true; /* a circle of others */
	}
	return false;
}

static void promise_call(struct vat_cap *c, struct vat_ctx *ctx)
{
	struct address a;
	if (c->state == PROMISE_WAITING && list_empty(&c->promise.queue) && cap_address(c, &a)) {
		c->received_call = true;
		conn_call(&a, ctx);
		return;
	}
	if (waits_for_itself(c, ctx->outcome)) {
		ctx_fail(ctx, failure_new(VAT_FAILED, "call waits for its own result"));
		return;
	}
	ctx_set_target(ctx, c);
	ctx->state = CTX_WAITING;
	list_append(&c->promise.queue, &ctx->task.link);
	ctx_attach(ctx);
}

void cap_call(struct vat_cap *c, struct vat_ctx *ctx)
{
	struct address a;
	c = cap_inner(c);
	if (!c) {
		ctx_fail(ctx, failure_new(VAT_FAILED, "null capability"));
		return;
	}
	switch ((enum cap_kind)c->kind) {
	case CAP_LOCAL:
		ctx_set_target(ctx, c);
		ctx_schedule(ctx);
		return;
	case CAP_BROKEN:
		ctx_fail(ctx, failure_ref(c->broken.failure));
		return;
	case CAP_IMPORT:
	case CAP_PIN:
		cap_address(c, &a);
		conn_call(&a, ctx);
		return;
	case CAP_MEMBRANE:
		membrane_call(c, ctx);
		return;
	case CAP_PROMISE:
		promise_call(c, ctx);
		return;
	}
}

/* ---- promises ------------------------------------------------------------------------------- */

static void settle_later(struct vat_cap *c)
{
	if (c->refs && !list_empty(&c->link))
		return;
	cap_revive(c);
	list_append(&c->vat->settling, &c->link);
}

void pipe_unlink(struct vat_cap *pipe)
{
	struct outcome *o = TAKE_PTR(pipe->promise.outcome);
	list_unlink(&pipe->promise.pipe);
	if (o)
		o->n_pipes--;
	if (o && pipe->ghost)
		outcome_unref(o);
	else if (o)
		outcome_drop(o);
}

/* What ties a promise to its source goes when it has a target. */
static void detach(struct vat_cap *p)
{
	if (p->promise.resolver)
		resolver_forget(TAKE_PTR(p->promise.resolver));
	if (p->promise.import)
		import_leave(TAKE_PTR(p->promise.import));
	if (p->promise.handoff)
		handoff_leave(TAKE_PTR(p->promise.handoff));
	pipe_unlink(p);
}

static void flush(struct vat_cap *p)
{
	p->state = PROMISE_FLUSHING;
	detach(p);
	settle_later(p);
}

/* Whether following c, through targets not yet in force and membranes too, leads to p. */
static bool leads_to(struct vat_cap *c, const struct vat_cap *p)
{
	while (c && c != p && (c->kind == CAP_PROMISE || c->kind == CAP_MEMBRANE))
		c = c->kind == CAP_PROMISE ? c->promise.target : c->membrane.inner;
	return c == p;
}

/* Calls sent to the promise's address must be back before others go to its target: true if it is
 * embargoed now. */
static bool embargo(struct vat_cap *p, struct vat_cap *target)
{
	struct address from, to;
	if (!target || !cap_address(p, &from))
		return false;
	/* Calls sent to results that are ours come round to us first, and may go back from there.
	 */
	bool redirected = from.question && from.question->redirected;
	if (!redirected && cap_address(target, &to) && to.conn == from.conn &&
		target->kind != CAP_PIN) {
		/* At the same peer, who keeps the order himself. */
		target->received_call |= p->received_call;
		return false;
	}
	if (!redirected && handoff_keeps_order(&from, target)) {
		target->received_call |= p->received_call;
		return false;
	}
	if (!p->received_call || !conn_embargo(&from, p))
		return false;
	p->state = PROMISE_EMBARGOED;
	return true;
}

static bool same_address(const struct address *a, const struct address *b)
{
	return a->conn == b->conn && a->import == b->import && a->question == b->question &&
	       a->n_path == b->n_path &&
	       (!a->n_path || !memcmp(a->path, b->path, a->n_path * sizeof(*a->path)));
}

/* Whether the peer says that p is something of ours, of which we have said that it is p: the two
 * Resolve messages (or Returns) crossed. */
static bool is_own_address(struct vat_cap *p, struct vat_cap *target)
{
	struct address a, b;
	return target && target->kind == CAP_PIN && cap_address(p, &a) && cap_address(target, &b) &&
	       same_address(&a, &b);
}

/* Calls would go to and fro for ever: at both ends, which find this out alike, they fail instead.
 */
static void break_circle(struct vat_cap *p, struct vat_cap *pin)
{
	struct vat *v = p->vat;
	struct failure *f = failure_new(VAT_FAILED, "promise resolved to itself by way of a peer");
	static const uint16_t none[1];
	struct address a;
	struct list same;
	vat_enter(v);
	vat_cap_ref(pin);
	list_init(&same);
	cap_address(p, &a);
	pins_take(a.import ? &a.import->pins : &a.question->pins, a.n_path ? a.path : none,
		a.n_path, &same);
	while (!list_empty(&same))
		cap_break(list_entry(same.next, struct vat_cap, link), f);
	cap_reject(p, f);
	vat_cap_unref(pin);
	vat_leave(v);
}

void cap_resolve(struct vat_cap *p, struct vat_cap *takes_target)
{
	assert(p->kind == CAP_PROMISE);
	struct vat *v = p->vat;
	if (p->state != PROMISE_WAITING) {
		vat_cap_unref(takes_target);
		return;
	}
	struct vat_cap *target = cap_inner(takes_target);
	if (is_own_address(p, target)) {
		break_circle(p, target);
	} else if (leads_to(target, p)) {
		cap_reject(p, failure_new(VAT_FAILED, "promise resolved to itself"));
	} else if (cap_failure(target)) {
		cap_reject(p, failure_ref(cap_failure(target)));
	} else {
		vat_enter(v);
		p->promise.target = vat_cap_ref(target);
		if (!embargo(p, target))
			flush(p);
		vat_leave(v);
	}
	vat_cap_unref(takes_target);
}

void cap_abandon(struct vat_cap *p, struct failure *f)
{
	struct vat *v = p->vat;
	if (p->kind != CAP_PROMISE || p->state > PROMISE_EMBARGOED)
		return;
	vat_enter(v);
	vat_cap_unref(TAKE_PTR(p->promise.target));
	p->promise.failure = failure_ref(f);
	flush(p);
	vat_leave(v);
}

void cap_reject(struct vat_cap *p, struct failure *takes)
{
	if (p->kind == CAP_PROMISE && p->state == PROMISE_WAITING)
		cap_abandon(p, takes);
	failure_unref(takes);
}

void cap_release(struct vat_cap *p)
{
	struct vat *v = p->vat;
	if (p->kind != CAP_PROMISE || p->state != PROMISE_EMBARGOED)
		return;
	vat_enter(v);
	flush(p);
	vat_leave(v);
}

void cap_flush_pipes(struct outcome *o)
{
	list_for_each (l, &o->pipes) {
		struct vat_cap *p = list_entry(l, struct vat_cap, promise.pipe);
		if (!list_empty(&p->promise.queue))
			settle_later(p);
	}
}

static struct vat_ctx *pop_call(struct vat_cap *p)
{
	struct list *l = list_pop(&p->promise.queue);
	return l ? list_entry(l, struct vat_ctx, task.link) : NULL;
}

static void send_waiting(struct vat_cap *p)
{
	struct address a;
	struct vat_ctx *ctx;
	while (p->state == PROMISE_WAITING && cap_address(p, &a) && (ctx = pop_call(p))) {
		p->received_call = true;
		ctx_let_go(ctx);
		conn_call(&a, ctx);
	}
}

static void free_path(struct vat_cap *p)
{
	if (p->promise.path != p->promise.path_inline)
		free(p->promise.path);
}

static void on_followed(struct hook *h);

/* A resolved promise keeps up with a target that resolves in turn: whoever resolves promises to
 * promises for ever would otherwise make us hold all of them. */
static void follow(struct vat_cap *p)
{
	struct vat_cap *inner = cap_inner(p);
	list_unlink(&p->promise.follow.link);
	if (cap_unsettled(inner))
		cap_hook(inner, &p->promise.follow);
}

static void on_followed(struct hook *h)
{
	follow(container_of(h, struct vat_cap, promise.follow));
}

static void init_follow(struct vat_cap *p)
{
	p->promise.follow.fn = on_followed;
	list_init(&p->promise.follow.link);
}

static void finish_flush(struct vat_cap *p)
{
	struct vat_ctx *ctx;
	while ((ctx = pop_call(p))) {
		ctx_let_go(ctx);
		if (p->promise.failure)
			ctx_fail(ctx, failure_ref(p->promise.failure));
		else
			cap_call(p->promise.target, ctx);
	}
	p->state = PROMISE_RESOLVED;
	if (p->promise.failure) {
		struct failure *f = p->promise.failure;
		free_path(p);
		p->kind = CAP_BROKEN;
		p->broken.failure = f;
	} else {
		follow(p);
	}
	cap_fire(p);
}

void cap_settle(struct vat_cap *p)
{
	if (p->kind == CAP_PROMISE && p->state == PROMISE_WAITING)
		send_waiting(p);
	else if (p->kind == CAP_PROMISE && p->state == PROMISE_FLUSHING)
		finish_flush(p);
	vat_cap_unref(p);
}

/* ---- the end of capabilities ---------------------------------------------------------------- */

void cap_hook(struct vat_cap *c, struct hook *h)
{
	list_append(&c->hooks, &h->link);
}

void cap_fire(struct vat_cap *c)
{
	struct list *l;
	/* Nobody waits for one that is about to be freed, which must not be referenced. */
	if (list_empty(&c->hooks))
		return;
	vat_cap_ref(c);
	while ((l = list_pop(&c->hooks))) {
		struct hook *h = list_entry(l, struct hook, link);
		h->fn(h);
	}
	vat_cap_unref(c);
}

/* Lets go of what the variant holds, except for local objects. */
static void clear(struct vat_cap *c)
{
	switch ((enum cap_kind)c->kind) {
	case CAP_LOCAL:
		break;
	case CAP_BROKEN:
		failure_unref(c->broken.failure);
		break;
	case CAP_IMPORT:
		import_leave(c->import.import);
		break;
	case CAP_PIN:
		pin_clear(c);
		break;
	case CAP_MEMBRANE:
		membrane_clear(c);
		break;
	case CAP_PROMISE:
		assert(list_empty(&c->promise.queue));
		detach(c);
		free_path(c);
		list_unlink(&c->promise.follow.link);
		vat_cap_unref(c->promise.target);
		failure_unref(c->promise.failure);
		break;
	}
}

void cap_break(struct vat_cap *c, struct failure *f)
{
	struct vat *v = c->vat;
	assert(c->kind != CAP_LOCAL && c->kind != CAP_PROMISE && c->kind != CAP_BROKEN);
	vat_enter(v);
	failure_ref(f);
	clear(c);
	c->kind = CAP_BROKEN;
	c->unsettled = false;
	c->broken.failure = f;
	cap_fire(c);
	vat_leave(v);
}

void cap_become(struct vat_cap *c, struct vat_cap *takes_target)
{
	c->kind = CAP_PROMISE;
	c->state = PROMISE_RESOLVED;
	c->source = PROMISE_LOCAL;
	c->unsettled = false;
	memset(&c->promise, 0, sizeof(c->promise));
	list_init(&c->promise.queue);
	list_init(&c->promise.pipe);
	c->promise.path = c->promise.path_inline;
	c->promise.target = takes_target;
	init_follow(c);
	follow(c);
	cap_fire(c);
}

void cap_forget_import(struct vat_cap *c)
{
	if (c->kind == CAP_PROMISE) {
		import_leave(TAKE_PTR(c->promise.import));
		return;
	}
	import_leave(c->import.import);
	c->kind = CAP_BROKEN;
	c->broken.failure = NULL;
}

static void cap_free(struct vat_cap *c)
{
	assert(list_empty(&c->hooks));
	struct vat *v = c->vat;
	fd_close(c->fd);
	pool_put(&v->pool, c, sizeof(*c));
	vat_unref(v);
}

static void reap(struct task *t)
{
	struct vat_cap *c = container_of(t, struct vat_cap, local.reap);
	if (c->local.destroy)
		c->local.destroy(c->local.self);
	gate_free(c->local.gate);
	cap_free(c);
}

/* Calls went to the peer under the name of this pipe. Whoever uses that name again, or is told
 * where it leads, has to keep the order with them, so the name is remembered until the results are
 * there. */
static bool become_ghost(struct vat_cap *c)
{
	struct outcome *o;
	if (c->kind != CAP_PROMISE || c->state != PROMISE_WAITING || !c->received_call ||
		!(o = c->promise.outcome))
		return false;
	c->refs = 1;
	c->ghost = true;
	o->interest--;
	outcome_check(o);
	return true;
}

void cap_destroy(struct vat_cap *c)
{
	if (become_ghost(c))
		return;
	if (c->kind == CAP_LOCAL)
		task_init(&c->local.reap, reap);
	if (c->kind != CAP_LOCAL) {
		clear(c);
		cap_free(c);
	} else if (c->vat->freed) {
		reap(&c->local.reap);
	} else {
		task_queue(c->vat, &c->local.reap);
	}
}
