/* SPDX-License-Identifier: MIT */
/* Sockets and FIFOs, programs, descriptors in large numbers, what statfs and statx say; and a disk
 * that is full. */
#include "posix.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

static char text[256];

#define TEXT(...) (snprintf(text, sizeof(text), __VA_ARGS__), text)

static int write_fifo(void)
{
	int fd = open("p", O_WRONLY | O_CLOEXEC);
	return write(fd, "through the pipe", 16) == 16 ? 0 : 1;
}

static void fifos(void)
{
	char buf[32] = "";
	struct stat st;
	N(mkfifo("p", 0622));
	N(mkfifo("p", 0622));
	N(open("p", O_WRONLY | O_NONBLOCK | O_CLOEXEC));
	fflush(stdout);
	pid_t pid = fork();
	MUST(pid);
	if (!pid)
		_exit(write_fifo());
	int fd = open("p", O_RDONLY | O_CLOEXEC);
	N(read(fd, buf, sizeof(buf)));
	N(read(fd, buf + 20, 4));
	MUST(waitpid(pid, NULL, 0));
	say_text("read", "%.16s", buf);
	MUST(fstat(fd, &st));
	N(S_ISFIFO(st.st_mode));
	N(lseek(fd, 0, SEEK_SET));
	close(fd);
	int r = open("p", O_RDONLY | O_NONBLOCK | O_CLOEXEC),
	    w = open("p", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	struct pollfd p = {.fd = r, .events = POLLIN};
	N(poll(&p, 1, 0));
	N(write(w, "x", 1));
	N(poll(&p, 1, 0));
	DO(fchmod(r, 0600));
	say_text("mode", "%o", mode_of("p"));
	close(r);
	close(w);
	DO(unlink("p"));
}

static void sockets(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = "s"};
	char buf[8] = "";
	struct stat st;
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    c = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	umask(022);
	DO(bind(s, (struct sockaddr *)&sa, sizeof(sa)));
	say_text("mode", "%o", mode_of("s"));
	DO(bind(other, (struct sockaddr *)&sa, sizeof(sa)));
	DO(listen(s, 1));
	MUST(chmod("s", 0666));
	DO(connect(c, (struct sockaddr *)&sa, sizeof(sa)));
	int a = accept(s, NULL, NULL);
	N(write(c, "hi", 2));
	N(read(a, buf, sizeof(buf)));
	MUST(stat("s", &st));
	N(S_ISSOCK(st.st_mode));
	DO(rename("s", "t"));
	DO(connect(other, (struct sockaddr *)&sa, sizeof(sa)));
	strcpy(sa.sun_path, "t");
	DO(connect(other, (struct sockaddr *)&sa, sizeof(sa)));
	MUST(chmod("t", 0600));
	be(ALICE);
	close(other);
	other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	DO(connect(other, (struct sockaddr *)&sa, sizeof(sa)));
	be(ROOT);
	close(s);
	close(other);
	other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	DO(connect(other, (struct sockaddr *)&sa, sizeof(sa)));
	close(other);
	close(a);
	close(c);
	DO(unlink("t"));
}

static void devices(void)
{
	struct stat st;
	DO(mknod("c", S_IFCHR | 0666, makedev(1, 3)));
	DO(mknod("b", S_IFBLK | 0660, makedev(259, 70000)));
	DO(mknod("z", S_IFCHR | 0666, makedev(0, 0)));
	MUST(stat("c", &st));
	say_text("null", "%u %u %o", major(st.st_rdev), minor(st.st_rdev), st.st_mode);
	MUST(stat("b", &st));
	say_text("block", "%u %u %o", major(st.st_rdev), minor(st.st_rdev), st.st_mode);
	DO(open("c", O_RDWR | O_CLOEXEC));
	DO(mknod("d", S_IFDIR | 0755, 0));
	DO(mknod("l", S_IFLNK | 0755, 0));
	DO(mknod("x", 0644, 0));
	say_text("type 0", "%s", look("x"));
	DO(mknod("y", S_IFMT | 0644, 0));
	DO(chmod("c", 0600));
	DO(rename("c", "cc"));
	DO(link("cc", "ccc"));
	DO(unlink("cc"));
}

/* --- programs --- */

static int run_it(const void *arg)
{
	const char *const args[] = {arg, NULL};
	execv(arg, (char *const *)(uintptr_t)args);
	return errno;
}

