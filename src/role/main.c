/* SPDX-License-Identifier: MIT */
/*
 * metacd: one program, several processes.
 *
 * As a person (or systemd) starts it, it is the supervisor.  It starts itself again for each role
 * (enter.c); those of metacd-worker are started by services.
 */
#include "role/place.h"
#include "role/roles.h"
#include "role/supervisor.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
	"Usage: metacd --address ADDRESS [OPTION...]\n"
	"\n"
	"Shares what this machine has with other machines, as unforgeable references.\n"
	"\n"
	"  --address ADDRESS   IP address of this host to be reached at (IPv6 or IPv4), on TCP "
	"port 901\n"
	"  --runtime-dir DIR   sockets and locks, one directory a node (default " PLACE_RUNTIME_DIR
	")\n"
	"  --state-dir DIR     what outlives a restart, one directory a node "
	"(default " PLACE_STATE_DIR ")\n"
	"  --user USER[:GROUP] unprivileged user (default \"metac\", or else \"nobody\")\n"
	"  --roles             print what each process of metacd may do, and why\n"
	"  --help, --version\n"
	"\n"
	"Example: metacd --address fd00::1\n"
	"\n"
	"Must be started as root. Ends cleanly on SIGTERM. METAC_LOG=debug tells more.\n"
	"See metacd(8), metac(1).\n";

enum { OPT_ADDRESS = 256, OPT_RUNTIME, OPT_STATE, OPT_USER, OPT_ROLES, OPT_HELP, OPT_VERSION };

static const struct option options[] = {
	{"address", required_argument, NULL, OPT_ADDRESS},
	{"runtime-dir", required_argument, NULL, OPT_RUNTIME},
	{"state-dir", required_argument, NULL, OPT_STATE},
	{"user", required_argument, NULL, OPT_USER},
	{"roles", no_argument, NULL, OPT_ROLES},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{},
};

static int bad_usage(const char *what)
{
	fprintf(stderr, "metacd: %s; see metacd --help\n", what);
	return 2;
}

static int supervise(int argc, char **argv)
{
	struct place_options o = {.runtime_dir = PLACE_RUNTIME_DIR, .state_dir = PLACE_STATE_DIR};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case OPT_ADDRESS:
			o.address = optarg;
			break;
		case OPT_RUNTIME:
			o.runtime_dir = optarg;
			break;
		case OPT_STATE:
			o.state_dir = optarg;
			break;
		case OPT_USER:
			o.user = optarg;
			break;
		case OPT_ROLES:
			role_print_table();
			return 0;
		case OPT_HELP:
			fputs(usage, stdout);
			return 0;
		case OPT_VERSION:
			printf("metacd " METAC_VERSION "\n");
			return 0;
		default:
			return 2; /* getopt_long said what is wrong */
		}
	}
	if (optind < argc)
		return bad_usage("too many arguments");
	if (!o.address)
		return bad_usage("--address is missing");
	return supervisor_run(&o);
}

int main(int argc, char **argv)
{
	role_enter(argc, argv);
	return supervise(argc, argv);
}
