/* SPDX-License-Identifier: MIT */
/* Any bytes as what a 9P server says about itself. What decodes must encode to the same bytes. */
#include "svc/fs/server/9p-control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct p9_control_file files[P9_CONTROL_FILES_MAX];
	static struct p9_control_packet p;
	struct p9_control_stats s;
	if (size > P9_CONTROL_PACKET_MAX || p9_control_decode(data, size, &s, files))
		return 0;
	p9_control_packet_init(&p);
	for (uint32_t i = 0; i < s.n_listed; i++) {
		bool fits = p9_control_packet_file(&p, &files[i]);
		assert(fits);
	}
	p9_control_packet_finish(&p, &s);
	assert(p.len == size && !memcmp(p.bytes, data, size));
	return 0;
}
