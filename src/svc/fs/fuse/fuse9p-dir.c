/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a directory is read in pieces, the position being the server's own cookie,
 * so that seeking and reading on after changes behave as the server's file system does.
 *
 * The server is asked for larger pieces than the kernel asks for, names with attributes where it
 * can (Treaddirplus), and for the next one while programs still look at the last; the kernel's
 * requests are cut from these.  What was read ahead is dropped when it is not believed any more.
 *
 * Of a directory that is watched the kernel keeps the list of names itself (FOPEN_CACHE_DIR) until
 * an event; opening it again then needs no request: the fid is opened when something is to be read
 * after all.  Reading a whole directory from its beginning also makes known what is not in it
 * (fuse9p-names.c).
 */
#include "svc/fs/fuse/fuse9p-dir.h"
#include "svc/fs/fuse/fuse9p-names.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <fcntl.h>
#include <linux/fuse.h>

enum {
	PIECE_MIN = 64 * 1024, /* bytes asked for at first */
	PIECE_MAX = 512 * 1024,
	STALE_MS = 500, /* what was read ahead and is not watched goes after this */
};

/* One answer of the server. */
struct piece {
	uint8_t *data;
	size_t len;
	uint64_t first, last; /* the offset asked for; the one to go on with */
	uint64_t asked, at_ms;
	uint32_t flags;
	bool plus, end; /* nothing comes after it */
};

struct f9_dir {
	unsigned refs; /* the handle, a request ahead */
	struct f9 *fs;
	struct piece now, ahead; /* data NULL: none */
	uint32_t count; /* bytes to ask for next */
	bool fetching; /* `ahead` is being asked for, to go on at: */
	uint64_t fetch_offset;
	bool fetch_plus;
	uint64_t fetch_asked;
	struct f9_op *waiter; /* for it */
	struct f9_names *names; /* of all that has come, from the beginning up to: */
	uint64_t names_at;
};

static void piece_clear(struct piece *p)
{
	free(p->data);
	*p = (struct piece){};
}

static void dir_unref(struct f9_dir *d)
{
	if (--d->refs)
		return;
	piece_clear(&d->now);
	piece_clear(&d->ahead);
	f9_names_free(d->names);
	free(d);
}

void f9_dir_free(struct f9 *fs, struct f9_handle *h)
{
	if (h->dir)
		dir_unref(TAKE_PTR(h->dir));
}

void f9_dir_lost(struct f9 *fs, struct f9_handle *h)
{
	if (h->fid != P9_NOFID)
		p9_client_fid_drop(fs->client, h->fid);
	h->fid = P9_NOFID;
	if (!h->dir)
		return;
	piece_clear(&h->dir->ahead);
	f9_names_free(TAKE_PTR(h->dir->names));
}

/* ---- entries ---- */

