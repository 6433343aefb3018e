/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A struct vat_loop inside an sd-event loop (libsystemd; not linked by libvat, so all of it is
 * here).
 *
 * The loop's epoll instance is one event source.  Before sd-event sleeps, whatever is due in the
 * vat loop is done (so calls made from other sources go out), and a timer is set for what is due
 * later. The vat loop is then not run by anybody else: no vat_loop_run(), vat_loop_call() ...
 *
 * Needs the names of POSIX: -std=gnu11 or later, or _GNU_SOURCE defined before the first #include.
 */
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <vat/loop.h>

struct vat_sd_event {
	struct vat_loop *loop;
	sd_event_source *io, *timer;
};

static inline int vat_sd_event_prepare_(sd_event_source *source, void *user)
{
	struct vat_sd_event *a = (struct vat_sd_event *)user;
	(void)source;
	uint64_t us = vat_loop_timeout(a->loop);
	int r = 0;
	if (us == 0) /* and then sd-event must not sleep: somebody may wait for what is done now */
		r = vat_loop_turn(a->loop, 0);
	if (r >= 0 && us == UINT64_MAX)
		return sd_event_source_set_enabled(a->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_source_set_time_relative(a->timer, us);
	return r < 0 ? r : sd_event_source_set_enabled(a->timer, SD_EVENT_ONESHOT);
}

static inline int vat_sd_event_io_(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct vat_sd_event *a = (struct vat_sd_event *)user;
	(void)source, (void)fd, (void)revents;
	return vat_loop_turn(a->loop, 0);
}

static inline int vat_sd_event_timer_(sd_event_source *source, uint64_t usec, void *user)
{
	(void)source, (void)usec;
	return vat_loop_turn(((struct vat_sd_event *)user)->loop, 0);
}

/* NULLs are accepted: a may be attached in part, or not at all. The vat loop can be freed then. */
static inline void vat_sd_event_detach(struct vat_sd_event *a)
{
	a->io = sd_event_source_disable_unref(a->io);
	a->timer = sd_event_source_disable_unref(a->timer);
}

/* a is the caller's and stays where it is until vat_sd_event_detach(). 0 or negative errno. */
static inline int vat_sd_event_attach(struct vat_sd_event *a, struct vat_loop *l, sd_event *event)
{
	a->loop = l;
	a->io = a->timer = NULL;
	int r = sd_event_add_time_relative(
		event, &a->timer, CLOCK_MONOTONIC, 0, 1, vat_sd_event_timer_, a);
	if (r >= 0)
		r = sd_event_add_io(event, &a->io, vat_loop_fd(l), EPOLLIN, vat_sd_event_io_, a);
	if (r >= 0)
		r = sd_event_source_set_prepare(a->io, vat_sd_event_prepare_);
	if (r < 0)
		vat_sd_event_detach(a);
	return r < 0 ? r : 0;
}
