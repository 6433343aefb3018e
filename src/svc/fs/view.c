/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: view.h.
 *
 * Acting as another user is done by fsuid and fsgid, with the capabilities that override
 * permissions switched off meanwhile.  The service is single-threaded, so nothing else runs then.
 */
#include "svc/fs/view.h"
#include "sys/beneath.h"
#include "sys/priv.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>

int view_copy(const struct view *v, struct view *ret)
{
	struct view copy = *v;
	copy.path = strdup(v->path);
	if (!copy.path)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

int view_at(const struct view *v, struct vat_text name, struct view *ret)
{
	int r = beneath_check(name.s, name.len);
	if (r < 0)
		return r;
	if (!name.len || vat_text_is(name, "."))
		return view_copy(v, ret);
	struct view sub = *v;
	bool root = !strcmp(v->path, "/");
	if (asprintf(&sub.path, "%s/%s", root ? "" : v->path, name.s) < 0)
		return -ENOMEM;
	if (strlen(sub.path) > BENEATH_PATH_MAX) {
		free(sub.path);
		return -ENAMETOOLONG;
	}
	*ret = sub;
	return 0;
}

void view_done(struct view *v)
{
	free(v->path);
	v->path = NULL;
}

/* Capabilities that let a process pass by file permissions. */
#define OVERRIDES                                                                            \
	(PRIV_CAP(CAP_DAC_OVERRIDE) | PRIV_CAP(CAP_DAC_READ_SEARCH) | PRIV_CAP(CAP_FOWNER) | \
		PRIV_CAP(CAP_CHOWN) | PRIV_CAP(CAP_FSETID) | PRIV_CAP(CAP_MKNOD))

enum { OPEN_TRIES = 8 };

static int become(const struct view *v, uint64_t caps)
{
	setfsgid(v->gid);
	setfsuid(v->uid);
	if ((uint32_t)setfsgid((gid_t)-1) != v->gid || (uint32_t)setfsuid((uid_t)-1) != v->uid)
		return -EPERM;
	return priv_caps_set_effective(caps & ~OVERRIDES);
}

/* A change of user makes a process undumpable, and what is in its own /proc/PID/ns (a user
 * namespace for an idmapped mount) out of its reach: so that is put back too. */
static void become_self(uint64_t caps, int dumpable)
{
	setfsuid(geteuid());
	setfsgid(getegid());
	int r = priv_caps_set_effective(caps);
	assert(r >= 0); /* only what was permitted all along */
	(void)prctl(PR_SET_DUMPABLE, dumpable);
}

static int open_here(const struct view *v, int flags)
{
	AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	const char *rel = v->path[1] ? v->path + 1 : ".";
	/* openat2 refuses O_PATH with what it would ignore. */
	return beneath_open(root, rel, flags & O_PATH ? flags : flags | O_NOCTTY, 0644);
}

static bool is_in_dev(const struct view *v)
{
	return !strncmp(v->path, "/dev/", 5);
}

/*
 * The names by which people know a disk (/dev/vg0/home, /dev/disk/by-id/...) are links to where it
 * happens to be, so below /dev they are followed, as long as they stay in that file system and lead
 * to a block device.  Root alone makes names there.
 */
static int follow_in_dev(const struct view *v)
{
	struct stat st;
	AUTO_CLOSE int dev = open("/dev", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dev < 0)
		return -errno;
	AUTO_CLOSE int fd = beneath_follow(dev, v->path + 5);
	if (fd < 0)
		return fd == -EXDEV ? -ELOOP : fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISBLK(st.st_mode) ? TAKE_FD(fd) : -ELOOP;
}

/* What the path names, opened with O_PATH. */
static int open_itself(const struct view *v, int flags)
{
	int fd = open_here(v, flags);
	return fd == -ELOOP && is_in_dev(v) ? follow_in_dev(v) : fd;
}

/* Runs `how` as the view's user. */
static int open_as(const struct view *v, int flags, int (*how)(const struct view *, int))
{
	uint64_t caps = 0;
	if (!v->limited)
		return how(v, flags);
	int dumpable = prctl(PR_GET_DUMPABLE) == 1;
	int r = priv_caps_effective(&caps);
	if (r < 0)
		return r;
	r = become(v, caps);
	if (r >= 0)
		r = how(v, flags);
	become_self(caps, dumpable);
	return r;
}

static int open_view(
	const struct view *v, int flags, int (*how)(const struct view *, int), struct err *e)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
	if (writes && !(flags & O_PATH) && v->read_only)
		return err_errno(e, -EROFS, "%s", v->path);
	int r = open_as(v, flags, how);
	if (r == -ELOOP && is_in_dev(v))
		return err_set(e, r,
			"%s: a symbolic link leads out of /dev, or not to a block device", v->path);
	if (r == -ELOOP)
		return err_set(e, r,
			"%s: there is a symbolic link in this path (name the directory it leads "
			"to)",
			v->path);
	if (r == -ENXIO)
		return err_set(e, -EINVAL, "%s: not a regular file", v->path);
	return r < 0 ? err_errno(e, r, "%s", v->path) : r;
}

