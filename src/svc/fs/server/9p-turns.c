/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: waiting threads are a stack, so that the one whose buffers are still in the
 * processor's cache is woken.  The relieving thread looks once a millisecond while turns are being
 * held, and sleeps when none has been for a while; so a held turn costs two short critical sections
 * and nothing else.
 */
#include "svc/fs/server/9p-turns.h"

#include <time.h>

enum { QUIET_LOOKS = 10 }; /* after which the relieving thread sleeps */

void p9_turns_init(struct p9_turns *ts, void (*relieved)(struct p9_turn *t))
{
	pthread_condattr_t attr;
	*ts = (struct p9_turns){.relieved = relieved};
	pthread_mutex_init(&ts->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ts->relief_wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&ts->relief_done, NULL);
}

void p9_turns_set_help(struct p9_turns *ts, int (*help)(struct p9_turns *ts))
{
	assert(!ts->relief_runs);
	ts->help = help;
}

void p9_turns_done(struct p9_turns *ts)
{
	assert(!ts->relief_runs);
	pthread_cond_destroy(&ts->relief_wake);
	pthread_cond_destroy(&ts->relief_done);
	pthread_mutex_destroy(&ts->lock);
}

void p9_turn_init(struct p9_turn *t)
{
	*t = (struct p9_turn){};
	pthread_cond_init(&t->wake, NULL);
}

void p9_turn_done(struct p9_turn *t)
{
	pthread_cond_destroy(&t->wake);
}

void p9_turn_take(struct p9_turns *ts, struct p9_turn *t)
{
	pthread_mutex_lock(&ts->lock);
	while (ts->taken) {
		t->next_idle = ts->idle;
		ts->idle = t;
		pthread_cond_wait(&t->wake, &ts->lock);
		/* Who gave the turn away has taken us off the list, unless it was a false alarm. */
		for (struct p9_turn **at = &ts->idle; *at; at = &(*at)->next_idle) {
			if (*at == t) {
				*at = t->next_idle;
				break;
			}
		}
	}
	ts->taken = true;
	pthread_mutex_unlock(&ts->lock);
}

/* Under the lock. */
static void give(struct p9_turns *ts)
{
	struct p9_turn *next = ts->idle;
	assert(ts->taken && !ts->holder);
	if (next) {
		ts->idle = next->next_idle;
		pthread_cond_signal(&next->wake);
	} else if (ts->help && ts->relief_runs) {
		ts->help_wanted = true;
		pthread_cond_signal(&ts->relief_wake);
	}
	ts->taken = false;
}

void p9_turn_give(struct p9_turns *ts)
{
	pthread_mutex_lock(&ts->lock);
	give(ts);
	pthread_mutex_unlock(&ts->lock);
}

/* Under the lock. */
static void hold(struct p9_turns *ts, struct p9_turn *t, unsigned patience)
{
	assert(ts->taken && !ts->holder);
	ts->holder = t;
	ts->patience = patience;
	ts->n_held++;
	if (ts->relief_sleeps)
		pthread_cond_signal(&ts->relief_wake);
}

bool p9_turn_hold(struct p9_turns *ts, struct p9_turn *t, unsigned patience)
{
	pthread_mutex_lock(&ts->lock);
	bool may = ts->relief_runs && !ts->aside;
	ts->aside -= ts->aside > 0;
	if (may)
		hold(ts, t, patience);
	pthread_mutex_unlock(&ts->lock);
	return may;
}

bool p9_turn_hold_anyway(struct p9_turns *ts, struct p9_turn *t, unsigned patience)
{
	pthread_mutex_lock(&ts->lock);
	bool may = ts->relief_runs;
	if (may)
		hold(ts, t, patience);
	pthread_mutex_unlock(&ts->lock);
	return may;
}

bool p9_turn_release(struct p9_turns *ts, struct p9_turn *t)
{
	pthread_mutex_lock(&ts->lock);
	bool kept = ts->holder == t;
	if (kept) {
		ts->holder = NULL;
		if (++ts->kept == P9_TURN_KEPT)
			ts->penalty = 0;
	}
	while (ts->relieving == t)
		pthread_cond_wait(&ts->relief_done, &ts->lock);
	pthread_mutex_unlock(&ts->lock);
	return kept;
}

/* ---- relief ---- */

/* Under the lock: a millisecond, or until p9_turns_stop(). */
static void wait_a_little(struct p9_turns *ts)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += P9_TURN_RELIEF_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&ts->relief_wake, &ts->lock, &until);
}

/* Under the lock, but for the call. */
static void relieve(struct p9_turns *ts)
{
	struct p9_turn *t = ts->holder;
	ts->holder = NULL;
	ts->penalty =
		ts->penalty ? MIN(2 * ts->penalty, (unsigned)P9_TURN_ASIDE_MAX) : P9_TURN_ASIDE;
	ts->aside = ts->penalty;
	ts->kept = 0;
	if (ts->relieved) {
		ts->relieving = t;
		pthread_mutex_unlock(&ts->lock);
		ts->relieved(t);
		pthread_mutex_lock(&ts->lock);
		ts->relieving = NULL;
		pthread_cond_signal(&ts->relief_done);
	}
	give(ts);
}

/* Under the lock, but for the call. */
static void get_help(struct p9_turns *ts)
{
	ts->help_wanted = false;
	pthread_mutex_unlock(&ts->lock);
	int r = ts->help(ts);
	pthread_mutex_lock(&ts->lock);
	if (!r)
		ts->help = NULL;
	if (r >= 0 || ts->over)
		return;
	wait_a_little(ts);
	ts->help_wanted = !ts->taken;
}

static void *relief_main(void *arg)
{
	struct p9_turns *ts = arg;
	unsigned quiet = 0;
	pthread_mutex_lock(&ts->lock);
	while (!ts->over) {
		if (ts->help_wanted && ts->help) {
			get_help(ts);
			continue;
		}
		if (!ts->holder && quiet >= QUIET_LOOKS) {
			ts->relief_sleeps = true;
			pthread_cond_wait(&ts->relief_wake, &ts->lock);
			ts->relief_sleeps = false;
			quiet = 0;
			continue;
		}
		uint64_t seen = ts->n_held;
		bool held = ts->holder != NULL;
		wait_a_little(ts);
		quiet = ts->n_held == seen ? quiet + 1 : 0;
		if (held && ts->holder && ts->n_held == seen && --ts->patience == 0)
			relieve(ts);
	}
	pthread_mutex_unlock(&ts->lock);
	return NULL;
}

int p9_turns_start(struct p9_turns *ts, const pthread_attr_t *attr)
{
	int r = -pthread_create(&ts->relief, attr, relief_main, ts);
	pthread_mutex_lock(&ts->lock);
	ts->relief_runs = !r;
	pthread_mutex_unlock(&ts->lock);
	return r;
}

void p9_turns_stop(struct p9_turns *ts)
{
	if (!ts->relief_runs)
		return;
	pthread_mutex_lock(&ts->lock);
	ts->over = true;
	pthread_cond_signal(&ts->relief_wake);
	pthread_mutex_unlock(&ts->lock);
	pthread_join(ts->relief, NULL);
	pthread_mutex_lock(&ts->lock);
	ts->relief_runs = false;
	pthread_mutex_unlock(&ts->lock);
}
