/* SPDX-License-Identifier: MIT */
/* Editing objects that were made with an older, smaller layout. */
#include "base/test.h"
#include "vat/cap/test-caps.h"
#include "vat/message/test-walk.h"

static const size_t firsts[] = {1, 2, 3, 4, 6, 9, 14, 0};
#define for_each_first(i) for (size_t i = 0; i < ARRAY_SIZE(firsts); i++)

/* Used words that are not reachable must be zero: what is reachable is what a copy would take,
 * landing pads, and nothing else. So: clear the root, then all must be zero. */
static void clear_and_expect_all_zero(struct vat_message *m)
{
	vat_set_null(vat_root_b(m));
	for (uint32_t i = 0; i < m->n_segs; i++)
		for (uint32_t j = 0; j < m->segs[i].used; j++)
			if (vat_load(m->segs[i].base + (size_t)j * 8))
				test_fail(
					__FILE__, __LINE__, "segment %u word %u is not zero", i, j);
}

TEST(absent_objects_are_made)
{
	for_each_first(f)
	{
		struct vat_message *m = vat_message_new(firsts[f], 0);
		struct vat_struct_b s = vat_get_struct_b(vat_root_b(m), 1, 2, NULL);
		CHECK_INT(s.data_bits, 64);
		CHECK_INT(s.n_ptrs, 2);
		vat_w_u32(s, 0, 3, 0);
		s = vat_get_struct_b(vat_root_b(m), 1, 2, NULL);
		CHECK_INT(vat_r_u32(vat_struct_b_r(s), 0, 0), 3);
		CHECK_INT(vat_get_list_b(vat_ptr_at_b(s, 0), VAT_ELEM_TWO, NULL).count, 0);
		CHECK_INT(vat_get_struct_list_b(vat_ptr_at_b(s, 1), 1, 1, NULL).count, 0);
		CHECK_INT(vat_message_error(m), 0);
		vat_message_free(m);
	}
}

TEST(absent_objects_are_copied_from_their_default)
{
	static const uint64_t st[] = {
		0x0001000100000000, 9, 0x0000002200000001, 0x0000000000636261};
	static const uint64_t li[] = {0x0000001c00000001, 0x0000000200000001, 3};
	const struct vat_default ds = {st, 4}, dl = {li, 3};
	for_each_first(f)
	{
		struct vat_message *m = vat_message_new(firsts[f], 0);
		struct vat_struct_b root = vat_init_struct(vat_root_b(m), 0, 2);
		/* The default is older than the struct. */
		struct vat_struct_b s = vat_get_struct_b(vat_ptr_at_b(root, 0), 2, 2, &ds);
		CHECK_INT(s.n_ptrs, 2);
		CHECK_INT(vat_r_u64(vat_struct_b_r(s), 0, 0), 9);
		vat_w_u64(s, 0, 10, 0);
		CHECK_STR(vat_ptr_text(vat_ptr_at(vat_struct_b_r(s), 0), NULL).s, "abc");
		struct vat_list_b l = vat_get_list_b(vat_ptr_at_b(root, 1), VAT_ELEM_FOUR, &dl);
		CHECK_INT(l.count, 3);
		vat_list_set_u32(l, 0, 50);
		CHECK_INT(vat_list_u32(vat_ptr_list(vat_ptr_b_r(vat_ptr_at_b(root, 1)),
					       VAT_ELEM_FOUR, &dl),
				  0),
			50);
		CHECK_INT(st[1], 9);
		CHECK_INT(li[1], 0x0000000200000001);
		CHECK_INT(vat_message_error(m), 0);
		clear_and_expect_all_zero(m);
		vat_message_free(m);
	}
}

static void fill_old(struct vat_struct_b s, struct test_cap *cap)
{
	vat_w_u64(s, 0, 7, 0);
	vat_set_text(vat_ptr_at_b(s, 0), vat_str("old text"));
	vat_set_cap(vat_ptr_at_b(s, 1), test_cap(cap));
	vat_init_struct(vat_ptr_at_b(s, 2), 0, 0);
	struct vat_list_b l = vat_init_struct_list(vat_ptr_at_b(s, 3), 1, 1, 2);
	vat_set_text(vat_ptr_at_b(vat_list_struct_b(l, 1), 0), vat_str("element"));
}

static void check_old(struct vat_struct_r s, struct test_cap *cap)
{
	CHECK_INT(vat_r_u64(s, 0, 0), 7);
	CHECK_STR(vat_ptr_text(vat_ptr_at(s, 0), NULL).s, "old text");
	CHECK(vat_ptr_cap(vat_ptr_at(s, 1)) == test_cap(cap));
	CHECK_INT(vat_ptr_kind(vat_ptr_at(s, 2)), VAT_PTR_STRUCT);
	struct vat_list_r l = vat_ptr_list(vat_ptr_at(s, 3), VAT_ELEM_STRUCT, NULL);
	CHECK_STR(vat_ptr_text(vat_ptr_at(vat_list_struct(l, 1), 0), NULL).s, "element");
	CHECK(vat_ptr_is_null(vat_ptr_at(s, 4)));
}

