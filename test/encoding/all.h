/* SPDX-License-Identifier: MIT */
#pragma once
/* One AllTypes (test/schema/alltypes.capnp) with everything set, and the checks that it is so. */
#include "base/test.h"
#include "encoding/alltypes.capnp.h"
#include "encoding/encoding.capnp.h"

#define ALL(verb, field) alltypes_all_types_##verb##_##field
#define INNER(verb, field) alltypes_inner_##verb##_##field

static inline void check_text(const char *file, int line, struct vat_text t, const char *want)
{
	if (!vat_text_is(t, want) || t.s[t.len])
		test_fail(file, line, "the text is \"%s\", not \"%s\"", t.s, want);
}
#define CHECK_TEXT(t, want) check_text(__FILE__, __LINE__, t, want)

static inline struct vat_data bytes(const void *p, uint32_t n)
{
	return (struct vat_data){.p = p, .len = n};
}

static inline void init_inner(struct alltypes_inner_b b, uint32_t id, const char *name)
{
	INNER(set, id)(b, id);
	INNER(set, name)(b, vat_str(name));
	INNER(set, flag)(b, false);
	INNER(set, level)(b, (int16_t) - (int)id);
}

static inline void check_inner(struct alltypes_inner_r r, uint32_t id, const char *name)
{
	CHECK_INT(INNER(get, id)(r), id);
	CHECK_TEXT(INNER(get, name)(r), name);
	CHECK(!INNER(get, flag)(r));
	CHECK_INT(INNER(get, level)(r), -(int)id);
	CHECK(!INNER(has, next)(r));
}

