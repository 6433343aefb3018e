/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a node stands for an inode of the server as long as the kernel remembers it,
 * found by its qid (so hard links are one node).  It also knows one name, the latest heard of,
 * which is how a new fid is walked to, and a second table finds the node by parent and name, so
 * that removing and renaming can tell which nodes lose or change theirs.  Names are a hint: whoever
 * walks by them compares the qid at the end.
 */
#include "svc/fs/fuse/fuse9p-idmap.h"
#include "svc/fs/fuse/fuse9p-names.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <time.h>

enum { BUCKETS_START = 256 };

int f9_table_init(struct f9_table *t)
{
	*t = (struct f9_table){.n_buckets = BUCKETS_START};
	t->buckets = calloc(t->n_buckets, sizeof(struct f9_node *));
	return t->buckets ? 0 : -ENOMEM;
}

void f9_table_done(struct f9_table *t)
{
	free(t->buckets);
	*t = (struct f9_table){};
}

static uint64_t mix(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	return h;
}

static uint64_t hash_qid(const struct p9_qid *q)
{
	return mix(q->path ^ ((uint64_t)q->type << 56));
}

static uint64_t hash_name(const struct f9_node *parent, const char *name)
{
	uint64_t h = (uintptr_t)parent;
	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	return mix(h);
}

static bool same_qid(const struct p9_qid *a, const struct p9_qid *b)
{
	return a->path == b->path && a->type == b->type;
}

/* Doubles the table when it is full; if there is no memory it just gets slower. */
static void table_grow(struct f9_table *t, bool names)
{
	if (t->n < t->n_buckets)
		return;
	size_t n = t->n_buckets * 2;
	struct f9_node **buckets = calloc(n, sizeof(*buckets));
	if (!buckets)
		return;
	for (size_t i = 0; i < t->n_buckets; i++) {
		struct f9_node *it = t->buckets[i], *next;
		for (; it; it = next) {
			uint64_t h = names ? hash_name(it->parent, it->name) : hash_qid(&it->qid);
			struct f9_node **chain = names ? &it->by_name : &it->by_qid;
			next = *chain;
			*chain = buckets[h & (n - 1)];
			buckets[h & (n - 1)] = it;
		}
	}
	free(t->buckets);
	t->buckets = buckets;
	t->n_buckets = n;
}

static void qid_insert(struct f9 *fs, struct f9_node *n)
{
	table_grow(&fs->by_qid, false);
	struct f9_node **b = &fs->by_qid.buckets[hash_qid(&n->qid) & (fs->by_qid.n_buckets - 1)];
	n->by_qid = *b;
	*b = n;
	fs->by_qid.n++;
}

static void qid_remove(struct f9 *fs, struct f9_node *n)
{
	struct f9_node **b = &fs->by_qid.buckets[hash_qid(&n->qid) & (fs->by_qid.n_buckets - 1)];
	while (*b != n)
		b = &(*b)->by_qid;
	*b = n->by_qid;
	fs->by_qid.n--;
}

static struct f9_node *qid_find(struct f9 *fs, const struct p9_qid *q)
{
	struct f9_node *n = fs->by_qid.buckets[hash_qid(q) & (fs->by_qid.n_buckets - 1)];
	while (n && (n->replaced || !same_qid(&n->qid, q)))
		n = n->by_qid;
	return n;
}

struct f9_node *f9_node_find(struct f9 *fs, uint64_t path)
{
	static const uint8_t types[] = {P9_QTFILE, P9_QTDIR, P9_QTSYMLINK};
	struct f9_node *n = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(types) && !n; i++)
		n = qid_find(fs, &(struct p9_qid){.type = types[i], .path = path});
	return n;
}

/* ---- names ---- */

static struct f9_node **name_slot(struct f9 *fs, const struct f9_node *parent, const char *name)
{
	struct f9_node **b =
		&fs->by_name.buckets[hash_name(parent, name) & (fs->by_name.n_buckets - 1)];
	while (*b && ((*b)->parent != parent || strcmp((*b)->name, name)))
		b = &(*b)->by_name;
	return b;
}

/* gone: it is nothing's name any more, and the kernel knows. */
static void name_clear(struct f9 *fs, struct f9_node *n, bool gone)
{
	if (!n->parent)
		return;
	f9_watch_unnamed(fs, n, gone);
	struct f9_node **slot = name_slot(fs, n->parent, n->name);
	assert(*slot == n);
	*slot = n->by_name;
	fs->by_name.n--;
	list_unlink(&n->sibling);
	struct f9_node *parent = TAKE_PTR(n->parent);
	free(TAKE_PTR(n->name));
	f9_node_unref(fs, parent);
}

/* A server that says a directory lies in itself would make a ring of references. (Whether something
 * is a directory, two of its answers may disagree about.) */
static bool is_above(const struct f9_node *n, const struct f9_node *of)
{
	while (of && of != n)
		of = of->parent;
	return of != NULL;
}

