/* SPDX-License-Identifier: MIT */
/* Building: every kind of object, in one segment and scattered over many, and replacing objects. */
#include "base/test.h"
#include "vat/cap/test-caps.h"
#include "vat/message/test-walk.h"

/* First segment sizes: one word scatters everything, 5 mixes, 0 keeps all together. */
static const size_t firsts[] = {1, 2, 5, 11, 0};
#define for_each_first(i) for (size_t i = 0; i < ARRAY_SIZE(firsts); i++)

static void expect_all_zero(const struct vat_message *m)
{
	for (uint32_t i = 0; i < m->n_segs; i++)
		for (uint32_t j = 0; j < m->segs[i].used; j++)
			if (vat_load(m->segs[i].base + (size_t)j * 8))
				test_fail(
					__FILE__, __LINE__, "segment %u word %u is not zero", i, j);
}

/* One of everything under p. */
static void build_all(struct vat_ptr_b p, struct test_cap *cap)
{
	struct vat_struct_b s = vat_init_struct(p, 2, 10);
	vat_w_u64(s, 1, 42, 0);
	vat_w_bool(s, 9, true, false);
	vat_set_text(vat_ptr_at_b(s, 0), vat_str("some text"));
	vat_set_data(vat_ptr_at_b(s, 1), (struct vat_data){"\0\1\2", 3});
	for (unsigned e = VAT_ELEM_VOID; e <= VAT_ELEM_EIGHT; e++) {
		struct vat_list_b l =
			vat_init_list(vat_ptr_at_b(s, (uint16_t)(2 + e)), (enum vat_elem)e, 13);
		vat_list_set_bool(l, 12, e == VAT_ELEM_BIT);
		vat_list_set_u8(l, 11, 11);
	}
	struct vat_list_b ptrs = vat_init_list(vat_ptr_at_b(s, 8), VAT_ELEM_POINTER, 3);
	vat_set_text(vat_list_ptr_b(ptrs, 2), vat_str("last"));
	vat_set_cap(vat_list_ptr_b(ptrs, 1), test_cap(cap));
	struct vat_list_b l = vat_init_struct_list(vat_ptr_at_b(s, 9), 1, 2, 4);
	for (uint32_t i = 0; i < 4; i++) {
		struct vat_struct_b e = vat_list_struct_b(l, i);
		vat_w_i32(e, 1, -(int32_t)i, 0);
		vat_set_text(vat_ptr_at_b(e, 1), vat_str("element"));
	}
}

static void check_all(struct vat_ptr_r p, struct test_cap *cap)
{
	struct vat_struct_r s = vat_ptr_struct(p, NULL);
	CHECK_INT(vat_r_u64(s, 1, 0), 42);
	CHECK(vat_r_bool(s, 9, false));
	CHECK_STR(vat_ptr_text(vat_ptr_at(s, 0), NULL).s, "some text");
	struct vat_data d = vat_ptr_data(vat_ptr_at(s, 1), NULL);
	CHECK(d.len == 3 && !memcmp(d.p, "\0\1\2", 3));
	for (unsigned e = VAT_ELEM_VOID; e <= VAT_ELEM_EIGHT; e++) {
		struct vat_list_r l =
			vat_ptr_list(vat_ptr_at(s, (uint16_t)(2 + e)), (enum vat_elem)e, NULL);
		CHECK_INT(l.count, 13);
		CHECK_INT(vat_list_bool(l, 12), e == VAT_ELEM_BIT);
		CHECK_INT(vat_list_u8(l, 11), e >= VAT_ELEM_BYTE ? 11 : 0);
	}
	struct vat_list_r ptrs = vat_ptr_list(vat_ptr_at(s, 8), VAT_ELEM_POINTER, NULL);
	CHECK_STR(vat_ptr_text(vat_list_ptr(ptrs, 2), NULL).s, "last");
	CHECK(vat_ptr_cap(vat_list_ptr(ptrs, 1)) == test_cap(cap));
	struct vat_list_r l = vat_ptr_list(vat_ptr_at(s, 9), VAT_ELEM_STRUCT, NULL);
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_INT(vat_r_i32(vat_list_struct(l, i), 1, 0), -(int32_t)i);
		CHECK_STR(vat_ptr_text(vat_ptr_at(vat_list_struct(l, i), 1), NULL).s, "element");
	}
}

