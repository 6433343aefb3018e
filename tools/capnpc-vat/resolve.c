/* SPDX-License-Identifier: MIT */
/*
 * References between declarations.  What the emitting half takes for granted is refused here when
 * it is not so: a group belongs to exactly one field of the struct around it, unnamed parameter
 * structs to one method, slots lie inside their struct, scopes end at a file.
 */
#include "resolve.h"

enum { MAX_SCOPES = 64 };

struct node *model_find(const struct model *m, uint64_t id)
{
	size_t low = 0, high = m->n_nodes;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (m->nodes[mid].id == id)
			return &m->nodes[mid];
		if (m->nodes[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

unsigned type_data_bits(enum type_kind kind)
{
	static const uint8_t bits[] = {
		[T_BOOL] = 1,
		[T_INT8] = 8,
		[T_UINT8] = 8,
		[T_INT16] = 16,
		[T_UINT16] = 16,
		[T_ENUM] = 16,
		[T_INT32] = 32,
		[T_UINT32] = 32,
		[T_FLOAT32] = 32,
		[T_INT64] = 64,
		[T_UINT64] = 64,
		[T_FLOAT64] = 64,
	};
	return (size_t)kind < ARRAY_SIZE(bits) ? bits[kind] : 0;
}

bool type_is_pointer(enum type_kind kind)
{
	return kind != T_VOID && !type_data_bits(kind);
}

int resolve_group(struct model *m, struct node *parent, struct field *f, uint64_t id)
{
	struct node *g = model_find(m, id);
	if (!g || g->kind != N_STRUCT || !g->is_group || g->scope_id != parent->id || g->attached)
		return model_fail(m, "%s.%s: not a group of this struct", parent->display, f->name);
	if (g->data_words != parent->data_words || g->n_ptrs != parent->n_ptrs)
		return model_fail(
			m, "%s.%s: a group larger than its struct", parent->display, f->name);
	g->attached = true;
	g->local_name = f->name;
	g->annotated = NULL;
	f->group = g;
	return 0;
}

int resolve_slot(struct model *m, struct node *parent, struct field *f)
{
	uint64_t bits = type_data_bits(f->type.kind), end = (f->offset + UINT64_C(1)) * bits;
	bool outside = type_is_pointer(f->type.kind) ? f->offset >= parent->n_ptrs
						     : end > parent->data_words * UINT64_C(64);
	if (outside)
		return model_fail(m, "%s.%s: outside the struct", parent->display, f->name);
	return 0;
}

/* The struct of a method's parameters or results; an unnamed one (scope 0) gets its name here. */
static int resolve_params(struct model *m, struct node *iface, const struct method *method,
	uint64_t id, const char *suffix, struct node **ret)
{
	struct node *n = model_find(m, id);
	*ret = n;
	if (!n)
		return 0;
	if (n->kind != N_STRUCT || n->is_group)
		return model_fail(m, "%s.%s: parameters that are no struct", iface->display,
			method->schema_name);
	if (n->scope_id)
		return 0;
	if (n->attached)
		return model_fail(m, "%s: parameters of two methods", n->display);
	n->attached = true;
	n->scope = iface;
	n->local_name = arena_printf(m->arena, "%s_%s", method->name, suffix);
	n->annotated = NULL;
	return 0;
}

int resolve_method(struct model *m, struct node *iface, struct method *method)
{
	int r = resolve_params(m, iface, method, method->params_id, "params", &method->params);
	if (r < 0)
		return r;
	method->streaming = method->results_id == ID_STREAM_RESULT;
	if (method->streaming)
		return 0;
	return resolve_params(m, iface, method, method->results_id, "results", &method->results);
}

int resolve_nested(struct model *m, struct node *parent, uint64_t id, struct node **ret)
{
	struct node *n = model_find(m, id);
	*ret = NULL;
	if (!n)
		return 0;
	if (n->kind == N_FILE || n->scope_id != parent->id || n->is_group || n->attached)
		return model_fail(m, "%s: not nested in %s", n->display, parent->display);
	n->attached = true;
	*ret = n;
	return 0;
}

static int resolve_brand(struct model *m, const struct node *user, struct brand *b);

static int resolve_type(struct model *m, const struct node *user, struct type *t)
{
	while (t->kind == T_LIST)
		t = t->elem;
	static const struct {
		enum type_kind type;
		enum node_kind node;
	} kinds[] = {{T_ENUM, N_ENUM}, {T_STRUCT, N_STRUCT}, {T_INTERFACE, N_INTERFACE}};
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (t->kind != kinds[i].type)
			continue;
		t->node = model_find(m, t->id);
		if (t->node && (t->node->kind != kinds[i].node || t->node->is_group))
			return model_fail(
				m, "%s: %s is of another kind", user->display, t->node->display);
	}
	return resolve_brand(m, user, t->brand);
}

/* As deep as load-type.c allows. */
static int resolve_brand(struct model *m, const struct node *user, struct brand *b)
{
	for (size_t i = 0; b && i < b->n_scopes; i++)
		for (size_t j = 0; j < b->scopes[i].n_types; j++)
			if (resolve_type(m, user, &b->scopes[i].types[j]) < 0)
				return -EBADMSG;
	return 0;
}

static int resolve_types(struct model *m, struct node *n)
{
	for (size_t i = 0; i < n->n_fields; i++)
		if (!n->fields[i].group && resolve_type(m, n, &n->fields[i].type) < 0)
			return -EBADMSG;
	if (n->kind == N_CONST && resolve_type(m, n, &n->type) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < n->n_methods; i++)
		if (resolve_brand(m, n, n->methods[i].params_brand) < 0 ||
			resolve_brand(m, n, n->methods[i].results_brand) < 0)
			return -EBADMSG;
	for (size_t i = 0; i < n->n_supers; i++) {
		if (n->supers[i].node && n->supers[i].node->kind != N_INTERFACE)
			return model_fail(
				m, "%s extends something that is no interface", n->display);
		if (resolve_brand(m, n, n->supers[i].brand) < 0)
			return -EBADMSG;
	}
	return 0;
}

int resolve_scopes(struct model *m)
{
	for (size_t i = 0; i < m->n_nodes; i++)
		if (m->nodes[i].scope_id)
			m->nodes[i].scope = model_find(m, m->nodes[i].scope_id);
	for (size_t i = 0; i < m->n_nodes; i++) {
		struct node *n = &m->nodes[i], *top = n;
		unsigned depth = 0;
		while (top->scope && depth++ < MAX_SCOPES)
			top = top->scope;
		if (top->scope)
			return model_fail(m, "%s: nested too deeply", n->display);
		n->file = top->kind == N_FILE ? top : NULL;
		if (resolve_types(m, n) < 0)
			return -EBADMSG;
	}
	return 0;
}

static bool field_reaches(const struct field *f)
{
	if (f->group)
		return f->group->reaches;
	switch (f->type.kind) {
	case T_INTERFACE:
	case T_CAPABILITY:
	case T_ANY:
		return true;
	case T_STRUCT:
		return f->type.node && f->type.node->reaches;
	default:
		return false;
	}
}

/* Passes until nothing changes: as many as structs nest in the worst order. A schema that needs
 * more than a few is not written by people; then all that is left counts as reaching. */
void resolve_reach(struct model *m)
{
	enum { MAX_PASSES = 100 };
	bool changed = true;
	for (unsigned pass = 0; changed && pass <= MAX_PASSES; pass++) {
		changed = false;
		for (size_t i = 0; i < m->n_nodes; i++) {
			struct node *n = &m->nodes[i];
			if (n->kind != N_STRUCT || n->reaches)
				continue;
			for (size_t j = 0; j < n->n_fields && !n->reaches; j++)
				n->reaches = pass == MAX_PASSES || field_reaches(&n->fields[j]);
			changed |= n->reaches;
		}
	}
}
