/* SPDX-License-Identifier: MIT */
/*
 * Random operations on files of a mount, compared with a model in memory, while the server is
 *killed again and again: nothing may be lost, and nothing done twice.
 *
 *	stress MOUNT TREE SEED OPERATIONS PROCESSES [PIDFILE]
 *
 * Each process has a file of its own, open through several descriptors (one for appending, one
 * around the cache), and a directory in which names are made, moved and removed, each of which has
 * to succeed exactly once.  Now and then the file is compared with what lies in TREE, the directory
 * that is mounted.  PIDFILE has the server's process id in its last line: that one is killed at
 *random moments, each once.  Ends with 0 if all was right; says with which seed and operation it
 *was not.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 512 * 1024, PIECE = 96 * 1024, LOG = 24, NAMES = 8 };

enum descriptor { FIRST, SECOND, APPENDS, DIRECT, DESCRIPTORS };

struct state {
	uint64_t random;
	const char *tree;
	char dir[PATH_MAX], below[PATH_MAX];
	int fds[DESCRIPTORS];
	uint8_t model[MOST], got[MOST];
	size_t size;
	bool names[NAMES]; /* which exist */
	size_t mapped; /* what is read or written of a mapping */
	unsigned n;
	char log[LOG][96]; /* the last operations */
};

static uint32_t pick(struct state *s, uint32_t below)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (uint32_t)(s->random >> 11) % below;
}

static void note(struct state *s, const char *what, size_t at, size_t n, int fd)
{
	(void)snprintf(s->log[s->n % LOG], sizeof(s->log[0]),
		"%u: %s at %zu, %zu bytes, size %zu, %d", s->n, what, at, n, s->size, fd);
}

static void wrong(struct state *s, const char *what)
{
	int e = errno;
	printf("%s: operation %u: %s (%s)\n", s->dir, s->n, what, e ? strerror(e) : "no error");
	for (unsigned i = s->n >= LOG ? s->n - LOG + 1 : 0; i <= s->n; i++)
		printf("  %s\n", s->log[i % LOG]);
	exit(1);
}

static void compare(struct state *s, const uint8_t *got, size_t at, size_t n, const char *where)
{
	for (size_t i = 0; i < n; i++) {
		if (got[i] == s->model[at + i])
			continue;
		char text[128];
		size_t last = n;
		while (got[last - 1] == s->model[at + last - 1])
			last--;
		(void)snprintf(text, sizeof(text), "%s: wrong from %zu to %zu: %02x, not %02x",
			where, at + i, at + last, got[i], s->model[at + i]);
		errno = 0;
		wrong(s, text);
	}
}

static void path_of(const struct state *s, const char *dir, const char *name, char *ret)
{
	(void)snprintf(ret, PATH_MAX, "%.3000s/%s", dir, name);
}

static void open_one(struct state *s, enum descriptor d)
{
	static const int flags[] = {O_RDWR, O_RDWR, O_WRONLY | O_APPEND, O_RDWR | O_DIRECT};
	char path[PATH_MAX];
	path_of(s, s->dir, "file", path);
	s->fds[d] = open(path, flags[d] | O_CLOEXEC);
	if (s->fds[d] < 0)
		wrong(s, "open");
}

/* A place and a length within what a file may become; until: the end of the place. */
static void choose(struct state *s, size_t until, size_t *at, size_t *n)
{
	*at = until ? pick(s, (uint32_t)until) : 0;
	*n = 1 + pick(s, pick(s, 4) ? 6000 : PIECE);
	if (*at + *n > MOST)
		*n = MOST - *at;
}

static void grow(struct state *s, size_t to)
{
	if (to <= s->size)
		return;
	memset(s->model + s->size, 0, to - s->size);
	s->size = to;
}

static int any_but_appending(struct state *s)
{
	static const enum descriptor all[] = {FIRST, SECOND, FIRST, SECOND, DIRECT};
	return s->fds[all[pick(s, 5)]];
}

/* ---- operations ---- */

static void fill(struct state *s, uint8_t *p, size_t n)
{
	uint8_t b = (uint8_t)(1 + pick(s, 255));
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(b + i / 7);
}

