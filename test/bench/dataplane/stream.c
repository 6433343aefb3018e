/* SPDX-License-Identifier: MIT */
/*
 * Pipes between two connections: load, and what they are compared with.
 *
 *	stream load SINK DIAL SECONDS    listens on SINK, sends 128 KiB writes to DIAL
 *	stream ping SINK DIAL SECONDS    64 bytes there and back
 *	stream idle SINK DIAL COUNT      opens COUNT pipes and holds them until its input ends
 *	stream pump LISTEN TARGET WORKER each connection to LISTEN and one to TARGET go to the pump
 *of metacd-worker, which is WORKER stream epoll LISTEN TARGET       a bare pump: epoll and splice,
 *for comparison
 *
 * The first three print one line of JSON.
 */
#include "core/pump-control.h"
#include "net.h"
#include "sys/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { BLOCK = 128 << 10, SINK_BLOCK = 1 << 20, MESSAGE = 64, WARM_UP = 50, EVENTS = 256 };

/* ---- load ---------------------------------------------------------------------------------- */

static void *sender(void *arg)
{
	static char block[BLOCK];
	int fd = net_dial(arg);
	while (write(fd, block, sizeof(block)) > 0)
		;
	return NULL;
}

static int load(int listener, char *dial, double seconds)
{
	static char buf[SINK_BLOCK];
	pthread_t thread;
	pthread_create(&thread, NULL, sender, dial);
	int fd = net_accept(listener);
	for (int i = 0; i < WARM_UP; i++)
		if (read(fd, buf, sizeof(buf)) <= 0)
			die("sink");
	uint64_t bytes = 0;
	double start = now_s(), t = start;
	for (; t - start < seconds; t = now_s()) {
		ssize_t n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			die("sink");
		bytes += (uint64_t)n;
	}
	printf("{\"mbps\": %.1f, \"gb\": %.4f}\n", (double)bytes / (t - start) / 1e6,
		(double)bytes / 1e9);
	fflush(stdout);
	_exit(0);
}

/* ---- ping ---------------------------------------------------------------------------------- */

static void *echo(void *arg)
{
	char buf[MESSAGE];
	int fd = net_accept(*(int *)arg);
	for (ssize_t n; (n = read(fd, buf, sizeof(buf))) > 0;)
		net_write(fd, buf, (size_t)n);
	return NULL;
}

static int ping(int listener, char *dial, double seconds)
{
	char buf[MESSAGE] = "";
	pthread_t thread;
	struct samples s;
	samples_init(&s);
	pthread_create(&thread, NULL, echo, &listener);
	int fd = net_dial(dial);
	double start = now_s(), t = start;
	while (t - start < seconds) {
		net_write(fd, buf, sizeof(buf));
		net_read(fd, buf, sizeof(buf));
		double end = now_s();
		samples_add(&s, end - t);
		t = end;
	}
	printf("{\"p50us\": %.2f, \"p99us\": %.2f, \"kops\": %.3f}\n", samples_at(&s, 0.5),
		samples_at(&s, 0.99), (double)s.n / 1e3);
	fflush(stdout);
	_exit(0);
}

/* ---- idle ---------------------------------------------------------------------------------- */

static int idle(int listener, char *dial, unsigned count)
{
	double start = now_s();
	for (unsigned i = 0; i < count; i++) {
		char byte = 'x';
		int out = net_dial(dial), in = net_accept(listener);
		net_write(out, &byte, 1);
		net_read(in, &byte, 1);
	}
	printf("{\"opened\": %u, \"per_s\": %.0f}\n", count, count / (now_s() - start));
	fflush(stdout);
	(void)getchar();
	return 0;
}

/* ---- the pump of metacd-worker --------------------------------------------------------------- */

static void give(int control, int listener, const char *target, uint32_t id)
{
	const struct pump_message m = {.type = PUMP_ADD, .id = id};
	int fds[2] = {net_accept(listener), net_dial(target)};
	while (pump_message_send(control, &m, fds) == -EAGAIN)
		(void)poll(&(struct pollfd){.fd = control, .events = POLLOUT}, 1, -1);
	fd_close(fds[0]);
	fd_close(fds[1]);
}

