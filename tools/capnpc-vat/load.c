/* SPDX-License-Identifier: MIT */
/*
 * CodeGeneratorRequest -> model.
 *
 * Source: schema.capnp of Cap'n Proto.  The generator cannot use accessors that it would have to
 * generate first, so the few places needed are read by their offsets, each named here.  The request
 * is not trusted: lists are counted against one budget, names are checked, and the reader below
 * gives defaults where a pointer is bad, which the checks then refuse.
 */
#include "load.h"
#include "names.h"
#include "resolve.h"

#include <stdio.h>

enum { MAX_DOC = 4000 /* bytes of a comment */ };

int model_fail(struct model *m, const char *fmt, ...)
{
	if (!m->error[0]) {
		va_list ap;
		va_start(ap, fmt);
		vsnprintf(m->error, sizeof(m->error), fmt, ap);
		va_end(ap);
	}
	return -EBADMSG;
}

/* A copy that ends at the first NUL and holds nothing that could end a line or a comment. */
static const char *clean_text(struct loader *l, struct vat_text t)
{
	char *s = arena_printf(l->m->arena, "%.*s", (int)MIN(t.len, 1000u), t.s);
	for (char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '*')
			*p = '?';
	return s;
}

/* An empty prefix is refused too: it is all that keeps the names of two schemas apart in C, which
 * has no namespaces, and in a linker. */
static int bad_annotation(struct loader *l, uint64_t id, const char *of, const char *s)
{
	const char *name = id == ID_PREFIX ? "prefix" : "name";
	if (!*s)
		return model_fail(l->m,
			"%s: $Vat.%s(\"\") names nothing; leave it out to have the %s", of, name,
			id == ID_PREFIX ? "file's name as prefix" : "name as it is");
	return model_fail(l->m, "%s: $Vat.%s(\"%s\") is not a C name in snake_case", of, name, s);
}

/* Value of the annotation `id` in a list of Annotation {id u64 0; value ptr 0}; NULL if absent. */
static int load_annotation(
	struct loader *l, struct vat_list_r list, uint64_t id, const char *of, const char **ret)
{
	*ret = NULL;
	if (load_count(l, list.count) < 0)
		return -EBADMSG;
	for (uint32_t i = 0; i < list.count; i++) {
		struct vat_struct_r a = vat_list_struct(list, i);
		if (vat_r_u64(a, 0, 0) != id)
			continue;
		struct vat_struct_r v = vat_ptr_struct(vat_ptr_at(a, 0), NULL);
		const char *s = clean_text(l, vat_ptr_text(vat_ptr_at(v, 0), NULL));
		if (vat_r_u16(v, 0, 0) != T_TEXT || !name_is_plain(s))
			return bad_annotation(l, id, of, s);
		*ret = s;
	}
	return 0;
}

/* C name of a member: as annotated, or from its schema name. */
static int load_name(struct loader *l, const char *of, struct vat_text name,
	struct vat_list_r annotations, const char **ret)
{
	const char *s = clean_text(l, name), *annotated;
	if (load_annotation(l, annotations, ID_NAME, of, &annotated) < 0)
		return -EBADMSG;
	*ret = annotated ? annotated : name_snake(l->m->arena, s);
	if (!*ret)
		return model_fail(l->m, "%s: \"%s\" is not a name", of, s);
	return 0;
}

/* Field {name ptr 0; annotations ptr 1; discriminantValue u16 1 = 0xffff; tag u16 4:
 * slot {offset u32 1; type ptr 2; default ptr 3; hadExplicitDefault bit 128}, group {id u64 2}} */
static int load_field(struct loader *l, struct node *n, struct vat_struct_r s, struct field *f)
{
	struct vat_list_r annotations = load_list(s, 1);
	if (load_name(l, n->display, vat_ptr_text(vat_ptr_at(s, 0), NULL), annotations, &f->name) <
		0)
		return -EBADMSG;
	f->discriminant = vat_r_u16(s, 1, NO_DISCRIMINANT);
	if (f->discriminant != NO_DISCRIMINANT && !n->n_discriminants)
		return model_fail(l->m, "%s.%s: in a union that is not there", n->display, f->name);
	switch (vat_r_u16(s, 4, 0)) {
	case 0:
		break;
	case 1:
		return resolve_group(l->m, n, f, vat_r_u64(s, 2, 0));
	default:
		return model_fail(l->m, "%s.%s: unknown kind of field", n->display, f->name);
	}
	f->offset = vat_r_u32(s, 1, 0);
	if (load_type(l, n->display, vat_ptr_struct(vat_ptr_at(s, 2), NULL), 0, &f->type) < 0)
		return -EBADMSG;
	struct vat_struct_r v = vat_ptr_struct(vat_ptr_at(s, 3), NULL);
	if (load_value(l, n->display, v, f->type.kind, &f->dflt) < 0)
		return -EBADMSG;
	if (!vat_r_bool(s, 128, false))
		f->dflt.ptr = (struct vat_ptr_r){0};
	return resolve_slot(l->m, n, f);
}

