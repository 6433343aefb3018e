/* SPDX-License-Identifier: MIT */
/*
 * The host that has a routed network: the bridge, its members' leases, and what they are told.
 * Theory of operation: routed.h.
 *
 * Forwarding is switched on for the bridge alone: for IPv4 by its own setting, for IPv6 by
 * force_forwarding, which Linux has since 6.17; with an older one members reach each other by IPv6
 * only where the whole host forwards it (net.ipv6.conf.all.forwarding), which is not ours to
 * decide, since such a host hears no router advertisements any more. What a member sends is let
 * into the network's prefixes only, so he gets nowhere else even if the whole host forwards.
 *
 * Redirects are not sent: all that goes from one member to another takes the way through us.
 */
#include "svc/net/routed.h"
#include "svc/net/kernel/netconf.h"
#include "svc/net/routed-config.h"
#include "svc/net/routed-parts.h"

#include "base/log.h"

#include <linux/if_ether.h>

enum { IPV6_MIN_MTU = 1280 };

struct routed {
	struct place *place;
	int index;
	char name[IFNAMSIZ];
	struct leases leases;
	void (*changed)(void *user);
	void *user;
};

struct routed_lease {
	struct routed *routed;
	struct lease *lease;
	void (*taken)(void *user);
	void *user;
};

/* ---- what is asked for --------------------------------------------------------------------- */

static int read_prefix(struct vat_text t, struct rtnl_address *ret, struct err *e)
{
	if (strlen(t.s) != t.len || t.len >= RTNL_ADDRESS_TEXT || rtnl_address_parse(t.s, ret) < 0)
		return err_set(e, -EINVAL, "\"%.*s\" is no address (10.9.0.1/24)",
			(int)MIN(t.len, (uint32_t)RTNL_ADDRESS_TEXT), t.s);
	return 0;
}

static int read_prefixes(struct net_create_options_r options, struct leases *l, struct err *e)
{
	struct vat_list_r list = net_create_options_get_routed(options);
	for (uint32_t i = 0; i < list.count; i++) {
		struct rtnl_address prefix = {};
		int r = read_prefix(vat_ptr_text(vat_list_ptr(list, i), NULL), &prefix, e);
		if (r >= 0)
			r = leases_add_prefix(l, &prefix, e);
		if (r < 0)
			return r;
	}
	return list.count ? 0 : err_set(e, -EINVAL, "a routed network needs an address");
}

int routed_check(struct net_create_options_r options, struct err *e)
{
	static const uint8_t mac[RTNL_MAC_SIZE];
	struct vat_text kind = net_create_options_get_kind(options);
	struct leases l;
	leases_init(&l, mac);
	if (kind.len)
		return err_set(e, -EINVAL,
			"a routed network is no \"%.*s\": it is of a kind of its own",
			(int)MIN(kind.len, 32U), kind.s);
	int r = read_prefixes(options, &l, e);
	for (unsigned i = 0; i < l.n_prefixes && r >= 0; i++) {
		char text[RTNL_ADDRESS_TEXT];
		rtnl_address_format(&l.prefix[i], text);
		if (!routed_is_private(&l.prefix[i]))
			r = err_set(e, -EINVAL,
				"%s is not for private use: no host would take a route to it",
				text);
	}
	return r;
}

