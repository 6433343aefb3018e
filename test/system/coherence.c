/* SPDX-License-Identifier: MIT */
/*
 * Is a change that is made in one place seen in the other?
 *
 *	coherence WRITER READER ROUNDS
 *
 * WRITER and READER are the same empty directory, reached in two ways.  Each round makes something
 * in WRITER, looks at all of it through READER (attributes, content, names that are not there,
 * listings: so that whatever is there to be cached is cached), makes one change in WRITER, and
 * waits until READER shows it.  A change that is not seen after DEADLINE_MS is counted and told.
 * Prints how many were seen, and how long that took.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_MS = 1000, PAUSE_US = 1000, SLOW_MS = 150, SIZE = 8192 };

static int writer, reader; /* the two directories */
static char a[64], b[64]; /* names of the round: what is changed, and what else it takes */
static int held = -1; /* READER's file, open */
static const char *mapped; /* READER's file, mapped */

#define TRY(expr)                                                                          \
	do {                                                                               \
		if ((expr) < 0) {                                                          \
			fprintf(stderr, "%d: %s: %s\n", __LINE__, #expr, strerror(errno)); \
			exit(2);                                                           \
		}                                                                          \
	} while (0)

static int64_t now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

/* ---- what WRITER does ---- */

static void put(const char *name, int flags, char byte, size_t n)
{
	char buf[SIZE];
	int fd = openat(writer, name, O_WRONLY | O_CLOEXEC | flags, 0644);
	TRY(fd);
	memset(buf, byte, n);
	TRY(write(fd, buf, n) == (ssize_t)n ? 0 : -1);
	TRY(close(fd));
}

static void make(const char *name)
{
	put(name, O_CREAT | O_EXCL, 'o', SIZE);
}

static void in_dir(char out[128], const char *dir, const char *name)
{
	snprintf(out, 128, "%s/%s", dir, name);
}

/* ---- what READER sees ---- */

static bool there(const char *name)
{
	struct stat st;
	return !fstatat(reader, name, &st, AT_SYMLINK_NOFOLLOW);
}

static struct stat seen(const char *name)
{
	struct stat st = {0};
	if (fstatat(reader, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		st.st_nlink = 0;
	return st;
}

/* Whether the file has n bytes, the one at `at` being `byte`. */
static bool holds(const char *name, size_t n, size_t at, char byte)
{
	char buf[2 * SIZE];
	int fd = openat(reader, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t r = pread(fd, buf, sizeof(buf), 0);
	close(fd);
	return r == (ssize_t)n && buf[at] == byte;
}

static bool listed(const char *dir, const char *name)
{
	bool found = false;
	int fd = openat(reader, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return false;
	for (const struct dirent *e; (e = readdir(d));)
		found |= !strcmp(e->d_name, name);
	closedir(d);
	return found;
}

static bool links_to(const char *name, const char *target)
{
	char buf[128];
	ssize_t n = readlinkat(reader, name, buf, sizeof(buf));
	return n == (ssize_t)strlen(target) && !memcmp(buf, target, (size_t)n);
}

/* ---- kinds of change ---- */

static char sub[128], other[128];
static nlink_t links_made; /* of a directory: file systems differ */

static void file_before(void)
{
	make(a);
}

static bool file_warm(void)
{
	return holds(a, SIZE, 0, 'o') && !there(b) && listed(".", a);
}

static void nothing_before(void)
{
}

static bool nothing_warm(void)
{
	return !there(a) && !listed(".", a);
}

static void create(void)
{
	make(a);
}

static bool created(void)
{
	return holds(a, SIZE, 0, 'o') && listed(".", a);
}

static void remove_it(void)
{
	TRY(unlinkat(writer, a, 0));
}

static bool removed(void)
{
	return !there(a) && !listed(".", a);
}

static void rename_it(void)
{
	TRY(renameat(writer, a, writer, b));
}

static bool renamed(void)
{
	return !there(a) && holds(b, SIZE, 0, 'o') && listed(".", b) && !listed(".", a);
}

static void chmod_it(void)
{
	TRY(fchmodat(writer, a, 0600, 0));
}

static bool chmodded(void)
{
	return (seen(a).st_mode & 07777) == 0600;
}

static void truncate_it(void)
{
	int fd = openat(writer, a, O_WRONLY | O_CLOEXEC);
	TRY(fd);
	TRY(ftruncate(fd, 100));
	TRY(close(fd));
}

static bool truncated(void)
{
	return seen(a).st_size == 100 && holds(a, 100, 99, 'o');
}

static void overwrite(void)
{
	put(a, 0, 'n', SIZE);
}

static bool overwritten(void)
{
	return holds(a, SIZE, SIZE - 1, 'n');
}

static void append(void)
{
	put(a, O_APPEND, 'n', 10);
}

static bool appended(void)
{
	return seen(a).st_size == SIZE + 10 && holds(a, SIZE + 10, SIZE, 'n');
}

static void mkdir_it(void)
{
	TRY(mkdirat(writer, a, 0755));
}

static bool is_dir(void)
{
	return S_ISDIR(seen(a).st_mode) && listed(".", a);
}

static void dir_before(void)
{
	struct stat st;
	TRY(mkdirat(writer, a, 0755));
	TRY(fstatat(writer, a, &st, 0));
	links_made = st.st_nlink;
	in_dir(sub, a, "f");
}

static bool dir_warm(void)
{
	return seen(a).st_nlink == links_made && !there(sub) && !listed(a, "f") && !there(b);
}

static void rmdir_it(void)
{
	TRY(unlinkat(writer, a, AT_REMOVEDIR));
}

static void create_below(void)
{
	make(sub);
}

static bool created_below(void)
{
	return listed(a, "f") && holds(sub, SIZE, 0, 'o');
}

static void mkdir_below(void)
{
	TRY(mkdirat(writer, sub, 0700));
}

static bool made_below(void)
{
	struct stat st;
	return !fstatat(writer, a, &st, 0) && seen(a).st_nlink == st.st_nlink &&
	       S_ISDIR(seen(sub).st_mode);
}

static void full_dir_before(void)
{
	dir_before();
	make(sub);
	in_dir(other, b, "f");
}

static bool full_dir_warm(void)
{
	return holds(sub, SIZE, 0, 'o') && listed(a, "f") && !there(b) && !there(other);
}

static bool dir_renamed(void)
{
	return !there(sub) && !there(a) && holds(other, SIZE, 0, 'o') && listed(b, "f");
}

static void rename_out_of_dir(void)
{
	TRY(renameat(writer, sub, writer, b));
}

static bool renamed_out(void)
{
	return !there(sub) && !listed(a, "f") && holds(b, SIZE, 0, 'o');
}

static void symlink_before(void)
{
	TRY(symlinkat("old target", writer, a));
	TRY(symlinkat("new", writer, b));
}

static bool symlink_warm(void)
{
	return links_to(a, "old target") && links_to(b, "new");
}

static void replace(void)
{
	TRY(renameat(writer, b, writer, a));
}

static bool symlink_replaced(void)
{
	return links_to(a, "new") && !there(b);
}

static void two_files_before(void)
{
	make(a);
	put(b, O_CREAT | O_EXCL, 'n', 100);
}

static bool two_files_warm(void)
{
	return holds(a, SIZE, 0, 'o') && holds(b, 100, 0, 'n');
}

static bool replaced(void)
{
	return holds(a, 100, 0, 'n') && !there(b);
}

static void exchange(void)
{
	/* Where the way to WRITER cannot exchange: the same in three steps. */
	char third[80];
	if (!renameat2(writer, a, writer, b, RENAME_EXCHANGE))
		return;
	snprintf(third, sizeof(third), "%s.third", a);
	TRY(renameat(writer, a, writer, third));
	TRY(renameat(writer, b, writer, a));
	TRY(renameat(writer, third, writer, b));
}

static bool exchanged(void)
{
	return holds(a, 100, 0, 'n') && holds(b, SIZE, 0, 'o');
}

static void links_before(void)
{
	make(a);
	TRY(linkat(writer, a, writer, b, 0));
}

static bool links_warm(void)
{
	return holds(a, SIZE, 0, 'o') && holds(b, SIZE, 0, 'o') && seen(a).st_nlink == 2;
}

static void write_other_name(void)
{
	put(b, 0, 'n', 100);
}

static bool other_name_written(void)
{
	return holds(a, SIZE, 0, 'n') && holds(b, SIZE, 99, 'n');
}

static void remove_other_name(void)
{
	TRY(unlinkat(writer, b, 0));
}

static bool other_name_removed(void)
{
	return seen(a).st_nlink == 1 && !there(b);
}

static void link_it(void)
{
	TRY(linkat(writer, a, writer, b, 0));
}

static bool linked(void)
{
	return seen(a).st_nlink == 2 && seen(b).st_nlink == 2;
}

static void store(void)
{
	int fd = openat(writer, a, O_RDWR | O_CLOEXEC);
	TRY(fd);
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	TRY(p == MAP_FAILED ? -1 : 0);
	p[5000] = 'm';
	TRY(munmap(p, SIZE));
	TRY(close(fd));
}

static bool stored(void)
{
	return holds(a, SIZE, 5000, 'm');
}

static void set_time(void)
{
	struct timespec ts[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1234567890, .tv_nsec = 5}};
	TRY(utimensat(writer, a, ts, 0));
}

static bool time_set(void)
{
	struct stat st = seen(a);
	return st.st_mtim.tv_sec == 1234567890 && st.st_mtim.tv_nsec == 5;
}

static void path_of(char out[256], int dir, const char *name)
{
	snprintf(out, 256, "/proc/self/fd/%d/%s", dir, name);
}

static void set_attribute(void)
{
	char path[256];
	path_of(path, writer, a);
	if (setxattr(path, "user.new", "value", 5, 0) < 0 && errno != EOPNOTSUPP)
		TRY(-1);
}

static bool attribute_set(void)
{
	char path[256], value[16];
	path_of(path, writer, a);
	if (getxattr(path, "user.new", value, sizeof(value)) < 0)
		return true; /* no such thing there */
	path_of(path, reader, a);
	return getxattr(path, "user.new", value, sizeof(value)) == 5 && !memcmp(value, "value", 5);
}

static bool attribute_warm(void)
{
	char path[256], value[16];
	path_of(path, reader, a);
	return file_warm() && getxattr(path, "user.new", value, sizeof(value)) < 0;
}

static bool held_warm(void)
{
	char c;
	if (!file_warm() || (held = openat(reader, a, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	mapped = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, held, 0);
	TRY(mapped == MAP_FAILED ? -1 : 0);
	return pread(held, &c, 1, SIZE - 1) == 1 && *(const volatile char *)mapped == 'o';
}

static bool held_appended(void)
{
	struct stat st;
	char c = 0;
	return !fstat(held, &st) && st.st_size == SIZE + 10 && pread(held, &c, 1, SIZE) == 1 &&
	       c == 'n';
}

static bool held_overwritten(void)
{
	return *(const volatile char *)(mapped + SIZE - 1) == 'n';
}

static bool held_renamed_and_written(void)
{
	struct stat st;
	return !fstat(held, &st) && st.st_size == SIZE + 10;
}

static void rename_and_append(void)
{
	rename_it();
	put(b, O_APPEND, 'n', 10);
}

static const struct kind {
	const char *text;
	void (*before)(void);
	bool (*warm)(void);
	void (*change)(void);
	bool (*after)(void);
} kinds[] = {
	{"create", nothing_before, nothing_warm, create, created},
	{"unlink", file_before, file_warm, remove_it, removed},
	{"rename", file_before, file_warm, rename_it, renamed},
	{"rename between directories", full_dir_before, full_dir_warm, rename_out_of_dir,
		renamed_out},
	{"chmod", file_before, file_warm, chmod_it, chmodded},
	{"truncate", file_before, file_warm, truncate_it, truncated},
	{"write", file_before, file_warm, overwrite, overwritten},
	{"append", file_before, file_warm, append, appended},
	{"mkdir", nothing_before, nothing_warm, mkdir_it, is_dir},
	{"rmdir", dir_before, dir_warm, rmdir_it, removed},
	{"create below", dir_before, dir_warm, create_below, created_below},
	{"mkdir below", dir_before, dir_warm, mkdir_below, made_below},
	{"rename of a directory", full_dir_before, full_dir_warm, rename_it, dir_renamed},
	{"symlink replaced", symlink_before, symlink_warm, replace, symlink_replaced},
	{"file replaced", two_files_before, two_files_warm, replace, replaced},
	{"exchange", two_files_before, two_files_warm, exchange, exchanged},
	{"write through another name", links_before, links_warm, write_other_name,
		other_name_written},
	{"other name removed", links_before, links_warm, remove_other_name, other_name_removed},
	{"link", file_before, file_warm, link_it, linked},
	{"store into a mapping", file_before, file_warm, store, stored},
	{"utimes", file_before, file_warm, set_time, time_set},
	{"xattr", file_before, attribute_warm, set_attribute, attribute_set},
	{"append to an open file", file_before, held_warm, append, held_appended},
	{"write to a mapped file", file_before, held_warm, overwrite, held_overwritten},
	{"append to a renamed open file", file_before, held_warm, rename_and_append,
		held_renamed_and_written},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Microseconds, -1: not in time. */
static int64_t wait_for(bool (*done)(void))
{
	int64_t begin = now_us();
	for (;;) {
		bool ok = done();
		int64_t took = now_us() - begin;
		if (ok && took <= DEADLINE_MS * 1000)
			return took;
		if (took > DEADLINE_MS * 1000)
			return -1;
		usleep(PAUSE_US);
	}
}

static void let_go(void)
{
	if (mapped)
		munmap((void *)(uintptr_t)mapped, SIZE);
	if (held >= 0)
		close(held);
	mapped = NULL;
	held = -1;
}

static int64_t one_round(const struct kind *k, int round)
{
	snprintf(a, sizeof(a), "a%d", round);
	snprintf(b, sizeof(b), "b%d", round);
	k->before();
	for (int tries = 0; !k->warm(); tries++) { /* what is made is a change as well */
		let_go();
		if (tries * PAUSE_US > DEADLINE_MS * 1000) {
			printf("# %s, round %d: not even seen to begin with\n", k->text, round);
			return -1;
		}
		usleep(PAUSE_US);
	}
	k->change();
	int64_t took = wait_for(k->after);
	let_go();
	if (took > SLOW_MS * 1000)
		printf("# %s, round %d: after %.1f ms\n", k->text, round, (double)took / 1000);
	if (took < 0)
		printf("# %s, round %d: not seen\n", k->text, round);
	return took;
}

static int by_value(const void *x, const void *y)
{
	const int64_t *p = x, *q = y;
	return (*p > *q) - (*p < *q);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: coherence WRITER READER ROUNDS\n");
		return 2;
	}
	int rounds = atoi(argv[3]), n = 0;
	int64_t *took = calloc((size_t)rounds + 1, sizeof(*took));
	writer = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	reader = open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
	TRY(writer);
	TRY(reader);
	umask(0);
	for (int i = 0; i < rounds; i++) {
		int64_t us = one_round(&kinds[(size_t)i % N_KINDS], i);
		if (us >= 0)
			took[n++] = us;
	}
	qsort(took, (size_t)n, sizeof(*took), by_value);
	printf("%d of %d seen; median %.1f ms, 99 %% in %.1f ms, the last after %.1f ms\n", n,
		rounds, n ? (double)took[n / 2] / 1000 : 0,
		n ? (double)took[n * 99 / 100] / 1000 : 0, n ? (double)took[n - 1] / 1000 : 0);
	free(took);
	return n != rounds;
}
