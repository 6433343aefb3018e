/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Reads and writes of files that nobody waits for: a few threads do them, and a descriptor tells
 * when some are done.  Jobs are done in any order.
 */
#include "base/list.h"

enum { FILE_POOL_THREADS = 2 };

enum file_job_type {
	FILE_READ, /* fewer bytes than asked for are -EIO: the file has shrunk */
	FILE_WRITE,
	FILE_ZERO, /* leaves a hole where the file can have one */
	FILE_SYNC,
};

struct file_job { /* the caller's memory, not touched by it until done */
	enum file_job_type type;
	int fd;
	uint64_t offset, length;
	void *buf;
	void (*done)(struct file_job *job, int error); /* 0 or negative errno */
	void *user;

	/* private */
	struct list link;
	int error;
};

struct file_pool;

int file_pool_new(struct file_pool **ret);
/* Waits for what is under way; what is not is done with -ECANCELED. NULL is fine. */
void file_pool_free(struct file_pool *p);
void file_pool_submit(struct file_pool *p, struct file_job *job);
/* Readable when file_pool_turn() would call something. */
int file_pool_fd(const struct file_pool *p);
/* Calls done() of what is. */
void file_pool_turn(struct file_pool *p);
