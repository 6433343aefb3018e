/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A 9P2000.L tree under FUSE: what the parts of the mount worker share.
 *
 *	kernel --FUSE request--> f9_op --9P request--> server
 *	kernel <--fuse_reply----- f9_op <--completion-- server
 *
 * One thread; nothing waits.  Each FUSE request becomes an f9_op, which goes from one 9P request to
 * the next by continuations and ends with exactly one reply.  Many are under way at once.
 *
 *	fuse9p.c        operations' life, the table for libfuse
 *	fuse9p-node.c   inodes, their names
 *	fuse9p-fid.c    fids: cached ones per inode and user, walking to new ones
 *	fuse9p-open.c   opening, creating and closing files
 *	fuse9p-file.c   reading and writing them
 *	fuse9p-kept.c   closed files that are kept open, content that came with an opening
 *	fuse9p-space.c  allocating, holes, copying ranges
 *	fuse9p-cred.c   users and their groups
 *	fuse9p-lookup.c entries: looking them up, telling them to the kernel
 *	fuse9p-names.c  directories whose names are all known: what is not there is not asked for
 *	fuse9p-meta.c   attributes
 *	fuse9p-last.c   those of directories after our own changes
 *	fuse9p-make.c   making entries
 *	fuse9p-remove.c removing and renaming them
 *	fuse9p-dir.c    open directories
 *	fuse9p-xattr.c  extended attributes
 *	fuse9p-lock.c   record locks and flock
 *	fuse9p-data.c   written data on its way to the server; what was read ahead
 *	fuse9p-watch.c  the server's events, and how long what it said is believed
 *	fuse9p-recover.c  after the connection was lost: open files, locks, operations
 *
 * When the connection is lost, every operation under way is parked; when there is a new one, open
 * files are found again, and each operation begins anew from its start function, with what it
 * was asked for: what it had found out meanwhile is forgotten (f9_op_rewind).  A request that
 * must not be done twice goes through f9_send_once(), which makes the repetition harmless.
 *
 * Who may do what is decided twice: by the kernel here from the mode bits (default_permissions),
 *and by the server, to whom each request goes on a fid of the requesting user, got by an attach of
 *that user (as the kernel's v9fs does it).  So what a user makes belongs to him there.
 */
#include "base/list.h"
#include "wire/9p/client-io.h"

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

enum {
	F9_OUTRUN = 64, /* threads remembered that were told ESTALE by an opening */
	F9_MAX_FIDS = 2048, /* cached for inodes; open files come on top */
	F9_MAX_CREDS = 512,
	F9_MAX_NODES = 8 * 1024 * 1024,
	F9_MAX_DEPTH = 4096,
	F9_PLUS_WINDOW = 64, /* entries asked about at the same time by one readdirplus */
	F9_BLOCK_SIZE = 64 * 1024, /* st_blksize: what stdio takes as its buffer size */
	F9_MAX_XATTR = 65536,
	F9_OP_CHANGES = 4,
	F9_MAX_HELD = 64 * 1024 * 1024, /* see f9.held */
};

/* As what a file without a name is created (O_TMPFILE). */
#define F9_TMPFILE_NAME "/"

#define F9_TIMEOUT 1.0 /* seconds the kernel may believe names and attributes */

struct f9_op;
struct f9_idmap; /* fuse9p-idmap.h */
struct f9_invalidator;
struct f9_recovery; /* fuse9p-recover.c */
struct f9_watch;

/* What fuse9p-watch.c knows of an inode. */
struct f9_watch_node {
	uint64_t heard; /* number of the last event about it, or about a name in it */
	uint64_t since; /* what was asked from that number on is covered by events */
	uint32_t epoch; /* the one in which it was found watched itself; 0: never */
	uint32_t told; /* the last one in which the kernel was told something of it for long */
	uint32_t told_ms, names_ms; /* when that was; the same for names in it */
	bool several; /* a file with several names, when last heard of */
	bool alone; /* the server said that its directory tells nothing about it */
	bool doubt; /* whether its name is still so: its directory may tell nothing about it */
	bool names; /* names in it are in the list of names told */
};

/*
 * Whose rights a request has at the server: a user's, with the groups the server knows him by; or
 * (own_groups, with 9P2000.L.metac alone) with those that a process of his has here.  Fids belong
 * to one of these.
 */
struct f9_cred {
	uid_t uid; /* as here: f9_cred_attach() maps it */
	gid_t gid;
	bool own_groups;
	unsigned n_groups;
	unsigned refs;
	struct list link; /* in f9.creds */
	uint8_t groups[]; /* little-endian, mapped already, in order */
};

/* An inode the kernel knows. */
struct f9_node {
	struct p9_qid qid;
	uint64_t generation; /* told the kernel */
	uint64_t gen; /* told by a metac server: differs when the qid.path is used anew; 0: unknown
		       */
	uint64_t nlookup; /* what the kernel holds */
	bool replaced; /* the server has another object of that qid by now: not found any more */
	unsigned refs; /* children, handles, operations */
	struct f9_node *parent; /* referenced; NULL: no name is known any more (or the root) */
	char *name;
	struct f9_node *by_qid, *by_name; /* chains of the two tables */
	struct list fids; /* struct f9_fid */
	struct list children; /* nodes known by a name in this directory */
	struct list sibling; /* in the parent's children */
	struct list handles; /* struct f9_handle */
	struct list owners; /* struct f9_owner: who may hold locks */
	uint64_t lock_dropped; /* f9_watch_now() when a lock was asked for, and all that was cached
				  from before was dropped then; 0: never */

	uint64_t size; /* as last heard, and told to the kernel */
	uint64_t mtime_sec, mtime_nsec;
	uint32_t mode, gid, nlink; /* gid as here */
	uint64_t
		told_ms; /* when the kernel was last told the name: it believes it for F9_TIMEOUT */
	struct f9_watch_node watch;

	/* fuse9p-data.c */
	struct f9_dirty *dirty; /* what was written and is not confirmed; NULL: nothing */
	uint64_t written_end; /* where it ends, or ended */
	uint64_t written_op; /* the last operation begun when the last of it was confirmed */
	/* fuse9p-kept.c */
	struct list idle; /* struct f9_handle: closed, but kept for the next opening */
	bool cached; /* the kernel may have cached content: */
	uint64_t cached_since; /* f9_watch_now() when that was known to be right */

	struct f9_names *names; /* all there are in it (fuse9p-names.c), or NULL */
	struct f9_last *last; /* its attributes after our last change (fuse9p-last.c), or NULL */
	uint32_t changing, changes; /* operations under way that change them; their begins and ends
				     */
	uint32_t misses, listings; /* names that were not there; how often all were read */
	struct f9_cred *dir_cred; /* who could open this directory last, referenced; or NULL */
	uint64_t dir_cached; /* the kernel has its list of names, asked for then; 0: it has not */
	uint32_t no_xattr; /* which of the well-known attributes it has not (fuse9p-xattr.c) */
	uint64_t no_xattr_asked, no_xattr_ms; /* f9_watch_now(), and when, that was so */
};

/* A fid of an inode, not open, belonging to one user; kept for the next request. */
struct f9_fid {
	struct f9_node *node;
	uint32_t fid;
	struct f9_cred *cred; /* referenced */
	unsigned pins; /* operations that use it right now */
	struct list on_node;
	struct list lru; /* in f9.lru while not pinned, else in f9.pinned */
};

/* An open file or directory. */
struct f9_handle {
	struct f9_node *node;
	uint32_t fid, iounit;
	int flags; /* of open(2) */
	uid_t uid; /* whose rights it has */
	gid_t gid;
	struct f9_op *reopening; /* after a loss, while it is being found again */
	struct f9_cred *cred; /* referenced: the same, and what groups; NULL: root */
	int error; /* not 0: it could not be found again (-ESTALE), or its lock is gone (-EIO) */
	struct list on_node;
	struct list on_fs; /* in f9.handles */
	struct f9_dir *dir; /* what was read ahead of a directory */

	int write_error; /* to be told once (fuse9p-data.c) */
	unsigned n_chunks; /* of data on its way with it */
	bool closed; /* by its program; goes when they have gone */
	bool watched; /* the name's directory was watched when it was opened */
	uint64_t since; /* f9_watch_now() when it was opened */
	struct f9_head *head; /* the content that came with the opening, or NULL */
	struct list idle_on_fs; /* kept for the next opening; when it was put there: */
	uint64_t idle_ms;
};

struct f9_table {
	struct f9_node **buckets;
	size_t n_buckets, n;
};

struct f9 {
	struct fuse_session *session;
	struct p9_client *client;
	struct f9_invalidator *invalidator;
	struct f9_watch *watch;
	bool expires; /* the kernel can be told to ask again about a name */
	const char *aname;
	char client_id[48]; /* names this mount in locks */
	bool read_only;
	uint64_t init_unique, init_offered; /* of FUSE_INIT (9p-mount.c) */

	struct f9_node *root;
	struct f9_table by_qid, by_name;
	uint64_t generation;

	struct list lru; /* cached fids that nobody uses right now, oldest first */
	struct list pinned; /* the others */
	unsigned n_fids;

	struct f9_outrun { /* a thread that was told ESTALE (fuse9p-outrun.c) */
		pid_t pid; /* 0: none */
		const struct f9_node *found; /* to compare only: what it looked up since */
	} outrun[F9_OUTRUN];
	unsigned n_outrun, outrun_next;

	bool metac; /* the server speaks 9P2000.L.metac */
	bool kept, watches; /* as Rsession said */
	bool down; /* there is no connection right now: operations are parked */
	uint64_t epoch; /* number of the connection; one more with each loss */
	struct list parked; /* struct f9_op, oldest first */
	struct list want_slot; /* the same, waiting for one of the slots of f9_send_once() */
	uint64_t slots_taken; /* a bit each */
	unsigned slot_next; /* where to look for a free one */
	uint32_t slot_seq[P9_ONCE_SLOTS]; /* last used */
	uint64_t lost_ms; /* when the connection went */
	bool settled; /* the end of the last connection has been dealt with */
	bool attached; /* there has been a connection: the root is known */
	uint64_t root_gen;
	struct f9_recovery *recovery; /* under way on a new connection */
	uint64_t n_connections, n_requests; /* so far */
	uint32_t timeout_ms; /* after which operations do not wait any longer; 0: for ever */
	int over; /* negative errno: there will be no connection any more */
	size_t held; /* bytes of programs' data that operations keep: beyond F9_MAX_HELD no
		      * requests are taken in */
	struct list handles; /* struct f9_handle, all that are open */
	struct { /* taking locks again (fuse9p-lock.c) */
		struct list todo; /* struct f9_op (park) */
		unsigned n_open;
		bool starting;
		uint64_t until_ms;
		void (*then)(struct f9 *fs);
	} reclaim;

	struct f9_data *data; /* fuse9p-data.c */
	struct f9_kept *kept_open; /* fuse9p-kept.c */
	uint64_t n_started; /* number of the last operation */
	struct list creds; /* struct f9_cred, all */
	unsigned n_creds;
	struct list names, names_made; /* struct f9_names: in use; being read */
	size_t n_names;
	unsigned n_listings;
	int proc_fd; /* of /proc, to read whose groups a process has; -EBADF: cannot be read */
	bool masks; /* the umask is ours to apply (f9_create_dir) */
	const struct f9_idmap *user_map, *group_map; /* NULL: numbers are the same here and there */

	struct list ops; /* struct f9_op under way */
	struct list sleepers; /* those that wait for time to pass */
	/* Asks whether the thread is to die of the signal it got; f9_interrupt() if so. False: that
	 * cannot be found out. NULL: the same. */
	bool (*ask_killed)(struct f9 *fs, uint64_t number, pid_t pid);
	unsigned n_signalled;
	uint64_t ask_again_ms;
	unsigned n_ops;
};

/* Called when a step of an operation has ended. reply is NULL when error is set, and for steps that
 * have none. */
typedef void (*f9_then)(struct f9_op *op, int error, const struct p9_msg *reply);

/* Begins an operation: called once, and once more after each loss of the connection. */
typedef void (*f9_start)(struct f9_op *op);

struct f9_dir; /* fuse9p-dir.c */
struct f9_plus; /* fuse9p-plus.c */

/* A FUSE request under way; or a part of finding open files again, which has no req. */
struct f9_op {
	struct f9 *fs;
	fuse_req_t req;
	struct list link;
	uid_t uid;
	gid_t gid;
	struct f9_cred *cred; /* referenced; NULL until f9_op_cred() */
	bool strict; /* only cred's own fids will do: it was refused with somebody else's */
	bool default_acl; /* the directory has one */
	bool removes; /* an extended attribute */
	bool must_exist; /* an entry was made, and is looked up: ENOENT is an error then */
	bool borrowed; /* it has used a fid that it does not hold, of f9_fid_at_hand() */
	bool interrupted; /* it is not to wait any longer */
	bool by_any_signal; /* programs expect it to end with EINTR */
	pid_t signalled; /* who got a signal meanwhile: whether to die of it is asked; 0: nobody */

	f9_start start;
	uint64_t epoch; /* of the connection that it uses */
	bool parked; /* waits for a connection, or for a slot: in fs.parked or fs.want_slot */
	bool early; /* begun anew while files are still being found again */
	bool of_recovery; /* not of the kernel's asking: req is NULL */
	struct list park;
	struct p9_once once; /* of f9_send_once(); seq 0: none yet */
	bool once_sent;
	bool in_doubt; /* that request was sent before, and the server does not know any more what
			* became of it: see docs/9p2000.L.metac.md, "Not twice" */
	uint64_t first_sent_ns; /* when, by the wall clock */

	uint64_t number; /* counted when it began, or when it last waited for data */
	struct list wait; /* for data written before it: fuse9p-data.c */
	f9_then wait_then;
	uint64_t wait_seq;
	unsigned n_pieces;
	int wait_error;
	size_t held; /* bytes of its, in f9.held */
	struct f9_handle *release; /* is freed with the operation */
	bool named; /* opening: by its name */
	uint32_t count; /* bytes asked for with it */
	bool resent, doubted; /* creating: it had been sent before, and the server ... (in_doubt) */

	struct f9_node *changes[F9_OP_CHANGES]; /* referenced: fuse9p-last.c */
	uint32_t changes_at[F9_OP_CHANGES];
	uint64_t asked; /* f9_watch_now() when the last 9P request was sent */
	uint64_t events_sent; /* f9_watch_sent() when a lock was asked for */
	f9_then then; /* of the 9P request under way */
	int tag; /* of it; -1: none */
	struct p9_io *io; /* the same for reads and writes */

	f9_then main_then; /* opening a directory */
	f9_then walk_then, got; /* walking to a node (fuse9p-fid.c) */
	struct f9_fid **walk_slot;
	struct f9_node *walk_node, **chain; /* from the top down, each referenced */
	unsigned n_chain, chain_at;
	struct f9_fid *walk_from;

	uint32_t newfid; /* P9_NOFID: none; owned: clunked in the end */
	struct f9_fid *fid, *fid2; /* pinned */
	struct f9_node *node, *node2; /* referenced */
	struct f9_handle *handle; /* borrowed from the kernel, or being made */
	bool handle_new;
	char *name, *name2;
	struct p9_qid qid;
	struct fuse_file_info fi;

	bool outrun; /* that is done for the file itself, whatever has the name by now */
	bool side_open, main_done; /* open: attributes asked for at the same time */
	int side_error, main_error;
	struct p9_msg side;

	struct stat attr; /* setattr */
	int to_set;
	uint32_t mode;
	dev_t rdev;

	size_t size; /* readdir, xattr */
	uint64_t offset, from;
	void *data;
	size_t n_data;
	int flags;
	struct f9_plus *plus;

	uint64_t owner; /* locks */
	struct flock lock;
	uint32_t delay_ms;
	uint64_t wake_ms;
	struct list sleep;
	bool is_flock;
};

/* ---- fuse9p.c: operations ---- */

extern const struct fuse_lowlevel_ops f9_fuse_ops;

/* The client is new. */
int f9_init(struct f9 *fs, struct p9_client *client);
void f9_done(struct f9 *fs);

/* NULL: answered with an error already. ino is referenced as op->node. */
struct f9_op *f9_op_new(fuse_req_t req, fuse_ino_t ino);
/* The same for a request that changes something: EROFS on a read-only mount. */
struct f9_op *f9_op_new_change(fuse_req_t req, fuse_ino_t ino);
/* Copies name; false: answered with an error, op is gone. */
bool f9_op_name(struct f9_op *op, const char *name);
/* An operation that nobody asked for: without req, and without start. NULL: no memory. */
struct f9_op *f9_op_new_own(struct f9 *fs, struct f9_node *node, uid_t uid, gid_t gid);
/* Frees what the operation holds; the reply has been sent. */
void f9_op_free(struct f9_op *op);
/* Answers with an errno (0 = success), if there is a req, and frees. */
void f9_op_err(struct f9_op *op, int error);

/* Sets op's start function and calls it. What the operation was asked for is in op by then. */
void f9_op_begin(struct f9_op *op, f9_start start);
/* Forgets all that was found out on the way (fids, walks, replies) but not what was asked for, so
 * that the start function may be called again. The server has forgotten too: nothing is clunked. */
void f9_op_rewind(struct f9_op *op);
/* Sends m; `then` is called with the reply, or at once if it cannot be sent. When the connection is
 * lost meanwhile, `then` is not called: the operation is parked. */
void f9_send(struct f9_op *op, const struct p9_msg *m, f9_then then);
/* The same for what must not be done twice (create, make, link, unlink, rename, append): at most
 * one such request per operation. Where the server has 9P2000.L.metac it goes inside a Tonce, with
 * the same slot and seq when the operation is begun again. */
void f9_send_once(struct f9_op *op, const struct p9_msg *m, f9_then then);
/* Begins op anew although nothing was lost: it was answered, and is to be asked in another way. */
void f9_op_again(struct f9_op *op);
/* For those who make requests by themselves (p9_client_request, p9_io_read ...), when all that op
 * had under way have ended, one of them with `error`: was that the loss of the connection? If so op
 * is parked and not to be touched any more. Operations without a start function: false. */
bool f9_op_lost(struct f9_op *op, int error);
/* The operation of that number ends with EINTR as soon as it can, if it is still there. */
void f9_interrupt(struct f9 *fs, uint64_t number);
/* Asks again about those who got a signal: another may have followed, which nobody tells. Returns
 * the milliseconds until it has to be called again, -1: nobody did. */
int f9_signalled_run(struct f9 *fs);
/* Begins one that is parked anew. */
void f9_op_restart(struct f9_op *op);
/* Begins parked operations anew, as many as the connection takes now. Returns the milliseconds
 * until it has to be called again (a timeout), -1: when something has happened. */
int f9_parked_run(struct f9 *fs);
/* The connection is gone, or is not to be used any longer: parks. Not from inside the client's
 * callbacks. */
void f9_park_all(struct f9 *fs);
/* The connection is there, and all that was open: operations go on with f9_parked_run(). */
void f9_up(struct f9 *fs);
/* error (negative): all operations, now and later, answer it. */
void f9_over(struct f9 *fs, int error);

static inline struct f9 *f9_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static inline struct p9_str f9_str(const char *s)
{
	return p9_str(s ? s : "");
}

/* ---- fuse9p-recover.c ---- */

/* error 0: the tree is there (again), f9_up() has been called. Else the server is not what was
 * looked for: text says what was asked of it. */
typedef void (*f9_recovered)(void *user, int error, const char *text);

/* There is a new connection, over which nothing has been said yet: agrees on a version, attaches,
 * finds open files and locks again. done is called once, unless the connection is lost before. */
int f9_recover(struct f9 *fs, f9_recovered done, void *user);
/* The connection is lost: gives up if that is under way. Called by f9_park_all(). */
void f9_recover_cancel(struct f9 *fs);
/* The handle is about to be freed. */
void f9_recover_forget(struct f9_handle *h);
/* op, which is `early`, has ended or is parked again. */
void f9_recover_early_done(struct f9 *fs);
/* What attributes to ask for: those that the kernel wants, and what tells files apart. */
static inline uint64_t f9_attr_mask(const struct f9 *fs)
{
	return P9_GETATTR_BASIC | (fs->metac ? (uint64_t)P9_GETATTR_GEN : 0);
}

/* ---- fuse9p-node.c ---- */

/* Makes the root, or says who it is once that is known. 0 or -ENOMEM. */
int f9_root_set(struct f9 *fs, const struct p9_qid *qid);

int f9_table_init(struct f9_table *t);
void f9_table_done(struct f9_table *t);
struct f9_node *f9_node_of(struct f9 *fs, fuse_ino_t ino);
fuse_ino_t f9_node_ino(const struct f9 *fs, const struct f9_node *n);
/* The node of that identity, made if it is new, known from now on by that name; referenced.
 * NULL: no memory. parent NULL: the root. */
struct f9_node *f9_node_get(
	struct f9 *fs, const struct p9_qid *qid, struct f9_node *parent, const char *name);
struct f9_node *f9_node_ref(struct f9_node *n);
void f9_node_unref(struct f9 *fs, struct f9_node *n);
void f9_node_forget(struct f9 *fs, struct f9_node *n, uint64_t nlookup);
/* The entry has gone (removed, or covered by a rename). */
void f9_name_gone(struct f9 *fs, struct f9_node *parent, const char *name);
/* Of any type. */
struct f9_node *f9_node_find(struct f9 *fs, uint64_t path);
void f9_name_moved(struct f9 *fs, struct f9_node *parent, const char *name,
	struct f9_node *newparent, const char *newname);
/* The two entries have changed places. */
void f9_name_exchanged(struct f9 *fs, struct f9_node *parent, const char *name,
	struct f9_node *newparent, const char *newname);
/* The node that is known by that name, or NULL. */
struct f9_node *f9_name_find(struct f9 *fs, const struct f9_node *parent, const char *name);
void f9_node_free_all(struct f9 *fs);

/* The kernel is about to be told the entry. */
void f9_node_told(struct f9_node *n);
uint64_t f9_now_ms(void);
/* What to ask for wherever attributes come (request_mask). */
#define F9_ATTR_MASK ((uint64_t)P9_GETATTR_BASIC | P9_GETATTR_GEN)
/* The node of the object that has these attributes (as f9_node_get).  0 with *ret referenced;
 * -EIO: a server that contradicts itself; -ENOMEM, -ENFILE. */
int f9_node_of_attr(struct f9 *fs, const struct p9_attr *a, struct f9_node *parent,
	const char *name, struct f9_node **ret);
/* The answer is about that very object. (Names are hints; qids come again.) */
bool f9_node_is(const struct f9_node *n, const struct p9_attr *a);
/* Remembers and converts what the server said, to be told to the kernel. */
void f9_node_attr(struct f9 *fs, struct f9_node *n, const struct p9_attr *a, struct stat *ret);
void f9_attr_to_stat(const struct f9 *fs, const struct p9_attr *a, struct stat *ret);
/*
 * An entry of dir that is about to be told to the kernel: the node of the object with these
 * attributes, and what fuse_reply_entry or _create wants, timeouts included.  asked, flags: as
 * f9_watch_answer() takes them (flags of answers that have none: 0).  The kernel's reference is
 * counted; if the reply fails with ENOENT give it back with f9_node_forget(fs, *ret, 1).  *ret is
 * referenced.  Negative errno as f9_node_of_attr().
 */
int f9_entry_told(struct f9_op *op, struct f9_node *dir, const char *name, const struct p9_attr *a,
	uint64_t asked, uint32_t flags, struct fuse_entry_param *e, struct f9_node **ret);

/* ---- fuse9p-fid.c ---- */

/* Puts a pinned fid of the node that belongs to op's user into *slot. */
void f9_fid_own(struct f9_op *op, struct f9_node *n, struct f9_fid **slot, f9_then then);
/* The same with anybody's fid: for what does not depend on the user. */
void f9_fid_any(struct f9_op *op, struct f9_node *n, struct f9_fid **slot, f9_then then);
/* Walks to a fid of op's own, op->newfid, as op's user. */
void f9_fid_walk(struct f9_op *op, struct f9_node *n, f9_then then);
/* The same from the directory above, so that -ESTALE comes if the name stands for something else
 * by now (on which the kernel looks again). */
void f9_fid_walk_name(struct f9_op *op, struct f9_node *n, f9_then then);
/* Keeps a fid that was walked to as `uid` for the node: takes it. */
void f9_fid_adopt(struct f9 *fs, struct f9_node *n, uid_t uid, uint32_t fid);
void f9_fid_adopt_cred(struct f9 *fs, struct f9_node *n, struct f9_cred *cred, uint32_t fid);
void f9_fid_unpin(struct f9 *fs, struct f9_fid *f);
/* The connection is lost: forgets all. */
void f9_fid_lost(struct f9 *fs);
/* Clunks those that nobody uses right now until there are no more than `most`. */
void f9_fids_trim(struct f9 *fs, unsigned most);
/* Has n walked to from `fid`, which is of the directory above it and of cred, so that it will have
 * a fid of cred's. Nobody waits. */
void f9_fid_fetch(struct f9 *fs, struct f9_node *n, struct f9_cred *cred, uint32_t fid);
/* Clunks all of a node. */
void f9_fid_drop_all(struct f9 *fs, struct f9_node *n);
/* A new number in op->newfid, or negative errno. */
int f9_fid_new(struct f9_op *op);
/* The server did not take the number: gives it back. */
void f9_fid_unused(struct f9_op *op);
/* A fid that can be asked about the node's attributes right now (handles included), else P9_NOFID.
 */
uint32_t f9_fid_at_hand(struct f9_op *op, const struct fuse_file_info *fi);

/* ---- fuse9p-last.c: a directory's attributes after our own changes ---- */

/* op is about to change n's attributes (NULL, or no directory: nothing happens), until it ends.
 * May be called again for the same. */
void f9_changes(struct f9_op *op, struct f9_node *n);
/* The answer to op's only change of n, asked for at op->asked, says that they are these now. */
void f9_changed_to(struct f9_op *op, struct f9_node *n, const struct p9_attr *a);
void f9_changes_end(struct f9_op *op);
/* What they are, if that is known; *ret_asked: as was said to something asked then. */
const struct p9_attr *f9_last_attr(
	const struct f9 *fs, const struct f9_node *n, uint64_t *ret_asked);

/* ---- fuse9p-cred.c: users and their groups ---- */

/* That user with the groups the server knows; referenced. NULL: no memory, or too many. */
struct f9_cred *f9_cred_of(struct f9 *fs, uid_t uid, gid_t gid);
struct f9_cred *f9_cred_ref(struct f9_cred *c);
void f9_cred_unref(struct f9 *fs, struct f9_cred *c);
/* Fills m with what attaches c as `fid` (Tattach, Tattachx); m borrows from c and fs. */
void f9_cred_attach(const struct f9 *fs, const struct f9_cred *c, uint32_t fid, struct p9_msg *m);
/* Whose rights op has (borrowed). NULL: no memory. */
struct f9_cred *f9_op_cred(struct f9_op *op);
/* From now on op has the groups of its process here: false if that is how it is already, or they
 * cannot be known, or the server is not interested. */
bool f9_op_own_groups(struct f9_op *op);
/* op was refused (-EACCES, -EPERM): true if it has begun again with more of its user's rights. */
bool f9_op_refused(struct f9_op *op, int error);

/* ---- the requests, in their files ---- */

void f9_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void f9_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup);
void f9_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void f9_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void f9_setattr(
	fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi);
