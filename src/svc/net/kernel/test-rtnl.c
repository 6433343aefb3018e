/* SPDX-License-Identifier: MIT */
/* In network namespaces of their own, with real links and frames. */
#include "base/test.h"
#include "svc/net/kernel/rtnl.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

enum { FRAME_TYPE = 0x88b5 };

/* A new namespace, which this process is in from now on; its descriptor. */
static int namespace_new(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		test_skip("may not make a network namespace");
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static void ok(int r, const struct err *e)
{
	if (r < 0)
		test_fail(__FILE__, __LINE__, "%d: %s", r, e->msg);
}

static struct rtnl *rtnl_here(void)
{
	struct err e = {};
	struct rtnl *n;
	ok(rtnl_new(-EBADF, &n, &e), &e);
	return n;
}

static void set_up(struct rtnl *n, int index)
{
	struct err e = {};
	ok(rtnl_link_set(n, index, &(struct rtnl_change){.what = RTNL_SET_UP, .up = true}, &e), &e);
}

static int index_of(struct rtnl *n, const char *name)
{
	struct err e = {};
	struct rtnl_link l;
	ok(rtnl_link_by_name(n, name, &l, &e), &e);
	CHECK_STR(l.name, name);
	return l.index;
}

static void address(struct rtnl *n, const char *link, const char *text)
{
	struct err e = {};
	struct rtnl_address a;
	CHECK_INT(rtnl_address_parse(text, &a), 0);
	a.index = index_of(n, link);
	ok(rtnl_address_add(n, &a, &e), &e);
	set_up(n, a.index);
}

static struct rtnl_ip ip(const char *text)
{
	struct rtnl_ip ret;
	CHECK_INT(rtnl_ip_parse(text, &ret), 0);
	return ret;
}

/* ---- text ---------------------------------------------------------------------------------- */

TEST(addresses_are_read_and_written)
{
	struct rtnl_address a;
	struct rtnl_ip i;
	char text[RTNL_ADDRESS_TEXT];
	static const char *const good[][2] = {{"10.1.0.7/24", "10.1.0.7/24"},
		{"10.1.0.7", "10.1.0.7/32"}, {"fd00:0::1/64", "fd00::1/64"}, {"::/0", "::/0"},
		{"fd00::1", "fd00::1/128"}};
	static const char *const bad[] = {"", "/", "10.1.0.7/", "10.1.0.7/33", "10.1.0.7/-1",
		"10.1.0.7/+1", "10.1.0.7/1x", "10.1.0/24", "fd00::1/129", "fd00::1/0064",
		"fe80::1%lo", "10.1.0.7/ 1",
		"::::", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1"};
	for (size_t k = 0; k < ARRAY_SIZE(good); k++) {
		CHECK_INT(rtnl_address_parse(good[k][0], &a), 0);
		rtnl_address_format(&a, text);
		CHECK_STR(text, good[k][1]);
	}
	for (size_t k = 0; k < ARRAY_SIZE(bad); k++)
		CHECK_INT(rtnl_address_parse(bad[k], &a), -EINVAL);
	CHECK_INT(rtnl_ip_parse("fd00::g", &i), -EINVAL);
	CHECK(rtnl_ip_equal(&(struct rtnl_ip){}, &(struct rtnl_ip){}));
	struct rtnl_ip one = ip("10.0.0.1"), same = ip("10.0.0.1"), other = ip("10.0.0.2");
	CHECK(rtnl_ip_equal(&one, &same) && !rtnl_ip_equal(&one, &other));
}

TEST(names_are_checked)
{
	static const char *const good[] = {"a", "lab0", "123456789012345", "eth0.5", "..."};
	static const char *const bad[] = {
		"", ".", "..", "1234567890123456", "a/b", "a:b", "a b", "a\tb", "a\x01", "lab%d"};
	for (size_t k = 0; k < ARRAY_SIZE(good); k++)
		CHECK(rtnl_name_is_valid(good[k]));
	for (size_t k = 0; k < ARRAY_SIZE(bad); k++)
		CHECK(!rtnl_name_is_valid(bad[k]));
}

/* ---- links --------------------------------------------------------------------------------- */

TEST(a_bridge_is_made_with_ports_and_deleted)
{
	AUTO_CLOSE int netns = namespace_new();
	AUTO(rtnl_free) struct rtnl *n = rtnl_here();
	static const uint8_t mac[RTNL_MAC_SIZE] = {2, 0, 0, 0, 0, 7};
	struct rtnl_link l;
	struct err e = {};
	ok(rtnl_bridge_add(n, "br0", "metac test", &e), &e);
	ok(rtnl_veth_add(n, "v0", "v1", "metac pair", mac, -EBADF, &e), &e);
	ok(rtnl_link_by_name(n, "br0", &l, &e), &e);
	int bridge = l.index;
	CHECK_STR(l.kind, "bridge");
	CHECK_STR(l.alias, "metac test");
	CHECK(l.flags & IFF_UP && !l.hardware && l.type == 1);
	ok(rtnl_link_set(n, index_of(n, "v0"),
		   &(struct rtnl_change){
			   .what = RTNL_SET_UP | RTNL_SET_MASTER | RTNL_SET_MTU | RTNL_SET_ISOLATED,
			   .up = true,
			   .master = bridge,
			   .mtu = 1400,
			   .isolated = true},
		   &e),
		&e);
	ok(rtnl_link_by_name(n, "v0", &l, &e), &e);
	CHECK_INT(l.master, bridge);
	CHECK_INT(l.mtu, 1400);
	CHECK_INT(l.peer, index_of(n, "v1"));
	CHECK(!memcmp(l.mac, mac, sizeof(mac)));
	CHECK_STR(l.alias, "metac pair");
	ok(rtnl_link_delete(n, l.index, &e), &e);
	CHECK_INT(rtnl_link_by_name(n, "v1", &l, &e), -ENODEV);
	CHECK_INT(rtnl_link_delete(n, 4711, &e), -ENODEV);
	CHECK_INT(rtnl_link_delete(n, 0, &e), -ENODEV);
}

TEST(failures_have_the_kernels_words_and_leave_nothing)
{
	AUTO_CLOSE int netns = namespace_new();
	AUTO(rtnl_free) struct rtnl *n = rtnl_here();
	struct rtnl_link *list;
	size_t count;
	struct err e = {};
	CHECK_INT(rtnl_link_set(n, index_of(n, "lo"),
			  &(struct rtnl_change){.what = RTNL_SET_MASTER, .master = 4711}, &e),
		-EINVAL);
	CHECK(strstr(e.msg, "change the interface: "));
	ok(rtnl_bridge_add(n, "br0", NULL, &e), &e);
	CHECK_INT(rtnl_bridge_add(n, "br0", NULL, &e), -EEXIST);
	CHECK_INT(rtnl_bridge_add(n, "br/0", NULL, &e), -EINVAL);
	CHECK_INT(rtnl_veth_add(n, "v0", "br0", "", NULL, -EBADF, &e), -EEXIST);
	CHECK_INT(rtnl_tap_add(n, "br0", "", &e), -EEXIST);
	ok(rtnl_link_list(n, &list, &count, &e), &e);
	CHECK_INT(count, 2);
	free(list);
}

TEST(a_pair_reaches_another_namespace)
{
	AUTO_CLOSE int there = namespace_new();
	AUTO_CLOSE int here = namespace_new();
	AUTO(rtnl_free) struct rtnl *n = rtnl_here(), *other = NULL;
	struct rtnl_link l;
	struct err e = {};
	ok(rtnl_new(there, &other, &e), &e);
	ok(rtnl_veth_add(n, "v0", "p0", "metac pair", NULL, there, &e), &e);
	ok(rtnl_link_by_name(other, "p0", &l, &e), &e);
	CHECK_INT(l.peer, 0);
	CHECK_INT(rtnl_link_by_name(n, "p0", &l, &e), -ENODEV);
	ok(rtnl_link_set(n, index_of(n, "v0"),
		   &(struct rtnl_change){.what = RTNL_SET_NETNS | RTNL_SET_NAME | RTNL_SET_ALIAS,
			   .netns = there,
			   .name = "moved",
			   .alias = "new"},
		   &e),
		&e);
	ok(rtnl_link_by_name(other, "moved", &l, &e), &e);
	CHECK_STR(l.alias, "new");
	CHECK_INT(l.peer, index_of(other, "p0"));
}

TEST(a_tap_stays_when_its_maker_has_gone)
{
	AUTO_CLOSE int there = namespace_new();
	AUTO_CLOSE int here = namespace_new();
	AUTO(rtnl_free) struct rtnl *n = NULL;
	struct rtnl_link l;
	struct err e = {};
	if (access("/dev/net/tun", W_OK) < 0)
		test_skip("no /dev/net/tun");
	ok(rtnl_new(there, &n, &e), &e);
	ok(rtnl_tap_add(n, "tap0", "metac tap", &e), &e);
	ok(rtnl_link_by_name(n, "tap0", &l, &e), &e);
	CHECK_STR(l.kind, "tun");
	CHECK_STR(l.alias, "metac tap");
	ok(rtnl_link_delete(n, l.index, &e), &e);
}

static void vxlan(struct rtnl *n, const char *name, uint16_t port, uint32_t vni, const char *local,
	int target)
{
	struct err e = {};
	struct rtnl_vxlan cfg = {.name = name,
		.alias = "metac vxlan",
		.vni = vni,
		.port = port,
		.local = ip(local),
		.mtu = 1430,
		.target = target};
	ok(rtnl_vxlan_add(n, &cfg, &e), &e);
}

TEST(a_vxlan_port_is_taken_once)
{
	AUTO_CLOSE int there = namespace_new();
	AUTO_CLOSE int here = namespace_new();
	AUTO(rtnl_free) struct rtnl *n = rtnl_here(), *other = NULL;
	struct rtnl_link l;
	struct err e = {};
	ok(rtnl_new(there, &other, &e), &e);
	address(n, "lo", "127.0.0.1/8");
	vxlan(n, "vx0", 20001, 1, "127.0.0.1", there);
	vxlan(n, "vx1", 20002, 0xffffff, "127.0.0.1", -EBADF);
	ok(rtnl_link_by_name(other, "vx0", &l, &e), &e);
	CHECK_INT(l.vxlan_port, 20001);
	CHECK_INT(l.vxlan_vni, 1);
	int id = -1;
	ok(rtnl_netns_id(other, here, &id, &e), &e);
	CHECK_INT(l.link_netns, id);
	CHECK_INT(rtnl_netns_id(other, there, &id, &e), -ENOENT);
	CHECK_INT(l.mtu, 1430);
	CHECK_STR(l.alias, "");
	set_up(other, l.index);
	ok(rtnl_link_by_name(n, "vx1", &l, &e), &e);
	CHECK_STR(l.alias, "metac vxlan");
	CHECK_INT(l.link_netns, -1);
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(20002)};
	CHECK_INT(bind(s, (struct sockaddr *)&any, sizeof(any)), 0);
	struct rtnl_change up = {.what = RTNL_SET_UP, .up = true};
	CHECK_INT(rtnl_link_set(n, index_of(n, "vx1"), &up, &e), -EADDRINUSE);
	any.sin_port = htons(20001);
	close(s);
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(bind(s, (struct sockaddr *)&any, sizeof(any)) < 0 && errno == EADDRINUSE);
	close(s);
	struct rtnl_vxlan cfg = {.name = "vx2", .vni = 1 << 24, .port = 1, .local = ip("::1")};
	CHECK_INT(rtnl_vxlan_add(n, &cfg, &e), -EINVAL);
	cfg.vni = 1;
	cfg.port = 65535;
	CHECK_INT(rtnl_vxlan_add(n, &cfg, &e), -EINVAL);
}

/* ---- frames -------------------------------------------------------------------------------- */

/* A socket for frames of our type at a link; in the namespace that this process is in. */
static int frames_at(int index)
{
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	CHECK(s >= 0);
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(FRAME_TYPE), .sll_ifindex = index};
	CHECK_INT(bind(s, (struct sockaddr *)&to, sizeof(to)), 0);
	return s;
}

