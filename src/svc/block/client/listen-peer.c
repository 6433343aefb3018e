/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: bytes are received into a buffer that all peers share, and the requests in
 * it are begun one after another, as many as there are; what is left - the beginning of a header,
 * or requests beyond the limits - is set aside until the next time.  The data of a large WRITE is
 * received right where it stays; so that not much of the next one is received into the shared
 * buffer with it, only a small part of that is offered then (window).
 */
#include "svc/block/client/listen-peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	RECV_BATCH = 8,
	WINDOW_MIN = 512,
	WINDOW_FIRST = 16 << 10,
	LARGE = 32 << 10,
	SEND_BUFFER = 1 << 20
};

/* Transmission flags that are the export's; what they offer goes on to its server. */
enum {
	FLAGS_PASSED = NBD_FLAG_READ_ONLY | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA |
		       NBD_FLAG_ROTATIONAL | NBD_FLAG_SEND_TRIM | NBD_FLAG_SEND_WRITE_ZEROES |
		       NBD_FLAG_SEND_CACHE | NBD_FLAG_SEND_FAST_ZERO,
	/* All peers have one connection behind them: what one has flushed is flushed. A READ is
	 * answered in one piece. */
	FLAGS_OURS = NBD_FLAG_HAS_FLAGS | NBD_FLAG_CAN_MULTI_CONN | NBD_FLAG_SEND_DF,
};

void peer_activate(struct peer *p)
{
	if (list_empty(&p->active))
		list_append(&p->shared->active, &p->active);
}

/* ---- the end ---- */

void peer_close(struct peer *p)
{
	int fd = p->watch.fd;
	if (fd < 0)
		return;
	watch_remove(&p->watch);
	fd_close(fd);
	p->watch.fd = -EBADF;
	if (p->payload)
		peer_op_drop(TAKE_PTR(p->payload));
	if (p->skipped)
		peer_op_drop(TAKE_PTR(p->skipped));
	for (struct list *it; (it = list_pop(&p->replies));)
		peer_op_drop(list_entry(it, struct peer_op, link));
	free(TAKE_PTR(p->stash));
	p->n_stash = 0;
	peer_activate(p);
}

void peer_free(struct peer *p)
{
	assert(p->watch.fd < 0 && p->n_ops == 0);
	list_unlink(&p->active);
	nbd_server_free(p->server);
	free(p);
}

static bool may_read(const struct peer *p)
{
	return p->watch.fd >= 0 && !p->paused && !p->disconnecting;
}

/* ---- requests ---- */

static bool is_full(const struct peer *p)
{
	return p->n_ops >= PEER_REQUESTS_MAX || p->n_bytes >= PEER_BYTES_MAX;
}

static void begin(struct peer *p, const struct nbd_request *q)
{
	if (q->type == NBD_CMD_DISC && !q->error) {
		p->disconnecting = true;
		peer_activate(p);
		return;
	}
	struct peer_op *o = peer_op_new(p, q);
	if (!o) {
		peer_close(p);
		return;
	}
	/* Data belongs to WRITEs only: BLOCK_STATUS_PAYLOAD is not among our flags. */
	if (!q->error && q->payload && q->type != NBD_CMD_WRITE)
		o->request.error = NBD_EINVAL;
	if (o->request.error && q->payload) {
		p->skipped = o;
		p->n_skip = q->payload;
	} else if (o->request.error) {
		peer_op_refuse(o, o->request.error);
	} else if (q->payload) {
		p->payload = o;
		p->n_payload = 0;
		if (q->payload >= LARGE)
			p->window = WINDOW_MIN;
	} else {
		peer_op_submit(o);
	}
}

/* So many bytes of data have been put where they belong. */
static void add_payload(struct peer *p, size_t n)
{
	p->n_payload += n;
	if (p->n_payload == p->payload->request.payload)
		peer_op_submit(TAKE_PTR(p->payload));
}

