/* SPDX-License-Identifier: MIT */
/*
 * Two interfaces of one host, joined without a tunnel.  How, is the first of these that does:
 *
 *	veth     one is a created interface that can be an end of a veth: its leg is a port of the
 *	         other's segment. If both are, a bridge of ours has both legs.
 *	bridge   one is a bridge (or a port of one), and the other, of the same namespace, has
 *	         nothing else to do: it is made a port of that bridge
 *	veth     a pair of links of ours, a port of either segment
 *
 * An end's device is where frames from the other end come in: there its own restrictions hold.
 */
#include "base/log.h"
#include "svc/net/iface.h"
#include "svc/net/loop.h"
#include "svc/net/reaper.h"
#include "svc/net/tunnel-link.h"
#include "svc/net/tunnel.h"

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <systemd/sd-event.h>

struct joint_end {
	struct joint *joint;
	struct segment *segment;
	struct place *place; /* of the device */
	struct created *created;
	char name[IFNAMSIZ]; /* the device; "": it has none, the other end's is meant */
	int index;
	struct segment_port port;
	struct loop_port loop_port;
	struct segment *in; /* where that is one; held by one of the ends */
	bool joined;
	bool leg; /* the created interface's leg is in use */
	bool ours; /* the device is to be deleted */
	const struct guard_restrictions *restrictions; /* of the configuration, while it is made */
	size_t n_restrictions;
	void (*gone)(void *user, const char *why);
	void (*looped)(void *user, bool looped);
	void *user;
};

struct joint {
	struct net_service *ns;
	const char *transport;
	struct joint_end ends[2];
	sd_event_source *gone_source;
	char why[128];
	bool was_down; /* "bridge": the interface that was made a port */
};

/* ---- what happens to it -------------------------------------------------------------------- */

/* The interface itself, whatever joins it. */
static bool is_there(const struct joint_end *end)
{
	const struct created *c = end->created;
	const struct place *p = c ? c->place : segment_place(end->segment);
	int index = c ? c->index : segment_index(end->segment);
	struct rtnl_link l;
	return index && !p->lost && rtnl_link_by_index(p->rtnl, index, &l, NULL) != -ENODEV;
}

/* The end whose interface has gone is told, or else the first; who hears it frees us, which the
 * other one sees. */
static int on_gone_turn(sd_event_source *source, void *user)
{
	struct joint *j = user;
	j->gone_source = sd_event_source_disable_unref(j->gone_source);
	int which = is_there(&j->ends[0]) && !is_there(&j->ends[1]);
	struct joint_end *end = &j->ends[j->ends[which].gone ? which : !which];
	if (end->gone)
		end->gone(end->user, j->why);
	return 0;
}

static void on_port_gone(void *user, const char *why)
{
	struct joint_end *end = user;
	struct joint *j = end->joint;
	if (j->why[0])
		return;
	(void)snprintf(j->why, sizeof(j->why), "%s", why);
	if (sd_event_add_defer(j->ns->streams.loop->event, &j->gone_source, on_gone_turn, j) < 0)
		log_peer(LOG_WARNING, "joint of %s: %s", segment_name(end->segment), why);
}

/* ---- what is in the way -------------------------------------------------------------------- */

/* The bridge that an interface is in, or is. 0: none; or negative errno. */
static int bridge_of(struct segment *s, struct rtnl_link *l, struct err *e)
{
	int r = rtnl_link_by_index(segment_place(s)->rtnl, segment_index(s), l, e);
	if (r)
		return r;
	return strcmp(l->kind, "bridge") ? l->master : l->index;
}

static int check_apart(struct segment *a, struct segment *b, struct err *e)
{
	struct rtnl_link la, lb;
	if (a == b)
		return err_set(e, -EINVAL, "%s cannot be joined to itself", segment_name(a));
	int ba = bridge_of(a, &la, e), bb = bridge_of(b, &lb, e);
	if (ba < 0 || bb < 0)
		return ba < 0 ? ba : bb;
	if (ba && ba == bb && segment_place(a)->ino == segment_place(b)->ino)
		return err_set(e, -EEXIST,
			"%s and %s are joined already: both belong to the same bridge",
			segment_name(a), segment_name(b));
	return 0;
}

/* ---- devices and ports --------------------------------------------------------------------- */

static void device_set(struct joint_end *end, struct place *p, const char *name, int index)
{
	end->place = place_ref(p);
	end->index = index;
	(void)snprintf(end->name, sizeof(end->name), "%s", name);
}

