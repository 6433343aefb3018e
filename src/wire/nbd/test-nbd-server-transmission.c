/* SPDX-License-Identifier: MIT */
/* The rules of requests, and the bytes of every kind of reply. */
#include "wire/nbd/nbd-server-fixture.h"

enum {
	ALL_FLAGS = NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_TRIM |
		    NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_DF | NBD_FLAG_CAN_MULTI_CONN |
		    NBD_FLAG_SEND_CACHE | NBD_FLAG_SEND_FAST_ZERO | NBD_FLAG_BLOCK_STATUS_PAYLOAD,
	SIZE = 64 << 20,
	MAX = 1 << 20,
};
#define COOKIE UINT64_C(0x0123456789abcdef)

static const struct nbd_server_config disk = {.size = SIZE, .flags = ALL_FLAGS, .payload_max = MAX};
static const struct nbd_server_config bare = {.size = SIZE};
static const struct nbd_server_config readonly = {
	.size = SIZE, .flags = ALL_FLAGS | NBD_FLAG_READ_ONLY};

/* Writes the header of a request and returns its length. */
static size_t make_request(const struct nbd_server *s, uint16_t type, uint16_t flags,
	uint64_t offset, uint64_t length, uint8_t *out)
{
	bool extended = nbd_server_is_extended(s);
	uint8_t *p = nbd_put32(out, extended ? NBD_EXTENDED_REQUEST_MAGIC : NBD_REQUEST_MAGIC);
	p = nbd_put64(nbd_put16(nbd_put16(p, flags), type), COOKIE);
	p = nbd_put64(p, offset);
	p = extended ? nbd_put64(p, length) : nbd_put32(p, (uint32_t)length);
	return (size_t)(p - out);
}

static struct nbd_request request_of(
	const struct nbd_server *s, uint16_t type, uint16_t flags, uint64_t offset, uint64_t length)
{
	uint8_t bytes[NBD_EXTENDED_REQUEST_SIZE];
	size_t n = make_request(s, type, flags, offset, length, bytes);
	struct nbd_request q;
	CHECK_INT(nbd_server_request(s, bytes, n, &q), n);
	CHECK(q.cookie == COOKIE && q.type == type && q.offset == offset && q.length == length);
	return q;
}

/* --- requests --- */

struct rule_case {
	uint16_t type, flags;
	uint64_t offset, length;
	uint32_t error; /* what is expected */
	uint16_t left; /* flags that are handed on */
};

static void check_cases(const struct nbd_server *s, const struct rule_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct rule_case *c = &cases[i];
		struct nbd_request q = request_of(s, c->type, c->flags, c->offset, c->length);
		if (q.error != c->error || q.flags != c->left)
			test_fail(__FILE__, __LINE__, "case %zu: error %u, flags %x", i, q.error,
				q.flags);
		CHECK_INT(q.payload, c->type == NBD_CMD_WRITE ? c->length : 0);
	}
}

