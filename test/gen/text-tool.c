/* SPDX-License-Identifier: MIT */
/*
 * The same messages in two forms: generated accessors here, text files for the capnp command there.
 *
 *	text-tool write NAME >MESSAGE      fills a message by the generated setters
 *	text-tool read NAME <MESSAGE       checks it by the generated getters
 *
 * test-text.sh compares what `capnp decode` makes of the first, and feeds the second from `capnp
 * encode`, with one text file for both.
 */
#include "base/macro.h"

#include "gen/constructs.capnp.h"
#include "gen/constructs-other.capnp.h"

#include <stdio.h>

DEFINE_AUTO(struct vat_message *, vat_message_free);

static int failed;

#define EXPECT(cond)                                                               \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failed = 1;                                                \
		}                                                                  \
	} while (0)

static void write_scalars(struct vat_message *m)
{
	struct con_scalars_b b = con_scalars_init_root(m);
	con_scalars_set_bool(b, true);
	con_scalars_set_i8(b, -8);
	con_scalars_set_i16(b, -1600);
	con_scalars_set_i32(b, -320000);
	con_scalars_set_i64(b, INT64_MIN);
	con_scalars_set_u8(b, 8);
	con_scalars_set_u16(b, 1600);
	con_scalars_set_u32(b, 3200000000);
	con_scalars_set_u64(b, UINT64_MAX);
	con_scalars_set_f32(b, 0.5f);
	con_scalars_set_f64(b, -1e100);
	con_scalars_set_color(b, CON_COLOR_ULTRA_VIOLET);
}

static void read_scalars(struct vat_message *m)
{
	struct con_scalars_r r = con_scalars_root(m);
	EXPECT(con_scalars_get_bool(r));
	EXPECT(con_scalars_get_i8(r) == -8);
	EXPECT(con_scalars_get_i16(r) == -1600);
	EXPECT(con_scalars_get_i32(r) == -320000);
	EXPECT(con_scalars_get_i64(r) == INT64_MIN);
	EXPECT(con_scalars_get_u8(r) == 8);
	EXPECT(con_scalars_get_u16(r) == 1600);
	EXPECT(con_scalars_get_u32(r) == 3200000000);
	EXPECT(con_scalars_get_u64(r) == UINT64_MAX);
	EXPECT(con_scalars_get_f32(r) == 0.5f);
	EXPECT(con_scalars_get_f64(r) == -1e100);
	EXPECT(con_scalars_get_color(r) == CON_COLOR_ULTRA_VIOLET);
}

/* Every field against its default, so that each XOR shows. */
static void write_defaults(struct vat_message *m)
{
	struct con_defaults_b b = con_defaults_init_root(m);
	con_defaults_set_bool(b, false);
	con_defaults_set_i8(b, 0);
	con_defaults_set_i16(b, 16);
	con_defaults_set_i64(b, 1);
	con_defaults_set_u8(b, 255);
	con_defaults_set_u32(b, 0);
	con_defaults_set_u64(b, 65);
	con_defaults_set_f32(b, 0);
	con_defaults_set_f64(b, 4.5);
	con_defaults_set_color(b, CON_COLOR_RED);
	con_defaults_set_text(b, vat_str("set"));
	con_defaults_set_inf(b, 0);
	con_defaults_inner_set_number(con_defaults_edit_struct(b), 10);
	con_defaults_inner_set_number(
		con_defaults_inner_at_b(con_defaults_init_structs(b, 1), 0), 0);
	vat_list_set_bool(con_defaults_edit_bits(b), 1, true);
}

