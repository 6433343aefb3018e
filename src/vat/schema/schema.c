/* SPDX-License-Identifier: MIT */
/*
 * Schemas at run time: see schema.h and schema-internal.h.
 *
 * Source: schema.capnp of Cap'n Proto; offsets are in units of the field's size, pointers by index.
 */
#include "base/macro.h"
#include "vat/schema/schema-internal.h"

enum { MAX_ANNOTATIONS = 1000 /* of one declaration, that are looked at */ };

static struct vat_list_r struct_list(struct vat_struct_r s, uint16_t i)
{
	return vat_ptr_list(vat_ptr_at(s, i), VAT_ELEM_STRUCT, NULL);
}

/* ---- sets ----------------------------------------------------------------------------------- */

static struct vat_schemas *new_set(size_t n)
{
	struct vat_schemas *s = n < 100000 ? calloc(1, sizeof(*s) + n * sizeof(s->parts[0])) : NULL;
	if (s)
		s->n = n;
	return s;
}

void vat_schemas_free(struct vat_schemas *s)
{
	for (size_t i = 0; s && i < s->n; i++)
		vat_message_free(s->parts[i].msg);
	free(s);
}

int vat_schemas_new(const struct vat_schema_file *const *files, size_t n, struct vat_schemas **ret)
{
	/* Read as often as need be: they are the program's own. */
	static const struct vat_read_limits limits = {
		.traversal_words = UINT64_MAX, .nesting = 1024};
	struct vat_schemas *s = n ? new_set(n) : NULL;
	if (!s)
		return n ? -ENOMEM : -EINVAL;
	for (size_t i = 0; i < n; i++) {
		const void *base = files[i]->words;
		struct schema_part *part = &s->parts[i];
		int r = vat_message_view(&base, &files[i]->n_words, 1, &limits, &part->msg);
		if (r < 0) {
			vat_schemas_free(s);
			return r;
		}
		part->nodes = struct_list(vat_ptr_struct(vat_root(part->msg), NULL), 0);
		if (!part->nodes.count) {
			vat_schemas_free(s);
			return -EINVAL;
		}
	}
	*ret = s;
	return 0;
}

/* The compiler writes the nodes in an order of its own: they are copied, sorted. */
struct unsorted {
	uint64_t id;
	uint32_t i;
};

static int compare(const void *a, const void *b)
{
	const struct unsorted *x = a, *y = b;
	return x->id < y->id ? -1 : x->id > y->id;
}

static int sort_nodes(struct vat_list_r from, struct vat_message *to)
{
	AUTO_FREE struct unsorted *order = calloc((size_t)from.count + 1, sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < from.count; i++)
		order[i] = (struct unsorted){vat_r_u64(vat_list_struct(from, i), 0, 0), i};
	qsort(order, from.count, sizeof(*order), compare);
	struct vat_struct_b root = vat_init_struct(vat_root_b(to), 0, 1);
	struct vat_list_b list = vat_init_struct_list(
		vat_ptr_at_b(root, 0), (uint16_t)(from.data_bits / 64), from.n_ptrs, from.count);
	for (uint32_t i = 0; i < from.count; i++) {
		struct vat_struct_r node = vat_list_struct(from, order[i].i);
		struct vat_struct_b b = vat_list_struct_b(list, i);
		for (uint32_t word = 0; word < from.data_bits / 64; word++)
			vat_w_u64(b, word, vat_r_u64(node, word, 0), 0);
		for (uint16_t ptr = 0; ptr < from.n_ptrs; ptr++)
			vat_set_ptr(vat_ptr_at_b(b, ptr), vat_ptr_at(node, ptr));
	}
	int e = vat_message_error(to);
	return e == -ENOMEM ? e : e ? -EBADMSG : 0;
}

