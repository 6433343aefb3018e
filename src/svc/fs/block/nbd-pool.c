/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: nbd-pool.h.  Threads are detached and counted: nbd_pool_done() waits for the
 * count to come to zero.  A thread's buffer goes with it, so that a server that has nothing to wait
 * for holds no memory for waiting.
 */
#include "svc/fs/block/nbd-pool.h"

#include "base/log.h"

#include <sys/mman.h>
#include <time.h>

enum { STACK_SIZE = 64 << 10, IDLE_SECONDS = 3 };

struct starting { /* what a new thread gets; lies at the beginning of its buffer until it has it */
	struct nbd_pool *pool;
};

static uint8_t *buffer_new(const struct nbd_pool *p)
{
	void *b = mmap(NULL, p->buffer_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return b == MAP_FAILED ? NULL : b;
}

int nbd_pool_init(struct nbd_pool *p)
{
	pthread_condattr_t monotonic;
	p->own = buffer_new(p);
	if (!p->own)
		return -ENOMEM;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, &monotonic);
	pthread_cond_init(&p->room, NULL);
	pthread_cond_init(&p->over, NULL);
	pthread_condattr_destroy(&monotonic);
	pthread_attr_init(&p->attr);
	pthread_attr_setstacksize(&p->attr, STACK_SIZE);
	pthread_attr_setdetachstate(&p->attr, PTHREAD_CREATE_DETACHED);
	p->n_threads = p->n_idle = 0;
	p->first = p->n_jobs = p->memory = 0;
	p->ending = false;
	return 0;
}

void nbd_pool_done(struct nbd_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->work);
	while (p->n_threads)
		pthread_cond_wait(&p->over, &p->lock);
	pthread_mutex_unlock(&p->lock);
	assert(!p->n_jobs && !p->memory);
	pthread_attr_destroy(&p->attr);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->room);
	pthread_cond_destroy(&p->over);
	pthread_mutex_destroy(&p->lock);
	munmap(p->own, p->buffer_size);
}

void nbd_pool_charge(struct nbd_pool *p, size_t n)
{
	pthread_mutex_lock(&p->lock);
	while (p->memory && p->memory + n > NBD_POOL_MEMORY)
		pthread_cond_wait(&p->room, &p->lock);
	p->memory += n;
	pthread_mutex_unlock(&p->lock);
}

void nbd_pool_release(struct nbd_pool *p, size_t n)
{
	pthread_mutex_lock(&p->lock);
	p->memory -= n;
	pthread_mutex_unlock(&p->lock);
}

/* `lock` is held, and let go meanwhile. */
static void run_one(struct nbd_pool *p, uint8_t *buffer)
{
	struct nbd_job j = p->jobs[p->first];
	p->first = (p->first + 1) % NBD_POOL_JOBS;
	if (p->n_jobs-- == NBD_POOL_JOBS)
		pthread_cond_signal(&p->room);
	pthread_mutex_unlock(&p->lock);
	p->run(p->ctx, &j, buffer);
	pthread_mutex_lock(&p->lock);
	p->memory -= j.charged;
	if (j.charged)
		pthread_cond_signal(&p->room);
}

/* True: there is work. False: it is over, or nothing came for long. */
static bool wait_for_work(struct nbd_pool *p)
{
	struct timespec until;
	int r = 0;
	if (p->n_jobs)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_SECONDS;
	p->n_idle++;
	while (!p->n_jobs && !p->ending && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&p->work, &p->lock, &until);
	p->n_idle--;
	return p->n_jobs != 0;
}

static void *thread_main(void *arg)
{
	uint8_t *buffer = arg;
	struct nbd_pool *p = ((const struct starting *)arg)->pool;
	pthread_mutex_lock(&p->lock);
	while (wait_for_work(p))
		run_one(p, buffer);
	munmap(buffer, p->buffer_size);
	if (!--p->n_threads)
		pthread_cond_signal(&p->over);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* One more thread, if those there are have enough to do. `lock` is held. */
static void help(struct nbd_pool *p)
{
	pthread_t id;
	if (p->n_jobs <= p->n_idle || p->n_threads == NBD_POOL_THREADS)
		return;
	uint8_t *buffer = buffer_new(p);
	if (!buffer)
		return;
	*(struct starting *)(void *)buffer = (struct starting){p};
	int r = pthread_create(&id, &p->attr, thread_main, buffer);
	if (!r) {
		p->n_threads++;
		return;
	}
	munmap(buffer, p->buffer_size);
	log_peer(LOG_WARNING, "nbd: no thread: %s", strerror(r));
}

void nbd_pool_push(struct nbd_pool *p, const struct nbd_job *j)
{
	pthread_mutex_lock(&p->lock);
	while (p->n_jobs == NBD_POOL_JOBS)
		pthread_cond_wait(&p->room, &p->lock);
	p->jobs[(p->first + p->n_jobs++) % NBD_POOL_JOBS] = *j;
	help(p);
	if (p->n_idle)
		pthread_cond_signal(&p->work);
	while (!p->n_threads && p->n_jobs)
		run_one(p, p->own);
	pthread_mutex_unlock(&p->lock);
}
