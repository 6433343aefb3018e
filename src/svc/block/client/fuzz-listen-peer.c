/* SPDX-License-Identifier: MIT */
/*
 * Any bytes, in any pieces, as what a client of --listen sends: with the real core behind it, and
 * behind that the server core on a small disk, all in this process.  Whatever comes, everything
 * must have been let go of when the client has gone.
 *
 * The first byte is the size of the pieces (0: all at once), of the second bit 0 has the handshake
 * made beforehand, and bit 1 the server never answer a request.
 */
#include "svc/block/client/listen-peer.h"

#include <sys/socket.h>

enum { SIZE = 1 << 16, ROUNDS_MAX = 100000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct client client;
	struct peer_shared shared;
	struct nbd_server *server;
	struct peer *peer; /* NULL: it has gone */
	uint8_t from_core[4 * SIZE];
	size_t n_from_core;
	bool mute;
};

static uint8_t disk[SIZE];

/* To the core. */
static void say(struct world *w, const void *p, size_t n)
{
	for (size_t k = 0; k < n;) {
		void *into;
		size_t room;
		nbd_client_input_buffer(w->client.core, &into, &room);
		room = MIN(room, n - k);
		memcpy(into, (const uint8_t *)p + k, room);
		k += room;
		int r = nbd_client_input(w->client.core, room);
		assert(r == 0);
	}
}

static void serve(struct world *w, const struct nbd_request *q, const uint8_t *payload)
{
	uint8_t out[NBD_SERVER_HEADER_MAX + NBD_SERVER_ERROR_TEXT_MAX + 64];
	struct nbd_extent x = {.length = q->length, .state = 0};
	assert(!q->error); /* the core asks for nothing that may not be */
	size_t n;
	if (q->type == NBD_CMD_READ)
		n = nbd_server_data(w->server, q, q->offset, q->length, true, out);
	else if (q->type == NBD_CMD_BLOCK_STATUS)
		n = nbd_server_status(w->server, q, &x, 1, out);
	else
		n = nbd_server_reply(w->server, q, 0, NULL, out);
	if (q->type == NBD_CMD_WRITE)
		memcpy(disk + q->offset, payload, q->length);
	say(w, out, n);
	if (q->type == NBD_CMD_READ)
		say(w, disk + q->offset, q->length);
}

/* Takes one request, or a piece of the handshake, from what the core has sent. */
static size_t take(struct world *w)
{
	struct nbd_request q;
	const void *out;
	size_t n;
	if (nbd_server_state(w->server) == NBD_SERVER_NEGOTIATING) {
		size_t used = nbd_server_negotiate(w->server, w->from_core, w->n_from_core);
		nbd_server_output(w->server, &out, &n);
		say(w, out, n);
		nbd_server_output_done(w->server, n);
		return used;
	}
	int r = w->mute ? 0 : nbd_server_request(w->server, w->from_core, w->n_from_core, &q);
	assert(r >= 0);
	if (r == 0 || w->n_from_core - (size_t)r < q.payload)
		return 0;
	serve(w, &q, w->from_core + r);
	return (size_t)r + q.payload;
}

static void pump(struct world *w)
{
	for (;;) {
		struct iovec iov[2];
		size_t n = nbd_client_output(w->client.core, iov, 2);
		size_t room = sizeof(w->from_core) - w->n_from_core;
		size_t k = n ? MIN(iov[0].iov_len, room) : 0;
		if (k) {
			memcpy(w->from_core + w->n_from_core, iov[0].iov_base, k);
			w->n_from_core += k;
			nbd_client_output_done(w->client.core, k);
		}
		size_t used = take(w);
		w->n_from_core -= used;
		memmove(w->from_core, w->from_core + used, w->n_from_core);
		if (!k && !used)
			return;
	}
}

static void on_ready(void *user)
{
}

static void on_refused(void *user, int error, const char *text)
{
	assert(false);
}

static void begin(struct world *w)
{
	struct nbd_server_config server = {
		.size = SIZE,
		.flags = NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_TRIM |
			 NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_CACHE | NBD_FLAG_SEND_DF,
		.block_min = 1,
	};
	struct nbd_client_config config = {.max_requests = CLIENT_REQUESTS_MAX,
		.retain_max = NBD_CLIENT_RETAIN,
		.ready = on_ready,
		.refused = on_refused};
	list_init(&w->shared.active);
	w->shared.client = &w->client;
	w->shared.scratch = malloc(PEER_SCRATCH);
	int r = nbd_server_new(&server, &w->server);
	if (r >= 0)
		r = nbd_client_new(&config, &w->client.core);
	if (r >= 0)
		r = watch_loop_init(&w->client.loop);
	if (r >= 0)
		r = nbd_client_start(w->client.core, NULL, 0);
	assert(r >= 0 && w->shared.scratch);
	const void *out;
	size_t n;
	nbd_server_output(w->server, &out, &n);
	say(w, out, n);
	nbd_server_output_done(w->server, n);
	pump(w);
	assert(nbd_client_is_ready(w->client.core));
}

static void round_(struct world *w, int fd)
{
	static uint8_t replies[SIZE];
	watch_loop_wait(&w->client.loop, 0);
	pump(w);
	for (struct list *it; (it = list_pop(&w->shared.active));) {
		if (peer_turn(w->peer))
			continue;
		peer_free(w->peer);
		w->peer = NULL;
	}
	if (fd >= 0)
		while (recv(fd, replies, sizeof(replies), MSG_DONTWAIT) > 0)
			;
}

static void send_pieces(struct world *w, int fd, const uint8_t *p, size_t n, size_t piece)
{
	for (size_t k = 0; k < n && w->peer;) {
		ssize_t r = send(fd, p + k, MIN(piece, n - k), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (r > 0)
			k += (size_t)r;
		else if (errno != EAGAIN || w->mute)
			return;
		round_(w, fd);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hello[] = "\0\0\0\3IHAVEOPT\0\0\0\1\0\0\0";
	int pair[2];
	if (size < 2 || size > 1 << 20)
		return 0;
	struct world *w = calloc(1, sizeof(*w));
	assert(w);
	begin(w);
	w->mute = data[1] & 2;
	int r = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
	if (r >= 0)
		r = peer_new(&w->shared, pair[0], &w->peer);
	assert(r >= 0);
	round_(w, pair[1]);
	if (data[1] & 1)
		send_pieces(w, pair[1], hello, sizeof(hello), sizeof(hello));
	send_pieces(w, pair[1], data + 2, size - 2, data[0] ? data[0] : size);
	close(pair[1]);
	/* Without answers, what is under way ends with the core. */
	for (int i = 0; i < ROUNDS_MAX && w->peer && !(w->mute && w->peer->watch.fd < 0); i++)
		round_(w, -1);
	nbd_client_free(w->client.core);
	w->client.core = NULL;
	if (w->peer) {
		assert(w->peer->watch.fd < 0 && w->peer->n_ops == 0 && w->peer->n_bytes == 0);
		peer_free(w->peer);
	}
	nbd_server_free(w->server);
	watch_loop_done(&w->client.loop);
	free(w->shared.scratch);
	free(w);
	return 0;
}
