/* SPDX-License-Identifier: MIT */
/*
 * Routed networks in network namespaces of the test's own: what the kernel has been told of a
 * network and its members on the host that has it, and on one that binds it.
 */
#include "svc/net/routed.h"
#include "svc/net/kernel/netconf.h"
#include "svc/net/test-net.h"

#include <net/if_arp.h>
#include <sys/ioctl.h>

#define ADDRESSES_MAX 8

/* ---- making one ---------------------------------------------------------------------------- */

static struct vat_message *options(const char *one, const char *other)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct net_create_options_b b = net_create_options_init_root(m);
	struct vat_list_b l = net_create_options_init_routed(b, other ? 2 : 1);
	vat_set_text(vat_list_ptr_b(l, 0), vat_str(one));
	if (other)
		vat_set_text(vat_list_ptr_b(l, 1), vat_str(other));
	return m;
}

static int network_try(struct host *h, const char *name, const char *one, const char *other,
	struct created **ret, struct err *e)
{
	struct vat_message *m = options(one, other);
	int r = created_new(h->ns.root, name, "", net_create_options_root(m), ret, e);
	vat_message_free(m);
	return r;
}

static struct created *network(struct host *h, const char *name, const char *one, const char *other)
{
	struct created *c = NULL;
	OK(network_try(h, name, one, other, &c, &err_));
	CHECK(c->routed);
	return c;
}

struct member {
	struct routed_lease *lease;
	unsigned taken;
};

static void on_taken(void *user)
{
	struct member *m = user;
	m->lease = NULL;
	m->taken++;
}

static int join_try(struct created *c, struct member *m, uint8_t number, struct err *e)
{
	uint8_t key[16] = {number};
	struct routed_request q = {
		.key = {key, sizeof(key)},
		.taken = on_taken,
		.user = m,
	};
	return routed_lease(c->routed, &q, &m->lease, e);
}

static void join(struct created *c, struct member *m, uint8_t number)
{
	OK(join_try(c, m, number, &err_));
}

/* What a member is told. */
static struct vat_message *told(const struct member *m)
{
	struct vat_message *msg = vat_message_new(0, 0);
	routed_lease_write(m->lease, net_routed_config_init_root(msg));
	return msg;
}

static const char *address_of(const struct member *m, unsigned i)
{
	static char text[RTNL_ADDRESS_TEXT];
	struct vat_message *msg = told(m);
	struct vat_list_r l = net_routed_config_get_addresses(net_routed_config_root(msg));
	CHECK(i < l.count);
	(void)snprintf(text, sizeof(text), "%s", vat_ptr_text(vat_list_ptr(l, i), NULL).s);
	vat_message_free(msg);
	return text;
}

/* ---- what the kernel has ------------------------------------------------------------------- */

static bool has_address(struct rtnl *n, int index, const char *text)
{
	struct rtnl_address *list;
	char t[RTNL_ADDRESS_TEXT];
	size_t count;
	bool has = false;
	OK(rtnl_address_list(n, index, &list, &count, &err_));
	for (size_t i = 0; i < count; i++) {
		rtnl_address_format(&list[i], t);
		has |= !strcmp(t, text);
	}
	free(list);
	return has;
}

static bool has_route(struct rtnl *n, int index, const char *text)
{
	struct rtnl_address *list;
	char t[RTNL_ADDRESS_TEXT];
	size_t count;
	bool has = false;
	OK(rtnl_route_list(n, &list, &count, &err_));
	for (size_t i = 0; i < count; i++) {
		rtnl_address_format(&list[i], t);
		has |= !strcmp(t, text) && list[i].index == index;
	}
	free(list);
	return has;
}

/* A permanent neighbour of IPv4 (arp(7)); the process is in the namespace. */
static bool has_neighbour(const char *link, const char *address, uint8_t *ret_mac)
{
	struct arpreq q = {};
	struct sockaddr_in *sin = (struct sockaddr_in *)&q.arp_pa;
	AUTO_CLOSE int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(s >= 0);
	sin->sin_family = AF_INET;
	CHECK_INT(inet_pton(AF_INET, address, &sin->sin_addr), 1);
	(void)snprintf(q.arp_dev, sizeof(q.arp_dev), "%s", link);
	if (ioctl(s, SIOCGARP, &q) < 0) {
		CHECK_INT(errno, ENXIO);
		return false;
	}
	memcpy(ret_mac, q.arp_ha.sa_data, RTNL_MAC_SIZE);
	return (q.arp_flags & (ATF_PERM | ATF_COM)) == (ATF_PERM | ATF_COM);
}

