/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: link.h.  A link is a struct vat_io with event sources: one for the socket,
 * one for the clock.  One that has something to say, or whose socket had, is put on the list of
 * dirty links, and only those are looked at when a turn ends (links_flush).  No user code runs
 * inside the handlers here, only in vat_run() and in links_flush().
 */
#include "io/io.h"
#include "loop/loop-internal.h"

struct link {
	struct list list; /* in links->all */
	struct list queue; /* in links->dirty or ->ended */
	struct loop *loop;
	struct link_config cfg;
	struct vat_io *io;
	sd_event_source *socket, *timer;
	uint32_t events; /* what socket waits for */
	bool told;
};

/* Something is to be written, or the end to be noticed. */
static void on_wakeup(void *user)
{
	struct link *k = user;
	if (!list_empty(&k->queue) || k->told)
		return;
	list_append(&((struct links *)k->loop->links)->dirty, &k->queue);
	loop_wake(k->loop);
}

static uint64_t link_now(struct link *k)
{
	uint64_t now = 0;
	(void)sd_event_now(k->loop->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void arm_timer(struct link *k, uint64_t at)
{
	if (at != UINT64_MAX && sd_event_source_set_time(k->timer, at) >= 0)
		(void)sd_event_source_set_enabled(k->timer, SD_EVENT_ONESHOT);
}

static void update_clock(struct link *k)
{
	uint64_t running = UINT64_MAX;
	int enabled = SD_EVENT_OFF;
	if (!vat_io_needs_clock(k->io))
		return;
	uint64_t at = vat_io_clock(k->io, link_now(k));
	(void)sd_event_source_get_enabled(k->timer, &enabled);
	if (enabled != SD_EVENT_OFF)
		(void)sd_event_source_get_time(k->timer, &running);
	if (at < running) /* one that runs too early finds out when it fires */
		arm_timer(k, at);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct link *k = user;
	arm_timer(k, vat_io_clock(k->io, link_now(k)));
	return 0;
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct link *k = user;
	vat_io_ready(k->io, (short)revents); /* EPOLLIN is POLLIN, and so on */
	on_wakeup(k); /* the events wanted may have changed */
	return 0;
}

/* False: no memory. */
static bool update_events(struct link *k)
{
	uint32_t events = (uint32_t)vat_io_events(k->io);
	if (events != k->events && sd_event_source_set_io_events(k->socket, events) < 0)
		return false;
	k->events = events;
	return true;
}

static void link_flush(struct link *k)
{
	if (vat_io_flush(k->io))
		on_wakeup(k);
	update_clock(k);
	if (vat_io_ended(k->io, NULL)) {
		(void)sd_event_source_set_enabled(k->socket, SD_EVENT_OFF);
		(void)sd_event_source_set_enabled(k->timer, SD_EVENT_OFF);
		list_unlink(&k->queue);
		list_append(&((struct links *)k->loop->links)->ended, &k->queue);
	} else if (!update_events(k)) {
		on_wakeup(k);
	}
}

static void tell_user(struct link *k)
{
	const struct vat_error *err;
	k->told = true;
	if (vat_io_ended(k->io, &err) && k->cfg.closed)
		k->cfg.closed(k->cfg.user, k, err);
}

void links_flush(struct loop *l)
{
	struct links *links = l->links;
	struct list flush = LIST_INIT(flush), *it;
	list_splice(&flush, &links->dirty); /* one that has more to write comes again later */
	while ((it = list_pop(&flush)))
		link_flush(list_entry(it, struct link, queue));
	while ((it = list_pop(&links->ended))) /* told ones may free any */
		tell_user(list_entry(it, struct link, queue));
}

/* ---- life ---------------------------------------------------------------------------------- */

static int set_up(struct link *k, int fd)
{
	struct vat_io_config cfg = {
		.limits = k->cfg.limits,
		.bootstrap = k->cfg.bootstrap,
		.partial_timeout_us = k->cfg.partial_timeout_us,
		.wakeup = on_wakeup,
		.user = k,
	};
	int r = vat_io_new(k->loop->vat, fd, &cfg, &k->io);
	if (r < 0)
		return r;
	k->events = EPOLLIN;
	r = sd_event_add_io(k->loop->event, &k->socket, fd, k->events, on_socket, k);
	if (r >= 0)
		r = sd_event_add_time(
			k->loop->event, &k->timer, CLOCK_MONOTONIC, 0, 0, on_timer, k);
	if (r >= 0)
		r = sd_event_source_set_enabled(k->timer, SD_EVENT_OFF);
	return r;
}

int link_new(struct loop *l, int fd, const struct link_config *cfg, struct link **ret)
{
	struct link *k = calloc(1, sizeof(*k));
	if (!k) {
		fd_close(fd);
		return -ENOMEM;
	}
	k->loop = l;
	k->cfg = *cfg;
	list_init(&k->list);
	list_init(&k->queue);
	int r = set_up(k, fd);
	if (r < 0) {
		link_free(k);
		return r;
	}
	list_append(&((struct links *)l->links)->all, &k->list);
	*ret = k;
	return 0;
}

void link_free(struct link *k)
{
	if (!k)
		return;
	k->told = true; /* wakes nobody any more */
	list_unlink(&k->list);
	list_unlink(&k->queue);
	sd_event_source_disable_unref(k->socket);
	sd_event_source_disable_unref(k->timer);
	vat_io_free(k->io);
	free(k);
}

struct vat_conn *link_conn(struct link *k)
{
	return vat_io_conn(k->io);
}

struct link *link_of(const struct vat_conn *c)
{
	const struct vat_io *io = vat_conn_user(c);
	return io->user;
}

unsigned link_kind(const struct link *k)
{
	return k->cfg.kind;
}

int link_fd(const struct link *k)
{
	return vat_io_fd(k->io);
}

void links_free_all(struct loop *l)
{
	struct links *links = l->links;
	while (!list_empty(&links->all))
		link_free(list_entry(links->all.next, struct link, list));
}
