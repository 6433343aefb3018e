/* SPDX-License-Identifier: MIT */
/*
 * Deep copies, within and between messages, and the size of such a copy.
 *
 * The source may be hostile: every object is reached through the readers' checks and paid for from
 * the source's traversal budget, depth is bounded by its nesting limit, the result by the arena's
 * limit. A bad pointer is copied as null; the source remembers the fault.
 *
 * A copy whose source and destination share a message is made aside and then moved into place, as
 * the destination may lie inside the source or hold it.
 */
#include "vat/message/message-internal.h"

/* What is copied how. */
enum mode {
	COPY_ALL,
	COPY_CANONICAL, /* without the zeroes at the end of sections; see canonical.c */
};

static void copy_ptr(struct vat_ptr_b to, struct vat_ptr_r from, enum mode mode);

/* Words of data and pointers that s needs. */
static uint16_t data_words(struct vat_struct_r s, enum mode mode)
{
	uint16_t n = (uint16_t)vat_bits_to_words(s.data_bits);
	if (mode == COPY_CANONICAL)
		while (n && !vat_load(s.data + (size_t)(n - 1) * 8))
			n--;
	return n;
}

static uint16_t ptr_words_used(struct vat_struct_r s, enum mode mode)
{
	uint16_t n = s.n_ptrs;
	if (mode == COPY_CANONICAL)
		while (n && !vat_load(s.ptrs + (size_t)(n - 1) * 8))
			n--;
	return n;
}

static void copy_content(struct vat_struct_b to, struct vat_struct_r from, enum mode mode)
{
	if (!to.msg)
		return;
	uint32_t bits = MIN(to.data_bits, from.data_bits);
	uint16_t n = MIN(to.n_ptrs, from.n_ptrs);
	if (bits)
		memcpy(to.data, from.data, bits / 8);
	for (uint16_t i = 0; i < n && !to.msg->error; i++)
		copy_ptr(vat_ptr_at_b(to, i), vat_ptr_at(from, i), mode);
}

static void copy_struct(struct vat_ptr_b to, struct vat_struct_r from, enum mode mode)
{
	/* What is narrower than a word comes from a list of data, and is no struct as encoded. */
	if (from.data_bits % 64)
		mode = COPY_ALL;
	copy_content(vat_init_struct(to, data_words(from, mode), ptr_words_used(from, mode)), from,
		mode);
}

/* The size that all elements of l fit in. */
static void element_size(
	struct vat_list_r l, enum mode mode, uint16_t *ret_data, uint16_t *ret_ptrs)
{
	*ret_data = (uint16_t)(l.data_bits / 64);
	*ret_ptrs = l.n_ptrs;
	if (mode == COPY_ALL)
		return;
	uint16_t data = 0, ptrs = 0;
	for (uint32_t i = 0; i < l.count && (data < *ret_data || ptrs < *ret_ptrs); i++) {
		struct vat_struct_r s = vat_list_struct(l, i);
		uint16_t d = data_words(s, mode), p = ptr_words_used(s, mode);
		data = MAX(data, d);
		ptrs = MAX(ptrs, p);
	}
	*ret_data = data;
	*ret_ptrs = ptrs;
}

static void copy_struct_list(struct vat_ptr_b to, struct vat_list_r from, enum mode mode)
{
	uint16_t data, ptrs;
	element_size(from, mode, &data, &ptrs);
	struct vat_list_b l = vat_init_struct_list(to, data, ptrs, from.count);
	if (!l.msg || !l.step_bits)
		return;
	if (!from.n_ptrs && l.step_bits == from.step_bits) { /* all data: one block */
		if (from.count)
			memcpy(l.base, from.base, (size_t)from.count * (from.step_bits / 8));
		return;
	}
	for (uint32_t i = 0; i < from.count && !to.msg->error; i++)
		copy_content(vat_list_struct_b(l, i), vat_list_struct(from, i), mode);
}

static void copy_list(struct vat_ptr_b to, struct vat_list_r from, enum mode mode)
{
	if (from.elem == VAT_ELEM_STRUCT) {
		copy_struct_list(to, from, mode);
		return;
	}
	struct vat_list_b l = vat_init_list(to, from.elem, from.count);
	if (!l.msg)
		return;
	if (from.elem == VAT_ELEM_POINTER) {
		for (uint32_t i = 0; i < from.count && !to.msg->error; i++)
			copy_ptr(vat_list_ptr_b(l, i), vat_list_ptr(from, i), mode);
		return;
	}
	uint64_t bits = (uint64_t)from.count * from.step_bits;
	if (bits >= 8)
		memcpy(l.base, from.base, bits / 8);
	if (bits % 8) /* the sender's spare bits stay behind */
		l.base[bits / 8] = from.base[bits / 8] & (uint8_t)((1u << (bits % 8)) - 1);
}

