/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of the mount worker's requests: the test plays the kernel, the server is the real one
 * in a process of its own, on a directory of its own, and between them lies a wire that the test
 * can cut at any message.
 *
 * All replies since world_arm() are written down in w->log, as are the tree and its content by
 * world_end(), so that two runs can be compared.
 */
#include "base/fdpass.h"
#include "base/test.h"
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-inval.h"
#include "svc/fs/server/9p-server.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define UNUSED __attribute__((unused))

enum { W_REQUESTS = 512, W_LOG = 256 * 1024, W_BODY = 2 * 1024 * 1024, W_PATIENCE_MS = 30000 };

struct w_reply {
	bool done, quiet; /* quiet: not to be logged */
	uint32_t opcode;
	int error;
	size_t n;
	uint8_t *body;
};

struct world {
	struct f9 fs;
	struct p9_client *client;
	struct fuse_session *session;
	int inval_fd;

	char tree[64];
	int tree_fd, journal;
	pid_t nursery;
	int to_nursery, conn;
	uint8_t in[2 * P9_MAX_MSIZE]; /* from the server, not handed on yet */
	size_t n_in;
	int refused; /* by the last recovery */
	bool recovered;

	struct w_reply replies[W_REQUESTS];
	uint64_t unique;
	uint32_t uid;

	bool armed;
	unsigned n_events; /* messages that have passed since world_arm(), in both directions */
	unsigned cut_at; /* before this one; and after it, before those */
	unsigned cut_again;
	unsigned n_cuts;
	bool remembers; /* the next server has the journal of the last one */
	bool plain; /* an old server: 9P2000.L alone */
	int user_fd; /* the test's */
	void (*meanwhile)(struct world *w); /* called while there is no connection */

	char *log;
	size_t n_log;
};

/* Only one at a time: libfuse's callbacks know no other way. */
static struct world *the_world;

UNUSED __attribute__((format(printf, 2, 3))) static void w_log(
	struct world *w, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(w->log + w->n_log, W_LOG - w->n_log, fmt, ap);
	va_end(ap);
	CHECK(n >= 0 && (size_t)n < W_LOG - w->n_log);
	w->n_log += (size_t)n;
}

/* ---- the server ----
 *
 * Servers are begotten by a process that has no threads, the nursery: the worker under test has,
 * and what is forked while a thread begins or allocates may find locks held for ever (those of the
 * address sanitizer, for one).
 */

static void serve(const struct world *w, int sock, int journal, int tree)
{
	struct p9_options o = {.msize = P9_MAX_MSIZE, .session_fd = w->plain ? 0 : journal};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(0);
	_exit(p9_serve(&o, sock, tree, false) < 0);
}

/* Three descriptors, connection, journal and tree: a server in place of the last one. None: no
 * server. */
static void run_nursery(struct world *w, int sock)
{
	int fds[3];
	size_t n;
	char c = 0;
	pid_t server = 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (fdpass_recv(sock, &c, 1, fds, 3, &n) == 1) {
		if (server && (kill(server, SIGKILL) || waitpid(server, NULL, 0) != server))
			_exit(1);
		server = n ? fork() : 0;
		if (n && !server)
			serve(w, fds[0], fds[1], fds[2]);
		fdpass_close(fds, n);
		if (fdpass_send(sock, &c, 1, NULL, 0) < 0)
			break;
	}
	_exit(0);
}

