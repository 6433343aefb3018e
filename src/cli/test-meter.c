/* SPDX-License-Identifier: MIT */
#include "cli/meter.h"
#include "base/test.h"

static void check_line(const struct meter *m, const struct cp_counts *n, const char *expect)
{
	char line[160];
	meter_line(m, n, line, sizeof(line));
	CHECK_STR(line, expect);
}

TEST(a_line_tells_how_far_it_is)
{
	struct meter m = {.rate = 1024 * 1024};
	struct cp_counts n = {.bytes = 1 << 20,
		.found_bytes = 61 << 20,
		.files = 3,
		.links = 1,
		.others = 2,
		.skipped = 4,
		.found_files = 30};
	check_line(&m, &n, "1.0M of 61M, 10 of 30 files, 1.0M/s, 1:00 left");
	n.found_bytes = UINT64_C(4000) << 20;
	check_line(&m, &n, "1.0M of 3.9G, 10 of 30 files, 1.0M/s, 1:06:39 left");
}

TEST(what_is_not_known_is_not_told)
{
	struct meter m = {};
	struct cp_counts n = {.found_bytes = 100};
	check_line(&m, &n, "0 of 100, 0/s, ? left");
	/* a file that grew */
	n.bytes = 200;
	check_line(&m, &n, "200 of 200, 0/s, ? left");
}

TEST(the_kind_is_chosen)
{
	struct meter m;
	meter_begin(&m, "plain");
	CHECK_INT(m.kind, METER_PLAIN);
	meter_begin(&m, "none");
	CHECK_INT(m.kind, METER_NONE);
	meter_begin(&m, "bar");
	CHECK_INT(m.kind, METER_BAR);
}
