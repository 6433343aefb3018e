/* SPDX-License-Identifier: MIT */
/* Restrictions of a link, with a frame of each kind, in both directions. */
#include "base/test.h"
#include "schema/net.capnp.h"
#include "svc/net/kernel/guard-bridge-fixture.h"

#include <time.h>

#define P(name) (1u << NET_RESTRICTIONS_PROTOCOL_##name)
#define OVER_IP (P(DHCP) | P(ICMP) | P(TCP) | P(UDP) | P(DNS))
#define V4 "10.0.0.7", "10.0.0.8"
#define V6 "fd00:9::7", "fd00:9::8"

enum shape { PLAIN, LATER_FRAGMENT, OPTIONS, TAGGED, TWICE_TAGGED, ARP, OTHER };

struct kind {
	const char *what;
	unsigned allowed_by;
	enum shape shape;
	const char *from, *to;
	uint8_t proto;
	unsigned source, dest; /* ports; source: type of ICMP */
};

static const struct kind kinds[] = {
	{"ARP", P(ARP) | P(IP4) | OVER_IP, ARP, V4, 0, 0, 0},
	{"unknown in IPv4", P(IP4), PLAIN, V4, 99, 0, 0},
	{"unknown in IPv6", P(IP6), PLAIN, V6, 99, 0, 0},
	{"unknown", 0, OTHER, V4, 0, 0, 0},
	{"DHCP discover", P(IP4) | P(UDP) | P(DHCP), PLAIN, "0.0.0.0", "255.255.255.255", 17, 68,
		67},
	{"DHCP offer", P(IP4) | P(UDP) | P(DHCP), PLAIN, V4, 17, 67, 68},
	{"DHCPv6 solicit", P(IP6) | P(UDP) | P(DHCP), PLAIN, "fe80::1", "ff02::1:2", 17, 546, 547},
	{"DHCPv6 reply", P(IP6) | P(UDP) | P(DHCP), PLAIN, V6, 17, 547, 546},
	{"DHCP ports in the other family", P(IP6) | P(UDP), PLAIN, V6, 17, 68, 67},
	{"neighbour solicitation", P(IP6) | OVER_IP, PLAIN, V6, 58, 135, 0},
	{"neighbour advertisement", P(IP6) | OVER_IP, PLAIN, V6, 58, 136, 0},
	{"router solicitation", P(IP6) | P(ICMP) | P(DHCP), PLAIN, V6, 58, 133, 0},
	{"redirect", P(IP6) | P(ICMP), PLAIN, V6, 58, 137, 0},
	{"ping", P(IP4) | P(ICMP), PLAIN, V4, 1, 8, 0},
	{"ping in IPv6", P(IP6) | P(ICMP), PLAIN, V6, 58, 128, 0},
	{"ICMP of the other family", P(IP4), PLAIN, V4, 58, 135, 0},
	{"TCP", P(IP4) | P(TCP), PLAIN, V4, 6, 1000, 80},
	{"TCP in IPv6", P(IP6) | P(TCP), PLAIN, V6, 6, 1000, 80},
	{"TCP after options", P(IP6) | P(TCP), OPTIONS, V6, 6, 1000, 80},
	{"UDP", P(IP4) | P(UDP), PLAIN, V4, 17, 1000, 1000},
	{"UDP in IPv6", P(IP6) | P(UDP), PLAIN, V6, 17, 1000, 1000},
	{"DNS", P(IP4) | P(UDP) | P(DNS), PLAIN, V4, 17, 1000, 53},
	{"answer of DNS", P(IP6) | P(UDP) | P(DNS), PLAIN, V6, 17, 53, 1000},
	{"DNS by TCP", P(IP6) | P(TCP) | P(DNS), PLAIN, V6, 6, 1000, 53},
	{"UDP's rest", P(IP4) | P(UDP) | P(DNS), LATER_FRAGMENT, V4, 17, 1, 1},
	{"UDP's rest in IPv6", P(IP6) | P(UDP) | P(DNS), LATER_FRAGMENT, V6, 17, 1, 1},
	{"rest of something", P(IP4), LATER_FRAGMENT, V4, 99, 1, 1},
	{"tagged", P(VLAN), TAGGED, V4, 17, 1000, 53},
	{"tagged twice", P(VLAN), TWICE_TAGGED, V6, 17, 1000, 53},
};

