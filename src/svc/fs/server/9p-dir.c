/* SPDX-License-Identifier: MIT */
/*
 * Reading directories: readdir and readdirplus.
 *
 * Theory of operation: a directory being read has a buffer of what getdents64 gave, from which
 * answers are cut; a client that goes on where it stopped costs no system call until the buffer is
 * used up. Offsets are the file system's own, so they stay good when entries come and go.
 */
#include "svc/fs/server/9p-tree.h"

#include <dirent.h>
#include <fcntl.h>

/* A place in the file that no entry has: the next read starts with lseek. */
#define NOWHERE UINT64_MAX

enum { MOST_AT_ONCE = 128 << 10 }; /* bytes of entries in an answer */

static struct p9_dir_buffer *dir_buffer_new(struct p9_tree *t)
{
	struct p9_dir_buffer *b = NULL;
	if (atomic_fetch_add(&t->dir_buffers, 1) < P9_DIR_BUFFERS_MAX)
		b = malloc(sizeof(*b));
	if (!b) {
		atomic_fetch_sub(&t->dir_buffers, 1);
		return NULL;
	}
	b->at = b->len = 0;
	b->next = NOWHERE;
	return b;
}

void p9_dir_buffer_free(struct p9_tree *t, struct p9_dir_buffer *b)
{
	if (!b)
		return;
	atomic_fetch_sub(&t->dir_buffers, 1);
	free(b);
}

/* Fills the buffer from where it ended, or from another offset. */
static int fill(struct p9_file *f, struct p9_dir_buffer *b, uint64_t offset)
{
	if (offset > INT64_MAX)
		return -EINVAL;
	if (offset == b->next && b->at < b->len)
		return 0;
	if (offset != b->next && lseek(f->fd, (off_t)offset, SEEK_SET) < 0)
		return -errno;
	b->at = b->len = 0;
	b->next = offset;
	ssize_t n = getdents64(f->fd, b->bytes, sizeof(b->bytes));
	if (n < 0) {
		b->next = NOWHERE; /* who knows where the file stands now */
		return -errno;
	}
	b->len = (size_t)n;
	return 0;
}

static struct p9_dirent entry_of(
	const struct p9_job *j, const struct p9_file *f, const struct dirent64 *d)
{
	struct stat st = {.st_ino = d->d_ino, .st_dev = f->dev};
	/* What is above the root is nobody's business. */
	if (!strcmp(d->d_name, "..") && f->ino == j->tree->root->ino &&
		f->dev == j->tree->root->dev)
		st.st_ino = f->ino;
	st.st_mode = DTTOIF(d->d_type);
	return (struct p9_dirent){.qid = p9_qid_of(j->tree, &st),
		.offset = (uint64_t)d->d_off,
		.type = d->d_type,
		.name = p9_str(d->d_name)};
}

/* Puts one entry into an answer. Bytes used, -EMSGSIZE. */
typedef int (*put_entry)(struct p9_job *j, const struct p9_file *f, const struct dirent64 *d,
	uint8_t *to, size_t room);

static int put_plain(struct p9_job *j, const struct p9_file *f, const struct dirent64 *d,
	uint8_t *to, size_t room)
{
	struct p9_dirent e = entry_of(j, f, d);
	return p9_dirent_encode(&e, to, room);
}

/* Only the room is asked for before the object is looked at: an entry that does not fit is met
 * again. */
static int put_plus(struct p9_job *j, const struct p9_file *f, const struct dirent64 *d,
	uint8_t *to, size_t room)
{
	struct statx sx;
	struct p9_dirent plain = entry_of(j, f, d);
	struct p9_direntplus e = {.offset = plain.offset,
		.type = plain.type,
		.name = plain.name,
		.attr.qid = plain.qid};
	if (room < (size_t)P9_DIRENTPLUS_MIN + plain.name.len)
		return -EMSGSIZE;
	if (p9_str_eq(e.name, ".") || p9_str_eq(e.name, ".."))
		return p9_direntplus_encode(&e, to, room);
	if (!p9_job_look(j, f->fd, d->d_name, j->q.t.treaddirplus.request_mask, &sx, &e.attr))
		e.type = (uint8_t)IFTODT(e.attr.mode);
	return p9_direntplus_encode(&e, to, room);
}

/* As many entries from `offset` on as fit; *ret_end is set when there are no more. */
static int read_entries(struct p9_job *j, struct p9_file *f, uint64_t offset, uint32_t count,
	put_entry put, uint32_t *ret, bool *ret_end)
{
	struct p9_dir_buffer *b = f->dir;
	uint32_t used = 0;
	*ret = 0;
	for (;;) {
		int r = fill(f, b, offset);
		if (r)
			return used ? 0 : r;
		if (b->at == b->len) {
			*ret_end = true;
			return 0;
		}
		const struct dirent64 *d = (const void *)(b->bytes + b->at);
		int n = put(j, f, d, j->payload + used, count - used);
		if (n < 0)
			return used ? 0 : -EINVAL; /* not even one fits */
		*ret = used += (uint32_t)n;
		b->at += d->d_reclen;
		offset = b->next = (uint64_t)d->d_off;
	}
}

/* What a client has room for may be much; it asks again anyway until nothing is left. */
static int read_dir(struct p9_job *j, uint64_t offset, uint32_t count, put_entry put,
	struct p9_data *ret, bool *ret_end)
{
	struct p9_file *f = p9_job_file(j);
	uint32_t used = 0;
	int r = 0;
	pthread_mutex_lock(&f->lock);
	if (!f->dir)
		f->dir = dir_buffer_new(j->tree);
	r = f->dir ? read_entries(
			     j, f, offset, MIN(count, (uint32_t)MOST_AT_ONCE), put, &used, ret_end)
		   : -ENOMEM;
	/* At the end it has done its work, and fids of directories may be many. */
	if (!r && *ret_end) {
		p9_dir_buffer_free(j->tree, f->dir);
		f->dir = NULL;
	}
	pthread_mutex_unlock(&f->lock);
	*ret = (struct p9_data){.p = j->payload, .len = used};
	return r;
}

static int check_dir(const struct p9_file *f)
{
	if (f->state == P9_DIR)
		return 0;
	return f->state == P9_FILE ? -ENOTDIR : -EBADF;
}

int p9_do_readdir(struct p9_job *j)
{
	int r = check_dir(p9_job_file(j));
	if (r)
		return r;
	bool end = false;
	return read_dir(
		j, j->q.t.treaddir.offset, j->q.count, put_plain, &j->q.r.rreaddir.data, &end);
}

int p9_do_readdirplus(struct p9_job *j)
{
	const struct p9_msg *t = &j->q.t;
	struct p9_file *f = p9_job_file(j);
	int r = check_dir(f);
	if (r)
		return r;
	j->q.r.rreaddirplus.flags = p9_job_watch(j, f, t->treaddirplus.flags);
	bool end = false;
	r = read_dir(j, t->treaddirplus.offset,
		MIN(t->treaddirplus.count, j->q.msize - P9_PLUS_HEADER), put_plus,
		&j->q.r.rreaddirplus.data, &end);
	if (end)
		j->q.r.rreaddirplus.flags |= P9_GOT_END;
	return r;
}
