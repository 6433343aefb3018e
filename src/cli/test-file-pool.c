/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "cli/file-pool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>

static struct file_pool *pool;
static unsigned n_done;
static int last_error;

static void on_done(struct file_job *job, int error)
{
	n_done++;
	last_error = error;
}

static void wait_for(unsigned n)
{
	while (n_done < n) {
		struct pollfd p = {.fd = file_pool_fd(pool), .events = POLLIN};
		CHECK(poll(&p, 1, -1) == 1);
		file_pool_turn(pool);
	}
	CHECK_INT(n_done, n);
	n_done = 0;
}

static int perform(enum file_job_type type, int fd, uint64_t offset, uint64_t length, void *buf)
{
	struct file_job job = {type, fd, offset, length, buf, on_done, NULL, {}, 0};
	file_pool_submit(pool, &job);
	wait_for(1);
	return last_error;
}

TEST(jobs_are_done)
{
	char data[] = "0123456789", back[10] = "";
	AUTO_CLOSE int fd = memfd_create("test", MFD_CLOEXEC);
	CHECK_INT(file_pool_new(&pool), 0);
	CHECK_INT(perform(FILE_WRITE, fd, 5, 10, data), 0);
	CHECK_INT(perform(FILE_READ, fd, 7, 8, back), 0);
	CHECK(memcmp(back, "23456789", 8) == 0);
	CHECK_INT(perform(FILE_ZERO, fd, 6, 3, NULL), 0);
	CHECK_INT(perform(FILE_READ, fd, 5, 10, back), 0);
	CHECK(memcmp(back,
		      "0\0\0\0"
		      "456789",
		      10) == 0);
	CHECK_INT(perform(FILE_READ, fd, 6, 10, back), -EIO); /* there are but 9 */
	CHECK_INT(perform(FILE_SYNC, fd, 0, 0, NULL), 0);
	AUTO_CLOSE int full = open("/dev/full", O_RDWR | O_CLOEXEC);
	CHECK_INT(perform(FILE_WRITE, full, 0, 10, data), -ENOSPC);
	CHECK_INT(perform(FILE_READ, -1, 0, 10, back), -EBADF);
	file_pool_free(pool);
}

TEST(many_jobs_are_done_once_each)
{
	static struct file_job jobs[500];
	static uint32_t words[500];
	AUTO_CLOSE int fd = memfd_create("test", MFD_CLOEXEC);
	CHECK_INT(file_pool_new(&pool), 0);
	for (uint32_t i = 0; i < 500; i++) {
		words[i] = i;
		jobs[i] = (struct file_job){
			FILE_WRITE, fd, 4 * (uint64_t)i, 4, &words[i], on_done, NULL, {}, 0};
		file_pool_submit(pool, &jobs[i]);
	}
	wait_for(500);
	uint32_t back[500];
	CHECK_INT(pread(fd, back, sizeof(back), 0), sizeof(back));
	CHECK(memcmp(back, words, sizeof(back)) == 0);
	file_pool_free(pool);
}

TEST(the_end_of_a_pool_ends_every_job)
{
	static struct file_job jobs[500];
	char c = 'x';
	AUTO_CLOSE int fd = memfd_create("test", MFD_CLOEXEC);
	CHECK_INT(file_pool_new(&pool), 0);
	for (uint32_t i = 0; i < 500; i++) {
		jobs[i] = (struct file_job){FILE_WRITE, fd, i, 1, &c, on_done, NULL, {}, 0};
		file_pool_submit(pool, &jobs[i]);
	}
	file_pool_free(pool);
	CHECK_INT(n_done, 500);
}