/* From now on n is known as `name` in parent, and nothing else is. Without memory: nameless. */
static void name_set(struct f9 *fs, struct f9_node *n, struct f9_node *parent, const char *name)
{
	if (n->parent == parent && !strcmp(n->name, name))
		return;
	if (n == fs->root || is_above(n, parent))
		return;
	char *copy = strdup(name);
	f9_node_ref(parent); /* before clearing, which may drop the last one */
	f9_name_gone(fs, parent, name);
	name_clear(fs, n, false);
	if (!copy) {
		f9_node_unref(fs, parent);
		return;
	}
	table_grow(&fs->by_name, true);
	n->parent = parent;
	n->name = copy;
	struct f9_node **b =
		&fs->by_name.buckets[hash_name(parent, name) & (fs->by_name.n_buckets - 1)];
	n->by_name = *b;
	*b = n;
	fs->by_name.n++;
	list_append(&parent->children, &n->sibling);
	f9_watch_named(fs, n);
}

struct f9_node *f9_name_find(struct f9 *fs, const struct f9_node *parent, const char *name)
{
	return *name_slot(fs, parent, name);
}

void f9_name_gone(struct f9 *fs, struct f9_node *parent, const char *name)
{
	struct f9_node *n = *name_slot(fs, parent, name);
	if (n)
		name_clear(fs, n, true);
}

void f9_name_moved(struct f9 *fs, struct f9_node *parent, const char *name,
	struct f9_node *newparent, const char *newname)
{
	struct f9_node *n = *name_slot(fs, parent, name);
	if (!n) {
		f9_name_gone(fs, newparent, newname);
		return;
	}
	f9_node_ref(n);
	name_clear(fs, n, true);
	name_set(fs, n, newparent, newname);
	f9_node_unref(fs, n);
}

void f9_name_exchanged(struct f9 *fs, struct f9_node *parent, const char *name,
	struct f9_node *newparent, const char *newname)
{
	struct f9_node *a = f9_name_find(fs, parent, name);
	struct f9_node *b = f9_name_find(fs, newparent, newname);
	if (a)
		f9_node_ref(a);
	if (b)
		f9_node_ref(b);
	if (a)
		name_clear(fs, a, true);
	if (b && b != a)
		name_clear(fs, b, true);
	if (a)
		name_set(fs, a, newparent, newname);
	if (b && b != a)
		name_set(fs, b, parent, name);
	f9_node_unref(fs, a);
	f9_node_unref(fs, b);
}

/* ---- life ---- */

struct f9_node *f9_node_of(struct f9 *fs, fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? fs->root : (struct f9_node *)(uintptr_t)ino;
}

fuse_ino_t f9_node_ino(const struct f9 *fs, const struct f9_node *n)
{
	return n == fs->root ? FUSE_ROOT_ID : (fuse_ino_t)(uintptr_t)n;
}

struct f9_node *f9_node_ref(struct f9_node *n)
{
	n->refs++;
	return n;
}

static void node_free(struct f9 *fs, struct f9_node *n)
{
	assert(list_empty(&n->handles));
	f9_fid_drop_all(fs, n);
	f9_owners_free(n, NULL);
	f9_names_forget(fs, n);
	f9_cred_unref(fs, TAKE_PTR(n->dir_cred));
	qid_remove(fs, n);
	name_clear(fs, n, true);
	free(n->last);
	free(n);
}

/* And the directories above, as far as this was all that held them: one after the other, since a
 * server may have had somebody go down as deep as it likes. */
static void node_release(struct f9 *fs, struct f9_node *n)
{
	while (n && !n->refs && !n->nlookup) {
		struct f9_node *parent = n->parent;
		if (parent)
			parent->refs++;
		node_free(fs, n);
		if (parent)
			parent->refs--;
		n = parent;
	}
}

void f9_node_unref(struct f9 *fs, struct f9_node *n)
{
	if (!n)
		return;
	assert(n->refs > 0);
	n->refs--;
	node_release(fs, n);
}

void f9_node_forget(struct f9 *fs, struct f9_node *n, uint64_t nlookup)
{
	if (n == fs->root)
		return;
	n->nlookup -= MIN(nlookup, n->nlookup);
	node_release(fs, n);
}

struct f9_node *f9_node_get(
	struct f9 *fs, const struct p9_qid *qid, struct f9_node *parent, const char *name)
{
	struct f9_node *n = qid_find(fs, qid);
	if (!n) {
		if (fs->by_qid.n >= F9_MAX_NODES)
			return NULL;
		n = calloc(1, sizeof(*n));
		if (!n)
			return NULL;
		n->qid = *qid;
		n->generation = ++fs->generation;
		n->size = UINT64_MAX;
		list_init(&n->fids);
		list_init(&n->children);
		list_init(&n->sibling);
		list_init(&n->handles);
		list_init(&n->idle);
		list_init(&n->owners);
		qid_insert(fs, n);
		f9_watch_node_new(fs, n);
	}
	n->refs++;
	if (parent)
		name_set(fs, n, parent, name);
	return n;
}

