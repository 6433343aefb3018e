/* SPDX-License-Identifier: MIT */
/*
 * Messages made and printed by nothing but a schema, for comparison with the capnp command:
 *
 *	print-tool random REQUEST TYPE SEED N >MESSAGES      N random messages
 *	print-tool print REQUEST TYPE FORMAT <MESSAGES       text, text-pretty, json or json-pretty
 *	print-tool parse REQUEST TYPE json <LINES >MESSAGES  a value of JSON on each line
 *
 * REQUEST is what `capnp compile -o-` wrote, TYPE a struct in it.
 */
#include "base/macro.h"
#include "vat/json.h"
#include "vat/print.h"
#include "vat/schema/schema-internal.h"

#include <stdio.h>

enum { MAX_INPUT = 64 << 20, MAX_DEPTH = 6 };

/* ---- random messages ------------------------------------------------------------------------ */

static uint64_t state;

static uint64_t any(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)(any() % n);
}

static uint64_t random_f32(void)
{
	static const float special[] = {0, -0.0f, 1e10f, 1e-40f, 3.4028235e38f, 0.1f, -1e-10f,
		__builtin_inff(), -__builtin_inff(), __builtin_nanf("")};
	/* capnp writes at most eight digits, which is too few for some. */
	float f = below(4) ? (float)((int32_t)below(1 << 17) - (1 << 16)) / 4
			   : special[below(ARRAY_SIZE(special))];
	uint32_t bits;
	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static uint64_t random_bits(const struct vat_schemas *s, const struct schema_type *t)
{
	unsigned width = schema_bits(t->kind);
	if (t->kind == SCHEMA_FLOAT32)
		return random_f32();
	if (t->kind == SCHEMA_ENUM)
		return below(8) ? below(4) : below(65536);
	uint64_t v = any() >> below(64);
	if (t->kind == SCHEMA_FLOAT64 && below(3)) {
		double d = (double)(int64_t)v / 1000;
		memcpy(&v, &d, sizeof(v));
	}
	return width < 64 ? v & ((UINT64_C(1) << width) - 1) : v;
}

static void fill_struct(const struct vat_schemas *s, const struct schema_type *t,
	struct vat_struct_b b, unsigned depth);

static void fill_text(struct vat_ptr_b p)
{
	static const char *const words[] = {"", "x", "some words", "tab\tand \"quotes\" '\\'",
		"\x01\x1f\x7f\a\b\f\n\r\v", "sn\xc3\xb6w \xe2\x98\x83",
		"long enough to be put on a line of its own, or is it?"};
	vat_set_text(p, vat_str(words[below(ARRAY_SIZE(words))]));
}

static void fill_data(struct vat_ptr_b p)
{
	uint32_t len = below(20);
	uint8_t *data = vat_init_data(p, len);
	for (uint32_t i = 0; data && i < len; i++)
		data[i] = (uint8_t)any();
}

/* Node {struct {dataWordCount u16 7; pointerCount u16 12}} */
static struct vat_struct_b init_struct(const struct vat_schemas *s, uint64_t id, struct vat_ptr_b p)
{
	struct vat_struct_r node = vat_schemas_node(s, id);
	return vat_init_struct(p, vat_r_u16(node, 7, 0), vat_r_u16(node, 12, 0));
}

static void fill_pointer(const struct vat_schemas *s, const struct schema_type *t,
	struct vat_ptr_b p, unsigned depth);

static void fill_list(const struct vat_schemas *s, const struct schema_type *t, struct vat_ptr_b p,
	unsigned depth)
{
	struct schema_type elem = schema_element(t);
	uint32_t n = below(4) ? below(5) : below(30);
	if (elem.kind == SCHEMA_INTERFACE || elem.kind == SCHEMA_ANY)
		return; /* the command fails at them */
	unsigned width = schema_bits(elem.kind);
	if (elem.kind == SCHEMA_STRUCT) {
		struct vat_struct_r node = vat_schemas_node(s, elem.id);
		struct vat_list_b l =
			vat_init_struct_list(p, vat_r_u16(node, 7, 0), vat_r_u16(node, 12, 0), n);
		for (uint32_t i = 0; i < n; i++)
			fill_struct(s, &elem, vat_list_struct_b(l, i), depth);
		return;
	}
	struct vat_list_b l = vat_init_list(p, schema_elem_size(elem.kind), n);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t bits = random_bits(s, &elem);
		if (width == 1)
			vat_list_set_bool(l, i, bits & 1);
		else if (width == 8)
			vat_list_set_u8(l, i, (uint8_t)bits);
		else if (width == 16)
			vat_list_set_u16(l, i, (uint16_t)bits);
		else if (width == 32)
			vat_list_set_u32(l, i, (uint32_t)bits);
		else if (width == 64)
			vat_list_set_u64(l, i, bits);
		else if (elem.kind != SCHEMA_VOID)
			fill_pointer(s, &elem, vat_list_ptr_b(l, i), depth + 1);
	}
}

