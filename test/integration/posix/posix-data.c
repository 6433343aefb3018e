/* SPDX-License-Identifier: MIT */
/* Data: reading and writing, sizes, holes, space, copying, mappings, direct and appending writes,
 * files without a name. */
#include "posix.h"

#include <linux/falloc.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>

static char text[256];

#define TEXT(...) (snprintf(text, sizeof(text), __VA_ARGS__), text)

static int fresh(const char *name, int flags)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0644);
	MUST(fd);
	return fd;
}

static long long size_of(int fd)
{
	struct stat st;
	MUST(fstat(fd, &st));
	return st.st_size;
}

/* n bytes that tell where they are. */
static void fill(int fd, off_t at, size_t n)
{
	static unsigned char buf[65536];
	while (n) {
		size_t part = MIN(n, sizeof(buf));
		for (size_t i = 0; i < part; i++)
			buf[i] = (unsigned char)((at + (off_t)i) * 31 >> 3);
		MUST(pwrite(fd, buf, part, at));
		at += (off_t)part;
		n -= part;
	}
}

static void read_write(void)
{
	char buf[64] = "";
	void *volatile nowhere = NULL;
	volatile int too_few = -1;
	int fd = fresh("f", 0);
	N(write(fd, "hello", 5));
	N(pread(fd, buf, 10, 1));
	N(lseek(fd, 0, SEEK_CUR));
	N(lseek(fd, -2, SEEK_END));
	N(read(fd, buf, 10));
	N(read(fd, buf, 10));
	N(lseek(fd, 100, SEEK_SET));
	N(write(fd, "x", 1));
	N(size_of(fd));
	N(pread(fd, buf, 64, 90));
	N(buf[0] + buf[9]);
	N(lseek(fd, -1, SEEK_SET));
	N(lseek(fd, 0, 77));
	N(pwrite(fd, "x", 1, -1));
	N(pread(fd, buf, 1, -1));
	N(pread(fd, buf, 1, 1000));
	N(write(fd, buf, 0));
	N(pwrite(fd, buf, 0, 1 << 20));
	N(size_of(fd));
	char one[] = "one", three[] = "three";
	struct iovec v[3] = {{one, 3}, {one, 0}, {three, 5}};
	N(pwritev(fd, v, 3, 3));
	N(preadv(fd, (struct iovec[]){{buf, 4}, {buf + 20, 4}}, 2, 3));
	say_text("scattered", "%.4s %.4s", buf, buf + 20);
	N(writev(fd, v, too_few));
	N(pwritev2(fd, v, 1, 0, RWF_APPEND));
	N(size_of(fd));
	N(pwritev2(fd, v, 1, 0, RWF_DSYNC));
	N(pwrite(fd, nowhere, 5, 0));
	N(pread(fd, nowhere, 5, 0));
	DO(fsync(fd));
	DO(fdatasync(fd));
	DO(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
	DO(posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
	DO(readahead(fd, 0, 4096));
	close(fd);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	N(write(fd, "x", 1));
	DO(ftruncate(fd, 0));
	DO(fsync(fd));
	close(fd);
	fd = open("f", O_WRONLY | O_CLOEXEC);
	N(read(fd, buf, 1));
	N(write(fd, "x", 1));
	close(fd);
	N(sum_of("f"));
	fd = open("f", O_RDWR | O_PATH | O_CLOEXEC);
	N(read(fd, buf, 1));
	N(write(fd, "x", 1));
	DO(fchmod(fd, 0600));
	DO(ftruncate(fd, 0));
	close(fd);
}

/* Writes and reads of all sizes at all places, against a copy in memory. */
static void anywhere(void)
{
	enum { SIZE = 3 << 20 };
	static unsigned char want[SIZE + 300000], got[300000], piece[300000];
	unsigned seed = 12345, bad = 0;
	size_t size = 0;
	int fd = fresh("f", 0), other = open("f", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 800; i++) {
		seed = seed * 1103515245 + 12345;
		size_t at = (seed >> 4) % SIZE,
		       n = (size_t[]){1, 17, 4096, 5000, 131072, 299999}[i % 6];
		if (i % 3) {
			memset(piece, i, n);
			MUST(pwrite(i % 2 ? fd : other, piece, n, (off_t)at));
			memcpy(want + at, piece, n);
			size = MAX(size, at + n);
		} else if (i % 81 == 0) {
			MUST(ftruncate(other, (off_t)at));
			if (at < size)
				memset(want + at, 0, sizeof(want) - at);
			size = at;
		} else {
			ssize_t r = pread(i % 2 ? other : fd, got, n, (off_t)at);
			size_t expected = at < size ? MIN(n, size - at) : 0;
			bad += r != (ssize_t)expected || memcmp(got, want + at, expected);
		}
	}
	N(bad);
	N(size_of(fd));
	close(fd);
	close(other);
	N(sum_of("f"));
}

/* What cannot be written may be told by fsync only. */
static int write_for_good(int fd, off_t at)
{
	if (pwrite(fd, "e", 1, at) < 0)
		return -1;
	return fsync(fd);
}

static void sizes(void)
{
	static const long long ends[] = {0, 1, 4095, 4096, 4097, 1 << 20, (1LL << 31) - 1,
		1LL << 31, (1LL << 32) + 1, 1LL << 40, (5LL << 40) + 7, (1LL << 43) + 1};
	char c = 0;
	int fd = fresh("f", 0);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		errno = 0;
		say_ok(TEXT("ftruncate to %lld", ends[i]), ftruncate(fd, ends[i]));
		N(size_of(fd));
		errno = 0;
		say(TEXT("a byte at %lld", ends[i]), pwrite(fd, "e", 1, ends[i]));
		N(pread(fd, &c, 1, ends[i]));
		N(c);
		N(size_of(fd));
		N(lseek(fd, 0, SEEK_END));
	}
	struct stat st;
	MUST(fstat(fd, &st));
	N(st.st_blocks < 1000);
	DO(ftruncate(fd, -1));
	DO(truncate("f", -1));
	DO(ftruncate(fd, 10));
	DO(ftruncate(fd, 0x7fffffffffffffff));
	DO(write_for_good(fd, 0x7ffffffffffffffe));
	DO(write_for_good(fd, 0x7fffffffffffffff));
	N(size_of(fd));
	DO(truncate("f", 5));
	N(size_of(fd));
	DO(truncate("f", 20));
	/* Nothing of what was cut off comes back. */
	N(pwrite(fd, "0123456789", 10, 0));
	DO(ftruncate(fd, 3));
	DO(ftruncate(fd, 10));
	N(sum_of("f"));
	DO(ftruncate(fd, 2));
	N(pwrite(fd, "x", 1, 8));
	N(sum_of("f"));
	close(fd);
}

/* --- space --- */

static void space(void)
{
	static const struct {
		int mode;
		const char *name;
	} modes[] = {{0, "plain"}, {FALLOC_FL_KEEP_SIZE, "keep"},
		{FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, "punch"},
		{FALLOC_FL_PUNCH_HOLE, "punch alone"}, {FALLOC_FL_ZERO_RANGE, "zero"},
		{FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, "zero, keep"}, {0x4000, "unknown"}};
	static const struct {
		off_t at, n;
	} ranges[] = {{0, 4096}, {100, 5000}, {8192, 65536}, {60000, 20000}, {200000, 100000},
		{0, 0}, {-1, 10}, {0, -1}};
	for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
		for (size_t r = 0; r < ARRAY_SIZE(ranges); r++) {
			int fd = fresh("f", 0);
			fill(fd, 0, 70000);
			errno = 0;
			say_ok(TEXT("fallocate %s %lld %lld", modes[m].name,
				       (long long)ranges[r].at, (long long)ranges[r].n),
				fallocate(fd, modes[m].mode, ranges[r].at, ranges[r].n));
			say_text("leaves", "%lld %08x", size_of(fd), sum_of("f"));
			close(fd);
		}
	}
	struct stat before, after;
	int fd = fresh("f", 0);
	DO(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1 << 20));
	MUST(fstat(fd, &before));
	N(before.st_size);
	N(before.st_blocks >= 2048);
	fill(fd, 0, 1 << 20);
	MUST(fsync(fd));
	MUST(fstat(fd, &before));
	DO(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65536, 1 << 19));
	MUST(fstat(fd, &after));
	N(after.st_blocks <= before.st_blocks - 1000);
	DO(posix_fallocate(fd, 1 << 20, 10));
	N(size_of(fd));
	close(fd);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	DO(fallocate(fd, 0, 0, 10));
	close(fd);
	MUST(mkdir("d", 0755));
	fd = open("d", O_RDONLY | O_CLOEXEC);
	DO(fallocate(fd, 0, 0, 10));
	close(fd);
}

