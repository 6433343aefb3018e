/* SPDX-License-Identifier: MIT */
/*
 * The schema at run time: the file's declarations and all that they need of others, as words of a
 * message in the generated source (vat/schema.h tells the form).
 *
 * Nodes are copied as they are, without comments and cut to the size they had in Cap'n Proto 0.9:
 * what later compilers add is about the source text, and would make the output depend on the
 * compiler.
 */
#include "emit.h"
#include "resolve.h"

enum { NODE_WORDS = 5, NODE_PTRS = 6, MAX_SCHEMA_WORDS = 4 << 20 };

struct closure {
	struct gen *g;
	struct node **list;
	size_t n;
};

static void add_node(struct closure *c, struct node *n)
{
	if (!n || n->schema_of == c->g->file)
		return;
	n->schema_of = c->g->file;
	c->list[c->n++] = n; /* each once, so there is room */
}

static void add_id(struct closure *c, uint64_t id)
{
	add_node(c, model_find(c->g->m, id));
}

static void add_type(struct closure *c, const struct type *t);

static void add_brand(struct closure *c, const struct brand *b)
{
	for (size_t i = 0; b && i < b->n_scopes; i++)
		for (size_t j = 0; j < b->scopes[i].n_types; j++)
			add_type(c, &b->scopes[i].types[j]);
}

static void add_type(struct closure *c, const struct type *t)
{
	while (t->kind == T_LIST)
		t = t->elem;
	add_node(c, t->node);
	add_brand(c, t->brand); /* as deep as load-type.c allows */
}

/* Annotation {id u64 0} */
static void add_annotations(struct closure *c, struct vat_struct_r s, uint16_t ptr)
{
	struct vat_list_r list = vat_ptr_list(vat_ptr_at(s, ptr), VAT_ELEM_STRUCT, NULL);
	for (uint32_t i = 0; i < list.count && emit_may(c->g); i++)
		add_id(c, vat_r_u64(vat_list_struct(list, i), 0, 0));
}

/* Fields, enumerants and methods are pointer 3 of a Node, their annotations pointer 1 or 2. */
static void add_member_annotations(struct closure *c, const struct node *n)
{
	if (n->kind != N_STRUCT && n->kind != N_ENUM && n->kind != N_INTERFACE)
		return;
	struct vat_list_r list = vat_ptr_list(vat_ptr_at(n->body, 3), VAT_ELEM_STRUCT, NULL);
	for (uint32_t i = 0; i < list.count && emit_may(c->g); i++)
		add_annotations(c, vat_list_struct(list, i), 1);
}

static void add_needs(struct closure *c, const struct node *n)
{
	for (size_t i = 0; i < n->n_fields && emit_may(c->g); i++) {
		add_node(c, n->fields[i].group);
		if (!n->fields[i].group)
			add_type(c, &n->fields[i].type);
	}
	for (size_t i = 0; i < n->n_methods && emit_may(c->g); i++) {
		const struct method *m = &n->methods[i];
		add_id(c, m->params_id);
		add_id(c, m->results_id);
		add_brand(c, m->params_brand);
		add_brand(c, m->results_brand);
	}
	for (size_t i = 0; i < n->n_supers; i++) {
		add_node(c, n->supers[i].node);
		add_brand(c, n->supers[i].brand);
	}
	add_type(c, &n->type);
	add_annotations(c, n->body, 2);
	add_member_annotations(c, n);
}

