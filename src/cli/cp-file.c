/* SPDX-License-Identifier: MIT */
/*
 * See cp.h: copying what is no directory.
 *
 * A large file is cut into pieces, of which several are under way at a time: each flow (a fiber)
 * takes the next piece that holds data, reads it and writes it.  Holes are not read and not
 * written; where the other side cannot tell where they are, blocks of zeroes of a file that has
 * fewer blocks than its size needs are taken for them.
 */
#include "cli/cp.h"

#include <dirent.h>
#include <stdio.h>

enum { BLOCK = 4096, CLONE_PIECE = 64 * 1024 * 1024, TEMPORARY_SIZE = 40 };

/* ---- content -------------------------------------------------------------------------------- */

struct flows {
	struct cp *cp;
	struct node *from, *to;
	uint64_t size;
	uint64_t at, end; /* the rest of the data that was found */
	bool sparse; /* it has holes, and only looking at the bytes tells where */
	bool looking; /* somebody asks where data is */
	int error;
	unsigned n;
	struct fiber_gate changed;
};

static bool is_zero(const uint8_t *p, size_t n)
{
	return !*p && !memcmp(p, p + 1, n - 1);
}

/* Writes all but blocks of zeroes. */
static int write_sparse(struct flows *f, uint64_t at, const uint8_t *p, size_t n)
{
	size_t done = 0, i = 0;
	int r = 0;
	for (; i < n && r >= 0; i += MIN((size_t)BLOCK, n - i)) {
		size_t k = MIN((size_t)BLOCK, n - i);
		if (!is_zero(p + i, k))
			continue;
		if (i > done)
			r = f->to->side->ops->write(f->to, at + done, p + done, i - done);
		done = i + k;
	}
	return r < 0 || n <= done ? r
				  : f->to->side->ops->write(f->to, at + done, p + done, n - done);
}

/* The next piece: 1, or 0 when there is none. */
static int next_piece(struct flows *f, uint64_t most, uint64_t *ret_at, uint64_t *ret_n)
{
	while (f->looking)
		fiber_gate_wait(f->cp->fibers, &f->changed);
	if (f->error || f->cp->stop)
		return f->error;
	if (f->at >= f->end && f->end < f->size) {
		uint64_t before = f->end;
		f->looking = true;
		int r = f->from->side->ops->extent(f->from, f->end, f->size, &f->at, &f->end);
		f->looking = false;
		fiber_gate_open(&f->changed);
		if (r < 0)
			return r;
		if (f->at >= f->size)
			f->end = f->at = f->size;
		f->cp->n.bytes += f->at - before; /* a hole */
	}
	if (f->at >= f->end)
		return 0;
	*ret_at = f->at;
	*ret_n = MIN(most, f->end - f->at);
	f->at += *ret_n;
	return 1;
}

static int move_piece(struct flows *f, uint64_t at, uint64_t n, void *buf)
{
	ssize_t k = f->from->side->ops->read(f->from, at, buf, n);
	if (k < 0)
		return (int)k;
	if ((uint64_t)k < n) /* it became shorter meanwhile */
		return -ESTALE;
	int r = f->sparse ? write_sparse(f, at, buf, n)
			  : f->to->side->ops->write(f->to, at, buf, n);
	if (r >= 0)
		f->cp->n.bytes += n;
	return r;
}

static int run_flow(struct flows *f)
{
	AUTO_FREE void *buf = malloc(CP_PIECE);
	uint64_t at = 0, n = 0;
	int r = buf ? 1 : -ENOMEM;
	while (r > 0) {
		r = next_piece(f, CP_PIECE, &at, &n);
		if (r > 0) {
			int e = move_piece(f, at, n, buf);
			r = e < 0 ? e : 1;
		}
	}
	return r;
}

static void flow(void *arg)
{
	struct flows *f = arg;
	int r = run_flow(f);
	if (r < 0 && !f->error)
		f->error = r;
	f->n--;
	f->cp->n_buffers--;
	fiber_gate_open(&f->cp->buffer);
	fiber_gate_open(&f->changed);
}

/* Without the bytes coming here. -EOPNOTSUPP: not possible, nothing was done. */
static int clone_all(struct flows *f)
{
	const struct side_ops *ops = f->from->side->ops;
	uint64_t at = 0, n = 0;
	int r = ops->clone && f->to->side->ops == ops ? 1 : -EOPNOTSUPP;
	while (r > 0) {
		r = next_piece(f, CLONE_PIECE, &at, &n);
		while (r > 0 && n) {
			ssize_t k = ops->clone(f->from, f->to, at, n);
			if (k <= 0) {
				f->at = at; /* the rest by reading and writing */
				return k == -EXDEV || k == -EINVAL || k == 0 ? -EOPNOTSUPP : (int)k;
			}
			f->cp->n.bytes += (uint64_t)k;
			at += (uint64_t)k;
			n -= (uint64_t)k;
		}
	}
	return r;
}

