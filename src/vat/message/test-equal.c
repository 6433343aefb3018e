/* SPDX-License-Identifier: MIT */
/* Equality of objects. The first five are about what the reference implementation's any-test and
 * its equality of messages are about. */
#include "base/test.h"
#include "vat/cap/test-caps.h"
#include "vat/message/test-walk.h"

static void expect(struct words a, struct words b, enum vat_equality want)
{
	struct vat_message *ma = VIEW(a), *mb = VIEW(b);
	CHECK_INT(vat_ptr_equal(vat_root(ma), vat_root(mb)), want);
	CHECK_INT(vat_ptr_equal(vat_root(mb), vat_root(ma)), want);
	CHECK_INT(vat_ptr_equal(vat_root(ma), vat_root(ma)), VAT_EQUAL);
	view_free(ma);
	view_free(mb);
}

/* Upstream: any-test "Equals". */
TEST(any_equals)
{
	struct words a = WORDS(w_struct(0, 1, 1), 5, w_list(0, VAT_ELEM_BYTE, 3), 0x636261);
	expect(a, a, VAT_EQUAL);
	/* Zeroes and nulls at the end of sections, gaps, other padding. */
	expect(a, WORDS(w_struct(1, 2, 2), 99, 5, 0, w_list(1, VAT_ELEM_BYTE, 3), 0, 0xff636261),
		VAT_EQUAL);
	expect(a, WORDS(w_struct(0, 1, 1), 6, w_list(0, VAT_ELEM_BYTE, 3), 0x636261),
		VAT_NOT_EQUAL);
	expect(a, WORDS(w_struct(0, 1, 1), 5, w_list(0, VAT_ELEM_BYTE, 3), 0x646261),
		VAT_NOT_EQUAL);
	expect(a, WORDS(w_struct(0, 1, 1), 5, w_list(0, VAT_ELEM_BYTE, 2), 0x6261), VAT_NOT_EQUAL);
	expect(a, WORDS(w_struct(0, 1, 1), 5, 0), VAT_NOT_EQUAL);
	expect(a, WORDS(w_list(0, VAT_ELEM_EIGHT, 1), 5), VAT_NOT_EQUAL);
}

/* Upstream: "Bit list with nonzero pad bits". */
TEST(bit_list_with_nonzero_pad_bits)
{
	expect(WORDS(w_list(0, VAT_ELEM_BIT, 11), 0x07ee),
		WORDS(w_list(0, VAT_ELEM_BIT, 11), 0x0fee), VAT_EQUAL);
	expect(WORDS(w_list(0, VAT_ELEM_BIT, 11), 0x07ee),
		WORDS(w_list(0, VAT_ELEM_BIT, 11), 0x03ee), VAT_NOT_EQUAL);
	expect(WORDS(w_list(0, VAT_ELEM_BIT, 11), 0x07ee),
		WORDS(w_list(0, VAT_ELEM_BIT, 10), 0x07ee), VAT_NOT_EQUAL);
}

/* Upstream: "Pointer list unequal to struct list". */
TEST(pointer_list_unequal_to_struct_list)
{
	expect(WORDS(w_list(0, VAT_ELEM_POINTER, 1), 0),
		WORDS(w_list(0, VAT_ELEM_STRUCT, 1), w_struct(1, 0, 1), 0), VAT_NOT_EQUAL);
}

/* Upstream: "Truncating non-null pointer fields does not preserve equality". */
TEST(truncating_non_null_pointer_fields_does_not_preserve_equality)
{
	expect(WORDS(w_struct(0, 1, 1), 7, w_struct(-1, 0, 0)), WORDS(w_struct(0, 1, 0), 7),
		VAT_NOT_EQUAL);
	expect(WORDS(w_struct(0, 1, 1), 7, 0), WORDS(w_struct(0, 1, 0), 7), VAT_EQUAL);
}

TEST(null_is_only_equal_to_null)
{
	expect(WORDS(0), WORDS(0), VAT_EQUAL);
	expect(WORDS(0), WORDS(w_struct(-1, 0, 0)), VAT_NOT_EQUAL);
	expect(WORDS(0), WORDS(w_list(0, VAT_ELEM_BYTE, 0)), VAT_NOT_EQUAL);
}

