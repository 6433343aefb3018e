/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: the threads take turns in reading the connection.  The one that has the
 * turn takes requests from it and does the quick ones right there, collecting the replies, which
 * leave in one piece when nothing is left to read.  For a request that is likely to take long (it
 * waits for a disk or for a lock) the thread gives the turn away first, so that another goes on
 * with the connection, and sends its own reply itself.  Other changes of the tree it does with the
 * turn as well, which is taken from it if one takes longer than expected (9p-turns.h); the replies
 * it has collected are then sent for it.  No request is ever handed from one thread to another.
 *
 * A long read goes from the file to the connection by way of a pipe, if its data seems to be in
 * memory.  There is one for all threads; while it is in use others copy.
 *
 * Each thread has a buffer of its own to receive into, so a request stays where it is for as long
 * as it runs.  Who gets the turn takes over what the one before had received and not used.
 *
 * Order on the wire: a reply is sent under `writing`, which is taken before the request is ended
 * in the core.  So when the core says that a request has ended, its reply is on its way already,
 * and the Rflush that then comes waits for `writing` behind it.
 *
 * One more thread waits for what the kernel tells about watched directories, and answers Tevents.
 *
 * Locks are taken in the order writing, core; the one in `turns` is never held with another.
 * Nothing waits while it holds `core`.
 */
#include "svc/fs/server/9p-confine.h"
#include "svc/fs/server/9p-report.h"
#include "svc/fs/server/9p-server.h"
#include "svc/fs/server/9p-session.h"
#include "svc/fs/server/9p-turns.h"

#include "base/log.h"
#include "sys/seccomp.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
	N_THREADS = 16,
	READ_AHEAD = 64 * 1024, /* received at a time, unless it is known that a frame is longer */
	IN_SIZE = P9_MAX_MSIZE + READ_AHEAD,
	BATCH = 192 * 1024, /* replies collected before they are sent */
	OUT_SIZE = P9_MAX_MSIZE + 2 * BATCH, /* a batch, the largest reply, and parked flushes */
	LARGE_KEPT = 4, /* threads whose buffers may stay large while they wait */
	STACK_SIZE = 256 * 1024,
	MAX_FIDS = 65536,
	MAX_FLUSHES = 512,
};

struct thread;

struct conn {
	int sock;
	struct p9_tree *tree;
	struct p9_server *server;
	struct p9_session *session;
	struct p9_report report;
	struct p9_control_stats moved; /* under `core`: bytes and requests */
	struct p9_turns turns; /* at reading the connection */
	pthread_mutex_t writing, core;
	atomic_bool closed;
	struct p9_pipe pipe;
	atomic_int n_large; /* threads whose buffers are large */
	struct thread *reader; /* with the turn: who received last, and may have bytes left */
};

struct thread {
	pthread_t id;
	struct conn *conn;
	struct p9_turn turn;
	struct p9_job job;
	size_t in_at, in_len; /* bytes come but not used up yet */
	size_t out_sent, out_len; /* with the turn, or under `writing` */
	size_t pipe_at; /* where among them comes what job.pipe holds; 0: it holds nothing */
	uint8_t *in; /* IN_SIZE */
	uint8_t *out; /* OUT_SIZE */
	bool large; /* more of them was used than a small request needs */
};

/* Ends everybody's waiting in receive and send. */
static void hang_up(struct conn *c)
{
	atomic_store(&c->closed, true);
	shutdown(c->sock, SHUT_RDWR);
	p9_watch_wake(c->tree->watch);
}

/* --- sending --- */

/* All up to that but what has been sent already. */
static void send_until(struct thread *t, size_t end, int flags)
{
	struct conn *c = t->conn;
	while (t->out_sent < end && !atomic_load(&c->closed)) {
		ssize_t n = send(
			c->sock, t->out + t->out_sent, end - t->out_sent, MSG_NOSIGNAL | flags);
		if (n > 0)
			t->out_sent += (size_t)n;
		else if (errno != EINTR)
			hang_up(c);
	}
}

static void send_out(struct thread *t)
{
	struct conn *c = t->conn;
	if (t->pipe_at) {
		send_until(t, t->pipe_at, MSG_MORE);
		if (!atomic_load(&c->closed) &&
			p9_pipe_send(t->job.pipe, c->sock, t->out_len > t->pipe_at) < 0)
			hang_up(c);
	}
	send_until(t, t->out_len, 0);
	t->out_sent = t->out_len = t->pipe_at = 0;
}

