/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: starts the node and one process for each built-in service, starts again what
 * dies, stops all in order when told to.  It reads nothing that a peer sent; from its children it
 * takes messages of one fixed size (sys/control.h).
 *
 * A service lives as long as its link to the node: the supervisor makes a socketpair, gives one end
 *to the node by control message and the other to the new service process.  When the node dies, the
 *links end and the services exit by themselves; as soon as a new node is there they are started
 *with new links.
 *
 *	start:  node, then services in the order of the table      all ready -> READY=1
 *	stop:   services in reverse order, each with its time to end, then the node
 *
 * Killed itself (SIGKILL), it leaves a stale socket and lock file, which the next one replaces; its
 * children get their death signal and see their control socket end.
 */
#include "role/supervisor.h"
#include "base/log.h"
#include "role/child.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

enum { CHILDREN_MAX = 8 };

static const uint64_t stop_grace_us = 8 * 1000 * 1000, orphan_grace_us = 5 * 1000 * 1000;

struct supervisor {
	sd_event *event;
	struct place place;
	struct child_events events;
	struct child children[CHILDREN_MAX]; /* [0] is the node */
	size_t n_children;
	int worker_fd; /* the program metacd-worker, as it was when this node was started */
	bool was_ready, stopping;
	char address_option[96], user_option[40];
	char state_option[PATH_MAX + 16], runtime_option[PATH_MAX + 16];
};

static struct child *node_of(struct supervisor *s)
{
	return &s->children[0];
}

/* ---- status -------------------------------------------------------------------------------- */

static void report_status(struct supervisor *s)
{
	char waiting[200] = "";
	for (size_t i = 0; i < s->n_children; i++) {
		const struct child *c = &s->children[i];
		size_t at = strlen(waiting);
		if (c->state != CHILD_READY)
			snprintf(waiting + at, sizeof(waiting) - at, "%s%s", at ? ", " : "",
				c->role->name);
	}
	if (s->stopping)
		(void)sd_notify(0, "STATUS=stopping");
	else if (waiting[0])
		(void)sd_notifyf(0, "STATUS=%s: waiting for %s", s->place.address, waiting);
	else
		(void)sd_notifyf(0, "STATUS=%s: serving", s->place.address);
	if (waiting[0] || s->was_ready || s->stopping)
		return;
	s->was_ready = true;
	(void)sd_notify(0, "READY=1");
	log_info("ready: %s, %s/socket", s->place.address, s->place.runtime);
}

/* ---- starting ------------------------------------------------------------------------------ */

static int start_node(struct supervisor *s)
{
	const char *options[] = {s->user_option, s->address_option, NULL};
	int fds[] = {s->place.unix_fd, s->place.tcp_fd};
	return child_start(node_of(s), options, fds, ARRAY_SIZE(fds));
}

