/* SPDX-License-Identifier: MIT */
/* Theory of operation: attach.h. */
#include "svc/block/attach.h"
#include "base/log.h"
#include "svc/block/links.h"

#include <stdio.h>
#include <time.h>

/* ---- states -------------------------------------------------------------------------------- */

static struct loop *loop_of(const struct attachment *a)
{
	return service_loop(a->bs->service);
}

static uint64_t now_us(const struct attachment *a)
{
	uint64_t now = 0;
	(void)sd_event_now(loop_of(a)->event, CLOCK_MONOTONIC, &now);
	return now;
}

const char *attach_title(const struct attachment *a)
{
	if (*a->name)
		return a->name;
	return *a->device ? a->device : a->source;
}

void attach_set_state(struct attachment *a, enum attach_state state, const char *error)
{
	if (a->state != state) {
		a->since = time(NULL);
		a->since_us = now_us(a);
	}
	a->state = state;
	size_t n = error ? strnlen(error, sizeof(a->error) - 1) : 0;
	if (n)
		memmove(a->error, error, n);
	a->error[n] = 0;
}

static int on_answer_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	attach_on_refused(user, ETIMEDOUT, "no answer to the NBD handshake in time");
	return 0;
}

static int set_timer(struct attachment *a, unsigned seconds)
{
	a->timer = sd_event_source_disable_unref(a->timer);
	return sd_event_add_time_relative(loop_of(a)->event, &a->timer, CLOCK_MONOTONIC,
		seconds * UINT64_C(1000000), 0, on_answer_timeout, a);
}

static void drop_end(struct attachment *a)
{
	a->timer = sd_event_source_disable_unref(a->timer);
	vat_call_free(TAKE_PTR(a->size_call));
	a->size_timer = sd_event_source_disable_unref(a->size_timer);
	a->end = vat_cap_unref(a->end);
}

void attach_answer_waiters(struct attachment *a, const char *failure)
{
	for (size_t i = 0; i < ATTACH_WAITERS_MAX; i++) {
		struct vat_ctx *ctx = TAKE_PTR(a->waiters[i].ctx);
		if (ctx && failure)
			vat_ctx_fail(ctx, VAT_DISCONNECTED, "%s", failure);
		else if (ctx)
			vat_ctx_return(ctx);
	}
}

static bool is_ending(const struct attachment *a)
{
	return a->state == ATTACH_ENDING || a->state == ATTACH_ENDED;
}

/* ---- ending -------------------------------------------------------------------------------- */

void attach_let_go(struct attachment *a)
{
	way_stop(a->way);
	drop_end(a);
}

void attach_unlink(struct attachment *a)
{
	if (a->linked)
		links_remove(a->bs->runtime, a->name);
	a->linked = false;
}

static void drop_front(struct attachment *a)
{
	if (a->begun)
		a->front->drop(a);
	a->begun = false;
	attach_worker_stop(a);
	attach_unlink(a);
	a->device[0] = 0;
}

void attach_free(struct attachment *a)
{
	task_free(TAKE_PTR(a->task));
	if (a->way)
		attach_let_go(a);
	drop_front(a);
	attach_way_end(a);
	attach_answer_waiters(a, NULL);
	list_unlink(&a->link);
	a->bs->n_attachments--;
	way_free(a->way);
	sd_event_source_disable_unref(a->linger);
	attach_file_free(a->file);
	free(a->source);
	free(a);
}

void attach_shut(struct attachment *a)
{
	if (!a->cap) {
		attach_free(a);
		return;
	}
	task_free(TAKE_PTR(a->task));
	attach_let_go(a);
	drop_front(a);
	attach_way_end(a);
	a->forget = false;
	a->state = ATTACH_ENDED;
}

void attach_fail(struct attachment *a, const struct err *e)
{
	struct vat_ctx *ctx = TAKE_PTR(a->ctx);
	struct err text = *e;
	if (*a->name) /* whose source it is the caller knows */
		err_wrap(&text, text.code, "attach %s", a->name);
	service_fail(ctx, &text);
	attach_free(a);
}

