/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: child.h.
 *
 * A role that serves is asked again and again whether it still turns its event loop; one that
 * does not answer in time is killed, and so is one that closes its control socket without
 * ending.
 */
#include "role/child.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { OPTIONS_MAX = 8 };

const struct child_times child_default_times = {
	.back_off_min_us = 100 * 1000,
	.back_off_max_us = 30 * 1000 * 1000,
	.start_us = 60 * 1000 * 1000,
	.proven_us = 30 * 1000 * 1000,
	.ping_every_us = 10 * 1000 * 1000,
	.hung_us = 30 * 1000 * 1000,
	.close_grace_us = 5 * 1000 * 1000,
};

static uint64_t now_of(struct child *c)
{
	uint64_t now = 0;
	(void)sd_event_now(c->event, CLOCK_MONOTONIC, &now);
	return now;
}

static int set_timer(struct child *c, sd_event_source **timer, uint64_t delay_us,
	sd_event_time_handler_t handler)
{
	*timer = sd_event_source_disable_unref(*timer);
	return sd_event_add_time_relative(
		c->event, timer, CLOCK_MONOTONIC, delay_us, 10 * 1000, handler, c);
}

void child_init(struct child *c, const struct role *role, const struct child_times *times,
	sd_event *event, const struct child_events *events)
{
	*c = (struct child){
		.role = role,
		.times = times,
		.event = event,
		.events = events,
		.process.pidfd = -EBADF,
		.control = -EBADF,
		.back_off_us = times->back_off_min_us,
	};
}

static void drop_sources(struct child *c)
{
	c->on_exit = sd_event_source_disable_unref(c->on_exit);
	c->on_control = sd_event_source_disable_unref(c->on_control);
	c->timer = sd_event_source_disable_unref(c->timer);
	c->kill_timer = sd_event_source_disable_unref(c->kill_timer);
	c->control = fd_close(c->control);
}

void child_done(struct child *c)
{
	if (c->state != CHILD_DOWN) {
		(void)spawn_kill(&c->process, SIGKILL);
		(void)spawn_wait(&c->process);
	}
	c->state = CHILD_DOWN;
	drop_sources(c);
}

/* ---- its end ------------------------------------------------------------------------------- */

static void log_end(const struct child *c, int status)
{
	const char *name = c->role->name;
	if (status < 0)
		log_error("%s: cannot be waited for: %s", name, strerror(-status));
	else if (WIFSIGNALED(status))
		log_line(c->planned ? LOG_INFO : LOG_ERROR, "%s (process %d) ended by signal %d%s",
			name, c->process.pid, WTERMSIG(status),
			WTERMSIG(status) == SIGSYS ? ": a system call it may not make" : "");
	else if (WEXITSTATUS(status) || !c->planned)
		log_warning("%s (process %d) ended with status %d", name, c->process.pid,
			WEXITSTATUS(status));
}

static int on_process_exit(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct child *c = user;
	bool planned = c->planned;
	drop_sources(c); /* before the pidfd is closed */
	log_end(c, spawn_wait(&c->process));
	c->state = CHILD_DOWN;
	c->planned = false;
	c->events->ended(c->events->user, c, planned);
	return 0;
}

void child_kill(struct child *c)
{
	if (c->state == CHILD_DOWN)
		return;
	int r = spawn_kill(&c->process, SIGKILL);
	if (r < 0)
		log_error("cannot kill %s: %s", c->role->name, strerror(-r));
}

static int on_grace_over(sd_event_source *source, uint64_t usec, void *user)
{
	struct child *c = user;
	log_warning("%s (process %d) does not end: killing it", c->role->name, c->process.pid);
	child_kill(c);
	return 0;
}

void child_stop(struct child *c, uint64_t grace_us)
{
	if (c->state == CHILD_DOWN || c->planned)
		return;
	c->planned = true;
	int r = spawn_kill(&c->process, SIGTERM);
	if (r >= 0)
		r = set_timer(c, &c->kill_timer, grace_us, on_grace_over);
	if (r < 0)
		child_kill(c);
}

/* ---- its life ------------------------------------------------------------------------------ */

static int on_ping_time(sd_event_source *source, uint64_t usec, void *user)
{
	struct child *c = user;
	uint64_t now = now_of(c);
	if (c->ping_sent_us && now - c->ping_sent_us >= c->times->hung_us) {
		log_error("%s (process %d) has not answered for %u s: killing it", c->role->name,
			c->process.pid, (unsigned)((now - c->ping_sent_us) / 1000000));
		child_kill(c);
		return 0;
	}
	if (!c->ping_sent_us) {
		c->ping_sent_us = now;
		(void)control_send(
			c->control, CONTROL_PING, NULL, -EBADF); /* no answer tells all */
	}
	if (now - c->started_us >= c->times->proven_us)
		c->back_off_us = c->times->back_off_min_us;
	return set_timer(c, &c->timer, c->times->ping_every_us, on_ping_time);
}

