/* SPDX-License-Identifier: MIT */
/*
 * The whole generator on damaged requests.  It must end with a one-line error or with output that
 * has nothing in it which a schema could not say.
 */
#include "generate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Texts of the request may not end the line or the comment that they are put in. */
static void check_output(const struct output *o)
{
	assert(o->path[0] != '/' && !strstr(o->path, "../"));
	for (const char *p = o->text.s; p && *p; p++)
		assert(*p == '\n' || *p == '\t' || (unsigned char)*p >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* libvat reads in place only from aligned memory, as it would from a file. */
	uint64_t *words = malloc(size + 8);
	struct generated g;
	assert(words);
	memcpy(words, data, size);
	int r = generate(words, size, 4 * size / 8 + 1024, &g);
	if (r < 0) {
		assert(r == -EBADMSG && g.error[0] && !strchr(g.error, '\n'));
	} else {
		assert(!g.error[0]);
		for (size_t i = 0; i < g.n_files; i++)
			check_output(&g.files[i]);
	}
	generated_free(&g);
	free(words);
	return 0;
}
