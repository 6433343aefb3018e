/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: record locks (fcntl) and flock(2) both become 9P byte-range locks.  To the
 * server an owner is a client_id and a number, so each owner here (a process for record locks, an
 * open file for flock) gets a client_id of its own; the number is the process's, for people who ask
 * who holds a lock.
 *
 * The two kinds do not see each other on a local file system.  A server with 9P2000.L.metac has
 * both.  With others flock takes the last byte that an offset can name, and "to the end of the
 * file" in record locks ends one byte before it, where no file can have data.
 *
 * A lock that has to wait is waited for by the server; one that does not wait there is asked again
 * from here, less and less often.  Nobody looks for deadlocks between processes of several hosts,
 * so that EDEADLK never comes.
 *
 * What each owner holds is remembered, to be taken again when the connection was lost: the server
 * had let it go.  The process that served that connection may hold it a moment longer, so what is
 * not to be had at once is asked for again for some seconds.  A lock that somebody else has got
 * meanwhile is lost, and the file through which it was taken answers EIO from then on: its user
 * believes that he is alone with it.
 *
 * Programs on different machines that take turns by locks expect to see what the other wrote: when
 * an owner gets a lock, first or after having let one go, what is cached of the file is dropped
 * before the owner hears of it, and so are the names beside it (a journal, say, that tells whether
 * what is in the file counts).  While the server tells of all changes that is only necessary when
 * there were some (it tells them before it grants the lock).  It is done by another thread
 * (fuse9p-inval.c), since it may have to wait for requests that this one must answer.
 */
#include "base/log.h"
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-inval.h"
#include "svc/fs/fuse/fuse9p-kept.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>

enum {
	DELAY_FIRST_MS = 10,
	DELAY_MOST_MS = 500,
	RECLAIM_MS = 10000, /* how long a lock is tried for after a loss */
	RECLAIM_WINDOW = 256, /* locks being taken again at the same time */
	RANGES_MAX = 4096, /* of one owner */
};

/* A range of bytes that is held, from start to end (inclusive). */
struct f9_range {
	struct list link;
	uint64_t start, end;
	bool exclusive;
};

struct f9_owner {
	struct list link; /* in f9_node.owners */
	struct list held; /* struct f9_range, none of which overlap */
	unsigned n_held;
	uint64_t owner;
	uint32_t proc_id; /* of who came first; the same in all requests of the owner */
	bool is_flock;
	bool fresh; /* what is cached is no older than the owner's last lock */
	struct f9_handle *handle; /* what it was first locked through */
};

static struct f9_owner *owner_find(struct f9_node *n, uint64_t owner, bool is_flock)
{
	list_for_each (it, &n->owners) {
		struct f9_owner *o = list_entry(it, struct f9_owner, link);
		if (o->owner == owner && o->is_flock == is_flock)
			return o;
	}
	return NULL;
}

static int owner_add(const struct f9_op *op)
{
	if (owner_find(op->node, op->owner, op->is_flock))
		return 0;
	struct f9_owner *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->owner = op->owner;
	o->is_flock = op->is_flock;
	o->proc_id = (uint32_t)op->lock.l_pid;
	o->handle = op->handle;
	list_init(&o->held);
	list_append(&op->node->owners, &o->link);
	return 0;
}

/* ---- what is held ---- */

static int range_add(struct f9_owner *o, uint64_t start, uint64_t end, bool exclusive)
{
	struct f9_range *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = (struct f9_range){.start = start, .end = end, .exclusive = exclusive};
	list_append(&o->held, &r->link);
	o->n_held++;
	return 0;
}

static void range_free(struct f9_owner *o, struct f9_range *r)
{
	list_unlink(&r->link);
	o->n_held--;
	free(r);
}

/* Takes start to end out of r, which overlaps with it. */
static int range_cut(struct f9_owner *o, struct f9_range *r, uint64_t start, uint64_t end)
{
	if (r->start < start && r->end > end) {
		int e = range_add(o, end + 1, r->end, r->exclusive);
		if (e < 0)
			return e;
		r->end = start - 1;
	} else if (r->start < start) {
		r->end = start - 1;
	} else if (r->end > end) {
		r->start = end + 1;
	} else {
		range_free(o, r);
	}
	return 0;
}

