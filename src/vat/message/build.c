/* SPDX-License-Identifier: MIT */
/*
 * Building in an arena: allocation, writing pointers, making, finding and replacing objects.
 *
 * An object goes into the segment of its pointer if there is room, else, one word longer, into
 * another one, the extra word being the landing pad of a far pointer.  Only an object that grew
 * (upgrade.c) and moved between segments needs the two-word pad.
 *
 * An arena holds only what this code wrote, so its pointers are sound; they are followed by
 * the readers' checked code all the same.
 */
#include "vat/message/message-internal.h"

/* ---- allocation ---------------------------------------------------------------------------- */

static uint8_t *alloc_in(struct vat_message *m, uint16_t segment, uint64_t words)
{
	struct vat_segment *s = &m->segs[segment];
	if (words > s->size - s->used)
		return NULL;
	uint8_t *p = s->base + (size_t)s->used * 8;
	s->used += (uint32_t)words;
	return p;
}

static int grow_segments(struct vat_message *m)
{
	uint32_t room = m->segs_room * 2;
	bool inl = m->segs == m->inline_segs;
	struct vat_segment *segs = realloc(inl ? NULL : m->segs, room * sizeof(*segs));
	if (!segs)
		return -ENOMEM;
	if (inl)
		memcpy(segs, m->inline_segs, sizeof(m->inline_segs));
	m->segs = segs;
	m->segs_room = room;
	return 0;
}

/* A segment of at least `words`: as large as all before together, but tiny ones stay tiny until
 * there are so many that a peer might refuse them (512 is a usual limit). */
static int add_segment(struct vat_message *m, uint64_t words)
{
	if (words > m->max_words - m->words || m->n_segs == VAT_MAX_SEGMENTS)
		return -EMSGSIZE;
	bool tiny = m->first_words < 16 && m->n_segs < 256;
	uint64_t size = tiny ? m->first_words : MIN(m->words, UINT64_C(1) << 20);
	size = MIN(MAX(size, words), m->max_words - m->words);
	if (m->n_segs == m->segs_room) {
		int r = grow_segments(m);
		if (r < 0)
			return r;
	}
	uint8_t *base = calloc(size, 8);
	if (!base)
		return -ENOMEM;
	m->segs[m->n_segs++] = (struct vat_segment){.base = base, .size = (uint32_t)size};
	m->words += size;
	return 0;
}

/* `words` (at least one) anywhere. */
static uint8_t *alloc_any(struct vat_message *m, uint64_t words, uint16_t *ret_segment)
{
	uint8_t *p = alloc_in(m, (uint16_t)(m->n_segs - 1), words);
	if (!p) {
		int r = add_segment(m, words);
		if (r < 0) {
			vat_message_fault(m, r);
			return NULL;
		}
		p = alloc_in(m, (uint16_t)(m->n_segs - 1), words);
	}
	*ret_segment = (uint16_t)(m->n_segs - 1);
	return p;
}

/* ---- pointers ------------------------------------------------------------------------------ */

static void write_near(uint8_t *at, const uint8_t *target, unsigned kind, uint32_t upper)
{
	int64_t offset = (target - at) / 8 - 1;
	vat_store(
		at, ((uint64_t)(uint32_t)offset << 2 & UINT32_MAX) | kind | (uint64_t)upper << 32);
}

static void write_far(
	struct vat_message *m, uint8_t *at, uint16_t segment, const uint8_t *pad, bool two)
{
	uint64_t pos = (uint64_t)(pad - m->segs[segment].base) / 8;
	vat_store(at, VAT_KIND_FAR | (two ? 4 : 0) | pos << 3 | (uint64_t)segment << 32);
}

