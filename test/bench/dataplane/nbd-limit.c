/* SPDX-License-Identifier: MIT */
/*
 * The least an NBD server can do, as the limit others are measured by: a thread a connection, many
 * requests with one receive, reads answered by pread into one buffer that is sent at once, or from
 * 64 KiB on by sendfile; nothing is checked.  Not to be used for anything else.
 *
 *	nbd-limit ADDRESS FILE
 */
#include "nbd-wire.h"
#include "net.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { IN_SIZE = 4 << 20, OUT_SIZE = 1 << 20, LARGE = 64 << 10 };

static int file;
static uint64_t file_size;

struct conn {
	int fd;
	char *in, *out;
	size_t in_len, out_len;
};

static bool send_all(int fd, const char *p, size_t n, int flags)
{
	while (n) {
		ssize_t r = send(fd, p, n, MSG_NOSIGNAL | flags);
		if (r <= 0)
			return false;
		p += r;
		n -= (size_t)r;
	}
	return true;
}

static bool flush(struct conn *c, int flags)
{
	bool ok = send_all(c->fd, c->out, c->out_len, flags);
	c->out_len = 0;
	return ok;
}

static bool receive(int fd, void *buf, size_t n)
{
	return recv(fd, buf, n, MSG_WAITALL) == (ssize_t)n;
}

static bool answer_option(int fd, uint32_t option, uint32_t type, const void *data, uint32_t len)
{
	struct nbd_option_reply r = {.magic = htobe64(NBD_OPTION_REPLY),
		.option = option,
		.type = htobe32(type),
		.len = htobe32(len)};
	return send_all(fd, (char *)&r, sizeof(r), len ? MSG_MORE : 0) &&
	       send_all(fd, data, len, 0);
}

static bool negotiate(int fd)
{
	const struct nbd_greeting g = {.magic = htobe64(NBD_MAGIC),
		.option = htobe64(NBD_OPTION),
		.flags = htobe16(NBD_FIXED_NEWSTYLE | NBD_NO_ZEROES)};
	const struct nbd_info_export info = {
		.size = htobe64(file_size), .flags = htobe16(NBD_HAS_FLAGS | NBD_SEND_FLUSH)};
	uint32_t flags;
	struct nbd_option o;
	char data[4096];
	if (!send_all(fd, (const char *)&g, sizeof(g), 0) || !receive(fd, &flags, sizeof(flags)))
		return false;
	while (receive(fd, &o, sizeof(o)) && be32toh(o.len) <= sizeof(data) &&
		receive(fd, data, be32toh(o.len))) {
		if (be32toh(o.option) == NBD_OPT_GO)
			return answer_option(fd, o.option, NBD_REP_INFO, &info, sizeof(info)) &&
			       answer_option(fd, o.option, NBD_REP_ACK, NULL, 0);
		if (!answer_option(fd, o.option, NBD_REP_UNSUPPORTED, NULL, 0))
			return false;
	}
	return false;
}

static bool do_read(struct conn *c, const struct nbd_request *q)
{
	uint32_t len = be32toh(q->len);
	off_t at = (off_t)be64toh(q->offset);
	struct nbd_reply r = {.magic = htobe32(NBD_REPLY_MAGIC), .handle = q->handle};
	size_t need = sizeof(r) + (len < LARGE ? len : 0);
	if (c->out_len + need > OUT_SIZE && !flush(c, 0))
		return false;
	memcpy(c->out + c->out_len, &r, sizeof(r));
	c->out_len += sizeof(r);
	if (len < LARGE) {
		if (pread(file, c->out + c->out_len, len, at) != (ssize_t)len)
			return false;
		c->out_len += len;
		return true;
	}
	if (!flush(c, MSG_MORE))
		return false;
	while (len) {
		ssize_t n = sendfile(c->fd, file, &at, len);
		if (n <= 0)
			return false;
		len -= (uint32_t)n;
	}
	return true;
}

/* Bytes used up, 0: not all of it is there; -1: the end. */
static ssize_t do_request(struct conn *c, const char *p, size_t have)
{
	struct nbd_request q;
	if (have < sizeof(q))
		return 0;
	memcpy(&q, p, sizeof(q));
	uint32_t len = be32toh(q.len);
	uint16_t type = be16toh(q.type);
	if (type == NBD_READ)
		return do_read(c, &q) ? (ssize_t)sizeof(q) : -1;
	if (type != NBD_WRITE || len > IN_SIZE / 2)
		return -1;
	if (have < sizeof(q) + len)
		return 0;
	if (pwrite(file, p + sizeof(q), len, (off_t)be64toh(q.offset)) != (ssize_t)len)
		return -1;
	struct nbd_reply r = {.magic = htobe32(NBD_REPLY_MAGIC), .handle = q.handle};
	if (c->out_len + sizeof(r) > OUT_SIZE && !flush(c, 0))
		return -1;
	memcpy(c->out + c->out_len, &r, sizeof(r));
	c->out_len += sizeof(r);
	return (ssize_t)(sizeof(q) + len);
}

static void serve(struct conn *c)
{
	for (;;) {
		ssize_t n = recv(c->fd, c->in + c->in_len, IN_SIZE - c->in_len, 0);
		if (n <= 0)
			return;
		c->in_len += (size_t)n;
		size_t at = 0;
		while ((n = do_request(c, c->in + at, c->in_len - at)) > 0)
			at += (size_t)n;
		if (n < 0 || !flush(c, 0))
			return;
		memmove(c->in, c->in + at, c->in_len - at);
		c->in_len -= at;
	}
}

static void *thread_main(void *arg)
{
	struct conn c = {.fd = (int)(intptr_t)arg, .in = malloc(IN_SIZE), .out = malloc(OUT_SIZE)};
	if (c.in && c.out && negotiate(c.fd))
		serve(&c);
	free(c.in);
	free(c.out);
	close(c.fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct stat st;
	if (argc < 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	file = open(argv[2], O_RDWR | O_CLOEXEC);
	if (file < 0 || fstat(file, &st) < 0)
		die(argv[2]);
	file_size = (uint64_t)st.st_size;
	int listener = net_listen(argv[1]);
	for (;;) {
		pthread_t t;
		intptr_t fd = net_accept(listener);
		if (!pthread_create(&t, NULL, thread_main, (void *)fd))
			pthread_detach(t);
	}
}
