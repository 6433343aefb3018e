/* SPDX-License-Identifier: MIT */
/* The children of these tests are this program itself (see child_main) and /bin/sh. */
#include "sys/spawn.h"
#include "base/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* What a child finds: bit i = descriptor i is open. */
static unsigned fds_open(void)
{
	unsigned mask = 0;
	for (int fd = 0; fd < 32; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			mask |= 1U << fd;
	return mask;
}

struct found {
	unsigned fds;
	bool usr1_ignored, blocked, own_session, foreign_env, own_env;
	int death_signal;
	char byte[2]; /* read from 3 and 5 */
};

/* Runs before main() when started as a role: reports on descriptor 4. */
__attribute__((constructor)) static void child_main(int argc, char **argv)
{
	if (argc < 2)
		return;
	if (!strcmp(argv[1], "--role=sleep")) {
		for (;;)
			pause();
	}
	if (strcmp(argv[1], "--role=found"))
		return;
	struct found f = {.fds = fds_open()};
	struct sigaction sa;
	sigaction(SIGUSR1, NULL, &sa);
	f.usr1_ignored = sa.sa_handler == SIG_IGN;
	sigset_t set;
	sigprocmask(SIG_SETMASK, NULL, &set);
	f.blocked = sigismember(&set, SIGUSR2);
	prctl(PR_GET_PDEATHSIG, &f.death_signal);
	f.own_session = getsid(0) == getpid();
	f.foreign_env = getenv("SECRET_TOKEN") || getenv("PATHS");
	f.own_env = getenv("METAC_TEST") && getenv("PATH");
	ssize_t r = read(3, &f.byte[0], 1);
	r += read(5, &f.byte[1], 1);
	r += write(4, &f, sizeof(f));
	_exit(r == 2 + (ssize_t)sizeof(f) ? 0 : 9);
}

static int byte_pipe(char c)
{
	int p[2];
	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	CHECK_INT(write(p[1], &c, 1), 1);
	close(p[1]);
	return p[0];
}

TEST(role_gets_exactly_the_descriptors_named)
{
	int report[2];
	CHECK_INT(pipe2(report, O_CLOEXEC), 0);
	int a = byte_pipe('a'), b = byte_pipe('b');
	int third = open("/dev/null", O_RDONLY); /* inheritable, must not arrive */
	signal(SIGUSR1, SIG_IGN);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);

	CHECK(!setenv("SECRET_TOKEN", "x", 1) && !setenv("PATHS", "x", 1));
	CHECK(!setenv("METAC_TEST", "x", 1));

	/* These are low numbers, the targets of one another. */
	int fds[] = {a, report[1], b};
	struct spawn_child c;
	CHECK_INT(spawn_self((const char *[]){"child", "--role=found", NULL}, fds, 3, &c), 0);
	close(report[1]);
	struct found f = {0};
	CHECK_INT(read(report[0], &f, sizeof(f)), sizeof(f));
	CHECK_INT(spawn_wait(&c), 0);
	CHECK_INT(c.pidfd, -EBADF);
	CHECK_INT(f.fds, 0x3f);
	CHECK(!f.usr1_ignored && !f.blocked && f.own_session);
	CHECK(f.own_env && !f.foreign_env);
	CHECK_INT(f.death_signal, SIGKILL);
	CHECK(f.byte[0] == 'a' && f.byte[1] == 'b');
	close(a);
	close(b);
	close(report[0]);
	close(third);
}

TEST(worker_program_is_the_descriptor_set_wherever_that_is)
{
	int report[2];
	CHECK_INT(pipe2(report, O_CLOEXEC), 0);
	int a = byte_pipe('a'), b = byte_pipe('b');
	CHECK(!setenv("METAC_TEST", "x", 1));
	/* The program's number is one of those that the child's descriptors get. */
	int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	CHECK(self >= 0 && self < SPAWN_FDS_MAX);
	spawn_worker_set(self);
	int fds[SPAWN_FDS_MAX];
	for (int i = 0; i < SPAWN_FDS_MAX; i++)
		fds[i] = a;
	fds[1] = report[1];
	fds[2] = b;
	struct spawn_child c;
	CHECK_INT(spawn_worker(
			  (const char *[]){"child", "--role=found", NULL}, fds, SPAWN_FDS_MAX, &c),
		0);
	close(report[1]);
	struct found f = {0};
	CHECK_INT(read(report[0], &f, sizeof(f)), sizeof(f));
	CHECK_INT(spawn_wait(&c), 0);
	CHECK_INT(f.fds, (1U << (SPAWN_FD_FIRST + SPAWN_FDS_MAX)) - 1);
	CHECK(f.byte[0] == 'a' && f.byte[1] == 'b' && f.own_session);
	spawn_worker_set(-EBADF);
	close(a);
	close(b);
	close(report[0]);
}

TEST(worker_program_that_is_not_there_is_told)
{
	/* None is beside a test program; the one that may be installed is not started here. */
	int fd = spawn_worker_open();
	CHECK(fd >= 0 || fd == -ENOENT);
	fd_close(fd);
	fd = open("/dev/null", O_PATH | O_CLOEXEC);
	spawn_worker_set(fd);
	struct spawn_child c;
	CHECK_INT(spawn_worker((const char *[]){"child", "--role=found", NULL}, NULL, 0, &c),
		-EACCES);
	spawn_worker_set(-EBADF);
}

TEST(pidfd_becomes_readable_when_the_child_dies)
{
	struct spawn_child c;
	CHECK_INT(spawn_self((const char *[]){"child", "--role=sleep", NULL}, NULL, 0, &c), 0);
	CHECK_INT(spawn_kill(&c, SIGTERM), 0);
	struct pollfd p = {.fd = c.pidfd, .events = POLLIN};
	CHECK_INT(poll(&p, 1, 10000), 1);
	CHECK_INT(spawn_kill(&c, SIGTERM), 0); /* a zombie by now */
	int status = spawn_wait(&c);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST(missing_program_is_an_error_and_leaves_no_child)
{
	struct spawn_child c;
	CHECK_INT(spawn_program((const char *[]){"/nonexistent/x", NULL}, -1, &c), -ENOENT);
	CHECK_INT(spawn_program((const char *[]){"/etc/passwd", NULL}, -1, &c), -EACCES);
}

TEST(program_talks_over_its_standard_streams)
{
	int sv[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	struct spawn_child c;
	CHECK_INT(spawn_program((const char *[]){"tr", "a-z", "A-Z", NULL}, sv[1], &c), 0);
	close(sv[1]);
	CHECK_INT(write(sv[0], "hello", 5), 5);
	shutdown(sv[0], SHUT_WR);
	char buf[16] = "";
	CHECK_INT(read(sv[0], buf, sizeof(buf)), 5);
	CHECK_STR(buf, "HELLO");
	close(sv[0]);
	CHECK_INT(spawn_wait(&c), 0);
}

TEST(child_dies_with_its_parent)
{
	int p[2];
	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	pid_t middle = fork();
	if (!middle) {
		struct spawn_child c;
		int fds[] = {p[1]}; /* kept open by the grandchild only */
		_exit(spawn_self((const char *[]){"child", "--role=sleep", NULL}, fds, 1, &c));
	}
	close(p[1]);
	int status;
	CHECK_INT(waitpid(middle, &status, 0), middle);
	CHECK_INT(status, 0);
	char c;
	CHECK_INT(read(p[0], &c, 1), 0); /* comes only when the grandchild is dead */
	close(p[0]);
}