static int device_guard(struct joint_end *end, struct err *e)
{
	struct guard_link l = {
		.index = end->index,
		.name = end->name,
		.port = iface_name_is_ours(end->name),
		.backplane = segment_is_backplane(end->segment),
	};
	int r = guard_link_add(end->place->guard, &l, e);
	if (!r && end->n_restrictions)
		r = guard_link_restrict(
			end->place->guard, end->name, end->restrictions, end->n_restrictions, e);
	return r;
}

static void on_block(void *user, bool blocked)
{
	struct joint_end *end = user;
	struct joint *j = end->joint;
	bool looped = false;
	log_peer(LOG_WARNING, "%s: %s", end->port.name,
		blocked ? "cut off, since its frames came back another way" : "no longer cut off");
	for (int i = 0; i < 2; i++)
		looped |= loop_is_blocked(&j->ends[i].loop_port);
	for (int i = 0; i < 2; i++)
		if (j->ends[i].looped)
			j->ends[i].looped(j->ends[i].user, looped);
}

/* An isolated port reaches no other: frames cannot run round. */
static void watch_loops(struct joint_end *end)
{
	struct err e = {};
	if (end->port.isolated)
		return;
	end->loop_port.index = end->port.index;
	end->loop_port.segment = end->in;
	end->loop_port.on_block = on_block;
	end->loop_port.user = end;
	if (loop_add(segment_place(end->in), &end->loop_port, &e))
		log_peer(LOG_WARNING, "%s: %s", end->port.name, e.msg);
}

static int port_join(struct joint_end *end, struct segment *s, struct err *e)
{
	end->port.gone = on_port_gone;
	end->port.user = end;
	end->in = s;
	int r = segment_join(s, &end->port, e);
	end->joined = !r;
	if (end->joined)
		watch_loops(end);
	return r;
}

static int device_join(struct joint_end *end, struct segment *s, struct err *e)
{
	struct segment_port *p = &end->port;
	p->index = end->index;
	memcpy(p->name, end->name, sizeof(p->name));
	return port_join(end, s, e);
}

/* ---- by a leg ------------------------------------------------------------------------------ */

static bool can_have_leg(const struct joint_end *end)
{
	struct created *c = end->created;
	if (!c || !c->index)
		return false;
	if (c->made == CREATED_VETH)
		return c->leg_place && !c->leg_taken;
	return c->made == CREATED_VXLAN && !segment_ports(end->segment) && created_is_pristine(c);
}

/* The created interface is the end's device from now on, and its leg, in that place, is taken. */
static int leg_take(struct joint_end *end, struct place *p, struct err *e)
{
	struct created *c = end->created;
	int r = c->made == CREATED_VXLAN ? created_become_veth(c, p, e) : 0;
	if (!r)
		r = created_leg_take(c, p, e);
	if (r)
		return r;
	end->leg = true;
	device_set(end, c->place, c->name, c->index);
	return device_guard(end, e);
}

static uint32_t mtu_asked(const struct joint_end *end)
{
	return net_create_options_get_mtu(created_options(end->created));
}

/* A created interface takes as much as the other side does, or less, if that was asked for. */
static int mtu_set(struct joint_end *end, uint32_t others, struct err *e)
{
	uint32_t asked = mtu_asked(end);
	struct rtnl_change c = {.what = RTNL_SET_MTU, .mtu = asked};
	if (others && (!asked || others < asked))
		c.mtu = others;
	return c.mtu ? rtnl_link_set(end->place->rtnl, end->index, &c, e) : 0;
}

/* No frame gets from a leg to this host when the bridge does not take it. */
static int leg_guard(const struct created *c, struct err *e)
{
	struct guard_link l = {.index = c->leg_index, .name = c->leg, .port = true};
	return guard_link_add(c->leg_place->guard, &l, e);
}

static int join_by_leg(
	struct joint *j, struct joint_end *end, struct joint_end *other, struct err *e)
{
	struct segment *s;
	struct place *p = segment_place(other->segment);
	bool both = can_have_leg(other);
	int r = leg_take(end, p, e);
	if (!r && both) {
		r = leg_take(other, p, e);
		if (!r)
			r = segment_get(p, other->created->leg, &s, e);
		if (!r) {
			segment_unref(other->segment);
			other->segment = s;
		}
	}
	if (r)
		return r;
	j->transport = "veth";
	struct created *c = end->created;
	if (both) {
		end->port.index = c->leg_index;
		memcpy(end->port.name, c->leg, sizeof(c->leg));
		r = leg_guard(c, e);
		if (!r)
			r = mtu_set(end, mtu_asked(other), e);
		if (!r)
			r = mtu_set(other, mtu_asked(end), e);
		return r ? r : port_join(end, other->segment, e);
	}
	device_set(other, p, c->leg, c->leg_index);
	r = device_guard(other, e);
	if (!r)
		r = mtu_set(end, segment_mtu(other->segment), e);
	return r ? r : device_join(other, other->segment, e);
}

