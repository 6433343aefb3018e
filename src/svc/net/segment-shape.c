/* SPDX-License-Identifier: MIT */
/*
 * What joins an interface and the ports.  For ENSLAVE and SPLICE that is a bridge of ours, which
 * has the ports; the interface itself, or the leg of its splice, is one more. So when those two
 * change places the ports stay where they are.
 *
 * Everything is made in an order in which no frame gets to where it must not: rules first, the
 * bridge's ports last.
 *
 * The interface's promiscuity is that of a packet socket, not its flag: the kernel counts those, so
 * nobody else's wish is lost, and it goes with the process. (A killed service's tunnels then carry
 * what the interface gets without, until the next one removes them, which it does at once.)
 */
#include "svc/net/iface.h"
#include "svc/net/kernel/netconf.h"
#include "svc/net/reaper.h"
#include "svc/net/segment-priv.h"
#include "svc/net/tunnel-link.h"

#include "base/log.h"

#include <fcntl.h>
#include <linux/if.h>
#include <stdio.h>

static struct rtnl *rtnl_of(const struct segment *s)
{
	return s->place->rtnl;
}

/* What is in the frames that pass a link of ours is not for this host. Rules see to that; but a
 * router's advertisement that got in while somebody had flushed them would stay. */
static void make_deaf(struct segment *s, const char *name)
{
	(void)netconf_set(s->place->netns, AF_INET6, name, "accept_ra", 0, NULL);
}

/* ---- a bridge of ours ----------------------------------------------------------------------- */

static int guard_bridge(struct segment *s, struct err *e)
{
	struct guard_link g = {.index = s->our_bridge, .name = s->bridge_name, .silent = true};
	return guard_link_add(s->place->guard, &g, e);
}

/* With br_netfilter, rules of iptables that were written for routing (Docker's let nothing pass)
 * hold for what bridges forward as well. That is the host's to decide; but he should know. */
static void warn_of_netfilter(void)
{
	static bool warned;
	char c = '0';
	AUTO_CLOSE int fd =
		open("/proc/sys/net/bridge/bridge-nf-call-iptables", O_RDONLY | O_CLOEXEC);
	if (warned || fd < 0 || read(fd, &c, 1) != 1 || c == '0')
		return;
	warned = true;
	log_warning("iptables filters what bridges forward (net.bridge.bridge-nf-call-iptables): "
		    "tunnels may not get through");
}

/* Its mark remembers that the interface is to be taken down (segment-clean.c). */
static int make_bridge(struct segment *s, struct err *e)
{
	char id[TUNNEL_ID_SIZE], alias[RTNL_ALIAS_MAX + 1];
	struct rtnl_link l;
	tunnel_id_new(id);
	tunnel_name("mcb", id, s->bridge_name);
	net_mark(s->place->ns, s->brought_up ? "bridge-up" : "bridge", id, alias);
	int r = rtnl_bridge_add(rtnl_of(s), s->bridge_name, alias, e);
	if (r < 0)
		return r;
	r = rtnl_link_by_name(rtnl_of(s), s->bridge_name, &l, e);
	if (r < 0)
		return r;
	s->our_bridge = l.index;
	make_deaf(s, s->bridge_name);
	warn_of_netfilter();
	return guard_bridge(s, e);
}

static void remove_bridge(struct segment *s)
{
	struct reap r = {.place = s->place, .index = s->our_bridge};
	if (!s->our_bridge)
		return;
	memcpy(r.name, s->bridge_name, sizeof(r.name));
	reaper_add(s->place->ns, &r);
	s->our_bridge = 0;
}

/* ---- the interface as a port ---------------------------------------------------------------- */

static int set_master(struct segment *s, int index, int master, struct err *e)
{
	struct rtnl_change c = {.what = RTNL_SET_MASTER, .master = master};
	return rtnl_link_set(rtnl_of(s), index, &c, e);
}

static int enslave(struct segment *s, struct err *e)
{
	int r = set_master(s, s->iface.index, s->our_bridge, e);
	if (r >= 0)
		s->iface.master = s->our_bridge;
	if (r == -EBUSY)
		s->crowded = true; /* by a macvlan that lives elsewhere, say */
	return r;
}

