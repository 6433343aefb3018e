/* SPDX-License-Identifier: MIT */
/*
 * The output queue.
 *
 * Small messages are copied into blocks one after another, so that what they were built in is free
 * at once and a batch of them is one iovec; large ones wait where they were built.  All are offered
 * together: one write.  A message with descriptors is offered alone: receivers give descriptors to
 * the last message of the bytes they read, and a read never goes beyond the bytes that descriptors
 * came with.
 */
#include "vat/conn/conn.h"

enum {
	BLOCK_BYTES = 4096 - sizeof(struct out),
	BLOCKS_KEPT = 16,
	COPY_BYTES = 1024, /* larger ones are not copied */
};

/* ---- entries -------------------------------------------------------------------------------- */

static struct out *block_new(struct vat *v, size_t room)
{
	struct out *o = room == BLOCK_BYTES ? v->blocks : NULL;
	if (o) {
		ASAN_UNPOISON_MEMORY_REGION(o, sizeof(*o) + BLOCK_BYTES);
		v->blocks = o->link.next ? list_entry(o->link.next, struct out, link) : NULL;
		v->n_blocks--;
	} else {
		o = malloc(sizeof(*o) + room);
		if (!o)
			return NULL;
	}
	*o = (struct out){.room = room, .n_iov = 1};
	list_init(&o->link);
	o->iov = o->few;
	o->iov[0].iov_base = o + 1;
	return o;
}

static void block_free(struct vat *v, struct out *o)
{
	if (o->room != BLOCK_BYTES || !v->pool.keep || v->n_blocks >= BLOCKS_KEPT) {
		free(o);
		return;
	}
	o->link.next = v->blocks ? &v->blocks->link : NULL;
	v->blocks = o;
	v->n_blocks++;
	ASAN_POISON_MEMORY_REGION(o, sizeof(*o) + BLOCK_BYTES);
}

void out_trim(struct vat *v)
{
	while (v->blocks)
		free(block_new(v, BLOCK_BYTES));
}

/* A reference to a message that is written from where it is. */
static struct out *ref_new(struct vat *v, struct parcel *p)
{
	struct out *o = pool_get(&v->pool, sizeof(*o));
	if (!o)
		return NULL;
	list_init(&o->link);
	size_t n = vat_message_segments(p->msg) + 1;
	o->iov = n > ARRAY_SIZE(o->few) ? calloc(n, sizeof(*o->iov)) : o->few;
	if (!o->iov || vat_message_iov(p->msg, o->iov, n) < 0) {
		if (o->iov != o->few)
			free(o->iov);
		pool_put(&v->pool, o, sizeof(*o));
		return NULL;
	}
	o->n_iov = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		o->size += o->iov[i].iov_len;
	o->parcel = parcel_ref(p);
	return o;
}

static void out_free(struct vat *v, struct out *o)
{
	for (uint32_t i = 0; i < o->n_fds; i++)
		vat_cap_unref(o->fd_owners[i]);
	if (o->n_fds > 1)
		free(o->fd_owners);
	if (!o->parcel) {
		block_free(v, o);
		return;
	}
	parcel_unref(o->parcel);
	if (o->iov != o->few)
		free(o->iov);
	pool_put(&v->pool, o, sizeof(*o));
}

static bool set_fds(struct out *o, struct vat_cap **owners, uint32_t n)
{
	o->fd_owners = n > 1 ? malloc(n * sizeof(*owners)) : &o->owner;
	if (!o->fd_owners)
		return false;
	for (uint32_t i = 0; i < n; i++)
		o->fd_owners[i] = vat_cap_ref(owners[i]);
	o->n_fds = n;
	return true;
}

/* ---- the queue ------------------------------------------------------------------------------ */

static void append(struct vat_conn *c, struct out *o)
{
	bool was_empty = list_empty(&c->out);
	list_append(&c->out, &o->link);
	c->out_bytes += o->size;
	if (!was_empty)
		return;
	vat_wake(c->vat);
	if (c->output)
		c->output(c->user);
}

/* Room for a message of this size in a block, to be filled at once; NULL: no memory. */
static uint8_t *reserve(struct vat_conn *c, size_t size)
{
	struct out *o = list_empty(&c->out) ? NULL : list_entry(c->out.prev, struct out, link);
	bool fits = o && !o->parcel && !o->n_fds && o->room - o->size >= size;
	if (!fits) {
		o = block_new(c->vat, MAX((size_t)BLOCK_BYTES, size));
		if (!o)
			return NULL;
		append(c, o);
	}
	uint8_t *at = (uint8_t *)o->iov[0].iov_base + o->size;
	o->size += size;
	o->iov[0].iov_len = o->size;
	c->out_bytes += size;
	c->messages_out++;
	return at;
}

static void trace(struct vat_conn *c, void *message, size_t size)
{
	struct iovec iov = {message, size};
	if (c->trace)
		c->trace(c->trace_user, true, &iov, 1);
}

