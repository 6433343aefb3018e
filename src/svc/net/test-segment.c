/* SPDX-License-Identifier: MIT */
/* Segments with real frames, and the kernel's own view of what is left afterwards. */
#include "svc/net/test-segment.h"

enum { BULK = 3 << 20 };

static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t macs[4][6] = {
	{2, 0, 0, 0, 1, 0}, {2, 0, 0, 0, 1, 1}, {2, 0, 0, 0, 1, 2}, {2, 0, 0, 0, 1, 3}};

static struct frame frame(const uint8_t *to, const uint8_t *from)
{
	static uint32_t id;
	struct frame f = {.size = 46, .id = ++id};
	memcpy(f.to, to, 6);
	memcpy(f.from, from, 6);
	return f;
}

static int at(struct world *w, const struct ns *s, const char *name)
{
	return tap(s, &w->host, name);
}

static void everybody_sees_everybody(struct world *w, unsigned ports)
{
	int tap_of[1 + N_FAR] = {at(w, &w->wire, "W")};
	struct frame f;
	for (unsigned i = 0; i < ports; i++)
		tap_of[i + 1] = at(w, &w->far[i], at_far[i]);
	for (unsigned i = 0; i <= ports; i++) {
		f = frame(broadcast, macs[i]);
		CHECK_INT(frame_send(tap_of[i], &f), 0);
		for (unsigned k = 0; k <= ports; k++)
			if (k != i)
				EXPECT(tap_of[k], &f);
	}
	/* Known now: nobody else gets these. */
	for (unsigned i = 0; i <= ports; i++)
		for (unsigned k = 0; k <= ports; k++) {
			if (k == i)
				continue;
			for (uint16_t tag = 0; tag < 2; tag++) {
				f = frame(macs[k], macs[i]);
				f.tag = tag;
				f.size = (uint16_t)(tag ? 1500 : 46);
				CHECK_INT(frame_send(tap_of[i], &f), 0);
				EXPECT(tap_of[k], &f);
			}
		}
	for (unsigned i = 0; i <= ports; i++) {
		NONE(tap_of[i]);
		close(tap_of[i]);
	}
}

TEST(an_unused_interface_becomes_a_bridges_port)
{
	struct world w;
	world_new(&w);
	world_get(&w, "S");
	CHECK_STR(segment_name(w.segment), "S");
	CHECK_INT(segment_how(w.segment), SEGMENT_NONE);
	world_join(&w, 0);
	CHECK_INT(segment_how(w.segment), SEGMENT_ENSLAVE);
	everybody_sees_everybody(&w, 1);
	world_join(&w, 1);
	world_join(&w, 2);
	CHECK_INT(segment_ports(w.segment), 3);
	everybody_sees_everybody(&w, 3);
	world_leave(&w, 1);
	world_leave(&w, 0);
	hear(&w);
	CHECK_INT(segment_how(w.segment), SEGMENT_ENSLAVE);
	world_leave(&w, 2);
	CHECK_INT(segment_how(w.segment), SEGMENT_NONE);
	world_unchanged(&w);
	world_free(&w);
}

/* Links that a splice has besides the bridge: none for one port. */
static int legs(void)
{
	AUTO_FREE char *text = output("ip -o link 2>/dev/null | grep -c ': mcl' || true");
	return atoi(text);
}

TEST(an_interface_that_the_host_uses_is_spliced)
{
	struct world w;
	world_new(&w);
	address(&w.host, "S", "10.9.0.1/24");
	world_get(&w, "S");
	world_join(&w, 0);
	CHECK_INT(segment_how(w.segment), SEGMENT_SPLICE);
	everybody_sees_everybody(&w, 1);
	CHECK_INT(legs(), 0);
	world_join(&w, 1);
	CHECK_INT(legs(), 2);
	world_join(&w, 2);
	everybody_sees_everybody(&w, 3);
	CHECK_INT(iface(&w.host, "S").master, 0);
	for (unsigned i = 0; i < N_FAR; i++)
		world_leave(&w, i);
	world_unchanged(&w);
	world_free(&w);
}