static size_t take_payload(struct peer *p, const uint8_t *b, size_t n)
{
	struct peer_op *o = p->payload;
	n = MIN(n, o->request.payload - p->n_payload);
	memcpy(o->data + p->n_payload, b, n);
	add_payload(p, n);
	return n;
}

static size_t skip(struct peer *p, size_t n)
{
	n = MIN(n, p->n_skip);
	p->n_skip -= n;
	if (!p->n_skip) {
		struct peer_op *o = TAKE_PTR(p->skipped);
		peer_op_refuse(o, o->request.error);
	}
	return n;
}

/* Begins the requests in there; returns how much of it is done with. */
static size_t parse(struct peer *p, const uint8_t *b, size_t n)
{
	size_t used = 0;
	struct nbd_request q;
	while (used < n && may_read(p)) {
		if (p->payload) {
			used += take_payload(p, b + used, n - used);
			continue;
		}
		if (p->skipped) {
			used += skip(p, n - used);
			continue;
		}
		if (is_full(p)) {
			p->paused = true;
			continue;
		}
		int r = nbd_server_request(p->server, b + used, n - used, &q);
		if (r == 0)
			break;
		if (r < 0) {
			peer_close(p);
			break;
		}
		used += (size_t)r;
		begin(p, &q);
	}
	return used;
}

/* ---- negotiation ---- */

