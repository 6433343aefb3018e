/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Copies one end to another: from the beginning to the end, many pieces at a time, what is zero not
 * read and left as a hole.  Every few seconds the destination is flushed, and the caller told up to
 * where everything is safe (checkpoint): a copy that ends in whatever way can go on from there.  If
 * the destination's machine was restarted and has forgotten what was not flushed, the copy goes
 * back to the last checkpoint by itself.
 */
#include "cli/block-end.h"
#include "cli/meter.h"

enum {
	BLOCK_COPY_PIECE = 256 << 10, /* bytes of data under way in one piece */
	BLOCK_COPY_PIECES = 32, /* under way */
	BLOCK_COPY_ZERO = 256 << 20, /* bytes zeroed at once */
	BLOCK_COPY_MS = 2000, /* between checkpoints */
};

struct block_copy {
	/* set by the caller */
	struct cli *cli;
	struct block_end *src, *dst;
	uint64_t from; /* where to begin: a checkpoint's */
	struct meter *meter;
	unsigned checkpoint_ms; /* at least between two of them; 0: BLOCK_COPY_MS */
	/* All before mark has been flushed. NULL: nobody wants to know. */
	void (*checkpoint)(void *user, uint64_t mark);
	void *user;
	/* results */
	uint64_t safe; /* the last checkpoint */
	uint64_t data, zeroes; /* bytes written, and left zero */
};

/* 0: all of it is copied and flushed. On failure cli->err is set; as much as possible was flushed
 * before. */
int block_copy_run(struct block_copy *c);
