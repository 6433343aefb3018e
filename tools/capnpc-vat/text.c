/* SPDX-License-Identifier: MIT */
/* Arena and growing text: see text.h. */
#include "text.h"

#include <stdio.h>

enum { BLOCK_SIZE = 64 * 1024, ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(ALIGN) uint8_t bytes[];
};

__attribute__((noreturn)) static void out_of_memory(void)
{
	fputs("capnpc-vat: out of memory\n", stderr);
	exit(1);
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
		out_of_memory();
	bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
	struct arena_block *b = a->blocks;
	if (!b || b->size - b->used < bytes) {
		size_t room = MAX(bytes, (size_t)BLOCK_SIZE);
		b = calloc(1, sizeof(*b) + room);
		if (!b)
			out_of_memory();
		b->size = room;
		b->next = a->blocks;
		a->blocks = b;
	}
	void *p = b->bytes + b->used;
	b->used += bytes;
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	assert(fmt);
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	assert(n >= 0);
	char *s = arena_alloc(a, (size_t)n + 1, 1);
	vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return s;
}

void arena_free(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;
		a->blocks = b->next;
		free(b);
	}
}

void text_vprintf(struct text *t, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	assert(n >= 0);
	if (t->size - t->len <= (size_t)n) {
		t->size = MAX(2 * t->size, t->len + (size_t)n + 1024);
		t->s = realloc(t->s, t->size);
		if (!t->s)
			out_of_memory();
	}
	vsnprintf(t->s + t->len, (size_t)n + 1, fmt, again);
	t->len += (size_t)n;
	va_end(again);
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	text_vprintf(t, fmt, ap);
	va_end(ap);
}

void text_free(struct text *t)
{
	free(t->s);
	*t = (struct text){0};
}
