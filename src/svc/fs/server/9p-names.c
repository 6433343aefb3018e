/* SPDX-License-Identifier: MIT */
/*
 * Names of the tree: attach, walk, and all that makes, moves and removes directory entries.
 *
 * Theory of operation: each name (checked by the protocol core: one component, never "..") is used
 * with an *at() call below a descriptor that the fid holds.  Only three requests need a place that
 * no fid holds: "..", Tremove and Trename, which name an object by its fid alone.  For those the
 * kernel is asked where the object is now (/proc/self/fd/N), and that path is walked again from the
 * root with RESOLVE_BENEATH and without links; what is found there must be the same object.
 */
#include "svc/fs/server/9p-tree.h"

#include "sys/beneath.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/sysmacros.h>

/* --- attach and walk --- */

static struct p9_file *file_at_node(const struct p9_cred *cred, struct p9_node *n)
{
	struct p9_file *f = p9_file_new(cred);
	if (f)
		f->node = p9_node_ref(n);
	return f;
}

/* The connection is for one tree; there is nothing to choose by name. */
static int check_aname(struct p9_str aname)
{
	return aname.len && !p9_str_eq(aname, "/") ? -ENOENT : 0;
}

static int give_root(struct p9_job *j, const struct p9_cred *cred, struct p9_qid *ret)
{
	struct stat st;
	if (fstat(j->tree->root->fd, &st) < 0)
		return -errno;
	j->q.newfid->data = file_at_node(cred, j->tree->root);
	if (!j->q.newfid->data)
		return -ENOMEM;
	*ret = p9_qid_of(j->tree, &st);
	return 0;
}

int p9_do_attach(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	const struct p9_cred *cred;
	int r = check_aname(t->tattach.aname);
	if (!r)
		r = p9_cred_find(&j->tree->creds, t->tattach.n_uname, t->tattach.uname, &cred);
	return r ? r : give_root(j, cred, &j->q.r.rattach.qid);
}

int p9_do_attachx(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	const struct p9_cred *cred;
	int r = check_aname(t->tattachx.aname);
	if (!r)
		r = p9_cred_find_groups(&j->tree->creds, t->tattachx.n_uname, t->tattachx.gid,
			t->tattachx.groups, &cred);
	return r ? r : give_root(j, cred, &j->q.r.rattachx.qid);
}

static bool is_root(const struct p9_tree *t, const struct p9_node *n)
{
	return n->ino == t->root->ino && n->dev == t->root->dev;
}

/*
 * Where an object of the tree is now, relative to the root. Returns -ENOENT when it has been
 * removed or is not below the root any more, which a caller must also expect later: the answer is
 * old when it arrives.
 */
static int path_in_tree(const struct p9_tree *t, int fd, char ret[PATH_MAX])
{
	char proc[P9_PROC_PATH], root[PATH_MAX], path[PATH_MAX];
	ssize_t n_root = readlink(p9_proc_path(t->root->fd, proc), root, sizeof(root) - 1);
	ssize_t n = readlink(p9_proc_path(fd, proc), path, sizeof(path) - 1);
	if (n_root < 0 || n < 0)
		return -errno;
	if (n_root == (ssize_t)sizeof(root) - 1 || n == (ssize_t)sizeof(path) - 1)
		return -ENAMETOOLONG;
	root[n_root] = path[n] = 0;
	if (n_root == 1 && root[0] == '/')
		n_root = 0;
	if (n <= n_root + 1 || memcmp(path, root, (size_t)n_root) || path[n_root] != '/')
		return -ENOENT;
	memcpy(ret, path + n_root + 1, (size_t)(n - n_root));
	return 0;
}

