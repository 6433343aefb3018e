/* SPDX-License-Identifier: MIT */
/* Filters are loaded in processes of their own; a negative result is the signal that ended one. */
#include "sys/seccomp.h"
#include "base/test.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int in_child(int (*fn)(void))
{
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		_exit(fn());
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static const char *const base_only[] = {"@base", NULL};

static int work_a_little(void)
{
	char *p = malloc(1 << 20);
	if (!p)
		return 2;
	memset(p, 1, 1 << 20);
	free(p);
	return getpid() > 0 ? 0 : 3;
}

static int killed(void)
{
	if (seccomp_confine(base_only, SECCOMP_ELSE_KILL) < 0)
		return 1;
	if (work_a_little())
		return 2;
	syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	return 3;
}

static int refused(void)
{
	if (seccomp_confine(base_only, SECCOMP_ELSE_EPERM) < 0)
		return 1;
	if (syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) >= 0 || errno != EPERM)
		return 2;
	return syscall(SYS_mkdirat, AT_FDCWD, "/tmp/metac-seccomp", 0700) < 0 ? work_a_little() : 3;
}

static int listed(void)
{
	static const char *const calls[] = {"@base", "@connect", "no_such_call", "mkdirat", NULL};
	if (seccomp_confine(calls, SECCOMP_ELSE_KILL) < 0)
		return 1;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return fd >= 0 && mkdirat(fd, "x", 0) < 0 ? 0 : 2;
}

static int clone3_falls_back(void)
{
	if (seccomp_confine(base_only, SECCOMP_ELSE_KILL) < 0)
		return 1;
	return syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS ? 0 : 2;
}

static int twice(void)
{
	static const char *const first[] = {"@base", "@connect", "seccomp", "prctl", NULL};
	if (seccomp_confine(first, SECCOMP_ELSE_EPERM) < 0)
		return 1;
	if (seccomp_confine(base_only, SECCOMP_ELSE_EPERM) < 0)
		return 2;
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? 0 : 3;
}

static void *nothing(void *arg)
{
	return arg;
}

static int starts_a_thread(void)
{
	static const char *const calls[] = {"@base", "clone:thread", NULL};
	pthread_t id;
	if (seccomp_confine(calls, SECCOMP_ELSE_KILL) < 0)
		return 1;
	return pthread_create(&id, NULL, nothing, NULL) || pthread_join(id, NULL) ? 2 : 0;
}

TEST(a_thread_can_be_started_where_that_is_listed)
{
	CHECK_INT(in_child(starts_a_thread), 0);
}

#if !defined(__SANITIZE_ADDRESS__)
static int starts_a_process(void)
{
	static const char *const calls[] = {"@base", "clone:thread", NULL};
	if (seccomp_confine(calls, SECCOMP_ELSE_EPERM) < 0)
		return 1;
	return fork() < 0 && errno == EPERM ? 0 : 2;
}

static int asks_a_terminal(void)
{
	static const char *const calls[] = {"@base", "ioctl:blkdiscard", NULL};
	uint64_t range[2] = {0, 0};
	if (seccomp_confine(calls, SECCOMP_ELSE_EPERM) < 0)
		return 1;
	if (ioctl(STDIN_FILENO, BLKDISCARD, range) >= 0 || errno == EPERM)
		return 2;
	return ioctl(STDIN_FILENO, TCGETS, range) < 0 && errno == EPERM ? 0 : 3;
}

TEST(but_not_a_process)
{
	CHECK_INT(in_child(starts_a_process), 0);
}

TEST(a_disk_can_be_told_to_discard_and_nothing_else)
{
	CHECK_INT(in_child(asks_a_terminal), 0);
}

static int executable_memory(void)
{
	if (seccomp_confine(base_only, SECCOMP_ELSE_EPERM) < 0)
		return 1;
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return 2;
	return mprotect(p, 4096, PROT_READ | PROT_EXEC) < 0 && errno == EPERM ? 0 : 3;
}

static int sets_options(void)
{
	static const char *const calls[] = {"@base", "setsockopt:rcvtimeo", NULL};
	struct timeval t = {.tv_sec = 1};
	int sv[2], one = 1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0 ||
		seccomp_confine(calls, SECCOMP_ELSE_EPERM) < 0)
		return 1;
	if (setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) < 0)
		return 2;
	if (setsockopt(sv[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) >= 0 || errno != EPERM)
		return 3;
	return 0;
}

