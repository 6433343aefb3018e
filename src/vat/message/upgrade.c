/* SPDX-License-Identifier: MIT */
/*
 * Editing what is already in an arena: vat_get_*_b find an object, make it from its default when it
 * is absent, and, when it was made with an older, smaller layout, copy it to a larger place.
 * The data moves by memcpy, the pointers by vat_build_transfer, so nothing below is copied; the old
 * place is left as zeroes.
 */
#include "vat/message/message-internal.h"

/* The object p has, after making it from its default. False: still null, or a fault (*fault). */
static bool find_or_default(
	struct vat_ptr_b p, const struct vat_default *d, struct vat_object *o, bool *fault)
{
	*fault = true;
	if (!vat_load(p.at)) {
		if (!d) {
			*fault = false;
			return false;
		}
		vat_set_ptr(p, vat_default_ptr(d));
		if (!vat_load(p.at)) {
			*fault = p.msg->error != 0;
			return false;
		}
	}
	int r = vat_object_find(p.msg, p.segment, p.at, o);
	if (r)
		vat_message_fault(p.msg, r);
	return !r;
}

static struct vat_struct_b found_struct(struct vat_message *m, const struct vat_object *o)
{
	return (struct vat_struct_b){.msg = m,
		.data = (uint8_t *)o->p,
		.ptrs = (uint8_t *)o->p + (size_t)vat_tag_data(o->tag) * 8,
		.data_bits = (uint32_t)vat_tag_data(o->tag) * 64,
		.n_ptrs = vat_tag_ptrs(o->tag),
		.segment = o->segment};
}

/* Moves one element's content; both builders are in the same arena, `to` is zeroed and not smaller.
 */
static void move_content(struct vat_struct_b to, struct vat_struct_b from)
{
	size_t n = from.data_bits / 8;
	if (n) {
		memcpy(to.data, from.data, n);
		memset(from.data, 0, n);
	}
	for (uint16_t i = 0; i < from.n_ptrs; i++)
		vat_build_transfer(vat_ptr_at_b(to, i), vat_ptr_at_b(from, i));
}

struct vat_struct_b vat_get_struct_b(
	struct vat_ptr_b p, uint16_t data_words, uint16_t n_ptrs, const struct vat_default *d)
{
	struct vat_object o;
	bool fault;
	if (!p.msg)
		return (struct vat_struct_b){0};
	if (!find_or_default(p, d, &o, &fault))
		return fault ? (struct vat_struct_b){0} : vat_init_struct(p, data_words, n_ptrs);
	if (vat_tag_kind(o.tag) != VAT_KIND_STRUCT) {
		vat_message_fault(p.msg, VAT_FAULT_KIND);
		return (struct vat_struct_b){0};
	}
	struct vat_struct_b old = found_struct(p.msg, &o);
	if (vat_tag_data(o.tag) >= data_words && old.n_ptrs >= n_ptrs)
		return old;
	/* The new object is written over p before the old one is emptied. */
	data_words = MAX(data_words, vat_tag_data(o.tag));
	n_ptrs = MAX(n_ptrs, old.n_ptrs);
	uint64_t keep = vat_load(p.at);
	vat_store(p.at, 0);
	struct vat_struct_b new = vat_init_struct(p, data_words, n_ptrs);
	if (!new.msg) {
		vat_store(p.at, keep);
		return new;
	}
	vat_object_clear_pad(&o);
	move_content(new, old);
	return new;
}

static struct vat_list_b found_list(
	struct vat_message *m, const struct vat_object *o, const struct vat_list_r *l)
{
	return (struct vat_list_b){.msg = m,
		.base = (uint8_t *)l->base,
		.count = l->count,
		.step_bits = l->step_bits,
		.data_bits = l->data_bits,
		.n_ptrs = l->n_ptrs,
		.segment = o->segment,
		.elem = l->elem};
}

/* The list p has, of a shape that can be used as `want`. msg NULL: there is none, or a fault. */
static struct vat_list_b find_list(struct vat_ptr_b p, enum vat_elem want,
	const struct vat_default *d, struct vat_object *o, uint64_t *words, bool *fault)
{
	struct vat_list_r l;
	if (!find_or_default(p, d, o, fault))
		return (struct vat_list_b){0};
	int r = vat_object_list(o, &l, words);
	if (!r)
		r = vat_list_check(&l, want);
	/* Setting the bit of a number would not be setting an element. */
	if (!r && want == VAT_ELEM_BIT && l.elem != VAT_ELEM_BIT)
		r = VAT_FAULT_UPGRADE;
	if (r) {
		vat_message_fault(p.msg, r);
		return (struct vat_list_b){0};
	}
	return found_list(p.msg, o, &l);
}

struct vat_list_b vat_get_list_b(
	struct vat_ptr_b p, enum vat_elem elem, const struct vat_default *d)
{
	struct vat_object o;
	uint64_t words;
	bool fault;
	if (!p.msg)
		return (struct vat_list_b){0};
	struct vat_list_b l = find_list(p, elem, d, &o, &words, &fault);
	return l.msg || fault ? l : vat_init_list(p, elem, 0);
}

struct vat_list_b vat_get_any_list_b(struct vat_ptr_b p)
{
	struct vat_object o;
	struct vat_list_r l;
	uint64_t words;
	bool fault;
	if (!p.msg || !find_or_default(p, NULL, &o, &fault))
		return (struct vat_list_b){0};
	int r = vat_object_list(&o, &l, &words);
	if (r) {
		vat_message_fault(p.msg, r);
		return (struct vat_list_b){0};
	}
	return found_list(p.msg, &o, &l);
}

struct vat_list_b vat_get_struct_list_b(
	struct vat_ptr_b p, uint16_t data_words, uint16_t n_ptrs, const struct vat_default *d)
{
	struct vat_object o;
	uint64_t words;
	bool fault;
	if (!p.msg)
		return (struct vat_list_b){0};
	struct vat_list_b old = find_list(p, VAT_ELEM_STRUCT, d, &o, &words, &fault);
	if (!old.msg)
		return fault ? old : vat_init_struct_list(p, data_words, n_ptrs, 0);
	uint16_t old_words = (uint16_t)vat_bits_to_words(old.data_bits);
	if (old.elem == VAT_ELEM_STRUCT && old_words >= data_words && old.n_ptrs >= n_ptrs)
		return old;
	uint64_t keep = vat_load(p.at);
	vat_store(p.at, 0);
	struct vat_list_b new = vat_init_struct_list(
		p, MAX(data_words, old_words), MAX(n_ptrs, old.n_ptrs), old.count);
	if (!new.msg) {
		vat_store(p.at, keep);
		return new;
	}
	vat_object_clear_pad(&o);
	for (uint32_t i = 0; i < old.count; i++)
		move_content(vat_list_struct_b(new, i), vat_list_struct_b(old, i));
	if (words)
		memset((uint8_t *)o.p, 0, words * 8);
	return new;
}
