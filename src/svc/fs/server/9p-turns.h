/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who of the worker's threads reads the connection: one at a time has the turn.
 *
 * Before something that may take long the thread either gives the turn away, or goes on holding it
 * (p9_turn_hold) because it will probably be done before another thread would have woken up; if it
 * is not after P9_TURN_RELIEF_MS, or some times that as the thread has said, the turn is taken from
 *it and given to another (relief), after `relieved` has been called for it.  After that has
 *happened the next P9_TURN_ASIDE times are better not held, as things seem to be slow; twice as
 *many each time it happens again, up to P9_TURN_ASIDE_MAX, until P9_TURN_KEPT times in a row were
 *short.
 *
 * Threads may be started as they are needed: when the turn is given away and nobody waits for it,
 * the relieving thread calls `help`.  Nobody waits for the new one: whoever is there first takes
 * the turn.
 *
 *	free --take--> taken --hold--> held --release (true)--> taken --give--> free
 *	                                 `--relief--> free ... release (false)
 */
#include "base/macro.h"

#include <pthread.h>

enum { P9_TURN_RELIEF_MS = 1, P9_TURN_ASIDE = 16, P9_TURN_ASIDE_MAX = 256, P9_TURN_KEPT = 64 };

/* A thread's part; what is in it is under the lock of p9_turns. */
struct p9_turn {
	pthread_cond_t wake;
	struct p9_turn *next_idle;
};

struct p9_turns {
	pthread_mutex_t lock;
	bool taken;
	struct p9_turn *idle; /* who waits for it, the last to come first */
	struct p9_turn *holder; /* who does what may take long, having it */
	uint64_t n_held; /* how often it was held */
	unsigned patience; /* of the holder: how often the relieving thread looks and goes */
	unsigned aside; /* how often it is not to be, from now on */
	unsigned penalty; /* what that was when it was last said; 0: that is long ago */
	unsigned kept; /* how often it was held and released since */
	pthread_t relief;
	pthread_cond_t relief_wake;
	bool relief_runs, relief_sleeps, over;
	void (*relieved)(struct p9_turn *t);
	struct p9_turn *relieving; /* for whom that is being called */
	pthread_cond_t relief_done;
	int (*help)(struct p9_turns *ts);
	bool help_wanted;
};

/* relieved: NULL, or called by the relieving thread, without any lock and before anybody else has
 * the turn, for one who is still busy with what it held the turn for. */
void p9_turns_init(struct p9_turns *ts, void (*relieved)(struct p9_turn *t));
/* Before p9_turns_start(): help is called by the relieving thread, without any lock, when there
 * should be one more thread. 1: it comes. 0: there cannot be more, do not call again. Negative: not
 * now: called again after a millisecond if nobody has taken the turn by then. */
void p9_turns_set_help(struct p9_turns *ts, int (*help)(struct p9_turns *ts));
void p9_turns_done(struct p9_turns *ts);
void p9_turn_init(struct p9_turn *t);
void p9_turn_done(struct p9_turn *t);

/* Starts and ends the thread that relieves. Without it nothing is ever held. */
int p9_turns_start(struct p9_turns *ts, const pthread_attr_t *attr);
void p9_turns_stop(struct p9_turns *ts);

/* Waits until the turn is free. */
void p9_turn_take(struct p9_turns *ts, struct p9_turn *t);
/* The caller had it: whoever waits gets it. */
void p9_turn_give(struct p9_turns *ts);
/* patience: relief comes after so many times P9_TURN_RELIEF_MS, at least 1. False: better not. The
 * caller still has the turn. */
bool p9_turn_hold(struct p9_turns *ts, struct p9_turn *t, unsigned patience);
/* The same however slow things seem to be. False: nobody would relieve us. */
bool p9_turn_hold_anyway(struct p9_turns *ts, struct p9_turn *t, unsigned patience);
/* What took long is over. False: `relieved` has been called for us and has returned, and somebody
 * else has the turn by now, or may take it. */
bool p9_turn_release(struct p9_turns *ts, struct p9_turn *t);
