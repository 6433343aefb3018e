/* SPDX-License-Identifier: MIT */
/*
 * Front end --listen: NBD is served to whoever connects to a socket that the keeper has bound.
 *
 * Theory of operation: nobody is let in before the export is known, since its size is the first
 * thing he is told; who waits is in the socket's backlog.  From then on clients are served whether
 * there is a server or not: without one their requests wait, and they notice nothing.
 *
 * A client that has gone stays in the list, without its socket, until its operations have been
 * done: so there are never more than PEERS_MAX times what one may hold.
 */
#include "base/log.h"
#include "svc/block/client/listen-peer.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { ACCEPT_BATCH = 16, PAUSE_MS = 1000 };

struct front_listen {
	struct front front;
	struct watch watch;
	struct peer_shared shared;
	struct list peers;
	uint32_t n_peers;
	bool is_open; /* clients are let in */
	uint64_t pause_ms; /* until then nobody is: there are no descriptors; 0: not so */
};

static struct front_listen *listen_of(struct front *f)
{
	return container_of(f, struct front_listen, front);
}

static void let_in(struct front_listen *l)
{
	bool can = l->is_open && !l->pause_ms && l->n_peers < PEERS_MAX;
	watch_want(&l->watch, can ? EPOLLIN : 0);
}

static void take(struct front_listen *l, int takes_fd)
{
	struct peer *p;
	if (l->front.client->over) {
		fd_close(takes_fd);
		return;
	}
	int r = peer_new(&l->shared, takes_fd, &p);
	if (r < 0) {
		log_peer(LOG_WARNING, "client: %s", strerror(-r));
		return;
	}
	list_append(&l->peers, &p->link);
	l->n_peers++;
}

static void on_connect(struct watch *w, uint32_t revents)
{
	struct front_listen *l = container_of(w, struct front_listen, watch);
	for (int i = 0; i < ACCEPT_BATCH && l->n_peers < PEERS_MAX; i++) {
		int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			take(l, fd);
			continue;
		}
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
			log_peer(LOG_WARNING, "accept: %s", strerror(errno));
			l->pause_ms = watch_now_ms() + PAUSE_MS;
		}
		break;
	}
	let_in(l);
}

/* ---- the table ---- */

static void listen_resized(struct front *f)
{
	struct front_listen *l = listen_of(f);
	uint64_t size = client_export(f->client).size;
	list_for_each (it, &l->peers)
		nbd_server_set_size(list_entry(it, struct peer, link)->server, size);
}

static void listen_ready(struct front *f)
{
	struct front_listen *l = listen_of(f);
	listen_resized(f);
	l->is_open = true;
	let_in(l);
}

static void listen_over(struct front *f)
{
	struct front_listen *l = listen_of(f);
	l->is_open = true; /* whoever comes is told by the end of his connection */
	let_in(l);
}

/* Clients that have not come to an agreement in time; milliseconds until the next has to, or -1. */
static int expire(struct front_listen *l)
{
	uint64_t now = watch_now_ms();
	int next = -1;
	list_for_each (it, &l->peers) {
		struct peer *p = list_entry(it, struct peer, link);
		if (p->watch.fd < 0 || nbd_server_state(p->server) != NBD_SERVER_NEGOTIATING)
			continue;
		if (now - p->since_ms >= PEER_NEGOTIATE_MS)
			peer_close(p);
		else
			next = watch_earlier(next, (int)(PEER_NEGOTIATE_MS - (now - p->since_ms)));
	}
	if (l->pause_ms && now >= l->pause_ms)
		l->pause_ms = 0;
	else if (l->pause_ms)
		next = watch_earlier(next, (int)(l->pause_ms - now));
	return next;
}

static int listen_turn(struct front *f)
{
	struct front_listen *l = listen_of(f);
	int next = expire(l);
	for (struct list *it; (it = list_pop(&l->shared.active));) {
		struct peer *p = list_entry(it, struct peer, active);
		if (peer_turn(p))
			continue;
		list_unlink(&p->link);
		peer_free(p);
		l->n_peers--;
	}
	let_in(l);
	return next;
}

static uint64_t listen_clients(const struct front *f)
{
	const struct front_listen *l = container_of(f, const struct front_listen, front);
	uint64_t n = 0;
	list_for_each (it, &l->peers)
		n += list_entry(it, struct peer, link)->watch.fd >= 0;
	return n;
}

static void listen_free(struct front *f)
{
	struct front_listen *l = listen_of(f);
	watch_remove(&l->watch);
	for (struct list *it; (it = list_pop(&l->peers));) {
		struct peer *p = list_entry(it, struct peer, link);
		peer_close(p);
		peer_free(p);
	}
	free(l->shared.scratch);
	free(l);
}

static const struct front_ops listen_ops = {
	.ready = listen_ready,
	.resized = listen_resized,
	.over = listen_over,
	.turn = listen_turn,
	.clients = listen_clients,
	.ends_with_keeper = true,
	.free = listen_free,
};

int front_listen_new(struct client *c, struct front **ret)
{
	struct front_listen *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->front = (struct front){.ops = &listen_ops, .client = c};
	l->shared.client = c;
	list_init(&l->peers);
	list_init(&l->shared.active);
	l->shared.scratch = malloc(PEER_SCRATCH);
	int r = l->shared.scratch ? 0 : -ENOMEM, flags = fcntl(BLOCK_FD_FRONT, F_GETFL);
	if (r >= 0 && (flags < 0 || fcntl(BLOCK_FD_FRONT, F_SETFL, flags | O_NONBLOCK) < 0))
		r = -errno;
	if (r >= 0)
		r = watch_add(&c->loop, &l->watch, BLOCK_FD_FRONT, 0, on_connect);
	if (r < 0) {
		l->watch.fd = -EBADF;
		listen_free(&l->front);
		return r;
	}
	*ret = &l->front;
	return 0;
}
