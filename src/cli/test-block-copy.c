/* SPDX-License-Identifier: MIT */
/* Copies from file to file: what is written, and where a copy that was killed goes on. */
#include "base/test.h"
#include "cli/block-copy.h"
#include "cli/block-part.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { MIB = 1 << 20, SIZE = 24 * MIB + 12345 };

static struct cli cli;
static struct meter meter;
static char dir[] = "/tmp/metac-test-copy-XXXXXX";

/* Data but for two holes, the second one at the end, and zeroes that are no hole. */
static int source(void)
{
	int fd = memfd_create("source", MFD_CLOEXEC);
	uint8_t *p = malloc(SIZE);
	uint32_t x = 1;
	for (size_t i = 0; i < SIZE; i++)
		p[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
	memset(p + 12 * MIB, 0, MIB);
	CHECK_INT(pwrite(fd, p, 5 * MIB + 777, 0), 5 * MIB + 777);
	CHECK_INT(pwrite(fd, p + 9 * MIB, 13 * MIB, 9 * MIB), 13 * MIB);
	CHECK_INT(ftruncate(fd, SIZE), 0);
	free(p);
	return fd;
}

static bool same(int a, int b)
{
	struct stat sa, sb;
	CHECK(!fstat(a, &sa) && !fstat(b, &sb));
	if (sa.st_size != sb.st_size)
		return false;
	size_t n = (size_t)sa.st_size;
	uint8_t *pa = mmap(NULL, n, PROT_READ, MAP_SHARED, a, 0);
	uint8_t *pb = mmap(NULL, n, PROT_READ, MAP_SHARED, b, 0);
	CHECK(pa != MAP_FAILED && pb != MAP_FAILED);
	bool equal = memcmp(pa, pb, n) == 0;
	munmap(pa, n);
	munmap(pb, n);
	return equal;
}

static struct block_copy copy_of(struct block_end *src, struct block_end *dst)
{
	meter_begin(&meter, "none");
	cli = (struct cli){};
	return (struct block_copy){
		.cli = &cli, .src = src, .dst = dst, .meter = &meter, .checkpoint_ms = 1};
}

TEST(a_copy_is_the_same_and_keeps_holes)
{
	struct block_end src, dst;
	for (int fresh = 0; fresh < 2; fresh++) {
		struct stat st;
		int to = memfd_create("target", MFD_CLOEXEC);
		block_end_file(&src, source(), "source", SIZE);
		for (int i = 0; !fresh && i < SIZE; i += 4)
			CHECK_INT(pwrite(to, "junk", MIN(4, SIZE - i), i), MIN(4, SIZE - i));
		CHECK_INT(ftruncate(to, SIZE), 0);
		block_end_file(&dst, to, "target", SIZE);
		dst.fresh = fresh;
		struct block_copy c = copy_of(&src, &dst);
		CHECK_INT(block_copy_run(&c), 0);
		CHECK_INT(c.safe, SIZE);
		CHECK_INT(c.data + c.zeroes, SIZE);
		CHECK(!fstat(to, &st)); /* same() looks at its holes, and makes them pages */
		CHECK_INT(st.st_blocks * 512 / MIB, 17);
		CHECK(same(src.fd, dst.fd));
		block_end_close(&src);
		block_end_close(&dst);
	}
}

TEST(a_failure_tells_the_place_and_how_far_it_is_safe)
{
	struct block_end src, dst;
	int to = memfd_create("target", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CHECK_INT(ftruncate(to, 10 * MIB), 0);
	CHECK_INT(fcntl(to, F_ADD_SEALS, F_SEAL_GROW), 0);
	block_end_file(&src, source(), "source", SIZE);
	block_end_file(&dst, to, "the target", SIZE);
	struct block_copy c = copy_of(&src, &dst);
	CHECK_INT(block_copy_run(&c), -EPERM);
	CHECK(strstr(cli.err.msg, "the target: write at byte 1"));
	CHECK_INT(c.safe, 10 * MIB);
	block_end_close(&src);
	block_end_close(&dst);
}

static void cut_source(void *user, uint64_t mark)
{
	const struct block_end *src = user;
	CHECK_INT(ftruncate(src->fd, 100), 0);
}

TEST(a_source_that_shrinks_is_an_error)
{
	struct block_end src, dst;
	int from = source(), to = memfd_create("target", MFD_CLOEXEC);
	CHECK_INT(ftruncate(to, SIZE + MIB), 0);
	CHECK_INT(pwrite(from, "the end", 7, SIZE - 7), 7);
	block_end_file(&src, from, "source", SIZE + MIB); /* as if it had been so large */
	CHECK_INT(pwrite(from, "x", 1, SIZE + MIB - 1), 1);
	block_end_file(&dst, to, "target", SIZE + MIB);
	struct block_copy c = copy_of(&src, &dst);
	c.checkpoint = cut_source;
	c.user = &src;
	CHECK_INT(block_copy_run(&c), -EIO);
	CHECK(strstr(cli.err.msg, "source: read at byte"));
	block_end_close(&src);
	block_end_close(&dst);
}

/* ---- killed ---------------------------------------------------------------------------------- */

static struct block_part part;
static unsigned n_checkpoints, kill_at;
static bool kill_before;

static void on_checkpoint(void *user, uint64_t mark)
{
	bool now = ++n_checkpoints == kill_at;
	if (now && kill_before)
		raise(SIGKILL);
	CHECK_INT(block_state_write(&part.state, mark), 0);
	if (now)
		raise(SIGKILL);
}

static int copy_to(const char *path, int from, bool resume, uint64_t *ret_from)
{
	static const uint8_t key[BLOCK_STATE_KEY] = "the key";
	struct block_end src, dst;
	bool other = false;
	block_end_file(&src, dup(from), "source", SIZE);
	part.err = &cli.err;
	struct block_copy c = copy_of(&src, &dst);
	int r = block_part_open(&part, path, SIZE, key, resume, &dst, &c.from, &other);
	CHECK_INT(r, 0);
	CHECK(!other);
	c.checkpoint = on_checkpoint;
	r = block_copy_run(&c);
	if (r == 0)
		r = block_part_commit(&part, &dst);
	*ret_from = c.from;
	block_end_close(&src);
	block_end_close(&dst);
	block_part_close(&part);
	return r;
}

/* What was written behind the last checkpoint may be anything. */
static void scribble(const char *part_path, const char *state_path)
{
	char state[600] = "";
	AUTO_CLOSE int s = open(state_path, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int fd = open(part_path, O_RDWR | O_CLOEXEC);
	CHECK(s >= 0 && fd >= 0);
	CHECK(read(s, state, sizeof(state) - 1) > 0);
	unsigned long long done = strtoull(strstr(state, "\ndone ") + 6, NULL, 10);
	char junk[4096];
	memset(junk, 0x5a, sizeof(junk));
	for (uint64_t at = done; at < SIZE; at += sizeof(junk))
		CHECK(pwrite(fd, junk, MIN(sizeof(junk), SIZE - at), (off_t)at) > 0);
}

TEST(a_copy_that_was_killed_goes_on_to_the_same)
{
	char path[64], part_path[64], state_path[80];
	uint64_t from;
	CHECK(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/x", dir);
	(void)snprintf(part_path, sizeof(part_path), "%s/.x.metac-cp", dir);
	(void)snprintf(state_path, sizeof(state_path), "%s.state", part_path);
	AUTO_CLOSE int src = source();
	unsigned n_resumed = 0;
	for (unsigned i = 1; i < 12; i++) {
		kill_at = (i + 1) / 2;
		kill_before = i % 2;
		n_checkpoints = 0;
		pid_t pid = fork();
		if (pid == 0)
			_exit(copy_to(path, src, false, &from) ? 1 : 0);
		int status;
		CHECK_INT(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) { /* it had not so many */
			CHECK_INT(WEXITSTATUS(status), 0);
		} else {
			CHECK(access(path, F_OK) < 0);
			scribble(part_path, state_path);
			kill_at = 0;
			CHECK_INT(copy_to(path, src, true, &from), 0);
			n_resumed += from > 0;
		}
		AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
		CHECK(same(src, fd));
		CHECK(access(part_path, F_OK) < 0 && access(state_path, F_OK) < 0);
		CHECK_INT(unlink(path), 0);
	}
	CHECK(n_resumed > 0);
	CHECK_INT(rmdir(dir), 0);
}
