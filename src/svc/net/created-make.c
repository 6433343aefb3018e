/* SPDX-License-Identifier: MIT */
/*
 * The links of created interfaces: made by their kind, or taken over from an earlier process of the
 * same node, which has left its mark on them.
 */
#include "svc/net/created.h"
#include "svc/net/routed.h"
#include "svc/net/tunnel-link.h"

#include <sodium.h>
#include <stdio.h>

enum {
	CREATED_MTU_MAX = 65535 - TUNNEL_OVERHEAD_6,
	CREATED_MTU_DEFAULT = 1500,
};

static bool text_is(struct vat_text t, const char *s)
{
	return t.len == strlen(s) && !memcmp(t.s, s, t.len);
}

static bool is_routed(struct net_create_options_r options)
{
	return net_create_options_get_routed(options).count > 0;
}

/* ---- what is asked for --------------------------------------------------------------------- */

static int check_mac(struct vat_data mac, struct err *e)
{
	static const uint8_t none[RTNL_MAC_SIZE];
	const uint8_t *p = mac.p;
	if (!mac.len)
		return 0;
	if (mac.len != RTNL_MAC_SIZE || (p[0] & 1) || !memcmp(p, none, sizeof(none)))
		return err_set(e, -EINVAL, "not the MAC address of an interface");
	return 0;
}

static int address_at(struct vat_list_r list, uint32_t i, struct rtnl_address *ret, struct err *e)
{
	struct vat_text t = vat_ptr_text(vat_list_ptr(list, i), NULL);
	if (strlen(t.s) != t.len || t.len >= RTNL_ADDRESS_TEXT || rtnl_address_parse(t.s, ret) < 0)
		return err_set(e, -EINVAL, "\"%.*s\" is no address (10.1.0.7/24)",
			(int)MIN(t.len, (uint32_t)RTNL_ADDRESS_TEXT), t.s);
	return 0;
}

static int check_addresses(struct vat_list_r list, struct err *e)
{
	struct rtnl_address a;
	if (list.count > CREATED_ADDRESSES_MAX)
		return err_set(e, -E2BIG, "%u addresses are too many (at most %d)", list.count,
			CREATED_ADDRESSES_MAX);
	for (uint32_t i = 0; i < list.count; i++)
		if (address_at(list, i, &a, e))
			return -EINVAL;
	return 0;
}

int created_check(const char *name, struct net_create_options_r options, struct err *e)
{
	struct vat_text kind = net_create_options_get_kind(options);
	uint32_t mtu = net_create_options_get_mtu(options);
	if (strlen(name) >= IFNAMSIZ)
		return err_set(e, -EINVAL,
			"\"%.64s\" is too long for an interface's name: %zu bytes, at most %d",
			name, strlen(name), IFNAMSIZ - 1);
	if (!rtnl_name_is_valid(name))
		return err_set(e, -EINVAL, "\"%s\" cannot be an interface's name", name);
	if (!text_is(kind, "") && !text_is(kind, "bridge") && !text_is(kind, "tap"))
		return err_set(e, -EINVAL, "interfaces of the kind \"%.*s\" cannot be made",
			(int)MIN(kind.len, 32U), kind.s);
	if (mtu) {
		int r = tunnel_check_mtu(mtu, CREATED_MTU_MAX, NULL, e);
		if (r == -EMSGSIZE)
			return err_set(e, r, "an MTU of %u is too large: at most %d", mtu,
				CREATED_MTU_MAX);
		if (r)
			return r;
	}
	int r = is_routed(options) ? routed_check(options, e) : 0;
	if (!r)
		r = check_mac(net_create_options_get_mac(options), e);
	return r ? r : check_addresses(net_create_options_get_addresses(options), e);
}

int created_add_addresses(struct created *c, struct err *e)
{
	struct vat_list_r list = net_create_options_get_addresses(created_options(c));
	struct rtnl_address a;
	for (uint32_t i = 0; i < list.count && i < CREATED_ADDRESSES_MAX; i++) {
		int r = address_at(list, i, &a, e);
		if (r)
			return r;
		a.index = c->index;
		struct err why = {};
		r = rtnl_address_add(c->place->rtnl, &a, &why);
		if (r && r != -EEXIST)
			return err_set(e, r, "%s: %s", c->name, why.msg);
	}
	return 0;
}

/* ---- making -------------------------------------------------------------------------------- */

static void choose_mac(struct created *c)
{
	struct vat_data mac = net_create_options_get_mac(created_options(c));
	if (mac.len == RTNL_MAC_SIZE) {
		memcpy(c->mac, mac.p, RTNL_MAC_SIZE);
		return;
	}
	randombytes_buf(c->mac, sizeof(c->mac));
	c->mac[0] = (uint8_t)((c->mac[0] & ~1) | 2); /* one host's, administered locally */
}

