/* SPDX-License-Identifier: MIT */
/*
 * Finding an object by its name, with its attributes: lookup of 9P2000.L.metac.
 *
 * Theory of operation: who wants no fid costs one statx; who does gets the node of a descriptor
 * whose attributes are told, so that both are of the same object whatever happens to the name
 * meanwhile.
 */
#include "svc/fs/server/9p-tree.h"

#include <fcntl.h>

enum { LOOKS = 3 };

/* The object behind fd (taken) becomes newfid. */
static int give_node(struct p9_job *j, int fd, uint64_t mask, struct p9_attr *ret)
{
	AUTO_CLOSE int owned = fd;
	struct statx sx;
	int r = p9_job_look(j, owned, "", mask, &sx, ret);
	if (r)
		return r;
	struct p9_file *f = p9_file_new(p9_job_file(j)->cred);
	if (!f)
		return -ENOMEM;
	r = p9_node_of(TAKE_FD(owned), &sx, &f->node);
	if (r) {
		p9_file_free(j->tree, f);
		return r;
	}
	j->q.newfid->data = f;
	return 0;
}

int p9_give_name(struct p9_job *j, int dir, const char *name, uint64_t mask, struct p9_attr *ret)
{
	struct statx sx;
	if (!j->q.newfid)
		return p9_job_look(j, dir, name, mask, &sx, ret);
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : give_node(j, fd, mask, ret);
}

static int lookup_self(struct p9_job *j, struct p9_file *f)
{
	uint64_t mask = j->q.t.tlookup.request_mask;
	int r = p9_attr_get(j->tree, p9_file_at(f), mask, &j->q.r.rlookup.attr);
	if (r || !j->q.newfid)
		return r;
	struct p9_file *made = p9_file_new(f->cred);
	if (!made)
		return -ENOMEM;
	r = p9_file_node(f, &made->node);
	if (r) {
		p9_file_free(j->tree, made);
		return r;
	}
	j->q.newfid->data = made;
	return 0;
}

int p9_do_lookup(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	char name[P9_MAX_NAME + 1];
	if (f->state == P9_XATTR_GET || f->state == P9_XATTR_SET)
		return -EBADF;
	j->q.r.rlookup.flags = p9_job_watch(j, f, t->tlookup.flags);
	if (!t->tlookup.name.len)
		return lookup_self(j, f);
	p9_cstr(t->tlookup.name, name, sizeof(name));
	return p9_give_name(j, p9_file_at(f), name, t->tlookup.request_mask, &j->q.r.rlookup.attr);
}

/* --- watching --- */

uint32_t p9_job_watch(struct p9_job *j, struct p9_file *dir, uint32_t flags)
{
	atomic_uint *memo = dir->node ? &dir->node->watched : &dir->watched;
	j->watching = (flags & P9_WANT_WATCH) && p9_watch_fd(j->tree->watch, p9_file_at(dir), memo);
	return j->watching ? P9_GOT_WATCH : 0;
}

int p9_job_look(struct p9_job *j, int at, const char *name, uint64_t mask, struct statx *sx,
	struct p9_attr *ret)
{
	struct p9_watch *w = j->tree->watch;
	enum p9_covered covered = P9_COVERED;
	/* Number and handle have to be of the same object, whatever becomes of the name. */
	if (*name && (mask & P9_GETATTR_GEN)) {
		AUTO_CLOSE int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		return fd < 0 ? -errno : p9_job_look(j, fd, "", mask, sx, ret);
	}
	/* A name may stand for one object after the other, each to be watched before it is looked
	 * at; in the end we say that we do not know. */
	for (int tries = 0; tries < LOOKS; tries++) {
		int r = p9_stat(at, name, mask, sx);
		if (r)
			return r;
		if (j->watching)
			covered = *name ? p9_watch_entry(w, at, name, sx)
					: p9_watch_object(w, at, sx);
		if (covered != P9_COVERED_NOW)
			break;
	}
	p9_attr_of(j->tree, sx, ret);
	if (!*name)
		p9_attr_add_gen(at, mask, ret);
	if (covered != P9_COVERED)
		ret->valid |= P9_GETATTR_ASK;
	return 0;
}
