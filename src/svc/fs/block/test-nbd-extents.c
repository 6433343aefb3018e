/* SPDX-License-Identifier: MIT */
#include "svc/fs/block/nbd-extents.h"
#include "svc/fs/block/test-nbd.h"

enum { MIB = 1 << 20, HOLE = NBD_STATE_HOLE | NBD_STATE_ZERO };

static void make(struct nbd_file *f, uint64_t size)
{
	CHECK_INT(nbd_file_init(f, test_file(size), false, false), 0);
}

static uint64_t sum(const struct nbd_extent *e, int n)
{
	uint64_t all = 0;
	for (int i = 0; i < n; i++)
		all += e[i].length;
	return all;
}

TEST(data_lies_between_holes)
{
	struct nbd_file f;
	struct nbd_extent e[8];
	make(&f, 4 * MIB + 5);
	fill(f.fd, MIB, MIB, 1);
	CHECK_INT(fsync(f.fd), 0);
	CHECK_INT(nbd_extents_find(&f, 0, 4 * MIB + 5, e, 8), 3);
	CHECK(e[0].state == HOLE && e[0].length == MIB);
	CHECK(e[1].state == 0 && e[1].length == MIB);
	CHECK(e[2].state == HOLE && e[2].length == 2 * MIB + 5);
	CHECK_INT(nbd_extents_find(&f, MIB + 100, 50, e, 8), 1);
	CHECK(e[0].state == 0 && e[0].length == 50);
	CHECK_INT(nbd_extents_find(&f, MIB - 1, 2, e, 1), 1);
	CHECK(e[0].state == HOLE && e[0].length == 1);
	close(f.fd);
}

TEST(as_many_as_asked_for_are_told)
{
	struct nbd_file f;
	struct nbd_extent e[NBD_SERVER_EXTENTS_MAX];
	make(&f, 64 * MIB);
	for (uint64_t at = 0; at < 64 * MIB; at += 65536)
		fill(f.fd, at, 4096, 1);
	CHECK_INT(fsync(f.fd), 0);
	CHECK_INT(nbd_extents_find(&f, 0, 64 * MIB, e, 10), 10);
	CHECK_INT(sum(e, 10), 5 * 65536);
	int n = nbd_extents_find(&f, 0, 64 * MIB, e, NBD_SERVER_EXTENTS_MAX);
	CHECK_INT(n, NBD_SERVER_EXTENTS_MAX);
	CHECK_INT(sum(e, n), 512 * 65536);
	close(f.fd);
}

TEST(a_file_that_was_cut_off_ends_in_a_hole)
{
	struct nbd_file f;
	struct nbd_extent e[8];
	make(&f, MIB);
	fill(f.fd, 0, MIB, 1);
	CHECK_INT(fsync(f.fd), 0);
	CHECK_INT(ftruncate(f.fd, MIB / 2), 0);
	CHECK_INT(nbd_extents_find(&f, 0, MIB, e, 8), 2);
	CHECK(e[0].state == 0 && e[0].length == MIB / 2);
	CHECK(e[1].state == HOLE && e[1].length == MIB / 2);
	close(f.fd);
}

TEST(a_block_with_any_data_is_data)
{
	struct nbd_file f;
	struct nbd_extent e[8];
	make(&f, 4 * MIB);
	fill(f.fd, 2 * MIB + 4096, 4096, 1);
	CHECK_INT(fsync(f.fd), 0);
	f.block_min = 65536;
	CHECK_INT(nbd_extents_find(&f, 0, 4 * MIB, e, 8), 3);
	CHECK(e[0].state == HOLE && e[0].length == 2 * MIB);
	CHECK(e[1].state == 0 && e[1].length == 65536);
	CHECK_INT(sum(e, 3), 4 * MIB);
	close(f.fd);
}

TEST(all_of_a_disk_is_data)
{
	struct nbd_file f;
	struct nbd_extent e[2];
	make(&f, MIB);
	f.device = true;
	CHECK_INT(nbd_extents_find(&f, 0, MIB, e, 2), 1);
	CHECK(e[0].state == 0 && e[0].length == MIB);
	close(f.fd);
}
