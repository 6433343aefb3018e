/* SPDX-License-Identifier: MIT */
/* Open files and directories. */
#include "svc/fs/server/test-9p.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>

TEST(create_write_read)
{
	struct peer p;
	char buf[32];
	struct stat st;
	start(&p);
	CHECK_INT(t_create(&p, 1, "f", P9_O_RDWR | P9_O_CREAT | P9_O_EXCL, 0640), 0);
	CHECK_INT(p.r.rlcreate.qid.type, P9_QTFILE);
	CHECK_INT(t_write(&p, 1, 0, "hello", 5), 5);
	CHECK_INT(t_write(&p, 1, 10, "world", 5), 5);
	CHECK_INT(t_write(&p, 1, 3, "", 0), 0);
	CHECK_INT(t_read(&p, 1, 0, buf, sizeof(buf)), 15);
	CHECK(!memcmp(buf, "hello\0\0\0\0\0world", 15));
	CHECK_INT(t_read(&p, 1, 12, buf, 2), 2);
	CHECK_INT(t_read(&p, 1, 15, buf, 2), 0);
	CHECK_INT(t_read(&p, 1, 1000000, buf, 2), 0);
	CHECK_INT(t_read(&p, 1, 0, buf, 0), 0);
	CHECK_INT(t_read(&p, 1, UINT64_MAX, buf, 2), -EINVAL);
	CHECK_INT(t_write(&p, 1, UINT64_MAX - 1, "x", 1), -EINVAL);
	CHECK(!fstatat(tree_dir, "f", &st, 0) && st.st_mode == (S_IFREG | 0640));
	CHECK_INT(CALL(&p, P9_Tfsync, .tfsync = {1, 0}), 0);
	CHECK_INT(CALL(&p, P9_Tfsync, .tfsync = {1, 1}), 0);
	CHECK_INT(t_create(&p, 2, "f", P9_O_RDWR | P9_O_EXCL, 0640), -EEXIST);
	CHECK_INT(t_create(&p, 3, "f", P9_O_RDWR | P9_O_TRUNC, 0640), 0);
	CHECK_INT(t_read(&p, 3, 0, buf, sizeof(buf)), 0);
	stop(&p);
}

TEST(open_modes_are_kept)
{
	struct peer p;
	char buf[8];
	start(&p);
	put_file("f", "text");
	CHECK_INT(t_open_path(&p, 1, "f", P9_O_RDONLY), 0);
	CHECK_INT(t_write(&p, 1, 0, "x", 1), -EBADF);
	CHECK_INT(t_open_path(&p, 2, "f", P9_O_WRONLY), 0);
	CHECK_INT(t_read(&p, 2, 0, buf, 1), -EBADF);
	CHECK_INT(t_open_path(&p, 3, "f", P9_O_WRONLY | P9_O_APPEND), 0);
	CHECK_INT(t_write(&p, 3, 0, "!", 1), 1);
	CHECK_INT(t_read(&p, 1, 0, buf, 8), 5);
	CHECK_INT(t_open_path(&p, 4, "f", 3), -EINVAL);
	CHECK_INT(t_open_path(&p, 4, "f", P9_O_DIRECTORY), -ENOTDIR);
	CHECK_INT(t_open(&p, 1, P9_O_RDONLY), -EBADF); /* open already */
	CHECK_INT(t_open_path(&p, 5, "f", P9_O_WRONLY | P9_O_TRUNC), 0);
	CHECK_INT(t_read(&p, 1, 0, buf, 8), 0);
	CHECK_INT(t_open_path(&p, 6, "", P9_O_RDWR), -EISDIR);
	CHECK_INT(t_walk(&p, 0, 7, ""), 0);
	CHECK_INT(t_read(&p, 7, 0, buf, 8), -EBADF);
	CHECK_INT(CALL(&p, P9_Tfsync, .tfsync = {7, 0}), -EBADF);
	CHECK_INT(CALL(&p, P9_Treaddir, .treaddir = {7, 0, 100}), -EBADF);
	CHECK_INT(CALL(&p, P9_Treaddir, .treaddir = {1, 0, 100}), -ENOTDIR);
	stop(&p);
}

