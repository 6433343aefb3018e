/* SPDX-License-Identifier: MIT */
/*
 * Puts an NBD server's export behind something of this host through our worker (role nbd-client),
 * without a node, for tests and measurements:
 *
 *	nbd-client [--read-only] [--timeout=N] [--retain=N] [--export=NAME] ADDRESS --fuse=DIRECTORY
 *	nbd-client [...] ADDRESS --listen=SOCKET
 *	nbd-client [...] ADDRESS --negotiate
 *
 * ADDRESS is a Unix socket's path or a port of 127.0.0.1.  It connects, and again whenever the
 * worker has lost its connection or has been refused, until that succeeds.  The worker is the real
 * one, lock-down included.  Prints "worker=PID", then what the worker says, a line each.  Takes
 * lines from its standard input: "flush", "stats", "size N", "over", "epoch TEXT" (of connections
 * from now on); at its end the worker loses its keeper, and with --fuse the file system is
 * unmounted.  The exit status is 0 if the worker then ends by itself with success.
 */
#include "core/block-control.h"
#include "svc/block/client/nbd-client.h"
#include "sys/priv.h"
#include "sys/spawn.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { RETRY_MS = 20, END_MS = 20000, ARGS_MAX = 12 };

struct keeper {
	const char *address, *fuse, *listen;
	const char *args[ARGS_MAX]; /* for the worker */
	size_t n_args;
	char epoch[BLOCK_EPOCH_MAX];
	struct spawn_child worker;
	int control;
	bool connected, over;
	char line[256]; /* of standard input, so far */
	size_t n_line;
};

static int unix_socket(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	strcpy(ret->sun_path, path);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return s < 0 ? -errno : s;
}

static int dial(const char *address)
{
	struct sockaddr_un un;
	struct sockaddr_in in = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(address)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	bool is_path = strchr(address, '/');
	AUTO_CLOSE int s = is_path ? unix_socket(address, &un)
				   : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = s < 0     ? -1
		: is_path ? connect(s, (struct sockaddr *)&un, sizeof(un))
			  : connect(s, (struct sockaddr *)&in, sizeof(in));
	return r < 0 ? -errno : TAKE_FD(s);
}

/* The worker gets another connection, if there is a server. */
static void connect_again(struct keeper *k)
{
	AUTO_CLOSE int s = dial(k->address);
	if (s < 0 || k->over)
		return;
	int r = block_connection_send(k->control, s, k->epoch, strlen(k->epoch));
	k->connected = r == 0;
}

/* ---- front ends ---- */

