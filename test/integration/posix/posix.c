/* SPDX-License-Identifier: MIT */
/* Theory of operation: posix.h.  Each group runs in a child, so that whatever it does to itself
 * (users, directories, locks, a crash) ends with it. */
#include "posix.h"

#include <dirent.h>
#include <ftw.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

static const char *group = "";

const char *const user_names[] = {"root", "alice", "bob", "eve"};
const char *const kind_names[] = {"nothing", "file", "program", "dir", "full-dir", "link",
	"dir-link", "dangling", "loop", "fifo", "socket", "device"};

/* --- output --- */

void say_text(const char *what, const char *fmt, ...)
{
	va_list ap;
	printf("%s: %s = ", group, what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static void say_error(const char *what, int error)
{
	const char *name = strerrorname_np(error);
	say_text(what, "%s", name ? name : "-1");
}

void say(const char *what, long long result)
{
	if (result < 0)
		say_error(what, errno);
	else
		say_text(what, "%lld", result);
}

void say_ok(const char *what, long long result)
{
	if (result < 0)
		say_error(what, errno);
	else
		say_text(what, "ok");
}

void must_fail(const char *file, int line, const char *what)
{
	say_text("broken off", "%s:%d: %s: %s", strrchr(file, '/') ? strrchr(file, '/') + 1 : file,
		line, what, strerror(errno));
	_exit(3);
}

/* --- users --- */

void be(enum user who)
{
	static const struct {
		uid_t uid;
		gid_t gid;
		size_t n;
		gid_t groups[2];
	} users[] = {
		[ROOT] = {0, 0, 0, {}},
		[ALICE] = {UID_ALICE, GID_ALICE, 1, {GID_BOTH}},
		[BOB] = {UID_BOB, GID_BOB, 2, {GID_BOTH, GID_BOBS}},
		[EVE] = {UID_EVE, GID_EVE, 0, {}},
	};
	MUST(setresuid(0, 0, 0));
	MUST(setgroups(users[who].n, users[who].groups));
	MUST(setresgid(users[who].gid, users[who].gid, 0));
	MUST(setresuid(users[who].uid, users[who].uid, 0));
}

/* --- objects --- */

void put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	MUST(fd);
	MUST(write(fd, text, strlen(text)));
	MUST(close(fd));
}

static void make_socket(const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(s);
	strcpy(sa.sun_path, name);
	MUST(bind(s, (struct sockaddr *)&sa, sizeof(sa)));
	MUST(close(s));
	MUST(chmod(name, 0644));
}

static void make_dir(const char *name, bool full)
{
	char path[300];
	MUST(mkdir(name, 0755));
	snprintf(path, sizeof(path), "%s/inside", name);
	if (full)
		put(path, "inside");
}

void make(enum kind k, const char *name)
{
	switch (k) {
	case FILE_:
		put(name, "contents");
		break;
	case EXEC:
		put(name, "#!/bin/sh\nexit 7\n");
		MUST(chmod(name, 0755));
		break;
	case DIR_:
	case FULL:
		make_dir(name, k == FULL);
		break;
	case LINK:
		put("target", "target");
		MUST(symlink("target", name));
		break;
	case DIRLINK:
		if (mkdir("targetdir", 0755) < 0 && errno != EEXIST)
			MUST(-1);
		MUST(symlink("targetdir", name));
		break;
	case DANGLING:
		MUST(symlink("no-such-name", name));
		break;
	case LOOP:
		MUST(symlink(name, name));
		break;
	case FIFO:
		MUST(mkfifo(name, 0644));
		break;
	case SOCKET:
		make_socket(name);
		break;
	case DEVICE:
		MUST(mknod(name, S_IFCHR | 0644, makedev(1, 3)));
		break;
	case NOTHING:
	case N_KINDS:
		break;
	}
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void wipe(const char *name)
{
	if (nftw(name, remove_entry, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
		MUST(-1);
}

const char *look(const char *name)
{
	static char text[4][4300];
	static unsigned turn;
	static const char *const types[] = {[S_IFREG >> 12] = "file",
		[S_IFDIR >> 12] = "dir",
		[S_IFLNK >> 12] = "link",
		[S_IFIFO >> 12] = "fifo",
		[S_IFSOCK >> 12] = "socket",
		[S_IFCHR >> 12] = "char",
		[S_IFBLK >> 12] = "block"};
	char to[4200] = "";
	char *out = text[turn++ % 4];
	struct stat st;
	if (lstat(name, &st) < 0)
		return strerrorname_np(errno);
	if (S_ISLNK(st.st_mode) && readlink(name, to, sizeof(to) - 1) < 0)
		return strerrorname_np(errno);
	if (S_ISREG(st.st_mode))
		snprintf(to, sizeof(to), "%lld", (long long)st.st_size);
	snprintf(out, sizeof(text[0]), "%s(%s)", types[st.st_mode >> 12], to);
	return out;
}

mode_t mode_of(const char *name)
{
	struct stat st;
	MUST(lstat(name, &st));
	return st.st_mode & 07777;
}

unsigned sum_of(const char *name)
{
	static unsigned char buf[65536];
	unsigned h = 2166136261;
	ssize_t n;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	MUST(fd);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			h = (h ^ buf[i]) * 16777619u;
	}
	MUST(n);
	MUST(close(fd));
	return h;
}

void tick(void)
{
	struct timespec was, now, pause = {.tv_nsec = 1000000};
	clock_gettime(CLOCK_REALTIME_COARSE, &was);
	do {
		nanosleep(&pause, NULL);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (was.tv_sec == now.tv_sec && now.tv_nsec - was.tv_nsec < 12000000);
}

int in_child(int (*fn)(const void *), const void *arg)
{
	int status;
	fflush(stdout);
	pid_t pid = fork();
	MUST(pid);
	if (!pid)
		_exit(fn(arg));
	MUST(waitpid(pid, &status, 0));
	if (WIFSIGNALED(status))
		return 1000 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

/* --- running --- */

static int run_group(const void *arg)
{
	const struct posix_group *g = arg;
	group = g->name;
	umask(0);
	g->run();
	fflush(stdout);
	return 0;
}

/* In a directory of its own, which anybody may enter. */
static int run_in(int top, const struct posix_group *g)
{
	MUST(fchdir(top));
	wipe(g->name);
	MUST(mkdir(g->name, 0755));
	MUST(chdir(g->name));
	int r = in_child(run_group, g);
	MUST(fchdir(top));
	if (r && r != 3)
		printf("%s: ended = %s %d\n", g->name, r > 1000 ? "by signal" : "with status",
			r % 1000);
	wipe(g->name);
	return r;
}

static bool wanted(const char *name, int n, char **names)
{
	for (int i = 0; i < n; i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return !n;
}

int main(int argc, char **argv)
{
	static const struct posix_group *const tables[] = {
		names_groups, data_groups, users_groups, xattr_groups, special_groups, lock_groups};
	struct rlimit lim;
	int bad = 0;
	if (argc < 2 || geteuid()) {
		fprintf(stderr, "usage, as root: posix DIRECTORY [GROUP...]\n");
		return 2;
	}
	if (!getrlimit(RLIMIT_NOFILE, &lim)) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
	int top = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0) {
		perror(argv[1]);
		return 2;
	}
	umask(0);
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (const struct posix_group *g = tables[i]; g->name; g++) {
			if (wanted(g->name, argc - 2, argv + 2))
				bad |= run_in(top, g);
		}
	}
	close(top);
	return bad ? 1 : 0;
}
