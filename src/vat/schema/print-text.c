/* SPDX-License-Identifier: MIT */
/*
 * Messages as text of the schema language, as the C++ implementation's `capnp decode` has it.
 *
 * What it prints and when it breaks lines is what the command was seen to do: fields in order of
 * their numbers, pointers only if they are set, the active member of a union where it comes in that
 * order, but not a first member without value. A list that is not all short is spread over lines.
 */
#include "base/macro.h"
#include "vat/schema/print-internal.h"

enum { MAX_INLINE_ITEM = 24, MAX_INLINE_RECORD = 64 };

static void print_value(struct printer *p, const struct schema_type *t, struct schema_value v,
	bool prefixed, size_t indent);

static void finish(struct printer *p, size_t list, bool record, bool prefixed, size_t indent)
{
	struct print_list_size size = print_list_size(p, list);
	bool fits = size.longest <= MAX_INLINE_ITEM && !size.newline &&
		    !(record && size.total > MAX_INLINE_RECORD);
	print_list_end(p, list, !fits, prefixed ? "\n" : " ", 2 * indent);
}

/* first: from which byte on to escape, besides control characters. */
static void print_escaped(struct printer *p, const void *data, size_t len, unsigned first)
{
	static const char special[] = "\a\b\f\n\r\t\v\'\"\\", letters[] = "abfnrtv\'\"\\";
	const char *s = data;
	print_str(p, "\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		const char *at = c ? strchr(special, c) : NULL;
		char buf[8];
		if (at)
			snprintf(buf, sizeof(buf), "\\%c", letters[at - special]);
		else
			snprintf(buf, sizeof(buf), "\\%03o", c);
		if (at || c < 0x20 || c == 0x7f || c >= first)
			print_str(p, buf);
		else
			print_bytes(p, &s[i], 1);
	}
	print_str(p, "\"");
}

static void print_enum(struct printer *p, uint64_t id, uint16_t value)
{
	struct vat_struct_r e; /* Enumerant {name ptr 0} */
	if (schema_enumerant(p->schemas, id, value, &e)) {
		struct vat_text name = vat_ptr_text(vat_ptr_at(e, 0), NULL);
		print_bytes(p, name.s, name.len);
		return;
	}
	print_str(p, "(");
	print_u64(p, value);
	print_str(p, ")");
}

static void print_list(struct printer *p, const struct schema_type *t, struct vat_ptr_r ptr,
	bool prefixed, size_t indent)
{
	struct schema_type elem = schema_element(t);
	struct vat_list_r l = vat_ptr_list(ptr, schema_elem_size(elem.kind), NULL);
	if (!print_enter(p))
		return;
	print_str(p, "[");
	size_t list = print_list_begin(p);
	for (uint32_t i = 0; i < l.count && !p->error; i++) {
		print_list_item(p, list);
		print_value(p, &elem, schema_list_at(l, &elem, i), false, indent + 1);
	}
	finish(p, list, false, prefixed, indent);
	print_str(p, "]");
	print_leave(p);
}

static void print_field(struct printer *p, size_t list, const struct schema_field *f,
	struct schema_value v, size_t indent)
{
	print_list_item(p, list);
	print_bytes(p, f->name.s, f->name.len);
	print_str(p, " = ");
	print_value(p, &f->type, v, true, indent + 1);
}

static void print_struct(struct printer *p, const struct schema_type *t, struct vat_struct_r s,
	bool prefixed, size_t indent)
{
	struct schema_struct type;
	struct schema_brand brand;
	if (schema_struct(p->schemas, t, &brand, &type) < 0) {
		print_fail(p, -ENOENT);
		return;
	}
	if (!print_enter(p))
		return;
	uint16_t which = type.has_union ? vat_r_u16(s, type.discriminant_offset, 0)
					: (uint16_t)SCHEMA_NO_UNION;
	print_str(p, "(");
	size_t list = print_list_begin(p);
	for (uint32_t i = 0; i < type.fields.count && !p->error; i++) {
		struct schema_field f = schema_field_at(&type, i);
		bool is_null = false, member = f.discriminant != SCHEMA_NO_UNION;
		if (++p->steps > p->max_steps)
			print_fail(p, -EMSGSIZE);
		if (member && f.discriminant != which)
			continue;
		struct schema_value v = schema_get(s, &f, &is_null);
		if (!is_null || (member && which != 0))
			print_field(p, list, &f, v, indent);
	}
	finish(p, list, true, prefixed, indent);
	print_str(p, ")");
	print_leave(p);
}

static void print_scalar(struct printer *p, const struct schema_type *t, uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	float f;
	double d;
	switch (t->kind) {
	case SCHEMA_FLOAT32:
		memcpy(&f, &low, sizeof(f));
		print_f32(p, f);
		break;
	case SCHEMA_FLOAT64:
		memcpy(&d, &bits, sizeof(d));
		print_f64(p, d);
		break;
	case SCHEMA_ENUM:
		print_enum(p, t->id, (uint16_t)bits);
		break;
	default:
		print_plain(p, t, bits);
		break;
	}
}

static void print_value(struct printer *p, const struct schema_type *t, struct schema_value v,
	bool prefixed, size_t indent)
{
	struct vat_text text;
	struct vat_data data;
	switch (t->kind) {
	case SCHEMA_VOID:
		print_str(p, "void");
		break;
	case SCHEMA_TEXT:
		text = vat_ptr_text(v.ptr, NULL);
		print_escaped(p, text.s, text.len, 256);
		break;
	case SCHEMA_DATA:
		data = vat_ptr_data(v.ptr, NULL);
		print_escaped(p, data.p, data.len, 128);
		break;
	case SCHEMA_LIST: /* as deep as print_enter() allows */
		print_list(p, t, v.ptr, prefixed, indent);
		break;
	case SCHEMA_STRUCT:
		print_struct(p, t, v.s, prefixed, indent);
		break;
	case SCHEMA_INTERFACE:
		print_str(p, "<external capability>");
		break;
	case SCHEMA_ANY:
		print_str(p, "<opaque pointer>");
		break;
	case SCHEMA_UNKNOWN:
		print_str(p, "?");
		break;
	default:
		print_scalar(p, t, v.bits);
		break;
	}
}

void print_text_struct(struct printer *p, uint64_t type_id, struct vat_struct_r s)
{
	struct schema_type t = schema_type_of(type_id);
	print_struct(p, &t, s, false, 1);
}
