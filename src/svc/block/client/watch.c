/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: watch.h.  What was taken off in the middle of a turn has fd -EBADF, and is
 * passed over when its turn comes.
 */
#include "svc/block/client/watch.h"

#include <sys/epoll.h>
#include <time.h>

enum { EVENTS_MAX = 64 };

int watch_loop_init(struct watch_loop *l)
{
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return l->epoll_fd < 0 ? -errno : 0;
}

void watch_loop_done(struct watch_loop *l)
{
	l->epoll_fd = fd_close(l->epoll_fd);
}

int watch_loop_wait(struct watch_loop *l, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(l->epoll_fd, events, EVENTS_MAX, timeout_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct watch *w = events[i].data.ptr;
		if (w->fd >= 0)
			w->ready(w, events[i].events);
	}
	return 0;
}

int watch_add(struct watch_loop *l, struct watch *w, int fd, uint32_t events,
	void (*ready)(struct watch *, uint32_t))
{
	*w = (struct watch){.fd = fd, .events = events, .ready = ready, .loop = l};
	struct epoll_event e = {.events = events, .data.ptr = w};
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0) {
		w->fd = -EBADF;
		return -errno;
	}
	return 0;
}

void watch_want(struct watch *w, uint32_t events)
{
	if (w->fd < 0 || w->events == events)
		return;
	struct epoll_event e = {.events = events, .data.ptr = w};
	w->events = events;
	int r = epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &e);
	assert(r == 0); /* it is there, and takes no memory */
}

void watch_remove(struct watch *w)
{
	if (w->fd < 0 || !w->loop)
		return;
	(void)epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	w->fd = -EBADF;
}

uint64_t watch_now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int watch_earlier(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : MIN(a, b);
}
