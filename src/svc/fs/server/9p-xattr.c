/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: Txattrwalk makes a fid to read an attribute (or the list of names) from,
 * Txattrcreate turns a fid into one to write the value to, and Tclunk sets it.
 *
 * Theory of operation: a value is fetched whole when it is walked to, so that what is read in
 * several pieces belongs together; values held this way are counted for the connection.  The kernel
 * has no calls that take a descriptor opened with O_PATH, hence /proc/self/fd.
 */
#include "svc/fs/server/9p-tree.h"

#include <linux/limits.h>
#include <sys/xattr.h>

enum { XATTR_MAX = MAX(XATTR_SIZE_MAX, XATTR_LIST_MAX) };

static int charge(struct p9_tree *t, size_t n)
{
	if (atomic_fetch_add(&t->xattr_bytes, n) + n <= P9_XATTR_BYTES_MAX)
		return 0;
	atomic_fetch_sub(&t->xattr_bytes, n);
	return -ENOMEM;
}

static int xattr_new(struct p9_tree *t, size_t size, struct p9_xattr **ret)
{
	int r = charge(t, size);
	if (r)
		return r;
	struct p9_xattr *x = calloc(1, sizeof(*x) + size);
	if (!x) {
		atomic_fetch_sub(&t->xattr_bytes, size);
		return -ENOMEM;
	}
	x->size = size;
	*ret = x;
	return 0;
}

void p9_xattr_free(struct p9_tree *t, struct p9_xattr *x)
{
	if (!x)
		return;
	atomic_fetch_sub(&t->xattr_bytes, x->size);
	free(x);
}

static int copy_name(struct p9_str name, char ret[P9_MAX_NAME + 1])
{
	if (name.len > P9_MAX_NAME)
		return -ERANGE;
	if (name.len && memchr(name.s, 0, name.len))
		return -EINVAL;
	p9_cstr(name, ret, P9_MAX_NAME + 1);
	return 0;
}

static ssize_t fetch(const struct p9_file *f, const char *name, void *buf, size_t size)
{
	char path[P9_PROC_PATH];
	p9_proc_path(p9_file_at(f), path);
	ssize_t n = *name ? getxattr(path, name, buf, size) : listxattr(path, buf, size);
	return n < 0 ? -errno : n;
}

/* The value as it is now; asked again when it grew between the two questions. */
static int fetch_whole(
	struct p9_tree *t, const struct p9_file *f, const char *name, struct p9_xattr **ret)
{
	for (;;) {
		struct p9_xattr *x = NULL;
		ssize_t n = fetch(f, name, NULL, 0);
		if (n < 0)
			return (int)n;
		int r = xattr_new(t, (size_t)n, &x);
		if (r)
			return r;
		/* Size 0 would mean "how long is it?" again. */
		ssize_t got = n ? fetch(f, name, x->bytes, (size_t)n) : 0;
		if (got == n) {
			*ret = x;
			return 0;
		}
		p9_xattr_free(t, x);
		if (got < 0 && got != -ERANGE)
			return (int)got;
	}
}

int p9_do_xattrwalk(struct p9_job *j)
{
	struct p9_file *f = p9_job_file(j);
	char name[P9_MAX_NAME + 1];
	struct p9_xattr *x = NULL;
	if (f->state == P9_XATTR_GET || f->state == P9_XATTR_SET)
		return -EBADF;
	int r = copy_name(j->q.t.txattrwalk.name, name);
	if (!r)
		r = fetch_whole(j->tree, f, name, &x);
	if (r)
		return r;
	struct p9_file *made = p9_file_new(f->cred);
	if (!made) {
		p9_xattr_free(j->tree, x);
		return -ENOMEM;
	}
	made->state = P9_XATTR_GET;
	made->xattr = x;
	j->q.newfid->data = made;
	j->q.r.rxattrwalk.size = x->size;
	return 0;
}

/* CAP_SETFCAP stays when a thread takes a user's identity, so the kernel would let anybody give
 * his files capabilities; and what else is called "security" is for root as well. */
static bool may_set(const struct p9_tree *t, const struct p9_cred *c, const char *name)
{
	return t->creds.fixed || !c->uid || strncmp(name, "security.", 9) != 0;
}

int p9_do_xattrcreate(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	struct p9_xattr *x = NULL;
	char name[P9_MAX_NAME + 1];
	if (f->state != P9_PATH)
		return -EBADF;
	if (!t->txattrcreate.name.len || (t->txattrcreate.flags & ~(XATTR_CREATE | XATTR_REPLACE)))
		return -EINVAL;
	if (t->txattrcreate.attr_size > XATTR_MAX)
		return -E2BIG;
	int r = copy_name(t->txattrcreate.name, name);
	if (!r && !may_set(j->tree, f->cred, name))
		r = -EPERM;
	if (!r)
		r = xattr_new(j->tree, t->txattrcreate.attr_size, &x);
	if (r)
		return r;
	strcpy(x->name, name);
	x->flags = (int)t->txattrcreate.flags;
	f->xattr = x;
	f->state = P9_XATTR_SET;
	return 0;
}

/* An empty value that replaces is how clients (v9fs among them) say "remove". */
int p9_xattr_commit(struct p9_job *j, struct p9_file *f)
{
	const struct p9_xattr *x = f->xattr;
	char path[P9_PROC_PATH];
	p9_proc_path(p9_file_at(f), path);
	if (x->written < x->size)
		return -EINVAL;
	int r = !x->size && x->flags == XATTR_REPLACE
			? removexattr(path, x->name)
			: setxattr(path, x->name, x->bytes, x->size, x->flags);
	return r < 0 ? -errno : 0;
}