static void frame_send(int s, uint8_t number)
{
	uint8_t frame[60] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, number};
	CHECK_INT(send(s, frame, sizeof(frame), 0), sizeof(frame));
}

/* Number of the next frame; -1 if there is none. */
static int frame_next(int s, int wait_ms)
{
	uint8_t frame[100];
	struct pollfd p = {.fd = s, .events = POLLIN};
	if (poll(&p, 1, wait_ms) <= 0)
		return -1;
	CHECK(recv(s, frame, sizeof(frame), 0) >= 15);
	return frame[14];
}

static void check_remote(const char *network, const char *mine, const char *theirs)
{
	char text[64];
	struct err e = {};
	AUTO_CLOSE int there = namespace_new();
	AUTO_CLOSE int here = namespace_new();
	AUTO(rtnl_free) struct rtnl *n = rtnl_here(), *other = NULL;
	ok(rtnl_new(there, &other, &e), &e);
	ok(rtnl_veth_add(n, "v0", "v1", "", NULL, there, &e), &e);
	(void)snprintf(text, sizeof(text), "%s/%s", mine, network);
	address(n, "v0", text);
	(void)snprintf(text, sizeof(text), "%s/%s", theirs, network);
	address(other, "v1", text);
	vxlan(n, "vx", 20001, 5, mine, -EBADF);
	vxlan(other, "one", 20002, 6, theirs, -EBADF);
	vxlan(other, "two", 20003, 7, theirs, -EBADF);
	int vx = index_of(n, "vx"), one = index_of(other, "one"), two = index_of(other, "two");
	set_up(n, vx);
	set_up(other, one);
	set_up(other, two);
	AUTO_CLOSE int out = frames_at(vx);
	CHECK_INT(setns(there, CLONE_NEWNET), 0);
	AUTO_CLOSE int in_one = frames_at(one);
	AUTO_CLOSE int in_two = frames_at(two);
	struct rtnl_remote first = {.address = ip(theirs), .port = 20002, .vni = 6},
			   second = {.address = ip(theirs), .port = 20003, .vni = 7};
	frame_send(out, 1);
	ok(rtnl_vxlan_remote(n, vx, NULL, &first, &e), &e);
	frame_send(out, 2);
	CHECK_INT(frame_next(in_one, 10000), 2);
	ok(rtnl_vxlan_remote(n, vx, &first, &first, &e), &e);
	ok(rtnl_vxlan_remote(n, vx, &first, &second, &e), &e);
	frame_send(out, 3);
	CHECK_INT(frame_next(in_two, 10000), 3);
	ok(rtnl_vxlan_remote(n, vx, &second, NULL, &e), &e);
	frame_send(out, 4);
	ok(rtnl_vxlan_remote(n, vx, NULL, &first, &e), &e);
	frame_send(out, 5);
	CHECK_INT(frame_next(in_one, 10000), 5);
	CHECK_INT(frame_next(in_two, 0), -1);
	ok(rtnl_vxlan_remote(n, vx, NULL, NULL, &e), &e);
	ok(rtnl_vxlan_remote(n, vx, NULL, NULL, &e), &e);
	frame_send(out, 6);
	ok(rtnl_vxlan_remote(n, vx, NULL, &second, &e), &e);
	frame_send(out, 7);
	CHECK_INT(frame_next(in_two, 10000), 7);
	CHECK_INT(frame_next(in_one, 0), -1);
}

