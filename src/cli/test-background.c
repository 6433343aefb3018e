/* SPDX-License-Identifier: MIT */
#include "cli/background.h"
#include "base/test.h"

#include <sys/wait.h>

TEST(the_parent_hears_that_it_went_well)
{
	int report = -EBADF;
	struct err e = {};
	int r = background_fork(&report, &e);
	if (!r) {
		r = background_report(report, &e);
		char cwd[8] = "";
		_exit(r < 0 || !getcwd(cwd, sizeof(cwd)) || strcmp(cwd, "/") != 0 ||
			getsid(0) != getpid());
	}
	CHECK_INT(r, 1);
	CHECK_INT(e.code, 0);
	int status = -1;
	CHECK(wait(&status) > 0);
	CHECK_INT(status, 0);
}

TEST(and_what_went_wrong)
{
	int report = -EBADF;
	struct err e = {};
	int r = background_fork(&report, &e);
	if (!r) {
		err_set(&e, -EBUSY, "in use by somebody");
		(void)background_report(report, &e);
		_exit(1);
	}
	CHECK_INT(r, -EBUSY);
	CHECK_STR(e.msg, "in use by somebody");
}

TEST(and_that_it_died)
{
	int report = -EBADF;
	struct err e = {};
	int r = background_fork(&report, &e);
	if (!r)
		_exit(0);
	CHECK_INT(r, -EIO);
	CHECK(strstr(e.msg, "has died"));
	CHECK(wait(NULL) > 0);
}