TEST(requests_are_checked_against_the_export)
{
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&disk, true, false);
	static const struct rule_case cases[] = {
		{NBD_CMD_READ, 0, 0, 512, 0, 0},
		{NBD_CMD_READ, 0, SIZE - 512, 512, 0, 0},
		{NBD_CMD_READ, 0, SIZE - 512, 1024, NBD_EINVAL, 0},
		{NBD_CMD_READ, 0, SIZE, 512, NBD_EINVAL, 0},
		{NBD_CMD_READ, 0, UINT64_MAX - 511, 512, NBD_EINVAL, 0},
		{NBD_CMD_READ, 0, 0, 0, NBD_EINVAL, 0},
		{NBD_CMD_READ, 0, 0, 511, NBD_EINVAL, 0},
		{NBD_CMD_READ, 0, 1, 512, NBD_EINVAL, 0},
		{NBD_CMD_READ, 0, 0, MAX, 0, 0},
		{NBD_CMD_READ, 0, 0, MAX + 512, NBD_EOVERFLOW, 0},
		{NBD_CMD_READ, NBD_CMD_FLAG_DF, 0, 512, 0, NBD_CMD_FLAG_DF},
		{NBD_CMD_READ, NBD_CMD_FLAG_FUA, 0, 512, 0, 0},
		{NBD_CMD_READ, NBD_CMD_FLAG_REQ_ONE, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_READ, NBD_CMD_FLAG_PAYLOAD_LEN, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_WRITE, 0, 0, MAX, 0, 0},
		{NBD_CMD_WRITE, NBD_CMD_FLAG_FUA, 0, 512, 0, NBD_CMD_FLAG_FUA},
		{NBD_CMD_WRITE, NBD_CMD_FLAG_PAYLOAD_LEN, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_WRITE, NBD_CMD_FLAG_DF, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_WRITE, 0, 0, 0, NBD_EINVAL, 0},
		{NBD_CMD_WRITE, 0, 0, MAX + 512, NBD_EINVAL, 0},
		{NBD_CMD_WRITE, 0, 0, NBD_PAYLOAD_MAX, NBD_EINVAL, 0},
		{NBD_CMD_WRITE, 0, SIZE, 512, NBD_ENOSPC, 0},
		{NBD_CMD_WRITE, 0, SIZE - 512, 1024, NBD_ENOSPC, 0},
		{NBD_CMD_FLUSH, 0, 0, 0, 0, 0},
		{NBD_CMD_FLUSH, NBD_CMD_FLAG_FUA, 0, 0, 0, 0},
		{NBD_CMD_FLUSH, 0, 512, 0, NBD_EINVAL, 0},
		{NBD_CMD_FLUSH, 0, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_TRIM, NBD_CMD_FLAG_FUA, 0, SIZE, 0, NBD_CMD_FLAG_FUA},
		{NBD_CMD_TRIM, NBD_CMD_FLAG_NO_HOLE, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_TRIM, 0, SIZE, 512, NBD_EINVAL, 0},
		{NBD_CMD_CACHE, 0, 0, SIZE, 0, 0},
		{NBD_CMD_CACHE, 0, SIZE, 512, NBD_EINVAL, 0},
		{NBD_CMD_WRITE_ZEROES, 0, 0, SIZE, 0, 0},
		{NBD_CMD_WRITE_ZEROES, NBD_CMD_FLAG_NO_HOLE | NBD_CMD_FLAG_FAST_ZERO, 0, 512, 0,
			NBD_CMD_FLAG_NO_HOLE | NBD_CMD_FLAG_FAST_ZERO},
		{NBD_CMD_WRITE_ZEROES, 0, SIZE, 512, NBD_ENOSPC, 0},
		{NBD_CMD_BLOCK_STATUS, 0, 0, SIZE, 0, 0},
		{NBD_CMD_BLOCK_STATUS, NBD_CMD_FLAG_REQ_ONE, 0, SIZE, 0, NBD_CMD_FLAG_REQ_ONE},
		{NBD_CMD_BLOCK_STATUS, 0, 0, SIZE + 512, NBD_EINVAL, 0},
		{NBD_CMD_BLOCK_STATUS, 0, 0, 0, NBD_EINVAL, 0},
		{8, 0, 0, 0, NBD_EINVAL, 0},
		{UINT16_MAX, UINT16_MAX, 0, 0, NBD_EINVAL, 0},
		{NBD_CMD_DISC, 0, 0, 0, 0, 0},
		{NBD_CMD_DISC, UINT16_MAX, 3, 5, 0, NBD_CMD_FLAG_FUA & 0},
	};
	check_cases(s, cases, ARRAY_SIZE(cases));
}

