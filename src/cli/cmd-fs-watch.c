/* SPDX-License-Identifier: MIT */
/*
 * metac fs watch: tells what changes in a directory of another host, as it happens.
 *
 * The server watches a directory for whoever asks about it with P9_WANT_WATCH
 * (docs/9p2000.L.metac.md); what it tells afterwards names the directory by its qid.path, so a
 * table leads from that to the path.  Whether a name that stands for something else was made or
 * removed is found out by looking.  A directory that appears is watched and its content is told of,
 * since that may have been there before the watch.  When events were lost, or the connection was,
 * that is told as well: then anything may have changed.
 */
#include "cli/remote.h"
#include "cli/show.h"
#include "cli/side-remote.h"
#include "cli/table.h"
#include "cli/uri.h"

#include <dirent.h>
#include <stdio.h>
#include <time.h>

enum { BUCKETS = 4096, EVENT_BYTES = 32 * 1024, WATCHED_MAX = 60000, DEPTH_MAX = 500 };

struct watched {
	struct watched *next;
	uint64_t qid;
	char *path; /* as it is printed; "" = the directory that was named */
};

struct watching {
	struct cli *cli;
	struct fibers *fibers;
	struct remote *remote;
	struct side *side;
	struct node *top;
	char *only; /* watch this name in top alone; NULL: all */
	struct watched *table[BUCKETS];
	size_t n;
	bool full; /* said so */
	int result;
};

/* ---- what is told --------------------------------------------------------------------------- */

