/* SPDX-License-Identifier: MIT */
/*
 * A connection that a loop drives: a struct vat_io that is waited for with epoll, is put on the
 * list of dirty links when it has something to say, and has a timer for what may not last for ever.
 */
#include "io/loop.h"

static void on_wakeup(void *user)
{
	struct vat_link *k = user;
	if (list_empty(&k->queue) && !k->told)
		list_append(&k->loop->dirty, &k->queue);
}

/* What concerns the clock may have changed. */
static void update_clock(struct vat_link *k)
{
	if (!vat_io_needs_clock(&k->io))
		return;
	uint64_t at = vat_io_clock(&k->io, loop_now(k->loop));
	/* One that runs too early finds out when it fires. */
	if (!k->timer.place || k->timer.at > at)
		timers_set(&k->loop->timers, &k->timer, at);
}

static void on_timer(struct timer *t)
{
	struct vat_link *k = container_of(t, struct vat_link, timer);
	timers_set(&k->loop->timers, t, vat_io_clock(&k->io, loop_now(k->loop)));
}

static void on_ready(struct watch *w, uint32_t revents)
{
	struct vat_link *k = container_of(w, struct vat_link, watch);
	vat_io_ready(&k->io, (short)revents); /* EPOLLIN is POLLIN, and so on */
	on_wakeup(k); /* the events wanted may have changed */
}

void loop_link_flush(struct vat_link *k)
{
	const struct vat_error *err;
	struct vat_loop *l = k->loop;
	if (vat_io_flush(&k->io))
		on_wakeup(k);
	update_clock(k);
	if (vat_io_ended(&k->io, &err)) {
		list_unlink(&k->queue);
		list_append(&l->ended, &k->queue);
		return;
	}
	/* Fails only for want of memory; the next flush tries again. */
	if (watch_set(l, &k->watch, (uint32_t)vat_io_events(&k->io)) < 0)
		on_wakeup(k);
}

/* It takes part in nothing any more. */
static void drop_socket(struct vat_link *k)
{
	if (k->told)
		return;
	k->told = true;
	watch_remove(k->loop, &k->watch);
	timers_remove(&k->loop->timers, &k->timer);
	if (k->listener)
		listener_leave(k->listener);
	k->listener = NULL;
	io_close(&k->io);
}

void loop_link_tell(struct vat_link *k)
{
	const struct vat_error *err;
	bool ended = vat_io_ended(&k->io, &err);
	assert(ended);
	drop_socket(k);
	k->telling = true;
	if (k->closed)
		k->closed(k->user, k, err);
	k->telling = false;
	if (!k->owned)
		vat_link_free(k);
}

int loop_link_new(struct vat_loop *l, int fd, int kind, const struct vat_link_config *cfg,
	struct vat_cap *bootstrap, struct vat_link **ret)
{
	struct vat_link *k = calloc(1, sizeof(*k));
	if (!k) {
		fd_close(fd);
		return -ENOMEM;
	}
	k->loop = l;
	k->closed = cfg->closed;
	k->user = cfg->user;
	list_init(&k->queue);
	struct vat_io_config io = {.limits = cfg->limits,
		.bootstrap = bootstrap,
		.partial_timeout_us = cfg->partial_timeout_us,
		.no_tail_calls = cfg->no_tail_calls,
		.trace = cfg->trace,
		.trace_user = cfg->trace_user,
		.wakeup = on_wakeup,
		.user = k};
	int r = io_init(&k->io, l->vat, fd, kind, &io);
	if (r < 0) {
		free(k);
		return r;
	}
	list_append(&l->links, &k->list);
	k->watch = (struct watch){.fd = fd, .events = EPOLLIN, .ready = on_ready};
	r = timers_add(&l->timers, &k->timer, on_timer);
	if (r >= 0) {
		r = watch_add(l, &k->watch);
		if (r < 0)
			timers_remove(&l->timers, &k->timer);
	}
	if (r < 0) {
		list_unlink(&k->list);
		io_done(&k->io);
		free(k);
		return r;
	}
	k->owned = ret;
	if (ret)
		*ret = k;
	return 0;
}

int vat_loop_add(
	struct vat_loop *l, int fd, const struct vat_link_config *cfg, struct vat_link **ret)
{
	static const struct vat_link_config none;
	cfg = cfg ? cfg : &none;
	return loop_link_new(l, fd, IO_NEW, cfg, cfg->bootstrap, ret);
}

void vat_link_free(struct vat_link *k)
{
	if (!k)
		return;
	k->owned = false;
	if (k->telling)
		return;
	drop_socket(k);
	list_unlink(&k->list);
	list_unlink(&k->queue);
	io_done(&k->io);
	free(k);
}

struct vat_conn *vat_link_conn(struct vat_link *k)
{
	return vat_io_conn(&k->io);
}

int vat_link_fd(const struct vat_link *k)
{
	return vat_io_fd(&k->io);
}

struct vat_cap *vat_link_bootstrap(struct vat_link *k)
{
	return vat_conn_bootstrap(vat_io_conn(&k->io));
}