/* The server has done so: from start to end there is now a lock of that type (F_*), or none. */
static int range_set(struct f9_owner *o, uint64_t start, uint64_t end, short type)
{
	bool exclusive = type == F_WRLCK;
	list_for_each_safe (it, &o->held) {
		struct f9_range *r = list_entry(it, struct f9_range, link);
		if (r->end < start || r->start > end)
			continue;
		int e = range_cut(o, r, start, end);
		if (e < 0)
			return e;
	}
	if (type == F_UNLCK)
		return 0;
	/* What borders on it becomes one with it, as in the kernel. */
	list_for_each_safe (it, &o->held) {
		struct f9_range *r = list_entry(it, struct f9_range, link);
		if (r->exclusive != exclusive)
			continue;
		if (r->end + 1 == start)
			start = r->start;
		else if (end + 1 == r->start)
			end = r->end;
		else
			continue;
		range_free(o, r);
	}
	return range_add(o, start, end, exclusive);
}

static void owner_remove(struct f9_owner *o)
{
	if (!o)
		return;
	while (!list_empty(&o->held))
		range_free(o, list_entry(o->held.next, struct f9_range, link));
	list_unlink(&o->link);
	free(o);
}

void f9_owners_free(struct f9_node *n, const struct f9_handle *h)
{
	list_for_each_safe (it, &n->owners) {
		struct f9_owner *o = list_entry(it, struct f9_owner, link);
		if (!h || o->handle == h)
			owner_remove(o);
	}
}

/* ---- the 9P side ---- */

static struct p9_str owner_id(
	const struct f9 *fs, bool is_flock, uint64_t owner, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s-%c%" PRIx64, fs->client_id, is_flock ? 'f' : 'p', owner);
	return p9_str(buf);
}

static uint32_t owner_proc(const struct f9_op *op)
{
	const struct f9_owner *o = owner_find(op->node, op->owner, op->is_flock);
	return o ? o->proc_id : (uint32_t)op->lock.l_pid;
}

static uint8_t lock_type(short type)
{
	return type == F_RDLCK ? P9_LOCK_RDLCK : type == F_WRLCK ? P9_LOCK_WRLCK : P9_LOCK_UNLCK;
}

/* The last byte that a lock may cover. */
static uint64_t lock_end(const struct f9 *fs)
{
	return fs->metac ? INT64_MAX : INT64_MAX - 1;
}

/* As an owner's range has it. flock: anything, the same each time. */
static void lock_range(const struct f9_op *op, uint64_t *start, uint64_t *end)
{
	const struct flock *l = &op->lock;
	uint64_t most = lock_end(op->fs);
	*start = op->is_flock ? 0 : MIN((uint64_t)l->l_start, most);
	*end = op->is_flock || l->l_len == 0 ? most : MIN(*start + (uint64_t)l->l_len - 1, most);
}

/* Start and length in a message. */
static void wire_range(const struct f9 *fs, bool is_flock, uint64_t start, uint64_t end,
	uint64_t *ret_start, uint64_t *ret_length)
{
	if (is_flock) {
		*ret_start = fs->metac ? 0 : INT64_MAX;
		*ret_length = fs->metac ? 0 : 1;
		return;
	}
	*ret_start = start;
	*ret_length = fs->metac && end == INT64_MAX ? 0 : end - start + 1;
}

static void lock_message(
	const struct f9_op *op, uint32_t flags, char *id, size_t id_size, struct p9_msg *ret)
{
	const struct f9 *fs = op->fs;
	uint64_t start, end;
	lock_range(op, &start, &end);
	*ret = (struct p9_msg){.type = P9_Tlock};
	ret->tlock.fid = op->handle->fid;
	ret->tlock.type = lock_type(op->lock.l_type);
	ret->tlock.flags = flags | (op->is_flock && fs->metac ? (uint32_t)P9_LOCK_FLOCK : 0);
	ret->tlock.proc_id = owner_proc(op);
	ret->tlock.client_id = owner_id(fs, op->is_flock, op->owner, id, id_size);
	wire_range(fs, op->is_flock, start, end, &ret->tlock.start, &ret->tlock.length);
}

static void lock_reply(struct f9_op *op, int error, const struct p9_msg *m);

