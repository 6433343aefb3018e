/* SPDX-License-Identifier: MIT */
/*
 * Role `9p-mount`: one mounted tree.
 *
 *	3   the 9P connection, a stream socket
 *	4   /dev/fuse, mounted already
 *	5   status: 'A' when the 9P session is attached, 'L' when the connection is lost
 *
 *	--read-only    answer every change with EROFS
 *	--msize=N      the most to offer for one 9P message (default 1 MiB)
 *	--aname=NAME   the tree to attach to (default: the server's only one)
 *
 * Theory of operation: one thread polls the socket and /dev/fuse.  FUSE requests are taken in only
 * while the 9P side is not congested, so what is in memory is bounded; replies are always taken in.
 * What a batch of requests has to send goes out with one call.  When the connection ends, every
 * request, open or later, answers EIO; the process stays until it is unmounted, so that nobody
 * writes into the directory underneath by mistake.
 */
#include "base/log.h"
#include "svc/fs/fuse/9p-mount.h"
#include "svc/fs/fs-mount.h"
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-inval.h"
#include "svc/fs/fuse/fuse9p-kept.h"
#include "sys/landlock.h"
#include "sys/seccomp.h"

#include <fcntl.h>
#include <getopt.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { FD_CONN = 3, FD_FUSE = 4, FD_STATUS = 5 };
enum { FUSE_BATCH = 64, RECV_BATCH = 16, MAX_OPS = 4096 };

struct worker {
	struct f9 fs;
	struct p9_client *client;
	struct fuse_session *session;
	struct fuse_buf buf;
	int conn, inval_fd;
	bool attached, lost, failed;
	uint32_t root_fid;
};

static void tell(char status)
{
	/* Nobody may be listening any more; that is not this process's trouble. */
	if (write(FD_STATUS, &status, 1) < 0)
		log_debug("status: %s", strerror(errno));
}

static void lose(struct worker *w, const char *why)
{
	if (w->lost)
		return;
	w->lost = true;
	log_debug("connection lost: %s", why);
	f9_over(&w->fs, -EIO);
	(void)shutdown(w->conn, SHUT_RDWR);
	if (w->attached) {
		tell(FS_MOUNT_LOST);
		f9_inval_open_files(&w->fs);
	}
}

/* ---- the 9P session ---- */

static void on_attached(void *user, int error, const struct p9_msg *m)
{
	struct worker *w = user;
	if (!error) {
		struct p9_qid qid = m->rattach.qid;
		w->fs.root = f9_node_get(&w->fs, &qid, NULL, NULL);
		error = w->fs.root ? 0 : -ENOMEM;
	}
	if (!error && !(w->fs.root->qid.type & P9_QTDIR))
		error = -ENOTDIR;
	if (error) {
		log_error("attach: %s", strerror(-error));
		w->failed = true;
		return;
	}
	f9_fid_adopt(&w->fs, w->fs.root, 0, w->root_fid);
	w->attached = true;
	f9_up(&w->fs);
}

static void on_version(void *user, int error, const struct p9_msg *m)
{
	struct worker *w = user;
	struct p9_msg attach = {.type = P9_Tattach};
	if (!error)
		error = p9_client_fid_new(w->client, &w->root_fid);
	if (!error) {
		attach.tattach.fid = w->root_fid;
		attach.tattach.afid = P9_NOFID;
		attach.tattach.uname = p9_str("");
		attach.tattach.aname = p9_str(w->fs.aname);
		attach.tattach.n_uname = 0;
		error = p9_client_request(w->client, &attach, on_attached, w);
	}
	if (error < 0) {
		log_error("9P version: %s", strerror(-error));
		w->failed = true;
	}
}

/* ---- moving bytes ---- */

static void send_output(struct worker *w)
{
	while (!w->lost) {
		const void *p;
		size_t n;
		p9_client_output(w->client, &p, &n);
		if (n == 0)
			return;
		ssize_t r = send(w->conn, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (r >= 0)
			p9_client_output_done(w->client, (size_t)r);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			lose(w, strerror(errno));
	}
}

static void receive_input(struct worker *w)
{
	for (int i = 0; i < RECV_BATCH && !w->lost; i++) {
		void *p;
		size_t room;
		p9_client_input_buffer(w->client, &p, &room);
		ssize_t r = recv(w->conn, p, room, MSG_DONTWAIT);
		if (r < 0 && errno == EAGAIN)
			return;
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			lose(w, r < 0 ? strerror(errno) : "end of stream");
			return;
		}
		int e = p9_client_input(w->client, (size_t)r);
		if (e < 0)
			lose(w, strerror(-e));
		if ((size_t)r < room)
			return;
	}
}

