/* SPDX-License-Identifier: MIT */
/*
 * The thread that reads an NBD connection.
 *
 * Theory of operation: it receives as many requests as are there with one system call, does what it
 * can at once and collects the replies (nbd-request.c), which leave with one system call when
 * nothing is left to be done.  So it waits in two places only: for requests, and for a peer
 * that takes its replies; a peer that does not is not read from either, which bounds what it makes
 * us hold.  What waits for a disk is a job for the pool's threads, which send their replies
 * themselves.
 *
 * When the peer says DISC, what it asked for before is done and answered.  When the connection just
 * ends, what was asked for is done, too, as far as it changes anything.
 *
 * A server that has had nothing to do for a second gives its buffers back.
 */
#include "svc/fs/block/nbd-worker.h"

#include "svc/fs/block/nbd-confine.h"
#include "svc/fs/block/nbd-conn.h"
#include "svc/fs/block/nbd-report.h"

#include "base/log.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { NEGOTIATION_SECONDS = 60, IDLE_SECONDS = 1 };

/* ---- receiving ----------------------------------------------------------------------------- */

void nbd_conn_flush(struct nbd_conn *c)
{
	if (!c->replies_len)
		return;
	nbd_send_bytes(&c->out, c->replies, c->replies_len);
	c->replies_len = 0;
}

void nbd_conn_rest(struct nbd_conn *c)
{
	struct pollfd p = {.fd = c->out.sock, .events = POLLIN};
	if (c->at == c->len) /* else there is half a request in it */
		(void)madvise(c->in, NBD_IN_SIZE, MADV_DONTNEED);
	(void)madvise(c->replies, NBD_OUT_SIZE, MADV_DONTNEED);
	if (!c->pipe.held)
		nbd_pipe_done(&c->pipe);
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

/* 0 at the end of the connection, for whatever reason. */
static size_t receive_some(struct nbd_conn *c, void *p, size_t n, int flags)
{
	nbd_conn_flush(c);
	for (;;) {
		ssize_t r = recv(c->out.sock, p, n, flags);
		if (r >= 0)
			return (size_t)r;
		if (errno == EAGAIN)
			nbd_conn_rest(c);
		else if (errno != EINTR)
			return 0;
	}
}

bool nbd_conn_receive(struct nbd_conn *c, void *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		size_t r = receive_some(c, (uint8_t *)p + done, n - done, MSG_WAITALL);
		if (!r)
			return false;
		done += r;
	}
	return true;
}

static void move_to_front(struct nbd_conn *c)
{
	if (!c->at)
		return;
	memmove(c->in, c->in + c->at, c->len - c->at);
	c->len -= c->at;
	c->at = 0;
}

/* How much is received behind what is there. */
static size_t room(const struct nbd_conn *c)
{
	if (!c->header_first || c->payload.left || c->len)
		return NBD_IN_SIZE - c->len;
	return nbd_server_is_extended(c->server) ? NBD_EXTENDED_REQUEST_SIZE : NBD_REQUEST_SIZE;
}

static bool receive_more(struct nbd_conn *c)
{
	move_to_front(c);
	assert(c->len < NBD_IN_SIZE);
	size_t n = receive_some(c, c->in + c->len, room(c), 0);
	c->len += n;
	return n != 0;
}

static void limit_waiting(int sock, int seconds)
{
	struct timeval t = {.tv_sec = seconds};
	(void)setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
}

/* ---- requests ------------------------------------------------------------------------------ */

void nbd_conn_look_at_size(struct nbd_conn *c)
{
	uint64_t size;
	int r = nbd_file_size(&c->file, &size);
	if (r || size == nbd_server_size(c->server))
		return;
	nbd_server_set_size(c->server, size);
	atomic_store(&c->size, size);
}

static bool is_past_the_end(const struct nbd_conn *c, const struct nbd_request *q)
{
	uint64_t size = nbd_server_size(c->server);
	return q->offset > size || q->length > size - q->offset;
}

/* The next request: 1; 0: more bytes are needed; negative errno. */
static int next_request(struct nbd_conn *c, struct nbd_request *ret)
{
	const uint8_t *p = c->in + c->at;
	size_t have = c->len - c->at;
	if (atomic_load_explicit(&c->size_is_stale, memory_order_relaxed)) {
		atomic_store(&c->size_is_stale, false);
		nbd_conn_look_at_size(c);
	}
	int n = nbd_server_request(c->server, p, have, ret);
	if (n > 0 && ret->error && is_past_the_end(c, ret)) { /* the file may have grown */
		nbd_conn_look_at_size(c);
		n = nbd_server_request(c->server, p, have, ret);
	}
	if (n <= 0)
		return n;
	if (ret->type == NBD_CMD_BLOCK_STATUS && !ret->error && have - (size_t)n < ret->payload)
		return 0; /* it is known by its payload only */
	c->at += (size_t)n;
	return 1;
}

