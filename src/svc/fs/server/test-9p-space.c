/* SPDX-License-Identifier: MIT */
/* Fallocate, seeking for data and holes, copying on the server. */
#include "svc/fs/server/test-9p.h"

#include <sched.h>
#include <sys/mount.h>

static int t_fallocate(struct peer *p, uint32_t fid, uint32_t mode, uint64_t at, uint64_t n)
{
	return CALL(p, P9_Tfallocate, .tfallocate = {fid, mode, at, n});
}

static int64_t t_seek(struct peer *p, uint32_t fid, uint32_t whence, uint64_t at)
{
	int r = CALL(p, P9_Tseek, .tseek = {fid, whence, at});
	return r ? r : (int64_t)p->r.rseek.offset;
}

static int64_t t_copy(
	struct peer *p, uint32_t from, uint64_t at, uint32_t to, uint64_t to_at, uint64_t n)
{
	int r = CALL(p, P9_Tcopyrange, .tcopyrange = {from, at, to, to_at, n});
	return r ? r : (int64_t)p->r.rcopyrange.count;
}

static struct stat stat_of(const char *name)
{
	struct stat st;
	CHECK(!fstatat(tree_dir, name, &st, 0));
	return st;
}

TEST(fallocate_reserves_punches_and_zeroes)
{
	struct peer p;
	char buf[4];
	start_metac(&p);
	CHECK_INT(t_createat(&p, 0, 1, "f", P9_O_RDWR, 0600), 0);
	int r = t_fallocate(&p, 1, 0, 0, 65536);
	if (r == -EOPNOTSUPP)
		test_skip("no fallocate here");
	CHECK_INT(r, 0);
	CHECK_INT(stat_of("f").st_size, 65536);
	CHECK(stat_of("f").st_blocks >= 128);
	CHECK_INT(t_fallocate(&p, 1, P9_FALLOC_KEEP_SIZE, 65536, 65536), 0);
	CHECK_INT(stat_of("f").st_size, 65536);
	for (unsigned at = 0; at < 65536; at += 4)
		CHECK_INT(t_write(&p, 1, at, "data", 4), 4);
	CHECK_INT(t_fallocate(&p, 1, P9_FALLOC_PUNCH_HOLE | P9_FALLOC_KEEP_SIZE, 4096, 8192), 0);
	CHECK_INT(t_read(&p, 1, 4096, buf, 4), 4);
	CHECK(!memcmp(buf, "\0\0\0\0", 4));
	CHECK_INT(t_read(&p, 1, 12288, buf, 4), 4);
	CHECK(!memcmp(buf, "data", 4));
	r = t_fallocate(&p, 1, P9_FALLOC_ZERO_RANGE, 12288, 4096);
	if (r != -EOPNOTSUPP) {
		CHECK_INT(r, 0);
		CHECK_INT(t_read(&p, 1, 12288, buf, 4), 4);
		CHECK(!memcmp(buf, "\0\0\0\0", 4));
	}
	stop(&p);
}

TEST(fallocate_refuses_what_makes_no_sense)
{
	struct peer p;
	start_metac(&p);
	put_file("r", "x");
	CHECK_INT(t_createat(&p, 0, 1, "f", P9_O_RDWR, 0600), 0);
	CHECK_INT(t_openat(&p, 0, 2, "r", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_fallocate(&p, 1, 0, 0, 0), -EINVAL);
	CHECK_INT(t_fallocate(&p, 1, 0, UINT64_MAX, 1), -EINVAL);
	CHECK_INT(t_fallocate(&p, 1, 0, 1, UINT64_MAX), -EINVAL);
	CHECK_INT(t_fallocate(&p, 1, 0, INT64_MAX, INT64_MAX), -EFBIG);
	CHECK_INT(t_fallocate(&p, 1, 4, 0, 1), -EOPNOTSUPP);
	CHECK_INT(t_fallocate(&p, 1, 0x80000000, 0, 1), -EOPNOTSUPP);
	CHECK_INT(t_fallocate(&p, 2, 0, 0, 1), -EBADF);
	CHECK_INT(t_fallocate(&p, 0, 0, 0, 1), -EBADF);
	stop(&p);
}

TEST(seeking_finds_data_and_holes_and_disturbs_no_reader)
{
	struct peer p;
	char buf[8];
	start_metac(&p);
	put_file("f", "head");
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDWR, 0), 0);
	CHECK_INT(t_write(&p, 1, 1 << 20, "tail", 4), 4);
	int64_t data = t_seek(&p, 1, P9_SEEK_DATA, 65536);
	CHECK(data == 65536 || data == 1 << 20); /* a file system may know no holes */
	int64_t hole = t_seek(&p, 1, P9_SEEK_HOLE, 0);
	CHECK(hole > 0 && hole <= (1 << 20) + 4);
	CHECK_INT(t_seek(&p, 1, P9_SEEK_HOLE, (1 << 20) + 1), (1 << 20) + 4);
	CHECK_INT(t_seek(&p, 1, P9_SEEK_DATA, (1 << 20) + 4), -ENXIO);
	CHECK_INT(t_seek(&p, 1, P9_SEEK_HOLE, UINT64_MAX), -ENXIO);
	CHECK_INT(t_seek(&p, 1, 0, 0), -EINVAL);
	CHECK_INT(t_seek(&p, 1, 2, 0), -EINVAL);
	CHECK_INT(t_seek(&p, 0, P9_SEEK_DATA, 0), -EBADF);
	CHECK_INT(t_read(&p, 1, 0, buf, 4), 4);
	CHECK(!memcmp(buf, "head", 4));
	stop(&p);
}

