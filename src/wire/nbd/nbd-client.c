/* SPDX-License-Identifier: MIT */
/*
 * The NBD client as an object: its states, and its operations from submit() to done().  What is on
 * the wire is in the modules that nbd-client-private.h names.
 *
 * Whatever ends a connection comes through nbd_client_lost(): requests are forgotten, and their
 * operations put in front of those that wait, as if nothing of them had been done.  So nothing of a
 * connection outlives it, and the next one may cut operations in another way.
 */
#include "wire/nbd/nbd-client-private.h"

#include <stdarg.h>
#include <stdio.h>

enum { REQUESTS_DEFAULT = 128, PAYLOAD_DEFAULT = 1 << 20, WAITING_FACTOR = 4 };

static int client_alloc(struct nbd_client *c)
{
	uint32_t n = c->config.max_requests;
	c->name = strdup(c->config.name ? c->config.name : "");
	c->slots = calloc(n, sizeof(*c->slots));
	c->free_slots = calloc(n, sizeof(*c->free_slots));
	c->queue = calloc(n, sizeof(*c->queue));
	if (!c->name || !c->slots || !c->free_slots || !c->queue)
		return -ENOMEM;
	c->config.name = c->name;
	return 0;
}

int nbd_client_new(const struct nbd_client_config *config, struct nbd_client **ret)
{
	if (config->max_requests > NBD_CLIENT_OPS_MAX ||
		(config->name && strlen(config->name) > NBD_STRING_MAX))
		return -EINVAL;
	struct nbd_client *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->config = *config;
	list_init(&c->waiting);
	list_init(&c->active);
	list_init(&c->kept);
	list_init(&c->flush.link);
	if (c->config.max_requests == 0)
		c->config.max_requests = REQUESTS_DEFAULT;
	if (c->config.payload_max == 0)
		c->config.payload_max = PAYLOAD_DEFAULT;
	int r = client_alloc(c);
	if (r < 0) {
		nbd_client_free(c);
		return r;
	}
	client_slots_reset(c);
	*ret = c;
	return 0;
}

void nbd_client_free(struct nbd_client *c)
{
	if (!c)
		return;
	nbd_client_fail(c, -ECANCELED);
	for (uint32_t i = 0; c->slots && i < c->config.max_requests; i++)
		free(c->slots[i].spans);
	free(c->slots);
	free(c->free_slots);
	free(c->queue);
	free(c->name);
	free(c);
}

static void input_reset(struct nbd_client *c)
{
	c->in.stage = INPUT_HEADER;
	c->in.at = c->in.end = 0;
	c->in.slot = NULL;
	c->out_at = c->out_len = 0;
	c->disconnect = c->disconnected = false;
}

int nbd_client_start(struct nbd_client *c, const void *epoch, size_t n)
{
	if (c->state == CLIENT_FAILED)
		return c->failed;
	if (c->state != CLIENT_PARKED)
		return -EALREADY;
	if (n > NBD_CLIENT_EPOCH_MAX)
		return -EINVAL;
	if (n && c->n_epoch && (n != c->n_epoch || memcmp(epoch, c->epoch, n) != 0)) {
		bool forgets = c->known && (c->export.flags & NBD_FLAG_SEND_FLUSH);
		if (c->config.retain_max == 0 && forgets && c->write_mark > c->flush_mark) {
			nbd_client_fail(c, -EIO);
			return -EIO;
		}
		/* Until it has been written again, however many connections that takes. */
		c->lost_data = c->n_kept > 0;
	}
	if (n) {
		memcpy(c->epoch, epoch, n);
		c->n_epoch = n;
	}
	input_reset(c);
	c->state = CLIENT_HELLO;
	client_hello_start(c);
	return 0;
}

/* Nothing of it was asked for. */
static void op_rewind(struct nbd_client *c, struct nbd_op *op)
{
	if (op->state == OP_BEGUN)
		client_keep_undo(c, op);
	if (!op->again && op != &c->flush) {
		op->again = true;
		c->n_again++;
	}
	op->state = OP_WAITING;
	op->at = op->offset;
	op->under_way = 0;
	op->error = 0;
}

