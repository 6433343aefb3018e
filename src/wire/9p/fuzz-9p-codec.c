/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a frame, as the head of one, as directory entries (with and without attributes) and
 * as events.  What decodes must encode to the very same bytes.
 */
#include "wire/9p/9p-codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frame(const uint8_t *data, size_t size)
{
	struct p9_msg m;
	if (p9_decode(data, size, &m))
		return;
	uint8_t *again = malloc(size);
	assert(p9_encode(&m, again, size) == (int)size);
	assert(!memcmp(again, data, size));
	free(again);
	size_t at = p9_payload_offset(m.type);
	const struct p9_data *d = p9_payload(&m);
	assert(d || !at);
	if (at && !m.once.seq)
		assert(d->p == data + at && at + d->len == size);
}

static void check_head(const uint8_t *data, size_t size)
{
	struct p9_msg m;
	if (p9_decode_head(data, size, &m) || !size)
		return;
	uint8_t *again = malloc(size);
	int n = p9_encode_head(&m, again, size);
	assert(n > 0 && (size_t)n <= size);
	assert(!memcmp(again, data, (size_t)n));
	free(again);
}

static void check_entries(const uint8_t *data, size_t size)
{
	struct p9_dirent d;
	int n;
	for (size_t at = 0; (n = p9_dirent_decode(data + at, size - at, &d)) > 0; at += (size_t)n) {
		uint8_t again[13 + 8 + 1 + 2 + UINT16_MAX];
		assert(p9_dirent_encode(&d, again, sizeof(again)) == n);
		assert(!memcmp(again, data + at, (size_t)n));
		(void)p9_name_valid(d.name);
	}
}

static void check_plus_entries(const uint8_t *data, size_t size)
{
	struct p9_direntplus d;
	int n;
	for (size_t at = 0; (n = p9_direntplus_decode(data + at, size - at, &d)) > 0;
		at += (size_t)n) {
		uint8_t again[P9_DIRENTPLUS_MIN + UINT16_MAX];
		assert(p9_direntplus_encode(&d, again, sizeof(again)) == n);
		assert(!memcmp(again, data + at, (size_t)n));
	}
}

static void check_events(const uint8_t *data, size_t size)
{
	struct p9_event e;
	int n;
	for (size_t at = 0; (n = p9_event_decode(data + at, size - at, &e)) > 0; at += (size_t)n) {
		uint8_t again[P9_EVENT_MIN + UINT16_MAX];
		assert(p9_event_encode(&e, again, sizeof(again)) == n);
		assert(!memcmp(again, data + at, (size_t)n));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)p9_frame_size(data, size, P9_MAX_MSIZE);
	check_frame(data, size);
	check_head(data, size);
	check_entries(data, size);
	check_plus_entries(data, size);
	check_events(data, size);
	return 0;
}
