/* SPDX-License-Identifier: MIT */
#pragma once
/* A line on standard error that tells how far a long copy is: only at a terminal, only after 2
 * seconds. */
#include "base/macro.h"

struct progress {
	bool on;
	bool shown;
	uint64_t start_us, next_us;
};

void progress_begin(struct progress *p);
/* All three accept NULL. */
void progress_update(struct progress *p, uint64_t bytes);
/* How long to wait before the next update: for poll(2), -1 = for ever. */
int progress_timeout_ms(const struct progress *p);
/* Wipes the line. */
void progress_end(struct progress *p);