void nbd_client_lost(struct nbd_client *c)
{
	if (c->state != CLIENT_HELLO && c->state != CLIENT_READY)
		return;
	c->state = CLIENT_PARKED;
	client_slots_reset(c);
	input_reset(c);
	list_for_each (it, &c->waiting) {
		struct nbd_op *op = list_entry(it, struct nbd_op, link);
		if (op->state == OP_BEGUN)
			op_rewind(c, op);
	}
	list_for_each (it, &c->active)
		op_rewind(c, list_entry(it, struct nbd_op, link));
	list_splice(&c->active, &c->waiting);
	list_splice(&c->waiting, &c->active);
	if (c->flush.state != OP_IDLE) {
		list_unlink(&c->flush.link);
		list_insert_before(c->waiting.next, &c->flush.link);
	}
}

static void op_fail(struct nbd_client *c, struct list *item, int error)
{
	struct nbd_op *op = list_entry(item, struct nbd_op, link);
	op->error = error;
	op->under_way = 0;
	client_op_finish(c, op);
}

void nbd_client_fail(struct nbd_client *c, int error)
{
	assert(error < 0);
	if (c->state == CLIENT_FAILED)
		return;
	c->state = CLIENT_FAILED;
	c->failed = error;
	if (c->queue)
		client_slots_reset(c);
	input_reset(c);
	while (!list_empty(&c->active))
		op_fail(c, c->active.next, error);
	while (!list_empty(&c->waiting))
		op_fail(c, c->waiting.next, error);
	client_keep_clear(c);
}

void nbd_client_expire(struct nbd_client *c, int error)
{
	assert(error < 0 && c->state != CLIENT_READY && list_empty(&c->active));
	/* Only those that are there now: callbacks may submit others. */
	struct list todo = LIST_INIT(todo);
	list_splice(&todo, &c->waiting);
	if (c->flush.state != OP_IDLE) {
		list_unlink(&c->flush.link);
		list_append(&c->waiting, &c->flush.link);
	}
	while (!list_empty(&todo))
		op_fail(c, todo.next, error);
}

int client_violation(struct nbd_client *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	nbd_client_lost(c);
	return -EPROTO;
}

const char *nbd_client_why(const struct nbd_client *c)
{
	return c->why;
}

bool nbd_client_is_ready(const struct nbd_client *c)
{
	return c->state == CLIENT_READY;
}

const struct nbd_client_export *nbd_client_export(const struct nbd_client *c)
{
	return &c->export;
}

void nbd_client_set_size(struct nbd_client *c, uint64_t size)
{
	c->export.size = size;
}

uint32_t nbd_client_pending(const struct nbd_client *c)
{
	return c->n_ops;
}

uint64_t nbd_client_retained(const struct nbd_client *c)
{
	return c->retained;
}

void nbd_client_disconnect(struct nbd_client *c)
{
	c->disconnect = c->state == CLIENT_READY;
}

bool nbd_client_can_hand_over(const struct nbd_client *c)
{
	return c->state == CLIENT_READY && c->config.plain && c->in.at == c->in.end &&
	       c->n_free == c->config.max_requests && c->out_at == c->out_len;
}

/* ---- operations ------------------------------------------------------------------------------ */

/* For each command: which flags may go along, and what the export has to be capable of. */
static const struct command_rule {
	uint16_t flags, capability;
} rules[] = {
	[NBD_CMD_READ] = {NBD_CMD_FLAG_DF, 0},
	[NBD_CMD_WRITE] = {NBD_CMD_FLAG_FUA, 0},
	[NBD_CMD_FLUSH] = {0, NBD_FLAG_SEND_FLUSH},
	[NBD_CMD_TRIM] = {NBD_CMD_FLAG_FUA, NBD_FLAG_SEND_TRIM},
	[NBD_CMD_CACHE] = {0, NBD_FLAG_SEND_CACHE},
	[NBD_CMD_WRITE_ZEROES] = {NBD_CMD_FLAG_FUA | NBD_CMD_FLAG_NO_HOLE | NBD_CMD_FLAG_FAST_ZERO,
		NBD_FLAG_SEND_WRITE_ZEROES},
	[NBD_CMD_BLOCK_STATUS] = {NBD_CMD_FLAG_REQ_ONE, 0},
};

static bool op_is_sound(const struct nbd_op *op)
{
	if (op->type >= ARRAY_SIZE(rules) || op->type == NBD_CMD_DISC ||
		(op->flags & ~rules[op->type].flags))
		return false;
	if (op->type == NBD_CMD_FLUSH)
		return op->offset == 0 && op->length == 0;
	return op->length > 0 && op->offset <= INT64_MAX && op->length <= INT64_MAX - op->offset;
}