static void release(struct segment *s)
{
	struct rtnl_link l;
	struct err e = {};
	if (rtnl_link_by_index(rtnl_of(s), s->iface.index, &l, NULL) < 0 ||
		l.master != s->our_bridge)
		return; /* somebody else took it */
	if (set_master(s, l.index, 0, &e) < 0)
		log_warning("%s stays in a bridge: %s", l.name, e.msg);
	s->iface.master = 0;
}

/* ---- the interface spliced ------------------------------------------------------------------ */

static int set_leg(struct segment *s, int index, int master, struct err *e)
{
	struct rtnl_change c = {.what = RTNL_SET_NO_IP6_LL | RTNL_SET_MTU | RTNL_SET_UP,
		.mtu = s->iface.mtu,
		.up = true,
		.master = master};
	if (master)
		c.what |= RTNL_SET_MASTER;
	return rtnl_link_set(rtnl_of(s), index, &c, e);
}

static int make_leg(struct segment *s, struct err *e)
{
	char id[TUNNEL_ID_SIZE], alias[RTNL_ALIAS_MAX + 1], peer[IFNAMSIZ];
	struct rtnl_link l, o;
	tunnel_id_new(id);
	tunnel_name("mcl", id, s->leg_name);
	tunnel_name("mcl", id + 8, peer);
	net_mark(s->place->ns, "leg", id, alias);
	int r = rtnl_veth_add(rtnl_of(s), s->leg_name, peer, alias, NULL, -EBADF, e);
	if (r >= 0)
		r = rtnl_link_by_name(rtnl_of(s), s->leg_name, &l, e);
	if (r < 0)
		return r;
	s->leg = l.index;
	r = rtnl_link_by_name(rtnl_of(s), peer, &o, e);
	if (r < 0)
		return r;
	s->leg_port = o.index;
	make_deaf(s, s->leg_name);
	make_deaf(s, peer);
	r = set_leg(s, s->leg, 0, e);
	if (r >= 0)
		r = set_leg(s, s->leg_port, s->our_bridge, e);
	return r < 0 ? r : rtnl_bridge_station(rtnl_of(s), s->leg_port, s->iface.mac, true, e);
}

/* The bridge is the leg itself as long as it has one port only: what that sends goes up into the
 * bridge's own link, all of it since that is promiscuous, and what goes down from there has one way
 * only. More ports take a leg of their own, so that the bridge learns what is behind it. */
static bool is_narrow(const struct segment *s)
{
	return s->splice && !s->leg;
}

static int set_promiscuous(struct segment *s, bool on, struct err *e)
{
	struct rtnl_change c = {.what = RTNL_SET_PROMISC, .promisc = on};
	return rtnl_link_set(rtnl_of(s), s->our_bridge, &c, e);
}

static void remove_leg(struct segment *s)
{
	struct reap r = {.place = s->place, .index = s->leg};
	if (s->leg)
		reaper_add(s->place->ns, &r);
	s->leg = s->leg_port = 0;
}

/* The leg is down before its program goes: what came out of it would be for this host then. */
static void unsplice(struct segment *s)
{
	struct rtnl_change down = {.what = RTNL_SET_UP};
	if (s->leg)
		(void)rtnl_link_set(rtnl_of(s), s->leg, &down, NULL);
	else if (s->our_bridge)
		(void)set_promiscuous(s, false, NULL);
	splice_free(s->splice);
	s->splice = NULL;
	s->promiscuous = fd_close(s->promiscuous);
	remove_leg(s);
}

static int make_splice(struct segment *s, struct err *e)
{
	char owner[SPLICE_OWNER_MAX + 1];
	const struct net_service *ns = s->place->ns;
	struct splice_config c = {.iface = s->iface.index,
		.leg = s->leg ? s->leg : s->our_bridge,
		.mtu = s->iface.mtu,
		.owner = owner,
		.brought_up = s->brought_up};
	memcpy(c.mac, s->iface.mac, sizeof(c.mac));
	(void)snprintf(owner, sizeof(owner), "metac %s", ns->address_text);
	if (ns->root && s->place->ino == ns->root->ino)
		c.outer = ns->address;
	return splice_new(rtnl_of(s), &c, &s->splice, e);
}

