/* SPDX-License-Identifier: MIT */
/* A splice between three namespaces: the host, the wire, and what is behind the leg. */
#include "svc/net/splice.h"
#include "svc/net/test-frames.h"

#define OWNER "metac test"

/* host has S (wire: W) and the leg X (its peer Y in the third). */
struct world {
	struct ns host, wire, far;
	int at_host, at_wire, at_far;
	struct splice *splice;
	uint8_t mac[6]; /* of S */
	uint32_t id;
};

static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t wire_mac[6] = {2, 0, 0, 0, 0, 1}, far_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 3};

static struct splice_config config(struct world *w)
{
	struct rtnl_link s = iface(&w->host, "S"), x = iface(&w->host, "X");
	struct splice_config c = {.iface = s.index, .leg = x.index, .mtu = s.mtu, .owner = OWNER};
	memcpy(c.mac, s.mac, 6);
	memcpy(w->mac, s.mac, 6);
	return c;
}

static void start(struct world *w)
{
	struct err e = {};
	*w = (struct world){.wire = ns_new(), .far = ns_new(), .host = ns_new()};
	pair(&w->host, "S", &w->wire, "W");
	pair(&w->host, "X", &w->far, "Y");
	w->at_host = tap(&w->host, &w->host, "S");
	w->at_wire = tap(&w->wire, &w->host, "W");
	w->at_far = tap(&w->far, &w->host, "Y");
	struct splice_config c = config(w);
	ok(splice_new(w->host.rtnl, &c, &w->splice, &e), &e);
}

static void stop(struct world *w)
{
	struct rtnl_filter f;
	struct err e = {};
	int s = iface(&w->host, "S").index;
	splice_free(w->splice);
	CHECK_INT(rtnl_filter_list(w->host.rtnl, s, true, &f, 1, &e), 0);
	CHECK_INT(rtnl_filter_list(w->host.rtnl, s, false, &f, 1, &e), 0);
	close(w->at_host);
	close(w->at_wire);
	close(w->at_far);
	ns_free(&w->host);
	ns_free(&w->wire);
	ns_free(&w->far);
}

static struct frame frame(struct world *w, const uint8_t *to, const uint8_t *from)
{
	struct frame f = {.size = 46, .id = ++w->id};
	memcpy(f.to, to, 6);
	memcpy(f.from, from, 6);
	return f;
}

/* Each has spoken once, so all places are known; nothing is underway. */
static void acquaint(struct world *w)
{
	struct frame f = frame(w, broadcast, wire_mac);
	CHECK_INT(frame_send(w->at_wire, &f), 0);
	EXPECT(w->at_host, &f);
	EXPECT(w->at_far, &f);
	f = frame(w, broadcast, far_mac);
	CHECK_INT(frame_send(w->at_far, &f), 0);
	EXPECT(w->at_host, &f);
	EXPECT(w->at_wire, &f);
	f = frame(w, broadcast, w->mac);
	CHECK_INT(frame_send(w->at_host, &f), 0);
	EXPECT(w->at_far, &f);
	EXPECT(w->at_wire, &f);
}

TEST(a_frame_to_a_group_gets_everywhere_once)
{
	struct world w;
	start(&w);
	acquaint(&w);
	acquaint(&w);
	NONE(w.at_host);
	NONE(w.at_wire);
	NONE(w.at_far);
	stop(&w);
}

TEST(known_addresses_get_theirs_and_nobody_else)
{
	struct world w;
	start(&w);
	acquaint(&w);
	struct frame f = frame(&w, far_mac, wire_mac);
	CHECK_INT(frame_send(w.at_wire, &f), 0);
	EXPECT(w.at_far, &f);
	EXPECT(w.at_host, &f); /* packet sockets see it before the programs do */
	f = frame(&w, wire_mac, far_mac);
	CHECK_INT(frame_send(w.at_far, &f), 0);
	EXPECT(w.at_wire, &f);
	f = frame(&w, w.mac, far_mac);
	CHECK_INT(frame_send(w.at_far, &f), 0);
	EXPECT(w.at_host, &f);
	f = frame(&w, far_mac, w.mac);
	CHECK_INT(frame_send(w.at_host, &f), 0);
	EXPECT(w.at_far, &f);
	/* The host's own traffic is none of the leg's. */
	f = frame(&w, wire_mac, w.mac);
	CHECK_INT(frame_send(w.at_host, &f), 0);
	EXPECT(w.at_wire, &f);
	f = frame(&w, w.mac, wire_mac);
	CHECK_INT(frame_send(w.at_wire, &f), 0);
	EXPECT(w.at_host, &f);
	acquaint(&w);
	NONE(w.at_host);
	NONE(w.at_wire);
	NONE(w.at_far);
	stop(&w);
}

