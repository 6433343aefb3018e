/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The few macros that everything uses: scope cleanup, hand-over of ownership, array size,
 * container_of.  A local that owns something is declared with AUTO(...) and released at the end of
 * its scope; TAKE_PTR/TAKE_FD hand the ownership on and leave the local empty.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Takes the value of an owning pointer variable and leaves NULL in it. */
#define TAKE_PTR(p)                    \
	({                             \
		typeof(p) take_ = (p); \
		(p) = NULL;            \
		take_;                 \
	})

/* Takes the descriptor out of an owning variable and leaves -EBADF in it. */
#define TAKE_FD(fd)               \
	({                        \
		int take_ = (fd); \
		(fd) = -EBADF;    \
		take_;            \
	})

/*
 * AUTO(func) calls func(&variable) at scope end; DEFINE_AUTO(type, func) makes the wrapper for a
 * destructor that takes the pointer by value and accepts NULL:
 *
 *	DEFINE_AUTO(struct buf *, buf_free);
 *	AUTO(buf_free) struct buf *b = NULL;
 */
#define AUTO(func) __attribute__((cleanup(auto_##func)))
#define DEFINE_AUTO(type, func)                 \
	static inline void auto_##func(type *p) \
	{                                       \
		if (*p)                         \
			func(*p);               \
	}                                       \
	struct swallow_semicolon

static inline void auto_free(void *p)
{
	free(*(void **)p);
}

/* Closes fd if it is one; never retries (the descriptor is gone even after EINTR). Keeps errno. */
static inline int fd_close(int fd)
{
	if (fd >= 0) {
		int saved = errno;
		(void)close(fd);
		errno = saved;
	}
	return -EBADF;
}

static inline void auto_fd_close(int *fd)
{
	fd_close(*fd);
}

#define AUTO_FREE __attribute__((cleanup(auto_free)))
#define AUTO_CLOSE __attribute__((cleanup(auto_fd_close), unused)) /* clang: not read is unused */

#define PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
