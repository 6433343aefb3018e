/* SPDX-License-Identifier: MIT */
/*
 * Capabilities that connect again: see vat/reconnect.h.  Made of nothing but the public interface.
 *
 * The capability is an object that takes all calls (self: struct reconnect) and passes them on to
 * the present struct way.  A way is told of the answers to its calls, and is kept until the last
 * has come: so a failure is blamed on the way that the call went, not on the one that has replaced
 * it.
 */
#include "vat/reconnect.h"
#include "base/list.h"

struct way {
	struct list link; /* in reconnect->ways */
	struct reconnect *r;
	struct vat_cap *cap; /* NULL when it was given up */
	struct vat_watch *watch; /* may be NULL */
	unsigned under_way; /* calls */
	bool used;
};

struct reconnect {
	struct vat *vat;
	struct vat_reconnect_config cfg;
	struct way *present; /* in ways too; NULL: none */
	struct list ways;
};

static void way_free(struct way *w)
{
	list_unlink(&w->link);
	vat_watch_free(w->watch);
	vat_cap_unref(w->cap);
	free(w);
}

static void give_up(struct way *w)
{
	if (w->r->present == w)
		w->r->present = NULL;
	vat_watch_free(TAKE_PTR(w->watch));
	vat_cap_unref(TAKE_PTR(w->cap));
	if (!w->under_way)
		way_free(w);
}

static void on_broken(void *user, const struct vat_error *err);

/* Takes cap. */
static void go_by(struct reconnect *r, struct vat_cap *takes_cap)
{
	struct way *w = takes_cap ? calloc(1, sizeof(*w)) : NULL;
	if (!w) {
		vat_cap_unref(takes_cap);
		return;
	}
	w->r = r;
	w->cap = takes_cap;
	list_init(&w->link);
	list_append(&r->ways, &w->link);
	/* Without it, only the calls will tell. */
	w->watch = vat_cap_on_broken(takes_cap, on_broken, w);
	r->present = w;
}

static void ask(struct reconnect *r)
{
	go_by(r, r->cfg.connect(r->cfg.user));
}

/* w leads nowhere any more. */
static void lose(struct way *w)
{
	struct reconnect *r = w->r;
	bool again = r->present == w && w->used && !r->cfg.lazy;
	give_up(w);
	if (again)
		ask(r);
}

static void on_broken(void *user, const struct vat_error *err)
{
	if (err && err->kind == VAT_DISCONNECTED)
		lose(user);
}

static void on_answer(void *user, const struct vat_error *err)
{
	struct way *w = user;
	w->under_way--;
	if (!w->cap && !w->under_way)
		way_free(w);
	else if (w->cap && err && err->kind == VAT_DISCONNECTED)
		lose(w);
}

static void call(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	struct reconnect *r = self;
	struct vat_error e;
	/* The watch may not have been heard yet. */
	if (r->present && vat_cap_is_broken(r->present->cap, &e) && e.kind == VAT_DISCONNECTED)
		give_up(r->present);
	if (!r->present)
		ask(r);
	struct way *w = r->present;
	if (!w) {
		vat_ctx_fail(ctx, VAT_DISCONNECTED, "not connected");
		return;
	}
	w->used = true;
	if (vat_ctx_on_answer(ctx, on_answer, w) == 0)
		w->under_way++;
	vat_ctx_forward(ctx, w->cap);
}

static void destroy(void *self)
{
	struct reconnect *r = self;
	while (!list_empty(&r->ways))
		way_free(list_entry(r->ways.next, struct way, link));
	if (r->cfg.free)
		r->cfg.free(r->cfg.user);
	free(r);
}

struct vat_cap *vat_reconnect(
	struct vat *v, const struct vat_reconnect_config *cfg, struct vat_cap *takes_first)
{
	struct reconnect *r = calloc(1, sizeof(*r));
	struct vat_cap *c = r ? vat_serve_any(v, call, r, destroy) : NULL;
	if (!c) {
		vat_cap_unref(takes_first);
		free(r);
		return NULL;
	}
	r->vat = v;
	r->cfg = *cfg;
	list_init(&r->ways);
	go_by(r, takes_first);
	return c;
}