TEST(an_unlinked_file_that_is_open_goes_on)
{
	struct peer p;
	char buf[8];
	start(&p);
	put_file("f", "text");
	CHECK_INT(t_open_path(&p, 1, "f", P9_O_RDWR), 0);
	CHECK_INT(t_walk(&p, 0, 2, "f"), 0);
	CHECK_INT(t_unlink(&p, 0, "f", 0), 0);
	CHECK_INT(t_read(&p, 1, 0, buf, 8), 4);
	CHECK_INT(t_write(&p, 1, 4, "more", 4), 4);
	CHECK_INT(t_getattr(&p, 1), 0);
	CHECK_INT(p.r.rgetattr.nlink, 0);
	CHECK_INT(p.r.rgetattr.size, 8);
	CHECK_INT(
		CALL(&p, P9_Tsetattr, .tsetattr = {.fid = 1, .valid = P9_SETATTR_SIZE, .size = 2}),
		0);
	CHECK_INT(t_read(&p, 1, 0, buf, 8), 2);
	/* and a fid that was not open yet can still be opened */
	CHECK_INT(t_open(&p, 2, P9_O_RDONLY), 0);
	CHECK_INT(t_read(&p, 2, 0, buf, 8), 2);
	CHECK_INT(CALL(&p, P9_Tlink, .tlink = {0, 1, p9_str("back")}), -ENOENT);
	CHECK_INT(CALL(&p, P9_Tremove, .tremove = {2}), -ENOENT);
	stop(&p);
}

TEST(an_open_fid_can_be_cloned)
{
	struct peer p;
	char buf[8];
	start(&p);
	put_file("f", "text");
	CHECK_INT(t_open_path(&p, 1, "f", P9_O_RDONLY), 0);
	CHECK_INT(t_walk(&p, 1, 2, ""), 0);
	CHECK_INT(t_open(&p, 2, P9_O_RDWR), 0);
	CHECK_INT(t_read(&p, 2, 0, buf, 8), 4);
	stop(&p);
}

static void fill(uint8_t *buf, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++)
		buf[i] = (uint8_t)((i * 2654435761u + seed) >> 13);
}

TEST(messages_of_a_megabyte)
{
	struct peer p;
	start(&p);
	CHECK_INT(p.msize, P9_MAX_MSIZE);
	uint32_t n = p.msize - P9_WRITE_HEADER, m = p.msize - P9_READ_HEADER;
	uint8_t *out = malloc(P9_MAX_MSIZE), *in = malloc(P9_MAX_MSIZE);
	CHECK_INT(t_create(&p, 1, "f", P9_O_RDWR, 0600), 0);
	CHECK(p.r.rlcreate.iounit % 4096 == 0 && p.r.rlcreate.iounit > m - 8192);
	for (uint32_t i = 0; i < 8; i++) {
		fill(out, n, i);
		CHECK_INT(t_write(&p, 1, (uint64_t)i * n, out, n), (int)n);
	}
	for (uint32_t i = 0; i < 8; i++) {
		fill(out, n, i);
		CHECK_INT(t_read(&p, 1, (uint64_t)i * n, in, n), (int)n);
		CHECK(!memcmp(in, out, n));
	}
	CHECK_INT(CALL(&p, P9_Tread, .tread = {1, 0, UINT32_MAX}), 0);
	CHECK_INT(p.r.rread.data.len, m);
	free(out);
	free(in);
	stop(&p);
}