/* `to` is null. */
static void copy_ptr(struct vat_ptr_b to, struct vat_ptr_r from, enum mode mode)
{
	struct vat_object o;
	struct vat_struct_r s;
	struct vat_list_r l;
	if (!to.msg || !vat_ptr_follow(from, &o))
		return;
	switch (vat_tag_kind(o.tag)) {
	case VAT_KIND_STRUCT:
		if (vat_object_as_struct(from, &o, &s))
			copy_struct(to, s, mode);
		break;
	case VAT_KIND_LIST:
		if (vat_object_as_list(from, &o, &l))
			copy_list(to, l, mode);
		break;
	default:
		vat_set_cap(to, vat_ptr_cap(from));
	}
}

void vat_copy_canonical(struct vat_ptr_b to, struct vat_ptr_r from)
{
	copy_ptr(to, from, COPY_CANONICAL);
}

/* Where to build what will replace `to`: to itself, emptied, or a place aside. */
static struct vat_ptr_b copy_begin(struct vat_ptr_b to, const struct vat_message *from)
{
	if (to.msg && to.msg == from)
		return vat_build_scratch(to.msg);
	vat_set_null(to);
	return to;
}

static void copy_end(struct vat_ptr_b to, struct vat_ptr_b aside)
{
	if (!aside.msg || aside.at == to.at)
		return;
	vat_build_clear(to);
	vat_build_transfer(to, aside);
}

void vat_set_ptr(struct vat_ptr_b to, struct vat_ptr_r from)
{
	struct vat_ptr_b at = copy_begin(to, from.msg);
	copy_ptr(at, from, COPY_ALL);
	copy_end(to, at);
}

void vat_set_struct(struct vat_ptr_b to, struct vat_struct_r from)
{
	struct vat_ptr_b at = copy_begin(to, from.msg);
	copy_struct(at, from, COPY_ALL);
	copy_end(to, at);
}

void vat_set_list(struct vat_ptr_b to, struct vat_list_r from)
{
	struct vat_ptr_b at = copy_begin(to, from.msg);
	copy_list(at, from, COPY_ALL);
	copy_end(to, at);
}

/* ---- sizes --------------------------------------------------------------------------------- */

static uint64_t ptr_words(struct vat_ptr_r p, uint32_t *caps);

static uint64_t ptrs_words(struct vat_struct_r s, uint32_t *caps)
{
	uint64_t sum = 0;
	for (uint16_t i = 0; i < s.n_ptrs; i++)
		sum += ptr_words(vat_ptr_at(s, i), caps);
	return sum;
}

static uint64_t list_words(struct vat_list_r l, uint32_t *caps)
{
	uint64_t sum = vat_bits_to_words((uint64_t)l.count * l.step_bits);
	sum += l.elem == VAT_ELEM_STRUCT;
	if (!l.n_ptrs)
		return sum;
	for (uint32_t i = 0; i < l.count; i++)
		sum += l.elem == VAT_ELEM_STRUCT ? ptrs_words(vat_list_struct(l, i), caps)
						 : ptr_words(vat_list_ptr(l, i), caps);
	return sum;
}

static uint64_t ptr_words(struct vat_ptr_r p, uint32_t *caps)
{
	struct vat_object o;
	struct vat_struct_r s;
	struct vat_list_r l;
	if (!vat_ptr_follow(p, &o))
		return 0;
	switch (vat_tag_kind(o.tag)) {
	case VAT_KIND_STRUCT:
		if (!vat_object_as_struct(p, &o, &s))
			return 0;
		return s.data_bits / 64 + s.n_ptrs + ptrs_words(s, caps);
	case VAT_KIND_LIST:
		return vat_object_as_list(p, &o, &l) ? list_words(l, caps) : 0;
	default:
		++*caps;
		return 0;
	}
}

uint64_t vat_ptr_total_words(struct vat_ptr_r p, uint32_t *ret_caps)
{
	uint32_t caps = 0;
	uint64_t words = ptr_words(p, &caps);
	if (ret_caps)
		*ret_caps = caps;
	return words;
}
