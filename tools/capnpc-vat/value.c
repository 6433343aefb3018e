/* SPDX-License-Identifier: MIT */
/*
 * Values: literals, constants, and defaults of pointer fields.
 *
 * A pointer default is kept as the words of a message of one segment, root pointer first, which
 * the getters read in place.
 */
#include "emit.h"
#include "resolve.h"

#include <math.h>

enum { MAX_STRING_LITERAL = 4000 }; /* C11 promises 4095 */

const char *scalar_raw(struct gen *g, enum type_kind kind, uint64_t bits)
{
	switch (type_data_bits(kind)) {
	case 1:
		return bits ? "true" : "false";
	case 32:
		return bits ? S(g, "UINT32_C(%llu)", (unsigned long long)bits) : "0";
	case 64:
		return bits ? S(g, "UINT64_C(%llu)", (unsigned long long)bits) : "0";
	default:
		return S(g, "%llu", (unsigned long long)bits);
	}
}

static const char *signed_literal(struct gen *g, unsigned width, uint64_t bits)
{
	int64_t v = (int64_t)(bits << (64 - width)) >> (64 - width);
	if (v == INT64_MIN) /* no literal of that value exists */
		return "(INT64_C(-9223372036854775807) - 1)";
	return S(g, v < 0 ? "(INT%u_C(%lld))" : "INT%u_C(%lld)", width, (long long)v);
}

static const char *float_literal(struct gen *g, double v, int digits, const char *suffix)
{
	if (isnan(v))
		return S(g, "__builtin_nan%s(\"\")", suffix);
	if (isinf(v))
		return S(g, "(%s__builtin_inf%s())", v < 0 ? "-" : "", suffix);
	const char *s = S(g, "%.*g", digits, v);
	const char *point = strpbrk(s, ".e") ? "" : ".0";
	return S(g, v < 0 ? "(%s%s%s)" : "%s%s%s", s, point, suffix);
}

const char *scalar_literal(struct gen *g, enum type_kind kind, uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	float f;
	double d;
	switch (kind) {
	case T_INT8:
	case T_INT16:
	case T_INT32:
	case T_INT64:
		return signed_literal(g, type_data_bits(kind), bits);
	case T_FLOAT32:
		memcpy(&f, &low, sizeof(f));
		return float_literal(g, (double)f, 9, "f");
	case T_FLOAT64:
		memcpy(&d, &bits, sizeof(d));
		return float_literal(g, d, 17, "");
	case T_BOOL:
		return bits ? "true" : "false";
	default:
		return S(g, "UINT%u_C(%llu)", type_data_bits(kind), (unsigned long long)bits);
	}
}

/* Words of `ptr` as a message of its own; NULL when it is damaged or cannot be one segment. */
static uint64_t *copy_words(struct gen *g, struct vat_ptr_r ptr, size_t *ret_n)
{
	uint64_t *words = NULL;
	uint32_t caps = 0;
	uint64_t total = vat_ptr_total_words(ptr, &caps) + 1;
	if (caps || total > UINT32_MAX)
		return NULL;
	struct vat_message *m = vat_message_new((size_t)total, (size_t)total + 1);
	if (!m)
		return NULL;
	vat_set_ptr(vat_root_b(m), ptr);
	size_t size;
	uint8_t *framed = vat_message_flatten(m, &size);
	if (framed && !vat_message_error(m) && vat_message_segments(m) == 1 && size > 8) {
		*ret_n = size / 8 - 1;
		words = ARENA_NEW(g->arena, uint64_t, *ret_n);
		memcpy(words, framed + 8, *ret_n * 8);
	}
	free(framed);
	vat_message_free(m);
	return words;
}

/* Declares `name` in the header and defines it in the source. */
static void emit_words(struct gen *g, const struct node *n, const char *name, struct vat_ptr_r ptr)
{
	size_t count = 0;
	uint64_t *words = copy_words(g, ptr, &count);
	if (!words) {
		model_fail(g->m, "%s: the value of %s is damaged", n->display, name);
		return;
	}
	const char *array = S(g, "%s_words_", name);
	emit_claim(g, n, name);
	emit_claim(g, n, array);
	H(g, "extern const struct vat_default %s;\n\n", name);
	C(g, "static const uint64_t %s[] = {", array);
	for (size_t i = 0; i < count; i++)
		C(g, "%sUINT64_C(0x%016llx),", i % 3 ? " " : "\n\t", (unsigned long long)words[i]);
	C(g, "\n};\nconst struct vat_default %s = {%s, %zu};\n\n", name, array, count);
}

