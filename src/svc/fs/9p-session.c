/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: each call makes its request to the client core and moves bytes until its own
 * callback has come, or the time is up.
 */
#include "svc/fs/9p-session.h"
#include "wire/9p/client-io.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

struct p9_session {
	int fd, timeout_ms;
	struct p9_client *client;
	uint32_t root;
};

/* What one call waits for. use() gets the reply while it is there. */
struct wait {
	bool done;
	int error;
	void (*use)(struct wait *w, const struct p9_msg *reply);
	void *user;
};

/* ---- waiting ---- */

static int64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int send_some(struct p9_session *s)
{
	const void *p;
	size_t n;
	p9_client_output(s->client, &p, &n);
	if (n == 0)
		return 0;
	ssize_t r = send(s->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (r < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -EIO;
	p9_client_output_done(s->client, (size_t)r);
	return 0;
}

static int receive_some(struct p9_session *s)
{
	void *p;
	size_t n;
	p9_client_input_buffer(s->client, &p, &n);
	ssize_t r = recv(s->fd, p, n, MSG_DONTWAIT);
	if (r < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -EIO;
	if (r == 0)
		return -EIO;
	return p9_client_input(s->client, (size_t)r) < 0 ? -EIO : 0;
}

static int step(struct p9_session *s, int64_t deadline)
{
	const void *p;
	size_t n;
	p9_client_output(s->client, &p, &n);
	int64_t left = deadline - now_ms();
	if (left <= 0)
		return -ETIMEDOUT;
	struct pollfd pfd = {.fd = s->fd, .events = (short)(POLLIN | (n ? POLLOUT : 0))};
	if (poll(&pfd, 1, (int)left) < 0)
		return errno == EINTR ? 0 : -errno;
	int r = pfd.revents & POLLOUT ? send_some(s) : 0;
	if (r >= 0 && (pfd.revents & (POLLIN | POLLERR | POLLHUP)))
		r = receive_some(s);
	return r;
}

static int wait_for(struct p9_session *s, struct wait *w)
{
	int64_t deadline = now_ms() + s->timeout_ms;
	while (!w->done) {
		int r = step(s, deadline);
		if (r < 0 && !w->done) {
			p9_client_fail(s->client); /* w is about to go: no callback later */
			return r;
		}
	}
	return w->error;
}

static void on_reply(void *user, int error, const struct p9_msg *reply)
{
	struct wait *w = user;
	w->done = true;
	w->error = error;
	if (!error && w->use)
		w->use(w, reply);
}

/* One request, one answer. */
static int ask(struct p9_session *s, const struct p9_msg *m, struct wait *w)
{
	int r = p9_client_request(s->client, m, on_reply, w);
	return r < 0 ? r : wait_for(s, w);
}

/* ---- beginning and end ---- */

static int attach(struct p9_session *s, const char *aname)
{
	struct wait version = {};
	int r = p9_client_start(s->client, on_reply, &version);
	if (r >= 0)
		r = wait_for(s, &version);
	if (r >= 0)
		r = p9_client_fid_new(s->client, &s->root);
	if (r < 0)
		return r;
	struct wait w = {};
	struct p9_msg m = {.type = P9_Tattach,
		.tattach = {.fid = s->root,
			.afid = P9_NOFID,
			.uname = p9_str(""),
			.aname = p9_str(aname),
			.n_uname = geteuid()}};
	return ask(s, &m, &w);
}

int p9_session_new(int fd, const char *aname, int timeout_ms, struct p9_session **ret)
{
	AUTO(p9_session_free) struct p9_session *s = calloc(1, sizeof(*s));
	if (!s) {
		fd_close(fd);
		return -ENOMEM;
	}
	s->fd = fd;
	s->timeout_ms = timeout_ms;
	int r = p9_client_new(NULL, &s->client);
	if (r >= 0)
		r = attach(s, aname);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}

void p9_session_free(struct p9_session *s)
{
	if (!s)
		return;
	p9_client_free(s->client);
	fd_close(s->fd);
	free(s);
}

/* ---- walking ---- */

struct walked {
	uint16_t asked, got;
};

static void use_walk(struct wait *w, const struct p9_msg *reply)
{
	((struct walked *)w->user)->got = reply->rwalk.nwqid;
}

/* One Twalk; *path is moved behind the names it took. */
static int walk_part(struct p9_session *s, const char **path, uint32_t from, uint32_t to)
{
	struct p9_msg m = {.type = P9_Twalk, .twalk = {.fid = from, .newfid = to}};
	const char *p = *path;
	while (m.twalk.nwname < P9_MAX_WALK) {
		p += strspn(p, "/");
		size_t n = strcspn(p, "/");
		if (n == 0)
			break;
		if (n > P9_MAX_NAME)
			return -ENAMETOOLONG;
		if (n != 1 || p[0] != '.')
			m.twalk.wname[m.twalk.nwname++] =
				(struct p9_str){.s = p, .len = (uint16_t)n};
		p += n;
	}
	*path = p + strspn(p, "/");
	struct walked k = {.asked = m.twalk.nwname};
	struct wait w = {.use = use_walk, .user = &k};
	int r = ask(s, &m, &w);
	return r < 0 ? r : k.got < k.asked ? -ENOENT : 0;
}

int p9_session_walk(struct p9_session *s, const char *path, uint32_t *ret_fid)
{
	uint32_t fid, from = s->root;
	int r = p9_client_fid_new(s->client, &fid);
	if (r < 0)
		return r;
	do {
		r = walk_part(s, &path, from, fid);
		if (r < 0) {
			if (from == fid)
				p9_client_clunk(s->client, fid);
			else
				p9_client_fid_drop(s->client, fid);
			return r;
		}
		from = fid;
	} while (*path);
	*ret_fid = fid;
	return 0;
}

void p9_session_clunk(struct p9_session *s, uint32_t fid)
{
	p9_client_clunk(s->client, fid);
}

/* ---- looking ---- */

static void use_attr(struct wait *w, const struct p9_msg *m)
{
	*(struct stat *)w->user = (struct stat){
		.st_ino = m->rgetattr.qid.path,
		.st_mode = m->rgetattr.mode,
		.st_nlink = m->rgetattr.nlink,
		.st_uid = m->rgetattr.uid,
		.st_gid = m->rgetattr.gid,
		.st_rdev = m->rgetattr.rdev,
		.st_size = (off_t)MIN(m->rgetattr.size, (uint64_t)INT64_MAX),
		.st_blksize = (blksize_t)m->rgetattr.blksize,
		.st_blocks = (blkcnt_t)m->rgetattr.blocks,
		.st_atim = {(time_t)m->rgetattr.atime_sec, (long)m->rgetattr.atime_nsec},
		.st_mtim = {(time_t)m->rgetattr.mtime_sec, (long)m->rgetattr.mtime_nsec},
		.st_ctim = {(time_t)m->rgetattr.ctime_sec, (long)m->rgetattr.ctime_nsec},
	};
}

int p9_session_getattr(struct p9_session *s, uint32_t fid, struct stat *ret)
{
	struct stat st;
	struct wait w = {.use = use_attr, .user = &st};
	struct p9_msg m = {
		.type = P9_Tgetattr, .tgetattr = {.fid = fid, .request_mask = P9_GETATTR_BASIC}};
	int r = ask(s, &m, &w);
	if (r >= 0)
		*ret = st;
	return r;
}

struct text {
	char *buf;
	size_t size, len;
};

static void use_link(struct wait *w, const struct p9_msg *m)
{
	struct text *t = w->user;
	t->len = m->rreadlink.target.len;
	size_t n = MIN(t->len, t->size - 1);
	memcpy(t->buf, m->rreadlink.target.s, n);
	t->buf[n] = 0;
}

int p9_session_readlink(struct p9_session *s, uint32_t fid, char *buf, size_t size)
{
	assert(size > 0);
	struct text t = {.buf = buf, .size = size};
	struct wait w = {.use = use_link, .user = &t};
	struct p9_msg m = {.type = P9_Treadlink, .treadlink = {.fid = fid}};
	int r = ask(s, &m, &w);
	return r < 0 ? r : (int)t.len;
}

/* ---- opening ---- */

int p9_session_open(struct p9_session *s, uint32_t fid, uint32_t flags)
{
	struct wait w = {};
	struct p9_msg m = {
		.type = P9_Tlopen, .tlopen = {.fid = fid, .flags = flags | P9_O_LARGEFILE}};
	return ask(s, &m, &w);
}

int p9_session_create(
	struct p9_session *s, uint32_t fid, const char *name, uint32_t flags, uint32_t mode)
{
	struct wait w = {};
	struct p9_msg m = {.type = P9_Tlcreate,
		.tlcreate = {.fid = fid,
			.name = p9_str(name),
			.flags = flags | P9_O_CREAT | P9_O_LARGEFILE,
			.mode = mode,
			.gid = getegid()}};
	return ask(s, &m, &w);
}

/* ---- reading a directory ---- */

struct listing {
	p9_session_entry_fn fn;
	void *user;
	uint64_t offset;
	bool end;
	int stop;
};

static void list_entry_use(struct listing *l, const struct p9_dirent *d)
{
	char name[P9_MAX_NAME + 1];
	if (!p9_name_valid(d->name)) /* "." and ".." among them */
		return;
	memcpy(name, d->name.s, d->name.len);
	name[d->name.len] = 0;
	l->stop = l->fn(l->user, name, d);
}

static void use_entries(struct wait *w, const struct p9_msg *m)
{
	struct listing *l = w->user;
	const uint8_t *p = m->rreaddir.data.p;
	size_t left = m->rreaddir.data.len;
	struct p9_dirent d;
	int n;
	l->end = left == 0;
	while (!l->stop && (n = p9_dirent_decode(p, left, &d)) != 0) {
		if (n < 0) {
			l->stop = n;
			return;
		}
		p += n;
		left -= (size_t)n;
		l->offset = d.offset;
		list_entry_use(l, &d);
	}
}

int p9_session_readdir(struct p9_session *s, uint32_t fid, p9_session_entry_fn fn, void *user)
{
	struct listing l = {.fn = fn, .user = user};
	while (!l.end) {
		struct wait w = {.use = use_entries, .user = &l};
		struct p9_msg m = {.type = P9_Treaddir,
			.treaddir = {.fid = fid,
				.offset = l.offset,
				.count = MIN(p9_client_payload_max(s->client), (uint32_t)65536)}};
		int r = ask(s, &m, &w);
		if (r < 0 || l.stop)
			return r < 0 ? r : l.stop;
	}
	return 0;
}

/* ---- content ---- */

struct transfer {
	struct wait w;
	void *buf;
	size_t n;
};

static void on_io(void *user, int error, const void *data, size_t n)
{
	struct transfer *t = user;
	t->w.done = true;
	t->w.error = error;
	t->n = n;
	if (data && t->buf)
		memcpy(t->buf, data, n);
}

static ssize_t transfer_part(
	struct p9_session *s, bool writing, uint32_t fid, uint64_t offset, uint8_t *buf, size_t n)
{
	struct transfer t = {.buf = writing ? NULL : buf};
	struct p9_io_where where = {.fid = fid, .offset = offset, .size_hint = UINT64_MAX};
	struct p9_io *io;
	int r = writing ? p9_io_write(s->client, &where, buf, n, on_io, &t, &io)
			: p9_io_read(s->client, &where, n, on_io, &t, &io);
	if (r >= 0)
		r = wait_for(s, &t.w);
	return r < 0 ? r : (ssize_t)t.n;
}

static ssize_t transfer(
	struct p9_session *s, bool writing, uint32_t fid, uint64_t offset, uint8_t *buf, size_t n)
{
	size_t done = 0;
	while (done < n) {
		size_t part = MIN(n - done, (size_t)P9_IO_MAX_SIZE / 2);
		ssize_t r = transfer_part(s, writing, fid, offset + done, buf + done, part);
		if (r < 0)
			return done ? (ssize_t)done : r;
		done += (size_t)r;
		if ((size_t)r < part)
			break;
	}
	return (ssize_t)done;
}

ssize_t p9_session_read(struct p9_session *s, uint32_t fid, uint64_t offset, void *buf, size_t n)
{
	return transfer(s, false, fid, offset, buf, n);
}

ssize_t p9_session_write(
	struct p9_session *s, uint32_t fid, uint64_t offset, const void *buf, size_t n)
{
	return transfer(s, true, fid, offset, (uint8_t *)(uintptr_t)buf, n);
}
