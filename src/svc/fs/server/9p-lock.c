/* SPDX-License-Identifier: MIT */
/*
 * Locks: of byte ranges, and of open files (flock).
 *
 * Theory of operation: flock(2) locks belong to an open file description, and each open fid has
 * one: they are taken there.  POSIX locks belong to a process and a file, so the clients' processes
 * must not be mixed up here.  Each pair of a file and a client's process (client_id, proc_id) that
 * takes a lock gets an open file description of its own, and the locks are open-file-description
 * locks of that: they conflict with those of everybody else, on this machine too, and not among
 * themselves. The pair lives as long as a fid through which it was used, or until everything is
 * unlocked, so the locks of a client that vanishes vanish with its connection.
 *
 * A lock that has to wait does so in the kernel, in the thread of the request; a timer interrupts
 * it now and then to look whether the request has been flushed.  Only so many threads may wait:
 * beyond that the answer is "blocked", which makes the client try again later.
 */
#include "svc/fs/server/9p-tree.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>

enum { POLL_NS = 50 * 1000 * 1000, CLIENT_ID_MAX = 256 };

struct p9_lock_owner {
	struct list link;
	unsigned refs; /* under tree->locks_lock: fids and running requests */
	dev_t dev;
	ino_t ino;
	uint32_t proc_id;
	uint16_t id_len;
	char client_id[CLIENT_ID_MAX];
	int fd;
	bool writable;
};

static void owner_unref(struct p9_tree *t, struct p9_lock_owner *o)
{
	if (--o->refs)
		return;
	list_unlink(&o->link);
	t->n_lock_owners--;
	fd_close(o->fd);
	free(o);
}

static void owner_put(struct p9_tree *t, struct p9_lock_owner *o)
{
	pthread_mutex_lock(&t->locks_lock);
	owner_unref(t, o);
	pthread_mutex_unlock(&t->locks_lock);
}

void p9_locks_drop(struct p9_tree *t, struct p9_file *f)
{
	if (!f->owners)
		return;
	pthread_mutex_lock(&t->locks_lock);
	for (size_t i = 0; i < f->n_owners; i++)
		owner_unref(t, f->owners[i]);
	f->n_owners = 0;
	pthread_mutex_unlock(&t->locks_lock);
	free(TAKE_PTR(f->owners));
}

