/* SPDX-License-Identifier: MIT */
/* Theory of operation: routed-config.h. */
#include "svc/net/routed-config.h"

static int read_address(struct vat_list_r list, uint32_t i, struct rtnl_address *ret, struct err *e)
{
	struct vat_text t = vat_ptr_text(vat_list_ptr(list, i), NULL);
	if (strlen(t.s) == t.len && t.len < RTNL_ADDRESS_TEXT && rtnl_address_parse(t.s, ret) >= 0)
		return 0;
	return err_set(e, -EINVAL, "what the routed network says of itself is not understood");
}

static bool is_mac(struct vat_data d)
{
	static const uint8_t none[RTNL_MAC_SIZE];
	const uint8_t *p = d.p;
	return d.len == RTNL_MAC_SIZE && !(p[0] & 1) && memcmp(p, none, sizeof(none)) != 0;
}

/* RFC 1918, 6598, 2544, 5737; RFC 4193, 3849. */
bool routed_is_private(const struct rtnl_address *network)
{
	static const struct {
		const char *text;
		uint8_t prefix;
	} all[] = {
		{"10.0.0.0", 8},
		{"172.16.0.0", 12},
		{"192.168.0.0", 16},
		{"100.64.0.0", 10},
		{"198.18.0.0", 15},
		{"192.0.2.0", 24},
		{"198.51.100.0", 24},
		{"203.0.113.0", 24},
		{"fc00::", 7},
		{"2001:db8::", 32},
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct rtnl_address a = {.prefix = all[i].prefix};
		int r = rtnl_ip_parse(all[i].text, &a.ip);
		assert(r >= 0);
		if (network->prefix >= a.prefix && leases_prefix_has(&a, &network->ip))
			return true;
	}
	return false;
}

static bool is_single(const struct rtnl_address *a)
{
	return a->prefix == (a->ip.family == AF_INET ? 32 : 128);
}

static int check_part(
	const struct routed_part *p, const struct rtnl_address *gateway, struct err *e)
{
	char text[RTNL_ADDRESS_TEXT];
	rtnl_address_format(&p->route, text);
	if (!is_single(&p->address) || !is_single(gateway) || !leases_is_host(&p->address.ip) ||
		!leases_is_host(&gateway->ip) || rtnl_ip_equal(&p->address.ip, &gateway->ip) ||
		!leases_prefix_has(&p->route, &p->address.ip) ||
		!leases_prefix_has(&p->route, &gateway->ip))
		return err_set(
			e, -EINVAL, "the routed network %s gives addresses that cannot be", text);
	if (!routed_is_private(&p->route))
		return err_set(e, -EINVAL,
			"the routed network is %s, which is not for private use: no route to it "
			"is taken from another host",
			text);
	return 0;
}

static int read_part(
	struct net_routed_config_r c, uint32_t i, struct routed_part *ret, struct err *e)
{
	struct rtnl_address gateway = {};
	int r = read_address(net_routed_config_get_addresses(c), i, &ret->address, e);
	if (r >= 0)
		r = read_address(net_routed_config_get_gateways(c), i, &gateway, e);
	if (r >= 0)
		r = read_address(net_routed_config_get_routes(c), i, &ret->route, e);
	if (r >= 0)
		r = check_part(ret, &gateway, e);
	ret->gateway = gateway.ip;
	return r;
}

int routed_config_read(struct net_routed_config_r c, struct routed_config *ret, struct err *e)
{
	uint32_t n = net_routed_config_get_addresses(c).count;
	struct vat_data mac = net_routed_config_get_mac(c);
	struct vat_data gateway_mac = net_routed_config_get_gateway_mac(c);
	*ret = (struct routed_config){.n = n};
	if (!n || n > LEASES_PREFIXES_MAX || net_routed_config_get_gateways(c).count != n ||
		net_routed_config_get_routes(c).count != n || !is_mac(mac) ||
		!is_mac(gateway_mac) || !memcmp(mac.p, gateway_mac.p, RTNL_MAC_SIZE))
		return err_set(
			e, -EINVAL, "what the routed network says of itself is not understood");
	memcpy(ret->mac, mac.p, RTNL_MAC_SIZE);
	memcpy(ret->gateway_mac, gateway_mac.p, RTNL_MAC_SIZE);
	for (uint32_t i = 0; i < n; i++) {
		int r = read_part(c, i, &ret->parts[i], e);
		for (uint32_t k = 0; r >= 0 && k < i; k++)
			if (leases_overlap(&ret->parts[k].route, &ret->parts[i].route))
				r = err_set(e, -EINVAL, "prefixes of the routed network overlap");
		if (r < 0)
			return r;
	}
	return 0;
}

bool routed_config_equal(const struct routed_config *a, const struct routed_config *b)
{
	bool same = a->n == b->n && !memcmp(a->mac, b->mac, RTNL_MAC_SIZE) &&
		    !memcmp(a->gateway_mac, b->gateway_mac, RTNL_MAC_SIZE);
	for (unsigned i = 0; same && i < a->n; i++)
		same = rtnl_ip_equal(&a->parts[i].address.ip, &b->parts[i].address.ip) &&
		       rtnl_ip_equal(&a->parts[i].gateway, &b->parts[i].gateway) &&
		       rtnl_ip_equal(&a->parts[i].route.ip, &b->parts[i].route.ip) &&
		       a->parts[i].route.prefix == b->parts[i].route.prefix;
	return same;
}
