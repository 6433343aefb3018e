/* SPDX-License-Identifier: MIT */
/*
 * Fields: getters, setters, init and edit.
 *
 * A getter of an inactive union member must give the member's default.  It reads from a copy of the
 * handle whose sections are cut to nothing: what lies outside a section reads as the default
 * anyway.
 */
#include "emit.h"
#include "resolve.h"

/* Names of one field's functions: "p_foo_get_x". */
static const char *fn(struct gen *g, const struct node *n, const char *verb, const struct field *f)
{
	return S(g, "%s%s_%s_%s", n->c, g->of, verb, f->name);
}

static const char *which_name(struct gen *g, const struct node *n, const struct field *f)
{
	return S(g, "%s_WHICH_%s", n->C, name_upper(g->arena, f->name));
}

/* Begins a getter; returns the expression for the struct to read from. */
static const char *begin_get(struct gen *g, const struct node *n, const struct field *f,
	const char *ret, const char *verb)
{
	emit_fn(g, n, ret, fn(g, n, verb, f), "struct %s_r r", n->c);
	if (f->discriminant == NO_DISCRIMINANT)
		return "r.s";
	H(g, "\tstruct vat_struct_r s = r.s;\n");
	if (*g->of) /* the functions of n may be yet to come, when headers include each other */
		H(g, "\tif (vat_r_u16(s, %u, 0) != %s)\n\t\ts.data_bits = s.n_ptrs = 0;\n",
			n->discriminant_offset, which_name(g, n, f));
	else
		H(g, "\tif (%s_which(r) != %s)\n\t\ts.data_bits = s.n_ptrs = 0;\n", n->c,
			which_name(g, n, f));
	return "s";
}

/* Begins a function on the builder that makes f the active member. */
static void begin_set(struct gen *g, const struct node *n, const struct field *f, const char *ret,
	const char *verb, const char *more_args)
{
	emit_fn(g, n, ret, fn(g, n, verb, f), "struct %s_b b%s", n->c, more_args);
	if (f->discriminant == NO_DISCRIMINANT)
		return;
	if (*g->of)
		H(g, "\tvat_w_u16(b.s, %u, %s, 0);\n", n->discriminant_offset, which_name(g, n, f));
	else
		H(g, "\t%s_choose_(b, %s);\n", n->c, which_name(g, n, f));
}

/* The same, but what another member left in the shared pointer is removed. */
static void begin_edit(struct gen *g, const struct node *n, const struct field *f, const char *ret,
	const char *name, const char *more_args)
{
	emit_fn(g, n, ret, name, "struct %s_b b%s", n->c, more_args);
	if (f->discriminant == NO_DISCRIMINANT)
		return;
	if (*g->of)
		H(g,
			"\tif (vat_r_u16(vat_struct_b_r(b.s), %u, 0) != %s)\n"
			"\t\tvat_set_null(vat_ptr_at_b(b.s, %u));\n"
			"\tvat_w_u16(b.s, %u, %s, 0);\n",
			n->discriminant_offset, which_name(g, n, f), f->offset,
			n->discriminant_offset, which_name(g, n, f));
	else
		H(g, "\tif (%s_choose_(b, %s))\n\t\tvat_set_null(vat_ptr_at_b(b.s, %u));\n", n->c,
			which_name(g, n, f), f->offset);
}

static void emit_value(struct gen *g, const struct type *t, const char *type, const char *expr)
{
	if (type_is_wrapped(t))
		emit_return(g, type, expr);
	else
		H(g, "\treturn %s;\n", expr);
}

/* What init and edit need besides the builder: a size where the schema does not tell. */
static const char *size_args(const struct type *t)
{
	while (t->kind == T_LIST)
		t = t->elem;
	return t->kind == T_ANY_STRUCT ? ", uint16_t data_words, uint16_t n_ptrs" : "";
}

static void emit_void(struct gen *g, const struct node *n, const struct field *f)
{
	if (f->discriminant == NO_DISCRIMINANT)
		return;
	emit_doc(g, "", f->doc);
	begin_set(g, n, f, "void", "set", "");
	emit_end(g);
}

