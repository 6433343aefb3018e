/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests: pointer words, views of literal words, and a walk over everything reachable in a
 * message that reads each pointer in every way the API has.
 */
#include "vat/message/message-internal.h"

/* ---- pointer words ------------------------------------------------------------------------- */

static inline uint64_t w_struct(int32_t offset, uint16_t data, uint16_t ptrs)
{
	return (uint32_t)offset << 2 | (uint64_t)data << 32 | (uint64_t)ptrs << 48;
}

static inline uint64_t w_list(int32_t offset, enum vat_elem elem, uint32_t count)
{
	return ((uint32_t)offset << 2 | 1) | (uint64_t)elem << 32 | (uint64_t)count << 35;
}

static inline uint64_t w_far(uint32_t segment, uint32_t pos)
{
	return (uint64_t)segment << 32 | (uint64_t)pos << 3 | 2;
}

static inline uint64_t w_double_far(uint32_t segment, uint32_t pos)
{
	return w_far(segment, pos) | 4;
}

static inline uint64_t w_cap(uint32_t index)
{
	return (uint64_t)index << 32 | 3;
}

/* ---- views of literal words ---------------------------------------------------------------- */

struct words {
	const uint64_t *w;
	uint32_t n;
};

#define WORDS(...)       \
	((struct words){ \
		(const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / 8})

/* A view of copies in heap blocks of the exact size, so that a read outside is seen. Freed by
 * view_free. */
static inline struct vat_message *view_segments(
	const struct words *segs, size_t n, const struct vat_read_limits *limits)
{
	const void *bases[8];
	uint32_t sizes[8];
	struct vat_message *m;
	assert(n <= ARRAY_SIZE(bases));
	for (size_t i = 0; i < n; i++) {
		void *copy = malloc(segs[i].n ? segs[i].n * 8 : 1);
		memcpy(copy, segs[i].w, segs[i].n * 8);
		bases[i] = copy;
		sizes[i] = segs[i].n;
	}
	int r = vat_message_view(bases, sizes, n, limits, &m);
	assert(!r);
	return m;
}

static inline void view_free(struct vat_message *m)
{
	for (uint32_t i = 0; i < m->n_segs; i++)
		free(m->segs[i].base);
	vat_message_free(m);
}

#define VIEW(words) view_segments(&(words), 1, NULL)

/* ---- the walk ------------------------------------------------------------------------------ */

static inline uint64_t walk_mix(uint64_t h, uint64_t v)
{
	return (h ^ v) * UINT64_C(0x9e3779b97f4a7c15) + (h >> 29);
}

static inline uint64_t walk_bytes(uint64_t h, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = walk_mix(h, ((const uint8_t *)p)[i]);
	return h;
}

static inline uint64_t walk(struct vat_ptr_r p);

static inline uint64_t walk_struct(struct vat_struct_r s)
{
	uint64_t h = walk_mix(s.data_bits, s.n_ptrs);
	h = walk_bytes(h, s.data, s.data_bits / 8);
	/* One past the end on purpose. */
	h = walk_mix(h, vat_r_u64(s, s.data_bits / 64, 3));
	for (unsigned i = 0; i <= s.n_ptrs; i++)
		h = walk_mix(h, walk(vat_ptr_at(s, (uint16_t)i)));
	return h;
}

static inline uint64_t walk_list(struct vat_list_r l)
{
	uint64_t h = walk_mix(l.count, l.elem);
	if (!l.step_bits)
		return walk_mix(h, vat_list_u8(l, l.count));
	for (uint32_t i = 0; i < l.count; i++) {
		if (l.elem == VAT_ELEM_BIT)
			h = walk_mix(h, vat_list_bool(l, i));
		else if (l.elem == VAT_ELEM_POINTER)
			h = walk_mix(h, walk(vat_list_ptr(l, i)));
		else
			h = walk_mix(h, walk_struct(vat_list_struct(l, i)));
		h = walk_mix(h, vat_list_u32(l, i));
	}
	return h;
}

/* Content of all that is reachable from p. */
static inline uint64_t walk(struct vat_ptr_r p)
{
	switch (vat_ptr_kind(p)) {
	case VAT_PTR_STRUCT:
		return walk_struct(vat_ptr_struct(p, NULL));
	case VAT_PTR_LIST:
		return walk_list(vat_ptr_any_list(p));
	case VAT_PTR_CAP:
		return walk_mix(5, (uintptr_t)vat_ptr_cap(p));
	default:
		return 7;
	}
}

/* The same place as everything it could be taken for. Touches every byte given. */
static inline uint64_t walk_wrongly(struct vat_ptr_r p)
{
	uint64_t h = walk_struct(vat_ptr_struct(p, NULL));
	for (unsigned e = 0; e <= VAT_ELEM_STRUCT; e++) {
		struct vat_list_r l = vat_ptr_list(p, (enum vat_elem)e, NULL);
		for (uint32_t i = 0; i < l.count && l.step_bits; i++) {
			h = walk_mix(h, vat_list_bool(l, i));
			h = walk_mix(h, vat_list_u8(l, i) + vat_list_u64(l, i));
			h = walk_mix(h, vat_ptr_text(vat_list_ptr(l, i), NULL).len);
			h = walk_mix(h, vat_list_struct(l, i).n_ptrs);
		}
	}
	struct vat_text t = vat_ptr_text(p, NULL);
	struct vat_data d = vat_ptr_data(p, NULL);
	h = walk_bytes(h, t.s, (size_t)t.len + 1);
	h = walk_bytes(h, d.p, d.len);
	return walk_mix(h, vat_ptr_cap(p) != NULL);
}