TEST(frames_to_an_unknown_address_get_everywhere)
{
	struct world w;
	start(&w);
	acquaint(&w);
	struct frame f = frame(&w, other_mac, far_mac);
	CHECK_INT(frame_send(w.at_far, &f), 0);
	EXPECT(w.at_host, &f);
	EXPECT(w.at_wire, &f);
	f = frame(&w, other_mac, wire_mac);
	CHECK_INT(frame_send(w.at_wire, &f), 0);
	EXPECT(w.at_far, &f);
	f = frame(&w, other_mac, w.mac);
	CHECK_INT(frame_send(w.at_host, &f), 0);
	EXPECT(w.at_far, &f);
	EXPECT(w.at_wire, &f);
	stop(&w);
}

TEST(an_address_that_moves_is_followed)
{
	struct world w;
	start(&w);
	acquaint(&w);
	struct frame f = frame(&w, broadcast, far_mac);
	CHECK_INT(frame_send(w.at_wire, &f), 0);
	EXPECT(w.at_far, &f);
	EXPECT(w.at_host, &f);
	f = frame(&w, far_mac, w.mac);
	CHECK_INT(frame_send(w.at_host, &f), 0);
	EXPECT(w.at_wire, &f);
	acquaint(&w);
	NONE(w.at_far);
	/* One that the host has besides its own: a macvlan's, say. */
	f = frame(&w, broadcast, other_mac);
	CHECK_INT(frame_send(w.at_host, &f), 0);
	EXPECT(w.at_wire, &f);
	EXPECT(w.at_far, &f);
	f = frame(&w, other_mac, far_mac);
	CHECK_INT(frame_send(w.at_far, &f), 0);
	EXPECT(w.at_host, &f);
	acquaint(&w);
	NONE(w.at_wire);
	stop(&w);
}

TEST(what_is_behind_the_leg_already_stays_there)
{
	struct world w;
	start(&w);
	acquaint(&w);
	struct frame f = frame(&w, broadcast, other_mac);
	CHECK_INT(frame_send(w.at_far, &f), 0);
	EXPECT(w.at_host, &f);
	EXPECT(w.at_wire, &f);
	f = frame(&w, other_mac, far_mac);
	CHECK_INT(frame_send(w.at_far, &f), 0);
	acquaint(&w);
	stop(&w);
}

TEST(a_leg_is_replaced)
{
	struct world w;
	struct err e = {};
	start(&w);
	acquaint(&w);
	struct ns more = ns_new();
	ns_enter(&w.host);
	pair(&w.host, "X2", &more, "Y2");
	int at_more = tap(&more, &w.host, "Y2");
	CHECK(splice_move(w.splice, 4711, &e) < 0);
	acquaint(&w);
	ok(splice_move(w.splice, iface(&w.host, "X2").index, &e), &e);
	struct frame f = frame(&w, far_mac, w.mac); /* what was learnt is not forgotten */
	CHECK_INT(frame_send(w.at_host, &f), 0);
	EXPECT(at_more, &f);
	f = frame(&w, w.mac, far_mac);
	CHECK_INT(frame_send(at_more, &f), 0);
	EXPECT(w.at_host, &f);
	NONE(w.at_far);
	NONE(w.at_wire);
	close(at_more);
	ns_free(&more);
	stop(&w);
}

TEST(tags_and_sizes_stay)
{
	static const uint16_t sizes[] = {8, 46, 500, 1496, 1500};
	struct world w;
	start(&w);
	acquaint(&w);
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
		for (uint16_t tag = 0; tag < 3; tag++) {
			struct frame f = frame(&w, far_mac, wire_mac);
			f.size = sizes[i];
			f.tag = tag;
			CHECK_INT(frame_send(w.at_wire, &f), 0);
			EXPECT(w.at_far, &f);
			memcpy(f.to, wire_mac, 6);
			memcpy(f.from, far_mac, 6);
			CHECK_INT(frame_send(w.at_far, &f), 0);
			EXPECT(w.at_wire, &f);
		}
	stop(&w);
}