static void give_addresses(struct world *w, bool host)
{
	if (host) {
		address(&w->host, "S", "10.9.0.1/24");
		address(&w->host, "S", "fd09::1/64");
	}
	address(&w->wire, "W", "10.9.0.2/24");
	address(&w->wire, "W", "fd09::2/64");
	address(&w->far[0], "Q0", "10.9.0.3/24");
	address(&w->far[0], "Q0", "fd09::3/64");
}

/* With what network cards are spared: checksums left to them, large segments. */
TEST(hosts_talk_through_a_bridge)
{
	struct world w;
	world_new(&w);
	world_get(&w, "S");
	world_join(&w, 0);
	give_addresses(&w, false);
	talk(&w, &w.far[0], &w.wire, "10.9.0.2", BULK);
	talk(&w, &w.wire, &w.far[0], "fd09::3", BULK);
	world_leave(&w, 0);
	world_unchanged(&w);
	world_free(&w);
}

TEST(hosts_talk_through_a_splice_and_to_the_host_itself)
{
	struct world w;
	world_new(&w);
	address(&w.host, "S", "10.9.0.1/24");
	address(&w.host, "S", "fd09::1/64");
	world_get(&w, "S");
	world_join(&w, 0);
	give_addresses(&w, false);
	CHECK_INT(segment_how(w.segment), SEGMENT_SPLICE);
	talk(&w, &w.far[0], &w.wire, "10.9.0.2", BULK);
	talk(&w, &w.wire, &w.far[0], "fd09::3", BULK);
	talk(&w, &w.far[0], &w.host, "10.9.0.1", BULK);
	talk(&w, &w.host, &w.far[0], "fd09::3", BULK);
	talk(&w, &w.host, &w.wire, "10.9.0.2", BULK);
	talk(&w, &w.wire, &w.host, "fd09::1", BULK);
	world_join(&w, 1);
	address(&w.far[1], "Q1", "10.9.0.4/24");
	talk(&w, &w.far[1], &w.far[0], "10.9.0.3", BULK);
	talk(&w, &w.far[1], &w.host, "10.9.0.1", BULK);
	talk(&w, &w.wire, &w.far[1], "10.9.0.4", BULK);
	world_leave(&w, 1);
	world_leave(&w, 0);
	world_unchanged(&w);
	world_free(&w);
}

/* Bytes that a link was sent, and sent, since it was made. */
static uint64_t bytes(const struct ns *s, const char *name)
{
	struct rtnl_link l = iface(s, name);
	return l.stats.rx_bytes + l.stats.tx_bytes;
}

TEST(the_hosts_own_traffic_does_not_get_to_the_ports)
{
	struct world w;
	world_new(&w);
	address(&w.host, "S", "10.9.0.1/24");
	address(&w.wire, "W", "10.9.0.2/24");
	world_get(&w, "S");
	world_join(&w, 0);
	talk(&w, &w.host, &w.wire, "10.9.0.2", BULK);
	talk(&w, &w.wire, &w.host, "10.9.0.1", BULK);
	/* Only that they look for each other, and each other's first frames. */
	CHECK(bytes(&w.far[0], "Q0") < 2000);
	CHECK(bytes(&w.host, "S") > 4 * BULK);
	world_leave(&w, 0);
	world_free(&w);
}

TEST(isolated_ports_reach_the_interface_only)
{
	for (unsigned used = 0; used < 2; used++) {
		struct world w;
		world_new(&w);
		if (used)
			address(&w.host, "S", "10.9.0.1/24");
		world_get(&w, "S");
		w.port[0].isolated = w.port[1].isolated = true;
		world_join(&w, 0);
		world_join(&w, 1);
		world_join(&w, 2);
		int wire = at(&w, &w.wire, "W"), q0 = at(&w, &w.far[0], "Q0"),
		    q1 = at(&w, &w.far[1], "Q1"), q2 = at(&w, &w.far[2], "Q2");
		struct frame f = frame(broadcast, macs[0]), g = frame(broadcast, macs[1]);
		CHECK_INT(frame_send(q0, &f), 0);
		EXPECT(wire, &f);
		EXPECT(q2, &f);
		CHECK_INT(frame_send(wire, &g), 0);
		EXPECT(q0, &g);
		EXPECT(q1, &g);
		EXPECT(q2, &g);
		close(wire);
		close(q0);
		close(q1);
		close(q2);
		for (unsigned i = 0; i < N_FAR; i++)
			world_leave(&w, i);
		world_free(&w);
	}
}

