/* SPDX-License-Identifier: MIT */
/*
 * JSON into a message: see json.h.
 *
 * An object is gone through twice: first for the members that tell which member of a union there
 * is, then for all others, so that the order of members does not matter.  A list is counted before
 * it is made.
 */
#include "vat/schema/json-internal.h"

#include <math.h>

struct parser {
	const struct vat_schemas *schemas;
	struct vat_message *to;
	struct json_in in;
	unsigned flags;
};

static bool parse_object(struct parser *p, const struct schema_type *t,
	const struct schema_field *group, struct vat_struct_b b);
static bool parse_pointer(struct parser *p, const struct schema_type *t,
	const struct schema_field *f, struct vat_ptr_b to);

static bool bad(struct parser *p, const char *what)
{
	return vat_json_fail(&p->in, -EBADMSG, "%s expected", what);
}

/* The message gave no builder. */
static bool no_room(struct parser *p)
{
	int e = vat_message_error(p->to);
	return vat_json_fail(&p->in, e < 0 ? e : -EBADMSG, "no room in the message");
}

/* ---- scalars -------------------------------------------------------------------------------- */

/* An integer of this width, as bits. */
static bool integer(
	struct parser *p, const char *word, unsigned width, bool is_signed, uint64_t *ret)
{
	char *end;
	errno = 0;
	bool negative = word[0] == '-';
	unsigned long long v = strtoull(word + negative, &end, 10);
	if (*end || end == word + negative || strchr("+- ", word[negative])) {
		double d = strtod(word, &end); /* 1e3, 5.0 */
		if (*end || end == word || !(fabs(d) <= 9007199254740992.0) ||
			d != (double)(int64_t)d)
			return bad(p, "an integer");
		negative = d < 0;
		v = (unsigned long long)fabs(d);
	}
	unsigned long long most =
		is_signed ? (1ULL << (width - 1)) - !negative : UINT64_MAX >> (64 - width);
	if (errno || v > most || (negative && v && !is_signed))
		return vat_json_fail(&p->in, -EBADMSG, "%s is out of range", word);
	*ret = negative ? -(uint64_t)v : v;
	return true;
}

static bool floating(struct parser *p, const char *word, double *ret)
{
	static const struct {
		const char *word;
		double value;
	} special[] = {{"null", NAN}, {"NaN", NAN}, {"nan", NAN}, {"Infinity", INFINITY},
		{"inf", INFINITY}, {"-Infinity", -INFINITY}, {"-inf", -INFINITY}};
	for (size_t i = 0; i < ARRAY_SIZE(special); i++) {
		if (!strcmp(word, special[i].word)) {
			*ret = special[i].value;
			return true;
		}
	}
	char *end;
	*ret = strtod(word, &end);
	bool digits = word[0] == '-' ? word[1] >= '0' && word[1] <= '9'
				     : word[0] >= '0' && word[0] <= '9';
	return (!*end && digits && !strpbrk(word, "xX")) || bad(p, "a number");
}

/* Enumerant {name ptr 0; annotations ptr 1} */
static bool enumerant(struct parser *p, uint64_t id, const char *word, uint64_t *ret)
{
	struct vat_struct_r e;
	for (uint32_t i = 0; i <= UINT16_MAX; i++) {
		if (!schema_enumerant(p->schemas, id, (uint16_t)i, &e))
			break;
		if (vat_text_is(
			    vat_json_name(vat_ptr_at(e, 1), vat_ptr_text(vat_ptr_at(e, 0), NULL)),
			    word)) {
			*ret = i;
			return true;
		}
	}
	if (word[0] < '0' || word[0] > '9')
		return vat_json_fail(&p->in, -EBADMSG, "\"%s\" is none of the names", word);
	return integer(p, word, 16, false, ret);
}

static bool scalar(struct parser *p, const struct schema_type *t, uint64_t *ret)
{
	char word[64];
	double d = 0;
	if (!vat_json_word(&p->in, word))
		return false;
	switch (t->kind) {
	case SCHEMA_BOOL:
		*ret = !strcmp(word, "true");
		return *ret || !strcmp(word, "false") || bad(p, "true or false");
	case SCHEMA_FLOAT32:
	case SCHEMA_FLOAT64:
		if (!floating(p, word, &d))
			return false;
		float f = (float)d;
		uint32_t low;
		memcpy(&low, &f, sizeof(low));
		memcpy(ret, &d, sizeof(d));
		*ret = t->kind == SCHEMA_FLOAT32 ? low : *ret;
		return true;
	case SCHEMA_ENUM:
		return enumerant(p, t->id, word, ret);
	default:
		return integer(p, word, schema_bits(t->kind),
			t->kind >= SCHEMA_INT8 && t->kind <= SCHEMA_INT64, ret);
	}
}