static void lock_send(struct f9_op *op)
{
	char id[96];
	struct p9_msg m;
	lock_message(op, op->flags ? P9_LOCK_BLOCK : 0, id, sizeof(id), &m);
	op->events_sent = f9_watch_sent(op->fs);
	f9_send(op, &m, lock_reply);
}

/* ---- waiting ---- */

static void lock_sleep(struct f9_op *op)
{
	op->delay_ms =
		op->delay_ms ? MIN(op->delay_ms * 2, (uint32_t)DELAY_MOST_MS) : DELAY_FIRST_MS;
	op->wake_ms = f9_now_ms() + op->delay_ms;
	list_append(&op->fs->sleepers, &op->sleep);
}

static void reclaim_send(struct f9_op *op);

int f9_sleepers_run(struct f9 *fs)
{
	uint64_t now = f9_now_ms(), next = UINT64_MAX;
	list_for_each_safe (it, &fs->sleepers) {
		struct f9_op *op = list_entry(it, struct f9_op, sleep);
		if (!op->interrupted && op->wake_ms > now) {
			next = MIN(next, op->wake_ms);
			continue;
		}
		list_unlink(&op->sleep);
		if (op->interrupted)
			f9_op_err(op, -EINTR);
		else if (op->of_recovery)
			reclaim_send(op);
		else
			lock_send(op);
	}
	return next == UINT64_MAX ? -1 : (int)(next - now);
}

/* ---- locking ---- */

static void lock_granted(struct f9_op *op, int error, const struct p9_msg *m)
{
	f9_op_err(op, error);
}

/*
 * Since somebody here got a lock and all was dropped (or since it was found not to be necessary),
 * the server has told all changes of the file and of the names beside it, up to this lock, and
 * there was none.
 */
static bool cache_is_good(const struct f9_op *op)
{
	const struct f9 *fs = op->fs;
	const struct f9_node *n = op->node;
	return f9_watch_told_all(fs, op->events_sent) && n->lock_dropped &&
	       f9_unchanged_since(fs, n, n->lock_dropped) && n->parent &&
	       f9_unchanged_since(fs, n->parent, n->lock_dropped) && f9_inval_idle(fs);
}

static void drop_cached(struct f9_op *op)
{
	struct f9_node *n = op->node;
	/* Read before the lock was got. */
	list_for_each (it, &n->handles)
		f9_head_drop(op->fs, list_entry(it, struct f9_handle, on_node));
	n->lock_dropped = op->asked;
	f9_inval_node(op, lock_granted);
}

static void lock_got(struct f9_op *op)
{
	struct f9_owner *o = owner_find(op->node, op->owner, op->is_flock);
	uint64_t start, end;
	lock_range(op, &start, &end);
	/* Without memory for it the lock is held all the same, until the connection is lost. */
	if (o && range_set(o, start, end, op->lock.l_type) < 0)
		log_peer(LOG_WARNING, "no memory to remember a lock");
	if (op->lock.l_type == F_UNLCK) {
		if (o)
			o->fresh = false;
		f9_op_err(op, 0);
	} else if (o && o->fresh) {
		f9_op_err(op, 0);
	} else {
		if (o)
			o->fresh = true;
		if (cache_is_good(op))
			f9_op_err(op, 0);
		else
			drop_cached(op);
	}
}

static void lock_reply(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	switch (m->rlock.status) {
	case P9_LOCK_SUCCESS:
		lock_got(op);
		break;
	case P9_LOCK_BLOCKED:
		if (!op->flags)
			f9_op_err(op, -EAGAIN);
		else if (op->interrupted)
			f9_op_err(op, -EINTR);
		else
			lock_sleep(op);
		break;
	default:
		f9_op_err(op, -ENOLCK);
	}
}

static void lock_settled(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct f9_owner *o = owner_find(op->node, op->owner, op->is_flock);
	if (op->handle->error && op->lock.l_type != F_UNLCK) {
		f9_op_err(op, op->handle->error);
		return;
	}
	if (o && o->n_held >= RANGES_MAX && op->lock.l_type != F_UNLCK) {
		f9_op_err(op, -ENOLCK);
		return;
	}
	if (op->lock.l_type == F_UNLCK) {
		if (op->lock.l_start == 0 && op->lock.l_len == 0)
			f9_locks_drop(op, op->owner, op->is_flock, lock_granted);
		else
			lock_send(op);
		return;
	}
	int r = owner_add(op);
	if (r < 0)
		f9_op_err(op, r);
	else
		lock_send(op);
}

