/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the server's client has looked at is watched, so that it may believe the answers until it is
 * told otherwise (docs/9p2000.L.metac.md, "Watching").
 *
 *	an operation --p9_watch_fd, p9_watch_entry--> marks in a fanotify group
 *	the kernel --p9_watch_wait--> bounded queue of events --p9_watch_take--> Revents
 *
 * Order is everything: an object is watched first and looked at afterwards.  Then a change is
 * either seen by that look, or told by an event; never neither.
 *
 * What this process does itself, for its own client, makes no events.  What somebody may watch is
 * what the thread that asks may read at that moment (the kernel checks it, with the thread's file
 * system identity): names in a directory are told to nobody who could not have listed it.
 *
 * All functions may be called from any thread, and with w NULL, which stands for a server that
 * cannot watch: then nothing is watched.
 */
#include "base/macro.h"

#include <stdatomic.h>
#include <sys/stat.h>

struct p9_watch;

enum {
	P9_WATCH_MARKS_MAX = 65536, /* objects; the longest watched make room, with event 4 */
	P9_WATCH_QUEUE_MAX = 32768, /* events that nobody has taken yet; beyond: event 5 */
	P9_WATCH_QUEUE_BYTES = 4 << 20,
};

/* Gives the qid.path of an object. */
typedef uint64_t (*p9_watch_path_fn)(const void *ctx, dev_t dev, ino_t ino);

/* In the process that watches, after it has given up its capabilities (a group of somebody with
 * CAP_SYS_ADMIN would work, too).  0, or negative errno when this kernel, or the limit on groups
 * per user (fs.fanotify.max_user_groups), does not let us: serve without (NULL).
 * max_marks 0: P9_WATCH_MARKS_MAX. */
int p9_watch_new(p9_watch_path_fn path, const void *ctx, size_t max_marks, struct p9_watch **ret);
void p9_watch_free(struct p9_watch *w);
DEFINE_AUTO(struct p9_watch *, p9_watch_free);

/* --- for operations --- */

/* From now on the object of fd (any descriptor, O_PATH too) is watched: a directory with all names
 * in it, what these names stand for, and itself; another object by itself.  Call it before looking.
 * False: it is not (no permission to read it, a limit, a file system without file handles); do not
 * set P9_GOT_WATCH.  memo, if not NULL, makes the next call for the same open object quick; it
 * begins as 0 and lives no longer than the descriptor. */
bool p9_watch_fd(struct p9_watch *w, int fd, atomic_uint *memo);

enum p9_covered {
	P9_COVERED_NOT, /* set P9_GETATTR_ASK in the answer's attr.valid */
	P9_COVERED, /* what was seen is told about from then on */
	P9_COVERED_NOW, /* the same from now on: look once more */
};

/* For an entry of a watched directory that has been looked at (sx: what statx of name below dirfd
 * gave, with STATX_BASIC_STATS): what the directory's own watch does not cover (a directory's
 * content, a file that has other names, the root of a mount) is watched by itself. */
enum p9_covered p9_watch_entry(
	struct p9_watch *w, int dirfd, const char *name, const struct statx *sx);
/* The same for an object at hand. */
enum p9_covered p9_watch_object(struct p9_watch *w, int fd, const struct statx *sx);

/* --- for the thread that tells the client --- */

/* Waits until the kernel has something to tell, and puts it into the queue, or p9_watch_wake() was
 * called, or timeout_ms are over (-1: never).  Events that lie in the queue already end no wait:
 * whoever has nobody to tell them to calls it again, and is woken when there is somebody.  Changes
 * that follow closely on one another are told together. True: there is something to take. */
bool p9_watch_wait(struct p9_watch *w, int timeout_ms);
/* Puts into the queue what the kernel has to tell by now. */
void p9_watch_settle(struct p9_watch *w);
/* Ends a p9_watch_wait, the present or the next one. */
void p9_watch_wake(struct p9_watch *w);
/* Takes events from the front of the queue, as the payload of an Revents: returns its length, at
 * most cap; 0: there are none (or not even one fits). */
size_t p9_watch_take(struct p9_watch *w, void *buf, size_t cap);

/* For statistics. */
size_t p9_watch_marks(struct p9_watch *w);
