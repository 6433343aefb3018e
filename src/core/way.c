/* SPDX-License-Identifier: MIT */
/* Theory of operation: way.h. */
#include "core/way.h"
#include "base/log.h"
#include "core/service.h"

#include <fcntl.h>
#include <sodium.h>

struct way {
	struct way_config cfg;
	struct vat_cap *object;
	struct ref *ref;
	bool was_open; /* ever */
	uint64_t backoff_us;

	/* one try */
	bool local, fetched;
	struct vat_call *call;
	struct stream_opening *opening;
	struct vat_cap *carrier, *offer; /* of a descriptor */
	struct vat_watch *watch;
	struct fetch *fetch;
	sd_event_source *timer; /* of the stage, or of the back-off */
};

static struct loop *loop_of(const struct way *w)
{
	return w->cfg.loop;
}

void way_stop(struct way *w)
{
	vat_call_free(TAKE_PTR(w->call));
	stream_opening_free(TAKE_PTR(w->opening));
	vat_watch_free(TAKE_PTR(w->watch));
	w->carrier = vat_cap_unref(w->carrier);
	w->offer = vat_cap_unref(w->offer);
	fetch_free(TAKE_PTR(w->fetch));
	w->timer = sd_event_source_disable_unref(w->timer);
}

bool way_is_idle(const struct way *w)
{
	return !w->call && !w->opening && !w->watch && !w->fetch && !w->timer;
}

/* ---- outcomes; both may free w ------------------------------------------------------------- */

static void succeed(struct way *w, int fd, struct vat_cap *end)
{
	w->was_open = true;
	way_stop(w);
	w->cfg.opened(w->cfg.user, fd, end);
}

static void give_up(struct way *w, enum way_miss miss, const struct err *e)
{
	struct err copy = *e;
	way_stop(w);
	w->cfg.missed(w->cfg.user, miss, &copy);
}

static void fetch_object(struct way *w);

/* Who says so is the other side: that nobody answers, or can be connected to, may pass. */
static bool is_gone(const struct err *e)
{
	return e->kind == ERR_DISCONNECTED && (e->code == -EREMOTEIO || e->code == -ENOTCONN);
}

/* So ends what was given by a reference that is void: the words of the persistence service
 * (svc/persistence/internal.h), maybe after those of others. */
static enum way_miss kind_of_loss(const char *text)
{
	const char *end = strrchr(text, ' ') ? strrchr(text, ' ') + 1 : text;
	return !strcmp(end, "revoked") || !strcmp(end, "expired") ? WAY_MISS_REVOKED
								  : WAY_MISS_LOST;
}

/* The stage "in hand" has failed. */
static void fail(struct way *w, const struct err *e)
{
	struct err copy = *e;
	bool none = copy.kind == ERR_UNIMPLEMENTED || copy.code == -EOPNOTSUPP;
	/* Strangers may have asked for all there are. */
	if (w->local && (none || (copy.kind == ERR_OVERLOADED && !w->was_open))) {
		give_up(w, WAY_MISS_NOT_LOCAL, &copy);
		return;
	}
	way_stop(w);
	if (!w->fetched && w->ref) {
		fetch_object(w);
	} else if (!w->ref && is_gone(&copy)) {
		give_up(w, kind_of_loss(copy.msg), &copy);
	} else {
		give_up(w, WAY_MISS_TRY_AGAIN, &copy);
	}
}

void way_fail_vat(struct way *w, const struct vat_error *err)
{
	struct err e = {};
	err_set(&e, -EREMOTEIO, "%s", err->text);
	e.kind = (enum err_kind)err->kind;
	fail(w, &e);
}

void way_fail_code(struct way *w, int code, const char *what)
{
	struct err e = {};
	err_errno(&e, code, "%s", what);
	fail(w, &e);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	struct err e = {};
	err_set(&e, -ETIMEDOUT, "no answer in time");
	fail(user, &e);
	return 0;
}

static int set_timer(struct way *w, uint64_t us, sd_event_time_handler_t handler)
{
	w->timer = sd_event_source_disable_unref(w->timer);
	return sd_event_add_time_relative(
		loop_of(w)->event, &w->timer, CLOCK_MONOTONIC, us, 0, handler, w);
}

/* ---- what the object gives --------------------------------------------------------------------
 */

static void on_stream_open(void *user, int fd, struct vat_cap *end, const struct err *e)
{
	struct way *w = user;
	if (fd < 0)
		fail(w, e);
	else
		succeed(w, fd, end);
}

int way_stream(struct way *w, struct vat_cap *stream)
{
	stream_opening_free(TAKE_PTR(w->opening));
	return stream_open(loop_of(w), stream, service_address(w->cfg.service), on_stream_open, w,
		&w->opening);
}

