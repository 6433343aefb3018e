/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: the number of events heard so far is the clock.  A node knows when it was
 * last heard of (`heard`), and from when on it is certain to be heard of (`since`); an answer is
 * good for long if it was asked for after both.  What a node's directory would tell (`epoch` of
 * the directory) counts for it as long as it has its only name there and nothing was heard about
 * that name (`doubt`); directories and files with several names are watched by themselves.
 *
 * The epoch counts how often everything was disbelieved at once.  What was said in another epoch
 * counts for nothing, which needs no walk over all nodes; but the kernel believes it still, so that
 * a walk follows, as fast as the kernel takes invalidations, to take back what it was told for long
 * (`told` is an earlier epoch).  What the kernel is told meanwhile is of the new epoch, and stays.
 *
 * Names that the kernel was told for long, and that are no node's name here (names of nothing,
 * other names of a file), are kept in a list, so that they can be taken back too.
 */
#include "svc/fs/fuse/fuse9p-watch.h"
#include "svc/fs/fuse/fuse9p-inval.h"

#include "base/log.h"

enum {
	RECENT_MS = 300, /* what the kernel was told this recently may not be in its cache yet */
	WALK_BUCKETS = 64, /* looked at in one go, */
	WALK_NAMES = 256, /* and names */
};

struct name_told {
	struct list link;
	fuse_ino_t dir;
	uint32_t epoch;
	char name[];
};

struct f9_watch {
	uint64_t now; /* number of the last event */
	uint64_t unknown; /* number of the last event about an object that no node stands for */
	uint32_t epoch;
	uint64_t began; /* number of the event that the epoch began with */
	bool begun, deaf; /* deaf: the server does not tell, whatever it says */
	bool walking;
	size_t walk_at, walk_buckets;
	unsigned waiting; /* Tevents */
	uint64_t sent; /* and how many there were on this connection and those before */
	struct list names; /* struct name_told, oldest first */
	size_t n_names;
	f9_changed_fn listeners[F9_WATCH_LISTENERS];
	unsigned n_listeners;
};

static bool is_dir(const struct f9_node *n)
{
	return n->qid.type & P9_QTDIR;
}

static bool recent(uint32_t then_ms)
{
	return then_ms && (uint32_t)f9_now_ms() - then_ms < RECENT_MS;
}

static void call_listeners(struct f9 *fs, struct f9_node *n)
{
	for (unsigned i = 0; i < fs->watch->n_listeners; i++)
		fs->watch->listeners[i](fs, n);
}

void f9_watch_listen(struct f9 *fs, f9_changed_fn fn)
{
	struct f9_watch *w = fs->watch;
	if (!w)
		return;
	assert(w->n_listeners < F9_WATCH_LISTENERS);
	w->listeners[w->n_listeners++] = fn;
}

uint64_t f9_watch_now(const struct f9 *fs)
{
	return fs->watch ? fs->watch->now : 0;
}

/* ---- names told that no node has ---- */

static void name_told_drop(struct f9_watch *w, struct name_told *t)
{
	list_unlink(&t->link);
	w->n_names--;
	free(t);
}

/* False when no more can be remembered. */
static bool remember_name(struct f9 *fs, struct f9_node *dir, const char *name)
{
	struct f9_watch *w = fs->watch;
	if (w->n_names >= F9_NAMES_TOLD_MAX)
		return false;
	struct name_told *t = malloc(sizeof(*t) + strlen(name) + 1);
	if (!t)
		return false;
	*t = (struct name_told){.dir = f9_node_ino(fs, dir), .epoch = w->epoch};
	strcpy(t->name, name);
	list_append(&w->names, &t->link);
	w->n_names++;
	dir->watch.names = true;
	return true;
}

/* When the list is full its oldest name goes, of whom the kernel has then to ask. */
static bool remember_name_rather(struct f9 *fs, struct f9_node *dir, const char *name)
{
	struct f9_watch *w = fs->watch;
	if (w->n_names >= F9_NAMES_TOLD_MAX) {
		struct name_told *t = list_entry(w->names.next, struct name_told, link);
		f9_inval_name(fs, t->dir, t->name, false, false);
		name_told_drop(w, t);
	}
	return remember_name(fs, dir, name);
}

/* ---- what may be believed ---- */

/* The directory where n has its name tells about it. */
static bool covered_by_parent(const struct f9 *fs, const struct f9_node *n)
{
	return !is_dir(n) && n->parent && n->parent->watch.epoch == fs->watch->epoch &&
	       !n->watch.several && !n->watch.alone && !n->watch.doubt;
}

bool f9_watched(const struct f9 *fs, const struct f9_node *n)
{
	return fs->watch && !fs->watch->deaf && !fs->down &&
	       (n->watch.epoch == fs->watch->epoch || covered_by_parent(fs, n));
}

