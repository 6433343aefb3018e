/* SPDX-License-Identifier: MIT */
/*
 * Our servers without a node: each connection gets a worker, as a service starts it.
 *
 *	serve nbd|9p ADDRESS PATH WORKER    WORKER: the program metacd-worker, or `-': a child of
 *this process that keeps all its rights, for who counts its instructions
 */
#include "net.h"
#include "svc/fs/block/nbd-worker.h"
#include "svc/fs/server/9p-server.h"
#include "sys/spawn.h"
#include "wire/9p/9p-codec.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

/* Until the peer has gone. */
static void serve_here(bool is_nbd, int conn, int file)
{
	const struct nbd_worker_options nbd = {};
	const struct p9_options p9 = {.msize = P9_MAX_MSIZE};
	int r = is_nbd ? nbd_serve(&nbd, conn, file, false) : p9_serve(&p9, conn, file, false);
	_exit(r < 0);
}

static void serve(bool is_nbd, const int fds[2], bool here)
{
	static const char *const nbd[] = {"metacd: nbd server", "--role=nbd-server", NULL};
	static const char *const p9[] = {"metacd: 9p server", "--role=9p-server", NULL};
	struct spawn_child child = {.pidfd = -EBADF};
	if (!here && spawn_worker(is_nbd ? nbd : p9, fds, 2, &child) < 0)
		die("metacd-worker");
	fd_close(child.pidfd);
	if (here && fork() == 0)
		serve_here(is_nbd, fds[0], fds[1]);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	bool is_nbd = !strcmp(argv[1], "nbd"), here = !strcmp(argv[4], "-");
	int listener = net_listen(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	if (!here)
		spawn_worker_set(open(argv[4], O_PATH | O_CLOEXEC));
	for (;;) {
		int fds[2] = {net_accept(listener),
			open(argv[3], (is_nbd ? O_RDWR : O_PATH | O_DIRECTORY) | O_CLOEXEC)};
		if (fds[1] < 0)
			die(argv[3]);
		serve(is_nbd, fds, here);
		close(fds[0]);
		close(fds[1]);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}
