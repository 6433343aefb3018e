/* SPDX-License-Identifier: MIT */
/* See cp.h: the walk through the tree. */
#include "cli/cp.h"
#include "cli/show.h"

#include <dirent.h>
#include <stdio.h>

/* ---- what is said --------------------------------------------------------------------------- */

char *cp_path(const struct cp_dir *d, const char *name)
{
	AUTO_FREE char *above = d->parent ? cp_path(d->parent, d->name) : strdup("");
	char *ret = NULL;
	if (!above || asprintf(&ret, "%s%s%s", above, *above && *name ? "/" : "", name) < 0)
		return NULL;
	return ret;
}

static bool ends_everything(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EROFS || error == -ENOTCONN ||
	       error == -EINTR || error == -ENOMEM;
}

static void end_everything(struct cp *cp)
{
	cp->stop = true;
	fiber_gate_open(&cp->more_dirs);
	fiber_gate_open(&cp->more_files);
	fiber_gate_open(&cp->room);
	fiber_gate_open(&cp->buffer);
	fiber_gate_open(&cp->linked);
}

static const char *explain(int error)
{
	if (error == -ESTALE)
		return "it changed while it was being copied";
	if (error == -EBADMSG)
		return "the other side's answer makes no sense";
	return strerror(-error);
}

void cp_failed(struct cp *cp, const struct cp_dir *d, const char *name, int error, const char *what)
{
	AUTO_FREE char *path = cp_path(d, name);
	AUTO_FREE char *shown = path ? show_quoted(path, strlen(path)) : NULL;
	if (cp->stop)
		return;
	cp->n.errors++;
	if (ends_everything(error)) {
		if (!cp->cli->err.code)
			err_set(&cp->fatal, error, "%s%s%s", shown ?: "?", what ? ": " : ": ",
				what ?: explain(error));
		end_everything(cp);
		return;
	}
	if (cp->before_message)
		cp->before_message(cp);
	fprintf(stderr, "metac: fs cp: %s: %s\n", shown && *shown ? shown : ".",
		what ?: explain(error));
}

/* ---- tasks and directories ------------------------------------------------------------------ */

static void task_free(struct cp_task *t)
{
	if (t->in)
		cp_dir_unref(t->in);
	free(t->name);
	free(t->dst_name);
	free(t);
}

static struct cp_task *task_new(struct cp_dir *in, const char *name, unsigned char d_type)
{
	struct cp_task *t = calloc(1, sizeof(*t));
	if (!t || !(t->name = strdup(name))) {
		free(t);
		return NULL;
	}
	list_init(&t->link);
	t->in = cp_dir_ref(in);
	t->d_type = d_type;
	return t;
}

static void push_directory(struct cp *cp, struct cp_task *takes)
{
	/* The last one found is the next: so few are open at a time. */
	list_insert_before(cp->dirs.next, &takes->link);
	fiber_gate_open_one(&cp->more_dirs);
}

static void push_file(struct cp *cp, struct cp_task *takes)
{
	list_append(&cp->files, &takes->link);
	cp->n_files++;
	fiber_gate_open_one(&cp->more_files);
}

struct cp_dir *cp_dir_ref(struct cp_dir *d)
{
	d->refs++;
	return d;
}

static void finish_directory(struct cp_dir *d)
{
	struct cp *cp = d->cp;
	if (d->top || cp->stop)
		return;
	int r = cp_copy_attr(cp, d->src, d->dst, &d->attr);
	if (r < 0)
		cp_failed(cp, d->parent, d->name, r, NULL);
	else
		cp->n.directories++;
}

void cp_dir_unref(struct cp_dir *d)
{
	while (d && !--d->refs) {
		struct cp_dir *parent = d->parent;
		d->refs++; /* finishing may wait, and somebody may look */
		finish_directory(d);
		node_unref(d->src);
		node_unref(d->dst);
		free(d->name);
		free(d);
		d = parent;
	}
}

