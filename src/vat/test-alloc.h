/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Memory that runs out on demand: include in one file of a test program.
 *
 *	for (alloc_fail_at = 1; !scenario(); alloc_fail_at++) ...
 *
 * alloc_fail_at = n makes the n-th allocation from now, and all after it, fail; 0 = never. The
 *definitions here take precedence over libc's and the sanitizer's, and pass on to whichever is
 *there.
 */
#include <stddef.h>

static long alloc_fail_at;
static long alloc_count; /* while alloc_fail_at != 0 */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
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

__attribute__((visibility("default"))) void *malloc(size_t n)
{
	if (alloc_fails())
		return NULL;
	return __interceptor_malloc ? __interceptor_malloc(n) : __libc_malloc(n);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	if (alloc_fails())
		return NULL;
	return __interceptor_calloc ? __interceptor_calloc(n, size) : __libc_calloc(n, size);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t n)
{
	if (alloc_fails())
		return NULL;
	return __interceptor_realloc ? __interceptor_realloc(p, n) : __libc_realloc(p, n);
}
