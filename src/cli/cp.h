/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Copying a tree from one side to another (side.h), many files at once.
 *
 *	cp-tree.c    which directory and file is next; directories
 *	cp-file.c    files: their content, links, devices
 *	cp-attr.c    owner, mode, times, extended attributes
 *	cp-links.c   hard links
 *
 * A few fibers list directories and queue what they find, others take files from that queue.  A
 * directory's own attributes are set when all in it is done, since every change in it moves its
 * times.  A file is written under a temporary name if it is large or replaces another; what was
 * interrupted is left under that name, which says what it was made from, and continued by
 * `--resume'.  One thing that cannot be copied is reported and the rest goes on; that the other
 *side is full, or gone, ends everything.
 */
#include "cli/side.h"
#include "cli/verb.h"
#include "cli/fiber.h"

enum {
	CP_DEPTH_MAX = 500, /* directories in one another */
	CP_DIR_FIBERS = 4,
	CP_FILE_FIBERS = 32,
	CP_FLOWS = 4, /* pieces of one large file under way */
	CP_BUFFERS = 24, /* pieces of all files */
	CP_PIECE = 960 * 1024, /* what fits into one message, in whole pages */
	CP_SMALL = 64 * 1024, /* asked for together with opening */
	CP_QUEUE = 16384, /* files found and not begun */
	CP_LINKS_MAX = 1000000,
};

struct cp_counts {
	uint64_t files, directories, others, links, skipped, bytes, errors;
	uint64_t found_files, found_bytes; /* so far */
	bool all_found;
};

/* A directory being copied. */
struct cp_dir {
	struct cp *cp;
	struct cp_dir *parent; /* referenced */
	char *name; /* at the destination */
	struct node *src, *dst;
	struct attr attr; /* of src */
	unsigned refs, depth;
	bool top; /* not copied itself: what is copied lies in it */
};

/* Something found in a directory, to be copied. */
struct cp_task {
	struct list link;
	struct cp_dir *in; /* referenced */
	char *name, *dst_name; /* dst_name NULL: the same; "": in->dst itself */
	unsigned char d_type; /* DT_* */
	bool known;
	struct attr attr; /* if known */
};

struct cp {
	struct cli *cli;
	struct fibers *fibers;
	struct side *src, *dst;
	struct cp_dir *root; /* where the destination's names begin */
	bool resume;
	void (*before_message)(struct cp *cp); /* wipes a progress line */

	struct cp_counts n;
	bool stop; /* no more is to be begun */
	struct err fatal; /* why */
	bool owners_lost, xattrs_lost, no_xattrs;

	struct list dirs, files; /* struct cp_task */
	size_t n_files;
	unsigned busy; /* directories being listed, files being copied */
	struct fiber_gate more_dirs, more_files, room, buffer, linked;
	unsigned n_buffers;
	struct cp_link **link_table;
	size_t n_links;
};

/* Copies what src->path names to what dst->path names: into it, if it is a directory and the source
 * has a name. Called outside fibers: spawns them, the caller runs them. cp is set up but for the
 * fields from n on, which are zero or kept from the source before. */
int cp_begin(struct cp *cp, bool recursive, bool into);
/* After all fibers have ended. */
void cp_end(struct cp *cp);

/* ---- between the files ---- */

struct cp_dir *cp_dir_ref(struct cp_dir *d);
/* The last one: sets the directory's attributes. In a fiber. */
void cp_dir_unref(struct cp_dir *d);
/* The path of a name in a directory at the destination, malloc'ed. */
char *cp_path(const struct cp_dir *d, const char *name);
/* Says that this could not be copied; ends everything if no other could be either. */
void cp_failed(
	struct cp *cp, const struct cp_dir *d, const char *name, int error, const char *what);

static inline const char *cp_dst_name(const struct cp_task *t)
{
	return t->dst_name ?: t->name;
}

/* Copies what is no directory. -EISDIR: it is one. */
int cp_copy_file(struct cp *cp, struct cp_task *t, void *small);

/* Gives to what src has. */
int cp_copy_attr(struct cp *cp, struct node *from, struct node *to, const struct attr *a);

/* Something with several names. 1: made as a link to the copy there is already; 0: to be copied,
 * and cp_links_done() called afterwards, with whether that went well. */
int cp_links_begin(struct cp *cp, const struct cp_task *t, const struct attr *a);
void cp_links_done(struct cp *cp, const struct attr *a, bool good);
void cp_links_free(struct cp *cp);
