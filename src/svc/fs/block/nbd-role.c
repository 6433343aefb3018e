/* SPDX-License-Identifier: MIT */
/*
 * The role: options, and giving up what is not needed.
 *
 * Theory of operation: close all descriptors but the connection, the file and the control socket,
 * keep no capability, forbid all files (landlock) and then the system calls that serving does not
 * take (seccomp).  What needs one of those, asking the disk for its block size, has been done
 * before.
 */
#include "svc/fs/block/nbd-confine.h"
#include "svc/fs/block/nbd-worker.h"

#include "base/log.h"
#include "sys/landlock.h"
#include "sys/priv.h"
#include "sys/seccomp.h"

#include <getopt.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { SOCK_FD = 3, FILE_FD = 4, CONTROL_FD = 5 };

/* Everything the threads do, from nbd-worker.c and the modules beside it. */
static const char *const calls[] = {"@base", "sendto", "recvfrom", "shutdown",
	"setsockopt:rcvtimeo", "poll", "ppoll", /* the connection */
	"fdatasync", "fallocate", "fadvise64", "cachestat", "ioctl:blkdiscard", /* the file */
	"pipe2", "splice", /* reads of some length */
	"clone:thread", /* the pool's */
	NULL};

int nbd_confine(void)
{
	return seccomp_confine(calls, SECCOMP_ELSE_KILL);
}

int nbd_lock_down(void)
{
	struct priv_drop drop = {.keep = PRIV_CAPS_NONE};
	struct landlock l;
	int r = priv_drop(&drop);
	if (r >= 0)
		r = landlock_init(&l);
	if (r >= 0)
		r = landlock_restrict(&l);
	if (!r)
		log_debug("nbd: this kernel has no landlock");
	return r < 0 ? r : 0;
}

static int parse_options(int argc, char **argv, struct nbd_worker_options *ret)
{
	static const struct option options[] = {{"read-only", no_argument, NULL, 'r'},
		{"direct", no_argument, NULL, 'd'}, {"control", no_argument, NULL, 'c'},
		{"role", required_argument, NULL, 'R'}, {}};
	int r = 0;
	*ret = (struct nbd_worker_options){};
	optind = 1;
	for (int c; !r && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'r')
			ret->read_only = true;
		else if (c == 'd')
			ret->direct = true;
		else if (c == 'c')
			ret->control_fd = CONTROL_FD;
		else if (c != 'R')
			r = -EINVAL;
	}
	return optind < argc ? -EINVAL : r;
}

/* A peer that has gone without a word is noticed within two minutes. */
static void set_up_connection(int sock)
{
	int one = 1, idle = 60, interval = 15, count = 4;
	(void)setsockopt(sock, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	(void)setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(sock, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(sock, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(sock, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static int prepare(const struct nbd_worker_options *o)
{
	struct stat st;
	if (fstat(SOCK_FD, &st) < 0 || !S_ISSOCK(st.st_mode) || fstat(FILE_FD, &st) < 0)
		return -EBADF;
	if (close_range(o->control_fd ? CONTROL_FD + 1 : CONTROL_FD, UINT_MAX, 0) < 0)
		return -errno;
	set_up_connection(SOCK_FD);
	return 0;
}

int role_nbd_server(int argc, char **argv)
{
	struct nbd_worker_options o;
	log_set_role("nbd-server");
	if (parse_options(argc, argv, &o) < 0) {
		log_error("bad options");
		return 2;
	}
	int r = prepare(&o);
	if (!r)
		r = nbd_lock_down();
	if (!r)
		r = nbd_serve(&o, SOCK_FD, FILE_FD, true);
	if (r)
		log_error("cannot serve: %s", strerror(-r));
	/* Confined as it is, the process can do none of what libraries do at exit. */
	_exit(r ? 1 : 0);
}