static int start_service(struct supervisor *s, struct child *c)
{
	const char *options[6];
	size_t n = 0;
	if (c->role->as_user)
		options[n++] = s->user_option;
	options[n++] = s->address_option;
	if (c->role->has_state)
		options[n++] = s->state_option;
	if (c->role->has_runtime)
		options[n++] = s->runtime_option;
	options[n] = NULL;

	int sv[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	AUTO_CLOSE int nodes_end = sv[0];
	AUTO_CLOSE int services_end = sv[1];
	/* CONTROL_FD_LINK, CONTROL_FD_WORKER */
	int fds[] = {services_end, c->role->has_workers ? s->worker_fd : -EBADF};
	int r = child_start(c, options, fds, ARRAY_SIZE(fds));
	if (r < 0)
		return r;
	r = child_send_link(node_of(s), c->role->name, nodes_end);
	if (r < 0)
		child_kill(c); /* it would find that out itself; this is sooner */
	return 0;
}

/* Starts what is down and not waiting for its back-off; a service needs a node. */
static void start_child(struct supervisor *s, struct child *c)
{
	if (s->stopping || c->state != CHILD_DOWN || c->timer)
		return;
	if (c != node_of(s) && node_of(s)->state == CHILD_DOWN)
		return; /* its turn comes with the node's */
	int r = c == node_of(s) ? start_node(s) : start_service(s, c);
	if (r < 0) {
		log_error("cannot start %s: %s", c->role->name, strerror(-r));
		child_restart_later(c);
	}
}

static void start_all(struct supervisor *s)
{
	for (size_t i = 0; i < s->n_children; i++)
		start_child(s, &s->children[i]);
	report_status(s);
}

/* ---- stopping ------------------------------------------------------------------------------ */

/* Tells the last one that still runs to stop; it is called again when that one has ended. */
static void stop_next(struct supervisor *s)
{
	for (size_t i = s->n_children; i-- > 0;) {
		struct child *c = &s->children[i];
		if (c->state == CHILD_DOWN)
			continue;
		child_stop(c, stop_grace_us);
		return;
	}
	(void)sd_event_exit(s->event, 0);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *user)
{
	struct supervisor *s = user;
	if (s->stopping) { /* asked again: at once */
		for (size_t i = 0; i < s->n_children; i++)
			child_kill(&s->children[i]);
		return 0;
	}
	s->stopping = true;
	log_info("stopping");
	(void)sd_notify(0, "STOPPING=1");
	report_status(s);
	for (size_t i = 0; i < s->n_children; i++)
		s->children[i].timer = sd_event_source_disable_unref(s->children[i].timer);
	stop_next(s);
	return 0;
}

/* ---- events of the children ---------------------------------------------------------------- */

static void on_ready(void *user, struct child *c)
{
	struct supervisor *s = user;
	log_info("%s is ready", c->role->name);
	report_status(s);
}

/* The node is gone: services end with their links, those that do not are helped. */
static void release_services(struct supervisor *s)
{
	for (size_t i = 1; i < s->n_children; i++)
		child_stop(&s->children[i], orphan_grace_us);
}

static void on_ended(void *user, struct child *c, bool planned)
{
	struct supervisor *s = user;
	if (s->stopping) {
		stop_next(s);
		return;
	}
	if (c == node_of(s))
		release_services(s);
	if (planned && c != node_of(s))
		start_child(s, c); /* for want of a node: not its fault */
	else
		child_restart_later(c);
	report_status(s);
}

static void on_due(void *user, struct child *c)
{
	struct supervisor *s = user;
	if (c == node_of(s))
		start_all(s);
	else
		start_child(s, c);
}

/* ---- setting up ---------------------------------------------------------------------------- */

static void add_children(struct supervisor *s)
{
	static const int kinds[] = {ROLE_NODE, ROLE_SERVICE};
	s->events = (struct child_events){
		.ready = on_ready, .ended = on_ended, .due = on_due, .user = s};
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (size_t i = 0; i < role_count; i++) {
			if ((int)role_table[i].kind != kinds[k])
				continue;
			assert(s->n_children < CHILDREN_MAX);
			struct child *c = &s->children[s->n_children++];
			child_init(c, &role_table[i], &child_default_times, s->event, &s->events);
		}
	}
}

static int set_up_events(struct supervisor *s)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	int r = sd_event_new(&s->event);
	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGTERM, on_signal, s);
	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGINT, on_signal, s);
	if (r >= 0)
		r = sd_event_set_watchdog(s->event, true); /* only if systemd asks for it */
	return r < 0 ? r : 0;
}

/* What the children need, and no more; nothing is to be opened any more. */
static int drop_privileges(void)
{
	uint64_t keep = PRIV_CAPS_NONE;
	for (size_t i = 0; i < role_count; i++)
		keep |= role_table[i].caps;
	return priv_drop(&(struct priv_drop){.keep = keep, .ambient = true});
}

/* A node has as many connections as it may have descriptors. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int run(struct supervisor *s)
{
	int r = set_up_events(s);
	if (r >= 0)
		r = drop_privileges();
	if (r < 0)
		return r;
	raise_descriptor_limit();
	snprintf(s->address_option, sizeof(s->address_option), "--address=%s", s->place.address);
	snprintf(s->state_option, sizeof(s->state_option), "--state-dir=%s", s->place.state);
	snprintf(
		s->runtime_option, sizeof(s->runtime_option), "--runtime-dir=%s", s->place.runtime);
	snprintf(s->user_option, sizeof(s->user_option), "--user=%u:%u", s->place.user.uid,
		s->place.user.gid);
	add_children(s);
	start_all(s);
	r = sd_event_loop(s->event);
	for (size_t i = s->n_children; i-- > 0;)
		child_done(&s->children[i]);
	return r;
}

int supervisor_run(const struct place_options *o)
{
	struct supervisor s = {0};
	struct err e = {0};
	log_set_role("supervisor");
	s.worker_fd = spawn_worker_open();
	if (s.worker_fd < 0) {
		log_error("metacd-worker is neither beside metacd nor in " METAC_LIBEXECDIR);
		return 1;
	}
	int r = place_open(o, &s.place, &e);
	if (r < 0) {
		log_error("%s", e.msg);
		fd_close(s.worker_fd);
		return r == -EINVAL ? 2 : 1; /* bad usage, or bad luck */
	}
	r = run(&s);
	if (r < 0)
		log_error("%s", strerror(-r));
	sd_event_unref(s.event);
	fd_close(s.worker_fd);
	place_close(&s.place);
	return r < 0;
}
