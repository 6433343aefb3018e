/* SPDX-License-Identifier: MIT */
/*
 * Whole messages to bytes and back: what the reference implementation's serialize-,
 * serialize-async-, serialize-packed-, layout- and message-test are about, under their names, and
 * the messages with which other implementations were once caught out.
 *
 * There are no streams here, so what upstream reads from one arrives in pieces; its variants with
 * and without scratch space are those of parsing with and without a copy.
 */
#include "base/test.h"
#include "vat/cap/test-alloc.h"
#include "vat/cap/test-caps.h"
#include "vat/message/test-walk.h"

#include <math.h>

DEFINE_AUTO(struct vat_message *, vat_message_free);

enum fill { FILL_ALL, FILL_ZERO, FILL_HUGE };
enum parity { ONE, ODD, EVEN };
enum { HUGE = 5023 };

static void fill(struct vat_message *m, enum fill what)
{
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 4, 6);
	char text[HUGE];
	memset(text, 'x', sizeof(text));
	if (what == FILL_HUGE)
		vat_set_text(vat_ptr_at_b(s, 0), (struct vat_text){text, HUGE});
	if (what != FILL_ALL)
		return;
	for (uint32_t i = 0; i < 4; i++)
		vat_w_u64(s, i, UINT64_C(0x0123000056780000) >> i * 8, 0);
	vat_set_text(vat_ptr_at_b(s, 0), vat_str("some text"));
	vat_set_data(vat_ptr_at_b(s, 1), (struct vat_data){"\0\0\1\0", 4});
	struct vat_list_b l = vat_init_list(vat_ptr_at_b(s, 2), VAT_ELEM_TWO, 9);
	for (uint32_t i = 0; i < 9; i++)
		vat_list_set_u16(l, i, (uint16_t)(i * 1000));
	struct vat_list_b structs = vat_init_struct_list(vat_ptr_at_b(s, 3), 1, 1, 3);
	for (uint32_t i = 0; i < 3; i++) {
		vat_w_u32(vat_list_struct_b(structs, i), 1, i, 7);
		vat_set_text(vat_ptr_at_b(vat_list_struct_b(structs, i), 0), vat_str("element"));
	}
	vat_w_f64(vat_init_struct(vat_ptr_at_b(s, 4), 1, 0), 0, 1.5, 0);
}

/* A message with an odd or even number of segments, or with one. */
static struct vat_message *make(enum fill what, enum parity parity)
{
	for (size_t words = parity == ONE ? 1000 : 1; words <= 1000; words++) {
		struct vat_message *m = vat_message_new(words, 0);
		fill(m, what);
		size_t n = vat_message_segments(m);
		if (parity == ONE || (n > 1 && n % 2 == (parity == ODD)))
			return m;
		/* What fits in the root's segment gets another one by hand. */
		if (what == FILL_ZERO && words == 35) {
			vat_init_data(
				vat_ptr_at_b(vat_get_struct_b(vat_root_b(m), 4, 6, NULL), 5), 8);
			if (vat_message_segments(m) % 2 == (parity == ODD))
				return m;
		}
		vat_message_free(m);
	}
	test_fail(__FILE__, __LINE__, "no message has such a number of segments");
	return NULL;
}

static void expect_same(struct vat_message *a, struct vat_message *b)
{
	CHECK_INT(vat_ptr_equal(vat_root(a), vat_root(b)), VAT_EQUAL);
	CHECK_INT(vat_message_segments(a), vat_message_segments(b));
	CHECK_INT(vat_message_error(a) + vat_message_error(b), 0);
}

/* ---- serialize-test -------------------------------------------------------------------------- */

/* Written to one block and read from it at an address that is so many bytes off. */
static void flat_array(enum parity parity, size_t off)
{
	AUTO(vat_message_free) struct vat_message *m = make(FILL_ALL, parity);
	size_t size = vat_message_flat_size(m), used;
	uint8_t *at = malloc(size + off);
	CHECK_INT(vat_message_flatten_into(m, at + off, size - 1), 0);
	CHECK_INT(vat_message_flatten_into(m, at + off, size), size);
	AUTO(vat_message_free) struct vat_message *in = NULL;
	CHECK_INT(vat_message_parse(at + off, size, NULL, &in, &used), 0);
	CHECK_INT(used, size);
	expect_same(m, in);
	CHECK(off % 8 ? in->backing != NULL : in->segs[0].base >= at && !in->backing);
	vat_message_free(TAKE_PTR(in));
	free(at);
}

