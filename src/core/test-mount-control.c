/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "core/mount-control.h"

#include <fcntl.h>
#include <sys/socket.h>

static void pair(int ret[2])
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret), 0);
}

TEST(words_arrive_with_error_and_text)
{
	int s[2], fd;
	struct mount_message m;
	pair(s);
	CHECK_INT(mount_message_recv(s[1], &m, &fd), -EAGAIN);
	CHECK_INT(mount_word_send(s[0], MOUNT_REFUSED, ESTALE, "another directory"), 0);
	CHECK_INT(mount_word_send(s[0], MOUNT_ATTACHED, 0, NULL), 0);
	CHECK_INT(mount_message_recv(s[1], &m, &fd), 1);
	CHECK_INT(m.type, MOUNT_REFUSED);
	CHECK_INT(m.error, ESTALE);
	CHECK_STR(m.text, "another directory");
	CHECK_INT(fd, -EBADF);
	CHECK_INT(mount_message_recv(s[1], &m, &fd), 1);
	CHECK_INT(m.type, MOUNT_ATTACHED);
	CHECK_STR(m.text, "");
	close(s[0]);
	CHECK_INT(mount_message_recv(s[1], &m, &fd), 0);
	close(s[1]);
}

TEST(a_text_that_is_too_long_is_cut)
{
	int s[2], fd;
	struct mount_message m;
	char text[1000];
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	pair(s);
	CHECK_INT(mount_word_send(s[0], MOUNT_LOST_CONNECTION, 0, text), 0);
	CHECK_INT(mount_message_recv(s[1], &m, &fd), 1);
	CHECK_INT(strlen(m.text), sizeof(m.text) - 1);
	close(s[0]);
	close(s[1]);
}

TEST(a_connection_brings_its_descriptor)
{
	int s[2], conn[2], fd;
	struct mount_message m;
	pair(s);
	pair(conn);
	CHECK_INT(mount_connection_send(s[0], conn[0]), 0);
	CHECK_INT(mount_message_recv(s[1], &m, &fd), 1);
	CHECK_INT(m.type, MOUNT_CONNECTION);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(write(fd, "x", 1), 1);
	char c;
	CHECK_INT(read(conn[1], &c, 1), 1);
	close(fd);
	close(conn[0]);
	close(conn[1]);
	close(s[0]);
	close(s[1]);
}

/* No descriptor may be left over: the frame around each test looks. */
TEST(what_is_no_message_is_refused)
{
	int s[2], fd;
	struct mount_message m = {.type = MOUNT_CONNECTION};
	pair(s);
	CHECK_INT(mount_message_send(s[0], &m, -EBADF), 0);
	CHECK_INT(mount_message_recv(s[1], &m, &fd), -EPROTO);
	m.type = MOUNT_OVER;
	CHECK_INT(mount_message_send(s[0], &m, s[0]), 0);
	CHECK_INT(mount_message_recv(s[1], &m, &fd), -EPROTO);
	m.error = -1;
	CHECK_INT(mount_message_send(s[0], &m, -EBADF), 0);
	CHECK_INT(mount_message_recv(s[1], &m, &fd), -EPROTO);
	m.error = 0;
	m.type = 'x';
	CHECK_INT(mount_message_send(s[0], &m, -EBADF), 0);
	CHECK_INT(mount_message_recv(s[1], &m, &fd), -EPROTO);
	close(s[0]);
	close(s[1]);
}
