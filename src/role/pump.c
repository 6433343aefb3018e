/* SPDX-License-Identifier: MIT */
/*
 * Role `pump`: pipes pairs of sockets into one another, all of a service in one process.  The
 * service gives pairs over descriptor 3 and hears how each ended (core/pump-control.h).
 */
#include "base/log.h"
#include "core/pump-control.h"
#include "core/pump-worker.h"
#include "role/roles.h"
#include "sys/landlock.h"
#include "sys/seccomp.h"

#include <signal.h>
#include <sys/resource.h>

static int lock_down(void)
{
	static const char *const calls[] = {"@base", "epoll_create1", "epoll_ctl", "epoll_wait",
		"epoll_pwait", "splice", "pipe2", "recvmsg", "sendmsg", "recvfrom", "sendto",
		"shutdown", NULL};
	struct landlock l;
	int r = landlock_init(&l);
	if (r >= 0)
		r = landlock_restrict(&l);
	return r < 0 ? r : seccomp_confine(calls, SECCOMP_ELSE_KILL);
}

/* Two for each pair. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int role_pump(int argc, char **argv)
{
	if (argc > 1)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	int r = lock_down();
	if (r >= 0)
		r = pump_worker_run(PUMP_FD_CONTROL);
	if (r < 0)
		log_error("pump: %s", strerror(-r));
	return r < 0;
}