static struct cp_dir *dir_new(struct cp *cp, struct cp_dir *parent, const char *name)
{
	struct cp_dir *d = calloc(1, sizeof(*d));
	if (!d || !(d->name = strdup(name))) {
		free(d);
		return NULL;
	}
	d->cp = cp;
	d->refs = 1;
	d->top = true; /* until it is complete */
	d->parent = parent ? cp_dir_ref(parent) : NULL;
	d->depth = parent ? parent->depth + 1 : 0;
	return d;
}

/* A server may show a directory inside itself. */
static bool is_loop(const struct cp_dir *d)
{
	for (const struct cp_dir *p = d->parent; p && !p->top; p = p->parent)
		if (p->attr.key == d->attr.key)
			return true;
	return d->depth > CP_DEPTH_MAX;
}

/* The directory at the destination, made if it is not there. */
static int open_destination(struct cp_dir *d)
{
	struct node *dir = d->parent->dst;
	const struct attr wanted = {.mode = S_IFDIR};
	struct attr a;
	if (!*d->name) {
		d->dst = node_ref(dir);
		return 0;
	}
	int r = dir->side->ops->make(dir, d->name, &wanted, NULL);
	if (r < 0 && r != -EEXIST)
		return r;
	r = dir->side->ops->look(dir, d->name, &d->dst, &a);
	return r < 0 ? r : S_ISDIR(a.mode) ? 0 : -ENOTDIR;
}

static int open_source(struct cp_dir *d, const struct cp_task *t)
{
	struct node *dir = t->in->src;
	if (!*t->name) {
		d->src = node_ref(dir);
		d->attr = t->attr;
		return 0;
	}
	int r = dir->side->ops->look(dir, t->name, &d->src, &d->attr);
	return r < 0 ? r : S_ISDIR(d->attr.mode) ? 0 : -ENOTDIR;
}

/* Found in a directory. */
static int on_entry(void *user, const char *name, unsigned char d_type, const struct attr *a)
{
	struct cp_dir *d = user;
	struct cp *cp = d->cp;
	while (cp->n_files >= CP_QUEUE && !cp->stop)
		fiber_gate_wait(cp->fibers, &cp->room);
	if (cp->stop)
		return -EINTR;
	struct cp_task *t = task_new(d, name, d_type);
	if (!t)
		return -ENOMEM;
	if (a) {
		t->known = true;
		t->attr = *a;
	}
	if (a ? S_ISDIR(a->mode) : d_type == DT_DIR) {
		push_directory(cp, t);
		return 0;
	}
	cp->n.found_files++;
	cp->n.found_bytes += a && S_ISREG(a->mode) ? a->size : 0;
	push_file(cp, t);
	return 0;
}

static void copy_directory(struct cp *cp, struct cp_task *t)
{
	struct cp_dir *d = dir_new(cp, t->in, cp_dst_name(t));
	uint64_t cursor = 0;
	int r = d ? open_source(d, t) : -ENOMEM;
	if (r >= 0 && is_loop(d))
		r = -ELOOP;
	if (r >= 0)
		r = open_destination(d);
	if (r >= 0) {
		d->top = false;
		do
			r = d->src->side->ops->list(d->src, &cursor, on_entry, d);
		while (r > 0 && !cp->stop);
	}
	if (r < 0)
		cp_failed(cp, t->in, cp_dst_name(t), r,
			r == -ELOOP ? "directories inside one another without end" : NULL);
	if (d)
		cp_dir_unref(d);
}

/* ---- fibers --------------------------------------------------------------------------------- */

/* True if there will be no more work. */
static bool is_over(const struct cp *cp)
{
	return cp->stop || (!cp->busy && list_empty(&cp->dirs) && list_empty(&cp->files));
}

static struct cp_task *next_task(struct cp *cp, struct list *queue, struct fiber_gate *gate)
{
	for (;;) {
		struct list *it = cp->stop ? NULL : list_pop(queue);
		if (it) {
			cp->busy++;
			return list_entry(it, struct cp_task, link);
		}
		if (is_over(cp))
			return NULL;
		fiber_gate_wait(cp->fibers, gate);
	}
}

