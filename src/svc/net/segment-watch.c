/* SPDX-License-Identifier: MIT */
/*
 * What others do to the interface while it is joined: it gets or loses addresses, a master, a name,
 * an MTU, or goes.  Events come after the fact and may be old; so one that matters only makes us
 * look at the interface as it is now.
 *
 * Who is told that its port is gone may drop the segment then: it is held meanwhile.
 */
#include "svc/net/segment-priv.h"

#include "base/log.h"

void segment_drop_ports(struct segment *s, const char *why)
{
	struct segment_port *own = s->own;
	s->own = NULL;
	if (own)
		own->gone(own->user, why);
	while (!list_empty(&s->ports)) {
		struct segment_port *p = list_entry(s->ports.next, struct segment_port, link);
		list_unlink(&p->link);
		s->n_ports--;
		p->gone(p->user, why);
	}
}

/* All ports are lost. */
static void fail(struct segment *s, const char *why)
{
	log_warning("%s: %s", s->iface.name, why);
	segment_dissolve(s);
	segment_drop_ports(s, why);
}

static void interface_gone(struct segment *s)
{
	s->iface.index = 0;
	segment_dissolve(s);
	segment_drop_ports(s, "the interface has gone");
}

static void port_gone(struct segment *s, int index)
{
	list_for_each_safe (it, &s->ports) {
		struct segment_port *p = list_entry(it, struct segment_port, link);
		if (p->index != index)
			continue;
		list_unlink(&p->link);
		s->n_ports--;
		if (!s->n_ports)
			segment_dissolve(s);
		p->gone(p->user, "its device has gone");
		return;
	}
}

static void settle(struct segment *s)
{
	struct err e = {};
	int r = segment_settle(s, &e);
	if (r == -ENODEV && segment_refresh(s, NULL) == -ENODEV) {
		interface_gone(s);
		return;
	}
	if (r == -ENODEV)
		r = segment_settle(s, &e); /* something of it has gone since; once more */
	if (r < 0 && s->n_ports)
		fail(s, e.msg);
}

/* Events were lost: any port may have gone. */
static void look_at_ports(struct segment *s)
{
	struct rtnl_link l;
	int gone[SEGMENT_PORTS_MAX];
	unsigned n = 0;
	list_for_each (it, &s->ports) {
		struct segment_port *p = list_entry(it, struct segment_port, link);
		if (rtnl_link_by_index(s->place->rtnl, p->index, &l, NULL) == -ENODEV)
			gone[n++] = p->index;
	}
	while (n)
		port_gone(s, gone[--n]);
}

/* Somebody takes a port out of its bridge. Events may be old: it may be there again. */
static void port_changed(struct segment *s, const struct rtnl_link *l)
{
	struct rtnl_link now;
	list_for_each (it, &s->ports) {
		struct segment_port *p = list_entry(it, struct segment_port, link);
		if (p->index == l->index && l->master != s->bridge &&
			rtnl_link_by_index(s->place->rtnl, p->index, &now, NULL) >= 0 &&
			now.master != s->bridge)
			(void)segment_put_port(s, p, NULL); /* or its bridge has gone: told soon */
	}
}

/* Somebody has deleted a part of the splice. Our own doing is told of when it is whole again. */
static bool is_damaged(struct segment *s, const struct rtnl_event *event)
{
	int index = event->link.index, leg = s->leg ? s->leg : s->our_bridge;
	if (s->how != SEGMENT_SPLICE)
		return false;
	if (event->kind == RTNL_LINK_GONE)
		return s->leg && (index == s->leg || index == s->leg_port);
	if (event->kind != RTNL_LOST &&
		(event->kind != RTNL_FILTER_GONE || (index != s->iface.index && index != leg)))
		return false;
	return !splice_is_whole(s->splice);
}

static bool is_bridge_gone(struct segment *s, const struct rtnl_event *event)
{
	struct rtnl_link l;
	if (!s->our_bridge)
		return false;
	if (event->kind == RTNL_LINK_GONE)
		return event->link.index == s->our_bridge;
	return event->kind == RTNL_LOST &&
	       rtnl_link_by_index(s->place->rtnl, s->our_bridge, &l, NULL) == -ENODEV;
}

static void handle(struct segment *s, const struct rtnl_event *event)
{
	const struct rtnl_link *l = &event->link;
	if (event->kind == RTNL_LINK_GONE && l->index == s->iface.index) {
		interface_gone(s);
		return;
	}
	if (event->kind == RTNL_LINK_GONE)
		port_gone(s, l->index);
	bool matters = segment_event_matters(s, event);
	if (is_bridge_gone(s, event)) {
		segment_bridge_lost(s);
	} else if (is_damaged(s, event)) {
		segment_splice_lost(s);
		matters = true;
	}
	if (event->kind == RTNL_LINK_CHANGED && l->index == s->iface.index &&
		strcmp(l->name, s->iface.name) != 0)
		(void)segment_refresh(s, NULL);
	if (s->how == SEGMENT_BRIDGE && event->kind == RTNL_LINK_CHANGED && l->index == s->bridge)
		segment_bridge_changed(s, l);
	if (event->kind == RTNL_LOST)
		look_at_ports(s);
	if (s->n_ports && matters)
		settle(s);
	if (event->kind == RTNL_LINK_CHANGED)
		port_changed(s, l);
}

static void on_event(void *user, const struct rtnl_event *event)
{
	struct segment *s = user;
	if (!s->iface.index)
		return;
	segment_ref(s);
	handle(s, event);
	segment_unref(s);
}

void segment_watch(struct segment *s)
{
	s->watcher.on_event = on_event;
	s->watcher.user = s;
	place_watch(s->place, &s->watcher);
}
