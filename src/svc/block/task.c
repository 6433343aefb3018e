/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: task.h.
 *
 * The result comes through a pipe, which also tells of the child's end.  The child is reaped when
 * its pidfd says so; one that was given up is left to a source that belongs to the event loop.
 */
#include "svc/block/task.h"
#include "base/fdpass.h"
#include "base/log.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct task {
	struct task_config cfg;
	sd_event_source *child, *timer;
	int result_fd;
};

int task_failed(struct task_result *ret, int r, const char *what)
{
	(void)snprintf(ret->text, sizeof(ret->text), "%s: %s", what, strerror(-r));
	return r;
}

/* ---- in the child -------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void close_others(const struct task_config *cfg, int result_fd)
{
	int keep[TASK_FDS_MAX + 1] = {result_fd};
	size_t n = 1;
	for (size_t i = 0; i < cfg->n_fds; i++)
		if (cfg->fds[i] >= 0)
			keep[n++] = cfg->fds[i];
	qsort(keep, n, sizeof(keep[0]), compare);
	unsigned from = 3; /* the log stays */
	for (size_t i = 0; i < n; i++) {
		if ((unsigned)keep[i] > from)
			(void)syscall(SYS_close_range, from, keep[i] - 1, 0);
		from = (unsigned)keep[i] + 1;
	}
	(void)syscall(SYS_close_range, from, ~0U, 0);
}

__attribute__((noreturn)) static void run_child(
	const struct task_config *cfg, int result_fd, pid_t parent)
{
	static struct task_result result = {.fd = -EBADF};
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	(void)prctl(PR_SET_NAME, "metacd:blk-task");
	close_others(cfg, result_fd);
	char go;
	if (recv(result_fd, &go, 1, 0) != 1)
		_exit(1);
	result.code = cfg->run(cfg->arg, cfg->fds, &result);
	size_t n = offsetof(struct task_result, data) + result.len;
	struct iovec iov = {.iov_base = &result, .iov_len = n};
	_exit(fdpass_sendmsg(result_fd, &iov, 1, MSG_NOSIGNAL, &result.fd, result.fd >= 0) < 0);
}

/* ---- in the service ------------------------------------------------------------------------ */

static void read_result(struct task *t, struct task_result *ret)
{
	size_t head = offsetof(struct task_result, data), n_fds = 0;
	int fd = -EBADF;
	ssize_t n = fdpass_recvmsg(t->result_fd, ret, sizeof(*ret), MSG_DONTWAIT, &fd, 1, &n_fds);
	ret->fd = n_fds ? fd : -EBADF;
	ret->text[sizeof(ret->text) - 1] = 0;
	if (n >= (ssize_t)head && ret->len <= sizeof(ret->data) && (size_t)n == head + ret->len)
		return;
	fd_close(ret->fd);
	*ret = (struct task_result){.code = -EIO, .fd = -EBADF};
	(void)snprintf(ret->text, sizeof(ret->text), "the task has died");
}

static int on_exit_(sd_event_source *source, const siginfo_t *si, void *user)
{
	struct task *t = user;
	static struct task_result result; /* large, and nothing is called again meanwhile */
	read_result(t, &result);
	t->timer = sd_event_source_disable_unref(t->timer);
	t->cfg.done(t->cfg.user, &result);
	result.fd = fd_close(result.fd);
	return 0;
}

static int on_abandoned_exit(sd_event_source *source, const siginfo_t *si, void *user)
{
	/* Reaped by the event loop, which also owned the source until now. */
	(void)sd_event_source_set_floating(source, false);
	return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	struct task *t = user;
	static struct task_result result;
	result = (struct task_result){.code = -ETIMEDOUT, .fd = -EBADF};
	(void)sd_event_source_send_child_signal(t->child, SIGKILL, NULL, 0);
	/* Whoever waits in the kernel does not end by a signal: nobody waits for him. */
	(void)snprintf(result.text, sizeof(result.text), "the device does not answer in time");
	(void)sd_event_source_set_enabled(t->child, SD_EVENT_OFF);
	t->cfg.done(t->cfg.user, &result);
	return 0;
}

static int watch(struct task *t, pid_t pid)
{
	int r = sd_event_add_child(t->cfg.event, &t->child, pid, WEXITED, on_exit_, t);
	if (r < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return r;
	}
	return sd_event_add_time_relative(
		t->cfg.event, &t->timer, CLOCK_MONOTONIC, t->cfg.timeout_us, 0, on_timeout, t);
}

static void close_taken(const struct task_config *cfg)
{
	for (size_t i = 0; i < cfg->n_fds && cfg->takes_fds; i++)
		fd_close(cfg->fds[i]);
}

int task_new(const struct task_config *cfg, struct task **ret)
{
	int pair[2];
	assert(cfg->n_fds <= TASK_FDS_MAX);
	struct task *t = calloc(1, sizeof(*t));
	if (!t || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		int r = t ? -errno : -ENOMEM;
		close_taken(cfg);
		free(t);
		return r;
	}
	t->cfg = *cfg;
	t->result_fd = pair[0];
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		run_child(cfg, pair[1], parent);
	int r = pid < 0 ? -errno : 0;
	fd_close(pair[1]);
	close_taken(cfg);
	if (r >= 0)
		r = watch(t, pid);
	if (r >= 0 && send(t->result_fd, "g", 1, MSG_NOSIGNAL) != 1)
		r = -errno;
	if (r < 0)
		task_free(t);
	else
		*ret = t;
	return MIN(r, 0);
}

void task_free(struct task *t)
{
	if (!t)
		return;
	sd_event_source_disable_unref(t->timer);
	fd_close(t->result_fd);
	int state = SD_EVENT_OFF;
	siginfo_t si = {};
	pid_t pid = 0;
	if (t->child) {
		(void)sd_event_source_get_enabled(t->child, &state);
		(void)sd_event_source_get_child_pid(t->child, &pid);
	}
	/* Still there: killed, and reaped whenever it ends. */
	bool there = pid > 0 && waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		     si.si_pid != pid;
	if (there) {
		(void)sd_event_source_send_child_signal(t->child, SIGKILL, NULL, 0);
		sd_event *event = t->cfg.event;
		t->child = sd_event_source_disable_unref(t->child);
		(void)sd_event_add_child(event, NULL, pid, WEXITED, on_abandoned_exit, NULL);
	} else if (pid > 0) {
		(void)waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG);
		t->child = sd_event_source_disable_unref(t->child);
	}
	free(t);
}
