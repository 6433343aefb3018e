/* SPDX-License-Identifier: MIT */
#include "cli/duration.h"
#include "base/test.h"

static uint64_t us(const char *text)
{
	uint64_t v = 0;
	struct err e = {};
	if (duration_parse(text, &v, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s: %s", text, e.msg);
	return v;
}

TEST(units_and_their_sums)
{
	CHECK_INT(us("30s"), 30000000);
	CHECK_INT(us("30"), 30000000);
	CHECK_INT(us("10min"), 600000000);
	CHECK_INT(us("2h"), 7200000000);
	CHECK_INT(us("7d"), 604800000000);
	CHECK_INT(us("500ms"), 500000);
	CHECK_INT(us("1h30min"), 5400000000);
	CHECK_INT(us("1d2h3min4s5ms"), 93784005000);
	CHECK_INT(us("36525d"), DURATION_MAX_US);
}

TEST(nonsense_is_refused)
{
	static const char *const bad[] = {"", "s", "min", "-1s", "+1s", " 1s", "1s ", "1 s", "1.5h",
		"1e3", "0x10", "10m", "10minutes", "1s2h", "1s1s", "1h30", "1h-1s", "nan", "30sec",
		"1S", "1000000000000000000000", "１s"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t v = 77;
		struct err e = {};
		if (duration_parse(bad[i], &v, &e) != -EINVAL)
			test_fail(__FILE__, __LINE__, "\"%s\" was taken", bad[i]);
		CHECK_INT(v, 77);
		CHECK(strstr(e.msg, "10min"));
	}
}

TEST(zero_and_eternity_are_refused)
{
	uint64_t v = 0;
	struct err e = {};
	CHECK_INT(duration_parse("0", &v, &e), -EINVAL);
	CHECK_INT(duration_parse("0d0s", &v, &e), -EINVAL);
	CHECK_INT(duration_parse("36526d", &v, &e), -ERANGE);
	CHECK_INT(duration_parse("36525d1ms", &v, &e), -ERANGE);
	CHECK_INT(duration_parse("999999999999999999d", &v, &e), -ERANGE);
	CHECK(strstr(e.msg, "hundred years"));
}
