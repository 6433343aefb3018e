/* SPDX-License-Identifier: MIT */
/*
 * The codec: see proto.h.  Offsets are those of rpc.capnp, in bits of the data section.
 */
#include "vat/conn/proto.h"
#include "vat/cap/cap.h"

/* ---- writing ------------------------------------------------------------------------------- */

enum { BODY = 4 }; /* frame header, root pointer, Message's tag and pointer come before the body */

static uint64_t struct_ptr(size_t from, size_t to, unsigned data, unsigned ptrs)
{
	return (uint64_t)(to - from - 1) << 2 | (uint64_t)data << 32 | (uint64_t)ptrs << 48;
}

/* Returns where the next object goes. */
static size_t begin(uint64_t *w, enum msg_tag tag, unsigned data, unsigned ptrs)
{
	w[1] = struct_ptr(1, 2, 1, 1);
	w[2] = tag;
	w[3] = struct_ptr(3, BODY, data, ptrs);
	memset(w + BODY, 0, (data + ptrs) * sizeof(*w));
	return BODY + data + ptrs;
}

static size_t end(uint64_t *w, size_t n)
{
	assert(n <= WIRE_WORDS);
	w[0] = (uint64_t)(n - 1) << 32;
	return n;
}

/* PromisedAnswer: data word questionId; pointer to a list of Op {tag u16, index u16}. */
static size_t put_promised(
	uint64_t *w, size_t ptr, size_t at, uint32_t question, const uint16_t *path, size_t n_path)
{
	w[ptr] = struct_ptr(ptr, at, 1, 1);
	w[at] = question;
	w[at + 1] = 0;
	size_t end_at = at + 2;
	if (!n_path)
		return end_at;
	w[at + 1] = 1 | UINT64_C(7) << 32 | (uint64_t)n_path << 35;
	w[end_at++] = (uint64_t)n_path << 2 | UINT64_C(1) << 32;
	for (size_t i = 0; i < n_path; i++)
		w[end_at++] = 1 | (uint64_t)path[i] << 16;
	return end_at;
}

static size_t put_target(uint64_t *w, size_t ptr, size_t at, const struct target *t)
{
	w[ptr] = struct_ptr(ptr, at, 1, 1);
	w[at] = t->promised ? (uint64_t)TARGET_PROMISED_ANSWER << 32 : t->id;
	w[at + 1] = 0;
	if (!t->promised)
		return at + 2;
	return put_promised(w, at + 1, at + 2, t->id, t->path, t->n_path);
}

/* Exception: type u16 at bit 32; reason. */
static size_t put_exception(uint64_t *w, size_t ptr, size_t at, const struct vat_error *e)
{
	size_t len = MIN(strlen(e->text), (size_t)FAILURE_TEXT_MAX);
	size_t words = (len + 1 + 7) / 8;
	w[ptr] = struct_ptr(ptr, at, 1, 3);
	w[at] = (uint64_t)e->kind << 32;
	w[at + 1] = UINT64_C(2) << 2 | 1 | UINT64_C(2) << 32 | (uint64_t)(len + 1) << 35;
	w[at + 2] = w[at + 3] = 0;
	memset(w + at + 4, 0, words * 8);
	memcpy(w + at + 4, e->text, len);
	return at + 4 + words;
}

size_t wire_finish(uint64_t *w, uint32_t question, bool release_results)
{
	size_t n = begin(w, MSG_FINISH, 1, 0);
	/* releaseResultCaps is stored inverted. requireEarlyCancellationWorkaround, inverted too,
	 * is sent as false: a call is cancelled when it is cancelled. */
	w[BODY] = question | (uint64_t)!release_results << 32 | UINT64_C(1) << 33;
	return end(w, n);
}

size_t wire_finish_delivered(uint64_t *w, uint32_t question, bool release_results)
{
	size_t n = wire_finish(w, question, release_results);
	w[BODY] &= ~(UINT64_C(1) << 33);
	return n;
}

size_t wire_release(uint64_t *w, uint32_t id, uint32_t count)
{
	size_t n = begin(w, MSG_RELEASE, 1, 0);
	w[BODY] = id | (uint64_t)count << 32;
	return end(w, n);
}

size_t wire_bootstrap(uint64_t *w, uint32_t question)
{
	size_t n = begin(w, MSG_BOOTSTRAP, 1, 1);
	w[BODY] = question;
	return end(w, n);
}

size_t wire_abort(uint64_t *w, const struct vat_error *e)
{
	w[1] = struct_ptr(1, 2, 1, 1);
	w[2] = MSG_ABORT;
	return end(w, put_exception(w, 3, BODY, e));
}

/* Data of n bytes. */
static size_t put_data(uint64_t *w, size_t ptr, size_t at, const void *data, size_t n)
{
	size_t words = (n + 7) / 8;
	w[ptr] = (uint64_t)(at - ptr - 1) << 2 | 1 | UINT64_C(2) << 32 | (uint64_t)n << 35;
	if (!words)
		return at;
	w[at + words - 1] = 0;
	memcpy(w + at, data, n);
	return at + words;
}