uint8_t *vat_build_place(
	struct vat_ptr_b p, uint64_t words, unsigned kind, uint32_t upper, uint16_t *ret_segment)
{
	if (!words && kind == VAT_KIND_STRUCT) {
		/* A struct of no size points at its own pointer, so as not to look null. */
		write_near(p.at, p.at, kind, upper);
		*ret_segment = p.segment;
		return p.at;
	}
	uint8_t *obj = alloc_in(p.msg, p.segment, words);
	if (obj) {
		write_near(p.at, obj, kind, upper);
		*ret_segment = p.segment;
		return obj;
	}
	uint8_t *pad = alloc_any(p.msg, words + 1, ret_segment);
	if (!pad)
		return NULL;
	write_near(pad, pad + 8, kind, upper);
	write_far(p.msg, p.at, *ret_segment, pad, false);
	return pad + 8;
}

struct vat_ptr_b vat_build_scratch(struct vat_message *m)
{
	uint16_t segment;
	uint8_t *at = alloc_any(m, 1, &segment);
	if (!at)
		return (struct vat_ptr_b){0};
	return (struct vat_ptr_b){.msg = m, .at = at, .segment = segment};
}

void vat_build_transfer(struct vat_ptr_b to, struct vat_ptr_b from)
{
	uint64_t w = vat_load(from.at);
	uint32_t upper = (uint32_t)(w >> 32);
	unsigned kind = vat_tag_kind(w);
	struct vat_object o;
	vat_store(to.at, 0);
	if (!w)
		return;
	if (kind >= VAT_KIND_FAR) {
		vat_store(to.at, w);
	} else if (kind == VAT_KIND_STRUCT && !upper) {
		write_near(to.at, to.at, kind, upper);
	} else if (!vat_object_find(from.msg, from.segment, from.at, &o)) {
		uint16_t s;
		uint8_t *pad;
		if (to.segment == from.segment) {
			write_near(to.at, o.p, kind, upper);
		} else if ((pad = alloc_in(from.msg, from.segment, 1))) {
			write_near(pad, o.p, kind, upper);
			write_far(to.msg, to.at, from.segment, pad, false);
		} else if ((pad = alloc_any(from.msg, 2, &s))) {
			write_far(to.msg, pad, from.segment, o.p, false);
			vat_store(pad + 8, kind | (uint64_t)upper << 32);
			write_far(to.msg, to.at, s, pad, true);
		}
	}
	vat_store(from.at, 0);
}

/* ---- clearing ------------------------------------------------------------------------------ */

static void clear_ptr(struct vat_message *m, uint16_t segment, uint8_t *at, unsigned depth);

static void clear_ptrs(
	struct vat_message *m, uint16_t segment, uint8_t *at, uint32_t n, unsigned depth)
{
	for (uint32_t i = 0; i < n; i++)
		clear_ptr(m, segment, at + (size_t)i * 8, depth);
}

static void clear_list(struct vat_message *m, const struct vat_object *o, unsigned depth)
{
	struct vat_list_r l;
	uint64_t words;
	if (vat_object_list(o, &l, &words))
		return;
	uint8_t *at = (uint8_t *)l.base;
	if (l.n_ptrs)
		for (uint32_t i = 0; i < l.count; i++, at += l.step_bits / 8)
			clear_ptrs(m, o->segment, at + l.data_bits / 8, l.n_ptrs, depth);
	if (words)
		memset((uint8_t *)o->p, 0, words * 8);
}

static void clear_object(struct vat_message *m, const struct vat_object *o, unsigned depth)
{
	uint32_t n = vat_tag_data(o->tag), n_ptrs = vat_tag_ptrs(o->tag);
	switch (vat_tag_kind(o->tag)) {
	case VAT_KIND_STRUCT:
		if (n + n_ptrs > o->room)
			return;
		clear_ptrs(m, o->segment, (uint8_t *)o->p + (size_t)n * 8, n_ptrs, depth);
		memset((uint8_t *)o->p, 0, (size_t)n * 8);
		break;
	case VAT_KIND_LIST:
		clear_list(m, o, depth);
		break;
	default:
		/* Each capability pointer of an arena has its own table entry. */
		if (o->tag >> 32 < m->n_caps)
			vat_message_set_cap(m, (uint32_t)(o->tag >> 32), NULL);
	}
}

