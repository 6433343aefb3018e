/* SPDX-License-Identifier: MIT */
/* One thread at a time has the turn, and who holds it too long loses it. */
#include "svc/fs/server/9p-turns.h"

#include "base/test.h"

#include <semaphore.h>
#include <unistd.h>

enum { N_THREADS = 4, TURNS_EACH = 2000 };

static struct p9_turns turns;
static int inside, done, relieved;
static struct p9_turn *told_of;

/* Everybody counts up under the turn alone. */
static void *counts(void *arg)
{
	struct p9_turn me;
	p9_turn_init(&me);
	for (int i = 0; i < TURNS_EACH; i++) {
		p9_turn_take(&turns, &me);
		CHECK_INT(inside++, 0);
		done++;
		inside--;
		if (p9_turn_hold(&turns, &me, 1) && !p9_turn_release(&turns, &me))
			continue; /* it was slow: somebody else has the turn */
		p9_turn_give(&turns);
	}
	p9_turn_done(&me);
	return arg;
}

static void run(void *(*fn)(void *), int n)
{
	pthread_t ids[N_THREADS];
	for (int i = 0; i < n; i++)
		CHECK_INT(pthread_create(&ids[i], NULL, fn, NULL), 0);
	for (int i = 0; i < n; i++)
		CHECK_INT(pthread_join(ids[i], NULL), 0);
}

TEST(one_at_a_time_has_the_turn)
{
	p9_turns_init(&turns, NULL);
	CHECK_INT(p9_turns_start(&turns, NULL), 0);
	run(counts, N_THREADS);
	CHECK_INT(done, N_THREADS * TURNS_EACH);
	p9_turns_stop(&turns);
	p9_turns_done(&turns);
}

static void *takes_over(void *arg)
{
	struct p9_turn me;
	p9_turn_init(&me);
	p9_turn_take(&turns, &me);
	relieved++;
	p9_turn_give(&turns);
	CHECK_INT(write(*(int *)arg, "x", 1), 1);
	p9_turn_done(&me);
	return NULL;
}

/* Before anybody else has the turn. */
static void on_relieved(struct p9_turn *t)
{
	CHECK_INT(relieved, 0);
	told_of = t;
}

TEST(who_holds_it_too_long_is_relieved_and_then_steps_aside)
{
	struct p9_turn me;
	pthread_t other;
	int pipe_fds[2];
	char c;
	CHECK_INT(pipe(pipe_fds), 0);
	p9_turns_init(&turns, on_relieved);
	p9_turn_init(&me);
	CHECK_INT(p9_turns_start(&turns, NULL), 0);
	p9_turn_take(&turns, &me);
	CHECK(p9_turn_hold(&turns, &me, 1));
	CHECK_INT(pthread_create(&other, NULL, takes_over, &pipe_fds[1]), 0);
	CHECK_INT(read(pipe_fds[0], &c, 1), 1); /* which is while we hold it */
	CHECK_INT(pthread_join(other, NULL), 0);
	CHECK(!p9_turn_release(&turns, &me));
	CHECK(told_of == &me);
	p9_turn_take(&turns, &me);
	for (int i = 0; i < P9_TURN_ASIDE; i++)
		CHECK(!p9_turn_hold(&turns, &me, 1));
	CHECK(p9_turn_hold(&turns, &me, 1));
	(void)p9_turn_release(&turns, &me);
	p9_turns_stop(&turns);
	CHECK_INT(relieved, 1);
	p9_turn_done(&me);
	p9_turns_done(&turns);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static sem_t too_long;

static void on_too_long(struct p9_turn *t)
{
	(void)t;
	sem_post(&too_long);
}

TEST(who_is_relieved_again_and_again_steps_aside_longer)
{
	struct p9_turn me;
	unsigned expected = 0;
	sem_init(&too_long, 0, 0);
	p9_turns_init(&turns, on_too_long);
	p9_turn_init(&me);
	CHECK_INT(p9_turns_start(&turns, NULL), 0);
	p9_turn_take(&turns, &me);
	for (int i = 0; i < 8; i++) {
		unsigned aside = 0;
		while (!p9_turn_hold(&turns, &me, 1 + (unsigned)i % 3))
			aside++;
		CHECK_INT(aside, expected);
		expected =
			expected ? MIN(2 * expected, (unsigned)P9_TURN_ASIDE_MAX) : P9_TURN_ASIDE;
		sem_wait(&too_long);
		CHECK(!p9_turn_release(&turns, &me));
		p9_turn_take(&turns, &me);
	}
	CHECK_INT(expected, P9_TURN_ASIDE_MAX);
	p9_turn_give(&turns);
	p9_turns_stop(&turns);
	p9_turn_done(&me);
	p9_turns_done(&turns);
	sem_destroy(&too_long);
}

TEST(without_relief_nothing_is_held)
{
	struct p9_turn me;
	p9_turns_init(&turns, NULL);
	p9_turn_init(&me);
	p9_turn_take(&turns, &me);
	CHECK(!p9_turn_hold(&turns, &me, 1));
	p9_turn_give(&turns);
	p9_turns_stop(&turns);
	p9_turn_done(&me);
	p9_turns_done(&turns);
}

static sem_t helped;

static int refusals; /* that many times first */

static int on_help(struct p9_turns *ts)
{
	CHECK(ts == &turns);
	if (refusals && refusals--)
		return -EAGAIN;
	sem_post(&helped);
	return 0;
}

/* Help comes when nobody is left, and once only if there can be no more. */
TEST(help_comes_when_nobody_waits_for_the_turn)
{
	struct p9_turn me;
	int n;
	sem_init(&helped, 0, 0);
	p9_turns_init(&turns, NULL);
	p9_turns_set_help(&turns, on_help);
	p9_turn_init(&me);
	CHECK_INT(p9_turns_start(&turns, NULL), 0);
	for (int i = 0; i < 3; i++) {
		p9_turn_take(&turns, &me);
		p9_turn_give(&turns);
		if (!i)
			sem_wait(&helped);
	}
	p9_turns_stop(&turns);
	CHECK_INT(sem_getvalue(&helped, &n), 0);
	CHECK_INT(n, 0);
	p9_turn_done(&me);
	p9_turns_done(&turns);
	sem_destroy(&helped);
}

/* Nobody else would ask again: who gave the turn away may be busy for as long as he likes. */
TEST(help_that_failed_is_asked_for_again)
{
	struct p9_turn me;
	refusals = 3;
	sem_init(&helped, 0, 0);
	p9_turns_init(&turns, NULL);
	p9_turns_set_help(&turns, on_help);
	p9_turn_init(&me);
	CHECK_INT(p9_turns_start(&turns, NULL), 0);
	p9_turn_take(&turns, &me);
	p9_turn_give(&turns);
	sem_wait(&helped);
	p9_turns_stop(&turns);
	CHECK_INT(refusals, 0);
	p9_turn_done(&me);
	p9_turns_done(&turns);
	sem_destroy(&helped);
}
