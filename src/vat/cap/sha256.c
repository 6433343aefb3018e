/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 as FIPS 180-4 describes it, with its names. The library is to depend on nothing, and
 * hashes a few bytes now and then: this is short rather than fast.
 */
#include "vat/cap/sha256.h"

#include <string.h>

enum { BLOCK = 64, LENGTH_AT = 56 };

static const uint32_t K[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
	0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6,
	0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
	0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585,
	0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
	0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The message schedule. */
static void schedule(const uint8_t *block, uint32_t w[64])
{
	for (unsigned t = 0; t < 16; t++)
		w[t] = big_endian(block + 4 * t);
	for (unsigned t = 16; t < 64; t++) {
		uint32_t a = w[t - 2], b = w[t - 15];
		uint32_t s1 = rotr(a, 17) ^ rotr(a, 19) ^ a >> 10;
		uint32_t s0 = rotr(b, 7) ^ rotr(b, 18) ^ b >> 3;
		w[t] = s1 + w[t - 7] + s0 + w[t - 16];
	}
}

static void compress(uint32_t h[8], const uint8_t *block)
{
	uint32_t w[64], v[8]; /* v: a to h of the standard */
	schedule(block, w);
	memcpy(v, h, sizeof(v));
	for (unsigned t = 0; t < 64; t++) {
		uint32_t a = v[0], e = v[4];
		uint32_t s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
		uint32_t s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
		uint32_t ch = (e & v[5]) ^ (~e & v[6]);
		uint32_t maj = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
		uint32_t t1 = v[7] + s1 + ch + K[t] + w[t];
		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += t1;
		v[0] = t1 + s0 + maj;
	}
	for (unsigned i = 0; i < 8; i++)
		h[i] += v[i];
}

/* What is left, padded: one block or two. */
static void finish(uint32_t h[8], const uint8_t *rest, size_t n, uint64_t size)
{
	uint8_t last[2 * BLOCK] = {0};
	size_t blocks = n < LENGTH_AT ? 1 : 2;
	if (n)
		memcpy(last, rest, n);
	last[n] = 0x80;
	for (unsigned i = 0; i < 8; i++)
		last[blocks * BLOCK - 1 - i] = (uint8_t)(size * 8 >> 8 * i);
	for (size_t i = 0; i < blocks; i++)
		compress(h, last + i * BLOCK);
}

void sha256(const void *data, size_t size, uint8_t ret[SHA256_SIZE])
{
	uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
		0x1f83d9ab, 0x5be0cd19};
	const uint8_t *p = data;
	size_t left = size;
	for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
		compress(h, p);
	finish(h, p, left, size);
	for (unsigned i = 0; i < SHA256_SIZE; i++)
		ret[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}
