/* SPDX-License-Identifier: MIT */
/* See peer.h. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int peer_init(struct peer *p)
{
	*p = (struct peer){.listen_fd = -1};
	for (unsigned i = 0; i < PEER_LINKS; i++)
		p->links[i].fd = -1;
	p->vat = vat_new(NULL);
	return p->vat ? 0 : -ENOMEM;
}

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_un un;
};

static int parse(const char *text, union address *a, socklen_t *len)
{
	memset(a, 0, sizeof(*a));
	if (!strncmp(text, "unix:", 5)) {
		int n = snprintf(a->un.sun_path, sizeof(a->un.sun_path), "%s", text + 5);
		a->un.sun_family = AF_UNIX;
		*len = sizeof(a->un);
		return n < (int)sizeof(a->un.sun_path) ? 0 : -EINVAL;
	}
	if (strncmp(text, "tcp:", 4))
		return -EINVAL;
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons((uint16_t)atoi(text + 4));
	a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*len = sizeof(a->in);
	return 0;
}

static int open_socket(struct peer *p, const char *addr, union address *a, socklen_t *len)
{
	int r = parse(addr, a, len);
	if (r < 0)
		return r;
	p->fds = a->sa.sa_family == AF_UNIX;
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static int add_link(struct peer *p, int fd, const char *addr)
{
	struct vat_conn_config cfg = {.fds = p->fds, .bootstrap = p->bootstrap};
	int one = 1;
	if (!p->fds)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (unsigned i = 0; i < PEER_LINKS; i++) {
		struct peer_link *l = &p->links[i];
		if (l->fd >= 0)
			continue;
		int r = vat_conn_new(p->vat, &cfg, &l->conn);
		if (r < 0)
			break;
		l->fd = fd;
		l->addr = addr;
		p->accepted++;
		return 0;
	}
	close(fd);
	return -ENOSPC;
}

int peer_listen(struct peer *p, const char *addr)
{
	union address a;
	socklen_t len;
	int fd = open_socket(p, addr, &a, &len);
	if (fd < 0)
		return fd;
	if (bind(fd, &a.sa, len) < 0 || listen(fd, 16) < 0 || getsockname(fd, &a.sa, &len) < 0) {
		int r = -errno;
		close(fd);
		return r;
	}
	p->listen_fd = fd;
	printf("ready %d\n", p->fds ? 0 : ntohs(a.in.sin_port));
	fflush(stdout);
	return 0;
}

int peer_connect(struct peer *p, const char *addr)
{
	union address a;
	socklen_t len;
	int fd = open_socket(p, addr, &a, &len);
	if (fd < 0)
		return fd;
	if (connect(fd, &a.sa, len) < 0) {
		int r = -errno;
		close(fd);
		return r;
	}
	return add_link(p, fd, addr);
}

/* ---- hand-off ------------------------------------------------------------------------------- */

static struct peer_link *link_of(struct peer *p, const struct vat_conn *c)
{
	for (unsigned i = 0; i < PEER_LINKS; i++)
		if (p->links[i].fd >= 0 && p->links[i].conn == c)
			return &p->links[i];
	return NULL;
}

static struct peer_link *link_to(struct peer *p, const uint8_t *addr, size_t size)
{
	for (unsigned i = 0; i < PEER_LINKS; i++) {
		struct peer_link *l = &p->links[i];
		if (l->fd >= 0 && l->addr && strlen(l->addr) == size &&
			!memcmp(l->addr, addr, size))
			return l;
	}
	return NULL;
}

static int introduce(
	void *user, struct vat_conn *host, struct vat_conn *recipient, struct vat_introduction *ret)
{
	struct peer *p = user;
	const struct peer_link *l = link_of(p, host);
	memset(ret->token, 0x2a, sizeof(ret->token));
	ret->token[0] = ++p->last_token;
	/* Nobody can connect to one who came by himself. */
	if (l && l->addr) {
		ret->address_size = (uint8_t)strlen(l->addr);
		memcpy(ret->address, l->addr, ret->address_size);
	}
	return 0;
}

