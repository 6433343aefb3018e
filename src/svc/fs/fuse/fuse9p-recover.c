/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: what a new connection goes through before programs' requests use it:
 *
 *	version, session, attach      is it the same tree? A server that lost its memory of the
 *				      session (kept) is believed in everything else
 *	open files, many at a time    each is walked to by name as its user, must be the same object
 *				      (qid.path, and gen where the server tells it), and is opened
 *	renames that were under way   only if a file was not found: it may have another name by now,
 *				      which the repeated request tells
 *	the files not found, again
 *	locks			      fuse9p-lock.c
 *	f9_up()			      parked operations go on, written data is sent again
 *
 * What cannot be found again (removed, replaced by another file) keeps its handle, which answers
 * ESTALE from then on; the same file under another name that was given it by somebody else is not
 * looked for.
 *
 * When the connection is lost in the middle, all requests made here fail, their callbacks free what
 * they have and do not go on, and f9_recover_cancel() forgets the rest: the next connection begins
 * from the beginning.
 */
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <fcntl.h>

enum { WINDOW = 512 }; /* files being looked for at the same time */

struct f9_recovery {
	struct f9 *fs;
	f9_recovered done;
	void *user;
	uint32_t root_fid;
	struct p9_qid root;
	struct list todo; /* handles to be begun (on_fs); those begun are in f9.handles */
	struct list missed; /* those not found at first */
	unsigned n_open; /* under way */
	unsigned n_early; /* renames under way */
	bool second, starting;
};

static void reopen_next(struct f9_recovery *r);
static void reopen(struct f9_recovery *r, struct f9_handle *h, uid_t uid, gid_t gid);

/* The end of it, with success or not. */
static void finish(struct f9_recovery *r, int error, const char *text)
{
	struct f9 *fs = r->fs;
	f9_recovered done = r->done;
	void *user = r->user;
	f9_recover_cancel(fs);
	if (!error) {
		f9_up(fs);
		f9_data_resume(fs);
	}
	done(user, error, text);
}

/* ---- open files ---- */

/* Everything that could be found is there. */
static void locks_done(struct f9 *fs)
{
	finish(fs->recovery, 0, NULL);
}

/* Renames that had been sent, and whose answers did not come, are asked about once more. */
static void renames_again(struct f9_recovery *r)
{
	struct f9 *fs = r->fs;
	struct list again = LIST_INIT(again);
	list_for_each_safe (it, &fs->parked) {
		struct f9_op *op = list_entry(it, struct f9_op, park);
		if (!op->once_sent || !op->name2)
			continue;
		list_unlink(&op->park);
		list_append(&again, &op->park);
		op->in_doubt |= !fs->kept;
		r->n_early++;
	}
	r->n_early++; /* so that the last of them does not end it in here */
	while (!list_empty(&again)) {
		struct f9_op *op = list_entry(again.next, struct f9_op, park);
		op->early = true;
		f9_op_restart(op);
	}
	f9_recover_early_done(fs);
}

void f9_recover_early_done(struct f9 *fs)
{
	struct f9_recovery *r = fs->recovery;
	if (!r || p9_client_failed(fs->client) || --r->n_early > 0)
		return;
	r->second = true;
	list_splice(&r->todo, &r->missed);
	reopen_next(r);
}

static void all_tried(struct f9_recovery *r)
{
	if (!list_empty(&r->missed))
		renames_again(r);
	else
		f9_locks_reclaim(r->fs, locks_done);
}

void f9_recover_forget(struct f9_handle *h)
{
	if (h->reopening)
		h->reopening->handle = NULL;
	h->reopening = NULL;
}

