/* SPDX-License-Identifier: MIT */
/*
 * What the application makes and asks of capabilities: objects, promises with their resolvers,
 * watches, attached descriptors.
 */
#include "vat/cap/cap.h"
#include "vat/conn/handoff-internal.h"
#include "vat/cap/membrane.h"

/* ---- objects -------------------------------------------------------------------------------- */

static struct vat_cap *new_local(struct vat *v, void *self, void (*destroy)(void *self))
{
	struct vat_cap *c = cap_new(v, CAP_LOCAL);
	if (!c)
		return NULL;
	c->local.self = self;
	c->local.destroy = destroy;
	return c;
}

struct vat_cap *vat_serve(struct vat *v, const struct vat_interface *iface, const void *impl,
	void *self, void (*destroy)(void *self))
{
	struct vat_cap *c = new_local(v, self, destroy);
	if (!c)
		return NULL;
	c->local.iface = iface;
	c->local.impl = impl;
	return c;
}

struct vat_cap *vat_serve_any(struct vat *v,
	void (*call)(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx),
	void *self, void (*destroy)(void *self))
{
	struct vat_cap *c = new_local(v, self, destroy);
	if (!c)
		return NULL;
	c->local.any = call;
	return c;
}

int vat_cap_attach_fd(struct vat_cap *cap, int fd)
{
	int r = 0;
	cap = cap_inner(cap);
	if (!cap || cap->kind != CAP_LOCAL)
		r = -EINVAL;
	else if (cap->fd >= 0)
		r = -EBUSY;
	if (r < 0)
		fd_close(fd);
	else
		cap->fd = fd;
	return r;
}

int vat_cap_fd(struct vat_cap *cap)
{
	cap = cap_fd_owner(cap);
	return cap ? cap->fd : -ENOENT;
}

struct vat_cap *cap_fd_owner(struct vat_cap *cap)
{
	for (cap = cap_inner(cap); cap && cap->kind == CAP_MEMBRANE;)
		cap = cap_inner(cap->membrane.inner);
	if (cap && cap->fd < 0)
		cap = handoff_fd_owner(cap);
	return cap && cap->fd >= 0 ? cap : NULL;
}

void *vat_cap_self(struct vat_cap *cap, const void *impl)
{
	cap = cap_inner(cap);
	bool match = cap && cap->kind == CAP_LOCAL && cap->local.iface && cap->local.impl == impl;
	return match ? cap->local.self : NULL;
}

struct vat_cap *vat_cap_broken(struct vat *v, enum vat_error_kind kind, const char *text)
{
	struct vat_cap *c = cap_new(v, CAP_BROKEN);
	if (c)
		c->broken.failure = failure_new_text(kind, text, strlen(text));
	return c;
}

bool vat_cap_is_broken(struct vat_cap *cap, struct vat_error *ret)
{
	struct failure *f = cap_failure(cap);
	if (f && ret)
		*ret = failure_error(f);
	return f;
}

/* ---- promises ------------------------------------------------------------------------------- */

struct vat_resolver {
	struct vat_cap *promise; /* borrowed; NULL when nobody refers to it any more */
};

int vat_promise(struct vat *v, struct vat_cap **ret_cap, struct vat_resolver **ret)
{
	struct vat_resolver *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->promise = cap_promise(v, PROMISE_LOCAL);
	if (!r->promise) {
		free(r);
		return -ENOMEM;
	}
	r->promise->promise.resolver = r;
	*ret_cap = r->promise;
	*ret = r;
	return 0;
}

void resolver_forget(struct vat_resolver *r)
{
	r->promise = NULL;
}

void vat_resolve(struct vat_resolver *takes, struct vat_cap *takes_cap)
{
	if (takes && takes->promise)
		cap_resolve(takes->promise, takes_cap);
	else
		vat_cap_unref(takes_cap);
	free(takes);
}

static void reject(struct vat_resolver *takes, struct failure *takes_failure)
{
	if (takes && takes->promise)
		cap_reject(takes->promise, takes_failure);
	else
		failure_unref(takes_failure);
	free(takes);
}

void vat_reject(struct vat_resolver *takes, enum vat_error_kind kind, const char *text)
{
	reject(takes, failure_new_text(kind, text, strlen(text)));
}

void vat_resolver_free(struct vat_resolver *takes)
{
	if (takes)
		reject(takes, failure_new(VAT_FAILED, "promise was never resolved"));
}

/* ---- watches -------------------------------------------------------------------------------- */

struct vat_watch {
	struct hook hook;
	struct task task;
	struct vat_cap *cap;
	struct vat *vat; /* referenced */
	struct failure *failure; /* set when it fires because of one */
	bool broken_only;
	void (*fn)(void *user, const struct vat_error *err);
	void *user;
};

static void run_watch(struct task *t)
{
	struct vat_watch *w = container_of(t, struct vat_watch, task);
	if (w->vat->freed)
		return;
	/* Kept for the callback, which may free the watch. */
	struct failure *f = w->failure ? failure_ref(w->failure) : NULL;
	struct vat_error e;
	if (f)
		e = failure_error(f);
	w->fn(w->user, f ? &e : NULL);
	failure_unref(f);
}

/* Fires if the event has come, else waits for the next change. */
static void arm(struct vat_watch *w)
{
	struct vat_cap *c = cap_inner(w->cap);
	struct failure *f = cap_failure(c);
	if (f)
		w->failure = failure_ref(f);
	else if (!c && w->broken_only)
		w->failure = failure_new(VAT_FAILED, "null capability");
	if (w->failure || (!w->broken_only && !cap_unsettled(c)))
		task_queue(w->vat, &w->task);
	else
		cap_hook(c, &w->hook);
}

static void on_change(struct hook *h)
{
	arm(container_of(h, struct vat_watch, hook));
}

static struct vat_watch *watch(struct vat_cap *cap, bool broken_only,
	void (*fn)(void *user, const struct vat_error *err), void *user)
{
	if (!cap)
		return NULL;
	struct vat_watch *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	*w = (struct vat_watch){.cap = vat_cap_ref(cap),
		.vat = vat_ref(cap->vat),
		.hook = {.fn = on_change},
		.broken_only = broken_only,
		.fn = fn,
		.user = user};
	list_init(&w->hook.link);
	task_init(&w->task, run_watch);
	arm(w);
	return w;
}

struct vat_watch *vat_cap_on_settled(
	struct vat_cap *cap, void (*fn)(void *user, const struct vat_error *err), void *user)
{
	return watch(cap, false, fn, user);
}

struct vat_watch *vat_cap_on_broken(
	struct vat_cap *cap, void (*fn)(void *user, const struct vat_error *err), void *user)
{
	return watch(cap, true, fn, user);
}

void vat_watch_free(struct vat_watch *w)
{
	if (!w)
		return;
	struct vat *v = w->vat;
	list_unlink(&w->hook.link);
	task_cancel(&w->task);
	vat_cap_unref(w->cap);
	failure_unref(w->failure);
	free(w);
	vat_unref(v);
}
