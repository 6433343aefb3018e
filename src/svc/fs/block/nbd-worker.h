/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The NBD server: one process serves one file or block device over one connection, and ends with
 * it.
 *
 *	metacd --role=nbd-server [--user=UID:GID] [--read-only] [--direct] [--control]
 *	fd 3  the connection, a stream socket
 *	fd 4  the file or block device, open for reading, or reading and writing (a description of
 *	      its own, not shared with another file position's user)
 *	fd 5  with --control: a control socket to whoever started it (nbd-control.h)
 *
 * --read-only, or a descriptor that is open for reading only: nothing can be changed.  --direct:
 *past the page cache (O_DIRECT is set on the description here).
 *
 * What is served.  A file is served to the byte: the smallest block is 1.  Of a block device, and
 * with --direct, the smallest block is the logical block of the disk, and what lies behind the last
 * whole one is not served (nbd_file_size()).
 *
 * The size is what the file has.  A request past the end that is known makes the server look again:
 * a file that has grown is served up to its new end.  Of one that was cut off, a read past its
 * present end is answered EINVAL, and so is what else goes past the end from then on (a write:
 * ENOSPC).  A write that comes before anybody has noticed makes the file that long again, as any
 * program's would.
 *
 * Without a word: what was announced as a write and did not come to its end may have been written
 *as far as it came.
 */
#include "base/macro.h"

struct nbd_worker_options {
	bool read_only, direct;
	int control_fd; /* 0: there is none */
};

int role_nbd_server(int argc, char **argv);

/* Serves until the peer is gone; borrows all descriptors. 0, or negative errno when it could not
 * start. confine: give up what serving does not take, irrevocably for the process. */
int nbd_serve(const struct nbd_worker_options *o, int sock, int file, bool confine);
