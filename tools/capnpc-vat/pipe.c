/* SPDX-License-Identifier: MIT */
/*
 * Pipelining through structs: struct NAME_p stands for a struct in results that are still to come,
 * and has a function for each field by which a capability can be reached.
 *
 * Nobody knows yet which member of a union there will be.  Its members are pipelined all the same:
 * where the results hold another one, what is found at the member's place decides, and a call on
 * what is no capability fails.
 */
#include "emit.h"

static void emit_step(struct gen *g, const struct node *n, const struct field *f, const char *type,
	const char *expr)
{
	const char *name = S(g, "%s%s_pipe_%s", n->c, g->of, f->name);
	emit_fn(g, n, type, name, "struct %s_p p", n->c);
	if (type[strlen(type) - 1] == '*')
		H(g, "\treturn %s;\n", expr);
	else
		emit_return(g, type, expr);
	emit_end(g);
}

void emit_pipe_field(struct gen *g, const struct node *n, const struct field *f)
{
	const char *cap = S(g, "vat_pipe_cap(p.p, %u)", f->offset);
	const struct node *to = f->type.node;
	if (f->group && f->group->reaches)
		emit_step(g, n, f, S(g, "struct %s_p", f->group->c), "p.p");
	if (f->group)
		return;
	if (f->type.kind == T_STRUCT && to && to->c && to->reaches)
		emit_step(g, n, f, S(g, "struct %s_p", to->c),
			S(g, "vat_pipe_at(p.p, %u)", f->offset));
	else if (f->type.kind == T_INTERFACE && to && to->c)
		emit_step(g, n, f, S(g, "struct %s_c", to->c), cap);
	else if (f->type.kind == T_ANY || f->type.kind == T_CAPABILITY)
		emit_step(g, n, f, "struct vat_cap *", cap);
}
