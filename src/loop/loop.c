/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: link.h.
 *
 * Two event sources share the vat's work.  `post` runs before the loop would sleep, whenever any
 * source was dispatched: whatever a handler did to the vat (a call, an answer, input read) is
 * carried on then, and what came out of it is written in one go for each link.  `work` is deferred
 * and enabled on demand: when a turn leaves something over, so that other sources get their
 * share in between, and when the vat is used from outside the loop.
 */
#include "loop/loop-internal.h"

#include <signal.h>
#include <systemd/sd-id128.h>

enum { TURN_DELIVERIES = 256 }; /* of the vat before sockets and timers are looked at again */

static void enable_work(struct loop *l)
{
	/* Fails only for a loop that has ended. */
	(void)sd_event_source_set_enabled(l->work, SD_EVENT_ONESHOT);
}

void loop_wake(struct loop *l)
{
	((struct links *)l->links)->woken = true;
	/* While a source is being dispatched, `post` is sure to come. */
	if (sd_event_get_state(l->event) != SD_EVENT_RUNNING)
		enable_work(l);
}

static void on_wakeup(void *user)
{
	loop_wake(user);
}

static void turn(struct loop *l)
{
	struct links *links = l->links;
	links->woken = false;
	bool more = vat_run(l->vat, TURN_DELIVERIES);
	links_flush(l);
	if (more || links->woken)
		enable_work(l);
}

static int on_work(sd_event_source *source, void *user)
{
	return 0; /* `post` follows */
}

static int on_post(sd_event_source *source, void *user)
{
	turn(user);
	return 0;
}

static int block_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -errno : 0;
}

static int set_up(struct loop *l)
{
	struct links *links = calloc(1, sizeof(*links));
	if (!links)
		return -ENOMEM;
	list_init(&links->all);
	list_init(&links->dirty);
	list_init(&links->ended);
	l->links = links;
	int r = block_signals();
	if (r >= 0)
		r = sd_event_new(&l->event);
	if (r >= 0)
		r = sd_event_add_defer(l->event, &l->work, on_work, l);
	if (r >= 0)
		r = sd_event_add_post(l->event, &links->post, on_post, l);
	if (r < 0)
		return r;
	l->vat = vat_new(&(struct vat_config){.wakeup = on_wakeup, .user = l});
	return l->vat ? 0 : -ENOMEM;
}

int loop_init(struct loop *l)
{
	*l = (struct loop){0};
	/* sd-event asks for it at the first timer, from a file; it is remembered. A process that
	 * has locked itself down by then may not open files any more. */
	sd_id128_t boot;
	(void)sd_id128_get_boot(&boot);
	int r = set_up(l);
	if (r < 0)
		loop_done(l);
	return r;
}

/* Destructors of objects run from vat_run; they may release others, which takes turns. */
static void run_destructors(struct loop *l)
{
	for (unsigned i = 0; i < 4096 && vat_run(l->vat, 0); i++)
		links_free_all(l);
	links_free_all(l);
}

void loop_done(struct loop *l)
{
	if (!l->links)
		return;
	if (l->vat) {
		links_free_all(l);
		run_destructors(l);
		vat_free(l->vat);
	}
	struct links *links = l->links;
	sd_event_source_disable_unref(links->post);
	sd_event_source_disable_unref(l->work);
	sd_event_unref(l->event);
	free(links);
	*l = (struct loop){0};
}

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int loop_wait(struct loop *l, const bool *done, uint64_t timeout_us)
{
	uint64_t deadline = timeout_us ? now_us() + timeout_us : UINT64_MAX;
	while (!*done) {
		if (sd_event_get_state(l->event) == SD_EVENT_FINISHED)
			return -ECANCELED;
		uint64_t now = deadline == UINT64_MAX ? 0 : now_us();
		if (now >= deadline)
			return -ETIMEDOUT;
		int r = sd_event_run(
			l->event, deadline == UINT64_MAX ? UINT64_MAX : deadline - now);
		if (r < 0)
			return r;
	}
	return 0;
}
