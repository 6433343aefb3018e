/* SPDX-License-Identifier: MIT */
/*
 * Role `9p-mount`: one mounted tree; its options and descriptors are in 9p-mount.h.
 *
 * Theory of operation: one thread polls the connection, /dev/fuse, the control socket and the
 * invalidator.  FUSE requests are taken in only while the 9P side is not congested, so what is in
 * memory is bounded; replies are always taken in.  What a batch of requests has to send goes out
 * with one call.
 *
 * When the connection ends, or another one comes, all requests are parked (fuse9p.c) until what is
 * open has been found again (fuse9p-recover.c).  A cut is noticed when data or a keep-alive probe
 * is not acknowledged for DEAD_SECONDS; a server that has the connection but says nothing while it
 * is to be agreed on what was lost is given up after STALL_MS.
 */
#include "base/log.h"
#include "svc/fs/fuse/9p-mount.h"
#include "svc/fs/fs-mount.h"
#include "svc/fs/fuse/fuse9p-data.h"
#include "svc/fs/fuse/fuse9p-idmap.h"
#include "svc/fs/fuse/fuse9p-inval.h"
#include "svc/fs/fuse/fuse9p-kept.h"
#include "sys/landlock.h"
#include "sys/seccomp.h"

#include <fcntl.h>
#include <getopt.h>
#include <linux/fuse.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
	FUSE_BATCH = 64,
	RECV_BATCH = 16,
	MAX_OPS = 4096,
	MAX_WAITING = 65536, /* the same without a connection, when they do nothing but wait: what
				interrupts them comes the same way */
	MAX_FIDS = P9_CLIENT_MAX_FIDS,
	DEAD_SECONDS = 10,
	STALL_MS = 20000,
	CLUNK_MS = 10, /* how long fids that go back wait for company */
};

struct worker {
	struct f9 fs;
	struct p9_client *client;
	struct fuse_session *session;
	struct fuse_buf buf;
	struct f9_idmap user_map, group_map;
	int control, conn, inval_fd; /* control -EBADF: the service is gone */
	bool attached; /* it has been told so */
	bool told_lost;
	int refused; /* negative errno: the server is not what was looked for */
	char why[64]; /* what was asked of it */
	uint64_t heard_ms; /* when something came from the server */
	uint64_t lazy_ms; /* since when there is something to send that can wait; 0: there is not */
	uint64_t bytes_in, bytes_out;
};

/* ---- words with the service ---- */

static void tell(struct worker *w, enum mount_message_type type, int error, const char *text)
{
	if (w->control < 0)
		return;
	int r = mount_word_send(w->control, type, error, text);
	if (r < 0)
		log_debug("control: %s", strerror(-r));
}

static void tell_stats(struct worker *w)
{
	struct mount_message m = {.type = MOUNT_STATS};
	struct mount_stats *s = &m.stats;
	s->connections = w->fs.n_connections;
	s->requests = w->fs.n_requests;
	s->waiting = w->fs.n_ops;
	s->bytes_in = w->bytes_in;
	s->bytes_out = w->bytes_out;
	s->dirty = w->fs.held;
	list_for_each (it, &w->fs.handles) {
		s->open_files++;
		s->lost_files += list_entry(it, struct f9_handle, on_fs)->error != 0;
	}
	(void)mount_message_send(w->control, &m, -EBADF);
}

/* The connection is given up. Not from inside the client's callbacks. */
static void lose(struct worker *w, const char *why)
{
	if (w->conn < 0)
		return;
	log_debug("connection lost: %s", why);
	(void)shutdown(w->conn, SHUT_RDWR);
	w->conn = fd_close(w->conn);
	f9_park_all(&w->fs);
	if (!w->told_lost && !w->refused)
		tell(w, MOUNT_LOST_CONNECTION, 0, why);
	w->told_lost = true;
	/* Nobody is there to find another one. */
	if (w->control < 0)
		f9_over(&w->fs, -EIO);
}

static void over(struct worker *w, int error)
{
	w->told_lost = true;
	lose(w, "it is over");
	f9_over(&w->fs, error);
	/* What is cached must not be read any longer. */
	f9_inval_open_files(&w->fs);
}

/* ---- connections ---- */

static void on_recovered(void *user, int error, const char *text)
{
	struct worker *w = user;
	if (error) {
		w->refused = error;
		(void)snprintf(w->why, sizeof(w->why), "%s", text);
		return;
	}
	tell(w, w->attached ? MOUNT_RECOVERED : MOUNT_ATTACHED, 0, NULL);
	w->attached = true;
	w->told_lost = false;
}

/* The server has said something that cannot be: after the callback that heard it. */
static void refuse(struct worker *w)
{
	if (!w->refused)
		return;
	tell(w, MOUNT_REFUSED, -w->refused, w->why);
	lose(w, w->why);
	w->refused = 0;
}

