/* SPDX-License-Identifier: MIT */
#include "sys/control.h"
#include "base/fdpass.h"
#include "base/test.h"

#include <sys/socket.h>

static void make_pair(int sv[2])
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sv), 0);
}

TEST(link_arrives_with_its_name_and_descriptor)
{
	int sv[2], got;
	struct control_message m;
	make_pair(sv);
	CHECK_INT(control_send(sv[0], CONTROL_SERVICE_LINK, "persistence", sv[0]), 0);
	CHECK_INT(control_send(sv[0], CONTROL_READY, NULL, -EBADF), 0);
	CHECK_INT(control_recv(sv[1], &m, &got), 1);
	CHECK_INT(m.type, CONTROL_SERVICE_LINK);
	CHECK_STR(m.name, "persistence");
	CHECK(got >= 0);
	close(got);
	CHECK_INT(control_recv(sv[1], &m, &got), 1);
	CHECK_INT(m.type, CONTROL_READY);
	CHECK_STR(m.name, "");
	CHECK_INT(got, -EBADF);
	CHECK_INT(control_recv(sv[1], &m, &got), -EAGAIN);
	close(sv[0]);
	CHECK_INT(control_recv(sv[1], &m, &got), 0);
	CHECK_INT(control_send(sv[1], CONTROL_PONG, NULL, -EBADF), -EPIPE);
	close(sv[1]);
}

TEST(long_names_are_cut)
{
	int sv[2], got;
	struct control_message m;
	char name[200];
	make_pair(sv);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CHECK_INT(control_send(sv[0], CONTROL_STATUS, name, -EBADF), 0);
	CHECK_INT(control_recv(sv[1], &m, &got), 1);
	CHECK_INT(strlen(m.name), sizeof(m.name) - 1);
	close(sv[0]);
	close(sv[1]);
}

TEST(garbage_is_refused_and_its_descriptors_closed)
{
	int sv[2], got;
	struct control_message m, bad = {.type = 99};
	char big[200] = {0};
	make_pair(sv);
	CHECK_INT(fdpass_send(sv[0], "abc", 3, sv, 2), 0);
	CHECK_INT(fdpass_send(sv[0], &bad, sizeof(bad), sv, 1), 0);
	CHECK_INT(fdpass_send(sv[0], big, sizeof(big), sv, 1), 0);
	memset(bad.name, 'x', sizeof(bad.name)); /* no terminator */
	bad.type = CONTROL_STATUS;
	CHECK_INT(fdpass_send(sv[0], &bad, sizeof(bad), NULL, 0), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(control_recv(sv[1], &m, &got), -EPROTO);
	CHECK_INT(control_recv(sv[1], &m, &got), 1);
	CHECK_INT(strlen(m.name), sizeof(m.name) - 1);
	close(sv[0]);
	close(sv[1]);
}

TEST(a_role_answers_pings)
{
	int sv[2], got;
	struct control_message m;
	make_pair(sv);
	CHECK_INT(control_send(sv[0], CONTROL_PING, NULL, sv[0]), 0);
	CHECK_INT(control_send(sv[0], CONTROL_SERVICE_LINK, "fs", -EBADF), 0);
	CHECK_INT(control_serve(sv[1], &m, &got), -EAGAIN);
	CHECK_INT(got, -EBADF);
	CHECK_INT(control_recv(sv[0], &m, &got), 1);
	CHECK_INT(m.type, CONTROL_PONG);
	CHECK_INT(control_serve(sv[1], &m, &got), 1);
	CHECK_STR(m.name, "fs");
	CHECK_INT(control_serve(sv[1], &m, &got), -EAGAIN);
	close(sv[0]);
	CHECK_INT(control_serve(sv[1], &m, &got), 0);
	close(sv[1]);
}