static int join_beside(struct segment *s, struct err *e)
{
	int r = s->n_ports > 1 ? make_leg(s, e) : set_promiscuous(s, true, e);
	if (r >= 0)
		r = make_splice(s, e);
	if (r >= 0)
		r = rtnl_promiscuous(rtnl_of(s), s->iface.index, &s->promiscuous, e);
	if (r < 0)
		unsplice(s);
	return r;
}

int segment_widen(struct segment *s, struct err *e)
{
	if (!is_narrow(s))
		return 0;
	int r = make_leg(s, e);
	if (r >= 0)
		r = splice_move(s->splice, s->leg, e);
	if (r < 0)
		remove_leg(s);
	else
		(void)set_promiscuous(s, false, NULL);
	return r;
}

/* Another MAC or MTU. */
static int resplice(struct segment *s, const struct rtnl_link *was, struct err *e)
{
	int r = 0;
	if (s->leg && s->iface.mtu != was->mtu) {
		r = set_leg(s, s->leg, 0, e);
		if (r >= 0)
			r = set_leg(s, s->leg_port, s->our_bridge, e);
	}
	if (s->leg && r >= 0 && memcmp(s->iface.mac, was->mac, RTNL_MAC_SIZE) != 0) {
		(void)rtnl_bridge_station(rtnl_of(s), s->leg_port, was->mac, false, NULL);
		r = rtnl_bridge_station(rtnl_of(s), s->leg_port, s->iface.mac, true, e);
	}
	return r < 0 ? r : splice_change(s->splice, s->iface.mac, s->iface.mtu, e);
}

/* ---- both ----------------------------------------------------------------------------------- */

static int attach(struct segment *s, enum segment_how how, struct err *e)
{
	int r = how == SEGMENT_ENSLAVE ? enslave(s, e) : 0;
	if (how == SEGMENT_SPLICE || (r == -EBUSY && s->crowded)) {
		how = SEGMENT_SPLICE;
		r = join_beside(s, e);
	}
	if (r >= 0)
		s->how = how;
	return r;
}

static void detach(struct segment *s)
{
	if (s->how == SEGMENT_ENSLAVE && s->our_bridge)
		release(s);
	if (s->how == SEGMENT_SPLICE)
		unsplice(s);
	s->how = SEGMENT_NONE;
}

void segment_bridge_lost(struct segment *s)
{
	s->our_bridge = s->bridge = 0;
	(void)guard_link_remove(s->place->guard, s->bridge_name, NULL);
	detach(s);
}

void segment_splice_lost(struct segment *s)
{
	log_warning("%s: somebody has removed what joins it to tunnels; it is made again",
		s->iface.name);
	detach(s);
}

static int guard_iface(struct segment *s, struct err *e)
{
	struct guard_link g = {.index = s->iface.index,
		.name = s->iface.name,
		.port = iface_name_is_ours(s->iface.name), /* a leg */
		.backplane = segment_is_backplane(s)};
	int r = guard_link_add(s->place->guard, &g, e);
	s->guarded = r >= 0;
	return r;
}

int segment_refresh(struct segment *s, struct err *e)
{
	struct rtnl_link now;
	struct err why = {};
	int r = rtnl_link_by_index(rtnl_of(s), s->iface.index, &now, e);
	if (r < 0)
		return r;
	bool renamed = strcmp(now.name, s->iface.name) != 0;
	if (renamed && s->guarded)
		(void)guard_link_remove(s->place->guard, s->iface.name, NULL);
	s->iface = now;
	if (renamed && s->guarded && guard_iface(s, &why) < 0)
		log_warning("rules of %s: %s", s->iface.name, why.msg);
	return 0;
}

