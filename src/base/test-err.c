/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "base/test.h"

TEST(context_reads_outside_in)
{
	struct err e = {};
	int r = err_errno(&e, -ECONNREFUSED, "connect %s:%d", "[fd00::2]", 901);
	r = err_wrap(&e, r, "mount %s", "/mnt");
	CHECK_INT(r, -ECONNREFUSED);
	CHECK_INT(e.kind, ERR_DISCONNECTED);
	CHECK_STR(e.msg, "mount /mnt: connect [fd00::2]:901: Connection refused");
}

TEST(wrap_without_a_text_uses_the_number)
{
	struct err e = {};
	err_wrap(&e, -ENOENT, "open x");
	CHECK_STR(e.msg, "open x: No such file or directory");
	CHECK_INT(e.kind, ERR_FAILED);
}

TEST(long_text_is_cut_with_dots)
{
	struct err e = {};
	char big[3000];
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	err_set(&e, -EINVAL, "%s", big);
	CHECK_INT(strlen(e.msg), sizeof(e.msg) - 1);
	CHECK_STR(e.msg + sizeof(e.msg) - 4, "...");
	err_wrap(&e, -EINVAL, "%s", "outer");
	CHECK(!strncmp(e.msg, "outer: xxx", 10));
}

TEST(null_err_passes_the_code)
{
	CHECK_INT(err_set(NULL, -EIO, "x"), -EIO);
	CHECK_INT(err_wrap(NULL, -EIO, "x"), -EIO);
}
