/* SPDX-License-Identifier: MIT */
/*
 * What the reference implementation's encoding-test is about, under its names, with generated code:
 * all types, defaults, unions, groups.  Lists and versions are in test-lists.c.
 */
#include "encoding/all.h"
#include "vat/message/message-internal.h"

#include <math.h>

DEFINE_AUTO(struct vat_message *, vat_message_free);
#define MESSAGE(name, words) \
	AUTO(vat_message_free) struct vat_message *name = vat_message_new(words, 0)

/* Writes m out and reads it again. */
static void through_the_wire(struct vat_message *m, void (*check)(struct alltypes_all_types_r))
{
	size_t size, used;
	CHECK_INT(vat_message_error(m), 0);
	AUTO_FREE void *flat = vat_message_flatten(m, &size);
	struct vat_message in;
	CHECK_INT(vat_message_parse_into(&in, flat, size, NULL, &used), 0);
	check(alltypes_all_types_root(&in));
	CHECK_INT(vat_message_error(&in), 0);
	vat_message_done(&in);
}

/* ---- all types, defaults -------------------------------------------------------------------- */

/* Upstream: Encoding.AllTypes. */
TEST(all_types)
{
	MESSAGE(m, 0);
	struct alltypes_all_types_b b = alltypes_all_types_init_root(m);
	init_all(b);
	check_all(alltypes_all_types_b_r(b));
	check_all(alltypes_all_types_root(m));
	through_the_wire(m, check_all);
}

/* Upstream: Encoding.AllTypesMultiSegment, where each object has a segment of its own. */
TEST(all_types_multi_segment)
{
	for (size_t words = 1; words < 20; words++) {
		MESSAGE(m, words);
		init_all(alltypes_all_types_init_root(m));
		CHECK(vat_message_segments(m) > 3);
		check_all(alltypes_all_types_root(m));
		through_the_wire(m, check_all);
	}
}

/* Upstream: Encoding.Defaults. */
TEST(defaults)
{
	MESSAGE(m, 0);
	alltypes_all_types_init_root(m);
	check_unset(alltypes_all_types_root(m));
	through_the_wire(m, check_unset);
}

/* Touching every default makes it part of the message; that it is edited shows it is a copy. */
static void materialize(struct vat_message *m)
{
	struct alltypes_all_types_b b = alltypes_all_types_init_root(m);
	INNER(edit, next)(ALL(edit, def_inner)(b));
	ALL(edit, def_inner_list)(b);
	ALL(edit, def_list)(b);
	CHECK(ALL(has, def_inner)(alltypes_all_types_b_r(b)));
	CHECK(ALL(has, def_list)(alltypes_all_types_b_r(b)));
	check_unset(alltypes_all_types_b_r(b));
	through_the_wire(m, check_unset);
	INNER(set, id)(ALL(edit, def_inner)(b), 1000);
	vat_list_set_i32(ALL(edit, def_list)(b), 1, 1000);
	CHECK_INT(INNER(get, id)(ALL(get, def_inner)(alltypes_all_types_b_r(b))), 1000);
	CHECK_INT(vat_message_error(m), 0);
}

/* Upstream: Encoding.DefaultInitialization. */
TEST(default_initialization)
{
	MESSAGE(m, 0);
	materialize(m);
	/* The default itself is as it was. */
	MESSAGE(again, 0);
	alltypes_all_types_init_root(again);
	check_unset(alltypes_all_types_root(again));
}

/* Upstream: Encoding.DefaultInitializationMultiSegment. */
TEST(default_initialization_multi_segment)
{
	MESSAGE(m, 1);
	materialize(m);
	CHECK(vat_message_segments(m) > 5);
}

/* Upstream: Encoding.DefaultsFromEmptyMessage. */
TEST(defaults_from_empty_message)
{
	uint64_t null = 0;
	const void *base = &null;
	uint32_t size = 1;
	struct vat_message m;
	CHECK_INT(vat_message_view_into(&m, &base, &size, 1, NULL), 0);
	check_unset(alltypes_all_types_root(&m));
	CHECK_INT(vat_message_error(&m), 0);
	vat_message_done(&m);
}

