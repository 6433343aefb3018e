/* SPDX-License-Identifier: MIT */
/* The unit test runner: see test.h. */
#include "base/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { STATUS_SKIP = 77, TEST_SECONDS = 240 };

static struct {
	const char *name;
	test_fn fn;
} tests[512];
static size_t n_tests;

void test_register(const char *name, test_fn fn)
{
	assert(n_tests < ARRAY_SIZE(tests));
	tests[n_tests].name = name;
	tests[n_tests++].fn = fn;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	printf("# %s:%d: ", file, line);
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
	_exit(1);
}

void test_skip(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	printf("# skipped: ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
	_exit(STATUS_SKIP);
}

static unsigned count_fds(void)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/fd");
	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void run_here(size_t i)
{
	unsigned before = count_fds();
	tests[i].fn();
	unsigned after = count_fds();
	if (after != before)
		test_fail(tests[i].name, 0, "%u descriptors open before, %u after", before, after);
	if (waitpid(-1, NULL, WNOHANG) >= 0)
		test_fail(tests[i].name, 0, "left a child process behind");
}

static int run_in_child(size_t i)
{
	fflush(stdout);
	pid_t pid = fork();
	assert(pid >= 0);
	if (!pid) {
		alarm(TEST_SECONDS);
		run_here(i);
		fflush(stdout);
		exit(0); /* not _exit: the leak checker looks at exit */
	}
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		printf("# ended by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	bool list = argc == 2 && !strcmp(argv[1], "--list");
	int failed = 0;
	if (!list && argc == 1)
		printf("1..%zu\n", n_tests);
	for (size_t i = 0; i < n_tests; i++) {
		if (list) {
			printf("%s\n", tests[i].name);
			continue;
		}
		if (argc > 1) {
			if (!strcmp(argv[1], tests[i].name))
				run_here(i);
			continue;
		}
		int r = run_in_child(i);
		failed += r && r != STATUS_SKIP;
		printf("%s %zu - %s%s\n", r && r != STATUS_SKIP ? "not ok" : "ok", i + 1,
			tests[i].name, r == STATUS_SKIP ? " # SKIP" : "");
	}
	return failed ? 1 : 0;
}
