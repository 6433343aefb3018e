/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A worker (role nbd-client) with a keeper, a server on a disk in memory, and what it is put
 * behind, for tests.  The server is a process of its own, made of the server core, that dies where
 * it is told to; the disk is shared with it, so that the test sees what has become of it.
 */
#include "base/test.h"
#include "core/block-control.h"
#include "svc/block/client/nbd-client.h"
#include "wire/nbd/nbd-server.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { DISK = 1 << 20, BLOCK = 4096, ANSWER_MS = 20000 };

enum death { DIES_BEFORE, DIES_DONE, DIES_IN_REPLY }; /* not applied; applied; half answered */

struct shared {
	uint8_t disk[2 * DISK]; /* as the server has it */
	uint8_t stable[2 * DISK]; /* as it was at the last flush */
	uint64_t size;
	uint16_t flags;
	volatile int requests; /* that the servers have been asked, all together */
	volatile int dies_at; /* the server dies at this one; 0: never */
	enum death death;
	volatile int fail; /* errno of the next request; then 0 */
	volatile int stall; /* requests are not read while this is set */
	int max_payload;
};

struct world {
	struct shared *s;
	int control, front; /* our ends; front: a listening socket, or the kernel's end of FUSE */
	pid_t worker, server;
	char path[64]; /* of the listening socket */
};

/* ---- the server ---- */

static inline bool read_all(int fd, void *p, size_t n)
{
	for (size_t k = 0; k < n;) {
		ssize_t r = read(fd, (uint8_t *)p + k, n - k);
		if (r <= 0)
			return false;
		k += (size_t)r;
	}
	return true;
}

static inline bool write_all(int fd, const void *p, size_t n)
{
	for (size_t k = 0; k < n;) {
		ssize_t r = send(fd, (const uint8_t *)p + k, n - k, MSG_NOSIGNAL);
		if (r <= 0)
			return false;
		k += (size_t)r;
	}
	return true;
}

static inline void server_read(int fd, void *p, size_t n)
{
	if (!read_all(fd, p, n))
		_exit(0);
}

static inline void server_write(int fd, const void *p, size_t n)
{
	if (!write_all(fd, p, n))
		_exit(0);
}

static inline void server_negotiate(int fd, struct nbd_server *s)
{
	uint8_t c;
	for (;;) {
		const void *out;
		size_t n;
		nbd_server_output(s, &out, &n);
		if (n) {
			server_write(fd, out, n);
			nbd_server_output_done(s, n);
			continue;
		}
		if (nbd_server_state(s) != NBD_SERVER_NEGOTIATING)
			return;
		server_read(fd, &c, 1);
		CHECK_INT(nbd_server_negotiate(s, &c, 1), 1);
	}
}

static inline void server_apply(struct shared *w, const struct nbd_request *q, const void *data)
{
	if (q->type == NBD_CMD_WRITE)
		memcpy(w->disk + q->offset, data, q->length);
	else if (q->type == NBD_CMD_WRITE_ZEROES)
		memset(w->disk + q->offset, 0, q->length);
	/* TRIM promises nothing, and so does nothing. */
	if (q->type == NBD_CMD_FLUSH)
		memcpy(w->stable, w->disk, sizeof(w->disk));
	else if (q->flags & NBD_CMD_FLAG_FUA)
		memcpy(w->stable + q->offset, w->disk + q->offset, q->length);
}

static inline void server_answer(
	int fd, const struct nbd_server *s, struct shared *w, const struct nbd_request *q)
{
	uint8_t out[NBD_SERVER_HEADER_MAX + NBD_SERVER_ERROR_TEXT_MAX + 64];
	size_t n;
	/* The second half is a hole. */
	struct nbd_extent x[2] = {{.length = MAX(DISK / 2, q->offset) - q->offset, .state = 0},
		{.length = DISK, .state = NBD_STATE_HOLE | NBD_STATE_ZERO}};
	if (q->error)
		n = nbd_server_reply(s, q, q->error, NULL, out);
	else if (q->type == NBD_CMD_READ)
		n = nbd_server_data(s, q, q->offset, q->length, true, out);
	else if (q->type == NBD_CMD_BLOCK_STATUS)
		n = nbd_server_status(s, q, x[0].length ? x : x + 1, x[0].length ? 2 : 1, out);
	else
		n = nbd_server_reply(s, q, 0, NULL, out);
	if (w->dies_at == w->requests && w->death == DIES_IN_REPLY) {
		server_write(fd, out, n / 2);
		_exit(0);
	}
	server_write(fd, out, n);
	if (!q->error && q->type == NBD_CMD_READ)
		server_write(fd, w->disk + q->offset, q->length);
}

