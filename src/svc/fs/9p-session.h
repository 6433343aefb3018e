/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A 9P session that waits for each answer: for programs that look at a remote directory without
 * mounting it (`metac fs ls`).  Every call takes at most the session's time-out and returns 0 (or a
 * count) or negative errno; after -ETIMEDOUT or -EIO the session is of no more use.
 *
 * Paths are relative to the attached tree, "" and "." being the tree itself; slashes separate
 * names. Symbolic links are not followed.
 */
#include "wire/9p/9p-codec.h"

#include <sys/stat.h>

struct p9_session;

/* Takes fd, a connected stream socket, also on failure. aname: "" for the server's only tree. */
int p9_session_new(int fd, const char *aname, int timeout_ms, struct p9_session **ret);
void p9_session_free(struct p9_session *s);
DEFINE_AUTO(struct p9_session *, p9_session_free);

/* A fid for the path, to be given back with p9_session_clunk. -ENOENT, -ENOTDIR, ... */
int p9_session_walk(struct p9_session *s, const char *path, uint32_t *ret_fid);
void p9_session_clunk(struct p9_session *s, uint32_t fid);

int p9_session_getattr(struct p9_session *s, uint32_t fid, struct stat *ret);
/* Returns the length; at most size - 1 bytes and a NUL are stored. */
int p9_session_readlink(struct p9_session *s, uint32_t fid, char *buf, size_t size);

/* flags: enum p9_open. */
int p9_session_open(struct p9_session *s, uint32_t fid, uint32_t flags);
/* Makes a file in the directory fid, which becomes the open file. */
int p9_session_create(
	struct p9_session *s, uint32_t fid, const char *name, uint32_t flags, uint32_t mode);

/* Called for each entry but "." and ".."; non-zero ends the reading and is returned. name is
 * NUL-terminated; a name that cannot be one (with a slash, say) is left out. */
typedef int (*p9_session_entry_fn)(void *user, const char *name, const struct p9_dirent *d);
/* All entries of the open directory fid, from the beginning. */
int p9_session_readdir(struct p9_session *s, uint32_t fid, p9_session_entry_fn fn, void *user);

/* Any size. Less than asked for: the end of the file (read), or trouble (write). */
ssize_t p9_session_read(struct p9_session *s, uint32_t fid, uint64_t offset, void *buf, size_t n);
ssize_t p9_session_write(
	struct p9_session *s, uint32_t fid, uint64_t offset, const void *buf, size_t n);
