/* SPDX-License-Identifier: MIT */
/* See net.h. */
#include "net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum { SAMPLES_MAX = 1 << 20, BACKLOG = 4096 };

void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static socklen_t parse(const char *address, struct sockaddr_storage *ret)
{
	*ret = (struct sockaddr_storage){};
	if (*address == '/') {
		struct sockaddr_un *un = (struct sockaddr_un *)ret;
		if (strlen(address) >= sizeof(un->sun_path))
			die(address);
		un->sun_family = AF_UNIX;
		strcpy(un->sun_path, address);
		return sizeof(*un);
	}
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	char host[64] = "";
	const char *colon = strrchr(address, ':');
	if (!colon || (size_t)(colon - address) >= sizeof(host))
		die(address);
	memcpy(host, address, (size_t)(colon - address));
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
		die(address);
	return sizeof(*in);
}

/* Fails on a Unix socket, which does not matter. */
static void no_delay(int fd)
{
	int one = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

int net_listen(const char *address)
{
	struct sockaddr_storage sa;
	socklen_t len = parse(address, &sa);
	int one = 1, fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (*address == '/')
		(void)unlink(address);
	if (bind(fd, (struct sockaddr *)&sa, len) < 0 || listen(fd, BACKLOG) < 0)
		die(address);
	return fd;
}

int net_dial(const char *address)
{
	struct sockaddr_storage sa;
	socklen_t len = parse(address, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, len) < 0)
		die(address);
	no_delay(fd);
	return fd;
}

int net_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		die("accept");
	no_delay(fd);
	return fd;
}

void net_read(int fd, void *buf, size_t n)
{
	for (char *p = buf; n;) {
		ssize_t r = read(fd, p, n);
		if (r <= 0)
			die("read");
		p += r;
		n -= (size_t)r;
	}
}

void net_write(int fd, const void *buf, size_t n)
{
	for (const char *p = buf; n;) {
		ssize_t r = write(fd, p, n);
		if (r <= 0)
			die("write");
		p += r;
		n -= (size_t)r;
	}
}

double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

uint64_t next_random(void)
{
	static uint64_t s = UINT64_C(88172645463325252);
	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return s;
}

void samples_init(struct samples *s)
{
	*s = (struct samples){.us = malloc(SAMPLES_MAX * sizeof(float))};
	if (!s->us)
		die("samples");
}

void samples_add(struct samples *s, double seconds)
{
	if (s->n < SAMPLES_MAX)
		s->us[s->n++] = (float)(seconds * 1e6);
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return x < y ? -1 : x > y;
}

double samples_at(struct samples *s, double share)
{
	if (!s->n)
		return 0;
	qsort(s->us, s->n, sizeof(float), by_value);
	size_t i = (size_t)((double)s->n * share);
	return (double)s->us[MIN(i, s->n - 1)];
}
