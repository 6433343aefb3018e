/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: fdpass.h.  The receive buffer has room for as many descriptors as the kernel
 * ever sends in one message, so that none is cut off unseen: the surplus is closed here, knowingly.
 */
#include "base/fdpass.h"

#include <sys/socket.h>

union control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(int) * FDPASS_MAX)];
};

ssize_t fdpass_sendmsg(
	int sock, const struct iovec *iov, size_t n, int flags, const int *fds, size_t n_fds)
{
	assert(n_fds <= FDPASS_MAX);
	union control control;
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = n};
	if (n_fds) {
		memset(&control, 0, CMSG_SPACE(sizeof(int) * n_fds));
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	ssize_t sent = sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
	return sent < 0 ? -errno : sent;
}

int fdpass_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds)
{
	assert(len > 0);
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	ssize_t n;
	do
		n = fdpass_sendmsg(sock, &iov, 1, 0, fds, n_fds);
	while (n == -EINTR);
	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EMSGSIZE;
}

void fdpass_close(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fd_close(fds[i]);
}

/* Takes what came: up to max into fds, the rest is closed. */
static size_t collect(struct msghdr *msg, int *fds, size_t max)
{
	size_t n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (n < max)
				fds[n++] = fd;
			else
				fd_close(fd);
		}
	}
	return n;
}

ssize_t fdpass_recvmsg(
	int sock, void *data, size_t size, int flags, int *fds, size_t max_fds, size_t *ret_n_fds)
{
	union control control;
	struct iovec iov = {.iov_base = data, .iov_len = size};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	*ret_n_fds = 0;
	ssize_t n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	size_t got = msg.msg_controllen ? collect(&msg, fds, max_fds) : 0;
	if (msg.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) {
		fdpass_close(fds, got);
		return msg.msg_flags & MSG_TRUNC ? -EMSGSIZE : -EMFILE;
	}
	*ret_n_fds = got;
	return n;
}

ssize_t fdpass_recv(int sock, void *data, size_t size, int *fds, size_t max_fds, size_t *ret_n_fds)
{
	ssize_t n;
	do
		n = fdpass_recvmsg(sock, data, size, 0, fds, max_fds, ret_n_fds);
	while (n == -EINTR);
	return n;
}

int fdpass_packet_send(int sock, const void *packet, size_t size, const int *fds, size_t n_fds)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)packet, .iov_len = size};
	ssize_t n = fdpass_sendmsg(sock, &iov, 1, MSG_NOSIGNAL | MSG_DONTWAIT, fds, n_fds);
	return n < 0 ? (int)n : 0;
}

int fdpass_packet_recv(
	int sock, void *ret, size_t size, int *fds, size_t max_fds, size_t *ret_n_fds)
{
	ssize_t n = fdpass_recvmsg(sock, ret, size, MSG_DONTWAIT, fds, max_fds, ret_n_fds);
	if (n == -ECONNRESET)
		return 0;
	if (n <= 0)
		return n == -EMSGSIZE ? -EPROTO : n == -EINTR ? -EAGAIN : (int)n;
	if ((size_t)n == size)
		return 1;
	fdpass_close(fds, *ret_n_fds);
	*ret_n_fds = 0;
	return -EPROTO;
}

int peercred_get(int sock, struct peercred *ret)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	if (len != sizeof(cred) || cred.pid < 0 || cred.uid == (uid_t)-1)
		return -ENOTCONN;
	*ret = (struct peercred){.pid = cred.pid, .uid = cred.uid, .gid = cred.gid};
	return 0;
}
