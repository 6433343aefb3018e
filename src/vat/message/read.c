/* SPDX-License-Identifier: MIT */
/*
 * Reading in place.
 *
 * Every access goes: find the object (follow far pointers, with offsets compared before any pointer
 * is formed), compare its size with what is left of the segment, charge its words to the traversal
 * budget, take one level of nesting.  Whatever fails is remembered in the message, and the caller
 * sees a default.
 *
 * Handles with msg == NULL lie in defaults compiled into the program: those are trusted, have
 * one segment and no capabilities.
 *
 * A list keeps its encoded shape (step, data bits, pointers per element) whatever it is read as, so
 * a list of structs read as a list of pointers computes each element's address from the real
 * bounds.
 */
#include "vat/message/message-internal.h"

const uint8_t vat_elem_bits[8] = {0, 1, 8, 16, 32, 64, 0, 0};

/* An object whose pointer word w stands at `at`. */
static int find_near(const struct vat_message *m, uint16_t segment, const uint8_t *at, uint64_t w,
	struct vat_object *o)
{
	o->tag = w;
	o->segment = segment;
	if (vat_tag_kind(w) == VAT_KIND_OTHER)
		return (uint32_t)w == VAT_KIND_OTHER ? 0 : VAT_FAULT_KIND;
	int64_t offset = (int32_t)(uint32_t)w >> 2;
	if (!m) {
		o->p = at + 8 + offset * 8;
		o->room = UINT32_MAX;
		return 0;
	}
	const struct vat_segment *s = &m->segs[segment];
	int64_t pos = (at - s->base) / 8 + 1 + offset;
	/* Outside is taken for the end, where only an object without size fits; the reference
	 * implementation does the same. */
	if (pos < 0 || pos > s->used)
		pos = s->used;
	o->p = s->base + pos * 8;
	o->room = (uint32_t)(s->used - pos);
	return 0;
}

/* The segment a far pointer names, its position cut off at the end; NULL if there is none, or an
 * empty one, which is as good as none to the reference implementation. */
static const struct vat_segment *far_target(
	const struct vat_message *m, uint64_t far, uint32_t *ret_pos)
{
	uint64_t segment = far >> 32;
	if (segment >= m->n_segs || !m->segs[segment].used)
		return NULL;
	*ret_pos = MIN((uint32_t)far >> 3, m->segs[segment].used);
	return &m->segs[segment];
}

static int find_far(const struct vat_message *m, uint64_t far, struct vat_object *o)
{
	uint32_t pos;
	const struct vat_segment *s = m ? far_target(m, far, &pos) : NULL;
	o->pad_words = far & 4 ? 2 : 1;
	if (!s || s->used - pos < o->pad_words)
		return VAT_FAULT_BOUNDS;
	o->pad = s->base + (size_t)pos * 8;
	uint64_t w = vat_load(o->pad);
	if (o->pad_words == 1)
		return vat_tag_kind(w) == VAT_KIND_FAR
			       ? VAT_FAULT_KIND
			       : find_near(m, (uint16_t)(s - m->segs), o->pad, w, o);
	/* Two words: a far pointer to the content, whose size bit nobody looks at, and a tag. */
	if (vat_tag_kind(w) != VAT_KIND_FAR)
		return VAT_FAULT_KIND;
	o->tag = vat_load(o->pad + 8);
	if (vat_tag_kind(o->tag) == VAT_KIND_FAR ||
		(vat_tag_kind(o->tag) == VAT_KIND_OTHER && (uint32_t)o->tag != VAT_KIND_OTHER))
		return VAT_FAULT_KIND;
	s = far_target(m, w, &pos);
	if (!s)
		return VAT_FAULT_BOUNDS;
	o->p = s->base + (size_t)pos * 8;
	o->room = s->used - pos;
	o->segment = (uint16_t)(s - m->segs);
	return 0;
}

int vat_object_find(
	const struct vat_message *m, uint16_t segment, const uint8_t *at, struct vat_object *ret)
{
	uint64_t w = vat_load(at);
	*ret = (struct vat_object){.tag = w};
	if (vat_tag_kind(w) == VAT_KIND_FAR)
		return find_far(m, w, ret);
	return find_near(m, segment, at, w, ret);
}

static int find_composite(const struct vat_object *o, uint32_t words, struct vat_list_r *l)
{
	if ((uint64_t)words + 1 > o->room)
		return VAT_FAULT_BOUNDS;
	uint64_t tag = vat_load(o->p);
	if (vat_tag_kind(tag) != VAT_KIND_STRUCT)
		return VAT_FAULT_KIND;
	uint32_t per = (uint32_t)vat_tag_data(tag) + vat_tag_ptrs(tag);
	l->count = (uint32_t)tag >> 2;
	if ((uint64_t)l->count * per > words)
		return VAT_FAULT_BOUNDS;
	l->base = o->p + 8;
	l->step_bits = per * 64;
	l->data_bits = (uint32_t)vat_tag_data(tag) * 64;
	l->n_ptrs = vat_tag_ptrs(tag);
	return 0;
}

