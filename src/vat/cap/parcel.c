/* SPDX-License-Identifier: MIT */
/*
 * Parcels and the input buffers they lie in: see core.h.
 *
 * Layouts, from rpc.capnp: Message 1 data word and 1 pointer; Call 3 and 3 (target, params,
 * sendResultsTo.thirdParty); Return 2 and 1 (results or exception); Payload 0 and 2 (content,
 * capTable).
 */
#include "vat/cap/cap.h"
#include "vat/conn/proto.h"

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

/* A near pointer to a struct so many words behind the pointer's end. */
#define STRUCT_PTR(offset, data, ptrs) \
	((uint64_t)(offset) << 2 | (uint64_t)(data) << 32 | (uint64_t)(ptrs) << 48)

/* What every Call and Return begins with: root, Message, body, then the MessageTarget of a Call,
 * then the Payload. Content is built behind it. */
enum {
	BODY = 3,
	CALL_PTRS = BODY + 3,
	CALL_TARGET = CALL_PTRS + 3,
	CALL_PAYLOAD = CALL_TARGET + 2,
	RETURN_PTRS = BODY + 2,
	RETURN_PAYLOAD = RETURN_PTRS + 1,
	PROLOGUE_MAX = 24, /* more than either, and the capTable's list pointer and tag */
};

static const uint64_t call_prologue[CALL_PAYLOAD + 2] = {
	STRUCT_PTR(0, 1, 1),
	MSG_CALL,
	STRUCT_PTR(0, 3, 3),
	[CALL_PTRS] = STRUCT_PTR(CALL_TARGET - CALL_PTRS - 1, 1, 1),
	[CALL_PTRS + 1] = STRUCT_PTR(CALL_PAYLOAD - CALL_PTRS - 2, 0, 2),
};

static const uint64_t return_prologue[RETURN_PAYLOAD + 2] = {
	STRUCT_PTR(0, 1, 1),
	MSG_RETURN,
	STRUCT_PTR(0, 2, 1),
	[RETURN_PTRS] = STRUCT_PTR(0, 0, 2),
};

static struct vat_struct_b struct_at(
	struct vat_message *m, unsigned word, uint16_t data_words, uint16_t n_ptrs)
{
	uint8_t *data = m->segs[0].base + (size_t)word * 8;
	return (struct vat_struct_b){.msg = m,
		.data = data,
		.ptrs = data + (size_t)data_words * 8,
		.data_bits = data_words * 64u,
		.n_ptrs = n_ptrs};
}

static void layout(struct parcel *p)
{
	struct vat_message *m = p->msg;
	if (p->form == PARCEL_CALL) {
		memcpy(m->segs[0].base, call_prologue, sizeof(call_prologue));
		m->segs[0].used = ARRAY_SIZE(call_prologue);
		p->body = struct_at(m, BODY, 3, 3);
		p->payload = struct_at(m, CALL_PAYLOAD, 0, 2);
	} else {
		memcpy(m->segs[0].base, return_prologue, sizeof(return_prologue));
		m->segs[0].used = ARRAY_SIZE(return_prologue);
		p->body = struct_at(m, BODY, 2, 1);
		p->payload = struct_at(m, RETURN_PAYLOAD, 0, 2);
	}
}

struct parcel *parcel_new(struct vat *v, enum parcel_form form, size_t hint, size_t max_words)
{
	struct parcel *p = pool_get(&v->pool, sizeof(*p));
	if (!p)
		return NULL;
	p->refs = 1;
	p->vat = v;
	p->form = form;
	p->unsized = !hint;
	/* A smaller limit is a matter of sending it. */
	max_words = max_words ? MAX(max_words, (size_t)PROLOGUE_MAX) : 0;
	p->msg = arena_get(&v->arenas, form, hint ? hint + PROLOGUE_MAX : 0, max_words);
	if (!p->msg) {
		pool_put(&v->pool, p, sizeof(*p));
		return NULL;
	}
	layout(p);
	return p;
}

/* A received message lies beside its parcel. */
struct view {
	struct parcel parcel;
	struct vat_message msg;
};

int parcel_parse(struct vat *v, const void *data, size_t size, const struct vat_read_limits *limits,
	struct chunk *chunk, struct parcel **ret)
{
	size_t used;
	struct view *w = pool_get_dirty(&v->pool, sizeof(*w));
	if (!w)
		return -ENOMEM;
	if (!vat_message_parse_usual(&w->msg, data, size, limits)) {
		int r = vat_message_parse_into(&w->msg, data, size, limits, &used);
		if (r < 0) {
			pool_put(&v->pool, w, sizeof(*w));
			return r;
		}
	}
	w->parcel = (struct parcel){.refs = 1,
		.form = PARCEL_VIEW,
		.vat = v,
		.msg = &w->msg,
		.chunk = chunk ? chunk_ref(chunk) : NULL};
	*ret = &w->parcel;
	return 0;
}

struct parcel *parcel_ref(struct parcel *p)
{
	p->refs++;
	return p;
}

static void free_view(struct vat *v, struct view *w)
{
	if (!vat_message_holds_nothing(&w->msg))
		vat_message_done(&w->msg);
	if (w->parcel.chunk)
		chunk_unref(w->parcel.chunk);
	pool_put(&v->pool, w, sizeof(*w));
}

static void free_arena(struct vat *v, struct parcel *p)
{
	if (p->unsized)
		arena_learn(&v->arenas, p->form, p->msg);
	arena_put(&v->arenas, p->msg);
	pool_put(&v->pool, p, sizeof(*p));
}

void parcel_unref(struct parcel *p)
{
	if (!p || --p->refs)
		return;
	if (p->form == PARCEL_VIEW)
		free_view(p->vat, container_of(p, struct view, parcel));
	else
		free_arena(p->vat, p);
}

uint64_t parcel_cost(const struct parcel *p)
{
	return parcel_words(p) + p->msg->n_caps * (uint64_t)(sizeof(struct vat_cap) / 8);
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

struct vat_struct_b parcel_target(struct parcel *p)
{
	assert(p->form == PARCEL_CALL);
	return struct_at(p->msg, CALL_TARGET, 1, 1);
}

struct parcel *parcel_copy(struct parcel *p, enum parcel_form form, size_t max_words)
{
	struct parcel *to = parcel_new(p->vat, form, vat_message_words(p->msg), max_words);
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
