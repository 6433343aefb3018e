/* SPDX-License-Identifier: MIT */
/* Each restriction is made in a process of its own, whose exit status is what it saw. */
#include "sys/landlock.h"
#include "base/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char dir[] = "/tmp/metac-landlock-XXXXXX";

static int in_child(int (*fn)(void))
{
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		_exit(fn());
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void need_landlock(void)
{
	if (!landlock_abi())
		test_skip("the kernel has no Landlock");
}

#define EXPECT(n, cond)           \
	do {                      \
		if (!(cond))      \
			return n; \
	} while (0)

static int only_read_dir(void)
{
	struct landlock l;
	char inside[64];
	snprintf(inside, sizeof(inside), "%s/file", dir);
	EXPECT(1, landlock_init(&l) == 0);
	EXPECT(2, landlock_allow_path(&l, dir, LANDLOCK_MAY_READ) == 0);
	EXPECT(3, landlock_allow_path(&l, "/nonexistent/x", LANDLOCK_MAY_READ) == 0);
	EXPECT(4,
		landlock_allow_path(&l, "/dev/null", LANDLOCK_MAY_READ | LANDLOCK_MAY_WRITE) == 0);
	EXPECT(5, landlock_restrict(&l) > 0);
	EXPECT(6, open(inside, O_RDONLY) >= 0);
	EXPECT(7, open(inside, O_WRONLY) < 0 && errno == EACCES);
	EXPECT(8, open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
	EXPECT(9, open("/dev/null", O_RDWR) >= 0);
	EXPECT(10, unlink(inside) < 0);
	EXPECT(11, l.fd == -EBADF);
	return 0;
}

static int change_dir(void)
{
	struct landlock l;
	char from[64], to[64];
	snprintf(from, sizeof(from), "%s/new", dir);
	snprintf(to, sizeof(to), "%s/sub/new", dir);
	EXPECT(1, landlock_init(&l) == 0);
	uint64_t all = LANDLOCK_MAY_READ | LANDLOCK_MAY_WRITE | LANDLOCK_MAY_CHANGE;
	EXPECT(2, landlock_allow_path(&l, dir, all) == 0);
	EXPECT(3, landlock_restrict(&l) > 0);
	int fd = open(from, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	EXPECT(4, fd >= 0 && ftruncate(fd, 10) == 0);
	if (landlock_abi() >= 2)
		EXPECT(5, rename(from, to) == 0 && unlink(to) == 0);
	else
		EXPECT(6, unlink(from) == 0);
	EXPECT(7, open("/tmp/metac-landlock-outside", O_CREAT | O_RDWR, 0600) < 0);
	return 0;
}

static int connect_somewhere(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in sa = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(1)};
	return connect(s, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? errno : 0;
}

static int no_network(void)
{
	struct landlock l;
	EXPECT(1, landlock_init(&l) == 0 && landlock_restrict(&l) > 0);
	EXPECT(2, landlock_abi() < 4 || connect_somewhere() == EACCES);
	EXPECT(3, landlock_abi() < 6 || (kill(getppid(), 0) < 0 && errno == EPERM));
	return 0;
}

static int files_only(void)
{
	struct landlock l;
	EXPECT(1, landlock_init_files(&l) == 0 && landlock_restrict(&l) > 0);
	EXPECT(2, connect_somewhere() == ECONNREFUSED);
	EXPECT(3, open("/etc/passwd", O_RDONLY) < 0);
	return 0;
}

static void make_tree(void)
{
	char path[64];
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	snprintf(path, sizeof(path), "%s/sub", dir);
	CHECK_INT(mkdir(path, 0700), 0);
}

static void drop_tree(void)
{
	char path[64];
	snprintf(path, sizeof(path), "%s/file", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/sub", dir);
	rmdir(path);
	CHECK_INT(rmdir(dir), 0);
}

TEST(only_what_is_allowed_can_be_read)
{
	need_landlock();
	make_tree();
	CHECK_INT(in_child(only_read_dir), 0);
	drop_tree();
}

TEST(entries_can_be_moved_within_an_allowed_tree)
{
	need_landlock();
	make_tree();
	CHECK_INT(in_child(change_dir), 0);
	drop_tree();
}

TEST(network_and_foreign_processes_are_out_of_reach)
{
	need_landlock();
	CHECK_INT(in_child(no_network), 0);
}

TEST(files_alone_can_be_restricted)
{
	need_landlock();
	CHECK_INT(in_child(files_only), 0);
}

TEST(kernel_without_landlock_is_no_error)
{
	struct landlock l = {.fd = -EBADF, .abi = 0};
	CHECK_INT(landlock_allow(&l, 0, LANDLOCK_MAY_READ), 0);
	CHECK_INT(landlock_allow_path(&l, "/", LANDLOCK_MAY_READ), 0);
	CHECK_INT(landlock_restrict(&l), 0);
	landlock_done(&l);
}