static void emit_scalar(struct gen *g, const struct node *n, const struct field *f)
{
	const char *tag = scalar_tag(f->type.kind), *type = scalar_type(f->type.kind);
	const char *dflt = scalar_raw(g, f->type.kind, f->dflt.bits);
	emit_doc(g, "", f->doc);
	const char *s = begin_get(g, n, f, type, "get");
	H(g, "\treturn vat_r_%s(%s, %u, %s);\n", tag, s, f->offset, dflt);
	emit_end(g);
	begin_set(g, n, f, "void", "set", S(g, ", %s v", type));
	H(g, "\tvat_w_%s(b.s, %u, v, %s);\n", tag, f->offset, dflt);
	emit_end(g);
}

/* Inner lists of a List(List(T)) are reached by index: NAME_get_x_at(list, i) and so on, with one
 * more _at for each further level. */
static void emit_inner_lists(struct gen *g, const struct node *n, const struct field *f)
{
	const char *at = "at";
	for (const struct type *t = f->type.elem; t->kind == T_LIST;
		t = t->elem, at = S(g, "%s_at", at)) {
		const char *r = pointer_type(g, n, t, 'r'), *b = pointer_type(g, n, t, 'b');
		emit_fn(g, n, r, S(g, "%s_%s", fn(g, n, "get", f), at),
			"struct vat_list_r list, uint32_t i");
		const char *expr = pointer_read(g, t, "vat_list_ptr(list, i)", "NULL");
		emit_value(g, t, r, expr);
		emit_end(g);
		emit_fn(g, n, b, S(g, "%s_%s", fn(g, n, "edit", f), at),
			"struct vat_list_b list, uint32_t i%s", size_args(t));
		expr = pointer_edit(g, t, "vat_list_ptr_b(list, i)", "NULL");
		emit_value(g, t, b, expr);
		emit_end(g);
		emit_fn(g, n, b, S(g, "%s_%s", fn(g, n, "init", f), at),
			"struct vat_list_b list, uint32_t i%s, uint32_t n", size_args(t));
		expr = pointer_init(g, t, "vat_list_ptr_b(list, i)");
		emit_value(g, t, b, expr);
		emit_end(g);
	}
}

static void emit_pointer_builders(struct gen *g, const struct node *n, const struct field *f,
	const char *ptr, const char *dflt)
{
	const struct type *t = &f->type;
	const char *b = pointer_type(g, n, t, 'b');
	if (t->kind == T_DATA) {
		begin_set(g, n, f, "void *", "init", ", uint32_t n");
		H(g, "\treturn vat_init_data(%s, n);\n", ptr);
		emit_end(g);
	} else if (t->kind == T_ANY || t->kind == T_ANY_LIST) {
		begin_edit(g, n, f, "struct vat_ptr_b", S(g, "%s_b", fn(g, n, "get", f)), "");
		H(g, "\treturn %s;\n", ptr);
		emit_end(g);
	} else if (t->kind == T_STRUCT || t->kind == T_LIST || t->kind == T_ANY_STRUCT) {
		const char *size = size_args(t);
		begin_set(g, n, f, b, "init",
			S(g, "%s%s", size, t->kind == T_LIST ? ", uint32_t n" : ""));
		emit_value(g, t, b, pointer_init(g, t, ptr));
		emit_end(g);
		begin_edit(g, n, f, b, fn(g, n, "edit", f), size);
		emit_value(g, t, b, pointer_edit(g, t, ptr, dflt));
		emit_end(g);
	}
}

