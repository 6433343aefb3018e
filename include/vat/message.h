/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Cap'n Proto messages: reading in place, building in an arena.
 *
 * Source: the Cap'n Proto encoding specification (capnproto.org/encoding.html).  Only 64-bit
 * little-endian hosts are supported.
 *
 * A struct vat_message is either a view of received segments or a growing arena; both are read with
 * the same readers, so a message just built can be read without being written out.
 *
 * Readers (…_r) and builders (…_b) are small handles passed by value.  They borrow the message:
 * they are valid until it is freed.  Reading never fails loudly: a pointer that leads outside its
 * segment, exceeds a limit or has the wrong kind reads as the default value, and the message
 * remembers the first such fault (vat_message_error), which a caller checks once at the end.
 * Building never fails loudly either: when memory runs out or the size limit is reached, the
 * builder returned is a null builder (b.msg == NULL) whose setters do nothing, and
 * vat_message_error(msg) tells -ENOMEM or -EMSGSIZE.
 *
 * Not thread-safe: a message belongs to one thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VAT_API __attribute__((visibility("default")))

struct vat_cap; /* a capability: see vat/rpc.h */

/* ---- limits and faults -------------------------------------------------------------------- */

struct vat_read_limits {
	uint64_t traversal_words; /* budget counted per access; 0 = 8 Mi words (64 MiB) */
	uint32_t nesting; /* depth of pointers; 0 = 64, at most 1024 */
	uint32_t segments; /* per message; 0 = 512, at most 65535 */
};

enum vat_fault { /* what vat_message_error returns besides 0 and negative errno */
	VAT_FAULT_BOUNDS = 1, /* an object or landing pad not inside its segment */
	VAT_FAULT_TRAVERSAL, /* the traversal budget is used up */
	VAT_FAULT_NESTING, /* pointers nested too deeply */
	VAT_FAULT_KIND, /* a pointer of another kind than the schema says */
	VAT_FAULT_TEXT, /* text without its final NUL */
	VAT_FAULT_CAP, /* a capability index outside the table */
	VAT_FAULT_UPGRADE, /* a list that cannot be read with the element size asked for */
};

/* ---- messages ------------------------------------------------------------------------------ */

enum { /* what a message holds without an allocation */
	VAT_INLINE_SEGMENTS = 4,
	VAT_INLINE_CAPS = 8,
};

struct vat_segment {
	uint8_t *base;
	uint32_t used; /* words that hold content; readers are bounded by it */
	uint32_t size; /* words there are */
};

/* Declared here so that a program can have messages in memory of its own (vat_message_parse_into,
 * vat_message_init), and for the inline functions at the end of this header. The members are
 * private, and as they are compiled into programs they stay as they are for one soname. A message
 * must not be copied or moved by assignment. */
struct vat_message {
	struct vat_segment *segs; /* inline_segs, or a block of segs_room */
	uint64_t budget; /* traversal words left */
	uint32_t n_segs, segs_room;
	struct vat_cap **caps; /* inline_caps, or a block of caps_room */
	uint32_t n_caps, caps_room;
	int error; /* the first fault */
	uint16_t nesting;
	bool arena; /* segments may be written; those from the second on are ours to free */
	bool heap; /* the struct is a block of its own: vat_message_free frees it */
	uint64_t words; /* arena: sum of segment sizes */
	uint64_t max_words; /* arena: limit of it */
	uint32_t first_words; /* arena: size of the first segment */
	uint32_t reserved[3];
	void *backing; /* view: copy of unaligned or kept input */
	uint32_t *frame; /* inline_frame or a block: header handed out by vat_message_iov */
	struct vat_segment inline_segs[VAT_INLINE_SEGMENTS];
	struct vat_cap *inline_caps[VAT_INLINE_CAPS];
	uint32_t inline_frame[VAT_INLINE_SEGMENTS + 2];
};

/* A new arena, its first segment of first_words words (0 = 128); later segments double what there
 * is, but after a first one of less than 16 words the next 255 are as small (to test far pointers).
 * max_words bounds the whole (0 = 8 Mi words). NULL when memory is out. */
