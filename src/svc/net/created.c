/* SPDX-License-Identifier: MIT */
/*
 * Created interfaces, their references, and what happens to their links.  Somebody else may rename
 * or delete one at any time: then the object says so, and what it had beside the link goes with it.
 */
#include "svc/net/created.h"

#include "base/log.h"
#include "svc/net/reaper.h"
#include "svc/net/routed.h"
#include "svc/net/tunnel-link.h"

#include <stdio.h>

struct net_create_options_r created_options(const struct created *c)
{
	return net_create_options_root(c->options);
}

static void on_link(void *user, const struct rtnl_event *event)
{
	struct created *c = user;
	struct rtnl_link link;
	if (!c->index)
		return;
	if (event->kind == RTNL_LOST) {
		int r = rtnl_link_by_index(c->place->rtnl, c->index, &link, NULL);
		if (r == -ENODEV)
			c->index = 0;
		else if (!r)
			memcpy(c->name, link.name, sizeof(c->name));
		return;
	}
	if (event->link.index != c->index)
		return;
	if (event->kind == RTNL_LINK_GONE && !c->place->lost) {
		c->index = 0;
		c->moved = event->link.moved;
	}
	if (event->kind == RTNL_LINK_CHANGED && strcmp(c->name, event->link.name))
		memcpy(c->name, event->link.name, sizeof(c->name));
}

/* The link goes at the end of the turn, and its port is opened again; unless somebody has moved the
 * link to another namespace, where it is out of our reach, but still has the port when it is up. */
static void link_reap(struct created *c)
{
	struct reap r = {
		.place = c->place,
		.index = c->index,
		.port = c->made == CREATED_VXLAN && !c->moved ? c->port : 0,
	};
	if (r.index || r.port)
		reaper_add(c->place->ns, &r);
	c->index = 0;
}

static void created_free(struct created *c)
{
	if (!list_empty(&c->link)) {
		list_unlink(&c->link);
		c->place->ns->n_created--;
		place_unwatch(&c->watcher);
	}
	routed_free(c->routed);
	if (c->place && !c->place->ns->lost)
		link_reap(c);
	place_unref(c->leg_place);
	place_unref(c->place);
	vat_message_free(c->options);
	free(c);
}

DEFINE_AUTO(struct created *, created_free);

struct created *created_ref(struct created *c)
{
	c->refs++;
	return c;
}

void created_unref(struct created *c)
{
	if (!c)
		return;
	assert(c->refs);
	if (!--c->refs)
		created_free(c);
}

struct created *created_find(struct place *p, int index)
{
	list_for_each (it, &p->ns->created) {
		struct created *c = list_entry(it, struct created, link);
		if (index && c->index == index && c->place->ino == p->ino)
			return created_ref(c);
	}
	return NULL;
}

static struct created *find_id(struct net_service *ns, const char *id)
{
	list_for_each (it, &ns->created) {
		struct created *c = list_entry(it, struct created, link);
		if (c->index && !strcmp(c->id, id))
			return c;
	}
	return NULL;
}

/* What has been given to the reaper still has its name. */
static int check_free(struct place *p, const char *name, struct err *e)
{
	struct rtnl_link link;
	int r = rtnl_link_by_name(p->rtnl, name, &link, NULL);
	if (r && r != -ENODEV)
		return err_errno(e, r, "look for the interface %s", name);
	if (!r) {
		reaper_flush(p->ns);
		r = rtnl_link_by_name(p->rtnl, name, &link, NULL);
	}
	return r == -ENODEV ? 0 : err_set(e, -EEXIST, "there is an interface %s already", name);
}

static struct created *created_alloc(
	struct place *p, const char *name, const char *id, struct net_create_options_r options)
{
	struct created *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	list_init(&c->link);
	list_init(&c->watcher.link);
	c->watcher.on_event = on_link;
	c->watcher.user = c;
	c->place = place_ref(p);
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	(void)snprintf(c->id, sizeof(c->id), "%s", id);
	if (!id[0])
		tunnel_id_new(c->id);
	c->options = vat_message_new(0, 0);
	if (!c->options) {
		created_free(c);
		return NULL;
	}
	net_create_options_set_root(c->options, options);
	return c;
}

/* The MAC address is a part of what is stored. */
static int note_mac(struct created *c, struct err *e)
{
	struct net_create_options_b b = net_create_options_edit_root(c->options);
	net_create_options_set_mac(b, (struct vat_data){c->mac, sizeof(c->mac)});
	int r = vat_message_error(c->options);
	return r ? err_set(e, r < 0 ? r : -EINVAL, "the options of %s", c->name) : 0;
}

static int created_begin(struct created *c, const char *id, struct err *e)
{
	int r = id[0] ? created_adopt(c, e) : 1;
	if (r > 0)
		r = check_free(c->place, c->name, e);
	else
		return r;
	return r ? r : created_make(c, e);
}

int created_new(struct place *p, const char *name, const char *id,
	struct net_create_options_r options, struct created **ret, struct err *e)
{
	struct net_service *ns = p->ns;
	struct created *there = id[0] ? find_id(ns, id) : NULL;
	if (there) {
		*ret = created_ref(there);
		return 0;
	}
	int r = created_check(name, options, e);
	if (r)
		return r;
	if (ns->n_created >= NET_CREATED_MAX)
		return err_set(
			e, -EDQUOT, "there are %d created interfaces already", NET_CREATED_MAX);
	AUTO(created_free) struct created *c = created_alloc(p, name, id, options);
	if (!c)
		return err_errno(e, -ENOMEM, "create %s", name);
	r = created_begin(c, id, e);
	if (!r)
		r = created_add_addresses(c, e);
	if (!r && net_create_options_get_routed(created_options(c)).count)
		r = routed_new(p, c->index, c->name, c->mac, created_options(c), &c->routed, e);
	if (!r)
		r = note_mac(c, e);
	if (r)
		return r;
	c->refs = 1;
	ns->n_created++;
	list_append(&ns->created, &c->link);
	place_watch(p, &c->watcher);
	*ret = TAKE_PTR(c);
	return 0;
}
