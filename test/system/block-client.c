/* SPDX-License-Identifier: MIT */
/*
 * What an importer does with a BlockDevice, one thing at a time, without our NBD client.
 *
 *	block-client way PATH SESSION COUNT -- block info REF
 *		the NBD stream as a Unix socket, bytes untouched, for programs of others: listens on
 *		PATH, and opens the stream of a session (no letters: none) for each of COUNT
 *		connections.  Says "ready", then "connected, epoch ..." or why not for each
 *	block-client size KNOWN -- block info REF
 *		waits for another size than that, and says it
 *	block-client greedy COUNT -- block info REF
 *		opens the stream COUNT times and keeps what it gets; says how many, and what was
 *said to the last
 *
 * way and greedy keep what they have until their input ends.
 */
#include "cli/block.h"
#include "cli/command.h"
#include "sys/copy.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct command command;
static struct client *client;
static struct block_target target;

static void say(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
}

static const char *why(void)
{
	return command.cli.err.msg;
}

static int connect_device(const char *session, struct block_connection *ret)
{
	command.cli.err = (struct err){};
	return block_connect(client, target.device, session, strlen(session), ret);
}

/* ---- way ----------------------------------------------------------------------------------- */

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

static void way(char **argv, int n, struct block_connection *kept)
{
	int listener = listen_at(argv[0]);
	say("ready");
	for (int i = 0; i < n; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (connect_device(argv[1], &kept[i]) < 0) {
			say(why());
		} else {
			join(fd, kept[i].fd);
			kept[i].fd = fd_close(kept[i].fd);
			printf("connected, epoch %.*s\n", (int)kept[i].epoch_len,
				(const char *)kept[i].epoch);
			fflush(stdout);
		}
		close(fd);
	}
	(void)getchar();
}

/* ---- size, greedy -------------------------------------------------------------------------- */

static void size(uint64_t known)
{
	AUTO_REPLY reply = {};
	struct block_block_device_size_changed_req q =
		block_block_device_size_changed(client->loop.vat, target.device);
	block_block_device_size_changed_params_set_known(q.params, known);
	if (client_call_for_ever(client, q.call, &reply) < 0)
		say(why());
	else
		printf("%llu\n",
			(unsigned long long)block_block_device_size_changed_results_get_size(
				block_block_device_size_changed_results_from(reply.results)));
}

static void greedy(int n, struct block_connection *kept)
{
	int got = 0;
	for (int i = 0; i < n; i++)
		got += connect_device("", &kept[i]) >= 0;
	printf("%d %s\n", got, why());
	fflush(stdout);
	(void)getchar();
}

int main(int argc, char **argv)
{
	int words = 1;
	while (words < argc && strcmp(argv[words], "--") != 0)
		words++;
	if (words < 3 || words == argc)
		return 2;
	int n = strcmp(argv[1], "size") != 0 ? atoi(argv[words - 1]) : 0;
	struct block_connection *kept = calloc((size_t)MAX(n, 1), sizeof(*kept));
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	argv[words] = argv[0];
	if (command_parse(argc - words, argv + words, &command) < 0 ||
		client_open(&command.cli, &client) < 0 ||
		block_target_find(client, command.cli.args[0], &target) < 0) {
		fprintf(stderr, "block-client: %s\n", why());
		return 1;
	}
	client_default_signals();
	if (!strcmp(argv[1], "way"))
		way(argv + 2, n, kept);
	else if (!strcmp(argv[1], "size"))
		size(strtoull(argv[2], NULL, 10));
	else
		greedy(n, kept);
	for (int i = 0; i < n; i++)
		block_connection_close(&kept[i]);
	free(kept);
	block_target_done(&target);
	client_close(client);
	return 0;
}
