/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The kernel's Network Block Device client, told by generic netlink (linux/nbd-netlink.h): the
 * kernel is given a connected socket on which the NBD handshake has been done, and another one when
 * the first is lost; what was not answered until then it sends again.
 *
 * The kernel answers at once: these functions wait for nothing but that.  Needs CAP_SYS_ADMIN, and
 * the first network namespace (the kernel offers this family in no other).
 */
#include "base/err.h"

#include <systemd/sd-event.h>

struct nbdnl;

enum { NBDNL_BACKEND_MAX = 100 };

struct nbdnl_device {
	int index; /* N of /dev/nbdN */
	int socket; /* borrowed; -EBADF: the one that it has (reconfigure) */
	uint64_t size; /* bytes; 0: as it is (reconfigure) */
	uint32_t block; /* logical block size */
	uint16_t flags; /* as the server sent them */
	uint64_t dead_s; /* how long requests wait for another connection */
	const char *backend; /* whose it is: NBDNL_BACKEND_MAX */
};

/* Is it there? 0, or negative errno with e set. */
int nbdnl_available(struct err *e);
/* on_dead is called for each device (of others too) that lost its connection. */
int nbdnl_new(sd_event *event, void (*on_dead)(void *user, int index), void *user,
	struct nbdnl **ret, struct err *e);
/* NULL is accepted. */
void nbdnl_free(struct nbdnl *n);
/* A new device; d->index is not looked at. Returns its number, or negative errno with e set. */
int nbdnl_connect(struct nbdnl *n, const struct nbdnl_device *d, struct err *e);
/* Another connection, or size. 0 or negative errno with e set. */
int nbdnl_reconfigure(struct nbdnl *n, const struct nbdnl_device *d, struct err *e);
/* Ends the device: requests that wait fail. May take a while when it is busy: for tasks, which have
 * no struct nbdnl (n is NULL then). 0 or negative errno. */
int nbdnl_disconnect(struct nbdnl *n, int index);

/* ---- what /sys tells ---- */

/* True if the device is connected to that backend (of us). */
bool nbdnl_is_ours(int index, const char *backend);
#define NBDNL_UNKNOWN UINT64_MAX
/* How often it was written to, by all that it has been connected to since the kernel made it. */
uint64_t nbdnl_writes(int index);
