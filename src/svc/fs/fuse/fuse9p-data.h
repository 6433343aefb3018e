/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Written data on its way to the server.
 *
 * A write is answered as soon as its bytes are in a buffer here, and sent in the background: at
 * once when nothing else of the file is under way, together with what follows it otherwise. What is
 * buffered is bounded (F9_DATA_*); writes beyond that wait.  The server gets ranges that overlap in
 * the order in which they were written.  An error is told once on each file open for writing, by
 * its next write, fsync or close.
 *
 * What has to come after the data (attributes, truncation, locks, closing) calls f9_data_settle()
 * first.  Whoever tells the kernel a size passes it through f9_data_attr().
 */
#include "svc/fs/fuse/fuse9p.h"

enum {
	F9_DATA_FILE_BYTES = 16 * 1024 * 1024, /* buffered of one file */
	F9_DATA_FILE_CHUNKS = 512,
	F9_DATA_BYTES = 64 * 1024 * 1024, /* of the mount */
	F9_DATA_FLIGHT_BYTES = 8 * 1024 * 1024, /* sent, not answered yet */
	F9_DATA_FLIGHT = 64,
};

int f9_data_init(struct f9 *fs);
/* What is still buffered is lost. */
void f9_data_done(struct f9 *fs);

/* Takes `size` bytes for the file, at `offset`, with h's rights. 0; -EAGAIN: no room now, see
 * f9_data_room(); -ENOMEM. */
int f9_data_write(
	struct f9 *fs, struct f9_handle *h, const void *buf, size_t size, uint64_t offset);
/* The same; then() is called when the server has it, with the error if it refused. Nobody else is
 * told of that error. Not called for an operation that ended meanwhile. */
int f9_data_write_through(struct f9_op *op, struct f9_handle *h, const void *buf, size_t size,
	uint64_t offset, f9_then then);
/* Calls then(op, 0, NULL) when there may be room again. */
void f9_data_room(struct f9_op *op, f9_then then);

/* Calls then(op, 0, NULL) when all that was written to n until now is on the server, or has failed;
 * at once if nothing is buffered. */
void f9_data_settle(struct f9_op *op, struct f9_node *n, f9_then then);
/* The same for what is written into that range only, or makes it lie before the file's end. */
void f9_data_settle_range(
	struct f9_op *op, struct f9_node *n, uint64_t offset, uint64_t size, f9_then then);
/* The error to tell on h now, 0: none. Tells it once. */
int f9_data_error(struct f9_handle *h);

static inline bool f9_data_dirty(const struct f9_node *n)
{
	return n->dirty != NULL;
}

/* op is about to tell the kernel st, which its own request got from the server, as n's
 * attributes: makes the size at least what was written here. True: that was necessary, or may have
 * been; the kernel should not believe the attributes for long. */
bool f9_data_attr(const struct f9_op *op, const struct f9_node *n, struct stat *st);

/* op goes away: it waits for nothing any more. */
void f9_data_forget(struct f9_op *op);
/* h has been closed. True: data is still on its way with it; f9_handle_free() will be called again
 * when it is there. */
bool f9_data_keeps(struct f9_handle *h);

/* The connection is gone (fs.client has failed): what was sent and not answered counts as not sent.
 * Operations that wait here are parked. */
void f9_data_suspend(struct f9 *fs);
/* There is another, and open files have their new fids (or an error): sends again. */
void f9_data_resume(struct f9 *fs);
/* There will be no other: everything buffered fails with `error` (negative). */
void f9_data_abandon(struct f9 *fs, int error);
/* Sends what could not be sent before. Returns the milliseconds until it has to be called again,
 * -1: when something has happened. */
int f9_data_run(struct f9 *fs);
/* Bytes that programs have written and the server has not confirmed. */
size_t f9_data_bytes(const struct f9 *fs);
