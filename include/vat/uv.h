/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A struct vat_loop inside a libuv loop (not linked by libvat, so all of it is here; needs the
 * names of POSIX: -std=gnu11 or later, or _GNU_SOURCE).
 *
 * The loop's epoll instance is polled.  Before libuv sleeps, whatever is due in the vat loop is
 * done (so calls made from other callbacks go out), and a timer is set for what is due later.  The
 * vat loop is then not run by anybody else: no vat_loop_run(), vat_loop_call() ...
 */
#include <uv.h>
#include <vat/loop.h>

struct vat_uv {
	struct vat_loop *loop;
	uv_poll_t poll;
	uv_prepare_t prepare;
	uv_timer_t timer;
	unsigned open; /* handles */
	void (*closed)(struct vat_uv *a);
};

static inline void vat_uv_timer_(uv_timer_t *t)
{
	(void)vat_loop_turn(((struct vat_uv *)t->data)->loop, 0);
}

static inline void vat_uv_prepare_(uv_prepare_t *h)
{
	struct vat_uv *a = (struct vat_uv *)h->data;
	uint64_t us = vat_loop_timeout(a->loop);
	if (us == 0) /* and then libuv must not sleep: somebody may wait for what is done now */
		(void)vat_loop_turn(a->loop, 0);
	if (us == UINT64_MAX)
		uv_timer_stop(&a->timer);
	else
		uv_timer_start(&a->timer, vat_uv_timer_, us / 1000 + (us % 1000 > 0), 0);
}

static inline void vat_uv_poll_(uv_poll_t *h, int status, int events)
{
	(void)status, (void)events;
	(void)vat_loop_turn(((struct vat_uv *)h->data)->loop, 0);
}

static inline void vat_uv_closed_(uv_handle_t *h)
{
	struct vat_uv *a = (struct vat_uv *)h->data;
	if (!--a->open && a->closed)
		a->closed(a);
}

/* Takes the vat loop out. closed (may be NULL) is called when a may be freed; the vat loop may be
 * freed at once. Not to be called from within the vat loop. */
static inline void vat_uv_detach(struct vat_uv *a, void (*closed)(struct vat_uv *a))
{
	a->closed = closed;
	a->open = 3;
	uv_close((uv_handle_t *)&a->poll, vat_uv_closed_);
	uv_close((uv_handle_t *)&a->prepare, vat_uv_closed_);
	uv_close((uv_handle_t *)&a->timer, vat_uv_closed_);
}

/* a is the caller's and stays where it is until vat_uv_detach() has called back. 0 or libuv's
 * (negative) error; then nothing was attached. */
static inline int vat_uv_attach(struct vat_uv *a, struct vat_loop *l, uv_loop_t *uv)
{
	int r = uv_poll_init(uv, &a->poll, vat_loop_fd(l));
	if (r < 0)
		return r;
	a->loop = l;
	a->poll.data = a->prepare.data = a->timer.data = a;
	/* None of these fails for handles just made. */
	uv_prepare_init(uv, &a->prepare);
	uv_timer_init(uv, &a->timer);
	uv_prepare_start(&a->prepare, vat_uv_prepare_);
	return uv_poll_start(&a->poll, UV_READABLE, vat_uv_poll_);
}
