/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: Txattrwalk makes a fid to read an attribute (or the list of names) from,
 * Txattrcreate turns a fid into one to write the value to, and Tclunk sets it.
 *
 * 9P2000.L.metac has one message each for getting, listing, setting and removing instead.
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

/* --- 9P2000.L.metac --- */

/* The value of an attribute, or the list of names, as long as it fits into what was asked for. */
static int answer_value(struct p9_job *j, const char *name, uint32_t count)
{
	struct p9_file *f = p9_job_file(j);
	struct p9_msg *r = &j->q.r;
	if (f->state == P9_XATTR_GET || f->state == P9_XATTR_SET)
		return -EBADF;
	/* Size 0 asks how long it is. */
	uint32_t room = MIN(count, j->q.msize - P9_PLUS_HEADER);
	ssize_t n = fetch(f, name, j->payload, room);
	if (n == -ERANGE && room < count)
		return -E2BIG;
	if (n < 0)
		return (int)n;
	r->rgetxattr.size = (uint32_t)n;
	r->rgetxattr.data = (struct p9_data){.p = j->payload, .len = count ? (uint32_t)n : 0};
	return 0;
}

int p9_do_getxattr(struct p9_job *j)
{
	char name[P9_MAX_NAME + 1];
	if (!j->q.t.tgetxattr.name.len)
		return -EINVAL;
	int r = copy_name(j->q.t.tgetxattr.name, name);
	return r ? r : answer_value(j, name, j->q.t.tgetxattr.count);
}

int p9_do_listxattr(struct p9_job *j)
{
	return answer_value(j, "", j->q.t.tlistxattr.count);
}

/* Who changes it may, and the name is one. */
static int check_change(struct p9_job *j, struct p9_str name, char buf[P9_MAX_NAME + 1])
{
	const struct p9_file *f = p9_job_file(j);
	if (f->state == P9_XATTR_GET || f->state == P9_XATTR_SET)
		return -EBADF;
	if (!name.len)
		return -EINVAL;
	int r = copy_name(name, buf);
	if (!r && !may_set(j->tree, f->cred, buf))
		r = -EPERM;
	return r;
}

int p9_do_setxattr(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	char name[P9_MAX_NAME + 1], path[P9_PROC_PATH];
	int r = check_change(j, t->tsetxattr.name, name);
	if (r)
		return r;
	if (t->tsetxattr.flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (t->tsetxattr.data.len > XATTR_SIZE_MAX)
		return -E2BIG;
	p9_proc_path(p9_file_at(p9_job_file(j)), path);
	r = setxattr(
		path, name, t->tsetxattr.data.p, t->tsetxattr.data.len, (int)t->tsetxattr.flags);
	return r < 0 ? -errno : 0;
}

int p9_do_removexattr(struct p9_job *j)
{
	char name[P9_MAX_NAME + 1], path[P9_PROC_PATH];
	int r = check_change(j, j->q.t.tremovexattr.name, name);
	if (r)
		return r;
	p9_proc_path(p9_file_at(p9_job_file(j)), path);
	return removexattr(path, name) < 0 ? -errno : 0;
}
