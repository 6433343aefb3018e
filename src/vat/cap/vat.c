/* SPDX-License-Identifier: MIT */
/*
 * The vat: its queue of tasks, and the bracket vat_enter/vat_leave that keeps internal work off the
 * stack.  See core.h.
 */
#include "vat/conn/handoff-internal.h"

struct vat *vat_new(const struct vat_config *cfg)
{
	struct vat *v = calloc(1, sizeof(*v));
	if (!v)
		return NULL;
	if (cfg)
		v->cfg = *cfg;
	v->refs = 1;
	pool_init(&v->pool);
	arenas_init(&v->arenas);
	list_init(&v->tasks);
	list_init(&v->settling);
	list_init(&v->dead);
	list_init(&v->later);
	list_init(&v->unwanted);
	v->oom = cap_broken(v, failure_oom());
	if (!v->oom) {
		free(v);
		return NULL;
	}
	return v;
}

void vat_on_unknown(struct vat *v, vat_unknown fn, void *user)
{
	v->unknown = fn;
	v->unknown_user = user;
}

void vat_unref_last(struct vat *v)
{
	assert(v->freed && list_empty(&v->tasks) && list_empty(&v->dead));
	handoffs_free(v->handoffs);
	free(v);
}

void vat_drain(struct vat *v)
{
	for (;;) {
		struct list *l = list_pop(&v->settling);
		if (l) {
			cap_settle(list_entry(l, struct vat_cap, link));
			continue;
		}
		l = list_pop(&v->later);
		if (l) {
			struct consumer *c = list_entry(l, struct consumer, link);
			c->done(c, NULL);
			continue;
		}
		l = list_pop(&v->dead);
		if (!l)
			return;
		cap_destroy(list_entry(l, struct vat_cap, link));
	}
}

void vat_wake(struct vat *v)
{
	if (v->cfg.wakeup && !v->freed)
		v->cfg.wakeup(v->cfg.user);
}

void task_queue(struct vat *v, struct task *t)
{
	if (!list_empty(&t->link))
		return;
	bool was_empty = list_empty(&v->tasks);
	list_append(&v->tasks, &t->link);
	if (was_empty && !v->running)
		vat_wake(v);
}

static bool run_one(struct vat *v)
{
	struct list *l = list_pop(&v->tasks);
	if (!l)
		return false;
	struct task *t = list_entry(l, struct task, link);
	t->run(t);
	return true;
}

bool vat_run(struct vat *v, unsigned budget)
{
	assert(!v->running);
	vat_ref(v);
	v->running = true;
	for (unsigned n = budget ? budget : 1024; n && !v->freed && run_one(v); n--)
		;
	v->running = false;
	bool more = !list_empty(&v->tasks);
	vat_unref(v);
	return more;
}

void vat_free(struct vat *v)
{
	if (!v)
		return;
	assert(!v->freed && v->n_conns == 0);
	v->freed = true;
	while (run_one(v))
		;
	free(TAKE_PTR(v->spare));
	arenas_done(&v->arenas);
	out_trim(v);
	pool_done(&v->pool);
	vat_cap_unref(TAKE_PTR(v->oom));
	vat_unref(v);
}
