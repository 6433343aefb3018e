/* SPDX-License-Identifier: MIT */
#pragma once
/* For tests of the NBD client: one client, one model, and operations that remember what became of
 * them. */
#include "wire/nbd/nbd-client-fixture.h"

static struct model m;
static struct nbd_client *c;
static int n_ready, refused_error;
static char refused_text[200];

static inline void on_ready(void *user)
{
	n_ready++;
}

static inline void on_refused(void *user, int error, const char *text)
{
	refused_error = error;
	snprintf(refused_text, sizeof(refused_text), "%s", text);
}

static inline void client_new(size_t retain_max, bool plain)
{
	struct nbd_client_config config = {.name = "x",
		.max_requests = 8,
		.payload_max = 512,
		.retain_max = retain_max,
		.plain = plain,
		.refused = on_refused,
		.ready = on_ready};
	n_ready = refused_error = 0;
	CHECK_INT(nbd_client_new(&config, &c), 0);
}

static inline int pump(void)
{
	size_t budget = SIZE_MAX;
	return model_pump(&m, c, &budget);
}

static inline void begin(enum dialect dialect, size_t retain_max)
{
	model_init(&m, dialect);
	client_new(retain_max, false);
	CHECK_INT(nbd_client_start(c, "one", 3), 0);
	CHECK_INT(pump(), 0);
	CHECK(nbd_client_is_ready(c));
}

/* Another connection, of the same machine or (crashed) of one that was restarted. */
static inline void again(bool crashed)
{
	nbd_client_lost(c);
	model_connect(&m, crashed);
	CHECK_INT(nbd_client_start(c, crashed ? "two" : "one", 3), 0);
}

/* ---- operations that remember ---------------------------------------------------------------- */

struct
try {
	struct nbd_op op;
	int n_done, n_released, error;
	bool forgotten; /* freed when it is released */
	uint64_t got;
	struct nbd_extent_r extents[8];
	int n_extents;
	uint8_t data[MODEL_SIZE];
};

static inline void on_done(struct nbd_op *op, int error)
{
	struct try *t = op->user;
	t->n_done++;
	t->error = error;
}

static inline void on_released(struct nbd_op *op)
{
	struct try *t = op->user;
	CHECK_INT(t->n_done, 1);
	CHECK_INT(t->n_released, 0);
	t->n_released++;
	memset(t->data, 0xee, sizeof(t->data)); /* whoever sends it now will be seen */
	if (t->forgotten)
		free(t);
}

static inline void on_got(struct nbd_op *op, uint64_t offset, const void *data, uint64_t n)
{
	struct try *t = op->user;
	CHECK(offset >= op->offset && offset + n <= op->offset + op->length);
	if (data)
		memcpy(t->data + (offset - op->offset), data, n);
	else
		memset(t->data + (offset - op->offset), 0, n);
	t->got += n;
}

static inline void on_extent(struct nbd_op *op, const struct nbd_extent_r *e)
{
	struct try *t = op->user;
	CHECK(t->n_extents < 8);
	t->extents[t->n_extents++] = *e;
}

static inline struct try *try_new(enum nbd_command type, unsigned block, unsigned n, int fill)
{
	struct try *t = calloc(1, sizeof(*t));
	memset(t->data, fill, sizeof(t->data));
	t->op = (struct nbd_op){.type = type,
		.offset = (uint64_t)block * MODEL_BLOCK,
		.length = (uint64_t)n * MODEL_BLOCK,
		.data = t->data,
		.into = t->data,
		.got = on_got,
		.extent = on_extent,
		.done = on_done,
		.released = on_released,
		.user = t};
	return t;
}

static inline struct try *submit(enum nbd_command type, unsigned block, unsigned n, int fill)
{
	struct try *t = try_new(type, block, n, fill);
	CHECK_INT(nbd_client_submit(c, &t->op), 0);
	return t;
}

/* Does it, frees it, returns how it ended. */
static inline int perform(enum nbd_command type, unsigned block, unsigned n, int fill)
{
	struct try *t = submit(type, block, n, fill);
	CHECK_INT(pump(), 0);
	CHECK_INT(t->n_done, 1);
	int error = t->error;
	t->forgotten = type == NBD_CMD_WRITE && !t->n_released;
	if (!t->forgotten)
		free(t);
	return error;
}

static inline void check_blocks(const uint8_t *p, unsigned n, int fill)
{
	for (unsigned i = 0; i < n * MODEL_BLOCK; i++)
		CHECK_INT(p[i], fill);
}

static inline void check_disk(unsigned block, unsigned n, int fill)
{
	check_blocks(m.disk + (size_t)block * MODEL_BLOCK, n, fill);
}
