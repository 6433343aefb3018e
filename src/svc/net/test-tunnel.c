/* SPDX-License-Identifier: MIT */
/* Two hosts in namespaces of their own, and real frames between them. */
#include "svc/net/test-net.h"
#include "svc/net/tunnel-link.h"

#include <sodium.h>

struct end {
	struct host *host;
	struct place *place;
	struct created *created;
	struct segment *segment;
	struct tunnel *tunnel;
	struct rtnl_remote remote; /* what the other side is to send to */
	unsigned n_gone;
	int frames;
};

static void on_gone(void *user, const char *why)
{
	struct end *end = user;
	CHECK(*why);
	end->n_gone++;
}

/* The half of a tunnel at an interface that is there, or at one that is created. */
static void end_begin_restricted(struct end *end, struct host *h, struct place *p, const char *name,
	bool create_it, const struct guard_restrictions *restrictions)
{
	*end = (struct end){.host = h, .place = p};
	if (create_it)
		end->created = create(p, name);
	end->segment = segment_of(p, name);
	struct tunnel_config cfg = {
		.segment = end->segment,
		.created = end->created,
		.restrictions = restrictions,
		.n_restrictions = restrictions != NULL,
		.gone = on_gone,
		.user = end,
	};
	OK(tunnel_new(&h->ns, &cfg, &end->tunnel, &err_));
	end->remote = (struct rtnl_remote){
		.address = h->ns.address,
		.port = tunnel_port(end->tunnel),
		.vni = tunnel_vni(end->tunnel),
	};
	end->frames = frames_at(p, name);
	CHECK(tunnel_port(end->tunnel) >= 49152);
	CHECK(tunnel_vni(end->tunnel) > 0 && tunnel_vni(end->tunnel) < 1 << 24);
}

static void end_begin(
	struct end *end, struct host *h, struct place *p, const char *name, bool create_it)
{
	end_begin_restricted(end, h, p, name, create_it, NULL);
}

static void end_done(struct end *end)
{
	tunnel_free(end->tunnel);
	segment_unref(end->segment);
	created_unref(end->created);
	fd_close(end->frames);
	host_turn(end->host);
}

static void ends_connect(struct end *a, struct end *b)
{
	OK(tunnel_connect(a->tunnel, &b->remote, 1400, &err_));
	OK(tunnel_connect(b->tunnel, &a->remote, 1400, &err_));
}

static void check_pass(struct end *a, struct end *b)
{
	CHECK(frame_passes(a->frames, b->frames));
	CHECK(frame_passes(b->frames, a->frames));
}

struct stats {
	uint64_t received_bytes, received_packets, sent_bytes, sent_packets, restricted, foreign;
};

static struct stats stats_of(struct end *end)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct net_stats_b b = net_stats_init_root(m);
	OK(tunnel_stats(end->tunnel, b));
	struct net_stats_r r = net_stats_b_r(b);
	struct stats s = {net_stats_get_received_bytes(r), net_stats_get_received_packets(r),
		net_stats_get_sent_bytes(r), net_stats_get_sent_packets(r),
		net_stats_get_restricted(r), net_stats_get_foreign(r)};
	vat_message_free(m);
	return s;
}

/* Frames may be on their way a moment longer than the call that sends them. */
#define CHECK_COUNTED(end, what, at_least)                    \
	do {                                                  \
		for (int i_ = 0; i_ < 5000; i_++) {           \
			if (stats_of(end).what >= (at_least)) \
				break;                        \
			(void)poll(NULL, 0, 1);               \
		}                                             \
		CHECK(stats_of(end).what >= (at_least));      \
	} while (0)

static void check_carry(bool ip6)
{
	struct host a, b;
	struct end at_a, at_b;
	hosts_init(&a, &b, ip6, 1500);
	size_t links_a = link_count(a.ns.root->rtnl), links_b = link_count(b.ns.root->rtnl);
	end_begin(&at_a, &a, a.ns.root, "lab0", true);
	end_begin(&at_b, &b, b.ns.root, "lab1", true);
	CHECK_STR(tunnel_device(at_a.tunnel), "lab0");
	CHECK_INT(link_count(a.ns.root->rtnl), links_a + 1);
	ends_connect(&at_a, &at_b);
	check_pass(&at_a, &at_b);
	CHECK_INT(link_get(a.ns.root->rtnl, "lab0").mtu, 1400);
	CHECK_INT(segment_how(at_a.segment), SEGMENT_OWN);
	end_done(&at_a);
	end_done(&at_b);
	CHECK_INT(link_count(a.ns.root->rtnl), links_a);
	CHECK_INT(link_count(b.ns.root->rtnl), links_b);
	host_done(&a);
	host_done(&b);
}