static void body(struct frame *f, const struct kind *k)
{
	if (k->proto == 17) {
		frame_udp(f, k->source, k->dest, TEXT);
		return;
	}
	if (k->proto == 6) {
		put16(f, k->source);
		put16(f, k->dest);
		put(f, "\0\0\0\0\0\0\0\0\x50\0\0\0\0\0\0\0", 16);
	} else {
		put(f, (uint8_t[]){(uint8_t)k->source, 0, 0, 0, 0, 0, 0, 0}, 8);
		put(f, "0123456789abcdef", 16);
	}
	put(f, TEXT, strlen(TEXT));
}

static void make(struct frame *f, const struct kind *k, const uint8_t *to, const uint8_t *from)
{
	frame_start(f, to, from, k->shape == TAGGED ? 1 : k->shape == TWICE_TAGGED ? 2 : 0);
	if (k->shape == ARP || k->shape == OTHER) {
		put16(f, k->shape == ARP ? ETH_P_ARP : 0x88b5);
		put(f, "\0\1\x08\0\6\4\0\1aaaaaassssbbbbbbtttt" TEXT, 28 + strlen(TEXT));
		return;
	}
	bool fragment = k->shape == LATER_FRAGMENT, v6 = strchr(k->from, ':');
	uint8_t first = fragment ? 44 : k->shape == OPTIONS ? 60 : k->proto;
	frame_ip(f, k->from, k->to, v6 ? first : k->proto);
	if (fragment && v6)
		put(f, (uint8_t[]){k->proto, 0, 1, 0, 0, 0, 0, 7}, 8);
	if (fragment && !v6)
		set16(f, f->ip + 6, 32);
	if (k->shape == OPTIONS)
		put(f, (uint8_t[]){k->proto, 0, 1, 4, 0, 0, 0, 0}, 8);
	f->l4 = f->n;
	body(f, k);
	frame_lengths(f);
}

static bool kind_passes(struct scene *s, const struct kind *k, bool in)
{
	struct frame f;
	make(&f, k, in ? mac_z : mac_a, in ? mac_a : mac_z);
	return passes(s, in, &f);
}

static void restrict_to(struct scene *s, const struct guard_restrictions *list, size_t n)
{
	struct err e = {};
	ok(guard_link_restrict(s->g, "a1", list, n, &e), &e);
}

static void guarded_scene(struct scene *s)
{
	struct err e = {};
	scene_start(s, "fd00::1");
	ok(guard_link_add(s->g, &s->link, &e), &e);
}

TEST(each_protocol_lets_its_frames_through_and_no_others)
{
	struct scene s;
	guarded_scene(&s);
	for (unsigned bit = 0; bit <= 9; bit++) {
		struct guard_restrictions r = {.protocols = bit == 9 ? 0 : 1u << bit};
		restrict_to(&s, &r, 1);
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			for (int in = 0; in < 2; in++) {
				bool open = bit == 9 || (kinds[i].allowed_by & 1u << bit);
				if (kind_passes(&s, &kinds[i], in) != open)
					test_fail(__FILE__, __LINE__,
						"%s with bit %u, in %d: not %d", kinds[i].what, bit,
						in, open);
			}
	}
	scene_end(&s);
}

TEST(all_restrictions_of_a_list_hold_and_are_counted)
{
	struct err e = {};
	struct scene s;
	guarded_scene(&s);
	struct guard_restrictions list[] = {{.protocols = P(IP4)}, {.protocols = P(TCP) | P(UDP)},
		{.protocols = P(IP4) | P(IP6)}};
	unsigned dropped = 0;
	uint64_t n;
	restrict_to(&s, list, ARRAY_SIZE(list));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];
		bool open = (k->allowed_by & P(IP4)) && (k->allowed_by & (P(TCP) | P(UDP))) &&
			    k->shape != ARP;
		if (k->shape == ARP) /* each of these needs it */
			open = true;
		if (kind_passes(&s, k, true) != open)
			test_fail(__FILE__, __LINE__, "%s: not %d", k->what, open);
		dropped += !open;
	}
	ok(guard_link_dropped(s.g, "a1", &n, &e), &e);
	CHECK_INT(n, dropped);
	restrict_to(&s, NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		CHECK(kind_passes(&s, &kinds[i], true));
	scene_end(&s);
}

