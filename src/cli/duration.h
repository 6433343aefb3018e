/* SPDX-License-Identifier: MIT */
#pragma once
/* Lengths of time as people write them: 30s, 10min, 2h, 7d, 1h30min, 500ms; a bare number is
 * seconds. */
#include "base/err.h"

/* Longest accepted: a hundred years. */
#define DURATION_MAX_US (UINT64_C(36525) * 24 * 3600 * 1000000)

/* Microseconds, more than 0. Returns -EINVAL (err tells what is accepted) or -ERANGE. */
int duration_parse(const char *text, uint64_t *ret_us, struct err *err);
