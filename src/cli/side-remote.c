/* SPDX-License-Identifier: MIT */
/*
 * See side.h: a tree behind a 9P connection.  A node knows its parent and name, so that it can be
 * found again when the connection was lost: whoever gets -ESHUTDOWN walks from the new root, makes
 * sure that it is the same thing (qid.path), and asks again.
 *
 * With 9P2000.L.metac one message does the work of several; else they are sent one by one.
 */
#include "cli/remote.h"
#include "cli/side-remote.h"
#include "cli/side.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

/* ---- nodes and their fids ------------------------------------------------------------------- */

static void remote_node_free(struct node *n)
{
	struct remote_node *x = rnode(n);
	if (x->has_fid && x->parent)
		remote_clunk(remote_of(n), x->epoch, x->fid);
	node_unref(x->parent);
	free(x->name);
	free(x);
}

/* Without a fid yet. parent NULL: the root. */
static int node_new(struct side *s, struct node *parent, const char *name, struct remote_node **ret)
{
	struct remote_node *x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->node = (struct node){.side = s, .refs = 1};
	x->name = strdup(name);
	if (!x->name) {
		free(x);
		return -ENOMEM;
	}
	x->parent = parent ? node_ref(parent) : NULL;
	x->open_flags = -1;
	*ret = x;
	return 0;
}

static int take_walk(void *user, const struct p9_msg *m)
{
	struct p9_qid *qid = user;
	if (m->rwalk.nwqid != 1)
		return -ENOENT;
	*qid = m->rwalk.wqid[0];
	return 0;
}

/* One step from a fid of that epoch to a new one. */
static int walk(struct remote *r, uint64_t epoch, uint32_t from, const char *name, uint32_t *ret,
	struct p9_qid *qid)
{
	int e = remote_fid_new(r, ret);
	struct p9_msg m = {.type = P9_Twalk, .twalk = {.fid = from, .newfid = *ret, .nwname = 1}};
	m.twalk.wname[0] = p9_str(name);
	if (e < 0)
		return e;
	e = remote_request(r, epoch, &m, take_walk, qid);
	if (e < 0)
		remote_fid_drop(r, epoch, *ret);
	return e;
}

static int lopen(struct remote *r, uint64_t epoch, uint32_t fid, int flags)
{
	struct p9_msg m = {.type = P9_Tlopen, .tlopen = {.fid = fid, .flags = (uint32_t)flags}};
	return remote_request(r, epoch, &m, NULL, NULL);
}

/* Finds the node again in the connection there is now. */
static int find_again(struct remote_node *x)
{
	struct remote *r = remote_of(&x->node);
	struct remote_node *parent = rnode(x->parent);
	struct p9_qid qid = {};
	uint32_t fid = P9_NOFID;
	int e = remote_node_fid(parent);
	if (e < 0)
		return e;
	uint64_t epoch = parent->epoch;
	e = walk(r, epoch, parent->fid, x->name, &fid, &qid);
	if (e < 0)
		return e;
	if (x->qid && qid.path != x->qid)
		e = -ESTALE;
	else if (x->open_flags >= 0)
		e = lopen(r, epoch, fid, x->open_flags & ~(P9_O_EXCL | P9_O_CREAT | P9_O_TRUNC));
	/* Somebody else may have been quicker. */
	if (e < 0 || (x->has_fid && x->epoch == epoch)) {
		remote_clunk(r, epoch, fid);
		return e;
	}
	x->fid = fid;
	x->epoch = epoch;
	x->has_fid = true;
	return 0;
}

int remote_node_fid(struct remote_node *x)
{
	struct remote *r = remote_of(&x->node);
	if (x->has_fid && x->epoch == remote_epoch(r))
		return 0;
	if (x->parent)
		return find_again(x);
	x->fid = remote_root(r);
	x->epoch = remote_epoch(r);
	x->has_fid = true;
	return 0;
}

int remote_node_ask(struct remote_node *x, struct p9_msg *m, uint32_t *field, remote_take take,
	void *user, bool *ret_again)
{
	for (;;) {
		int e = remote_node_fid(x);
		*field = x->fid;
		if (e >= 0)
			e = remote_request(remote_of(&x->node), x->epoch, m, take, user);
		if (e != -ESHUTDOWN)
			return e;
		if (ret_again)
			*ret_again = true;
	}
}

