/* SPDX-License-Identifier: MIT */
/*
 * Serves a file or block device over NBD, one worker process per connection, for tests and
 * measurements:
 *
 *	nbd-serve ADDRESS FILE [--read-only] [--direct]
 *
 * ADDRESS is HOST:PORT (port 0: any) or /path/of/a/unix/socket.  Prints the port, or the path, on a
 * line of its own when it listens, and serves until killed.  The worker is the real one, lock-down
 * included.
 */
#include "svc/fs/block/nbd-worker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static int die(const char *what)
{
	perror(what);
	return 1;
}

static int listen_unix(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0 || strlen(path) >= sizeof(sa.sun_path))
		return -1;
	strcpy(sa.sun_path, path);
	unlink(path);
	if (bind(s, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(s, 64) < 0)
		return -1;
	printf("%s\n", path);
	return s;
}

static int listen_tcp(char *address)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	int one = 1;
	char *colon = strrchr(address, ':');
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0 || !colon)
		return -1;
	*colon = 0;
	sa.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, address, &sa.sin_addr) != 1)
		return -1;
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(s, 64) < 0 ||
		getsockname(s, (struct sockaddr *)&sa, &len) < 0)
		return -1;
	printf("%u\n", ntohs(sa.sin_port));
	return s;
}

/* In a child: the descriptors go where a worker has them. Each opens the file for itself. */
static int worker(int sock, const char *path, int flags, int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int file = open(path, flags | O_CLOEXEC);
	if (file < 0)
		return die(path);
	int high = fcntl(sock, F_DUPFD, 10), high_file = fcntl(file, F_DUPFD, 11);
	if (dup2(high, 3) < 0 || dup2(high_file, 4) < 0)
		return die("dup2");
	return role_nbd_server(argc, argv);
}

static bool has(char **argv, const char *option)
{
	for (; *argv; argv++)
		if (!strcmp(*argv, option))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return fprintf(stderr, "usage: nbd-serve ADDRESS FILE [OPTION...]\n"), 2;
	char *path = argv[2];
	int s = argv[1][0] == '/' ? listen_unix(argv[1]) : listen_tcp(argv[1]);
	if (s < 0)
		return die(argv[1]);
	fflush(stdout);
	signal(SIGCHLD, SIG_IGN);
	argv[2] = argv[0];
	int flags = has(argv + 3, "--read-only") ? O_RDONLY : O_RDWR;
	for (;;) {
		int c = accept4(s, NULL, NULL, SOCK_CLOEXEC);
		if (c < 0)
			continue;
		if (!fork())
			return worker(c, path, flags, argc - 2, argv + 2);
		close(c);
	}
}