TEST(created_interfaces_are_the_ends_over_ip6)
{
	check_carry(true);
}

TEST(created_interfaces_are_the_ends_over_ip4)
{
	check_carry(false);
}

/* An interface with something at its other end, which is in a namespace of its own. */
static int card(struct host *h, struct place *p, const char *name)
{
	int other = namespace_new();
	struct rtnl *n;
	enter(h->netns);
	OK(rtnl_veth_add(p->rtnl, name, "wire", "", NULL, other, &err_));
	OK(rtnl_new(other, &n, &err_));
	link_up(n, link_get(n, "wire").index);
	link_up(p->rtnl, link_get(p->rtnl, name).index);
	rtnl_free(n);
	return other;
}

static int frames_in(int netns, const char *name)
{
	struct place p = {.netns = netns};
	OK(rtnl_new(netns, &p.rtnl, &err_));
	int s = frames_at(&p, name);
	rtnl_free(p.rtnl);
	return s;
}

static void check_existing(bool with_address, enum segment_how how)
{
	struct host a, b;
	struct end at_a, at_b;
	hosts_init(&a, &b, true, 1500);
	AUTO_CLOSE int behind = card(&a, a.ns.root, "eth1");
	if (with_address)
		address_add(a.ns.root->rtnl, "eth1", "10.1.0.1/24");
	size_t links = link_count(a.ns.root->rtnl);
	end_begin(&at_a, &a, a.ns.root, "eth1", false);
	end_begin(&at_b, &b, b.ns.root, "lab0", true);
	ends_connect(&at_a, &at_b);
	CHECK_INT(segment_how(at_a.segment), how);
	AUTO_CLOSE int wire = frames_in(behind, "wire");
	CHECK(frame_passes(wire, at_b.frames));
	CHECK(frame_passes(at_b.frames, wire));
	CHECK_INT(link_get(a.ns.root->rtnl, "eth1").mtu, 1500);
	end_done(&at_a);
	end_done(&at_b);
	CHECK_INT(link_count(a.ns.root->rtnl), links);
	CHECK_INT(link_get(a.ns.root->rtnl, "eth1").master, 0);
	host_done(&a);
	host_done(&b);
}

TEST(an_interface_without_addresses_gets_a_bridge)
{
	check_existing(false, SEGMENT_ENSLAVE);
}

TEST(an_interface_that_the_host_uses_stays_as_it_is)
{
	check_existing(true, SEGMENT_SPLICE);
}

TEST(a_cut_tunnel_comes_back_with_the_same_link)
{
	struct host a, b;
	struct end at_a, at_b, again;
	hosts_init(&a, &b, true, 1500);
	end_begin(&at_a, &a, a.ns.root, "lab0", true);
	end_begin(&at_b, &b, b.ns.root, "lab0", true);
	address_add(a.ns.root->rtnl, "lab0", "10.1.0.7/24");
	ends_connect(&at_a, &at_b);
	check_pass(&at_a, &at_b);
	int index = link_get(a.ns.root->rtnl, "lab0").index;
	tunnel_cut(at_a.tunnel);
	tunnel_cut(at_a.tunnel);
	uint64_t foreign = stats_of(&at_a).foreign;
	CHECK_INT(frame_send(at_a.frames, 201, 46), 0);
	CHECK_INT(frame_send(at_b.frames, 202, 46), 0);
	CHECK_COUNTED(&at_a, foreign, foreign + 1);
	/* Others were sent before, and came late. */
	for (int got; (got = frame_next(at_a.frames, 0)) >= 0;)
		CHECK(got != 202);
	for (int got; (got = frame_next(at_b.frames, 0)) >= 0;)
		CHECK(got != 201);
	end_done(&at_b);
	end_begin(&again, &b, b.ns.root, "lab9", true);
	ends_connect(&at_a, &again);
	CHECK_INT(link_get(a.ns.root->rtnl, "lab0").index, index);
	CHECK(frame_passes(again.frames, at_a.frames));
	CHECK(frame_passes(at_a.frames, again.frames));
	/* The host may switch it off and on. */
	struct rtnl_change down = {.what = RTNL_SET_UP};
	OK(rtnl_link_set(a.ns.root->rtnl, index, &down, &err_));
	link_up(a.ns.root->rtnl, index);
	fd_close(at_a.frames);
	at_a.frames = frames_at(a.ns.root, "lab0");
	check_pass(&at_a, &again);
	end_done(&at_a);
	end_done(&again);
	host_done(&a);
	host_done(&b);
}