VAT_API struct vat_message *vat_message_new(size_t first_words, size_t max_words);

/* The same in memory of the caller: *m, and n_words (1 to 2^29 - 1) at `words`, which are zeroed,
 * as first segment. Later segments are allocated. End with vat_message_done; words must live that
 * long. */
VAT_API void vat_message_init(
	struct vat_message *m, uint64_t *words, size_t n_words, size_t max_words);

/* Makes an arena as good as new, its first segment ready for the next message: capabilities
 * dropped, faults forgotten, content zeroed, later segments freed. Handles taken before are void.
 * A program that builds message after message in one arena allocates nothing. max_words as in
 * vat_message_new. */
VAT_API void vat_message_reset(struct vat_message *m, size_t max_words);

/* A view of n segments that stay where they are, borrowed for the life of the message. Bases must
 * be 8-byte aligned, sizes are in words. limits may be NULL. Returns 0, -EINVAL (count 0 or over
 * the limit, unaligned base), -ENOMEM. */
VAT_API int vat_message_view(const void *const *bases, const uint32_t *sizes_words, size_t n,
	const struct vat_read_limits *limits, struct vat_message **ret);

/* A view of one framed message (segment table, then segments) at the start of data. Copies nothing
 * when data is 8-byte aligned, else copies it whole. *ret_used is the message's size in bytes.
 * Returns 0, -EAGAIN (the message is not complete yet), -EBADMSG (too many segments, larger than
 * the traversal limit), -ENOMEM. */
VAT_API int vat_message_parse(const void *data, size_t size, const struct vat_read_limits *limits,
	struct vat_message **ret, size_t *ret_used);

/* _view and _parse in memory of the caller: *m need not be initialised, and is to be ended with
 * vat_message_done, after which it may be used again (after a failure too, but need not be).
 * Allocates nothing for aligned input of up to VAT_INLINE_SEGMENTS segments. */
VAT_API int vat_message_view_into(struct vat_message *m, const void *const *bases,
	const uint32_t *sizes_words, size_t n, const struct vat_read_limits *limits);
VAT_API int vat_message_parse_into(struct vat_message *m, const void *data, size_t size,
	const struct vat_read_limits *limits, size_t *ret_used);

/* Makes a view independent of the buffer it was parsed from, by copying it into one block (-ENOMEM:
 * nothing changed). Handles taken before are void. Does nothing to arenas and owners. */
VAT_API int vat_message_keep(struct vat_message *m);

/* Size in bytes that the frame starting at data announces: 0 = needs more bytes to say,
 * SIZE_MAX = over a limit. Nothing is allocated. */
VAT_API size_t vat_frame_size(const void *data, size_t size, const struct vat_read_limits *limits);

/* Frees the message, its segments if it owns them, and drops the references of its capability
 * table. NULL is accepted. Not for messages in memory of the caller: those end with _done, which
 * releases what they hold. */
VAT_API void vat_message_free(struct vat_message *m);
VAT_API void vat_message_done(struct vat_message *m);

/* First fault met while reading or building, 0 if none; see above. */
VAT_API int vat_message_error(const struct vat_message *m);

/* Segments of a message as iovecs for writing, the frame header in iov[0]. Returns the number
 * filled, or -ENOBUFS if n is too small (n_segments + 1 is enough). The iovecs borrow. */
VAT_API int vat_message_iov(struct vat_message *m, struct iovec *iov, size_t n);
VAT_API size_t vat_message_segments(const struct vat_message *m);
/* Total size of the segments in words, without frame header. */
VAT_API size_t vat_message_words(const struct vat_message *m);

/* The framed message as one malloc'ed block (returned, caller frees), its size in *ret_size.
 * NULL when memory is out. */
VAT_API void *vat_message_flatten(struct vat_message *m, size_t *ret_size);
/* Its size in bytes; and the same written to `to`, of `room` bytes and any alignment. Returns the
 * size, or 0 if room is too small. */
VAT_API size_t vat_message_flat_size(const struct vat_message *m);
VAT_API size_t vat_message_flatten_into(const struct vat_message *m, void *to, size_t room);

