/* SPDX-License-Identifier: MIT */
/*
 * Reading hostile and well-meant messages.  Tests named cve_... are about a published defect of
 * some implementation of this encoding.
 */
#include "base/test.h"
#include "vat/cap/test-caps.h"
#include "vat/message/test-walk.h"

/* The root of `w` read as a struct, a list ... must end in this fault. */
static void expect_struct_fault(struct words w, int fault)
{
	struct vat_message *m = VIEW(w);
	struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
	CHECK_INT(s.data_bits + s.n_ptrs, 0);
	CHECK_INT(vat_message_error(m), fault);
	view_free(m);
}

static void expect_list_fault(struct words w, enum vat_elem want, int fault)
{
	struct vat_message *m = VIEW(w);
	struct vat_list_r l = vat_ptr_list(vat_root(m), want, NULL);
	CHECK_INT(l.count, 0);
	CHECK_INT(l.elem, want);
	CHECK_INT(vat_message_error(m), fault);
	view_free(m);
}

static void expect_far_fault(struct words a, struct words b, int fault)
{
	struct words segs[] = {a, b};
	struct vat_message *m = view_segments(segs, 2, NULL);
	struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
	CHECK_INT(s.data_bits + s.n_ptrs, 0);
	CHECK_INT(vat_message_error(m), fault);
	walk(vat_root(m));
	walk_wrongly(vat_root(m));
	view_free(m);
}

/* ---- what is right ------------------------------------------------------------------------- */

