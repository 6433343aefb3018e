/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where a node lives: its address, its directories, its lock and its two listening sockets; all
 *that is done while still privileged.
 *
 *	RUNTIME/ADDRESS/          0755 root
 *	RUNTIME/ADDRESS/lock      0600 root, locked by flock(2) as long as the node runs
 *	RUNTIME/ADDRESS/socket    0600 root, NodeAdmin
 *	RUNTIME/ADDRESS/sessions/ 0700 root, journals of 9P sessions (svc/fs); outlives the node
 *	RUNTIME/ADDRESS/binds/    0700 root, what the fs service has bound where (svc/fs)
 *	STATE/ADDRESS/            0700 the unprivileged user
 */
#include "base/err.h"
#include "sys/priv.h"

#include <limits.h>

#define PLACE_RUNTIME_DIR "/run/metac"
#define PLACE_STATE_DIR "/var/lib/metac"
enum { PLACE_PORT = 901 };

struct place_options { /* as given on the command line; borrowed */
	const char *address, *runtime_dir, *state_dir;
	const char *user; /* NULL: "metac", or "nobody" if there is none */
};

struct place {
	char address[64]; /* canonical text */
	struct priv_user user;
	char runtime[PATH_MAX], state[PATH_MAX]; /* of this node */
	int dir_fd; /* of runtime */
	int lock_fd;
	int unix_fd, tcp_fd; /* listening */
};

/* 0, or negative errno with a text for people in e; then nothing is left behind but directories. */
int place_open(const struct place_options *o, struct place *ret, struct err *e);
/* Removes socket and lock, their directory if nothing else is in it, and closes everything. The
 * state stays. */
void place_close(struct place *p);
