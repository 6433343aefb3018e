/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: an operation owns everything it needs until its end (references to nodes,
 * pinned fids, a fid it is walking with, copies of names), and f9_op_free() gives all of it back,
 * so that a step that fails has nothing to clean up itself.  An interrupt from the kernel becomes a
 * Tflush of whatever 9P request is under way; the step then ends with EINTR, or with success when
 * it had been done already.
 */
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-kept.h"
#include "svc/fs/fuse/fuse9p-outrun.h"
#include "svc/fs/fuse/fuse9p-watch.h"

#include <stdio.h>
#include <time.h>

enum { ASK_AGAIN_MS = 300 };

/* ---- life of an operation ---- */

static void interrupt(struct f9_op *op)
{
	op->interrupted = true;
	if (op->parked || (op->n_pieces && op->fs->down))
		f9_op_err(op, -EINTR);
	else if (op->io)
		p9_io_flush(op->io);
	else if (op->tag >= 0)
		p9_client_flush(op->fs->client, (uint16_t)op->tag);
}

/*
 * A signal has come for the thread that waits.  Unless it is to die of it, a local file system
 * would have let it wait on, and programs do not expect anything else (git has a timer that ticks
 * while it makes files).
 */
static void on_interrupt(fuse_req_t req, void *user)
{
	struct f9_op *op = user;
	struct f9 *fs = op->fs;
	pid_t pid = fuse_req_ctx(req)->pid;
	bool asked = !op->by_any_signal && pid > 0 && !op->signalled && fs->ask_killed &&
		     fs->ask_killed(fs, op->number, pid);
	if (asked) {
		if (fs->n_signalled++ == 0)
			fs->ask_again_ms = f9_now_ms() + ASK_AGAIN_MS;
		op->signalled = pid;
	} else {
		interrupt(op);
	}
}

void f9_interrupt(struct f9 *fs, uint64_t number)
{
	list_for_each (it, &fs->ops) {
		struct f9_op *op = list_entry(it, struct f9_op, link);
		if (op->number != number)
			continue;
		interrupt(op);
		return;
	}
}

int f9_signalled_run(struct f9 *fs)
{
	if (!fs->n_signalled)
		return -1;
	uint64_t now = f9_now_ms();
	if (now >= fs->ask_again_ms) {
		fs->ask_again_ms = now + ASK_AGAIN_MS;
		list_for_each_safe (it, &fs->ops) {
			struct f9_op *op = list_entry(it, struct f9_op, link);
			if (op->signalled && !op->interrupted &&
				!fs->ask_killed(fs, op->number, op->signalled))
				interrupt(op);
		}
	}
	return (int)(fs->ask_again_ms - now);
}

struct f9_op *f9_op_new_own(struct f9 *fs, struct f9_node *node, uid_t uid, gid_t gid)
{
	struct f9_op *op = calloc(1, sizeof(*op));
	if (!op)
		return NULL;
	op->fs = fs;
	op->uid = uid;
	op->gid = gid;
	op->tag = -1;
	op->newfid = P9_NOFID;
	op->epoch = fs->epoch;
	list_init(&op->sleep);
	list_init(&op->park);
	list_init(&op->wait);
	list_append(&fs->ops, &op->link);
	fs->n_ops++;
	op->number = ++fs->n_started;
	op->node = f9_node_ref(node);
	return op;
}

struct f9_op *f9_op_new(fuse_req_t req, fuse_ino_t ino)
{
	struct f9 *fs = f9_of(req);
	const struct fuse_ctx *cx = fuse_req_ctx(req);
	struct f9_op *op = f9_op_new_own(fs, f9_node_of(fs, ino), cx->uid, cx->gid);
	if (!op) {
		fuse_reply_err(req, ENOMEM);
		return NULL;
	}
	op->req = req;
	fs->n_requests++;
	fuse_req_interrupt_func(req, on_interrupt, op);
	return op;
}

struct f9_op *f9_op_new_change(fuse_req_t req, fuse_ino_t ino)
{
	if (f9_of(req)->read_only) {
		fuse_reply_err(req, EROFS);
		return NULL;
	}
	return f9_op_new(req, ino);
}

static bool copy_name(struct f9_op *op, const char *name, char **ret)
{
	int error = 0;
	if (strlen(name) > P9_MAX_NAME)
		error = -ENAMETOOLONG;
	else if (!(*ret = strdup(name)))
		error = -ENOMEM;
	if (error)
		f9_op_err(op, error);
	return !error;
}

bool f9_op_name(struct f9_op *op, const char *name)
{
	return copy_name(op, name, op->name ? &op->name2 : &op->name);
}

