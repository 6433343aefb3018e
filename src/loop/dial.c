/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: link.h.  Whatever comes of it is told from the event loop, never from
 * within dial_new(): what fails at once is told by a deferred source.
 */
#include "loop/link.h"

#include <netinet/in.h>

struct dial {
	int fd;
	int result; /* negative errno known from the beginning */
	sd_event_source *io, *timer, *defer;
	void (*done)(void *user, int fd);
	void *user;
};

static void drop_sources(struct dial *d)
{
	d->io = sd_event_source_disable_unref(d->io);
	d->timer = sd_event_source_disable_unref(d->timer);
	d->defer = sd_event_source_disable_unref(d->defer);
}

/* The callback may free d. */
static void finish(struct dial *d, int result)
{
	drop_sources(d);
	if (result < 0)
		d->fd = fd_close(d->fd);
	d->done(d->user, result < 0 ? result : TAKE_FD(d->fd));
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	int err = 0;
	socklen_t len = sizeof(err);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	finish(user, -err);
	return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	finish(user, -ETIMEDOUT);
	return 0;
}

static int on_defer(sd_event_source *source, void *user)
{
	struct dial *d = user;
	finish(d, d->result);
	return 0;
}

int dial_start(const struct sockaddr_storage *local, const struct sockaddr_storage *to,
	socklen_t len, int *ret)
{
	static const int one = 1;
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	*ret = fd < 0 ? -EBADF : fd;
	if (fd < 0)
		return -errno;
	if (local) {
		if (local->ss_family != to->ss_family)
			return -EAFNOSUPPORT;
		uint16_t port = ((const struct sockaddr_in *)(const void *)local)->sin_port;
		/* Without a port of its own the choice can wait until the destination is known. */
		if (!port &&
			setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) < 0)
			return -errno;
		if (bind(fd, (const struct sockaddr *)local, len) < 0)
			return -errno;
	}
	return connect(fd, (const struct sockaddr *)to, len) < 0 ? -errno : 0;
}

int dial_new(struct loop *l, const struct sockaddr_storage *local,
	const struct sockaddr_storage *to, socklen_t len, uint64_t timeout_us,
	void (*done)(void *user, int fd), void *user, struct dial **ret)
{
	struct dial *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	*d = (struct dial){.fd = -EBADF, .done = done, .user = user};
	d->result = dial_start(local, to, len, &d->fd);
	int r;
	if (d->result != -EINPROGRESS) {
		r = sd_event_add_defer(l->event, &d->defer, on_defer, d);
	} else {
		r = sd_event_add_io(l->event, &d->io, d->fd, EPOLLOUT, on_io, d);
		if (r >= 0 && timeout_us)
			r = sd_event_add_time_relative(l->event, &d->timer, CLOCK_MONOTONIC,
				timeout_us, 1000, on_timeout, d);
	}
	if (r < 0) {
		dial_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

void dial_free(struct dial *d)
{
	if (!d)
		return;
	drop_sources(d);
	fd_close(d->fd);
	free(d);
}
