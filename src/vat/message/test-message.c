/* SPDX-License-Identifier: MIT */
/* Messages as a whole: framing, life, the capability table, running out of memory. */
#include "base/test.h"
#include "vat/cap/test-alloc.h"
#include "vat/cap/test-caps.h"
#include "vat/message/test-walk.h"

static void build(struct vat_message *m)
{
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 2, 2);
	vat_w_u32(s, 1, 0xdeadbeef, 0);
	vat_w_i64(s, 1, -5, 7);
	vat_set_text(vat_ptr_at_b(s, 0), vat_str("hello"));
	vat_set_text(vat_ptr_at_b(s, 1), vat_str("another text"));
}

static void check(struct vat_message *v)
{
	struct vat_struct_r r = vat_ptr_struct(vat_root(v), NULL);
	CHECK_INT(vat_r_u32(r, 1, 0), 0xdeadbeef);
	CHECK_INT(vat_r_i64(r, 1, 7), -5);
	CHECK(vat_text_is(vat_ptr_text(vat_ptr_at(r, 0), NULL), "hello"));
	CHECK(vat_text_is(vat_ptr_text(vat_ptr_at(r, 1), NULL), "another text"));
	CHECK_INT(vat_message_error(v), 0);
}

TEST(new_message_has_a_null_root)
{
	struct vat_message *m = vat_message_new(0, 0);
	CHECK(vat_ptr_is_null(vat_root(m)));
	CHECK_INT(vat_message_words(m), 1);
	CHECK_INT(vat_message_error(m), 0);
	vat_message_free(m);
	vat_message_free(NULL);
}

/* ---- framing ------------------------------------------------------------------------------- */

TEST(flat_form_of_any_number_of_segments_parses)
{
	for (size_t first = 1; first < 12; first++) {
		struct vat_message *m = vat_message_new(first, 0), *v;
		build(m);
		size_t size, used;
		AUTO_FREE uint8_t *flat = vat_message_flatten(m, &size);
		CHECK_INT(size % 8, 0);
		CHECK_INT(vat_frame_size(flat, size, NULL), size);
		CHECK_INT(vat_message_parse(flat, size, NULL, &v, &used), 0);
		CHECK_INT(used, size);
		CHECK_INT(vat_message_segments(v), vat_message_segments(m));
		CHECK_INT(vat_message_words(v), vat_message_words(m));
		CHECK(v->segs[0].base > flat && v->segs[0].base < flat + size);
		check(v);
		vat_message_free(v);
		vat_message_free(m);
	}
}

TEST(iov_and_flat_form_are_the_same_bytes)
{
	for (size_t first = 1; first < 12; first += 5) {
		struct vat_message *m = vat_message_new(first, 0);
		build(m);
		for (int i = 0; i < 20; i++)
			vat_init_list(vat_ptr_at_b(vat_get_struct_b(vat_root_b(m), 0, 0, NULL), 1),
				VAT_ELEM_EIGHT, 20);
		struct iovec iov[64];
		int n = vat_message_iov(m, iov, 64);
		CHECK_INT(n, vat_message_segments(m) + 1);
		CHECK_INT(vat_message_iov(m, iov, (size_t)n - 1), -ENOBUFS);
		n = vat_message_iov(m, iov, (size_t)n);
		size_t size, at = 0;
		AUTO_FREE uint8_t *flat = vat_message_flatten(m, &size);
		for (int i = 0; i < n; i++) {
			CHECK(at + iov[i].iov_len <= size);
			CHECK(!memcmp(flat + at, iov[i].iov_base, iov[i].iov_len));
			at += iov[i].iov_len;
		}
		CHECK_INT(at, size);
		vat_message_free(m);
	}
}

