/* SPDX-License-Identifier: MIT */
/*
 * Opening and creating files: lopen, lcreate, and of 9P2000.L.metac openat, createat, tmpfile.
 *
 * Theory of operation: an object is opened by its O_PATH descriptor's name in /proc/self/fd, after
 * looking at its type there: the kernel leads that name to the object itself, so nothing can be put
 * in its place in between.  Once open, the fid keeps the file and gives the O_PATH descriptor back.
 */
#include "svc/fs/server/9p-tree.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

enum { CREATE_TRIES = 8 };

/* O_DIRECT is left out (it wants aligned buffers), and O_NOATIME, which may be refused. */
static const struct {
	uint32_t p9;
	int native;
} open_flags[] = {
	{P9_O_TRUNC, O_TRUNC},
	{P9_O_APPEND, O_APPEND},
	{P9_O_DSYNC, O_DSYNC},
	{P9_O_SYNC, O_SYNC},
	{P9_O_DIRECTORY, O_DIRECTORY},
};

/* -EINVAL for an access mode that is none. */
static int native_flags(uint32_t p9)
{
	static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR, -1};
	int flags = modes[p9 & P9_O_ACCMODE];
	if (flags < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(open_flags); i++) {
		if ((p9 & open_flags[i].p9) == open_flags[i].p9)
			flags |= open_flags[i].native;
	}
	return flags | O_CLOEXEC | O_NOCTTY;
}

static int open_node(int at, mode_t mode, int flags)
{
	char path[P9_PROC_PATH];
	if (S_ISLNK(mode))
		return -ELOOP;
	if (!S_ISREG(mode) && !S_ISDIR(mode))
		return -ENXIO;
	int fd = open(p9_proc_path(at, path), flags);
	return fd < 0 ? -errno : fd;
}

/* For who has had the file open already, and lost it with a connection: as its owner may open it
 * again although its mode forbids that by now (it was made so, or changed while it was open), since
 * he could change the mode as well. `at` is an O_PATH descriptor of a regular file. */
static int open_again(struct p9_job *j, int at, const struct stat *st, int flags)
{
	struct p9_cred_db *db = &j->tree->creds;
	const struct p9_cred *cred = p9_job_file(j)->cred;
	char path[P9_PROC_PATH];
	int fd = open_node(at, st->st_mode, flags);
	if (fd != -EACCES || !S_ISREG(st->st_mode) ||
		st->st_uid != (db->fixed ? geteuid() : cred->uid))
		return fd;
	/* Whoever was given it to read was not given the owner's right to change its mode. */
	if (db->fixed && j->tree->read_only)
		return fd;
	if (!db->fixed) {
		p9_cred_leave(db);
		fd = open_node(at, st->st_mode, flags);
		int r = p9_cred_enter(db, cred, (gid_t)-1);
		if (r && fd >= 0)
			fd_close(fd);
		return r ? r : fd;
	}
	mode_t mode = st->st_mode & 07777;
	if (chmod(p9_proc_path(at, path), mode | S_IRUSR | S_IWUSR) < 0)
		return fd;
	fd = open_node(at, st->st_mode, flags);
	(void)chmod(path, mode);
	return fd;
}

/* What is opened for appending may be written elsewhere too, when the client says where: the pages
 * of a mapping.  A file that may only be appended to stays as it is. */
static void stay_placed(int fd, uint32_t p9)
{
	if ((p9 & P9_O_APPEND) && (p9 & P9_O_PLACED))
		(void)fcntl(fd, F_SETFL, 0);
}

/* The fid is open from here on: takes fd. */
static void become_open(struct p9_file *f, int fd, int flags, const struct statx *sx)
{
	f->state = S_ISDIR(sx->stx_mode) ? P9_DIR : P9_FILE;
	f->accmode = flags & O_ACCMODE;
	f->ino = sx->stx_ino;
	f->dev = makedev(sx->stx_dev_major, sx->stx_dev_minor);
	f->fd = fd;
	p9_node_unref(TAKE_PTR(f->node));
}

/* Whole pages, so that clients who cut their transfers by it stay aligned. */
static uint32_t iounit(const struct p9_job *j)
{
	uint32_t room = j->q.msize - P9_IO_HEADER;
	return room < 4096 ? room : room & ~4095u;
}

