/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A network namespace that interfaces of it are used in: its descriptor, its netlink socket, its
 * rules, and what happens to its links.  Kept as long as somebody has a reference; the one the
 * service runs in (name "") has the UDP sockets of all tunnels and is always there.
 *
 * A descriptor keeps a namespace alive after whoever made it has gone.  So when the name that it
 * was found by goes (`ip netns del`, the end of the process), all its links are reported as gone,
 * which has everybody let go of it.
 */
#include "base/list.h"
#include "svc/net/kernel/guard.h"
#include "svc/net/kernel/rtnl.h"

struct loop_watch;
struct net_service;

struct place {
	struct list link; /* in net_service.places */
	struct net_service *ns;
	unsigned refs;
	char *name; /* "" or as place_name() makes it */
	int netns; /* its descriptor */
	uint64_t ino; /* identifies it while it lives: two names may mean one namespace */
	uint64_t id; /* the same until the host is rebooted; 0: the kernel does not tell */
	struct rtnl *rtnl;
	struct guard *guard;
	struct rtnl_watch *watch;
	void *watch_source; /* sd_event_source */
	void *guard_source; /* likewise */
	int process; /* pidfd of the process it was found by; -EBADF: none */
	void *process_source;
	bool lost; /* its name has gone */
	struct list segments; /* segment.h */
	struct list watchers; /* struct place_watcher */
	struct loop_watch *loops; /* loop.h: its own; NULL: nothing is watched */
};

/* Name as in NetworkServiceAdmin.namespace: looked up below /run/netns, never through a symbolic
 * link there; or the absolute path of a file, which must be that of a network namespace. -ENOENT,
 * -EINVAL, -EACCES with e set. The reference is the caller's. */
int place_get(struct net_service *ns, const char *name, struct place **ret, struct err *e);
struct place *place_ref(struct place *p);
void place_unref(struct place *p); /* NULL is accepted */

/* A socket there, as socket(2); the calling thread is back in its own namespace afterwards. A
 * descriptor, or negative errno with e set. */
int place_socket(struct place *p, int domain, int type, int protocol, struct err *e);

/* Somebody who wants to hear what happens to links there. May come and go while it is told. */
struct place_watcher {
	struct list link;
	void (*on_event)(void *user, const struct rtnl_event *event);
	void *user;
};
void place_watch(struct place *p, struct place_watcher *w);
void place_unwatch(struct place_watcher *w);

/* The end of the service: no name is watched any more. */
void place_names_done(struct net_service *ns);

/* ---- place-name.c ---- */

/* The form a name is kept in (malloc'ed): "" for the service's own namespace, "blue" for
 * "/run/netns/blue", "/proc/123/ns/net@START" for that of a process, where START tells the process
 * from a later one of the same number. */
int place_name(struct net_service *ns, const char *name, char **ret, struct err *e);
/* False: the name means nothing when that process has ended. */
bool place_name_is_lasting(const char *name);
/* The name as people know it, without START. */
const char *place_name_text(const char *name, char *ret, size_t size);

/* A descriptor of that namespace (not ""), or negative errno with e set. */
int place_open_name(const char *name, struct err *e);
/* A pidfd of the process that the name tells, -EBADF: it tells none. -ESRCH: it has ended. */
int place_open_process(const char *name);
