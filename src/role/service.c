/* SPDX-License-Identifier: MIT */
/* The beginning of a service's process: see service.h. */
#include "role/service.h"
#include "base/log.h"
#include "core/ref.h"

#include <fcntl.h>
#include <getopt.h>

int role_service(
	int argc, char **argv, const char *name, int (*run)(const char *address, int runtime))
{
	static const struct option options[] = {{"address", required_argument, NULL, 'a'},
		{"runtime-dir", required_argument, NULL, 'r'}, {}};
	char address[64] = "";
	const char *runtime_dir = NULL;
	log_set_role(name);
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'r')
			runtime_dir = optarg;
		else if (c != 'a' || address_canonical(optarg, address, sizeof(address)) < 0)
			return 2;
	}
	if (!*address || !runtime_dir)
		return 2;
	AUTO_CLOSE int runtime = open(runtime_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (runtime < 0) {
		log_error("%s: %s", runtime_dir, strerror(errno));
		return 1;
	}
	return chdir("/") < 0 ? 1 : run(address, runtime);
}
