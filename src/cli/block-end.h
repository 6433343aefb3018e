/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One end of a copy of a block device: a device reached over NBD, or a file (or block device) of
 * the command's own, read and written by a pool of threads.  An operation is begun, and ends with a
 * callback from block_end_turn() and the functions that it calls.
 */
#include "cli/block-link.h"
#include "cli/file-pool.h"

struct block_end {
	char name[512]; /* for people */
	uint64_t size; /* bytes */
	uint32_t block_min; /* reads and writes are of multiples of it */
	struct block_link *link; /* owned; NULL: a file */
	int fd; /* owned */
	bool fresh; /* it is all zero but for what was written */
	bool can_zero; /* leave a hole, or something as good */
	bool can_flush;
};

enum block_task_type { BLOCK_TASK_READ, BLOCK_TASK_WRITE, BLOCK_TASK_ZERO, BLOCK_TASK_FLUSH };

struct block_task {
	void (*done)(struct block_task *t, int error); /* 0 or negative errno; from anywhere */
	/* private */
	struct nbd_op op;
	struct file_job job;
};

/* Of a link: its size and what else is known of it. Takes link. */
void block_end_link(struct block_end *e, struct block_link *takes_link);
/* A file or a block device that is open, of that size. Takes fd. */
void block_end_file(struct block_end *e, int takes_fd, const char *name, uint64_t size);
/* Operations under way are done with -ECANCELED, those of files must be over. */
void block_end_close(struct block_end *e);

/* 0 or negative errno; then done is not called. */
int block_end_begin(struct block_end *e, struct file_pool *pool, struct block_task *t,
	enum block_task_type type, uint64_t offset, uint64_t length, void *buf);

/* Size of a regular file or block device; -EISDIR, or -EINVAL for what is neither. */
int block_end_size(int fd, uint64_t *ret);

/* ---- what is zero ---------------------------------------------------------------------------- */

enum { BLOCK_MAP_MAX = 512 };

struct block_range {
	uint64_t from, to;
};

/* What is known of the source ahead: `zero` in order, all else before `known` is data. */
struct block_map {
	struct block_range zero[BLOCK_MAP_MAX];
	uint32_t first, n; /* those that are not behind yet */
	uint64_t known, size;
	uint64_t align; /* ends of zero ranges are multiples of it */
	bool asking;
	/* private */
	struct nbd_op op;
};

void block_map_begin(struct block_map *m, uint64_t from, uint64_t size, uint64_t align);
/* The next extent of the source: everything from `known` up to `to` is zero, or not. */
void block_map_add(struct block_map *m, uint64_t to, bool zero);
/* Learns more, if there is need and room. The end has to be turned; 0 or negative errno. */
int block_map_more(struct block_map *m, struct block_end *src);
/* What is at `at`: how many bytes of the same kind, 0: not known yet. Forgets what is before. */
uint64_t block_map_at(struct block_map *m, uint64_t at, bool *ret_zero);
