/* SPDX-License-Identifier: MIT */
/*
 * See block-link.h.  What lives and dies together: the connection to the node with the capabilities
 * (struct client), the device, and the stream's socket.  The NBD client stays.
 */
#include "cli/block-link.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

enum {
	SESSION_SIZE = 32,
	RETRY_FIRST_MS = 100,
	RETRY_MAX_MS = 2000,
	NEGOTIATION_SECONDS = 20,
	FRUITLESS_MAX = 20, /* connections, one after the other, on which nothing was done */
	RECEIVES_MAX = 16, /* in one turn */
	PIECES_MAX = 128,
};

struct block_link {
	struct cli *cli;
	char *uri;
	char name[512];
	struct options how;
	uint32_t max_requests;
	uint8_t session[SESSION_SIZE];

	struct client *client;
	struct block_target target;
	struct block_connection connection; /* its fd is owned by `fd` once connected */
	int fd;
	struct nbd_client *nbd;
	struct nbd_client_export export; /* as it was first */
	bool negotiated; /* once */
	bool output_waits;
	bool down, forgot, flushing;
	unsigned fruitless; /* connections since an operation was done */
	int refused; /* for good: with that */
	struct err why;
	int64_t heard_ms;
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct nbd_client *block_link_nbd(struct block_link *l)
{
	return l->nbd;
}

const struct nbd_client_export *block_link_export(const struct block_link *l)
{
	return &l->export;
}

bool block_link_forgot(const struct block_link *l)
{
	return l->forgot;
}

const char *block_link_name(const struct block_link *l)
{
	return l->name;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static int send_output(struct block_link *l)
{
	struct iovec iov[PIECES_MAX];
	l->output_waits = false;
	for (size_t n; (n = nbd_client_output(l->nbd, iov, PIECES_MAX)) > 0;) {
		struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};
		ssize_t k = sendmsg(l->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno == EAGAIN) {
			l->output_waits = true;
			return 0;
		}
		if (k < 0)
			return -errno;
		nbd_client_output_done(l->nbd, (size_t)k);
		l->heard_ms = now_ms();
	}
	return 0;
}

static int receive_input(struct block_link *l)
{
	for (int i = 0; i < RECEIVES_MAX; i++) {
		struct iovec iov[2];
		size_t n = nbd_client_input_vec(l->nbd, iov, 2);
		struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};
		ssize_t k = n ? recvmsg(l->fd, &m, MSG_DONTWAIT) : 0;
		if (k < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (k <= 0)
			return k < 0 ? -errno : -ECONNRESET;
		l->heard_ms = now_ms();
		int r = nbd_client_input(l->nbd, (size_t)k);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void on_refused(void *user, int error, const char *text)
{
	struct block_link *l = user;
	l->refused = error;
	err_set(&l->why, error, "%s: the NBD server: %s", l->name, text);
}

static int nbd_begin(struct block_link *l)
{
	struct nbd_client_config config = {
		.max_requests = l->max_requests, .refused = on_refused, .user = l};
	nbd_client_free(TAKE_PTR(l->nbd));
	return nbd_client_new(&config, &l->nbd);
}

static void disconnect(struct block_link *l)
{
	l->down = true;
	if (l->nbd)
		nbd_client_lost(l->nbd);
	l->fd = fd_close(l->fd);
	l->connection.fd = -EBADF;
	stream_connection_unref(l->connection.end);
	l->connection = (struct block_connection){.fd = -EBADF};
	block_target_done(&l->target);
	client_close(TAKE_PTR(l->client));
}

static int open_stream(struct block_link *l)
{
	struct cli *cli = l->cli;
	const struct options before = cli->opt;
	cli->opt.read_only = l->how.read_only;
	cli->opt.format = l->how.format;
	cli->opt.direct = l->how.direct;
	cli->may_dial = ref_is(l->uri);
	int r = client_open(cli, &l->client);
	if (r >= 0)
		r = block_target_find(l->client, l->uri, &l->target);
	if (r >= 0)
		r = block_connect(l->client, l->target.device, l->session, sizeof(l->session),
			&l->connection);
	cli->opt = before;
	if (r < 0)
		return r;
	l->fd = l->connection.fd;
	l->connection.fd = -EBADF;
	(void)snprintf(l->name, sizeof(l->name), "%s", l->target.source);
	int flags = fcntl(l->fd, F_GETFL);
	if (flags < 0 || fcntl(l->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_errno(&cli->err, -errno, "socket");
	return 0;
}

/* One turn of both directions; waits at most that long for something to come. */
static int exchange(struct block_link *l, int timeout_ms)
{
	int r = send_output(l);
	struct pollfd p = {
		.fd = l->fd, .events = (short)(POLLIN | (l->output_waits ? POLLOUT : 0))};
	if (r >= 0 && poll(&p, 1, timeout_ms) < 0 && errno != EINTR)
		r = -errno;
	return r >= 0 && p.revents ? receive_input(l) : r;
}

static int negotiate(struct block_link *l)
{
	int64_t end = now_ms() + NEGOTIATION_SECONDS * 1000;
	l->refused = 0;
	l->forgot = true; /* if operations fail now, that is why */
	int r = nbd_client_start(l->nbd, l->connection.epoch, l->connection.epoch_len);
	l->forgot = r == -EIO;
	if (l->forgot)
		return -ESTALE;
	while (r >= 0 && !nbd_client_is_ready(l->nbd)) {
		int64_t left = end - now_ms();
		r = left > 0 ? exchange(l, (int)left) : -ETIMEDOUT;
	}
	if (r < 0 && l->refused) {
		l->cli->err = l->why;
		return l->refused;
	}
	return r < 0 ? err_errno(&l->cli->err, r, "%s: NBD", l->name) : 0;
}

static int connect_now(struct block_link *l)
{
	int r = open_stream(l);
	if (r >= 0)
		r = negotiate(l);
	if (r < 0) {
		disconnect(l);
		return r;
	}
	if (!l->negotiated)
		l->export = *nbd_client_export(l->nbd);
	l->negotiated = true;
	l->down = false;
	l->heard_ms = now_ms();
	return 0;
}

int block_link_open(struct cli *cli, const char *uri, const struct options *o,
	uint32_t max_requests, struct block_link **ret)
{
	AUTO(block_link_close) struct block_link *l = calloc(1, sizeof(*l));
	if (!l || !(l->uri = strdup(uri)))
		return err_set(&cli->err, -ENOMEM, "out of memory");
	l->cli = cli;
	l->how = *o;
	l->max_requests = max_requests;
	l->fd = l->connection.fd = -EBADF;
	randombytes_buf(l->session, sizeof(l->session));
	int r = nbd_begin(l);
	if (r < 0)
		return err_errno(&cli->err, r, "NBD");
	r = connect_now(l);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(l);
	return 0;
}

void block_link_close(struct block_link *l)
{
	if (!l)
		return;
	if (l->client && !l->down && !l->cli->signal)
		block_end_session(l->client, l->target.device, l->session, sizeof(l->session));
	nbd_client_free(TAKE_PTR(l->nbd));
	disconnect(l);
	if (l->uri)
		explicit_bzero(l->uri, strlen(l->uri));
	free(l->uri);
	free(l);
}

/* A machine that is gone is noticed by TCP (tcp_prepare()). */
void block_link_flushing(struct block_link *l, bool yes)
{
	l->flushing = yes;
	l->heard_ms = now_ms();
}

/* ---- being used ------------------------------------------------------------------------------ */

void block_link_prepare(struct block_link *l, struct pollfd p[BLOCK_LINK_FDS])
{
	p[0] = p[1] = (struct pollfd){.fd = -1};
	if (!l->down && send_output(l) < 0)
		l->down = true;
	if (l->down)
		return;
	p[0] = (struct pollfd){
		.fd = l->fd, .events = (short)(POLLIN | (l->output_waits ? POLLOUT : 0))};
	p[1] = (struct pollfd){.fd = sd_event_get_fd(l->client->loop.event), .events = POLLIN};
}

void block_link_turn(struct block_link *l, const struct pollfd p[BLOCK_LINK_FDS])
{
	if (l->down)
		return;
	/* What the capabilities' side has to do: signals come this way too. */
	for (int i = 0; i < 64 && p[1].revents; i++)
		if (sd_event_run(l->client->loop.event, 0) <= 0)
			break;
	uint32_t pending = nbd_client_pending(l->nbd);
	if (p[0].revents && receive_input(l) < 0)
		l->down = true;
	if (nbd_client_pending(l->nbd) < pending)
		l->fruitless = 0;
	if (nbd_client_pending(l->nbd) == 0)
		l->heard_ms = now_ms();
	int64_t patience = l->flushing ? BLOCK_LINK_FLUSH_SECONDS : BLOCK_LINK_SILENCE_SECONDS;
	if (now_ms() - l->heard_ms > patience * 1000)
		l->down = true;
}

static bool is_hopeless(const struct block_link *l, const struct err *e)
{
	return l->fruitless >= FRUITLESS_MAX || l->refused == -ESTALE || l->refused == -EROFS ||
	       l->refused == -EOPNOTSUPP || strstr(e->msg, "no such reference") != NULL;
}

/* A server that answers nonsense would be asked the same for ever. */
static int connect_usefully(struct block_link *l)
{
	const char *why = nbd_client_why(l->nbd);
	if (l->fruitless >= FRUITLESS_MAX)
		return err_set(&l->cli->err, -ECONNABORTED, "it breaks off again and again%s%s",
			*why ? ": " : "", why);
	int r = connect_now(l);
	l->fruitless += r >= 0;
	return r;
}

int block_link_recover(struct block_link *l)
{
	if (!l->down)
		return 0;
	struct err before = l->cli->err, last = {};
	int64_t end = now_ms() + BLOCK_LINK_PATIENCE_SECONDS * 1000;
	int r = -ENOTCONN, delay = RETRY_FIRST_MS;
	disconnect(l);
	while (!l->cli->signal && (r = connect_usefully(l)) < 0 && r != -ESTALE && now_ms() < end) {
		last = l->cli->err;
		l->cli->err = (struct err){};
		if (is_hopeless(l, &last))
			break;
		(void)poll(NULL, 0, delay);
		delay = MIN(2 * delay, (int)RETRY_MAX_MS);
	}
	l->cli->err = before;
	if (r >= 0 || (r == -ESTALE && !l->refused))
		return r;
	if (!before.code && !l->cli->signal)
		err_set(&l->cli->err, last.code ?: -ENOTCONN, "%s: the connection was lost: %s",
			l->name, *last.msg ? last.msg : "no answer");
	nbd_client_fail(l->nbd, -ENOTCONN);
	return l->cli->signal ? -EINTR : l->cli->err.code;
}

int block_link_renew(struct block_link *l)
{
	int r = nbd_begin(l);
	l->down = true;
	return r < 0 ? err_errno(&l->cli->err, r, "NBD") : block_link_recover(l);
}

struct performance {
	bool done;
	int error;
};

static void on_performed(struct nbd_op *op, int error)
{
	*(struct performance *)op->user = (struct performance){true, error};
}

int block_link_perform(struct block_link *l, struct nbd_op *op)
{
	struct performance p = {};
	op->done = on_performed;
	op->released = NULL;
	op->user = &p;
	int r = nbd_client_submit(l->nbd, op);
	while (r >= 0 && !p.done) {
		struct pollfd fds[BLOCK_LINK_FDS];
		block_link_prepare(l, fds);
		if (!l->down && poll(fds, BLOCK_LINK_FDS, 1000) < 0 && errno != EINTR)
			l->down = true;
		block_link_turn(l, fds);
		r = l->cli->signal ? -EINTR : block_link_recover(l);
	}
	if (!p.done && r < 0 && nbd_client_pending(l->nbd) > 0)
		nbd_client_fail(l->nbd, -EINTR);
	return p.done ? p.error : r;
}