/* ---- by a bridge --------------------------------------------------------------------------- */

/* Has the interface nothing else to do than to be a bridge's port? */
static bool is_idle(struct segment *s, const struct rtnl_link *l)
{
	AUTO_FREE struct rtnl_address *list = NULL;
	size_t count = 0;
	if (segment_ports(s) || l->master || !strcmp(l->kind, "bridge") ||
		rtnl_address_list(segment_place(s)->rtnl, l->index, &list, &count, NULL))
		return false;
	for (size_t i = 0; i < count; i++)
		if (list[i].scope != RT_SCOPE_LINK)
			return false;
	return true;
}

/* Restrictions hold at a device between the two, which there is none of here. */
static bool can_be_port(struct joint_end *end, struct joint_end *other, struct rtnl_link *l)
{
	struct rtnl_link bridge;
	struct place *p = segment_place(end->segment);
	return !end->created && !end->n_restrictions && !other->n_restrictions &&
	       p->ino == segment_place(other->segment)->ino && !bridge_of(end->segment, l, NULL) &&
	       is_idle(end->segment, l) && bridge_of(other->segment, &bridge, NULL) > 0 &&
	       bridge.mtu == l->mtu;
}

static int join_by_bridge(struct joint *j, struct joint_end *end, struct joint_end *other,
	const struct rtnl_link *l, struct err *e)
{
	struct place *p = segment_place(end->segment);
	j->transport = "bridge";
	j->was_down = !(l->flags & IFF_UP);
	device_set(other, p, l->name, l->index);
	int r = device_guard(other, e);
	return r ? r : device_join(other, other->segment, e);
}

/* ---- by a pair ----------------------------------------------------------------------------- */

