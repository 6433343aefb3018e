/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A 9P server for tests: p9_serve() in a thread over a socketpair and a directory of its own, and a
 * client that sends one request and waits for its reply.  Results are 0 (or a count) and -errno as
 * the server told it.
 */
#include "base/test.h"
#include "svc/fs/server/9p-server.h"
#include "wire/9p/9p-codec.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define UNUSED __attribute__((unused))

struct peer {
	int fd, server_fd, tree_fd;
	pthread_t thread;
	struct p9_options options;
	uint32_t msize;
	struct p9_msg r; /* the last reply; borrows buf */
	uint8_t *buf;
};

static char tree[64]; /* path of the directory */
static int tree_dir;

static void *serve(void *arg)
{
	struct peer *p = arg;
	CHECK_INT(p9_serve(&p->options, p->server_fd, p->tree_fd, false), 0);
	close(p->server_fd);
	return NULL;
}

static void send_bytes(struct peer *p, const void *buf, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t r = send(p->fd, (const char *)buf + at, n - at, MSG_NOSIGNAL);
		CHECK(r > 0);
		at += (size_t)r;
	}
}

UNUSED static void send_msg(struct peer *p, const struct p9_msg *m)
{
	uint8_t *buf = malloc(P9_MAX_MSIZE);
	int n = p9_encode(m, buf, P9_MAX_MSIZE);
	CHECK(n > 0);
	send_bytes(p, buf, (size_t)n);
	free(buf);
}

static bool recv_all(struct peer *p, uint8_t *buf, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t r = recv(p->fd, buf + at, n - at, 0);
		if (r <= 0)
			return false;
		at += (size_t)r;
	}
	return true;
}

/* False when the server has closed the connection. */
static bool recv_msg(struct peer *p)
{
	if (!recv_all(p, p->buf, P9_HEADER))
		return false;
	int n = p9_frame_size(p->buf, P9_HEADER, P9_MAX_MSIZE);
	CHECK(n >= P9_HEADER);
	CHECK(recv_all(p, p->buf + P9_HEADER, (size_t)n - P9_HEADER));
	CHECK_INT(p9_decode(p->buf, (size_t)n, &p->r), 0);
	return true;
}

/* Sends, waits, and expects the R message that belongs to it or an error. */
static int call(struct peer *p, struct p9_msg m)
{
	send_msg(p, &m);
	CHECK(recv_msg(p));
	CHECK_INT(p->r.tag, m.tag);
	if (p->r.type == P9_Rlerror)
		return -(int)p->r.rlerror.ecode;
	CHECK_INT(p->r.type, m.type + 1);
	return 0;
}

#define CALL(p, t, ...) call(p, (struct p9_msg){.type = (t), .tag = 1, __VA_ARGS__})

UNUSED static int t_attach(struct peer *p, uint32_t fid, const char *uname, uint32_t uid)
{
	return CALL(p, P9_Tattach, .tattach = {fid, P9_NOFID, p9_str(uname), p9_str(""), uid});
}

/* path: names separated by slashes, "" for a clone. -ENOENT also when only a part was found. */
UNUSED static int t_walk(struct peer *p, uint32_t fid, uint32_t newfid, const char *path)
{
	struct p9_msg m = {.type = P9_Twalk, .tag = 1, .twalk = {.fid = fid, .newfid = newfid}};
	while (*path) {
		size_t n = strcspn(path, "/");
		m.twalk.wname[m.twalk.nwname++] = (struct p9_str){path, (uint16_t)n};
		path += n + (path[n] == '/');
	}
	int r = call(p, m);
	return !r && p->r.rwalk.nwqid < m.twalk.nwname ? -ENOENT : r;
}

UNUSED static int t_clunk(struct peer *p, uint32_t fid)
{
	return CALL(p, P9_Tclunk, .tclunk = {fid});
}

UNUSED static int t_open(struct peer *p, uint32_t fid, uint32_t flags)
{
	return CALL(p, P9_Tlopen, .tlopen = {fid, flags});
}

/* Walks from fid 0 and opens as `fid`. */
UNUSED static int t_open_path(struct peer *p, uint32_t fid, const char *path, uint32_t flags)
{
	int r = t_walk(p, 0, fid, path);
	if (r)
		return r;
	r = t_open(p, fid, flags);
	if (r)
		t_clunk(p, fid);
	return r;
}

UNUSED static int t_create(
	struct peer *p, uint32_t fid, const char *name, uint32_t flags, uint32_t mode)
{
	int r = t_walk(p, 0, fid, "");
	if (!r)
		r = CALL(
			p, P9_Tlcreate, .tlcreate = {fid, p9_str(name), flags, mode, (uint32_t)-1});
	return r;
}

UNUSED static int t_write(
	struct peer *p, uint32_t fid, uint64_t offset, const void *data, uint32_t n)
{
	int r = CALL(p, P9_Twrite, .twrite = {fid, offset, {data, n}});
	return r ? r : (int)p->r.rwrite.count;
}

