/* SPDX-License-Identifier: MIT */
#include "cli/copy.h"
#include "base/test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void pair(int type, int ret[2])
{
	if (type == 0)
		CHECK(!pipe2(ret, O_CLOEXEC));
	else
		CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret));
}

/* The stream's other end in a child: sends back what it gets, after `greeting`. */
static pid_t echo(int fd, int other, const char *greeting)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	char buf[4096];
	ssize_t n;
	close(other);
	if (write(fd, greeting, strlen(greeting)) < 0)
		_exit(1);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0, k; at < n; at += k)
			if ((k = write(fd, buf + at, (size_t)(n - at))) < 0)
				_exit(1);
	_exit(n < 0);
}

static void reap(pid_t pid)
{
	int status = 1;
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

TEST(half_close_lets_the_answer_arrive)
{
	int s[2], in[2], out[2];
	pair(1, s);
	pid_t pid = echo(s[1], s[0], "hello ");
	close(s[1]);
	pair(0, in);
	pair(0, out);
	CHECK(write(in[1], "world", 5) == 5);
	close(in[1]);
	struct copy c = {.in = in[0], .out = out[1], .stream = s[0]};
	CHECK_INT(copy_run_command(&c), 0);
	CHECK(!c.cut);
	CHECK_INT(c.sent, 5);
	CHECK_INT(c.received, 11);
	char buf[32] = "";
	CHECK_INT(read(out[0], buf, sizeof(buf)), 11);
	CHECK_STR(buf, "hello world");
	reap(pid);
	close(s[0]);
	close(in[0]);
	close(out[0]);
	close(out[1]);
}

TEST(much_data_both_ways_does_not_lock_up)
{
	enum { SIZE = 8 << 20 };
	int s[2], in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
	CHECK(!ftruncate(in, SIZE) && pwrite(in, "tail", 4, SIZE - 4) == 4);
	pair(1, s);
	pid_t pid = echo(s[1], s[0], "");
	close(s[1]);
	struct copy c = {.in = in, .out = out, .stream = s[0]};
	CHECK_INT(copy_run_command(&c), 0);
	CHECK_INT(c.sent, SIZE);
	CHECK_INT(c.received, SIZE);
	char tail[5] = "";
	CHECK_INT(pread(out, tail, 4, SIZE - 4), 4);
	CHECK_STR(tail, "tail");
	reap(pid);
	close(s[0]);
	close(in);
	close(out);
}

TEST(a_stream_that_stops_taking_data_is_told)
{
	int s[2], in = memfd_create("in", MFD_CLOEXEC);
	CHECK(!ftruncate(in, 4 << 20));
	pair(1, s);
	close(s[1]);
	struct copy c = {.in = in, .out = -1, .stream = s[0]};
	CHECK_INT(copy_run_command(&c), 0);
	CHECK(c.cut);
	close(s[0]);
	close(in);
}

TEST(the_end_of_the_stream_may_end_it_all)
{
	int s[2], in[2];
	pair(1, s);
	pair(0, in); /* nobody writes, nobody closes */
	CHECK(write(s[1], "x", 1) == 1);
	close(s[1]);
	struct copy c = {.in = in[0], .out = -1, .stream = s[0], .end_with_stream = true};
	CHECK_INT(copy_run_command(&c), 0);
	close(s[0]);
	close(in[0]);
	close(in[1]);
}

TEST(a_full_output_is_named)
{
	int s[2], full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	pair(1, s);
	CHECK(write(s[1], "x", 1) == 1);
	struct copy c = {.in = -1, .out = full, .stream = s[0]};
	CHECK_INT(copy_run_command(&c), -ENOSPC);
	CHECK_STR(c.who, "standard output");
	close(s[0]);
	close(s[1]);
	close(full);
}
