/* SPDX-License-Identifier: MIT */
/* See user-mount.h: what is told of mounts to other commands of the same user. */
#include "cli/busy.h"
#include "cli/user-mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { STATE_MAX = 16384 };

/* Ours alone; made if need be. */
static int state_directory(bool make, struct err *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char path[512];
	struct stat st;
	if (runtime && *runtime == '/')
		(void)snprintf(path, sizeof(path), "%s/metac", runtime);
	else
		(void)snprintf(path, sizeof(path), "/tmp/metac-%u", (unsigned)geteuid());
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(err, -errno, "%s", path);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, -errno, "%s", path);
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return err_set(err, -EPERM,
			"%s belongs to somebody else, or others may write there", path);
	return TAKE_FD(fd);
}

static void file_name(const char *path, char ret[32])
{
	uint64_t h = 0xcbf29ce484222325u;
	for (const char *p = path; *p; p++)
		h = (h ^ (uint8_t)*p) * 0x100000001b3u;
	(void)snprintf(ret, 32, "mount-%016llx", (unsigned long long)h);
}

int user_state_open(const char *path, struct err *err)
{
	char name[32];
	AUTO_CLOSE int dir = state_directory(true, err);
	if (dir < 0)
		return dir;
	file_name(path, name);
	AUTO_CLOSE int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, -errno, "%s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, -EBUSY, "%s: mounted already", path);
	return TAKE_FD(fd);
}

int user_state_write(int fd, const struct user_mount *m)
{
	json_t *j = json_pack("{ss% ss ss ss sI si}", "path", m->path, strlen(m->path), "source",
		m->source, "state", m->state, "error", m->error, "since", (json_int_t)m->since,
		"pid", m->pid);
	AUTO_FREE char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	json_decref(j);
	if (!text)
		return -EINVAL;
	size_t n = strlen(text);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, n, 0) != (ssize_t)n)
		return -EIO;
	return 0;
}

void user_state_remove(const char *path)
{
	char name[32];
	AUTO_CLOSE int dir = state_directory(false, NULL);
	file_name(path, name);
	if (dir >= 0)
		(void)unlinkat(dir, name, 0);
}

static void copy_text(const json_t *j, const char *key, char *ret, size_t size)
{
	const char *s = json_string_value(json_object_get(j, key));
	(void)snprintf(ret, size, "%s", s ?: "");
}

static int parse(const char *text, size_t n, struct user_mount *m)
{
	json_t *j = json_loadb(text, n, 0, NULL);
	if (!j)
		return -EINVAL;
	*m = (struct user_mount){};
	copy_text(j, "path", m->path, sizeof(m->path));
	copy_text(j, "source", m->source, sizeof(m->source));
	copy_text(j, "state", m->state, sizeof(m->state));
	copy_text(j, "error", m->error, sizeof(m->error));
	m->since = json_integer_value(json_object_get(j, "since"));
	m->pid = (int)json_integer_value(json_object_get(j, "pid"));
	json_decref(j);
	return *m->path == '/' ? 0 : -EINVAL;
}

/* Of a mount that is kept; what nobody keeps is removed. */
static int read_state(int dir, const char *name, struct user_mount *m)
{
	AUTO_FREE char *text = malloc(STATE_MAX);
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !text)
		return -ENOENT;
	if (!flock(fd, LOCK_SH | LOCK_NB)) {
		(void)unlinkat(dir, name, 0);
		return -ENOENT;
	}
	ssize_t n = pread(fd, text, STATE_MAX, 0);
	return n <= 0 ? -ENOENT : parse(text, (size_t)n, m);
}

int user_mounts_each(void (*fn)(void *user, const struct user_mount *m), void *user)
{
	int dir = state_directory(false, NULL);
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	if (!d) {
		fd_close(dir);
		return 0;
	}
	struct user_mount *m = malloc(sizeof(*m));
	for (const struct dirent *e; m && (e = readdir(d));)
		if (!strncmp(e->d_name, "mount-", 6) && read_state(dirfd(d), e->d_name, m) >= 0)
			fn(user, m);
	free(m);
	closedir(d);
	return 0;
}

struct find {
	const char *path;
	bool found;
};

static void on_mount(void *user, const struct user_mount *m)
{
	struct find *f = user;
	f->found |= !strcmp(m->path, f->path);
}

int user_umount(const char *path, bool lazy, struct err *err)
{
	struct find f = {.path = path};
	struct busy_user users[BUSY_LISTED_MAX];
	int r = user_mounts_each(on_mount, &f);
	if (r < 0 || !f.found)
		return r;
	int n = lazy ? 0 : busy_find(path, users);
	if (n > 0)
		return busy_explain(path, users, n, err);
	r = user_fuse_umount(path, lazy, err);
	return r < 0 ? r : 1;
}
