/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: place.h.
 *
 * Whether a name still leads to its namespace is looked at whenever something goes from the
 * directory that the name is in (inotify(7), one descriptor for all), or the process ends.
 */
#include "base/log.h"
#include "svc/net/net-service.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct place_names { /* net_service.names */
	int fd; /* inotify */
	sd_event_source *source;
};

static void lose(struct place *p);

/* ---- its name ------------------------------------------------------------------------------ */

static bool leads_there(const struct place *p)
{
	struct stat st;
	AUTO_CLOSE int fd = place_open_name(p->name, NULL);
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == p->ino;
}

static int on_names(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct net_service *ns = user;
	_Alignas(struct inotify_event) char buffer[4096];
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	/* Losing one may have others go: begin again. */
	for (bool again = true; again;) {
		again = false;
		list_for_each (it, &ns->places) {
			struct place *p = list_entry(it, struct place, link);
			if (p == ns->root || leads_there(p))
				continue;
			lose(p);
			again = true;
			break;
		}
	}
	return 0;
}

static int names_new(struct net_service *ns)
{
	if (ns->names)
		return 0;
	struct place_names *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int r = n->fd < 0 ? -errno
			  : sd_event_add_io(ns->streams.loop->event, &n->source, n->fd, EPOLLIN,
				    on_names, ns);
	if (r < 0) {
		fd_close(n->fd);
		free(n);
		return r;
	}
	ns->names = n;
	return 0;
}

void place_names_done(struct net_service *ns)
{
	struct place_names *n = TAKE_PTR(ns->names);
	if (!n)
		return;
	sd_event_source_disable_unref(n->source);
	fd_close(n->fd);
	free(n);
}

static int on_process_end(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	lose(user);
	return 0;
}

static int watch_name(struct place *p)
{
	char path[PATH_MAX];
	int r;
	p->process = place_open_process(p->name);
	if (p->process >= 0) {
		sd_event_source *source = NULL;
		r = sd_event_add_io(p->ns->streams.loop->event, &source, p->process, EPOLLIN,
			on_process_end, p);
		p->process_source = source;
		return r;
	}
	if (p->process != -EBADF)
		return p->process;
	r = names_new(p->ns);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s%s", *p->name == '/' ? "" : "/run/netns/", p->name);
	r = inotify_add_watch(p->ns->names->fd, dirname(path),
		IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF);
	return r < 0 ? -errno : 0;
}

/* ---- what happens there -------------------------------------------------------------------- */

void place_watch(struct place *p, struct place_watcher *w)
{
	list_append(&p->watchers, &w->link);
}

void place_unwatch(struct place_watcher *w)
{
	list_unlink(&w->link);
}

/* Watchers may go, and others come, while one is told: a mark of ours keeps the place in the list,
 * and stands at the end of those that were there when it began. */
static void tell(struct place *p, const struct rtnl_event *event)
{
	struct list told = LIST_INIT(told);
	struct list now = LIST_INIT(now);
	list_splice(&now, &p->watchers);
	while (!list_empty(&now)) {
		struct place_watcher *w = list_entry(now.next, struct place_watcher, link);
		list_unlink(&w->link);
		list_append(&told, &w->link);
		w->on_event(w->user, event);
	}
	/* Those that came meanwhile are behind. */
	list_splice(&told, &p->watchers);
	list_splice(&p->watchers, &told);
}

static void on_event(void *user, const struct rtnl_event *event)
{
	struct place *p = user;
	if (p->ns->on_event)
		p->ns->on_event(p, event);
	tell(p, event);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct place *p = place_ref(user); /* whoever is told may let go of it */
	int r = rtnl_watch_process(p->watch);
	if (r < 0)
		log_peer(LOG_WARNING, "what happens to links: %s", strerror(-r));
	place_unref(p);
	return 0;
}

static int on_rules(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct place *p = user;
	struct err e = {};
	int r = guard_watch_process(p->guard, &e);
	if (r)
		log_peer(LOG_WARNING, "somebody has removed the rules of tunnels: %s",
			r < 0 ? e.msg : "they are there again");
	return 0;
}

/* Its name has gone: everybody is to let go of it. */
static void lose(struct place *p)
{
	char text[PATH_MAX];
	struct rtnl_link *links = NULL;
	size_t n = 0;
	if (p->lost)
		return;
	log_info("the network namespace %s has gone", place_name_text(p->name, text, sizeof(text)));
	p->lost = true;
	leftovers_forget(p->ns, p->name);
	list_unlink(&p->link); /* nobody finds it any more */
	p->process_source = sd_event_source_disable_unref(p->process_source);
	place_ref(p);
	if (rtnl_link_list(p->rtnl, &links, &n, NULL) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		on_event(p, &(struct rtnl_event){.kind = RTNL_LINK_GONE, .link = links[i]});
	free(links);
	place_unref(p);
}

/* ---- life ---------------------------------------------------------------------------------- */

/* The same for a namespace until the host is rebooted. */
static uint64_t id_of(const struct place *p)
{
	char boot[64] = "";
	uint64_t cookie = 0, id = 0;
	AUTO_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, boot, sizeof(boot) - 1) <= 0 || rtnl_cookie(p->rtnl, &cookie) < 0)
		return 0;
	(void)crypto_generichash((unsigned char *)&id, sizeof(id), (const unsigned char *)boot,
		sizeof(boot), (const unsigned char *)&cookie, sizeof(cookie));
	return id;
}

