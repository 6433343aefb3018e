/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A few threads for what waits for a disk.
 *
 * One thread (the one that reads the connection) pushes jobs; others, which are started when there
 * is work and nobody to do it, and end when there was none for some seconds, run them.
 * Jobs begin in the order they were pushed in and end in any.
 *
 * Limits: NBD_POOL_JOBS that wait, and the memory that jobs take along (nbd_pool_charge()): whoever
 * pushes waits until there is room.
 */
#include "wire/nbd/nbd-server.h"

#include <pthread.h>

enum {
	NBD_POOL_JOBS = 1024,
	NBD_POOL_THREADS = 16,
	NBD_POOL_MEMORY = 4 << 20, /* of payloads; a single one may be larger */
};

struct nbd_job {
	struct nbd_request q;
	uint8_t *payload; /* of the job; NULL: none */
	size_t charged;
	uint64_t done; /* bytes of a READ that have been sent already */
};

struct nbd_pool {
	/* Set by the user. What a job comes to, with a buffer of its own for each thread. */
	void (*run)(void *ctx, struct nbd_job *j, uint8_t *buffer);
	void *ctx;
	size_t buffer_size; /* address space; gets pages as far as it is used */

	/* Private. */
	pthread_mutex_t lock;
	pthread_cond_t work, room, over;
	pthread_attr_t attr;
	unsigned n_threads, n_idle;
	size_t first, n_jobs, memory;
	bool ending;
	uint8_t *own; /* the pusher's buffer, for where no thread can be started */
	struct nbd_job jobs[NBD_POOL_JOBS];
};

/* run, ctx and buffer_size are set. 0 or -ENOMEM. */
int nbd_pool_init(struct nbd_pool *p);
/* Waits until all jobs are done, and the threads have gone. */
void nbd_pool_done(struct nbd_pool *p);
/* Notes that the next job takes n bytes along, until it has been run; waits until that many are
 * to be had. */
void nbd_pool_charge(struct nbd_pool *p, size_t n);
/* There will be no such job. */
void nbd_pool_release(struct nbd_pool *p, size_t n);
/* Copies *j. Where no thread can be started the job is run at once. */
void nbd_pool_push(struct nbd_pool *p, const struct nbd_job *j);