TEST(struct_lists_compare_element_by_element)
{
	struct words a = WORDS(w_list(0, VAT_ELEM_STRUCT, 2), w_struct(2, 1, 0), 1, 2);
	expect(a, WORDS(w_list(0, VAT_ELEM_STRUCT, 4), w_struct(2, 1, 1), 1, 0, 2, 0), VAT_EQUAL);
	expect(a, WORDS(w_list(0, VAT_ELEM_STRUCT, 2), w_struct(2, 1, 0), 2, 1), VAT_NOT_EQUAL);
	expect(WORDS(w_list(0, VAT_ELEM_STRUCT, 0), w_struct(1000000, 0, 0)),
		WORDS(w_list(0, VAT_ELEM_STRUCT, 0), w_struct(1000000, 0, 0)), VAT_EQUAL);
	expect(WORDS(w_list(0, VAT_ELEM_STRUCT, 0), w_struct(2, 0, 0)),
		WORDS(w_list(0, VAT_ELEM_STRUCT, 2), w_struct(2, 1, 0), 0, 0), VAT_EQUAL);
}

TEST(lists_of_lists_compare_deeply)
{
	struct words a = WORDS(w_list(0, VAT_ELEM_POINTER, 2), w_list(1, VAT_ELEM_FOUR, 1),
		w_list(1, VAT_ELEM_FOUR, 1), 1, 2);
	struct words b = WORDS(w_list(0, VAT_ELEM_POINTER, 2), w_list(2, VAT_ELEM_FOUR, 1),
		w_list(0, VAT_ELEM_FOUR, 1), 2, 1);
	expect(a, b, VAT_EQUAL);
	expect(a,
		WORDS(w_list(0, VAT_ELEM_POINTER, 2), w_list(1, VAT_ELEM_FOUR, 1),
			w_list(1, VAT_ELEM_FOUR, 1), 1, 3),
		VAT_NOT_EQUAL);
}

/* Upstream calls this UNKNOWN_CONTAINS_CAPS; of two references to one object we can tell. */
TEST(capabilities_are_known_by_identity)
{
	struct test_cap one = {0}, two = {0};
	struct vat_message *a = vat_message_new(0, 0), *b = vat_message_new(0, 0);
	vat_set_cap(vat_root_b(a), test_cap(&one));
	vat_set_cap(vat_root_b(b), test_cap(&one));
	CHECK_INT(vat_ptr_equal(vat_root(a), vat_root(b)), VAT_EQUAL);
	vat_set_cap(vat_root_b(b), test_cap(&two));
	CHECK_INT(vat_ptr_equal(vat_root(a), vat_root(b)), VAT_MAYBE_EQUAL);
	/* A difference elsewhere is one. */
	struct vat_struct_b s = vat_init_struct(vat_root_b(a), 1, 1);
	struct vat_struct_b t = vat_init_struct(vat_root_b(b), 1, 1);
	vat_set_cap(vat_ptr_at_b(s, 0), test_cap(&one));
	vat_set_cap(vat_ptr_at_b(t, 0), test_cap(&two));
	CHECK_INT(vat_ptr_equal(vat_root(a), vat_root(b)), VAT_MAYBE_EQUAL);
	vat_w_u64(s, 0, 1, 0);
	CHECK_INT(vat_ptr_equal(vat_root(a), vat_root(b)), VAT_NOT_EQUAL);
	vat_message_free(a);
	vat_message_free(b);
	CHECK_INT(one.refs + two.refs, 0);
}

TEST(what_cannot_be_read_is_equal_to_nothing)
{
	struct words bad = WORDS(w_struct(5, 1, 0));
	struct vat_message *m = VIEW(bad);
	CHECK_INT(vat_ptr_equal(vat_root(m), vat_root(m)), VAT_NOT_EQUAL);
	CHECK_INT(vat_message_error(m), VAT_FAULT_BOUNDS);
	view_free(m);
}

TEST(comparing_is_paid_for)
{
	/* Each level compares the next twice. */
	uint64_t w[26] = {w_struct(0, 0, 2)};
	for (int i = 0; i < 12; i++) {
		w[1 + 2 * i] = w_struct(1, 0, 2);
		w[2 + 2 * i] = w_struct(0, 0, 2);
	}
	w[23] = w[24] = 0;
	struct words words = {w, 25};
	struct vat_read_limits limits = {.traversal_words = 500};
	struct vat_message *a = view_segments(&words, 1, &limits);
	CHECK_INT(vat_ptr_equal(vat_root(a), vat_root(a)), VAT_NOT_EQUAL);
	CHECK_INT(vat_message_error(a), VAT_FAULT_TRAVERSAL);
	view_free(a);
}
