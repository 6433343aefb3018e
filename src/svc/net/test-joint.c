/* SPDX-License-Identifier: MIT */
/* Interfaces of one host, in one namespace or two, and frames between them. */
#include "svc/net/test-net.h"

struct side {
	struct place *place;
	struct created *created;
	struct tunnel_config cfg;
	unsigned n_gone;
	int behind; /* the namespace at the other end of a card */
	int frames; /* where the side's frames come from and get to */
};

static void on_gone(void *user, const char *why)
{
	struct side *side = user;
	CHECK(*why);
	side->n_gone++;
}

static void side_config(struct side *s, const char *name)
{
	s->cfg = (struct tunnel_config){
		.segment = segment_of(s->place, name),
		.created = s->created,
		.gone = on_gone,
		.user = s,
	};
}

static void side_create(struct side *s, struct place *p, const char *name)
{
	*s = (struct side){.place = p, .created = create(p, name), .behind = -EBADF};
	side_config(s, name);
	s->frames = -EBADF;
}

/* What is created gets another link when it is joined. */
static void side_listen(struct side *s)
{
	if (s->created)
		s->frames = frames_at(s->place, s->created->name);
}

static void side_card(struct side *s, struct place *p, const char *name)
{
	struct place other = {};
	AUTO_CLOSE int was = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	*s = (struct side){.place = p, .behind = namespace_new()};
	enter(was);
	other.netns = s->behind;
	OK(rtnl_new(other.netns, &other.rtnl, &err_));
	OK(rtnl_veth_add(p->rtnl, name, "wire", "", NULL, other.netns, &err_));
	link_up(other.rtnl, link_get(other.rtnl, "wire").index);
	link_up(p->rtnl, link_get(p->rtnl, name).index);
	s->frames = frames_at(&other, "wire");
	rtnl_free(other.rtnl);
	side_config(s, name);
}

static void side_done(struct side *s)
{
	segment_unref(s->cfg.segment);
	created_unref(s->created);
	fd_close(s->frames);
	fd_close(s->behind);
	host_turn(container_of(s->place->ns, struct host, ns));
}

static void check_joint(struct host *h, struct side *a, struct side *b, const char *transport)
{
	struct joint *j;
	OK(joint_new(&h->ns, &a->cfg, &b->cfg, &j, &err_));
	CHECK_STR(joint_transport(j), transport);
	host_turn(h);
	side_listen(a);
	side_listen(b);
	CHECK(frame_passes(a->frames, b->frames));
	CHECK(frame_passes(b->frames, a->frames));
	for (int other = 0; other < 2; other++) {
		struct vat_message *m = vat_message_new(0, 0);
		struct net_stats_b s = net_stats_init_root(m);
		OK(joint_stats_of(j, other, s));
		CHECK(net_stats_get_received_packets(net_stats_b_r(s)) >= 1);
		CHECK(net_stats_get_sent_packets(net_stats_b_r(s)) >= 1);
		vat_message_free(m);
	}
	CHECK_INT(a->n_gone + b->n_gone, 0);
	joint_free(j);
	host_turn(h);
}

TEST(two_cards_are_joined_by_a_pair)
{
	struct host h;
	struct side a, b;
	host_init(&h, "fd99::1");
	side_card(&a, h.ns.root, "eth1");
	side_card(&b, h.ns.root, "eth2");
	size_t links = link_count(h.ns.root->rtnl);
	check_joint(&h, &a, &b, "veth");
	CHECK_INT(link_count(h.ns.root->rtnl), links);
	side_done(&a);
	side_done(&b);
	host_done(&h);
}

TEST(cards_of_two_namespaces_are_joined)
{
	struct host h;
	struct side a, b;
	host_init(&h, "fd99::1");
	struct place *there = place_new(&h);
	side_card(&a, h.ns.root, "eth1");
	side_card(&b, there, "eth1");
	size_t links = link_count(there->rtnl);
	check_joint(&h, &a, &b, "veth");
	CHECK_INT(link_count(there->rtnl), links);
	side_done(&a);
	side_done(&b);
	place_unref(there);
	host_done(&h);
}