/* Directory (O_PATH) that holds the object, and its name there, checked to be that object. */
static int find_parent(const struct p9_tree *t, int fd, char path[PATH_MAX], const char **ret_name)
{
	struct stat here, there;
	int r = path_in_tree(t, fd, path);
	if (r)
		return r;
	AUTO_CLOSE int dir = beneath_open_parent(t->root->fd, path, ret_name);
	if (dir < 0)
		return dir;
	if (fstat(fd, &here) < 0 || fstatat(dir, *ret_name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (here.st_ino != there.st_ino || here.st_dev != there.st_dev)
		return -ENOENT;
	return TAKE_FD(dir);
}

static int step_up(
	const struct p9_tree *t, struct p9_node *n, struct p9_node **ret, struct stat *st)
{
	char path[PATH_MAX];
	const char *name;
	if (!S_ISDIR(n->mode))
		return -ENOTDIR;
	if (is_root(t, n)) {
		*ret = p9_node_ref(n);
		return fstat(n->fd, st) < 0 ? -errno : 0;
	}
	int dir = find_parent(t, n->fd, path, &name);
	return dir < 0 ? dir : p9_node_new(dir, ret, st);
}

static int step(const struct p9_tree *t, struct p9_node *n, struct p9_str name,
	struct p9_node **ret, struct stat *st)
{
	char buf[P9_MAX_NAME + 1];
	if (p9_str_eq(name, ".."))
		return step_up(t, n, ret, st);
	int fd = openat(n->fd, p9_cstr(name, buf, sizeof(buf)), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : p9_node_new(fd, ret, st);
}

int p9_do_walk(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	if (f->state == P9_XATTR_GET || f->state == P9_XATTR_SET)
		return -EBADF;
	AUTO(p9_node_unref) struct p9_node *n = NULL;
	int r = p9_file_node(f, &n);
	uint16_t i = 0;
	for (; !r && i < t->twalk.nwname; i++) {
		struct p9_node *next = NULL;
		struct stat st;
		r = step(j->tree, n, t->twalk.wname[i], &next, &st);
		if (r)
			break;
		p9_node_unref(n);
		n = next;
		j->q.r.rwalk.wqid[i] = p9_qid_of(j->tree, &st);
	}
	if (r && !i)
		return r;
	j->q.r.rwalk.nwqid = i;
	if (i < t->twalk.nwname)
		return 0;
	j->q.newfid->data = file_at_node(f->cred, n);
	return j->q.newfid->data ? 0 : -ENOMEM;
}

/* --- making entries --- */

/* The qid of what has just been made. */
static int answer_qid(struct p9_job *j, int dir, const char *name, struct p9_qid *ret)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*ret = p9_qid_of(j->tree, &st);
	return 0;
}

int p9_do_mkdir(struct p9_job *j)
{
	char name[P9_MAX_NAME + 1];
	int dir = p9_file_at(p9_job_file(j));
	p9_cstr(j->q.t.tmkdir.name, name, sizeof(name));
	if (mkdirat(dir, name, j->q.t.tmkdir.mode & 07777) < 0)
		return -errno;
	return answer_qid(j, dir, name, &j->q.r.rmkdir.qid);
}

int p9_do_mknod(struct p9_job *j)
{
	char name[P9_MAX_NAME + 1];
	const struct p9_msg *t = &j->q.t;
	int dir = p9_file_at(p9_job_file(j));
	mode_t type = t->tmknod.mode & S_IFMT;
	if (type == S_IFDIR || type == S_IFLNK)
		return -EINVAL;
	p9_cstr(t->tmknod.name, name, sizeof(name));
	if (mknodat(dir, name, type | (t->tmknod.mode & 07777),
		    makedev(t->tmknod.major, t->tmknod.minor)) < 0)
		return -errno;
	return answer_qid(j, dir, name, &j->q.r.rmknod.qid);
}

int p9_do_symlink(struct p9_job *j)
{
	char name[P9_MAX_NAME + 1];
	struct p9_str target = j->q.t.tsymlink.symtgt;
	int dir = p9_file_at(p9_job_file(j));
	p9_cstr(j->q.t.tsymlink.name, name, sizeof(name));
	if (target.len >= sizeof(j->text))
		return -ENAMETOOLONG;
	if (target.len && memchr(target.s, 0, target.len))
		return -EINVAL;
	if (symlinkat(p9_cstr(target, j->text, sizeof(j->text)), dir, name) < 0)
		return -errno;
	return answer_qid(j, dir, name, &j->q.r.rsymlink.qid);
}

/* Through /proc, since AT_EMPTY_PATH needs a capability that only root's requests have. */
int p9_link(struct p9_job *j, struct p9_str name)
{
	char buf[P9_MAX_NAME + 1], path[P9_PROC_PATH];
	p9_proc_path(p9_file_at(p9_job_file2(j)), path);
	p9_cstr(name, buf, sizeof(buf));
	int r = linkat(AT_FDCWD, path, p9_file_at(p9_job_file(j)), buf, AT_SYMLINK_FOLLOW);
	return r < 0 ? -errno : 0;
}

int p9_do_link(struct p9_job *j)
{
	return p9_link(j, j->q.t.tlink.name);
}

/* --- moving and removing them --- */

int p9_do_renameat(struct p9_job *j)
{
	char from[P9_MAX_NAME + 1], to[P9_MAX_NAME + 1];
	p9_cstr(j->q.t.trenameat.oldname, from, sizeof(from));
	p9_cstr(j->q.t.trenameat.newname, to, sizeof(to));
	int r = renameat(p9_file_at(p9_job_file(j)), from, p9_file_at(p9_job_file2(j)), to);
	return r < 0 ? -errno : 0;
}

int p9_do_rename(struct p9_job *j)
{
	char path[PATH_MAX], to[P9_MAX_NAME + 1];
	const char *from;
	AUTO_CLOSE int dir = find_parent(j->tree, p9_file_at(p9_job_file(j)), path, &from);
	if (dir < 0)
		return dir;
	p9_cstr(j->q.t.trename.name, to, sizeof(to));
	return renameat(dir, from, p9_file_at(p9_job_file2(j)), to) < 0 ? -errno : 0;
}

int p9_do_unlinkat(struct p9_job *j)
{
	char name[P9_MAX_NAME + 1];
	uint32_t flags = j->q.t.tunlinkat.flags;
	if (flags & ~(uint32_t)P9_AT_REMOVEDIR)
		return -EINVAL;
	p9_cstr(j->q.t.tunlinkat.name, name, sizeof(name));
	if (unlinkat(p9_file_at(p9_job_file(j)), name, flags ? AT_REMOVEDIR : 0) < 0)
		return -errno;
	p9_tell_dir(j);
	return 0;
}

int p9_do_remove(struct p9_job *j)
{
	char path[PATH_MAX];
	const char *name;
	struct stat st;
	int fd = p9_file_at(p9_job_file(j));
	AUTO_CLOSE int dir = find_parent(j->tree, fd, path, &name);
	if (dir < 0)
		return dir;
	if (fstat(fd, &st) < 0)
		return -errno;
	return unlinkat(dir, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}
