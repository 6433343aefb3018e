/* SPDX-License-Identifier: MIT */
/* Theory of operation: resize.h. */
#include "svc/fs/block/resize.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define LOOK_US (UINT64_C(2) * 1000000)
#define SOON_US \
	(UINT64_C(20) * 1000) /* after the kernel has told of something: others may follow */

static const uint32_t events = IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF;

struct block_resize {
	sd_event *event;
	struct block_exports *exports;
	struct list watches; /* that somebody waits for */
	unsigned n; /* who wait */
	sd_event_source *timer;
	uint64_t full; /* when all are looked at, microseconds of CLOCK_MONOTONIC */
};

/* ---- looking ------------------------------------------------------------------------------- */

static int on_event(sd_event_source *source, const struct inotify_event *event, void *user)
{
	struct block_resize_watch *w = user;
	/* The path may lead elsewhere from now on: watched again at the next look. */
	if (event->mask & (IN_MOVE_SELF | IN_DELETE_SELF | IN_IGNORED | IN_ATTRIB))
		w->src = sd_event_source_disable_unref(w->src);
	if (!w->soon)
		(void)sd_event_source_set_time_relative(w->all->timer, SOON_US);
	w->soon = true;
	return 0;
}

/* Without it the size is seen a little later. */
static void watch_file(struct block_resize_watch *w)
{
	struct stat st;
	AUTO_CLOSE int fd = view_open(&w->target->view, O_PATH, NULL);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		(void)sd_event_add_inotify_fd(w->all->event, &w->src, fd, events, on_event, w);
}

static void stop_waiting(struct block_resize_watch *w)
{
	list_unlink(&w->link);
	w->src = sd_event_source_disable_unref(w->src);
	w->soon = false;
}

static struct vat_ctx *take(struct block_resize_waiter *p)
{
	struct block_resize_watch *w = p->watch;
	w->all->n--;
	if (!--w->n)
		stop_waiting(w);
	return TAKE_PTR(p->ctx);
}

static void answer(struct vat_ctx *ctx, uint64_t size)
{
	struct block_block_device_size_changed_ctx cx = {ctx};
	block_block_device_size_changed_results_set_size(
		block_block_device_size_changed_results(cx), size);
	vat_ctx_return(ctx);
}

static void answer_all(struct block_resize_watch *w, uint64_t size)
{
	w->size = size;
	for (size_t i = 0; i < ARRAY_SIZE(w->waiters); i++)
		if (w->waiters[i].ctx && w->waiters[i].known != size)
			answer(take(&w->waiters[i]), size);
}

/* A file that is not there at the moment may come back. */
static void look(struct block_resize_watch *w)
{
	struct block_identity id;
	uint64_t size = 0;
	w->soon = false;
	if (!block_target_is_raw(w->target))
		return;
	if (!w->src)
		watch_file(w);
	if (block_target_size(w->target, &id, &size) < 0)
		return;
	if (size != w->size)
		block_exports_resized(w->all->exports, &id);
	answer_all(w, size);
}

void block_resize_tell(struct block_resize *z, const struct block_target *target, uint64_t size)
{
	list_for_each_safe (it, &z->watches) {
		struct block_resize_watch *w = list_entry(it, struct block_resize_watch, link);
		if (!strcmp(w->target->view.path, target->view.path) &&
			!strcmp(w->target->format, target->format))
			answer_all(w, size);
	}
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct block_resize *z = user;
	uint64_t now = 0;
	(void)sd_event_now(z->event, CLOCK_MONOTONIC, &now);
	bool full = now >= z->full;
	if (full)
		z->full = now + LOOK_US;
	list_for_each_safe (it, &z->watches) {
		struct block_resize_watch *w = list_entry(it, struct block_resize_watch, link);
		if (full || w->soon)
			look(w);
	}
	if (list_empty(&z->watches))
		return 0; /* off until somebody waits */
	(void)sd_event_source_set_time(source, z->full);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void look_regularly(struct block_resize *z)
{
	int on = SD_EVENT_OFF;
	(void)sd_event_source_get_enabled(z->timer, &on);
	if (on != SD_EVENT_OFF)
		return;
	(void)sd_event_now(z->event, CLOCK_MONOTONIC, &z->full);
	z->full += LOOK_US;
	(void)sd_event_source_set_time(z->timer, z->full);
	(void)sd_event_source_set_enabled(z->timer, SD_EVENT_ONESHOT);
}

/* ---- waiting ------------------------------------------------------------------------------- */

static void on_cancel(void *user)
{
	vat_ctx_fail(take(user), VAT_FAILED, "canceled");
}

static struct block_resize_waiter *free_place(struct block_resize_watch *w)
{
	if (w->all->n >= BLOCK_RESIZE_ALL_MAX)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(w->waiters); i++)
		if (!w->waiters[i].ctx)
			return &w->waiters[i];
	return NULL;
}

void block_resize_wait(struct block_resize *z, struct block_resize_watch *w,
	const struct block_target *target, uint64_t known, struct vat_ctx *ctx)
{
	struct block_identity id;
	uint64_t size = 0;
	int r = block_target_size(target, &id, &size);
	if (r < 0) {
		vat_ctx_fail(ctx, VAT_FAILED, "%s: %s", target->view.path, strerror(-r));
		return;
	}
	if (size != known) {
		answer(ctx, size);
		return;
	}
	block_resize_park(z, w, target, size, ctx);
}

void block_resize_park(struct block_resize *z, struct block_resize_watch *w,
	const struct block_target *target, uint64_t known, struct vat_ctx *ctx)
{
	w->all = z;
	w->target = target;
	struct block_resize_waiter *p = free_place(w);
	if (!p) {
		vat_ctx_fail(ctx, VAT_OVERLOADED, "too many wait for another size");
		return;
	}
	*p = (struct block_resize_waiter){w, ctx, known};
	z->n++;
	if (!w->n++) {
		list_append(&z->watches, &w->link);
		w->size = known;
		if (block_target_is_raw(target))
			watch_file(w);
		look_regularly(z);
	}
	vat_ctx_on_cancel(ctx, on_cancel, p);
}

void block_resize_watch_done(struct block_resize_watch *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(w->waiters); i++)
		if (w->waiters[i].ctx)
			vat_ctx_fail(take(&w->waiters[i]), VAT_DISCONNECTED, "dropped");
}

struct block_resize *block_resize_new(sd_event *event, struct block_exports *exports)
{
	struct block_resize *z = calloc(1, sizeof(*z));
	if (!z)
		return NULL;
	*z = (struct block_resize){.event = event, .exports = exports};
	list_init(&z->watches);
	if (sd_event_add_time_relative(event, &z->timer, CLOCK_MONOTONIC, LOOK_US, 0, on_timer, z) <
		0) {
		free(z);
		return NULL;
	}
	(void)sd_event_source_set_enabled(z->timer, SD_EVENT_OFF);
	return z;
}

void block_resize_free(struct block_resize *z)
{
	if (!z)
		return;
	while (!list_empty(&z->watches))
		block_resize_watch_done(
			list_entry(z->watches.next, struct block_resize_watch, link));
	sd_event_source_disable_unref(z->timer);
	free(z);
}
