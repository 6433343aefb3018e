/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a FUSE mount is a descriptor of /dev/fuse and a mount that names it; what
 * is mounted then waits for whoever reads that descriptor, the mount worker.  The kernel's v9fs is
 * given the connection itself.
 *
 * Nothing here may touch the mounted file system, since its worker may not answer yet, or never
 * again: what is mounted where is read from the mount table.  The one exception is giving the
 * kernel a moment to write back before unmounting, which a child process does.
 */
#include "base/log.h"
#include "svc/fs/fs-mount.h"
#include "sys/beneath.h"
#include "sys/mountfd.h"
#include "sys/mountinfo.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
	SYNC_TIMEOUT_MS = 2000,
	V9FS_MSIZE = 1024 * 1024,
	READ_AHEAD_KIB = FS_MOUNT_READ_AHEAD / 1024,
	STALE_MAX = 1024
};

#define SOURCE_PREFIX "metac:"

#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x00000200 /* linux/mount.h */
#endif

/* ---- paths that others may change ---- */

/*
 * mount(2) and umount2(2) follow symbolic links in a path, and who owns a directory on the way can
 * put one there at any moment after a check.  So the walk is done with links refused, and the calls
 * are given a name relative to where it ended.  The working directory is nothing else's concern.
 */
static int go_to(int fd)
{
	AUTO_CLOSE int owned = fd;
	if (fd < 0)
		return fd;
	return fchdir(fd) < 0 ? -errno : 0;
}

static int mount_at(const char *source, const char *path, const char *type, unsigned long flags,
	const char *options)
{
	AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	int r = go_to(beneath_open(root, path + 1, O_PATH | O_DIRECTORY, 0));
	if (r >= 0 && mount(source, ".", type, flags, options) < 0)
		r = -errno;
	(void)go_to(TAKE_FD(root));
	return r;
}

static int unmount_at(const char *path, int flags)
{
	const char *name;
	AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	int r = go_to(beneath_open_parent(root, path + 1, &name));
	if (r >= 0 && umount2(name, flags | UMOUNT_NOFOLLOW) < 0)
		r = -errno;
	(void)go_to(TAKE_FD(root));
	return r;
}

/* MNT_FORCE ends requests that nobody will answer, so that nothing waits for a dead connection;
 * MNT_DETACH takes it off even while in use. */
enum { AT_ONCE = MNT_FORCE | MNT_DETACH };

/* ---- is it fit to mount on ---- */

static int directory_is_empty(int fd)
{
	AUTO_CLOSE int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy < 0)
		return -errno;
	DIR *d = fdopendir(copy);
	if (!d)
		return -errno;
	TAKE_FD(copy);
	int n = 0;
	for (const struct dirent *e; n <= 2 && (e = readdir(d));)
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..") ? 3 : 1;
	closedir(d);
	return n <= 2;
}

static bool is_canonical(const char *path)
{
	size_t n = strlen(path);
	return path[0] == '/' && n < 4096 && (n == 1 || path[n - 1] != '/') &&
	       !strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../") &&
	       (n < 2 || strcmp(path + n - 2, "/.")) && (n < 3 || strcmp(path + n - 3, "/.."));
}

/* Where a descriptor leads, without symbolic links: must be the path itself. */
static bool leads_to(int fd, const char *path)
{
	char proc[64], real[4097];
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(proc, real, sizeof(real) - 1);
	if (n < 0)
		return false;
	real[n] = 0;
	return !strcmp(real, path);
}

int fs_mount_check(const char *path, bool may_cover, struct err *e)
{
	if (!is_canonical(path))
		return err_set(e, -EINVAL,
			"not an absolute path without \".\", \"..\" and empty components");
	int r = mountinfo_is_mount_point(path);
	if (r < 0)
		return err_errno(e, r, "read the mount table");
	if (r > 0)
		return err_set(e, -EBUSY, "something is mounted there already");
	AUTO_CLOSE int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, -errno, "mount point");
	if (S_ISLNK(st.st_mode) || !leads_to(fd, path))
		return err_set(e, -ELOOP, "the path has a symbolic link in it; give the real one");
	if (!S_ISDIR(st.st_mode))
		return err_errno(e, -ENOTDIR, "mount point");
	r = may_cover ? 1 : directory_is_empty(fd);
	if (r < 0)
		return err_errno(e, r, "mount point");
	if (r == 0)
		return err_set(e, -ENOTEMPTY, "the directory is not empty");
	return 0;
}

/* ---- mounting ---- */

/* Reads ahead further than the kernel's 128 KiB, for the sake of long lines. Only an optimisation.
 */