static int setting(struct place *p, int family, const char *link, const char *key)
{
	int value = -1;
	OK(netconf_get(p->netns, family, link, key, &value, &err_));
	return value;
}

/* ---- the host that has it ------------------------------------------------------------------ */

TEST(a_network_is_a_bridge_with_the_gateways)
{
	struct host h;
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	struct created *c = network(&h, "lab3", "10.9.0.1/24", "fd09::1/64");
	struct rtnl_link l = link_get(n, "lab3");
	CHECK_STR(l.kind, "bridge");
	CHECK(has_address(n, l.index, "10.9.0.1/24") && has_address(n, l.index, "fd09::1/64"));
	CHECK(has_route(n, l.index, "10.9.0.0/24") && has_route(n, l.index, "fd09::/64"));
	CHECK_INT(setting(h.ns.root, AF_INET, "lab3", "forwarding"), 1);
	CHECK_INT(setting(h.ns.root, AF_INET, "default", "forwarding"), 0);
	int v6;
	if (netconf_get(h.netns, AF_INET6, "lab3", "force_forwarding", &v6, NULL) >= 0)
		CHECK_INT(v6, 1);
	created_unref(c);
	host_done(&h);
}

TEST(a_member_is_a_neighbour_and_gets_his_addresses_again)
{
	struct host h;
	host_init(&h, "fd99::1");
	struct created *c = network(&h, "lab3", "10.9.0.1/24", "fd09::1/64");
	struct member a = {}, b = {};
	uint8_t mac[RTNL_MAC_SIZE], other[RTNL_MAC_SIZE];
	join(c, &a, 1);
	join(c, &b, 2);
	CHECK_STR(address_of(&a, 0), "10.9.0.2/32");
	CHECK_STR(address_of(&a, 1), "fd09::2/128");
	CHECK_STR(address_of(&b, 0), "10.9.0.3/32");
	CHECK(has_neighbour("lab3", "10.9.0.2", mac) && has_neighbour("lab3", "10.9.0.3", other));
	struct guard_restrictions r;
	routed_lease_restriction(a.lease, &r);
	CHECK(r.routed && r.n_macs == 1 && !memcmp(r.macs[0], mac, sizeof(mac)));
	CHECK(r.n_sources == 2 && r.n_reach == 2);
	CHECK(r.sources[0].prefix == 32 && r.reach[1].prefix == 64);
	CHECK(memcmp(mac, other, sizeof(mac)) != 0);
	routed_lease_end(a.lease, false);
	CHECK(!has_neighbour("lab3", "10.9.0.2", mac));
	join(c, &a, 3); /* what is kept is not given away while there is more */
	CHECK_STR(address_of(&a, 0), "10.9.0.4/32");
	routed_lease_end(a.lease, true);
	join(c, &a, 1);
	CHECK_STR(address_of(&a, 0), "10.9.0.2/32");
	routed_lease_end(a.lease, true);
	routed_lease_end(b.lease, true);
	CHECK_INT(routed_leases(c->routed), 0);
	created_unref(c);
	host_done(&h);
}

TEST(who_comes_with_the_same_key_takes_the_place)
{
	struct host h;
	host_init(&h, "fd99::1");
	struct created *c = network(&h, "lab3", "10.9.0.1/24", NULL);
	struct member a = {}, b = {};
	uint8_t mac[RTNL_MAC_SIZE];
	join(c, &a, 1);
	join(c, &b, 1);
	CHECK(a.taken == 1 && !a.lease && b.lease);
	CHECK_STR(address_of(&b, 0), "10.9.0.2/32");
	CHECK(has_neighbour("lab3", "10.9.0.2", mac));
	created_unref(c); /* the network goes */
	CHECK(b.taken == 1 && !b.lease);
	host_done(&h);
}

static void on_changed(void *user)
{
	++*(unsigned *)user;
}