static int compare_ids(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;
	return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

static void copy_node(struct vat_struct_b to, struct vat_struct_r from)
{
	for (uint32_t i = 0; i < NODE_WORDS; i++)
		vat_w_u64(to, i, vat_r_u64(from, i, 0), 0);
	for (uint16_t i = 0; i < NODE_PTRS; i++)
		vat_set_ptr(vat_ptr_at_b(to, i), vat_ptr_at(from, i));
}

/* Into one segment, whose size is known beforehand. */
static struct vat_message *build(struct closure *c)
{
	uint64_t words = 8 + c->n * (NODE_WORDS + NODE_PTRS);
	for (size_t i = 0; i < c->n; i++)
		for (uint16_t j = 0; j < NODE_PTRS; j++)
			words += vat_ptr_total_words(vat_ptr_at(c->list[i]->body, j), NULL);
	if (words > MAX_SCHEMA_WORDS)
		return NULL;
	struct vat_message *m = vat_message_new((size_t)words, (size_t)words);
	if (!m)
		return NULL;
	struct vat_struct_b root = vat_init_struct(vat_root_b(m), 0, 1);
	struct vat_list_b list =
		vat_init_struct_list(vat_ptr_at_b(root, 0), NODE_WORDS, NODE_PTRS, (uint32_t)c->n);
	for (size_t i = 0; i < c->n; i++)
		copy_node(vat_list_struct_b(list, (uint32_t)i), c->list[i]->body);
	return m;
}

static void write_source(struct gen *g, const char *object, struct vat_message *m)
{
	size_t size = 0;
	const char *words = S(g, "%s_words_", object);
	uint8_t *framed = vat_message_flatten(m, &size);
	if (!framed || vat_message_error(m) || vat_message_segments(m) != 1) {
		model_fail(g->m, "%s: the schema is damaged or too large", g->file->name);
		free(framed);
		return;
	}
	emit_claim(g, g->file->node, words);
	C(g, "/* The schema at run time, in sections of its own: see vat/schema.h. */\n");
	C(g, "#ifndef VAT_NO_SCHEMAS\n");
	C(g,
		"__attribute__((section(\".rodata.%s\"), aligned(8))) static const "
		"uint64_t\n\t%s[] = {",
		words, words);
	for (size_t i = 1; i < size / 8; i++) {
		uint64_t word;
		memcpy(&word, framed + 8 * i, sizeof(word));
		C(g, i % 4 == 1 ? "\n\t0x%llx," : " 0x%llx,", (unsigned long long)word);
	}
	C(g, "\n};\n__attribute__((section(\".data.rel.ro.%s\")))\n", object);
	C(g, "const struct vat_schema_file %s = {\"", object);
	for (const char *p = g->file->node->display; *p; p++)
		C(g, strchr("\"\\?", *p) ? "\\%c" : "%c", *p);
	C(g, "\", %s, %zu};\n#endif\n", words, size / 8 - 1);
	free(framed);
}

void emit_schema(struct gen *g)
{
	const char *object = S(g, "%s_schema_file", g->file->node->c);
	struct closure c = {.g = g, .list = ARENA_NEW(g->arena, struct node *, g->m->n_nodes)};
	add_node(&c, (struct node *)g->file->node);
	for (size_t i = 0; i < g->n_list; i++)
		add_node(&c, g->list[i]);
	for (size_t i = 0; i < c.n && emit_may(g); i++)
		add_needs(&c, c.list[i]);
	qsort(c.list, c.n, sizeof(*c.list), compare_ids);
	struct vat_message *m = build(&c);
	if (m)
		write_source(g, object, m);
	else
		model_fail(g->m, "%s: the schema is too large", g->file->name);
	vat_message_free(m);
}

void emit_schema_types(struct gen *g)
{
	const char *object = S(g, "%s_schema_file", g->file->node->c);
	emit_claim(g, g->file->node, object);
	H(g, "extern const struct vat_schema_file %s;\n\n", object);
}

void emit_schema_function(struct gen *g, const struct node *n)
{
	if (n->is_group)
		return;
	emit_fn(g, n, "struct vat_schema", S(g, "%s_schema", n->c), "void");
	H(g, "\tstruct vat_schema ret = {&%s_schema_file, %s_TYPE_ID};\n\treturn ret;\n",
		g->file->node->c, n->C);
	emit_end(g);
}
