/* SPDX-License-Identifier: MIT */
/* Theory of operation: users.h. */
#include "svc/block/users.h"
#include "sys/mountinfo.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { PARTS_MAX = 64, NAMESPACES_MAX = 256, TEXT_MAX = 1 << 20 };

struct search {
	dev_t devs[PARTS_MAX]; /* the disk and its partitions */
	size_t n_devs;
	ino_t namespaces[NAMESPACES_MAX];
	size_t n_namespaces;
	struct users *found;
};

static void add(struct search *s, enum users_kind kind, pid_t pid, const char *name)
{
	struct users *u = s->found;
	if (u->n >= USERS_MAX)
		return;
	for (uint32_t i = 0; i < u->n; i++) /* a mount that several namespaces have */
		if (u->list[i].kind == kind && u->list[i].pid == pid &&
			!strncmp(u->list[i].name, name, USERS_NAME_MAX))
			return;
	struct users_one *one = &u->list[u->n++];
	*one = (struct users_one){.pid = pid, .kind = kind};
	(void)snprintf(one->name, sizeof(one->name), "%s", name);
	for (char *p = one->name; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
}

static bool is_among(const struct search *s, dev_t dev)
{
	for (size_t i = 0; i < s->n_devs; i++)
		if (s->devs[i] == dev)
			return true;
	return false;
}

/* ---- the device ---------------------------------------------------------------------------- */

static bool read_dev(int dir, const char *name, dev_t *ret)
{
	char path[300], text[32] = "";
	unsigned major, minor;
	(void)snprintf(path, sizeof(path), "%s/dev", name);
	AUTO_CLOSE int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 ||
		sscanf(text, "%u:%u", &major, &minor) != 2)
		return false;
	*ret = makedev(major, minor);
	return true;
}

static DIR *open_dir(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		fd_close(fd);
	return d;
}

static void add_holders(struct search *s, int disk, const char *part)
{
	char path[300], name[300];
	(void)snprintf(path, sizeof(path), "%s/holders", part);
	DIR *d = open_dir(disk, path);
	for (const struct dirent *e; d && (e = readdir(d));) {
		(void)snprintf(name, sizeof(name), "/dev/%s", e->d_name);
		if (e->d_name[0] != '.')
			add(s, USERS_DEVICE, 0, name);
	}
	if (d)
		closedir(d);
}

static int look_at_disk(struct search *s, const char *device)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/sys/block/%s", strrchr(device, '/') + 1);
	DIR *d = open_dir(AT_FDCWD, path);
	if (!d)
		return -errno;
	for (const struct dirent *e; (e = readdir(d));) {
		dev_t dev;
		bool self = !strcmp(e->d_name, ".");
		if ((e->d_name[0] == '.' && !self) || e->d_type == DT_LNK ||
			!read_dev(dirfd(d), e->d_name, &dev))
			continue;
		if (s->n_devs < PARTS_MAX)
			s->devs[s->n_devs++] = dev;
		add_holders(s, dirfd(d), e->d_name);
	}
	closedir(d);
	return s->n_devs ? 0 : -ENODEV;
}

/* ---- processes ----------------------------------------------------------------------------- */

static void read_name(int proc, char ret[static 20])
{
	AUTO_CLOSE int fd = openat(proc, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, 19);
	n = MAX(n, 0);
	ret[n] = 0;
	if (n && ret[n - 1] == '\n')
		ret[n - 1] = 0;
}

static bool has_open(const struct search *s, int proc)
{
	bool found = false;
	DIR *d = open_dir(proc, "fd");
	if (!d)
		return false;
	for (const struct dirent *e; !found && (e = readdir(d));) {
		struct statx st;
		found = e->d_name[0] != '.' &&
			statx(dirfd(d), e->d_name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE,
				&st) == 0 &&
			S_ISBLK(st.stx_mode) &&
			is_among(s, makedev(st.stx_rdev_major, st.stx_rdev_minor));
	}
	closedir(d);
	return found;
}

/* ---- mounts and swap ----------------------------------------------------------------------- */

