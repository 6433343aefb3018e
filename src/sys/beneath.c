/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: beneath.h.  The kernel does the walk; it answers EAGAIN when a rename
 * elsewhere made it unsure whether ".." stayed inside, which is worth trying again.
 */
#include "sys/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

enum { TRIES = 64 };

int beneath_check(const char *path, size_t len)
{
	if (len > BENEATH_PATH_MAX || memchr(path, '\0', len))
		return -EINVAL;
	if (len == 0 || (len == 1 && path[0] == '.'))
		return 0;
	unsigned depth = 0;
	const char *end = path + len;
	for (const char *at = path;;) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t n = (size_t)((slash ? slash : end) - at);
		if (n == 0 || (n == 1 && at[0] == '.') || (n == 2 && !memcmp(at, "..", 2)))
			return -EINVAL;
		if (++depth > BENEATH_DEPTH_MAX)
			return -EINVAL;
		if (!slash)
			return 0;
		at = slash + 1;
	}
}

enum { NO_LINKS = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

static int walk_with(int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = makes ? mode & 07777 : 0, /* openat2 refuses what open ignores */
		.resolve = resolve,
	};
	for (unsigned i = 0; i < TRIES; i++) {
		long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

static int walk(int dir_fd, const char *path, int flags, mode_t mode)
{
	return walk_with(dir_fd, path, flags, mode, NO_LINKS);
}

int beneath_follow(int dir_fd, const char *path)
{
	int r = beneath_check(path, strlen(path));
	if (r < 0)
		return r;
	return walk_with(dir_fd, path[0] ? path : ".", O_PATH, 0,
		RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
}

int beneath_open(int dir_fd, const char *path, int flags, mode_t mode)
{
	int r = beneath_check(path, strlen(path));
	if (r < 0)
		return r;
	return walk(dir_fd, path[0] ? path : ".", flags, mode);
}

int beneath_open_parent(int dir_fd, const char *path, const char **ret_name)
{
	size_t len = strlen(path);
	int r = beneath_check(path, len);
	if (r < 0)
		return r;
	if (len == 0 || !strcmp(path, "."))
		return -EINVAL; /* the directory itself has no name in here */
	const char *slash = strrchr(path, '/');
	char parent[BENEATH_PATH_MAX + 1] = ".";
	if (slash) {
		memcpy(parent, path, (size_t)(slash - path));
		parent[slash - path] = '\0';
	}
	int fd = walk(dir_fd, parent, O_PATH | O_DIRECTORY, 0);
	if (fd >= 0)
		*ret_name = slash ? slash + 1 : path;
	return fd;
}
