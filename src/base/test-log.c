/* SPDX-License-Identifier: MIT */
#include "base/log.h"
#include "base/test.h"

#include <fcntl.h>

static char captured[8192];

/* Runs fn with standard error going to a pipe, and keeps what it wrote. */
static void capture(void (*fn)(void))
{
	int p[2], saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	CHECK(saved >= 0 && !pipe2(p, O_CLOEXEC | O_NONBLOCK));
	CHECK(dup2(p[1], STDERR_FILENO) >= 0);
	fn();
	CHECK(dup2(saved, STDERR_FILENO) >= 0);
	ssize_t n = read(p[0], captured, sizeof(captured) - 1);
	captured[MAX(n, 0)] = 0;
	close(p[0]);
	close(p[1]);
	close(saved);
}

static void say(void)
{
	log_set_role("test");
	log_info("hello %d", 5);
	log_debug("not shown");
}

static void say_much(void)
{
	struct log_limit l = {};
	for (int i = 0; i < 10; i++)
		log_limited(&l, 3, LOG_INFO, "again");
}

static void say_long(void)
{
	char big[5000];
	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	log_info("%s", big);
}

static void say_foreign(void)
{
	log_set_role("test");
	log_info("peer: %s", "bye\n<0>kernel: all is lost\033[2J\x7f \303\244");
}

TEST(what_peers_say_makes_no_line_of_its_own)
{
	unsetenv("JOURNAL_STREAM");
	capture(say_foreign);
	CHECK_STR(captured, "metacd[test]: peer: bye?<0>kernel: all is lost?[2J? \303\244\n");
}

TEST(a_line_names_the_role)
{
	unsetenv("JOURNAL_STREAM");
	unsetenv("METAC_LOG");
	capture(say);
	CHECK_STR(captured, "metacd[test]: hello 5\n");
}

TEST(under_the_journal_a_line_has_its_priority)
{
	setenv("JOURNAL_STREAM", "1:2", 1);
	unsetenv("METAC_LOG");
	capture(say);
	CHECK_STR(captured, "<6>test: hello 5\n");
}

TEST(a_call_site_that_is_triggered_much_says_little)
{
	capture(say_much);
	int lines = 0;
	for (const char *c = captured; *c; c++)
		lines += *c == '\n';
	CHECK_INT(lines, 3);
}

TEST(a_long_line_is_cut_and_ends_in_a_newline)
{
	capture(say_long);
	size_t n = strlen(captured);
	CHECK(n < 1300 && captured[n - 1] == '\n');
}
