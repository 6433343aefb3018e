/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: landlock.h.  Numbers and structures are written down here, since the
 * kernel headers one is built with are usually older than the kernel one runs on.
 */
#include "sys/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_IOCTL = 5, ABI_SCOPE = 6 };

/* struct landlock_ruleset_attr as of ABI 6; older kernels take its beginning. */
struct ruleset {
	uint64_t fs, net, scoped;
};

static const uint64_t net_all = 3; /* bind and connect a TCP socket */
static const uint64_t scoped_all = 3; /* abstract unix sockets, signals */

/* What can be said of something that is not a directory. */
static const uint64_t file_rights = LANDLOCK_MAY_EXECUTE | LANDLOCK_MAY_WRITE |
				    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_MAY_IOCTL;

static uint64_t known_rights(int abi)
{
	uint64_t fs = LANDLOCK_MAY_EXECUTE | LANDLOCK_MAY_READ | LANDLOCK_MAY_WRITE |
		      LANDLOCK_MAY_CHANGE | LANDLOCK_MAY_IOCTL;
	if (abi < ABI_REFER)
		fs &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	if (abi < ABI_TRUNCATE)
		fs &= ~(UINT64_C(1) << 14);
	if (abi < ABI_IOCTL)
		fs &= ~LANDLOCK_MAY_IOCTL;
	return fs;
}

int landlock_abi(void)
{
	long abi = syscall(
		SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
	return abi < 0 ? 0 : (int)abi;
}

static int make_ruleset(struct landlock *ret, bool files_only)
{
	*ret = (struct landlock){.fd = -EBADF, .abi = landlock_abi()};
	if (!ret->abi)
		return 0;
	struct ruleset rules = {.fs = known_rights(ret->abi)};
	size_t size = sizeof(rules.fs);
	if (!files_only && ret->abi >= ABI_NET) {
		rules.net = net_all;
		size = offsetof(struct ruleset, scoped);
	}
	if (!files_only && ret->abi >= ABI_SCOPE) {
		rules.scoped = scoped_all;
		size = sizeof(rules);
	}
	ret->fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	return ret->fd < 0 ? -errno : 0;
}

int landlock_init(struct landlock *ret)
{
	return make_ruleset(ret, false);
}

int landlock_init_files(struct landlock *ret)
{
	return make_ruleset(ret, true);
}

int landlock_allow(struct landlock *l, int fd, uint64_t rights)
{
	if (!l->abi)
		return 0;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	rights &= known_rights(l->abi);
	if (!S_ISDIR(st.st_mode))
		rights &= file_rights;
	if (!rights)
		return 0;
	struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
	long r = syscall(SYS_landlock_add_rule, l->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	return r < 0 ? -errno : 0;
}

int landlock_allow_path(struct landlock *l, const char *path, uint64_t rights)
{
	if (!l->abi)
		return 0;
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return landlock_allow(l, fd, rights);
}

int landlock_restrict(struct landlock *l)
{
	int r = l->abi;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	else if (l->abi && syscall(SYS_landlock_restrict_self, l->fd, 0) < 0)
		r = -errno;
	landlock_done(l);
	return r;
}

void landlock_done(struct landlock *l)
{
	l->fd = fd_close(l->fd);
}