static struct vat_conn *reach(
	void *user, struct vat_conn *introducer, const struct vat_contact *contact, int fd)
{
	static char addr[VAT_ADDRESS_MAX + 1];
	struct peer *p = user;
	struct peer_link *l = link_to(p, contact->address, contact->address_size);
	if (fd >= 0)
		close(fd);
	if (!l && contact->address_size && !*addr) { /* one place is enough here */
		memcpy(addr, contact->address, contact->address_size);
		if (peer_connect(p, addr) == 0)
			l = link_to(p, contact->address, contact->address_size);
	}
	return l ? l->conn : NULL;
}

int peer_network(struct peer *p, bool introduces)
{
	const struct vat_network n = {
		.introduce = introduces ? introduce : NULL, .connect = reach, .user = p};
	return vat_set_network(p->vat, &n);
}

/* ---- turns ---------------------------------------------------------------------------------- */

static void end_link(struct peer *p, struct peer_link *l)
{
	vat_conn_free(l->conn);
	close(l->fd);
	*l = (struct peer_link){.fd = -1};
	p->ended++;
}

static void read_link(struct peer_link *l)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(253 * sizeof(int))];
	} control;
	struct iovec iov;
	if (vat_conn_input(l->conn, &iov.iov_base, &iov.iov_len) < 0)
		return;
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(l->fd, &m, MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		vat_conn_eof(l->conn, n < 0 ? -errno : 0);
		return;
	}
	int fds[253];
	size_t n_fds = 0;
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
		n_fds = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(h), n_fds * sizeof(int));
	}
	vat_conn_received(l->conn, (size_t)n, fds, n_fds);
}

/* Writes one batch; false if there is none or the socket is full. */
static bool write_link(struct peer_link *l)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(253 * sizeof(int))];
	} control;
	struct iovec iov[64];
	int fds[253];
	size_t n_fds;
	size_t n = vat_conn_output(l->conn, iov, 64, fds, 253, &n_fds);
	if (!n)
		return false;
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};
	if (n_fds) {
		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(h), fds, n_fds * sizeof(int));
	}
	ssize_t k = sendmsg(l->fd, &m, MSG_NOSIGNAL);
	if (k >= 0)
		vat_conn_sent(l->conn, (size_t)k);
	else if (errno != EAGAIN && errno != EINTR)
		vat_conn_eof(l->conn, -errno);
	return k > 0;
}

static bool has_output(struct peer_link *l)
{
	struct vat_conn_counts c;
	vat_conn_counts(l->conn, &c);
	return c.output_bytes;
}

/* Until nothing is queued that could be done now. */
static void work(struct peer *p)
{
	while (vat_run(p->vat, 0))
		;
	for (unsigned i = 0; i < PEER_LINKS; i++) {
		struct peer_link *l = &p->links[i];
		if (l->fd < 0)
			continue;
		while (write_link(l))
			;
		if (vat_conn_is_over(l->conn))
			end_link(p, l);
	}
}

void peer_turn(struct peer *p, int timeout_ms)
{
	struct pollfd fds[PEER_LINKS + 1];
	work(p);
	for (unsigned i = 0; i < PEER_LINKS; i++) {
		struct peer_link *l = &p->links[i];
		fds[i] = (struct pollfd){.fd = l->fd};
		if (l->fd >= 0 && vat_conn_wants_input(l->conn))
			fds[i].events |= POLLIN;
		if (l->fd >= 0 && has_output(l))
			fds[i].events |= POLLOUT;
	}
	fds[PEER_LINKS] = (struct pollfd){.fd = p->listen_fd, .events = POLLIN};
	if (poll(fds, PEER_LINKS + 1, timeout_ms) <= 0)
		return;
	for (unsigned i = 0; i < PEER_LINKS; i++)
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			read_link(&p->links[i]);
	if (fds[PEER_LINKS].revents & POLLIN) {
		int fd = accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			add_link(p, fd, NULL);
	}
	work(p);
}

void peer_done(struct peer *p)
{
	for (unsigned i = 0; i < PEER_LINKS; i++)
		if (p->links[i].fd >= 0)
			end_link(p, &p->links[i]);
	if (p->listen_fd >= 0)
		close(p->listen_fd);
	vat_cap_unref(p->bootstrap);
	vat_free(p->vat);
}