/* Whoever gets the lock next must find what was written under it. */
static void lock_begin(struct f9_op *op)
{
	f9_data_settle(op, op->node, lock_settled);
}

void f9_setlk(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock, int sleep)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->handle = (struct f9_handle *)(uintptr_t)fi->fh;
	op->owner = fi->lock_owner;
	op->lock = *lock;
	op->flags = sleep;
	op->by_any_signal = true;
	op->interrupted |= op->signalled != 0;
	f9_op_begin(op, lock_begin);
}

void f9_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int operation)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->handle = (struct f9_handle *)(uintptr_t)fi->fh;
	op->owner = fi->lock_owner;
	op->is_flock = true;
	op->lock.l_pid = fuse_req_ctx(req)->pid;
	op->lock.l_type = operation & LOCK_SH ? F_RDLCK : operation & LOCK_EX ? F_WRLCK : F_UNLCK;
	op->flags = !(operation & LOCK_NB);
	op->by_any_signal = true;
	op->interrupted |= op->signalled != 0;
	f9_op_begin(op, lock_begin);
}

static void getlk_reply(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct flock *l = &op->lock;
	uint64_t start = MIN(m->rgetlock.start, (uint64_t)INT64_MAX);
	uint64_t length = MIN(m->rgetlock.length, INT64_MAX - start + 1);
	l->l_type = m->rgetlock.type == P9_LOCK_RDLCK   ? F_RDLCK
		    : m->rgetlock.type == P9_LOCK_WRLCK ? F_WRLCK
							: F_UNLCK;
	if (l->l_type != F_UNLCK) {
		l->l_whence = SEEK_SET;
		l->l_start = (off_t)start;
		l->l_len = start + length >= INT64_MAX ? 0 : (off_t)length;
		l->l_pid = (pid_t)m->rgetlock.proc_id;
	}
	fuse_reply_lock(op->req, l);
	f9_op_free(op);
}

static void getlk_begin(struct f9_op *op)
{
	char id[96];
	uint64_t start, end;
	if (op->handle->error) {
		f9_op_err(op, op->handle->error);
		return;
	}
	lock_range(op, &start, &end);
	struct p9_msg m = {.type = P9_Tgetlock};
	m.tgetlock.fid = op->handle->fid;
	m.tgetlock.type = lock_type(op->lock.l_type);
	m.tgetlock.proc_id = owner_proc(op);
	m.tgetlock.client_id = owner_id(op->fs, false, op->owner, id, sizeof(id));
	wire_range(op->fs, false, start, end, &m.tgetlock.start, &m.tgetlock.length);
	f9_send(op, &m, getlk_reply);
}

void f9_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->handle = (struct f9_handle *)(uintptr_t)fi->fh;
	op->owner = fi->lock_owner;
	op->lock = *lock;
	f9_op_begin(op, getlk_begin);
}

/* ---- letting all go ---- */

static void drop_reply(struct f9_op *op, int error, const struct p9_msg *m)
{
	/* Closing succeeds also when the server is gone: then the locks are, too. */
	op->got(op, 0, NULL);
}

void f9_locks_drop(struct f9_op *op, uint64_t owner, bool is_flock, f9_then then)
{
	struct f9_owner *o = owner_find(op->node, owner, is_flock);
	if (!o) {
		then(op, 0, NULL);
		return;
	}
	op->owner = owner;
	op->is_flock = is_flock;
	op->lock = (struct flock){.l_type = F_UNLCK};
	op->got = then;
	char id[96];
	struct p9_msg m;
	lock_message(op, 0, id, sizeof(id), &m);
	m.tlock.start = m.tlock.length = 0; /* by which the server knows that this was all */
	owner_remove(o);
	f9_send(op, &m, drop_reply);
}

/* ---- taking them again ---- */

/*
 * One operation for each lock; its node, owner, is_flock and lock say which.  It looks for the
 * owner anew at each step: a file may be closed meanwhile.
 */
static void reclaim_next(struct f9 *fs);

static void reclaim_end(struct f9_op *op)
{
	struct f9 *fs = op->fs;
	f9_op_free(op);
	fs->reclaim.n_open--;
	if (!p9_client_failed(fs->client))
		reclaim_next(fs);
}

