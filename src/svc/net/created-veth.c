/* SPDX-License-Identifier: MIT */
/*
 * A created interface that has found what it is joined to on its own host needs no tunnel: it
 * becomes an end of a veth.  The VXLAN link cannot be turned into one: it steps aside (under
 * another name, so that all can be taken back), and is deleted when its successor is there.
 */
#include "base/log.h"
#include "svc/net/created.h"
#include "svc/net/reaper.h"
#include "svc/net/tunnel-link.h"

#include <linux/rtnetlink.h>

static bool is_own_address(struct created *c, const struct rtnl_address *a)
{
	struct vat_list_r list = net_create_options_get_addresses(created_options(c));
	struct rtnl_address own;
	for (uint32_t i = 0; i < list.count && i < CREATED_ADDRESSES_MAX; i++) {
		struct vat_text t = vat_ptr_text(vat_list_ptr(list, i), NULL);
		if (!rtnl_address_parse(t.s, &own) && own.prefix == a->prefix &&
			rtnl_ip_equal(&own.ip, &a->ip))
			return true;
	}
	return false;
}

bool created_is_pristine(struct created *c)
{
	struct rtnl_link link;
	AUTO_FREE struct rtnl_address *list = NULL;
	size_t count = 0;
	if (!c->index || c->own_taken || c->leg_taken)
		return false;
	if (rtnl_link_by_index(c->place->rtnl, c->index, &link, NULL) || link.master)
		return false;
	if (rtnl_address_list(c->place->rtnl, c->index, &list, &count, NULL))
		return false;
	for (size_t i = 0; i < count; i++)
		if (list[i].scope != RT_SCOPE_LINK && !is_own_address(c, &list[i]))
			return false;
	return true;
}

/* Renaming a link that is up is for newer kernels only (6.2). */
static int link_rename(
	struct rtnl *n, int index, const char *name, const char *alias, struct err *e)
{
	struct rtnl_change c = {
		.what = RTNL_SET_NAME | RTNL_SET_ALIAS,
		.name = name,
		.alias = alias,
	};
	int r = rtnl_link_set(n, index, &c, e);
	if (r != -EBUSY)
		return r;
	c.what |= RTNL_SET_UP; /* down */
	return rtnl_link_set(n, index, &c, e);
}

/* Two links with one address: the host would go on using the old one. */
static int take_addresses(struct created *c, int index, struct err *e)
{
	AUTO_FREE struct rtnl_address *list = NULL;
	size_t count = 0;
	int r = rtnl_address_list(c->place->rtnl, index, &list, &count, e);
	for (size_t i = 0; !r && i < count; i++)
		r = rtnl_address_delete(c->place->rtnl, &list[i], e);
	return r;
}

static int make_pair(struct created *c, struct place *leg_place, const char *leg, struct err *e)
{
	char alias[RTNL_ALIAS_MAX + 1];
	bool same = leg_place->ino == c->place->ino;
	net_mark(c->place->ns, "if", c->id, alias);
	return rtnl_veth_add(
		c->place->rtnl, c->name, leg, alias, c->mac, same ? -EBADF : leg_place->netns, e);
}

/* The leg stays down until it is in a bridge: else what comes out of it would come to this host. */
static int bring_up(struct created *c, int index, struct place *leg_place, const char *leg_name,
	struct rtnl_link *leg, struct err *e)
{
	char alias[RTNL_ALIAS_MAX + 1];
	uint32_t mtu = net_create_options_get_mtu(created_options(c));
	struct rtnl_change change = {
		.what = RTNL_SET_ALIAS | RTNL_SET_NO_IP6_LL | (mtu ? RTNL_SET_MTU : 0),
		.up = true,
		.alias = alias,
		.mtu = mtu,
	};
	net_mark(c->place->ns, "if", c->id, alias);
	int r = rtnl_link_by_name(leg_place->rtnl, leg_name, leg, e);
	if (!r)
		r = rtnl_link_set(leg_place->rtnl, leg->index, &change, e);
	if (r)
		return r;
	change.what = RTNL_SET_UP | (mtu ? RTNL_SET_MTU : 0);
	return rtnl_link_set(c->place->rtnl, index, &change, e);
}