/* Beside and across pages, and what a pipe has room for; into the end of the file, and beyond. */
TEST(long_reads_of_any_range)
{
	enum { SIZE = (3 << 20) + 1234, PAGE = 4096 };
	static const uint64_t offsets[] = {0, 1, PAGE - 1, PAGE, 100000, 2 << 20, SIZE - 65536,
		SIZE - 40000, SIZE - 1, SIZE, SIZE + 1};
	static const uint32_t counts[] = {32767, 32768, 32769, 65536, 300001, 1 << 20};
	struct peer p;
	start(&p);
	uint8_t *all = malloc(SIZE), *in = malloc(P9_MAX_MSIZE);
	fill(all, SIZE, 5);
	int fd = openat(tree_dir, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, all, SIZE), SIZE);
	close(fd);
	CHECK_INT(t_open_path(&p, 1, "f", P9_O_RDONLY), 0);
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(counts); k++) {
			uint64_t from = offsets[i], n = MIN(counts[k], p.msize - P9_READ_HEADER);
			n = from < SIZE ? MIN(n, SIZE - from) : 0;
			CHECK_INT(t_read(&p, 1, from, in, counts[k]), (int)n);
			CHECK(!n || !memcmp(in, all + from, n));
		}
	}
	free(all);
	free(in);
	stop(&p);
}

/* Short answers and long ones, one after the other without waiting, keep to their order. */
TEST(long_reads_among_others)
{
	enum { N = 60, SIZE = 1 << 20 };
	struct peer p;
	start(&p);
	uint8_t *all = malloc(SIZE);
	fill(all, SIZE, 7);
	int fd = openat(tree_dir, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, all, SIZE), SIZE);
	close(fd);
	CHECK_INT(t_open_path(&p, 1, "f", P9_O_RDONLY), 0);
	for (uint16_t i = 0; i < N; i++) {
		struct p9_msg g = {.type = P9_Tgetattr, .tag = 1000, .tgetattr = {1, 0}};
		struct p9_msg m = {.type = P9_Tread,
			.tag = i,
			.tread = {1, i * 777, i % 3 ? 100000 + i : 1000}};
		send_msg(&p, &m);
		send_msg(&p, &g);
	}
	for (unsigned reads = 0, others = 0; reads + others < 2 * N;) {
		CHECK(recv_msg(&p));
		if (p.r.type == P9_Rgetattr) {
			others++;
			continue;
		}
		CHECK_INT(p.r.type, P9_Rread);
		CHECK_INT(p.r.rread.data.len, p.r.tag % 3 ? 100000 + p.r.tag : 1000);
		CHECK(!memcmp(p.r.rread.data.p, all + p.r.tag * 777, p.r.rread.data.len));
		reads++;
	}
	free(all);
	stop(&p);
}

static void fill_pattern(uint8_t *p, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)((at + i) * 31 + (at + i) / 4096);
}

/* Long writes are done in pieces, which end where pages do. */
TEST(long_writes_of_any_range)
{
	enum { MOST = P9_MAX_MSIZE - P9_WRITE_HEADER };
	static const struct {
		uint64_t offset;
		uint32_t len;
	} ranges[] = {{0, 131072}, {0, 131072 - P9_WRITE_HEADER}, {0, 131073}, {1, 131072},
		{4095, 262144}, {4095, 262145}, {5, MOST}, {0, MOST}, {777777, 500001},
		{1 << 20, 1 << 19}};
	struct peer p;
	uint8_t *data = malloc(MOST), *seen = malloc(MOST);
	start(&p);
	CHECK_INT(t_create(&p, 1, "f", P9_O_RDWR, 0600), 0);
	int fd = openat(tree_dir, "f", O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		fill_pattern(data, ranges[i].len, i * 1000);
		CHECK_INT(t_write(&p, 1, ranges[i].offset, data, ranges[i].len), ranges[i].len);
		CHECK_INT(pread(fd, seen, ranges[i].len, (off_t)ranges[i].offset), ranges[i].len);
		CHECK(!memcmp(data, seen, ranges[i].len));
	}
	CHECK_INT(t_write(&p, 77, 0, data, MOST), -EBADF);
	CHECK_INT(t_write(&p, 0, 0, data, MOST), -EBADF);
	/* Of the file systems that have files that long, tmpfs is one. */
	if (pwrite(fd, "x", 1, INT64_MAX - 200000) < 0)
		CHECK_INT(t_write(&p, 1, INT64_MAX - 200000, data, MOST), -EFBIG);
	CHECK_INT(t_write(&p, 1, UINT64_MAX - 1, data, MOST), -EINVAL);
	CHECK_INT(t_getattr(&p, 1), 0);
	close(fd);
	free(data);
	free(seen);
	stop(&p);
}

