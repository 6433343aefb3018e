/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Memory for the small structs of which every call needs a handful.
 *
 * What is put back is kept in a list per size, a bounded amount of each, so that calls in steady
 * state allocate nothing; a burst's surplus goes back to malloc.
 *
 * Under the address sanitizer nothing is kept, so that it sees every block's end; a test that wants
 * the lists sets `keep`, and what is in them is poisoned then.
 */
#include "base/macro.h"

#if defined(__SANITIZE_ADDRESS__)
#define POOL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_ASAN 1
#endif
#endif

#ifdef POOL_ASAN
/* As <sanitizer/asan_interface.h> has them. */
void __asan_poison_memory_region(void const volatile *at, size_t size);
void __asan_unpoison_memory_region(void const volatile *at, size_t size);
void *__asan_region_is_poisoned(void *at, size_t size);
#define ASAN_POISON_MEMORY_REGION(at, size) __asan_poison_memory_region(at, size)
#define ASAN_UNPOISON_MEMORY_REGION(at, size) __asan_unpoison_memory_region(at, size)
enum { POOL_KEEP = 0 };
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
enum { POOL_KEEP = 64 * 1024 };
#endif

enum {
	POOL_STEP = 32,
	POOL_MAX = 512, /* larger blocks are malloc's */
	POOL_CLASSES = POOL_MAX / POOL_STEP + 1,
};

struct pool_free {
	struct pool_free *next;
};

struct pool {
	struct pool_free *free[POOL_CLASSES];
	uint32_t n[POOL_CLASSES];
	uint32_t keep; /* bytes of each size */
};

static inline void pool_init(struct pool *p)
{
	*p = (struct pool){.keep = POOL_KEEP};
}

static inline size_t pool_class(size_t size)
{
	return (size + POOL_STEP - 1) / POOL_STEP;
}

/* A block of anything, NULL when memory is out. size: a constant, at most POOL_MAX. */
static inline void *pool_get_dirty(struct pool *p, size_t size)
{
	size_t k = pool_class(size);
	struct pool_free *f = p->free[k];
	if (!f)
		return malloc(k * POOL_STEP);
	ASAN_UNPOISON_MEMORY_REGION(f, k * POOL_STEP);
	p->free[k] = f->next;
	p->n[k]--;
	return f;
}

/* The same, zeroed. */
static inline void *pool_get(struct pool *p, size_t size)
{
	void *block = pool_get_dirty(p, size);
	return block ? memset(block, 0, size) : NULL;
}

/* Takes back a block of the same size. NULL is accepted. */
static inline void pool_put(struct pool *p, void *block, size_t size)
{
	size_t k = pool_class(size);
	struct pool_free *f = block;
	if (!f || (p->n[k] + 1) * k * POOL_STEP > p->keep) {
		free(f);
		return;
	}
	f->next = p->free[k];
	p->free[k] = f;
	p->n[k]++;
	ASAN_POISON_MEMORY_REGION(f, k * POOL_STEP);
}

/* Frees what is kept; nothing will be kept any more. */
void pool_done(struct pool *p);
