/* SPDX-License-Identifier: MIT */
/*
 * A host that has bound a routed network: addresses, routes and neighbours of the interface that
 * was created for it.
 *
 * What is to be set comes from another host, which must not get more than the network it offers:
 * its prefixes are for private use (or of documentation), they overlap nothing that this host has
 * or has a route to, and address and gateway are in the prefix that they are for. So traffic that
 * had a route of its own goes where it went. What went by the default route may be in such a prefix
 * as well: of that, the other ends of this node's tunnels and the host's name servers are seen to.
 *
 * Each step may find that it was done before, since the same configuration is applied again
 * whenever the tunnel has been connected again: the link may have been another one, or down.
 */
#include "svc/net/routed.h"
#include "svc/net/kernel/netconf.h"
#include "svc/net/routed-config.h"
#include "svc/net/routed-parts.h"

#include "base/log.h"

#include <stdio.h>

struct routed_member {
	struct place *place;
	int index;
	struct routed_config config;
	bool was_up;
	char text[LEASES_PREFIXES_MAX][RTNL_ADDRESS_TEXT];
};

/* ---- setting it up ------------------------------------------------------------------------- */

static int add_part(struct routed_member *m, const struct routed_part *p, struct err *e)
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

/* The host's name servers, resolv.conf(5). */
static bool resolver_is_in(const struct rtnl_address *prefix)
{
	char line[512], text[INET6_ADDRSTRLEN];
	bool found = false;
	FILE *f = fopen("/etc/resolv.conf", "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		struct rtnl_ip ip;
		if (sscanf(line, "nameserver %45[0-9a-fA-F:.]", text) == 1 &&
			rtnl_ip_parse(text, &ip) >= 0)
			found = leases_prefix_has(prefix, &ip);
	}
	if (f)
		fclose(f);
	return found;
}

static bool is_in(const struct rtnl_ip *ip, const void *prefix)
{
	return leases_prefix_has(prefix, ip);
}

/* What goes by the default route, and must not go to the network of somebody who says so. */
static int check_needed(struct routed_member *m, const struct rtnl_address *route, struct err *e)
{
	char text[RTNL_ADDRESS_TEXT];
	struct net_service *ns = m->place->ns;
	if (m->place->ino != ns->root->ino)
		return 0;
	rtnl_address_format(route, text);
	if (guard_has_remote(ns->root->guard, is_in, route))
		return err_set(e, -EADDRINUSE,
			"%s has the address of a node that this one is joined to", text);
	if (resolver_is_in(route))
		return err_set(
			e, -EADDRINUSE, "%s has the address of this host's name server", text);
	return 0;
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
	/* Once it is set up, what this host does besides is for its administrator to know. */
	for (unsigned i = 0; r >= 0 && !m->was_up && i < m->config.n; i++) {
		const struct rtnl_address *route = &m->config.parts[i].route;
		r = routed_check_free(m->place, m->index, route, e);
		if (r >= 0)
			r = check_needed(m, route, e);
	}
	if (r >= 0)
		r = set_mac(m, &link, e);
	if (r >= 0)
		silence(m, link.name);
	for (unsigned i = 0; r >= 0 && i < m->config.n; i++)
		r = add_part(m, &m->config.parts[i], e);
	m->was_up = r >= 0;
	return r < 0 ? err_wrap(e, r, "the routed network") : 0;
}

static void remove_part(struct routed_member *m, const struct routed_part *p)
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
	struct routed_config c;
	int r = routed_config_read(config, &c, e);
	if (r < 0)
		return r;
	struct routed_member *there = *m;
	if (there && (there->place != p || there->index != index ||
			     !routed_config_equal(&there->config, &c))) {
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