/* What has been written before it did not go on counts, and the connection goes on. */
TEST(a_long_write_that_ends_half_way)
{
	enum { LIMIT = 300000, MOST = P9_MAX_MSIZE - P9_WRITE_HEADER };
	struct rlimit lim = {.rlim_cur = LIMIT, .rlim_max = LIMIT};
	struct peer p;
	uint8_t *data = calloc(1, MOST);
	start(&p);
	CHECK_INT(t_create(&p, 1, "f", P9_O_RDWR, 0600), 0);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &lim);
	CHECK_INT(t_write(&p, 1, 0, data, MOST), LIMIT);
	CHECK_INT(t_write(&p, 1, LIMIT, data, MOST), -EFBIG);
	CHECK_INT(t_getattr(&p, 1), 0);
	free(data);
	stop(&p);
}

static atomic_bool busy_over;

/* Holds the file's lock for long again and again. */
static void *keep_busy(void *arg)
{
	enum { BYTES = 64 << 20 };
	void *zeros = mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	while (!atomic_load(&busy_over))
		CHECK_INT(pwrite(*(int *)arg, zeros, BYTES, 64 << 20), BYTES);
	munmap(zeros, BYTES);
	return NULL;
}

/* Somebody else reads the connection meanwhile, from the next request on. */
TEST(long_writes_to_a_file_that_is_slow)
{
	enum { N = 24, LEN = 1000000 };
	struct peer p;
	pthread_t other;
	uint8_t *data = malloc(LEN), *seen = malloc(LEN);
	start(&p);
	CHECK_INT(t_create(&p, 1, "f", P9_O_RDWR, 0600), 0);
	int fd = openat(tree_dir, "f", O_RDWR | O_CLOEXEC);
	CHECK_INT(pthread_create(&other, NULL, keep_busy, &fd), 0);
	for (uint16_t i = 0; i < N; i++) {
		struct p9_msg w = {.type = P9_Twrite, .tag = i};
		struct p9_msg g = {.type = P9_Tgetattr, .tag = (uint16_t)(100 + i)};
		fill_pattern(data, LEN, i * 1000);
		w.twrite.fid = 1;
		w.twrite.offset = (uint64_t)i * LEN;
		w.twrite.data = (struct p9_data){data, LEN};
		send_msg(&p, &w);
		send_msg(&p, &g);
	}
	for (int i = 0; i < 2 * N; i++) {
		CHECK(recv_msg(&p));
		CHECK_INT(p.r.type, p.r.tag < 100 ? P9_Rwrite : P9_Rgetattr);
		if (p.r.tag < 100)
			CHECK_INT(p.r.rwrite.count, LEN);
	}
	atomic_store(&busy_over, true);
	pthread_join(other, NULL);
	for (uint16_t i = 0; i < N; i++) {
		fill_pattern(data, LEN, i * 1000);
		CHECK_INT(pread(fd, seen, LEN, (off_t)i * LEN), LEN);
		CHECK(!memcmp(data, seen, LEN));
	}
	close(fd);
	free(data);
	free(seen);
	stop(&p);
}

TEST(a_sparse_file_beyond_four_gigabytes)
{
	struct peer p;
	char buf[8];
	struct stat st;
	start(&p);
	CHECK_INT(t_create(&p, 1, "f", P9_O_RDWR, 0600), 0);
	CHECK_INT(t_write(&p, 1, 5ull << 30, "far", 3), 3);
	CHECK_INT(t_read(&p, 1, 5ull << 30, buf, 8), 3);
	CHECK_INT(t_read(&p, 1, 1ull << 30, buf, 8), 8);
	CHECK(!memcmp(buf, "\0\0\0\0\0\0\0\0", 8));
	CHECK(!fstatat(tree_dir, "f", &st, 0) && st.st_size == (5ll << 30) + 3);
	stop(&p);
}

