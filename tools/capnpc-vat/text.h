/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Memory of one run of the generator: an arena that is freed as a whole, and growing texts in it.
 *
 * Running out of memory ends the process with a message: this is a command that lives for
 * milliseconds and holds nothing worth saving.
 */
#include "base/macro.h"

#include <stdarg.h>

struct arena {
	struct arena_block *blocks;
};

/* Zeroed, aligned for anything. Never NULL. */
void *arena_alloc(struct arena *a, size_t n, size_t size);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
void arena_free(struct arena *a);

#define ARENA_NEW(a, type, n) ((type *)arena_alloc(a, n, sizeof(type)))

struct text { /* zeroed = empty; s is NUL-terminated once something was added */
	char *s;
	size_t len, size;
};

void text_printf(struct text *t, const char *fmt, ...) PRINTF(2, 3);
void text_vprintf(struct text *t, const char *fmt, va_list ap) PRINTF(2, 0);
void text_free(struct text *t);