bool f9_dirent_name(struct p9_str name, char ret[P9_MAX_NAME + 1])
{
	bool dots = p9_str_eq(name, ".") || p9_str_eq(name, "..");
	if (!dots && !p9_name_valid(name))
		return false;
	memcpy(ret, name.s, name.len);
	ret[name.len] = 0;
	return true;
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

uint32_t f9_dir_count(const struct f9_op *op, size_t want)
{
	size_t most = p9_client_payload_max(op->fs->client);
	size_t least = P9_DIRENTPLUS_MIN + P9_MAX_NAME;
	return (uint32_t)MAX(MIN(want, most), least);
}

bool f9_dirent_add(struct f9_op *op, const struct f9_dirent *d, char *buf, size_t *used)
{
	struct stat st = {.st_ino = d->path, .st_mode = (mode_t)d->type << 12};
	size_t room = op->size - *used;
	size_t need = fuse_add_direntry(op->req, buf + *used, room, d->name, &st, (off_t)d->offset);
	if (need > room)
		return false;
	*used += need;
	return true;
}

bool f9_direntplus_add(struct f9_op *op, const struct f9_dirent *d, uint64_t asked, uint32_t flags,
	char *buf, size_t *used)
{
	struct fuse_entry_param e = {.attr = {.st_ino = d->path, .st_mode = (mode_t)d->type << 12}};
	size_t room = op->size - *used;
	size_t need = fuse_add_direntry_plus(op->req, NULL, 0, d->name, &e, (off_t)d->offset);
	if (need > room)
		return false;
	struct f9_node *n;
	if (d->attr && !is_dots(d->name) &&
		f9_entry_told(op, op->node, d->name, d->attr, asked, flags, &e, &n) == 0)
		f9_node_unref(op->fs, n);
	fuse_add_direntry_plus(op->req, buf + *used, room, d->name, &e, (off_t)d->offset);
	*used += need;
	return true;
}

void f9_dirents_forget(struct f9_op *op, const char *buf, size_t used)
{
	size_t at = 0;
	while (used - at >= FUSE_NAME_OFFSET_DIRENTPLUS) {
		const struct fuse_direntplus *d = (const void *)(buf + at);
		if (d->entry_out.nodeid)
			f9_node_forget(op->fs, f9_node_of(op->fs, d->entry_out.nodeid), 1);
		at += FUSE_DIRENTPLUS_SIZE(d);
	}
}

/* ---- pieces ---- */

/* Bytes of the entry at p, or 0 (end), or -EBADMSG. */
static int entry_at(const struct piece *p, size_t at, struct p9_direntplus *ret)
{
	struct p9_dirent d;
	if (p->plus)
		return p9_direntplus_decode(p->data + at, p->len - at, ret);
	int n = p9_dirent_decode(p->data + at, p->len - at, &d);
	if (n > 0)
		*ret = (struct p9_direntplus){
			.offset = d.offset, .type = d.type, .name = d.name, .attr.qid = d.qid};
	return n;
}

/* Takes in what the server said; a piece that cannot be read to its end is refused. */
static int piece_set(struct piece *p, const struct p9_data *data, uint64_t first)
{
	struct p9_direntplus d;
	int n;
	uint64_t last = first;
	for (size_t at = 0;; at += (size_t)n, last = d.offset) {
		n = entry_at(&(struct piece){.data = (uint8_t *)(uintptr_t)data->p,
				     .len = data->len,
				     .plus = p->plus},
			at, &d);
		if (n < 0)
			return -EIO;
		if (n == 0)
			break;
	}
	p->data = malloc(data->len ? data->len : 1);
	if (!p->data)
		return -ENOMEM;
	if (data->len)
		memcpy(p->data, data->p, data->len);
	p->len = data->len;
	p->first = first;
	p->last = last;
	p->end |= data->len == 0;
	p->at_ms = f9_now_ms();
	return 0;
}

/* All names from the beginning on, without a gap, until the end. */
static void collect_names(struct f9_dir *d, struct f9_node *n, const struct piece *p)
{
	struct p9_direntplus e;
	if (p->first == 0) {
		f9_names_free(d->names);
		d->names = f9_names_new(d->fs, n, p->asked);
		d->names_at = 0;
	}
	if (!d->names || p->first != d->names_at)
		return;
	for (int at = 0, len; (len = entry_at(p, (size_t)at, &e)) > 0; at += len)
		f9_names_put(d->names, e.name);
	d->names_at = p->last;
	if (p->end)
		f9_names_complete(TAKE_PTR(d->names));
}

/* An answer to a request for op's directory at `first`. */
static int take_piece(struct f9_dir *d, struct f9_node *n, const struct p9_msg *m, uint64_t first,
	uint64_t asked, struct piece *ret)
{
	struct piece p = {.plus = m->type == P9_Rreaddirplus, .asked = asked};
	if (p.plus) {
		p.flags = m->rreaddirplus.flags;
		p.end = p.flags & P9_GOT_END;
	}
	int r = piece_set(&p, p.plus ? &m->rreaddirplus.data : &m->rreaddir.data, first);
	if (r < 0)
		return r;
	p.asked = f9_watch_answer(d->fs, n, NULL, NULL, asked, p.flags);
	collect_names(d, n, &p);
	piece_clear(ret);
	*ret = p;
	return 0;
}

static struct p9_msg piece_request(uint32_t fid, uint64_t offset, uint32_t count, bool plus)
{
	struct p9_msg m = {
		.type = P9_Treaddir, .treaddir = {.fid = fid, .offset = offset, .count = count}};
	if (plus)
		m = (struct p9_msg){.type = P9_Treaddirplus,
			.treaddirplus = {.fid = fid,
				.offset = offset,
				.count = count,
				.request_mask = F9_ATTR_MASK | P9_GETATTR_NOXATTR,
				.flags = P9_WANT_WATCH}};
	return m;
}

/* ---- reading ahead ---- */

static void dir_serve(struct f9_op *op);

/* A request for `ahead`. */
struct ahead {
	struct f9_dir *dir;
	struct f9_node *node;
};

static void ahead_done(void *user, int error, const struct p9_msg *m)
{
	struct ahead *a = user;
	struct f9_dir *d = a->dir;
	struct f9 *fs = d->fs;
	struct f9_op *op = TAKE_PTR(d->waiter);
	if (!error && d->refs > 1)
		(void)take_piece(d, a->node, m, d->fetch_offset, d->fetch_asked, &d->ahead);
	d->fetching = false;
	dir_unref(d);
	f9_node_unref(fs, a->node);
	free(a);
	/* Whatever went wrong, who waits asks for it himself. */
	if (op && !f9_op_lost(op, error))
		dir_serve(op);
}

static void read_ahead(struct f9_op *op)
{
	struct f9_dir *d = op->handle->dir;
	const struct piece *p = &d->now;
	if (!p->data || p->end || d->fetching || (d->ahead.data && d->ahead.first == p->last) ||
		p9_client_congested(op->fs->client))
		return;
	struct ahead *a = malloc(sizeof(*a));
	if (!a)
		return;
	d->count = MIN(d->count * 2, (uint32_t)PIECE_MAX);
	struct p9_msg m =
		piece_request(op->handle->fid, p->last, f9_dir_count(op, d->count), p->plus);
	*a = (struct ahead){d, f9_node_ref(op->node)};
	d->refs++;
	d->fetching = true;
	d->fetch_offset = p->last;
	d->fetch_plus = p->plus;
	d->fetch_asked = f9_watch_now(op->fs);
	int r = p9_client_request(op->fs->client, &m, ahead_done, a);
	if (r < 0)
		ahead_done(a, r, NULL);
}

/* ---- answering ---- */

static bool believed(const struct f9_op *op, const struct piece *p)
{
	if (!p->data)
		return false;
	return !p->plus || f9_unchanged_since(op->fs, op->node, p->asked) ||
	       f9_now_ms() - p->at_ms < STALE_MS;
}

/* Where in the piece to go on for that offset; false: nowhere. */
static bool piece_find(const struct piece *p, uint64_t offset, size_t *ret)
{
	struct p9_direntplus e;
	uint64_t at_offset = p->first;
	size_t at = 0;
	while (at_offset != offset) {
		int n = entry_at(p, at, &e);
		if (n <= 0)
			return false;
		at += (size_t)n;
		at_offset = e.offset;
	}
	*ret = at;
	return true;
}

/* True if the offset can be answered from the piece: op is gone then.  If it has come to the end of
 * the piece without anything to tell, op->offset is where to go on. */
static bool answer_from(struct f9_op *op, const struct piece *p)
{
	bool plus = op->flags;
	size_t at, used = 0;
	struct p9_direntplus e;
	if (!believed(op, p) || (plus && !p->plus) || !piece_find(p, op->offset, &at) ||
		(at == p->len && !p->end))
		return false;
	char *buf = malloc(op->size);
	if (!buf) {
		f9_op_err(op, -ENOMEM);
		return true;
	}
	free(op->data);
	op->data = buf;
	for (int n; (n = entry_at(p, at, &e)) > 0; at += (size_t)n) {
		char name[P9_MAX_NAME + 1];
		struct f9_dirent d = {.name = name,
			.offset = e.offset,
			.path = e.attr.qid.path,
			.type = e.type,
			.attr = e.attr.valid ? &e.attr : NULL};
		if (!f9_dirent_name(e.name, name))
			continue;
		if (!(plus ? f9_direntplus_add(op, &d, p->asked, p->flags, buf, &used)
			   : f9_dirent_add(op, &d, buf, &used)))
			break;
	}
	if (!used && at == p->len && !p->end && p->last != op->offset) {
		op->offset = p->last;
		return false;
	}
	read_ahead(op);
	if (fuse_reply_buf(op->req, buf, used) == -ENOENT && plus)
		f9_dirents_forget(op, buf, used);
	f9_op_free(op);
	return true;
}

static void fetched(struct f9_op *op, int error, const struct p9_msg *m)
{
	struct f9_dir *d = op->handle->dir;
	if (!error)
		error = take_piece(d, op->node, m, op->offset, op->asked, &d->now);
	if (!error && op->offset == 0 && !op->node->dir_cached)
		op->node->dir_cached = d->now.asked + 1;
	uint64_t offset = op->offset;
	if (error)
		f9_op_err(op, error);
	else if (answer_from(op, &d->now))
		return;
	else if (op->offset != offset) /* nothing but names that cannot be */
		dir_serve(op);
	else
		f9_op_err(op, -EIO);
}

static void dir_serve(struct f9_op *op)
{
	struct f9_dir *d = op->handle->dir;
	bool plus = op->flags;
	if (answer_from(op, &d->now))
		return;
	if (d->ahead.data && d->ahead.first == op->offset && believed(op, &d->ahead)) {
		piece_clear(&d->now);
		d->now = d->ahead;
		d->ahead = (struct piece){};
		if (answer_from(op, &d->now))
			return;
	}
	if (d->fetching && d->fetch_offset == op->offset && !d->waiter &&
		(d->fetch_plus || !plus)) {
		d->waiter = op;
		return;
	}
	struct p9_msg m = piece_request(
		op->handle->fid, op->offset, f9_dir_count(op, d->count), plus && op->fs->metac);
	f9_send(op, &m, fetched);
}

/* ---- opening ---- */

/* What an opening tells: op->newfid is an open fid of the directory. */
static int opened(struct f9_op *op, int error, const struct p9_msg *m)
{
	struct f9_node *n = op->node;
	if (error && op->fs->metac)
		f9_fid_unused(op);
	if (!error && m->type == P9_Ropenat) {
		const struct p9_attr *a = &m->ropenat.attr;
		if (!S_ISDIR(a->mode) || !f9_node_is(n, a))
			error = -ESTALE;
	}
	if (error)
		return error == -ENOENT ? -ESTALE : error;
	f9_cred_unref(op->fs, n->dir_cred);
	n->dir_cred = f9_cred_ref(f9_op_cred(op));
	return 0;
}

static void open_plain(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tlopen};
	if (error) {
		op->main_then(op, error, NULL);
		return;
	}
	m.tlopen.fid = op->newfid;
	m.tlopen.flags = P9_O_RDONLY | P9_O_DIRECTORY | P9_O_LARGEFILE;
	f9_send(op, &m, op->main_then);
}