/* ---- text, data, lists ---------------------------------------------------------------------- */

static bool parse_text(struct parser *p, struct vat_ptr_b to)
{
	char *s;
	size_t len;
	if (vat_json_peek(&p->in) != '"')
		return bad(p, "a string");
	if (!vat_json_string(&p->in, &s, &len))
		return false;
	vat_set_text(to, (struct vat_text){s, (uint32_t)len});
	free(s);
	return len < UINT32_MAX || vat_json_fail(&p->in, -EMSGSIZE, "too long");
}

/* The value of a digit, -1 for what is none. */
static int digit(char c, bool hex)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char hexes[] = "0123456789abcdef";
	if (hex && c >= 'A' && c <= 'F')
		c = (char)(c + 32);
	const char *set = hex ? hexes : letters, *at = c ? strchr(set, c) : NULL;
	return at ? (int)(at - set) : -1;
}

/* In place; -1 if it is not of that form. */
static ssize_t decode(char *s, size_t len, bool hex)
{
	unsigned width = hex ? 4 : 6, n_bits = 0;
	uint32_t bits = 0;
	size_t n = 0;
	while (!hex && len && s[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++) {
		int v = digit(s[i], hex);
		if (v < 0)
			return -1;
		bits = bits << width | (uint32_t)v;
		n_bits += width;
		if (n_bits >= 8) {
			n_bits -= 8;
			s[n++] = (char)(bits >> n_bits);
		}
	}
	return n_bits >= width ? -1 : (ssize_t)n;
}

static bool parse_encoded(struct parser *p, bool hex, struct vat_ptr_b to)
{
	char *s;
	size_t len;
	if (!vat_json_string(&p->in, &s, &len))
		return false;
	ssize_t n = len < UINT32_MAX ? decode(s, len, hex) : -1;
	if (n >= 0)
		vat_set_data(to, (struct vat_data){s, (uint32_t)n});
	free(s);
	return n >= 0 || bad(p, hex ? "hex digits" : "base64");
}

static bool parse_bytes(struct parser *p, struct vat_ptr_b to)
{
	static const struct schema_type byte = {.kind = SCHEMA_UINT8};
	uint32_t n;
	uint64_t v;
	if (!vat_json_count(&p->in, &n))
		return bad(p, "an array");
	uint8_t *data = vat_init_data(to, n);
	if (n && !data)
		return no_room(p);
	if (!n)
		vat_set_data(to, (struct vat_data){"", 0});
	vat_json_expect(&p->in, '[');
	for (uint32_t i = 0; i < n; i++) {
		if ((i && !vat_json_expect(&p->in, ',')) || !scalar(p, &byte, &v))
			return false;
		data[i] = (uint8_t)v;
	}
	return vat_json_expect(&p->in, ']');
}

/* Node {struct {dataWordCount u16 7; pointerCount u16 12}} */
static struct vat_struct_r node_of(struct parser *p, const struct schema_type *t)
{
	struct vat_struct_r node = vat_schemas_node(p->schemas, t->id);
	if (!node.msg)
		vat_json_fail(
			&p->in, -ENOENT, "unknown type @0x%016llx", (unsigned long long)t->id);
	return node;
}

static bool parse_element(
	struct parser *p, const struct schema_type *t, struct vat_list_b l, uint32_t i)
{
	uint64_t v = 0;
	unsigned width = schema_bits(t->kind);
	if (t->kind == SCHEMA_STRUCT)
		return parse_object(p, t, NULL, vat_list_struct_b(l, i));
	if (t->kind == SCHEMA_VOID)
		return vat_json_skip(&p->in);
	if (!width)
		return parse_pointer(p, t, NULL, vat_list_ptr_b(l, i));
	if (!scalar(p, t, &v))
		return false;
	if (width == 1)
		vat_list_set_bool(l, i, v & 1);
	else if (width == 8)
		vat_list_set_u8(l, i, (uint8_t)v);
	else if (width == 16)
		vat_list_set_u16(l, i, (uint16_t)v);
	else if (width == 32)
		vat_list_set_u32(l, i, (uint32_t)v);
	else
		vat_list_set_u64(l, i, v);
	return true;
}

static bool parse_list(struct parser *p, const struct schema_type *t, struct vat_ptr_b to)
{
	struct schema_type elem = schema_element(t);
	struct vat_list_b l;
	uint32_t n;
	if (!vat_json_count(&p->in, &n))
		return bad(p, "an array");
	if (elem.kind == SCHEMA_STRUCT) {
		struct vat_struct_r node = node_of(p, &elem);
		l = vat_init_struct_list(to, vat_r_u16(node, 7, 0), vat_r_u16(node, 12, 0), n);
	} else {
		l = vat_init_list(to, schema_elem_size(elem.kind), n);
	}
	if (!l.msg)
		return no_room(p);
	if (!vat_json_enter(&p->in) || !vat_json_expect(&p->in, '['))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if ((i && !vat_json_expect(&p->in, ',')) || !parse_element(p, &elem, l, i))
			return false;
	vat_json_leave(&p->in);
	return vat_json_expect(&p->in, ']');
}

static bool take_null(struct parser *p)
{
	if (vat_json_peek(&p->in) != 'n')
		return false;
	char word[64];
	return vat_json_word(&p->in, word) && (!strcmp(word, "null") || bad(p, "null"));
}

/* f is NULL for elements of lists. */
static bool parse_pointer(struct parser *p, const struct schema_type *t,
	const struct schema_field *f, struct vat_ptr_b to)
{
	struct vat_struct_r node;
	if (take_null(p)) {
		vat_set_null(to);
		return true;
	}
	if (p->in.error)
		return false;
	switch (t->kind) {
	case SCHEMA_TEXT:
		return parse_text(p, to);
	case SCHEMA_DATA:
		if (f && (vat_json_is_base64(f) || vat_json_is_hex(f)))
			return parse_encoded(p, vat_json_is_hex(f), to);
		return parse_bytes(p, to);
	case SCHEMA_LIST: /* as deep as vat_json_enter() allows */
		return parse_list(p, t, to);
	case SCHEMA_STRUCT:
		node = node_of(p, t);
		return parse_object(p, t, NULL,
			vat_init_struct(to, vat_r_u16(node, 7, 0), vat_r_u16(node, 12, 0)));
	default:
		return vat_json_fail(&p->in, -EBADMSG, "a value that JSON cannot express");
	}
}

/* ---- objects -------------------------------------------------------------------------------- */

static bool set_field(struct parser *p, const struct schema_struct *s, const struct schema_field *f,
	struct vat_struct_b b)
{
	uint64_t v = 0;
	if (f->discriminant != SCHEMA_NO_UNION)
		vat_w_u16(b, s->discriminant_offset, f->discriminant, 0);
	if (f->is_group)
		return parse_object(p, &f->type, f, b);
	if (f->type.kind == SCHEMA_VOID)
		return vat_json_skip(&p->in);
	unsigned width = schema_bits(f->type.kind);
	if (!width)
		return f->offset > UINT16_MAX ||
		       parse_pointer(p, &f->type, f, vat_ptr_at_b(b, (uint16_t)f->offset));
	if (!scalar(p, &f->type, &v))
		return false;
	if (width == 1)
		vat_w_bool(b, f->offset, v & 1, vat_r_bool(f->dflt, 16, false));
	else if (width == 8)
		vat_w_u8(b, f->offset, (uint8_t)v, vat_r_u8(f->dflt, 2, 0));
	else if (width == 16)
		vat_w_u16(b, f->offset, (uint16_t)v, vat_r_u16(f->dflt, 1, 0));
	else if (width == 32)
		vat_w_u32(b, f->offset, (uint32_t)v, vat_r_u32(f->dflt, 1, 0));
	else
		vat_w_u64(b, f->offset, v, vat_r_u64(f->dflt, 1, 0));
	return true;
}

/* A name as it is looked for: in flattened structs without the prefix. */
struct name {
	const char *s;
	size_t len;
	bool tags; /* looking for those members only that tell a union's active one */
	uint32_t *next; /* where to begin: members mostly come in order. May be NULL */
};

static bool name_is(const struct name *n, struct vat_text t)
{
	return n->len == t.len && !memcmp(n->s, t.s, t.len);
}

static bool is_active(
	const struct schema_struct *s, const struct schema_field *f, struct vat_struct_b b)
{
	return f->discriminant == SCHEMA_NO_UNION ||
	       vat_r_u16(vat_struct_b_r(b), s->discriminant_offset, 0) == f->discriminant;
}

/* The member named in the string that follows becomes the active one; unknown ones change nothing.
 */
static bool set_tag(struct parser *p, const struct schema_struct *s, struct vat_struct_b b)
{
	char *text;
	size_t len;
	if (vat_json_peek(&p->in) != '"')
		return bad(p, "a string");
	if (!vat_json_string(&p->in, &text, &len))
		return false;
	struct name n = {.s = text, .len = len};
	for (uint32_t i = 0; i < s->fields.count; i++) {
		struct schema_field f = schema_field_at(s, i);
		if (f.discriminant != SCHEMA_NO_UNION &&
			name_is(&n, vat_json_name(f.annotations, f.name)))
			vat_w_u16(b, s->discriminant_offset, f.discriminant, 0);
	}
	free(text);
	return true;
}

/* Looks for the member n in struct or group t, and takes its value if it is there (*ret_found).
 * With a null builder it only looks. */
static bool set_member(struct parser *p, const struct schema_type *t,
	const struct schema_field *group, bool flat, struct vat_struct_b b, const struct name *n,
	bool *ret_found);

static bool set_flat(struct parser *p, const struct schema_field *f, struct vat_text prefix,
	struct vat_struct_b b, const struct name *n, bool *ret_found)
{
	struct name rest = {.s = n->s + prefix.len, .len = n->len - prefix.len, .tags = n->tags};
	if (n->len < prefix.len || memcmp(n->s, prefix.s, prefix.len) != 0 ||
		!vat_json_enter(&p->in))
		return !p->in.error;
	bool ok = true;
	if (f->is_group) {
		ok = set_member(p, &f->type, f, true, b, &rest, ret_found);
	} else {
		struct vat_struct_b none = {0};
		struct vat_struct_r node = node_of(p, &f->type);
		bool there = false;
		ok = set_member(p, &f->type, NULL, true, none, &rest, &there);
		if (ok && there && b.msg && f->offset <= UINT16_MAX)
			ok = set_member(p, &f->type, NULL, true,
				vat_get_struct_b(vat_ptr_at_b(b, (uint16_t)f->offset),
					vat_r_u16(node, 7, 0), vat_r_u16(node, 12, 0), NULL),
				&rest, ret_found);
		else
			*ret_found |= there;
	}
	vat_json_leave(&p->in);
	return ok;
}

static bool set_member(struct parser *p, const struct schema_type *t,
	const struct schema_field *group, bool flat, struct vat_struct_b b, const struct name *n,
	bool *ret_found)
{
	struct schema_struct s;
	struct schema_brand brand;
	struct vat_text prefix;
	if (schema_struct(p->schemas, t, &brand, &s) < 0)
		return vat_json_fail(
			&p->in, -ENOENT, "unknown type @0x%016llx", (unsigned long long)t->id);
	struct json_discriminator d = vat_json_discriminator(p->schemas, t, group, flat);
	if (s.has_union && d.known && name_is(n, d.name)) {
		*ret_found = true;
		return !b.msg || (n->tags ? set_tag(p, &s, b) : vat_json_skip(&p->in));
	}
	uint32_t first = n->next && *n->next < s.fields.count ? *n->next : 0;
	for (uint32_t k = 0; k < s.fields.count && !*ret_found && !p->in.error; k++) {
		uint32_t i = k < s.fields.count - first ? first + k : k - (s.fields.count - first);
		struct schema_field f = schema_field_at(&s, i);
		bool member = f.discriminant != SCHEMA_NO_UNION;
		if (vat_json_is_flat(&f, &prefix)) {
			if ((!b.msg || is_active(&s, &f, b)) &&
				!set_flat(p, &f, prefix, b, n, ret_found))
				return false;
			continue;
		}
		bool by_value = member && d.known && d.value_name.len;
		if (n->tags ||
			!name_is(n, by_value ? d.value_name : vat_json_name(f.annotations, f.name)))
			continue;
		if (by_value && b.msg && !is_active(&s, &f, b))
			continue;
		*ret_found = true;
		if (n->next)
			*n->next = i + 1;
		return !b.msg || set_field(p, &s, &f, b);
	}
	return !p->in.error;
}

/* Whether members of its objects may have to be known before others: else one pass will do. */
static bool needs_tags(
	struct parser *p, const struct schema_type *t, const struct schema_field *group)
{
	struct schema_struct s;
	struct schema_brand brand;
	struct vat_text prefix;
	if (schema_struct(p->schemas, t, &brand, &s) < 0 ||
		vat_json_discriminator(p->schemas, t, group, false).known)
		return true;
	for (uint32_t i = 0; i < s.fields.count; i++) {
		struct schema_field f = schema_field_at(&s, i);
		if (vat_json_is_flat(&f, &prefix))
			return true;
	}
	return false;
}

static bool parse_members(struct parser *p, const struct schema_type *t,
	const struct schema_field *group, struct vat_struct_b b, bool tags)
{
	if (!vat_json_expect(&p->in, '{'))
		return false;
	if (vat_json_take(&p->in, '}'))
		return true;
	uint32_t next = 0;
	do {
		char *s;
		size_t len;
		bool found = false, ok = vat_json_peek(&p->in) == '"' || bad(p, "a name");
		if (!ok || !vat_json_string(&p->in, &s, &len))
			return false;
		struct name n = {.s = s, .len = len, .tags = tags, .next = &next};
		ok = vat_json_expect(&p->in, ':') && set_member(p, t, group, false, b, &n, &found);
		if (ok && !found && !tags && (p->flags & VAT_JSON_STRICT))
			ok = vat_json_fail(&p->in, -EBADMSG, "unknown member \"%.60s\"", s);
		free(s);
		if (!ok || (!found && !vat_json_skip(&p->in)))
			return false;
	} while (vat_json_take(&p->in, ','));
	return vat_json_expect(&p->in, '}');
}

static bool parse_object(struct parser *p, const struct schema_type *t,
	const struct schema_field *group, struct vat_struct_b b)
{
	if (vat_json_peek(&p->in) != '{')
		return bad(p, "an object");
	if (!b.msg)
		return no_room(p);
	if (!vat_json_enter(&p->in))
		return false;
	struct json_in begin = p->in;
	if (needs_tags(p, t, group) && !parse_members(p, t, group, b, true))
		return false;
	p->in = begin;
	if (!parse_members(p, t, group, b, false))
		return false;
	vat_json_leave(&p->in);
	return true;
}

/* ---- public functions ----------------------------------------------------------------------- */

int vat_schemas_parse_json(const struct vat_schemas *schemas, uint64_t type_id, const char *json,
	size_t size, unsigned flags, struct vat_message *to, struct vat_json_error *ret_error)
{
	struct vat_json_error unused;
	struct parser p = {
		.schemas = schemas,
		.to = to,
		.in = {.s = json, .size = size, .detail = ret_error ? ret_error : &unused},
		.flags = flags,
	};
	struct schema_type t = schema_type_of(type_id);
	struct vat_struct_r node = node_of(&p, &t);
	if (p.in.error)
		return p.in.error;
	struct vat_struct_b root =
		vat_init_struct(vat_root_b(to), vat_r_u16(node, 7, 0), vat_r_u16(node, 12, 0));
	if (parse_object(&p, &t, NULL, root) && vat_json_peek(&p.in))
		vat_json_fail(&p.in, -EBADMSG, "something after the value");
	if (vat_message_error(to))
		no_room(&p);
	return p.in.error;
}

int vat_parse_json(struct vat_schema schema, const char *json, size_t size, unsigned flags,
	struct vat_message *to, struct vat_json_error *ret_error)
{
	struct vat_schemas *schemas;
	int r = vat_schemas_new(&schema.file, 1, &schemas);
	if (r < 0) {
		if (ret_error)
			*ret_error = (struct vat_json_error){0, "no schema"};
		return r;
	}
	r = vat_schemas_parse_json(schemas, schema.id, json, size, flags, to, ret_error);
	vat_schemas_free(schemas);
	return r;
}