static void task_done(struct cp *cp, struct cp_task *takes)
{
	task_free(takes);
	cp->busy--;
	if (is_over(cp)) {
		fiber_gate_open(&cp->more_dirs);
		fiber_gate_open(&cp->more_files);
	}
}

static void directory_fiber(void *arg)
{
	struct cp *cp = arg;
	for (struct cp_task *t; (t = next_task(cp, &cp->dirs, &cp->more_dirs));) {
		copy_directory(cp, t);
		task_done(cp, t);
	}
}

static void copy_one(struct cp *cp, struct cp_task *t, void *small)
{
	int r = cp_copy_file(cp, t, small);
	if (r != -EISDIR || !S_ISDIR(t->attr.mode)) {
		if (r < 0)
			cp_failed(cp, t->in, cp_dst_name(t), r, NULL);
		return;
	}
	struct cp_task *again = task_new(t->in, t->name, DT_DIR);
	cp->n.found_files--;
	if (again)
		push_directory(cp, again);
	else
		cp_failed(cp, t->in, t->name, -ENOMEM, NULL);
}

static void file_fiber(void *arg)
{
	struct cp *cp = arg;
	AUTO_FREE void *small = malloc(CP_SMALL);
	if (!small) {
		cp_failed(cp, cp->root, "", -ENOMEM, NULL);
		return;
	}
	for (struct cp_task *t; (t = next_task(cp, &cp->files, &cp->more_files));) {
		cp->n_files--;
		fiber_gate_open(&cp->room);
		copy_one(cp, t, small);
		task_done(cp, t);
	}
}

/* ---- the beginning -------------------------------------------------------------------------- */

struct start {
	struct cp *cp;
	bool recursive, into;
};

/* Walks the first len bytes of path below the side's root. With the last component missing, *ret is
 * the directory above, and *ret_missing its name (in path). */
static int resolve(struct side *s, const char *path, size_t len, struct node **ret, struct attr *a,
	const char **ret_missing)
{
	AUTO(node_unref) struct node *n = node_ref(s->root);
	const char *end = path + len;
	int r = s->ops->attr(n, a);
	*ret_missing = NULL;
	while (r >= 0 && path < end) {
		struct node *next = NULL;
		size_t k = MIN(strcspn(path, "/"), (size_t)(end - path));
		AUTO_FREE char *name = strndup(path, k);
		r = name ? s->ops->look(n, name, &next, a) : -ENOMEM;
		if (r == -ENOENT && path + k == end) {
			*ret_missing = path;
			r = 0;
			break;
		}
		if (r < 0)
			return r;
		node_unref(n);
		n = next;
		path += k;
		path += *path == '/';
	}
	if (r >= 0)
		*ret = TAKE_PTR(n);
	return r;
}

/* The directory that holds what path names, and its name there; "" if it is the root. */
static int resolve_above(struct side *s, struct node **ret, const char **ret_name)
{
	const char *slash = strrchr(s->path, '/'), *missing = NULL;
	struct attr a;
	*ret_name = slash ? slash + 1 : s->path;
	int r = resolve(s, s->path, slash ? (size_t)(slash - s->path) : 0, ret, &a, &missing);
	if (missing)
		*ret = node_unref(*ret);
	return missing ? -ENOENT : r;
}

/* Where the copy goes: cp->root->dst, and the name there. */
static int resolve_destination(struct start *st, const char *name, char **ret_name)
{
	struct cp *cp = st->cp;
	struct attr a;
	const char *missing = NULL, *own = NULL;
	AUTO(node_unref) struct node *n = NULL;
	int r = resolve(cp->dst, cp->dst->path, strlen(cp->dst->path), &n, &a, &missing);
	if (r < 0)
		return r;
	bool is_dir = !missing && S_ISDIR(a.mode);
	if (st->into && !is_dir)
		return missing ? -ENOENT : -ENOTDIR;
	if (is_dir || missing) {
		cp->root->dst = TAKE_PTR(n);
		*ret_name = strdup(missing ?: name);
	} else {
		r = resolve_above(cp->dst, &cp->root->dst, &own);
		if (r < 0)
			return r;
		*ret_name = strdup(own);
	}
	return *ret_name ? 0 : -ENOMEM;
}