TEST(what_was_not_offered_is_refused)
{
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&bare, false, false);
	static const struct rule_case cases[] = {
		{NBD_CMD_READ, 0, 0, 512, 0, 0},
		{NBD_CMD_READ, NBD_CMD_FLAG_DF, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_READ, NBD_CMD_FLAG_FUA, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_WRITE, 0, 0, 512, 0, 0},
		{NBD_CMD_WRITE, NBD_CMD_FLAG_FUA, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_FLUSH, 0, 0, 0, NBD_EINVAL, 0},
		{NBD_CMD_TRIM, 0, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_CACHE, 0, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_WRITE_ZEROES, 0, 0, 512, NBD_EINVAL, 0},
		{NBD_CMD_BLOCK_STATUS, 0, 0, 512, NBD_EINVAL, 0},
	};
	check_cases(s, cases, ARRAY_SIZE(cases));
	const struct nbd_server_config slow = {.size = SIZE, .flags = NBD_FLAG_SEND_WRITE_ZEROES};
	AUTO(nbd_server_free) struct nbd_server *z = server_started(&slow, false, false);
	static const struct rule_case zeroes[] = {
		{NBD_CMD_WRITE_ZEROES, 0, 0, 512, 0, 0},
		{NBD_CMD_WRITE_ZEROES, NBD_CMD_FLAG_FAST_ZERO, 0, 512, NBD_EINVAL, 0},
	};
	check_cases(z, zeroes, ARRAY_SIZE(zeroes));
}

TEST(a_read_only_export_is_not_written_to)
{
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&readonly, true, false);
	static const struct rule_case cases[] = {
		{NBD_CMD_READ, 0, 0, 512, 0, 0},
		{NBD_CMD_WRITE, 0, 0, 512, NBD_EPERM, 0},
		{NBD_CMD_WRITE, 0, SIZE, 512, NBD_EPERM, 0},
		{NBD_CMD_TRIM, 0, 0, 512, NBD_EPERM, 0},
		{NBD_CMD_WRITE_ZEROES, 0, 0, 512, NBD_EPERM, 0},
		{NBD_CMD_FLUSH, 0, 0, 0, 0, 0},
	};
	check_cases(s, cases, ARRAY_SIZE(cases));
}

TEST(the_size_can_change)
{
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&disk, false, false);
	CHECK_INT(request_of(s, NBD_CMD_READ, 0, SIZE, 512).error, NBD_EINVAL);
	nbd_server_set_size(s, SIZE + 512);
	CHECK_INT(nbd_server_size(s), SIZE + 512);
	CHECK_INT(request_of(s, NBD_CMD_READ, 0, SIZE, 512).error, 0);
	nbd_server_set_size(s, 0);
	CHECK_INT(request_of(s, NBD_CMD_READ, 0, 0, 512).error, NBD_EINVAL);
}

TEST(an_export_need_not_be_a_multiple_of_its_blocks)
{
	const struct nbd_server_config odd = {.size = 1000, .block_min = 1};
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&odd, false, false);
	CHECK_INT(request_of(s, NBD_CMD_READ, 0, 999, 1).error, 0);
	CHECK_INT(request_of(s, NBD_CMD_READ, 0, 999, 2).error, NBD_EINVAL);
	const struct nbd_server_config blocks = {.size = 1000, .block_min = 512};
	AUTO(nbd_server_free) struct nbd_server *b = server_started(&blocks, false, false);
	CHECK_INT(request_of(b, NBD_CMD_READ, 0, 0, 512).error, 0);
	CHECK_INT(request_of(b, NBD_CMD_READ, 0, 512, 488).error, NBD_EINVAL);
}