bool f9_unchanged_since(const struct f9 *fs, const struct f9_node *n, uint64_t asked)
{
	if (!f9_watched(fs, n) || n->watch.heard > asked)
		return false;
	bool itself = n->watch.epoch == fs->watch->epoch;
	return (itself ? n->watch.since : n->parent->watch.since) <= asked;
}

uint64_t f9_watch_sent(const struct f9 *fs)
{
	return fs->watch ? fs->watch->sent : 0;
}

bool f9_watch_told_all(const struct f9 *fs, uint64_t sent)
{
	const struct f9_watch *w = fs->watch;
	return w && !w->deaf && w->sent - w->waiting < sent;
}

/* What is asked from now on is covered by events.  What was asked before this answer was, at the
 * same time, may have been looked at before the watch was there: the clock goes on. */
static void begin_watching(struct f9 *fs, struct f9_node *n, uint64_t asked)
{
	if (n->watch.epoch == fs->watch->epoch || n->watch.heard > asked ||
		fs->watch->began > asked)
		return;
	n->watch.epoch = fs->watch->epoch;
	n->watch.since = ++fs->watch->now;
}

static void take_entry(struct f9 *fs, struct f9_node *dir, struct f9_node *n,
	const struct p9_attr *attr, uint64_t asked)
{
	bool told = !(attr->valid & P9_GETATTR_ASK);
	n->watch.several = !is_dir(n) && attr->nlink > 1;
	n->watch.alone = !told;
	if (n->parent == dir && dir->watch.heard <= asked)
		n->watch.doubt = false;
	if (told && (is_dir(n) || n->watch.several))
		begin_watching(fs, n, asked);
}

uint64_t f9_watch_answer(struct f9 *fs, struct f9_node *dir, struct f9_node *n,
	const struct p9_attr *attr, uint64_t asked, uint32_t flags)
{
	struct f9_watch *w = fs->watch;
	if (!w || w->deaf || !dir || !(flags & P9_GOT_WATCH))
		return asked;
	begin_watching(fs, dir, asked);
	if (n && attr && n != dir)
		take_entry(fs, dir, n, attr, asked);
	bool fresh =
		w->began <= asked && dir->watch.heard <= asked && (!n || n->watch.heard <= asked);
	return fresh ? w->now : asked;
}
double f9_entry_timeout(
	struct f9 *fs, struct f9_node *dir, const char *name, struct f9_node *n, uint64_t asked)
{
	struct f9_watch *w = fs->watch;
	if (!w || w->deaf || fs->down || dir->watch.epoch != w->epoch || dir->watch.since > asked ||
		dir->watch.heard > asked)
		return F9_TIMEOUT;
	/* The kernels before 6.2 cannot be told to ask again about a directory's name without
	 * taking it away from whoever uses it. */
	if (n && is_dir(n) && !fs->expires)
		return F9_TIMEOUT;
	bool named = n && n->parent == dir && !strcmp(n->name, name);
	if (!named && !remember_name_rather(fs, dir, name))
		return F9_TIMEOUT;
	uint32_t ms = (uint32_t)f9_now_ms();
	dir->watch.names_ms = ms;
	if (named) {
		n->watch.doubt = false;
		n->watch.told = w->epoch;
	}
	return F9_TIMEOUT_WATCHED;
}

double f9_attr_timeout(struct f9 *fs, struct f9_node *n, const struct p9_attr *attr, uint64_t asked)
{
	if (!fs->watch)
		return F9_TIMEOUT;
	n->watch.several = !is_dir(n) && attr->nlink > 1;
	if (!f9_unchanged_since(fs, n, asked))
		return F9_TIMEOUT;
	n->watch.told = fs->watch->epoch;
	n->watch.told_ms = (uint32_t)f9_now_ms();
	return F9_TIMEOUT_WATCHED;
}

/* ---- taking back what the kernel was told ---- */

/* Attributes and name of one node. */
static void take_back_node(struct f9 *fs, struct f9_node *n)
{
	n->watch.told = 0;
	f9_inval_inode(fs, n, list_empty(&n->handles) ? F9_INVAL_ATTR : F9_INVAL_DATA,
		recent(n->watch.told_ms));
	if (n->parent)
		f9_inval_name(fs, f9_node_ino(fs, n->parent), n->name, is_dir(n),
			recent(n->parent->watch.names_ms));
}

static void take_back_names(struct f9 *fs, struct f9_node *dir)
{
	fuse_ino_t ino = f9_node_ino(fs, dir);
	list_for_each_safe (it, &fs->watch->names) {
		struct name_told *t = list_entry(it, struct name_told, link);
		if (t->dir != ino)
			continue;
		f9_inval_name(fs, ino, t->name, false, recent(dir->watch.names_ms));
		name_told_drop(fs->watch, t);
	}
	dir->watch.names = false;
}

