/* SPDX-License-Identifier: MIT */
/* The whole server, as its client sees it: confined, in a process of its own. */
#include "svc/fs/block/test-nbd.h"

#include "svc/fs/block/nbd-control.h"

enum { MIB = 1 << 20 };

static const struct nbd_worker_options usual;

static void start(struct peer *p, uint64_t size)
{
	*p = (struct peer){.file = test_file(size)};
	peer_serve(p, usual, true);
	negotiate(p, false);
	CHECK_INT(p->size, size);
}

static void drop_from_memory(int file)
{
	CHECK_INT(fsync(file), 0);
	CHECK_INT(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
}

TEST(reads_of_all_lengths_give_what_the_file_has)
{
	static const uint32_t lengths[] = {1, 511, 512, 4096, 5000, 65535, 65536, 65537, 262144,
		MIB - 1, MIB, MIB + 1, 5 * MIB};
	struct peer p;
	start(&p, 8 * MIB + 17);
	fill(p.file, 0, 8 * MIB + 17, 1);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		CHECK(reads_as_file(&p, 0, lengths[i]));
		CHECK(reads_as_file(&p, 8 * MIB + 17 - lengths[i], lengths[i]));
		drop_from_memory(p.file);
		CHECK(reads_as_file(&p, 1234, lengths[i]));
	}
	CHECK_INT(peer_end(&p), 0);
}

TEST(writes_of_all_lengths_reach_the_file)
{
	static const uint32_t lengths[] = {1, 512, 4096, 5000, 65536, 65537, 300000, 5 * MIB};
	static const uint16_t flags[] = {0, NBD_CMD_FLAG_FUA};
	struct peer p;
	uint8_t *data = malloc(5 * MIB), *there = malloc(5 * MIB);
	start(&p, 8 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(lengths) * 2; i++) {
		uint32_t n = lengths[i / 2];
		memset(data, (int)i + 1, n);
		CHECK_INT(write_at(&p, flags[i % 2], 4096 + 10 * i, data, n), 0);
		CHECK_INT(pread(p.file, there, n, (off_t)(4096 + 10 * i)), n);
		CHECK(!memcmp(data, there, n));
		/* Begins and ends within blocks that have to be read first. */
		drop_from_memory(p.file);
		CHECK_INT(write_at(&p, flags[i % 2], 77, data, n), 0);
		CHECK_INT(pread(p.file, there, n, 77), n);
		CHECK(!memcmp(data, there, n));
	}
	free(data);
	free(there);
	CHECK_INT(peer_end(&p), 0);
}

TEST(long_writes_one_after_the_other_keep_apart)
{
	enum { N = 24, LEN = 256 * 1024 };
	struct peer p;
	uint8_t *all = malloc(N * (NBD_REQUEST_SIZE + LEN)), *at = all;
	start(&p, N * LEN + 100);
	for (unsigned i = 0; i < N; i++) {
		at += put_request(at, NBD_CMD_WRITE, 0, i, (uint64_t)i * LEN + (i % 3), LEN);
		memset(at, (int)i + 1, LEN);
		at += LEN;
	}
	/* Odd pieces, so that headers and payloads come cut anywhere. */
	size_t left = (size_t)(at - all), piece = 1;
	uint64_t answered = 0, cookie;
	for (const uint8_t *q = all; left; q += piece, left -= piece) {
		piece = MIN(left, (piece * 3 + 1) % 200001 + 1);
		say(&p, q, piece);
	}
	for (; answered < N; answered++)
		CHECK_INT(hear_simple(&p, &cookie), 0);
	for (unsigned i = 0; i < N; i++) {
		uint8_t c[2];
		CHECK_INT(pread(p.file, c, 1, (off_t)i * LEN + 2), 1);
		CHECK_INT(pread(p.file, c + 1, 1, (off_t)(i + 1) * LEN - 1), 1);
		CHECK_INT(c[0], i + 1);
		CHECK_INT(c[1], i + 1);
	}
	free(all);
	CHECK_INT(peer_end(&p), 0);
}