TEST(extended_requests_have_64_bits_and_say_what_follows)
{
	const struct nbd_server_config big = {
		.size = INT64_MAX & ~INT64_C(511), .flags = ALL_FLAGS, .payload_max = MAX};
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&big, true, true);
	uint64_t all = big.size;
	CHECK_INT(request_of(s, NBD_CMD_TRIM, 0, 0, all).error, 0);
	CHECK_INT(request_of(s, NBD_CMD_TRIM, 0, 512, all).error, NBD_EINVAL);
	CHECK_INT(request_of(s, NBD_CMD_READ, 0, 0, all).error, NBD_EOVERFLOW);
	CHECK_INT(request_of(s, NBD_CMD_READ, 0, 512, ~UINT64_C(511)).error, NBD_EINVAL);
	struct nbd_request q = request_of(s, NBD_CMD_WRITE, NBD_CMD_FLAG_PAYLOAD_LEN, 0, 512);
	CHECK(!q.error && q.payload == 512 && !q.flags);
	q = request_of(s, NBD_CMD_READ, NBD_CMD_FLAG_PAYLOAD_LEN, 0, 512);
	CHECK(q.error == NBD_EINVAL && q.payload == 512);
	q = request_of(s, 99, NBD_CMD_FLAG_PAYLOAD_LEN, 0, 7);
	CHECK(q.error == NBD_EINVAL && q.payload == 7);
}

TEST(what_nobody_reads_to_its_end_closes_the_connection)
{
	uint8_t bytes[NBD_EXTENDED_REQUEST_SIZE];
	struct nbd_request q;
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&disk, true, false);
	make_request(s, NBD_CMD_WRITE, 0, 0, NBD_PAYLOAD_MAX + 1, bytes);
	CHECK_INT(nbd_server_request(s, bytes, NBD_REQUEST_SIZE, &q), -EPROTO);
	AUTO(nbd_server_free) struct nbd_server *x = server_started(&disk, true, true);
	size_t n = make_request(
		x, NBD_CMD_BLOCK_STATUS, NBD_CMD_FLAG_PAYLOAD_LEN, 0, UINT64_MAX, bytes);
	CHECK_INT(nbd_server_request(x, bytes, n, &q), -EPROTO);
	make_request(x, NBD_CMD_WRITE, 0, 0, 512, bytes); /* with data behind it, or without? */
	CHECK_INT(nbd_server_request(x, bytes, n, &q), -EPROTO);
}