static void op_write(struct state *s)
{
	size_t at, n;
	choose(s, pick(s, 2) ? s->size : MOST - 1, &at, &n);
	int fd = any_but_appending(s);
	note(s, "write", at, n, fd);
	grow(s, at); /* the hole before it */
	grow(s, at + n);
	fill(s, s->model + at, n);
	for (size_t done = 0; done < n;) {
		ssize_t r = pwrite(fd, s->model + at + done, n - done, (off_t)(at + done));
		if (r <= 0)
			wrong(s, "write");
		done += (size_t)r;
	}
}

static void op_small_writes(struct state *s)
{
	size_t at = pick(s, MOST / 2), each = 1 + pick(s, 3000);
	int fd = any_but_appending(s);
	note(s, "small writes", at, 20 * each, fd);
	for (int i = 0; i < 20; i++, at += each) {
		grow(s, at + each);
		fill(s, s->model + at, each);
		if (pwrite(fd, s->model + at, each, (off_t)at) != (ssize_t)each)
			wrong(s, "small write");
	}
}

static void op_read(struct state *s)
{
	size_t at, n;
	choose(s, s->size + 1, &at, &n);
	int fd = any_but_appending(s);
	note(s, "read", at, n, fd);
	size_t expected = s->size - at < n ? s->size - at : n, got = 0;
	for (ssize_t r; got < expected; got += (size_t)r) {
		r = pread(fd, s->got + got, n - got, (off_t)(at + got));
		if (r <= 0)
			wrong(s, r ? "read" : "read: the file ends early");
	}
	errno = 0;
	if (got > expected)
		wrong(s, "read: more than there is");
	compare(s, s->got, at, expected, "read");
}

static void op_append(struct state *s)
{
	size_t n = 1 + pick(s, 3000);
	if (s->size + n > MOST)
		return;
	note(s, "append", s->size, n, s->fds[APPENDS]);
	fill(s, s->got, n);
	if (write(s->fds[APPENDS], s->got, n) != (ssize_t)n)
		wrong(s, "append");
	memcpy(s->model + s->size, s->got, n);
	s->size += n;
}

static void op_truncate(struct state *s)
{
	size_t to = pick(s, pick(s, 3) ? (uint32_t)s->size + 1 : MOST);
	int fd = any_but_appending(s);
	note(s, "truncate", to, 0, fd);
	if (ftruncate(fd, (off_t)to) < 0)
		wrong(s, "truncate");
	grow(s, to);
	s->size = to;
}

static struct state *the_state; /* of this process, for the handler */

/* A page that could not be had: its own words for that, where nothing else would say them. */
static void on_bus(int signal)
{
	struct stat st = {};
	int fd = the_state->fds[FIRST], r = fstat(fd, &st), e = errno;
	char text[128], c;
	ssize_t n = pread(fd, &c, 1, (off_t)the_state->mapped);
	(void)snprintf(text, sizeof(text), "a page is missing: fstat %d (%d), size %lld; pread %zd",
		r, e, (long long)st.st_size, n);
	wrong(the_state, text);
}

static void op_map(struct state *s)
{
	size_t at, n;
	if (!s->size)
		return;
	choose(s, s->size, &at, &n);
	n = at + n > s->size ? s->size - at : n;
	bool store = pick(s, 2);
	s->mapped = at;
	note(s, store ? "mapped write" : "mapped read", at, n, s->fds[FIRST]);
	uint8_t *p = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fds[FIRST], 0);
	if (p == MAP_FAILED)
		wrong(s, "mmap");
	if (store) {
		fill(s, s->model + at, n);
		memcpy(p + at, s->model + at, n);
		if (pick(s, 2) && msync(p, s->size, MS_SYNC) < 0)
			wrong(s, "msync");
	} else {
		memcpy(s->got, p + at, n);
		compare(s, s->got, at, n, "mapping");
	}
	munmap(p, s->size);
}

