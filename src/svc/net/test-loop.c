/* SPDX-License-Identifier: MIT */
/*
 * Two bridges in one namespace, joined by pairs of links: "a0"-"b0" and so on; the ports of "a" are
 * watched, and guarded as those of tunnels are, so that a storm is bounded.
 */
#include "svc/net/loop.h"
#include "base/test.h"
#include "loop/link.h"
#include "svc/net/loop-frame.h"
#include "svc/net/net-service.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <time.h>

enum { LONG_US = 60 * 1000 * 1000 };

struct fixture {
	struct loop loop;
	struct net_service ns;
	struct place place;
	struct loop_port ports[3];
	unsigned n_blocked, n_opened;
	bool changed;
};

static void ok(int r, const struct err *e)
{
	if (r < 0)
		test_fail(__FILE__, __LINE__, "%d: %s", r, e->msg);
}

static int index_of(struct fixture *f, const char *name)
{
	struct rtnl_link l;
	struct err e = {};
	ok(rtnl_link_by_name(f->place.rtnl, name, &l, &e), &e);
	return l.index;
}

static void on_block(void *user, bool blocked)
{
	struct fixture *f = user;
	f->n_blocked += blocked;
	f->n_opened += !blocked;
	f->changed = true;
}

static void make_port(struct fixture *f, const char *name, const char *bridge)
{
	struct err e = {};
	struct rtnl_change c = {.what = RTNL_SET_MASTER | RTNL_SET_UP | RTNL_SET_NO_IP6_LL,
		.master = index_of(f, bridge),
		.up = true};
	ok(rtnl_link_set(f->place.rtnl, index_of(f, name), &c, &e), &e);
}

/* As the end of a tunnel. */
static void guard(struct fixture *f, const char *name)
{
	struct err e = {};
	struct guard_link g = {.index = index_of(f, name), .name = name, .tunnel = true};
	ok(guard_link_add(f->place.guard, &g, &e), &e);
}

static void join(struct fixture *f, int i)
{
	char a[IFNAMSIZ], b[IFNAMSIZ];
	struct err e = {};
	(void)snprintf(a, sizeof(a), "a%d", i);
	(void)snprintf(b, sizeof(b), "b%d", i);
	ok(rtnl_veth_add(f->place.rtnl, a, b, NULL, NULL, -EBADF, &e), &e);
	make_port(f, a, "a");
	make_port(f, b, "b");
	guard(f, a);
	guard(f, b);
	f->ports[i] = (struct loop_port){.index = index_of(f, a), .on_block = on_block, .user = f};
	ok(loop_add(&f->place, &f->ports[i], &e), &e);
}

static struct fixture *fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = {};
	if (unshare(CLONE_NEWNET) < 0)
		test_skip("may not make a network namespace");
	CHECK(f && loop_init(&f->loop) >= 0);
	f->ns.streams.loop = &f->loop;
	f->place.ns = &f->ns;
	f->place.netns = -EBADF;
	list_init(&f->ns.places);
	list_append(&f->ns.places, &f->place.link);
	ok(rtnl_new(-EBADF, &f->place.rtnl, &e), &e);
	ok(guard_new(-EBADF, "fd00::1", true, &f->place.guard, &e), &e);
	ok(rtnl_bridge_add(f->place.rtnl, "a", NULL, &e), &e);
	struct guard_link g = {.index = index_of(f, "a"), .name = "a", .silent = true};
	ok(guard_link_add(f->place.guard, &g, &e), &e);
	ok(rtnl_bridge_add(f->place.rtnl, "b", NULL, &e), &e);
	return f;
}

static void fixture_free(struct fixture *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->ports); i++)
		loop_remove(&f->ports[i]);
	CHECK(!f->place.loops);
	guard_free(f->place.guard);
	rtnl_free(f->place.rtnl);
	loop_done(&f->loop);
	free(f);
}

static void wait_for_change(struct fixture *f)
{
	f->changed = false;
	CHECK_INT(loop_wait(&f->loop, &f->changed, LONG_US), 0);
}

/* Runs until a port has sent some frames more, which is when a loop would have been found. */
static void let_it_look(struct fixture *f)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	uint64_t end = ((uint64_t)t.tv_sec + 1) * 1000000 + (uint64_t)t.tv_nsec / 1000, now = 0;
	while (now < end) {
		CHECK(sd_event_run(f->loop.event, 100000) >= 0);
		clock_gettime(CLOCK_MONOTONIC, &t);
		now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
	}
}

/* Does a frame of "a" reach "b"? Once. */
static void check_traffic(struct fixture *f)
{
	uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb6};
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x88b6));
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(0x88b6)};
	CHECK(s >= 0);
	to.sll_ifindex = index_of(f, "b");
	CHECK_INT(bind(s, (struct sockaddr *)&to, sizeof(to)), 0);
	to.sll_ifindex = index_of(f, "a");
	CHECK_INT(sendto(s, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)),
		sizeof(frame));
	struct pollfd p = {.fd = s, .events = POLLIN};
	CHECK_INT(poll(&p, 1, 10000), 1);
	CHECK_INT(recv(s, frame, sizeof(frame), 0), sizeof(frame));
	CHECK_INT(poll(&p, 1, 100), 0);
	close(s);
}