TEST(a_card_becomes_a_port_of_a_bridge)
{
	struct host h;
	struct side a, b;
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	side_card(&a, h.ns.root, "eth1");
	side_card(&b, h.ns.root, "eth2");
	OK(rtnl_bridge_add(n, "br0", "", &err_));
	struct rtnl_change c = {.what = RTNL_SET_MASTER, .master = link_get(n, "br0").index};
	OK(rtnl_link_set(n, link_get(n, "eth2").index, &c, &err_));
	host_turn(&h);
	segment_unref(b.cfg.segment);
	side_config(&b, "br0");
	size_t links = link_count(n);
	check_joint(&h, &a, &b, "bridge");
	CHECK_INT(link_count(n), links);
	CHECK_INT(link_get(n, "eth1").master, 0);
	CHECK_INT(link_get(n, "eth2").master, link_get(n, "br0").index);
	check_joint(&h, &b, &a, "bridge");
	side_done(&a);
	side_done(&b);
	host_done(&h);
}

TEST(a_created_interface_becomes_an_end)
{
	struct host h;
	struct side a, b;
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	side_create(&a, h.ns.root, "lab0");
	side_card(&b, h.ns.root, "eth1");
	struct rtnl_change small = {.what = RTNL_SET_MTU, .mtu = 1300};
	OK(rtnl_link_set(n, link_get(n, "eth1").index, &small, &err_));
	struct rtnl_link before = link_get(n, "lab0");
	CHECK_STR(before.kind, "vxlan");
	check_joint(&h, &a, &b, "veth");
	struct rtnl_link after = link_get(n, "lab0");
	CHECK_STR(after.kind, "veth");
	CHECK_INT(after.mtu, 1300);
	CHECK_STR(after.alias, before.alias);
	CHECK(!memcmp(after.mac, before.mac, sizeof(after.mac)));
	/* It stays, with what the host gave it, and is joined again. */
	address_add(n, "lab0", "10.1.0.7/24");
	fd_close(a.frames);
	segment_unref(a.cfg.segment);
	side_config(&a, "lab0");
	check_joint(&h, &b, &a, "veth");
	CHECK_INT(link_get(n, "lab0").index, after.index);
	side_done(&a);
	CHECK_INT(link_count(n), 2); /* a card goes with who is behind it, some time */
	side_done(&b);
	host_done(&h);
}

TEST(two_created_interfaces_of_two_namespaces)
{
	struct host h;
	struct side a, b;
	host_init(&h, "fd99::1");
	struct place *there = place_new(&h);
	side_create(&a, h.ns.root, "lab0");
	side_create(&b, there, "lab0");
	check_joint(&h, &a, &b, "veth");
	side_done(&a);
	CHECK_STR(link_get(there->rtnl, "lab0").kind, "veth");
	side_done(&b);
	CHECK_INT(link_count(h.ns.root->rtnl), 1);
	CHECK_INT(link_count(there->rtnl), 1);
	place_unref(there);
	host_done(&h);
}

TEST(an_interface_in_use_is_left_as_it_is)
{
	struct host h;
	struct side a, b;
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	side_create(&a, h.ns.root, "lab0");
	side_card(&b, h.ns.root, "eth1");
	address_add(n, "lab0", "10.1.0.7/24");
	CHECK(!created_is_pristine(a.created));
	check_joint(&h, &a, &b, "veth");
	CHECK_STR(link_get(n, "lab0").kind, "vxlan");
	side_done(&a);
	side_done(&b);
	host_done(&h);
}

TEST(what_is_joined_already_is_refused)
{
	struct host h;
	struct side a, b;
	struct joint *j;
	struct err e = {};
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	side_card(&a, h.ns.root, "eth1");
	side_card(&b, h.ns.root, "eth2");
	size_t links = link_count(n);
	CHECK_INT(joint_new(&h.ns, &a.cfg, &a.cfg, &j, &e), -EINVAL);
	OK(rtnl_bridge_add(n, "br0", "", &err_));
	struct rtnl_change c = {.what = RTNL_SET_MASTER, .master = link_get(n, "br0").index};
	OK(rtnl_link_set(n, link_get(n, "eth1").index, &c, &err_));
	OK(rtnl_link_set(n, link_get(n, "eth2").index, &c, &err_));
	CHECK_INT(joint_new(&h.ns, &a.cfg, &b.cfg, &j, &e), -EEXIST);
	CHECK(strstr(e.msg, "eth1") && strstr(e.msg, "eth2"));
	CHECK_INT(link_count(n), links + 1);
	side_done(&a);
	side_done(&b);
	host_done(&h);
}

/* What is created is another link since it was joined. */
static void side_again(struct side *s)
{
	if (!s->created)
		return;
	s->frames = fd_close(s->frames);
	segment_unref(s->cfg.segment);
	s->cfg.segment = segment_of(s->place, s->created->name);
}