TEST(a_request_waits_for_its_last_byte_and_fails_at_its_first)
{
	for (int extended = 0; extended < 2; extended++) {
		AUTO(nbd_server_free) struct nbd_server *s = server_started(&disk, true, extended);
		uint8_t bytes[NBD_EXTENDED_REQUEST_SIZE];
		struct nbd_request q;
		size_t size = make_request(s, NBD_CMD_READ, 0, 0, 512, bytes);
		CHECK_INT(size, extended ? NBD_EXTENDED_REQUEST_SIZE : NBD_REQUEST_SIZE);
		for (size_t n = 0; n < size; n++) {
			AUTO_FREE uint8_t *part = malloc(n + 1);
			memcpy(part, bytes, n);
			CHECK_INT(nbd_server_request(s, part, n, &q), 0);
		}
		for (int bit = 0; bit < 32; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CHECK_INT(nbd_server_request(s, bytes, 4, &q), -EPROTO);
			CHECK_INT(nbd_server_request(s, bytes, size, &q), -EPROTO);
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* --- replies --- */

/* The bytes of a chunk: its header, then what is in `payload`. */
static void expect_chunk(const struct nbd_server *s, const struct nbd_request *q, uint16_t type,
	bool done, uint64_t length, const struct talk *payload, const uint8_t *out, size_t n)
{
	bool extended = nbd_server_is_extended(s);
	struct nbd_reader r = {.p = out, .left = n};
	CHECK_INT(nbd_take32(&r), extended ? NBD_EXTENDED_REPLY_MAGIC : NBD_STRUCTURED_REPLY_MAGIC);
	CHECK_INT(nbd_take16(&r), done);
	CHECK_INT(nbd_take16(&r), type);
	CHECK_INT(nbd_take64(&r), q->cookie);
	if (extended)
		CHECK_INT(nbd_take64(&r), q->offset);
	CHECK_INT(extended ? nbd_take64(&r) : nbd_take32(&r), length);
	CHECK(!r.bad);
	CHECK_INT(r.left, payload->n);
	CHECK(!payload->n || !memcmp(r.p, payload->bytes, r.left));
}

TEST(simple_replies)
{
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&disk, false, false);
	struct nbd_request q = request_of(s, NBD_CMD_READ, 0, 0, 512);
	uint8_t out[NBD_SERVER_HEADER_MAX], expected[NBD_SIMPLE_REPLY_SIZE];
	uint8_t *p = nbd_put32(expected, NBD_SIMPLE_REPLY_MAGIC);
	nbd_put64(nbd_put32(p, 0), COOKIE);
	CHECK_INT(nbd_server_data(s, &q, 0, 512, true, out), sizeof(expected));
	CHECK(!memcmp(out, expected, sizeof(expected)));
	nbd_put32(p, NBD_EIO);
	CHECK_INT(nbd_server_reply(s, &q, NBD_EIO, "not told", out), sizeof(expected));
	CHECK(!memcmp(out, expected, sizeof(expected)));
	q = request_of(s, NBD_CMD_FLUSH, 0, 0, 0);
	nbd_put32(p, 0);
	CHECK_INT(nbd_server_reply(s, &q, 0, NULL, out), sizeof(expected));
	CHECK(!memcmp(out, expected, sizeof(expected)));
}

static void check_chunks(bool extended)
{
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&disk, true, extended);
	struct nbd_request q = request_of(s, NBD_CMD_READ, 0, 4096, 8192);
	uint8_t out[NBD_SERVER_HEADER_MAX + NBD_SERVER_ERROR_TEXT_MAX];
	struct talk payload = {.n = 0};
	size_t n = nbd_server_reply(s, &q, 0, NULL, out);
	expect_chunk(s, &q, NBD_REPLY_TYPE_NONE, true, 0, &payload, out, n);

	say64(&payload, 8192);
	n = nbd_server_data(s, &q, 8192, 4096, false, out);
	expect_chunk(s, &q, NBD_REPLY_TYPE_OFFSET_DATA, false, 8 + 4096, &payload, out, n);
	n = nbd_server_data(s, &q, 8192, 4096, true, out);
	expect_chunk(s, &q, NBD_REPLY_TYPE_OFFSET_DATA, true, 8 + 4096, &payload, out, n);

	say32(&payload, 512);
	n = nbd_server_hole(s, &q, 8192, 512, true, out);
	expect_chunk(s, &q, NBD_REPLY_TYPE_OFFSET_HOLE, true, 12, &payload, out, n);

	payload.n = 0;
	say32(&payload, NBD_EIO);
	say16(&payload, 3);
	say(&payload, "why", 3);
	n = nbd_server_reply(s, &q, NBD_EIO, "why", out);
	expect_chunk(s, &q, NBD_REPLY_TYPE_ERROR, true, 9, &payload, out, n);

	payload.n = 0;
	say32(&payload, NBD_EIO);
	say16(&payload, 0);
	n = nbd_server_reply(s, &q, NBD_EIO, NULL, out);
	expect_chunk(s, &q, NBD_REPLY_TYPE_ERROR, true, 6, &payload, out, n);
	say64(&payload, 8192);
	n = nbd_server_error_at(s, &q, NBD_EIO, 8192, out);
	expect_chunk(s, &q, NBD_REPLY_TYPE_ERROR_OFFSET, true, 14, &payload, out, n);
}

TEST(structured_replies)
{
	check_chunks(false);
}

TEST(extended_replies)
{
	check_chunks(true);
}

TEST(a_long_text_is_cut_between_characters)
{
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&disk, true, false);
	struct nbd_request q = request_of(s, NBD_CMD_READ, 0, 0, 512);
	uint8_t out[NBD_SERVER_HEADER_MAX + NBD_SERVER_ERROR_TEXT_MAX];
	char text[NBD_SERVER_ERROR_TEXT_MAX + 20];
	memset(text, 'x', sizeof(text));
	strcpy(text + sizeof(text) - 5, "ende");
	CHECK_INT(nbd_server_reply(s, &q, NBD_EIO, text, out),
		NBD_CHUNK_SIZE + 6 + NBD_SERVER_ERROR_TEXT_MAX);
	memcpy(text + NBD_SERVER_ERROR_TEXT_MAX - 2, "\xe2\x82\xac", 3);
	CHECK_INT(nbd_server_reply(s, &q, NBD_EIO, text, out),
		NBD_CHUNK_SIZE + 6 + NBD_SERVER_ERROR_TEXT_MAX - 2);
}

