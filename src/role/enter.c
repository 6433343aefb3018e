/* SPDX-License-Identifier: MIT */
/*
 * A process becomes its role.  Metacd and metacd-worker are started with "--role=NAME" as the first
 * argument: such a process gives its privileges up as the table in roles.c says, then calls the
 * role's function, and leaves by _exit(), because what run-time libraries do at exit (the leak
 * checker, say) a confined process may not do.
 */
#include "base/log.h"
#include "role/roles.h"
#include "sys/control.h"
#include "sys/priv.h"
#include "sys/spawn.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

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
	if (!role || !role->run) {
		fprintf(stderr, "metacd: no such role\n");
		_exit(2);
	}
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
	if (role->has_workers)
		spawn_worker_set(CONTROL_FD_WORKER);
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

void role_enter(int argc, char **argv)
{
	ensure_stdio();
	umask(0022);
	const char *role = option_value(argc > 1 ? argv[1] : NULL, "--role=");
	if (role)
		run_role(role, argc, argv);
}
