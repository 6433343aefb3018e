/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: 9p-tree.h.  Here: nodes and fids, the method table with each operation's
 * identity, and what is short (attributes, reading a link).
 */
#include "svc/fs/server/9p-tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* --- nodes and fids --- */

const char *p9_proc_path(int fd, char buf[P9_PROC_PATH])
{
	snprintf(buf, P9_PROC_PATH, "/proc/self/fd/%d", fd);
	return buf;
}

int p9_node_new(int fd, struct p9_node **ret, struct stat *ret_stat)
{
	AUTO_CLOSE int owned = fd;
	if (fstat(fd, ret_stat) < 0)
		return -errno;
	struct p9_node *n = malloc(sizeof(*n));
	if (!n)
		return -ENOMEM;
	*n = (struct p9_node){.fd = TAKE_FD(owned),
		.mode = ret_stat->st_mode,
		.dev = ret_stat->st_dev,
		.ino = ret_stat->st_ino};
	atomic_init(&n->refs, 1);
	*ret = n;
	return 0;
}

struct p9_node *p9_node_ref(struct p9_node *n)
{
	atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
	return n;
}

void p9_node_unref(struct p9_node *n)
{
	if (!n || atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) != 1)
		return;
	fd_close(n->fd);
	free(n);
}

struct p9_file *p9_file_new(const struct p9_cred *cred)
{
	struct p9_file *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->state = P9_PATH;
	f->cred = cred;
	f->fd = -EBADF;
	pthread_mutex_init(&f->lock, NULL);
	return f;
}

