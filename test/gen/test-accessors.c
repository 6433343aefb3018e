/* SPDX-License-Identifier: MIT */
/*
 * Generated accessors at work: every kind of field is set and read back, defaults appear where
 * nothing is set, unions show one member at a time.  What `capnp encode` writes and `capnp decode`
 * makes of our messages is compared in test-text.sh.
 */
#include "base/test.h"

#include "gen/constructs.capnp.h"
#include "gen/constructs-other.capnp.h"

#include <math.h>

DEFINE_AUTO(struct vat_message *, vat_message_free);

#define MESSAGE(name)                                                            \
	AUTO(vat_message_free) struct vat_message *name = vat_message_new(0, 0); \
	CHECK(name != NULL)

static void check_text(int line, struct vat_text t, const char *want)
{
	if (!vat_text_is(t, want))
		test_fail(__FILE__, line, "the text is \"%s\", not \"%s\"", t.s, want);
	CHECK_INT(t.s[t.len], 0);
}
#define CHECK_TEXT(t, want) check_text(__LINE__, t, want)

static void check_unset_scalars(struct con_scalars_r r)
{
	CHECK(!con_scalars_get_bool(r));
	CHECK_INT(con_scalars_get_i8(r), 0);
	CHECK_INT(con_scalars_get_i16(r), 0);
	CHECK_INT(con_scalars_get_i32(r), 0);
	CHECK_INT(con_scalars_get_i64(r), 0);
	CHECK_INT(con_scalars_get_u8(r), 0);
	CHECK_INT(con_scalars_get_u16(r), 0);
	CHECK_INT(con_scalars_get_u32(r), 0);
	CHECK_INT(con_scalars_get_u64(r), 0);
	CHECK(con_scalars_get_f32(r) == 0 && con_scalars_get_f64(r) == 0);
	CHECK_INT(con_scalars_get_color(r), CON_COLOR_RED);
}

TEST(scalars_read_back_as_set)
{
	MESSAGE(m);
	struct con_scalars_b b = con_scalars_init_root(m);
	check_unset_scalars(con_scalars_b_r(b));
	con_scalars_set_bool(b, true);
	con_scalars_set_i8(b, INT8_MIN);
	con_scalars_set_i16(b, INT16_MIN);
	con_scalars_set_i32(b, INT32_MIN);
	con_scalars_set_i64(b, INT64_MIN);
	con_scalars_set_u8(b, UINT8_MAX);
	con_scalars_set_u16(b, UINT16_MAX);
	con_scalars_set_u32(b, UINT32_MAX);
	con_scalars_set_u64(b, UINT64_MAX);
	con_scalars_set_f32(b, -1.5f);
	con_scalars_set_f64(b, 1e300);
	con_scalars_set_color(b, CON_COLOR_DFLT);
	struct con_scalars_r r = con_scalars_root(m);
	CHECK(con_scalars_get_bool(r));
	CHECK_INT(con_scalars_get_i8(r), INT8_MIN);
	CHECK_INT(con_scalars_get_i16(r), INT16_MIN);
	CHECK_INT(con_scalars_get_i32(r), INT32_MIN);
	CHECK(con_scalars_get_i64(r) == INT64_MIN);
	CHECK_INT(con_scalars_get_u8(r), UINT8_MAX);
	CHECK_INT(con_scalars_get_u16(r), UINT16_MAX);
	CHECK_INT(con_scalars_get_u32(r), UINT32_MAX);
	CHECK(con_scalars_get_u64(r) == UINT64_MAX);
	CHECK(con_scalars_get_f32(r) == -1.5f && con_scalars_get_f64(r) == 1e300);
	CHECK_INT(con_scalars_get_color(r), 3);
	CHECK_INT(vat_message_error(m), 0);
}