static int load_struct(struct loader *l, struct node *n, struct vat_struct_r s)
{
	struct vat_list_r list = load_list(s, 3);
	if (load_count(l, list.count) < 0)
		return -EBADMSG;
	n->n_fields = list.count;
	n->fields = ARENA_NEW(l->m->arena, struct field, list.count);
	if (n->n_discriminants &&
		(n->discriminant_offset + UINT64_C(1)) * 16 > n->data_words * UINT64_C(64))
		return model_fail(l->m, "%s: the union's tag is outside the struct", n->display);
	for (uint32_t i = 0; i < list.count; i++)
		if (load_field(l, n, vat_list_struct(list, i), &n->fields[i]) < 0)
			return -EBADMSG;
	return 0;
}

static int load_enum(struct loader *l, struct node *n, struct vat_struct_r s)
{
	struct vat_list_r list = load_list(s, 3);
	if (load_count(l, list.count) < 0)
		return -EBADMSG;
	if (list.count > UINT16_MAX)
		return model_fail(l->m, "%s: too many enumerants", n->display);
	n->n_enumerants = list.count;
	n->enumerants = ARENA_NEW(l->m->arena, struct enumerant, list.count);
	for (uint32_t i = 0; i < list.count; i++) {
		struct vat_struct_r e =
			vat_list_struct(list, i); /* {name ptr 0; annotations ptr 1} */
		if (load_name(l, n->display, vat_ptr_text(vat_ptr_at(e, 0), NULL), load_list(e, 1),
			    &n->enumerants[i].name) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* Method {name ptr 0; annotations ptr 1; paramStructType u64 1; resultStructType u64 2; paramBrand
 * ptr 2; resultBrand ptr 3} */
static int load_method(struct loader *l, struct node *n, struct vat_struct_r s, struct method *m)
{
	struct vat_text name = vat_ptr_text(vat_ptr_at(s, 0), NULL);
	m->schema_name = clean_text(l, name);
	if (load_name(l, n->display, name, load_list(s, 1), &m->name) < 0)
		return -EBADMSG;
	if (!name_snake(l->m->arena, m->schema_name))
		return model_fail(l->m, "%s: \"%s\" is not a name", n->display, m->schema_name);
	m->params_id = vat_r_u64(s, 1, 0);
	m->results_id = vat_r_u64(s, 2, 0);
	if (load_brand(l, n->display, vat_ptr_at(s, 2), 0, &m->params_brand) < 0 ||
		load_brand(l, n->display, vat_ptr_at(s, 3), 0, &m->results_brand) < 0)
		return -EBADMSG;
	return resolve_method(l->m, n, m);
}

static int load_interface(struct loader *l, struct node *n, struct vat_struct_r s)
{
	struct vat_list_r methods = load_list(s, 3), supers = load_list(s, 4);
	if (load_count(l, methods.count) < 0 || load_count(l, supers.count) < 0)
		return -EBADMSG;
	if (methods.count > UINT16_MAX || supers.count > UINT16_MAX)
		return model_fail(l->m, "%s: too many methods", n->display);
	n->n_methods = methods.count;
	n->methods = ARENA_NEW(l->m->arena, struct method, methods.count);
	for (uint32_t i = 0; i < methods.count; i++)
		if (load_method(l, n, vat_list_struct(methods, i), &n->methods[i]) < 0)
			return -EBADMSG;
	n->n_supers = supers.count;
	n->supers = ARENA_NEW(l->m->arena, struct super, supers.count);
	for (uint32_t i = 0; i < supers.count; i++) {
		/* Superclass {id u64 0; brand ptr 0} */
		struct vat_struct_r super = vat_list_struct(supers, i);
		n->supers[i].id = vat_r_u64(super, 0, 0);
		n->supers[i].node = model_find(l->m, n->supers[i].id);
		if (load_brand(l, n->display, vat_ptr_at(super, 0), 0, &n->supers[i].brand) < 0)
			return -EBADMSG;
	}
	return 0;
}

static int load_body(struct loader *l, struct node *n, struct vat_struct_r s)
{
	switch (n->kind) {
	case N_STRUCT:
		return load_struct(l, n, s);
	case N_ENUM:
		return load_enum(l, n, s);
	case N_INTERFACE:
		return load_interface(l, n, s);
	case N_CONST:
		if (load_type(l, n->display, vat_ptr_struct(vat_ptr_at(s, 3), NULL), 0, &n->type) <
			0)
			return -EBADMSG;
		return load_value(l, n->display, vat_ptr_struct(vat_ptr_at(s, 4), NULL),
			n->type.kind, &n->value);
	case N_FILE:
	case N_ANNOTATION:
		break;
	}
	return 0;
}

/* Node {id u64 0; displayNamePrefixLength u32 2; tag u16 6; scopeId u64 2; displayName ptr 0;
 * nestedNodes ptr 1; annotations ptr 2; parameters ptr 5; struct {dataWordCount u16 7; pointerCount
 * u16 12; isGroup bit 224; discriminantCount u16 15; discriminantOffset u32 8}} */
static int load_head(struct loader *l, struct node *n, struct vat_struct_r s)
{
	n->id = vat_r_u64(s, 0, 0);
	n->scope_id = vat_r_u64(s, 2, 0);
	n->display = clean_text(l, vat_ptr_text(vat_ptr_at(s, 0), NULL));
	uint16_t tag = vat_r_u16(s, 6, 0);
	if (tag > N_ANNOTATION)
		return model_fail(l->m, "%s: unknown kind of declaration", n->display);
	n->kind = (enum node_kind)tag;
	if (n->kind == N_FILE && n->scope_id)
		return model_fail(l->m, "%s: a file in a scope", n->display);
	struct vat_list_r params = load_list(s, 5);
	if (load_count(l, params.count) < 0)
		return -EBADMSG;
	n->n_params = params.count;
	if (n->kind == N_STRUCT) {
		n->data_words = vat_r_u16(s, 7, 0);
		n->n_ptrs = vat_r_u16(s, 12, 0);
		n->is_group = vat_r_bool(s, 224, false);
		n->n_discriminants = vat_r_u16(s, 15, 0);
		n->discriminant_offset = vat_r_u32(s, 8, 0);
	}
	const char *local = n->display;
	if (n->kind == N_FILE) {
		local = strrchr(n->display, '/') ? strrchr(n->display, '/') + 1 : n->display;
		n->local_name = name_of_file(l->m->arena, local);
	} else {
		local += MIN(strlen(local), (size_t)vat_r_u32(s, 2, 0));
		n->local_name = name_snake(l->m->arena, local); /* NULL for parameter structs */
	}
	return load_annotation(l, load_list(s, 2), n->kind == N_FILE ? ID_PREFIX : ID_NAME,
		n->display, &n->annotated);
}

static int load_nested(struct loader *l, struct node *n, struct vat_struct_r s)
{
	struct vat_list_r list = load_list(s, 1); /* {name ptr 0; id u64 0} */
	if (load_count(l, list.count) < 0)
		return -EBADMSG;
	n->n_nested = list.count;
	n->nested = ARENA_NEW(l->m->arena, struct node *, list.count);
	for (uint32_t i = 0; i < list.count; i++) {
		struct vat_struct_r e = vat_list_struct(list, i);
		if (resolve_nested(l->m, n, vat_r_u64(e, 0, 0), &n->nested[i]) < 0)
			return -EBADMSG;
		names_note_nested(l->m, n->id, clean_text(l, vat_ptr_text(vat_ptr_at(e, 0), NULL)));
	}
	return 0;
}

/* RequestedFile {id u64 0; filename ptr 0; imports ptr 1}, Import {id u64 0; name ptr 0} */
static int load_files(struct loader *l, struct vat_list_r list)
{
	struct model *m = l->m;
	if (load_count(l, list.count) < 0)
		return -EBADMSG;
	m->n_files = list.count;
	m->files = ARENA_NEW(m->arena, struct file, list.count);
	for (uint32_t i = 0; i < list.count; i++) {
		struct vat_struct_r s = vat_list_struct(list, i);
		struct file *f = &m->files[i];
		f->name = clean_text(l, vat_ptr_text(vat_ptr_at(s, 0), NULL));
		f->node = model_find(m, vat_r_u64(s, 0, 0));
		if (!f->node || f->node->kind != N_FILE)
			return model_fail(m, "%s: the request does not hold this file", f->name);
		struct vat_list_r imports = load_list(s, 1);
		if (load_count(l, imports.count) < 0)
			return -EBADMSG;
		f->n_imports = imports.count;
		f->imports = ARENA_NEW(m->arena, struct import, imports.count);
		for (uint32_t j = 0; j < imports.count; j++) {
			struct vat_struct_r is = vat_list_struct(imports, j);
			f->imports[j].id = vat_r_u64(is, 0, 0);
			f->imports[j].name = clean_text(l, vat_ptr_text(vat_ptr_at(is, 0), NULL));
		}
	}
	return 0;
}

static int compare_nodes(const void *a, const void *b)
{
	const struct node *x = a, *y = b;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* A comment of the schema as one of C: nothing in it begins or ends a comment or a trigraph. */
static const char *clean_doc(struct loader *l, struct vat_text t)
{
	char *s = arena_printf(l->m->arena, "%.*s", (int)MIN(t.len, (uint32_t)MAX_DOC), t.s),
	     last = 0;
	size_t len = strlen(s);
	while (len && (s[len - 1] == '\n' || s[len - 1] == ' '))
		s[--len] = '\0';
	for (char *p = s; *p; p++) {
		bool control = ((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f;
		bool pair = (last == '*' && *p == '/') || (last == '/' && *p == '*') ||
			    (last == '?' && *p == '?');
		if (control || pair)
			*p = ' ';
		last = *p;
	}
	return len ? s : NULL;
}

static void load_member_doc(struct loader *l, struct node *n, uint32_t i, struct vat_struct_r s)
{
	const char *doc = clean_doc(l, vat_ptr_text(vat_ptr_at(s, 0), NULL));
	if (n->kind == N_STRUCT && i < n->n_fields)
		n->fields[i].doc = doc;
	else if (n->kind == N_ENUM && i < n->n_enumerants)
		n->enumerants[i].doc = doc;
	else if (n->kind == N_INTERFACE && i < n->n_methods)
		n->methods[i].doc = doc;
}

/* SourceInfo {id u64 0; docComment ptr 0; members ptr 1: {docComment ptr 0}}, members in the order
 * of those of the node */
static int load_docs(struct loader *l, struct vat_list_r list)
{
	if (load_count(l, list.count) < 0)
		return -EBADMSG;
	for (uint32_t i = 0; i < list.count; i++) {
		struct vat_struct_r s = vat_list_struct(list, i);
		struct node *n = model_find(l->m, vat_r_u64(s, 0, 0));
		struct vat_list_r members = load_list(s, 1);
		if (load_count(l, members.count) < 0)
			return -EBADMSG;
		if (!n)
			continue;
		n->doc = clean_doc(l, vat_ptr_text(vat_ptr_at(s, 0), NULL));
		for (uint32_t j = 0; j < members.count; j++)
			load_member_doc(l, n, j, vat_list_struct(members, j));
	}
	return 0;
}

/* The heads come first, so that bodies can refer to any node; sorting breaks the tie between a node
 * and its place in the request, which `body` keeps. */
static int load_nodes(struct loader *l, struct vat_list_r list)
{
	struct model *m = l->m;
	if (load_count(l, list.count) < 0)
		return -EBADMSG;
	m->nodes = ARENA_NEW(m->arena, struct node, list.count);
	for (uint32_t i = 0; i < list.count; i++) {
		m->nodes[i].body = vat_list_struct(list, i);
		if (load_head(l, &m->nodes[i], m->nodes[i].body) < 0)
			return -EBADMSG;
	}
	qsort(m->nodes, list.count, sizeof(*m->nodes), compare_nodes);
	m->n_nodes = list.count;
	for (size_t i = 1; i < m->n_nodes; i++)
		if (m->nodes[i].id == m->nodes[i - 1].id)
			return model_fail(m, "%s and %s have the same id", m->nodes[i - 1].display,
				m->nodes[i].display);
	for (size_t i = 0; i < m->n_nodes; i++)
		if (load_nested(l, &m->nodes[i], m->nodes[i].body) < 0 ||
			load_body(l, &m->nodes[i], m->nodes[i].body) < 0)
			return -EBADMSG;
	return 0;
}

int model_load(struct model *m, struct arena *a, struct vat_message *msg)
{
	struct name_set nested_names = {.arena = a};
	*m = (struct model){.arena = a, .msg = msg, .nested_names = &nested_names};
	struct loader l = {.m = m};
	/* CodeGeneratorRequest {nodes ptr 0; requestedFiles ptr 1; sourceInfo ptr 3} */
	struct vat_struct_r root = vat_ptr_struct(vat_root(msg), NULL);
	int r = load_nodes(&l, load_list(root, 0));
	if (r >= 0)
		r = load_docs(&l, load_list(root, 3));
	if (r >= 0)
		r = load_files(&l, load_list(root, 1));
	if (r >= 0)
		r = resolve_scopes(m);
	if (r >= 0)
		r = names_assign(m);
	if (r >= 0)
		resolve_reach(m);
	m->nested_names = NULL;
	if (r >= 0 && vat_message_error(msg))
		r = model_fail(m, "the request is damaged (fault %d)", vat_message_error(msg));
	return r;
}
