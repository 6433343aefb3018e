/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The files behind the 9P server: one directory tree, served by POSIX calls relative to
 * descriptors.
 *
 * A fid that is not open holds an O_PATH descriptor (a node, shared by clones of the fid); an open
 * one holds the file.  A name is looked up one component at a time, never following a symbolic
 * link, below a descriptor that is held; so no rename or link made in between leads out of the
 * tree.  What has only a path interface is reached as /proc/self/fd/N, which leads to the very
 * object, whatever its name is now.  Only regular files and directories are ever opened for reading
 * and writing: devices, FIFOs and sockets are opened by the client's own kernel.
 *
 * Operations may run in several threads at once; p9_tree_run() is the only door for requests.
 */
#include "svc/fs/server/9p-cred.h"
#include "svc/fs/server/9p-pipe.h"
#include "svc/fs/server/9p-watch.h"
#include "wire/9p/server.h"

#include <sys/stat.h>

enum {
	P9_XATTR_BYTES_MAX = 16 << 20, /* held by all xattr fids together */
	P9_LOCK_OWNERS_MAX = 1024, /* (file, client process) pairs that hold locks */
	P9_LOCK_WAITERS_MAX = 8, /* threads that may wait for a lock at a time */
	P9_LOCK_OWNERS_PER_FID = 256,
	P9_DIR_BUFFER = 32768,
	P9_DIR_BUFFERS_MAX = 1024, /* directories being read at a time */
};

struct p9_node {
	atomic_uint refs;
	int fd; /* O_PATH */
	mode_t mode;
	dev_t dev;
	ino_t ino;
	atomic_uint watched; /* p9_watch_fd's memo */
};

enum p9_file_state { P9_PATH, P9_FILE, P9_DIR, P9_XATTR_GET, P9_XATTR_SET };

struct p9_dir_buffer {
	uint64_t next; /* the offset that goes on where this buffer stands */
	size_t at, len;
	uint8_t bytes[P9_DIR_BUFFER] __attribute__((aligned(8)));
};

struct p9_xattr {
	char name[P9_MAX_NAME + 1];
	int flags;
	size_t size, written; /* P9_XATTR_SET: bytes promised, bytes come */
	uint8_t bytes[];
};

struct p9_lock_owner;

/* The backend's part of a fid. */
struct p9_file {
	enum p9_file_state state;
	const struct p9_cred *cred;
	struct p9_node *node; /* while state is P9_PATH, P9_XATTR_* */
	int fd; /* P9_FILE, P9_DIR */
	int accmode;
	ino_t ino;
	dev_t dev;
	atomic_uint watched; /* p9_watch_fd's memo, while open */
	pthread_mutex_t lock; /* what follows: a fid may be read by several requests at once */
	struct p9_dir_buffer *dir;
	struct p9_xattr *xattr;
	struct p9_lock_owner **owners;
	size_t n_owners;
};

struct p9_tree {
	struct p9_node *root;
	struct p9_cred_db creds;
	struct p9_watch *watch; /* borrowed; NULL: nothing can be watched */
	bool read_only;
	uint32_t msize;
	atomic_size_t xattr_bytes;
	atomic_uint dir_buffers;
	pthread_mutex_t locks_lock;
	struct list lock_owners;
	size_t n_lock_owners;
	atomic_uint lock_waiters;
};

/* A request and the memory to answer it with. */
struct p9_job {
	struct p9_request q;
	struct p9_tree *tree;
	uint8_t *payload; /* room for q.count bytes of what the answer carries (Rread, Ropenat ...)
			   */
	struct p9_pipe *pipe; /* for the payload of an Rread, from its beginning, as much as fits;
			       * the rest, without a gap, to `payload`. NULL: none */
	bool may_block; /* false: return P9_TREE_WOULD_BLOCK rather than wait for a disk */
	bool watching; /* p9_job_watch() said so */
	char text[4097]; /* Rreadlink */
};

enum { P9_TREE_WOULD_BLOCK = 1 };

