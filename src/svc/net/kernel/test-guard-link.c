/* SPDX-License-Identifier: MIT */
/* What the chains of all links say: the node's own address, silence, storms. */
#include "base/test.h"
#include "svc/net/kernel/guard-bridge-fixture.h"

#include <time.h>

/* ---- the node's own address ---------------------------------------------------------------- */

struct own {
	const char *what;
	const char *from, *to; /* NODE or others */
	bool neighbour; /* ARP, or neighbour solicitation, of these */
	bool self; /* claims to be the node */
};

static void own_frame(struct frame *f, const struct own *o, unsigned tags)
{
	struct rtnl_ip from = ip(o->from), to = ip(o->to);
	frame_start(f, mac_z, mac_a, tags);
	if (o->neighbour && from.family == AF_INET) {
		put16(f, ETH_P_ARP);
		put(f, "\0\1\x08\0\6\4\0\1", 8);
		put(f, mac_a, 6);
		put(f, &from.v4, 4);
		put(f, "\0\0\0\0\0", 6);
		put(f, &to.v4, 4);
	} else if (o->neighbour) {
		frame_ip(f, "fd00:9::7", "fd00:9::8", 58);
		put(f, o->self ? "\210\0\0\0\0\0\0\0" : "\207\0\0\0\0\0\0\0", 8);
		put(f, o->self ? &from.v6 : &to.v6, 16);
	} else {
		frame_ip(f, o->from, o->to, 17);
		frame_udp(f, 5, 901, "");
	}
	put(f, TEXT, strlen(TEXT));
	frame_end(f);
}

static void check_own(const char *node, const struct own *table, size_t n)
{
	struct err e = {};
	struct scene s;
	struct frame f;
	scene_start(&s, node);
	for (int guarded = 0; guarded < 3; guarded++) {
		s.link.backplane = guarded == 2;
		if (guarded)
			ok(guard_link_add(s.g, &s.link, &e), &e);
		for (size_t i = 0; i < n; i++)
			for (unsigned tags = 0; tags <= 5; tags++) {
				bool mine =
					!strcmp(table[i].from, node) || !strcmp(table[i].to, node);
				bool open =
					!guarded ||
					(tags < 5 && (!mine || (guarded == 2 && !table[i].self)));
				own_frame(&f, &table[i], tags);
				if (passes(&s, true, &f) != open)
					test_fail(__FILE__, __LINE__, "guarded %d, %u tags: %s",
						guarded, tags, table[i].what);
			}
	}
	scene_end(&s);
}

TEST(nothing_reaches_the_nodes_ipv6_address)
{
	static const struct own table[] = {
		{"to the node", "fd00:9::7", "fd00::1", false, false},
		{"from the node", "fd00::1", "fd00:9::7", false, true},
		{"solicitation", "fd00:9::7", "fd00::1", true, false},
		{"advertisement", "fd00::1", "fd00:9::7", true, true},
		{"others", "fd00:9::7", "fd00:9::8", false, false},
		{"others' solicitation", "fd00:9::7", "fd00:9::8", true, false},
		{"others in IPv4", "10.0.0.7", "10.0.0.8", false, false},
		{"others' ARP", "10.0.0.7", "10.0.0.8", true, false},
	};
	check_own("fd00::1", table, ARRAY_SIZE(table));
}

TEST(nothing_reaches_the_nodes_ipv4_address)
{
	static const struct own table[] = {
		{"to the node", "10.0.0.7", "10.0.0.1", false, false},
		{"from the node", "10.0.0.1", "10.0.0.7", false, true},
		{"who has the node", "10.0.0.7", "10.0.0.1", true, false},
		{"the node is at", "10.0.0.1", "10.0.0.7", true, true},
		{"others", "10.0.0.7", "10.0.0.8", false, false},
		{"others' ARP", "10.0.0.7", "10.0.0.8", true, false},
		{"others in IPv6", "fd00:9::7", "fd00:9::8", false, false},
	};
	check_own("10.0.0.1", table, ARRAY_SIZE(table));
}