TEST(leases_are_stored_and_come_back)
{
	struct host h;
	host_init(&h, "fd99::1");
	struct created *c = network(&h, "lab3", "10.9.0.1/29", NULL);
	struct member m[6] = {};
	unsigned changes = 0;
	routed_on_change(c->routed, on_changed, &changes);
	for (uint8_t i = 0; i < 5; i++)
		join(c, &m[i], i);
	CHECK_INT(changes, 5);
	struct err e = {};
	CHECK_INT(join_try(c, &m[5], 5, &e), -EADDRNOTAVAIL);
	CHECK_STR(e.msg, "no address in lab3: all addresses of 10.9.0.1/29 are in use");
	struct vat_message *stored = vat_message_new(0, 0);
	routed_describe(c->routed, net_interface_description_init_root(stored));
	for (uint8_t i = 0; i < 5; i++)
		routed_lease_end(m[i].lease, false);
	CHECK_INT(changes, 5);
	created_unref(c);
	host_turn(&h);
	c = network(&h, "lab3", "10.9.0.1/29", NULL);
	routed_restore(c->routed, net_interface_description_root(stored));
	CHECK_INT(routed_leases(c->routed), 5);
	join(c, &m[0], 4);
	CHECK_STR(address_of(&m[0], 0), "10.9.0.6/32");
	routed_lease_end(m[0].lease, false);
	created_unref(c);
	host_turn(&h);
	c = network(&h, "lab3", "10.9.0.1/30", NULL); /* one fits */
	routed_restore(c->routed, net_interface_description_root(stored));
	CHECK_INT(routed_leases(c->routed), 1);
	vat_message_free(stored);
	created_unref(c);
	host_done(&h);
}

TEST(what_is_no_network_is_refused)
{
	static const struct {
		const char *one, *other;
		int error;
	} t[] = {
		{"10.9.0.1/32", NULL, -EINVAL},
		{"10.9.0.0/24", NULL, -EINVAL},
		{"lab", NULL, -EINVAL},
		{"10.9.0.1/24", "10.9.0.9/28", -EINVAL},
		{"10.5.0.1/16", NULL, -EADDRINUSE},
		{"10.0.0.1/8", NULL, -EADDRINUSE},
		{"10.5.1.1/24", NULL, -EADDRINUSE},
		{"10.9.0.1/24", "fd99::7/64", -EADDRINUSE},
	};
	struct host h;
	struct created *c = NULL;
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	OK(rtnl_bridge_add(n, "eth", "", &err_));
	link_up(n, link_get(n, "eth").index);
	address_add(n, "eth", "fd99::1/64");
	address_add(n, "eth", "10.5.1.2/24");
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct err e = {};
		CHECK_INT(network_try(&h, "lab3", t[i].one, t[i].other, &c, &e), t[i].error);
		CHECK(*e.msg);
		host_turn(&h);
		CHECK_INT(link_count(n), 2);
	}
	OK(network_try(&h, "lab3", "10.5.2.1/24", NULL, &c, &err_));
	created_unref(c);
	host_done(&h);
}

/* ---- a host that binds it ------------------------------------------------------------------ */

static int bridge_new(struct host *h, const char *name)
{
	struct rtnl *n = h->ns.root->rtnl;
	OK(rtnl_bridge_add(n, name, "", &err_));
	int index = link_get(n, name).index;
	link_up(n, index);
	return index;
}

static struct vat_message *config(const char *address, const char *gateway, const char *route)
{
	static const uint8_t mac[2][RTNL_MAC_SIZE] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
	struct vat_message *m = vat_message_new(0, 0);
	struct net_routed_config_b b = net_routed_config_init_root(m);
	vat_set_text(vat_list_ptr_b(net_routed_config_init_addresses(b, 1), 0), vat_str(address));
	vat_set_text(vat_list_ptr_b(net_routed_config_init_gateways(b, 1), 0), vat_str(gateway));
	vat_set_text(vat_list_ptr_b(net_routed_config_init_routes(b, 1), 0), vat_str(route));
	net_routed_config_set_gateway_mac(b, (struct vat_data){mac[0], RTNL_MAC_SIZE});
	net_routed_config_set_mac(b, (struct vat_data){mac[1], RTNL_MAC_SIZE});
	return m;
}

