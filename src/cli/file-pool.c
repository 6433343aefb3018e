/* SPDX-License-Identifier: MIT */
/* See file-pool.h.  The lists are guarded by one mutex; a thread looks for the oldest job. */
#include "cli/file-pool.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

enum { ZEROES_SIZE = 256 << 10 };

struct file_pool {
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_t threads[FILE_POOL_THREADS];
	unsigned n_threads;
	struct list waiting, done;
	bool ending;
	int event;
};

static int read_all(const struct file_job *j)
{
	char *p = j->buf;
	for (uint64_t n = 0; n < j->length;) {
		ssize_t k = pread(j->fd, p + n, j->length - n, (off_t)(j->offset + n));
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k < 0 ? -errno : -EIO;
		n += (uint64_t)k;
	}
	return 0;
}

static int write_all(int fd, const char *p, uint64_t length, uint64_t offset)
{
	for (uint64_t n = 0; n < length;) {
		ssize_t k = pwrite(fd, p + n, length - n, (off_t)(offset + n));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		n += (uint64_t)k;
	}
	return 0;
}

static int zero_all(const struct file_job *j)
{
	static const char zeroes[ZEROES_SIZE];
	if (fallocate(j->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)j->offset,
		    (off_t)j->length) == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL && errno != EPERM)
		return -errno;
	int r = 0;
	for (uint64_t n = 0; n < j->length && r == 0; n += ZEROES_SIZE)
		r = write_all(
			j->fd, zeroes, MIN(j->length - n, (uint64_t)ZEROES_SIZE), j->offset + n);
	return r;
}

static int job_do(const struct file_job *j)
{
	switch (j->type) {
	case FILE_READ:
		return read_all(j);
	case FILE_WRITE:
		return write_all(j->fd, j->buf, j->length, j->offset);
	case FILE_ZERO:
		return zero_all(j);
	case FILE_SYNC:
		return fsync(j->fd) < 0 ? -errno : 0;
	}
	return -EINVAL;
}

static void *work(void *user)
{
	struct file_pool *p = user;
	pthread_mutex_lock(&p->lock);
	while (!p->ending) {
		struct list *it = list_pop(&p->waiting);
		if (!it) {
			pthread_cond_wait(&p->more, &p->lock);
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		struct file_job *j = list_entry(it, struct file_job, link);
		j->error = job_do(j);
		pthread_mutex_lock(&p->lock);
		bool first = list_empty(&p->done);
		list_append(&p->done, it);
		if (first)
			(void)eventfd_write(p->event, 1);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

int file_pool_new(struct file_pool **ret)
{
	struct file_pool *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	list_init(&p->waiting);
	list_init(&p->done);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	p->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = p->event < 0 ? -errno : 0;
	/* Signals are for the thread that waits for them. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; r == 0 && p->n_threads < FILE_POOL_THREADS; p->n_threads++) {
		r = -pthread_create(&p->threads[p->n_threads], NULL, work, p);
		if (r < 0)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0) {
		file_pool_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void file_pool_free(struct file_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	list_for_each (it, &p->waiting)
		list_entry(it, struct file_job, link)->error = -ECANCELED;
	list_splice(&p->done, &p->waiting);
	file_pool_turn(p);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	fd_close(p->event);
	free(p);
}

void file_pool_submit(struct file_pool *p, struct file_job *job)
{
	job->error = 0;
	pthread_mutex_lock(&p->lock);
	list_append(&p->waiting, &job->link);
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
}

int file_pool_fd(const struct file_pool *p)
{
	return p->event;
}

void file_pool_turn(struct file_pool *p)
{
	struct list done = LIST_INIT(done);
	eventfd_t n;
	pthread_mutex_lock(&p->lock);
	(void)eventfd_read(p->event, &n);
	list_splice(&done, &p->done);
	pthread_mutex_unlock(&p->lock);
	for (struct list *it; (it = list_pop(&done));) {
		struct file_job *j = list_entry(it, struct file_job, link);
		j->done(j, j->error);
	}
}
