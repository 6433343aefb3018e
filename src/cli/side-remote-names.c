/* SPDX-License-Identifier: MIT */
/*
 * See side.h and side-remote.h: what makes, renames and removes names, and sets attributes.  What
 * must not be done twice and may have been done already, because the connection was lost before the
 * answer, is looked at by what it should have led to: a name that is there (or not, for what
 * removes it) counts as made (or removed).
 */
#include "cli/side-remote.h"

#include <sys/stat.h>

/* A request that makes, renames or removes a name. done: what the server says when it was done
 * already, the first time. */
static int change(struct node *dir, struct p9_msg *m, uint32_t *field, int done)
{
	bool again = false;
	int e = remote_node_ask(rnode(dir), m, field, NULL, NULL, &again);
	return again && e == done ? 0 : e;
}

int side_remote_make(struct node *dir, const char *name, const struct attr *a, const char *target)
{
	struct p9_msg m = {};
	if (S_ISDIR(a->mode)) {
		m = (struct p9_msg){.type = P9_Tmkdir,
			.tmkdir = {.name = p9_str(name), .mode = 0700, .gid = getegid()}};
		return change(dir, &m, &m.tmkdir.dfid, -EEXIST);
	}
	if (S_ISLNK(a->mode)) {
		m = (struct p9_msg){.type = P9_Tsymlink,
			.tsymlink = {
				.name = p9_str(name), .symtgt = p9_str(target), .gid = getegid()}};
		return change(dir, &m, &m.tsymlink.fid, -EEXIST);
	}
	m = (struct p9_msg){.type = P9_Tmknod,
		.tmknod = {.name = p9_str(name),
			.mode = (a->mode & S_IFMT) | 0600,
			.major = a->major,
			.minor = a->minor,
			.gid = getegid()}};
	return change(dir, &m, &m.tmknod.dfid, -EEXIST);
}

int side_remote_rename(struct node *dir, const char *from, const char *to)
{
	struct remote_node *d = rnode(dir);
	struct p9_msg m = {.type = P9_Trenameat,
		.trenameat = {.oldname = p9_str(from), .newname = p9_str(to)}};
	bool again = false;
	int e;
	do {
		e = remote_node_fid(d);
		m.trenameat.olddirfid = m.trenameat.newdirfid = d->fid;
		if (e >= 0)
			e = remote_request(remote_of(dir), d->epoch, &m, NULL, NULL);
		again |= e == -ESHUTDOWN;
	} while (e == -ESHUTDOWN);
	return again && e == -ENOENT ? 0 : e;
}

int side_remote_remove(struct node *dir, const char *name, bool is_dir)
{
	struct p9_msg m = {.type = P9_Tunlinkat,
		.tunlinkat = {
			.name = p9_str(name), .flags = is_dir ? (uint32_t)P9_AT_REMOVEDIR : 0}};
	return change(dir, &m, &m.tunlinkat.dirfid, -ENOENT);
}

int side_remote_link(struct node *n, struct node *dir, const char *name)
{
	struct remote_node *x = rnode(n), *d = rnode(dir);
	struct p9_msg m = {.type = P9_Tlink, .tlink = {.name = p9_str(name)}};
	bool again = false;
	int e;
	do {
		e = remote_node_fid(x);
		if (e >= 0)
			e = remote_node_fid(d);
		m.tlink.fid = x->fid;
		m.tlink.dfid = d->fid;
		if (e >= 0)
			e = x->epoch == d->epoch
				    ? remote_request(remote_of(n), d->epoch, &m, NULL, NULL)
				    : -ESHUTDOWN;
		again |= e == -ESHUTDOWN;
	} while (e == -ESHUTDOWN);
	return again && e == -EEXIST ? 0 : e;
}

struct target {
	char *buf;
	size_t size;
};

static int take_target(void *user, const struct p9_msg *m)
{
	const struct target *to = user;
	const struct p9_str *t = &m->rreadlink.target;
	if (t->len >= to->size || memchr(t->s, 0, t->len) || !t->len)
		return -EBADMSG;
	memcpy(to->buf, t->s, t->len);
	to->buf[t->len] = 0;
	return 0;
}

int side_remote_readlink(struct node *n, char *buf, size_t size)
{
	struct target to = {buf, size};
	struct p9_msg m = {.type = P9_Treadlink};
	return remote_node_ask(rnode(n), &m, &m.treadlink.fid, take_target, &to, NULL);
}

int side_remote_set(struct node *n, const struct attr *a, unsigned what)
{
	struct p9_msg m = {.type = P9_Tsetattr,
		.tsetattr = {.mode = a->mode & 07777,
			.uid = a->uid,
			.gid = a->gid,
			.atime_sec = (uint64_t)a->atime.tv_sec,
			.atime_nsec = (uint64_t)a->atime.tv_nsec,
			.mtime_sec = (uint64_t)a->mtime.tv_sec,
			.mtime_nsec = (uint64_t)a->mtime.tv_nsec}};
	if (what & SET_OWNER)
		m.tsetattr.valid |= P9_SETATTR_UID | P9_SETATTR_GID;
	if ((what & SET_MODE) && !S_ISLNK(a->mode))
		m.tsetattr.valid |= P9_SETATTR_MODE;
	if (what & SET_TIMES)
		m.tsetattr.valid |= P9_SETATTR_ATIME | P9_SETATTR_MTIME | P9_SETATTR_ATIME_SET |
				    P9_SETATTR_MTIME_SET;
	return remote_node_ask(rnode(n), &m, &m.tsetattr.fid, NULL, NULL, NULL);
}
