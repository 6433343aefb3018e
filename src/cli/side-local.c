/* SPDX-License-Identifier: MIT */
/*
 * See side.h: the command's own files.  A node holds a descriptor: of the open file or directory,
 * or one that only stands for the thing (O_PATH), which is reached as /proc/self/fd/N where there
 * is no other way.  Calls simply block: they end soon, and meanwhile replies wait in the socket.
 */
#include "cli/side.h"
#include "wire/9p/9p-codec.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

struct local_node {
	struct node node;
	int fd;
	bool path_only;
	DIR *listing;
};

#define PROC_PATH 32

static struct local_node *local(struct node *n)
{
	return container_of(n, struct local_node, node);
}

static const char *proc_path(const struct local_node *l, char buf[PROC_PATH])
{
	(void)snprintf(buf, PROC_PATH, "/proc/self/fd/%d", l->fd);
	return buf;
}

static void local_node_free(struct node *n)
{
	struct local_node *l = local(n);
	if (l->listing)
		closedir(l->listing);
	fd_close(l->fd);
	free(l);
}

/* Takes fd, which may be a negative errno. */
static int node_new(struct side *s, int fd, bool path_only, struct node **ret)
{
	if (fd < 0)
		return fd;
	struct local_node *l = calloc(1, sizeof(*l));
	if (!l) {
		fd_close(fd);
		return -ENOMEM;
	}
	l->node = (struct node){.side = s, .refs = 1};
	l->fd = fd;
	l->path_only = path_only;
	*ret = &l->node;
	return 0;
}

static int open_at(int dir, const char *name, int flags, mode_t mode)
{
	int fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
	return fd < 0 ? -errno : fd;
}

static void take_stat(const struct stat *st, struct attr *a)
{
	*a = (struct attr){
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.nlink = st->st_nlink,
		.size = (uint64_t)st->st_size,
		.blocks = (uint64_t)st->st_blocks,
		.major = major(st->st_rdev),
		.minor = minor(st->st_rdev),
		.key = (uint64_t)st->st_ino ^ (uint64_t)st->st_dev << 40,
		.atime = st->st_atim,
		.mtime = st->st_mtim,
	};
}

static int get_attr(int fd, struct attr *a)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	take_stat(&st, a);
	return 0;
}

static int local_look(struct node *dir, const char *name, struct node **ret, struct attr *a)
{
	AUTO_CLOSE int fd = open_at(local(dir)->fd, name, O_PATH, 0);
	int r = fd < 0 ? fd : get_attr(fd, a);
	if (r < 0)
		return r;
	/* One that can be read is needed to list it. */
	int readable = S_ISDIR(a->mode) ? open_at(local(dir)->fd, name, O_RDONLY | O_DIRECTORY, 0)
					: -EBADF;
	if (readable >= 0)
		return node_new(dir->side, readable, false, ret);
	return node_new(dir->side, TAKE_FD(fd), true, ret);
}

static int local_attr(struct node *n, struct attr *a)
{
	return get_attr(local(n)->fd, a);
}

static int local_list(struct node *n, uint64_t *cursor, side_entry fn, void *user)
{
	struct local_node *l = local(n);
	if (!l->listing) {
		int fd = open_at(l->fd, ".", O_RDONLY | O_DIRECTORY, 0);
		l->listing = fd < 0 ? NULL : fdopendir(fd);
		if (!l->listing)
			return fd < 0 ? fd : -errno;
	}
	for (int i = 0; i < 256; i++) {
		errno = 0;
		const struct dirent *e = readdir(l->listing);
		if (!e)
			return -errno;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		int r = fn(user, e->d_name, e->d_type, NULL);
		if (r < 0)
			return r;
		++*cursor;
	}
	return 1;
}

static ssize_t read_at(int fd, uint64_t at, void *buf, size_t size)
{
	size_t got = 0;
	while (got < size) {
		ssize_t k = pread(fd, (char *)buf + got, size - got, (off_t)(at + got));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (!k)
			break;
		got += (size_t)k;
	}
	return (ssize_t)got;
}

