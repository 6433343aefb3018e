/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: an open file is a fid of its own, opened as the user who opens it; all reads
 * and writes through it have that user's rights, as on a local file system.
 *
 * With 9P2000.L.metac opening is one request: by name from the directory, so that a file that was
 * replaced meanwhile is noticed, with the attributes and a small file's content in the answer.  A
 * foreign server is walked to the name, opened, and asked for the attributes at the same time.  If
 * these are what the kernel was told before, or if the server would have told of a change, what the
 * kernel has cached of the file stays.
 *
 * A file opened for appending goes without the cache, and the server appends: so records of several
 * machines do not overwrite each other.
 */
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-idmap.h"
#include "svc/fs/fuse/fuse9p-kept.h"
#include "svc/fs/fuse/fuse9p-names.h"
#include "svc/fs/fuse/fuse9p-outrun.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <fcntl.h>
#include <time.h>

enum { PAGE = 4096, DOUBT_SLACK_S = 2 };

#define ATTR_WANTED (F9_ATTR_MASK | P9_GETATTR_NOXATTR)

/* ---- handles ---- */

int f9_handle_new(struct f9_op *op, uint32_t iounit)
{
	struct f9_handle *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->node = f9_node_ref(op->node2 ? op->node2 : op->node);
	h->fid = op->newfid;
	op->newfid = P9_NOFID;
	h->iounit = iounit;
	h->flags = op->fi.flags;
	h->uid = op->uid;
	h->gid = op->gid;
	h->cred = f9_cred_ref(f9_op_cred(op));
	list_init(&h->idle_on_fs);
	list_append(&h->node->handles, &h->on_node);
	list_append(&op->fs->handles, &h->on_fs);
	op->handle = h;
	op->handle_new = true;
	op->fi.fh = (uintptr_t)h;
	return 0;
}

void f9_handle_free(struct f9 *fs, struct f9_handle *h)
{
	if (f9_data_keeps(h))
		return;
	f9_head_drop(fs, h);
	bool locked = !list_empty(&h->node->owners);
	f9_recover_forget(h);
	list_unlink(&h->on_node);
	list_unlink(&h->on_fs);
	f9_owners_free(h->node, h);
	if (h->fid != P9_NOFID)
		p9_client_clunk(fs->client, h->fid);
	f9_cred_unref(fs, h->cred);
	f9_dir_free(fs, h);
	/* As long as the server has a file open for writing nobody can run it there. */
	if ((h->flags & O_ACCMODE) != O_RDONLY || locked)
		p9_client_hurry(fs->client);
	f9_node_unref(fs, h->node);
	free(h);
}

/* ---- opening ---- */

/* Syncing after writes the kernel asks for itself; O_DIRECT is between the program and the cache
 * here. */
uint32_t f9_open_flags(const struct f9 *fs, int flags)
{
	uint32_t p9 = P9_O_LARGEFILE;
	switch (flags & O_ACCMODE) {
	case O_WRONLY:
		p9 |= P9_O_WRONLY;
		break;
	case O_RDWR:
		p9 |= P9_O_RDWR;
		break;
	}
	if (flags & O_TRUNC)
		p9 |= P9_O_TRUNC;
	if (flags & O_APPEND)
		p9 |= P9_O_APPEND | (fs->metac ? (uint32_t)P9_O_PLACED : 0);
	if (flags & O_DIRECTORY)
		p9 |= P9_O_DIRECTORY;
	return p9;
}

/* Whether what the kernel has cached of the file is still its content. A time as recent as this
 * could stay the same over another change. */
static bool unchanged(const struct f9_op *op, const struct p9_attr *a)
{
	const struct f9_node *n = op->node;
	if (n->cached && f9_unchanged_since(op->fs, n, n->cached_since))
		return true;
	return a && a->size == n->size && a->mtime_sec == n->mtime_sec &&
	       a->mtime_nsec == n->mtime_nsec && (uint64_t)time(NULL) > n->mtime_sec + 2;
}

/* What the server says of n now, as it is told to the kernel. */
static void heard(struct f9_op *op, struct f9_node *n, const struct p9_attr *a, struct stat *ret)
{
	f9_node_attr(op->fs, n, a, ret);
	if (f9_data_attr(op, n, ret))
		n->size = (uint64_t)ret->st_size;
}