static void holes(void)
{
	static const off_t places[] = {
		0, 1, 65536, 1 << 20, (1 << 20) + 4096, 3 << 20, (4 << 20) - 1, 4 << 20, 5 << 20};
	int fd = fresh("f", 0);
	fill(fd, 1 << 20, 65536);
	fill(fd, 3 << 20, 4096);
	MUST(ftruncate(fd, 4 << 20));
	MUST(fsync(fd));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		errno = 0;
		say(TEXT("data from %lld", (long long)places[i]), lseek(fd, places[i], SEEK_DATA));
		errno = 0;
		say(TEXT("hole from %lld", (long long)places[i]), lseek(fd, places[i], SEEK_HOLE));
	}
	N(lseek(fd, -1, SEEK_DATA));
	fill(fd, 2 << 20, 1); /* not on any disk yet */
	N(lseek(fd, (1 << 20) + 65536, SEEK_DATA));
	N(lseek(fd, 7, SEEK_SET));
	N(lseek(fd, 0, SEEK_CUR));
	close(fd);
	fd = fresh("empty", 0);
	N(lseek(fd, 0, SEEK_DATA));
	N(lseek(fd, 0, SEEK_HOLE));
	close(fd);
}

/* --- copying --- */

static void copying(void)
{
	char buf[32] = "";
	off_t in, out;
	int a = fresh("a", 0), b = fresh("b", 0);
	fill(a, 0, 300000);
	in = 1000, out = 500;
	N(copy_file_range(a, &in, b, &out, 200000, 0));
	N(in);
	N(out);
	N(size_of(b));
	N(sum_of("b"));
	N(copy_file_range(a, NULL, b, NULL, 50, 0)); /* at the files' own positions */
	N(lseek(a, 0, SEEK_CUR));
	N(lseek(b, 0, SEEK_CUR));
	in = 299990, out = 0;
	N(copy_file_range(a, &in, b, &out, 1000, 0));
	in = 300000;
	N(copy_file_range(a, &in, b, &out, 1000, 0));
	in = 400000;
	N(copy_file_range(a, &in, b, &out, 1000, 0));
	in = 0, out = 100;
	N(copy_file_range(a, &in, a, &out, 200, 0)); /* over itself */
	in = 0, out = 100;
	N(copy_file_range(a, &in, a, &out, 100, 0));
	in = 0, out = 0;
	N(copy_file_range(a, &in, b, &out, 10, 1));
	in = -1;
	N(copy_file_range(a, &in, b, &out, 10, 0));
	N(sum_of("a"));
	N(sum_of("b"));
	int ro = open("b", O_RDONLY | O_CLOEXEC), ap = open("b", O_WRONLY | O_APPEND | O_CLOEXEC);
	in = 0, out = 0;
	N(copy_file_range(a, &in, ro, &out, 10, 0));
	N(copy_file_range(a, &in, ap, &out, 10, 0));
	N(copy_file_range(ap, &in, a, &out, 10, 0));
	close(ro);
	close(ap);
	/* What has only just been written is copied too, and what is copied is read. */
	N(pwrite(a, "fresh", 5, 0));
	in = 0, out = 0;
	N(copy_file_range(a, &in, b, &out, 5, 0));
	N(pread(b, buf, 5, 0));
	say_text("copied", "%.5s", buf);
	in = 0;
	N(lseek(b, 0, SEEK_SET));
	N(sendfile(b, a, &in, 100000));
	N(sum_of("b"));
	int p[2];
	MUST(pipe2(p, O_CLOEXEC));
	in = 5;
	N(splice(a, &in, p[1], NULL, 4096, 0));
	out = 1 << 20;
	N(splice(p[0], NULL, b, &out, 4096, 0));
	N(size_of(b));
	N(sum_of("b"));
	close(a);
	close(b);
}

