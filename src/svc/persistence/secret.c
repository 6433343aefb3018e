/* SPDX-License-Identifier: MIT */
/* Theory of operation: secret.h. */
#include "svc/persistence/secret.h"

#include <sodium.h>
#include <stdio.h>

static const unsigned char purpose[] = "metac sturdy reference 1";

int secret_init(void)
{
	return sodium_init() < 0 ? -ENOSYS : 0;
}

void secret_make(uint8_t ret[SECRET_SIZE])
{
	randombytes_buf(ret, SECRET_SIZE);
}

void secret_hash(const void *secret, size_t size, uint8_t ret[SECRET_HASH_SIZE])
{
	int r = crypto_generichash(
		ret, SECRET_HASH_SIZE, size ? secret : "", size, purpose, sizeof(purpose) - 1);
	assert(r == 0);
	(void)r;
}

bool secret_hash_equal(const uint8_t *a, const uint8_t *b)
{
	return sodium_memcmp(a, b, SECRET_HASH_SIZE) == 0;
}

void secret_wipe(void *p, size_t size)
{
	sodium_memzero(p, size);
}

void secret_id(const uint8_t *hash, char ret[SECRET_ID_DIGITS + 1])
{
	for (size_t i = 0; i < SECRET_ID_DIGITS / 2; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
}