/* Upstream: Encoding.DefaultFloatPlusNan. */
TEST(default_float_plus_nan)
{
	MESSAGE(m, 0);
	struct enc_floats_b b = enc_floats_init_root(m);
	struct enc_floats_r r = enc_floats_b_r(b);
	CHECK(isnan(enc_floats_get_nan_f(r)) && isnan(enc_floats_get_nan_d(r)));
	CHECK(isinf(enc_floats_get_infinite(r)) && enc_floats_get_infinite(r) < 0);
	enc_floats_set_nan_f(b, (float)NAN);
	enc_floats_set_nan_d(b, (double)NAN);
	enc_floats_set_infinite(b, (double)-INFINITY);
	CHECK(isnan(enc_floats_get_nan_f(r)) && isnan(enc_floats_get_nan_d(r)));
	CHECK(isinf(enc_floats_get_infinite(r)));
	enc_floats_set_nan_d(b, 0);
	CHECK(enc_floats_get_nan_d(r) == 0);
}

/* Upstream: Encoding.WholeFloatDefault. */
TEST(whole_float_default)
{
	MESSAGE(m, 0);
	struct enc_floats_r r = enc_floats_b_r(enc_floats_init_root(m));
	CHECK(enc_floats_get_whole(r) == 123.0f && enc_floats_get_large(r) == 2e30);
	CHECK(ENC_WHOLE_FLOAT == 456.0f && ENC_LARGE_FLOAT == 4e30);
}

/* ---- unions --------------------------------------------------------------------------------- */

/* Upstream: Encoding.Unions. */
TEST(unions)
{
	MESSAGE(m, 0);
	struct enc_unions_b b = enc_unions_init_root(m);
	struct enc_unions_first_b u = enc_unions_edit_first(b);
	struct enc_unions_first_r r = enc_unions_first_b_r(u);
	CHECK_INT(enc_unions_first_which(r), ENC_UNIONS_FIRST_WHICH_VOID);
	CHECK(!enc_unions_first_get_bit(r));
	enc_unions_first_set_bit(u, true);
	CHECK_INT(enc_unions_first_which(r), ENC_UNIONS_FIRST_WHICH_BIT);
	CHECK(enc_unions_first_get_bit(r));
	enc_unions_first_set_byte(u, 123);
	CHECK_INT(enc_unions_first_which(r), ENC_UNIONS_FIRST_WHICH_BYTE);
	CHECK_INT(enc_unions_first_get_byte(r), 123);
	/* What is not there any more reads as its default, though the bits are. */
	CHECK(!enc_unions_first_get_bit(r));
	enc_unions_first_set_text(u, vat_str("text"));
	CHECK_TEXT(enc_unions_first_get_text(r), "text");
	CHECK_INT(enc_unions_first_get_byte(r), 0);
	enc_unions_first_set_other_text(u, vat_str("other"));
	CHECK_TEXT(enc_unions_first_get_text(r), "");
	CHECK_TEXT(enc_unions_first_get_other_text(r), "other");
}

/* The two discriminants, and the first set bit of the struct that is none of theirs (-1: none). */
static void expect_layout(struct vat_message *m, unsigned first, unsigned second, int bit)
{
	uint8_t s[6 * 8];
	uint16_t tags[2], none = 0;
	int at = 0;
	memcpy(s, m->segs[0].base + 8, sizeof(s));
	memcpy(&tags[0], s, 2);
	memcpy(&tags[1], s + 18, 2);
	memcpy(s, &none, 2);
	memcpy(s + 18, &none, 2);
	while (at < (int)sizeof(s) * 8 && !(s[at / 8] >> (at % 8) & 1))
		at++;
	CHECK_INT(tags[0], first);
	CHECK_INT(tags[1], second);
	CHECK_INT(at == (int)sizeof(s) * 8 ? -1 : at, bit);
}