void f9_op_rewind(struct f9_op *op)
{
	struct f9 *fs = op->fs;
	assert(op->tag < 0 && !op->io);
	list_unlink(&op->sleep);
	op->delay_ms = 0;
	if (op->newfid != P9_NOFID)
		p9_client_clunk(fs->client, op->newfid);
	op->newfid = P9_NOFID;
	f9_fid_unpin(fs, TAKE_PTR(op->fid));
	f9_fid_unpin(fs, TAKE_PTR(op->fid2));
	f9_fid_unpin(fs, TAKE_PTR(op->walk_from));
	f9_node_unref(fs, TAKE_PTR(op->walk_node));
	for (unsigned i = 0; i < op->n_chain; i++)
		f9_node_unref(fs, op->chain[i]);
	free(TAKE_PTR(op->chain));
	op->n_chain = op->chain_at = 0;
	op->walk_slot = NULL;
	op->then = op->walk_then = op->got = NULL;
	if (op->handle_new)
		f9_handle_free(fs, TAKE_PTR(op->handle));
	op->handle_new = false;
	op->outrun = op->side_open = op->main_done = false;
	op->side_error = op->main_error = 0;
	op->side = (struct p9_msg){};
	op->borrowed = false;
}

/* ---- slots: see "Not twice" in docs/9p2000.L.metac.md ---- */

/*
 * A slot for op until it ends; false: all are in use.  They are used in turn; one that has
 * been used 4 billion times is not used again, and when that has happened to all, requests go
 * unnumbered (once.seq 0), as to a server that has no slots.
 */
static bool slot_take(struct f9_op *op)
{
	struct f9 *fs = op->fs;
	bool in_use = false;
	for (unsigned i = 0; i < P9_ONCE_SLOTS && !op->once.seq; i++) {
		unsigned slot = (fs->slot_next + i) % P9_ONCE_SLOTS;
		if (fs->slot_seq[slot] == UINT32_MAX)
			continue;
		in_use = true;
		if (fs->slots_taken & UINT64_C(1) << slot)
			continue;
		fs->slots_taken |= UINT64_C(1) << slot;
		fs->slot_next = slot + 1;
		op->once = (struct p9_once){.slot = (uint16_t)slot, .seq = ++fs->slot_seq[slot]};
	}
	return op->once.seq || !in_use;
}

/* Whoever waits longest gets it, and begins anew with it. */
static void slot_release(struct f9_op *op)
{
	struct f9 *fs = op->fs;
	if (!op->once.seq)
		return;
	fs->slots_taken &= ~(UINT64_C(1) << op->once.slot);
	op->once = (struct p9_once){};
	if (list_empty(&fs->want_slot))
		return;
	struct f9_op *next = list_entry(fs->want_slot.next, struct f9_op, park);
	(void)slot_take(next);
	list_unlink(&next->park);
	list_append(&fs->parked, &next->park);
}

void f9_op_free(struct f9_op *op)
{
	struct f9 *fs = op->fs;
	list_unlink(&op->park);
	f9_data_forget(op);
	f9_op_rewind(op);
	slot_release(op);
	f9_changes_end(op);
	f9_cred_unref(fs, op->cred);
	f9_node_unref(fs, op->node);
	f9_node_unref(fs, op->node2);
	if (op->release)
		f9_handle_free(fs, op->release);
	fs->held -= op->held;
	free(op->name);
	free(op->name2);
	free(op->data);
	list_unlink(&op->link);
	fs->n_ops--;
	fs->n_signalled -= op->signalled != 0;
	if (op->early)
		f9_recover_early_done(fs);
	free(op);
}

void f9_op_err(struct f9_op *op, int error)
{
	if (error == -ENOTCONN) {
		if (f9_op_lost(op, error))
			return;
		error = -EIO;
	}
	if (f9_op_refused(op, error))
		return;
	if (error == -ESTALE)
		f9_outrun_told(op);
	if (op->req)
		fuse_reply_err(op->req, -error);
	f9_op_free(op);
}

/* ---- waiting for a connection ---- */

/* What an operation answers that cannot wait for a connection (any longer); 0: it waits. */
static int no_waiting(const struct f9 *fs)
{
	if (fs->over)
		return fs->over;
	if (fs->down && fs->timeout_ms && f9_now_ms() - fs->lost_ms >= fs->timeout_ms)
		return -ETIMEDOUT;
	return 0;
}

/* While the client is failing, other requests of the operation may be among those that have not
 * been told yet: nothing ends before all are. */
