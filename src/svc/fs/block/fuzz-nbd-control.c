/* SPDX-License-Identifier: MIT */
/* Any bytes as what an NBD server says about itself. What decodes must encode to the same bytes. */
#include "svc/fs/block/nbd-control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nbd_control_stats s;
	uint8_t packet[NBD_CONTROL_PACKET_SIZE];
	if (nbd_control_decode(data, size, &s))
		return 0;
	nbd_control_encode(&s, packet);
	assert(size == sizeof(packet) && !memcmp(packet, data, size));
	return 0;
}