TEST(struct_with_data_and_pointers)
{
	struct words w = WORDS(w_struct(0, 1, 1), 0x0102030405060708, w_list(0, VAT_ELEM_BYTE, 3),
		0x0000000000006968);
	struct vat_message *m = VIEW(w);
	struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
	CHECK_INT(vat_r_u8(s, 0, 0), 8);
	CHECK_INT(vat_r_u16(s, 1, 0), 0x0506);
	CHECK_INT(vat_r_u32(s, 1, 0), 0x01020304);
	CHECK(vat_r_bool(s, 3, false));
	CHECK(!vat_r_bool(s, 3, true));
	CHECK_INT(vat_r_u8(s, 0, 0xff), 8 ^ 0xff);
	CHECK(vat_text_is(vat_ptr_text(vat_ptr_at(s, 0), NULL), "hi"));
	CHECK_INT(vat_ptr_data(vat_ptr_at(s, 0), NULL).len, 3);
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(fields_past_the_data_section_read_as_their_default)
{
	struct words w = WORDS(w_struct(0, 1, 0), UINT64_MAX);
	struct vat_message *m = VIEW(w);
	struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
	CHECK_INT(vat_r_u64(s, 1, 42), 42);
	CHECK_INT(vat_r_u32(s, 2, 43), 43);
	CHECK(vat_r_bool(s, 64, true));
	CHECK(vat_r_u32(s, UINT32_MAX, 44) == 44);
	CHECK(vat_ptr_is_null(vat_ptr_at(s, 0)));
	CHECK_INT(vat_ptr_kind(vat_ptr_at(s, 0)), VAT_PTR_NULL);
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(floats_and_their_defaults)
{
	uint64_t bits;
	double d = 1234.5;
	memcpy(&bits, &d, 8);
	struct words w = WORDS(w_struct(0, 1, 0), bits);
	struct vat_message *m = VIEW(w);
	struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
	CHECK(vat_r_f64(s, 0, 0) == 1234.5);
	CHECK(vat_r_f64(s, 1, bits) == 1234.5);
	CHECK(vat_r_f32(s, 2, 0x3f800000) == 1.0F);
	view_free(m);
}

TEST(zero_size_struct_is_not_null)
{
	struct words w = WORDS(w_struct(-1, 0, 0));
	struct vat_message *m = VIEW(w);
	CHECK_INT(vat_ptr_kind(vat_root(m)), VAT_PTR_STRUCT);
	CHECK(!vat_ptr_is_null(vat_root(m)));
	CHECK_INT(vat_ptr_struct(vat_root(m), NULL).data_bits, 0);
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(far_pointer_to_a_struct)
{
	struct words segs[] = {WORDS(w_far(1, 1)), WORDS(0, w_struct(0, 1, 0), 77)};
	struct vat_message *m = view_segments(segs, 2, NULL);
	CHECK_INT(vat_r_u64(vat_ptr_struct(vat_root(m), NULL), 0, 0), 77);
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(double_far_pointer_to_a_struct_with_pointers)
{
	struct words segs[] = {WORDS(w_double_far(2, 1)),
		WORDS(0, 78, w_list(0, VAT_ELEM_BYTE, 2), 'x'),
		WORDS(0, w_far(1, 1), w_struct(0, 1, 1))};
	struct vat_message *m = view_segments(segs, 3, NULL);
	struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
	CHECK_INT(vat_r_u64(s, 0, 0), 78);
	CHECK(vat_text_is(vat_ptr_text(vat_ptr_at(s, 0), NULL), "x"));
	CHECK_INT(vat_ptr_total_words(vat_root(m), NULL), 3);
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(double_far_pointer_to_a_list)
{
	struct words segs[] = {WORDS(w_double_far(1, 0)),
		WORDS(w_far(2, 0), w_list(0, VAT_ELEM_FOUR, 3)), WORDS(0x0000000200000001, 3)};
	struct vat_message *m = view_segments(segs, 3, NULL);
	struct vat_list_r l = vat_ptr_list(vat_root(m), VAT_ELEM_FOUR, NULL);
	CHECK_INT(l.count, 3);
	CHECK_INT(vat_list_u32(l, 1), 2);
	CHECK_INT(vat_list_u32(l, 2), 3);
	CHECK_INT(vat_list_u32(l, 3), 0);
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(capability_pointers_index_the_table)
{
	struct test_cap a = {1}, b = {1};
	struct words w = WORDS(w_struct(0, 0, 4), w_cap(1), w_cap(0), w_cap(2), 0);
	struct vat_message *m = VIEW(w);
	CHECK_INT(vat_message_add_cap(m, test_cap(&a)), 0);
	CHECK_INT(vat_message_add_cap(m, test_cap(&b)), 1);
	struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
	CHECK(vat_ptr_cap(vat_ptr_at(s, 0)) == test_cap(&b));
	CHECK(vat_ptr_cap(vat_ptr_at(s, 1)) == test_cap(&a));
	CHECK(vat_ptr_cap(vat_ptr_at(s, 3)) == NULL);
	CHECK_INT(vat_message_error(m), 0);
	CHECK(vat_ptr_cap(vat_ptr_at(s, 2)) == NULL);
	CHECK_INT(vat_message_error(m), VAT_FAULT_CAP);
	CHECK_INT(vat_ptr_kind(vat_ptr_at(s, 0)), VAT_PTR_CAP);
	view_free(m);
	CHECK_INT(a.refs + b.refs, 0);
}

TEST(other_pointers_that_are_no_capabilities_are_refused)
{
	struct words w = WORDS(w_cap(0) | 4);
	struct vat_message *m = VIEW(w);
	vat_message_add_cap(m, NULL);
	CHECK(vat_ptr_cap(vat_root(m)) == NULL);
	CHECK_INT(vat_message_error(m), VAT_FAULT_KIND);
	CHECK_INT(vat_ptr_kind(vat_root(m)), VAT_PTR_BAD);
	view_free(m);
}

TEST(defaults_are_read_when_the_pointer_is_null_or_bad)
{
	static const uint64_t str[] = {0x0000002200000001, 0x0000000000636261};
	static const uint64_t st[] = {
		0x0001000100000000, 9, 0x0000002200000001, 0x0000000000636261};
	static const uint64_t li[] = {0x0000001c00000001, 0x0000000200000001, 3};
	const struct vat_default dt = {str, 2}, ds = {st, 4}, dl = {li, 3};
	struct words w = WORDS(w_struct(0, 0, 1), w_struct(100, 1, 0));
	struct vat_message *m = VIEW(w);
	struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
	CHECK(vat_text_is(vat_ptr_text(vat_ptr_at(s, 1), &dt), "abc"));
	CHECK_INT(vat_ptr_data(vat_ptr_at(s, 1), &dt).len, 4);
	struct vat_struct_r d = vat_ptr_struct(vat_ptr_at(s, 7), &ds);
	CHECK_INT(vat_r_u64(d, 0, 0), 9);
	CHECK(vat_text_is(vat_ptr_text(vat_ptr_at(d, 0), NULL), "abc"));
	CHECK_INT(vat_message_error(m), 0);
	d = vat_ptr_struct(vat_ptr_at(s, 0), &ds);
	CHECK_INT(vat_r_u64(d, 0, 0), 9);
	CHECK_INT(vat_message_error(m), VAT_FAULT_BOUNDS);
	struct vat_list_r l = vat_ptr_list(vat_ptr_at(s, 3), VAT_ELEM_FOUR, &dl);
	CHECK_INT(l.count, 3);
	CHECK_INT(vat_list_u32(l, 2), 3);
	view_free(m);
}

/* ---- list upgrades and downgrades ---------------------------------------------------------- */

TEST(primitive_list_read_as_struct_list)
{
	struct words w = WORDS(w_list(0, VAT_ELEM_TWO, 3), 0x0000000300020001);
	struct vat_message *m = VIEW(w);
	struct vat_list_r l = vat_ptr_list(vat_root(m), VAT_ELEM_STRUCT, NULL);
	CHECK_INT(l.count, 3);
	CHECK_INT(vat_r_u16(vat_list_struct(l, 1), 0, 0), 2);
	CHECK_INT(vat_r_u32(vat_list_struct(l, 1), 0, 5), 5);
	CHECK_INT(vat_list_struct(l, 1).n_ptrs, 0);
	CHECK_INT(vat_list_struct(l, 3).data_bits, 0);
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(pointer_list_read_as_struct_list)
{
	struct words w = WORDS(w_list(0, VAT_ELEM_POINTER, 2), 0, w_list(0, VAT_ELEM_BYTE, 2), 'y');
	struct vat_message *m = VIEW(w);
	struct vat_list_r l = vat_ptr_list(vat_root(m), VAT_ELEM_STRUCT, NULL);
	CHECK_INT(l.count, 2);
	struct vat_struct_r s = vat_list_struct(l, 1);
	CHECK_INT(s.data_bits, 0);
	CHECK(vat_text_is(vat_ptr_text(vat_ptr_at(s, 0), NULL), "y"));
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(struct_list_read_as_primitive_list)
{
	struct words w = WORDS(w_list(0, VAT_ELEM_STRUCT, 4), w_struct(2, 1, 1), 10, 0, 11, 0);
	struct vat_message *m = VIEW(w);
	struct vat_list_r l = vat_ptr_list(vat_root(m), VAT_ELEM_FOUR, NULL);
	CHECK_INT(l.count, 2);
	CHECK_INT(vat_list_u32(l, 0), 10);
	CHECK_INT(vat_list_u32(l, 1), 11);
	CHECK_INT(vat_ptr_list(vat_root(m), VAT_ELEM_VOID, NULL).count, 2);
	CHECK_INT(vat_ptr_list(vat_root(m), VAT_ELEM_POINTER, NULL).count, 2);
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(cve_2022_46149_struct_list_read_as_pointer_list)
{
	/* Two structs of one data word and one pointer. Element 1's pointer is the last word: an
	 * implementation that moves the base but keeps the element size runs off the end. */
	struct words w = WORDS(w_list(0, VAT_ELEM_STRUCT, 4), w_struct(2, 1, 1), 10,
		w_list(2, VAT_ELEM_BYTE, 2), 11, w_list(1, VAT_ELEM_BYTE, 2), 'a', 'b');
	struct vat_message *m = VIEW(w);
	struct vat_list_r l = vat_ptr_list(vat_root(m), VAT_ELEM_POINTER, NULL);
	CHECK_INT(l.count, 2);
	CHECK(vat_text_is(vat_ptr_text(vat_list_ptr(l, 0), NULL), "a"));
	CHECK(vat_text_is(vat_ptr_text(vat_list_ptr(l, 1), NULL), "b"));
	CHECK(vat_ptr_is_null(vat_list_ptr(l, 2)));
	struct vat_message *c = vat_message_new(0, 0);
	vat_set_list(vat_root_b(c), l);
	struct vat_list_r k = vat_ptr_list(vat_root(c), VAT_ELEM_POINTER, NULL);
	CHECK_INT(k.count, 2);
	CHECK(vat_text_is(vat_ptr_text(vat_list_ptr(k, 1), NULL), "b"));
	CHECK_INT(vat_message_error(m) + vat_message_error(c), 0);
	vat_message_free(c);
	view_free(m);
}

TEST(struct_list_without_what_is_wanted_is_refused)
{
	struct words data = WORDS(w_list(0, VAT_ELEM_STRUCT, 2), w_struct(2, 1, 0), 10, 11);
	struct words ptrs = WORDS(w_list(0, VAT_ELEM_STRUCT, 2), w_struct(2, 0, 1), 0, 0);
	expect_list_fault(data, VAT_ELEM_POINTER, VAT_FAULT_UPGRADE);
	expect_list_fault(ptrs, VAT_ELEM_BYTE, VAT_FAULT_UPGRADE);
	expect_list_fault(ptrs, VAT_ELEM_EIGHT, VAT_FAULT_UPGRADE);
}

TEST(bit_lists_are_never_upgraded)
{
	struct words bits = WORDS(w_list(0, VAT_ELEM_BIT, 5), 0x15);
	for (unsigned e = 0; e <= VAT_ELEM_STRUCT; e++)
		if (e != VAT_ELEM_BIT)
			expect_list_fault(bits, (enum vat_elem)e, VAT_FAULT_UPGRADE);
	struct words structs = WORDS(w_list(0, VAT_ELEM_STRUCT, 2), w_struct(2, 1, 0), 1, 1);
	expect_list_fault(structs, VAT_ELEM_BIT, VAT_FAULT_UPGRADE);
	struct words ptrs = WORDS(w_list(0, VAT_ELEM_POINTER, 1), 0);
	expect_list_fault(ptrs, VAT_ELEM_BIT, VAT_FAULT_UPGRADE);
	struct words voids = WORDS(w_list(0, VAT_ELEM_VOID, 9));
	expect_list_fault(voids, VAT_ELEM_BIT, VAT_FAULT_UPGRADE);
	struct vat_message *m = VIEW(bits);
	struct vat_list_r l = vat_ptr_list(vat_root(m), VAT_ELEM_BIT, NULL);
	CHECK(vat_list_bool(l, 0) && !vat_list_bool(l, 1) && vat_list_bool(l, 4));
	CHECK(!vat_list_bool(l, 5));
	CHECK_INT(vat_list_struct(l, 0).data_bits, 0);
	CHECK_INT(vat_list_u8(l, 0), 0);
	view_free(m);
}

/* What the reference implementation's reader makes of it: the first bits there are. (Its builder
 * refuses, and ours too.) */
TEST(numbers_may_be_read_as_bits)
{
	struct words w = WORDS(w_list(0, VAT_ELEM_TWO, 4), 0x7801560034001205);
	struct vat_message *m = VIEW(w);
	struct vat_list_r l = vat_ptr_list(vat_root(m), VAT_ELEM_BIT, NULL);
	CHECK_INT(l.count, 4);
	CHECK(vat_list_bool(l, 0) && !vat_list_bool(l, 1) && vat_list_bool(l, 2));
	CHECK(!vat_list_bool(l, 3) && !vat_list_bool(l, 9));
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(primitive_lists_may_be_read_narrower_but_not_wider)
{
	struct words w = WORDS(w_list(0, VAT_ELEM_FOUR, 2), 0x0000000200000001);
	struct vat_message *m = VIEW(w);
	struct vat_list_r l = vat_ptr_list(vat_root(m), VAT_ELEM_TWO, NULL);
	CHECK_INT(l.count, 2);
	CHECK_INT(vat_list_u16(l, 1), 2);
	CHECK_INT(vat_list_u64(l, 1), 0);
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
	expect_list_fault(w, VAT_ELEM_EIGHT, VAT_FAULT_UPGRADE);
	expect_list_fault(w, VAT_ELEM_POINTER, VAT_FAULT_UPGRADE);
}

/* ---- amplification ------------------------------------------------------------------------- */

TEST(cve_2015_2312_void_list_costs_a_word_per_element)
{
	struct words w = WORDS(w_list(0, VAT_ELEM_VOID, (1 << 29) - 1));
	expect_list_fault(w, VAT_ELEM_VOID, VAT_FAULT_TRAVERSAL);
	struct words small = WORDS(w_list(0, VAT_ELEM_VOID, 1000));
	struct vat_message *m = VIEW(small);
	CHECK_INT(vat_ptr_list(vat_root(m), VAT_ELEM_STRUCT, NULL).count, 1000);
	CHECK_INT(m->budget, VAT_DEFAULT_WORDS - 1001);
	view_free(m);
}

TEST(empty_struct_list_costs_a_word_per_element)
{
	struct words w = WORDS(w_list(0, VAT_ELEM_STRUCT, 0), w_struct((1 << 29) - 1, 0, 0));
	expect_list_fault(w, VAT_ELEM_STRUCT, VAT_FAULT_TRAVERSAL);
}

TEST(cve_2015_2313_total_size_of_empty_elements_is_charged)
{
	struct words w =
		WORDS(w_list(0, VAT_ELEM_POINTER, 4), w_list(3, VAT_ELEM_VOID, (1 << 29) - 1),
			w_list(2, VAT_ELEM_VOID, (1 << 29) - 1), w_list(1, VAT_ELEM_STRUCT, 0),
			w_list(0, VAT_ELEM_STRUCT, 0), w_struct((1 << 28), 0, 0));
	struct vat_message *m = VIEW(w);
	vat_ptr_total_words(vat_root(m), NULL);
	CHECK_INT(vat_message_error(m), VAT_FAULT_TRAVERSAL);
	view_free(m);
}

TEST(reading_the_same_object_again_and_again_uses_up_the_budget)
{
	struct words w = WORDS(w_struct(0, 3, 0), 1, 2, 3);
	struct vat_message *m =
		view_segments(&w, 1, &(struct vat_read_limits){.traversal_words = 10});
	struct vat_ptr_r root = vat_root(m);
	for (int i = 0; i < 3; i++)
		CHECK_INT(vat_ptr_struct(root, NULL).data_bits, 192);
	CHECK_INT(vat_ptr_struct(root, NULL).data_bits, 0);
	CHECK_INT(vat_message_error(m), VAT_FAULT_TRAVERSAL);
	view_free(m);
}

TEST(pointers_that_share_a_target_multiply_until_the_budget_ends)
{
	/* Forty structs of two pointers, both to the next: 2^40 paths. */
	uint64_t w[81] = {w_struct(0, 0, 2)};
	for (int i = 0; i < 39; i++) {
		w[1 + 2 * i] = w_struct(1, 0, 2);
		w[2 + 2 * i] = w_struct(0, 0, 2);
	}
	struct words words = {w, 81};
	struct vat_message *m =
		view_segments(&words, 1, &(struct vat_read_limits){.traversal_words = 100000});
	vat_ptr_total_words(vat_root(m), NULL);
	CHECK_INT(vat_message_error(m), VAT_FAULT_TRAVERSAL);
	view_free(m);
	m = view_segments(&words, 1, &(struct vat_read_limits){.traversal_words = 100000});
	struct vat_message *c = vat_message_new(0, 0);
	vat_set_ptr(vat_root_b(c), vat_root(m));
	CHECK_INT(vat_message_error(m), VAT_FAULT_TRAVERSAL);
	CHECK(vat_message_words(c) < 110000);
	vat_message_free(c);
	view_free(m);
}

TEST(cycles_end_at_the_nesting_limit)
{
	struct words w = WORDS(w_struct(0, 0, 1), w_struct(-1, 0, 1));
	struct vat_message *m = VIEW(w);
	struct vat_ptr_r p = vat_root(m);
	int levels = 0;
	while (!vat_message_error(m)) {
		p = vat_ptr_at(vat_ptr_struct(p, NULL), 0);
		levels++;
	}
	CHECK_INT(levels, 65);
	CHECK_INT(vat_message_error(m), VAT_FAULT_NESTING);
	CHECK(vat_ptr_is_null(p));
	view_free(m);
	m = VIEW(w);
	vat_ptr_total_words(vat_root(m), NULL);
	CHECK_INT(vat_message_error(m), VAT_FAULT_NESTING);
	view_free(m);
}

TEST(list_elements_cost_nesting_too)
{
	/* A list of one struct whose pointer leads to the list again. */
	struct words w = WORDS(
		w_list(0, VAT_ELEM_STRUCT, 1), w_struct(1, 0, 1), w_list(-2, VAT_ELEM_STRUCT, 1));
	struct vat_message *m = view_segments(&w, 1, &(struct vat_read_limits){.nesting = 5});
	struct vat_ptr_r p = vat_root(m);
	for (int i = 0; i < 2; i++) {
		struct vat_struct_r s = vat_list_struct(vat_ptr_list(p, VAT_ELEM_STRUCT, NULL), 0);
		CHECK_INT(s.n_ptrs, 1);
		p = vat_ptr_at(s, 0);
	}
	struct vat_list_r l = vat_ptr_list(p, VAT_ELEM_STRUCT, NULL);
	CHECK_INT(l.count, 1);
	CHECK_INT(vat_list_struct(l, 0).n_ptrs, 0);
	CHECK_INT(vat_message_error(m), VAT_FAULT_NESTING);
	view_free(m);
}

/* ---- bounds -------------------------------------------------------------------------------- */

TEST(cve_2015_2310_struct_list_size_must_not_overflow)
{
	/* elements * words per element wraps in 32 bits */
	expect_list_fault(
		WORDS(w_list(0, VAT_ELEM_STRUCT, 1), w_struct(0x10000, 0x8000, 0x8000), 0),
		VAT_ELEM_STRUCT, VAT_FAULT_BOUNDS);
	expect_list_fault(
		WORDS(w_list(0, VAT_ELEM_STRUCT, 1), w_struct((1 << 30) - 1, 65535, 65535), 0),
		VAT_ELEM_STRUCT, VAT_FAULT_BOUNDS);
}

TEST(cve_2015_2311_landing_pad_at_the_edge_must_not_underflow)
{
	expect_far_fault(WORDS(w_far(1, 2)), WORDS(0, 0), VAT_FAULT_BOUNDS);
	expect_far_fault(WORDS(w_double_far(1, 1)), WORDS(0, w_far(0, 0)), VAT_FAULT_BOUNDS);
	expect_far_fault(WORDS(w_far(1, (1 << 29) - 1)), WORDS(0), VAT_FAULT_BOUNDS);
	/* tag words of a list in a segment that ends before them */
	expect_list_fault(WORDS(w_list(0, VAT_ELEM_STRUCT, 0)), VAT_ELEM_STRUCT, VAT_FAULT_BOUNDS);
}

TEST(cve_2017_7892_pointer_far_outside_the_segment)
{
	expect_struct_fault(WORDS(w_struct(0x1fffffff, 1, 0), 0), VAT_FAULT_BOUNDS);
	expect_struct_fault(WORDS(w_struct(-0x20000000, 0, 1), 0), VAT_FAULT_BOUNDS);
	expect_struct_fault(WORDS(w_struct(0x1fffffff, 65535, 65535), 0), VAT_FAULT_BOUNDS);
	expect_list_fault(WORDS(w_list(-0x20000000, VAT_ELEM_EIGHT, (1 << 29) - 1), 0),
		VAT_ELEM_EIGHT, VAT_FAULT_BOUNDS);
}

TEST(objects_without_size_are_nowhere_out_of_bounds)
{
	struct words w[] = {WORDS(w_struct(0, 0, 3), w_struct(1000, 0, 0),
				    w_list(-99, VAT_ELEM_EIGHT, 0), w_double_far(1, 0)),
		WORDS(w_far(0, 1000), w_list(0, VAT_ELEM_VOID, 3))};
	struct vat_message *m = view_segments(w, 2, NULL);
	struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
	CHECK_INT(vat_ptr_struct(vat_ptr_at(s, 0), NULL).data_bits, 0);
	CHECK_INT(vat_ptr_list(vat_ptr_at(s, 1), VAT_ELEM_EIGHT, NULL).count, 0);
	CHECK_INT(vat_ptr_list(vat_ptr_at(s, 2), VAT_ELEM_VOID, NULL).count, 3);
	walk(vat_root(m));
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(negative_offset_before_the_segment)
{
	expect_struct_fault(WORDS(w_struct(-2, 1, 0), 0), VAT_FAULT_BOUNDS);
	expect_struct_fault(WORDS(w_struct(-3, 0, 1), 0), VAT_FAULT_BOUNDS);
}

TEST(struct_that_ends_one_word_late)
{
	expect_struct_fault(WORDS(w_struct(0, 2, 0), 0), VAT_FAULT_BOUNDS);
	expect_struct_fault(WORDS(w_struct(0, 1, 1), 0), VAT_FAULT_BOUNDS);
	expect_struct_fault(WORDS(w_struct(1, 1, 0), 0), VAT_FAULT_BOUNDS);
}

TEST(list_that_ends_one_element_late)
{
	expect_list_fault(WORDS(w_list(0, VAT_ELEM_BIT, 65), 0), VAT_ELEM_BIT, VAT_FAULT_BOUNDS);
	expect_list_fault(WORDS(w_list(0, VAT_ELEM_BYTE, 9), 0), VAT_ELEM_BYTE, VAT_FAULT_BOUNDS);
	expect_list_fault(WORDS(w_list(0, VAT_ELEM_TWO, 5), 0), VAT_ELEM_TWO, VAT_FAULT_BOUNDS);
	expect_list_fault(WORDS(w_list(0, VAT_ELEM_FOUR, 3), 0), VAT_ELEM_FOUR, VAT_FAULT_BOUNDS);
	expect_list_fault(WORDS(w_list(0, VAT_ELEM_EIGHT, 2), 0), VAT_ELEM_EIGHT, VAT_FAULT_BOUNDS);
	expect_list_fault(
		WORDS(w_list(0, VAT_ELEM_POINTER, 2), 0), VAT_ELEM_POINTER, VAT_FAULT_BOUNDS);
	expect_list_fault(WORDS(w_list(0, VAT_ELEM_STRUCT, 2), w_struct(1, 1, 1), 0),
		VAT_ELEM_STRUCT, VAT_FAULT_BOUNDS);
}

TEST(inline_composite_tag_that_claims_more_than_the_list)
{
	expect_list_fault(WORDS(w_list(0, VAT_ELEM_STRUCT, 1), w_struct(2, 1, 0), 0, 0),
		VAT_ELEM_STRUCT, VAT_FAULT_BOUNDS);
	expect_list_fault(WORDS(w_list(0, VAT_ELEM_STRUCT, 1), w_list(2, VAT_ELEM_BYTE, 0), 0),
		VAT_ELEM_STRUCT, VAT_FAULT_KIND);
	expect_list_fault(WORDS(w_list(0, VAT_ELEM_STRUCT, 1), w_far(2, 0), 0), VAT_ELEM_STRUCT,
		VAT_FAULT_KIND);
}

TEST(far_pointer_to_a_segment_there_is_not)
{
	expect_far_fault(WORDS(w_far(2, 0)), WORDS(0), VAT_FAULT_BOUNDS);
	expect_far_fault(WORDS(w_far(UINT32_MAX, 0)), WORDS(0), VAT_FAULT_BOUNDS);
	expect_far_fault(WORDS(w_far(0x10000, 0)), WORDS(0), VAT_FAULT_BOUNDS);
	expect_far_fault(
		WORDS(w_double_far(1, 0)), WORDS(w_far(2, 0), w_struct(0, 0, 0)), VAT_FAULT_BOUNDS);
	expect_far_fault(WORDS(w_double_far(1, 0)), WORDS(w_far(0x10001, 0), w_struct(0, 0, 0)),
		VAT_FAULT_BOUNDS);
}

TEST(double_far_content_outside_its_segment)
{
	expect_far_fault(
		WORDS(w_double_far(1, 0)), WORDS(w_far(0, 2), w_struct(0, 1, 0)), VAT_FAULT_BOUNDS);
	expect_far_fault(WORDS(w_double_far(1, 0)),
		WORDS(w_far(0, (1 << 29) - 1), w_struct(0, 65535, 9)), VAT_FAULT_BOUNDS);
	expect_far_fault(
		WORDS(w_double_far(1, 0)), WORDS(w_far(0, 1), w_struct(0, 1, 0)), VAT_FAULT_BOUNDS);
	expect_far_fault(
		WORDS(w_double_far(1, 0)), WORDS(w_far(1, 0), w_struct(0, 2, 1)), VAT_FAULT_BOUNDS);
}

TEST(landing_pads_that_are_far_pointers_themselves)
{
	expect_far_fault(WORDS(w_far(1, 0)), WORDS(w_far(1, 0)), VAT_FAULT_KIND);
	expect_far_fault(WORDS(w_far(1, 0)), WORDS(w_double_far(1, 0), 0), VAT_FAULT_KIND);
	expect_far_fault(WORDS(w_double_far(1, 0)), WORDS(w_struct(0, 0, 0), 0), VAT_FAULT_KIND);
	expect_far_fault(
		WORDS(w_double_far(1, 0)), WORDS(w_far(1, 0), w_far(1, 0)), VAT_FAULT_KIND);
	expect_far_fault(
		WORDS(w_double_far(1, 0)), WORDS(w_far(1, 0), w_cap(0) | 4), VAT_FAULT_KIND);
}

/* What the reference implementation reads, though nobody writes it. */
TEST(landing_pads_of_two_words_with_odd_content)
{
	struct words pads[] = {WORDS(w_double_far(1, 0), w_struct(0, 1, 0)),
		WORDS(w_far(1, 1), w_struct(0, 1, 0)), WORDS(w_far(1, 0), w_cap(0))};
	enum vat_ptr_kind kinds[] = {VAT_PTR_STRUCT, VAT_PTR_STRUCT, VAT_PTR_CAP};
	for (size_t i = 0; i < ARRAY_SIZE(pads); i++) {
		struct words segs[] = {WORDS(w_double_far(1, 0)), pads[i]};
		struct vat_message *m = view_segments(segs, 2, NULL);
		CHECK_INT(vat_ptr_kind(vat_root(m)), kinds[i]);
		if (kinds[i] == VAT_PTR_STRUCT)
			CHECK_INT(vat_ptr_struct(vat_root(m), NULL).data_bits, 64);
		CHECK_INT(vat_message_error(m), 0);
		view_free(m);
	}
	/* A segment without content is none. */
	struct words empty = {(const uint64_t[]){0}, 0};
	struct words segs[] = {
		WORDS(w_double_far(1, 0)), WORDS(w_far(2, 0), w_struct(0, 0, 0)), empty};
	struct vat_message *m = view_segments(segs, 3, NULL);
	CHECK_INT(vat_ptr_kind(vat_root(m)), VAT_PTR_BAD);
	CHECK_INT(vat_message_error(m), VAT_FAULT_BOUNDS);
	view_free(m);
}

TEST(empty_first_segment_has_no_root)
{
	struct words segs[] = {{(const uint64_t[]){0}, 0}, WORDS(0)};
	struct vat_message *m = view_segments(segs, 2, NULL);
	CHECK(vat_ptr_is_null(vat_root(m)));
	CHECK_INT(vat_message_error(m), VAT_FAULT_BOUNDS);
	view_free(m);
}

TEST(text_must_end_in_nul_inside_its_bounds)
{
	static const struct {
		uint64_t ptr, content;
	} bad[] = {
		{0x0000002200000001, 0x6463626164636261}, /* four bytes, last not NUL */
		{0x0000000200000001, 0}, /* no byte at all */
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct words w = WORDS(bad[i].ptr, bad[i].content);
		struct vat_message *m = VIEW(w);
		CHECK_STR(vat_ptr_text(vat_root(m), NULL).s, "");
		CHECK_INT(vat_message_error(m), VAT_FAULT_TEXT);
		view_free(m);
	}
	struct words inner = WORDS(w_list(0, VAT_ELEM_BYTE, 4), 0x00620061);
	struct vat_message *m = VIEW(inner);
	CHECK_INT(vat_ptr_text(vat_root(m), NULL).len, 3);
	CHECK_INT(vat_message_error(m), 0);
	view_free(m);
}

TEST(text_and_data_of_the_wrong_kind)
{
	struct words wrong[] = {WORDS(w_struct(0, 1, 0), 0), WORDS(w_list(0, VAT_ELEM_TWO, 2), 0),
		WORDS(w_list(0, VAT_ELEM_BIT, 8), 0), WORDS(w_cap(0), 0),
		WORDS(w_list(0, VAT_ELEM_STRUCT, 0), 0)};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct vat_message *m = VIEW(wrong[i]);
		CHECK_INT(vat_ptr_text(vat_root(m), NULL).len, 0);
		CHECK_INT(vat_message_error(m), VAT_FAULT_KIND);
		CHECK_INT(vat_ptr_data(vat_root(m), NULL).len, 0);
		view_free(m);
	}
}

TEST(objects_of_the_wrong_kind)
{
	expect_struct_fault(WORDS(w_list(0, VAT_ELEM_EIGHT, 1), 0), VAT_FAULT_KIND);
	expect_struct_fault(WORDS(w_cap(0)), VAT_FAULT_KIND);
	expect_list_fault(WORDS(w_struct(0, 1, 0), 0), VAT_ELEM_EIGHT, VAT_FAULT_KIND);
	struct words w = WORDS(w_struct(0, 1, 0), 0);
	struct vat_message *m = VIEW(w);
	CHECK(!vat_ptr_cap(vat_root(m)));
	CHECK_INT(vat_message_error(m), VAT_FAULT_KIND);
	view_free(m);
}

TEST(first_fault_is_the_one_remembered)
{
	struct words w = WORDS(w_struct(0, 0, 2), w_struct(9, 9, 9), w_cap(3));
	struct vat_message *m = VIEW(w);
	struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
	vat_ptr_struct(vat_ptr_at(s, 0), NULL);
	vat_ptr_cap(vat_ptr_at(s, 1));
	CHECK_INT(vat_message_error(m), VAT_FAULT_BOUNDS);
	view_free(m);
}