TEST(a_long_write_may_come_in_crumbs)
{
	enum { LEN = 100000 };
	static uint8_t data[LEN], there[LEN];
	struct peer p;
	start(&p, MIB);
	for (unsigned round = 0; round < 3; round++) {
		memset(data, (int)round + 1, sizeof(data));
		ask(&p, NBD_CMD_WRITE, 0, 1000 * round, LEN);
		if (round) { /* the last one was long, so this one comes through a pipe */
			say(&p, data, 5000);
			for (size_t at = 5000; at < 25000; at += 7 * round)
				say(&p, data, MIN((size_t)7 * round, 25000 - at));
			say(&p, data, LEN - 25000);
		} else {
			say(&p, data, LEN);
		}
		CHECK_INT(hear_simple(&p, NULL), 0);
		CHECK_INT(pread(p.file, there, LEN, 1000 * round), LEN);
		CHECK(!memcmp(data, there, LEN));
	}
	CHECK_INT(peer_end(&p), 0);
}

TEST(requests_past_the_end_are_refused_and_the_next_ones_served)
{
	struct peer p;
	uint8_t data[512] = {1};
	start(&p, MIB);
	CHECK_INT(read_at(&p, MIB - 1, data, 2), NBD_EINVAL);
	CHECK_INT(read_at(&p, UINT64_MAX - 1, data, 512), NBD_EINVAL);
	CHECK_INT(write_at(&p, 0, MIB, data, 512), NBD_ENOSPC);
	CHECK_INT(write_at(&p, 0, MIB - 1, data, 2), NBD_ENOSPC);
	CHECK_INT(command(&p, NBD_CMD_TRIM, 0, MIB, 1), NBD_EINVAL);
	CHECK_INT(command(&p, 99, 0, 0, 1), NBD_EINVAL);
	CHECK_INT(write_at(&p, 0, MIB - 512, data, 512), 0);
	CHECK(reads_as_file(&p, MIB - 512, 512));
	CHECK_INT(peer_end(&p), 0);
}

TEST(a_file_that_grows_is_served_to_its_new_end)
{
	struct peer p;
	uint8_t data[512] = {1};
	start(&p, MIB);
	CHECK_INT(ftruncate(p.file, 2 * MIB), 0);
	CHECK_INT(write_at(&p, 0, 2 * MIB - 512, data, 512), 0);
	CHECK(reads_as_file(&p, 2 * MIB - 512, 512));
	CHECK_INT(write_at(&p, 0, 2 * MIB, data, 512), NBD_ENOSPC);
	CHECK_INT(peer_end(&p), 0);
}

TEST(what_was_cut_off_is_past_the_end)
{
	static uint8_t data[300000];
	struct peer p;
	start(&p, 4 * MIB);
	fill(p.file, 0, 4 * MIB, 3);
	CHECK_INT(ftruncate(p.file, MIB), 0);
	CHECK_INT(read_at(&p, 3 * MIB, data, 4096), NBD_EINVAL);
	CHECK_INT(read_at(&p, 3 * MIB, data, sizeof(data)), NBD_EINVAL);
	CHECK_INT(read_at(&p, MIB - 100, data, 4096), NBD_EINVAL);
	CHECK_INT(write_at(&p, 0, 3 * MIB, data, 512), NBD_ENOSPC);
	CHECK(reads_as_file(&p, MIB - 4096, 4096));
	CHECK_INT(peer_end(&p), 0);
}

TEST(a_long_read_finds_out_that_the_file_was_cut_off)
{
	static uint8_t data[300000];
	struct peer p;
	start(&p, 4 * MIB);
	fill(p.file, 0, 4 * MIB, 3);
	CHECK(reads_as_file(&p, 3 * MIB, sizeof(data)));
	CHECK_INT(ftruncate(p.file, 3 * MIB + 4096), 0);
	CHECK_INT(read_at(&p, 3 * MIB, data, sizeof(data)), NBD_EINVAL);
	CHECK_INT(ftruncate(p.file, 4 * MIB), 0);
	CHECK(reads_as_file(&p, 3 * MIB, sizeof(data)));
	CHECK_INT(peer_end(&p), 0);
}