/* Write locks want a descriptor for writing, read locks one for reading: try for both. */
static int open_for_locks(const struct p9_tree *t, const struct p9_file *f, bool *ret_writable)
{
	char path[P9_PROC_PATH];
	p9_proc_path(f->fd, path);
	int fd = t->read_only ? -1 : open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	*ret_writable = true;
	if (fd >= 0)
		return fd;
	*ret_writable = f->accmode != O_RDONLY;
	fd = open(path, f->accmode | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) /* no longer permitted: share the fid's own description */
		fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static bool is_owner(
	const struct p9_lock_owner *o, const struct p9_file *f, uint32_t proc_id, struct p9_str id)
{
	return o->ino == f->ino && o->dev == f->dev && o->proc_id == proc_id &&
	       o->id_len == id.len && (!id.len || !memcmp(o->client_id, id.s, id.len));
}

static struct p9_lock_owner *find_owner(
	struct p9_tree *t, const struct p9_file *f, uint32_t proc_id, struct p9_str id)
{
	list_for_each (l, &t->lock_owners) {
		struct p9_lock_owner *o = list_entry(l, struct p9_lock_owner, link);
		if (is_owner(o, f, proc_id, id))
			return o;
	}
	return NULL;
}

static int add_owner(struct p9_tree *t, const struct p9_file *f, uint32_t proc_id, struct p9_str id,
	struct p9_lock_owner **ret)
{
	if (t->n_lock_owners == P9_LOCK_OWNERS_MAX || id.len > CLIENT_ID_MAX)
		return -ENOLCK;
	struct p9_lock_owner *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->fd = open_for_locks(t, f, &o->writable);
	if (o->fd < 0) {
		int r = o->fd;
		free(o);
		return r;
	}
	o->dev = f->dev;
	o->ino = f->ino;
	o->proc_id = proc_id;
	o->id_len = id.len;
	if (id.len)
		memcpy(o->client_id, id.s, id.len);
	list_append(&t->lock_owners, &o->link);
	t->n_lock_owners++;
	*ret = o;
	return 0;
}

/* The fid shares the owner from now on. */
static int attach_owner(struct p9_file *f, struct p9_lock_owner *o)
{
	for (size_t i = 0; i < f->n_owners; i++) {
		if (f->owners[i] == o)
			return 0;
	}
	if (f->n_owners == P9_LOCK_OWNERS_PER_FID)
		return -ENOLCK;
	/* Grown at powers of two: most fids never have an owner, and most others one. */
	if (!(f->n_owners & (f->n_owners - 1))) {
		size_t n = f->n_owners ? 2 * f->n_owners : 1;
		struct p9_lock_owner **grown =
			realloc(f->owners, n * sizeof(struct p9_lock_owner *));
		if (!grown)
			return -ENOMEM;
		f->owners = grown;
	}
	f->owners[f->n_owners++] = o;
	o->refs++;
	return 0;
}

static void detach_owner(struct p9_tree *t, struct p9_file *f, struct p9_lock_owner *o)
{
	pthread_mutex_lock(&t->locks_lock);
	for (size_t i = 0; i < f->n_owners; i++) {
		if (f->owners[i] != o)
			continue;
		f->owners[i] = f->owners[--f->n_owners];
		owner_unref(t, o);
		break;
	}
	pthread_mutex_unlock(&t->locks_lock);
}

/* A write lock through a fid that came later may need a better descriptor than the first gave; the
 * locks held already stay with the owner, so that has to be refused. */
static int get_owner(struct p9_job *j, bool make, struct p9_lock_owner **ret)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	struct p9_lock_owner *o;
	int r = 0;
	pthread_mutex_lock(&j->tree->locks_lock);
	o = find_owner(j->tree, f, t->tlock.proc_id, t->tlock.client_id);
	if (!o && make)
		r = add_owner(j->tree, f, t->tlock.proc_id, t->tlock.client_id, &o);
	if (!r && o) {
		o->refs++;
		r = make ? attach_owner(f, o) : 0;
		if (r)
			owner_unref(j->tree, o);
	}
	pthread_mutex_unlock(&j->tree->locks_lock);
	*ret = r ? NULL : o;
	return r;
}

static int to_flock(uint8_t type, uint64_t start, uint64_t length, struct flock *ret)
{
	static const short types[] = {F_RDLCK, F_WRLCK, F_UNLCK};
	if (type >= ARRAY_SIZE(types) || start > INT64_MAX || length > INT64_MAX)
		return -EINVAL;
	*ret = (struct flock){.l_type = types[type],
		.l_whence = SEEK_SET,
		.l_start = (off_t)start,
		.l_len = (off_t)length};
	return 0;
}

static void on_tick(int sig)
{
	(void)sig;
}

/* Ticks interrupt this thread, and only it, again and again: one that comes just before the call
 * that it should interrupt does no harm. */
static int start_ticks(timer_t *ret)
{
	struct sigaction sa = {.sa_handler = on_tick};
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	struct itimerspec every = {.it_interval.tv_nsec = POLL_NS, .it_value.tv_nsec = POLL_NS};
	ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	sigaction(SIGUSR1, &sa, NULL);
	if (timer_create(CLOCK_MONOTONIC, &ev, ret) < 0)
		return -errno;
	timer_settime(*ret, 0, &every, NULL);
	return 0;
}

int p9_lock_wait(struct p9_job *j, int (*take)(int fd, void *how), int fd, void *how)
{
	timer_t timer;
	int r = -EAGAIN;
	if (atomic_fetch_add(&j->tree->lock_waiters, 1) >= P9_LOCK_WAITERS_MAX ||
		start_ticks(&timer) < 0) {
		atomic_fetch_sub(&j->tree->lock_waiters, 1);
		return -EAGAIN;
	}
	do {
		r = take(fd, how);
	} while (r == -EINTR && !atomic_load(&j->q.flushed));
	timer_delete(timer);
	atomic_fetch_sub(&j->tree->lock_waiters, 1);
	return r;
}

static int wait_for_range(int fd, void *how)
{
	return fcntl(fd, F_OFD_SETLKW, how) < 0 ? -errno : 0;
}

