/* SPDX-License-Identifier: MIT */
/*
 * A holder of a reference who asks for its directory as a descriptor again and again, though no
 * descriptor can come to him, drops the offers and keeps the rest.  Takes the words of `metac fs
 * ls REF'; says how often he was answered, and keeps what he has until his input ends.
 */
#include "cli/client.h"
#include "cli/command.h"

#include <stdio.h>

enum { WANTED = 3000 };

static bool take_one(struct client *c, struct fs_filesystem_c fs, struct vat_cap **ret)
{
	AUTO_REPLY reply;
	struct fs_filesystem_directory_req q = fs_filesystem_directory(c->loop.vat, fs);
	if (client_call(c, q.call, &reply) < 0)
		return false;
	struct fs_filesystem_directory_results_r r =
		fs_filesystem_directory_results_from(reply.results);
	*ret = vat_cap_ref(fs_filesystem_directory_results_get_directory(r).cap);
	return true;
}

int main(int argc, char **argv)
{
	static struct vat_cap *kept[WANTED];
	struct command c;
	struct fs_filesystem_c fs = {};
	struct client *client = NULL;
	size_t n = 0;
	if (command_parse(argc, argv, &c) < 0 || client_open(&c.cli, &client) < 0 ||
		client_filesystem(client, c.cli.args[0], &fs) < 0) {
		fprintf(stderr, "greedy: %s\n", c.cli.err.msg);
		return 1;
	}
	while (n < WANTED && take_one(client, fs, &kept[n]))
		n++;
	printf("%zu\n", n);
	fflush(stdout);
	(void)getchar();
	for (size_t i = 0; i < n; i++)
		vat_cap_unref(kept[i]);
	fs_filesystem_unref(fs);
	client_close(client);
	return 0;
}