/* --- appending, direct --- */

static int append_many(int who)
{
	int fd = open("log", O_WRONLY | O_APPEND | O_CLOEXEC);
	char line[32];
	snprintf(line, sizeof(line), "process %02d says this\n", who);
	for (int i = 0; i < 200; i++) {
		if (write(fd, line, strlen(line)) != (ssize_t)strlen(line))
			return 1;
	}
	return close(fd) < 0;
}

static void appending(void)
{
	char buf[16];
	int fd = fresh("f", 0);
	int ap = open("f", O_RDWR | O_APPEND | O_CLOEXEC);
	N(write(fd, "12345", 5));
	N(write(ap, "ab", 2));
	N(lseek(ap, 0, SEEK_CUR));
	N(lseek(ap, 0, SEEK_SET));
	N(write(ap, "cd", 2));
	N(pwrite(ap, "ef", 2, 0)); /* appends, on Linux */
	N(pread(ap, buf, sizeof(buf), 0));
	say_text("file", "%.11s", buf);
	DO(ftruncate(fd, 3));
	N(write(ap, "g", 1));
	N(size_of(fd));
	DO(fcntl(ap, F_SETFL, 0));
	N(pwrite(ap, "Z", 1, 0));
	DO(fcntl(ap, F_SETFL, O_APPEND));
	N(pwrite(ap, "Y", 1, 0));
	N(pread(ap, buf, sizeof(buf), 0));
	say_text("file", "%.5s", buf);
	close(fd);
	close(ap);
	put("log", "");
	pid_t kids[4];
	fflush(stdout);
	for (int i = 0; i < 4; i++) {
		kids[i] = fork();
		MUST(kids[i]);
		if (!kids[i])
			_exit(append_many(i));
	}
	for (int i = 0; i < 4; i++)
		MUST(waitpid(kids[i], NULL, 0));
	FILE *f = fopen("log", "re");
	unsigned good = 0, bad = 0;
	int who;
	for (char line[64]; f && fgets(line, sizeof(line), f);)
		sscanf(line, "process %d says", &who) == 1 && strlen(line) == 21 ? good++ : bad++;
	N(good);
	N(bad);
	if (f)
		fclose(f);
}