TEST(only_the_agreed_remote_gets_in)
{
	struct host a, b;
	struct end at_a, at_b, other;
	hosts_init(&a, &b, true, 1500);
	end_begin(&at_a, &a, a.ns.root, "lab0", true);
	end_begin(&at_b, &b, b.ns.root, "lab0", true);
	end_begin(&other, &b, b.ns.root, "lab1", true);
	ends_connect(&at_a, &at_b);
	check_pass(&at_a, &at_b);
	OK(tunnel_connect(other.tunnel, &at_a.remote, 1400, &err_));
	CHECK_INT(frame_send(other.frames, 250, 46), 0);
	check_pass(&at_a, &at_b); /* what came before it has come */
	struct vat_message *m = vat_message_new(0, 0);
	struct net_stats_b s = net_stats_init_root(m);
	OK(tunnel_stats(at_a.tunnel, s));
	struct net_stats_r r = net_stats_b_r(s);
	CHECK(net_stats_get_foreign(r) >= 1);
	CHECK(net_stats_get_received_packets(r) >= 2);
	CHECK(net_stats_get_sent_packets(r) >= 2);
	CHECK_INT(net_stats_get_restricted(r), 0);
	vat_message_free(m);
	end_done(&at_a);
	end_done(&at_b);
	end_done(&other);
	host_done(&a);
	host_done(&b);
}

TEST(what_is_sent_and_what_is_received_are_not_confused)
{
	enum { MANY = 60, SIZE = 1300 };
	struct host a, b;
	struct end at_a, at_b;
	hosts_init(&a, &b, true, 1500);
	end_begin(&at_a, &a, a.ns.root, "lab0", true);
	end_begin(&at_b, &b, b.ns.root, "lab0", true);
	ends_connect(&at_a, &at_b);
	check_pass(&at_a, &at_b);
	struct stats a1 = stats_of(&at_a), b1 = stats_of(&at_b);
	for (unsigned i = 0; i < MANY; i++)
		CHECK_INT(frame_send(at_a.frames, 200, SIZE), 0);
	CHECK_COUNTED(&at_b, received_packets, b1.received_packets + MANY);
	struct stats a2 = stats_of(&at_a), b2 = stats_of(&at_b);
	CHECK(a2.sent_packets - a1.sent_packets >= MANY);
	CHECK(a2.sent_bytes - a1.sent_bytes >= MANY * SIZE);
	CHECK(a2.received_packets - a1.received_packets < MANY);
	CHECK(a2.received_bytes - a1.received_bytes < MANY * SIZE);
	CHECK(b2.received_bytes - b1.received_bytes >= MANY * SIZE);
	CHECK(b2.sent_packets - b1.sent_packets < MANY);
	CHECK(b2.sent_bytes - b1.sent_bytes < MANY * SIZE);
	end_done(&at_a);
	end_done(&at_b);
	host_done(&a);
	host_done(&b);
}

/* That one's frames are no ARP; one is neither sent nor received, whichever its device is. */
static void check_restricted(bool create_it)
{
	static const struct guard_restrictions only_arp = {.protocols = 1};
	struct host a, b;
	struct end at_a, at_b, open_a, open_b;
	hosts_init(&a, &b, true, 1500);
	AUTO_CLOSE int behind = card(&a, a.ns.root, "eth1");
	const char *name = create_it ? "lab0" : "eth1";
	end_begin_restricted(&at_a, &a, a.ns.root, name, create_it, &only_arp);
	end_begin(&at_b, &b, b.ns.root, "lab0", true);
	end_begin(&open_a, &a, a.ns.root, "lab1", true);
	end_begin(&open_b, &b, b.ns.root, "lab1", true);
	ends_connect(&at_a, &at_b);
	ends_connect(&open_a, &open_b);
	AUTO_CLOSE int wire = create_it ? -EBADF : frames_in(behind, "wire");
	int there = create_it ? at_a.frames : wire;
	CHECK_INT(frame_send(at_b.frames, 250, 46), 0);
	int r = frame_send(there, 251, 46);
	CHECK(!r || (create_it && r == -ENOBUFS)); /* dropped at once */
	check_pass(&open_a, &open_b); /* what came before it has come */
	CHECK_COUNTED(&at_a, restricted, 1);
	CHECK_INT(frame_next(there, 0), -1);
	CHECK_INT(frame_next(at_b.frames, 0), -1);
	end_done(&at_a);
	end_done(&at_b);
	end_done(&open_a);
	end_done(&open_b);
	host_done(&a);
	host_done(&b);
}