void conn_put(struct vat_conn *c, const uint64_t *words, size_t n)
{
	if (c->over || c->oom)
		return;
	uint8_t *at = reserve(c, n * 8);
	if (!at) {
		conn_oom(c);
		return;
	}
	memcpy(at, words, n * 8);
	trace(c, at, n * 8);
}

void conn_put_fds(struct vat_conn *c, const uint64_t *words, size_t n, struct vat_cap **owners,
	uint32_t n_fds)
{
	if (!n_fds) {
		conn_put(c, words, n);
		return;
	}
	if (c->over || c->oom)
		return;
	struct out *o = block_new(c->vat, n * 8);
	if (!o || !set_fds(o, owners, n_fds)) {
		free(o);
		conn_oom(c);
		return;
	}
	memcpy(o->iov[0].iov_base, words, n * 8);
	o->iov[0].iov_len = o->size = n * 8;
	trace(c, o->iov[0].iov_base, n * 8);
	c->messages_out++;
	append(c, o);
}

/* A message of one segment, header included. */
static int put_copy(struct vat_conn *c, const struct vat_message *m)
{
	size_t size = (size_t)m->segs[0].used * 8;
	uint8_t *at = reserve(c, size + 8);
	if (!at)
		return -ENOMEM;
	uint64_t header = (uint64_t)m->segs[0].used << 32;
	memcpy(at, &header, sizeof(header));
	memcpy(at + 8, m->segs[0].base, size);
	trace(c, at, size + 8);
	return 0;
}

int conn_put_parcel(struct vat_conn *c, struct parcel *p, struct vat_cap **owners, uint32_t n_fds)
{
	const struct vat_message *m = p->msg;
	/* Not behind a message that could not be queued. */
	if (c->over || c->oom)
		return -ENOMEM;
	p->sent = true;
	if (!n_fds && m->n_segs == 1 && m->segs[0].used <= COPY_BYTES / 8)
		return put_copy(c, m);
	struct out *o = ref_new(c->vat, p);
	if (!o)
		return -ENOMEM;
	if (!set_fds(o, owners, n_fds)) {
		out_free(c->vat, o);
		return -ENOMEM;
	}
	if (c->trace)
		c->trace(c->trace_user, true, o->iov, o->n_iov);
	c->messages_out++;
	append(c, o);
	return 0;
}

void conn_discard_output(struct vat_conn *c)
{
	struct list *l;
	while ((l = list_pop(&c->out)))
		out_free(c->vat, list_entry(l, struct out, link));
	c->out_bytes = c->out_offset = 0;
}

/* ---- offering it ---------------------------------------------------------------------------- */

/* Adds what is left of o after skip bytes; returns the number of iovecs filled. */
static size_t offer(const struct out *o, size_t skip, struct iovec *iov, size_t n)
{
	size_t k = 0;
	for (uint32_t i = 0; i < o->n_iov && k < n; i++) {
		size_t len = o->iov[i].iov_len;
		if (skip >= len) {
			skip -= len;
			continue;
		}
		iov[k].iov_base = (uint8_t *)o->iov[i].iov_base + skip;
		iov[k++].iov_len = len - skip;
		skip = 0;
	}
	return k;
}

size_t vat_conn_output(struct vat_conn *c, struct iovec *iov, size_t n, int *fds, size_t max_fds,
	size_t *ret_n_fds)
{
	size_t k = 0, skip = c->out_offset;
	*ret_n_fds = 0;
	list_for_each (l, &c->out) {
		const struct out *o = list_entry(l, struct out, link);
		bool first = l == c->out.next;
		if (k == n || (!first && o->n_fds))
			break;
		k += offer(o, skip, iov + k, n - k);
		skip = 0;
		if (!o->n_fds || !first)
			continue;
		/* With its descriptors at the first byte, and alone till the end. */
		if (!c->out_offset)
			for (uint32_t i = 0; i < o->n_fds && i < max_fds; i++)
				fds[(*ret_n_fds)++] = o->fd_owners[i]->fd;
		break;
	}
	return k;
}

void vat_conn_sent(struct vat_conn *c, size_t bytes)
{
	struct vat *v = c->vat;
	vat_enter(v);
	c->out_offset += bytes;
	c->out_bytes -= bytes;
	while (!list_empty(&c->out)) {
		struct out *o = list_entry(c->out.next, struct out, link);
		if (c->out_offset < o->size)
			break;
		c->out_offset -= o->size;
		list_unlink(&o->link);
		out_free(v, o);
	}
	assert(!list_empty(&c->out) || !c->out_offset);
	vat_leave(v);
}

bool vat_conn_has_output(const struct vat_conn *c)
{
	return !list_empty(&c->out);
}

bool vat_conn_is_over(const struct vat_conn *c)
{
	return c->over && list_empty(&c->out);
}