static void direct(void)
{
	char *buf = aligned_alloc(4096, 1 << 20);
	int fd = open("f", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0644);
	say_ok("open O_DIRECT", fd);
	memset(buf, 'd', 1 << 20);
	N(pwrite(fd, buf, 1 << 20, 0));
	N(pwrite(fd, buf, 4096, 1 << 20));
	N(size_of(fd));
	memset(buf, 0, 1 << 20);
	N(pread(fd, buf, 1 << 20, 4096));
	N(buf[12345]);
	N(pread(fd, buf, 4096, 1 << 21));
	/* Seen by who reads through the cache, before and after. */
	int cached = open("f", O_RDWR | O_CLOEXEC);
	char c[2] = "";
	N(pread(cached, c, 1, 0));
	memset(buf, 'e', 4096);
	N(pwrite(fd, buf, 4096, 0));
	N(pread(cached, c, 1, 0));
	N(c[0]);
	N(pwrite(cached, "F", 1, 1));
	N(pread(fd, buf, 4096, 0));
	N(buf[1]);
	close(fd);
	close(cached);
	free(buf);
}

static void synced(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_SYNC | O_CLOEXEC, 0644);
	N(write(fd, "sync", 4));
	N(sum_of("f"));
	close(fd);
	fd = open("f", O_RDWR | O_DSYNC | O_APPEND | O_CLOEXEC);
	N(write(fd, "more", 4));
	N(sum_of("f"));
	close(fd);
}

/* --- mappings --- */

static sigjmp_buf fault;

static void on_bus(int sig)
{
	siglongjmp(fault, sig);
}

static int touch(volatile char *p)
{
	int sig = sigsetjmp(fault, 1);
	return sig ? -sig : *p;
}