#define LAYOUT(union_, member, value, first, second, bit)                                \
	do {                                                                             \
		MESSAGE(m_, 0);                                                          \
		struct enc_unions_b b_ = enc_unions_init_root(m_);                       \
		enc_unions_##union_##_set_##member(enc_unions_edit_##union_(b_), value); \
		expect_layout(m_, first, second, bit);                                   \
	} while (0)

/* Upstream: Encoding.UnionLayout: members of one union share their place, whatever their size. */
TEST(union_layout)
{
	struct vat_text one = vat_str("1");
	LAYOUT(first, bit, true, 1, 0, 16);
	LAYOUT(first, byte, 1, 2, 0, 16);
	LAYOUT(first, two, 1, 3, 0, 16);
	LAYOUT(first, four, 1, 4, 0, 32);
	LAYOUT(first, eight, 1, 5, 0, 64);
	LAYOUT(first, other_four, 1, 8, 0, 32);
	/* Bit 0 of a pointer says that it leads to a list. */
	LAYOUT(first, text, one, 6, 0, 256);
	LAYOUT(first, other_text, one, 9, 0, 256);
	/* The second union fills what the first and the bit between left. */
	LAYOUT(second, bit, true, 0, 0, 129);
	LAYOUT(second, byte, 1, 0, 1, 136);
	LAYOUT(second, two, 1, 0, 2, 160);
	LAYOUT(second, four, 1, 0, 3, 160);
	LAYOUT(second, eight, 1, 0, 4, 192);
	LAYOUT(second, text, one, 0, 5, 320);
}

/* Upstream: Encoding.UnnamedUnion. */
TEST(unnamed_union)
{
	MESSAGE(m, 0);
	struct enc_unnamed_b b = enc_unnamed_init_root(m);
	struct enc_unnamed_r r = enc_unnamed_b_r(b);
	CHECK_INT(enc_unnamed_which(r), ENC_UNNAMED_WHICH_FOO);
	enc_unnamed_set_bar(b, 321);
	CHECK_INT(enc_unnamed_which(r), ENC_UNNAMED_WHICH_BAR);
	CHECK_INT(enc_unnamed_get_bar(r), 321);
	CHECK_INT(enc_unnamed_get_foo(r), 0);
	enc_unnamed_set_foo(b, 123);
	CHECK_INT(enc_unnamed_which(enc_unnamed_root(m)), ENC_UNNAMED_WHICH_FOO);
	CHECK_INT(enc_unnamed_get_foo(enc_unnamed_root(m)), 123);
	CHECK_INT(enc_unnamed_get_bar(r), 0);
	/* The discriminant lies just before bar, as bar made it a union: word 0 holds foo, middle.
	 */
	CHECK_INT(vat_r_u16(r.s, 0, 0), 123);
	enc_unnamed_set_middle(b, 7);
	CHECK_INT(vat_r_u16(r.s, 1, 0), 7);
	enc_unnamed_set_bar(b, 5);
	CHECK_INT(vat_r_u16(r.s, 2, 0), 1);
	CHECK_INT(enc_unnamed_get_middle(r), 7);
}

/* Upstream: Encoding.Groups. */
TEST(groups)
{
	MESSAGE(m, 0);
	struct enc_groups_b b = enc_groups_init_root(m);
	struct enc_groups_r r = enc_groups_b_r(b);
	struct enc_groups_red_b red = enc_groups_init_red(b);
	enc_groups_red_set_number(red, 12345678);
	enc_groups_red_set_large(red, 123456789012345);
	enc_groups_red_set_name(red, vat_str("foobar"));
	CHECK_INT(enc_groups_red_get_number(enc_groups_get_red(r)), 12345678);
	CHECK_INT(enc_groups_red_get_large(enc_groups_get_red(r)), 123456789012345);
	CHECK_TEXT(enc_groups_red_get_name(enc_groups_get_red(r)), "foobar");
	struct enc_groups_green_b green = enc_groups_init_green(b);
	CHECK_INT(enc_groups_green_get_number(enc_groups_get_green(r)), 0);
	CHECK_TEXT(enc_groups_green_get_name(enc_groups_get_green(r)), "");
	enc_groups_green_set_number(green, 23456789);
	enc_groups_green_set_name(green, vat_str("barbaz"));
	enc_groups_green_set_large(green, 234567890123456);
	CHECK_INT(enc_groups_green_get_large(enc_groups_get_green(r)), 234567890123456);
	struct enc_groups_blue_b blue = enc_groups_init_blue(b);
	enc_groups_blue_set_name(blue, vat_str("bazqux"));
	enc_groups_blue_set_other(blue, vat_str("quxquux"));
	CHECK_TEXT(enc_groups_blue_get_name(enc_groups_get_blue(r)), "bazqux");
	CHECK_TEXT(enc_groups_blue_get_other(enc_groups_get_blue(r)), "quxquux");
	CHECK_INT(enc_groups_which(r), ENC_GROUPS_WHICH_BLUE);
	/* Another group than the one in use reads as unset. */
	CHECK_INT(enc_groups_green_get_large(enc_groups_get_green(r)), 0);
}

