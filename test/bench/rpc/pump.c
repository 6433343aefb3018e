/* SPDX-License-Identifier: MIT */
/* See pump.h. */
#include "pump.h"
#include "base/macro.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

int pump_init(struct pump *p)
{
	*p = (struct pump){.listen_fd = -EBADF, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	p->vat = vat_new(NULL);
	if (p->epoll_fd < 0)
		return -errno;
	return p->vat ? 0 : -ENOMEM;
}

void pump_done(struct pump *p)
{
	vat_cap_unref(p->bootstrap);
	vat_free(p->vat);
	fd_close(p->listen_fd);
	fd_close(p->epoll_fd);
}

static int unix_socket(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", path) >=
		(int)sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int pump_listen(struct pump *p, const char *path)
{
	struct sockaddr_un a;
	struct epoll_event e = {.events = EPOLLIN};
	p->listen_fd = unix_socket(path, &a);
	if (p->listen_fd < 0)
		return p->listen_fd;
	if (bind(p->listen_fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
		listen(p->listen_fd, 4096) < 0 ||
		epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, p->listen_fd, &e) < 0)
		return -errno;
	return 0;
}

static void watch(struct pump *p, struct pump_link *l, int op)
{
	struct epoll_event e = {.events = l->full ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = l};
	epoll_ctl(p->epoll_fd, op, l->fd, &e);
}

/* Takes fd. */
static int add(struct pump *p, int fd, struct pump_link **ret)
{
	struct vat_conn_config cfg = {.fds = true, .bootstrap = p->bootstrap};
	struct pump_link *l = calloc(1, sizeof(*l));
	int r = l ? vat_conn_new(p->vat, &cfg, &l->conn) : -ENOMEM;
	if (r < 0) {
		free(l);
		fd_close(fd);
		return r;
	}
	l->fd = fd;
	p->n_links++;
	watch(p, l, EPOLL_CTL_ADD);
	if (ret)
		*ret = l;
	return 0;
}

int pump_connect(struct pump *p, const char *path, struct pump_link **ret)
{
	struct sockaddr_un a;
	int fd = unix_socket(path, &a);
	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		int r = -errno;
		fd_close(fd);
		return r;
	}
	return add(p, fd, ret);
}

void pump_end(struct pump *p, struct pump_link *l)
{
	for (unsigned i = 0; i < p->n_touched; i++)
		if (p->touched[i] == l)
			p->touched[i] = p->touched[--p->n_touched];
	vat_conn_free(l->conn);
	fd_close(l->fd);
	free(l);
	p->n_links--;
}

union control {
	struct cmsghdr h;
	char space[CMSG_SPACE(253 * sizeof(int))];
};

static void read_from(struct pump_link *l)
{
	union control control;
	struct iovec iov;
	int fds[253];
	size_t n_fds = 0;
	if (vat_conn_input(l->conn, &iov.iov_base, &iov.iov_len) < 0)
		return;
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(l->fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		vat_conn_eof(l->conn, n < 0 ? -errno : 0);
		return;
	}
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
		n_fds = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(h), n_fds * sizeof(int));
	}
	vat_conn_received(l->conn, (size_t)n, fds, n_fds);
}

/* One batch: true if all of it was written. */
static bool write_batch(struct pump_link *l)
{
	union control control;
	struct iovec iov[64];
	int fds[253];
	size_t n_fds, size = 0;
	size_t n = vat_conn_output(l->conn, iov, ARRAY_SIZE(iov), fds, ARRAY_SIZE(fds), &n_fds);
	if (!n)
		return false;
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};
	if (n_fds) {
		memset(&control, 0, sizeof(control.h));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		*h = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(n_fds * sizeof(int))};
		memcpy(CMSG_DATA(h), fds, n_fds * sizeof(int));
	}
	for (size_t i = 0; i < n; i++)
		size += iov[i].iov_len;
	ssize_t k = sendmsg(l->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (k >= 0)
		vat_conn_sent(l->conn, (size_t)k);
	else if (errno != EAGAIN && errno != EINTR)
		vat_conn_eof(l->conn, -errno);
	l->full = (k < 0 && errno == EAGAIN) || (k >= 0 && (size_t)k < size);
	return k >= 0 && (size_t)k == size;
}

static void flush_link(struct pump *p, struct pump_link *l)
{
	bool was_full = l->full;
	while (write_batch(l))
		;
	if (l->full != was_full)
		watch(p, l, EPOLL_CTL_MOD);
}

static void flush(struct pump *p, struct pump_link *own)
{
	if (own && !own->touched && !own->full)
		flush_link(p, own);
	while (p->n_touched) {
		struct pump_link *l = p->touched[--p->n_touched];
		l->touched = false;
		flush_link(p, l);
		if (vat_conn_is_over(l->conn) && l != own)
			pump_end(p, l);
	}
}

static void on_event(struct pump *p, struct pump_link *l, uint32_t events)
{
	if (!l) {
		int fd = accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			add(p, fd, NULL);
		return;
	}
	if (events & EPOLLIN || !(events & EPOLLOUT))
		read_from(l);
	l->touched = true;
	p->touched[p->n_touched++] = l;
}

static void run(struct pump *p)
{
	while (vat_run(p->vat, 0))
		;
}

void pump_turn(struct pump *p, struct pump_link *own)
{
	struct epoll_event e[PUMP_EVENTS];
	run(p);
	flush(p, own);
	int n = epoll_wait(p->epoll_fd, e, PUMP_EVENTS, -1);
	for (int i = 0; i < n; i++)
		on_event(p, e[i].data.ptr, e[i].events);
	/* What this queues is written at the next turn, together with what the caller adds. */
	run(p);
}
