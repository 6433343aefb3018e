/* SPDX-License-Identifier: MIT */
#include "svc/net/test-net.h"
#include "svc/net/tunnel-link.h"

/* Options of a message that the caller frees. */
static struct net_create_options_r options(
	struct vat_message **ret, const char *kind, uint32_t mtu, const char *address)
{
	struct vat_message *m = *ret = vat_message_new(0, 0);
	struct net_create_options_b b = net_create_options_init_root(m);
	net_create_options_set_kind(b, vat_str(kind));
	net_create_options_set_mtu(b, mtu);
	if (*address)
		vat_set_text(vat_list_ptr_b(net_create_options_init_addresses(b, 1), 0),
			vat_str(address));
	return net_create_options_b_r(b);
}

static void check_kind(const char *kind, const char *link_kind, bool is_up)
{
	struct host h;
	struct created *c;
	struct vat_message *m;
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	OK(created_new(h.ns.root, "lab0", "", options(&m, kind, 1400, "10.1.0.7/24"), &c, &err_));
	vat_message_free(m);
	struct rtnl_link l = link_get(n, "lab0");
	CHECK_STR(l.kind, link_kind);
	CHECK_INT(l.mtu, 1400);
	CHECK_INT(!!(l.flags & IFF_UP), is_up);
	CHECK(!memcmp(l.mac, c->mac, sizeof(l.mac)));
	CHECK(!strncmp(l.alias, "metac fd99::1 if ", 17));
	CHECK_STR(l.alias + 17, c->id);
	struct vat_data mac = net_create_options_get_mac(created_options(c));
	CHECK(mac.len == sizeof(c->mac) && !memcmp(mac.p, c->mac, mac.len));
	struct rtnl_address *list;
	size_t count;
	OK(rtnl_address_list(n, l.index, &list, &count, &err_));
	CHECK(count >= 1);
	free(list);
	CHECK(created_is_pristine(c));
	struct created *found = created_find(h.ns.root, l.index);
	CHECK(found == c);
	created_unref(found);
	created_unref(c);
	host_turn(&h);
	CHECK_INT(link_count(n), 1);
	host_done(&h);
}

TEST(an_interface_of_each_kind_comes_and_goes)
{
	check_kind("", "vxlan", true);
	check_kind("bridge", "bridge", true);
}

TEST(a_tap_comes_and_goes)
{
	if (access("/dev/net/tun", W_OK) < 0)
		test_skip("no /dev/net/tun");
	check_kind("tap", "tun", true);
}

TEST(a_name_is_free_when_its_interface_was_let_go)
{
	struct host h;
	host_init(&h, "fd99::1");
	struct created *c = create(h.ns.root, "lab0"), *d;
	struct err e = {};
	CHECK_INT(created_new(h.ns.root, "lab0", "", NO_OPTIONS, &d, &e), -EEXIST);
	CHECK_STR(e.msg, "there is an interface lab0 already");
	created_unref(c);
	c = create(h.ns.root, "lab0"); /* in the same turn */
	created_unref(c);
	host_turn(&h);
	CHECK_INT(link_count(h.ns.root->rtnl), 1);
	host_done(&h);
}

TEST(what_cannot_be_made_is_refused)
{
	static const struct {
		const char *name, *kind, *address;
		uint32_t mtu;
		int result;
		const char *words;
	} cases[] = {
		{"lab0123456789abc", "", "", 0, -EINVAL, "too long"},
		{"a/b", "", "", 0, -EINVAL, "cannot be an interface's name"},
		{"", "", "", 0, -EINVAL, "cannot be an interface's name"},
		{"lab0", "dummy", "", 0, -EINVAL, "\"dummy\""},
		{"lab0", "", "10.1.0.300/24", 0, -EINVAL, "\"10.1.0.300/24\""},
		{"lab0", "", "", 100, -EINVAL, "at least 576, and 1280 for IPv6"},
		{"lab0", "", "", 65500, -EMSGSIZE, "at most 65461"},
	};
	struct host h;
	host_init(&h, "fd99::1");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vat_message *m;
		struct err e = {};
		struct created *c;
		struct net_create_options_r o =
			options(&m, cases[i].kind, cases[i].mtu, cases[i].address);
		CHECK_INT(created_new(h.ns.root, cases[i].name, "", o, &c, &e), cases[i].result);
		if (!strstr(e.msg, cases[i].words))
			test_fail(__FILE__, __LINE__, "case %zu: %s", i, e.msg);
		vat_message_free(m);
	}
	CHECK_INT(link_count(h.ns.root->rtnl), 1);
	CHECK_INT(h.ns.n_created, 0);
	host_done(&h);
}

/* As if the process had been killed: what it had in the kernel is there, and nobody knows it. */
static void forget(struct host *h, struct created *c)
{
	list_unlink(&c->link);
	place_unwatch(&c->watcher);
	h->ns.n_created--;
	place_unref(c->leg_place);
	place_unref(c->place);
	vat_message_free(c->options);
	free(c);
}

