/* SPDX-License-Identifier: MIT */
/* See progress.h. */
#include "cli/progress.h"
#include "cli/show.h"

#include <stdio.h>
#include <time.h>

enum { FIRST_US = 2000000, EVERY_US = 500000 };

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void progress_begin(struct progress *p)
{
	*p = (struct progress){.on = isatty(STDERR_FILENO)};
	p->start_us = now_us();
	p->next_us = p->start_us + FIRST_US;
}

void progress_update(struct progress *p, uint64_t bytes)
{
	char total[16], rate[16];
	if (!p || !p->on)
		return;
	uint64_t now = now_us();
	if (now < p->next_us)
		return;
	show_size(bytes, total, sizeof(total));
	show_size(
		(uint64_t)((double)bytes * 1e6 / (double)(now - p->start_us)), rate, sizeof(rate));
	fprintf(stderr, "\r%s, %s/s \033[K", total, rate);
	p->next_us = now + EVERY_US;
	p->shown = true;
}

int progress_timeout_ms(const struct progress *p)
{
	if (!p || !p->on)
		return -1;
	uint64_t now = now_us();
	return now >= p->next_us ? 0 : (int)((p->next_us - now) / 1000) + 1;
}

void progress_end(struct progress *p)
{
	if (p && p->shown)
		fprintf(stderr, "\r\033[K");
}
