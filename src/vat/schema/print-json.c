/* SPDX-License-Identifier: MIT */
/*
 * Messages as JSON, as the C++ implementation's `capnp convert binary:json` has it, with the
 * annotations of capnp/compat/json.capnp.
 *
 * The members of an object are gathered first, for a flattened struct adds its members to those of
 * the one around it, and for indentation depends on their number.
 */
#include "base/macro.h"
#include "vat/schema/json-internal.h"
#include "vat/schema/print-internal.h"

#include <math.h>

enum { MAX_INLINE_ITEM = 50 };

struct place { /* where a list begins */
	size_t indent;
	bool prefixed; /* something stands before it on the line */
};

/* f is NULL for elements of lists. */
static void print_value(struct printer *p, const struct schema_type *t, struct schema_value v,
	const struct schema_field *f, struct place at, bool *broken);

static void print_quoted(struct printer *p, const char *s, size_t len)
{
	static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		const char *at = c ? strchr(special, c) : NULL;
		char buf[8];
		if (at)
			snprintf(buf, sizeof(buf), "\\%c", letters[at - special]);
		else
			snprintf(buf, sizeof(buf), "\\u%04x", c);
		if (at || c < 0x20)
			print_str(p, buf);
		else
			print_bytes(p, &s[i], 1);
	}
}

static void print_string(struct printer *p, struct vat_text t)
{
	print_str(p, "\"");
	print_quoted(p, t.s, t.len);
	print_str(p, "\"");
}

/* A list ends: *broken (of the list around it) is set if it was spread over lines. */
static void finish(struct printer *p, size_t list, bool broken_item, struct place at, bool *broken)
{
	struct print_list_size size = print_list_size(p, list);
	bool spread = size.n > 1 && (broken_item || size.longest > MAX_INLINE_ITEM);
	print_list_end(p, list, spread, at.prefixed ? "\n" : " ", 2 * (at.indent + 1));
	*broken |= spread && p->pretty;
}

/* ---- objects -------------------------------------------------------------------------------- */

struct member {
	const struct prefix {
		struct vat_text text;
		const struct prefix *outer;
	} * prefix;
	struct vat_text name;
	bool is_tag; /* the name of a union's active member, in `tag` */
	struct vat_text tag;
	struct schema_field field;
	struct schema_value value;
};

struct members {
	struct member *list;
	size_t n, size;
	struct block { /* kept until the object is printed */
		struct prefix prefix;
		struct schema_brand brand;
		struct block *next;
	} * blocks;
};

static struct member *add_member(struct printer *p, struct members *m)
{
	if (m->n == m->size) {
		size_t size = MAX(2 * m->size, 16u);
		struct member *list = reallocarray(m->list, size, sizeof(*list));
		if (!list) {
			print_fail(p, -ENOMEM);
			return NULL;
		}
		m->list = list;
		m->size = size;
	}
	struct member *ret = &m->list[m->n++];
	*ret = (struct member){0};
	return ret;
}

static void members_done(struct members *m)
{
	while (m->blocks) {
		struct block *b = m->blocks;
		m->blocks = b->next;
		free(b);
	}
	free(m->list);
}

static struct block *add_block(struct printer *p, struct members *m)
{
	struct block *b = calloc(1, sizeof(*b));
	if (!b) {
		print_fail(p, -ENOMEM);
		return NULL;
	}
	b->next = m->blocks;
	m->blocks = b;
	return b;
}

static const struct prefix *add_prefix(
	struct printer *p, struct members *m, const struct prefix *outer, struct vat_text text)
{
	struct block *b = text.len ? add_block(p, m) : NULL;
	if (!b)
		return outer;
	b->prefix = (struct prefix){text, outer};
	return &b->prefix;
}

static void gather(struct printer *p, struct members *m, const struct schema_type *t,
	struct vat_struct_r s, const struct schema_field *group, bool flattened,
	const struct prefix *prefix);

/* One field, as a member or as the members of what is flattened into this object. */
static void gather_field(struct printer *p, struct members *m, const struct schema_field *f,
	struct schema_value v, struct vat_text name, const struct prefix *prefix)
{
	struct vat_text more;
	if (vat_json_is_flat(f, &more)) {
		prefix = add_prefix(p, m, prefix, more);
		gather(p, m, &f->type, v.s, f->is_group ? f : NULL, true, prefix);
		return;
	}
	struct member *to = add_member(p, m);
	if (!to)
		return;
	to->prefix = prefix;
	to->name = name;
	to->field = *f;
	to->value = v;
}