/* The pair instead of the link that has stepped aside; a failure leaves no pair. */
static int replace(struct created *c, struct place *leg_place, struct err *e)
{
	struct rtnl *n = c->place->rtnl;
	struct rtnl_link link, leg;
	char name[IFNAMSIZ];
	int was = c->index;
	tunnel_name("mcl", c->id, name);
	int r = make_pair(c, leg_place, name, e);
	if (r)
		return r;
	r = rtnl_link_by_name(n, c->name, &link, e);
	if (r)
		return r;
	r = bring_up(c, link.index, leg_place, name, &leg, e);
	if (!r)
		r = take_addresses(c, was, e);
	if (!r) {
		c->index = link.index;
		r = created_add_addresses(c, e);
		c->index = r ? was : c->index;
	}
	if (r) {
		struct err ignored = {};
		if (rtnl_link_delete(n, link.index, &ignored))
			log_peer(LOG_WARNING, "%s stays: %s", c->name, ignored.msg);
		return r;
	}
	c->leg_index = leg.index;
	memcpy(c->leg, leg.name, sizeof(c->leg));
	return 0;
}

int created_become_veth(struct created *c, struct place *leg_place, struct err *e)
{
	char aside[IFNAMSIZ], id[TUNNEL_ID_SIZE], alias[RTNL_ALIAS_MAX + 1], own[IFNAMSIZ];
	struct net_service *ns = c->place->ns;
	struct reap old = {.place = c->place, .index = c->index, .port = c->port, .late = true};
	assert(c->made == CREATED_VXLAN && !c->own_taken);
	tunnel_id_new(id);
	tunnel_name("mcx", id, aside);
	net_mark(ns, "tunnel", id, alias);
	int r = link_rename(c->place->rtnl, c->index, aside, alias, e);
	if (r)
		return r;
	memcpy(own, c->name, sizeof(own));
	r = replace(c, leg_place, e);
	if (r) {
		struct err ignored = {};
		struct rtnl_change up = {.what = RTNL_SET_UP, .up = true};
		net_mark(ns, "if", c->id, alias);
		if (link_rename(c->place->rtnl, old.index, own, alias, &ignored) ||
			rtnl_link_set(c->place->rtnl, old.index, &up, &ignored) ||
			created_add_addresses(c, &ignored))
			log_peer(LOG_WARNING, "%s is %s now: %s", own, aside, ignored.msg);
		return r;
	}
	c->made = CREATED_VETH;
	c->port = 0;
	c->vni = 0;
	c->leg_place = place_ref(leg_place);
	reaper_add(ns, &old);
	return 0;
}

int created_leg_take(struct created *c, struct place *p, struct err *e)
{
	struct rtnl_change move = {.what = RTNL_SET_NETNS, .netns = p->netns};
	struct rtnl_link leg;
	assert(c->made == CREATED_VETH && c->leg_place && !c->leg_taken);
	if (c->leg_place->ino != p->ino) {
		int r = rtnl_link_set(c->leg_place->rtnl, c->leg_index, &move, e);
		if (!r)
			r = rtnl_link_by_name(p->rtnl, c->leg, &leg, e);
		if (r)
			return r;
		place_unref(c->leg_place);
		c->leg_place = place_ref(p);
		c->leg_index = leg.index;
	}
	c->leg_taken = true;
	return 0;
}

void created_leg_drop(struct created *c)
{
	struct rtnl_change down = {.what = RTNL_SET_UP};
	struct err e = {};
	assert(c->leg_taken && c->leg_place);
	int r = rtnl_link_set(c->leg_place->rtnl, c->leg_index, &down, &e);
	if (r && r != -ENODEV)
		log_peer(LOG_WARNING, "%s stays up: %s", c->leg, e.msg);
	c->leg_taken = false;
}