static void read_defaults(struct vat_message *m)
{
	struct con_defaults_r r = con_defaults_root(m);
	EXPECT(!con_defaults_get_bool(r));
	EXPECT(con_defaults_get_i8(r) == 0 && con_defaults_get_i16(r) == 16);
	EXPECT(con_defaults_get_i32(r) == -32 && con_defaults_get_i64(r) == 1);
	EXPECT(con_defaults_get_u8(r) == 255 && con_defaults_get_u16(r) == 16);
	EXPECT(con_defaults_get_u32(r) == 0 && con_defaults_get_u64(r) == 65);
	EXPECT(con_defaults_get_f32(r) == 0 && con_defaults_get_f64(r) == 4.5);
	EXPECT(con_defaults_get_inf(r) == 0);
	EXPECT(con_defaults_get_color(r) == CON_COLOR_RED);
	EXPECT(vat_text_is(con_defaults_get_text(r), "set"));
	EXPECT(con_defaults_get_data(r).len == 3);
	struct con_defaults_inner_r inner = con_defaults_get_struct(r);
	EXPECT(con_defaults_inner_get_number(inner) == 10);
	EXPECT(con_defaults_inner_get_words(inner).count == 2);
	EXPECT(con_defaults_get_structs(r).l.count == 1);
	inner = con_defaults_inner_at(con_defaults_get_structs(r), 0);
	EXPECT(con_defaults_inner_get_number(inner) == 0);
	EXPECT(con_defaults_inner_get_color(inner) == CON_COLOR_GREEN);
	EXPECT(vat_list_bool(con_defaults_get_bits(r), 1));
	EXPECT(con_defaults_get_numbers(r).count == 3);
}

static void write_pointers(struct vat_message *m)
{
	struct con_pointers_b b = con_pointers_init_root(m);
	con_pointers_set_text(b, vat_str("snow \xe2\x98\x83"));
	con_pointers_set_data(b, (struct vat_data){"\0\377", 2});
	con_scalars_set_u8(con_pointers_init_struct(b), 1);
	con_pointers_init_empty(b);
	con_pointers_set_text(con_pointers_init_self(con_pointers_init_self(b)), vat_str("deep"));
	struct constructs_other_foreign_b f = con_pointers_init_foreign(b);
	constructs_other_foreign_set_number(f, -1);
	constructs_other_foreign_set_color(f, CON_COLOR_GREEN);
	con_scalars_set_i8(constructs_other_foreign_init_back(f), -2);
}

static void read_pointers(struct vat_message *m)
{
	struct con_pointers_r r = con_pointers_root(m);
	EXPECT(vat_text_is(con_pointers_get_text(r), "snow \xe2\x98\x83"));
	EXPECT(con_pointers_get_data(r).len == 2 &&
		!memcmp(con_pointers_get_data(r).p, "\0\377", 2));
	EXPECT(con_scalars_get_u8(con_pointers_get_struct(r)) == 1);
	EXPECT(con_pointers_has_empty(r) && !con_pointers_has_any(r));
	r = con_pointers_get_self(r);
	EXPECT(vat_text_is(con_pointers_get_text(con_pointers_get_self(r)), "deep"));
	struct constructs_other_foreign_r f = con_pointers_get_foreign(con_pointers_root(m));
	EXPECT(constructs_other_foreign_get_number(f) == -1);
	EXPECT(constructs_other_foreign_get_color(f) == CON_COLOR_GREEN);
	EXPECT(con_scalars_get_i8(constructs_other_foreign_get_back(f)) == -2);
}

static void write_lists(struct vat_message *m)
{
	struct con_lists_b b = con_lists_init_root(m);
	con_lists_init_voids(b, 2);
	vat_list_set_bool(con_lists_init_bools(b, 9), 8, true);
	vat_list_set_i8(con_lists_init_i8s(b, 1), 0, -1);
	vat_list_set_u16(con_lists_init_u16s(b, 2), 1, 500);
	vat_list_set_i32(con_lists_init_i32s(b, 1), 0, -70000);
	vat_list_set_u64(con_lists_init_u64s(b, 1), 0, UINT64_MAX);
	vat_list_set_f32(con_lists_init_f32s(b, 1), 0, 1.5f);
	vat_set_text(vat_list_ptr_b(con_lists_init_texts(b, 2), 1), vat_str("two"));
	vat_set_data(vat_list_ptr_b(con_lists_init_datas(b, 1), 0), (struct vat_data){"\x01", 1});
	vat_list_set_u16(con_lists_init_colors(b, 2), 0, CON_COLOR_DFLT);
	con_scalars_set_u8(con_scalars_at_b(con_lists_init_structs(b, 2), 1), 42);
	struct vat_list_b rows = con_lists_init_matrix(b, 2);
	vat_list_set_u32(con_lists_init_matrix_at(rows, 0, 1), 0, 7);
	struct vat_list_b plane = con_lists_init_cube_at(con_lists_init_cube(b, 1), 0, 1);
	vat_set_text(vat_list_ptr_b(con_lists_init_cube_at_at(plane, 0, 1), 0), vat_str("c"));
	struct con_scalars_list_b table =
		con_lists_init_tables_at(con_lists_init_tables(b, 1), 0, 1);
	con_scalars_set_bool(con_scalars_at_b(table, 0), true);
}