static size_t put_contact(uint64_t *w, size_t ptr, size_t at, const struct contact *c)
{
	w[ptr] = struct_ptr(ptr, at, 3, 1);
	memcpy(w + at, c->token, sizeof(c->token));
	w[at + 2] = (uint8_t)(c->way ^ NO_FD);
	w[at + 3] = 0;
	return c->address_size ? put_data(w, at + 3, at + 4, c->address, c->address_size) : at + 4;
}

/* ThirdPartyCapDescriptor: data word vineId; pointer id. */
static size_t put_third_party(uint64_t *w, size_t ptr, size_t at, const struct descriptor *d)
{
	w[ptr] = struct_ptr(ptr, at, 1, 1);
	w[at] = d->id;
	w[at + 1] = 0;
	return put_contact(w, at + 1, at + 2, d->contact);
}

size_t wire_resolve_cap(uint64_t *w, uint32_t promise, const struct descriptor *d)
{
	size_t n = begin(w, MSG_RESOLVE, 1, 1);
	w[BODY] = promise | (uint64_t)RESOLVE_CAP << 32;
	w[BODY + 1] = struct_ptr(BODY + 1, n, 1, 1);
	w[n] = d->tag | (uint64_t)(uint8_t)(d->fd ^ NO_FD) << 16;
	w[n + 1] = 0;
	if (d->tag == DESC_RECEIVER_ANSWER)
		return end(w, put_promised(w, n + 1, n + 2, d->id, d->path, d->n_path));
	if (d->tag == DESC_THIRD_PARTY_HOSTED)
		return end(w, put_third_party(w, n + 1, n + 2, d));
	w[n] |= (uint64_t)d->id << 32;
	return end(w, n + 2);
}

size_t wire_resolve_exception(uint64_t *w, uint32_t promise, const struct vat_error *e)
{
	size_t n = begin(w, MSG_RESOLVE, 1, 1);
	w[BODY] = promise | (uint64_t)RESOLVE_EXCEPTION << 32;
	return end(w, put_exception(w, BODY + 1, n, e));
}

size_t wire_disembargo(uint64_t *w, const struct target *t, bool receiver, uint32_t id)
{
	size_t n = begin(w, MSG_DISEMBARGO, 1, 2);
	w[BODY] = id | (uint64_t)(receiver ? LOOPBACK_RECEIVER : LOOPBACK_SENDER) << 32;
	return end(w, put_target(w, BODY + 1, n, t));
}

size_t wire_disembargo_accept(
	uint64_t *w, const struct target *t, const void *embargo, size_t n_embargo)
{
	size_t n = begin(w, MSG_DISEMBARGO, 1, 2);
	w[BODY] = (uint64_t)DISEMBARGO_ACCEPT << 32;
	n = put_target(w, BODY + 1, n, t);
	return end(w, put_data(w, BODY + 2, n, embargo, n_embargo));
}

size_t wire_provide(
	uint64_t *w, uint32_t question, const struct target *t, const struct contact *recipient)
{
	size_t n = begin(w, MSG_PROVIDE, 1, 2);
	w[BODY] = question;
	n = put_target(w, BODY + 1, n, t);
	return end(w, put_contact(w, BODY + 2, n, recipient));
}

size_t wire_accept(uint64_t *w, uint32_t question, const struct contact *provision,
	const void *embargo, size_t n_embargo)
{
	size_t n = begin(w, MSG_ACCEPT, 1, 2);
	w[BODY] = question;
	n = put_contact(w, BODY + 1, n, provision);
	return end(w, n_embargo ? put_data(w, BODY + 2, n, embargo, n_embargo) : n);
}

size_t wire_return(uint64_t *w, uint32_t answer, enum return_tag tag, unsigned flags,
	const struct vat_error *e, uint32_t value)
{
	size_t n = begin(w, MSG_RETURN, 2, 1);
	uint64_t keep_params = !(flags & RETURN_RELEASE_PARAMS);
	uint64_t no_finish = !!(flags & RETURN_NO_FINISH);
	w[BODY] = answer | keep_params << 32 | no_finish << 33 | (uint64_t)tag << 48;
	w[BODY + 1] = value;
	if (tag == RETURN_EXCEPTION)
		n = put_exception(w, BODY + 2, n, e);
	return end(w, n);
}

static void build_promised(struct vat_ptr_b at, uint32_t question, const uint16_t *path, size_t n)
{
	struct vat_struct_b s = vat_init_struct(at, 1, 1);
	vat_w_u32(s, 0, question, 0);
	if (!n)
		return;
	struct vat_list_b ops = vat_init_struct_list(vat_ptr_at_b(s, 0), 1, 0, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		struct vat_struct_b op = vat_list_struct_b(ops, (uint32_t)i);
		vat_w_u16(op, 0, 1, 0);
		vat_w_u16(op, 1, path[i], 0);
	}
}

void build_target(struct vat_ptr_b at, const struct target *t)
{
	fill_target(vat_init_struct(at, 1, 1), t);
}

