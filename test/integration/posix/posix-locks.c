/* SPDX-License-Identifier: MIT */
/* Locks: of fcntl, of open file descriptions, of flock, between processes. */
#include "posix.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/time.h>
#include <sys/wait.h>

static char text[256];

#define TEXT(...) (snprintf(text, sizeof(text), __VA_ARGS__), text)

static int range(int fd, int cmd, short type, off_t at, off_t n)
{
	struct flock fl = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = n};
	return fcntl(fd, cmd, &fl);
}

static short type_there(int fd, off_t at, off_t n)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = n};
	MUST(fcntl(fd, F_GETLK, &fl));
	return fl.l_type;
}

struct ask {
	int cmd, flags;
	short type;
	off_t at, n;
};

/* In another process: does it get the lock? Its answer is the errno. */
static int ask_child(const void *arg)
{
	const struct ask *a = arg;
	int fd = open("f", a->flags | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int r = a->cmd == LOCK_EX || a->cmd == LOCK_SH ? flock(fd, a->cmd | LOCK_NB)
						       : range(fd, a->cmd, a->type, a->at, a->n);
	return r < 0 ? errno : 0;
}

static void other(const char *what, struct ask a)
{
	int e = in_child(ask_child, &a);
	say_text(what, "%s", e ? strerrorname_np(e) : "granted");
}

static void record_locks(void)
{
	put("f", "0123456789");
	int fd = open("f", O_RDWR | O_CLOEXEC), again = open("f", O_RDWR | O_CLOEXEC);
	DO(range(fd, F_SETLK, F_WRLCK, 0, 100));
	DO(range(again, F_SETLK, F_WRLCK, 50, 100)); /* one's own do not hinder */
	other("write inside", (struct ask){F_SETLK, O_RDWR, F_WRLCK, 10, 1});
	other("read inside", (struct ask){F_SETLK, O_RDWR, F_RDLCK, 149, 1});
	other("behind", (struct ask){F_SETLK, O_RDWR, F_WRLCK, 150, 0});
	other("all", (struct ask){F_SETLK, O_RDWR, F_RDLCK, 0, 0});
	DO(range(fd, F_SETLK, F_UNLCK, 20, 10));
	other("in the gap", (struct ask){F_SETLK, O_RDWR, F_WRLCK, 20, 10});
	other("over the gap's edge", (struct ask){F_SETLK, O_RDWR, F_WRLCK, 19, 2});
	DO(range(fd, F_SETLK, F_RDLCK, 0, 20));
	other("read where it is read-locked", (struct ask){F_SETLK, O_RDONLY, F_RDLCK, 0, 20});
	other("write where it is read-locked", (struct ask){F_SETLK, O_RDWR, F_WRLCK, 0, 20});
	other("write lock on a file not open to write",
		(struct ask){F_SETLK, O_RDONLY, F_WRLCK, 500, 1});
	other("read lock on a file not open to read",
		(struct ask){F_SETLK, O_WRONLY, F_RDLCK, 500, 1});
	N(type_there(fd, 0, 0) == F_UNLCK);
	DO(range(fd, F_SETLK, F_WRLCK, -1, 1));
	DO(range(fd, F_SETLK, 77, 0, 1));
	DO(range(fd, F_SETLK, F_WRLCK, 10, -5)); /* the bytes before */
	other("before", (struct ask){F_SETLK, O_RDWR, F_WRLCK, 5, 5});
	close(again); /* closing any lets all go */
	other("after closing another descriptor", (struct ask){F_SETLK, O_RDWR, F_WRLCK, 0, 0});
	close(fd);
}

static int get_lock(const void *arg)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open("f", O_RDWR | O_CLOEXEC);
	if (fcntl(fd, F_GETLK, &fl) < 0)
		return 100;
	return fl.l_type == F_UNLCK              ? 101
	       : fl.l_pid == *(const pid_t *)arg ? (int)fl.l_start + (int)fl.l_len
						 : 102;
}

static void who_locks(void)
{
	pid_t me = getpid();
	put("f", "0123456789");
	int fd = open("f", O_RDWR | O_CLOEXEC);
	N(in_child(get_lock, &me));
	MUST(range(fd, F_SETLK, F_WRLCK, 3, 30));
	N(in_child(get_lock, &me));
	/* A child does not inherit them. */
	DO(range(fd, F_SETLK, F_UNLCK, 0, 0));
	N(in_child(get_lock, &me));
	close(fd);
}