TEST(what_a_killed_process_left_is_taken_over)
{
	struct host h;
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	struct created *c = create(h.ns.root, "lab0"), *d;
	char id[33];
	memcpy(id, c->id, sizeof(id));
	uint16_t port = c->port;
	address_add(n, "lab0", "10.1.0.7/24");
	struct rtnl_remote to = {.address = h.ns.address, .port = 50000, .vni = 5};
	OK(rtnl_vxlan_remote(n, c->index, NULL, &to, &err_));
	OK(guard_port_remove(h.ns.root->guard, port, &err_));
	int index = c->index;
	forget(&h, c);
	OK(created_new(h.ns.root, "lab0", id, NO_OPTIONS, &d, &err_));
	CHECK_INT(d->index, index);
	CHECK_INT(d->port, port);
	CHECK(guard_port_is_ours(h.ns.root->guard, port)); /* shut */
	CHECK(!created_is_pristine(d));
	/* Whoever comes for the same finds it. */
	OK(created_new(h.ns.root, "lab0", id, NO_OPTIONS, &c, &err_));
	CHECK(c == d);
	created_unref(c);
	created_unref(d);
	host_turn(&h);
	CHECK_INT(link_count(n), 1);
	host_done(&h);
}

static void forge(struct place *p, const char *name, const char *id, uint16_t port)
{
	char alias[RTNL_ALIAS_MAX + 1];
	struct rtnl_vxlan v = {.name = name,
		.alias = alias,
		.vni = 1,
		.port = port,
		.target = -EBADF,
		.local = p->ns->address};
	net_mark(p->ns, "if", id, alias);
	OK(rtnl_vxlan_add(p->rtnl, &v, &err_));
}

/* Who owns a namespace writes any mark there. */
TEST(a_forged_mark_shuts_no_port)
{
	struct host h;
	host_init(&h, "fd99::1");
	struct place *p = place_new(&h);
	struct created *c = create(p, "lab0"), *d;
	char id[33] = "0123456789abcdef0123456789abcdef";
	struct rtnl_link l = link_get(p->rtnl, "lab0");
	CHECK_INT(tunnel_link_port(p, &l), c->port);
	forge(p, "forged", id, 50001);
	l = link_get(p->rtnl, "forged");
	CHECK_INT(tunnel_link_port(p, &l), 0);
	OK(created_new(p, "lab1", id, NO_OPTIONS, &d, &err_));
	CHECK(d->index != l.index);
	CHECK(d->port != 50001 && !guard_port_is_ours(h.ns.root->guard, 50001));
	created_unref(d);
	created_unref(c);
	forge(h.ns.root, "forged", id, 53);
	l = link_get(h.ns.root->rtnl, "forged");
	CHECK_INT(tunnel_link_port(h.ns.root, &l), 0);
	host_turn(&h);
	place_unref(p);
	host_done(&h);
}

/* Just before it is let go of: the service has not heard of that yet. */
TEST(a_port_stays_shut_while_somebody_has_it)
{
	struct host h;
	host_init(&h, "fd99::1");
	struct place *p = place_new(&h);
	struct created *c = create(p, "lab0");
	uint16_t port = c->port;
	AUTO_CLOSE int away = namespace_new();
	AUTO(rtnl_free) struct rtnl *n = NULL;
	enter(h.netns);
	OK(rtnl_new(away, &n, &err_));
	struct rtnl_change move = {.what = RTNL_SET_NETNS, .netns = away};
	OK(rtnl_link_set(p->rtnl, c->index, &move, &err_));
	CHECK(!(link_get(n, "lab0").flags & IFF_UP));
	created_unref(c);
	host_turn(&h);
	CHECK(guard_port_is_ours(h.ns.root->guard, port));
	link_up(n, link_get(n, "lab0").index);
	tunnel_port_release(&h.ns, port);
	CHECK(guard_port_is_ours(h.ns.root->guard, port));
	OK(rtnl_link_delete(n, link_get(n, "lab0").index, &err_));
	tunnel_port_release(&h.ns, port);
	CHECK(!guard_port_is_ours(h.ns.root->guard, port));
	place_unref(p);
	host_done(&h);
}

TEST(an_end_of_a_veth_is_taken_over)
{
	struct host h;
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	struct created *c = create(h.ns.root, "lab0"), *d;
	char id[33];
	OK(created_become_veth(c, h.ns.root, &err_));
	host_turn(&h);
	memcpy(id, c->id, sizeof(id));
	forget(&h, c);
	OK(created_new(h.ns.root, "lab0", id, NO_OPTIONS, &d, &err_));
	CHECK_INT(d->made, CREATED_VETH);
	CHECK_STR(d->name, "lab0");
	CHECK(!d->leg_taken && d->leg_place == h.ns.root);
	CHECK_INT(link_get(n, d->leg).index, d->leg_index);
	created_unref(d);
	host_turn(&h);
	CHECK_INT(link_count(n), 1);
	host_done(&h);
}
