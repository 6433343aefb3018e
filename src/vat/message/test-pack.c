/* SPDX-License-Identifier: MIT */
/* Packing: the specification's vectors, limits, and a round trip of random words. */
#include "base/test.h"
#include "vat/message/test-walk.h"

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__})

static void expect_packed(const uint8_t *plain, size_t n, const uint8_t *packed, size_t n_packed)
{
	AUTO_FREE void *p = NULL, *u = NULL;
	size_t size;
	CHECK_INT(vat_pack(plain, n, &p, &size), 0);
	CHECK_INT(size, n_packed);
	CHECK(!n_packed || !memcmp(p, packed, size));
	AUTO_FREE uint8_t *exact = malloc(n_packed + 1);
	if (n_packed)
		memcpy(exact, packed, n_packed);
	CHECK_INT(vat_unpack(exact, n_packed, n, &u, &size), 0);
	CHECK_INT(size, n);
	CHECK(!n || !memcmp(u, plain, n));
	/* One byte too little room, and every truncation. */
	void *none = NULL;
	if (n)
		CHECK_INT(vat_unpack(exact, n_packed, n - 1, &none, &size), -EBADMSG);
	for (size_t cut = 1; cut < n_packed; cut++) {
		AUTO_FREE void *part = NULL;
		AUTO_FREE uint8_t *head = malloc(cut);
		memcpy(head, packed, cut);
		int r = vat_unpack(head, cut, n, &part, &size);
		CHECK(r == -EBADMSG || (r == 0 && size < n));
	}
}

#define EXPECT(plain, packed) expect_packed(plain, sizeof(plain), packed, sizeof(packed))

TEST(nothing_packs_to_nothing)
{
	expect_packed(NULL, 0, NULL, 0);
}

TEST(a_zero_word_is_two_bytes)
{
	EXPECT(BYTES(0, 0, 0, 0, 0, 0, 0, 0), BYTES(0, 0));
}

TEST(vectors_of_single_words)
{
	EXPECT(BYTES(0, 0, 12, 0, 0, 34, 0, 0), BYTES(0x24, 12, 34));
	EXPECT(BYTES(1, 3, 2, 4, 5, 7, 6, 8), BYTES(0xff, 1, 3, 2, 4, 5, 7, 6, 8, 0));
	EXPECT(BYTES(8, 0, 100, 6, 0, 1, 1, 2), BYTES(0xed, 8, 100, 6, 1, 1, 2));
}

TEST(example_of_the_specification)
{
	EXPECT(BYTES(8, 0, 0, 0, 3, 0, 2, 0, 0x19, 0, 0, 0, 0xaa, 1, 0, 0),
		BYTES(0x51, 8, 3, 2, 0x31, 0x19, 0xaa, 1));
	uint8_t zeroes[32] = {0};
	EXPECT(zeroes, BYTES(0, 3));
}

TEST(zeroes_between_words)
{
	EXPECT(BYTES(0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 2, 4, 5, 7, 6, 8),
		BYTES(0, 0, 0xff, 1, 3, 2, 4, 5, 7, 6, 8, 0));
	EXPECT(BYTES(0, 0, 12, 0, 0, 34, 0, 0, 1, 3, 2, 4, 5, 7, 6, 8),
		BYTES(0x24, 12, 34, 0xff, 1, 3, 2, 4, 5, 7, 6, 8, 0));
	EXPECT(BYTES(1, 3, 2, 4, 5, 7, 6, 8, 8, 6, 7, 4, 5, 2, 3, 1),
		BYTES(0xff, 1, 3, 2, 4, 5, 7, 6, 8, 1, 8, 6, 7, 4, 5, 2, 3, 1));
}

TEST(words_with_one_zero_byte_stay_in_the_verbatim_run)
{
	EXPECT(BYTES(1, 2, 3, 4, 5, 6, 7, 8, 6, 2, 4, 3, 9, 0, 5, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 2,
		       4, 0, 9, 0, 5, 1),
		BYTES(0xff, 1, 2, 3, 4, 5, 6, 7, 8, 2, 6, 2, 4, 3, 9, 0, 5, 1, 1, 2, 3, 4, 5, 6, 7,
			8, 0xd6, 2, 4, 9, 5, 1));
}

TEST(runs_are_cut_at_255)
{
	uint8_t zeroes[257 * 8] = {0}, full[257 * 8];
	EXPECT(zeroes, BYTES(0, 255, 0, 0));
	memset(full, 7, sizeof(full));
	uint8_t packed[1 + 8 + 1 + 255 * 8 + 1 + 8 + 1];
	memset(packed, 7, sizeof(packed));
	packed[0] = packed[10 + 255 * 8] = 0xff;
	packed[9] = 255;
	packed[sizeof(packed) - 1] = 0;
	EXPECT(full, packed);
}

TEST(odd_sizes_are_refused)
{
	void *p;
	size_t n;
	CHECK_INT(vat_pack("abcdefg", 7, &p, &n), -EINVAL);
}

TEST(truncated_groups_are_refused)
{
	static const uint8_t cut[][3] = {{0x00}, {0xff, 1, 2}, {0x03, 1}};
	static const size_t len[] = {1, 3, 2};
	void *p;
	size_t n;
	for (size_t i = 0; i < ARRAY_SIZE(len); i++)
		CHECK_INT(vat_unpack(cut[i], len[i], 100, &p, &n), -EBADMSG);
}

TEST(a_few_bytes_cannot_claim_more_than_the_limit)
{
	uint8_t bomb[4096];
	void *p;
	size_t n;
	for (size_t i = 0; i < sizeof(bomb); i++)
		bomb[i] = i % 2 ? 255 : 0;
	CHECK_INT(vat_unpack(bomb, sizeof(bomb), 1 << 20, &p, &n), -EBADMSG);
	CHECK_INT(vat_unpack(bomb, sizeof(bomb), 4 << 20, &p, &n), 0);
	CHECK_INT(n, 2048 * 256 * 8);
	free(p);
}

TEST(random_words_survive_the_round_trip)
{
	uint64_t seed = 88172645463325252;
	for (int round = 0; round < 300; round++) {
		uint8_t plain[64 * 8];
		for (size_t i = 0; i < sizeof(plain); i++) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			plain[i] = (seed >> 20) % 100 < (uint64_t)round / 3 ? 0
									    : (uint8_t)(seed >> 40);
		}
		AUTO_FREE void *p = NULL, *u = NULL;
		size_t n, m;
		CHECK_INT(vat_pack(plain, sizeof(plain), &p, &n), 0);
		CHECK_INT(vat_unpack(p, n, sizeof(plain), &u, &m), 0);
		CHECK_INT(m, sizeof(plain));
		CHECK(!memcmp(u, plain, m));
	}
}
