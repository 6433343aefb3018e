/* SPDX-License-Identifier: MIT */
#include "loop/link.h"
#include "base/test.h"

#include <netinet/in.h>

struct outcome {
	bool done;
	int calls, fd;
	struct dial *free_me;
};

static void on_done(void *user, int fd)
{
	struct outcome *o = user;
	o->done = true;
	o->calls++;
	o->fd = fd;
	dial_free(TAKE_PTR(o->free_me));
}

static struct sockaddr_storage parse(const char *text, uint16_t port)
{
	struct sockaddr_storage sa;
	socklen_t len;
	CHECK_INT(addr_parse(text, port, &sa, &len), 0);
	return sa;
}

static struct sockaddr_storage listening(const char *text, int backlog, int *ret_fd)
{
	struct sockaddr_storage sa = parse(text, 0);
	socklen_t len = sizeof(sa);
	*ret_fd = listen_tcp(&sa,
		sa.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
		backlog);
	if (*ret_fd < 0)
		test_skip("cannot listen on %s: %s", text, strerror(-*ret_fd));
	CHECK_INT(getsockname(*ret_fd, (struct sockaddr *)&sa, &len), 0);
	return sa;
}

static int dial(const struct sockaddr_storage *local, const struct sockaddr_storage *to,
	uint64_t timeout_us)
{
	struct loop l = {0};
	struct outcome o = {0};
	socklen_t len =
		to->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	CHECK_INT(sd_event_new(&l.event), 0);
	CHECK_INT(dial_new(&l, local, to, len, timeout_us, on_done, &o, &o.free_me), 0);
	CHECK(!o.done);
	CHECK_INT(loop_wait(&l, &o.done, 20000000), 0);
	CHECK_INT(o.calls, 1);
	sd_event_unref(l.event);
	return o.fd;
}

static void connects(const char *address)
{
	int listener;
	struct sockaddr_storage to = listening(address, 4, &listener), local = parse(address, 0);
	int fd = dial(NULL, &to, 0);
	CHECK(fd >= 0);
	close(fd);
	fd = dial(&local, &to, 5000000);
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	CHECK(fd >= 0 && getsockname(fd, (struct sockaddr *)&from, &len) == 0);
	CHECK(addr_equal(&from, &local, false));
	close(fd);
	close(listener);
}

TEST(connects_over_ipv4)
{
	connects("127.0.0.1");
}

TEST(connects_over_ipv6)
{
	connects("::1");
}

TEST(refusal_is_told)
{
	int listener;
	struct sockaddr_storage to = listening("127.0.0.1", 4, &listener);
	close(listener);
	CHECK_INT(dial(NULL, &to, 0), -ECONNREFUSED);
}

TEST(what_fails_at_once_is_told_later)
{
	struct sockaddr_storage to = parse("127.0.0.1", 1), local = parse("192.0.2.1", 0);
	CHECK_INT(dial(&local, &to, 0), -EADDRNOTAVAIL);
	local = parse("::1", 0);
	CHECK_INT(dial(&local, &to, 0), -EAFNOSUPPORT);
}

/* A listener that takes nobody more answers no SYN. */
TEST(silence_times_out)
{
	int listener, held[2];
	struct sockaddr_storage to = listening("127.0.0.1", 0, &listener);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		held[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(held[i], (struct sockaddr *)&to, sizeof(struct sockaddr_in));
	}
	CHECK_INT(dial(NULL, &to, 200000), -ETIMEDOUT);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		close(held[i]);
	close(listener);
}

TEST(freed_dial_tells_nothing)
{
	struct loop l = {0};
	struct outcome o = {0};
	struct dial *d;
	int listener;
	struct sockaddr_storage to = listening("127.0.0.1", 4, &listener);
	CHECK_INT(sd_event_new(&l.event), 0);
	CHECK_INT(dial_new(&l, NULL, &to, sizeof(struct sockaddr_in), 0, on_done, &o, &d), 0);
	dial_free(d);
	CHECK_INT(loop_wait(&l, &o.done, 50000), -ETIMEDOUT);
	CHECK_INT(o.calls, 0);
	sd_event_unref(l.event);
	close(listener);
}
