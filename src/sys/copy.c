/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: copy.h.
 *
 * Each direction is a source, a pipe and a sink:
 *
 *	source --splice--> pipe --splice--> sink
 *
 * A turn fills the pipe from the source and drains it into the sink until neither moves, then
 * poll waits for what stopped it.  splice says EAGAIN for an empty source and for a full pipe
 *alike; `choked` remembers that the pipe may be the reason, so that a readable source does not make
 * poll return for nothing until something was drained.
 *
 *	        source ends               pipe empty
 *	COPYING -----------> DRAINING -----------------> ENDED   (shuts the sink's sending side)
 *	   |                    |                          ^
 *	   +--------------------+--------------------------+
 *	           the sink is gone (shuts the source's receiving side), or an error
 */
#include "sys/copy.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
	PIPE_BYTES = 256 << 10,
	CHUNK = 64 << 10, /* by read and write; an unenlarged pipe takes it whole when empty */
	TURNS = 16, /* before the other direction gets its turn */
};

enum state { COPYING, DRAINING, ENDED };

struct end {
	int fd;
	bool is_socket, is_file;
	bool is_device; /* a terminal or the like: may block although poll said no */
	int flags; /* of the open file, as found */
};

struct direction {
	struct end *from, *to;
	enum state state;
	int pipe[2];
	size_t held; /* bytes in the pipe */
	bool choked; /* do not wait for the source */
	bool read_in, write_out; /* splice cannot */
	char *buf; /* read from the pipe, for a sink that splice cannot write to */
	size_t at, len;
	uint64_t bytes;
	int err;
};

static int end_init(struct end *e, int fd)
{
	struct stat st;
	*e = (struct end){.fd = fd, .flags = fcntl(fd, F_GETFL)};
	if (e->flags < 0 || fstat(fd, &st) < 0)
		return -errno;
	e->is_socket = S_ISSOCK(st.st_mode);
	e->is_file = S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
	e->is_device = !e->is_socket && !e->is_file && !S_ISFIFO(st.st_mode);
	if (e->is_socket && fcntl(fd, F_SETFL, e->flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

static void end_done(const struct end *e)
{
	if (e->is_socket && e->flags >= 0)
		(void)fcntl(e->fd, F_SETFL, e->flags);
}

static bool end_has_mode(const struct end *e, int only)
{
	int mode = e->flags & O_ACCMODE;
	return !(e->flags & O_PATH) && (mode == O_RDWR || mode == only);
}

static int direction_init(struct direction *d, struct end *from, struct end *to)
{
	*d = (struct direction){
		.from = from,
		.to = to,
		.pipe = {-EBADF, -EBADF},
		.read_in = from->is_device,
		.write_out = to->is_device,
	};
	if (!end_has_mode(from, O_RDONLY) || !end_has_mode(to, O_WRONLY)) {
		d->state = ENDED;
		return 0;
	}
	if (pipe2(d->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	(void)fcntl(d->pipe[1], F_SETPIPE_SZ, PIPE_BYTES); /* smaller will do */
	return 0;
}

static void direction_done(struct direction *d)
{
	fd_close(d->pipe[0]);
	fd_close(d->pipe[1]);
	free(d->buf);
}

static bool is_gone(int err)
{
	return err == -EPIPE || err == -ECONNRESET;
}

static bool is_ready(const struct end *e, short events)
{
	struct pollfd p = {.fd = e->fd, .events = events};
	return e->is_file || poll(&p, 1, 0) > 0;
}

static size_t pending(const struct direction *d)
{
	return d->held + d->len - d->at;
}

static void direction_end(struct direction *d, int err)
{
	d->state = ENDED;
	if (err < 0 && !is_gone(err))
		d->err = err;
	if (err < 0 && d->from->is_socket)
		(void)shutdown(d->from->fd, SHUT_RD);
	if (d->to->is_socket)
		(void)shutdown(d->to->fd, SHUT_WR);
}

/* Read instead of splice, only into an empty pipe: which takes it all, without waiting. */
static ssize_t fill_by_read(struct direction *d)
{
	char buf[CHUNK];
	if (d->held) {
		d->choked = true;
		return -EAGAIN;
	}
	if (!is_ready(d->from, POLLIN))
		return -EAGAIN;
	ssize_t n = read(d->from->fd, buf, sizeof(buf));
	if (n <= 0)
		return n < 0 ? -errno : 0;
	ssize_t put = write(d->pipe[1], buf, (size_t)n);
	return put < 0 ? -errno : put == n ? n : -EIO;
}

/* Bytes moved, 0 at the source's end, or negative errno. */
static ssize_t fill(struct direction *d)
{
	if (d->read_in)
		return fill_by_read(d);
	ssize_t n = splice(
		d->from->fd, NULL, d->pipe[1], NULL, PIPE_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n >= 0)
		return n;
	if (errno == EINVAL) {
		d->read_in = true;
		return fill_by_read(d);
	}
	if (errno == EAGAIN)
		d->choked = d->held > 0;
	return -errno;
}

/* A terminal or device may block in write: PIPE_BUF at a time, when poll said there is room. */
static ssize_t drain_by_write(struct direction *d)
{
	if (!d->buf) {
		d->buf = malloc(CHUNK);
		if (!d->buf)
			return -ENOMEM;
	}
	if (d->at == d->len) {
		ssize_t n = read(d->pipe[0], d->buf, CHUNK);
		if (n < 0)
			return -errno;
		d->at = 0;
		d->len = (size_t)n;
		d->held -= d->len;
	}
	if (!is_ready(d->to, POLLOUT))
		return -EAGAIN;
	size_t max = d->to->is_file ? CHUNK : 4096;
	ssize_t n = write(d->to->fd, d->buf + d->at, MIN(max, d->len - d->at));
	if (n < 0)
		return -errno;
	d->at += (size_t)n;
	return n;
}

static ssize_t drain(struct direction *d)
{
	if (d->write_out)
		return drain_by_write(d);
	ssize_t n = splice(
		d->pipe[0], NULL, d->to->fd, NULL, d->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0) {
		d->held -= (size_t)n;
		return n;
	}
	if (n < 0 && errno == EINVAL) {
		d->write_out = true;
		return drain_by_write(d);
	}
	return n < 0 ? -errno : -EPIPE;
}

static bool is_patience(ssize_t err)
{
	return err == -EAGAIN || err == -EINTR;
}

/* Moves what can be moved without waiting. */
static void direction_turn(struct direction *d)
{
	for (unsigned i = 0; i < TURNS && d->state != ENDED; i++) {
		bool moved = false;
		ssize_t n = d->state == COPYING && !d->choked ? fill(d) : -EAGAIN;
		if (n > 0) {
			d->held += (size_t)n;
			moved = true;
		} else if (n == 0 || is_gone((int)n)) {
			d->state = DRAINING; /* what came before a reset is delivered too */
		} else if (!is_patience(n)) {
			direction_end(d, (int)n);
			return;
		}
		n = pending(d) ? drain(d) : -EAGAIN;
		if (n > 0) {
			d->bytes += (uint64_t)n;
			d->choked = false;
			moved = true;
		} else if (!is_patience(n)) {
			direction_end(d, (int)n);
			return;
		}
		if (d->state == DRAINING && !pending(d))
			direction_end(d, 0);
		if (!moved)
			return;
	}
}

/*
 * What to wait for at end e, of which `out` is the source and `in` the sink. A hang-up cannot be
 * masked, so the descriptor is left out when neither direction wants to hear of it.
 */
static struct pollfd interest(
	const struct end *e, const struct direction *out, const struct direction *in)
{
	struct pollfd p = {.fd = -1};
	if (out->state == COPYING && !out->choked)
		p = (struct pollfd){.fd = e->fd, .events = POLLIN};
	if (in->state != ENDED) {
		p.fd = e->fd;
		p.events |= pending(in) ? POLLOUT : 0;
	}
	return p;
}

/* The sink reports that nobody will read any more. */
static void notice_hangup(struct direction *d, short revents)
{
	if (d->state == ENDED || !(revents & (POLLERR | POLLHUP)))
		return;
	if (pending(d) && (revents & POLLOUT) && !(revents & POLLERR))
		return; /* let the write say so */
	direction_end(d, -EPIPE);
}

static int pump(struct end *a, struct end *b, struct direction *ab, struct direction *ba)
{
	while (ab->state != ENDED || ba->state != ENDED) {
		struct pollfd p[2] = {interest(a, ab, ba), interest(b, ba, ab)};
		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		direction_turn(ab);
		direction_turn(ba);
		notice_hangup(ba, p[0].revents);
		notice_hangup(ab, p[1].revents);
	}
	return ab->err ? ab->err : ba->err;
}

/* Closing a socket that has unread input resets the connection, and the peer may lose what we said.
 */
static void discard_input(const struct end *e)
{
	char junk[4096];
	for (unsigned i = 0; e->is_socket && i < 1024; i++)
		if (recv(e->fd, junk, sizeof(junk), MSG_DONTWAIT) <= 0)
			break;
}

static int sync_sink(int fd)
{
	if (fsync(fd) == 0 || errno == EINVAL || errno == EROFS)
		return 0; /* not a thing that can be synced */
	return -errno;
}

int copy_run(int a, int b, unsigned flags, uint64_t ret_bytes[2])
{
	struct end ends[2] = {{.flags = -1}, {.flags = -1}};
	struct direction ab = {.pipe = {-EBADF, -EBADF}}, ba = ab;
	int r = end_init(&ends[0], a);
	if (r >= 0)
		r = end_init(&ends[1], b);
	if (r >= 0)
		r = direction_init(&ab, &ends[0], &ends[1]);
	if (r >= 0 && !(flags & COPY_ONE_WAY))
		r = direction_init(&ba, &ends[1], &ends[0]);
	else
		ba.state = ENDED;
	if (r >= 0)
		r = pump(&ends[0], &ends[1], &ab, &ba);
	if (flags & COPY_ONE_WAY)
		discard_input(&ends[1]);
	if (flags & COPY_SYNC) {
		int synced = sync_sink(b);
		r = r < 0 ? r : synced;
	}
	if (ret_bytes) {
		ret_bytes[0] = ab.bytes;
		ret_bytes[1] = ba.bytes;
	}
	direction_done(&ab);
	direction_done(&ba);
	end_done(&ends[0]);
	end_done(&ends[1]);
	return r;
}
