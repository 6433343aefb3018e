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
 * A long read goes from the file to the connection by way of a pipe.  There are a few for all
 * threads; while all are in use, reads that are too long to be copied wait for one.  A long write
 * is done in pieces as it comes (9p-pieces.h).  So nothing of what is long takes memory of ours,
 * but where things are slow or a file is of another kind; and that memory is given back.
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
#include "svc/fs/server/9p-conn.h"

#include "svc/fs/server/9p-session.h"

#include "base/log.h"

#include <sys/mman.h>
#include <sys/socket.h>

/* Ends everybody's waiting in receive and send. */
void p9_conn_hang_up(struct conn *c)
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
			p9_conn_hang_up(c);
	}
}

static void send_out(struct thread *t)
{
	struct conn *c = t->conn;
	if (t->pipe_at) {
		send_until(t, t->pipe_at, MSG_MORE);
		if (!atomic_load(&c->closed) &&
			p9_pipe_send(t->job.pipe, c->sock, t->out_len > t->pipe_at) < 0)
			p9_conn_hang_up(c);
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
 * has been said already, so nothing is moved. And who reads the connection next is to find the
 * beginning of a frame there. */
void p9_conn_relieved(struct p9_turn *turn)
{
	struct thread *t = container_of(turn, struct thread, turn);
	pthread_mutex_lock(&t->conn->writing);
	send_until(t, t->out_len, 0);
	pthread_mutex_unlock(&t->conn->writing);
	if (p9_pieces_receive(&t->rest) < 0)
		p9_conn_hang_up(t->conn);
}

/* Where the payload of the reply to the request lies if it is encoded next. */
static uint8_t *payload_place(struct thread *t)
{
	return t->out + t->out_len + p9_payload_offset((uint8_t)(t->job.q.t.type + 1));
}

void p9_conn_send(void *ctx, struct p9_request *q, const struct p9_msg *m)
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
void p9_conn_reap(struct conn *c)
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
		p9_conn_reap(c);
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

static bool is_long_read(const struct thread *t)
{
	return t->job.q.t.type == P9_Tread && t->job.q.count >= P9_PIPE_LEAST;
}

/* For a long read that is worth it, if there is one: it may turn out that its data is not in
 * memory, so the turn is held. */
static bool take_pipe(struct thread *t)
{
	struct conn *c = t->conn;
	struct p9_pipe *p = is_long_read(t) ? p9_pipes_take(&c->pipes, false) : NULL;
	if (!p)
		return false;
	if (p9_turn_hold(&c->turns, &t->turn, 1)) {
		t->job.pipe = p;
		return true;
	}
	p9_pipes_give(&c->pipes, p);
	return false;
}

/* What it holds still has no reply in the end, or nobody to send it to. */
static void give_pipe(struct thread *t)
{
	struct p9_pipe *p = TAKE_PTR(t->job.pipe);
	if (p)
		p9_pipes_give(&t->conn->pipes, p);
}

static void grow_large(struct thread *t)
{
	if (!t->large)
		atomic_fetch_add(&t->conn->n_large, 1);
	t->large = true;
}

/* Gives memory back before waiting. What was received behind the last request, for others, is
 * within the first 2 * READ_AHEAD bytes (next_frame). */
static void shrink(struct thread *t)
{
	if (!t->large)
		return;
	atomic_fetch_sub(&t->conn->n_large, 1);
	t->large = false;
	(void)madvise(t->in + 2 * READ_AHEAD, IN_SIZE - 2 * READ_AHEAD, MADV_DONTNEED);
	(void)madvise(t->out + OUT_KEPT, OUT_SIZE - OUT_KEPT, MADV_DONTNEED);
}

/* Does the request without holding anybody up for long. True: we had the turn (hold) and have it
 * still, and the reply goes out with the next ones. */
static bool run_slowly(struct thread *t, bool hold)
{
	t->job.may_block = true;
	t->job.payload = payload_place(t);
	if (is_long_read(t))
		t->job.pipe = p9_pipes_take(&t->conn->pipes, t->job.q.count > COPY_MOST);
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
	if (!held && t->out_len > OUT_KEPT)
		grow_large(t);
	if (!held)
		send_out(t);
	pthread_mutex_unlock(&t->conn->writing);
	if (!held)
		give_pipe(t);
	return held;
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
	if (!run_slowly(t, hold)) {
		shrink(t);
		take_turn(t);
	}
}

/* With the turn, as everything that is quick. False: it has been taken from us, and what had to be
 * done without it is done. */
static bool run_quickly(struct thread *t, int *ret)
{
	struct conn *c = t->conn;
	bool hold = take_pipe(t);
	if (!hold && is_long_read(t) && t->job.q.count > COPY_MOST) {
		*ret = P9_TREE_WOULD_BLOCK; /* wait for a pipe, at least */
		return true;
	}
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

/* A long write to a file. Called with the turn, returns with the turn. */
static int write_in_pieces(struct thread *t)
{
	struct conn *c = t->conn;
	bool held;
	flush_batch(t);
	shrink(t);
	unsigned patience = atomic_load(&c->n_large) ? PIECE_MS_MOST : PIECE_MS;
	int r = p9_pieces_write(&t->rest, &t->job, &c->turns, &t->turn, patience, &held);
	if (t->rest.missing)
		p9_conn_hang_up(c);
	if (held) {
		end(t, r);
		return t->rest.missing ? -ECONNRESET : 0;
	}
	grow_large(t);
	pthread_mutex_lock(&c->writing);
	end(t, r);
	send_out(t);
	pthread_mutex_unlock(&c->writing);
	shrink(t);
	take_turn(t);
	return 0;
}

/* Any other long request is there when it is done. False: it does not come any more. */
static bool get_rest(struct thread *t, bool wanted)
{
	flush_batch(t);
	if (wanted)
		grow_large(t);
	if ((wanted ? p9_pieces_receive(&t->rest) : p9_pieces_discard(&t->rest)) == 0)
		return true;
	p9_conn_hang_up(t->conn);
	if (wanted)
		end(t, -ECONNRESET);
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
	if (t->rest.missing && r == P9_RUN && p9_pieces_allowed(&t->job))
		return write_in_pieces(t);
	if (t->rest.missing && r >= 0 && !get_rest(t, r == P9_RUN))
		return -ECONNRESET;
	if (r != P9_RUN) {
		p9_conn_reap(c);
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

/* More bytes, behind what there is already; neither replies nor memory wait for them. 0 at the end.
 */
static ssize_t receive(struct thread *t, size_t have, size_t n)
{
	flush_batch(t);
	if (have <= 2 * READ_AHEAD)
		shrink(t);
	for (;;) {
		ssize_t got = recv(t->conn->sock, t->in + have, n, 0);
		if (got >= 0 || errno != EINTR)
			return got < 0 ? -errno : got;
	}
}

/* The next frame: its size, 0 at the end of the connection, negative errno. Of a long one no more
 * is received than belongs to it, so that nothing has to be moved to make room for the next; and of
 * a long write perhaps just the beginning (t->rest). */
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
		if (p9_pieces_fit(t->in, have, (size_t)size)) {
			t->rest.end = have;
			t->rest.missing = (size_t)size - have;
			t->in_len = 0;
			*ret = t->in;
			return size;
		}
		bool known = have > P9_WRITE_HEADER; /* what it is */
		size_t wanted = known && size > READ_AHEAD ? (size_t)size - have : READ_AHEAD;
		if (known && size > 2 * READ_AHEAD)
			grow_large(t);
		ssize_t n = receive(t, have, wanted);
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
			p9_conn_hang_up(c);
		}
	}
	t->out_sent = t->out_len = 0;
	/* Requests that wait (for a lock) must not wait any more. */
	pthread_mutex_lock(&c->core);
	p9_server_reset(c->server);
	pthread_mutex_unlock(&c->core);
	p9_turn_give(&c->turns);
}

void *p9_thread_main(void *arg)
{
	struct thread *t = arg;
	serve_turns(t);
	p9_cred_leave(&t->conn->tree->creds);
	return NULL;
}

/* --- what the service asks --- */

void p9_conn_report(void *ctx, struct p9_control_packet *p)
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

void *p9_watch_main(void *arg)
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
