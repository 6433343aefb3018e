/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a request goes to the server with the rights of its user.  Which groups he
 * has the server looks up itself, so a user that it knows costs nothing.  Only when that is refused
 * (or would quietly give something else, see f9_op_own_groups' callers), the groups that the
 * calling process has here are read from /proc and told to the server, and the request is made
 * once more with a fid got that way.  /proc may say what it will: the groups of a process are its
 * own business until the request is answered, and who mounts a tree could attach as anybody.
 *
 * There are few different ones; they go when nobody uses them any more.
 */
#include "svc/fs/fuse/fuse9p-idmap.h"
#include "svc/fs/fuse/fuse9p.h"

#include <endian.h>
#include <fcntl.h>
#include <stdio.h>

enum { STATUS_MAX = 32768 };

static struct f9_cred *cred_find(
	struct f9 *fs, uid_t uid, gid_t gid, const uint8_t *groups, unsigned n, bool own)
{
	list_for_each (it, &fs->creds) {
		struct f9_cred *c = list_entry(it, struct f9_cred, link);
		if (c->uid != uid || c->own_groups != own)
			continue;
		if (!own || (c->gid == gid && c->n_groups == n &&
				    !memcmp(c->groups, groups, n * sizeof(uint32_t))))
			return f9_cred_ref(c);
	}
	return NULL;
}

static struct f9_cred *cred_get(
	struct f9 *fs, uid_t uid, gid_t gid, const uint8_t *groups, unsigned n, bool own)
{
	struct f9_cred *c = cred_find(fs, uid, gid, groups, n, own);
	if (c)
		return c;
	if (fs->n_creds >= F9_MAX_CREDS)
		f9_fids_trim(fs, 0);
	if (fs->n_creds >= F9_MAX_CREDS)
		return NULL;
	size_t bytes = n * sizeof(uint32_t);
	c = calloc(1, sizeof(*c) + bytes);
	if (!c)
		return NULL;
	c->uid = uid;
	c->gid = gid;
	c->own_groups = own;
	c->n_groups = n;
	c->refs = 1;
	if (bytes)
		memcpy(c->groups, groups, bytes);
	list_append(&fs->creds, &c->link);
	fs->n_creds++;
	return c;
}

struct f9_cred *f9_cred_of(struct f9 *fs, uid_t uid, gid_t gid)
{
	return cred_get(fs, uid, gid, NULL, 0, false);
}

struct f9_cred *f9_cred_ref(struct f9_cred *c)
{
	if (c)
		c->refs++;
	return c;
}

void f9_cred_unref(struct f9 *fs, struct f9_cred *c)
{
	if (!c)
		return;
	assert(c->refs > 0);
	if (--c->refs)
		return;
	list_unlink(&c->link);
	fs->n_creds--;
	free(c);
}

void f9_cred_attach(const struct f9 *fs, const struct f9_cred *c, uint32_t fid, struct p9_msg *m)
{
	uid_t uid = f9_idmap_remote(fs->user_map, c->uid);
	if (!c->own_groups || !fs->metac) {
		*m = (struct p9_msg){.type = P9_Tattach,
			.tattach = {.fid = fid,
				.afid = P9_NOFID,
				.uname = f9_str(""),
				.aname = f9_str(fs->aname),
				.n_uname = uid}};
		return;
	}
	*m = (struct p9_msg){.type = P9_Tattachx,
		.tattachx = {.fid = fid,
			.aname = f9_str(fs->aname),
			.n_uname = uid,
			.gid = f9_idmap_remote(fs->group_map, c->gid),
			.groups = {c->groups, c->n_groups * (uint32_t)sizeof(uint32_t)}}};
}

/* ---- what /proc says ---- */

static ssize_t read_status(const struct f9 *fs, pid_t pid, char *buf, size_t cap)
{
	char path[32];
	size_t n = 0;
	(void)snprintf(path, sizeof(path), "%d/status", (int)pid);
	AUTO_CLOSE int fd = openat(fs->proc_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	for (ssize_t r; n < cap - 1; n += (size_t)r) {
		r = read(fd, buf + n, cap - 1 - n);
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
	}
	buf[n] = 0;
	return (ssize_t)n;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x, y;
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* The numbers after "\nGroups:", as the server knows them. Negative: they are not there, or are
 * not those of that user. */
static int parse_groups(const struct f9 *fs, const char *status, uid_t uid, uint32_t *ret)
{
	int n = 0;
	unsigned long fsuid;
	const char *p = strstr(status, "\nUid:");
	if (!p || sscanf(p, "\nUid: %*u %*u %*u %lu", &fsuid) != 1 || fsuid != uid)
		return -ENOENT;
	p = strstr(status, "\nGroups:");
	if (!p)
		return -ENOENT;
	p += strlen("\nGroups:");
	for (;;) {
		char *end;
		p += strspn(p, " \t");
		if (*p < '0' || *p > '9')
			break;
		uint32_t id = (uint32_t)strtoul(p, &end, 10);
		p = end;
		if (n == P9_MAX_GROUPS)
			return -E2BIG;
		if (f9_idmap_owner(fs->group_map, id, &id))
			ret[n++] = id;
	}
	return *p == '\n' ? n : -EINVAL;
}

static int groups_of(const struct f9 *fs, pid_t pid, uid_t uid, uint8_t *ret)
{
	uint32_t ids[P9_MAX_GROUPS];
	AUTO(free) char *status = malloc(STATUS_MAX);
	if (!status)
		return -ENOMEM;
	ssize_t r = read_status(fs, pid, status, STATUS_MAX);
	int n = r < 0 ? (int)r : parse_groups(fs, status, uid, ids);
	if (n < 0)
		return n;
	qsort(ids, (size_t)n, sizeof(ids[0]), by_number);
	for (int i = 0; i < n; i++) {
		uint32_t le = htole32(ids[i]);
		memcpy(ret + (size_t)i * sizeof(le), &le, sizeof(le));
	}
	return n;
}

/* ---- of operations ---- */

struct f9_cred *f9_op_cred(struct f9_op *op)
{
	if (!op->cred)
		op->cred = f9_cred_of(op->fs, op->uid, op->gid);
	return op->cred;
}

bool f9_op_own_groups(struct f9_op *op)
{
	struct f9 *fs = op->fs;
	uint8_t groups[P9_MAX_GROUPS * sizeof(uint32_t)];
	pid_t pid = op->req ? fuse_req_ctx(op->req)->pid : 0;
	if (!fs->metac || fs->proc_fd < 0 || !op->uid || pid <= 0)
		return false;
	if (op->cred && op->cred->own_groups)
		return false;
	int n = groups_of(fs, pid, op->uid, groups);
	if (n < 0)
		return false;
	struct f9_cred *c = cred_get(fs, op->uid, op->gid, groups, (unsigned)n, true);
	if (!c)
		return false;
	f9_cred_unref(fs, op->cred);
	op->cred = c;
	op->strict = true;
	return true;
}

bool f9_op_refused(struct f9_op *op, int error)
{
	if ((error != -EACCES && error != -EPERM) || !op->start || !op->req || op->interrupted)
		return false;
	const struct f9_cred *own = f9_op_cred(op);
	bool other = own && ((op->fid && op->fid->cred != own) || op->borrowed);
	if (other && !op->strict)
		op->strict = true;
	else if (!f9_op_own_groups(op))
		return false;
	f9_op_again(op);
	return true;
}
