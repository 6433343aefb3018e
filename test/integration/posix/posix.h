/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a file system answers, call by call: posix DIRECTORY [GROUP...] runs hundreds of system
 * calls in groups, each group in an empty directory below DIRECTORY, and prints a line for each
 * with the result. Nothing is judged here: the lines of a mount are to be those of the file system
 * that it is a mount of (posix.sh compares).  So nothing is printed that two runs could differ in:
 * no times, no inode numbers, no descriptor numbers, only relations between them.
 */
#include "base/macro.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define UNUSED __attribute__((unused))

/* "GROUP: what = result": a number, or the errno's name when it is negative. */
void say(const char *what, long long result);
/* The same with "ok" for what is not negative. */
void say_ok(const char *what, long long result);
void say_text(const char *what, const char *fmt, ...) PRINTF(2, 3);

/* Calls, and says what came of it. */
#define N(expr) (errno = 0, say(#expr, (long long)(expr)))
#define DO(expr) (errno = 0, say_ok(#expr, (long long)(expr)))
/* Something that is not what is being asked about: ends the group when it fails. */
#define MUST(expr) ((expr) < 0 ? must_fail(__FILE__, __LINE__, #expr) : (void)0)
__attribute__((noreturn)) void must_fail(const char *file, int line, const char *what);

/* --- users --- */

enum user { ROOT, ALICE, BOB, EVE };
enum { UID_ALICE = 1001, UID_BOB = 1002, UID_EVE = 1003 };
enum { GID_ALICE = 2001, GID_BOB = 2002, GID_EVE = 2003, GID_BOTH = 3001, GID_BOBS = 3002 };

/* Alice and Bob are members of GID_BOTH, Bob of GID_BOBS as well, Eve of nothing but her own. */
void be(enum user who);
extern const char *const user_names[4];

/* --- objects --- */

enum kind {
	NOTHING,
	FILE_,
	EXEC,
	DIR_,
	FULL,
	LINK,
	DIRLINK,
	DANGLING,
	LOOP,
	FIFO,
	SOCKET,
	DEVICE,
	N_KINDS
};
extern const char *const kind_names[N_KINDS];

/* Makes an object of that kind, with a mode of 0644 or 0755 (EXEC, directories). LINK leads to the
 * file "target", DIRLINK to the directory "targetdir", which are made if need be. */
void make(enum kind k, const char *name);
/* Removes whatever has that name. */
void wipe(const char *name);
void put(const char *name, const char *text);
/* What has the name: "file(12)", "dir", "link(to)", "-". */
const char *look(const char *name);
mode_t mode_of(const char *name);
/* A sum of what the file holds, and how much that is. */
unsigned sum_of(const char *name);

/* Returns when the clock that the kernel stamps files with has moved on. */
void tick(void);

/* Runs fn in a child, waits for it: its exit status, or -1 and errno set to what it exited with. */
int in_child(int (*fn)(const void *), const void *arg);

/* --- groups --- */

struct posix_group {
	const char *name;
	void (*run)(void);
};
extern const struct posix_group names_groups[], data_groups[], users_groups[], xattr_groups[],
	special_groups[], lock_groups[];
