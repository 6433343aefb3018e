/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: place.h.
 *
 * The lock comes before the sockets: who holds it may replace a socket file that a killed
 * predecessor left.  The lock file is removed by its holder at the end, so a newcomer that has
 * locked a file looks whether that file still is the one in the directory.
 */
#include "role/place.h"
#include "base/log.h"
#include "loop/link.h"

#include <dirent.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

enum { TENTATIVE_TRIES = 50, TAKEN_TRIES = 30, WAIT_MS = 100, LOCK_TRIES = 8 };

/* ---- directories --------------------------------------------------------------------------- */

/* mkdir -p. */
static int make_path(const char *path)
{
	char buf[PATH_MAX];
	size_t len = strlen(path);
	if (len >= sizeof(buf))
		return -ENAMETOOLONG;
	memcpy(buf, path, len + 1);
	for (char *at = buf + 1; len && *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(buf, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(buf, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Makes and opens base/name. Nobody but root may be able to swap what is in base. */
static int open_node_dir(const char *base, const char *name, mode_t mode, int *ret, struct err *e)
{
	int r = make_path(base);
	if (r < 0)
		return err_errno(e, r, "cannot make directory %s", base);
	AUTO_CLOSE int base_fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	if (base_fd < 0 || fstat(base_fd, &st) < 0)
		return err_errno(e, -errno, "cannot open directory %s", base);
	if (st.st_uid != 0 || ((st.st_mode & 0022) && !(st.st_mode & S_ISVTX)))
		return err_set(e, -EPERM,
			"directory %s must belong to root and be writable by nobody else", base);
	if (mkdirat(base_fd, name, mode) < 0 && errno != EEXIST)
		return err_errno(e, -errno, "cannot make directory %s/%s", base, name);
	int fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, -errno, "cannot open directory %s/%s", base, name);
	*ret = fd;
	return 0;
}

/* Files of a node that ran as another user before: only what surely is that user's own. */
static void take_over_files(int dir_fd, uid_t from, const struct priv_user *to)
{
	AUTO_CLOSE int again = dup(dir_fd);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	if (!d)
		return;
	again = -EBADF;
	for (struct dirent *entry; (entry = readdir(d));) {
		struct stat st;
		AUTO_CLOSE int fd = openat(
			dir_fd, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0)
			continue;
		if (S_ISREG(st.st_mode) && st.st_uid == from && st.st_nlink == 1 &&
			fchown(fd, to->uid, to->gid) < 0)
			log_warning("%s stays another user's: %s", entry->d_name, strerror(errno));
	}
	closedir(d);
}

static int open_state(const struct place_options *o, struct place *p, struct err *e)
{
	AUTO_CLOSE int fd = -EBADF;
	struct stat st;
	int r = open_node_dir(o->state_dir, p->address, 0700, &fd, e);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "%s", p->state);
	if (st.st_uid != p->user.uid)
		take_over_files(fd, st.st_uid, &p->user);
	if (fchown(fd, p->user.uid, p->user.gid) < 0 || fchmod(fd, 0700) < 0)
		return err_errno(e, -errno, "cannot give %s to user %u", p->state, p->user.uid);
	return 0;
}

static int open_runtime(const struct place_options *o, struct place *p, struct err *e)
{
	int r = open_node_dir(o->runtime_dir, p->address, 0755, &p->dir_fd, e);
	if (r < 0)
		return r;
	struct stat st;
	if (fstat(p->dir_fd, &st) < 0)
		return err_errno(e, -errno, "%s", p->runtime);
	if (st.st_uid != 0 || (st.st_mode & 0022))
		return err_set(e, -EPERM,
			"directory %s must belong to root and be writable by nobody else",
			p->runtime);
	return 0;
}

/* ---- lock ---------------------------------------------------------------------------------- */

static int read_pid(int fd)
{
	char buf[16] = "";
	return pread(fd, buf, sizeof(buf) - 1, 0) > 0 ? atoi(buf) : 0;
}

static bool is_still_there(int dir_fd, int fd)
{
	struct stat mine, there;
	return fstat(fd, &mine) == 0 && fstatat(dir_fd, "lock", &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

static int take_lock(struct place *p, struct err *e)
{
	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		AUTO_CLOSE int fd =
			openat(p->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno == ENOENT)
			return -ENOENT; /* the directory itself has just gone */
		if (fd < 0)
			return err_errno(e, -errno, "cannot open %s/lock", p->runtime);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
			return err_set(e, -EBUSY, "another metacd (process %d) runs for address %s",
				read_pid(fd), p->address);
		if (!is_still_there(p->dir_fd, fd))
			continue; /* its holder was just leaving */
		char pid[16];
		int len = snprintf(pid, sizeof(pid), "%d\n", getpid());
		if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)len, 0) != len)
			return err_errno(e, -errno, "cannot write %s/lock", p->runtime);
		p->lock_fd = TAKE_FD(fd);
		return 0;
	}
	return err_set(e, -EBUSY, "cannot get hold of %s/lock", p->runtime);
}

