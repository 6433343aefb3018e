/* SPDX-License-Identifier: MIT */
/*
 * Lists, and data of older and newer versions of a schema: the second half of the reference
 * implementation's encoding-test, under its names.  See test-encoding.c.
 */
#include "encoding/all.h"
#include "vat/message/message-internal.h"

DEFINE_AUTO(struct vat_message *, vat_message_free);
#define MESSAGE(name, words) \
	AUTO(vat_message_free) struct vat_message *name = vat_message_new(words, 0)

/* A place for anything, and what is there. */
static struct vat_ptr_b place(struct vat_message *m)
{
	return enc_any_get_any_b(enc_any_init_root(m));
}

static struct vat_ptr_r there(struct vat_message *m)
{
	return enc_any_get_any(enc_any_root(m));
}

/* Reads fault; takes it back so that the next reading can be checked. */
static void check_fault(struct vat_message *m, int fault)
{
	CHECK_INT(vat_message_error(m), fault);
	m->error = 0;
}

/* ---- defaults, sizes ------------------------------------------------------------------------ */

static void check_list_defaults(struct enc_lists_r r)
{
	struct enc_struct1_list_r l1 = enc_lists_get_list1(r);
	CHECK_INT(l1.l.count, 4);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_INT(enc_struct1_get_f(enc_struct1_at(l1, i)), i != 1);
	CHECK_INT(enc_struct8_get_f(enc_struct8_at(enc_lists_get_list8(r), 0)), 123);
	CHECK_INT(enc_struct16_get_f(enc_struct16_at(enc_lists_get_list16(r), 1)), 6789);
	CHECK_INT(enc_struct32_get_f(enc_struct32_at(enc_lists_get_list32(r), 1)), 234567890);
	CHECK_INT(
		enc_struct64_get_f(enc_struct64_at(enc_lists_get_list64(r), 1)), 2345678901234567);
	CHECK_TEXT(enc_struct_p_get_f(enc_struct_p_at(enc_lists_get_list_p(r), 1)), "bar");
	struct vat_list_r ints = enc_lists_get_int32_list_list(r);
	CHECK_INT(ints.count, 3);
	CHECK_INT(enc_lists_get_int32_list_list_at(ints, 1).count, 2);
	CHECK_INT(vat_list_i32(enc_lists_get_int32_list_list_at(ints, 2), 0), 12341234);
	struct vat_list_r texts = enc_lists_get_text_list_list(r);
	CHECK_TEXT(vat_ptr_text(vat_list_ptr(enc_lists_get_text_list_list_at(texts, 2), 1), NULL),
		"corge");
	struct alltypes_all_types_list_r s =
		enc_lists_get_struct_list_list_at(enc_lists_get_struct_list_list(r), 0);
	CHECK_INT(ALL(get, int32)(alltypes_all_types_at(s, 1)), 456);
	CHECK_INT(ALL(get, def_int8)(alltypes_all_types_at(s, 1)), -128);
}

/* Upstream: Encoding.ListDefaults. */
TEST(list_defaults)
{
	MESSAGE(m, 0);
	struct enc_list_defaults_b b = enc_list_defaults_init_root(m);
	check_list_defaults(enc_list_defaults_get_lists(enc_list_defaults_b_r(b)));
	check_list_defaults(enc_lists_b_r(enc_list_defaults_edit_lists(b)));
	check_list_defaults(enc_list_defaults_get_lists(enc_list_defaults_root(m)));
}

/* Upstream: Encoding.BuildListDefaults. */
TEST(build_list_defaults)
{
	MESSAGE(m, 1);
	struct enc_lists_b b = enc_list_defaults_edit_lists(enc_list_defaults_init_root(m));
	check_list_defaults(enc_lists_b_r(b));
	enc_struct8_set_f(enc_struct8_at_b(enc_lists_edit_list8(b), 0), 9);
	CHECK_INT(enc_struct8_get_f(enc_struct8_at(enc_lists_get_list8(enc_lists_b_r(b)), 0)), 9);
}

