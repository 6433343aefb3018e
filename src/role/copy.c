/* SPDX-License-Identifier: MIT */
/*
 * Role `copy`: moves bytes between descriptors 3 and 4 until both have ended (sys/copy.h).
 *
 *	--one-way  only from 3 to 4, then shut down 4's sending side
 *	--sync     fsync 4 when 3 has ended
 *
 * Exit status 0, or the errno value of what went wrong: whoever waits for the stream is told so.
 */
#include "base/log.h"
#include "role/roles.h"
#include "sys/copy.h"
#include "sys/landlock.h"
#include "sys/seccomp.h"

#include <getopt.h>
#include <signal.h>

enum { FD_A = 3, FD_B = 4 };

static int lock_down(void)
{
	static const char *const calls[] = {
		"@base", "splice", "pipe2", "poll", "shutdown", "recvfrom", "fsync", NULL};
	struct landlock l;
	int r = landlock_init(&l);
	if (r >= 0)
		r = landlock_restrict(&l);
	return r < 0 ? r : seccomp_confine(calls, SECCOMP_ELSE_KILL);
}

int role_copy(int argc, char **argv)
{
	static const struct option options[] = {
		{"one-way", no_argument, NULL, 'o'},
		{"sync", no_argument, NULL, 's'},
		{},
	};
	unsigned flags = 0;
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'o')
			flags |= COPY_ONE_WAY;
		else if (c == 's')
			flags |= COPY_SYNC;
		else
			return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	int r = lock_down();
	if (r >= 0)
		r = copy_run(FD_A, FD_B, flags, NULL);
	if (r < 0)
		log_warning("copying ended early: %s", strerror(-r));
	return -r; /* what the other side of the stream is told */
}