static void set_read_ahead(int mount)
{
	struct statx st;
	char name[96], value[16];
	if (statx(mount, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &st) < 0)
		return;
	(void)snprintf(name, sizeof(name), "/sys/class/bdi/%u:%u/read_ahead_kb", st.stx_dev_major,
		st.stx_dev_minor);
	AUTO_CLOSE int fd = open(name, O_WRONLY | O_CLOEXEC);
	int n = snprintf(value, sizeof(value), "%d\n", READ_AHEAD_KIB);
	if (fd < 0 || write(fd, value, (size_t)n) < 0)
		log_debug("%s: %s", name, strerror(errno));
}

static unsigned long mount_flags(bool read_only)
{
	return MS_NOSUID | MS_NODEV | (read_only ? MS_RDONLY : 0);
}

static int set_option(int fs, const char *name, const char *value)
{
	unsigned how = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
	return fsconfig(fs, how, name, value, 0) < 0 ? -errno : 0;
}

/* A detached mount that fuse_fd is the other end of. */
static int make_fuse(const char *source, int fuse_fd, bool read_only)
{
	char number[16];
	const struct {
		const char *name, *value;
	} options[] = {
		{"source", source},
		{"subtype", "metac"},
		{"fd", number},
		{"rootmode", "40000"},
		{"user_id", "0"},
		{"group_id", "0"},
		{"allow_other", NULL},
		{"default_permissions", NULL},
		{read_only ? "ro" : "rw", NULL},
	};
	(void)snprintf(number, sizeof(number), "%d", fuse_fd);
	AUTO_CLOSE int fs = fsopen("fuse", FSOPEN_CLOEXEC);
	int r = fs < 0 ? -errno : 0;
	for (size_t i = 0; i < ARRAY_SIZE(options) && r >= 0; i++)
		r = set_option(fs, options[i].name, options[i].value);
	if (r >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r < 0)
		return r;
	unsigned flags = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	AUTO_CLOSE int mount =
		fsmount(fs, FSMOUNT_CLOEXEC, flags | (read_only ? MOUNT_ATTR_RDONLY : 0));
	if (mount < 0)
		return -errno;
	set_read_ahead(mount);
	return TAKE_FD(mount);
}

static int open_place(const char *path)
{
	AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -errno : beneath_open(root, path + 1, O_PATH | O_DIRECTORY, 0);
}

/* Puts it where another one of ours is, and takes that one away; beneath it first, where the kernel
 * can (6.5), so that nobody meets the directory. */
static int attach_anew(const char *path, int mount)
{
	AUTO_CLOSE int to = open_place(path);
	unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
	if (to < 0)
		return to;
	bool beneath = move_mount(mount, "", to, "", flags | MOVE_MOUNT_BENEATH) == 0;
	int r = unmount_at(path, AT_ONCE);
	if (beneath || r < 0)
		return r;
	AUTO_CLOSE int bare = open_place(path);
	return bare < 0 ? bare : mountfd_attach(mount, bare);
}

int fs_mount_fuse(const char *path, const char *source, bool read_only, bool anew, struct err *e)
{
	AUTO_CLOSE int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, -errno, "/dev/fuse");
	AUTO_CLOSE int mount = make_fuse(source, fd, read_only);
	int r = MIN(mount, 0);
	if (r >= 0 && anew) {
		r = attach_anew(path, mount);
	} else if (r >= 0) {
		AUTO_CLOSE int to = open_place(path);
		r = to < 0 ? to : mountfd_attach(mount, to);
	}
	return r < 0 ? err_errno(e, r, "mount fuse on %s", path) : TAKE_FD(fd);
}

int fs_mount_bind(const char *path, int mount_fd, struct err *e)
{
	AUTO_CLOSE int to = open_place(path);
	int r = to < 0 ? to : mountfd_attach(mount_fd, to);
	return r < 0 ? err_errno(e, r, "bind on %s", path) : 0;
}

