/* SPDX-License-Identifier: MIT */
#include "svc/fs/block/nbd-pool.h"
#include "base/test.h"

#include <stdatomic.h>
#include <sys/resource.h>

struct counted {
	atomic_uint run, at_once, most;
	pthread_mutex_t gate;
};

static void count(void *ctx, struct nbd_job *j, uint8_t *buffer)
{
	struct counted *c = ctx;
	unsigned now = atomic_fetch_add(&c->at_once, 1) + 1;
	memset(buffer, 1, 100);
	pthread_mutex_lock(&c->gate);
	if (now > atomic_load(&c->most))
		atomic_store(&c->most, now);
	pthread_mutex_unlock(&c->gate);
	atomic_fetch_sub(&c->at_once, 1);
	atomic_fetch_add(&c->run, 1);
	(void)j;
}

static struct counted counted = {.gate = PTHREAD_MUTEX_INITIALIZER};
static struct nbd_pool pool = {.run = count, .ctx = &counted, .buffer_size = 65536};

TEST(every_job_is_run_before_the_end)
{
	CHECK_INT(nbd_pool_init(&pool), 0);
	for (unsigned i = 0; i < 5000; i++)
		nbd_pool_push(&pool, &(struct nbd_job){});
	nbd_pool_done(&pool);
	CHECK_INT(counted.run, 5000);
}

TEST(no_more_threads_than_allowed_run_at_once)
{
	CHECK_INT(nbd_pool_init(&pool), 0);
	pthread_mutex_lock(&counted.gate);
	for (unsigned i = 0; i < 200; i++)
		nbd_pool_push(&pool, &(struct nbd_job){});
	while (atomic_load(&counted.at_once) < NBD_POOL_THREADS)
		sched_yield();
	pthread_mutex_unlock(&counted.gate);
	nbd_pool_done(&pool);
	CHECK_INT(counted.run, 200);
	CHECK_INT(counted.most, NBD_POOL_THREADS);
}

TEST(there_is_no_thread_without_work)
{
	CHECK_INT(nbd_pool_init(&pool), 0);
	CHECK_INT(pool.n_threads, 0);
	nbd_pool_done(&pool);
}

static void *charge_more(void *arg)
{
	nbd_pool_charge(&pool, NBD_POOL_MEMORY / 2);
	atomic_store((atomic_bool *)arg, true);
	return NULL;
}

TEST(memory_is_waited_for)
{
	atomic_bool got = false;
	pthread_t id;
	CHECK_INT(nbd_pool_init(&pool), 0);
	nbd_pool_charge(&pool, 2 * NBD_POOL_MEMORY); /* alone, any length goes */
	CHECK_INT(pthread_create(&id, NULL, charge_more, &got), 0);
	sched_yield();
	CHECK(!atomic_load(&got));
	nbd_pool_push(&pool, &(struct nbd_job){.charged = 2 * NBD_POOL_MEMORY});
	pthread_join(id, NULL);
	CHECK(atomic_load(&got));
	nbd_pool_release(&pool, NBD_POOL_MEMORY / 2);
	nbd_pool_done(&pool);
}

TEST(without_threads_the_pusher_does_it)
{
	/* No address space is that large. */
	CHECK_INT(nbd_pool_init(&pool), 0);
	pthread_attr_setstacksize(&pool.attr, (size_t)1 << 46);
	for (unsigned i = 0; i < 10; i++)
		nbd_pool_push(&pool, &(struct nbd_job){});
	CHECK_INT(counted.run, 10);
	nbd_pool_done(&pool);
}
