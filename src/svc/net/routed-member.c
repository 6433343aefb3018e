/* SPDX-License-Identifier: MIT */
/*
 * A host that has bound a routed network: addresses, routes and neighbours of the interface that
 * was created for it.
 *
 * What is to be set comes from another host, which must not get more than the network it offers:
 * its prefixes are for private use (or of documentation), they overlap nothing that this host has
 * or has a route to, and address and gateway are in the prefix that they are for. So no traffic
 * that went elsewhere before goes there.
 *
 * Each step may find that it was done before, since the same configuration is applied again
 * whenever the tunnel has been connected again: the link may have been another one, or down.
 */
#include "svc/net/routed.h"
#include "svc/net/kernel/netconf.h"
#include "svc/net/routed-parts.h"

#include "base/log.h"

struct part { /* of one prefix */
	struct rtnl_address address; /* a single one */
	struct rtnl_ip gateway;
	struct rtnl_address route;
};

struct config {
	struct part parts[LEASES_PREFIXES_MAX];
	unsigned n;
	uint8_t mac[RTNL_MAC_SIZE], gateway_mac[RTNL_MAC_SIZE];
};

struct routed_member {
	struct place *place;
	int index;
	struct config config;
	char text[LEASES_PREFIXES_MAX][RTNL_ADDRESS_TEXT];
};

/* ---- what the other side says -------------------------------------------------------------- */

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
static bool is_private(const struct rtnl_address *network)
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

static int check_part(const struct part *p, const struct rtnl_address *gateway, struct err *e)
{
	char text[RTNL_ADDRESS_TEXT];
	rtnl_address_format(&p->route, text);
	if (!is_single(&p->address) || !is_single(gateway) || !leases_is_host(&p->address.ip) ||
		!leases_is_host(&gateway->ip) || rtnl_ip_equal(&p->address.ip, &gateway->ip) ||
		!leases_prefix_has(&p->route, &p->address.ip) ||
		!leases_prefix_has(&p->route, &gateway->ip))
		return err_set(
			e, -EINVAL, "the routed network %s gives addresses that cannot be", text);
	if (!is_private(&p->route))
		return err_set(e, -EINVAL,
			"the routed network is %s, which is not for private use: no route to it "
			"is taken from another host",
			text);
	return 0;
}

static int read_part(struct net_routed_config_r c, uint32_t i, struct part *ret, struct err *e)
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

static int read_config(struct net_routed_config_r c, struct config *ret, struct err *e)
{
	uint32_t n = net_routed_config_get_addresses(c).count;
	struct vat_data mac = net_routed_config_get_mac(c);
	struct vat_data gateway_mac = net_routed_config_get_gateway_mac(c);
	*ret = (struct config){.n = n};
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

/* ---- setting it up ------------------------------------------------------------------------- */

static int add_part(struct routed_member *m, const struct part *p, struct err *e)
{
	struct rtnl *n = m->place->rtnl;
	struct rtnl_address address = p->address, route = p->route;
	struct err why = {};
	address.index = route.index = m->index;
	int r = rtnl_neighbour_add(n, m->index, &p->gateway, m->config.gateway_mac, e);
	if (r < 0)
		return r;
	r = rtnl_address_add(n, &address, &why);
	if (r >= 0 || r == -EEXIST)
		r = rtnl_route_add(n, &route, &p->gateway, &why);
	return r >= 0 || r == -EEXIST ? 0 : err_set(e, r, "%s", why.msg);
}

/* Nothing is heard or found out by IPv6's own means: there is nobody to tell. */
static void silence(struct routed_member *m, const char *name)
{
	AUTO_FREE struct rtnl_address *list = NULL;
	size_t n = 0;
	struct rtnl_change change = {.what = RTNL_SET_NO_IP6_LL};
	(void)netconf_set(m->place->netns, AF_INET6, name, "accept_ra", 0, NULL);
	if (rtnl_link_set(m->place->rtnl, m->index, &change, NULL) < 0 ||
		rtnl_address_list(m->place->rtnl, m->index, &list, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (list[i].ip.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&list[i].ip.v6))
			(void)rtnl_address_delete(m->place->rtnl, &list[i], NULL);
}

static int set_mac(struct routed_member *m, const struct rtnl_link *link, struct err *e)
{
	struct rtnl_change change = {.what = RTNL_SET_MAC, .mac = m->config.mac};
	if (!memcmp(link->mac, m->config.mac, RTNL_MAC_SIZE))
		return 0;
	return rtnl_link_set(m->place->rtnl, m->index, &change, e);
}

static int set_up(struct routed_member *m, struct err *e)
{
	struct rtnl_link link;
	int r = rtnl_link_by_index(m->place->rtnl, m->index, &link, e);
	for (unsigned i = 0; r >= 0 && i < m->config.n; i++)
		r = routed_check_free(m->place, m->index, &m->config.parts[i].route, e);
	if (r >= 0)
		r = set_mac(m, &link, e);
	if (r >= 0)
		silence(m, link.name);
	for (unsigned i = 0; r >= 0 && i < m->config.n; i++)
		r = add_part(m, &m->config.parts[i], e);
	return r < 0 ? err_wrap(e, r, "the routed network") : 0;
}

static void remove_part(struct routed_member *m, const struct part *p)
{
	struct rtnl *n = m->place->rtnl;
	struct rtnl_address address = p->address, route = p->route;
	address.index = route.index = m->index;
	(void)rtnl_route_delete(n, &route, NULL);
	(void)rtnl_address_delete(n, &address, NULL);
	(void)rtnl_neighbour_delete(n, m->index, &p->gateway, NULL);
}

void routed_unapply(struct routed_member *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < m->config.n; i++)
		remove_part(m, &m->config.parts[i]);
	place_unref(m->place);
	free(m);
}

static bool same_config(const struct config *a, const struct config *b)
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

/* As people know it: with the length of the network's prefix. */
static void write_texts(struct routed_member *m)
{
	for (unsigned i = 0; i < m->config.n; i++) {
		struct rtnl_address a = m->config.parts[i].address;
		a.prefix = m->config.parts[i].route.prefix;
		rtnl_address_format(&a, m->text[i]);
	}
}

int routed_apply(struct place *p, int index, struct net_routed_config_r config,
	struct routed_member **m, struct err *e)
{
	struct config c;
	int r = read_config(config, &c, e);
	if (r < 0)
		return r;
	struct routed_member *there = *m;
	if (there &&
		(there->place != p || there->index != index || !same_config(&there->config, &c))) {
		routed_unapply(TAKE_PTR(*m));
		there = NULL;
	}
	if (!there) {
		there = calloc(1, sizeof(*there));
		if (!there)
			return err_errno(e, -ENOMEM, "the routed network");
		there->place = place_ref(p);
		there->index = index;
		there->config = c;
		write_texts(there);
		*m = there;
	}
	r = set_up(there, e);
	if (r < 0)
		routed_unapply(TAKE_PTR(*m));
	return r;
}

const char *routed_member_address(const struct routed_member *m, unsigned n)
{
	return n < m->config.n ? m->text[n] : NULL;
}
