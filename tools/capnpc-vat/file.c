/* SPDX-License-Identifier: MIT */
/* One requested file: which declarations, in which order, with which includes. */
#include "emit.h"

enum { MAX_SUPER_DEPTH = 64, MAX_PATH_LEN = 1000 };

static void collect(struct gen *g, struct node *n);

static void collect_one(struct gen *g, struct node *n)
{
	g->list[g->n_list++] = n; /* each node has one owner, so there is room */
	collect(g, n);
}

/* Appends what is declared inside n; as deep as scopes nest. */
static void collect(struct gen *g, struct node *n)
{
	for (size_t i = 0; i < n->n_fields; i++)
		if (n->fields[i].group)
			collect_one(g, n->fields[i].group);
	for (size_t i = 0; i < n->n_methods; i++) {
		const struct method *m = &n->methods[i];
		if (m->params && m->params->scope == n && !m->params->scope_id)
			collect_one(g, m->params);
		if (m->results && m->results->scope == n && !m->results->scope_id)
			collect_one(g, m->results);
	}
	for (size_t i = 0; i < n->n_nested; i++)
		if (n->nested[i])
			collect_one(g, n->nested[i]);
}

/* ---- includes ------------------------------------------------------------------------------- */

/* Path of the header of another file: as this one imports it, else by its own name. */
static const char *header_path(struct gen *g, const struct node *file)
{
	const char *name = file->display;
	for (size_t i = 0; i < g->file->n_imports; i++)
		if (g->file->imports[i].id == file->id)
			name = g->file->imports[i].name;
	while (*name == '/')
		name++;
	if (strlen(name) > MAX_PATH_LEN || strpbrk(name, "\"\\"))
		model_fail(g->m, "%s: this import cannot be included", file->display);
	return name;
}

static void include(struct gen *g, struct name_set *seen, const struct node *used)
{
	if (!used || !used->file || used->file == g->file->node || used->id == ID_STREAM_RESULT)
		return;
	if (!name_set_add(seen, used->file->display, "") && !g->m->error[0])
		H(g, "#include \"%s.h\"\n", header_path(g, used->file));
}

static void include_type(struct gen *g, struct name_set *seen, const struct type *t)
{
	while (t->kind == T_LIST)
		t = t->elem;
	if (t->kind == T_STRUCT || t->kind == T_INTERFACE) /* enums are read as plain numbers */
		include(g, seen, t->node);
}

/* Results are pipelined one struct deep: that struct's capabilities may be of yet another file. */
static void include_results(
	struct gen *g, struct name_set *seen, const struct node *results, bool deep)
{
	if (!results)
		return;
	for (size_t i = 0; i < results->n_fields && emit_may(g); i++) {
		const struct field *f = &results->fields[i];
		if (f->group)
			include_results(g, seen, f->group, deep);
		else if (f->type.kind == T_INTERFACE)
			include(g, seen, f->type.node);
		else if (f->type.kind == T_STRUCT && deep)
			include_results(g, seen, f->type.node, false);
	}
}

static void include_used(struct gen *g, struct name_set *seen, const struct node *n)
{
	for (size_t i = 0; i < n->n_fields; i++)
		if (!n->fields[i].group)
			include_type(g, seen, &n->fields[i].type);
	if (n->kind == N_CONST)
		include_type(g, seen, &n->type);
	for (size_t i = 0; i < n->n_methods; i++) {
		include(g, seen, n->methods[i].params);
		include(g, seen, n->methods[i].results);
		include_results(g, seen, n->methods[i].results, true);
	}
}

/* ---- method tables -------------------------------------------------------------------------- */

/* A table holds those of its superclasses, which must be complete before it. */
static int emit_tables(struct gen *g, struct node *n, unsigned depth)
{
	if (n->kind != N_INTERFACE || n->mark == g->file)
		return 0;
	if (n->visiting)
		return model_fail(g->m, "%s inherits from itself", n->display);
	if (depth > MAX_SUPER_DEPTH)
		return model_fail(g->m, "%s inherits too deeply", n->display);
	n->visiting = true;
	for (size_t i = 0; i < n->n_supers; i++)
		if (n->supers[i].node && emit_tables(g, n->supers[i].node, depth + 1) < 0)
			return -EBADMSG;
	n->visiting = false;
	n->mark = g->file;
	emit_interface_table(g, n);
	return 0;
}

/* ---- the parts ------------------------------------------------------------------------------ */

static void emit_enum(struct gen *g, const struct node *n)
{
	emit_heading(g, n);
	H(g, "#define %s_TYPE_ID UINT64_C(0x%016llx)\n", n->C, (unsigned long long)n->id);
	emit_claim(g, n, S(g, "%s_TYPE_ID", n->C));
	emit_claim(g, n, S(g, "enum %s", n->c));
	if (n->n_enumerants) { /* C has no empty ones */
		H(g, "enum %s {\n", n->c);
		for (size_t i = 0; i < n->n_enumerants; i++) {
			const char *name =
				S(g, "%s_%s", n->C, name_upper(g->arena, n->enumerants[i].name));
			emit_claim(g, n, name);
			emit_doc(g, "\t", n->enumerants[i].doc);
			H(g, "\t%s = %zu,\n", name, i);
		}
		H(g, "};\n");
	}
	H(g, "\n");
}

