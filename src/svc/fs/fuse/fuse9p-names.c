/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a set is an open hash table of 64-bit hashes; two names with one hash only
 * cost a question.  Sets come from reading a directory from its beginning to its end, by a program
 * (fuse9p-dir.c) or on our own account: of a directory just made here, since it is going to be
 * filled (each file that is created is looked up first), and of one in which much is looked for
 * that is not there (the directories of a search path).
 */
#include "svc/fs/fuse/fuse9p-names.h"
#include "svc/fs/fuse/fuse9p-watch.h"

struct f9_names {
	struct f9 *fs;
	struct f9_node *dir; /* not referenced: it frees what it has */
	struct list link; /* in f9.names (installed, oldest first) or f9.names_made */
	uint64_t asked;
	uint64_t *slots; /* 0: free */
	size_t n_slots, n;
	bool failed; /* too many, or no memory */
};

static uint64_t hash(const char *s, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)s[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 29;
	return h ? h : 1;
}

/* ---- sets ---- */

struct f9_names *f9_names_new(struct f9 *fs, struct f9_node *dir, uint64_t asked)
{
	struct f9_names *s = fs->metac && fs->watches ? calloc(1, sizeof(*s)) : NULL;
	if (!s)
		return NULL;
	s->fs = fs;
	s->dir = f9_node_ref(dir);
	s->asked = asked;
	list_append(&fs->names_made, &s->link);
	return s;
}

static void set_free(struct f9_names *s)
{
	list_unlink(&s->link);
	s->fs->n_names -= s->n;
	free(s->slots);
	free(s);
}

void f9_names_free(struct f9_names *s)
{
	if (!s)
		return;
	struct f9 *fs = s->fs;
	struct f9_node *dir = s->dir;
	set_free(s);
	f9_node_unref(fs, dir);
}

static bool contains(const struct f9_names *s, uint64_t h)
{
	for (size_t i = h; s->n_slots; i++) {
		uint64_t v = s->slots[i & (s->n_slots - 1)];
		if (v == h)
			return true;
		if (!v)
			break;
	}
	return false;
}

static void place(uint64_t *slots, size_t n_slots, uint64_t h)
{
	size_t i = h;
	while (slots[i & (n_slots - 1)])
		i++;
	slots[i & (n_slots - 1)] = h;
}

/* Never more than three quarters full. */
static bool grow(struct f9_names *s)
{
	if (s->n < s->n_slots / 4 * 3)
		return true;
	size_t n = s->n_slots ? s->n_slots * 2 : 16;
	uint64_t *slots = s->n < F9_NAMES_MAX ? calloc(n, sizeof(*slots)) : NULL;
	if (!slots)
		return false;
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i])
			place(slots, n, s->slots[i]);
	free(s->slots);
	s->slots = slots;
	s->n_slots = n;
	return true;
}

static void put(struct f9_names *s, uint64_t h)
{
	if (s->failed || contains(s, h))
		return;
	if (!grow(s)) {
		s->failed = true;
		return;
	}
	place(s->slots, s->n_slots, h);
	s->n++;
	s->fs->n_names++;
}

void f9_names_put(struct f9_names *s, struct p9_str name)
{
	if (s)
		put(s, hash(name.s, name.len));
}

void f9_names_forget(struct f9 *fs, struct f9_node *dir)
{
	if (dir->names)
		set_free(TAKE_PTR(dir->names));
}

void f9_names_complete(struct f9_names *s)
{
	if (!s)
		return;
	struct f9 *fs = s->fs;
	struct f9_node *dir = s->dir;
	if (s->failed || !f9_unchanged_since(fs, dir, s->asked)) {
		f9_names_free(s);
		return;
	}
	f9_names_forget(fs, dir);
	list_unlink(&s->link);
	list_append(&fs->names, &s->link);
	dir->names = s;
	while (fs->n_names > F9_NAMES_TOTAL && fs->names.next != &s->link) {
		struct f9_names *old = list_entry(fs->names.next, struct f9_names, link);
		f9_names_forget(fs, old->dir);
	}
	f9_node_unref(fs, dir); /* the set goes with it from now on */
}

void f9_names_add(struct f9 *fs, struct f9_node *dir, const char *name)
{
	uint64_t h = hash(name, strlen(name));
	if (dir->names) {
		put(dir->names, h);
		if (dir->names->failed)
			f9_names_forget(fs, dir);
	}
	list_for_each (it, &fs->names_made) {
		struct f9_names *s = list_entry(it, struct f9_names, link);
		if (s->dir == dir)
			put(s, h);
	}
}

bool f9_names_lack(struct f9 *fs, struct f9_node *dir, const char *name, uint64_t *ret_asked)
{
	struct f9_names *s = dir->names;
	if (!s)
		return false;
	if (!f9_unchanged_since(fs, dir, s->asked)) {
		f9_names_forget(fs, dir);
		return false;
	}
	*ret_asked = s->asked;
	return !contains(s, hash(name, strlen(name)));
}