TEST(restrictions_hold_at_a_created_interface)
{
	check_restricted(true);
}

TEST(restrictions_hold_at_an_existing_interface)
{
	check_restricted(false);
}

TEST(several_have_one_created_interface)
{
	struct host a, b;
	struct end at_a, at_b, more;
	hosts_init(&a, &b, true, 1500);
	end_begin(&at_a, &a, a.ns.root, "lab0", true);
	end_begin(&at_b, &b, b.ns.root, "lab0", true);
	end_begin(&more, &b, b.ns.root, "lab1", true);
	struct tunnel *second;
	struct tunnel_config cfg = {.segment = at_a.segment, .created = at_a.created};
	OK(tunnel_new(&a.ns, &cfg, &second, &err_));
	CHECK(strcmp(tunnel_device(second), "lab0"));
	struct rtnl_remote remote = {
		.address = a.ns.address, .port = tunnel_port(second), .vni = tunnel_vni(second)};
	CHECK(remote.port != at_a.remote.port);
	address_add(a.ns.root->rtnl, "lab0", "10.1.0.7/24");
	ends_connect(&at_a, &at_b);
	OK(tunnel_connect(second, &more.remote, 0, &err_));
	OK(tunnel_connect(more.tunnel, &remote, 1400, &err_));
	CHECK(frame_passes(at_a.frames, at_b.frames));
	CHECK(frame_passes(at_a.frames, more.frames));
	CHECK(frame_passes(more.frames, at_b.frames));
	CHECK(frame_passes(at_b.frames, more.frames));
	tunnel_free(second);
	host_turn(&a);
	check_pass(&at_a, &at_b);
	/* When the first has gone as well, the interface is free for the next. */
	tunnel_free(at_a.tunnel);
	OK(tunnel_new(&a.ns, &cfg, &at_a.tunnel, &err_));
	CHECK_STR(tunnel_device(at_a.tunnel), "lab0");
	end_done(&at_a);
	end_done(&at_b);
	end_done(&more);
	host_done(&a);
	host_done(&b);
}

TEST(a_caller_that_wants_its_number_gets_a_device_of_its_own)
{
	struct host a;
	host_init(&a, "fd99::1");
	struct created *c = create(a.ns.root, "lab0");
	struct segment *s = segment_of(a.ns.root, "lab0");
	struct tunnel_config cfg = {.segment = s, .created = c, .vni = 77};
	struct tunnel *t;
	OK(tunnel_new(&a.ns, &cfg, &t, &err_));
	CHECK_INT(tunnel_vni(t), 77);
	CHECK(!strncmp(tunnel_device(t), "mcx", 3));
	struct rtnl_link l = link_get(a.ns.root->rtnl, tunnel_device(t));
	CHECK_INT(l.vxlan_vni, 77);
	CHECK(!strncmp(l.alias, "metac fd99::1 tunnel ", 21));
	tunnel_free(t);
	segment_unref(s);
	created_unref(c);
	host_turn(&a);
	CHECK_INT(link_count(a.ns.root->rtnl), 1);
	host_done(&a);
}

TEST(a_deleted_interface_is_told_of)
{
	struct host a, b;
	struct end at_a, at_b;
	hosts_init(&a, &b, true, 1500);
	AUTO_CLOSE int behind = card(&a, a.ns.root, "eth1");
	end_begin(&at_a, &a, a.ns.root, "lab0", true);
	end_begin(&at_b, &a, a.ns.root, "eth1", false);
	OK(tunnel_connect(at_a.tunnel, &(struct rtnl_remote){b.ns.address, 50000, 5}, 1400, &err_));
	OK(tunnel_connect(at_b.tunnel, &(struct rtnl_remote){b.ns.address, 50001, 6}, 1400, &err_));
	host_turn(&a);
	OK(rtnl_link_delete(a.ns.root->rtnl, at_a.created->index, &err_));
	host_turn(&a);
	CHECK_INT(at_a.n_gone, 1);
	CHECK_INT(at_b.n_gone, 0);
	CHECK_INT(at_a.created->index, 0);
	struct err e = {};
	CHECK_INT(tunnel_connect(at_a.tunnel, &at_b.remote, 1400, &e), -ENODEV);
	OK(rtnl_link_delete(a.ns.root->rtnl, link_get(a.ns.root->rtnl, "eth1").index, &err_));
	host_turn(&a);
	CHECK_INT(at_b.n_gone, 1);
	end_done(&at_a);
	end_done(&at_b);
	CHECK_INT(link_count(a.ns.root->rtnl), 2);
	host_done(&a);
	host_done(&b);
}