/* What lies deeper than a reader may go is only unlinked, not zeroed: our stack is finite. */
static void clear_ptr(struct vat_message *m, uint16_t segment, uint8_t *at, unsigned depth)
{
	struct vat_object o;
	if (vat_load(at) && depth && !vat_object_find(m, segment, at, &o)) {
		clear_object(m, &o, depth - 1);
		vat_object_clear_pad(&o);
	}
	vat_store(at, 0);
}

void vat_build_clear(struct vat_ptr_b p)
{
	clear_ptr(p.msg, p.segment, p.at, VAT_MAX_NESTING);
}

void vat_set_null(struct vat_ptr_b p)
{
	if (p.msg)
		vat_build_clear(p);
}

/* ---- places -------------------------------------------------------------------------------- */

struct vat_ptr_b vat_root_b_(struct vat_message *m)
{
	vat_message_fault(m, -EROFS);
	return (struct vat_ptr_b){0};
}

/* ---- new objects --------------------------------------------------------------------------- */

struct vat_struct_b vat_init_struct_(struct vat_message *m, uint8_t *at, uint16_t segment_in,
	uint16_t data_words, uint16_t n_ptrs)
{
	struct vat_ptr_b p = {.msg = m, .at = at, .segment = segment_in};
	if (!m)
		return (struct vat_struct_b){0};
	vat_build_clear(p);
	uint16_t segment;
	uint8_t *obj = vat_build_place(p, (uint32_t)data_words + n_ptrs, VAT_KIND_STRUCT,
		data_words | (uint32_t)n_ptrs << 16, &segment);
	if (!obj)
		return (struct vat_struct_b){0};
	return (struct vat_struct_b){.msg = p.msg,
		.data = obj,
		.ptrs = obj + (size_t)data_words * 8,
		.data_bits = (uint32_t)data_words * 64,
		.n_ptrs = n_ptrs,
		.segment = segment};
}

struct vat_list_b vat_init_list_(
	struct vat_message *m, uint8_t *at, uint16_t segment, enum vat_elem elem, uint32_t count)
{
	struct vat_ptr_b p = {.msg = m, .at = at, .segment = segment};
	if (elem == VAT_ELEM_STRUCT)
		return vat_init_struct_list(p, 0, 0, count);
	if (!p.msg)
		return (struct vat_list_b){0};
	vat_build_clear(p);
	struct vat_list_b l = {.count = count,
		.data_bits = vat_elem_bits[elem],
		.n_ptrs = elem == VAT_ELEM_POINTER,
		.elem = (uint8_t)elem};
	l.step_bits = l.n_ptrs ? 64 : l.data_bits;
	if (count > VAT_MAX_COUNT) {
		vat_message_fault(p.msg, -EMSGSIZE);
		return (struct vat_list_b){0};
	}
	l.base = vat_build_place(p, vat_bits_to_words((uint64_t)count * l.step_bits), VAT_KIND_LIST,
		elem | count << 3, &l.segment);
	if (!l.base)
		return (struct vat_list_b){0};
	l.msg = p.msg;
	return l;
}

struct vat_list_b vat_init_struct_list_(struct vat_message *m, uint8_t *at, uint16_t segment_in,
	uint16_t data_words, uint16_t n_ptrs, uint32_t count)
{
	struct vat_ptr_b p = {.msg = m, .at = at, .segment = segment_in};
	if (!p.msg)
		return (struct vat_list_b){0};
	vat_build_clear(p);
	uint64_t per = (uint64_t)data_words + n_ptrs, words = count * per;
	if (count > VAT_MAX_COUNT || words > VAT_MAX_COUNT) {
		vat_message_fault(p.msg, -EMSGSIZE);
		return (struct vat_list_b){0};
	}
	uint16_t segment;
	uint8_t *tag = vat_build_place(
		p, words + 1, VAT_KIND_LIST, VAT_ELEM_STRUCT | (uint32_t)words << 3, &segment);
	if (!tag)
		return (struct vat_list_b){0};
	vat_store(tag, (uint64_t)count << 2 | (uint64_t)data_words << 32 | (uint64_t)n_ptrs << 48);
	return (struct vat_list_b){.msg = p.msg,
		.base = tag + 8,
		.count = count,
		.step_bits = (uint32_t)per * 64,
		.data_bits = (uint32_t)data_words * 64,
		.n_ptrs = n_ptrs,
		.segment = segment,
		.elem = VAT_ELEM_STRUCT};
}