static void reopen_end(struct f9_op *op, int error)
{
	struct f9 *fs = op->fs;
	struct f9_recovery *r = fs->recovery;
	struct f9_handle *h = TAKE_PTR(op->handle);
	bool lost = p9_client_failed(fs->client);
	/* Rights that were given with the opening do not end with the connection: a file may have
	 * been made without any, or they may have been taken from it since. */
	bool as_root = h && error == -EACCES && op->uid != 0 && !lost;
	if (h) {
		h->reopening = NULL;
		if (as_root) {
			/* below */
		} else if (!error) {
			p9_client_fid_drop(fs->client, h->fid);
			h->fid = op->newfid;
			h->iounit = (uint32_t)op->size;
			op->newfid = P9_NOFID;
		} else if (error == -ESTALE && !r->second && !lost) {
			list_unlink(&h->on_fs);
			list_append(&r->missed, &h->on_fs);
		} else if (!lost) {
			h->error = error;
		}
	}
	f9_op_free(op);
	if (as_root)
		reopen(r, h, 0, 0);
	r->n_open--;
	if (!lost)
		reopen_next(r);
}

static void reopen_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error)
		op->size = m->rlopen.iounit;
	reopen_end(op, error);
}

static void reopen_open(struct f9_op *op)
{
	int flags = op->handle->flags & ~(O_TRUNC | O_CREAT | O_EXCL);
	struct p9_msg m = {.type = P9_Tlopen,
		.tlopen = {.fid = op->newfid, .flags = f9_open_flags(op->fs, flags)}};
	if (op->fs->metac)
		m.tlopen.flags |= P9_O_AGAIN;
	f9_send(op, &m, reopen_done);
}

/* The number of an inode may belong to another file by now. */
static void reopen_identified(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error && op->handle && op->node->gen && (m->rgetattr.valid & P9_GETATTR_GEN) &&
		m->rgetattr.gen != op->node->gen)
		error = -ESTALE;
	if (error || !op->handle)
		reopen_end(op, error);
	else
		reopen_open(op);
}

static void reopen_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error || !op->handle) {
		reopen_end(op, error);
		return;
	}
	struct p9_msg m = {.type = P9_Tgetattr,
		.tgetattr = {.fid = op->newfid, .request_mask = f9_attr_mask(op->fs)}};
	if (op->node->gen)
		f9_send(op, &m, reopen_identified);
	else
		reopen_open(op);
}

static void reopen(struct f9_recovery *r, struct f9_handle *h, uid_t uid, gid_t gid)
{
	struct f9_op *op = f9_op_new_own(r->fs, h->node, uid, gid);
	if (!op) {
		h->error = -ENOMEM;
		return;
	}
	op->of_recovery = true;
	op->cred = f9_cred_ref(h->cred);
	op->handle = h;
	h->reopening = op;
	r->n_open++;
	f9_fid_walk(op, h->node, reopen_walked);
}

static void reopen_next(struct f9_recovery *r)
{
	if (r->starting)
		return;
	r->starting = true;
	while (!list_empty(&r->todo) && r->n_open < WINDOW) {
		struct f9_handle *h = list_entry(r->todo.next, struct f9_handle, on_fs);
		list_unlink(&h->on_fs);
		list_append(&r->fs->handles, &h->on_fs);
		if (h->node->qid.type & P9_QTDIR) /* opened when it is read again */
			f9_dir_lost(r->fs, h);
		else if (!h->error)
			reopen(r, h, h->uid, h->gid);
	}
	r->starting = false;
	if (r->n_open == 0)
		all_tried(r);
}

/* ---- the session ---- */

static void refuse(struct f9_recovery *r, int error, const char *text)
{
	if (!p9_client_failed(r->fs->client))
		finish(r, error, text);
}