TEST(without_a_loop_nothing_is_blocked)
{
	struct fixture *f = fixture_new();
	join(f, 0);
	let_it_look(f);
	CHECK_INT(f->n_blocked, 0);
	check_traffic(f);
	fixture_free(f);
}

TEST(the_newest_port_is_blocked_until_the_loop_has_gone)
{
	struct fixture *f = fixture_new();
	struct err e = {};
	join(f, 0);
	join(f, 1);
	wait_for_change(f);
	CHECK(loop_is_blocked(&f->ports[1]) && !loop_is_blocked(&f->ports[0]));
	let_it_look(f);
	CHECK_INT(f->n_blocked, 1);
	CHECK_INT(f->n_opened, 0);
	check_traffic(f);
	join(f, 2); /* one more: only that */
	wait_for_change(f);
	CHECK(loop_is_blocked(&f->ports[1]) && loop_is_blocked(&f->ports[2]));
	CHECK(!loop_is_blocked(&f->ports[0]));
	check_traffic(f);
	ok(rtnl_link_delete(f->place.rtnl, f->ports[0].index, &e), &e);
	loop_remove(&f->ports[0]);
	wait_for_change(f);
	CHECK_INT(f->n_opened, 1);
	let_it_look(f);
	CHECK(loop_is_blocked(&f->ports[1]) != loop_is_blocked(&f->ports[2]));
	check_traffic(f);
	fixture_free(f);
}

TEST(a_port_that_was_asked_for_by_others_waits_for_them)
{
	struct fixture *f = fixture_new();
	join(f, 0);
	join(f, 1);
	f->ports[0].passive = f->ports[1].passive = true;
	wait_for_change(f);
	CHECK(loop_is_blocked(&f->ports[1]));
	fixture_free(f);
}

TEST(a_loop_that_comes_later_is_found)
{
	struct fixture *f = fixture_new();
	struct err e = {};
	join(f, 0);
	let_it_look(f);
	ok(rtnl_veth_add(f->place.rtnl, "c0", "c1", NULL, NULL, -EBADF, &e), &e);
	guard(f, "c0");
	guard(f, "c1");
	make_port(f, "c0", "a");
	make_port(f, "c1", "b"); /* not by us */
	wait_for_change(f);
	CHECK(loop_is_blocked(&f->ports[0]));
	check_traffic(f);
	fixture_free(f);
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

enum sent_back { CHANGED, REPEATED, AS_IT_WAS };

/* Somebody behind "b" sends port 0's frames back for a second, or until he is believed. */
static void send_back(struct fixture *f, enum sent_back how)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(LOOP_ETHERTYPE)};
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	uint8_t frame[LOOP_FRAME_SIZE], first[LOOP_FRAME_SIZE];
	unsigned n_seen = 0, n_sent = 0;
	CHECK(s >= 0);
	at.sll_ifindex = index_of(f, "b");
	CHECK_INT(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
	at.sll_ifindex = index_of(f, "b0");
	for (uint64_t end = now_ms() + 1000; now_ms() < end && !f->changed;) {
		CHECK(sd_event_run(f->loop.event, 5000) >= 0);
		bool got = recv(s, frame, sizeof(frame), 0) == sizeof(frame);
		if (got && !n_seen++)
			memcpy(first, frame, sizeof(first));
		if (how == REPEATED)
			memcpy(frame, first, sizeof(frame));
		if (!n_seen || (how != REPEATED && !got))
			continue;
		frame[35] ^= how == CHANGED; /* when it was sent */
		n_sent += sendto(s, frame, sizeof(frame), 0, (struct sockaddr *)&at, sizeof(at)) ==
			  sizeof(frame);
	}
	CHECK(n_sent >= 3);
	close(s);
}

TEST(nobody_else_makes_up_a_loop)
{
	for (enum sent_back how = CHANGED; how <= AS_IT_WAS; how++) {
		struct fixture *f = fixture_new();
		join(f, 0);
		send_back(f, how);
		CHECK_INT(loop_is_blocked(&f->ports[0]), how == AS_IT_WAS);
		fixture_free(f);
	}
}

static void remove_all(void *user, bool blocked)
{
	struct fixture *f = user;
	loop_remove(&f->ports[0]);
	loop_remove(&f->ports[1]);
	f->changed = true;
}

TEST(who_hears_of_a_loop_may_remove_all_ports)
{
	struct fixture *f = fixture_new();
	join(f, 0);
	join(f, 1);
	f->ports[0].on_block = f->ports[1].on_block = remove_all;
	wait_for_change(f);
	CHECK(!f->place.loops);
	fixture_free(f);
}