static int on_linger(sd_event_source *source, uint64_t usec, void *user)
{
	struct attachment *a = user;
	/* Nobody came for it, or it was let go on purpose. */
	int r = -ETIMEDOUT;
	if (!a->orphan && !service_is_persistable(a->bs->service)) {
		a->orphan = true;
		r = sd_event_source_set_time_relative(source, ATTACH_LINGER_ORPHAN_US);
		if (r >= 0)
			r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	if (r < 0) {
		a->freed = true;
		attach_end(a, true);
	}
	return 0;
}

void attach_released(void *self)
{
	struct attachment *a = self;
	a->cap = NULL;
	bool lingers = a->persistent && !is_ending(a) &&
		       sd_event_add_time_relative(loop_of(a)->event, &a->linger, CLOCK_MONOTONIC,
			       ATTACH_LINGER_US, 0, on_linger, a) >= 0;
	if (lingers)
		return;
	a->freed = true;
	attach_end(a, true);
}

/* ---- over: it will not come back ----------------------------------------------------------- */

static void over(struct attachment *a, const char *why)
{
	char text[sizeof(a->error)];
	(void)snprintf(text, sizeof(text), "%s", why);
	log_info("%s: %s", attach_title(a), text);
	attach_set_state(a, ATTACH_GONE, text);
	attach_let_go(a);
	if (a->begun)
		a->front->over(a, text);
}

void attach_on_failed(struct attachment *a, int error, const char *why)
{
	struct err e = {};
	if (is_ending(a) || a->state == ATTACH_GONE)
		return;
	if (a->ctx) {
		err_set(&e, -error, "%s", why);
		attach_fail(a, &e);
	} else if (!*a->device) {
		attach_on_lost(a, why); /* nobody has seen it yet: another time */
	} else {
		over(a, why);
	}
}

/* ---- connections --------------------------------------------------------------------------- */

static void wait_for_connection(struct attachment *a, const char *why)
{
	bool was_up = a->state == ATTACH_UP;
	bool proven = was_up && now_us(a) - a->since_us > ATTACH_PROVEN_US;
	if (proven)
		way_proven(a->way);
	if (was_up)
		log_peer(LOG_INFO, "%s: waiting: %s", attach_title(a), why);
	drop_end(a);
	attach_set_state(a, ATTACH_WAITING, why);
	/* Whoever takes connections and drops them does not keep us busy with that. */
	if (proven)
		way_open(a->way, false);
	else
		way_open_later(a->way, false);
}

void attach_on_lost(struct attachment *a, const char *why)
{
	struct err e = {};
	if (a->ctx && (a->state == ATTACH_STARTING || a->state == ATTACH_OPENING)) {
		err_set(&e, -EIO, "the other side did not accept the NBD connection: %s", why);
		attach_fail(a, &e);
		return;
	}
	if (a->state == ATTACH_UP || a->state == ATTACH_WAITING)
		wait_for_connection(a, why);
}

void attach_on_refused(struct attachment *a, int error, const char *why)
{
	struct err e = {};
	if (a->ctx && (a->state == ATTACH_STARTING || a->state == ATTACH_OPENING)) {
		err_set(&e, -error, "%s", why);
		attach_fail(a, &e);
		return;
	}
	attach_on_lost(a, why);
}

void attach_on_negotiated(struct attachment *a)
{
	if (is_ending(a) || a->state == ATTACH_GONE)
		return;
	a->timer = sd_event_source_disable_unref(a->timer);
	a->front->negotiated(a);
}

int attach_link(struct attachment *a, struct err *e)
{
	if (!*a->name || a->linked)
		return 0;
	int r = links_make(a->bs->runtime, a->name, a->device, e);
	a->linked = r >= 0;
	return r;
}

void attach_on_connected(struct attachment *a)
{
	struct err e = {};
	if (is_ending(a) || a->state == ATTACH_GONE)
		return;
	if (attach_link(a, &e) < 0) {
		attach_on_failed(a, -e.code, e.msg);
		return;
	}
	a->timer = sd_event_source_disable_unref(a->timer);
	if (a->state == ATTACH_WAITING)
		log_peer(LOG_INFO, "%s: connected (%s)", attach_title(a), a->device);
	attach_set_state(a, ATTACH_UP, NULL);
	if (!a->ctx || attach_answer(a))
		attach_way_watch_size(a);
}

/* The front and the worker get the connection, and are to say soon that it is good. */
static int connect_front(struct attachment *a, int fd, struct err *e)
{
	int r = a->begun ? 0 : a->front->begin(a, e);
	if (r < 0)
		return r;
	a->begun = true;
	r = a->front->connect(a, fd);
	if (r >= 0 && a->state != ATTACH_GONE)
		r = set_timer(a, ATTACH_ANSWER_SECONDS);
	return r < 0 ? err_errno(e, r, "give the connection to the worker") : 0;
}

void attach_on_opened(void *user, int takes_fd, struct vat_cap *takes_end)
{
	struct attachment *a = user;
	struct err e = {};
	AUTO_CLOSE int fd = takes_fd;
	drop_end(a);
	a->end = takes_end;
	if (a->state == ATTACH_OPENING)
		attach_set_state(a, ATTACH_STARTING, NULL);
	if (connect_front(a, fd, &e) < 0)
		attach_on_refused(a, -e.code, e.msg);
}

void attach_on_missed(void *user, enum way_miss miss, const struct err *e)
{
	struct attachment *a = user;
	if (a->ctx) {
		attach_fail(a, e);
		return;
	}
	attach_set_state(a, a->state, e->msg);
	if (miss == WAY_MISS_REVOKED)
		over(a, "the reference was revoked, or has expired");
	else if (miss == WAY_MISS_LOST && !a->persistent)
		over(a, e->msg);
	else if (miss == WAY_MISS_LOST)
		attach_answer_waiters(a, e->msg); /* the persistence service restores it */
	else
		way_open_later(a->way, false);
}

void attach_on_worker_end(struct attachment *a)
{
	struct err e = {};
	attach_worker_stop(a);
	if (is_ending(a))
		return;
	if (a->ctx) {
		err_set(&e, -EIO, "the worker ended at once");
		attach_fail(a, &e);
		return;
	}
	a->front->worker_ended(a);
}

/* ---- the Attachment object ----------------------------------------------------------------- */

static uint16_t public_state(const struct attachment *a)
{
	if (a->state == ATTACH_UP)
		return BLOCK_ATTACHMENT_INFO_STATE_CONNECTED;
	return a->state == ATTACH_WAITING ? BLOCK_ATTACHMENT_INFO_STATE_WAITING
					  : BLOCK_ATTACHMENT_INFO_STATE_GONE;
}

static void attachment_info(void *self, struct block_attachment_info_ctx cx)
{
	struct attachment *a = self;
	struct block_attachment_info_b b =
		block_attachment_info_results_init_info(block_attachment_info_results(cx));
	block_attachment_info_set_device(b, vat_str(a->device));
	block_attachment_info_set_source(b, vat_str(a->source));
	block_attachment_info_set_transport(b, vat_str(a->front->name));
	block_attachment_info_set_persistent(b, a->persistent);
	block_attachment_info_set_read_only(b, a->read_only);
	block_attachment_info_set_size(b, a->export.size);
	block_attachment_info_set_state(b, public_state(a));
	block_attachment_info_set_since(b, a->since);
	block_attachment_info_set_error(b, vat_str(a->error));
	block_attachment_info_set_id(b, vat_str(a->name));
	vat_ctx_return(cx.ctx);
}

static void attachment_detach(void *self, struct block_attachment_detach_ctx cx)
{
	struct attachment *a = self;
	if (a->task || a->detach_ctx || a->destroy_ctx || a->state == ATTACH_ENDING) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "it is being detached already");
		return;
	}
	a->detach_ctx = cx.ctx;
	a->forget = true;
	attach_end(a, block_attachment_detach_params_get_force(block_attachment_detach_params(cx)));
}

