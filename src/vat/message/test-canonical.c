/* SPDX-License-Identifier: MIT */
/*
 * The canonical form.  The names are those of the reference implementation's canonicalize-test, as
 * far as it has a test of the case, and of the Rust implementation's canonicalize tests.
 */
#include "base/test.h"
#include "vat/cap/test-alloc.h"
#include "vat/cap/test-caps.h"
#include "vat/message/test-walk.h"

static void expect_canonical(struct words w, bool want)
{
	struct vat_message *m = VIEW(w);
	CHECK_INT(vat_message_is_canonical(m), want);
	view_free(m);
}

/* m, brought into canonical form, consists of these words. Frees m. */
static void expect_form_of(struct vat_message *m, struct words want)
{
	struct vat_message *c = NULL;
	CHECK_INT(vat_canonical(vat_root(m), &c), 0);
	CHECK(vat_message_is_canonical(c));
	CHECK_INT(vat_message_segments(c), 1);
	CHECK_INT(vat_message_words(c), want.n);
	CHECK(!memcmp(c->segs[0].base, want.w, want.n * 8));
	CHECK_INT(vat_ptr_equal(vat_root(m), vat_root(c)), VAT_EQUAL);
	vat_message_free(c);
	view_free(m);
}

static void expect_form(struct words w, struct words want)
{
	expect_canonical(w, w.n == want.n && !memcmp(w.w, want.w, w.n * 8));
	expect_form_of(VIEW(w), want);
}

/* ---- making it ------------------------------------------------------------------------------ */

/* A struct with everything a message can have but capabilities. */
static void build_all(struct vat_ptr_b p)
{
	struct vat_struct_b s = vat_init_struct(p, 3, 12);
	vat_w_u64(s, 1, 77, 0); /* the third word stays zero */
	vat_set_text(vat_ptr_at_b(s, 0), vat_str("text"));
	for (unsigned e = VAT_ELEM_VOID; e <= VAT_ELEM_EIGHT; e++) {
		struct vat_list_b l =
			vat_init_list(vat_ptr_at_b(s, (uint16_t)(1 + e)), (enum vat_elem)e, 11);
		for (uint32_t i = 0; i < 11; i++) {
			vat_list_set_bool(l, i, i % 3 == 0);
			vat_list_set_u8(l, i, (uint8_t)(i * 7));
		}
	}
	struct vat_list_b ptrs = vat_init_list(vat_ptr_at_b(s, 8), VAT_ELEM_POINTER, 3);
	vat_set_data(vat_list_ptr_b(ptrs, 1), (struct vat_data){"\1\2\3", 3});
	struct vat_list_b l = vat_init_struct_list(vat_ptr_at_b(s, 9), 2, 3, 3);
	vat_w_u64(vat_list_struct_b(l, 1), 0, 5, 0);
	vat_set_text(vat_ptr_at_b(vat_list_struct_b(l, 2), 1), vat_str("below"));
	vat_init_struct(vat_ptr_at_b(s, 10), 0, 0);
}

/* Upstream: "canonicalize yields canonical message". */
TEST(canonicalize_yields_canonical_message)
{
	static const size_t firsts[] = {1, 3, 0};
	struct vat_message *first = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
		struct vat_message *m = vat_message_new(firsts[i], 0), *c = NULL;
		build_all(vat_root_b(m));
		CHECK(!vat_message_is_canonical(m));
		CHECK_INT(vat_canonical(vat_root(m), &c), 0);
		CHECK(vat_message_is_canonical(c));
		CHECK_INT(vat_ptr_equal(vat_root(m), vat_root(c)), VAT_EQUAL);
		CHECK_INT(vat_message_error(m), 0);
		if (!first) {
			first = c;
		} else {
			/* However it was scattered, it is the same. */
			CHECK_INT(vat_message_words(c), vat_message_words(first));
			CHECK(!memcmp(
				c->segs[0].base, first->segs[0].base, vat_message_words(c) * 8));
			vat_message_free(c);
		}
		vat_message_free(m);
	}
	vat_message_free(first);
}

/* Upstream: "canonicalize succeeds on empty struct". */
TEST(canonicalize_succeeds_on_empty_struct)
{
	struct vat_message *m = vat_message_new(0, 0), *c = NULL;
	vat_init_struct(vat_root_b(m), 6, 20);
	CHECK_INT(vat_canonical(vat_root(m), &c), 0);
	CHECK_INT(vat_message_words(c), 1);
	CHECK(vat_load(c->segs[0].base) == w_struct(-1, 0, 0));
	vat_message_free(c);
	vat_message_free(m);
}

