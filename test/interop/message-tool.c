/* SPDX-License-Identifier: MIT */
/*
 * The C side of message.py: values of test/schema/alltypes.capnp between JSON and Cap'n Proto,
 *through the untyped API and a table of the layout.
 *
 *	message-tool build WORDS   JSON lines in, framed messages out, first segment of WORDS
 *	message-tool copy WORDS    framed messages in, deep copies of them out
 *	message-tool pack|unpack   the packed form of standard input, and back
 *	message-tool dump          framed messages in, JSON lines out
 *	message-tool try FILE...   one line per file: its value, or the number of the fault
 *
 * Texts are written as arrays of bytes, since bytes is what they are.
 */
#include "vat/cap/test-caps.h"
#include "vat/message/message-internal.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "interop/alltypes-table.h"

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "message-tool: %s\n", what);
	exit(1);
}

/* ---- to JSON ------------------------------------------------------------------------------- */

static json_t *json_bytes(const void *p, size_t n)
{
	json_t *a = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_integer(((const uint8_t *)p)[i]));
	return a;
}

static json_t *json_float(double v)
{
	if (v != v)
		return json_string("NaN");
	if (v - v != 0)
		return json_string(v > 0 ? "Infinity" : "-Infinity");
	return json_real(v);
}

static json_t *json_enum(uint16_t v)
{
	return v < ARRAY_SIZE(colors) ? json_string(colors[v]) : json_integer(v);
}

static json_t *dump_struct(struct vat_struct_r s, const struct node *n);
static json_t *dump_list(struct vat_list_r l, enum type elem, const struct node *n);

static json_t *dump_ptr(struct vat_ptr_r p, const struct field *f)
{
	struct vat_text t;
	struct vat_data d;
	switch (f->type) {
	case T_TEXT:
		t = vat_ptr_text(p, f->d);
		return json_bytes(t.s, t.len);
	case T_DATA:
		d = vat_ptr_data(p, f->d);
		return json_bytes(d.p, d.len);
	case T_STRUCT:
		return dump_struct(vat_ptr_struct(p, f->d), f->node);
	default:
		return dump_list(vat_ptr_list(p, elem_of[f->elem], f->d), f->elem, f->node);
	}
}

static json_t *json_64(const char *fmt, uint64_t v)
{
	return fmt[1] == 'u' ? json_sprintf("%llu", (unsigned long long)v)
			     : json_sprintf("%lld", (long long)v);
}

static json_t *dump_scalar(struct vat_struct_r s, const struct field *f)
{
	switch (f->type) {
	case T_BOOL:
		return json_boolean(vat_r_bool(s, f->off, f->dflt));
	case T_I8:
		return json_integer(vat_r_i8(s, f->off, (uint8_t)f->dflt));
	case T_I16:
		return json_integer(vat_r_i16(s, f->off, (uint16_t)f->dflt));
	case T_I32:
		return json_integer(vat_r_i32(s, f->off, (uint32_t)f->dflt));
	case T_I64:
		return json_64("%d", (uint64_t)vat_r_i64(s, f->off, f->dflt));
	case T_U8:
		return json_integer(vat_r_u8(s, f->off, (uint8_t)f->dflt));
	case T_U16:
		return json_integer(vat_r_u16(s, f->off, (uint16_t)f->dflt));
	case T_U32:
		return json_integer(vat_r_u32(s, f->off, (uint32_t)f->dflt));
	case T_U64:
		return json_64("%u", vat_r_u64(s, f->off, f->dflt));
	case T_F32:
		return json_float(vat_r_f32(s, f->off, (uint32_t)f->dflt));
	case T_F64:
		return json_float(vat_r_f64(s, f->off, f->dflt));
	case T_ENUM:
		return json_enum(vat_r_u16(s, f->off, (uint16_t)f->dflt));
	default:
		return json_null();
	}
}

static json_t *dump_struct(struct vat_struct_r s, const struct node *n)
{
	json_t *o = json_object();
	int tag = n->tag_off < 0 ? 0 : 1 + vat_r_u16(s, (uint32_t)n->tag_off, 0);
	for (size_t i = 0; i < n->n; i++) {
		const struct field *f = &n->fields[i];
		json_t *v;
		if (f->tag && f->tag != tag)
			continue;
		if (f->type == T_GROUP) {
			v = dump_struct(s, f->node);
		} else if (is_pointer(f->type)) {
			struct vat_ptr_r p = vat_ptr_at(s, (uint16_t)f->off);
			if (vat_ptr_is_null(p) && !f->d)
				continue;
			v = dump_ptr(p, f);
		} else {
			v = dump_scalar(s, f);
		}
		json_object_set_new(o, f->name, v);
	}
	return o;
}

