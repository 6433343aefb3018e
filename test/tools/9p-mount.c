/* SPDX-License-Identifier: MIT */
/*
 * Mounts a directory somewhere else, through our 9P server and our FUSE client, for tests and
 * measurements:
 *
 *	9p-mount [--tcp | --connect=PORT] [--again] [--v9fs] [--read-only] [--msize=N] TREE
 *MOUNTPOINT...
 *
 * Each mount point gets a connection, a server and a mount worker of its own: the real ones,
 *lock-down included.  With --connect the server is somebody else's, listening on 127.0.0.1, and
 *TREE is the name to attach to.  Prints "MOUNTPOINT server=PID worker=PID" for each and
 *then "ready"; then says "lost MOUNTPOINT" when a worker says so (with --again it then starts
 *another server, which has the journal of the last; without, all is over), until its standard input
 *ends: it unmounts everything, and exits with 0 if all workers then ended by themselves with
 *success.
 */
#include "svc/fs/fuse/9p-mount.h"
#include "svc/fs/server/9p-server.h"
#include "svc/fs/fs-mount.h"
#include "sys/priv.h"
#include "sys/spawn.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { MAX_MOUNTS = 8, ATTACH_MS = 20000, END_MS = 10000 };

struct options {
	bool tcp, v9fs, read_only, again;
	const char *msize;
	int port;
};

struct one {
	const char *path;
	struct spawn_child server, worker;
	int control, journal;
};

static int connect_port(int port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0 || connect(s, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	return s;
}

static int tcp_pair(int ret[2])
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	AUTO_CLOSE int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l < 0 || bind(l, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(l, 1) < 0 ||
		getsockname(l, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	ret[0] = connect_port(ntohs(sa.sin_port));
	ret[1] = ret[0] < 0 ? -EBADF : accept4(l, NULL, NULL, SOCK_CLOEXEC);
	return ret[1] < 0 ? -EIO : 0;
}

/* The client's end of a connection to a server for the tree. */
static int start_server(const struct options *o, const char *tree, struct one *m)
{
	int pair[2];
	if (o->port)
		return connect_port(o->port);
	int r = o->tcp ? tcp_pair(pair)
		       : (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ? -errno
										       : 0);
	if (r < 0)
		return r;
	AUTO_CLOSE int other = pair[1];
	AUTO_CLOSE int dir = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	if (o->again && m->journal < 0)
		m->journal = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	const char *argv[] = {"9p-mount: server", "--role=9p-server",
		o->again ? "--session" : "--msize=1048576", o->read_only ? "--read-only" : NULL,
		NULL};
	int fds[] = {other, dir, -EBADF, m->journal};
	r = spawn_self(argv, fds, ARRAY_SIZE(fds), &m->server);
	return r < 0 ? r : pair[0];
}

static int start_worker(
	const struct options *o, const char *tree, int conn, int fuse, struct one *m)
{
	char msize[64], aname[4200];
	int control[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		return -errno;
	(void)snprintf(msize, sizeof(msize), "--msize=%s", o->msize ? o->msize : "1048576");
	(void)snprintf(aname, sizeof(aname), "--aname=%s", o->port ? tree : "");
	const char *argv[] = {"9p-mount: worker", "--role=9p-mount", msize, aname,
		o->read_only ? "--read-only" : NULL, NULL};
	int fds[] = {control[1], fuse};
	int r = spawn_self(argv, fds, ARRAY_SIZE(fds), &m->worker);
	fd_close(control[1]);
	m->control = control[0];
	return r < 0 ? r : mount_connection_send(m->control, conn);
}

/* What the worker says next: its type, or negative errno. */
static int heard(struct one *m)
{
	struct mount_message msg;
	int fd, r = mount_message_recv(m->control, &msg, &fd);
	fd_close(fd);
	if (r == 1 && msg.type == MOUNT_KILLED)
		(void)mount_killed_answer(m->control, &msg);
	return r == 1 ? (int)msg.type : r ? r : -EPIPE;
}

static int attached(struct one *m)
{
	struct pollfd p = {.fd = m->control, .events = POLLIN};
	if (poll(&p, 1, ATTACH_MS) != 1)
		return -EIO;
	int r = heard(m);
	return r < 0 ? r : r == MOUNT_ATTACHED ? 0 : -EPROTO;
}

static int mount_one(const struct options *o, const char *tree, struct one *m)
{
	struct err e = {};
	int r = fs_mount_check(m->path, false, &e);
	AUTO_CLOSE int conn = r < 0 ? r : start_server(o, tree, m);
	if (r >= 0 && conn < 0)
		r = err_errno(&e, conn, "server");
	AUTO_CLOSE int fuse = -EBADF;
	if (r >= 0 && o->v9fs)
		r = fs_mount_v9fs(m->path, "metac:test", conn, o->read_only, &e);
	else if (r >= 0)
		r = fuse = fs_mount_fuse(m->path, "metac:test", o->read_only, false, &e);
	if (r >= 0 && !o->v9fs) {
		r = start_worker(o, tree, conn, fuse, m);
		if (r >= 0)
			r = attached(m);
		if (r < 0) {
			err_errno(&e, r, "worker");
			fs_mount_detach(m->path, -1, true);
		}
	}
	if (r < 0)
		fprintf(stderr, "9p-mount: %s\n", e.msg);
	else
		printf("%s server=%d worker=%d\n", m->path, m->server.pid, m->worker.pid);
	return r;
}

/* A new server in place of the one that is gone. */
static int connect_again(const struct options *o, const char *tree, struct one *m)
{
	spawn_kill(&m->server, SIGKILL);
	(void)spawn_wait(&m->server);
	AUTO_CLOSE int conn = start_server(o, tree, m);
	if (conn < 0)
		return conn;
	printf("%s server=%d worker=%d\n", m->path, m->server.pid, m->worker.pid);
	return mount_connection_send(m->control, conn);
}

/* Until standard input ends. */
static void watch(const struct options *o, const char *tree, struct one *mounts, int n)
{
	struct pollfd p[MAX_MOUNTS + 1];
	for (int i = 0; i < n; i++)
		p[i] = (struct pollfd){.fd = mounts[i].control, .events = POLLIN};
	p[n] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	while (poll(p, (nfds_t)n + 1, -1) >= 0 || errno == EINTR) {
		char c;
		if (p[n].revents && read(STDIN_FILENO, &c, 1) <= 0)
			return;
		for (int i = 0; i < n; i++) {
			int r = p[i].revents ? heard(&mounts[i]) : -EAGAIN;
			if (r == MOUNT_LOST_CONNECTION && o->again)
				r = connect_again(o, tree, &mounts[i]);
			else if (r == MOUNT_LOST_CONNECTION)
				r = mount_word_send(mounts[i].control, MOUNT_OVER, EIO, NULL);
			else
				continue;
			printf("lost %s\n", mounts[i].path);
			if (r < 0)
				fprintf(stderr, "9p-mount: %s\n", strerror(-r));
		}
	}
}

/* Worker and server must end of themselves once the mount is gone. */
static bool ended(struct spawn_child *c, bool must_succeed)
{
	if (!c->pid)
		return true;
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
	bool in_time = poll(&p, 1, END_MS) == 1;
	if (!in_time)
		spawn_kill(c, SIGKILL);
	int status = spawn_wait(c);
	if (!in_time || (must_succeed && status != 0)) {
		fprintf(stderr, "9p-mount: process %d %s, status %d\n", c->pid,
			in_time ? "failed" : "did not end", status);
		return false;
	}
	return true;
}

static int usage(void)
{
	fputs("Usage: 9p-mount [--tcp | --connect=PORT] [--again] [--v9fs] [--read-only] "
	      "[--msize=N] TREE "
	      "MOUNTPOINT...\n",
		stderr);
	return 2;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{"tcp", no_argument, NULL, 't'},
		{"connect", required_argument, NULL, 'c'},
		{"v9fs", no_argument, NULL, 'v'},
		{"again", no_argument, NULL, 'A'},
		{"read-only", no_argument, NULL, 'r'},
		{"msize", required_argument, NULL, 'm'},
		{},
	};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 't')
			o->tcp = true;
		else if (c == 'c')
			o->port = atoi(optarg);
		else if (c == 'A')
			o->again = true;
		else if (c == 'v')
			o->v9fs = true;
		else if (c == 'r')
			o->read_only = true;
		else if (c == 'm')
			o->msize = optarg;
		else
			return -EINVAL;
	}
	return argc - optind < 2 || argc - optind - 1 > MAX_MOUNTS ? -EINVAL : 0;
}

