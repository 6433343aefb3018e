/* SPDX-License-Identifier: MIT */
/*
 * See tree.h.  Requests that depend on one another are waited for one by one; the attributes of a
 * directory's entries are asked for many at a time: first all walks, then all getattrs and
 * readlinks.
 */
#include "cli/tree.h"

#include <dirent.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { BATCH = 256 };

struct tree {
	struct p9_client *client;
	int fd;
	uint32_t root;
};

void tree_list_done(struct tree_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->entries[i].name);
		free(l->entries[i].target);
	}
	free(l->entries);
	*l = (struct tree_list){};
}

/* ---- requests ------------------------------------------------------------------------------ */

static int send_output(struct tree *t)
{
	const void *p;
	size_t n;
	for (p9_client_output(t->client, &p, &n); n; p9_client_output(t->client, &p, &n)) {
		ssize_t k = send(t->fd, p, n, MSG_NOSIGNAL);
		if (k < 0 && errno != EINTR)
			return -errno;
		if (k > 0)
			p9_client_output_done(t->client, (size_t)k);
	}
	return 0;
}

static int receive_input(struct tree *t)
{
	struct pollfd p = {.fd = t->fd, .events = POLLIN};
	int r = poll(&p, 1, TREE_TIMEOUT_SECONDS * 1000);
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	void *buf;
	size_t n;
	p9_client_input_buffer(t->client, &buf, &n);
	ssize_t k = read(t->fd, buf, n);
	if (k <= 0)
		return k < 0 ? -errno : -ECONNRESET;
	return p9_client_input(t->client, (size_t)k);
}

/* Sends what there is and waits until *pending requests have been answered. */
static int pump(struct tree *t, const unsigned *pending)
{
	while (*pending) {
		int r = send_output(t);
		if (r >= 0 && *pending)
			r = receive_input(t);
		if (r < 0) {
			p9_client_fail(t->client, -EIO);
			return r;
		}
	}
	return 0;
}

/* One request waited for; take (may be NULL) gets the reply while it is valid. */
struct one {
	unsigned pending;
	int error;
	int (*take)(void *user, const struct p9_msg *reply);
	void *user;
};

static void on_one(void *user, int error, const struct p9_msg *reply)
{
	struct one *o = user;
	o->pending = 0;
	o->error = error;
	if (!error && o->take)
		o->error = o->take(o->user, reply);
}

static int request(struct tree *t, const struct p9_msg *m,
	int (*take)(void *user, const struct p9_msg *reply), void *user)
{
	struct one o = {.pending = 1, .take = take, .user = user};
	int r = p9_client_request(t->client, m, on_one, &o);
	if (r < 0)
		return r;
	r = pump(t, &o.pending);
	return r < 0 ? r : o.error;
}

int tree_open(int fd, struct tree **ret, struct err *err)
{
	AUTO(tree_close) struct tree *t = calloc(1, sizeof(*t));
	struct one o = {.pending = 1};
	if (!t)
		return err_set(err, -ENOMEM, "out of memory");
	t->fd = fd;
	int r = p9_client_new(NULL, &t->client);
	if (r >= 0)
		r = p9_client_start(t->client, on_one, &o);
	if (r >= 0)
		r = pump(t, &o.pending);
	r = r < 0 ? r : o.error;
	if (r >= 0)
		r = p9_client_fid_new(t->client, &t->root);
	if (r >= 0)
		r = request(t,
			&(struct p9_msg){.type = P9_Tattach,
				.tattach = {.fid = t->root,
					.afid = P9_NOFID,
					.uname = p9_str("root"),
					.aname = p9_str(""),
					.n_uname = geteuid()}},
			NULL, NULL);
	if (r < 0)
		return err_errno(err, r, "9P");
	*ret = TAKE_PTR(t);
	return 0;
}

void tree_close(struct tree *t)
{
	if (!t)
		return;
	p9_client_free(t->client);
	free(t);
}

/* ---- walking ------------------------------------------------------------------------------- */

static int take_walk(void *user, const struct p9_msg *reply)
{
	/* Fewer steps than asked for: the next name is not there. */
	return reply->rwalk.nwqid == *(const uint16_t *)user ? 0 : -ENOENT;
}

