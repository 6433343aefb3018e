/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who uses a block device: processes that have it (or a partition of it) open, mounts in whatever
 * mount namespace a process is in, swap, and devices made from it.
 *
 * Needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH for what is in /proc of processes of others; without
 * them it finds less.  It never asks a file system for anything, so it waits for none.
 */
#include "base/macro.h"

#include <sys/types.h>

enum { USERS_MAX = 64, USERS_NAME_MAX = 120 };

enum users_kind {
	USERS_PROCESS,
	USERS_MOUNT,
	USERS_SWAP,
	USERS_DEVICE
}; /* as schema/block.capnp */

struct users {
	uint32_t n; /* listed; there may be more */
	struct users_one {
		int32_t pid; /* 0: not a process */
		uint32_t kind;
		char name[USERS_NAME_MAX + 1]; /* of the process, or where it is mounted ... */
	} list[USERS_MAX];
};

/* device: "/dev/loop3". Those of the two processes `but` (0: none) do not count. 0 or negative
 * errno. */
int users_find(const char *device, const pid_t but[2], struct users *ret);
