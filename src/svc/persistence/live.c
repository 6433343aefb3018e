/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: what is held of an object.
 *
 *	stored --- wanted, or its liveness matters --> restoring --> alive
 *	   ^                                              |   ^        |
 *	   |                                     failed   v   |        | broken,
 *	   +-- lost, liveness does not matter --- broken -----+ <------+ or wait ended
 *	                                         (back-off)
 *
 * Whoever wants the object while it is being restored waits in one queue.  An object that answers
 * Waitable.wait with anything but "unimplemented" matters while nobody asks for it (a mount):
 * the outstanding call tells when it ends, and it is restored again, ever more slowly.  One that
 * has failed is held until its successor is there: a lost mount goes on answering EIO instead of
 * showing the directory underneath.  An object that is not in the store can not be restored: when
 * it ends, it is forgotten.
 */
#include "svc/persistence/internal.h"

#include "base/log.h"

#include <stdio.h>

enum { BACKOFF_FIRST_US = 100 * 1000, BACKOFF_DOUBLINGS = 9, STEADY_US = 60 * 1000 * 1000 };

int live_new(struct persistence *p, struct ledger_object *o)
{
	struct live *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->p = p;
	l->object = o;
	l->waits = true;
	list_init(&l->waiters);
	o->live = l;
	return 0;
}

static void let_go(struct live *l)
{
	vat_watch_free(TAKE_PTR(l->broken));
	vat_call_free(TAKE_PTR(l->wait));
	vat_call_free(TAKE_PTR(l->ping));
	l->cap = vat_cap_unref(l->cap);
	l->old = vat_cap_unref(l->old);
}

static void stop_restoring(struct live *l)
{
	restoration_free(TAKE_PTR(l->restoration));
	l->retry = sd_event_source_disable_unref(l->retry);
}

/* Waiters may come and go meanwhile: only those there now are served. */
static void serve_waiters(struct live *l, struct vat_cap *cap, const struct err *e)
{
	struct list now = LIST_INIT(now);
	list_splice(&now, &l->waiters);
	struct list *i;
	while ((i = list_pop(&now))) {
		struct live_waiter *w = list_entry(i, struct live_waiter, link);
		w->done(w, cap, e);
	}
}

void live_free(struct live *l)
{
	if (!l)
		return;
	stop_restoring(l);
	struct err e = {};
	err_set(&e, -ENOENT, NO_SUCH_REFERENCE);
	l->object = NULL;
	serve_waiters(l, NULL, &e);
	assert(list_empty(&l->waiters));
	let_go(l);
	free(l);
}

/* ---- while alive --------------------------------------------------------------------------- */

static void retry_later(struct live *l);

static void set_waits(struct live *l, bool waits)
{
	if (l->waits == waits)
		return;
	l->waits = waits;
	struct ledger_object *o = l->object;
	int r = o->persistent
			? store_object_set_waits(l->p->store, o->service, o->runtime_id, waits)
			: 0;
	if (r < 0) /* costs one needless restoration at the next start */
		log_warning("store of object \"%s\": %s", o->summary, strerror(-r));
}

static void start(struct live *l);

/* keep: what has failed still has its use until its successor is there. May free l. */
static void lose(struct live *l, const char *text, bool keep)
{
	struct ledger_object *o = l->object;
	char why[300]; /* the text goes with the call */
	(void)snprintf(why, sizeof(why), "%s", text);
	struct vat_cap *cap = keep && o->persistent ? vat_cap_ref(l->cap) : NULL;
	bool was_alive = l->cap;
	let_go(l);
	l->old = cap;
	if (!o->persistent) {
		log_info("\"%s\" has ended (%s) and is forgotten", o->summary, why);
		(void)remove_object(l->p, o, "the object has ended");
		return;
	}
	if (!was_alive)
		return; /* it is being restored, or will be when asked for */
	if (now_us() - l->since > STEADY_US)
		l->failures = 0;
	ledger_object_set_error(o, why);
	o->state = LEDGER_STORED;
	log_debug("\"%s\" is not here any more: %s", o->summary, why);
	if (!list_empty(&l->waiters)) {
		start(l);
	} else if (l->waits) {
		log_info("\"%s\" has ended (%s): restoring it", o->summary, why);
		retry_later(l);
	}
}

