/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The quick half of vat/message.h, which includes this file: what a program does for every field is
 * inline here, so that the compiler sees the constants that generated code passes (sizes of
 * sections, kinds of elements, lengths of literals).
 *
 * Each function decides the case that well-formed messages consist of: a pointer to an object in
 * its own segment, a place that is still null and room behind it.  Anything else, faults included,
 * goes to a function of the library, whose name ends in `_` and which begins again from the start;
 * so nothing is charged or changed here before all checks have passed.  Names that end in `_` are
 * not for use.
 */

#define VAT_SLOW_ VAT_API __attribute__((cold))

/* They take what a handle holds one by one, in registers: a handle passed whole would have to be in
 * memory in the quick case too. */
VAT_SLOW_ struct vat_ptr_r vat_root_(struct vat_message *m);
VAT_SLOW_ struct vat_struct_r vat_ptr_struct_(struct vat_message *m, const uint8_t *at,
	uint16_t segment, uint16_t depth, const struct vat_default *d);
VAT_SLOW_ struct vat_list_r vat_ptr_list_(struct vat_message *m, const uint8_t *at,
	uint16_t segment, uint16_t depth, enum vat_elem want, const struct vat_default *d);
VAT_SLOW_ struct vat_text vat_ptr_text_(
	struct vat_message *m, const uint8_t *at, uint16_t segment, const struct vat_default *d);
VAT_SLOW_ struct vat_data vat_ptr_data_(
	struct vat_message *m, const uint8_t *at, uint16_t segment, const struct vat_default *d);
VAT_SLOW_ struct vat_struct_r vat_list_too_deep_(struct vat_message *m);

VAT_SLOW_ struct vat_ptr_b vat_root_b_(struct vat_message *m);
VAT_SLOW_ struct vat_struct_b vat_init_struct_(
	struct vat_message *m, uint8_t *at, uint16_t segment, uint16_t data_words, uint16_t n_ptrs);
VAT_SLOW_ struct vat_list_b vat_init_list_(
	struct vat_message *m, uint8_t *at, uint16_t segment, enum vat_elem elem, uint32_t count);
VAT_SLOW_ struct vat_list_b vat_init_struct_list_(struct vat_message *m, uint8_t *at,
	uint16_t segment, uint16_t data_words, uint16_t n_ptrs, uint32_t count);
VAT_SLOW_ void vat_set_text_(
	struct vat_message *m, uint8_t *at, uint16_t segment, const char *s, uint32_t len);
VAT_SLOW_ void vat_set_data_(
	struct vat_message *m, uint8_t *at, uint16_t segment, const void *p, uint32_t len);

enum { VAT_KIND_STRUCT_, VAT_KIND_LIST_ };

static inline uint64_t vat_word_(const uint8_t *at)
{
	uint64_t w;
	memcpy(&w, at, sizeof(w));
	return w;
}

static inline void vat_word_set_(uint8_t *at, uint64_t w)
{
	memcpy(at, &w, sizeof(w));
}

#define VAT_LIKELY_(x) __builtin_expect(!!(x), 1)

/* Data bits of an element, and the distance between two; 0 for structs. */
static inline uint32_t vat_elem_data_(enum vat_elem elem)
{
	if (elem >= VAT_ELEM_BYTE && elem <= VAT_ELEM_EIGHT)
		return 8u << (elem - VAT_ELEM_BYTE);
	return elem == VAT_ELEM_BIT;
}

