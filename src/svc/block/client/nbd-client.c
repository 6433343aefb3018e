/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: nbd-client.h, client.h.  One thread, one epoll.  Everything here waits for
 * the server at some time, so nothing may block: the sockets are read and written without waiting,
 * and what cannot go on is taken up again when it can.
 *
 * Memory that a burst of requests has taken goes back to the kernel when nothing has been asked for
 * IDLE_MS.  Much of it may be data that was written but not flushed; so it is flushed.
 */
#include "base/log.h"
#include "svc/block/client/nbd-client.h"
#include "svc/block/client/client.h"
#include "sys/landlock.h"
#include "sys/seccomp.h"

#include <getopt.h>
#include <malloc.h>
#include <signal.h>

enum { IDLE_MS = 1000, IDLE_RETAINED = 256 << 10 };

/* ---- for the fronts ---- */

struct block_export client_export(const struct client *c)
{
	const struct nbd_client_export *e = nbd_client_export(c->core);
	struct block_export x = {.size = e->size,
		.block_min = e->block_min,
		.block_preferred = e->block_preferred,
		.payload_max = e->payload_max,
		.flags = e->flags};
	if (c->read_only)
		x.flags |= NBD_FLAG_READ_ONLY;
	return x;
}

static bool writes(const struct nbd_op *op)
{
	return op->type == NBD_CMD_WRITE || op->type == NBD_CMD_TRIM ||
	       op->type == NBD_CMD_WRITE_ZEROES;
}

int client_submit(struct client *c, struct nbd_op *op)
{
	if (c->failing)
		return c->failing;
	if (c->read_only && writes(op))
		return -EROFS;
	if (op->type == NBD_CMD_FLUSH && c->flush_error) {
		int error = c->flush_error;
		c->flush_error = 0;
		return error;
	}
	int r = nbd_client_submit(c->core, op);
	if (r < 0)
		return r;
	c->stats.requests++;
	if (op->type == NBD_CMD_READ)
		c->stats.bytes_read += op->length;
	else if (op->type == NBD_CMD_WRITE)
		c->stats.bytes_written += op->length;
	return 0;
}

void client_end(struct client *c, int status)
{
	c->ended = true;
	c->status = status;
}

/* ---- the loop ---- */

struct idle {
	uint64_t since_ms; /* 0: all is tidy */
	uint64_t seen; /* requests until then */
};

/* Milliseconds until something is to be done, -1: there is nothing. */
static int tidy(struct client *c, struct idle *i)
{
	uint64_t now = watch_now_ms();
	if (nbd_client_pending(c->core) > 0 || c->stats.requests != i->seen) {
		i->seen = c->stats.requests;
		i->since_ms = now;
	}
	if (!i->since_ms)
		return -1;
	if (now - i->since_ms < IDLE_MS)
		return (int)(IDLE_MS - (now - i->since_ms));
	i->since_ms = 0;
	if (nbd_client_retained(c->core) > IDLE_RETAINED && client_words_flush(c))
		i->since_ms = now; /* once more when it is done */
	(void)malloc_trim(0);
	return i->since_ms ? IDLE_MS : -1;
}

static int run(struct client *c)
{
	struct idle idle = {};
	int r = 0;
	while (!c->ended && r >= 0) {
		client_link_send(c);
		int timeout = client_link_timers(c);
		if (c->front)
			timeout = watch_earlier(timeout, c->front->ops->turn(c->front));
		client_link_send(c);
		timeout = watch_earlier(timeout, tidy(c, &idle));
		if (!c->ended)
			r = watch_loop_wait(&c->loop, timeout);
	}
	return r < 0 ? r : c->status;
}

/* ---- start ---- */

static int lock_down(void)
{
	static const char *const calls[] = {"@base", "@loop", "@socket", NULL};
	struct landlock l;
	int r = landlock_init(&l);
	if (r >= 0)
		r = landlock_restrict(&l);
	return r < 0 ? r : seccomp_confine(calls, SECCOMP_ELSE_KILL);
}

static int start(struct client *c, int (*front_new)(struct client *, struct front **))
{
	/* Buffers of some hundred KiB come and go: not as a mapping each. */
	(void)mallopt(M_MMAP_THRESHOLD, 4 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
	int r = watch_loop_init(&c->loop);
	if (r >= 0)
		r = client_link_init(c);
	if (r >= 0)
		r = client_words_init(c);
	if (r >= 0 && front_new)
		r = front_new(c, &c->front);
	return r < 0 ? r : lock_down();
}

/* What is under way is answered before what it refers to goes. */
static void finish(struct client *c)
{
	client_link_done(c);
	if (c->front)
		c->front->ops->free(c->front);
	watch_remove(&c->control);
	watch_loop_done(&c->loop);
}

struct options {
	struct client *client;
	int (*front_new)(struct client *, struct front **);
	unsigned fronts; /* how many are named */
};

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{"fuse", no_argument, NULL, 'f'},
		{"again", no_argument, NULL, 'a'},
		{"listen", no_argument, NULL, 'l'},
		{"negotiate", no_argument, NULL, 'n'},
		{"read-only", no_argument, NULL, 'r'},
		{"export", required_argument, NULL, 'e'},
		{"timeout", required_argument, NULL, 't'},
		{"retain", required_argument, NULL, 'k'},
		{},
	};
	struct client *c = o->client;
	optind = 1;
	for (int k; (k = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (k == 'f')
			o->front_new = front_fuse_new;
		else if (k == 'a')
			c->again = true;
		else if (k == 'l')
			o->front_new = front_listen_new;
		else if (k == 'n')
			c->negotiate = true;
		else if (k == 'r')
			c->read_only = true;
		else if (k == 'e')
			c->export_name = optarg;
		else if (k == 't')
			c->timeout_s = (uint32_t)MIN(strtoul(optarg, NULL, 10), 1000000ul);
		else if (k == 'k')
			c->retain_max = strtoul(optarg, NULL, 10);
		else
			return -EINVAL;
		o->fronts += k == 'f' || k == 'l' || k == 'n';
	}
	return o->fronts == 1 && optind == argc ? 0 : -EINVAL;
}

int role_nbd_client(int argc, char **argv)
{
	struct client c = {.control.fd = -EBADF,
		.conn.fd = -EBADF,
		.loop.epoll_fd = -EBADF,
		.retain_max = NBD_CLIENT_RETAIN};
	struct options o = {.client = &c};
	if (parse(argc, argv, &o) < 0)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	int r = start(&c, o.front_new);
	if (r >= 0)
		r = run(&c);
	if (r < 0)
		log_error("block device: %s", strerror(-r));
	finish(&c);
	return r < 0;
}
