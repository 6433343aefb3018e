/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: 9p-tree.h.  Here: nodes and fids, and the method table with each operation's
 * identity.
 */
#include "svc/fs/server/9p-tree.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

enum { WRITE_PER_MS = 256 * 1024 }; /* what memory takes at least, on a busy machine */

/* --- nodes and fids --- */

const char *p9_proc_path(int fd, char buf[P9_PROC_PATH])
{
	static const char dir[] = "/proc/self/fd/";
	char digits[12], *d = digits + sizeof(digits);
	unsigned n = (unsigned)fd;
	*--d = 0;
	do
		*--d = (char)('0' + n % 10);
	while (n /= 10);
	memcpy(buf, dir, sizeof(dir) - 1);
	memcpy(buf + sizeof(dir) - 1, d, (size_t)(digits + sizeof(digits) - d));
	return buf;
}

static int node_make(int fd, mode_t mode, dev_t dev, ino_t ino, struct p9_node **ret)
{
	struct p9_node *n = malloc(sizeof(*n));
	if (!n) {
		fd_close(fd);
		return -ENOMEM;
	}
	*n = (struct p9_node){.fd = fd, .mode = mode, .dev = dev, .ino = ino};
	atomic_init(&n->refs, 1);
	*ret = n;
	return 0;
}

int p9_node_new(int fd, struct p9_node **ret, struct stat *ret_stat)
{
	if (fstat(fd, ret_stat) < 0) {
		int r = -errno;
		fd_close(fd);
		return r;
	}
	return node_make(fd, ret_stat->st_mode, ret_stat->st_dev, ret_stat->st_ino, ret);
}

int p9_node_of(int fd, const struct statx *sx, struct p9_node **ret)
{
	return node_make(
		fd, sx->stx_mode, makedev(sx->stx_dev_major, sx->stx_dev_minor), sx->stx_ino, ret);
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

/* An open file has given its own node away. */
int p9_file_node(const struct p9_file *f, struct p9_node **ret)
{
	char path[P9_PROC_PATH];
	struct stat st;
	if (f->node) {
		*ret = p9_node_ref(f->node);
		return 0;
	}
	int fd = open(p9_proc_path(f->fd, path), O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : p9_node_new(fd, ret, &st);
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
	/* 9P2000.L.metac */
	[P9_Tattachx] = {p9_do_attachx, .quick = true},
	[P9_Tlookup] = {p9_do_lookup, .quick = true},
	[P9_Topenat] = {p9_do_openat, .quick = true}, /* as long as the data is in memory */
	[P9_Tcreateat] = {p9_do_createat, offsetof(struct p9_msg, tcreateat.gid)},
	[P9_Tmakeat] = {p9_do_makeat, offsetof(struct p9_msg, tmakeat.gid)},
	[P9_Ttmpfile] = {p9_do_tmpfile, offsetof(struct p9_msg, ttmpfile.gid)},
	[P9_Tlinkat] = {p9_do_linkat},
	[P9_Treaddirplus] = {p9_do_readdirplus},
	[P9_Trenameat2] = {p9_do_renameat2},
	[P9_Tfallocate] = {p9_do_fallocate},
	[P9_Tseek] = {p9_do_seek},
	[P9_Tcopyrange] = {p9_do_copyrange},
	[P9_Tsetattrx] = {p9_do_setattrx},
	[P9_Tgetxattr] = {p9_do_getxattr},
	[P9_Tlistxattr] = {p9_do_listxattr},
	[P9_Tsetxattr] = {p9_do_setxattr},
	[P9_Tremovexattr] = {p9_do_removexattr},
	[P9_Tunlinkatx] = {p9_do_unlinkat},
};

bool p9_tree_is_quick(uint8_t type)
{
	return methods[type].quick;
}

/* What waits for disks or locks takes long; writes do not, as they go to memory unless there is too
 * little of it. */
unsigned p9_tree_patience(const struct p9_msg *m)
{
	switch (m->type) {
	case P9_Tlock:
		return !(m->tlock.flags & P9_LOCK_BLOCK);
	case P9_Tgetlock:
	case P9_Tfsync:
	case P9_Tread:
	case P9_Topenat:
	case P9_Tfallocate:
	case P9_Tcopyrange:
		return 0;
	case P9_Twrite:
		return 1 + m->twrite.data.len / WRITE_PER_MS;
	default:
		return !p9_tree_is_quick(m->type);
	}
}

int p9_tree_run(struct p9_job *j)
{
	const struct method *m = &methods[j->q.t.type];
	j->watching = false;
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