static void park(struct f9_op *op, struct list *where)
{
	struct f9 *fs = op->fs;
	bool failing = p9_client_failed(fs->client) && !fs->settled, early = op->early;
	f9_op_rewind(op);
	op->early = false;
	int error = failing ? 0 : op->interrupted ? -EINTR : no_waiting(fs);
	if (error) {
		f9_op_err(op, error);
	} else {
		op->parked = true;
		list_append(where, &op->park);
	}
	/* If it was not the connection, the finding of files waits for it no longer. */
	if (early)
		f9_recover_early_done(fs);
}

/* Whether op may speak to the server now. */
static bool usable(const struct f9_op *op)
{
	const struct f9 *fs = op->fs;
	return op->epoch == fs->epoch && (!fs->down || op->of_recovery || op->early);
}

bool f9_op_lost(struct f9_op *op, int error)
{
	struct f9 *fs = op->fs;
	if (!error || !op->start || (usable(op) && !p9_client_failed(fs->client)))
		return false;
	park(op, &fs->parked);
	return true;
}

void f9_op_restart(struct f9_op *op)
{
	struct f9 *fs = op->fs;
	list_unlink(&op->park);
	op->parked = false;
	op->epoch = fs->epoch;
	op->start(op);
}

static uint64_t wall_clock_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void f9_op_again(struct f9_op *op)
{
	f9_op_rewind(op);
	slot_release(op);
	op->once_sent = op->in_doubt = op->doubted = false;
	op->first_sent_ns = 0;
	f9_op_begin(op, op->start);
}

void f9_op_begin(struct f9_op *op, f9_start start)
{
	op->start = start;
	if (op->fs->down)
		park(op, &op->fs->parked);
	else
		start(op);
}

/* Those that wait too long give up. */
static void give_up(struct list *l, int error)
{
	while (!list_empty(l)) {
		struct f9_op *op = list_entry(l->next, struct f9_op, park);
		op->parked = false;
		f9_op_err(op, error);
	}
}

int f9_parked_run(struct f9 *fs)
{
	int error = no_waiting(fs);
	if (error) {
		give_up(&fs->want_slot, error);
		give_up(&fs->parked, error);
	}
	if (fs->down && !fs->timeout_ms)
		return -1;
	if (fs->down) {
		uint64_t waited = f9_now_ms() - fs->lost_ms;
		return waited < fs->timeout_ms ? (int)(fs->timeout_ms - waited) : -1;
	}
	while (!list_empty(&fs->parked) && !p9_client_congested(fs->client) &&
		!p9_client_failed(fs->client))
		f9_op_restart(list_entry(fs->parked.next, struct f9_op, park));
	return -1;
}

/* Those that were parked by the loss, back into the order in which they came. */
static void sort_parked(struct f9 *fs)
{
	list_for_each_safe (it, &fs->ops) {
		struct f9_op *op = list_entry(it, struct f9_op, link);
		if (!op->parked)
			continue;
		list_unlink(&op->park);
		list_append(&fs->parked, &op->park);
		if (op->interrupted)
			f9_op_err(op, -EINTR);
	}
}

void f9_park_all(struct f9 *fs)
{
	if (fs->settled)
		return;
	if (!fs->down)
		fs->lost_ms = f9_now_ms();
	fs->down = true;
	fs->epoch++;
	p9_client_fail(fs->client, -ENOTCONN);
	f9_recover_cancel(fs);
	list_for_each_safe (it, &fs->sleepers) {
		struct f9_op *op = list_entry(it, struct f9_op, sleep);
		if (op->start)
			park(op, &fs->parked);
	}
	f9_kept_suspend(fs);
	f9_data_suspend(fs);
	f9_fid_lost(fs);
	fs->settled = true;
	sort_parked(fs);
	(void)f9_parked_run(fs);
}

void f9_over(struct f9 *fs, int error)
{
	fs->over = error;
	f9_park_all(fs);
	p9_client_fail(fs->client, error);
	f9_data_abandon(fs, error);
	(void)f9_parked_run(fs);
}

void f9_up(struct f9 *fs)
{
	list_for_each (it, &fs->ops) {
		struct f9_op *op = list_entry(it, struct f9_op, link);
		op->in_doubt |= op->once_sent && !fs->kept;
	}
	fs->down = false;
}

/* ---- 9P requests ---- */

static void replied(void *user, int error, const struct p9_msg *reply)
{
	struct f9_op *op = user;
	op->tag = -1;
	if (!f9_op_lost(op, error))
		op->then(op, error == -ENOTCONN ? -EIO : error, reply);
}