static void free_place(struct place *p)
{
	list_unlink(&p->link);
	sd_event_source_disable_unref(p->watch_source);
	sd_event_source_disable_unref(p->guard_source);
	sd_event_source_disable_unref(p->process_source);
	fd_close(p->process);
	rtnl_watch_free(p->watch);
	if (p->guard)
		(void)guard_clear(p->guard, NULL);
	guard_free(p->guard);
	rtnl_free(p->rtnl);
	fd_close(p->netns);
	free(p->name);
	free(p);
}

/* netns of the service's own is not entered: that takes a privilege which a container may lack. */
static int set_up(struct place *p, bool root, struct err *e)
{
	int netns = root ? -EBADF : p->netns;
	sd_event_source *source = NULL;
	int r = rtnl_new(netns, &p->rtnl, e);
	if (r >= 0)
		r = guard_new(netns, p->ns->address_text, root, &p->guard, e);
	if (r >= 0)
		r = rtnl_watch_new(netns, on_event, p, &p->watch, e);
	if (r < 0)
		return r;
	p->id = id_of(p);
	r = sd_event_add_io(p->ns->streams.loop->event, &source, rtnl_watch_fd(p->watch), EPOLLIN,
		on_readable, p);
	p->watch_source = source;
	source = NULL;
	if (r >= 0)
		r = sd_event_add_io(p->ns->streams.loop->event, &source, guard_watch_fd(p->guard),
			EPOLLIN, on_rules, p);
	p->guard_source = source;
	if (r >= 0 && !root)
		r = watch_name(p);
	return r < 0 ? err_errno(e, r, "watch the network namespace") : 0;
}

static int new_place(struct net_service *ns, const char *name, int takes_netns, struct place **ret,
	struct err *e)
{
	AUTO_CLOSE int netns = takes_netns;
	struct stat st;
	if (ns->n_places >= NET_PLACES_MAX)
		return err_set(
			e, -EDQUOT, "too many network namespaces (limit %d)", NET_PLACES_MAX);
	struct place *p = calloc(1, sizeof(*p));
	if (!p || fstat(netns, &st) < 0 || !(p->name = strdup(name))) {
		free(p);
		return err_errno(e, -ENOMEM, "network namespace");
	}
	p->ns = ns;
	p->refs = 1;
	p->ino = st.st_ino;
	p->netns = TAKE_FD(netns);
	p->process = -EBADF;
	list_init(&p->link);
	list_init(&p->segments);
	list_init(&p->watchers);
	int r = set_up(p, !*name, e);
	if (r < 0) {
		free_place(p);
		return r;
	}
	list_append(&ns->places, &p->link);
	ns->n_places++;
	*ret = p;
	return 0;
}

static int get_root(struct net_service *ns, struct err *e)
{
	if (ns->root)
		return 0;
	AUTO_CLOSE int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_errno(e, -errno, "/proc/self/ns/net");
	return new_place(ns, "", TAKE_FD(netns), &ns->root, e);
}

int place_get(struct net_service *ns, const char *name, struct place **ret, struct err *e)
{
	struct stat st;
	int r = get_root(ns, e);
	if (r < 0)
		return r;
	AUTO_CLOSE int netns = *name ? place_open_name(name, e) : -EBADF;
	if (*name && netns < 0)
		return netns;
	if (*name && fstat(netns, &st) < 0)
		return err_errno(e, -errno, "network namespace");
	list_for_each (it, &ns->places) {
		struct place *p = list_entry(it, struct place, link);
		if (*name ? p->ino == st.st_ino : p == ns->root) {
			*ret = place_ref(p);
			return 0;
		}
	}
	leftovers_remember(ns, name);
	r = new_place(ns, name, TAKE_FD(netns), ret, e);
	if (r < 0)
		leftovers_forget(ns, name);
	return r;
}

int place_socket(struct place *p, int domain, int type, int protocol, struct err *e)
{
	bool away = p != p->ns->root;
	if (away && setns(p->netns, CLONE_NEWNET) < 0)
		return err_errno(e, -errno, "enter the network namespace");
	int fd = socket(domain, type, protocol);
	int r = fd < 0 ? -errno : fd;
	/* To go on in a foreign namespace would be to work on the wrong host. */
	if (away && setns(p->ns->root->netns, CLONE_NEWNET) < 0)
		abort();
	return r < 0 ? err_errno(e, r, "socket") : r;
}

struct place *place_ref(struct place *p)
{
	p->refs++;
	return p;
}

void place_unref(struct place *p)
{
	if (!p || --p->refs)
		return;
	struct net_service *ns = p->ns;
	if (p == ns->root)
		ns->root = NULL;
	ns->n_places--;
	if (!p->lost)
		leftovers_forget(ns, p->name);
	free_place(p);
}
