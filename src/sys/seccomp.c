/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: seccomp.h.  Memory that is executable cannot be made any more, unless mmap
 * and mprotect are listed by name (as in @spawn: a program to be started needs its code mapped).
 */
#include "sys/seccomp.h"

#include <malloc.h>
#include <linux/fs.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

struct group {
	const char *name;
	const char *const *calls;
};

#define CALLS (const char *const[])

static const struct group groups[] = {
	{"@base", CALLS{"read", "readv", "pread64", "preadv", "preadv2", "write", "writev",
			  "pwrite64", "pwritev", "pwritev2", "lseek", "close", "dup", "dup2",
			  "dup3", "fstat", "fstat64", "newfstatat", "fstatat64", "statx", "munmap",
			  "mremap", "madvise", "brk", "futex", "futex_time64", "clock_gettime",
			  "clock_gettime64", "clock_getres", "clock_nanosleep",
			  "clock_nanosleep_time64", "nanosleep", "gettimeofday", "time",
			  "getrandom", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid",
			  "getegid", "getrlimit", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
			  "sigreturn", "sigaltstack", "restart_syscall", "exit", "exit_group",
			  "rseq", "set_robust_list", "sched_yield", "sched_getaffinity",
			  "membarrier", "arch_prctl", NULL}},
	{"@loop", CALLS{"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
			  "timerfd_create", "timerfd_settime", "timerfd_gettime",
			  "timerfd_settime64", "timerfd_gettime64", "signalfd4", "eventfd2", "poll",
			  "ppoll", "ppoll_time64", "select", "pselect6", "waitid", NULL}},
	{"@socket", CALLS{"sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg",
			    "send", "recv", "accept", "accept4", "shutdown", "getsockopt",
			    "setsockopt", "getsockname", "getpeername", NULL}},
	{"@connect", CALLS{"socket", "socketpair", "connect", "bind", "listen", NULL}},
	{"@fs-read",
		CALLS{"open", "openat", "openat2", "stat", "lstat", "stat64", "lstat64", "access",
			"faccessat", "faccessat2", "getdents", "getdents64", "readlink",
			"readlinkat", "getxattr", "lgetxattr", "fgetxattr", "listxattr",
			"llistxattr", "flistxattr", "statfs", "statfs64", "fstatfs", "fstatfs64",
			"getcwd", "fadvise64", "readahead", "flock", "name_to_handle_at", NULL}},
	{"@fs-write",
		CALLS{"creat", "mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink",
			"symlinkat", "unlink", "unlinkat", "rmdir", "rename", "renameat",
			"renameat2", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown",
			"lchown", "fchownat", "truncate", "truncate64", "ftruncate", "ftruncate64",
			"fallocate", "fsync", "fdatasync", "sync_file_range", "syncfs", "utimensat",
			"utimensat_time64", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
			"lremovexattr", "fremovexattr", "copy_file_range", "sendfile", "sendfile64",
			"splice", "flock", "umask", NULL}},
	{"@thread", CALLS{"clone", "clone3", "set_tid_address", "sched_setaffinity",
			    "sched_getparam", "sched_getscheduler", "prctl", NULL}},
	{"@spawn", CALLS{"clone", "clone3", "fork", "vfork", "execve", "execveat", "wait4",
			   "waitid", "kill", "tgkill", "pidfd_open", "pidfd_send_signal", "pipe",
			   "pipe2", "prctl", "close_range", "capget", "capset", "setuid", "setgid",
			   "setresuid", "setresgid", "setgroups", "getgroups", "getresuid",
			   "getresgid", "setsid", "seccomp", "mmap", "mmap2", "mprotect",
			   "set_tid_address", "landlock_create_ruleset", "landlock_add_rule",
			   "landlock_restrict_self", "prlimit64", NULL}},
	{"@mount", CALLS{"mount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig",
			   "fsmount", "fspick", "mount_setattr", "setns", "unshare", NULL}},
};