static void reclaim_undone(struct f9_op *op, int error, const struct p9_msg *m)
{
	reclaim_end(op);
}

/* Taken again for an owner that has gone: nobody else would let it go. */
static void reclaim_undo(struct f9_op *op)
{
	char id[96];
	struct p9_msg m;
	list_for_each (it, &op->node->handles) {
		struct f9_handle *h = list_entry(it, struct f9_handle, on_node);
		if (h->fid != op->mode)
			continue;
		op->handle = h;
		op->lock.l_type = F_UNLCK;
		lock_message(op, 0, id, sizeof(id), &m);
		op->handle = NULL;
		f9_send(op, &m, reclaim_undone);
		return;
	}
	reclaim_end(op);
}

static void reclaim_reply(struct f9_op *op, int error, const struct p9_msg *m)
{
	struct f9 *fs = op->fs;
	struct f9_owner *o = owner_find(op->node, op->owner, op->is_flock);
	bool got = !error && m->rlock.status == P9_LOCK_SUCCESS;
	bool wait =
		!error && (m->rlock.status == P9_LOCK_BLOCKED || m->rlock.status == P9_LOCK_GRACE);
	if (p9_client_failed(fs->client)) {
		reclaim_end(op);
	} else if (got && !o) {
		reclaim_undo(op);
	} else if (o && wait && f9_now_ms() < fs->reclaim.until_ms) {
		lock_sleep(op);
	} else {
		if (o && !got) {
			log_peer(LOG_WARNING, "a lock went with the connection: %s",
				error ? strerror(-error) : "somebody else has it");
			o->handle->error = -EIO;
		}
		reclaim_end(op);
	}
}

static void reclaim_send(struct f9_op *op)
{
	char id[96];
	struct p9_msg m;
	const struct f9_owner *o = owner_find(op->node, op->owner, op->is_flock);
	if (!o || o->handle->error) {
		reclaim_end(op);
		return;
	}
	op->handle = o->handle;
	op->mode = o->handle->fid;
	lock_message(op, P9_LOCK_RECLAIM, id, sizeof(id), &m);
	op->handle = NULL;
	f9_send(op, &m, reclaim_reply);
}

static void reclaim_next(struct f9 *fs)
{
	if (fs->reclaim.starting)
		return;
	fs->reclaim.starting = true;
	while (!list_empty(&fs->reclaim.todo) && fs->reclaim.n_open < RECLAIM_WINDOW) {
		struct list *it = list_pop(&fs->reclaim.todo);
		fs->reclaim.n_open++;
		reclaim_send(list_entry(it, struct f9_op, park));
	}
	fs->reclaim.starting = false;
	if (fs->reclaim.n_open == 0)
		fs->reclaim.then(fs);
}

static void reclaim_add(struct f9 *fs, struct f9_node *n, struct f9_owner *o, struct f9_range *r)
{
	struct f9_op *op = f9_op_new_own(fs, n, o->handle->uid, o->handle->gid);
	if (!op) {
		o->handle->error = -EIO;
		return;
	}
	op->of_recovery = true;
	op->owner = o->owner;
	op->is_flock = o->is_flock;
	op->lock = (struct flock){.l_type = r->exclusive ? F_WRLCK : F_RDLCK,
		.l_start = (off_t)r->start,
		.l_len = r->end >= lock_end(fs) ? 0 : (off_t)(r->end - r->start + 1)};
	list_append(&fs->reclaim.todo, &op->park);
}

void f9_locks_reclaim(struct f9 *fs, void (*then)(struct f9 *fs))
{
	fs->reclaim.then = then;
	fs->reclaim.n_open = 0;
	fs->reclaim.until_ms = f9_now_ms() + RECLAIM_MS;
	list_for_each (it, &fs->handles) {
		const struct f9_handle *h = list_entry(it, struct f9_handle, on_fs);
		list_for_each (jt, &h->node->owners) {
			struct f9_owner *o = list_entry(jt, struct f9_owner, link);
			if (o->handle != h || h->error)
				continue;
			list_for_each (kt, &o->held)
				reclaim_add(fs, h->node, o, list_entry(kt, struct f9_range, link));
		}
	}
	reclaim_next(fs);
}