static bool path_is_device(const struct search *s, const char *path)
{
	struct statx st;
	return !strncmp(path, "/dev/", 5) &&
	       statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st) == 0 &&
	       S_ISBLK(st.stx_mode) && is_among(s, makedev(st.stx_rdev_major, st.stx_rdev_minor));
}

/* Those that show numbers of their own, but where they are from.  Of others that is any text that
 * an ordinary user likes (of a tmpfs in a user namespace of his); these only root can mount. */
static bool shows_source(const struct mountinfo *m)
{
	return !strcmp(m->fstype, "btrfs") || !strcmp(m->fstype, "bcachefs");
}

static int on_mount(void *user, const struct mountinfo *m)
{
	struct search *s = user;
	if (is_among(s, m->dev) || (shows_source(m) && path_is_device(s, m->source)))
		add(s, USERS_MOUNT, 0, m->target);
	return 0;
}

static char *read_text(int dir, const char *path)
{
	AUTO_CLOSE int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	AUTO_FREE char *text = fd < 0 ? NULL : malloc(TEXT_MAX);
	size_t len = 0;
	for (ssize_t n; text && len < TEXT_MAX - 1; len += (size_t)n)
		if ((n = read(fd, text + len, TEXT_MAX - 1 - len)) <= 0)
			break;
	if (text)
		text[len] = 0;
	return TAKE_PTR(text);
}

static void look_at_namespace(struct search *s, int proc)
{
	struct stat st;
	if (fstatat(proc, "ns/mnt", &st, 0) < 0 || s->n_namespaces >= NAMESPACES_MAX)
		return;
	for (size_t i = 0; i < s->n_namespaces; i++)
		if (s->namespaces[i] == st.st_ino)
			return;
	AUTO_FREE char *text = read_text(proc, "mountinfo");
	if (!text)
		return; /* a process that is ending: another one may be in it */
	s->namespaces[s->n_namespaces++] = st.st_ino;
	(void)mountinfo_parse(text, on_mount, s);
}

static void look_at_swap(struct search *s)
{
	char *save = NULL;
	AUTO_FREE char *text = read_text(AT_FDCWD, "/proc/swaps");
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
		line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, " \t")] = 0;
		if (path_is_device(s, line))
			add(s, USERS_SWAP, 0, line);
	}
}

/* A loop device on it neither claims it nor is listed as a holder. */
static void look_at_loops(struct search *s, const char *device)
{
	DIR *d = opendir("/sys/block");
	for (const struct dirent *e; d && (e = readdir(d));) {
		char path[300], name[300], text[256] = "";
		if (strncmp(e->d_name, "loop", 4))
			continue;
		(void)snprintf(path, sizeof(path), "%s/loop/backing_file", e->d_name);
		AUTO_CLOSE int fd = openat(dirfd(d), path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
			continue;
		text[strcspn(text, "\n")] = 0;
		(void)snprintf(name, sizeof(name), "/dev/%s", e->d_name);
		if (!strcmp(text, device))
			add(s, USERS_DEVICE, 0, name);
	}
	if (d)
		closedir(d);
}

int users_find(const char *device, const pid_t but[2], struct users *ret)
{
	struct search s = {.found = ret};
	*ret = (struct users){};
	int r = look_at_disk(&s, device);
	if (r < 0)
		return r;
	look_at_swap(&s);
	look_at_loops(&s, device);
	DIR *d = opendir("/proc");
	if (!d)
		return -errno;
	for (const struct dirent *e; (e = readdir(d));) {
		char name[20];
		int pid = atoi(e->d_name);
		AUTO_CLOSE int proc =
			pid > 0 ? openat(dirfd(d), e->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC)
				: -EBADF;
		if (proc < 0)
			continue;
		look_at_namespace(&s, proc);
		if (pid == but[0] || pid == but[1] || pid == getpid() || !has_open(&s, proc))
			continue;
		read_name(proc, name);
		add(&s, USERS_PROCESS, pid, name);
	}
	closedir(d);
	return 0;
}
