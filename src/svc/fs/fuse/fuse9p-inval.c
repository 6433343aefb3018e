/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a queue of jobs under a mutex, and a few threads that carry them out; a job
 * says all that they need, so that they touch nothing else.  Several, because the kernel may hold
 * one up for as long as a request lasts that has the directory or the file locked; what other
 * files' readers see must not wait for that.  A job that an operation waits for is carried out when
 * all before it are done, and then goes back to the main thread, which an eventfd wakes.
 *
 * What is to be done a second time goes to another list, in order since all wait for the same time,
 * and from there to the end of the queue.
 *
 * Nothing is lost if the kernel has forgotten the inode meanwhile, and little harm done if its
 * number belongs to another one by then: that is asked about once too often.
 */
#include "svc/fs/fuse/fuse9p-inval.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

enum { N_THREADS = 3, NAMES_AFTER_LOCK = 4096 };

struct f9_invalidator {
	struct f9 *fs; /* the main thread's */
	struct fuse_session *session;
	pthread_t threads[N_THREADS];
	unsigned n_threads;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct list todo, later, done; /* struct job */
	size_t n; /* in todo and later */
	unsigned running;
	bool starved; /* the main thread wants to know when there is room */
	bool end;
	int event_fd;
};

/* What to invalidate, complete. */
struct job {
	struct list link;
	struct f9_op *op; /* who waits for it, or NULL */
	fuse_ino_t ino; /* 0: names only */
	fuse_ino_t parent;
	enum f9_inval_what what;
	bool again, keep; /* keep: the name is a directory's */
	uint64_t due_ms;
	size_t n_names;
	char names[]; /* one after the other, each with its NUL */
};

/* ---- the threads ---- */

static void expire(const struct f9_invalidator *v, const struct job *j, const char *name)
{
	size_t len = strlen(name);
	int r = fuse_lowlevel_notify_expire_entry(
		v->session, j->parent, name, len, FUSE_LL_EXPIRE_ONLY);
	if (r == -ENOSYS && !j->keep) /* Linux before 6.2 */
		(void)fuse_lowlevel_notify_inval_entry(v->session, j->parent, name, len);
}

static void invalidate(const struct f9_invalidator *v, const struct job *j)
{
	const char *name = j->names;
	if (j->ino)
		(void)fuse_lowlevel_notify_inval_inode(
			v->session, j->ino, j->what == F9_INVAL_DATA ? 0 : -1, 0);
	for (size_t i = 0; i < j->n_names; i++) {
		expire(v, j, name);
		name += strlen(name) + 1;
	}
}

/* Moves what has waited long enough; returns when to look again, 0: there is nothing. At the end
 * nothing needs a second time. */
static uint64_t second_times(struct f9_invalidator *v)
{
	uint64_t now = f9_now_ms();
	list_for_each_safe (it, &v->later) {
		struct job *j = list_entry(it, struct job, link);
		if (!v->end && j->due_ms > now)
			return j->due_ms;
		list_unlink(it);
		list_append(&v->todo, it);
	}
	return 0;
}

static struct job *next_job(const struct f9_invalidator *v)
{
	if (list_empty(&v->todo))
		return NULL;
	struct job *j = list_entry(v->todo.next, struct job, link);
	return j->op && v->running ? NULL : j;
}

