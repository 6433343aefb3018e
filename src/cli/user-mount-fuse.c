/* SPDX-License-Identifier: MIT */
/*
 * See user-mount.h.  fusermount3 is set-user-id root: it opens /dev/fuse, looks whether the user
 * may mount there, and passes the descriptor back over the socket that _FUSE_COMMFD names.
 */
#include "base/fdpass.h"
#include "cli/user-mount.h"
#include "sys/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define FUSERMOUNT "fusermount3"

/* What it said on standard error, for the message: its first line. */
static void first_line(int fd, char ret[static 512])
{
	char text[500];
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = 0;
	char *end = text + strcspn(text, "\n");
	*end = 0;
	const char *p = !strncmp(text, FUSERMOUNT ": ", strlen(FUSERMOUNT) + 2)
				? text + strlen(FUSERMOUNT) + 2
				: text;
	strcpy(ret, p);
}

__attribute__((noreturn)) static void run_fusermount(
	int comm, int said, const char *options, const char *path)
{
	char number[16];
	(void)snprintf(number, sizeof(number), "%d", comm);
	if (setenv("_FUSE_COMMFD", number, 1) < 0 || fcntl(comm, F_SETFD, 0) < 0 ||
		dup2(said, STDERR_FILENO) < 0)
		_exit(126);
	execlp(FUSERMOUNT, FUSERMOUNT, "-o", options, "--", path, (char *)NULL);
	_exit(127);
}

static int take_descriptor(int comm)
{
	char byte;
	int fd = -EBADF;
	size_t n_fds = 0;
	ssize_t n = fdpass_recvmsg(comm, &byte, 1, 0, &fd, 1, &n_fds);
	if (n < 0)
		return (int)n;
	return n == 1 && n_fds == 1 ? fd : -EPROTO;
}

static int explain(int status, const char *said, struct err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(err, -ENOENT,
			FUSERMOUNT
			" is not installed (Debian package fuse3): an ordinary user cannot "
			"mount without it");
	if (strstr(said, "/dev/fuse"))
		return err_set(err, -EACCES, "%s (may this user open /dev/fuse?)", said);
	return err_set(err, -EPERM, "%s", *said ? said : FUSERMOUNT " failed");
}

int user_fuse_mount(const char *path, const char *source, bool read_only, struct err *err)
{
	int comm[2], said[2], status = 0;
	char options[512], text[512] = "";
	(void)snprintf(options, sizeof(options),
		"fsname=%s,subtype=metac,default_permissions,nosuid,nodev%s", source,
		read_only ? ",ro" : "");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, comm) < 0)
		return err_errno(err, -errno, "socket");
	AUTO_CLOSE int ours = comm[0];
	AUTO_CLOSE int theirs = comm[1];
	if (pipe2(said, O_CLOEXEC) < 0)
		return err_errno(err, -errno, "pipe");
	AUTO_CLOSE int said_in = said[0];
	AUTO_CLOSE int said_out = said[1];
	pid_t pid = fork();
	if (!pid)
		run_fusermount(theirs, said_out, options, path);
	if (pid < 0)
		return err_errno(err, -errno, "fork");
	theirs = fd_close(theirs);
	said_out = fd_close(said_out);
	int fd = take_descriptor(ours);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (fd >= 0)
		return fd;
	first_line(said_in, text);
	return explain(status, text, err);
}

int user_fuse_umount(const char *path, bool lazy, struct err *err)
{
	const char *argv[] = {
		FUSERMOUNT, "-u", lazy ? "-z" : "--", lazy ? "--" : path, lazy ? path : NULL, NULL};
	struct spawn_child child = {.pidfd = -EBADF};
	int r = spawn_program(argv, -EBADF, &child);
	if (r < 0)
		return err_errno(err, r, FUSERMOUNT);
	r = spawn_wait(&child);
	if (r < 0)
		return err_errno(err, r, FUSERMOUNT);
	return r ? err_set(err, -EBUSY, "%s: " FUSERMOUNT " could not unmount it", path) : 0;
}