static void on_carrier_settled(void *user, const struct vat_error *err)
{
	struct way *w = user;
	if (err) {
		way_fail_vat(w, err);
		return;
	}
	int fd = vat_cap_fd(w->carrier);
	fd = fd < 0 ? -EOPNOTSUPP : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		way_fail_code(w, fd == -EOPNOTSUPP ? fd : -errno, "it is not on this host");
	else
		succeed(w, fd, TAKE_PTR(w->offer));
}

void way_carrier(struct way *w, struct vat_cap *carrier, struct vat_cap *end)
{
	w->carrier = vat_cap_ref(carrier);
	w->offer = vat_cap_ref(end);
	vat_call_free(TAKE_PTR(w->call));
	w->watch = w->offer ? vat_cap_on_settled(w->carrier, on_carrier_settled, w) : NULL;
	if (!w->watch)
		way_fail_code(w, -EOPNOTSUPP, "it is not on this host");
}

void way_holder(struct way *w, struct vat_cap *end)
{
	succeed(w, -EBADF, vat_cap_ref(end));
}

void way_call(struct way *w, struct vat_call *takes)
{
	vat_call_free(w->call);
	w->call = takes;
}

/* ---- stages -------------------------------------------------------------------------------- */

static void open_object(struct way *w)
{
	uint64_t us = WAY_FETCH_US;
	if (!w->fetched)
		us = w->ref && w->was_open ? WAY_HAND_US : WAY_FIRST_US;
	int r = set_timer(w, us, on_timeout);
	if (r >= 0)
		r = w->cfg.ask(w->cfg.user, w, w->object, w->local);
	if (r < 0)
		way_fail_code(w, r, w->cfg.what);
}

static void on_fetched(void *user, struct vat_cap *object, const struct err *e)
{
	struct way *w = user;
	if (!object) {
		give_up(w, e->code == FETCH_REVOKED ? WAY_MISS_REVOKED : WAY_MISS_TRY_AGAIN, e);
		return;
	}
	fetch_free(TAKE_PTR(w->fetch));
	vat_cap_unref(w->object);
	w->object = w->cfg.narrow ? w->cfg.narrow(w->cfg.user, object) : object;
	open_object(w);
}

static void fetch_object(struct way *w)
{
	struct service *s = w->cfg.service;
	w->fetched = true;
	int r = fetch_new(
		loop_of(w), service_node(s), w->ref, WAY_FETCH_US, on_fetched, w, &w->fetch);
	if (r < 0)
		way_fail_code(w, r, "the reference");
}

static void lost(struct way *w)
{
	struct err e = {};
	struct vat_error why = {.text = ""};
	if (w->object)
		(void)vat_cap_is_broken(w->object, &why);
	enum way_miss miss = kind_of_loss(why.text);
	err_set(&e, -ENOTCONN, "%s is gone", w->cfg.what);
	give_up(w, miss, &e);
}

void way_open(struct way *w, bool local)
{
	way_stop(w);
	w->local = local;
	w->fetched = false;
	if (w->object && !vat_cap_is_broken(w->object, NULL))
		open_object(w);
	else if (w->ref)
		fetch_object(w);
	else
		lost(w);
}

static int on_backoff(sd_event_source *source, uint64_t usec, void *user)
{
	struct way *w = user;
	way_open(w, w->local);
	return 0;
}

void way_open_later(struct way *w, bool local)
{
	way_stop(w);
	w->local = local;
	/* Many that lost the same host do not come back all at once. */
	uint64_t us = w->backoff_us - randombytes_uniform((uint32_t)w->backoff_us / 4);
	w->backoff_us = MIN(w->backoff_us * 2, WAY_BACKOFF_MAX_US);
	if (set_timer(w, us, on_backoff) < 0)
		log_error("no timer to connect again");
}

void way_proven(struct way *w)
{
	w->backoff_us = WAY_BACKOFF_FIRST_US;
}

/* ---- what it leads to --------------------------------------------------------------------------
 */

void way_set_object(struct way *w, struct vat_cap *object)
{
	struct vat_cap *old = w->object;
	w->object = vat_cap_ref(object);
	vat_cap_unref(old);
}

struct vat_cap *way_object(const struct way *w)
{
	return w->object;
}

const struct ref *way_ref(const struct way *w)
{
	return w->ref;
}

void way_set_ref(struct way *w, struct ref *takes)
{
	ref_free(w->ref);
	w->ref = takes;
}

struct way *way_new(const struct way_config *cfg)
{
	AUTO(ref_free) struct ref *ref = cfg->ref;
	struct way *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->cfg = *cfg;
	w->ref = TAKE_PTR(ref);
	w->object = vat_cap_ref(cfg->object);
	w->backoff_us = WAY_BACKOFF_FIRST_US;
	return w;
}

void way_free(struct way *w)
{
	if (!w)
		return;
	way_stop(w);
	vat_cap_unref(w->object);
	ref_free(w->ref);
	free(w);
}