/* op->handle is what the kernel gets; a: the file's attributes, NULL if they were not asked for. */
static void open_reply(struct f9_op *op, const struct p9_attr *a)
{
	struct f9_node *n = op->node;
	struct stat st;
	(void)f9_outrun_ends(op);
	op->fi.keep_cache = unchanged(op, a);
	op->fi.direct_io = (op->fi.flags & O_APPEND) != 0;
	n->cached = true;
	n->cached_since = op->asked;
	bool other = !a || a->size != n->size ||
		     (n->mtime_nsec != UINT64_MAX &&
			     (a->mtime_sec != n->mtime_sec || a->mtime_nsec != n->mtime_nsec));
	if (a)
		heard(op, n, a, &st);
	/* Attributes only: that waits for nothing. */
	if (other && !op->fi.keep_cache)
		(void)fuse_lowlevel_notify_inval_inode(
			op->fs->session, f9_node_ino(op->fs, n), -1, 0);
	if (fuse_reply_open(op->req, &op->fi) != -ENOENT)
		op->handle_new = false; /* the kernel has it now, and will release it */
	f9_op_free(op);
}

/* The name leads to another file than it did at the lookup, or nowhere: whether the file is to be
 * opened all the same. */
static bool outrun_again(struct f9_op *op)
{
	if (op->outrun || !f9_outrun_ends(op))
		return false;
	op->outrun = true;
	return true;
}

/* ---- opening by one request ---- */

/* How much of the content to ask for: all of a small file that is not cached yet. */
static uint32_t head_count(const struct f9_op *op)
{
	const struct f9_node *n = op->node;
	if ((op->fi.flags & (O_ACCMODE | O_TRUNC | O_DIRECT)) != O_RDONLY || n->dirty ||
		(n->cached && f9_unchanged_since(op->fs, n, n->cached_since)))
		return 0;
	uint32_t room = p9_client_msize(op->fs->client);
	room = room > P9_OPENAT_HEADER ? room - P9_OPENAT_HEADER : 0;
	/* One byte more than there is tells that it is all. */
	uint64_t want = n->size == UINT64_MAX ? F9_HEAD_SIZE / 2 : n->size / PAGE * PAGE + PAGE;
	return want > F9_HEAD_SIZE ? 0 : MIN((uint32_t)want, room);
}

static void openat_own(struct f9_op *op, int error, const struct p9_msg *reply);
static void openat_self(struct f9_op *op);

static void openat_replaced(struct f9_op *op)
{
	if (!outrun_again(op)) {
		f9_op_err(op, -ESTALE);
		return;
	}
	f9_fid_unpin(op->fs, TAKE_PTR(op->fid));
	openat_self(op);
}

static void openat_done(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct f9 *fs = op->fs;
	struct f9_node *n = op->node;
	if (error) {
		f9_fid_unused(op);
		if (error == -ENOENT)
			openat_replaced(op);
		else
			f9_op_err(op, error);
		return;
	}
	const struct p9_attr *a = &reply->ropenat.attr;
	if (!f9_node_is(n, a) || a->qid.type != n->qid.type) {
		p9_client_clunk(fs->client, op->newfid);
		op->newfid = P9_NOFID;
		openat_replaced(op);
		return;
	}
	error = f9_handle_new(op, reply->ropenat.iounit);
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct f9_handle *h = op->handle;
	if (n->parent && op->named)
		op->asked = f9_watch_answer(fs, n->parent, n, a, op->asked, reply->ropenat.flags);
	h->watched = f9_watched(fs, n);
	h->since = op->asked;
	f9_head_keep(fs, h, &reply->ropenat.data, op->count);
	open_reply(op, a);
}

static void openat_send(struct f9_op *op, uint32_t fid, bool named)
{
	int r = f9_fid_new(op);
	if (r < 0) {
		f9_op_err(op, r);
		return;
	}
	op->named = named;
	op->count = head_count(op);
	struct p9_msg m = {.type = P9_Topenat,
		.topenat = {.fid = fid,
			.newfid = op->newfid,
			.name = f9_str(named ? op->node->name : NULL),
			.open_flags = f9_open_flags(op->fs, op->fi.flags),
			.request_mask = ATTR_WANTED,
			.flags = named && op->fs->watches ? P9_WANT_WATCH : 0,
			.count = op->count}};
	f9_send(op, &m, openat_done);
}

static void openat_own(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		f9_op_err(op, error);
	else
		openat_send(op, op->fid->fid, false);
}

/* Not by a name: there is none any more, or it stands for something else. A file that the user has
 * open can be opened again through that. */
static void openat_self(struct f9_op *op)
{
	list_for_each (it, &op->node->handles) {
		const struct f9_handle *h = list_entry(it, struct f9_handle, on_node);
		if (h->uid == op->uid && h->fid != P9_NOFID && !h->error) {
			openat_send(op, h->fid, false);
			return;
		}
	}
	f9_fid_own(op, op->node, &op->fid, openat_own);
}

