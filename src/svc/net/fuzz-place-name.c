/* SPDX-License-Identifier: MIT */
/* Whatever is said to name a network namespace: it is shown and opened without harm. */
#include "svc/net/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[6000], text[40];
	struct err e = {};
	size_t n = MIN(size, sizeof(name) - 1);
	memcpy(name, data, n);
	name[n] = 0;
	bool lasting = place_name_is_lasting(name);
	place_name_text(name, text, sizeof(text));
	assert(strlen(text) < sizeof(text) && !strncmp(name, text, strlen(text)));
	if (lasting)
		assert(place_open_process(name) == -EBADF);
	if (!*name)
		return 0;
	int fd = place_open_name(name, &e);
	assert(fd >= 0 || (e.code == fd && *e.msg));
	fd_close(fd);
	return 0;
}
