/* SPDX-License-Identifier: MIT */
#include "svc/fs/fuse/fuse9p-idmap.h"
#include "base/test.h"

TEST(numbers_are_the_same_where_nothing_is_said)
{
	struct f9_idmap m = {};
	uint32_t id;
	CHECK_INT(f9_idmap_remote(NULL, 7), 7);
	CHECK_INT(f9_idmap_local(NULL, 7), 7);
	CHECK(f9_idmap_owner(NULL, 7, &id) && id == 7);
	CHECK_INT(f9_idmap_remote(&m, 7), 7);
	CHECK_INT(f9_idmap_local(&m, 7), 7);
	CHECK(f9_idmap_owner(&m, 7, &id) && id == 7);
}

TEST(a_pair_counts_in_both_directions_and_the_first_one_wins)
{
	struct f9_idmap m = {};
	CHECK_INT(f9_idmap_parse(&m, "1000:2000"), 0);
	CHECK_INT(f9_idmap_parse(&m, "1000:3000"), 0);
	CHECK_INT(f9_idmap_parse(&m, "1001:2000"), 0);
	CHECK_INT(f9_idmap_remote(&m, 1000), 2000);
	CHECK_INT(f9_idmap_remote(&m, 1001), 2000);
	CHECK_INT(f9_idmap_remote(&m, 5), 5);
	CHECK_INT(f9_idmap_local(&m, 2000), 1000);
	CHECK_INT(f9_idmap_local(&m, 3000), 1000);
	CHECK_INT(f9_idmap_local(&m, 5), 5);
}

TEST(many_at_once)
{
	struct f9_idmap m = {};
	CHECK_INT(f9_idmap_parse(&m, "1000:5000:10"), 0);
	CHECK_INT(f9_idmap_parse(&m, "7:9:0"), 0);
	CHECK_INT(f9_idmap_remote(&m, 999), 999);
	CHECK_INT(f9_idmap_remote(&m, 1000), 5000);
	CHECK_INT(f9_idmap_remote(&m, 1009), 5009);
	CHECK_INT(f9_idmap_remote(&m, 1010), 1010);
	CHECK_INT(f9_idmap_local(&m, 5009), 1009);
	CHECK_INT(f9_idmap_local(&m, 5010), 5010);
	CHECK_INT(f9_idmap_remote(&m, 7), 9);
	CHECK_INT(f9_idmap_remote(&m, 8), 8);
}

TEST(all_others_are_squashed)
{
	struct f9_idmap m = {};
	uint32_t id;
	CHECK_INT(f9_idmap_parse(&m, "*:99"), 0);
	CHECK_INT(f9_idmap_parse(&m, "0:0"), 0);
	CHECK_INT(f9_idmap_remote(&m, 0), 0);
	CHECK_INT(f9_idmap_remote(&m, 1000), 99);
	CHECK_INT(f9_idmap_local(&m, 1000), F9_NOBODY);
	CHECK_INT(f9_idmap_local(&m, 0), 0);
	CHECK(f9_idmap_owner(&m, 0, &id) && id == 0);
	CHECK(!f9_idmap_owner(&m, 1000, &id));
}

TEST(what_is_no_pair_is_refused)
{
	static const char *const bad[] = {"", ":", "1", "1:", ":1", "1:2:3:4", "1:2:", "1:2:x",
		"1:4294967294:2", "a:1", "1:a", "-1:1", "*", "*:", "*:*", "1:*", "4294967295:1",
		"1:4294967295", "1:99999999999999999999", " 1:1", "1: 1", "1:1 "};
	struct f9_idmap m = {};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_INT(f9_idmap_parse(&m, bad[i]), -EINVAL);
	CHECK(m.n == 0 && !m.squash);
	for (unsigned i = 0; i < F9_IDMAP_MAX; i++)
		CHECK_INT(f9_idmap_parse(&m, "1:2"), 0);
	CHECK_INT(f9_idmap_parse(&m, "1:2"), -ENOSPC);
}

TEST(lists_of_rights_are_translated_in_place)
{
	uint8_t acl[] = {2, 0, 0, 0, /* owner */ 1, 0, 7, 0, 255, 255, 255, 255, /* user 5 */ 2, 0,
		6, 0, 5, 0, 0, 0, /* group 5 */ 8, 0, 4, 0, 5, 0, 0, 0};
	struct f9_idmap u = {}, g = {};
	CHECK_INT(f9_idmap_parse(&u, "5:500"), 0);
	CHECK_INT(f9_idmap_parse(&g, "5:6"), 0);
	CHECK_INT(f9_idmap_acl(&u, &g, true, acl, sizeof(acl)), 0);
	CHECK_INT(acl[16], 500 & 255);
	CHECK_INT(acl[17], 500 >> 8);
	CHECK_INT(acl[24], 6);
	CHECK_INT(acl[8], 255);
	CHECK_INT(f9_idmap_acl(&u, &g, false, acl, sizeof(acl)), 0);
	CHECK_INT(acl[16], 5);
	CHECK_INT(acl[17], 0);
	CHECK_INT(acl[24], 5);
	CHECK_INT(f9_idmap_acl(&u, &g, true, acl, 3), -EINVAL);
	CHECK_INT(f9_idmap_acl(&u, &g, true, acl, 11), -EINVAL);
	CHECK_INT(f9_idmap_parse(&u, "*:1"), 0);
	acl[16] = 77;
	CHECK_INT(f9_idmap_acl(&u, &g, true, acl, sizeof(acl)), -EINVAL);
	acl[0] = 1;
	CHECK_INT(f9_idmap_acl(&u, &g, false, acl, sizeof(acl)), -EINVAL);
}
