/* SPDX-License-Identifier: MIT */
#include "io/address.h"
#include "base/test.h"
#include "io/io.h"

#include <fcntl.h>
#include <netinet/in.h>

static void round_trip(const char *text, enum address_kind kind)
{
	struct address a;
	char out[160];
	CHECK_INT(address_parse(text, &a), 0);
	CHECK_INT(a.kind, kind);
	CHECK_INT(address_format(&a.sa, a.len, out, sizeof(out)), 0);
	CHECK_STR(out, text);
	CHECK_INT(address_format(&a.sa, a.len, out, strlen(text)), -ENOSPC);
}

TEST(addresses_are_read_and_written)
{
	round_trip("unix:/run/x", ADDRESS_UNIX);
	round_trip("unix:relative:with:colons", ADDRESS_UNIX);
	round_trip("unix:@abstract", ADDRESS_UNIX);
	round_trip("192.0.2.1:80", ADDRESS_NUMERIC);
	round_trip("[2001:db8::1]:65535", ADDRESS_NUMERIC);
	round_trip("[::]:0", ADDRESS_NUMERIC);
}

TEST(names_are_left_to_the_resolver)
{
	struct address a;
	CHECK_INT(address_parse("localhost:http", &a), 0);
	CHECK_INT(a.kind, ADDRESS_NAME);
	CHECK_STR(a.host, "localhost");
	CHECK_STR(a.service, "http");
	CHECK_INT(address_parse("host.example:99999", &a), 0); /* refused when resolved */
	CHECK_INT(a.kind, ADDRESS_NAME);
}

TEST(what_is_no_address_is_refused)
{
	static const char *const bad[] = {"", "unix:", "unix:@", ":80", "localhost",
		"localhost:", "::1:80", "fd00::1", "[::1]", "[::1]80", "[]:80", "[host]:80",
		"*:http", "[::1:80"};
	struct address a;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_INT(address_parse(bad[i], &a), -EINVAL);
	char longest[400];
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "unix:", 5);
	memcpy(longest + 390, ":1", 3);
	CHECK_INT(address_parse(longest, &a), -ENAMETOOLONG);
	CHECK_INT(address_parse(longest + 5, &a), -ENAMETOOLONG);
}

static int connect_to(const char *text, int *ret_kind)
{
	struct address a;
	CHECK_INT(address_parse(text, &a), 0);
	return address_connect(&a, ret_kind);
}

static void listens_and_connects(const char *text, int want)
{
	struct address a;
	char where[160];
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);
	int kind;
	CHECK_INT(address_parse(text, &a), 0);
	int l = address_listen(&a, 0600, 8);
	if (l == -EADDRNOTAVAIL || l == -EAFNOSUPPORT)
		test_skip("no such addresses here");
	CHECK(l >= 0);
	CHECK(fcntl(l, F_GETFD) & FD_CLOEXEC && fcntl(l, F_GETFL) & O_NONBLOCK);
	CHECK_INT(getsockname(l, (struct sockaddr *)&sa, &len), 0);
	CHECK_INT(address_format(&sa, len, where, sizeof(where)), 0);
	if (a.any) {
		char *colon = strrchr(where, ':');
		char port[16];
		snprintf(port, sizeof(port), "%s", colon);
		snprintf(where, sizeof(where), "127.0.0.1%s", port);
	}
	int fd = connect_to(where, &kind);
	CHECK(fd >= 0);
	CHECK_INT(kind, want);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC && !(fcntl(fd, F_GETFL) & O_NONBLOCK));
	close(fd);
	close(l);
}

TEST(listens_and_connects_by_path)
{
	char text[64];
	snprintf(text, sizeof(text), "unix:/tmp/test-address.%d", (int)getpid());
	listens_and_connects(text, IO_UNIX);
	CHECK_INT(unlink(text + 5), 0);
}

TEST(listens_and_connects_by_abstract_name)
{
	char text[64];
	snprintf(text, sizeof(text), "unix:@test-address.%d", (int)getpid());
	listens_and_connects(text, IO_UNIX);
}

TEST(listens_and_connects_over_ipv4)
{
	listens_and_connects("127.0.0.1:0", IO_TCP);
}

TEST(listens_and_connects_over_ipv6)
{
	listens_and_connects("[::1]:0", IO_TCP);
}

TEST(star_is_every_address_of_the_machine)
{
	listens_and_connects("*:0", IO_TCP);
}

TEST(name_leads_to_the_address_that_answers)
{
	struct address a;
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);
	char where[64];
	int kind;
	CHECK_INT(address_parse("127.0.0.1:0", &a), 0);
	int l = address_listen(&a, 0, 8);
	CHECK(l >= 0 && getsockname(l, (struct sockaddr *)&sa, &len) == 0);
	/* It may have an IPv6 address too, where nobody listens. */
	snprintf(where, sizeof(where), "localhost:%u",
		ntohs(((struct sockaddr_in *)(void *)&sa)->sin_port));
	int fd = connect_to(where, &kind);
	if (fd == -EHOSTUNREACH)
		test_skip("localhost is not resolved here");
	CHECK(fd >= 0);
	close(l);
	CHECK_INT(connect_to(where, &kind), -ECONNREFUSED);
	close(fd);
}

TEST(nobody_at_a_unix_socket_is_told_at_once)
{
	int kind;
	CHECK_INT(connect_to("unix:/nonexistent/socket", &kind), -ENOENT);
	CHECK_INT(connect_to("unix:@nobody-listens-here", &kind), -ECONNREFUSED);
	CHECK_INT(connect_to("*:80", &kind), -EINVAL);
}