static void gather_union(struct printer *p, struct members *m, const struct schema_struct *type,
	struct vat_struct_r s, const struct json_discriminator *d, const struct prefix *prefix)
{
	uint16_t which = vat_r_u16(s, type->discriminant_offset, 0);
	for (uint32_t i = 0; i < type->fields.count && !p->error; i++) {
		struct schema_field f = schema_field_at(type, i);
		if (f.discriminant != which || which == SCHEMA_NO_UNION)
			continue;
		struct vat_text name = vat_json_name(f.annotations, f.name);
		struct member *tag = d->known ? add_member(p, m) : NULL;
		if (tag) {
			tag->prefix = prefix;
			tag->name = d->name;
			tag->is_tag = true;
			tag->tag = name;
		}
		if (f.type.kind == SCHEMA_VOID && d->known)
			return;
		gather_field(p, m, &f, schema_get(s, &f, NULL),
			d->value_name.len ? d->value_name : name, prefix);
		return;
	}
}

static void gather(struct printer *p, struct members *m, const struct schema_type *t,
	struct vat_struct_r s, const struct schema_field *group, bool flattened,
	const struct prefix *prefix)
{
	struct schema_struct type;
	struct block *b = add_block(p, m);
	if (!b || schema_struct(p->schemas, t, &b->brand, &type) < 0) {
		print_fail(p, -ENOENT);
		return;
	}
	if (!print_enter(p))
		return;
	for (uint32_t i = 0; i < type.fields.count && !p->error; i++) {
		struct schema_field f = schema_field_at(&type, i);
		bool is_null;
		if (++p->steps > p->max_steps)
			print_fail(p, -EMSGSIZE);
		if (f.discriminant != SCHEMA_NO_UNION)
			continue;
		struct schema_value v = schema_get(s, &f, &is_null);
		if (!is_null)
			gather_field(p, m, &f, v, vat_json_name(f.annotations, f.name), prefix);
	}
	if (type.has_union) {
		struct json_discriminator d =
			vat_json_discriminator(p->schemas, t, group, flattened);
		gather_union(p, m, &type, s, &d, prefix);
	}
	print_leave(p);
}

static void print_prefix(struct printer *p, const struct prefix *prefix)
{
	if (!prefix)
		return;
	print_prefix(p, prefix->outer); /* as deep as print_enter() allows */
	print_quoted(p, prefix->text.s, prefix->text.len);
}

static void print_object(struct printer *p, const struct schema_type *t, struct vat_struct_r s,
	const struct schema_field *group, struct place at, bool *broken)
{
	struct members m = {0};
	bool broken_item = false;
	gather(p, &m, t, s, group, false, NULL);
	if (!print_enter(p)) {
		members_done(&m);
		return;
	}
	struct place inside = {at.indent + (m.n > 1), true};
	print_str(p, "{");
	size_t list = print_list_begin(p);
	for (size_t i = 0; i < m.n && !p->error; i++) {
		const struct member *it = &m.list[i];
		print_list_item(p, list);
		print_str(p, "\"");
		print_prefix(p, it->prefix);
		print_quoted(p, it->name.s, it->name.len);
		print_str(p, p->pretty ? "\": " : "\":");
		if (it->is_tag)
			print_string(p, it->tag);
		else if (it->field.is_group)
			print_object(
				p, &it->field.type, it->value.s, &it->field, inside, &broken_item);
		else
			print_value(
				p, &it->field.type, it->value, &it->field, inside, &broken_item);
	}
	finish(p, list, broken_item, at, broken);
	print_str(p, "}");
	print_leave(p);
	members_done(&m);
}

/* ---- other values --------------------------------------------------------------------------- */

static void print_base64(struct printer *p, struct vat_data d)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *s = d.p;
	print_str(p, "\"");
	for (uint32_t i = 0; i < d.len; i += 3) {
		uint32_t left = d.len - i, w = (uint32_t)s[i] << 16;
		w |= left > 1 ? (uint32_t)s[i + 1] << 8 : 0;
		w |= left > 2 ? s[i + 2] : 0;
		char four[4] = {letters[w >> 18], letters[w >> 12 & 63], letters[w >> 6 & 63],
			letters[w & 63]};
		if (left < 3)
			four[3] = '=';
		if (left < 2)
			four[2] = '=';
		print_bytes(p, four, sizeof(four));
	}
	print_str(p, "\"");
}