/* --- block status --- */

static const struct nbd_extent mixed[] = {
	{4096, 0},
	{0, NBD_STATE_ZERO},
	{4096, 0},
	{8192, NBD_STATE_HOLE | NBD_STATE_ZERO},
	{4096, 0},
};

/* The status of that range, as pairs of length and state. */
static void expect_status(const struct nbd_server *s, const struct nbd_request *q,
	const struct nbd_extent *in, size_t n_in, const struct nbd_extent *expected, size_t n)
{
	AUTO_FREE uint8_t *out = malloc(NBD_SERVER_HEADER_MAX + 16 * n_in);
	struct talk payload = {.n = 0};
	bool extended = nbd_server_is_extended(s);
	say32(&payload, 1);
	if (extended)
		say32(&payload, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		if (extended) {
			say64(&payload, expected[i].length);
			say64(&payload, expected[i].state);
		} else {
			say32(&payload, (uint32_t)expected[i].length);
			say32(&payload, expected[i].state);
		}
	}
	size_t len = nbd_server_status(s, q, in, n_in, out);
	expect_chunk(s, q, extended ? NBD_REPLY_TYPE_BLOCK_STATUS_EXT : NBD_REPLY_TYPE_BLOCK_STATUS,
		true, payload.n, &payload, out, len);
}

static void check_status(bool extended)
{
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&disk, true, extended);
	CHECK(nbd_server_has_status(s));
	struct nbd_request q = request_of(s, NBD_CMD_BLOCK_STATUS, 0, 0, 20480);
	static const struct nbd_extent all[] = {{8192, 0}, {8192, 3}, {4096, 0}};
	expect_status(s, &q, mixed, ARRAY_SIZE(mixed), all, 3);
	q.length = 16384; /* none begins behind the end, but the last may reach over it */
	expect_status(s, &q, mixed, ARRAY_SIZE(mixed), all, 2);
	q.length = 512;
	static const struct nbd_extent start[] = {{4096, 0}};
	expect_status(s, &q, mixed, ARRAY_SIZE(mixed), start, 1);
	q.flags = NBD_CMD_FLAG_REQ_ONE;
	static const struct nbd_extent short_one[] = {{512, 0}};
	expect_status(s, &q, mixed, ARRAY_SIZE(mixed), short_one, 1);
	q.length = 20480;
	expect_status(s, &q, mixed, ARRAY_SIZE(mixed), all, 1);
	static const struct nbd_extent empty[] = {{0, 3}}, unknown[] = {{20480, 0}};
	expect_status(s, &q, empty, 1, unknown, 1);
}

TEST(block_status)
{
	check_status(false);
}

TEST(extended_block_status)
{
	check_status(true);
}

TEST(what_does_not_fit_into_32_bits_ends_the_status)
{
	const struct nbd_server_config big = {.size = INT64_C(1) << 40, .flags = ALL_FLAGS};
	static const struct nbd_extent huge[] = {{5ULL << 30, 3}, {4096, 0}};
	static const struct nbd_extent cut[] = {{(4ULL << 30) - (64 << 10), 3}};
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&big, true, false);
	struct nbd_request q = request_of(s, NBD_CMD_BLOCK_STATUS, 0, 0, 4294966784);
	q.length = 8ULL << 30;
	expect_status(s, &q, huge, 2, cut, 1);
	static const struct nbd_extent exact[] = {{(4ULL << 30) - (64 << 10), 3}, {512, 3}};
	expect_status(s, &q, exact, 2, cut, 1);
	AUTO(nbd_server_free) struct nbd_server *x = server_started(&big, true, true);
	q = request_of(x, NBD_CMD_BLOCK_STATUS, 0, 0, 8ULL << 30);
	expect_status(x, &q, huge, 2, huge, 2);
}