static int ask(
	struct remote_node *x, struct p9_msg *m, uint32_t *field, remote_take take, void *user)
{
	return remote_node_ask(x, m, field, take, user, NULL);
}

/* ---- attributes ----------------------------------------------------------------------------- */

static bool attr_take(const struct p9_attr *p, struct attr *a)
{
	*a = (struct attr){
		.mode = p->mode,
		.uid = p->uid,
		.gid = p->gid,
		.nlink = p->nlink,
		.size = p->size,
		.blocks = p->blocks,
		.major = major(p->rdev),
		.minor = minor(p->rdev),
		.key = p->qid.path,
		.atime = {(time_t)p->atime_sec, (long)(p->atime_nsec % 1000000000)},
		.mtime = {(time_t)p->mtime_sec, (long)(p->mtime_nsec % 1000000000)},
	};
	return (p->valid & P9_GETATTR_BASIC) == P9_GETATTR_BASIC && a->size <= INT64_MAX;
}

static int take_getattr(void *user, const struct p9_msg *m)
{
	return attr_take(&m->rgetattr, user) ? 0 : -EBADMSG;
}

static int get_attr(struct remote_node *x, struct attr *a)
{
	struct p9_msg m = {.type = P9_Tgetattr, .tgetattr = {.request_mask = P9_GETATTR_BASIC}};
	return ask(x, &m, &m.tgetattr.fid, take_getattr, a);
}

static int remote_attr(struct node *n, struct attr *a)
{
	return get_attr(rnode(n), a);
}

static int take_lookup(void *user, const struct p9_msg *m)
{
	return attr_take(&m->rlookup.attr, user) ? 0 : -EBADMSG;
}

/* Tlookup: the walk and the attributes in one. */
static int lookup(struct remote_node *x, struct attr *a)
{
	struct remote *r = remote_of(&x->node);
	struct remote_node *dir = rnode(x->parent);
	struct p9_msg m = {.type = P9_Tlookup,
		.tlookup = {.name = p9_str(x->name), .request_mask = P9_GETATTR_BASIC}};
	int e;
	do {
		e = remote_node_fid(dir);
		if (e >= 0)
			e = remote_fid_new(r, &x->fid);
		if (e < 0)
			continue;
		x->epoch = dir->epoch;
		m.tlookup.dfid = dir->fid;
		m.tlookup.newfid = x->fid;
		e = remote_request(r, x->epoch, &m, take_lookup, a);
		if (e < 0)
			remote_fid_drop(r, x->epoch, x->fid);
	} while (e == -ESHUTDOWN);
	x->has_fid = e >= 0;
	return e;
}

static int remote_look(struct node *dir, const char *name, struct node **ret, struct attr *a)
{
	struct remote_node *x = NULL;
	int e = node_new(dir->side, dir, name, &x);
	if (e < 0)
		return e;
	if (remote_metac(remote_of(dir))) {
		e = lookup(x, a);
	} else {
		do
			e = remote_node_fid(x);
		while (e == -ESHUTDOWN);
		if (e >= 0)
			e = get_attr(x, a);
	}
	x->qid = a->key;
	if (e < 0)
		node_unref(&x->node);
	else
		*ret = &x->node;
	return e;
}

/* ---- directories ---------------------------------------------------------------------------- */

struct listing {
	side_entry fn;
	void *user;
	uint64_t *cursor;
	bool metac;
	uint8_t *bytes; /* the entries, copied: fn may wait */
	uint32_t n;
};

static int take_entries(void *user, const struct p9_msg *m)
{
	struct listing *l = user;
	const struct p9_data *d = l->metac ? &m->rreaddirplus.data : &m->rreaddir.data;
	memcpy(l->bytes, d->p, d->len);
	l->n = d->len;
	return 0;
}

