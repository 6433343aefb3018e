/* SPDX-License-Identifier: MIT */
/*
 * How an interface is joined.  An address of the host, or a link on top of it (a VLAN, a macvlan),
 * means that the host uses it: then it is spliced. So is one whose master is not a simple bridge:
 * what passes at the port is then what its master made of it (a VLAN of a bridge that filters, a
 * flow of Open vSwitch, a VRF), and only that.
 */
#include "svc/net/segment-priv.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>

/* Kinds that get no frames for others' addresses, whatever one does. */
static bool is_deaf(const char *kind)
{
	return !strcmp(kind, "macvlan") || !strcmp(kind, "macvtap") || !strcmp(kind, "ipvlan") ||
	       !strcmp(kind, "ipvtap");
}

static bool is_bundle(const char *kind)
{
	return !strcmp(kind, "bond") || !strcmp(kind, "team");
}

static int check_master(struct place *p, const struct rtnl_link *l, struct err *e)
{
	struct rtnl_link m;
	if (!l->master || rtnl_link_by_index(p->rtnl, l->master, &m, NULL) < 0 ||
		!is_bundle(m.kind))
		return 0;
	return err_set(e, -EBUSY, "%s is a part of %s (%s): use that one", l->name, m.name, m.kind);
}

int segment_check(struct place *p, const struct rtnl_link *l, struct err *e)
{
	char what[16], id[33];
	if (l->flags & IFF_LOOPBACK)
		return err_set(e, -EBUSY, "%s is this host's loopback interface", l->name);
	if (l->type != ARPHRD_ETHER)
		return err_set(e, -EINVAL, "%s carries no Ethernet", l->name);
	if (net_mark_is_ours(p->ns, l->alias, what, id) && strcmp(what, "if") != 0)
		return err_set(e, -EBUSY, "%s is a part of a tunnel", l->name);
	if (is_deaf(l->kind))
		return err_set(e, -EINVAL,
			"%s (%s) gets no frames for other hosts: use the interface that it is on, "
			"or a veth",
			l->name, l->kind);
	return check_master(p, l, e);
}

/* Link-local addresses of IPv6 do not count: the kernel gives one to every interface. */
static bool is_hosts_use(const struct rtnl_address *a)
{
	return !(a->ip.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a->ip.v6));
}

static int has_address(struct segment *s, struct err *e)
{
	AUTO_FREE struct rtnl_address *list = NULL;
	size_t count = 0;
	int r = rtnl_address_list(s->place->rtnl, s->iface.index, &list, &count, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (is_hosts_use(&list[i]))
			return 1;
	return 0;
}

static int has_upper(struct segment *s, struct err *e)
{
	AUTO_FREE struct rtnl_link *list = NULL;
	size_t count = 0;
	int r = rtnl_link_list(s->place->rtnl, &list, &count, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (list[i].lower == s->iface.index)
			return 1;
	return 0;
}

static int choose_alone(struct segment *s, enum segment_how *ret, struct err *e)
{
	int r = s->crowded ? 1 : has_address(s, e);
	if (r == 0)
		r = has_upper(s, e);
	if (r < 0)
		return r;
	*ret = r ? SEGMENT_SPLICE : SEGMENT_ENSLAVE;
	return 0;
}

int segment_choose(struct segment *s, const struct rtnl_link *l, enum segment_how *ret,
	int *ret_bridge, struct err *e)
{
	struct rtnl_link m;
	int r = segment_check(s->place, l, e);
	if (r < 0)
		return r;
	*ret_bridge = 0;
	if (!strcmp(l->kind, "bridge")) {
		*ret = SEGMENT_BRIDGE;
		*ret_bridge = l->index;
		return 0;
	}
	if (!l->master || l->master == s->our_bridge)
		return choose_alone(s, ret, e);
	r = rtnl_link_by_index(s->place->rtnl, l->master, &m, e);
	if (r < 0)
		return r;
	bool simple = !strcmp(m.kind, "bridge") && !m.vlan_filtering;
	*ret = simple ? SEGMENT_BRIDGE : SEGMENT_SPLICE;
	*ret_bridge = simple ? m.index : 0;
	return 0;
}

static bool link_matters(const struct segment *s, const struct rtnl_link *l)
{
	const struct rtnl_link *was = &s->iface;
	if (l->index == was->index)
		return l->master != was->master || l->mtu != was->mtu ||
		       (l->flags ^ was->flags) & IFF_UP || strcmp(l->kind, was->kind) != 0 ||
		       memcmp(l->mac, was->mac, RTNL_MAC_SIZE) != 0;
	return s->how == SEGMENT_ENSLAVE && l->lower == was->index;
}

bool segment_event_matters(const struct segment *s, const struct rtnl_event *event)
{
	switch (event->kind) {
	case RTNL_LINK_CHANGED:
		return link_matters(s, &event->link);
	case RTNL_LINK_GONE: /* what was on top of it? Not one of those that come and go with us */
		return event->link.index == s->bridge ||
		       (s->how == SEGMENT_SPLICE && strncmp(event->link.name, "mc", 2) != 0);
	case RTNL_ADDRESS_ADDED:
	case RTNL_ADDRESS_REMOVED:
		return event->address.index == s->iface.index && is_hosts_use(&event->address);
	case RTNL_FILTER_GONE:
		return false;
	case RTNL_LOST:
		return true;
	}
	return false;
}

/* ---- the backplane -------------------------------------------------------------------------- */

/* The link that has the node's address; 0: none here. */
static int node_link(const struct segment *s)
{
	AUTO_FREE struct rtnl_address *list = NULL;
	size_t count = 0;
	if (rtnl_address_list(s->place->rtnl, 0, &list, &count, NULL) < 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (rtnl_ip_equal(&list[i].ip, &s->place->ns->address))
			return list[i].index;
	return 0;
}

/* Does what is under that link, or its ports, lead to the other? */
static bool leads_to(const struct rtnl_link *list, size_t count, int from, int to, int depth)
{
	if (from == to)
		return true;
	if (!from || depth > 4)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (list[i].index == from && leads_to(list, count, list[i].lower, to, depth + 1))
			return true;
		if (list[i].master == from && leads_to(list, count, list[i].index, to, depth + 1))
			return true;
	}
	return false;
}

bool segment_is_backplane(const struct segment *s)
{
	AUTO_FREE struct rtnl_link *list = NULL;
	size_t count = 0;
	int from = s->iface.index ? node_link(s) : 0;
	if (!from || from == s->iface.index)
		return from != 0;
	if (rtnl_link_list(s->place->rtnl, &list, &count, NULL) < 0)
		return false;
	return leads_to(list, count, from, s->iface.index, 0);
}