TEST(the_port_of_what_was_moved_away_stays_shut)
{
	struct host a, b;
	struct end at_a;
	hosts_init(&a, &b, true, 1500);
	struct place *there = place_new(&a);
	AUTO_CLOSE int behind = card(&a, a.ns.root, "eth1");
	for (int i = 0; i < 4; i++) {
		bool moved = i & 1, own = i & 2;
		end_begin(&at_a, &a, a.ns.root, own ? "lab0" : "eth1", own);
		int index = link_get(a.ns.root->rtnl, tunnel_device(at_a.tunnel)).index;
		OK(tunnel_connect(
			at_a.tunnel, &(struct rtnl_remote){b.ns.address, 50000, 5}, 1400, &err_));
		struct rtnl_change c = {.what = RTNL_SET_NETNS, .netns = there->netns};
		if (moved)
			OK(rtnl_link_set(a.ns.root->rtnl, index, &c, &err_));
		else
			OK(rtnl_link_delete(a.ns.root->rtnl, index, &err_));
		host_turn(&a);
		CHECK_INT(at_a.n_gone, 1);
		uint16_t port = tunnel_port(at_a.tunnel);
		end_done(&at_a);
		CHECK_INT(guard_port_is_ours(a.ns.root->guard, port), moved);
	}
	place_unref(there);
	host_done(&a);
	host_done(&b);
}

TEST(a_namespace_without_a_name_keeps_nothing)
{
	struct host a, b;
	struct end at_a;
	char path[PATH_MAX];
	hosts_init(&a, &b, true, 1500);
	struct place *there = place_new(&a);
	end_begin(&at_a, &a, there, "lab0", true);
	OK(tunnel_connect(at_a.tunnel, &(struct rtnl_remote){b.ns.address, 50000, 5}, 1400, &err_));
	host_turn(&a);
	(void)snprintf(path, sizeof(path), "%s/netns", a.dir);
	CHECK_INT(umount2(path, MNT_DETACH), 0);
	CHECK_INT(unlink(path), 0);
	host_turn(&a);
	CHECK_INT(at_a.n_gone, 1);
	CHECK_INT(link_count(there->rtnl), 2);
	uint16_t port = tunnel_port(at_a.tunnel);
	end_done(&at_a);
	CHECK_INT(link_count(there->rtnl), 1);
	CHECK(!guard_port_is_ours(a.ns.root->guard, port));
	place_unref(there);
	host_done(&a);
	host_done(&b);
}

TEST(a_renamed_interface_stays_guarded)
{
	struct host a, b;
	struct end at_a, at_b;
	hosts_init(&a, &b, true, 1500);
	end_begin(&at_a, &a, a.ns.root, "lab0", true);
	end_begin(&at_b, &b, b.ns.root, "lab0", true);
	ends_connect(&at_a, &at_b);
	struct rtnl_change c = {.what = RTNL_SET_NAME, .name = "lab7"};
	OK(rtnl_link_set(a.ns.root->rtnl, at_a.created->index, &c, &err_));
	host_turn(&a);
	CHECK_STR(at_a.created->name, "lab7");
	CHECK_STR(tunnel_device(at_a.tunnel), "lab7");
	uint64_t n;
	OK(guard_link_dropped(a.ns.root->guard, "lab7", &n, &err_));
	check_pass(&at_a, &at_b);
	CHECK_INT(at_a.n_gone, 0);
	end_done(&at_a);
	end_done(&at_b);
	host_done(&a);
	host_done(&b);
}

TEST(an_interface_in_another_namespace_has_its_port_here)
{
	struct host a, b;
	struct end at_a, at_b;
	hosts_init(&a, &b, true, 1500);
	struct place *there = place_new(&a);
	size_t links = link_count(there->rtnl), links_a = link_count(a.ns.root->rtnl);
	end_begin(&at_a, &a, there, "lab0", true);
	end_begin(&at_b, &b, b.ns.root, "lab0", true);
	CHECK_INT(link_count(there->rtnl), links + 1);
	CHECK_INT(link_count(a.ns.root->rtnl), links_a);
	CHECK(!strncmp(link_get(there->rtnl, "lab0").alias, "metac fd99::1 if ", 17));
	ends_connect(&at_a, &at_b);
	check_pass(&at_a, &at_b);
	end_done(&at_a);
	CHECK_INT(link_count(there->rtnl), links);
	end_done(&at_b);
	place_unref(there);
	host_done(&a);
	host_done(&b);
}