TEST(only_the_agreed_macs_send_and_are_sent_to)
{
	static const uint8_t another[] = {2, 0, 0, 0, 0, 0xc};
	struct scene s;
	struct frame f;
	guarded_scene(&s);
	struct guard_restrictions r = {.n_macs = 2};
	memcpy(r.macs[0], mac_a, 6);
	memcpy(r.macs[1], mac_b, 6);
	const struct kind *k = &kinds[1];
	for (int on = 0; on < 2; on++) {
		restrict_to(&s, &r, (size_t)on);
		for (unsigned tags = 0; tags < 2; tags++) {
			struct kind it = *k;
			it.shape = tags ? TAGGED : PLAIN;
			make(&f, &it, mac_z, mac_a);
			CHECK(passes(&s, true, &f));
			make(&f, &it, mac_z, another);
			CHECK_INT(passes(&s, true, &f), !on);
			make(&f, &it, mac_a, mac_z);
			CHECK(passes(&s, false, &f));
			make(&f, &it, everybody, mac_z);
			CHECK(passes(&s, false, &f));
			make(&f, &it, (const uint8_t[]){2, 9, 9, 9, 9, 9}, mac_z);
			CHECK_INT(passes(&s, false, &f), !on);
		}
	}
	scene_end(&s);
}

TEST(a_routed_link_has_ip_of_its_addresses_only)
{
	static const struct kind more[] = {
		/* allowed_by: 1 out, 2 in */
		{"of the address", 3, PLAIN, "10.9.0.2", "10.9.0.2", 17, 1, 1},
		{"of another", 0, PLAIN, "10.9.0.3", "10.9.0.3", 17, 1, 1},
		{"in IPv6", 3, PLAIN, "fd09::2", "fd09::2", 17, 1, 1},
		{"of the prefix", 3, PLAIN, "fd0a::7", "fd0a::7", 17, 1, 1},
		{"of another in IPv6", 0, PLAIN, "fd09::3", "fd09::3", 17, 1, 1},
		{"advertisement", 0, PLAIN, "fd09::2", "fd09::2", 58, 136, 1},
		{"redirect", 0, PLAIN, "10.9.0.2", "10.9.0.2", 1, 5, 1},
		{"ping", 3, PLAIN, "10.9.0.2", "10.9.0.2", 1, 8, 1},
		{"ping in IPv6", 3, PLAIN, "fd09::2", "fd09::2", 58, 128, 1},
		{"tagged", 0, TAGGED, "10.9.0.2", "10.9.0.2", 17, 1, 1},
		{"ARP", 0, ARP, V4, 0, 0, 0},
		{"anything", 0, OTHER, V4, 0, 0, 0},
		{"from the address", 2, PLAIN, "10.9.0.2", "10.9.0.9", 17, 1, 1},
		{"to the address", 1, PLAIN, "10.9.0.9", "10.9.0.2", 17, 1, 1},
		{"from the address in IPv6", 2, PLAIN, "fd09::2", "fd09::9", 17, 1, 1},
		{"to the address in IPv6", 1, PLAIN, "fd09::9", "fd09::2", 17, 1, 1},
	};
	struct scene s;
	struct frame f;
	guarded_scene(&s);
	struct guard_restrictions r = {.routed = true, .n_sources = 3};
	CHECK_INT(rtnl_address_parse("10.9.0.2", &r.sources[0]), 0);
	CHECK_INT(rtnl_address_parse("fd09::2", &r.sources[1]), 0);
	CHECK_INT(rtnl_address_parse("fd0a::/64", &r.sources[2]), 0);
	restrict_to(&s, &r, 1);
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		for (int in = 0; in < 2; in++)
			if (kind_passes(&s, &more[i], in) != (more[i].allowed_by >> in & 1))
				test_fail(__FILE__, __LINE__, "%s, in %d", more[i].what, in);
	make(&f, &more[0], everybody, mac_a);
	CHECK(!passes(&s, true, &f));
	r.n_sources = 1; /* none of IPv6 */
	restrict_to(&s, &r, 1);
	CHECK(kind_passes(&s, &more[0], true));
	CHECK(!kind_passes(&s, &more[2], true));
	scene_end(&s);
}

