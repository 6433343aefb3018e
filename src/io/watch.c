/* SPDX-License-Identifier: MIT */
/*
 * What the user of a loop adds to it: descriptors and timers.
 */
#include "io/loop.h"

static void on_ready(struct watch *w, uint32_t revents)
{
	struct vat_fd *f = container_of(w, struct vat_fd, watch);
	f->fn(f->user, revents);
}

int vat_loop_add_fd(struct vat_loop *l, int fd, uint32_t events,
	void (*fn)(void *user, uint32_t revents), void *user, struct vat_fd **ret)
{
	struct vat_fd *f = malloc(sizeof(*f));
	if (!f)
		return -ENOMEM;
	*f = (struct vat_fd){.watch = {.fd = fd, .events = events, .ready = on_ready},
		.loop = l,
		.fn = fn,
		.user = user};
	int r = watch_add(l, &f->watch);
	if (r < 0) {
		free(f);
		return r;
	}
	list_append(&l->fds, &f->list);
	*ret = f;
	return 0;
}

int vat_fd_set(struct vat_fd *f, uint32_t events)
{
	return watch_set(f->loop, &f->watch, events);
}

void vat_fd_free(struct vat_fd *f)
{
	if (!f)
		return;
	watch_remove(f->loop, &f->watch);
	list_unlink(&f->list);
	free(f);
}

static void on_timer(struct timer *timer)
{
	struct vat_timer *t = container_of(timer, struct vat_timer, timer);
	t->fn(t->user);
}

int vat_loop_add_timer(
	struct vat_loop *l, void (*fn)(void *user), void *user, struct vat_timer **ret)
{
	struct vat_timer *t = malloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = (struct vat_timer){.loop = l, .fn = fn, .user = user};
	int r = timers_add(&l->timers, &t->timer, on_timer);
	if (r < 0) {
		free(t);
		return r;
	}
	list_append(&l->user_timers, &t->list);
	*ret = t;
	return 0;
}

void vat_timer_set(struct vat_timer *t, uint64_t after_us)
{
	uint64_t now = after_us == UINT64_MAX ? 0 : vat_loop_now();
	timers_set(&t->loop->timers, &t->timer,
		after_us >= UINT64_MAX - now ? UINT64_MAX : now + after_us);
}

void vat_timer_free(struct vat_timer *t)
{
	if (!t)
		return;
	timers_remove(&t->loop->timers, &t->timer);
	list_unlink(&t->list);
	free(t);
}
