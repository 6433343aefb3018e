/* SPDX-License-Identifier: MIT */
/*
 * Stands between a client and a server and chops what they say to each other: passes it on in
 * pieces of one byte each, or of any size that a seed decides.
 *
 * Descriptors come with the first byte of their message, and have to be passed on so.  A read does
 * not tell which of its bytes they came with; hence no piece goes beyond the end of a message.
 *
 *	chop LISTEN SERVER byte|random [SEED]	one connection; ends with it
 *
 * LISTEN, SERVER: unix:PATH or tcp:PORT on loopback; prints "ready" and its port, like the servers.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PIECE_MAX = 64 * 1024, FDS_MAX = 253, HEAD_MAX = 4 + 4 * 513 };

struct way { /* one of the two directions */
	int from, to;
	char piece[PIECE_MAX];
	size_t size, sent;
	int fds[FDS_MAX];
	size_t n_fds;
	bool over;
	uint8_t head[HEAD_MAX]; /* of the current message, as far as it has come */
	size_t head_size;
	uint64_t left; /* of its body */
};

static uint64_t state; /* 0 = a byte at a time */

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* Small pieces are as likely as large ones. */
static size_t piece_size(void)
{
	if (!state)
		return 1;
	size_t limit = (size_t)1 << next_random() % 17;
	return 1 + next_random() % limit;
}

/* ---- sockets -------------------------------------------------------------------------------- */

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_un un;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_socket(const char *text, union address *a, socklen_t *len)
{
	memset(a, 0, sizeof(*a));
	if (!strncmp(text, "unix:", 5)) {
		a->un.sun_family = AF_UNIX;
		snprintf(a->un.sun_path, sizeof(a->un.sun_path), "%s", text + 5);
		*len = sizeof(a->un);
	} else {
		a->in.sin_family = AF_INET;
		a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a->in.sin_port = htons((uint16_t)atoi(strncmp(text, "tcp:", 4) ? "" : text + 4));
		*len = sizeof(a->in);
	}
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	return fd;
}

static int accept_one(const char *text)
{
	union address a;
	socklen_t len;
	int fd = open_socket(text, &a, &len);
	if (bind(fd, &a.sa, len) < 0 || listen(fd, 1) < 0 || getsockname(fd, &a.sa, &len) < 0)
		die(text);
	printf("ready %d\n", a.sa.sa_family == AF_INET ? ntohs(a.in.sin_port) : 0);
	fflush(stdout);
	int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (c < 0)
		die("accept");
	close(fd);
	return c;
}

static int connect_to(const char *text)
{
	union address a;
	socklen_t len;
	int fd = open_socket(text, &a, &len);
	if (connect(fd, &a.sa, len) < 0)
		die(text);
	return fd;
}

static void prepare(int fd)
{
	int one = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* fails on Unix */
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

/* ---- relaying ------------------------------------------------------------------------------- */

union control {
	struct cmsghdr h;
	char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

/* Bytes that the header has, as far as is known. */
static size_t head_needs(const struct way *w)
{
	uint32_t last;
	if (w->head_size < sizeof(last))
		return sizeof(last);
	memcpy(&last, w->head, sizeof(last));
	size_t n = (4 + 4 * ((size_t)last + 1) + 7) & ~(size_t)7;
	if (n > HEAD_MAX)
		n = HEAD_MAX; /* no peer here sends so many segments */
	return n;
}

/* The most that may be read: to the end of the message, or of what its header is known to have. */
static size_t may_read(const struct way *w)
{
	return w->left ? w->left : head_needs(w) - w->head_size;
}

/* Follows the messages. */
static void was_read(struct way *w, const char *bytes, size_t n)
{
	if (w->left) {
		w->left -= n;
		return;
	}
	memcpy(w->head + w->head_size, bytes, n);
	w->head_size += n;
	size_t needs = head_needs(w);
	if (w->head_size < needs)
		return;
	for (size_t i = 4; i + 4 <= needs; i += 4) {
		uint32_t words;
		memcpy(&words, w->head + i, sizeof(words)); /* padding is zero */
		w->left += (uint64_t)words * 8;
	}
	w->head_size = 0;
}

static void read_piece(struct way *w)
{
	union control control;
	size_t size = piece_size(), most = may_read(w);
	struct iovec iov = {w->piece, size < most ? size : most};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(w->from, &m, MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		shutdown(w->to, SHUT_WR);
		w->over = true;
		return;
	}
	w->size = (size_t)n;
	was_read(w, w->piece, w->size);
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
		w->n_fds = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(w->fds, CMSG_DATA(h), w->n_fds * sizeof(int));
	}
}

static void write_piece(struct way *w)
{
	union control control = {0};
	struct iovec iov = {w->piece + w->sent, w->size - w->sent};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	if (w->n_fds) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(w->n_fds * sizeof(int));
		control.h = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(w->n_fds * sizeof(int))};
		memcpy(CMSG_DATA(&control.h), w->fds, w->n_fds * sizeof(int));
	}
	ssize_t n = sendmsg(w->to, &m, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	while (w->n_fds)
		close(w->fds[--w->n_fds]);
	w->sent += n < 0 ? w->size - w->sent : (size_t)n; /* nobody listens: the end comes next */
	if (w->sent == w->size)
		w->size = w->sent = 0;
}

static void relay(struct way *ways)
{
	while (!ways[0].over || !ways[1].over) {
		struct pollfd p[2];
		for (int i = 0; i < 2; i++) {
			struct way *w = &ways[i];
			p[i] = (struct pollfd){w->over   ? -1
					       : w->size ? w->to
							 : w->from,
				w->size ? POLLOUT : POLLIN, 0};
		}
		if (poll(p, 2, -1) < 0)
			die("poll");
		for (int i = 0; i < 2; i++) {
			if (p[i].revents && ways[i].size)
				write_piece(&ways[i]);
			else if (p[i].revents)
				read_piece(&ways[i]);
		}
	}
}

int main(int argc, char **argv)
{
	static struct way ways[2];
	if (argc < 4) {
		fprintf(stderr, "usage: chop LISTEN SERVER byte|random [SEED]\n");
		return 2;
	}
	if (!strcmp(argv[3], "random"))
		state = argc > 4 ? strtoull(argv[4], NULL, 0) | 1 : 1;
	int a = accept_one(argv[1]), b = connect_to(argv[2]);
	prepare(a);
	prepare(b);
	ways[0].from = ways[1].to = a;
	ways[1].from = ways[0].to = b;
	relay(ways);
	return 0;
}
