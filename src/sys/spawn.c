/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: spawn.h.
 *
 * The child is forked with all signals blocked, so no handler of the parent runs in it.  It has the
 * parent's memory until it executes the program, and the parent waits so long (vfork): copying the
 * page tables of a service that has grown would take longer than all the rest.  What the child
 * writes is its own part of the plan, which nobody reads afterwards.  It first
 * moves the wanted descriptors out of the way (they may be anywhere, also where another has to
 * go), then puts them in place; everything else is marked close-on-exec in one call.  A pipe that
 * closes at exec tells the parent of success, or carries the errno of what failed.
 */
#include "sys/spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { FD_AWAY = 64 }; /* where descriptors are parked; above all targets */

enum { ENV_MAX = 32 };

struct plan {
	const char *const *argv;
	int exe; /* the program of a role; -EBADF: this one */
	const char *file; /* NULL: a role */
	const int *fds;
	size_t n_fds;
	int stdio_fd;
	pid_t parent;
	int report;
	char *env[ENV_MAX + 1]; /* of a role */
};

/* An administrator's shell is full of what is nobody's business; a role that parses what strangers
 * send has none of it in its memory. A trailing "_" stands for all that begins so. */
static const char *const env_kept[] = {"METAC_", "VAT_TRACE", "PATH", "TZ", "LANG", "LC_ALL",
	"JOURNAL_STREAM", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
	"LLVM_PROFILE_FILE", "GCOV_PREFIX", "GCOV_PREFIX_STRIP"};

static bool is_env_kept(const char *var)
{
	for (size_t i = 0; i < ARRAY_SIZE(env_kept); i++) {
		size_t n = strlen(env_kept[i]);
		if (!strncmp(var, env_kept[i], n) && (var[n] == '=' || env_kept[i][n - 1] == '_'))
			return true;
	}
	return false;
}

static void choose_env(struct plan *p)
{
	size_t n = 0;
	for (char **var = environ; var && *var && n < ENV_MAX; var++)
		if (is_env_kept(*var))
			p->env[n++] = *var;
}

static int fd_park(int fd)
{
	int r = fcntl(fd, F_DUPFD_CLOEXEC, FD_AWAY);
	return r < 0 ? -errno : r;
}

static int child_signals(void)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};
	for (int sig = 1; sig < _NSIG; sig++)
		sigaction(sig, &sa, NULL); /* fails for KILL, STOP and libc's own: fine */
	sigset_t none;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static int child_die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return getppid() == parent ? 0 : -ESRCH; /* it had died before: nobody reads this */
}

static int child_stdio(int stdio_fd, bool is_role)
{
	if (stdio_fd < 0 && !is_role)
		return 0;
	AUTO_CLOSE int null = -EBADF;
	if (stdio_fd < 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null < 0)
			return -errno;
	}
	int from = stdio_fd < 0 ? null : stdio_fd;
	if (dup2(from, STDIN_FILENO) < 0)
		return -errno;
	if (stdio_fd >= 0 && dup2(from, STDOUT_FILENO) < 0)
		return -errno;
	if (null == STDIN_FILENO)
		null = -EBADF;
	return 0;
}

