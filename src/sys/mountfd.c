/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: mountfd.h.
 *
 * An idmapped mount takes its mapping from a user namespace, so one is made for it by a child that
 * does nothing else; the namespace lives on in the mount.
 */
#include "sys/mountfd.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int set_attributes(int mount, struct mount_attr *a)
{
	unsigned flags = AT_EMPTY_PATH | AT_RECURSIVE;
	return mount_setattr(mount, "", flags, a, sizeof(*a)) < 0 ? -errno : 0;
}

int mountfd_restrict(int mount, bool read_only)
{
	struct mount_attr a = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
	if (read_only) {
		a.attr_set |= MOUNT_ATTR_RDONLY;
		/* What is mounted below later would come along writable. */
		a.propagation = MS_PRIVATE;
	}
	return set_attributes(mount, &a);
}

int mountfd_clone(int dir, bool read_only)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH;
	AUTO_CLOSE int mount = open_tree(dir, "", flags);
	if (mount < 0)
		return -errno;
	/* Unmounting here must go on working for what lies below, and not the other way round. */
	int r = set_attributes(mount, &(struct mount_attr){.propagation = MS_SLAVE});
	if (r >= 0)
		r = mountfd_restrict(mount, read_only);
	return r < 0 ? r : TAKE_FD(mount);
}

int mountfd_attach(int mount, int to)
{
	unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
	return move_mount(mount, "", to, "", flags) < 0 ? -errno : 0;
}

int mountfd_id(int fd)
{
	struct statx st;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return -errno;
	return st.stx_mask & STATX_MNT_ID ? (int)st.stx_mnt_id : -EOPNOTSUPP;
}

/* ---- identity maps ---- */

enum { IDS_END = UINT32_MAX }; /* the last one is no id */

static int by_remote(const void *a, const void *b)
{
	const struct mountfd_map *x = a, *y = b;
	return x->remote < y->remote ? -1 : x->remote > y->remote;
}

static bool overlap(uint32_t a, uint32_t b, uint32_t n, uint32_t m)
{
	return (uint64_t)a < (uint64_t)b + m && (uint64_t)b < (uint64_t)a + n;
}

static int check_maps(const struct mountfd_map *maps, size_t n)
{
	if (n > MOUNTFD_MAPS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < n; i++) {
		const struct mountfd_map *a = &maps[i];
		if (!a->count || (uint64_t)a->remote + a->count > IDS_END ||
			(uint64_t)a->local + a->count > IDS_END)
			return -EINVAL;
		for (size_t k = 0; k < i; k++)
			if (overlap(a->remote, maps[k].remote, a->count, maps[k].count) ||
				overlap(a->local, maps[k].local, a->count, maps[k].count))
				return -EINVAL;
	}
	return 0;
}

struct lines {
	char *text;
	size_t at, size;
};

static int add_line(struct lines *l, uint32_t inside, uint32_t outside, uint32_t count)
{
	if (!count)
		return 0;
	int n = snprintf(l->text + l->at, l->size - l->at, "%u %u %u\n", inside, outside, count);
	if (n < 0 || (size_t)n >= l->size - l->at)
		return -E2BIG;
	l->at += (size_t)n;
	return 0;
}

/* The end of the range of ids from `at` on of which none is named on either side, at most `end`. */
static uint32_t untouched(
	const struct mountfd_map *maps, size_t n, uint32_t at, uint32_t end, uint32_t *ret_next)
{
	*ret_next = end;
	for (size_t i = 0; i < n; i++) {
		const uint32_t from[] = {maps[i].remote, maps[i].local};
		for (size_t k = 0; k < ARRAY_SIZE(from); k++) {
			if (from[k] + maps[i].count <= at || from[k] >= end)
				continue;
			if (from[k] <= at) { /* taken: go on behind it */
				*ret_next = from[k] + maps[i].count;
				return at;
			}
			end = from[k];
			*ret_next = end;
		}
	}
	return end;
}

int mountfd_map_text(const struct mountfd_map *maps, size_t n, char *ret, size_t size)
{
	struct mountfd_map sorted[MOUNTFD_MAPS_MAX];
	struct lines l = {ret, 0, size};
	int r = check_maps(maps, n);
	if (r < 0)
		return r;
	if (n)
		memcpy(sorted, maps, n * sizeof(*maps));
	qsort(sorted, n, sizeof(*sorted), by_remote);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = add_line(&l, sorted[i].remote, sorted[i].local, sorted[i].count);
	for (uint32_t at = 0, next; at < IDS_END && r >= 0; at = next) {
		uint32_t end = untouched(sorted, n, at, IDS_END, &next);
		r = add_line(&l, at, at, end - at);
	}
	return r < 0 ? r : (int)l.at;
}

static int write_map(pid_t pid, const char *name, const struct mountfd_map *maps, size_t n)
{
	char path[64], text[4096];
	int len = mountfd_map_text(maps, n, text, sizeof(text));
	if (len < 0)
		return len;
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t w = write(fd, text, (size_t)len); /* the kernel takes it at once or not at all */
	return w < 0 ? -errno : 0;
}

/* A child in a user namespace of its own, stopped until it is killed. */
static pid_t namespace_child(void)
{
	int ready[2];
	char c = 0;
	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0) {
		c = unshare(CLONE_NEWUSER) < 0 ? (char)errno : 0;
		if (write(ready[1], &c, 1) == 1 && !c)
			for (;;)
				pause();
		_exit(1);
	}
	int r = pid < 0 ? -errno : 0;
	fd_close(ready[1]);
	if (pid > 0 && read(ready[0], &c, 1) != 1)
		c = EIO;
	fd_close(ready[0]);
	if (pid > 0 && c) {
		(void)waitpid(pid, NULL, 0);
		return -c;
	}
	return r < 0 ? r : pid;
}

int mountfd_map_ids(int mount, const struct mountfd_map *users, size_t n_users,
	const struct mountfd_map *groups, size_t n_groups)
{
	char path[64];
	pid_t pid = namespace_child();
	if (pid < 0)
		return pid;
	int r = write_map(pid, "uid_map", users, n_users);
	if (r >= 0)
		r = write_map(pid, "gid_map", groups, n_groups);
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	AUTO_CLOSE int ns = r < 0 ? -EBADF : open(path, O_RDONLY | O_CLOEXEC);
	if (r >= 0 && ns < 0)
		r = -errno;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	struct mount_attr a = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)ns};
	return r < 0 ? r : set_attributes(mount, &a);
}
