/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Socket addresses as text, listening, connecting, and what a TCP connection should be set to.
 */
#include "base/macro.h"

#include <sys/socket.h>
#include <sys/types.h>

/* Text (without brackets; a %scope is allowed) to socket address. 0 or -EINVAL. */
int addr_parse(const char *text, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_len);
/* "fd00::1", "10.0.0.1" (v4-mapped shown as IPv4), port in *ret_port (may be NULL). */
int addr_format(const struct sockaddr_storage *sa, char *ret, size_t size, uint16_t *ret_port);
bool addr_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b, bool with_port);
/* What always leads to the host that uses it: loopback, and "any", which connect(2) takes for it.
 */
bool addr_is_own_host(const struct sockaddr_storage *sa);

void addr_set_port(struct sockaddr_storage *sa, uint16_t port);

/* Listening sockets, nonblocking, CLOEXEC. tcp: SO_REUSEADDR, port 0 = any. unix: mode is set
 * before the socket can be connected to; an existing stale socket file (nobody listening) is
 * replaced, a live one gives -EADDRINUSE. */
int listen_tcp(const struct sockaddr_storage *sa, socklen_t len, int backlog);
/* The same for an IPv6 address, with the IPv4 ones that it stands for. */
int listen_tcp_both(const struct sockaddr_storage *sa, socklen_t len, int backlog);
int listen_unix(const char *path, mode_t mode);
int connect_unix(const char *path);
/* What every TCP connection of ours gets: TCP_NODELAY, and keepalive such that a peer which
 * vanished without a word is noticed within a minute. Negative errno on failure. */
int tcp_prepare(int fd);
