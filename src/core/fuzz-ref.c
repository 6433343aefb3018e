/* SPDX-License-Identifier: MIT */
/* A reference's text is typed by people and sent by peers: whatever is accepted must be printed
 * back. */
#include "core/ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct ref *f = NULL, *again = NULL;
	const char *path = NULL;
	char shown[64];
	if (text)
		ref_mask(text, shown, sizeof(shown));
	if (text && !ref_parse_within(text, &f, &path, NULL)) {
		assert(path >= text && path <= text + strlen(text));
		char *back = ref_format(f);
		if (back) {
			assert(!ref_parse(back, &again, NULL));
			assert(!strcmp(again->node, f->node) &&
				!strcmp(again->service, f->service));
		}
		free(back);
	}
	ref_free(again);
	ref_free(f);
	free(text);
	return 0;
}
