/* SPDX-License-Identifier: MIT */
/*
 * The least a 9P2000.L server can do, as the limit others are measured by: a thread a connection,
 * many requests with one receive, their replies with one send, large reads by sendfile; nothing is
 * checked, and only what 9p-load asks for is there.  Not to be used for anything else.
 *
 *	9p-limit ADDRESS
 */
#include "net.h"
#include "wire/9p/9p-codec.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { FIDS = 4096, IN_SIZE = 4 << 20, OUT_SIZE = 4 << 20, OUT_ROOM = 2 << 20, LARGE = 64 << 10 };

struct fid {
	int fd, dir; /* dir: of a created file */
	uint64_t offset; /* of a directory that is read */
	char name[40];
};

struct conn {
	int sock;
	struct fid *fids;
	uint8_t *in, *out, *o; /* o: where the next byte of a reply goes */
	const uint8_t *i; /* the request's next field */
	size_t in_len;
	char entries[64 << 10];
};

static uint64_t get(struct conn *c, unsigned n)
{
	uint64_t v = 0;
	memcpy(&v, c->i, n);
	c->i += n;
	return v;
}

static void put(struct conn *c, uint64_t v, unsigned n)
{
	memcpy(c->o, &v, n);
	c->o += n;
}

static struct fid *get_fid(struct conn *c)
{
	return &c->fids[get(c, 4) % FIDS];
}

static void get_name(struct conn *c, char ret[static 256])
{
	size_t n = get(c, 2), fits = MIN(n, (size_t)255);
	memcpy(ret, c->i, fits);
	ret[fits] = 0;
	c->i += n;
}

static void put_qid(struct conn *c, const struct stat *st)
{
	put(c, S_ISDIR(st->st_mode) ? P9_QTDIR : 0, 1);
	put(c, (uint64_t)st->st_mtim.tv_nsec, 4);
	put(c, st->st_ino, 8);
}

static bool send_all(int fd, const uint8_t *p, size_t n, int flags)
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
	bool ok = send_all(c->sock, c->out, (size_t)(c->o - c->out), flags);
	c->o = c->out;
	return ok;
}

/* ---- requests: 0 or errno; the reply's fields are put ---------------------------------------- */

static int do_version(struct conn *c)
{
	put(c, P9_MAX_MSIZE, 4);
	put(c, 8, 2);
	memcpy(c->o, P9_VERSION, 8);
	c->o += 8;
	return 0;
}

static int do_attach(struct conn *c)
{
	char name[256];
	struct stat st;
	struct fid *f = get_fid(c);
	(void)get(c, 4);
	get_name(c, name);
	get_name(c, name);
	f->fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st) < 0)
		return errno;
	put_qid(c, &st);
	return 0;
}

static int do_walk(struct conn *c)
{
	struct fid *from = get_fid(c), *to = get_fid(c);
	unsigned n = (unsigned)get(c, 2);
	int fd = n ? from->fd : fcntl(from->fd, F_DUPFD_CLOEXEC, 3);
	put(c, n, 2);
	for (unsigned k = 0; k < n; k++) {
		char name[256];
		struct stat st;
		get_name(c, name);
		int next = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (k)
			close(fd);
		if (next < 0 || fstat(next, &st) < 0)
			return errno;
		put_qid(c, &st);
		fd = next;
	}
	*to = (struct fid){.fd = fd, .dir = -1};
	return fd < 0 ? errno : 0;
}