/* Decodes one entry; returns bytes used. */
static int entry_at(const struct listing *l, uint32_t at, struct p9_direntplus *e, struct attr *a,
	bool *ret_known)
{
	struct p9_dirent d;
	int n;
	*ret_known = false;
	if (l->metac) {
		n = p9_direntplus_decode(l->bytes + at, l->n - at, e);
		if (n > 0)
			*ret_known = attr_take(&e->attr, a);
		return n;
	}
	n = p9_dirent_decode(l->bytes + at, l->n - at, &d);
	if (n > 0)
		*e = (struct p9_direntplus){.offset = d.offset, .type = d.type, .name = d.name};
	return n;
}

static int give_entries(struct listing *l)
{
	for (uint32_t at = 0; at < l->n;) {
		struct p9_direntplus e;
		struct attr a;
		bool known;
		char name[P9_MAX_NAME + 1];
		int n = entry_at(l, at, &e, &a, &known);
		if (n <= 0)
			return -EBADMSG;
		at += (uint32_t)n;
		if (e.offset == *l->cursor) /* it would go round for ever */
			return -ELOOP;
		*l->cursor = e.offset;
		if (p9_str_eq(e.name, ".") || p9_str_eq(e.name, ".."))
			continue;
		if (!p9_name_valid(e.name))
			return -EBADMSG;
		memcpy(name, e.name.s, e.name.len);
		name[e.name.len] = 0;
		n = l->fn(l->user, name, e.type, known ? &a : NULL);
		if (n < 0)
			return n;
	}
	return 0;
}

/* A node of its own for the open directory: the other one is needed to walk from. */
static int open_directory(struct remote_node *x)
{
	struct remote *r = remote_of(&x->node);
	struct p9_msg m = {.type = P9_Twalk};
	int e = remote_node_fid(x);
	if (e >= 0)
		e = remote_fid_new(r, &x->dir_fid);
	if (e < 0)
		return e;
	x->dir_epoch = x->epoch;
	m.twalk.fid = x->fid;
	m.twalk.newfid = x->dir_fid;
	e = remote_request(r, x->dir_epoch, &m, NULL, NULL);
	if (e < 0) {
		remote_fid_drop(r, x->dir_epoch, x->dir_fid);
		return e;
	}
	e = lopen(r, x->dir_epoch, x->dir_fid, P9_O_RDONLY | P9_O_DIRECTORY);
	if (e < 0)
		remote_clunk(r, x->dir_epoch, x->dir_fid);
	x->dir_open = e >= 0;
	return e;
}

static int read_directory(struct remote_node *x, struct listing *l)
{
	struct remote *r = remote_of(&x->node);
	uint32_t count = MIN(remote_payload(r), (uint32_t)SIDE_DIR_BYTES);
	int e = 0;
	do {
		if (!x->dir_open || x->dir_epoch != remote_epoch(r))
			e = open_directory(x);
		struct p9_msg m = {.type = P9_Treaddir,
			.treaddir = {.fid = x->dir_fid, .offset = *l->cursor, .count = count}};
		if (l->metac)
			m = (struct p9_msg){.type = P9_Treaddirplus,
				.treaddirplus = {.fid = x->dir_fid,
					.offset = *l->cursor,
					.count = count,
					.request_mask = P9_GETATTR_BASIC}};
		if (e >= 0)
			e = remote_request(r, x->dir_epoch, &m, take_entries, l);
	} while (e == -ESHUTDOWN);
	return e;
}

static int remote_list(struct node *n, uint64_t *cursor, side_entry fn, void *user)
{
	struct remote_node *x = rnode(n);
	AUTO_FREE uint8_t *bytes = malloc(SIDE_DIR_BYTES);
	struct listing l = {.fn = fn,
		.user = user,
		.cursor = cursor,
		.metac = remote_metac(remote_of(n)),
		.bytes = bytes};
	if (!bytes)
		return -ENOMEM;
	int e = read_directory(x, &l);
	if (e >= 0)
		e = give_entries(&l);
	if (e >= 0 && l.n)
		return 1;
	if (x->dir_open)
		remote_clunk(remote_of(n), x->dir_epoch, x->dir_fid);
	x->dir_open = false;
	return e;
}

/* ---- opening and creating ------------------------------------------------------------------- */

struct opening {
	struct attr *a;
	void *buf;
	size_t cap, n;
};