static void handle_message(struct child *c, const struct control_message *m)
{
	switch (m->type) {
	case CONTROL_READY:
		if (c->state != CHILD_STARTING)
			break;
		c->state = CHILD_READY;
		c->ping_sent_us = 0;
		if (set_timer(c, &c->timer, c->times->ping_every_us, on_ping_time) < 0)
			log_error("no timer for %s", c->role->name);
		c->events->ready(c->events->user, c);
		break;
	case CONTROL_STATUS:
		memcpy(c->status, m->name, sizeof(c->status));
		break;
	case CONTROL_PONG:
		c->ping_sent_us = 0;
		break;
	default:
		break; /* nothing a role has to say */
	}
}

static int on_control(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct child *c = user;
	struct control_message m;
	AUTO_CLOSE int attached = -EBADF;
	int r = control_recv(fd, &m, &attached);
	if (r == -EAGAIN)
		return 0;
	if (r > 0) {
		handle_message(c, &m);
		return 0;
	}
	/* The end: usually of the process as well, which its pidfd tells. */
	c->on_control = sd_event_source_disable_unref(c->on_control);
	if (c->kill_timer)
		return 0;
	return set_timer(c, &c->kill_timer, c->times->close_grace_us, on_grace_over);
}

static int spawn_role(
	struct child *c, const char *const *options, int control, const int *fds, size_t n_fds)
{
	char role_option[64];
	const char *argv[OPTIONS_MAX + 3] = {c->role->title, role_option};
	int all[SPAWN_FDS_MAX] = {control};
	size_t n = 2;
	snprintf(role_option, sizeof(role_option), "--role=%s", c->role->name);
	for (; *options; options++) {
		assert(n < ARRAY_SIZE(argv) - 1);
		argv[n++] = *options;
	}
	assert(n_fds < ARRAY_SIZE(all));
	for (size_t i = 0; i < n_fds; i++)
		all[i + 1] = fds[i];
	return spawn_self(argv, all, n_fds + 1, &c->process);
}

static int on_start_time(sd_event_source *source, uint64_t usec, void *user)
{
	struct child *c = user;
	log_error("%s (process %d) does not get ready: killing it", c->role->name, c->process.pid);
	child_kill(c);
	return 0;
}

int child_start(struct child *c, const char *const *options, const int *fds, size_t n_fds)
{
	assert(c->state == CHILD_DOWN);
	int sv[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sv) < 0)
		return -errno;
	AUTO_CLOSE int theirs = sv[1];
	drop_sources(c);
	c->control = sv[0];
	int r = spawn_role(c, options, theirs, fds, n_fds);
	if (r < 0) {
		drop_sources(c);
		return r;
	}
	c->state = CHILD_STARTING;
	c->started_us = now_of(c);
	c->ping_sent_us = 0;
	c->status[0] = '\0';
	r = sd_event_add_io(c->event, &c->on_exit, c->process.pidfd, EPOLLIN, on_process_exit, c);
	if (r >= 0)
		r = sd_event_add_io(c->event, &c->on_control, c->control, EPOLLIN, on_control, c);
	if (r >= 0)
		r = set_timer(c, &c->timer, c->times->start_us, on_start_time);
	if (r < 0)
		child_done(c);
	else
		log_debug("%s is process %d", c->role->name, c->process.pid);
	return r;
}

static int on_due(sd_event_source *source, uint64_t usec, void *user)
{
	struct child *c = user;
	c->timer = sd_event_source_disable_unref(c->timer);
	c->events->due(c->events->user, c);
	return 0;
}

void child_restart_later(struct child *c)
{
	assert(c->state == CHILD_DOWN);
	if (now_of(c) - c->started_us >= c->times->proven_us)
		c->back_off_us = c->times->back_off_min_us;
	uint64_t wait = c->back_off_us;
	c->back_off_us = MIN(2 * wait, c->times->back_off_max_us);
	log_info("%s starts again in %u.%u s", c->role->name, (unsigned)(wait / 1000000),
		(unsigned)(wait / 100000 % 10));
	if (set_timer(c, &c->timer, wait, on_due) < 0)
		log_error("no timer to start %s again", c->role->name);
}

int child_send_link(struct child *node, const char *service, int fd)
{
	return node->state == CHILD_DOWN
		       ? -ENOTCONN
		       : control_send(node->control, CONTROL_SERVICE_LINK, service, fd);
}
