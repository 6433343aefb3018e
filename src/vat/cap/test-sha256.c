/* SPDX-License-Identifier: MIT */
/* The examples of FIPS 180-4 and its validation suite, and every length around a block's end. */
#include "vat/cap/sha256.h"
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

static void check(const void *data, size_t size, const char *want)
{
	uint8_t hash[SHA256_SIZE];
	char text[2 * SHA256_SIZE + 1];
	sha256(data, size, hash);
	for (int i = 0; i < SHA256_SIZE; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", hash[i]);
	CHECK_STR(text, want);
}

TEST(examples_of_the_standard)
{
	const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	check("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check(two, 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	enum { MILLION = 1000000 };
	char *a = malloc(MILLION);
	memset(a, 'a', MILLION);
	check(a, MILLION, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(a);
}

/* The hash of the hashes of 0 to 130 bytes 'x'; computed with coreutils' sha256sum. */
TEST(every_length_around_the_end_of_a_block)
{
	uint8_t all[131 * SHA256_SIZE];
	char x[131];
	memset(x, 'x', sizeof(x));
	for (size_t n = 0; n < sizeof(x); n++)
		sha256(x, n, all + n * SHA256_SIZE);
	check(all, sizeof(all), "f5a018ad6f7a21c451c8d98b57699f4aeeb1976b88771c339c7ea60cd09c64ef");
}