void live_lost(struct live *l, const char *why)
{
	lose(l, why, false);
}

static void on_broken(void *user, const struct vat_error *err)
{
	live_lost(user, err->text);
}

static void on_wait_done(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct live *l = user;
	if (err && err->kind == VAT_UNIMPLEMENTED) {
		vat_call_free(TAKE_PTR(l->wait));
		set_waits(l, false);
		return;
	}
	lose(l, err ? err->text : "ended", err);
}

static void watch(struct live *l)
{
	l->broken = vat_cap_on_broken(l->cap, on_broken, l);
	if (!l->waits)
		return;
	struct metac_waitable_wait_req q =
		metac_waitable_wait(l->p->vat, metac_waitable_cast(l->cap));
	l->wait = q.call;
	metac_waitable_wait_send(q, on_wait_done, l);
}

void live_adopt(struct live *l, struct vat_cap *cap)
{
	if (l->cap)
		return;
	stop_restoring(l);
	l->cap = vat_cap_ref(cap);
	l->since = now_us();
	l->object->state = LEDGER_ALIVE;
	log_debug("\"%s\" is here", l->object->summary);
	ledger_object_set_error(l->object, NULL);
	watch(l);
	serve_waiters(l, l->cap, NULL);
}

/* ---- restoring ----------------------------------------------------------------------------- */

static void start(struct live *l)
{
	struct err e = {};
	l->retry = sd_event_source_disable_unref(l->retry);
	l->object->state = LEDGER_RESTORING;
	log_debug("restoring \"%s\"", l->object->summary);
	int r = restoration_new(l, &l->restoration);
	if (r == 0)
		restoration_go_on(l->restoration); /* may end it at once */
	else
		live_failed(l, (err_errno(&e, r, "restore \"%s\"", l->object->summary), &e));
}

static int on_retry(sd_event_source *s, uint64_t usec, void *user)
{
	start(user);
	return 0;
}

static void retry_later(struct live *l)
{
	unsigned n = MIN(l->failures, (unsigned)BACKOFF_DOUBLINGS);
	l->failures++;
	l->object->state = LEDGER_RESTORING;
	if (timer_set(l->p, &l->retry, (uint64_t)BACKOFF_FIRST_US << n, on_retry, l) < 0)
		l->object->state = LEDGER_BROKEN; /* until somebody asks for it */
}

void live_wake(struct live *l)
{
	if (l->restoration)
		restoration_go_on(l->restoration);
	else if (!l->cap && l->waits && l->object->persistent)
		start(l);
}

static void on_pong(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct live *l = user;
	if (err && err->kind == VAT_DISCONNECTED) {
		live_lost(l, err->text);
		return;
	}
	vat_call_free(TAKE_PTR(l->ping));
	serve_waiters(l, l->cap, NULL);
}

/* Whether what another node gave us is still good, only a call can tell. Any answer will do. */
static void ping(struct live *l)
{
	if (l->ping)
		return;
	struct persistence_persistable_summary_req q =
		persistence_persistable_summary(l->p->vat, persistence_persistable_cast(l->cap));
	l->ping = q.call;
	persistence_persistable_summary_send(q, on_pong, l);
}

void live_get(struct live *l, struct live_waiter *w)
{
	list_init(&w->link);
	bool forward = !strcmp(l->object->service, OWN_SERVICE);
	if (l->cap && !forward) {
		w->done(w, l->cap, NULL);
		return;
	}
	list_append(&l->waiters, &w->link);
	if (l->cap)
		ping(l);
	else if (!l->restoration)
		start(l);
}

void live_restored(struct live *l, struct vat_cap *cap)
{
	restoration_free(TAKE_PTR(l->restoration));
	live_adopt(l, cap);
}

void live_failed(struct live *l, const struct err *e)
{
	restoration_free(TAKE_PTR(l->restoration));
	struct ledger_object *o = l->object;
	o->state = LEDGER_BROKEN;
	ledger_object_set_error(o, e->msg);
	if (!o->persistent) {
		(void)remove_object(l->p, o, "the object has ended"); /* serves the waiters */
		return;
	}
	if (l->waits)
		retry_later(l);
	log_peer(LOG_WARNING, "%s", e->msg);
	serve_waiters(l, NULL, e);
}
