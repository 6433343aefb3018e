/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "svc/net/net-service.h"

static const struct net_service node = {.address_text = "fd00::1"};

TEST(a_mark_is_read_by_the_node_that_made_it)
{
	const struct net_service other = {.address_text = "fd00::11"};
	char alias[RTNL_ALIAS_MAX + 1], what[16], id[33];
	net_mark(&node, "tunnel", "0123456789abcdef0123456789abcdef", alias);
	CHECK_STR(alias, "metac fd00::1 tunnel 0123456789abcdef0123456789abcdef");
	CHECK(net_mark_is_ours(&node, alias, what, id));
	CHECK_STR(what, "tunnel");
	CHECK_STR(id, "0123456789abcdef0123456789abcdef");
	CHECK(!net_mark_is_ours(&other, alias, what, id));
	CHECK(net_mark_is_any(alias));
}

TEST(what_somebody_else_wrote_is_no_mark)
{
	static const char *const bad[] = {
		"",
		"metac",
		"metac ",
		"metac fd00::1",
		"metac fd00::1 tunnel",
		"metac fd00::1 tunnel ",
		"metac fd00::1  x",
		"metac fd00::1 tunnel x y",
		"metac fd00::1 tunnel x ",
		"metac fd00::1 0123456789abcdef x",
		"metac fd00::1 tunnel 0123456789abcdef0123456789abcdef0",
		"xmetac fd00::1 tunnel x",
		"the uplink",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char what[16] = "-", id[33] = "-";
		if (net_mark_is_ours(&node, bad[i], what, id))
			test_fail(__FILE__, __LINE__, "\"%s\" is a mark", bad[i]);
		CHECK_STR(what, "-");
		CHECK_STR(id, "-");
	}
}