int vat_schemas_parse(const void *data, size_t size, struct vat_schemas **ret)
{
	/* A compiler's request is a tree; where objects are used many times over, it would grow
	 * beyond measure. */
	struct vat_read_limits limits = {.traversal_words = 8 * (size / 8) + 1024};
	struct vat_message *m;
	size_t used;
	int r = vat_message_parse(data, size, &limits, &m, &used);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	struct vat_schemas *s = new_set(1);
	if (s)
		s->parts[0].msg = vat_message_new(0, 2 * (size / 8) + 1024);
	r = -ENOMEM;
	if (s && s->parts[0].msg) {
		struct vat_list_r nodes = struct_list(vat_ptr_struct(vat_root(m), NULL), 0);
		r = nodes.count ? sort_nodes(nodes, s->parts[0].msg) : -EBADMSG;
	}
	if (r == 0 && vat_message_error(m))
		r = -EBADMSG;
	vat_message_free(m);
	if (r < 0) {
		vat_schemas_free(s);
		return r;
	}
	s->parts[0].nodes = struct_list(vat_ptr_struct(vat_root(s->parts[0].msg), NULL), 0);
	*ret = s;
	return 0;
}

/* Node {id u64 0} */
static struct vat_struct_r find(struct vat_list_r nodes, uint64_t id)
{
	uint32_t low = 0, high = nodes.count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		struct vat_struct_r node = vat_list_struct(nodes, mid);
		uint64_t at = vat_r_u64(node, 0, 0);
		if (at == id)
			return node;
		if (at < id)
			low = mid + 1;
		else
			high = mid;
	}
	return (struct vat_struct_r){0};
}

struct vat_struct_r vat_schemas_node(const struct vat_schemas *s, uint64_t id)
{
	for (size_t i = 0; i < s->n; i++) {
		struct vat_struct_r node = find(s->parts[i].nodes, id);
		if (node.msg)
			return node;
	}
	return (struct vat_struct_r){0};
}

/* Node {tag u16 6; displayName ptr 0} */
uint64_t vat_schemas_struct_named(const struct vat_schemas *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++) {
		for (uint32_t j = 0; j < s->parts[i].nodes.count; j++) {
			struct vat_struct_r node = vat_list_struct(s->parts[i].nodes, j);
			struct vat_text t = vat_ptr_text(vat_ptr_at(node, 0), NULL);
			const char *colon = strchr(t.s, ':');
			if (colon && !strcmp(colon + 1, name) &&
				vat_r_u16(node, 6, 0) == SCHEMA_NODE_STRUCT)
				return vat_r_u64(node, 0, 0);
		}
	}
	return 0;
}

/* Annotation {id u64 0; value ptr 0} */
struct vat_ptr_r vat_schema_annotation(struct vat_ptr_r annotations, uint64_t id)
{
	struct vat_list_r list = vat_ptr_list(annotations, VAT_ELEM_STRUCT, NULL);
	for (uint32_t i = 0; i < MIN(list.count, (uint32_t)MAX_ANNOTATIONS); i++) {
		struct vat_struct_r a = vat_list_struct(list, i);
		if (vat_r_u64(a, 0, 0) == id)
			return vat_ptr_at(a, 0);
	}
	return (struct vat_ptr_r){0};
}

/* ---- declarations --------------------------------------------------------------------------- */

/* Type {struct {brand ptr 0: {scopes ptr 0}}};
 * Node {tag u16 6; struct {discriminantCount u16 15; discriminantOffset u32 8; fields ptr 3}} */
int schema_struct(const struct vat_schemas *s, const struct schema_type *t,
	struct schema_brand *own, struct schema_struct *ret)
{
	struct vat_struct_r node = vat_schemas_node(s, t->id);
	if (!node.msg || vat_r_u16(node, 6, 0) != SCHEMA_NODE_STRUCT)
		return -ENOENT;
	*ret = (struct schema_struct){
		.brand = t->brand,
		.fields = struct_list(node, 3),
		.has_union = vat_r_u16(node, 15, 0) != 0,
		.discriminant_offset = vat_r_u32(node, 8, 0),
	};
	if (t->type.msg) {
		struct vat_struct_r brand = vat_ptr_struct(vat_ptr_at(t->type, 0), NULL);
		*own = (struct schema_brand){struct_list(brand, 0), t->brand};
		ret->brand = own;
	}
	return 0;
}

/* What parameter `index` of the declaration `scope` is in *brand, which becomes the brand of that
 * type; a null struct if nothing is known. Brand.Scope {scopeId u64 0; tag u16 4: bind ptr 0,
 * inherit}, Binding {tag u16 0: unbound, type ptr 0} */
