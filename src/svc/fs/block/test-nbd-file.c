/* SPDX-License-Identifier: MIT */
#include "svc/fs/block/nbd-file.h"
#include "svc/fs/block/test-nbd.h"

#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

enum { MIB = 1 << 20 };

TEST(a_file_is_served_to_the_byte)
{
	struct nbd_file f;
	uint64_t size;
	int fd = test_file(MIB + 513);
	CHECK_INT(nbd_file_init(&f, fd, false, false), 0);
	CHECK_INT(f.block_min, 1);
	CHECK_INT(f.block_preferred, 4096);
	CHECK(!f.device && !f.read_only);
	CHECK_INT(nbd_file_size(&f, &size), 0);
	CHECK_INT(size, MIB + 513);
	close(fd);
}

TEST(past_the_cache_whole_blocks_are_served)
{
	struct nbd_file f;
	uint64_t size;
	int fd = test_file(MIB + 100);
	int r = nbd_file_init(&f, fd, false, true);
	if (r == -EOPNOTSUPP)
		test_skip("no O_DIRECT here");
	CHECK_INT(r, 0);
	CHECK(f.block_min >= 512);
	CHECK_INT(f.reading, NBD_FILE_MAY_WAIT);
	CHECK_INT(nbd_file_size(&f, &size), 0);
	CHECK_INT(size, MIB);
	close(fd);
}

TEST(only_files_and_disks_are_served)
{
	struct nbd_file f;
	int p[2], dir = open("/", O_RDONLY | O_CLOEXEC),
		  null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int path = open("/etc/passwd", O_PATH | O_CLOEXEC);
	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	CHECK_INT(nbd_file_init(&f, dir, false, false), -EINVAL);
	CHECK_INT(nbd_file_init(&f, null, false, false), -EINVAL);
	CHECK_INT(nbd_file_init(&f, p[0], false, false), -EINVAL);
	CHECK_INT(nbd_file_init(&f, path, false, false), -EINVAL);
	CHECK_INT(nbd_file_init(&f, -1, false, false), -EBADF);
	for (unsigned i = 0; i < 2; i++)
		close(p[i]);
	close(dir);
	close(null);
	close(path);
}

TEST(what_was_opened_for_reading_is_read_only)
{
	struct nbd_file f;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	CHECK_INT(nbd_file_init(&f, fd, false, false), 0);
	CHECK(f.read_only);
	close(fd);
}

TEST(appending_is_ended)
{
	struct nbd_file f;
	uint8_t c;
	int fd = test_file(4096);
	CHECK_INT(fcntl(fd, F_SETFL, O_APPEND), 0);
	CHECK_INT(nbd_file_init(&f, fd, false, false), 0);
	CHECK_INT(nbd_file_write(&f, "x", 1, 7, false), 0);
	CHECK_INT(pread(fd, &c, 1, 7), 1);
	CHECK_INT(c, 'x');
	close(fd);
}