static void emit_pointer(struct gen *g, const struct node *n, const struct field *f)
{
	static const struct {
		enum type_kind kind;
		const char *setter, *member;
	} setters[] = {{T_TEXT, "text", ""}, {T_DATA, "data", ""}, {T_STRUCT, "struct", ".s"},
		{T_LIST, "list", ""}, {T_INTERFACE, "cap", ".cap"}, {T_CAPABILITY, "cap", ""},
		{T_ANY, "ptr", ""}, {T_ANY_STRUCT, "struct", ""}, {T_ANY_LIST, "list", ""}};
	const struct type *t = &f->type;
	const char *r = pointer_type(g, n, t, 'r'), *dflt = emit_default(g, n, f);
	if (!*g->of)
		emit_doc(g, "", f->doc);
	const char *s = begin_get(g, n, f, r, "get");
	emit_value(g, t, r, pointer_read(g, t, S(g, "vat_ptr_at(%s, %u)", s, f->offset), dflt));
	emit_end(g);
	if (!*g->of) {
		s = begin_get(g, n, f, "bool", "has");
		H(g, "\treturn !vat_ptr_is_null(vat_ptr_at(%s, %u));\n", s, f->offset);
		emit_end(g);
	}
	const char *ptr = S(g, "vat_ptr_at_b(b.s, %u)", f->offset);
	for (size_t i = 0; i < ARRAY_SIZE(setters); i++) {
		if (setters[i].kind != t->kind)
			continue;
		bool pointer = r[strlen(r) - 1] == '*';
		begin_set(g, n, f, "void", "set", S(g, ", %s%sv", r, pointer ? "" : " "));
		const char *member =
			t->kind == T_LIST && type_is_wrapped(t) ? ".l" : setters[i].member;
		H(g, "\tvat_set_%s(%s, v%s);\n", setters[i].setter, ptr, member);
		emit_end(g);
	}
	emit_pointer_builders(g, n, f, ptr, dflt);
	if (t->kind == T_LIST)
		emit_inner_lists(g, n, f);
}

/* Zeroes what belongs to the group; unions overlap, so a slot may be zeroed twice. */
static void emit_zero(struct gen *g, const struct node *group)
{
	if (group->n_discriminants)
		H(g, "\tvat_w_u16(b.s, %u, 0, 0);\n", group->discriminant_offset);
	for (size_t i = 0; i < group->n_fields; i++) {
		const struct field *f = &group->fields[i];
		if (f->group) /* as deep as scopes nest */
			emit_zero(g, f->group);
		else if (type_is_pointer(f->type.kind))
			H(g, "\tvat_set_null(vat_ptr_at_b(b.s, %u));\n", f->offset);
		else if (f->type.kind == T_BOOL)
			H(g, "\tvat_w_bool(b.s, %u, false, false);\n", f->offset);
		else if (f->type.kind != T_VOID)
			H(g, "\tvat_w_u%u(b.s, %u, 0, 0);\n", type_data_bits(f->type.kind),
				f->offset);
	}
}

static void emit_group(struct gen *g, const struct node *n, const struct field *f)
{
	const char *r = S(g, "struct %s_r", f->group->c), *b = S(g, "struct %s_b", f->group->c);
	emit_doc(g, "", f->doc);
	const char *s = begin_get(g, n, f, r, "get");
	emit_return(g, r, s);
	emit_end(g);
	begin_set(g, n, f, b, "init", "");
	emit_zero(g, f->group);
	emit_return(g, b, "b.s");
	emit_end(g);
	emit_fn(g, n, b, fn(g, n, "edit", f), "struct %s_b b", n->c);
	if (f->discriminant != NO_DISCRIMINANT)
		H(g, "\tif (vat_r_u16(vat_struct_b_r(b.s), %u, 0) != %s)\n\t\treturn %s(b);\n",
			n->discriminant_offset, which_name(g, n, f), fn(g, n, "init", f));
	emit_return(g, b, "b.s");
	emit_end(g);
}

void emit_field(struct gen *g, const struct node *n, const struct field *f)
{
	if (f->group)
		emit_group(g, n, f);
	else if (f->type.kind == T_VOID)
		emit_void(g, n, f);
	else if (type_is_pointer(f->type.kind))
		emit_pointer(g, n, f);
	else
		emit_scalar(g, n, f);
}
