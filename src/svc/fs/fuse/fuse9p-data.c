/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a file with buffered data has a list of chunks in the order in which they
 * were written.  A chunk becomes one Twrite (more if the server takes less).  Only the last chunk
 * of a file grows, by writes that adjoin or overlap it, and only until it is sent; it is sent when
 * it is full, when a write comes that does not fit it, when somebody waits, or when nothing else of
 * the file is under way.  So a program that writes slowly sees its bytes leave at once, and one
 * that writes many small pieces makes few large messages.
 *
 * A chunk that overlaps an earlier one waits until that has been answered; otherwise chunks are
 * under way together and arrive in any order.
 *
 * Waiting operations carry the number of the last chunk written before them, and go on when the
 * oldest chunk that is left is younger.
 *
 * The kernel may hear a size from the server that is older than what was written here: the answer
 * to a lookup overtakes a write.  Each operation has a number; one that is not above the highest
 * number there was when the file's last chunk was confirmed may have got such an answer.
 */
#include "svc/fs/fuse/fuse9p-data.h"

#include <fcntl.h>

enum { CHUNK_LEAST = 4096, CHUNK_START = 64 * 1024, RETRY_MS = 50 };

struct f9_data {
	struct list files; /* struct f9_dirty */
	struct list room; /* struct f9_op */
	size_t bytes, flight_bytes;
	unsigned flight;
	uint64_t seq;
	bool refused; /* a chunk could not be sent for another reason than the window */
};

/* A file with data that the server has not confirmed. */
struct f9_dirty {
	struct list on_fs;
	struct f9_node *node; /* kept by the chunks' handles */
	struct list chunks; /* in the order of writing; never empty but for a moment */
	struct list waiters; /* struct f9_op, by wait_seq */
	size_t bytes;
	unsigned n_chunks, n_sent;
};

struct chunk {
	struct list link;
	struct f9 *fs;
	struct f9_dirty *file;
	struct f9_handle *h;
	struct f9_op *op; /* who waits for just this */
	uint64_t seq, offset;
	uint8_t *buf;
	size_t len, cap, done; /* bytes: there, of room, confirmed */
	size_t sent; /* bytes under way from `done` on; 0: none */
	bool behind; /* overlaps an earlier one */
	bool extends; /* the file may end before it until it is there */
};

int f9_data_init(struct f9 *fs)
{
	struct f9_data *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	list_init(&w->files);
	list_init(&w->room);
	fs->data = w;
	return 0;
}

size_t f9_data_bytes(const struct f9 *fs)
{
	return fs->data->bytes;
}

static uint64_t chunk_end_at(const struct chunk *c)
{
	return c->offset + c->len;
}

static bool overlaps(const struct chunk *c, uint64_t offset, uint64_t size)
{
	return c->offset < offset + size && offset < chunk_end_at(c);
}

/* Most that goes into one message on that file. */
static size_t most_sent(const struct f9 *fs, const struct f9_handle *h)
{
	size_t n = p9_client_payload_max(fs->client);
	if (!n)
		n = P9_MAX_MSIZE - P9_IO_HEADER; /* between two connections */
	return h->iounit ? MIN(n, (size_t)h->iounit) : n;
}

/* Most that becomes one chunk: a server that wants a byte at a time does not get a chunk for each.
 */
static size_t most(const struct f9 *fs, const struct f9_handle *h)
{
	return MAX(most_sent(fs, h), (size_t)CHUNK_LEAST);
}

/* ---- sending ---- */

static void chunk_finish(struct chunk *c, int error);
static void pump(struct f9 *fs, struct f9_dirty *d);
static void pump_all(struct f9 *fs);

static bool lost(const struct f9 *fs)
{
	return fs->down || p9_client_failed(fs->client);
}

