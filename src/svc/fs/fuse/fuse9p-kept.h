/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is kept of open files beyond the open file itself: the first bytes, which came with the
 * opening, and files that were read and closed, open at the server still, since the next opening by
 * the same user then needs no request.  All of it bounded, and only as long as the server would
 * tell of a change (heads: or for F9_HEAD_MS).
 */
#include "svc/fs/fuse/fuse9p.h"

enum {
	F9_HEAD_SIZE = 128 * 1024, /* most bytes asked for with an opening */
	F9_HEAD_BYTES = 16 * 1024 * 1024, /* of all files */
	F9_HEAD_MS = 1000,
	F9_IDLE = 4096, /* files kept open */
	F9_IDLE_MS = 10000,
};

int f9_kept_init(struct f9 *fs);
void f9_kept_done(struct f9 *fs);
/* fs.watch is there. */
void f9_kept_start(struct f9 *fs);
/* Closes what was kept open long enough. Returns the milliseconds until it has to be called again,
 * -1: nothing is kept. */
int f9_kept_run(struct f9 *fs);
/* The connection is gone: nothing is kept of it. */
void f9_kept_suspend(struct f9 *fs);
/* The file's content is changed here, or its name goes: nothing is kept of it. */
void f9_kept_drop(struct f9 *fs, struct f9_node *n);

/* Keeps the answer to `count` bytes asked for with h's opening. */
void f9_head_keep(struct f9 *fs, struct f9_handle *h, const struct p9_data *data, uint32_t count);
/* What of it is in that range: true with *ret_p (borrowed until it is dropped) and *ret_n, 0 at the
 * end of the file. False: ask the server. */
bool f9_head_read(struct f9 *fs, struct f9_handle *h, uint64_t offset, size_t size,
	const void **ret_p, size_t *ret_n);
void f9_head_drop(struct f9 *fs, struct f9_handle *h);

/* h has been closed. True: it is kept, as nobody's open file. */
bool f9_idle_keep(struct f9 *fs, struct f9_handle *h);
/* One that may be used for that opening, an open file again; or NULL. */
struct f9_handle *f9_idle_take(struct f9 *fs, struct f9_node *n, uid_t uid, int flags);