int p9_do_lopen(struct p9_job *j)
{
	struct p9_file *f = p9_job_file(j);
	struct statx sx;
	struct stat st;
	if (f->state != P9_PATH)
		return -EBADF;
	int flags = native_flags(j->q.t.tlopen.flags);
	if (flags < 0)
		return flags;
	AUTO_CLOSE int fd = open_node(f->node->fd, f->node->mode, flags);
	if (fd == -EACCES && (j->q.t.tlopen.flags & P9_O_AGAIN) && !fstat(f->node->fd, &st))
		fd = open_again(j, f->node->fd, &st, flags);
	if (fd < 0)
		return fd;
	int r = p9_stat(fd, "", 0, &sx);
	if (r)
		return r;
	stay_placed(fd, j->q.t.tlopen.flags);
	j->q.r.rlopen.iounit = iounit(j);
	j->q.r.rlopen.qid = p9_qid_of_statx(j->tree, &sx);
	become_open(f, TAKE_FD(fd), flags, &sx);
	return 0;
}

/* O_CREAT on a name that exists would follow nothing, but open a FIFO: so the name is either made
 * by us or looked at first. */
static int create_or_open(int dir, const char *name, int flags, mode_t mode, bool exclusive)
{
	for (int i = 0; i < CREATE_TRIES; i++) {
		struct stat st;
		int fd =
			openat(dir, name, (flags & ~O_TRUNC) | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST || exclusive)
			return -errno;
		AUTO_CLOSE int at = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (at < 0 && errno == ENOENT)
			continue;
		if (at < 0 || fstat(at, &st) < 0)
			return -errno;
		return S_ISDIR(st.st_mode) ? -EISDIR : open_node(at, st.st_mode, flags);
	}
	return -EAGAIN;
}

int p9_do_lcreate(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	char name[P9_MAX_NAME + 1];
	struct statx sx;
	if (f->state != P9_PATH)
		return -EBADF;
	int flags = native_flags(t->tlcreate.flags);
	if (flags < 0)
		return flags;
	flags &= ~O_DIRECTORY;
	p9_cstr(t->tlcreate.name, name, sizeof(name));
	AUTO_CLOSE int fd = create_or_open(
		f->node->fd, name, flags, t->tlcreate.mode & 07777, t->tlcreate.flags & P9_O_EXCL);
	if (fd < 0)
		return fd;
	int r = p9_stat(fd, "", 0, &sx);
	if (r)
		return r;
	stay_placed(fd, t->tlcreate.flags);
	j->q.r.rlcreate.iounit = iounit(j);
	j->q.r.rlcreate.qid = p9_qid_of_statx(j->tree, &sx);
	become_open(f, TAKE_FD(fd), flags, &sx);
	return 0;
}

/* --- 9P2000.L.metac: making another fid the open one --- */

/* Attributes of the file fd, and the file as the data of newfid. */
static int give_open(struct p9_job *j, int fd, int flags, uint64_t mask, struct p9_attr *ret)
{
	AUTO_CLOSE int owned = fd;
	struct statx sx;
	int r = p9_job_look(j, owned, "", mask, &sx, ret);
	if (r)
		return r;
	struct p9_file *f = p9_file_new(p9_job_file(j)->cred);
	if (!f)
		return -ENOMEM;
	become_open(f, TAKE_FD(owned), flags, &sx);
	j->q.newfid->data = f;
	return 0;
}

/* The first bytes of the file that newfid has become. What is short of count ends where the file
 * did when its attributes were looked at. When that would have to wait, newfid stays open, for
 * another call. */
static int read_first(struct p9_job *j)
{
	struct p9_file *f = j->q.newfid->data;
	const struct p9_attr *a = &j->q.r.ropenat.attr;
	uint32_t count = (uint32_t)MIN((uint64_t)j->q.t.topenat.count, a->size), used = 0;
	if (!S_ISREG(a->mode) || f->accmode == O_WRONLY)
		count = 0;
	while (used < count) {
		ssize_t n = p9_read_fd(j, f->fd, j->payload + used, count - used, used);
		if (n == -EAGAIN && !j->may_block)
			return P9_TREE_WOULD_BLOCK;
		if (n < 0) {
			p9_file_free(j->tree, f);
			j->q.newfid->data = NULL;
			return (int)n;
		}
		if (!n)
			break;
		used += (uint32_t)n;
	}
	j->q.r.ropenat.data = (struct p9_data){.p = j->payload, .len = used};
	return 0;
}

