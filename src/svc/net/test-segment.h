/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of segments: a host with an interface S, on whose wire another host has W; and ports
 * P0 to P2, veths whose other ends (Q) are where a tunnel's other host would be.
 */
#include "svc/net/net-service.h"
#include "svc/net/segment.h"
#include "svc/net/test-frames.h"

#include <stdio.h>

enum { N_FAR = 3 };

struct world {
	struct net_service service;
	struct place place;
	struct ns host, wire, far[N_FAR];
	struct segment_port port[N_FAR];
	unsigned gone[N_FAR];
	struct segment *segment;
	char *before;
};

__attribute__((unused)) static void on_change(void *user, const struct rtnl_event *event)
{
	struct world *w = user;
	list_for_each_safe (it, &w->place.watchers) {
		struct place_watcher *p = list_entry(it, struct place_watcher, link);
		p->on_event(p->user, event);
	}
}

/* What the kernel told of is heard. */
__attribute__((unused)) static void hear(struct world *w)
{
	struct pollfd p = {.fd = rtnl_watch_fd(w->place.watch), .events = POLLIN};
	while (poll(&p, 1, 0) > 0)
		CHECK_INT(rtnl_watch_process(w->place.watch), 0);
}

/* What a command prints, without what changes by itself. */
__attribute__((unused)) static char *output(const char *command)
{
	static char line[8192];
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size), *f = popen(command, "re");
	CHECK(out && f);
	while (fgets(line, sizeof(line), f))
		fputs(line, out);
	CHECK_INT(pclose(f), 0);
	CHECK_INT(fclose(out), 0);
	return text;
}

/* All that the host's kernel says of links, ports, filters and rules. */
__attribute__((unused)) static char *state(void)
{
	return output("exec 2>/dev/null; ip -d link show | sed 's/ state "
		      "[A-Z]*//;s/,LOWER_UP//;s/,M-DOWN//;"
		      "s/NO-CARRIER,//;s/qdisc [a-z]* //;s/ [gt]so_max.*//;s/_timer *[0-9.]*//g';"
		      " bridge link | sed 's/ state .*//'; bridge fdb | sort | grep -e permanent "
		      "-e static;"
		      " for i in $(ls /proc/self/net/dev_snmp6); do "
		      "tc qdisc show dev $i; tc filter show dev $i ingress; "
		      "tc filter show dev $i egress; done; nft list ruleset");
}

__attribute__((unused)) static void on_gone(void *user, const char *why)
{
	(*(unsigned *)user)++;
	CHECK(why && *why);
}

/* The process is in the host's namespace. Ports are prepared, and S has no address. */
__attribute__((unused)) static void world_new(struct world *w)
{
	struct err e = {};
	*w = (struct world){.wire = ns_new()};
	for (unsigned i = 0; i < N_FAR; i++)
		w->far[i] = ns_new();
	w->host = ns_new();
	pair(&w->host, "S", &w->wire, "W");
	list_init(&w->service.places);
	CHECK_INT(rtnl_ip_parse("fd99::1", &w->service.address), 0);
	strcpy(w->service.address_text, "fd99::1");
	w->place.ns = &w->service;
	w->place.refs = 1;
	w->place.netns = w->host.fd;
	w->place.rtnl = w->host.rtnl;
	list_init(&w->place.link);
	list_init(&w->place.segments);
	list_init(&w->place.watchers);
	ok(guard_new(w->host.fd, "fd99::1", false, &w->place.guard, &e), &e);
	ok(rtnl_watch_new(w->host.fd, on_change, w, &w->place.watch, &e), &e);
}

/* Remembers what is to be the same at the end. */
__attribute__((unused)) static void world_get(struct world *w, const char *name)
{
	struct err e = {};
	w->before = state();
	ok(segment_get(&w->place, name, &w->segment, &e), &e);
}

static const char *const at_host[N_FAR] = {"P0", "P1", "P2"}, *const at_far[N_FAR] = {
								      "Q0", "Q1", "Q2"};

__attribute__((unused)) static int world_try_join(struct world *w, unsigned i, struct err *e)
{
	struct segment_port *p = &w->port[i];
	p->index = iface(&w->host, at_host[i]).index;
	memcpy(p->name, at_host[i], 3);
	p->gone = on_gone;
	p->user = &w->gone[i];
	return segment_join(w->segment, p, e);
}

__attribute__((unused)) static void world_join(struct world *w, unsigned i)
{
	struct err e = {};
	pair(&w->host, at_host[i], &w->far[i], at_far[i]);
	ok(world_try_join(w, i, &e), &e);
}