static void nursery_new(struct world *w)
{
	int pair[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	w->nursery = fork();
	CHECK(w->nursery >= 0);
	if (!w->nursery) {
		close(pair[0]);
		run_nursery(w, pair[1]);
	}
	close(pair[1]);
	w->to_nursery = pair[0];
}

static void nursery_ask(struct world *w, const int *fds, size_t n)
{
	char c = 0;
	size_t none;
	CHECK_INT(fdpass_send(w->to_nursery, &c, 1, fds, n), 0);
	CHECK_INT(fdpass_recv(w->to_nursery, &c, 1, NULL, 0, &none), 1);
}

static void server_start(struct world *w)
{
	int pair[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	nursery_ask(w, (int[]){pair[1], w->journal, w->tree_fd}, 3);
	close(pair[1]);
	w->conn = pair[0];
	w->n_in = 0;
}

static void server_kill(struct world *w)
{
	if (w->conn < 0)
		return;
	w->conn = fd_close(w->conn);
	nursery_ask(w, NULL, 0);
}

static void nursery_free(struct world *w)
{
	int status;
	close(w->to_nursery);
	CHECK_INT(waitpid(w->nursery, &status, 0), w->nursery);
	CHECK_INT(status, 0);
}

static void journal_new(struct world *w)
{
	fd_close(w->journal);
	w->journal = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	CHECK(w->journal > 0);
}

/* ---- the connection ---- */

static void on_recovered(void *user, int error, const char *text)
{
	struct world *w = user;
	w->recovered = true;
	w->refused = error;
}

UNUSED static void world_cut(struct world *w)
{
	server_kill(w);
	f9_park_all(&w->fs);
	w->n_cuts++;
}

static void world_connect(struct world *w)
{
	if (w->meanwhile)
		w->meanwhile(w);
	server_start(w);
	w->recovered = false;
	w->refused = 0;
	CHECK_INT(f9_recover(&w->fs, on_recovered, w), 0);
}

/* One more message is about to pass. True: the wire is cut before. */
static bool event(struct world *w)
{
	if (!w->armed)
		return false;
	w->n_events++;
	return w->n_events == w->cut_at || w->n_events == w->cut_again;
}

/* After half of a message the connection is gone. */
static void give_to_server(struct world *w, const uint8_t *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t r = send(w->conn, p + at, n - at, MSG_NOSIGNAL);
		if (r < 0 && errno == EPIPE)
			return;
		CHECK(r > 0);
		at += (size_t)r;
	}
}

/* False: the wire is cut. */
static bool move_out(struct world *w)
{
	const void *p;
	size_t n;
	for (;;) {
		p9_client_output(w->client, &p, &n);
		if (n == 0)
			return true;
		int size = p9_frame_size(p, n, P9_MAX_MSIZE);
		CHECK(size > 0 && (size_t)size <= n);
		bool cut = event(w);
		give_to_server(w, p, cut ? (size_t)size / 2 : (size_t)size);
		if (cut)
			return false;
		p9_client_output_done(w->client, (size_t)size);
	}
}

static void give_to_client(struct world *w, const uint8_t *frame, size_t size)
{
	void *p;
	size_t room;
	for (size_t at = 0; at < size;) {
		p9_client_input_buffer(w->client, &p, &room);
		size_t n = MIN(room, size - at);
		memcpy(p, frame + at, n);
		CHECK_INT(p9_client_input(w->client, n), 0);
		at += n;
	}
}

static bool move_in(struct world *w)
{
	ssize_t r = recv(w->conn, w->in + w->n_in, sizeof(w->in) - w->n_in, MSG_DONTWAIT);
	if (r < 0 && errno == EAGAIN)
		return true;
	CHECK(r > 0); /* the server does not end by itself */
	w->n_in += (size_t)r;
	for (;;) {
		int size = p9_frame_size(w->in, w->n_in, P9_MAX_MSIZE);
		if (size <= 0 || (size_t)size > w->n_in)
			return size >= 0;
		bool cut = event(w);
		give_to_client(w, w->in, cut ? (size_t)size / 2 : (size_t)size);
		if (cut)
			return false;
		w->n_in -= (size_t)size;
		memmove(w->in, w->in + size, w->n_in);
	}
}

/* Lets everything go on for a moment: until something has happened, or nothing can for that long.
 */
static void world_turn(struct world *w, int patience_ms)
{
	(void)f9_sleepers_run(&w->fs);
	(void)f9_data_run(&w->fs);
	(void)f9_parked_run(&w->fs);
	if (w->conn >= 0 && !move_out(w))
		world_cut(w);
	if (w->conn < 0) {
		if (!w->remembers)
			journal_new(w);
		world_connect(w);
		return;
	}
	struct pollfd p[] = {
		{.fd = w->conn, .events = POLLIN}, {.fd = w->inval_fd, .events = POLLIN}};
	CHECK(poll(p, 2, patience_ms) >= 0);
	if (p[1].revents)
		f9_inval_run(w->fs.invalidator);
	if (p[0].revents && !move_in(w))
		world_cut(w);
}

static void wait_for(struct world *w, const bool *what)
{
	uint64_t end = f9_now_ms() + W_PATIENCE_MS;
	while (!*what) {
		CHECK(f9_now_ms() < end);
		world_turn(w, 100);
	}
}

/* ---- the kernel ---- */

static void log_attr(struct world *w, const struct fuse_attr *a)
{
	w_log(w, " mode %o uid %u gid %u nlink %u size %llu", a->mode, a->uid, a->gid, a->nlink,
		(unsigned long long)(S_ISDIR(a->mode) ? 0 : a->size));
	if (a->mtime < 1000000000)
		w_log(w, " mtime %llu.%u", (unsigned long long)a->mtime, a->mtimensec);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void log_names(struct world *w, const uint8_t *body, size_t n)
{
	char *names[256];
	size_t count = 0;
	while (n >= FUSE_NAME_OFFSET_DIRENTPLUS) {
		const struct fuse_direntplus *d = (const void *)body;
		size_t size = FUSE_DIRENTPLUS_SIZE(d);
		CHECK(size <= n && count < ARRAY_SIZE(names));
		names[count++] = strndup(d->dirent.name, d->dirent.namelen);
		body += size;
		n -= size;
	}
	qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		w_log(w, " %s", names[i]);
		free(names[i]);
	}
}

static void log_reply(struct world *w, const struct w_reply *r)
{
	const void *b = r->body;
	w_log(w, "op %u: %d", r->opcode, r->error);
	if (!r->error && r->n) {
		switch (r->opcode) {
		case FUSE_LOOKUP:
		case FUSE_MKDIR:
		case FUSE_MKNOD:
		case FUSE_SYMLINK:
		case FUSE_LINK:
		case FUSE_CREATE:
			log_attr(w, &((const struct fuse_entry_out *)b)->attr);
			break;
		case FUSE_GETATTR:
		case FUSE_SETATTR:
			log_attr(w, &((const struct fuse_attr_out *)b)->attr);
			break;
		case FUSE_WRITE:
		case FUSE_COPY_FILE_RANGE:
			w_log(w, " %u", ((const struct fuse_write_out *)b)->size);
			break;
		case FUSE_READDIRPLUS:
			log_names(w, b, r->n);
			break;
		case FUSE_READ:
		case FUSE_READLINK:
		case FUSE_GETXATTR:
		case FUSE_LISTXATTR:
		case FUSE_LSEEK:
		case FUSE_GETLK:
			for (size_t i = 0; i < r->n && i < 64; i++)
				w_log(w, " %02x", r->body[i]);
			w_log(w, " (%zu)", r->n);
		}
	}
	w_log(w, "\n");
}

static ssize_t k_writev(int fd, struct iovec *iov, int count, void *user)
{
	struct world *w = the_world;
	struct fuse_out_header h;
	size_t n = 0, at = 0;
	memcpy(&h, iov[0].iov_base, sizeof(h));
	for (int i = 0; i < count; i++)
		n += iov[i].iov_len;
	CHECK_INT(h.len, n);
	if (h.unique == 0) /* a notification, perhaps from the other thread */
		return (ssize_t)n;
	CHECK(h.unique <= w->unique && !w->replies[h.unique].done);
	struct w_reply *r = &w->replies[h.unique];
	uint8_t *all = malloc(n);
	for (int i = 0; i < count; at += iov[i++].iov_len)
		memcpy(all + at, iov[i].iov_base, iov[i].iov_len);
	r->n = n - sizeof(h);
	memmove(all, all + sizeof(h), r->n);
	r->body = all;
	r->error = h.error;
	r->done = true;
	if (w->armed && !r->quiet)
		log_reply(w, r);
	return (ssize_t)n;
}

static ssize_t k_read(int fd, void *buf, size_t size, void *user)
{
	return -1;
}

/* Begins a request; its number. */
static uint64_t k_begin(struct world *w, uint32_t opcode, uint64_t node, const void *in,
	size_t n_in, const void *more, size_t n_more)
{
	static uint64_t mem[(1024 * 1024 + 65536) / 8]; /* whole words, as the kernel's come */
	struct fuse_in_header h = {.len = (uint32_t)(sizeof(h) + n_in + n_more),
		.opcode = opcode,
		.unique = ++w->unique,
		.nodeid = node,
		.uid = w->uid,
		.gid = w->uid,
		.pid = 4711};
	uint8_t *p = (uint8_t *)mem;
	CHECK(h.len <= sizeof(mem) && w->unique < W_REQUESTS);
	memcpy(p, &h, sizeof(h));
	if (n_in)
		memcpy(p + sizeof(h), in, n_in);
	if (n_more)
		memcpy(p + sizeof(h) + n_in, more, n_more);
	w->replies[w->unique].opcode = opcode;
	w->replies[w->unique].quiet = !w->armed;
	struct fuse_buf buf = {.mem = mem, .size = h.len};
	uint64_t u = w->unique;
	fuse_session_process_buf(w->session, &buf);
	return u;
}

/* The reply to that request, when it has come. */
static struct w_reply *k_end(struct world *w, uint64_t u)
{
	wait_for(w, &w->replies[u].done);
	return &w->replies[u];
}

#define K_BEGIN(w, opcode, node, in, more, n_more) \
	k_begin(w, opcode, node, &(in), sizeof(in), more, n_more)
#define K_DO(w, opcode, node, in, more, n_more) k_end(w, K_BEGIN(w, opcode, node, in, more, n_more))
#define K_NAME(w, opcode, node, name) \
	k_end(w, k_begin(w, opcode, node, NULL, 0, name, strlen(name) + 1))

/* Node of an entry that must be there. */
UNUSED static uint64_t k_lookup(struct world *w, uint64_t dir, const char *name)
{
	struct w_reply *r = K_NAME(w, FUSE_LOOKUP, dir, name);
	CHECK_INT(r->error, 0);
	return ((struct fuse_entry_out *)(void *)r->body)->nodeid;
}

/* Handle of an open file; 0 after an error. */
UNUSED static uint64_t k_open(struct world *w, uint64_t node, int flags)
{
	struct fuse_open_in in = {.flags = (uint32_t)flags};
	struct w_reply *r = K_DO(w, FUSE_OPEN, node, in, NULL, 0);
	return r->error ? 0 : ((struct fuse_open_out *)(void *)r->body)->fh;
}

/* *ret_node, and the handle. */
UNUSED static uint64_t k_create(struct world *w, uint64_t dir, const char *name, int flags,
	uint32_t mode, uint64_t *ret_node)
{
	struct fuse_create_in in = {.flags = (uint32_t)flags | O_CREAT, .mode = S_IFREG | mode};
	struct w_reply *r = K_DO(w, FUSE_CREATE, dir, in, name, strlen(name) + 1);
	if (r->error)
		return 0;
	struct fuse_entry_out *e = (void *)r->body;
	*ret_node = e->nodeid;
	return ((struct fuse_open_out *)(void *)(e + 1))->fh;
}

UNUSED static struct w_reply *k_write(struct world *w, uint64_t node, uint64_t fh, int flags,
	uint64_t offset, const void *data, uint32_t n)
{
	struct fuse_write_in in = {.fh = fh, .offset = offset, .size = n, .flags = (uint32_t)flags};
	return K_DO(w, FUSE_WRITE, node, in, data, n);
}

UNUSED static struct w_reply *k_read_at(
	struct world *w, uint64_t node, uint64_t fh, uint64_t offset, uint32_t n)
{
	struct fuse_read_in in = {.fh = fh, .offset = offset, .size = n};
	return K_DO(w, FUSE_READ, node, in, NULL, 0);
}

UNUSED static struct w_reply *k_close(struct world *w, uint64_t node, uint64_t fh)
{
	struct fuse_flush_in fl = {.fh = fh, .lock_owner = 7};
	struct fuse_release_in re = {.fh = fh, .lock_owner = 7};
	struct w_reply *r = K_DO(w, FUSE_FLUSH, node, fl, NULL, 0);
	bool armed = w->armed;
	w->armed = false; /* whether it is answered before or after others does not matter */
	K_DO(w, FUSE_RELEASE, node, re, NULL, 0);
	w->armed = armed;
	return r;
}

/* ---- from beginning to end ---- */

static struct world *world_new(bool plain)
{
	char *args[] = {(char[]){"test"}, NULL};
	struct fuse_args fuse_args = FUSE_ARGS_INIT(1, args);
	static const struct fuse_custom_io io = {.writev = k_writev, .read = k_read};
	struct p9_client_config config = {.plain = plain};
	struct world *w = calloc(1, sizeof(*w));
	the_world = w;
	w->log = malloc(W_LOG);
	*w->log = 0;
	w->conn = w->journal = -EBADF;
	w->remembers = true;
	w->plain = plain;
	umask(0);
	strcpy(w->tree, "/tmp/metac-test-XXXXXX");
	CHECK(mkdtemp(w->tree));
	CHECK_INT(chmod(w->tree, 0755), 0);
	w->tree_fd = open(w->tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(w->tree_fd >= 0);
	journal_new(w);
	nursery_new(w);

	CHECK_INT(p9_client_new(&config, &w->client), 0);
	w->fs.aname = "";
	strcpy(w->fs.client_id, "test");
	CHECK_INT(f9_init(&w->fs, w->client), 0);
	w->session = fuse_session_new(&fuse_args, &f9_fuse_ops, sizeof(f9_fuse_ops), &w->fs);
	fuse_opt_free_args(&fuse_args);
	CHECK(w->session);
	w->fs.session = w->session;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* the session's from now on */
	CHECK_INT(fuse_session_custom_io(w->session, &io, fd), 0);
	CHECK_INT(f9_inval_new(&w->fs, &w->fs.invalidator, &w->inval_fd), 0);
	struct fuse_init_in in = {.major = 7,
		.minor = 36,
		.flags = FUSE_DO_READDIRPLUS | FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS |
			 FUSE_PARALLEL_DIROPS | FUSE_ATOMIC_O_TRUNC};
	K_DO(w, FUSE_INIT, 0, in, NULL, 0);
	world_connect(w);
	wait_for(w, &w->recovered);
	CHECK_INT(w->refused, 0);
	return w;
}

/* From here on messages are counted and cut, and replies written down. */
UNUSED static void world_arm(struct world *w)
{
	w->armed = true;
}

/* A path in the tree; in a static buffer. */
UNUSED static const char *in_tree(const struct world *w, const char *name)
{
	static char path[2][4096];
	static unsigned i;
	char *p = path[i++ % 2];
	(void)snprintf(p, sizeof(path[0]), "%s/%s", w->tree, name);
	return p;
}

/* Makes a file in the tree by ourselves. */
UNUSED static void put(const struct world *w, const char *name, const char *content)
{
	int fd = open(in_tree(w, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	CHECK(fd >= 0);
	CHECK_INT(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

static void log_content(struct world *w, const char *path)
{
	uint64_t hash = 14695981039346656037u;
	uint8_t buf[4096];
	int fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	ssize_t n = read(fd, buf, sizeof(buf));
	for (bool first = true; n > 0; n = read(fd, buf, sizeof(buf)), first = false) {
		for (ssize_t i = 0; i < n; i++)
			hash = (hash ^ buf[i]) * 1099511628211u;
		if (first && n <= 64)
			w_log(w, " \"%.*s\"", (int)n, buf);
	}
	close(fd);
	w_log(w, " #%llx", (unsigned long long)hash);
}

static int only_real(const struct dirent *d)
{
	return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

static void log_tree(struct world *w, const char *dir, const char *prefix)
{
	struct dirent **list;
	int n = scandir(dir, &list, only_real, alphasort);
	CHECK(n >= 0);
	for (int i = 0; i < n; i++) {
		char path[4096], name[512];
		struct stat st;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		(void)snprintf(name, sizeof(name), "%s%s", prefix, list[i]->d_name);
		CHECK_INT(lstat(path, &st), 0);
		w_log(w, "%s %o %u:%u links %lu", name, st.st_mode, st.st_uid, st.st_gid,
			(unsigned long)st.st_nlink);
		if (!S_ISDIR(st.st_mode))
			w_log(w, " size %lld", (long long)st.st_size);
		if (st.st_mtime < 1000000000)
			w_log(w, " mtime %lld.%ld", (long long)st.st_mtime, st.st_mtim.tv_nsec);
		if (S_ISREG(st.st_mode))
			log_content(w, path);
		char value[256];
		ssize_t x = lgetxattr(path, "user.x", value, sizeof(value));
		if (x >= 0)
			w_log(w, " user.x \"%.*s\"", (int)x, value);
		x = readlink(path, value, sizeof(value));
		if (x >= 0)
			w_log(w, " -> %.*s", (int)x, value);
		w_log(w, "\n");
		if (S_ISDIR(st.st_mode)) {
			strcat(name, "/");
			log_tree(w, path, name);
		}
		free(list[i]);
	}
	free(list);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void world_log_tree(struct world *w)
{
	log_tree(w, w->tree, "");
}

/* Everything that was begun is to have ended. */
static void world_end(struct world *w)
{
	uint64_t end = f9_now_ms() + W_PATIENCE_MS;
	while (w->fs.n_ops || f9_data_bytes(&w->fs)) {
		CHECK(f9_now_ms() < end);
		world_turn(w, 100);
	}
	world_log_tree(w);
}

static void world_free(struct world *w)
{
	server_kill(w);
	nursery_free(w);
	f9_over(&w->fs, -EIO);
	f9_inval_free(w->fs.invalidator);
	CHECK_INT(w->fs.n_ops, 0);
	f9_done(&w->fs);
	p9_client_free(w->client);
	fuse_session_destroy(w->session);
	for (size_t i = 0; i < W_REQUESTS; i++)
		free(w->replies[i].body);
	close(w->tree_fd);
	close(w->journal);
	(void)nftw(w->tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(w->log);
	free(w);
	the_world = NULL;
}
