/* SPDX-License-Identifier: MIT */
#pragma once
/* A file to serve, a server of it in a process of its own, and a client that says any bytes. */
#include "base/test.h"
#include "svc/fs/block/nbd-worker.h"
#include "wire/nbd/nbd-bytes.h"
#include "wire/nbd/nbd.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct peer {
	int sock, control; /* the client's ends */
	int file;
	pid_t pid;
	uint64_t size;
	uint16_t flags;
	bool structured;
};

/* On a file system of the disk, where there are holes, and a cache in front. */
static inline int test_file(uint64_t size)
{
	char path[] = "/var/tmp/metac-test-nbd-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	CHECK(fd >= 0);
	unlink(path);
	CHECK_INT(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static inline void fill(int fd, uint64_t at, size_t n, uint8_t seed)
{
	uint8_t *p = malloc(n);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(seed + i * 7 + (i >> 8));
	CHECK_INT(pwrite(fd, p, n, (off_t)at), n);
	free(p);
}

static inline void peer_serve(struct peer *p, struct nbd_worker_options o, bool confine)
{
	int s[2], c[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, c), 0);
	p->pid = fork();
	CHECK(p->pid >= 0);
	if (!p->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(s[0]);
		close(c[0]);
		o.control_fd = c[1];
		int r = nbd_serve(&o, s[1], p->file, confine);
		_exit(r ? 1 : 0);
	}
	close(s[1]);
	close(c[1]);
	p->sock = s[0];
	p->control = c[0];
	/* A server that hangs fails the test. */
	struct timeval t = {.tv_sec = 60};
	setsockopt(p->sock, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
}

/* What the server's process came to; the connection is closed first. */
static inline int peer_end(struct peer *p)
{
	int status;
	shutdown(p->sock, SHUT_RDWR); /* servers started later have it open, too */
	close(p->sock);
	CHECK_INT(waitpid(p->pid, &status, 0), p->pid);
	close(p->control);
	close(p->file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline void say(struct peer *p, const void *data, size_t n)
{
	if (n)
		CHECK_INT(send(p->sock, data, n, MSG_NOSIGNAL), n);
}

static inline void hear(struct peer *p, void *data, size_t n)
{
	if (n)
		CHECK_INT(recv(p->sock, data, n, MSG_WAITALL), n);
}

/* Whether the server has closed the connection. */
static inline bool hears_end(struct peer *p)
{
	uint8_t c[256];
	ssize_t n;
	while ((n = recv(p->sock, c, sizeof(c), 0)) > 0)
		;
	return !n || errno == ECONNRESET;
}

static inline size_t put_option(uint8_t *p, uint32_t option, const void *data, uint32_t n)
{
	uint8_t *q = nbd_put32(nbd_put32(nbd_put64(p, NBD_OPT_MAGIC), option), n);
	return (size_t)(nbd_put(q, data, n) - p);
}

static inline uint32_t hear_option_reply(struct peer *p, uint8_t *data, uint32_t *ret_n)
{
	uint8_t head[20];
	hear(p, head, sizeof(head));
	CHECK(nbd_get64(head) == NBD_OPT_REPLY_MAGIC);
	*ret_n = nbd_get32(head + 16);
	CHECK(*ret_n <= 4096);
	hear(p, data, *ret_n);
	return nbd_get32(head + 12);
}

/* Greeting, with structured replies and base:allocation if asked for, and GO for the export "". */
static inline void negotiate(struct peer *p, bool structured)
{
	static const uint8_t go[6] = {}, allocation[] = "\0\0\0\0\0\0\0\1\0\0\0\17base:allocation";
	uint8_t b[4096];
	uint32_t n, r;
	hear(p, b, 18);
	CHECK(nbd_get64(b) == NBD_MAGIC);
	nbd_put32(b, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
	say(p, b, 4);
	p->structured = structured;
	if (structured) {
		say(p, b, put_option(b, NBD_OPT_STRUCTURED_REPLY, NULL, 0));
		CHECK_INT(hear_option_reply(p, b, &n), NBD_REP_ACK);
		say(p, b,
			put_option(
				b, NBD_OPT_SET_META_CONTEXT, allocation, sizeof(allocation) - 1));
		CHECK_INT(hear_option_reply(p, b, &n), NBD_REP_META_CONTEXT);
		CHECK_INT(hear_option_reply(p, b, &n), NBD_REP_ACK);
	}
	say(p, b, put_option(b, NBD_OPT_GO, go, sizeof(go)));
	while ((r = hear_option_reply(p, b, &n)) == NBD_REP_INFO)
		if (nbd_get16(b) == NBD_INFO_EXPORT) {
			p->size = nbd_get64(b + 2);
			p->flags = nbd_get16(b + 10);
		}
	CHECK_INT(r, NBD_REP_ACK);
}

static inline size_t put_request(
	uint8_t *p, uint16_t type, uint16_t flags, uint64_t cookie, uint64_t at, uint32_t n)
{
	uint8_t *q = nbd_put16(nbd_put16(nbd_put32(p, NBD_REQUEST_MAGIC), flags), type);
	return (size_t)(nbd_put32(nbd_put64(nbd_put64(q, cookie), at), n) - p);
}

static inline void ask(struct peer *p, uint16_t type, uint16_t flags, uint64_t at, uint32_t n)
{
	uint8_t b[NBD_REQUEST_SIZE];
	say(p, b, put_request(b, type, flags, at ^ 0x1234, at, n));
}

/* The head of a simple reply: the error. */
static inline uint32_t hear_simple(struct peer *p, uint64_t *ret_cookie)
{
	uint8_t b[NBD_SIMPLE_REPLY_SIZE];
	hear(p, b, sizeof(b));
	CHECK(nbd_get32(b) == NBD_SIMPLE_REPLY_MAGIC);
	if (ret_cookie)
		*ret_cookie = nbd_get64(b + 8);
	return nbd_get32(b + 4);
}

/* A command without data, simple replies: the error. */
static inline uint32_t command(
	struct peer *p, uint16_t type, uint16_t flags, uint64_t at, uint32_t n)
{
	ask(p, type, flags, at, n);
	return hear_simple(p, NULL);
}

static inline uint32_t write_at(
	struct peer *p, uint16_t flags, uint64_t at, const void *data, uint32_t n)
{
	ask(p, NBD_CMD_WRITE, flags, at, n);
	say(p, data, n);
	return hear_simple(p, NULL);
}

static inline uint32_t read_at(struct peer *p, uint64_t at, void *data, uint32_t n)
{
	ask(p, NBD_CMD_READ, 0, at, n);
	uint32_t error = hear_simple(p, NULL);
	if (!error)
		hear(p, data, n);
	return error;
}

/* Whether the n bytes at `at` through the server are those of the file. */
static inline bool reads_as_file(struct peer *p, uint64_t at, uint32_t n)
{
	uint8_t *a = malloc(n), *b = malloc(n);
	CHECK_INT(pread(p->file, b, n, (off_t)at), n);
	CHECK_INT(read_at(p, at, a, n), 0);
	bool same = !memcmp(a, b, n);
	free(a);
	free(b);
	return same;
}