TEST(everything_reads_back_however_it_is_scattered)
{
	for_each_first(f)
	{
		struct test_cap cap = {1};
		struct vat_message *m = vat_message_new(firsts[f], 0);
		build_all(vat_root_b(m), &cap);
		CHECK_INT(cap.refs, 2);
		check_all(vat_root(m), &cap);
		CHECK_INT(vat_message_error(m), 0);
		vat_message_free(m);
		CHECK_INT(cap.refs, 1);
	}
}

TEST(one_word_segments_scatter)
{
	struct test_cap cap = {1};
	struct vat_message *m = vat_message_new(1, 0);
	build_all(vat_root_b(m), &cap);
	CHECK(vat_message_segments(m) > 15);
	vat_message_free(m);
}

TEST(zero_old_object_leaves_nothing_behind)
{
	for_each_first(f)
	{
		struct test_cap cap = {1};
		struct vat_message *m = vat_message_new(firsts[f], 0);
		build_all(vat_root_b(m), &cap);
		vat_set_null(vat_root_b(m));
		expect_all_zero(m);
		CHECK_INT(cap.refs, 1);
		build_all(vat_root_b(m), &cap);
		vat_init_struct(vat_root_b(m), 0, 0);
		vat_set_null(vat_root_b(m));
		expect_all_zero(m);
		vat_message_free(m);
		CHECK_INT(cap.refs, 1);
	}
}

TEST(setting_a_pointer_again_replaces_what_was_there)
{
	for_each_first(f)
	{
		struct vat_message *m = vat_message_new(firsts[f], 0);
		struct vat_struct_b s = vat_init_struct(vat_root_b(m), 0, 1);
		struct vat_ptr_b p = vat_ptr_at_b(s, 0);
		vat_set_text(p, vat_str("first secret"));
		vat_set_data(p, (struct vat_data){"2", 1});
		vat_init_list(p, VAT_ELEM_EIGHT, 4);
		vat_set_text(p, vat_str("final"));
		CHECK_STR(vat_ptr_text(vat_ptr_b_r(p), NULL).s, "final");
		size_t size;
		AUTO_FREE void *flat = vat_message_flatten(m, &size);
		CHECK(!memmem(flat, size, "first", 5));
		vat_message_free(m);
	}
}

TEST(text_may_be_set_from_itself)
{
	for_each_first(f)
	{
		struct vat_message *m = vat_message_new(firsts[f], 0);
		struct vat_ptr_b p = vat_root_b(m);
		vat_set_text(p, vat_str("abcdef"));
		struct vat_text t = vat_ptr_text(vat_root(m), NULL);
		vat_set_text(p, (struct vat_text){t.s + 2, 3});
		CHECK_STR(vat_ptr_text(vat_root(m), NULL).s, "cde");
		struct vat_data d = vat_ptr_data(vat_root(m), NULL);
		vat_set_data(p, d);
		CHECK_STR(vat_ptr_text(vat_root(m), NULL).s, "cde");
		vat_message_free(m);
	}
}

TEST(empty_objects_are_not_null)
{
	for_each_first(f)
	{
		struct vat_message *m = vat_message_new(firsts[f], 0);
		struct vat_struct_b s = vat_init_struct(vat_root_b(m), 0, 5);
		vat_init_struct(vat_ptr_at_b(s, 0), 0, 0);
		vat_init_list(vat_ptr_at_b(s, 1), VAT_ELEM_EIGHT, 0);
		vat_init_struct_list(vat_ptr_at_b(s, 2), 3, 3, 0);
		vat_set_text(vat_ptr_at_b(s, 3), vat_str(""));
		CHECK(!vat_init_data(vat_ptr_at_b(s, 4), 0));
		struct vat_struct_r r = vat_struct_b_r(s);
		for (uint16_t i = 0; i < 5; i++)
			CHECK(!vat_ptr_is_null(vat_ptr_at(r, i)));
		CHECK_INT(vat_ptr_kind(vat_ptr_at(r, 0)), VAT_PTR_STRUCT);
		CHECK_INT(vat_ptr_list(vat_ptr_at(r, 2), VAT_ELEM_STRUCT, NULL).count, 0);
		CHECK_INT(vat_ptr_data(vat_ptr_at(r, 3), NULL).len, 1);
		CHECK_INT(vat_message_error(m), 0);
		vat_message_free(m);
	}
}

TEST(defaults_are_stored_by_xor)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 1, 0);
	vat_w_u16(s, 0, 123, 123);
	vat_w_bool(s, 40, true, true);
	vat_w_f32(s, 1, 1.0F, 0x3f800000);
	CHECK_INT(vat_load(s.data), 0);
	vat_w_u16(s, 0, 0, 123);
	CHECK_INT(vat_r_u16(vat_struct_b_r(s), 0, 123), 0);
	CHECK_INT(vat_r_u16(vat_struct_b_r(s), 0, 0), 123);
	vat_message_free(m);
}