static json_t *dump_element(struct vat_list_r l, uint32_t i, enum type elem, const struct node *n)
{
	switch (elem) {
	case T_BOOL:
		return json_boolean(vat_list_bool(l, i));
	case T_I8:
		return json_integer(vat_list_i8(l, i));
	case T_I16:
		return json_integer(vat_list_i16(l, i));
	case T_I32:
		return json_integer(vat_list_i32(l, i));
	case T_I64:
		return json_64("%d", (uint64_t)vat_list_i64(l, i));
	case T_U8:
		return json_integer(vat_list_u8(l, i));
	case T_U16:
		return json_integer(vat_list_u16(l, i));
	case T_U32:
		return json_integer(vat_list_u32(l, i));
	case T_U64:
		return json_64("%u", vat_list_u64(l, i));
	case T_F32:
		return json_float(vat_list_f32(l, i));
	case T_F64:
		return json_float(vat_list_f64(l, i));
	case T_ENUM:
		return json_enum(vat_list_u16(l, i));
	case T_STRUCT:
		return dump_struct(vat_list_struct(l, i), n);
	case T_VOID:
		return json_null();
	default:
		return dump_ptr(vat_list_ptr(l, i), &(struct field){.type = elem, .elem = T_U16});
	}
}

static json_t *dump_list(struct vat_list_r l, enum type elem, const struct node *n)
{
	json_t *a = json_array();
	for (uint32_t i = 0; i < l.count; i++)
		json_array_append_new(a, dump_element(l, i, elem, n));
	return a;
}

/* One line: the value, or the number of the fault that reading it met. */
static void dump(struct vat_message *m)
{
	json_t *o = dump_struct(vat_ptr_struct(vat_root(m), NULL), &all);
	if (vat_message_error(m))
		printf("%d\n", vat_message_error(m));
	else if (json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(17)) < 0)
		die("cannot write JSON");
	else
		putchar('\n');
	json_decref(o);
}

/* ---- from JSON ----------------------------------------------------------------------------- */

static double real(const json_t *v)
{
	if (!json_is_string(v))
		return json_number_value(v);
	const char *s = json_string_value(v);
	return !strcmp(s, "NaN") ? (double)NAN : s[0] == '-' ? -(double)INFINITY : (double)INFINITY;
}

static uint64_t integer(const json_t *v)
{
	if (json_is_integer(v))
		return (uint64_t)json_integer_value(v);
	if (!json_is_string(v))
		return json_is_true(v);
	const char *s = json_string_value(v);
	for (uint16_t i = 0; i < ARRAY_SIZE(colors); i++)
		if (!strcmp(s, colors[i]))
			return i;
	return s[0] == '-' ? (uint64_t)strtoll(s, NULL, 10) : strtoull(s, NULL, 10);
}

static void build_struct(struct vat_struct_b s, const struct node *n, const json_t *o);
static void build_list(struct vat_ptr_b p, const struct field *f, const json_t *a);

static void build_ptr(struct vat_ptr_b p, const struct field *f, const json_t *v)
{
	switch (f->type) {
	case T_TEXT:
		vat_set_text(p,
			(struct vat_text){json_string_value(v), (uint32_t)json_string_length(v)});
		break;
	case T_DATA: {
		uint8_t *to = vat_init_data(p, (uint32_t)json_array_size(v));
		for (size_t i = 0; i < json_array_size(v); i++)
			to[i] = (uint8_t)json_integer_value(json_array_get(v, i));
		break;
	}
	case T_STRUCT:
		build_struct(vat_init_struct(p, f->node->data_words, f->node->n_ptrs), f->node, v);
		break;
	default:
		build_list(p, f, v);
	}
}

static void build_scalar(struct vat_struct_b s, const struct field *f, const json_t *v)
{
	uint64_t u = integer(v);
	switch (elem_of[f->type]) {
	case VAT_ELEM_BIT:
		vat_w_bool(s, f->off, u, f->dflt);
		break;
	case VAT_ELEM_BYTE:
		vat_w_u8(s, f->off, (uint8_t)u, (uint8_t)f->dflt);
		break;
	case VAT_ELEM_TWO:
		vat_w_u16(s, f->off, (uint16_t)u, (uint16_t)f->dflt);
		break;
	case VAT_ELEM_FOUR:
		if (f->type == T_F32)
			vat_w_f32(s, f->off, (float)real(v), (uint32_t)f->dflt);
		else
			vat_w_u32(s, f->off, (uint32_t)u, (uint32_t)f->dflt);
		break;
	case VAT_ELEM_EIGHT:
		if (f->type == T_F64)
			vat_w_f64(s, f->off, real(v), f->dflt);
		else
			vat_w_u64(s, f->off, u, f->dflt);
		break;
	default:
		break;
	}
}

static void build_struct(struct vat_struct_b s, const struct node *n, const json_t *o)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct field *f = &n->fields[i];
		const json_t *v = json_object_get(o, f->name);
		if (!v)
			continue;
		if (f->tag)
			vat_w_u16(s, (uint32_t)n->tag_off, (uint16_t)(f->tag - 1), 0);
		if (f->type == T_GROUP)
			build_struct(s, f->node, v);
		else if (is_pointer(f->type))
			build_ptr(vat_ptr_at_b(s, (uint16_t)f->off), f, v);
		else
			build_scalar(s, f, v);
	}
}