static void read_lists(struct vat_message *m)
{
	struct con_lists_r r = con_lists_root(m);
	EXPECT(con_lists_get_voids(r).count == 2);
	EXPECT(con_lists_get_bools(r).count == 9 && vat_list_bool(con_lists_get_bools(r), 8));
	EXPECT(vat_list_i8(con_lists_get_i8s(r), 0) == -1);
	EXPECT(vat_list_u16(con_lists_get_u16s(r), 1) == 500);
	EXPECT(vat_list_i32(con_lists_get_i32s(r), 0) == -70000);
	EXPECT(vat_list_u64(con_lists_get_u64s(r), 0) == UINT64_MAX);
	EXPECT(vat_list_f32(con_lists_get_f32s(r), 0) == 1.5f);
	EXPECT(vat_text_is(vat_ptr_text(vat_list_ptr(con_lists_get_texts(r), 1), NULL), "two"));
	EXPECT(vat_ptr_data(vat_list_ptr(con_lists_get_datas(r), 0), NULL).len == 1);
	EXPECT(vat_list_u16(con_lists_get_colors(r), 0) == CON_COLOR_DFLT);
	EXPECT(con_scalars_get_u8(con_scalars_at(con_lists_get_structs(r), 1)) == 42);
	EXPECT(vat_list_u32(con_lists_get_matrix_at(con_lists_get_matrix(r), 0), 0) == 7);
	struct vat_list_r plane = con_lists_get_cube_at(con_lists_get_cube(r), 0);
	struct vat_list_r line = con_lists_get_cube_at_at(plane, 0);
	EXPECT(vat_text_is(vat_ptr_text(vat_list_ptr(line, 0), NULL), "c"));
	struct con_scalars_list_r table = con_lists_get_tables_at(con_lists_get_tables(r), 0);
	EXPECT(con_scalars_get_bool(con_scalars_at(table, 0)));
}

/* The same struct with each kind of member active, one after the other where they overlap. */
static void write_pair(struct vat_message *m)
{
	struct con_unions_b b = con_unions_init_root(m);
	con_unions_set_number(b, 0xffffffff);
	con_unions_set_text(b, vat_str("overwritten"));
	struct con_unions_pair_b pair = con_unions_init_pair(b);
	con_unions_pair_set_left(pair, vat_str("l"));
	con_unions_pair_set_right(pair, 6);
	con_unions_set_before(b, 1);
	con_unions_set_after(b, 2);
	struct con_unions_named_c_b c = con_unions_named_init_c(con_unions_edit_named(b));
	con_unions_named_c_set_x(c, -3);
	con_unions_named_c_set_inner(c, vat_str("i"));
}

static void read_pair(struct vat_message *m)
{
	struct con_unions_r r = con_unions_root(m);
	EXPECT(con_unions_which(r) == CON_UNIONS_WHICH_PAIR);
	EXPECT(vat_text_is(con_unions_pair_get_left(con_unions_get_pair(r)), "l"));
	EXPECT(con_unions_pair_get_right(con_unions_get_pair(r)) == 6);
	EXPECT(con_unions_get_before(r) == 1 && con_unions_get_after(r) == 2);
	struct con_unions_named_c_r c = con_unions_named_get_c(con_unions_get_named(r));
	EXPECT(con_unions_named_c_which(c) == CON_UNIONS_NAMED_C_WHICH_INNER);
	EXPECT(con_unions_named_c_get_x(c) == -3);
	EXPECT(vat_text_is(con_unions_named_c_get_inner(c), "i"));
}

static void write_flag(struct vat_message *m)
{
	struct con_unions_b b = con_unions_init_root(m);
	con_unions_set_number(b, 77);
	con_unions_set_flag(b, false);
	con_unions_named_set_b(con_unions_edit_named(b), 9);
}

static void read_flag(struct vat_message *m)
{
	struct con_unions_r r = con_unions_root(m);
	EXPECT(con_unions_which(r) == CON_UNIONS_WHICH_FLAG && !con_unions_get_flag(r));
	EXPECT(con_unions_get_number(r) == 77);
	EXPECT(con_unions_named_get_b(con_unions_get_named(r)) == 9);
}

