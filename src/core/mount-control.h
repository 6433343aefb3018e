/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the mount worker (svc/fs/fuse/9p-mount.c: a remote 9P tree answered to the kernel's FUSE)
 *and whoever started it (the filesystem service, or `metac fs mount` of an ordinary user: "the
 * service" here) tell each other.
 *
 *	descriptor 3   control socket: AF_UNIX, SOCK_SEQPACKET
 *	descriptor 4   /dev/fuse, mounted already
 *
 *	--read-only     answer every change with EROFS
 *	--msize=N       the most to offer for one 9P message (default 1 MiB)
 *	--aname=NAME    the tree to attach to (default: the server's only one)
 *	--map-user=LOCAL:REMOTE[:COUNT], --map-group=LOCAL:REMOTE[:COUNT]
 *			numbers of users and groups that stand for each other here and there
 *			(svc/fs/fuse/fuse9p-idmap.h); any number of times
 *	--timeout=N     seconds after the loss of the connection until requests answer ETIMEDOUT
 *			instead of waiting on (default 0: they wait as long as it takes)
 *
 * The worker begins without a connection: requests of programs wait until one has been given to
 * it.
 *
 *	service -> worker
 *	  CONNECTION  one descriptor: a connected stream socket to the server, blocking or not. The
 *		      worker opens a 9P session on it.  May come at any time; a connection that is
 *		      still there then is given up
 *	  OVER        error: an errno.  There will be no other connection (the reference was
 *revoked, say): all requests, waiting and later, answer it.  The mount stays until it is unmounted
 *	  STATS       asks for a STATS message
 *	  KILLED      the answer to KILLED, with the same who.id. error 0: yes
 *
 *	worker -> service
 *	  ATTACHED    once: the first session is there, requests are answered
 *	  LOST	      the connection is gone (or another has been refused after ATTACHED): requests
 *		      wait for the next one.  text: why
 *	  RECOVERED   after LOST or a change of connection: open files have been found again, and
 *		      requests that waited go on. n_lost of STATS tells of files that were not
 *	  REFUSED     the server does not give what is wanted: no 9P2000.L, an attach that fails, or
 *		      (after ATTACHED) a root that is not the one mounted. error and text say why.
 *		      The worker has closed the connection and waits for another
 *	  STATS       the answer to STATS
 *	  KILLED      a signal has come for the thread who.pid, which waits for a request: is it to
 *		      die of it?  Only then may its system call be broken off: local file systems
 *		      do not let themselves be interrupted by others, and programs rely on it.
 *		      The worker itself sees no other processes. mount_killed_answer() answers it
 *
 * Normal orders: CONNECTION ATTACHED (LOST CONNECTION RECOVERED)*; CONNECTION REFUSED; CONNECTION
 * LOST (lost before it was attached).  When the service goes away (end of the control socket) the
 * worker goes on with the connection it has, and answers EIO when that is lost.  It ends, with
 * success, when the file system is unmounted.
 *
 * The server must be given a connection of the same session (Filesystem.v9fsStream) each time, for
 * it to know which requests it has done already.
 */
#include "base/macro.h"

#include <sys/types.h>

enum { MOUNT_FD_CONTROL = 3, MOUNT_FD_FUSE = 4 };

enum mount_message_type {
	MOUNT_CONNECTION = 'C',
	MOUNT_OVER = 'F',
	MOUNT_STATS = 'S',
	MOUNT_ATTACHED = 'A',
	MOUNT_LOST_CONNECTION = 'L',
	MOUNT_RECOVERED = 'R',
	MOUNT_REFUSED = 'E',
	MOUNT_KILLED = 'K',
};

struct mount_stats {
	uint64_t connections; /* how many there have been */
	uint64_t requests; /* of programs, answered */
	uint64_t waiting; /* of them, right now: under way or parked */
	uint64_t open_files; /* and directories */
	uint64_t lost_files; /* open, but not found again after a loss */
	uint64_t bytes_in, bytes_out; /* on all connections */
	uint64_t dirty; /* bytes written by programs that the server has not confirmed yet */
};

struct mount_message {
	uint32_t type; /* enum mount_message_type */
	int32_t error; /* 0 or a positive errno */
	char text[200]; /* NUL-terminated, always */
	struct mount_stats stats;
	struct {
		uint64_t id; /* as the worker likes */
		int32_t pid; /* of a thread, in the pid namespace of the one who mounted */
	} who; /* of KILLED */
};

/* m->type and what belongs to it are set; attached (borrowed): for CONNECTION only, else -EBADF.
 * 0 or negative errno: -EPIPE the other side is gone, -EAGAIN it does not read. */
int mount_message_send(int control, const struct mount_message *m, int attached);
/* A CONNECTION (fd borrowed), a message with an error and a text (may be NULL). As above. */
int mount_connection_send(int control, int fd);
int mount_word_send(int control, enum mount_message_type type, int error, const char *text);

/* 1: a message. 0: the other side is gone. -EAGAIN: nothing there (does not wait). -EPROTO: not a
 * message. *ret_attached: a descriptor owned by the caller, or -EBADF. */
int mount_message_recv(int control, struct mount_message *ret, int *ret_attached);

/* Looks whether the thread m->who.pid is about to die of a signal, or has, and answers m. As
 * mount_message_send. Needs /proc. */
int mount_killed_answer(int control, const struct mount_message *m);
