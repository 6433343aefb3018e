/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The messages of rpc.capnp, by hand.
 *
 * Small messages of fixed shape are written as words, ready to send (frame header included).  Call
 * and Return are built in arenas (parcel.c) because the application fills them.  Reading
 * uses the ordinary readers; the functions here know offsets and defaults.  A default of true is
 * XORed: Finish.releaseResultCaps is true when its bit is 0.
 */
#include "base/macro.h"
#include "vat/handoff.h"
#include "vat/message.h"
#include "vat/rpc.h"

enum msg_tag {
	MSG_UNIMPLEMENTED,
	MSG_ABORT,
	MSG_CALL,
	MSG_RETURN,
	MSG_FINISH,
	MSG_RESOLVE,
	MSG_RELEASE,
	MSG_OBSOLETE_SAVE,
	MSG_BOOTSTRAP,
	MSG_OBSOLETE_DELETE,
	MSG_PROVIDE,
	MSG_ACCEPT,
	MSG_JOIN,
	MSG_DISEMBARGO,
	MSG_THIRD_PARTY_ANSWER,
};

enum return_tag {
	RETURN_RESULTS,
	RETURN_EXCEPTION,
	RETURN_CANCELED,
	RETURN_SENT_ELSEWHERE,
	RETURN_TAKE_FROM_OTHER,
	RETURN_AWAIT_THIRD_PARTY,
};

enum send_results_to { SEND_TO_CALLER, SEND_TO_YOURSELF, SEND_TO_THIRD_PARTY };

enum cap_tag {
	DESC_NONE,
	DESC_SENDER_HOSTED,
	DESC_SENDER_PROMISE,
	DESC_RECEIVER_HOSTED,
	DESC_RECEIVER_ANSWER,
	DESC_THIRD_PARTY_HOSTED,
};

enum { TARGET_IMPORTED, TARGET_PROMISED_ANSWER };
enum { RESOLVE_CAP, RESOLVE_EXCEPTION };
enum { LOOPBACK_SENDER, LOOPBACK_RECEIVER, DISEMBARGO_ACCEPT };
enum { NO_FD = 0xff, EMBARGO_MAX = 64 };

/* A path into the results of a question, or (path NULL and n 0 too) an id. */
struct target {
	bool promised;
	uint32_t id; /* of the import/export, or of the question/answer */
	const uint16_t *path;
	size_t n_path;
};

/* What names a provision, in the three places that level 3 leaves to the network: see
 * vat/handoff.h. */
struct contact {
	uint8_t token[VAT_TOKEN_SIZE];
	uint8_t way; /* index of a descriptor, or NO_FD */
	const uint8_t *address;
	size_t address_size;
};

struct descriptor {
	enum cap_tag tag;
	uint32_t id;
	const uint16_t *path;
	size_t n_path;
	uint8_t fd; /* index or NO_FD */
	struct contact *contact; /* DESC_THIRD_PARTY_HOSTED, to be written; borrowed */
};

/* It is counted at an export. */
static inline bool descriptor_exports(const struct descriptor *d)
{
	return d->tag == DESC_SENDER_HOSTED || d->tag == DESC_SENDER_PROMISE ||
	       d->tag == DESC_THIRD_PARTY_HOSTED;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Room for any message below: a text of 1000 bytes, or a path of 64 steps. */
enum { WIRE_WORDS = 192 };

/* Each returns the number of words written to w[WIRE_WORDS], frame header included. */
size_t wire_finish(uint64_t *w, uint32_t question, bool release_results);
/* The same for a call that is to be delivered nevertheless (requireEarlyCancellationWorkaround). */
size_t wire_finish_delivered(uint64_t *w, uint32_t question, bool release_results);
size_t wire_release(uint64_t *w, uint32_t id, uint32_t count);
size_t wire_bootstrap(uint64_t *w, uint32_t question);
size_t wire_abort(uint64_t *w, const struct vat_error *e);
size_t wire_resolve_cap(uint64_t *w, uint32_t promise, const struct descriptor *d);
size_t wire_resolve_exception(uint64_t *w, uint32_t promise, const struct vat_error *e);
size_t wire_disembargo(uint64_t *w, const struct target *t, bool receiver, uint32_t id);
size_t wire_provide(
	uint64_t *w, uint32_t question, const struct target *t, const struct contact *recipient);
/* embargo: EMBARGO_MAX bytes at most; none if n is 0. */
size_t wire_accept(uint64_t *w, uint32_t question, const struct contact *provision,
	const void *embargo, size_t n);
size_t wire_disembargo_accept(uint64_t *w, const struct target *t, const void *embargo, size_t n);
/* Return without results: exception (e set), or what tag says; value: takeFromOtherQuestion. */
enum { RETURN_RELEASE_PARAMS = 1, RETURN_NO_FINISH = 2 };
size_t wire_return(uint64_t *w, uint32_t answer, enum return_tag tag, unsigned flags,
	const struct vat_error *e, uint32_t value);

/* Parts of Call and Return, in arenas. */
void build_target(struct vat_ptr_b at, const struct target *t);
/* The same in a MessageTarget that is there. */
void fill_target(struct vat_struct_b s, const struct target *t);
void build_descriptor(struct vat_struct_b d, const struct descriptor *from);

/* ---- reading ------------------------------------------------------------------------------- */

/* Reads a MessageTarget; path (room for PATH_MAX_OPS) is filled. False: unknown kind of target, or
 * a path that is too long. */
bool read_target(struct vat_struct_r s, struct target *ret, uint16_t *path);
/* Reads a CapDescriptor. The id of a thirdPartyHosted is that of its vine; read_contact() reads the
 * rest. False as above. */
bool read_descriptor(struct vat_struct_r s, struct descriptor *ret, uint16_t *path);
/* False: there is none, or not one of our network. The address is borrowed. */
bool read_contact(struct vat_ptr_r p, struct contact *ret);
/* The contact of a CapDescriptor that is thirdPartyHosted. */
bool read_descriptor_contact(struct vat_struct_r s, struct contact *ret);
/* The text is cut and borrowed. */
enum vat_error_kind read_exception(struct vat_struct_r s, struct vat_text *ret_text);
