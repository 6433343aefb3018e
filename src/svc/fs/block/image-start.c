/* SPDX-License-Identifier: MIT */
/* Theory of operation: image-start.h. */
#include "svc/fs/block/image-start.h"
#include "base/log.h"
#include "sys/mountfd.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* Numbers that are nobody's: above those of containers, below those that are negative to some. */
enum { USER_FIRST = 1900000000, USERS = 100000000, BACKLOG = 128 };

/* By the descriptor's name: the path of a socket may have 107 bytes, a directory's any number. */
static void name_by_fd(struct sockaddr_un *sa, int fd, const char *below)
{
	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	(void)snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d%s", fd, below);
}

/* A listening socket that has no name any more; *ret_path leads to it. */
static int listen_nowhere(int runtime, int *ret_path)
{
	unsigned char random[8];
	char name[32] = "/image-";
	struct sockaddr_un sa;
	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(name + 7, sizeof(name) - 7, random, sizeof(random));
	name_by_fd(&sa, runtime, name);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* Nobody but root may connect, from the first moment on. */
	if (fd < 0 || fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	AUTO_CLOSE int path = openat(runtime, name + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int r = path < 0 || listen(fd, BACKLOG) < 0 ? -errno : 0;
	(void)unlinkat(runtime, name + 1, 0);
	if (r < 0)
		return r;
	*ret_path = TAKE_FD(path);
	return TAKE_FD(fd);
}

int image_process_connect(const struct image_process *p)
{
	struct sockaddr_un sa;
	name_by_fd(&sa, p->socket, "");
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	if (fcntl(fd, F_SETFL, 0) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* The file with that user for its owner. */
static int mapped(const struct stat *st, const struct block_target *t, int file, uint32_t user)
{
	const struct mountfd_map users = {st->st_uid, user, 1}, groups = {st->st_gid, user, 1};
	if (!S_ISREG(st->st_mode))
		return -EOPNOTSUPP;
	AUTO_CLOSE int fd = mountfd_clone(file, t->view.read_only);
	if (fd < 0)
		return fd;
	int r = mountfd_map_ids(fd, &users, 1, &groups, 1);
	return r < 0 ? r : TAKE_FD(fd);
}

static int spawn(
	struct image_process *p, const struct block_target *t, int control, int listening, int file)
{
	struct stat st;
	char format[32], user[40];
	const char *argv[8] = {"metacd: image server", "--role=image", user};
	size_t n = 3;
	if (fstat(file, &st) < 0)
		return -errno;
	uint32_t number = USER_FIRST + randombytes_uniform(USERS);
	AUTO_CLOSE int own = mapped(&st, t, file, number);
	(void)snprintf(user, sizeof(user), "--user=%u:%u", number, number);
	if (own < 0) {
		log_debug("%s: served as its owner: %s", t->view.path, strerror(-own));
		(void)snprintf(user, sizeof(user), "--user=%u:%u", st.st_uid, st.st_gid);
	}
	(void)snprintf(format, sizeof(format), "--format=%s", t->format);
	argv[n++] = format;
	if (t->view.read_only)
		argv[n++] = "--read-only";
	if (t->direct)
		argv[n++] = "--direct";
	const int fds[] = {control, listening, own < 0 ? file : own};
	return spawn_self(argv, fds, ARRAY_SIZE(fds), &p->child);
}

int image_process_start(struct image_process *p, int runtime, const struct block_target *t,
	const struct block_file *f, struct err *e)
{
	int control[2];
	*p = (struct image_process){.child.pidfd = -EBADF, .control = -EBADF, .socket = -EBADF};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		return err_errno(e, -errno, "socketpair");
	p->control = control[0];
	AUTO_CLOSE int theirs = control[1], listening = listen_nowhere(runtime, &p->socket);
	int r = listening < 0 ? listening : spawn(p, t, theirs, listening, f->fd);
	if (r >= 0)
		return 0;
	image_process_done(p);
	return err_errno(e, r, "%s", t->view.path);
}

void image_process_done(struct image_process *p)
{
	if (p->child.pid > 0) {
		(void)spawn_kill(&p->child, SIGKILL);
		(void)spawn_wait(&p->child);
	}
	fd_close(p->child.pidfd);
	fd_close(p->control);
	fd_close(p->socket);
	*p = (struct image_process){.child.pidfd = -EBADF, .control = -EBADF, .socket = -EBADF};
}
