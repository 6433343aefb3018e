/* SPDX-License-Identifier: MIT */
/* JSON read into messages: what test-print-cli.sh, which compares with the capnp command, cannot
 * see. */
#include "base/test.h"
#include "vat/json.h"
#include "vat/print.h"

#include "gen/constructs.capnp.h"

static int parse_to(struct vat_message *m, struct vat_schema schema, const char *json,
	unsigned flags, struct vat_json_error *e)
{
	return vat_parse_json(schema, json, strlen(json), flags, m, e);
}

/* Reads, and prints what was read. */
static void check_read(struct vat_schema schema, const char *json, const char *expected)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_json_error e = {0, ""};
	int r = parse_to(m, schema, json, VAT_JSON_STRICT, &e);
	CHECK_STR(e.text, "");
	CHECK_INT(r, 0);
	char *text;
	CHECK_INT(vat_print(schema, vat_ptr_struct(vat_root(m), NULL), NULL, &text, NULL), 0);
	CHECK_STR(text, expected);
	free(text);
	vat_message_free(m);
}

static void check_refused(
	struct vat_schema schema, const char *json, size_t offset, const char *why)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_json_error e = {0, ""};
	CHECK_INT(parse_to(m, schema, json, VAT_JSON_STRICT, &e), -EBADMSG);
	CHECK_STR(e.text, why);
	CHECK_INT(e.offset, offset);
	CHECK_INT(parse_to(m, schema, json, VAT_JSON_STRICT, NULL), -EBADMSG);
	vat_message_free(m);
}

TEST(values_are_read_in_their_several_forms)
{
	check_read(con_outer_middle_inner_schema(), " { } ", "(level = high)");
	check_read(con_outer_middle_inner_schema(), "{\"level\": \"low\"}", "(level = low)");
	check_read(con_outer_middle_inner_schema(), "{\"level\":7}", "(level = (7))");
	check_read(con_nan_defaults_schema(), "{\"f32\":1e3,\"f64\":null,\"minus\":\"-Infinity\"}",
		"(f32 = 1000, f64 = nan, minus = -inf)");
	check_read(con_defaults_inner_schema(),
		"{\"color\":\"red\",\"words\":[\"a\\u00e4\\ud83d\\ude00\\/\",\"\",null],"
		"\"number\":\"5\"}",
		"(number = 5, words = [\"a\xc3\xa4\xf0\x9f\x98\x80/\", \"\", \"\"], color = red)");
	check_read(con_defaults_inner_schema(), "{\"number\":5.0,\"words\":[]}",
		"(number = 5, words = [], color = green)");
	check_read(con_defaults_inner_schema(), "{\"number\":65535,\"number\":1,\"words\":null}",
		"(number = 1, color = green)");
}

TEST(members_of_unions_and_groups_are_found)
{
	check_read(con_unions_schema(),
		"{\"after\":3,\"pair\":{\"left\":\"l\"},\"named\":{\"b\":2}}",
		"(before = 0, pair = (left = \"l\", right = 5), named = (b = 2), after = 3)");
	check_read(con_unions_schema(), "{\"number\":1,\"nothing\":null}",
		"(before = 0, nothing = void, named = (a = void), after = 0)");
	check_read(con_unions_schema(), "{\"data\":[0,255]}",
		"(before = 0, data = \"\\000\\377\", named = (a = void), after = 0)");
}

TEST(a_64_bit_integer_is_read_exactly)
{
	struct vat_message *m = vat_message_new(0, 0);
	CHECK_INT(parse_to(m, con_scalars_schema(),
			  "{\"i64\":\"-9223372036854775808\",\"u64\":18446744073709551615,"
			  "\"i8\":-128,\"u16\":65535}",
			  0, NULL),
		0);
	struct con_scalars_r r = con_scalars_root(m);
	CHECK(con_scalars_get_i64(r) == INT64_MIN && con_scalars_get_u64(r) == UINT64_MAX);
	CHECK(con_scalars_get_i8(r) == -128 && con_scalars_get_u16(r) == 65535);
	vat_message_free(m);
}

