/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: two lists under a mutex, of operations whose node is to be invalidated and
 * of those where that is done, an eventfd to wake the main thread and a condition to wake the
 * other.  The thread touches nothing of an operation but the number of its node, which the
 * operation keeps referenced.  Nothing is lost if the kernel has forgotten the inode meanwhile.
 */
#include "svc/fs/fuse/fuse9p-inval.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

struct f9_invalidator {
	struct fuse_session *session;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct list todo, done; /* struct job */
	bool end;
	int event_fd;
};

/* What to invalidate, complete: the thread looks at nothing else. */
struct job {
	struct list link;
	struct f9_op *op; /* who waits for it, or NULL */
	fuse_ino_t ino, parent;
	size_t n_names;
	char names[]; /* one after the other, each with its NUL */
};

static void invalidate(struct f9_invalidator *v, const struct job *j)
{
	const char *name = j->names;
	(void)fuse_lowlevel_notify_inval_inode(v->session, j->ino, 0, 0);
	for (size_t i = 0; i < j->n_names; i++) {
		size_t len = strlen(name);
		int r = fuse_lowlevel_notify_expire_entry(
			v->session, j->parent, name, len, FUSE_LL_EXPIRE_ONLY);
		if (r == -ENOSYS) /* Linux before 6.2 */
			(void)fuse_lowlevel_notify_inval_entry(v->session, j->parent, name, len);
		name += len + 1;
	}
}

static void *inval_thread(void *user)
{
	struct f9_invalidator *v = user;
	pthread_mutex_lock(&v->lock);
	for (;;) {
		while (list_empty(&v->todo) && !v->end)
			pthread_cond_wait(&v->wake, &v->lock);
		struct list *it = list_pop(&v->todo);
		if (!it)
			break;
		pthread_mutex_unlock(&v->lock);
		invalidate(v, list_entry(it, struct job, link));
		pthread_mutex_lock(&v->lock);
		list_append(&v->done, it);
		(void)eventfd_write(v->event_fd, 1);
	}
	pthread_mutex_unlock(&v->lock);
	return NULL;
}

int f9_inval_new(struct f9 *fs, struct f9_invalidator **ret, int *ret_fd)
{
	struct f9_invalidator *v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->session = fs->session;
	list_init(&v->todo);
	list_init(&v->done);
	v->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (v->event_fd < 0) {
		int r = -errno;
		free(v);
		return r;
	}
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->wake, NULL);
	int r = -pthread_create(&v->thread, NULL, inval_thread, v);
	if (r < 0) {
		fd_close(v->event_fd);
		free(v);
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
	pthread_mutex_lock(&v->lock);
	v->end = true;
	pthread_cond_signal(&v->wake);
	pthread_mutex_unlock(&v->lock);
	pthread_join(v->thread, NULL);
	f9_inval_run(v);
	pthread_cond_destroy(&v->wake);
	pthread_mutex_destroy(&v->lock);
	fd_close(v->event_fd);
	free(v);
}

/* Directories are left alone: older kernels would take a name that is somebody's working directory,
 * or that something is mounted on, away altogether. */
static bool believed(const struct f9_node *n, uint64_t now)
{
	return !(n->qid.type & P9_QTDIR) && n->told_ms + (uint64_t)(F9_TIMEOUT * 1000) >= now;
}

static struct job *job_new(const struct f9 *fs, const struct f9_node *n, bool with_names)
{
	const struct f9_node *dir = with_names ? n->parent : NULL;
	uint64_t now = f9_now_ms();
	size_t size = 0, at = 0;
	if (dir) {
		list_for_each (it, &dir->children) {
			const struct f9_node *c = list_entry(it, struct f9_node, sibling);
			size += c != n && believed(c, now) ? strlen(c->name) + 1 : 0;
		}
	}
	struct job *j = calloc(1, sizeof(*j) + size);
	if (!j)
		return NULL;
	j->ino = f9_node_ino(fs, n);
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

static void job_queue(struct f9_invalidator *v, struct job *j)
{
	pthread_mutex_lock(&v->lock);
	list_append(&v->todo, &j->link);
	pthread_cond_signal(&v->wake);
	pthread_mutex_unlock(&v->lock);
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
		if (op)
			op->got(op, 0, NULL);
	}
}
