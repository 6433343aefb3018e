/* SPDX-License-Identifier: MIT */
/* Theory of operation: loop-frame.h. */
#include "svc/net/loop-frame.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>

enum { VERSION = 1, HASHED = 36, HASH_SIZE = 16 };

const uint8_t loop_group[6] = {0x03, 'm', 'c', 'l', 'o', 'o'};

void loop_secret_init(struct loop_secret *ret)
{
	randombytes_buf(ret, sizeof(*ret));
}

/* Random, but the same in all frames of a port, so that bridges learn one address for it. */
static void write_source(const struct loop_secret *s, uint64_t port, uint8_t ret[static 6])
{
	uint8_t out[crypto_generichash_BYTES_MIN];
	uint64_t number = htobe64(port);
	(void)crypto_generichash(
		out, sizeof(out), (const uint8_t *)&number, sizeof(number), s->key, sizeof(s->key));
	memcpy(ret, out, 6);
	ret[0] = (uint8_t)((ret[0] & ~1U) | 2); /* one station's, locally administered */
}

static void put64(uint8_t *at, uint64_t v)
{
	v = htobe64(v);
	memcpy(at, &v, sizeof(v));
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t v;
	memcpy(&v, at, sizeof(v));
	return be64toh(v);
}

static void hash(const struct loop_secret *s, const uint8_t *bytes, uint8_t ret[static HASH_SIZE])
{
	(void)crypto_generichash(ret, HASH_SIZE, bytes, HASHED, s->key, sizeof(s->key));
}

void loop_frame_write(const struct loop_secret *s, const struct loop_frame *f,
	uint8_t ret[static LOOP_FRAME_SIZE])
{
	uint32_t tag = htobe32(s->tag);
	memset(ret, 0, LOOP_FRAME_SIZE);
	memcpy(ret, loop_group, sizeof(loop_group));
	write_source(s, f->port, ret + 6);
	ret[12] = LOOP_ETHERTYPE >> 8;
	ret[13] = LOOP_ETHERTYPE & 0xff;
	ret[14] = VERSION;
	memcpy(ret + LOOP_TAG_AT, &tag, sizeof(tag));
	put64(ret + 20, f->port);
	put64(ret + 28, f->sent_ms);
	hash(s, ret, ret + HASHED);
}

bool loop_frame_read(const uint8_t *bytes, size_t size, struct loop_frame *ret)
{
	if (size < LOOP_FRAME_SIZE || bytes[14] != VERSION)
		return false;
	ret->port = get64(bytes + 20);
	ret->sent_ms = get64(bytes + 28);
	return true;
}

bool loop_frame_is_ours(const struct loop_secret *s, const uint8_t bytes[static LOOP_FRAME_SIZE])
{
	uint8_t wanted[HASH_SIZE];
	hash(s, bytes, wanted);
	return sodium_memcmp(wanted, bytes + HASHED, HASH_SIZE) == 0;
}
