/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a service and its pump (role `pump`: one process for many pairs of sockets, sys/pump.h) tell
 * each other over descriptor 3 of the pump, AF_UNIX, SOCK_SEQPACKET, nonblocking:
 *
 *	service -> pump  ADD, with two connected stream sockets: pipe them into one another as `id`
 *	                 CUT: close both now
 *	pump -> service  ENDED: both are closed, `id` may be used again.  Once for each ADD, also
 *after a CUT.  error 0, or an errno value; bytes from the first to the second and back
 *
 * The end of the control socket is the end of the pump and of all its pairs.
 */
#include "base/macro.h"

enum { PUMP_FD_CONTROL = 3 };

enum pump_message_type {
	PUMP_ADD = 1,
	PUMP_CUT,
	PUMP_ENDED,
};

struct pump_message {
	uint32_t type, id;
	int32_t error;
	uint32_t zero;
	uint64_t bytes[2];
};

/* fds (borrowed): two for PUMP_ADD, else NULL. 0, -EAGAIN: it does not read, negative errno. */
int pump_message_send(int control, const struct pump_message *m, const int *fds);
/* 1: a message; ret_fds are two descriptors of the caller's for PUMP_ADD, else -EBADF. 0: the other
 * side is gone. -EAGAIN: nothing there. -EPROTO: not a message. -EMFILE: an ADD whose descriptors
 * were lost for want of room, ret says which. */
int pump_message_recv(int control, struct pump_message *ret, int ret_fds[static 2]);