/* Restrictions of either end let no frame of our type through, whatever joins them. */
static void check_restricted(struct host *h, struct side *a, struct side *b)
{
	static const struct guard_restrictions only_arp = {.protocols = 1};
	struct side *sides[] = {a, b};
	for (int i = 0; i < 2; i++) {
		struct joint *j;
		struct side *s = sides[i];
		s->cfg.restrictions = &only_arp;
		s->cfg.n_restrictions = 1;
		OK(joint_new(&h->ns, &a->cfg, &b->cfg, &j, &err_));
		CHECK_STR(joint_transport(j), "veth");
		host_turn(h);
		side_listen(a);
		side_listen(b);
		for (int n = 0; n < 30; n++) { /* as long as a bridge takes to begin, and longer */
			(void)frame_send(a->frames, 250, 46);
			(void)frame_send(b->frames, 251, 46);
			CHECK(frame_next(b->frames, 5) != 250);
			CHECK(frame_next(a->frames, 5) != 251);
		}
		uint64_t n = 0;
		for (int other = 0; other < 2; other++) {
			struct vat_message *m = vat_message_new(0, 0);
			struct net_stats_b stats = net_stats_init_root(m);
			OK(joint_stats_of(j, other, stats));
			n += net_stats_get_restricted(net_stats_b_r(stats));
			vat_message_free(m);
		}
		CHECK(n > 0);
		joint_free(j);
		host_turn(h);
		s->cfg.n_restrictions = 0;
		for (int k = 0; k < 2; k++)
			side_again(sides[k]);
	}
}

TEST(restrictions_hold_between_cards)
{
	struct host h;
	struct side a, b;
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	side_card(&a, h.ns.root, "eth1");
	side_card(&b, h.ns.root, "eth2");
	check_restricted(&h, &a, &b);
	/* Nor is one made a port of the other's bridge then. */
	OK(rtnl_bridge_add(n, "br0", "", &err_));
	struct rtnl_change c = {.what = RTNL_SET_MASTER, .master = link_get(n, "br0").index};
	OK(rtnl_link_set(n, link_get(n, "eth2").index, &c, &err_));
	host_turn(&h);
	segment_unref(b.cfg.segment);
	side_config(&b, "br0");
	check_restricted(&h, &a, &b);
	side_done(&a);
	side_done(&b);
	host_done(&h);
}

TEST(restrictions_hold_between_created_interfaces)
{
	struct host h;
	struct side a, b;
	host_init(&h, "fd99::1");
	struct place *there = place_new(&h);
	side_create(&a, h.ns.root, "lab0");
	side_create(&b, there, "lab1");
	check_restricted(&h, &a, &b);
	side_done(&a);
	side_done(&b);
	place_unref(there);
	host_done(&h);
}

TEST(a_card_that_was_down_is_down_again)
{
	struct host h;
	struct side a, b;
	struct joint *j;
	struct rtnl_change down = {.what = RTNL_SET_UP};
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	side_card(&a, h.ns.root, "eth1");
	side_card(&b, h.ns.root, "eth2");
	OK(rtnl_bridge_add(n, "br0", "", &err_));
	segment_unref(b.cfg.segment);
	side_config(&b, "br0");
	OK(rtnl_link_set(n, link_get(n, "eth1").index, &down, &err_));
	host_turn(&h);
	OK(joint_new(&h.ns, &a.cfg, &b.cfg, &j, &err_));
	CHECK_STR(joint_transport(j), "bridge");
	CHECK(link_get(n, "eth1").flags & IFF_UP);
	joint_free(j);
	host_turn(&h);
	CHECK(!(link_get(n, "eth1").flags & IFF_UP));
	side_done(&a);
	side_done(&b);
	host_done(&h);
}

TEST(an_end_that_goes_is_told_of)
{
	struct host h;
	struct side a, b;
	struct joint *j;
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	side_card(&a, h.ns.root, "eth1");
	side_card(&b, h.ns.root, "eth2");
	OK(joint_new(&h.ns, &a.cfg, &b.cfg, &j, &err_));
	host_turn(&h);
	OK(rtnl_link_delete(n, link_get(n, "eth2").index, &err_));
	host_turn(&h);
	CHECK_INT(a.n_gone, 0);
	CHECK_INT(b.n_gone, 1);
	joint_free(j);
	host_turn(&h);
	CHECK_INT(link_count(n), 2);
	side_done(&a);
	side_done(&b);
	host_done(&h);
}
