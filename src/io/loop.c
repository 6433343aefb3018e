/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: loop.h.
 */
#include "io/loop.h"

#include <sys/eventfd.h>
#include <time.h>

/* ---- what is waited for --------------------------------------------------------------------- */

int watch_add(struct vat_loop *l, struct watch *w)
{
	struct epoll_event e = {.events = w->events, .data.ptr = w};
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->fd, &e) < 0)
		return -errno;
	l->n_watches++;
	return 0;
}

int watch_set(struct vat_loop *l, struct watch *w, uint32_t events)
{
	if (events == w->events)
		return 0;
	struct epoll_event e = {.events = events, .data.ptr = w};
	if (epoll_ctl(l->epoll, EPOLL_CTL_MOD, w->fd, &e) < 0)
		return -errno;
	w->events = events;
	return 0;
}

void watch_remove(struct vat_loop *l, struct watch *w)
{
	/* Closing would not do: another process may have the same socket. */
	(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	l->n_watches--;
	for (uint32_t i = l->next_event; i < l->n_events; i++)
		if (l->events[i].data.ptr == w)
			l->events[i].data.ptr = NULL;
}

/* ---- time ----------------------------------------------------------------------------------- */

uint64_t vat_loop_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t loop_now(struct vat_loop *l)
{
	if (!l->now)
		l->now = vat_loop_now();
	return l->now;
}

static void run_timers(struct vat_loop *l)
{
	if (!l->timers.n)
		return;
	struct timer *t;
	uint64_t now = loop_now(l);
	/* One that is set anew by its own function waits for another turn. */
	for (uint32_t n = l->timers.n; n && (t = timers_due(&l->timers, now)); n--)
		t->fn(t);
}

uint64_t vat_loop_timeout(struct vat_loop *l)
{
	if (loop_pending(l) || loop_stopped(l))
		return 0;
	uint64_t next = timers_next(&l->timers);
	if (next == UINT64_MAX)
		return UINT64_MAX;
	uint64_t now = vat_loop_now();
	return next > now ? next - now : 0;
}

/* ---- turns ---------------------------------------------------------------------------------- */

void loop_work(struct vat_loop *l)
{
	run_timers(l);
	for (unsigned i = 0; i < LOOP_PASSES && loop_pending(l); i++) {
		if (l->woken)
			l->woken = vat_run(l->vat, LOOP_DELIVERIES);
		struct list flush = LIST_INIT(flush), *it;
		list_splice(&flush, &l->dirty); /* one that has more to write comes again later */
		while ((it = list_pop(&flush)))
			loop_link_flush(list_entry(it, struct vat_link, queue));
		while ((it = list_pop(&l->ended)))
			loop_link_tell(list_entry(it, struct vat_link, queue));
	}
}

/* For epoll_wait: rounded up, so that a timer is due when it returns. */
static int milliseconds(uint64_t us)
{
	if (us == UINT64_MAX)
		return -1;
	uint64_t ms = us / 1000 + (us % 1000 > 0);
	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static void dispatch(struct vat_loop *l)
{
	while (l->next_event < l->n_events) {
		struct epoll_event *e = &l->events[l->next_event++];
		struct watch *w = e->data.ptr;
		if (w)
			w->ready(w, e->events);
	}
	l->n_events = l->next_event = 0;
}

int vat_loop_turn(struct vat_loop *l, uint64_t timeout_us)
{
	assert(!l->running);
	l->running = true;
	l->now = 0;
	uint64_t wait = vat_loop_timeout(l);
	if (!wait) /* what is done now may be what the caller waits for */
		loop_work(l);
	int n = epoll_wait(l->epoll, l->events, LOOP_EVENTS, milliseconds(MIN(wait, timeout_us)));
	int r = n < 0 && errno != EINTR ? -errno : 0;
	l->n_events = n > 0 ? (uint32_t)n : 0;
	l->next_event = 0;
	l->now = 0;
	dispatch(l);
	loop_work(l);
	l->running = false;
	return r;
}

bool loop_stopped(struct vat_loop *l)
{
	return __atomic_load_n(&l->stop, __ATOMIC_ACQUIRE);
}

int vat_loop_run(struct vat_loop *l)
{
	while (!loop_stopped(l)) {
		if (!l->n_watches && !l->timers.n && !loop_pending(l))
			return -EDEADLK;
		int r = vat_loop_turn(l, UINT64_MAX);
		if (r < 0)
			return r;
	}
	__atomic_store_n(&l->stop, 0, __ATOMIC_RELEASE);
	return 0;
}

void vat_loop_stop(struct vat_loop *l)
{
	static const uint64_t one = 1;
	int saved = errno;
	__atomic_store_n(&l->stop, 1, __ATOMIC_RELEASE);
	ssize_t n = write(l->stopper.fd, &one, sizeof(one)); /* full: it is readable as it is */
	(void)n;
	errno = saved;
}

static void on_stopper(struct watch *w, uint32_t revents)
{
	uint64_t n;
	ssize_t r = read(w->fd, &n, sizeof(n));
	(void)r;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void on_wakeup(void *user)
{
	((struct vat_loop *)user)->woken = true;
}

static int set_up(struct vat_loop *l)
{
	list_init(&l->links);
	list_init(&l->dirty);
	list_init(&l->ended);
	list_init(&l->listeners);
	list_init(&l->fds);
	list_init(&l->user_timers);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		return -errno;
	l->stopper = (struct watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.events = EPOLLIN,
		.ready = on_stopper};
	if (l->stopper.fd < 0)
		return -errno;
	int r = watch_add(l, &l->stopper);
	if (r < 0)
		return r;
	l->n_watches = 0;
	l->vat = vat_new(&(struct vat_config){.wakeup = on_wakeup, .user = l});
	return l->vat ? 0 : -ENOMEM;
}

int vat_loop_new(struct vat_loop **ret)
{
	struct vat_loop *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->stopper.fd = l->epoll = -EBADF;
	int r = set_up(l);
	if (r < 0) {
		vat_loop_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

static void free_members(struct vat_loop *l)
{
	while (!list_empty(&l->listeners))
		vat_listener_free(list_entry(l->listeners.next, struct vat_listener, list));
	while (!list_empty(&l->links))
		vat_link_free(list_entry(l->links.next, struct vat_link, list));
}

void vat_loop_free(struct vat_loop *l)
{
	if (!l)
		return;
	assert(!l->running);
	if (l->vat) {
		free_members(l);
		/* Destructors of objects run from vat_run; they may release others. */
		for (unsigned i = 0; i < 4096 && vat_run(l->vat, 0); i++)
			free_members(l);
		free_members(l);
		vat_free(l->vat);
	}
	while (!list_empty(&l->fds))
		vat_fd_free(list_entry(l->fds.next, struct vat_fd, list));
	while (!list_empty(&l->user_timers))
		vat_timer_free(list_entry(l->user_timers.next, struct vat_timer, list));
	fd_close(l->stopper.fd);
	fd_close(l->epoll);
	free(l->timers.heap);
	free(l->error_text);
	free(l);
}

struct vat *vat_loop_vat(struct vat_loop *l)
{
	return l->vat;
}

int vat_loop_fd(const struct vat_loop *l)
{
	return l->epoll;
}
