/* SPDX-License-Identifier: MIT */
/* Theory of operation: background.h.  The report is a struct err in a pipe. */
#include "cli/background.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

/* How the child fared. */
static int take_report(int fd, pid_t pid, struct err *err)
{
	struct err said = {};
	size_t got = 0;
	while (got < sizeof(said)) {
		ssize_t n = read(fd, (char *)&said + got, sizeof(said) - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	if (got < sizeof(said))
		return err_set(err, -EIO, "the process in the background has died");
	if (!said.code)
		return 1;
	(void)waitpid(pid, NULL, 0);
	*err = said;
	return said.code;
}

int background_fork(int *ret_report, struct err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, -errno, "pipe");
	AUTO_CLOSE int in = fds[0];
	AUTO_CLOSE int out = fds[1];
	pid_t pid = fork();
	if (pid < 0)
		return err_errno(err, -errno, "fork");
	if (pid) {
		out = fd_close(out);
		return take_report(in, pid, err);
	}
	(void)setsid();
	(void)signal(SIGHUP, SIG_IGN);
	*ret_report = TAKE_FD(out);
	return 0;
}

/* Nothing of the terminal it was started from. */
static void detach(void)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	if (chdir("/") < 0) /* then the directory it was started in stays in use */
		return;
}

int background_report(int report, const struct err *e)
{
	ssize_t n = write(report, e, sizeof(*e));
	fd_close(report);
	if (n != (ssize_t)sizeof(*e))
		return -EPIPE;
	if (!e->code)
		detach();
	return 0;
}