TEST(what_is_too_large_does_not_get_onto_the_wire)
{
	struct world w;
	struct err e = {};
	struct rtnl_change jumbo = {.what = RTNL_SET_MTU, .mtu = 9000};
	start(&w);
	change(&w.host, "X", jumbo);
	change(&w.far, "Y", jumbo);
	acquaint(&w);
	struct frame f = frame(&w, w.mac, far_mac);
	f.size = 8000;
	CHECK_INT(frame_send(w.at_far, &f), 0);
	acquaint(&w); /* frame_expect() would find the other */
	change(&w.host, "S", jumbo);
	change(&w.wire, "W", jumbo);
	ok(splice_change(w.splice, w.mac, 9000, &e), &e);
	f = frame(&w, wire_mac, far_mac);
	f.size = 8000;
	CHECK_INT(frame_send(w.at_far, &f), 0);
	EXPECT(w.at_wire, &f);
	stop(&w);
}

TEST(the_hosts_own_address_does_not_come_from_elsewhere)
{
	struct world w;
	static const uint8_t new_mac[6] = {2, 0, 0, 0, 0, 9};
	struct err e = {};
	start(&w);
	struct frame f = frame(&w, broadcast, w.mac);
	CHECK_INT(frame_send(w.at_far, &f), 0);
	acquaint(&w);
	change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_MAC, .mac = new_mac});
	ok(splice_change(w.splice, new_mac, 1500, &e), &e);
	f = frame(&w, broadcast, new_mac);
	CHECK_INT(frame_send(w.at_far, &f), 0);
	acquaint(&w);
	/* The new one is the host's before it has said anything. */
	f = frame(&w, new_mac, far_mac);
	CHECK_INT(frame_send(w.at_far, &f), 0);
	EXPECT(w.at_host, &f);
	acquaint(&w);
	NONE(w.at_wire);
	stop(&w);
}

TEST(groups_of_one_cable_stay_there)
{
	struct world w;
	static const uint8_t lldp[6] = {1, 0x80, 0xc2, 0, 0, 0x0e}, stp[6] = {1, 0x80, 0xc2};
	start(&w);
	acquaint(&w);
	struct frame f = frame(&w, lldp, wire_mac);
	CHECK_INT(frame_send(w.at_wire, &f), 0);
	EXPECT(w.at_host, &f);
	f = frame(&w, lldp, far_mac);
	CHECK_INT(frame_send(w.at_far, &f), 0);
	f = frame(&w, lldp, w.mac);
	CHECK_INT(frame_send(w.at_host, &f), 0);
	EXPECT(w.at_wire, &f);
	f = frame(&w, stp, wire_mac);
	CHECK_INT(frame_send(w.at_wire, &f), 0);
	EXPECT(w.at_host, &f);
	EXPECT(w.at_far, &f);
	acquaint(&w);
	stop(&w);
}

/* A VXLAN packet as the kernel sends it, to a MAC that is not known. */
static size_t vxlan(uint8_t *b, const struct world *w, bool v6, uint16_t tag)
{
	size_t n = 12;
	memset(b, 0, 200);
	memcpy(b, other_mac, 6);
	memcpy(b + 6, w->mac, 6);
	if (tag) {
		memcpy(b + n, (const uint8_t[]){0x81, 0x00, 0, (uint8_t)tag}, 4);
		n += 4;
	}
	memcpy(b + n, v6 ? (const uint8_t[]){0x86, 0xdd} : (const uint8_t[]){0x08, 0x00}, 2);
	n += 2;
	b[n] = v6 ? 0x60 : 0x45;
	b[n + (v6 ? 6 : 9)] = IPPROTO_UDP;
	inet_pton(v6 ? AF_INET6 : AF_INET, v6 ? "fd00::1" : "10.0.0.1", b + n + (v6 ? 8 : 12));
	n += v6 ? 40 : 20;
	b[n + 8] = 0x08;
	return n + 16 + 50;
}

