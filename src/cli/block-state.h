/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How far a copy of a block device has come, in a small file, so that another command can go on
 * with it.  What it says is true whenever it is read: it is written after the destination was
 * flushed, in place and in one piece with a checksum, and it names what is copied to what (key) and
 * the destination's file, so that it is of no use with anything else.
 */
#include "base/err.h"

#include <limits.h>

enum { BLOCK_STATE_KEY = 32 };

struct block_state {
	int fd; /* -EBADF: none; then nothing is remembered */
	char path[PATH_MAX];
	uint8_t key[BLOCK_STATE_KEY];
	uint64_t size; /* of the source */
	uint64_t dev, ino; /* of the destination, if it is a file; else 0 */
};

enum block_state_found { BLOCK_STATE_NONE, BLOCK_STATE_OTHER, BLOCK_STATE_MINE };

/* Opens or makes the file at s->path; the other members have been set. *ret_done: how far the copy
 * is; 0 unless BLOCK_STATE_MINE is returned. OTHER: it is of something else, or of a source that
 * has changed. -EBUSY: somebody is using it. */
int block_state_open(struct block_state *s, uint64_t *ret_done);
/* Everything before `done` is safe. */
int block_state_write(struct block_state *s, uint64_t done);
void block_state_close(struct block_state *s);
/* It is not needed any more. */
void block_state_remove(struct block_state *s);

/* Where states are that have no better place: path in ret (PATH_MAX bytes), the folders having been
 * made. -ENOENT: this user has no home. */
int block_state_place(const uint8_t id[BLOCK_STATE_KEY], char *ret);