TEST(the_service_says_that_the_size_is_another_one)
{
	uint8_t packet[100], data[512] = {1};
	struct nbd_control_stats s;
	struct peer p;
	start(&p, MIB);
	CHECK_INT(write_at(&p, 0, 0, data, 512), 0);
	CHECK_INT(ftruncate(p.file, MIB / 2), 0);
	CHECK_INT(nbd_control_size(p.control), 0);
	CHECK_INT(nbd_control_ask(p.control), 0);
	ssize_t n = recv(p.control, packet, sizeof(packet), 0);
	CHECK_INT(nbd_control_decode(packet, (size_t)n, &s), 0);
	CHECK_INT(s.size, MIB); /* requests will tell */
	CHECK_INT(s.bytes_written, 512);
	CHECK_INT(s.requests, 1);
	CHECK_INT(write_at(&p, 0, MIB - 512, data, 512), NBD_ENOSPC);
	CHECK_INT(nbd_control_ask(p.control), 0);
	n = recv(p.control, packet, sizeof(packet), 0);
	CHECK_INT(nbd_control_decode(packet, (size_t)n, &s), 0);
	CHECK_INT(s.size, MIB / 2);
	CHECK_INT(s.errors, 1);
	CHECK_INT(peer_end(&p), 0);
}

TEST(trimmed_and_zeroed_ranges_read_as_zeros)
{
	static const uint16_t flags[] = {0, NBD_CMD_FLAG_NO_HOLE, NBD_CMD_FLAG_FAST_ZERO,
		NBD_CMD_FLAG_FUA, NBD_CMD_FLAG_FUA | NBD_CMD_FLAG_NO_HOLE};
	static uint8_t data[200000];
	struct peer p;
	start(&p, 4 * MIB);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		fill(p.file, 0, 4 * MIB, 3);
		CHECK_INT(command(&p, NBD_CMD_WRITE_ZEROES, flags[i], 100, sizeof(data)), 0);
		CHECK_INT(read_at(&p, 100, data, sizeof(data)), 0);
		for (size_t k = 0; k < sizeof(data); k++)
			CHECK(!data[k]);
		CHECK(reads_as_file(&p, 0, 100));
		CHECK(reads_as_file(&p, 100 + sizeof(data), 4096));
	}
	fill(p.file, 0, 4 * MIB, 3);
	CHECK_INT(command(&p, NBD_CMD_TRIM, 0, MIB, MIB), 0);
	CHECK(lseek(p.file, MIB, SEEK_DATA) >= 2 * MIB);
	CHECK_INT(command(&p, NBD_CMD_FLUSH, 0, 0, 0), 0);
	CHECK_INT(command(&p, NBD_CMD_CACHE, 0, 0, 4 * MIB), 0);
	CHECK_INT(peer_end(&p), 0);
}

TEST(what_is_read_only_cannot_be_changed)
{
	struct peer p = {.file = test_file(MIB)};
	uint8_t data[512] = {1};
	peer_serve(&p, (struct nbd_worker_options){.read_only = true}, true);
	negotiate(&p, false);
	CHECK(p.flags & NBD_FLAG_READ_ONLY);
	CHECK_INT(write_at(&p, 0, 0, data, 512), NBD_EPERM);
	CHECK_INT(command(&p, NBD_CMD_TRIM, 0, 0, 512), NBD_EPERM);
	CHECK_INT(command(&p, NBD_CMD_WRITE_ZEROES, 0, 0, 512), NBD_EPERM);
	CHECK(reads_as_file(&p, 0, 512));
	CHECK_INT(peer_end(&p), 0);
}

