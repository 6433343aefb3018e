/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A file of the command's own that a block device is copied to.  It is made under another name,
 * .NAME.metac-cp beside it, and takes the place of NAME when it is whole and safe on disk, so that
 * nobody ever sees half of it; .NAME.metac-cp.state says how far it is.  Both stay when the copy
 * has failed after it had got somewhere, for --resume.  A block device is written in place.
 */
#include "cli/block-end.h"
#include "cli/block-state.h"

struct block_part {
	struct err *err; /* where failures are described */
	struct block_state state;
	bool in_place;
	int dir; /* owned */
	char name[256], part[256]; /* in it */
	char path[PATH_MAX];
	bool replaces; /* there is such a file: its mode and owner are kept */
	uint32_t mode, uid, gid;
};

/* Opens the destination for `size` bytes, as *ret_end. key: what is copied. *ret_from: where to go
 * on (0 without resume). *ret_other: there was something to resume, but of another source. */
int block_part_open(struct block_part *p, const char *path, uint64_t size,
	const uint8_t key[BLOCK_STATE_KEY], bool resume, struct block_end *ret_end,
	uint64_t *ret_from, bool *ret_other);
/* All of it has been written: puts it where it belongs. */
int block_part_commit(struct block_part *p, const struct block_end *e);
/* It failed when so much of it was safe. */
void block_part_abandon(struct block_part *p, uint64_t safe);
void block_part_close(struct block_part *p);