TEST(flat_array)
{
	flat_array(ONE, 0);
}

TEST(flat_array_message_reader_from_aligned_byte_array)
{
	flat_array(ONE, 8);
}

TEST(flat_array_message_reader_from_unaligned_byte_array)
{
	for (size_t off = 1; off < 8; off++)
		flat_array(ONE, off);
}

TEST(flat_array_odd_segment_count)
{
	flat_array(ODD, 0);
	flat_array(ODD, 3);
}

TEST(flat_array_even_segment_count)
{
	flat_array(EVEN, 0);
	flat_array(EVEN, 3);
}

/* The bytes come in pieces of `step`; until the last one the message is not there. */
static void input_stream(enum parity parity, size_t step)
{
	AUTO(vat_message_free) struct vat_message *m = make(FILL_ALL, parity);
	size_t size, used = 0, seen = 0;
	AUTO_FREE uint8_t *flat = vat_message_flatten(m, &size);
	AUTO(vat_message_free) struct vat_message *in = NULL;
	int r = -EAGAIN;
	while (r == -EAGAIN) {
		CHECK(seen < size);
		seen = MIN(size, seen + step);
		uint8_t *part = malloc(seen); /* so that reading further is seen */
		memcpy(part, flat, seen);
		r = vat_message_parse(part, seen, NULL, &in, &used);
		size_t announced = vat_frame_size(part, seen, NULL);
		CHECK(announced == 0 || announced == size);
		if (r == 0)
			CHECK_INT(vat_message_keep(in), 0);
		free(part);
	}
	CHECK_INT(r, 0);
	CHECK(seen == size && used == size);
	expect_same(m, in);
}

TEST(input_stream)
{
	input_stream(ONE, SIZE_MAX / 2);
	input_stream(ONE, 64);
}

TEST(input_stream_odd_segment_count)
{
	input_stream(ODD, 24);
}

TEST(input_stream_even_segment_count)
{
	input_stream(EVEN, 24);
}

/* Upstream: "InputStreamScratchSpace": without an allocation. */
TEST(input_stream_scratch_space)
{
	AUTO(vat_message_free) struct vat_message *m = make(FILL_ALL, ONE);
	uint64_t space[200];
	size_t used, size = vat_message_flatten_into(m, space, sizeof(space));
	struct vat_message in;
	alloc_fail_from(1);
	CHECK_INT(vat_message_parse_into(&in, space, size, NULL, &used), 0);
	expect_same(m, &in);
	vat_message_done(&in);
	alloc_fail_from(0);
}

TEST(input_stream_to_builder)
{
	AUTO(vat_message_free) struct vat_message *m = make(FILL_ALL, ODD);
	AUTO(vat_message_free) struct vat_message *b = vat_message_new(0, 0);
	vat_set_ptr(vat_root_b(b), vat_root(m));
	CHECK_INT(vat_ptr_equal(vat_root(m), vat_root(b)), VAT_EQUAL);
	vat_w_u64(vat_get_struct_b(vat_root_b(b), 4, 6, NULL), 0, 5, 0);
	CHECK_INT(vat_ptr_equal(vat_root(m), vat_root(b)), VAT_NOT_EQUAL);
}

static void write_message(enum parity parity)
{
	AUTO(vat_message_free) struct vat_message *m = make(FILL_ALL, parity);
	struct iovec iov[100];
	size_t size, at = 0;
	AUTO_FREE uint8_t *flat = vat_message_flatten(m, &size);
	int n = vat_message_iov(m, iov, ARRAY_SIZE(iov));
	CHECK_INT(n, vat_message_segments(m) + 1);
	for (int i = 0; i < n; i++) {
		CHECK(!memcmp(flat + at, iov[i].iov_base, iov[i].iov_len));
		at += iov[i].iov_len;
	}
	CHECK_INT(at, size);
}

