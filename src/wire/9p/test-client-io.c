/* SPDX-License-Identifier: MIT */
#include "wire/9p/client-fixture.h"
#include "wire/9p/client-io.h"

static void on_io(void *user, int error, const void *data, size_t n)
{
	struct answer *a = user;
	a->calls++;
	a->error = error;
	a->n = n;
	if (data)
		memcpy(a->data, data, MIN(n, sizeof(a->data)));
}

static uint8_t big[3 * 1024 * 1024];

TEST(a_small_read_is_one_message)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {};
	struct p9_io *io;
	struct p9_msg m;
	struct p9_io_where w = {.fid = 5, .offset = 10, .size_hint = 12};
	CHECK_INT(p9_io_read(c, &w, 100, on_io, &a, &io), 0);
	CHECK(take(c, &m));
	CHECK(m.tread.fid == 5 && m.tread.offset == 10 && m.tread.count == 100);
	CHECK_INT(GIVE(c, m.tag, .type = P9_Rread, .rread = {.data = {"ab", 2}}), 0);
	CHECK(a.calls == 1 && a.n == 2 && !memcmp(a.data, "ab", 2));
}

TEST(a_short_read_before_the_known_end_is_read_on)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {};
	struct p9_io *io;
	struct p9_msg m;
	struct p9_io_where w = {.size_hint = 1000};
	CHECK_INT(p9_io_read(c, &w, 100, on_io, &a, &io), 0);
	CHECK(take(c, &m));
	GIVE(c, m.tag, .type = P9_Rread, .rread = {.data = {"ab", 2}});
	CHECK_INT(a.calls, 0);
	CHECK(take(c, &m));
	CHECK(m.tread.offset == 2 && m.tread.count == 98);
	GIVE(c, m.tag, .type = P9_Rread, .rread = {.data = {"cd", 2}});
	CHECK(take(c, &m));
	CHECK(m.tread.offset == 4 && m.tread.count == 96);
	GIVE(c, m.tag, .type = P9_Rread, .rread = {.data = {NULL, 0}});
	CHECK(a.calls == 1 && a.n == 4 && !memcmp(a.data, "abcd", 4));
}

TEST(large_reads_are_cut_at_pages_and_put_together_whatever_the_order)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, P9_MAX_MSIZE);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 + i / 4096);
	struct answer a = {};
	struct p9_io *io;
	struct p9_io_where w = {.size_hint = sizeof(big)};
	CHECK_INT(p9_io_read(c, &w, sizeof(big), on_io, &a, &io), 0);
	struct p9_msg m[8];
	int n = 0;
	size_t sum = 0;
	while (take(c, &m[n])) {
		CHECK_INT(m[n].tread.offset % 4096, 0);
		CHECK_INT(m[n].tread.offset, sum);
		sum += m[n++].tread.count;
	}
	CHECK_INT(sum, sizeof(big));
	CHECK_INT(n, 4);
	while (n-- > 0)
		GIVE(c, m[n].tag, .type = P9_Rread,
			.rread = {.data = {big + m[n].tread.offset, m[n].tread.count}});
	CHECK(a.calls == 1 && a.error == 0 && a.n == sizeof(big));
	CHECK(!memcmp(a.data, big, sizeof(a.data)));
}

TEST(one_mebibyte_goes_as_two_halves)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, P9_MAX_MSIZE);
	struct answer a = {};
	struct p9_io *io;
	struct p9_msg m[2];
	struct p9_io_where w = {};
	CHECK_INT(p9_io_write(c, &w, big, 1 << 20, on_io, &a, &io), 0);
	CHECK(take(c, &m[0]) && take(c, &m[1]));
	CHECK(m[0].twrite.data.len == 1 << 19 && m[1].twrite.offset == 1 << 19);
	GIVE(c, m[0].tag, .type = P9_Rwrite, .rwrite = {1 << 19});
	GIVE(c, m[1].tag, .type = P9_Rwrite, .rwrite = {1 << 19});
	CHECK(a.calls == 1 && a.error == 0 && a.n == 1 << 20);
}

