/* SPDX-License-Identifier: MIT */
/*
 * Runs inside a guest, on the Linux kernel's own 9P client: mounts the server twice (two
 * connections: /a with access=user, /b with access=client) and does what programs do.  Prints TAP.
 *
 *	9p-guest PORT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static int n_tests;
static bool good;

#define MUST(cond)                                                                               \
	do {                                                                                     \
		if (!(cond)) {                                                                   \
			printf("# %s:%d: %s: %s\n", __FILE__, __LINE__, #cond, strerror(errno)); \
			good = false;                                                            \
			return;                                                                  \
		}                                                                                \
	} while (0)

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && !close(fd));
}

static bool has(const char *path, const char *text)
{
	char buf[256] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) && !memcmp(buf, text, (size_t)n);
}

static void files_and_directories(void)
{
	struct stat st;
	MUST(!mkdir("dir", 01755) && !stat("dir", &st) && st.st_mode == (S_IFDIR | 01755));
	MUST(mkdir("dir", 0755) < 0 && errno == EEXIST);
	put("dir/f", "hello");
	MUST(has("dir/f", "hello"));
	MUST(rmdir("dir") < 0 && errno == ENOTEMPTY);
	MUST(open("dir/f", O_CREAT | O_EXCL | O_RDWR, 0600) < 0 && errno == EEXIST);
	MUST(open("nothing", O_RDONLY) < 0 && errno == ENOENT);
	MUST(!rename("dir/f", "g") && has("g", "hello") && stat("dir/f", &st) < 0);
	put("h", "other");
	MUST(!rename("h", "g") && has("g", "other"));
	MUST(!unlink("g") && !rmdir("dir"));
}

static void links_and_nodes(void)
{
	struct stat st;
	char buf[64];
	put("f", "text");
	MUST(!symlink("f", "sym") && readlink("sym", buf, sizeof(buf)) == 1 && has("sym", "text"));
	MUST(!symlink("/nowhere/at/all", "dangling") && !lstat("dangling", &st));
	MUST(open("dangling", O_RDONLY) < 0 && errno == ENOENT);
	MUST(!link("f", "hard") && !stat("hard", &st) && st.st_nlink == 2 && has("hard", "text"));
	MUST(!mknod("fifo", S_IFIFO | 0600, 0) && !stat("fifo", &st) && S_ISFIFO(st.st_mode));
	MUST(!mknod("null", S_IFCHR | 0600, makedev(1, 3)) && !stat("null", &st));
	MUST(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
	int fd = open("null", O_RDWR); /* opened here, not by the server */
	MUST(fd >= 0 && write(fd, "x", 1) == 1 && !close(fd));
	fd = open("fifo", O_RDWR | O_NONBLOCK);
	MUST(fd >= 0 && write(fd, "x", 1) == 1 && read(fd, buf, 2) == 1 && !close(fd));
	MUST(!unlink("f") && !unlink("sym") && !unlink("hard") && !unlink("fifo"));
	MUST(!unlink("null") && !unlink("dangling"));
}

static void attributes(void)
{
	struct stat st;
	struct statfs sf;
	struct timespec ts[2] = {{1000, 0}, {2000, 0}}; /* v9fs cuts nanoseconds off */
	put("f", "123456789");
	MUST(!chmod("f", 0604) && !stat("f", &st) && st.st_mode == (S_IFREG | 0604));
	MUST(!chown("f", 12, 34) && !stat("f", &st) && st.st_uid == 12 && st.st_gid == 34);
	MUST(!truncate("f", 4) && has("f", "1234"));
	MUST(!utimensat(AT_FDCWD, "f", ts, 0) && !stat("f", &st));
	MUST(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 2000);
	MUST(!statfs(".", &sf) && sf.f_blocks > 0 && sf.f_namelen == 255);
	MUST(!unlink("f"));
}

static void extended_attributes(void)
{
	char buf[256];
	put("f", "");
	MUST(!setxattr("f", "user.one", "value", 5, 0));
	MUST(getxattr("f", "user.one", buf, sizeof(buf)) == 5 && !memcmp(buf, "value", 5));
	MUST(!setxattr("f", "user.two", "", 0, 0));
	MUST(getxattr("f", "user.two", buf, sizeof(buf)) == 0);
	MUST(setxattr("f", "user.one", "v", 1, XATTR_CREATE) < 0 && errno == EEXIST);
	ssize_t n = listxattr("f", buf, sizeof(buf));
	MUST(n > 0 && memmem(buf, (size_t)n, "user.one", 9) &&
		memmem(buf, (size_t)n, "user.two", 9));
	MUST(!removexattr("f", "user.one"));
	MUST(getxattr("f", "user.one", buf, sizeof(buf)) < 0 && errno == ENODATA);
	MUST(getxattr("f", "user.two", buf, sizeof(buf)) == 0);
	MUST(!unlink("f"));
}

