/* SPDX-License-Identifier: MIT */
/*
 * Generics.  All brands of a generic struct share its types; what its parameters stand for shows in
 * further accessors, named after the brand: a Map(Text, Foo) is a struct p_map_r, whose value
 * p_map_get_value() reads as AnyPointer and p_map_of_text_foo_get_value() as Foo.
 *
 * Each header defines the accessors of the brands that its declarations use, those inside each
 * other too.  Two headers may define the same ones, hence the #ifndef around each set.  They are
 * made before the header's #includes are written, because they may need more of those.
 */
#include "emit.h"

enum {
	MAX_BRAND_DEPTH = 8,
	MAX_BRAND_NAME = 300,
	MAX_NESTING = 2, /* brands in brackets of brands that get accessors: a struct may hold
			  * itself with ever deeper ones */
};

/* ---- what parameters stand for ----------------------------------------------------------------
 */

static const struct type any_type = {.kind = T_ANY};

static const struct brand_scope *find_scope(const struct brand *b, uint64_t id)
{
	for (size_t i = 0; b && i < b->n_scopes; i++)
		if (b->scopes[i].id == id)
			return &b->scopes[i];
	return NULL;
}

static const struct type *binding(const struct brand *b, uint64_t scope, size_t i)
{
	const struct brand_scope *s = find_scope(b, scope);
	return s && i < s->n_types ? &s->types[i] : &any_type;
}

static struct type substitute(
	struct gen *g, const struct type *t, const struct brand *env, unsigned depth);

/* The brand b as it is where the parameters in it are those of env. */
static struct brand *substitute_brand(
	struct gen *g, const struct brand *b, const struct brand *env, unsigned depth)
{
	if (!b || depth > MAX_BRAND_DEPTH || !emit_may(g))
		return NULL;
	struct brand *ret = ARENA_NEW(g->arena, struct brand, 1);
	ret->n_scopes = b->n_scopes;
	ret->scopes = ARENA_NEW(g->arena, struct brand_scope, b->n_scopes);
	for (size_t i = 0; i < b->n_scopes; i++) {
		struct brand_scope *to = &ret->scopes[i];
		const struct brand_scope *from = &b->scopes[i];
		*to = *from;
		to->inherit = false;
		if (from->inherit) {
			const struct brand_scope *outer = find_scope(env, from->id);
			to->types = outer ? outer->types : NULL;
			to->n_types = outer ? outer->n_types : 0;
			continue;
		}
		to->types = ARENA_NEW(g->arena, struct type, from->n_types);
		for (size_t j = 0; j < from->n_types; j++)
			to->types[j] = substitute(g, &from->types[j], env, depth + 1);
	}
	return ret;
}

static struct type substitute(
	struct gen *g, const struct type *t, const struct brand *env, unsigned depth)
{
	struct type ret = *t;
	if (depth > MAX_BRAND_DEPTH)
		return any_type;
	if (t->kind == T_ANY && t->param_scope)
		return *binding(env, t->param_scope, t->param_index);
	if (t->kind == T_LIST) {
		ret.elem = ARENA_NEW(g->arena, struct type, 1);
		*ret.elem = substitute(g, t->elem, env, depth + 1);
	}
	ret.brand = substitute_brand(g, t->brand, env, depth + 1);
	return ret;
}

static bool mentions_parameter(const struct type *t)
{
	while (t->kind == T_LIST)
		t = t->elem;
	return t->kind == T_ANY && t->param_scope;
}

/* ---- names ------------------------------------------------------------------------------------
 */

static const char *brand_name(
	struct gen *g, const struct node *n, const struct brand *b, unsigned depth);

static const char *type_name(
	struct gen *g, const struct node *user, const struct type *t, unsigned depth)
{
	static const char *const names[] = {[T_VOID] = "void",
		[T_TEXT] = "text",
		[T_DATA] = "data",
		[T_ANY] = "any",
		[T_CAPABILITY] = "cap",
		[T_ANY_STRUCT] = "any_struct",
		[T_ANY_LIST] = "any_list"};
	if (depth > MAX_BRAND_DEPTH || !emit_may(g))
		return "any";
	if (t->kind == T_LIST)
		return S(g, "list_%s", type_name(g, user, t->elem, depth + 1));
	if ((size_t)t->kind < ARRAY_SIZE(names) && names[t->kind])
		return names[t->kind];
	if (t->kind != T_ENUM && t->kind != T_STRUCT && t->kind != T_INTERFACE)
		return scalar_tag(t->kind);
	const struct node *n = need(g, user, t->node, t->id);
	if (!n->file)
		return "any";
	size_t prefix = n->file == user->file ? strlen(n->file->c) + 1 : 0;
	const char *more = t->brand ? brand_name(g, n, t->brand, depth + 1) : NULL;
	return S(g, "%s%s", n->c + prefix, more ? more : "");
}