static inline uint32_t vat_elem_step_(enum vat_elem elem)
{
	return elem == VAT_ELEM_POINTER ? 64 : vat_elem_data_(elem);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The object of `words` words that the near pointer w at `at` leads to, and what would be left of
 * the budget; NULL if it is not wholly inside its segment or too dear. */
static inline const uint8_t *vat_near_(const struct vat_message *m, uint16_t segment,
	const uint8_t *at, uint64_t w, uint64_t words, uint64_t *ret_left)
{
	const struct vat_segment *s = &m->segs[segment];
	int64_t end = (int64_t)s->used * 8;
	/* Bits 2 to 31 are a signed number of words from the end of the pointer. */
	int64_t pos = at - s->base + 8 + (int64_t)(int32_t)((uint32_t)w & ~3u) * 2;
	if (pos < 0 || pos + (int64_t)words * 8 > end ||
		__builtin_sub_overflow(m->budget, words, ret_left))
		return NULL;
	return s->base + pos;
}

/* Whether w is a near pointer to a list of such elements. */
static inline bool vat_is_list_(uint64_t w, enum vat_elem elem)
{
	return (w & UINT64_C(0x700000003)) == (VAT_KIND_LIST_ | (uint64_t)elem << 32);
}

static inline struct vat_ptr_r vat_root(struct vat_message *m)
{
	if (!VAT_LIKELY_(m->segs[0].used && m->budget))
		return vat_root_(m);
	struct vat_ptr_r p = {m, m->segs[0].base, 0, m->nesting};
	m->budget--;
	return p;
}

static inline struct vat_ptr_r vat_ptr_at(struct vat_struct_r s, uint16_t i)
{
	struct vat_ptr_r p = {
		s.msg, i < s.n_ptrs ? s.ptrs + (size_t)i * 8 : NULL, s.segment, s.depth};
	return p;
}

static inline bool vat_ptr_is_null(struct vat_ptr_r p)
{
	return !p.at || !vat_word_(p.at);
}

static inline struct vat_struct_r vat_ptr_struct(struct vat_ptr_r p, const struct vat_default *d)
{
	uint64_t w = p.at ? vat_word_(p.at) : 0, left;
	if (VAT_LIKELY_(w && (w & 3) == VAT_KIND_STRUCT_ && p.msg && p.depth)) {
		uint32_t data = (uint32_t)(w >> 32) & 0xffff, ptrs = (uint32_t)(w >> 48);
		const uint8_t *o = vat_near_(p.msg, p.segment, p.at, w, data + ptrs, &left);
		if (VAT_LIKELY_(o)) {
			struct vat_struct_r s = {p.msg, o, o + (size_t)data * 8, data * 64,
				(uint16_t)ptrs, p.segment, (uint16_t)(p.depth - 1)};
			p.msg->budget = left;
			return s;
		}
	}
	return vat_ptr_struct_(p.msg, p.at, p.segment, p.depth, d);
}

/* What w, known to be a list of structs at p, leads to. False in any but the quick case. */
static inline bool vat_struct_list_(struct vat_ptr_r p, uint64_t w, struct vat_list_r *ret)
{
	uint64_t words = (w >> 35) + 1, left;
	const uint8_t *o = vat_near_(p.msg, p.segment, p.at, w, words, &left);
	if (!VAT_LIKELY_(o))
		return false;
	uint64_t tag = vat_word_(o);
	uint32_t data = (uint32_t)(tag >> 32) & 0xffff, ptrs = (uint32_t)(tag >> 48);
	uint64_t count = (uint32_t)tag >> 2, per = data + ptrs;
	/* Elements of no size cost extra. */
	if (!VAT_LIKELY_((tag & 3) == VAT_KIND_STRUCT_ && per && count * per < words))
		return false;
	p.msg->budget = left;
	struct vat_list_r l = {p.msg, o + 8, (uint32_t)count, (uint32_t)per * 64, data * 64,
		(uint16_t)ptrs, p.segment, (uint16_t)(p.depth - 1), VAT_ELEM_STRUCT};
	*ret = l;
	return true;
}

/* The same for elements that are no structs and not of no size. */
static inline bool vat_plain_list_(
	struct vat_ptr_r p, uint64_t w, enum vat_elem elem, struct vat_list_r *ret)
{
	uint64_t count = w >> 35, words = (count * vat_elem_step_(elem) + 63) / 64, left;
	const uint8_t *o = vat_near_(p.msg, p.segment, p.at, w, words, &left);
	if (!VAT_LIKELY_(o))
		return false;
	p.msg->budget = left;
	struct vat_list_r l = {p.msg, o, (uint32_t)count, vat_elem_step_(elem),
		vat_elem_data_(elem), elem == VAT_ELEM_POINTER, p.segment, (uint16_t)(p.depth - 1),
		(uint8_t)elem};
	*ret = l;
	return true;
}

static inline struct vat_list_r vat_ptr_list(
	struct vat_ptr_r p, enum vat_elem want, const struct vat_default *d)
{
	uint64_t w = p.at ? vat_word_(p.at) : 0;
	if (VAT_LIKELY_(vat_is_list_(w, want) && p.msg && p.depth)) {
		struct vat_list_r l;
		if (want == VAT_ELEM_STRUCT) {
			if (VAT_LIKELY_(vat_struct_list_(p, w, &l)))
				return l;
		} else if (want != VAT_ELEM_VOID) {
			if (VAT_LIKELY_(vat_plain_list_(p, w, want, &l)))
				return l;
		}
	}
	return vat_ptr_list_(p.msg, p.at, p.segment, p.depth, want, d);
}

/* The bytes of a near, non-empty list of bytes, and what it would leave of the budget; NULL in any
 * other case. */
static inline const uint8_t *vat_bytes_(struct vat_ptr_r p, uint32_t *ret_n, uint64_t *ret_left)
{
	uint64_t w = p.at ? vat_word_(p.at) : 0;
	uint32_t n = (uint32_t)(w >> 35);
	if (!VAT_LIKELY_(vat_is_list_(w, VAT_ELEM_BYTE) && n && p.msg))
		return NULL;
	*ret_n = n;
	return vat_near_(p.msg, p.segment, p.at, w, ((uint64_t)n + 7) / 8, ret_left);
}

static inline struct vat_text vat_ptr_text(struct vat_ptr_r p, const struct vat_default *d)
{
	uint64_t left;
	uint32_t n = 0;
	const uint8_t *b = vat_bytes_(p, &n, &left);
	if (!VAT_LIKELY_(b && !b[n - 1]))
		return vat_ptr_text_(p.msg, p.at, p.segment, d);
	p.msg->budget = left;
	struct vat_text t = {(const char *)b, n - 1};
	return t;
}

static inline struct vat_data vat_ptr_data(struct vat_ptr_r p, const struct vat_default *d)
{
	uint64_t left;
	uint32_t n = 0;
	const uint8_t *b = vat_bytes_(p, &n, &left);
	if (!VAT_LIKELY_(b))
		return vat_ptr_data_(p.msg, p.at, p.segment, d);
	p.msg->budget = left;
	struct vat_data r = {b, n};
	return r;
}

/* ---- elements of lists ---------------------------------------------------------------------- */

static inline struct vat_struct_r vat_list_struct(struct vat_list_r l, uint32_t i)
{
	struct vat_struct_r s = {NULL, NULL, NULL, 0, 0, 0, 0};
	if (!VAT_LIKELY_(i < l.count && l.elem != VAT_ELEM_BIT))
		return s;
	if (!VAT_LIKELY_(l.depth))
		return vat_list_too_deep_(l.msg);
	s.msg = l.msg;
	s.data = l.base + (uint64_t)i * (l.step_bits / 8);
	s.ptrs = s.data + l.data_bits / 8;
	s.data_bits = l.data_bits;
	s.n_ptrs = l.n_ptrs;
	s.segment = l.segment;
	s.depth = (uint16_t)(l.depth - 1);
	return s;
}

static inline struct vat_ptr_r vat_list_ptr(struct vat_list_r l, uint32_t i)
{
	const uint8_t *at = NULL;
	if (i < l.count && l.n_ptrs)
		at = l.base + (uint64_t)i * (l.step_bits / 8) + l.data_bits / 8;
	struct vat_ptr_r p = {l.msg, at, l.segment, l.depth};
	return p;
}

static inline bool vat_list_bool(struct vat_list_r l, uint32_t i)
{
	uint64_t bit = (uint64_t)i * l.step_bits;
	return i < l.count && l.data_bits && (l.base[bit / 8] >> (bit % 8) & 1);
}

/* ---- building ------------------------------------------------------------------------------- */

static inline struct vat_ptr_b vat_root_b(struct vat_message *m)
{
	if (!VAT_LIKELY_(m->arena))
		return vat_root_b_(m);
	struct vat_ptr_b p = {m, m->segs[0].base, 0};
	return p;
}

static inline struct vat_ptr_b vat_ptr_at_b(struct vat_struct_b s, uint16_t i)
{
	bool there = s.msg && i < s.n_ptrs;
	struct vat_ptr_b p = {
		there ? s.msg : NULL, there ? s.ptrs + (size_t)i * 8 : NULL, s.segment};
	return p;
}

/* `words` words in the segment of the null pointer p, which is made to point there; NULL if it is
 * not null, or without room. `upper` is the upper half of the pointer. */
static inline uint8_t *vat_place_(struct vat_ptr_b p, uint64_t words, unsigned kind, uint32_t upper)
{
	if (!VAT_LIKELY_(p.msg && !vat_word_(p.at)))
		return NULL;
	struct vat_segment *s = &p.msg->segs[p.segment];
	if (!VAT_LIKELY_(words <= s->size - s->used))
		return NULL;
	uint8_t *o = s->base + (size_t)s->used * 8;
	s->used += (uint32_t)words;
	/* The distance in words, shifted by the two bits of the kind; it is never negative. */
	vat_word_set_(p.at, (uint64_t)(o - p.at - 8) / 2 | kind | (uint64_t)upper << 32);
	return o;
}

static inline struct vat_struct_b vat_init_struct(
	struct vat_ptr_b p, uint16_t data_words, uint16_t n_ptrs)
{
	uint32_t words = (uint32_t)data_words + n_ptrs;
	uint8_t *o = NULL;
	if (words)
		o = vat_place_(p, words, VAT_KIND_STRUCT_, data_words | (uint32_t)n_ptrs << 16);
	if (VAT_LIKELY_(o)) {
		struct vat_struct_b s = {p.msg, o, o + (size_t)data_words * 8,
			(uint32_t)data_words * 64, n_ptrs, p.segment};
		return s;
	}
	return vat_init_struct_(p.msg, p.at, p.segment, data_words, n_ptrs);
}

static inline struct vat_list_b vat_init_struct_list(
	struct vat_ptr_b p, uint16_t data_words, uint16_t n_ptrs, uint32_t count)
{
	uint64_t per = (uint64_t)data_words + n_ptrs, words = count * per;
	uint8_t *tag = NULL;
	if (VAT_LIKELY_(count < 1u << 29 && words < 1u << 29))
		tag = vat_place_(
			p, words + 1, VAT_KIND_LIST_, VAT_ELEM_STRUCT | (uint32_t)words << 3);
	if (!VAT_LIKELY_(tag))
		return vat_init_struct_list_(p.msg, p.at, p.segment, data_words, n_ptrs, count);
	vat_word_set_(
		tag, (uint64_t)count << 2 | (uint64_t)data_words << 32 | (uint64_t)n_ptrs << 48);
	struct vat_list_b l = {p.msg, tag + 8, count, (uint32_t)per * 64, data_words * 64u, n_ptrs,
		p.segment, VAT_ELEM_STRUCT};
	return l;
}

static inline struct vat_list_b vat_init_list(
	struct vat_ptr_b p, enum vat_elem elem, uint32_t count)
{
	uint8_t *o = NULL;
	if (VAT_LIKELY_(elem != VAT_ELEM_STRUCT && count < 1u << 29))
		o = vat_place_(p, ((uint64_t)count * vat_elem_step_(elem) + 63) / 64,
			VAT_KIND_LIST_, (uint32_t)elem | count << 3);
	if (!VAT_LIKELY_(o))
		return vat_init_list_(p.msg, p.at, p.segment, elem, count);
	struct vat_list_b l = {p.msg, o, count, vat_elem_step_(elem), vat_elem_data_(elem),
		elem == VAT_ELEM_POINTER, p.segment, (uint8_t)elem};
	return l;
}

/* A list of n bytes, for lists of less than 2^29. */
static inline uint8_t *vat_place_bytes_(struct vat_ptr_b p, uint32_t n)
{
	return vat_place_(
		p, ((uint64_t)n + 7) / 8, VAT_KIND_LIST_, (uint32_t)VAT_ELEM_BYTE | n << 3);
}

static inline void vat_set_text(struct vat_ptr_b p, struct vat_text t)
{
	/* The place was null: t cannot lie in what the slow path would have to clear. */
	uint8_t *o = t.len < (1u << 29) - 1 ? vat_place_bytes_(p, t.len + 1) : NULL;
	if (!VAT_LIKELY_(o))
		vat_set_text_(p.msg, p.at, p.segment, t.s, t.len);
	else if (t.len)
		memcpy(o, t.s, t.len);
}

static inline void vat_set_data(struct vat_ptr_b p, struct vat_data d)
{
	uint8_t *o = d.len < 1u << 29 ? vat_place_bytes_(p, d.len) : NULL;
	if (!VAT_LIKELY_(o))
		vat_set_data_(p.msg, p.at, p.segment, d.p, d.len);
	else if (d.len)
		memcpy(o, d.p, d.len);
}

static inline void *vat_init_data(struct vat_ptr_b p, uint32_t len)
{
	uint8_t *o = len < 1u << 29 ? vat_place_bytes_(p, len) : NULL;
	if (!VAT_LIKELY_(o))
		o = vat_init_list_(p.msg, p.at, p.segment, VAT_ELEM_BYTE, len).base;
	return len ? o : NULL;
}

/* ---- elements of lists being built ---------------------------------------------------------- */

static inline struct vat_struct_b vat_list_struct_b(struct vat_list_b l, uint32_t i)
{
	bool there = l.msg && i < l.count && l.elem != VAT_ELEM_BIT;
	uint8_t *at = there ? l.base + (uint64_t)i * (l.step_bits / 8) : NULL;
	struct vat_struct_b s = {there ? l.msg : NULL, at, there ? at + l.data_bits / 8 : NULL,
		there ? l.data_bits : 0, (uint16_t)(there ? l.n_ptrs : 0), l.segment};
	return s;
}

static inline struct vat_ptr_b vat_list_ptr_b(struct vat_list_b l, uint32_t i)
{
	bool there = l.msg && i < l.count && l.n_ptrs;
	uint8_t *at = NULL;
	if (there)
		at = l.base + (uint64_t)i * (l.step_bits / 8) + l.data_bits / 8;
	struct vat_ptr_b p = {there ? l.msg : NULL, at, l.segment};
	return p;
}

static inline void vat_list_set_bool(struct vat_list_b l, uint32_t i, bool v)
{
	if (!l.msg || i >= l.count || !l.data_bits)
		return;
	uint64_t bit = (uint64_t)i * l.step_bits;
	uint8_t mask = (uint8_t)(1u << (bit % 8));
	if (v)
		l.base[bit / 8] |= mask;
	else
		l.base[bit / 8] &= (uint8_t)~mask;
}
