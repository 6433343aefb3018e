/* SPDX-License-Identifier: MIT */
/*
 * Schemas at run time as the generated code holds them, and printing by them: what
 * test-print-cli.sh, which compares with the capnp command, cannot see. */
#include "base/test.h"
#include "vat/print.h"
#include "vat/rpc.h"
#include "vat/trace.h"

#include "gen/constructs.capnp.h"
#include "gen/constructs-other.capnp.h"

static char *print(struct vat_schema schema, struct vat_struct_r s, unsigned flags)
{
	struct vat_print_config cfg = {.flags = flags};
	char *text = NULL;
	size_t len;
	CHECK_INT(vat_print(schema, s, &cfg, &text, &len), 0);
	CHECK_INT(strlen(text), len);
	return text;
}

static void check_print(
	struct vat_schema schema, struct vat_struct_r s, unsigned flags, const char *expected)
{
	char *text = print(schema, s, flags);
	CHECK_STR(text, expected);
	free(text);
}

static void serve_nothing(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	vat_ctx_return(ctx);
}

TEST(a_message_is_printed_by_the_schema_in_the_program)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct con_scalars_b b = con_scalars_init_root(m);
	con_scalars_set_i64(b, INT64_MIN);
	con_scalars_set_color(b, CON_COLOR_ULTRA_VIOLET);
	struct con_scalars_r r = con_scalars_root(m);
	check_print(con_scalars_schema(), r.s, 0,
		"(void = void, bool = false, i8 = 0, i16 = 0, i32 = 0, i64 = -9223372036854775808, "
		"u8 = 0, u16 = 0, u32 = 0, u64 = 0, f32 = 0, f64 = 0, color = ultraViolet)");
	check_print(con_scalars_schema(), r.s, VAT_PRINT_JSON,
		"{\"void\":null,\"bool\":false,\"i8\":0,\"i16\":0,\"i32\":0,"
		"\"i64\":\"-9223372036854775808\",\"u8\":0,\"u16\":0,\"u32\":0,\"u64\":\"0\","
		"\"f32\":0,\"f64\":0,\"color\":\"ultraViolet\"}");
	/* A null struct reads as defaults, and so it prints. */
	struct vat_struct_r none = {0};
	check_print(con_outer_middle_inner_schema(), none, 0, "(level = high)");
	vat_message_free(m);
}

TEST(types_of_other_files_and_brands_are_known)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct constructs_other_foreign_b f = constructs_other_foreign_init_root(m);
	con_scalars_set_u8(constructs_other_foreign_init_back(f), 7);
	char *text = print(constructs_other_foreign_schema(), vat_struct_b_r(f.s), 0);
	CHECK(strstr(text, "u8 = 7") && strstr(text, "color = red"));
	free(text);
	struct con_brands_b b = con_brands_init_root(m);
	con_tree_of_text_set_leaf(con_brands_init_texts(b), vat_str("x"));
	constructs_other_pair_of_text_any_set_first(con_brands_init_half(b), vat_str("y"));
	vat_set_text(constructs_other_pair_get_second_b(con_brands_edit_half(b)), vat_str("z"));
	check_print(con_brands_schema(), vat_struct_b_r(b.s), 0,
		"(texts = (leaf = \"x\"), half = (first = \"y\", second = <opaque pointer>))");
	check_print(con_brands_schema(), vat_struct_b_r(b.s), VAT_PRINT_JSON,
		"{\"texts\":{\"leaf\":\"x\"},\"half\":{\"first\":\"y\",\"second\":\"<pointer>\"}}");
	vat_message_free(m);
}