/* Walks from one fid to a new one, up to P9_MAX_WALK names of *path; *path is moved on. */
static int walk_some(struct tree *t, uint32_t from, uint32_t to, const char **path)
{
	struct p9_msg m = {.type = P9_Twalk, .twalk = {.fid = from, .newfid = to}};
	while (m.twalk.nwname < P9_MAX_WALK && **path) {
		size_t n = strcspn(*path, "/");
		if (n > P9_MAX_NAME)
			return -ENAMETOOLONG;
		m.twalk.wname[m.twalk.nwname++] = (struct p9_str){*path, (uint16_t)n};
		*path += n;
		*path += **path == '/';
	}
	return request(t, &m, take_walk, &m.twalk.nwname);
}

/* A new fid for the thing at path. */
static int walk(struct tree *t, const char *path, uint32_t *ret)
{
	uint32_t fid, from = t->root;
	do {
		int r = p9_client_fid_new(t->client, &fid);
		if (r >= 0) {
			r = walk_some(t, from, fid, &path);
			if (r < 0)
				p9_client_fid_drop(t->client, fid);
		}
		if (from != t->root)
			p9_client_clunk(t->client, from);
		if (r < 0)
			return r;
		from = fid;
	} while (*path);
	*ret = fid;
	return 0;
}

/* ---- attributes ---------------------------------------------------------------------------- */

static void set_attr(struct tree_entry *e, const struct p9_msg *reply)
{
	e->has_attr = true;
	e->mode = reply->rgetattr.mode;
	e->uid = reply->rgetattr.uid;
	e->gid = reply->rgetattr.gid;
	e->size = reply->rgetattr.size;
	e->nlink = reply->rgetattr.nlink;
	e->mtime = (int64_t)reply->rgetattr.mtime_sec;
	e->type = IFTODT(e->mode);
}

static int take_attr(void *user, const struct p9_msg *reply)
{
	set_attr(user, reply);
	return 0;
}

/* An entry on its way through a batch. */
struct job {
	struct tree_entry *entry;
	unsigned *pending;
	uint32_t fid;
	bool has_fid;
};

static void on_job_walk(void *user, int error, const struct p9_msg *reply)
{
	struct job *j = user;
	--*j->pending;
	j->has_fid = !error && reply->rwalk.nwqid == 1;
}

/* What has gone since the directory was read stays without attributes. */
static void on_job_attr(void *user, int error, const struct p9_msg *reply)
{
	struct job *j = user;
	--*j->pending;
	if (!error)
		set_attr(j->entry, reply);
}

static void on_job_link(void *user, int error, const struct p9_msg *reply)
{
	struct job *j = user;
	--*j->pending;
	if (!error)
		j->entry->target = strndup(reply->rreadlink.target.s, reply->rreadlink.target.len);
}

static int job_request(struct tree *t, struct job *j, const struct p9_msg *m, p9_reply_fn fn)
{
	int r = p9_client_request(t->client, m, fn, j);
	if (r >= 0)
		++*j->pending;
	return MIN(r, 0);
}

static int jobs_walk(struct tree *t, uint32_t dir, struct job *jobs, size_t n, unsigned *pending)
{
	int r = 0;
	for (size_t i = 0; i < n && r >= 0; i++) {
		struct p9_msg m = {.type = P9_Twalk, .twalk = {.fid = dir, .nwname = 1}};
		m.twalk.wname[0] = p9_str(jobs[i].entry->name);
		jobs[i].pending = pending;
		r = p9_client_fid_new(t->client, &jobs[i].fid);
		m.twalk.newfid = jobs[i].fid;
		if (r >= 0)
			r = job_request(t, &jobs[i], &m, on_job_walk);
	}
	int k = pump(t, pending);
	return r < 0 ? r : k;
}

static int jobs_ask(struct tree *t, struct job *jobs, size_t n, unsigned *pending)
{
	int r = 0;
	for (size_t i = 0; i < n && r >= 0; i++) {
		struct p9_msg attr = {.type = P9_Tgetattr,
			.tgetattr = {.fid = jobs[i].fid, .request_mask = P9_GETATTR_BASIC}};
		struct p9_msg link = {.type = P9_Treadlink, .treadlink = {.fid = jobs[i].fid}};
		if (!jobs[i].has_fid)
			continue;
		r = job_request(t, &jobs[i], &attr, on_job_attr);
		if (r >= 0 && jobs[i].entry->type == DT_LNK)
			r = job_request(t, &jobs[i], &link, on_job_link);
	}
	int k = pump(t, pending);
	return r < 0 ? r : k;
}