static inline void server_request(int fd, const struct nbd_server *s, struct shared *w)
{
	static uint8_t data[DISK];
	uint8_t head[NBD_EXTENDED_REQUEST_SIZE];
	struct nbd_request q;
	int r = 0;
	for (size_t n = 0; r == 0; r = nbd_server_request(s, head, n, &q))
		server_read(fd, head + n++, 1);
	if (r < 0 || q.type == NBD_CMD_DISC)
		_exit(0);
	if (q.payload > sizeof(data))
		_exit(3);
	server_read(fd, data, q.payload);
	w->requests++;
	if (w->dies_at == w->requests && w->death == DIES_BEFORE)
		_exit(0);
	if (w->fail && !q.error) {
		q.error = nbd_error_from_errno(w->fail);
		w->fail = 0;
	}
	if (!q.error)
		server_apply(w, &q, data);
	if (w->dies_at == w->requests && w->death == DIES_DONE)
		_exit(0);
	while (w->stall)
		sched_yield();
	server_answer(fd, s, w, &q);
}

static inline void server_run(int fd, struct shared *w)
{
	struct nbd_server_config config = {.size = w->size, .flags = w->flags};
	struct nbd_server *s;
	CHECK_INT(nbd_server_new(&config, &s), 0);
	server_negotiate(fd, s);
	while (nbd_server_state(s) == NBD_SERVER_TRANSMISSION)
		server_request(fd, s, w);
	_exit(0);
}

/* What belongs to the test: whose end is waited for must not be kept by a child. */
static inline void close_others(int below)
{
	for (int fd = 3; fd < below; fd++)
		close(fd);
}

/* The worker's end of a connection to a new server, once the last one has ended. */
static inline int server_new(struct world *w)
{
	int pair[2];
	if (w->server > 0)
		CHECK_INT(waitpid(w->server, NULL, 0), w->server);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	w->server = fork();
	if (w->server == 0) {
		int fd = fcntl(pair[1], F_DUPFD, 100);
		close_others(100);
		server_run(fd, w->s);
	}
	close(pair[1]);
	return pair[0];
}

static inline void give_server(struct world *w, const char *epoch)
{
	int fd = server_new(w);
	CHECK_INT(block_connection_send(w->control, fd, epoch, strlen(epoch)), 0);
	close(fd);
}

/* ---- the worker ---- */

/* front: becomes its descriptor 4; closed here. args end with NULL. */
static inline void worker_new(struct world *w, int front, char **args)
{
	int pair[2], argc = 0;
	char *argv[8] = {(char[]){"worker"}};
	for (argc = 1; args[argc - 1]; argc++)
		argv[argc] = args[argc - 1];
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	w->worker = fork();
	if (w->worker == 0) {
		int a = fcntl(pair[1], F_DUPFD, 100),
		    b = front < 0 ? -1 : fcntl(front, F_DUPFD, 100);
		close_others(100);
		dup2(a, BLOCK_FD_CONTROL);
		close(a);
		if (b >= 0) {
			dup2(b, BLOCK_FD_FRONT);
			close(b);
		}
		_exit(role_nbd_client(argc, argv)); /* no leak check in a confined process */
	}
	close(pair[1]);
	fd_close(front);
	w->control = pair[0];
}