void fill_target(struct vat_struct_b s, const struct target *t)
{
	if (!t->promised) {
		vat_w_u64(s, 0, t->id, 0);
		return;
	}
	vat_w_u16(s, 2, TARGET_PROMISED_ANSWER, 0);
	build_promised(vat_ptr_at_b(s, 0), t->id, t->path, t->n_path);
}

static void build_third_party(struct vat_ptr_b at, const struct descriptor *d)
{
	const struct contact *c = d->contact;
	uint64_t token[2];
	memcpy(token, c->token, sizeof(token));
	struct vat_struct_b s = vat_init_struct(at, 1, 1);
	vat_w_u32(s, 0, d->id, 0);
	s = vat_init_struct(vat_ptr_at_b(s, 0), 3, 1);
	vat_w_u64(s, 0, token[0], 0);
	vat_w_u64(s, 1, token[1], 0);
	vat_w_u8(s, 16, c->way, NO_FD);
	if (c->address_size)
		vat_set_data(vat_ptr_at_b(s, 0),
			(struct vat_data){c->address, (uint32_t)c->address_size});
}

void build_descriptor(struct vat_struct_b d, const struct descriptor *from)
{
	vat_w_u16(d, 0, (uint16_t)from->tag, 0);
	vat_w_u8(d, 2, from->fd, NO_FD);
	if (from->tag == DESC_RECEIVER_ANSWER)
		build_promised(vat_ptr_at_b(d, 0), from->id, from->path, from->n_path);
	else if (from->tag == DESC_THIRD_PARTY_HOSTED)
		build_third_party(vat_ptr_at_b(d, 0), from);
	else
		vat_w_u32(d, 1, from->id, 0);
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool read_promised(struct vat_struct_r s, uint32_t *ret_id, uint16_t *path, size_t *ret_n)
{
	*ret_id = vat_r_u32(s, 0, 0);
	struct vat_list_r ops = vat_ptr_list(vat_ptr_at(s, 0), VAT_ELEM_STRUCT, NULL);
	size_t n = 0;
	for (uint32_t i = 0; i < ops.count; i++) {
		struct vat_struct_r op = vat_list_struct(ops, i);
		uint16_t tag = vat_r_u16(op, 0, 0);
		if (tag == 0)
			continue;
		if (tag != 1 || n == PATH_MAX_OPS)
			return false;
		path[n++] = vat_r_u16(op, 1, 0);
	}
	*ret_n = n;
	return true;
}

bool read_target(struct vat_struct_r s, struct target *ret, uint16_t *path)
{
	*ret = (struct target){.path = path};
	switch (vat_r_u16(s, 2, 0)) {
	case TARGET_IMPORTED:
		ret->id = vat_r_u32(s, 0, 0);
		return true;
	case TARGET_PROMISED_ANSWER:
		ret->promised = true;
		return read_promised(
			vat_ptr_struct(vat_ptr_at(s, 0), NULL), &ret->id, path, &ret->n_path);
	default:
		return false;
	}
}

bool read_descriptor(struct vat_struct_r s, struct descriptor *ret, uint16_t *path)
{
	uint16_t tag = vat_r_u16(s, 0, 0);
	*ret = (struct descriptor){.tag = tag, .path = path, .fd = vat_r_u8(s, 2, NO_FD)};
	switch (tag) {
	case DESC_NONE:
		return true;
	case DESC_SENDER_HOSTED:
	case DESC_SENDER_PROMISE:
	case DESC_RECEIVER_HOSTED:
		ret->id = vat_r_u32(s, 1, 0);
		return true;
	case DESC_RECEIVER_ANSWER:
		return read_promised(
			vat_ptr_struct(vat_ptr_at(s, 0), NULL), &ret->id, path, &ret->n_path);
	case DESC_THIRD_PARTY_HOSTED:
		ret->id = vat_r_u32(vat_ptr_struct(vat_ptr_at(s, 0), NULL), 0, 0);
		return true;
	default:
		return false;
	}
}

bool read_contact(struct vat_ptr_r p, struct contact *ret)
{
	struct vat_struct_r s = vat_ptr_struct(p, NULL);
	uint64_t token[2] = {vat_r_u64(s, 0, 0), vat_r_u64(s, 1, 0)};
	struct vat_data address = vat_ptr_data(vat_ptr_at(s, 0), NULL);
	*ret = (struct contact){
		.way = vat_r_u8(s, 16, NO_FD), .address = address.p, .address_size = address.len};
	memcpy(ret->token, token, sizeof(token));
	return (token[0] || token[1]) && address.len <= VAT_ADDRESS_MAX;
}

bool read_descriptor_contact(struct vat_struct_r s, struct contact *ret)
{
	return read_contact(vat_ptr_at(vat_ptr_struct(vat_ptr_at(s, 0), NULL), 0), ret);
}

enum vat_error_kind read_exception(struct vat_struct_r s, struct vat_text *ret_text)
{
	*ret_text = vat_ptr_text(vat_ptr_at(s, 0), NULL);
	uint16_t kind = vat_r_u16(s, 2, 0);
	return kind <= VAT_UNIMPLEMENTED ? (enum vat_error_kind)kind : VAT_FAILED;
}