static int do_getattr(struct conn *c)
{
	struct stat st;
	if (fstat(get_fid(c)->fd, &st) < 0)
		return errno;
	put(c, P9_GETATTR_BASIC, 8);
	put_qid(c, &st);
	put(c, st.st_mode, 4);
	put(c, st.st_uid, 4);
	put(c, st.st_gid, 4);
	const uint64_t rest[] = {st.st_nlink, st.st_rdev, (uint64_t)st.st_size,
		(uint64_t)st.st_blksize, (uint64_t)st.st_blocks, (uint64_t)st.st_atim.tv_sec,
		(uint64_t)st.st_atim.tv_nsec, (uint64_t)st.st_mtim.tv_sec,
		(uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_ctim.tv_sec,
		(uint64_t)st.st_ctim.tv_nsec, 0, 0, 0, 0};
	memcpy(c->o, rest, sizeof(rest));
	c->o += sizeof(rest);
	return 0;
}

static int do_lopen(struct conn *c)
{
	char path[40];
	struct stat st;
	struct fid *f = get_fid(c);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
	int fd = open(path, ((int)get(c, 4) & (O_ACCMODE | O_DIRECTORY | O_TRUNC)) | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno;
	close(f->fd);
	*f = (struct fid){.fd = fd, .dir = -1};
	put_qid(c, &st);
	put(c, 0, 4);
	return 0;
}

static int do_lcreate(struct conn *c)
{
	char name[256];
	struct stat st;
	struct fid *f = get_fid(c);
	get_name(c, name);
	int flags = (int)get(c, 4);
	int fd = openat(f->fd, name, O_CREAT | O_CLOEXEC | (flags & (O_ACCMODE | O_TRUNC)),
		(mode_t)get(c, 4));
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno;
	f->dir = f->fd;
	f->fd = fd;
	(void)snprintf(f->name, sizeof(f->name), "%.39s", name);
	put_qid(c, &st);
	put(c, 0, 4);
	return 0;
}

static void fid_close(struct fid *f)
{
	fd_close(f->fd);
	fd_close(f->dir);
	*f = (struct fid){.fd = -1, .dir = -1};
}

static int do_clunk(struct conn *c)
{
	fid_close(get_fid(c));
	return 0;
}

static int do_remove(struct conn *c)
{
	struct fid *f = get_fid(c);
	int r = unlinkat(f->dir, f->name, 0) < 0 ? errno : 0;
	fid_close(f);
	return r;
}

static int do_write(struct conn *c)
{
	int fd = get_fid(c)->fd;
	off_t at = (off_t)get(c, 8);
	size_t count = get(c, 4);
	ssize_t n = pwrite(fd, c->i, count, at);
	put(c, (uint64_t)n, 4);
	return n < 0 ? errno : 0;
}

static int do_read(struct conn *c)
{
	int fd = get_fid(c)->fd;
	off_t at = (off_t)get(c, 8);
	size_t count = get(c, 4);
	ssize_t n = pread(fd, c->o + 4, count, at);
	put(c, (uint64_t)n, 4);
	if (n > 0)
		c->o += n;
	return n < 0 ? errno : 0;
}

struct entry { /* getdents64 */
	uint64_t ino, offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

static int do_readdir(struct conn *c)
{
	struct fid *f = get_fid(c);
	uint64_t offset = get(c, 8);
	uint8_t *count = c->o, *limit = c->o + 4 + get(c, 4);
	bool full = false;
	if (offset != f->offset)
		(void)lseek(f->fd, (off_t)offset, SEEK_SET);
	f->offset = offset;
	c->o += 4;
	while (!full) {
		long n = syscall(SYS_getdents64, f->fd, c->entries, sizeof(c->entries));
		if (n <= 0)
			break;
		for (long at = 0; at < n && !full;) {
			const struct entry *e = (const void *)(c->entries + at);
			size_t len = strlen(e->name);
			full = c->o + 24 + len > limit;
			if (full)
				break;
			put(c, e->type == DT_DIR ? P9_QTDIR : 0, 1);
			put(c, 0, 4);
			put(c, e->ino, 8);
			put(c, e->offset, 8);
			put(c, e->type, 1);
			put(c, len, 2);
			memcpy(c->o, e->name, len);
			c->o += len;
			f->offset = e->offset;
			at += e->size;
		}
	}
	if (full)
		(void)lseek(f->fd, (off_t)f->offset, SEEK_SET);
	uint32_t bytes = (uint32_t)(c->o - count - 4);
	memcpy(count, &bytes, 4);
	return 0;
}

static int (*const requests[256])(struct conn *c) = {
	[P9_Tversion] = do_version,
	[P9_Tattach] = do_attach,
	[P9_Twalk] = do_walk,
	[P9_Tgetattr] = do_getattr,
	[P9_Tlopen] = do_lopen,
	[P9_Tlcreate] = do_lcreate,
	[P9_Tclunk] = do_clunk,
	[P9_Tremove] = do_remove,
	[P9_Twrite] = do_write,
	[P9_Tread] = do_read,
	[P9_Treaddir] = do_readdir,
};

/* ---- replies ------------------------------------------------------------------------------- */

static void put_head(uint8_t *head, const uint8_t *request, uint32_t len, uint8_t type)
{
	memcpy(head, &len, 4);
	head[4] = type;
	memcpy(head + 5, request + 5, 2);
}

/* A large read: the head, then the file itself. What lies past its end is not asked for. */
static bool send_file(struct conn *c, const uint8_t *m)
{
	uint8_t *head = c->o;
	int fd = get_fid(c)->fd;
	off_t at = (off_t)get(c, 8);
	uint32_t count = (uint32_t)get(c, 4);
	c->o += P9_HEADER;
	put(c, count, 4);
	put_head(head, m, P9_READ_HEADER + count, P9_Rread);
	if (!flush(c, MSG_MORE))
		return false;
	while (count) {
		ssize_t n = sendfile(c->sock, fd, &at, count);
		if (n <= 0)
			return false;
		count -= (uint32_t)n;
	}
	return true;
}

static bool handle(struct conn *c, const uint8_t *m)
{
	uint32_t count;
	c->i = m + P9_HEADER;
	memcpy(&count, m + P9_HEADER + 12, 4);
	if (m[4] == P9_Tread && count >= LARGE)
		return send_file(c, m);
	uint8_t *head = c->o;
	c->o += P9_HEADER;
	int error = requests[m[4]] ? requests[m[4]](c) : EOPNOTSUPP;
	if (error) {
		c->o = head + P9_HEADER;
		put(c, (uint64_t)error, 4);
	}
	put_head(head, m, (uint32_t)(c->o - head), error ? P9_Rlerror : (uint8_t)(m[4] + 1));
	return c->o - c->out < OUT_SIZE - OUT_ROOM || flush(c, 0);
}

static void serve(struct conn *c)
{
	for (;;) {
		ssize_t n = recv(c->sock, c->in + c->in_len, IN_SIZE - c->in_len, 0);
		if (n <= 0)
			return;
		c->in_len += (size_t)n;
		size_t at = 0;
		for (;;) {
			uint32_t len;
			if (c->in_len - at < P9_HEADER)
				break;
			memcpy(&len, c->in + at, 4);
			if (len < P9_HEADER || len > IN_SIZE)
				return;
			if (c->in_len - at < len)
				break;
			if (!handle(c, c->in + at))
				return;
			at += len;
		}
		if (!flush(c, 0))
			return;
		memmove(c->in, c->in + at, c->in_len - at);
		c->in_len -= at;
	}
}

static void *thread_main(void *arg)
{
	struct conn *c = calloc(1, sizeof(*c));
	if (!c)
		die("memory");
	*c = (struct conn){.sock = (int)(intptr_t)arg,
		.fids = calloc(FIDS, sizeof(struct fid)),
		.in = malloc(IN_SIZE),
		.out = malloc(OUT_SIZE)};
	if (!c->fids || !c->in || !c->out)
		die("memory");
	for (int i = 0; i < FIDS; i++)
		c->fids[i].fd = c->fids[i].dir = -1;
	c->o = c->out;
	serve(c);
	for (int i = 0; i < FIDS; i++)
		fid_close(&c->fids[i]);
	close(c->sock);
	free(c->fids);
	free(c->in);
	free(c->out);
	free(c);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	int listener = net_listen(argv[1]);
	for (;;) {
		pthread_t t;
		intptr_t fd = net_accept(listener);
		if (!pthread_create(&t, NULL, thread_main, (void *)fd))
			pthread_detach(t);
	}
}