/* Rust: canonicalize_succeeds_on_null_message. */
TEST(canonicalize_succeeds_on_null_message)
{
	expect_form(WORDS(0), WORDS(0));
}

/* Upstream: "data word with only its most significant bit set does not get truncated"; Rust:
 * dont_truncate_struct_too_far. */
TEST(data_word_with_only_its_most_significant_bit_set_does_not_get_truncated)
{
	struct words w = WORDS(w_struct(0, 2, 0), 0x1111111111111111, UINT64_C(1) << 63);
	expect_form(w, w);
}

/* Upstream: "INLINE_COMPOSITE data word with only its most significant bit set does not get
 * truncated"; Rust: dont_truncate_struct_list_too_far. */
TEST(inline_composite_data_word_with_only_its_most_significant_bit_set_does_not_get_truncated)
{
	struct words w = WORDS(w_struct(0, 0, 1), w_list(0, VAT_ELEM_STRUCT, 2), w_struct(1, 2, 0),
		0x2222222222222222, UINT64_C(1) << 63);
	expect_form(w, w);
}

/* Upstream: "upgraded lists can be canonicalized". */
TEST(upgraded_lists_can_be_canonicalized)
{
	struct words w = WORDS(w_struct(0, 0, 4), 0, 0, 0, w_list(0, VAT_ELEM_TWO, 6),
		0x0605040403020100, 0x0000000010090807);
	expect_form(w, w);
}

/* Rust: truncate_data_section_inline_composite. */
TEST(truncate_data_section_inline_composite)
{
	uint64_t text = 0x3231322d00353535;
	struct words w = WORDS(w_list(0, VAT_ELEM_STRUCT, 2), w_struct(1, 1, 1), 0,
		w_list(0, VAT_ELEM_BYTE, 9), text, 1);
	expect_form(w, WORDS(w_list(0, VAT_ELEM_STRUCT, 1), w_struct(1, 0, 1),
			       w_list(0, VAT_ELEM_BYTE, 9), text, 1));
}

/* Rust: truncate_pointer_section_inline_composite. */
TEST(truncate_pointer_section_inline_composite)
{
	uint64_t some = 0xaaaaaaaaaaaaaaaa;
	struct words w = WORDS(w_list(0, VAT_ELEM_STRUCT, 4), w_struct(2, 1, 1), 0, 0, some, 0);
	expect_form(w, WORDS(w_list(0, VAT_ELEM_STRUCT, 2), w_struct(2, 1, 0), 0, some));
}

TEST(elements_of_a_struct_list_keep_the_size_of_the_largest)
{
	struct words w =
		WORDS(w_list(0, VAT_ELEM_STRUCT, 8), w_struct(2, 3, 1), 1, 0, 0, 0, 0, 2, 0, 0);
	expect_form(w, WORDS(w_list(0, VAT_ELEM_STRUCT, 4), w_struct(2, 2, 0), 1, 0, 0, 2));
}

/* Upstream: "primitive list with nonzero padding"; Rust: list_padding_must_be_zero. */
TEST(primitive_list_with_nonzero_padding)
{
	expect_form(WORDS(w_struct(0, 0, 1), w_list(0, VAT_ELEM_BYTE, 3), 0x01030201),
		WORDS(w_struct(0, 0, 1), w_list(0, VAT_ELEM_BYTE, 3), 0x00030201));
	expect_form(WORDS(w_list(0, VAT_ELEM_BYTE, 3), 0x01030201),
		WORDS(w_list(0, VAT_ELEM_BYTE, 3), 0x00030201));
}

/* Upstream: "bit list with nonzero padding"; Rust: bit_list_padding_must_be_zero. */
TEST(bit_list_with_nonzero_padding)
{
	expect_form(WORDS(w_struct(0, 0, 1), w_list(0, VAT_ELEM_BIT, 11), 0x0fee),
		WORDS(w_struct(0, 0, 1), w_list(0, VAT_ELEM_BIT, 11), 0x07ee));
	expect_form(WORDS(w_list(0, VAT_ELEM_BIT, 11), 0x0fee),
		WORDS(w_list(0, VAT_ELEM_BIT, 11), 0x07ee));
}