int f9_root_set(struct f9 *fs, const struct p9_qid *qid)
{
	if (!fs->root) {
		fs->root = f9_node_get(fs, qid, NULL, NULL);
		return fs->root ? 0 : -ENOMEM;
	}
	qid_remove(fs, fs->root);
	fs->root->qid = *qid;
	qid_insert(fs, fs->root);
	return 0;
}

/* A server that says of one object that it is two kinds of thing. */
static bool contradicts(const struct p9_attr *a)
{
	bool dir = a->qid.type & P9_QTDIR;
	return S_ISDIR(a->mode) != dir;
}

/*
 * The number of an object that was removed is given to another one sooner or later.  Where the
 * server tells generations apart they do not become one node; where it does not, a symbolic link
 * (which cannot change, so the kernel keeps where it leads) is recognized by its time.
 */
static uint64_t generation_of(const struct p9_attr *a)
{
	if (a->valid & P9_GETATTR_GEN)
		return a->gen;
	if (S_ISLNK(a->mode))
		return mix(a->mtime_sec ^ a->mtime_nsec << 32) | 1;
	return 0;
}

bool f9_node_is(const struct f9_node *n, const struct p9_attr *a)
{
	uint64_t gen = generation_of(a);
	return a->qid.path == n->qid.path && (!gen || !n->gen || gen == n->gen);
}

int f9_node_of_attr(struct f9 *fs, const struct p9_attr *a, struct f9_node *parent,
	const char *name, struct f9_node **ret)
{
	if (contradicts(a))
		return -EIO;
	struct f9_node *n = qid_find(fs, &a->qid);
	if (n && n != fs->root && !f9_node_is(n, a)) {
		n->replaced = true;
		name_clear(fs, n, false);
	}
	n = f9_node_get(fs, &a->qid, parent, name);
	if (!n)
		return fs->by_qid.n >= F9_MAX_NODES ? -ENFILE : -ENOMEM;
	uint64_t gen = generation_of(a);
	n->gen = gen ? gen : n->gen;
	*ret = n;
	return 0;
}

/* At the end of the mount: nobody asks any more. */
void f9_node_free_all(struct f9 *fs)
{
	for (size_t i = 0; i < fs->by_qid.n_buckets; i++)
		for (struct f9_node *n = fs->by_qid.buckets[i]; n; n = n->by_qid)
			n->refs++; /* none goes on the way */
	for (size_t i = 0; i < fs->by_qid.n_buckets; i++) {
		for (struct f9_node *n = fs->by_qid.buckets[i]; n; n = n->by_qid) {
			while (!list_empty(&n->handles))
				f9_handle_free(
					fs, list_entry(n->handles.next, struct f9_handle, on_node));
			f9_fid_drop_all(fs, n);
			f9_owners_free(n, NULL);
			f9_names_forget(fs, n);
			f9_cred_unref(fs, TAKE_PTR(n->dir_cred));
		}
	}
	for (size_t i = 0; i < fs->by_qid.n_buckets; i++) {
		while (fs->by_qid.buckets[i]) {
			struct f9_node *n = fs->by_qid.buckets[i];
			fs->by_qid.buckets[i] = n->by_qid;
			free(n->name);
			free(n->last);
			free(n);
		}
	}
	fs->root = NULL;
}

/* ---- attributes ---- */

uint64_t f9_now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void f9_node_told(struct f9_node *n)
{
	n->told_ms = f9_now_ms();
}

void f9_attr_to_stat(const struct f9 *fs, const struct p9_attr *a, struct stat *ret)
{
	*ret = (struct stat){
		.st_ino = a->qid.path,
		.st_mode = a->mode,
		.st_nlink = a->nlink,
		.st_uid = f9_idmap_local(fs->user_map, a->uid),
		.st_gid = f9_idmap_local(fs->group_map, a->gid),
		.st_rdev = a->rdev,
		.st_size = (off_t)MIN(a->size, (uint64_t)INT64_MAX),
		.st_blksize = F9_BLOCK_SIZE,
		.st_blocks = (blkcnt_t)a->blocks,
		.st_atim = {(time_t)a->atime_sec, (long)a->atime_nsec},
		.st_mtim = {(time_t)a->mtime_sec, (long)a->mtime_nsec},
		.st_ctim = {(time_t)a->ctime_sec, (long)a->ctime_nsec},
	};
}

void f9_node_attr(struct f9 *fs, struct f9_node *n, const struct p9_attr *a, struct stat *ret)
{
	f9_attr_to_stat(fs, a, ret);
	n->size = a->size;
	n->mtime_sec = a->mtime_sec;
	n->mtime_nsec = a->mtime_nsec;
	n->mode = a->mode;
	n->gid = ret->st_gid;
	n->nlink = (uint32_t)MIN(a->nlink, (uint64_t)UINT32_MAX);
}
