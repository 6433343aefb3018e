/* SPDX-License-Identifier: MIT */
/*
 * The NBD stream of a block device as a Unix socket, bytes untouched: so that programs of others
 * speak with our server directly, without our client between.
 *
 *	nbd-way PATH SESSION COUNT <words of `metac block info REF'>
 *
 * Listens on PATH and opens the stream of a session (no letters: none) for each of COUNT
 * connections.  Says "ready" when it listens, and "connected" or why not for each.  Ends when its
 * input does.
 */
#include "cli/block.h"
#include "cli/command.h"
#include "sys/copy.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

static int listen_at(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 16) < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static void join(int a, int b)
{
	if (fork())
		return;
	copy_run(a, b, 0, NULL);
	_exit(0);
}

static void say(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct command c;
	struct block_target target = {};
	struct client *client = NULL;
	if (argc < 5)
		return 2;
	const char *session = argv[2];
	int listener = listen_at(argv[1]), count = atoi(argv[3]);
	struct block_connection *kept = calloc((size_t)count, sizeof(*kept));
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	argv[3] = argv[0];
	if (command_parse(argc - 3, argv + 3, &c) < 0 || client_open(&c.cli, &client) < 0 ||
		block_target_find(client, c.cli.args[0], &target) < 0) {
		fprintf(stderr, "nbd-way: %s\n", c.cli.err.msg);
		return 1;
	}
	say("ready");
	for (int i = 0; i < count; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		c.cli.err = (struct err){};
		if (block_connect(client, target.device, session, strlen(session), &kept[i]) < 0) {
			say(c.cli.err.msg);
		} else {
			join(fd, kept[i].fd);
			kept[i].fd = fd_close(kept[i].fd);
			say("connected");
		}
		close(fd);
	}
	(void)getchar();
	for (int i = 0; i < count; i++)
		block_connection_close(&kept[i]);
	free(kept);
	block_target_done(&target);
	client_close(client);
	return 0;
}
