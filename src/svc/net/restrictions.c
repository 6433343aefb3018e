/* SPDX-License-Identifier: MIT */
/*
 * Restrictions of an interface between RPC's form, the rules' (kernel/guard.h) and people's.
 * What is not understood is refused: leaving it out could mean allowing everything.
 */
#include "svc/net/iface.h"

#include <stdarg.h>
#include <stdio.h>

enum { ALLOW_MAX = 64 }; /* entries, of which there are fewer kinds */

static const char *const protocols[] = {
	[NET_RESTRICTIONS_PROTOCOL_ARP] = "arp",
	[NET_RESTRICTIONS_PROTOCOL_IP4] = "ip4",
	[NET_RESTRICTIONS_PROTOCOL_IP6] = "ip6",
	[NET_RESTRICTIONS_PROTOCOL_DHCP] = "dhcp",
	[NET_RESTRICTIONS_PROTOCOL_ICMP] = "icmp",
	[NET_RESTRICTIONS_PROTOCOL_TCP] = "tcp",
	[NET_RESTRICTIONS_PROTOCOL_UDP] = "udp",
	[NET_RESTRICTIONS_PROTOCOL_DNS] = "dns",
	[NET_RESTRICTIONS_PROTOCOL_VLAN] = "vlan",
};

static int read_macs(struct vat_list_r macs, struct guard_restrictions *ret, struct err *e)
{
	if (macs.count > GUARD_MACS_MAX)
		return err_set(e, -E2BIG, "more than %d addresses", GUARD_MACS_MAX);
	for (uint32_t i = 0; i < macs.count; i++) {
		struct vat_data mac = vat_ptr_data(vat_list_ptr(macs, i), NULL);
		if (mac.len != RTNL_MAC_SIZE)
			return err_set(e, -EINVAL, "a MAC address has %d bytes", RTNL_MAC_SIZE);
		memcpy(ret->macs[i], mac.p, RTNL_MAC_SIZE);
		if (ret->macs[i][0] & 1)
			return err_set(e, -EINVAL, "the MAC address of a group cannot be a sender");
	}
	ret->n_macs = macs.count;
	return 0;
}

int restrictions_read(struct net_restrictions_r r, struct guard_restrictions *ret, struct err *e)
{
	struct guard_restrictions got = {.rate = net_restrictions_get_rate(r)};
	if (got.rate && (got.rate < GUARD_RATE_MIN || got.rate > GUARD_RATE_MAX))
		return err_set(e, -EINVAL, "a rate of %llu bit/s: it may be 8 kbit/s to 100 Gbit/s",
			(unsigned long long)got.rate);
	int err = read_macs(net_restrictions_get_macs(r), &got, e);
	if (err < 0)
		return err;
	struct vat_list_r allow = net_restrictions_get_allow(r);
	if (allow.count > ALLOW_MAX)
		return err_set(e, -E2BIG, "more than %d protocols", ALLOW_MAX);
	for (uint32_t i = 0; i < allow.count; i++) {
		uint16_t p = vat_list_u16(allow, i);
		if (p >= ARRAY_SIZE(protocols))
			return err_set(e, -EINVAL, "protocol %u is not known here", p);
		got.protocols |= 1u << p;
	}
	*ret = got;
	return 0;
}

void restrictions_write(const struct guard_restrictions *r, struct net_restrictions_b ret)
{
	net_restrictions_set_rate(ret, r->rate);
	if (r->n_macs) {
		struct vat_list_b macs = net_restrictions_init_macs(ret, r->n_macs);
		for (unsigned i = 0; i < r->n_macs; i++)
			vat_set_data(vat_list_ptr_b(macs, i),
				(struct vat_data){r->macs[i], RTNL_MAC_SIZE});
	}
	if (!r->protocols)
		return;
	struct vat_list_b allow =
		net_restrictions_init_allow(ret, (uint32_t)__builtin_popcount(r->protocols));
	uint32_t at = 0;
	for (uint16_t p = 0; p < ARRAY_SIZE(protocols); p++)
		if (r->protocols & 1u << p)
			vat_list_set_u16(allow, at++, p);
}

bool restrictions_are_any(const struct guard_restrictions *r)
{
	return !r->rate && !r->protocols && !r->n_macs && !r->routed;
}

/* Appends as much as fits. */
PRINTF(3, 4) static void add(char *text, size_t size, const char *fmt, ...)
{
	size_t used = strlen(text);
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text + used, size - used, fmt, ap);
	va_end(ap);
}

static void add_rate(uint64_t rate, char *ret, size_t size)
{
	static const char *const units[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s"};
	uint64_t unit = 1;
	unsigned u = 0;
	while (u + 1 < ARRAY_SIZE(units) && rate >= unit * 1000) {
		unit *= 1000;
		u++;
	}
	char number[32];
	(void)snprintf(number, sizeof(number), "%llu.%03llu", (unsigned long long)(rate / unit),
		(unsigned long long)(rate % unit * 1000 / unit));
	char *end = number + strlen(number);
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		*--end = '\0';
	add(ret, size, "at most %s %s", number, units[u]);
}

void restrictions_text(const struct guard_restrictions *r, char *ret, size_t size)
{
	const char *between = "";
	ret[0] = '\0';
	if (r->rate) {
		add_rate(r->rate, ret, size);
		between = ", ";
	}
	for (unsigned p = 0, first = 1; p < ARRAY_SIZE(protocols); p++)
		if (r->protocols & 1u << p) {
			add(ret, size, "%s%s%s", first ? between : " ", first ? "only " : "",
				protocols[p]);
			first = 0;
			between = ", ";
		}
	for (unsigned i = 0; i < r->n_macs; i++) {
		const uint8_t *m = r->macs[i];
		add(ret, size, "%s%s%02x:%02x:%02x:%02x:%02x:%02x", i ? " " : between,
			i ? "" : "only from ", m[0], m[1], m[2], m[3], m[4], m[5]);
		between = ", ";
	}
	if (r->routed)
		add(ret, size, "%sonly IP of its addresses", between);
}
