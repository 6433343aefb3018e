/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: pump-worker.h.  What the service does not take at once waits here, in order.
 */
#include "core/pump-worker.h"
#include "core/pump-control.h"
#include "sys/pump.h"

#include <sys/epoll.h>

struct said { /* an ENDED that waits */
	uint32_t id;
	int32_t error;
	uint64_t bytes[2];
};

struct worker {
	int control;
	struct pump *pump;
	struct said *waiting; /* a ring of n_slots; one for each pair at most */
	size_t n_slots, first, n_waiting;
	bool broken; /* memory was out for what has to be said */
};

/* ---- telling ------------------------------------------------------------------------------- */

static int tell(struct worker *w)
{
	while (w->n_waiting) {
		const struct said *s = &w->waiting[w->first];
		const struct pump_message m = {.type = PUMP_ENDED,
			.id = s->id,
			.error = s->error,
			.bytes = {s->bytes[0], s->bytes[1]}};
		int r = pump_message_send(w->control, &m, NULL);
		if (r < 0)
			return r;
		w->first = (w->first + 1) % w->n_slots;
		w->n_waiting--;
	}
	return 0;
}

/* The service does not use an id again before it was told: there are no more of these than ids. */
static bool make_room(struct worker *w)
{
	if (w->n_waiting < w->n_slots)
		return true;
	size_t n = MAX(2 * w->n_slots, (size_t)64);
	struct said *grown = w->n_slots < PUMP_PAIRS_MAX ? calloc(n, sizeof(*grown)) : NULL;
	if (!grown)
		return false;
	for (size_t i = 0; i < w->n_waiting; i++)
		grown[i] = w->waiting[(w->first + i) % w->n_slots];
	free(w->waiting);
	w->waiting = grown;
	w->n_slots = n;
	w->first = 0;
	return true;
}

static void on_ended(void *user, uint32_t id, int error, const uint64_t bytes[2])
{
	struct worker *w = user;
	if (!make_room(w)) {
		w->broken = true;
		return;
	}
	w->waiting[(w->first + w->n_waiting++) % w->n_slots] =
		(struct said){.id = id, .error = (int32_t)-error, .bytes = {bytes[0], bytes[1]}};
}

/* ---- being told ---------------------------------------------------------------------------- */

/* 0: no more for now. */
static int handle_control(struct worker *w)
{
	static const uint64_t none[2];
	for (;;) {
		struct pump_message m;
		int fds[2];
		int r = pump_message_recv(w->control, &m, fds);
		if (r == -EAGAIN)
			return 0;
		if (r == -EMFILE) {
			on_ended(w, m.id, r, none);
			continue;
		}
		if (r <= 0)
			return r ? r : -EPIPE;
		if (m.type == PUMP_CUT) {
			(void)pump_cut(w->pump, m.id); /* it may have ended by itself */
			continue;
		}
		r = m.type == PUMP_ADD ? pump_add(w->pump, m.id, fds[0], fds[1]) : -EPROTO;
		if (r == -EPROTO || r == -EEXIST || r == -EINVAL)
			return r;
		if (r < 0)
			on_ended(w, m.id, r, none);
	}
}

static int run(struct worker *w)
{
	uint32_t interest = EPOLLIN;
	int r = pump_watch(w->pump, w->control, interest);
	while (r >= 0) {
		int events = pump_step(w->pump, -1);
		r = events < 0 ? events : 0;
		if (events > 0 && (events & ~EPOLLOUT))
			r = handle_control(w);
		if (r >= 0)
			r = tell(w);
		uint32_t next = EPOLLIN | (r == -EAGAIN ? EPOLLOUT : 0);
		if (r == -EAGAIN)
			r = 0;
		if (r >= 0 && next != interest)
			r = pump_watch(w->pump, w->control, interest = next);
		if (w->broken)
			r = -ENOMEM;
	}
	return r;
}

int pump_worker_run(int control)
{
	struct worker w = {.control = control};
	int r = pump_new(PUMP_PIPES_MAX, on_ended, &w, &w.pump);
	if (r >= 0)
		r = run(&w);
	pump_free(w.pump);
	free(w.waiting);
	return r == -EPIPE ? 0 : r;
}