/* A peer that vanished is noticed soon. Other sockets than TCP's need none of this. */
static void watch_peer(int fd)
{
	unsigned timeout = DEAD_SECONDS * 1000;
	int on = 1, idle = DEAD_SECONDS / 2, every = 2, probes = 3;
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void connect_to(struct worker *w, int takes_fd)
{
	if (w->fs.over) {
		fd_close(takes_fd);
		return;
	}
	w->told_lost = true; /* there is another already */
	lose(w, "there is another connection");
	w->told_lost = false; /* but of this one, before it is of any use, nobody knows */
	w->conn = takes_fd;
	watch_peer(w->conn);
	w->heard_ms = f9_now_ms();
	int r = f9_recover(&w->fs, on_recovered, w);
	if (r < 0)
		lose(w, strerror(-r));
}

static bool ask_killed(struct f9 *fs, uint64_t number, pid_t pid)
{
	struct worker *w = container_of(fs, struct worker, fs);
	struct mount_message m = {.type = MOUNT_KILLED, .who = {.id = number, .pid = pid}};
	return w->control >= 0 && mount_message_send(w->control, &m, -EBADF) >= 0;
}

/* All that the service has said. */
static void receive_control(struct worker *w)
{
	struct mount_message m;
	for (;;) {
		int fd, r = mount_message_recv(w->control, &m, &fd);
		if (r == -EAGAIN)
			return;
		if (r <= 0) {
			log_debug("control: %s", r ? strerror(-r) : "the service is gone");
			w->control = -EBADF;
			if (w->conn < 0)
				over(w, -EIO);
			return;
		}
		if (m.type == MOUNT_CONNECTION)
			connect_to(w, fd);
		else if (m.type == MOUNT_OVER)
			over(w, m.error ? -m.error : -EIO);
		else if (m.type == MOUNT_STATS)
			tell_stats(w);
		else if (m.type == MOUNT_KILLED && m.error == 0)
			f9_interrupt(&w->fs, m.who.id);
	}
}

/* ---- moving bytes ---- */

static bool output_waits(const struct worker *w)
{
	const void *p;
	size_t n;
	p9_client_output(w->client, &p, &n);
	return n > 0;
}

/* Milliseconds until what is to be sent has to be, 0: now. -1: there is nothing. */
static int output_due(struct worker *w)
{
	if (!output_waits(w)) {
		w->lazy_ms = 0;
		return -1;
	}
	if (!p9_client_output_can_wait(w->client))
		return 0;
	uint64_t now = f9_now_ms();
	if (!w->lazy_ms)
		w->lazy_ms = now;
	return now - w->lazy_ms < CLUNK_MS ? (int)(CLUNK_MS - (now - w->lazy_ms)) : 0;
}

static void send_output(struct worker *w)
{
	w->lazy_ms = 0;
	while (w->conn >= 0) {
		const void *p;
		size_t n;
		p9_client_output(w->client, &p, &n);
		if (n == 0)
			return;
		ssize_t r = send(w->conn, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (r >= 0) {
			p9_client_output_done(w->client, (size_t)r);
			w->bytes_out += (size_t)r;
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			lose(w, strerror(errno));
		}
	}
}

static void receive_input(struct worker *w)
{
	for (int i = 0; i < RECV_BATCH && w->conn >= 0; i++) {
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
		w->heard_ms = f9_now_ms();
		w->bytes_in += (size_t)r;
		int e = p9_client_input(w->client, (size_t)r);
		if (w->refused)
			refuse(w);
		else if (e < 0)
			lose(w, strerror(-e));
		if ((size_t)r < room)
			return;
	}
}

static bool busy(const struct worker *w)
{
	const struct f9 *fs = &w->fs;
	return fs->n_ops >= (unsigned)(fs->down ? MAX_WAITING : MAX_OPS) ||
	       fs->held > F9_MAX_HELD || (!fs->down && p9_client_congested(w->client));
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
		/* A single program's requests come one at a time: it waits for the answer. */
		if (w->fs.n_ops <= 1)
			return 0;
	}
	return 0;
}

/* Milliseconds until somebody waits no longer; -1: nobody does. */
static int earliest(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : MIN(a, b);
}

/* What is due now. */
static int run_timers(struct worker *w)
{
	struct f9 *fs = &w->fs;
	int next = earliest(f9_sleepers_run(fs), earliest(f9_data_run(fs), f9_kept_run(fs)));
	if (fs->recovery) {
		uint64_t quiet = f9_now_ms() - w->heard_ms;
		if (quiet >= STALL_MS)
			lose(w, "no answer");
		else
			next = earliest(next, (int)(STALL_MS - quiet));
	}
	next = earliest(next, f9_signalled_run(fs));
	return earliest(next, f9_parked_run(fs));
}

static int run(struct worker *w)
{
	int fuse_fd = fuse_session_fd(w->session), r = 0;
	while (!fuse_session_exited(w->session) && r >= 0) {
		int timeout = run_timers(w), due = output_due(w);
		if (due == 0)
			send_output(w);
		else
			timeout = earliest(timeout, due);
		struct pollfd p[] = {
			{.fd = fuse_fd, .events = busy(w) ? 0 : POLLIN},
			{.fd = w->inval_fd, .events = POLLIN},
			{.fd = w->conn,
				.events = (short)(POLLIN | (output_due(w) == 0 ? POLLOUT : 0))},
			{.fd = w->control, .events = POLLIN},
		};
		if (poll(p, ARRAY_SIZE(p), timeout) < 0 && errno != EINTR)
			return -errno;
		if (p[2].revents)
			receive_input(w);
		if (p[3].revents)
			receive_control(w);
		if (p[1].revents)
			f9_inval_run(w->fs.invalidator);
		if (p[0].revents & POLLIN)
			r = receive_fuse(w);
		else if (p[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			return 0; /* unmounted */
	}
	return r == -ENODEV ? 0 : r;
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
enum { OPCODE_TMPFILE = 51 };

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
	/* libfuse 3.14 does not know it, but it is a FUSE_CREATE in all else. */
	if (n >= (ssize_t)(sizeof(*h) + sizeof(struct fuse_create_in) + 2) &&
		h->opcode == OPCODE_TMPFILE) {
		((struct fuse_in_header *)buf)->opcode = FUSE_CREATE;
		strcpy((char *)(h + 1) + sizeof(struct fuse_create_in), F9_TMPFILE_NAME);
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
	out->max_readahead = FS_MOUNT_READ_AHEAD;
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

static int lock_down(int proc_fd)
{
	static const char *const calls[] = {"@base", "@loop", "@socket", "@thread", "readv",
		"writev", "pread64", "openat", /* beneath /proc: what groups a program has */
		NULL};
	struct landlock l;
	int r = landlock_init(&l);
	if (r >= 0 && proc_fd >= 0)
		r = landlock_allow(&l, proc_fd, LANDLOCK_MAY_READ);
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
	struct p9_client_config config = {
		.msize = msize, .max_requests = 4096, .max_fids = MAX_FIDS};
	int r = p9_client_new(&config, &w->client);
	if (r >= 0)
		r = f9_init(&w->fs, w->client);
	w->fs.ask_killed = ask_killed;
	if (r >= 0)
		r = set_client_id(&w->fs);
	if (r >= 0)
		r = set_nonblocking(MOUNT_FD_FUSE);
	if (r < 0)
		return r;
	w->session = fuse_session_new(&fuse_args, &f9_fuse_ops, sizeof(f9_fuse_ops), &w->fs);
	fuse_opt_free_args(&fuse_args);
	w->fs.session = w->session;
	static const struct fuse_custom_io io = {.writev = fuse_writev, .read = fuse_read};
	if (!w->session || fuse_session_custom_io(w->session, &io, MOUNT_FD_FUSE) < 0)
		return -EINVAL;
	w->fs.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = lock_down(w->fs.proc_fd);
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

static int map(struct worker *w, bool user, const char *text)
{
	struct f9_idmap *m = user ? &w->user_map : &w->group_map;
	if (user)
		w->fs.user_map = m;
	else
		w->fs.group_map = m;
	return f9_idmap_parse(m, text);
}

static int parse(int argc, char **argv, struct worker *w, uint32_t *ret_msize)
{
	static const struct option options[] = {
		{"read-only", no_argument, NULL, 'r'},
		{"msize", required_argument, NULL, 'm'},
		{"aname", required_argument, NULL, 'a'},
		{"timeout", required_argument, NULL, 't'},
		{"map-user", required_argument, NULL, 'u'},
		{"map-group", required_argument, NULL, 'g'},
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
		else if ((c == 'u' || c == 'g') && map(w, c == 'u', optarg) < 0)
			return -EINVAL;
		else if (c == 'u' || c == 'g')
			continue;
		else if (c == 't')
			w->fs.timeout_ms =
				(uint32_t)MIN(strtoul(optarg, NULL, 10), 1000000ul) * 1000;
		else
			return -EINVAL;
	}
	return 0;
}

int role_9p_mount(int argc, char **argv)
{
	struct worker w = {
		.control = MOUNT_FD_CONTROL, .conn = -EBADF, .inval_fd = -EBADF, .fs.aname = ""};
	uint32_t msize = P9_MAX_MSIZE;
	if (parse(argc, argv, &w, &msize) < 0)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	int r = start(&w, msize);
	if (r >= 0)
		r = run(&w);
	if (r < 0)
		log_error("mount: %s", strerror(-r));
	finish(&w);
	return r < 0;
}