/* Parks the descriptors, then puts each where it belongs. */
static int child_fds(struct plan *p)
{
	int away[SPAWN_FDS_MAX];
	int r = p->report = fd_park(p->report);
	for (size_t i = 0; i < p->n_fds && r >= 0; i++)
		r = away[i] = p->fds[i] < 0 ? 0 : fd_park(p->fds[i]);
	if (r >= 0 && p->stdio_fd >= 0)
		r = p->stdio_fd = fd_park(p->stdio_fd);
	if (r >= 0 && p->exe >= 0)
		r = p->exe = fd_park(p->exe);
	if (r >= 0)
		r = child_stdio(p->stdio_fd, !p->file);
	for (size_t i = 0; i < p->n_fds && r >= 0; i++) {
		int target = SPAWN_FD_FIRST + (int)i;
		if (p->fds[i] < 0)
			fd_close(target);
		else if (dup2(away[i], target) < 0)
			r = -errno;
	}
	if (r < 0)
		return r;
	unsigned first = SPAWN_FD_FIRST + (unsigned)p->n_fds;
	return syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

__attribute__((noreturn)) static void child_run(struct plan *p)
{
	int r = child_die_with_parent(p->parent);
	if (r >= 0 && !p->file && setsid() < 0)
		r = -errno;
	if (r >= 0)
		r = child_fds(p);
	if (r >= 0)
		r = child_signals();
	if (r >= 0) {
		char *const *argv = (char *const *)p->argv;
		if (p->file)
			execvp(p->file, argv);
		else if (p->exe >= 0)
			syscall(SYS_execveat, p->exe, "", argv, p->env, AT_EMPTY_PATH);
		else
			execve("/proc/self/exe", argv, p->env);
		r = -errno;
	}
	ssize_t n = write(p->report, &r, sizeof(r));
	_exit(n == sizeof(r) ? 127 : 126);
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* 0 when the pipe closed at exec, else what the child reports. */
static int exec_result(int pipe_fd)
{
	int err = 0;
	ssize_t n;
	do
		n = read(pipe_fd, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof(err) ? err : 0;
}

static int spawn(struct plan *p, struct spawn_child *ret)
{
	assert(p->argv[0] && p->n_fds <= SPAWN_FDS_MAX);
	int pipe_fds[2];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	AUTO_CLOSE int read_end = pipe_fds[0];
	AUTO_CLOSE int write_end = pipe_fds[1];
	p->report = write_end;
	choose_env(p);
	p->parent = getpid();

	sigset_t all, saved;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved);
	pid_t pid = vfork();
	if (!pid)
		child_run(p);
	int err = errno;
	sigprocmask(SIG_SETMASK, &saved, NULL);
	if (pid < 0)
		return -err;
	write_end = fd_close(write_end);

	AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int r = pidfd < 0 ? -errno : exec_result(read_end);
	if (r < 0) {
		kill(pid, SIGKILL);
		reap(pid);
		return r;
	}
	*ret = (struct spawn_child){.pid = pid, .pidfd = TAKE_FD(pidfd)};
	return 0;
}

int spawn_self(const char *const *argv, const int *fds, size_t n_fds, struct spawn_child *ret)
{
	struct plan p = {
		.argv = argv, .exe = -EBADF, .fds = fds, .n_fds = n_fds, .stdio_fd = -EBADF};
	return spawn(&p, ret);
}

/* ---- metacd-worker ------------------------------------------------------------------------- */

static int worker_fd = -EBADF;

void spawn_worker_set(int fd)
{
	fd_close(worker_fd);
	worker_fd = fd;
}

int spawn_worker_open(void)
{
	static const char *const places[] = {"metacd-worker", "../libexec/metac/metacd-worker"};
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[MAX(n, (ssize_t)0)] = 0;
	char *slash = strrchr(self, '/');
	int fd = -1;
	for (size_t i = 0; slash && fd < 0 && i < ARRAY_SIZE(places); i++) {
		slash[1] = 0;
		(void)snprintf(path, sizeof(path), "%s%s", self, places[i]);
		fd = open(path, O_PATH | O_CLOEXEC);
	}
	if (fd < 0)
		fd = open(METAC_LIBEXECDIR "/metacd-worker", O_PATH | O_CLOEXEC);
	return fd < 0 ? -ENOENT : fd;
}

int spawn_worker(const char *const *argv, const int *fds, size_t n_fds, struct spawn_child *ret)
{
	AUTO_CLOSE int found = -EBADF;
	struct plan p = {
		.argv = argv, .exe = worker_fd, .fds = fds, .n_fds = n_fds, .stdio_fd = -EBADF};
	if (p.exe < 0)
		p.exe = found = spawn_worker_open();
	return p.exe < 0 ? p.exe : spawn(&p, ret);
}

/* ---- any program --------------------------------------------------------------------------- */

int spawn_program(const char *const *argv, int stdio_fd, struct spawn_child *ret)
{
	struct plan p = {.argv = argv, .exe = -EBADF, .file = argv[0], .stdio_fd = stdio_fd};
	return spawn(&p, ret);
}

int spawn_kill(const struct spawn_child *c, int sig)
{
	if (syscall(SYS_pidfd_send_signal, c->pidfd, sig, NULL, 0) < 0)
		return errno == ESRCH ? 0 : -errno;
	return 0;
}

int spawn_wait(struct spawn_child *c)
{
	int status = 0;
	pid_t pid;
	do
		pid = waitpid(c->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	int r = pid < 0 ? -errno : status;
	c->pidfd = fd_close(c->pidfd);
	return r;
}
