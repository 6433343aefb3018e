/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Starting one of metacd's roles: fork and exec with exactly the descriptors named, nothing else
 * inherited.  The child gets SIGKILL when its parent dies (PR_SET_PDEATHSIG), default signal
 * dispositions and an empty signal mask.  A role has a session of its own, so that a Ctrl-C in the
 * terminal metacd was started from reaches the supervisor alone.
 *
 * The roles that talk RPC are in metacd itself (spawn_self).  Those that move the bytes of a
 * resource, one process a connection, are in metacd-worker, a small program that loads hardly any
 * library (spawn_worker); role/roles.c says which is where.  The supervisor opens that program once
 * and hands the descriptor to those who start workers, so that all processes of a node are of one
 * version, also after an upgrade.
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

/* The same with metacd-worker: the one of spawn_worker_set, else the one that spawn_worker_open
 * finds. -ENOENT: there is none. */
int spawn_worker(const char *const *argv, const int *fds, size_t n_fds, struct spawn_child *ret);
/* Takes the descriptor of the program (O_PATH), for the life of this process. Before threads. */
void spawn_worker_set(int fd);
/* Opens metacd-worker: in the directory of this program, else in ../libexec/metac from there, else
 * where it was configured to be installed. An O_PATH descriptor, owned by the caller, or -ENOENT.
 */
int spawn_worker_open(void);

/* The same for any program, found by execvp; environment kept. stdio_fd >= 0: becomes the
 * program's standard input and output. */
int spawn_program(const char *const *argv, int stdio_fd, struct spawn_child *ret);

/* Sends the signal through the pidfd; 0 if it has gone already. */
int spawn_kill(const struct spawn_child *c, int sig);
/* Waits for the child (blocking), closes the pidfd; returns the wait status or negative errno. */
int spawn_wait(struct spawn_child *c);
