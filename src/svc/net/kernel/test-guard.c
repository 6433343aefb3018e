/* SPDX-License-Identifier: MIT */
/* What is in the kernel, and that it goes; guard-port and guard-link have tests with packets. */
#include "base/test.h"
#include "svc/net/kernel/guard-fixture.h"

TEST(what_is_added_is_there_and_goes_with_the_last)
{
	struct err e = {};
	uint64_t n;
	namespace_own();
	AUTO(guard_free) struct guard *g = guard_here("fd00::1");
	AUTO(rtnl_free) struct rtnl *r = rtnl_here();
	ok(rtnl_veth_add(r, "x0", "x1", "test", NULL, -EBADF, &e), &e);
	CHECK(!ruleset_has("metac"));
	ok(guard_port_add(g, 20001, &e), &e);
	ok(guard_port_add(g, 20002, &e), &e);
	struct rtnl_ip a = ip("fd00::2");
	ok(guard_port_remote(g, 20001, &a, 30001, &e), &e);
	ok(guard_port_remote(g, 20001, &a, 30002, &e), &e);
	ok(guard_port_remote(g, 20002, &a, 30002, &e), &e);
	ok(guard_port_remote(g, 20001, NULL, 0, &e), &e);
	CHECK(ruleset_has("fd00::2 . 30002 . 20002"));
	CHECK(ruleset_has("elements = { fd00::2 . 30002 }"));
	CHECK(!ruleset_has(". 20001"));
	ok(guard_port_foreign(g, 20001, &n, &e), &e);
	CHECK_INT(n, 0);
	struct guard_link l = {.index = index_of(r, "x0"), .name = "x0", .tunnel = true};
	ok(guard_link_add(g, &l, &e), &e);
	struct guard_restrictions what = {.rate = 1000000, .protocols = 0x1ff, .n_macs = 2};
	ok(guard_link_restrict(g, "x0", &what, 1, &e), &e);
	CHECK(ruleset_has("egress"));
	ok(guard_link_add(g, &l, &e), &e);
	CHECK(!ruleset_has("egress"));
	ok(guard_link_dropped(g, "x0", &n, &e), &e);
	ok(guard_link_remove(g, "x0", &e), &e);
	CHECK(!ruleset_has("netdev"));
	ok(guard_port_remove(g, 20001, &e), &e);
	ok(guard_port_remove(g, 20002, &e), &e);
	CHECK(!ruleset_has("metac"));
}

/* A datagram from this host to that port of the node: dropped, and counted. */
static void say_to(const char *node, uint16_t port)
{
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = ip(node).v6};
	AUTO_CLOSE int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(s >= 0);
	CHECK_INT(sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
}

TEST(a_port_that_goes_takes_what_is_its_own_and_no_more)
{
	struct err e = {};
	uint64_t n;
	namespace_own();
	AUTO(guard_free) struct guard *g = guard_here("fd00::1");
	AUTO(rtnl_free) struct rtnl *r = rtnl_here();
	struct rtnl_change c = {.what = RTNL_SET_UP, .up = true};
	ok(rtnl_link_set(r, 1, &c, &e), &e);
	address(r, "lo", "fd00::1/128");
	struct rtnl_ip a = ip("fd00::2");
	for (uint16_t port = 20001; port <= 20003; port++)
		ok(guard_port_add(g, port, &e), &e);
	ok(guard_port_remote(g, 20001, &a, 30001, &e), &e);
	ok(guard_port_remote(g, 20002, &a, 30001, &e), &e);
	ok(guard_port_remote(g, 20003, &a, 30003, &e), &e); /* from then on it counts */
	say_to("fd00::1", 20003);
	ok(guard_port_remote(g, 20003, NULL, 0, &e), &e);
	ok(guard_port_remove(g, 20001, &e), &e);
	CHECK(!ruleset_has("20001"));
	CHECK(ruleset_has("fd00::2 . 30001 . 20002"));
	CHECK(ruleset_has("elements = { fd00::2 . 30001 }")); /* the other's, too */
	ok(guard_port_remove(g, 20002, &e), &e);
	CHECK(!ruleset_has("20002"));
	CHECK(!ruleset_has("fd00::2"));
	ok(guard_port_foreign(g, 20003, &n, &e), &e);
	CHECK_INT(n, 1); /* nothing else was touched */
	ok(guard_port_remote(g, 20003, &a, 30001, &e), &e);
	CHECK(ruleset_has("fd00::2"));
	ok(guard_port_add(g, 20003, &e), &e); /* whoever comes after: shut again */
	CHECK(!ruleset_has("fd00::2"));
	CHECK(ruleset_has("20003"));
}