TEST(addresses_that_come_and_go_change_how_it_is_joined)
{
	struct world w;
	world_new(&w);
	world_get(&w, "S");
	world_join(&w, 0);
	world_join(&w, 1);
	address(&w.host, "S", "fe80::1/64");
	hear(&w);
	CHECK_INT(segment_how(w.segment), SEGMENT_ENSLAVE);
	for (unsigned i = 0; i < 3; i++) {
		address(&w.host, "S", "10.9.0.1/24");
		hear(&w);
		CHECK_INT(segment_how(w.segment), SEGMENT_SPLICE);
		CHECK_INT(iface(&w.host, "S").master, 0);
		everybody_sees_everybody(&w, 2);
		no_address(&w.host, "S", "10.9.0.1/24");
		hear(&w);
		CHECK_INT(segment_how(w.segment), SEGMENT_ENSLAVE);
		CHECK(iface(&w.host, "S").master != 0);
		everybody_sees_everybody(&w, 2);
	}
	no_address(&w.host, "S", "fe80::1/64");
	world_leave(&w, 0);
	world_leave(&w, 1);
	world_unchanged(&w);
	CHECK_INT(w.gone[0] + w.gone[1], 0);
	world_free(&w);
}

TEST(a_bridge_and_its_port_are_used_as_they_are)
{
	static const char *const names[] = {"br0", "S"};
	for (unsigned i = 0; i < 2; i++) {
		struct world w;
		struct err e = {};
		world_new(&w);
		ok(rtnl_bridge_add(w.host.rtnl, "br0", NULL, &e), &e);
		int bridge = iface(&w.host, "br0").index;
		change(&w.host, "S",
			(struct rtnl_change){.what = RTNL_SET_MASTER, .master = bridge});
		address(&w.host, "br0", "10.9.0.1/24");
		world_get(&w, names[i]);
		world_join(&w, 0);
		CHECK_INT(segment_how(w.segment), SEGMENT_BRIDGE);
		CHECK_INT(iface(&w.host, "P0").master, bridge);
		everybody_sees_everybody(&w, 1);
		give_addresses(&w, false);
		talk(&w, &w.far[0], &w.host, "10.9.0.1", BULK);
		talk(&w, &w.far[0], &w.wire, "fd09::2", BULK);
		world_leave(&w, 0);
		world_unchanged(&w);
		world_free(&w);
	}
}

TEST(an_interface_that_gets_into_a_bridge_or_out_takes_its_ports_along)
{
	struct world w;
	struct err e = {};
	struct rtnl_change c = {.what = RTNL_SET_MASTER};
	world_new(&w);
	ok(rtnl_bridge_add(w.host.rtnl, "br0", NULL, &e), &e);
	int bridge = iface(&w.host, "br0").index;
	change(&w.host, "br0", (struct rtnl_change){.what = RTNL_SET_MAC, .mac = macs[3]});
	world_get(&w, "S");
	world_join(&w, 0);
	world_join(&w, 1);
	c.master = bridge;
	change(&w.host, "S", c);
	hear(&w);
	CHECK_INT(segment_how(w.segment), SEGMENT_BRIDGE);
	CHECK_INT(iface(&w.host, "P1").master, bridge);
	everybody_sees_everybody(&w, 2);
	c.master = 0;
	change(&w.host, "S", c);
	hear(&w);
	CHECK_INT(segment_how(w.segment), SEGMENT_ENSLAVE);
	CHECK(iface(&w.host, "P1").master != bridge);
	everybody_sees_everybody(&w, 2);
	/* Our own bridge is deleted by somebody. */
	ok(rtnl_link_delete(w.host.rtnl, iface(&w.host, "P1").master, &e), &e);
	hear(&w);
	CHECK_INT(segment_how(w.segment), SEGMENT_ENSLAVE);
	everybody_sees_everybody(&w, 2);
	world_leave(&w, 0);
	world_leave(&w, 1);
	world_unchanged(&w);
	world_free(&w);
}

