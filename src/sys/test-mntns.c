/* SPDX-License-Identifier: MIT */
#include "sys/mntns.h"
#include "base/test.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* A child in a mount namespace of its own, which ends when we close our end of the pipe. */
static pid_t child_in_namespace(int *ret_ns, int *ret_hold)
{
	int hold[2], ready[2];
	CHECK(!pipe2(hold, O_CLOEXEC) && !pipe2(ready, O_CLOEXEC));
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		char c = unshare(CLONE_NEWNS) < 0 ||
					 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
				 ? 'n'
				 : 'y';
		close(hold[1]);
		if (write(ready[1], &c, 1) != 1 || read(hold[0], &c, 1) < 0)
			_exit(1);
		_exit(0);
	}
	char c = 0, path[64];
	CHECK_INT(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	close(hold[0]);
	*ret_hold = hold[1];
	if (c != 'y') {
		close(hold[1]);
		waitpid(pid, NULL, 0);
		test_skip("no mount namespaces");
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	*ret_ns = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(*ret_ns >= 0);
	return pid;
}

TEST(own_and_foreign_namespaces_are_told_apart)
{
	int ns, hold;
	pid_t pid = child_in_namespace(&ns, &hold);
	AUTO_CLOSE int mine = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	/* The module keeps its own descriptor from now on: not a leak. */
	CHECK_INT(mntns_check(mine), MNTNS_OWN);
	CHECK_INT(mntns_check(ns), MNTNS_OTHER);
	CHECK_INT(mntns_check(net), -EINVAL);
	CHECK(!mntns_same(mine, ns) && mntns_same(ns, ns) && mntns_same(-EBADF, -EBADF));
	CHECK(!mntns_same(-EBADF, ns));
	if (geteuid() == 0) {
		CHECK_INT(mntns_enter(ns), 0);
		AUTO_CLOSE int now = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
		CHECK(mntns_same(now, ns));
		mntns_leave(ns);
		AUTO_CLOSE int after = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
		CHECK(mntns_same(after, mine));
	}
	close(ns);
	close(hold);
	waitpid(pid, NULL, 0);
	mntns_forget();
}

TEST(no_namespace_means_nothing_happens)
{
	CHECK_INT(mntns_enter(-EBADF), 0);
	mntns_leave(-EBADF);
}
