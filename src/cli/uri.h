/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a user names a thing by: local:[ro,][uid=N,gid=N,]/abs/path for what is on the node's own
 * host, ref://... for a reference (core/ref.h).  Paths are bytes.
 */
#include "base/err.h"

#include <stdio.h>

enum { URI_LINE_MAX = 8192 };

struct uri_local {
	bool read_only;
	bool limited; /* to uid and gid */
	uint32_t uid, gid;
	char path[4096]; /* below the root directory: no leading, trailing or double slash; "" = the
			    root */
};

bool uri_is_local(const char *text);

/* Returns 0 or -EINVAL (err tells which part is wrong). */
int uri_parse_local(const char *text, struct uri_local *ret, struct err *err);

/* An absolute path without its needless slashes and ".", in ret (size bytes) without the leading
 * slash. -EINVAL if it has ".." in it or is too long. */
int path_normalize(const char *path, char *ret, size_t size, struct err *err);

/* The path made absolute by words alone, normalized; ret has PATH_MAX bytes. */
int path_absolute(const char *path, char *ret, struct err *err);

/* "-" is replaced by the first line of fd, read byte by byte so that what follows it stays to be
 * read. Returns malloc'ed text without surrounding space; NULL with err set. Other words are
 * copied. */
char *uri_read(const char *word, int fd, struct err *err);