static void write_reply(void *user, int error, const struct p9_msg *m)
{
	struct chunk *c = user;
	struct f9 *fs = c->fs;
	struct f9_dirty *d = c->file;
	bool was_full = fs->data->flight >= F9_DATA_FLIGHT ||
			fs->data->flight_bytes >= F9_DATA_FLIGHT_BYTES;
	fs->data->flight--;
	fs->data->flight_bytes -= c->sent;
	d->n_sent--;
	c->sent = 0;
	if (error && lost(fs))
		return; /* still there, to be sent again */
	if (!error && m->rwrite.count == 0)
		error = -EIO;
	if (!error)
		c->done += m->rwrite.count;
	struct f9_node *n = f9_node_ref(d->node);
	if (error || c->done == c->len)
		chunk_finish(c, error);
	if (n->dirty)
		pump(fs, n->dirty);
	f9_node_unref(fs, n);
	if (was_full)
		pump_all(fs);
}

static void chunk_send(struct chunk *c)
{
	struct f9 *fs = c->fs;
	size_t n = MIN(c->len - c->done, most_sent(fs, c->h));
	struct p9_msg m = {.type = P9_Twrite,
		.twrite = {.fid = c->h->fid,
			.offset = c->offset + c->done,
			.data = {c->buf + c->done, (uint32_t)n}}};
	if (p9_client_request(fs->client, &m, write_reply, c) < 0) {
		fs->data->refused = true;
		return;
	}
	c->sent = n;
	c->file->n_sent++;
	fs->data->flight++;
	fs->data->flight_bytes += n;
}

static bool behind_another(struct chunk *c)
{
	if (!c->behind)
		return false;
	list_for_each (it, &c->file->chunks) {
		const struct chunk *o = list_entry(it, struct chunk, link);
		if (o == c)
			break;
		if (overlaps(o, c->offset, c->len))
			return true;
	}
	c->behind = false;
	return false;
}

/* Whether it should wait for more bytes to go with it. */
static bool collecting(const struct chunk *c)
{
	const struct f9_dirty *d = c->file;
	return d->chunks.prev == &c->link && d->n_sent > 0 && list_empty(&d->waiters) && !c->op &&
	       !c->done && c->len < most(c->fs, c->h);
}

static void pump(struct f9 *fs, struct f9_dirty *d)
{
	struct f9_data *w = fs->data;
	if (lost(fs))
		return;
	list_for_each (it, &d->chunks) {
		struct chunk *c = list_entry(it, struct chunk, link);
		if (w->flight >= F9_DATA_FLIGHT || w->flight_bytes >= F9_DATA_FLIGHT_BYTES ||
			w->refused)
			return;
		if (!c->sent && !collecting(c) && !behind_another(c))
			chunk_send(c);
	}
}

static void pump_all(struct f9 *fs)
{
	list_for_each (it, &fs->data->files) {
		struct f9_dirty *d = list_entry(it, struct f9_dirty, on_fs);
		if (d->n_chunks > d->n_sent)
			pump(fs, d);
	}
}

int f9_data_run(struct f9 *fs)
{
	if (!fs->data->refused || lost(fs))
		return -1;
	fs->data->refused = false;
	pump_all(fs);
	return fs->data->refused ? RETRY_MS : -1;
}

/* ---- the end of a chunk ---- */

static void dirty_free_if_empty(struct f9_node *n)
{
	struct f9_dirty *d = n->dirty;
	if (!d || !list_empty(&d->chunks) || !list_empty(&d->waiters))
		return;
	list_unlink(&d->on_fs);
	n->dirty = NULL;
	free(d);
}

/* The first waiter that need not wait any longer. */
static struct f9_op *waiter_pop(struct f9_node *n)
{
	struct f9_dirty *d = n->dirty;
	if (!d || list_empty(&d->waiters))
		return NULL;
	struct f9_op *op = list_entry(d->waiters.next, struct f9_op, wait);
	if (!list_empty(&d->chunks) &&
		op->wait_seq >= list_entry(d->chunks.next, struct chunk, link)->seq)
		return NULL;
	list_unlink(&op->wait);
	return op;
}