static uint32_t mtu_of(struct created *c)
{
	uint32_t mtu = net_create_options_get_mtu(created_options(c));
	if (!mtu && is_routed(created_options(c)))
		return routed_default_mtu(c->place->ns);
	return mtu ? mtu : CREATED_MTU_DEFAULT;
}

static int make_vxlan(struct created *c, const char *alias, struct err *e)
{
	struct tunnel_link l = {
		.place = c->place,
		.name = c->name,
		.alias = alias,
		.mac = c->mac,
		.mtu = mtu_of(c),
		.host = true,
	};
	int r = tunnel_link_make(c->place->ns, &l, e);
	if (r)
		return r;
	c->made = CREATED_VXLAN;
	c->index = l.index;
	c->port = l.port;
	c->vni = l.vni;
	return 0;
}

static int make_other(struct created *c, bool tap, const char *alias, struct err *e)
{
	struct rtnl *n = c->place->rtnl;
	struct rtnl_link link;
	struct rtnl_change change = {
		.what = RTNL_SET_MAC | RTNL_SET_MTU | RTNL_SET_UP,
		.mac = c->mac,
		.mtu = mtu_of(c),
		.up = true,
	};
	int r = tap ? rtnl_tap_add(n, c->name, alias, e) : rtnl_bridge_add(n, c->name, alias, e);
	if (!r)
		r = rtnl_link_by_name(n, c->name, &link, e);
	if (r)
		return r;
	c->made = tap ? CREATED_TAP : CREATED_BRIDGE;
	c->index = link.index; /* deleted with c from here on */
	return rtnl_link_set(n, link.index, &change, e);
}

int created_make(struct created *c, struct err *e)
{
	char alias[RTNL_ALIAS_MAX + 1];
	struct vat_text kind = net_create_options_get_kind(created_options(c));
	net_mark(c->place->ns, "if", c->id, alias);
	choose_mac(c);
	int r;
	if (is_routed(created_options(c)) || text_is(kind, "bridge"))
		r = make_other(c, false, alias, e);
	else if (text_is(kind, "tap"))
		r = make_other(c, true, alias, e);
	else
		r = make_vxlan(c, alias, e);
	return r ? err_wrap(e, r, "create %s", c->name) : 0;
}

/* ---- taking over --------------------------------------------------------------------------- */

/* Both ends of a veth have the mark: one is not there without the other. */
static bool is_mine(struct created *c, const struct rtnl_link *l, bool leg)
{
	char what[16], id[33], name[IFNAMSIZ];
	tunnel_name("mcl", c->id, name);
	if (!strcmp(l->kind, "vxlan") && !tunnel_link_port(c->place, l))
		return false;
	return net_mark_is_ours(c->place->ns, l->alias, what, id) && !strcmp(what, "if") &&
	       !strcmp(id, c->id) && !strcmp(l->name, name) == leg;
}

static int find_link(struct created *c, struct place *p, bool leg, struct rtnl_link *ret)
{
	AUTO_FREE struct rtnl_link *list = NULL;
	size_t count = 0;
	int r = rtnl_link_list(p->rtnl, &list, &count, NULL);
	if (r)
		return r;
	for (size_t i = 0; i < count; i++)
		if (is_mine(c, &list[i], leg)) {
			*ret = list[i];
			return 0;
		}
	return -ENODEV;
}

/* The other end may be in any namespace we know; if it is not found, nothing is joined to it. */
static void find_leg(struct created *c)
{
	struct rtnl_link leg;
	c->leg_taken = true;
	list_for_each (it, &c->place->ns->places) {
		struct place *p = list_entry(it, struct place, link);
		if (find_link(c, p, true, &leg))
			continue;
		c->leg_place = place_ref(p);
		c->leg_index = leg.index;
		memcpy(c->leg, leg.name, sizeof(c->leg));
		c->leg_taken = false;
		return;
	}
}

/* It sent to somebody whose address nobody knows now; its port is shut before anything else. */
static int adopt_vxlan(struct created *c, const struct rtnl_link *l, struct err *e)
{
	c->made = CREATED_VXLAN;
	c->port = l->vxlan_port;
	c->vni = l->vxlan_vni;
	int r = guard_port_add(c->place->ns->root->guard, c->port, e);
	return r ? r : rtnl_vxlan_remote(c->place->rtnl, l->index, NULL, NULL, e);
}

int created_adopt(struct created *c, struct err *e)
{
	struct rtnl_link l;
	int r = find_link(c, c->place, false, &l);
	if (r)
		return r == -ENODEV ? 1 : err_errno(e, r, "look for %s", c->name);
	memcpy(c->name, l.name, sizeof(c->name));
	memcpy(c->mac, l.mac, sizeof(c->mac));
	c->index = l.index;
	if (!strcmp(l.kind, "vxlan"))
		return adopt_vxlan(c, &l, e);
	if (!strcmp(l.kind, "veth")) {
		c->made = CREATED_VETH;
		find_leg(c);
		return 0;
	}
	c->made = strcmp(l.kind, "tun") ? CREATED_BRIDGE : CREATED_TAP;
	return 0;
}