TEST(a_member_is_set_up_as_it_was_told_and_back)
{
	struct host h;
	struct host x;
	host_init(&x, "fd99::1");
	struct created *c = network(&x, "lab3", "10.9.0.1/24", "fd09::1/64");
	struct member m = {};
	join(c, &m, 1);
	struct vat_message *msg = told(&m);
	host_init(&h, "fd99::2");
	int index = bridge_new(&h, "lab0");
	struct rtnl *n = h.ns.root->rtnl;
	struct routed_member *rm = NULL;
	for (int i = 0; i < 2; i++) {
		OK(routed_apply(h.ns.root, index, net_routed_config_root(msg), &rm, &err_));
		uint8_t mac[RTNL_MAC_SIZE];
		CHECK(has_address(n, index, "10.9.0.2/32") && has_address(n, index, "fd09::2/128"));
		CHECK(has_route(n, index, "10.9.0.0/24") && has_route(n, index, "fd09::/64"));
		CHECK(has_neighbour("lab0", "10.9.0.1", mac));
		CHECK_INT(memcmp(mac, c->mac, sizeof(mac)), 0);
		CHECK_INT(setting(h.ns.root, AF_INET6, "lab0", "accept_ra"), 0);
		CHECK_STR(routed_member_address(rm, 0), "10.9.0.2/24");
		CHECK_STR(routed_member_address(rm, 1), "fd09::2/64");
		CHECK(!routed_member_address(rm, 2));
	}
	/* What comes later does not matter when the tunnel is connected again. */
	int eth = bridge_new(&h, "eth");
	address_add(n, "eth", "10.9.0.130/25");
	OK(routed_apply(h.ns.root, index, net_routed_config_root(msg), &rm, &err_));
	OK(rtnl_link_delete(n, eth, &err_));
	struct guard_restrictions r;
	routed_lease_restriction(m.lease, &r);
	CHECK_INT(memcmp(link_get(n, "lab0").mac, r.macs[0], RTNL_MAC_SIZE), 0);
	/* Another lease: the old one goes. */
	struct vat_message *other = config("10.9.0.7", "10.9.0.1", "10.9.0.0/24");
	OK(routed_apply(h.ns.root, index, net_routed_config_root(other), &rm, &err_));
	CHECK(!has_address(n, index, "10.9.0.2/32") && has_address(n, index, "10.9.0.7/32"));
	CHECK(!has_route(n, index, "fd09::/64"));
	routed_unapply(rm);
	CHECK(!has_address(n, index, "10.9.0.7/32") && !has_route(n, index, "10.9.0.0/24"));
	vat_message_free(msg);
	vat_message_free(other);
	host_done(&h);
	enter(x.netns);
	routed_lease_end(m.lease, true);
	created_unref(c);
	host_done(&x);
}