static void emit_types(struct gen *g, const struct node *n)
{
	if (n->kind == N_ENUM)
		emit_enum(g, n);
	else if (n->kind == N_STRUCT)
		emit_struct_types(g, n);
	else if (n->kind == N_INTERFACE)
		emit_interface_types(g, n);
	else if (n->kind == N_CONST)
		emit_const(g, n);
}

static void emit_functions(struct gen *g, const struct node *n)
{
	if (n->kind == N_STRUCT) {
		emit_struct_functions(g, n);
	} else if (n->kind == N_INTERFACE) {
		emit_client_functions(g, n);
		emit_server_functions(g, n);
		emit_interface_source(g, n);
	} else if (n->kind == N_CONST) {
		emit_const_function(g, n);
	}
}

static void begin_c(struct gen *g)
{
	H(g, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
}

static void end_c(struct gen *g)
{
	H(g, "#ifdef __cplusplus\n}\n#endif\n\n");
}

/* Into a text of its own, which goes to the header's end; what it needs is noted in g->touched. */
static struct text make_brands(struct gen *g)
{
	struct text header = g->h;
	g->h = (struct text){0};
	g->file_brands = (struct name_set){.arena = g->arena};
	g->touched = NULL;
	for (size_t i = 0; i < g->n_list && emit_may(g); i++)
		emit_brands(g, g->list[i]);
	struct text brands = g->h;
	g->h = header;
	return brands;
}

void emit_touch(struct gen *g, const struct node *n)
{
	if (n->file == g->file->node)
		return;
	struct touched *t = ARENA_NEW(g->arena, struct touched, 1);
	*t = (struct touched){n, g->touched};
	g->touched = t;
}

static void emit_parts(struct gen *g, const struct text *brands)
{
	struct name_set seen = {.arena = g->arena};
	begin_c(g);
	emit_schema_types(g);
	for (size_t i = 0; i < g->n_list; i++)
		emit_types(g, g->list[i]);
	end_c(g);
	for (size_t i = 0; i < g->n_list; i++)
		for (size_t j = 0; j < g->list[i]->n_supers; j++)
			include(g, &seen, g->list[i]->supers[j].node);
	begin_c(g);
	for (size_t i = 0; i < g->n_list; i++)
		if (emit_tables(g, g->list[i], 0) < 0)
			return;
	end_c(g);
	for (size_t i = 0; i < g->n_list; i++)
		include_used(g, &seen, g->list[i]);
	for (struct touched *t = g->touched; t; t = t->next)
		include(g, &seen, t->node);
	begin_c(g);
	for (size_t i = 0; i < g->n_list; i++)
		if (g->list[i]->kind == N_INTERFACE)
			emit_client_requests(g, g->list[i]);
	for (size_t i = 0; i < g->n_list && !g->m->error[0]; i++)
		emit_functions(g, g->list[i]);
	H(g, "%s", brands->len ? brands->s : "");
	H(g, "#ifdef __cplusplus\n}\n#endif\n");
}

static void emit_header(struct gen *g)
{
	struct text brands = make_brands(g);
	emit_parts(g, &brands);
	text_free(&brands);
}

static bool has_streams(const struct gen *g)
{
	for (size_t i = 0; i < g->n_list; i++)
		for (size_t j = 0; j < g->list[i]->n_methods; j++)
			if (g->list[i]->methods[j].streaming)
				return true;
	return false;
}

int emit_file(struct gen *g, const struct file *f)
{
	if (!strcmp(f->node->c, "vat"))
		return model_fail(g->m,
			"%s: the prefix vat is the library's; choose another with $Vat.prefix",
			f->name);
	const char *base = strrchr(f->name, '/') ? strrchr(f->name, '/') + 1 : f->name;
	g->file = f;
	g->list = ARENA_NEW(g->arena, struct node *, g->m->n_nodes);
	g->n_list = 0;
	text_free(&g->h);
	text_free(&g->c);
	emit_claim(g, f->node, S(g, "file %s", f->name));
	collect(g, f->node);
	H(g, "/* Made by capnpc-vat from %s: do not edit. */\n#pragma once\n", f->name);
	H(g,
		"#include \"vat/message.h\"\n#include \"vat/rpc.h\"\n#include \"vat/schema.h\"\n"
		"%s\n",
		has_streams(g) ? "#include \"vat/stream.h\"\n" : "");
	C(g, "/* Made by capnpc-vat from %s: do not edit. */\n#include \"%s.h\"\n\n", f->name,
		base);
	emit_header(g);
	emit_schema(g);
	return g->m->error[0] ? -EBADMSG : 0;
}
