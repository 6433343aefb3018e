/* SPDX-License-Identifier: MIT */
#pragma once
/* The layout of test/schema/alltypes.capnp as a table, for programs that use the untyped API. */
#include "base/macro.h"
#include "vat/message.h"

enum type {
	T_VOID,
	T_BOOL,
	T_I8,
	T_I16,
	T_I32,
	T_I64,
	T_U8,
	T_U16,
	T_U32,
	T_U64,
	T_F32,
	T_F64,
	T_ENUM,
	T_TEXT,
	T_DATA,
	T_STRUCT,
	T_LIST,
	T_GROUP,
};

struct field {
	const char *name;
	enum type type, elem;
	uint32_t off; /* in units of the field's size, or the pointer's index */
	uint64_t dflt;
	const struct vat_default *d;
	const struct node *node;
	int tag; /* 1 + discriminant; 0: in no union */
};

struct node {
	const struct field *fields;
	size_t n;
	int tag_off;
	uint16_t data_words, n_ptrs;
};

static const char *const colors[] = {"red", "green", "blue"};

static const struct node inner;
static const struct field inner_fields[] = {
	{"id", T_U32, .off = 0},
	{"name", T_TEXT, .off = 0},
	{"flag", T_BOOL, .off = 32, .dflt = 1},
	{"next", T_STRUCT, .off = 1, .node = &inner},
	{"level", T_I16, .off = 3, .dflt = (uint16_t)-7},
};
static const struct node inner = {inner_fields, ARRAY_SIZE(inner_fields), -1, 1, 2};

static const struct field group_fields[] = {
	{"a", T_I32, .off = 12},
	{"b", T_TEXT, .off = 20},
	{"c", T_BOOL, .off = 1},
};
static const struct node group = {group_fields, ARRAY_SIZE(group_fields), -1, 0, 0};

static const struct field pair_fields[] = {
	{"x", T_BOOL, .off = 416},
	{"y", T_F64, .off = 7},
};
static const struct node pair = {pair_fields, ARRAY_SIZE(pair_fields), -1, 0, 0};

static const struct field named_fields[] = {
	{"off", T_VOID, .tag = 1},
	{"on", T_U8, .off = 17, .tag = 2},
	{"many", T_LIST, T_U32, .off = 22, .tag = 3},
};
static const struct node named = {named_fields, ARRAY_SIZE(named_fields), 32, 0, 0};