static void on_root(void *user, int error, const struct p9_msg *m)
{
	struct f9_recovery *r = user;
	struct f9 *fs = r->fs;
	uint64_t gen = error || !(m->rgetattr.valid & P9_GETATTR_GEN) ? 0 : m->rgetattr.gen;
	if (!error && fs->attached &&
		(r->root.path != fs->root->qid.path ||
			(gen && fs->root_gen && gen != fs->root_gen)))
		error = -ESTALE;
	if (!error && !fs->attached)
		error = f9_root_set(fs, &r->root);
	if (error) {
		refuse(r, error, error == -ESTALE ? "another directory" : "attributes");
		return;
	}
	fs->attached = true;
	if (gen)
		fs->root_gen = gen;
	f9_fid_adopt(fs, fs->root, 0, r->root_fid);
	r->root_fid = P9_NOFID;
	list_splice(&r->todo, &fs->handles);
	reopen_next(r);
}

static void on_attached(void *user, int error, const struct p9_msg *m)
{
	struct f9_recovery *r = user;
	struct p9_msg ask = {.type = P9_Tgetattr,
		.tgetattr = {.fid = r->root_fid, .request_mask = f9_attr_mask(r->fs)}};
	if (!error && !(m->rattach.qid.type & P9_QTDIR))
		error = -ENOTDIR;
	if (!error) {
		r->root = m->rattach.qid;
		error = MIN(p9_client_request(r->fs->client, &ask, on_root, r), 0);
	}
	if (error)
		refuse(r, error, "attach");
}

static void attach(struct f9_recovery *r)
{
	struct f9 *fs = r->fs;
	f9_watch_begin(fs);
	int error = p9_client_fid_new(fs->client, &r->root_fid);
	struct f9_cred *root = f9_cred_of(fs, 0, 0);
	struct p9_msg m;
	if (!error && !root)
		error = -ENOMEM;
	if (!error)
		f9_cred_attach(fs, root, r->root_fid, &m);
	if (!error)
		error = MIN(p9_client_request(fs->client, &m, on_attached, r), 0);
	f9_cred_unref(fs, root);
	if (error)
		refuse(r, error, "attach");
}

static void on_session(void *user, int error, const struct p9_msg *m)
{
	struct f9_recovery *r = user;
	if (error && error != -EOPNOTSUPP) {
		refuse(r, error, "session");
		return;
	}
	r->fs->kept = !error && m->rsession.flags & P9_SESSION_KEPT;
	r->fs->watches = !error && m->rsession.flags & P9_SESSION_WATCHES;
	attach(r);
}

static void on_version(void *user, int error, const struct p9_msg *m)
{
	struct f9_recovery *r = user;
	struct f9 *fs = r->fs;
	if (error) {
		refuse(r, error, "9P2000.L");
		return;
	}
	fs->metac = p9_client_is_metac(fs->client);
	fs->kept = fs->watches = false;
	if (!fs->metac) {
		attach(r);
		return;
	}
	struct p9_msg ask = {.type = P9_Tsession};
	error = p9_client_request(fs->client, &ask, on_session, r);
	if (error < 0)
		refuse(r, error, "session");
}

int f9_recover(struct f9 *fs, f9_recovered done, void *user)
{
	assert(fs->down && !fs->recovery);
	struct f9_recovery *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = (struct f9_recovery){.fs = fs, .done = done, .user = user, .root_fid = P9_NOFID};
	list_init(&r->todo);
	list_init(&r->missed);
	p9_client_reset(fs->client);
	fs->settled = false;
	int error = p9_client_start(fs->client, on_version, r);
	if (error < 0) {
		free(r);
		return error;
	}
	fs->recovery = r;
	fs->n_connections++;
	return 0;
}

void f9_recover_cancel(struct f9 *fs)
{
	struct f9_recovery *r = TAKE_PTR(fs->recovery);
	if (!r)
		return;
	list_splice(&fs->handles, &r->todo);
	list_splice(&fs->handles, &r->missed);
	list_for_each_safe (it, &fs->ops) {
		struct f9_op *op = list_entry(it, struct f9_op, link);
		if (!op->of_recovery)
			continue;
		if (op->handle)
			f9_recover_forget(op->handle);
		f9_op_free(op);
	}
	if (r->root_fid != P9_NOFID)
		p9_client_fid_drop(fs->client, r->root_fid);
	free(r);
}
