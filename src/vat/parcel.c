/* SPDX-License-Identifier: MIT */
/*
 * Parcels and the input buffers they lie in: see core.h.
 *
 * Layouts, from rpc.capnp: Message 1 data word and 1 pointer; Call 3 and 3 (target, params,
 * sendResultsTo.thirdParty); Return 2 and 1 (results or exception); Payload 0 and 2 (content,
 * capTable).
 */
#include "vat/cap.h"
#include "vat/proto.h"

struct chunk *chunk_new(struct vat *v, size_t size)
{
	if (size == CHUNK_SIZE && v->spare) {
		struct chunk *c = TAKE_PTR(v->spare);
		c->vat = vat_ref(v);
		v->n_chunks++;
		return c;
	}
	struct chunk *c = malloc(sizeof(*c) + size);
	if (!c)
		return NULL;
	*c = (struct chunk){.refs = 1, .size = size, .vat = vat_ref(v), .data = (uint8_t *)(c + 1)};
	if (size >= CHUNK_SIZE)
		v->n_chunks++;
	return c;
}

struct chunk *chunk_ref(struct chunk *c)
{
	c->refs++;
	return c;
}

void chunk_unref(struct chunk *c)
{
	if (--c->refs)
		return;
	struct vat *v = c->vat;
	if (c->size >= CHUNK_SIZE)
		v->n_chunks--;
	if (c->size == CHUNK_SIZE && !v->spare && !v->freed) {
		c->refs = 1;
		v->spare = c;
	} else {
		free(c);
	}
	vat_unref(v);
}

static void layout(struct parcel *p)
{
	bool call = p->form == PARCEL_CALL;
	struct vat_struct_b root = vat_init_struct(vat_root_b(p->msg), 1, 1);
	vat_w_u16(root, 0, call ? MSG_CALL : MSG_RETURN, 0);
	struct vat_ptr_b at = vat_ptr_at_b(root, 0);
	p->body = call ? vat_init_struct(at, 3, 3) : vat_init_struct(at, 2, 1);
	p->payload = vat_init_struct(vat_ptr_at_b(p->body, call ? 1 : 0), 0, 2);
}

struct parcel *parcel_new(enum parcel_form form, size_t hint, size_t max_words)
{
	struct parcel *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->refs = 1;
	p->form = form;
	p->msg = vat_message_new(hint ? hint + 24 : 48, max_words);
	if (!p->msg) {
		free(p);
		return NULL;
	}
	layout(p);
	return p;
}

struct parcel *parcel_view(struct vat_message *msg, struct chunk *chunk)
{
	struct parcel *p = calloc(1, sizeof(*p));
	if (!p) {
		vat_message_free(msg);
		return NULL;
	}
	p->refs = 1;
	p->form = PARCEL_VIEW;
	p->msg = msg;
	p->chunk = chunk ? chunk_ref(chunk) : NULL;
	return p;
}

struct parcel *parcel_ref(struct parcel *p)
{
	p->refs++;
	return p;
}

void parcel_unref(struct parcel *p)
{
	if (!p || --p->refs)
		return;
	vat_message_free(p->msg);
	if (p->chunk)
		chunk_unref(p->chunk);
	free(p);
}

uint64_t parcel_cost(const struct parcel *p)
{
	return vat_message_words(p->msg) +
	       vat_message_n_caps(p->msg) * (uint64_t)(sizeof(struct vat_cap) / 8);
}

struct vat_ptr_r parcel_content(const struct parcel *p)
{
	if (!p)
		return (struct vat_ptr_r){0};
	if (p->form == PARCEL_VIEW)
		return p->content;
	return vat_ptr_b_r(vat_ptr_at_b(p->payload, 0));
}

struct vat_ptr_b parcel_content_b(struct parcel *p)
{
	return vat_ptr_at_b(p->payload, 0);
}

struct parcel *parcel_copy(struct parcel *p, enum parcel_form form, size_t max_words)
{
	struct parcel *to = parcel_new(form, vat_message_words(p->msg), max_words);
	if (!to)
		return NULL;
	vat_set_ptr(parcel_content_b(to), parcel_content(p));
	if (!vat_message_error(p->msg) && !vat_message_error(to->msg))
		return to;
	parcel_unref(to);
	return NULL;
}

static struct vat_ptr_r follow(const struct parcel *p, const uint16_t *path, size_t n)
{
	struct vat_ptr_r at = parcel_content(p);
	for (size_t i = 0; i < n; i++)
		at = vat_ptr_at(vat_ptr_struct(at, NULL), path[i]);
	return at;
}

struct vat_cap *parcel_cap_at(const struct parcel *p, const uint16_t *path, size_t n)
{
	return vat_ptr_cap(follow(p, path, n));
}

bool parcel_cap_index(const struct parcel *p, const uint16_t *path, size_t n, uint32_t *ret)
{
	struct vat_ptr_r at = follow(p, path, n);
	struct vat_object o;
	if (!vat_ptr_cap(at) || !vat_ptr_follow(at, &o))
		return false;
	*ret = (uint32_t)(o.tag >> 32);
	return *ret < vat_message_n_caps(p->msg);
}