static void fill_pointer(const struct vat_schemas *s, const struct schema_type *t,
	struct vat_ptr_b p, unsigned depth)
{
	if (depth > MAX_DEPTH || below(depth + 2) > 1)
		return;
	if (t->kind == SCHEMA_TEXT)
		fill_text(p);
	else if (t->kind == SCHEMA_DATA)
		fill_data(p);
	else if (t->kind == SCHEMA_LIST)
		fill_list(s, t, p, depth);
	else if (t->kind == SCHEMA_STRUCT)
		fill_struct(s, t, init_struct(s, t->id, p), depth);
	else if (t->kind == SCHEMA_ANY)
		fill_text(p);
}

static void fill_field(const struct vat_schemas *s, struct vat_struct_b b,
	const struct schema_field *f, unsigned depth)
{
	uint64_t bits = random_bits(s, &f->type);
	switch (f->is_group ? 0 : schema_bits(f->type.kind)) {
	case 1:
		vat_w_bool(b, f->offset, bits & 1, false);
		break;
	case 8:
		vat_w_u8(b, f->offset, (uint8_t)bits, 0);
		break;
	case 16:
		vat_w_u16(b, f->offset, (uint16_t)bits, 0);
		break;
	case 32:
		vat_w_u32(b, f->offset, (uint32_t)bits, vat_r_u32(f->dflt, 1, 0));
		break;
	case 64:
		vat_w_u64(b, f->offset, bits, 0);
		break;
	default:
		if (f->is_group)
			fill_struct(s, &f->type, b, depth);
		else if (f->type.kind != SCHEMA_VOID)
			fill_pointer(s, &f->type, vat_ptr_at_b(b, (uint16_t)f->offset), depth + 1);
		break;
	}
}

static void fill_struct(const struct vat_schemas *s, const struct schema_type *t,
	struct vat_struct_b b, unsigned depth)
{
	struct schema_struct type;
	struct schema_brand brand;
	if (schema_struct(s, t, &brand, &type) < 0)
		return;
	uint16_t n_members = 0, which;
	for (uint32_t i = 0; i < type.fields.count; i++)
		n_members += schema_field_at(&type, i).discriminant != SCHEMA_NO_UNION;
	which = n_members ? (uint16_t)below(n_members) : 0;
	for (uint32_t i = 0; i < type.fields.count; i++) {
		struct schema_field f = schema_field_at(&type, i);
		bool cap = !f.is_group && f.type.kind == SCHEMA_INTERFACE;
		if (f.discriminant == which && (cap || !below(10)))
			which = n_members; /* of a later version; the command knows no capabilities
					    */
	}
	if (type.has_union)
		vat_w_u16(b, type.discriminant_offset, which, 0);
	for (uint32_t i = 0; i < type.fields.count; i++) {
		struct schema_field f = schema_field_at(&type, i);
		if (f.discriminant == SCHEMA_NO_UNION || f.discriminant == which)
			fill_field(s, b, &f, depth);
	}
}