static inline void world_init(struct world *w)
{
	*w = (struct world){.control = -EBADF, .front = -EBADF};
	w->s = mmap(NULL, sizeof(*w->s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(w->s != MAP_FAILED);
	w->s->size = DISK;
	w->s->flags = NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_TRIM |
		      NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_DF;
}

/* What the worker says next. */
static inline struct block_message hear(struct world *w)
{
	struct block_message m = {};
	int fd;
	struct pollfd p = {.fd = w->control, .events = POLLIN};
	CHECK_INT(poll(&p, 1, ANSWER_MS), 1);
	CHECK_INT(block_message_recv(w->control, &m, &fd), 1);
	CHECK_INT(fd, -EBADF);
	return m;
}

static inline struct block_message hear_word(struct world *w, enum block_message_type type)
{
	struct block_message m = hear(w);
	if (m.type != (uint32_t)type)
		test_fail(__FILE__, __LINE__, "heard %c (%s), not %c", (char)m.type, m.text,
			(char)type);
	return m;
}

static inline void tell(struct world *w, enum block_message_type type, int error)
{
	CHECK_INT(block_word_send(w->control, type, error, NULL), 0);
}

static inline void server_kill(struct world *w)
{
	kill(w->server, SIGKILL);
	CHECK_INT(waitpid(w->server, NULL, 0), w->server);
	w->server = 0;
}

static inline int worker_status(struct world *w)
{
	int status = 0;
	CHECK_INT(waitpid(w->worker, &status, 0), w->worker);
	w->worker = 0;
	return status;
}

/* The keeper and whoever uses the device go; the worker must end with success. */
static inline void world_end(struct world *w)
{
	w->control = fd_close(w->control);
	w->front = fd_close(w->front);
	if (w->worker)
		CHECK_INT(worker_status(w), 0);
	if (w->server)
		server_kill(w);
	if (*w->path)
		unlink(w->path);
	munmap(w->s, sizeof(*w->s));
}

/* ---- a client of --listen: simple replies, one request after another ---- */

static inline void listen_world(struct world *w, const char *option)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char *args[] = {(char[]){"--listen"}, (char *)(uintptr_t)option, NULL};
	world_init(w);
	int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(w->path, sizeof(w->path), "/tmp/metac-test-%d.sock", getpid());
	strcpy(sa.sun_path, w->path);
	unlink(w->path);
	CHECK_INT(bind(l, (struct sockaddr *)&sa, sizeof(sa)), 0);
	CHECK_INT(listen(l, 64), 0);
	worker_new(w, l, args);
}

static inline int dial(struct world *w)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(sa.sun_path, w->path);
	CHECK_INT(connect(s, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return s;
}

static inline uint8_t *put(uint8_t *p, uint64_t v, int n)
{
	for (int i = n; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
	return p + n;
}

static inline uint64_t get(const uint8_t *p, int n)
{
	uint64_t v = 0;
	for (int i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* EXPORT_NAME: what every client can do. Returns the size. */
static inline uint64_t peer_hello(int s, uint16_t *ret_flags)
{
	uint8_t b[64], *p = b;
	CHECK(read_all(s, b, 18));
	CHECK(get(b, 8) == NBD_MAGIC && get(b + 8, 8) == NBD_OPT_MAGIC);
	p = put(p, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES, 4);
	p = put(p, NBD_OPT_MAGIC, 8);
	p = put(p, NBD_OPT_EXPORT_NAME, 4);
	p = put(p, 0, 4);
	CHECK(write_all(s, b, (size_t)(p - b)));
	CHECK(read_all(s, b, 10));
	if (ret_flags)
		*ret_flags = (uint16_t)get(b + 8, 2);
	return get(b, 8);
}

static inline void peer_ask(
	int s, enum nbd_command type, uint64_t cookie, uint64_t offset, uint32_t n)
{
	uint8_t b[NBD_REQUEST_SIZE], *p = put(b, NBD_REQUEST_MAGIC, 4);
	p = put(p, 0, 2);
	p = put(p, type, 2);
	p = put(p, cookie, 8);
	p = put(p, offset, 8);
	put(p, n, 4);
	CHECK(write_all(s, b, sizeof(b)));
}

/* The error of the next reply. */
static inline uint32_t peer_reply(int s, uint64_t *ret_cookie)
{
	uint8_t b[NBD_SIMPLE_REPLY_SIZE];
	CHECK(read_all(s, b, sizeof(b)));
	CHECK_INT(get(b, 4), NBD_SIMPLE_REPLY_MAGIC);
	if (ret_cookie)
		*ret_cookie = get(b + 8, 8);
	return (uint32_t)get(b + 4, 4);
}

/* One request and its reply; data of a WRITE or READ. Returns the error. */
static inline uint32_t peer_do(
	int s, enum nbd_command type, uint64_t offset, void *data, uint32_t n)
{
	static uint64_t last;
	uint64_t cookie;
	peer_ask(s, type, ++last, offset, n);
	if (type == NBD_CMD_WRITE)
		CHECK(write_all(s, data, n));
	uint32_t error = peer_reply(s, &cookie);
	CHECK_INT(cookie, last);
	if (!error && type == NBD_CMD_READ)
		CHECK(read_all(s, data, n));
	return error;
}
