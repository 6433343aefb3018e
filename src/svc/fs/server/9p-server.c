/* SPDX-License-Identifier: MIT */
/*
 * The role: options, and giving up what is not needed.
 *
 * Theory of operation: in this order, since each step takes away the means to do the one before:
 * read the user database (9p-cred.c does, when the tree is set up), close all descriptors but the
 * connection and the tree, become the user, keep the few capabilities that a file server
 * acting for several users needs, forbid what is outside the tree (landlock), start the threads,
 * and forbid the system calls that serving does not take (seccomp).
 */
#include "svc/fs/server/9p-confine.h"
#include "svc/fs/server/9p-server.h"

#include "base/log.h"
#include "sys/landlock.h"
#include "sys/priv.h"
#include "sys/seccomp.h"
#include "wire/9p/9p-codec.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { SOCK_FD = 3, TREE_FD = 4, CONTROL_FD = 5, SESSION_FD = 6, FDS_RESERVED = 128 };

#define CAPS_SERVE                                                                          \
	(PRIV_CAP(CAP_CHOWN) | PRIV_CAP(CAP_DAC_OVERRIDE) | PRIV_CAP(CAP_DAC_READ_SEARCH) | \
		PRIV_CAP(CAP_FOWNER) | PRIV_CAP(CAP_FSETID) | PRIV_CAP(CAP_MKNOD) |         \
		PRIV_CAP(CAP_SETUID) | PRIV_CAP(CAP_SETGID) | PRIV_CAP(CAP_SETFCAP))

/* Everything the threads do, from 9p-worker.c and the 9p-* modules. */
static const char *const calls[] = {"@base", "sendto", "recvfrom", "shutdown", /* the connection */
	"pipe2", "splice", /* long reads */
	"openat", "openat2", "open", "readlink", "readlinkat", "getdents64", "fstatfs", "statfs",
	"getxattr", "listxattr", "setxattr",
	"removexattr", /* looking and xattrs, by /proc/self/fd */
	"mkdirat", "mknodat", "mknod", "linkat", "symlinkat", "unlinkat", "renameat", "renameat2",
	"chmod", "fchmodat", "fchownat", "truncate", "ftruncate", "utimensat", "fsync", "fdatasync",
	"name_to_handle_at", "fallocate", "lseek", "copy_file_range", "flock", "setfsuid",
	"setfsgid", "setgroups", /* the identity of one request */
	"fanotify_mark", "poll", "ppoll", /* watching */
	"timer_create", "timer_settime", "timer_delete", /* looking up from waiting for a lock */
	"clone:thread", /* threads are started when they are needed */
	NULL};

int p9_confine(void)
{
	return seccomp_confine(calls, SECCOMP_ELSE_KILL);
}

uint32_t p9_max_fids(uint32_t most)
{
	struct rlimit lim;
	if (getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_cur <= 2 * FDS_RESERVED)
		return FDS_RESERVED;
	return (uint32_t)MIN(lim.rlim_cur - FDS_RESERVED, (rlim_t)most);
}

static int restrict_to_tree(const struct p9_options *o, int tree_fd)
{
	struct landlock l;
	uint64_t rights = LANDLOCK_MAY_READ;
	if (!o->read_only)
		rights |= LANDLOCK_MAY_WRITE | LANDLOCK_MAY_CHANGE;
	int r = landlock_init(&l);
	if (r)
		return r;
	r = landlock_allow(&l, tree_fd, rights);
	if (r) {
		landlock_done(&l);
		return r;
	}
	r = landlock_restrict(&l);
	if (!r)
		log_debug("9p: this kernel has no landlock");
	return r < 0 ? r : 0;
}

int p9_lock_down(const struct p9_options *o, int tree_fd)
{
	struct priv_user user = {.uid = o->uid, .gid = o->gid};
	struct priv_drop drop = {
		.user = o->fixed ? &user : NULL, .keep = o->fixed ? PRIV_CAPS_NONE : CAPS_SERVE};
	int r = priv_drop(&drop);
	return r < 0 ? r : restrict_to_tree(o, tree_fd);
}

static int parse_number(const char *text, uint32_t most, uint32_t *ret)
{
	char *end;
	errno = 0;
	unsigned long v = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || v > most)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

static int parse_options(int argc, char **argv, struct p9_options *ret)
{
	static const struct option options[] = {{"read-only", no_argument, NULL, 'r'},
		{"uid", required_argument, NULL, 'u'}, {"gid", required_argument, NULL, 'g'},
		{"msize", required_argument, NULL, 'm'}, {"role", required_argument, NULL, 'R'},
		{"control", no_argument, NULL, 'c'}, {"session", no_argument, NULL, 's'}, {}};
	bool uid = false, gid = false;
	int r = 0;
	*ret = (struct p9_options){.msize = P9_MAX_MSIZE};
	optind = 1;
	for (int c; !r && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'r')
			ret->read_only = true;
		else if (c == 'u' && (uid = true))
			r = parse_number(optarg, UINT32_MAX - 1, &ret->uid);
		else if (c == 'g' && (gid = true))
			r = parse_number(optarg, UINT32_MAX - 1, &ret->gid);
		else if (c == 'm')
			r = parse_number(optarg, P9_MAX_MSIZE, &ret->msize);
		else if (c == 'c')
			ret->control_fd = CONTROL_FD;
		else if (c == 's')
			ret->session_fd = SESSION_FD;
		else if (c != 'R')
			r = -EINVAL;
	}
	ret->fixed = uid;
	if (uid != gid || optind < argc || ret->msize < P9_MIN_MSIZE)
		r = -EINVAL;
	return r;
}

/* As many descriptors as the system lets us have: every fid holds one. */
static void raise_limit(void)
{
	struct rlimit lim;
	if (!getrlimit(RLIMIT_NOFILE, &lim)) {
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static int prepare(const struct p9_options *o)
{
	struct stat st;
	int one = 1;
	if (fstat(SOCK_FD, &st) < 0 || !S_ISSOCK(st.st_mode) || fstat(TREE_FD, &st) < 0)
		return -EBADF;
	if ((!o->control_fd && close_range(CONTROL_FD, CONTROL_FD, 0) < 0) ||
		(!o->session_fd && close_range(SESSION_FD, SESSION_FD, 0) < 0) ||
		close_range(SESSION_FD + 1, UINT_MAX, 0) < 0)
		return -errno;
	(void)setsockopt(SOCK_FD, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	umask(0); /* the client has applied its own */
	raise_limit();
	return 0;
}

int role_9p_server(int argc, char **argv)
{
	struct p9_options o;
	log_set_role("9p-server");
	if (parse_options(argc, argv, &o) < 0) {
		log_error("bad options");
		return 2;
	}
	int r = prepare(&o);
	if (!r)
		r = p9_serve(&o, SOCK_FD, TREE_FD, true);
	if (r)
		log_error("cannot serve: %s", strerror(-r));
	/* Confined as it is, the process can do none of what libraries do at exit. */
	_exit(r ? 1 : 0);
}