TEST(an_interface_that_is_down_is_up_as_long_as_needed)
{
	for (unsigned used = 0; used < 2; used++) {
		struct world w;
		world_new(&w);
		if (used)
			address(&w.host, "S", "10.9.0.1/24");
		change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_UP, .up = false});
		world_get(&w, "S");
		world_join(&w, 0);
		running(&w.host, "S");
		running(&w.wire, "W");
		everybody_sees_everybody(&w, 1);
		world_leave(&w, 0);
		CHECK(!(iface(&w.host, "S").flags & IFF_UP));
		world_unchanged(&w);
		/* Once somebody else has taken it down, and up, that is his. */
		world_join(&w, 0);
		hear(&w);
		change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_UP, .up = false});
		hear(&w);
		change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_UP, .up = true});
		hear(&w);
		world_leave(&w, 0);
		CHECK(iface(&w.host, "S").flags & IFF_UP);
		world_free(&w);
	}
}

TEST(who_loses_his_port_is_told)
{
	for (unsigned used = 0; used < 2; used++) {
		struct world w;
		struct err e = {};
		world_new(&w);
		if (used)
			address(&w.host, "S", "10.9.0.1/24");
		world_get(&w, "S");
		world_join(&w, 0);
		world_join(&w, 1);
		ok(rtnl_link_delete(w.host.rtnl, w.port[0].index, &e), &e);
		hear(&w);
		CHECK_INT(w.gone[0], 1);
		CHECK_INT(segment_ports(w.segment), 1);
		everybody_sees_everybody(&w, 0);
		ok(rtnl_link_delete(w.host.rtnl, segment_index(w.segment), &e), &e);
		hear(&w);
		CHECK_INT(w.gone[1], 1);
		CHECK_INT(segment_index(w.segment), 0);
		CHECK_INT(segment_ports(w.segment), 0);
		segment_leave(w.segment, &w.port[1]);
		CHECK_INT(world_try_join(&w, 1, &e), -ENODEV);
		AUTO_FREE char *left = output("ip -o link | grep -c ': mc' || true");
		CHECK_STR(left, "0\n");
		world_free(&w);
	}
}

static void by_hand(struct world *w, const char *command)
{
	AUTO_FREE char *said = output(command);
	CHECK_STR(said, "");
	hear(w);
	everybody_sees_everybody(w, segment_ports(w->segment));
}

TEST(what_somebody_breaks_is_mended)
{
	for (unsigned ports = 1; ports <= 2; ports++) {
		struct world w;
		world_new(&w);
		world_get(&w, "S");
		for (unsigned i = 0; i < ports; i++)
			world_join(&w, i);
		by_hand(&w, "ip link set S nomaster");
		by_hand(&w, "ip link set P0 nomaster");
		by_hand(&w, "ip link del $(ip -o link show type bridge | grep -o 'mcb[0-9a-f]*')");
		address(&w.host, "S", "10.9.0.1/24");
		hear(&w);
		by_hand(&w, "tc qdisc del dev S clsact");
		by_hand(&w, "tc filter del dev S egress");
		by_hand(&w, "ip link set P0 nomaster");
		if (ports > 1)
			by_hand(&w, "ip link del $(ip -o link show type veth | grep -om1 "
				    "'mcl[0-9a-f]*' | head -n 1)");
		by_hand(&w, "ip link del $(ip -o link show type bridge | grep -o 'mcb[0-9a-f]*')");
		change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_UP, .up = true});
		for (unsigned i = 0; i < ports; i++)
			world_leave(&w, i);
		hear(&w);
		AUTO_FREE char *left =
			output("ip -o link | grep -c ': mc' || true; tc filter show dev S ingress");
		CHECK_STR(left, "0\n");
		world_free(&w);
	}
}