/* With as many flows as there are buffers for; one at least. */
static int copy_content(struct flows *f)
{
	struct cp *cp = f->cp;
	fiber_gate_init(&f->changed);
	int r = clone_all(f);
	if (r != -EOPNOTSUPP)
		return r;
	while (cp->n_buffers >= CP_BUFFERS && !cp->stop)
		fiber_gate_wait(cp->fibers, &cp->buffer);
	for (uint64_t i = 0; i < CP_FLOWS && i * CP_PIECE < f->size; i++) {
		if (i && cp->n_buffers >= CP_BUFFERS)
			break;
		f->n++;
		cp->n_buffers++;
		r = fiber_spawn(cp->fibers, flow, f);
		if (r < 0) {
			f->n--;
			cp->n_buffers--;
			f->error = i ? f->error : r;
			break;
		}
	}
	while (f->n)
		fiber_gate_wait(cp->fibers, &f->changed);
	return f->error ?: cp->stop ? -EINTR : 0;
}

/* ---- regular files -------------------------------------------------------------------------- */

/* Says what it was made from, so that something else is never continued. */
static void temporary_name(const char *name, const struct attr *a, char *ret)
{
	uint64_t h = 0xcbf29ce484222325u;
	const uint64_t of[] = {
		a->size, (uint64_t)a->mtime.tv_sec, (uint64_t)a->mtime.tv_nsec, a->key};
	for (const char *p = name; *p; p++)
		h = (h ^ (uint8_t)*p) * 0x100000001b3u;
	for (size_t i = 0; i < sizeof(of); i++)
		h = (h ^ ((const uint8_t *)of)[i]) * 0x100000001b3u;
	(void)snprintf(ret, TEMPORARY_SIZE, ".metac-%016llx.part", (unsigned long long)h);
}

/* Opens the temporary file: a new one, or what is left of an earlier try, of which *ret_have bytes
 * are as they should be. Its last pieces may have been written in any order. */
static int open_temporary(
	struct cp *cp, struct node *dir, const char *name, struct node **ret, uint64_t *ret_have)
{
	const struct side_ops *ops = dir->side->ops;
	const uint64_t unsure = (CP_FLOWS + 1) * CP_PIECE;
	struct attr a;
	*ret_have = 0;
	int r = ops->create(dir, name, ret);
	if (r != -EEXIST)
		return r;
	if (cp->resume && ops->reopen(dir, name, ret, &a) >= 0) {
		if (a.size > unsure)
			*ret_have = (a.size - unsure) / CP_PIECE * CP_PIECE;
		return 0;
	}
	r = ops->remove(dir, name, false);
	return r < 0 ? r : ops->create(dir, name, ret);
}

/* Fewer blocks than the size needs. */
static bool has_holes(const struct attr *a)
{
	return a->blocks < a->size / 512;
}

static int fill_large(
	struct cp *cp, struct node *from, struct node *to, const struct attr *a, uint64_t have)
{
	uint64_t start = 0, end = 0;
	struct flows f = {
		.cp = cp, .from = from, .to = to, .size = a->size, .at = have, .end = have};
	int r = 0;
	if (has_holes(a)) {
		/* A side that cannot tell says that all is data. */
		r = from->side->ops->extent(from, 0, a->size, &start, &end);
		f.sparse = r >= 0 && start == 0 && end == a->size;
	} else {
		f.end = a->size;
	}
	cp->n.bytes += have;
	if (r >= 0)
		r = copy_content(&f);
	return r < 0 || !has_holes(a) ? r : to->side->ops->truncate(to, a->size);
}

/* Under a temporary name first. */
static int copy_large(struct cp *cp, const struct cp_task *t, struct node *from,
	const struct attr *a, const void *small, size_t n_small)
{
	AUTO(node_unref) struct node *to = NULL;
	struct node *dir = t->in->dst;
	const struct side_ops *ops = dir->side->ops;
	char temporary[TEMPORARY_SIZE];
	uint64_t have = 0;
	temporary_name(cp_dst_name(t), a, temporary);
	int r = open_temporary(cp, dir, temporary, &to, &have);
	if (r < 0)
		return r;
	if (small) {
		r = ops->truncate(to, 0);
		if (r >= 0)
			r = ops->write(to, 0, small, n_small);
		cp->n.bytes += n_small;
	} else {
		r = fill_large(cp, from, to, a, have);
	}
	if (r >= 0)
		r = cp_copy_attr(cp, from, to, a);
	if (r >= 0)
		r = ops->rename(dir, temporary, cp_dst_name(t));
	/* What was interrupted can be continued; what failed by itself would fail again. */
	if (r < 0 && r != -EINTR && r != -ENOTCONN && !cp->stop)
		(void)ops->remove(dir, temporary, false);
	return r;
}