/* Other frames than the tests' own: how many came to the link. */
static unsigned count_to(int fd, const uint8_t *to, int wait_ms)
{
	uint8_t b[2048];
	unsigned count = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	while (poll(&p, 1, wait_ms) > 0) {
		ssize_t n = recv(fd, b, sizeof(b), 0);
		if (n >= 14 && !memcmp(b, to, 6))
			return count + 1;
		if (n < 0)
			break;
	}
	return count;
}

static void outer_packets(const char *node, bool v6)
{
	struct world w;
	struct err e = {};
	uint8_t b[200];
	start(&w);
	splice_free(w.splice);
	struct splice_config c = config(&w);
	CHECK_INT(rtnl_ip_parse(node, &c.outer), 0);
	ok(splice_new(w.host.rtnl, &c, &w.splice, &e), &e);
	for (uint16_t tag = 0; tag < 2; tag++) {
		size_t n = vxlan(b, &w, v6, tag);
		CHECK_INT(send(w.at_host, b, n, 0), (int)n);
		CHECK_INT(count_to(w.at_wire, other_mac, FRAME_WAIT_MS), 1);
		/* What only looks like one goes everywhere, as that to all unknown addresses. */
		b[n - 50 - 16 - (v6 ? 17 : 5)] ^= 1; /* the source's last byte */
		CHECK_INT(send(w.at_host, b, n, 0), (int)n);
		CHECK_INT(count_to(w.at_far, other_mac, FRAME_WAIT_MS), 1);
		CHECK_INT(count_to(w.at_far, other_mac, 0), 0);
		CHECK_INT(count_to(w.at_wire, other_mac, FRAME_WAIT_MS), 1);
	}
	stop(&w);
}

TEST(the_nodes_own_tunnels_are_left_alone)
{
	outer_packets("fd00::1", true);
	outer_packets("10.0.0.1", false);
}

TEST(what_a_killed_process_left_is_removed)
{
	struct world w;
	struct rtnl_filter f[4];
	struct err e = {};
	bool made;
	start(&w);
	int s = iface(&w.host, "S").index;
	CHECK_INT(rtnl_filter_list(w.host.rtnl, s, true, f, 4, &e), 2); /* priority, and filter */
	CHECK_INT(splice_clean(w.host.rtnl, s, "metac other", &e), 0);
	CHECK_INT(rtnl_filter_list(w.host.rtnl, s, true, f, 4, &e), 2);
	CHECK_INT(splice_clean(w.host.rtnl, s, OWNER, &e), 0);
	CHECK_INT(rtnl_filter_list(w.host.rtnl, s, true, f, 4, &e), 0);
	ok(rtnl_clsact_add(w.host.rtnl, s, &made, &e), &e);
	CHECK(made);
	stop(&w);
}

TEST(two_nodes_can_share_an_interface_and_what_was_there_stays)
{
	struct world w;
	struct splice *second;
	struct err e = {};
	start(&w);
	struct ns more = ns_new();
	ns_enter(&w.host);
	pair(&w.host, "X2", &more, "Y2");
	int at_more = tap(&more, &w.host, "Y2");
	struct splice_config c = config(&w);
	c.leg = iface(&w.host, "X2").index;
	c.owner = "metac second";
	ok(splice_new(w.host.rtnl, &c, &second, &e), &e);
	struct frame f = frame(&w, broadcast, other_mac);
	CHECK_INT(frame_send(at_more, &f), 0);
	EXPECT(w.at_host, &f);
	EXPECT(w.at_wire, &f);
	EXPECT(w.at_far, &f); /* as sent, and */
	EXPECT(w.at_far, &f); /* as received by the interface that both share */
	f = frame(&w, broadcast, wire_mac);
	CHECK_INT(frame_send(w.at_wire, &f), 0);
	EXPECT(w.at_host, &f);
	EXPECT(w.at_far, &f);
	EXPECT(at_more, &f);
	f = frame(&w, other_mac, wire_mac);
	CHECK_INT(frame_send(w.at_wire, &f), 0);
	EXPECT(at_more, &f);
	EXPECT(w.at_host, &f); /* by the packet socket */
	splice_free(second);
	acquaint(&w);
	close(at_more);
	ns_free(&more);
	stop(&w);
}