static void waiters_wake(struct f9_node *n)
{
	struct f9_op *op;
	while ((op = waiter_pop(n))) {
		dirty_free_if_empty(n);
		op->number = ++op->fs->n_started;
		op->wait_then(op, 0, NULL);
	}
	dirty_free_if_empty(n);
}

static bool has_room(const struct f9 *fs, const struct f9_node *n, size_t size)
{
	const struct f9_data *w = fs->data;
	const struct f9_dirty *d = n->dirty;
	if (w->bytes && w->bytes + size > F9_DATA_BYTES)
		return false;
	return !d || !d->n_chunks ||
	       (d->bytes + size <= F9_DATA_FILE_BYTES && d->n_chunks < F9_DATA_FILE_CHUNKS);
}

static struct f9_op *room_pop(struct f9 *fs)
{
	list_for_each (it, &fs->data->room) {
		struct f9_op *op = list_entry(it, struct f9_op, wait);
		if (has_room(fs, op->node, op->size)) {
			list_unlink(it);
			return op;
		}
	}
	return NULL;
}

/* All who have the file open for writing are told once. */
static void error_keep(struct f9_node *n, int error)
{
	list_for_each (it, &n->handles) {
		struct f9_handle *h = list_entry(it, struct f9_handle, on_node);
		if ((h->flags & O_ACCMODE) != O_RDONLY && !h->write_error)
			h->write_error = error;
	}
}

static void op_piece_done(struct f9_op *op, int error)
{
	if (error && !op->wait_error)
		op->wait_error = error;
	if (--op->n_pieces == 0)
		op->wait_then(op, op->wait_error, NULL);
}

/* The caller holds the node. */
static void chunk_finish(struct chunk *c, int error)
{
	struct f9 *fs = c->fs;
	struct f9_dirty *d = c->file;
	struct f9_node *n = d->node;
	struct f9_handle *h = c->h;
	struct f9_op *op = c->op;
	assert(!c->sent);
	list_unlink(&c->link);
	d->n_chunks--;
	d->bytes -= c->cap;
	fs->data->bytes -= c->cap;
	free(c->buf);
	free(c);
	n->written_op = fs->n_started;
	if (error && !op)
		error_keep(n, error);
	if (--h->n_chunks == 0 && h->closed)
		f9_handle_free(fs, h);
	if (op)
		op_piece_done(op, error);
	waiters_wake(n);
	while ((op = room_pop(fs)))
		op->wait_then(op, 0, NULL);
}

/* ---- taking data ---- */

static struct f9_dirty *dirty_get(struct f9 *fs, struct f9_node *n)
{
	if (n->dirty)
		return n->dirty;
	struct f9_dirty *d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->node = n;
	list_init(&d->chunks);
	list_init(&d->waiters);
	list_append(&fs->data->files, &d->on_fs);
	n->dirty = d;
	n->written_end = 0;
	return d;
}

static bool chunk_reserve(struct chunk *c, size_t len, size_t limit)
{
	if (len <= c->cap)
		return true;
	size_t cap = c->cap;
	while (cap < len)
		cap = MIN(MAX(4 * cap, (size_t)CHUNK_START), limit);
	uint8_t *buf = realloc(c->buf, cap);
	if (!buf)
		return false;
	c->file->bytes += cap - c->cap;
	c->fs->data->bytes += cap - c->cap;
	c->buf = buf;
	c->cap = cap;
	return true;
}

static bool extends(const struct f9_node *n, uint64_t end)
{
	return n->size == UINT64_MAX || end > n->size;
}

