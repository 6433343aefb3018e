/* SPDX-License-Identifier: MIT */
/*
 * Types, brands and values of the request: see load.h.  They nest as deep as whoever made the
 * request likes, so that depth is limited here, and every type of a brand counts against the
 * budget.
 */
#include "load.h"

enum {
	MAX_ITEMS = 1 << 19, /* nodes, fields, methods ... of all declarations together */
	MAX_TYPE_DEPTH = 32, /* lists of lists, brands in brands */
};

int load_count(struct loader *l, size_t n)
{
	if (n > MAX_ITEMS - l->items)
		return model_fail(l->m, "the request is too large");
	l->items += n;
	return 0;
}

struct vat_list_r load_list(struct vat_struct_r s, uint16_t i)
{
	return vat_ptr_list(vat_ptr_at(s, i), VAT_ELEM_STRUCT, NULL);
}

/* anyPointer {tag u16 4: unconstrained {tag u16 5}, parameter {scopeId u64 2; index u16 5},
 * implicitMethodParameter} */
static void load_any(struct vat_struct_r s, struct type *ret)
{
	static const enum type_kind kinds[] = {T_ANY, T_ANY_STRUCT, T_ANY_LIST, T_CAPABILITY};
	uint16_t tag = vat_r_u16(s, 4, 0), sub = vat_r_u16(s, 5, 0);
	if (tag == 0 && sub < ARRAY_SIZE(kinds))
		ret->kind = kinds[sub];
	if (tag == 1) {
		ret->param_scope = vat_r_u64(s, 2, 0);
		ret->param_index = sub;
	}
}

/* Binding {tag u16 0: unbound, type ptr 0} */
static int load_binding(
	struct loader *l, const char *of, struct vat_struct_r s, unsigned depth, struct type *ret)
{
	*ret = (struct type){.kind = T_ANY};
	if (vat_r_u16(s, 0, 0) != 1)
		return 0;
	return load_type(l, of, vat_ptr_struct(vat_ptr_at(s, 0), NULL), depth, ret);
}

/* Brand {scopes ptr 0: Scope {scopeId u64 0; tag u16 4: bind ptr 0, inherit}} */
int load_brand(
	struct loader *l, const char *of, struct vat_ptr_r p, unsigned depth, struct brand **ret)
{
	struct vat_list_r scopes = load_list(vat_ptr_struct(p, NULL), 0);
	*ret = NULL;
	if (!scopes.count)
		return 0;
	if (depth > MAX_TYPE_DEPTH)
		return model_fail(l->m, "%s: types nested too deeply", of);
	if (load_count(l, scopes.count) < 0)
		return -EBADMSG;
	struct brand *b = ARENA_NEW(l->m->arena, struct brand, 1);
	b->n_scopes = scopes.count;
	b->scopes = ARENA_NEW(l->m->arena, struct brand_scope, scopes.count);
	for (uint32_t i = 0; i < scopes.count; i++) {
		struct vat_struct_r s = vat_list_struct(scopes, i);
		struct brand_scope *to = &b->scopes[i];
		to->id = vat_r_u64(s, 0, 0);
		to->inherit = vat_r_u16(s, 4, 0) == 1;
		struct vat_list_r list = load_list(s, 0);
		if (to->inherit || !list.count)
			continue;
		if (load_count(l, list.count) < 0)
			return -EBADMSG;
		to->n_types = list.count;
		to->types = ARENA_NEW(l->m->arena, struct type, list.count);
		for (uint32_t j = 0; j < list.count; j++)
			if (load_binding(
				    l, of, vat_list_struct(list, j), depth + 1, &to->types[j]) < 0)
				return -EBADMSG;
	}
	*ret = b;
	return 0;
}

/* Type {tag u16 0; typeId u64 1; elementType or brand ptr 0; anyPointer see above} */
int load_type(
	struct loader *l, const char *of, struct vat_struct_r s, unsigned depth, struct type *ret)
{
	for (;; depth++) {
		uint16_t tag = vat_r_u16(s, 0, 0);
		if (tag > T_ANY || depth > MAX_TYPE_DEPTH)
			return model_fail(l->m, "%s: unknown type %u", of, tag);
		*ret = (struct type){.kind = (enum type_kind)tag};
		if (tag == T_ANY)
			load_any(s, ret);
		if (tag == T_ENUM || tag == T_STRUCT || tag == T_INTERFACE) {
			ret->id = vat_r_u64(s, 1, 0);
			return load_brand(l, of, vat_ptr_at(s, 0), depth, &ret->brand);
		}
		if (tag != T_LIST)
			return 0;
		ret->elem = ARENA_NEW(l->m->arena, struct type, 1);
		ret = ret->elem;
		s = vat_ptr_struct(vat_ptr_at(s, 0), NULL);
	}
}

/* Value {tag u16 0; bool bit 16; 8 bits at u8 2, 16 at u16 1, 32 at u32 1, 64 at u64 1; ptr 0} */
int load_value(struct loader *l, const char *of, struct vat_struct_r s, enum type_kind kind,
	struct value *ret)
{
	uint16_t tag = vat_r_u16(s, 0, 0);
	if (tag != (kind > T_ANY ? (uint16_t)T_ANY : (uint16_t)kind))
		return model_fail(l->m, "%s: the value is of another type", of);
	switch (kind) {
	case T_BOOL:
		ret->bits = vat_r_bool(s, 16, false);
		break;
	case T_INT8:
	case T_UINT8:
		ret->bits = vat_r_u8(s, 2, 0);
		break;
	case T_INT16:
	case T_UINT16:
	case T_ENUM:
		ret->bits = vat_r_u16(s, 1, 0);
		break;
	case T_INT32:
	case T_UINT32:
	case T_FLOAT32:
		ret->bits = vat_r_u32(s, 1, 0);
		break;
	case T_INT64:
	case T_UINT64:
	case T_FLOAT64:
		ret->bits = vat_r_u64(s, 1, 0);
		break;
	case T_TEXT:
	case T_DATA:
	case T_LIST:
	case T_STRUCT:
		ret->ptr = vat_ptr_at(s, 0);
		break;
	case T_VOID:
	case T_INTERFACE:
	case T_ANY:
	case T_CAPABILITY:
	case T_ANY_STRUCT:
	case T_ANY_LIST:
		break; /* nothing but null can be written in a schema */
	}
	return 0;
}