static int pump(int listener, const char *target, const char *worker)
{
	static uint32_t unused[1 << 15];
	uint32_t n_unused = 0, n_ids = 0;
	int pair[2];
	struct spawn_child child;
	spawn_worker_set(open(worker, O_PATH | O_CLOEXEC));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
		spawn_worker((const char *const[]){"metacd: pump", "--role=pump", NULL}, &pair[1],
			1, &child) < 0)
		die("pump");
	close(pair[1]);
	struct pollfd p[] = {{.fd = pair[0], .events = POLLIN}, {.fd = listener, .events = POLLIN}};
	while (poll(p, 2, -1) > 0) {
		struct pump_message m;
		int fds[2], r = 0;
		while (p[0].revents && (r = pump_message_recv(pair[0], &m, fds)) == 1)
			unused[n_unused++] = m.id;
		if (p[0].revents && r != -EAGAIN)
			die("the pump has ended");
		if (p[1].revents)
			give(pair[0], listener, target, n_unused ? unused[--n_unused] : n_ids++);
	}
	return 1;
}

/* ---- a bare pump --------------------------------------------------------------------------- */

struct bare { /* one end */
	int fd, pipe[2];
	size_t held;
	struct bare *other;
	bool ended;
};

static int kept[256][2];
static int n_kept;

static bool bare_pipe(struct bare *b)
{
	if (n_kept) {
		n_kept--;
		memcpy(b->pipe, kept[n_kept], sizeof(b->pipe));
		return true;
	}
	if (pipe2(b->pipe, O_NONBLOCK | O_CLOEXEC) < 0)
		return false;
	(void)fcntl(b->pipe[1], F_SETPIPE_SZ, 256 << 10);
	return true;
}

static void bare_keep(struct bare *b)
{
	if (n_kept < 256) {
		memcpy(kept[n_kept++], b->pipe, sizeof(b->pipe));
	} else {
		close(b->pipe[0]);
		close(b->pipe[1]);
	}
	b->pipe[0] = -1;
}

static void bare_move(struct bare *b)
{
	for (;;) {
		if (!b->held) {
			if (b->ended || (b->pipe[0] < 0 && !bare_pipe(b)))
				return;
			ssize_t n = splice(b->fd, NULL, b->pipe[1], NULL, 256 << 10,
				SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
			if (n <= 0) {
				b->ended = n == 0 || errno != EAGAIN;
				if (b->ended)
					(void)shutdown(b->other->fd, SHUT_WR);
				bare_keep(b);
				return;
			}
			b->held = (size_t)n;
		}
		ssize_t n = splice(b->pipe[0], NULL, b->other->fd, NULL, b->held,
			SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n <= 0)
			return;
		b->held -= (size_t)n;
	}
}

/* Ends that are done are closed, and a few bytes of memory lost: it lives for one benchmark. */
static void bare_turn(struct bare *b)
{
	bare_move(b);
	bare_move(b->other);
	if (b->ended && b->other->ended && !b->held && !b->other->held && b->fd >= 0) {
		close(b->fd);
		close(b->other->fd);
		b->fd = b->other->fd = -1;
	}
}

static void bare_add(int epoll, int listener, const char *target)
{
	struct bare *b = calloc(2, sizeof(*b));
	if (!b)
		die("bare pump");
	b[0] = (struct bare){.fd = net_accept(listener), .pipe = {-1, -1}, .other = &b[1]};
	b[1] = (struct bare){.fd = net_dial(target), .pipe = {-1, -1}, .other = &b[0]};
	for (int i = 0; i < 2; i++) {
		struct epoll_event e = {
			.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = &b[i]};
		(void)fcntl(b[i].fd, F_SETFL, O_NONBLOCK);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, b[i].fd, &e) < 0)
			die("bare pump");
	}
}

static int bare(int listener, const char *target)
{
	struct epoll_event events[EVENTS], e = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e) < 0)
		die("bare pump");
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct bare *b = events[i].data.ptr;
			if (!b)
				bare_add(epoll, listener, target);
			else if (b->fd >= 0)
				bare_turn(b);
		}
	}
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	if (argc < 4)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	int listener = net_listen(argv[2]);
	if (!strcmp(argv[1], "epoll"))
		return bare(listener, argv[3]);
	if (argc < 5)
		return 2;
	if (!strcmp(argv[1], "pump"))
		return pump(listener, argv[3], argv[4]);
	if (!strcmp(argv[1], "load"))
		return load(listener, argv[3], strtod(argv[4], NULL));
	if (!strcmp(argv[1], "ping"))
		return ping(listener, argv[3], strtod(argv[4], NULL));
	if (!strcmp(argv[1], "idle"))
		return idle(listener, argv[3], (unsigned)strtoul(argv[4], NULL, 10));
	return 2;
}
