/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "svc/net/iface.h"

static int through(const struct guard_restrictions *r, struct guard_restrictions *ret)
{
	struct err e = {};
	struct vat_message *m = vat_message_new(0, 0);
	restrictions_write(r, net_restrictions_init_root(m));
	int err = restrictions_read(net_restrictions_root(m), ret, &e);
	CHECK((err < 0) == (e.msg[0] != '\0'));
	vat_message_free(m);
	return err;
}

TEST(what_is_written_is_read)
{
	struct guard_restrictions r = {.rate = 100000000, .protocols = 0x1ff, .n_macs = 2}, got;
	memcpy(r.macs[0], "\x02\x00\x00\x00\x00\x07", 6);
	memcpy(r.macs[1], "\x02\x00\x00\x00\x00\x08", 6);
	CHECK_INT(through(&r, &got), 0);
	CHECK(!memcmp(&r, &got, sizeof(r)));
	CHECK(!restrictions_are_any(&got));
	r = (struct guard_restrictions){};
	CHECK_INT(through(&r, &got), 0);
	CHECK(restrictions_are_any(&got));
	CHECK_INT(restrictions_read((struct net_restrictions_r){}, &got, NULL), 0);
	CHECK(restrictions_are_any(&got));
}

TEST(what_is_not_understood_is_refused)
{
	struct guard_restrictions got = {.rate = 7};
	struct guard_restrictions r = {.rate = GUARD_RATE_MIN - 1};
	CHECK_INT(through(&r, &got), -EINVAL);
	r.rate = GUARD_RATE_MAX + 1;
	CHECK_INT(through(&r, &got), -EINVAL);
	r = (struct guard_restrictions){.n_macs = 1, .macs = {{1}}};
	CHECK_INT(through(&r, &got), -EINVAL);

	struct vat_message *m = vat_message_new(0, 0);
	struct net_restrictions_b b = net_restrictions_init_root(m);
	struct net_restrictions_r root = net_restrictions_root(m);
	vat_list_set_u16(net_restrictions_init_allow(b, 1), 0, 9);
	CHECK_INT(restrictions_read(root, &got, NULL), -EINVAL);
	net_restrictions_init_allow(b, 65);
	CHECK_INT(restrictions_read(root, &got, NULL), -E2BIG);
	net_restrictions_init_allow(b, 0);
	vat_set_data(vat_list_ptr_b(net_restrictions_init_macs(b, 1), 0),
		(struct vat_data){(const uint8_t *)"\0\0\0\0\0", 5});
	CHECK_INT(restrictions_read(root, &got, NULL), -EINVAL);
	net_restrictions_init_macs(b, GUARD_MACS_MAX + 1);
	CHECK_INT(restrictions_read(root, &got, NULL), -E2BIG);
	CHECK_INT(got.rate, 7);
	vat_message_free(m);
}

TEST(people_read_a_line)
{
	char text[100], little[12];
	struct guard_restrictions r = {};
	restrictions_text(&r, text, sizeof(text));
	CHECK_STR(text, "");
	r.rate = 100000000;
	restrictions_text(&r, text, sizeof(text));
	CHECK_STR(text, "at most 100 Mbit/s");
	r.protocols = 1 << NET_RESTRICTIONS_PROTOCOL_DHCP | 1 << NET_RESTRICTIONS_PROTOCOL_ICMP;
	r.rate = 1500;
	restrictions_text(&r, text, sizeof(text));
	CHECK_STR(text, "at most 1.5 kbit/s, only dhcp icmp");
	r = (struct guard_restrictions){.n_macs = 2, .macs = {{2}, {4}}};
	restrictions_text(&r, text, sizeof(text));
	CHECK_STR(text, "only from 02:00:00:00:00:00 04:00:00:00:00:00");
	restrictions_text(&r, little, sizeof(little));
	CHECK_STR(little, "only from 0");
	r = (struct guard_restrictions){.routed = true, .rate = 8000};
	restrictions_text(&r, text, sizeof(text));
	CHECK_STR(text, "at most 8 kbit/s, only IP of its addresses");
}
