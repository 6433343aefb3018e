/* SPDX-License-Identifier: MIT */
/*
 * Starting qemu's storage daemon with nothing but three descriptors: theory of operation in
 * image-daemon.h.
 */
#include "svc/fs/block/image-daemon.h"
#include "sys/landlock.h"
#include "sys/seccomp.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { FD_QMP = 3, MEMORY_MAX_MB = 2048, FILES_MAX = 1024 };

static const char *const programs[] = {
	"/usr/bin/qemu-storage-daemon",
	"/usr/local/bin/qemu-storage-daemon",
	"/usr/libexec/qemu-storage-daemon",
};

/* The program that loads a program's libraries, by machine. */
static const char *const loaders[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1",
	"/lib/ld-linux-armhf.so.3", "/lib/ld-linux.so.2", "/lib64/ld64.so.2", "/lib/ld64.so.1",
	"/lib/ld-linux-riscv64-lp64d.so.1"};

static const char *const libraries[] = {
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/dev/urandom"};

const char *image_daemon_program(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (!access(programs[i], X_OK))
			return programs[i];
	return NULL;
}

/* ---- in the child -------------------------------------------------------------------------- */

static int confine_files(const char *program, bool read_only)
{
	uint64_t image = LANDLOCK_MAY_READ | LANDLOCK_MAY_IOCTL;
	struct landlock l;
	if (!read_only)
		image |= LANDLOCK_MAY_WRITE;
	int r = landlock_init(&l);
	if (r >= 0 && !l.abi)
		r = -ENOSYS;
	if (r >= 0)
		r = landlock_allow(&l, IMAGE_FD_FILE, image);
	if (r >= 0)
		r = landlock_allow_path(&l, program, LANDLOCK_MAY_EXECUTE | LANDLOCK_MAY_READ);
	for (size_t i = 0; i < ARRAY_SIZE(loaders) && r >= 0; i++)
		r = landlock_allow_path(&l, loaders[i], LANDLOCK_MAY_EXECUTE | LANDLOCK_MAY_READ);
	for (size_t i = 0; i < ARRAY_SIZE(libraries) && r >= 0; i++)
		r = landlock_allow_path(&l, libraries[i], LANDLOCK_MAY_READ);
	if (r >= 0)
		r = landlock_allow_path(&l, "/dev/null", LANDLOCK_MAY_READ | LANDLOCK_MAY_WRITE);
	if (r >= 0)
		return landlock_restrict(&l);
	landlock_done(&l);
	return r;
}

/* No new socket, process or connection; what else it asks for is refused, since it is not our
 * program and asks for more than it needs. */
static int confine_calls(void)
{
	static const char *const calls[] = {"@base", "@loop", "@socket", "clone:thread",
		"set_tid_address", "prctl", "execve", "mmap", "mprotect", "open", "openat",
		"access", "faccessat", "faccessat2", "stat", "lstat", "readlink", "readlinkat",
		"getdents64", "fstatfs", "ioctl", "listen", "fsync", "fdatasync", "ftruncate",
		"fallocate", "sync_file_range", "copy_file_range", "fadvise64", "uname",
		"getrlimit", "setrlimit", "prlimit64", NULL};
	return seccomp_confine(calls, SECCOMP_ELSE_EPERM);
}

static int limit(int resource, rlim_t n)
{
	struct rlimit l;
	if (getrlimit((unsigned)resource, &l) < 0)
		return -errno;
	l.rlim_cur = l.rlim_max = MIN(n, l.rlim_max);
	return setrlimit((unsigned)resource, &l) < 0 ? -errno : 0;
}

static int limits(void)
{
	int r = limit(RLIMIT_DATA, (rlim_t)MEMORY_MAX_MB << 20);
	if (r >= 0)
		r = limit(RLIMIT_NOFILE, FILES_MAX);
	return r < 0 ? r : limit(RLIMIT_CORE, 0);
}

/* Where it prints, nobody reads: it would print what is in the image. */
static int descriptors(int qmp)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	if (dup2(qmp, FD_QMP) < 0) /* in the place of the keeper's control socket */
		return -errno;
	unsigned first = IMAGE_FD_FILE + 1;
	return syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

__attribute__((noreturn)) static void run(
	const char *program, bool read_only, int qmp, pid_t parent)
{
	static const char *const argv[] = {"qemu-storage-daemon", "--chardev", "socket,id=qmp,fd=3",
		"--monitor", "chardev=qmp", "--nbd-server", "addr.type=fd,addr.str=4", NULL};
	static const char *const env[] = {"LC_ALL=C", NULL};
	int r = prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 ? -errno : 0;
	if (r >= 0 && getppid() != parent)
		r = -ESRCH;
	if (r >= 0)
		r = descriptors(qmp);
	if (r >= 0)
		r = confine_files(program, read_only);
	if (r >= 0)
		r = confine_calls();
	if (r >= 0)
		r = limits(); /* of the daemon's memory; ours may be more already */
	if (r >= 0) {
		execve(program, (char *const *)argv, (char *const *)env);
		r = -errno;
	}
	_exit(-r);
}

/* ---- in the keeper ------------------------------------------------------------------------- */

int image_daemon_start(bool read_only, struct image_daemon *ret)
{
	int pair[2];
	const char *program = image_daemon_program();
	if (!program)
		return -ENOENT;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t keeper = getpid(), pid = fork();
	if (!pid)
		run(program, read_only, pair[1], keeper);
	int err = errno;
	fd_close(pair[1]);
	int pidfd = pid < 0 ? -EBADF : (int)syscall(SYS_pidfd_open, pid, 0);
	if (pid < 0 || pidfd < 0) {
		fd_close(pair[0]);
		return pid < 0 ? -err : -errno;
	}
	*ret = (struct image_daemon){.pid = pid, .pidfd = pidfd, .qmp = pair[0]};
	return 0;
}

int image_daemon_end(struct image_daemon *d)
{
	int status = 0;
	pid_t pid;
	do
		pid = waitpid(d->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	d->pidfd = fd_close(d->pidfd);
	d->qmp = fd_close(d->qmp);
	if (pid < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

void image_daemon_kill(const struct image_daemon *d)
{
	(void)syscall(SYS_pidfd_send_signal, d->pidfd, SIGKILL, NULL, 0);
}