TEST(past_the_cache_everything_is_the_same)
{
	static uint8_t data[MIB];
	struct peer p = {.file = test_file(4 * MIB)};
	fill(p.file, 0, 4 * MIB, 9);
	CHECK_INT(fsync(p.file), 0);
	if (fcntl(p.file, F_SETFL, O_RDWR | O_DIRECT) < 0)
		test_skip("no O_DIRECT here");
	CHECK_INT(fcntl(p.file, F_SETFL, O_RDWR), 0);
	peer_serve(&p, (struct nbd_worker_options){.direct = true}, true);
	negotiate(&p, false);
	memset(data, 5, sizeof(data));
	CHECK_INT(write_at(&p, 0, 8192, data, sizeof(data)), 0);
	CHECK_INT(write_at(&p, NBD_CMD_FLAG_FUA, 4096, data, 4096), 0);
	CHECK_INT(read_at(&p, 4096, data, sizeof(data)), 0);
	for (size_t i = 0; i < sizeof(data); i++)
		CHECK_INT(data[i], 5);
	CHECK_INT(read_at(&p, 1, data, 4096), NBD_EINVAL);
	CHECK_INT(command(&p, NBD_CMD_WRITE_ZEROES, NBD_CMD_FLAG_NO_HOLE, 0, 65536), 0);
	CHECK_INT(read_at(&p, 4096, data, 4096), 0);
	CHECK_INT(data[7], 0);
	CHECK_INT(peer_end(&p), 0);
}