void f9_send(struct f9_op *op, const struct p9_msg *m, f9_then then)
{
	struct f9 *fs = op->fs;
	assert(op->tag < 0);
	op->asked = f9_watch_now(fs);
	int r = usable(op) ? p9_client_request(fs->client, m, replied, op) : -ENOTCONN;
	if (r < 0) {
		if (!f9_op_lost(op, r))
			then(op, r == -ENOTCONN ? -EIO : r, NULL);
		return;
	}
	op->tag = r;
	op->then = then;
	if (op->interrupted) /* between two steps: do not begin another that waits */
		p9_client_flush(fs->client, (uint16_t)r);
}

void f9_send_once(struct f9_op *op, const struct p9_msg *m, f9_then then)
{
	struct f9 *fs = op->fs;
	struct p9_msg copy = *m;
	if (fs->metac && usable(op)) {
		if (!slot_take(op)) {
			park(op, &fs->want_slot);
			return;
		}
		copy.once = op->once;
	}
	if (!op->first_sent_ns)
		op->first_sent_ns = wall_clock_ns();
	op->once_sent = true;
	op->in_doubt = false;
	f9_send(op, &copy, then);
}

/* ---- the whole ---- */

static void init(void *user, struct fuse_conn_info *conn)
{
	struct f9 *fs = user;
	/* Each open file's writes go out as the user who opened it: the server's kernel takes
	 * set-user-id bits away when it should. */
	conn->want |= conn->capable &
		      (FUSE_CAP_HANDLE_KILLPRIV | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS |
			      FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_POSIX_ACL);
	/* What the umask takes away depends on the directory's default access control list. */
	if (conn->want & FUSE_CAP_POSIX_ACL)
		conn->want |= conn->capable & FUSE_CAP_DONT_MASK;
	fs->masks = conn->want & FUSE_CAP_DONT_MASK;
	fs->expires = conn->capable & FUSE_CAP_EXPIRE_ONLY;
	conn->max_write = P9_MAX_MSIZE;
	conn->max_background = 64;
	conn->congestion_threshold = 48;
	/* Names and times of the server count, to the nanosecond. */
	conn->time_gran = 1;
}

int f9_init(struct f9 *fs, struct p9_client *client)
{
	fs->client = client;
	fs->down = true;
	fs->lost_ms = f9_now_ms();
	list_init(&fs->ops);
	list_init(&fs->parked);
	list_init(&fs->want_slot);
	list_init(&fs->handles);
	list_init(&fs->reclaim.todo);
	list_init(&fs->creds);
	list_init(&fs->names);
	list_init(&fs->names_made);
	fs->proc_fd = -EBADF;
	list_init(&fs->sleepers);
	list_init(&fs->lru);
	list_init(&fs->pinned);
	int r = f9_table_init(&fs->by_qid);
	if (r >= 0)
		r = f9_table_init(&fs->by_name);
	if (r >= 0)
		r = f9_watch_new(fs);
	if (r >= 0)
		r = f9_data_init(fs);
	if (r >= 0)
		r = f9_kept_init(fs);
	/* Requests may come before the server has said who the root is. */
	if (r >= 0)
		r = f9_root_set(fs, &(struct p9_qid){.type = P9_QTDIR});
	return r;
}

void f9_done(struct f9 *fs)
{
	f9_kept_done(fs);
	f9_data_done(fs);
	if (fs->by_qid.buckets)
		f9_node_free_all(fs);
	f9_table_done(&fs->by_qid);
	f9_table_done(&fs->by_name);
	f9_watch_free(fs);
}

const struct fuse_lowlevel_ops f9_fuse_ops = {
	.init = init,
	.lookup = f9_lookup,
	.forget = f9_forget,
	.forget_multi = f9_forget_multi,
	.getattr = f9_getattr,
	.setattr = f9_setattr,
	.readlink = f9_readlink,
	.mknod = f9_mknod,
	.mkdir = f9_mkdir,
	.symlink = f9_symlink,
	.link = f9_link,
	.unlink = f9_unlink,
	.rmdir = f9_rmdir,
	.rename = f9_rename,
	.statfs = f9_statfs,
	.open = f9_open,
	.create = f9_create,
	.read = f9_read,
	.write = f9_write,
	.flush = f9_flush,
	.release = f9_release,
	.fsync = f9_fsync,
	.fallocate = f9_fallocate,
	.lseek = f9_lseek,
	.copy_file_range = f9_copy_file_range,
	.opendir = f9_opendir,
	.readdir = f9_readdir,
	.readdirplus = f9_readdirplus,
	.releasedir = f9_releasedir,
	.fsyncdir = f9_fsync,
	.setxattr = f9_setxattr,
	.getxattr = f9_getxattr,
	.listxattr = f9_listxattr,
	.removexattr = f9_removexattr,
	.getlk = f9_getlk,
	.setlk = f9_setlk,
	.flock = f9_flock,
};
