/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Messages with descriptors over unix sockets (SCM_RIGHTS), and who is at the other end.
 */
#include "base/macro.h"

#include <sys/types.h>
#include <sys/uio.h>

enum { FDPASS_MAX = 253 }; /* the kernel's SCM_MAX_FD */

/* One message in one piece (len > 0); fds are borrowed. 0 or negative errno (-EAGAIN). */
int fdpass_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds);

/*
 * One message (SOCK_SEQPACKET) or what there is (SOCK_STREAM). Descriptors are CLOEXEC and belong
 * to the caller; those beyond max_fds are closed. Returns the bytes, 0 at the end, or negative
 * errno: -EMSGSIZE the message did not fit (its descriptors are closed), -EMFILE descriptors got
 * lost (no room in our table; those that came are closed). *ret_n_fds is always set.
 */
ssize_t fdpass_recv(int sock, void *data, size_t size, int *fds, size_t max_fds, size_t *ret_n_fds);

/* The system calls behind them, once, with MSG_* flags: bytes or negative errno (-EINTR too). */
ssize_t fdpass_sendmsg(
	int sock, const struct iovec *iov, size_t n, int flags, const int *fds, size_t n_fds);
ssize_t fdpass_recvmsg(
	int sock, void *data, size_t size, int flags, int *fds, size_t max_fds, size_t *ret_n_fds);

/*
 * A packet of fixed size (SOCK_SEQPACKET), without waiting: what services and their workers say to
 * one another. Sending: 0 or negative errno (-EPIPE the other side is gone, -EAGAIN it does not
 * read).
 */
int fdpass_packet_send(int sock, const void *packet, size_t size, const int *fds, size_t n_fds);
/* 1: a packet of that very size, and *ret_n_fds descriptors, which are the caller's. 0: the other
 * side is gone. -EAGAIN: nothing is there. -EPROTO: something of another size. -EMFILE: a packet is
 * there, its descriptors are lost. */
int fdpass_packet_recv(
	int sock, void *ret, size_t size, int *fds, size_t max_fds, size_t *ret_n_fds);
void fdpass_close(const int *fds, size_t n_fds);

struct peercred {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};
/* Of a connected unix socket: who called connect() or socketpair(). */
int peercred_get(int sock, struct peercred *ret);
