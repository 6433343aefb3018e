/* SPDX-License-Identifier: MIT */
/*
 * metacd: one program, several processes.
 *
 * As a person (or systemd) starts it, it is the supervisor.  It starts itself again for each role
 * with "--role=NAME" as its first argument: such a process gives its privileges up as the table in
 * roles.c says, then calls the role's function, and leaves by _exit(), because what run-time
 * libraries do at exit (the leak checker, say) a confined process may not do.
 */
#include "base/log.h"
#include "role/place.h"
#include "role/roles.h"
#include "role/supervisor.h"
#include "sys/priv.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

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

/* "--user=UID:GID" as the supervisor passes it; a worker started without it is nobody. */
static int drop_privileges(const struct role *role, const char *user_text)
{
	struct priv_user user = {.uid = 65534, .gid = 65534};
	int r = user_text ? priv_user_lookup(user_text, &user) : 0;
	if (r < 0)
		return r;
	bool changes = role->as_user && geteuid() == 0;
	struct priv_drop d = {
		.user = changes ? &user : NULL,
		.keep = role->caps,
		.ambient = role->passes_caps,
	};
	r = priv_drop(&d);
	if (r >= 0 && prctl(PR_SET_PDEATHSIG, role->death_signal) < 0)
		r = -errno;
	return r;
}

static const char *option_value(const char *arg, const char *name)
{
	size_t len = strlen(name);
	return arg && !strncmp(arg, name, len) ? arg + len : NULL;
}

__attribute__((noreturn)) static void run_role(const char *name, int argc, char **argv)
{
	char comm[16];
	const struct role *role = role_find(name);
	if (!role)
		_exit(bad_usage("no such role"));
	log_set_role(role->name);
	snprintf(comm, sizeof(comm), "metacd:%s", role->name);
	(void)prctl(PR_SET_NAME, comm);
	static const char *const supervisors_own[] = {
		"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"};
	for (size_t i = 0; i < ARRAY_SIZE(supervisors_own); i++)
		unsetenv(supervisors_own[i]);

	int skip = 1; /* --role */
	const char *user = option_value(argv[2], "--user=");
	skip += user != NULL;
	int r = drop_privileges(role, user);
	if (r < 0) {
		log_error("cannot give up privileges: %s", strerror(-r));
		_exit(1);
	}
	/* Nor is the directory its starter was in: only a role with a directory of its own may have
	 * been told a relative path. */
	if (!role->has_state && !role->has_runtime && chdir("/") < 0)
		_exit(1);
	argv[skip] = argv[0];
	r = role->run(argc - skip, argv + skip);
	fflush(NULL);
	_exit(r);
}

/* A descriptor opened later must not become standard error. */
static void ensure_stdio(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			_exit(1);
}

int main(int argc, char **argv)
{
	ensure_stdio();
	umask(0022);
	const char *role = option_value(argc > 1 ? argv[1] : NULL, "--role=");
	if (role)
		run_role(role, argc, argv);
	return supervise(argc, argv);
}