static struct answer write_two(struct p9_msg first, struct p9_msg second)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {};
	struct p9_io *io;
	struct p9_msg m[2];
	struct p9_io_where w = {.iounit = 1000};
	CHECK_INT(p9_io_write(c, &w, big, 2000, on_io, &a, &io), 0);
	CHECK(take(c, &m[0]) && take(c, &m[1]));
	CHECK_INT(m[1].twrite.offset, 1000);
	give(c, m[1].tag, second);
	CHECK_INT(a.calls, 0);
	give(c, m[0].tag, first);
	CHECK_INT(a.calls, 1);
	return a;
}

TEST(a_write_counts_only_what_is_without_a_gap)
{
	struct p9_msg full = {.type = P9_Rwrite, .rwrite = {1000}};
	struct p9_msg half = {.type = P9_Rwrite, .rwrite = {500}};
	struct p9_msg no_space = {.type = P9_Rlerror, .rlerror = {ENOSPC}};
	CHECK_INT(write_two(full, full).n, 2000);
	CHECK_INT(write_two(full, half).n, 1500);
	CHECK_INT(write_two(half, full).n, 500);
	struct answer a = write_two(full, no_space);
	CHECK(a.n == 1000 && a.error == 0);
	a = write_two(no_space, full);
	CHECK(a.n == 0 && a.error == -ENOSPC);
}

TEST(a_read_that_fails_half_way_is_an_error_not_an_end)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {};
	struct p9_io *io;
	struct p9_msg m[2];
	struct p9_io_where w = {.iounit = 1000, .size_hint = 5000};
	CHECK_INT(p9_io_read(c, &w, 2000, on_io, &a, &io), 0);
	CHECK(take(c, &m[0]) && take(c, &m[1]));
	GIVE(c, m[0].tag, .type = P9_Rread, .rread = {.data = {big, 1000}});
	GIVE(c, m[1].tag, .type = P9_Rlerror, .rlerror = {EIO});
	while (take(c, &m[0])) { /* it may try once more */
		CHECK_INT(m[0].tread.offset, 1000);
		GIVE(c, m[0].tag, .type = P9_Rlerror, .rlerror = {EIO});
	}
	CHECK(a.calls == 1 && a.error == -EIO);
}

TEST(flush_reaches_every_piece)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {};
	struct p9_io *io;
	struct p9_msg m;
	struct p9_io_where w = {.iounit = 4096};
	CHECK_INT(p9_io_read(c, &w, 3 * 4096, on_io, &a, &io), 0);
	for (int i = 0; i < 3; i++)
		CHECK(take(c, &m));
	p9_io_flush(io);
	p9_io_flush(io);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(a.calls, 0);
		CHECK(take(c, &m));
		CHECK_INT(m.type, P9_Tflush);
		GIVE(c, m.tag, .type = P9_Rflush);
	}
	CHECK(!take(c, &m));
	CHECK(a.calls == 1 && a.error == -EINTR);
}

TEST(loss_ends_reads_and_writes_once)
{
	struct p9_client *c = connected(NULL, 65536);
	struct answer a[2] = {};
	struct p9_io *io;
	struct p9_io_where w = {};
	CHECK_INT(p9_io_read(c, &w, 1 << 20, on_io, &a[0], &io), 0);
	CHECK_INT(p9_io_write(c, &w, big, 1 << 20, on_io, &a[1], &io), 0);
	CHECK_INT(p9_io_read(c, &w, P9_IO_MAX_SIZE + 1, on_io, &a[1], &io), -EMSGSIZE);
	p9_client_free(c);
	CHECK(a[0].calls == 1 && a[0].error == -ENOTCONN);
	CHECK(a[1].calls == 1 && a[1].error == -ENOTCONN);
}
