/* SPDX-License-Identifier: MIT */
/*
 * A tunnel's steps, in the order that leaves no moment unguarded: its port is shut before the
 * kernel has it; its link is guarded before it is a port of anything; the rules know the remote
 * before frames are sent there; and all is undone in the opposite order.
 */
#include "svc/net/tunnel.h"

#include "base/log.h"
#include "svc/net/loop.h"
#include "svc/net/reaper.h"
#include "svc/net/tunnel-link.h"

#include <stdio.h>
#include <systemd/sd-event.h>

struct tunnel {
	struct net_service *ns;
	struct segment *segment;
	struct place *place; /* the segment's */
	struct created *created;
	bool own; /* the link is the created interface itself */
	bool leg; /* the segment is that of the created interface's leg */
	char name[IFNAMSIZ];
	int index; /* 0: the link has gone */
	bool moved; /* to another namespace, when it went */
	uint16_t port;
	uint32_t vni;
	struct guard_restrictions *restrictions;
	size_t n_restrictions;
	struct place_watcher watcher;
	struct segment_port segment_port;
	struct loop_port loop_port;
	bool joined;
	bool connected;
	struct rtnl_remote remote; /* if connected */
	sd_event_source *gone_source;
	char why[128];
	void (*gone)(void *user, const char *why);
	void (*looped)(void *user, bool looped);
	void *user;
};

/* ---- what happens to it -------------------------------------------------------------------- */

static int on_gone_turn(sd_event_source *source, void *user)
{
	struct tunnel *t = user;
	t->gone_source = sd_event_source_disable_unref(t->gone_source);
	if (t->gone)
		t->gone(t->user, t->why);
	return 0;
}

/* Told in a turn of its own: whoever hears it frees us, and others are being told as well. */
static void tell_gone(struct tunnel *t, const char *why)
{
	if (t->gone_source || t->why[0])
		return;
	(void)snprintf(t->why, sizeof(t->why), "%s", why);
	if (sd_event_add_defer(t->ns->streams.loop->event, &t->gone_source, on_gone_turn, t) < 0)
		log_peer(LOG_WARNING, "tunnel at %s: %s", t->name, why);
}

static void on_port_gone(void *user, const char *why)
{
	tell_gone(user, why);
}

static int guard_on(struct tunnel *t, struct err *e)
{
	struct guard_link l = {
		.index = t->index,
		.name = t->name,
		.tunnel = true,
		.port = !t->own,
		.backplane = !t->own && segment_is_backplane(t->segment),
	};
	int r = guard_link_add(t->place->guard, &l, e);
	if (!r && t->n_restrictions)
		r = guard_link_restrict(
			t->place->guard, t->name, t->restrictions, t->n_restrictions, e);
	return r;
}

static void guard_off(struct tunnel *t, const char *name)
{
	struct err e = {};
	if (guard_link_remove(t->place->guard, name, &e))
		log_peer(LOG_WARNING, "rules of %s stay: %s", name, e.msg);
}

static void on_renamed(struct tunnel *t, const char *name)
{
	struct err e = {};
	char was[IFNAMSIZ];
	memcpy(was, t->name, sizeof(was));
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	if (guard_on(t, &e)) {
		log_peer(LOG_ERROR, "%s, which was %s, cannot be guarded: %s", name, was, e.msg);
		tunnel_cut(t);
		tell_gone(t, "its interface was renamed");
	}
	guard_off(t, was);
}

static void on_link(void *user, const struct rtnl_event *event)
{
	struct tunnel *t = user;
	struct rtnl_link link;
	bool lost = event->kind == RTNL_LOST;
	if (!t->index || (!lost && event->link.index != t->index))
		return;
	bool gone = event->kind == RTNL_LINK_GONE;
	if (lost)
		gone = rtnl_link_by_index(t->place->rtnl, t->index, &link, NULL) == -ENODEV;
	if (gone && t->place->lost) {
		tell_gone(t, "its network namespace has gone"); /* the link may well be there */
	} else if (gone) {
		t->index = 0;
		t->moved = !lost && event->link.moved;
		tell_gone(t, t->own ? "the interface was deleted" : "its link was deleted");
	} else if (event->kind == RTNL_LINK_CHANGED && strcmp(event->link.name, t->name)) {
		on_renamed(t, event->link.name);
	}
}

/* ---- making -------------------------------------------------------------------------------- */

static bool can_be_own(const struct tunnel_config *cfg)
{
	const struct created *c = cfg->created;
	return c && c->made == CREATED_VXLAN && !c->own_taken && c->index && !cfg->vni &&
	       !cfg->isolated;
}