TEST(the_rate_of_an_earlier_process_goes)
{
	struct err e = {};
	struct rtnl_filter f[4];
	namespace_own();
	AUTO(rtnl_free) struct rtnl *r = rtnl_here();
	ok(rtnl_veth_add(r, "x0", "x1", "test", NULL, -EBADF, &e), &e);
	struct guard_link l = {.index = index_of(r, "x0"), .name = "x0", .tunnel = true};
	struct guard_restrictions what = {.rate = 1000000};
	struct guard *was = guard_here("fd00::1");
	ok(guard_link_add(was, &l, &e), &e);
	ok(guard_link_restrict(was, "x0", &what, 1, &e), &e);
	guard_free(was);
	for (int in = 0; in < 2; in++)
		CHECK(rtnl_filter_list(r, l.index, in, f, ARRAY_SIZE(f), &e) > 0);
	AUTO(guard_free) struct guard *g = guard_here("fd00::1");
	ok(guard_link_add(g, &l, &e), &e);
	for (int in = 0; in < 2; in++)
		CHECK_INT(rtnl_filter_list(r, l.index, in, f, ARRAY_SIZE(f), &e), 0);
	ok(guard_link_remove(g, "x0", &e), &e);
}

TEST(a_link_that_has_gone_or_has_another_name_is_no_trouble)
{
	struct err e = {};
	namespace_own();
	AUTO(guard_free) struct guard *g = guard_here("10.0.0.1");
	AUTO(rtnl_free) struct rtnl *r = rtnl_here();
	struct guard_restrictions what = {.protocols = 1};
	for (int i = 0; i < 2; i++) {
		ok(rtnl_veth_add(r, "x0", "x1", "test", NULL, -EBADF, &e), &e);
		struct guard_link l = {.index = index_of(r, "x0"), .name = "x0"};
		struct guard_link o = {.index = index_of(r, "x1"), .name = "x1"};
		ok(guard_link_add(g, &o, &e), &e);
		ok(guard_link_add(g, &l, &e), &e);
		ok(guard_link_restrict(g, "x0", &what, 1, &e), &e);
		struct rtnl_change c = {.what = RTNL_SET_NAME, .name = "y0"};
		ok(rtnl_link_set(r, l.index, &c, &e), &e);
		l.name = "y0";
		ok(guard_link_add(g, &l, &e), &e);
		CHECK(ruleset_has("device \"y0\""));
		ok(guard_link_restrict(g, "y0", &what, 1, &e), &e);
		ok(rtnl_link_delete(r, l.index, &e), &e);
		ok(guard_link_remove(g, "x0", &e), &e);
		ok(guard_link_remove(g, "y0", &e), &e);
		ok(guard_link_remove(g, "x1", &e), &e);
		CHECK(!ruleset_has("metac"));
	}
}

