/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Descriptions as they are stored: the content with its capability pointers, and beside it a sturdy
 * reference for each capability those point to (StoredDescription of persistence.capnp).
 *
 * The message's own capability table does the work: capability pointers are indexes into it, so
 * the stored table only has to keep the order.
 */
#include "base/err.h"
#include "schema/persistence.capnp.h"
#include "svc/persistence/secret.h"

enum {
	PACK_CONTENT_MAX = 64 << 10, /* bytes of content */
	PACK_CAPS_MAX = 64,
	PACK_OBJECT_INFO_MAX = 4 << 10, /* bytes of a sturdy reference's objectInfo */
	PACK_SIZE_MAX = 512 << 10, /* bytes of all that is stored for one object */
};

struct pack {
	void *bytes; /* of an opened one */
	size_t size;
	struct vat_message *msg;
	struct persistence_stored_capability_list_b slots; /* being made */
	struct persistence_stored_description_r stored; /* opened */
	uint32_t n_caps;
};

/* Starts storing: copies the content, gathers its capabilities (pack_cap). -E2BIG, -EINVAL (not a
 * struct), -EBADMSG, -ENOMEM. */
int pack_new(struct vat_ptr_r content, struct err *e, struct pack **ret);
/* Capability i of the content; borrowed, may be NULL (nothing to store then). */
struct vat_cap *pack_cap(const struct pack *p, uint32_t i);
/* What it is stored as. */
int pack_set_ref(struct pack *p, uint32_t i, struct metac_metac_sturdy_ref_r ref, struct err *e);
/* The same for a reference of this service: its hash will do. */
void pack_set_own(struct pack *p, uint32_t i, const uint8_t *hash);
/* The bytes to store, malloc'ed. */
int pack_finish(struct pack *p, struct err *e, void **ret, size_t *ret_size);

/* Opens what was stored; copies it. -EBADMSG, -ENOMEM. */
int pack_open(const void *data, size_t size, struct pack **ret);
/* Where capability i is restored from; false: it was null. */
bool pack_ref(const struct pack *p, uint32_t i, struct metac_metac_sturdy_ref_r *ret);
/* The hash, if it is a reference of this service; else NULL. */
const uint8_t *pack_own(const struct pack *p, uint32_t i);
/* What was restored (a new reference is taken). */
void pack_set_cap(struct pack *p, uint32_t i, struct vat_cap *cap);
/* The content, its capabilities being those set. */
struct vat_ptr_r pack_content(const struct pack *p);

void pack_free(struct pack *p);
DEFINE_AUTO(struct pack *, pack_free);