/* Upstream: Encoding.DefaultListBuilder. */
TEST(default_list_builder)
{
	MESSAGE(m, 0);
	struct enc_list_defaults_b b = enc_list_defaults_init_root(m);
	struct vat_list_b l = enc_list_defaults_edit_numbers(b);
	CHECK_INT(l.count, 3);
	vat_list_set_u16(l, 2, 30);
	struct vat_list_r r = enc_list_defaults_get_numbers(enc_list_defaults_b_r(b));
	CHECK_INT(
		vat_list_u16(r, 0) * 10000 + vat_list_u16(r, 1) * 100 + vat_list_u16(r, 2), 50430);
	/* An absent list that has no default is an empty one. */
	CHECK_INT(enc_lists_edit_int32_list_list(enc_list_defaults_edit_lists(b)).count, 3);
	CHECK_INT(vat_get_list_b(place(m), VAT_ELEM_TWO, NULL).count, 0);
	CHECK_INT(vat_message_error(m), 0);
}

/* Upstream: Encoding.SmallStructLists. */
TEST(small_struct_lists)
{
	MESSAGE(m, 0);
	struct enc_lists_b b = enc_lists_init_root(m);
	struct enc_lists_r r = enc_lists_b_r(b);
	enc_lists_init_list0(b, 2);
	CHECK_INT(enc_lists_get_list0(r).l.count, 2);
	struct enc_struct1_list_b l1 = enc_lists_init_list1(b, 4);
	enc_struct1_set_f(enc_struct1_at_b(l1, 2), true);
	CHECK(!enc_struct1_get_f(enc_struct1_at(enc_lists_get_list1(r), 1)));
	CHECK(enc_struct1_get_f(enc_struct1_at(enc_lists_get_list1(r), 2)));
	enc_struct8_set_f(enc_struct8_at_b(enc_lists_init_list8(b, 2), 1), 45);
	CHECK_INT(enc_struct8_get_f(enc_struct8_at(enc_lists_get_list8(r), 1)), 45);
	enc_struct16_set_f(enc_struct16_at_b(enc_lists_init_list16(b, 2), 0), 12345);
	CHECK_INT(enc_struct16_get_f(enc_struct16_at(enc_lists_get_list16(r), 0)), 12345);
	enc_struct32_set_f(enc_struct32_at_b(enc_lists_init_list32(b, 2), 0), 123456789);
	CHECK_INT(enc_struct32_get_f(enc_struct32_at(enc_lists_get_list32(r), 0)), 123456789);
	enc_struct64_set_f(enc_struct64_at_b(enc_lists_init_list64(b, 2), 1), 5);
	CHECK_INT(enc_struct64_get_f(enc_struct64_at(enc_lists_get_list64(r), 1)), 5);
	enc_struct_p_set_f(enc_struct_p_at_b(enc_lists_init_list_p(b, 2), 0), vat_str("foo"));
	CHECK_TEXT(enc_struct_p_get_f(enc_struct_p_at(enc_lists_get_list_p(r), 0)), "foo");
	/* Structs of one small field have a word each. */
	CHECK_INT(l1.l.step_bits, 64);
}

/* Upstream: Encoding.SetListToEmpty. */
TEST(set_list_to_empty)
{
	MESSAGE(m, 0);
	struct enc_lists_b b = enc_lists_init_root(m);
	struct enc_lists_r r = enc_lists_b_r(b);
	enc_struct32_set_f(enc_struct32_at_b(enc_lists_init_list32(b, 3), 1), 7);
	enc_struct_p_set_f(enc_struct_p_at_b(enc_lists_init_list_p(b, 3), 1), vat_str("seven"));
	MESSAGE(empty, 0);
	struct enc_lists_r none = enc_lists_b_r(enc_lists_init_root(empty));
	enc_lists_set_list32(b, enc_lists_get_list32(none));
	enc_lists_set_list_p(b, enc_lists_get_list_p(none));
	CHECK_INT(enc_lists_get_list32(r).l.count, 0);
	CHECK_INT(enc_lists_get_list_p(r).l.count, 0);
	/* The unset lists were read from nothing; empty ones are set now. */
	CHECK(enc_lists_has_list32(r) && enc_lists_has_list_p(r));
	CHECK_INT(vat_message_error(m), 0);
}

