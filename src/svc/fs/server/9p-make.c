/* SPDX-License-Identifier: MIT */
/*
 * Making entries and telling their attributes: makeat, linkat and renameat2 of 9P2000.L.metac.
 *
 * Theory of operation: 9p-names.c.  What has been made is looked at by its name, which somebody
 * else may have given to another object by then; that one's attributes are as good an answer as any
 * that is old when it arrives.
 */
#include "svc/fs/server/9p-tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

static int make_symlink(struct p9_job *j, int dir, const char *name)
{
	struct p9_str target = j->q.t.tmakeat.target;
	if (target.len >= sizeof(j->text))
		return -ENAMETOOLONG;
	if (target.len && memchr(target.s, 0, target.len))
		return -EINVAL;
	return symlinkat(p9_cstr(target, j->text, sizeof(j->text)), dir, name) < 0 ? -errno : 0;
}

static int make(struct p9_job *j, int dir, const char *name)
{
	const struct p9_msg *t = &j->q.t;
	mode_t type = t->tmakeat.mode & S_IFMT, mode = t->tmakeat.mode & 07777;
	bool device = type == S_IFCHR || type == S_IFBLK;
	dev_t dev = device ? makedev(t->tmakeat.major, t->tmakeat.minor) : 0;
	switch (type) {
	case S_IFDIR:
		return mkdirat(dir, name, mode) < 0 ? -errno : 0;
	case S_IFLNK:
		return make_symlink(j, dir, name);
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
	case S_IFCHR:
	case S_IFBLK:
		return mknodat(dir, name, type | mode, dev) < 0 ? -errno : 0;
	default:
		return -EINVAL;
	}
}

/* What was asked for has been done: not to know the directory is no error of it. */
void p9_tell_dir(struct p9_job *j)
{
	struct p9_msg *m = &j->q.r;
	struct p9_attr *a = NULL;
	switch (m->type) {
	case P9_Rcreateat:
		a = &m->rcreateat.dir;
		break;
	case P9_Rmakeat:
	case P9_Rlinkat:
		a = &m->rmakeat.dir;
		break;
	case P9_Runlinkatx:
		a = &m->runlinkatx.dir;
		break;
	}
	int dir = a ? p9_file_at(p9_job_file(j)) : -1;
	if (a && p9_attr_get(j->tree, dir, P9_GETATTR_BASIC, a) < 0)
		*a = (struct p9_attr){};
}

int p9_do_makeat(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	char name[P9_MAX_NAME + 1];
	if (f->state == P9_XATTR_GET || f->state == P9_XATTR_SET)
		return -EBADF;
	p9_cstr(t->tmakeat.name, name, sizeof(name));
	int r = make(j, p9_file_at(f), name);
	if (r)
		return r;
	p9_tell_dir(j);
	return p9_give_name(j, p9_file_at(f), name, t->tmakeat.request_mask, &j->q.r.rmakeat.attr);
}

int p9_do_linkat(struct p9_job *j)
{
	/* The fields of Tlink, dfid fid name, are the first three. */
	int r = p9_link(j, j->q.t.tlinkat.name);
	if (r)
		return r;
	p9_tell_dir(j);
	return p9_attr_get(j->tree, p9_file_at(p9_job_file2(j)), j->q.t.tlinkat.request_mask,
		&j->q.r.rlinkat.attr);
}

int p9_do_renameat2(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	char from[P9_MAX_NAME + 1], to[P9_MAX_NAME + 1];
	uint32_t flags = t->trenameat2.flags;
	if (flags & ~(uint32_t)(P9_RENAME_NOREPLACE | P9_RENAME_EXCHANGE))
		return -EINVAL;
	p9_cstr(t->trenameat2.oldname, from, sizeof(from));
	p9_cstr(t->trenameat2.newname, to, sizeof(to));
	int r = renameat2(p9_file_at(p9_job_file(j)), from, p9_file_at(p9_job_file2(j)), to, flags);
	return r < 0 ? -errno : 0;
}
