/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a BlockDevice stands for: a view of a file or disk, and how it is to be read.  It is opened
 * anew at each use, since there may be another file, or another disk under the same link, by then.
 */
#include "schema/block.capnp.h"
#include "svc/fs/view.h"

enum {
	BLOCK_SECTOR = 512, /* a device's size is a multiple of that */
	BLOCK_FORMAT_SIZE = 16,
};

struct block_target {
	struct view view;
	char format[BLOCK_FORMAT_SIZE]; /* "raw", or one that qemu knows */
	bool direct; /* past the page cache */
};

/* Each owns a path: to be released with this. */
void block_target_done(struct block_target *t);
int block_target_copy(const struct block_target *t, struct block_target *ret); /* 0, -ENOMEM */
/* view is copied. 0, -ENOMEM; -EINVAL: an unknown format. */
int block_target_set(
	struct block_target *ret, const struct view *view, struct block_block_options_r options);

/* To and from a stored description. */
void block_target_describe(const struct block_target *t, struct block_block_description_b b);
int block_target_from_description(struct block_block_description_r d, struct block_target *ret);
/* what: "block device". */
void block_target_summary(const struct block_target *t, const char *what, char *ret, size_t size);
void block_target_id(const struct block_target *t, const char *kind, char ret[VIEW_ID_SIZE]);
bool block_target_is_raw(const struct block_target *t);

/* The same file or disk, whatever it is called. */
struct block_identity {
	dev_t dev; /* a disk: 0 */
	ino_t ino; /* a disk: its number */
};

struct block_file {
	int fd;
	struct block_identity id;
	bool device; /* a disk */
	uint64_t size; /* bytes; of an image: the file's */
	uint64_t allocated; /* bytes on the disk; 0: a disk */
	uint32_t block_min, block_preferred; /* as NBD says them */
};

/* Opens it for reading, and for writing too unless the view is read-only. 0 or negative errno, with
 * e set: it is no file and no disk, its size is none of a device. */
int block_target_open(const struct block_target *t, struct block_file *ret, struct err *e);
/* The present size of a raw one, rounded down to what a device can have. Does not complain of it. 0
 * or negative errno. */
int block_target_size(
	const struct block_target *t, struct block_identity *ret_id, uint64_t *ret_size);
