/* SPDX-License-Identifier: MIT */
/*
 * A duration is one or more of NUMBER UNIT, units getting smaller ("1h30min"); the number is
 * decimal digits only, so that no sign, exponent, space or locale slips in.
 */
#include "cli/duration.h"

static const struct {
	const char *name;
	uint64_t us;
} units[] = {
	{"d", UINT64_C(86400000000)},
	{"h", UINT64_C(3600000000)},
	{"min", UINT64_C(60000000)},
	{"s", UINT64_C(1000000)},
	{"ms", UINT64_C(1000)},
};

static int bad(const char *text, struct err *err)
{
	return err_set(err, -EINVAL, "`%.40s' is no length of time (30s, 10min, 2h, 7d)", text);
}

/* Index of the unit that the text begins with, or the number of units. */
static size_t find_unit(const char *p, size_t len)
{
	size_t i = 0;
	while (i < ARRAY_SIZE(units) &&
		(strlen(units[i].name) != len || strncmp(units[i].name, p, len)))
		i++;
	return i;
}

static int add(uint64_t n, uint64_t unit, uint64_t *sum)
{
	if (n > DURATION_MAX_US / unit || n * unit > DURATION_MAX_US - *sum)
		return -ERANGE;
	*sum += n * unit;
	return 0;
}

int duration_parse(const char *text, uint64_t *ret_us, struct err *err)
{
	static const char digits[] = "0123456789";
	const char *p = text;
	uint64_t sum = 0;
	size_t last = 0; /* units may only follow this one */
	do {
		size_t n_digits = strspn(p, digits);
		if (!n_digits || n_digits > 18)
			return bad(text, err);
		uint64_t n = strtoull(p, NULL, 10);
		bool bare = p == text && !p[n_digits];
		p += n_digits;
		size_t len = strcspn(p, digits);
		size_t unit = bare ? 3 : find_unit(p, len);
		if (unit == ARRAY_SIZE(units) || unit < last)
			return bad(text, err);
		last = unit + 1;
		p += len;
		if (add(n, units[unit].us, &sum) < 0)
			return err_set(err, -ERANGE, "`%.40s' is over a hundred years", text);
	} while (*p);
	if (!sum)
		return err_set(err, -EINVAL, "`%.40s' is no time at all", text);
	*ret_us = sum;
	return 0;
}