static void op_allocate(struct state *s)
{
	static const int modes[] = {0, FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE};
	size_t at, n;
	choose(s, MOST - 1, &at, &n);
	int mode = modes[pick(s, 4)], fd = any_but_appending(s);
	note(s,
		mode == 0                     ? "allocate"
		: mode & FALLOC_FL_PUNCH_HOLE ? "punch"
					      : "zero or keep",
		at, n, fd);
	if (fallocate(fd, mode, (off_t)at, (off_t)n) < 0) {
		if (errno == EOPNOTSUPP)
			return;
		wrong(s, "fallocate");
	}
	if (!(mode & FALLOC_FL_KEEP_SIZE))
		grow(s, at + n);
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE) && at < s->size)
		memset(s->model + at, 0, at + n > s->size ? s->size - at : n);
}

static void op_copy(struct state *s)
{
	size_t from, to, n;
	if (s->size < 2)
		return;
	choose(s, s->size, &from, &n);
	n = from + n > s->size ? s->size - from : n;
	to = pick(s, MOST - (uint32_t)n);
	if (to < from + n && from < to + n)
		return;
	note(s, "copy", from, n, (int)to);
	off_t in = (off_t)from, out = (off_t)to;
	grow(s, to + n);
	memcpy(s->model + to, s->model + from, n);
	while (n) {
		ssize_t r = copy_file_range(s->fds[SECOND], &in, s->fds[FIRST], &out, n, 0);
		if (r <= 0)
			wrong(s, "copy_file_range");
		n -= (size_t)r;
	}
}

static void op_reopen(struct state *s)
{
	enum descriptor d = pick(s, DESCRIPTORS);
	note(s, "close and open", 0, 0, s->fds[d]);
	if (close(s->fds[d]) < 0)
		wrong(s, "close");
	open_one(s, d);
}

static void op_stat(struct state *s)
{
	struct stat st;
	char path[PATH_MAX];
	note(s, "stat", 0, 0, 0);
	path_of(s, s->dir, "file", path);
	if (pick(s, 2) ? fstat(s->fds[pick(s, DESCRIPTORS)], &st) : stat(path, &st))
		wrong(s, "stat");
	errno = 0;
	if ((size_t)st.st_size != s->size) {
		char text[64];
		(void)snprintf(text, sizeof(text), "size is %lld", (long long)st.st_size);
		wrong(s, text);
	}
}

/* What the server has is what was written. */
static void op_compare(struct state *s)
{
	char path[PATH_MAX];
	struct stat st;
	note(s, "compare", 0, s->size, 0);
	for (int d = FIRST; d < DESCRIPTORS; d++)
		if (fsync(s->fds[d]) < 0)
			wrong(s, "fsync");
	path_of(s, s->below, "file", path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		wrong(s, "open below");
	errno = 0;
	if ((size_t)st.st_size != s->size) {
		printf("below: size %lld, not %zu\n", (long long)st.st_size, s->size);
		wrong(s, "another size below");
	}
	if (pread(fd, s->got, s->size, 0) != (ssize_t)s->size)
		wrong(s, "read below");
	compare(s, s->got, 0, s->size, "below");
	close(fd);
}

/* Each of these succeeds once, and would fail a second time. */
static void op_names(struct state *s)
{
	char a[PATH_MAX], b[PATH_MAX], name[16];
	unsigned i = pick(s, NAMES), j = pick(s, NAMES);
	(void)snprintf(name, sizeof(name), "n%u", i);
	path_of(s, s->dir, name, a);
	(void)snprintf(name, sizeof(name), "n%u", j);
	path_of(s, s->dir, name, b);
	note(s, s->names[i] ? s->names[j] ? "unlink" : "rename or link" : "make", i, j, 0);
	errno = 0;
	if (!s->names[i]) {
		int how = (int)pick(s, 3);
		int fd = how == 0 ? open(a, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) : -1;
		if (how == 0       ? fd < 0
			: how == 1 ? symlink("x", a) < 0
				   : mknod(a, S_IFIFO | 0600, 0) < 0)
			wrong(s, "make");
		if (fd >= 0)
			close(fd);
		s->names[i] = true;
	} else if (s->names[j]) {
		if (unlink(b) < 0)
			wrong(s, "unlink");
		s->names[j] = false;
	} else if (pick(s, 2)) {
		if (rename(a, b) < 0)
			wrong(s, "rename");
		s->names[i] = false;
		s->names[j] = true;
	} else {
		if (link(a, b) < 0)
			wrong(s, "link");
		s->names[j] = true;
	}
}

/* The file gets another name, while it is open. */
static void op_move(struct state *s)
{
	char a[PATH_MAX], b[PATH_MAX];
	path_of(s, s->dir, "file", a);
	path_of(s, s->dir, "moved", b);
	note(s, "move there and back", 0, 0, 0);
	if (rename(a, b) < 0 || rename(b, a) < 0)
		wrong(s, "rename");
}

static void op_directory(struct state *s)
{
	char a[PATH_MAX];
	path_of(s, s->dir, "d", a);
	note(s, "mkdir and rmdir", 0, 0, 0);
	if (mkdir(a, 0700) < 0 || rmdir(a) < 0)
		wrong(s, "mkdir or rmdir");
}

/* ---- a run ---- */

static void run(struct state *s, unsigned operations)
{
	static void (*const all[])(struct state *) = {op_write, op_write, op_write, op_small_writes,
		op_read, op_read, op_read, op_append, op_append, op_truncate, op_map, op_map,
		op_allocate, op_copy, op_reopen, op_stat, op_stat, op_compare, op_names, op_names,
		op_names, op_move, op_directory};
	char path[PATH_MAX];
	if (mkdir(s->dir, 0700) < 0)
		wrong(s, "mkdir");
	path_of(s, s->dir, "file", path);
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || close(fd) < 0)
		wrong(s, "create");
	for (int d = FIRST; d < DESCRIPTORS; d++)
		open_one(s, d);
	for (s->n = 1; s->n <= operations; s->n++) {
		errno = 0;
		all[pick(s, sizeof(all) / sizeof(all[0]))](s);
	}
	op_compare(s);
	for (int d = FIRST; d < DESCRIPTORS; d++)
		if (close(s->fds[d]) < 0)
			wrong(s, "close");
}