/* Upstream: Encoding.LongList: longer than a segment. */
TEST(long_list)
{
	enum { LENGTH = 1 << 16 };
	MESSAGE(m, 0);
	struct vat_list_b l = vat_init_list(place(m), VAT_ELEM_EIGHT, LENGTH);
	for (uint32_t i = 0; i < LENGTH; i++)
		vat_list_set_u64(l, i, i * UINT64_C(1000));
	struct vat_list_r r = vat_ptr_list(there(m), VAT_ELEM_EIGHT, NULL);
	CHECK_INT(r.count, LENGTH);
	for (uint32_t i = 0; i < LENGTH; i++)
		CHECK(vat_list_u64(r, i) == i * UINT64_C(1000));
	CHECK_INT(vat_message_segments(m), 2);
}

/* Upstream: Encoding.ListSize: what lists of structs count for. */
TEST(list_size)
{
	MESSAGE(m, 0);
	struct enc_lists_b b = enc_lists_init_root(m);
	struct enc_lists_r r = enc_lists_b_r(b);
	uint64_t sum = ENC_LISTS_DATA_WORDS + ENC_LISTS_PTRS;
	enc_lists_init_list0(b, 3);
	enc_lists_init_list1(b, 3);
	enc_lists_init_list_p(b, 3);
	enc_struct_p_set_f(enc_struct_p_at_b(enc_lists_edit_list_p(b), 0), vat_str("12345678"));
	vat_init_list(vat_list_ptr_b(enc_lists_init_int32_list_list(b, 2), 1), VAT_ELEM_FOUR, 3);
	for (uint16_t i = 0; i < ENC_LISTS_PTRS; i++)
		sum += vat_ptr_total_words(vat_ptr_at(r.s, i), NULL);
	CHECK_INT(vat_ptr_total_words(vat_root(m), NULL), sum);
	CHECK_INT(vat_message_words(m), sum + 1);
	CHECK_INT(vat_ptr_total_words(vat_ptr_at(r.s, 6), NULL), 1 + 3 + 2);
}

/* ---- setters -------------------------------------------------------------------------------- */

/* Upstream: Encoding.ListSetters. */
TEST(list_setters)
{
	MESSAGE(from, 0);
	check_list_defaults(enc_list_defaults_get_lists(
		enc_list_defaults_b_r(enc_list_defaults_init_root(from))));
	struct enc_lists_r r = enc_list_defaults_get_lists(enc_list_defaults_root(from));
	for (size_t words = 0; words < 4; words++) {
		MESSAGE(m, words);
		struct enc_lists_b b = enc_lists_init_root(m);
		enc_lists_set_list0(b, enc_lists_get_list0(r));
		enc_lists_set_list1(b, enc_lists_get_list1(r));
		enc_lists_set_list8(b, enc_lists_get_list8(r));
		enc_lists_set_list16(b, enc_lists_get_list16(r));
		enc_lists_set_list32(b, enc_lists_get_list32(r));
		enc_lists_set_list64(b, enc_lists_get_list64(r));
		enc_lists_set_list_p(b, enc_lists_get_list_p(r));
		enc_lists_set_int32_list_list(b, enc_lists_get_int32_list_list(r));
		enc_lists_set_text_list_list(b, enc_lists_get_text_list_list(r));
		enc_lists_set_struct_list_list(b, enc_lists_get_struct_list_list(r));
		check_list_defaults(enc_lists_root(m));
	}
}

/* Upstream: "list.setWithCaveats(i, list[i]) doesn't corrupt contents". An element is set by
 * setting its fields; here the list is replaced by one that is made of its own elements. */
TEST(set_with_caveats_of_its_own_element_does_not_corrupt_contents)
{
	MESSAGE(m, 0);
	struct vat_list_b l = vat_init_struct_list(
		place(m), ALLTYPES_ALL_TYPES_DATA_WORDS, ALLTYPES_ALL_TYPES_PTRS, 2);
	init_all((struct alltypes_all_types_b){vat_list_struct_b(l, 0)});
	vat_set_list(enc_any_get_any_b((struct enc_any_b){vat_get_struct_b(
			     vat_root_b(m), ENC_ANY_DATA_WORDS, ENC_ANY_PTRS, NULL)}),
		vat_list_b_r(l));
	struct alltypes_all_types_list_r r = {vat_ptr_list(there(m), VAT_ELEM_STRUCT, NULL)};
	check_all(alltypes_all_types_at(r, 0));
	check_unset(alltypes_all_types_at(r, 1));
}

