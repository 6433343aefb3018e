/* SPDX-License-Identifier: MIT */
/*
 * Any bytes to the reader of frames, by a known secret; and a frame that was written, with the
 * input laid over it: only what is unchanged is taken.
 */
#include "base/macro.h"
#include "svc/net/loop-frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct loop_secret s = {.tag = 0x01020304};
	struct loop_frame f = {.port = 7, .sent_ms = 1000}, got = {};
	uint8_t frame[LOOP_FRAME_SIZE], changed[LOOP_FRAME_SIZE];
	assert(!loop_frame_read(data, size, &got) ||
		(size >= sizeof(frame) && !loop_frame_is_ours(&s, data)));
	loop_frame_write(&s, &f, frame);
	memcpy(changed, frame, sizeof(frame));
	for (size_t i = 0; i < MIN(size, sizeof(frame)); i++)
		changed[i] ^= data[i];
	bool same = !memcmp(frame, changed, 52);
	assert(loop_frame_is_ours(&s, changed) == same);
	bool read = loop_frame_read(changed, sizeof(changed), &got);
	assert(!same || (read && got.port == 7 && got.sent_ms == 1000));
	assert(!loop_frame_read(changed, sizeof(changed) - 1, &got));
	return 0;
}
