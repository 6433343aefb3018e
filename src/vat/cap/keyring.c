/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: vat/keyring.h.
 *
 * A hash table, open addressed and at most half full, over the hashes' own first bytes: they are as
 * random as secrets are, and whoever adds a secret of their own choice is the application.  Looking
 * up compares hashes in whatever time it takes: that time says something of a hash, not of its
 * secret.
 */
#include "vat/keyring.h"
#include "vat/cap/core.h"
#include "vat/cap/sha256.h"

enum { FIRST_ROOM = 16 }; /* a power of two */

struct key {
	uint8_t hash[VAT_SECRET_HASH_SIZE];
	struct vat_cap *cap; /* referenced; NULL = free */
};

struct vat_keyring {
	uint32_t max, n, room;
	struct key *keys;
};

static_assert((int)SHA256_SIZE == (int)VAT_SECRET_HASH_SIZE, "the hash is SHA-256");

struct vat_keyring *vat_keyring_new(uint32_t max)
{
	struct vat_keyring *k = calloc(1, sizeof(*k));
	if (k)
		k->max = MIN(max, UINT32_C(1) << 28);
	return k;
}

void vat_keyring_free(struct vat_keyring *k)
{
	if (!k)
		return;
	for (uint32_t i = 0; i < k->room; i++)
		vat_cap_unref(k->keys[i].cap);
	free(k->keys);
	free(k);
}

uint32_t vat_keyring_count(const struct vat_keyring *k)
{
	return k->n;
}

void vat_secret_hash(const uint8_t secret[VAT_SECRET_SIZE], uint8_t ret[VAT_SECRET_HASH_SIZE])
{
	sha256(secret, VAT_SECRET_SIZE, ret);
}

static uint32_t home(const struct vat_keyring *k, const uint8_t *hash)
{
	uint32_t x;
	memcpy(&x, hash, sizeof(x));
	return x & (k->room - 1);
}

/* Where that hash is, or would be. There is always a free place. */
static struct key *place(struct vat_keyring *k, const uint8_t *hash)
{
	uint32_t i = home(k, hash);
	while (k->keys[i].cap && memcmp(k->keys[i].hash, hash, VAT_SECRET_HASH_SIZE))
		i = (i + 1) & (k->room - 1);
	return &k->keys[i];
}

static int grow(struct vat_keyring *k)
{
	struct vat_keyring to = {.room = k->room ? k->room * 2 : FIRST_ROOM};
	to.keys = calloc(to.room, sizeof(*to.keys));
	if (!to.keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < k->room; i++)
		if (k->keys[i].cap)
			*place(&to, k->keys[i].hash) = k->keys[i];
	free(k->keys);
	k->keys = to.keys;
	k->room = to.room;
	return 0;
}

int vat_keyring_add(
	struct vat_keyring *k, const uint8_t hash[VAT_SECRET_HASH_SIZE], struct vat_cap *cap)
{
	if (!cap)
		return -EINVAL;
	if (k->room && place(k, hash)->cap)
		return -EEXIST;
	if (k->n >= k->max)
		return -ENOSPC;
	if (2 * (k->n + 1) > k->room && grow(k) < 0)
		return -ENOMEM;
	struct key *key = place(k, hash);
	memcpy(key->hash, hash, sizeof(key->hash));
	key->cap = vat_cap_ref(cap);
	k->n++;
	return 0;
}

struct vat_cap *vat_keyring_get(struct vat_keyring *k, const void *secret, size_t size)
{
	uint8_t hash[VAT_SECRET_HASH_SIZE];
	if (size != VAT_SECRET_SIZE || !k->room)
		return NULL;
	vat_secret_hash(secret, hash);
	return vat_cap_ref(place(k, hash)->cap);
}

/* Moves what follows a freed place and was put off by it. */
static void close_gap(struct vat_keyring *k, uint32_t gap)
{
	uint32_t mask = k->room - 1;
	for (uint32_t i = (gap + 1) & mask; k->keys[i].cap; i = (i + 1) & mask) {
		uint32_t from_home = (i - home(k, k->keys[i].hash)) & mask;
		if (from_home < ((i - gap) & mask))
			continue;
		k->keys[gap] = k->keys[i];
		k->keys[i].cap = NULL;
		gap = i;
	}
}

int vat_keyring_remove(struct vat_keyring *k, const uint8_t hash[VAT_SECRET_HASH_SIZE])
{
	struct key *key = k->room ? place(k, hash) : NULL;
	if (!key || !key->cap)
		return -ENOENT;
	vat_cap_unref(TAKE_PTR(key->cap));
	k->n--;
	close_gap(k, (uint32_t)(key - k->keys));
	return 0;
}