static int list_attributes(struct tree *t, uint32_t dir, struct tree_list *l)
{
	for (size_t at = 0; at < l->n; at += BATCH) {
		struct job jobs[BATCH] = {};
		unsigned pending = 0;
		size_t n = MIN(l->n - at, (size_t)BATCH);
		for (size_t i = 0; i < n; i++)
			jobs[i].entry = &l->entries[at + i];
		int r = jobs_walk(t, dir, jobs, n, &pending);
		if (r >= 0)
			r = jobs_ask(t, jobs, n, &pending);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++)
			if (jobs[i].has_fid)
				p9_client_clunk(t->client, jobs[i].fid);
			else
				p9_client_fid_drop(t->client, jobs[i].fid);
	}
	return 0;
}

/* ---- reading a directory ------------------------------------------------------------------- */

static int add_entry(struct tree_list *l, const char *name, size_t len, uint8_t type)
{
	if (l->n == TREE_ENTRIES_MAX)
		return -E2BIG;
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct tree_entry *p = reallocarray(l->entries, room, sizeof(*p));
		if (!p)
			return -ENOMEM;
		l->entries = p;
		l->room = room;
	}
	struct tree_entry *e = &l->entries[l->n];
	*e = (struct tree_entry){.name = strndup(name, len), .type = type};
	if (!e->name)
		return -ENOMEM;
	l->n++;
	return 0;
}

struct reading {
	struct tree_list *list;
	uint64_t offset;
	bool end;
};

static int take_entries(void *user, const struct p9_msg *reply)
{
	struct reading *g = user;
	const char *p = reply->rreaddir.data.p;
	size_t left = reply->rreaddir.data.len;
	g->end = !left;
	while (left) {
		struct p9_dirent d;
		int n = p9_dirent_decode(p, left, &d);
		if (n <= 0)
			return n < 0 ? n : -EBADMSG;
		p += n;
		left -= (size_t)n;
		g->offset = d.offset;
		if (p9_str_eq(d.name, ".") || p9_str_eq(d.name, ".."))
			continue;
		if (!p9_name_valid(d.name))
			return -EBADMSG;
		int r = add_entry(g->list, d.name.s, d.name.len, d.type);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_directory(struct tree *t, uint32_t dir, struct tree_list *ret)
{
	uint32_t fid;
	struct reading g = {.list = ret};
	const char *here = "";
	int r = p9_client_fid_new(t->client, &fid);
	if (r < 0)
		return r;
	r = walk_some(t, dir, fid, &here);
	if (r < 0) {
		p9_client_fid_drop(t->client, fid);
		return r;
	}
	r = request(t,
		&(struct p9_msg){.type = P9_Tlopen,
			.tlopen = {.fid = fid, .flags = P9_O_RDONLY | P9_O_DIRECTORY}},
		NULL, NULL);
	while (r >= 0 && !g.end)
		r = request(t,
			&(struct p9_msg){.type = P9_Treaddir,
				.treaddir = {.fid = fid,
					.offset = g.offset,
					.count = p9_client_payload_max(t->client)}},
			take_entries, &g);
	p9_client_clunk(t->client, fid);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->name, ((const struct tree_entry *)b)->name);
}

static int list_fid(
	struct tree *t, uint32_t fid, const char *path, bool long_, struct tree_list *ret)
{
	struct tree_entry self = {};
	int r = request(t,
		&(struct p9_msg){.type = P9_Tgetattr,
			.tgetattr = {.fid = fid, .request_mask = P9_GETATTR_BASIC}},
		take_attr, &self);
	if (r < 0)
		return r;
	if (!S_ISDIR(self.mode)) {
		r = add_entry(ret, path, strlen(path), self.type);
		if (r < 0)
			return r;
		self.name = ret->entries[0].name;
		ret->entries[0] = self;
		return 0;
	}
	r = read_directory(t, fid, ret);
	if (r < 0)
		return r;
	if (ret->n)
		qsort(ret->entries, ret->n, sizeof(*ret->entries), by_name);
	return long_ ? list_attributes(t, fid, ret) : 0;
}

int tree_list(struct tree *t, const char *path, bool long_, struct tree_list *ret, struct err *err)
{
	uint32_t fid;
	*ret = (struct tree_list){};
	int r = walk(t, path, &fid);
	if (r >= 0) {
		r = list_fid(t, fid, path, long_, ret);
		p9_client_clunk(t->client, fid);
	}
	if (r < 0) {
		tree_list_done(ret);
		return err_errno(err, r, "/%s", path);
	}
	return 0;
}
