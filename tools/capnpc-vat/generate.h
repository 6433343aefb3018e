/* SPDX-License-Identifier: MIT */
#pragma once
/* The generator as a function: a request goes in, the contents of files come out. */
#include "text.h"

struct generated {
	struct output { /* two for each file requested */
		char *path; /* relative, without ".." */
		struct text text;
	} * files;
	size_t n_files;
	char error[1000]; /* one line, set when generate() fails */
};

/* traversal_words bounds the work that a request may cause (0 = libvat's default). Returns 0 or
 * -EBADMSG; either way generated_free() is due. */
int generate(const void *request, size_t size, uint64_t traversal_words, struct generated *ret);
void generated_free(struct generated *g);