static void flush_batch(struct thread *t)
{
	if (!t->out_len)
		return;
	pthread_mutex_lock(&t->conn->writing);
	send_out(t);
	pthread_mutex_unlock(&t->conn->writing);
}

/* What a thread has collected does not wait for what keeps it busy. Where the payload of that goes
 * has been said already, so nothing is moved. */
static void send_for_relieved(struct p9_turn *turn)
{
	struct thread *t = container_of(turn, struct thread, turn);
	pthread_mutex_lock(&t->conn->writing);
	send_until(t, t->out_len, 0);
	pthread_mutex_unlock(&t->conn->writing);
}

/* Where the payload of the reply to the request lies if it is encoded next. */
static uint8_t *payload_place(struct thread *t)
{
	return t->out + t->out_len + p9_payload_offset((uint8_t)(t->job.q.t.type + 1));
}

static void on_send(void *ctx, struct p9_request *q, const struct p9_msg *m)
{
	struct thread *t = q->user;
	uint8_t *at = t->out + t->out_len;
	size_t room = OUT_SIZE - t->out_len;
	const struct p9_data *d = p9_payload(m);
	bool in_place = d && d->len && d->p == at + p9_payload_offset(m->type);
	size_t piped = in_place && t->job.pipe ? t->job.pipe->held : 0;
	int n = in_place ? p9_encode_head(m, at, room) : p9_encode(m, at, room);
	assert(n > 0);
	t->out_len += (size_t)n;
	if (piped)
		t->pipe_at = t->out_len;
	t->out_len += in_place ? d->len - piped : 0;
	(void)ctx;
}

/* --- watching --- */

/* As much as the waiting Tevents take; `writing` is held. */
static void tell_events(struct thread *t)
{
	struct conn *c = t->conn;
	size_t n;
	t->job.q.user = t;
	do {
		uint8_t *at = t->out + t->out_len + p9_payload_offset(P9_Revents);
		pthread_mutex_lock(&c->core);
		uint32_t room = p9_server_events_room(c->server);
		n = room ? p9_watch_take(c->tree->watch, at, room) : 0;
		if (n)
			p9_server_events_answer(c->server, &t->job.q, at, (uint32_t)n);
		pthread_mutex_unlock(&c->core);
		send_out(t);
	} while (n);
}

/* Who gets a lock is to hear first what others did while they had it. */
static void tell_before_lock(struct thread *t)
{
	if (t->job.q.t.type != P9_Tlock)
		return;
	tell_events(t);
}

/* --- requests --- */

/* Clunked fids are released without a lock held: the last close of a file can take its time. */
static void reap(struct conn *c)
{
	for (;;) {
		pthread_mutex_lock(&c->core);
		struct p9_file *f = p9_server_pop_dead(c->server);
		pthread_mutex_unlock(&c->core);
		if (!f)
			return;
		p9_file_free(c->tree, f);
	}
}

static void count(struct conn *c, const struct p9_msg *r)
{
	if (r->type == P9_Rread)
		c->moved.bytes_read += r->rread.data.len;
	else if (r->type == P9_Ropenat)
		c->moved.bytes_read += r->ropenat.data.len;
	else if (r->type == P9_Rwrite)
		c->moved.bytes_written += r->rwrite.count;
}

static void end(struct thread *t, int result)
{
	struct conn *c = t->conn;
	pthread_mutex_lock(&c->core);
	if (!result)
		count(c, &t->job.q.r);
	bool may_kill = t->job.q.t.type == P9_Tclunk || t->job.q.t.type == P9_Tremove ||
			t->job.q.newfid || t->job.q.aborted;
	p9_server_end(c->server, &t->job.q, result);
	pthread_mutex_unlock(&c->core);
	if (may_kill)
		reap(c);
}

static int run(struct thread *t)
{
	struct p9_job *j = &t->job;
	if (j->q.t.type == P9_Tsession) {
		j->q.r.rsession.flags = p9_session_flags(t->conn->session) |
					(j->tree->watch ? P9_SESSION_WATCHES : 0);
		return 0;
	}
	return j->q.t.once.seq ? p9_session_run(t->conn->session, j) : p9_tree_run(j);
}

/* Does the request without holding anybody up for long. True: we had the turn (hold) and have it
 * still, and the reply goes out with the next ones. */
