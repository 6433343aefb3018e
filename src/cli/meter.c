/* SPDX-License-Identifier: MIT */
/* See meter.h. */
#include "cli/meter.h"
#include "cli/show.h"

#include <stdio.h>

enum { FIRST_MS = 1000, BAR_MS = 250, PLAIN_MS = 2000 };

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void meter_begin(struct meter *m, const char *kind)
{
	*m = (struct meter){.kind = METER_NONE};
	if (kind ? !strcmp(kind, "bar") : isatty(STDERR_FILENO))
		m->kind = METER_BAR;
	else if (kind && !strcmp(kind, "plain"))
		m->kind = METER_PLAIN;
	m->start_ms = m->recent_ms = now_ms();
	m->next_ms = m->start_ms + FIRST_MS;
}

double meter_seconds(const struct meter *m)
{
	return (double)(now_ms() - m->start_ms) / 1000;
}

/* Of the time since the last look, smoothed. */
static void measure(struct meter *m, const struct cp_counts *n, int64_t now)
{
	double seconds = (double)(now - m->recent_ms) / 1000;
	if (seconds <= 0)
		return;
	double rate = (double)(n->bytes - m->recent_bytes) / seconds;
	m->rate = m->recent_ms == m->start_ms ? rate : 0.7 * m->rate + 0.3 * rate;
	m->recent_ms = now;
	m->recent_bytes = n->bytes;
}

static void show_left(double seconds, char *ret, size_t size)
{
	unsigned s = (unsigned)seconds;
	if (s >= 3600)
		(void)snprintf(ret, size, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
	else
		(void)snprintf(ret, size, "%u:%02u", s / 60, s % 60);
}

void meter_line(const struct meter *m, const struct cp_counts *n, char *ret, size_t size)
{
	char done[16], found[16], rate[16], left[32] = "?", files[64] = "";
	uint64_t all = MAX(n->found_bytes, n->bytes);
	show_size(n->bytes, done, sizeof(done));
	show_size(all, found, sizeof(found));
	show_size((uint64_t)m->rate, rate, sizeof(rate));
	if (m->rate >= 1 && (double)(all - n->bytes) / m->rate < 1e7)
		show_left((double)(all - n->bytes) / m->rate, left, sizeof(left));
	if (n->found_files)
		(void)snprintf(files, sizeof(files), "%llu of %llu files, ",
			(unsigned long long)(n->files + n->others + n->links + n->skipped),
			(unsigned long long)n->found_files);
	(void)snprintf(ret, size, "%s of %s, %s%s/s, %s left", done, found, files, rate, left);
}

void meter_update(struct meter *m, const struct cp_counts *n)
{
	char line[160];
	int64_t now = m->kind == METER_NONE ? 0 : now_ms();
	if (m->kind == METER_NONE || now < m->next_ms)
		return;
	measure(m, n, now);
	meter_line(m, n, line, sizeof(line));
	if (m->kind == METER_BAR)
		fprintf(stderr, "\r%s \033[K", line);
	else
		fprintf(stderr, "%s\n", line);
	m->shown = m->kind == METER_BAR;
	m->next_ms = now + (m->kind == METER_BAR ? BAR_MS : PLAIN_MS);
}

void meter_wipe(struct meter *m)
{
	if (m->shown)
		fprintf(stderr, "\r\033[K");
	m->shown = false;
}