TEST(struct_grows_and_keeps_its_content_across_segments)
{
	for_each_first(f)
	{
		struct test_cap cap = {1};
		struct vat_message *m = vat_message_new(firsts[f], 0);
		struct vat_ptr_b p = vat_root_b(m);
		fill_old(vat_init_struct(p, 1, 4), &cap);
		uint64_t before = vat_ptr_total_words(vat_root(m), NULL);
		/* Again and again, so that far pointers are moved that were moved before. */
		for (uint16_t i = 1; i < 6; i++) {
			struct vat_struct_b s =
				vat_get_struct_b(p, (uint16_t)(1 + i), (uint16_t)(4 + i), NULL);
			CHECK_INT(s.data_bits, 64 * (1 + i));
			CHECK_INT(s.n_ptrs, 4 + i);
			check_old(vat_ptr_struct(vat_root(m), NULL), &cap);
			CHECK_INT(vat_ptr_total_words(vat_root(m), NULL), before + 2 * i);
			CHECK_INT(vat_r_u64(vat_struct_b_r(s), i, 0), 0);
		}
		CHECK_INT(cap.refs, 2);
		CHECK_INT(vat_message_error(m), 0);
		clear_and_expect_all_zero(m);
		vat_message_free(m);
		CHECK_INT(cap.refs, 1);
	}
}

TEST(upgrade_makes_double_far_pointers_when_segments_are_full)
{
	struct test_cap cap = {1};
	/* Root, struct and text just fill the first segment: no room for the text's landing pad. */
	struct vat_message *m = vat_message_new(1 + 5 + 2, 0);
	fill_old(vat_init_struct(vat_root_b(m), 1, 4), &cap);
	vat_get_struct_b(vat_root_b(m), 2, 4, NULL);
	unsigned doubles = 0;
	for (uint32_t i = 0; i < m->n_segs; i++)
		for (uint32_t j = 0; j < m->segs[i].used; j++)
			doubles += (vat_load(m->segs[i].base + (size_t)j * 8) & 7) == 6;
	CHECK(doubles > 0);
	check_old(vat_ptr_struct(vat_root(m), NULL), &cap);
	/* And over the wire. */
	size_t size, used;
	AUTO_FREE void *flat = vat_message_flatten(m, &size);
	struct vat_message *v;
	CHECK_INT(vat_message_parse(flat, size, NULL, &v, &used), 0);
	vat_message_add_cap(v, vat_cap_ref(test_cap(&cap)));
	check_old(vat_ptr_struct(vat_root(v), NULL), &cap);
	CHECK_INT(vat_message_error(v), 0);
	vat_message_free(v);
	vat_message_free(m);
	CHECK_INT(cap.refs, 1);
}

TEST(larger_struct_stays_as_it_is)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 3, 3);
	struct vat_struct_b t = vat_get_struct_b(vat_root_b(m), 1, 1, NULL);
	CHECK(s.data == t.data);
	CHECK_INT(t.n_ptrs, 3);
	CHECK_INT(t.data_bits, 192);
	/* Grows in one direction, does not shrink in the other. */
	t = vat_get_struct_b(vat_root_b(m), 1, 5, NULL);
	CHECK_INT(t.n_ptrs, 5);
	CHECK_INT(t.data_bits, 192);
	vat_message_free(m);
}

TEST(struct_list_grows_and_keeps_its_content_across_segments)
{
	for_each_first(f)
	{
		struct test_cap cap = {1};
		struct vat_message *m = vat_message_new(firsts[f], 0);
		struct vat_list_b l = vat_init_struct_list(vat_root_b(m), 1, 4, 3);
		for (uint32_t i = 0; i < 3; i++)
			fill_old(vat_list_struct_b(l, i), &cap);
		for (uint16_t round = 2; round < 5; round++) {
			l = vat_get_struct_list_b(
				vat_root_b(m), round, (uint16_t)(3 + round), NULL);
			CHECK_INT(l.count, 3);
			CHECK_INT(l.data_bits, 64 * round);
			struct vat_list_r r = vat_ptr_list(vat_root(m), VAT_ELEM_STRUCT, NULL);
			for (uint32_t i = 0; i < 3; i++)
				check_old(vat_list_struct(r, i), &cap);
		}
		CHECK_INT(cap.refs, 4);
		CHECK_INT(vat_message_error(m), 0);
		clear_and_expect_all_zero(m);
		vat_message_free(m);
	}
}

