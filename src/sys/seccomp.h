/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * System call whitelists, a thin table over libseccomp.  A role lists the calls it needs:
 *
 *	static const char *const calls[] = {"@base", "@loop", "openat2", "statx", NULL};
 *	r = seccomp_confine(calls, SECCOMP_ELSE_KILL);
 *
 * Groups:
 *	@base     memory, signals of one's own, clock, futex, read/write/close on open descriptors,
 *	          exit; what every C program does once it is up. fcntl, but not to have a descriptor
 *	          send signals
 *	@loop     epoll, timerfd, signalfd, eventfd, poll: an sd-event loop
 *	@socket   send, receive, accept, shutdown, socket options; no socket(), bind, connect,
 *listen
 *	@connect  socket, connect, bind, listen, socketpair
 *	@fs-read  open, stat, readdir, readlink, getxattr, statfs
 *	@fs-write the rest of what can be done to files and directories, locks included
 *	@thread   starting threads
 *	@spawn    fork, exec, wait, kill, pidfd, pipes, prctl, close_range, credentials
 *	@mount    mount, umount, the new mount API
 *
 * One call in one form only:
 *	clone:thread	  what starts a thread, and no process
 *	ioctl:blkdiscard  BLKDISCARD, of the disk that an open descriptor is
 *	setns:net	  into a network namespace
 *	setsockopt:rcvtimeo  how long to wait for what comes, and none of the many other options
 *
 * A name that this architecture or libseccomp does not know is passed over.  clone3 and what else C
 * libraries try first answers ENOSYS unless listed, so that they fall back.  Built with
 * sanitizers, what their run time needs is added.
 */
#include "base/macro.h"

enum seccomp_else {
	SECCOMP_ELSE_KILL, /* any other call kills the process (SIGSYS) */
	SECCOMP_ELSE_EPERM, /* any other call fails with EPERM */
};

/* Sets no_new_privs and loads the filter; applies to threads that exist already too. calls ends
 * with NULL. 0, -EINVAL: unknown @group or form, negative errno. */
int seccomp_confine(const char *const *calls, enum seccomp_else otherwise);