/* Upstream: Encoding.InterleavedGroups: fields of two groups alternate in the struct. */
TEST(interleaved_groups)
{
	MESSAGE(m, 0);
	struct enc_interleaved_b b = enc_interleaved_init_root(m);
	struct enc_interleaved_r r = enc_interleaved_b_r(b);
	struct enc_interleaved_left_b left = enc_interleaved_init_left(b);
	struct enc_interleaved_right_b right = enc_interleaved_init_right(b);
	enc_interleaved_left_set_number(left, 12345678);
	enc_interleaved_left_set_large(left, 123456789012345);
	struct enc_interleaved_left_inner_b inner = enc_interleaved_left_init_inner(left);
	enc_interleaved_left_inner_set_short(inner, 12345);
	enc_interleaved_left_inner_set_text(inner, vat_str("left"));
	enc_interleaved_right_set_number(right, 23456789);
	enc_interleaved_right_set_large(right, 234567890123456);
	enc_interleaved_right_set_text(right, vat_str("right"));
	struct enc_interleaved_left_r l = enc_interleaved_get_left(r);
	struct enc_interleaved_right_r t = enc_interleaved_get_right(r);
	CHECK_INT(enc_interleaved_left_get_number(l), 12345678);
	CHECK_INT(enc_interleaved_left_get_large(l), 123456789012345);
	CHECK_INT(enc_interleaved_left_which(l), ENC_INTERLEAVED_LEFT_WHICH_INNER);
	struct enc_interleaved_left_inner_r li = enc_interleaved_left_get_inner(l);
	CHECK_INT(enc_interleaved_left_inner_get_short(li), 12345);
	CHECK_TEXT(enc_interleaved_left_inner_get_text(li), "left");
	CHECK_INT(enc_interleaved_right_get_number(t), 23456789);
	CHECK_TEXT(enc_interleaved_right_get_text(t), "right");
	/* Clearing one group leaves the other alone. */
	enc_interleaved_init_left(b);
	CHECK_INT(enc_interleaved_left_get_number(l), 0);
	CHECK_INT(enc_interleaved_left_which(l), ENC_INTERLEAVED_LEFT_WHICH_SHORT);
	CHECK_INT(enc_interleaved_right_get_large(t), 234567890123456);
	CHECK_TEXT(enc_interleaved_right_get_text(t), "right");
}

/* Upstream: Encoding.UnionDefault. */
TEST(union_default)
{
	MESSAGE(m, 0);
	struct enc_union_defaults_r r = enc_union_defaults_b_r(enc_union_defaults_init_root(m));
	struct enc_unions_r two = enc_union_defaults_get_two(r);
	CHECK_INT(enc_unions_first_get_two(enc_unions_get_first(two)), 321);
	CHECK_INT(enc_unions_second_get_byte(enc_unions_get_second(two)), 12);
	struct enc_unions_r text = enc_union_defaults_get_text(r);
	CHECK_INT(enc_unions_first_which(enc_unions_get_first(text)), ENC_UNIONS_FIRST_WHICH_TEXT);
	CHECK_TEXT(enc_unions_first_get_text(enc_unions_get_first(text)), "foo");
	CHECK(enc_unions_get_between(text));
	CHECK_TEXT(enc_unions_second_get_text(enc_unions_get_second(text)), "bar");
	struct enc_unnamed_r unnamed = enc_union_defaults_get_unnamed(r);
	CHECK_INT(enc_unnamed_which(unnamed), ENC_UNNAMED_WHICH_BAR);
	CHECK_INT(enc_unnamed_get_bar(unnamed), 123);
	CHECK_TEXT(enc_unnamed_get_before(unnamed), "front");
	CHECK_TEXT(enc_unnamed_get_after(unnamed), "");
}