/* The directory, locked. Whoever leaves removes it with the lock in it, maybe under our hands. */
static int open_and_lock(const struct place_options *o, struct place *p, struct err *e)
{
	int r = -ENOENT;
	for (unsigned i = 0; r == -ENOENT && i < LOCK_TRIES; i++) {
		p->dir_fd = fd_close(p->dir_fd);
		r = open_runtime(o, p, e);
		if (r >= 0)
			r = take_lock(p, e);
	}
	return r == -ENOENT ? err_errno(e, r, "cannot lock %s", p->runtime) : r;
}

/* ---- sockets ------------------------------------------------------------------------------- */

static bool host_has_address(const struct sockaddr_storage *sa)
{
	struct ifaddrs *all;
	bool found = false;
	if (getifaddrs(&all) < 0)
		return false;
	for (struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		struct sockaddr_storage have = {0};
		if (!i->ifa_addr)
			continue;
		if (i->ifa_addr->sa_family == AF_INET)
			memcpy(&have, i->ifa_addr, sizeof(struct sockaddr_in));
		else if (i->ifa_addr->sa_family == AF_INET6)
			memcpy(&have, i->ifa_addr, sizeof(struct sockaddr_in6));
		found = addr_equal(&have, sa, false);
	}
	freeifaddrs(all);
	return found;
}

static int parse_address(const char *address, uint16_t port, struct sockaddr_storage *ret,
	socklen_t *ret_len, struct err *e)
{
	int r = addr_parse(address, port, ret, ret_len);
	return r < 0 ? err_set(e, r, "not an IP address: %s", address) : 0;
}

static void wait_a_little(void)
{
	nanosleep(&(struct timespec){.tv_nsec = WAIT_MS * 1000000L}, NULL);
}

/* Is it ours? The question is asked before anything is made. */
static int check_address(const char *address, struct err *e)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int r = parse_address(address, 0, &sa, &len, e);
	if (r < 0)
		return r;
	AUTO_CLOSE int fd = listen_tcp(&sa, len, 1);
	/* A new IPv6 address can be used only when the kernel has seen that nobody else has it. */
	for (unsigned i = 0; fd == -EADDRNOTAVAIL && i < TENTATIVE_TRIES && host_has_address(&sa);
		i++) {
		wait_a_little();
		fd = listen_tcp(&sa, len, 1);
	}
	if (fd == -EADDRNOTAVAIL)
		return err_set(e, fd, "%s is not an address of this host (`ip address` shows them)",
			address);
	return fd < 0 ? err_errno(e, fd, "cannot listen on %s", address) : 0;
}

static int listen_node(const char *address, struct err *e)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int r = parse_address(address, PLACE_PORT, &sa, &len, e);
	if (r < 0)
		return r;
	r = listen_tcp(&sa, len, SOMAXCONN);
	/* The node of a predecessor that was killed dies with it, but not at the same moment. */
	for (unsigned i = 0; r == -EADDRINUSE && i < TAKEN_TRIES; i++) {
		wait_a_little();
		r = listen_tcp(&sa, len, SOMAXCONN);
	}
	if (r == -EADDRINUSE)
		return err_set(
			e, r, "TCP port %d of %s is taken by another program", PLACE_PORT, address);
	return r < 0 ? err_errno(e, r, "cannot listen on %s", address) : r;
}

