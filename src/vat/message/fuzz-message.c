/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes framing: a stream of frames arrives in pieces whose lengths the first input bytes choose;
 * the messages found must be those found in one piece, and be written out again as they came.
 */
#include "vat/cap/test-caps.h"
#include "vat/message/message-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct vat_read_limits limits = {.traversal_words = 1 << 16, .segments = 20};

static void require(bool cond)
{
	if (!cond)
		abort();
}

/* The message must be written out as it came, but for the padding of the header. */
static void check_written(struct vat_message *m, const uint8_t *frame, size_t used)
{
	struct iovec iov[21];
	size_t size, at = 0;
	uint8_t *flat = vat_message_flatten(m, &size);
	require(size == used);
	size_t table = 4 * (vat_message_segments(m) + 1), header = (table + 7) / 8 * 8;
	require(!memcmp(flat, frame, table));
	require(!memcmp(flat + header, frame + header, size - header));
	int n = vat_message_iov(m, iov, ARRAY_SIZE(iov));
	require(n > 0);
	for (int i = 0; i < n; i++) {
		require(!iov[i].iov_len || !memcmp(flat + at, iov[i].iov_base, iov[i].iov_len));
		at += iov[i].iov_len;
	}
	require(at == size);
	free(flat);
}

/* How many bytes of data[0..size) the frame at its start takes, growing what is visible by step; 0
 * if it never is complete, SIZE_MAX if it is refused. */
static size_t feed(const uint8_t *data, size_t size, size_t step)
{
	size_t used = 0, seen = 0;
	for (;;) {
		uint8_t *part = malloc(seen + 1);
		if (seen)
			memcpy(part, data, seen);
		struct vat_message *m;
		int r = vat_message_parse(part, seen, &limits, &m, &used);
		size_t announced = vat_frame_size(part, seen, &limits);
		require((r == -EBADMSG) == (announced == SIZE_MAX));
		if (!r) {
			require(announced == used && used <= seen);
			check_written(m, part, used);
			vat_message_free(m);
		}
		free(part);
		if (r != -EAGAIN)
			return r ? SIZE_MAX : used;
		require(!announced || announced > seen);
		if (seen == size)
			return 0;
		seen = MIN(size, seen + step);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size || size > 4096)
		return 0;
	size_t step = 1 + data[0] % 64, at = 1;
	while (at < size) {
		size_t whole = feed(data + at, size - at, size);
		require(feed(data + at, size - at, step) == whole);
		if (!whole || whole == SIZE_MAX)
			break;
		at += whole;
	}
	return 0;
}
