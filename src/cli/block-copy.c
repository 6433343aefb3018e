/* SPDX-License-Identifier: MIT */
/*
 * See block-copy.h.  A piece has a slot with a buffer: READ into it, then WRITE from it; or ZERO.
 * Pieces are begun in order and end in any; `next` is where the next one begins, and everything
 * before the first slot in use is done.
 *
 *	begin pieces -> send, wait, take in -> callbacks free slots -> ... -> flush -> done
 *	     ^   after an error, or a signal: none begun, those under way awaited, a last flush
 *	     `-- the destination has forgotten: those under way awaited, next = safe
 */
#include "cli/block-copy.h"

#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

enum { TICK_MS = 100, STOP_MS = 5000, ALIGN = 4096 };

struct slot {
	struct block_task task;
	struct run *run; /* NULL: free */
	uint64_t offset, length;
	enum block_task_type type; /* what is under way */
	uint8_t *buf;
};

struct run {
	struct block_copy *c;
	struct file_pool *pool;
	uint8_t *memory; /* of all buffers */
	uint8_t *tail; /* what is behind the source's end in the destination's last block */
	struct slot slots[BLOCK_COPY_PIECES];
	unsigned n_busy;
	struct block_map map;
	uint64_t next, size;
	struct block_task flush;
	uint64_t flush_mark;
	bool flushing, last_flush, stopping, forgotten;
	uint64_t bad; /* where something failed first */
	int64_t flushed_ms, stop_ms;
	struct cp_counts counts;
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void stop(struct run *r)
{
	if (!r->stopping)
		r->stop_ms = now_ms() + STOP_MS;
	r->stopping = true;
}

static void fail(struct run *r, const struct block_end *e, const char *what, uint64_t at, int error)
{
	r->bad = MIN(r->bad, at);
	stop(r);
	if (!r->c->cli->err.code)
		err_errno(&r->c->cli->err, error, "%s: %s at byte %llu", e->name, what,
			(unsigned long long)at);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static void slot_free(struct slot *s)
{
	struct run *r = s->run;
	s->run = NULL;
	r->n_busy--;
}

static void slot_begin(struct slot *s, enum block_task_type type)
{
	struct run *r = s->run;
	struct block_end *e = type == BLOCK_TASK_READ ? r->c->src : r->c->dst;
	uint64_t length = s->length;
	if (type == BLOCK_TASK_WRITE && length % e->block_min != 0) {
		uint64_t rest = length % e->block_min;
		memcpy(s->buf + length, r->tail + rest, e->block_min - rest);
		length += e->block_min - rest;
	}
	s->type = type;
	int e_r = block_end_begin(e, r->pool, &s->task, type, s->offset, length, s->buf);
	if (e_r < 0) {
		fail(r, e, "cannot begin", s->offset, e_r);
		slot_free(s);
	}
}

static bool can_zero(const struct run *r, const struct slot *s)
{
	const struct block_end *dst = r->c->dst;
	return dst->can_zero && s->length % dst->block_min == 0;
}

static void slot_read(struct slot *s)
{
	struct run *r = s->run;
	if (r->stopping || r->forgotten) {
		r->bad = r->stopping ? MIN(r->bad, s->offset) : r->bad;
		slot_free(s);
		return;
	}
	bool zero = is_zero(s->buf, s->length);
	if (zero && r->c->dst->fresh) {
		r->c->zeroes += s->length;
		r->counts.bytes += s->length;
		slot_free(s);
	} else {
		slot_begin(s, zero && can_zero(r, s) ? BLOCK_TASK_ZERO : BLOCK_TASK_WRITE);
	}
}

static void on_done(struct block_task *t, int error)
{
	static const char *const verbs[] = {"read", "write", "zero"};
	struct slot *s = container_of(t, struct slot, task);
	struct run *r = s->run;
	struct block_end *e = s->type == BLOCK_TASK_READ ? r->c->src : r->c->dst;
	if (error && s->type == BLOCK_TASK_ZERO && error == -EOPNOTSUPP) {
		/* It can, but not so, or not here. */
		e->can_zero = false;
		r->forgotten = true;
		slot_free(s);
		return;
	}
	if (error && e->link && block_link_forgot(e->link))
		r->forgotten = true;
	else if (error)
		fail(r, e, verbs[s->type], s->offset, error);
	if (!error && s->type == BLOCK_TASK_READ) {
		slot_read(s);
		return;
	}
	if (!error && s->type == BLOCK_TASK_WRITE)
		r->c->data += s->length;
	if (!error && s->type == BLOCK_TASK_ZERO)
		r->c->zeroes += s->length;
	r->counts.bytes += error ? 0 : s->length;
	slot_free(s);
}

static struct slot *slot_take(struct run *r, uint64_t length)
{
	struct slot *s = r->slots;
	while (s->run)
		s++;
	s->run = r;
	s->offset = r->next;
	s->length = length;
	s->task.done = on_done;
	r->n_busy++;
	r->next += length;
	return s;
}

static bool piece_begin(struct run *r)
{
	struct block_copy *c = r->c;
	if (r->n_busy == BLOCK_COPY_PIECES || r->next == r->size)
		return false;
	int e = block_map_more(&r->map, c->src);
	if (e < 0) {
		fail(r, c->src, "block status", r->next, e);
		return false;
	}
	bool zero;
	uint64_t n = block_map_at(&r->map, r->next, &zero);
	if (n == 0)
		return false;
	if (zero && c->dst->fresh) {
		r->next += n;
		c->zeroes += n;
		r->counts.bytes += n;
		return true;
	}
	uint64_t piece = MIN(n, BLOCK_COPY_PIECE - r->next % BLOCK_COPY_PIECE);
	if (!zero) {
		slot_begin(slot_take(r, piece), BLOCK_TASK_READ);
		return true;
	}
	uint64_t blocks = n - n % c->dst->block_min;
	if (c->dst->can_zero && blocks > 0) {
		slot_begin(slot_take(r, MIN(blocks, (uint64_t)BLOCK_COPY_ZERO)), BLOCK_TASK_ZERO);
		return true;
	}
	struct slot *s = slot_take(r, piece);
	memset(s->buf, 0, s->length);
	slot_begin(s, BLOCK_TASK_WRITE);
	return true;
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

static uint64_t mark_now(const struct run *r)
{
	uint64_t mark = MIN(r->next, r->bad);
	for (unsigned i = 0; i < BLOCK_COPY_PIECES; i++)
		if (r->slots[i].run)
			mark = MIN(mark, r->slots[i].offset);
	return mark;
}

static void on_flushed(struct block_task *t, int error)
{
	struct run *r = container_of(t, struct run, flush);
	struct block_copy *c = r->c;
	r->flushing = false;
	r->flushed_ms = now_ms();
	if (c->dst->link)
		block_link_flushing(c->dst->link, false);
	if (error && c->dst->link && block_link_forgot(c->dst->link)) {
		r->forgotten = true;
	} else if (error) {
		r->last_flush = true;
		fail(r, c->dst, "flush", r->flush_mark, error);
	} else if (!r->forgotten) {
		c->safe = r->flush_mark;
		if (c->checkpoint)
			c->checkpoint(c->user, c->safe);
	}
}

static void flush_begin(struct run *r)
{
	struct block_copy *c = r->c;
	r->flush_mark = mark_now(r);
	r->flush.done = on_flushed;
	r->flushing = true;
	if (!c->dst->can_flush) {
		on_flushed(&r->flush, 0);
		return;
	}
	if (c->dst->link)
		block_link_flushing(c->dst->link, true);
	int e = block_end_begin(c->dst, r->pool, &r->flush, BLOCK_TASK_FLUSH, 0, 0, NULL);
	if (e < 0)
		on_flushed(&r->flush, e);
}

/* True if there is nothing left to do. */
static bool flush_if_due(struct run *r)
{
	const struct block_copy *c = r->c;
	bool idle = r->n_busy == 0;
	bool over = r->next == r->size && idle && !r->forgotten;
	if (r->flushing)
		return false;
	if (over && c->safe == r->size)
		return true;
	if (r->stopping && idle) {
		if (r->last_flush || mark_now(r) <= c->safe)
			return true;
		r->last_flush = true;
		flush_begin(r);
		return false;
	}
	bool due = now_ms() - r->flushed_ms >= (c->checkpoint_ms ?: BLOCK_COPY_MS);
	if (over || (due && !r->forgotten && mark_now(r) > c->safe))
		flush_begin(r);
	return false;
}

/* What was written after the last checkpoint is to be written again. */
static void go_back(struct run *r)
{
	struct block_copy *c = r->c;
	if (!r->forgotten || r->n_busy > 0 || r->flushing || r->map.asking)
		return;
	r->forgotten = false;
	r->next = c->safe;
	r->counts.bytes = c->safe;
	c->dst->fresh = false;
	block_map_begin(&r->map, r->next, r->size, r->map.align);
}

/* ---- turning --------------------------------------------------------------------------------- */

static void recover(struct run *r, struct block_end *e)
{
	if (!e->link)
		return;
	int k = block_link_recover(e->link);
	if (k == -ESTALE) {
		r->forgotten = true;
		k = block_link_renew(e->link);
	}
	if (k < 0)
		stop(r);
}

static void turn(struct run *r)
{
	struct block_end *ends[] = {r->c->src, r->c->dst};
	struct pollfd p[1 + 2 * BLOCK_LINK_FDS] = {{.fd = file_pool_fd(r->pool), .events = POLLIN}};
	for (unsigned i = 0; i < 2; i++) {
		struct pollfd *mine = p + 1 + (size_t)i * BLOCK_LINK_FDS;
		mine[0].fd = mine[1].fd = -1;
		if (ends[i]->link)
			block_link_prepare(ends[i]->link, mine);
	}
	if (poll(p, ARRAY_SIZE(p), TICK_MS) < 0)
		return;
	if (p[0].revents)
		file_pool_turn(r->pool);
	for (unsigned i = 0; i < 2; i++)
		if (ends[i]->link)
			block_link_turn(ends[i]->link, p + 1 + (size_t)i * BLOCK_LINK_FDS);
	for (unsigned i = 0; i < 2; i++)
		recover(r, ends[i]);
}

/* Those who wait for an answer that does not come must not. */
static void cut_off(struct run *r)
{
	struct block_end *ends[] = {r->c->src, r->c->dst};
	r->last_flush = true;
	for (unsigned i = 0; i < 2; i++)
		if (ends[i]->link)
			nbd_client_fail(block_link_nbd(ends[i]->link), -EINTR);
}

static void run(struct run *r)
{
	struct block_copy *c = r->c;
	while (!flush_if_due(r)) {
		while (!r->stopping && !r->forgotten && piece_begin(r))
			;
		turn(r);
		go_back(r);
		if (c->cli->signal)
			stop(r);
		if (r->stopping && now_ms() > r->stop_ms)
			cut_off(r);
		meter_update(c->meter, &r->counts);
	}
	meter_wipe(c->meter);
}

/* The destination's blocks are larger than the source's end needs: what is behind it stays. */
static int read_tail(struct run *r)
{
	struct block_end *dst = r->c->dst;
	uint64_t rest = r->size % dst->block_min;
	if (rest == 0)
		return 0;
	struct nbd_op op = {.type = NBD_CMD_READ,
		.offset = r->size - rest,
		.length = dst->block_min,
		.into = r->tail};
	assert(dst->link); /* files have none */
	int e = block_link_perform(dst->link, &op);
	return e < 0 ? err_errno(&r->c->cli->err, e, "%s: read", dst->name) : 0;
}

static int begin(struct run *r)
{
	struct block_copy *c = r->c;
	size_t piece = BLOCK_COPY_PIECE + (size_t)c->dst->block_min;
	piece += ALIGN - piece % ALIGN;
	r->memory = aligned_alloc(ALIGN, piece * BLOCK_COPY_PIECES);
	r->tail = calloc(1, c->dst->block_min);
	if (!r->memory || !r->tail)
		return err_set(&c->cli->err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < BLOCK_COPY_PIECES; i++)
		r->slots[i].buf = r->memory + i * piece;
	r->size = c->src->size;
	r->next = c->from;
	r->bad = UINT64_MAX;
	r->flushed_ms = now_ms();
	r->counts = (struct cp_counts){.bytes = c->from, .found_bytes = r->size};
	uint64_t align = MAX(MAX(c->src->block_min, c->dst->block_min), (uint32_t)ALIGN);
	block_map_begin(&r->map, r->next, r->size, align);
	int e = file_pool_new(&r->pool);
	return e < 0 ? err_errno(&c->cli->err, e, "threads") : read_tail(r);
}

int block_copy_run(struct block_copy *c)
{
	struct run *r = calloc(1, sizeof(*r));
	c->safe = c->from;
	if (!r)
		return err_set(&c->cli->err, -ENOMEM, "out of memory");
	r->c = c;
	int e = begin(r);
	if (e >= 0)
		run(r);
	file_pool_free(r->pool);
	free(r->memory);
	free(r->tail);
	bool all = e >= 0 && c->safe == r->size && r->next == r->size;
	free(r);
	if (c->cli->signal && !all)
		return err_set(&c->cli->err, -EINTR, "interrupted");
	if (!all && !c->cli->err.code)
		err_set(&c->cli->err, -EIO, "the copy did not end");
	return c->cli->err.code;
}
