/* SPDX-License-Identifier: MIT */
#include "base/fdpass.h"
#include "base/test.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void make_pair(int type, int sv[2])
{
	CHECK_INT(socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sv), 0);
}

static void close_pair(const int sv[2])
{
	close(sv[0]);
	close(sv[1]);
}

TEST(descriptors_arrive_and_close_on_exec)
{
	int sv[2], p[2], got[4];
	size_t n;
	char buf[8];
	make_pair(SOCK_SEQPACKET, sv);
	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	CHECK_INT(fdpass_send(sv[0], "hi", 2, p, 2), 0);
	CHECK_INT(fdpass_recv(sv[1], buf, sizeof(buf), got, 4, &n), 2);
	CHECK_INT(n, 2);
	CHECK(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
	CHECK_INT(write(got[1], "x", 1), 1);
	CHECK_INT(read(p[0], buf, 1), 1);
	close_pair(got);
	close_pair(p);
	close_pair(sv);
}

TEST(surplus_descriptors_are_closed)
{
	int sv[2], got[1], many[FDPASS_MAX];
	size_t n;
	char buf[8];
	make_pair(SOCK_STREAM, sv);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = sv[0];
	CHECK_INT(fdpass_send(sv[0], "hi", 2, many, ARRAY_SIZE(many)), 0);
	CHECK_INT(fdpass_recv(sv[1], buf, sizeof(buf), got, 1, &n), 2);
	CHECK_INT(n, 1);
	close(got[0]);
	CHECK_INT(fdpass_send(sv[0], "hi", 2, many, 3), 0);
	CHECK_INT(fdpass_recv(sv[1], buf, sizeof(buf), NULL, 0, &n), 2);
	CHECK_INT(n, 0);
	close_pair(sv); /* the runner counts what is left open */
}

TEST(message_too_big_loses_its_descriptors)
{
	int sv[2], got[2];
	size_t n;
	char buf[4];
	make_pair(SOCK_SEQPACKET, sv);
	CHECK_INT(fdpass_send(sv[0], "hello", 5, sv, 2), 0);
	CHECK_INT(fdpass_recv(sv[1], buf, sizeof(buf), got, 2, &n), -EMSGSIZE);
	CHECK_INT(n, 0);
	close_pair(sv);
}

TEST(full_descriptor_table_is_noticed)
{
	int sv[2], got[8], many[8];
	size_t n;
	char buf[4];
	make_pair(SOCK_SEQPACKET, sv);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = sv[0];
	CHECK_INT(fdpass_send(sv[0], "x", 1, many, ARRAY_SIZE(many)), 0);
	int next = dup(sv[0]);
	close(next);
	struct rlimit old, small;
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
	small = old;
	small.rlim_cur = (rlim_t)next + 3;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &small), 0);
	CHECK_INT(fdpass_recv(sv[1], buf, sizeof(buf), got, ARRAY_SIZE(got), &n), -EMFILE);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
	CHECK_INT(n, 0);
	close_pair(sv);
}

TEST(end_and_emptiness_are_told_apart)
{
	int sv[2];
	size_t n;
	char buf[4];
	make_pair(SOCK_SEQPACKET, sv);
	CHECK_INT(fdpass_recv(sv[1], buf, sizeof(buf), NULL, 0, &n), -EAGAIN);
	close(sv[0]);
	CHECK_INT(fdpass_recv(sv[1], buf, sizeof(buf), NULL, 0, &n), 0);
	CHECK_INT(fdpass_send(sv[1], "x", 1, NULL, 0), -EPIPE);
	close(sv[1]);
}

TEST(peer_credentials_are_ours)
{
	int sv[2];
	struct peercred c;
	make_pair(SOCK_STREAM, sv);
	CHECK_INT(peercred_get(sv[0], &c), 0);
	CHECK_INT(c.pid, getpid());
	CHECK_INT(c.uid, getuid());
	CHECK_INT(c.gid, getgid());
	close_pair(sv);
}

TEST(a_packet_has_its_size_or_is_none)
{
	int sv[2], got[2] = {-EBADF, -EBADF}, fds[2];
	size_t n;
	char buf[8];
	make_pair(SOCK_SEQPACKET, sv);
	fds[0] = fds[1] = sv[0];
	CHECK_INT(fdpass_packet_recv(sv[1], buf, 8, got, 2, &n), -EAGAIN);
	CHECK_INT(fdpass_packet_send(sv[0], "12345678", 8, fds, 2), 0);
	CHECK_INT(fdpass_packet_send(sv[0], "1234567", 7, fds, 1), 0);
	CHECK_INT(fdpass_packet_send(sv[0], "123456789", 9, fds, 2), 0);
	CHECK_INT(fdpass_packet_send(sv[0], "abcdefgh", 8, NULL, 0), 0);
	CHECK_INT(fdpass_packet_recv(sv[1], buf, 8, got, 2, &n), 1);
	CHECK(n == 2 && !memcmp(buf, "12345678", 8));
	fdpass_close(got, n);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(fdpass_packet_recv(sv[1], buf, 8, got, 2, &n), -EPROTO);
		CHECK_INT(n, 0);
	}
	CHECK_INT(fdpass_packet_recv(sv[1], buf, 8, got, 2, &n), 1);
	CHECK_INT(n, 0);
	CHECK_INT(memcmp(buf, "abcdefgh", 8), 0);
	close_pair(sv);
}

TEST(a_packet_does_not_wait_for_who_does_not_read)
{
	int sv[2], r;
	size_t n, sent = 0, got = 0;
	char buf[1000] = {};
	make_pair(SOCK_SEQPACKET, sv);
	while (!(r = fdpass_packet_send(sv[0], buf, sizeof(buf), NULL, 0)))
		sent++;
	CHECK_INT(r, -EAGAIN);
	close(sv[0]);
	while ((r = fdpass_packet_recv(sv[1], buf, sizeof(buf), NULL, 0, &n)) == 1)
		got++;
	CHECK_INT(r, 0);
	CHECK_INT(got, sent);
	CHECK_INT(fdpass_packet_send(sv[1], buf, sizeof(buf), NULL, 0), -EPIPE);
	close(sv[1]);
}

TEST(a_packet_may_come_without_the_descriptors_it_had)
{
	int sv[2], got[1];
	size_t n;
	struct rlimit before, few;
	char buf[8] = {};
	make_pair(SOCK_SEQPACKET, sv);
	CHECK_INT(fdpass_packet_send(sv[0], "12345678", 8, sv, 1), 0);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){.rlim_cur = (rlim_t)sv[1] + 1, .rlim_max = before.rlim_max};
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
	CHECK_INT(fdpass_packet_recv(sv[1], buf, 8, got, 1, &n), -EMFILE);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
	CHECK_INT(memcmp(buf, "12345678", 8), 0);
	close_pair(sv);
}