/* ---- names, constants, generics -------------------------------------------------------------- */

/* Upstream: Encoding.NestedTypes, Imports and Using. */
TEST(nested_types_imports_and_using)
{
	MESSAGE(m, 0);
	struct enc_nested_b b = enc_nested_init_root(m);
	struct enc_nested_r r = enc_nested_b_r(b);
	struct enc_nested_inner_r inner = enc_nested_get_inner(r);
	CHECK_INT(enc_nested_inner_get_outer(inner), ENC_NESTED_OUTER_BAR);
	CHECK_INT(enc_nested_inner_get_deep(inner), ENC_NESTED_INNER_DEEP_QUUX);
	enc_nested_inner_set_deep(enc_nested_init_inner(b), ENC_NESTED_INNER_DEEP_QUX);
	CHECK_INT(enc_nested_inner_get_deep(enc_nested_get_inner(r)), ENC_NESTED_INNER_DEEP_QUX);
	init_inner(enc_nested_init_foreign(b), 4, "imported");
	check_inner(enc_nested_get_foreign(r), 4, "imported");
	CHECK_INT(enc_nested_get_color(r), ALLTYPES_COLOR_BLUE);
}

/* Upstream: Encoding.Constants and GlobalConstants. */
TEST(constants)
{
	CHECK_INT(ENC_NUMBER, 12345);
	struct vat_list_r l = enc_list();
	CHECK_INT(l.count, 3);
	CHECK_INT(vat_list_u16(l, 0) + vat_list_u16(l, 1) + vat_list_u16(l, 2), 66);
	struct alltypes_all_types_r r = enc_everything();
	CHECK(ALL(get, bool)(r));
	CHECK_INT(ALL(get, int32)(r), -12345678);
	CHECK_TEXT(ALL(get, text)(r), "const");
	CHECK_INT(ALL(get, inner_list)(r).l.count, 2);
	CHECK_TEXT(INNER(get, name)(alltypes_inner_at(ALL(get, inner_list)(r), 0)), "one");
	CHECK(vat_list_bool(ALL(get, bool_list)(r), 2));
	CHECK_INT(ALL(get, def_uint8)(r), 255);
}

/* Upstream: Encoding.Generics and GenericDefaults. */
TEST(generics)
{
	MESSAGE(m, 0);
	struct enc_boxed_b b = enc_boxed_init_root(m);
	struct enc_boxed_r r = enc_boxed_b_r(b);
	CHECK_TEXT(vat_ptr_text(enc_box_get_value(enc_boxed_get_text(r)), NULL), "boxed");
	CHECK(!enc_box_has_value(enc_boxed_get_unset(r)));
	check_unset(alltypes_all_types_from(enc_box_get_value(enc_boxed_get_unset(r))));
	init_all(alltypes_all_types_init(enc_box_get_value_b(enc_boxed_init_unset(b))));
	check_all(alltypes_all_types_from(enc_box_get_value(enc_boxed_get_unset(r))));
}

/* ---- setting and clearing ------------------------------------------------------------------- */

/* Upstream: Encoding.StructSetters. */
TEST(struct_setters)
{
	MESSAGE(m, 0);
	init_all(alltypes_all_types_init_root(m));
	MESSAGE(copy, 0);
	vat_set_struct(vat_root_b(copy), alltypes_all_types_root(m).s);
	check_all(alltypes_all_types_root(copy));
	MESSAGE(scattered, 1);
	vat_set_struct(vat_root_b(scattered), alltypes_all_types_root(m).s);
	check_all(alltypes_all_types_root(scattered));
	MESSAGE(below, 0);
	struct enc_any_b any = enc_any_init_root(below);
	vat_set_struct(enc_any_get_any_b(any), alltypes_all_types_root(scattered).s);
	check_all(alltypes_all_types_from(enc_any_get_any(enc_any_b_r(any))));
}

