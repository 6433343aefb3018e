/* SPDX-License-Identifier: MIT */
#include "svc/net/leases.h"
#include "base/test.h"

#include <stdio.h>

static const uint8_t mac[RTNL_MAC_SIZE] = {2, 0, 0, 0, 0, 1};

static int add(struct leases *l, const char *text)
{
	struct rtnl_address a = {};
	struct err e = {};
	CHECK_INT(rtnl_address_parse(text, &a), 0);
	int r = leases_add_prefix(l, &a, &e);
	CHECK(r >= 0 || *e.msg);
	return r;
}

static void up(struct leases *l, const char *one, const char *other)
{
	leases_init(l, mac);
	CHECK_INT(add(l, one), 0);
	if (other)
		CHECK_INT(add(l, other), 0);
}

/* Keys are numbers here. */
static struct lease *take(struct leases *l, unsigned number, bool *ret_new)
{
	uint8_t key[16] = {(uint8_t)(number >> 8), (uint8_t)number};
	struct lease *a = NULL;
	struct err e = {};
	int r = leases_take(l, key, sizeof(key), &a, ret_new, &e);
	if (r < 0)
		CHECK_INT(r, -EADDRNOTAVAIL);
	CHECK((r < 0) == (*e.msg != 0));
	if (a && !a->user)
		a->user = l;
	return a;
}

static const char *text(const struct lease *a, unsigned i)
{
	static char t[RTNL_ADDRESS_TEXT];
	struct rtnl_address address = {
		.ip = a->address[i], .prefix = a->address[i].family == AF_INET ? 32 : 128};
	rtnl_address_format(&address, t);
	*strchr(t, '/') = 0;
	return t;
}

TEST(members_get_the_lowest_free_addresses_and_again_the_same)
{
	struct leases l;
	bool is_new;
	up(&l, "10.9.0.2/24", "fd09::1/64");
	struct lease *a = take(&l, 1, &is_new);
	CHECK(is_new);
	CHECK_STR(text(a, 0), "10.9.0.1");
	CHECK_STR(text(a, 1), "fd09::2");
	struct lease *b = take(&l, 2, &is_new);
	CHECK_STR(text(b, 0), "10.9.0.3"); /* .2 is the gateway's */
	CHECK_STR(text(b, 1), "fd09::3");
	CHECK(memcmp(a->mac, b->mac, sizeof(mac)) != 0);
	CHECK((a->mac[0] & 3) == 2 && (b->mac[0] & 3) == 2);
	uint8_t was[RTNL_MAC_SIZE];
	memcpy(was, a->mac, sizeof(was));
	leases_release(&l, a);
	CHECK(take(&l, 1, &is_new) == a && !is_new);
	leases_forget(&l, a);
	a = take(&l, 1, &is_new); /* the lowest is free again, and the MAC comes from the key */
	CHECK(is_new);
	CHECK_STR(text(a, 0), "10.9.0.1");
	CHECK_INT(memcmp(a->mac, was, sizeof(was)), 0);
	leases_done(&l);
	CHECK_INT(l.n, 0);
}

TEST(what_is_free_is_given_before_what_is_kept)
{
	struct leases l;
	bool is_new;
	up(&l, "10.9.0.1/29", NULL); /* 2 to 6 */
	for (unsigned i = 0; i < 3; i++)
		leases_release(&l, take(&l, i, &is_new));
	CHECK_STR(text(take(&l, 10, &is_new), 0), "10.9.0.5");
	leases_release(&l, take(&l, 0, &is_new)); /* used last, so it goes last */
	CHECK_STR(text(take(&l, 11, &is_new), 0), "10.9.0.6");
	CHECK_STR(text(take(&l, 12, &is_new), 0), "10.9.0.3");
	CHECK_STR(text(take(&l, 13, &is_new), 0), "10.9.0.4");
	CHECK_STR(text(take(&l, 14, &is_new), 0), "10.9.0.2");
	CHECK(!take(&l, 15, &is_new));
	CHECK(take(&l, 14, &is_new) && !is_new); /* those who have one keep it */
	CHECK_INT(l.n, 5);
	leases_done(&l);
}

TEST(the_edges_of_a_prefix_are_nobodys)
{
	static const struct {
		const char *prefix, *first, *last;
		unsigned n;
	} t[] = {
		{"10.9.0.1/30", "10.9.0.2", "10.9.0.2", 1},
		{"10.9.0.2/30", "10.9.0.1", "10.9.0.1", 1},
		{"10.9.0.0/31", "10.9.0.1", "10.9.0.1", 1},
		{"10.9.0.1/31", "10.9.0.0", "10.9.0.0", 1},
		{"10.9.0.6/29", "10.9.0.1", "10.9.0.5", 5},
		{"fd09::1/126", "fd09::2", "fd09::3", 2},
		{"fd09::/127", "fd09::1", "fd09::1", 1},
		{"10.9.255.254/23", "10.9.254.1", "10.9.255.253", 509},
		{"fd09::fe/120", "fd09::1", "fd09::ff", 254},
		{"10.0.0.1/8", "10.0.0.2", "10.0.4.1", LEASES_MAX},
		{"fd00::1/8", "fd00::2", "fd00::401", LEASES_MAX},
	};
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct leases l;
		struct lease *a = NULL, *last = NULL;
		bool is_new;
		unsigned n = 0;
		up(&l, t[i].prefix, NULL);
		for (; n <= LEASES_MAX && (a = take(&l, n, &is_new)); n++) {
			if (!n)
				CHECK_STR(text(a, 0), t[i].first);
			last = a;
		}
		CHECK_INT(n, t[i].n);
		CHECK_STR(text(last, 0), t[i].last);
		leases_done(&l);
	}
}