static int join_by_pair(struct joint *j, struct err *e)
{
	char id[TUNNEL_ID_SIZE], alias[RTNL_ALIAS_MAX + 1], name[2][IFNAMSIZ];
	struct place *p[2];
	tunnel_id_new(id);
	net_mark(j->ns, "joint", id, alias);
	(void)snprintf(name[0], IFNAMSIZ, "mcl%.8s", id);
	(void)snprintf(name[1], IFNAMSIZ, "mcl%.8s", id + 8);
	for (int i = 0; i < 2; i++)
		p[i] = segment_place(j->ends[i].segment);
	bool same = p[0]->ino == p[1]->ino;
	j->transport = "veth";
	int r = rtnl_veth_add(
		p[0]->rtnl, name[0], name[1], alias, NULL, same ? -EBADF : p[1]->netns, e);
	if (r)
		return r;
	for (int i = 0; i < 2 && !r; i++) {
		struct rtnl_link l;
		struct rtnl_change c = {
			.what = RTNL_SET_ALIAS | RTNL_SET_NO_IP6_LL, .alias = alias};
		r = rtnl_link_by_name(p[i]->rtnl, name[i], &l, e);
		if (r)
			break;
		device_set(&j->ends[i], p[i], name[i], l.index);
		j->ends[i].ours = true;
		r = rtnl_link_set(p[i]->rtnl, l.index, &c, e);
		if (!r)
			r = device_guard(&j->ends[i], e);
	}
	for (int i = 0; i < 2 && !r; i++)
		r = device_join(&j->ends[i], j->ends[i].segment, e);
	return r;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int join(struct joint *j, struct err *e)
{
	struct joint_end *a = &j->ends[0], *b = &j->ends[1];
	struct rtnl_link l;
	int r = check_apart(a->segment, b->segment, e);
	if (r)
		return r;
	if (can_have_leg(a))
		return join_by_leg(j, a, b, e);
	if (can_have_leg(b))
		return join_by_leg(j, b, a, e);
	if (can_be_port(a, b, &l))
		return join_by_bridge(j, a, b, &l, e);
	if (can_be_port(b, a, &l))
		return join_by_bridge(j, b, a, &l, e);
	return join_by_pair(j, e);
}

DEFINE_AUTO(struct joint *, joint_free);

int joint_new(struct net_service *ns, const struct tunnel_config *one,
	const struct tunnel_config *other, struct joint **ret, struct err *e)
{
	const struct tunnel_config *cfg[2] = {one, other};
	AUTO(joint_free) struct joint *j = calloc(1, sizeof(*j));
	if (!j)
		return err_errno(e, -ENOMEM, "join two interfaces");
	j->ns = ns;
	for (int i = 0; i < 2; i++) {
		struct joint_end *end = &j->ends[i];
		end->joint = j;
		end->segment = segment_ref(cfg[i]->segment);
		end->created = cfg[i]->created ? created_ref(cfg[i]->created) : NULL;
		end->restrictions = cfg[i]->restrictions;
		end->n_restrictions = cfg[i]->n_restrictions;
		end->gone = cfg[i]->gone;
		end->looped = cfg[i]->looped;
		end->loop_port.passive = cfg[i]->passive;
		end->user = cfg[i]->user;
		end->port.isolated = cfg[i]->isolated;
		list_init(&end->port.link);
	}
	int r = join(j, e);
	if (r)
		return r;
	*ret = TAKE_PTR(j);
	return 0;
}

const char *joint_transport(const struct joint *j)
{
	return j->transport;
}

/* What came out of an end's device came from the other side. An interface that is itself the port
 * of the other's bridge has no such device: what the other got is what it sent. */
static void stats_write(const struct rtnl_stats *s, bool turned, struct net_stats_b ret)
{
	net_stats_set_received_bytes(ret, turned ? s->tx_bytes : s->rx_bytes);
	net_stats_set_received_packets(ret, turned ? s->tx_packets : s->rx_packets);
	net_stats_set_received_dropped(ret, turned ? s->tx_dropped : s->rx_dropped);
	net_stats_set_sent_bytes(ret, turned ? s->rx_bytes : s->tx_bytes);
	net_stats_set_sent_packets(ret, turned ? s->rx_packets : s->tx_packets);
	net_stats_set_sent_dropped(ret, turned ? s->rx_dropped : s->tx_dropped);
}

int joint_stats_of(struct joint *j, bool other, struct net_stats_b ret)
{
	struct joint_end *end = &j->ends[other];
	struct rtnl_link l;
	uint64_t restricted = 0;
	bool turned = !end->place;
	if (turned)
		end = &j->ends[!other];
	int r = rtnl_link_by_index(end->place->rtnl, end->index, &l, NULL);
	if (!r)
		r = guard_link_dropped(end->place->guard, end->name, &restricted, NULL);
	if (r)
		return r;
	stats_write(&l.stats, turned, ret);
	net_stats_set_restricted(ret, restricted);
	return 0;
}

int joint_stats(struct joint *j, struct net_stats_b ret)
{
	return joint_stats_of(j, false, ret);
}

static void end_leave(struct joint_end *end)
{
	struct rtnl_change down = {.what = RTNL_SET_UP};
	struct joint *j = end->joint;
	end->port.doomed = end->ours;
	loop_remove(&end->loop_port);
	if (end->joined)
		segment_leave(end->in, &end->port);
	if (end->joined && j->was_down && end->port.index)
		(void)rtnl_link_set(segment_place(end->in)->rtnl, end->port.index, &down, NULL);
}

/* Links of ours go, rules last; what is not ours loses its rules now. */
static void end_done(struct joint_end *end)
{
	struct err e = {};
	if (end->place && end->ours) {
		struct reap r = {.place = end->place, .index = end->index};
		memcpy(r.name, end->name, sizeof(r.name));
		reaper_add(end->joint->ns, &r);
	} else if (end->place && guard_link_remove(end->place->guard, end->name, &e)) {
		log_peer(LOG_WARNING, "rules of %s stay: %s", end->name, e.msg);
	}
	place_unref(end->place);
	segment_unref(end->segment);
	if (end->leg) {
		const struct created *c = end->created;
		(void)guard_link_remove(c->leg_place->guard, c->leg, NULL);
		created_leg_drop(end->created);
	}
	created_unref(end->created);
}

void joint_free(struct joint *j)
{
	if (!j)
		return;
	sd_event_source_disable_unref(j->gone_source);
	for (int i = 0; i < 2; i++)
		end_leave(&j->ends[i]);
	for (int i = 0; i < 2; i++)
		end_done(&j->ends[i]);
	free(j);
}