/* All of it came with the opening: written under its own name, if that is free. */
static int copy_small(struct cp *cp, const struct cp_task *t, struct node *from,
	const struct attr *a, const void *bytes, size_t n)
{
	AUTO(node_unref) struct node *to = NULL;
	struct node *dir = t->in->dst;
	const struct side_ops *ops = dir->side->ops;
	int r = ops->create(dir, cp_dst_name(t), &to);
	if (r == -EEXIST)
		return copy_large(cp, t, from, a, bytes, n);
	if (r < 0)
		return r;
	if (n)
		r = ops->write(to, 0, bytes, n);
	if (r >= 0)
		r = cp_copy_attr(cp, from, to, a);
	if (r < 0)
		(void)ops->remove(dir, cp_dst_name(t), false);
	else
		cp->n.bytes += n;
	return r;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* --resume: it was copied already. */
static bool is_there(struct cp *cp, const struct cp_task *t, const struct attr *a)
{
	AUTO(node_unref) struct node *n = NULL;
	struct node *dir = t->in->dst;
	struct attr b;
	if (!cp->resume || dir->side->ops->look(dir, cp_dst_name(t), &n, &b) < 0)
		return false;
	if ((a->mode & S_IFMT) != (b.mode & S_IFMT) || !same_time(&a->mtime, &b.mtime))
		return false;
	return S_ISREG(a->mode) ? a->size == b.size : a->major == b.major && a->minor == b.minor;
}

static int copy_opened(struct cp *cp, const struct cp_task *t, struct node *from,
	const struct attr *a, const void *small, size_t n_small)
{
	int r = a->nlink > 1 ? cp_links_begin(cp, t, a) : 0;
	if (r == 1)
		cp->n.links++;
	if (r)
		return MIN(r, 0);
	if (n_small < CP_SMALL || a->size == CP_SMALL)
		r = copy_small(cp, t, from, a, small, n_small);
	else
		r = copy_large(cp, t, from, a, NULL, 0);
	if (a->nlink > 1)
		cp_links_done(cp, a, r >= 0);
	cp->n.files += r >= 0;
	return r;
}

static int copy_regular(struct cp *cp, struct cp_task *t, void *small)
{
	AUTO(node_unref) struct node *from = NULL;
	struct node *dir = t->in->src;
	struct attr a;
	size_t n = 0;
	int r = dir->side->ops->open(dir, t->name, &from, &a, small, CP_SMALL, &n);
	if (r < 0)
		return r;
	if (!t->known)
		cp->n.found_bytes += a.size;
	return copy_opened(cp, t, from, &a, small, n);
}

/* ---- what is no regular file ---------------------------------------------------------------- */

static int make(struct cp *cp, const struct cp_task *t, const struct attr *a, const char *target)
{
	struct node *dir = t->in->dst;
	const struct side_ops *ops = dir->side->ops;
	int r = ops->make(dir, cp_dst_name(t), a, target);
	if (r != -EEXIST)
		return r;
	r = ops->remove(dir, cp_dst_name(t), false);
	return r < 0 ? r : ops->make(dir, cp_dst_name(t), a, target);
}

static int make_copy(
	struct cp *cp, const struct cp_task *t, struct node *from, const struct attr *a)
{
	AUTO(node_unref) struct node *to = NULL;
	struct attr made;
	char target[4097];
	int r = S_ISLNK(a->mode) ? from->side->ops->readlink(from, target, sizeof(target)) : 0;
	if (r >= 0)
		r = make(cp, t, a, target);
	if (r >= 0)
		r = t->in->dst->side->ops->look(t->in->dst, cp_dst_name(t), &to, &made);
	if (r >= 0 && (made.mode & S_IFMT) != (a->mode & S_IFMT))
		r = -ESTALE;
	return r < 0 ? r : cp_copy_attr(cp, from, to, a);
}

static int copy_other(
	struct cp *cp, const struct cp_task *t, struct node *from, const struct attr *a)
{
	int r = a->nlink > 1 ? cp_links_begin(cp, t, a) : 0;
	if (r == 1)
		cp->n.links++;
	if (r)
		return MIN(r, 0);
	r = make_copy(cp, t, from, a);
	if (a->nlink > 1)
		cp_links_done(cp, a, r >= 0);
	cp->n.others += r >= 0;
	return r;
}

int cp_copy_file(struct cp *cp, struct cp_task *t, void *small)
{
	AUTO(node_unref) struct node *from = NULL;
	struct node *dir = t->in->src;
	int r = 0;
	if (t->known && is_there(cp, t, &t->attr)) {
		cp->n.skipped++;
		cp->n.bytes += S_ISREG(t->attr.mode) ? t->attr.size : 0;
		return 0;
	}
	if (!cp->resume && (t->known ? S_ISREG(t->attr.mode) : t->d_type == DT_REG))
		return copy_regular(cp, t, small);
	if (!t->known) {
		r = dir->side->ops->look(dir, t->name, &from, &t->attr);
		if (r < 0)
			return r;
		t->known = true;
		cp->n.found_bytes += S_ISREG(t->attr.mode) ? t->attr.size : 0;
		if (S_ISDIR(t->attr.mode))
			return -EISDIR;
		return cp_copy_file(cp, t, small);
	}
	if (S_ISREG(t->attr.mode))
		return copy_regular(cp, t, small);
	if (!from)
		r = dir->side->ops->look(dir, t->name, &from, &t->attr);
	return r < 0 ? r : copy_other(cp, t, from, &t->attr);
}