/* Upstream: Encoding.VoidListAmplification. */
TEST(void_list_amplification)
{
	MESSAGE(m, 0);
	vat_init_list(place(m), VAT_ELEM_VOID, (1 << 28) - 1);
	size_t size, used;
	AUTO_FREE void *flat = vat_message_flatten(m, &size);
	CHECK(size < 100);
	struct vat_message in;
	CHECK_INT(vat_message_parse_into(&in, flat, size, NULL, &used), 0);
	CHECK_INT(vat_ptr_list(there(&in), VAT_ELEM_VOID, NULL).count, 0);
	check_fault(&in, VAT_FAULT_TRAVERSAL);
	vat_message_done(&in);
}

/* Upstream: Encoding.EmptyStructListAmplification. */
TEST(empty_struct_list_amplification)
{
	MESSAGE(m, 0);
	vat_init_struct_list(place(m), 0, 0, (1 << 29) - 1);
	CHECK_INT(vat_message_words(m), 3);
	size_t size, used;
	AUTO_FREE void *flat = vat_message_flatten(m, &size);
	struct vat_message in;
	CHECK_INT(vat_message_parse_into(&in, flat, size, NULL, &used), 0);
	CHECK_INT(vat_ptr_list(there(&in), VAT_ELEM_STRUCT, NULL).count, 0);
	check_fault(&in, VAT_FAULT_TRAVERSAL);
	vat_message_done(&in);
}

/* ---- lists read as what they were not written as --------------------------------------------- */

static void build_u16s(struct vat_message *m, const uint16_t *v, uint32_t n)
{
	struct vat_list_b l = vat_init_list(place(m), VAT_ELEM_TWO, n);
	for (uint32_t i = 0; i < n; i++)
		vat_list_set_u16(l, i, v[i]);
}

/* Upstream: Encoding.ListUpgrade. */
TEST(list_upgrade)
{
	static const uint16_t v[] = {12, 34, 56};
	MESSAGE(m, 0);
	build_u16s(m, v, 3);
	struct vat_list_r bytes_ = vat_ptr_list(there(m), VAT_ELEM_BYTE, NULL);
	struct enc_struct8_list_r s8 = {vat_ptr_list(there(m), VAT_ELEM_STRUCT, NULL)};
	struct vat_list_r twos = vat_ptr_list(there(m), VAT_ELEM_TWO, NULL);
	struct enc_struct32_list_r s32 = {vat_ptr_list(there(m), VAT_ELEM_STRUCT, NULL)};
	CHECK_INT(bytes_.count + s8.l.count + twos.count + s32.l.count, 12);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_INT(vat_list_u8(bytes_, i), v[i]);
		CHECK_INT(enc_struct8_get_f(enc_struct8_at(s8, i)), v[i]);
		CHECK_INT(vat_list_u16(twos, i), v[i]);
		/* The elements are too small for this field. */
		CHECK_INT(enc_struct32_get_f(enc_struct32_at(s32, i)), 0);
	}
	CHECK_INT(vat_message_error(m), 0);
	CHECK_INT(vat_ptr_list(there(m), VAT_ELEM_FOUR, NULL).count, 0);
	check_fault(m, VAT_FAULT_UPGRADE);
}

static void expect_bits_of_structs(struct vat_message *m)
{
	struct enc_struct1_list_r l = {vat_ptr_list(there(m), VAT_ELEM_STRUCT, NULL)};
	CHECK_INT(l.l.count, 4);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_INT(enc_struct1_get_f(enc_struct1_at(l, i)), i != 1);
}

/* Upstream: Encoding.BitListDowngrade: refused in a builder. */
TEST(bit_list_downgrade)
{
	static const uint16_t v[] = {0x1201, 0x3400, 0x5601, 0x7801};
	MESSAGE(m, 0);
	build_u16s(m, v, 4);
	struct vat_ptr_b p = vat_ptr_at_b(vat_get_struct_b(vat_root_b(m), 0, 1, NULL), 0);
	CHECK(!vat_get_list_b(p, VAT_ELEM_BIT, NULL).msg);
	check_fault(m, VAT_FAULT_UPGRADE);
	expect_bits_of_structs(m);
	struct vat_list_r twos = vat_ptr_list(there(m), VAT_ELEM_TWO, NULL);
	CHECK_INT(vat_list_u16(twos, 3), 0x7801);
	CHECK_INT(vat_message_error(m), 0);
}