void f9_readlink(fuse_req_t req, fuse_ino_t ino);
void f9_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void f9_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void f9_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void f9_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname);
void f9_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void f9_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void f9_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	const char *newname, unsigned int flags);
void f9_statfs(fuse_req_t req, fuse_ino_t ino);

void f9_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void f9_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	struct fuse_file_info *fi);
void f9_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void f9_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
	struct fuse_file_info *fi);
void f9_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void f9_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void f9_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void f9_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
	struct fuse_file_info *fi);
void f9_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi);
void f9_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
	struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
	struct fuse_file_info *fi_out, size_t len, int flags);

void f9_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void f9_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void f9_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void f9_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

void f9_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
	int flags);
void f9_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void f9_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void f9_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);

void f9_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock);
void f9_setlk(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock, int sleep);
void f9_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int operation);

/* ---- between files ---- */

/* Answers an open: op->newfid is open; fi is op->fi. */
int f9_handle_new(struct f9_op *op, uint32_t iounit);
/* While data is on its way with it: goes later. */
void f9_handle_free(struct f9 *fs, struct f9_handle *h);
static inline struct f9_handle *f9_handle_of(const struct fuse_file_info *fi)
{
	return (struct f9_handle *)(uintptr_t)fi->fh;
}

/* What was asked for then says that n has no extended attributes at all. */
void f9_xattr_none(struct f9 *fs, struct f9_node *n, uint64_t asked);
/* h goes: what was read ahead of that directory. */
void f9_dir_free(struct f9 *fs, struct f9_handle *h);
/* h, an open directory, has lost its fid with the connection. */
void f9_dir_lost(struct f9 *fs, struct f9_handle *h);
/* Whose gid a new entry in the directory op->node gets, as a number of the server's. */
gid_t f9_create_gid(const struct f9_op *op);
/* An entry is about to be made in op->node: in a directory that gives its group away, a user who is
 * none of root needs the groups he has here (the server would drop the set-group-id bit). */