int vat_object_list(const struct vat_object *o, struct vat_list_r *l, uint64_t *ret_words)
{
	if (vat_tag_kind(o->tag) != VAT_KIND_LIST)
		return VAT_FAULT_KIND;
	uint32_t count = (uint32_t)(o->tag >> 35);
	*l = (struct vat_list_r){.elem = o->tag >> 32 & 7};
	if (l->elem == VAT_ELEM_STRUCT) {
		*ret_words = (uint64_t)count + 1;
		return find_composite(o, count, l);
	}
	l->count = count;
	l->base = o->p;
	l->data_bits = vat_elem_bits[l->elem];
	l->n_ptrs = l->elem == VAT_ELEM_POINTER;
	l->step_bits = l->n_ptrs ? 64 : l->data_bits;
	*ret_words = vat_bits_to_words((uint64_t)count * l->step_bits);
	return *ret_words > o->room ? VAT_FAULT_BOUNDS : 0;
}

int vat_list_check(const struct vat_list_r *l, enum vat_elem want)
{
	if (l->elem == want)
		return 0;
	/* Bits have no address of their own: a bit list is only a bit list. Numbers may be taken
	 * for bits, because the reference implementation does so; structs may not. */
	if (l->elem == VAT_ELEM_BIT || (want == VAT_ELEM_BIT && l->elem == VAT_ELEM_STRUCT))
		return VAT_FAULT_UPGRADE;
	if (want == VAT_ELEM_STRUCT)
		return 0;
	if (l->data_bits < vat_elem_bits[want] || (want == VAT_ELEM_POINTER && !l->n_ptrs))
		return VAT_FAULT_UPGRADE;
	return 0;
}

static bool charge(struct vat_message *m, uint64_t words)
{
	if (!m)
		return true;
	if (words > m->budget) {
		vat_message_fault(m, VAT_FAULT_TRAVERSAL);
		return false;
	}
	m->budget -= words;
	return true;
}

bool vat_ptr_follow(struct vat_ptr_r p, struct vat_object *ret)
{
	if (vat_ptr_is_null(p))
		return false;
	int r = vat_object_find(p.msg, p.segment, p.at, ret);
	if (r) {
		vat_message_fault(p.msg, r);
		return false;
	}
	return charge(p.msg, ret->pad_words);
}

/* One level down from p, for an object of so many words. */
static bool enter(struct vat_ptr_r p, uint64_t words)
{
	if (!charge(p.msg, words))
		return false;
	if (p.depth == 0) {
		vat_message_fault(p.msg, VAT_FAULT_NESTING);
		return false;
	}
	return true;
}

bool vat_object_as_struct(struct vat_ptr_r p, const struct vat_object *o, struct vat_struct_r *ret)
{
	uint32_t words = (uint32_t)vat_tag_data(o->tag) + vat_tag_ptrs(o->tag);
	int fault = 0;
	if (vat_tag_kind(o->tag) != VAT_KIND_STRUCT)
		fault = VAT_FAULT_KIND;
	else if (words > o->room)
		fault = VAT_FAULT_BOUNDS;
	if (fault) {
		vat_message_fault(p.msg, fault);
		return false;
	}
	if (!enter(p, words))
		return false;
	*ret = (struct vat_struct_r){.msg = p.msg,
		.data = o->p,
		.ptrs = o->p + (size_t)vat_tag_data(o->tag) * 8,
		.data_bits = (uint32_t)vat_tag_data(o->tag) * 64,
		.n_ptrs = vat_tag_ptrs(o->tag),
		.segment = o->segment,
		.depth = (uint16_t)(p.depth - 1)};
	return true;
}

bool vat_object_as_list(struct vat_ptr_r p, const struct vat_object *o, struct vat_list_r *ret)
{
	struct vat_list_r l;
	uint64_t words;
	int r = vat_object_list(o, &l, &words);
	if (r) {
		vat_message_fault(p.msg, r);
		return false;
	}
	/* Elements that take no space would let a few words stand for any amount of work. */
	if (!l.step_bits)
		words += l.count;
	if (!enter(p, words))
		return false;
	l.msg = p.msg;
	l.segment = o->segment;
	l.depth = (uint16_t)(p.depth - 1);
	*ret = l;
	return true;
}

/* There is no root pointer, or no budget. */
struct vat_ptr_r vat_root_(struct vat_message *m)
{
	vat_message_fault(m, m->segs[0].used ? VAT_FAULT_TRAVERSAL : VAT_FAULT_BOUNDS);
	return (struct vat_ptr_r){.msg = m};
}