const char *emit_default(struct gen *g, const struct node *n, const struct field *f)
{
	if (vat_ptr_is_null(f->dflt.ptr))
		return "NULL";
	const char *name = S(g, "%s_default_%s", n->c, f->name);
	emit_words(g, n, name, f->dflt.ptr);
	return S(g, "&%s", name);
}

/* The bytes as a string literal. */
static void emit_string(struct gen *g, const uint8_t *s, size_t len)
{
	C(g, "\"");
	for (size_t i = 0; i < len; i++) {
		/* ? could begin a trigraph; three digits, so that what follows is not one more. */
		if (s[i] < 0x20 || s[i] >= 0x7f || strchr("\"\\?", s[i]))
			C(g, "\\%03o", s[i]);
		else
			C(g, "%c", s[i]);
	}
	C(g, "\"");
}

/* A text or data constant, both a pointer and a length: from a literal, or from an array when that
 * would be too long or is no text. */
static void emit_bytes(
	struct gen *g, const struct node *n, const char *type, const void *p, size_t len)
{
	const uint8_t *s = p;
	bool text = n->type.kind == T_TEXT;
	emit_claim(g, n, n->c);
	H(g, "extern const struct %s %s;\n\n", type, n->c);
	if (!len || (text && len <= MAX_STRING_LITERAL)) {
		C(g, "const struct %s %s = {", type, n->c);
		emit_string(g, s, len);
		C(g, ", %zu};\n\n", len);
		return;
	}
	const char *array = S(g, "%s_bytes_", n->c);
	emit_claim(g, n, array);
	C(g, "static const %s %s[] = {", text ? "char" : "uint8_t", array);
	for (size_t i = 0; i < len; i++)
		C(g, text ? "%s\'\\%03o\'," : "%s0x%02x,", i % 12 ? " " : "\n\t", s[i]);
	C(g, "%s\n};\nconst struct %s %s = {%s, %zu};\n\n", text ? " 0," : "", type, n->c, array,
		len);
}

void emit_const(struct gen *g, const struct node *n)
{
	enum type_kind kind = n->type.kind;
	if (kind != T_STRUCT && kind != T_LIST)
		emit_doc(g, "", n->doc);
	if (type_data_bits(kind)) {
		emit_claim(g, n, n->C);
		H(g, "#define %s %s\n\n", n->C, scalar_literal(g, kind, n->value.bits));
	} else if (kind == T_TEXT) {
		struct vat_text t = vat_ptr_text(n->value.ptr, NULL);
		emit_bytes(g, n, "vat_text", t.s, t.len);
	} else if (kind == T_DATA) {
		struct vat_data d = vat_ptr_data(n->value.ptr, NULL);
		emit_bytes(g, n, "vat_data", d.p, d.len);
	}
}

/* Constants that are structs or lists are functions without arguments. */
void emit_const_function(struct gen *g, const struct node *n)
{
	if (n->type.kind != T_STRUCT && n->type.kind != T_LIST)
		return;
	const char *dflt = "NULL", *type = pointer_type(g, n, &n->type, 'r');
	if (!vat_ptr_is_null(n->value.ptr)) {
		dflt = S(g, "&%s_value", n->c);
		emit_words(g, n, dflt + 1, n->value.ptr);
	}
	emit_doc(g, "", n->doc);
	emit_fn(g, n, type, n->c, "void");
	H(g, "\tstruct vat_ptr_r p = {NULL, NULL, 0, 0};\n");
	const char *expr = pointer_read(g, &n->type, "p", dflt);
	if (type_is_wrapped(&n->type))
		emit_return(g, type, expr);
	else
		H(g, "\treturn %s;\n", expr);
	emit_end(g);
}
