/* SPDX-License-Identifier: MIT */
/*
 * Reads messages, most of them damaged, and tells for each what there is to see: the same as
 * walk.c++ does with the reference implementation.  See walk.py.
 *
 * Standard input: messages of test/schema/alltypes.capnp, framed, each after its length (u32).
 * Standard output: a line for each of them with four words, "-" for what was refused:
 *	a hash of all that can be reached, whatever the schema says
 *	a hash of the values of AllTypes
 *	a hash of the canonical form of the root struct
 *	its size in words
 *
 * The hashes are sums over the members of structs, so that the order of fields does not matter;
 * of lists only the first LIST_LIMIT elements count.
 */
#include "interop/alltypes-table.h"
#include "vat/cap/test-caps.h"

#include <inttypes.h>
#include <stdio.h>

enum { LIST_LIMIT = 4096, MAX_MESSAGE = 1 << 20 };

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ (b + UINT64_C(0x9e3779b97f4a7c15))) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 32;
}

static uint64_t hash_bytes(const void *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) + n;
	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const uint8_t *)p)[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* ---- whatever the schema says --------------------------------------------------------------- */

static uint64_t any(struct vat_ptr_r p);

static uint64_t any_struct(struct vat_struct_r s)
{
	uint64_t h = mix(1, hash_bytes(s.data, s.data_bits / 8));
	for (uint16_t i = 0; i < s.n_ptrs; i++)
		h = mix(h, any(vat_ptr_at(s, i)));
	return h;
}

static uint64_t any_list(struct vat_list_r l)
{
	uint32_t n = MIN(l.count, (uint32_t)LIST_LIMIT);
	uint64_t h = mix(mix(2, l.elem), l.count);
	if (l.elem == VAT_ELEM_BIT)
		for (uint32_t i = 0; i < n; i++)
			h = mix(h, vat_list_bool(l, i));
	else if (l.elem == VAT_ELEM_POINTER)
		for (uint32_t i = 0; i < n; i++)
			h = mix(h, any(vat_list_ptr(l, i)));
	else if (l.elem == VAT_ELEM_STRUCT)
		for (uint32_t i = 0; i < n; i++)
			h = mix(h, any_struct(vat_list_struct(l, i)));
	else
		h = mix(h, hash_bytes(l.base, (size_t)l.count * (l.step_bits / 8)));
	return h;
}

static uint64_t any(struct vat_ptr_r p)
{
	switch (vat_ptr_kind(p)) {
	case VAT_PTR_STRUCT:
		return any_struct(vat_ptr_struct(p, NULL));
	case VAT_PTR_LIST:
		return any_list(vat_ptr_any_list(p));
	case VAT_PTR_CAP:
		return 3;
	default:
		return 4;
	}
}

/* ---- by the schema -------------------------------------------------------------------------- */

static uint64_t values(struct vat_struct_r s, const struct node *n);
static uint64_t list_values(struct vat_list_r l, enum type elem, const struct node *n);

static uint64_t bits_of(double v)
{
	uint64_t u;
	memcpy(&u, &v, sizeof(u));
	return v != v ? 0 : u;
}

static uint64_t scalar(struct vat_struct_r s, const struct field *f)
{
	switch (f->type) {
	case T_BOOL:
		return vat_r_bool(s, f->off, f->dflt);
	case T_I8:
		return (uint64_t)vat_r_i8(s, f->off, (uint8_t)f->dflt);
	case T_I16:
		return (uint64_t)vat_r_i16(s, f->off, (uint16_t)f->dflt);
	case T_I32:
		return (uint64_t)vat_r_i32(s, f->off, (uint32_t)f->dflt);
	case T_I64:
		return (uint64_t)vat_r_i64(s, f->off, f->dflt);
	case T_U8:
		return vat_r_u8(s, f->off, (uint8_t)f->dflt);
	case T_U16:
	case T_ENUM:
		return vat_r_u16(s, f->off, (uint16_t)f->dflt);
	case T_U32:
		return vat_r_u32(s, f->off, (uint32_t)f->dflt);
	case T_U64:
		return vat_r_u64(s, f->off, f->dflt);
	case T_F32:
		return bits_of((double)vat_r_f32(s, f->off, (uint32_t)f->dflt));
	case T_F64:
		return bits_of(vat_r_f64(s, f->off, f->dflt));
	default:
		return 0;
	}
}

static uint64_t pointer(struct vat_ptr_r p, const struct field *f)
{
	struct vat_data d;
	struct vat_text t;
	switch (f->type) {
	case T_TEXT:
		t = vat_ptr_text(p, f->d);
		return hash_bytes(t.s, t.len);
	case T_DATA:
		d = vat_ptr_data(p, f->d);
		return hash_bytes(d.p, d.len);
	case T_STRUCT: /* which may hold another of its kind */
		return vat_ptr_is_null(p) && !f->d ? 5 : values(vat_ptr_struct(p, f->d), f->node);
	default:
		return list_values(vat_ptr_list(p, elem_of[f->elem], f->d), f->elem, f->node);
	}
}

static uint64_t values(struct vat_struct_r s, const struct node *n)
{
	uint64_t h = 0;
	int tag = n->tag_off < 0 ? 0 : 1 + vat_r_u16(s, (uint32_t)n->tag_off, 0);
	for (size_t i = 0; i < n->n; i++) {
		const struct field *f = &n->fields[i];
		uint64_t v;
		if (f->tag && f->tag != tag)
			continue;
		if (f->type == T_GROUP)
			v = values(s, f->node);
		else if (is_pointer(f->type))
			v = pointer(vat_ptr_at(s, (uint16_t)f->off), f);
		else
			v = scalar(s, f);
		h += mix(hash_bytes(f->name, strlen(f->name)), v);
	}
	return h;
}

static uint64_t element(struct vat_list_r l, uint32_t i, enum type elem, const struct node *n)
{
	switch (elem) {
	case T_BOOL:
		return vat_list_bool(l, i);
	case T_I8:
		return (uint64_t)vat_list_i8(l, i);
	case T_I16:
		return (uint64_t)vat_list_i16(l, i);
	case T_I32:
		return (uint64_t)vat_list_i32(l, i);
	case T_I64:
		return (uint64_t)vat_list_i64(l, i);
	case T_U8:
		return vat_list_u8(l, i);
	case T_U16:
	case T_ENUM:
		return vat_list_u16(l, i);
	case T_U32:
		return vat_list_u32(l, i);
	case T_U64:
		return vat_list_u64(l, i);
	case T_F32:
		return bits_of((double)vat_list_f32(l, i));
	case T_F64:
		return bits_of(vat_list_f64(l, i));
	case T_STRUCT:
		return values(vat_list_struct(l, i), n);
	case T_VOID:
		return 0;
	default:
		return pointer(vat_list_ptr(l, i), &(struct field){.type = elem, .elem = T_U16});
	}
}

static uint64_t list_values(struct vat_list_r l, enum type elem, const struct node *n)
{
	uint64_t h = mix(6, l.count);
	for (uint32_t i = 0; i < MIN(l.count, (uint32_t)LIST_LIMIT); i++)
		h = mix(h, element(l, i, elem, n));
	return h;
}

/* ---- one message ----------------------------------------------------------------------------- */

static void print(struct vat_message *m, uint64_t v)
{
	if (vat_message_error(m))
		printf("-%d ", vat_message_error(m));
	else
		printf("%016" PRIx64 " ", v);
	vat_message_done(m);
}

static bool parse(struct vat_message *m, const void *data, size_t size)
{
	size_t used;
	if (!vat_message_parse_into(m, data, size, NULL, &used))
		return true;
	printf("- ");
	return false;
}

/* A hash of the canonical form; 0 if the root is no struct. */
static uint64_t canonical(struct vat_message *m)
{
	struct vat_message *c;
	uint64_t h = 0;
	if (vat_ptr_kind(vat_root(m)) != VAT_PTR_STRUCT)
		return 0;
	int r = vat_canonical(vat_root(m), &c);
	if (r < 0) { /* faults, and capabilities */
		m->error = m->error ? m->error : r;
		return 0;
	}
	h = hash_bytes(c->segs[0].base, vat_message_words(c) * 8);
	if (!vat_message_is_canonical(c))
		abort();
	vat_message_free(c);
	return h;
}

static void look(const void *data, size_t size)
{
	struct vat_message m;
	if (parse(&m, data, size))
		print(&m, any(vat_root(&m)));
	if (parse(&m, data, size))
		print(&m, values(vat_ptr_struct(vat_root(&m), NULL), &all));
	if (parse(&m, data, size))
		print(&m, canonical(&m));
	if (parse(&m, data, size))
		print(&m, vat_ptr_total_words(vat_root(&m), NULL));
	putchar('\n');
}

int main(void)
{
	static uint64_t buf[MAX_MESSAGE / 8];
	uint32_t size;
	while (fread(&size, sizeof(size), 1, stdin) == 1) {
		if (size > MAX_MESSAGE || fread(buf, 1, size, stdin) != size)
			return 1;
		look(buf, size);
	}
	return fflush(stdout) || ferror(stdin);
}
