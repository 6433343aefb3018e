/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What supervisor and roles tell each other over a role's control socket, descriptor 3
 * (AF_UNIX, SOCK_SEQPACKET, nonblocking).
 *
 *	supervisor -> node      SERVICE_LINK, name of the service, one descriptor: a connected unix
 *	                        stream socket whose other end the service has as its descriptor 4.
 *	                        Sent for each service when it is (re)started and for each living
 *	                        one when the node is restarted (then the services get new
 *	                        processes too)
 *	supervisor -> any role  PING: answer PONG at once, from the event loop.  A role that does
 *	                        not within 30 s counts as hung and is killed
 *	role -> supervisor      READY: once, when it serves.  STATUS: any time, name = a short text
 *	                        for people.  PONG
 *
 * A message has one fixed size.  The end of the stream means that the other side is gone: a role
 * then cleans up and exits.  SIGTERM means the same with the supervisor still there.
 */
#include "base/macro.h"

enum {
	CONTROL_FD = 3, /* every supervised role */
	CONTROL_FD_LINK = 4, /* services: the vat link to the node */
	CONTROL_FD_WORKER = 5, /* services that start workers: the program metacd-worker, O_PATH */
	CONTROL_FD_UNIX = 4, /* node: listening unix socket (NodeAdmin) */
	CONTROL_FD_TCP = 5, /* node: listening TCP socket (Node) */
};

enum control_type {
	CONTROL_SERVICE_LINK = 1,
	CONTROL_READY,
	CONTROL_STATUS,
	CONTROL_PING,
	CONTROL_PONG,
};

struct control_message {
	uint32_t type;
	char name[64]; /* NUL-terminated, always */
};

/* name may be NULL (empty) and is cut to fit; attached (borrowed) may be -EBADF. 0 or negative
 * errno: -EPIPE the other side is gone, -EAGAIN it does not read. */
int control_send(int fd, enum control_type type, const char *name, int attached);

/* 1: a message. 0: the other side is gone. -EAGAIN: nothing there (nonblocking). -EPROTO: not a
 * message. *ret_attached: a descriptor owned by the caller, or -EBADF; surplus ones are closed. */
int control_recv(int fd, struct control_message *ret, int *ret_attached);
/* The same for a role, which has PINGs answered here: after one, -EAGAIN. */
int control_serve(int fd, struct control_message *ret, int *ret_attached);
