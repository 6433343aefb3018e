/* SPDX-License-Identifier: MIT */
/*
 * Interfaces: the typed reference, the method table with its dispatch function, and the descriptor
 * that libvat works with.
 */
#include "emit.h"

/* Name of superclass i without the prefix of its file. */
static const char *short_name(const struct node *super)
{
	size_t len = strlen(super->file->c);
	return super->c + len + (super->c[len] == '_');
}

const char *super_member(struct gen *g, const struct node *n, size_t i)
{
	const struct node *super = need(g, n, n->supers[i].node, n->supers[i].id);
	if (!super->file)
		return "";
	const char *name = short_name(super);
	for (size_t j = 0; j < n->n_supers; j++) {
		const struct node *other = n->supers[j].node;
		if (j != i && other && other->file && !strcmp(short_name(other), name))
			return super->c; /* of the same name in another file */
	}
	return name_member(g->arena, name);
}

static void emit_struct(struct gen *g, const struct node *n, const char *name, const char *members)
{
	emit_claim(g, n, S(g, "struct %s", name));
	H(g, "struct %s {\n\t%s;\n};\n", name, members);
}

void emit_interface_types(struct gen *g, const struct node *n)
{
	const char *id = S(g, "%s_ID", n->C), *object = S(g, "%s_interface", n->c);
	emit_claim(g, n, id);
	emit_claim(g, n, object);
	emit_heading(g, n);
	H(g, "#define %s UINT64_C(0x%016llx)\n", id, (unsigned long long)n->id);
	emit_struct(g, n, S(g, "%s_c", n->c), "struct vat_cap *cap");
	for (size_t i = 0; i < n->n_methods; i++)
		emit_struct(
			g, n, S(g, "%s_%s_ctx", n->c, n->methods[i].name), "struct vat_ctx *ctx");
	H(g, "extern const struct vat_interface %s;\n\n", object);
}

/* A table is defined by every header that embeds it: those of two files whose interfaces extend
 * each other's could not include one another in any order that would do. */
void emit_interface_table(struct gen *g, const struct node *n)
{
	bool own = n->file == g->file->node;
	const char *table = S(g, "struct %s_impl", n->c), *guard = S(g, "%s_IMPL_", n->C);
	if (own) {
		emit_claim(g, n, table);
		emit_claim(g, n, guard);
	}
	H(g, "#ifndef %s\n#define %s\n", guard, guard);
	for (size_t i = 0; i < n->n_methods && !own; i++)
		H(g, "struct %s_%s_ctx;\n", n->c, n->methods[i].name);
	H(g, "%s {\n", table);
	for (size_t i = 0; i < n->n_supers; i++) {
		const char *member = super_member(g, n, i);
		if (own)
			emit_claim(g, n, S(g, "%s.%s", table, member));
		H(g, "\tstruct %s_impl %s;\n", need(g, n, n->supers[i].node, n->supers[i].id)->c,
			member);
	}
	for (size_t i = 0; i < n->n_methods; i++) {
		const char *member = name_member(g->arena, n->methods[i].name);
		if (own)
			emit_claim(g, n, S(g, "%s.%s", table, member));
		H(g, "\tvoid (*%s)(void *self, struct %s_%s_ctx cx);\n", member, n->c,
			n->methods[i].name);
	}
	if (!n->n_supers && !n->n_methods)
		H(g, "\tchar no_methods; /* an empty struct is not standard C */\n");
	H(g, "};\n#endif\n\n");
}

static void emit_dispatch(struct gen *g, const struct node *n)
{
	emit_claim(g, n, S(g, "%s_dispatch_", n->c));
	C(g,
		"static bool %s_dispatch_(const void *impl, void *self, uint16_t method,\n"
		"\tstruct vat_ctx *ctx)\n",
		n->c);
	if (!n->n_methods) {
		C(g, "{\n\t(void)impl;\n\t(void)self;\n\t(void)method;\n\t(void)ctx;\n\treturn "
		     "false;\n}\n\n");
		return;
	}
	C(g,
		"{\n\tconst struct %s_impl *table = (const struct %s_impl *)impl;\n"
		"\tswitch (method) {\n",
		n->c, n->c);
	for (size_t i = 0; i < n->n_methods; i++) {
		const char *member = name_member(g->arena, n->methods[i].name);
		C(g, "\tcase %zu: {\n", i);
		C(g, "\t\tstruct %s_%s_ctx cx = {ctx};\n", n->c, n->methods[i].name);
		C(g, "\t\tif (!table->%s)\n\t\t\treturn false;\n", member);
		C(g, "\t\ttable->%s(self, cx);\n\t\treturn true;\n\t}\n", member);
	}
	C(g, "\tdefault:\n\t\treturn false;\n\t}\n}\n\n");
}