static int first_task(struct start *st, struct cp_task **ret)
{
	struct cp *cp = st->cp;
	AUTO(node_unref) struct node *n = NULL;
	const char *name = "", *missing = NULL;
	struct attr a;
	int r = cp->src->content ? 0 : resolve_above(cp->src, &cp->root->src, &name);
	if (r >= 0)
		r = resolve(cp->src, cp->src->path, strlen(cp->src->path), &n, &a, &missing);
	if (r >= 0 && missing)
		r = -ENOENT;
	if (r < 0)
		return err_set(&cp->fatal, r, "%s", explain(r));
	if (cp->src->content && !S_ISDIR(a.mode))
		return err_set(&cp->fatal, -ENOTDIR, "%s", explain(-ENOTDIR));
	if (cp->src->content)
		cp->root->src = TAKE_PTR(n);
	if (S_ISDIR(a.mode) && !st->recursive)
		return err_set(&cp->fatal, -EISDIR, "the source is a directory (use -r)");
	*ret = task_new(cp->root, name, S_ISDIR(a.mode) ? DT_DIR : DT_UNKNOWN);
	if (!*ret)
		return err_set(&cp->fatal, -ENOMEM, "out of memory");
	(*ret)->attr = a;
	r = resolve_destination(st, name, &(*ret)->dst_name);
	return r < 0 ? err_errno(&cp->fatal, r, "destination") : 0;
}

static void start_fiber(void *arg)
{
	struct start *st = arg;
	struct cp *cp = st->cp;
	struct cp_task *t = NULL;
	int r = first_task(st, &t);
	for (int i = 0; r >= 0 && i < CP_DIR_FIBERS; i++)
		r = fiber_spawn(cp->fibers, directory_fiber, cp);
	for (int i = 0; r >= 0 && i < CP_FILE_FIBERS; i++)
		r = fiber_spawn(cp->fibers, file_fiber, cp);
	if (r < 0) {
		cp->n.errors++;
		cp->stop = true;
		if (t)
			task_free(t);
	} else if (t->d_type == DT_DIR) {
		push_directory(cp, t);
	} else {
		cp->n.found_files++;
		push_file(cp, t);
	}
	free(st);
}

int cp_begin(struct cp *cp, bool recursive, bool into)
{
	struct start *st = calloc(1, sizeof(*st));
	list_init(&cp->dirs);
	list_init(&cp->files);
	fiber_gate_init(&cp->more_dirs);
	fiber_gate_init(&cp->more_files);
	fiber_gate_init(&cp->room);
	fiber_gate_init(&cp->buffer);
	fiber_gate_init(&cp->linked);
	cp->root = dir_new(cp, NULL, "");
	if (!st || !cp->root) {
		free(st);
		return err_set(&cp->fatal, -ENOMEM, "out of memory");
	}
	*st = (struct start){cp, recursive, into};
	int r = fiber_spawn(cp->fibers, start_fiber, st);
	if (r < 0)
		free(st);
	return r;
}

static void drop_tasks(struct list *queue)
{
	for (struct list *it; (it = list_pop(queue));)
		task_free(list_entry(it, struct cp_task, link));
}

void cp_end(struct cp *cp)
{
	cp->stop = true;
	drop_tasks(&cp->dirs);
	drop_tasks(&cp->files);
	cp->n_files = 0;
	if (cp->root)
		cp_dir_unref(TAKE_PTR(cp->root));
	cp_links_free(cp);
	cp->stop = cp->fatal.code != 0;
}