/* Everything that has come. False: the connection is over. */
static bool run_requests(struct nbd_conn *c)
{
	struct nbd_request q;
	int r = 1;
	while ((c->at < c->len || c->payload.spliced) && !c->over && r > 0) {
		if (c->payload.left) {
			r = nbd_write_payload(c);
			continue;
		}
		r = next_request(c, &q);
		if (r > 0)
			nbd_request_run(c, &q);
		else if (r < 0)
			log_peer(LOG_INFO, "nbd: connection closed: %s", strerror(-r));
	}
	return r >= 0 && !c->over;
}

/* ---- one connection ------------------------------------------------------------------------ */

static bool send_output(struct nbd_conn *c)
{
	const void *p;
	size_t n;
	nbd_server_output(c->server, &p, &n);
	if (n) {
		nbd_send_bytes(&c->out, p, n);
		nbd_server_output_done(c->server, n);
	}
	return !nbd_send_closed(&c->out);
}

/* True: agreed on; what has come already is in c->in. */
static bool negotiate(struct nbd_conn *c)
{
	limit_waiting(c->out.sock, NEGOTIATION_SECONDS);
	while (send_output(c) && nbd_server_state(c->server) == NBD_SERVER_NEGOTIATING) {
		size_t used = nbd_server_negotiate(c->server, c->in + c->at, c->len - c->at);
		c->at += used;
		if (used)
			continue;
		move_to_front(c);
		ssize_t n = recv(c->out.sock, c->in + c->len, NBD_IN_SIZE - c->len, 0);
		if (n <= 0 && !(n < 0 && errno == EINTR))
			return false;
		c->len += n > 0 ? (size_t)n : 0;
	}
	return nbd_server_state(c->server) == NBD_SERVER_TRANSMISSION && !nbd_send_closed(&c->out);
}

static void serve(struct nbd_conn *c)
{
	if (!negotiate(c))
		return;
	limit_waiting(c->out.sock, IDLE_SECONDS);
	while (run_requests(c) && !nbd_send_closed(&c->out) && receive_more(c))
		;
	nbd_conn_flush(c);
	nbd_write_abandon(c);
	if (!c->over)
		nbd_send_hang_up(&c->out);
}

/* ---- start and end ------------------------------------------------------------------------- */

static void fill_report(void *ctx, struct nbd_control_stats *ret)
{
	struct nbd_conn *c = ctx;
	*ret = (struct nbd_control_stats){
		.size = atomic_load(&c->size),
		.bytes_read = atomic_load(&c->bytes_read),
		.bytes_written = atomic_load(&c->bytes_written),
		.requests = atomic_load(&c->requests),
		.errors = atomic_load(&c->errors),
	};
}

static void on_size(void *ctx)
{
	struct nbd_conn *c = ctx;
	atomic_store(&c->size_is_stale, true);
}

static int make_server(struct nbd_conn *c)
{
	uint64_t size;
	int r = nbd_file_size(&c->file, &size);
	if (r)
		return r;
	struct nbd_server_config config = {
		.size = size,
		.flags = NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_TRIM |
			 NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_DF | NBD_FLAG_CAN_MULTI_CONN |
			 NBD_FLAG_SEND_CACHE | NBD_FLAG_SEND_FAST_ZERO |
			 NBD_FLAG_BLOCK_STATUS_PAYLOAD |
			 (c->file.read_only ? NBD_FLAG_READ_ONLY : 0),
		.block_min = c->file.block_min,
		.block_preferred = c->file.block_preferred,
	};
	atomic_store(&c->size, size);
	return nbd_server_new(&config, &c->server);
}

static int make_buffers(struct nbd_conn *c)
{
	uint8_t *p = mmap(NULL, NBD_IN_SIZE + NBD_OUT_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	c->in = p;
	c->replies = p + NBD_IN_SIZE;
	return 0;
}

static int run(struct nbd_conn *c, const struct nbd_worker_options *o, bool confine)
{
	struct nbd_report report = {
		.fd = o->control_fd, .fill = fill_report, .size = on_size, .ctx = c};
	int r = o->control_fd ? nbd_report_start(&report) : 0;
	if (r)
		return r;
	if (confine)
		r = nbd_confine();
	if (!r)
		serve(c);
	if (o->control_fd)
		nbd_report_stop(&report);
	return r;
}

int nbd_serve(const struct nbd_worker_options *o, int sock, int file, bool confine)
{
	AUTO_FREE struct nbd_conn *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	c->pipe = NBD_PIPE_INIT;
	c->pool.run = nbd_job_run;
	c->pool.ctx = c;
	c->pool.buffer_size = NBD_JOB_BUFFER;
	int r = nbd_file_init(&c->file, file, o->read_only, o->direct);
	if (!r)
		r = make_server(c);
	if (r)
		return r;
	r = make_buffers(c);
	if (!r)
		r = nbd_pool_init(&c->pool);
	if (!r) {
		nbd_send_init(&c->out, sock);
		pthread_mutex_init(&c->one_whole, NULL);
		r = run(c, o, confine);
		nbd_pool_done(&c->pool);
		nbd_send_hang_up(&c->out);
		nbd_send_done(&c->out);
		pthread_mutex_destroy(&c->one_whole);
	}
	nbd_pipe_done(&c->pipe);
	if (c->in)
		munmap(c->in, NBD_IN_SIZE + NBD_OUT_SIZE);
	nbd_server_free(c->server);
	return r;
}
