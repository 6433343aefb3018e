/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: an IPv4 address may come as itself or mapped into
 * IPv6 (::ffff:10.0.0.1); it is handled as IPv4 from the moment it is parsed or compared.
 */
#include "io/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>

#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44 /* linux/tcp.h */
#endif

void addr_set_port(struct sockaddr_storage *sa, uint16_t port)
{
	/* In the same place for both families. */
	((struct sockaddr_in *)(void *)sa)->sin_port = htons(port);
}

static const struct sockaddr_in6 *as_v6(const struct sockaddr_storage *sa)
{
	return (const struct sockaddr_in6 *)(const void *)sa;
}

static const struct sockaddr_in *as_v4(const struct sockaddr_storage *sa)
{
	return (const struct sockaddr_in *)(const void *)sa;
}

static void set_v4(
	struct in_addr addr, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = addr};
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, &sin, sizeof(sin));
	*ret_len = sizeof(sin);
}

/* The IPv4 address at the end of a v4-mapped one. */
static struct in_addr mapped_v4(const struct in6_addr *a)
{
	struct in_addr v4;
	memcpy(&v4, a->s6_addr + 12, sizeof(v4));
	return v4;
}

static int parse_scope(const char *text, uint32_t *ret)
{
	*ret = if_nametoindex(text);
	if (*ret)
		return 0;
	char *end;
	errno = 0;
	unsigned long v = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || v == 0 || v > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

int addr_parse(const char *text, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct in_addr v4;
	if (inet_pton(AF_INET, text, &v4) == 1) {
		set_v4(v4, port, ret, ret_len);
		return 0;
	}
	char host[INET6_ADDRSTRLEN];
	const char *percent = strchrnul(text, '%');
	size_t len = (size_t)(percent - text);
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	if (inet_pton(AF_INET6, host, &sin6.sin6_addr) != 1)
		return -EINVAL;
	if (*percent && parse_scope(percent + 1, &sin6.sin6_scope_id) < 0)
		return -EINVAL;
	if (IN6_IS_ADDR_V4MAPPED(&sin6.sin6_addr)) {
		set_v4(mapped_v4(&sin6.sin6_addr), port, ret, ret_len);
		return 0;
	}
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, &sin6, sizeof(sin6));
	*ret_len = sizeof(sin6);
	return 0;
}

static int format_v6(const struct sockaddr_in6 *sin6, char *ret, size_t size)
{
	char host[INET6_ADDRSTRLEN], name[IF_NAMESIZE];
	if (!inet_ntop(AF_INET6, &sin6->sin6_addr, host, sizeof(host)))
		return -errno;
	int n;
	if (!sin6->sin6_scope_id)
		n = snprintf(ret, size, "%s", host);
	else if (if_indextoname(sin6->sin6_scope_id, name))
		n = snprintf(ret, size, "%s%%%s", host, name);
	else
		n = snprintf(ret, size, "%s%%%u", host, sin6->sin6_scope_id);
	return n < 0 || (size_t)n >= size ? -ENOSPC : 0;
}

int addr_format(const struct sockaddr_storage *sa, char *ret, size_t size, uint16_t *ret_port)
{
	struct in_addr v4;
	in_port_t port;
	if (sa->ss_family == AF_INET) {
		v4 = as_v4(sa)->sin_addr;
		port = as_v4(sa)->sin_port;
	} else if (sa->ss_family == AF_INET6) {
		port = as_v6(sa)->sin6_port;
		v4 = mapped_v4(&as_v6(sa)->sin6_addr);
	} else {
		return -EAFNOSUPPORT;
	}
	int r = 0;
	if (sa->ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&as_v6(sa)->sin6_addr))
		r = format_v6(as_v6(sa), ret, size);
	else if (!inet_ntop(AF_INET, &v4, ret, (socklen_t)size))
		r = -errno;
	if (r >= 0 && ret_port)
		*ret_port = ntohs(port);
	return r;
}

/* Family, address, scope and port in one form, so that two can be compared byte by byte. */
struct plain {
	struct in6_addr addr;
	uint32_t scope;
	uint16_t port;
};