static void write_groups(struct vat_message *m)
{
	struct con_groups_b b = con_groups_init_root(m);
	con_groups_set_plain(b, 5);
	struct con_groups_outer_b outer = con_groups_edit_outer(b);
	con_groups_outer_set_a(outer, 3);
	con_groups_outer_set_b(outer, vat_str("bb"));
	struct con_groups_outer_deeper_b deeper = con_groups_outer_edit_deeper(outer);
	con_groups_outer_deeper_set_c(deeper, true);
	con_scalars_set_i8(con_scalars_at_b(con_groups_outer_deeper_init_d(deeper, 1), 0), 4);
	con_groups_outer_deeper_deepest_set_e(con_groups_outer_deeper_edit_deepest(deeper), -5);
}

static void read_groups(struct vat_message *m)
{
	struct con_groups_r r = con_groups_root(m);
	EXPECT(con_groups_get_plain(r) == 5);
	struct con_groups_outer_r outer = con_groups_get_outer(r);
	EXPECT(con_groups_outer_get_a(outer) == 3);
	EXPECT(vat_text_is(con_groups_outer_get_b(outer), "bb"));
	struct con_groups_outer_deeper_r deeper = con_groups_outer_get_deeper(outer);
	EXPECT(con_groups_outer_deeper_get_c(deeper));
	EXPECT(con_scalars_get_i8(con_scalars_at(con_groups_outer_deeper_get_d(deeper), 0)) == 4);
	EXPECT(con_groups_outer_deeper_deepest_get_e(con_groups_outer_deeper_get_deepest(deeper)) ==
		-5);
}

static void write_branded(struct vat_message *m)
{
	struct con_generic_b g = con_branded_init_numbers(con_branded_init_root(m));
	vat_set_text(con_generic_get_key_b(g), vat_str("k"));
	con_scalars_set_u8(con_scalars_init(con_generic_get_value_b(g)), 2);
	struct con_generic_entry_b e = con_generic_entry_at_b(con_generic_init_entries(g, 1), 0);
	vat_set_text(con_generic_entry_get_key_b(e), vat_str("e"));
}

static void read_branded(struct vat_message *m)
{
	struct con_generic_r g = con_branded_get_numbers(con_branded_root(m));
	EXPECT(vat_text_is(vat_ptr_text(con_generic_get_key(g), NULL), "k"));
	EXPECT(con_scalars_get_u8(con_scalars_from(con_generic_get_value(g))) == 2);
	struct con_generic_entry_r e = con_generic_entry_at(con_generic_get_entries(g), 0);
	EXPECT(vat_text_is(vat_ptr_text(con_generic_entry_get_key(e), NULL), "e"));
}

static const struct {
	const char *name;
	void (*write)(struct vat_message *m);
	void (*read)(struct vat_message *m);
} forms[] = {
	{"Scalars", write_scalars, read_scalars},
	{"Defaults", write_defaults, read_defaults},
	{"Pointers", write_pointers, read_pointers},
	{"Lists", write_lists, read_lists},
	{"Unions-pair", write_pair, read_pair},
	{"Unions-flag", write_flag, read_flag},
	{"Groups", write_groups, read_groups},
	{"Branded", write_branded, read_branded},
};

static int write_form(size_t i)
{
	AUTO(vat_message_free) struct vat_message *m = vat_message_new(0, 0);
	if (!m)
		return 1;
	forms[i].write(m);
	size_t size;
	AUTO_FREE void *data = vat_message_flatten(m, &size);
	EXPECT(vat_message_error(m) == 0 && data);
	return failed || fwrite(data, 1, size, stdout) != size || fflush(stdout);
}

static int read_form(size_t i)
{
	static uint64_t words[8192];
	AUTO(vat_message_free) struct vat_message *m = NULL;
	size_t used, size = fread(words, 1, sizeof(words), stdin);
	if (vat_message_parse(words, size, NULL, &m, &used) < 0)
		return 1;
	forms[i].read(m);
	EXPECT(vat_message_error(m) == 0 && used == size);
	return failed;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < ARRAY_SIZE(forms); i++)
		if (!strcmp(argv[2], forms[i].name))
			return strcmp(argv[1], "write") ? read_form(i) : write_form(i);
	fputs("usage: text-tool write|read NAME\n", stderr);
	return 2;
}