static pid_t begin(const char *mount, const char *tree, uint64_t seed, unsigned operations)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		exit(1);
	setvbuf(stdout, NULL, _IOFBF, 8192);
	s->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	(void)snprintf(s->dir, sizeof(s->dir), "%.3000s/%llu", mount, (unsigned long long)seed);
	(void)snprintf(s->below, sizeof(s->below), "%.3000s/%llu", tree, (unsigned long long)seed);
	the_state = s;
	signal(SIGBUS, on_bus);
	run(s, operations);
	exit(0);
}

/* The last line of the file is a process that was not killed before: it is now. */
static bool cut(const char *pidfile, pid_t *last)
{
	char text[32];
	int fd = open(pidfile, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	off_t end = lseek(fd, 0, SEEK_END);
	off_t at = end > (off_t)sizeof(text) - 1 ? end - ((off_t)sizeof(text) - 1) : 0;
	ssize_t n = pread(fd, text, sizeof(text) - 1, at);
	close(fd);
	if (n < 2 || text[n - 1] != '\n')
		return false;
	text[n - 1] = 0;
	const char *line = strrchr(text, '\n');
	pid_t pid = atoi(line ? line + 1 : text);
	if (pid <= 1 || pid == *last)
		return false;
	*last = pid;
	return kill(pid, SIGKILL) == 0;
}

int main(int argc, char **argv)
{
	if (argc < 6) {
		fputs("usage: stress MOUNT TREE SEED OPERATIONS PROCESSES [PIDFILE]\n", stderr);
		return 2;
	}
	uint64_t seed = strtoull(argv[3], NULL, 10);
	int n = atoi(argv[5]), failed = 0;
	unsigned cuts = 0;
	pid_t last = 0;
	struct state chance = {.random = seed | 1};
	for (int i = 0; i < n; i++)
		if (begin(argv[1], argv[2], seed + (uint64_t)i, (unsigned)atoi(argv[4])) < 0)
			return 1;
	while (n > 0) {
		int status;
		pid_t pid = waitpid(-1, &status, argc > 6 ? WNOHANG : 0);
		if (pid > 0) {
			n--;
			failed += status != 0;
		} else if (pid == 0) { /* at any moment, so there is nothing to wait for */
			usleep(2000 + pick(&chance, 120000));
			cuts += cut(argv[6], &last);
		}
	}
	printf("killed the server %u times\n", cuts);
	return failed != 0 || (argc > 6 && cuts == 0);
}