static int mount_all(int argc, char **argv)
{
	struct options o = {};
	struct one mounts[MAX_MOUNTS] = {};
	int n = 0, r = 0;
	if (parse(argc, argv, &o) < 0)
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = optind + 1; i < argc && r >= 0; i++) {
		mounts[n].path = argv[i];
		mounts[n].control = mounts[n].journal = -EBADF;
		r = mount_one(&o, argv[optind], &mounts[n++]);
	}
	if (r >= 0) {
		printf("ready\n");
		watch(&o, argv[optind], mounts, n);
	}
	bool fine = r >= 0;
	for (int i = n; i-- > 0;) {
		if (r >= 0)
			fine &= fs_mount_detach(mounts[i].path, -1, true) >= 0;
		fine &= ended(&mounts[i].worker, true);
		fine &= ended(&mounts[i].server, false);
	}
	return !fine;
}

int main(int argc, char **argv)
{
	const char *role = argc > 1 ? argv[1] : "";
	if (!strcmp(role, "--role=9p-server")) {
		argv[1] = argv[0];
		return role_9p_server(argc - 1, argv + 1);
	}
	if (!strcmp(role, "--role=9p-mount")) {
		struct priv_user nobody = {.uid = 65534, .gid = 65534};
		struct priv_drop drop = {.user = &nobody};
		argv[1] = argv[0];
		/* As the table of roles has it; no leak check in a confined process. */
		int r = priv_drop(&drop) < 0 ? 1 : role_9p_mount(argc - 1, argv + 1);
		_exit(r);
	}
	return mount_all(argc, argv);
}