TEST(nothing_is_missed_when_events_are_lost)
{
	struct world w;
	struct err e = {};
	struct rtnl_event lost = {.kind = RTNL_LOST};
	world_new(&w);
	world_get(&w, "S");
	world_join(&w, 0);
	world_join(&w, 1);
	address(&w.host, "S", "10.9.0.1/24");
	ok(rtnl_link_delete(w.host.rtnl, w.port[0].index, &e), &e);
	on_change(&w, &lost);
	CHECK_INT(w.gone[0], 1);
	CHECK_INT(segment_how(w.segment), SEGMENT_SPLICE);
	ok(rtnl_link_delete(w.host.rtnl, segment_index(w.segment), &e), &e);
	on_change(&w, &lost);
	CHECK_INT(w.gone[1], 1);
	CHECK_INT(segment_index(w.segment), 0);
	world_free(&w);
}

TEST(mtu_mac_and_name_may_change)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0x77};
	for (unsigned used = 0; used < 2; used++) {
		struct world w;
		world_new(&w);
		if (used)
			address(&w.host, "S", "10.9.0.1/24");
		world_get(&w, "S");
		world_join(&w, 0);
		change(&w.wire, "W", (struct rtnl_change){.what = RTNL_SET_MTU, .mtu = 9000});
		change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_MTU, .mtu = 9000});
		hear(&w);
		CHECK_INT(iface(&w.host, "P0").mtu, 9000);
		CHECK_INT(segment_mtu(w.segment), 9000);
		change(&w.far[0], "Q0", (struct rtnl_change){.what = RTNL_SET_MTU, .mtu = 9000});
		change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_MAC, .mac = mac});
		change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_NAME, .name = "T"});
		hear(&w);
		CHECK_STR(segment_name(w.segment), "T");
		int wire = at(&w, &w.wire, "W"), far = at(&w, &w.far[0], "Q0");
		struct frame f = frame(broadcast, macs[0]);
		f.size = 9000;
		CHECK_INT(frame_send(wire, &f), 0);
		EXPECT(far, &f);
		f = frame(macs[0], macs[1]);
		f.size = 9000;
		CHECK_INT(frame_send(far, &f), 0);
		EXPECT(wire, &f);
		close(wire);
		close(far);
		change(&w.host, "T", (struct rtnl_change){.what = RTNL_SET_MTU, .mtu = 1500});
		hear(&w);
		CHECK_INT(iface(&w.host, "P0").mtu, 1500);
		world_leave(&w, 0);
		hear(&w);
		AUTO_FREE char *left =
			output("ip -o link | grep -c ': mc' || true; nft list ruleset");
		CHECK_STR(left, "0\n");
		world_free(&w);
	}
}

/* A macvlan takes the place that a bridge needs, also one that has moved away. */
TEST(a_port_of_a_bridge_that_filters_vlans_is_spliced)
{
	struct world w;
	struct err e = {};
	world_new(&w);
	ok(rtnl_bridge_add(w.host.rtnl, "br0", NULL, &e), &e);
	if (system("ip link set br0 type bridge vlan_filtering 1") != 0)
		test_skip("no bridge here filters VLANs");
	change(&w.host, "S",
		(struct rtnl_change){
			.what = RTNL_SET_MASTER, .master = iface(&w.host, "br0").index});
	world_get(&w, "S");
	world_join(&w, 0);
	CHECK_INT(segment_how(w.segment), SEGMENT_SPLICE);
	CHECK(iface(&w.host, "P0").master != iface(&w.host, "br0").index);
	world_leave(&w, 0);
	world_unchanged(&w);
	world_free(&w);
}

TEST(the_interface_is_guarded_as_long_as_it_is_joined)
{
	struct err e = {};
	uint64_t n;
	for (int backplane = 0; backplane < 2; backplane++) {
		struct world w;
		world_new(&w);
		if (backplane)
			address(&w.host, "S", "fd99::1/64");
		world_get(&w, "S");
		CHECK_INT(guard_link_dropped(w.place.guard, "S", &n, &e), -ENOENT);
		CHECK_INT(segment_is_backplane(w.segment), backplane);
		world_join(&w, 0);
		ok(guard_link_dropped(w.place.guard, "S", &n, &e), &e);
		/* What is to the node gets in where the node is reached, and nowhere else. */
		AUTO_FREE char *rules = output("nft list ruleset");
		CHECK_INT(strstr(rules, "jump self-0") != NULL, backplane);
		world_leave(&w, 0);
		CHECK_INT(guard_link_dropped(w.place.guard, "S", &n, &e), -ENOENT);
		world_unchanged(&w);
		world_free(&w);
	}
}