TEST(a_vxlan_link_gets_another_remote_over_ip4)
{
	check_remote("24", "10.99.0.1", "10.99.0.2");
}

TEST(a_vxlan_link_gets_another_remote_over_ip6)
{
	check_remote("64", "fd99::1", "fd99::2");
}

/* ---- many ---------------------------------------------------------------------------------- */

TEST(many_links_are_deleted_together)
{
	enum { MANY = 20 };
	int index[MANY + 2];
	struct err e = {};
	AUTO_CLOSE int netns = namespace_new();
	AUTO(rtnl_free) struct rtnl *n = rtnl_here();
	struct rtnl_link *list;
	size_t count;
	address(n, "lo", "127.0.0.1/8");
	for (int i = 0; i < MANY; i++) {
		char name[IFNAMSIZ];
		(void)snprintf(name, sizeof(name), "vx%d", i);
		vxlan(n, name, (uint16_t)(20001 + i), 1, "127.0.0.1", -EBADF);
		index[i] = index_of(n, name);
		set_up(n, index[i]);
	}
	index[MANY] = 4711; /* has gone */
	index[MANY + 1] = 0;
	ok(rtnl_bridge_add(n, "stays", NULL, &e), &e);
	ok(rtnl_link_delete_many(n, index, MANY + 2, &e), &e);
	ok(rtnl_link_list(n, &list, &count, &e), &e);
	CHECK_INT(count, 2);
	free(list);
	ok(rtnl_link_delete_many(n, index, MANY + 2, &e), &e);
	/* One that cannot be deleted does not keep the others. */
	index[0] = index_of(n, "lo");
	index[1] = index_of(n, "stays");
	CHECK(rtnl_link_delete_many(n, index, 2, &e) < 0);
	ok(rtnl_link_list(n, &list, &count, &e), &e);
	CHECK_INT(count, 1);
	free(list);
}

