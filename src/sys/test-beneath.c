/* SPDX-License-Identifier: MIT */
#include "sys/beneath.h"
#include "base/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

static char root[] = "/tmp/metac-beneath-XXXXXX";

static int make_tree(void)
{
	CHECK(mkdtemp(root));
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(mkdirat(fd, "a", 0755), 0);
	CHECK_INT(mkdirat(fd, "a/b", 0755), 0);
	CHECK_INT(symlinkat("/etc", fd, "abs"), 0);
	CHECK_INT(symlinkat("b", fd, "a/rel"), 0);
	CHECK_INT(symlinkat("../../../../etc/passwd", fd, "a/up"), 0);
	int f = openat(fd, "a/b/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(f >= 0);
	close(f);
	return fd;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void drop_tree(int fd)
{
	close(fd);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int check(const char *s)
{
	return beneath_check(s, strlen(s));
}

TEST(paths_that_could_lead_out_are_refused)
{
	static const char *const bad[] = {
		"/", "/a", "a//b", "a/", "..", "../a", "a/..", "a/../b", "a/./b", "./a", "a/."};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_INT(check(bad[i]), -EINVAL);
	static const char *const good[] = {
		"", ".", "a", "a/b", "...", "..a", ".a/b.", "a/...", "\xff"};
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK_INT(check(good[i]), 0);
	CHECK_INT(beneath_check("a\0b", 3), -EINVAL);
}

TEST(length_and_depth_are_limited)
{
	static char s[BENEATH_PATH_MAX + 2];
	memset(s, 'a', sizeof(s) - 1);
	CHECK_INT(check(s), -EINVAL);
	CHECK_INT(check(s + 1), 0);
	for (size_t i = 0; i < BENEATH_DEPTH_MAX; i++)
		memcpy(s + 2 * i, "a/", 2);
	s[2 * BENEATH_DEPTH_MAX - 1] = '\0';
	CHECK_INT(check(s), 0);
	memcpy(s + 2 * BENEATH_DEPTH_MAX - 1, "/a", 3);
	CHECK_INT(check(s), -EINVAL);
}

TEST(opening_follows_no_symbolic_link)
{
	int fd = make_tree();
	int f = beneath_open(fd, "a/b/file", O_RDONLY, 0777);
	CHECK(f >= 0 && (fcntl(f, F_GETFD) & FD_CLOEXEC));
	close(f);
	f = beneath_open(fd, "", O_PATH | O_DIRECTORY, 0);
	CHECK(f >= 0);
	close(f);
	CHECK_INT(beneath_open(fd, "abs", O_RDONLY, 0), -ELOOP);
	CHECK_INT(beneath_open(fd, "abs/passwd", O_RDONLY, 0), -ELOOP);
	CHECK_INT(beneath_open(fd, "a/rel/file", O_RDONLY, 0), -ELOOP);
	CHECK_INT(beneath_open(fd, "a/up", O_RDONLY, 0), -ELOOP);
	CHECK_INT(beneath_open(fd, "../etc", O_RDONLY, 0), -EINVAL);
	CHECK_INT(beneath_open(fd, "a/none", O_RDONLY, 0), -ENOENT);
	f = beneath_open(fd, "a/new", O_CREAT | O_EXCL | O_WRONLY, 0640);
	CHECK(f >= 0);
	close(f);
	drop_tree(fd);
}

TEST(parent_of_the_last_component)
{
	int fd = make_tree();
	const char *name;
	int p = beneath_open_parent(fd, "a/b/file", &name);
	CHECK(p >= 0);
	CHECK_STR(name, "file");
	CHECK_INT(faccessat(p, name, F_OK, 0), 0);
	close(p);
	p = beneath_open_parent(fd, "a", &name);
	CHECK(p >= 0);
	CHECK_STR(name, "a");
	close(p);
	CHECK_INT(beneath_open_parent(fd, "", &name), -EINVAL);
	CHECK_INT(beneath_open_parent(fd, ".", &name), -EINVAL);
	CHECK_INT(beneath_open_parent(fd, "abs/x", &name), -ELOOP);
	drop_tree(fd);
}

static void swap_for_ever(int fd)
{
	for (;;) {
		renameat(fd, "a", fd, "z");
		if (symlinkat("/etc", fd, "a") < 0)
			assert(errno == EEXIST);
		unlinkat(fd, "a", 0);
		renameat(fd, "z", fd, "a");
	}
}

/* A directory on the way is swapped with a symbolic link to /etc by another process meanwhile. */
TEST(racing_swap_cannot_lead_outside)
{
	int fd = make_tree();
	CHECK_INT(symlinkat("nowhere", fd, "a/b/passwd"), 0); /* opens nothing in here */
	pid_t pid = fork();
	if (!pid)
		swap_for_ever(fd);
	unsigned inside = 0;
	/* On a busy machine the other process may stand still for long, with the link in place. */
	for (int i = 0; i < 20000 || (!inside && i < 10000000); i++) {
		CHECK(beneath_open(fd, "a/passwd", O_RDONLY, 0) < 0);
		int f = beneath_open(fd, "a/b/file", O_RDONLY, 0);
		inside += f >= 0;
		if (f < 0)
			sched_yield();
		fd_close(f);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(inside > 0);
	unlinkat(fd, "a", 0);
	renameat(fd, "z", fd, "a");
	drop_tree(fd);
}