TEST(many_requests_in_flight_with_data)
{
	struct peer p;
	enum { N = 40, SIZE = 20000 };
	uint8_t *buf = malloc(SIZE);
	bool seen[N] = {};
	start(&p);
	CHECK_INT(t_create(&p, 1, "f", P9_O_RDWR, 0600), 0);
	for (uint32_t i = 0; i < N; i++) {
		fill(buf, SIZE, i);
		struct p9_msg m = {.type = P9_Twrite, .tag = (uint16_t)i};
		m.twrite.fid = 1;
		m.twrite.offset = (uint64_t)i * SIZE;
		m.twrite.data = (struct p9_data){buf, SIZE};
		send_msg(&p, &m);
	}
	for (uint32_t i = 0; i < N; i++) {
		CHECK(recv_msg(&p));
		CHECK_INT(p.r.type, P9_Rwrite);
		CHECK_INT(p.r.rwrite.count, SIZE);
		CHECK(p.r.tag < N && !seen[p.r.tag]);
		seen[p.r.tag] = true;
	}
	for (uint32_t i = 0; i < N; i++) {
		struct p9_msg m = {.type = P9_Tread, .tag = (uint16_t)i};
		m.tread.fid = 1;
		m.tread.offset = (uint64_t)i * SIZE;
		m.tread.count = SIZE;
		send_msg(&p, &m);
	}
	for (uint32_t i = 0; i < N; i++) {
		CHECK(recv_msg(&p));
		fill(buf, SIZE, p.r.tag);
		CHECK_INT(p.r.rread.data.len, SIZE);
		CHECK(!memcmp(p.r.rread.data.p, buf, SIZE));
	}
	free(buf);
	stop(&p);
}

/* --- directories --- */

enum { N_ENTRIES = 3000 };