static void open_metac(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct f9_node *n = op->node;
	if (!error)
		error = f9_fid_new(op);
	if (error) {
		op->main_then(op, error, NULL);
		return;
	}
	bool named = op->fid->node != n;
	if (named && n->nlink != 2) /* there are directories in it to be walked to */
		f9_fid_fetch(op->fs, n, op->fid->cred, op->fid->fid);
	struct p9_msg m = {.type = P9_Topenat,
		.topenat = {.fid = op->fid->fid,
			.newfid = op->newfid,
			.name = f9_str(named ? n->name : NULL),
			.open_flags = P9_O_RDONLY | P9_O_DIRECTORY | P9_O_LARGEFILE,
			.request_mask = F9_ATTR_MASK}};
	f9_send(op, &m, op->main_then);
}

/* Opens op->node as op->newfid; then() gets the answer. */
static void dir_open(struct f9_op *op, f9_then then)
{
	struct f9_node *n = op->node;
	op->main_then = then;
	if (!op->fs->metac)
		f9_fid_walk_name(op, n, open_plain);
	else
		f9_fid_own(op, n->parent ? n->parent : n, &op->fid, open_metac);
}

static void opendir_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	uint32_t iounit = 0;
	error = opened(op, error, m);
	if (!error) {
		iounit = m->type == P9_Rlopen ? m->rlopen.iounit : m->ropenat.iounit;
		error = f9_handle_new(op, iounit);
	}
	if (error) {
		f9_op_err(op, error);
		return;
	}
	op->fi.cache_readdir = op->fs->watches;
	op->node->dir_cached = 0; /* it goes with this */
	if (fuse_reply_open(op->req, &op->fi) != -ENOENT)
		op->handle_new = false;
	f9_op_free(op);
}

