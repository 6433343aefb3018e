/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Unit tests: TEST(name) { ... } registers itself; main() is in test-main.c and prints TAP.
 * Each test runs in a child process of its own (so a crash fails one test) and fails if it leaves a
 * descriptor open or a child process behind.  Names are sentences: TEST(second_release_aborts).
 * --list prints the names, a name as argument runs that test alone, in this process (for gdb).
 */
#include "base/macro.h"

#include <stdio.h>

typedef void (*test_fn)(void);
void test_register(const char *name, test_fn fn);

#define TEST(name)                                                     \
	static void test_##name(void);                                 \
	__attribute__((constructor)) static void register_##name(void) \
	{                                                              \
		test_register(#name, test_##name);                     \
	}                                                              \
	static void test_##name(void)

/* Prints where and what, and ends the test. */
__attribute__((noreturn)) void test_fail(const char *file, int line, const char *fmt, ...)
	PRINTF(3, 4);
/* Ends the test as skipped, with a reason. */
__attribute__((noreturn)) void test_skip(const char *fmt, ...) PRINTF(1, 2);

#define CHECK(cond)                                                 \
	do {                                                        \
		if (!(cond))                                        \
			test_fail(__FILE__, __LINE__, "%s", #cond); \
	} while (0)
#define CHECK_INT(a, b)                                                                           \
	do {                                                                                      \
		long long a_ = (long long)(a), b_ = (long long)(b);                               \
		if (a_ != b_)                                                                     \
			test_fail(                                                                \
				__FILE__, __LINE__, "%s is %lld, not %s = %lld", #a, a_, #b, b_); \
	} while (0)
#define CHECK_STR(a, b)                                                               \
	do {                                                                          \
		const char *a_ = (a), *b_ = (b);                                      \
		if (!a_ || !b_ || strcmp(a_, b_))                                     \
			test_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #a, \
				a_ ? a_ : "(null)", b_ ? b_ : "(null)");              \
	} while (0)