static int make_own(struct tunnel *t, struct created *c, struct err *e)
{
	t->index = c->index;
	t->port = c->port;
	t->vni = c->vni;
	memcpy(t->name, c->name, sizeof(t->name));
	t->own = true;
	c->own_taken = true;
	return guard_on(t, e);
}

/* An interface that is one end of a veth with nothing at the other: the tunnel comes there. */
static void take_leg(struct tunnel *t, struct created *c)
{
	struct segment *s;
	if (c->made != CREATED_VETH || c->leg_taken || !c->leg_place ||
		segment_get(c->leg_place, c->leg, &s, NULL))
		return;
	segment_unref(t->segment);
	t->segment = s;
	t->place = segment_place(s);
	t->leg = true;
	c->leg_taken = true;
}

static int make_link(struct tunnel *t, uint32_t vni, struct err *e)
{
	char id[TUNNEL_ID_SIZE], alias[RTNL_ALIAS_MAX + 1];
	struct tunnel_link l = {
		.place = t->place,
		.name = t->name,
		.alias = alias,
		.vni = vni,
		.mtu = segment_mtu(t->segment),
	};
	tunnel_id_new(id);
	tunnel_name("mcx", id, t->name);
	net_mark(t->ns, "tunnel", id, alias);
	int r = tunnel_link_make(t->ns, &l, e);
	if (r)
		return r;
	t->index = l.index;
	t->port = l.port;
	t->vni = l.vni;
	return guard_on(t, e);
}

static int copy_restrictions(struct tunnel *t, const struct tunnel_config *cfg)
{
	if (!cfg->n_restrictions)
		return 0;
	t->restrictions = calloc(cfg->n_restrictions, sizeof(*t->restrictions));
	if (!t->restrictions)
		return -ENOMEM;
	memcpy(t->restrictions, cfg->restrictions, cfg->n_restrictions * sizeof(*t->restrictions));
	t->n_restrictions = cfg->n_restrictions;
	return 0;
}

static struct tunnel *tunnel_alloc(struct net_service *ns, const struct tunnel_config *cfg)
{
	struct tunnel *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->ns = ns;
	t->segment = segment_ref(cfg->segment);
	t->place = segment_place(cfg->segment);
	t->created = cfg->created ? created_ref(cfg->created) : NULL;
	t->gone = cfg->gone;
	t->looped = cfg->looped;
	t->loop_port.passive = cfg->passive;
	t->user = cfg->user;
	list_init(&t->watcher.link);
	t->watcher.on_event = on_link;
	t->watcher.user = t;
	list_init(&t->segment_port.link);
	t->segment_port.isolated = cfg->isolated;
	t->segment_port.gone = on_port_gone;
	t->segment_port.user = t;
	if (copy_restrictions(t, cfg)) {
		tunnel_free(t);
		return NULL;
	}
	return t;
}

DEFINE_AUTO(struct tunnel *, tunnel_free);

int tunnel_new(
	struct net_service *ns, const struct tunnel_config *cfg, struct tunnel **ret, struct err *e)
{
	AUTO(tunnel_free) struct tunnel *t = tunnel_alloc(ns, cfg);
	if (!t)
		return err_errno(e, -ENOMEM, "make a tunnel");
	int r;
	if (can_be_own(cfg)) {
		r = make_own(t, cfg->created, e);
	} else {
		if (cfg->created)
			take_leg(t, cfg->created);
		r = make_link(t, cfg->vni, e);
	}
	if (r)
		return r;
	place_watch(t->place, &t->watcher);
	*ret = TAKE_PTR(t);
	return 0;
}

uint16_t tunnel_port(const struct tunnel *t)
{
	return t->port;
}

uint32_t tunnel_vni(const struct tunnel *t)
{
	return t->vni;
}

const char *tunnel_device(const struct tunnel *t)
{
	return t->name;
}

/* ---- connecting and cutting ---------------------------------------------------------------- */

static int remote_set(struct tunnel *t, const struct rtnl_remote *remote, struct err *e)
{
	int r = guard_port_remote(t->ns->root->guard, t->port, &remote->address, remote->port, e);
	if (!r)
		r = rtnl_vxlan_remote(
			t->place->rtnl, t->index, t->connected ? &t->remote : NULL, remote, e);
	if (r)
		return r;
	t->remote = *remote;
	t->connected = true;
	return 0;
}

static void on_block(void *user, bool blocked)
{
	struct tunnel *t = user;
	log_peer(LOG_WARNING, "%s: %s", t->name,
		blocked ? "cut off, since its frames came back another way" : "no longer cut off");
	if (t->looped)
		t->looped(t->user, blocked);
}