static void print_hex(struct printer *p, struct vat_data d)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *s = d.p;
	print_str(p, "\"");
	for (uint32_t i = 0; i < d.len; i++) {
		print_bytes(p, &digits[s[i] >> 4], 1);
		print_bytes(p, &digits[s[i] & 15], 1);
	}
	print_str(p, "\"");
}

static void print_data(struct printer *p, struct vat_data d, const struct schema_field *f,
	struct place at, bool *broken)
{
	if (f && vat_json_is_base64(f)) {
		print_base64(p, d);
		return;
	}
	if (f && vat_json_is_hex(f)) {
		print_hex(p, d);
		return;
	}
	print_str(p, "[");
	size_t list = print_list_begin(p);
	for (uint32_t i = 0; i < d.len && !p->error; i++) {
		print_list_item(p, list);
		print_u64(p, ((const uint8_t *)d.p)[i]);
	}
	finish(p, list, false, at, broken);
	print_str(p, "]");
}

static void print_list(struct printer *p, const struct schema_type *t, struct vat_ptr_r ptr,
	struct place at, bool *broken)
{
	struct schema_type elem = schema_element(t);
	struct vat_list_r l = vat_ptr_list(ptr, schema_elem_size(elem.kind), NULL);
	struct place inside = {at.indent + (l.count > 1), false};
	bool broken_item = false;
	if (!print_enter(p))
		return;
	print_str(p, "[");
	size_t list = print_list_begin(p);
	for (uint32_t i = 0; i < l.count && !p->error; i++) {
		print_list_item(p, list);
		print_value(p, &elem, schema_list_at(l, &elem, i), NULL, inside, &broken_item);
	}
	finish(p, list, broken_item, at, broken);
	print_str(p, "]");
	print_leave(p);
}

static void print_float(struct printer *p, double v)
{
	if (isnan(v))
		print_str(p, "\"NaN\"");
	else if (isinf(v))
		print_str(p, v < 0 ? "\"-Infinity\"" : "\"Infinity\"");
	else
		print_f64(p, v);
}

static void print_enum(struct printer *p, uint64_t id, uint16_t value)
{
	struct vat_struct_r e; /* Enumerant {name ptr 0; annotations ptr 1} */
	if (schema_enumerant(p->schemas, id, value, &e))
		print_string(
			p, vat_json_name(vat_ptr_at(e, 1), vat_ptr_text(vat_ptr_at(e, 0), NULL)));
	else
		print_u64(p, value);
}

static void print_scalar(struct printer *p, const struct schema_type *t, uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	float f;
	double d;
	switch (t->kind) {
	case SCHEMA_INT64:
		print_str(p, "\"");
		print_i64(p, (int64_t)bits);
		print_str(p, "\"");
		break;
	case SCHEMA_UINT64:
		print_str(p, "\"");
		print_u64(p, bits);
		print_str(p, "\"");
		break;
	case SCHEMA_FLOAT32:
		memcpy(&f, &low, sizeof(f));
		print_float(p, (double)f);
		break;
	case SCHEMA_FLOAT64:
		memcpy(&d, &bits, sizeof(d));
		print_float(p, d);
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
	const struct schema_field *f, struct place at, bool *broken)
{
	switch (t->kind) {
	case SCHEMA_VOID:
	case SCHEMA_UNKNOWN:
		print_str(p, "null");
		break;
	case SCHEMA_TEXT:
		print_string(p, vat_ptr_text(v.ptr, NULL));
		break;
	case SCHEMA_DATA:
		print_data(p, vat_ptr_data(v.ptr, NULL), f, at, broken);
		break;
	case SCHEMA_LIST: /* as deep as print_enter() allows */
		print_list(p, t, v.ptr, at, broken);
		break;
	case SCHEMA_STRUCT:
		print_object(p, t, v.s, NULL, at, broken);
		break;
	case SCHEMA_INTERFACE:
		print_str(p, "\"<capability>\"");
		break;
	case SCHEMA_ANY:
		print_str(p, "\"<pointer>\"");
		break;
	default:
		print_scalar(p, t, v.bits);
		break;
	}
}

void print_json_struct(struct printer *p, uint64_t type_id, struct vat_struct_r s)
{
	bool broken = false;
	struct place at = {0, false};
	struct schema_type t = schema_type_of(type_id);
	print_object(p, &t, s, NULL, at, &broken);
}