TEST(a_handshake_may_stop_at_every_byte)
{
	uint8_t b[256];
	static const uint8_t go[6] = {};
	nbd_put32(b, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
	size_t n = 4;
	n += put_option(b + n, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
	n += put_option(b + n, NBD_OPT_GO, go, sizeof(go));
	n += put_request(b + n, NBD_CMD_READ, 0, 1, 0, 4096);
	for (size_t cut = 0; cut < n; cut++) {
		struct peer p = {.file = test_file(MIB)};
		peer_serve(&p, usual, cut % 8 == 0); /* a filter takes its time to make */
		say(&p, b, cut);
		CHECK_INT(peer_end(&p), 0);
	}
}

TEST(a_handshake_may_come_byte_by_byte)
{
	struct peer p = {.file = test_file(MIB)};
	static const uint8_t go[6] = {};
	uint8_t b[256];
	peer_serve(&p, usual, true);
	hear(&p, b, 18);
	nbd_put32(b, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
	size_t n = 4;
	n += put_option(b + n, NBD_OPT_GO, go, sizeof(go));
	n += put_request(b + n, NBD_CMD_DISC, 0, 1, 0, 0);
	for (size_t i = 0; i < n; i++)
		say(&p, b + i, 1);
	CHECK(hears_end(&p));
	CHECK_INT(peer_end(&p), 0);
}

TEST(nonsense_ends_the_connection)
{
	uint8_t b[64];
	struct peer p = {.file = test_file(MIB)};
	memset(b, 'x', sizeof(b));
	peer_serve(&p, usual, true);
	say(&p, b, sizeof(b));
	CHECK(hears_end(&p));
	CHECK_INT(peer_end(&p), 0);
	start(&p, MIB);
	say(&p, b, sizeof(b));
	CHECK(hears_end(&p));
	CHECK_INT(peer_end(&p), 0);
}

TEST(half_of_a_write_may_be_all_there_is)
{
	static uint8_t data[200000];
	static const uint16_t flags[] = {0, NBD_CMD_FLAG_FUA};
	memset(data, 7, sizeof(data));
	for (unsigned i = 0; i < 6; i++) {
		struct peer p;
		uint32_t n = (const uint32_t[]){4096, 60000, sizeof(data)}[i / 2];
		start(&p, MIB);
		ask(&p, NBD_CMD_WRITE, flags[i % 2], 0, n);
		say(&p, data, n / 2);
		int file = dup(p.file);
		CHECK_INT(peer_end(&p), 0);
		uint8_t behind[100];
		CHECK_INT(pread(file, behind, sizeof(behind), n / 2), sizeof(behind));
		for (size_t k = 0; k < sizeof(behind); k++)
			CHECK(!behind[k]);
		close(file);
	}
}

TEST(a_payload_that_nobody_wants_is_passed_over)
{
	static uint8_t data[MIB];
	struct peer p;
	start(&p, MIB);
	CHECK_INT(write_at(&p, 0, MIB, data, sizeof(data)), NBD_ENOSPC);
	CHECK_INT(write_at(&p, NBD_CMD_FLAG_DF, 0, data, 70000), NBD_EINVAL);
	CHECK(reads_as_file(&p, 0, 4096));
	CHECK_INT(peer_end(&p), 0);
}

/* Memory that is this process's alone, bytes. */
static size_t private_memory(pid_t pid)
{
	char path[64], line[256];
	size_t kib, sum = 0;
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Private_Clean: %zu", &kib) == 1 ||
			sscanf(line, "Private_Dirty: %zu", &kib) == 1)
			sum += kib << 10;
	fclose(f);
	return sum;
}

/* Sends until the server takes no more. */
static uint64_t say_until_full(struct peer *p, const uint8_t *data, size_t n)
{
	struct pollfd f = {.fd = p->sock, .events = POLLOUT};
	uint64_t sum = 0;
	while (poll(&f, 1, 500) == 1) {
		ssize_t k = send(p->sock, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		CHECK(k > 0);
		sum += (uint64_t)k;
		CHECK(sum < 256 * MIB);
		if ((size_t)k < n) /* cut within a request: the rest is not said */
			break;
	}
	return sum;
}

TEST(a_peer_that_does_not_read_is_not_read_from)
{
	enum { N = 1000 };
	static uint8_t requests[N * NBD_REQUEST_SIZE];
	struct peer p;
	start(&p, 8 * MIB);
	fill(p.file, 0, 8 * MIB, 1);
	for (unsigned i = 0; i < N; i++)
		put_request(requests + i * NBD_REQUEST_SIZE, NBD_CMD_READ, 0, i, (uint64_t)i * 4096,
			i % 2 ? MIB : 4096);
	size_t before = private_memory(p.pid);
	say_until_full(&p, requests, sizeof(requests));
#if !defined(__SANITIZE_ADDRESS__)
	CHECK(private_memory(p.pid) < before + 2 * MIB);
#else
	(void)before;
#endif
	CHECK_INT(peer_end(&p), 0);
}

TEST(a_client_may_go_with_a_thousand_requests_under_way)
{
	enum { N = 1000 };
	static uint8_t requests[N * NBD_REQUEST_SIZE];
	static const uint16_t types[] = {NBD_CMD_READ, NBD_CMD_FLUSH, NBD_CMD_TRIM,
		NBD_CMD_WRITE_ZEROES, NBD_CMD_READ, NBD_CMD_CACHE};
	struct peer p;
	start(&p, 64 * MIB);
	fill(p.file, 0, 4 * MIB, 1);
	drop_from_memory(p.file);
	for (unsigned i = 0; i < N; i++) {
		uint16_t type = types[i % ARRAY_SIZE(types)];
		put_request(requests + i * NBD_REQUEST_SIZE, type, 0, i,
			type == NBD_CMD_FLUSH ? 0 : (uint64_t)i * 65536 % (63 * MIB),
			type == NBD_CMD_FLUSH ? 0 : 16384);
	}
	say(&p, requests, sizeof(requests));
	CHECK_INT(peer_end(&p), 0);
}

TEST(who_says_disc_gets_the_answers_that_are_due)
{
	enum { N = 200 };
	static uint8_t b[N * NBD_REQUEST_SIZE + NBD_REQUEST_SIZE];
	struct peer p;
	unsigned answered = 0;
	start(&p, 64 * MIB);
	for (unsigned i = 0; i < N; i++)
		put_request(b + i * NBD_REQUEST_SIZE, NBD_CMD_WRITE_ZEROES, 0, i,
			(uint64_t)i * 65536, 65536);
	put_request(b + N * NBD_REQUEST_SIZE, NBD_CMD_DISC, 0, 0, 0, 0);
	say(&p, b, sizeof(b));
	for (; answered < N; answered++)
		CHECK_INT(hear_simple(&p, NULL), 0);
	CHECK(hears_end(&p));
	CHECK_INT(peer_end(&p), 0);
}

TEST(holes_and_data_are_told_apart)
{
	struct peer p = {.file = test_file(8 * MIB)};
	uint8_t b[512], *q = b;
	fill(p.file, MIB, MIB, 1);
	CHECK_INT(fsync(p.file), 0);
	peer_serve(&p, usual, true);
	negotiate(&p, true);
	ask(&p, NBD_CMD_BLOCK_STATUS, 0, 0, 8 * MIB);
	hear(&p, b, NBD_CHUNK_SIZE);
	CHECK(nbd_get32(b) == NBD_STRUCTURED_REPLY_MAGIC);
	CHECK_INT(nbd_get16(b + 6), NBD_REPLY_TYPE_BLOCK_STATUS);
	uint32_t n = nbd_get32(b + 16);
	CHECK_INT(n, 4 + 3 * 8);
	hear(&p, b, n);
	static const uint32_t expected[] = {MIB, NBD_STATE_HOLE | NBD_STATE_ZERO, MIB, 0, 6 * MIB,
		NBD_STATE_HOLE | NBD_STATE_ZERO};
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		CHECK_INT(nbd_get32(q += 4), expected[i]);
	CHECK_INT(peer_end(&p), 0);
}

/* All chunks of the answer to a READ put together. Returns the error. */
static uint32_t hear_chunks(struct peer *p, uint64_t at, uint8_t *data, size_t size)
{
	uint8_t b[NBD_CHUNK_SIZE];
	uint32_t error = 0;
	for (bool done = false; !done;) {
		hear(p, b, sizeof(b));
		CHECK(nbd_get32(b) == NBD_STRUCTURED_REPLY_MAGIC);
		done = nbd_get16(b + 4) & NBD_REPLY_FLAG_DONE;
		uint32_t n = nbd_get32(b + 16);
		if (nbd_get16(b + 6) == NBD_REPLY_TYPE_OFFSET_DATA) {
			uint8_t offset[8];
			hear(p, offset, 8);
			uint64_t to = nbd_get64(offset) - at;
			CHECK(to <= size && n - 8 <= size - to);
			hear(p, data + to, n - 8);
			continue;
		}
		uint8_t rest[256];
		CHECK(nbd_get16(b + 6) & NBD_REPLY_TYPE_ERROR_BIT && n <= sizeof(rest));
		hear(p, rest, n);
		error = nbd_get32(rest);
	}
	return error;
}

TEST(structured_reads_may_come_in_pieces)
{
	enum { N = 6 * MIB };
	struct peer p = {.file = test_file(N + 5)};
	uint8_t *data = malloc(N), *there = malloc(N);
	fill(p.file, 0, N + 5, 1);
	peer_serve(&p, usual, true);
	negotiate(&p, true);
	for (unsigned i = 0; i < 2; i++) {
		ask(&p, NBD_CMD_READ, i ? NBD_CMD_FLAG_DF : 0, 5, N);
		CHECK_INT(hear_chunks(&p, 5, data, N), 0);
		CHECK_INT(pread(p.file, there, N, 5), N);
		CHECK(!memcmp(data, there, N));
	}
	CHECK_INT(ftruncate(p.file, 3 * MIB), 0);
	ask(&p, NBD_CMD_READ, 0, 5, N);
	CHECK_INT(hear_chunks(&p, 5, data, N), NBD_EINVAL);
	ask(&p, NBD_CMD_READ, 0, 0, 3 * MIB);
	CHECK_INT(hear_chunks(&p, 0, data, N), 0);
	free(data);
	free(there);
	CHECK_INT(peer_end(&p), 0);
}

TEST(a_directory_cannot_be_served)
{
	struct peer p = {.file = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	peer_serve(&p, usual, true);
	CHECK_INT(peer_end(&p), 1);
}

TEST(nothing_can_be_served_until_it_grows)
{
	struct peer p;
	uint8_t data[512] = {1};
	start(&p, 0);
	CHECK_INT(read_at(&p, 0, data, 512), NBD_EINVAL);
	CHECK_INT(write_at(&p, 0, 0, data, 512), NBD_ENOSPC);
	CHECK_INT(command(&p, NBD_CMD_FLUSH, 0, 0, 0), 0);
	CHECK_INT(ftruncate(p.file, 512), 0);
	CHECK_INT(write_at(&p, 0, 0, data, 512), 0);
	CHECK_INT(peer_end(&p), 0);
}

static size_t put_extended(
	uint8_t *p, uint16_t type, uint16_t flags, uint64_t cookie, uint64_t at, uint64_t n)
{
	uint8_t *q = nbd_put16(nbd_put16(nbd_put32(p, NBD_EXTENDED_REQUEST_MAGIC), flags), type);
	return (size_t)(nbd_put64(nbd_put64(nbd_put64(q, cookie), at), n) - p);
}

/* The head of a chunk: its payload's length. */
static uint64_t hear_extended(struct peer *p, uint16_t type, uint64_t cookie)
{
	uint8_t b[NBD_EXTENDED_CHUNK_SIZE];
	hear(p, b, sizeof(b));
	CHECK(nbd_get32(b) == NBD_EXTENDED_REPLY_MAGIC);
	CHECK_INT(nbd_get16(b + 4), NBD_REPLY_FLAG_DONE);
	CHECK_INT(nbd_get16(b + 6), type);
	CHECK_INT(nbd_get64(b + 8), cookie);
	return nbd_get64(b + 24);
}

TEST(lengths_may_have_64_bits)
{
	static const uint8_t go[6] = {}, allocation[] = "\0\0\0\0\0\0\0\1\0\0\0\17base:allocation";
	struct peer p = {.file = test_file((uint64_t)6 << 30)};
	uint8_t b[4096];
	uint32_t n, r;
	peer_serve(&p, usual, true);
	hear(&p, b, 18);
	nbd_put32(b, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
	say(&p, b, 4);
	say(&p, b, put_option(b, NBD_OPT_EXTENDED_HEADERS, NULL, 0));
	CHECK_INT(hear_option_reply(&p, b, &n), NBD_REP_ACK);
	say(&p, b, put_option(b, NBD_OPT_SET_META_CONTEXT, allocation, sizeof(allocation) - 1));
	CHECK_INT(hear_option_reply(&p, b, &n), NBD_REP_META_CONTEXT);
	CHECK_INT(hear_option_reply(&p, b, &n), NBD_REP_ACK);
	say(&p, b, put_option(b, NBD_OPT_GO, go, sizeof(go)));
	while ((r = hear_option_reply(&p, b, &n)) == NBD_REP_INFO)
		;
	CHECK_INT(r, NBD_REP_ACK);
	uint64_t past = ((uint64_t)5 << 30) + 7;
	size_t k = put_extended(b, NBD_CMD_WRITE, NBD_CMD_FLAG_PAYLOAD_LEN, 1, past, 3);
	memcpy(b + k, "abc", 3);
	say(&p, b, k + 3);
	CHECK_INT(hear_extended(&p, NBD_REPLY_TYPE_NONE, 1), 0);
	say(&p, b, put_extended(b, NBD_CMD_READ, 0, 2, past, 3));
	CHECK_INT(hear_extended(&p, NBD_REPLY_TYPE_OFFSET_DATA, 2), 8 + 3);
	hear(&p, b, 11);
	CHECK(!memcmp(b + 8, "abc", 3));
	say(&p, b, put_extended(b, NBD_CMD_WRITE_ZEROES, 0, 3, 0, (uint64_t)6 << 30));
	CHECK_INT(hear_extended(&p, NBD_REPLY_TYPE_NONE, 3), 0);
	/* Which contexts: the one there is; and then, one that nobody has told of. */
	for (uint32_t id = 1; id <= 2; id++) {
		k = put_extended(b, NBD_CMD_BLOCK_STATUS, NBD_CMD_FLAG_PAYLOAD_LEN, 3 + id, 0, 12);
		nbd_put32(nbd_put64(b + k, (uint64_t)6 << 30), id);
		say(&p, b, k + 12);
		uint64_t got = hear_extended(&p,
			id == 1 ? NBD_REPLY_TYPE_BLOCK_STATUS_EXT : NBD_REPLY_TYPE_ERROR, 3 + id);
		CHECK(got <= sizeof(b));
		hear(&p, b, got);
		if (id == 1)
			CHECK(nbd_get64(b + 8) == (uint64_t)6 << 30);
		else
			CHECK_INT(nbd_get32(b), NBD_EINVAL);
	}
	CHECK_INT(peer_end(&p), 0);
}

/* As many pages in pipes as the kernel lets a user have. Returns how many ends are open. */
static size_t use_up_pipes(int *fds, size_t max)
{
	size_t n = 0;
	while (n < max && !pipe2(fds + n, O_CLOEXEC)) {
		n += 2;
		if (fcntl(fds[n - 1], F_SETPIPE_SZ, 1 << 20) < 0 &&
			fcntl(fds[n - 1], F_SETPIPE_SZ, 64 << 10) < 0)
			break;
	}
	return n;
}

TEST(without_pipes_everything_is_copied)
{
	static uint8_t data[300000], there[sizeof(data)];
	struct peer p = {.file = test_file(4 * MIB)};
	int fds[600];
	if (geteuid() != 0)
		test_skip("needs another user, whom nobody else takes pipes from");
	fill(p.file, 0, 4 * MIB, 1);
	CHECK_INT(setresuid(54321, 54321, 54321), 0);
	size_t n = use_up_pipes(fds, ARRAY_SIZE(fds));
	peer_serve(&p, usual, true);
	negotiate(&p, false);
	CHECK(reads_as_file(&p, 4097, MIB));
	memset(data, 9, sizeof(data));
	CHECK_INT(write_at(&p, 0, 5, data, sizeof(data)), 0);
	CHECK_INT(write_at(&p, 0, MIB, data, sizeof(data)), 0);
	CHECK_INT(pread(p.file, there, sizeof(there), MIB), sizeof(there));
	CHECK(!memcmp(data, there, sizeof(data)));
	CHECK(reads_as_file(&p, 1, MIB));
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	CHECK_INT(peer_end(&p), 0);
}

TEST(many_connections_to_one_file_see_what_each_wrote)
{
	enum { N = 40 };
	static struct peer peers[N];
	int file = test_file(MIB);
	uint8_t c;
	for (unsigned i = 0; i < N; i++) {
		char path[40];
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
		peers[i].file = open(path, O_RDWR | O_CLOEXEC);
		peer_serve(&peers[i], usual, i % 8 == 0);
		negotiate(&peers[i], false);
	}
	for (unsigned i = 0; i < N; i++)
		CHECK_INT(write_at(&peers[i], 0, i, &(uint8_t){(uint8_t)(i + 1)}, 1), 0);
	CHECK_INT(command(&peers[0], NBD_CMD_FLUSH, 0, 0, 0), 0);
	for (unsigned i = 0; i < N; i++) {
		CHECK_INT(read_at(&peers[i], N - 1 - i, &c, 1), 0);
		CHECK_INT(c, N - i);
	}
	for (unsigned i = 0; i < N; i++)
		CHECK_INT(peer_end(&peers[i]), 0);
	close(file);
}
