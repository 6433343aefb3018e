/* SPDX-License-Identifier: MIT */
/*
 * Attributes: getattr, setattr and setattrx, statfs, readlink.
 *
 * Theory of operation: attributes are those of statx(2) on a descriptor that stands for the object,
 * or on a name below one, never through a symbolic link.  `gen` comes from the kernel's file
 * handle, which holds the inode number and what the file system counts up whenever it gives that
 * number to another file; hashed, since nobody needs to open anything by it.
 */
#include "svc/fs/server/9p-tree.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

/* --- asking --- */

int p9_stat(int at, const char *name, uint64_t request_mask, struct statx *ret)
{
	unsigned mask = STATX_BASIC_STATS;
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
	if (request_mask & P9_GETATTR_BTIME)
		mask |= STATX_BTIME;
	return statx(at, name, flags, mask, ret) < 0 ? -errno : 0;
}

/* Device numbers travel as the kernel's new_encode_dev() packs them. */
static uint64_t encode_dev(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

struct p9_qid p9_qid_of_statx(const struct p9_tree *t, const struct statx *sx)
{
	struct stat st = {.st_dev = makedev(sx->stx_dev_major, sx->stx_dev_minor),
		.st_ino = sx->stx_ino,
		.st_mode = sx->stx_mode,
		.st_size = (off_t)sx->stx_size,
		.st_mtim = {sx->stx_mtime.tv_sec, sx->stx_mtime.tv_nsec}};
	return p9_qid_of(t, &st);
}

void p9_attr_of(const struct p9_tree *t, const struct statx *sx, struct p9_attr *ret)
{
	*ret = (struct p9_attr){.valid = P9_GETATTR_BASIC,
		.qid = p9_qid_of_statx(t, sx),
		.mode = sx->stx_mode,
		.uid = sx->stx_uid,
		.gid = sx->stx_gid,
		.nlink = sx->stx_nlink,
		.rdev = encode_dev(sx->stx_rdev_major, sx->stx_rdev_minor),
		.size = sx->stx_size,
		.blksize = sx->stx_blksize,
		.blocks = sx->stx_blocks,
		.atime_sec = (uint64_t)sx->stx_atime.tv_sec,
		.atime_nsec = sx->stx_atime.tv_nsec,
		.mtime_sec = (uint64_t)sx->stx_mtime.tv_sec,
		.mtime_nsec = sx->stx_mtime.tv_nsec,
		.ctime_sec = (uint64_t)sx->stx_ctime.tv_sec,
		.ctime_nsec = sx->stx_ctime.tv_nsec};
	if (sx->stx_mask & STATX_BTIME) {
		ret->valid |= P9_GETATTR_BTIME;
		ret->btime_sec = (uint64_t)sx->stx_btime.tv_sec;
		ret->btime_nsec = sx->stx_btime.tv_nsec;
	}
}

/* FNV-1a, 64 bits. */
static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Clients are spared asking for attributes that are not there: ls alone asks twice of each file. */
static void add_noxattr(int fd, struct p9_attr *a)
{
	char path[P9_PROC_PATH];
	ssize_t n = listxattr(p9_proc_path(fd, path), NULL, 0);
	if (n == 0 || (n < 0 && errno == EOPNOTSUPP))
		a->valid |= P9_GETATTR_NOXATTR;
}

void p9_attr_add_gen(int fd, uint64_t request_mask, struct p9_attr *a)
{
	if (request_mask & P9_GETATTR_NOXATTR)
		add_noxattr(fd, a);
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} h = {.handle.handle_bytes = MAX_HANDLE_SZ};
	int mount;
	if (!(request_mask & P9_GETATTR_GEN) ||
		name_to_handle_at(fd, "", &h.handle, &mount, AT_EMPTY_PATH) < 0)
		return;
	uint64_t v = hash(
		UINT64_C(0xcbf29ce484222325), &h.handle.handle_type, sizeof(h.handle.handle_type));
	a->gen = hash(v, h.handle.f_handle, h.handle.handle_bytes);
	a->valid |= P9_GETATTR_GEN;
}

int p9_attr_get(const struct p9_tree *t, int fd, uint64_t request_mask, struct p9_attr *ret)
{
	struct statx sx;
	int r = p9_stat(fd, "", request_mask, &sx);
	if (r)
		return r;
	p9_attr_of(t, &sx, ret);
	p9_attr_add_gen(fd, request_mask, ret);
	return 0;
}

int p9_attr_get_name(const struct p9_tree *t, int dir, const char *name, uint64_t request_mask,
	struct p9_attr *ret)
{
	struct statx sx;
	/* Number and handle have to be of the same object, whatever becomes of the name. */
	if (request_mask & P9_GETATTR_GEN) {
		AUTO_CLOSE int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		return fd < 0 ? -errno : p9_attr_get(t, fd, request_mask, ret);
	}
	int r = p9_stat(dir, name, request_mask, &sx);
	if (!r)
		p9_attr_of(t, &sx, ret);
	return r;
}

int p9_do_getattr(struct p9_job *j)
{
	return p9_attr_get(j->tree, p9_file_at(p9_job_file(j)), j->q.t.tgetattr.request_mask,
		&j->q.r.rgetattr);
}

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

/* --- changing --- */

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

int p9_do_setattrx(struct p9_job *j)
{
	/* The fields of Tsetattr lie where those of Tsetattrx do: one struct, two names. */
	int r = p9_do_setattr(j);
	if (r)
		return r;
	return p9_attr_get(
		j->tree, p9_file_at(p9_job_file(j)), P9_GETATTR_ALL, &j->q.r.rsetattrx.attr);
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