int view_open(const struct view *v, int flags, struct err *e)
{
	return open_view(v, flags, flags == O_PATH ? open_itself : open_here, e);
}

/*
 * -ENXIO for what has no content from start to end.  A device node is as good as the device, and
 * who may change a tree as root can make nodes in it: only those in this machine's own /dev were
 * made by somebody entitled to the device.
 */
static int check_content(int at)
{
	struct stat st, dev;
	if (fstat(at, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	bool own_device = S_ISBLK(st.st_mode) && !lstat("/dev", &dev) && st.st_dev == dev.st_dev;
	return S_ISREG(st.st_mode) || own_device ? 0 : -ENXIO;
}

/* Opening a device or a FIFO is an act of its own: so the object is looked at first and then opened
 * itself, by its descriptor's name, not by a name where another may have been put meanwhile. */
static int open_content(const struct view *v, int flags)
{
	char proc[40];
	for (int i = 0; i < OPEN_TRIES; i++) {
		AUTO_CLOSE int at = open_itself(v, O_PATH);
		if (at == -ENOENT && (flags & O_CREAT)) {
			int fd = open_here(v, flags | O_EXCL);
			if (fd != -EEXIST)
				return fd;
			continue;
		}
		int r = at < 0 ? at : check_content(at);
		if (r < 0)
			return r;
		(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", at);
		int fd = open(proc, (flags & ~O_CREAT) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	return -EAGAIN;
}

int view_open_content(const struct view *v, int flags, struct err *e)
{
	return open_view(v, flags, open_content, e);
}

void view_describe(const struct view *v, struct fs_tree_description_b b)
{
	fs_tree_description_set_path(b, vat_str(v->path));
	fs_tree_description_set_read_only(b, v->read_only);
	fs_tree_description_set_limited(b, v->limited);
	fs_tree_description_set_uid(b, v->uid);
	fs_tree_description_set_gid(b, v->gid);
}

int view_at_path(struct vat_text path, struct view *ret)
{
	if (!path.len || path.s[0] != '/' || beneath_check(path.s + 1, path.len - 1) < 0)
		return -EINVAL;
	struct view v = {.path = strdup(path.s)};
	if (!v.path)
		return -ENOMEM;
	*ret = v;
	return 0;
}

int view_from_description(struct fs_tree_description_r d, struct view *ret)
{
	int r = view_at_path(fs_tree_description_get_path(d), ret);
	if (r < 0)
		return r;
	ret->read_only = fs_tree_description_get_read_only(d);
	ret->limited = fs_tree_description_get_limited(d);
	ret->uid = fs_tree_description_get_uid(d);
	ret->gid = fs_tree_description_get_gid(d);
	return 0;
}

void view_summary(const struct view *v, const char *what, char *ret, size_t size)
{
	char user[40] = "";
	if (v->limited)
		(void)snprintf(user, sizeof(user), ", as %u:%u", v->uid, v->gid);
	(void)snprintf(
		ret, size, "%s %s%s%s", what, v->path, v->read_only ? ", read-only" : "", user);
}

void view_id(const struct view *v, const char *kind, char ret[VIEW_ID_SIZE])
{
	unsigned char hash[(VIEW_ID_SIZE - 1) / 2];
	char rights[64];
	int n = snprintf(
		rights, sizeof(rights), "%d %d %u %u", v->read_only, v->limited, v->uid, v->gid);
	crypto_generichash_state st;
	crypto_generichash_init(&st, NULL, 0, sizeof(hash));
	crypto_generichash_update(&st, (const unsigned char *)kind, strlen(kind) + 1);
	crypto_generichash_update(&st, (const unsigned char *)rights, (size_t)n + 1);
	crypto_generichash_update(&st, (const unsigned char *)v->path, strlen(v->path));
	crypto_generichash_final(&st, hash, sizeof(hash));
	sodium_bin2hex(ret, VIEW_ID_SIZE, hash, sizeof(hash));
}