static void check_scalar_defaults(struct con_defaults_r r)
{
	CHECK(con_defaults_get_bool(r));
	CHECK_INT(con_defaults_get_i8(r), -8);
	CHECK_INT(con_defaults_get_i16(r), -16);
	CHECK_INT(con_defaults_get_i32(r), -32);
	CHECK_INT(con_defaults_get_i64(r), -64);
	CHECK_INT(con_defaults_get_u8(r), 8);
	CHECK_INT(con_defaults_get_u16(r), 16);
	CHECK_INT(con_defaults_get_u32(r), 32);
	CHECK_INT(con_defaults_get_u64(r), 64);
	CHECK(con_defaults_get_f32(r) == 0.5f && con_defaults_get_f64(r) == -0.25);
	CHECK_INT(con_defaults_get_color(r), CON_COLOR_ULTRA_VIOLET);
	CHECK(isinf(con_defaults_get_inf(r)));
}

static void check_pointer_defaults(struct con_defaults_r r)
{
	CHECK(!con_defaults_has_text(r) && !con_defaults_has_struct(r) &&
		!con_defaults_has_numbers(r));
	CHECK_TEXT(con_defaults_get_text(r), "default text");
	struct vat_data d = con_defaults_get_data(r);
	CHECK(d.len == 3 && !memcmp(d.p, "\xde\xfa\x17", 3));
	struct con_defaults_inner_r inner = con_defaults_get_struct(r);
	CHECK_INT(con_defaults_inner_get_number(inner), 9);
	CHECK_INT(con_defaults_inner_get_color(inner), CON_COLOR_RED);
	struct vat_list_r words = con_defaults_inner_get_words(inner);
	CHECK_INT(words.count, 2);
	CHECK_TEXT(vat_ptr_text(vat_list_ptr(words, 1), NULL), "b");
	struct vat_list_r numbers = con_defaults_get_numbers(r);
	CHECK_INT(numbers.count, 3);
	CHECK_INT(vat_list_u32(numbers, 2), 3);
	struct vat_list_r bits = con_defaults_get_bits(r);
	CHECK(bits.count == 3 && vat_list_bool(bits, 0) && !vat_list_bool(bits, 1));
	struct con_defaults_inner_list_r structs = con_defaults_get_structs(r);
	CHECK_INT(structs.l.count, 2);
	CHECK_INT(con_defaults_inner_get_number(con_defaults_inner_at(structs, 1)), 2);
	CHECK_INT(con_defaults_inner_get_color(con_defaults_inner_at(structs, 0)), CON_COLOR_GREEN);
}

TEST(unset_fields_have_their_defaults)
{
	MESSAGE(m);
	struct con_defaults_b b = con_defaults_init_root(m);
	check_scalar_defaults(con_defaults_b_r(b));
	check_pointer_defaults(con_defaults_b_r(b));
	/* So they have where the struct is absent altogether. */
	struct vat_ptr_r null = {NULL, NULL, 0, 0};
	check_scalar_defaults(con_defaults_from(null));
	check_pointer_defaults(con_defaults_from(null));
	CHECK_INT(vat_message_error(m), 0);
}

TEST(a_field_set_to_its_default_is_zero_on_the_wire)
{
	MESSAGE(m);
	struct con_defaults_b b = con_defaults_init_root(m);
	con_defaults_set_u32(b, 32);
	con_defaults_set_bool(b, true);
	con_defaults_set_f64(b, -0.25);
	for (uint32_t i = 0; i < b.s.data_bits / 8; i++)
		CHECK_INT(b.s.data[i], 0);
	con_defaults_set_u32(b, 0);
	CHECK_INT(con_defaults_get_u32(con_defaults_root(m)), 0);
}

TEST(a_root_is_set_and_then_edited_in_place)
{
	MESSAGE(from);
	MESSAGE(to);
	con_defaults_set_u32(con_defaults_init_root(from), 7);
	con_defaults_set_root(to, con_defaults_root(from));
	con_defaults_set_u32(con_defaults_edit_root(from), 8); /* a copy: the other stays */
	struct con_defaults_b b = con_defaults_edit_root(to);
	CHECK_INT(con_defaults_get_u32(con_defaults_b_r(b)), 7);
	con_defaults_set_bool(b, false);
	CHECK_INT(con_defaults_get_u32(con_defaults_root(to)), 7);
	CHECK(!con_defaults_get_bool(con_defaults_root(to)));
	/* Where there is nothing, a struct is made. */
	MESSAGE(empty);
	con_defaults_set_u32(con_defaults_edit_root(empty), 9);
	CHECK_INT(con_defaults_get_u32(con_defaults_root(empty)), 9);
	CHECK_INT(vat_message_error(to), 0);
}