static json_t *to_json(const char *kind, const char *path, int64_t us)
{
	json_t *j = json_object();
	if (!j || json_object_set_new(j, "time", json_real((double)us / 1e6)) < 0 ||
		json_object_set_new(j, "kind", json_string(kind)) < 0 ||
		show_json_set(j, "path", path, strlen(path)) < 0) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static int tell_json(const char *kind, const char *path, int64_t us)
{
	json_t *j = to_json(kind, path, us);
	AUTO_FREE char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	json_decref(j);
	return !text ? -ENOMEM : puts(text) < 0 ? -errno : 0;
}

static int tell(struct watching *w, const char *kind, const char *path)
{
	struct timespec now;
	char text[32];
	int r = 0;
	clock_gettime(CLOCK_REALTIME, &now);
	if (w->cli->opt.json) {
		r = tell_json(kind, path, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	} else {
		AUTO_FREE char *shown = show_quoted(path, strlen(path));
		show_time(now.tv_sec, text, sizeof(text));
		if (!shown || printf("%s %s %s\n", text, kind, *shown ? shown : ".") < 0)
			r = shown ? -errno : -ENOMEM;
	}
	if (r >= 0 && fflush(stdout))
		r = -errno;
	return r < 0 ? err_errno(&w->cli->err, r, "standard output") : 0;
}

/* ---- the directories watched ---------------------------------------------------------------- */

static struct watched **slot_of(struct watching *w, uint64_t qid)
{
	struct watched **p = &w->table[(qid * 0x9e3779b97f4a7c15u) >> 52];
	while (*p && (*p)->qid != qid)
		p = &(*p)->next;
	return p;
}

static void forget(struct watching *w, struct watched **p)
{
	struct watched *d = *p;
	*p = d->next;
	free(d->path);
	free(d);
	w->n--;
}

static void forget_all(struct watching *w)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (w->table[i])
			forget(w, &w->table[i]);
}

static int remember(struct watching *w, uint64_t qid, const char *path)
{
	struct watched **p = slot_of(w, qid);
	if (*p)
		forget(w, p);
	p = slot_of(w, qid);
	struct watched *d = calloc(1, sizeof(*d));
	if (!d || !(d->path = strdup(path))) {
		free(d);
		return -ENOMEM;
	}
	d->qid = qid;
	*p = d;
	w->n++;
	return 0;
}

static char *join(const char *dir, const char *name)
{
	char *ret = NULL;
	return asprintf(&ret, "%s%s%s", dir, *dir ? "/" : "", name) < 0 ? NULL : ret;
}

static int take_flags(void *user, const struct p9_msg *m)
{
	*(uint32_t *)user = m->rlookup.flags;
	return 0;
}

/* Has the server watch it. -EOPNOTSUPP: it does not. */
static int ask_for_watch(struct node *dir)
{
	uint32_t flags = 0;
	struct p9_msg m = {.type = P9_Tlookup,
		.tlookup = {.newfid = P9_NOFID,
			.name = p9_str(""),
			.request_mask = P9_GETATTR_BASIC,
			.flags = P9_WANT_WATCH}};
	int r = remote_node_ask(rnode(dir), &m, &m.tlookup.dfid, take_flags, &flags, NULL);
	return r < 0 ? r : flags & P9_GOT_WATCH ? 0 : -EOPNOTSUPP;
}

struct scan {
	struct watching *w;
	const char *path;
	struct node *dir;
	unsigned depth;
	bool told; /* what is there is news */
};

static int watch_directory(struct scan *s);

/* A directory that goes away meanwhile, or that one may not read, is no reason to end. */
static int watch_below(struct scan *s, const char *name)
{
	AUTO(node_unref) struct node *n = NULL;
	AUTO_FREE char *path = join(s->path, name);
	struct attr a;
	struct scan below = {s->w, path, NULL, s->depth + 1, s->told};
	if (!path)
		return -ENOMEM;
	int r = s->dir->side->ops->look(s->dir, name, &n, &a);
	if (r >= 0 && S_ISDIR(a.mode) && s->depth < DEPTH_MAX) {
		below.dir = n;
		r = watch_directory(&below);
	}
	return r == -ENOENT || r == -EACCES || r == -ESTALE || r == -EOPNOTSUPP ? 0 : r;
}

static int on_entry(void *user, const char *name, unsigned char d_type, const struct attr *a)
{
	struct scan *s = user;
	AUTO_FREE char *path = s->told ? join(s->path, name) : NULL;
	int r = path ? tell(s->w, "created", path) : 0;
	bool is_dir = a ? S_ISDIR(a->mode) : d_type == DT_DIR || d_type == DT_UNKNOWN;
	return r < 0 || !is_dir ? r : watch_below(s, name);
}

/* And, with -r, those in it: the watch comes first, so that nothing is missed. */
static int watch_directory(struct scan *s)
{
	struct watching *w = s->w;
	uint64_t cursor = 0;
	if (w->n >= WATCHED_MAX) {
		if (!w->full)
			fprintf(stderr,
				"metac: fs watch: more than %d directories: not all are "
				"watched\n",
				WATCHED_MAX);
		w->full = true;
		return 0;
	}
	int r = ask_for_watch(s->dir);
	if (r >= 0)
		r = remember(w, rnode(s->dir)->qid, s->path);
	if (r < 0 || !w->cli->opt.recursive)
		return r;
	do
		r = s->dir->side->ops->list(s->dir, &cursor, on_entry, s);
	while (r > 0);
	return r;
}

static int watch_all(struct watching *w)
{
	struct attr a;
	forget_all(w);
	int r = w->top->side->ops->attr(w->top, &a);
	if (r < 0)
		return r;
	rnode(w->top)->qid = a.key;
	return watch_directory(&(struct scan){w, "", w->top, 0, false});
}

/* ---- events --------------------------------------------------------------------------------- */

/* The directory at that path, walked to from the top. */
static int open_path(struct watching *w, const char *path, struct node **ret)
{
	AUTO(node_unref) struct node *n = node_ref(w->top);
	while (*path) {
		struct attr a;
		struct node *next = NULL;
		size_t len = strcspn(path, "/");
		AUTO_FREE char *name = strndup(path, len);
		int r = name ? n->side->ops->look(n, name, &next, &a) : -ENOMEM;
		if (r < 0)
			return r;
		node_unref(n);
		n = next;
		path += len;
		path += *path == '/';
	}
	*ret = TAKE_PTR(n);
	return 0;
}

/* A name stands for something else now, or for nothing. */
static int on_name(struct watching *w, const char *dir_path, const char *name)
{
	AUTO(node_unref) struct node *dir = NULL;
	AUTO(node_unref) struct node *n = NULL;
	AUTO_FREE char *path = join(dir_path, name);
	struct attr a;
	if (!path)
		return -ENOMEM;
	int r = open_path(w, dir_path, &dir);
	if (r >= 0)
		r = dir->side->ops->look(dir, name, &n, &a);
	if (r == -ENOENT || r == -ENOTDIR || r == -ESTALE)
		return tell(w, "removed", path);
	if (r < 0)
		return r == -EACCES ? tell(w, "created", path) : r;
	r = tell(w, "created", path);
	if (r < 0 || !S_ISDIR(a.mode) || !w->cli->opt.recursive)
		return r;
	struct scan s = {w, path, n, 1, true};
	r = watch_directory(&s);
	return r == -ENOENT || r == -EACCES || r == -ESTALE || r == -EOPNOTSUPP ? 0 : r;
}

static int on_event(struct watching *w, const struct p9_event *e)
{
	char name[P9_MAX_NAME + 1];
	struct watched **p = slot_of(w, e->path);
	AUTO_FREE char *dir = *p ? strdup((*p)->path) : NULL;
	if (e->type == P9_EVENT_ALL) {
		int r = tell(w, "lost", "");
		return r < 0 ? r : watch_all(w);
	}
	if (!dir)
		return 0; /* of one that was forgotten, or that is not a directory */
	if (e->type == P9_EVENT_UNWATCHED) {
		forget(w, p);
		return tell(w, "unwatched", dir);
	}
	if (e->type == P9_EVENT_SELF)
		return w->only ? 0 : tell(w, "changed", dir);
	if (!p9_name_valid(e->name))
		return -EBADMSG;
	memcpy(name, e->name.s, e->name.len);
	name[e->name.len] = 0;
	if (w->only && strcmp(w->only, name))
		return 0;
	if (e->type == P9_EVENT_ENTRY)
		return on_name(w, dir, name);
	AUTO_FREE char *path = join(dir, name);
	return path ? tell(w, "changed", path) : -ENOMEM;
}

struct events {
	uint8_t bytes[EVENT_BYTES];
	uint32_t n;
};

static int take_events(void *user, const struct p9_msg *m)
{
	struct events *e = user;
	if (m->revents.data.len > sizeof(e->bytes))
		return -EBADMSG;
	memcpy(e->bytes, m->revents.data.p, m->revents.data.len);
	e->n = m->revents.data.len;
	return 0;
}

static int give_events(struct watching *w, const struct events *e)
{
	int r = 0;
	for (uint32_t at = 0; r >= 0 && at < e->n;) {
		struct p9_event ev;
		int n = p9_event_decode(e->bytes + at, e->n - at, &ev);
		if (n <= 0)
			return -EBADMSG;
		at += (uint32_t)n;
		r = on_event(w, &ev);
	}
	return r;
}

static int watch_for_ever(struct watching *w)
{
	AUTO_FREE struct events *e = malloc(sizeof(*e));
	int r = e ? watch_all(w) : -ENOMEM;
	uint64_t epoch = remote_epoch(w->remote);
	while (r >= 0) {
		struct p9_msg m = {.type = P9_Tevents, .tevents = {.count = sizeof(e->bytes)}};
		r = remote_request(w->remote, epoch, &m, take_events, e);
		if (r >= 0)
			r = give_events(w, e);
		if (epoch == remote_epoch(w->remote) && r != -ESHUTDOWN)
			continue;
		/* Nothing is watched over this connection yet. */
		epoch = remote_epoch(w->remote);
		r = tell(w, "lost", "");
		if (r >= 0)
			r = watch_all(w);
	}
	return r;
}

/* ---- the command ---------------------------------------------------------------------------- */

/* The directory to watch, or the one in which a file is. */
static int find_top(struct watching *w, const char *path)
{
	AUTO(node_unref) struct node *n = NULL;
	struct attr a;
	w->top = node_ref(w->side->root);
	if (!*path)
		return 0;
	int r = open_path(w, path, &n);
	if (r >= 0)
		r = n->side->ops->attr(n, &a);
	if (r < 0)
		return r;
	if (S_ISDIR(a.mode)) {
		node_unref(w->top);
		w->top = TAKE_PTR(n);
		return 0;
	}
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *above = strndup(path, slash ? (size_t)(slash - path) : 0);
	struct node *dir = NULL;
	w->only = strdup(slash ? slash + 1 : path);
	r = above && w->only ? open_path(w, above, &dir) : -ENOMEM;
	if (r < 0)
		return r;
	node_unref(w->top);
	w->top = dir;
	return 0;
}

static void watch_fiber(void *arg)
{
	struct watching *w = arg;
	int r = find_top(w, w->side->path);
	if (r >= 0)
		r = remote_metac(w->remote) ? watch_for_ever(w) : -EOPNOTSUPP;
	w->result = r;
}

static void tick(void *user)
{
}

static int explain(struct watching *w, int r)
{
	struct err *err = &w->cli->err;
	if (w->cli->signal)
		return err_set(err, -EINTR, "interrupted");
	if (err->code)
		return err->code;
	if (r == -EOPNOTSUPP)
		return err_set(err, r, "the other side cannot tell what changes there");
	return err_errno(err, r, "%s", w->side && *w->side->path ? w->side->path : "the directory");
}

static int run(struct watching *w, const char *uri, const char *more)
{
	char path[2 * CLIENT_PATH_MAX], plain[CLIENT_PATH_MAX];
	int r = remote_open(w->cli, uri, w->fibers, &w->remote);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/%s", remote_path(w->remote), more);
	r = path_normalize(path, plain, sizeof(plain), &w->cli->err);
	if (r >= 0)
		r = side_remote_open(w->remote, plain, &w->side);
	if (r >= 0)
		r = fiber_spawn(w->fibers, watch_fiber, w);
	if (r < 0)
		return w->cli->err.code ?: err_errno(&w->cli->err, r, "watch");
	remotes_run(w->fibers, &w->remote, 1, tick, NULL);
	return explain(w, w->result);
}

int cmd_fs_watch(struct cli *cli)
{
	AUTO_FREE char *uri = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	struct watching *w = calloc(1, sizeof(*w));
	if (!uri || !w) {
		free(w);
		return uri ? err_set(&cli->err, -ENOMEM, "out of memory") : cli->err.code;
	}
	w->cli = cli;
	w->fibers = fibers_new();
	int r = w->fibers ? run(w, uri, cli->n_args > 1 ? cli->args[1] : "")
			  : err_set(&cli->err, -ENOMEM, "out of memory");
	forget_all(w);
	node_unref(w->top);
	side_free(w->side);
	remote_close(w->remote);
	fibers_free(w->fibers);
	free(w->only);
	free(w);
	return r;
}
