/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The secret inside a sturdy reference, and its hash, which is all that is ever kept of it.
 */
#include "base/macro.h"

enum {
	SECRET_SIZE = 32, /* bytes from the kernel's generator */
	SECRET_HASH_SIZE = 32, /* BLAKE2b-256, keyed with what it is for */
	SECRET_ID_DIGITS = 16, /* of the hash, in hexadecimal: a reference's public name */
};

/* 0, or -ENOSYS if the cryptographic library does not work here. */
int secret_init(void);
void secret_make(uint8_t ret[SECRET_SIZE]);
/* Of what somebody claims is a secret: any length. */
void secret_hash(const void *secret, size_t size, uint8_t ret[SECRET_HASH_SIZE]);
/* In constant time. */
bool secret_hash_equal(const uint8_t *a, const uint8_t *b);
void secret_wipe(void *p, size_t size);
void secret_id(const uint8_t *hash, char ret[SECRET_ID_DIGITS + 1]);
