/* SPDX-License-Identifier: MIT */
#pragma once
/* How far a copy of many files, or (no found_files) of one thing, is, told on standard error: as a
 * line that is written over, or line by line.  Totals are those of what was found so far, as the
 * tree is still being walked. */
#include "cli/cp.h"

enum meter_kind { METER_NONE, METER_BAR, METER_PLAIN };

struct meter {
	enum meter_kind kind;
	bool shown; /* a line that has to be wiped */
	int64_t start_ms, next_ms;
	uint64_t recent_bytes; /* at recent_ms: the rate is that of the last seconds */
	int64_t recent_ms;
	double rate;
};

/* kind: what --progress says ("bar", "plain", "none"), or NULL: a bar if at a terminal. */
void meter_begin(struct meter *m, const char *kind);
/* Any number of times; shows something when it is time to. */
void meter_update(struct meter *m, const struct cp_counts *n);
void meter_wipe(struct meter *m);
/* Seconds since the beginning. */
double meter_seconds(const struct meter *m);
/* The line, without control characters. */
void meter_line(const struct meter *m, const struct cp_counts *n, char *ret, size_t size);