static bool make_plain(const struct sockaddr_storage *sa, struct plain *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (sa->ss_family == AF_INET) {
		ret->addr.s6_addr[10] = ret->addr.s6_addr[11] = 0xff;
		memcpy(ret->addr.s6_addr + 12, &as_v4(sa)->sin_addr, 4);
		ret->port = as_v4(sa)->sin_port;
		return true;
	}
	if (sa->ss_family != AF_INET6)
		return false;
	ret->addr = as_v6(sa)->sin6_addr;
	ret->scope = as_v6(sa)->sin6_scope_id;
	ret->port = as_v6(sa)->sin6_port;
	return true;
}

bool addr_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b, bool with_port)
{
	struct plain pa, pb;
	if (!make_plain(a, &pa) || !make_plain(b, &pb))
		return false;
	return !memcmp(&pa.addr, &pb.addr, sizeof(pa.addr)) && pa.scope == pb.scope &&
	       (!with_port || pa.port == pb.port);
}

bool addr_is_own_host(const struct sockaddr_storage *sa)
{
	struct plain p;
	if (!make_plain(sa, &p))
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&p.addr))
		return p.addr.s6_addr[12] == 127 || p.addr.s6_addr[12] == 0;
	return IN6_IS_ADDR_LOOPBACK(&p.addr) || IN6_IS_ADDR_UNSPECIFIED(&p.addr);
}

static int listen_on(const struct sockaddr_storage *sa, socklen_t len, int backlog, int v6only)
{
	static const int one = 1;
	AUTO_CLOSE int fd = socket(sa->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return -errno;
	if (sa->ss_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)sa, len) < 0 || listen(fd, backlog) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int listen_tcp(const struct sockaddr_storage *sa, socklen_t len, int backlog)
{
	return listen_on(sa, len, backlog, 1);
}

int listen_tcp_both(const struct sockaddr_storage *sa, socklen_t len, int backlog)
{
	return listen_on(sa, len, backlog, 0);
}

static int unix_addr(const char *path, struct sockaddr_un *ret)
{
	size_t len = strlen(path);
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (len == 0)
		return -EINVAL;
	if (len >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, path, len + 1);
	return 0;
}

int connect_unix(const char *path)
{
	struct sockaddr_un sun;
	int r = unix_addr(path, &sun);
	if (r < 0)
		return r;
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return -errno;
	if (fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* A socket file that nobody listens on; anything else must not be removed. */
static bool is_stale(const char *path)
{
	struct stat st;
	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	AUTO_CLOSE int fd = connect_unix(path);
	return fd == -ECONNREFUSED;
}

/* What the umask has taken away.  Who may rename in that directory may have put a link to another
 * file in its place meanwhile. */
static int set_mode(const char *path, mode_t mode)
{
	struct stat st;
	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if ((st.st_mode & 07777) == mode)
		return 0;
	return fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int listen_unix(const char *path, mode_t mode)
{
	struct sockaddr_un sun;
	int r = unix_addr(path, &sun);
	if (r < 0)
		return r;
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The file is made with the mode of the socket's own inode. */
	if (fd < 0 || fchmod(fd, mode) < 0)
		return -errno;
	r = bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
	if (r == -EADDRINUSE && is_stale(path) && unlink(path) == 0)
		r = bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
	if (r < 0)
		return r;
	r = set_mode(path, mode);
	if (r >= 0 && listen(fd, SOMAXCONN) < 0)
		r = -errno;
	if (r < 0) {
		unlink(path);
		return r;
	}
	return TAKE_FD(fd);
}

int tcp_prepare(int fd)
{
	static const struct {
		int level, option, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 20},
		{IPPROTO_TCP, TCP_KEEPINTVL, 10},
		{IPPROTO_TCP, TCP_KEEPCNT, 4},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, 60 * 1000},
	};
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (setsockopt(fd, options[i].level, options[i].option, &options[i].value,
			    sizeof(options[i].value)) < 0)
			return -errno;
	/* Linux 6.15 can be told to go on sooner after the network was away: without it, a break of
	 * half a minute takes a whole one. */
	static const int rto_max_ms = 2000;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_RTO_MAX_MS, &rto_max_ms, sizeof(rto_max_ms));
	return 0;
}