/* "_of_text_foo": the parameters of n and of what it is declared in, outermost first; NULL if the
 * brand says nothing. The implicit parameters of a method are chosen with each call. */
static const char *brand_name(
	struct gen *g, const struct node *n, const struct brand *b, unsigned depth)
{
	const char *name = "";
	bool known = false;
	for (const struct node *s = n; s; s = s->scope) { /* as deep as scopes nest */
		if (s == n && !s->scope_id)
			continue;
		const char *part = "";
		for (size_t i = 0; i < s->n_params && emit_may(g); i++) {
			const struct type *t = binding(b, s->id, i);
			known |= t->kind != T_ANY;
			part = S(g, "%s_%s", part, type_name(g, n, t, depth));
			if (strlen(part) + strlen(name) > MAX_BRAND_NAME)
				return NULL;
		}
		name = S(g, "%s%s", part, name);
	}
	return known ? S(g, "_of%s", name) : NULL;
}

static const char *brand_key(
	struct gen *g, const struct node *n, const struct brand *b, unsigned depth);

/* What tells types apart whose names may be the same. */
static const char *type_key(struct gen *g, const struct type *t, unsigned depth)
{
	if (depth > MAX_BRAND_DEPTH || !emit_may(g))
		return "";
	if (t->kind == T_LIST)
		return S(g, "L%s", type_key(g, t->elem, depth + 1));
	const char *more = t->brand && t->node ? brand_key(g, t->node, t->brand, depth + 1) : "";
	return S(g, "%d:%llx%s", (int)t->kind, (unsigned long long)t->id, more);
}

static const char *brand_key(
	struct gen *g, const struct node *n, const struct brand *b, unsigned depth)
{
	const char *key = "";
	for (const struct node *s = n; s; s = s->scope)
		for (size_t i = 0; i < s->n_params && emit_may(g) && strlen(key) < 4000; i++)
			key = S(g, "%s,%s", key, type_key(g, binding(b, s->id, i), depth));
	return S(g, "(%s)", key);
}

/* ---- accessors --------------------------------------------------------------------------------
 */

static void touch(struct gen *g, const struct type *t)
{
	while (t->kind == T_LIST)
		t = t->elem;
	if (t->node)
		emit_touch(g, t->node);
}

/* Accessors of n's own fields and of its groups. n is copied for its name in messages. */
static void emit_set(struct gen *g, const struct node *n, const struct brand *b)
{
	for (size_t i = 0; i < n->n_fields && emit_may(g); i++) {
		struct field f = n->fields[i];
		if (f.group) { /* as deep as scopes nest */
			emit_set(g, f.group, b);
			continue;
		}
		if (!mentions_parameter(&f.type))
			continue;
		f.type = substitute(g, &f.type, b, 0);
		if (f.type.kind == T_ANY)
			continue;
		touch(g, &f.type);
		emit_field(g, n, &f);
		if (n->reaches)
			emit_pipe_field(g, n, &f);
	}
}

static bool has_set(const struct node *n, const struct brand *b)
{
	for (size_t i = 0; i < n->n_fields; i++) {
		const struct field *f = &n->fields[i];
		const struct type *t = &f->type;
		if (f->group ? has_set(f->group, b)
			     : mentions_parameter(t) &&
					binding(b, t->param_scope, t->param_index)->kind != T_ANY)
			return true;
	}
	return false;
}

/* How many brands are around the innermost one. */
static unsigned nesting(struct gen *g, const struct brand *b)
{
	unsigned most = 0;
	for (size_t i = 0; i < b->n_scopes; i++) {
		for (size_t j = 0; j < b->scopes[i].n_types && emit_may(g); j++) {
			const struct type *t = &b->scopes[i].types[j];
			while (t->kind == T_LIST)
				t = t->elem;
			if (t->brand) /* as deep as load-type.c or substitute() allow */
				most = MAX(most, 1 + nesting(g, t->brand));
		}
	}
	return most;
}