TEST(write_message)
{
	write_message(ONE);
}

TEST(write_message_odd_segment_count)
{
	write_message(ODD);
}

TEST(write_message_even_segment_count)
{
	write_message(EVEN);
}

static void expect_refused(const uint32_t *table, size_t n)
{
	struct vat_message *m;
	size_t used;
	CHECK(vat_frame_size(table, n * 4, NULL) == SIZE_MAX);
	CHECK_INT(vat_message_parse(table, n * 4, NULL, &m, &used), -EBADMSG);
}

TEST(reject_too_many_segments)
{
	uint32_t table[520] = {512};
	expect_refused(table, 1);
	expect_refused(table, 520);
	table[0] = 511;
	CHECK_INT(vat_frame_size(table, sizeof(table), NULL), 513 * 4 + 4);
}

TEST(reject_huge_message)
{
	uint32_t one[] = {0, (8 << 20) + 1}, two[] = {1, 8 << 20, 1, 0};
	expect_refused(one, 2);
	expect_refused(two, 4);
	uint32_t wraps[] = {3, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, 0};
	expect_refused(wraps, 6);
}

/* Upstream: "large segment counts are rejected -- even UINT_MAX", of both serialize tests. */
TEST(large_segment_counts_are_rejected_even_uint_max)
{
	uint32_t table[] = {UINT32_MAX, 0, 0, 0};
	expect_refused(table, 1);
	expect_refused(table, 4);
	table[0]--;
	expect_refused(table, 4);
}

TEST(segments_table)
{
	uint32_t table[] = {2, 1, 0, 2, 0, 0, 0, 0, 0, 0};
	struct vat_message m;
	size_t used;
	CHECK_INT(vat_message_parse_into(&m, table, sizeof(table), NULL, &used), 0);
	CHECK_INT(used, sizeof(table));
	CHECK_INT(vat_message_segments(&m), 3);
	CHECK_INT(m.segs[0].used * 100 + m.segs[1].used * 10 + m.segs[2].used, 102);
	vat_message_done(&m);
}

/* ---- serialize-async-test ---------------------------------------------------------------------
 */

TEST(parse_async_one_byte_at_a_time)
{
	input_stream(ONE, 1);
}

TEST(parse_async_odd_segment_count)
{
	input_stream(ODD, 1);
}

TEST(parse_async_even_segment_count)
{
	input_stream(EVEN, 1);
}

/* Messages behind each other in one buffer, which fills up in pieces of `step`. */
static void message_stream(size_t step, unsigned n)
{
	size_t size = 0, at = 0, seen = 0;
	uint64_t *stream = calloc(n, 2048);
	struct vat_message *sent[3] = {
		make(FILL_ALL, ONE), make(FILL_ALL, ODD), make(FILL_ALL, EVEN)};
	for (unsigned i = 0; i < n; i++)
		size += vat_message_flatten_into(
			sent[i % 3], (uint8_t *)stream + size, n * (size_t)2048 - size);
	unsigned found = 0;
	while (found < n) {
		struct vat_message in;
		size_t used;
		int r = vat_message_parse_into(
			&in, (const uint8_t *)stream + at, seen - at, NULL, &used);
		if (r == -EAGAIN) {
			CHECK(seen < size);
			seen = MIN(size, seen + step);
			continue;
		}
		CHECK_INT(r, 0);
		expect_same(sent[found++ % 3], &in);
		vat_message_done(&in);
		at += used;
	}
	CHECK_INT(at, size);
	for (unsigned i = 0; i < 3; i++)
		vat_message_free(sent[i]);
	free(stream);
}

TEST(buffered_message_stream_basics)
{
	message_stream(4096, 3);
}

TEST(buffered_message_stream_fragmented_reads)
{
	for (size_t step = 1; step < 40; step += 3)
		message_stream(step, 4);
}

TEST(buffered_message_stream_many_small_messages)
{
	message_stream(1000, 300);
}

/* Upstream: WriteMultipleMessagesAsync. */
TEST(write_multiple_messages)
{
	message_stream(SIZE_MAX / 2, 9);
}

