/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Logging to standard error: one line an event, written by the code that handles the error, once.
 * Under the journal (JOURNAL_STREAM is set) lines carry the <N> priority prefix, on a terminal
 * they carry the role's name.  What a peer can trigger goes through log_limited().  References and
 * other secrets are never logged.
 */
#include "base/macro.h"

enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

/* Name printed before each line ("node", "fs"); borrowed for the life of the process. */
void log_set_role(const char *role);

/* Lines above this level are dropped. Default LOG_INFO; METAC_LOG=debug raises it at start. */
void log_set_level(enum log_level level);

void log_line(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

/* At most `burst` lines a minute from one call site; the rest is counted and told afterwards. */
struct log_limit {
	uint64_t window_start_s;
	unsigned n, dropped;
};
void log_limited(struct log_limit *l, unsigned burst, enum log_level level, const char *fmt, ...)
	PRINTF(4, 5);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_peer(level, ...)                                  \
	do {                                                  \
		static struct log_limit limit_;               \
		log_limited(&limit_, 20, level, __VA_ARGS__); \
	} while (0)