/* Upstream: Encoding.BitListDowngradeFromStruct. */
TEST(bit_list_downgrade_from_struct)
{
	MESSAGE(m, 0);
	struct enc_struct1c_list_b l = {
		vat_init_struct_list(place(m), ENC_STRUCT1C_DATA_WORDS, ENC_STRUCT1C_PTRS, 4)};
	for (uint32_t i = 0; i < 4; i++)
		enc_struct1c_set_f(enc_struct1c_at_b(l, i), i != 1);
	CHECK_INT(vat_ptr_list(there(m), VAT_ELEM_BIT, NULL).count, 0);
	check_fault(m, VAT_FAULT_UPGRADE);
	expect_bits_of_structs(m);
	CHECK_INT(vat_message_error(m), 0);
}

/* Upstream: Encoding.BitListUpgrade. */
TEST(bit_list_upgrade)
{
	MESSAGE(m, 0);
	struct vat_ptr_b p = place(m);
	vat_list_set_bool(vat_init_list(p, VAT_ELEM_BIT, 4), 0, true);
	CHECK_INT(vat_ptr_list(there(m), VAT_ELEM_STRUCT, NULL).count, 0);
	check_fault(m, VAT_FAULT_UPGRADE);
	CHECK(!vat_get_struct_list_b(p, 1, 0, NULL).msg);
	check_fault(m, VAT_FAULT_UPGRADE);
	CHECK(vat_list_bool(vat_ptr_list(there(m), VAT_ELEM_BIT, NULL), 0));
}

/* Upstream: "Downgrade pointer-list from struct-list". */
TEST(downgrade_pointer_list_from_struct_list)
{
	MESSAGE(m, 0);
	struct alltypes_all_types_list_b l = {vat_init_struct_list(
		place(m), ALLTYPES_ALL_TYPES_DATA_WORDS, ALLTYPES_ALL_TYPES_PTRS, 2)};
	init_all(alltypes_all_types_at_b(l, 0));
	ALL(set, text)(alltypes_all_types_at_b(l, 1), vat_str("hello"));
	struct vat_list_r texts = vat_ptr_list(there(m), VAT_ELEM_POINTER, NULL);
	CHECK_INT(texts.count, 2);
	CHECK_TEXT(vat_ptr_text(vat_list_ptr(texts, 0), NULL), "foo");
	CHECK_TEXT(vat_ptr_text(vat_list_ptr(texts, 1), NULL), "hello");
}

/* Upstream: "Copying ListList downgraded from ListStruct does not get corrupted". The three words
 * behind the message are not part of it. */
TEST(copying_list_list_downgraded_from_list_struct)
{
	uint64_t d = 0xdddddddddddddddd, bad = 0xbbbbbbbbbbbbbbbb;
	const uint64_t words[] = {
		UINT64_C(1) << 48, 0x0000002700000001, 0x0001000300000004, d, d, d, 0, bad, bad, 0};
	const void *base = words;
	uint32_t size = 7;
	struct vat_message in;
	CHECK_INT(vat_message_view_into(&in, &base, &size, 1, NULL), 0);
	struct vat_list_r l = vat_ptr_list(there(&in), VAT_ELEM_POINTER, NULL);
	CHECK_INT(l.count, 1);
	MESSAGE(m, 0);
	vat_set_list(place(m), l);
	CHECK_INT(vat_message_segments(m), 1);
	CHECK_INT(vat_message_words(m), 7);
	CHECK(!memcmp(m->segs[0].base, words, sizeof(uint64_t) * 7));
	CHECK_INT(vat_message_error(&in) + vat_message_error(m), 0);
	vat_message_done(&in);
}

/* ---- older and newer versions ---------------------------------------------------------------- */

static struct enc_old_b build_old(struct vat_ptr_b p)
{
	struct enc_old_b b = enc_old_init(p);
	enc_old_set_number(b, 123);
	enc_old_set_text(b, vat_str("foo"));
	struct enc_old_b below = enc_old_init_old(b);
	enc_old_set_number(below, 456);
	enc_old_set_text(below, vat_str("bar"));
	return b;
}

