/* SPDX-License-Identifier: MIT */
/*
 * Whether two objects say the same: data sections but for zero words at the end, pointers but for
 * null ones at the end, lists of the same element size element by element.  Both sides are read
 * with all checks and paid for; what cannot be read is equal to nothing.
 */
#include "vat/message/message-internal.h"

/* Of two parts of one object. */
static enum vat_equality both(enum vat_equality a, enum vat_equality b)
{
	if (a == VAT_NOT_EQUAL || b == VAT_NOT_EQUAL)
		return VAT_NOT_EQUAL;
	return a == VAT_EQUAL ? b : a;
}

static size_t trimmed_bytes(struct vat_struct_r s)
{
	size_t n = s.data_bits / 8;
	while (n && !s.data[n - 1])
		n--;
	return n;
}

static uint16_t trimmed_ptrs(struct vat_struct_r s)
{
	uint16_t n = s.n_ptrs;
	while (n && vat_ptr_is_null(vat_ptr_at(s, (uint16_t)(n - 1))))
		n--;
	return n;
}

enum vat_equality vat_struct_equal(struct vat_struct_r a, struct vat_struct_r b)
{
	size_t n = trimmed_bytes(a);
	uint16_t n_ptrs = trimmed_ptrs(a);
	if (n != trimmed_bytes(b) || n_ptrs != trimmed_ptrs(b))
		return VAT_NOT_EQUAL;
	if (n && memcmp(a.data, b.data, n))
		return VAT_NOT_EQUAL;
	enum vat_equality r = VAT_EQUAL;
	for (uint16_t i = 0; i < n_ptrs && r != VAT_NOT_EQUAL; i++)
		r = both(r, vat_ptr_equal(vat_ptr_at(a, i), vat_ptr_at(b, i)));
	return r;
}

/* Two lists of data elements of one size, as many. */
static bool same_data(struct vat_list_r a, struct vat_list_r b)
{
	uint64_t bits = (uint64_t)a.count * a.step_bits;
	if (bits >= 8 && memcmp(a.base, b.base, bits / 8))
		return false;
	unsigned rest = bits % 8;
	return !rest || !((a.base[bits / 8] ^ b.base[bits / 8]) & ((1u << rest) - 1));
}

enum vat_equality vat_list_equal(struct vat_list_r a, struct vat_list_r b)
{
	enum vat_equality r = VAT_EQUAL;
	if (a.elem != b.elem || a.count != b.count)
		return VAT_NOT_EQUAL;
	if (a.elem != VAT_ELEM_STRUCT && a.elem != VAT_ELEM_POINTER)
		return same_data(a, b) ? VAT_EQUAL : VAT_NOT_EQUAL;
	/* Elements of no size are all the same. */
	for (uint32_t i = 0; i < a.count && (a.step_bits || b.step_bits) && r; i++)
		r = both(r,
			a.elem == VAT_ELEM_POINTER
				? vat_ptr_equal(vat_list_ptr(a, i), vat_list_ptr(b, i))
				: vat_struct_equal(vat_list_struct(a, i), vat_list_struct(b, i)));
	return r;
}

static enum vat_equality equal_objects(struct vat_ptr_r pa, const struct vat_object *a,
	struct vat_ptr_r pb, const struct vat_object *b)
{
	struct vat_struct_r sa, sb;
	struct vat_list_r la, lb;
	switch (vat_tag_kind(a->tag)) {
	case VAT_KIND_STRUCT:
		return vat_object_as_struct(pa, a, &sa) && vat_object_as_struct(pb, b, &sb)
			       ? vat_struct_equal(sa, sb)
			       : VAT_NOT_EQUAL;
	case VAT_KIND_LIST:
		return vat_object_as_list(pa, a, &la) && vat_object_as_list(pb, b, &lb)
			       ? vat_list_equal(la, lb)
			       : VAT_NOT_EQUAL;
	default:
		break;
	}
	struct vat_cap *c = vat_ptr_cap(pa);
	return c && c == vat_ptr_cap(pb) ? VAT_EQUAL : VAT_MAYBE_EQUAL;
}

enum vat_equality vat_ptr_equal(struct vat_ptr_r a, struct vat_ptr_r b)
{
	struct vat_object oa, ob;
	if (vat_ptr_is_null(a) || vat_ptr_is_null(b))
		return vat_ptr_is_null(a) && vat_ptr_is_null(b) ? VAT_EQUAL : VAT_NOT_EQUAL;
	if (!vat_ptr_follow(a, &oa) || !vat_ptr_follow(b, &ob) ||
		vat_tag_kind(oa.tag) != vat_tag_kind(ob.tag))
		return VAT_NOT_EQUAL;
	return equal_objects(a, &oa, b, &ob);
}