/* ---- serialize-packed-test ---------------------------------------------------------------------
 */

static void expect_packs_to(const uint8_t *plain, size_t n, const uint8_t *packed, size_t n_packed)
{
	void *p, *u;
	size_t size;
	CHECK_INT(vat_pack(plain, n, &p, &size), 0);
	CHECK_INT(size, n_packed);
	CHECK(!size || !memcmp(p, packed, size));
	CHECK_INT(vat_unpack(p, size, n, &u, &size), 0);
	CHECK_INT(size, n);
	CHECK(!n || !memcmp(u, plain, n));
	free(p);
	free(u);
}
#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define FULL 1, 2, 3, 4, 5, 6, 7, 8
#define NONE 0, 0, 0, 0, 0, 0, 0, 0

/* Upstream: Packed.SimplePacking, all of its vectors. */
TEST(simple_packing)
{
	expect_packs_to(NULL, 0, NULL, 0);
	expect_packs_to(BYTES(NONE), BYTES(0, 0));
	expect_packs_to(BYTES(0, 0, 12, 0, 0, 34, 0, 0), BYTES(0x24, 12, 34));
	expect_packs_to(BYTES(1, 3, 2, 4, 5, 7, 6, 8), BYTES(0xff, 1, 3, 2, 4, 5, 7, 6, 8, 0));
	expect_packs_to(
		BYTES(NONE, 1, 3, 2, 4, 5, 7, 6, 8), BYTES(0, 0, 0xff, 1, 3, 2, 4, 5, 7, 6, 8, 0));
	expect_packs_to(BYTES(0, 0, 12, 0, 0, 34, 0, 0, 1, 3, 2, 4, 5, 7, 6, 8),
		BYTES(0x24, 12, 34, 0xff, 1, 3, 2, 4, 5, 7, 6, 8, 0));
	expect_packs_to(BYTES(1, 3, 2, 4, 5, 7, 6, 8, 8, 6, 7, 4, 5, 2, 3, 1),
		BYTES(0xff, 1, 3, 2, 4, 5, 7, 6, 8, 1, 8, 6, 7, 4, 5, 2, 3, 1));
	expect_packs_to(BYTES(FULL, FULL, FULL, FULL, 0, 2, 4, 0, 9, 0, 5, 1),
		BYTES(0xff, FULL, 3, FULL, FULL, FULL, 0xd6, 2, 4, 9, 5, 1));
	expect_packs_to(BYTES(FULL, FULL, 6, 2, 4, 3, 9, 0, 5, 1, FULL, 0, 2, 4, 0, 9, 0, 5, 1),
		BYTES(0xff, FULL, 3, FULL, 6, 2, 4, 3, 9, 0, 5, 1, FULL, 0xd6, 2, 4, 9, 5, 1));
	expect_packs_to(BYTES(8, 0, 100, 6, 0, 1, 1, 2, NONE, NONE, NONE, 0, 0, 1, 0, 2, 0, 3, 1),
		BYTES(0xed, 8, 100, 6, 1, 1, 2, 0, 2, 0xd4, 1, 2, 3, 1));
}

/* Packs one message, or two behind each other, and reads what was unpacked. */
static void packed_round_trip(enum fill what, enum parity parity, unsigned n)
{
	AUTO(vat_message_free) struct vat_message *m = make(what, parity);
	size_t size = vat_message_flat_size(m), n_packed, n_plain, at = 0, used;
	AUTO_FREE uint8_t *flat = malloc(size * n);
	for (unsigned i = 0; i < n; i++)
		vat_message_flatten_into(m, flat + i * size, size);
	AUTO_FREE void *packed = NULL, *plain = NULL;
	CHECK_INT(vat_pack(flat, size * n, &packed, &n_packed), 0);
	CHECK(what == FILL_HUGE || n_packed < size * n);
	CHECK_INT(vat_unpack(packed, n_packed, size * n, &plain, &n_plain), 0);
	CHECK_INT(n_plain, size * n);
	for (; at < n_plain; at += used) {
		struct vat_message in;
		CHECK_INT(vat_message_parse_into(
				  &in, (uint8_t *)plain + at, n_plain - at, NULL, &used),
			0);
		expect_same(m, &in);
		vat_message_done(&in);
	}
	/* It may not become larger than said. */
	void *none;
	CHECK_INT(vat_unpack(packed, n_packed, size * n - 8, &none, &n_plain), -EBADMSG);
}