TEST(primitive_list_becomes_a_struct_list)
{
	for_each_first(f)
	{
		for (unsigned e = VAT_ELEM_VOID; e <= VAT_ELEM_EIGHT; e++) {
			if (e == VAT_ELEM_BIT)
				continue;
			struct vat_message *m = vat_message_new(firsts[f], 0);
			struct vat_list_b l = vat_init_list(vat_root_b(m), (enum vat_elem)e, 5);
			for (uint32_t i = 0; i < 5; i++)
				vat_list_set_u8(l, i, (uint8_t)(i + 1));
			l = vat_get_struct_list_b(vat_root_b(m), 1, 1, NULL);
			CHECK_INT(l.count, 5);
			CHECK_INT(l.elem, VAT_ELEM_STRUCT);
			for (uint32_t i = 0; i < 5; i++)
				CHECK_INT(vat_r_u64(vat_struct_b_r(vat_list_struct_b(l, i)), 0, 0),
					e ? i + 1 : 0);
			CHECK_INT(vat_message_error(m), 0);
			clear_and_expect_all_zero(m);
			vat_message_free(m);
		}
	}
}

TEST(pointer_list_becomes_a_struct_list)
{
	for_each_first(f)
	{
		struct vat_message *m = vat_message_new(firsts[f], 0);
		struct vat_list_b l = vat_init_list(vat_root_b(m), VAT_ELEM_POINTER, 3);
		for (uint32_t i = 0; i < 3; i++)
			vat_set_text(vat_list_ptr_b(l, i), vat_str("p"));
		l = vat_get_struct_list_b(vat_root_b(m), 1, 2, NULL);
		CHECK_INT(l.count, 3);
		CHECK_INT(l.n_ptrs, 2);
		for (uint32_t i = 0; i < 3; i++) {
			struct vat_struct_r s = vat_struct_b_r(vat_list_struct_b(l, i));
			CHECK_STR(vat_ptr_text(vat_ptr_at(s, 0), NULL).s, "p");
		}
		CHECK_INT(vat_message_error(m), 0);
		clear_and_expect_all_zero(m);
		vat_message_free(m);
	}
}

TEST(bit_list_does_not_become_a_struct_list)
{
	struct vat_message *m = vat_message_new(0, 0);
	vat_init_list(vat_root_b(m), VAT_ELEM_BIT, 5);
	CHECK(!vat_get_struct_list_b(vat_root_b(m), 1, 0, NULL).msg);
	CHECK_INT(vat_message_error(m), VAT_FAULT_UPGRADE);
	CHECK_INT(vat_ptr_list(vat_root(m), VAT_ELEM_BIT, NULL).count, 5);
	vat_message_free(m);
}

TEST(struct_list_may_be_edited_as_primitive_or_pointer_list)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_list_b s = vat_init_struct_list(vat_root_b(m), 1, 1, 2);
	struct vat_list_b l = vat_get_list_b(vat_root_b(m), VAT_ELEM_FOUR, NULL);
	vat_list_set_u32(l, 1, 77);
	CHECK_INT(vat_r_u32(vat_struct_b_r(vat_list_struct_b(s, 1)), 0, 0), 77);
	l = vat_get_list_b(vat_root_b(m), VAT_ELEM_POINTER, NULL);
	vat_set_text(vat_list_ptr_b(l, 1), vat_str("t"));
	CHECK_STR(
		vat_ptr_text(vat_ptr_at(vat_struct_b_r(vat_list_struct_b(s, 1)), 0), NULL).s, "t");
	CHECK(!vat_list_ptr_b(l, 2).msg);
	CHECK(!vat_get_list_b(vat_root_b(m), VAT_ELEM_BIT, NULL).msg);
	CHECK_INT(vat_message_error(m), VAT_FAULT_UPGRADE);
	vat_message_free(m);
}

TEST(objects_of_the_wrong_kind_are_not_edited)
{
	struct vat_message *m = vat_message_new(0, 0);
	vat_set_text(vat_root_b(m), vat_str("x"));
	CHECK(!vat_get_struct_b(vat_root_b(m), 1, 1, NULL).msg);
	CHECK_INT(vat_message_error(m), VAT_FAULT_KIND);
	CHECK_STR(vat_ptr_text(vat_root(m), NULL).s, "x");
	vat_message_free(m);
	m = vat_message_new(0, 0);
	vat_init_struct(vat_root_b(m), 1, 1);
	CHECK(!vat_get_list_b(vat_root_b(m), VAT_ELEM_TWO, NULL).msg);
	CHECK_INT(vat_message_error(m), VAT_FAULT_KIND);
	vat_message_free(m);
}
