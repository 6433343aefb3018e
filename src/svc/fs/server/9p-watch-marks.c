/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a hash table that doubles, and a list in the order of marking.
 */
#include "svc/fs/server/9p-watch-marks.h"

#include <linux/magic.h>
#include <sys/vfs.h>

enum { BUCKETS_START = 256, HANDLE_AT = 8 + sizeof(int) };

#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200 /* Linux 6.5: a handle that only serves to compare will do */
#endif

int p9_marks_init(struct p9_marks *t)
{
	*t = (struct p9_marks){.n_buckets = BUCKETS_START};
	list_init(&t->order);
	t->buckets = calloc(t->n_buckets, sizeof(struct p9_mark *));
	return t->buckets ? 0 : -ENOMEM;
}

static uint64_t hash(const uint8_t *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 29;
}

static struct p9_mark **slot(const struct p9_marks *t, const uint8_t *key, size_t len)
{
	struct p9_mark **at = &t->buckets[hash(key, len) & (t->n_buckets - 1)];
	while (*at && ((*at)->key_len != len || memcmp((*at)->key, key, len) != 0))
		at = &(*at)->chain;
	return at;
}

struct p9_mark *p9_marks_find(const struct p9_marks *t, const struct p9_mark_key *key)
{
	return *slot(t, key->bytes, key->len);
}

/* Without memory it just gets slower. */
static void grow(struct p9_marks *t)
{
	size_t n = t->n_buckets * 2;
	struct p9_mark **buckets = t->n >= t->n_buckets ? calloc(n, sizeof(*buckets)) : NULL;
	if (!buckets)
		return;
	list_for_each (it, &t->order) {
		struct p9_mark *m = list_entry(it, struct p9_mark, order);
		struct p9_mark **at = &buckets[hash(m->key, m->key_len) & (n - 1)];
		m->chain = *at;
		*at = m;
	}
	free(t->buckets);
	t->buckets = buckets;
	t->n_buckets = n;
}

struct p9_mark *p9_marks_add(struct p9_marks *t, const struct p9_mark_key *key)
{
	grow(t);
	struct p9_mark **at = slot(t, key->bytes, key->len);
	assert(!*at);
	struct p9_mark *m = calloc(1, sizeof(*m) + key->len);
	if (!m)
		return NULL;
	memcpy(m->key, key->bytes, key->len);
	m->key_len = key->len;
	*at = m;
	list_append(&t->order, &m->order);
	t->n++;
	return m;
}

void p9_marks_drop(struct p9_marks *t, struct p9_mark *m)
{
	struct p9_mark **at = slot(t, m->key, m->key_len);
	assert(*at == m);
	*at = m->chain;
	list_unlink(&m->order);
	t->n--;
	free(m);
}

void p9_marks_clear(struct p9_marks *t)
{
	list_for_each_safe (it, &t->order)
		p9_marks_drop(t, list_entry(it, struct p9_mark, order));
}

void p9_marks_done(struct p9_marks *t)
{
	p9_marks_clear(t);
	free(TAKE_PTR(t->buckets));
}

struct p9_mark *p9_marks_oldest(const struct p9_marks *t)
{
	return list_empty(&t->order) ? NULL : list_entry(t->order.next, struct p9_mark, order);
}

/* --- keys --- */

void p9_mark_key_set(struct p9_mark_key *key, const void *fsid, const struct file_handle *h)
{
	assert(h->handle_bytes <= MAX_HANDLE_SZ);
	memcpy(key->bytes, fsid, 8);
	memcpy(key->bytes + 8, &h->handle_type, sizeof(int));
	memcpy(key->bytes + HANDLE_AT, h->f_handle, h->handle_bytes);
	key->len = HANDLE_AT + h->handle_bytes;
}

/* A file system that other hosts change, or another process behind it, tells us of our own changes
 * alone: only those count of which it is known that all there is to know passes this kernel. */
static bool tells_all(const struct statfs *sf)
{
	static const uint32_t local[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
		TMPFS_MAGIC, RAMFS_MAGIC, F2FS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC, SQUASHFS_MAGIC,
		EROFS_SUPER_MAGIC_V1, ISOFS_SUPER_MAGIC, NILFS_SUPER_MAGIC,
		0xca451a4e /* bcachefs */, 0x2fc12fc1 /* zfs */};
	for (size_t i = 0; i < ARRAY_SIZE(local); i++) {
		if (local[i] == (uint32_t)sf->f_type)
			return true;
	}
	return false;
}

int p9_mark_key_of(int fd, struct p9_mark_key *ret)
{
	union {
		struct file_handle h;
		uint8_t bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u;
	struct statfs sf;
	int mount_id;
	if (fstatfs(fd, &sf) < 0)
		return -errno;
	if (!tells_all(&sf))
		return -EOPNOTSUPP;
	u.h.handle_bytes = MAX_HANDLE_SZ;
	int r = name_to_handle_at(fd, "", &u.h, &mount_id, AT_EMPTY_PATH | AT_HANDLE_FID);
	if (r < 0 && errno == EINVAL) {
		u.h.handle_bytes = MAX_HANDLE_SZ;
		r = name_to_handle_at(fd, "", &u.h, &mount_id, AT_EMPTY_PATH);
	}
	if (r < 0)
		return -errno;
	p9_mark_key_set(ret, &sf.f_fsid, &u.h);
	return 0;
}

/* --- inode numbers in handles --- */

static bool number_at(const struct p9_mark_key *key, size_t at, size_t width, ino_t *ret)
{
	const uint8_t *p = key->bytes + HANDLE_AT + at;
	uint64_t whole = 0;
	uint32_t half = 0;
	if (HANDLE_AT + at + width > key->len)
		return false;
	if (width == 8)
		memcpy(&whole, p, sizeof(whole));
	else
		memcpy(&half, p, sizeof(half));
	*ret = width == 8 ? whole : half;
	return true;
}

static bool same_kind(const struct p9_mark_ino *l, const struct p9_mark_key *key)
{
	return l->len == key->len && !memcmp(l->fsid, key->bytes, 8) &&
	       !memcmp(&l->type, key->bytes + 8, sizeof(int));
}

static bool stands_at(const struct p9_mark_key *key, size_t at, size_t width, ino_t ino)
{
	ino_t there;
	return number_at(key, at, width, &there) && there == ino;
}

void p9_mark_ino_learn(struct p9_mark_ino *l, const struct p9_mark_key *key, ino_t ino)
{
	if (l->useless || (l->known && !same_kind(l, key)))
		return;
	if (l->known) {
		/* Eight bytes may have fitted by chance. */
		if (!stands_at(key, l->at, l->width, ino)) {
			l->width = 4;
			l->useless = !stands_at(key, l->at, 4, ino);
		}
		return;
	}
	*l = (struct p9_mark_ino){.known = true, .useless = true, .len = key->len};
	memcpy(l->fsid, key->bytes, 8);
	memcpy(&l->type, key->bytes + 8, sizeof(int));
	for (size_t width = 8; width >= 4 && l->useless; width -= 4) {
		for (size_t at = 0; at < key->len && l->useless; at += 4) {
			if (stands_at(key, at, width, ino))
				*l = (struct p9_mark_ino){
					true, false, {0}, l->type, key->len, at, width};
		}
	}
	memcpy(l->fsid, key->bytes, 8);
}

bool p9_mark_ino_of(const struct p9_mark_ino *l, const struct p9_mark_key *key, ino_t *ret)
{
	return l->known && !l->useless && same_kind(l, key) && number_at(key, l->at, l->width, ret);
}
