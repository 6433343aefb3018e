/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The nodes of this host: each has a directory named after its address in the runtime directory,
 * and in it the socket that administrators use.
 */
#include "base/err.h"

#include <sys/types.h>

enum { NODES_MAX = 256, NODE_ADDRESS_SIZE = 64 };

struct node_entry {
	char address[NODE_ADDRESS_SIZE];
	int error; /* 0 = its socket can be connected to; else negative errno */
	pid_t pid; /* of its daemon, 0 if not known */
};

/* METAC_RUNTIME_DIR or /run/metac. Borrowed from the environment. */
const char *nodes_runtime_dir(void);

/* Fills ret, sorted by address; returns their number or negative errno. No runtime directory: 0. */
int nodes_list(struct node_entry *ret, size_t size, struct err *err);

/* Connects to the node `wanted`; NULL or "": METAC_ADDRESS, else the only one that runs.
 * ret_address has room for NODE_ADDRESS_SIZE. Returns the socket. */
int nodes_connect(const char *wanted, char *ret_address, struct err *err);