static void build_element(struct vat_list_b l, uint32_t i, const struct field *f, const json_t *v)
{
	switch (f->elem) {
	case T_VOID:
		break;
	case T_BOOL:
		vat_list_set_bool(l, i, json_is_true(v));
		break;
	case T_F32:
		vat_list_set_f32(l, i, (float)real(v));
		break;
	case T_F64:
		vat_list_set_f64(l, i, real(v));
		break;
	case T_STRUCT:
		build_struct(vat_list_struct_b(l, i), f->node, v);
		break;
	case T_TEXT:
	case T_DATA:
	case T_LIST:
		build_ptr(vat_list_ptr_b(l, i), &(struct field){.type = f->elem, .elem = T_U16}, v);
		break;
	default:
		switch (elem_of[f->elem]) {
		case VAT_ELEM_BYTE:
			vat_list_set_u8(l, i, (uint8_t)integer(v));
			break;
		case VAT_ELEM_TWO:
			vat_list_set_u16(l, i, (uint16_t)integer(v));
			break;
		case VAT_ELEM_FOUR:
			vat_list_set_u32(l, i, (uint32_t)integer(v));
			break;
		default:
			vat_list_set_u64(l, i, integer(v));
		}
	}
}

static void build_list(struct vat_ptr_b p, const struct field *f, const json_t *a)
{
	uint32_t n = (uint32_t)json_array_size(a);
	struct vat_list_b l = f->elem == T_STRUCT ? vat_init_struct_list(p, f->node->data_words,
							    f->node->n_ptrs, n)
						  : vat_init_list(p, elem_of[f->elem], n);
	for (uint32_t i = 0; i < n; i++)
		build_element(l, i, f, json_array_get(a, i));
}

/* ---- commands ------------------------------------------------------------------------------ */

static void *read_all(FILE *f, size_t *ret)
{
	size_t size = 0, room = 1 << 16, n;
	uint8_t *buf = malloc(room);
	while (buf && (n = fread(buf + size, 1, room - size, f))) {
		size += n;
		if (size == room)
			buf = realloc(buf, room *= 2);
	}
	if (!buf)
		die("out of memory");
	*ret = size;
	return buf;
}

static void emit(struct vat_message *m)
{
	size_t size;
	AUTO_FREE void *flat = vat_message_flatten(m, &size);
	if (!flat || vat_message_error(m))
		die("cannot build the message");
	fwrite(flat, 1, size, stdout);
	vat_message_free(m);
}

static void build_all(size_t words)
{
	char *line = NULL;
	size_t room = 0;
	while (getline(&line, &room, stdin) > 0) {
		json_error_t e;
		json_t *o = json_loads(line, JSON_ALLOW_NUL, &e);
		if (!o)
			die(e.text);
		struct vat_message *m = vat_message_new(words, 0);
		build_struct(vat_init_struct(vat_root_b(m), all.data_words, all.n_ptrs), &all, o);
		json_decref(o);
		emit(m);
	}
	free(line);
}

static void copy(struct vat_message *m, size_t words)
{
	struct vat_message *c = vat_message_new(words, 0);
	vat_set_ptr(vat_root_b(c), vat_root(m));
	if (vat_message_error(m))
		die("bad message");
	emit(c);
}

/* Each message of standard input: dumped, or copied if words is not 0. */
static void each_message(size_t words)
{
	size_t size, at = 0, used;
	AUTO_FREE uint8_t *in = read_all(stdin, &size);
	for (; at < size; at += used) {
		struct vat_message *m;
		if (vat_message_parse(in + at, size - at, NULL, &m, &used) < 0)
			die("bad frame");
		if (words)
			copy(m, words);
		else
			dump(m);
		vat_message_free(m);
	}
}

static void try_file(const char *path)
{
	FILE *f = fopen(path, "re");
	if (!f)
		die(path);
	size_t size, used;
	AUTO_FREE uint8_t *in = read_all(f, &size);
	fclose(f);
	struct vat_message *m;
	if (vat_message_parse(in, size, NULL, &m, &used) < 0) {
		puts("-1");
		return;
	}
	dump(m);
	vat_message_free(m);
}

static void recode(bool pack)
{
	size_t size, n;
	AUTO_FREE void *in = read_all(stdin, &size), *out = NULL;
	int r = pack ? vat_pack(in, size, &out, &n) : vat_unpack(in, size, 1 << 30, &out, &n);
	if (r < 0)
		die("cannot recode");
	fwrite(out, 1, n, stdout);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	size_t words = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	if (!strcmp(verb, "build"))
		build_all(words);
	else if (!strcmp(verb, "copy"))
		each_message(words);
	else if (!strcmp(verb, "dump"))
		each_message(0);
	else if (!strcmp(verb, "pack") || !strcmp(verb, "unpack"))
		recode(verb[0] == 'p');
	else if (!strcmp(verb, "try"))
		for (int i = 2; i < argc; i++)
			try_file(argv[i]);
	else
		die("no such command");
	return fflush(stdout) ? 1 : 0;
}