TEST(what_another_host_says_is_checked)
{
	static const struct {
		const char *address, *gateway, *route;
		int error;
	} t[] = {
		{"10.9.0.2", "10.9.0.1", "0.0.0.0/0", -EINVAL},
		{"10.9.0.2", "10.9.0.1", "10.0.0.0/7", -EINVAL},
		{"8.8.8.2", "8.8.8.1", "8.8.8.0/24", -EINVAL},
		{"2600::2", "2600::1", "2600::/64", -EINVAL},
		{"10.9.0.2/24", "10.9.0.1", "10.9.0.0/24", -EINVAL},
		{"10.9.0.1", "10.9.0.1", "10.9.0.0/24", -EINVAL},
		{"10.9.1.2", "10.9.0.1", "10.9.0.0/24", -EINVAL},
		{"10.9.0.2", "10.9.1.1", "10.9.0.0/24", -EINVAL},
		{"10.9.0.2", "fd09::1", "10.9.0.0/24", -EINVAL},
		{"", "10.9.0.1", "10.9.0.0/24", -EINVAL},
		{"10.9.0.2", "10.9.0.1", "a network", -EINVAL},
		{"127.0.0.2", "127.0.0.1", "127.0.0.0/8", -EINVAL},
		{"fe80::2", "fe80::1", "fe80::/64", -EINVAL},
		{"fd99::2", "fd99::3", "fd99::/64", -EADDRINUSE}, /* the node's */
		{"fd99::2", "fd99::3", "fd00::/8", -EADDRINUSE},
		{"10.5.1.9", "10.5.1.8", "10.5.1.8/29", -EADDRINUSE},
		{"10.7.0.9", "10.7.0.8", "10.7.0.0/16", -EADDRINUSE}, /* there is a route */
		{"fd98::2", "fd98::3", "fd98::/64", -EADDRINUSE}, /* by the default route */
	};
	struct host h;
	host_init(&h, "fd99::1");
	struct rtnl *n = h.ns.root->rtnl;
	int index = bridge_new(&h, "lab0"), eth = bridge_new(&h, "eth");
	address_add(n, "eth", "fd99::1/64");
	address_add(n, "eth", "10.5.1.2/24");
	struct rtnl_address route = {};
	struct rtnl_ip gateway;
	CHECK_INT(rtnl_address_parse("10.7.3.0/24", &route), 0);
	CHECK_INT(rtnl_ip_parse("10.5.1.1", &gateway), 0);
	route.index = eth;
	OK(rtnl_route_add(n, &route, &gateway, &err_));
	/* the other end of a tunnel */
	CHECK_INT(rtnl_ip_parse("fd98::77", &gateway), 0);
	OK(guard_port_add(h.ns.root->guard, 50001, &err_));
	OK(guard_port_remote(h.ns.root->guard, 50001, &gateway, 50002, &err_));
	struct routed_member *m = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct err e = {};
		struct vat_message *msg = config(t[i].address, t[i].gateway, t[i].route);
		int r = routed_apply(h.ns.root, index, net_routed_config_root(msg), &m, &e);
		if (r != t[i].error)
			test_fail(__FILE__, __LINE__, "%s: %d %s", t[i].route, r, e.msg);
		CHECK(*e.msg && !m);
		vat_message_free(msg);
	}
	struct rtnl_address *list;
	size_t count;
	OK(rtnl_address_list(n, index, &list, &count, &err_));
	CHECK_INT(count, 0);
	free(list);
	host_done(&h);
}

TEST(a_name_server_stays_where_it_is)
{
	static const char text[] = "# of a test\nnameserver 192.0.2.1\nnameserver fd97::53\n";
	struct host h;
	char path[64];
	struct err e = {};
	if (access("/etc/resolv.conf", F_OK) < 0)
		test_skip("there is no /etc/resolv.conf");
	host_init(&h, "fd99::1");
	(void)snprintf(path, sizeof(path), "%s/resolv", h.dir);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, text, strlen(text)), (long long)strlen(text));
	close(fd);
	CHECK_INT(unshare(CLONE_NEWNS), 0);
	CHECK_INT(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	CHECK_INT(mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL), 0);
	struct routed_member *m = NULL;
	int index = bridge_new(&h, "lab0");
	struct vat_message *msg = config("fd97::2", "fd97::1", "fd97::/64");
	CHECK_INT(routed_apply(h.ns.root, index, net_routed_config_root(msg), &m, &e), -EADDRINUSE);
	CHECK(strstr(e.msg, "name server"));
	CHECK_INT(umount("/etc/resolv.conf"), 0);
	OK(routed_apply(h.ns.root, index, net_routed_config_root(msg), &m, &err_));
	routed_unapply(m);
	vat_message_free(msg);
	host_done(&h);
}

TEST(lists_that_do_not_match_are_refused)
{
	struct host h;
	host_init(&h, "fd99::1");
	int index = bridge_new(&h, "lab0");
	struct routed_member *m = NULL;
	for (int i = 0; i < 5; i++) {
		struct err e = {};
		struct vat_message *msg = config("10.9.0.2", "10.9.0.1", "10.9.0.0/24");
		struct net_routed_config_b b = net_routed_config_edit_root(msg);
		uint8_t group[RTNL_MAC_SIZE] = {1};
		if (i == 0)
			net_routed_config_init_addresses(b, 0);
		else if (i == 1)
			net_routed_config_init_gateways(b, 2);
		else if (i == 2)
			net_routed_config_init_routes(b, 1000);
		else if (i == 3)
			net_routed_config_set_mac(b, (struct vat_data){group, RTNL_MAC_SIZE});
		else
			net_routed_config_set_gateway_mac(b, (struct vat_data){"12345", 5});
		CHECK_INT(routed_apply(h.ns.root, index, net_routed_config_root(msg), &m, &e),
			-EINVAL);
		CHECK(!m);
		vat_message_free(msg);
	}
	host_done(&h);
}
