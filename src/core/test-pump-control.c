/* SPDX-License-Identifier: MIT */
#include "core/pump-control.h"
#include "base/fdpass.h"
#include "base/test.h"

#include <fcntl.h>
#include <sys/socket.h>

static void pair(int ret[2])
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret), 0);
}

TEST(two_descriptors_come_with_an_add)
{
	int s[2], p[2], fds[2];
	struct pump_message m = {.type = PUMP_ADD, .id = 7};
	pair(s);
	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	CHECK_INT(pump_message_recv(s[1], &m, fds), -EAGAIN);
	CHECK_INT(pump_message_send(s[0], &m, p), 0);
	m = (struct pump_message){};
	CHECK_INT(pump_message_recv(s[1], &m, fds), 1);
	CHECK(m.type == PUMP_ADD && m.id == 7);
	CHECK_INT(write(fds[1], "x", 1), 1);
	char c;
	CHECK_INT(read(p[0], &c, 1), 1);
	fdpass_close(fds, 2);
	fdpass_close(p, 2);
	close(s[0]);
	CHECK_INT(pump_message_recv(s[1], &m, fds), 0);
	CHECK(fds[0] == -EBADF && fds[1] == -EBADF);
	close(s[1]);
}

/* No descriptor may be left over: the frame around each test looks. */
TEST(what_is_no_message_is_refused)
{
	static const struct {
		struct pump_message m;
		size_t n_fds;
	} bad[] = {
		{{.type = PUMP_ADD}, 0},
		{{.type = PUMP_ADD}, 1},
		{{.type = PUMP_CUT}, 2},
		{{.type = PUMP_ENDED}, 1},
		{{.type = PUMP_ENDED, .error = -1}, 0},
		{{.type = PUMP_ENDED, .error = 4096}, 0},
		{{.type = 0}, 0},
		{{.type = 4}, 2},
	};
	int s[2], fds[2];
	struct pump_message m;
	pair(s);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_INT(fdpass_packet_send(s[0], &bad[i].m, sizeof(m), s, bad[i].n_fds), 0);
		CHECK_INT(pump_message_recv(s[1], &m, fds), -EPROTO);
		CHECK(fds[0] == -EBADF && fds[1] == -EBADF);
	}
	m = (struct pump_message){.type = PUMP_ENDED, .error = 4095, .bytes = {1, UINT64_MAX}};
	CHECK_INT(pump_message_send(s[0], &m, NULL), 0);
	CHECK_INT(pump_message_recv(s[1], &m, fds), 1);
	CHECK(m.bytes[0] == 1 && m.bytes[1] == UINT64_MAX);
	fdpass_close(s, 2);
}