/* root_fd is duplicated. fixed: see 9p-cred.h. */
int p9_tree_init(struct p9_tree *t, int root_fd, bool read_only, bool fixed);
void p9_tree_done(struct p9_tree *t);

/* True when the operation is short: worth doing at once rather than letting others go on meanwhile.
 */
bool p9_tree_is_quick(uint8_t type);

/* For a change that is not quick: how many milliseconds it seldom takes longer than, so that it is
 * not worth waking another thread for it; 0: it may well take long. */
unsigned p9_tree_patience(const struct p9_msg *m);

/* Runs the operation in job->q.t and fills job->q.r. 0, negative errno, P9_TREE_WOULD_BLOCK. */
int p9_tree_run(struct p9_job *job);

/* Releases what a fid held (p9_server_pop_dead). */
void p9_file_free(struct p9_tree *t, struct p9_file *f);

/* --- for the modules that implement operations --- */

#define P9_PROC_PATH 32
const char *p9_proc_path(int fd, char buf[P9_PROC_PATH]);

struct p9_node *p9_node_ref(struct p9_node *n);
void p9_node_unref(struct p9_node *n);
/* Takes fd, also on failure. */
int p9_node_new(int fd, struct p9_node **ret, struct stat *ret_stat);
/* The same for a descriptor that has been looked at. */
int p9_node_of(int fd, const struct statx *sx, struct p9_node **ret);
DEFINE_AUTO(struct p9_node *, p9_node_unref);

struct p9_file *p9_file_new(const struct p9_cred *cred); /* state P9_PATH, no node */
/* The file's node, referenced; of an open one a new one is made. */
int p9_file_node(const struct p9_file *f, struct p9_node **ret);
/* The descriptor that stands for the object itself: for *at() calls with AT_EMPTY_PATH. */
int p9_file_at(const struct p9_file *f);

static inline struct p9_file *p9_job_file(const struct p9_job *j)
{
	return j->q.fid->data;
}

static inline struct p9_file *p9_job_file2(const struct p9_job *j)
{
	return j->q.fid2->data;
}

/* A path may hold any byte but NUL; buf gets the name NUL-terminated. */
static inline const char *p9_cstr(struct p9_str s, char *buf, size_t cap)
{
	assert(s.len < cap);
	if (s.len)
		memcpy(buf, s.s, s.len);
	buf[s.len] = 0;
	return buf;
}

struct p9_qid p9_qid_of(const struct p9_tree *t, const struct stat *st);
struct p9_qid p9_qid_of_statx(const struct p9_tree *t, const struct statx *sx);

/* Attributes as request_mask (enum p9_getattr) asks for them: of the name below `at`, or with "" of
 * the object of `at` itself. Links are not followed. All but `gen`, which only a descriptor tells.
 */
int p9_stat(int at, const char *name, uint64_t request_mask, struct statx *ret);
void p9_attr_of(const struct p9_tree *t, const struct statx *sx, struct p9_attr *ret);
/* Adds `gen`, where it is asked for and the file system has it. */
void p9_attr_add_gen(int fd, uint64_t request_mask, struct p9_attr *a);
/* All of it. */
int p9_attr_get(const struct p9_tree *t, int fd, uint64_t request_mask, struct p9_attr *ret);
int p9_attr_get_name(const struct p9_tree *t, int dir, const char *name, uint64_t request_mask,
	struct p9_attr *ret);

/* Fills in what the answer says about the directory that it changed. */
void p9_tell_dir(struct p9_job *j);

/* Attributes of a name, and its node as the data of newfid if that is wanted. */
int p9_give_name(struct p9_job *j, int dir, const char *name, uint64_t mask, struct p9_attr *ret);

/* Has the directory watched if flags (enum p9_want) ask for it; call it before looking. Returns
 * enum p9_got. */
uint32_t p9_job_watch(struct p9_job *j, struct p9_file *dir, uint32_t flags);
/* The attributes of an entry of that directory, found by its name (`at` being the directory) or as
 * an object at hand (name "").  Where events about the directory do not tell when they change the
 * object is watched itself, or P9_GETATTR_ASK is set. Where no watch was asked for it just looks.
 */