enum { BIG = 6 << 20, CHUNK = 300007 };

static void pattern(unsigned char *b, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++)
		b[i] = (unsigned char)(((at + i) * 2654435761u) >> 11);
}

static void a_big_file(void)
{
	static unsigned char out[CHUNK], in[CHUNK];
	int fd = open("big", O_RDWR | O_CREAT, 0600);
	MUST(fd >= 0);
	for (size_t at = 0; at < BIG; at += CHUNK) {
		pattern(out, CHUNK, at);
		MUST(write(fd, out, CHUNK) == CHUNK);
	}
	MUST(!fsync(fd) && !fdatasync(fd));
	MUST(!lseek(fd, 0, SEEK_SET));
	for (size_t at = 0; at < BIG; at += CHUNK) {
		pattern(out, CHUNK, at);
		MUST(read(fd, in, CHUNK) == CHUNK && !memcmp(in, out, CHUNK));
	}
	MUST(read(fd, in, 1) == 0);
	unsigned char *map = mmap(NULL, CHUNK, PROT_READ, MAP_PRIVATE, fd, 0);
	MUST(map != MAP_FAILED);
	pattern(out, CHUNK, 0);
	MUST(!memcmp(map, out, CHUNK) && !munmap(map, CHUNK));
	MUST(pwrite(fd, "far", 3, 1ll << 33) == 3 && pread(fd, in, 3, 1ll << 33) == 3);
	MUST(!close(fd) && !unlink("big"));
}

static void append_and_unlinked(void)
{
	char buf[16];
	put("f", "one");
	int fd = open("f", O_WRONLY | O_APPEND);
	MUST(fd >= 0 && write(fd, "two", 3) == 3 && !close(fd) && has("f", "onetwo"));
	fd = open("f", O_RDWR);
	MUST(fd >= 0 && !unlink("f"));
	MUST(pwrite(fd, "three", 5, 0) == 5 && pread(fd, buf, 16, 0) == 6 &&
		!memcmp(buf, "threeo", 6));
	struct stat st;
	MUST(!fstat(fd, &st) && st.st_size == 6 && !ftruncate(fd, 2) && !close(fd));
}

static void a_thousand_entries(void)
{
	char name[32], seen[1000] = {0};
	int n = 0, i;
	MUST(!mkdir("many", 0755) && !chdir("many"));
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "entry-%d", i);
		int fd = open(name, O_CREAT | O_WRONLY, 0600);
		MUST(fd >= 0 && !close(fd));
	}
	DIR *d = opendir(".");
	MUST(d);
	for (struct dirent *e; (e = readdir(d));)
		if (sscanf(e->d_name, "entry-%d", &i) == 1 && i >= 0 && i < 1000 && !seen[i]++)
			n++;
	MUST(n == 1000 && !closedir(d));
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "entry-%d", i);
		MUST(!unlink(name));
	}
	MUST(!chdir("..") && !rmdir("many"));
}

static void odd_names(void)
{
	char name[256];
	memset(name, 'n', 255);
	name[255] = 0;
	const char *names[] = {"\xff\xfe", " ", "\n", "...", "-", name};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		put(names[i], "x");
		MUST(has(names[i], "x") && !rename(names[i], "plain") && !unlink("plain"));
	}
}

/* --- locks; the other mount is another client --- */

static const char *other;

static int other_file(const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "%s/%s", other, name);
	return open(path, O_RDWR);
}

static int lock(int fd, int cmd, short type)
{
	struct flock fl = {.l_type = type, .l_len = 10};
	int r = fcntl(fd, cmd, &fl);
	return cmd == F_GETLK && !r ? fl.l_type : r;
}

/* Another process, on the other mount: holds the lock from its "ready" until a little after it is
 * told to end. */
static void hold_lock(int fd, int ready, int end)
{
	char c = lock(fd, F_SETLK, F_WRLCK) < 0 ? 'n' : 'y';
	if (write(ready, &c, 1) != 1 || read(end, &c, 1) != 1)
		_exit(1);
	usleep(300000);
	_exit(0);
}

