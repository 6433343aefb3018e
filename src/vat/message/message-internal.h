/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the files of the serialization half share, and what the RPC half may use beyond
 * vat/message.h.
 *
 * A message is an array of segments.  In a view they are borrowed (`used` = `size` = the received
 * length); in an arena the first one lies behind the struct itself and later ones are blocks of
 * their own; a segment never moves.  Nothing is allocated per message beyond the struct as long as
 * four segments and eight capabilities are enough.
 *
 * For a message loop without allocations: keep a struct vat_message per connection for input
 * (vat_message_parse_into, vat_message_done) and reuse arenas for output (vat_message_reset).
 */
#include "base/macro.h"
#include "vat/message.h"
#include "vat/rpc.h"

enum {
	VAT_DEFAULT_WORDS = 8 << 20, /* traversal and arena limit: 64 MiB */
	VAT_DEFAULT_NESTING = 64,
	VAT_DEFAULT_SEGMENTS = 512,
	VAT_MAX_NESTING =
		1024, /* what recursion on our own stack may reach; an arena's own limit */
	VAT_MAX_SEGMENTS = 65535,
	VAT_MAX_CAPS = 1 << 20,
	VAT_MAX_COUNT = (1 << 29) - 1, /* elements of a list, words of a segment */
};

/* ---- for the RPC half ---------------------------------------------------------------------- */

/* Moves a message made by _parse_into/_view_into to a block of its own, kept as by
 * vat_message_keep; *m is then as after vat_message_done. NULL when memory is out (m unchanged). */
struct vat_message *vat_message_move(struct vat_message *m);

/* The usual frame, of one segment in whole words of aligned memory: *m becomes a view of it. False:
 * any other frame. limits: none is 0. */
static inline bool vat_message_parse_usual(struct vat_message *m, const uint8_t *data, size_t size,
	const struct vat_read_limits *limits)
{
	uint32_t head[2];
	if (size < sizeof(head) || (uintptr_t)data % 8)
		return false;
	memcpy(head, data, sizeof(head));
	if (head[0] || size != sizeof(head) + head[1] * UINT64_C(8) ||
		head[1] > limits->traversal_words || limits->nesting > VAT_MAX_NESTING)
		return false;
	memset(m, 0, offsetof(struct vat_message, inline_segs));
	m->segs = m->inline_segs;
	m->segs_room = VAT_INLINE_SEGMENTS;
	m->caps = m->inline_caps;
	m->caps_room = VAT_INLINE_CAPS;
	m->frame = m->inline_frame;
	m->budget = limits->traversal_words;
	m->nesting = (uint16_t)limits->nesting;
	m->n_segs = 1;
	m->segs[0] = (struct vat_segment){
		.base = (uint8_t *)data + sizeof(head), .used = head[1], .size = head[1]};
	return true;
}

/* As vat_frame_size, quick for such frames. */
static inline size_t vat_frame_size_usual(
	const uint8_t *data, size_t size, const struct vat_read_limits *limits)
{
	uint32_t head[2];
	if (size < sizeof(head))
		return vat_frame_size(data, size, limits);
	memcpy(head, data, sizeof(head));
	if (head[0] || head[1] > limits->traversal_words)
		return vat_frame_size(data, size, limits);
	return sizeof(head) + (size_t)head[1] * 8;
}

/* Whether vat_message_done would find nothing to do for a view. */
static inline bool vat_message_holds_nothing(const struct vat_message *m)
{
	return !m->n_caps && m->caps == m->inline_caps && m->segs == m->inline_segs &&
	       !m->backing && m->frame == m->inline_frame;
}

/* Remembers the first fault. m may be NULL. */
static inline void vat_message_fault(struct vat_message *m, int fault)
{
	if (m && !m->error)
		m->error = fault;
}

/* ---- shared by read.c, build.c, copy.c ----------------------------------------------------- */

enum { VAT_KIND_STRUCT, VAT_KIND_LIST, VAT_KIND_FAR, VAT_KIND_OTHER };

