/* SPDX-License-Identifier: MIT */
/* The pump runs in a child; the test plays the peers of both its ends. */
#include "sys/copy.h"
#include "base/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void make_pair(int sv[2])
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
}

static void make_tcp(int sv[2])
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(bind(l, (struct sockaddr *)&sa, len), 0);
	CHECK_INT(listen(l, 1), 0);
	CHECK_INT(getsockname(l, (struct sockaddr *)&sa, &len), 0);
	sv[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(connect(sv[0], (struct sockaddr *)&sa, len), 0);
	sv[1] = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	CHECK(sv[1] >= 0);
	close(l);
}

/* Takes a and b; peers are the test's own ends, which the child must not hold. */
static pid_t start(int a, int b, unsigned flags, const int *peers, size_t n_peers)
{
	fflush(stdout);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		signal(SIGPIPE, SIG_IGN);
		for (size_t i = 0; i < n_peers; i++)
			close(peers[i]);
		_exit(-copy_run(a, b, flags, NULL));
	}
	close(a);
	close(b);
	return pid;
}

static int finish(pid_t pid)
{
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void say(int fd, const char *s)
{
	CHECK_INT(write(fd, s, strlen(s)), strlen(s));
}

/* Reads exactly what is expected. */
static void hear(int fd, const char *s)
{
	char buf[256];
	size_t at = 0, len = strlen(s);
	while (at < len) {
		ssize_t n = read(fd, buf + at, len - at);
		CHECK(n > 0);
		at += (size_t)n;
	}
	CHECK(!memcmp(buf, s, len));
}

static void hear_end(int fd)
{
	char c;
	CHECK_INT(read(fd, &c, 1), 0);
}

static void half_close(void (*make)(int sv[2]))
{
	int a[2], b[2];
	make(a);
	make(b);
	pid_t pid = start(a[1], b[1], 0, (int[]){a[0], b[0]}, 2);
	say(a[0], "question");
	hear(b[0], "question");
	shutdown(a[0], SHUT_WR);
	hear_end(b[0]);
	say(b[0], "late answer");
	hear(a[0], "late answer");
	shutdown(b[0], SHUT_WR);
	hear_end(a[0]);
	CHECK_INT(finish(pid), 0);
	close(a[0]);
	close(b[0]);
}

TEST(half_close_is_kept_between_unix_sockets)
{
	half_close(make_pair);
}

TEST(half_close_is_kept_between_tcp_sockets)
{
	half_close(make_tcp);
}

enum { BIG = 6 << 20 };

static unsigned char pattern(size_t i, unsigned seed)
{
	return (unsigned char)((i * 2654435761U) >> 13 ^ seed);
}

/* Sends the pattern on fd while it checks what arrives there, without blocking for either. */
static void flood_both_ways(int fd, int other)
{
	int fds[2] = {fd, other};
	size_t sent[2] = {0}, got[2] = {0};
	unsigned char buf[50000];
	for (int i = 0; i < 2; i++)
		fcntl(fds[i], F_SETFL, O_NONBLOCK);
	while (got[0] < BIG || got[1] < BIG) {
		struct pollfd p[2];
		for (int i = 0; i < 2; i++)
			p[i] = (struct pollfd){.fd = fds[i],
				.events = (short)(POLLIN | (sent[i] < BIG ? POLLOUT : 0))};
		CHECK(poll(p, 2, 30000) > 0);
		for (int i = 0; i < 2; i++) {
			ssize_t n = p[i].revents & POLLIN ? read(fds[i], buf, sizeof(buf)) : 0;
			for (ssize_t j = 0; j < n; j++)
				CHECK_INT(buf[j], pattern(got[i]++, (unsigned)!i));
			size_t len = MIN(sizeof(buf), BIG - sent[i]);
			for (size_t j = 0; j < len; j++)
				buf[j] = pattern(sent[i] + j, (unsigned)i);
			n = p[i].revents & POLLOUT ? write(fds[i], buf, len) : 0;
			sent[i] += n > 0 ? (size_t)n : 0;
		}
	}
}

TEST(much_data_both_ways_at_once_arrives_whole)
{
	int a[2], b[2];
	make_pair(a);
	make_tcp(b);
	pid_t pid = start(a[1], b[1], 0, (int[]){a[0], b[0]}, 2);
	flood_both_ways(a[0], b[0]);
	close(a[0]);
	fcntl(b[0], F_SETFL, 0);
	hear_end(b[0]);
	close(b[0]);
	CHECK_INT(finish(pid), 0);
}

TEST(peer_that_closes_ends_both_directions)
{
	int a[2], b[2];
	make_pair(a);
	make_pair(b);
	pid_t pid = start(a[1], b[1], 0, (int[]){a[0], b[0]}, 2);
	say(b[0], "last words");
	close(b[0]);
	hear(a[0], "last words"); /* a says nothing and does not close */
	hear_end(a[0]);
	CHECK_INT(finish(pid), 0);
	signal(SIGPIPE, SIG_IGN);
	CHECK(write(a[0], "x", 1) < 0 && errno == EPIPE);
	close(a[0]);
}

TEST(one_way_leaves_the_other_direction_alone)
{
	int a[2], b[2];
	make_pair(a);
	make_pair(b);
	pid_t pid = start(a[1], b[1], COPY_ONE_WAY, (int[]){a[0], b[0]}, 2);
	say(b[0], "unheard");
	say(a[0], "heard");
	shutdown(a[0], SHUT_WR);
	hear(b[0], "heard");
	hear_end(b[0]);
	CHECK_INT(finish(pid), 0);
	char c;
	CHECK(read(a[0], &c, 1) <= 0);
	close(a[0]);
	close(b[0]);
}

static int make_file(int flags)
{
	char path[] = "/tmp/metac-copy-XXXXXX";
	int fd = mkstemp(path);
	CHECK(fd >= 0);
	say(fd, "0123456789");
	lseek(fd, 0, SEEK_SET);
	int again = open(path, flags | O_CLOEXEC);
	CHECK(again >= 0);
	close(fd);
	unlink(path);
	return again;
}

static void check_file(int fd, const char *want)
{
	char buf[64] = "";
	CHECK_INT(pread(fd, buf, sizeof(buf) - 1, 0), strlen(want));
	CHECK_STR(buf, want);
	close(fd);
}

TEST(read_only_file_becomes_a_stream_that_ends)
{
	int b[2], f = make_file(O_RDONLY);
	make_pair(b);
	pid_t pid = start(f, b[1], 0, (int[]){b[0]}, 1);
	hear(b[0], "0123456789");
	hear_end(b[0]);
	CHECK_INT(finish(pid), 0);
	close(b[0]);
}

static void into_file(int flags, const char *want)
{
	int a[2], f = make_file(flags);
	make_pair(a);
	int mine = dup(f);
	pid_t pid = start(a[1], f, COPY_ONE_WAY | COPY_SYNC, (int[]){a[0], mine}, 2);
	say(a[0], "abc");
	close(a[0]);
	CHECK_INT(finish(pid), 0);
	check_file(mine, want);
}

TEST(stream_is_written_into_a_file_and_synced)
{
	into_file(O_RDWR, "abc3456789");
}

TEST(file_opened_for_appending_works_without_splice)
{
	into_file(O_RDWR | O_APPEND, "0123456789abc");
}

TEST(pipes_on_both_sides)
{
	int in[2], out[2];
	CHECK_INT(pipe2(in, O_CLOEXEC), 0);
	CHECK_INT(pipe2(out, O_CLOEXEC), 0);
	pid_t pid = start(in[0], out[1], 0, (int[]){in[1], out[0]}, 2);
	say(in[1], "through");
	hear(out[0], "through");
	close(in[1]);
	hear_end(out[0]);
	CHECK_INT(finish(pid), 0);
	close(out[0]);
}

TEST(reader_that_goes_away_ends_an_idle_pipe)
{
	int in[2], out[2];
	CHECK_INT(pipe2(in, O_CLOEXEC), 0);
	CHECK_INT(pipe2(out, O_CLOEXEC), 0);
	pid_t pid = start(in[0], out[1], COPY_ONE_WAY, (int[]){in[1], out[0]}, 2);
	close(out[0]);
	CHECK_INT(finish(pid), 0);
	close(in[1]);
}

TEST(full_device_is_an_error)
{
	int a[2], f = open("/dev/full", O_WRONLY | O_CLOEXEC);
	make_pair(a);
	pid_t pid = start(a[1], f, COPY_ONE_WAY, (int[]){a[0]}, 1);
	say(a[0], "x");
	CHECK_INT(finish(pid), ENOSPC);
	close(a[0]);
}

TEST(directory_is_an_error)
{
	int a[2], f = open("/tmp", O_RDONLY | O_CLOEXEC);
	make_pair(a);
	pid_t pid = start(f, a[1], COPY_ONE_WAY, (int[]){a[0]}, 1);
	CHECK_INT(finish(pid), EISDIR);
	close(a[0]);
}

/* The pump is stuck in all ways at once; it must wait, not spin. */
TEST(waiting_takes_no_processor_time)
{
	int a[2], b[2], n = 0;
	make_pair(a);
	make_pair(b);
	pid_t pid = start(a[1], b[1], 0, (int[]){a[0], b[0]}, 2);
	static char junk[4096];
	fcntl(a[0], F_SETFL, O_NONBLOCK);
	struct pollfd p = {.fd = a[0], .events = POLLOUT};
	while (poll(&p, 1, 100) > 0) /* until nothing moves any more */
		n += (int)write(a[0], junk, sizeof(junk));
	CHECK(n > 0);
	shutdown(b[0], SHUT_WR);
	poll(NULL, 0, 200);
	close(b[0]);
	close(a[0]);
	struct rusage used;
	int status;
	CHECK_INT(wait4(pid, &status, 0, &used), pid);
	long ms = used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000 +
		  used.ru_stime.tv_sec * 1000 + used.ru_stime.tv_usec / 1000;
	CHECK(ms < 120);
}

TEST(flags_of_a_shared_socket_are_put_back)
{
	int a[2], b[2];
	make_pair(a);
	make_pair(b);
	int same = dup(a[1]);
	pid_t pid = start(a[1], b[1], 0, (int[]){a[0], b[0]}, 2);
	close(a[0]);
	close(b[0]);
	CHECK_INT(finish(pid), 0);
	CHECK(!(fcntl(same, F_GETFL) & O_NONBLOCK));
	close(same);
}

TEST(bytes_are_counted)
{
	int a[2], b[2];
	uint64_t n[2];
	make_pair(a);
	make_pair(b);
	signal(SIGPIPE, SIG_IGN);
	say(a[0], "12345");
	say(b[0], "123");
	shutdown(a[0], SHUT_WR);
	shutdown(b[0], SHUT_WR);
	CHECK_INT(copy_run(a[1], b[1], 0, n), 0);
	CHECK_INT(n[0], 5);
	CHECK_INT(n[1], 3);
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}