static int set_lock(struct p9_job *j, const struct p9_lock_owner *o, struct flock *fl)
{
	if (fl->l_type == F_WRLCK && !o->writable)
		return -EBADF;
	int r = fcntl(o->fd, F_OFD_SETLK, fl) < 0 ? -errno : 0;
	if ((r == -EAGAIN || r == -EACCES) && (j->q.t.tlock.flags & P9_LOCK_BLOCK))
		r = p9_lock_wait(j, wait_for_range, o->fd, fl);
	return r;
}

/* --- flock(2) --- */

static int take_flock(int fd, void *how)
{
	return flock(fd, *(const int *)how) < 0 ? -errno : 0;
}

/* Belongs to the open file, which is what the fid is: so it goes when the fid does, and a clone of
 * the fid, opened by itself, is somebody else. */
static int do_flock(struct p9_job *j, const struct p9_file *f)
{
	static const int operations[] = {LOCK_SH, LOCK_EX, LOCK_UN};
	const struct p9_msg *t = &j->q.t;
	if (f->state != P9_FILE && f->state != P9_DIR)
		return -EBADF;
	if (t->tlock.type >= ARRAY_SIZE(operations) || t->tlock.start || t->tlock.length)
		return -EINVAL;
	/* Who may only read must not keep others from writing. */
	if (j->tree->read_only && t->tlock.type == P9_LOCK_WRLCK)
		return -EBADF;
	int now = operations[t->tlock.type] | LOCK_NB, wait = operations[t->tlock.type];
	int r = take_flock(f->fd, &now);
	if (r == -EAGAIN && (t->tlock.flags & P9_LOCK_BLOCK))
		r = p9_lock_wait(j, take_flock, f->fd, &wait);
	return r;
}

/* --- the requests --- */

static int lock_range(struct p9_job *j, struct p9_file *f)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_lock_owner *o;
	struct flock fl;
	if (f->state != P9_FILE)
		return -EBADF;
	int r = to_flock(t->tlock.type, t->tlock.start, t->tlock.length, &fl);
	if (r)
		return r;
	bool unlock = fl.l_type == F_UNLCK;
	r = get_owner(j, !unlock, &o);
	if (r || !o)
		return r; /* who holds nothing has nothing to unlock */
	r = set_lock(j, o, &fl);
	if (unlock && !fl.l_start && !fl.l_len)
		detach_owner(j->tree, f, o);
	owner_put(j->tree, o);
	return r;
}

int p9_do_lock(struct p9_job *j)
{
	struct p9_file *f = p9_job_file(j);
	int r = j->q.t.tlock.flags & P9_LOCK_FLOCK ? do_flock(j, f) : lock_range(j, f);
	j->q.r.rlock.status = P9_LOCK_SUCCESS;
	if (r == -EAGAIN || r == -EACCES) {
		j->q.r.rlock.status = P9_LOCK_BLOCKED;
		return 0;
	}
	return r;
}

int p9_do_getlock(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	struct flock fl;
	if (f->state != P9_FILE)
		return -EBADF;
	int r = to_flock(t->tgetlock.type, t->tgetlock.start, t->tgetlock.length, &fl);
	if (r)
		return r;
	/* Linux's v9fs asks with this type, whatever its program has asked: name any lock there is.
	 */
	if (fl.l_type == F_UNLCK)
		fl.l_type = F_WRLCK;
	pthread_mutex_lock(&j->tree->locks_lock);
	const struct p9_lock_owner *o =
		find_owner(j->tree, f, t->tgetlock.proc_id, t->tgetlock.client_id);
	r = fcntl(o ? o->fd : f->fd, F_OFD_GETLK, &fl) < 0 ? -errno : 0;
	pthread_mutex_unlock(&j->tree->locks_lock);
	if (r)
		return r;
	struct p9_msg *a = &j->q.r;
	a->rgetlock.type = fl.l_type == F_RDLCK   ? P9_LOCK_RDLCK
			   : fl.l_type == F_WRLCK ? P9_LOCK_WRLCK
						  : P9_LOCK_UNLCK;
	a->rgetlock.start = (uint64_t)fl.l_start;
	a->rgetlock.length = (uint64_t)fl.l_len;
	/* Who holds it: a process of this machine has a number, another client's has none here. */
	a->rgetlock.proc_id = fl.l_pid > 0 ? (uint32_t)fl.l_pid : 0;
	a->rgetlock.client_id = t->tgetlock.client_id;
	return 0;
}