TEST(rules_that_somebody_flushed_are_made_again_with_the_next_request)
{
	struct err e = {};
	namespace_own();
	AUTO(guard_free) struct guard *g = guard_here("fd00::1");
	struct rtnl_ip a = ip("fd00::2");
	ok(guard_port_add(g, 20001, &e), &e);
	ok(guard_port_remote(g, 20001, &a, 30001, &e), &e);
	CHECK_INT(nft("flush ruleset"), 0);
	ok(guard_port_add(g, 20002, &e), &e);
	CHECK(ruleset_has("fd00::2 . 30001 . 20001"));
	CHECK_INT(nft("flush ruleset"), 0);
	ok(guard_port_remove(g, 20002, &e), &e);
	CHECK(ruleset_has("fd00::2 . 30001 . 20001"));
	ok(guard_port_remove(g, 20001, &e), &e);
	CHECK(!ruleset_has("metac"));
}

TEST(rules_that_somebody_flushed_are_made_again_at_once)
{
	struct err e = {};
	namespace_own();
	AUTO(guard_free) struct guard *g = guard_here("fd00::1");
	AUTO(rtnl_free) struct rtnl *r = rtnl_here();
	ok(rtnl_veth_add(r, "x0", "x1", "test", NULL, -EBADF, &e), &e);
	struct guard_link l = {.index = index_of(r, "x0"), .name = "x0"};
	ok(guard_port_add(g, 20001, &e), &e);
	ok(guard_link_add(g, &l, &e), &e);
	CHECK_INT(guard_watch_process(g, &e), 0);
	CHECK_INT(nft("add table ip6 another"), 0);
	CHECK_INT(nft("delete table ip6 another"), 0);
	CHECK(readable(guard_watch_fd(g), 1000));
	CHECK_INT(guard_watch_process(g, &e), 0);
	CHECK_INT(nft("flush ruleset"), 0);
	CHECK(!ruleset_has("metac"));
	CHECK(readable(guard_watch_fd(g), 1000));
	CHECK_INT(guard_watch_process(g, &e), 1);
	CHECK(ruleset_has("20001"));
	CHECK(ruleset_has("device \"x0\""));
	CHECK_INT(guard_watch_process(g, &e), 0);
	ok(guard_link_remove(g, "x0", &e), &e);
	ok(guard_port_remove(g, 20001, &e), &e);
	CHECK_INT(nft("flush ruleset"), 0);
	CHECK_INT(guard_watch_process(g, &e), 0);
	CHECK(!ruleset_has("metac"));
}

TEST(nodes_do_not_touch_each_others_rules)
{
	struct err e = {};
	namespace_own();
	AUTO(guard_free) struct guard *one = guard_here("fd00::1");
	AUTO(guard_free) struct guard *other = guard_here("fd00::2");
	ok(guard_port_add(one, 20001, &e), &e);
	ok(guard_port_add(other, 20002, &e), &e);
	ok(guard_clear(other, &e), &e);
	CHECK(ruleset_has("20001"));
	CHECK(!ruleset_has("20002"));
	/* a process that comes after one that was killed */
	AUTO(guard_free) struct guard *next = guard_here("FD00:0::1");
	ok(guard_port_add(next, 20003, &e), &e);
	CHECK(ruleset_has("20003"));
	CHECK(!ruleset_has("20001"));
	ok(guard_clear(next, &e), &e);
	CHECK(!ruleset_has("metac"));
}

TEST(what_must_not_get_into_the_text_does_not)
{
	static const char *const bad[] = {"", "a b", "x\"", "x*", "\\x", "0123456789abcdef", "a/b"};
	struct err e = {};
	namespace_own();
	struct guard *none;
	CHECK_INT(guard_new(-EBADF, "fd00::1; flush ruleset", true, &none, &e), -EINVAL);
	AUTO(guard_free) struct guard *g = guard_here("fd00::1");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct guard_link l = {.index = 1, .name = bad[i]};
		CHECK_INT(guard_link_add(g, &l, &e), -EINVAL);
	}
	struct rtnl_ip a = ip("10.0.0.2");
	ok(guard_port_add(g, 20001, &e), &e);
	CHECK_INT(guard_port_remote(g, 20001, &a, 1, &e), -EAFNOSUPPORT);
	CHECK_INT(guard_port_remote(g, 20002, NULL, 0, &e), -ENOENT);
}