TEST(a_routed_link_reaches_the_networks_it_may)
{
	static const struct kind near = {"", 0, PLAIN, "10.9.0.2", "10.9.0.9", 17, 1, 1};
	static const struct kind far = {"", 0, PLAIN, "10.9.0.2", "10.10.0.9", 17, 1, 1};
	static const struct kind back = {"", 0, PLAIN, "10.10.0.9", "10.9.0.2", 17, 1, 1};
	static const struct kind v6 = {"", 0, PLAIN, "fd09::2", "fd09::9", 17, 1, 1};
	struct scene s;
	guarded_scene(&s);
	struct guard_restrictions r = {.routed = true, .n_sources = 2};
	CHECK_INT(rtnl_address_parse("10.9.0.2", &r.sources[0]), 0);
	CHECK_INT(rtnl_address_parse("fd09::2", &r.sources[1]), 0);
	CHECK_INT(rtnl_address_parse("10.9.0.0/24", &r.reach[0]), 0);
	for (unsigned n = 0; n < 2; n++) {
		r.n_reach = n;
		restrict_to(&s, &r, 1);
		CHECK(kind_passes(&s, &near, true));
		CHECK_INT(kind_passes(&s, &far, true), !n);
		CHECK_INT(kind_passes(&s, &v6, true), !n);
		CHECK(kind_passes(&s, &back, false));
	}
	scene_end(&s);
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

TEST(a_rate_holds_in_each_direction)
{
	enum { SENT = 600, SIZE = 1400, RATE = 10000000, BURST = RATE / 8 / 4 };
	struct scene s;
	struct frame f;
	guarded_scene(&s);
	int space = 16 << 20;
	CHECK_INT(setsockopt(s.z, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof space), 0);
	CHECK_INT(setsockopt(s.a, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof space), 0);
	/* The least of all holds. */
	struct guard_restrictions r[] = {
		{.rate = RATE * 100L}, {}, {.rate = RATE}, {.rate = 2 * RATE}};
	struct err e = {};
	uint64_t dropped;
	for (int in = 0; in < 2; in++) {
		make(&f, &kinds[1], in ? mac_z : mac_a, in ? mac_a : mac_z);
		while (f.n < SIZE)
			put(&f, "", 1);
		frame_lengths(&f);
		restrict_to(&s, NULL, 0);
		for (int i = 0; i < SENT; i += 100)
			CHECK_INT(passing(&s, in, &f, 100), 100);
		restrict_to(&s, r, ARRAY_SIZE(r));
		double begin = seconds();
		unsigned n = passing(&s, in, &f, SENT);
		double most = BURST + RATE / 8 * (seconds() - begin);
		CHECK(n * SIZE >= BURST && (n - 1) * (SIZE - 20) <= most);
		ok(guard_link_dropped(s.g, "a1", &dropped, &e), &e);
		CHECK_INT(dropped, SENT - n);
	}
	scene_end(&s);
}

TEST(the_largest_restrictions_fit)
{
	struct err e = {};
	struct scene s;
	guarded_scene(&s);
	static struct guard_restrictions list[16];
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		list[i] = (struct guard_restrictions){.rate = GUARD_RATE_MAX,
			.protocols = 0x1ff,
			.n_macs = GUARD_MACS_MAX,
			.routed = true,
			.n_sources = 4};
		for (unsigned m = 0; m < GUARD_MACS_MAX; m++)
			memcpy(list[i].macs[m], (uint8_t[]){2, 0, 0, 0, 0, (uint8_t)m}, 6);
		for (unsigned a = 0; a < 4; a++) {
			char text[40];
			snprintf(text, sizeof text, "fd00:1111:2222:3333:4444:5555:6666:777%u", a);
			CHECK_INT(rtnl_address_parse(text, &list[i].sources[a]), 0);
		}
	}
	restrict_to(&s, list, ARRAY_SIZE(list));
	CHECK_INT(guard_link_restrict(s.g, "a1", list, 17, &e), -E2BIG);
	CHECK_INT(guard_link_restrict(s.g, "nowhere", list, 1, &e), -ENOENT);
	CHECK(ruleset_has("egress"));
	scene_end(&s);
}