/* A list of three: lowest, 0, highest. */
#define INIT_INTS(type, elem, low, high)                             \
	do {                                                         \
		struct vat_list_b l_ = ALL(init, type##_list)(b, 3); \
		vat_list_set_##elem(l_, 0, low);                     \
		vat_list_set_##elem(l_, 2, high);                    \
	} while (0)
#define CHECK_INTS(type, elem, low, high)                        \
	do {                                                     \
		struct vat_list_r l_ = ALL(get, type##_list)(r); \
		CHECK_INT(l_.count, 3);                          \
		CHECK(vat_list_##elem(l_, 0) == (low));          \
		CHECK(vat_list_##elem(l_, 1) == 0);              \
		CHECK(vat_list_##elem(l_, 2) == (high));         \
	} while (0)

static inline void init_lists(struct alltypes_all_types_b b)
{
	ALL(init, void_list)(b, 6);
	struct vat_list_b bits = ALL(init, bool_list)(b, 4);
	vat_list_set_bool(bits, 0, true);
	vat_list_set_bool(bits, 3, true);
	INIT_INTS(int8, i8, INT8_MIN, INT8_MAX);
	INIT_INTS(int16, i16, INT16_MIN, INT16_MAX);
	INIT_INTS(int32, i32, INT32_MIN, INT32_MAX);
	INIT_INTS(int64, i64, INT64_MIN, INT64_MAX);
	INIT_INTS(uint8, u8, 1, UINT8_MAX);
	INIT_INTS(uint16, u16, 1, UINT16_MAX);
	INIT_INTS(uint32, u32, 1, UINT32_MAX);
	INIT_INTS(uint64, u64, 1, UINT64_MAX);
	vat_list_set_f32(ALL(init, float32_list)(b, 2), 1, 5555.5f);
	vat_list_set_f64(ALL(init, float64_list)(b, 2), 1, 7777.75);
	struct vat_list_b texts = ALL(init, text_list)(b, 3);
	vat_set_text(vat_list_ptr_b(texts, 0), vat_str("plugh"));
	vat_set_text(vat_list_ptr_b(texts, 2), vat_str("thud"));
	struct vat_list_b datas = ALL(init, data_list)(b, 2);
	vat_set_data(vat_list_ptr_b(datas, 1), bytes("\0\1\2", 3));
	struct alltypes_inner_list_b inners = ALL(init, inner_list)(b, 3);
	for (uint32_t i = 0; i < 3; i++)
		init_inner(alltypes_inner_at_b(inners, i), i + 1, "element");
	struct vat_list_b colors = ALL(init, color_list)(b, 2);
	vat_list_set_u16(colors, 0, ALLTYPES_COLOR_GREEN);
	struct vat_list_b lists = ALL(init, list_list)(b, 2);
	vat_list_set_u16(ALL(init, list_list_at)(lists, 1, 3), 2, 99);
}

static inline void init_all(struct alltypes_all_types_b b)
{
	ALL(set, bool)(b, true);
	ALL(set, int8)(b, -123);
	ALL(set, int16)(b, -12345);
	ALL(set, int32)(b, -12345678);
	ALL(set, int64)(b, -123456789012345);
	ALL(set, uint8)(b, 234);
	ALL(set, uint16)(b, 45678);
	ALL(set, uint32)(b, 3456789012);
	ALL(set, uint64)(b, 12345678901234567890u);
	ALL(set, float32)(b, 1234.5f);
	ALL(set, float64)(b, -123e45);
	ALL(set, text)(b, vat_str("foo"));
	ALL(set, data)(b, bytes("bar", 3));
	init_inner(ALL(init, inner)(b), 17, "inner");
	ALL(set, color)(b, ALLTYPES_COLOR_BLUE);
	init_lists(b);
	struct alltypes_all_types_group_b g = ALL(edit, group)(b);
	alltypes_all_types_group_set_b(g, vat_str("in the group"));
	ALL(set, string)(b, vat_str("in the union"));
	alltypes_all_types_named_set_on(ALL(edit, named)(b), 200);
}

static inline void check_lists(struct alltypes_all_types_r r)
{
	CHECK_INT(ALL(get, void_list)(r).count, 6);
	struct vat_list_r bits = ALL(get, bool_list)(r);
	CHECK_INT(bits.count, 4);
	CHECK(vat_list_bool(bits, 0) && !vat_list_bool(bits, 1));
	CHECK(!vat_list_bool(bits, 2) && vat_list_bool(bits, 3));
	CHECK_INTS(int8, i8, INT8_MIN, INT8_MAX);
	CHECK_INTS(int16, i16, INT16_MIN, INT16_MAX);
	CHECK_INTS(int32, i32, INT32_MIN, INT32_MAX);
	CHECK_INTS(int64, i64, INT64_MIN, INT64_MAX);
	CHECK_INTS(uint8, u8, 1, UINT8_MAX);
	CHECK_INTS(uint16, u16, 1, UINT16_MAX);
	CHECK_INTS(uint32, u32, 1, UINT32_MAX);
	CHECK_INTS(uint64, u64, 1, UINT64_MAX);
	CHECK(vat_list_f32(ALL(get, float32_list)(r), 1) == 5555.5f);
	CHECK(vat_list_f64(ALL(get, float64_list)(r), 1) == 7777.75);
	struct vat_list_r texts = ALL(get, text_list)(r);
	CHECK_INT(texts.count, 3);
	CHECK_TEXT(vat_ptr_text(vat_list_ptr(texts, 0), NULL), "plugh");
	CHECK_TEXT(vat_ptr_text(vat_list_ptr(texts, 1), NULL), "");
	CHECK_TEXT(vat_ptr_text(vat_list_ptr(texts, 2), NULL), "thud");
	struct vat_data d = vat_ptr_data(vat_list_ptr(ALL(get, data_list)(r), 1), NULL);
	CHECK(d.len == 3 && !memcmp(d.p, "\0\1\2", 3));
	struct alltypes_inner_list_r inners = ALL(get, inner_list)(r);
	CHECK_INT(inners.l.count, 3);
	for (uint32_t i = 0; i < 3; i++)
		check_inner(alltypes_inner_at(inners, i), i + 1, "element");
	CHECK_INT(vat_list_u16(ALL(get, color_list)(r), 0), ALLTYPES_COLOR_GREEN);
	struct vat_list_r lists = ALL(get, list_list)(r);
	CHECK_INT(lists.count, 2);
	CHECK_INT(ALL(get, list_list_at)(lists, 0).count, 0);
	CHECK_INT(vat_list_u16(ALL(get, list_list_at)(lists, 1), 2), 99);
}

static inline void check_all(struct alltypes_all_types_r r)
{
	CHECK(ALL(get, bool)(r));
	CHECK_INT(ALL(get, int8)(r), -123);
	CHECK_INT(ALL(get, int16)(r), -12345);
	CHECK_INT(ALL(get, int32)(r), -12345678);
	CHECK_INT(ALL(get, int64)(r), -123456789012345);
	CHECK_INT(ALL(get, uint8)(r), 234);
	CHECK_INT(ALL(get, uint16)(r), 45678);
	CHECK_INT(ALL(get, uint32)(r), 3456789012);
	CHECK(ALL(get, uint64)(r) == 12345678901234567890u);
	CHECK(ALL(get, float32)(r) == 1234.5f);
	CHECK(ALL(get, float64)(r) == -123e45);
	CHECK_TEXT(ALL(get, text)(r), "foo");
	struct vat_data d = ALL(get, data)(r);
	CHECK(d.len == 3 && !memcmp(d.p, "bar", 3));
	check_inner(ALL(get, inner)(r), 17, "inner");
	CHECK_INT(ALL(get, color)(r), ALLTYPES_COLOR_BLUE);
	check_lists(r);
	CHECK_TEXT(alltypes_all_types_group_get_b(ALL(get, group)(r)), "in the group");
	CHECK_INT(alltypes_all_types_which(r), ALLTYPES_ALL_TYPES_WHICH_STRING);
	CHECK_TEXT(ALL(get, string)(r), "in the union");
	CHECK_INT(alltypes_all_types_named_get_on(ALL(get, named)(r)), 200);
}

/* An AllTypes in which nothing is set: zeroes, empty, and the defaults of the schema. */
static inline void check_unset(struct alltypes_all_types_r r)
{
	CHECK(!ALL(get, bool)(r) && !ALL(get, int8)(r) && !ALL(get, uint64)(r));
	CHECK(ALL(get, float64)(r) == 0 && ALL(get, color)(r) == ALLTYPES_COLOR_RED);
	CHECK_TEXT(ALL(get, text)(r), "");
	CHECK_INT(ALL(get, data)(r).len, 0);
	CHECK_INT(INNER(get, level)(ALL(get, inner)(r)), -7);
	CHECK_TEXT(INNER(get, name)(INNER(get, next)(ALL(get, inner)(r))), "");
	CHECK_INT(ALL(get, void_list)(r).count + ALL(get, inner_list)(r).l.count, 0);
	CHECK_INT(ALL(get, list_list)(r).count, 0);
	CHECK(ALL(get, def_bool)(r));
	CHECK_INT(ALL(get, def_int8)(r), -128);
	CHECK_INT(ALL(get, def_int16)(r), 12345);
	CHECK_INT(ALL(get, def_int32)(r), -12345678);
	CHECK_INT(ALL(get, def_int64)(r), 123456789012345);
	CHECK_INT(ALL(get, def_uint8)(r), 255);
	CHECK_INT(ALL(get, def_uint16)(r), 45678);
	CHECK_INT(ALL(get, def_uint32)(r), 3456789012);
	CHECK(ALL(get, def_uint64)(r) == 12345678901234567890u);
	CHECK(ALL(get, def_float32)(r) == 1234.5f && ALL(get, def_float64)(r) == -1.25e30);
	CHECK_TEXT(ALL(get, def_text)(r), "default");
	struct vat_data d = ALL(get, def_data)(r);
	CHECK(d.len == 4 && !memcmp(d.p, "\0\1\2\377", 4));
	struct alltypes_inner_r inner = ALL(get, def_inner)(r);
	CHECK_INT(INNER(get, id)(inner), 9);
	CHECK_TEXT(INNER(get, name)(inner), "nine");
	CHECK(!INNER(get, flag)(inner) && INNER(get, flag)(INNER(get, next)(inner)));
	CHECK_INT(INNER(get, id)(INNER(get, next)(inner)), 10);
	CHECK_INT(ALL(get, def_color)(r), ALLTYPES_COLOR_BLUE);
	CHECK_INT(vat_list_i32(ALL(get, def_list)(r), 1), -2);
	CHECK_TEXT(INNER(get, name)(alltypes_inner_at(ALL(get, def_inner_list)(r), 1)), "two");
}