/* How much of the data the file's last chunk took: bytes that begin in or right after it. */
static size_t chunk_extend(struct f9_dirty *d, const struct f9_handle *h, const void *buf,
	size_t size, uint64_t offset)
{
	if (list_empty(&d->chunks))
		return 0;
	struct chunk *c = list_entry(d->chunks.prev, struct chunk, link);
	size_t limit = most(c->fs, h);
	if (c->sent || c->done || c->op || c->h != h || offset < c->offset ||
		offset > chunk_end_at(c) || offset - c->offset >= limit)
		return 0;
	size_t at = (size_t)(offset - c->offset), n = MIN(size, limit - at);
	if (!chunk_reserve(c, at + n, limit))
		return 0;
	memcpy(c->buf + at, buf, n);
	if (at + n > c->len) {
		c->len = at + n;
		c->extends |= extends(d->node, chunk_end_at(c));
		c->behind = true; /* perhaps: it is looked at before it is sent */
	}
	return n;
}

static struct chunk *chunk_new(struct f9 *fs, struct f9_dirty *d, struct f9_handle *h,
	const void *buf, size_t size, uint64_t offset)
{
	struct chunk *c = calloc(1, sizeof(*c));
	if (!c || !(c->buf = malloc(size))) {
		free(c);
		return NULL;
	}
	memcpy(c->buf, buf, size);
	c->fs = fs;
	c->file = d;
	c->h = h;
	c->seq = ++fs->data->seq;
	c->offset = offset;
	c->len = c->cap = size;
	c->behind = d->n_chunks > 0;
	c->extends = extends(d->node, offset + size);
	h->n_chunks++;
	d->n_chunks++;
	d->bytes += size;
	fs->data->bytes += size;
	list_append(&d->chunks, &c->link);
	return c;
}

/* How much was taken. */
static size_t data_take(struct f9 *fs, struct f9_handle *h, const uint8_t *buf, size_t size,
	uint64_t offset, struct f9_op *op)
{
	struct f9_dirty *d = dirty_get(fs, h->node);
	size_t at = d && !op ? chunk_extend(d, h, buf, size, offset) : 0;
	while (d && at < size) {
		size_t n = MIN(size - at, most(fs, h));
		struct chunk *c = chunk_new(fs, d, h, buf + at, n, offset + at);
		if (!c)
			break;
		c->op = op;
		if (op)
			op->n_pieces++;
		at += n;
	}
	h->node->written_end = MAX(h->node->written_end, offset + at);
	return at;
}

int f9_data_write(struct f9 *fs, struct f9_handle *h, const void *buf, size_t size, uint64_t offset)
{
	if (!has_room(fs, h->node, size))
		return -EAGAIN;
	size_t n = data_take(fs, h, buf, size, offset, NULL);
	if (h->node->dirty)
		pump(fs, h->node->dirty);
	dirty_free_if_empty(h->node);
	/* What was taken of it is written once more by whoever tries again. */
	return n == size ? 0 : -ENOMEM;
}

int f9_data_write_through(struct f9_op *op, struct f9_handle *h, const void *buf, size_t size,
	uint64_t offset, f9_then then)
{
	struct f9 *fs = op->fs;
	if (!has_room(fs, h->node, size))
		return -EAGAIN;
	op->wait_then = then;
	op->wait_error = 0;
	if (data_take(fs, h, buf, size, offset, op) < size) {
		f9_data_forget(op);
		dirty_free_if_empty(h->node);
		return -ENOMEM;
	}
	pump(fs, h->node->dirty);
	return 0;
}

void f9_data_room(struct f9_op *op, f9_then then)
{
	op->wait_then = then;
	list_append(&op->fs->data->room, &op->wait);
}

/* ---- waiting ---- */

static void wait_until(struct f9_op *op, struct f9_dirty *d, uint64_t seq, f9_then then)
{
	struct list *at = &d->waiters;
	while (at->prev != &d->waiters && list_entry(at->prev, struct f9_op, wait)->wait_seq > seq)
		at = at->prev;
	op->wait_then = then;
	op->wait_seq = seq;
	list_insert_before(at, &op->wait);
	pump(op->fs, d);
}

