/* SPDX-License-Identifier: MIT */
/*
 * The canonical form (capnproto.org/encoding.html#canonicalization): one segment; objects in
 * preorder without gaps; structs without the zero words and null pointers at the end of their
 * sections, those of a list all of the size of the largest; padding zero; no capabilities.
 *
 * It is made by copying into a first segment that is large enough (objects are allocated in
 * preorder), and recognised by following the preorder with a head that each object must begin at.
 */
#include "vat/message/message-internal.h"

static int canonical_copy(struct vat_ptr_r from, struct vat_message **ret)
{
	uint32_t caps = 0;
	/* Finding out the size is our affair and costs the reader nothing. */
	uint64_t budget = from.msg ? from.msg->budget : 0;
	uint64_t words = 1 + vat_ptr_total_words(from, &caps);
	if (from.msg && from.msg->error)
		return -EBADMSG;
	if (from.msg)
		from.msg->budget = budget;
	if (caps)
		return -EINVAL;
	if (words > VAT_MAX_COUNT)
		return -EMSGSIZE;
	struct vat_message *m = vat_message_new(words, words);
	if (!m)
		return -ENOMEM;
	vat_copy_canonical(vat_root_b(m), from);
	/* What could be measured can be copied, and a copy is not larger than its source. */
	assert(!m->error && m->n_segs == 1);
	*ret = m;
	return 0;
}

int vat_canonical(struct vat_ptr_r from, struct vat_message **ret)
{
	/* A fault of some other part is none of this one. */
	int before = from.msg ? from.msg->error : 0;
	if (from.msg)
		from.msg->error = 0;
	int r = canonical_copy(from, ret);
	if (from.msg && before)
		from.msg->error = before;
	return r;
}

/* ---- recognition ---------------------------------------------------------------------------- */

struct head {
	const uint8_t *at; /* where the next object must begin */
};

static bool ptr_is_canonical(struct vat_ptr_r p, struct head *h);

/* Whether p says that its object begins at `at`: an offset that leads outside is read as something
 * else, see read.c. */
static bool points_to(struct vat_ptr_r p, const uint8_t *at)
{
	int64_t offset = (int32_t)(uint32_t)vat_load(p.at) >> 2;
	return offset == (at - p.at) / 8 - 1;
}

static bool sections_are_full(struct vat_struct_r s, bool *ret_data, bool *ret_ptrs)
{
	*ret_data = !s.data_bits || vat_load(s.data + s.data_bits / 8 - 8);
	*ret_ptrs = !s.n_ptrs || vat_load(s.ptrs + (size_t)(s.n_ptrs - 1) * 8);
	return *ret_data && *ret_ptrs;
}

static bool ptrs_are_canonical(struct vat_struct_r s, struct head *h)
{
	for (uint16_t i = 0; i < s.n_ptrs; i++)
		if (!ptr_is_canonical(vat_ptr_at(s, i), h))
			return false;
	return true;
}

static bool struct_is_canonical(struct vat_ptr_r p, struct head *h)
{
	bool data, ptrs;
	struct vat_struct_r s = vat_ptr_struct(p, NULL);
	if (!s.msg)
		return false;
	/* A struct of no size lies where its pointer is. */
	if (!s.data_bits && !s.n_ptrs)
		return points_to(p, p.at);
	if (!points_to(p, h->at) || !sections_are_full(s, &data, &ptrs))
		return false;
	h->at = s.ptrs + (size_t)s.n_ptrs * 8;
	return ptrs_are_canonical(s, h);
}

static bool struct_list_is_canonical(struct vat_ptr_r p, struct vat_list_r l, struct head *h)
{
	uint64_t words = (uint64_t)l.count * (l.step_bits / 64);
	if (vat_load(p.at) >> 35 != words)
		return false;
	h->at = l.base + words * 8;
	if (!l.step_bits)
		return true;
	bool some_data = false, some_ptrs = false;
	for (uint32_t i = 0; i < l.count; i++) {
		bool data, ptrs;
		struct vat_struct_r s = vat_list_struct(l, i);
		if (!s.msg || !ptrs_are_canonical(s, h))
			return false;
		sections_are_full(s, &data, &ptrs);
		some_data |= data;
		some_ptrs |= ptrs;
	}
	return some_data && some_ptrs;
}

/* Whether what is left of the last word after `bits` bits from `at` is zero. */
static bool padding_is_zero(const uint8_t *at, uint64_t bits)
{
	return !(bits % 64) || !(vat_load(at + bits / 64 * 8) >> (bits % 64));
}

static bool list_is_canonical(struct vat_ptr_r p, struct head *h)
{
	struct vat_list_r l = vat_ptr_any_list(p);
	uint64_t bits = (uint64_t)l.count * l.step_bits;
	if (!l.msg || !points_to(p, h->at))
		return false;
	if (l.elem == VAT_ELEM_STRUCT)
		return struct_list_is_canonical(p, l, h);
	if (!padding_is_zero(l.base, bits))
		return false;
	h->at += vat_bits_to_words(bits) * 8;
	for (uint32_t i = 0; i < l.count && l.n_ptrs; i++)
		if (!ptr_is_canonical(vat_list_ptr(l, i), h))
			return false;
	return true;
}

static bool ptr_is_canonical(struct vat_ptr_r p, struct head *h)
{
	if (vat_ptr_is_null(p))
		return true;
	switch (vat_tag_kind(vat_load(p.at))) {
	case VAT_KIND_STRUCT:
		return struct_is_canonical(p, h);
	case VAT_KIND_LIST:
		return list_is_canonical(p, h);
	default:
		return false;
	}
}

bool vat_message_is_canonical(struct vat_message *m)
{
	if (m->n_segs != 1 || !m->segs[0].used)
		return false;
	struct head h = {.at = m->segs[0].base + 8};
	return ptr_is_canonical(vat_root(m), &h) &&
	       h.at == m->segs[0].base + (size_t)m->segs[0].used * 8;
}