/* Whether what p points at may lie in what clearing some pointer of m zeroes. */
static bool lies_in(const struct vat_message *m, const void *p)
{
	for (uint32_t i = 0; i < m->n_segs; i++) {
		const struct vat_segment *s = &m->segs[i];
		if ((uintptr_t)p - (uintptr_t)s->base < (uintptr_t)s->used * 8)
			return true;
	}
	return false;
}

/* A byte list of `count`, the first n of them from src. */
static void set_bytes(struct vat_ptr_b p, const void *src, uint32_t n, uint32_t count)
{
	if (!p.msg)
		return;
	struct vat_ptr_b to = n && lies_in(p.msg, src) ? vat_build_scratch(p.msg) : p;
	struct vat_list_b l = vat_init_list(to, VAT_ELEM_BYTE, count);
	if (!l.msg)
		return;
	if (n)
		memcpy(l.base, src, n);
	if (to.at != p.at) {
		vat_build_clear(p);
		vat_build_transfer(p, to);
	}
}

void vat_set_text_(
	struct vat_message *m, uint8_t *at, uint16_t segment, const char *s, uint32_t len)
{
	set_bytes((struct vat_ptr_b){.msg = m, .at = at, .segment = segment}, s, len,
		len < VAT_MAX_COUNT ? len + 1 : UINT32_MAX);
}

void vat_set_data_(
	struct vat_message *m, uint8_t *at, uint16_t segment, const void *p, uint32_t len)
{
	set_bytes((struct vat_ptr_b){.msg = m, .at = at, .segment = segment}, p, len, len);
}

void vat_set_cap(struct vat_ptr_b p, struct vat_cap *cap)
{
	if (!p.msg)
		return;
	cap = vat_cap_ref(cap); /* before the clearing, which may drop the last one */
	vat_build_clear(p);
	if (!cap)
		return;
	int i = vat_message_add_cap(p.msg, cap);
	if (i < 0)
		vat_message_fault(p.msg, i);
	else
		vat_store(p.at, VAT_KIND_OTHER | (uint64_t)i << 32);
}

/* ---- builders as readers ------------------------------------------------------------------- */

struct vat_struct_r vat_struct_b_r(struct vat_struct_b b)
{
	if (!b.msg)
		return (struct vat_struct_r){0};
	return (struct vat_struct_r){.msg = b.msg,
		.data = b.data,
		.ptrs = b.ptrs,
		.data_bits = b.data_bits,
		.n_ptrs = b.n_ptrs,
		.segment = b.segment,
		.depth = VAT_MAX_NESTING};
}

struct vat_list_r vat_list_b_r(struct vat_list_b b)
{
	if (!b.msg)
		return (struct vat_list_r){.elem = b.elem};
	return (struct vat_list_r){.msg = b.msg,
		.base = b.base,
		.count = b.count,
		.step_bits = b.step_bits,
		.data_bits = b.data_bits,
		.n_ptrs = b.n_ptrs,
		.segment = b.segment,
		.depth = VAT_MAX_NESTING,
		.elem = b.elem};
}

struct vat_ptr_r vat_ptr_b_r(struct vat_ptr_b b)
{
	if (!b.msg)
		return (struct vat_ptr_r){0};
	return (struct vat_ptr_r){
		.msg = b.msg, .at = b.at, .segment = b.segment, .depth = VAT_MAX_NESTING};
}
