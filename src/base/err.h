/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * struct err: what a human or a peer will see of a failure.
 *
 * Lower layers return negative errno and say nothing.  At the edge (an RPC handler, a command) the
 * number gets words: err_set() writes them, err_wrap() puts context before them, so that the text
 * reads outside-in: `mount "ref://..." on /mnt: connect [fd00::2]:901: Connection refused`.
 * Fixed size: reporting out-of-memory allocates nothing; text that does not fit is cut with "...".
 */
#include "base/macro.h"

enum err_kind { /* the four kinds of a Cap'n Proto exception, same numbers as on the wire */
	ERR_FAILED,
	ERR_OVERLOADED,
	ERR_DISCONNECTED,
	ERR_UNIMPLEMENTED,
};

struct err {
	enum err_kind kind;
	int code; /* negative errno, 0 while unset */
	char msg[1000]; /* NUL-terminated */
};

/* Sets code and text; strerror(-code) is not added (use err_errno). kind follows from the code
 * (-ECONNRESET, -ENOTCONN, -EPIPE ... disconnected; -EAGAIN, -ENOMEM, -EMFILE, -EDQUOT overloaded;
 * -ENOSYS unimplemented). Returns code. e may be NULL: then only the code is passed on. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF(3, 4);

/* Like err_set, and appends ": " and strerror(-code). */
int err_errno(struct err *e, int code, const char *fmt, ...) PRINTF(3, 4);

/* Puts "text: " before what e says already (sets it from the code if e is unset). Returns code. */
int err_wrap(struct err *e, int code, const char *fmt, ...) PRINTF(3, 4);