uint32_t routed_default_mtu(struct net_service *ns)
{
	AUTO_FREE struct rtnl_address *list = NULL;
	size_t n = 0;
	uint32_t mtu = 0;
	struct rtnl_link link;
	if (rtnl_address_list(ns->root->rtnl, 0, &list, &n, NULL) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (rtnl_ip_equal(&list[i].ip, &ns->address) &&
			rtnl_link_by_index(ns->root->rtnl, list[i].index, &link, NULL) >= 0 &&
			!(link.flags & IFF_LOOPBACK))
			mtu = link.mtu;
	uint32_t overhead = ns->address.family == AF_INET ? TUNNEL_OVERHEAD_4 : TUNNEL_OVERHEAD_6;
	mtu = mtu ? mtu : ETH_DATA_LEN;
	return MAX(MIN(mtu, (uint32_t)UINT16_MAX), overhead + IPV6_MIN_MTU) - overhead;
}

/* ---- the bridge ---------------------------------------------------------------------------- */

int routed_check_free(struct place *p, int index, const struct rtnl_address *network, struct err *e)
{
	char text[RTNL_ADDRESS_TEXT], other[RTNL_ADDRESS_TEXT];
	int r = 0;
	rtnl_address_format(network, text);
	for (int routes = 0; !r && routes < 2; routes++) {
		AUTO_FREE struct rtnl_address *list = NULL;
		size_t n = 0;
		r = routes ? rtnl_route_list(p->rtnl, &list, &n, e)
			   : rtnl_address_list(p->rtnl, 0, &list, &n, e);
		for (size_t i = 0; !r && i < n; i++) {
			if (list[i].index == index || !leases_overlap(&list[i], network))
				continue;
			rtnl_address_format(&list[i], other);
			r = err_set(e, -EADDRINUSE, "%s overlaps %s, which this host %s", text,
				other, routes ? "has a route to" : "has itself");
		}
	}
	return r;
}

static void set_forwarding(struct routed *r, int family, const char *key)
{
	struct err e = {};
	int k = netconf_set(r->place->netns, family, r->name, key, 1, &e);
	if (k >= 0)
		return;
	if (family == AF_INET6 && k == -ENOENT)
		log_info(
			"%s: this kernel cannot forward IPv6 for one interface: members reach each "
			"other by IPv6 if the host forwards (net.ipv6.conf.all.forwarding)",
			r->name);
	else
		log_warning("%s: forwarding: %s", r->name, e.msg);
}

static int set_up(struct routed *r, struct err *e)
{
	bool v4 = false, v6 = false;
	for (unsigned i = 0; i < r->leases.n_prefixes; i++) {
		struct rtnl_address a = r->leases.prefix[i];
		struct err why = {};
		a.index = r->index;
		int k = routed_check_free(r->place, r->index, &a, e);
		if (k < 0)
			return k;
		k = rtnl_address_add(r->place->rtnl, &a, &why);
		if (k < 0 && k != -EEXIST) /* taken over from an earlier process */
			return err_set(e, k, "%s: %s", r->name, why.msg);
		v4 |= a.ip.family == AF_INET;
		v6 |= a.ip.family == AF_INET6;
	}
	if (v4)
		set_forwarding(r, AF_INET, "forwarding");
	if (v6)
		set_forwarding(r, AF_INET6, "force_forwarding");
	return 0;
}

int routed_new(struct place *p, int index, const char *name, const uint8_t mac[RTNL_MAC_SIZE],
	struct net_create_options_r options, struct routed **ret, struct err *e)
{
	struct routed *r = calloc(1, sizeof(*r));
	if (!r)
		return err_errno(e, -ENOMEM, "create %s", name);
	r->place = place_ref(p);
	r->index = index;
	memcpy(r->name, name, strnlen(name, sizeof(r->name) - 1));
	leases_init(&r->leases, mac);
	int k = read_prefixes(options, &r->leases, e);
	if (k >= 0)
		k = set_up(r, e);
	if (k < 0)
		routed_free(r);
	else
		*ret = r;
	return k;
}

static struct routed_lease *first_in_use(struct routed *r)
{
	list_for_each (it, &r->leases.list) {
		struct lease *a = list_entry(it, struct lease, link);
		if (a->user)
			return a->user;
	}
	return NULL;
}

/* The lease is not the user's any more. */
static void take_away(struct routed_lease *l)
{
	void (*taken)(void *user) = l->taken;
	void *user = l->user;
	leases_release(&l->routed->leases, l->lease);
	free(l);
	taken(user);
}

void routed_free(struct routed *r)
{
	struct routed_lease *l;
	if (!r)
		return;
	while ((l = first_in_use(r)))
		take_away(l);
	leases_done(&r->leases);
	place_unref(r->place);
	free(r);
}

/* ---- members ------------------------------------------------------------------------------- */

unsigned routed_leases(const struct routed *r)
{
	return r->leases.n;
}

void routed_on_change(struct routed *r, void (*changed)(void *user), void *user)
{
	r->changed = changed;
	r->user = user;
}

static void changed(struct routed *r)
{
	if (r->changed)
		r->changed(r->user);
}

/* Nobody is asked who has an address: what is known of it is all there is. */
static int set_neighbours(struct routed *r, const struct lease *a, bool there, struct err *e)
{
	struct rtnl *n = r->place->rtnl;
	int k = 0;
	for (unsigned i = 0; i < r->leases.n_prefixes && k >= 0; i++) {
		const struct rtnl_ip *ip = &a->address[i];
		if (there)
			k = rtnl_neighbour_add(n, r->index, ip, a->mac, e);
		else /* the link may have gone, and the neighbours with it */
			(void)rtnl_neighbour_delete(n, r->index, ip, NULL);
	}
	return k;
}

int routed_lease(
	struct routed *r, const struct routed_request *q, struct routed_lease **ret, struct err *e)
{
	struct lease *a = NULL;
	bool is_new = false;
	int k = leases_take(&r->leases, q->key.p, q->key.len, &a, &is_new, e);
	if (k < 0)
		return err_wrap(e, k, "no address in %s", r->name);
	if (a->user)
		take_away(a->user);
	struct routed_lease *l = calloc(1, sizeof(*l));
	k = l ? set_neighbours(r, a, true, e) : err_errno(e, -ENOMEM, "a lease of %s", r->name);
	if (k < 0) {
		free(l);
		set_neighbours(r, a, false, NULL);
		if (is_new)
			leases_forget(&r->leases, a);
		return k;
	}
	*l = (struct routed_lease){r, a, q->taken, q->user};
	a->user = l;
	if (is_new)
		changed(r);
	*ret = l;
	return 0;
}

void routed_lease_end(struct routed_lease *l, bool over)
{
	if (!l)
		return;
	struct routed *r = l->routed;
	set_neighbours(r, l->lease, false, NULL);
	if (over)
		leases_forget(&r->leases, l->lease);
	else
		leases_release(&r->leases, l->lease);
	free(l);
	if (over)
		changed(r);
}

static struct rtnl_address single(const struct rtnl_ip *ip)
{
	return (struct rtnl_address){.ip = *ip, .prefix = ip->family == AF_INET ? 32 : 128};
}

static struct rtnl_address network(const struct rtnl_address *prefix)
{
	return (struct rtnl_address){.ip = leases_network(prefix), .prefix = prefix->prefix};
}

void routed_lease_restriction(const struct routed_lease *l, struct guard_restrictions *ret)
{
	const struct leases *all = &l->routed->leases;
	*ret = (struct guard_restrictions){
		.routed = true,
		.n_macs = 1,
		.n_sources = all->n_prefixes,
		.n_reach = all->n_prefixes,
	};
	static_assert(LEASES_PREFIXES_MAX <= ARRAY_SIZE(ret->sources), "");
	static_assert(LEASES_PREFIXES_MAX <= ARRAY_SIZE(ret->reach), "");
	memcpy(ret->macs[0], l->lease->mac, RTNL_MAC_SIZE);
	for (unsigned i = 0; i < all->n_prefixes; i++) {
		ret->sources[i] = single(&l->lease->address[i]);
		ret->reach[i] = network(&all->prefix[i]);
	}
}

/* ---- as messages --------------------------------------------------------------------------- */

static void put(struct vat_list_b list, uint32_t i, const struct rtnl_address *a)
{
	char text[RTNL_ADDRESS_TEXT];
	rtnl_address_format(a, text);
	vat_set_text(vat_list_ptr_b(list, i), vat_str(text));
}

void routed_lease_write(const struct routed_lease *l, struct net_routed_config_b ret)
{
	const struct leases *all = &l->routed->leases;
	struct vat_list_b addresses = net_routed_config_init_addresses(ret, all->n_prefixes);
	struct vat_list_b gateways = net_routed_config_init_gateways(ret, all->n_prefixes);
	struct vat_list_b routes = net_routed_config_init_routes(ret, all->n_prefixes);
	for (unsigned i = 0; i < all->n_prefixes; i++) {
		struct rtnl_address address = single(&l->lease->address[i]);
		struct rtnl_address gateway = single(&all->prefix[i].ip);
		struct rtnl_address route = network(&all->prefix[i]);
		put(addresses, i, &address);
		put(gateways, i, &gateway);
		put(routes, i, &route);
	}
	net_routed_config_set_gateway_mac(ret, (struct vat_data){all->mac, RTNL_MAC_SIZE});
	net_routed_config_set_mac(ret, (struct vat_data){l->lease->mac, RTNL_MAC_SIZE});
}

unsigned routed_lease_text(
	const struct routed_lease *l, char ret[static LEASES_PREFIXES_MAX][RTNL_ADDRESS_TEXT])
{
	const struct leases *all = &l->routed->leases;
	for (unsigned i = 0; i < all->n_prefixes; i++) {
		struct rtnl_address a = {
			.ip = l->lease->address[i], .prefix = all->prefix[i].prefix};
		rtnl_address_format(&a, ret[i]);
	}
	return all->n_prefixes;
}

void routed_describe(const struct routed *r, struct net_interface_description_b ret)
{
	const struct leases *all = &r->leases;
	uint32_t n = 0;
	if (!all->n)
		return;
	struct net_lease_list_b list = net_interface_description_init_leases(ret, all->n);
	list_for_each (it, &all->list) {
		const struct lease *a = list_entry(it, struct lease, link);
		struct net_lease_b b = net_lease_at_b(list, n++);
		net_lease_set_key(b, (struct vat_data){a->key, (uint32_t)a->key_size});
		struct vat_list_b addresses = net_lease_init_addresses(b, all->n_prefixes);
		for (unsigned i = 0; i < all->n_prefixes; i++) {
			struct rtnl_address address = single(&a->address[i]);
			put(addresses, i, &address);
		}
	}
}

static void restore_one(struct routed *r, struct net_lease_r lease)
{
	struct rtnl_ip ip[LEASES_PREFIXES_MAX];
	struct vat_list_r list = net_lease_get_addresses(lease);
	struct vat_data key = net_lease_get_key(lease);
	if (list.count != r->leases.n_prefixes)
		return;
	for (uint32_t i = 0; i < list.count; i++) {
		struct rtnl_address a = {};
		struct err ignored = {};
		if (read_prefix(vat_ptr_text(vat_list_ptr(list, i), NULL), &a, &ignored) < 0)
			return;
		ip[i] = a.ip;
	}
	(void)leases_restore(&r->leases, key.p, key.len, ip, list.count);
}

void routed_restore(struct routed *r, struct net_interface_description_r d)
{
	struct net_lease_list_r list = net_interface_description_get_leases(d);
	uint32_t n = list.l.count;
	for (uint32_t i = 0; i < n && i < LEASES_MAX; i++)
		restore_one(r, net_lease_at(list, i));
}
