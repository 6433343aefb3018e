/* SPDX-License-Identifier: MIT */
/*
 * The worker of an attachment: starting it, and what it and the service tell each other
 * (core/block-control.h).  Its messages are of one fixed size, and no more than hints: a worker
 * that was taken over can make its own attachment connect again, or be of a strange size, and
 * nothing else.
 */
#include "base/log.h"
#include "svc/block/attach.h"
#include "sys/spawn.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { ARGS_MAX = 8 };

/* What the kernel is going to believe. */
static bool is_sane(const struct block_export *x)
{
	return x->size <= INT64_MAX;
}

static void handle(struct attachment *a, const struct block_message *m)
{
	switch ((enum block_message_type)m->type) {
	case BLOCK_ATTACHED:
	case BLOCK_RECOVERED:
		if (!is_sane(&m->export)) {
			attach_on_refused(a, EPROTO, "a device of a size that cannot be");
			break;
		}
		a->export = m->export;
		attach_on_negotiated(a);
		break;
	case BLOCK_LOST_CONNECTION:
		attach_on_lost(a, *m->text ? m->text : "the NBD connection ended");
		break;
	case BLOCK_REFUSED:
		attach_on_refused(a, m->error ?: EIO, *m->text ? m->text : "refused");
		break;
	case BLOCK_FLUSHED:
		if (a->front->flushed)
			a->front->flushed(a, m->error);
		break;
	default:
		break; /* not for it to say, or not asked for */
	}
}

static int on_control(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct attachment *a = user;
	struct block_message m;
	int attached = -EBADF;
	/* One at a time: handling it may be the end of a. */
	int r = block_message_recv(fd, &m, &attached);
	fd_close(attached);
	if (r == 1)
		handle(a, &m);
	else if (r != -EAGAIN) /* its end is told by the process */
		a->control_src = sd_event_source_disable_unref(a->control_src);
	return 0;
}

static int on_exit_(sd_event_source *source, const siginfo_t *si, void *user)
{
	struct attachment *a = user;
	if (si->si_code != CLD_EXITED || si->si_status)
		log_warning("%s: its worker has ended by %s %d", attach_title(a),
			si->si_code == CLD_EXITED ? "status" : "signal", si->si_status);
	attach_on_worker_end(a);
	return 0;
}

static int spawn(
	struct attachment *a, const char *const *mode, int control, int fd, struct spawn_child *ret)
{
	char timeout[40];
	const char *argv[ARGS_MAX] = {"metacd: block", "--role=nbd-client"};
	size_t n = 2;
	for (const char *const *m = mode; *m; m++)
		argv[n++] = *m;
	if (a->read_only)
		argv[n++] = "--read-only";
	if (a->timeout_s) {
		(void)snprintf(timeout, sizeof(timeout), "--timeout=%u", a->timeout_s);
		argv[n++] = timeout;
	}
	const int fds[] = {control, fd};
	return spawn_worker(argv, fds, ARRAY_SIZE(fds), ret);
}

static int watch(struct attachment *a, struct spawn_child *child)
{
	sd_event *event = service_loop(a->bs->service)->event;
	int r = sd_event_add_child_pidfd(event, &a->child_src, child->pidfd, WEXITED, on_exit_, a);
	if (r < 0) {
		spawn_kill(child, SIGKILL);
		spawn_wait(child);
		return r;
	}
	sd_event_source_set_child_pidfd_own(a->child_src, true);
	sd_event_source_set_child_process_own(a->child_src, true);
	/* What it said last comes before its end. */
	r = sd_event_source_set_priority(a->child_src, SD_EVENT_PRIORITY_NORMAL + 1);
	if (r >= 0)
		r = sd_event_add_io(event, &a->control_src, a->control, EPOLLIN, on_control, a);
	return r;
}

int attach_worker_start(struct attachment *a, const char *const *mode, int fd, struct err *e)
{
	int pair[2];
	struct spawn_child child = {.pidfd = -EBADF};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(e, -errno, "socketpair");
	attach_worker_stop(a);
	a->control = pair[0];
	int r = spawn(a, mode, pair[1], fd, &child);
	fd_close(pair[1]);
	if (r >= 0)
		r = watch(a, &child);
	return r < 0 ? err_errno(e, r, "start the worker") : 0;
}

int attach_worker_connect(struct attachment *a, int fd)
{
	return a->control < 0 ? -EPIPE
			      : block_connection_send(a->control, fd, a->epoch, a->epoch_len);
}

void attach_worker_over(struct attachment *a, int error, const char *why)
{
	int r = a->control < 0 ? -EPIPE : block_word_send(a->control, BLOCK_OVER, error, why);
	if (r < 0)
		log_warning("%s: cannot tell its worker that it is over: %s", attach_title(a),
			strerror(-r));
}

int attach_worker_size(struct attachment *a, uint64_t size)
{
	struct block_message m = {.type = BLOCK_RESIZE, .size = size};
	return a->control < 0 ? -EPIPE : block_message_send(a->control, &m, -EBADF);
}

int attach_worker_flush(struct attachment *a)
{
	return a->control < 0 ? -EPIPE : block_word_send(a->control, BLOCK_FLUSH, 0, NULL);
}

void attach_worker_stop(struct attachment *a)
{
	a->control_src = sd_event_source_disable_unref(a->control_src);
	a->control = fd_close(a->control);
	a->child_src = sd_event_source_disable_unref(a->child_src); /* kills and reaps */
}