void p9_file_free(struct p9_tree *t, struct p9_file *f)
{
	if (!f)
		return;
	p9_locks_drop(t, f);
	p9_xattr_free(t, f->xattr);
	p9_dir_buffer_free(t, f->dir);
	p9_node_unref(f->node);
	fd_close(f->fd);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

int p9_file_at(const struct p9_file *f)
{
	return f->node ? f->node->fd : f->fd;
}

/*
 * The inode number tells objects of one file system apart.  Where the tree contains other mounts,
 * their device number is mixed into the upper bits, which few file systems use.
 */
struct p9_qid p9_qid_of(const struct p9_tree *t, const struct stat *st)
{
	struct p9_qid q = {.path = st->st_ino, .type = P9_QTFILE};
	if (S_ISDIR(st->st_mode))
		q.type = P9_QTDIR;
	else if (S_ISLNK(st->st_mode))
		q.type = P9_QTSYMLINK;
	if (st->st_dev != t->root->dev)
		q.path ^= ((uint64_t)st->st_dev * UINT64_C(0x9e3779b97f4a7c15)) &
			  ~UINT64_C(0xffffffffff);
	/* Changes when the content does; caching clients compare it. */
	q.version = (uint32_t)(st->st_mtim.tv_sec ^ st->st_mtim.tv_nsec ^ (st->st_size << 8));
	return q;
}

int p9_tree_init(struct p9_tree *t, int root_fd, bool read_only, bool fixed)
{
	*t = (struct p9_tree){.read_only = read_only, .msize = P9_MAX_MSIZE};
	list_init(&t->lock_owners);
	int fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	struct stat st;
	int r = p9_node_new(fd, &t->root, &st);
	if (r)
		return r;
	r = p9_cred_db_init(&t->creds, fixed);
	if (r) {
		p9_node_unref(TAKE_PTR(t->root));
		return r;
	}
	pthread_mutex_init(&t->locks_lock, NULL);
	return 0;
}

void p9_tree_done(struct p9_tree *t)
{
	assert(list_empty(&t->lock_owners));
	p9_node_unref(TAKE_PTR(t->root));
	p9_cred_db_done(&t->creds);
	pthread_mutex_destroy(&t->locks_lock);
}

/* --- the method table --- */

static const struct method {
	int (*run)(struct p9_job *j);
	uint16_t gid; /* offset of the group a creating request carries */
	bool quick;
} methods[256] = {
	[P9_Tattach] = {p9_do_attach, .quick = true},
	[P9_Twalk] = {p9_do_walk, .quick = true},
	[P9_Tclunk] = {p9_do_clunk, .quick = true},
	[P9_Tgetattr] = {p9_do_getattr, .quick = true},
	[P9_Treadlink] = {p9_do_readlink, .quick = true},
	[P9_Tread] = {p9_do_read, .quick = true}, /* as long as the data is in memory */
	[P9_Tlopen] = {p9_do_lopen},
	[P9_Tlcreate] = {p9_do_lcreate, offsetof(struct p9_msg, tlcreate.gid)},
	[P9_Tmkdir] = {p9_do_mkdir, offsetof(struct p9_msg, tmkdir.gid)},
	[P9_Tmknod] = {p9_do_mknod, offsetof(struct p9_msg, tmknod.gid)},
	[P9_Tsymlink] = {p9_do_symlink, offsetof(struct p9_msg, tsymlink.gid)},
	[P9_Tstatfs] = {p9_do_statfs},
	[P9_Tremove] = {p9_do_remove},
	[P9_Trename] = {p9_do_rename},
	[P9_Trenameat] = {p9_do_renameat},
	[P9_Tunlinkat] = {p9_do_unlinkat},
	[P9_Tlink] = {p9_do_link},
	[P9_Treaddir] = {p9_do_readdir},
	[P9_Twrite] = {p9_do_write},
	[P9_Tfsync] = {p9_do_fsync},
	[P9_Tsetattr] = {p9_do_setattr},
	[P9_Txattrwalk] = {p9_do_xattrwalk},
	[P9_Txattrcreate] = {p9_do_xattrcreate},
	[P9_Tlock] = {p9_do_lock},
	[P9_Tgetlock] = {p9_do_getlock},
};

bool p9_tree_is_quick(uint8_t type)
{
	return methods[type].quick;
}

int p9_tree_run(struct p9_job *j)
{
	const struct method *m = &methods[j->q.t.type];
	if (!m->run) /* of 9P2000.L.metac, and not here */
		return -EOPNOTSUPP;
	if (j->q.fid) {
		gid_t gid = (gid_t)-1;
		if (m->gid)
			gid = *(const uint32_t *)(const void *)((const char *)&j->q.t + m->gid);
		int r = p9_cred_enter(&j->tree->creds, p9_job_file(j)->cred, gid);
		if (r)
			return r;
	}
	return m->run(j);
}

/* --- attributes --- */

int p9_do_statfs(struct p9_job *j)
{
	struct statfs sf;
	if (fstatfs(p9_file_at(p9_job_file(j)), &sf) < 0)
		return -errno;
	uint32_t fsid[2];
	memcpy(fsid, &sf.f_fsid, sizeof(fsid));
	j->q.r.rstatfs.type = (uint32_t)sf.f_type;
	j->q.r.rstatfs.bsize = (uint32_t)sf.f_bsize;
	j->q.r.rstatfs.blocks = sf.f_blocks;
	j->q.r.rstatfs.bfree = sf.f_bfree;
	j->q.r.rstatfs.bavail = sf.f_bavail;
	j->q.r.rstatfs.files = sf.f_files;
	j->q.r.rstatfs.ffree = sf.f_ffree;
	j->q.r.rstatfs.fsid = fsid[0] | (uint64_t)fsid[1] << 32;
	j->q.r.rstatfs.namelen = MIN((uint32_t)sf.f_namelen, (uint32_t)P9_MAX_NAME);
	return 0;
}

/* Device numbers travel as the kernel's new_encode_dev() packs them. */
static uint64_t encode_dev(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

int p9_do_getattr(struct p9_job *j)
{
	struct statx sx;
	unsigned mask = STATX_BASIC_STATS;
	if (j->q.t.tgetattr.request_mask & P9_GETATTR_BTIME)
		mask |= STATX_BTIME;
	if (statx(p9_file_at(p9_job_file(j)), "", AT_EMPTY_PATH, mask, &sx) < 0)
		return -errno;
	struct stat st = {.st_dev = makedev(sx.stx_dev_major, sx.stx_dev_minor),
		.st_ino = sx.stx_ino,
		.st_mode = sx.stx_mode,
		.st_size = (off_t)sx.stx_size,
		.st_mtim = {sx.stx_mtime.tv_sec, sx.stx_mtime.tv_nsec}};
	struct p9_msg *r = &j->q.r;
	r->rgetattr.valid = P9_GETATTR_BASIC;
	if (sx.stx_mask & mask & STATX_BTIME)
		r->rgetattr.valid |= P9_GETATTR_BTIME;
	r->rgetattr.qid = p9_qid_of(j->tree, &st);
	r->rgetattr.mode = sx.stx_mode;
	r->rgetattr.uid = sx.stx_uid;
	r->rgetattr.gid = sx.stx_gid;
	r->rgetattr.nlink = sx.stx_nlink;
	r->rgetattr.rdev = encode_dev(sx.stx_rdev_major, sx.stx_rdev_minor);
	r->rgetattr.size = sx.stx_size;
	r->rgetattr.blksize = sx.stx_blksize;
	r->rgetattr.blocks = sx.stx_blocks;
	r->rgetattr.atime_sec = (uint64_t)sx.stx_atime.tv_sec;
	r->rgetattr.atime_nsec = sx.stx_atime.tv_nsec;
	r->rgetattr.mtime_sec = (uint64_t)sx.stx_mtime.tv_sec;
	r->rgetattr.mtime_nsec = sx.stx_mtime.tv_nsec;
	r->rgetattr.ctime_sec = (uint64_t)sx.stx_ctime.tv_sec;
	r->rgetattr.ctime_nsec = sx.stx_ctime.tv_nsec;
	if (r->rgetattr.valid & P9_GETATTR_BTIME) {
		r->rgetattr.btime_sec = (uint64_t)sx.stx_btime.tv_sec;
		r->rgetattr.btime_nsec = sx.stx_btime.tv_nsec;
	}
	return 0;
}

static int set_size(struct p9_file *f, uint64_t size)
{
	char path[P9_PROC_PATH];
	if (size > INT64_MAX)
		return -EFBIG;
	/* Through the open file when it may be written: then its mode of today does not matter. */
	if (f->state == P9_FILE && f->accmode != O_RDONLY)
		return ftruncate(f->fd, (off_t)size) < 0 ? -errno : 0;
	return truncate(p9_proc_path(p9_file_at(f), path), (off_t)size) < 0 ? -errno : 0;
}

static int to_time(uint32_t valid, uint32_t bit, uint32_t set_bit, uint64_t sec, uint64_t nsec,
	struct timespec *ret)
{
	*ret = (struct timespec){.tv_nsec = UTIME_OMIT};
	if (!(valid & bit))
		return 0;
	ret->tv_nsec = UTIME_NOW;
	if (!(valid & set_bit))
		return 0;
	if (nsec >= 1000000000)
		return -EINVAL;
	*ret = (struct timespec){.tv_sec = (time_t)sec, .tv_nsec = (long)nsec};
	return 0;
}

static int set_times(int at, const struct p9_msg *t)
{
	struct timespec ts[2];
	uint32_t valid = t->tsetattr.valid;
	int r = to_time(valid, P9_SETATTR_ATIME, P9_SETATTR_ATIME_SET, t->tsetattr.atime_sec,
		t->tsetattr.atime_nsec, &ts[0]);
	if (!r)
		r = to_time(valid, P9_SETATTR_MTIME, P9_SETATTR_MTIME_SET, t->tsetattr.mtime_sec,
			t->tsetattr.mtime_nsec, &ts[1]);
	if (r)
		return r;
	return utimensat(at, "", ts, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* In an order in which no step undoes another: truncating and changing the owner clear set-id
 * bits, all of them change the times. */
int p9_do_setattr(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	uint32_t valid = t->tsetattr.valid;
	int at = p9_file_at(f);
	char path[P9_PROC_PATH];
	if (valid & P9_SETATTR_SIZE) {
		int r = set_size(f, t->tsetattr.size);
		if (r)
			return r;
	}
	uid_t uid = valid & P9_SETATTR_UID ? t->tsetattr.uid : (uid_t)-1;
	gid_t gid = valid & P9_SETATTR_GID ? t->tsetattr.gid : (gid_t)-1;
	bool ctime_only = valid == P9_SETATTR_CTIME;
	if (((valid & (P9_SETATTR_UID | P9_SETATTR_GID)) || ctime_only) &&
		fchownat(at, "", uid, gid, AT_EMPTY_PATH) < 0)
		return -errno;
	if ((valid & P9_SETATTR_MODE) &&
		chmod(p9_proc_path(at, path), t->tsetattr.mode & 07777) < 0)
		return -errno;
	if (valid & (P9_SETATTR_ATIME | P9_SETATTR_MTIME))
		return set_times(at, t);
	return 0;
}

int p9_do_readlink(struct p9_job *j)
{
	ssize_t n = readlinkat(p9_file_at(p9_job_file(j)), "", j->text, sizeof(j->text));
	if (n < 0)
		return errno == ENOENT ? -EINVAL
				       : -errno; /* the kernel's word for "not a link" here */
	if ((size_t)n == sizeof(j->text) || (size_t)n > j->q.count)
		return -ENAMETOOLONG;
	j->q.r.rreadlink.target = (struct p9_str){.s = j->text, .len = (uint16_t)n};
	return 0;
}
