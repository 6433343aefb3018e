/* SPDX-License-Identifier: MIT */
/*
 * See busy.h.  Mounts are told apart by their number in the mount table (statx(2): stx_mnt_id),
 * which also works for a directory bound to another place of the same file system.
 */
#include "cli/busy.h"
#include "sys/mountinfo.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

struct mounts { /* what is on the path, and upon that */
	const char *path;
	int ids[BUSY_MOUNTS_MAX];
	size_t n;
};

static bool is_among(const struct mounts *m, uint64_t id)
{
	for (size_t i = 0; i < m->n; i++)
		if ((uint64_t)m->ids[i] == id)
			return true;
	return false;
}

static int find_top(void *user, const struct mountinfo *i)
{
	struct mounts *m = user;
	if (!strcmp(i->target, m->path)) {
		m->ids[0] = i->id;
		m->n = 1;
	}
	return 0;
}

/* Later lines lie upon earlier ones, or another pass finds them. */
static int find_children(void *user, const struct mountinfo *i)
{
	struct mounts *m = user;
	if (m->n < BUSY_MOUNTS_MAX && is_among(m, (uint64_t)i->parent) &&
		!is_among(m, (uint64_t)i->id))
		m->ids[m->n++] = i->id;
	return 0;
}

static int find_mounts(struct mounts *m)
{
	int r = mountinfo_each(find_top, m);
	for (size_t before = 0; r >= 0 && before != m->n;) {
		before = m->n;
		r = mountinfo_each(find_children, m);
	}
	return r;
}

static bool lies_there(const struct mounts *m, int dir, const char *name)
{
	struct statx st;
	return statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &st) == 0 &&
	       (st.stx_mask & STATX_MNT_ID) && is_among(m, st.stx_mnt_id);
}

static bool any_lies_there(const struct mounts *m, int proc, const char *folder)
{
	bool found = false;
	int fd = openat(proc, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	for (const struct dirent *e; !found && (e = readdir(d));)
		found = e->d_name[0] != '.' && lies_there(m, dirfd(d), e->d_name);
	closedir(d);
	return found;
}

static const char *how_it_uses(const struct mounts *m, int proc)
{
	if (lies_there(m, proc, "cwd"))
		return "works in it";
	if (lies_there(m, proc, "root"))
		return "has its root in it";
	if (any_lies_there(m, proc, "fd"))
		return "has a file in it open";
	if (lies_there(m, proc, "exe"))
		return "is a program from it";
	return any_lies_there(m, proc, "map_files") ? "has a file in it mapped" : NULL;
}

static void read_name(int proc, char ret[static 16])
{
	AUTO_CLOSE int fd = openat(proc, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, 15);
	n = n < 0 ? 0 : n;
	ret[n] = 0;
	if (n && ret[n - 1] == '\n')
		ret[n - 1] = 0;
	for (char *p = ret; *p; p++)
		if (*p < ' ' || *p >= 0x7f)
			*p = '?';
}

/* For whom looks up a name, nothing in /proc tells where; only that it waits for a FUSE mount. */
static const char *how_it_waits(const struct mounts *m, int proc)
{
	char name[32] = "";
	AUTO_CLOSE int fd = openat(proc, "wchan", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, name, sizeof(name) - 1) <= 0)
		return NULL;
	return strstr(name, "request_wait_answer") ? "waits for an answer, maybe of it" : NULL;
}

static int find(const struct mounts *m, const char *(*look)(const struct mounts *m, int proc),
	struct busy_user ret[BUSY_LISTED_MAX])
{
	int n = 0;
	DIR *d = opendir("/proc");
	if (!d)
		return -errno;
	for (const struct dirent *e; (e = readdir(d));) {
		int pid = atoi(e->d_name);
		AUTO_CLOSE int proc =
			pid > 0 ? openat(dirfd(d), e->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC)
				: -EBADF;
		const char *how = proc < 0 || pid == getpid() ? NULL : look(m, proc);
		if (how && n < BUSY_LISTED_MAX) {
			ret[n] = (struct busy_user){.pid = pid, .how = how};
			read_name(proc, ret[n].name);
		}
		n += how != NULL;
	}
	closedir(d);
	return n;
}

int busy_find(const char *path, struct busy_user ret[BUSY_LISTED_MAX])
{
	struct mounts m = {.path = path};
	int r = find_mounts(&m);
	return r < 0 ? r : find(&m, how_it_uses, ret);
}

int busy_find_waiting(struct busy_user ret[BUSY_LISTED_MAX])
{
	return find(NULL, how_it_waits, ret);
}

int busy_explain(const char *path, const struct busy_user *users, int n, struct err *e)
{
	char list[700] = "";
	size_t at = 0;
	for (int i = 0; i < MIN(n, (int)BUSY_LISTED_MAX) && at + 64 < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s (process %d, %s)",
			i ? ", " : " by ", users[i].name, users[i].pid, users[i].how);
	if (n > BUSY_LISTED_MAX)
		(void)snprintf(list + at, sizeof(list) - at, " and %d more", n - BUSY_LISTED_MAX);
	return err_set(e, -EBUSY, "%s is in use%s; see --lazy and --force", path, list);
}