TEST(many_leave_nothing)
{
	enum { MANY = 40 };
	struct host a;
	struct tunnel *t[MANY];
	host_init(&a, "fd99::1");
	AUTO_CLOSE int behind = card(&a, a.ns.root, "eth1");
	size_t links = link_count(a.ns.root->rtnl);
	struct segment *s = segment_of(a.ns.root, "eth1");
	struct tunnel_config cfg = {.segment = s};
	for (unsigned i = 0; i < MANY; i++) {
		struct rtnl_remote to = {.address = a.ns.address, .port = 50000, .vni = 1 + i};
		to.address.v6.s6_addr[15] = 9;
		OK(tunnel_new(&a.ns, &cfg, &t[i], &err_));
		OK(tunnel_connect(t[i], &to, 0, &err_));
	}
	CHECK_INT(segment_ports(s), MANY);
	uint16_t port[MANY];
	for (unsigned i = 0; i < MANY; i++) {
		port[i] = tunnel_port(t[i]);
		tunnel_free(t[i]);
	}
	segment_unref(s);
	host_turn(&a);
	CHECK_INT(link_count(a.ns.root->rtnl), links);
	for (unsigned i = 0; i < MANY; i++)
		CHECK(!guard_port_is_ours(a.ns.root->guard, port[i]));
	host_done(&a);
}

/* Chance as it has to be for a test: ports in this order, and the largest of other numbers. */
static uint32_t ports_to_come[8];
static unsigned n_ports_used;

static uint32_t no_chance(const uint32_t upper)
{
	if (upper != TUNNEL_PORT_LAST - TUNNEL_PORT_FIRST + 1)
		return upper - 1;
	CHECK(n_ports_used < ARRAY_SIZE(ports_to_come));
	return ports_to_come[n_ports_used++] - TUNNEL_PORT_FIRST;
}

static const char *chance_name(void)
{
	return "test";
}

static void chance_buf(void *buf, const size_t size)
{
	CHECK_INT(getentropy(buf, size), 0);
}

static uint32_t chance_number(void)
{
	uint32_t n;
	chance_buf(&n, sizeof(n));
	return n;
}

TEST(a_port_that_is_taken_is_left_to_who_has_it)
{
	static struct randombytes_implementation chance = {
		.implementation_name = chance_name,
		.random = chance_number,
		.uniform = no_chance,
		.buf = chance_buf,
	};
	static const uint32_t ports[] = {50000, 50000, 50001, 50002, 50003};
	struct host a, b;
	struct end first, second, third, other;
	hosts_init(&a, &b, true, 1500);
	end_begin(&other, &b, b.ns.root, "lab0", true);
	memcpy(ports_to_come, ports, sizeof(ports));
	CHECK_INT(randombytes_set_implementation(&chance), 0);
	end_begin(&first, &a, a.ns.root, "lab0", true);
	CHECK_INT(tunnel_port(first.tunnel), 50000);
	CHECK_INT(tunnel_vni(first.tunnel), 0xffffff);
	ends_connect(&first, &other);
	check_pass(&first, &other);
	/* One of ours. */
	end_begin(&second, &a, a.ns.root, "lab1", true);
	CHECK_INT(tunnel_port(second.tunnel), 50001);
	check_pass(&first, &other);
	/* Some program's. */
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(50002)};
	enter(a.netns);
	AUTO_CLOSE int taken = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK_INT(bind(taken, (struct sockaddr *)&at, sizeof(at)), 0);
	end_begin(&third, &a, a.ns.root, "lab2", true);
	CHECK_INT(tunnel_port(third.tunnel), 50003);
	CHECK(!guard_port_is_ours(a.ns.root->guard, 50002));
	end_done(&first);
	end_done(&second);
	end_done(&third);
	end_done(&other);
	host_done(&a);
	host_done(&b);
}

TEST(a_kernel_without_vxlan_is_explained)
{
	struct err e = {};
	CHECK_INT(tunnel_link_explain(-EOPNOTSUPP, &e), -EAFNOSUPPORT);
	CHECK(strstr(e.msg, "modprobe vxlan"));
	CHECK_INT(tunnel_link_explain(-EEXIST, &e), -EEXIST);
}
