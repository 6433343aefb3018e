/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Capabilities under secrets: what a realm needs to save and restore, when a reference is for
 * whoever knows it.
 *
 * A secret is VAT_SECRET_SIZE unguessable bytes (getrandom(2) has them; the library takes nothing
 * from the system).  It is the sturdy reference, or the part of it that matters, and is known to
 * its holders alone: a keyring keeps its SHA-256 hash.  So whoever reads the keyring, or the file
 * that an application keeps the hashes in, can restore nothing.
 *
 * save() (vat/persistent.h) draws a secret, adds the capability and returns the secret.  The
 * bootstrap object's method for restoring calls vat_keyring_get().  After a restart the application
 * adds what it has stored: the hash, and the object made again.  Removing a secret keeps nobody
 * from using what was restored with it before; a membrane around each (vat/rpc.h) does that.
 */
#include "vat/rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { VAT_SECRET_SIZE = 32, VAT_SECRET_HASH_SIZE = 32 };

struct vat_keyring;

/* Holds at most max capabilities. NULL when memory is out. */
VAT_API struct vat_keyring *vat_keyring_new(uint32_t max);
/* Drops all. NULL is accepted. */
VAT_API void vat_keyring_free(struct vat_keyring *k);
VAT_API uint32_t vat_keyring_count(const struct vat_keyring *k);

/* The name under which a secret is kept and removed. */
VAT_API void vat_secret_hash(
	const uint8_t secret[VAT_SECRET_SIZE], uint8_t ret[VAT_SECRET_HASH_SIZE]);

/* Adds cap, taking a new reference. -ENOSPC: it is full; -EEXIST: that hash is there; -EINVAL: cap
 * is NULL; -ENOMEM. */
VAT_API int vat_keyring_add(
	struct vat_keyring *k, const uint8_t hash[VAT_SECRET_HASH_SIZE], struct vat_cap *cap);
/* What a secret stands for, a new reference; NULL if nothing, or if size is not VAT_SECRET_SIZE.
 * Give the caller one answer whatever the reason. */
VAT_API struct vat_cap *vat_keyring_get(struct vat_keyring *k, const void *secret, size_t size);
/* 0, or -ENOENT. */
VAT_API int vat_keyring_remove(struct vat_keyring *k, const uint8_t hash[VAT_SECRET_HASH_SIZE]);

#ifdef __cplusplus
}
#endif