TEST(the_most_extents_fit)
{
	static struct nbd_extent e[NBD_SERVER_EXTENTS_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(e); i++)
		e[i] = (struct nbd_extent){512, i & 1};
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&disk, true, true);
	struct nbd_request q = request_of(s, NBD_CMD_BLOCK_STATUS, 0, 0, SIZE);
	expect_status(s, &q, e, ARRAY_SIZE(e), e, ARRAY_SIZE(e));
}

/* A BLOCK_STATUS with that payload; false: refused. */
static bool status_of(const struct nbd_server *s, uint64_t length, uint64_t n,
	const uint32_t *contexts, struct nbd_request *ret)
{
	uint8_t bytes[8 + 4 * 4];
	assert(n <= 4);
	uint8_t *p = nbd_put64(bytes, length);
	for (uint64_t i = 0; i < n; i++)
		p = nbd_put32(p, contexts[i]);
	*ret = request_of(s, NBD_CMD_BLOCK_STATUS, NBD_CMD_FLAG_PAYLOAD_LEN, 0, 8 + 4 * n);
	CHECK_INT(ret->payload, 8 + 4 * n);
	return !ret->error && nbd_server_status_payload(s, ret, bytes);
}

TEST(a_block_status_may_name_its_contexts)
{
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&disk, true, true);
	static const uint32_t right[] = {1, 1, 1, 1}, wrong[] = {2};
	struct nbd_request q;
	CHECK(status_of(s, 8192, 1, right, &q));
	CHECK_INT(q.length, 8192);
	static const struct nbd_extent all[] = {{8192, 0}};
	expect_status(s, &q, mixed, ARRAY_SIZE(mixed), all, 1);
	CHECK(!status_of(s, 8192, 1, wrong, &q));
	CHECK(!status_of(s, 8192, 2, right, &q));
	CHECK(!status_of(s, 8192, 4, right, &q));
	CHECK(!status_of(s, SIZE + 512, 1, right, &q));
	CHECK(!status_of(s, 511, 1, right, &q));
	CHECK(!status_of(s, 0, 1, right, &q));
	uint8_t out[NBD_SERVER_HEADER_MAX];
	CHECK(status_of(s, 8192, 0, NULL, &q));
	static const struct talk nothing;
	size_t n = nbd_server_status(s, &q, NULL, 0, out);
	expect_chunk(s, &q, NBD_REPLY_TYPE_NONE, true, 0, &nothing, out, n);
}

TEST(a_payload_of_the_wrong_size_is_refused)
{
	AUTO(nbd_server_free) struct nbd_server *s = server_started(&disk, true, true);
	for (uint64_t n = 0; n < 32; n++) {
		struct nbd_request q =
			request_of(s, NBD_CMD_BLOCK_STATUS, NBD_CMD_FLAG_PAYLOAD_LEN, 0, n);
		CHECK_INT(q.error, n == 8 || n == 12 ? 0 : NBD_EINVAL);
		CHECK_INT(q.payload, n);
		CHECK(q.error || q.payload <= NBD_SERVER_STATUS_PAYLOAD_MAX);
	}
	const struct nbd_server_config old = {.size = SIZE};
	AUTO(nbd_server_free) struct nbd_server *o = server_started(&old, true, true);
	struct nbd_request q = request_of(o, NBD_CMD_BLOCK_STATUS, NBD_CMD_FLAG_PAYLOAD_LEN, 0, 12);
	CHECK(q.error == NBD_EINVAL && q.payload == 12);
}