/* Encoded by hand: text, data, struct (two levels), list of Int32, list of structs. */
#define DEFAULT(name, ...)                                    \
	static const uint64_t name##_words[] = {__VA_ARGS__}; \
	static const struct vat_default name = {name##_words, ARRAY_SIZE(name##_words)}
DEFAULT(def_text, 0x0000004200000001, 0x00746c7561666564);
DEFAULT(def_data, 0x0000002200000001, 0x00000000ff020100);
DEFAULT(def_inner, 0x0002000100000000, 0x0000000100000009, 0x0000002a00000005, 0x0002000100000004,
	0x000000656e696e, 10, 0, 0);
DEFAULT(def_list, 0x0000001c00000001, 0xfffffffe00000001, 3);
DEFAULT(def_inner_list, 0x0000003700000001, 0x0002000100000008, 1, 0, 0, 2, 0x0000002200000005, 0,
	0x6f7774);

static const struct field all_fields[] = {
	{"void", T_VOID, .off = 0},
	{"bool", T_BOOL, .off = 0},
	{"int8", T_I8, .off = 1},
	{"int16", T_I16, .off = 1},
	{"int32", T_I32, .off = 1},
	{"int64", T_I64, .off = 1},
	{"uint8", T_U8, .off = 16},
	{"uint16", T_U16, .off = 9},
	{"uint32", T_U32, .off = 5},
	{"uint64", T_U64, .off = 3},
	{"float32", T_F32, .off = 8},
	{"float64", T_F64, .off = 5},
	{"text", T_TEXT, .off = 0},
	{"data", T_DATA, .off = 1},
	{"inner", T_STRUCT, .off = 2, .node = &inner},
	{"color", T_ENUM, .off = 18},
	{"voidList", T_LIST, T_VOID, .off = 3},
	{"boolList", T_LIST, T_BOOL, .off = 4},
	{"int8List", T_LIST, T_I8, .off = 5},
	{"int16List", T_LIST, T_I16, .off = 6},
	{"int32List", T_LIST, T_I32, .off = 7},
	{"int64List", T_LIST, T_I64, .off = 8},
	{"uint8List", T_LIST, T_U8, .off = 9},
	{"uint16List", T_LIST, T_U16, .off = 10},
	{"uint32List", T_LIST, T_U32, .off = 11},
	{"uint64List", T_LIST, T_U64, .off = 12},
	{"float32List", T_LIST, T_F32, .off = 13},
	{"float64List", T_LIST, T_F64, .off = 14},
	{"textList", T_LIST, T_TEXT, .off = 15},
	{"dataList", T_LIST, T_DATA, .off = 16},
	{"innerList", T_LIST, T_STRUCT, .off = 17, .node = &inner},
	{"colorList", T_LIST, T_ENUM, .off = 18},
	{"listList", T_LIST, T_LIST, .off = 19},
	{"group", T_GROUP, .node = &group},
	{"none", T_VOID, .tag = 1},
	{"number", T_U32, .off = 13, .tag = 2},
	{"string", T_TEXT, .off = 21, .tag = 3},
	{"struct", T_STRUCT, .off = 21, .node = &inner, .tag = 4},
	{"pair", T_GROUP, .node = &pair, .tag = 5},
	{"named", T_GROUP, .node = &named},
	{"defBool", T_BOOL, .off = 2, .dflt = 1},
	{"defInt8", T_I8, .off = 66, .dflt = 0x80},
	{"defInt16", T_I16, .off = 34, .dflt = 12345},
	{"defInt32", T_I32, .off = 18, .dflt = (uint32_t)-12345678},
	{"defInt64", T_I64, .off = 10, .dflt = 123456789012345},
	{"defUint8", T_U8, .off = 67, .dflt = 255},
	{"defUint16", T_U16, .off = 35, .dflt = 45678},
	{"defUint32", T_U32, .off = 19, .dflt = 3456789012},
	{"defUint64", T_U64, .off = 11, .dflt = 12345678901234567890u},
	{"defFloat32", T_F32, .off = 24, .dflt = 0x449a5000},
	{"defFloat64", T_F64, .off = 13, .dflt = 0xc62f8def8808b024},
	{"defText", T_TEXT, .off = 23, .d = &def_text},
	{"defData", T_DATA, .off = 24, .d = &def_data},
	{"defInner", T_STRUCT, .off = 25, .node = &inner, .d = &def_inner},
	{"defColor", T_ENUM, .off = 50, .dflt = 2},
	{"defList", T_LIST, T_I32, .off = 26, .d = &def_list},
	{"defInnerList", T_LIST, T_STRUCT, .off = 27, .node = &inner, .d = &def_inner_list},
};
static const struct node all = {all_fields, ARRAY_SIZE(all_fields), 19, 14, 28};

static const enum vat_elem elem_of[] = {VAT_ELEM_VOID, VAT_ELEM_BIT, VAT_ELEM_BYTE, VAT_ELEM_TWO,
	VAT_ELEM_FOUR, VAT_ELEM_EIGHT, VAT_ELEM_BYTE, VAT_ELEM_TWO, VAT_ELEM_FOUR, VAT_ELEM_EIGHT,
	VAT_ELEM_FOUR, VAT_ELEM_EIGHT, VAT_ELEM_TWO, VAT_ELEM_POINTER, VAT_ELEM_POINTER,
	VAT_ELEM_STRUCT, VAT_ELEM_POINTER};

static inline bool is_pointer(enum type t)
{
	return t >= T_TEXT && t <= T_LIST;
}