TEST(a_prefix_must_have_room_and_be_for_hosts)
{
	static const char *const bad[] = {"10.9.0.1/32", "10.9.0.1", "fd09::1/128", "10.9.0.0/24",
		"10.9.0.255/24", "fd09::/64", "10.9.0.1/7", "fd09::1/0", "127.0.0.1/8",
		"224.0.0.1/24", "255.255.255.1/24", "169.254.1.1/16", "0.0.0.1/8", "ff02::1/64",
		"fe80::1/64", "::1/64", "::ffff:10.9.0.1/120"};
	struct leases l;
	leases_init(&l, mac);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_INT(add(&l, bad[i]), -EINVAL);
	CHECK_INT(add(&l, "10.9.0.1/24"), 0);
	CHECK_INT(add(&l, "10.9.0.129/25"), -EINVAL);
	CHECK_INT(add(&l, "10.8.0.1/15"), -EINVAL);
	CHECK_INT(add(&l, "10.9.1.1/24"), 0);
	CHECK_INT(add(&l, "fd09::1/64"), 0);
	CHECK_INT(add(&l, "fd09:0:0:1::1/64"), 0);
	CHECK_INT(add(&l, "10.9.2.1/24"), -E2BIG);
	leases_done(&l);
}

TEST(a_key_has_some_length)
{
	static const uint8_t key[64];
	struct leases l;
	struct lease *a;
	struct err e = {};
	bool is_new;
	up(&l, "10.9.0.1/24", NULL);
	CHECK_INT(leases_take(&l, NULL, 0, &a, &is_new, &e), -EINVAL);
	CHECK_INT(leases_take(&l, key, LEASES_KEY_MIN - 1, &a, &is_new, &e), -EINVAL);
	CHECK_INT(leases_take(&l, key, LEASES_KEY_MAX + 1, &a, &is_new, &e), -EINVAL);
	CHECK_INT(leases_take(&l, key, LEASES_KEY_MIN, &a, &is_new, &e), 0);
	CHECK_INT(leases_take(&l, key, LEASES_KEY_MAX, &a, &is_new, &e), 0);
	CHECK_INT(l.n, 2); /* one is not the other, though it begins so */
	leases_done(&l);
}

static struct rtnl_ip ip(const char *t)
{
	struct rtnl_ip a = {};
	CHECK_INT(rtnl_ip_parse(t, &a), 0);
	return a;
}

TEST(what_is_restored_has_to_fit)
{
	static const uint8_t key[2][16] = {{1}, {2}};
	struct leases l;
	bool is_new;
	up(&l, "10.9.0.1/24", "fd09::1/64");
	struct rtnl_ip good[] = {ip("10.9.0.7"), ip("fd09::7")};
	CHECK(!leases_restore(&l, key[0], 16, good, 1));
	CHECK(!leases_restore(&l, key[0], 15, good, 2));
	CHECK(!leases_restore(&l, key[0], 33, good, 2));
	static const char *const bad[] = {
		"10.9.1.7", "10.9.0.1", "10.9.0.0", "10.9.0.255", "fd09::7", "10.8.255.255"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!leases_restore(&l, key[0], 16, (struct rtnl_ip[]){ip(bad[i]), good[1]}, 2));
	CHECK_INT(l.n, 0);
	CHECK(leases_restore(&l, key[0], 16, good, 2));
	CHECK(!leases_restore(&l, key[0], 16, good, 2));
	CHECK(!leases_restore(&l, key[1], 16, good, 2)); /* it is somebody else's */
	CHECK(!leases_restore(&l, key[1], 16, (struct rtnl_ip[]){ip("10.9.0.8"), good[1]}, 2));
	CHECK_INT(l.n, 1);
	struct lease *a = NULL;
	struct err e = {};
	CHECK_INT(leases_take(&l, key[0], 16, &a, &is_new, &e), 0);
	CHECK(!is_new && !a->user);
	CHECK_STR(text(a, 0), "10.9.0.7");
	leases_done(&l);
}

TEST(networks_are_compared_by_their_bits)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} t[] = {
		{"10.9.0.1/24", "10.9.0.200/32", true},
		{"10.9.0.1/24", "10.9.1.1/24", false},
		{"10.9.0.1/23", "10.9.1.1/24", true},
		{"10.9.0.1/25", "10.9.0.129/25", false},
		{"0.0.0.0/0", "10.9.0.129/25", true},
		{"0.0.0.0/0", "fd09::/64", false},
		{"fd09::/63", "fd09:0:0:1::/64", true},
		{"fd09::/64", "fd09:0:0:1::/64", false},
		{"fd09::1/128", "fd09::1/128", true},
	};
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct rtnl_address a = {}, b = {};
		CHECK_INT(rtnl_address_parse(t[i].a, &a), 0);
		CHECK_INT(rtnl_address_parse(t[i].b, &b), 0);
		CHECK_INT(leases_overlap(&a, &b), t[i].overlap);
		CHECK_INT(leases_overlap(&b, &a), t[i].overlap);
	}
}