static bool run_slowly(struct thread *t, bool hold)
{
	t->job.may_block = true;
	t->job.payload = payload_place(t);
	int r = run(t);
	if (t->job.q.t.type == P9_Tlock)
		p9_watch_settle(t->conn->tree->watch);
	bool held = hold && p9_turn_release(&t->conn->turns, &t->turn);
	if (held && t->job.q.t.type != P9_Tlock) {
		end(t, r);
		return true;
	}
	pthread_mutex_lock(&t->conn->writing);
	tell_before_lock(t);
	end(t, r);
	if (!held)
		send_out(t);
	pthread_mutex_unlock(&t->conn->writing);
	return held;
}

static void grow_large(struct thread *t)
{
	if (!t->large)
		atomic_fetch_add(&t->conn->n_large, 1);
	t->large = true;
}

/* Gives memory back before waiting without a request, where many have much. What was received
 * behind the last request, for others, is within the first 2 * READ_AHEAD bytes (next_frame). */
static void shrink(struct thread *t)
{
	if (!t->large)
		return;
	if (atomic_fetch_sub(&t->conn->n_large, 1) <= LARGE_KEPT) {
		atomic_fetch_add(&t->conn->n_large, 1);
		return;
	}
	t->large = false;
	(void)madvise(t->in + 2 * READ_AHEAD, IN_SIZE - 2 * READ_AHEAD, MADV_DONTNEED);
	(void)madvise(t->out + BATCH, OUT_SIZE - BATCH, MADV_DONTNEED);
}

/* Waits for the turn, and for what the one before has left. */
static void take_turn(struct thread *t)
{
	struct conn *c = t->conn;
	p9_turn_take(&c->turns, &t->turn);
	struct thread *before = c->reader;
	if (before == t)
		return;
	t->in_at = 0;
	t->in_len = before ? before->in_len - before->in_at : 0;
	if (t->in_len)
		memcpy(t->in, before->in + before->in_at, t->in_len);
	c->reader = t;
}

/* Does the request with the turn, and gives it away while the request runs if that is likely to
 * take long or when it does. */
static void step_aside(struct thread *t)
{
	struct conn *c = t->conn;
	unsigned patience = p9_tree_patience(&t->job.q.t);
	bool hold = patience && p9_turn_hold(&c->turns, &t->turn, patience);
	if (!hold) {
		flush_batch(t);
		p9_turn_give(&c->turns);
	}
	if (t->job.q.t.type == P9_Tread && t->job.q.count > BATCH)
		grow_large(t);
	if (!run_slowly(t, hold)) {
		shrink(t);
		take_turn(t);
	}
}

/* For a long read that is worth it, if nobody else has the pipe: it may turn out that its data is
 * not in memory, so the turn is held. */
static bool take_pipe(struct thread *t)
{
	struct conn *c = t->conn;
	if (t->job.q.t.type != P9_Tread || t->job.q.count < P9_PIPE_LEAST ||
		atomic_load(&c->pipe.used) || !p9_turn_hold(&c->turns, &t->turn, 1))
		return false;
	atomic_store(&c->pipe.used, true);
	t->job.pipe = &c->pipe;
	return true;
}

static void give_pipe(struct thread *t)
{
	struct p9_pipe *p = t->job.pipe;
	t->job.pipe = NULL;
	if (!p)
		return;
	if (p->held) /* there was no reply in the end, or nobody to send it to */
		p9_pipe_close(p);
	atomic_store(&p->used, false);
}

/* With the turn, as everything that is quick. False: it has been taken from us, and what had to be
 * done without it is done. */
static bool run_quickly(struct thread *t, int *ret)
{
	struct conn *c = t->conn;
	bool hold = take_pipe(t);
	t->job.may_block = false;
	t->job.payload = payload_place(t);
	*ret = p9_tree_run(&t->job);
	bool held = !hold || p9_turn_release(&c->turns, &t->turn);
	if (*ret == P9_TREE_WOULD_BLOCK)
		give_pipe(t);
	if (held)
		return true;
	if (*ret == P9_TREE_WOULD_BLOCK) {
		run_slowly(t, false);
		return false;
	}
	pthread_mutex_lock(&c->writing);
	end(t, *ret);
	send_out(t);
	pthread_mutex_unlock(&c->writing);
	give_pipe(t);
	return false;
}