TEST(capabilities_print_as_placeholders)
{
	struct vat *v = vat_new(NULL);
	struct vat_cap *cap = vat_serve_any(v, serve_nothing, NULL, NULL);
	struct vat_message *m = vat_message_new(0, 0);
	struct con_lists_b b = con_lists_init_root(m);
	struct vat_list_b list = con_lists_init_interfaces(b, 2);
	con_base_list_set_at(list, 1, con_base_cast(cap));
	check_print(con_lists_schema(), vat_struct_b_r(b.s), 0,
		"(interfaces = [<external capability>, <external capability>])");
	check_print(con_lists_schema(), vat_struct_b_r(b.s), VAT_PRINT_JSON,
		"{\"interfaces\":[\"<capability>\",\"<capability>\"]}");
	vat_message_free(m);
	vat_cap_unref(cap);
	vat_run(v, 0);
	vat_free(v);
}

TEST(floats_print_so_that_they_read_back)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct con_nan_defaults_b b = con_nan_defaults_init_root(m);
	static const float values[] = {1.00000012f, 16777216.0f, 1.17549435e-38f, 1e-45f, 0.3f};
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		con_nan_defaults_set_minus(b, values[i]);
		char *text = print(con_nan_defaults_schema(), vat_struct_b_r(b.s), 0);
		const char *at = strstr(text, "minus = ");
		float back = at ? strtof(at + 8, NULL) : 0;
		free(text);
		CHECK(back == values[i]);
	}
	vat_message_free(m);
}

TEST(output_and_depth_are_limited)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct con_outer_b o = con_outer_init_root(m);
	con_outer_middle_init_inner(con_outer_init_middle(o));
	struct vat_print_config cfg = {.depth = 3};
	static const char full[] = "(middle = (inner = (level = high)))";
	char *text = NULL;
	struct vat_struct_r s = vat_struct_b_r(o.s);
	con_outer_middle_inner_set_level(con_outer_middle_edit_inner(con_outer_edit_middle(o)), 1);
	CHECK_INT(vat_print(con_outer_schema(), s, &cfg, &text, NULL), 0);
	CHECK_STR(text, full);
	free(text);
	cfg.depth = 2;
	CHECK_INT(vat_print(con_outer_schema(), s, &cfg, &text, NULL), -ELOOP);
	cfg.flags = VAT_PRINT_JSON;
	CHECK_INT(vat_print(con_outer_schema(), s, &cfg, &text, NULL), -ELOOP);
	cfg = (struct vat_print_config){.max_size = strlen(full)};
	CHECK_INT(vat_print(con_outer_schema(), s, &cfg, &text, NULL), 0);
	free(text);
	cfg.max_size--;
	CHECK_INT(vat_print(con_outer_schema(), s, &cfg, &text, NULL), -EMSGSIZE);
	vat_message_free(m);
}

TEST(a_list_of_nothing_cannot_print_for_ever)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct con_lists_b b = con_lists_init_root(m);
	con_lists_init_voids(b, (1u << 29) - 1);
	struct vat_print_config cfg = {.max_size = 100000};
	char *text;
	for (cfg.flags = 0; cfg.flags < 4; cfg.flags++)
		CHECK_INT(vat_print(con_lists_schema(), vat_struct_b_r(b.s), &cfg, &text, NULL),
			-EMSGSIZE);
	vat_message_free(m);
}