UNUSED static int t_read(struct peer *p, uint32_t fid, uint64_t offset, void *buf, uint32_t n)
{
	int r = CALL(p, P9_Tread, .tread = {fid, offset, n});
	if (r)
		return r;
	CHECK(p->r.rread.data.len <= n);
	memcpy(buf, p->r.rread.data.p, p->r.rread.data.len);
	return (int)p->r.rread.data.len;
}

UNUSED static int t_getattr(struct peer *p, uint32_t fid)
{
	return CALL(p, P9_Tgetattr, .tgetattr = {fid, P9_GETATTR_ALL});
}

/* 9P2000.L.metac; newfid P9_NOFID: none */
UNUSED static int t_lookup(struct peer *p, uint32_t dfid, uint32_t newfid, const char *name)
{
	return CALL(p, P9_Tlookup,
		.tlookup = {dfid, newfid, p9_str(name), P9_GETATTR_BASIC | P9_GETATTR_GEN, 0});
}

UNUSED static int t_openat(struct peer *p, uint32_t fid, uint32_t newfid, const char *name,
	uint32_t flags, uint32_t count)
{
	return CALL(p, P9_Topenat,
		.topenat = {fid, newfid, p9_str(name), flags, P9_GETATTR_BASIC, 0, count});
}

UNUSED static int t_createat(struct peer *p, uint32_t dfid, uint32_t newfid, const char *name,
	uint32_t flags, uint32_t mode)
{
	return CALL(p, P9_Tcreateat,
		.tcreateat = {
			dfid, newfid, p9_str(name), flags, mode, (uint32_t)-1, P9_GETATTR_BASIC});
}

UNUSED static int t_makeat(struct peer *p, uint32_t dfid, uint32_t newfid, const char *name,
	uint32_t mode, const char *target)
{
	return CALL(p, P9_Tmakeat,
		.tmakeat = {dfid, newfid, p9_str(name), mode, 0, 0, (uint32_t)-1, p9_str(target),
			P9_GETATTR_BASIC});
}

/* n groups, 4 bytes each in this machine's order. */
UNUSED static int t_attachx(struct peer *p, uint32_t fid, uint32_t uid, uint32_t gid,
	const uint32_t *groups, uint32_t n)
{
	return CALL(p, P9_Tattachx, .tattachx = {fid, p9_str(""), uid, gid, {groups, 4 * n}});
}

UNUSED static int t_unlink(struct peer *p, uint32_t fid, const char *name, uint32_t flags)
{
	return CALL(p, P9_Tunlinkat, .tunlinkat = {fid, p9_str(name), flags});
}

/* --- the tree --- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void tree_make(void)
{
	strcpy(tree, "/tmp/metac-9p-XXXXXX");
	CHECK(mkdtemp(tree));
	CHECK(!chmod(tree, 0777));
	tree_dir = open(tree, O_PATH | O_CLOEXEC);
	umask(0);
}

static void tree_remove(void)
{
	close(tree_dir);
	nftw(tree, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

UNUSED static void put_file(const char *name, const char *text)
{
	int fd = openat(tree_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	CHECK(fd >= 0);
	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A connection, not even a version said. */
static void peer_connect(struct peer *p, struct p9_options options)
{
	int s[2];
	*p = (struct peer){.options = options};
	if (!p->options.msize)
		p->options.msize = P9_MAX_MSIZE;
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	p->fd = s[0];
	p->server_fd = s[1];
	p->tree_fd = tree_dir;
	p->buf = malloc(P9_MAX_MSIZE);
	CHECK(!pthread_create(&p->thread, NULL, serve, p));
}

static void peer_say_version(struct peer *p, uint32_t msize, const char *version)
{
	struct p9_msg m = {.type = P9_Tversion, .tag = P9_NOTAG};
	m.tversion.msize = msize;
	m.tversion.version = p9_str(version);
	CHECK_INT(call(p, m), 0);
	CHECK(p9_str_eq(p->r.rversion.version, version));
	p->msize = p->r.rversion.msize;
}

static void peer_version(struct peer *p, uint32_t msize)
{
	peer_say_version(p, msize, P9_VERSION);
}

/* Attached as root (or whoever the options say) with fid 0. */
static void peer_start(struct peer *p, struct p9_options options)
{
	peer_connect(p, options);
	peer_version(p, P9_MAX_MSIZE);
	CHECK_INT(t_attach(p, 0, "root", 0), 0);
}

static void peer_stop(struct peer *p)
{
	close(p->fd);
	pthread_join(p->thread, NULL);
	free(p->buf);
}

UNUSED static void start(struct peer *p)
{
	tree_make();
	peer_start(p, (struct p9_options){});
}

/* The same with 9P2000.L.metac. */
UNUSED static void peer_start_metac(struct peer *p, struct p9_options options)
{
	peer_connect(p, options);
	peer_say_version(p, P9_MAX_MSIZE, P9_VERSION_METAC);
	CHECK_INT(t_attach(p, 0, "root", 0), 0);
}

UNUSED static void start_metac(struct peer *p)
{
	tree_make();
	peer_start_metac(p, (struct p9_options){});
}

UNUSED static void stop(struct peer *p)
{
	peer_stop(p);
	tree_remove();
}

UNUSED static void need_root(void)
{
	if (geteuid())
		test_skip("needs root");
}
