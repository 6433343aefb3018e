/* SPDX-License-Identifier: MIT */
/*
 * Names of network namespaces, and what they lead to.  See place.h.
 *
 * A name of ip-netns(8) is a file below /run/netns that the namespace is mounted on; it is opened
 * following no link. A path may be anything that root has mounted, or a process's
 * /proc/PID/ns/net. Nothing is really opened before it is known to lie on nsfs: a FIFO would
 * block, a device might do something. For a process a name means that process and no later one of
 * its number: when it started is a part of the name, read after the file was opened.
 */
#include "svc/net/place.h"
#include "sys/priv.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define DIRECTORY "/run/netns/"

/* ---- processes ----------------------------------------------------------------------------- */

struct process_name {
	int pid;
	uint64_t start; /* clock ticks since boot; 0: not told */
	size_t path_len; /* of the path alone */
};

static const char *number(const char *s, uint64_t max, uint64_t *ret)
{
	char *end = NULL;
	if (*s < '1' || *s > '9')
		return NULL;
	errno = 0;
	unsigned long long v = strtoull(s, &end, 10);
	if (errno || v > max)
		return NULL;
	*ret = v;
	return end;
}

/* "/proc/123/ns/net", "/proc/123/ns/net@4567" */
static bool is_process(const char *name, struct process_name *ret)
{
	static const char head[] = "/proc/", tail[] = "/ns/net";
	uint64_t pid = 0, start = 0;
	if (strncmp(name, head, sizeof(head) - 1) != 0)
		return false;
	const char *s = number(name + sizeof(head) - 1, INT_MAX, &pid);
	if (!s || strncmp(s, tail, sizeof(tail) - 1) != 0)
		return false;
	s += sizeof(tail) - 1;
	ret->path_len = (size_t)(s - name);
	if (*s == '@')
		s = number(s + 1, UINT64_MAX, &start);
	ret->pid = (int)pid;
	ret->start = start;
	return s && !*s;
}

/* Field 22 of /proc/PID/stat; the name in field 2 may contain anything. */
static int start_of(int pid, uint64_t *ret)
{
	char path[64], text[1024];
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return errno == ENOENT || errno == ESRCH ? -ESRCH : -errno;
	text[n] = 0;
	const char *s = strrchr(text, ')');
	for (int field = 3; s && field <= 22; field++) {
		s = strchr(s, ' ');
		s = s ? s + 1 : NULL;
	}
	return s && number(s, UINT64_MAX, ret) ? 0 : -EPROTO;
}

int place_open_process(const char *name)
{
	struct process_name p;
	uint64_t start = 0;
	if (!is_process(name, &p))
		return -EBADF;
	AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_open, p.pid, 0);
	if (fd < 0)
		return -errno;
	int r = start_of(p.pid, &start);
	if (r < 0 || start != p.start)
		return -ESRCH;
	return TAKE_FD(fd);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* What the O_PATH descriptor leads to, opened. */
static int open_nsfs(int path_fd)
{
	struct statfs fs;
	char path[64];
	if (fstatfs(path_fd, &fs) < 0)
		return -errno;
	if (fs.f_type != NSFS_MAGIC)
		return -EINVAL;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	return ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET ? TAKE_FD(fd) : -EINVAL;
}

static int open_named(const char *name)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	AUTO_CLOSE int dir = open(DIRECTORY, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	AUTO_CLOSE int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	return fd < 0 ? -errno : open_nsfs(fd);
}

/* Looking into another process's /proc takes SYS_PTRACE, which is put aside otherwise. */
static int open_path(const char *path)
{
	uint64_t caps = 0;
	bool known = priv_caps_effective(&caps) >= 0;
	(void)priv_caps_set_effective(PRIV_CAPS_ALL);
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	int r = fd < 0 ? -errno : open_nsfs(fd);
	if (known)
		(void)priv_caps_set_effective(caps);
	return r;
}

static int open_process(const char *name, const struct process_name *p)
{
	char path[64];
	uint64_t start = 0;
	(void)snprintf(path, sizeof(path), "%.*s", (int)p->path_len, name);
	AUTO_CLOSE int fd = open_path(path);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	int r = p->start ? start_of(p->pid, &start) : 0;
	return r < 0 || start != p->start ? -ESRCH : TAKE_FD(fd);
}

static bool is_plain(const char *name)
{
	return *name && strlen(name) <= NAME_MAX && !strchr(name, '/') && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

int place_open_name(const char *name, struct err *e)
{
	struct process_name p;
	char text[PATH_MAX];
	int fd;
	if (is_plain(name))
		fd = open_named(name);
	else if (name[0] != '/' || strlen(name) >= PATH_MAX)
		return err_set(e, -EINVAL,
			"\"%.100s\" names no network namespace: a name is without \"/\", a path is "
			"absolute",
			name);
	else if (is_process(name, &p))
		fd = open_process(name, &p);
	else if (!strncmp(name, "/proc/", 6))
		return err_set(e, -EINVAL, "%.100s: of /proc it is /proc/PID/ns/net", name);
	else
		fd = open_path(name);
	place_name_text(name, text, sizeof(text));
	if (fd == -ENOENT)
		return err_set(e, fd, "there is no network namespace %.200s", text);
	if (fd == -EINVAL || fd == -ELOOP)
		return err_set(e, -EINVAL, "%.200s is not a network namespace", text);
	if (fd == -ESRCH)
		return err_set(e, fd, "%.200s: that process has ended", text);
	return fd < 0 ? err_errno(e, fd, "network namespace %.200s", text) : fd;
}

/* ---- names --------------------------------------------------------------------------------- */

static bool is_own(int fd)
{
	struct stat a, b;
	return fstat(fd, &a) == 0 && stat("/proc/self/ns/net", &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int place_name(struct net_service *ns, const char *name, char **ret, struct err *e)
{
	struct process_name p;
	uint64_t start = 0;
	char *text = NULL;
	AUTO_CLOSE int fd = *name ? place_open_name(name, e) : -EBADF;
	if (*name && fd < 0)
		return fd;
	if (fd < 0 || is_own(fd)) {
		text = strdup("");
	} else if (is_process(name, &p) && !p.start) {
		if (start_of(p.pid, &start) < 0)
			return err_set(e, -ESRCH, "%s: that process has ended", name);
		if (asprintf(&text, "%s@%llu", name, (unsigned long long)start) < 0)
			text = NULL;
	} else if (!strncmp(name, DIRECTORY, sizeof(DIRECTORY) - 1) &&
		   is_plain(name + sizeof(DIRECTORY) - 1)) {
		text = strdup(name + sizeof(DIRECTORY) - 1);
	} else {
		text = strdup(name);
	}
	if (!text)
		return err_errno(e, -ENOMEM, "network namespace");
	*ret = text;
	return 0;
}

bool place_name_is_lasting(const char *name)
{
	struct process_name p;
	return !is_process(name, &p);
}

const char *place_name_text(const char *name, char *ret, size_t size)
{
	struct process_name p;
	size_t n = is_process(name, &p) ? p.path_len : strlen(name);
	(void)snprintf(ret, size, "%.*s", (int)MIN(n, (size_t)PATH_MAX), name);
	return ret;
}
