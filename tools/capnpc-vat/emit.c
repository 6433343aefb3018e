/* SPDX-License-Identifier: MIT */
/* Phrases of generated code: see emit.h. */
#include "emit.h"

enum { MAX_STEPS = 1 << 22, MAX_FILE = 64 << 20, MAX_LINE = 100 };

void emit_claim(struct gen *g, const struct node *owner, const char *name)
{
	const char *other = g->repeated ? NULL : name_set_add(&g->names, name, owner->display);
	if (other && !strcmp(other, owner->display))
		model_fail(g->m,
			"%s: two of its members become the C name %s; give one another with "
			"$Vat.name",
			other, name);
	else if (other)
		model_fail(g->m,
			"%s and %s both become the C name %s; give one another with $Vat.name",
			other, owner->display, name);
}

void emit_fn(struct gen *g, const struct node *owner, const char *ret, const char *name,
	const char *args_fmt, ...)
{
	emit_claim(g, owner, name);
	bool pointer = ret[strlen(ret) - 1] == '*';
	H(g, "static inline %s%s%s(", ret, pointer ? "" : " ", name);
	struct text args = {0};
	va_list ap;
	va_start(ap, args_fmt);
	text_vprintf(&args, args_fmt, ap);
	va_end(ap);
	size_t width = strlen("static inline  ()") + strlen(ret) + strlen(name) + args.len;
	H(g, "%s%s)\n{\n", width > MAX_LINE ? "\n\t" : "", args.s);
	text_free(&args);
}

void emit_end(struct gen *g)
{
	H(g, "}\n\n");
}

static void emit_lines(struct gen *g, const char *indent, const char *doc)
{
	for (const char *line = doc; *line;) {
		size_t len = strcspn(line, "\n");
		bool more = line[len] == '\n';
		H(g, "%.*s%s", (int)len, line, more ? "\n" : "");
		line += len + more;
		if (more)
			H(g, line[0] == '\n' ? "%s *" : "%s * ", indent);
	}
}

void emit_doc(struct gen *g, const char *indent, const char *doc)
{
	if (!doc)
		return;
	H(g, "%s/* ", indent);
	emit_lines(g, indent, doc);
	H(g, " */\n");
}

void emit_heading(struct gen *g, const struct node *n)
{
	H(g, "/* %s", n->display);
	if (n->doc) {
		H(g, "\n * ");
		emit_lines(g, "", n->doc);
	}
	H(g, " */\n");
}

bool emit_may(struct gen *g)
{
	if (++g->steps > MAX_STEPS || g->h.len > MAX_FILE || g->c.len > MAX_FILE)
		model_fail(g->m, "%s: the output gets too large", g->file->name);
	return !g->m->error[0];
}

static const struct {
	const char *tag, *type;
} scalars[] = {
	[T_BOOL] = {"bool", "bool"},
	[T_INT8] = {"i8", "int8_t"},
	[T_INT16] = {"i16", "int16_t"},
	[T_INT32] = {"i32", "int32_t"},
	[T_INT64] = {"i64", "int64_t"},
	[T_UINT8] = {"u8", "uint8_t"},
	[T_UINT16] = {"u16", "uint16_t"},
	[T_UINT32] = {"u32", "uint32_t"},
	[T_UINT64] = {"u64", "uint64_t"},
	[T_FLOAT32] = {"f32", "float"},
	[T_FLOAT64] = {"f64", "double"},
	[T_ENUM] = {"u16", "uint16_t"},
};

const char *scalar_tag(enum type_kind kind)
{
	return scalars[kind].tag;
}

const char *scalar_type(enum type_kind kind)
{
	return scalars[kind].type;
}

const struct node *need(struct gen *g, const struct node *user, const struct node *n, uint64_t id)
{
	static const struct node nowhere = {.c = "", .C = "", .display = ""};
	if (n && n->c)
		return n;
	model_fail(g->m, "%s: the request does not hold the declaration @0x%016llx", user->display,
		(unsigned long long)id);
	return &nowhere;
}

bool type_is_wrapped(const struct type *t)
{
	return t->kind == T_STRUCT || t->kind == T_INTERFACE ||
	       (t->kind == T_LIST && t->elem->kind == T_STRUCT);
}

