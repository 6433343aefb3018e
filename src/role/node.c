/* SPDX-License-Identifier: MIT */
/*
 * Role `node`: relays capabilities between services, administrators and other nodes.  It holds
 * its two listening sockets and the control socket, runs as an unprivileged user, and opens nothing
 * but TCP connections to other nodes.
 */
#include "base/log.h"
#include "core/node.h"
#include "core/ref.h"
#include "role/roles.h"
#include "sys/control.h"
#include "sys/landlock.h"
#include "sys/seccomp.h"

#include <getopt.h>
#include <signal.h>

struct node_role {
	struct loop loop;
	struct node *node;
};

static int on_control(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct node_role *me = user;
	struct control_message m;
	AUTO_CLOSE int attached = -EBADF;
	int r = control_serve(fd, &m, &attached);
	if (r == -EAGAIN)
		return 0;
	if (r <= 0)
		return sd_event_exit(me->loop.event, 0); /* the supervisor is gone */
	if (m.type == CONTROL_SERVICE_LINK && attached >= 0) {
		r = node_add_service_link(me->node, m.name, TAKE_FD(attached));
		if (r < 0)
			log_error("link to service \"%s\": %s", m.name, strerror(-r));
	}
	return 0;
}

/* From here on: no files, and only the calls that sockets and the event loop need. */
static int lock_down(void)
{
	static const char *const calls[] = {"@base", "@loop", "@socket", "@connect", NULL};
	struct landlock l;
	int r = landlock_init_files(&l);
	if (r >= 0)
		r = landlock_restrict(&l);
	return r < 0 ? r : seccomp_confine(calls, SECCOMP_ELSE_KILL);
}

static int serve(struct node_role *me, const char *address)
{
	int r = loop_init(&me->loop);
	if (r >= 0)
		r = node_new(&me->loop, address, &me->node);
	if (r >= 0)
		r = node_listen_admin(me->node, CONTROL_FD_UNIX);
	if (r >= 0)
		r = node_listen(me->node, CONTROL_FD_TCP);
	sd_event *e = me->loop.event;
	if (r >= 0)
		r = sd_event_add_io(e, NULL, CONTROL_FD, EPOLLIN, on_control, me);
	if (r >= 0)
		r = sd_event_add_signal(e, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(e, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = lock_down();
	if (r >= 0)
		r = control_send(CONTROL_FD, CONTROL_READY, "node", -EBADF);
	return r >= 0 ? sd_event_loop(e) : r;
}

int role_node(int argc, char **argv)
{
	static const struct option options[] = {{"address", required_argument, NULL, 'a'}, {}};
	char address[64] = "";
	log_set_role("node");
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (c != 'a' || address_canonical(optarg, address, sizeof(address)) < 0)
			return 2;
	struct node_role me = {};
	int r = *address ? serve(&me, address) : -EINVAL;
	if (r < 0)
		log_error("cannot serve: %s", strerror(-r));
	node_free(me.node);
	loop_done(&me.loop);
	return r < 0 ? 1 : r;
}