static const char *size_of(struct gen *g, const struct node *n)
{
	return n ? S(g, "%u, %u", n->data_words, n->n_ptrs) : "0, 0";
}

static void emit_methods(struct gen *g, const struct node *n)
{
	emit_claim(g, n, S(g, "%s_methods_", n->c));
	C(g, "static const struct vat_method %s_methods_[] = {\n", n->c);
	for (size_t i = 0; i < n->n_methods; i++) {
		const struct method *m = &n->methods[i];
		C(g, "\t{\"%s\", %s, %s, %s},\n", m->schema_name, size_of(g, m->params),
			size_of(g, m->results), m->streaming ? "VAT_METHOD_STREAM" : "0");
	}
	C(g, "};\n\n");
}

static void emit_supers(struct gen *g, const struct node *n)
{
	emit_claim(g, n, S(g, "%s_supers_", n->c));
	C(g, "static const struct vat_super %s_supers_[] = {\n", n->c);
	for (size_t i = 0; i < n->n_supers; i++)
		C(g, "\t{&%s_interface, offsetof(struct %s_impl, %s)},\n",
			need(g, n, n->supers[i].node, n->supers[i].id)->c, n->c,
			super_member(g, n, i));
	C(g, "};\n\n");
}

void emit_interface_source(struct gen *g, const struct node *n)
{
	emit_dispatch(g, n);
	if (n->n_methods)
		emit_methods(g, n);
	if (n->n_supers)
		emit_supers(g, n);
	/* By position: C++17 has no designated initializers. */
	C(g, "const struct vat_interface %s_interface = {\n", n->c);
	C(g, "\tUINT64_C(0x%016llx), \"", (unsigned long long)n->id);
	for (const char *p = n->display; *p; p++)
		C(g, strchr("\"\\?", *p) ? "\\%c" : "%c", *p);
	C(g, "\",\n\t");
	C(g, n->n_methods ? "%s_methods_, %zu, " : "NULL, 0, ", n->c, n->n_methods);
	C(g, "%s_dispatch_, ", n->c);
	C(g, n->n_supers ? "%s_supers_, %zu};\n\n" : "NULL, 0};\n\n", n->c, n->n_supers);
}

/* Accessors of one call's context. */
static void emit_context(struct gen *g, const struct node *n, const struct method *m)
{
	const char *base = S(g, "%s_%s", n->c, m->name);
	const struct node *p = need(g, n, m->params, m->params_id);
	emit_fn(g, n, S(g, "struct %s_r", p->c), S(g, "%s_params", base), "struct %s_ctx cx", base);
	emit_return(g, S(g, "struct %s_r", p->c), "vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)");
	emit_end(g);
	if (m->streaming)
		return;
	const struct node *r = need(g, n, m->results, m->results_id);
	emit_fn(g, n, S(g, "struct %s_b", r->c), S(g, "%s_results", base), "struct %s_ctx cx",
		base);
	emit_return(g, S(g, "struct %s_b", r->c),
		S(g, "vat_get_struct_b(vat_ctx_results(cx.ctx), %s, NULL)", size_expr(g, r)));
	emit_end(g);
}

void emit_server_functions(struct gen *g, const struct node *n)
{
	const char *c = S(g, "struct %s_c", n->c);
	for (size_t i = 0; i < n->n_methods; i++)
		emit_context(g, n, &n->methods[i]);
	emit_fn(g, n, c, S(g, "%s_serve", n->c),
		"struct vat *v, const struct %s_impl *impl, void *self, void (*destroy)(void "
		"*self)",
		n->c);
	emit_return(g, c, S(g, "vat_serve(v, &%s_interface, impl, self, destroy)", n->c));
	emit_end(g);
}
