/* SPDX-License-Identifier: MIT */
/* Theory of operation: binding.h. */
#include "base/log.h"
#include "svc/net/binding-parts.h"

#include <stdio.h>
#include <time.h>

/* ---- states -------------------------------------------------------------------------------- */

static struct loop *loop_of(const struct binding *b)
{
	return service_loop(b->ns->service);
}

static uint64_t now_us(const struct binding *b)
{
	uint64_t now = 0;
	(void)sd_event_now(loop_of(b)->event, CLOCK_MONOTONIC, &now);
	return now;
}

const char *binding_title(const struct binding *b)
{
	if (b->iface.created)
		return b->iface.created->name;
	return b->cfg.segment ? segment_name(b->cfg.segment) : b->iface.name;
}

void binding_set_state(struct binding *b, enum binding_state state, const char *error)
{
	if (b->state != state) {
		b->since = time(NULL);
		b->since_us = now_us(b);
	}
	b->state = state;
	size_t n = error ? strnlen(error, sizeof(b->error) - 1) : 0;
	if (n)
		memmove(b->error, error, n);
	b->error[n] = 0;
}

void binding_answer_waiters(struct binding *b, const char *failure)
{
	for (size_t i = 0; i < BINDING_WAITERS_MAX; i++) {
		struct vat_ctx *ctx = TAKE_PTR(b->waiters[i].ctx);
		if (ctx && failure)
			vat_ctx_fail(ctx, VAT_DISCONNECTED, "%s", failure);
		else if (ctx)
			vat_ctx_return(ctx);
	}
}

/* ---- ending -------------------------------------------------------------------------------- */

static void drop_holder(struct binding *b)
{
	vat_call_free(TAKE_PTR(b->holder_wait));
	b->holder = vat_cap_unref(b->holder);
}

/* The tunnel and all that leads to it. */
static void stop(struct binding *b)
{
	if (b->way)
		way_stop(b->way);
	drop_holder(b);
	binding_end_drop(b);
}

/* The addresses that we have in a routed network can be given to others. */
static void leave(struct binding *b)
{
	struct net_tunnel_c tunnel = {b->holder};
	if (!b->holder || !b->answer.routed)
		return;
	struct net_tunnel_leave_req q = net_tunnel_leave(loop_of(b)->vat, tunnel);
	if (!q.call)
		return;
	net_tunnel_leave_send(q, NULL, NULL);
	vat_call_detach(q.call);
}

void binding_undo(struct binding *b, bool for_good)
{
	if (b->state == BINDING_ENDED)
		return;
	if (for_good)
		leave(b);
	stop(b);
	created_unref(TAKE_PTR(b->iface.created));
	binding_set_state(b, BINDING_ENDED, NULL);
}

void binding_free(struct binding *b)
{
	binding_undo(b, false);
	binding_answer_waiters(b, NULL);
	list_unlink(&b->link);
	b->ns->n_bindings--;
	way_free(b->way);
	binding_answer_clear(b);
	sd_event_source_disable_unref(b->linger);
	free(b->iface.namespace);
	free(b->source);
	free(b);
}

void binding_fail(struct binding *b, const struct err *e)
{
	struct vat_ctx *ctx = TAKE_PTR(b->ctx);
	struct err text = *e;
	err_wrap(&text, text.code, "bind %s", binding_title(b));
	binding_undo(b, true);
	binding_free(b);
	service_fail(ctx, &text);
}