void f9_data_settle(struct f9_op *op, struct f9_node *n, f9_then then)
{
	if (n->dirty)
		wait_until(op, n->dirty, op->fs->data->seq, then);
	else
		then(op, 0, NULL);
}

void f9_data_settle_range(
	struct f9_op *op, struct f9_node *n, uint64_t offset, uint64_t size, f9_then then)
{
	uint64_t seq = 0;
	if (n->dirty) {
		list_for_each (it, &n->dirty->chunks) {
			const struct chunk *c = list_entry(it, struct chunk, link);
			/* What lies before the new end is a hole there, not the end of the file. */
			if (overlaps(c, offset, size) || (c->extends && chunk_end_at(c) > offset))
				seq = c->seq;
		}
	}
	if (seq)
		wait_until(op, n->dirty, seq, then);
	else
		then(op, 0, NULL);
}

void f9_data_forget(struct f9_op *op)
{
	list_unlink(&op->wait);
	if (!op->n_pieces)
		return;
	list_for_each (f, &op->fs->data->files) {
		list_for_each (it, &list_entry(f, struct f9_dirty, on_fs)->chunks) {
			struct chunk *c = list_entry(it, struct chunk, link);
			if (c->op == op)
				c->op = NULL;
		}
	}
	op->n_pieces = 0;
}

int f9_data_error(struct f9_handle *h)
{
	int error = h->write_error;
	h->write_error = 0;
	return error;
}

bool f9_data_keeps(struct f9_handle *h)
{
	if (h->n_chunks)
		h->closed = true;
	return h->n_chunks > 0;
}

bool f9_data_attr(const struct f9_op *op, const struct f9_node *n, struct stat *st)
{
	if (!n->dirty && op->number > n->written_op)
		return false;
	uint64_t end = MIN(n->written_end, (uint64_t)INT64_MAX);
	if (S_ISREG(st->st_mode) && (uint64_t)st->st_size < end)
		st->st_size = (off_t)end;
	return true;
}

/* ---- between two connections ---- */

static void park_waiters(struct list *waiters)
{
	struct list all = LIST_INIT(all), *it;
	list_splice(&all, waiters);
	while ((it = list_pop(&all))) {
		struct f9_op *op = list_entry(it, struct f9_op, wait);
		if (!f9_op_lost(op, -EIO))
			op->wait_then(op, -EIO, NULL);
	}
}

void f9_data_suspend(struct f9 *fs)
{
	list_for_each_safe (it, &fs->data->files) {
		struct f9_dirty *d = list_entry(it, struct f9_dirty, on_fs);
		assert(!d->n_sent);
		park_waiters(&d->waiters);
	}
	park_waiters(&fs->data->room);
}

/* Fails the chunks whose file was not found again; all: every one. */
static void fail_chunks(struct f9 *fs, int all)
{
	bool again;
	do {
		again = false;
		list_for_each (f, &fs->data->files) {
			struct f9_dirty *d = list_entry(f, struct f9_dirty, on_fs);
			struct chunk *failed = NULL;
			list_for_each (it, &d->chunks) {
				struct chunk *c = list_entry(it, struct chunk, link);
				if (!failed && !c->sent && (all || c->h->error))
					failed = c;
			}
			if (!failed)
				continue;
			struct f9_node *n = f9_node_ref(d->node);
			chunk_finish(failed, all ? all : failed->h->error);
			f9_node_unref(fs, n);
			again = true;
			break; /* the list may have changed */
		}
	} while (again);
}

void f9_data_resume(struct f9 *fs)
{
	fail_chunks(fs, 0);
	fs->data->refused = false;
	pump_all(fs);
}

void f9_data_abandon(struct f9 *fs, int error)
{
	fail_chunks(fs, error);
}

void f9_data_done(struct f9 *fs)
{
	if (!fs->data)
		return;
	f9_data_abandon(fs, -EIO);
	free(TAKE_PTR(fs->data));
}