static void openat_dir(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		f9_op_err(op, error);
	else if (!op->node->parent) /* its name went while the directory was walked to */
		openat_replaced(op);
	else
		openat_send(op, op->fid->fid, true);
}

/* ---- opening at a foreign server ---- */

/* Two things must have come: the open file, and the attributes (where they were asked for). */
static void open_both(struct f9_op *op)
{
	int error = op->main_error ? op->main_error : op->side_error;
	if (f9_op_lost(op, error))
		return;
	error = op->main_error;
	if (!error)
		error = f9_handle_new(op, (uint32_t)op->size);
	if (error)
		f9_op_err(op, error);
	else
		open_reply(op, op->side.type == P9_Rgetattr ? &op->side.rgetattr : NULL);
}

static void open_main(struct f9_op *op, int error)
{
	op->main_error = error;
	op->main_done = true;
	if (!op->side_open)
		open_both(op);
}

static void open_side(void *user, int error, const struct p9_msg *m)
{
	struct f9_op *op = user;
	op->side_open = false;
	op->side_error = error;
	if (!error)
		op->side = *m;
	if (op->main_done)
		open_both(op);
}

static void lopen_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error)
		op->size = m->rlopen.iounit;
	open_main(op, error);
}

static void open_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tlopen};
	if (error == -ESTALE && outrun_again(op)) {
		f9_fid_walk(op, op->node, open_walked);
		return;
	}
	if (error) {
		open_main(op, error);
		return;
	}
	m.tlopen.fid = op->newfid;
	m.tlopen.flags = f9_open_flags(op->fs, op->fi.flags);
	f9_send(op, &m, lopen_done);
}

/* While the walk and the opening are under way, on a fid that stays as it is. */
static void open_ask_attr(struct f9_op *op)
{
	uint32_t fid = f9_fid_at_hand(op, NULL);
	struct p9_msg m = {
		.type = P9_Tgetattr, .tgetattr = {.fid = fid, .request_mask = P9_GETATTR_BASIC}};
	if (fid != P9_NOFID && op->node->size != UINT64_MAX)
		op->side_open = p9_client_request(op->fs->client, &m, open_side, op) >= 0;
}

/* ---- open(2) ---- */

static void open_settled(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_op_err(op, error);
	} else if (op->fs->metac) {
		if (op->node->parent)
			f9_fid_own(op, op->node->parent, &op->fid, openat_dir);
		else
			openat_self(op);
	} else {
		if (!(op->fi.flags & (O_TRUNC | O_APPEND)))
			open_ask_attr(op);
		f9_fid_walk_name(op, op->node, open_walked);
	}
}

static void open_start(struct f9_op *op)
{
	if ((op->fi.flags & (O_ACCMODE | O_TRUNC)) != O_RDONLY && f9_node_is_group_marked(op->node))
		(void)f9_op_own_groups(op);
	f9_data_settle(op, op->node, open_settled);
}

/* Open at the server already: what the kernel has cached is right if it was right at the last
 * opening. */
static bool open_idle(fuse_req_t req, struct f9_node *n, struct fuse_file_info *fi)
{
	struct f9 *fs = f9_of(req);
	struct f9_handle *h = list_empty(&n->idle) || fs->down
				      ? NULL
				      : f9_idle_take(fs, n, fuse_req_ctx(req)->uid, fi->flags);
	if (!h)
		return false;
	fi->fh = (uintptr_t)h;
	fi->keep_cache = n->cached && f9_unchanged_since(fs, n, n->cached_since);
	if (fuse_reply_open(req, fi) == -ENOENT && !f9_idle_keep(fs, h))
		f9_handle_free(fs, h);
	return true;
}

void f9_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	bool change = (fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC);
	if (!change && open_idle(req, f9_node_of(f9_of(req), ino), fi))
		return;
	struct f9_op *op = change ? f9_op_new_change(req, ino) : f9_op_new(req, ino);
	if (!op)
		return;
	op->fi = *fi;
	if (fi->flags & O_TRUNC)
		f9_kept_drop(op->fs, op->node);
	f9_op_begin(op, open_start);
}

/* ---- creating ---- */