static int on_linger(sd_event_source *source, uint64_t usec, void *user)
{
	struct binding *b = user;
	/* Nobody came for it, or it was let go on purpose. */
	int r = -ETIMEDOUT;
	if (!b->orphan && !service_is_persistable(b->ns->service)) {
		b->orphan = true;
		r = sd_event_source_set_time_relative(source, BINDING_LINGER_ORPHAN_US);
		if (r >= 0)
			r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	if (r < 0) {
		binding_undo(b, !b->orphan);
		binding_free(b);
	}
	return 0;
}

void binding_released(void *self)
{
	struct binding *b = self;
	b->cap = NULL;
	bool lingers = b->persistent && b->state != BINDING_ENDED &&
		       sd_event_add_time_relative(loop_of(b)->event, &b->linger, CLOCK_MONOTONIC,
			       BINDING_LINGER_US, 0, on_linger, b) >= 0;
	if (lingers)
		return;
	if (b->state != BINDING_ENDED)
		log_info("%s: unbound", binding_title(b));
	binding_undo(b, true);
	binding_free(b);
}

void binding_end_all(struct net_service *ns)
{
	list_for_each_safe (it, &ns->bindings) {
		struct binding *b = list_entry(it, struct binding, link);
		binding_undo(b, false);
		if (!b->cap && !b->ctx)
			binding_free(b);
	}
}

/* ---- over: it will not come back ----------------------------------------------------------- */

static void over(struct binding *b, enum binding_state state, const char *why)
{
	char text[sizeof(b->error)];
	(void)snprintf(text, sizeof(text), "%s", why);
	log_info("%s: %s", binding_title(b), text);
	stop(b);
	binding_set_state(b, state, text);
}

static bool is_over(const struct binding *b)
{
	return b->state == BINDING_GONE || b->state == BINDING_ENDED;
}

static void end_with(struct binding *b, enum binding_state state, const char *why)
{
	struct err e = {};
	if (b->ctx) {
		err_set(&e, -ENOTCONN, "%s", why);
		binding_fail(b, &e);
	} else if (!is_over(b)) {
		over(b, state, why);
	}
}

void binding_on_looped(void *user, bool looped)
{
	struct binding *b = user;
	b->looped = looped;
	if (b->state == BINDING_UP)
		binding_set_state(b, b->state, looped ? IFACE_LOOP_TEXT : NULL);
}

/* ---- tunnels that come and go -------------------------------------------------------------- */

static void wait_for_tunnel(struct binding *b, const char *why)
{
	bool was_up = b->state == BINDING_UP;
	bool proven = was_up && now_us(b) - b->since_us > BINDING_PROVEN_US;
	if (proven)
		way_proven(b->way);
	if (was_up)
		log_peer(LOG_INFO, "%s: waiting: %s", binding_title(b), why);
	binding_set_state(b, BINDING_WAITING, why);
	drop_holder(b);
	binding_end_cut(b);
	/* Whoever takes us in and throws us out does not keep us busy with that. */
	if (proven)
		way_open(b->way, false);
	else
		way_open_later(b->way, false);
}

void binding_on_gone(void *user, const char *why)
{
	struct binding *b = user;
	char text[sizeof(b->error)];
	(void)snprintf(text, sizeof(text), "%s", why);
	if (b->ctx || b->iface.created) {
		end_with(b, BINDING_GONE, text);
	} else if (!is_over(b)) {
		way_stop(b->way);
		drop_holder(b);
		binding_end_drop(b); /* looked for again when it is tried again */
		wait_for_tunnel(b, text);
	}
}

static void on_tunnel_end(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct binding *b = user;
	char why[sizeof(b->error)];
	(void)snprintf(why, sizeof(why), "%s", err ? err->text : "the other side has ended it");
	wait_for_tunnel(b, why);
}

static int watch_tunnel(struct binding *b)
{
	struct metac_waitable_wait_req q =
		metac_waitable_wait(loop_of(b)->vat, metac_waitable_cast(b->holder));
	b->holder_wait = q.call;
	metac_waitable_wait_send(q, on_tunnel_end, b);
	return q.call ? 0 : -ENOMEM;
}

void binding_on_opened(void *user, int takes_fd, struct vat_cap *takes_end)
{
	struct binding *b = user;
	struct err e = {};
	drop_holder(b);
	b->holder = takes_end;
	int r = binding_end_connect(b, &e);
	if (r >= 0 && watch_tunnel(b) < 0)
		r = err_errno(&e, -ENOMEM, "watch the tunnel");
	if (r < 0 && b->ctx) {
		binding_fail(b, &e);
		return;
	}
	if (r < 0) {
		wait_for_tunnel(b, e.msg);
		return;
	}
	if (b->state == BINDING_WAITING)
		log_peer(LOG_INFO, "%s: connected", binding_title(b));
	binding_set_state(b, BINDING_UP, b->looped ? IFACE_LOOP_TEXT : NULL);
	if (b->ctx)
		(void)binding_serve(b);
}

void binding_on_missed(void *user, enum way_miss miss, const struct err *e)
{
	struct binding *b = user;
	if (b->ctx) {
		binding_fail(b, e);
		return;
	}
	binding_set_state(b, b->state, e->msg);
	if (miss == WAY_MISS_REVOKED)
		over(b, BINDING_GONE, "the reference was revoked, or has expired");
	else if (miss == WAY_MISS_LOST && !b->persistent)
		over(b, BINDING_GONE, e->msg);
	else if (miss == WAY_MISS_LOST)
		binding_answer_waiters(b, e->msg); /* the persistence service restores it */
	else
		way_open_later(b->way, false);
}
