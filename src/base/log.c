/* SPDX-License-Identifier: MIT */
/* Theory of operation: log.h.  A line is one write(2), so lines of several processes do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static const char *log_role = "metac";
static int log_max = -1;

void log_set_role(const char *role)
{
	log_role = role;
}

void log_set_level(enum log_level level)
{
	log_max = level;
}

static int max_level(void)
{
	if (log_max < 0) {
		const char *v = getenv("METAC_LOG");
		log_max = v && !strcmp(v, "debug") ? LOG_DEBUG : LOG_INFO;
	}
	return log_max;
}

/* What a peer has said may be part of a line (an abort's reason is): it must not make lines of its
 * own, nor talk to the terminal. */
static void make_plain(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
}

static PRINTF(2, 0) void write_line(enum log_level level, const char *fmt, va_list ap)
{
	char line[1200];
	int at = getenv("JOURNAL_STREAM")
			 ? snprintf(line, sizeof(line), "<%d>%s: ", (int)level, log_role)
			 : snprintf(line, sizeof(line), "metacd[%s]: ", log_role);
	int n = vsnprintf(line + at, sizeof(line) - (size_t)at - 1, fmt, ap);
	size_t len = MIN((size_t)at + (size_t)MAX(n, 0), sizeof(line) - 2);
	make_plain(line, len);
	line[len++] = '\n';
	ssize_t r = write(STDERR_FILENO, line, len);
	(void)r; /* nobody to tell */
}

void log_line(enum log_level level, const char *fmt, ...)
{
	if ((int)level > max_level())
		return;
	va_list ap;
	va_start(ap, fmt);
	write_line(level, fmt, ap);
	va_end(ap);
}

void log_limited(struct log_limit *l, unsigned burst, enum log_level level, const char *fmt, ...)
{
	if ((int)level > max_level())
		return;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!l->n || (uint64_t)now.tv_sec - l->window_start_s >= 60) {
		unsigned dropped = l->dropped;
		*l = (struct log_limit){.window_start_s = (uint64_t)now.tv_sec};
		if (dropped)
			log_line(level, "%u similar lines left out", dropped);
	}
	if (l->n++ >= burst) {
		l->dropped++;
		return;
	}
	va_list ap;
	va_start(ap, fmt);
	write_line(level, fmt, ap);
	va_end(ap);
}