TEST(fields_past_the_end_are_not_written)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 1, 0);
	uint32_t used = m->segs[0].used;
	vat_w_u64(s, 1, 5, 0);
	vat_w_u32(s, UINT32_MAX, 5, 0);
	vat_w_bool(s, 64, true, false);
	CHECK(!vat_ptr_at_b(s, 0).msg);
	vat_set_text(vat_ptr_at_b(s, 0), vat_str("nowhere"));
	CHECK_INT(m->segs[0].used, used);
	CHECK_INT(vat_load(s.data), 0);
	vat_message_free(m);
}

TEST(views_cannot_be_built_in)
{
	struct words w = WORDS(w_struct(0, 1, 0), 5);
	struct vat_message *m = VIEW(w);
	CHECK(!vat_root_b(m).msg);
	CHECK_INT(vat_message_error(m), -EROFS);
	view_free(m);
}

/* After a fault, everything is a no-op on null builders. */
static void use_null_builders(void)
{
	struct vat_ptr_b p = {0};
	struct vat_struct_b s = vat_init_struct(p, 1, 1);
	struct vat_list_b l = vat_init_list(p, VAT_ELEM_FOUR, 4);
	CHECK(!s.msg && !l.msg);
	CHECK(!vat_init_struct_list(p, 1, 1, 4).msg);
	CHECK(!vat_get_struct_b(p, 1, 1, NULL).msg);
	CHECK(!vat_get_list_b(p, VAT_ELEM_TWO, NULL).msg);
	CHECK(!vat_get_struct_list_b(p, 1, 1, NULL).msg);
	vat_w_u32(s, 0, 1, 0);
	vat_w_bool(s, 0, true, false);
	vat_list_set_u32(l, 0, 1);
	vat_list_set_bool(l, 0, true);
	vat_set_text(p, vat_str("x"));
	vat_set_data(p, (struct vat_data){"x", 1});
	CHECK(!vat_init_data(p, 10));
	vat_set_cap(p, NULL);
	vat_set_null(p);
	vat_set_ptr(p, vat_ptr_b_r(p));
	vat_set_struct(p, vat_struct_b_r(s));
	vat_set_list(p, vat_list_b_r(l));
	CHECK(!vat_list_struct_b(l, 0).msg && !vat_list_ptr_b(l, 0).msg);
	CHECK(vat_ptr_is_null(vat_ptr_b_r(p)));
}

TEST(size_limit_is_a_sticky_fault_and_null_builders_do_nothing)
{
	struct vat_message *m = vat_message_new(4, 20);
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 0, 3);
	CHECK(!vat_init_list(vat_ptr_at_b(s, 0), VAT_ELEM_EIGHT, 30).msg);
	CHECK_INT(vat_message_error(m), -EMSGSIZE);
	CHECK(vat_ptr_is_null(vat_ptr_b_r(vat_ptr_at_b(s, 0))));
	vat_set_text(vat_ptr_at_b(s, 1), vat_str("fits"));
	CHECK_STR(vat_ptr_text(vat_ptr_b_r(vat_ptr_at_b(s, 1)), NULL).s, "fits");
	CHECK_INT(vat_message_error(m), -EMSGSIZE);
	CHECK(vat_message_words(m) <= 20);
	vat_message_free(m);
	use_null_builders();
}

TEST(counts_that_the_encoding_cannot_hold_are_refused)
{
	static const uint8_t byte = 0;
	struct vat_message *m = vat_message_new(0, SIZE_MAX);
	struct vat_ptr_b p = vat_root_b(m);
	CHECK(!vat_init_list(p, VAT_ELEM_VOID, 1 << 29).msg);
	CHECK_INT(vat_message_error(m), -EMSGSIZE);
	m->error = 0;
	CHECK(!vat_init_struct_list(p, 65535, 65535, 1 << 29).msg);
	CHECK_INT(vat_message_error(m), -EMSGSIZE);
	m->error = 0;
	CHECK(!vat_init_struct_list(p, 65535, 65535, 4097).msg);
	CHECK_INT(vat_message_error(m), -EMSGSIZE);
	m->error = 0;
	CHECK(!vat_init_data(p, UINT32_MAX));
	CHECK_INT(vat_message_error(m), -EMSGSIZE);
	m->error = 0;
	vat_set_text(p, (struct vat_text){(const char *)&byte, UINT32_MAX});
	CHECK_INT(vat_message_error(m), -EMSGSIZE);
	m->error = 0;
	vat_set_text(p, (struct vat_text){(const char *)&byte, (1 << 29) - 1});
	CHECK_INT(vat_message_error(m), -EMSGSIZE);
	m->error = 0;
	CHECK_INT(vat_init_list(p, VAT_ELEM_VOID, (1 << 29) - 1).count, (1 << 29) - 1);
	CHECK_INT(vat_message_error(m), 0);
	vat_message_free(m);
}

