/* SPDX-License-Identifier: MIT */
/* What an image server says that was taken over by its image: lines, each looked at as any answer.
 */
#include "svc/fs/block/image-qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	while (size) {
		const char *end = memchr(p, '\n', size);
		size_t n = end ? (size_t)(end - p) : size;
		char text[IMAGE_TEXT_MAX] = "";
		json_t *value = NULL;
		uint64_t bytes = 1;
		if (image_qmp_answer(p, n, &value, text) == 1 && value &&
			image_qmp_node(value, "image", &bytes, text) == 0)
			assert(bytes && bytes <= INT64_MAX);
		assert(strlen(text) < IMAGE_TEXT_MAX);
		json_decref(value);
		p += n + (end != NULL);
		size -= n + (end != NULL);
	}
	return 0;
}
