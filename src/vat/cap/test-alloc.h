/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Memory that runs out on demand: include in one file of a test program.
 *
 *	for (alloc_fail_at = 1; !scenario(); alloc_fail_at++) ...
 *
 * alloc_fail_at = n makes the n-th allocation from now, and all after it, fail; 0 = never.
 * With alloc_counts set, alloc_live and alloc_bytes are what has been allocated since and is there
 *still, alloc_peak the most bytes since it was set last.  The definitions here take precedence over
 *libc's and the sanitizer's, and pass on to whichever is there.
 */
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>

static long alloc_fail_at;
static long alloc_count; /* while alloc_fail_at != 0 */
static long alloc_live, alloc_bytes, alloc_peak;
static bool alloc_counts; /* alloc_live and so on are kept; never before main() */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);
void __interceptor_free(void *p) __attribute__((weak));
void *__interceptor_malloc(size_t n) __attribute__((weak));
void *__interceptor_calloc(size_t n, size_t size) __attribute__((weak));
void *__interceptor_realloc(void *p, size_t n) __attribute__((weak));

static int alloc_fails(void)
{
	return alloc_fail_at && ++alloc_count >= alloc_fail_at;
}

__attribute__((unused)) static void alloc_fail_from(long n)
{
	alloc_fail_at = n;
	alloc_count = 0;
}

static void *alloc_made(void *p)
{
	if (p && alloc_counts) {
		alloc_live++;
		alloc_bytes += (long)malloc_usable_size(p);
		if (alloc_bytes > alloc_peak)
			alloc_peak = alloc_bytes;
	}
	return p;
}

static void alloc_gone(void *p)
{
	alloc_live--;
	alloc_bytes -= (long)malloc_usable_size(p);
}

__attribute__((visibility("default"))) void *malloc(size_t n)
{
	if (alloc_fails())
		return NULL;
	return alloc_made(__interceptor_malloc ? __interceptor_malloc(n) : __libc_malloc(n));
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	if (alloc_fails())
		return NULL;
	return alloc_made(
		__interceptor_calloc ? __interceptor_calloc(n, size) : __libc_calloc(n, size));
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t n)
{
	if (alloc_fails())
		return NULL;
	if (!n)
		n = 1; /* never frees */
	long before = p && alloc_counts ? (long)malloc_usable_size(p) : 0;
	void *r = __interceptor_realloc ? __interceptor_realloc(p, n) : __libc_realloc(p, n);
	if (r && p && alloc_counts) {
		alloc_live--;
		alloc_bytes -= before;
	}
	return alloc_made(r);
}

__attribute__((visibility("default"))) void free(void *p)
{
	if (!p)
		return;
	if (alloc_counts)
		alloc_gone(p);
	if (__interceptor_free)
		__interceptor_free(p);
	else
		__libc_free(p);
}
