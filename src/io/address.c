/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: address.h.  A numeric TCP address is connected to without waiting; of a
 * name, each address is tried in the order the resolver gives, waiting for each, since which one to
 * use depends on how the attempt ends.
 */
#include "io/address.h"
#include "io/io.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/un.h>

enum { CONNECT_TIMEOUT_MS = 10 * 1000 };

/* ---- text ---------------------------------------------------------------------------------- */

static int parse_unix(const char *name, struct address *a)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	if (len == 0 || (name[0] == '@' && len == 1))
		return -EINVAL;
	if (len >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	memcpy(sun.sun_path, name, len);
	a->kind = ADDRESS_UNIX;
	if (name[0] == '@') {
		sun.sun_path[0] = '\0';
		a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	} else {
		a->path = name;
		a->len = sizeof(sun);
	}
	memcpy(&a->sa, &sun, sizeof(sun));
	return 0;
}

static bool parse_port(const char *text, uint16_t *ret)
{
	unsigned long v = 0;
	size_t n = strspn(text, "0123456789");
	if (n == 0 || n > 5 || text[n])
		return false;
	v = strtoul(text, NULL, 10);
	*ret = (uint16_t)v;
	return v <= UINT16_MAX;
}

/* Splits "host:service" and "[host]:service". */
static int split(const char *text, struct address *a)
{
	const char *host = text, *colon = strrchr(text, ':');
	if (!colon || !colon[1])
		return -EINVAL;
	size_t len = (size_t)(colon - text);
	if (text[0] == '[') {
		if (len < 3 || text[len - 1] != ']')
			return -EINVAL;
		host++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return -EINVAL; /* IPv6 without brackets: where does it end? */
	}
	if (len == 0)
		return -EINVAL;
	if (len >= sizeof(a->host) || strlen(colon + 1) >= sizeof(a->service))
		return -ENAMETOOLONG;
	memcpy(a->host, host, len);
	a->host[len] = '\0';
	memcpy(a->service, colon + 1, strlen(colon + 1) + 1);
	return 0;
}

int address_parse(const char *text, struct address *ret)
{
	uint16_t port = 0;
	*ret = (struct address){.kind = ADDRESS_NAME};
	if (!strncmp(text, "unix:", 5))
		return parse_unix(text + 5, ret);
	int r = split(text, ret);
	if (r < 0)
		return r;
	ret->any = !strcmp(ret->host, "*");
	if (!parse_port(ret->service, &port))
		return ret->any ? -EINVAL : 0;
	if (ret->any || addr_parse(ret->host, port, &ret->sa, &ret->len) == 0) {
		if (ret->any)
			r = addr_parse("::", port, &ret->sa, &ret->len);
		ret->kind = ADDRESS_NUMERIC;
		return r;
	}
	return text[0] == '[' ? -EINVAL : 0;
}

static int format_unix(const struct sockaddr_un *sun, socklen_t len, char *ret, size_t size)
{
	size_t head = offsetof(struct sockaddr_un, sun_path);
	int n;
	if (len > head && !sun->sun_path[0])
		n = snprintf(ret, size, "unix:@%.*s", (int)(len - head - 1), sun->sun_path + 1);
	else
		n = snprintf(ret, size, "unix:%.*s", (int)sizeof(sun->sun_path), sun->sun_path);
	return n < 0 || (size_t)n >= size ? -ENOSPC : 0;
}

