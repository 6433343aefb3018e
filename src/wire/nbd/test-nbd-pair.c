/* SPDX-License-Identifier: MIT */
/*
 * The NBD client and the NBD server, one feeding the other, byte by byte and in larger portions,
 * with the connection cut now and then.
 */
#include "base/test.h"
#include "wire/nbd/nbd-client.h"
#include "wire/nbd/nbd-server.h"

enum { SIZE = 1 << 16, BUF = 1 << 18, BLOCK = 512 };

static struct nbd_server *s;
static struct nbd_client *c;
static uint8_t disk[SIZE], to_server[BUF], to_client[BUF], mine[SIZE], want[SIZE];
static size_t n_server, n_client;
static int n_done, last_error;
static uint64_t told;

static void emit(const void *p, size_t n)
{
	CHECK(n_client + n <= BUF);
	memcpy(to_client + n_client, p, n);
	n_client += n;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return n > 0 && p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static void serve(const struct nbd_request *q, const uint8_t *data)
{
	uint8_t out[NBD_SERVER_HEADER_MAX + NBD_SERVER_ERROR_TEXT_MAX + 32];
	struct nbd_extent extents[] = {
		{q->length / 2, 0}, {q->length - q->length / 2, NBD_STATE_HOLE | NBD_STATE_ZERO}};
	if (q->error) {
		emit(out, nbd_server_reply(s, q, q->error, "no", out));
		return;
	}
	switch (q->type) {
	case NBD_CMD_DISC:
		return;
	case NBD_CMD_READ:
		if (nbd_server_is_structured(s) && is_zero(disk + q->offset, q->length / 2)) {
			uint64_t half = q->length / 2, at = q->offset + half;
			emit(out, nbd_server_hole(s, q, q->offset, half, false, out));
			emit(out, nbd_server_data(s, q, at, q->length - half, true, out));
			emit(disk + at, q->length - half);
			return;
		}
		emit(out, nbd_server_data(s, q, q->offset, q->length, true, out));
		emit(disk + q->offset, q->length);
		return;
	case NBD_CMD_BLOCK_STATUS:
		emit(out, nbd_server_status(s, q, extents, 2, out));
		return;
	case NBD_CMD_WRITE:
		memcpy(disk + q->offset, data, q->length);
		break;
	case NBD_CMD_WRITE_ZEROES:
	case NBD_CMD_TRIM:
		memset(disk + q->offset, 0, q->length);
		break;
	default:
		break;
	}
	emit(out, nbd_server_reply(s, q, 0, NULL, out));
}

static void server_input(const void *p, size_t n)
{
	CHECK(n_server + n <= BUF);
	memcpy(to_server + n_server, p, n);
	n_server += n;
	for (size_t used = 1; used > 0;) {
		struct nbd_request q;
		if (nbd_server_state(s) == NBD_SERVER_TRANSMISSION) {
			int r = nbd_server_request(s, to_server, n_server, &q);
			CHECK(r >= 0);
			used = r > 0 && n_server >= (size_t)r + q.payload ? (size_t)r + q.payload
									  : 0;
			if (used)
				serve(&q, to_server + r);
		} else {
			const void *out;
			size_t len;
			used = nbd_server_negotiate(s, to_server, n_server);
			nbd_server_output(s, &out, &len);
			emit(out, len);
			nbd_server_output_done(s, len);
			CHECK(nbd_server_state(s) != NBD_SERVER_OVER);
		}
		n_server -= used;
		memmove(to_server, to_server + used, n_server);
	}
}

static void link_up(const struct nbd_server_config *config)
{
	nbd_server_free(s);
	CHECK_INT(nbd_server_new(config, &s), 0);
	n_server = n_client = 0;
	CHECK_INT(nbd_client_start(c, NULL, 0), 0);
	server_input("", 0);
}

/* At most n bytes each way; how many were moved. */
static size_t pump(size_t n)
{
	struct iovec iov[16];
	size_t pieces = nbd_client_output(c, iov, ARRAY_SIZE(iov)), sent = 0, got = 0;
	for (size_t i = 0; i < pieces && sent < n; i++) {
		size_t part = MIN(iov[i].iov_len, n - sent);
		server_input(iov[i].iov_base, part);
		sent += part;
	}
	nbd_client_output_done(c, sent);
	pieces = nbd_client_input_vec(c, iov, 2);
	for (size_t i = 0; i < pieces && got < n; i++) {
		size_t part = MIN(MIN(iov[i].iov_len, n - got), n_client - got);
		memcpy(iov[i].iov_base, to_client + got, part);
		got += part;
	}
	n_client -= got;
	memmove(to_client, to_client + got, n_client);
	CHECK_INT(nbd_client_input(c, got), 0);
	return sent + got;
}

static void on_done(struct nbd_op *op, int error)
{
	n_done++;
	last_error = error;
}

static void on_extent(struct nbd_op *op, const struct nbd_extent_r *e)
{
	CHECK(e->offset == op->offset || e->offset == op->offset + told);
	told = e->offset + e->length - op->offset;
}

static void on_refused(void *user, int error, const char *text)
{
	test_fail(__FILE__, __LINE__, "refused: %s", text);
}

/* The same on what is expected. */
static void expect(const struct nbd_op *op)
{
	if (op->type == NBD_CMD_WRITE)
		memcpy(want + op->offset, op->data, op->length);
	if (op->type == NBD_CMD_WRITE_ZEROES || op->type == NBD_CMD_TRIM)
		memset(want + op->offset, 0, op->length);
	if (op->type == NBD_CMD_READ)
		CHECK(memcmp(mine, want + op->offset, op->length) == 0);
}

static uint32_t seed = 1;

static uint32_t some(uint32_t below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

static void some_operation(const struct nbd_server_config *config, size_t portion, size_t life)
{
	static const enum nbd_command types[] = {NBD_CMD_READ, NBD_CMD_WRITE, NBD_CMD_FLUSH,
		NBD_CMD_TRIM, NBD_CMD_CACHE, NBD_CMD_WRITE_ZEROES, NBD_CMD_BLOCK_STATUS,
		NBD_CMD_READ, NBD_CMD_WRITE};
	enum nbd_command type = types[some(ARRAY_SIZE(types))];
	uint64_t from = type == NBD_CMD_FLUSH ? 0 : some(SIZE / BLOCK);
	uint64_t n = type == NBD_CMD_FLUSH ? 0 : 1 + some((uint32_t)(SIZE / BLOCK - from));
	struct nbd_op op = {.type = type,
		.offset = from * BLOCK,
		.length = n * BLOCK,
		.data = mine,
		.into = mine,
		.extent = on_extent,
		.done = on_done};
	for (size_t i = 0; type == NBD_CMD_WRITE && i < op.length; i++)
		mine[i] = (uint8_t)some(256);
	n_done = 0;
	told = 0;
	CHECK_INT(nbd_client_submit(c, &op), 0);
	for (size_t moved = 0; n_done == 0;) {
		size_t step = pump(portion);
		CHECK(step > 0 || n_done);
		moved += step;
		if (moved > life && n_done == 0) {
			nbd_client_lost(c);
			link_up(config);
			moved = 0;
			life += life + 3000; /* or it will never be done */
		}
	}
	CHECK_INT(n_done, 1);
	CHECK_INT(last_error, 0);
	CHECK(type != NBD_CMD_BLOCK_STATUS || told > 0);
	expect(&op);
}

static void converse(bool plain, size_t portion, unsigned n)
{
	struct nbd_server_config server = {.size = SIZE,
		.flags = NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_TRIM |
			 NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_CACHE | NBD_FLAG_SEND_DF,
		.payload_max = 8192};
	struct nbd_client_config client = {.plain = plain, .refused = on_refused};
	CHECK_INT(nbd_client_new(&client, &c), 0);
	link_up(&server);
	while (!nbd_client_is_ready(c))
		CHECK(pump(portion) > 0);
	CHECK_INT(nbd_client_export(c)->extended, !plain);
	CHECK_INT(nbd_client_export(c)->status, !plain);
	for (unsigned i = 0; i < n; i++)
		some_operation(&server, portion, some(20000));
	CHECK(memcmp(disk, want, SIZE) == 0);
	nbd_client_free(c);
	nbd_server_free(s);
}

TEST(both_halves_understand_each_other)
{
	converse(false, SIZE_MAX, 400);
}

TEST(both_halves_understand_each_other_without_extensions)
{
	converse(true, 5000, 400);
}

TEST(both_halves_understand_each_other_byte_by_byte)
{
	converse(false, 1, 15);
}