enum vat_ptr_kind vat_ptr_kind(struct vat_ptr_r p)
{
	if (vat_ptr_is_null(p))
		return VAT_PTR_NULL;
	struct vat_object o;
	int r = vat_object_find(p.msg, p.segment, p.at, &o);
	if (r) {
		vat_message_fault(p.msg, r);
		return VAT_PTR_BAD;
	}
	switch (vat_tag_kind(o.tag)) {
	case VAT_KIND_STRUCT:
		return VAT_PTR_STRUCT;
	case VAT_KIND_LIST:
		return VAT_PTR_LIST;
	default:
		return VAT_PTR_CAP;
	}
}

struct vat_struct_r vat_ptr_struct_(struct vat_message *m, const uint8_t *at, uint16_t segment,
	uint16_t depth, const struct vat_default *d)
{
	struct vat_ptr_r p = {.msg = m, .at = at, .segment = segment, .depth = depth};
	struct vat_object o;
	struct vat_struct_r s = {0};
	if (vat_ptr_follow(p, &o) && vat_object_as_struct(p, &o, &s))
		return s;
	return d ? vat_ptr_struct(vat_default_ptr(d), NULL) : s;
}

struct vat_list_r vat_ptr_any_list(struct vat_ptr_r p)
{
	struct vat_object o;
	struct vat_list_r l = {0};
	if (vat_ptr_follow(p, &o))
		vat_object_as_list(p, &o, &l);
	return l;
}

struct vat_list_r vat_ptr_list_(struct vat_message *m, const uint8_t *at, uint16_t segment,
	uint16_t depth, enum vat_elem want, const struct vat_default *d)
{
	struct vat_ptr_r p = {.msg = m, .at = at, .segment = segment, .depth = depth};
	struct vat_object o;
	struct vat_list_r l;
	if (vat_ptr_follow(p, &o) && vat_object_as_list(p, &o, &l)) {
		int r = vat_list_check(&l, want);
		if (!r && want == VAT_ELEM_BIT) /* one bit after the other, whatever they were */
			l.elem = VAT_ELEM_BIT, l.step_bits = l.data_bits = 1;
		if (!r)
			return l;
		vat_message_fault(m, r);
	}
	if (d)
		return vat_ptr_list(vat_default_ptr(d), want, NULL);
	return (struct vat_list_r){.elem = want};
}

/* A list of bytes; costs no nesting level. */
static bool bytes_at(struct vat_ptr_r p, struct vat_data *ret)
{
	struct vat_object o;
	struct vat_list_r l;
	uint64_t words;
	if (!vat_ptr_follow(p, &o))
		return false;
	int r = vat_object_list(&o, &l, &words);
	if (!r && l.elem != VAT_ELEM_BYTE)
		r = VAT_FAULT_KIND;
	if (r) {
		vat_message_fault(p.msg, r);
		return false;
	}
	*ret = (struct vat_data){.p = l.base, .len = l.count};
	return charge(p.msg, words);
}

struct vat_text vat_ptr_text_(
	struct vat_message *m, const uint8_t *at, uint16_t segment, const struct vat_default *d)
{
	struct vat_data b;
	if (bytes_at((struct vat_ptr_r){.msg = m, .at = at, .segment = segment}, &b)) {
		const char *s = b.p;
		if (b.len && !s[b.len - 1])
			return (struct vat_text){.s = s, .len = b.len - 1};
		vat_message_fault(m, VAT_FAULT_TEXT);
	}
	if (d)
		return vat_ptr_text(vat_default_ptr(d), NULL);
	return (struct vat_text){.s = "", .len = 0};
}

struct vat_data vat_ptr_data_(
	struct vat_message *m, const uint8_t *at, uint16_t segment, const struct vat_default *d)
{
	struct vat_data b;
	if (bytes_at((struct vat_ptr_r){.msg = m, .at = at, .segment = segment}, &b))
		return b;
	if (d)
		return vat_ptr_data(vat_default_ptr(d), NULL);
	return (struct vat_data){.p = "", .len = 0};
}

struct vat_cap *vat_ptr_cap(struct vat_ptr_r p)
{
	struct vat_object o;
	if (!vat_ptr_follow(p, &o))
		return NULL;
	uint32_t index = (uint32_t)(o.tag >> 32);
	if (vat_tag_kind(o.tag) != VAT_KIND_OTHER) {
		vat_message_fault(p.msg, VAT_FAULT_KIND);
		return NULL;
	}
	if (!p.msg || index >= p.msg->n_caps) {
		vat_message_fault(p.msg, VAT_FAULT_CAP);
		return NULL;
	}
	return p.msg->caps[index];
}

struct vat_struct_r vat_list_too_deep_(struct vat_message *m)
{
	vat_message_fault(m, VAT_FAULT_NESTING);
	return (struct vat_struct_r){0};
}
