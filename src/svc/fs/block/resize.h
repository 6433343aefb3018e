/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who waits for a block device to have another size (BlockDevice.sizeChanged).
 *
 * The kernel tells of a file that was closed after writing, changed by name or removed, which is
 * what those do who resize one.  It could tell of each write too, but at a cost to each write; so,
 * and for disks and network file systems, of which it tells nothing, there is also a look every
 * other second, as long as somebody waits.
 */
#include "svc/fs/block/exports.h"
#include "vat/rpc.h"

enum {
	BLOCK_RESIZE_WAITERS_MAX = 128, /* for one device */
	BLOCK_RESIZE_ALL_MAX = 4096,
};

struct block_resize; /* the service's */

struct block_resize *block_resize_new(sd_event *event, struct block_exports *exports);
void block_resize_free(struct block_resize *z); /* NULL is accepted */

struct block_resize_watch { /* of one device, embedded; all zero: nobody has waited yet */
	struct block_resize *all;
	const struct block_target *target;
	struct list link;
	struct block_resize_waiter {
		struct block_resize_watch *watch;
		struct vat_ctx *ctx; /* NULL: free */
		uint64_t known;
	} waiters[BLOCK_RESIZE_WAITERS_MAX];
	unsigned n;
	uint64_t size; /* at the last look */
	bool soon; /* to be looked at */
	sd_event_source *src;
};

/* Answers ctx, a call of sizeChanged, when the size is another; target (raw) is borrowed as long as
 * w is in use. */
void block_resize_wait(struct block_resize *z, struct block_resize_watch *w,
	const struct block_target *target, uint64_t known, struct vat_ctx *ctx);
/* The same when the size is the known one at the moment; for an image, of which block_resize_tell()
 * tells. */
void block_resize_park(struct block_resize *z, struct block_resize_watch *w,
	const struct block_target *target, uint64_t known, struct vat_ctx *ctx);
/* The disk in the image has that size. */
void block_resize_tell(struct block_resize *z, const struct block_target *target, uint64_t size);
/* The device goes: calls that wait are failed. */
void block_resize_watch_done(struct block_resize_watch *w);