static void description_locks(void)
{
	put("f", "0123456789");
	int a = open("f", O_RDWR | O_CLOEXEC), b = open("f", O_RDWR | O_CLOEXEC), c = dup(a);
	DO(range(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	DO(range(b, F_OFD_SETLK, F_WRLCK, 5, 1));
	DO(range(b, F_OFD_SETLK, F_WRLCK, 10, 1));
	DO(range(c, F_OFD_SETLK, F_WRLCK, 5, 1));
	DO(range(b, F_SETLK, F_RDLCK, 5, 1));
	other("of another process", (struct ask){F_OFD_SETLK, O_RDWR, F_RDLCK, 0, 1});
	other("fcntl lock of another process", (struct ask){F_SETLK, O_RDWR, F_RDLCK, 0, 1});
	close(a);
	other("a duplicate still holds", (struct ask){F_OFD_SETLK, O_RDWR, F_RDLCK, 0, 1});
	close(c);
	close(b);
}

static void whole_locks(void)
{
	put("f", "0123456789");
	int a = open("f", O_RDWR | O_CLOEXEC), b = open("f", O_RDONLY | O_CLOEXEC), c = dup(a);
	DO(flock(a, LOCK_SH));
	DO(flock(b, LOCK_SH | LOCK_NB));
	DO(flock(a, LOCK_EX | LOCK_NB));
	DO(flock(b, LOCK_UN));
	DO(flock(a, LOCK_EX | LOCK_NB));
	DO(flock(c, LOCK_EX | LOCK_NB));
	DO(flock(b, LOCK_SH | LOCK_NB));
	other("exclusive in another process", (struct ask){.cmd = LOCK_EX, .flags = O_RDWR});
	other("shared in another process", (struct ask){.cmd = LOCK_SH, .flags = O_RDONLY});
	other("fcntl locks are another matter", (struct ask){F_SETLK, O_RDWR, F_WRLCK, 0, 0});
	DO(flock(a, LOCK_SH | LOCK_NB));
	other("after going down to shared", (struct ask){.cmd = LOCK_SH, .flags = O_RDONLY});
	close(a);
	other("a duplicate still holds", (struct ask){.cmd = LOCK_EX, .flags = O_RDWR});
	DO(flock(c, LOCK_UN));
	other("let go", (struct ask){.cmd = LOCK_EX, .flags = O_RDWR});
	DO(flock(b, 77));
	close(b);
	close(c);
	MUST(mkdir("d", 0755));
	a = open("d", O_RDONLY | O_CLOEXEC);
	b = open("d", O_RDONLY | O_CLOEXEC);
	DO(flock(a, LOCK_EX | LOCK_NB));
	DO(flock(b, LOCK_EX | LOCK_NB));
	close(a);
	close(b);
}

/* --- waiting --- */

/* Waits for the lock; then says so into the pipe. */
static void waiter(bool whole, int ready, int done)
{
	int fd = open("f", O_RDWR | O_CLOEXEC);
	MUST(write(ready, "r", 1));
	int r = whole ? flock(fd, LOCK_EX) : range(fd, F_SETLKW, F_WRLCK, 0, 0);
	MUST(write(done, r < 0 ? "e" : "g", 1));
	_exit(0);
}

static void waiting(bool whole)
{
	char c = 0;
	int ready[2], done[2];
	put("f", "x");
	int fd = open("f", O_RDWR | O_CLOEXEC);
	MUST(whole ? flock(fd, LOCK_EX) : range(fd, F_SETLK, F_WRLCK, 0, 0));
	MUST(pipe2(ready, O_CLOEXEC) | pipe2(done, O_CLOEXEC | O_NONBLOCK));
	fflush(stdout);
	pid_t pid = fork();
	MUST(pid);
	if (!pid)
		waiter(whole, ready[1], done[1]);
	MUST(read(ready[0], &c, 1));
	tick();
	say_text(whole ? "flock waits" : "fcntl waits", "%s",
		read(done[0], &c, 1) < 0 ? "yes" : "no");
	MUST(whole ? flock(fd, LOCK_UN) : range(fd, F_SETLK, F_UNLCK, 0, 0));
	MUST(waitpid(pid, NULL, 0));
	MUST(read(done[0], &c, 1));
	say_text("and gets it", "%c", c);
	close(fd);
	close(ready[0]);
	close(ready[1]);
	close(done[0]);
	close(done[1]);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static int wait_with_alarm(const void *arg)
{
	struct sigaction sa = {.sa_handler = on_alarm};
	struct itimerval every = {.it_interval.tv_usec = 50000, .it_value.tv_usec = 50000};
	int fd = open("f", O_RDWR | O_CLOEXEC);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	int r = *(const bool *)arg ? flock(fd, LOCK_EX) : range(fd, F_SETLKW, F_WRLCK, 0, 0);
	return r < 0 ? errno : 0;
}

static void waiting_locks(void)
{
	waiting(false);
	waiting(true);
	put("f", "x");
	int fd = open("f", O_RDWR | O_CLOEXEC);
	MUST(flock(fd, LOCK_EX));
	MUST(range(fd, F_SETLK, F_WRLCK, 0, 0));
	for (int whole = 0; whole < 2; whole++) {
		bool w = whole;
		say_text(TEXT("interrupted %s", w ? "flock" : "fcntl"), "%s",
			strerrorname_np(in_child(wait_with_alarm, &w)));
	}
	close(fd);
}

const struct posix_group lock_groups[] = {{"record-locks", record_locks}, {"who-locks", who_locks},
	{"description-locks", description_locks}, {"whole-locks", whole_locks},
	{"waiting-locks", waiting_locks}, {}};