/* Rust: simple_multisegment_message. */
TEST(simple_multisegment_message)
{
	struct words segs[] = {WORDS(w_far(1, 0)), WORDS(w_struct(0, 1, 0), 0x0706050403020100)};
	struct vat_message *m = view_segments(segs, 2, NULL);
	CHECK(!vat_message_is_canonical(m));
	expect_form_of(m, WORDS(w_struct(0, 1, 0), 0x0706050403020100));
}

/* Rust: multisegment_only_first_segment_used. */
TEST(multisegment_only_first_segment_used)
{
	struct words segs[] = {
		WORDS(w_struct(0, 1, 0), 0x0706050403020100), WORDS(w_struct(0, 1, 0))};
	struct vat_message *m = view_segments(segs, 2, NULL);
	CHECK(!vat_message_is_canonical(m));
	expect_form_of(m, WORDS(w_struct(0, 1, 0), 0x0706050403020100));
}

TEST(capabilities_have_no_canonical_form)
{
	struct test_cap cap = {0};
	struct vat_message *m = vat_message_new(0, 0), *c = NULL;
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 0, 1);
	vat_set_cap(vat_ptr_at_b(s, 0), test_cap(&cap));
	CHECK_INT(vat_canonical(vat_root(m), &c), -EINVAL);
	CHECK(!c);
	CHECK(!vat_message_is_canonical(m));
	vat_message_free(m);
	CHECK_INT(cap.refs, 0);
}

TEST(faulty_messages_have_no_canonical_form)
{
	struct vat_message *c = NULL;
	struct words w = WORDS(w_struct(0, 0, 2), 0, w_struct(5, 1, 0));
	struct vat_message *m = VIEW(w);
	CHECK_INT(vat_canonical(vat_root(m), &c), -EBADMSG);
	CHECK_INT(vat_message_error(m), VAT_FAULT_BOUNDS);
	/* The other part has one all the same, and the fault stays remembered. */
	CHECK_INT(vat_canonical(vat_ptr_at(vat_ptr_struct(vat_root(m), NULL), 0), &c), 0);
	CHECK_INT(vat_message_error(m), VAT_FAULT_BOUNDS);
	vat_message_free(c);
	view_free(m);
}

TEST(canonical_form_costs_the_budget_once)
{
	struct words w = WORDS(w_struct(0, 2, 0), 1, 2);
	struct vat_read_limits limits = {.traversal_words = 3};
	struct vat_message *m = view_segments(&w, 1, &limits), *c = NULL;
	CHECK_INT(vat_canonical(vat_root(m), &c), 0);
	vat_message_free(c);
	view_free(m);
}

TEST(memory_may_run_out_at_any_allocation)
{
	struct vat_message *m = vat_message_new(3, 0);
	build_all(vat_root_b(m));
	int r = -ENOMEM;
	for (long at = 1; r; at++) {
		struct vat_message *c = NULL;
		alloc_fail_from(at);
		r = vat_canonical(vat_root(m), &c);
		alloc_fail_from(0);
		CHECK(r == -ENOMEM || (!r && vat_message_is_canonical(c)));
		vat_message_free(c);
	}
	vat_message_free(m);
}

/* ---- recognising it ------------------------------------------------------------------------- */

/* Upstream: "canonical non-null empty struct field". */
TEST(canonical_non_null_empty_struct_field)
{
	struct words w =
		WORDS(w_struct(0, 0, 2), w_struct(1, 1, 0), w_struct(-1, 0, 0), 0xeeeeeeeeeeeeeeee);
	expect_form(w, w);
}

/* Upstream: "for pointers to empty structs, preorder is not canonical"; Rust:
 * pointer_to_empty_struct_preorder_not_canonical. */
TEST(for_pointers_to_empty_structs_preorder_is_not_canonical)
{
	expect_canonical(
		WORDS(w_struct(0, 0, 2), w_struct(1, 1, 0), w_struct(1, 0, 0), 0xeeeeeeeeeeeeeeee),
		false);
}

/* Upstream: "isCanonical requires pointer preorder". */
TEST(is_canonical_requires_pointer_preorder)
{
	expect_canonical(WORDS(w_struct(0, 0, 2), w_struct(2, 1, 0), w_struct(0, 1, 0),
				 0x0706050403020100, 0x0001020304050607),
		false);
}

/* Upstream: "isCanonical requires dense packing". */
TEST(is_canonical_requires_dense_packing)
{
	expect_canonical(WORDS(w_struct(1, 1, 0), 0, 0x0706050403020100), false);
}