TEST(unaligned_input_is_copied)
{
	struct vat_message *m = vat_message_new(2, 0), *v;
	build(m);
	size_t size, used;
	AUTO_FREE void *flat = vat_message_flatten(m, &size);
	for (size_t shift = 1; shift < 8; shift++) {
		uint8_t *odd = malloc(size + shift);
		memcpy(odd + shift, flat, size);
		CHECK_INT(vat_message_parse(odd + shift, size, NULL, &v, &used), 0);
		free(odd);
		check(v);
		vat_message_free(v);
	}
	vat_message_free(m);
}

TEST(incomplete_frames_wait_at_every_byte)
{
	struct vat_message *m = vat_message_new(3, 0), *v = NULL;
	build(m);
	size_t size, used;
	AUTO_FREE void *flat = vat_message_flatten(m, &size);
	size_t header = (4 * (vat_message_segments(m) + 1) + 7) / 8 * 8;
	size_t table = 4 * (vat_message_segments(m) + 1);
	CHECK(header < size);
	for (size_t n = 0; n < size; n++) {
		AUTO_FREE void *part = malloc(n + 1);
		memcpy(part, flat, n);
		CHECK_INT(vat_frame_size(part, n, NULL), n < table ? 0 : size);
		CHECK_INT(vat_message_parse(part, n, NULL, &v, &used), -EAGAIN);
	}
	CHECK(!v);
	vat_message_free(m);
}

TEST(frame_is_only_its_part_of_the_buffer)
{
	struct vat_message *m = vat_message_new(0, 0), *v;
	build(m);
	size_t size, used, at = 0;
	AUTO_FREE void *flat = vat_message_flatten(m, &size);
	AUTO_FREE uint8_t *three = malloc(3 * size + 5);
	for (size_t i = 0; i < 3; i++)
		memcpy(three + i * size, flat, size);
	memset(three + 3 * size, 0xff, 5);
	for (int i = 0; i < 3; i++, at += used) {
		CHECK_INT(vat_message_parse(three + at, 3 * size + 5 - at, NULL, &v, &used), 0);
		CHECK_INT(used, size);
		check(v);
		vat_message_free(v);
	}
	vat_message_free(m);
}

static void expect_frame(const uint32_t *table, size_t n, const struct vat_read_limits *l, int want)
{
	struct vat_message *v;
	size_t used;
	AUTO_FREE void *exact = malloc(n * 4);
	memcpy(exact, table, n * 4);
	CHECK_INT(vat_message_parse(exact, n * 4, l, &v, &used), want);
	if (!want)
		vat_message_free(v);
	else if (want == -EBADMSG)
		CHECK(vat_frame_size(exact, n * 4, l) == SIZE_MAX);
}

