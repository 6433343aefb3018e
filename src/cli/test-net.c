/* SPDX-License-Identifier: MIT */
/* Which binding a word means. */
#include "cli/net.h"
#include "base/test.h"

#include <stdio.h>

static struct cli cli;
static struct client client = {.cli = &cli};

static struct net_binding_info_r binding(
	struct vat_list_b l, uint32_t i, const char *name, const char *namespace, const char *id)
{
	struct net_binding_info_b b = {vat_list_struct_b(l, i)};
	net_binding_info_set_name(b, vat_str(name));
	net_binding_info_set_namespace(b, vat_str(namespace));
	net_binding_info_set_id(b, vat_str(id));
	return (struct net_binding_info_r){vat_struct_b_r(b.s)};
}

static struct vat_message *msg;

/* Five made here, and one by others. */
static struct net_bindings sample(void)
{
	msg = vat_message_new(0, 0);
	CHECK(msg);
	struct vat_list_b l = vat_init_struct_list(
		vat_root_b(msg), NET_BINDING_INFO_DATA_WORDS, NET_BINDING_INFO_PTRS, 6);
	binding(l, 0, "lab0", "", "aaaa1111");
	binding(l, 1, "eth0", "blue", "bbbb1111");
	binding(l, 2, "br0", "", "cccc1111");
	binding(l, 3, "br0", "", "cccc2222");
	binding(l, 4, "p1", "", "eeee1111");
	struct net_binding_info_b own = {vat_list_struct_b(l, 4)};
	net_binding_info_set_source(own, vat_str("newlocal:p2"));
	binding(l, 5, "eth1", "", "dddd1111");
	struct net_bindings b = {.infos = {vat_list_b_r(l)}};
	b.caps.count = 5;
	return b;
}

static void check(const char *word, bool own, int want, const char *text)
{
	struct net_bindings b = sample();
	uint32_t i = 99;
	cli.err = (struct err){};
	int r = net_binding_find(&client, &b, word, own, &i);
	if ((r < 0 ? r : (int)i) != want)
		test_fail(__FILE__, __LINE__, "%s: %d %u %s", word, r, i, cli.err.msg);
	if (text && !strstr(cli.err.msg, text))
		test_fail(__FILE__, __LINE__, "%s: %s", word, cli.err.msg);
	vat_message_free(msg);
}

TEST(a_binding_is_found_by_name_or_id)
{
	check("lab0", true, 0, NULL);
	check("aaaa1111", true, 0, NULL);
	check("aa", true, 0, NULL);
	check("eth0", true, 1, NULL);
	check("blue:eth0", true, 1, NULL);
	check("cccc2", true, 3, NULL);
	check("eth1", false, 5, NULL);
	check("p2", true, 4, NULL);
	check("local:p2", true, 4, NULL);
	check(":lab0", true, 0, NULL);
	check("local:lab0", true, 0, NULL);
	check("newlocal:lab0", true, 0, NULL);
	check("netns:blue:eth0", true, 1, NULL);
	check("newnetns:blue:eth0", true, 1, NULL);
}

TEST(what_is_not_found_is_told)
{
	check("lab1", true, -ENOENT, "lab1 is not bound (see `metac net ls')");
	check("a", true, -ENOENT, "is not bound");
	check("local:lab1", true, -ENOENT, "local:lab1 is not bound");
	check("netns:lab0", true, -ENOENT, "netns:lab0 is not bound");
	check("netns:red:eth0", true, -ENOENT, "netns:red:eth0 is not bound");
	check("red:eth0", true, -ENOENT, "is not bound");
	check("blue:", true, -ENOENT, "is not bound");
	check("", true, -ENOENT, "is not bound");
	check("br0", true, -EEXIST,
		"br0 has several bindings; say which by its id: cccc1111, cccc2222");
	check("cccc", true, -EEXIST, "cccc1111, cccc2222");
	check("eth1", true, -ENOENT, "was bound by another host");
}

TEST(a_binding_as_json)
{
	struct net_bindings b = sample();
	json_t *j = net_binding_json(net_binding_info_at(b.infos, 1));
	CHECK(j);
	CHECK_STR(json_string_value(json_object_get(j, "interface")), "eth0");
	CHECK_STR(json_string_value(json_object_get(j, "state")), "connected");
	CHECK(json_is_null(json_object_get(j, "since")));
	CHECK(json_is_array(json_object_get(j, "addresses")));
	CHECK(json_is_integer(json_object_get(json_object_get(j, "stats"), "foreign")));
	json_decref(j);
	vat_message_free(msg);
}

TEST(a_filter_is_read_as_tcpdump_prints_it)
{
	static uint64_t program[4096];
	uint32_t n = 0;
	CHECK_INT(net_filter_parse("2\n40 0 0 12\n6 1 2 4294967295\n", program, &n), 0);
	CHECK_INT(n, 2);
	CHECK(program[0] == (40 | UINT64_C(12) << 32));
	CHECK(program[1] == (6 | 1 << 16 | 2 << 24 | UINT64_C(0xffffffff) << 32));
	CHECK_INT(net_filter_parse("1,6 0 0 0,", program, &n), 0);
	CHECK_INT(n, 1);
	static const char *const wrong[] = {"", "0", "port 53", "1\n6 0 0", "1\n6 0 0 0\n6 0 0 0",
		"2\n6 0 0 0\n", "1\n65536 0 0 0", "1\n6 256 0 0", "1\n6 0 0 4294967296", "4097\n",
		"-1", "1\n6 0 0 0 x"};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK_INT(net_filter_parse(wrong[i], program, &n), -EINVAL);
}