/* Enters the set; false if this file has it already. Names are claimed by the first file of a run
 * only. */
static bool claim_set(
	struct gen *g, const struct node *n, const struct brand *b, const char *of, bool *ret_first)
{
	const char *guard = S(g, "%s%s", n->c, of), *key = brand_key(g, n, b, 0);
	const char *other = name_set_add(&g->brands, guard, key);
	if (other && strcmp(other, key) != 0)
		model_fail(g->m,
			"%s: two brands of it become the C name %s; give something in one of "
			"them another with $Vat.name",
			n->display, guard);
	*ret_first = !other;
	return !name_set_add(&g->file_brands, guard, "");
}

static void emit_type_brands(struct gen *g, const struct type *t, unsigned depth);

static void emit_struct_brand(
	struct gen *g, const struct node *n, const struct brand *b, unsigned depth)
{
	const char *of = brand_name(g, n, b, 0);
	bool first;
	if (!of || depth > MAX_BRAND_DEPTH || !claim_set(g, n, b, of, &first))
		return;
	emit_touch(g, n);
	if (has_set(n, b)) {
		const char *guard = name_upper(g->arena, S(g, "%s%s_", n->c, of));
		if (first)
			emit_claim(g, n, guard);
		H(g, "#ifndef %s\n#define %s\n", guard, guard);
		g->of = of;
		g->repeated = !first;
		emit_set(g, n, b);
		g->of = "";
		g->repeated = false;
		H(g, "#endif\n\n");
	}
	for (size_t i = 0; i < n->n_fields && emit_may(g); i++) {
		if (n->fields[i].group)
			continue;
		struct type t = substitute(g, &n->fields[i].type, b, 0);
		emit_type_brands(g, &t, depth + 1);
	}
}

static void emit_method_brands(
	struct gen *g, const struct node *n, const struct brand *b, unsigned depth)
{
	for (size_t i = 0; i < n->n_methods && emit_may(g); i++) {
		const struct method *m = &n->methods[i];
		struct type t = {.kind = T_STRUCT, .id = m->params_id, .node = m->params};
		t.brand = substitute_brand(g, m->params_brand, b, 0);
		emit_type_brands(g, &t, depth + 1);
		t.node = m->results;
		t.brand = substitute_brand(g, m->results_brand, b, 0);
		emit_type_brands(g, &t, depth + 1);
	}
	for (size_t i = 0; i < n->n_supers && emit_may(g); i++) {
		struct type t = {.kind = T_INTERFACE, .node = n->supers[i].node};
		t.brand = substitute_brand(g, n->supers[i].brand, b, 0);
		emit_type_brands(g, &t, depth + 1);
	}
}

static void emit_type_brands(struct gen *g, const struct type *t, unsigned depth)
{
	while (t->kind == T_LIST)
		t = t->elem;
	if (!t->brand || !t->node || !t->node->c || depth > MAX_BRAND_DEPTH ||
		nesting(g, t->brand) > MAX_NESTING)
		return;
	for (size_t i = 0; i < t->brand->n_scopes; i++) /* what is inside the brackets */
		for (size_t j = 0; j < t->brand->scopes[i].n_types && emit_may(g); j++)
			emit_type_brands(g, &t->brand->scopes[i].types[j], depth + 1);
	if (t->kind == T_STRUCT) {
		emit_struct_brand(g, t->node, t->brand, depth);
	} else if (t->kind == T_INTERFACE) {
		const char *of = brand_name(g, t->node, t->brand, 0);
		bool first;
		if (of && claim_set(g, t->node, t->brand, of, &first))
			emit_method_brands(g, t->node, t->brand, depth);
	}
}

void emit_brands(struct gen *g, const struct node *n)
{
	static const struct brand nothing;
	for (size_t i = 0; i < n->n_fields && emit_may(g); i++) {
		struct type t = substitute(g, &n->fields[i].type, &nothing, 0);
		if (!n->fields[i].group)
			emit_type_brands(g, &t, 0);
	}
	if (n->kind == N_CONST)
		emit_type_brands(g, &n->type, 0);
	emit_method_brands(g, n, &nothing, 0);
}