static void make_entries(void)
{
	char name[32];
	for (int i = 0; i < N_ENTRIES; i++) {
		snprintf(name, sizeof(name), "entry-%d", i);
		int fd = openat(tree_dir, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		CHECK(fd >= 0);
		close(fd);
	}
}

/* Marks the entries of one reply, returns how many, and where to go on. */
static int take_entries(struct peer *p, uint8_t *seen, uint64_t *ret_next)
{
	const uint8_t *b = p->r.rreaddir.data.p;
	size_t left = p->r.rreaddir.data.len;
	int n, count = 0;
	struct p9_dirent d;
	while ((n = p9_dirent_decode(b, left, &d)) > 0) {
		char name[256] = "";
		int i = -1;
		memcpy(name, d.name.s, d.name.len);
		if (sscanf(name, "entry-%d", &i) == 1 && i >= 0 && i < N_ENTRIES)
			seen[i]++;
		else
			CHECK(!strcmp(name, ".") || !strcmp(name, ".."));
		*ret_next = d.offset;
		b += n;
		left -= (size_t)n;
		count++;
	}
	CHECK_INT(n, 0);
	return count;
}

static void read_all(struct peer *p, uint32_t fid, uint32_t count)
{
	uint8_t seen[N_ENTRIES] = {};
	uint64_t next = 0;
	do {
		CHECK_INT(CALL(p, P9_Treaddir, .treaddir = {fid, next, count}), 0);
	} while (take_entries(p, seen, &next));
	for (int i = 0; i < N_ENTRIES; i++)
		CHECK_INT(seen[i], 1);
}

TEST(a_large_directory_is_read_whole_with_any_buffer)
{
	struct peer p;
	start(&p);
	make_entries();
	CHECK_INT(t_open_path(&p, 1, "", P9_O_DIRECTORY), 0);
	read_all(&p, 1, P9_MAX_MSIZE);
	read_all(&p, 1, 100); /* again, from the beginning */
	read_all(&p, 1, 4096);
	CHECK_INT(CALL(&p, P9_Treaddir, .treaddir = {1, 0, 10}), -EINVAL);
	CHECK_INT(CALL(&p, P9_Treaddir, .treaddir = {1, UINT64_MAX, 1000}), -EINVAL);
	stop(&p);
}

TEST(reading_goes_on_from_any_entry)
{
	struct peer p;
	uint64_t offsets[64];
	uint16_t lens[64];
	char names[64][32];
	size_t n_offsets = 0;
	start(&p);
	make_entries();
	CHECK_INT(t_open_path(&p, 1, "", P9_O_DIRECTORY), 0);
	CHECK_INT(CALL(&p, P9_Treaddir, .treaddir = {1, 0, 2500}), 0);
	const uint8_t *b = p.r.rreaddir.data.p;
	size_t left = p.r.rreaddir.data.len;
	struct p9_dirent d;
	for (int n; n_offsets < 60 && (n = p9_dirent_decode(b, left, &d)) > 0; n_offsets++) {
		offsets[n_offsets] = d.offset;
		lens[n_offsets] = MIN(d.name.len, (uint16_t)31);
		memcpy(names[n_offsets], d.name.s, lens[n_offsets]);
		b += n;
		left -= (size_t)n;
	}
	CHECK(n_offsets > 40);
	/* backwards: what follows offset i is entry i + 1 */
	for (size_t i = n_offsets - 1; i--;) {
		CHECK_INT(CALL(&p, P9_Treaddir, .treaddir = {1, offsets[i], 300}), 0);
		CHECK(p9_dirent_decode(p.r.rreaddir.data.p, p.r.rreaddir.data.len, &d) > 0);
		CHECK_INT(d.name.len, lens[i + 1]);
		CHECK(!memcmp(d.name.s, names[i + 1], d.name.len));
	}
	stop(&p);
}

TEST(the_root_does_not_tell_what_is_above_it)
{
	struct peer p;
	struct stat st;
	start(&p);
	fstat(tree_dir, &st);
	CHECK_INT(t_open_path(&p, 1, "", P9_O_DIRECTORY), 0);
	CHECK_INT(CALL(&p, P9_Treaddir, .treaddir = {1, 0, 4096}), 0);
	const uint8_t *b = p.r.rreaddir.data.p;
	size_t left = p.r.rreaddir.data.len;
	struct p9_dirent d;
	for (int n; (n = p9_dirent_decode(b, left, &d)) > 0; b += n, left -= (size_t)n)
		CHECK_INT(d.qid.path, st.st_ino); /* "." and ".." */
	stop(&p);
}

TEST(directories_half_read_are_limited)
{
	enum { MOST = 1024 };
	struct peer p;
	int r = 0;
	uint32_t fid;
	start(&p);
	for (int i = 0; i < 20; i++) {
		char name[16];
		snprintf(name, sizeof(name), "d%d", i);
		mkdirat(tree_dir, name, 0777);
	}
	for (fid = 1; fid < 2000 && !r; fid++) {
		CHECK_INT(t_open_path(&p, fid, "", P9_O_DIRECTORY), 0);
		r = CALL(&p, P9_Treaddir, .treaddir = {fid, 0, 200});
	}
	CHECK_INT(r, -ENOMEM);
	CHECK_INT(fid - 2, MOST);
	/* read to its end, one makes room for another */
	CHECK_INT(CALL(&p, P9_Treaddir, .treaddir = {1, 0, 65536}), 0);
	uint8_t seen[N_ENTRIES];
	uint64_t next = 0;
	const uint8_t *b = p.r.rreaddir.data.p;
	size_t left = p.r.rreaddir.data.len;
	struct p9_dirent d;
	for (int n; (n = p9_dirent_decode(b, left, &d)) > 0; b += n, left -= (size_t)n)
		next = d.offset;
	CHECK_INT(CALL(&p, P9_Treaddir, .treaddir = {1, next, 65536}), 0);
	CHECK_INT(take_entries(&p, seen, &next), 0);
	CHECK_INT(CALL(&p, P9_Treaddir, .treaddir = {fid - 1, 0, 200}), 0);
	CHECK(p.r.rreaddir.data.len > 0);
	stop(&p);
}