TEST(what_is_not_in_memory_is_not_read_at_once)
{
	static uint8_t data[65536];
	struct nbd_file f;
	int fd = test_file(MIB);
	fill(fd, 0, MIB, 1);
	CHECK_INT(nbd_file_init(&f, fd, false, false), 0);
	CHECK(nbd_file_read_now(&f, data, sizeof(data), 3));
	CHECK(nbd_file_has_now(&f, 3, sizeof(data)));
	CHECK(!nbd_file_read_now(&f, data, sizeof(data), MIB - 1)); /* the end comes before */
	if (f.reading != NBD_FILE_TRY)
		test_skip("no telling on this file system");
	CHECK_INT(fsync(fd), 0);
	CHECK_INT(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	CHECK(!nbd_file_has_now(&f, MIB / 2, 4096));
	f.no_cachestat = true; /* as on an older kernel */
	CHECK(!nbd_file_has_now(&f, MIB / 4, 4096));
	CHECK_INT(nbd_file_read(&f, data, 4096, MIB / 4), 0);
	CHECK(nbd_file_has_now(&f, MIB / 4, 4096));
	f.no_cachestat = false;
	CHECK_INT(nbd_file_read(&f, data, 4096, MIB / 2), 0);
	CHECK(nbd_file_has_now(&f, MIB / 2, 4096));
	close(fd);
}

TEST(reading_beyond_the_end_is_an_error)
{
	struct nbd_file f;
	uint8_t data[100];
	int fd = test_file(150);
	CHECK_INT(nbd_file_init(&f, fd, false, false), 0);
	CHECK_INT(nbd_file_read(&f, data, 100, 50), 0);
	CHECK_INT(nbd_file_read(&f, data, 100, 51), -EINVAL);
	CHECK_INT(nbd_file_read(&f, data, 1, 1000), -EINVAL);
	close(fd);
}

static int memory_file(size_t limit)
{
	char dir[] = "/tmp/metac-test-nbd-XXXXXX", path[64], options[64];
	CHECK(mkdtemp(dir));
	snprintf(options, sizeof(options), "size=%zu", limit);
	if (mount("none", dir, "tmpfs", MS_NOSUID, options) < 0) {
		rmdir(dir);
		test_skip("may not mount: %s", strerror(errno));
	}
	snprintf(path, sizeof(path), "%s/x", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
	CHECK(fd >= 0);
	CHECK_INT(ftruncate(fd, 4 * MIB), 0);
	return fd;
}

TEST(a_full_disk_is_told_as_such)
{
	static uint8_t data[MIB];
	struct nbd_file f;
	int fd = memory_file(MIB / 2), r;
	CHECK_INT(nbd_file_init(&f, fd, false, false), 0);
	CHECK_INT(f.reading, NBD_FILE_NEVER_WAITS);
	r = nbd_file_write(&f, data, MIB, 0, false);
	CHECK_INT(r, -ENOSPC);
	CHECK_INT(nbd_file_trim(&f, 0, MIB), 0);
	CHECK_INT(nbd_file_write(&f, data, MIB / 4, MIB, false), 0);
	/* There is no other way to it there than writing. */
	CHECK_INT(nbd_file_zero(&f, 0, MIB, NBD_FILE_KEEP | NBD_FILE_FAST, NULL), -EOPNOTSUPP);
	CHECK_INT(nbd_file_zero(&f, 0, MIB, NBD_FILE_KEEP, NULL), -ENOSPC);
	CHECK_INT(nbd_file_zero(&f, 0, MIB, NBD_FILE_FAST, NULL), 0);
	close(fd);
}

TEST(zeroing_by_writing_can_be_stopped)
{
	struct nbd_file f;
	atomic_bool stop = true;
	uint8_t c;
	int fd = memory_file(8 * MIB);
	CHECK_INT(nbd_file_init(&f, fd, false, false), 0);
	fill(fd, 0, 3 * MIB, 1);
	CHECK_INT(nbd_file_zero(&f, 0, 3 * MIB, NBD_FILE_KEEP, &stop), -ECANCELED);
	stop = false;
	CHECK_INT(nbd_file_zero(&f, 1, 3 * MIB - 2, NBD_FILE_KEEP, &stop), 0);
	for (off_t at = 0; at < 3 * MIB; at += 1023) {
		CHECK_INT(pread(fd, &c, 1, at), 1);
		CHECK_INT(c, at ? 0 : 1);
	}
	CHECK_INT(pread(fd, &c, 1, 3 * MIB - 1), 1);
	CHECK(c != 0);
	close(fd);
}

/* A block device over a file; -EBADF: there are none here. */
static int loop_device(int file)
{
	char path[32];
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), fd = -EBADF;
	for (unsigned tries = 0; control >= 0 && fd < 0 && tries < 20; tries++) {
		int n = ioctl(control, LOOP_CTL_GET_FREE);
		struct loop_config c = {.fd = (uint32_t)file, .info.lo_flags = LO_FLAGS_AUTOCLEAR};
		snprintf(path, sizeof(path), "/dev/loop%d", n);
		fd = n < 0 ? -EBADF : open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &c) < 0)
			fd = fd_close(fd);
	}
	fd_close(control);
	return fd;
}

TEST(a_disk_is_read_written_and_zeroed)
{
	static uint8_t data[65536];
	struct nbd_file f;
	uint64_t size;
	int file = test_file(MIB + 700), fd = loop_device(file);
	if (fd < 0)
		test_skip("no loop device is to be had");
	CHECK_INT(nbd_file_init(&f, fd, false, false), 0);
	CHECK(f.device);
	CHECK(f.block_min >= 512);
	CHECK_INT(nbd_file_size(&f, &size), 0);
	CHECK_INT(size, MIB + 512);
	memset(data, 7, sizeof(data));
	CHECK_INT(nbd_file_write(&f, data, sizeof(data), 4096, true), 0);
	CHECK_INT(nbd_file_zero(&f, 8192, 4096, 0, NULL), 0);
	CHECK_INT(nbd_file_zero(&f, 16384, 4096, NBD_FILE_KEEP, NULL), 0);
	CHECK_INT(nbd_file_trim(&f, 32768, 4096), 0);
	CHECK_INT(nbd_file_flush(&f), 0);
	CHECK_INT(nbd_file_read(&f, data, sizeof(data), 4096), 0);
	CHECK_INT(data[0], 7);
	CHECK_INT(data[4096], 0);
	CHECK_INT(data[8192], 7);
	CHECK_INT(data[12288], 0);
	close(fd);
	close(file);
}

TEST(an_error_of_the_disk_is_told_exactly)
{
	uint8_t data[4096];
	struct nbd_file f;
	int file = test_file(MIB), fd = loop_device(file);
	if (fd < 0)
		test_skip("no loop device is to be had");
	CHECK_INT(nbd_file_init(&f, fd, false, false), 0);
	CHECK_INT(ftruncate(file, MIB / 2), 0); /* the disk does not know */
	CHECK(!nbd_file_read_now(&f, data, sizeof(data), MIB - 4096));
	CHECK_INT(nbd_file_read(&f, data, sizeof(data), MIB - 4096), -EIO);
	CHECK_INT(nbd_file_read(&f, data, sizeof(data), 0), 0);
	close(fd);
	close(file);
}
