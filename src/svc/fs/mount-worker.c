/* SPDX-License-Identifier: MIT */
/*
 * The worker of a FUSE mount: starting it, and what it and the service tell each other
 * (fuse/9p-mount.h).  Its messages are of one fixed size, and no more than hints: a worker that
 * was taken over can make its own mount connect again, and nothing else.
 */
#include "base/log.h"
#include "svc/fs/mount.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { ARGS_MAX = 8 + 2 * MOUNTFD_MAPS_MAX, MESSAGES_MAX = 16, ID_TEXT = 64 };

static void handle(struct mount *m, const struct mount_message *msg)
{
	switch ((enum mount_message_type)msg->type) {
	case MOUNT_ATTACHED:
		m->attached = true;
		mount_on_connected(m);
		break;
	case MOUNT_RECOVERED:
		mount_on_connected(m);
		break;
	case MOUNT_LOST_CONNECTION:
		mount_on_lost(m, *msg->text ? msg->text : "the 9P connection ended");
		break;
	case MOUNT_REFUSED:
		mount_on_refused(m, msg->error ?: EIO, *msg->text ? msg->text : "refused");
		break;
	case MOUNT_STATS:
		m->stats = msg->stats;
		mount_info_answer(m);
		break;
	case MOUNT_KILLED:
		(void)mount_killed_answer(m->control, msg);
		break;
	case MOUNT_CONNECTION:
	case MOUNT_OVER:
		break; /* not for it to say */
	}
}

static int on_control(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct mount *m = user;
	struct mount_message msg;
	int attached = -EBADF;
	/* One at a time: handling it may be the end of m. */
	int r = mount_message_recv(fd, &msg, &attached);
	fd_close(attached);
	if (r == 1)
		handle(m, &msg);
	else if (r != -EAGAIN) /* its end is told by the process */
		m->control_src = sd_event_source_disable_unref(m->control_src);
	return 0;
}

static int on_exit_(sd_event_source *source, const siginfo_t *si, void *user)
{
	mount_on_worker_end(user);
	return 0;
}

static size_t add_ids(const char **argv, size_t n, const struct mount_ids *ids, const char *option,
	char (*text)[ID_TEXT])
{
	for (size_t i = 0; i < ids->n; i++) {
		const struct mountfd_map *id = &ids->maps[i];
		if (id->count == UINT32_MAX)
			(void)snprintf(text[i], ID_TEXT, "--%s=*:%u", option, id->remote);
		else
			(void)snprintf(text[i], ID_TEXT, "--%s=%u:%u:%u", option, id->local,
				id->remote, id->count);
		argv[n++] = text[i];
	}
	return n;
}

static int spawn(struct mount *m, int control, int fuse_fd, struct spawn_child *ret)
{
	char timeout[40], users[MOUNTFD_MAPS_MAX][ID_TEXT], groups[MOUNTFD_MAPS_MAX][ID_TEXT];
	const char *argv[ARGS_MAX] = {"metacd: mount", "--role=9p-mount"};
	size_t n = 2;
	if (m->read_only)
		argv[n++] = "--read-only";
	if (m->timeout_s) {
		(void)snprintf(timeout, sizeof(timeout), "--timeout=%u", m->timeout_s);
		argv[n++] = timeout;
	}
	n = add_ids(argv, n, &m->users, "map-user", users);
	n = add_ids(argv, n, &m->groups, "map-group", groups);
	const int fds[] = {control, fuse_fd};
	return spawn_worker(argv, fds, ARRAY_SIZE(fds), ret);
}

static int watch(struct mount *m, struct spawn_child *child)
{
	sd_event *event = m->fs->streams.loop->event;
	int r = sd_event_add_child_pidfd(event, &m->child_src, child->pidfd, WEXITED, on_exit_, m);
	if (r < 0) {
		spawn_kill(child, SIGKILL);
		spawn_wait(child);
		return r;
	}
	sd_event_source_set_child_pidfd_own(m->child_src, true);
	sd_event_source_set_child_process_own(m->child_src, true);
	/* What it said last comes before its end. */
	r = sd_event_source_set_priority(m->child_src, SD_EVENT_PRIORITY_NORMAL + 1);
	if (r >= 0)
		r = sd_event_add_io(event, &m->control_src, m->control, EPOLLIN, on_control, m);
	return r;
}

int mount_worker_start(struct mount *m, int takes_fuse_fd, struct err *e)
{
	AUTO_CLOSE int fuse_fd = takes_fuse_fd;
	int pair[2];
	struct spawn_child child = {.pidfd = -EBADF};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(e, -errno, "socketpair");
	mount_worker_stop(m);
	m->control = pair[0];
	m->attached = false;
	m->stats = (struct mount_stats){};
	int r = spawn(m, pair[1], fuse_fd, &child);
	fd_close(pair[1]);
	if (r >= 0)
		r = watch(m, &child);
	return r < 0 ? err_errno(e, r, "start the mount worker") : 0;
}

int mount_worker_connect(struct mount *m, int fd)
{
	return m->control < 0 ? -EPIPE : mount_connection_send(m->control, fd);
}

void mount_worker_over(struct mount *m, int error, const char *why)
{
	int r = m->control < 0 ? -EPIPE : mount_word_send(m->control, MOUNT_OVER, error, why);
	if (r < 0)
		log_warning("mount %s: cannot tell its worker that it is over: %s", m->path,
			strerror(-r));
}

static int on_stats_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	mount_info_answer(user);
	return 0;
}

int mount_worker_ask(struct mount *m)
{
	if (m->control < 0 || !m->control_src)
		return -EPIPE;
	int r = mount_word_send(m->control, MOUNT_STATS, 0, NULL);
	if (r >= 0 && !m->stats_timer)
		r = sd_event_add_time_relative(m->fs->streams.loop->event, &m->stats_timer,
			CLOCK_MONOTONIC, MOUNT_STATS_US, 0, on_stats_timeout, m);
	return r;
}

void mount_worker_stop(struct mount *m)
{
	m->control_src = sd_event_source_disable_unref(m->control_src);
	m->control = fd_close(m->control);
	m->child_src = sd_event_source_disable_unref(m->child_src); /* kills and reaps */
	mount_info_answer(m);
}