TEST(ranges_are_copied_between_files_and_within_one)
{
	struct peer p;
	char buf[16];
	start_metac(&p);
	put_file("a", "0123456789");
	CHECK_INT(t_openat(&p, 0, 1, "a", P9_O_RDWR, 0), 0);
	CHECK_INT(t_createat(&p, 0, 2, "b", P9_O_RDWR, 0600), 0);
	CHECK_INT(t_copy(&p, 1, 2, 2, 1, 5), 5);
	CHECK_INT(t_read(&p, 2, 0, buf, 16), 6);
	CHECK(!memcmp(buf, "\00023456", 6));
	CHECK_INT(t_copy(&p, 1, 8, 2, 0, 1000), 2); /* to the end of the file */
	CHECK_INT(t_copy(&p, 1, 10, 2, 0, 1000), 0);
	CHECK_INT(t_copy(&p, 1, 0, 1, 5, 5), 5);
	CHECK_INT(t_read(&p, 1, 0, buf, 16), 10);
	CHECK(!memcmp(buf, "0123401234", 10));
	CHECK_INT(t_copy(&p, 1, 0, 1, 4, 5), -EINVAL); /* over itself */
	CHECK_INT(t_copy(&p, 1, 0, 2, 0, 0), 0);
	stop(&p);
}

TEST(a_long_copy_is_answered_in_parts)
{
	enum { SIZE = 100 << 20 };
	struct peer p;
	uint64_t done = 0;
	start_metac(&p);
	int fd = openat(tree_dir, "a", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(!ftruncate(fd, SIZE));
	CHECK_INT(pwrite(fd, "end", 3, SIZE - 3), 3);
	close(fd);
	CHECK_INT(t_openat(&p, 0, 1, "a", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_createat(&p, 0, 2, "b", P9_O_RDWR, 0600), 0);
	while (done < SIZE) {
		int64_t n = t_copy(&p, 1, done, 2, done, UINT64_C(1) << 40);
		CHECK(n > 0);
		done += (uint64_t)n;
	}
	char buf[3];
	CHECK_INT(t_read(&p, 2, SIZE - 3, buf, 3), 3);
	CHECK(!memcmp(buf, "end", 3));
	CHECK_INT(stat_of("b").st_size, SIZE);
	stop(&p);
}

TEST(copying_wants_files_open_for_it)
{
	struct peer p;
	start_metac(&p);
	put_file("a", "0123456789");
	put_file("b", "x");
	CHECK_INT(t_openat(&p, 0, 1, "a", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_openat(&p, 0, 2, "b", P9_O_WRONLY, 0), 0);
	CHECK_INT(t_openat(&p, 0, 3, "", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_copy(&p, 2, 0, 1, 0, 1), -EBADF);
	CHECK_INT(t_copy(&p, 0, 0, 2, 0, 1), -EBADF);
	CHECK_INT(t_copy(&p, 3, 0, 2, 0, 1), -EBADF);
	CHECK_INT(t_copy(&p, 1, UINT64_MAX, 2, 0, 1), -EINVAL);
	CHECK_INT(t_copy(&p, 1, 0, 2, 0, UINT64_MAX), -EOVERFLOW);
	CHECK_INT(t_copy(&p, 1, 0, 2, INT64_MAX, 2), -EOVERFLOW);
	CHECK_INT(t_openat(&p, 0, 4, "b", P9_O_WRONLY | P9_O_APPEND, 0), 0);
	CHECK_INT(t_copy(&p, 1, 0, 4, 0, 1), -EBADF);
	stop(&p);
}

TEST(copying_between_file_systems_takes_the_way_through_the_server)
{
	char path[128], buf[16];
	struct peer p;
	need_root();
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		test_skip("no mount namespace");
	tree_make();
	put_file("a", "0123456789");
	mkdirat(tree_dir, "m", 0700);
	snprintf(path, sizeof(path), "%s/m", tree);
	CHECK(!mount("none", path, "tmpfs", 0, NULL));
	put_file("m/b", "");
	peer_start_metac(&p, (struct p9_options){});
	CHECK_INT(t_openat(&p, 0, 1, "a", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_lookup(&p, 0, 2, "m"), 0);
	CHECK_INT(t_openat(&p, 2, 3, "b", P9_O_RDWR, 0), 0);
	CHECK_INT(t_copy(&p, 1, 1, 3, 0, 5), 5);
	CHECK_INT(t_read(&p, 3, 0, buf, 16), 5);
	CHECK(!memcmp(buf, "12345", 5));
	CHECK_INT(t_copy(&p, 1, 8, 3, 5, 5), 2);
	CHECK_INT(t_copy(&p, 1, 10, 3, 7, 5), 0);
	peer_stop(&p);
	umount2(path, MNT_DETACH);
	tree_remove();
}
