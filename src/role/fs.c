/* SPDX-License-Identifier: MIT */
/*
 * Role `fs`: the filesystem service.  It opens paths and mounts, so it is root with the few
 * capabilities that takes; it parses no data of a resource (its workers do), only RPC.
 */
#include "svc/fs/fs-role.h"
#include "base/log.h"
#include "core/ref.h"
#include "role/roles.h"

#include <getopt.h>

int role_fs(int argc, char **argv)
{
	static const struct option options[] = {{"address", required_argument, NULL, 'a'}, {}};
	char address[64] = "";
	log_set_role("fs");
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (c != 'a' || address_canonical(optarg, address, sizeof(address)) < 0)
			return 2;
	return *address ? fs_service_run(address) : 2;
}