static int open_front(struct keeper *k)
{
	char options[128];
	struct sockaddr_un un;
	if (k->listen) {
		AUTO_CLOSE int s = unix_socket(k->listen, &un);
		(void)unlink(k->listen);
		if (s < 0 || bind(s, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(s, 64) < 0)
			return -errno;
		return TAKE_FD(s);
	}
	if (!k->fuse)
		return -EBADF;
	AUTO_CLOSE int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	(void)snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("metac:test", k->fuse, "fuse.metac", MS_NOSUID | MS_NODEV, options) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int start(struct keeper *k)
{
	const char *argv[ARGS_MAX + 3] = {"nbd-client: worker", "--role=nbd-client"};
	int pair[2];
	memcpy(argv + 2, k->args, k->n_args * sizeof(*argv));
	AUTO_CLOSE int front = open_front(k);
	if (front < 0 && (k->listen || k->fuse))
		return front;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	const int fds[] = {pair[1], front};
	int r = spawn_self(argv, fds, ARRAY_SIZE(fds), &k->worker);
	fd_close(pair[1]);
	k->control = pair[0];
	if (r >= 0)
		printf("worker=%d\n", k->worker.pid);
	return r;
}

/* ---- words ---- */

static void print_stats(const struct block_stats *s)
{
	printf("stats connections=%llu requests=%llu waiting=%llu read=%llu written=%llu "
	       "retained=%llu clients=%llu\n",
		(unsigned long long)s->connections, (unsigned long long)s->requests,
		(unsigned long long)s->waiting, (unsigned long long)s->bytes_read,
		(unsigned long long)s->bytes_written, (unsigned long long)s->retained,
		(unsigned long long)s->clients);
}

static void print_export(const char *word, const struct block_export *e)
{
	printf("%s size=%llu flags=%#x min=%u preferred=%u max=%u\n", word,
		(unsigned long long)e->size, e->flags, e->block_min, e->block_preferred,
		e->payload_max);
}

/* False: the worker has ended. */
static bool hear(struct keeper *k)
{
	struct block_message m;
	int fd, r = block_message_recv(k->control, &m, &fd);
	fd_close(fd);
	if (r == -EAGAIN)
		return true;
	if (r <= 0)
		return false;
	if (m.type == BLOCK_ATTACHED)
		print_export("attached", &m.export);
	else if (m.type == BLOCK_RECOVERED)
		print_export("recovered", &m.export);
	else if (m.type == BLOCK_LOST_CONNECTION)
		printf("lost %s\n", m.text);
	else if (m.type == BLOCK_REFUSED)
		printf("refused %u %s\n", (unsigned)m.error, m.text);
	else if (m.type == BLOCK_FLUSHED)
		printf("flushed %u\n", (unsigned)m.error);
	else if (m.type == BLOCK_STATS)
		print_stats(&m.stats);
	if (m.type == BLOCK_LOST_CONNECTION || m.type == BLOCK_REFUSED)
		k->connected = false;
	return true;
}

static void obey(struct keeper *k, const char *line)
{
	struct block_message m = {};
	if (!strcmp(line, "flush")) {
		m.type = BLOCK_FLUSH;
	} else if (!strcmp(line, "stats")) {
		m.type = BLOCK_STATS;
	} else if (!strcmp(line, "over")) {
		m.type = BLOCK_OVER;
		m.error = EIO;
		k->over = true;
	} else if (!strncmp(line, "size ", 5)) {
		m.type = BLOCK_RESIZE;
		m.size = strtoull(line + 5, NULL, 10);
	} else if (!strncmp(line, "epoch ", 6)) {
		(void)snprintf(k->epoch, sizeof(k->epoch), "%.40s", line + 6);
		return;
	} else {
		fprintf(stderr, "nbd-client: what is \"%s\"?\n", line);
		return;
	}
	(void)block_message_send(k->control, &m, -EBADF);
}

/* False: standard input has ended. */
static bool read_lines(struct keeper *k)
{
	ssize_t n = read(STDIN_FILENO, k->line + k->n_line, sizeof(k->line) - 1 - k->n_line);
	if (n <= 0)
		return false;
	k->n_line += (size_t)n;
	k->line[k->n_line] = 0;
	for (char *end; (end = strchr(k->line, '\n'));) {
		*end++ = 0;
		obey(k, k->line);
		k->n_line -= (size_t)(end - k->line);
		memmove(k->line, end, k->n_line + 1);
	}
	return k->n_line < sizeof(k->line) - 1;
}

static void keep(struct keeper *k)
{
	struct pollfd p[] = {
		{.fd = k->control, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	for (;;) {
		if (!k->connected)
			connect_again(k);
		if (poll(p, ARRAY_SIZE(p), k->connected || k->over ? -1 : RETRY_MS) < 0 &&
			errno != EINTR)
			return;
		if (p[0].revents && !hear(k))
			return;
		if (p[1].revents && !read_lines(k))
			return;
	}
}

static int finish(struct keeper *k)
{
	fd_close(k->control);
	int r = k->fuse ? umount2(k->fuse, 0) : 0;
	/* A loop device lets go of its file some time after it has been told to. */
	for (int i = 0; r < 0 && errno == EBUSY && i < END_MS / RETRY_MS; i++) {
		(void)poll(NULL, 0, RETRY_MS);
		r = umount2(k->fuse, 0);
	}
	if (r < 0 && errno != EINVAL)
		perror("nbd-client: umount");
	if (!k->worker.pid)
		return 1;
	struct pollfd p = {.fd = k->worker.pidfd, .events = POLLIN};
	bool in_time = poll(&p, 1, END_MS) == 1;
	if (!in_time)
		spawn_kill(&k->worker, SIGKILL);
	int status = spawn_wait(&k->worker);
	if (!in_time || status)
		fprintf(stderr, "nbd-client: the worker %s, status %d\n",
			in_time ? "failed" : "did not end", status);
	return !in_time || status != 0;
}

static int parse(int argc, char **argv, struct keeper *k)
{
	static const struct option options[] = {
		{"fuse", required_argument, NULL, 'f'},
		{"listen", required_argument, NULL, 'l'},
		{"negotiate", no_argument, NULL, 'n'},
		{"read-only", no_argument, NULL, 'r'},
		{"export", required_argument, NULL, 'e'},
		{"timeout", required_argument, NULL, 't'},
		{"retain", required_argument, NULL, 'k'},
		{},
	};
	static char texts[ARGS_MAX][64];
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		char *text = texts[k->n_args];
		if (c == '?' || k->n_args + 1 == ARGS_MAX)
			return -EINVAL;
		if (c == 't' || c == 'k' || c == 'e')
			(void)snprintf(text, sizeof(texts[0]), "--%s=%s",
				c == 'k'   ? "retain"
				: c == 't' ? "timeout"
					   : "export",
				optarg);
		k->args[k->n_args++] = c == 'f'   ? "--fuse"
				       : c == 'l' ? "--listen"
				       : c == 'n' ? "--negotiate"
				       : c == 'r' ? "--read-only"
						  : text;
		if (c == 'f')
			k->fuse = optarg;
		else if (c == 'l')
			k->listen = optarg;
	}
	k->address = argv[optind];
	return argc - optind == 1 ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--role=nbd-client")) {
		struct priv_user nobody = {.uid = 65534, .gid = 65534};
		struct priv_drop drop = {.user = &nobody};
		argv[1] = argv[0];
		/* As the table of roles has it; no leak check in a confined process. */
		_exit(priv_drop(&drop) < 0 ? 1 : role_nbd_client(argc - 1, argv + 1));
	}
	struct keeper k = {.control = -EBADF, .epoch = "first"};
	if (parse(argc, argv, &k) < 0) {
		fputs("Usage: nbd-client [--read-only] [--timeout=N] [--retain=N] [--export=NAME] "
		      "(--fuse=DIRECTORY | --listen=SOCKET | --negotiate) ADDRESS\n",
			stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	int r = start(&k);
	if (r < 0)
		fprintf(stderr, "nbd-client: %s\n", strerror(-r));
	else
		keep(&k);
	return finish(&k);
}