int p9_job_look(struct p9_job *j, int at, const char *name, uint64_t mask, struct statx *ret_sx,
	struct p9_attr *ret);

/* Bytes of an open file, or negative errno; -EAGAIN where reading would wait and job->may_block
 * says not to. Short only at the end of the file. */
ssize_t p9_read_fd(const struct p9_job *j, int fd, void *buf, size_t n, uint64_t offset);

/* For a Tcreateat that has made or opened its file already, for a connection that is gone: opens
 * what has the name, without truncating it. -ESTALE if that has another qid.path than `path`. */
int p9_createat_again(struct p9_job *j, uint64_t path);

/* write(2) at the end of the file, whether it was opened for appending or not: -1 and errno. */
ssize_t p9_append_fd(int fd, const void *buf, size_t n);

/* Gives the object of the request's second fid a name in the directory of the first. */
int p9_link(struct p9_job *j, struct p9_str name);

/* One per T message; a method table in 9p-tree.c names them. */
int p9_do_attach(struct p9_job *j);
int p9_do_walk(struct p9_job *j);
int p9_do_remove(struct p9_job *j);
int p9_do_rename(struct p9_job *j);
int p9_do_renameat(struct p9_job *j);
int p9_do_unlinkat(struct p9_job *j);
int p9_do_link(struct p9_job *j);
int p9_do_mkdir(struct p9_job *j);
int p9_do_mknod(struct p9_job *j);
int p9_do_symlink(struct p9_job *j);
int p9_do_readdir(struct p9_job *j);
int p9_do_lopen(struct p9_job *j);
int p9_do_lcreate(struct p9_job *j);
int p9_do_read(struct p9_job *j);
int p9_do_write(struct p9_job *j);
int p9_do_fsync(struct p9_job *j);
int p9_do_clunk(struct p9_job *j);
int p9_do_statfs(struct p9_job *j);
int p9_do_getattr(struct p9_job *j);
int p9_do_setattr(struct p9_job *j);
int p9_do_readlink(struct p9_job *j);
int p9_do_xattrwalk(struct p9_job *j);
int p9_do_xattrcreate(struct p9_job *j);
int p9_do_lock(struct p9_job *j);
int p9_do_getlock(struct p9_job *j);
int p9_do_attachx(struct p9_job *j);
int p9_do_lookup(struct p9_job *j);
int p9_do_openat(struct p9_job *j);
int p9_do_createat(struct p9_job *j);
int p9_do_makeat(struct p9_job *j);
int p9_do_tmpfile(struct p9_job *j);
int p9_do_linkat(struct p9_job *j);
int p9_do_readdirplus(struct p9_job *j);
int p9_do_renameat2(struct p9_job *j);
int p9_do_fallocate(struct p9_job *j);
int p9_do_seek(struct p9_job *j);
int p9_do_copyrange(struct p9_job *j);
int p9_do_setattrx(struct p9_job *j);
int p9_do_getxattr(struct p9_job *j);
int p9_do_listxattr(struct p9_job *j);
int p9_do_setxattr(struct p9_job *j);
int p9_do_removexattr(struct p9_job *j);

/* Txattrcreate's end: sets or removes the attribute when its bytes have come. */
int p9_xattr_commit(struct p9_job *j, struct p9_file *f);
void p9_xattr_free(struct p9_tree *t, struct p9_xattr *x);

void p9_dir_buffer_free(struct p9_tree *t, struct p9_dir_buffer *b);

/* Calls take(fd, how), which may wait in the kernel, again and again while it answers -EINTR and
 * the request has not been flushed. -EAGAIN: too many wait already. */
int p9_lock_wait(struct p9_job *j, int (*take)(int fd, void *how), int fd, void *how);

/* Drops the fid's part in its lock owners. */
void p9_locks_drop(struct p9_tree *t, struct p9_file *f);
