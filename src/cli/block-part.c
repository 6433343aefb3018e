/* SPDX-License-Identifier: MIT */
/* See block-part.h. */
#include "cli/block-part.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

static const char suffix[] = ".metac-cp", state_suffix[] = ".state";

/* Splits the path into the folder, opened, and the names in it. */
static int find_names(struct block_part *p, const char *path)
{
	char real[PATH_MAX], dir[PATH_MAX];
	/* A link is followed, so that what it leads to is replaced. */
	if (!realpath(path, real)) {
		if (errno != ENOENT)
			return -errno;
		if ((size_t)snprintf(real, sizeof(real), "%s", path) >= sizeof(real))
			return -ENAMETOOLONG;
	}
	const char *slash = strrchr(real, '/'), *name = slash ? slash + 1 : real;
	if (!*name || strlen(name) + sizeof(suffix) + sizeof(state_suffix) > NAME_MAX)
		return *name ? -ENAMETOOLONG : -EISDIR;
	size_t n = slash ? (size_t)(slash - real) + 1 : 0;
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)n, real);
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	(void)snprintf(
		p->part, sizeof(p->part), ".%.*s%s", (int)(sizeof(p->part) - 32), name, suffix);
	if ((size_t)snprintf(p->path, sizeof(p->path), "%s", path) >= sizeof(p->path) ||
		(size_t)snprintf(p->state.path, sizeof(p->state.path), "%s%s%s", dir, p->part,
			state_suffix) >= sizeof(p->state.path))
		return -ENAMETOOLONG;
	p->dir = open(n ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return p->dir < 0 ? -errno : 0;
}

/* What lies at the path now. */
static int look(struct block_part *p)
{
	struct stat st;
	if (fstatat(p->dir, p->name, &st, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	p->in_place = S_ISBLK(st.st_mode);
	if (!p->in_place && !S_ISREG(st.st_mode))
		return -EINVAL;
	if (faccessat(p->dir, p->name, W_OK, AT_EACCESS) < 0)
		return -errno;
	p->replaces = true;
	p->mode = st.st_mode & 07777;
	p->uid = st.st_uid;
	p->gid = st.st_gid;
	return 0;
}

/* Nothing that was there before is relied on but what the state says. */
static int open_state(struct block_part *p, bool resume, uint64_t *ret_from, bool *ret_other)
{
	*ret_from = 0;
	int r = block_state_open(&p->state, ret_from);
	if (r == -EBUSY)
		return err_set(p->err, r, "%s: another copy to it is under way", p->path);
	*ret_other = resume && r == BLOCK_STATE_OTHER;
	if (!resume)
		*ret_from = 0;
	/* Without it there is no going on, but a copy all the same. */
	if (r < 0 || block_state_write(&p->state, *ret_from) < 0)
		block_state_remove(&p->state);
	return 0;
}

static int open_device(struct block_part *p, uint64_t size, bool resume, struct block_end *ret_end,
	uint64_t *ret_from, bool *ret_other)
{
	AUTO_CLOSE int fd = openat(p->dir, p->name, O_RDWR | O_EXCL | O_CLOEXEC);
	uint64_t has = 0;
	int r = fd < 0 ? -errno : block_end_size(fd, &has);
	if (r < 0)
		return err_errno(p->err, r, "%s", p->path);
	if (has < size)
		return err_set(p->err, -ENOSPC,
			"%s is smaller than the source: %llu bytes, not %llu", p->path,
			(unsigned long long)has, (unsigned long long)size);
	/* Under /dev there is no place for it. */
	r = block_state_place(p->state.key, p->state.path);
	if (r >= 0)
		r = open_state(p, resume, ret_from, ret_other);
	else
		r = 0;
	if (r >= 0)
		block_end_file(ret_end, TAKE_FD(fd), p->path, has);
	return r;
}

static int open_file(struct block_part *p, uint64_t size, bool resume, struct block_end *ret_end,
	uint64_t *ret_from, bool *ret_other)
{
	struct stat st;
	AUTO_CLOSE int fd =
		openat(p->dir, p->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(p->err, -errno, "%s", p->path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(p->err, -EBUSY, "%s: another copy to it is under way", p->path);
	p->state.dev = st.st_dev;
	p->state.ino = st.st_ino;
	int r = open_state(p, resume, ret_from, ret_other);
	if (r < 0)
		return r;
	if ((uint64_t)st.st_size < *ret_from)
		*ret_from = 0; /* somebody has cut it off */
	/* What was written after the checkpoint goes: the rest is zero then. */
	if (ftruncate(fd, (off_t)*ret_from) < 0 || ftruncate(fd, (off_t)size) < 0) {
		r = err_errno(p->err, -errno, "%s", p->path);
		block_part_abandon(p, *ret_from);
		return r;
	}
	block_end_file(ret_end, TAKE_FD(fd), p->path, size);
	ret_end->fresh = true;
	return 0;
}

int block_part_open(struct block_part *p, const char *path, uint64_t size,
	const uint8_t key[BLOCK_STATE_KEY], bool resume, struct block_end *ret_end,
	uint64_t *ret_from, bool *ret_other)
{
	*p = (struct block_part){
		.err = p->err, .dir = -EBADF, .state = {.fd = -EBADF, .size = size}};
	memcpy(p->state.key, key, BLOCK_STATE_KEY);
	int r = find_names(p, path);
	if (r >= 0)
		r = look(p);
	if (r < 0)
		return err_errno(p->err, r, "%s", path);
	return p->in_place ? open_device(p, size, resume, ret_end, ret_from, ret_other)
			   : open_file(p, size, resume, ret_end, ret_from, ret_other);
}

static int take_place(struct block_part *p, int fd)
{
	mode_t mask = umask(0);
	umask(mask);
	/* As far as this user may. */
	if (p->replaces && geteuid() == 0 && fchown(fd, p->uid, p->gid) < 0)
		return -errno;
	if (fchmod(fd, p->replaces ? p->mode : 0666 & ~mask) < 0)
		return -errno;
	if (fsync(fd) < 0 || renameat(p->dir, p->part, p->dir, p->name) < 0)
		return -errno;
	AUTO_CLOSE int dir = openat(p->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir >= 0 && fsync(dir) < 0 && errno != EINVAL ? -errno : 0;
}

int block_part_commit(struct block_part *p, const struct block_end *e)
{
	int r = p->in_place ? 0 : take_place(p, e->fd);
	if (r < 0)
		return err_errno(p->err, r, "%s", p->path);
	block_state_remove(&p->state);
	return 0;
}

void block_part_abandon(struct block_part *p, uint64_t safe)
{
	bool lost = safe == 0 || p->state.fd < 0; /* nothing to go on with */
	if (lost && !p->in_place && p->dir >= 0)
		(void)unlinkat(p->dir, p->part, 0);
	if (lost)
		block_state_remove(&p->state);
}

void block_part_close(struct block_part *p)
{
	block_state_close(&p->state);
	p->dir = fd_close(p->dir);
}
