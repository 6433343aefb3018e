/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Inside of the front end --fuse: what the kernel asks of the file becomes an operation of the core
 * (fuse-op.c); everything else is answered at once (front-fuse.c).
 */
#include "svc/block/client/client.h"

#include <linux/fuse.h>

#define FUSE_FILE_NAME "disk"
/* FOPEN_PARALLEL_DIRECT_WRITES, of Linux 6.2 */
#define FUSE_PARALLEL_DIRECT_WRITES (1U << 6)

enum {
	FUSE_NODE_DISK = 2,
	FUSE_DATA_MAX = 1 << 20, /* of one READ or WRITE */
	FUSE_BACKGROUND =
		128, /* requests that the kernel sends without somebody waiting for each */
	FUSE_OPS_MAX = 512, /* under way; then nothing more is read */
	FUSE_BUFFERS_MAX = 256, /* unused ones, until nothing happens: a fresh page costs more than
				   a copy of it */
};

struct front_fuse {
	struct front front;
	struct watch watch;
	bool initialised; /* INIT has been answered */
	bool again; /* what was not answered is to be asked for again, once there is an export */
	bool is_open; /* the export is known */
	uint64_t size; /* of the export, as it was last */
	uint32_t n_ops;

	/* Where the next request is read to: what is in front of a WRITE's data, and the data. */
	uint8_t head[sizeof(struct fuse_in_header) + sizeof(struct fuse_write_in)]
		__attribute__((aligned(8)));
	uint8_t *data; /* FUSE_DATA_MAX bytes; NULL: to be made first */
	uint8_t *buffers[FUSE_BUFFERS_MAX]; /* of that size, unused */
	size_t n_buffers;
	uint64_t busy_ms; /* when there was something to do the last time; 0: all is tidy */
};

/* error: 0 or negative errno. */
void fuse_answer(struct front_fuse *f, uint64_t unique, int error, const void *data, size_t n);

/* Sets f->data. 0 or -ENOMEM. */
int fuse_data_new(struct front_fuse *f);
void fuse_data_free(struct front_fuse *f, uint8_t *data); /* NULL is fine */
void fuse_buffers_clear(struct front_fuse *f);
/* Gives buffers back when nothing happens; milliseconds until it is to be called again, or -1. */
int fuse_tidy(struct front_fuse *f);

/* body: behind the header; of a WRITE the data is in f->data, which may be taken. */
void fuse_do_read(struct front_fuse *f, const struct fuse_in_header *h, const void *body);
void fuse_do_write(struct front_fuse *f, const struct fuse_in_header *h, const void *body);
void fuse_do_fsync(struct front_fuse *f, const struct fuse_in_header *h, const void *body);
void fuse_do_fallocate(struct front_fuse *f, const struct fuse_in_header *h, const void *body);
void fuse_do_lseek(struct front_fuse *f, const struct fuse_in_header *h, const void *body);
