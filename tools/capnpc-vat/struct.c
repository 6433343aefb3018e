/* SPDX-License-Identifier: MIT */
/*
 * Structs and groups: the wrapper types, sizes, the tag of an unnamed union, and the functions that
 * concern the struct as a whole.  A group is a struct that shares the sections of the one around
 * it: it has types and fields, but no size, no lists and no place of its own.
 */
#include "emit.h"
#include "resolve.h"

static void emit_wrapper(
	struct gen *g, const struct node *n, const char *suffix, const char *member)
{
	const char *name = S(g, "struct %s_%s", n->c, suffix);
	emit_claim(g, n, name);
	H(g, "%s {\n\tstruct vat_%s;\n};\n", name, member);
}

static void emit_which_values(struct gen *g, const struct node *n)
{
	H(g, "enum { /* %s_which() */\n", n->c);
	for (size_t i = 0; i < n->n_fields; i++) {
		const struct field *f = &n->fields[i];
		if (f->discriminant == NO_DISCRIMINANT)
			continue;
		const char *name = S(g, "%s_WHICH_%s", n->C, name_upper(g->arena, f->name));
		emit_claim(g, n, name);
		H(g, "\t%s = %u,\n", name, f->discriminant);
	}
	H(g, "};\n");
}

static bool has_union(const struct node *n)
{
	for (size_t i = 0; i < n->n_fields; i++)
		if (n->fields[i].discriminant != NO_DISCRIMINANT)
			return true;
	return false;
}

static void emit_define(struct gen *g, const struct node *n, const char *suffix, const char *value)
{
	const char *name = S(g, "%s_%s", n->C, suffix);
	emit_claim(g, n, name);
	H(g, "#define %s %s\n", name, value);
}

void emit_struct_types(struct gen *g, const struct node *n)
{
	emit_heading(g, n);
	emit_define(g, n, "TYPE_ID", S(g, "UINT64_C(0x%016llx)", (unsigned long long)n->id));
	if (!n->is_group) {
		emit_define(g, n, "DATA_WORDS", S(g, "%u", n->data_words));
		emit_define(g, n, "PTRS", S(g, "%u", n->n_ptrs));
	}
	emit_wrapper(g, n, "r", "struct_r s");
	emit_wrapper(g, n, "b", "struct_b s");
	if (n->reaches)
		emit_wrapper(g, n, "p", "pipe p");
	if (!n->is_group) {
		emit_wrapper(g, n, "list_r", "list_r l");
		emit_wrapper(g, n, "list_b", "list_b l");
	}
	if (has_union(n))
		emit_which_values(g, n);
	H(g, "\n");
}

/* The name of a field may be root. */
static const char *root_name(struct gen *g, const struct node *n, const char *verb)
{
	for (size_t i = 0; i < n->n_fields; i++)
		if (!strcmp(n->fields[i].name, "root"))
			return S(g, "%s_%s_message_root", n->c, verb);
	return S(g, "%s_%s_root", n->c, verb);
}

static void emit_roots(struct gen *g, const struct node *n)
{
	const char *r = S(g, "struct %s_r", n->c), *b = S(g, "struct %s_b", n->c);
	const char *size = size_expr(g, n);
	emit_fn(g, n, r, S(g, "%s_root", n->c), "struct vat_message *m");
	emit_return(g, r, "vat_ptr_struct(vat_root(m), NULL)");
	emit_end(g);
	emit_fn(g, n, b, root_name(g, n, "init"), "struct vat_message *m");
	emit_return(g, b, S(g, "vat_init_struct(vat_root_b(m), %s)", size));
	emit_end(g);
	emit_fn(g, n, b, root_name(g, n, "edit"), "struct vat_message *m");
	emit_return(g, b, S(g, "vat_get_struct_b(vat_root_b(m), %s, NULL)", size));
	emit_end(g);
	emit_fn(g, n, "void", root_name(g, n, "set"), "struct vat_message *m, %s v", r);
	H(g, "\tvat_set_struct(vat_root_b(m), v.s);\n");
	emit_end(g);
}

static void emit_places(struct gen *g, const struct node *n)
{
	const char *r = S(g, "struct %s_r", n->c), *b = S(g, "struct %s_b", n->c);
	const char *size = size_expr(g, n);
	emit_fn(g, n, r, S(g, "%s_from", n->c), "struct vat_ptr_r p");
	emit_return(g, r, "vat_ptr_struct(p, NULL)");
	emit_end(g);
	emit_fn(g, n, b, S(g, "%s_init", n->c), "struct vat_ptr_b p");
	emit_return(g, b, S(g, "vat_init_struct(p, %s)", size));
	emit_end(g);
	emit_roots(g, n);
	emit_fn(g, n, r, S(g, "%s_at", n->c), "struct %s_list_r list, uint32_t i", n->c);
	emit_return(g, r, "vat_list_struct(list.l, i)");
	emit_end(g);
	emit_fn(g, n, b, S(g, "%s_at_b", n->c), "struct %s_list_b list, uint32_t i", n->c);
	emit_return(g, b, "vat_list_struct_b(list.l, i)");
	emit_end(g);
	emit_fn(g, n, S(g, "struct %s_list_r", n->c), S(g, "%s_list_b_r", n->c),
		"struct %s_list_b list", n->c);
	emit_return(g, S(g, "struct %s_list_r", n->c), "vat_list_b_r(list.l)");
	emit_end(g);
}

/* NAME_choose_ switches the union to a member; true if another was active. */
static void emit_union(struct gen *g, const struct node *n)
{
	emit_fn(g, n, "uint16_t", S(g, "%s_which", n->c), "struct %s_r r", n->c);
	H(g, "\treturn vat_r_u16(r.s, %u, 0);\n", n->discriminant_offset);
	emit_end(g);
	emit_fn(g, n, "bool", S(g, "%s_choose_", n->c), "struct %s_b b, uint16_t which", n->c);
	H(g, "\tbool other = vat_r_u16(vat_struct_b_r(b.s), %u, 0) != which;\n",
		n->discriminant_offset);
	H(g, "\tvat_w_u16(b.s, %u, which, 0);\n\treturn other;\n", n->discriminant_offset);
	emit_end(g);
}

void emit_struct_functions(struct gen *g, const struct node *n)
{
	H(g, "/* ---- %s */\n\n", n->display);
	if (!n->is_group) {
		emit_places(g, n);
		emit_schema_function(g, n);
	}
	emit_fn(g, n, S(g, "struct %s_r", n->c), S(g, "%s_b_r", n->c), "struct %s_b b", n->c);
	emit_return(g, S(g, "struct %s_r", n->c), "vat_struct_b_r(b.s)");
	emit_end(g);
	if (has_union(n))
		emit_union(g, n);
	for (size_t i = 0; i < n->n_fields && emit_may(g); i++)
		emit_field(g, n, &n->fields[i]);
	for (size_t i = 0; i < n->n_fields && n->reaches && emit_may(g); i++)
		emit_pipe_field(g, n, &n->fields[i]);
}