static bool busy(const struct worker *w)
{
	return !w->lost && (p9_client_congested(w->client) || w->fs.n_ops >= MAX_OPS);
}

static int receive_fuse(struct worker *w)
{
	for (int i = 0; i < FUSE_BATCH && !busy(w) && !fuse_session_exited(w->session); i++) {
		int r = fuse_session_receive_buf(w->session, &w->buf);
		if (r == -EINTR)
			continue;
		if (r == -EAGAIN)
			return 0;
		if (r <= 0)
			return r < 0 ? r : -ENODEV; /* unmounted */
		fuse_session_process_buf(w->session, &w->buf);
	}
	return 0;
}

static bool output_waits(const struct worker *w)
{
	const void *p;
	size_t n;
	p9_client_output(w->client, &p, &n);
	return n > 0;
}

/* Does what is due by now; returns the milliseconds until something is, -1: nothing. */
static int run_due(struct f9 *fs)
{
	int due[] = {f9_sleepers_run(fs), f9_data_run(fs), f9_kept_run(fs)}, least = -1;
	for (size_t i = 0; i < ARRAY_SIZE(due); i++)
		if (due[i] >= 0 && (least < 0 || due[i] < least))
			least = due[i];
	return least;
}

static int run(struct worker *w)
{
	int fuse_fd = fuse_session_fd(w->session), r = 0;
	while (!fuse_session_exited(w->session) && r >= 0) {
		int timeout = run_due(&w->fs);
		send_output(w);
		struct pollfd p[] = {
			{.fd = fuse_fd, .events = busy(w) ? 0 : POLLIN},
			{.fd = w->inval_fd, .events = POLLIN},
			{.fd = w->lost ? -1 : w->conn,
				.events = (short)(POLLIN | (output_waits(w) ? POLLOUT : 0))},
		};
		if (poll(p, ARRAY_SIZE(p), timeout) < 0 && errno != EINTR)
			return -errno;
		if (p[2].revents)
			receive_input(w);
		if (p[1].revents)
			f9_inval_run(w->fs.invalidator);
		if (p[0].revents & POLLIN)
			r = receive_fuse(w);
		else if (p[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			return 0; /* unmounted */
	}
	return r == -ENODEV ? 0 : r;
}

/* Until the tree is attached no FUSE request is looked at. */
static int attach(struct worker *w)
{
	int r = p9_client_start(w->client, on_version, w);
	while (r >= 0 && !w->attached) {
		send_output(w);
		struct pollfd p = {
			.fd = w->conn, .events = (short)(POLLIN | (output_waits(w) ? POLLOUT : 0))};
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
		if (p.revents)
			receive_input(w);
		if (w->lost || w->failed)
			return -EIO;
	}
	return r < 0 ? r : 0;
}

/* ---- the first words with the kernel ---- */

/*
 * libfuse 3.14 knows neither all that the kernel offers nor lets us read ahead further than the
 * kernel's default, so its answer to FUSE_INIT is corrected on the way:
 *
 *	max_readahead       what fs-mount.c asked the kernel for is not taken back
 *	HANDLE_KILLPRIV_V2  the server's kernel clears set-user-id bits and capabilities when a file
 *is written (each fid being of the user who opened it), so that the kernel here need not ask for
 *"security.capability" before each write DIRECT_IO_ALLOW_MMAP  files opened for appending can be
 *mapped all the same
 */
#define INIT_DIRECT_IO_ALLOW_MMAP (UINT64_C(1) << 36)

static uint64_t init_offered(const struct fuse_init_in *in, size_t n)
{
	uint64_t flags = in->flags;
	if ((flags & FUSE_INIT_EXT) && n >= offsetof(struct fuse_init_in, unused))
		flags |= (uint64_t)in->flags2 << 32;
	return flags;
}

static ssize_t fuse_read(int fd, void *buf, size_t size, void *user)
{
	struct f9 *fs = user;
	ssize_t n = read(fd, buf, size);
	const struct fuse_in_header *h = buf;
	if (n >= (ssize_t)(sizeof(*h) + 16) && h->opcode == FUSE_INIT) {
		fs->init_unique = h->unique;
		fs->init_offered = init_offered((const void *)(h + 1), (size_t)n - sizeof(*h));
	}
	return n;
}

static void correct_init(const struct f9 *fs, struct fuse_init_out *out)
{
	uint64_t flags = out->flags | (uint64_t)out->flags2 << 32;
	if (fs->init_offered & FUSE_HANDLE_KILLPRIV_V2) {
		flags |= FUSE_HANDLE_KILLPRIV_V2;
		flags &= ~(uint64_t)FUSE_HANDLE_KILLPRIV;
	}
	if (fs->init_offered & FUSE_INIT_EXT)
		flags |= (fs->init_offered & INIT_DIRECT_IO_ALLOW_MMAP) | FUSE_INIT_EXT;
	out->flags = (uint32_t)flags;
	out->flags2 = (uint32_t)(flags >> 32);
	out->max_readahead = P9_MAX_MSIZE;
}

static ssize_t fuse_writev(int fd, struct iovec *iov, int count, void *user)
{
	struct f9 *fs = user;
	const struct fuse_out_header *h = iov[0].iov_base;
	if (fs->init_unique && h->unique == fs->init_unique && count == 2 &&
		iov[1].iov_len >= sizeof(struct fuse_init_out)) {
		correct_init(fs, iov[1].iov_base);
		fs->init_unique = 0;
	}
	return writev(fd, iov, count);
}

/* ---- start ---- */

static int lock_down(void)
{
	static const char *const calls[] = {
		"@base", "@loop", "@socket", "@thread", "readv", "writev", "pread64", NULL};
	struct landlock l;
	int r = landlock_init(&l);
	if (r >= 0)
		r = landlock_restrict(&l);
	return r < 0 ? r : seccomp_confine(calls, SECCOMP_ELSE_KILL);
}

/* Names this mount among all that lock files on the server. */
static int set_client_id(struct f9 *fs)
{
	uint8_t random[8];
	char host[17] = "";
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	(void)gethostname(host, sizeof(host) - 1);
	int n = snprintf(fs->client_id, sizeof(fs->client_id), "%s-", host);
	for (size_t i = 0; i < sizeof(random); i++)
		n += snprintf(
			fs->client_id + n, sizeof(fs->client_id) - (size_t)n, "%02x", random[i]);
	return 0;
}

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static int start(struct worker *w, uint32_t msize)
{
	char *args[] = {(char[]){"metacd"}, NULL};
	struct fuse_args fuse_args = FUSE_ARGS_INIT(1, args);
	struct p9_client_config config = {.msize = msize, .max_requests = 4096};
	int r = p9_client_new(&config, &w->client);
	if (r >= 0)
		r = f9_init(&w->fs, w->client);
	if (r >= 0)
		r = set_client_id(&w->fs);
	if (r >= 0)
		r = set_nonblocking(FD_FUSE);
	if (r < 0)
		return r;
	w->session = fuse_session_new(&fuse_args, &f9_fuse_ops, sizeof(f9_fuse_ops), &w->fs);
	fuse_opt_free_args(&fuse_args);
	w->fs.session = w->session;
	static const struct fuse_custom_io io = {.writev = fuse_writev, .read = fuse_read};
	if (!w->session || fuse_session_custom_io(w->session, &io, FD_FUSE) < 0)
		return -EINVAL;
	r = lock_down();
	if (r >= 0)
		r = f9_inval_new(&w->fs, &w->fs.invalidator, &w->inval_fd);
	return r;
}

/* Open requests are answered with EIO before what they refer to goes. */
static void finish(struct worker *w)
{
	if (w->client)
		f9_over(&w->fs, -EIO);
	f9_inval_free(w->fs.invalidator);
	f9_done(&w->fs);
	p9_client_free(w->client);
	free(w->buf.mem);
	if (w->session)
		fuse_session_destroy(w->session);
}

static int parse(int argc, char **argv, struct worker *w, uint32_t *ret_msize)
{
	static const struct option options[] = {
		{"read-only", no_argument, NULL, 'r'},
		{"msize", required_argument, NULL, 'm'},
		{"aname", required_argument, NULL, 'a'},
		{},
	};
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'r')
			w->fs.read_only = true;
		else if (c == 'm')
			*ret_msize = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c == 'a')
			w->fs.aname = optarg;
		else
			return -EINVAL;
	}
	return 0;
}

int role_9p_mount(int argc, char **argv)
{
	struct worker w = {.conn = FD_CONN, .inval_fd = -EBADF, .fs.aname = ""};
	uint32_t msize = P9_MAX_MSIZE;
	if (parse(argc, argv, &w, &msize) < 0)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	int r = start(&w, msize);
	if (r >= 0)
		r = attach(&w);
	if (r >= 0) {
		tell(FS_MOUNT_ATTACHED);
		r = run(&w);
	}
	if (r < 0)
		log_error("mount: %s", strerror(-r));
	finish(&w);
	return r < 0;
}
