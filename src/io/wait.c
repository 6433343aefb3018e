/* SPDX-License-Identifier: MIT */
/*
 * Waiting for one answer.
 *
 * With a single connection and nothing else in the loop, waiting is done in the read itself, so
 * that a call costs one write and one read.  The read comes back once a second to look whether it
 * is still wanted (a deadline nearer than that is waited for with epoll).
 */
#include "io/loop.h"

/* The link that alone can make anything happen, if it can be waited for in a read. */
static struct vat_link *only_link(struct vat_loop *l)
{
	if (l->n_watches != 1 || l->timers.n || list_empty(&l->links))
		return NULL;
	struct vat_link *k = list_entry(l->links.next, struct vat_link, list);
	return io_can_wait(&k->io) ? k : NULL;
}

/* What is to be said after the answer goes out together with the next call. */
static void read_turn(struct vat_loop *l, struct vat_link *k, const bool *done)
{
	l->running = true;
	l->now = 0;
	if (io_read_wait(&k->io) || !io_can_wait(&k->io)) {
		list_unlink(&k->queue);
		list_append(&l->dirty, &k->queue);
		if (l->woken)
			l->woken = vat_run(l->vat, LOOP_DELIVERIES);
		if (!*done)
			loop_work(l);
	}
	l->running = false;
}

static int wait_turn(struct vat_loop *l, const bool *done, uint64_t remaining)
{
	assert(!l->running);
	if (loop_pending(l))
		return vat_loop_turn(l, 0);
	if (!l->n_watches && !l->timers.n)
		return -EDEADLK;
	struct vat_link *k = remaining > IO_WAIT_US ? only_link(l) : NULL;
	if (!k)
		return vat_loop_turn(l, remaining);
	read_turn(l, k, done);
	return 0;
}

int vat_loop_wait(struct vat_loop *l, const bool *done, uint64_t timeout_us)
{
	uint64_t start = timeout_us ? vat_loop_now() : 0;
	uint64_t deadline =
		timeout_us && timeout_us < UINT64_MAX - start ? start + timeout_us : UINT64_MAX;
	bool fresh = true;
	/* What is due first, without waiting. */
	if (!*done && loop_pending(l)) {
		l->running = true;
		loop_work(l);
		l->running = false;
	}
	while (!*done) {
		if (loop_stopped(l)) {
			__atomic_store_n(&l->stop, 0, __ATOMIC_RELEASE);
			return -ECANCELED;
		}
		uint64_t now = deadline == UINT64_MAX ? 0 : fresh ? start : vat_loop_now();
		fresh = false;
		if (now >= deadline)
			return -ETIMEDOUT;
		int r = wait_turn(l, done, deadline == UINT64_MAX ? UINT64_MAX : deadline - now);
		if (r < 0)
			return r;
	}
	return 0;
}

struct waiter {
	struct vat_loop *loop;
	bool done, failed;
	enum vat_error_kind kind;
	struct vat_ptr_r results;
};

static void note(struct waiter *w, const struct vat_error *err)
{
	w->done = true;
	if (!err)
		return;
	w->failed = true;
	w->kind = err->kind;
	free(w->loop->error_text);
	w->loop->error_text = strdup(err->text);
}

static void on_answer(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct waiter *w = user;
	w->results = results;
	note(w, err);
}

static void on_settled(void *user, const struct vat_error *err)
{
	note(user, err);
}

static int tell(struct waiter *w, struct vat_error *ret_err)
{
	if (!w->failed)
		return 0;
	if (ret_err)
		*ret_err = (struct vat_error){.kind = w->kind,
			.text = w->loop->error_text ? w->loop->error_text : "out of memory"};
	return -EREMOTEIO;
}

int vat_loop_call(struct vat_loop *l, struct vat_call *call, uint64_t timeout_us,
	struct vat_ptr_r *ret, struct vat_error *ret_err)
{
	struct waiter w = {.loop = l};
	if (!call)
		return -ENOMEM;
	vat_call_send(call, on_answer, &w);
	int r = vat_loop_wait(l, &w.done, timeout_us);
	if (r < 0) {
		vat_call_notify(call, NULL, NULL);
		return r;
	}
	if (ret)
		*ret = w.results;
	return tell(&w, ret_err);
}

int vat_loop_settle(
	struct vat_loop *l, struct vat_cap *cap, uint64_t timeout_us, struct vat_error *ret_err)
{
	struct waiter w = {.loop = l};
	struct vat_watch *watch = vat_cap_on_settled(cap, on_settled, &w);
	if (!watch)
		return cap ? -ENOMEM : 0;
	int r = vat_loop_wait(l, &w.done, timeout_us);
	vat_watch_free(watch);
	return r < 0 ? r : tell(&w, ret_err);
}

const char *vat_loop_strerror(int r, const struct vat_error *err)
{
	switch (-r) {
	case EREMOTEIO:
		return err ? err->text : "the call failed";
	case EDEADLK:
		return "no connection is left that could answer";
	case ETIMEDOUT:
		return "no answer in time";
	case ECANCELED:
		return "stopped";
	default:
		return strerror(-r);
	}
}
