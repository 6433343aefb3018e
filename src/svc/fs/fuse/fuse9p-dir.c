/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a directory is read in pieces, the position being the server's own cookie,
 * so that seeking and reading on after changes behave as the server's file system does.
 *
 * Readdirplus also wants each entry's attributes: every entry is walked to, asked and clunked, many
 * at the same time.  An entry that cannot be asked (it vanished, or may not be seen) is given by
 * name alone.  No fids are kept from this: a node without a fid is walked to when one is needed.
 */
#include "svc/fs/fuse/fuse9p-data.h"

#include <fcntl.h>

/* ---- opening ---- */

static void opendir_done(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error)
		error = f9_handle_new(op, m->rlopen.iounit);
	if (error) {
		f9_op_err(op, error);
		return;
	}
	if (fuse_reply_open(op->req, &op->fi) != -ENOENT)
		op->handle_new = false;
	f9_op_free(op);
}

static void opendir_walked(struct f9_op *op, int error, const struct p9_msg *reply)
{
	struct p9_msg m = {.type = P9_Tlopen};
	if (error) {
		f9_op_err(op, error);
		return;
	}
	m.tlopen.fid = op->newfid;
	m.tlopen.flags = P9_O_RDONLY | P9_O_DIRECTORY | P9_O_LARGEFILE;
	f9_send(op, &m, opendir_done);
}

void f9_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->fi = *fi;
	f9_fid_walk_name(op, op->node, opendir_walked);
}

void f9_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	f9_handle_free(f9_of(req), (struct f9_handle *)(uintptr_t)fi->fh);
	fuse_reply_err(req, 0);
}

/* ---- reading names ---- */

static bool take_name(const struct p9_dirent *d, char ret[P9_MAX_NAME + 1])
{
	bool dots = p9_str_eq(d->name, ".") || p9_str_eq(d->name, "..");
	if (!dots && !p9_name_valid(d->name))
		return false;
	memcpy(ret, d->name.s, d->name.len);
	ret[d->name.len] = 0;
	return true;
}

static void readdir_reply(struct f9_op *op, int error, const struct p9_msg *m)
{
	char *buf = error ? NULL : malloc(op->size);
	if (!error && !buf)
		error = -ENOMEM;
	if (error) {
		f9_op_err(op, error);
		return;
	}
	op->data = buf;
	const uint8_t *p = m->rreaddir.data.p;
	size_t left = m->rreaddir.data.len, used = 0;
	struct p9_dirent d;
	int n;
	while ((n = p9_dirent_decode(p, left, &d)) > 0) {
		char name[P9_MAX_NAME + 1];
		p += n;
		left -= (size_t)n;
		if (!take_name(&d, name))
			continue;
		struct stat st = {.st_ino = d.qid.path, .st_mode = (mode_t)d.type << 12};
		size_t need = fuse_add_direntry(
			op->req, buf + used, op->size - used, name, &st, (off_t)d.offset);
		if (need > op->size - used)
			break;
		used += need;
	}
	if (n < 0 && used == 0)
		f9_op_err(op, -EIO);
	else {
		fuse_reply_buf(op->req, buf, used);
		f9_op_free(op);
	}
}

/* FUSE pads each entry to 8 bytes, so a little less is asked for than may be answered. */
static void readdir_send(
	struct f9_op *op, const struct fuse_file_info *fi, size_t count, f9_then then)
{
	const struct f9_handle *h = (const struct f9_handle *)(uintptr_t)fi->fh;
	size_t most = p9_client_payload_max(op->fs->client);
	count = MAX(MIN(count, most), (size_t)(24 + P9_MAX_NAME));
	struct p9_msg m = {.type = P9_Treaddir,
		.treaddir = {.fid = h->fid, .offset = op->offset, .count = (uint32_t)count}};
	f9_send(op, &m, then);
}

void f9_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->size = size;
	op->offset = (uint64_t)off;
	readdir_send(op, fi, size - size / 8, readdir_reply);
}

/* ---- with attributes ---- */

struct f9_entry {
	struct f9_plus *plus;
	char *name;
	struct p9_qid qid;
	uint64_t offset;
	uint8_t type;
	uint32_t fid;
	bool asked, known;
	struct p9_msg attr;
};

struct f9_plus {
	struct f9_op *op;
	size_t n, next, open;
	bool starting;
	struct f9_entry entries[];
};

static void plus_free(struct f9_plus *plus)
{
	for (size_t i = 0; i < plus->n; i++)
		free(plus->entries[i].name);
	free(plus);
}

/* Adds one entry; false when there is no room for it. */
static bool plus_add(struct f9_op *op, struct f9_entry *it, char *buf, size_t *used)
{
	struct f9 *fs = op->fs;
	struct fuse_entry_param e = {
		.attr = {.st_ino = it->qid.path, .st_mode = (mode_t)it->type << 12},
		.attr_timeout = F9_TIMEOUT,
		.entry_timeout = F9_TIMEOUT,
	};
	struct f9_node *n = NULL;
	if (it->known)
		f9_attr_to_stat(&it->attr, &e.attr);
	size_t room = op->size - *used;
	size_t need = fuse_add_direntry_plus(op->req, NULL, 0, it->name, &e, (off_t)it->offset);
	if (need > room)
		return false;
	if (it->known)
		n = f9_node_get(fs, &it->attr.rgetattr.qid, op->node, it->name);
	if (n) {
		e.ino = f9_node_ino(fs, n);
		e.generation = n->generation;
		f9_node_attr(n, &it->attr, &e.attr);
		if (f9_data_attr(op, n, &e.attr))
			e.attr_timeout = 0;
		if (n != fs->root)
			n->nlookup++;
		f9_node_told(n);
		f9_node_unref(fs, n);
	}
	fuse_add_direntry_plus(op->req, buf + *used, room, it->name, &e, (off_t)it->offset);
	*used += need;
	return true;
}

