/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the 9P server gives up before it looks at the first byte from its peer.
 */
#include "base/macro.h"
#include "svc/fs/server/9p-server.h"

/* The first half, before threads start: user, capabilities, all files that are not in the tree.
 * Returns 0 or negative errno: then do not serve. */
int p9_lock_down(const struct p9_options *o, int tree_fd);

/* The second half: no system call but those that serving takes. */
int p9_confine(void);

/* How many fids may exist, so that the descriptors they hold leave some over. At most `most`. */
uint32_t p9_max_fids(uint32_t most);