__attribute__((unused)) static void world_leave(struct world *w, unsigned i)
{
	struct err e = {};
	segment_leave(w->segment, &w->port[i]);
	CHECK_INT(iface(&w->host, at_host[i]).master, 0);
	ok(rtnl_link_delete(w->host.rtnl, w->port[i].index, &e), &e);
}

/* A link that was brought up has a carrier a moment later, and carries nothing before. */
__attribute__((unused)) static void running(const struct ns *s, const char *name)
{
	for (unsigned i = 0; i < FRAME_WAIT_MS; i++) {
		if (iface(s, name).flags & IFF_RUNNING)
			return;
		(void)poll(NULL, 0, 1);
	}
	test_fail(__FILE__, __LINE__, "%s does not run", name);
}

/* All as it was, as the kernel sees it. */
__attribute__((unused)) static void world_unchanged(struct world *w)
{
	AUTO_FREE char *now = state();
	if (strcmp(now, w->before) != 0)
		test_fail(__FILE__, __LINE__, "was:\n%s\nis:\n%s", w->before, now);
}

__attribute__((unused)) static void world_free(struct world *w)
{
	struct err e = {};
	hear(w);
	segment_unref(w->segment);
	CHECK(list_empty(&w->place.segments) && list_empty(&w->place.watchers));
	CHECK_INT(w->place.refs, 1);
	ok(guard_clear(w->place.guard, &e), &e);
	guard_free(w->place.guard);
	rtnl_watch_free(w->place.watch);
	free(w->before);
	for (unsigned i = 0; i < N_FAR; i++)
		ns_free(&w->far[i]);
	ns_free(&w->host);
	ns_free(&w->wire);
}

/* ---- traffic of real hosts ------------------------------------------------------------------- */

__attribute__((unused)) static int socket_in(struct world *w, const struct ns *in, int family)
{
	ns_enter(in);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ns_enter(&w->host);
	CHECK(fd >= 0);
	return fd;
}

/* Sends so many bytes one way, and looks whether they are the same ones. */
__attribute__((unused)) static void transfer(int from, int to, size_t size)
{
	static uint8_t out[65536], in[65536];
	size_t sent = 0, got = 0;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 7 + (i >> 8));
	while (got < size) {
		struct pollfd p[2] = {{.fd = from, .events = sent < size ? POLLOUT : 0},
			{.fd = to, .events = POLLIN}};
		if (poll(p, 2, FRAME_WAIT_MS) <= 0)
			test_fail(__FILE__, __LINE__, "%zu of %zu bytes came", got, size);
		if (p[0].revents & POLLOUT) {
			size_t at = sent % sizeof(out);
			ssize_t n = send(
				from, out + at, MIN(sizeof(out) - at, size - sent), MSG_NOSIGNAL);
			CHECK(n > 0 || errno == EAGAIN);
			sent += n > 0 ? (size_t)n : 0;
		}
		if (p[1].revents & POLLIN) {
			size_t at = got % sizeof(in);
			ssize_t n = recv(to, in, sizeof(in) - at, 0);
			CHECK(n > 0 && !memcmp(in, out + at, (size_t)n));
			got += (size_t)n;
		}
	}
}

/* A connection to that address of b, from a, and bytes both ways. */
__attribute__((unused)) static void talk(
	struct world *w, const struct ns *a, const struct ns *b, const char *text, size_t size)
{
	struct rtnl_ip ip;
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	CHECK_INT(rtnl_ip_parse(text, &ip), 0);
	struct sockaddr *at = ip.family == AF_INET ? (void *)&four : (void *)&six;
	socklen_t n = ip.family == AF_INET ? sizeof(four) : sizeof(six);
	four.sin_addr = ip.v4;
	six.sin6_addr = ip.v6;
	int l = socket_in(w, b, ip.family), c = socket_in(w, a, ip.family);
	CHECK_INT(bind(l, at, n), 0);
	CHECK_INT(listen(l, 1), 0);
	CHECK_INT(getsockname(l, at, &n), 0);
	CHECK(connect(c, at, n) == 0 || errno == EINPROGRESS);
	struct pollfd p = {.fd = l, .events = POLLIN};
	if (poll(&p, 1, FRAME_WAIT_MS) <= 0)
		test_fail(__FILE__, __LINE__, "no connection to %s", text);
	int s = accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	CHECK(s >= 0);
	transfer(c, s, size);
	transfer(s, c, size);
	close(l);
	close(c);
	close(s);
}