TEST(nothing_reaches_the_host_through_a_silent_bridge)
{
	struct err e = {};
	struct scene s;
	struct frame f, to_host;
	scene_start(&s, "fd00::1");
	AUTO_CLOSE int host = packet_socket(s.rh, "br", ETH_P_IPV6);
	for (int silent = 0; silent < 2; silent++) {
		struct guard_link l = {
			.index = index_of(s.rh, "br"), .name = "br", .silent = silent};
		ok(guard_link_add(s.g, &l, &e), &e);
		for (int to_all = 0; to_all < 2; to_all++) {
			const uint8_t *to = to_all ? everybody : mac_br;
			frame_start(&to_host, to, mac_a, 0);
			frame_ip(&to_host, "fd00:9::7", "fd00:9::1", 17);
			frame_udp(&to_host, 5, 901, TEXT);
			frame_end(&to_host);
			CHECK_INT(passes(&s, true, &to_host), to_all);
			CHECK_INT(count(host, NULL), !silent);
		}
		frame_start(&f, mac_z, mac_a, 0);
		put(&f, "\x88\xb5" TEXT, 2 + strlen(TEXT));
		CHECK(passes(&s, true, &f));
	}
	scene_end(&s);
}

TEST(what_a_bridge_leaves_to_its_port_is_not_for_the_host)
{
	struct err e = {};
	struct scene s;
	struct frame f;
	scene_start(&s, "fd00::1");
	AUTO_CLOSE int host = packet_socket(s.rh, "a1", ETH_P_IPV6);
	for (int port = 0; port < 2; port++) {
		s.link.port = port;
		ok(guard_link_add(s.g, &s.link, &e), &e);
		for (uint8_t group = 0; group < 0x12; group++) {
			uint8_t to[] = {1, 0x80, 0xc2, 0, 0, group};
			frame_start(&f, to, mac_a, 0);
			frame_ip(&f, "fd00:9::7", "fd00:9::1", 17);
			frame_udp(&f, 5, 901, TEXT);
			frame_end(&f);
			bool bridged = group == 0 || group > 15;
			CHECK_INT(passes(&s, true, &f), bridged && !(port && group == 0));
			CHECK_INT(count(host, NULL), !bridged && group != 1 && !port);
		}
		uint8_t stp[] = {1, 0x80, 0xc2, 0, 0, 0};
		frame_start(&f, stp, mac_a, 0);
		put16(&f, 3 + (uint16_t)strlen(TEXT));
		put(&f, "\x42\x42\x03" TEXT, 3 + strlen(TEXT));
		CHECK(passes(&s, true, &f));
	}
	scene_end(&s);
}

/* ---- storms -------------------------------------------------------------------------------- */

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

TEST(a_storm_is_limited_and_nothing_else_is)
{
	enum { SENT = 4000 };
	struct err e = {};
	struct scene s;
	struct frame storm, f;
	uint64_t dropped;
	scene_start(&s, "fd00::1");
	int size = 64 << 20;
	CHECK_INT(setsockopt(s.z, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size), 0);
	frame_start(&storm, everybody, mac_a, 0);
	put(&storm, "\x88\xb5" TEXT, 2 + strlen(TEXT));
	frame_start(&f, mac_z, mac_a, 0);
	put(&f, "\x88\xb5" TEXT, 2 + strlen(TEXT));
	s.link.tunnel = true;
	ok(guard_link_add(s.g, &s.link, &e), &e);
	double begin = seconds();
	unsigned n = passing(&s, true, &storm, SENT);
	double most = GUARD_STORM_FRAMES / 5 + GUARD_STORM_FRAMES * (seconds() - begin) + 1;
	CHECK(n >= GUARD_STORM_FRAMES / 5 && n <= most);
	ok(guard_link_dropped(s.g, "a1", &dropped, &e), &e);
	CHECK_INT(dropped, SENT - n);
	for (int i = 0; i < SENT; i += 100)
		CHECK_INT(passing(&s, true, &f, 100), 100);
	ok(guard_link_remove(s.g, "a1", &e), &e);
	for (int i = 0; i < SENT; i += 100)
		CHECK_INT(passing(&s, true, &storm, 100), 100);
	scene_end(&s);
}