static struct vat_struct_r find_binding(
	const struct schema_brand **brand, uint64_t scope, uint16_t index)
{
	const struct schema_brand *b = *brand;
	for (uint32_t i = 0; b && i < b->scopes.count; i++) {
		struct vat_struct_r s = vat_list_struct(b->scopes, i);
		if (vat_r_u64(s, 0, 0) != scope)
			continue;
		if (vat_r_u16(s, 4, 0) == 1) { /* the same as further out */
			b = b->outer;
			i = UINT32_MAX;
			continue;
		}
		struct vat_struct_r binding = vat_list_struct(struct_list(s, 0), index);
		*brand = b->outer;
		if (vat_r_u16(binding, 0, 0) != 1)
			break;
		return vat_ptr_struct(vat_ptr_at(binding, 0), NULL);
	}
	return (struct vat_struct_r){0};
}

/* Type {tag u16 0; typeId u64 1; anyPointer {tag u16 4: parameter = 1 {scopeId u64 2; index u16
 * 5}}}
 */
struct schema_type schema_type(struct vat_struct_r type, const struct schema_brand *brand)
{
	while (type.msg && vat_r_u16(type, 0, 0) == SCHEMA_ANY && vat_r_u16(type, 4, 0) == 1) {
		type = find_binding(&brand, vat_r_u64(type, 2, 0), vat_r_u16(type, 5, 0));
		if (!type.msg) /* each turn goes one brand outwards */
			return (struct schema_type){.kind = SCHEMA_ANY};
	}
	uint16_t tag = vat_r_u16(type, 0, 0);
	return (struct schema_type){
		.kind = tag < SCHEMA_UNKNOWN ? (enum schema_kind)tag : SCHEMA_UNKNOWN,
		.id = vat_r_u64(type, 1, 0),
		.type = type,
		.brand = brand,
	};
}

struct schema_type schema_type_of(uint64_t id)
{
	return (struct schema_type){.kind = SCHEMA_STRUCT, .id = id};
}

/* Type {elementType ptr 0} */
struct schema_type schema_element(const struct schema_type *t)
{
	return schema_type(vat_ptr_struct(vat_ptr_at(t->type, 0), NULL), t->brand);
}

/* Field {name ptr 0; annotations ptr 1; discriminantValue u16 1 = 0xffff; tag u16 4: slot {offset
 * u32 1; type ptr 2; defaultValue ptr 3; hadExplicitDefault bit 128}, group {typeId u64 2}} */
struct schema_field schema_field_at(const struct schema_struct *s, uint32_t i)
{
	struct vat_struct_r f = vat_list_struct(s->fields, i);
	struct schema_field ret = {
		.name = vat_ptr_text(vat_ptr_at(f, 0), NULL),
		.discriminant = vat_r_u16(f, 1, SCHEMA_NO_UNION),
		.is_group = vat_r_u16(f, 4, 0) == 1,
		.annotations = vat_ptr_at(f, 1),
	};
	if (ret.is_group) {
		ret.type.kind = SCHEMA_STRUCT;
		ret.type.id = vat_r_u64(f, 2, 0);
		ret.type.brand = s->brand;
		return ret;
	}
	ret.offset = vat_r_u32(f, 1, 0);
	ret.type = schema_type(vat_ptr_struct(vat_ptr_at(f, 2), NULL), s->brand);
	ret.dflt = vat_ptr_struct(vat_ptr_at(f, 3), NULL);
	ret.has_default = vat_r_bool(f, 128, false);
	return ret;
}

/* Node {tag u16 6; enum {enumerants ptr 3}} */
bool schema_enumerant(
	const struct vat_schemas *s, uint64_t id, uint16_t value, struct vat_struct_r *ret)
{
	struct vat_struct_r node = vat_schemas_node(s, id);
	if (!node.msg || vat_r_u16(node, 6, 0) != SCHEMA_NODE_ENUM)
		return false;
	struct vat_list_r list = struct_list(node, 3);
	if (value >= list.count)
		return false;
	*ret = vat_list_struct(list, value);
	return true;
}