/* What holds however it is joined: rules, and up. */
static int prepare(struct segment *s, struct err *e)
{
	/* One that is a tunnel's end has that one's rules. */
	int r = s->guarded || s->own ? 0 : guard_iface(s, e);
	if (r >= 0 && !(s->iface.flags & IFF_UP) && s->how == SEGMENT_NONE)
		s->brought_up = true; /* as soon as that is remembered: bring_up() */
	return r;
}

static int bring_up(struct segment *s, struct err *e)
{
	struct rtnl_change c = {.what = RTNL_SET_UP, .up = true};
	if (!s->brought_up || s->iface.flags & IFF_UP)
		return 0;
	int r = rtnl_link_set(rtnl_of(s), s->iface.index, &c, e);
	if (r >= 0)
		s->iface.flags |= IFF_UP;
	return r;
}

/* ---- ports ---------------------------------------------------------------------------------- */

/* A bridge's MTU is the smallest of its ports': this one must not be it. */
static int bridge_mtu(struct segment *s, uint32_t *ret, struct err *e)
{
	struct rtnl_link l;
	*ret = s->iface.mtu;
	if (s->how != SEGMENT_BRIDGE)
		return 0;
	int r = rtnl_link_by_index(rtnl_of(s), s->bridge, &l, e);
	if (r >= 0)
		*ret = l.mtu;
	return r;
}

/* A bridge of the host's without any other port has ours as its address, and its neighbours know it
 * by that: it has to be the same when the node or a tunnel comes back.  Ports of one bridge may all
 * have it. FNV-1a. */
static void lasting_mac(const struct segment *s, uint8_t mac[RTNL_MAC_SIZE])
{
	struct rtnl_link bridge;
	uint64_t h = 0xcbf29ce484222325;
	if (rtnl_link_by_index(rtnl_of(s), s->bridge, &bridge, NULL) < 0 ||
		iface_name_is_ours(bridge.name))
		return;
	const char *words[] = {s->place->ns->address_text, bridge.name};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (const char *p = words[i];; p++) {
			h = (h ^ (uint8_t)*p) * 0x100000001b3;
			if (!*p)
				break;
		}
	for (size_t i = 1; i < RTNL_MAC_SIZE; i++)
		mac[i] = (uint8_t)(h >> (8 * i));
}

/* A bridge takes the smallest MAC of its ports for its own: not that of a device of ours, which
 * would change a host's address for a while. */
static bool high_mac(struct segment *s, const struct segment_port *p, uint8_t ret[RTNL_MAC_SIZE])
{
	struct rtnl_link l;
	char what[16], id[33];
	if (strncmp(p->name, "mc", 2) != 0 ||
		rtnl_link_by_index(rtnl_of(s), p->index, &l, NULL) < 0 || l.mac[0] == 0xfe ||
		!net_mark_is_ours(s->place->ns, l.alias, what, id))
		return false;
	memcpy(ret, l.mac, RTNL_MAC_SIZE);
	ret[0] = 0xfe;
	lasting_mac(s, ret);
	return true;
}

int segment_put_port(struct segment *s, struct segment_port *p, struct err *e)
{
	uint8_t mac[RTNL_MAC_SIZE];
	struct rtnl_change c = {
		.what = RTNL_SET_MTU | RTNL_SET_MASTER | RTNL_SET_NO_IP6_LL | RTNL_SET_UP,
		.master = s->bridge,
		.mac = mac,
		.isolated = true,
		.up = true};
	if (high_mac(s, p, mac))
		c.what |= RTNL_SET_MAC;
	if (p->isolated)
		c.what |= RTNL_SET_ISOLATED;
	int r = bridge_mtu(s, &c.mtu, e);
	if (iface_name_is_ours(p->name))
		make_deaf(s, p->name);
	if (r >= 0)
		r = rtnl_link_set(rtnl_of(s), p->index, &c, e);
	return r < 0 ? err_wrap(e, r, "put %s beside %s", p->name, s->iface.name) : 0;
}

static int move_ports(struct segment *s, struct err *e)
{
	int r = 0;
	list_for_each (it, &s->ports) {
		r = segment_put_port(s, list_entry(it, struct segment_port, link), e);
		if (r < 0 && r != -ENODEV) /* its end is told of soon */
			return r;
	}
	return 0;
}