void f9_create_rights(struct f9_op *op);
/* A fid of the directory op->node of op's user as op->fid; and op->mode becomes what the umask
 * leaves of it, which it does not touch where the directory has a default access control list. */
void f9_create_dir(struct f9_op *op, f9_then then);
/* Whether the directory op->node (op->fid) has one: then(op, 0, NULL) with op->default_acl. */
void f9_xattr_default_acl(struct f9_op *op, f9_then then);

/* Locks of an owner go with its last close; calls then() when that is done. */
void f9_locks_drop(struct f9_op *op, uint64_t owner, bool is_flock, f9_then then);
/* Takes the locks again that are held on files that have been found again; for those that are not
 * to be had any more, the handle's error is -EIO. then(user) is called in the end, unless the
 * connection is lost. */
void f9_locks_reclaim(struct f9 *fs, void (*then)(struct f9 *fs));
/* A set-group-id bit that is no permission to execute (it once meant mandatory locking) stays when
 * a member of the group changes the file, and only then. */
static inline bool f9_node_is_group_marked(const struct f9_node *n)
{
	return S_ISREG(n->mode) && (n->mode & (S_ISGID | S_IXGRP)) == S_ISGID;
}
/* What the server has to know of open(2)'s flags. */
uint32_t f9_open_flags(const struct f9 *fs, int flags);
/* Forgets who may hold locks; h: only those who took them through this handle. */
void f9_owners_free(struct f9_node *n, const struct f9_handle *h);
/* Wakes what waited long enough; returns milliseconds until the next, -1: none. */
int f9_sleepers_run(struct f9 *fs);