/* Packed encoding (capnproto.org/encoding.html#packing) of whole words. vat_pack: size a multiple
 * of 8; the result is malloc'ed. vat_unpack: fails with -EBADMSG on truncated input or when the
 * result would exceed max_size bytes. Both return 0, -EINVAL, -ENOMEM or -EBADMSG. */
VAT_API int vat_pack(const void *data, size_t size, void **ret, size_t *ret_size);
VAT_API int vat_unpack(
	const void *data, size_t size, size_t max_size, void **ret, size_t *ret_size);

/* Capability table of a message: what capability pointers index. _add takes the reference (NULL is
 * allowed and stored) and returns the index, or -ENOMEM (then the reference is dropped). _cap
 * borrows, NULL if out of range. Index order is the order of addition. */
VAT_API int vat_message_add_cap(struct vat_message *m, struct vat_cap *takes);
VAT_API struct vat_cap *vat_message_cap(const struct vat_message *m, uint32_t index);
VAT_API uint32_t vat_message_n_caps(const struct vat_message *m);
/* Replaces entry i, dropping what it held, taking the new reference. */
VAT_API void vat_message_set_cap(struct vat_message *m, uint32_t index, struct vat_cap *takes);

/* ---- handles ------------------------------------------------------------------------------- */

struct vat_text { /* s is NUL-terminated at s[len]; may hold further NULs. Never NULL. */
	const char *s;
	uint32_t len;
};

struct vat_data {
	const void *p;
	uint32_t len;
};

struct vat_struct_r {
	struct vat_message *msg; /* NULL in a default struct made from nothing */
	const uint8_t *data;
	const uint8_t *ptrs;
	uint32_t data_bits;
	uint16_t n_ptrs;
	uint16_t segment;
	uint16_t depth; /* nesting levels left */
};

enum vat_elem { /* list element sizes, numbers as in the encoding */
	VAT_ELEM_VOID,
	VAT_ELEM_BIT,
	VAT_ELEM_BYTE,
	VAT_ELEM_TWO,
	VAT_ELEM_FOUR,
	VAT_ELEM_EIGHT,
	VAT_ELEM_POINTER,
	VAT_ELEM_STRUCT,
};

struct vat_list_r {
	struct vat_message *msg;
	const uint8_t *base;
	uint32_t count;
	uint32_t step_bits; /* distance between elements */
	uint32_t data_bits; /* data section of an element */
	uint16_t n_ptrs; /* pointers of an element */
	uint16_t segment;
	uint16_t depth;
	uint8_t elem; /* enum vat_elem as encoded */
};

/* Any pointer: a place where a struct, list or capability may be read. */
struct vat_ptr_r {
	struct vat_message *msg;
	const uint8_t *at; /* NULL = null pointer */
	uint16_t segment;
	uint16_t depth;
};

struct vat_struct_b {
	struct vat_message *msg; /* NULL = null builder, after a fault */
	uint8_t *data;
	uint8_t *ptrs;
	uint32_t data_bits;
	uint16_t n_ptrs;
	uint16_t segment;
};

struct vat_list_b {
	struct vat_message *msg;
	uint8_t *base;
	uint32_t count;
	uint32_t step_bits;
	uint32_t data_bits;
	uint16_t n_ptrs;
	uint16_t segment;
	uint8_t elem;
};

struct vat_ptr_b {
	struct vat_message *msg;
	uint8_t *at;
	uint16_t segment;
};

/* Encoded default value of a pointer field: a one-segment message, root pointer first. */
struct vat_default {
	const uint64_t *words;
	uint32_t n_words;
};

/* vat_str: text handle on a C string, borrowed. */
static inline struct vat_text vat_str(const char *s)
{
	struct vat_text t = {s, (uint32_t)strlen(s)};
	return t;
}