/* Called with the turn, returns with the turn. */
static int handle(struct thread *t, const uint8_t *frame, size_t len)
{
	struct conn *c = t->conn;
	t->job.q.user = t;
	pthread_mutex_lock(&c->core);
	c->moved.requests++;
	int r = p9_server_begin(c->server, frame, len, &t->job.q);
	pthread_mutex_unlock(&c->core);
	if (r != P9_RUN) {
		reap(c);
		if (p9_frame_type(frame) == P9_Tevents)
			p9_watch_wake(c->tree->watch);
		return r;
	}
	r = P9_TREE_WOULD_BLOCK;
	if (p9_tree_is_quick(t->job.q.t.type) && !t->job.q.t.once.seq && !run_quickly(t, &r)) {
		take_turn(t);
		return 0;
	}
	if (r == P9_TREE_WOULD_BLOCK)
		step_aside(t);
	else
		end(t, r);
	if (t->out_len >= BATCH || t->pipe_at)
		flush_batch(t);
	give_pipe(t);
	return 0;
}

/* --- reading --- */

/* More bytes; replies do not wait for them. 0 at the end. */
static ssize_t receive(struct thread *t, void *buf, size_t n)
{
	flush_batch(t);
	for (;;) {
		ssize_t got = recv(t->conn->sock, buf, n, 0);
		if (got >= 0 || errno != EINTR)
			return got < 0 ? -errno : got;
	}
}

/* The next frame: its size, 0 at the end of the connection, negative errno. Of a long one no more
 * is received than belongs to it, so that nothing has to be moved to make room for the next. */
static int next_frame(struct thread *t, const uint8_t **ret)
{
	struct conn *c = t->conn;
	for (;;) {
		size_t have = t->in_len - t->in_at;
		int size = p9_frame_size(t->in + t->in_at, have, p9_server_msize(c->server));
		if (size < 0)
			return size;
		if (size && (size_t)size <= have) {
			*ret = t->in + t->in_at;
			t->in_at += (size_t)size;
			return size;
		}
		if (t->in_at)
			memmove(t->in, t->in + t->in_at, have);
		t->in_at = 0;
		t->in_len = have;
		size_t wanted = size > READ_AHEAD ? (size_t)size - have : READ_AHEAD;
		if (size > 2 * READ_AHEAD)
			grow_large(t);
		ssize_t n = receive(t, t->in + have, wanted);
		if (n <= 0)
			return (int)n;
		t->in_len += (size_t)n;
	}
}

static void serve_turns(struct thread *t)
{
	struct conn *c = t->conn;
	take_turn(t);
	while (!atomic_load(&c->closed)) {
		const uint8_t *frame = NULL;
		int n = next_frame(t, &frame);
		if (n > 0)
			n = handle(t, frame, (size_t)n);
		else if (!n)
			n = -ECONNRESET;
		if (n < 0 && n != -ECONNRESET)
			log_peer(LOG_INFO, "9p: connection closed: %s", strerror(-n));
		if (n < 0) {
			flush_batch(t);
			hang_up(c);
		}
	}
	t->out_sent = t->out_len = 0;
	/* Requests that wait (for a lock) must not wait any more. */
	pthread_mutex_lock(&c->core);
	p9_server_reset(c->server);
	pthread_mutex_unlock(&c->core);
	p9_turn_give(&c->turns);
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	serve_turns(t);
	p9_cred_leave(&t->conn->tree->creds);
	return NULL;
}

/* --- what the service asks --- */

static void fill_report(void *ctx, struct p9_control_packet *p)
{
	struct conn *c = ctx;
	struct p9_report_files files;
	p9_control_packet_init(p);
	p9_report_files_init(&files, c->tree, p);
	pthread_mutex_lock(&c->core);
	struct p9_control_stats s = c->moved;
	p9_server_each_fid(c->server, p9_report_file, &files);
	pthread_mutex_unlock(&c->core);
	s.n_open = files.n_open;
	s.watched = (uint32_t)p9_watch_marks(c->tree->watch);
	s.users = p9_cred_users(&c->tree->creds);
	p9_control_packet_finish(p, &s);
}

static void *watch_main(void *arg)
{
	struct thread *t = arg;
	struct conn *c = t->conn;
	while (!atomic_load(&c->closed)) {
		if (!p9_watch_wait(c->tree->watch, -1))
			continue;
		pthread_mutex_lock(&c->writing);
		tell_events(t);
		pthread_mutex_unlock(&c->writing);
	}
	return NULL;
}

/* --- start and end --- */