/* ---- reading a directory on our own account ---- */

/* Watch it (Tlookup) and open it, both at once; then read to the end. */
struct listing {
	struct f9 *fs;
	struct f9_names *set;
	uint32_t fid;
	unsigned open; /* requests under way */
	size_t n_read; /* entries, of which some may be there again and again */
	bool opened, failed;
};

static void listing_end(struct listing *l)
{
	l->fs->n_listings--;
	if (l->opened)
		p9_client_clunk(l->fs->client, l->fid);
	else
		p9_client_fid_drop(l->fs->client, l->fid);
	if (l->failed)
		f9_names_free(l->set);
	else
		f9_names_complete(l->set);
	free(l);
}

static void listing_read(struct listing *l, uint64_t offset);

static void listing_got(void *user, int error, const struct p9_msg *m)
{
	struct listing *l = user;
	struct p9_dirent d;
	uint64_t offset = 0;
	int n = -1;
	l->open--;
	if (!error) {
		const uint8_t *p = m->rreaddir.data.p;
		size_t left = m->rreaddir.data.len;
		for (; (n = p9_dirent_decode(p, left, &d)) > 0; left -= (size_t)n, p += n) {
			f9_names_put(l->set, d.name);
			offset = d.offset;
			l->n_read++;
		}
	}
	l->failed |= n < 0 || l->set->failed || l->n_read > F9_NAMES_MAX;
	if (l->failed || !m->rreaddir.data.len)
		listing_end(l);
	else
		listing_read(l, offset);
}

static void listing_read(struct listing *l, uint64_t offset)
{
	struct p9_msg m = {.type = P9_Treaddir,
		.treaddir = {.fid = l->fid,
			.offset = offset,
			.count = MIN(65536u, p9_client_payload_max(l->fs->client))}};
	l->open++;
	if (p9_client_request(l->fs->client, &m, listing_got, l) >= 0)
		return;
	l->open--;
	l->failed = true;
	listing_end(l);
}

static void listing_prepared(struct listing *l)
{
	if (--l->open)
		return;
	if (l->failed)
		listing_end(l);
	else
		listing_read(l, 0);
}

static void listing_watched(void *user, int error, const struct p9_msg *m)
{
	struct listing *l = user;
	if (error || !(m->rlookup.flags & P9_GOT_WATCH))
		l->failed = true;
	else
		l->set->asked = f9_watch_answer(
			l->fs, l->set->dir, NULL, NULL, l->set->asked, m->rlookup.flags);
	listing_prepared(l);
}

static void listing_opened(void *user, int error, const struct p9_msg *m)
{
	struct listing *l = user;
	l->opened = !error;
	l->failed |= error != 0;
	listing_prepared(l);
}

void f9_names_read(struct f9 *fs, struct f9_node *dir, uint32_t fid)
{
	if (fs->n_listings >= F9_LISTINGS_MAX)
		return;
	struct listing *l = calloc(1, sizeof(*l));
	struct f9_names *set = l ? f9_names_new(fs, dir, f9_watch_now(fs)) : NULL;
	if (!set || p9_client_fid_new(fs->client, &l->fid) < 0) {
		f9_names_free(set);
		free(l);
		return;
	}
	l->fs = fs;
	l->set = set;
	l->open = 1; /* so that nothing ends before both have been sent */
	fs->n_listings++;
	struct p9_msg watch = {.type = P9_Tlookup,
		.tlookup = {.dfid = fid,
			.newfid = P9_NOFID,
			.name = f9_str(""),
			.request_mask = F9_ATTR_MASK,
			.flags = P9_WANT_WATCH}};
	struct p9_msg open = {.type = P9_Topenat,
		.topenat = {.fid = fid,
			.newfid = l->fid,
			.name = f9_str(""),
			.open_flags = P9_O_RDONLY | P9_O_DIRECTORY | P9_O_LARGEFILE,
			.request_mask = P9_GETATTR_MODE}};
	if (p9_client_request(fs->client, &watch, listing_watched, l) >= 0)
		l->open++;
	else
		l->failed = true;
	if (p9_client_request(fs->client, &open, listing_opened, l) >= 0)
		l->open++;
	else
		l->failed = true;
	listing_prepared(l);
}

/* Ever more rarely where it does not help: the directory changes, or cannot be watched. */
void f9_names_missed(struct f9_op *op)
{
	struct f9_node *dir = op->node;
	uint32_t most = F9_MISSES_BEFORE_LISTING << MIN(dir->listings, 20u);
	if (!op->fs->watches || ++dir->misses < most)
		return;
	dir->misses = 0;
	dir->listings++;
	f9_names_read(op->fs, dir, op->fid->fid);
}
