/* SPDX-License-Identifier: MIT */
/*
 * Writes that were acknowledged, but not flushed.  They stay in the list `kept`, in the order in
 * which they were done and numbered (`mark`), until a flush that was sent after them has succeeded;
 * data is not copied, it stays the caller's, who is told when it is not needed any more.  Of what
 * writes without data (trim, write zeroes) the caller's operation is free once it is done, so a
 * copy made at submit() is kept.
 *
 * When the server's machine was restarted, all that is kept is written again, a piece waiting while
 * one that it overlaps is under way, and only when all of it has been does anything else begin.
 */
#include "wire/nbd/nbd-client-private.h"

bool client_keeps(const struct nbd_client *c)
{
	return c->config.retain_max > 0 && (c->export.flags & NBD_FLAG_SEND_FLUSH);
}

/* With FUA the data is safe, whatever happens; only what is kept may not be written over it. */
static bool op_counts(const struct nbd_client *c, const struct nbd_op *op)
{
	return client_keeps(c) && client_writes(op->type) && !(op->flags & NBD_CMD_FLAG_FUA);
}

static uint64_t op_bytes(const struct nbd_op *op)
{
	return op->type == NBD_CMD_WRITE ? op->length : 0;
}

static void flush_done(struct nbd_op *op, int error)
{
	struct nbd_client *c = op->user;
	if (!error)
		return;
	/* The server has given up what it could not write, and so do we: the error is what the
	 * caller gets. */
	if (c->state != CLIENT_FAILED)
		c->flush_error = error;
	client_keep_flushed(c, op->mark);
}

static void flush_begin(struct nbd_client *c)
{
	if (c->flush.state != OP_IDLE || c->n_kept == 0)
		return;
	c->flush = (struct nbd_op){
		.type = NBD_CMD_FLUSH, .done = flush_done, .user = c, .state = OP_WAITING};
	/* In front: what waits may wait for this. */
	list_init(&c->flush.link);
	list_insert_before(c->waiting.next, &c->flush.link);
}

bool client_keep_room(struct nbd_client *c, const struct nbd_op *op)
{
	if (!op_counts(c, op))
		return true;
	uint64_t bytes = c->retained + c->beginning, max = c->config.retain_max;
	uint32_t n = c->n_kept + c->n_beginning;
	bool room = n == 0 || (n < CLIENT_KEPT_MAX && bytes + op_bytes(op) <= max);
	if (!room || c->retained > max / 2 || c->n_kept > CLIENT_KEPT_MAX / 2)
		flush_begin(c);
	return room;
}

void client_keep_begin(struct nbd_client *c, struct nbd_op *op)
{
	if (!op_counts(c, op))
		return;
	c->beginning += op_bytes(op);
	c->n_beginning++;
}

void client_keep_undo(struct nbd_client *c, struct nbd_op *op)
{
	if (!op_counts(c, op))
		return;
	c->beginning -= op_bytes(op);
	c->n_beginning--;
}

static bool overlaps_kept(const struct nbd_client *c, const struct nbd_op *op)
{
	list_for_each (it, &c->kept) {
		const struct nbd_op *k = list_entry(it, struct nbd_op, link);
		if (k->offset < op->offset + op->length && op->offset < k->offset + k->length)
			return true;
	}
	return false;
}

bool client_keep_write(struct nbd_client *c, struct nbd_op *op)
{
	if (op->flags & NBD_CMD_FLAG_FUA && !overlaps_kept(c, op))
		return false;
	c->write_mark++;
	if (!client_keeps(c))
		return false;
	struct nbd_op *kept = op;
	if (op->type != NBD_CMD_WRITE) {
		kept = TAKE_PTR(op->copy);
		assert(kept);
	}
	kept->mark = c->write_mark;
	kept->state = OP_KEPT;
	list_append(&c->kept, &kept->link);
	c->retained += op_bytes(kept);
	c->n_kept++;
	return true;
}

static void kept_release(struct nbd_client *c, struct nbd_op *op)
{
	list_unlink(&op->link);
	op->state = OP_IDLE;
	c->retained -= op_bytes(op);
	c->n_kept--;
	if (op->type != NBD_CMD_WRITE)
		free(op);
	else if (op->released)
		op->released(op);
}

void client_keep_flushed(struct nbd_client *c, uint64_t mark)
{
	c->flush_mark = MAX(c->flush_mark, mark);
	while (!list_empty(&c->kept)) {
		struct nbd_op *op = list_entry(c->kept.next, struct nbd_op, link);
		if (op->mark > mark)
			break;
		kept_release(c, op);
	}
}

void client_keep_clear(struct nbd_client *c)
{
	c->rewriting = NULL;
	c->n_rewriting = 0;
	while (!list_empty(&c->kept))
		kept_release(c, list_entry(c->kept.next, struct nbd_op, link));
}

void client_rewrite_start(struct nbd_client *c)
{
	c->rewriting = NULL;
	c->n_rewriting = 0;
	if (!c->lost_data)
		return;
	list_for_each (it, &c->kept) {
		struct nbd_op *op = list_entry(it, struct nbd_op, link);
		op->at = op->offset;
		op->under_way = 0;
		op->error = 0;
	}
	c->n_rewriting = c->n_kept;
	c->rewriting = c->kept.next;
	if (c->n_rewriting == 0)
		c->lost_data = false;
}

/* Whether something under way overlaps any of it. Only what is kept is under way now. */
static bool overlaps_slot(const struct nbd_client *c, const struct nbd_op *op)
{
	for (uint32_t i = 0; i < c->config.max_requests; i++) {
		const struct client_slot *s = &c->slots[i];
		if (s->op && s->op != op && s->offset < op->offset + op->length &&
			op->offset < s->offset + s->length)
			return true;
	}
	return false;
}

struct nbd_op *client_rewrite_next(struct nbd_client *c)
{
	struct nbd_op *op;
	for (;; c->rewriting = c->rewriting->next) {
		if (c->rewriting == &c->kept)
			return NULL;
		op = list_entry(c->rewriting, struct nbd_op, link);
		if (op->at < op->offset + op->length)
			break;
	}
	return op->at > op->offset || !overlaps_slot(c, op) ? op : NULL;
}

void client_rewrite_done(struct nbd_client *c, struct nbd_op *op)
{
	assert(c->n_rewriting > 0);
	if (op->error) {
		/* Acknowledged data is gone, and nobody is there to be told but everybody. */
		nbd_client_fail(c, op->error);
		return;
	}
	if (--c->n_rewriting == 0) {
		c->lost_data = false;
		c->rewriting = NULL;
	}
}