/* ---- addresses and routes ------------------------------------------------------------------ */

TEST(addresses_come_and_go)
{
	AUTO_CLOSE int netns = namespace_new();
	AUTO(rtnl_free) struct rtnl *n = rtnl_here();
	struct rtnl_address *list;
	size_t count;
	struct err e = {};
	ok(rtnl_veth_add(n, "v0", "v1", "", NULL, -EBADF, &e), &e);
	ok(rtnl_link_set(
		   n, index_of(n, "v0"), &(struct rtnl_change){.what = RTNL_SET_NO_IP6_LL}, &e),
		&e);
	set_up(n, index_of(n, "v1"));
	address(n, "v0", "10.1.0.7/24");
	address(n, "v0", "fd00::1/64");
	ok(rtnl_address_list(n, index_of(n, "v0"), &list, &count, &e), &e);
	CHECK_INT(count, 2);
	char text[RTNL_ADDRESS_TEXT];
	rtnl_address_format(&list[0], text);
	CHECK_STR(text, "10.1.0.7/24");
	rtnl_address_format(&list[1], text);
	CHECK_STR(text, "fd00::1/64");
	CHECK_INT(rtnl_address_add(n, &list[0], &e), -EEXIST);
	ok(rtnl_address_delete(n, &list[0], &e), &e);
	CHECK_INT(rtnl_address_delete(n, &list[0], &e), -EADDRNOTAVAIL);
	free(list);
	ok(rtnl_address_list(n, 0, &list, &count, &e), &e);
	CHECK(count >= 1); /* and maybe one of v1 */
	free(list);
	ok(rtnl_address_list(n, 4711, &list, &count, &e), &e);
	CHECK_INT(count, 0);
	free(list);
}