static int take_openat(void *user, const struct p9_msg *m)
{
	struct opening *o = user;
	if (!attr_take(&m->ropenat.attr, o->a) || m->ropenat.data.len > o->cap)
		return -EBADMSG;
	o->n = m->ropenat.data.len;
	if (o->n)
		memcpy(o->buf, m->ropenat.data.p, o->n);
	return 0;
}

static int openat_metac(struct remote_node *x, int flags, struct opening *o)
{
	struct remote *r = remote_of(&x->node);
	struct remote_node *dir = rnode(x->parent);
	struct p9_msg m = {.type = P9_Topenat,
		.topenat = {.name = p9_str(x->name),
			.open_flags = (uint32_t)flags,
			.request_mask = P9_GETATTR_BASIC,
			.count = (uint32_t)o->cap}};
	int e;
	do {
		e = remote_node_fid(dir);
		if (e >= 0)
			e = remote_fid_new(r, &x->fid);
		if (e < 0)
			continue;
		x->epoch = dir->epoch;
		m.topenat.fid = dir->fid;
		m.topenat.newfid = x->fid;
		e = remote_request(r, x->epoch, &m, take_openat, o);
		if (e < 0)
			remote_fid_drop(r, x->epoch, x->fid);
	} while (e == -ESHUTDOWN);
	x->has_fid = e >= 0;
	return e;
}

static int open_node(struct remote_node *x, int flags, struct opening *o)
{
	int e;
	if (remote_metac(remote_of(&x->node))) {
		e = openat_metac(x, flags, o);
		x->open_flags = flags;
	} else {
		do
			e = remote_node_fid(x);
		while (e == -ESHUTDOWN);
		if (e >= 0)
			e = get_attr(x, o->a);
		if (e >= 0 && !S_ISREG(o->a->mode))
			return -EINVAL;
		struct p9_msg m = {.type = P9_Tlopen, .tlopen = {.flags = (uint32_t)flags}};
		/* When it is repeated it opens by itself: find_again(). */
		bool again = false;
		if (e >= 0)
			e = remote_node_ask(x, &m, &m.tlopen.fid, NULL, NULL, &again);
		x->open_flags = flags;
	}
	if (e >= 0 && !S_ISREG(o->a->mode))
		e = -EINVAL;
	x->qid = o->a->key;
	return e;
}

static int open_new_node(
	struct node *dir, const char *name, int flags, struct opening *o, struct node **ret)
{
	struct remote_node *x = NULL;
	int e = node_new(dir->side, dir, name, &x);
	if (e < 0)
		return e;
	e = open_node(x, flags, o);
	if (e < 0)
		node_unref(&x->node);
	else
		*ret = &x->node;
	return e;
}

static int remote_open_file(struct node *dir, const char *name, struct node **ret, struct attr *a,
	void *buf, size_t cap, size_t *ret_n)
{
	struct node *n = NULL;
	struct opening o = {
		.a = a, .buf = buf, .cap = MIN(cap, (size_t)remote_openat_max(remote_of(dir)))};
	int e = open_new_node(dir, name, P9_O_RDONLY | P9_O_NOFOLLOW, &o, &n);
	ssize_t more = 0;
	/* What did not come with the answer. */
	if (e >= 0 && o.n < MIN(a->size, (uint64_t)cap))
		more = side_remote_read(n, o.n, (char *)buf + o.n, cap - o.n);
	if (e < 0 || more < 0) {
		node_unref(n);
		return e < 0 ? e : (int)more;
	}
	*ret_n = o.n + (size_t)more;
	*ret = n;
	return 0;
}

static int remote_reopen(struct node *dir, const char *name, struct node **ret, struct attr *a)
{
	struct opening o = {.a = a};
	return open_new_node(dir, name, P9_O_RDWR | P9_O_NOFOLLOW, &o, ret);
}

static int take_create_qid(void *user, const struct p9_msg *m)
{
	*(uint64_t *)user = m->rlcreate.qid.path;
	return 0;
}

static int take_createat(void *user, const struct p9_msg *m)
{
	*(uint64_t *)user = m->rcreateat.attr.qid.path;
	return 0;
}

