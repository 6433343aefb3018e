/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: record locks (fcntl) and flock(2) both become 9P byte-range locks.  To the
 * server an owner is a client_id and a number, so each owner here (a process for record locks, an
 * open file for flock) gets a client_id of its own; the number is the process's, for people who ask
 * who holds a lock.
 *
 * The two kinds do not see each other on a local file system.  Here flock takes the last byte that
 * an offset can name, and "to the end of the file" in record locks ends one byte before it, where
 * no file can have data.
 *
 * A lock that has to wait is waited for by the server; one that does not wait there is asked again
 * from here, less and less often.
 *
 * Programs on different machines that take turns by locks expect to see what the other wrote: when
 * an owner gets a lock, first or after having let one go, what is cached of the file is dropped
 * before the owner hears of it, and so are the names beside it (a journal, say, that tells whether
 * what is in the file counts).  That is done by another thread (fuse9p-inval.c), since it may have
 * to wait for requests that this one must answer.
 */
#include "svc/fs/fuse/fuse9p.h"
#include "svc/fs/fuse/fuse9p-inval.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>

enum { DELAY_FIRST_MS = 10, DELAY_MOST_MS = 500 };

struct f9_owner {
	struct list link; /* in f9_node.owners */
	uint64_t owner;
	uint32_t proc_id; /* of who came first; the same in all requests of the owner */
	bool is_flock;
	bool fresh; /* what is cached is no older than the owner's last lock */
	const struct f9_handle *handle; /* what it was first locked through */
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
	list_append(&op->node->owners, &o->link);
	return 0;
}

static void owner_remove(struct f9_owner *o)
{
	if (!o)
		return;
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

static struct p9_str owner_id(const struct f9_op *op, char *buf, size_t size)
{
	(void)snprintf(
		buf, size, "%s-%c%" PRIx64, op->fs->client_id, op->is_flock ? 'f' : 'p', op->owner);
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

static void lock_range(const struct f9_op *op, uint64_t *start, uint64_t *length)
{
	if (op->is_flock) {
		*start = INT64_MAX;
		*length = 1;
		return;
	}
	*start = (uint64_t)op->lock.l_start;
	*length = (uint64_t)op->lock.l_len;
	if (*length == 0)
		*length = INT64_MAX - *start;
}

static void lock_reply(struct f9_op *op, int error, const struct p9_msg *m);

static void lock_send(struct f9_op *op)
{
	char id[96];
	struct p9_msg m = {.type = P9_Tlock};
	m.tlock.fid = op->handle->fid;
	m.tlock.type = lock_type(op->lock.l_type);
	m.tlock.flags = op->flags ? P9_LOCK_BLOCK : 0;
	m.tlock.proc_id = owner_proc(op);
	m.tlock.client_id = owner_id(op, id, sizeof(id));
	lock_range(op, &m.tlock.start, &m.tlock.length);
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

int f9_sleepers_run(struct f9 *fs)
{
	if (list_empty(&fs->sleepers))
		return -1;
	uint64_t now = f9_now_ms(), next = UINT64_MAX;
	bool lost = p9_client_failed(fs->client);
	list_for_each_safe (it, &fs->sleepers) {
		struct f9_op *op = list_entry(it, struct f9_op, sleep);
		if (!op->interrupted && !lost && op->wake_ms > now) {
			next = MIN(next, op->wake_ms);
			continue;
		}
		list_unlink(&op->sleep);
		if (op->interrupted || lost)
			f9_op_err(op, lost ? -EIO : -EINTR);
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

static void lock_got(struct f9_op *op)
{
	struct f9_owner *o = owner_find(op->node, op->owner, op->is_flock);
	if (op->lock.l_type == F_UNLCK) {
		if (o)
			o->fresh = false;
		f9_op_err(op, 0);
	} else if (o && o->fresh) {
		f9_op_err(op, 0);
	} else {
		if (o)
			o->fresh = true;
		f9_inval_node(op, lock_granted);
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

static void lock_begin(struct f9_op *op)
{
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
	lock_begin(op);
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
	lock_begin(op);
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

void f9_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	char id[96];
	op->owner = fi->lock_owner;
	op->lock = *lock;
	struct p9_msg m = {.type = P9_Tgetlock};
	m.tgetlock.fid = ((struct f9_handle *)(uintptr_t)fi->fh)->fid;
	m.tgetlock.type = lock_type(lock->l_type);
	m.tgetlock.proc_id = owner_proc(op);
	m.tgetlock.client_id = owner_id(op, id, sizeof(id));
	lock_range(op, &m.tgetlock.start, &m.tgetlock.length);
	f9_send(op, &m, getlk_reply);
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
	uint32_t proc_id = o->proc_id;
	owner_remove(o);
	op->owner = owner;
	op->is_flock = is_flock;
	op->got = then;
	char id[96];
	struct p9_msg m = {.type = P9_Tlock};
	m.tlock.fid = op->handle->fid;
	m.tlock.type = P9_LOCK_UNLCK;
	m.tlock.proc_id = proc_id;
	m.tlock.client_id = owner_id(op, id, sizeof(id));
	f9_send(op, &m, drop_reply);
}