static void attachment_destroy(void *self, struct metac_destroyable_destroy_ctx cx)
{
	struct attachment *a = self;
	if (a->destroy_ctx) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "it is being detached already");
		return;
	}
	a->destroy_ctx = cx.ctx;
	a->forget = true;
	attach_end(a, true);
}

/* A call that nobody waits for any more would keep the attachment alive. */
static void on_wait_canceled(void *user)
{
	struct attach_slot *w = user;
	vat_ctx_fail(TAKE_PTR(w->ctx), VAT_FAILED, "canceled");
}

static void attachment_wait(void *self, struct metac_waitable_wait_ctx cx)
{
	struct attachment *a = self;
	if (a->state == ATTACH_ENDED) {
		vat_ctx_return(cx.ctx);
		return;
	}
	if (a->state == ATTACH_WAITING && a->persistent && way_is_idle(a->way) && !a->end) {
		vat_ctx_fail(cx.ctx, VAT_DISCONNECTED, "%s", a->error);
		return;
	}
	for (size_t i = 0; i < ATTACH_WAITERS_MAX; i++) {
		if (a->waiters[i].ctx)
			continue;
		a->waiters[i].ctx = cx.ctx;
		vat_ctx_on_cancel(cx.ctx, on_wait_canceled, &a->waiters[i]);
		return;
	}
	vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many wait for this attachment");
}

const struct block_attachment_impl attach_impl = {
	.persistable =
		{
			.create_sturdy_ref = attach_create_sturdy_ref,
			.summary = attach_summary,
		},
	.waitable = {.wait = attachment_wait},
	.destroyable = {.destroy = attachment_destroy},
	.info = attachment_info,
	.detach = attachment_detach,
};

bool attach_answer(struct attachment *a)
{
	a->cap = block_attachment_serve(loop_of(a)->vat, &attach_impl, a, attach_released).cap;
	if (!a->cap) {
		struct err e = {};
		err_errno(&e, -ENOMEM, "answer");
		attach_fail(a, &e);
		return false;
	}
	log_info("attached %s as %s", a->source, *a->device ? a->device : "soon as it is there");
	struct block_block_service_admin_attach_ctx cx = {TAKE_PTR(a->ctx)};
	block_block_service_admin_attach_results_set_attachment(
		block_block_service_admin_attach_results(cx), (struct block_attachment_c){a->cap});
	vat_cap_unref(a->cap);
	vat_ctx_return(cx.ctx);
	return true;
}