int client_op_check(const struct nbd_client *c, const struct nbd_op *op)
{
	const struct nbd_client_export *e = &c->export;
	uint16_t needed = rules[op->type].capability;
	if (op->flags & NBD_CMD_FLAG_FUA)
		needed |= NBD_FLAG_SEND_FUA;
	if (op->flags & NBD_CMD_FLAG_DF)
		needed |= NBD_FLAG_SEND_DF;
	if (op->flags & NBD_CMD_FLAG_FAST_ZERO)
		needed |= NBD_FLAG_SEND_FAST_ZERO;
	if (client_writes(op->type) && (e->flags & NBD_FLAG_READ_ONLY))
		return -EROFS;
	if (needed & ~e->flags)
		return -EOPNOTSUPP;
	if (op->offset + op->length > e->size || ((op->offset | op->length) & (e->block_min - 1)))
		return -EINVAL;
	return 0;
}

/* Of what writes without data: what is kept, should it be done. */
static int op_copy(struct nbd_op *op)
{
	op->copy = malloc(sizeof(*op->copy));
	if (!op->copy)
		return -ENOMEM;
	*op->copy = (struct nbd_op){.type = op->type,
		.flags = op->flags & NBD_CMD_FLAG_NO_HOLE,
		.offset = op->offset,
		.length = op->length};
	list_init(&op->copy->link);
	return 0;
}

int nbd_client_submit(struct nbd_client *c, struct nbd_op *op)
{
	assert(op->done && (op->type != NBD_CMD_WRITE || op->data) &&
		(op->type != NBD_CMD_READ || op->into || op->got) &&
		(op->type != NBD_CMD_BLOCK_STATUS || op->extent));
	if (c->state == CLIENT_FAILED)
		return c->failed;
	if (!op_is_sound(op))
		return -EINVAL;
	int r = c->known ? client_op_check(c, op) : 0;
	if (r < 0)
		return r;
	if (c->n_ops >= WAITING_FACTOR * c->config.max_requests)
		return -EAGAIN;
	op->copy = NULL;
	if (c->config.retain_max > 0 && client_writes(op->type) && op->type != NBD_CMD_WRITE) {
		r = op_copy(op);
		if (r < 0)
			return r;
	}
	op->at = op->offset;
	op->mark = 0;
	op->under_way = 0;
	op->error = 0;
	op->again = false;
	op->state = OP_WAITING;
	list_append(&c->waiting, &op->link);
	c->n_ops++;
	return 0;
}

/* What its end means for what is kept; the error to tell of. */
static int flush_end(struct nbd_client *c, struct nbd_op *op)
{
	int error = op->error;
	if (!error)
		client_keep_flushed(c, op->mark);
	if (op != &c->flush && !error) {
		error = c->flush_error;
		c->flush_error = 0;
	}
	return error;
}

void client_op_finish(struct nbd_client *c, struct nbd_op *op)
{
	if (op->state == OP_KEPT) {
		client_rewrite_done(c, op);
		return;
	}
	list_unlink(&op->link);
	if (op->again)
		c->n_again--;
	op->again = false;
	if (op->state == OP_BEGUN)
		client_keep_undo(c, op);
	op->state = OP_IDLE;
	if (op != &c->flush)
		c->n_ops--;

	/* Neither data nor op may be there any more when done() returns. */
	void (*released)(struct nbd_op *) = op->type == NBD_CMD_WRITE ? op->released : NULL;
	int error = op->type == NBD_CMD_FLUSH ? flush_end(c, op) : op->error;
	if (!error && client_writes(op->type) && client_keep_write(c, op))
		released = NULL;
	free(TAKE_PTR(op->copy));
	op->done(op, error);
	if (released)
		released(op);
}

/* Those that were submitted before anything was known of the export. */
static void waiting_check(struct nbd_client *c)
{
	struct list todo = LIST_INIT(todo);
	list_splice(&todo, &c->waiting);
	for (struct list *it; (it = list_pop(&todo));) {
		int r = client_op_check(c, list_entry(it, struct nbd_op, link));
		if (c->state == CLIENT_FAILED)
			r = c->failed;
		list_append(&c->waiting, it);
		if (r < 0)
			op_fail(c, it, r);
	}
}

void client_ready(struct nbd_client *c)
{
	c->state = CLIENT_READY;
	if (!c->known) {
		c->known = true;
		waiting_check(c);
	}
	if (c->state != CLIENT_READY)
		return;
	client_rewrite_start(c);
	if (c->config.ready)
		c->config.ready(c->config.user);
}