/* An isolated port reaches no other: frames cannot run round. */
static void watch_loops(struct tunnel *t)
{
	struct err e = {};
	if (t->segment_port.isolated)
		return;
	t->loop_port.index = t->index;
	t->loop_port.segment = t->segment;
	t->loop_port.on_block = on_block;
	t->loop_port.user = t;
	if (loop_add(t->place, &t->loop_port, &e))
		log_peer(LOG_WARNING, "%s: %s", t->name, e.msg);
}

static int join(struct tunnel *t, struct err *e)
{
	t->segment_port.index = t->index;
	memcpy(t->segment_port.name, t->name, sizeof(t->segment_port.name));
	int r = t->own ? segment_join_own(t->segment, &t->segment_port, e)
		       : segment_join(t->segment, &t->segment_port, e);
	t->joined = !r;
	if (t->joined)
		watch_loops(t);
	return r;
}

static int mtu_set(struct tunnel *t, uint32_t mtu, struct err *e)
{
	struct rtnl_change c = {.what = RTNL_SET_MTU, .mtu = mtu};
	if (!t->own || !mtu)
		return 0;
	if (mtu < TUNNEL_MTU_IP6)
		log_peer(LOG_INFO,
			"%s has an MTU of %u: IPv6, which needs %d, cannot be used there", t->name,
			mtu, TUNNEL_MTU_IP6);
	return rtnl_link_set(t->place->rtnl, t->index, &c, e);
}

int tunnel_connect(struct tunnel *t, const struct rtnl_remote *remote, uint32_t mtu, struct err *e)
{
	if (!t->index || t->why[0])
		return err_set(e, -ENODEV, "%s", t->why[0] ? t->why : "its link was deleted");
	int r = mtu_set(t, mtu, e);
	/* Nothing gets in before it is a bridge's port, which takes all: else this host would. */
	if (!r && !t->joined)
		r = join(t, e);
	if (!r)
		r = remote_set(t, remote, e);
	if (r)
		tunnel_cut(t);
	return r;
}

void tunnel_cut(struct tunnel *t)
{
	struct err e = {};
	if (guard_port_remote(t->ns->root->guard, t->port, NULL, 0, &e))
		log_peer(LOG_ERROR, "UDP port %u stays open: %s", t->port, e.msg);
	e.msg[0] = '\0';
	if (t->connected && t->index &&
		rtnl_vxlan_remote(t->place->rtnl, t->index, &t->remote, NULL, &e))
		log_peer(LOG_WARNING, "%s still sends: %s", t->name, e.msg);
	t->connected = false;
}

int tunnel_stats(struct tunnel *t, struct net_stats_b ret)
{
	struct rtnl_link l;
	uint64_t restricted = 0, foreign = 0;
	if (!t->index)
		return -ENODEV;
	int r = rtnl_link_by_index(t->place->rtnl, t->index, &l, NULL);
	if (!r)
		r = guard_link_dropped(t->place->guard, t->name, &restricted, NULL);
	if (!r)
		r = guard_port_foreign(t->ns->root->guard, t->port, &foreign, NULL);
	if (r)
		return r;
	net_stats_set_received_bytes(ret, l.stats.rx_bytes);
	net_stats_set_received_packets(ret, l.stats.rx_packets);
	net_stats_set_received_dropped(ret, l.stats.rx_dropped);
	net_stats_set_sent_bytes(ret, l.stats.tx_bytes);
	net_stats_set_sent_packets(ret, l.stats.tx_packets);
	net_stats_set_sent_dropped(ret, l.stats.tx_dropped);
	net_stats_set_restricted(ret, restricted);
	net_stats_set_foreign(ret, foreign);
	return 0;
}

/* ---- the end ------------------------------------------------------------------------------- */

/* The created interface stays, with nobody at its port. */
static void own_done(struct tunnel *t)
{
	if (t->port)
		tunnel_cut(t);
	guard_off(t, t->name);
	t->created->own_taken = false;
}

static void link_done(struct tunnel *t)
{
	struct reap r = {
		.place = t->place,
		.index = t->index,
		.port = t->moved ? 0 : t->port, /* as for what is created (created.c) */
	};
	memcpy(r.name, t->name, sizeof(r.name));
	if (t->port)
		reaper_add(t->ns, &r);
}

void tunnel_free(struct tunnel *t)
{
	if (!t)
		return;
	place_unwatch(&t->watcher);
	sd_event_source_disable_unref(t->gone_source);
	t->segment_port.doomed = !t->own;
	loop_remove(&t->loop_port);
	if (t->joined)
		segment_leave(t->segment, &t->segment_port);
	if (t->own)
		own_done(t);
	else
		link_done(t);
	segment_unref(t->segment);
	if (t->leg)
		created_leg_drop(t->created);
	created_unref(t->created);
	free(t->restrictions);
	free(t);
}