/* Opens what at, an O_PATH descriptor or the file of another fid, stands for. */
static int open_at(struct p9_job *j, int at)
{
	struct stat st;
	int flags = native_flags(j->q.t.topenat.open_flags);
	if (flags < 0)
		return flags;
	if (fstat(at, &st) < 0)
		return -errno;
	/* Who holds a lease on the file may take his time. */
	int nonblock = j->may_block ? 0 : O_NONBLOCK;
	int fd = j->q.t.topenat.open_flags & P9_O_AGAIN
			 ? open_again(j, at, &st, flags | nonblock)
			 : open_node(at, st.st_mode, flags | nonblock);
	if (fd == -EAGAIN && !j->may_block)
		return P9_TREE_WOULD_BLOCK;
	if (fd < 0)
		return fd;
	stay_placed(fd, j->q.t.topenat.open_flags);
	int r = give_open(j, fd, flags, j->q.t.topenat.request_mask, &j->q.r.ropenat.attr);
	return r ? r : read_first(j);
}

int p9_do_openat(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	char name[P9_MAX_NAME + 1];
	if (f->state == P9_XATTR_GET || f->state == P9_XATTR_SET)
		return -EBADF;
	if (t->topenat.count > j->q.msize - P9_OPENAT_HEADER)
		return -EINVAL;
	if (!j->may_block && (t->topenat.open_flags & P9_O_TRUNC))
		return P9_TREE_WOULD_BLOCK;
	if (j->q.newfid->data) /* opened already, without waiting for its data */
		return read_first(j);
	j->q.r.ropenat.iounit = iounit(j);
	j->q.r.ropenat.flags = 0;
	int at = p9_file_at(f);
	if (!t->topenat.name.len)
		return open_at(j, at);
	j->q.r.ropenat.flags = p9_job_watch(j, f, t->topenat.flags);
	p9_cstr(t->topenat.name, name, sizeof(name));
	AUTO_CLOSE int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : open_at(j, fd);
}

int p9_do_createat(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	char name[P9_MAX_NAME + 1];
	if (f->state == P9_XATTR_GET || f->state == P9_XATTR_SET)
		return -EBADF;
	int flags = native_flags(t->tcreateat.open_flags);
	if (flags < 0)
		return flags;
	flags &= ~O_DIRECTORY;
	p9_cstr(t->tcreateat.name, name, sizeof(name));
	int fd = create_or_open(p9_file_at(f), name, flags, t->tcreateat.mode & 07777,
		t->tcreateat.open_flags & P9_O_EXCL);
	if (fd < 0)
		return fd;
	j->q.r.rcreateat.iounit = iounit(j);
	stay_placed(fd, t->tcreateat.open_flags);
	p9_tell_dir(j);
	return give_open(j, fd, flags, t->tcreateat.request_mask, &j->q.r.rcreateat.attr);
}

int p9_createat_again(struct p9_job *j, uint64_t path)
{
	const struct p9_msg *t = &j->q.t;
	char name[P9_MAX_NAME + 1];
	struct stat st;
	int flags = native_flags(t->tcreateat.open_flags);
	if (flags < 0)
		return flags;
	flags &= ~(O_DIRECTORY | O_TRUNC);
	p9_cstr(t->tcreateat.name, name, sizeof(name));
	AUTO_CLOSE int at =
		openat(p9_file_at(p9_job_file(j)), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (at < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (fstat(at, &st) < 0)
		return -errno;
	if (p9_qid_of(j->tree, &st).path != path)
		return -ESTALE;
	int fd = open_again(j, at, &st, flags);
	if (fd < 0)
		return fd;
	j->q.r.rcreateat.iounit = iounit(j);
	stay_placed(fd, t->tcreateat.open_flags);
	return give_open(j, fd, flags, t->tcreateat.request_mask, &j->q.r.rcreateat.attr);
}

int p9_do_tmpfile(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	if (f->state == P9_XATTR_GET || f->state == P9_XATTR_SET)
		return -EBADF;
	int flags = native_flags(t->ttmpfile.open_flags);
	if (flags < 0)
		return flags;
	/* With O_EXCL it can never be given a name. */
	int exclusive = t->ttmpfile.open_flags & P9_O_EXCL ? O_EXCL : 0;
	int fd = openat(p9_file_at(f), ".", flags | O_TMPFILE | exclusive,
		(mode_t)(t->ttmpfile.mode & 07777));
	if (fd < 0)
		return -errno;
	j->q.r.rtmpfile.iounit = iounit(j);
	stay_placed(fd, t->ttmpfile.open_flags);
	return give_open(j, fd, flags, t->ttmpfile.request_mask, &j->q.r.rtmpfile.attr);
}
