/* SPDX-License-Identifier: MIT */
/*
 * metacd-worker: the roles that move the bytes of a resource, one process a connection.  Nobody but
 * metacd and metac starts it.  A program of its own so that such a process is there at once and
 * small: of the libraries that metacd needs for RPC, the database and the event loop it loads none,
 * and a library's relocations are private memory of each process that loads it.
 */
#include "role/roles.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	role_enter(argc, argv);
	fprintf(stderr, "metacd-worker is started by metacd(8) and metac(1)\n");
	return 2;
}