static void create_reply(struct f9_op *op, const struct p9_attr *a, uint32_t iounit)
{
	struct f9 *fs = op->fs;
	/* A file without a name has none to be known by. */
	bool named = strcmp(op->name, F9_TMPFILE_NAME) != 0;
	if (named)
		f9_names_add(fs, op->node, op->name);
	/* Of anything else the kernel would take neither the entry nor the open file. */
	int error = !S_ISREG(a->mode) ? -EIO
				      : f9_node_of_attr(fs, a, named ? op->node : NULL,
						named ? op->name : NULL, &op->node2);
	if (!error)
		error = f9_handle_new(op, iounit);
	if (error) {
		f9_op_err(op, error);
		return;
	}
	struct f9_node *n = op->node2;
	struct fuse_entry_param e = {
		.ino = f9_node_ino(fs, n),
		.generation = n->generation,
		.attr_timeout = f9_attr_timeout(fs, n, a, op->asked),
		.entry_timeout = named ? f9_entry_timeout(fs, op->node, op->name, n, op->asked) : 0,
	};
	heard(op, n, a, &e.attr);
	/* The kernel asks before the first write. */
	if (a->valid & P9_GETATTR_NOXATTR)
		f9_xattr_none(fs, n, op->asked);
	n->nlookup++;
	f9_node_told(n);
	op->handle->watched = f9_watched(fs, n);
	op->handle->since = op->asked;
	op->fi.direct_io = (op->fi.flags & O_APPEND) != 0;
	n->cached = true;
	n->cached_since = op->asked;
	if (fuse_reply_create(op->req, &e, &op->fi) == -ENOENT)
		f9_node_forget(fs, n, 1);
	else
		op->handle_new = false;
	f9_op_free(op);
}

/* The file is there, made by us on a connection that is gone. */
static void create_found(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_fid_unused(op);
		f9_op_err(op, error);
		return;
	}
	create_reply(op, &reply->ropenat.attr, reply->ropenat.iounit);
}

static void create_open_again(struct f9_op *op)
{
	/* The server may have this number or not. */
	if (op->newfid != P9_NOFID)
		p9_client_clunk(op->fs->client, op->newfid);
	op->newfid = P9_NOFID;
	int r = f9_fid_new(op);
	if (r < 0) {
		f9_op_err(op, r);
		return;
	}
	struct p9_msg m = {.type = P9_Topenat,
		.topenat = {.fid = op->fid->fid,
			.newfid = op->newfid,
			.name = f9_str(op->name),
			.open_flags = f9_open_flags(op->fs, op->fi.flags & ~O_TRUNC) | P9_O_AGAIN,
			.request_mask = ATTR_WANTED}};
	f9_send(op, &m, create_found);
}

/* The server has forgotten what became of the first try. */
static void create_doubt(struct f9_op *op, int error, const struct p9_msg *reply)
{
	const struct p9_attr *a = error ? NULL : &reply->rlookup.attr;
	uint64_t sent = op->first_sent_ns / 1000000000;
	if (a && S_ISREG(a->mode) && f9_idmap_local(op->fs->user_map, a->uid) == op->uid &&
		a->ctime_sec + DOUBT_SLACK_S >= sent)
		create_open_again(op);
	else
		f9_op_err(op, error ? error : -EEXIST);
}

static void createat_done(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error == -EEXIST && op->doubted) {
		f9_fid_unused(op);
		struct p9_msg m = {.type = P9_Tlookup,
			.tlookup = {.dfid = op->fid->fid,
				.newfid = P9_NOFID,
				.name = f9_str(op->name),
				.request_mask = ATTR_WANTED}};
		f9_send(op, &m, create_doubt);
	} else if (error) {
		f9_fid_unused(op);
		f9_op_err(op, error);
	} else if (op->resent && reply->type == P9_Rcreateat) {
		create_open_again(op);
	} else if (op->resent) { /* what it made went with its descriptor */
		f9_op_err(op, -EIO);
	} else {
		if (reply->type == P9_Rcreateat)
			f9_changed_to(op, op->node, &reply->rcreateat.dir);
		create_reply(op, &reply->rcreateat.attr, reply->rcreateat.iounit);
	}
}