/* What the negotiation has to say. False: it could not all be sent, or that was the end. */
static bool send_output(struct peer *p)
{
	for (;;) {
		const void *out;
		size_t n;
		nbd_server_output(p->server, &out, &n);
		if (n == 0)
			break;
		ssize_t r = send(p->watch.fd, out, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (r >= 0) {
			nbd_server_output_done(p->server, (size_t)r);
		} else if (errno == EAGAIN) {
			p->blocked = true;
			return false;
		} else if (errno != EINTR) {
			peer_close(p);
			return false;
		}
	}
	p->blocked = false;
	if (nbd_server_state(p->server) == NBD_SERVER_OVER)
		peer_close(p);
	return p->watch.fd >= 0;
}

static size_t negotiate(struct peer *p, const uint8_t *b, size_t n)
{
	size_t used = 0;
	while (nbd_server_state(p->server) == NBD_SERVER_NEGOTIATING && used < n) {
		size_t r = nbd_server_negotiate(p->server, b + used, n - used);
		used += r;
		/* Nothing more is taken in until what is to be said has been. */
		p->paused = !send_output(p);
		if (p->paused || r == 0)
			break;
	}
	return used;
}

/* ---- taking in ---- */

/* b is in the shared buffer; the stash is empty. */
static void digest(struct peer *p, const uint8_t *b, size_t n)
{
	size_t used = 0;
	if (nbd_server_state(p->server) == NBD_SERVER_NEGOTIATING)
		used = negotiate(p, b, n);
	if (may_read(p) && nbd_server_state(p->server) == NBD_SERVER_TRANSMISSION)
		used += parse(p, b + used, n - used);
	if (p->watch.fd < 0 || p->disconnecting || used == n)
		return;
	/* What fills the buffer must have been of some use. */
	p->n_stash = n - used;
	p->stash = used || n < PEER_SCRATCH ? malloc(p->n_stash) : NULL;
	if (p->stash)
		memcpy(p->stash, b + used, p->n_stash);
	else
		peer_close(p);
}

/* The stash goes back to the shared buffer. Returns its length. */
static size_t unstash(struct peer *p)
{
	size_t n = p->n_stash;
	if (n)
		memcpy(p->shared->scratch, p->stash, n);
	free(TAKE_PTR(p->stash));
	p->n_stash = 0;
	return n;
}

/* One receive, its bytes are added to *taken. False: there is no more, or no more may be taken in.
 */
static bool receive(struct peer *p, size_t *taken)
{
	uint8_t *scratch = p->shared->scratch;
	uint64_t rest = p->payload ? p->payload->request.payload - p->n_payload : 0;
	size_t old = unstash(p), room = MIN(p->window, PEER_SCRATCH - old);
	struct iovec iov[2] = {{.iov_len = rest}, {scratch + old, room}};
	if (rest)
		iov[0].iov_base = p->payload->data + p->n_payload;
	struct msghdr m = {.msg_iov = rest ? iov : iov + 1, .msg_iovlen = rest ? 2 : 1};
	ssize_t r = recvmsg(p->watch.fd, &m, MSG_DONTWAIT);
	if (r <= 0) {
		bool again = r < 0 && (errno == EAGAIN || errno == EINTR);
		if (again && old)
			digest(p, scratch, old); /* sets it aside again */
		else if (!again)
			peer_close(p);
		return false;
	}
	*taken += (size_t)r;
	size_t n = (size_t)r, direct = MIN(n, rest);
	if (n - direct == room)
		p->window = MIN(p->window * 4, (size_t)PEER_SCRATCH);
	if (direct)
		add_payload(p, direct);
	if (n - direct + old)
		digest(p, scratch, n - direct + old);
	return n == rest + room;
}

static void on_peer(struct watch *w, uint32_t revents)
{
	struct peer *p = container_of(w, struct peer, watch);
	peer_activate(p);
	if ((revents & (EPOLLHUP | EPOLLERR)) && !(w->events & EPOLLIN)) {
		peer_close(p); /* nobody is there to read what is being waited for */
		return;
	}
	size_t taken = 0;
	for (int i = 0; i < RECV_BATCH && may_read(p) && taken < CLIENT_TURN_BYTES; i++)
		if (!receive(p, &taken))
			break;
}

/* Goes on with what was set aside, when there is room. */
static void resume(struct peer *p)
{
	if (p->n_ops > PEER_REQUESTS_MAX / 2 || p->n_bytes > PEER_BYTES_MAX / 2)
		return;
	p->paused = false;
	size_t n = unstash(p);
	if (n)
		digest(p, p->shared->scratch, n);
}

bool peer_turn(struct peer *p)
{
	/* The last words of the negotiation come before the first reply. */
	if (p->watch.fd >= 0 && send_output(p)) {
		if (peer_send_replies(p) < 0)
			peer_close(p);
		else if (p->paused)
			resume(p);
	}
	if (p->watch.fd >= 0 && p->disconnecting && p->n_ops == 0)
		peer_close(p);
	if (p->watch.fd >= 0)
		watch_want(&p->watch, (may_read(p) ? EPOLLIN : 0) | (p->blocked ? EPOLLOUT : 0));
	return p->watch.fd >= 0 || p->n_ops > 0;
}

/* ---- the beginning ---- */

int peer_new(struct peer_shared *s, int takes_fd, struct peer **ret)
{
	AUTO_CLOSE int fd = takes_fd;
	struct block_export e = client_export(s->client);
	struct nbd_server_config config = {
		.size = e.size,
		.flags = (uint16_t)((e.flags & FLAGS_PASSED) | FLAGS_OURS),
		.block_min = e.block_min,
		.block_preferred = e.block_preferred,
		.payload_max = NBD_PAYLOAD_MAX,
	};
	int on = 1, room = SEND_BUFFER;
	/* Fails on Unix sockets; on others room would be less than what TCP finds out by itself. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	struct peer *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->shared = s;
	p->window = WINDOW_FIRST;
	p->since_ms = watch_now_ms();
	list_init(&p->link);
	list_init(&p->active);
	list_init(&p->replies);
	int r = nbd_server_new(&config, &p->server);
	if (r >= 0)
		r = watch_add(&s->client->loop, &p->watch, fd, EPOLLIN, on_peer);
	if (r < 0) {
		nbd_server_free(p->server);
		free(p);
		return r;
	}
	TAKE_FD(fd);
	peer_activate(p); /* the greeting is to be sent */
	*ret = p;
	return 0;
}