static void programs(void)
{
	put("script", "#!/bin/sh\nexit 7\n");
	N(in_child(run_it, "./script"));
	MUST(chmod("script", 0755));
	N(in_child(run_it, "./script"));
	MUST(chmod("script", 0744));
	be(ALICE);
	N(in_child(run_it, "./script"));
	be(ROOT);
	int from = open("/bin/true", O_RDONLY | O_CLOEXEC),
	    to = open("prog", O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	struct stat st;
	MUST(fstat(from, &st));
	for (off_t left = st.st_size; left > 0;) {
		static char buf[65536];
		ssize_t n = read(from, buf, sizeof(buf));
		MUST(n);
		MUST(write(to, buf, (size_t)n));
		left -= n;
	}
	N(in_child(run_it, "./prog")); /* still open for writing: ETXTBSY */
	close(to);
	close(from);
	N(in_child(run_it, "./prog"));
	MUST(chmod("prog", 04755));
	be(ALICE);
	N(in_child(run_it, "./prog"));
	be(ROOT);
	MUST(mkdir("d", 0755));
	N(in_child(run_it, "./d"));
	N(in_child(run_it, "./none"));
}

/* --- many --- */

static void many_open(void)
{
	enum { MANY = 10000, SPARE = 100 };
	static int fds[MANY];
	struct rlimit lim;
	unsigned good = 0, right = 0;
	MUST(getrlimit(RLIMIT_NOFILE, &lim));
	if (lim.rlim_cur < MANY + SPARE) {
		say_text("skipped", "too few descriptors");
		return;
	}
	for (unsigned i = 0; i < MANY; i++) {
		fds[i] = open(TEXT("f%u", i), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		good += fds[i] >= 0 && pwrite(fds[i], &i, sizeof(i), 0) == sizeof(i);
	}
	N(good);
	for (unsigned i = 0; i < MANY; i++) {
		unsigned v = 0;
		right += pread(fds[i], &v, sizeof(v), 0) == sizeof(v) && v == i;
	}
	N(right);
	right = 0;
	for (unsigned i = 0; i < MANY; i++) {
		right += !unlink(TEXT("f%u", i));
		close(fds[i]);
	}
	N(right);
}

/* --- what is told about files and the file system --- */

static void telling(void)
{
	struct statx sx, again;
	struct stat st;
	struct statvfs v;
	put("f", "12345");
	MUST(statx(AT_FDCWD, "f", 0, STATX_ALL, &sx));
	MUST(stat("f", &st));
	N(sx.stx_mask & STATX_BASIC_STATS);
	N(sx.stx_size);
	N(sx.stx_ino == st.st_ino);
	N(st.st_blocks > 0);
	N(st.st_blksize >= 512);
	MUST(mkdir("d", 0755));
	MUST(statx(AT_FDCWD, "d", 0, STATX_ALL, &again));
	N(again.stx_dev_minor == sx.stx_dev_minor && again.stx_dev_major == sx.stx_dev_major);
	N(again.stx_ino != sx.stx_ino);
	DO(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC, STATX_SIZE, &sx));
	DO(statx(AT_FDCWD, "f", AT_STATX_DONT_SYNC, STATX_SIZE, &sx));
	MUST(statvfs(".", &v));
	N(v.f_namemax);
	N(v.f_blocks > 0 && v.f_bfree <= v.f_blocks && v.f_bavail <= v.f_bfree);
	N(v.f_flag & (ST_NOSUID | ST_NODEV | ST_RDONLY | ST_NOEXEC));
	N(access("f", F_OK));
	N(access("f", 8));
	N(faccessat(AT_FDCWD, "f", R_OK, AT_SYMLINK_NOFOLLOW));
	DO(euidaccess("f", W_OK));
	int fd = open("f", O_RDWR | O_CLOEXEC), unread = -1;
	N(fcntl(fd, F_GETFL) & O_ACCMODE);
	DO(ioctl(fd, FIONREAD, &unread));
	N(unread);
	DO(ioctl(fd, TCGETS, text));
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
	N(poll(&p, 1, 0));
	N(p.revents);
	close(fd);
}

/* --- a full disk: only where posix.sh made one --- */

static void full_disk(void)
{
	static char block[65536];
	struct statvfs v;
	int error = 0;
	MUST(statvfs(".", &v));
	if ((unsigned long long)v.f_blocks * v.f_frsize > 16 << 20)
		return;
	int fd = open("f", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	memset(block, 'x', sizeof(block));
	/* Written data may wait here or there: by the time of fsync or close the error is told. */
	for (int i = 0; i < 1000 && !error; i++)
		error = write(fd, block, sizeof(block)) < 0 ? errno : 0;
	if (fsync(fd) < 0 && !error)
		error = errno;
	if (close(fd) < 0 && !error)
		error = errno;
	say_text("told", "%s", strerrorname_np(error));
	DO(mkdir("d", 0755) < 0 && errno != ENOSPC ? -1 : 0);
	fd = open("g", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	DO(fallocate(fd, 0, 0, 64 << 20));
	close(fd);
	DO(unlink("f"));
	fd = open("g", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	N(write(fd, block, sizeof(block)));
	DO(fsync(fd));
	DO(close(fd));
	say_text("after", "%s", look("g"));
}

const struct posix_group special_groups[] = {{"fifos", fifos}, {"sockets", sockets},
	{"devices", devices}, {"programs", programs}, {"many-open", many_open},
	{"telling", telling}, {"full-disk", full_disk}, {}};