/* The object is not watched any more: nor are the names in it. */
static void take_back(struct f9 *fs, struct f9_node *n)
{
	n->watch.epoch = 0;
	if (n->watch.told)
		take_back_node(fs, n);
	list_for_each (it, &n->children) {
		struct f9_node *child = list_entry(it, struct f9_node, sibling);
		if (child->watch.told)
			take_back_node(fs, child);
	}
	if (n->watch.names)
		take_back_names(fs, n);
}

void f9_watch_distrust(struct f9 *fs)
{
	struct f9_watch *w = fs->watch;
	if (!w)
		return;
	w->epoch++;
	w->began = ++w->now;
	w->walking = true;
	w->walk_at = 0;
	call_listeners(fs, NULL);
	f9_inval_wake(fs);
}

static void walk_bucket(struct f9 *fs, struct f9_node *n)
{
	for (; n; n = n->by_qid) {
		if (n->watch.told && n->watch.told != fs->watch->epoch)
			take_back_node(fs, n);
	}
}

/* Names are in the order of epochs. */
static bool walk_names(struct f9 *fs)
{
	struct f9_watch *w = fs->watch;
	for (int i = 0; i < WALK_NAMES && !list_empty(&w->names); i++) {
		struct name_told *t = list_entry(w->names.next, struct name_told, link);
		if (t->epoch == w->epoch)
			return false;
		f9_inval_name(fs, t->dir, t->name, false, false);
		name_told_drop(w, t);
	}
	return !list_empty(&w->names);
}

/* As far as the kernel keeps up. A table that grew is walked from its beginning. */
static void walk(struct f9 *fs)
{
	struct f9_watch *w = fs->watch;
	while (w->walking && !f9_inval_full(fs)) {
		if (w->walk_buckets != fs->by_qid.n_buckets)
			w->walk_at = 0;
		w->walk_buckets = fs->by_qid.n_buckets;
		size_t end = MIN(w->walk_at + WALK_BUCKETS, w->walk_buckets);
		while (w->walk_at < end)
			walk_bucket(fs, fs->by_qid.buckets[w->walk_at++]);
		bool more = walk_names(fs);
		w->walking = more || w->walk_at < w->walk_buckets;
	}
}

/* ---- events ---- */

static struct f9_node *find_named(struct f9 *fs, struct f9_node *dir, struct p9_str name)
{
	char text[P9_MAX_NAME + 1];
	if (!dir || !p9_name_valid(name))
		return NULL;
	memcpy(text, name.s, name.len);
	text[name.len] = 0;
	return f9_name_find(fs, dir, text);
}

static void changed(struct f9 *fs, struct f9_node *n, enum f9_inval_what what)
{
	n->watch.heard = fs->watch->now;
	call_listeners(fs, n);
	f9_inval_inode(fs, n, what, recent(n->watch.told_ms) || recent(n->watch.names_ms));
}

static void hear_entry(struct f9 *fs, struct f9_node *dir, struct p9_str name)
{
	char text[P9_MAX_NAME + 1];
	struct f9_node *n = find_named(fs, dir, name);
	if (!dir || !p9_name_valid(name))
		return;
	memcpy(text, name.s, name.len);
	text[name.len] = 0;
	changed(fs, dir, F9_INVAL_DATA);
	if (n) {
		n->watch.doubt = true;
		changed(fs, n, F9_INVAL_ATTR);
	}
	f9_inval_name(fs, f9_node_ino(fs, dir), text, n && is_dir(n), recent(dir->watch.names_ms));
}

static void hear_changed(struct f9 *fs, struct f9_node *dir, struct p9_str name)
{
	struct f9_node *n = find_named(fs, dir, name);
	if (n)
		changed(fs, n, F9_INVAL_DATA);
	else if (dir) /* an answer about it may be on its way */
		dir->watch.heard = fs->watch->now;
}

static void hear(struct f9 *fs, const struct p9_event *e)
{
	struct f9_node *n = f9_node_find(fs, e->path);
	fs->watch->now++;
	switch ((enum p9_event_type)e->type) {
	case P9_EVENT_ENTRY:
		hear_entry(fs, n, e->name);
		break;
	case P9_EVENT_CHANGED:
		hear_changed(fs, n, e->name);
		break;
	case P9_EVENT_SELF:
		if (n)
			changed(fs, n, is_dir(n) ? F9_INVAL_ATTR : F9_INVAL_DATA);
		else
			fs->watch->unknown = fs->watch->now;
		break;
	case P9_EVENT_UNWATCHED:
		if (n) {
			n->watch.heard = fs->watch->now;
			call_listeners(fs, n);
			take_back(fs, n);
		}
		break;
	case P9_EVENT_ALL:
		f9_watch_distrust(fs);
		break;
	}
}

