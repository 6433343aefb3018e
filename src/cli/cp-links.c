/* SPDX-License-Identifier: MIT */
/*
 * See cp.h: files with several names.  The first name met is copied; those met while that is going
 * on wait for it, and become links to the copy.  If it could not be copied, the next is.
 */
#include "cli/cp.h"

enum { BUCKETS = 4096 };

struct cp_link {
	struct cp_link *next;
	uint64_t key;
	uint64_t left; /* names not met yet */
	char *path; /* of the copy, below cp->root */
	enum { COPYING, COPIED, FAILED } state;
};

static struct cp_link **slot_of(struct cp *cp, uint64_t key)
{
	struct cp_link **p = &cp->link_table[(key * 0x9e3779b97f4a7c15u) >> 52];
	while (*p && (*p)->key != key)
		p = &(*p)->next;
	return p;
}

static void drop(struct cp *cp, struct cp_link **p)
{
	struct cp_link *l = *p;
	*p = l->next;
	free(l->path);
	free(l);
	cp->n_links--;
}

/* The copy, walked to from the top. */
static int find_copy(struct cp *cp, const char *path, struct node **ret, struct attr *a)
{
	AUTO(node_unref) struct node *n = node_ref(cp->root->dst);
	while (*path) {
		struct node *next = NULL;
		size_t len = strcspn(path, "/");
		AUTO_FREE char *name = strndup(path, len);
		int r = name ? n->side->ops->look(n, name, &next, a) : -ENOMEM;
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

/* What has the name goes, unless it is the copy already: then 1. */
static int make_room(struct node *dir, const char *name, uint64_t key)
{
	AUTO(node_unref) struct node *n = NULL;
	struct attr a;
	int r = dir->side->ops->look(dir, name, &n, &a);
	if (r < 0)
		return r;
	if (S_ISDIR(a.mode))
		return -EISDIR;
	return a.key == key ? 1 : dir->side->ops->remove(dir, name, false);
}

static int make_link(struct cp *cp, const struct cp_task *t, const char *path)
{
	AUTO(node_unref) struct node *copy = NULL;
	struct node *dir = t->in->dst;
	struct attr a = {};
	int r = find_copy(cp, path, &copy, &a);
	if (r >= 0)
		r = dir->side->ops->link(copy, dir, cp_dst_name(t));
	if (r != -EEXIST)
		return r;
	r = make_room(dir, cp_dst_name(t), a.key);
	if (r == 0)
		r = dir->side->ops->link(copy, dir, cp_dst_name(t));
	return MIN(r, 0);
}

static int remember(
	struct cp *cp, const struct cp_task *t, const struct attr *a, struct cp_link **p)
{
	if (cp->n_links >= CP_LINKS_MAX)
		return 0; /* copied by itself, then */
	struct cp_link *l = calloc(1, sizeof(*l));
	if (!l || !(l->path = cp_path(t->in, cp_dst_name(t)))) {
		free(l);
		return -ENOMEM;
	}
	l->key = a->key;
	l->left = a->nlink - 1;
	*p = l;
	cp->n_links++;
	return 0;
}

int cp_links_begin(struct cp *cp, const struct cp_task *t, const struct attr *a)
{
	if (!cp->link_table)
		cp->link_table = calloc(BUCKETS, sizeof(struct cp_link *));
	if (!cp->link_table)
		return -ENOMEM;
	struct cp_link **p = slot_of(cp, a->key);
	while (*p && (*p)->state == COPYING) {
		if (cp->stop)
			return -EINTR;
		fiber_gate_wait(cp->fibers, &cp->linked);
		p = slot_of(cp, a->key);
	}
	if (!*p)
		return remember(cp, t, a, p);
	if ((*p)->state == FAILED) {
		(*p)->state = COPYING;
		free((*p)->path);
		(*p)->path = cp_path(t->in, cp_dst_name(t));
		return (*p)->path ? 0 : -ENOMEM;
	}
	AUTO_FREE char *path = strdup((*p)->path);
	int r = path ? make_link(cp, t, path) : -ENOMEM;
	if (r == -EMLINK || r == -EPERM || r == -EXDEV || r == -EOPNOTSUPP)
		return 0; /* a file system without hard links, or with few */
	p = slot_of(cp, a->key);
	if (r >= 0 && *p && !--(*p)->left)
		drop(cp, p);
	return r < 0 ? r : 1;
}

void cp_links_done(struct cp *cp, const struct attr *a, bool good)
{
	struct cp_link **p = cp->link_table ? slot_of(cp, a->key) : NULL;
	if (!p || !*p || (*p)->state != COPYING)
		return;
	(*p)->state = good ? COPIED : FAILED;
	fiber_gate_open(&cp->linked);
}

void cp_links_free(struct cp *cp)
{
	for (size_t i = 0; cp->link_table && i < BUCKETS; i++)
		while (cp->link_table[i])
			drop(cp, &cp->link_table[i]);
	free(TAKE_PTR(cp->link_table));
}
