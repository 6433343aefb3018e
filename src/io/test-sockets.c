/* SPDX-License-Identifier: MIT */
#include "io/sockets.h"
#include "base/test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>

static void round_trip(const char *text, const char *want, int family)
{
	struct sockaddr_storage sa;
	socklen_t len;
	char out[80];
	uint16_t port;
	CHECK_INT(addr_parse(text, 901, &sa, &len), 0);
	CHECK_INT(sa.ss_family, family);
	CHECK_INT(
		len, family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	CHECK_INT(addr_format(&sa, out, sizeof(out), &port), 0);
	CHECK_STR(out, want);
	CHECK_INT(port, 901);
	CHECK_INT(addr_format(&sa, out, sizeof(out), NULL), 0);
	CHECK_INT(addr_format(&sa, out, 3, NULL), -ENOSPC);
}

TEST(addresses_are_read_and_written)
{
	round_trip("10.1.2.3", "10.1.2.3", AF_INET);
	round_trip("fd00::1", "fd00::1", AF_INET6);
	round_trip("FD00:0:0::0:1", "fd00::1", AF_INET6);
	round_trip("::ffff:10.0.0.1", "10.0.0.1", AF_INET);
	round_trip("fe80::1%lo", "fe80::1%lo", AF_INET6);
	round_trip("fe80::1%1", "fe80::1%lo", AF_INET6);
	round_trip("fe80::1%999999", "fe80::1%999999", AF_INET6);
}

TEST(what_is_no_address_is_refused)
{
	static const char *const bad[] = {"", "[fd00::1]", "localhost", "1.2.3", "1.2.3.4.5",
		"fd00::1%", "fd00::1%nosuchlink", "fd00::1%-1", "fd00::1 ", ":::", "%lo",
		"10.0.0.1%lo", "fd00:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"};
	struct sockaddr_storage sa;
	socklen_t len;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_INT(addr_parse(bad[i], 1, &sa, &len), -EINVAL);
}

static struct sockaddr_storage parse(const char *text, uint16_t port)
{
	struct sockaddr_storage sa;
	socklen_t len;
	CHECK_INT(addr_parse(text, port, &sa, &len), 0);
	return sa;
}

TEST(addresses_are_compared_by_meaning)
{
	struct sockaddr_storage a = parse("10.0.0.1", 1), b = parse("10.0.0.1", 2), mapped = {0};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(1)};
	memcpy(&in6.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1", 16);
	memcpy(&mapped, &in6, sizeof(in6));
	CHECK(addr_equal(&a, &b, false));
	CHECK(!addr_equal(&a, &b, true));
	CHECK(addr_equal(&a, &mapped, true));
	struct sockaddr_storage c = parse("fe80::1%1", 1), d = parse("fe80::1", 1);
	CHECK(!addr_equal(&c, &d, false));
	CHECK(addr_equal(&c, &c, true));
	struct sockaddr_storage none = {.ss_family = AF_UNIX};
	CHECK(!addr_equal(&none, &none, false));
}

static char dir[] = "/tmp/metac-sockets-XXXXXX";
static char path[64];

static void make_dir(void)
{
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
}

static void drop_dir(void)
{
	unlink(path);
	CHECK_INT(rmdir(dir), 0);
}

TEST(unix_socket_has_its_mode_and_replaces_a_stale_one)
{
	make_dir();
	umask(0077);
	int fd = listen_unix(path, 0666);
	struct stat st;
	CHECK(fd >= 0 && stat(path, &st) == 0);
	CHECK_INT(st.st_mode & 07777, 0666);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	int c = connect_unix(path);
	CHECK(c >= 0 && (fcntl(c, F_GETFL) & O_NONBLOCK));
	close(c);
	CHECK_INT(listen_unix(path, 0600), -EADDRINUSE);
	close(fd);
	CHECK_INT(connect_unix(path), -ECONNREFUSED);
	fd = listen_unix(path, 0600);
	CHECK(fd >= 0 && stat(path, &st) == 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	close(fd);
	drop_dir();
}

TEST(file_that_is_no_socket_is_left_alone)
{
	make_dir();
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	CHECK_INT(listen_unix(path, 0600), -EADDRINUSE);
	CHECK_INT(access(path, F_OK), 0);
	unlink(path);
	CHECK_INT(symlink("/etc/passwd", path), 0);
	CHECK_INT(listen_unix(path, 0600), -EADDRINUSE);
	CHECK_INT(connect_unix("/nonexistent/socket"), -ENOENT);
	drop_dir();
}

TEST(long_path_is_an_error)
{
	char s[200];
	memset(s, 'a', sizeof(s));
	s[sizeof(s) - 1] = '\0';
	CHECK_INT(listen_unix(s, 0600), -ENAMETOOLONG);
	CHECK_INT(connect_unix(s), -ENAMETOOLONG);
	CHECK_INT(connect_unix(""), -EINVAL);
}

TEST(tcp_listener_takes_one_address_only)
{
	struct sockaddr_storage sa = parse("127.0.0.1", 0);
	socklen_t len = sizeof(sa);
	int fd = listen_tcp(&sa, sizeof(struct sockaddr_in), 4);
	CHECK(fd >= 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	CHECK_INT(listen_tcp(&sa, sizeof(struct sockaddr_in), 4), -EADDRINUSE);
	close(fd);
	sa = parse("192.0.2.1", 0); /* an address for documentation */
	CHECK_INT(listen_tcp(&sa, sizeof(struct sockaddr_in), 4), -EADDRNOTAVAIL);
}

TEST(addresses_that_lead_to_oneself)
{
	static const struct {
		const char *text;
		bool own;
	} cases[] = {{"127.0.0.1", true}, {"127.9.9.9", true}, {"0.0.0.0", true}, {"::1", true},
		{"::", true}, {"::ffff:127.0.0.1", true}, {"::ffff:0.0.0.0", true},
		{"10.0.0.1", false}, {"128.0.0.1", false}, {"fd00::1", false},
		{"::ffff:10.0.0.1", false}};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sockaddr_storage sa;
		socklen_t len;
		CHECK_INT(addr_parse(cases[i].text, 1, &sa, &len), 0);
		if (addr_is_own_host(&sa) != cases[i].own)
			test_fail(__FILE__, __LINE__, "%s", cases[i].text);
	}
}