static int local_open(struct node *dir, const char *name, struct node **ret, struct attr *a,
	void *buf, size_t cap, size_t *ret_n)
{
	/* Not blocked by a FIFO that took the file's place. */
	AUTO_CLOSE int fd = open_at(local(dir)->fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	int r = fd < 0 ? fd : get_attr(fd, a);
	if (r >= 0 && !S_ISREG(a->mode))
		r = -EINVAL;
	ssize_t n = r < 0 ? r : read_at(fd, 0, buf, cap);
	if (n < 0)
		return (int)n;
	*ret_n = (size_t)n;
	return node_new(dir->side, TAKE_FD(fd), false, ret);
}

static int local_create(struct node *dir, const char *name, struct node **ret)
{
	int fd = open_at(local(dir)->fd, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	return node_new(dir->side, fd, false, ret);
}

static int local_reopen(struct node *dir, const char *name, struct node **ret, struct attr *a)
{
	AUTO_CLOSE int fd = open_at(local(dir)->fd, name, O_RDWR | O_NONBLOCK | O_NOCTTY, 0);
	int r = fd < 0 ? fd : get_attr(fd, a);
	if (r >= 0 && !S_ISREG(a->mode))
		r = -EINVAL;
	/* In a directory that others may write to, somebody may have put it there for us: with
	 * content of his, or as another name for something else. */
	if (r >= 0 && (a->uid != geteuid() || a->nlink != 1))
		r = -EPERM;
	return r < 0 ? r : node_new(dir->side, TAKE_FD(fd), false, ret);
}

static ssize_t local_read(struct node *n, uint64_t at, void *buf, size_t size)
{
	return read_at(local(n)->fd, at, buf, size);
}

static int local_write(struct node *n, uint64_t at, const void *buf, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t k = pwrite(
			local(n)->fd, (const char *)buf + done, size - done, (off_t)(at + done));
		if (k < 0 && errno != EINTR)
			return -errno;
		done += k > 0 ? (size_t)k : 0;
	}
	return 0;
}

static int local_extent(struct node *n, uint64_t at, uint64_t size, uint64_t *start, uint64_t *end)
{
	off_t data = lseek(local(n)->fd, (off_t)at, SEEK_DATA);
	if (data < 0 && errno != ENXIO)
		return -errno;
	if (data < 0 || (uint64_t)data >= size) {
		*start = *end = size;
		return 0;
	}
	off_t hole = lseek(local(n)->fd, data, SEEK_HOLE);
	*start = (uint64_t)data;
	*end = hole < 0 ? size : MIN((uint64_t)hole, size);
	return 0;
}

static int local_truncate(struct node *n, uint64_t size)
{
	return ftruncate(local(n)->fd, (off_t)size) < 0 ? -errno : 0;
}

static int local_readlink(struct node *n, char *buf, size_t size)
{
	ssize_t k = readlinkat(local(n)->fd, "", buf, size - 1);
	if (k < 0)
		return -errno;
	buf[k] = 0;
	return (size_t)k == size - 1 ? -ENAMETOOLONG : 0;
}

static int local_make(struct node *dir, const char *name, const struct attr *a, const char *target)
{
	int fd = local(dir)->fd, r;
	if (S_ISDIR(a->mode))
		r = mkdirat(fd, name, 0700);
	else if (S_ISLNK(a->mode))
		r = symlinkat(target, fd, name);
	else
		r = mknodat(fd, name, (a->mode & S_IFMT) | 0600, makedev(a->major, a->minor));
	return r < 0 ? -errno : 0;
}

static int local_link(struct node *n, struct node *dir, const char *name)
{
	char path[PROC_PATH];
	return linkat(AT_FDCWD, proc_path(local(n), path), local(dir)->fd, name,
		       AT_SYMLINK_FOLLOW) < 0
		       ? -errno
		       : 0;
}

static int local_rename(struct node *dir, const char *from, const char *to)
{
	return renameat(local(dir)->fd, from, local(dir)->fd, to) < 0 ? -errno : 0;
}

static int local_remove(struct node *dir, const char *name, bool is_dir)
{
	return unlinkat(local(dir)->fd, name, is_dir ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}

static int local_set(struct node *n, const struct attr *a, unsigned what)
{
	const struct local_node *l = local(n);
	const struct timespec times[2] = {a->atime, a->mtime};
	char path[PROC_PATH];
	int r = 0;
	if (what & SET_OWNER)
		r = fchownat(l->fd, "", a->uid, a->gid, AT_EMPTY_PATH);
	if (!r && (what & SET_MODE) && !S_ISLNK(a->mode))
		r = l->path_only ? chmod(proc_path(l, path), a->mode & 07777)
				 : fchmod(l->fd, a->mode & 07777);
	if (!r && (what & SET_TIMES))
		r = l->path_only ? utimensat(l->fd, "", times, AT_EMPTY_PATH)
				 : futimens(l->fd, times);
	return r < 0 ? -errno : 0;
}

static ssize_t local_xattr_list(struct node *n, char *buf, size_t size)
{
	char path[PROC_PATH];
	const struct local_node *l = local(n);
	ssize_t k = l->path_only ? listxattr(proc_path(l, path), buf, size)
				 : flistxattr(l->fd, buf, size);
	return k < 0 ? -errno : k;
}

static ssize_t local_xattr_get(struct node *n, const char *name, void *buf, size_t size)
{
	char path[PROC_PATH];
	const struct local_node *l = local(n);
	ssize_t k = l->path_only ? getxattr(proc_path(l, path), name, buf, size)
				 : fgetxattr(l->fd, name, buf, size);
	return k < 0 ? -errno : k;
}

static int local_xattr_set(struct node *n, const char *name, const void *value, size_t size)
{
	char path[PROC_PATH];
	const struct local_node *l = local(n);
	int r = l->path_only ? setxattr(proc_path(l, path), name, value, size, 0)
			     : fsetxattr(l->fd, name, value, size, 0);
	return r < 0 ? -errno : 0;
}

static void local_free(struct side *s)
{
	free(s);
}

static const struct side_ops local_ops = {
	.free = local_free,
	.node_free = local_node_free,
	.look = local_look,
	.attr = local_attr,
	.list = local_list,
	.open = local_open,
	.create = local_create,
	.reopen = local_reopen,
	.read = local_read,
	.write = local_write,
	.extent = local_extent,
	.truncate = local_truncate,
	.readlink = local_readlink,
	.make = local_make,
	.link = local_link,
	.rename = local_rename,
	.remove = local_remove,
	.set = local_set,
	.xattr_list = local_xattr_list,
	.xattr_get = local_xattr_get,
	.xattr_set = local_xattr_set,
};

/* "a/b/" and "a/b/." are what b holds; "..", too, has no name of its own. */
static bool names_content(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	return !*last || !strcmp(last, ".") || !strcmp(last, "..");
}

int side_local_open(const char *path, struct side **ret)
{
	AUTO(side_free) struct side *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ops = &local_ops;
	s->local = true;
	const char *slash = strrchr(path, '/');
	bool content = names_content(path);
	AUTO_FREE char *above = content ? strdup(path)
				: slash ? strndup(path, (size_t)(slash - path) + 1)
					: strdup(".");
	s->path = strdup(content ? "" : slash ? slash + 1 : path);
	if (!above || !s->path)
		return -ENOMEM;
	int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = node_new(s, fd < 0 ? -errno : fd, false, &s->root);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}

struct node *node_unref(struct node *n)
{
	if (n && !--n->refs)
		n->side->ops->node_free(n);
	return NULL;
}

void side_free(struct side *s)
{
	if (!s)
		return;
	node_unref(s->root);
	free(s->path);
	s->ops->free(s);
}