/* Allowed to every role in this form, if not listed without condition. */
static const struct {
	const char *name;
	struct scmp_arg_cmp cond;
} restricted[] = {
	{"mmap", {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
	{"mmap2", {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
	{"mprotect", {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
	{"prlimit64", {2, SCMP_CMP_EQ, 0, 0}}, /* asking, not setting */
};

/* What fcntl is allowed for: all but F_SETOWN, F_SETSIG and their like, F_SETLEASE and F_NOTIFY.  A
 * descriptor that is told to signal what happens to it signals any process of the same user.  The
 * kernel looks at 32 bits of the number. */
static const struct {
	uint32_t mask, number;
} fcntl_commands[] = {
	{~7U, 0}, /* F_DUPFD to F_SETLKW */
	{~1U, 12}, /* F_GETLK64, F_SETLK64 */
	{~0U, 14}, /* F_SETLKW64 */
	{~1U, 36}, /* F_OFD_GETLK, F_OFD_SETLK */
	{~0U, 38}, /* F_OFD_SETLKW */
	{~0U, 1027}, /* F_DUPFD_QUERY */
	{~3U, 1028}, /* F_CREATED_QUERY to F_SETPIPE_SZ, F_DUPFD_CLOEXEC among them */
	{~7U, 1032}, /* F_GETPIPE_SZ, seals, hints */
};

/* Calls that are listed as "call:form". */
static const struct {
	const char *form, *name;
	struct scmp_arg_cmp cond;
} in_form[] = {
	{"clone:thread", "clone", {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}},
	{"setns:net", "setns", {1, SCMP_CMP_EQ, CLONE_NEWNET, 0}},
	{"ioctl:blkdiscard", "ioctl", {1, SCMP_CMP_EQ, BLKDISCARD, 0}},
	{"setsockopt:rcvtimeo", "setsockopt", {2, SCMP_CMP_EQ, SO_RCVTIMEO, 0}},
};

/* Newer than libseccomp may be; all architectures have the same number. */
static const struct {
	const char *name;
	int nr;
} by_number[] = {
	{"cachestat", 451},
};

/* What C libraries try first and do without. */
static const char *const tried_first[] = {"clone3", "faccessat2", "fchmodat2"};

/* The sanitizers' run time: symbolizing, the leak checker's tracer thread. */
static const char *const sanitizer_calls[] = {"mmap", "mprotect", "prlimit64", "open", "openat",
	"readlink", "readlinkat", "stat", "lstat", "access", "getdents64", "clone", "ptrace",
	"wait4", "prctl", "ioctl", "pipe", "pipe2", "tkill", "process_vm_readv", "sysinfo", "uname",
	"kill", "getrusage", "socketpair", "fork", "execve", "set_tid_address", "sched_setaffinity",
	NULL};

static const char *const *group_calls(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (!strcmp(groups[i].name, name))
			return groups[i].calls;
	return NULL;
}

static bool contains(const char *const *calls, const char *name)
{
	for (; *calls; calls++) {
		const char *const *group = **calls == '@' ? group_calls(*calls) : NULL;
		if (!strcmp(*calls, name) || (group && contains(group, name)))
			return true;
	}
	return false;
}

static int resolve(const char *name)
{
	int nr = seccomp_syscall_resolve_name(name);
	for (size_t i = 0; nr == __NR_SCMP_ERROR && i < ARRAY_SIZE(by_number); i++)
		if (!strcmp(by_number[i].name, name))
			nr = by_number[i].nr;
	return nr;
}

static int allow(scmp_filter_ctx ctx, const char *name)
{
	int nr = resolve(name);
	if (nr == __NR_SCMP_ERROR)
		return 0;
	int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	return r == -EEXIST || r == -EDOM ? 0 : r; /* there already; not on this machine */
}

static int allow_in_form(scmp_filter_ctx ctx, const char *form)
{
	for (size_t i = 0; i < ARRAY_SIZE(in_form); i++) {
		if (strcmp(in_form[i].form, form))
			continue;
		struct scmp_arg_cmp cond = in_form[i].cond;
		int nr = seccomp_syscall_resolve_name(in_form[i].name);
		return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, 1, &cond);
	}
	return -EINVAL;
}

static int allow_all(scmp_filter_ctx ctx, const char *const *calls)
{
	int r = 0;
	for (; *calls && r >= 0; calls++) {
		if (**calls != '@') {
			r = strchr(*calls, ':') ? allow_in_form(ctx, *calls) : allow(ctx, *calls);
			continue;
		}
		const char *const *group = group_calls(*calls);
		r = group ? allow_all(ctx, group) : -EINVAL;
	}
	return r;
}

static bool listed(const char *const *calls, const char *name)
{
	return contains(calls, name) || (SANITIZED && contains(sanitizer_calls, name));
}

static int allow_restricted(scmp_filter_ctx ctx, const char *const *calls)
{
	for (size_t i = 0; i < ARRAY_SIZE(restricted); i++) {
		int nr = seccomp_syscall_resolve_name(restricted[i].name);
		if (nr < 0 || listed(calls, restricted[i].name))
			continue;
		struct scmp_arg_cmp cond = restricted[i].cond;
		int r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, 1, &cond);
		if (r < 0)
			return r;
	}
	return 0;
}

static int allow_fcntl(scmp_filter_ctx ctx)
{
	static const char *const names[] = {"fcntl", "fcntl64"};
	for (size_t i = 0; i < ARRAY_SIZE(names) * ARRAY_SIZE(fcntl_commands); i++) {
		size_t k = i / ARRAY_SIZE(names);
		int nr = seccomp_syscall_resolve_name(names[i % ARRAY_SIZE(names)]);
		if (nr < 0) /* not on this machine */
			continue;
		struct scmp_arg_cmp cond = {
			1, SCMP_CMP_MASKED_EQ, fcntl_commands[k].mask, fcntl_commands[k].number};
		int r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, 1, &cond);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A signal to itself is how a process aborts; to others of the same user it is none of its
 * business, and not every kernel's landlock says so. */
static int allow_signal_to_self(scmp_filter_ctx ctx, const char *const *calls)
{
	if (listed(calls, "tgkill"))
		return 0;
	struct scmp_arg_cmp self = SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)getpid());
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);
}

static int refuse_tried_first(scmp_filter_ctx ctx, const char *const *calls)
{
	for (size_t i = 0; i < ARRAY_SIZE(tried_first); i++) {
		int nr = seccomp_syscall_resolve_name(tried_first[i]);
		if (nr < 0 || listed(calls, tried_first[i]))
			continue;
		int r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), nr, 0);
		if (r < 0)
			return r;
	}
	return 0;
}

int seccomp_confine(const char *const *calls, enum seccomp_else otherwise)
{
	scmp_filter_ctx ctx = seccomp_init(
		otherwise == SECCOMP_ELSE_KILL ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM));
	if (!ctx)
		return -ENOMEM;
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r >= 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r >= 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r >= 0)
		r = allow_all(ctx, calls);
	if (r >= 0 && SANITIZED)
		r = allow_all(ctx, sanitizer_calls);
	if (r >= 0)
		r = allow_restricted(ctx, calls);
	if (r >= 0)
		r = allow_fcntl(ctx);
	if (r >= 0)
		r = allow_signal_to_self(ctx, calls);
	if (r >= 0)
		r = refuse_tried_first(ctx, calls);
	if (r >= 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	(void)malloc_trim(0); /* more than most workers will ever need again */
	return r;
}
