/* SPDX-License-Identifier: MIT */
/* Theory of operation: control.h. */
#include "sys/control.h"
#include "base/fdpass.h"

#include <sys/socket.h>

int control_send(int fd, enum control_type type, const char *name, int attached)
{
	struct control_message m = {.type = type};
	if (name)
		memcpy(m.name, name, strnlen(name, sizeof(m.name) - 1));
	return fdpass_send(fd, &m, sizeof(m), &attached, attached >= 0);
}

int control_recv(int fd, struct control_message *ret, int *ret_attached)
{
	struct control_message m;
	int got = -EBADF;
	size_t n_fds;
	*ret_attached = -EBADF;
	ssize_t n = fdpass_recv(fd, &m, sizeof(m), &got, 1, &n_fds);
	if (n == -ECONNRESET)
		return 0;
	if (n <= 0)
		return n == -EMSGSIZE ? -EPROTO : (int)n;
	if (n != sizeof(m) || m.type < CONTROL_SERVICE_LINK || m.type > CONTROL_PONG) {
		if (n_fds)
			fd_close(got);
		return -EPROTO;
	}
	m.name[sizeof(m.name) - 1] = '\0';
	*ret = m;
	if (n_fds)
		*ret_attached = got;
	return 1;
}

int control_serve(int fd, struct control_message *ret, int *ret_attached)
{
	int r = control_recv(fd, ret, ret_attached);
	if (r <= 0 || ret->type != CONTROL_PING)
		return r;
	*ret_attached = fd_close(*ret_attached);
	(void)control_send(fd, CONTROL_PONG, NULL, -EBADF);
	return -EAGAIN;
}