static void wait_for_work(struct f9_invalidator *v, uint64_t until_ms)
{
	struct timespec ts = {
		.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
	if (until_ms)
		pthread_cond_timedwait(&v->wake, &v->lock, &ts);
	else
		pthread_cond_wait(&v->wake, &v->lock);
}

static void finish_job(struct f9_invalidator *v, struct job *j)
{
	if (j->op) {
		list_append(&v->done, &j->link);
		(void)eventfd_write(v->event_fd, 1);
	} else if (j->again && !v->end) {
		j->again = false;
		j->due_ms = f9_now_ms() + F9_INVAL_AGAIN_MS;
		list_append(&v->later, &j->link);
		v->n++;
	} else {
		free(j);
	}
	if (v->starved && v->n < F9_INVAL_BUSY / 2) {
		v->starved = false;
		(void)eventfd_write(v->event_fd, 1);
	}
	if (!list_empty(&v->todo) || !list_empty(&v->later) || v->end)
		pthread_cond_broadcast(&v->wake);
}

static void *inval_thread(void *user)
{
	struct f9_invalidator *v = user;
	pthread_mutex_lock(&v->lock);
	for (;;) {
		uint64_t until = second_times(v);
		struct job *j = next_job(v);
		if (!j && v->end && list_empty(&v->todo))
			break;
		if (!j) {
			wait_for_work(v, until);
			continue;
		}
		list_unlink(&j->link);
		v->n--;
		v->running++;
		pthread_mutex_unlock(&v->lock);
		invalidate(v, j);
		pthread_mutex_lock(&v->lock);
		v->running--;
		finish_job(v, j);
	}
	pthread_mutex_unlock(&v->lock);
	return NULL;
}

/* ---- life ---- */

static void stop_threads(struct f9_invalidator *v)
{
	pthread_mutex_lock(&v->lock);
	v->end = true;
	pthread_cond_broadcast(&v->wake);
	pthread_mutex_unlock(&v->lock);
	while (v->n_threads)
		pthread_join(v->threads[--v->n_threads], NULL);
}

static void release(struct f9_invalidator *v)
{
	pthread_cond_destroy(&v->wake);
	pthread_mutex_destroy(&v->lock);
	fd_close(v->event_fd);
	free(v);
}

int f9_inval_new(struct f9 *fs, struct f9_invalidator **ret, int *ret_fd)
{
	pthread_condattr_t monotonic;
	struct f9_invalidator *v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->fs = fs;
	v->session = fs->session;
	list_init(&v->todo);
	list_init(&v->later);
	list_init(&v->done);
	pthread_mutex_init(&v->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&v->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	v->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = v->event_fd < 0 ? -errno : 0;
	while (!r && v->n_threads < N_THREADS) {
		r = -pthread_create(&v->threads[v->n_threads], NULL, inval_thread, v);
		v->n_threads += !r;
	}
	if (r) {
		stop_threads(v);
		release(v);
		return r;
	}
	*ret = v;
	*ret_fd = v->event_fd;
	return 0;
}

void f9_inval_free(struct f9_invalidator *v)
{
	if (!v)
		return;
	stop_threads(v);
	f9_inval_run(v);
	v->fs->invalidator = NULL;
	release(v);
}

/* ---- asking for it ---- */

static void job_queue(struct f9_invalidator *v, struct job *j)
{
	pthread_mutex_lock(&v->lock);
	list_append(&v->todo, &j->link);
	v->n++;
	pthread_cond_signal(&v->wake);
	pthread_mutex_unlock(&v->lock);
}

static size_t queued(struct f9_invalidator *v)
{
	pthread_mutex_lock(&v->lock);
	size_t n = v->n;
	pthread_mutex_unlock(&v->lock);
	return n;
}

bool f9_inval_idle(const struct f9 *fs)
{
	struct f9_invalidator *v = fs->invalidator;
	if (!v)
		return true;
	pthread_mutex_lock(&v->lock);
	bool idle = !v->n && !v->running;
	pthread_mutex_unlock(&v->lock);
	return idle;
}

bool f9_inval_full(const struct f9 *fs)
{
	struct f9_invalidator *v = fs->invalidator;
	if (!v)
		return false;
	pthread_mutex_lock(&v->lock);
	bool full = v->n >= F9_INVAL_BUSY;
	v->starved = full;
	pthread_mutex_unlock(&v->lock);
	return full;
}

void f9_inval_wake(struct f9 *fs)
{
	if (fs->invalidator)
		(void)eventfd_write(fs->invalidator->event_fd, 1);
}

static struct job *job_plain(struct f9 *fs, size_t names)
{
	struct job *j = NULL;
	if (queued(fs->invalidator) < F9_INVAL_MAX)
		j = calloc(1, sizeof(*j) + names);
	if (!j)
		f9_watch_distrust(fs);
	return j;
}

void f9_inval_inode(struct f9 *fs, const struct f9_node *n, enum f9_inval_what what, bool again)
{
	struct job *j = fs->invalidator ? job_plain(fs, 0) : NULL;
	if (!j)
		return;
	j->ino = f9_node_ino(fs, n);
	j->what = what;
	j->again = again;
	job_queue(fs->invalidator, j);
}

void f9_inval_name(struct f9 *fs, fuse_ino_t ino, const char *name, bool is_dir, bool again)
{
	size_t len = strlen(name) + 1;
	struct job *j = fs->invalidator ? job_plain(fs, len) : NULL;
	if (!j)
		return;
	j->parent = ino;
	j->keep = is_dir;
	j->again = again;
	j->n_names = 1;
	memcpy(j->names, name, len);
	job_queue(fs->invalidator, j);
}

/* Directories are left alone: older kernels would take a name that is somebody's working directory,
 * or that something is mounted on, away altogether. */
static bool believed(const struct f9_node *n, uint64_t now)
{
	return !(n->qid.type & P9_QTDIR) &&
	       (n->watch.told || n->told_ms + (uint64_t)(F9_TIMEOUT * 1000) >= now);
}

/* Of a directory with very many names that are watched events will tell. */
static struct job *job_new(const struct f9 *fs, const struct f9_node *n, bool with_names)
{
	const struct f9_node *dir = with_names ? n->parent : NULL;
	uint64_t now = f9_now_ms();
	size_t size = 0, at = 0, count = 0;
	if (dir) {
		list_for_each (it, &dir->children) {
			const struct f9_node *c = list_entry(it, struct f9_node, sibling);
			size += c != n && believed(c, now) ? strlen(c->name) + 1 : 0;
			if (++count > NAMES_AFTER_LOCK && f9_watched(fs, dir)) {
				size = 0;
				break;
			}
		}
	}
	struct job *j = calloc(1, sizeof(*j) + size);
	if (!j)
		return NULL;
	j->ino = f9_node_ino(fs, n);
	j->what = F9_INVAL_DATA;
	if (!size)
		return j;
	j->parent = f9_node_ino(fs, dir);
	list_for_each (it, &dir->children) {
		const struct f9_node *c = list_entry(it, struct f9_node, sibling);
		if (c == n || !believed(c, now))
			continue;
		size_t len = strlen(c->name) + 1;
		memcpy(j->names + at, c->name, len);
		at += len;
		j->n_names++;
	}
	return j;
}

void f9_inval_node(struct f9_op *op, f9_then then)
{
	struct job *j = job_new(op->fs, op->node, true);
	if (!j) {
		then(op, -ENOMEM, NULL);
		return;
	}
	op->got = then;
	j->op = op;
	job_queue(op->fs->invalidator, j);
}

void f9_inval_open_files(struct f9 *fs)
{
	for (size_t i = 0; i < fs->by_qid.n_buckets; i++) {
		for (const struct f9_node *n = fs->by_qid.buckets[i]; n; n = n->by_qid) {
			struct job *j = list_empty(&n->handles) ? NULL : job_new(fs, n, false);
			if (j)
				job_queue(fs->invalidator, j);
		}
	}
}

void f9_inval_run(struct f9_invalidator *v)
{
	eventfd_t n;
	struct list done = LIST_INIT(done), *it;
	(void)eventfd_read(v->event_fd, &n);
	pthread_mutex_lock(&v->lock);
	list_splice(&done, &v->done);
	pthread_mutex_unlock(&v->lock);
	while ((it = list_pop(&done))) {
		struct job *j = list_entry(it, struct job, link);
		struct f9_op *op = j->op;
		free(j);
		op->got(op, 0, NULL);
	}
	if (!v->end)
		f9_watch_run(v->fs);
}