/* What a pointer leads to, far pointers followed. Only `p` is checked to lie in its segment; the
 * object's size is to be compared with `room`. */
struct vat_object {
	uint64_t tag; /* the pointer word that describes the object */
	const uint8_t *p; /* its content (not for capabilities) */
	const uint8_t *pad; /* landing pad of a far pointer, else NULL */
	uint32_t room; /* words from p to the end of the segment */
	uint16_t segment;
	uint8_t pad_words;
};

static inline uint64_t vat_load(const uint8_t *at)
{
	uint64_t w;
	memcpy(&w, at, sizeof(w));
	return w;
}

static inline void vat_store(uint8_t *at, uint64_t w)
{
	memcpy(at, &w, sizeof(w));
}

static inline unsigned vat_tag_kind(uint64_t tag)
{
	return tag & 3;
}

static inline uint16_t vat_tag_data(uint64_t tag)
{
	return (uint16_t)(tag >> 32);
}

static inline uint16_t vat_tag_ptrs(uint64_t tag)
{
	return (uint16_t)(tag >> 48);
}

static inline uint64_t vat_bits_to_words(uint64_t bits)
{
	return (bits + 63) / 64;
}

/* For objects in arenas only. */
static inline void vat_object_clear_pad(const struct vat_object *o)
{
	if (o->pad)
		memset((uint8_t *)o->pad, 0, (size_t)o->pad_words * 8);
}

extern const uint8_t vat_elem_bits[8]; /* data bits per element; 0 for pointers and structs */

/* Follows the pointer word at `at`, which lies in segment (m NULL: in a trusted default). Returns 0
 * or an enum vat_fault; charges nothing. The word must not be 0. */
int vat_object_find(
	const struct vat_message *m, uint16_t segment, const uint8_t *at, struct vat_object *ret);
/* Fills all of l but msg, segment and depth; *ret_words is what the list takes up in the segment,
 * its tag included. Returns 0 or an enum vat_fault. */
int vat_object_list(const struct vat_object *o, struct vat_list_r *l, uint64_t *ret_words);
/* Whether a list encoded as l may be used with elements of size `want`: 0 or VAT_FAULT_UPGRADE. */
int vat_list_check(const struct vat_list_r *l, enum vat_elem want);

/* Follows p and charges the landing pads. False for null, and after recording a fault. */
bool vat_ptr_follow(struct vat_ptr_r p, struct vat_object *ret);
/* The object found at p as a struct or list, charged; false after recording a fault. */
bool vat_object_as_struct(struct vat_ptr_r p, const struct vat_object *o, struct vat_struct_r *ret);
bool vat_object_as_list(struct vat_ptr_r p, const struct vat_object *o, struct vat_list_r *ret);

static inline struct vat_ptr_r vat_default_ptr(const struct vat_default *d)
{
	return (struct vat_ptr_r){.at = (const uint8_t *)d->words, .depth = VAT_MAX_NESTING};
}

/* Allocates an object of `words` words for the (null) pointer p and writes p, over a landing pad if
 * need be. `upper` is the upper half of the pointer. NULL after recording a fault. */
uint8_t *vat_build_place(
	struct vat_ptr_b p, uint64_t words, unsigned kind, uint32_t upper, uint16_t *ret_segment);
/* Unlinks and zeroes what p points to. */
void vat_build_clear(struct vat_ptr_b p);
/* Moves the pointer at `from` to the null pointer `to`; from is null afterwards. Both in one arena.
 */
void vat_build_transfer(struct vat_ptr_b to, struct vat_ptr_b from);
/* One zeroed word somewhere in the arena, as a place for a pointer. msg NULL after a fault. */
struct vat_ptr_b vat_build_scratch(struct vat_message *m);

/* Copies to the null pointer `to`, in another message, in canonical form; no capabilities. */
void vat_copy_canonical(struct vat_ptr_b to, struct vat_ptr_r from);
