/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: pump-control.h.  A message is one fixed-size packet; what else comes is
 * refused and its descriptors are closed.
 */
#include "core/pump-control.h"
#include "base/fdpass.h"

int pump_message_send(int control, const struct pump_message *m, const int *fds)
{
	return fdpass_packet_send(control, m, sizeof(*m), fds, fds ? 2 : 0);
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
	int r = fdpass_packet_recv(control, &m, sizeof(m), fds, 2, &n_fds);
	if (r == -EMFILE && m.type == PUMP_ADD)
		*ret = m;
	if (r <= 0)
		return r;
	if (!known(&m, n_fds)) {
		fdpass_close(fds, n_fds);
		return -EPROTO;
	}
	*ret = m;
	if (n_fds) {
		ret_fds[0] = fds[0];
		ret_fds[1] = fds[1];
	}
	return 1;
}