/* What is old reads as new, with the defaults of what was added. */
static void check_as_new(struct enc_new_r r, int64_t added)
{
	CHECK_INT(enc_new_get_number(r), 123);
	CHECK_TEXT(enc_new_get_text(r), "foo");
	CHECK_INT(enc_new_get_added(r), added);
	CHECK_TEXT(enc_new_get_added_text(r), "baz");
	CHECK_INT(enc_new_get_number(enc_new_get_new(r)), 456);
	CHECK_TEXT(enc_new_get_text(enc_new_get_new(r)), "bar");
	CHECK_INT(enc_new_get_added(enc_new_get_new(r)), 987);
}

static void upgrade_struct(size_t first_words)
{
	MESSAGE(m, first_words);
	struct vat_ptr_b p = place(m);
	build_old(p);
	check_as_new(enc_new_from(there(m)), 987);
	size_t words = vat_message_words(m);
	struct enc_new_b b = {vat_get_struct_b(p, ENC_NEW_DATA_WORDS, ENC_NEW_PTRS, NULL)};
	CHECK(vat_message_words(m) > words);
	check_as_new(enc_new_b_r(b), 987);
	enc_new_set_added(b, 654);
	check_as_new(enc_new_from(there(m)), 654);
	/* It stays as large when it is edited as old, and what is new is kept. */
	struct enc_old_b old = {vat_get_struct_b(p, ENC_OLD_DATA_WORDS, ENC_OLD_PTRS, NULL)};
	CHECK_INT(enc_old_get_number(enc_old_b_r(old)), 123);
	enc_new_set_added(b, 321);
	check_as_new(enc_new_from(there(m)), 321);
	CHECK_INT(vat_message_error(m), 0);
}

/* Upstream: Encoding.UpgradeStructInBuilder. */
TEST(upgrade_struct_in_builder)
{
	upgrade_struct(0);
}

/* Upstream: Encoding.UpgradeStructInBuilderMultiSegment and UpgradeStructInBuilderFarPointers;
 * first segments of 2 to 30 words make near, far and double-far pointers of it. */
TEST(upgrade_struct_in_builder_multi_segment)
{
	for (size_t words = 1; words < 30; words++)
		upgrade_struct(words);
}

/* Upstream: Encoding.UpgradeStructInBuilderDoubleFarPointers: the segments of the old object and of
 * its pointer are full, so the pointers that move need landing pads elsewhere. */
TEST(upgrade_struct_in_builder_double_far_pointers)
{
	/* Root, Any, Old (3 words), "foo", Old, "bar": the first segment is full with these. */
	MESSAGE(m, 10);
	struct vat_ptr_b p = place(m);
	build_old(p);
	CHECK_INT(vat_message_segments(m), 1);
	CHECK_INT(m->segs[0].used, 10);
	struct enc_new_b b = {vat_get_struct_b(p, ENC_NEW_DATA_WORDS, ENC_NEW_PTRS, NULL)};
	CHECK(vat_message_segments(m) > 1);
	/* The text stayed where it was, and is told about in a landing pad of two words. */
	uint64_t w = vat_load(vat_ptr_at_b(b.s, 0).at);
	CHECK_INT(w & 7, 6);
	check_as_new(enc_new_b_r(b), 987);
	CHECK_INT(vat_message_error(m), 0);
}