/* The kernel did not want the answer any more: it does not hold the entries. */
static void plus_forget(struct f9_op *op, size_t n)
{
	struct f9_plus *plus = op->plus;
	for (size_t i = 0; i < n; i++) {
		const struct f9_entry *it = &plus->entries[i];
		if (!it->known)
			continue;
		struct f9_node *node = f9_node_get(op->fs, &it->attr.rgetattr.qid, NULL, NULL);
		if (!node)
			continue;
		f9_node_forget(op->fs, node, 1);
		f9_node_unref(op->fs, node);
	}
}

static void plus_finish(struct f9_op *op)
{
	struct f9_plus *plus = op->plus;
	char *buf = malloc(op->size);
	size_t used = 0, i = 0;
	int error = buf ? 0 : -ENOMEM;
	op->data = buf;
	/* The connection went while asking: names alone would look like success. */
	if (p9_client_failed(op->fs->client))
		error = -EIO;
	if (error) {
		fuse_reply_err(op->req, -error);
	} else {
		while (i < plus->n && plus_add(op, &plus->entries[i], buf, &used))
			i++;
		if (fuse_reply_buf(op->req, buf, used) == -ENOENT)
			plus_forget(op, i);
	}
	plus_free(TAKE_PTR(op->plus));
	f9_op_free(op);
}

static void plus_next(struct f9_plus *plus);

static void plus_one_done(struct f9_entry *it)
{
	struct f9_plus *plus = it->plus;
	plus->open--;
	plus_next(plus);
}

static void plus_attr(void *user, int error, const struct p9_msg *m)
{
	struct f9_entry *it = user;
	if (!error) {
		it->attr = *m;
		it->known = true;
	}
	p9_client_clunk(it->plus->op->fs->client, it->fid);
	plus_one_done(it);
}

static void plus_walked(void *user, int error, const struct p9_msg *reply)
{
	struct f9_entry *it = user;
	struct p9_client *c = it->plus->op->fs->client;
	if (error) {
		p9_client_fid_drop(c, it->fid);
		plus_one_done(it);
		return;
	}
	struct p9_msg m = {.type = P9_Tgetattr,
		.tgetattr = {.fid = it->fid, .request_mask = P9_GETATTR_BASIC}};
	if (p9_client_request(c, &m, plus_attr, it) < 0) {
		p9_client_clunk(c, it->fid);
		plus_one_done(it);
	}
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Asks about one entry; false if it is given without attributes. */
static bool plus_ask(struct f9_plus *plus, struct f9_entry *it)
{
	struct f9_op *op = plus->op;
	struct p9_client *c = op->fs->client;
	if (is_dots(it->name) || op->interrupted || p9_client_fid_new(c, &it->fid) < 0)
		return false;
	struct p9_msg m = {.type = P9_Twalk,
		.twalk = {.fid = op->fid->fid,
			.newfid = it->fid,
			.nwname = 1,
			.wname = {f9_str(it->name)}}};
	if (p9_client_request(c, &m, plus_walked, it) >= 0)
		return true;
	p9_client_fid_drop(c, it->fid);
	return false;
}

/* Keeps a window of entries being asked; the last one to end finishes the operation. */
static void plus_next(struct f9_plus *plus)
{
	if (plus->starting)
		return;
	plus->starting = true;
	while (plus->next < plus->n && plus->open < F9_PLUS_WINDOW)
		plus->open += plus_ask(plus, &plus->entries[plus->next++]);
	plus->starting = false;
	if (plus->open == 0)
		plus_finish(plus->op);
}

static struct f9_plus *plus_parse(struct f9_op *op, const struct p9_data *data)
{
	/* An entry has 24 bytes at least. */
	size_t most = data->len / 24;
	struct f9_plus *plus = calloc(1, sizeof(*plus) + most * sizeof(plus->entries[0]));
	if (!plus)
		return NULL;
	plus->op = op;
	const uint8_t *p = data->p;
	size_t left = data->len;
	struct p9_dirent d;
	for (int n; plus->n < most && (n = p9_dirent_decode(p, left, &d)) > 0;) {
		char name[P9_MAX_NAME + 1];
		p += n;
		left -= (size_t)n;
		if (!take_name(&d, name))
			continue;
		struct f9_entry *it = &plus->entries[plus->n];
		*it = (struct f9_entry){
			.plus = plus, .qid = d.qid, .offset = d.offset, .type = d.type};
		it->name = strdup(name);
		if (!it->name)
			break;
		plus->n++;
	}
	return plus;
}

static void plus_names(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (!error && !(op->plus = plus_parse(op, &m->rreaddir.data)))
		error = -ENOMEM;
	if (error)
		f9_op_err(op, error);
	else
		plus_next(op->plus);
}

static void plus_have_dir(struct f9_op *op, int error, const struct p9_msg *m)
{
	if (error) {
		f9_op_err(op, error);
		return;
	}
	/* 152 bytes and the name for each entry towards the kernel, 24 and the name here. */
	readdir_send(op, &op->fi, op->size / 4, plus_names);
}

void f9_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct f9_op *op = f9_op_new(req, ino);
	if (!op)
		return;
	op->size = size;
	op->offset = (uint64_t)off;
	op->fi = *fi;
	f9_fid_any(op, op->node, &op->fid, plus_have_dir);
}
