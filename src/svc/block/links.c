/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: links.h.
 *
 * The note is written before the link, and removed after it; so there may be a note without a link,
 * but no link of ours without a note.
 */
#include "svc/block/links.h"
#include "base/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

enum { NAME_MAX_ = 64, NOTE_SIZE = NAME_MAX_ + 32, PATH_SIZE = 256 };

static const char notes[] = "block-links";
static const char *directory = "/dev/metac";

void links_set_directory(const char *path)
{
	directory = path;
}

bool links_name_is_valid(const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t n = strlen(name);
	return n > 0 && n <= NAME_MAX_ && strspn(name, allowed) == n && name[0] != '.';
}

static void path_of(const char *name, char ret[PATH_SIZE])
{
	(void)snprintf(ret, PATH_SIZE, "%s/%s", directory, name);
}

static void note_of(const char *name, char ret[NOTE_SIZE])
{
	(void)snprintf(ret, NOTE_SIZE, "%s/%s", notes, name);
}

static bool read_link(int dir, const char *path, char ret[PATH_SIZE])
{
	ssize_t n = readlinkat(dir, path, ret, PATH_SIZE - 1);
	ret[MAX(n, 0)] = 0;
	return n > 0;
}

/* Is the link there the one that was noted? */
static bool is_ours(int runtime, const char *name)
{
	char note[NOTE_SIZE], path[PATH_SIZE], noted[PATH_SIZE], there[PATH_SIZE];
	note_of(name, note);
	path_of(name, path);
	return read_link(runtime, note, noted) && read_link(AT_FDCWD, path, there) &&
	       !strcmp(noted, there);
}

void links_remove(int runtime, const char *name)
{
	char note[NOTE_SIZE], path[PATH_SIZE];
	note_of(name, note);
	path_of(name, path);
	if (is_ours(runtime, name) && unlink(path) < 0)
		log_warning("%s: %s", path, strerror(errno));
	(void)unlinkat(runtime, note, 0);
	(void)rmdir(directory); /* if it was the last one, of any node */
}

int links_make(int runtime, const char *name, const char *device, struct err *e)
{
	char note[NOTE_SIZE], path[PATH_SIZE], there[PATH_SIZE];
	note_of(name, note);
	path_of(name, path);
	links_remove(runtime, name); /* a note of ours from before */
	(void)mkdirat(runtime, notes, 0700);
	if (symlinkat(device, runtime, note) < 0)
		return err_errno(e, -errno, "note the link %s", path);
	int r = 0;
	for (int i = 0; i < 3; i++) { /* another node removes the directory in between */
		r = mkdir(directory, 0755) < 0 && errno != EEXIST ? -errno : 0;
		if (r >= 0 && symlink(device, path) < 0)
			r = -errno;
		if (r != -ENOENT)
			break;
	}
	if (r >= 0)
		return 0;
	(void)unlinkat(runtime, note, 0);
	if (r == -EEXIST && read_link(AT_FDCWD, path, there))
		return err_set(e, r, "the name is taken: %s leads to %s", path, there);
	return err_errno(e, r, "%s", path);
}

void links_remove_stale(int runtime)
{
	int fd = openat(runtime, notes, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_close(fd);
		return;
	}
	for (const struct dirent *e; (e = readdir(d));)
		if (links_name_is_valid(e->d_name))
			links_remove(runtime, e->d_name);
	closedir(d);
}