const char *pointer_type(struct gen *g, const struct node *user, const struct type *t, char rb)
{
	switch (t->kind) {
	case T_TEXT:
		return "struct vat_text";
	case T_DATA:
		return "struct vat_data";
	case T_STRUCT:
		return S(g, "struct %s_%c", need(g, user, t->node, t->id)->c, rb);
	case T_INTERFACE:
		return S(g, "struct %s_c", need(g, user, t->node, t->id)->c);
	case T_CAPABILITY:
		return "struct vat_cap *";
	case T_ANY_STRUCT:
		return S(g, "struct vat_struct_%c", rb);
	case T_ANY_LIST:
		return S(g, "struct vat_list_%c", rb);
	case T_LIST:
		if (t->elem->kind == T_STRUCT)
			return S(g, "struct %s_list_%c",
				need(g, user, t->elem->node, t->elem->id)->c, rb);
		return S(g, "struct vat_list_%c", rb);
	default:
		return S(g, "struct vat_ptr_%c", rb);
	}
}

const char *elem_name(const struct type *t)
{
	if (t->kind == T_STRUCT || t->kind == T_ANY_STRUCT)
		return "VAT_ELEM_STRUCT";
	if (t->kind == T_VOID)
		return "VAT_ELEM_VOID";
	if (t->kind == T_BOOL)
		return "VAT_ELEM_BIT";
	if (t->kind == T_INT8 || t->kind == T_UINT8)
		return "VAT_ELEM_BYTE";
	if (t->kind == T_INT16 || t->kind == T_UINT16 || t->kind == T_ENUM)
		return "VAT_ELEM_TWO";
	if (t->kind == T_INT32 || t->kind == T_UINT32 || t->kind == T_FLOAT32)
		return "VAT_ELEM_FOUR";
	if (t->kind == T_INT64 || t->kind == T_UINT64 || t->kind == T_FLOAT64)
		return "VAT_ELEM_EIGHT";
	return "VAT_ELEM_POINTER";
}

const char *pointer_read(struct gen *g, const struct type *t, const char *ptr, const char *dflt)
{
	switch (t->kind) {
	case T_TEXT:
		return S(g, "vat_ptr_text(%s, %s)", ptr, dflt);
	case T_DATA:
		return S(g, "vat_ptr_data(%s, %s)", ptr, dflt);
	case T_STRUCT:
		return S(g, "vat_ptr_struct(%s, %s)", ptr, dflt);
	case T_LIST:
		return S(g, "vat_ptr_list(%s, %s, %s)", ptr, elem_name(t->elem), dflt);
	case T_INTERFACE:
	case T_CAPABILITY:
		return S(g, "vat_ptr_cap(%s)", ptr);
	case T_ANY_STRUCT:
		return S(g, "vat_ptr_struct(%s, NULL)", ptr);
	case T_ANY_LIST:
		return S(g, "vat_ptr_any_list(%s)", ptr);
	default:
		return ptr;
	}
}

const char *size_expr(struct gen *g, const struct node *n)
{
	bool fits = strlen(n->C) <= 30;
	return S(g, "%s_DATA_WORDS,%s%s_PTRS", n->C, fits ? " " : "\n\t\t\t", n->C);
}

/* The size of the struct that t is or is a list of. */
static const char *struct_size(struct gen *g, const struct type *t)
{
	const struct node *n = t->kind == T_LIST ? t->elem->node : t->node;
	if ((t->kind == T_LIST ? t->elem->kind : t->kind) == T_ANY_STRUCT)
		return "data_words, n_ptrs";
	return n && n->c ? size_expr(g, n) : "0, 0";
}

const char *pointer_edit(struct gen *g, const struct type *t, const char *ptr, const char *dflt)
{
	if (t->kind == T_STRUCT || t->kind == T_ANY_STRUCT)
		return S(g, "vat_get_struct_b(%s, %s, %s)", ptr, struct_size(g, t), dflt);
	if (t->elem->kind == T_STRUCT || t->elem->kind == T_ANY_STRUCT)
		return S(g, "vat_get_struct_list_b(%s, %s, %s)", ptr, struct_size(g, t), dflt);
	return S(g, "vat_get_list_b(%s, %s, %s)", ptr, elem_name(t->elem), dflt);
}

const char *pointer_init(struct gen *g, const struct type *t, const char *ptr)
{
	if (t->kind == T_STRUCT || t->kind == T_ANY_STRUCT)
		return S(g, "vat_init_struct(%s, %s)", ptr, struct_size(g, t));
	if (t->elem->kind == T_STRUCT || t->elem->kind == T_ANY_STRUCT)
		return S(g, "vat_init_struct_list(%s, %s, n)", ptr, struct_size(g, t));
	return S(g, "vat_init_list(%s, %s, n)", ptr, elem_name(t->elem));
}

void emit_return(struct gen *g, const char *type, const char *expr)
{
	bool fits = 8 + strlen(type) + strlen(" ret = {};") + strlen(expr) <= MAX_LINE;
	H(g, fits ? "\t%s ret = {%s};\n" : "\t%s ret = {\n\t\t%s};\n", type, expr);
	H(g, "\treturn ret;\n");
}