unsigned schema_bits(enum schema_kind kind)
{
	static const uint8_t bits[] = {[SCHEMA_BOOL] = 1,
		[SCHEMA_INT8] = 8,
		[SCHEMA_UINT8] = 8,
		[SCHEMA_INT16] = 16,
		[SCHEMA_UINT16] = 16,
		[SCHEMA_ENUM] = 16,
		[SCHEMA_INT32] = 32,
		[SCHEMA_UINT32] = 32,
		[SCHEMA_FLOAT32] = 32,
		[SCHEMA_INT64] = 64,
		[SCHEMA_UINT64] = 64,
		[SCHEMA_FLOAT64] = 64};
	return (size_t)kind < ARRAY_SIZE(bits) ? bits[kind] : 0;
}

enum vat_elem schema_elem_size(enum schema_kind kind)
{
	switch (schema_bits(kind)) {
	case 1:
		return VAT_ELEM_BIT;
	case 8:
		return VAT_ELEM_BYTE;
	case 16:
		return VAT_ELEM_TWO;
	case 32:
		return VAT_ELEM_FOUR;
	case 64:
		return VAT_ELEM_EIGHT;
	}
	if (kind == SCHEMA_VOID)
		return VAT_ELEM_VOID;
	return kind == SCHEMA_STRUCT ? VAT_ELEM_STRUCT : VAT_ELEM_POINTER;
}

/* ---- values --------------------------------------------------------------------------------- */

/* Value {tag u16 0; bool bit 16; 8 bits at u8 2, 16 at u16 1, 32 at u32 1, 64 at u64 1; ptr 0} */
static uint64_t get_bits(struct vat_struct_r s, const struct schema_field *f)
{
	switch (schema_bits(f->type.kind)) {
	case 1:
		return vat_r_bool(s, f->offset, vat_r_bool(f->dflt, 16, false));
	case 8:
		return vat_r_u8(s, f->offset, vat_r_u8(f->dflt, 2, 0));
	case 16:
		return vat_r_u16(s, f->offset, vat_r_u16(f->dflt, 1, 0));
	case 32:
		return vat_r_u32(s, f->offset, vat_r_u32(f->dflt, 1, 0));
	case 64:
		return vat_r_u64(s, f->offset, vat_r_u64(f->dflt, 1, 0));
	default:
		return 0;
	}
}

struct schema_value schema_get(struct vat_struct_r s, const struct schema_field *f, bool *ret_null)
{
	struct schema_value v = {.s = s};
	bool is_null = false;
	if (!f->is_group && schema_elem_size(f->type.kind) >= VAT_ELEM_POINTER) {
		v.ptr = f->offset <= UINT16_MAX ? vat_ptr_at(s, (uint16_t)f->offset)
						: (struct vat_ptr_r){0};
		is_null = vat_ptr_is_null(v.ptr);
		if (is_null && f->has_default)
			v.ptr = vat_ptr_at(f->dflt, 0);
		if (f->type.kind == SCHEMA_STRUCT)
			v.s = vat_ptr_struct(v.ptr, NULL);
	} else if (!f->is_group) {
		v.bits = get_bits(s, f);
	}
	if (ret_null)
		*ret_null = is_null;
	return v;
}

struct schema_value schema_list_at(struct vat_list_r l, const struct schema_type *t, uint32_t i)
{
	struct schema_value v = {0};
	switch (schema_elem_size(t->kind)) {
	case VAT_ELEM_VOID:
		break;
	case VAT_ELEM_BIT:
		v.bits = vat_list_bool(l, i);
		break;
	case VAT_ELEM_BYTE:
		v.bits = vat_list_u8(l, i);
		break;
	case VAT_ELEM_TWO:
		v.bits = vat_list_u16(l, i);
		break;
	case VAT_ELEM_FOUR:
		v.bits = vat_list_u32(l, i);
		break;
	case VAT_ELEM_EIGHT:
		v.bits = vat_list_u64(l, i);
		break;
	case VAT_ELEM_POINTER:
		v.ptr = vat_list_ptr(l, i);
		break;
	case VAT_ELEM_STRUCT:
		v.s = vat_list_struct(l, i);
		break;
	}
	return v;
}