static bool kernel_has_9p(void)
{
	char text[8192];
	AUTO_CLOSE int fd = open("/proc/filesystems", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return false;
	text[n] = 0;
	return strstr(text, "\t9p\n") != NULL;
}

int fs_mount_v9fs(const char *path, const char *source, int conn_fd, bool read_only, struct err *e)
{
	char options[192];
	(void)snprintf(options, sizeof(options),
		"trans=fd,rfdno=%d,wfdno=%d,version=9p2000.L,uname=root,aname=/,msize=%d,"
		"access=user,cache=mmap",
		conn_fd, conn_fd, V9FS_MSIZE);
	/* The kernel loads the module if it has one. */
	int r = mount_at(source, path, "9p", mount_flags(read_only), options);
	if (r < 0) {
		r = r == -ENODEV || !kernel_has_9p() ? -ENODEV : r;
		return err_errno(e, r, "mount 9p on %s", path);
	}
	AUTO_CLOSE int mount = open_place(path);
	if (mount >= 0)
		set_read_ahead(mount);
	return 0;
}

/* ---- unmounting ---- */

/* What the kernel still has to write goes out now if it goes out at all: a server that does not
 * answer must not hold the caller. The child has nothing but this to do. */
static pid_t sync_begin(const char *path, int *ret_pidfd)
{
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		_exit(fd >= 0 && syncfs(fd) == 0 ? 0 : 1);
	}
	*ret_pidfd = pid < 0 ? -errno : (int)syscall(SYS_pidfd_open, pid, 0);
	if (*ret_pidfd >= 0) {
		struct pollfd p = {.fd = *ret_pidfd, .events = POLLIN};
		(void)poll(&p, 1, SYNC_TIMEOUT_MS);
	}
	return pid;
}

static void sync_end(pid_t pid, int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	if (pid < 0)
		return;
	(void)kill(pid, SIGKILL);
	/* Whatever it waited for has been aborted. */
	if (pidfd >= 0)
		(void)poll(&p, 1, SYNC_TIMEOUT_MS);
	(void)waitpid(pid, NULL, WNOHANG);
}

struct by_id {
	int id;
	const char *path;
};

static int last_on_path(void *user, const struct mountinfo *m)
{
	struct by_id *b = user;
	if (!strcmp(m->target, b->path))
		b->id = m->id;
	return 0;
}

int fs_mount_id(const char *path)
{
	struct by_id b = {.id = -ENOENT, .path = path};
	int r = mountinfo_each(last_on_path, &b);
	return r < 0 ? r : b.id;
}

/* 1: it is on top there. */
static int is_mounted(const char *path, int id)
{
	int there = fs_mount_id(path);
	return there < 0 ? there : id < 0 || there == id;
}

int fs_mount_detach(const char *path, int id, bool sync)
{
	int r = is_mounted(path, id);
	if (r <= 0)
		return r == -ENOENT ? 0 : r;
	AUTO_CLOSE int pidfd = -EBADF;
	pid_t pid = sync ? sync_begin(path, &pidfd) : -1;
	r = is_mounted(path, id);
	if (r > 0)
		r = unmount_at(path, AT_ONCE); /* also ends what the child waits for */
	sync_end(pid, pidfd);
	return r == -EINVAL || r == -ENOENT ? 0 : r;
}

int fs_mount_detach_lazily(const char *path)
{
	int r = unmount_at(path, MNT_DETACH);
	return r == -EINVAL ? 0 : r;
}

int fs_mount_detach_id(const char *path, int id)
{
	return fs_mount_id(path) == id ? fs_mount_detach_lazily(path) : 0;
}

bool fs_mount_is_busy(const char *path)
{
	/* The first call marks an unused mount and does nothing else. */
	return unmount_at(path, MNT_EXPIRE) == -EBUSY;
}

static int has_id(void *user, const struct mountinfo *m)
{
	return m->id == *(int *)user;
}

bool fs_mount_id_is_there(int id)
{
	return mountinfo_each(has_id, &id) > 0;
}

static int has_parent(void *user, const struct mountinfo *m)
{
	return m->parent == *(int *)user;
}

bool fs_mount_has_children(int id)
{
	return mountinfo_each(has_parent, &id) > 0;
}

struct stale {
	char source[160];
	char *paths[STALE_MAX];
	size_t n;
};

static int collect_stale(void *user, const struct mountinfo *m)
{
	struct stale *s = user;
	bool ours = !strcmp(m->fstype, "fuse.metac") || !strcmp(m->fstype, "9p");
	if (ours && !strcmp(m->source, s->source) && s->n < STALE_MAX &&
		(s->paths[s->n] = strdup(m->target)))
		s->n++;
	return 0;
}

int fs_mount_detach_stale(const char *address)
{
	int n = 0;
	struct stale *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	(void)snprintf(s->source, sizeof(s->source), SOURCE_PREFIX "%s", address);
	int r = mountinfo_each(collect_stale, s);
	/* Later ones first: they may lie upon or below earlier ones. */
	for (size_t i = s->n; i-- > 0;) {
		int d = unmount_at(s->paths[i], AT_ONCE);
		if (d < 0)
			log_warning("detach %s: %s", s->paths[i], strerror(-d));
		n += d == 0;
		free(s->paths[i]);
	}
	free(s);
	return r < 0 ? r : n;
}