static int open_sockets(struct place *p, struct err *e)
{
	char path[PATH_MAX + 8];
	p->tcp_fd = listen_node(p->address, e);
	if (p->tcp_fd < 0)
		return p->tcp_fd;
	snprintf(path, sizeof(path), "%s/socket", p->runtime);
	p->unix_fd = listen_unix(path, 0600);
	return p->unix_fd < 0 ? err_errno(e, p->unix_fd, "cannot listen on %s", path) : 0;
}

/* ---- all together -------------------------------------------------------------------------- */

static int find_user(const char *name, struct priv_user *ret, struct err *e)
{
	int r;
	if (name) {
		r = priv_user_lookup(name, ret);
	} else {
		name = "nobody";
		r = priv_user_lookup("metac", ret);
		if (r < 0)
			r = priv_user_lookup(name, ret);
	}
	if (r < 0)
		return err_set(e, r, "no such user: %s", name);
	if (ret->uid == 0)
		return err_set(e, -EINVAL, "--user must not be root");
	return 0;
}

/* The kernel lets one listen there; no connection could ever arrive. */
static bool is_group(const struct sockaddr_storage *sa)
{
	if (sa->ss_family == AF_INET6)
		return IN6_IS_ADDR_MULTICAST(&((const struct sockaddr_in6 *)sa)->sin6_addr);
	uint32_t v4 = ntohl(((const struct sockaddr_in *)sa)->sin_addr.s_addr);
	return IN_MULTICAST(v4) || v4 == INADDR_BROADCAST;
}

static int set_names(const struct place_options *o, struct place *p, struct err *e)
{
	struct sockaddr_storage sa;
	socklen_t len;
	if (addr_parse(o->address, PLACE_PORT, &sa, &len) < 0 ||
		addr_format(&sa, p->address, sizeof(p->address), NULL) < 0)
		return err_set(e, -EINVAL, "not an IP address: %s", o->address);
	if (!strcmp(p->address, "::") || !strcmp(p->address, "0.0.0.0"))
		return err_set(e, -EINVAL, "%s is not one address: other hosts could not reach it",
			p->address);
	if (is_group(&sa))
		return err_set(
			e, -EINVAL, "%s is the address of a group, not of a host", p->address);
	int n = snprintf(p->runtime, sizeof(p->runtime), "%s/%s", o->runtime_dir, p->address);
	int m = snprintf(p->state, sizeof(p->state), "%s/%s", o->state_dir, p->address);
	if ((size_t)n >= sizeof(p->runtime) || (size_t)m >= sizeof(p->state))
		return err_set(e, -ENAMETOOLONG, "directory name too long");
	return 0;
}

/* NFS, for one, gives "nobody" to whom it does not know. */
static void warn_of_nobody(const struct place_options *o)
{
	struct priv_user user;
	if (!o->user && priv_user_lookup("metac", &user) < 0)
		log_warning("there is no user \"metac\": the database belongs to \"nobody\", whom "
			    "others may use as well");
}

int place_open(const struct place_options *o, struct place *ret, struct err *e)
{
	*ret = (struct place){
		.dir_fd = -EBADF, .lock_fd = -EBADF, .unix_fd = -EBADF, .tcp_fd = -EBADF};
	int r = set_names(o, ret, e);
	if (r >= 0 && geteuid() != 0)
		r = err_set(e, -EPERM, "must be started as root (try: sudo metacd ...)");
	if (r >= 0)
		r = find_user(o->user, &ret->user, e);
	if (r >= 0)
		r = check_address(ret->address, e);
	if (r >= 0)
		r = open_and_lock(o, ret, e);
	if (r >= 0)
		r = open_sockets(ret, e);
	if (r >= 0)
		r = open_state(o, ret, e);
	if (r < 0)
		place_close(ret);
	else
		warn_of_nobody(o);
	return r;
}

void place_close(struct place *p)
{
	if (p->unix_fd >= 0)
		(void)unlinkat(p->dir_fd, "socket", 0);
	p->unix_fd = fd_close(p->unix_fd);
	p->tcp_fd = fd_close(p->tcp_fd);
	if (p->lock_fd >= 0) {
		(void)unlinkat(p->dir_fd, "lock", 0);
		(void)rmdir(p->runtime);
	}
	p->lock_fd = fd_close(p->lock_fd);
	p->dir_fd = fd_close(p->dir_fd);
}