TEST(editing_starts_from_the_default)
{
	MESSAGE(m);
	struct con_defaults_b b = con_defaults_init_root(m);
	struct con_defaults_inner_b inner = con_defaults_edit_struct(b);
	con_defaults_inner_set_color(inner, CON_COLOR_ULTRA_VIOLET);
	struct con_defaults_inner_r r = con_defaults_get_struct(con_defaults_root(m));
	CHECK_INT(con_defaults_inner_get_color(r), CON_COLOR_ULTRA_VIOLET);
	CHECK_INT(con_defaults_inner_get_number(r), 9);
	CHECK_INT(con_defaults_inner_get_words(r).count, 2);
	struct vat_list_b numbers = con_defaults_edit_numbers(b);
	CHECK_INT(numbers.count, 3);
	vat_list_set_u32(numbers, 0, 100);
	CHECK_INT(vat_list_u32(con_defaults_get_numbers(con_defaults_root(m)), 0), 100);
	/* The constant in the program was not touched. */
	MESSAGE(other);
	con_defaults_init_root(other);
	CHECK_INT(vat_list_u32(con_defaults_get_numbers(con_defaults_root(other)), 0), 1);
}

TEST(pointer_fields_read_back_as_set)
{
	MESSAGE(m);
	struct con_pointers_b b = con_pointers_init_root(m);
	CHECK(!con_pointers_has_text(con_pointers_b_r(b)));
	con_pointers_set_text(b, vat_str("text"));
	memcpy(con_pointers_init_data(b, 3), "abc", 3);
	con_scalars_set_u8(con_pointers_init_struct(b), 8);
	con_pointers_init_empty(b);
	con_scalars_set_u16(con_scalars_init(con_pointers_get_any_b(b)), 16);
	con_pointers_set_text(con_pointers_init_self(b), vat_str("inner"));
	constructs_other_foreign_set_number(con_pointers_init_foreign(b), -5);
	struct con_pointers_r r = con_pointers_root(m);
	CHECK(con_pointers_has_text(r) && con_pointers_has_empty(r) &&
		!con_pointers_has_capability(r));
	CHECK_TEXT(con_pointers_get_text(r), "text");
	CHECK(con_pointers_get_data(r).len == 3 && !memcmp(con_pointers_get_data(r).p, "abc", 3));
	CHECK_INT(con_scalars_get_u8(con_pointers_get_struct(r)), 8);
	CHECK_INT(con_scalars_get_u16(con_scalars_from(con_pointers_get_any(r))), 16);
	CHECK_TEXT(con_pointers_get_text(con_pointers_get_self(r)), "inner");
	CHECK_INT(constructs_other_foreign_get_number(con_pointers_get_foreign(r)), -5);
	CHECK(con_pointers_get_interface(r).cap == NULL && con_pointers_get_capability(r) == NULL);
	CHECK_INT(vat_message_error(m), 0);
}

TEST(set_copies_deeply_between_messages)
{
	MESSAGE(from);
	MESSAGE(to);
	struct con_pointers_b b = con_pointers_init_root(from);
	con_pointers_set_text(b, vat_str("deep"));
	struct con_pointers_b copy = con_pointers_init_root(to);
	con_pointers_set_self(copy, con_pointers_b_r(b));
	con_pointers_set_any(copy, vat_root(from));
	con_pointers_set_text(b, vat_str("changed"));
	struct con_pointers_r r = con_pointers_root(to);
	CHECK_TEXT(con_pointers_get_text(con_pointers_get_self(r)), "deep");
	CHECK_TEXT(con_pointers_get_text(con_pointers_from(con_pointers_get_any(r))), "deep");
}