static inline bool vat_text_is(struct vat_text t, const char *s)
{
	return strlen(s) == t.len && !memcmp(t.s, s, t.len);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What is declared static inline here is defined in vat/message-inline.h. */

static inline struct vat_ptr_r vat_root(struct vat_message *m);

/* Pointer number i of a struct; a null pointer if the struct is too short for it. */
static inline struct vat_ptr_r vat_ptr_at(struct vat_struct_r s, uint16_t i);

static inline bool vat_ptr_is_null(struct vat_ptr_r p);
/* d may be NULL: then an absent struct reads as all zero, an absent list as empty. A list may be
 * read with smaller elements than it has, any but bits as structs, and structs as their first
 * field; a list of numbers read as bits is the first bits of it, as in the reference
 * implementation. */
static inline struct vat_struct_r vat_ptr_struct(struct vat_ptr_r p, const struct vat_default *d);
static inline struct vat_list_r vat_ptr_list(
	struct vat_ptr_r p, enum vat_elem want, const struct vat_default *d);
/* As encoded, of any element size; for generic code, and what AnyList is. (AnyStruct is a struct
 * like any other: data and n_ptrs of the handle tell its sections.) */
VAT_API struct vat_list_r vat_ptr_any_list(struct vat_ptr_r p);
static inline struct vat_text vat_ptr_text(struct vat_ptr_r p, const struct vat_default *d);
static inline struct vat_data vat_ptr_data(struct vat_ptr_r p, const struct vat_default *d);
/* Borrowed from the message's table; NULL for a null pointer. */
VAT_API struct vat_cap *vat_ptr_cap(struct vat_ptr_r p);

enum vat_ptr_kind { VAT_PTR_NULL, VAT_PTR_STRUCT, VAT_PTR_LIST, VAT_PTR_CAP, VAT_PTR_BAD };
VAT_API enum vat_ptr_kind vat_ptr_kind(struct vat_ptr_r p);

/* Words the object needs when copied, its pointee included; counts against the traversal budget.
 * *ret_caps (may be NULL) counts capability pointers. */
VAT_API uint64_t vat_ptr_total_words(struct vat_ptr_r p, uint32_t *ret_caps);

enum vat_equality {
	VAT_NOT_EQUAL,
	VAT_EQUAL,
	VAT_MAYBE_EQUAL, /* the same but for capabilities, of which only identity is known */
};
/* Whether two objects, of one message or of two, say the same: what a newer schema added and left
 * at zero makes no difference, nor does where things lie. A null pointer is only equal to a null
 * pointer, a list only to a list of the same element size. Both are charged; what cannot be read is
 * not equal (and a fault of its message). */
VAT_API enum vat_equality vat_ptr_equal(struct vat_ptr_r a, struct vat_ptr_r b);
VAT_API enum vat_equality vat_struct_equal(struct vat_struct_r a, struct vat_struct_r b);
VAT_API enum vat_equality vat_list_equal(struct vat_list_r a, struct vat_list_r b);

/* Canonical form (capnproto.org/encoding.html#canonicalization), in which messages that say the
 * same are the same bytes, whatever built them. *ret is a new message of one segment with a copy of
 * `from` as root. Returns 0, -EINVAL (there are capabilities), -EBADMSG (the source is faulty, see
 * vat_message_error), -EMSGSIZE, -ENOMEM. */
VAT_API int vat_canonical(struct vat_ptr_r from, struct vat_message **ret);
/* Whether m is in that form. Charged like reading all of it; a fault is not canonical. */
VAT_API bool vat_message_is_canonical(struct vat_message *m);

/* Data fields: offset in units of the field's own size, as in the schema node; dflt is XORed in.
 * Reading past the data section gives the default. */
static inline bool vat_r_bool(struct vat_struct_r s, uint32_t bit, bool dflt)
{
	return (bit < s.data_bits ? s.data[bit / 8] >> (bit % 8) & 1 : 0) ^ (int)dflt;
}
#define VAT_R_INT_(name, type, utype)                                                    \
	static inline type vat_r_##name(struct vat_struct_r s, uint32_t off, utype dflt) \
	{                                                                                \
		utype v = 0;                                                             \
		if (((uint64_t)off + 1) * 8 * sizeof(v) <= s.data_bits)                  \
			memcpy(&v, s.data + (size_t)off * sizeof(v), sizeof(v));         \
		v = (utype)(v ^ dflt);                                                   \
		type r;                                                                  \
		memcpy(&r, &v, sizeof(r));                                               \
		return r;                                                                \
	}
VAT_R_INT_(u8, uint8_t, uint8_t)
VAT_R_INT_(u16, uint16_t, uint16_t)
VAT_R_INT_(u32, uint32_t, uint32_t)
VAT_R_INT_(u64, uint64_t, uint64_t)
VAT_R_INT_(i8, int8_t, uint8_t)
VAT_R_INT_(i16, int16_t, uint16_t)
VAT_R_INT_(i32, int32_t, uint32_t)
VAT_R_INT_(i64, int64_t, uint64_t)
VAT_R_INT_(f32, float, uint32_t) /* dflt: the bits of the default */
VAT_R_INT_(f64, double, uint64_t)
#undef VAT_R_INT_

/* Elements of lists; an index out of range reads as zero / null / empty. */
static inline struct vat_struct_r vat_list_struct(struct vat_list_r l, uint32_t i);
static inline struct vat_ptr_r vat_list_ptr(struct vat_list_r l, uint32_t i);
static inline bool vat_list_bool(struct vat_list_r l, uint32_t i);
#define VAT_L_INT_(name, type)                                                           \
	static inline type vat_list_##name(struct vat_list_r l, uint32_t i)              \
	{                                                                                \
		type v = 0;                                                              \
		if (i < l.count && l.data_bits >= 8 * sizeof(v))                         \
			memcpy(&v, l.base + (uint64_t)i * (l.step_bits / 8), sizeof(v)); \
		return v;                                                                \
	}
VAT_L_INT_(u8, uint8_t)
VAT_L_INT_(u16, uint16_t)
VAT_L_INT_(u32, uint32_t)
VAT_L_INT_(u64, uint64_t)
VAT_L_INT_(i8, int8_t)
VAT_L_INT_(i16, int16_t)
VAT_L_INT_(i32, int32_t)
VAT_L_INT_(i64, int64_t)
VAT_L_INT_(f32, float)
VAT_L_INT_(f64, double)
#undef VAT_L_INT_

/* ---- building ------------------------------------------------------------------------------ */

/* The root pointer's place. A view cannot be written: null builder, fault -EROFS. */
static inline struct vat_ptr_b vat_root_b(struct vat_message *m);
static inline struct vat_ptr_b vat_ptr_at_b(struct vat_struct_b s, uint16_t i);

/* init: a new, zeroed object; what was there before is zeroed in place and left as a hole, its
 * capabilities dropped. (Below 1024 levels it is only unlinked.) Lists of 2^29 elements or more:
 * fault -EMSGSIZE. */
static inline struct vat_struct_b vat_init_struct(
	struct vat_ptr_b p, uint16_t data_words, uint16_t n_ptrs);
static inline struct vat_list_b vat_init_list(
	struct vat_ptr_b p, enum vat_elem elem, uint32_t count);
static inline struct vat_list_b vat_init_struct_list(
	struct vat_ptr_b p, uint16_t data_words, uint16_t n_ptrs, uint32_t count);

/* get: what is there, made from the default (or zero) if null, upgraded by copying if an older,
 * smaller struct is there (handles on the old place are void then). Something of another kind is
 * left alone: null builder, fault VAT_FAULT_KIND or _UPGRADE. */
VAT_API struct vat_struct_b vat_get_struct_b(
	struct vat_ptr_b p, uint16_t data_words, uint16_t n_ptrs, const struct vat_default *d);
VAT_API struct vat_list_b vat_get_list_b(
	struct vat_ptr_b p, enum vat_elem elem, const struct vat_default *d);
VAT_API struct vat_list_b vat_get_struct_list_b(
	struct vat_ptr_b p, uint16_t data_words, uint16_t n_ptrs, const struct vat_default *d);
/* The list that is there, as encoded: a null builder without a fault if there is none. */
VAT_API struct vat_list_b vat_get_any_list_b(struct vat_ptr_b p);

static inline void vat_set_text(struct vat_ptr_b p, struct vat_text t);
static inline void vat_set_data(struct vat_ptr_b p, struct vat_data d);
/* len bytes of zeroed space to write into; NULL on a fault or when len is 0. */
static inline void *vat_init_data(struct vat_ptr_b p, uint32_t len);
/* Adds cap to the table (taking a new reference, the caller keeps its own) and points to it. NULL
 * sets a null pointer. */
VAT_API void vat_set_cap(struct vat_ptr_b p, struct vat_cap *cap);
/* Deep copy, between messages and within one; capabilities are referenced anew. Bad pointers are
 * copied as null, the fault is remembered in the source. */
VAT_API void vat_set_ptr(struct vat_ptr_b to, struct vat_ptr_r from);
VAT_API void vat_set_struct(struct vat_ptr_b to, struct vat_struct_r from);
VAT_API void vat_set_list(struct vat_ptr_b to, struct vat_list_r from);
VAT_API void vat_set_null(struct vat_ptr_b p);

/* A builder's content as a reader (no nesting or traversal cost beyond the usual). */
VAT_API struct vat_struct_r vat_struct_b_r(struct vat_struct_b b);
VAT_API struct vat_list_r vat_list_b_r(struct vat_list_b b);
VAT_API struct vat_ptr_r vat_ptr_b_r(struct vat_ptr_b b);

static inline void vat_w_bool(struct vat_struct_b s, uint32_t bit, bool v, bool dflt)
{
	if (!s.msg || bit >= s.data_bits)
		return;
	uint8_t mask = (uint8_t)(1u << (bit % 8));
	if (v != dflt)
		s.data[bit / 8] |= mask;
	else
		s.data[bit / 8] &= (uint8_t)~mask;
}
#define VAT_W_INT_(name, type, utype)                                                            \
	static inline void vat_w_##name(struct vat_struct_b s, uint32_t off, type v, utype dflt) \
	{                                                                                        \
		utype u;                                                                         \
		memcpy(&u, &v, sizeof(u));                                                       \
		u = (utype)(u ^ dflt);                                                           \
		if (s.msg && ((uint64_t)off + 1) * 8 * sizeof(u) <= s.data_bits)                 \
			memcpy(s.data + (size_t)off * sizeof(u), &u, sizeof(u));                 \
	}
VAT_W_INT_(u8, uint8_t, uint8_t)
VAT_W_INT_(u16, uint16_t, uint16_t)
VAT_W_INT_(u32, uint32_t, uint32_t)
VAT_W_INT_(u64, uint64_t, uint64_t)
VAT_W_INT_(i8, int8_t, uint8_t)
VAT_W_INT_(i16, int16_t, uint16_t)
VAT_W_INT_(i32, int32_t, uint32_t)
VAT_W_INT_(i64, int64_t, uint64_t)
VAT_W_INT_(f32, float, uint32_t)
VAT_W_INT_(f64, double, uint64_t)
#undef VAT_W_INT_

static inline struct vat_struct_b vat_list_struct_b(struct vat_list_b l, uint32_t i);
static inline struct vat_ptr_b vat_list_ptr_b(struct vat_list_b l, uint32_t i);
static inline void vat_list_set_bool(struct vat_list_b l, uint32_t i, bool v);
#define VAT_LW_INT_(name, type)                                                          \
	static inline void vat_list_set_##name(struct vat_list_b l, uint32_t i, type v)  \
	{                                                                                \
		if (l.msg && i < l.count && l.data_bits >= 8 * sizeof(v))                \
			memcpy(l.base + (uint64_t)i * (l.step_bits / 8), &v, sizeof(v)); \
	}
VAT_LW_INT_(u8, uint8_t)
VAT_LW_INT_(u16, uint16_t)
VAT_LW_INT_(u32, uint32_t)
VAT_LW_INT_(u64, uint64_t)
VAT_LW_INT_(i8, int8_t)
VAT_LW_INT_(i16, int16_t)
VAT_LW_INT_(i32, int32_t)
VAT_LW_INT_(i64, int64_t)
VAT_LW_INT_(f32, float)
VAT_LW_INT_(f64, double)
#undef VAT_LW_INT_

#include "vat/message-inline.h"

#ifdef __cplusplus
}
#endif
