/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Starting one of metacd's roles: fork and exec of /proc/self/exe with exactly the descriptors
 * named, nothing else inherited.  The child gets SIGKILL when its parent dies (PR_SET_PDEATHSIG),
 * default signal dispositions and an empty signal mask.  A role has a session of its own, so that a
 * Ctrl-C in the terminal metacd was started from reaches the supervisor alone.
 */
#include "base/macro.h"

#include <sys/types.h>

enum { SPAWN_FD_FIRST = 3, SPAWN_FDS_MAX = 16 };

struct spawn_child {
	pid_t pid;
	int pidfd; /* owned by the holder of the struct */
};

/*
 * argv[0] is the program name shown in ps ("metacd: 9p server"), argv[1] should be "--role=NAME";
 * ends with NULL. fds[i] (borrowed; -EBADF entries are skipped and stay unset) becomes descriptor
 * SPAWN_FD_FIRST + i in the child; 0 is /dev/null, 1 and 2 are kept.  Of the environment it gets
 * METAC_* and what concerns time zone, language, log and sanitizers. Returns 0 or negative errno
 * (exec's failure included).
 */
int spawn_self(const char *const *argv, const int *fds, size_t n_fds, struct spawn_child *ret);

/* The same where another program than this one is metacd: exe is its path. */
int spawn_metacd(const char *exe, const char *const *argv, const int *fds, size_t n_fds,
	struct spawn_child *ret);

/* The same for any program, found by execvp; environment kept. stdio_fd >= 0: becomes the
 * program's standard input and output. */
int spawn_program(const char *const *argv, int stdio_fd, struct spawn_child *ret);

/* Sends the signal through the pidfd; 0 if it has gone already. */
int spawn_kill(const struct spawn_child *c, int sig);
/* Waits for the child (blocking), closes the pidfd; returns the wait status or negative errno. */
int spawn_wait(struct spawn_child *c);
