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
#include "vat/message/message-internal.h"

#define LANES(byte) (UINT64_C(0x0101010101010101) * (byte))

enum { MAX_RUN = 255 };

/* One bit for each byte of w that is not zero. */
static uint8_t word_tag(uint64_t w)
{
	/* The sum carries into the top bit of each byte whose other bits are not all zero. */
	uint64_t set = ((w & LANES(0x7f)) + LANES(0x7f)) | w;
	/* One bit per byte; the product brings them together in the top byte. */
	return (uint8_t)((set >> 7 & LANES(1)) * UINT64_C(0x0102040810204080) >> 56);
}

/* Number of words from `at` on, at most MAX_RUN, that fit into the run begun by `tag`. */
static size_t run_length(uint8_t tag, const uint8_t *at, const uint8_t *end)
{
	size_t max = MIN((size_t)(end - at) / 8, (size_t)MAX_RUN), n = 0;
	if (tag == 0)
		while (n < max && !vat_load(at + n * 8))
			n++;
	else
		for (; n < max; n++) {
			unsigned zero = (uint8_t)~word_tag(vat_load(at + n * 8));
			if (zero & (zero - 1)) /* two or more */
				break;
		}
	return n;
}

/* The bytes of w that are not zero. Writes eight bytes, of which the first so many count. */
static uint8_t *pack_word(uint8_t *to, uint64_t w, uint8_t tag)
{
	for (int i = 0; i < 8; i++, w >>= 8) {
		*to = (uint8_t)w;
		to += tag >> i & 1;
	}
	return to;
}

int vat_pack(const void *data, size_t size, void **ret, size_t *ret_size)
{
	const uint8_t *at = data, *end = at + size;
	if (size % 8)
		return -EINVAL;
	/* No word takes more than a tag, itself and a count. */
	if (size > SIZE_MAX / 10 * 8 - 16)
		return -ENOMEM;
	/* The last word is written with eight bytes to spare. */
	uint8_t *packed = malloc(size / 8 * 10 + 8);
	if (!packed)
		return -ENOMEM;
	uint8_t *to = packed;
	while (at < end) {
		uint64_t w = vat_load(at);
		uint8_t tag = *to++ = word_tag(w);
		to = pack_word(to, w, tag);
		at += 8;
		if (tag != 0 && tag != 0xff)
			continue;
		size_t n = run_length(tag, at, end);
		*to++ = (uint8_t)n;
		if (tag) {
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

/* Number of bits set; the compiler's own function is a call where the processor is any. */
static unsigned count_bits(uint8_t tag)
{
	/* Digit n of this is the number of bits in n. */
	const uint64_t bits = UINT64_C(0x4332322132212110);
	return (unsigned)((bits >> (tag & 15) * 4 & 15) + (bits >> (tag >> 4) * 4 & 15));
}

/* Checks one group (a tag and what belongs to it) at `at`. Returns its packed length and how many
 * words it stands for; 0 if it is cut off. */
static size_t group_size(const uint8_t *at, const uint8_t *end, size_t *ret_words)
{
	size_t left = (size_t)(end - at), n = 1 + (size_t)count_bits(at[0]), run = 0;
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

/* The word that the bytes at *at and a tag stand for; *at moves behind them. */
static uint64_t unpack_word(uint8_t tag, const uint8_t **at)
{
	uint64_t w = 0;
	for (int i = 0; i < 8; i++)
		if (tag >> i & 1)
			w |= (uint64_t) * (*at)++ << (8 * i);
	return w;
}

/* The same without branches, where eight bytes can be read. */
static uint64_t unpack_wide(uint8_t tag, const uint8_t **at)
{
	uint64_t packed = vat_load(*at), w = 0;
	for (int i = 0; i < 8; i++) {
		uint64_t there = -(uint64_t)(tag >> i & 1);
		w |= (packed & 0xff & there) << (8 * i);
		packed >>= 8 & there;
	}
	*at += count_bits(tag);
	return w;
}

/* Unpacks the group at `at`, which has been checked; input goes on until end. Returns where the
 * next group is; *to moves behind what was written. */
static const uint8_t *unpack_group(uint8_t **to, const uint8_t *at, const uint8_t *end)
{
	uint8_t tag = *at++;
	size_t run = 0;
	if (tag == 0) {
		run = *at++;
		memset(*to, 0, 8 + run * 8);
	} else if (tag == 0xff) {
		run = at[8];
		memcpy(*to, at, 8);
		memcpy(*to + 8, at + 9, run * 8);
		at += 9 + run * 8;
	} else {
		vat_store(*to, end - at >= 8 ? unpack_wide(tag, &at) : unpack_word(tag, &at));
	}
	*to += 8 + run * 8;
	return at;
}

int vat_unpack(const void *data, size_t size, size_t max_size, void **ret, size_t *ret_size)
{
	const uint8_t *at = data, *end = at + size;
	size_t whole;
	int r = unpacked_size(at, end, max_size, &whole);
	if (r < 0)
		return r;
	uint8_t *to = malloc(whole ? whole : 1);
	if (!to)
		return -ENOMEM;
	*ret = to;
	*ret_size = whole;
	while (at < end)
		at = unpack_group(&to, at, end);
	return 0;
}
