/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The 9P server: one process serves one tree over one connection, and ends with it.
 *
 *	metacd --role=9p-server [--read-only] [--uid=N --gid=N] [--msize=N] [--control] [--session]
 *	fd 3  the connection, a stream socket
 *	fd 4  the tree: a directory (or one file) opened with O_PATH
 *	fd 5  with --control: a control socket to whoever started it (SOCK_SEQPACKET)
 *	fd 6  with --session: the journal of the client's session (9p2000.L.metac.md, "Not twice")
 *
 * --uid, --gid: everything is done as that user, whoever the client says it is.  Without them a
 * server that is root does each request as the user who attached (9p-cred.h).
 */
#include "base/macro.h"

#include <sys/types.h>

struct p9_options {
	bool read_only;
	bool fixed; /* everybody is uid, gid */
	int control_fd, session_fd; /* 0: there is none */
	uid_t uid;
	gid_t gid;
	uint32_t msize;
};

int role_9p_server(int argc, char **argv);

/* Serves until the peer is gone; borrows all descriptors. 0, or negative errno when it could not
 * start. confine: give up what serving does not take (9p-confine.h), irrevocably for the process.
 */
int p9_serve(const struct p9_options *o, int sock, int tree_fd, bool confine);