static void locks_against(int a, int ready, int end)
{
	char c;
	MUST(read(ready, &c, 1) == 1 && c == 'y');
	MUST(lock(a, F_SETLK, F_WRLCK) < 0 && errno == EAGAIN);
	MUST(lock(a, F_GETLK, F_RDLCK) == F_WRLCK);
	/* killed while it waits: the request is flushed (v9fs lets no other signal interrupt it) */
	int status;
	pid_t pid = fork();
	if (!pid)
		_exit(lock(a, F_SETLKW, F_WRLCK) < 0);
	usleep(300000);
	MUST(!kill(pid, SIGKILL) && waitpid(pid, &status, 0) == pid);
	MUST(WIFSIGNALED(status));
	/* and granted when the holder goes */
	MUST(write(end, "", 1) == 1);
	MUST(!lock(a, F_SETLKW, F_WRLCK));
	MUST(lock(a, F_SETLK, F_UNLCK) == 0);
	MUST(!flock(a, LOCK_EX) && !flock(a, LOCK_UN));
}

static void locks(void)
{
	int ready[2], end[2], status;
	put("lock", "0123456789");
	int a = open("lock", O_RDWR), b = other_file("lock");
	MUST(a >= 0 && b >= 0 && !pipe(ready) && !pipe(end));
	pid_t pid = fork();
	if (!pid) {
		close(end[1]);
		hold_lock(b, ready[1], end[0]);
	}
	close(ready[1]);
	close(end[0]);
	locks_against(a, ready[0], end[1]);
	close(end[1]);
	close(ready[0]);
	close(a);
	close(b);
	MUST(waitpid(pid, &status, 0) == pid && !status);
	MUST(!unlink("lock"));
}

static void two_clients_see_each_other(void)
{
	char path[64];
	put("shared", "from one");
	snprintf(path, sizeof(path), "%s/shared", other);
	MUST(has(path, "from one") && !unlink(path));
	struct stat st;
	MUST(stat("shared", &st) < 0 && errno == ENOENT);
}

static void as_user(void)
{
	struct stat st;
	put("secret", "x");
	MUST(!chmod("secret", 0600) && !mkdir("open", 0777) && !chmod("open", 0777));
	pid_t pid = fork();
	if (!pid) {
		int bad = setgid(100) || setuid(1000);
		bad |= (open("secret", O_RDONLY) >= 0 || errno != EACCES) << 1;
		int fd = open("open/mine", O_CREAT | O_RDWR, 0640);
		bad |= (fd < 0 || write(fd, "x", 1) != 1) << 2;
		bad |= (chmod("secret", 0666) == 0) << 3;
		bad |= (mkdir("not", 0777) == 0) << 4;
		_exit(bad);
	}
	int status;
	MUST(waitpid(pid, &status, 0) == pid);
	errno = status >> 8;
	MUST(!status);
	MUST(!stat("open/mine", &st) && st.st_uid == 1000 && st.st_gid == 100);
	MUST(!unlink("secret") && !unlink("open/mine") && !rmdir("open"));
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {{"files and directories", files_and_directories},
	{"symbolic links, hard links, FIFOs, devices", links_and_nodes},
	{"mode, owner, size, times, statfs", attributes},
	{"extended attributes", extended_attributes}, {"a file of 6 MiB, and a hole", a_big_file},
	{"append; unlinked while open", append_and_unlinked},
	{"a thousand entries", a_thousand_entries}, {"odd names", odd_names},
	{"locks between two clients, interrupted too", locks},
	{"what one client does the other sees", two_clients_see_each_other},
	{"another user's rights", as_user}};

static void run_all(const char *where, const char *there)
{
	other = there;
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		good = !chdir(where);
		if (good)
			tests[i].run();
		printf("%s %d - v9fs %s: %s\n", good ? "ok" : "not ok", ++n_tests, where,
			tests[i].name);
		fflush(stdout);
	}
	if (chdir("/"))
		perror("/");
}

static bool mount_9p(const char *port, const char *where, const char *more)
{
	char options[256];
	snprintf(options, sizeof(options), "trans=tcp,port=%s,version=9p2000.L,uname=root,%s", port,
		more);
	mkdir(where, 0755);
	bool ok = !mount("10.0.2.2", where, "9p", 0, options);
	printf("%s %d - mount %s%s%s\n", ok ? "ok" : "not ok", ++n_tests, options, ok ? "" : " # ",
		ok ? "" : strerror(errno));
	return ok;
}

int main(int argc, char **argv)
{
	umask(0);
	printf("\n1..%d\n", 2 + 2 * (int)(sizeof(tests) / sizeof(*tests)));
	if (argc != 2 || !mount_9p(argv[1], "/a", "access=user,msize=1048576") ||
		!mount_9p(argv[1], "/b", "access=client,msize=65536"))
		return 1;
	run_all("/a", "/b");
	run_all("/b", "/a");
	umount("/a");
	umount("/b");
	return 0;
}