int address_format(const struct sockaddr_storage *sa, socklen_t len, char *ret, size_t size)
{
	char host[128];
	uint16_t port;
	if (sa->ss_family == AF_UNIX)
		return format_unix((const struct sockaddr_un *)(const void *)sa, len, ret, size);
	int r = addr_format(sa, host, sizeof(host), &port);
	if (r < 0)
		return r;
	int n = snprintf(ret, size, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
	return n < 0 || (size_t)n >= size ? -ENOSPC : 0;
}

/* ---- connecting ---------------------------------------------------------------------------- */

/* Begins a TCP connection. Returns the socket, nonblocking. */
static int begin_tcp(const struct sockaddr *sa, socklen_t len)
{
	AUTO_CLOSE int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int r = tcp_prepare(fd);
	if (r < 0)
		return r;
	if (connect(fd, sa, len) < 0 && errno != EINPROGRESS)
		return -errno;
	return TAKE_FD(fd);
}

static int finish_tcp(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int err = 0, n;
	socklen_t len = sizeof(err);
	do
		n = poll(&p, 1, CONNECT_TIMEOUT_MS);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -errno;
	return -err;
}

static int resolve_error(int e)
{
	switch (e) {
	case EAI_SYSTEM:
		return -errno;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_SERVICE:
		return -EINVAL;
	default:
		return -EHOSTUNREACH;
	}
}

static int resolve(const struct address *a, int flags, struct addrinfo **ret)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
	int e = getaddrinfo(a->host, a->service, &hints, ret);
	return e ? resolve_error(e) : 0;
}

static int connect_name(const struct address *a)
{
	struct addrinfo *all;
	int r = resolve(a, AI_ADDRCONFIG, &all);
	if (r < 0)
		return r;
	int result = -EHOSTUNREACH;
	for (struct addrinfo *i = all; i && result < 0; i = i->ai_next) {
		AUTO_CLOSE int fd = begin_tcp(i->ai_addr, i->ai_addrlen);
		result = fd < 0 ? fd : finish_tcp(fd);
		if (result >= 0)
			result = TAKE_FD(fd);
	}
	freeaddrinfo(all);
	return result;
}

static int connect_local(const struct address *a)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&a->sa, a->len) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int address_connect(const struct address *a, int *ret_kind)
{
	*ret_kind = a->kind == ADDRESS_UNIX ? IO_UNIX : IO_TCP;
	if (a->kind == ADDRESS_UNIX)
		return connect_local(a);
	if (a->any)
		return -EINVAL;
	AUTO_CLOSE int fd = a->kind == ADDRESS_NAME
				    ? connect_name(a)
				    : begin_tcp((const struct sockaddr *)&a->sa, a->len);
	if (fd < 0)
		return fd;
	if (fcntl(fd, F_SETFL, O_RDWR) < 0) /* so that it can be waited for in a read */
		return -errno;
	return TAKE_FD(fd);
}

/* ---- listening ----------------------------------------------------------------------------- */

static int listen_name(const struct address *a, int backlog)
{
	struct addrinfo *all;
	int r = resolve(a, AI_PASSIVE, &all);
	if (r < 0)
		return r;
	struct sockaddr_storage sa = {0};
	memcpy(&sa, all->ai_addr, all->ai_addrlen);
	r = listen_tcp(&sa, all->ai_addrlen, backlog);
	freeaddrinfo(all);
	return r;
}

static int listen_abstract(const struct address *a, int backlog)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&a->sa, a->len) < 0 ||
		listen(fd, backlog) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* IPv6 and IPv4 on one socket; IPv4 alone where there is no IPv6. */
static int listen_any(const struct address *a, int backlog)
{
	int r = listen_tcp_both(&a->sa, a->len, backlog);
	if (r != -EAFNOSUPPORT && r != -EADDRNOTAVAIL)
		return r;
	struct sockaddr_storage v4;
	socklen_t len;
	uint16_t port = ntohs(((const struct sockaddr_in6 *)(const void *)&a->sa)->sin6_port);
	r = addr_parse("0.0.0.0", port, &v4, &len);
	return r < 0 ? r : listen_tcp(&v4, len, backlog);
}

int address_listen(const struct address *a, mode_t mode, int backlog)
{
	if (a->kind == ADDRESS_UNIX)
		return a->path ? listen_unix(a->path, mode) : listen_abstract(a, backlog);
	AUTO_CLOSE int fd = a->any                       ? listen_any(a, backlog)
			    : a->kind == ADDRESS_NUMERIC ? listen_tcp(&a->sa, a->len, backlog)
							 : listen_name(a, backlog);
	if (fd < 0)
		return fd;
	/* Accepted sockets inherit it. */
	int r = tcp_prepare(fd);
	return r < 0 ? r : TAKE_FD(fd);
}