static void createat_dir(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (!error)
		error = f9_fid_new(op);
	if (error) {
		f9_op_err(op, error);
		return;
	}
	uint32_t flags = f9_open_flags(op->fs, op->fi.flags), gid = f9_create_gid(op);
	struct p9_msg m;
	if (!strcmp(op->name, F9_TMPFILE_NAME))
		m = (struct p9_msg){.type = P9_Ttmpfile,
			.ttmpfile = {.dfid = op->fid->fid,
				.newfid = op->newfid,
				.open_flags = flags | (uint32_t)(op->fi.flags & O_EXCL),
				.mode = op->mode,
				.gid = gid,
				.request_mask = ATTR_WANTED}};
	else
		m = (struct p9_msg){.type = P9_Tcreateat,
			.tcreateat = {.dfid = op->fid->fid,
				.newfid = op->newfid,
				.name = f9_str(op->name),
				.open_flags = flags | P9_O_CREAT |
					      (op->fi.flags & O_EXCL ? (uint32_t)P9_O_EXCL : 0),
				.mode = op->mode,
				.gid = gid,
				.request_mask = ATTR_WANTED}};
	op->resent = op->once_sent;
	op->doubted = op->in_doubt;
	f9_changes(op, op->node);
	f9_send_once(op, &m, createat_done);
}

/* The same at a foreign server. */

static void create_attr(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error)
		f9_op_err(op, error);
	else
		create_reply(op, &m->rgetattr, (uint32_t)op->size);
}

static void lcreate_done(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	op->size = reply->rlcreate.iounit;
	struct p9_msg m = {.type = P9_Tgetattr,
		.tgetattr = {.fid = op->newfid, .request_mask = P9_GETATTR_BASIC}};
	f9_send(op, &m, create_attr);
}

static void lcreate_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tlcreate};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.tlcreate.fid = op->newfid;
	m.tlcreate.name = f9_str(op->name);
	m.tlcreate.flags = f9_open_flags(op->fs, op->fi.flags) | P9_O_CREAT |
			   (op->fi.flags & O_EXCL ? (uint32_t)P9_O_EXCL : 0);
	m.tlcreate.mode = op->mode;
	m.tlcreate.gid = f9_create_gid(op);
	/* Nothing tells whether the file that is there now is the one made before the loss. */
	if (op->once_sent)
		m.tlcreate.flags &= ~(uint32_t)P9_O_EXCL;
	f9_send_once(op, &m, lcreate_done);
}

static void lcreate_dir(struct f9_op *op, int error, const struct p9_msg *reply)
{
	if (error)
		f9_op_err(op, error);
	else
		f9_fid_walk(op, op->node, lcreate_walked);
}

static void create_start(struct f9_op *op)
{
	if (op->fs->metac)
		f9_create_dir(op, createat_dir);
	else if (!strcmp(op->name, F9_TMPFILE_NAME))
		f9_op_err(op, -EOPNOTSUPP);
	else
		f9_create_dir(op, lcreate_dir);
}

void f9_create(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new_change(req, parent);
	if (!op || !f9_op_name(op, name))
		return;
	op->fi = *fi;
	op->mode = mode & 07777;
	f9_op_begin(op, create_start);
}

/* ---- closing ---- */

static void flush_unlocked(struct f9_op *op, int error, const struct p9_msg *m)
{
	int failed = op->handle->error ? op->handle->error : f9_data_error(op->handle);
	f9_op_err(op, failed ? failed : error);
}

static void flush_settled(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error)
		f9_op_err(op, error);
	else
		f9_locks_drop(op, op->owner, false, flush_unlocked);
}

static void flush_start(struct f9_op *op)
{
	if (op->flags)
		f9_data_settle(op, op->node, flush_settled);
	else
		flush_settled(op, 0, NULL);
}

/* Each close(2): what was written is on the server, and the process's record locks on the file go.
 */
void f9_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct f9_handle *h = f9_handle_of(fi);
	bool wrote = (h->flags & O_ACCMODE) != O_RDONLY && f9_data_dirty(h->node);
	if (!wrote && list_empty(&h->node->owners) && !h->write_error && !h->error) {
		fuse_reply_err(req, 0);
		return;
	}
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->handle = h;
	op->owner = fi->lock_owner;
	op->flags = wrote;
	f9_op_begin(op, flush_start);
}

static void release_unlocked(struct f9_op *op, int error, const struct p9_msg *m)
{
	f9_op_err(op, 0);
}

static void release_start(struct f9_op *op)
{
	f9_locks_drop(op, op->owner, true, release_unlocked);
}

/* The last close of an open file. The program does not wait for it. */
void f9_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct f9 *fs = f9_of(req);
	struct f9_handle *h = f9_handle_of(fi);
	struct f9_op *op = fi->flock_release ? f9_op_new(req, ino) : NULL;
	if (op) {
		op->release = op->handle = h;
		op->owner = fi->lock_owner;
		f9_op_begin(op, release_start);
		return;
	}
	if (fi->flock_release || !f9_idle_keep(fs, h))
		f9_handle_free(fs, h);
	if (!fi->flock_release)
		fuse_reply_err(req, 0);
}