/* Twalk to a copy of the directory's fid, which Tlcreate turns into the file. */
static int create_plain(struct remote *r, struct remote_node *dir, struct remote_node *x)
{
	struct p9_msg m = {.type = P9_Twalk, .twalk = {.fid = dir->fid, .newfid = x->fid}};
	int e = remote_request(r, x->epoch, &m, NULL, NULL);
	if (e < 0) {
		remote_fid_drop(r, x->epoch, x->fid);
		return e;
	}
	m = (struct p9_msg){.type = P9_Tlcreate,
		.tlcreate = {.fid = x->fid,
			.name = p9_str(x->name),
			.flags = P9_O_RDWR | P9_O_CREAT | P9_O_EXCL,
			.mode = 0600,
			.gid = getegid()}};
	e = remote_request(r, x->epoch, &m, take_create_qid, &x->qid);
	if (e < 0)
		remote_clunk(r, x->epoch, x->fid);
	return e;
}

static int create_metac(struct remote *r, struct remote_node *dir, struct remote_node *x)
{
	struct p9_msg m = {.type = P9_Tcreateat,
		.tcreateat = {.dfid = dir->fid,
			.newfid = x->fid,
			.name = p9_str(x->name),
			.open_flags = P9_O_RDWR | P9_O_CREAT | P9_O_EXCL,
			.mode = 0600,
			.gid = getegid(),
			.request_mask = P9_GETATTR_BASIC}};
	int e = remote_request(r, x->epoch, &m, take_createat, &x->qid);
	if (e < 0)
		remote_fid_drop(r, x->epoch, x->fid);
	return e;
}

static int create_node(struct remote_node *x, bool *again)
{
	struct remote *r = remote_of(&x->node);
	struct remote_node *dir = rnode(x->parent);
	int e = remote_node_fid(dir);
	if (e >= 0)
		e = remote_fid_new(r, &x->fid);
	if (e < 0)
		return e;
	x->epoch = dir->epoch;
	e = remote_metac(r) ? create_metac(r, dir, x) : create_plain(r, dir, x);
	x->has_fid = e >= 0;
	*again |= e == -ESHUTDOWN;
	return e;
}

static int remote_create(struct node *dir, const char *name, struct node **ret)
{
	struct remote_node *x = NULL;
	bool again = false;
	int e = node_new(dir->side, dir, name, &x);
	if (e < 0)
		return e;
	do
		e = create_node(x, &again);
	while (e == -ESHUTDOWN);
	x->open_flags = P9_O_RDWR;
	if (e < 0)
		node_unref(&x->node);
	else
		*ret = &x->node;
	struct attr a;
	return e == -EEXIST && again ? remote_reopen(dir, name, ret, &a) : e;
}

static void remote_free(struct side *s)
{
	free(container_of(s, struct remote_side, side));
}

static const struct side_ops remote_ops = {
	.free = remote_free,
	.node_free = remote_node_free,
	.look = remote_look,
	.attr = remote_attr,
	.list = remote_list,
	.open = remote_open_file,
	.create = remote_create,
	.reopen = remote_reopen,
	.read = side_remote_read,
	.write = side_remote_write,
	.extent = side_remote_extent,
	.truncate = side_remote_truncate,
	.clone = side_remote_clone,
	.readlink = side_remote_readlink,
	.make = side_remote_make,
	.link = side_remote_link,
	.rename = side_remote_rename,
	.remove = side_remote_remove,
	.set = side_remote_set,
	.xattr_list = side_remote_xattr_list,
	.xattr_get = side_remote_xattr_get,
	.xattr_set = side_remote_xattr_set,
};

int side_remote_open(struct remote *r, const char *path, struct side **ret)
{
	struct remote_side *s = calloc(1, sizeof(*s));
	struct remote_node *root = NULL;
	if (!s)
		return -ENOMEM;
	s->remote = r;
	s->side.ops = &remote_ops;
	s->side.path = strdup(path);
	int e = s->side.path ? node_new(&s->side, NULL, "", &root) : -ENOMEM;
	if (e >= 0)
		s->side.root = &root->node;
	if (e < 0)
		side_free(&s->side);
	else
		*ret = &s->side;
	return e;
}
