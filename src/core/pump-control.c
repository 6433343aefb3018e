/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: pump-control.h.  A message is one fixed-size packet; what else comes is
 * refused and its descriptors are closed.
 */
#include "core/pump-control.h"
#include "base/fdpass.h"

#include <sys/socket.h>

int pump_message_send(int control, const struct pump_message *m, const int *fds)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)m, .iov_len = sizeof(*m)};
	ssize_t n = fdpass_sendmsg(control, &iov, 1, MSG_DONTWAIT, fds, fds ? 2 : 0);
	return n < 0 ? (int)n : 0;
}

static bool known(const struct pump_message *m, size_t n_fds)
{
	switch (m->type) {
	case PUMP_ADD:
		return n_fds == 2;
	case PUMP_CUT:
		return n_fds == 0;
	case PUMP_ENDED:
		return n_fds == 0 && m->error >= 0 && m->error < 4096;
	default:
		return false;
	}
}

int pump_message_recv(int control, struct pump_message *ret, int ret_fds[static 2])
{
	struct pump_message m = {};
	int fds[2] = {-EBADF, -EBADF};
	size_t n_fds;
	ret_fds[0] = ret_fds[1] = -EBADF;
	ssize_t n = fdpass_recvmsg(control, &m, sizeof(m), MSG_DONTWAIT, fds, 2, &n_fds);
	if (n == -EMFILE && m.type == PUMP_ADD) {
		*ret = m;
		return -EMFILE;
	}
	if (n == -ECONNRESET)
		return 0;
	if (n <= 0)
		return n == -EMSGSIZE ? -EPROTO : n == -EINTR ? -EAGAIN : (int)n;
	if (n != sizeof(m) || !known(&m, n_fds)) {
		for (size_t i = 0; i < n_fds; i++)
			fd_close(fds[i]);
		return -EPROTO;
	}
	*ret = m;
	if (n_fds) {
		ret_fds[0] = fds[0];
		ret_fds[1] = fds[1];
	}
	return 1;
}