TEST(an_interface_with_others_on_top_is_spliced)
{
	for (unsigned away = 0; away < 2; away++) {
		struct world w;
		char move[200];
		world_new(&w);
		if (system("ip link add m0 link S type macvlan") != 0)
			test_skip("no macvlan in this kernel");
		(void)snprintf(move, sizeof(move), "ip link set m0 netns /proc/%d/fd/%d",
			(int)getpid(), w.far[2].fd);
		if (away)
			CHECK_INT(system(move), 0);
		world_get(&w, "S");
		world_join(&w, 0);
		CHECK_INT(segment_how(w.segment), SEGMENT_SPLICE);
		everybody_sees_everybody(&w, 1);
		world_leave(&w, 0);
		world_unchanged(&w);
		world_free(&w);
	}
}

TEST(what_cannot_be_joined_is_refused)
{
	struct world w;
	struct segment *s;
	struct err e = {};
	char alias[RTNL_ALIAS_MAX + 1];
	world_new(&w);
	w.before = state();
	CHECK_INT(segment_get(&w.place, "nothing", &s, &e), -ENODEV);
	CHECK_INT(segment_get(&w.place, "lo", &s, &e), -EBUSY);
	if (system("ip link add m0 link S type macvlan") == 0) {
		CHECK_INT(segment_get(&w.place, "m0", &s, &e), -EINVAL);
		CHECK_INT(system("ip link del m0"), 0);
	}
	CHECK_INT(system("ip tuntap add t0 mode tun"), 0);
	CHECK_INT(segment_get(&w.place, "t0", &s, &e), -EINVAL);
	CHECK_INT(system("ip link del t0"), 0);
	net_mark(&w.service, "tunnel", "00", alias);
	change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_ALIAS, .alias = alias});
	CHECK_INT(segment_get(&w.place, "S", &s, &e), -EBUSY);
	net_mark(&w.service, "if", "00", alias);
	change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_ALIAS, .alias = alias});
	ok(segment_get(&w.place, "S", &w.segment, &e), &e);
	ok(segment_get(&w.place, "S", &s, &e), &e);
	CHECK(s == w.segment);
	segment_unref(s);
	change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_ALIAS, .alias = ""});
	world_unchanged(&w);
	world_free(&w);
}

TEST(a_port_that_is_not_there_leaves_nothing_behind)
{
	for (unsigned used = 0; used < 2; used++) {
		struct world w;
		struct err e = {};
		struct segment_port p = {.index = 4711, .name = "none"};
		world_new(&w);
		if (used)
			address(&w.host, "S", "10.9.0.1/24");
		change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_UP, .up = false});
		world_get(&w, "S");
		CHECK(segment_join(w.segment, &p, &e) < 0);
		CHECK(e.msg[0]);
		world_unchanged(&w);
		world_free(&w);
	}
}

TEST(what_a_killed_process_left_is_undone)
{
	for (unsigned used = 0; used < 2; used++) {
		struct world w;
		struct err e = {};
		world_new(&w);
		if (used)
			address(&w.host, "S", "10.9.0.1/24");
		change(&w.host, "S", (struct rtnl_change){.what = RTNL_SET_UP, .up = false});
		world_get(&w, "S");
		world_join(&w, 0);
		ok(segment_clean(&w.place, &e), &e);
		CHECK_INT(iface(&w.host, "S").master, 0);
		CHECK(!(iface(&w.host, "S").flags & IFF_UP));
		AUTO_FREE char *left =
			output("tc filter show dev S ingress 2>&1;"
			       "tc filter show dev S egress 2>&1; tc qdisc show dev S"
			       "| grep clsact || true");
		CHECK_STR(left, "");
		world_leave(&w, 0);
		world_free(&w);
	}
}
