/* SPDX-License-Identifier: MIT */
/*
 * The packed encoding (capnproto.org/encoding.html#packing).
 *
 * Each word becomes a tag byte, whose bit i says that byte i of the word is not zero, and the bytes
 * that are not zero.  After the tag 0x00 comes the number of further zero words; after 0xff and its
 * eight bytes comes the number of words that follow verbatim.  Which words go verbatim is the
 * packer's choice: here, as in the reference implementation, those with at most one zero byte.
 *
 * Unpacking goes over the input twice: the first time it measures and checks, the second time it
 * cannot fail.
 */
#include "vat/message-internal.h"

enum { MAX_RUN = 255 };

static unsigned zero_bytes(const uint8_t *word)
{
	unsigned n = 0;
	for (int i = 0; i < 8; i++)
		n += !word[i];
	return n;
}

/* Number of words from `at` on, at most MAX_RUN, that fit into the run begun by `tag`. */
static size_t run_length(uint8_t tag, const uint8_t *at, const uint8_t *end)
{
	size_t max = MIN((size_t)(end - at) / 8, (size_t)MAX_RUN), n = 0;
	if (tag == 0)
		while (n < max && !vat_load(at + n * 8))
			n++;
	else
		while (n < max && zero_bytes(at + n * 8) < 2)
			n++;
	return n;
}

static uint8_t *pack_word(uint8_t *to, const uint8_t *word)
{
	uint8_t *tag = to++;
	*tag = 0;
	for (int i = 0; i < 8; i++) {
		*to = word[i];
		to += word[i] != 0;
		*tag |= (uint8_t)((word[i] != 0) << i);
	}
	return to;
}

int vat_pack(const void *data, size_t size, void **ret, size_t *ret_size)
{
	const uint8_t *at = data, *end = at + size;
	if (size % 8)
		return -EINVAL;
	/* No word takes more than a tag, itself and a count. */
	if (size > SIZE_MAX / 10 * 8 - 8)
		return -ENOMEM;
	uint8_t *packed = malloc(size / 8 * 10 + 1);
	if (!packed)
		return -ENOMEM;
	uint8_t *to = packed;
	while (at < end) {
		uint8_t *tag = to;
		to = pack_word(to, at);
		at += 8;
		if (*tag != 0 && *tag != 0xff)
			continue;
		size_t n = run_length(*tag, at, end);
		*to++ = (uint8_t)n;
		if (*tag) {
			memcpy(to, at, n * 8);
			to += n * 8;
		}
		at += n * 8;
	}
	*ret_size = (size_t)(to - packed);
	uint8_t *fit = realloc(packed, *ret_size + 1);
	*ret = fit ? fit : packed;
	return 0;
}

/* Checks one group (a tag and what belongs to it) at `at`. Returns its packed length and how many
 * words it stands for; 0 if it is cut off. */
static size_t group_size(const uint8_t *at, const uint8_t *end, size_t *ret_words)
{
	size_t left = (size_t)(end - at), n = 1 + (size_t)__builtin_popcount(at[0]), run = 0;
	*ret_words = 0;
	if (at[0] == 0 || at[0] == 0xff) {
		if (left <= n)
			return 0;
		run = at[n++];
		if (at[0])
			n += run * 8;
	}
	*ret_words = 1 + run;
	return n <= left ? n : 0;
}

static int unpacked_size(const uint8_t *at, const uint8_t *end, size_t max_size, size_t *ret)
{
	size_t size = 0, n, words;
	for (; at < end; at += n) {
		n = group_size(at, end, &words);
		if (!n || words > (max_size - size) / 8)
			return -EBADMSG;
		size += words * 8;
	}
	*ret = size;
	return 0;
}

static void unpack_group(uint8_t *to, const uint8_t *at)
{
	uint8_t tag = *at++;
	for (int i = 0; i < 8; i++)
		to[i] = tag >> i & 1 ? *at++ : 0;
	to += 8;
	if (tag == 0)
		memset(to, 0, (size_t)*at * 8);
	else if (tag == 0xff)
		memcpy(to, at + 1, (size_t)*at * 8);
}

int vat_unpack(const void *data, size_t size, size_t max_size, void **ret, size_t *ret_size)
{
	const uint8_t *at = data, *end = at + size;
	size_t whole, n, words;
	int r = unpacked_size(at, end, max_size, &whole);
	if (r < 0)
		return r;
	uint8_t *to = malloc(whole ? whole : 1);
	if (!to)
		return -ENOMEM;
	*ret = to;
	*ret_size = whole;
	for (; at < end; at += n) {
		n = group_size(at, end, &words);
		unpack_group(to, at);
		to += words * 8;
	}
	return 0;
}
