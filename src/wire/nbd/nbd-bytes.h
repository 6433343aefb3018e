/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Big-endian loads and stores, and a cursor over bytes that come from a peer: it goes bad once and
 * stays bad, so that bounds are checked here and nowhere else.
 */
#include "base/macro.h"

#include <endian.h>

static inline uint16_t nbd_get16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t nbd_get32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline uint64_t nbd_get64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

/* These return where the next one goes. */
static inline uint8_t *nbd_put16(uint8_t *p, uint16_t v)
{
	v = htobe16(v);
	return (uint8_t *)memcpy(p, &v, sizeof(v)) + sizeof(v);
}

static inline uint8_t *nbd_put32(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	return (uint8_t *)memcpy(p, &v, sizeof(v)) + sizeof(v);
}

static inline uint8_t *nbd_put64(uint8_t *p, uint64_t v)
{
	v = htobe64(v);
	return (uint8_t *)memcpy(p, &v, sizeof(v)) + sizeof(v);
}

static inline uint8_t *nbd_put(uint8_t *p, const void *from, size_t n)
{
	if (n)
		memcpy(p, from, n);
	return p + n;
}

struct nbd_reader {
	const uint8_t *p;
	size_t left;
	bool bad;
};

/* The next n bytes, or NULL once and for ever when there are not so many. */
static inline const uint8_t *nbd_take(struct nbd_reader *r, size_t n)
{
	if (r->bad || r->left < n) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *p = r->p;
	r->p += n;
	r->left -= n;
	return p;
}

static inline uint16_t nbd_take16(struct nbd_reader *r)
{
	const uint8_t *p = nbd_take(r, 2);
	return p ? nbd_get16(p) : 0;
}

static inline uint32_t nbd_take32(struct nbd_reader *r)
{
	const uint8_t *p = nbd_take(r, 4);
	return p ? nbd_get32(p) : 0;
}

static inline uint64_t nbd_take64(struct nbd_reader *r)
{
	const uint8_t *p = nbd_take(r, 8);
	return p ? nbd_get64(p) : 0;
}