/* Upstream: Encoding.OneBitStructSetters: an element of a list of such structs, set as a struct. */
TEST(one_bit_struct_setters)
{
	MESSAGE(m, 0);
	struct enc_lists_b b = enc_lists_init_root(m);
	struct enc_struct1_list_b l = enc_lists_init_list1(b, 8);
	static const bool bits[8] = {true, true, false, true, false, false, true, true};
	for (uint32_t i = 0; i < 8; i++)
		enc_struct1_set_f(enc_struct1_at_b(l, i), bits[i]);
	MESSAGE(copies, 0);
	struct vat_list_b places = vat_init_list(vat_root_b(copies), VAT_ELEM_POINTER, 8);
	for (uint32_t i = 0; i < 8; i++)
		vat_set_struct(vat_list_ptr_b(places, i),
			enc_struct1_at(enc_lists_get_list1(enc_lists_b_r(b)), i).s);
	for (uint32_t i = 0; i < 8; i++)
		CHECK_INT(
			enc_struct1_get_f(enc_struct1_from(vat_list_ptr(vat_list_b_r(places), i))),
			bits[i]);
}

/* Upstream: Encoding.ZeroOldObject: what is replaced leaves zeroes. */
TEST(zero_old_object)
{
	MESSAGE(m, 0);
	struct enc_any_b b = enc_any_init_root(m);
	init_all(alltypes_all_types_init(enc_any_get_any_b(b)));
	size_t words = vat_message_words(m);
	enc_struct32_set_f(enc_struct32_init(enc_any_get_any_b(b)), 7);
	/* Root, Any, what was, Struct32. */
	CHECK_INT(vat_message_words(m), words + 1);
	for (size_t i = 2; i < words; i++)
		CHECK(!vat_load(m->segs[0].base + i * 8));
	CHECK_INT(enc_struct32_get_f(enc_struct32_from(enc_any_get_any(enc_any_b_r(b)))), 7);
}

/* Upstream: Encoding.Has. */
TEST(has)
{
	MESSAGE(m, 0);
	struct alltypes_all_types_b b = alltypes_all_types_init_root(m);
	struct alltypes_all_types_r r = alltypes_all_types_b_r(b);
	CHECK(!ALL(has, text)(r) && !ALL(has, data)(r) && !ALL(has, inner)(r));
	CHECK(!ALL(has, int32_list)(r) && !ALL(has, def_text)(r));
	init_all(b);
	CHECK(ALL(has, text)(r) && ALL(has, data)(r) && ALL(has, inner)(r));
	CHECK(ALL(has, int32_list)(r));
	vat_set_null(vat_ptr_at_b(b.s, 0));
	CHECK(!ALL(has, text)(r));
}

/* Upstream: Encoding.HasEmptyStruct, HasEmptyList and HasEmptyStructList. */
TEST(has_empty)
{
	MESSAGE(m, 0);
	struct enc_has_empty_b b = enc_has_empty_init_root(m);
	struct enc_has_empty_r r = enc_has_empty_b_r(b);
	size_t words = vat_message_words(m);
	CHECK(!enc_has_empty_has_empty(r) && !enc_has_empty_has_empty_list(r));
	CHECK(!enc_has_empty_has_empty_structs(r));
	enc_has_empty_init_empty(b);
	enc_has_empty_init_empty_list(b, 0);
	CHECK_INT(vat_message_words(m), words);
	enc_has_empty_init_empty_structs(b, 0);
	CHECK_INT(vat_message_words(m), words + 1);
	CHECK(enc_has_empty_has_empty(r) && enc_has_empty_has_empty_list(r));
	CHECK(enc_has_empty_has_empty_structs(r));
}