#define CHECK_NUMBERS(field, tag, value)                                             \
	do {                                                                         \
		struct vat_list_b lb_ = con_lists_init_##field(b, 5);                \
		vat_list_set_##tag(lb_, 4, value);                                   \
		struct vat_list_r lr_ = con_lists_get_##field(con_lists_b_r(b));     \
		CHECK_INT(lr_.count, 5);                                             \
		CHECK(vat_list_##tag(lr_, 4) == (value) && !vat_list_##tag(lr_, 3)); \
	} while (0)

TEST(lists_of_numbers_read_back_as_set)
{
	MESSAGE(m);
	struct con_lists_b b = con_lists_init_root(m);
	CHECK_NUMBERS(bools, bool, true);
	CHECK_NUMBERS(i8s, i8, INT8_MIN);
	CHECK_NUMBERS(i16s, i16, INT16_MIN);
	CHECK_NUMBERS(i32s, i32, INT32_MIN);
	CHECK_NUMBERS(i64s, i64, INT64_MIN);
	CHECK_NUMBERS(u8s, u8, UINT8_MAX);
	CHECK_NUMBERS(u16s, u16, UINT16_MAX);
	CHECK_NUMBERS(u32s, u32, UINT32_MAX);
	CHECK_NUMBERS(u64s, u64, UINT64_MAX);
	CHECK_NUMBERS(f32s, f32, 0.5f);
	CHECK_NUMBERS(f64s, f64, 0.25);
	CHECK_NUMBERS(colors, u16, CON_COLOR_GREEN);
	CHECK_INT(con_lists_init_voids(b, 1000).count, 1000);
	CHECK_INT(con_lists_get_voids(con_lists_root(m)).count, 1000);
	CHECK_INT(con_lists_edit_u8s(b).count, 5);
	CHECK_INT(vat_message_error(m), 0);
}

TEST(lists_of_pointers_and_structs_read_back_as_set)
{
	MESSAGE(m);
	struct con_lists_b b = con_lists_init_root(m);
	vat_set_text(vat_list_ptr_b(con_lists_init_texts(b, 2), 1), vat_str("second"));
	struct con_scalars_list_b structs = con_lists_init_structs(b, 3);
	con_scalars_set_i32(con_scalars_at_b(structs, 2), -3);
	CHECK_INT(con_scalars_get_i32(con_scalars_at(con_scalars_list_b_r(structs), 2)), -3);
	constructs_other_foreign_set_number(
		constructs_other_foreign_at_b(con_lists_init_foreigns(b, 1), 0), 11);
	struct con_lists_r r = con_lists_root(m);
	CHECK_TEXT(vat_ptr_text(vat_list_ptr(con_lists_get_texts(r), 1), NULL), "second");
	CHECK_INT(con_lists_get_structs(r).l.count, 3);
	CHECK_INT(con_scalars_get_i32(con_scalars_at(con_lists_get_structs(r), 2)), -3);
	CHECK_INT(constructs_other_foreign_get_number(
			  constructs_other_foreign_at(con_lists_get_foreigns(r), 0)),
		11);
	con_lists_set_structs(b, con_lists_get_structs(r));
	CHECK_INT(con_scalars_get_i32(con_scalars_at(con_lists_get_structs(r), 2)), -3);
	CHECK_INT(con_scalars_get_i32(con_scalars_at(con_lists_get_structs(r), 99)), 0);
	CHECK_INT(vat_message_error(m), 0);
}

TEST(lists_of_lists_are_reached_by_index)
{
	MESSAGE(m);
	struct con_lists_b b = con_lists_init_root(m);
	struct vat_list_b rows = con_lists_init_matrix(b, 2);
	vat_list_set_u32(con_lists_init_matrix_at(rows, 1, 3), 2, 23);
	vat_list_set_u32(con_lists_edit_matrix_at(rows, 1), 0, 21);
	struct vat_list_b planes = con_lists_init_cube(b, 1);
	struct vat_list_b lines = con_lists_init_cube_at(planes, 0, 1);
	vat_set_text(vat_list_ptr_b(con_lists_init_cube_at_at(lines, 0, 1), 0), vat_str("corner"));
	struct con_scalars_list_b table =
		con_lists_init_tables_at(con_lists_init_tables(b, 1), 0, 2);
	con_scalars_set_u8(con_scalars_at_b(table, 1), 81);
	struct con_lists_r r = con_lists_root(m);
	struct vat_list_r row = con_lists_get_matrix_at(con_lists_get_matrix(r), 1);
	CHECK(row.count == 3 && vat_list_u32(row, 0) == 21 && vat_list_u32(row, 2) == 23);
	CHECK_INT(con_lists_get_matrix_at(con_lists_get_matrix(r), 0).count, 0);
	struct vat_list_r line =
		con_lists_get_cube_at_at(con_lists_get_cube_at(con_lists_get_cube(r), 0), 0);
	CHECK_TEXT(vat_ptr_text(vat_list_ptr(line, 0), NULL), "corner");
	CHECK_INT(con_scalars_get_u8(
			  con_scalars_at(con_lists_get_tables_at(con_lists_get_tables(r), 0), 1)),
		81);
	CHECK_INT(vat_message_error(m), 0);
}

TEST(a_union_shows_one_member_and_defaults_for_the_others)
{
	MESSAGE(m);
	struct con_unions_b b = con_unions_init_root(m);
	struct con_unions_r r = con_unions_b_r(b);
	CHECK_INT(con_unions_which(r), CON_UNIONS_WHICH_NOTHING);
	CHECK_INT(con_unions_get_number(r), 77);
	CHECK(con_unions_get_flag(r));
	con_unions_set_number(b, 5);
	CHECK_INT(con_unions_which(r), CON_UNIONS_WHICH_NUMBER);
	CHECK_INT(con_unions_get_number(r), 5);
	CHECK(con_unions_get_flag(r));
	con_unions_set_flag(b, false);
	CHECK(!con_unions_get_flag(r));
	CHECK_INT(con_unions_get_number(r), 77);
	con_unions_set_text(b, vat_str("text"));
	CHECK_TEXT(con_unions_get_text(r), "text");
	CHECK(con_unions_has_text(r) && !con_unions_has_struct(r) && !con_unions_has_data(r));
	CHECK_INT(con_unions_get_data(r).len, 0);
	con_unions_set_nothing(b);
	CHECK_INT(con_unions_which(r), CON_UNIONS_WHICH_NOTHING);
	CHECK_TEXT(con_unions_get_text(r), "unset");
	CHECK_INT(vat_message_error(m), 0);
}

TEST(union_members_that_share_a_pointer_do_not_see_each_other)
{
	MESSAGE(m);
	struct con_unions_b b = con_unions_init_root(m);
	struct con_unions_r r = con_unions_b_r(b);
	con_unions_set_text(b, vat_str("0123456789abcdef"));
	struct con_scalars_b s = con_unions_edit_struct(b); /* not what the text left there */
	check_unset_scalars(con_scalars_b_r(s));
	con_scalars_set_u64(s, 64);
	s = con_unions_edit_struct(b); /* now it is there */
	CHECK_INT(con_scalars_get_u64(con_scalars_b_r(s)), 64);
	CHECK(vat_ptr_is_null(vat_ptr_b_r(con_unions_get_any_b(b))));
	CHECK_INT(con_unions_which(r), CON_UNIONS_WHICH_ANY);
	CHECK_INT(con_unions_init_list(b, 7).count, 7);
	CHECK_INT(con_unions_get_list(r).count, 7);
	CHECK_INT(con_unions_edit_list(b).count, 7);
	CHECK_INT(vat_message_error(m), 0);
}

TEST(groups_in_unions_are_zeroed_when_they_become_active)
{
	MESSAGE(m);
	struct con_unions_b b = con_unions_init_root(m);
	struct con_unions_r r = con_unions_b_r(b);
	CHECK_INT(con_unions_pair_get_right(con_unions_get_pair(r)), 5);
	con_unions_set_number(b, 123456);
	con_unions_set_text(b, vat_str("leftover"));
	struct con_unions_pair_b pair = con_unions_edit_pair(b);
	CHECK_INT(con_unions_which(r), CON_UNIONS_WHICH_PAIR);
	CHECK_INT(con_unions_pair_get_right(con_unions_pair_b_r(pair)), 5);
	CHECK_TEXT(con_unions_pair_get_left(con_unions_pair_b_r(pair)), "");
	con_unions_pair_set_right(pair, 6);
	con_unions_pair_set_left(pair, vat_str("left"));
	pair = con_unions_edit_pair(b);
	CHECK_INT(con_unions_pair_get_right(con_unions_get_pair(r)), 6);
	CHECK_TEXT(con_unions_pair_get_left(con_unions_get_pair(r)), "left");
	con_unions_set_flag(b, true);
	CHECK_INT(con_unions_pair_get_right(con_unions_get_pair(r)), 5);
	CHECK_TEXT(con_unions_pair_get_left(con_unions_get_pair(r)), "");
	CHECK_INT(vat_message_error(m), 0);
}

TEST(named_unions_and_unions_inside_groups)
{
	MESSAGE(m);
	struct con_unions_b b = con_unions_init_root(m);
	con_unions_set_before(b, 1);
	con_unions_set_after(b, 2);
	struct con_unions_named_b named = con_unions_edit_named(b);
	con_unions_named_set_b(named, 99);
	struct con_unions_named_c_b c = con_unions_named_init_c(named);
	CHECK_INT(con_unions_named_c_get_x(con_unions_named_c_b_r(c)), 0);
	con_unions_named_c_set_x(c, -7);
	con_unions_named_c_set_other(c, true);
	struct con_unions_named_r r = con_unions_get_named(con_unions_root(m));
	CHECK_INT(con_unions_named_which(r), CON_UNIONS_NAMED_WHICH_C);
	CHECK_INT(con_unions_named_c_get_x(con_unions_named_get_c(r)), -7);
	CHECK_INT(con_unions_named_c_which(con_unions_named_get_c(r)),
		CON_UNIONS_NAMED_C_WHICH_OTHER);
	CHECK(con_unions_named_c_get_other(con_unions_named_get_c(r)));
	CHECK_TEXT(con_unions_named_c_get_inner(con_unions_named_get_c(r)), "");
	CHECK_INT(con_unions_get_before(con_unions_root(m)), 1);
	CHECK_INT(con_unions_get_after(con_unions_root(m)), 2);
	con_unions_init_named(b);
	CHECK_INT(con_unions_named_which(r), CON_UNIONS_NAMED_WHICH_A);
	CHECK_INT(con_unions_get_before(con_unions_root(m)), 1);
	CHECK_INT(vat_message_error(m), 0);
}

TEST(groups_share_their_struct)
{
	MESSAGE(m);
	struct con_groups_b b = con_groups_init_root(m);
	con_groups_set_plain(b, 55);
	struct con_groups_outer_b outer = con_groups_edit_outer(b);
	CHECK_INT(con_groups_outer_get_a(con_groups_outer_b_r(outer)), 1);
	CHECK_TEXT(con_groups_outer_get_b(con_groups_outer_b_r(outer)), "b");
	struct con_groups_outer_deeper_b deeper = con_groups_outer_edit_deeper(outer);
	con_scalars_set_bool(con_scalars_at_b(con_groups_outer_deeper_init_d(deeper, 1), 0), true);
	con_groups_outer_deeper_deepest_set_e(con_groups_outer_deeper_edit_deepest(deeper), -9);
	con_groups_outer_set_a(outer, 2);
	struct con_groups_outer_r r = con_groups_get_outer(con_groups_root(m));
	struct con_groups_outer_deeper_r d = con_groups_outer_get_deeper(r);
	CHECK_INT(con_groups_outer_get_a(r), 2);
	CHECK_INT(con_groups_outer_deeper_get_d(d).l.count, 1);
	CHECK_INT(
		con_groups_outer_deeper_deepest_get_e(con_groups_outer_deeper_get_deepest(d)), -9);
	con_groups_init_outer(b);
	CHECK_INT(con_groups_outer_get_a(r), 1);
	CHECK_INT(con_groups_outer_deeper_get_d(d).l.count, 0);
	CHECK_INT(con_groups_get_plain(con_groups_root(m)), 55);
	CHECK_INT(vat_message_error(m), 0);
}

TEST(generic_parameters_are_any_pointers)
{
	MESSAGE(m);
	struct con_branded_b b = con_branded_init_root(m);
	struct con_generic_b g = con_branded_init_numbers(b);
	vat_set_text(con_generic_get_key_b(g), vat_str("key"));
	con_scalars_set_u8(con_scalars_init(con_generic_get_value_b(g)), 3);
	struct con_generic_entry_b e = con_generic_entry_at_b(con_generic_init_entries(g, 1), 0);
	vat_set_text(con_generic_entry_get_key_b(con_generic_entry_init_next(e)), vat_str("next"));
	struct con_generic_r r = con_branded_get_numbers(con_branded_root(m));
	CHECK_TEXT(vat_ptr_text(con_generic_get_key(r), NULL), "key");
	CHECK_INT(con_scalars_get_u8(con_scalars_from(con_generic_get_value(r))), 3);
	struct con_generic_entry_r er = con_generic_entry_at(con_generic_get_entries(r), 0);
	CHECK_TEXT(vat_ptr_text(con_generic_entry_get_key(con_generic_entry_get_next(er)), NULL),
		"next");
}

TEST(constants_have_their_values)
{
	CHECK(CON_A_BOOL);
	CHECK_INT(CON_AN_INT8, INT8_MIN);
	CHECK_INT(CON_AN_INT16, INT16_MIN);
	CHECK_INT(CON_AN_INT32, INT32_MIN);
	CHECK(CON_AN_INT64 == INT64_MIN && CON_A_U_INT64 == UINT64_MAX);
	CHECK(CON_A_U_INT8 == UINT8_MAX && CON_A_U_INT16 == UINT16_MAX);
	CHECK(CON_A_U_INT32 == UINT32_MAX);
	CHECK(CON_A_FLOAT == 1.5f && CON_A_WHOLE_DOUBLE == -3.0 && CON_A_DOUBLE == 1e-300);
	CHECK(isinf(CON_INFINITE) && isnan(CON_NOT_A_NUMBER));
	CHECK_TEXT(con_a_text, "say \"hi\"?"
			       "?/\n\tt\xc3\xa4glich\\");
	CHECK_TEXT(con_no_text, "");
	CHECK(con_a_data.len == 6 && !memcmp(con_a_data.p, "\0\1\xfe\xff\\\"", 6));
	CHECK_INT(con_no_data.len, 0);
	CHECK_INT(CON_A_COLOR, CON_COLOR_GREEN);
	CHECK_INT(CON_OUTER_MIDDLE_INNER_DEPTH, 3);
	CHECK_INT(con_scalars_get_u8(con_a_scalars()), 7);
	CHECK(con_scalars_get_f64(con_a_scalars()) == 2.5);
	CHECK_INT(con_a_number_list().count, 3);
	CHECK_INT(vat_list_i16(con_a_number_list(), 0), -1);
	CHECK_TEXT(vat_ptr_text(vat_list_ptr(con_a_text_list(), 1), NULL), "two");
	CHECK_INT(con_scalars_get_u8(con_scalars_at(con_a_struct_list(), 1)), 2);
	struct vat_list_r row = vat_ptr_list(vat_list_ptr(con_a_matrix(), 2), VAT_ELEM_BYTE, NULL);
	CHECK(row.count == 1 && vat_list_u8(row, 0) == 3);
}

TEST(null_builders_swallow_everything)
{
	MESSAGE(m);
	struct con_unions_b b;
	memset(&b, 0, sizeof(b));
	con_unions_set_number(b, 1);
	con_unions_set_text(b, vat_str("x"));
	con_scalars_set_u8(con_unions_init_struct(b), 1);
	con_unions_pair_set_left(con_unions_edit_pair(b), vat_str("y"));
	CHECK_INT(con_unions_init_list(b, 3).count, 0);
	CHECK(con_unions_init_data(b, 3) == NULL);
	struct con_lists_b l;
	memset(&l, 0, sizeof(l));
	vat_list_set_u32(con_lists_init_matrix_at(con_lists_init_matrix(l, 1), 0, 1), 0, 1);
	CHECK_INT(con_scalars_at_b(con_lists_init_structs(l, 1), 0).s.data_bits, 0);
}
