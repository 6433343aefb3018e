/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: readdirplus at a foreign server.  Every entry is walked to, asked for its
 * attributes and clunked, many at the same time.  An entry that cannot be asked (it vanished, or
 * may not be seen) is given by name alone.  No fids are kept from this: a node without a fid is
 * walked to when one is needed.
 */
#include "svc/fs/fuse/fuse9p-dir.h"

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

static bool plus_add(struct f9_op *op, const struct f9_entry *it, char *buf, size_t *used)
{
	struct f9_dirent d = {.name = it->name,
		.offset = it->offset,
		.path = it->qid.path,
		.type = it->type,
		.attr = it->known ? &it->attr.rgetattr : NULL};
	return f9_direntplus_add(op, &d, op->asked, 0, buf, used);
}

static void plus_finish(struct f9_op *op)
{
	struct f9_plus *plus = op->plus;
	char *buf = malloc(op->size);
	size_t used = 0, i = 0;
	int error = buf ? 0 : -ENOMEM;
	free(op->data);
	op->data = buf;
	/* The connection went while asking: names alone would look like success. */
	bool lost = p9_client_failed(op->fs->client) || op->epoch != op->fs->epoch;
	if (error || lost) {
		plus_free(TAKE_PTR(op->plus));
		if (!lost || !f9_op_lost(op, -EIO))
			f9_op_err(op, error ? error : -EIO);
		return;
	}
	while (i < plus->n && plus_add(op, &plus->entries[i], buf, &used))
		i++;
	if (fuse_reply_buf(op->req, buf, used) == -ENOENT)
		f9_dirents_forget(op, buf, used);
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
		if (!f9_dirent_name(d.name, name))
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
	struct p9_msg ask = {.type = P9_Treaddir,
		.treaddir = {.fid = op->handle->fid,
			.offset = op->offset,
			.count = f9_dir_count(op, op->size / 4)}};
	f9_send(op, &ask, plus_names);
}

void f9_plus_plain(struct f9_op *op)
{
	f9_fid_any(op, op->node, &op->fid, plus_have_dir);
}