TEST(a_socket_can_be_told_how_long_to_wait_and_nothing_else)
{
	CHECK_INT(in_child(sets_options), 0);
}

TEST(memory_cannot_become_executable)
{
	CHECK_INT(in_child(executable_memory), 0);
}
#endif

static int signals_itself_only(void)
{
	pid_t parent = getppid(), me = getpid();
	if (syscall(SYS_tgkill, parent, parent, 0) < 0)
		return 1;
	if (seccomp_confine(base_only, SECCOMP_ELSE_EPERM) < 0)
		return 2;
	if (syscall(SYS_tgkill, me, gettid(), 0) < 0)
		return 3;
	return syscall(SYS_tgkill, parent, parent, 0) < 0 && errno == EPERM ? 0 : 4;
}

static int spawns(void)
{
	static const char *const calls[] = {
		"@base", "@spawn", "@fs-read", "@loop", "@socket", "@fs-write", "@connect", NULL};
	if (seccomp_confine(calls, SECCOMP_ELSE_EPERM) < 0)
		return 1;
	execl("/bin/true", "true", (char *)NULL);
	return 2;
}

TEST(unlisted_call_kills)
{
	CHECK_INT(in_child(killed), -SIGSYS);
}

TEST(unlisted_call_fails_where_asked)
{
	CHECK_INT(in_child(refused), 0);
}

TEST(listed_calls_work_and_unknown_names_do_no_harm)
{
	CHECK_INT(in_child(listed), 0);
}

TEST(clone3_falls_back_to_what_there_was_before)
{
	CHECK_INT(in_child(clone3_falls_back), 0);
}

TEST(a_filter_can_only_become_narrower)
{
	CHECK_INT(in_child(twice), 0);
}

TEST(no_other_process_can_be_sent_a_signal)
{
	CHECK_INT(in_child(signals_itself_only), 0);
}

/* One socket that is told to kill the parent when something comes. */
static int a_descriptor_kills(long setown)
{
	int sv[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0 ||
		seccomp_confine(base_only, SECCOMP_ELSE_EPERM) < 0)
		return 1;
	int flags = fcntl(sv[0], F_GETFL);
	if (flags < 0 || fcntl(sv[0], F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(sv[0], F_DUPFD_CLOEXEC, 3) < 0 || fcntl(sv[0], F_SETFD, FD_CLOEXEC) < 0)
		return 2;
	struct f_owner_ex owner = {F_OWNER_PID, getppid()};
	if (syscall(SYS_fcntl, sv[0], setown, setown == F_SETOWN_EX ? (long)&owner : getppid()) >=
			0 ||
		errno != EPERM)
		return 3;
	if (syscall(SYS_fcntl, sv[0], (long)F_SETSIG, (long)SIGKILL) >= 0 || errno != EPERM)
		return 4;
	return 0;
}

static int by_setown(void)
{
	return a_descriptor_kills(F_SETOWN);
}

static int by_setown_ex(void)
{
	return a_descriptor_kills(F_SETOWN_EX);
}

/* The kernel takes it for F_SETOWN. */
static int by_a_long_number(void)
{
	return a_descriptor_kills((long)(INT64_C(1) << 32) + F_SETOWN);
}

TEST(nor_by_a_descriptor)
{
	CHECK_INT(in_child(by_setown), 0);
	CHECK_INT(in_child(by_setown_ex), 0);
	if (sizeof(long) == 8)
		CHECK_INT(in_child(by_a_long_number), 0);
}

TEST(program_can_be_started_under_the_spawn_group)
{
	CHECK_INT(in_child(spawns), 0);
}

TEST(unknown_group_or_form_is_an_error)
{
	static const char *const calls[] = {"@base", "@nonsense", NULL};
	static const char *const form[] = {"@base", "ioctl:nonsense", NULL};
	CHECK_INT(seccomp_confine(calls, SECCOMP_ELSE_EPERM), -EINVAL);
	CHECK_INT(seccomp_confine(form, SECCOMP_ELSE_EPERM), -EINVAL);
}