/* Upstream: Encoding.UpgradeListInBuilder, step by step: from nothing to the largest struct. */
static void upgrade_list(size_t words)
{
	MESSAGE(m, words);
	struct vat_ptr_b p = place(m);
	struct vat_list_b l = vat_init_list(p, VAT_ELEM_BYTE, 4);
	for (uint32_t i = 0; i < 4; i++)
		vat_list_set_u8(l, i, (uint8_t)(12 + i));
	CHECK(!vat_get_list_b(p, VAT_ELEM_EIGHT, NULL).msg);
	check_fault(m, VAT_FAULT_UPGRADE);
	struct enc_struct8_list_b s8 = {vat_get_struct_list_b(p, ENC_STRUCT8_DATA_WORDS, 0, NULL)};
	CHECK_INT(s8.l.count, 4);
	CHECK_INT(enc_struct8_get_f(enc_struct8_at(enc_struct8_list_b_r(s8), 3)), 15);
	struct enc_struct32c_list_b c = {
		vat_get_struct_list_b(p, ENC_STRUCT32C_DATA_WORDS, ENC_STRUCT32C_PTRS, NULL)};
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_INT(enc_struct32c_get_f(enc_struct32c_at(enc_struct32c_list_b_r(c), i)),
			12 + i);
		enc_struct32c_set_pad(enc_struct32c_at_b(c, i), vat_str("pad"));
	}
	/* Looked at as small ones again it stays what it is. */
	struct enc_struct32_list_r r = {vat_ptr_list(there(m), VAT_ELEM_STRUCT, NULL)};
	CHECK_INT(enc_struct32_get_f(enc_struct32_at(r, 2)), 14);
	CHECK_INT(vat_list_u8(vat_ptr_list(there(m), VAT_ELEM_BYTE, NULL), 1), 13);
	CHECK_TEXT(
		vat_ptr_text(vat_list_ptr(vat_ptr_list(there(m), VAT_ELEM_POINTER, NULL), 1), NULL),
		"pad");
	CHECK_INT(vat_message_error(m), 0);
}

TEST(upgrade_list_in_builder)
{
	upgrade_list(0);
	for (size_t words = 1; words < 20; words++)
		upgrade_list(words);
}

TEST(upgrade_pointer_list_in_builder)
{
	MESSAGE(m, 1);
	struct vat_ptr_b p = place(m);
	struct vat_list_b l = vat_init_list(p, VAT_ELEM_POINTER, 2);
	vat_set_text(vat_list_ptr_b(l, 1), vat_str("text"));
	struct enc_struct_pc_list_b s = {
		vat_get_struct_list_b(p, ENC_STRUCT_PC_DATA_WORDS, ENC_STRUCT_PC_PTRS, NULL)};
	enc_struct_pc_set_pad(enc_struct_pc_at_b(s, 1), 5);
	CHECK_TEXT(enc_struct_pc_get_f(enc_struct_pc_at(enc_struct_pc_list_b_r(s), 1)), "text");
	CHECK_INT(enc_struct_pc_get_pad(enc_struct_pc_at(enc_struct_pc_list_b_r(s), 1)), 5);
	CHECK_INT(vat_message_error(m), 0);
}

TEST(void_list_becomes_a_struct_list_in_builder)
{
	MESSAGE(m, 0);
	struct vat_ptr_b p = place(m);
	vat_init_list(p, VAT_ELEM_VOID, 4);
	struct enc_struct64_list_b s = {vat_get_struct_list_b(p, 1, 0, NULL)};
	CHECK_INT(s.l.count, 4);
	enc_struct64_set_f(enc_struct64_at_b(s, 3), 9);
	CHECK_INT(vat_list_u64(vat_ptr_list(there(m), VAT_ELEM_EIGHT, NULL), 3), 9);
}

/* Upstream: Encoding.UpgradeUnion: a member that became one of a group keeps its tag. */
TEST(upgrade_union)
{
	MESSAGE(m, 0);
	struct vat_ptr_b p = place(m);
	struct enc_old_union_b old = enc_old_union_init(p);
	enc_old_union_b_set_x(enc_old_union_init_b(old), 123);
	struct enc_new_union_r r = enc_new_union_from(there(m));
	CHECK_INT(enc_new_union_which(r), ENC_NEW_UNION_WHICH_B);
	CHECK_INT(enc_new_union_b_get_x(enc_new_union_get_b(r)), 123);
	CHECK_INT(enc_new_union_b_get_y(enc_new_union_get_b(r)), 0);
	struct enc_new_union_b new = {
		vat_get_struct_b(p, ENC_NEW_UNION_DATA_WORDS, ENC_NEW_UNION_PTRS, NULL)};
	enc_new_union_set_c(new, vat_str("new"));
	/* An old reader sees a tag it does not know. */
	struct enc_old_union_r o = enc_old_union_from(there(m));
	CHECK_INT(enc_old_union_which(o), 2);
	CHECK_INT(enc_old_union_get_a(o), 0);
}
