/* SPDX-License-Identifier: MIT */
/*
 * What an earlier process of this node left when it was killed: links with our mark, rules,
 * programs at the host's interfaces.  The kernel goes on with them as if nothing had happened, but
 * nobody knows what they are for any more: whoever wants them back asks again.
 */
#include "base/log.h"
#include "svc/net/iface.h"
#include "svc/net/tunnel-link.h"

struct leftovers { /* net_service.leftovers */
	sd_event_source *timer;
	struct place
		*places[NET_PLACES_MAX]; /* that have created interfaces nobody has asked for */
	size_t n_places;
};

/* ---- links --------------------------------------------------------------------------------- */

static bool is_held(const struct net_service *ns, const char *id)
{
	list_for_each (it, &ns->created) {
		const struct created *c = list_entry(it, struct created, link);
		if (c->index && !strcmp(c->id, id))
			return true;
	}
	return false;
}

enum which {
	PARTS, /* what createInterface did not make */
	NOT_HELD, /* what nobody has asked for, besides */
	ALL,
};

/* Until somebody asks for it, a created interface receives from nobody. Returns how many ports have
 * rules now, the first of which took the place of those that were left, all at once. */
static size_t shut_ports(struct place *p)
{
	struct err e = {};
	char what[16], id[33];
	AUTO_FREE struct rtnl_link *links = NULL;
	size_t n = 0, n_shut = 0;
	if (rtnl_link_list(p->rtnl, &links, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		uint16_t port = tunnel_link_port(p, &links[i]);
		if (!port || !net_mark_is_ours(p->ns, links[i].alias, what, id) ||
			strcmp(what, "if") != 0)
			continue;
		if (guard_port_add(p->ns->root->guard, port, &e) < 0)
			log_warning("UDP port %u is open: %s", port, e.msg);
		else
			n_shut++;
	}
	return n_shut;
}

static void open_ports(struct net_service *ns, const uint16_t *port, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (port[i])
			tunnel_port_release(ns, port[i]);
}

/* Returns how many of ours are there still, created interfaces that nobody holds. */
static size_t remove_links(struct place *p, enum which which)
{
	struct net_service *ns = p->ns;
	struct err e = {};
	AUTO_FREE struct rtnl_link *links = NULL;
	size_t n = 0, n_gone = 0, n_left = 0;
	int r = rtnl_link_list(p->rtnl, &links, &n, &e);
	AUTO_FREE int *gone = r < 0 ? NULL : malloc((n + 1) * sizeof(*gone));
	AUTO_FREE uint16_t *port = r < 0 ? NULL : malloc((n + 1) * sizeof(*port));
	for (size_t i = 0; gone && port && i < n; i++) {
		char what[16], id[33];
		if (!net_mark_is_ours(ns, links[i].alias, what, id))
			continue;
		bool held = strcmp(what, "if") == 0 && (which == PARTS || is_held(ns, id));
		if (held && which != ALL) {
			n_left += !is_held(ns, id);
			continue;
		}
		port[n_gone] = tunnel_link_port(p, &links[i]);
		gone[n_gone++] = links[i].index;
	}
	if (n_gone)
		r = rtnl_link_delete_many(p->rtnl, gone, n_gone, &e);
	if (r >= 0 && n_gone)
		open_ports(ns, port, n_gone);
	if (r < 0)
		log_warning("links that an earlier process left: %s", e.msg);
	else if (n_gone && which != ALL)
		log_info("removed %zu link%s that an earlier process left", n_gone,
			n_gone == 1 ? "" : "s");
	return n_left;
}

/* At interfaces that are not ours: first, since it takes the links' marks to know. */
static void clean_others(struct place *p)
{
	struct err e = {};
	if (segment_clean(p, &e) < 0)
		log_warning("what an earlier process left at interfaces: %s", e.msg);
}

/* ---- when ---------------------------------------------------------------------------------- */

static void let_go(struct leftovers *l)
{
	while (l->n_places)
		place_unref(l->places[--l->n_places]);
	l->timer = sd_event_source_disable_unref(l->timer);
}

void leftovers_done(struct net_service *ns)
{
	struct leftovers *l = TAKE_PTR(ns->leftovers);
	if (!l)
		return;
	let_go(l);
	free(l);
}

static void clear_rules(struct place *p)
{
	struct err e = {};
	if (guard_clear(p->guard, &e) < 0)
		log_warning("rules that an earlier process left: %s", e.msg);
}

static int on_time(sd_event_source *source, uint64_t usec, void *user)
{
	struct net_service *ns = user;
	for (size_t i = 0; i < ns->leftovers->n_places; i++)
		(void)remove_links(ns->leftovers->places[i], NOT_HELD);
	/* Rules of its links are replaced with the first that anybody needs. */
	if (ns->root && !ns->n_created && !ns->n_bindings && !ns->n_tunnels)
		clear_rules(ns->root);
	leftovers_done(ns);
	return 0;
}

/* Returns how many ports have rules because of what is there. */
static size_t look_into(struct net_service *ns, const char *name)
{
	struct err e = {};
	struct place *p = NULL;
	struct leftovers *l = ns->leftovers;
	int r = place_get(ns, name, &p, &e);
	if (r < 0) {
		log_line(*name ? LOG_DEBUG : LOG_WARNING, "%s", e.msg);
		if (*name)
			leftovers_forget(ns, name);
		return 0;
	}
	clean_others(p);
	size_t left = remove_links(p, PARTS);
	size_t shut = shut_ports(p);
	if (p != ns->root)
		clear_rules(p);
	if (left && l && l->n_places < NET_PLACES_MAX)
		l->places[l->n_places++] = TAKE_PTR(p);
	place_unref(p);
	return shut;
}

void leftovers_start(struct net_service *ns)
{
	char *names[NET_PLACES_MAX];
	size_t n = leftovers_notes(ns, names);
	struct leftovers *l = ns->leftovers = calloc(1, sizeof(*l));
	size_t shut = look_into(ns, "");
	for (size_t i = 0; i < n; i++) {
		shut += look_into(ns, names[i]);
		free(names[i]);
	}
	if (!shut && ns->root)
		clear_rules(ns->root);
	if (!l || !l->n_places) {
		leftovers_done(ns);
		return;
	}
	if (sd_event_add_time_relative(ns->streams.loop->event, &l->timer, CLOCK_MONOTONIC,
		    LEFTOVERS_SECONDS * UINT64_C(1000000), 0, on_time, ns) < 0) {
		log_error("no timer for what an earlier process left");
		on_time(NULL, 0, ns);
	}
}

void leftovers_sweep(struct net_service *ns)
{
	list_for_each (it, &ns->places) {
		struct place *p = list_entry(it, struct place, link);
		clean_others(p);
		(void)remove_links(p, ALL);
		(void)guard_clear(p->guard, NULL);
	}
}
