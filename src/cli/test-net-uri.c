/* SPDX-License-Identifier: MIT */
#include "cli/net-uri.h"
#include "base/test.h"

#include <stdio.h>

#define REF "ref://[fd00::1]/EQE6fwECAwQFBgc"

static struct net_uri u;

static const struct net_uri *good(const char *text)
{
	struct err e = {};
	if (net_uri_parse(text, &u, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s: %s", text, e.msg);
	return &u;
}

static void bad(const char *text, const char *says)
{
	struct err e = {};
	if (net_uri_parse(text, &u, &e) != -EINVAL)
		test_fail(__FILE__, __LINE__, "\"%s\" was taken", text);
	if (!strstr(e.msg, says) || strchr(e.msg, '\n'))
		test_fail(__FILE__, __LINE__, "\"%s\": \"%s\" lacks \"%s\"", text, e.msg, says);
}

TEST(places)
{
	CHECK(good("local:eth1")->kind == NET_URI_LOCAL);
	CHECK_STR(u.name, "eth1");
	CHECK_STR(u.namespace, "");
	CHECK(!net_uri_is_restricted(&u));
	CHECK(good("newlocal:lab0")->kind == NET_URI_NEW);
	CHECK(good("netns:blue:eth0")->kind == NET_URI_LOCAL);
	CHECK_STR(u.namespace, "blue");
	CHECK_STR(u.name, "eth0");
	CHECK(good("newnetns:/proc/123/ns/net:vm.7")->kind == NET_URI_NEW);
	CHECK_STR(u.namespace, "/proc/123/ns/net");
	CHECK_STR(u.name, "vm.7");
	CHECK_STR(good("local:abcdefghijklmno")->name, "abcdefghijklmno");
}

TEST(attenuations)
{
	good("local:eth1,rate=100mbit,allow=arp+ip4,mac=02:00:00:00:00:07,allow=dhcp,"
	     "mac=02:Aa:bB:00:00:08");
	CHECK(u.rate == 100000000);
	CHECK_INT(u.allow, 1 << NET_RESTRICTIONS_PROTOCOL_ARP | 1 << NET_RESTRICTIONS_PROTOCOL_IP4 |
				   1 << NET_RESTRICTIONS_PROTOCOL_DHCP);
	CHECK_INT(u.n_macs, 2);
	CHECK(!memcmp(u.macs[1].b, "\x02\xaa\xbb\0\0\x08", 6));
	CHECK(net_uri_is_restricted(&u));
}

TEST(a_reference_is_cut_at_its_first_comma)
{
	CHECK(good(REF ",rate=8kbit")->kind == NET_URI_REF);
	CHECK_STR(u.ref, REF);
	CHECK(u.rate == 8000);
	char shown[128];
	net_uri_show(&u, shown, sizeof(shown));
	CHECK_STR(shown, "ref://[fd00::1]/EQE6...");
}

TEST(rates)
{
	static const struct {
		const char *text;
		uint64_t rate;
	} rates[] = {{"8000", 8000}, {"8000bit", 8000}, {"1.5gbit", 1500000000}, {"64kbit", 64000},
		{"10Mbit", 10000000}, {"100gbit", UINT64_C(100000000000)}, {"0.5mbit", 500000}};
	static const char *const wrong[] = {"", "mbit", "7999", "101gbit", "100mb", "100MB/s", "-1",
		"1e9", "0", " 1mbit", "1mbit ", "1.mbit", ".5mbit", "1.0000000mbit",
		"99999999999999999999999", "0x10000", "100000000001", "1..5mbit", "100mbits"};
	struct err e;
	uint64_t v;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		CHECK_INT(net_rate_parse(rates[i].text, &v, &e), 0);
		CHECK(v == rates[i].rate);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (net_rate_parse(wrong[i], &v, &e) != -EINVAL)
			test_fail(__FILE__, __LINE__, "\"%s\" was taken", wrong[i]);
}

TEST(what_is_made)
{
	good("newlocal:vm0,kind=tap,mtu=9000,address=10.1.0.7/24,address=fd01::7/64,"
	     "hwaddr=02:00:00:00:00:01,rate=1gbit");
	CHECK_STR(u.made_kind, "tap");
	CHECK_INT(u.mtu, 9000);
	CHECK_INT(u.n_addresses, 2);
	CHECK_STR(u.addresses[0], "10.1.0.7/24");
	CHECK_STR(u.addresses[1], "fd01::7/64");
	CHECK(u.has_hwaddr && u.hwaddr.b[5] == 1);
	bad("local:eth1,mtu=1400", "`mtu': that is for an interface which is made");
	bad(REF ",kind=tap", "which is made");
}

TEST(what_is_wrong_is_told)
{
	bad("eth1", "an interface of this host is written as local:eth1");
	bad("", "is none of local:DEV");
	bad("/dev/eth1", "is none of local:DEV");
	bad("local:", "the name of an interface is missing");
	bad("local:averyverylongname", "has at most 15 bytes");
	bad("newlocal:abcdefghijklmnop", "has at most 15 bytes");
	bad("local:/srv/photos", "no space and no / : , %");
	bad("local:a b", "no space");
	bad("local:a\nb", "no space");
	bad("newlocal:lab%d", "no space");
	bad("local:..", "is not . or ..");
	bad("netns:eth0", "write it as netns:NS:DEV");
	bad("netns::eth0", "write it as netns:NS:DEV");
	bad("netns:blue:", "is missing");
	bad("netns:../blue:eth0", "a namespace is a name");
	bad("netns:..:eth0", "a namespace is a name");
	bad("local:eth1,", "after a comma comes an option");
	bad("local:eth1,ro", "after a comma comes an option");
	bad("local:eth1,speed=1", "the options are rate, allow and mac");
	bad("newlocal:lab0,speed=1", "address and hwaddr");
	bad("local:eth1,rate=fast", "a rate is written as 100mbit");
	bad("local:eth1,rate=1mbit,rate=1mbit", "`rate': it is there twice");
	bad("local:eth1,allow=http", "what can be allowed is arp");
	bad("local:eth1,allow=", "what can be allowed");
	bad("local:eth1,allow=arp+", "what can be allowed");
	bad("local:eth1,mac=01:00:5e:00:00:01", "of one station");
	bad("local:eth1,mac=00:00:00:00:00:00", "of one station");
	bad("local:eth1,mac=2:0:0:0:0:1", "02:00:00:00:00:07");
	bad("local:eth1,mac=02:00:00:00:00:01:02", "02:00:00:00:00:07");
	bad("local:eth1,mac=", "02:00:00:00:00:07");
	bad("newlocal:l,kind=veth", "it can be bridge or tap");
	bad("newlocal:l,mtu=575", "from 576 to 65535");
	bad("newlocal:l,mtu=65536", "from 576 to 65535");
	bad("newlocal:l,mtu=1500x", "from 576 to 65535");
	bad("newlocal:l,address=10.1.0.7", "10.1.0.7/24");
	bad("newlocal:l,address=10.1.0.7/33", "10.1.0.7/24");
	bad("newlocal:l,address=10.1.0/24", "10.1.0.7/24");
	bad("newlocal:l,address=fd01::7/129", "fd01::7/64");
	bad("newlocal:l,address=fe80::1%eth0/64", "fd01::7/64");
	bad("ref://[fd00::1]/x", "");
	bad("ref://[fd00::1]/EQE6fwECAwQFBgc/eth0", "");
}

TEST(the_secret_is_not_told)
{
	struct err e = {};
	CHECK_INT(net_uri_parse("ref://[fd00::1]/EAEaSecretSecret,speed=1", &u, &e), -EINVAL);
	CHECK(!strstr(e.msg, "Secret"));
	CHECK_INT(net_uri_parse("ref://[fd00::1]/EAEaSecretSecret/eth0", &u, &e), -EINVAL);
	CHECK(!strstr(e.msg, "Secret"));
}

TEST(there_are_limits)
{
	char text[4096] = "local:eth1";
	struct err e = {};
	for (unsigned i = 0; i < NET_URI_MACS_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			",mac=02:00:00:00:00:%02x", i);
	CHECK_INT(good(text)->n_macs, NET_URI_MACS_MAX);
	strcat(text, ",mac=02:00:00:00:01:00");
	bad(text, "one more than 64");
	static char big[70000];
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, "netns:", 6);
	bad(big, "write it as netns:NS:DEV");
	memcpy(big, "ref://[fd00::1]/", 16);
	bad(big, "too long");
	memcpy(big, "local:eth1,rate=", 16);
	CHECK_INT(net_uri_parse(big, &u, &e), -EINVAL);
}

TEST(lists_of_addresses)
{
	char a[2][NET_URI_ADDRESS_SIZE];
	uint32_t n = 0;
	struct err e = {};
	CHECK_INT(net_addresses_parse("10.9.0.1/24,fd09::1/64", a, 2, &n, &e), 0);
	CHECK_INT(n, 2);
	CHECK_STR(a[1], "fd09::1/64");
	CHECK_INT(net_addresses_parse("10.9.0.1/24", a, 2, &n, &e), 0);
	CHECK_INT(n, 1);
	static const char *const wrong[] = {
		"", ",", "10.9.0.1/24,", "10.9.0.1", "10.9.0.1/24,10.9.0.2/24,10.9.0.3/24", "x/24"};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK_INT(net_addresses_parse(wrong[i], a, 2, &n, &e), -EINVAL);
}
