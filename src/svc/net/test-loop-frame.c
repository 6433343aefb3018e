/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "svc/net/loop-frame.h"

TEST(a_frame_is_read_by_who_wrote_it)
{
	struct loop_secret s, other;
	struct loop_frame f = {.port = 0x1122334455667788, .sent_ms = 99}, got = {};
	uint8_t bytes[LOOP_FRAME_SIZE];
	loop_secret_init(&s);
	loop_secret_init(&other);
	loop_frame_write(&s, &f, bytes);
	CHECK(loop_frame_read(bytes, sizeof(bytes), &got) && loop_frame_is_ours(&s, bytes));
	CHECK(got.port == f.port && got.sent_ms == f.sent_ms);
	CHECK(!loop_frame_is_ours(&other, bytes));
	CHECK(bytes[0] & 1 && !(bytes[6] & 1) && bytes[6] & 2);
	CHECK_INT(bytes[12] << 8 | bytes[13], LOOP_ETHERTYPE);
}

TEST(a_frame_that_was_changed_is_nobodys)
{
	struct loop_secret s;
	struct loop_frame f = {.port = 1, .sent_ms = 99}, got = {};
	uint8_t bytes[LOOP_FRAME_SIZE];
	loop_secret_init(&s);
	loop_frame_write(&s, &f, bytes);
	for (unsigned bit = 0; bit < 52 * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!loop_frame_is_ours(&s, bytes));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CHECK(!loop_frame_read(bytes, sizeof(bytes) - 1, &got));
	CHECK(!loop_frame_read(bytes, 0, &got));
	CHECK(loop_frame_is_ours(&s, bytes));
}
