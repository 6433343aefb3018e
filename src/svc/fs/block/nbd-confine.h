/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the NBD server gives up before it looks at the first byte from its peer.
 */
#include "base/macro.h"

/* The first half, before threads start: the user's capabilities, and every file that is not open
 * already. 0 or negative errno: then do not serve. */
int nbd_lock_down(void);
/* The second half: no system call but those that serving takes. */
int nbd_confine(void);