TEST(the_way_to_an_address_is_found)
{
	AUTO_CLOSE int netns = namespace_new();
	AUTO(rtnl_free) struct rtnl *n = rtnl_here();
	static const uint8_t mac[RTNL_MAC_SIZE] = {2, 0, 0, 0, 0, 7};
	int index = 0;
	uint32_t mtu = 0;
	struct err e = {};
	struct rtnl_ip far = ip("10.9.0.1"), far6 = ip("fd09::1"), gateway = ip("192.168.7.1"),
		       gateway6 = ip("fe80::1");
	CHECK_INT(rtnl_route_get(n, &far, &index, &mtu, &e), -ENETUNREACH);
	CHECK_INT(rtnl_route_get(n, &far6, &index, &mtu, &e), -ENETUNREACH);
	address(n, "lo", "172.16.0.1/32"); /* to send from */
	ok(rtnl_veth_add(n, "v0", "v1", "", NULL, -EBADF, &e), &e);
	set_up(n, index_of(n, "v0"));
	set_up(n, index_of(n, "v1"));
	struct rtnl_address prefix;
	CHECK_INT(rtnl_address_parse("10.9.0.77/24", &prefix), 0);
	prefix.index = index_of(n, "v0");
	ok(rtnl_route_add(n, &prefix, &gateway, &e), &e);
	CHECK_INT(rtnl_route_add(n, &prefix, &gateway, &e), -EEXIST);
	ok(rtnl_neighbour_add(n, prefix.index, &gateway, mac, &e), &e);
	ok(rtnl_neighbour_add(n, prefix.index, &gateway, mac, &e), &e);
	ok(rtnl_route_get(n, &far, &index, &mtu, &e), &e);
	CHECK_INT(index, prefix.index);
	CHECK_INT(mtu, 1500);
	CHECK_INT(rtnl_address_parse("fd09::/16", &prefix), 0);
	prefix.index = index;
	ok(rtnl_route_add(n, &prefix, &gateway6, &e), &e);
	ok(rtnl_link_set(n, index, &(struct rtnl_change){.what = RTNL_SET_MTU, .mtu = 1380}, &e),
		&e);
	ok(rtnl_route_get(n, &far6, &index, &mtu, &e), &e);
	CHECK_INT(mtu, 1380);
	CHECK_INT(rtnl_address_parse("192.168.7.0/24", &prefix), 0);
	prefix.index = index;
	ok(rtnl_route_add(n, &prefix, NULL, &e), &e);
	ok(rtnl_route_get(n, &gateway, &index, &mtu, &e), &e);
}
