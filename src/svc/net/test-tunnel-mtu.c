/* SPDX-License-Identifier: MIT */
#include "svc/net/test-net.h"

static struct rtnl_ip ip(const char *text)
{
	struct rtnl_ip ret;
	CHECK_INT(rtnl_ip_parse(text, &ret), 0);
	return ret;
}

TEST(only_what_can_be_reached_is_a_remote)
{
	static const struct {
		const char *address;
		uint16_t port;
		uint32_t vni;
		int result;
	} cases[] = {
		{"fd00::1", 50000, 1, 0},
		{"2001:db8::1", 1024, 0xffffff, 0},
		{"10.0.0.1", 65535, 1, 0},
		{"192.168.7.1", 50000, 1, 0},
		{"::", 50000, 1, -EINVAL},
		{"::1", 50000, 1, -EINVAL},
		{"fe80::1", 50000, 1, -EINVAL},
		{"ff02::1", 50000, 1, -EINVAL},
		{"::ffff:10.0.0.1", 50000, 1, -EINVAL},
		{"::10.0.0.1", 50000, 1, -EINVAL},
		{"0.0.0.0", 50000, 1, -EINVAL},
		{"127.0.0.2", 50000, 1, -EINVAL},
		{"169.254.1.1", 50000, 1, -EINVAL},
		{"224.0.0.1", 50000, 1, -EINVAL},
		{"255.255.255.255", 50000, 1, -EINVAL},
		{"fd00::1", 1023, 1, -EINVAL},
		{"fd00::1", 0, 1, -EINVAL},
		{"fd00::1", 50000, 0, -EINVAL},
		{"fd00::1", 50000, 0x1000000, -EINVAL},
	};
	struct rtnl_remote none = {.port = 50000, .vni = 1};
	struct err e = {};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rtnl_remote r = {ip(cases[i].address), cases[i].port, cases[i].vni};
		int k = tunnel_check_remote(&r, &e);
		if (k != cases[i].result)
			test_fail(__FILE__, __LINE__, "%s: %d", cases[i].address, k);
	}
	CHECK_INT(tunnel_check_remote(&none, &e), -EINVAL);
}

TEST(the_words_have_the_numbers)
{
	struct rtnl_ip v6 = ip("fd00::1"), v4 = ip("10.0.0.1");
	struct err e = {};
	CHECK_INT(tunnel_check_mtu(1426, 1426, &v6, &e), 0);
	CHECK_INT(tunnel_check_mtu(576, 1426, &v6, &e), 0);
	CHECK_INT(tunnel_check_mtu(575, 1426, &v6, &e), -EINVAL);
	CHECK_STR(e.msg, "an MTU of 575 is too small: at least 576, and 1280 for IPv6, are needed");
	CHECK_INT(tunnel_check_mtu(9000, 1426, &v6, &e), -EMSGSIZE);
	CHECK_STR(e.msg, "an MTU of 9000 is too large: 1426 is possible; for 9000 the network to "
			 "fd00::1 would "
			 "need one of 9074");
	CHECK_INT(tunnel_check_mtu(1500, 1446, &v4, &e), -EMSGSIZE);
	CHECK(strstr(e.msg, "one of 1554"));
	CHECK_INT(tunnel_check_mtu(1500, 1400, NULL, &e), -EMSGSIZE);
	CHECK(strstr(e.msg, "the other interface"));
}

static void check_path(bool ip6, uint32_t mtu, int result, uint32_t largest)
{
	struct host a, b;
	struct err e = {};
	uint32_t got = 0;
	hosts_init(&a, &b, ip6, mtu);
	CHECK_INT(tunnel_path_mtu(&a.ns, &b.ns.address, &got, &e), result);
	CHECK_INT(got, largest);
	if (result)
		CHECK(strstr(e.msg, ip6 ? "needs 650 there, or 1354 for IPv6" : "630"));
	host_done(&a);
	host_done(&b);
}

TEST(the_way_says_how_much_fits)
{
	check_path(true, 1500, 0, 1426);
	check_path(false, 1500, 0, 1446);
	check_path(true, 9100, 0, 9026);
	check_path(false, 700, 0, 646);
	check_path(false, 600, -EMSGSIZE, 0);
}

TEST(without_a_way_nothing_fits)
{
	struct host a;
	struct err e = {};
	uint32_t got = 0;
	struct rtnl_ip v6 = ip("2001:db8::1");
	host_init(&a, "fd99::1");
	CHECK_INT(tunnel_path_mtu(&a.ns, &v6, &got, &e), -EHOSTUNREACH);
	CHECK(strstr(e.msg, "no route to 2001:db8::1"));
	host_done(&a);
}