TEST(what_does_not_fit_is_refused_with_its_place)
{
	struct vat_schema s = con_scalars_schema();
	check_refused(s, "{\"u8\":256}", 9, "256 is out of range");
	check_refused(s, "{\"u8\":-1}", 8, "-1 is out of range");
	check_refused(s, "{\"i8\":128}", 9, "128 is out of range");
	check_refused(
		s, "{\"i64\":9223372036854775808}", 26, "9223372036854775808 is out of range");
	check_refused(
		s, "{\"u64\":18446744073709551616}", 27, "18446744073709551616 is out of range");
	check_refused(s, "{\"u8\":1.5}", 9, "an integer expected");
	check_refused(s, "{\"u8\":true}", 10, "an integer expected");
	check_refused(s, "{\"bool\":1}", 9, "true or false expected");
	check_refused(s, "{\"f64\":\"0x10\"}", 13, "a number expected");
	check_refused(s, "{\"color\":\"pink\"}", 15, "\"pink\" is none of the names");
	check_refused(s, "{\"nowhere\":1}", 11, "unknown member \"nowhere\"");
	check_refused(s, "[]", 0, "an object expected");
	check_refused(con_pointers_schema(), "{\"text\":1}", 8, "a string expected");
	check_refused(con_pointers_schema(), "{\"data\":[256]}", 12, "256 is out of range");
	check_refused(con_pointers_schema(), "{\"any\":\"<pointer>\"}", 7,
		"a value that JSON cannot express");
}

TEST(what_is_no_json_is_refused)
{
	struct vat_schema s = con_scalars_schema();
	static const char *const texts[] = {"", "{", "{\"u8\"", "{\"u8\":", "{\"u8\":1",
		"{\"u8\":1,}", "{u8:1}", "{\"u8\":1}}", "{\"u8\":1} x", "{\"u8\" 1}", "{,}",
		"{\"x\":[1,]}", "{\"x\":\"\\\"}", "{\"x\":\"\n\"}", "{\"x\":\"\\", "nul",
		"{\"u8\":}", "{\"x\":[}"};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct vat_message *m = vat_message_new(0, 0);
		struct vat_json_error e = {0, ""};
		CHECK_INT(parse_to(m, s, texts[i], 0, &e), -EBADMSG);
		CHECK(e.text[0] && e.offset <= strlen(texts[i]));
		vat_message_free(m);
	}
	static const char *const escapes[] = {
		"\\x", "\\u12", "\\u12g4", "\\ud83d", "\\ud83dx", "\\ud83d\\u0041", "\\ude00"};
	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
		char json[64];
		snprintf(json, sizeof(json), "{\"text\":\"%s\"}", escapes[i]);
		struct vat_message *m = vat_message_new(0, 0);
		CHECK_INT(parse_to(m, con_pointers_schema(), json, 0, NULL), -EBADMSG);
		vat_message_free(m);
	}
}

TEST(unknown_members_are_ignored_unless_told_otherwise)
{
	struct vat_message *m = vat_message_new(0, 0);
	CHECK_INT(parse_to(m, con_scalars_schema(), "{\"nowhere\":{\"a\":[1,\"}\",{}]},\"u8\":3}",
			  0, NULL),
		0);
	CHECK_INT(con_scalars_get_u8(con_scalars_root(m)), 3);
	vat_message_free(m);
}

TEST(depth_and_size_are_limited)
{
	char json[4000] = "", *to = json;
	for (int i = 0; i < 100; i++)
		to += sprintf(to, "{\"self\":");
	struct vat_message *m = vat_message_new(0, 0);
	CHECK_INT(parse_to(m, con_pointers_schema(), json, 0, NULL), -ELOOP);
	memset(json, '[', 1000);
	CHECK_INT(parse_to(m, con_pointers_schema(), json, 0, NULL), -EBADMSG);
	vat_message_free(m);
	m = vat_message_new(16, 40);
	struct vat_json_error e;
	CHECK_INT(parse_to(m, con_lists_schema(),
			  "{\"u64s\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22]}",
			  0, &e),
		-EMSGSIZE);
	CHECK_STR(e.text, "no room in the message");
	vat_message_free(m);
}