static void mappings(void)
{
	char buf[8] = "";
	int fd = fresh("f", 0);
	signal(SIGBUS, on_bus);
	fill(fd, 0, 10000);
	char *m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	say_ok("mmap shared", m == MAP_FAILED ? -1 : 0);
	memcpy(m + 100, "mapped", 6);
	N(pread(fd, buf, 6, 100));
	say_text("read", "%.6s", buf);
	N(pwrite(fd, "P", 1, 101));
	N(m[101]);
	N(m[10001]); /* the rest of the last page is zero */
	say_text("beyond the end", "%s", touch(m + 12288) < 0 ? "SIGBUS" : "readable");
	m[11000] = 'x'; /* is not written */
	DO(msync(m, 12288, MS_SYNC));
	N(size_of(fd));
	DO(ftruncate(fd, 12000));
	N(pread(fd, buf, 1, 11000));
	N(buf[0]);
	DO(ftruncate(fd, 4000));
	say_text("cut off", "%s", touch(m + 8192) < 0 ? "SIGBUS" : "readable");
	DO(ftruncate(fd, 20000));
	N(m[5000]);
	m[15000] = 'y';
	close(fd);
	m[15001] = 'z';
	DO(munmap(m, 1 << 20));
	N(sum_of("f"));
	fd = open("f", O_RDONLY | O_CLOEXEC);
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	say_ok("mmap shared for writing of a file that is not", m == MAP_FAILED ? -1 : 0);
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	say_ok("mmap private", m == MAP_FAILED ? -1 : 0);
	m[0] = 'Q';
	DO(munmap(m, 4096));
	N(sum_of("f"));
	close(fd);
	fd = open("f", O_RDWR | O_APPEND | O_CLOEXEC);
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	m[7] = 'A';
	N(write(fd, "tail", 4));
	DO(munmap(m, 4096));
	close(fd);
	N(sum_of("f"));
	unlink("f");
	MUST(mkdir("d", 0755));
	fd = open("d", O_RDONLY | O_CLOEXEC);
	m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	say_ok("mmap of a directory", m == MAP_FAILED ? -1 : 0);
	close(fd);
}

/* --- without a name --- */

static void nameless(void)
{
	char path[64], buf[16];
	struct stat st;
	int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
	say_ok("O_TMPFILE", fd);
	MUST(fd);
	MUST(fstat(fd, &st));
	N(st.st_nlink);
	N(st.st_mode);
	N(write(fd, "nameless", 8));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	DO(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	say_text("is now", "%s", look("named"));
	MUST(fstat(fd, &st));
	N(st.st_nlink);
	DO(linkat(fd, "", AT_FDCWD, "named2", AT_EMPTY_PATH));
	DO(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	N(write(fd, "!", 1));
	N(sum_of("named2"));
	close(fd);
	fd = open(".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0640);
	say_ok("O_TMPFILE exclusive", fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	DO(linkat(AT_FDCWD, path, AT_FDCWD, "never", AT_SYMLINK_FOLLOW));
	N(write(fd, "x", 1));
	N(pread(fd, buf, 4, 0));
	close(fd);
	DO(open(".", O_TMPFILE | O_RDONLY | O_CLOEXEC, 0640));
	DO(open("named", O_TMPFILE | O_RDWR | O_CLOEXEC, 0640));
	DO(open("none", O_TMPFILE | O_RDWR | O_CLOEXEC, 0640));
}

static void unlinked(void)
{
	char path[64], buf[16] = "";
	struct stat st;
	int fd = fresh("f", 0);
	N(write(fd, "before", 6));
	DO(unlink("f"));
	MUST(fstat(fd, &st));
	N(st.st_nlink);
	N(pwrite(fd, "after!!", 7, 0));
	N(pread(fd, buf, 16, 0));
	DO(ftruncate(fd, 3));
	DO(fchmod(fd, 0600));
	DO(fchown(fd, 12, 13));
	DO(futimens(fd, NULL));
	MUST(fstat(fd, &st));
	say_text("attributes", "%o %u %u %lld", st.st_mode, st.st_uid, st.st_gid,
		(long long)st.st_size);
	DO(fsync(fd));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, O_RDWR | O_CLOEXEC);
	say_ok("opened again", again);
	N(read(again, buf, 16));
	DO(linkat(AT_FDCWD, path, AT_FDCWD, "back", AT_SYMLINK_FOLLOW));
	close(again);
	put("f", "another");
	N(pread(fd, buf, 16, 0));
	close(fd);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	put("g", "replacing");
	DO(rename("g", "f"));
	N(read(fd, buf, 16));
	MUST(fstat(fd, &st));
	N(st.st_nlink);
	close(fd);
}

const struct posix_group data_groups[] = {{"read-write", read_write}, {"anywhere", anywhere},
	{"sizes", sizes}, {"space", space}, {"holes", holes}, {"copying", copying},
	{"appending", appending}, {"direct", direct}, {"synced", synced}, {"mappings", mappings},
	{"nameless", nameless}, {"unlinked", unlinked}, {}};