static void go_deaf(struct f9 *fs, int error)
{
	log_debug("no more is told of changes: %s", strerror(-error));
	fs->watch->deaf = true;
	f9_watch_distrust(fs);
}

static void on_events(void *user, int error, const struct p9_msg *m)
{
	struct f9 *fs = user;
	struct p9_event e;
	int n = 0;
	if (!fs->watch)
		return;
	fs->watch->waiting--;
	if (error == -ENOTCONN || fs->watch->deaf)
		return;
	const uint8_t *p = error ? NULL : m->revents.data.p;
	size_t left = error ? 0 : m->revents.data.len;
	while (!error && (n = p9_event_decode(p, left, &e)) > 0) {
		hear(fs, &e);
		p += n;
		left -= (size_t)n;
	}
	if (error || n < 0)
		go_deaf(fs, error ? error : n);
	f9_watch_run(fs);
}

/* Asks for more events, as long as there is room for what they bring about. */
static void ask(struct f9 *fs)
{
	struct f9_watch *w = fs->watch;
	struct p9_msg m = {.type = P9_Tevents};
	m.tevents.count = MIN((uint32_t)F9_EVENTS_SIZE, p9_client_payload_max(fs->client));
	while (w->begun && fs->watches && !w->deaf && w->waiting < F9_EVENTS_WAITING &&
		!f9_inval_full(fs)) {
		int r = p9_client_request(fs->client, &m, on_events, fs);
		if (r < 0) {
			if (r == -EAGAIN)
				f9_inval_wake(fs);
			return;
		}
		w->waiting++;
		w->sent++;
	}
}

void f9_watch_run(struct f9 *fs)
{
	if (!fs->watch)
		return;
	walk(fs);
	ask(fs);
}

void f9_watch_begin(struct f9 *fs)
{
	struct f9_watch *w = fs->watch;
	if (!w)
		return;
	if (w->begun)
		f9_watch_distrust(fs);
	w->begun = true;
	w->deaf = !fs->watches;
	f9_watch_run(fs);
}

/* ---- nodes ---- */

void f9_watch_node_new(struct f9 *fs, struct f9_node *n)
{
	if (fs->watch)
		n->watch.heard = fs->watch->unknown;
}

void f9_watch_named(struct f9 *fs, struct f9_node *n)
{
	if (!fs->watch)
		return;
	/* What was heard about the name was heard when it was not this node's. */
	n->watch.heard = MAX(n->watch.heard, n->parent->watch.heard);
	n->watch.doubt = true;
	bool covered =
		n->watch.epoch == fs->watch->epoch || n->parent->watch.epoch == fs->watch->epoch;
	if (n->watch.told && !covered)
		take_back_node(fs, n);
}

void f9_watch_moved(struct f9 *fs, struct f9_node *dir, const char *name, uint64_t asked)
{
	struct f9_watch *w = fs->watch;
	struct f9_node *n = w ? f9_name_find(fs, dir, name) : NULL;
	if (n && dir->watch.epoch == w->epoch && dir->watch.heard <= asked)
		n->watch.doubt = false;
}

void f9_watch_unnamed(struct f9 *fs, struct f9_node *n, bool gone)
{
	struct f9_watch *w = fs->watch;
	if (!w || !n->watch.told)
		return;
	if (!gone && !remember_name(fs, n->parent, n->name))
		f9_inval_name(fs, f9_node_ino(fs, n->parent), n->name, is_dir(n), false);
	/* An answer may have overtaken the event about this name, which then finds another node, or
	 * none; and who has the file open still sees its attributes. */
	if (n->nlookup && n->watch.epoch != w->epoch)
		f9_inval_inode(fs, n, F9_INVAL_ATTR, recent(n->watch.told_ms));
}

void f9_watch_removed(struct f9 *fs, struct f9_node *dir, const char *name)
{
	struct f9_node *n = fs->watch ? f9_name_find(fs, dir, name) : NULL;
	if (n && list_empty(&n->handles))
		n->watch.told = 0;
}

/* ---- life ---- */

int f9_watch_new(struct f9 *fs)
{
	struct f9_watch *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->epoch = 1;
	w->deaf = true;
	list_init(&w->names);
	fs->watch = w;
	return 0;
}

void f9_watch_free(struct f9 *fs)
{
	struct f9_watch *w = TAKE_PTR(fs->watch);
	if (!w)
		return;
	list_for_each_safe (it, &w->names)
		name_told_drop(w, list_entry(it, struct name_told, link));
	free(w);
}