#define ROUND_TRIPS(name, what)                   \
	TEST(name)                                \
	{                                         \
		packed_round_trip(what, ONE, 1);  \
	}                                         \
	TEST(name##_odd_segment_count)            \
	{                                         \
		packed_round_trip(what, ODD, 1);  \
	}                                         \
	TEST(name##_even_segment_count)           \
	{                                         \
		packed_round_trip(what, EVEN, 1); \
	}
ROUND_TRIPS(round_trip, FILL_ALL)
ROUND_TRIPS(round_trip_all_zero, FILL_ZERO)
ROUND_TRIPS(round_trip_huge_string, FILL_HUGE)

TEST(round_trip_two_messages)
{
	packed_round_trip(FILL_ALL, ONE, 2);
	packed_round_trip(FILL_ALL, EVEN, 2);
}

/* ---- layout-test -------------------------------------------------------------------------------
 */

TEST(simple_raw_data_struct)
{
	struct words w = WORDS(w_struct(0, 1, 0), 0xefcdab8967452301);
	struct vat_message *m = VIEW(w);
	struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
	CHECK(vat_r_u64(s, 0, 0) == 0xefcdab8967452301 && vat_r_u64(s, 1, 0) == 0);
	CHECK(vat_r_u32(s, 0, 0) == 0x67452301 && vat_r_u32(s, 1, 0) == 0xefcdab89);
	CHECK(vat_r_u16(s, 0, 0) == 0x2301 && vat_r_u16(s, 3, 0) == 0xefcd);
	CHECK(vat_r_u32(s, 2, 0) == 0 && vat_r_u16(s, 4, 0) == 0 && vat_r_u8(s, 8, 0) == 0);
	CHECK(vat_r_u64(s, 0, 321) == (321 ^ 0xefcdab8967452301) && vat_r_u64(s, 1, 321) == 321);
	CHECK(vat_r_u32(s, 0, 321) == (321 ^ 0x67452301) && vat_r_u32(s, 2, 321) == 321);
	CHECK(vat_r_u16(s, 0, 321) == (321 ^ 0x2301) && vat_r_u16(s, 4, 321) == 321);
	for (uint32_t i = 0; i < 64; i++) {
		bool bit = UINT64_C(0xefcdab8967452301) >> i & 1;
		CHECK(vat_r_bool(s, i, false) == bit && vat_r_bool(s, i, true) != bit);
	}
	CHECK(!vat_r_bool(s, 64, false) && vat_r_bool(s, 64, true));
	view_free(m);
}

/* Upstream: StructRoundTrip_OneSegment, _OneSegmentPerAllocation and
 * _MultipleSegmentsWithMultipleAllocations. */
TEST(struct_round_trip)
{
	AUTO(vat_message_free) struct vat_message *one = make(FILL_ALL, ONE);
	uint64_t h = walk(vat_root(one));
	for (size_t words = 1; words < 64; words++) {
		AUTO(vat_message_free) struct vat_message *m = vat_message_new(words, 0);
		fill(m, FILL_ALL);
		CHECK(words > 20 || vat_message_segments(m) > 1);
		CHECK(walk(vat_root(m)) == h);
	}
}

/* Upstream patches NaNs to one pattern when they are written over a default; here what is written
 * is what is read, bit for bit, as long as there is no default. */
TEST(nan_patching)
{
	AUTO(vat_message_free) struct vat_message *m = vat_message_new(0, 0);
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 2, 0);
	uint64_t quiet = 0x7ff8000000000000;
	vat_w_f64(s, 0, (double)NAN, quiet);
	CHECK(isnan(vat_r_f64(vat_struct_b_r(s), 0, quiet)));
	CHECK(vat_r_u64(vat_struct_b_r(s), 0, 0) == 0);
	vat_w_f32(s, 2, 0, 0x7fc00000);
	CHECK(vat_r_f32(vat_struct_b_r(s), 2, 0x7fc00000) == 0);
}

/* ---- message-test ------------------------------------------------------------------------------
 */

/* Upstream: MallocBuilderWithFirstSegment, and MessageBuilderInitSpaceAvailable. */
TEST(malloc_builder_with_first_segment)
{
	uint64_t words[60];
	struct vat_message m;
	memset(words, 0xcc, sizeof(words));
	vat_message_init(&m, words, 60, 0);
	alloc_fail_from(1);
	vat_w_u64(vat_init_struct(vat_root_b(&m), 5, 5), 3, 9, 0);
	alloc_fail_from(0);
	CHECK_INT(words[1 + 3], 9);
	CHECK_INT(words[59], 0);
	/* More than fits goes elsewhere; the first segment stays. */
	fill(&m, FILL_HUGE);
	CHECK(vat_message_segments(&m) > 1 && m.segs[0].base == (uint8_t *)words);
	CHECK_INT(vat_message_error(&m), 0);
	vat_message_reset(&m, 0);
	CHECK_INT(vat_message_segments(&m), 1);
	for (size_t i = 0; i < 60; i++)
		CHECK_INT(words[i], 0);
	vat_message_done(&m);
}

/* Upstream: "clone()". */
TEST(clone)
{
	AUTO(vat_message_free) struct vat_message *m = make(FILL_ALL, EVEN);
	AUTO(vat_message_free) struct vat_message *c = vat_message_new(0, 0);
	vat_set_ptr(vat_root_b(c), vat_root(m));
	CHECK(walk(vat_root(c)) == walk(vat_root(m)));
}

/* Upstream: "disallow unaligned". */
TEST(disallow_unaligned)
{
	uint64_t words[4] = {0};
	uint32_t size = 2;
	struct vat_message m;
	for (size_t off = 1; off < 8; off++) {
		const void *base = (const uint8_t *)words + off;
		CHECK_INT(vat_message_view_into(&m, &base, &size, 1, NULL), -EINVAL);
	}
}

/* Upstream: "MessageBuilder::sizeInWords()"; Rust: message_size_in_words. */
TEST(message_size_in_words)
{
	AUTO(vat_message_free) struct vat_message *m = vat_message_new(0, 0);
	vat_set_text(vat_root_b(m), vat_str("Hello, World!"));
	CHECK_INT(vat_message_words(m), 3);
	CHECK_INT(vat_message_flat_size(m), 32);
}

/* ---- what others were caught out with ----------------------------------------------------------
 */

static void expect_fault(struct words w, int fault)
{
	struct vat_message *m = VIEW(w), *c;
	vat_ptr_total_words(vat_root(m), NULL);
	CHECK_INT(vat_message_error(m), fault);
	walk(vat_root(m));
	walk_wrongly(vat_root(m));
	CHECK_INT(vat_canonical(vat_root(m), &c), -EBADMSG);
	view_free(m);
}

/* Rust: double_far_inline_composite_oob. */
TEST(rust_double_far_oob)
{
	expect_fault(WORDS(w_double_far(0, 1), w_far(0, 0x1fffffff), w_list(0, VAT_ELEM_STRUCT, 1)),
		VAT_FAULT_BOUNDS);
}

/* Rust: far_pointer_out_of_bounds_position. */
TEST(rust_far_pointer_oob)
{
	expect_fault(WORDS(w_far(0, 0x1fffffff), 0), VAT_FAULT_BOUNDS);
}

/* Rust: inline_composite_one_past_end. */
TEST(rust_inline_composite_tag_oob)
{
	expect_fault(WORDS(w_list(0, VAT_ELEM_STRUCT, 0)), VAT_FAULT_BOUNDS);
}

/* Rust: negative_root_pointer_offset. */
TEST(rust_negative_pointer_offset)
{
	expect_fault(WORDS(0x00000001976d0000, 0x00ff6d6d6d6d0000), VAT_FAULT_BOUNDS);
}

/* Rust: total_size_out_of_bounds. */
TEST(rust_total_size)
{
	/* There the pointer has no size, which is nowhere out of bounds here. */
	expect_fault(WORDS(w_struct(0, 0, 1), 0x0000000101000000), VAT_FAULT_BOUNDS);
}

/* Rust: init_text_overflow. */
TEST(rust_init_text_overflow)
{
	AUTO(vat_message_free) struct vat_message *m = vat_message_new(0, 0);
	vat_set_text(vat_root_b(m), (struct vat_text){"", UINT32_MAX});
	CHECK_INT(vat_message_error(m), -EMSGSIZE);
	CHECK(vat_ptr_is_null(vat_root(m)));
}

/* Rust: zero_size_alloc. */
TEST(rust_zero_size_alloc)
{
	AUTO(vat_message_free) struct vat_message *m = vat_message_new(1, 0);
	vat_init_list(vat_root_b(m), VAT_ELEM_BYTE, 0);
	vat_init_struct_list(vat_root_b(m), 0, 0, 0);
	CHECK_INT(vat_message_error(m), 0);
}

/* Issue 122 of the Java implementation and 12 of the one in D: a struct of five words and one
 * pointer in a message that ends before it does. They made garbage of it. */
TEST(java_122_and_dlang_12_struct_that_ends_outside)
{
	const uint64_t frame[] = {0x0000000700000000, 0x000000af00000000, 0x0001000500000000,
		0xc0a71070598259ca, 0xb8c56d0f6ed8a076, 0, 0, 0x000000000001001a};
	struct vat_message m;
	size_t used;
	CHECK_INT(vat_message_parse_into(&m, frame, sizeof(frame), NULL, &used), 0);
	struct vat_struct_r s = vat_ptr_struct(vat_root(&m), NULL);
	CHECK_INT(s.data_bits + s.n_ptrs, 0);
	CHECK_INT(vat_message_error(&m), VAT_FAULT_BOUNDS);
	vat_message_done(&m);
}

/* ---- memory that runs out
 * ------------------------------------------------------------------------ */

/* Runs everything that allocates; 0 when nothing failed. Whatever fails leaves no trace. */
static int everything(struct vat_message *from)
{
	int r = -ENOMEM;
	size_t size, n_packed, n_plain, used;
	AUTO_FREE void *flat = NULL, *packed = NULL, *plain = NULL;
	AUTO(vat_message_free)
	struct vat_message *copy = vat_message_new(1, 0), *c = NULL, *in = NULL;
	if (!copy)
		return r;
	vat_set_ptr(vat_root_b(copy), vat_root(from));
	if (vat_message_error(copy)) {
		CHECK_INT(vat_message_error(copy), -ENOMEM);
		walk(vat_root(copy));
		return r;
	}
	vat_get_struct_b(vat_root_b(copy), 9, 9, NULL);
	vat_get_struct_list_b(
		vat_ptr_at_b(vat_get_struct_b(vat_root_b(copy), 9, 9, NULL), 3), 3, 4, NULL);
	walk(vat_root(copy));
	if (vat_message_error(copy))
		return vat_message_error(copy);
	flat = vat_message_flatten(copy, &size);
	if (!flat || (r = vat_canonical(vat_root(copy), &c)) < 0 ||
		(r = vat_pack(flat, size, &packed, &n_packed)) < 0 ||
		(r = vat_unpack(packed, n_packed, size, &plain, &n_plain)) < 0 ||
		(r = vat_message_parse(plain, n_plain, NULL, &in, &used)) < 0 ||
		(r = vat_message_keep(in)) < 0)
		return flat ? r : -ENOMEM;
	CHECK_INT(vat_ptr_equal(vat_root(in), vat_root(c)), VAT_EQUAL);
	return 0;
}

TEST(memory_may_run_out_at_any_allocation)
{
	AUTO(vat_message_free) struct vat_message *m = make(FILL_ALL, ONE);
	int r = -ENOMEM;
	long at;
	for (at = 1; r; at++) {
		alloc_fail_from(at);
		r = everything(m);
		alloc_fail_from(0);
		CHECK(r == 0 || r == -ENOMEM);
	}
	CHECK(at > 20);
}