/* Of ports in a bridge of the host only upwards: they never lower it, and how low other ports are
 * is none of their business. */
static void change_ports_mtu(struct segment *s, uint32_t mtu)
{
	struct err e = {};
	struct rtnl_link l;
	struct rtnl_change c = {.what = RTNL_SET_MTU, .mtu = mtu};
	list_for_each (it, &s->ports) {
		struct segment_port *p = list_entry(it, struct segment_port, link);
		if (rtnl_link_by_index(rtnl_of(s), p->index, &l, NULL) < 0 || l.mtu == c.mtu ||
			(s->how == SEGMENT_BRIDGE && l.mtu > c.mtu))
			continue;
		if (rtnl_link_set(rtnl_of(s), p->index, &c, &e) < 0)
			log_warning("MTU of %s: %s", p->name, e.msg);
	}
}

void segment_bridge_changed(struct segment *s, const struct rtnl_link *bridge)
{
	change_ports_mtu(s, bridge->mtu);
}

/* ---- changing ------------------------------------------------------------------------------- */

/* Joined in the same way as before. */
static int adjust(struct segment *s, const struct rtnl_link *was, struct err *e)
{
	int r = s->how == SEGMENT_SPLICE ? resplice(s, was, e) : 0;
	if (r >= 0 && s->iface.mtu != was->mtu)
		change_ports_mtu(s, s->iface.mtu);
	return r;
}

static int shape(struct segment *s, enum segment_how how, int bridge, struct err *e)
{
	int r = 0;
	detach(s);
	if (how == SEGMENT_BRIDGE) {
		s->bridge = bridge;
		s->how = how;
		r = bring_up(s, e);
	} else {
		if (!s->our_bridge)
			r = make_bridge(s, e);
		s->bridge = s->our_bridge;
		if (r >= 0)
			r = attach(s, how, e);
		if (r >= 0)
			r = bring_up(s, e);
	}
	if (r >= 0)
		r = move_ports(s, e);
	if (r >= 0 && how == SEGMENT_BRIDGE)
		remove_bridge(s);
	return r;
}

/* Somebody has taken the interface out of our bridge, maybe by deleting that. */
static bool is_out(struct segment *s)
{
	struct rtnl_link l;
	if (s->how != SEGMENT_ENSLAVE || s->iface.master == s->our_bridge)
		return false;
	if (rtnl_link_by_index(rtnl_of(s), s->our_bridge, &l, NULL) == -ENODEV)
		segment_bridge_lost(s);
	return true;
}

int segment_settle(struct segment *s, struct err *e)
{
	struct rtnl_link was = s->iface;
	enum segment_how how;
	int bridge;
	int r = segment_refresh(s, e);
	if (r < 0)
		return r;
	if (s->brought_up && s->how != SEGMENT_NONE && !(s->iface.flags & IFF_UP))
		s->brought_up = false; /* somebody took it down: that is his business now */
	r = segment_choose(s, &s->iface, &how, &bridge, e);
	if (r < 0)
		return r;
	bool out = how == SEGMENT_ENSLAVE && is_out(s);
	if (how == s->how && !out && (how != SEGMENT_BRIDGE || bridge == s->bridge))
		return adjust(s, &was, e);
	r = prepare(s, e);
	if (r >= 0)
		r = shape(s, how, bridge, e);
	if (r < 0 && !s->n_ports)
		segment_dissolve(s);
	return r;
}

/* ---- the end -------------------------------------------------------------------------------- */

void segment_dissolve(struct segment *s)
{
	struct rtnl_change down = {.what = RTNL_SET_UP};
	struct err e = {};
	detach(s);
	remove_bridge(s);
	s->bridge = 0;
	s->crowded = false;
	if (s->brought_up && s->iface.index &&
		rtnl_link_set(rtnl_of(s), s->iface.index, &down, &e) < 0)
		log_warning("%s stays up: %s", s->iface.name, e.msg);
	s->brought_up = false;
	if (s->guarded && !s->own)
		(void)guard_link_remove(s->place->guard, s->iface.name, NULL);
	s->guarded = false;
}
