/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which objects are watched: found by the kernel's file handle, which is how fanotify names them,
 * and which no other object of that file system ever has.  No locking.
 */
#include "base/list.h"

#include <fcntl.h>
#include <sys/types.h>

/* File system, type of the handle, handle: compared as bytes. */
struct p9_mark_key {
	size_t len;
	uint8_t bytes[8 + sizeof(int) + MAX_HANDLE_SZ];
};

struct p9_mark {
	struct p9_mark *chain;
	struct list order;
	uint64_t path; /* qid.path */
	dev_t dev;
	ino_t ino;
	bool dir;
	bool trusted; /* watched for somebody whom no permission bits keep out */
	bool moved; /* where to is known: the FAN_MOVE_SELF that follows is no news */
	size_t key_len;
	uint8_t key[];
};

struct p9_marks {
	struct p9_mark **buckets;
	size_t n_buckets, n;
	struct list order; /* the longest watched first */
};

int p9_marks_init(struct p9_marks *t);
void p9_marks_done(struct p9_marks *t);
struct p9_mark *p9_marks_find(const struct p9_marks *t, const struct p9_mark_key *key);
/* The key must be a new one. NULL: no memory. */
struct p9_mark *p9_marks_add(struct p9_marks *t, const struct p9_mark_key *key);
void p9_marks_drop(struct p9_marks *t, struct p9_mark *m);
void p9_marks_clear(struct p9_marks *t);
/* NULL when there is none. */
struct p9_mark *p9_marks_oldest(const struct p9_marks *t);

/* fsid: 8 bytes, as statfs and fanotify give it. */
void p9_mark_key_set(struct p9_mark_key *key, const void *fsid, const struct file_handle *h);
/* Of an open object, O_PATH too. 0 or negative errno: its file system has no handles, or
 * the kernel is not told of all that changes there (-EOPNOTSUPP). */
int p9_mark_key_of(int fd, struct p9_mark_key *ret);

/*
 * Where the inode number stands in the handles of a file system, as learnt from objects of which
 * both are known.  So an event about an object that is not watched itself (a new name of a file)
 * can be told by its number.
 */
struct p9_mark_ino {
	bool known, useless; /* useless: it does not stand there */
	uint8_t fsid[8];
	int type;
	size_t len, at, width;
};

void p9_mark_ino_learn(struct p9_mark_ino *l, const struct p9_mark_key *key, ino_t ino);
bool p9_mark_ino_of(const struct p9_mark_ino *l, const struct p9_mark_key *key, ino_t *ret);