TEST(declarations_and_annotations_are_found_in_a_set)
{
	static const struct vat_schema_file *const files[] = {
		&constructs_other_schema_file, &con_schema_file};
	struct vat_schemas *s;
	CHECK_INT(vat_schemas_new(files, 2, &s), 0);
	uint64_t id = vat_schemas_struct_named(s, "Annotated");
	CHECK(id == CON_ANNOTATED_TYPE_ID);
	CHECK(vat_schemas_struct_named(s, "Nowhere") == 0);
	CHECK(vat_schemas_node(s, 1).msg == NULL);
	struct vat_struct_r node = vat_schemas_node(s, id);
	CHECK(vat_r_u64(node, 0, 0) == id);
	/* $note("a struct") $weight(u8 = 3); field $note("a field") */
	struct vat_ptr_r note =
		vat_schema_annotation(vat_ptr_at(node, 2), UINT64_C(0xa4c1b95a6f0e23d7));
	CHECK(vat_text_is(
		vat_ptr_text(vat_ptr_at(vat_ptr_struct(note, NULL), 0), NULL), "a struct"));
	struct vat_ptr_r weight =
		vat_schema_annotation(vat_ptr_at(node, 2), UINT64_C(0xb3d0f4aa9e8c1752));
	struct con_scalars_r value = con_scalars_from(vat_ptr_at(vat_ptr_struct(weight, NULL), 0));
	CHECK_INT(con_scalars_get_u8(value), 3);
	CHECK(vat_ptr_is_null(vat_schema_annotation(vat_ptr_at(node, 2), 5)));
	struct vat_struct_r field =
		vat_list_struct(vat_ptr_list(vat_ptr_at(node, 3), VAT_ELEM_STRUCT, NULL), 0);
	note = vat_schema_annotation(vat_ptr_at(field, 1), UINT64_C(0xa4c1b95a6f0e23d7));
	CHECK(!vat_ptr_is_null(note));
	char *text;
	CHECK_INT(vat_schemas_print(s, 1, node, NULL, &text, NULL), -ENOENT);
	vat_schemas_free(s);
	vat_schemas_free(NULL);
	CHECK_INT(vat_schemas_new(files, 0, &s), -EINVAL);
	CHECK_INT(vat_schemas_parse("", 0, &s), -EBADMSG);
}

TEST(a_stream_gets_a_line)
{
	char buf[100] = "";
	FILE *f = fmemopen(buf, sizeof(buf), "w");
	struct vat_struct_r none = {0};
	CHECK_INT(vat_print_file(con_empty_schema(), none, NULL, f), 0);
	fclose(f);
	CHECK_STR(buf, "()\n");
}

static char trace_lines[2000];

static void on_line(void *user, const char *line)
{
	size_t len = strlen(trace_lines);
	snprintf(trace_lines + len, sizeof(trace_lines) - len, "%s\n", line);
}

static void trace(struct vat_trace *t, bool outgoing, struct vat_message *m)
{
	struct iovec iov[4];
	int n = vat_message_iov(m, iov, ARRAY_SIZE(iov));
	CHECK(n > 0);
	vat_trace_message(t, outgoing, iov, (size_t)n);
	vat_message_free(m);
}

/* Call and Return of rpc.capnp, without capabilities, and their Payload. */
static struct vat_struct_b message(struct vat_message **ret, uint16_t tag, uint16_t payload)
{
	struct vat_message *m = *ret = vat_message_new(0, 0);
	struct vat_struct_b root = vat_init_struct(vat_root_b(m), 1, 1);
	vat_w_u16(root, 0, tag, 0);
	struct vat_struct_b s = vat_init_struct(vat_ptr_at_b(root, 0), 3, 3);
	vat_w_u32(s, 0, 7, 0);
	vat_init_struct(vat_ptr_at_b(s, payload), 0, 2);
	return s;
}

TEST(a_trace_names_methods_and_what_they_carry)
{
	static const struct vat_schema_file *const files[] = {&con_schema_file};
	struct vat_trace *t = vat_trace_new(files, 1, on_line, NULL);
	struct vat_message *m;
	struct vat_struct_b call = message(&m, 2, 1);
	vat_w_u64(call, 1, CON_BASE_ID, 0);
	vat_init_struct(vat_ptr_at_b(call, 0), 1, 1);
	struct vat_struct_b payload = vat_get_struct_b(vat_ptr_at_b(call, 1), 0, 2, NULL);
	con_base_ping_params_set_a(con_base_ping_params_init(vat_ptr_at_b(payload, 0)), 42);
	trace(t, true, m);
	struct vat_struct_b ret = message(&m, 3, 0);
	payload = vat_get_struct_b(vat_ptr_at_b(ret, 0), 0, 2, NULL);
	con_base_ping_results_set_b(
		con_base_ping_results_init(vat_ptr_at_b(payload, 0)), vat_str("pong"));
	trace(t, false, m);
	CHECK_STR(trace_lines, "> call q7 import 0, Base.ping (a = 42)\n"
			       "< return q7: results (b = \"pong\")\n");
	vat_trace_free(t);
}