/* The kernel has the list of names, and who asks may read it: no fid is needed. */
static bool opendir_cached(struct f9_op *op)
{
	struct f9_node *n = op->node;
	if (!n->dir_cached || n->dir_cred != f9_op_cred(op) ||
		!f9_unchanged_since(op->fs, n, n->dir_cached - 1) || f9_handle_new(op, 0) < 0)
		return false;
	op->fi.cache_readdir = 1;
	op->fi.keep_cache = 1;
	if (fuse_reply_open(op->req, &op->fi) != -ENOENT)
		op->handle_new = false;
	f9_op_free(op);
	return true;
}

static void opendir_start(struct f9_op *op)
{
	if (!opendir_cached(op))
		dir_open(op, opendir_done);
}

void f9_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->fi = *fi;
	f9_op_begin(op, opendir_start);
}

void f9_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	f9_handle_free(f9_of(req), (struct f9_handle *)(uintptr_t)fi->fh);
	fuse_reply_err(req, 0);
}

/* ---- reading ---- */

static void readdir_go(struct f9_op *op)
{
	if (op->flags && !op->fs->metac)
		f9_plus_plain(op);
	else
		dir_serve(op);
}

static void readdir_opened(struct f9_op *op, int error, const struct p9_msg *m)
{
	struct f9_handle *h = op->handle;
	error = opened(op, error, m);
	if (error) { /* a directory that was removed has no entries */
		f9_op_err(op, error == -ESTALE ? -ENOENT : error);
		return;
	}
	if (h->fid == P9_NOFID) {
		h->fid = op->newfid;
		op->newfid = P9_NOFID;
	}
	readdir_go(op);
}

static void readdir_start(struct f9_op *op)
{
	struct f9_handle *h = op->handle;
	if (!h->dir && (h->dir = calloc(1, sizeof(*h->dir))))
		*h->dir = (struct f9_dir){.refs = 1, .fs = op->fs, .count = PIECE_MIN};
	if (!h->dir)
		f9_op_err(op, -ENOMEM);
	else if (h->fid == P9_NOFID)
		dir_open(op, readdir_opened);
	else
		readdir_go(op);
}

static void readdir_any(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *fi, bool plus)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->handle = f9_handle_of(fi);
	op->size = size;
	op->offset = (uint64_t)off;
	op->flags = plus;
	f9_op_begin(op, readdir_start);
}

void f9_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	readdir_any(req, ino, size, off, fi, false);
}

void f9_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	readdir_any(req, ino, size, off, fi, true);
}
