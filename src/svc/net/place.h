/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A network namespace that interfaces of it are used in: its descriptor, its netlink socket, its
 * rules, and what happens to its links.  Kept as long as somebody has a reference; the one the
 * service runs in (name "") has the UDP sockets of all tunnels and is always there.
 */
#include "base/list.h"
#include "svc/net/kernel/guard.h"
#include "svc/net/kernel/rtnl.h"

struct net_service;

struct place {
	struct list link; /* in net_service.places */
	struct net_service *ns;
	unsigned refs;
	char *name; /* "" or as NetworkServiceAdmin.namespace() takes it */
	int netns; /* its descriptor */
	uint64_t ino; /* identifies it: two names may mean one namespace */
	struct rtnl *rtnl;
	struct guard *guard;
	struct rtnl_watch *watch;
	void *watch_source; /* sd_event_source */
	struct list segments; /* segment.h */
	struct list watchers; /* struct place_watcher */
};

/* Name as in NetworkServiceAdmin.namespace: looked up below /run/netns, never through a symbolic
 * link there; or the absolute path of a file, which must be that of a network namespace. -ENOENT,
 * -EINVAL, -EACCES with e set. The reference is the caller's. */
int place_get(struct net_service *ns, const char *name, struct place **ret, struct err *e);
struct place *place_ref(struct place *p);
void place_unref(struct place *p); /* NULL is accepted */

/* Somebody who wants to hear what happens to links there. */
struct place_watcher {
	struct list link;
	void (*on_event)(void *user, const struct rtnl_event *event);
	void *user;
};
void place_watch(struct place *p, struct place_watcher *w);
void place_unwatch(struct place_watcher *w);
