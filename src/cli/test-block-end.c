/* SPDX-License-Identifier: MIT */
/* The map of what is zero. */
#include "base/test.h"
#include "cli/block-end.h"

#include <stdio.h>
#include <sys/mman.h>

static struct block_map m;

static void check_at(uint64_t at, uint64_t n, bool zero)
{
	bool z;
	CHECK_INT(block_map_at(&m, at, &z), n);
	if (n)
		CHECK_INT(z, zero);
}

TEST(extents_are_cut_to_whole_blocks)
{
	block_map_begin(&m, 0, 100000, 4096);
	check_at(0, 0, false);
	block_map_add(&m, 5000, false);
	check_at(0, 4096, false); /* what follows may decide of the rest */
	check_at(4096, 0, false);
	block_map_add(&m, 30000, true);
	check_at(0, 8192, false);
	check_at(8192, 28672 - 8192, true);
	check_at(10000, 28672 - 10000, true);
	check_at(28672, 0, false);
	block_map_add(&m, 30001, false);
	block_map_add(&m, 33000, true); /* of no whole block */
	block_map_add(&m, 100000, true); /* goes on with it */
	check_at(28672, 32768 + 4096 - 28672, false);
	check_at(36864, 100000 - 36864, true);
	CHECK_INT(m.known, 100000);
}

TEST(extents_that_go_on_are_one)
{
	block_map_begin(&m, 0, 1 << 20, 4096);
	for (uint64_t to = 4096; to <= 1 << 20; to += 4096)
		block_map_add(&m, to, true);
	CHECK_INT(m.n, 1);
	check_at(0, 1 << 20, true);
}

/* Of a file in which every other block is a hole, more than the map holds at once. */
TEST(a_file_is_looked_at_part_by_part)
{
	enum { BLOCK = 4096, N = 3 * BLOCK_MAP_MAX };
	struct block_end e;
	int fd = memfd_create("test", MFD_CLOEXEC);
	for (int i = 0; i < N; i += 2)
		CHECK_INT(pwrite(fd, "x", 1, (off_t)i * BLOCK), 1);
	CHECK_INT(ftruncate(fd, (off_t)N * BLOCK), 0);
	uint64_t size;
	CHECK_INT(block_end_size(fd, &size), 0);
	CHECK_INT(size, (uint64_t)N * BLOCK);
	block_end_file(&e, fd, "test", size);
	block_map_begin(&m, 0, size, BLOCK);
	for (int i = 0; i < N; i++) {
		CHECK_INT(block_map_more(&m, &e), 0);
		check_at((uint64_t)i * BLOCK, BLOCK, i % 2);
	}
	block_end_close(&e);
}