/* Upstream: "isCanonical rejects multi-segment messages". */
TEST(is_canonical_rejects_multi_segment_messages)
{
	struct words segs[] = {WORDS(w_far(1, 0)), WORDS(w_struct(0, 1, 0), 7)};
	struct vat_message *m = view_segments(segs, 2, NULL);
	CHECK(!vat_message_is_canonical(m));
	view_free(m);
}

/* Upstream: "isCanonical rejects zero segment messages"; there are none here, but one may have an
 * empty segment. */
TEST(is_canonical_rejects_zero_segment_messages)
{
	struct words none = {(const uint64_t[]){0}, 0};
	expect_canonical(none, false);
}

/* Upstream: "isCanonical requires truncation of 0-valued struct fields". */
TEST(is_canonical_requires_truncation_of_0_valued_struct_fields)
{
	expect_form(WORDS(w_struct(0, 1, 0), 0), WORDS(w_struct(-1, 0, 0)));
	expect_form(WORDS(w_struct(0, 0, 1), 0), WORDS(w_struct(-1, 0, 0)));
}

/* Upstream: "isCanonical rejects unused trailing words". */
TEST(is_canonical_rejects_unused_trailing_words)
{
	expect_form(WORDS(w_struct(0, 1, 0), 0x0706050403020100, 0),
		WORDS(w_struct(0, 1, 0), 0x0706050403020100));
}

/* Upstream: "isCanonical accepts empty inline composite list of zero-sized structs"; Rust:
 * empty_inline_composite_list_of_0_sized_structs. */
TEST(is_canonical_accepts_empty_inline_composite_list_of_zero_sized_structs)
{
	struct words w = WORDS(w_struct(0, 0, 1), w_list(0, VAT_ELEM_STRUCT, 0), 0);
	expect_form(w, w);
}

/* Rust: inline_composite_list_with_void_list. */
TEST(inline_composite_list_with_void_list)
{
	struct words w = WORDS(
		w_list(0, VAT_ELEM_STRUCT, 1), w_struct(1, 0, 1), w_list(0, VAT_ELEM_VOID, 1));
	expect_form(w, w);
}

/* Upstream: "isCanonical rejects inline composite list with inaccurate word-length". */
TEST(is_canonical_rejects_inline_composite_list_with_inaccurate_word_length)
{
	expect_canonical(WORDS(w_struct(0, 0, 2), w_list(1, VAT_ELEM_STRUCT, 2), w_struct(2, 1, 0),
				 w_struct(1, 1, 0), 0x0706050403020100, 0x0001020304050607),
		false);
}

/* Upstream: "isCanonical requires truncation of 0-valued struct fields in all list members". */
TEST(is_canonical_requires_truncation_of_0_valued_struct_fields_in_all_list_members)
{
	expect_form(WORDS(w_list(0, VAT_ELEM_STRUCT, 4), w_struct(2, 2, 0), 1, 0, 2, 0),
		WORDS(w_list(0, VAT_ELEM_STRUCT, 2), w_struct(2, 1, 0), 1, 2));
}

/* Rust: out_of_bounds_zero_sized_list_returns_error. */
TEST(out_of_bounds_zero_sized_list_is_not_canonical)
{
	expect_canonical(WORDS(w_list(0x400000, VAT_ELEM_BYTE, 0)), false);
}

/* Rust: out_of_bounds_zero_sized_void_list_returns_error. */
TEST(out_of_bounds_zero_sized_void_list_is_not_canonical)
{
	expect_canonical(WORDS(w_list(0x400000, VAT_ELEM_VOID, 2)), false);
}

/* Rust: far_pointer_to_same_segment. */
TEST(far_pointer_to_same_segment)
{
	expect_canonical(WORDS(w_double_far(0, 1), 8, w_struct(0, 2, 0)), false);
	expect_canonical(WORDS(w_far(0, 1), w_struct(0, 1, 0), 5), false);
}

TEST(object_of_another_kind_than_its_place_is_not_canonical)
{
	/* Overlapping objects, and one that ends outside. */
	expect_canonical(WORDS(w_struct(0, 0, 2), w_list(1, VAT_ELEM_BYTE, 8),
				 w_list(0, VAT_ELEM_BYTE, 8), 5),
		false);
	expect_canonical(WORDS(w_struct(0, 1, 0)), false);
	expect_canonical(WORDS(w_list(0, VAT_ELEM_POINTER, 1), w_list(0, 5, 1)), false);
}