/* Address space only: pages appear as far as they are used. */
static int thread_alloc(struct thread *t, struct conn *c)
{
	t->conn = c;
	p9_turn_init(&t->turn);
	t->job.tree = c->tree;
	uint8_t *p = mmap(NULL, IN_SIZE + OUT_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	t->in = p;
	t->out = p + IN_SIZE;
	return 0;
}

static void thread_free(struct thread *t)
{
	if (t->conn)
		p9_turn_done(&t->turn);
	if (t->in)
		munmap(t->in, IN_SIZE + OUT_SIZE);
}

/* The turn is ours until all threads are there and confined. */
static int run_threads(struct conn *c, struct thread *threads, bool confine)
{
	pthread_attr_t attr;
	size_t started = 1;
	int r = 0;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	size_t all = N_THREADS + (c->tree->watch != NULL);
	for (size_t i = 0; i < all && !r; i++)
		r = thread_alloc(&threads[i], c);
	p9_turn_take(&c->turns, &threads[0].turn);
	for (; started < all && !r; started++)
		r = -pthread_create(&threads[started].id, &attr,
			started < N_THREADS ? thread_main : watch_main, &threads[started]);
	started -= r != 0;
	if (!r)
		r = p9_turns_start(&c->turns, &attr);
	bool reports = !r && c->report.fd;
	if (reports) {
		r = p9_report_start(&c->report, &attr);
		reports = !r;
	}
	pthread_attr_destroy(&attr);
	if (!r && confine)
		r = p9_confine();
	if (r)
		hang_up(c);
	p9_turn_give(&c->turns);
	if (!r)
		thread_main(&threads[0]);
	for (size_t i = 1; i < started; i++)
		pthread_join(threads[i].id, NULL);
	p9_turns_stop(&c->turns);
	if (reports)
		p9_report_stop(&c->report);
	for (size_t i = 0; i < all; i++)
		thread_free(&threads[i]);
	return r;
}

static int serve_tree(const struct p9_options *o, struct p9_tree *tree, struct p9_session *session,
	int sock, bool confine)
{
	AUTO_FREE struct thread *threads = calloc(N_THREADS + 1, sizeof(*threads));
	AUTO_FREE struct conn *c = calloc(1, sizeof(*c));
	if (!c || !threads)
		return -ENOMEM;
	c->session = session;
	struct p9_server_config config = {.msize = o->msize,
		.max_fids = p9_max_fids(MAX_FIDS),
		.max_flushes = MAX_FLUSHES,
		.read_only = o->read_only,
		.send = on_send,
		.ctx = c};
	AUTO(p9_server_free) struct p9_server *server = p9_server_new(&config);
	if (!server)
		return -ENOMEM;
	c->sock = sock;
	c->report = (struct p9_report){.fd = o->control_fd, .fill = fill_report, .ctx = c};
	c->tree = tree;
	c->server = server;
	p9_turns_init(&c->turns, send_for_relieved);
	p9_pipe_init(&c->pipe);
	pthread_mutex_init(&c->writing, NULL);
	pthread_mutex_init(&c->core, NULL);
	int r = run_threads(c, threads, confine);
	p9_server_reset(server);
	reap(c);
	p9_pipe_close(&c->pipe);
	p9_turns_done(&c->turns);
	pthread_mutex_destroy(&c->writing);
	pthread_mutex_destroy(&c->core);
	return r;
}

static uint64_t path_of(const void *ctx, dev_t dev, ino_t ino)
{
	struct stat st = {.st_dev = dev, .st_ino = ino};
	return p9_qid_of(ctx, &st).path;
}

int p9_serve(const struct p9_options *o, int sock, int tree_fd, bool confine)
{
	struct p9_tree tree;
	signal(SIGPIPE, SIG_IGN); /* the peer may leave while something is spliced to it */
	bool fixed = o->fixed || geteuid() != 0;
	int r = p9_tree_init(&tree, tree_fd, o->read_only, fixed);
	if (r)
		return r;
	struct p9_session *session = NULL;
	r = p9_session_new(&tree, o->session_fd, &session);
	if (!r && confine)
		r = p9_lock_down(o, tree_fd);
	if (!r && p9_watch_new(path_of, &tree, 0, &tree.watch) < 0)
		log_debug("9p: nothing can be watched here");
	if (!r)
		r = serve_tree(o, &tree, session, sock, confine);
	p9_session_free(session);
	p9_watch_free(tree.watch);
	p9_tree_done(&tree);
	return r;
}
