/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "svc/net/trace.h"

static size_t put(uint8_t *out, uint32_t kept, bool tagged, uint32_t snap, uint32_t lengths[2])
{
	static const uint8_t data[] = "ABCDEFGHIJKLmnopqrstuvwxyz";
	struct trace_frame f = {
		.seconds = 5,
		.nanoseconds = 7,
		.length = 26,
		.kept = kept,
		.data = data,
		.tagged = tagged,
		.tpid = 0x8100,
		.tci = 0x4142,
	};
	uint8_t guarded[64];
	memset(guarded, '#', sizeof(guarded));
	size_t n = trace_put_frame(guarded, &f, snap);
	CHECK(n <= TRACE_RECORD_BYTES + snap && n < sizeof(guarded));
	CHECK_INT(guarded[n], '#');
	memcpy(lengths, guarded + 8, 8);
	CHECK_INT(n, TRACE_RECORD_BYTES + lengths[0]);
	memcpy(out, guarded + TRACE_RECORD_BYTES, lengths[0]);
	out[lengths[0]] = 0;
	return lengths[0];
}

TEST(a_tag_is_put_back_after_the_addresses)
{
	uint8_t out[64];
	uint32_t lengths[2];
	put(out, 26, true, 40, lengths);
	CHECK_STR((char *)out, "ABCDEFGHIJKL\x81"
			       "");
	CHECK(!memcmp(out, "ABCDEFGHIJKL\x81\0ABmnopqrstuvwxyz", 30));
	CHECK_INT(lengths[0], 30);
	CHECK_INT(lengths[1], 30);
}

TEST(what_is_kept_is_never_more_than_asked_for)
{
	uint8_t out[64];
	uint32_t lengths[2];
	for (uint32_t snap = 1; snap < 40; snap++) {
		for (uint32_t kept = 0; kept <= 26; kept++) {
			CHECK_INT(put(out, kept, false, snap, lengths), MIN(kept, snap));
			CHECK_INT(lengths[1], 26);
			CHECK(!memcmp(out, "ABCDEFGHIJKLmnopqrstuvwxyz", lengths[0]));
			bool fits = kept >= 12;
			CHECK_INT(put(out, kept, true, snap, lengths),
				MIN(kept + (fits ? 4 : 0), snap));
			CHECK_INT(lengths[1], fits ? 30 : 26);
			CHECK(!memcmp(out,
				fits ? "ABCDEFGHIJKL\x81\0ABmnopqrstuvwxyz" : "ABCDEFGHIJKLmnop",
				lengths[0]));
		}
	}
}