#define FRAME(limits, want, ...)                                                                   \
	expect_frame((const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4, \
		limits, want)

TEST(segment_count_of_uint_max_does_not_wrap)
{
	FRAME(NULL, -EBADMSG, UINT32_MAX);
	FRAME(NULL, -EBADMSG, UINT32_MAX, 0);
	FRAME(NULL, -EBADMSG, UINT32_MAX - 1, 0, 0, 0);
	FRAME(NULL, -EBADMSG, 0x7fffffff, 0, 0, 0);
}

TEST(too_many_segments_are_refused_before_their_table_is_there)
{
	FRAME(NULL, -EBADMSG, 512);
	FRAME(NULL, -EAGAIN, 511);
	FRAME((&(struct vat_read_limits){.segments = 2}), -EBADMSG, 2);
	FRAME((&(struct vat_read_limits){.segments = 2}), 0, 1, 0, 0, 0);
}

TEST(huge_messages_are_refused_before_their_content_is_there)
{
	FRAME(NULL, -EBADMSG, 0, UINT32_MAX);
	FRAME(NULL, -EBADMSG, 0, (8 << 20) + 1);
	FRAME(NULL, -EAGAIN, 0, 8 << 20);
	FRAME(NULL, -EBADMSG, 1, UINT32_MAX, 1, 0);
	/* The sum must not wrap in 32 bits. */
	FRAME(NULL, -EBADMSG, 3, 1u << 30, 1u << 30, 1u << 30, 1u << 30, 0);
	FRAME((&(struct vat_read_limits){.traversal_words = 2}), -EBADMSG, 0, 3);
	FRAME((&(struct vat_read_limits){.traversal_words = 3}), 0, 0, 3, 0, 0, 0, 0, 0, 0);
}

TEST(many_segments_parse_up_to_the_limit)
{
	uint32_t table[514] = {511};
	struct vat_message *v;
	size_t used;
	CHECK_INT(vat_message_parse(table, sizeof(table), NULL, &v, &used), 0);
	CHECK_INT(used, sizeof(table));
	CHECK_INT(vat_message_segments(v), 512);
	CHECK(vat_ptr_is_null(vat_root(v)));
	struct iovec iov[513];
	CHECK_INT(vat_message_iov(v, iov, 513), 513);
	CHECK_INT(iov[0].iov_len, sizeof(table));
	CHECK(!memcmp(iov[0].iov_base, table, sizeof(table)));
	vat_message_free(v);
}

TEST(view_refuses_no_too_many_or_unaligned_segments)
{
	static const uint64_t word;
	const void *ok[] = {&word, &word, &word}, *odd[] = {(const char *)&word + 4};
	uint32_t sizes[] = {1, 1, 1};
	struct vat_message *v;
	struct vat_read_limits two = {.segments = 2};
	CHECK_INT(vat_message_view(ok, sizes, 0, NULL, &v), -EINVAL);
	CHECK_INT(vat_message_view(ok, sizes, 3, &two, &v), -EINVAL);
	CHECK_INT(vat_message_view(odd, sizes, 1, NULL, &v), -EINVAL);
	CHECK_INT(vat_message_view(ok, sizes, 3, NULL, &v), 0);
	vat_message_free(v);
}

/* ---- life ---------------------------------------------------------------------------------- */

TEST(message_in_callers_memory_parses_without_allocation)
{
	struct vat_message *m = vat_message_new(6, 0), in;
	build(m);
	CHECK(vat_message_segments(m) > 1);
	CHECK(vat_message_segments(m) <= VAT_INLINE_SEGMENTS);
	size_t size, used;
	AUTO_FREE void *flat = vat_message_flatten(m, &size);
	for (int i = 0; i < 3; i++) {
		alloc_fail_from(1);
		int r = vat_message_parse_into(&in, flat, size, NULL, &used);
		struct vat_text t =
			vat_ptr_text(vat_ptr_at(vat_ptr_struct(vat_root(&in), NULL), 0), NULL);
		vat_message_done(&in);
		alloc_fail_from(0);
		CHECK_INT(r, 0);
		CHECK(vat_text_is(t, "hello"));
	}
	vat_message_free(m);
}

TEST(reused_arena_builds_without_allocation)
{
	struct vat_message *m = vat_message_new(0, 0);
	for (int i = 0; i < 3; i++) {
		alloc_fail_from(1);
		build(m);
		struct iovec iov[2];
		int n = vat_message_iov(m, iov, 2);
		vat_message_reset(m, 0);
		alloc_fail_from(0);
		CHECK_INT(n, 2);
		CHECK_INT(vat_message_error(m), 0);
	}
	vat_message_free(m);
}

TEST(kept_view_outlives_its_buffer)
{
	for (size_t first = 1; first < 20; first += 9) {
		struct test_cap cap = {1};
		struct vat_message *m = vat_message_new(first, 0), in, *moved, *v;
		build(m);
		size_t size, used;
		uint8_t *flat = vat_message_flatten(m, &size);
		CHECK_INT(vat_message_parse(flat, size, NULL, &v, &used), 0);
		CHECK_INT(vat_message_parse_into(&in, flat, size, NULL, &used), 0);
		for (int i = 0; i < 12; i++)
			vat_message_add_cap(&in, vat_cap_ref(test_cap(&cap)));
		moved = vat_message_move(&in);
		CHECK_INT(in.n_caps, 0);
		vat_message_done(&in);
		CHECK_INT(vat_message_keep(v), 0);
		CHECK_INT(vat_message_keep(v), 0);
		memset(flat, 0xee, size);
		free(flat);
		check(v);
		check(moved);
		CHECK(vat_message_cap(moved, 11) == test_cap(&cap));
		vat_message_free(v);
		vat_message_free(moved);
		CHECK_INT(cap.refs, 1);
		vat_message_free(m);
	}
}

TEST(capability_table_keeps_order_and_drops_its_references)
{
	struct test_cap caps[40] = {0}, other = {1};
	struct vat_message *m = vat_message_new(0, 0);
	for (int i = 0; i < 40; i++)
		CHECK_INT(vat_message_add_cap(m, vat_cap_ref(test_cap(&caps[i]))), i);
	CHECK_INT(vat_message_add_cap(m, NULL), 40);
	CHECK_INT(vat_message_n_caps(m), 41);
	for (uint32_t i = 0; i < 40; i++)
		CHECK(vat_message_cap(m, i) == test_cap(&caps[i]));
	CHECK(!vat_message_cap(m, 40) && !vat_message_cap(m, 41) &&
		!vat_message_cap(m, UINT32_MAX));
	vat_message_set_cap(m, 3, vat_cap_ref(test_cap(&other)));
	CHECK_INT(caps[3].refs, 0);
	CHECK_INT(other.refs, 2);
	vat_message_free(m);
	for (int i = 0; i < 40; i++)
		CHECK_INT(caps[i].refs, 0);
	CHECK_INT(other.refs, 1);
}

/* ---- out of memory ------------------------------------------------------------------------- */

static struct test_cap oom_cap;

/* Builds, copies, flattens, packs, parses; true if nothing failed. */
static bool use_everything(void)
{
	bool ok = false;
	size_t size, n_packed, n_plain, used;
	AUTO_FREE void *flat = NULL, *packed = NULL, *plain = NULL;
	struct vat_message *v = NULL, *c = vat_message_new(0, 0), *m = vat_message_new(1, 0);
	if (!m || !c)
		goto out;
	build(m);
	struct vat_struct_b s = vat_get_struct_b(vat_root_b(m), 4, 20, NULL);
	for (uint16_t i = 2; i < 20; i++)
		vat_set_cap(vat_ptr_at_b(s, i), test_cap(&oom_cap));
	vat_set_ptr(vat_root_b(c), vat_root(m));
	vat_set_ptr(vat_ptr_at_b(s, 3), vat_root(m));
	struct iovec iov[64];
	if (vat_message_error(m) || vat_message_error(c) || vat_message_iov(m, iov, 64) < 0)
		goto out;
	flat = vat_message_flatten(m, &size);
	if (!flat || vat_pack(flat, size, &packed, &n_packed) < 0)
		goto out;
	if (vat_unpack(packed, n_packed, size, &plain, &n_plain) < 0)
		goto out;
	ok = vat_message_parse(plain, n_plain, NULL, &v, &used) == 0 && vat_message_keep(v) == 0;
out:
	vat_message_free(m);
	vat_message_free(c);
	vat_message_free(v);
	return ok;
}

TEST(memory_may_run_out_at_any_allocation)
{
	bool ok = false;
	for (long n = 1; !ok; n++) {
		oom_cap.refs = 1;
		alloc_fail_from(n);
		ok = use_everything();
		alloc_fail_from(0);
		CHECK_INT(oom_cap.refs, 1);
		CHECK(ok || n < 1000);
		if (ok)
			CHECK(n > 20);
	}
}

TEST(fault_of_no_memory_is_sticky_and_the_builder_null)
{
	struct vat_message *m = vat_message_new(1, 0);
	alloc_fail_from(1);
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 5, 5);
	alloc_fail_from(0);
	CHECK(!s.msg);
	CHECK_INT(vat_message_error(m), -ENOMEM);
	build(m);
	CHECK_INT(vat_message_error(m), -ENOMEM);
	vat_message_free(m);
}