static int make_random(const struct vat_schemas *s, uint64_t id, unsigned long n)
{
	struct schema_type t = schema_type_of(id);
	for (unsigned long i = 0; i < n; i++) {
		struct vat_message *m = vat_message_new(0, 0);
		fill_struct(s, &t, init_struct(s, id, vat_root_b(m)), 0);
		size_t size;
		void *data = vat_message_flatten(m, &size);
		if (vat_message_error(m) || !data || fwrite(data, 1, size, stdout) != size)
			return 1;
		free(data);
		vat_message_free(m);
	}
	return 0;
}

/* ---- printing ------------------------------------------------------------------------------- */

static uint64_t *read_all(FILE *f, size_t *ret_size)
{
	uint64_t *data = malloc(MAX_INPUT);
	assert(data && f);
	*ret_size = fread(data, 1, MAX_INPUT, f);
	return data;
}

static int print_all(const struct vat_schemas *s, uint64_t id, const char *format)
{
	static const char *const formats[] = {[0] = "text",
		[VAT_PRINT_PRETTY] = "text-pretty",
		[VAT_PRINT_JSON] = "json",
		[VAT_PRINT_JSON | VAT_PRINT_PRETTY] = "json-pretty"};
	struct vat_print_config cfg = {0};
	while (strcmp(formats[cfg.flags], format))
		if (++cfg.flags == ARRAY_SIZE(formats))
			return 2;
	size_t size, used, len;
	AUTO_FREE uint64_t *data = read_all(stdin, &size);
	for (size_t at = 0; at < size; at += used) {
		struct vat_message *m;
		char *text;
		int r = vat_message_parse((uint8_t *)data + at, size - at, NULL, &m, &used);
		if (r < 0)
			return 1;
		r = vat_schemas_print(s, id, vat_ptr_struct(vat_root(m), NULL), &cfg, &text, &len);
		if (r < 0) {
			fprintf(stderr, "print-tool: %s\n", strerror(-r));
			return 1;
		}
		fwrite(text, 1, len, stdout);
		putchar('\n');
		free(text);
		vat_message_free(m);
	}
	return 0;
}

static int parse_all(const struct vat_schemas *s, uint64_t id)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	while ((len = getline(&line, &room, stdin)) > 0) {
		struct vat_message *m = vat_message_new(0, 0);
		struct vat_json_error e;
		if (vat_schemas_parse_json(s, id, line, (size_t)len, VAT_JSON_STRICT, m, &e) < 0) {
			fprintf(stderr, "print-tool: byte %zu: %s\n", e.offset, e.text);
			return 1;
		}
		size_t size;
		AUTO_FREE void *data = vat_message_flatten(m, &size);
		if (!data || fwrite(data, 1, size, stdout) != size)
			return 1;
		vat_message_free(m);
	}
	free(line);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	FILE *f = fopen(argv[2], "re");
	if (!f)
		return 2;
	size_t size;
	uint64_t *request = read_all(f, &size);
	fclose(f);
	struct vat_schemas *s;
	int r = vat_schemas_parse(request, size, &s);
	free(request);
	if (r < 0) {
		fprintf(stderr, "print-tool: %s: %s\n", argv[2], strerror(-r));
		return 1;
	}
	uint64_t id = vat_schemas_struct_named(s, argv[3]);
	if (!strcmp(argv[1], "random") && argc == 6) {
		state = strtoull(argv[4], NULL, 10);
		r = make_random(s, id, strtoul(argv[5], NULL, 10));
	} else if (!strcmp(argv[1], "parse")) {
		r = parse_all(s, id);
	} else {
		r = print_all(s, id, argv[4]);
	}
	vat_schemas_free(s);
	return r;
}
