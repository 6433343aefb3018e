/* Made by capnpc-vat from constructs.capnp: do not edit. */
#pragma once
#include "vat/message.h"
#include "vat/rpc.h"
#include "vat/schema.h"
#include "vat/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct vat_schema_file con_schema_file;

#define CON_A_BOOL true

#define CON_AN_INT8 (INT8_C(-128))

#define CON_AN_INT16 (INT16_C(-32768))

#define CON_AN_INT32 (INT32_C(-2147483648))

#define CON_AN_INT64 (INT64_C(-9223372036854775807) - 1)

#define CON_A_U_INT8 UINT8_C(255)

#define CON_A_U_INT16 UINT16_C(65535)

#define CON_A_U_INT32 UINT32_C(4294967295)

#define CON_A_U_INT64 UINT64_C(18446744073709551615)

#define CON_A_FLOAT 1.5f

#define CON_A_WHOLE_DOUBLE (-3.0)

#define CON_A_DOUBLE 1e-300

#define CON_INFINITE (__builtin_inf())

#define CON_NOT_A_NUMBER __builtin_nanf("")

extern const struct vat_text con_a_text;

extern const struct vat_text con_no_text;

extern const struct vat_data con_a_data;

extern const struct vat_data con_no_data;

#define CON_A_COLOR UINT16_C(1)

/* constructs.capnp:Color */
#define CON_COLOR_TYPE_ID UINT64_C(0xd2f731412ce08353)
enum con_color {
	CON_COLOR_RED = 0,
	CON_COLOR_GREEN = 1,
	CON_COLOR_ULTRA_VIOLET = 2,
	CON_COLOR_DFLT = 3,
};

/* constructs.capnp:Nothing */
#define CON_NOTHING_TYPE_ID UINT64_C(0xceb88baf93e089c6)

/* constructs.capnp:Empty
 * Comments go into the header: neither *  nor /  nor ? /
 * ends them, and "quotes", \\ and ☃ stay. */
#define CON_EMPTY_TYPE_ID UINT64_C(0x847531d41dbd2a46)
#define CON_EMPTY_DATA_WORDS 0
#define CON_EMPTY_PTRS 0
struct con_empty_r {
	struct vat_struct_r s;
};
struct con_empty_b {
	struct vat_struct_b s;
};
struct con_empty_list_r {
	struct vat_list_r l;
};
struct con_empty_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Scalars */
#define CON_SCALARS_TYPE_ID UINT64_C(0xe788b2b49a7c1b3a)
#define CON_SCALARS_DATA_WORDS 6
#define CON_SCALARS_PTRS 0
struct con_scalars_r {
	struct vat_struct_r s;
};
struct con_scalars_b {
	struct vat_struct_b s;
};
struct con_scalars_list_r {
	struct vat_list_r l;
};
struct con_scalars_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Defaults */
#define CON_DEFAULTS_TYPE_ID UINT64_C(0xed946b070bdc8357)
#define CON_DEFAULTS_DATA_WORDS 7
#define CON_DEFAULTS_PTRS 6
struct con_defaults_r {
	struct vat_struct_r s;
};
struct con_defaults_b {
	struct vat_struct_b s;
};
struct con_defaults_list_r {
	struct vat_list_r l;
};
struct con_defaults_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Defaults.Inner */
#define CON_DEFAULTS_INNER_TYPE_ID UINT64_C(0xfbbc424e71a5aca8)
#define CON_DEFAULTS_INNER_DATA_WORDS 1
#define CON_DEFAULTS_INNER_PTRS 1
struct con_defaults_inner_r {
	struct vat_struct_r s;
};
struct con_defaults_inner_b {
	struct vat_struct_b s;
};
struct con_defaults_inner_list_r {
	struct vat_list_r l;
};
struct con_defaults_inner_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Pointers */
#define CON_POINTERS_TYPE_ID UINT64_C(0x94c67663f87d1d5a)
#define CON_POINTERS_DATA_WORDS 0
#define CON_POINTERS_PTRS 11
struct con_pointers_r {
	struct vat_struct_r s;
};
struct con_pointers_b {
	struct vat_struct_b s;
};
struct con_pointers_p {
	struct vat_pipe p;
};
struct con_pointers_list_r {
	struct vat_list_r l;
};
struct con_pointers_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Lists */
#define CON_LISTS_TYPE_ID UINT64_C(0xc779a3e9804698ca)
#define CON_LISTS_DATA_WORDS 0
#define CON_LISTS_PTRS 21
struct con_lists_r {
	struct vat_struct_r s;
};
struct con_lists_b {
	struct vat_struct_b s;
};
struct con_lists_list_r {
	struct vat_list_r l;
};
struct con_lists_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Unions */
#define CON_UNIONS_TYPE_ID UINT64_C(0xa9376dc5f660fcc2)
#define CON_UNIONS_DATA_WORDS 3
#define CON_UNIONS_PTRS 2
struct con_unions_r {
	struct vat_struct_r s;
};
struct con_unions_b {
	struct vat_struct_b s;
};
struct con_unions_p {
	struct vat_pipe p;
};
struct con_unions_list_r {
	struct vat_list_r l;
};
struct con_unions_list_b {
	struct vat_list_b l;
};
enum { /* con_unions_which() */
	CON_UNIONS_WHICH_NOTHING = 0,
	CON_UNIONS_WHICH_NUMBER = 1,
	CON_UNIONS_WHICH_FLAG = 2,
	CON_UNIONS_WHICH_TEXT = 3,
	CON_UNIONS_WHICH_STRUCT = 4,
	CON_UNIONS_WHICH_LIST = 5,
	CON_UNIONS_WHICH_ANY = 6,
	CON_UNIONS_WHICH_BASE = 7,
	CON_UNIONS_WHICH_PAIR = 8,
	CON_UNIONS_WHICH_DATA = 9,
};

/* constructs.capnp:Unions.pair */
#define CON_UNIONS_PAIR_TYPE_ID UINT64_C(0x8e9d5761225724d4)
struct con_unions_pair_r {
	struct vat_struct_r s;
};
struct con_unions_pair_b {
	struct vat_struct_b s;
};

/* constructs.capnp:Unions.named */
#define CON_UNIONS_NAMED_TYPE_ID UINT64_C(0xc9d013ed1cd59b22)
struct con_unions_named_r {
	struct vat_struct_r s;
};
struct con_unions_named_b {
	struct vat_struct_b s;
};
enum { /* con_unions_named_which() */
	CON_UNIONS_NAMED_WHICH_A = 0,
	CON_UNIONS_NAMED_WHICH_B = 1,
	CON_UNIONS_NAMED_WHICH_C = 2,
};

/* constructs.capnp:Unions.named.c */
#define CON_UNIONS_NAMED_C_TYPE_ID UINT64_C(0xd4248df1f22b23cd)
struct con_unions_named_c_r {
	struct vat_struct_r s;
};
struct con_unions_named_c_b {
	struct vat_struct_b s;
};
enum { /* con_unions_named_c_which() */
	CON_UNIONS_NAMED_C_WHICH_INNER = 0,
	CON_UNIONS_NAMED_C_WHICH_OTHER = 1,
};

/* constructs.capnp:Groups */
#define CON_GROUPS_TYPE_ID UINT64_C(0xbfbc48db8d93d64d)
#define CON_GROUPS_DATA_WORDS 2
#define CON_GROUPS_PTRS 2
struct con_groups_r {
	struct vat_struct_r s;
};
struct con_groups_b {
	struct vat_struct_b s;
};
struct con_groups_list_r {
	struct vat_list_r l;
};
struct con_groups_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Groups.outer */
#define CON_GROUPS_OUTER_TYPE_ID UINT64_C(0x8d5c22461086635b)
struct con_groups_outer_r {
	struct vat_struct_r s;
};
struct con_groups_outer_b {
	struct vat_struct_b s;
};

/* constructs.capnp:Groups.outer.deeper */
#define CON_GROUPS_OUTER_DEEPER_TYPE_ID UINT64_C(0xd7109170703323b1)
struct con_groups_outer_deeper_r {
	struct vat_struct_r s;
};
struct con_groups_outer_deeper_b {
	struct vat_struct_b s;
};

/* constructs.capnp:Groups.outer.deeper.deepest */
#define CON_GROUPS_OUTER_DEEPER_DEEPEST_TYPE_ID UINT64_C(0xc7fd44fb5ef8549f)
struct con_groups_outer_deeper_deepest_r {
	struct vat_struct_r s;
};
struct con_groups_outer_deeper_deepest_b {
	struct vat_struct_b s;
};

/* constructs.capnp:Generic */
#define CON_GENERIC_TYPE_ID UINT64_C(0x9952cf220db71d9e)
#define CON_GENERIC_DATA_WORDS 0
#define CON_GENERIC_PTRS 3
struct con_generic_r {
	struct vat_struct_r s;
};
struct con_generic_b {
	struct vat_struct_b s;
};
struct con_generic_p {
	struct vat_pipe p;
};
struct con_generic_list_r {
	struct vat_list_r l;
};
struct con_generic_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Generic.Entry */
#define CON_GENERIC_ENTRY_TYPE_ID UINT64_C(0x9d17f078d4992ace)
#define CON_GENERIC_ENTRY_DATA_WORDS 0
#define CON_GENERIC_ENTRY_PTRS 2
struct con_generic_entry_r {
	struct vat_struct_r s;
};
struct con_generic_entry_b {
	struct vat_struct_b s;
};
struct con_generic_entry_p {
	struct vat_pipe p;
};
struct con_generic_entry_list_r {
	struct vat_list_r l;
};
struct con_generic_entry_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Generic.Own */
#define CON_GENERIC_OWN_TYPE_ID UINT64_C(0xad1359d615e30fe8)
#define CON_GENERIC_OWN_DATA_WORDS 0
#define CON_GENERIC_OWN_PTRS 2
struct con_generic_own_r {
	struct vat_struct_r s;
};
struct con_generic_own_b {
	struct vat_struct_b s;
};
struct con_generic_own_p {
	struct vat_pipe p;
};
struct con_generic_own_list_r {
	struct vat_list_r l;
};
struct con_generic_own_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Branded */
#define CON_BRANDED_TYPE_ID UINT64_C(0x8710e2af8f120b9b)
#define CON_BRANDED_DATA_WORDS 0
#define CON_BRANDED_PTRS 4
struct con_branded_r {
	struct vat_struct_r s;
};
struct con_branded_b {
	struct vat_struct_b s;
};
struct con_branded_p {
	struct vat_pipe p;
};
struct con_branded_list_r {
	struct vat_list_r l;
};
struct con_branded_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:NamesOfC
 * Words that mean something in C, in C++ or to the preprocessor. */
#define CON_NAMES_OF_C_TYPE_ID UINT64_C(0xfc88900f36dedc03)
#define CON_NAMES_OF_C_DATA_WORDS 1
#define CON_NAMES_OF_C_PTRS 4
struct con_names_of_c_r {
	struct vat_struct_r s;
};
struct con_names_of_c_b {
	struct vat_struct_b s;
};
struct con_names_of_c_list_r {
	struct vat_list_r l;
};
struct con_names_of_c_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:NamesOfC.Struct */
#define CON_NAMES_OF_C_STRUCT_TYPE_ID UINT64_C(0xdbaf797102699e73)
#define CON_NAMES_OF_C_STRUCT_DATA_WORDS 1
#define CON_NAMES_OF_C_STRUCT_PTRS 0
struct con_names_of_c_struct_r {
	struct vat_struct_r s;
};
struct con_names_of_c_struct_b {
	struct vat_struct_b s;
};
struct con_names_of_c_struct_list_r {
	struct vat_list_r l;
};
struct con_names_of_c_struct_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:NamesOfC.Enum */
#define CON_NAMES_OF_C_ENUM_TYPE_ID UINT64_C(0xb5898a35a6265664)
enum con_names_of_c_enum {
	CON_NAMES_OF_C_ENUM_FOR = 0,
	CON_NAMES_OF_C_ENUM_WHILE = 1,
};

#define CON_NAMES_OF_C_STATIC UINT8_C(1)

/* constructs.capnp:NamesOfC.Interface */
#define CON_NAMES_OF_C_INTERFACE_ID UINT64_C(0xb76a1a6e303a274a)
struct con_names_of_c_interface_c {
	struct vat_cap *cap;
};
struct con_names_of_c_interface_virtual_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_names_of_c_interface_interface;

/* constructs.capnp:NamesOfC.Interface.virtual$Params */
#define CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_TYPE_ID UINT64_C(0x8a615917367e5377)
#define CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_DATA_WORDS 0
#define CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_PTRS 0
struct con_names_of_c_interface_virtual_params_r {
	struct vat_struct_r s;
};
struct con_names_of_c_interface_virtual_params_b {
	struct vat_struct_b s;
};
struct con_names_of_c_interface_virtual_params_list_r {
	struct vat_list_r l;
};
struct con_names_of_c_interface_virtual_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:NamesOfC.Interface.virtual$Results */
#define CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_TYPE_ID UINT64_C(0xbcc4c1d5489e625f)
#define CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_DATA_WORDS 0
#define CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_PTRS 0
struct con_names_of_c_interface_virtual_results_r {
	struct vat_struct_r s;
};
struct con_names_of_c_interface_virtual_results_b {
	struct vat_struct_b s;
};
struct con_names_of_c_interface_virtual_results_list_r {
	struct vat_list_r l;
};
struct con_names_of_c_interface_virtual_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Outer */
#define CON_OUTER_TYPE_ID UINT64_C(0x8b14d81dc4c7c847)
#define CON_OUTER_DATA_WORDS 0
#define CON_OUTER_PTRS 1
struct con_outer_r {
	struct vat_struct_r s;
};
struct con_outer_b {
	struct vat_struct_b s;
};
struct con_outer_list_r {
	struct vat_list_r l;
};
struct con_outer_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Outer.Middle */
#define CON_OUTER_MIDDLE_TYPE_ID UINT64_C(0xf67f8339cfedc3eb)
#define CON_OUTER_MIDDLE_DATA_WORDS 0
#define CON_OUTER_MIDDLE_PTRS 1
struct con_outer_middle_r {
	struct vat_struct_r s;
};
struct con_outer_middle_b {
	struct vat_struct_b s;
};
struct con_outer_middle_list_r {
	struct vat_list_r l;
};
struct con_outer_middle_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Outer.Middle.Inner */
#define CON_OUTER_MIDDLE_INNER_TYPE_ID UINT64_C(0xfe1e8a2125e4c34a)
#define CON_OUTER_MIDDLE_INNER_DATA_WORDS 1
#define CON_OUTER_MIDDLE_INNER_PTRS 1
struct con_outer_middle_inner_r {
	struct vat_struct_r s;
};
struct con_outer_middle_inner_b {
	struct vat_struct_b s;
};
struct con_outer_middle_inner_list_r {
	struct vat_list_r l;
};
struct con_outer_middle_inner_list_b {
	struct vat_list_b l;
};

#define CON_OUTER_MIDDLE_INNER_DEPTH UINT8_C(3)

/* constructs.capnp:Outer.Middle.Inner.Level */
#define CON_OUTER_MIDDLE_INNER_LEVEL_TYPE_ID UINT64_C(0x8b455508e3171370)
enum con_outer_middle_inner_level {
	CON_OUTER_MIDDLE_INNER_LEVEL_LOW = 0,
	CON_OUTER_MIDDLE_INNER_LEVEL_HIGH = 1,
};

/* constructs.capnp:Renamed */
#define CON_OTHER_NAME_TYPE_ID UINT64_C(0xf34f74dfba49a4a1)
#define CON_OTHER_NAME_DATA_WORDS 1
#define CON_OTHER_NAME_PTRS 0
struct con_other_name_r {
	struct vat_struct_r s;
};
struct con_other_name_b {
	struct vat_struct_b s;
};
struct con_other_name_list_r {
	struct vat_list_r l;
};
struct con_other_name_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Renamed.g */
#define CON_OTHER_NAME_GRP_TYPE_ID UINT64_C(0xcc449082660f6fc2)
struct con_other_name_grp_r {
	struct vat_struct_r s;
};
struct con_other_name_grp_b {
	struct vat_struct_b s;
};

/* constructs.capnp:Marker */
#define CON_MARKER_ID UINT64_C(0xeec3eb621ea1993f)
struct con_marker_c {
	struct vat_cap *cap;
};
extern const struct vat_interface con_marker_interface;

/* constructs.capnp:Base */
#define CON_BASE_ID UINT64_C(0x88689c2a2815ad56)
struct con_base_c {
	struct vat_cap *cap;
};
struct con_base_ping_ctx {
	struct vat_ctx *ctx;
};
struct con_base_nothing_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_base_interface;

/* constructs.capnp:Base.ping$Params */
#define CON_BASE_PING_PARAMS_TYPE_ID UINT64_C(0x8630e0f7342caf63)
#define CON_BASE_PING_PARAMS_DATA_WORDS 1
#define CON_BASE_PING_PARAMS_PTRS 0
struct con_base_ping_params_r {
	struct vat_struct_r s;
};
struct con_base_ping_params_b {
	struct vat_struct_b s;
};
struct con_base_ping_params_list_r {
	struct vat_list_r l;
};
struct con_base_ping_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Base.ping$Results */
#define CON_BASE_PING_RESULTS_TYPE_ID UINT64_C(0xfde7d96ccacda5b0)
#define CON_BASE_PING_RESULTS_DATA_WORDS 0
#define CON_BASE_PING_RESULTS_PTRS 2
struct con_base_ping_results_r {
	struct vat_struct_r s;
};
struct con_base_ping_results_b {
	struct vat_struct_b s;
};
struct con_base_ping_results_p {
	struct vat_pipe p;
};
struct con_base_ping_results_list_r {
	struct vat_list_r l;
};
struct con_base_ping_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Base.nothing$Params */
#define CON_BASE_NOTHING_PARAMS_TYPE_ID UINT64_C(0xe9364faddf046b1b)
#define CON_BASE_NOTHING_PARAMS_DATA_WORDS 0
#define CON_BASE_NOTHING_PARAMS_PTRS 0
struct con_base_nothing_params_r {
	struct vat_struct_r s;
};
struct con_base_nothing_params_b {
	struct vat_struct_b s;
};
struct con_base_nothing_params_list_r {
	struct vat_list_r l;
};
struct con_base_nothing_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Base.nothing$Results */
#define CON_BASE_NOTHING_RESULTS_TYPE_ID UINT64_C(0xd34a2eb60ec5beb3)
#define CON_BASE_NOTHING_RESULTS_DATA_WORDS 0
#define CON_BASE_NOTHING_RESULTS_PTRS 0
struct con_base_nothing_results_r {
	struct vat_struct_r s;
};
struct con_base_nothing_results_b {
	struct vat_struct_b s;
};
struct con_base_nothing_results_list_r {
	struct vat_list_r l;
};
struct con_base_nothing_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Left */
#define CON_LEFT_ID UINT64_C(0xb493b2c0cb85a464)
struct con_left_c {
	struct vat_cap *cap;
};
struct con_left_left_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_left_interface;

/* constructs.capnp:Left.left$Params */
#define CON_LEFT_LEFT_PARAMS_TYPE_ID UINT64_C(0x9c8e78809add3d69)
#define CON_LEFT_LEFT_PARAMS_DATA_WORDS 0
#define CON_LEFT_LEFT_PARAMS_PTRS 0
struct con_left_left_params_r {
	struct vat_struct_r s;
};
struct con_left_left_params_b {
	struct vat_struct_b s;
};
struct con_left_left_params_list_r {
	struct vat_list_r l;
};
struct con_left_left_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Left.left$Results */
#define CON_LEFT_LEFT_RESULTS_TYPE_ID UINT64_C(0xcaf79b86b9fbd34e)
#define CON_LEFT_LEFT_RESULTS_DATA_WORDS 0
#define CON_LEFT_LEFT_RESULTS_PTRS 0
struct con_left_left_results_r {
	struct vat_struct_r s;
};
struct con_left_left_results_b {
	struct vat_struct_b s;
};
struct con_left_left_results_list_r {
	struct vat_list_r l;
};
struct con_left_left_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Right */
#define CON_RIGHT_ID UINT64_C(0x94422e0b2fc0549f)
struct con_right_c {
	struct vat_cap *cap;
};
struct con_right_right_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_right_interface;

/* constructs.capnp:Right.right$Params */
#define CON_RIGHT_RIGHT_PARAMS_TYPE_ID UINT64_C(0x8e533644d79dd620)
#define CON_RIGHT_RIGHT_PARAMS_DATA_WORDS 0
#define CON_RIGHT_RIGHT_PARAMS_PTRS 0
struct con_right_right_params_r {
	struct vat_struct_r s;
};
struct con_right_right_params_b {
	struct vat_struct_b s;
};
struct con_right_right_params_list_r {
	struct vat_list_r l;
};
struct con_right_right_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Right.right$Results */
#define CON_RIGHT_RIGHT_RESULTS_TYPE_ID UINT64_C(0xac8e760334cafdf7)
#define CON_RIGHT_RIGHT_RESULTS_DATA_WORDS 0
#define CON_RIGHT_RIGHT_RESULTS_PTRS 0
struct con_right_right_results_r {
	struct vat_struct_r s;
};
struct con_right_right_results_b {
	struct vat_struct_b s;
};
struct con_right_right_results_list_r {
	struct vat_list_r l;
};
struct con_right_right_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Diamond */
#define CON_DIAMOND_ID UINT64_C(0xc858e5a72b8601c5)
struct con_diamond_c {
	struct vat_cap *cap;
};
struct con_diamond_named_ctx {
	struct vat_ctx *ctx;
};
struct con_diamond_foreign_ctx {
	struct vat_ctx *ctx;
};
struct con_diamond_push_ctx {
	struct vat_ctx *ctx;
};
struct con_diamond_default_ctx {
	struct vat_ctx *ctx;
};
struct con_diamond_holder_ctx {
	struct vat_ctx *ctx;
};
struct con_diamond_method_six_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_diamond_interface;

/* constructs.capnp:Diamond.push$Params */
#define CON_DIAMOND_PUSH_PARAMS_TYPE_ID UINT64_C(0xf741d266fce2b0a1)
#define CON_DIAMOND_PUSH_PARAMS_DATA_WORDS 0
#define CON_DIAMOND_PUSH_PARAMS_PTRS 1
struct con_diamond_push_params_r {
	struct vat_struct_r s;
};
struct con_diamond_push_params_b {
	struct vat_struct_b s;
};
struct con_diamond_push_params_list_r {
	struct vat_list_r l;
};
struct con_diamond_push_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Diamond.default$Params */
#define CON_DIAMOND_DEFAULT_PARAMS_TYPE_ID UINT64_C(0xe7168388f32ae002)
#define CON_DIAMOND_DEFAULT_PARAMS_DATA_WORDS 0
#define CON_DIAMOND_DEFAULT_PARAMS_PTRS 1
struct con_diamond_default_params_r {
	struct vat_struct_r s;
};
struct con_diamond_default_params_b {
	struct vat_struct_b s;
};
struct con_diamond_default_params_list_r {
	struct vat_list_r l;
};
struct con_diamond_default_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Diamond.default$Results */
#define CON_DIAMOND_DEFAULT_RESULTS_TYPE_ID UINT64_C(0xb39a711b39c31ccf)
#define CON_DIAMOND_DEFAULT_RESULTS_DATA_WORDS 0
#define CON_DIAMOND_DEFAULT_RESULTS_PTRS 1
struct con_diamond_default_results_r {
	struct vat_struct_r s;
};
struct con_diamond_default_results_b {
	struct vat_struct_b s;
};
struct con_diamond_default_results_p {
	struct vat_pipe p;
};
struct con_diamond_default_results_list_r {
	struct vat_list_r l;
};
struct con_diamond_default_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Diamond.holder$Params */
#define CON_DIAMOND_HOLDER_PARAMS_TYPE_ID UINT64_C(0xcc6dea1095faf5da)
#define CON_DIAMOND_HOLDER_PARAMS_DATA_WORDS 0
#define CON_DIAMOND_HOLDER_PARAMS_PTRS 0
struct con_diamond_holder_params_r {
	struct vat_struct_r s;
};
struct con_diamond_holder_params_b {
	struct vat_struct_b s;
};
struct con_diamond_holder_params_list_r {
	struct vat_list_r l;
};
struct con_diamond_holder_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Diamond.holder$Results */
#define CON_DIAMOND_HOLDER_RESULTS_TYPE_ID UINT64_C(0x8436530867712058)
#define CON_DIAMOND_HOLDER_RESULTS_DATA_WORDS 1
#define CON_DIAMOND_HOLDER_RESULTS_PTRS 3
struct con_diamond_holder_results_r {
	struct vat_struct_r s;
};
struct con_diamond_holder_results_b {
	struct vat_struct_b s;
};
struct con_diamond_holder_results_p {
	struct vat_pipe p;
};
struct con_diamond_holder_results_list_r {
	struct vat_list_r l;
};
struct con_diamond_holder_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Diamond.renamedMethod$Params */
#define CON_DIAMOND_METHOD_SIX_PARAMS_TYPE_ID UINT64_C(0xe3400500573d539f)
#define CON_DIAMOND_METHOD_SIX_PARAMS_DATA_WORDS 0
#define CON_DIAMOND_METHOD_SIX_PARAMS_PTRS 1
struct con_diamond_method_six_params_r {
	struct vat_struct_r s;
};
struct con_diamond_method_six_params_b {
	struct vat_struct_b s;
};
struct con_diamond_method_six_params_list_r {
	struct vat_list_r l;
};
struct con_diamond_method_six_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Diamond.renamedMethod$Results */
#define CON_DIAMOND_METHOD_SIX_RESULTS_TYPE_ID UINT64_C(0xc4b07e614f7aaa31)
#define CON_DIAMOND_METHOD_SIX_RESULTS_DATA_WORDS 0
#define CON_DIAMOND_METHOD_SIX_RESULTS_PTRS 0
struct con_diamond_method_six_results_r {
	struct vat_struct_r s;
};
struct con_diamond_method_six_results_b {
	struct vat_struct_b s;
};
struct con_diamond_method_six_results_list_r {
	struct vat_list_r l;
};
struct con_diamond_method_six_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:SameName */
#define CON_SAME_NAME_ID UINT64_C(0xc16655727f01aed7)
struct con_same_name_c {
	struct vat_cap *cap;
};
extern const struct vat_interface con_same_name_interface;

/* constructs.capnp:Twin */
#define CON_TWIN_ID UINT64_C(0xd0ce0e5ad3afa13b)
struct con_twin_c {
	struct vat_cap *cap;
};
struct con_twin_here_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_twin_interface;

/* constructs.capnp:Twin.here$Params */
#define CON_TWIN_HERE_PARAMS_TYPE_ID UINT64_C(0xcb75b2c8c8002cfc)
#define CON_TWIN_HERE_PARAMS_DATA_WORDS 0
#define CON_TWIN_HERE_PARAMS_PTRS 0
struct con_twin_here_params_r {
	struct vat_struct_r s;
};
struct con_twin_here_params_b {
	struct vat_struct_b s;
};
struct con_twin_here_params_list_r {
	struct vat_list_r l;
};
struct con_twin_here_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Twin.here$Results */
#define CON_TWIN_HERE_RESULTS_TYPE_ID UINT64_C(0xeefe506ed32a2110)
#define CON_TWIN_HERE_RESULTS_DATA_WORDS 0
#define CON_TWIN_HERE_RESULTS_PTRS 0
struct con_twin_here_results_r {
	struct vat_struct_r s;
};
struct con_twin_here_results_b {
	struct vat_struct_b s;
};
struct con_twin_here_results_list_r {
	struct vat_list_r l;
};
struct con_twin_here_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Holding */
#define CON_HOLDING_TYPE_ID UINT64_C(0xab3e2d95e1c995e3)
#define CON_HOLDING_DATA_WORDS 1
#define CON_HOLDING_PTRS 5
struct con_holding_r {
	struct vat_struct_r s;
};
struct con_holding_b {
	struct vat_struct_b s;
};
struct con_holding_p {
	struct vat_pipe p;
};
struct con_holding_list_r {
	struct vat_list_r l;
};
struct con_holding_list_b {
	struct vat_list_b l;
};
enum { /* con_holding_which() */
	CON_HOLDING_WHICH_MAYBE = 0,
	CON_HOLDING_WHICH_NOT = 1,
};

/* constructs.capnp:Holding.in */
#define CON_HOLDING_IN_TYPE_ID UINT64_C(0x89285d0dbee1ab0d)
struct con_holding_in_r {
	struct vat_struct_r s;
};
struct con_holding_in_b {
	struct vat_struct_b s;
};
struct con_holding_in_p {
	struct vat_pipe p;
};

/* constructs.capnp:Store */
#define CON_STORE_ID UINT64_C(0xb6bc75acc0cbc777)
struct con_store_c {
	struct vat_cap *cap;
};
struct con_store_get_ctx {
	struct vat_ctx *ctx;
};
struct con_store_put_ctx {
	struct vat_ctx *ctx;
};
struct con_store_sub_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_store_interface;

/* constructs.capnp:Store.get$Params */
#define CON_STORE_GET_PARAMS_TYPE_ID UINT64_C(0xb5a92ae752d15874)
#define CON_STORE_GET_PARAMS_DATA_WORDS 0
#define CON_STORE_GET_PARAMS_PTRS 1
struct con_store_get_params_r {
	struct vat_struct_r s;
};
struct con_store_get_params_b {
	struct vat_struct_b s;
};
struct con_store_get_params_list_r {
	struct vat_list_r l;
};
struct con_store_get_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Store.get$Results */
#define CON_STORE_GET_RESULTS_TYPE_ID UINT64_C(0xd8e36206b7898f35)
#define CON_STORE_GET_RESULTS_DATA_WORDS 0
#define CON_STORE_GET_RESULTS_PTRS 1
struct con_store_get_results_r {
	struct vat_struct_r s;
};
struct con_store_get_results_b {
	struct vat_struct_b s;
};
struct con_store_get_results_p {
	struct vat_pipe p;
};
struct con_store_get_results_list_r {
	struct vat_list_r l;
};
struct con_store_get_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Store.put$Params */
#define CON_STORE_PUT_PARAMS_TYPE_ID UINT64_C(0xcb9f8915c32da995)
#define CON_STORE_PUT_PARAMS_DATA_WORDS 0
#define CON_STORE_PUT_PARAMS_PTRS 2
struct con_store_put_params_r {
	struct vat_struct_r s;
};
struct con_store_put_params_b {
	struct vat_struct_b s;
};
struct con_store_put_params_p {
	struct vat_pipe p;
};
struct con_store_put_params_list_r {
	struct vat_list_r l;
};
struct con_store_put_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Store.put$Results */
#define CON_STORE_PUT_RESULTS_TYPE_ID UINT64_C(0xd9306e103a25c7ea)
#define CON_STORE_PUT_RESULTS_DATA_WORDS 0
#define CON_STORE_PUT_RESULTS_PTRS 0
struct con_store_put_results_r {
	struct vat_struct_r s;
};
struct con_store_put_results_b {
	struct vat_struct_b s;
};
struct con_store_put_results_list_r {
	struct vat_list_r l;
};
struct con_store_put_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Store.sub$Params */
#define CON_STORE_SUB_PARAMS_TYPE_ID UINT64_C(0xfaf95f41aa205a9f)
#define CON_STORE_SUB_PARAMS_DATA_WORDS 0
#define CON_STORE_SUB_PARAMS_PTRS 0
struct con_store_sub_params_r {
	struct vat_struct_r s;
};
struct con_store_sub_params_b {
	struct vat_struct_b s;
};
struct con_store_sub_params_list_r {
	struct vat_list_r l;
};
struct con_store_sub_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Store.sub$Results */
#define CON_STORE_SUB_RESULTS_TYPE_ID UINT64_C(0xee8ae1b3bdb8a3aa)
#define CON_STORE_SUB_RESULTS_DATA_WORDS 0
#define CON_STORE_SUB_RESULTS_PTRS 1
struct con_store_sub_results_r {
	struct vat_struct_r s;
};
struct con_store_sub_results_b {
	struct vat_struct_b s;
};
struct con_store_sub_results_p {
	struct vat_pipe p;
};
struct con_store_sub_results_list_r {
	struct vat_list_r l;
};
struct con_store_sub_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:TextStore */
#define CON_TEXT_STORE_ID UINT64_C(0xac690b70a90c99ed)
struct con_text_store_c {
	struct vat_cap *cap;
};
extern const struct vat_interface con_text_store_interface;

/* constructs.capnp:Pong */
#define CON_PONG_ID UINT64_C(0xee50a5a6498bbbe2)
struct con_pong_c {
	struct vat_cap *cap;
};
struct con_pong_pong_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_pong_interface;

/* constructs.capnp:Pong.pong$Params */
#define CON_PONG_PONG_PARAMS_TYPE_ID UINT64_C(0xe6440de2c405ac5d)
#define CON_PONG_PONG_PARAMS_DATA_WORDS 0
#define CON_PONG_PONG_PARAMS_PTRS 0
struct con_pong_pong_params_r {
	struct vat_struct_r s;
};
struct con_pong_pong_params_b {
	struct vat_struct_b s;
};
struct con_pong_pong_params_list_r {
	struct vat_list_r l;
};
struct con_pong_pong_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Pong.pong$Results */
#define CON_PONG_PONG_RESULTS_TYPE_ID UINT64_C(0xbb416faac9d0ba9e)
#define CON_PONG_PONG_RESULTS_DATA_WORDS 0
#define CON_PONG_PONG_RESULTS_PTRS 0
struct con_pong_pong_results_r {
	struct vat_struct_r s;
};
struct con_pong_pong_results_b {
	struct vat_struct_b s;
};
struct con_pong_pong_results_list_r {
	struct vat_list_r l;
};
struct con_pong_pong_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Tree */
#define CON_TREE_TYPE_ID UINT64_C(0xe243551bf374212d)
#define CON_TREE_DATA_WORDS 1
#define CON_TREE_PTRS 5
struct con_tree_r {
	struct vat_struct_r s;
};
struct con_tree_b {
	struct vat_struct_b s;
};
struct con_tree_p {
	struct vat_pipe p;
};
struct con_tree_list_r {
	struct vat_list_r l;
};
struct con_tree_list_b {
	struct vat_list_b l;
};
enum { /* con_tree_which() */
	CON_TREE_WHICH_LEAF = 0,
	CON_TREE_WHICH_BRANCH = 1,
};

/* constructs.capnp:Tree.branch */
#define CON_TREE_BRANCH_TYPE_ID UINT64_C(0xb79faa35f40aa22a)
struct con_tree_branch_r {
	struct vat_struct_r s;
};
struct con_tree_branch_b {
	struct vat_struct_b s;
};
struct con_tree_branch_p {
	struct vat_pipe p;
};

/* constructs.capnp:Brands */
#define CON_BRANDS_TYPE_ID UINT64_C(0xef085edfdbc420f2)
#define CON_BRANDS_DATA_WORDS 0
#define CON_BRANDS_PTRS 10
struct con_brands_r {
	struct vat_struct_r s;
};
struct con_brands_b {
	struct vat_struct_b s;
};
struct con_brands_p {
	struct vat_pipe p;
};
struct con_brands_list_r {
	struct vat_list_r l;
};
struct con_brands_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Tower
 * Each floor has another brand: the generator must stop somewhere. */
#define CON_TOWER_TYPE_ID UINT64_C(0xfe66b202a7f6dfc2)
#define CON_TOWER_DATA_WORDS 0
#define CON_TOWER_PTRS 2
struct con_tower_r {
	struct vat_struct_r s;
};
struct con_tower_b {
	struct vat_struct_b s;
};
struct con_tower_p {
	struct vat_pipe p;
};
struct con_tower_list_r {
	struct vat_list_r l;
};
struct con_tower_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Cell */
#define CON_CELL_ID UINT64_C(0xf0e4dfe265931fc5)
struct con_cell_c {
	struct vat_cap *cap;
};
struct con_cell_read_ctx {
	struct vat_ctx *ctx;
};
struct con_cell_write_ctx {
	struct vat_ctx *ctx;
};
struct con_cell_swap_ctx {
	struct vat_ctx *ctx;
};
struct con_cell_named_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_cell_interface;

/* constructs.capnp:Cell.read$Params */
#define CON_CELL_READ_PARAMS_TYPE_ID UINT64_C(0xb7c7078c23da7c9a)
#define CON_CELL_READ_PARAMS_DATA_WORDS 0
#define CON_CELL_READ_PARAMS_PTRS 0
struct con_cell_read_params_r {
	struct vat_struct_r s;
};
struct con_cell_read_params_b {
	struct vat_struct_b s;
};
struct con_cell_read_params_list_r {
	struct vat_list_r l;
};
struct con_cell_read_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Cell.read$Results */
#define CON_CELL_READ_RESULTS_TYPE_ID UINT64_C(0x884bcff2fa4310c9)
#define CON_CELL_READ_RESULTS_DATA_WORDS 0
#define CON_CELL_READ_RESULTS_PTRS 2
struct con_cell_read_results_r {
	struct vat_struct_r s;
};
struct con_cell_read_results_b {
	struct vat_struct_b s;
};
struct con_cell_read_results_p {
	struct vat_pipe p;
};
struct con_cell_read_results_list_r {
	struct vat_list_r l;
};
struct con_cell_read_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Cell.write$Params */
#define CON_CELL_WRITE_PARAMS_TYPE_ID UINT64_C(0xed05aad197c62a99)
#define CON_CELL_WRITE_PARAMS_DATA_WORDS 0
#define CON_CELL_WRITE_PARAMS_PTRS 1
struct con_cell_write_params_r {
	struct vat_struct_r s;
};
struct con_cell_write_params_b {
	struct vat_struct_b s;
};
struct con_cell_write_params_p {
	struct vat_pipe p;
};
struct con_cell_write_params_list_r {
	struct vat_list_r l;
};
struct con_cell_write_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Cell.write$Results */
#define CON_CELL_WRITE_RESULTS_TYPE_ID UINT64_C(0x8efe5cc5c264337c)
#define CON_CELL_WRITE_RESULTS_DATA_WORDS 0
#define CON_CELL_WRITE_RESULTS_PTRS 0
struct con_cell_write_results_r {
	struct vat_struct_r s;
};
struct con_cell_write_results_b {
	struct vat_struct_b s;
};
struct con_cell_write_results_list_r {
	struct vat_list_r l;
};
struct con_cell_write_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Cell.swap$Params */
#define CON_CELL_SWAP_PARAMS_TYPE_ID UINT64_C(0x8b68d2223a69cb88)
#define CON_CELL_SWAP_PARAMS_DATA_WORDS 0
#define CON_CELL_SWAP_PARAMS_PTRS 2
struct con_cell_swap_params_r {
	struct vat_struct_r s;
};
struct con_cell_swap_params_b {
	struct vat_struct_b s;
};
struct con_cell_swap_params_p {
	struct vat_pipe p;
};
struct con_cell_swap_params_list_r {
	struct vat_list_r l;
};
struct con_cell_swap_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Cell.swap$Results */
#define CON_CELL_SWAP_RESULTS_TYPE_ID UINT64_C(0xb8ed01f414c20721)
#define CON_CELL_SWAP_RESULTS_DATA_WORDS 0
#define CON_CELL_SWAP_RESULTS_PTRS 2
struct con_cell_swap_results_r {
	struct vat_struct_r s;
};
struct con_cell_swap_results_b {
	struct vat_struct_b s;
};
struct con_cell_swap_results_p {
	struct vat_pipe p;
};
struct con_cell_swap_results_list_r {
	struct vat_list_r l;
};
struct con_cell_swap_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:CellBase */
#define CON_CELL_BASE_ID UINT64_C(0xfb905dcf7e473d3c)
struct con_cell_base_c {
	struct vat_cap *cap;
};
extern const struct vat_interface con_cell_base_interface;

/* constructs.capnp:CellUser */
#define CON_CELL_USER_ID UINT64_C(0xc90d5bd391c815e2)
struct con_cell_user_c {
	struct vat_cap *cap;
};
struct con_cell_user_cell_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_cell_user_interface;

/* constructs.capnp:CellUser.cell$Params */
#define CON_CELL_USER_CELL_PARAMS_TYPE_ID UINT64_C(0xedc842c9934234ce)
#define CON_CELL_USER_CELL_PARAMS_DATA_WORDS 0
#define CON_CELL_USER_CELL_PARAMS_PTRS 0
struct con_cell_user_cell_params_r {
	struct vat_struct_r s;
};
struct con_cell_user_cell_params_b {
	struct vat_struct_b s;
};
struct con_cell_user_cell_params_list_r {
	struct vat_list_r l;
};
struct con_cell_user_cell_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:CellUser.cell$Results */
#define CON_CELL_USER_CELL_RESULTS_TYPE_ID UINT64_C(0xcd6832a142576d27)
#define CON_CELL_USER_CELL_RESULTS_DATA_WORDS 0
#define CON_CELL_USER_CELL_RESULTS_PTRS 1
struct con_cell_user_cell_results_r {
	struct vat_struct_r s;
};
struct con_cell_user_cell_results_b {
	struct vat_struct_b s;
};
struct con_cell_user_cell_results_p {
	struct vat_pipe p;
};
struct con_cell_user_cell_results_list_r {
	struct vat_list_r l;
};
struct con_cell_user_cell_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Deep */
#define CON_DEEP_TYPE_ID UINT64_C(0xde3eecce791d9ad0)
#define CON_DEEP_DATA_WORDS 1
#define CON_DEEP_PTRS 5
struct con_deep_r {
	struct vat_struct_r s;
};
struct con_deep_b {
	struct vat_struct_b s;
};
struct con_deep_p {
	struct vat_pipe p;
};
struct con_deep_list_r {
	struct vat_list_r l;
};
struct con_deep_list_b {
	struct vat_list_b l;
};
enum { /* con_deep_which() */
	CON_DEEP_WHICH_EITHER = 0,
	CON_DEEP_WHICH_OR = 1,
	CON_DEEP_WHICH_NUMBER = 2,
};

/* constructs.capnp:Deep.one */
#define CON_DEEP_ONE_TYPE_ID UINT64_C(0xa4fd5f52c568fcef)
struct con_deep_one_r {
	struct vat_struct_r s;
};
struct con_deep_one_b {
	struct vat_struct_b s;
};
struct con_deep_one_p {
	struct vat_pipe p;
};

/* constructs.capnp:Dive */
#define CON_DIVE_ID UINT64_C(0xd16c1598c14a1b3d)
struct con_dive_c {
	struct vat_cap *cap;
};
struct con_dive_dive_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_dive_interface;

/* constructs.capnp:Dive.dive$Params */
#define CON_DIVE_DIVE_PARAMS_TYPE_ID UINT64_C(0xa1a42f40668a3b1e)
#define CON_DIVE_DIVE_PARAMS_DATA_WORDS 0
#define CON_DIVE_DIVE_PARAMS_PTRS 0
struct con_dive_dive_params_r {
	struct vat_struct_r s;
};
struct con_dive_dive_params_b {
	struct vat_struct_b s;
};
struct con_dive_dive_params_list_r {
	struct vat_list_r l;
};
struct con_dive_dive_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Dive.dive$Results */
#define CON_DIVE_DIVE_RESULTS_TYPE_ID UINT64_C(0xef4e65b80fc3aee3)
#define CON_DIVE_DIVE_RESULTS_DATA_WORDS 0
#define CON_DIVE_DIVE_RESULTS_PTRS 1
struct con_dive_dive_results_r {
	struct vat_struct_r s;
};
struct con_dive_dive_results_b {
	struct vat_struct_b s;
};
struct con_dive_dive_results_p {
	struct vat_pipe p;
};
struct con_dive_dive_results_list_r {
	struct vat_list_r l;
};
struct con_dive_dive_results_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:AnyLists */
#define CON_ANY_LISTS_TYPE_ID UINT64_C(0x982e61b07b45e96d)
#define CON_ANY_LISTS_DATA_WORDS 0
#define CON_ANY_LISTS_PTRS 2
struct con_any_lists_r {
	struct vat_struct_r s;
};
struct con_any_lists_b {
	struct vat_struct_b s;
};
struct con_any_lists_list_r {
	struct vat_list_r l;
};
struct con_any_lists_list_b {
	struct vat_list_b l;
};

#define CON_GREEN_CONST UINT16_C(1)

#define CON_NAN_DOUBLE __builtin_nan("")

/* constructs.capnp:NanDefaults */
#define CON_NAN_DEFAULTS_TYPE_ID UINT64_C(0x8d707a20efeb3091)
#define CON_NAN_DEFAULTS_DATA_WORDS 2
#define CON_NAN_DEFAULTS_PTRS 0
struct con_nan_defaults_r {
	struct vat_struct_r s;
};
struct con_nan_defaults_b {
	struct vat_struct_b s;
};
struct con_nan_defaults_list_r {
	struct vat_list_r l;
};
struct con_nan_defaults_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Annotated */
#define CON_ANNOTATED_TYPE_ID UINT64_C(0xfd4fba22be3ac31d)
#define CON_ANNOTATED_DATA_WORDS 1
#define CON_ANNOTATED_PTRS 0
struct con_annotated_r {
	struct vat_struct_r s;
};
struct con_annotated_b {
	struct vat_struct_b s;
};
struct con_annotated_list_r {
	struct vat_list_r l;
};
struct con_annotated_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Thing
 * Things whose names are those of list types. */
#define CON_THING_TYPE_ID UINT64_C(0x9c33f3762ea12b45)
#define CON_THING_DATA_WORDS 1
#define CON_THING_PTRS 3
struct con_thing_r {
	struct vat_struct_r s;
};
struct con_thing_b {
	struct vat_struct_b s;
};
struct con_thing_list_r {
	struct vat_list_r l;
};
struct con_thing_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Thing.list */
#define CON_THING_LIST_GROUP_TYPE_ID UINT64_C(0xf287608b0ce00276)
struct con_thing_list_group_r {
	struct vat_struct_r s;
};
struct con_thing_list_group_b {
	struct vat_struct_b s;
};

/* constructs.capnp:ThingList */
#define CON_THING_LIST_TYPE_TYPE_ID UINT64_C(0x84cafa9fbeb9bbf9)
#define CON_THING_LIST_TYPE_DATA_WORDS 0
#define CON_THING_LIST_TYPE_PTRS 1
struct con_thing_list_type_r {
	struct vat_struct_r s;
};
struct con_thing_list_type_b {
	struct vat_struct_b s;
};
struct con_thing_list_type_list_r {
	struct vat_list_r l;
};
struct con_thing_list_type_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Saver */
#define CON_SAVER_ID UINT64_C(0x8d782b93c87270b7)
struct con_saver_c {
	struct vat_cap *cap;
};
struct con_saver_save_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface con_saver_interface;

/* constructs.capnp:Saver.SaveParams */
#define CON_SAVER_SAVE_PARAMS_TYPE_ID UINT64_C(0xa958ac7502ae0b6a)
#define CON_SAVER_SAVE_PARAMS_DATA_WORDS 1
#define CON_SAVER_SAVE_PARAMS_PTRS 0
struct con_saver_save_params_r {
	struct vat_struct_r s;
};
struct con_saver_save_params_b {
	struct vat_struct_b s;
};
struct con_saver_save_params_list_r {
	struct vat_list_r l;
};
struct con_saver_save_params_list_b {
	struct vat_list_b l;
};

/* constructs.capnp:Saver.SaveResults */
#define CON_SAVER_SAVE_RESULTS_TYPE_ID UINT64_C(0xe1a1199d757b026d)
#define CON_SAVER_SAVE_RESULTS_DATA_WORDS 1
#define CON_SAVER_SAVE_RESULTS_PTRS 0
struct con_saver_save_results_r {
	struct vat_struct_r s;
};
struct con_saver_save_results_b {
	struct vat_struct_b s;
};
struct con_saver_save_results_list_r {
	struct vat_list_r l;
};
struct con_saver_save_results_list_b {
	struct vat_list_b l;
};

#ifdef __cplusplus
}
#endif

#include "constructs-other.capnp.h"
#ifdef __cplusplus
extern "C" {
#endif

#ifndef CON_NAMES_OF_C_INTERFACE_IMPL_
#define CON_NAMES_OF_C_INTERFACE_IMPL_
struct con_names_of_c_interface_impl {
	void (*virtual_)(void *self, struct con_names_of_c_interface_virtual_ctx cx);
};
#endif

#ifndef CON_MARKER_IMPL_
#define CON_MARKER_IMPL_
struct con_marker_impl {
	char no_methods; /* an empty struct is not standard C */
};
#endif

#ifndef CON_BASE_IMPL_
#define CON_BASE_IMPL_
struct con_base_impl {
	void (*ping)(void *self, struct con_base_ping_ctx cx);
	void (*nothing)(void *self, struct con_base_nothing_ctx cx);
};
#endif

#ifndef CON_LEFT_IMPL_
#define CON_LEFT_IMPL_
struct con_left_impl {
	struct con_base_impl base;
	void (*left)(void *self, struct con_left_left_ctx cx);
};
#endif

#ifndef CON_RIGHT_IMPL_
#define CON_RIGHT_IMPL_
struct con_right_impl {
	struct con_base_impl base;
	void (*right)(void *self, struct con_right_right_ctx cx);
};
#endif

#ifndef CONSTRUCTS_OTHER_FOREIGNER_IMPL_
#define CONSTRUCTS_OTHER_FOREIGNER_IMPL_
struct constructs_other_foreigner_visit_ctx;
struct constructs_other_foreigner_impl {
	void (*visit)(void *self, struct constructs_other_foreigner_visit_ctx cx);
};
#endif

#ifndef CON_DIAMOND_IMPL_
#define CON_DIAMOND_IMPL_
struct con_diamond_impl {
	struct con_left_impl left;
	struct con_right_impl right;
	struct con_marker_impl marker;
	struct constructs_other_foreigner_impl foreigner;
	void (*named)(void *self, struct con_diamond_named_ctx cx);
	void (*foreign)(void *self, struct con_diamond_foreign_ctx cx);
	void (*push)(void *self, struct con_diamond_push_ctx cx);
	void (*default_)(void *self, struct con_diamond_default_ctx cx);
	void (*holder)(void *self, struct con_diamond_holder_ctx cx);
	void (*method_six)(void *self, struct con_diamond_method_six_ctx cx);
};
#endif

#ifndef CONSTRUCTS_OTHER_TWIN_IMPL_
#define CONSTRUCTS_OTHER_TWIN_IMPL_
struct constructs_other_twin_there_ctx;
struct constructs_other_twin_impl {
	void (*there)(void *self, struct constructs_other_twin_there_ctx cx);
};
#endif

#ifndef CON_TWIN_IMPL_
#define CON_TWIN_IMPL_
struct con_twin_impl {
	void (*here)(void *self, struct con_twin_here_ctx cx);
};
#endif

#ifndef CON_SAME_NAME_IMPL_
#define CON_SAME_NAME_IMPL_
struct con_same_name_impl {
	struct constructs_other_twin_impl constructs_other_twin;
	struct con_twin_impl con_twin;
};
#endif

#ifndef CON_STORE_IMPL_
#define CON_STORE_IMPL_
struct con_store_impl {
	void (*get)(void *self, struct con_store_get_ctx cx);
	void (*put)(void *self, struct con_store_put_ctx cx);
	void (*sub)(void *self, struct con_store_sub_ctx cx);
};
#endif

#ifndef CON_TEXT_STORE_IMPL_
#define CON_TEXT_STORE_IMPL_
struct con_text_store_impl {
	struct con_store_impl store;
};
#endif

#ifndef CONSTRUCTS_OTHER_BOTTOM_IMPL_
#define CONSTRUCTS_OTHER_BOTTOM_IMPL_
struct constructs_other_bottom_bottom_ctx;
struct constructs_other_bottom_impl {
	void (*bottom)(void *self, struct constructs_other_bottom_bottom_ctx cx);
};
#endif

#ifndef CON_PONG_IMPL_
#define CON_PONG_IMPL_
struct con_pong_impl {
	struct constructs_other_bottom_impl bottom;
	void (*pong)(void *self, struct con_pong_pong_ctx cx);
};
#endif

#ifndef CON_CELL_IMPL_
#define CON_CELL_IMPL_
struct con_cell_impl {
	void (*read)(void *self, struct con_cell_read_ctx cx);
	void (*write)(void *self, struct con_cell_write_ctx cx);
	void (*swap)(void *self, struct con_cell_swap_ctx cx);
	void (*named)(void *self, struct con_cell_named_ctx cx);
};
#endif

#ifndef CON_CELL_BASE_IMPL_
#define CON_CELL_BASE_IMPL_
struct con_cell_base_impl {
	struct con_cell_impl cell;
};
#endif

#ifndef CON_CELL_USER_IMPL_
#define CON_CELL_USER_IMPL_
struct con_cell_user_impl {
	void (*cell)(void *self, struct con_cell_user_cell_ctx cx);
};
#endif

#ifndef CON_DIVE_IMPL_
#define CON_DIVE_IMPL_
struct con_dive_impl {
	void (*dive)(void *self, struct con_dive_dive_ctx cx);
};
#endif

#ifndef CON_SAVER_IMPL_
#define CON_SAVER_IMPL_
struct con_saver_impl {
	void (*save)(void *self, struct con_saver_save_ctx cx);
};
#endif

#ifdef __cplusplus
}
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct con_names_of_c_interface_virtual_req {
	struct vat_call *call;
	struct con_names_of_c_interface_virtual_params_b params;
};

struct con_base_ping_req {
	struct vat_call *call;
	struct con_base_ping_params_b params;
};
struct con_base_nothing_req {
	struct vat_call *call;
	struct con_base_nothing_params_b params;
};

struct con_left_left_req {
	struct vat_call *call;
	struct con_left_left_params_b params;
};

struct con_right_right_req {
	struct vat_call *call;
	struct con_right_right_params_b params;
};

struct con_diamond_named_req {
	struct vat_call *call;
	struct con_scalars_b params;
};
struct con_diamond_foreign_req {
	struct vat_call *call;
	struct constructs_other_foreign_b params;
};
struct con_diamond_push_req {
	struct vat_call *call;
	struct con_diamond_push_params_b params;
};
struct con_diamond_default_req {
	struct vat_call *call;
	struct con_diamond_default_params_b params;
};
struct con_diamond_holder_req {
	struct vat_call *call;
	struct con_diamond_holder_params_b params;
};
struct con_diamond_method_six_req {
	struct vat_call *call;
	struct con_diamond_method_six_params_b params;
};

struct con_twin_here_req {
	struct vat_call *call;
	struct con_twin_here_params_b params;
};

struct con_store_get_req {
	struct vat_call *call;
	struct con_store_get_params_b params;
};
struct con_store_put_req {
	struct vat_call *call;
	struct con_store_put_params_b params;
};
struct con_store_sub_req {
	struct vat_call *call;
	struct con_store_sub_params_b params;
};

struct con_pong_pong_req {
	struct vat_call *call;
	struct con_pong_pong_params_b params;
};

struct con_cell_read_req {
	struct vat_call *call;
	struct con_cell_read_params_b params;
};
struct con_cell_write_req {
	struct vat_call *call;
	struct con_cell_write_params_b params;
};
struct con_cell_swap_req {
	struct vat_call *call;
	struct con_cell_swap_params_b params;
};
struct con_cell_named_req {
	struct vat_call *call;
	struct constructs_other_pair_b params;
};

struct con_cell_user_cell_req {
	struct vat_call *call;
	struct con_cell_user_cell_params_b params;
};

struct con_dive_dive_req {
	struct vat_call *call;
	struct con_dive_dive_params_b params;
};

struct con_saver_save_req {
	struct vat_call *call;
	struct con_saver_save_params_b params;
};

extern const struct vat_default con_a_scalars_value;

static inline struct con_scalars_r con_a_scalars(void)
{
	struct vat_ptr_r p = {NULL, NULL, 0, 0};
	struct con_scalars_r ret = {vat_ptr_struct(p, &con_a_scalars_value)};
	return ret;
}

extern const struct vat_default con_a_number_list_value;

static inline struct vat_list_r con_a_number_list(void)
{
	struct vat_ptr_r p = {NULL, NULL, 0, 0};
	return vat_ptr_list(p, VAT_ELEM_TWO, &con_a_number_list_value);
}

extern const struct vat_default con_a_text_list_value;

static inline struct vat_list_r con_a_text_list(void)
{
	struct vat_ptr_r p = {NULL, NULL, 0, 0};
	return vat_ptr_list(p, VAT_ELEM_POINTER, &con_a_text_list_value);
}

extern const struct vat_default con_a_struct_list_value;

static inline struct con_scalars_list_r con_a_struct_list(void)
{
	struct vat_ptr_r p = {NULL, NULL, 0, 0};
	struct con_scalars_list_r ret = {
		vat_ptr_list(p, VAT_ELEM_STRUCT, &con_a_struct_list_value)};
	return ret;
}

extern const struct vat_default con_a_matrix_value;

static inline struct vat_list_r con_a_matrix(void)
{
	struct vat_ptr_r p = {NULL, NULL, 0, 0};
	return vat_ptr_list(p, VAT_ELEM_POINTER, &con_a_matrix_value);
}

/* ---- constructs.capnp:Empty */

static inline struct con_empty_r con_empty_from(struct vat_ptr_r p)
{
	struct con_empty_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_empty_b con_empty_init(struct vat_ptr_b p)
{
	struct con_empty_b ret = {vat_init_struct(p, CON_EMPTY_DATA_WORDS, CON_EMPTY_PTRS)};
	return ret;
}

static inline struct con_empty_r con_empty_root(struct vat_message *m)
{
	struct con_empty_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_empty_b con_empty_init_root(struct vat_message *m)
{
	struct con_empty_b ret = {
		vat_init_struct(vat_root_b(m), CON_EMPTY_DATA_WORDS, CON_EMPTY_PTRS)};
	return ret;
}

static inline struct con_empty_b con_empty_edit_root(struct vat_message *m)
{
	struct con_empty_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_EMPTY_DATA_WORDS, CON_EMPTY_PTRS, NULL)};
	return ret;
}

static inline void con_empty_set_root(struct vat_message *m, struct con_empty_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_empty_r con_empty_at(struct con_empty_list_r list, uint32_t i)
{
	struct con_empty_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_empty_b con_empty_at_b(struct con_empty_list_b list, uint32_t i)
{
	struct con_empty_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_empty_list_r con_empty_list_b_r(struct con_empty_list_b list)
{
	struct con_empty_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_empty_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_EMPTY_TYPE_ID};
	return ret;
}

static inline struct con_empty_r con_empty_b_r(struct con_empty_b b)
{
	struct con_empty_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Scalars */

static inline struct con_scalars_r con_scalars_from(struct vat_ptr_r p)
{
	struct con_scalars_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_scalars_b con_scalars_init(struct vat_ptr_b p)
{
	struct con_scalars_b ret = {vat_init_struct(p, CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_r con_scalars_root(struct vat_message *m)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_scalars_b con_scalars_init_root(struct vat_message *m)
{
	struct con_scalars_b ret = {
		vat_init_struct(vat_root_b(m), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b con_scalars_edit_root(struct vat_message *m)
{
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

static inline void con_scalars_set_root(struct vat_message *m, struct con_scalars_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_scalars_r con_scalars_at(struct con_scalars_list_r list, uint32_t i)
{
	struct con_scalars_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_scalars_b con_scalars_at_b(struct con_scalars_list_b list, uint32_t i)
{
	struct con_scalars_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_scalars_list_r con_scalars_list_b_r(struct con_scalars_list_b list)
{
	struct con_scalars_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_scalars_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_SCALARS_TYPE_ID};
	return ret;
}

static inline struct con_scalars_r con_scalars_b_r(struct con_scalars_b b)
{
	struct con_scalars_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline bool con_scalars_get_bool(struct con_scalars_r r)
{
	return vat_r_bool(r.s, 0, false);
}

static inline void con_scalars_set_bool(struct con_scalars_b b, bool v)
{
	vat_w_bool(b.s, 0, v, false);
}

static inline int8_t con_scalars_get_i8(struct con_scalars_r r)
{
	return vat_r_i8(r.s, 1, 0);
}

static inline void con_scalars_set_i8(struct con_scalars_b b, int8_t v)
{
	vat_w_i8(b.s, 1, v, 0);
}

static inline int16_t con_scalars_get_i16(struct con_scalars_r r)
{
	return vat_r_i16(r.s, 1, 0);
}

static inline void con_scalars_set_i16(struct con_scalars_b b, int16_t v)
{
	vat_w_i16(b.s, 1, v, 0);
}

static inline int32_t con_scalars_get_i32(struct con_scalars_r r)
{
	return vat_r_i32(r.s, 1, 0);
}

static inline void con_scalars_set_i32(struct con_scalars_b b, int32_t v)
{
	vat_w_i32(b.s, 1, v, 0);
}

static inline int64_t con_scalars_get_i64(struct con_scalars_r r)
{
	return vat_r_i64(r.s, 1, 0);
}

static inline void con_scalars_set_i64(struct con_scalars_b b, int64_t v)
{
	vat_w_i64(b.s, 1, v, 0);
}

static inline uint8_t con_scalars_get_u8(struct con_scalars_r r)
{
	return vat_r_u8(r.s, 16, 0);
}

static inline void con_scalars_set_u8(struct con_scalars_b b, uint8_t v)
{
	vat_w_u8(b.s, 16, v, 0);
}

static inline uint16_t con_scalars_get_u16(struct con_scalars_r r)
{
	return vat_r_u16(r.s, 9, 0);
}

static inline void con_scalars_set_u16(struct con_scalars_b b, uint16_t v)
{
	vat_w_u16(b.s, 9, v, 0);
}

static inline uint32_t con_scalars_get_u32(struct con_scalars_r r)
{
	return vat_r_u32(r.s, 5, 0);
}

static inline void con_scalars_set_u32(struct con_scalars_b b, uint32_t v)
{
	vat_w_u32(b.s, 5, v, 0);
}

static inline uint64_t con_scalars_get_u64(struct con_scalars_r r)
{
	return vat_r_u64(r.s, 3, 0);
}

static inline void con_scalars_set_u64(struct con_scalars_b b, uint64_t v)
{
	vat_w_u64(b.s, 3, v, 0);
}

static inline float con_scalars_get_f32(struct con_scalars_r r)
{
	return vat_r_f32(r.s, 8, 0);
}

static inline void con_scalars_set_f32(struct con_scalars_b b, float v)
{
	vat_w_f32(b.s, 8, v, 0);
}

static inline double con_scalars_get_f64(struct con_scalars_r r)
{
	return vat_r_f64(r.s, 5, 0);
}

static inline void con_scalars_set_f64(struct con_scalars_b b, double v)
{
	vat_w_f64(b.s, 5, v, 0);
}

static inline uint16_t con_scalars_get_color(struct con_scalars_r r)
{
	return vat_r_u16(r.s, 18, 0);
}

static inline void con_scalars_set_color(struct con_scalars_b b, uint16_t v)
{
	vat_w_u16(b.s, 18, v, 0);
}

/* ---- constructs.capnp:Defaults */

static inline struct con_defaults_r con_defaults_from(struct vat_ptr_r p)
{
	struct con_defaults_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_defaults_b con_defaults_init(struct vat_ptr_b p)
{
	struct con_defaults_b ret = {
		vat_init_struct(p, CON_DEFAULTS_DATA_WORDS, CON_DEFAULTS_PTRS)};
	return ret;
}

static inline struct con_defaults_r con_defaults_root(struct vat_message *m)
{
	struct con_defaults_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_defaults_b con_defaults_init_root(struct vat_message *m)
{
	struct con_defaults_b ret = {
		vat_init_struct(vat_root_b(m), CON_DEFAULTS_DATA_WORDS, CON_DEFAULTS_PTRS)};
	return ret;
}

static inline struct con_defaults_b con_defaults_edit_root(struct vat_message *m)
{
	struct con_defaults_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DEFAULTS_DATA_WORDS, CON_DEFAULTS_PTRS, NULL)};
	return ret;
}

static inline void con_defaults_set_root(struct vat_message *m, struct con_defaults_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_defaults_r con_defaults_at(struct con_defaults_list_r list, uint32_t i)
{
	struct con_defaults_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_defaults_b con_defaults_at_b(struct con_defaults_list_b list, uint32_t i)
{
	struct con_defaults_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_defaults_list_r con_defaults_list_b_r(struct con_defaults_list_b list)
{
	struct con_defaults_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_defaults_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DEFAULTS_TYPE_ID};
	return ret;
}

static inline struct con_defaults_r con_defaults_b_r(struct con_defaults_b b)
{
	struct con_defaults_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline bool con_defaults_get_bool(struct con_defaults_r r)
{
	return vat_r_bool(r.s, 0, true);
}

static inline void con_defaults_set_bool(struct con_defaults_b b, bool v)
{
	vat_w_bool(b.s, 0, v, true);
}

static inline int8_t con_defaults_get_i8(struct con_defaults_r r)
{
	return vat_r_i8(r.s, 1, 248);
}

static inline void con_defaults_set_i8(struct con_defaults_b b, int8_t v)
{
	vat_w_i8(b.s, 1, v, 248);
}

static inline int16_t con_defaults_get_i16(struct con_defaults_r r)
{
	return vat_r_i16(r.s, 1, 65520);
}

static inline void con_defaults_set_i16(struct con_defaults_b b, int16_t v)
{
	vat_w_i16(b.s, 1, v, 65520);
}

static inline int32_t con_defaults_get_i32(struct con_defaults_r r)
{
	return vat_r_i32(r.s, 1, UINT32_C(4294967264));
}

static inline void con_defaults_set_i32(struct con_defaults_b b, int32_t v)
{
	vat_w_i32(b.s, 1, v, UINT32_C(4294967264));
}

static inline int64_t con_defaults_get_i64(struct con_defaults_r r)
{
	return vat_r_i64(r.s, 1, UINT64_C(18446744073709551552));
}

static inline void con_defaults_set_i64(struct con_defaults_b b, int64_t v)
{
	vat_w_i64(b.s, 1, v, UINT64_C(18446744073709551552));
}

static inline uint8_t con_defaults_get_u8(struct con_defaults_r r)
{
	return vat_r_u8(r.s, 16, 8);
}

static inline void con_defaults_set_u8(struct con_defaults_b b, uint8_t v)
{
	vat_w_u8(b.s, 16, v, 8);
}

static inline uint16_t con_defaults_get_u16(struct con_defaults_r r)
{
	return vat_r_u16(r.s, 9, 16);
}

static inline void con_defaults_set_u16(struct con_defaults_b b, uint16_t v)
{
	vat_w_u16(b.s, 9, v, 16);
}

static inline uint32_t con_defaults_get_u32(struct con_defaults_r r)
{
	return vat_r_u32(r.s, 5, UINT32_C(32));
}

static inline void con_defaults_set_u32(struct con_defaults_b b, uint32_t v)
{
	vat_w_u32(b.s, 5, v, UINT32_C(32));
}

static inline uint64_t con_defaults_get_u64(struct con_defaults_r r)
{
	return vat_r_u64(r.s, 3, UINT64_C(64));
}

static inline void con_defaults_set_u64(struct con_defaults_b b, uint64_t v)
{
	vat_w_u64(b.s, 3, v, UINT64_C(64));
}

static inline float con_defaults_get_f32(struct con_defaults_r r)
{
	return vat_r_f32(r.s, 8, UINT32_C(1056964608));
}

static inline void con_defaults_set_f32(struct con_defaults_b b, float v)
{
	vat_w_f32(b.s, 8, v, UINT32_C(1056964608));
}

static inline double con_defaults_get_f64(struct con_defaults_r r)
{
	return vat_r_f64(r.s, 5, UINT64_C(13821547256400052224));
}

static inline void con_defaults_set_f64(struct con_defaults_b b, double v)
{
	vat_w_f64(b.s, 5, v, UINT64_C(13821547256400052224));
}

static inline uint16_t con_defaults_get_color(struct con_defaults_r r)
{
	return vat_r_u16(r.s, 18, 2);
}

static inline void con_defaults_set_color(struct con_defaults_b b, uint16_t v)
{
	vat_w_u16(b.s, 18, v, 2);
}

extern const struct vat_default con_defaults_default_text;

static inline struct vat_text con_defaults_get_text(struct con_defaults_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), &con_defaults_default_text);
}

static inline bool con_defaults_has_text(struct con_defaults_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_defaults_set_text(struct con_defaults_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

extern const struct vat_default con_defaults_default_data;

static inline struct vat_data con_defaults_get_data(struct con_defaults_r r)
{
	return vat_ptr_data(vat_ptr_at(r.s, 1), &con_defaults_default_data);
}

static inline bool con_defaults_has_data(struct con_defaults_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_defaults_set_data(struct con_defaults_b b, struct vat_data v)
{
	vat_set_data(vat_ptr_at_b(b.s, 1), v);
}

static inline void *con_defaults_init_data(struct con_defaults_b b, uint32_t n)
{
	return vat_init_data(vat_ptr_at_b(b.s, 1), n);
}

extern const struct vat_default con_defaults_default_struct;

static inline struct con_defaults_inner_r con_defaults_get_struct(struct con_defaults_r r)
{
	struct con_defaults_inner_r ret = {
		vat_ptr_struct(vat_ptr_at(r.s, 2), &con_defaults_default_struct)};
	return ret;
}

static inline bool con_defaults_has_struct(struct con_defaults_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 2));
}

static inline void con_defaults_set_struct(struct con_defaults_b b, struct con_defaults_inner_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 2), v.s);
}

static inline struct con_defaults_inner_b con_defaults_init_struct(struct con_defaults_b b)
{
	struct con_defaults_inner_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 2), CON_DEFAULTS_INNER_DATA_WORDS, CON_DEFAULTS_INNER_PTRS)};
	return ret;
}

static inline struct con_defaults_inner_b con_defaults_edit_struct(struct con_defaults_b b)
{
	struct con_defaults_inner_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 2), CON_DEFAULTS_INNER_DATA_WORDS, CON_DEFAULTS_INNER_PTRS, &con_defaults_default_struct)};
	return ret;
}

extern const struct vat_default con_defaults_default_numbers;

static inline struct vat_list_r con_defaults_get_numbers(struct con_defaults_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 3), VAT_ELEM_FOUR, &con_defaults_default_numbers);
}

static inline bool con_defaults_has_numbers(struct con_defaults_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 3));
}

static inline void con_defaults_set_numbers(struct con_defaults_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 3), v);
}

static inline struct vat_list_b con_defaults_init_numbers(struct con_defaults_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 3), VAT_ELEM_FOUR, n);
}

static inline struct vat_list_b con_defaults_edit_numbers(struct con_defaults_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 3), VAT_ELEM_FOUR, &con_defaults_default_numbers);
}

extern const struct vat_default con_defaults_default_bits;

static inline struct vat_list_r con_defaults_get_bits(struct con_defaults_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 4), VAT_ELEM_BIT, &con_defaults_default_bits);
}

static inline bool con_defaults_has_bits(struct con_defaults_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 4));
}

static inline void con_defaults_set_bits(struct con_defaults_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 4), v);
}

static inline struct vat_list_b con_defaults_init_bits(struct con_defaults_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 4), VAT_ELEM_BIT, n);
}

static inline struct vat_list_b con_defaults_edit_bits(struct con_defaults_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 4), VAT_ELEM_BIT, &con_defaults_default_bits);
}

extern const struct vat_default con_defaults_default_structs;

static inline struct con_defaults_inner_list_r con_defaults_get_structs(struct con_defaults_r r)
{
	struct con_defaults_inner_list_r ret = {
		vat_ptr_list(vat_ptr_at(r.s, 5), VAT_ELEM_STRUCT, &con_defaults_default_structs)};
	return ret;
}

static inline bool con_defaults_has_structs(struct con_defaults_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 5));
}

static inline void con_defaults_set_structs(
	struct con_defaults_b b, struct con_defaults_inner_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 5), v.l);
}

static inline struct con_defaults_inner_list_b con_defaults_init_structs(
	struct con_defaults_b b, uint32_t n)
{
	struct con_defaults_inner_list_b ret = {
		vat_init_struct_list(vat_ptr_at_b(b.s, 5), CON_DEFAULTS_INNER_DATA_WORDS, CON_DEFAULTS_INNER_PTRS, n)};
	return ret;
}

static inline struct con_defaults_inner_list_b con_defaults_edit_structs(struct con_defaults_b b)
{
	struct con_defaults_inner_list_b ret = {
		vat_get_struct_list_b(vat_ptr_at_b(b.s, 5), CON_DEFAULTS_INNER_DATA_WORDS, CON_DEFAULTS_INNER_PTRS, &con_defaults_default_structs)};
	return ret;
}

static inline double con_defaults_get_inf(struct con_defaults_r r)
{
	return vat_r_f64(r.s, 6, UINT64_C(9218868437227405312));
}

static inline void con_defaults_set_inf(struct con_defaults_b b, double v)
{
	vat_w_f64(b.s, 6, v, UINT64_C(9218868437227405312));
}

/* ---- constructs.capnp:Defaults.Inner */

static inline struct con_defaults_inner_r con_defaults_inner_from(struct vat_ptr_r p)
{
	struct con_defaults_inner_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_defaults_inner_b con_defaults_inner_init(struct vat_ptr_b p)
{
	struct con_defaults_inner_b ret = {
		vat_init_struct(p, CON_DEFAULTS_INNER_DATA_WORDS, CON_DEFAULTS_INNER_PTRS)};
	return ret;
}

static inline struct con_defaults_inner_r con_defaults_inner_root(struct vat_message *m)
{
	struct con_defaults_inner_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_defaults_inner_b con_defaults_inner_init_root(struct vat_message *m)
{
	struct con_defaults_inner_b ret = {
		vat_init_struct(vat_root_b(m), CON_DEFAULTS_INNER_DATA_WORDS, CON_DEFAULTS_INNER_PTRS)};
	return ret;
}

static inline struct con_defaults_inner_b con_defaults_inner_edit_root(struct vat_message *m)
{
	struct con_defaults_inner_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DEFAULTS_INNER_DATA_WORDS, CON_DEFAULTS_INNER_PTRS, NULL)};
	return ret;
}

static inline void con_defaults_inner_set_root(struct vat_message *m, struct con_defaults_inner_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_defaults_inner_r con_defaults_inner_at(
	struct con_defaults_inner_list_r list, uint32_t i)
{
	struct con_defaults_inner_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_defaults_inner_b con_defaults_inner_at_b(
	struct con_defaults_inner_list_b list, uint32_t i)
{
	struct con_defaults_inner_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_defaults_inner_list_r con_defaults_inner_list_b_r(
	struct con_defaults_inner_list_b list)
{
	struct con_defaults_inner_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_defaults_inner_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DEFAULTS_INNER_TYPE_ID};
	return ret;
}

static inline struct con_defaults_inner_r con_defaults_inner_b_r(struct con_defaults_inner_b b)
{
	struct con_defaults_inner_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint16_t con_defaults_inner_get_number(struct con_defaults_inner_r r)
{
	return vat_r_u16(r.s, 0, 3);
}

static inline void con_defaults_inner_set_number(struct con_defaults_inner_b b, uint16_t v)
{
	vat_w_u16(b.s, 0, v, 3);
}

static inline struct vat_list_r con_defaults_inner_get_words(struct con_defaults_inner_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 0), VAT_ELEM_POINTER, NULL);
}

static inline bool con_defaults_inner_has_words(struct con_defaults_inner_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_defaults_inner_set_words(struct con_defaults_inner_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_list_b con_defaults_inner_init_words(
	struct con_defaults_inner_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 0), VAT_ELEM_POINTER, n);
}

static inline struct vat_list_b con_defaults_inner_edit_words(struct con_defaults_inner_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 0), VAT_ELEM_POINTER, NULL);
}

static inline uint16_t con_defaults_inner_get_color(struct con_defaults_inner_r r)
{
	return vat_r_u16(r.s, 1, 1);
}

static inline void con_defaults_inner_set_color(struct con_defaults_inner_b b, uint16_t v)
{
	vat_w_u16(b.s, 1, v, 1);
}

/* ---- constructs.capnp:Pointers */

static inline struct con_pointers_r con_pointers_from(struct vat_ptr_r p)
{
	struct con_pointers_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_pointers_b con_pointers_init(struct vat_ptr_b p)
{
	struct con_pointers_b ret = {
		vat_init_struct(p, CON_POINTERS_DATA_WORDS, CON_POINTERS_PTRS)};
	return ret;
}

static inline struct con_pointers_r con_pointers_root(struct vat_message *m)
{
	struct con_pointers_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_pointers_b con_pointers_init_root(struct vat_message *m)
{
	struct con_pointers_b ret = {
		vat_init_struct(vat_root_b(m), CON_POINTERS_DATA_WORDS, CON_POINTERS_PTRS)};
	return ret;
}

static inline struct con_pointers_b con_pointers_edit_root(struct vat_message *m)
{
	struct con_pointers_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_POINTERS_DATA_WORDS, CON_POINTERS_PTRS, NULL)};
	return ret;
}

static inline void con_pointers_set_root(struct vat_message *m, struct con_pointers_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_pointers_r con_pointers_at(struct con_pointers_list_r list, uint32_t i)
{
	struct con_pointers_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_pointers_b con_pointers_at_b(struct con_pointers_list_b list, uint32_t i)
{
	struct con_pointers_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_pointers_list_r con_pointers_list_b_r(struct con_pointers_list_b list)
{
	struct con_pointers_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_pointers_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_POINTERS_TYPE_ID};
	return ret;
}

static inline struct con_pointers_r con_pointers_b_r(struct con_pointers_b b)
{
	struct con_pointers_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_text con_pointers_get_text(struct con_pointers_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline bool con_pointers_has_text(struct con_pointers_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_pointers_set_text(struct con_pointers_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_data con_pointers_get_data(struct con_pointers_r r)
{
	return vat_ptr_data(vat_ptr_at(r.s, 1), NULL);
}

static inline bool con_pointers_has_data(struct con_pointers_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_pointers_set_data(struct con_pointers_b b, struct vat_data v)
{
	vat_set_data(vat_ptr_at_b(b.s, 1), v);
}

static inline void *con_pointers_init_data(struct con_pointers_b b, uint32_t n)
{
	return vat_init_data(vat_ptr_at_b(b.s, 1), n);
}

static inline struct con_scalars_r con_pointers_get_struct(struct con_pointers_r r)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 2), NULL)};
	return ret;
}

static inline bool con_pointers_has_struct(struct con_pointers_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 2));
}

static inline void con_pointers_set_struct(struct con_pointers_b b, struct con_scalars_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 2), v.s);
}

static inline struct con_scalars_b con_pointers_init_struct(struct con_pointers_b b)
{
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 2), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b con_pointers_edit_struct(struct con_pointers_b b)
{
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 2), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

static inline struct con_empty_r con_pointers_get_empty(struct con_pointers_r r)
{
	struct con_empty_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 3), NULL)};
	return ret;
}

static inline bool con_pointers_has_empty(struct con_pointers_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 3));
}

static inline void con_pointers_set_empty(struct con_pointers_b b, struct con_empty_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 3), v.s);
}

static inline struct con_empty_b con_pointers_init_empty(struct con_pointers_b b)
{
	struct con_empty_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 3), CON_EMPTY_DATA_WORDS, CON_EMPTY_PTRS)};
	return ret;
}

static inline struct con_empty_b con_pointers_edit_empty(struct con_pointers_b b)
{
	struct con_empty_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 3), CON_EMPTY_DATA_WORDS, CON_EMPTY_PTRS, NULL)};
	return ret;
}

static inline struct con_base_c con_pointers_get_interface(struct con_pointers_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 4))};
	return ret;
}

static inline bool con_pointers_has_interface(struct con_pointers_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 4));
}

static inline void con_pointers_set_interface(struct con_pointers_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 4), v.cap);
}

static inline struct vat_ptr_r con_pointers_get_any(struct con_pointers_r r)
{
	return vat_ptr_at(r.s, 5);
}

static inline bool con_pointers_has_any(struct con_pointers_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 5));
}

static inline void con_pointers_set_any(struct con_pointers_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 5), v);
}

static inline struct vat_ptr_b con_pointers_get_any_b(struct con_pointers_b b)
{
	return vat_ptr_at_b(b.s, 5);
}

static inline struct vat_struct_r con_pointers_get_any_struct(struct con_pointers_r r)
{
	return vat_ptr_struct(vat_ptr_at(r.s, 6), NULL);
}

static inline bool con_pointers_has_any_struct(struct con_pointers_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 6));
}

static inline void con_pointers_set_any_struct(struct con_pointers_b b, struct vat_struct_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 6), v);
}

static inline struct vat_struct_b con_pointers_init_any_struct(
	struct con_pointers_b b, uint16_t data_words, uint16_t n_ptrs)
{
	return vat_init_struct(vat_ptr_at_b(b.s, 6), data_words, n_ptrs);
}

static inline struct vat_struct_b con_pointers_edit_any_struct(
	struct con_pointers_b b, uint16_t data_words, uint16_t n_ptrs)
{
	return vat_get_struct_b(vat_ptr_at_b(b.s, 6), data_words, n_ptrs, NULL);
}

static inline struct vat_list_r con_pointers_get_any_list(struct con_pointers_r r)
{
	return vat_ptr_any_list(vat_ptr_at(r.s, 7));
}

static inline bool con_pointers_has_any_list(struct con_pointers_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 7));
}

static inline void con_pointers_set_any_list(struct con_pointers_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 7), v);
}

static inline struct vat_ptr_b con_pointers_get_any_list_b(struct con_pointers_b b)
{
	return vat_ptr_at_b(b.s, 7);
}

static inline struct vat_cap *con_pointers_get_capability(struct con_pointers_r r)
{
	return vat_ptr_cap(vat_ptr_at(r.s, 8));
}

static inline bool con_pointers_has_capability(struct con_pointers_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 8));
}

static inline void con_pointers_set_capability(struct con_pointers_b b, struct vat_cap *v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 8), v);
}

static inline struct con_pointers_r con_pointers_get_self(struct con_pointers_r r)
{
	struct con_pointers_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 9), NULL)};
	return ret;
}

static inline bool con_pointers_has_self(struct con_pointers_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 9));
}

static inline void con_pointers_set_self(struct con_pointers_b b, struct con_pointers_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 9), v.s);
}

static inline struct con_pointers_b con_pointers_init_self(struct con_pointers_b b)
{
	struct con_pointers_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 9), CON_POINTERS_DATA_WORDS, CON_POINTERS_PTRS)};
	return ret;
}

static inline struct con_pointers_b con_pointers_edit_self(struct con_pointers_b b)
{
	struct con_pointers_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 9), CON_POINTERS_DATA_WORDS, CON_POINTERS_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_foreign_r con_pointers_get_foreign(struct con_pointers_r r)
{
	struct constructs_other_foreign_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 10), NULL)};
	return ret;
}

static inline bool con_pointers_has_foreign(struct con_pointers_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 10));
}

static inline void con_pointers_set_foreign(
	struct con_pointers_b b, struct constructs_other_foreign_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 10), v.s);
}

static inline struct constructs_other_foreign_b con_pointers_init_foreign(struct con_pointers_b b)
{
	struct constructs_other_foreign_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 10), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS)};
	return ret;
}

static inline struct constructs_other_foreign_b con_pointers_edit_foreign(struct con_pointers_b b)
{
	struct constructs_other_foreign_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 10), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS, NULL)};
	return ret;
}

static inline struct con_base_c con_pointers_pipe_interface(struct con_pointers_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 4)};
	return ret;
}

static inline struct vat_cap *con_pointers_pipe_any(struct con_pointers_p p)
{
	return vat_pipe_cap(p.p, 5);
}

static inline struct vat_cap *con_pointers_pipe_capability(struct con_pointers_p p)
{
	return vat_pipe_cap(p.p, 8);
}

static inline struct con_pointers_p con_pointers_pipe_self(struct con_pointers_p p)
{
	struct con_pointers_p ret = {vat_pipe_at(p.p, 9)};
	return ret;
}

static inline struct constructs_other_foreign_p con_pointers_pipe_foreign(struct con_pointers_p p)
{
	struct constructs_other_foreign_p ret = {vat_pipe_at(p.p, 10)};
	return ret;
}

/* ---- constructs.capnp:Lists */

static inline struct con_lists_r con_lists_from(struct vat_ptr_r p)
{
	struct con_lists_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_lists_b con_lists_init(struct vat_ptr_b p)
{
	struct con_lists_b ret = {vat_init_struct(p, CON_LISTS_DATA_WORDS, CON_LISTS_PTRS)};
	return ret;
}

static inline struct con_lists_r con_lists_root(struct vat_message *m)
{
	struct con_lists_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_lists_b con_lists_init_root(struct vat_message *m)
{
	struct con_lists_b ret = {
		vat_init_struct(vat_root_b(m), CON_LISTS_DATA_WORDS, CON_LISTS_PTRS)};
	return ret;
}

static inline struct con_lists_b con_lists_edit_root(struct vat_message *m)
{
	struct con_lists_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_LISTS_DATA_WORDS, CON_LISTS_PTRS, NULL)};
	return ret;
}

static inline void con_lists_set_root(struct vat_message *m, struct con_lists_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_lists_r con_lists_at(struct con_lists_list_r list, uint32_t i)
{
	struct con_lists_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_lists_b con_lists_at_b(struct con_lists_list_b list, uint32_t i)
{
	struct con_lists_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_lists_list_r con_lists_list_b_r(struct con_lists_list_b list)
{
	struct con_lists_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_lists_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_LISTS_TYPE_ID};
	return ret;
}

static inline struct con_lists_r con_lists_b_r(struct con_lists_b b)
{
	struct con_lists_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_list_r con_lists_get_voids(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 0), VAT_ELEM_VOID, NULL);
}

static inline bool con_lists_has_voids(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_lists_set_voids(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_list_b con_lists_init_voids(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 0), VAT_ELEM_VOID, n);
}

static inline struct vat_list_b con_lists_edit_voids(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 0), VAT_ELEM_VOID, NULL);
}

static inline struct vat_list_r con_lists_get_bools(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 1), VAT_ELEM_BIT, NULL);
}

static inline bool con_lists_has_bools(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_lists_set_bools(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 1), v);
}

static inline struct vat_list_b con_lists_init_bools(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 1), VAT_ELEM_BIT, n);
}

static inline struct vat_list_b con_lists_edit_bools(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 1), VAT_ELEM_BIT, NULL);
}

static inline struct vat_list_r con_lists_get_i8s(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 2), VAT_ELEM_BYTE, NULL);
}

static inline bool con_lists_has_i8s(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 2));
}

static inline void con_lists_set_i8s(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 2), v);
}

static inline struct vat_list_b con_lists_init_i8s(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 2), VAT_ELEM_BYTE, n);
}

static inline struct vat_list_b con_lists_edit_i8s(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 2), VAT_ELEM_BYTE, NULL);
}

static inline struct vat_list_r con_lists_get_i16s(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 3), VAT_ELEM_TWO, NULL);
}

static inline bool con_lists_has_i16s(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 3));
}

static inline void con_lists_set_i16s(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 3), v);
}

static inline struct vat_list_b con_lists_init_i16s(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 3), VAT_ELEM_TWO, n);
}

static inline struct vat_list_b con_lists_edit_i16s(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 3), VAT_ELEM_TWO, NULL);
}

static inline struct vat_list_r con_lists_get_i32s(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 4), VAT_ELEM_FOUR, NULL);
}

static inline bool con_lists_has_i32s(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 4));
}

static inline void con_lists_set_i32s(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 4), v);
}

static inline struct vat_list_b con_lists_init_i32s(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 4), VAT_ELEM_FOUR, n);
}

static inline struct vat_list_b con_lists_edit_i32s(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 4), VAT_ELEM_FOUR, NULL);
}

static inline struct vat_list_r con_lists_get_i64s(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 5), VAT_ELEM_EIGHT, NULL);
}

static inline bool con_lists_has_i64s(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 5));
}

static inline void con_lists_set_i64s(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 5), v);
}

static inline struct vat_list_b con_lists_init_i64s(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 5), VAT_ELEM_EIGHT, n);
}

static inline struct vat_list_b con_lists_edit_i64s(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 5), VAT_ELEM_EIGHT, NULL);
}

static inline struct vat_list_r con_lists_get_u8s(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 6), VAT_ELEM_BYTE, NULL);
}

static inline bool con_lists_has_u8s(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 6));
}

static inline void con_lists_set_u8s(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 6), v);
}

static inline struct vat_list_b con_lists_init_u8s(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 6), VAT_ELEM_BYTE, n);
}

static inline struct vat_list_b con_lists_edit_u8s(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 6), VAT_ELEM_BYTE, NULL);
}

static inline struct vat_list_r con_lists_get_u16s(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 7), VAT_ELEM_TWO, NULL);
}

static inline bool con_lists_has_u16s(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 7));
}

static inline void con_lists_set_u16s(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 7), v);
}

static inline struct vat_list_b con_lists_init_u16s(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 7), VAT_ELEM_TWO, n);
}

static inline struct vat_list_b con_lists_edit_u16s(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 7), VAT_ELEM_TWO, NULL);
}

static inline struct vat_list_r con_lists_get_u32s(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 8), VAT_ELEM_FOUR, NULL);
}

static inline bool con_lists_has_u32s(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 8));
}

static inline void con_lists_set_u32s(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 8), v);
}

static inline struct vat_list_b con_lists_init_u32s(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 8), VAT_ELEM_FOUR, n);
}

static inline struct vat_list_b con_lists_edit_u32s(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 8), VAT_ELEM_FOUR, NULL);
}

static inline struct vat_list_r con_lists_get_u64s(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 9), VAT_ELEM_EIGHT, NULL);
}

static inline bool con_lists_has_u64s(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 9));
}

static inline void con_lists_set_u64s(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 9), v);
}

static inline struct vat_list_b con_lists_init_u64s(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 9), VAT_ELEM_EIGHT, n);
}

static inline struct vat_list_b con_lists_edit_u64s(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 9), VAT_ELEM_EIGHT, NULL);
}

static inline struct vat_list_r con_lists_get_f32s(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 10), VAT_ELEM_FOUR, NULL);
}

static inline bool con_lists_has_f32s(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 10));
}

static inline void con_lists_set_f32s(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 10), v);
}

static inline struct vat_list_b con_lists_init_f32s(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 10), VAT_ELEM_FOUR, n);
}

static inline struct vat_list_b con_lists_edit_f32s(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 10), VAT_ELEM_FOUR, NULL);
}

static inline struct vat_list_r con_lists_get_f64s(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 11), VAT_ELEM_EIGHT, NULL);
}

static inline bool con_lists_has_f64s(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 11));
}

static inline void con_lists_set_f64s(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 11), v);
}

static inline struct vat_list_b con_lists_init_f64s(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 11), VAT_ELEM_EIGHT, n);
}

static inline struct vat_list_b con_lists_edit_f64s(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 11), VAT_ELEM_EIGHT, NULL);
}

static inline struct vat_list_r con_lists_get_texts(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 12), VAT_ELEM_POINTER, NULL);
}

static inline bool con_lists_has_texts(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 12));
}

static inline void con_lists_set_texts(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 12), v);
}

static inline struct vat_list_b con_lists_init_texts(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 12), VAT_ELEM_POINTER, n);
}

static inline struct vat_list_b con_lists_edit_texts(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 12), VAT_ELEM_POINTER, NULL);
}

static inline struct vat_list_r con_lists_get_datas(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 13), VAT_ELEM_POINTER, NULL);
}

static inline bool con_lists_has_datas(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 13));
}

static inline void con_lists_set_datas(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 13), v);
}

static inline struct vat_list_b con_lists_init_datas(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 13), VAT_ELEM_POINTER, n);
}

static inline struct vat_list_b con_lists_edit_datas(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 13), VAT_ELEM_POINTER, NULL);
}

static inline struct vat_list_r con_lists_get_colors(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 14), VAT_ELEM_TWO, NULL);
}

static inline bool con_lists_has_colors(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 14));
}

static inline void con_lists_set_colors(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 14), v);
}

static inline struct vat_list_b con_lists_init_colors(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 14), VAT_ELEM_TWO, n);
}

static inline struct vat_list_b con_lists_edit_colors(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 14), VAT_ELEM_TWO, NULL);
}

static inline struct con_scalars_list_r con_lists_get_structs(struct con_lists_r r)
{
	struct con_scalars_list_r ret = {vat_ptr_list(vat_ptr_at(r.s, 15), VAT_ELEM_STRUCT, NULL)};
	return ret;
}

static inline bool con_lists_has_structs(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 15));
}

static inline void con_lists_set_structs(struct con_lists_b b, struct con_scalars_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 15), v.l);
}

static inline struct con_scalars_list_b con_lists_init_structs(struct con_lists_b b, uint32_t n)
{
	struct con_scalars_list_b ret = {
		vat_init_struct_list(vat_ptr_at_b(b.s, 15), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, n)};
	return ret;
}

static inline struct con_scalars_list_b con_lists_edit_structs(struct con_lists_b b)
{
	struct con_scalars_list_b ret = {
		vat_get_struct_list_b(vat_ptr_at_b(b.s, 15), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

static inline struct vat_list_r con_lists_get_interfaces(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 16), VAT_ELEM_POINTER, NULL);
}

static inline bool con_lists_has_interfaces(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 16));
}

static inline void con_lists_set_interfaces(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 16), v);
}

static inline struct vat_list_b con_lists_init_interfaces(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 16), VAT_ELEM_POINTER, n);
}

static inline struct vat_list_b con_lists_edit_interfaces(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 16), VAT_ELEM_POINTER, NULL);
}

static inline struct vat_list_r con_lists_get_matrix(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 17), VAT_ELEM_POINTER, NULL);
}

static inline bool con_lists_has_matrix(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 17));
}

static inline void con_lists_set_matrix(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 17), v);
}

static inline struct vat_list_b con_lists_init_matrix(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 17), VAT_ELEM_POINTER, n);
}

static inline struct vat_list_b con_lists_edit_matrix(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 17), VAT_ELEM_POINTER, NULL);
}

static inline struct vat_list_r con_lists_get_matrix_at(struct vat_list_r list, uint32_t i)
{
	return vat_ptr_list(vat_list_ptr(list, i), VAT_ELEM_FOUR, NULL);
}

static inline struct vat_list_b con_lists_edit_matrix_at(struct vat_list_b list, uint32_t i)
{
	return vat_get_list_b(vat_list_ptr_b(list, i), VAT_ELEM_FOUR, NULL);
}

static inline struct vat_list_b con_lists_init_matrix_at(
	struct vat_list_b list, uint32_t i, uint32_t n)
{
	return vat_init_list(vat_list_ptr_b(list, i), VAT_ELEM_FOUR, n);
}

static inline struct vat_list_r con_lists_get_cube(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 18), VAT_ELEM_POINTER, NULL);
}

static inline bool con_lists_has_cube(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 18));
}

static inline void con_lists_set_cube(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 18), v);
}

static inline struct vat_list_b con_lists_init_cube(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 18), VAT_ELEM_POINTER, n);
}

static inline struct vat_list_b con_lists_edit_cube(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 18), VAT_ELEM_POINTER, NULL);
}

static inline struct vat_list_r con_lists_get_cube_at(struct vat_list_r list, uint32_t i)
{
	return vat_ptr_list(vat_list_ptr(list, i), VAT_ELEM_POINTER, NULL);
}

static inline struct vat_list_b con_lists_edit_cube_at(struct vat_list_b list, uint32_t i)
{
	return vat_get_list_b(vat_list_ptr_b(list, i), VAT_ELEM_POINTER, NULL);
}

static inline struct vat_list_b con_lists_init_cube_at(
	struct vat_list_b list, uint32_t i, uint32_t n)
{
	return vat_init_list(vat_list_ptr_b(list, i), VAT_ELEM_POINTER, n);
}

static inline struct vat_list_r con_lists_get_cube_at_at(struct vat_list_r list, uint32_t i)
{
	return vat_ptr_list(vat_list_ptr(list, i), VAT_ELEM_POINTER, NULL);
}

static inline struct vat_list_b con_lists_edit_cube_at_at(struct vat_list_b list, uint32_t i)
{
	return vat_get_list_b(vat_list_ptr_b(list, i), VAT_ELEM_POINTER, NULL);
}

static inline struct vat_list_b con_lists_init_cube_at_at(
	struct vat_list_b list, uint32_t i, uint32_t n)
{
	return vat_init_list(vat_list_ptr_b(list, i), VAT_ELEM_POINTER, n);
}

static inline struct vat_list_r con_lists_get_tables(struct con_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 19), VAT_ELEM_POINTER, NULL);
}

static inline bool con_lists_has_tables(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 19));
}

static inline void con_lists_set_tables(struct con_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 19), v);
}

static inline struct vat_list_b con_lists_init_tables(struct con_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 19), VAT_ELEM_POINTER, n);
}

static inline struct vat_list_b con_lists_edit_tables(struct con_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 19), VAT_ELEM_POINTER, NULL);
}

static inline struct con_scalars_list_r con_lists_get_tables_at(struct vat_list_r list, uint32_t i)
{
	struct con_scalars_list_r ret = {
		vat_ptr_list(vat_list_ptr(list, i), VAT_ELEM_STRUCT, NULL)};
	return ret;
}

static inline struct con_scalars_list_b con_lists_edit_tables_at(struct vat_list_b list, uint32_t i)
{
	struct con_scalars_list_b ret = {
		vat_get_struct_list_b(vat_list_ptr_b(list, i), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

static inline struct con_scalars_list_b con_lists_init_tables_at(
	struct vat_list_b list, uint32_t i, uint32_t n)
{
	struct con_scalars_list_b ret = {
		vat_init_struct_list(vat_list_ptr_b(list, i), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, n)};
	return ret;
}

static inline struct constructs_other_foreign_list_r con_lists_get_foreigns(struct con_lists_r r)
{
	struct constructs_other_foreign_list_r ret = {
		vat_ptr_list(vat_ptr_at(r.s, 20), VAT_ELEM_STRUCT, NULL)};
	return ret;
}

static inline bool con_lists_has_foreigns(struct con_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 20));
}

static inline void con_lists_set_foreigns(
	struct con_lists_b b, struct constructs_other_foreign_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 20), v.l);
}

static inline struct constructs_other_foreign_list_b con_lists_init_foreigns(
	struct con_lists_b b, uint32_t n)
{
	struct constructs_other_foreign_list_b ret = {
		vat_init_struct_list(vat_ptr_at_b(b.s, 20), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS, n)};
	return ret;
}

static inline struct constructs_other_foreign_list_b con_lists_edit_foreigns(struct con_lists_b b)
{
	struct constructs_other_foreign_list_b ret = {
		vat_get_struct_list_b(vat_ptr_at_b(b.s, 20), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS, NULL)};
	return ret;
}

/* ---- constructs.capnp:Unions */

static inline struct con_unions_r con_unions_from(struct vat_ptr_r p)
{
	struct con_unions_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_unions_b con_unions_init(struct vat_ptr_b p)
{
	struct con_unions_b ret = {vat_init_struct(p, CON_UNIONS_DATA_WORDS, CON_UNIONS_PTRS)};
	return ret;
}

static inline struct con_unions_r con_unions_root(struct vat_message *m)
{
	struct con_unions_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_unions_b con_unions_init_root(struct vat_message *m)
{
	struct con_unions_b ret = {
		vat_init_struct(vat_root_b(m), CON_UNIONS_DATA_WORDS, CON_UNIONS_PTRS)};
	return ret;
}

static inline struct con_unions_b con_unions_edit_root(struct vat_message *m)
{
	struct con_unions_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_UNIONS_DATA_WORDS, CON_UNIONS_PTRS, NULL)};
	return ret;
}

static inline void con_unions_set_root(struct vat_message *m, struct con_unions_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_unions_r con_unions_at(struct con_unions_list_r list, uint32_t i)
{
	struct con_unions_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_unions_b con_unions_at_b(struct con_unions_list_b list, uint32_t i)
{
	struct con_unions_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_unions_list_r con_unions_list_b_r(struct con_unions_list_b list)
{
	struct con_unions_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_unions_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_UNIONS_TYPE_ID};
	return ret;
}

static inline struct con_unions_r con_unions_b_r(struct con_unions_b b)
{
	struct con_unions_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint16_t con_unions_which(struct con_unions_r r)
{
	return vat_r_u16(r.s, 1, 0);
}

static inline bool con_unions_choose_(struct con_unions_b b, uint16_t which)
{
	bool other = vat_r_u16(vat_struct_b_r(b.s), 1, 0) != which;
	vat_w_u16(b.s, 1, which, 0);
	return other;
}

static inline uint8_t con_unions_get_before(struct con_unions_r r)
{
	return vat_r_u8(r.s, 0, 0);
}

static inline void con_unions_set_before(struct con_unions_b b, uint8_t v)
{
	vat_w_u8(b.s, 0, v, 0);
}

static inline void con_unions_set_nothing(struct con_unions_b b)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_NOTHING);
}

static inline uint32_t con_unions_get_number(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_NUMBER)
		s.data_bits = s.n_ptrs = 0;
	return vat_r_u32(s, 1, UINT32_C(77));
}

static inline void con_unions_set_number(struct con_unions_b b, uint32_t v)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_NUMBER);
	vat_w_u32(b.s, 1, v, UINT32_C(77));
}

static inline bool con_unions_get_flag(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_FLAG)
		s.data_bits = s.n_ptrs = 0;
	return vat_r_bool(s, 32, true);
}

static inline void con_unions_set_flag(struct con_unions_b b, bool v)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_FLAG);
	vat_w_bool(b.s, 32, v, true);
}

extern const struct vat_default con_unions_default_text;

static inline struct vat_text con_unions_get_text(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_TEXT)
		s.data_bits = s.n_ptrs = 0;
	return vat_ptr_text(vat_ptr_at(s, 0), &con_unions_default_text);
}

static inline bool con_unions_has_text(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_TEXT)
		s.data_bits = s.n_ptrs = 0;
	return !vat_ptr_is_null(vat_ptr_at(s, 0));
}

static inline void con_unions_set_text(struct con_unions_b b, struct vat_text v)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_TEXT);
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct con_scalars_r con_unions_get_struct(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_STRUCT)
		s.data_bits = s.n_ptrs = 0;
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(s, 0), NULL)};
	return ret;
}

static inline bool con_unions_has_struct(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_STRUCT)
		s.data_bits = s.n_ptrs = 0;
	return !vat_ptr_is_null(vat_ptr_at(s, 0));
}

static inline void con_unions_set_struct(struct con_unions_b b, struct con_scalars_r v)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_STRUCT);
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_scalars_b con_unions_init_struct(struct con_unions_b b)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_STRUCT);
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b con_unions_edit_struct(struct con_unions_b b)
{
	if (con_unions_choose_(b, CON_UNIONS_WHICH_STRUCT))
		vat_set_null(vat_ptr_at_b(b.s, 0));
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

static inline struct vat_list_r con_unions_get_list(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_LIST)
		s.data_bits = s.n_ptrs = 0;
	return vat_ptr_list(vat_ptr_at(s, 0), VAT_ELEM_TWO, NULL);
}

static inline bool con_unions_has_list(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_LIST)
		s.data_bits = s.n_ptrs = 0;
	return !vat_ptr_is_null(vat_ptr_at(s, 0));
}

static inline void con_unions_set_list(struct con_unions_b b, struct vat_list_r v)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_LIST);
	vat_set_list(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_list_b con_unions_init_list(struct con_unions_b b, uint32_t n)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_LIST);
	return vat_init_list(vat_ptr_at_b(b.s, 0), VAT_ELEM_TWO, n);
}

static inline struct vat_list_b con_unions_edit_list(struct con_unions_b b)
{
	if (con_unions_choose_(b, CON_UNIONS_WHICH_LIST))
		vat_set_null(vat_ptr_at_b(b.s, 0));
	return vat_get_list_b(vat_ptr_at_b(b.s, 0), VAT_ELEM_TWO, NULL);
}

static inline struct vat_ptr_r con_unions_get_any(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_ANY)
		s.data_bits = s.n_ptrs = 0;
	return vat_ptr_at(s, 0);
}

static inline bool con_unions_has_any(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_ANY)
		s.data_bits = s.n_ptrs = 0;
	return !vat_ptr_is_null(vat_ptr_at(s, 0));
}

static inline void con_unions_set_any(struct con_unions_b b, struct vat_ptr_r v)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_ANY);
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_unions_get_any_b(struct con_unions_b b)
{
	if (con_unions_choose_(b, CON_UNIONS_WHICH_ANY))
		vat_set_null(vat_ptr_at_b(b.s, 0));
	return vat_ptr_at_b(b.s, 0);
}

static inline struct con_base_c con_unions_get_base(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_BASE)
		s.data_bits = s.n_ptrs = 0;
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(s, 0))};
	return ret;
}

static inline bool con_unions_has_base(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_BASE)
		s.data_bits = s.n_ptrs = 0;
	return !vat_ptr_is_null(vat_ptr_at(s, 0));
}

static inline void con_unions_set_base(struct con_unions_b b, struct con_base_c v)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_BASE);
	vat_set_cap(vat_ptr_at_b(b.s, 0), v.cap);
}

static inline struct con_unions_pair_r con_unions_get_pair(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_PAIR)
		s.data_bits = s.n_ptrs = 0;
	struct con_unions_pair_r ret = {s};
	return ret;
}

static inline struct con_unions_pair_b con_unions_init_pair(struct con_unions_b b)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_PAIR);
	vat_set_null(vat_ptr_at_b(b.s, 0));
	vat_w_u32(b.s, 1, 0, 0);
	struct con_unions_pair_b ret = {b.s};
	return ret;
}

static inline struct con_unions_pair_b con_unions_edit_pair(struct con_unions_b b)
{
	if (vat_r_u16(vat_struct_b_r(b.s), 1, 0) != CON_UNIONS_WHICH_PAIR)
		return con_unions_init_pair(b);
	struct con_unions_pair_b ret = {b.s};
	return ret;
}

static inline struct vat_data con_unions_get_data(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_DATA)
		s.data_bits = s.n_ptrs = 0;
	return vat_ptr_data(vat_ptr_at(s, 0), NULL);
}

static inline bool con_unions_has_data(struct con_unions_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_which(r) != CON_UNIONS_WHICH_DATA)
		s.data_bits = s.n_ptrs = 0;
	return !vat_ptr_is_null(vat_ptr_at(s, 0));
}

static inline void con_unions_set_data(struct con_unions_b b, struct vat_data v)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_DATA);
	vat_set_data(vat_ptr_at_b(b.s, 0), v);
}

static inline void *con_unions_init_data(struct con_unions_b b, uint32_t n)
{
	con_unions_choose_(b, CON_UNIONS_WHICH_DATA);
	return vat_init_data(vat_ptr_at_b(b.s, 0), n);
}

static inline struct con_unions_named_r con_unions_get_named(struct con_unions_r r)
{
	struct con_unions_named_r ret = {r.s};
	return ret;
}

static inline struct con_unions_named_b con_unions_init_named(struct con_unions_b b)
{
	vat_w_u16(b.s, 4, 0, 0);
	vat_w_u16(b.s, 5, 0, 0);
	vat_w_u16(b.s, 5, 0, 0);
	vat_w_u32(b.s, 3, 0, 0);
	vat_set_null(vat_ptr_at_b(b.s, 1));
	vat_w_bool(b.s, 8, false, false);
	struct con_unions_named_b ret = {b.s};
	return ret;
}

static inline struct con_unions_named_b con_unions_edit_named(struct con_unions_b b)
{
	struct con_unions_named_b ret = {b.s};
	return ret;
}

static inline uint8_t con_unions_get_after(struct con_unions_r r)
{
	return vat_r_u8(r.s, 16, 0);
}

static inline void con_unions_set_after(struct con_unions_b b, uint8_t v)
{
	vat_w_u8(b.s, 16, v, 0);
}

static inline struct vat_cap *con_unions_pipe_any(struct con_unions_p p)
{
	return vat_pipe_cap(p.p, 0);
}

static inline struct con_base_c con_unions_pipe_base(struct con_unions_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 0)};
	return ret;
}

/* ---- constructs.capnp:Unions.pair */

static inline struct con_unions_pair_r con_unions_pair_b_r(struct con_unions_pair_b b)
{
	struct con_unions_pair_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_text con_unions_pair_get_left(struct con_unions_pair_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline bool con_unions_pair_has_left(struct con_unions_pair_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_unions_pair_set_left(struct con_unions_pair_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline uint32_t con_unions_pair_get_right(struct con_unions_pair_r r)
{
	return vat_r_u32(r.s, 1, UINT32_C(5));
}

static inline void con_unions_pair_set_right(struct con_unions_pair_b b, uint32_t v)
{
	vat_w_u32(b.s, 1, v, UINT32_C(5));
}

/* ---- constructs.capnp:Unions.named */

static inline struct con_unions_named_r con_unions_named_b_r(struct con_unions_named_b b)
{
	struct con_unions_named_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint16_t con_unions_named_which(struct con_unions_named_r r)
{
	return vat_r_u16(r.s, 4, 0);
}

static inline bool con_unions_named_choose_(struct con_unions_named_b b, uint16_t which)
{
	bool other = vat_r_u16(vat_struct_b_r(b.s), 4, 0) != which;
	vat_w_u16(b.s, 4, which, 0);
	return other;
}

static inline void con_unions_named_set_a(struct con_unions_named_b b)
{
	con_unions_named_choose_(b, CON_UNIONS_NAMED_WHICH_A);
}

static inline uint16_t con_unions_named_get_b(struct con_unions_named_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_named_which(r) != CON_UNIONS_NAMED_WHICH_B)
		s.data_bits = s.n_ptrs = 0;
	return vat_r_u16(s, 5, 0);
}

static inline void con_unions_named_set_b(struct con_unions_named_b b, uint16_t v)
{
	con_unions_named_choose_(b, CON_UNIONS_NAMED_WHICH_B);
	vat_w_u16(b.s, 5, v, 0);
}

static inline struct con_unions_named_c_r con_unions_named_get_c(struct con_unions_named_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_named_which(r) != CON_UNIONS_NAMED_WHICH_C)
		s.data_bits = s.n_ptrs = 0;
	struct con_unions_named_c_r ret = {s};
	return ret;
}

static inline struct con_unions_named_c_b con_unions_named_init_c(struct con_unions_named_b b)
{
	con_unions_named_choose_(b, CON_UNIONS_NAMED_WHICH_C);
	vat_w_u16(b.s, 5, 0, 0);
	vat_w_u32(b.s, 3, 0, 0);
	vat_set_null(vat_ptr_at_b(b.s, 1));
	vat_w_bool(b.s, 8, false, false);
	struct con_unions_named_c_b ret = {b.s};
	return ret;
}

static inline struct con_unions_named_c_b con_unions_named_edit_c(struct con_unions_named_b b)
{
	if (vat_r_u16(vat_struct_b_r(b.s), 4, 0) != CON_UNIONS_NAMED_WHICH_C)
		return con_unions_named_init_c(b);
	struct con_unions_named_c_b ret = {b.s};
	return ret;
}

/* ---- constructs.capnp:Unions.named.c */

static inline struct con_unions_named_c_r con_unions_named_c_b_r(struct con_unions_named_c_b b)
{
	struct con_unions_named_c_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint16_t con_unions_named_c_which(struct con_unions_named_c_r r)
{
	return vat_r_u16(r.s, 5, 0);
}

static inline bool con_unions_named_c_choose_(struct con_unions_named_c_b b, uint16_t which)
{
	bool other = vat_r_u16(vat_struct_b_r(b.s), 5, 0) != which;
	vat_w_u16(b.s, 5, which, 0);
	return other;
}

static inline int32_t con_unions_named_c_get_x(struct con_unions_named_c_r r)
{
	return vat_r_i32(r.s, 3, 0);
}

static inline void con_unions_named_c_set_x(struct con_unions_named_c_b b, int32_t v)
{
	vat_w_i32(b.s, 3, v, 0);
}

static inline struct vat_text con_unions_named_c_get_inner(struct con_unions_named_c_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_named_c_which(r) != CON_UNIONS_NAMED_C_WHICH_INNER)
		s.data_bits = s.n_ptrs = 0;
	return vat_ptr_text(vat_ptr_at(s, 1), NULL);
}

static inline bool con_unions_named_c_has_inner(struct con_unions_named_c_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_named_c_which(r) != CON_UNIONS_NAMED_C_WHICH_INNER)
		s.data_bits = s.n_ptrs = 0;
	return !vat_ptr_is_null(vat_ptr_at(s, 1));
}

static inline void con_unions_named_c_set_inner(struct con_unions_named_c_b b, struct vat_text v)
{
	con_unions_named_c_choose_(b, CON_UNIONS_NAMED_C_WHICH_INNER);
	vat_set_text(vat_ptr_at_b(b.s, 1), v);
}

static inline bool con_unions_named_c_get_other(struct con_unions_named_c_r r)
{
	struct vat_struct_r s = r.s;
	if (con_unions_named_c_which(r) != CON_UNIONS_NAMED_C_WHICH_OTHER)
		s.data_bits = s.n_ptrs = 0;
	return vat_r_bool(s, 8, false);
}

static inline void con_unions_named_c_set_other(struct con_unions_named_c_b b, bool v)
{
	con_unions_named_c_choose_(b, CON_UNIONS_NAMED_C_WHICH_OTHER);
	vat_w_bool(b.s, 8, v, false);
}

/* ---- constructs.capnp:Groups */

static inline struct con_groups_r con_groups_from(struct vat_ptr_r p)
{
	struct con_groups_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_groups_b con_groups_init(struct vat_ptr_b p)
{
	struct con_groups_b ret = {vat_init_struct(p, CON_GROUPS_DATA_WORDS, CON_GROUPS_PTRS)};
	return ret;
}

static inline struct con_groups_r con_groups_root(struct vat_message *m)
{
	struct con_groups_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_groups_b con_groups_init_root(struct vat_message *m)
{
	struct con_groups_b ret = {
		vat_init_struct(vat_root_b(m), CON_GROUPS_DATA_WORDS, CON_GROUPS_PTRS)};
	return ret;
}

static inline struct con_groups_b con_groups_edit_root(struct vat_message *m)
{
	struct con_groups_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_GROUPS_DATA_WORDS, CON_GROUPS_PTRS, NULL)};
	return ret;
}

static inline void con_groups_set_root(struct vat_message *m, struct con_groups_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_groups_r con_groups_at(struct con_groups_list_r list, uint32_t i)
{
	struct con_groups_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_groups_b con_groups_at_b(struct con_groups_list_b list, uint32_t i)
{
	struct con_groups_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_groups_list_r con_groups_list_b_r(struct con_groups_list_b list)
{
	struct con_groups_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_groups_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_GROUPS_TYPE_ID};
	return ret;
}

static inline struct con_groups_r con_groups_b_r(struct con_groups_b b)
{
	struct con_groups_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_groups_outer_r con_groups_get_outer(struct con_groups_r r)
{
	struct con_groups_outer_r ret = {r.s};
	return ret;
}

static inline struct con_groups_outer_b con_groups_init_outer(struct con_groups_b b)
{
	vat_w_u32(b.s, 0, 0, 0);
	vat_set_null(vat_ptr_at_b(b.s, 0));
	vat_w_bool(b.s, 32, false, false);
	vat_set_null(vat_ptr_at_b(b.s, 1));
	vat_w_u8(b.s, 5, 0, 0);
	struct con_groups_outer_b ret = {b.s};
	return ret;
}

static inline struct con_groups_outer_b con_groups_edit_outer(struct con_groups_b b)
{
	struct con_groups_outer_b ret = {b.s};
	return ret;
}

static inline uint64_t con_groups_get_plain(struct con_groups_r r)
{
	return vat_r_u64(r.s, 1, 0);
}

static inline void con_groups_set_plain(struct con_groups_b b, uint64_t v)
{
	vat_w_u64(b.s, 1, v, 0);
}

/* ---- constructs.capnp:Groups.outer */

static inline struct con_groups_outer_r con_groups_outer_b_r(struct con_groups_outer_b b)
{
	struct con_groups_outer_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint32_t con_groups_outer_get_a(struct con_groups_outer_r r)
{
	return vat_r_u32(r.s, 0, UINT32_C(1));
}

static inline void con_groups_outer_set_a(struct con_groups_outer_b b, uint32_t v)
{
	vat_w_u32(b.s, 0, v, UINT32_C(1));
}

extern const struct vat_default con_groups_outer_default_b;

static inline struct vat_text con_groups_outer_get_b(struct con_groups_outer_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), &con_groups_outer_default_b);
}

static inline bool con_groups_outer_has_b(struct con_groups_outer_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_groups_outer_set_b(struct con_groups_outer_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct con_groups_outer_deeper_r con_groups_outer_get_deeper(
	struct con_groups_outer_r r)
{
	struct con_groups_outer_deeper_r ret = {r.s};
	return ret;
}

static inline struct con_groups_outer_deeper_b con_groups_outer_init_deeper(
	struct con_groups_outer_b b)
{
	vat_w_bool(b.s, 32, false, false);
	vat_set_null(vat_ptr_at_b(b.s, 1));
	vat_w_u8(b.s, 5, 0, 0);
	struct con_groups_outer_deeper_b ret = {b.s};
	return ret;
}

static inline struct con_groups_outer_deeper_b con_groups_outer_edit_deeper(
	struct con_groups_outer_b b)
{
	struct con_groups_outer_deeper_b ret = {b.s};
	return ret;
}

/* ---- constructs.capnp:Groups.outer.deeper */

static inline struct con_groups_outer_deeper_r con_groups_outer_deeper_b_r(
	struct con_groups_outer_deeper_b b)
{
	struct con_groups_outer_deeper_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline bool con_groups_outer_deeper_get_c(struct con_groups_outer_deeper_r r)
{
	return vat_r_bool(r.s, 32, false);
}

static inline void con_groups_outer_deeper_set_c(struct con_groups_outer_deeper_b b, bool v)
{
	vat_w_bool(b.s, 32, v, false);
}

static inline struct con_scalars_list_r con_groups_outer_deeper_get_d(
	struct con_groups_outer_deeper_r r)
{
	struct con_scalars_list_r ret = {vat_ptr_list(vat_ptr_at(r.s, 1), VAT_ELEM_STRUCT, NULL)};
	return ret;
}

static inline bool con_groups_outer_deeper_has_d(struct con_groups_outer_deeper_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_groups_outer_deeper_set_d(
	struct con_groups_outer_deeper_b b, struct con_scalars_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 1), v.l);
}

static inline struct con_scalars_list_b con_groups_outer_deeper_init_d(
	struct con_groups_outer_deeper_b b, uint32_t n)
{
	struct con_scalars_list_b ret = {
		vat_init_struct_list(vat_ptr_at_b(b.s, 1), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, n)};
	return ret;
}

static inline struct con_scalars_list_b con_groups_outer_deeper_edit_d(
	struct con_groups_outer_deeper_b b)
{
	struct con_scalars_list_b ret = {
		vat_get_struct_list_b(vat_ptr_at_b(b.s, 1), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

static inline struct con_groups_outer_deeper_deepest_r con_groups_outer_deeper_get_deepest(
	struct con_groups_outer_deeper_r r)
{
	struct con_groups_outer_deeper_deepest_r ret = {r.s};
	return ret;
}

static inline struct con_groups_outer_deeper_deepest_b con_groups_outer_deeper_init_deepest(
	struct con_groups_outer_deeper_b b)
{
	vat_w_u8(b.s, 5, 0, 0);
	struct con_groups_outer_deeper_deepest_b ret = {b.s};
	return ret;
}

static inline struct con_groups_outer_deeper_deepest_b con_groups_outer_deeper_edit_deepest(
	struct con_groups_outer_deeper_b b)
{
	struct con_groups_outer_deeper_deepest_b ret = {b.s};
	return ret;
}

/* ---- constructs.capnp:Groups.outer.deeper.deepest */

static inline struct con_groups_outer_deeper_deepest_r con_groups_outer_deeper_deepest_b_r(
	struct con_groups_outer_deeper_deepest_b b)
{
	struct con_groups_outer_deeper_deepest_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline int8_t con_groups_outer_deeper_deepest_get_e(
	struct con_groups_outer_deeper_deepest_r r)
{
	return vat_r_i8(r.s, 5, 0);
}

static inline void con_groups_outer_deeper_deepest_set_e(
	struct con_groups_outer_deeper_deepest_b b, int8_t v)
{
	vat_w_i8(b.s, 5, v, 0);
}

/* ---- constructs.capnp:Generic */

static inline struct con_generic_r con_generic_from(struct vat_ptr_r p)
{
	struct con_generic_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_generic_b con_generic_init(struct vat_ptr_b p)
{
	struct con_generic_b ret = {vat_init_struct(p, CON_GENERIC_DATA_WORDS, CON_GENERIC_PTRS)};
	return ret;
}

static inline struct con_generic_r con_generic_root(struct vat_message *m)
{
	struct con_generic_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_generic_b con_generic_init_root(struct vat_message *m)
{
	struct con_generic_b ret = {
		vat_init_struct(vat_root_b(m), CON_GENERIC_DATA_WORDS, CON_GENERIC_PTRS)};
	return ret;
}

static inline struct con_generic_b con_generic_edit_root(struct vat_message *m)
{
	struct con_generic_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_GENERIC_DATA_WORDS, CON_GENERIC_PTRS, NULL)};
	return ret;
}

static inline void con_generic_set_root(struct vat_message *m, struct con_generic_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_generic_r con_generic_at(struct con_generic_list_r list, uint32_t i)
{
	struct con_generic_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_generic_b con_generic_at_b(struct con_generic_list_b list, uint32_t i)
{
	struct con_generic_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_generic_list_r con_generic_list_b_r(struct con_generic_list_b list)
{
	struct con_generic_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_generic_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_GENERIC_TYPE_ID};
	return ret;
}

static inline struct con_generic_r con_generic_b_r(struct con_generic_b b)
{
	struct con_generic_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_ptr_r con_generic_get_key(struct con_generic_r r)
{
	return vat_ptr_at(r.s, 0);
}

static inline bool con_generic_has_key(struct con_generic_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_generic_set_key(struct con_generic_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_generic_get_key_b(struct con_generic_b b)
{
	return vat_ptr_at_b(b.s, 0);
}

static inline struct vat_ptr_r con_generic_get_value(struct con_generic_r r)
{
	return vat_ptr_at(r.s, 1);
}

static inline bool con_generic_has_value(struct con_generic_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_generic_set_value(struct con_generic_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 1), v);
}

static inline struct vat_ptr_b con_generic_get_value_b(struct con_generic_b b)
{
	return vat_ptr_at_b(b.s, 1);
}

static inline struct con_generic_entry_list_r con_generic_get_entries(struct con_generic_r r)
{
	struct con_generic_entry_list_r ret = {
		vat_ptr_list(vat_ptr_at(r.s, 2), VAT_ELEM_STRUCT, NULL)};
	return ret;
}

static inline bool con_generic_has_entries(struct con_generic_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 2));
}

static inline void con_generic_set_entries(
	struct con_generic_b b, struct con_generic_entry_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 2), v.l);
}

static inline struct con_generic_entry_list_b con_generic_init_entries(
	struct con_generic_b b, uint32_t n)
{
	struct con_generic_entry_list_b ret = {
		vat_init_struct_list(vat_ptr_at_b(b.s, 2), CON_GENERIC_ENTRY_DATA_WORDS, CON_GENERIC_ENTRY_PTRS, n)};
	return ret;
}

static inline struct con_generic_entry_list_b con_generic_edit_entries(struct con_generic_b b)
{
	struct con_generic_entry_list_b ret = {
		vat_get_struct_list_b(vat_ptr_at_b(b.s, 2), CON_GENERIC_ENTRY_DATA_WORDS, CON_GENERIC_ENTRY_PTRS, NULL)};
	return ret;
}

static inline struct vat_cap *con_generic_pipe_key(struct con_generic_p p)
{
	return vat_pipe_cap(p.p, 0);
}

static inline struct vat_cap *con_generic_pipe_value(struct con_generic_p p)
{
	return vat_pipe_cap(p.p, 1);
}

/* ---- constructs.capnp:Generic.Entry */

static inline struct con_generic_entry_r con_generic_entry_from(struct vat_ptr_r p)
{
	struct con_generic_entry_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_generic_entry_b con_generic_entry_init(struct vat_ptr_b p)
{
	struct con_generic_entry_b ret = {
		vat_init_struct(p, CON_GENERIC_ENTRY_DATA_WORDS, CON_GENERIC_ENTRY_PTRS)};
	return ret;
}

static inline struct con_generic_entry_r con_generic_entry_root(struct vat_message *m)
{
	struct con_generic_entry_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_generic_entry_b con_generic_entry_init_root(struct vat_message *m)
{
	struct con_generic_entry_b ret = {
		vat_init_struct(vat_root_b(m), CON_GENERIC_ENTRY_DATA_WORDS, CON_GENERIC_ENTRY_PTRS)};
	return ret;
}

static inline struct con_generic_entry_b con_generic_entry_edit_root(struct vat_message *m)
{
	struct con_generic_entry_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_GENERIC_ENTRY_DATA_WORDS, CON_GENERIC_ENTRY_PTRS, NULL)};
	return ret;
}

static inline void con_generic_entry_set_root(struct vat_message *m, struct con_generic_entry_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_generic_entry_r con_generic_entry_at(
	struct con_generic_entry_list_r list, uint32_t i)
{
	struct con_generic_entry_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_generic_entry_b con_generic_entry_at_b(
	struct con_generic_entry_list_b list, uint32_t i)
{
	struct con_generic_entry_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_generic_entry_list_r con_generic_entry_list_b_r(
	struct con_generic_entry_list_b list)
{
	struct con_generic_entry_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_generic_entry_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_GENERIC_ENTRY_TYPE_ID};
	return ret;
}

static inline struct con_generic_entry_r con_generic_entry_b_r(struct con_generic_entry_b b)
{
	struct con_generic_entry_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_ptr_r con_generic_entry_get_key(struct con_generic_entry_r r)
{
	return vat_ptr_at(r.s, 0);
}

static inline bool con_generic_entry_has_key(struct con_generic_entry_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_generic_entry_set_key(struct con_generic_entry_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_generic_entry_get_key_b(struct con_generic_entry_b b)
{
	return vat_ptr_at_b(b.s, 0);
}

static inline struct con_generic_entry_r con_generic_entry_get_next(struct con_generic_entry_r r)
{
	struct con_generic_entry_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline bool con_generic_entry_has_next(struct con_generic_entry_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_generic_entry_set_next(
	struct con_generic_entry_b b, struct con_generic_entry_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_generic_entry_b con_generic_entry_init_next(struct con_generic_entry_b b)
{
	struct con_generic_entry_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_GENERIC_ENTRY_DATA_WORDS, CON_GENERIC_ENTRY_PTRS)};
	return ret;
}

static inline struct con_generic_entry_b con_generic_entry_edit_next(struct con_generic_entry_b b)
{
	struct con_generic_entry_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_GENERIC_ENTRY_DATA_WORDS, CON_GENERIC_ENTRY_PTRS, NULL)};
	return ret;
}

static inline struct vat_cap *con_generic_entry_pipe_key(struct con_generic_entry_p p)
{
	return vat_pipe_cap(p.p, 0);
}

static inline struct con_generic_entry_p con_generic_entry_pipe_next(struct con_generic_entry_p p)
{
	struct con_generic_entry_p ret = {vat_pipe_at(p.p, 1)};
	return ret;
}

/* ---- constructs.capnp:Generic.Own */

static inline struct con_generic_own_r con_generic_own_from(struct vat_ptr_r p)
{
	struct con_generic_own_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_generic_own_b con_generic_own_init(struct vat_ptr_b p)
{
	struct con_generic_own_b ret = {
		vat_init_struct(p, CON_GENERIC_OWN_DATA_WORDS, CON_GENERIC_OWN_PTRS)};
	return ret;
}

static inline struct con_generic_own_r con_generic_own_root(struct vat_message *m)
{
	struct con_generic_own_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_generic_own_b con_generic_own_init_root(struct vat_message *m)
{
	struct con_generic_own_b ret = {
		vat_init_struct(vat_root_b(m), CON_GENERIC_OWN_DATA_WORDS, CON_GENERIC_OWN_PTRS)};
	return ret;
}

static inline struct con_generic_own_b con_generic_own_edit_root(struct vat_message *m)
{
	struct con_generic_own_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_GENERIC_OWN_DATA_WORDS, CON_GENERIC_OWN_PTRS, NULL)};
	return ret;
}

static inline void con_generic_own_set_root(struct vat_message *m, struct con_generic_own_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_generic_own_r con_generic_own_at(
	struct con_generic_own_list_r list, uint32_t i)
{
	struct con_generic_own_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_generic_own_b con_generic_own_at_b(
	struct con_generic_own_list_b list, uint32_t i)
{
	struct con_generic_own_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_generic_own_list_r con_generic_own_list_b_r(
	struct con_generic_own_list_b list)
{
	struct con_generic_own_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_generic_own_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_GENERIC_OWN_TYPE_ID};
	return ret;
}

static inline struct con_generic_own_r con_generic_own_b_r(struct con_generic_own_b b)
{
	struct con_generic_own_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_ptr_r con_generic_own_get_own(struct con_generic_own_r r)
{
	return vat_ptr_at(r.s, 0);
}

static inline bool con_generic_own_has_own(struct con_generic_own_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_generic_own_set_own(struct con_generic_own_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_generic_own_get_own_b(struct con_generic_own_b b)
{
	return vat_ptr_at_b(b.s, 0);
}

static inline struct vat_ptr_r con_generic_own_get_outer(struct con_generic_own_r r)
{
	return vat_ptr_at(r.s, 1);
}

static inline bool con_generic_own_has_outer(struct con_generic_own_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_generic_own_set_outer(struct con_generic_own_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 1), v);
}

static inline struct vat_ptr_b con_generic_own_get_outer_b(struct con_generic_own_b b)
{
	return vat_ptr_at_b(b.s, 1);
}

static inline struct vat_cap *con_generic_own_pipe_own(struct con_generic_own_p p)
{
	return vat_pipe_cap(p.p, 0);
}

static inline struct vat_cap *con_generic_own_pipe_outer(struct con_generic_own_p p)
{
	return vat_pipe_cap(p.p, 1);
}

/* ---- constructs.capnp:Branded */

static inline struct con_branded_r con_branded_from(struct vat_ptr_r p)
{
	struct con_branded_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_branded_b con_branded_init(struct vat_ptr_b p)
{
	struct con_branded_b ret = {vat_init_struct(p, CON_BRANDED_DATA_WORDS, CON_BRANDED_PTRS)};
	return ret;
}

static inline struct con_branded_r con_branded_root(struct vat_message *m)
{
	struct con_branded_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_branded_b con_branded_init_root(struct vat_message *m)
{
	struct con_branded_b ret = {
		vat_init_struct(vat_root_b(m), CON_BRANDED_DATA_WORDS, CON_BRANDED_PTRS)};
	return ret;
}

static inline struct con_branded_b con_branded_edit_root(struct vat_message *m)
{
	struct con_branded_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_BRANDED_DATA_WORDS, CON_BRANDED_PTRS, NULL)};
	return ret;
}

static inline void con_branded_set_root(struct vat_message *m, struct con_branded_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_branded_r con_branded_at(struct con_branded_list_r list, uint32_t i)
{
	struct con_branded_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_branded_b con_branded_at_b(struct con_branded_list_b list, uint32_t i)
{
	struct con_branded_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_branded_list_r con_branded_list_b_r(struct con_branded_list_b list)
{
	struct con_branded_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_branded_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_BRANDED_TYPE_ID};
	return ret;
}

static inline struct con_branded_r con_branded_b_r(struct con_branded_b b)
{
	struct con_branded_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_generic_r con_branded_get_numbers(struct con_branded_r r)
{
	struct con_generic_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline bool con_branded_has_numbers(struct con_branded_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_branded_set_numbers(struct con_branded_b b, struct con_generic_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_generic_b con_branded_init_numbers(struct con_branded_b b)
{
	struct con_generic_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_GENERIC_DATA_WORDS, CON_GENERIC_PTRS)};
	return ret;
}

static inline struct con_generic_b con_branded_edit_numbers(struct con_branded_b b)
{
	struct con_generic_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_GENERIC_DATA_WORDS, CON_GENERIC_PTRS, NULL)};
	return ret;
}

static inline struct con_generic_entry_r con_branded_get_entry(struct con_branded_r r)
{
	struct con_generic_entry_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline bool con_branded_has_entry(struct con_branded_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_branded_set_entry(struct con_branded_b b, struct con_generic_entry_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_generic_entry_b con_branded_init_entry(struct con_branded_b b)
{
	struct con_generic_entry_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_GENERIC_ENTRY_DATA_WORDS, CON_GENERIC_ENTRY_PTRS)};
	return ret;
}

static inline struct con_generic_entry_b con_branded_edit_entry(struct con_branded_b b)
{
	struct con_generic_entry_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_GENERIC_ENTRY_DATA_WORDS, CON_GENERIC_ENTRY_PTRS, NULL)};
	return ret;
}

static inline struct con_generic_list_r con_branded_get_list(struct con_branded_r r)
{
	struct con_generic_list_r ret = {vat_ptr_list(vat_ptr_at(r.s, 2), VAT_ELEM_STRUCT, NULL)};
	return ret;
}

static inline bool con_branded_has_list(struct con_branded_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 2));
}

static inline void con_branded_set_list(struct con_branded_b b, struct con_generic_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 2), v.l);
}

static inline struct con_generic_list_b con_branded_init_list(struct con_branded_b b, uint32_t n)
{
	struct con_generic_list_b ret = {
		vat_init_struct_list(vat_ptr_at_b(b.s, 2), CON_GENERIC_DATA_WORDS, CON_GENERIC_PTRS, n)};
	return ret;
}

static inline struct con_generic_list_b con_branded_edit_list(struct con_branded_b b)
{
	struct con_generic_list_b ret = {
		vat_get_struct_list_b(vat_ptr_at_b(b.s, 2), CON_GENERIC_DATA_WORDS, CON_GENERIC_PTRS, NULL)};
	return ret;
}

static inline struct con_generic_own_r con_branded_get_own(struct con_branded_r r)
{
	struct con_generic_own_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 3), NULL)};
	return ret;
}

static inline bool con_branded_has_own(struct con_branded_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 3));
}

static inline void con_branded_set_own(struct con_branded_b b, struct con_generic_own_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 3), v.s);
}

static inline struct con_generic_own_b con_branded_init_own(struct con_branded_b b)
{
	struct con_generic_own_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 3), CON_GENERIC_OWN_DATA_WORDS, CON_GENERIC_OWN_PTRS)};
	return ret;
}

static inline struct con_generic_own_b con_branded_edit_own(struct con_branded_b b)
{
	struct con_generic_own_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 3), CON_GENERIC_OWN_DATA_WORDS, CON_GENERIC_OWN_PTRS, NULL)};
	return ret;
}

static inline struct con_generic_p con_branded_pipe_numbers(struct con_branded_p p)
{
	struct con_generic_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

static inline struct con_generic_entry_p con_branded_pipe_entry(struct con_branded_p p)
{
	struct con_generic_entry_p ret = {vat_pipe_at(p.p, 1)};
	return ret;
}

static inline struct con_generic_own_p con_branded_pipe_own(struct con_branded_p p)
{
	struct con_generic_own_p ret = {vat_pipe_at(p.p, 3)};
	return ret;
}

/* ---- constructs.capnp:NamesOfC */

static inline struct con_names_of_c_r con_names_of_c_from(struct vat_ptr_r p)
{
	struct con_names_of_c_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_names_of_c_b con_names_of_c_init(struct vat_ptr_b p)
{
	struct con_names_of_c_b ret = {
		vat_init_struct(p, CON_NAMES_OF_C_DATA_WORDS, CON_NAMES_OF_C_PTRS)};
	return ret;
}

static inline struct con_names_of_c_r con_names_of_c_root(struct vat_message *m)
{
	struct con_names_of_c_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_names_of_c_b con_names_of_c_init_root(struct vat_message *m)
{
	struct con_names_of_c_b ret = {
		vat_init_struct(vat_root_b(m), CON_NAMES_OF_C_DATA_WORDS, CON_NAMES_OF_C_PTRS)};
	return ret;
}

static inline struct con_names_of_c_b con_names_of_c_edit_root(struct vat_message *m)
{
	struct con_names_of_c_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_NAMES_OF_C_DATA_WORDS, CON_NAMES_OF_C_PTRS, NULL)};
	return ret;
}

static inline void con_names_of_c_set_root(struct vat_message *m, struct con_names_of_c_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_names_of_c_r con_names_of_c_at(
	struct con_names_of_c_list_r list, uint32_t i)
{
	struct con_names_of_c_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_names_of_c_b con_names_of_c_at_b(
	struct con_names_of_c_list_b list, uint32_t i)
{
	struct con_names_of_c_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_names_of_c_list_r con_names_of_c_list_b_r(
	struct con_names_of_c_list_b list)
{
	struct con_names_of_c_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_names_of_c_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_NAMES_OF_C_TYPE_ID};
	return ret;
}

static inline struct con_names_of_c_r con_names_of_c_b_r(struct con_names_of_c_b b)
{
	struct con_names_of_c_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint32_t con_names_of_c_get_int(struct con_names_of_c_r r)
{
	return vat_r_u32(r.s, 0, 0);
}

static inline void con_names_of_c_set_int(struct con_names_of_c_b b, uint32_t v)
{
	vat_w_u32(b.s, 0, v, 0);
}

static inline struct vat_text con_names_of_c_get_class(struct con_names_of_c_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline bool con_names_of_c_has_class(struct con_names_of_c_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_names_of_c_set_class(struct con_names_of_c_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline bool con_names_of_c_get_default(struct con_names_of_c_r r)
{
	return vat_r_bool(r.s, 32, false);
}

static inline void con_names_of_c_set_default(struct con_names_of_c_b b, bool v)
{
	vat_w_bool(b.s, 32, v, false);
}

static inline struct vat_text con_names_of_c_get_get_ftp_url(struct con_names_of_c_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 1), NULL);
}

static inline bool con_names_of_c_has_get_ftp_url(struct con_names_of_c_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_names_of_c_set_get_ftp_url(struct con_names_of_c_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 1), v);
}

static inline struct vat_text con_names_of_c_get_v9fs_stream(struct con_names_of_c_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 2), NULL);
}

static inline bool con_names_of_c_has_v9fs_stream(struct con_names_of_c_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 2));
}

static inline void con_names_of_c_set_v9fs_stream(struct con_names_of_c_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 2), v);
}

static inline struct vat_text con_names_of_c_get_address(struct con_names_of_c_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 3), NULL);
}

static inline bool con_names_of_c_has_address(struct con_names_of_c_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 3));
}

static inline void con_names_of_c_set_address(struct con_names_of_c_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 3), v);
}

/* ---- constructs.capnp:NamesOfC.Struct */

static inline struct con_names_of_c_struct_r con_names_of_c_struct_from(struct vat_ptr_r p)
{
	struct con_names_of_c_struct_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_names_of_c_struct_b con_names_of_c_struct_init(struct vat_ptr_b p)
{
	struct con_names_of_c_struct_b ret = {
		vat_init_struct(p, CON_NAMES_OF_C_STRUCT_DATA_WORDS, CON_NAMES_OF_C_STRUCT_PTRS)};
	return ret;
}

static inline struct con_names_of_c_struct_r con_names_of_c_struct_root(struct vat_message *m)
{
	struct con_names_of_c_struct_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_names_of_c_struct_b con_names_of_c_struct_init_root(struct vat_message *m)
{
	struct con_names_of_c_struct_b ret = {
		vat_init_struct(vat_root_b(m), CON_NAMES_OF_C_STRUCT_DATA_WORDS, CON_NAMES_OF_C_STRUCT_PTRS)};
	return ret;
}

static inline struct con_names_of_c_struct_b con_names_of_c_struct_edit_root(struct vat_message *m)
{
	struct con_names_of_c_struct_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_NAMES_OF_C_STRUCT_DATA_WORDS, CON_NAMES_OF_C_STRUCT_PTRS, NULL)};
	return ret;
}

static inline void con_names_of_c_struct_set_root(
	struct vat_message *m, struct con_names_of_c_struct_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_names_of_c_struct_r con_names_of_c_struct_at(
	struct con_names_of_c_struct_list_r list, uint32_t i)
{
	struct con_names_of_c_struct_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_names_of_c_struct_b con_names_of_c_struct_at_b(
	struct con_names_of_c_struct_list_b list, uint32_t i)
{
	struct con_names_of_c_struct_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_names_of_c_struct_list_r con_names_of_c_struct_list_b_r(
	struct con_names_of_c_struct_list_b list)
{
	struct con_names_of_c_struct_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_names_of_c_struct_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_NAMES_OF_C_STRUCT_TYPE_ID};
	return ret;
}

static inline struct con_names_of_c_struct_r con_names_of_c_struct_b_r(
	struct con_names_of_c_struct_b b)
{
	struct con_names_of_c_struct_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline bool con_names_of_c_struct_get_return(struct con_names_of_c_struct_r r)
{
	return vat_r_bool(r.s, 0, false);
}

static inline void con_names_of_c_struct_set_return(struct con_names_of_c_struct_b b, bool v)
{
	vat_w_bool(b.s, 0, v, false);
}

/* ---- constructs.capnp:NamesOfC.Interface */

static inline struct con_names_of_c_interface_c con_names_of_c_interface_cast(struct vat_cap *cap)
{
	struct con_names_of_c_interface_c ret = {cap};
	return ret;
}

static inline struct con_names_of_c_interface_c con_names_of_c_interface_ref(
	struct con_names_of_c_interface_c c)
{
	struct con_names_of_c_interface_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_names_of_c_interface_unref(struct con_names_of_c_interface_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_names_of_c_interface_c con_names_of_c_interface_from(struct vat_ptr_r p)
{
	struct con_names_of_c_interface_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_names_of_c_interface_c con_names_of_c_interface_list_at(
	struct vat_list_r list, uint32_t i)
{
	struct con_names_of_c_interface_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_names_of_c_interface_list_set_at(
	struct vat_list_b list, uint32_t i, struct con_names_of_c_interface_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_names_of_c_interface_virtual_req con_names_of_c_interface_virtual(
	struct vat *v, struct con_names_of_c_interface_c c)
{
	struct con_names_of_c_interface_virtual_req req;
	req.call = vat_call_for(v, c.cap, &con_names_of_c_interface_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_DATA_WORDS,
			CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_PTRS);
	return req;
}

static inline void con_names_of_c_interface_virtual_send(
	struct con_names_of_c_interface_virtual_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_names_of_c_interface_virtual_tail(
	struct vat_ctx *ctx, struct con_names_of_c_interface_virtual_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_names_of_c_interface_virtual_params_r con_names_of_c_interface_virtual_params(
	struct con_names_of_c_interface_virtual_ctx cx)
{
	struct con_names_of_c_interface_virtual_params_r ret = {
		vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_results_b con_names_of_c_interface_virtual_results(
	struct con_names_of_c_interface_virtual_ctx cx)
{
	struct con_names_of_c_interface_virtual_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_DATA_WORDS,
			CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_names_of_c_interface_c con_names_of_c_interface_serve(
	struct vat *v, const struct con_names_of_c_interface_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_names_of_c_interface_c ret = {
		vat_serve(v, &con_names_of_c_interface_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:NamesOfC.Interface.virtual$Params */

static inline struct con_names_of_c_interface_virtual_params_r con_names_of_c_interface_virtual_params_from(
	struct vat_ptr_r p)
{
	struct con_names_of_c_interface_virtual_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_params_b con_names_of_c_interface_virtual_params_init(
	struct vat_ptr_b p)
{
	struct con_names_of_c_interface_virtual_params_b ret = {
		vat_init_struct(p, CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_DATA_WORDS,
			CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_PTRS)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_params_r con_names_of_c_interface_virtual_params_root(
	struct vat_message *m)
{
	struct con_names_of_c_interface_virtual_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_params_b con_names_of_c_interface_virtual_params_init_root(
	struct vat_message *m)
{
	struct con_names_of_c_interface_virtual_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_DATA_WORDS,
			CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_PTRS)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_params_b con_names_of_c_interface_virtual_params_edit_root(
	struct vat_message *m)
{
	struct con_names_of_c_interface_virtual_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_DATA_WORDS,
			CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_names_of_c_interface_virtual_params_set_root(
	struct vat_message *m, struct con_names_of_c_interface_virtual_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_names_of_c_interface_virtual_params_r con_names_of_c_interface_virtual_params_at(
	struct con_names_of_c_interface_virtual_params_list_r list, uint32_t i)
{
	struct con_names_of_c_interface_virtual_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_params_b con_names_of_c_interface_virtual_params_at_b(
	struct con_names_of_c_interface_virtual_params_list_b list, uint32_t i)
{
	struct con_names_of_c_interface_virtual_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_params_list_r con_names_of_c_interface_virtual_params_list_b_r(
	struct con_names_of_c_interface_virtual_params_list_b list)
{
	struct con_names_of_c_interface_virtual_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_names_of_c_interface_virtual_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_NAMES_OF_C_INTERFACE_VIRTUAL_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_params_r con_names_of_c_interface_virtual_params_b_r(
	struct con_names_of_c_interface_virtual_params_b b)
{
	struct con_names_of_c_interface_virtual_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:NamesOfC.Interface.virtual$Results */

static inline struct con_names_of_c_interface_virtual_results_r con_names_of_c_interface_virtual_results_from(
	struct vat_ptr_r p)
{
	struct con_names_of_c_interface_virtual_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_results_b con_names_of_c_interface_virtual_results_init(
	struct vat_ptr_b p)
{
	struct con_names_of_c_interface_virtual_results_b ret = {
		vat_init_struct(p, CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_DATA_WORDS,
			CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_PTRS)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_results_r con_names_of_c_interface_virtual_results_root(
	struct vat_message *m)
{
	struct con_names_of_c_interface_virtual_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_results_b con_names_of_c_interface_virtual_results_init_root(
	struct vat_message *m)
{
	struct con_names_of_c_interface_virtual_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_DATA_WORDS,
			CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_PTRS)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_results_b con_names_of_c_interface_virtual_results_edit_root(
	struct vat_message *m)
{
	struct con_names_of_c_interface_virtual_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_DATA_WORDS,
			CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_names_of_c_interface_virtual_results_set_root(
	struct vat_message *m, struct con_names_of_c_interface_virtual_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_names_of_c_interface_virtual_results_r con_names_of_c_interface_virtual_results_at(
	struct con_names_of_c_interface_virtual_results_list_r list, uint32_t i)
{
	struct con_names_of_c_interface_virtual_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_results_b con_names_of_c_interface_virtual_results_at_b(
	struct con_names_of_c_interface_virtual_results_list_b list, uint32_t i)
{
	struct con_names_of_c_interface_virtual_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_results_list_r con_names_of_c_interface_virtual_results_list_b_r(
	struct con_names_of_c_interface_virtual_results_list_b list)
{
	struct con_names_of_c_interface_virtual_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_names_of_c_interface_virtual_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_NAMES_OF_C_INTERFACE_VIRTUAL_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_names_of_c_interface_virtual_results_r con_names_of_c_interface_virtual_results_b_r(
	struct con_names_of_c_interface_virtual_results_b b)
{
	struct con_names_of_c_interface_virtual_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Outer */

static inline struct con_outer_r con_outer_from(struct vat_ptr_r p)
{
	struct con_outer_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_outer_b con_outer_init(struct vat_ptr_b p)
{
	struct con_outer_b ret = {vat_init_struct(p, CON_OUTER_DATA_WORDS, CON_OUTER_PTRS)};
	return ret;
}

static inline struct con_outer_r con_outer_root(struct vat_message *m)
{
	struct con_outer_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_outer_b con_outer_init_root(struct vat_message *m)
{
	struct con_outer_b ret = {
		vat_init_struct(vat_root_b(m), CON_OUTER_DATA_WORDS, CON_OUTER_PTRS)};
	return ret;
}

static inline struct con_outer_b con_outer_edit_root(struct vat_message *m)
{
	struct con_outer_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_OUTER_DATA_WORDS, CON_OUTER_PTRS, NULL)};
	return ret;
}

static inline void con_outer_set_root(struct vat_message *m, struct con_outer_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_outer_r con_outer_at(struct con_outer_list_r list, uint32_t i)
{
	struct con_outer_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_outer_b con_outer_at_b(struct con_outer_list_b list, uint32_t i)
{
	struct con_outer_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_outer_list_r con_outer_list_b_r(struct con_outer_list_b list)
{
	struct con_outer_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_outer_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_OUTER_TYPE_ID};
	return ret;
}

static inline struct con_outer_r con_outer_b_r(struct con_outer_b b)
{
	struct con_outer_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_outer_middle_r con_outer_get_middle(struct con_outer_r r)
{
	struct con_outer_middle_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline bool con_outer_has_middle(struct con_outer_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_outer_set_middle(struct con_outer_b b, struct con_outer_middle_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_outer_middle_b con_outer_init_middle(struct con_outer_b b)
{
	struct con_outer_middle_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_OUTER_MIDDLE_DATA_WORDS, CON_OUTER_MIDDLE_PTRS)};
	return ret;
}

static inline struct con_outer_middle_b con_outer_edit_middle(struct con_outer_b b)
{
	struct con_outer_middle_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_OUTER_MIDDLE_DATA_WORDS, CON_OUTER_MIDDLE_PTRS, NULL)};
	return ret;
}

/* ---- constructs.capnp:Outer.Middle */

static inline struct con_outer_middle_r con_outer_middle_from(struct vat_ptr_r p)
{
	struct con_outer_middle_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_outer_middle_b con_outer_middle_init(struct vat_ptr_b p)
{
	struct con_outer_middle_b ret = {
		vat_init_struct(p, CON_OUTER_MIDDLE_DATA_WORDS, CON_OUTER_MIDDLE_PTRS)};
	return ret;
}

static inline struct con_outer_middle_r con_outer_middle_root(struct vat_message *m)
{
	struct con_outer_middle_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_outer_middle_b con_outer_middle_init_root(struct vat_message *m)
{
	struct con_outer_middle_b ret = {
		vat_init_struct(vat_root_b(m), CON_OUTER_MIDDLE_DATA_WORDS, CON_OUTER_MIDDLE_PTRS)};
	return ret;
}

static inline struct con_outer_middle_b con_outer_middle_edit_root(struct vat_message *m)
{
	struct con_outer_middle_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_OUTER_MIDDLE_DATA_WORDS, CON_OUTER_MIDDLE_PTRS, NULL)};
	return ret;
}

static inline void con_outer_middle_set_root(struct vat_message *m, struct con_outer_middle_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_outer_middle_r con_outer_middle_at(
	struct con_outer_middle_list_r list, uint32_t i)
{
	struct con_outer_middle_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_outer_middle_b con_outer_middle_at_b(
	struct con_outer_middle_list_b list, uint32_t i)
{
	struct con_outer_middle_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_outer_middle_list_r con_outer_middle_list_b_r(
	struct con_outer_middle_list_b list)
{
	struct con_outer_middle_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_outer_middle_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_OUTER_MIDDLE_TYPE_ID};
	return ret;
}

static inline struct con_outer_middle_r con_outer_middle_b_r(struct con_outer_middle_b b)
{
	struct con_outer_middle_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_outer_middle_inner_r con_outer_middle_get_inner(
	struct con_outer_middle_r r)
{
	struct con_outer_middle_inner_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline bool con_outer_middle_has_inner(struct con_outer_middle_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_outer_middle_set_inner(
	struct con_outer_middle_b b, struct con_outer_middle_inner_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_outer_middle_inner_b con_outer_middle_init_inner(
	struct con_outer_middle_b b)
{
	struct con_outer_middle_inner_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_OUTER_MIDDLE_INNER_DATA_WORDS, CON_OUTER_MIDDLE_INNER_PTRS)};
	return ret;
}

static inline struct con_outer_middle_inner_b con_outer_middle_edit_inner(
	struct con_outer_middle_b b)
{
	struct con_outer_middle_inner_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_OUTER_MIDDLE_INNER_DATA_WORDS, CON_OUTER_MIDDLE_INNER_PTRS, NULL)};
	return ret;
}

/* ---- constructs.capnp:Outer.Middle.Inner */

static inline struct con_outer_middle_inner_r con_outer_middle_inner_from(struct vat_ptr_r p)
{
	struct con_outer_middle_inner_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_outer_middle_inner_b con_outer_middle_inner_init(struct vat_ptr_b p)
{
	struct con_outer_middle_inner_b ret = {
		vat_init_struct(p, CON_OUTER_MIDDLE_INNER_DATA_WORDS, CON_OUTER_MIDDLE_INNER_PTRS)};
	return ret;
}

static inline struct con_outer_middle_inner_r con_outer_middle_inner_root(struct vat_message *m)
{
	struct con_outer_middle_inner_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_outer_middle_inner_b con_outer_middle_inner_init_root(
	struct vat_message *m)
{
	struct con_outer_middle_inner_b ret = {
		vat_init_struct(vat_root_b(m), CON_OUTER_MIDDLE_INNER_DATA_WORDS, CON_OUTER_MIDDLE_INNER_PTRS)};
	return ret;
}

static inline struct con_outer_middle_inner_b con_outer_middle_inner_edit_root(
	struct vat_message *m)
{
	struct con_outer_middle_inner_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_OUTER_MIDDLE_INNER_DATA_WORDS, CON_OUTER_MIDDLE_INNER_PTRS, NULL)};
	return ret;
}

static inline void con_outer_middle_inner_set_root(
	struct vat_message *m, struct con_outer_middle_inner_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_outer_middle_inner_r con_outer_middle_inner_at(
	struct con_outer_middle_inner_list_r list, uint32_t i)
{
	struct con_outer_middle_inner_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_outer_middle_inner_b con_outer_middle_inner_at_b(
	struct con_outer_middle_inner_list_b list, uint32_t i)
{
	struct con_outer_middle_inner_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_outer_middle_inner_list_r con_outer_middle_inner_list_b_r(
	struct con_outer_middle_inner_list_b list)
{
	struct con_outer_middle_inner_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_outer_middle_inner_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_OUTER_MIDDLE_INNER_TYPE_ID};
	return ret;
}

static inline struct con_outer_middle_inner_r con_outer_middle_inner_b_r(
	struct con_outer_middle_inner_b b)
{
	struct con_outer_middle_inner_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_text con_outer_middle_inner_get_deep(struct con_outer_middle_inner_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline bool con_outer_middle_inner_has_deep(struct con_outer_middle_inner_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_outer_middle_inner_set_deep(
	struct con_outer_middle_inner_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline uint16_t con_outer_middle_inner_get_level(struct con_outer_middle_inner_r r)
{
	return vat_r_u16(r.s, 0, 1);
}

static inline void con_outer_middle_inner_set_level(struct con_outer_middle_inner_b b, uint16_t v)
{
	vat_w_u16(b.s, 0, v, 1);
}

/* ---- constructs.capnp:Renamed */

static inline struct con_other_name_r con_other_name_from(struct vat_ptr_r p)
{
	struct con_other_name_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_other_name_b con_other_name_init(struct vat_ptr_b p)
{
	struct con_other_name_b ret = {
		vat_init_struct(p, CON_OTHER_NAME_DATA_WORDS, CON_OTHER_NAME_PTRS)};
	return ret;
}

static inline struct con_other_name_r con_other_name_root(struct vat_message *m)
{
	struct con_other_name_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_other_name_b con_other_name_init_root(struct vat_message *m)
{
	struct con_other_name_b ret = {
		vat_init_struct(vat_root_b(m), CON_OTHER_NAME_DATA_WORDS, CON_OTHER_NAME_PTRS)};
	return ret;
}

static inline struct con_other_name_b con_other_name_edit_root(struct vat_message *m)
{
	struct con_other_name_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_OTHER_NAME_DATA_WORDS, CON_OTHER_NAME_PTRS, NULL)};
	return ret;
}

static inline void con_other_name_set_root(struct vat_message *m, struct con_other_name_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_other_name_r con_other_name_at(
	struct con_other_name_list_r list, uint32_t i)
{
	struct con_other_name_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_other_name_b con_other_name_at_b(
	struct con_other_name_list_b list, uint32_t i)
{
	struct con_other_name_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_other_name_list_r con_other_name_list_b_r(
	struct con_other_name_list_b list)
{
	struct con_other_name_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_other_name_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_OTHER_NAME_TYPE_ID};
	return ret;
}

static inline struct con_other_name_r con_other_name_b_r(struct con_other_name_b b)
{
	struct con_other_name_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint8_t con_other_name_get_f(struct con_other_name_r r)
{
	return vat_r_u8(r.s, 0, 0);
}

static inline void con_other_name_set_f(struct con_other_name_b b, uint8_t v)
{
	vat_w_u8(b.s, 0, v, 0);
}

static inline struct con_other_name_grp_r con_other_name_get_grp(struct con_other_name_r r)
{
	struct con_other_name_grp_r ret = {r.s};
	return ret;
}

static inline struct con_other_name_grp_b con_other_name_init_grp(struct con_other_name_b b)
{
	vat_w_u8(b.s, 1, 0, 0);
	struct con_other_name_grp_b ret = {b.s};
	return ret;
}

static inline struct con_other_name_grp_b con_other_name_edit_grp(struct con_other_name_b b)
{
	struct con_other_name_grp_b ret = {b.s};
	return ret;
}

/* ---- constructs.capnp:Renamed.g */

static inline struct con_other_name_grp_r con_other_name_grp_b_r(struct con_other_name_grp_b b)
{
	struct con_other_name_grp_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint8_t con_other_name_grp_get_x(struct con_other_name_grp_r r)
{
	return vat_r_u8(r.s, 1, 0);
}

static inline void con_other_name_grp_set_x(struct con_other_name_grp_b b, uint8_t v)
{
	vat_w_u8(b.s, 1, v, 0);
}

/* ---- constructs.capnp:Marker */

static inline struct con_marker_c con_marker_cast(struct vat_cap *cap)
{
	struct con_marker_c ret = {cap};
	return ret;
}

static inline struct con_marker_c con_marker_ref(struct con_marker_c c)
{
	struct con_marker_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_marker_unref(struct con_marker_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_marker_c con_marker_from(struct vat_ptr_r p)
{
	struct con_marker_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_marker_c con_marker_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_marker_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_marker_list_set_at(struct vat_list_b list, uint32_t i, struct con_marker_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_marker_c con_marker_serve(
	struct vat *v, const struct con_marker_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_marker_c ret = {vat_serve(v, &con_marker_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Base */

static inline struct con_base_c con_base_cast(struct vat_cap *cap)
{
	struct con_base_c ret = {cap};
	return ret;
}

static inline struct con_base_c con_base_ref(struct con_base_c c)
{
	struct con_base_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_base_unref(struct con_base_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_base_c con_base_from(struct vat_ptr_r p)
{
	struct con_base_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_base_c con_base_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_base_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_base_list_set_at(struct vat_list_b list, uint32_t i, struct con_base_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_base_ping_req con_base_ping(struct vat *v, struct con_base_c c)
{
	struct con_base_ping_req req;
	req.call = vat_call_for(v, c.cap, &con_base_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_BASE_PING_PARAMS_DATA_WORDS, CON_BASE_PING_PARAMS_PTRS);
	return req;
}

static inline void con_base_ping_send(struct con_base_ping_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_base_ping_tail(struct vat_ctx *ctx, struct con_base_ping_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_base_ping_results_p con_base_ping_pipe(struct vat_call *call)
{
	struct con_base_ping_results_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct con_base_c con_base_ping_pipe_c(struct vat_call *call)
{
	static const uint16_t path[] = {1};
	struct con_base_c ret = {vat_call_pipeline(call, path, 1)};
	return ret;
}

static inline struct con_base_nothing_req con_base_nothing(struct vat *v, struct con_base_c c)
{
	struct con_base_nothing_req req;
	req.call = vat_call_for(v, c.cap, &con_base_interface, 1);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_BASE_NOTHING_PARAMS_DATA_WORDS, CON_BASE_NOTHING_PARAMS_PTRS);
	return req;
}

static inline void con_base_nothing_send(struct con_base_nothing_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_base_nothing_tail(struct vat_ctx *ctx, struct con_base_nothing_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_base_ping_params_r con_base_ping_params(struct con_base_ping_ctx cx)
{
	struct con_base_ping_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_base_ping_results_b con_base_ping_results(struct con_base_ping_ctx cx)
{
	struct con_base_ping_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_BASE_PING_RESULTS_DATA_WORDS, CON_BASE_PING_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_base_nothing_params_r con_base_nothing_params(
	struct con_base_nothing_ctx cx)
{
	struct con_base_nothing_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_base_nothing_results_b con_base_nothing_results(
	struct con_base_nothing_ctx cx)
{
	struct con_base_nothing_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_BASE_NOTHING_RESULTS_DATA_WORDS, CON_BASE_NOTHING_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_base_c con_base_serve(
	struct vat *v, const struct con_base_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_base_c ret = {vat_serve(v, &con_base_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Base.ping$Params */

static inline struct con_base_ping_params_r con_base_ping_params_from(struct vat_ptr_r p)
{
	struct con_base_ping_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_base_ping_params_b con_base_ping_params_init(struct vat_ptr_b p)
{
	struct con_base_ping_params_b ret = {
		vat_init_struct(p, CON_BASE_PING_PARAMS_DATA_WORDS, CON_BASE_PING_PARAMS_PTRS)};
	return ret;
}

static inline struct con_base_ping_params_r con_base_ping_params_root(struct vat_message *m)
{
	struct con_base_ping_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_base_ping_params_b con_base_ping_params_init_root(struct vat_message *m)
{
	struct con_base_ping_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_BASE_PING_PARAMS_DATA_WORDS, CON_BASE_PING_PARAMS_PTRS)};
	return ret;
}

static inline struct con_base_ping_params_b con_base_ping_params_edit_root(struct vat_message *m)
{
	struct con_base_ping_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_BASE_PING_PARAMS_DATA_WORDS, CON_BASE_PING_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_base_ping_params_set_root(
	struct vat_message *m, struct con_base_ping_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_base_ping_params_r con_base_ping_params_at(
	struct con_base_ping_params_list_r list, uint32_t i)
{
	struct con_base_ping_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_base_ping_params_b con_base_ping_params_at_b(
	struct con_base_ping_params_list_b list, uint32_t i)
{
	struct con_base_ping_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_base_ping_params_list_r con_base_ping_params_list_b_r(
	struct con_base_ping_params_list_b list)
{
	struct con_base_ping_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_base_ping_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_BASE_PING_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_base_ping_params_r con_base_ping_params_b_r(
	struct con_base_ping_params_b b)
{
	struct con_base_ping_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint32_t con_base_ping_params_get_a(struct con_base_ping_params_r r)
{
	return vat_r_u32(r.s, 0, 0);
}

static inline void con_base_ping_params_set_a(struct con_base_ping_params_b b, uint32_t v)
{
	vat_w_u32(b.s, 0, v, 0);
}

/* ---- constructs.capnp:Base.ping$Results */

static inline struct con_base_ping_results_r con_base_ping_results_from(struct vat_ptr_r p)
{
	struct con_base_ping_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_base_ping_results_b con_base_ping_results_init(struct vat_ptr_b p)
{
	struct con_base_ping_results_b ret = {
		vat_init_struct(p, CON_BASE_PING_RESULTS_DATA_WORDS, CON_BASE_PING_RESULTS_PTRS)};
	return ret;
}

static inline struct con_base_ping_results_r con_base_ping_results_root(struct vat_message *m)
{
	struct con_base_ping_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_base_ping_results_b con_base_ping_results_init_root(struct vat_message *m)
{
	struct con_base_ping_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_BASE_PING_RESULTS_DATA_WORDS, CON_BASE_PING_RESULTS_PTRS)};
	return ret;
}

static inline struct con_base_ping_results_b con_base_ping_results_edit_root(struct vat_message *m)
{
	struct con_base_ping_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_BASE_PING_RESULTS_DATA_WORDS, CON_BASE_PING_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_base_ping_results_set_root(
	struct vat_message *m, struct con_base_ping_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_base_ping_results_r con_base_ping_results_at(
	struct con_base_ping_results_list_r list, uint32_t i)
{
	struct con_base_ping_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_base_ping_results_b con_base_ping_results_at_b(
	struct con_base_ping_results_list_b list, uint32_t i)
{
	struct con_base_ping_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_base_ping_results_list_r con_base_ping_results_list_b_r(
	struct con_base_ping_results_list_b list)
{
	struct con_base_ping_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_base_ping_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_BASE_PING_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_base_ping_results_r con_base_ping_results_b_r(
	struct con_base_ping_results_b b)
{
	struct con_base_ping_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_text con_base_ping_results_get_b(struct con_base_ping_results_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline bool con_base_ping_results_has_b(struct con_base_ping_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_base_ping_results_set_b(struct con_base_ping_results_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct con_base_c con_base_ping_results_get_c(struct con_base_ping_results_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 1))};
	return ret;
}

static inline bool con_base_ping_results_has_c(struct con_base_ping_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_base_ping_results_set_c(
	struct con_base_ping_results_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 1), v.cap);
}

static inline struct con_base_c con_base_ping_results_pipe_c(struct con_base_ping_results_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 1)};
	return ret;
}

/* ---- constructs.capnp:Base.nothing$Params */

static inline struct con_base_nothing_params_r con_base_nothing_params_from(struct vat_ptr_r p)
{
	struct con_base_nothing_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_base_nothing_params_b con_base_nothing_params_init(struct vat_ptr_b p)
{
	struct con_base_nothing_params_b ret = {
		vat_init_struct(p, CON_BASE_NOTHING_PARAMS_DATA_WORDS, CON_BASE_NOTHING_PARAMS_PTRS)};
	return ret;
}

static inline struct con_base_nothing_params_r con_base_nothing_params_root(struct vat_message *m)
{
	struct con_base_nothing_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_base_nothing_params_b con_base_nothing_params_init_root(
	struct vat_message *m)
{
	struct con_base_nothing_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_BASE_NOTHING_PARAMS_DATA_WORDS, CON_BASE_NOTHING_PARAMS_PTRS)};
	return ret;
}

static inline struct con_base_nothing_params_b con_base_nothing_params_edit_root(
	struct vat_message *m)
{
	struct con_base_nothing_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_BASE_NOTHING_PARAMS_DATA_WORDS, CON_BASE_NOTHING_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_base_nothing_params_set_root(
	struct vat_message *m, struct con_base_nothing_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_base_nothing_params_r con_base_nothing_params_at(
	struct con_base_nothing_params_list_r list, uint32_t i)
{
	struct con_base_nothing_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_base_nothing_params_b con_base_nothing_params_at_b(
	struct con_base_nothing_params_list_b list, uint32_t i)
{
	struct con_base_nothing_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_base_nothing_params_list_r con_base_nothing_params_list_b_r(
	struct con_base_nothing_params_list_b list)
{
	struct con_base_nothing_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_base_nothing_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_BASE_NOTHING_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_base_nothing_params_r con_base_nothing_params_b_r(
	struct con_base_nothing_params_b b)
{
	struct con_base_nothing_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Base.nothing$Results */

static inline struct con_base_nothing_results_r con_base_nothing_results_from(struct vat_ptr_r p)
{
	struct con_base_nothing_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_base_nothing_results_b con_base_nothing_results_init(struct vat_ptr_b p)
{
	struct con_base_nothing_results_b ret = {
		vat_init_struct(p, CON_BASE_NOTHING_RESULTS_DATA_WORDS, CON_BASE_NOTHING_RESULTS_PTRS)};
	return ret;
}

static inline struct con_base_nothing_results_r con_base_nothing_results_root(struct vat_message *m)
{
	struct con_base_nothing_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_base_nothing_results_b con_base_nothing_results_init_root(
	struct vat_message *m)
{
	struct con_base_nothing_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_BASE_NOTHING_RESULTS_DATA_WORDS, CON_BASE_NOTHING_RESULTS_PTRS)};
	return ret;
}

static inline struct con_base_nothing_results_b con_base_nothing_results_edit_root(
	struct vat_message *m)
{
	struct con_base_nothing_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_BASE_NOTHING_RESULTS_DATA_WORDS, CON_BASE_NOTHING_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_base_nothing_results_set_root(
	struct vat_message *m, struct con_base_nothing_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_base_nothing_results_r con_base_nothing_results_at(
	struct con_base_nothing_results_list_r list, uint32_t i)
{
	struct con_base_nothing_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_base_nothing_results_b con_base_nothing_results_at_b(
	struct con_base_nothing_results_list_b list, uint32_t i)
{
	struct con_base_nothing_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_base_nothing_results_list_r con_base_nothing_results_list_b_r(
	struct con_base_nothing_results_list_b list)
{
	struct con_base_nothing_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_base_nothing_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_BASE_NOTHING_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_base_nothing_results_r con_base_nothing_results_b_r(
	struct con_base_nothing_results_b b)
{
	struct con_base_nothing_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Left */

static inline struct con_left_c con_left_cast(struct vat_cap *cap)
{
	struct con_left_c ret = {cap};
	return ret;
}

static inline struct con_left_c con_left_ref(struct con_left_c c)
{
	struct con_left_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_left_unref(struct con_left_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_left_c con_left_from(struct vat_ptr_r p)
{
	struct con_left_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_left_c con_left_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_left_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_left_list_set_at(struct vat_list_b list, uint32_t i, struct con_left_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_base_c con_left_as_base(struct con_left_c c)
{
	struct con_base_c ret = {c.cap};
	return ret;
}

static inline struct con_left_left_req con_left_left(struct vat *v, struct con_left_c c)
{
	struct con_left_left_req req;
	req.call = vat_call_for(v, c.cap, &con_left_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_LEFT_LEFT_PARAMS_DATA_WORDS, CON_LEFT_LEFT_PARAMS_PTRS);
	return req;
}

static inline void con_left_left_send(struct con_left_left_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_left_left_tail(struct vat_ctx *ctx, struct con_left_left_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_left_left_params_r con_left_left_params(struct con_left_left_ctx cx)
{
	struct con_left_left_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_left_left_results_b con_left_left_results(struct con_left_left_ctx cx)
{
	struct con_left_left_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_LEFT_LEFT_RESULTS_DATA_WORDS, CON_LEFT_LEFT_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_left_c con_left_serve(
	struct vat *v, const struct con_left_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_left_c ret = {vat_serve(v, &con_left_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Left.left$Params */

static inline struct con_left_left_params_r con_left_left_params_from(struct vat_ptr_r p)
{
	struct con_left_left_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_left_left_params_b con_left_left_params_init(struct vat_ptr_b p)
{
	struct con_left_left_params_b ret = {
		vat_init_struct(p, CON_LEFT_LEFT_PARAMS_DATA_WORDS, CON_LEFT_LEFT_PARAMS_PTRS)};
	return ret;
}

static inline struct con_left_left_params_r con_left_left_params_root(struct vat_message *m)
{
	struct con_left_left_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_left_left_params_b con_left_left_params_init_root(struct vat_message *m)
{
	struct con_left_left_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_LEFT_LEFT_PARAMS_DATA_WORDS, CON_LEFT_LEFT_PARAMS_PTRS)};
	return ret;
}

static inline struct con_left_left_params_b con_left_left_params_edit_root(struct vat_message *m)
{
	struct con_left_left_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_LEFT_LEFT_PARAMS_DATA_WORDS, CON_LEFT_LEFT_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_left_left_params_set_root(
	struct vat_message *m, struct con_left_left_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_left_left_params_r con_left_left_params_at(
	struct con_left_left_params_list_r list, uint32_t i)
{
	struct con_left_left_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_left_left_params_b con_left_left_params_at_b(
	struct con_left_left_params_list_b list, uint32_t i)
{
	struct con_left_left_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_left_left_params_list_r con_left_left_params_list_b_r(
	struct con_left_left_params_list_b list)
{
	struct con_left_left_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_left_left_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_LEFT_LEFT_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_left_left_params_r con_left_left_params_b_r(
	struct con_left_left_params_b b)
{
	struct con_left_left_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Left.left$Results */

static inline struct con_left_left_results_r con_left_left_results_from(struct vat_ptr_r p)
{
	struct con_left_left_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_left_left_results_b con_left_left_results_init(struct vat_ptr_b p)
{
	struct con_left_left_results_b ret = {
		vat_init_struct(p, CON_LEFT_LEFT_RESULTS_DATA_WORDS, CON_LEFT_LEFT_RESULTS_PTRS)};
	return ret;
}

static inline struct con_left_left_results_r con_left_left_results_root(struct vat_message *m)
{
	struct con_left_left_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_left_left_results_b con_left_left_results_init_root(struct vat_message *m)
{
	struct con_left_left_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_LEFT_LEFT_RESULTS_DATA_WORDS, CON_LEFT_LEFT_RESULTS_PTRS)};
	return ret;
}

static inline struct con_left_left_results_b con_left_left_results_edit_root(struct vat_message *m)
{
	struct con_left_left_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_LEFT_LEFT_RESULTS_DATA_WORDS, CON_LEFT_LEFT_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_left_left_results_set_root(
	struct vat_message *m, struct con_left_left_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_left_left_results_r con_left_left_results_at(
	struct con_left_left_results_list_r list, uint32_t i)
{
	struct con_left_left_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_left_left_results_b con_left_left_results_at_b(
	struct con_left_left_results_list_b list, uint32_t i)
{
	struct con_left_left_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_left_left_results_list_r con_left_left_results_list_b_r(
	struct con_left_left_results_list_b list)
{
	struct con_left_left_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_left_left_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_LEFT_LEFT_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_left_left_results_r con_left_left_results_b_r(
	struct con_left_left_results_b b)
{
	struct con_left_left_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Right */

static inline struct con_right_c con_right_cast(struct vat_cap *cap)
{
	struct con_right_c ret = {cap};
	return ret;
}

static inline struct con_right_c con_right_ref(struct con_right_c c)
{
	struct con_right_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_right_unref(struct con_right_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_right_c con_right_from(struct vat_ptr_r p)
{
	struct con_right_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_right_c con_right_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_right_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_right_list_set_at(struct vat_list_b list, uint32_t i, struct con_right_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_base_c con_right_as_base(struct con_right_c c)
{
	struct con_base_c ret = {c.cap};
	return ret;
}

static inline struct con_right_right_req con_right_right(struct vat *v, struct con_right_c c)
{
	struct con_right_right_req req;
	req.call = vat_call_for(v, c.cap, &con_right_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_RIGHT_RIGHT_PARAMS_DATA_WORDS, CON_RIGHT_RIGHT_PARAMS_PTRS);
	return req;
}

static inline void con_right_right_send(struct con_right_right_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_right_right_tail(struct vat_ctx *ctx, struct con_right_right_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_right_right_params_r con_right_right_params(struct con_right_right_ctx cx)
{
	struct con_right_right_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_right_right_results_b con_right_right_results(
	struct con_right_right_ctx cx)
{
	struct con_right_right_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_RIGHT_RIGHT_RESULTS_DATA_WORDS, CON_RIGHT_RIGHT_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_right_c con_right_serve(
	struct vat *v, const struct con_right_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_right_c ret = {vat_serve(v, &con_right_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Right.right$Params */

static inline struct con_right_right_params_r con_right_right_params_from(struct vat_ptr_r p)
{
	struct con_right_right_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_right_right_params_b con_right_right_params_init(struct vat_ptr_b p)
{
	struct con_right_right_params_b ret = {
		vat_init_struct(p, CON_RIGHT_RIGHT_PARAMS_DATA_WORDS, CON_RIGHT_RIGHT_PARAMS_PTRS)};
	return ret;
}

static inline struct con_right_right_params_r con_right_right_params_root(struct vat_message *m)
{
	struct con_right_right_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_right_right_params_b con_right_right_params_init_root(
	struct vat_message *m)
{
	struct con_right_right_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_RIGHT_RIGHT_PARAMS_DATA_WORDS, CON_RIGHT_RIGHT_PARAMS_PTRS)};
	return ret;
}

static inline struct con_right_right_params_b con_right_right_params_edit_root(
	struct vat_message *m)
{
	struct con_right_right_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_RIGHT_RIGHT_PARAMS_DATA_WORDS, CON_RIGHT_RIGHT_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_right_right_params_set_root(
	struct vat_message *m, struct con_right_right_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_right_right_params_r con_right_right_params_at(
	struct con_right_right_params_list_r list, uint32_t i)
{
	struct con_right_right_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_right_right_params_b con_right_right_params_at_b(
	struct con_right_right_params_list_b list, uint32_t i)
{
	struct con_right_right_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_right_right_params_list_r con_right_right_params_list_b_r(
	struct con_right_right_params_list_b list)
{
	struct con_right_right_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_right_right_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_RIGHT_RIGHT_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_right_right_params_r con_right_right_params_b_r(
	struct con_right_right_params_b b)
{
	struct con_right_right_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Right.right$Results */

static inline struct con_right_right_results_r con_right_right_results_from(struct vat_ptr_r p)
{
	struct con_right_right_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_right_right_results_b con_right_right_results_init(struct vat_ptr_b p)
{
	struct con_right_right_results_b ret = {
		vat_init_struct(p, CON_RIGHT_RIGHT_RESULTS_DATA_WORDS, CON_RIGHT_RIGHT_RESULTS_PTRS)};
	return ret;
}

static inline struct con_right_right_results_r con_right_right_results_root(struct vat_message *m)
{
	struct con_right_right_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_right_right_results_b con_right_right_results_init_root(
	struct vat_message *m)
{
	struct con_right_right_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_RIGHT_RIGHT_RESULTS_DATA_WORDS, CON_RIGHT_RIGHT_RESULTS_PTRS)};
	return ret;
}

static inline struct con_right_right_results_b con_right_right_results_edit_root(
	struct vat_message *m)
{
	struct con_right_right_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_RIGHT_RIGHT_RESULTS_DATA_WORDS, CON_RIGHT_RIGHT_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_right_right_results_set_root(
	struct vat_message *m, struct con_right_right_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_right_right_results_r con_right_right_results_at(
	struct con_right_right_results_list_r list, uint32_t i)
{
	struct con_right_right_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_right_right_results_b con_right_right_results_at_b(
	struct con_right_right_results_list_b list, uint32_t i)
{
	struct con_right_right_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_right_right_results_list_r con_right_right_results_list_b_r(
	struct con_right_right_results_list_b list)
{
	struct con_right_right_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_right_right_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_RIGHT_RIGHT_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_right_right_results_r con_right_right_results_b_r(
	struct con_right_right_results_b b)
{
	struct con_right_right_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Diamond */

static inline struct con_diamond_c con_diamond_cast(struct vat_cap *cap)
{
	struct con_diamond_c ret = {cap};
	return ret;
}

static inline struct con_diamond_c con_diamond_ref(struct con_diamond_c c)
{
	struct con_diamond_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_diamond_unref(struct con_diamond_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_diamond_c con_diamond_from(struct vat_ptr_r p)
{
	struct con_diamond_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_diamond_c con_diamond_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_diamond_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_diamond_list_set_at(
	struct vat_list_b list, uint32_t i, struct con_diamond_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_left_c con_diamond_as_left(struct con_diamond_c c)
{
	struct con_left_c ret = {c.cap};
	return ret;
}

static inline struct con_right_c con_diamond_as_right(struct con_diamond_c c)
{
	struct con_right_c ret = {c.cap};
	return ret;
}

static inline struct con_marker_c con_diamond_as_marker(struct con_diamond_c c)
{
	struct con_marker_c ret = {c.cap};
	return ret;
}

static inline struct constructs_other_foreigner_c con_diamond_as_foreigner(struct con_diamond_c c)
{
	struct constructs_other_foreigner_c ret = {c.cap};
	return ret;
}

/* Parameters and results that are structs with a name. */
static inline struct con_diamond_named_req con_diamond_named(struct vat *v, struct con_diamond_c c)
{
	struct con_diamond_named_req req;
	req.call = vat_call_for(v, c.cap, &con_diamond_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS);
	return req;
}

static inline void con_diamond_named_send(
	struct con_diamond_named_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_diamond_named_tail(struct vat_ctx *ctx, struct con_diamond_named_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_pointers_r con_diamond_named_results_from(struct vat_ptr_r p)
{
	struct con_pointers_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_pointers_p con_diamond_named_pipe(struct vat_call *call)
{
	struct con_pointers_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct con_base_c con_diamond_named_pipe_interface(struct vat_call *call)
{
	static const uint16_t path[] = {4};
	struct con_base_c ret = {vat_call_pipeline(call, path, 1)};
	return ret;
}

static inline struct vat_cap *con_diamond_named_pipe_any(struct vat_call *call)
{
	static const uint16_t path[] = {5};
	return vat_call_pipeline(call, path, 1);
}

static inline struct vat_cap *con_diamond_named_pipe_capability(struct vat_call *call)
{
	static const uint16_t path[] = {8};
	return vat_call_pipeline(call, path, 1);
}

static inline struct con_base_c con_diamond_named_pipe_self_interface(struct vat_call *call)
{
	static const uint16_t path[] = {9, 4};
	struct con_base_c ret = {vat_call_pipeline(call, path, 2)};
	return ret;
}

static inline struct vat_cap *con_diamond_named_pipe_self_any(struct vat_call *call)
{
	static const uint16_t path[] = {9, 5};
	return vat_call_pipeline(call, path, 2);
}

static inline struct vat_cap *con_diamond_named_pipe_self_capability(struct vat_call *call)
{
	static const uint16_t path[] = {9, 8};
	return vat_call_pipeline(call, path, 2);
}

static inline struct con_base_c con_diamond_named_pipe_foreign_base(struct vat_call *call)
{
	static const uint16_t path[] = {10, 1};
	struct con_base_c ret = {vat_call_pipeline(call, path, 2)};
	return ret;
}

static inline struct con_diamond_foreign_req con_diamond_foreign(
	struct vat *v, struct con_diamond_c c)
{
	struct con_diamond_foreign_req req;
	req.call = vat_call_for(v, c.cap, &con_diamond_interface, 1);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS);
	return req;
}

static inline void con_diamond_foreign_send(
	struct con_diamond_foreign_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_diamond_foreign_tail(struct vat_ctx *ctx, struct con_diamond_foreign_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct constructs_other_foreign_r con_diamond_foreign_results_from(struct vat_ptr_r p)
{
	struct constructs_other_foreign_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct constructs_other_foreign_p con_diamond_foreign_pipe(struct vat_call *call)
{
	struct constructs_other_foreign_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct con_base_c con_diamond_foreign_pipe_base(struct vat_call *call)
{
	static const uint16_t path[] = {1};
	struct con_base_c ret = {vat_call_pipeline(call, path, 1)};
	return ret;
}

static inline struct con_diamond_push_req con_diamond_push(struct vat *v, struct con_diamond_c c)
{
	struct con_diamond_push_req req;
	req.call = vat_call_for(v, c.cap, &con_diamond_interface, 2);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_DIAMOND_PUSH_PARAMS_DATA_WORDS, CON_DIAMOND_PUSH_PARAMS_PTRS);
	return req;
}

static inline void con_diamond_push_send(struct con_diamond_push_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_diamond_push_tail(struct vat_ctx *ctx, struct con_diamond_push_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline int con_diamond_push_stream(struct vat_stream *s, struct con_diamond_push_req req)
{
	return vat_stream_send(s, req.call);
}

/* Words of C. */
static inline struct con_diamond_default_req con_diamond_default(
	struct vat *v, struct con_diamond_c c)
{
	struct con_diamond_default_req req;
	req.call = vat_call_for(v, c.cap, &con_diamond_interface, 3);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_DIAMOND_DEFAULT_PARAMS_DATA_WORDS, CON_DIAMOND_DEFAULT_PARAMS_PTRS);
	return req;
}

static inline void con_diamond_default_send(
	struct con_diamond_default_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_diamond_default_tail(struct vat_ctx *ctx, struct con_diamond_default_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_diamond_default_results_p con_diamond_default_pipe(struct vat_call *call)
{
	struct con_diamond_default_results_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct con_base_c con_diamond_default_pipe_new(struct vat_call *call)
{
	static const uint16_t path[] = {0};
	struct con_base_c ret = {vat_call_pipeline(call, path, 1)};
	return ret;
}

/* Capabilities one struct deep. */
static inline struct con_diamond_holder_req con_diamond_holder(
	struct vat *v, struct con_diamond_c c)
{
	struct con_diamond_holder_req req;
	req.call = vat_call_for(v, c.cap, &con_diamond_interface, 4);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_DIAMOND_HOLDER_PARAMS_DATA_WORDS, CON_DIAMOND_HOLDER_PARAMS_PTRS);
	return req;
}

static inline void con_diamond_holder_send(
	struct con_diamond_holder_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_diamond_holder_tail(struct vat_ctx *ctx, struct con_diamond_holder_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_diamond_holder_results_p con_diamond_holder_pipe(struct vat_call *call)
{
	struct con_diamond_holder_results_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct con_base_c con_diamond_holder_pipe_info_base(struct vat_call *call)
{
	static const uint16_t path[] = {0, 0};
	struct con_base_c ret = {vat_call_pipeline(call, path, 2)};
	return ret;
}

static inline struct con_right_c con_diamond_holder_pipe_info_in_right(struct vat_call *call)
{
	static const uint16_t path[] = {0, 1};
	struct con_right_c ret = {vat_call_pipeline(call, path, 2)};
	return ret;
}

static inline struct constructs_other_foreigner_c con_diamond_holder_pipe_info_in_foreigner(
	struct vat_call *call)
{
	static const uint16_t path[] = {0, 2};
	struct constructs_other_foreigner_c ret = {vat_call_pipeline(call, path, 2)};
	return ret;
}

static inline struct con_base_c con_diamond_holder_pipe_info_maybe(struct vat_call *call)
{
	static const uint16_t path[] = {0, 3};
	struct con_base_c ret = {vat_call_pipeline(call, path, 2)};
	return ret;
}

static inline struct vat_cap *con_diamond_holder_pipe_any(struct vat_call *call)
{
	static const uint16_t path[] = {1};
	return vat_call_pipeline(call, path, 1);
}

static inline struct vat_cap *con_diamond_holder_pipe_cap(struct vat_call *call)
{
	static const uint16_t path[] = {2};
	return vat_call_pipeline(call, path, 1);
}

static inline struct con_diamond_method_six_req con_diamond_method_six(
	struct vat *v, struct con_diamond_c c)
{
	struct con_diamond_method_six_req req;
	req.call = vat_call_for(v, c.cap, &con_diamond_interface, 5);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_DIAMOND_METHOD_SIX_PARAMS_DATA_WORDS, CON_DIAMOND_METHOD_SIX_PARAMS_PTRS);
	return req;
}

static inline void con_diamond_method_six_send(
	struct con_diamond_method_six_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_diamond_method_six_tail(
	struct vat_ctx *ctx, struct con_diamond_method_six_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_scalars_r con_diamond_named_params(struct con_diamond_named_ctx cx)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_pointers_b con_diamond_named_results(struct con_diamond_named_ctx cx)
{
	struct con_pointers_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_POINTERS_DATA_WORDS, CON_POINTERS_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_foreign_r con_diamond_foreign_params(
	struct con_diamond_foreign_ctx cx)
{
	struct constructs_other_foreign_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct constructs_other_foreign_b con_diamond_foreign_results(
	struct con_diamond_foreign_ctx cx)
{
	struct constructs_other_foreign_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS, NULL)};
	return ret;
}

static inline struct con_diamond_push_params_r con_diamond_push_params(
	struct con_diamond_push_ctx cx)
{
	struct con_diamond_push_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_diamond_default_params_r con_diamond_default_params(
	struct con_diamond_default_ctx cx)
{
	struct con_diamond_default_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_diamond_default_results_b con_diamond_default_results(
	struct con_diamond_default_ctx cx)
{
	struct con_diamond_default_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_DIAMOND_DEFAULT_RESULTS_DATA_WORDS, CON_DIAMOND_DEFAULT_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_diamond_holder_params_r con_diamond_holder_params(
	struct con_diamond_holder_ctx cx)
{
	struct con_diamond_holder_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_diamond_holder_results_b con_diamond_holder_results(
	struct con_diamond_holder_ctx cx)
{
	struct con_diamond_holder_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_DIAMOND_HOLDER_RESULTS_DATA_WORDS, CON_DIAMOND_HOLDER_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_diamond_method_six_params_r con_diamond_method_six_params(
	struct con_diamond_method_six_ctx cx)
{
	struct con_diamond_method_six_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_diamond_method_six_results_b con_diamond_method_six_results(
	struct con_diamond_method_six_ctx cx)
{
	struct con_diamond_method_six_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_DIAMOND_METHOD_SIX_RESULTS_DATA_WORDS, CON_DIAMOND_METHOD_SIX_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_diamond_c con_diamond_serve(
	struct vat *v, const struct con_diamond_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_diamond_c ret = {vat_serve(v, &con_diamond_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Diamond.push$Params */

static inline struct con_diamond_push_params_r con_diamond_push_params_from(struct vat_ptr_r p)
{
	struct con_diamond_push_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_diamond_push_params_b con_diamond_push_params_init(struct vat_ptr_b p)
{
	struct con_diamond_push_params_b ret = {
		vat_init_struct(p, CON_DIAMOND_PUSH_PARAMS_DATA_WORDS, CON_DIAMOND_PUSH_PARAMS_PTRS)};
	return ret;
}

static inline struct con_diamond_push_params_r con_diamond_push_params_root(struct vat_message *m)
{
	struct con_diamond_push_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_diamond_push_params_b con_diamond_push_params_init_root(
	struct vat_message *m)
{
	struct con_diamond_push_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_DIAMOND_PUSH_PARAMS_DATA_WORDS, CON_DIAMOND_PUSH_PARAMS_PTRS)};
	return ret;
}

static inline struct con_diamond_push_params_b con_diamond_push_params_edit_root(
	struct vat_message *m)
{
	struct con_diamond_push_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DIAMOND_PUSH_PARAMS_DATA_WORDS, CON_DIAMOND_PUSH_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_diamond_push_params_set_root(
	struct vat_message *m, struct con_diamond_push_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_diamond_push_params_r con_diamond_push_params_at(
	struct con_diamond_push_params_list_r list, uint32_t i)
{
	struct con_diamond_push_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_diamond_push_params_b con_diamond_push_params_at_b(
	struct con_diamond_push_params_list_b list, uint32_t i)
{
	struct con_diamond_push_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_diamond_push_params_list_r con_diamond_push_params_list_b_r(
	struct con_diamond_push_params_list_b list)
{
	struct con_diamond_push_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_diamond_push_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DIAMOND_PUSH_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_diamond_push_params_r con_diamond_push_params_b_r(
	struct con_diamond_push_params_b b)
{
	struct con_diamond_push_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_data con_diamond_push_params_get_bytes(struct con_diamond_push_params_r r)
{
	return vat_ptr_data(vat_ptr_at(r.s, 0), NULL);
}

static inline bool con_diamond_push_params_has_bytes(struct con_diamond_push_params_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_diamond_push_params_set_bytes(
	struct con_diamond_push_params_b b, struct vat_data v)
{
	vat_set_data(vat_ptr_at_b(b.s, 0), v);
}

static inline void *con_diamond_push_params_init_bytes(
	struct con_diamond_push_params_b b, uint32_t n)
{
	return vat_init_data(vat_ptr_at_b(b.s, 0), n);
}

/* ---- constructs.capnp:Diamond.default$Params */

static inline struct con_diamond_default_params_r con_diamond_default_params_from(
	struct vat_ptr_r p)
{
	struct con_diamond_default_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_diamond_default_params_b con_diamond_default_params_init(
	struct vat_ptr_b p)
{
	struct con_diamond_default_params_b ret = {
		vat_init_struct(p, CON_DIAMOND_DEFAULT_PARAMS_DATA_WORDS, CON_DIAMOND_DEFAULT_PARAMS_PTRS)};
	return ret;
}

static inline struct con_diamond_default_params_r con_diamond_default_params_root(
	struct vat_message *m)
{
	struct con_diamond_default_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_diamond_default_params_b con_diamond_default_params_init_root(
	struct vat_message *m)
{
	struct con_diamond_default_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_DIAMOND_DEFAULT_PARAMS_DATA_WORDS, CON_DIAMOND_DEFAULT_PARAMS_PTRS)};
	return ret;
}

static inline struct con_diamond_default_params_b con_diamond_default_params_edit_root(
	struct vat_message *m)
{
	struct con_diamond_default_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DIAMOND_DEFAULT_PARAMS_DATA_WORDS, CON_DIAMOND_DEFAULT_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_diamond_default_params_set_root(
	struct vat_message *m, struct con_diamond_default_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_diamond_default_params_r con_diamond_default_params_at(
	struct con_diamond_default_params_list_r list, uint32_t i)
{
	struct con_diamond_default_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_diamond_default_params_b con_diamond_default_params_at_b(
	struct con_diamond_default_params_list_b list, uint32_t i)
{
	struct con_diamond_default_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_diamond_default_params_list_r con_diamond_default_params_list_b_r(
	struct con_diamond_default_params_list_b list)
{
	struct con_diamond_default_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_diamond_default_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DIAMOND_DEFAULT_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_diamond_default_params_r con_diamond_default_params_b_r(
	struct con_diamond_default_params_b b)
{
	struct con_diamond_default_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_text con_diamond_default_params_get_class(
	struct con_diamond_default_params_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline bool con_diamond_default_params_has_class(struct con_diamond_default_params_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_diamond_default_params_set_class(
	struct con_diamond_default_params_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

/* ---- constructs.capnp:Diamond.default$Results */

static inline struct con_diamond_default_results_r con_diamond_default_results_from(
	struct vat_ptr_r p)
{
	struct con_diamond_default_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_diamond_default_results_b con_diamond_default_results_init(
	struct vat_ptr_b p)
{
	struct con_diamond_default_results_b ret = {
		vat_init_struct(p, CON_DIAMOND_DEFAULT_RESULTS_DATA_WORDS, CON_DIAMOND_DEFAULT_RESULTS_PTRS)};
	return ret;
}

static inline struct con_diamond_default_results_r con_diamond_default_results_root(
	struct vat_message *m)
{
	struct con_diamond_default_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_diamond_default_results_b con_diamond_default_results_init_root(
	struct vat_message *m)
{
	struct con_diamond_default_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_DIAMOND_DEFAULT_RESULTS_DATA_WORDS, CON_DIAMOND_DEFAULT_RESULTS_PTRS)};
	return ret;
}

static inline struct con_diamond_default_results_b con_diamond_default_results_edit_root(
	struct vat_message *m)
{
	struct con_diamond_default_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DIAMOND_DEFAULT_RESULTS_DATA_WORDS, CON_DIAMOND_DEFAULT_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_diamond_default_results_set_root(
	struct vat_message *m, struct con_diamond_default_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_diamond_default_results_r con_diamond_default_results_at(
	struct con_diamond_default_results_list_r list, uint32_t i)
{
	struct con_diamond_default_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_diamond_default_results_b con_diamond_default_results_at_b(
	struct con_diamond_default_results_list_b list, uint32_t i)
{
	struct con_diamond_default_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_diamond_default_results_list_r con_diamond_default_results_list_b_r(
	struct con_diamond_default_results_list_b list)
{
	struct con_diamond_default_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_diamond_default_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DIAMOND_DEFAULT_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_diamond_default_results_r con_diamond_default_results_b_r(
	struct con_diamond_default_results_b b)
{
	struct con_diamond_default_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_base_c con_diamond_default_results_get_new(
	struct con_diamond_default_results_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 0))};
	return ret;
}

static inline bool con_diamond_default_results_has_new(struct con_diamond_default_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_diamond_default_results_set_new(
	struct con_diamond_default_results_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 0), v.cap);
}

static inline struct con_base_c con_diamond_default_results_pipe_new(
	struct con_diamond_default_results_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 0)};
	return ret;
}

/* ---- constructs.capnp:Diamond.holder$Params */

static inline struct con_diamond_holder_params_r con_diamond_holder_params_from(struct vat_ptr_r p)
{
	struct con_diamond_holder_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_diamond_holder_params_b con_diamond_holder_params_init(struct vat_ptr_b p)
{
	struct con_diamond_holder_params_b ret = {
		vat_init_struct(p, CON_DIAMOND_HOLDER_PARAMS_DATA_WORDS, CON_DIAMOND_HOLDER_PARAMS_PTRS)};
	return ret;
}

static inline struct con_diamond_holder_params_r con_diamond_holder_params_root(
	struct vat_message *m)
{
	struct con_diamond_holder_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_diamond_holder_params_b con_diamond_holder_params_init_root(
	struct vat_message *m)
{
	struct con_diamond_holder_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_DIAMOND_HOLDER_PARAMS_DATA_WORDS, CON_DIAMOND_HOLDER_PARAMS_PTRS)};
	return ret;
}

static inline struct con_diamond_holder_params_b con_diamond_holder_params_edit_root(
	struct vat_message *m)
{
	struct con_diamond_holder_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DIAMOND_HOLDER_PARAMS_DATA_WORDS, CON_DIAMOND_HOLDER_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_diamond_holder_params_set_root(
	struct vat_message *m, struct con_diamond_holder_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_diamond_holder_params_r con_diamond_holder_params_at(
	struct con_diamond_holder_params_list_r list, uint32_t i)
{
	struct con_diamond_holder_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_diamond_holder_params_b con_diamond_holder_params_at_b(
	struct con_diamond_holder_params_list_b list, uint32_t i)
{
	struct con_diamond_holder_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_diamond_holder_params_list_r con_diamond_holder_params_list_b_r(
	struct con_diamond_holder_params_list_b list)
{
	struct con_diamond_holder_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_diamond_holder_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DIAMOND_HOLDER_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_diamond_holder_params_r con_diamond_holder_params_b_r(
	struct con_diamond_holder_params_b b)
{
	struct con_diamond_holder_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Diamond.holder$Results */

static inline struct con_diamond_holder_results_r con_diamond_holder_results_from(
	struct vat_ptr_r p)
{
	struct con_diamond_holder_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_diamond_holder_results_b con_diamond_holder_results_init(
	struct vat_ptr_b p)
{
	struct con_diamond_holder_results_b ret = {
		vat_init_struct(p, CON_DIAMOND_HOLDER_RESULTS_DATA_WORDS, CON_DIAMOND_HOLDER_RESULTS_PTRS)};
	return ret;
}

static inline struct con_diamond_holder_results_r con_diamond_holder_results_root(
	struct vat_message *m)
{
	struct con_diamond_holder_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_diamond_holder_results_b con_diamond_holder_results_init_root(
	struct vat_message *m)
{
	struct con_diamond_holder_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_DIAMOND_HOLDER_RESULTS_DATA_WORDS, CON_DIAMOND_HOLDER_RESULTS_PTRS)};
	return ret;
}

static inline struct con_diamond_holder_results_b con_diamond_holder_results_edit_root(
	struct vat_message *m)
{
	struct con_diamond_holder_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DIAMOND_HOLDER_RESULTS_DATA_WORDS, CON_DIAMOND_HOLDER_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_diamond_holder_results_set_root(
	struct vat_message *m, struct con_diamond_holder_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_diamond_holder_results_r con_diamond_holder_results_at(
	struct con_diamond_holder_results_list_r list, uint32_t i)
{
	struct con_diamond_holder_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_diamond_holder_results_b con_diamond_holder_results_at_b(
	struct con_diamond_holder_results_list_b list, uint32_t i)
{
	struct con_diamond_holder_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_diamond_holder_results_list_r con_diamond_holder_results_list_b_r(
	struct con_diamond_holder_results_list_b list)
{
	struct con_diamond_holder_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_diamond_holder_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DIAMOND_HOLDER_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_diamond_holder_results_r con_diamond_holder_results_b_r(
	struct con_diamond_holder_results_b b)
{
	struct con_diamond_holder_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_holding_r con_diamond_holder_results_get_info(
	struct con_diamond_holder_results_r r)
{
	struct con_holding_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline bool con_diamond_holder_results_has_info(struct con_diamond_holder_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_diamond_holder_results_set_info(
	struct con_diamond_holder_results_b b, struct con_holding_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_holding_b con_diamond_holder_results_init_info(
	struct con_diamond_holder_results_b b)
{
	struct con_holding_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_HOLDING_DATA_WORDS, CON_HOLDING_PTRS)};
	return ret;
}

static inline struct con_holding_b con_diamond_holder_results_edit_info(
	struct con_diamond_holder_results_b b)
{
	struct con_holding_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_HOLDING_DATA_WORDS, CON_HOLDING_PTRS, NULL)};
	return ret;
}

static inline uint32_t con_diamond_holder_results_get_plain(struct con_diamond_holder_results_r r)
{
	return vat_r_u32(r.s, 0, 0);
}

static inline void con_diamond_holder_results_set_plain(
	struct con_diamond_holder_results_b b, uint32_t v)
{
	vat_w_u32(b.s, 0, v, 0);
}

static inline struct vat_ptr_r con_diamond_holder_results_get_any(
	struct con_diamond_holder_results_r r)
{
	return vat_ptr_at(r.s, 1);
}

static inline bool con_diamond_holder_results_has_any(struct con_diamond_holder_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_diamond_holder_results_set_any(
	struct con_diamond_holder_results_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 1), v);
}

static inline struct vat_ptr_b con_diamond_holder_results_get_any_b(
	struct con_diamond_holder_results_b b)
{
	return vat_ptr_at_b(b.s, 1);
}

static inline struct vat_cap *con_diamond_holder_results_get_cap(
	struct con_diamond_holder_results_r r)
{
	return vat_ptr_cap(vat_ptr_at(r.s, 2));
}

static inline bool con_diamond_holder_results_has_cap(struct con_diamond_holder_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 2));
}

static inline void con_diamond_holder_results_set_cap(
	struct con_diamond_holder_results_b b, struct vat_cap *v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 2), v);
}

static inline struct con_holding_p con_diamond_holder_results_pipe_info(
	struct con_diamond_holder_results_p p)
{
	struct con_holding_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

static inline struct vat_cap *con_diamond_holder_results_pipe_any(
	struct con_diamond_holder_results_p p)
{
	return vat_pipe_cap(p.p, 1);
}

static inline struct vat_cap *con_diamond_holder_results_pipe_cap(
	struct con_diamond_holder_results_p p)
{
	return vat_pipe_cap(p.p, 2);
}

/* ---- constructs.capnp:Diamond.renamedMethod$Params */

static inline struct con_diamond_method_six_params_r con_diamond_method_six_params_from(
	struct vat_ptr_r p)
{
	struct con_diamond_method_six_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_diamond_method_six_params_b con_diamond_method_six_params_init(
	struct vat_ptr_b p)
{
	struct con_diamond_method_six_params_b ret = {
		vat_init_struct(p, CON_DIAMOND_METHOD_SIX_PARAMS_DATA_WORDS, CON_DIAMOND_METHOD_SIX_PARAMS_PTRS)};
	return ret;
}

static inline struct con_diamond_method_six_params_r con_diamond_method_six_params_root(
	struct vat_message *m)
{
	struct con_diamond_method_six_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_diamond_method_six_params_b con_diamond_method_six_params_init_root(
	struct vat_message *m)
{
	struct con_diamond_method_six_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_DIAMOND_METHOD_SIX_PARAMS_DATA_WORDS, CON_DIAMOND_METHOD_SIX_PARAMS_PTRS)};
	return ret;
}

static inline struct con_diamond_method_six_params_b con_diamond_method_six_params_edit_root(
	struct vat_message *m)
{
	struct con_diamond_method_six_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DIAMOND_METHOD_SIX_PARAMS_DATA_WORDS, CON_DIAMOND_METHOD_SIX_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_diamond_method_six_params_set_root(
	struct vat_message *m, struct con_diamond_method_six_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_diamond_method_six_params_r con_diamond_method_six_params_at(
	struct con_diamond_method_six_params_list_r list, uint32_t i)
{
	struct con_diamond_method_six_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_diamond_method_six_params_b con_diamond_method_six_params_at_b(
	struct con_diamond_method_six_params_list_b list, uint32_t i)
{
	struct con_diamond_method_six_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_diamond_method_six_params_list_r con_diamond_method_six_params_list_b_r(
	struct con_diamond_method_six_params_list_b list)
{
	struct con_diamond_method_six_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_diamond_method_six_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DIAMOND_METHOD_SIX_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_diamond_method_six_params_r con_diamond_method_six_params_b_r(
	struct con_diamond_method_six_params_b b)
{
	struct con_diamond_method_six_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_text con_diamond_method_six_params_get_text(
	struct con_diamond_method_six_params_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline bool con_diamond_method_six_params_has_text(struct con_diamond_method_six_params_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_diamond_method_six_params_set_text(
	struct con_diamond_method_six_params_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

/* ---- constructs.capnp:Diamond.renamedMethod$Results */

static inline struct con_diamond_method_six_results_r con_diamond_method_six_results_from(
	struct vat_ptr_r p)
{
	struct con_diamond_method_six_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_diamond_method_six_results_b con_diamond_method_six_results_init(
	struct vat_ptr_b p)
{
	struct con_diamond_method_six_results_b ret = {
		vat_init_struct(p, CON_DIAMOND_METHOD_SIX_RESULTS_DATA_WORDS, CON_DIAMOND_METHOD_SIX_RESULTS_PTRS)};
	return ret;
}

static inline struct con_diamond_method_six_results_r con_diamond_method_six_results_root(
	struct vat_message *m)
{
	struct con_diamond_method_six_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_diamond_method_six_results_b con_diamond_method_six_results_init_root(
	struct vat_message *m)
{
	struct con_diamond_method_six_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_DIAMOND_METHOD_SIX_RESULTS_DATA_WORDS, CON_DIAMOND_METHOD_SIX_RESULTS_PTRS)};
	return ret;
}

static inline struct con_diamond_method_six_results_b con_diamond_method_six_results_edit_root(
	struct vat_message *m)
{
	struct con_diamond_method_six_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DIAMOND_METHOD_SIX_RESULTS_DATA_WORDS, CON_DIAMOND_METHOD_SIX_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_diamond_method_six_results_set_root(
	struct vat_message *m, struct con_diamond_method_six_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_diamond_method_six_results_r con_diamond_method_six_results_at(
	struct con_diamond_method_six_results_list_r list, uint32_t i)
{
	struct con_diamond_method_six_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_diamond_method_six_results_b con_diamond_method_six_results_at_b(
	struct con_diamond_method_six_results_list_b list, uint32_t i)
{
	struct con_diamond_method_six_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_diamond_method_six_results_list_r con_diamond_method_six_results_list_b_r(
	struct con_diamond_method_six_results_list_b list)
{
	struct con_diamond_method_six_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_diamond_method_six_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DIAMOND_METHOD_SIX_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_diamond_method_six_results_r con_diamond_method_six_results_b_r(
	struct con_diamond_method_six_results_b b)
{
	struct con_diamond_method_six_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:SameName */

static inline struct con_same_name_c con_same_name_cast(struct vat_cap *cap)
{
	struct con_same_name_c ret = {cap};
	return ret;
}

static inline struct con_same_name_c con_same_name_ref(struct con_same_name_c c)
{
	struct con_same_name_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_same_name_unref(struct con_same_name_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_same_name_c con_same_name_from(struct vat_ptr_r p)
{
	struct con_same_name_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_same_name_c con_same_name_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_same_name_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_same_name_list_set_at(
	struct vat_list_b list, uint32_t i, struct con_same_name_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct constructs_other_twin_c con_same_name_as_constructs_other_twin(
	struct con_same_name_c c)
{
	struct constructs_other_twin_c ret = {c.cap};
	return ret;
}

static inline struct con_twin_c con_same_name_as_con_twin(struct con_same_name_c c)
{
	struct con_twin_c ret = {c.cap};
	return ret;
}

static inline struct con_same_name_c con_same_name_serve(
	struct vat *v, const struct con_same_name_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_same_name_c ret = {vat_serve(v, &con_same_name_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Twin */

static inline struct con_twin_c con_twin_cast(struct vat_cap *cap)
{
	struct con_twin_c ret = {cap};
	return ret;
}

static inline struct con_twin_c con_twin_ref(struct con_twin_c c)
{
	struct con_twin_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_twin_unref(struct con_twin_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_twin_c con_twin_from(struct vat_ptr_r p)
{
	struct con_twin_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_twin_c con_twin_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_twin_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_twin_list_set_at(struct vat_list_b list, uint32_t i, struct con_twin_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_twin_here_req con_twin_here(struct vat *v, struct con_twin_c c)
{
	struct con_twin_here_req req;
	req.call = vat_call_for(v, c.cap, &con_twin_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_TWIN_HERE_PARAMS_DATA_WORDS, CON_TWIN_HERE_PARAMS_PTRS);
	return req;
}

static inline void con_twin_here_send(struct con_twin_here_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_twin_here_tail(struct vat_ctx *ctx, struct con_twin_here_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_twin_here_params_r con_twin_here_params(struct con_twin_here_ctx cx)
{
	struct con_twin_here_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_twin_here_results_b con_twin_here_results(struct con_twin_here_ctx cx)
{
	struct con_twin_here_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_TWIN_HERE_RESULTS_DATA_WORDS, CON_TWIN_HERE_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_twin_c con_twin_serve(
	struct vat *v, const struct con_twin_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_twin_c ret = {vat_serve(v, &con_twin_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Twin.here$Params */

static inline struct con_twin_here_params_r con_twin_here_params_from(struct vat_ptr_r p)
{
	struct con_twin_here_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_twin_here_params_b con_twin_here_params_init(struct vat_ptr_b p)
{
	struct con_twin_here_params_b ret = {
		vat_init_struct(p, CON_TWIN_HERE_PARAMS_DATA_WORDS, CON_TWIN_HERE_PARAMS_PTRS)};
	return ret;
}

static inline struct con_twin_here_params_r con_twin_here_params_root(struct vat_message *m)
{
	struct con_twin_here_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_twin_here_params_b con_twin_here_params_init_root(struct vat_message *m)
{
	struct con_twin_here_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_TWIN_HERE_PARAMS_DATA_WORDS, CON_TWIN_HERE_PARAMS_PTRS)};
	return ret;
}

static inline struct con_twin_here_params_b con_twin_here_params_edit_root(struct vat_message *m)
{
	struct con_twin_here_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_TWIN_HERE_PARAMS_DATA_WORDS, CON_TWIN_HERE_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_twin_here_params_set_root(
	struct vat_message *m, struct con_twin_here_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_twin_here_params_r con_twin_here_params_at(
	struct con_twin_here_params_list_r list, uint32_t i)
{
	struct con_twin_here_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_twin_here_params_b con_twin_here_params_at_b(
	struct con_twin_here_params_list_b list, uint32_t i)
{
	struct con_twin_here_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_twin_here_params_list_r con_twin_here_params_list_b_r(
	struct con_twin_here_params_list_b list)
{
	struct con_twin_here_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_twin_here_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_TWIN_HERE_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_twin_here_params_r con_twin_here_params_b_r(
	struct con_twin_here_params_b b)
{
	struct con_twin_here_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Twin.here$Results */

static inline struct con_twin_here_results_r con_twin_here_results_from(struct vat_ptr_r p)
{
	struct con_twin_here_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_twin_here_results_b con_twin_here_results_init(struct vat_ptr_b p)
{
	struct con_twin_here_results_b ret = {
		vat_init_struct(p, CON_TWIN_HERE_RESULTS_DATA_WORDS, CON_TWIN_HERE_RESULTS_PTRS)};
	return ret;
}

static inline struct con_twin_here_results_r con_twin_here_results_root(struct vat_message *m)
{
	struct con_twin_here_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_twin_here_results_b con_twin_here_results_init_root(struct vat_message *m)
{
	struct con_twin_here_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_TWIN_HERE_RESULTS_DATA_WORDS, CON_TWIN_HERE_RESULTS_PTRS)};
	return ret;
}

static inline struct con_twin_here_results_b con_twin_here_results_edit_root(struct vat_message *m)
{
	struct con_twin_here_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_TWIN_HERE_RESULTS_DATA_WORDS, CON_TWIN_HERE_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_twin_here_results_set_root(
	struct vat_message *m, struct con_twin_here_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_twin_here_results_r con_twin_here_results_at(
	struct con_twin_here_results_list_r list, uint32_t i)
{
	struct con_twin_here_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_twin_here_results_b con_twin_here_results_at_b(
	struct con_twin_here_results_list_b list, uint32_t i)
{
	struct con_twin_here_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_twin_here_results_list_r con_twin_here_results_list_b_r(
	struct con_twin_here_results_list_b list)
{
	struct con_twin_here_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_twin_here_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_TWIN_HERE_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_twin_here_results_r con_twin_here_results_b_r(
	struct con_twin_here_results_b b)
{
	struct con_twin_here_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Holding */

static inline struct con_holding_r con_holding_from(struct vat_ptr_r p)
{
	struct con_holding_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_holding_b con_holding_init(struct vat_ptr_b p)
{
	struct con_holding_b ret = {vat_init_struct(p, CON_HOLDING_DATA_WORDS, CON_HOLDING_PTRS)};
	return ret;
}

static inline struct con_holding_r con_holding_root(struct vat_message *m)
{
	struct con_holding_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_holding_b con_holding_init_root(struct vat_message *m)
{
	struct con_holding_b ret = {
		vat_init_struct(vat_root_b(m), CON_HOLDING_DATA_WORDS, CON_HOLDING_PTRS)};
	return ret;
}

static inline struct con_holding_b con_holding_edit_root(struct vat_message *m)
{
	struct con_holding_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_HOLDING_DATA_WORDS, CON_HOLDING_PTRS, NULL)};
	return ret;
}

static inline void con_holding_set_root(struct vat_message *m, struct con_holding_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_holding_r con_holding_at(struct con_holding_list_r list, uint32_t i)
{
	struct con_holding_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_holding_b con_holding_at_b(struct con_holding_list_b list, uint32_t i)
{
	struct con_holding_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_holding_list_r con_holding_list_b_r(struct con_holding_list_b list)
{
	struct con_holding_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_holding_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_HOLDING_TYPE_ID};
	return ret;
}

static inline struct con_holding_r con_holding_b_r(struct con_holding_b b)
{
	struct con_holding_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint16_t con_holding_which(struct con_holding_r r)
{
	return vat_r_u16(r.s, 0, 0);
}

static inline bool con_holding_choose_(struct con_holding_b b, uint16_t which)
{
	bool other = vat_r_u16(vat_struct_b_r(b.s), 0, 0) != which;
	vat_w_u16(b.s, 0, which, 0);
	return other;
}

static inline struct con_base_c con_holding_get_base(struct con_holding_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 0))};
	return ret;
}

static inline bool con_holding_has_base(struct con_holding_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_holding_set_base(struct con_holding_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 0), v.cap);
}

static inline struct con_holding_in_r con_holding_get_in(struct con_holding_r r)
{
	struct con_holding_in_r ret = {r.s};
	return ret;
}

static inline struct con_holding_in_b con_holding_init_in(struct con_holding_b b)
{
	vat_set_null(vat_ptr_at_b(b.s, 1));
	vat_set_null(vat_ptr_at_b(b.s, 2));
	struct con_holding_in_b ret = {b.s};
	return ret;
}

static inline struct con_holding_in_b con_holding_edit_in(struct con_holding_b b)
{
	struct con_holding_in_b ret = {b.s};
	return ret;
}

static inline struct con_base_c con_holding_get_maybe(struct con_holding_r r)
{
	struct vat_struct_r s = r.s;
	if (con_holding_which(r) != CON_HOLDING_WHICH_MAYBE)
		s.data_bits = s.n_ptrs = 0;
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(s, 3))};
	return ret;
}

static inline bool con_holding_has_maybe(struct con_holding_r r)
{
	struct vat_struct_r s = r.s;
	if (con_holding_which(r) != CON_HOLDING_WHICH_MAYBE)
		s.data_bits = s.n_ptrs = 0;
	return !vat_ptr_is_null(vat_ptr_at(s, 3));
}

static inline void con_holding_set_maybe(struct con_holding_b b, struct con_base_c v)
{
	con_holding_choose_(b, CON_HOLDING_WHICH_MAYBE);
	vat_set_cap(vat_ptr_at_b(b.s, 3), v.cap);
}

static inline void con_holding_set_not(struct con_holding_b b)
{
	con_holding_choose_(b, CON_HOLDING_WHICH_NOT);
}

static inline struct con_holding_r con_holding_get_deeper(struct con_holding_r r)
{
	struct con_holding_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 4), NULL)};
	return ret;
}

static inline bool con_holding_has_deeper(struct con_holding_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 4));
}

static inline void con_holding_set_deeper(struct con_holding_b b, struct con_holding_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 4), v.s);
}

static inline struct con_holding_b con_holding_init_deeper(struct con_holding_b b)
{
	struct con_holding_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 4), CON_HOLDING_DATA_WORDS, CON_HOLDING_PTRS)};
	return ret;
}

static inline struct con_holding_b con_holding_edit_deeper(struct con_holding_b b)
{
	struct con_holding_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 4), CON_HOLDING_DATA_WORDS, CON_HOLDING_PTRS, NULL)};
	return ret;
}

static inline struct con_base_c con_holding_pipe_base(struct con_holding_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 0)};
	return ret;
}

static inline struct con_holding_in_p con_holding_pipe_in(struct con_holding_p p)
{
	struct con_holding_in_p ret = {p.p};
	return ret;
}

static inline struct con_base_c con_holding_pipe_maybe(struct con_holding_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 3)};
	return ret;
}

static inline struct con_holding_p con_holding_pipe_deeper(struct con_holding_p p)
{
	struct con_holding_p ret = {vat_pipe_at(p.p, 4)};
	return ret;
}

/* ---- constructs.capnp:Holding.in */

static inline struct con_holding_in_r con_holding_in_b_r(struct con_holding_in_b b)
{
	struct con_holding_in_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_right_c con_holding_in_get_right(struct con_holding_in_r r)
{
	struct con_right_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 1))};
	return ret;
}

static inline bool con_holding_in_has_right(struct con_holding_in_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_holding_in_set_right(struct con_holding_in_b b, struct con_right_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 1), v.cap);
}

static inline struct constructs_other_foreigner_c con_holding_in_get_foreigner(
	struct con_holding_in_r r)
{
	struct constructs_other_foreigner_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 2))};
	return ret;
}

static inline bool con_holding_in_has_foreigner(struct con_holding_in_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 2));
}

static inline void con_holding_in_set_foreigner(
	struct con_holding_in_b b, struct constructs_other_foreigner_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 2), v.cap);
}

static inline struct con_right_c con_holding_in_pipe_right(struct con_holding_in_p p)
{
	struct con_right_c ret = {vat_pipe_cap(p.p, 1)};
	return ret;
}

static inline struct constructs_other_foreigner_c con_holding_in_pipe_foreigner(
	struct con_holding_in_p p)
{
	struct constructs_other_foreigner_c ret = {vat_pipe_cap(p.p, 2)};
	return ret;
}

/* ---- constructs.capnp:Store */

static inline struct con_store_c con_store_cast(struct vat_cap *cap)
{
	struct con_store_c ret = {cap};
	return ret;
}

static inline struct con_store_c con_store_ref(struct con_store_c c)
{
	struct con_store_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_store_unref(struct con_store_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_store_c con_store_from(struct vat_ptr_r p)
{
	struct con_store_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_store_c con_store_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_store_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_store_list_set_at(struct vat_list_b list, uint32_t i, struct con_store_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_store_get_req con_store_get(struct vat *v, struct con_store_c c)
{
	struct con_store_get_req req;
	req.call = vat_call_for(v, c.cap, &con_store_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_STORE_GET_PARAMS_DATA_WORDS, CON_STORE_GET_PARAMS_PTRS);
	return req;
}

static inline void con_store_get_send(struct con_store_get_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_store_get_tail(struct vat_ctx *ctx, struct con_store_get_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_store_get_results_p con_store_get_pipe(struct vat_call *call)
{
	struct con_store_get_results_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct vat_cap *con_store_get_pipe_value(struct vat_call *call)
{
	static const uint16_t path[] = {0};
	return vat_call_pipeline(call, path, 1);
}

static inline struct con_store_put_req con_store_put(struct vat *v, struct con_store_c c)
{
	struct con_store_put_req req;
	req.call = vat_call_for(v, c.cap, &con_store_interface, 1);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_STORE_PUT_PARAMS_DATA_WORDS, CON_STORE_PUT_PARAMS_PTRS);
	return req;
}

static inline void con_store_put_send(struct con_store_put_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_store_put_tail(struct vat_ctx *ctx, struct con_store_put_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_store_sub_req con_store_sub(struct vat *v, struct con_store_c c)
{
	struct con_store_sub_req req;
	req.call = vat_call_for(v, c.cap, &con_store_interface, 2);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_STORE_SUB_PARAMS_DATA_WORDS, CON_STORE_SUB_PARAMS_PTRS);
	return req;
}

static inline void con_store_sub_send(struct con_store_sub_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_store_sub_tail(struct vat_ctx *ctx, struct con_store_sub_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_store_sub_results_p con_store_sub_pipe(struct vat_call *call)
{
	struct con_store_sub_results_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct con_store_c con_store_sub_pipe_store(struct vat_call *call)
{
	static const uint16_t path[] = {0};
	struct con_store_c ret = {vat_call_pipeline(call, path, 1)};
	return ret;
}

static inline struct con_store_get_params_r con_store_get_params(struct con_store_get_ctx cx)
{
	struct con_store_get_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_store_get_results_b con_store_get_results(struct con_store_get_ctx cx)
{
	struct con_store_get_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_STORE_GET_RESULTS_DATA_WORDS, CON_STORE_GET_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_store_put_params_r con_store_put_params(struct con_store_put_ctx cx)
{
	struct con_store_put_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_store_put_results_b con_store_put_results(struct con_store_put_ctx cx)
{
	struct con_store_put_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_STORE_PUT_RESULTS_DATA_WORDS, CON_STORE_PUT_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_store_sub_params_r con_store_sub_params(struct con_store_sub_ctx cx)
{
	struct con_store_sub_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_store_sub_results_b con_store_sub_results(struct con_store_sub_ctx cx)
{
	struct con_store_sub_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_STORE_SUB_RESULTS_DATA_WORDS, CON_STORE_SUB_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_store_c con_store_serve(
	struct vat *v, const struct con_store_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_store_c ret = {vat_serve(v, &con_store_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Store.get$Params */

static inline struct con_store_get_params_r con_store_get_params_from(struct vat_ptr_r p)
{
	struct con_store_get_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_store_get_params_b con_store_get_params_init(struct vat_ptr_b p)
{
	struct con_store_get_params_b ret = {
		vat_init_struct(p, CON_STORE_GET_PARAMS_DATA_WORDS, CON_STORE_GET_PARAMS_PTRS)};
	return ret;
}

static inline struct con_store_get_params_r con_store_get_params_root(struct vat_message *m)
{
	struct con_store_get_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_store_get_params_b con_store_get_params_init_root(struct vat_message *m)
{
	struct con_store_get_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_STORE_GET_PARAMS_DATA_WORDS, CON_STORE_GET_PARAMS_PTRS)};
	return ret;
}

static inline struct con_store_get_params_b con_store_get_params_edit_root(struct vat_message *m)
{
	struct con_store_get_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_STORE_GET_PARAMS_DATA_WORDS, CON_STORE_GET_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_store_get_params_set_root(
	struct vat_message *m, struct con_store_get_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_store_get_params_r con_store_get_params_at(
	struct con_store_get_params_list_r list, uint32_t i)
{
	struct con_store_get_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_store_get_params_b con_store_get_params_at_b(
	struct con_store_get_params_list_b list, uint32_t i)
{
	struct con_store_get_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_store_get_params_list_r con_store_get_params_list_b_r(
	struct con_store_get_params_list_b list)
{
	struct con_store_get_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_store_get_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_STORE_GET_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_store_get_params_r con_store_get_params_b_r(
	struct con_store_get_params_b b)
{
	struct con_store_get_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_text con_store_get_params_get_key(struct con_store_get_params_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline bool con_store_get_params_has_key(struct con_store_get_params_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_store_get_params_set_key(struct con_store_get_params_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

/* ---- constructs.capnp:Store.get$Results */

static inline struct con_store_get_results_r con_store_get_results_from(struct vat_ptr_r p)
{
	struct con_store_get_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_store_get_results_b con_store_get_results_init(struct vat_ptr_b p)
{
	struct con_store_get_results_b ret = {
		vat_init_struct(p, CON_STORE_GET_RESULTS_DATA_WORDS, CON_STORE_GET_RESULTS_PTRS)};
	return ret;
}

static inline struct con_store_get_results_r con_store_get_results_root(struct vat_message *m)
{
	struct con_store_get_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_store_get_results_b con_store_get_results_init_root(struct vat_message *m)
{
	struct con_store_get_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_STORE_GET_RESULTS_DATA_WORDS, CON_STORE_GET_RESULTS_PTRS)};
	return ret;
}

static inline struct con_store_get_results_b con_store_get_results_edit_root(struct vat_message *m)
{
	struct con_store_get_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_STORE_GET_RESULTS_DATA_WORDS, CON_STORE_GET_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_store_get_results_set_root(
	struct vat_message *m, struct con_store_get_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_store_get_results_r con_store_get_results_at(
	struct con_store_get_results_list_r list, uint32_t i)
{
	struct con_store_get_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_store_get_results_b con_store_get_results_at_b(
	struct con_store_get_results_list_b list, uint32_t i)
{
	struct con_store_get_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_store_get_results_list_r con_store_get_results_list_b_r(
	struct con_store_get_results_list_b list)
{
	struct con_store_get_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_store_get_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_STORE_GET_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_store_get_results_r con_store_get_results_b_r(
	struct con_store_get_results_b b)
{
	struct con_store_get_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_ptr_r con_store_get_results_get_value(struct con_store_get_results_r r)
{
	return vat_ptr_at(r.s, 0);
}

static inline bool con_store_get_results_has_value(struct con_store_get_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_store_get_results_set_value(
	struct con_store_get_results_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_store_get_results_get_value_b(struct con_store_get_results_b b)
{
	return vat_ptr_at_b(b.s, 0);
}

static inline struct vat_cap *con_store_get_results_pipe_value(struct con_store_get_results_p p)
{
	return vat_pipe_cap(p.p, 0);
}

/* ---- constructs.capnp:Store.put$Params */

static inline struct con_store_put_params_r con_store_put_params_from(struct vat_ptr_r p)
{
	struct con_store_put_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_store_put_params_b con_store_put_params_init(struct vat_ptr_b p)
{
	struct con_store_put_params_b ret = {
		vat_init_struct(p, CON_STORE_PUT_PARAMS_DATA_WORDS, CON_STORE_PUT_PARAMS_PTRS)};
	return ret;
}

static inline struct con_store_put_params_r con_store_put_params_root(struct vat_message *m)
{
	struct con_store_put_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_store_put_params_b con_store_put_params_init_root(struct vat_message *m)
{
	struct con_store_put_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_STORE_PUT_PARAMS_DATA_WORDS, CON_STORE_PUT_PARAMS_PTRS)};
	return ret;
}

static inline struct con_store_put_params_b con_store_put_params_edit_root(struct vat_message *m)
{
	struct con_store_put_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_STORE_PUT_PARAMS_DATA_WORDS, CON_STORE_PUT_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_store_put_params_set_root(
	struct vat_message *m, struct con_store_put_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_store_put_params_r con_store_put_params_at(
	struct con_store_put_params_list_r list, uint32_t i)
{
	struct con_store_put_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_store_put_params_b con_store_put_params_at_b(
	struct con_store_put_params_list_b list, uint32_t i)
{
	struct con_store_put_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_store_put_params_list_r con_store_put_params_list_b_r(
	struct con_store_put_params_list_b list)
{
	struct con_store_put_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_store_put_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_STORE_PUT_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_store_put_params_r con_store_put_params_b_r(
	struct con_store_put_params_b b)
{
	struct con_store_put_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_ptr_r con_store_put_params_get_value(struct con_store_put_params_r r)
{
	return vat_ptr_at(r.s, 0);
}

static inline bool con_store_put_params_has_value(struct con_store_put_params_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_store_put_params_set_value(
	struct con_store_put_params_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_store_put_params_get_value_b(struct con_store_put_params_b b)
{
	return vat_ptr_at_b(b.s, 0);
}

static inline struct vat_ptr_r con_store_put_params_get_extra(struct con_store_put_params_r r)
{
	return vat_ptr_at(r.s, 1);
}

static inline bool con_store_put_params_has_extra(struct con_store_put_params_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_store_put_params_set_extra(
	struct con_store_put_params_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 1), v);
}

static inline struct vat_ptr_b con_store_put_params_get_extra_b(struct con_store_put_params_b b)
{
	return vat_ptr_at_b(b.s, 1);
}

static inline struct vat_cap *con_store_put_params_pipe_value(struct con_store_put_params_p p)
{
	return vat_pipe_cap(p.p, 0);
}

static inline struct vat_cap *con_store_put_params_pipe_extra(struct con_store_put_params_p p)
{
	return vat_pipe_cap(p.p, 1);
}

/* ---- constructs.capnp:Store.put$Results */

static inline struct con_store_put_results_r con_store_put_results_from(struct vat_ptr_r p)
{
	struct con_store_put_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_store_put_results_b con_store_put_results_init(struct vat_ptr_b p)
{
	struct con_store_put_results_b ret = {
		vat_init_struct(p, CON_STORE_PUT_RESULTS_DATA_WORDS, CON_STORE_PUT_RESULTS_PTRS)};
	return ret;
}

static inline struct con_store_put_results_r con_store_put_results_root(struct vat_message *m)
{
	struct con_store_put_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_store_put_results_b con_store_put_results_init_root(struct vat_message *m)
{
	struct con_store_put_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_STORE_PUT_RESULTS_DATA_WORDS, CON_STORE_PUT_RESULTS_PTRS)};
	return ret;
}

static inline struct con_store_put_results_b con_store_put_results_edit_root(struct vat_message *m)
{
	struct con_store_put_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_STORE_PUT_RESULTS_DATA_WORDS, CON_STORE_PUT_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_store_put_results_set_root(
	struct vat_message *m, struct con_store_put_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_store_put_results_r con_store_put_results_at(
	struct con_store_put_results_list_r list, uint32_t i)
{
	struct con_store_put_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_store_put_results_b con_store_put_results_at_b(
	struct con_store_put_results_list_b list, uint32_t i)
{
	struct con_store_put_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_store_put_results_list_r con_store_put_results_list_b_r(
	struct con_store_put_results_list_b list)
{
	struct con_store_put_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_store_put_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_STORE_PUT_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_store_put_results_r con_store_put_results_b_r(
	struct con_store_put_results_b b)
{
	struct con_store_put_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Store.sub$Params */

static inline struct con_store_sub_params_r con_store_sub_params_from(struct vat_ptr_r p)
{
	struct con_store_sub_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_store_sub_params_b con_store_sub_params_init(struct vat_ptr_b p)
{
	struct con_store_sub_params_b ret = {
		vat_init_struct(p, CON_STORE_SUB_PARAMS_DATA_WORDS, CON_STORE_SUB_PARAMS_PTRS)};
	return ret;
}

static inline struct con_store_sub_params_r con_store_sub_params_root(struct vat_message *m)
{
	struct con_store_sub_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_store_sub_params_b con_store_sub_params_init_root(struct vat_message *m)
{
	struct con_store_sub_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_STORE_SUB_PARAMS_DATA_WORDS, CON_STORE_SUB_PARAMS_PTRS)};
	return ret;
}

static inline struct con_store_sub_params_b con_store_sub_params_edit_root(struct vat_message *m)
{
	struct con_store_sub_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_STORE_SUB_PARAMS_DATA_WORDS, CON_STORE_SUB_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_store_sub_params_set_root(
	struct vat_message *m, struct con_store_sub_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_store_sub_params_r con_store_sub_params_at(
	struct con_store_sub_params_list_r list, uint32_t i)
{
	struct con_store_sub_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_store_sub_params_b con_store_sub_params_at_b(
	struct con_store_sub_params_list_b list, uint32_t i)
{
	struct con_store_sub_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_store_sub_params_list_r con_store_sub_params_list_b_r(
	struct con_store_sub_params_list_b list)
{
	struct con_store_sub_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_store_sub_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_STORE_SUB_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_store_sub_params_r con_store_sub_params_b_r(
	struct con_store_sub_params_b b)
{
	struct con_store_sub_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Store.sub$Results */

static inline struct con_store_sub_results_r con_store_sub_results_from(struct vat_ptr_r p)
{
	struct con_store_sub_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_store_sub_results_b con_store_sub_results_init(struct vat_ptr_b p)
{
	struct con_store_sub_results_b ret = {
		vat_init_struct(p, CON_STORE_SUB_RESULTS_DATA_WORDS, CON_STORE_SUB_RESULTS_PTRS)};
	return ret;
}

static inline struct con_store_sub_results_r con_store_sub_results_root(struct vat_message *m)
{
	struct con_store_sub_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_store_sub_results_b con_store_sub_results_init_root(struct vat_message *m)
{
	struct con_store_sub_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_STORE_SUB_RESULTS_DATA_WORDS, CON_STORE_SUB_RESULTS_PTRS)};
	return ret;
}

static inline struct con_store_sub_results_b con_store_sub_results_edit_root(struct vat_message *m)
{
	struct con_store_sub_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_STORE_SUB_RESULTS_DATA_WORDS, CON_STORE_SUB_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_store_sub_results_set_root(
	struct vat_message *m, struct con_store_sub_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_store_sub_results_r con_store_sub_results_at(
	struct con_store_sub_results_list_r list, uint32_t i)
{
	struct con_store_sub_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_store_sub_results_b con_store_sub_results_at_b(
	struct con_store_sub_results_list_b list, uint32_t i)
{
	struct con_store_sub_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_store_sub_results_list_r con_store_sub_results_list_b_r(
	struct con_store_sub_results_list_b list)
{
	struct con_store_sub_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_store_sub_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_STORE_SUB_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_store_sub_results_r con_store_sub_results_b_r(
	struct con_store_sub_results_b b)
{
	struct con_store_sub_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_store_c con_store_sub_results_get_store(struct con_store_sub_results_r r)
{
	struct con_store_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 0))};
	return ret;
}

static inline bool con_store_sub_results_has_store(struct con_store_sub_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_store_sub_results_set_store(
	struct con_store_sub_results_b b, struct con_store_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 0), v.cap);
}

static inline struct con_store_c con_store_sub_results_pipe_store(struct con_store_sub_results_p p)
{
	struct con_store_c ret = {vat_pipe_cap(p.p, 0)};
	return ret;
}

/* ---- constructs.capnp:TextStore */

static inline struct con_text_store_c con_text_store_cast(struct vat_cap *cap)
{
	struct con_text_store_c ret = {cap};
	return ret;
}

static inline struct con_text_store_c con_text_store_ref(struct con_text_store_c c)
{
	struct con_text_store_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_text_store_unref(struct con_text_store_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_text_store_c con_text_store_from(struct vat_ptr_r p)
{
	struct con_text_store_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_text_store_c con_text_store_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_text_store_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_text_store_list_set_at(
	struct vat_list_b list, uint32_t i, struct con_text_store_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_store_c con_text_store_as_store(struct con_text_store_c c)
{
	struct con_store_c ret = {c.cap};
	return ret;
}

static inline struct con_text_store_c con_text_store_serve(
	struct vat *v, const struct con_text_store_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_text_store_c ret = {
		vat_serve(v, &con_text_store_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Pong */

static inline struct con_pong_c con_pong_cast(struct vat_cap *cap)
{
	struct con_pong_c ret = {cap};
	return ret;
}

static inline struct con_pong_c con_pong_ref(struct con_pong_c c)
{
	struct con_pong_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_pong_unref(struct con_pong_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_pong_c con_pong_from(struct vat_ptr_r p)
{
	struct con_pong_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_pong_c con_pong_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_pong_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_pong_list_set_at(struct vat_list_b list, uint32_t i, struct con_pong_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct constructs_other_bottom_c con_pong_as_bottom(struct con_pong_c c)
{
	struct constructs_other_bottom_c ret = {c.cap};
	return ret;
}

static inline struct con_pong_pong_req con_pong_pong(struct vat *v, struct con_pong_c c)
{
	struct con_pong_pong_req req;
	req.call = vat_call_for(v, c.cap, &con_pong_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_PONG_PONG_PARAMS_DATA_WORDS, CON_PONG_PONG_PARAMS_PTRS);
	return req;
}

static inline void con_pong_pong_send(struct con_pong_pong_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_pong_pong_tail(struct vat_ctx *ctx, struct con_pong_pong_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_pong_pong_params_r con_pong_pong_params(struct con_pong_pong_ctx cx)
{
	struct con_pong_pong_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_pong_pong_results_b con_pong_pong_results(struct con_pong_pong_ctx cx)
{
	struct con_pong_pong_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_PONG_PONG_RESULTS_DATA_WORDS, CON_PONG_PONG_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_pong_c con_pong_serve(
	struct vat *v, const struct con_pong_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_pong_c ret = {vat_serve(v, &con_pong_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Pong.pong$Params */

static inline struct con_pong_pong_params_r con_pong_pong_params_from(struct vat_ptr_r p)
{
	struct con_pong_pong_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_pong_pong_params_b con_pong_pong_params_init(struct vat_ptr_b p)
{
	struct con_pong_pong_params_b ret = {
		vat_init_struct(p, CON_PONG_PONG_PARAMS_DATA_WORDS, CON_PONG_PONG_PARAMS_PTRS)};
	return ret;
}

static inline struct con_pong_pong_params_r con_pong_pong_params_root(struct vat_message *m)
{
	struct con_pong_pong_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_pong_pong_params_b con_pong_pong_params_init_root(struct vat_message *m)
{
	struct con_pong_pong_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_PONG_PONG_PARAMS_DATA_WORDS, CON_PONG_PONG_PARAMS_PTRS)};
	return ret;
}

static inline struct con_pong_pong_params_b con_pong_pong_params_edit_root(struct vat_message *m)
{
	struct con_pong_pong_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_PONG_PONG_PARAMS_DATA_WORDS, CON_PONG_PONG_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_pong_pong_params_set_root(
	struct vat_message *m, struct con_pong_pong_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_pong_pong_params_r con_pong_pong_params_at(
	struct con_pong_pong_params_list_r list, uint32_t i)
{
	struct con_pong_pong_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_pong_pong_params_b con_pong_pong_params_at_b(
	struct con_pong_pong_params_list_b list, uint32_t i)
{
	struct con_pong_pong_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_pong_pong_params_list_r con_pong_pong_params_list_b_r(
	struct con_pong_pong_params_list_b list)
{
	struct con_pong_pong_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_pong_pong_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_PONG_PONG_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_pong_pong_params_r con_pong_pong_params_b_r(
	struct con_pong_pong_params_b b)
{
	struct con_pong_pong_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Pong.pong$Results */

static inline struct con_pong_pong_results_r con_pong_pong_results_from(struct vat_ptr_r p)
{
	struct con_pong_pong_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_pong_pong_results_b con_pong_pong_results_init(struct vat_ptr_b p)
{
	struct con_pong_pong_results_b ret = {
		vat_init_struct(p, CON_PONG_PONG_RESULTS_DATA_WORDS, CON_PONG_PONG_RESULTS_PTRS)};
	return ret;
}

static inline struct con_pong_pong_results_r con_pong_pong_results_root(struct vat_message *m)
{
	struct con_pong_pong_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_pong_pong_results_b con_pong_pong_results_init_root(struct vat_message *m)
{
	struct con_pong_pong_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_PONG_PONG_RESULTS_DATA_WORDS, CON_PONG_PONG_RESULTS_PTRS)};
	return ret;
}

static inline struct con_pong_pong_results_b con_pong_pong_results_edit_root(struct vat_message *m)
{
	struct con_pong_pong_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_PONG_PONG_RESULTS_DATA_WORDS, CON_PONG_PONG_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_pong_pong_results_set_root(
	struct vat_message *m, struct con_pong_pong_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_pong_pong_results_r con_pong_pong_results_at(
	struct con_pong_pong_results_list_r list, uint32_t i)
{
	struct con_pong_pong_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_pong_pong_results_b con_pong_pong_results_at_b(
	struct con_pong_pong_results_list_b list, uint32_t i)
{
	struct con_pong_pong_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_pong_pong_results_list_r con_pong_pong_results_list_b_r(
	struct con_pong_pong_results_list_b list)
{
	struct con_pong_pong_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_pong_pong_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_PONG_PONG_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_pong_pong_results_r con_pong_pong_results_b_r(
	struct con_pong_pong_results_b b)
{
	struct con_pong_pong_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Tree */

static inline struct con_tree_r con_tree_from(struct vat_ptr_r p)
{
	struct con_tree_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_tree_b con_tree_init(struct vat_ptr_b p)
{
	struct con_tree_b ret = {vat_init_struct(p, CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_r con_tree_root(struct vat_message *m)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_tree_b con_tree_init_root(struct vat_message *m)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_root_b(m), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_tree_edit_root(struct vat_message *m)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline void con_tree_set_root(struct vat_message *m, struct con_tree_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_tree_r con_tree_at(struct con_tree_list_r list, uint32_t i)
{
	struct con_tree_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_tree_b con_tree_at_b(struct con_tree_list_b list, uint32_t i)
{
	struct con_tree_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_tree_list_r con_tree_list_b_r(struct con_tree_list_b list)
{
	struct con_tree_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_tree_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_TREE_TYPE_ID};
	return ret;
}

static inline struct con_tree_r con_tree_b_r(struct con_tree_b b)
{
	struct con_tree_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint16_t con_tree_which(struct con_tree_r r)
{
	return vat_r_u16(r.s, 0, 0);
}

static inline bool con_tree_choose_(struct con_tree_b b, uint16_t which)
{
	bool other = vat_r_u16(vat_struct_b_r(b.s), 0, 0) != which;
	vat_w_u16(b.s, 0, which, 0);
	return other;
}

static inline struct vat_ptr_r con_tree_get_leaf(struct con_tree_r r)
{
	struct vat_struct_r s = r.s;
	if (con_tree_which(r) != CON_TREE_WHICH_LEAF)
		s.data_bits = s.n_ptrs = 0;
	return vat_ptr_at(s, 0);
}

static inline bool con_tree_has_leaf(struct con_tree_r r)
{
	struct vat_struct_r s = r.s;
	if (con_tree_which(r) != CON_TREE_WHICH_LEAF)
		s.data_bits = s.n_ptrs = 0;
	return !vat_ptr_is_null(vat_ptr_at(s, 0));
}

static inline void con_tree_set_leaf(struct con_tree_b b, struct vat_ptr_r v)
{
	con_tree_choose_(b, CON_TREE_WHICH_LEAF);
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_tree_get_leaf_b(struct con_tree_b b)
{
	if (con_tree_choose_(b, CON_TREE_WHICH_LEAF))
		vat_set_null(vat_ptr_at_b(b.s, 0));
	return vat_ptr_at_b(b.s, 0);
}

static inline struct con_tree_branch_r con_tree_get_branch(struct con_tree_r r)
{
	struct vat_struct_r s = r.s;
	if (con_tree_which(r) != CON_TREE_WHICH_BRANCH)
		s.data_bits = s.n_ptrs = 0;
	struct con_tree_branch_r ret = {s};
	return ret;
}

static inline struct con_tree_branch_b con_tree_init_branch(struct con_tree_b b)
{
	con_tree_choose_(b, CON_TREE_WHICH_BRANCH);
	vat_set_null(vat_ptr_at_b(b.s, 0));
	vat_set_null(vat_ptr_at_b(b.s, 1));
	vat_set_null(vat_ptr_at_b(b.s, 2));
	struct con_tree_branch_b ret = {b.s};
	return ret;
}

static inline struct con_tree_branch_b con_tree_edit_branch(struct con_tree_b b)
{
	if (vat_r_u16(vat_struct_b_r(b.s), 0, 0) != CON_TREE_WHICH_BRANCH)
		return con_tree_init_branch(b);
	struct con_tree_branch_b ret = {b.s};
	return ret;
}

static inline struct con_tree_list_r con_tree_get_all(struct con_tree_r r)
{
	struct con_tree_list_r ret = {vat_ptr_list(vat_ptr_at(r.s, 3), VAT_ELEM_STRUCT, NULL)};
	return ret;
}

static inline bool con_tree_has_all(struct con_tree_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 3));
}

static inline void con_tree_set_all(struct con_tree_b b, struct con_tree_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 3), v.l);
}

static inline struct con_tree_list_b con_tree_init_all(struct con_tree_b b, uint32_t n)
{
	struct con_tree_list_b ret = {
		vat_init_struct_list(vat_ptr_at_b(b.s, 3), CON_TREE_DATA_WORDS, CON_TREE_PTRS, n)};
	return ret;
}

static inline struct con_tree_list_b con_tree_edit_all(struct con_tree_b b)
{
	struct con_tree_list_b ret = {
		vat_get_struct_list_b(vat_ptr_at_b(b.s, 3), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_pair_r con_tree_get_pair(struct con_tree_r r)
{
	struct constructs_other_pair_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 4), NULL)};
	return ret;
}

static inline bool con_tree_has_pair(struct con_tree_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 4));
}

static inline void con_tree_set_pair(struct con_tree_b b, struct constructs_other_pair_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 4), v.s);
}

static inline struct constructs_other_pair_b con_tree_init_pair(struct con_tree_b b)
{
	struct constructs_other_pair_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 4), CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS)};
	return ret;
}

static inline struct constructs_other_pair_b con_tree_edit_pair(struct con_tree_b b)
{
	struct constructs_other_pair_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 4), CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS, NULL)};
	return ret;
}

static inline struct vat_cap *con_tree_pipe_leaf(struct con_tree_p p)
{
	return vat_pipe_cap(p.p, 0);
}

static inline struct con_tree_branch_p con_tree_pipe_branch(struct con_tree_p p)
{
	struct con_tree_branch_p ret = {p.p};
	return ret;
}

static inline struct constructs_other_pair_p con_tree_pipe_pair(struct con_tree_p p)
{
	struct constructs_other_pair_p ret = {vat_pipe_at(p.p, 4)};
	return ret;
}

/* ---- constructs.capnp:Tree.branch */

static inline struct con_tree_branch_r con_tree_branch_b_r(struct con_tree_branch_b b)
{
	struct con_tree_branch_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_tree_r con_tree_branch_get_left(struct con_tree_branch_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline bool con_tree_branch_has_left(struct con_tree_branch_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_tree_branch_set_left(struct con_tree_branch_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_tree_b con_tree_branch_init_left(struct con_tree_branch_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_tree_branch_edit_left(struct con_tree_branch_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_r con_tree_branch_get_right(struct con_tree_branch_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline bool con_tree_branch_has_right(struct con_tree_branch_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_tree_branch_set_right(struct con_tree_branch_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_tree_b con_tree_branch_init_right(struct con_tree_branch_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_tree_branch_edit_right(struct con_tree_branch_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct vat_ptr_r con_tree_branch_get_label(struct con_tree_branch_r r)
{
	return vat_ptr_at(r.s, 2);
}

static inline bool con_tree_branch_has_label(struct con_tree_branch_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 2));
}

static inline void con_tree_branch_set_label(struct con_tree_branch_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 2), v);
}

static inline struct vat_ptr_b con_tree_branch_get_label_b(struct con_tree_branch_b b)
{
	return vat_ptr_at_b(b.s, 2);
}

static inline struct con_tree_p con_tree_branch_pipe_left(struct con_tree_branch_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

static inline struct con_tree_p con_tree_branch_pipe_right(struct con_tree_branch_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 1)};
	return ret;
}

static inline struct vat_cap *con_tree_branch_pipe_label(struct con_tree_branch_p p)
{
	return vat_pipe_cap(p.p, 2);
}

/* ---- constructs.capnp:Brands */

static inline struct con_brands_r con_brands_from(struct vat_ptr_r p)
{
	struct con_brands_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_brands_b con_brands_init(struct vat_ptr_b p)
{
	struct con_brands_b ret = {vat_init_struct(p, CON_BRANDS_DATA_WORDS, CON_BRANDS_PTRS)};
	return ret;
}

static inline struct con_brands_r con_brands_root(struct vat_message *m)
{
	struct con_brands_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_brands_b con_brands_init_root(struct vat_message *m)
{
	struct con_brands_b ret = {
		vat_init_struct(vat_root_b(m), CON_BRANDS_DATA_WORDS, CON_BRANDS_PTRS)};
	return ret;
}

static inline struct con_brands_b con_brands_edit_root(struct vat_message *m)
{
	struct con_brands_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_BRANDS_DATA_WORDS, CON_BRANDS_PTRS, NULL)};
	return ret;
}

static inline void con_brands_set_root(struct vat_message *m, struct con_brands_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_brands_r con_brands_at(struct con_brands_list_r list, uint32_t i)
{
	struct con_brands_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_brands_b con_brands_at_b(struct con_brands_list_b list, uint32_t i)
{
	struct con_brands_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_brands_list_r con_brands_list_b_r(struct con_brands_list_b list)
{
	struct con_brands_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_brands_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_BRANDS_TYPE_ID};
	return ret;
}

static inline struct con_brands_r con_brands_b_r(struct con_brands_b b)
{
	struct con_brands_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_tree_r con_brands_get_texts(struct con_brands_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline bool con_brands_has_texts(struct con_brands_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_brands_set_texts(struct con_brands_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_tree_b con_brands_init_texts(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_brands_edit_texts(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_r con_brands_get_scalars(struct con_brands_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline bool con_brands_has_scalars(struct con_brands_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_brands_set_scalars(struct con_brands_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_tree_b con_brands_init_scalars(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_brands_edit_scalars(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_r con_brands_get_lists(struct con_brands_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 2), NULL)};
	return ret;
}

static inline bool con_brands_has_lists(struct con_brands_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 2));
}

static inline void con_brands_set_lists(struct con_brands_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 2), v.s);
}

static inline struct con_tree_b con_brands_init_lists(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 2), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_brands_edit_lists(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 2), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_r con_brands_get_caps(struct con_brands_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 3), NULL)};
	return ret;
}

static inline bool con_brands_has_caps(struct con_brands_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 3));
}

static inline void con_brands_set_caps(struct con_brands_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 3), v.s);
}

static inline struct con_tree_b con_brands_init_caps(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 3), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_brands_edit_caps(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 3), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_r con_brands_get_foreign(struct con_brands_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 4), NULL)};
	return ret;
}

static inline bool con_brands_has_foreign(struct con_brands_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 4));
}

static inline void con_brands_set_foreign(struct con_brands_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 4), v.s);
}

static inline struct con_tree_b con_brands_init_foreign(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 4), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_brands_edit_foreign(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 4), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_pair_list_r con_brands_get_pairs(struct con_brands_r r)
{
	struct constructs_other_pair_list_r ret = {
		vat_ptr_list(vat_ptr_at(r.s, 5), VAT_ELEM_STRUCT, NULL)};
	return ret;
}

static inline bool con_brands_has_pairs(struct con_brands_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 5));
}

static inline void con_brands_set_pairs(
	struct con_brands_b b, struct constructs_other_pair_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 5), v.l);
}

static inline struct constructs_other_pair_list_b con_brands_init_pairs(
	struct con_brands_b b, uint32_t n)
{
	struct constructs_other_pair_list_b ret = {
		vat_init_struct_list(vat_ptr_at_b(b.s, 5), CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS, n)};
	return ret;
}

static inline struct constructs_other_pair_list_b con_brands_edit_pairs(struct con_brands_b b)
{
	struct constructs_other_pair_list_b ret = {
		vat_get_struct_list_b(vat_ptr_at_b(b.s, 5), CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_pair_r con_brands_get_anything(struct con_brands_r r)
{
	struct constructs_other_pair_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 6), NULL)};
	return ret;
}

static inline bool con_brands_has_anything(struct con_brands_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 6));
}

static inline void con_brands_set_anything(struct con_brands_b b, struct constructs_other_pair_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 6), v.s);
}

static inline struct constructs_other_pair_b con_brands_init_anything(struct con_brands_b b)
{
	struct constructs_other_pair_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 6), CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS)};
	return ret;
}

static inline struct constructs_other_pair_b con_brands_edit_anything(struct con_brands_b b)
{
	struct constructs_other_pair_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 6), CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_pair_r con_brands_get_half(struct con_brands_r r)
{
	struct constructs_other_pair_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 7), NULL)};
	return ret;
}

static inline bool con_brands_has_half(struct con_brands_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 7));
}

static inline void con_brands_set_half(struct con_brands_b b, struct constructs_other_pair_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 7), v.s);
}

static inline struct constructs_other_pair_b con_brands_init_half(struct con_brands_b b)
{
	struct constructs_other_pair_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 7), CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS)};
	return ret;
}

static inline struct constructs_other_pair_b con_brands_edit_half(struct con_brands_b b)
{
	struct constructs_other_pair_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 7), CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_r con_brands_get_unbound(struct con_brands_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 8), NULL)};
	return ret;
}

static inline bool con_brands_has_unbound(struct con_brands_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 8));
}

static inline void con_brands_set_unbound(struct con_brands_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 8), v.s);
}

static inline struct con_tree_b con_brands_init_unbound(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 8), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_brands_edit_unbound(struct con_brands_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 8), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tower_r con_brands_get_tower(struct con_brands_r r)
{
	struct con_tower_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 9), NULL)};
	return ret;
}

static inline bool con_brands_has_tower(struct con_brands_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 9));
}

static inline void con_brands_set_tower(struct con_brands_b b, struct con_tower_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 9), v.s);
}

static inline struct con_tower_b con_brands_init_tower(struct con_brands_b b)
{
	struct con_tower_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 9), CON_TOWER_DATA_WORDS, CON_TOWER_PTRS)};
	return ret;
}

static inline struct con_tower_b con_brands_edit_tower(struct con_brands_b b)
{
	struct con_tower_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 9), CON_TOWER_DATA_WORDS, CON_TOWER_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p con_brands_pipe_texts(struct con_brands_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

static inline struct con_tree_p con_brands_pipe_scalars(struct con_brands_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 1)};
	return ret;
}

static inline struct con_tree_p con_brands_pipe_lists(struct con_brands_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 2)};
	return ret;
}

static inline struct con_tree_p con_brands_pipe_caps(struct con_brands_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 3)};
	return ret;
}

static inline struct con_tree_p con_brands_pipe_foreign(struct con_brands_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 4)};
	return ret;
}

static inline struct constructs_other_pair_p con_brands_pipe_anything(struct con_brands_p p)
{
	struct constructs_other_pair_p ret = {vat_pipe_at(p.p, 6)};
	return ret;
}

static inline struct constructs_other_pair_p con_brands_pipe_half(struct con_brands_p p)
{
	struct constructs_other_pair_p ret = {vat_pipe_at(p.p, 7)};
	return ret;
}

static inline struct con_tree_p con_brands_pipe_unbound(struct con_brands_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 8)};
	return ret;
}

static inline struct con_tower_p con_brands_pipe_tower(struct con_brands_p p)
{
	struct con_tower_p ret = {vat_pipe_at(p.p, 9)};
	return ret;
}

/* ---- constructs.capnp:Tower */

static inline struct con_tower_r con_tower_from(struct vat_ptr_r p)
{
	struct con_tower_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_tower_b con_tower_init(struct vat_ptr_b p)
{
	struct con_tower_b ret = {vat_init_struct(p, CON_TOWER_DATA_WORDS, CON_TOWER_PTRS)};
	return ret;
}

static inline struct con_tower_r con_tower_root(struct vat_message *m)
{
	struct con_tower_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_tower_b con_tower_init_root(struct vat_message *m)
{
	struct con_tower_b ret = {
		vat_init_struct(vat_root_b(m), CON_TOWER_DATA_WORDS, CON_TOWER_PTRS)};
	return ret;
}

static inline struct con_tower_b con_tower_edit_root(struct vat_message *m)
{
	struct con_tower_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_TOWER_DATA_WORDS, CON_TOWER_PTRS, NULL)};
	return ret;
}

static inline void con_tower_set_root(struct vat_message *m, struct con_tower_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_tower_r con_tower_at(struct con_tower_list_r list, uint32_t i)
{
	struct con_tower_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_tower_b con_tower_at_b(struct con_tower_list_b list, uint32_t i)
{
	struct con_tower_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_tower_list_r con_tower_list_b_r(struct con_tower_list_b list)
{
	struct con_tower_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_tower_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_TOWER_TYPE_ID};
	return ret;
}

static inline struct con_tower_r con_tower_b_r(struct con_tower_b b)
{
	struct con_tower_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_ptr_r con_tower_get_top(struct con_tower_r r)
{
	return vat_ptr_at(r.s, 0);
}

static inline bool con_tower_has_top(struct con_tower_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_tower_set_top(struct con_tower_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_tower_get_top_b(struct con_tower_b b)
{
	return vat_ptr_at_b(b.s, 0);
}

static inline struct con_tower_r con_tower_get_next(struct con_tower_r r)
{
	struct con_tower_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline bool con_tower_has_next(struct con_tower_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_tower_set_next(struct con_tower_b b, struct con_tower_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_tower_b con_tower_init_next(struct con_tower_b b)
{
	struct con_tower_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_TOWER_DATA_WORDS, CON_TOWER_PTRS)};
	return ret;
}

static inline struct con_tower_b con_tower_edit_next(struct con_tower_b b)
{
	struct con_tower_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_TOWER_DATA_WORDS, CON_TOWER_PTRS, NULL)};
	return ret;
}

static inline struct vat_cap *con_tower_pipe_top(struct con_tower_p p)
{
	return vat_pipe_cap(p.p, 0);
}

static inline struct con_tower_p con_tower_pipe_next(struct con_tower_p p)
{
	struct con_tower_p ret = {vat_pipe_at(p.p, 1)};
	return ret;
}

/* ---- constructs.capnp:Cell */

static inline struct con_cell_c con_cell_cast(struct vat_cap *cap)
{
	struct con_cell_c ret = {cap};
	return ret;
}

static inline struct con_cell_c con_cell_ref(struct con_cell_c c)
{
	struct con_cell_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_cell_unref(struct con_cell_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_cell_c con_cell_from(struct vat_ptr_r p)
{
	struct con_cell_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_cell_c con_cell_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_cell_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_cell_list_set_at(struct vat_list_b list, uint32_t i, struct con_cell_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_cell_read_req con_cell_read(struct vat *v, struct con_cell_c c)
{
	struct con_cell_read_req req;
	req.call = vat_call_for(v, c.cap, &con_cell_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_CELL_READ_PARAMS_DATA_WORDS, CON_CELL_READ_PARAMS_PTRS);
	return req;
}

static inline void con_cell_read_send(struct con_cell_read_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_cell_read_tail(struct vat_ctx *ctx, struct con_cell_read_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_cell_read_results_p con_cell_read_pipe(struct vat_call *call)
{
	struct con_cell_read_results_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct vat_cap *con_cell_read_pipe_value(struct vat_call *call)
{
	static const uint16_t path[] = {0};
	return vat_call_pipeline(call, path, 1);
}

static inline struct vat_cap *con_cell_read_pipe_hint_leaf(struct vat_call *call)
{
	static const uint16_t path[] = {1, 0};
	return vat_call_pipeline(call, path, 2);
}

static inline struct vat_cap *con_cell_read_pipe_hint_branch_label(struct vat_call *call)
{
	static const uint16_t path[] = {1, 2};
	return vat_call_pipeline(call, path, 2);
}

static inline struct con_cell_write_req con_cell_write(struct vat *v, struct con_cell_c c)
{
	struct con_cell_write_req req;
	req.call = vat_call_for(v, c.cap, &con_cell_interface, 1);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_CELL_WRITE_PARAMS_DATA_WORDS, CON_CELL_WRITE_PARAMS_PTRS);
	return req;
}

static inline void con_cell_write_send(struct con_cell_write_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_cell_write_tail(struct vat_ctx *ctx, struct con_cell_write_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_cell_swap_req con_cell_swap(struct vat *v, struct con_cell_c c)
{
	struct con_cell_swap_req req;
	req.call = vat_call_for(v, c.cap, &con_cell_interface, 2);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_CELL_SWAP_PARAMS_DATA_WORDS, CON_CELL_SWAP_PARAMS_PTRS);
	return req;
}

static inline void con_cell_swap_send(struct con_cell_swap_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_cell_swap_tail(struct vat_ctx *ctx, struct con_cell_swap_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_cell_swap_results_p con_cell_swap_pipe(struct vat_call *call)
{
	struct con_cell_swap_results_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct vat_cap *con_cell_swap_pipe_old(struct vat_call *call)
{
	static const uint16_t path[] = {0};
	return vat_call_pipeline(call, path, 1);
}

static inline struct vat_cap *con_cell_swap_pipe_echo(struct vat_call *call)
{
	static const uint16_t path[] = {1};
	return vat_call_pipeline(call, path, 1);
}

static inline struct con_cell_named_req con_cell_named(struct vat *v, struct con_cell_c c)
{
	struct con_cell_named_req req;
	req.call = vat_call_for(v, c.cap, &con_cell_interface, 3);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS);
	return req;
}

static inline void con_cell_named_send(struct con_cell_named_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_cell_named_tail(struct vat_ctx *ctx, struct con_cell_named_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_tree_r con_cell_named_results_from(struct vat_ptr_r p)
{
	struct con_tree_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_tree_p con_cell_named_pipe(struct vat_call *call)
{
	struct con_tree_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct vat_cap *con_cell_named_pipe_leaf(struct vat_call *call)
{
	static const uint16_t path[] = {0};
	return vat_call_pipeline(call, path, 1);
}

static inline struct vat_cap *con_cell_named_pipe_branch_left_leaf(struct vat_call *call)
{
	static const uint16_t path[] = {0, 0};
	return vat_call_pipeline(call, path, 2);
}

static inline struct vat_cap *con_cell_named_pipe_branch_left_branch_label(struct vat_call *call)
{
	static const uint16_t path[] = {0, 2};
	return vat_call_pipeline(call, path, 2);
}

static inline struct vat_cap *con_cell_named_pipe_branch_right_leaf(struct vat_call *call)
{
	static const uint16_t path[] = {1, 0};
	return vat_call_pipeline(call, path, 2);
}

static inline struct vat_cap *con_cell_named_pipe_branch_right_branch_label(struct vat_call *call)
{
	static const uint16_t path[] = {1, 2};
	return vat_call_pipeline(call, path, 2);
}

static inline struct vat_cap *con_cell_named_pipe_branch_label(struct vat_call *call)
{
	static const uint16_t path[] = {2};
	return vat_call_pipeline(call, path, 1);
}

static inline struct vat_cap *con_cell_named_pipe_pair_first(struct vat_call *call)
{
	static const uint16_t path[] = {4, 0};
	return vat_call_pipeline(call, path, 2);
}

static inline struct vat_cap *con_cell_named_pipe_pair_second(struct vat_call *call)
{
	static const uint16_t path[] = {4, 1};
	return vat_call_pipeline(call, path, 2);
}

static inline struct con_cell_read_params_r con_cell_read_params(struct con_cell_read_ctx cx)
{
	struct con_cell_read_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_cell_read_results_b con_cell_read_results(struct con_cell_read_ctx cx)
{
	struct con_cell_read_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_CELL_READ_RESULTS_DATA_WORDS, CON_CELL_READ_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_cell_write_params_r con_cell_write_params(struct con_cell_write_ctx cx)
{
	struct con_cell_write_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_cell_write_results_b con_cell_write_results(struct con_cell_write_ctx cx)
{
	struct con_cell_write_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_CELL_WRITE_RESULTS_DATA_WORDS, CON_CELL_WRITE_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_cell_swap_params_r con_cell_swap_params(struct con_cell_swap_ctx cx)
{
	struct con_cell_swap_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_cell_swap_results_b con_cell_swap_results(struct con_cell_swap_ctx cx)
{
	struct con_cell_swap_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_CELL_SWAP_RESULTS_DATA_WORDS, CON_CELL_SWAP_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_pair_r con_cell_named_params(struct con_cell_named_ctx cx)
{
	struct constructs_other_pair_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_tree_b con_cell_named_results(struct con_cell_named_ctx cx)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_cell_c con_cell_serve(
	struct vat *v, const struct con_cell_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_cell_c ret = {vat_serve(v, &con_cell_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Cell.read$Params */

static inline struct con_cell_read_params_r con_cell_read_params_from(struct vat_ptr_r p)
{
	struct con_cell_read_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_cell_read_params_b con_cell_read_params_init(struct vat_ptr_b p)
{
	struct con_cell_read_params_b ret = {
		vat_init_struct(p, CON_CELL_READ_PARAMS_DATA_WORDS, CON_CELL_READ_PARAMS_PTRS)};
	return ret;
}

static inline struct con_cell_read_params_r con_cell_read_params_root(struct vat_message *m)
{
	struct con_cell_read_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_cell_read_params_b con_cell_read_params_init_root(struct vat_message *m)
{
	struct con_cell_read_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_CELL_READ_PARAMS_DATA_WORDS, CON_CELL_READ_PARAMS_PTRS)};
	return ret;
}

static inline struct con_cell_read_params_b con_cell_read_params_edit_root(struct vat_message *m)
{
	struct con_cell_read_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_CELL_READ_PARAMS_DATA_WORDS, CON_CELL_READ_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_cell_read_params_set_root(
	struct vat_message *m, struct con_cell_read_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_cell_read_params_r con_cell_read_params_at(
	struct con_cell_read_params_list_r list, uint32_t i)
{
	struct con_cell_read_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_cell_read_params_b con_cell_read_params_at_b(
	struct con_cell_read_params_list_b list, uint32_t i)
{
	struct con_cell_read_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_cell_read_params_list_r con_cell_read_params_list_b_r(
	struct con_cell_read_params_list_b list)
{
	struct con_cell_read_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_cell_read_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_CELL_READ_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_cell_read_params_r con_cell_read_params_b_r(
	struct con_cell_read_params_b b)
{
	struct con_cell_read_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Cell.read$Results */

static inline struct con_cell_read_results_r con_cell_read_results_from(struct vat_ptr_r p)
{
	struct con_cell_read_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_cell_read_results_b con_cell_read_results_init(struct vat_ptr_b p)
{
	struct con_cell_read_results_b ret = {
		vat_init_struct(p, CON_CELL_READ_RESULTS_DATA_WORDS, CON_CELL_READ_RESULTS_PTRS)};
	return ret;
}

static inline struct con_cell_read_results_r con_cell_read_results_root(struct vat_message *m)
{
	struct con_cell_read_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_cell_read_results_b con_cell_read_results_init_root(struct vat_message *m)
{
	struct con_cell_read_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_CELL_READ_RESULTS_DATA_WORDS, CON_CELL_READ_RESULTS_PTRS)};
	return ret;
}

static inline struct con_cell_read_results_b con_cell_read_results_edit_root(struct vat_message *m)
{
	struct con_cell_read_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_CELL_READ_RESULTS_DATA_WORDS, CON_CELL_READ_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_cell_read_results_set_root(
	struct vat_message *m, struct con_cell_read_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_cell_read_results_r con_cell_read_results_at(
	struct con_cell_read_results_list_r list, uint32_t i)
{
	struct con_cell_read_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_cell_read_results_b con_cell_read_results_at_b(
	struct con_cell_read_results_list_b list, uint32_t i)
{
	struct con_cell_read_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_cell_read_results_list_r con_cell_read_results_list_b_r(
	struct con_cell_read_results_list_b list)
{
	struct con_cell_read_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_cell_read_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_CELL_READ_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_cell_read_results_r con_cell_read_results_b_r(
	struct con_cell_read_results_b b)
{
	struct con_cell_read_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_ptr_r con_cell_read_results_get_value(struct con_cell_read_results_r r)
{
	return vat_ptr_at(r.s, 0);
}

static inline bool con_cell_read_results_has_value(struct con_cell_read_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_cell_read_results_set_value(
	struct con_cell_read_results_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_cell_read_results_get_value_b(struct con_cell_read_results_b b)
{
	return vat_ptr_at_b(b.s, 0);
}

static inline struct con_tree_r con_cell_read_results_get_hint(struct con_cell_read_results_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline bool con_cell_read_results_has_hint(struct con_cell_read_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_cell_read_results_set_hint(
	struct con_cell_read_results_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_tree_b con_cell_read_results_init_hint(struct con_cell_read_results_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_cell_read_results_edit_hint(struct con_cell_read_results_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct vat_cap *con_cell_read_results_pipe_value(struct con_cell_read_results_p p)
{
	return vat_pipe_cap(p.p, 0);
}

static inline struct con_tree_p con_cell_read_results_pipe_hint(struct con_cell_read_results_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 1)};
	return ret;
}

/* ---- constructs.capnp:Cell.write$Params */

static inline struct con_cell_write_params_r con_cell_write_params_from(struct vat_ptr_r p)
{
	struct con_cell_write_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_cell_write_params_b con_cell_write_params_init(struct vat_ptr_b p)
{
	struct con_cell_write_params_b ret = {
		vat_init_struct(p, CON_CELL_WRITE_PARAMS_DATA_WORDS, CON_CELL_WRITE_PARAMS_PTRS)};
	return ret;
}

static inline struct con_cell_write_params_r con_cell_write_params_root(struct vat_message *m)
{
	struct con_cell_write_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_cell_write_params_b con_cell_write_params_init_root(struct vat_message *m)
{
	struct con_cell_write_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_CELL_WRITE_PARAMS_DATA_WORDS, CON_CELL_WRITE_PARAMS_PTRS)};
	return ret;
}

static inline struct con_cell_write_params_b con_cell_write_params_edit_root(struct vat_message *m)
{
	struct con_cell_write_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_CELL_WRITE_PARAMS_DATA_WORDS, CON_CELL_WRITE_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_cell_write_params_set_root(
	struct vat_message *m, struct con_cell_write_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_cell_write_params_r con_cell_write_params_at(
	struct con_cell_write_params_list_r list, uint32_t i)
{
	struct con_cell_write_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_cell_write_params_b con_cell_write_params_at_b(
	struct con_cell_write_params_list_b list, uint32_t i)
{
	struct con_cell_write_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_cell_write_params_list_r con_cell_write_params_list_b_r(
	struct con_cell_write_params_list_b list)
{
	struct con_cell_write_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_cell_write_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_CELL_WRITE_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_cell_write_params_r con_cell_write_params_b_r(
	struct con_cell_write_params_b b)
{
	struct con_cell_write_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_ptr_r con_cell_write_params_get_value(struct con_cell_write_params_r r)
{
	return vat_ptr_at(r.s, 0);
}

static inline bool con_cell_write_params_has_value(struct con_cell_write_params_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_cell_write_params_set_value(
	struct con_cell_write_params_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_cell_write_params_get_value_b(struct con_cell_write_params_b b)
{
	return vat_ptr_at_b(b.s, 0);
}

static inline struct vat_cap *con_cell_write_params_pipe_value(struct con_cell_write_params_p p)
{
	return vat_pipe_cap(p.p, 0);
}

/* ---- constructs.capnp:Cell.write$Results */

static inline struct con_cell_write_results_r con_cell_write_results_from(struct vat_ptr_r p)
{
	struct con_cell_write_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_cell_write_results_b con_cell_write_results_init(struct vat_ptr_b p)
{
	struct con_cell_write_results_b ret = {
		vat_init_struct(p, CON_CELL_WRITE_RESULTS_DATA_WORDS, CON_CELL_WRITE_RESULTS_PTRS)};
	return ret;
}

static inline struct con_cell_write_results_r con_cell_write_results_root(struct vat_message *m)
{
	struct con_cell_write_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_cell_write_results_b con_cell_write_results_init_root(
	struct vat_message *m)
{
	struct con_cell_write_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_CELL_WRITE_RESULTS_DATA_WORDS, CON_CELL_WRITE_RESULTS_PTRS)};
	return ret;
}

static inline struct con_cell_write_results_b con_cell_write_results_edit_root(
	struct vat_message *m)
{
	struct con_cell_write_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_CELL_WRITE_RESULTS_DATA_WORDS, CON_CELL_WRITE_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_cell_write_results_set_root(
	struct vat_message *m, struct con_cell_write_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_cell_write_results_r con_cell_write_results_at(
	struct con_cell_write_results_list_r list, uint32_t i)
{
	struct con_cell_write_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_cell_write_results_b con_cell_write_results_at_b(
	struct con_cell_write_results_list_b list, uint32_t i)
{
	struct con_cell_write_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_cell_write_results_list_r con_cell_write_results_list_b_r(
	struct con_cell_write_results_list_b list)
{
	struct con_cell_write_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_cell_write_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_CELL_WRITE_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_cell_write_results_r con_cell_write_results_b_r(
	struct con_cell_write_results_b b)
{
	struct con_cell_write_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Cell.swap$Params */

static inline struct con_cell_swap_params_r con_cell_swap_params_from(struct vat_ptr_r p)
{
	struct con_cell_swap_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_cell_swap_params_b con_cell_swap_params_init(struct vat_ptr_b p)
{
	struct con_cell_swap_params_b ret = {
		vat_init_struct(p, CON_CELL_SWAP_PARAMS_DATA_WORDS, CON_CELL_SWAP_PARAMS_PTRS)};
	return ret;
}

static inline struct con_cell_swap_params_r con_cell_swap_params_root(struct vat_message *m)
{
	struct con_cell_swap_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_cell_swap_params_b con_cell_swap_params_init_root(struct vat_message *m)
{
	struct con_cell_swap_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_CELL_SWAP_PARAMS_DATA_WORDS, CON_CELL_SWAP_PARAMS_PTRS)};
	return ret;
}

static inline struct con_cell_swap_params_b con_cell_swap_params_edit_root(struct vat_message *m)
{
	struct con_cell_swap_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_CELL_SWAP_PARAMS_DATA_WORDS, CON_CELL_SWAP_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_cell_swap_params_set_root(
	struct vat_message *m, struct con_cell_swap_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_cell_swap_params_r con_cell_swap_params_at(
	struct con_cell_swap_params_list_r list, uint32_t i)
{
	struct con_cell_swap_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_cell_swap_params_b con_cell_swap_params_at_b(
	struct con_cell_swap_params_list_b list, uint32_t i)
{
	struct con_cell_swap_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_cell_swap_params_list_r con_cell_swap_params_list_b_r(
	struct con_cell_swap_params_list_b list)
{
	struct con_cell_swap_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_cell_swap_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_CELL_SWAP_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_cell_swap_params_r con_cell_swap_params_b_r(
	struct con_cell_swap_params_b b)
{
	struct con_cell_swap_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_ptr_r con_cell_swap_params_get_with(struct con_cell_swap_params_r r)
{
	return vat_ptr_at(r.s, 0);
}

static inline bool con_cell_swap_params_has_with(struct con_cell_swap_params_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_cell_swap_params_set_with(
	struct con_cell_swap_params_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_cell_swap_params_get_with_b(struct con_cell_swap_params_b b)
{
	return vat_ptr_at_b(b.s, 0);
}

static inline struct con_cell_c con_cell_swap_params_get_cell(struct con_cell_swap_params_r r)
{
	struct con_cell_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 1))};
	return ret;
}

static inline bool con_cell_swap_params_has_cell(struct con_cell_swap_params_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_cell_swap_params_set_cell(
	struct con_cell_swap_params_b b, struct con_cell_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 1), v.cap);
}

static inline struct vat_cap *con_cell_swap_params_pipe_with(struct con_cell_swap_params_p p)
{
	return vat_pipe_cap(p.p, 0);
}

static inline struct con_cell_c con_cell_swap_params_pipe_cell(struct con_cell_swap_params_p p)
{
	struct con_cell_c ret = {vat_pipe_cap(p.p, 1)};
	return ret;
}

/* ---- constructs.capnp:Cell.swap$Results */

static inline struct con_cell_swap_results_r con_cell_swap_results_from(struct vat_ptr_r p)
{
	struct con_cell_swap_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_cell_swap_results_b con_cell_swap_results_init(struct vat_ptr_b p)
{
	struct con_cell_swap_results_b ret = {
		vat_init_struct(p, CON_CELL_SWAP_RESULTS_DATA_WORDS, CON_CELL_SWAP_RESULTS_PTRS)};
	return ret;
}

static inline struct con_cell_swap_results_r con_cell_swap_results_root(struct vat_message *m)
{
	struct con_cell_swap_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_cell_swap_results_b con_cell_swap_results_init_root(struct vat_message *m)
{
	struct con_cell_swap_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_CELL_SWAP_RESULTS_DATA_WORDS, CON_CELL_SWAP_RESULTS_PTRS)};
	return ret;
}

static inline struct con_cell_swap_results_b con_cell_swap_results_edit_root(struct vat_message *m)
{
	struct con_cell_swap_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_CELL_SWAP_RESULTS_DATA_WORDS, CON_CELL_SWAP_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_cell_swap_results_set_root(
	struct vat_message *m, struct con_cell_swap_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_cell_swap_results_r con_cell_swap_results_at(
	struct con_cell_swap_results_list_r list, uint32_t i)
{
	struct con_cell_swap_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_cell_swap_results_b con_cell_swap_results_at_b(
	struct con_cell_swap_results_list_b list, uint32_t i)
{
	struct con_cell_swap_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_cell_swap_results_list_r con_cell_swap_results_list_b_r(
	struct con_cell_swap_results_list_b list)
{
	struct con_cell_swap_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_cell_swap_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_CELL_SWAP_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_cell_swap_results_r con_cell_swap_results_b_r(
	struct con_cell_swap_results_b b)
{
	struct con_cell_swap_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_ptr_r con_cell_swap_results_get_old(struct con_cell_swap_results_r r)
{
	return vat_ptr_at(r.s, 0);
}

static inline bool con_cell_swap_results_has_old(struct con_cell_swap_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_cell_swap_results_set_old(
	struct con_cell_swap_results_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b con_cell_swap_results_get_old_b(struct con_cell_swap_results_b b)
{
	return vat_ptr_at_b(b.s, 0);
}

static inline struct vat_ptr_r con_cell_swap_results_get_echo(struct con_cell_swap_results_r r)
{
	return vat_ptr_at(r.s, 1);
}

static inline bool con_cell_swap_results_has_echo(struct con_cell_swap_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_cell_swap_results_set_echo(
	struct con_cell_swap_results_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 1), v);
}

static inline struct vat_ptr_b con_cell_swap_results_get_echo_b(struct con_cell_swap_results_b b)
{
	return vat_ptr_at_b(b.s, 1);
}

static inline struct vat_cap *con_cell_swap_results_pipe_old(struct con_cell_swap_results_p p)
{
	return vat_pipe_cap(p.p, 0);
}

static inline struct vat_cap *con_cell_swap_results_pipe_echo(struct con_cell_swap_results_p p)
{
	return vat_pipe_cap(p.p, 1);
}

/* ---- constructs.capnp:CellBase */

static inline struct con_cell_base_c con_cell_base_cast(struct vat_cap *cap)
{
	struct con_cell_base_c ret = {cap};
	return ret;
}

static inline struct con_cell_base_c con_cell_base_ref(struct con_cell_base_c c)
{
	struct con_cell_base_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_cell_base_unref(struct con_cell_base_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_cell_base_c con_cell_base_from(struct vat_ptr_r p)
{
	struct con_cell_base_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_cell_base_c con_cell_base_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_cell_base_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_cell_base_list_set_at(
	struct vat_list_b list, uint32_t i, struct con_cell_base_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_cell_c con_cell_base_as_cell(struct con_cell_base_c c)
{
	struct con_cell_c ret = {c.cap};
	return ret;
}

static inline struct con_cell_base_c con_cell_base_serve(
	struct vat *v, const struct con_cell_base_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_cell_base_c ret = {vat_serve(v, &con_cell_base_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:CellUser */

static inline struct con_cell_user_c con_cell_user_cast(struct vat_cap *cap)
{
	struct con_cell_user_c ret = {cap};
	return ret;
}

static inline struct con_cell_user_c con_cell_user_ref(struct con_cell_user_c c)
{
	struct con_cell_user_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_cell_user_unref(struct con_cell_user_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_cell_user_c con_cell_user_from(struct vat_ptr_r p)
{
	struct con_cell_user_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_cell_user_c con_cell_user_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_cell_user_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_cell_user_list_set_at(
	struct vat_list_b list, uint32_t i, struct con_cell_user_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_cell_user_cell_req con_cell_user_cell(
	struct vat *v, struct con_cell_user_c c)
{
	struct con_cell_user_cell_req req;
	req.call = vat_call_for(v, c.cap, &con_cell_user_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_CELL_USER_CELL_PARAMS_DATA_WORDS, CON_CELL_USER_CELL_PARAMS_PTRS);
	return req;
}

static inline void con_cell_user_cell_send(
	struct con_cell_user_cell_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_cell_user_cell_tail(struct vat_ctx *ctx, struct con_cell_user_cell_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_cell_user_cell_results_p con_cell_user_cell_pipe(struct vat_call *call)
{
	struct con_cell_user_cell_results_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct con_cell_c con_cell_user_cell_pipe_cell(struct vat_call *call)
{
	static const uint16_t path[] = {0};
	struct con_cell_c ret = {vat_call_pipeline(call, path, 1)};
	return ret;
}

static inline struct con_cell_user_cell_params_r con_cell_user_cell_params(
	struct con_cell_user_cell_ctx cx)
{
	struct con_cell_user_cell_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_cell_user_cell_results_b con_cell_user_cell_results(
	struct con_cell_user_cell_ctx cx)
{
	struct con_cell_user_cell_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_CELL_USER_CELL_RESULTS_DATA_WORDS, CON_CELL_USER_CELL_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_cell_user_c con_cell_user_serve(
	struct vat *v, const struct con_cell_user_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_cell_user_c ret = {vat_serve(v, &con_cell_user_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:CellUser.cell$Params */

static inline struct con_cell_user_cell_params_r con_cell_user_cell_params_from(struct vat_ptr_r p)
{
	struct con_cell_user_cell_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_cell_user_cell_params_b con_cell_user_cell_params_init(struct vat_ptr_b p)
{
	struct con_cell_user_cell_params_b ret = {
		vat_init_struct(p, CON_CELL_USER_CELL_PARAMS_DATA_WORDS, CON_CELL_USER_CELL_PARAMS_PTRS)};
	return ret;
}

static inline struct con_cell_user_cell_params_r con_cell_user_cell_params_root(
	struct vat_message *m)
{
	struct con_cell_user_cell_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_cell_user_cell_params_b con_cell_user_cell_params_init_root(
	struct vat_message *m)
{
	struct con_cell_user_cell_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_CELL_USER_CELL_PARAMS_DATA_WORDS, CON_CELL_USER_CELL_PARAMS_PTRS)};
	return ret;
}

static inline struct con_cell_user_cell_params_b con_cell_user_cell_params_edit_root(
	struct vat_message *m)
{
	struct con_cell_user_cell_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_CELL_USER_CELL_PARAMS_DATA_WORDS, CON_CELL_USER_CELL_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_cell_user_cell_params_set_root(
	struct vat_message *m, struct con_cell_user_cell_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_cell_user_cell_params_r con_cell_user_cell_params_at(
	struct con_cell_user_cell_params_list_r list, uint32_t i)
{
	struct con_cell_user_cell_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_cell_user_cell_params_b con_cell_user_cell_params_at_b(
	struct con_cell_user_cell_params_list_b list, uint32_t i)
{
	struct con_cell_user_cell_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_cell_user_cell_params_list_r con_cell_user_cell_params_list_b_r(
	struct con_cell_user_cell_params_list_b list)
{
	struct con_cell_user_cell_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_cell_user_cell_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_CELL_USER_CELL_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_cell_user_cell_params_r con_cell_user_cell_params_b_r(
	struct con_cell_user_cell_params_b b)
{
	struct con_cell_user_cell_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:CellUser.cell$Results */

static inline struct con_cell_user_cell_results_r con_cell_user_cell_results_from(
	struct vat_ptr_r p)
{
	struct con_cell_user_cell_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_cell_user_cell_results_b con_cell_user_cell_results_init(
	struct vat_ptr_b p)
{
	struct con_cell_user_cell_results_b ret = {
		vat_init_struct(p, CON_CELL_USER_CELL_RESULTS_DATA_WORDS, CON_CELL_USER_CELL_RESULTS_PTRS)};
	return ret;
}

static inline struct con_cell_user_cell_results_r con_cell_user_cell_results_root(
	struct vat_message *m)
{
	struct con_cell_user_cell_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_cell_user_cell_results_b con_cell_user_cell_results_init_root(
	struct vat_message *m)
{
	struct con_cell_user_cell_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_CELL_USER_CELL_RESULTS_DATA_WORDS, CON_CELL_USER_CELL_RESULTS_PTRS)};
	return ret;
}

static inline struct con_cell_user_cell_results_b con_cell_user_cell_results_edit_root(
	struct vat_message *m)
{
	struct con_cell_user_cell_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_CELL_USER_CELL_RESULTS_DATA_WORDS, CON_CELL_USER_CELL_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_cell_user_cell_results_set_root(
	struct vat_message *m, struct con_cell_user_cell_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_cell_user_cell_results_r con_cell_user_cell_results_at(
	struct con_cell_user_cell_results_list_r list, uint32_t i)
{
	struct con_cell_user_cell_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_cell_user_cell_results_b con_cell_user_cell_results_at_b(
	struct con_cell_user_cell_results_list_b list, uint32_t i)
{
	struct con_cell_user_cell_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_cell_user_cell_results_list_r con_cell_user_cell_results_list_b_r(
	struct con_cell_user_cell_results_list_b list)
{
	struct con_cell_user_cell_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_cell_user_cell_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_CELL_USER_CELL_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_cell_user_cell_results_r con_cell_user_cell_results_b_r(
	struct con_cell_user_cell_results_b b)
{
	struct con_cell_user_cell_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_cell_c con_cell_user_cell_results_get_cell(
	struct con_cell_user_cell_results_r r)
{
	struct con_cell_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 0))};
	return ret;
}

static inline bool con_cell_user_cell_results_has_cell(struct con_cell_user_cell_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_cell_user_cell_results_set_cell(
	struct con_cell_user_cell_results_b b, struct con_cell_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 0), v.cap);
}

static inline struct con_cell_c con_cell_user_cell_results_pipe_cell(
	struct con_cell_user_cell_results_p p)
{
	struct con_cell_c ret = {vat_pipe_cap(p.p, 0)};
	return ret;
}

/* ---- constructs.capnp:Deep */

static inline struct con_deep_r con_deep_from(struct vat_ptr_r p)
{
	struct con_deep_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_deep_b con_deep_init(struct vat_ptr_b p)
{
	struct con_deep_b ret = {vat_init_struct(p, CON_DEEP_DATA_WORDS, CON_DEEP_PTRS)};
	return ret;
}

static inline struct con_deep_r con_deep_root(struct vat_message *m)
{
	struct con_deep_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_deep_b con_deep_init_root(struct vat_message *m)
{
	struct con_deep_b ret = {
		vat_init_struct(vat_root_b(m), CON_DEEP_DATA_WORDS, CON_DEEP_PTRS)};
	return ret;
}

static inline struct con_deep_b con_deep_edit_root(struct vat_message *m)
{
	struct con_deep_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DEEP_DATA_WORDS, CON_DEEP_PTRS, NULL)};
	return ret;
}

static inline void con_deep_set_root(struct vat_message *m, struct con_deep_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_deep_r con_deep_at(struct con_deep_list_r list, uint32_t i)
{
	struct con_deep_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_deep_b con_deep_at_b(struct con_deep_list_b list, uint32_t i)
{
	struct con_deep_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_deep_list_r con_deep_list_b_r(struct con_deep_list_b list)
{
	struct con_deep_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_deep_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DEEP_TYPE_ID};
	return ret;
}

static inline struct con_deep_r con_deep_b_r(struct con_deep_b b)
{
	struct con_deep_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint16_t con_deep_which(struct con_deep_r r)
{
	return vat_r_u16(r.s, 0, 0);
}

static inline bool con_deep_choose_(struct con_deep_b b, uint16_t which)
{
	bool other = vat_r_u16(vat_struct_b_r(b.s), 0, 0) != which;
	vat_w_u16(b.s, 0, which, 0);
	return other;
}

static inline struct con_deep_one_r con_deep_get_one(struct con_deep_r r)
{
	struct con_deep_one_r ret = {r.s};
	return ret;
}

static inline struct con_deep_one_b con_deep_init_one(struct con_deep_b b)
{
	vat_set_null(vat_ptr_at_b(b.s, 0));
	vat_set_null(vat_ptr_at_b(b.s, 1));
	struct con_deep_one_b ret = {b.s};
	return ret;
}

static inline struct con_deep_one_b con_deep_edit_one(struct con_deep_b b)
{
	struct con_deep_one_b ret = {b.s};
	return ret;
}

static inline struct con_base_c con_deep_get_either(struct con_deep_r r)
{
	struct vat_struct_r s = r.s;
	if (con_deep_which(r) != CON_DEEP_WHICH_EITHER)
		s.data_bits = s.n_ptrs = 0;
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(s, 2))};
	return ret;
}

static inline bool con_deep_has_either(struct con_deep_r r)
{
	struct vat_struct_r s = r.s;
	if (con_deep_which(r) != CON_DEEP_WHICH_EITHER)
		s.data_bits = s.n_ptrs = 0;
	return !vat_ptr_is_null(vat_ptr_at(s, 2));
}

static inline void con_deep_set_either(struct con_deep_b b, struct con_base_c v)
{
	con_deep_choose_(b, CON_DEEP_WHICH_EITHER);
	vat_set_cap(vat_ptr_at_b(b.s, 2), v.cap);
}

static inline struct con_deep_r con_deep_get_or(struct con_deep_r r)
{
	struct vat_struct_r s = r.s;
	if (con_deep_which(r) != CON_DEEP_WHICH_OR)
		s.data_bits = s.n_ptrs = 0;
	struct con_deep_r ret = {vat_ptr_struct(vat_ptr_at(s, 2), NULL)};
	return ret;
}

static inline bool con_deep_has_or(struct con_deep_r r)
{
	struct vat_struct_r s = r.s;
	if (con_deep_which(r) != CON_DEEP_WHICH_OR)
		s.data_bits = s.n_ptrs = 0;
	return !vat_ptr_is_null(vat_ptr_at(s, 2));
}

static inline void con_deep_set_or(struct con_deep_b b, struct con_deep_r v)
{
	con_deep_choose_(b, CON_DEEP_WHICH_OR);
	vat_set_struct(vat_ptr_at_b(b.s, 2), v.s);
}

static inline struct con_deep_b con_deep_init_or(struct con_deep_b b)
{
	con_deep_choose_(b, CON_DEEP_WHICH_OR);
	struct con_deep_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 2), CON_DEEP_DATA_WORDS, CON_DEEP_PTRS)};
	return ret;
}

static inline struct con_deep_b con_deep_edit_or(struct con_deep_b b)
{
	if (con_deep_choose_(b, CON_DEEP_WHICH_OR))
		vat_set_null(vat_ptr_at_b(b.s, 2));
	struct con_deep_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 2), CON_DEEP_DATA_WORDS, CON_DEEP_PTRS, NULL)};
	return ret;
}

static inline uint8_t con_deep_get_number(struct con_deep_r r)
{
	struct vat_struct_r s = r.s;
	if (con_deep_which(r) != CON_DEEP_WHICH_NUMBER)
		s.data_bits = s.n_ptrs = 0;
	return vat_r_u8(s, 2, 0);
}

static inline void con_deep_set_number(struct con_deep_b b, uint8_t v)
{
	con_deep_choose_(b, CON_DEEP_WHICH_NUMBER);
	vat_w_u8(b.s, 2, v, 0);
}

static inline struct con_scalars_r con_deep_get_plain(struct con_deep_r r)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 3), NULL)};
	return ret;
}

static inline bool con_deep_has_plain(struct con_deep_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 3));
}

static inline void con_deep_set_plain(struct con_deep_b b, struct con_scalars_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 3), v.s);
}

static inline struct con_scalars_b con_deep_init_plain(struct con_deep_b b)
{
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 3), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b con_deep_edit_plain(struct con_deep_b b)
{
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 3), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

static inline struct vat_ptr_r con_deep_get_any(struct con_deep_r r)
{
	return vat_ptr_at(r.s, 4);
}

static inline bool con_deep_has_any(struct con_deep_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 4));
}

static inline void con_deep_set_any(struct con_deep_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 4), v);
}

static inline struct vat_ptr_b con_deep_get_any_b(struct con_deep_b b)
{
	return vat_ptr_at_b(b.s, 4);
}

static inline struct con_deep_one_p con_deep_pipe_one(struct con_deep_p p)
{
	struct con_deep_one_p ret = {p.p};
	return ret;
}

static inline struct con_base_c con_deep_pipe_either(struct con_deep_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 2)};
	return ret;
}

static inline struct con_deep_p con_deep_pipe_or(struct con_deep_p p)
{
	struct con_deep_p ret = {vat_pipe_at(p.p, 2)};
	return ret;
}

static inline struct vat_cap *con_deep_pipe_any(struct con_deep_p p)
{
	return vat_pipe_cap(p.p, 4);
}

/* ---- constructs.capnp:Deep.one */

static inline struct con_deep_one_r con_deep_one_b_r(struct con_deep_one_b b)
{
	struct con_deep_one_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_deep_r con_deep_one_get_next(struct con_deep_one_r r)
{
	struct con_deep_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline bool con_deep_one_has_next(struct con_deep_one_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_deep_one_set_next(struct con_deep_one_b b, struct con_deep_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_deep_b con_deep_one_init_next(struct con_deep_one_b b)
{
	struct con_deep_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_DEEP_DATA_WORDS, CON_DEEP_PTRS)};
	return ret;
}

static inline struct con_deep_b con_deep_one_edit_next(struct con_deep_one_b b)
{
	struct con_deep_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_DEEP_DATA_WORDS, CON_DEEP_PTRS, NULL)};
	return ret;
}

static inline struct con_base_c con_deep_one_get_base(struct con_deep_one_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 1))};
	return ret;
}

static inline bool con_deep_one_has_base(struct con_deep_one_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_deep_one_set_base(struct con_deep_one_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 1), v.cap);
}

static inline struct con_deep_p con_deep_one_pipe_next(struct con_deep_one_p p)
{
	struct con_deep_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

static inline struct con_base_c con_deep_one_pipe_base(struct con_deep_one_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 1)};
	return ret;
}

/* ---- constructs.capnp:Dive */

static inline struct con_dive_c con_dive_cast(struct vat_cap *cap)
{
	struct con_dive_c ret = {cap};
	return ret;
}

static inline struct con_dive_c con_dive_ref(struct con_dive_c c)
{
	struct con_dive_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_dive_unref(struct con_dive_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_dive_c con_dive_from(struct vat_ptr_r p)
{
	struct con_dive_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_dive_c con_dive_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_dive_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_dive_list_set_at(struct vat_list_b list, uint32_t i, struct con_dive_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_dive_dive_req con_dive_dive(struct vat *v, struct con_dive_c c)
{
	struct con_dive_dive_req req;
	req.call = vat_call_for(v, c.cap, &con_dive_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_DIVE_DIVE_PARAMS_DATA_WORDS, CON_DIVE_DIVE_PARAMS_PTRS);
	return req;
}

static inline void con_dive_dive_send(struct con_dive_dive_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_dive_dive_tail(struct vat_ctx *ctx, struct con_dive_dive_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_dive_dive_results_p con_dive_dive_pipe(struct vat_call *call)
{
	struct con_dive_dive_results_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct con_base_c con_dive_dive_pipe_deep_one_base(struct vat_call *call)
{
	static const uint16_t path[] = {0, 1};
	struct con_base_c ret = {vat_call_pipeline(call, path, 2)};
	return ret;
}

static inline struct con_base_c con_dive_dive_pipe_deep_either(struct vat_call *call)
{
	static const uint16_t path[] = {0, 2};
	struct con_base_c ret = {vat_call_pipeline(call, path, 2)};
	return ret;
}

static inline struct vat_cap *con_dive_dive_pipe_deep_any(struct vat_call *call)
{
	static const uint16_t path[] = {0, 4};
	return vat_call_pipeline(call, path, 2);
}

static inline struct con_dive_dive_params_r con_dive_dive_params(struct con_dive_dive_ctx cx)
{
	struct con_dive_dive_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_dive_dive_results_b con_dive_dive_results(struct con_dive_dive_ctx cx)
{
	struct con_dive_dive_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_DIVE_DIVE_RESULTS_DATA_WORDS, CON_DIVE_DIVE_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_dive_c con_dive_serve(
	struct vat *v, const struct con_dive_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_dive_c ret = {vat_serve(v, &con_dive_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Dive.dive$Params */

static inline struct con_dive_dive_params_r con_dive_dive_params_from(struct vat_ptr_r p)
{
	struct con_dive_dive_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_dive_dive_params_b con_dive_dive_params_init(struct vat_ptr_b p)
{
	struct con_dive_dive_params_b ret = {
		vat_init_struct(p, CON_DIVE_DIVE_PARAMS_DATA_WORDS, CON_DIVE_DIVE_PARAMS_PTRS)};
	return ret;
}

static inline struct con_dive_dive_params_r con_dive_dive_params_root(struct vat_message *m)
{
	struct con_dive_dive_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_dive_dive_params_b con_dive_dive_params_init_root(struct vat_message *m)
{
	struct con_dive_dive_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_DIVE_DIVE_PARAMS_DATA_WORDS, CON_DIVE_DIVE_PARAMS_PTRS)};
	return ret;
}

static inline struct con_dive_dive_params_b con_dive_dive_params_edit_root(struct vat_message *m)
{
	struct con_dive_dive_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DIVE_DIVE_PARAMS_DATA_WORDS, CON_DIVE_DIVE_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_dive_dive_params_set_root(
	struct vat_message *m, struct con_dive_dive_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_dive_dive_params_r con_dive_dive_params_at(
	struct con_dive_dive_params_list_r list, uint32_t i)
{
	struct con_dive_dive_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_dive_dive_params_b con_dive_dive_params_at_b(
	struct con_dive_dive_params_list_b list, uint32_t i)
{
	struct con_dive_dive_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_dive_dive_params_list_r con_dive_dive_params_list_b_r(
	struct con_dive_dive_params_list_b list)
{
	struct con_dive_dive_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_dive_dive_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DIVE_DIVE_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_dive_dive_params_r con_dive_dive_params_b_r(
	struct con_dive_dive_params_b b)
{
	struct con_dive_dive_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs.capnp:Dive.dive$Results */

static inline struct con_dive_dive_results_r con_dive_dive_results_from(struct vat_ptr_r p)
{
	struct con_dive_dive_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_dive_dive_results_b con_dive_dive_results_init(struct vat_ptr_b p)
{
	struct con_dive_dive_results_b ret = {
		vat_init_struct(p, CON_DIVE_DIVE_RESULTS_DATA_WORDS, CON_DIVE_DIVE_RESULTS_PTRS)};
	return ret;
}

static inline struct con_dive_dive_results_r con_dive_dive_results_root(struct vat_message *m)
{
	struct con_dive_dive_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_dive_dive_results_b con_dive_dive_results_init_root(struct vat_message *m)
{
	struct con_dive_dive_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_DIVE_DIVE_RESULTS_DATA_WORDS, CON_DIVE_DIVE_RESULTS_PTRS)};
	return ret;
}

static inline struct con_dive_dive_results_b con_dive_dive_results_edit_root(struct vat_message *m)
{
	struct con_dive_dive_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_DIVE_DIVE_RESULTS_DATA_WORDS, CON_DIVE_DIVE_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_dive_dive_results_set_root(
	struct vat_message *m, struct con_dive_dive_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_dive_dive_results_r con_dive_dive_results_at(
	struct con_dive_dive_results_list_r list, uint32_t i)
{
	struct con_dive_dive_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_dive_dive_results_b con_dive_dive_results_at_b(
	struct con_dive_dive_results_list_b list, uint32_t i)
{
	struct con_dive_dive_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_dive_dive_results_list_r con_dive_dive_results_list_b_r(
	struct con_dive_dive_results_list_b list)
{
	struct con_dive_dive_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_dive_dive_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_DIVE_DIVE_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_dive_dive_results_r con_dive_dive_results_b_r(
	struct con_dive_dive_results_b b)
{
	struct con_dive_dive_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_deep_r con_dive_dive_results_get_deep(struct con_dive_dive_results_r r)
{
	struct con_deep_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline bool con_dive_dive_results_has_deep(struct con_dive_dive_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_dive_dive_results_set_deep(
	struct con_dive_dive_results_b b, struct con_deep_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_deep_b con_dive_dive_results_init_deep(struct con_dive_dive_results_b b)
{
	struct con_deep_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_DEEP_DATA_WORDS, CON_DEEP_PTRS)};
	return ret;
}

static inline struct con_deep_b con_dive_dive_results_edit_deep(struct con_dive_dive_results_b b)
{
	struct con_deep_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_DEEP_DATA_WORDS, CON_DEEP_PTRS, NULL)};
	return ret;
}

static inline struct con_deep_p con_dive_dive_results_pipe_deep(struct con_dive_dive_results_p p)
{
	struct con_deep_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

/* ---- constructs.capnp:AnyLists */

static inline struct con_any_lists_r con_any_lists_from(struct vat_ptr_r p)
{
	struct con_any_lists_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_any_lists_b con_any_lists_init(struct vat_ptr_b p)
{
	struct con_any_lists_b ret = {
		vat_init_struct(p, CON_ANY_LISTS_DATA_WORDS, CON_ANY_LISTS_PTRS)};
	return ret;
}

static inline struct con_any_lists_r con_any_lists_root(struct vat_message *m)
{
	struct con_any_lists_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_any_lists_b con_any_lists_init_root(struct vat_message *m)
{
	struct con_any_lists_b ret = {
		vat_init_struct(vat_root_b(m), CON_ANY_LISTS_DATA_WORDS, CON_ANY_LISTS_PTRS)};
	return ret;
}

static inline struct con_any_lists_b con_any_lists_edit_root(struct vat_message *m)
{
	struct con_any_lists_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_ANY_LISTS_DATA_WORDS, CON_ANY_LISTS_PTRS, NULL)};
	return ret;
}

static inline void con_any_lists_set_root(struct vat_message *m, struct con_any_lists_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_any_lists_r con_any_lists_at(struct con_any_lists_list_r list, uint32_t i)
{
	struct con_any_lists_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_any_lists_b con_any_lists_at_b(
	struct con_any_lists_list_b list, uint32_t i)
{
	struct con_any_lists_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_any_lists_list_r con_any_lists_list_b_r(struct con_any_lists_list_b list)
{
	struct con_any_lists_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_any_lists_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_ANY_LISTS_TYPE_ID};
	return ret;
}

static inline struct con_any_lists_r con_any_lists_b_r(struct con_any_lists_b b)
{
	struct con_any_lists_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_list_r con_any_lists_get_lists(struct con_any_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 0), VAT_ELEM_POINTER, NULL);
}

static inline bool con_any_lists_has_lists(struct con_any_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_any_lists_set_lists(struct con_any_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_list_b con_any_lists_init_lists(struct con_any_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 0), VAT_ELEM_POINTER, n);
}

static inline struct vat_list_b con_any_lists_edit_lists(struct con_any_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 0), VAT_ELEM_POINTER, NULL);
}

static inline struct vat_list_r con_any_lists_get_caps(struct con_any_lists_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 1), VAT_ELEM_POINTER, NULL);
}

static inline bool con_any_lists_has_caps(struct con_any_lists_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_any_lists_set_caps(struct con_any_lists_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 1), v);
}

static inline struct vat_list_b con_any_lists_init_caps(struct con_any_lists_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 1), VAT_ELEM_POINTER, n);
}

static inline struct vat_list_b con_any_lists_edit_caps(struct con_any_lists_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 1), VAT_ELEM_POINTER, NULL);
}

/* ---- constructs.capnp:NanDefaults */

static inline struct con_nan_defaults_r con_nan_defaults_from(struct vat_ptr_r p)
{
	struct con_nan_defaults_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_nan_defaults_b con_nan_defaults_init(struct vat_ptr_b p)
{
	struct con_nan_defaults_b ret = {
		vat_init_struct(p, CON_NAN_DEFAULTS_DATA_WORDS, CON_NAN_DEFAULTS_PTRS)};
	return ret;
}

static inline struct con_nan_defaults_r con_nan_defaults_root(struct vat_message *m)
{
	struct con_nan_defaults_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_nan_defaults_b con_nan_defaults_init_root(struct vat_message *m)
{
	struct con_nan_defaults_b ret = {
		vat_init_struct(vat_root_b(m), CON_NAN_DEFAULTS_DATA_WORDS, CON_NAN_DEFAULTS_PTRS)};
	return ret;
}

static inline struct con_nan_defaults_b con_nan_defaults_edit_root(struct vat_message *m)
{
	struct con_nan_defaults_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_NAN_DEFAULTS_DATA_WORDS, CON_NAN_DEFAULTS_PTRS, NULL)};
	return ret;
}

static inline void con_nan_defaults_set_root(struct vat_message *m, struct con_nan_defaults_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_nan_defaults_r con_nan_defaults_at(
	struct con_nan_defaults_list_r list, uint32_t i)
{
	struct con_nan_defaults_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_nan_defaults_b con_nan_defaults_at_b(
	struct con_nan_defaults_list_b list, uint32_t i)
{
	struct con_nan_defaults_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_nan_defaults_list_r con_nan_defaults_list_b_r(
	struct con_nan_defaults_list_b list)
{
	struct con_nan_defaults_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_nan_defaults_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_NAN_DEFAULTS_TYPE_ID};
	return ret;
}

static inline struct con_nan_defaults_r con_nan_defaults_b_r(struct con_nan_defaults_b b)
{
	struct con_nan_defaults_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline float con_nan_defaults_get_f32(struct con_nan_defaults_r r)
{
	return vat_r_f32(r.s, 0, UINT32_C(2143289344));
}

static inline void con_nan_defaults_set_f32(struct con_nan_defaults_b b, float v)
{
	vat_w_f32(b.s, 0, v, UINT32_C(2143289344));
}

static inline double con_nan_defaults_get_f64(struct con_nan_defaults_r r)
{
	return vat_r_f64(r.s, 1, UINT64_C(9221120237041090560));
}

static inline void con_nan_defaults_set_f64(struct con_nan_defaults_b b, double v)
{
	vat_w_f64(b.s, 1, v, UINT64_C(9221120237041090560));
}

static inline float con_nan_defaults_get_minus(struct con_nan_defaults_r r)
{
	return vat_r_f32(r.s, 1, UINT32_C(4286578688));
}

static inline void con_nan_defaults_set_minus(struct con_nan_defaults_b b, float v)
{
	vat_w_f32(b.s, 1, v, UINT32_C(4286578688));
}

/* ---- constructs.capnp:Annotated */

static inline struct con_annotated_r con_annotated_from(struct vat_ptr_r p)
{
	struct con_annotated_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_annotated_b con_annotated_init(struct vat_ptr_b p)
{
	struct con_annotated_b ret = {
		vat_init_struct(p, CON_ANNOTATED_DATA_WORDS, CON_ANNOTATED_PTRS)};
	return ret;
}

static inline struct con_annotated_r con_annotated_root(struct vat_message *m)
{
	struct con_annotated_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_annotated_b con_annotated_init_root(struct vat_message *m)
{
	struct con_annotated_b ret = {
		vat_init_struct(vat_root_b(m), CON_ANNOTATED_DATA_WORDS, CON_ANNOTATED_PTRS)};
	return ret;
}

static inline struct con_annotated_b con_annotated_edit_root(struct vat_message *m)
{
	struct con_annotated_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_ANNOTATED_DATA_WORDS, CON_ANNOTATED_PTRS, NULL)};
	return ret;
}

static inline void con_annotated_set_root(struct vat_message *m, struct con_annotated_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_annotated_r con_annotated_at(struct con_annotated_list_r list, uint32_t i)
{
	struct con_annotated_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_annotated_b con_annotated_at_b(
	struct con_annotated_list_b list, uint32_t i)
{
	struct con_annotated_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_annotated_list_r con_annotated_list_b_r(struct con_annotated_list_b list)
{
	struct con_annotated_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_annotated_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_ANNOTATED_TYPE_ID};
	return ret;
}

static inline struct con_annotated_r con_annotated_b_r(struct con_annotated_b b)
{
	struct con_annotated_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint8_t con_annotated_get_field(struct con_annotated_r r)
{
	return vat_r_u8(r.s, 0, 0);
}

static inline void con_annotated_set_field(struct con_annotated_b b, uint8_t v)
{
	vat_w_u8(b.s, 0, v, 0);
}

/* ---- constructs.capnp:Thing */

static inline struct con_thing_r con_thing_from(struct vat_ptr_r p)
{
	struct con_thing_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_thing_b con_thing_init(struct vat_ptr_b p)
{
	struct con_thing_b ret = {vat_init_struct(p, CON_THING_DATA_WORDS, CON_THING_PTRS)};
	return ret;
}

static inline struct con_thing_r con_thing_root(struct vat_message *m)
{
	struct con_thing_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_thing_b con_thing_init_message_root(struct vat_message *m)
{
	struct con_thing_b ret = {
		vat_init_struct(vat_root_b(m), CON_THING_DATA_WORDS, CON_THING_PTRS)};
	return ret;
}

static inline struct con_thing_b con_thing_edit_message_root(struct vat_message *m)
{
	struct con_thing_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_THING_DATA_WORDS, CON_THING_PTRS, NULL)};
	return ret;
}

static inline void con_thing_set_message_root(struct vat_message *m, struct con_thing_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_thing_r con_thing_at(struct con_thing_list_r list, uint32_t i)
{
	struct con_thing_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_thing_b con_thing_at_b(struct con_thing_list_b list, uint32_t i)
{
	struct con_thing_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_thing_list_r con_thing_list_b_r(struct con_thing_list_b list)
{
	struct con_thing_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_thing_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_THING_TYPE_ID};
	return ret;
}

static inline struct con_thing_r con_thing_b_r(struct con_thing_b b)
{
	struct con_thing_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_thing_list_group_r con_thing_get_list(struct con_thing_r r)
{
	struct con_thing_list_group_r ret = {r.s};
	return ret;
}

static inline struct con_thing_list_group_b con_thing_init_list(struct con_thing_b b)
{
	vat_set_null(vat_ptr_at_b(b.s, 0));
	vat_w_u8(b.s, 0, 0, 0);
	struct con_thing_list_group_b ret = {b.s};
	return ret;
}

static inline struct con_thing_list_group_b con_thing_edit_list(struct con_thing_b b)
{
	struct con_thing_list_group_b ret = {b.s};
	return ret;
}

static inline struct con_thing_list_type_r con_thing_get_all(struct con_thing_r r)
{
	struct con_thing_list_type_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline bool con_thing_has_all(struct con_thing_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void con_thing_set_all(struct con_thing_b b, struct con_thing_list_type_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_thing_list_type_b con_thing_init_all(struct con_thing_b b)
{
	struct con_thing_list_type_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_THING_LIST_TYPE_DATA_WORDS, CON_THING_LIST_TYPE_PTRS)};
	return ret;
}

static inline struct con_thing_list_type_b con_thing_edit_all(struct con_thing_b b)
{
	struct con_thing_list_type_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_THING_LIST_TYPE_DATA_WORDS, CON_THING_LIST_TYPE_PTRS, NULL)};
	return ret;
}

static inline struct con_thing_r con_thing_get_root(struct con_thing_r r)
{
	struct con_thing_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 2), NULL)};
	return ret;
}

static inline bool con_thing_has_root(struct con_thing_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 2));
}

static inline void con_thing_set_root(struct con_thing_b b, struct con_thing_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 2), v.s);
}

static inline struct con_thing_b con_thing_init_root(struct con_thing_b b)
{
	struct con_thing_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 2), CON_THING_DATA_WORDS, CON_THING_PTRS)};
	return ret;
}

static inline struct con_thing_b con_thing_edit_root(struct con_thing_b b)
{
	struct con_thing_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 2), CON_THING_DATA_WORDS, CON_THING_PTRS, NULL)};
	return ret;
}

/* ---- constructs.capnp:Thing.list */

static inline struct con_thing_list_group_r con_thing_list_group_b_r(
	struct con_thing_list_group_b b)
{
	struct con_thing_list_group_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_thing_list_r con_thing_list_group_get_of(struct con_thing_list_group_r r)
{
	struct con_thing_list_r ret = {vat_ptr_list(vat_ptr_at(r.s, 0), VAT_ELEM_STRUCT, NULL)};
	return ret;
}

static inline bool con_thing_list_group_has_of(struct con_thing_list_group_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_thing_list_group_set_of(
	struct con_thing_list_group_b b, struct con_thing_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 0), v.l);
}

static inline struct con_thing_list_b con_thing_list_group_init_of(
	struct con_thing_list_group_b b, uint32_t n)
{
	struct con_thing_list_b ret = {
		vat_init_struct_list(vat_ptr_at_b(b.s, 0), CON_THING_DATA_WORDS, CON_THING_PTRS, n)};
	return ret;
}

static inline struct con_thing_list_b con_thing_list_group_edit_of(struct con_thing_list_group_b b)
{
	struct con_thing_list_b ret = {
		vat_get_struct_list_b(vat_ptr_at_b(b.s, 0), CON_THING_DATA_WORDS, CON_THING_PTRS, NULL)};
	return ret;
}

static inline uint8_t con_thing_list_group_get_also(struct con_thing_list_group_r r)
{
	return vat_r_u8(r.s, 0, 0);
}

static inline void con_thing_list_group_set_also(struct con_thing_list_group_b b, uint8_t v)
{
	vat_w_u8(b.s, 0, v, 0);
}

/* ---- constructs.capnp:ThingList */

static inline struct con_thing_list_type_r con_thing_list_type_from(struct vat_ptr_r p)
{
	struct con_thing_list_type_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_thing_list_type_b con_thing_list_type_init(struct vat_ptr_b p)
{
	struct con_thing_list_type_b ret = {
		vat_init_struct(p, CON_THING_LIST_TYPE_DATA_WORDS, CON_THING_LIST_TYPE_PTRS)};
	return ret;
}

static inline struct con_thing_list_type_r con_thing_list_type_root(struct vat_message *m)
{
	struct con_thing_list_type_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_thing_list_type_b con_thing_list_type_init_root(struct vat_message *m)
{
	struct con_thing_list_type_b ret = {
		vat_init_struct(vat_root_b(m), CON_THING_LIST_TYPE_DATA_WORDS, CON_THING_LIST_TYPE_PTRS)};
	return ret;
}

static inline struct con_thing_list_type_b con_thing_list_type_edit_root(struct vat_message *m)
{
	struct con_thing_list_type_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_THING_LIST_TYPE_DATA_WORDS, CON_THING_LIST_TYPE_PTRS, NULL)};
	return ret;
}

static inline void con_thing_list_type_set_root(
	struct vat_message *m, struct con_thing_list_type_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_thing_list_type_r con_thing_list_type_at(
	struct con_thing_list_type_list_r list, uint32_t i)
{
	struct con_thing_list_type_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_thing_list_type_b con_thing_list_type_at_b(
	struct con_thing_list_type_list_b list, uint32_t i)
{
	struct con_thing_list_type_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_thing_list_type_list_r con_thing_list_type_list_b_r(
	struct con_thing_list_type_list_b list)
{
	struct con_thing_list_type_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_thing_list_type_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_THING_LIST_TYPE_TYPE_ID};
	return ret;
}

static inline struct con_thing_list_type_r con_thing_list_type_b_r(struct con_thing_list_type_b b)
{
	struct con_thing_list_type_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_thing_list_r con_thing_list_type_get_things(struct con_thing_list_type_r r)
{
	struct con_thing_list_r ret = {vat_ptr_list(vat_ptr_at(r.s, 0), VAT_ELEM_STRUCT, NULL)};
	return ret;
}

static inline bool con_thing_list_type_has_things(struct con_thing_list_type_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void con_thing_list_type_set_things(
	struct con_thing_list_type_b b, struct con_thing_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 0), v.l);
}

static inline struct con_thing_list_b con_thing_list_type_init_things(
	struct con_thing_list_type_b b, uint32_t n)
{
	struct con_thing_list_b ret = {
		vat_init_struct_list(vat_ptr_at_b(b.s, 0), CON_THING_DATA_WORDS, CON_THING_PTRS, n)};
	return ret;
}

static inline struct con_thing_list_b con_thing_list_type_edit_things(
	struct con_thing_list_type_b b)
{
	struct con_thing_list_b ret = {
		vat_get_struct_list_b(vat_ptr_at_b(b.s, 0), CON_THING_DATA_WORDS, CON_THING_PTRS, NULL)};
	return ret;
}

/* ---- constructs.capnp:Saver */

static inline struct con_saver_c con_saver_cast(struct vat_cap *cap)
{
	struct con_saver_c ret = {cap};
	return ret;
}

static inline struct con_saver_c con_saver_ref(struct con_saver_c c)
{
	struct con_saver_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void con_saver_unref(struct con_saver_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct con_saver_c con_saver_from(struct vat_ptr_r p)
{
	struct con_saver_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct con_saver_c con_saver_list_at(struct vat_list_r list, uint32_t i)
{
	struct con_saver_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void con_saver_list_set_at(struct vat_list_b list, uint32_t i, struct con_saver_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_saver_save_req con_saver_save(struct vat *v, struct con_saver_c c)
{
	struct con_saver_save_req req;
	req.call = vat_call_for(v, c.cap, &con_saver_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CON_SAVER_SAVE_PARAMS_DATA_WORDS, CON_SAVER_SAVE_PARAMS_PTRS);
	return req;
}

static inline void con_saver_save_send(struct con_saver_save_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void con_saver_save_tail(struct vat_ctx *ctx, struct con_saver_save_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct con_saver_save_params_r con_saver_save_params(struct con_saver_save_ctx cx)
{
	struct con_saver_save_params_r ret = {vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct con_saver_save_results_b con_saver_save_results(struct con_saver_save_ctx cx)
{
	struct con_saver_save_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CON_SAVER_SAVE_RESULTS_DATA_WORDS, CON_SAVER_SAVE_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct con_saver_c con_saver_serve(
	struct vat *v, const struct con_saver_impl *impl, void *self, void (*destroy)(void *self))
{
	struct con_saver_c ret = {vat_serve(v, &con_saver_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs.capnp:Saver.SaveParams */

static inline struct con_saver_save_params_r con_saver_save_params_from(struct vat_ptr_r p)
{
	struct con_saver_save_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_saver_save_params_b con_saver_save_params_init(struct vat_ptr_b p)
{
	struct con_saver_save_params_b ret = {
		vat_init_struct(p, CON_SAVER_SAVE_PARAMS_DATA_WORDS, CON_SAVER_SAVE_PARAMS_PTRS)};
	return ret;
}

static inline struct con_saver_save_params_r con_saver_save_params_root(struct vat_message *m)
{
	struct con_saver_save_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_saver_save_params_b con_saver_save_params_init_root(struct vat_message *m)
{
	struct con_saver_save_params_b ret = {
		vat_init_struct(vat_root_b(m), CON_SAVER_SAVE_PARAMS_DATA_WORDS, CON_SAVER_SAVE_PARAMS_PTRS)};
	return ret;
}

static inline struct con_saver_save_params_b con_saver_save_params_edit_root(struct vat_message *m)
{
	struct con_saver_save_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_SAVER_SAVE_PARAMS_DATA_WORDS, CON_SAVER_SAVE_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void con_saver_save_params_set_root(
	struct vat_message *m, struct con_saver_save_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_saver_save_params_r con_saver_save_params_at(
	struct con_saver_save_params_list_r list, uint32_t i)
{
	struct con_saver_save_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_saver_save_params_b con_saver_save_params_at_b(
	struct con_saver_save_params_list_b list, uint32_t i)
{
	struct con_saver_save_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_saver_save_params_list_r con_saver_save_params_list_b_r(
	struct con_saver_save_params_list_b list)
{
	struct con_saver_save_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_saver_save_params_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_SAVER_SAVE_PARAMS_TYPE_ID};
	return ret;
}

static inline struct con_saver_save_params_r con_saver_save_params_b_r(
	struct con_saver_save_params_b b)
{
	struct con_saver_save_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint8_t con_saver_save_params_get_x(struct con_saver_save_params_r r)
{
	return vat_r_u8(r.s, 0, 0);
}

static inline void con_saver_save_params_set_x(struct con_saver_save_params_b b, uint8_t v)
{
	vat_w_u8(b.s, 0, v, 0);
}

/* ---- constructs.capnp:Saver.SaveResults */

static inline struct con_saver_save_results_r con_saver_save_results_from(struct vat_ptr_r p)
{
	struct con_saver_save_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct con_saver_save_results_b con_saver_save_results_init(struct vat_ptr_b p)
{
	struct con_saver_save_results_b ret = {
		vat_init_struct(p, CON_SAVER_SAVE_RESULTS_DATA_WORDS, CON_SAVER_SAVE_RESULTS_PTRS)};
	return ret;
}

static inline struct con_saver_save_results_r con_saver_save_results_root(struct vat_message *m)
{
	struct con_saver_save_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct con_saver_save_results_b con_saver_save_results_init_root(
	struct vat_message *m)
{
	struct con_saver_save_results_b ret = {
		vat_init_struct(vat_root_b(m), CON_SAVER_SAVE_RESULTS_DATA_WORDS, CON_SAVER_SAVE_RESULTS_PTRS)};
	return ret;
}

static inline struct con_saver_save_results_b con_saver_save_results_edit_root(
	struct vat_message *m)
{
	struct con_saver_save_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CON_SAVER_SAVE_RESULTS_DATA_WORDS, CON_SAVER_SAVE_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void con_saver_save_results_set_root(
	struct vat_message *m, struct con_saver_save_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct con_saver_save_results_r con_saver_save_results_at(
	struct con_saver_save_results_list_r list, uint32_t i)
{
	struct con_saver_save_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct con_saver_save_results_b con_saver_save_results_at_b(
	struct con_saver_save_results_list_b list, uint32_t i)
{
	struct con_saver_save_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct con_saver_save_results_list_r con_saver_save_results_list_b_r(
	struct con_saver_save_results_list_b list)
{
	struct con_saver_save_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema con_saver_save_results_schema(void)
{
	struct vat_schema ret = {&con_schema_file, CON_SAVER_SAVE_RESULTS_TYPE_ID};
	return ret;
}

static inline struct con_saver_save_results_r con_saver_save_results_b_r(
	struct con_saver_save_results_b b)
{
	struct con_saver_save_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline uint8_t con_saver_save_results_get_y(struct con_saver_save_results_r r)
{
	return vat_r_u8(r.s, 0, 0);
}

static inline void con_saver_save_results_set_y(struct con_saver_save_results_b b, uint8_t v)
{
	vat_w_u8(b.s, 0, v, 0);
}

#ifndef CON_GENERIC_OF_TEXT_SCALARS_
#define CON_GENERIC_OF_TEXT_SCALARS_
static inline struct vat_text con_generic_of_text_scalars_get_key(struct con_generic_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void con_generic_of_text_scalars_set_key(struct con_generic_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct con_scalars_r con_generic_of_text_scalars_get_value(struct con_generic_r r)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline void con_generic_of_text_scalars_set_value(
	struct con_generic_b b, struct con_scalars_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_scalars_b con_generic_of_text_scalars_init_value(struct con_generic_b b)
{
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b con_generic_of_text_scalars_edit_value(struct con_generic_b b)
{
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

#endif

#ifndef CON_GENERIC_ENTRY_OF_TEXT_SCALARS_
#define CON_GENERIC_ENTRY_OF_TEXT_SCALARS_
static inline struct vat_text con_generic_entry_of_text_scalars_get_key(
	struct con_generic_entry_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void con_generic_entry_of_text_scalars_set_key(
	struct con_generic_entry_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

#endif

#ifndef CON_GENERIC_ENTRY_OF_TEXT_DATA_
#define CON_GENERIC_ENTRY_OF_TEXT_DATA_
static inline struct vat_text con_generic_entry_of_text_data_get_key(struct con_generic_entry_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void con_generic_entry_of_text_data_set_key(
	struct con_generic_entry_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

#endif

#ifndef CON_GENERIC_OF_TEXT_BASE_
#define CON_GENERIC_OF_TEXT_BASE_
static inline struct vat_text con_generic_of_text_base_get_key(struct con_generic_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void con_generic_of_text_base_set_key(struct con_generic_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct con_base_c con_generic_of_text_base_get_value(struct con_generic_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 1))};
	return ret;
}

static inline void con_generic_of_text_base_set_value(struct con_generic_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 1), v.cap);
}

static inline struct con_base_c con_generic_of_text_base_pipe_value(struct con_generic_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 1)};
	return ret;
}

#endif

#ifndef CON_GENERIC_ENTRY_OF_TEXT_BASE_
#define CON_GENERIC_ENTRY_OF_TEXT_BASE_
static inline struct vat_text con_generic_entry_of_text_base_get_key(struct con_generic_entry_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void con_generic_entry_of_text_base_set_key(
	struct con_generic_entry_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

#endif

#ifndef CON_GENERIC_OWN_OF_TEXT_DATA_EMPTY_
#define CON_GENERIC_OWN_OF_TEXT_DATA_EMPTY_
static inline struct con_empty_r con_generic_own_of_text_data_empty_get_own(
	struct con_generic_own_r r)
{
	struct con_empty_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline void con_generic_own_of_text_data_empty_set_own(
	struct con_generic_own_b b, struct con_empty_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_empty_b con_generic_own_of_text_data_empty_init_own(
	struct con_generic_own_b b)
{
	struct con_empty_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_EMPTY_DATA_WORDS, CON_EMPTY_PTRS)};
	return ret;
}

static inline struct con_empty_b con_generic_own_of_text_data_empty_edit_own(
	struct con_generic_own_b b)
{
	struct con_empty_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_EMPTY_DATA_WORDS, CON_EMPTY_PTRS, NULL)};
	return ret;
}

static inline struct vat_text con_generic_own_of_text_data_empty_get_outer(
	struct con_generic_own_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 1), NULL);
}

static inline void con_generic_own_of_text_data_empty_set_outer(
	struct con_generic_own_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 1), v);
}

#endif

#ifndef CON_STORE_GET_RESULTS_OF_TEXT_
#define CON_STORE_GET_RESULTS_OF_TEXT_
static inline struct vat_text con_store_get_results_of_text_get_value(
	struct con_store_get_results_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void con_store_get_results_of_text_set_value(
	struct con_store_get_results_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

#endif

#ifndef CON_STORE_PUT_PARAMS_OF_TEXT_
#define CON_STORE_PUT_PARAMS_OF_TEXT_
static inline struct vat_text con_store_put_params_of_text_get_value(
	struct con_store_put_params_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void con_store_put_params_of_text_set_value(
	struct con_store_put_params_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

#endif

#ifndef CONSTRUCTS_OTHER_PAIR_OF_TEXT_ANY_
#define CONSTRUCTS_OTHER_PAIR_OF_TEXT_ANY_
static inline struct vat_text constructs_other_pair_of_text_any_get_first(
	struct constructs_other_pair_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void constructs_other_pair_of_text_any_set_first(
	struct constructs_other_pair_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

#endif

#ifndef CON_TREE_OF_TEXT_
#define CON_TREE_OF_TEXT_
static inline struct vat_text con_tree_of_text_get_leaf(struct con_tree_r r)
{
	struct vat_struct_r s = r.s;
	if (vat_r_u16(s, 0, 0) != CON_TREE_WHICH_LEAF)
		s.data_bits = s.n_ptrs = 0;
	return vat_ptr_text(vat_ptr_at(s, 0), NULL);
}

static inline void con_tree_of_text_set_leaf(struct con_tree_b b, struct vat_text v)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_text con_tree_branch_of_text_get_label(struct con_tree_branch_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 2), NULL);
}

static inline void con_tree_branch_of_text_set_label(struct con_tree_branch_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 2), v);
}

#endif

#ifndef CONSTRUCTS_OTHER_PAIR_OF_TEXT_TEXT_
#define CONSTRUCTS_OTHER_PAIR_OF_TEXT_TEXT_
static inline struct vat_text constructs_other_pair_of_text_text_get_first(
	struct constructs_other_pair_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void constructs_other_pair_of_text_text_set_first(
	struct constructs_other_pair_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_text constructs_other_pair_of_text_text_get_second(
	struct constructs_other_pair_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 1), NULL);
}

static inline void constructs_other_pair_of_text_text_set_second(
	struct constructs_other_pair_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 1), v);
}

#endif

#ifndef CON_TREE_OF_SCALARS_
#define CON_TREE_OF_SCALARS_
static inline struct con_scalars_r con_tree_of_scalars_get_leaf(struct con_tree_r r)
{
	struct vat_struct_r s = r.s;
	if (vat_r_u16(s, 0, 0) != CON_TREE_WHICH_LEAF)
		s.data_bits = s.n_ptrs = 0;
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(s, 0), NULL)};
	return ret;
}

static inline void con_tree_of_scalars_set_leaf(struct con_tree_b b, struct con_scalars_r v)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_scalars_b con_tree_of_scalars_init_leaf(struct con_tree_b b)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b con_tree_of_scalars_edit_leaf(struct con_tree_b b)
{
	if (vat_r_u16(vat_struct_b_r(b.s), 0, 0) != CON_TREE_WHICH_LEAF)
		vat_set_null(vat_ptr_at_b(b.s, 0));
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

static inline struct con_scalars_r con_tree_branch_of_scalars_get_label(struct con_tree_branch_r r)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 2), NULL)};
	return ret;
}

static inline void con_tree_branch_of_scalars_set_label(
	struct con_tree_branch_b b, struct con_scalars_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 2), v.s);
}

static inline struct con_scalars_b con_tree_branch_of_scalars_init_label(struct con_tree_branch_b b)
{
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 2), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b con_tree_branch_of_scalars_edit_label(struct con_tree_branch_b b)
{
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 2), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

#endif

#ifndef CONSTRUCTS_OTHER_PAIR_OF_TEXT_CON_SCALARS_
#define CONSTRUCTS_OTHER_PAIR_OF_TEXT_CON_SCALARS_
static inline struct vat_text constructs_other_pair_of_text_con_scalars_get_first(
	struct constructs_other_pair_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void constructs_other_pair_of_text_con_scalars_set_first(
	struct constructs_other_pair_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct con_scalars_r constructs_other_pair_of_text_con_scalars_get_second(
	struct constructs_other_pair_r r)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline void constructs_other_pair_of_text_con_scalars_set_second(
	struct constructs_other_pair_b b, struct con_scalars_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_scalars_b constructs_other_pair_of_text_con_scalars_init_second(
	struct constructs_other_pair_b b)
{
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b constructs_other_pair_of_text_con_scalars_edit_second(
	struct constructs_other_pair_b b)
{
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

#endif

#ifndef CON_TREE_OF_LIST_U16_
#define CON_TREE_OF_LIST_U16_
static inline struct vat_list_r con_tree_of_list_u16_get_leaf(struct con_tree_r r)
{
	struct vat_struct_r s = r.s;
	if (vat_r_u16(s, 0, 0) != CON_TREE_WHICH_LEAF)
		s.data_bits = s.n_ptrs = 0;
	return vat_ptr_list(vat_ptr_at(s, 0), VAT_ELEM_TWO, NULL);
}

static inline void con_tree_of_list_u16_set_leaf(struct con_tree_b b, struct vat_list_r v)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	vat_set_list(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_list_b con_tree_of_list_u16_init_leaf(struct con_tree_b b, uint32_t n)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	return vat_init_list(vat_ptr_at_b(b.s, 0), VAT_ELEM_TWO, n);
}

static inline struct vat_list_b con_tree_of_list_u16_edit_leaf(struct con_tree_b b)
{
	if (vat_r_u16(vat_struct_b_r(b.s), 0, 0) != CON_TREE_WHICH_LEAF)
		vat_set_null(vat_ptr_at_b(b.s, 0));
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	return vat_get_list_b(vat_ptr_at_b(b.s, 0), VAT_ELEM_TWO, NULL);
}

static inline struct vat_list_r con_tree_branch_of_list_u16_get_label(struct con_tree_branch_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 2), VAT_ELEM_TWO, NULL);
}

static inline void con_tree_branch_of_list_u16_set_label(
	struct con_tree_branch_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 2), v);
}

static inline struct vat_list_b con_tree_branch_of_list_u16_init_label(
	struct con_tree_branch_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 2), VAT_ELEM_TWO, n);
}

static inline struct vat_list_b con_tree_branch_of_list_u16_edit_label(struct con_tree_branch_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 2), VAT_ELEM_TWO, NULL);
}

#endif

#ifndef CONSTRUCTS_OTHER_PAIR_OF_TEXT_LIST_U16_
#define CONSTRUCTS_OTHER_PAIR_OF_TEXT_LIST_U16_
static inline struct vat_text constructs_other_pair_of_text_list_u16_get_first(
	struct constructs_other_pair_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void constructs_other_pair_of_text_list_u16_set_first(
	struct constructs_other_pair_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_list_r constructs_other_pair_of_text_list_u16_get_second(
	struct constructs_other_pair_r r)
{
	return vat_ptr_list(vat_ptr_at(r.s, 1), VAT_ELEM_TWO, NULL);
}

static inline void constructs_other_pair_of_text_list_u16_set_second(
	struct constructs_other_pair_b b, struct vat_list_r v)
{
	vat_set_list(vat_ptr_at_b(b.s, 1), v);
}

static inline struct vat_list_b constructs_other_pair_of_text_list_u16_init_second(
	struct constructs_other_pair_b b, uint32_t n)
{
	return vat_init_list(vat_ptr_at_b(b.s, 1), VAT_ELEM_TWO, n);
}

static inline struct vat_list_b constructs_other_pair_of_text_list_u16_edit_second(
	struct constructs_other_pair_b b)
{
	return vat_get_list_b(vat_ptr_at_b(b.s, 1), VAT_ELEM_TWO, NULL);
}

#endif

#ifndef CON_TREE_OF_BASE_
#define CON_TREE_OF_BASE_
static inline struct con_base_c con_tree_of_base_get_leaf(struct con_tree_r r)
{
	struct vat_struct_r s = r.s;
	if (vat_r_u16(s, 0, 0) != CON_TREE_WHICH_LEAF)
		s.data_bits = s.n_ptrs = 0;
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(s, 0))};
	return ret;
}

static inline void con_tree_of_base_set_leaf(struct con_tree_b b, struct con_base_c v)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	vat_set_cap(vat_ptr_at_b(b.s, 0), v.cap);
}

static inline struct con_base_c con_tree_of_base_pipe_leaf(struct con_tree_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 0)};
	return ret;
}

static inline struct con_base_c con_tree_branch_of_base_get_label(struct con_tree_branch_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 2))};
	return ret;
}

static inline void con_tree_branch_of_base_set_label(
	struct con_tree_branch_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 2), v.cap);
}

static inline struct con_base_c con_tree_branch_of_base_pipe_label(struct con_tree_branch_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 2)};
	return ret;
}

#endif

#ifndef CONSTRUCTS_OTHER_PAIR_OF_TEXT_CON_BASE_
#define CONSTRUCTS_OTHER_PAIR_OF_TEXT_CON_BASE_
static inline struct vat_text constructs_other_pair_of_text_con_base_get_first(
	struct constructs_other_pair_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void constructs_other_pair_of_text_con_base_set_first(
	struct constructs_other_pair_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct con_base_c constructs_other_pair_of_text_con_base_get_second(
	struct constructs_other_pair_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 1))};
	return ret;
}

static inline void constructs_other_pair_of_text_con_base_set_second(
	struct constructs_other_pair_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 1), v.cap);
}

static inline struct con_base_c constructs_other_pair_of_text_con_base_pipe_second(
	struct constructs_other_pair_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 1)};
	return ret;
}

#endif

#ifndef CON_TREE_OF_CONSTRUCTS_OTHER_FOREIGN_
#define CON_TREE_OF_CONSTRUCTS_OTHER_FOREIGN_
static inline struct constructs_other_foreign_r con_tree_of_constructs_other_foreign_get_leaf(
	struct con_tree_r r)
{
	struct vat_struct_r s = r.s;
	if (vat_r_u16(s, 0, 0) != CON_TREE_WHICH_LEAF)
		s.data_bits = s.n_ptrs = 0;
	struct constructs_other_foreign_r ret = {vat_ptr_struct(vat_ptr_at(s, 0), NULL)};
	return ret;
}

static inline void con_tree_of_constructs_other_foreign_set_leaf(
	struct con_tree_b b, struct constructs_other_foreign_r v)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct constructs_other_foreign_b con_tree_of_constructs_other_foreign_init_leaf(
	struct con_tree_b b)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	struct constructs_other_foreign_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS)};
	return ret;
}

static inline struct constructs_other_foreign_b con_tree_of_constructs_other_foreign_edit_leaf(
	struct con_tree_b b)
{
	if (vat_r_u16(vat_struct_b_r(b.s), 0, 0) != CON_TREE_WHICH_LEAF)
		vat_set_null(vat_ptr_at_b(b.s, 0));
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	struct constructs_other_foreign_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_foreign_p con_tree_of_constructs_other_foreign_pipe_leaf(
	struct con_tree_p p)
{
	struct constructs_other_foreign_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

static inline struct constructs_other_foreign_r con_tree_branch_of_constructs_other_foreign_get_label(
	struct con_tree_branch_r r)
{
	struct constructs_other_foreign_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 2), NULL)};
	return ret;
}

static inline void con_tree_branch_of_constructs_other_foreign_set_label(
	struct con_tree_branch_b b, struct constructs_other_foreign_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 2), v.s);
}

static inline struct constructs_other_foreign_b con_tree_branch_of_constructs_other_foreign_init_label(
	struct con_tree_branch_b b)
{
	struct constructs_other_foreign_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 2), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS)};
	return ret;
}

static inline struct constructs_other_foreign_b con_tree_branch_of_constructs_other_foreign_edit_label(
	struct con_tree_branch_b b)
{
	struct constructs_other_foreign_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 2), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_foreign_p con_tree_branch_of_constructs_other_foreign_pipe_label(
	struct con_tree_branch_p p)
{
	struct constructs_other_foreign_p ret = {vat_pipe_at(p.p, 2)};
	return ret;
}

#endif

#ifndef CONSTRUCTS_OTHER_PAIR_OF_TEXT_FOREIGN_
#define CONSTRUCTS_OTHER_PAIR_OF_TEXT_FOREIGN_
static inline struct vat_text constructs_other_pair_of_text_foreign_get_first(
	struct constructs_other_pair_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void constructs_other_pair_of_text_foreign_set_first(
	struct constructs_other_pair_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct constructs_other_foreign_r constructs_other_pair_of_text_foreign_get_second(
	struct constructs_other_pair_r r)
{
	struct constructs_other_foreign_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline void constructs_other_pair_of_text_foreign_set_second(
	struct constructs_other_pair_b b, struct constructs_other_foreign_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct constructs_other_foreign_b constructs_other_pair_of_text_foreign_init_second(
	struct constructs_other_pair_b b)
{
	struct constructs_other_foreign_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS)};
	return ret;
}

static inline struct constructs_other_foreign_b constructs_other_pair_of_text_foreign_edit_second(
	struct constructs_other_pair_b b)
{
	struct constructs_other_foreign_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_foreign_p constructs_other_pair_of_text_foreign_pipe_second(
	struct constructs_other_pair_p p)
{
	struct constructs_other_foreign_p ret = {vat_pipe_at(p.p, 1)};
	return ret;
}

#endif

#ifndef CON_TREE_OF_DATA_
#define CON_TREE_OF_DATA_
static inline struct vat_data con_tree_of_data_get_leaf(struct con_tree_r r)
{
	struct vat_struct_r s = r.s;
	if (vat_r_u16(s, 0, 0) != CON_TREE_WHICH_LEAF)
		s.data_bits = s.n_ptrs = 0;
	return vat_ptr_data(vat_ptr_at(s, 0), NULL);
}

static inline void con_tree_of_data_set_leaf(struct con_tree_b b, struct vat_data v)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	vat_set_data(vat_ptr_at_b(b.s, 0), v);
}

static inline void *con_tree_of_data_init_leaf(struct con_tree_b b, uint32_t n)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	return vat_init_data(vat_ptr_at_b(b.s, 0), n);
}

static inline struct vat_data con_tree_branch_of_data_get_label(struct con_tree_branch_r r)
{
	return vat_ptr_data(vat_ptr_at(r.s, 2), NULL);
}

static inline void con_tree_branch_of_data_set_label(struct con_tree_branch_b b, struct vat_data v)
{
	vat_set_data(vat_ptr_at_b(b.s, 2), v);
}

static inline void *con_tree_branch_of_data_init_label(struct con_tree_branch_b b, uint32_t n)
{
	return vat_init_data(vat_ptr_at_b(b.s, 2), n);
}

#endif

#ifndef CONSTRUCTS_OTHER_PAIR_OF_TEXT_DATA_
#define CONSTRUCTS_OTHER_PAIR_OF_TEXT_DATA_
static inline struct vat_text constructs_other_pair_of_text_data_get_first(
	struct constructs_other_pair_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void constructs_other_pair_of_text_data_set_first(
	struct constructs_other_pair_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_data constructs_other_pair_of_text_data_get_second(
	struct constructs_other_pair_r r)
{
	return vat_ptr_data(vat_ptr_at(r.s, 1), NULL);
}

static inline void constructs_other_pair_of_text_data_set_second(
	struct constructs_other_pair_b b, struct vat_data v)
{
	vat_set_data(vat_ptr_at_b(b.s, 1), v);
}

static inline void *constructs_other_pair_of_text_data_init_second(
	struct constructs_other_pair_b b, uint32_t n)
{
	return vat_init_data(vat_ptr_at_b(b.s, 1), n);
}

#endif

#ifndef CONSTRUCTS_OTHER_PAIR_OF_CON_SCALARS_CON_TREE_OF_DATA_
#define CONSTRUCTS_OTHER_PAIR_OF_CON_SCALARS_CON_TREE_OF_DATA_
static inline struct con_scalars_r constructs_other_pair_of_con_scalars_con_tree_of_data_get_first(
	struct constructs_other_pair_r r)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline void constructs_other_pair_of_con_scalars_con_tree_of_data_set_first(
	struct constructs_other_pair_b b, struct con_scalars_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_scalars_b constructs_other_pair_of_con_scalars_con_tree_of_data_init_first(
	struct constructs_other_pair_b b)
{
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b constructs_other_pair_of_con_scalars_con_tree_of_data_edit_first(
	struct constructs_other_pair_b b)
{
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_r constructs_other_pair_of_con_scalars_con_tree_of_data_get_second(
	struct constructs_other_pair_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline void constructs_other_pair_of_con_scalars_con_tree_of_data_set_second(
	struct constructs_other_pair_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_tree_b constructs_other_pair_of_con_scalars_con_tree_of_data_init_second(
	struct constructs_other_pair_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b constructs_other_pair_of_con_scalars_con_tree_of_data_edit_second(
	struct constructs_other_pair_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p constructs_other_pair_of_con_scalars_con_tree_of_data_pipe_second(
	struct constructs_other_pair_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 1)};
	return ret;
}

#endif

#ifndef CON_TOWER_OF_TEXT_
#define CON_TOWER_OF_TEXT_
static inline struct vat_text con_tower_of_text_get_top(struct con_tower_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void con_tower_of_text_set_top(struct con_tower_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

#endif

#ifndef CON_TOWER_OF_TREE_OF_TEXT_
#define CON_TOWER_OF_TREE_OF_TEXT_
static inline struct con_tree_r con_tower_of_tree_of_text_get_top(struct con_tower_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline void con_tower_of_tree_of_text_set_top(struct con_tower_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_tree_b con_tower_of_tree_of_text_init_top(struct con_tower_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_tower_of_tree_of_text_edit_top(struct con_tower_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p con_tower_of_tree_of_text_pipe_top(struct con_tower_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

#endif

#ifndef CON_TREE_OF_TREE_OF_TEXT_
#define CON_TREE_OF_TREE_OF_TEXT_
static inline struct con_tree_r con_tree_of_tree_of_text_get_leaf(struct con_tree_r r)
{
	struct vat_struct_r s = r.s;
	if (vat_r_u16(s, 0, 0) != CON_TREE_WHICH_LEAF)
		s.data_bits = s.n_ptrs = 0;
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(s, 0), NULL)};
	return ret;
}

static inline void con_tree_of_tree_of_text_set_leaf(struct con_tree_b b, struct con_tree_r v)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_tree_b con_tree_of_tree_of_text_init_leaf(struct con_tree_b b)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_tree_of_tree_of_text_edit_leaf(struct con_tree_b b)
{
	if (vat_r_u16(vat_struct_b_r(b.s), 0, 0) != CON_TREE_WHICH_LEAF)
		vat_set_null(vat_ptr_at_b(b.s, 0));
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p con_tree_of_tree_of_text_pipe_leaf(struct con_tree_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

static inline struct con_tree_r con_tree_branch_of_tree_of_text_get_label(
	struct con_tree_branch_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 2), NULL)};
	return ret;
}

static inline void con_tree_branch_of_tree_of_text_set_label(
	struct con_tree_branch_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 2), v.s);
}

static inline struct con_tree_b con_tree_branch_of_tree_of_text_init_label(
	struct con_tree_branch_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 2), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_tree_branch_of_tree_of_text_edit_label(
	struct con_tree_branch_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 2), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p con_tree_branch_of_tree_of_text_pipe_label(
	struct con_tree_branch_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 2)};
	return ret;
}

#endif

#ifndef CONSTRUCTS_OTHER_PAIR_OF_TEXT_CON_TREE_OF_TEXT_
#define CONSTRUCTS_OTHER_PAIR_OF_TEXT_CON_TREE_OF_TEXT_
static inline struct vat_text constructs_other_pair_of_text_con_tree_of_text_get_first(
	struct constructs_other_pair_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void constructs_other_pair_of_text_con_tree_of_text_set_first(
	struct constructs_other_pair_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct con_tree_r constructs_other_pair_of_text_con_tree_of_text_get_second(
	struct constructs_other_pair_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline void constructs_other_pair_of_text_con_tree_of_text_set_second(
	struct constructs_other_pair_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_tree_b constructs_other_pair_of_text_con_tree_of_text_init_second(
	struct constructs_other_pair_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b constructs_other_pair_of_text_con_tree_of_text_edit_second(
	struct constructs_other_pair_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p constructs_other_pair_of_text_con_tree_of_text_pipe_second(
	struct constructs_other_pair_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 1)};
	return ret;
}

#endif

#ifndef CON_TOWER_OF_TREE_OF_TREE_OF_TEXT_
#define CON_TOWER_OF_TREE_OF_TREE_OF_TEXT_
static inline struct con_tree_r con_tower_of_tree_of_tree_of_text_get_top(struct con_tower_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline void con_tower_of_tree_of_tree_of_text_set_top(
	struct con_tower_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_tree_b con_tower_of_tree_of_tree_of_text_init_top(struct con_tower_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_tower_of_tree_of_tree_of_text_edit_top(struct con_tower_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p con_tower_of_tree_of_tree_of_text_pipe_top(struct con_tower_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

#endif

#ifndef CON_TOWER_OF_TREE_
#define CON_TOWER_OF_TREE_
static inline struct con_tree_r con_tower_of_tree_get_top(struct con_tower_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline void con_tower_of_tree_set_top(struct con_tower_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_tree_b con_tower_of_tree_init_top(struct con_tower_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_tower_of_tree_edit_top(struct con_tower_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p con_tower_of_tree_pipe_top(struct con_tower_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

#endif

#ifndef CON_TREE_OF_TREE_
#define CON_TREE_OF_TREE_
static inline struct con_tree_r con_tree_of_tree_get_leaf(struct con_tree_r r)
{
	struct vat_struct_r s = r.s;
	if (vat_r_u16(s, 0, 0) != CON_TREE_WHICH_LEAF)
		s.data_bits = s.n_ptrs = 0;
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(s, 0), NULL)};
	return ret;
}

static inline void con_tree_of_tree_set_leaf(struct con_tree_b b, struct con_tree_r v)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_tree_b con_tree_of_tree_init_leaf(struct con_tree_b b)
{
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_tree_of_tree_edit_leaf(struct con_tree_b b)
{
	if (vat_r_u16(vat_struct_b_r(b.s), 0, 0) != CON_TREE_WHICH_LEAF)
		vat_set_null(vat_ptr_at_b(b.s, 0));
	vat_w_u16(b.s, 0, CON_TREE_WHICH_LEAF, 0);
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p con_tree_of_tree_pipe_leaf(struct con_tree_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

static inline struct con_tree_r con_tree_branch_of_tree_get_label(struct con_tree_branch_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 2), NULL)};
	return ret;
}

static inline void con_tree_branch_of_tree_set_label(
	struct con_tree_branch_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 2), v.s);
}

static inline struct con_tree_b con_tree_branch_of_tree_init_label(struct con_tree_branch_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 2), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_tree_branch_of_tree_edit_label(struct con_tree_branch_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 2), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p con_tree_branch_of_tree_pipe_label(struct con_tree_branch_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 2)};
	return ret;
}

#endif

#ifndef CONSTRUCTS_OTHER_PAIR_OF_TEXT_CON_TREE_
#define CONSTRUCTS_OTHER_PAIR_OF_TEXT_CON_TREE_
static inline struct vat_text constructs_other_pair_of_text_con_tree_get_first(
	struct constructs_other_pair_r r)
{
	return vat_ptr_text(vat_ptr_at(r.s, 0), NULL);
}

static inline void constructs_other_pair_of_text_con_tree_set_first(
	struct constructs_other_pair_b b, struct vat_text v)
{
	vat_set_text(vat_ptr_at_b(b.s, 0), v);
}

static inline struct con_tree_r constructs_other_pair_of_text_con_tree_get_second(
	struct constructs_other_pair_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 1), NULL)};
	return ret;
}

static inline void constructs_other_pair_of_text_con_tree_set_second(
	struct constructs_other_pair_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 1), v.s);
}

static inline struct con_tree_b constructs_other_pair_of_text_con_tree_init_second(
	struct constructs_other_pair_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b constructs_other_pair_of_text_con_tree_edit_second(
	struct constructs_other_pair_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 1), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p constructs_other_pair_of_text_con_tree_pipe_second(
	struct constructs_other_pair_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 1)};
	return ret;
}

#endif

#ifndef CON_TOWER_OF_TREE_OF_TREE_
#define CON_TOWER_OF_TREE_OF_TREE_
static inline struct con_tree_r con_tower_of_tree_of_tree_get_top(struct con_tower_r r)
{
	struct con_tree_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline void con_tower_of_tree_of_tree_set_top(struct con_tower_b b, struct con_tree_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_tree_b con_tower_of_tree_of_tree_init_top(struct con_tower_b b)
{
	struct con_tree_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS)};
	return ret;
}

static inline struct con_tree_b con_tower_of_tree_of_tree_edit_top(struct con_tower_b b)
{
	struct con_tree_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_TREE_DATA_WORDS, CON_TREE_PTRS, NULL)};
	return ret;
}

static inline struct con_tree_p con_tower_of_tree_of_tree_pipe_top(struct con_tower_p p)
{
	struct con_tree_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

#endif

#ifndef CON_CELL_READ_RESULTS_OF_BASE_
#define CON_CELL_READ_RESULTS_OF_BASE_
static inline struct con_base_c con_cell_read_results_of_base_get_value(
	struct con_cell_read_results_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 0))};
	return ret;
}

static inline void con_cell_read_results_of_base_set_value(
	struct con_cell_read_results_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 0), v.cap);
}

static inline struct con_base_c con_cell_read_results_of_base_pipe_value(
	struct con_cell_read_results_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 0)};
	return ret;
}

#endif

#ifndef CON_CELL_WRITE_PARAMS_OF_BASE_
#define CON_CELL_WRITE_PARAMS_OF_BASE_
static inline struct con_base_c con_cell_write_params_of_base_get_value(
	struct con_cell_write_params_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 0))};
	return ret;
}

static inline void con_cell_write_params_of_base_set_value(
	struct con_cell_write_params_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 0), v.cap);
}

static inline struct con_base_c con_cell_write_params_of_base_pipe_value(
	struct con_cell_write_params_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 0)};
	return ret;
}

#endif

#ifndef CON_CELL_SWAP_RESULTS_OF_BASE_
#define CON_CELL_SWAP_RESULTS_OF_BASE_
static inline struct con_base_c con_cell_swap_results_of_base_get_old(
	struct con_cell_swap_results_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 0))};
	return ret;
}

static inline void con_cell_swap_results_of_base_set_old(
	struct con_cell_swap_results_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 0), v.cap);
}

static inline struct con_base_c con_cell_swap_results_of_base_pipe_old(
	struct con_cell_swap_results_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 0)};
	return ret;
}

#endif

#ifndef CON_CELL_READ_RESULTS_OF_SCALARS_
#define CON_CELL_READ_RESULTS_OF_SCALARS_
static inline struct con_scalars_r con_cell_read_results_of_scalars_get_value(
	struct con_cell_read_results_r r)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline void con_cell_read_results_of_scalars_set_value(
	struct con_cell_read_results_b b, struct con_scalars_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_scalars_b con_cell_read_results_of_scalars_init_value(
	struct con_cell_read_results_b b)
{
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b con_cell_read_results_of_scalars_edit_value(
	struct con_cell_read_results_b b)
{
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

#endif

#ifndef CON_CELL_WRITE_PARAMS_OF_SCALARS_
#define CON_CELL_WRITE_PARAMS_OF_SCALARS_
static inline struct con_scalars_r con_cell_write_params_of_scalars_get_value(
	struct con_cell_write_params_r r)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline void con_cell_write_params_of_scalars_set_value(
	struct con_cell_write_params_b b, struct con_scalars_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_scalars_b con_cell_write_params_of_scalars_init_value(
	struct con_cell_write_params_b b)
{
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b con_cell_write_params_of_scalars_edit_value(
	struct con_cell_write_params_b b)
{
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

#endif

#ifndef CON_CELL_SWAP_RESULTS_OF_SCALARS_
#define CON_CELL_SWAP_RESULTS_OF_SCALARS_
static inline struct con_scalars_r con_cell_swap_results_of_scalars_get_old(
	struct con_cell_swap_results_r r)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline void con_cell_swap_results_of_scalars_set_old(
	struct con_cell_swap_results_b b, struct con_scalars_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_scalars_b con_cell_swap_results_of_scalars_init_old(
	struct con_cell_swap_results_b b)
{
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b con_cell_swap_results_of_scalars_edit_old(
	struct con_cell_swap_results_b b)
{
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

#endif

#ifdef __cplusplus
}
#endif