TEST(largest_struct)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 65535, 65535);
	vat_w_u64(s, 65534, 1, 0);
	vat_set_text(vat_ptr_at_b(s, 65534), vat_str("end"));
	struct vat_struct_r r = vat_ptr_struct(vat_root(m), NULL);
	CHECK_INT(vat_r_u64(r, 65534, 0), 1);
	CHECK_STR(vat_ptr_text(vat_ptr_at(r, 65534), NULL).s, "end");
	vat_message_free(m);
}

TEST(tiny_segments_do_not_become_too_many_for_a_peer)
{
	struct vat_message *m = vat_message_new(1, 0), *v;
	struct vat_list_b l = vat_init_list(vat_root_b(m), VAT_ELEM_POINTER, 70000);
	for (uint32_t i = 0; i < 70000; i++)
		vat_w_u32(vat_init_struct(vat_list_ptr_b(l, i), 1, 0), 0, i, 0);
	CHECK_INT(vat_message_error(m), 0);
	size_t size, used;
	AUTO_FREE void *flat = vat_message_flatten(m, &size);
	CHECK_INT(vat_message_parse(flat, size, NULL, &v, &used), 0);
	struct vat_list_r r = vat_ptr_list(vat_root(v), VAT_ELEM_POINTER, NULL);
	for (uint32_t i = 0; i < 70000; i++)
		CHECK_INT(vat_r_u32(vat_ptr_struct(vat_list_ptr(r, i), NULL), 0, 0), i);
	vat_message_free(v);
	vat_message_free(m);
}

TEST(setting_a_capability_takes_a_reference_of_its_own)
{
	struct test_cap a = {1}, b = {1};
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 0, 2);
	vat_set_cap(vat_ptr_at_b(s, 0), test_cap(&a));
	vat_set_cap(vat_ptr_at_b(s, 1), test_cap(&a));
	CHECK_INT(a.refs, 3);
	vat_set_cap(vat_ptr_at_b(s, 0), test_cap(&b));
	CHECK_INT(a.refs, 2);
	CHECK(vat_ptr_cap(vat_ptr_at(vat_struct_b_r(s), 0)) == test_cap(&b));
	vat_set_cap(vat_ptr_at_b(s, 1), NULL);
	CHECK_INT(a.refs, 1);
	CHECK(vat_ptr_is_null(vat_ptr_at(vat_struct_b_r(s), 1)));
	vat_message_free(m);
	CHECK_INT(b.refs, 1);
}

TEST(very_deep_objects_can_be_built_and_cleared)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_ptr_b p = vat_root_b(m);
	for (int i = 0; i < 100000; i++)
		p = vat_ptr_at_b(vat_init_struct(p, 0, 1), 0);
	CHECK(p.msg);
	vat_ptr_total_words(vat_root(m), NULL);
	CHECK_INT(vat_message_error(m), VAT_FAULT_NESTING);
	vat_set_null(vat_root_b(m));
	CHECK(vat_ptr_is_null(vat_root(m)));
	vat_message_free(m);
}

TEST(reset_arena_is_as_good_as_new)
{
	for_each_first(f)
	{
		struct test_cap cap = {1};
		struct vat_message *m = vat_message_new(firsts[f], 0);
		for (int round = 0; round < 3; round++) {
			build_all(vat_root_b(m), &cap);
			check_all(vat_root(m), &cap);
			vat_message_fault(m, VAT_FAULT_CAP);
			vat_message_reset(m, 0);
			CHECK_INT(cap.refs, 1);
			CHECK_INT(vat_message_error(m), 0);
			CHECK_INT(vat_message_words(m), 1);
			for (uint32_t i = 0; i < m->segs[0].size; i++)
				CHECK_INT(vat_load(m->segs[0].base + (size_t)i * 8), 0);
		}
		vat_message_free(m);
	}
}
