/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * "unix:/path", "unix:@abstract", "192.0.2.1:80", "[::1]:80", "host:service", "*:0".
 */
#include "io/sockets.h"

enum address_kind { ADDRESS_UNIX, ADDRESS_NUMERIC, ADDRESS_NAME };

struct address {
	enum address_kind kind;
	struct sockaddr_storage sa; /* Unix, numeric */
	socklen_t len;
	const char *path; /* Unix: of the socket file, in the text parsed; NULL: abstract */
	bool any; /* "*": every address of the machine */
	char host[256], service[32]; /* a name to be resolved */
};

/* 0; -EINVAL: no address; -ENAMETOOLONG. */
int address_parse(const char *text, struct address *ret);
/* As a text that address_parse takes. -ENOSPC, -EAFNOSUPPORT. */
int address_format(const struct sockaddr_storage *sa, socklen_t len, char *ret, size_t size);

/* A connected socket, or one that connects (numeric TCP addresses), in blocking mode. *ret_kind is
 * for io_init: what was set up already. */
int address_connect(const struct address *a, int *ret_kind);
/* A listening socket, nonblocking. mode: of a Unix socket file. */
int address_listen(const struct address *a, mode_t mode, int backlog);
