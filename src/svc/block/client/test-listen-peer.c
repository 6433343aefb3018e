/* SPDX-License-Identifier: MIT */
/* Clients of --listen: their limits, their bad manners, and that they do not harm one another. */
#include "svc/block/client/listen-peer.h"
#include "svc/block/client/test-client.h"

static void begin(struct world *w)
{
	listen_world(w, NULL);
	give_server(w, "boot");
	hear_word(w, BLOCK_ATTACHED);
}

static struct block_stats stats(struct world *w)
{
	tell(w, BLOCK_STATS, 0);
	return hear_word(w, BLOCK_STATS).stats;
}

/* Until the worker has noticed what was done to its clients. */
static void wait_for_clients(struct world *w, uint64_t n)
{
	while (stats(w).clients != n)
		sched_yield();
}

TEST(another_client_reads_what_one_has_written)
{
	struct world w;
	uint8_t b[BLOCK];
	uint16_t flags;
	begin(&w);
	int a = dial(&w), c = dial(&w);
	CHECK_INT(peer_hello(a, &flags), DISK);
	CHECK_INT(peer_hello(c, NULL), DISK);
	CHECK(flags & NBD_FLAG_CAN_MULTI_CONN);
	memset(b, 'w', BLOCK);
	CHECK_INT(peer_do(a, NBD_CMD_WRITE, BLOCK, b, BLOCK), 0);
	memset(b, 0, BLOCK);
	CHECK_INT(peer_do(c, NBD_CMD_READ, BLOCK, b, BLOCK), 0);
	CHECK(b[0] == 'w' && b[BLOCK - 1] == 'w');
	/* Flushed by one, flushed for all. */
	CHECK_INT(peer_do(c, NBD_CMD_FLUSH, 0, NULL, 0), 0);
	CHECK_INT(w.s->stable[BLOCK], 'w');
	close(a);
	close(c);
	world_end(&w);
}

TEST(errors_of_the_server_are_passed_on)
{
	static const struct {
		int error;
		uint32_t reply;
	} rows[] = {{EIO, NBD_EIO}, {ENOSPC, NBD_ENOSPC}, {EPERM, NBD_EPERM}, {ENOMEM, NBD_ENOMEM}};
	struct world w;
	uint8_t b[BLOCK] = {};
	begin(&w);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		w.s->fail = rows[i].error;
		CHECK_INT(peer_do(s, NBD_CMD_WRITE, 0, b, BLOCK), rows[i].reply);
		w.s->fail = rows[i].error;
		CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), rows[i].reply);
	}
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), 0);
	close(s);
	world_end(&w);
}

TEST(requests_past_the_end_and_of_no_kind_are_refused)
{
	struct world w;
	uint8_t b[BLOCK] = {};
	begin(&w);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	CHECK_INT(peer_do(s, NBD_CMD_READ, DISK, b, BLOCK), NBD_EINVAL);
	CHECK_INT(peer_do(s, NBD_CMD_READ, UINT64_MAX - 100, b, BLOCK), NBD_EINVAL);
	/* Its data is read to the end, and not taken for requests. */
	CHECK_INT(peer_do(s, NBD_CMD_WRITE, DISK - 512, b, BLOCK), NBD_ENOSPC);
	peer_ask(s, (enum nbd_command)77, 1, 0, 0);
	CHECK_INT(peer_reply(s, NULL), NBD_EINVAL);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, 0), NBD_EINVAL);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), 0);
	close(s);
	world_end(&w);
}

/* More than it may have under way, all asked before the first reply is read. */
TEST(a_flood_of_requests_is_answered_to_the_last)
{
	enum { N = 1000 };
	struct world w;
	static uint8_t b[512];
	bool seen[N] = {};
	begin(&w);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	w.s->stall = 1;
	pid_t asker = fork();
	if (asker == 0) {
		for (uint64_t i = 0; i < N; i++)
			peer_ask(s, NBD_CMD_READ, i, i * 512, 512);
		_exit(0);
	}
	while (stats(&w).waiting < PEER_REQUESTS_MAX)
		sched_yield();
	CHECK_INT(stats(&w).waiting, PEER_REQUESTS_MAX);
	w.s->stall = 0;
	for (int i = 0; i < N; i++) {
		uint64_t cookie;
		CHECK_INT(peer_reply(s, &cookie), 0);
		CHECK(cookie < N && !seen[cookie]);
		seen[cookie] = true;
		CHECK(read_all(s, b, sizeof(b)));
	}
	CHECK_INT(waitpid(asker, NULL, 0), asker);
	close(s);
	world_end(&w);
}

TEST(a_client_that_does_not_read_keeps_nobody_waiting)
{
	struct world w;
	static uint8_t b[DISK];
	begin(&w);
	int greedy = dial(&w), s = dial(&w);
	CHECK_INT(peer_hello(greedy, NULL), DISK);
	CHECK_INT(peer_hello(s, NULL), DISK);
	for (int i = 0; i < 60; i++)
		peer_ask(greedy, NBD_CMD_READ, 0, 0, DISK);
	for (int i = 0; i < 20; i++)
		CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, DISK), 0);
	close(greedy);
	wait_for_clients(&w, 1);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, DISK), 0);
	close(s);
	world_end(&w);
}

TEST(half_a_write_is_no_write)
{
	struct world w;
	uint8_t b[BLOCK];
	begin(&w);
	int half = dial(&w), s = dial(&w);
	CHECK_INT(peer_hello(half, NULL), DISK);
	CHECK_INT(peer_hello(s, NULL), DISK);
	memset(b, 'h', BLOCK);
	peer_ask(half, NBD_CMD_WRITE, 1, 0, 16 * BLOCK);
	for (int i = 0; i < 8; i++)
		CHECK(write_all(half, b, BLOCK));
	close(half);
	wait_for_clients(&w, 1);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), 0);
	CHECK(b[0] == 0 && w.s->disk[0] == 0);
	close(s);
	world_end(&w);
}

/* The operations go on without it; nobody gets what they come to. */
TEST(a_client_that_goes_while_requests_wait_leaves_nothing)
{
	struct world w;
	uint8_t b[BLOCK];
	begin(&w);
	server_kill(&w);
	hear_word(&w, BLOCK_LOST_CONNECTION);
	for (int i = 0; i < 3; i++) {
		int gone = dial(&w);
		CHECK_INT(peer_hello(gone, NULL), DISK);
		peer_ask(gone, NBD_CMD_READ, 1, 0, BLOCK);
		peer_ask(gone, NBD_CMD_FLUSH, 2, 0, 0);
		peer_ask(gone, NBD_CMD_WRITE, 3, 0, BLOCK);
		memset(b, 'g', BLOCK);
		CHECK(write_all(gone, b, BLOCK));
		while (stats(&w).waiting < 3u * ((unsigned)i + 1))
			sched_yield();
		close(gone);
		wait_for_clients(&w, 0);
	}
	give_server(&w, "boot");
	hear_word(&w, BLOCK_RECOVERED);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), 0);
	CHECK_INT(b[0], 'g');
	CHECK_INT(stats(&w).waiting, 0);
	close(s);
	world_end(&w);
}

TEST(more_clients_than_there_may_be_wait_their_turn)
{
	struct world w;
	uint8_t b[BLOCK];
	int s[PEERS_MAX + 2];
	begin(&w);
	for (int i = 0; i < PEERS_MAX + 2; i++)
		s[i] = dial(&w);
	for (int i = 0; i < PEERS_MAX; i++)
		CHECK_INT(peer_hello(s[i], NULL), DISK);
	CHECK_INT(stats(&w).clients, PEERS_MAX);
	struct pollfd p = {.fd = s[PEERS_MAX], .events = POLLIN};
	CHECK_INT(poll(&p, 1, 0), 0);
	close(s[0]);
	close(s[1]);
	for (int i = PEERS_MAX; i < PEERS_MAX + 2; i++) {
		CHECK_INT(peer_hello(s[i], NULL), DISK);
		CHECK_INT(peer_do(s[i], NBD_CMD_READ, 0, b, BLOCK), 0);
	}
	for (int i = 2; i < PEERS_MAX + 2; i++)
		close(s[i]);
	world_end(&w);
}

TEST(garbage_ends_a_client_and_nobody_else)
{
	struct world w;
	uint8_t b[BLOCK];
	begin(&w);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	unsigned seed = 1;
	for (int i = 0; i < 100; i++) {
		int bad = dial(&w);
		if (i % 2)
			CHECK_INT(peer_hello(bad, NULL), DISK);
		for (size_t k = 0; k < sizeof(b); k++)
			b[k] = (uint8_t)rand_r(&seed);
		(void)write_all(bad, b, sizeof(b));
		(void)shutdown(bad, SHUT_WR);
		while (read(bad, b, sizeof(b)) > 0)
			;
		close(bad);
	}
	wait_for_clients(&w, 1);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), 0);
	close(s);
	world_end(&w);
}

/* Requests in any pieces: one byte at a time, or headers and data across the pieces. */
TEST(requests_may_come_in_any_pieces)
{
	struct world w;
	static uint8_t b[4 * (NBD_REQUEST_SIZE + 3072)], got[3072];
	begin(&w);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	for (size_t piece = 1; piece < 4000; piece = piece * 3 + 1) {
		uint8_t *p = b;
		for (uint64_t i = 0; i < 4; i++) {
			p = put(p, NBD_REQUEST_MAGIC, 4);
			p = put(put(p, 0, 2), NBD_CMD_WRITE, 2);
			p = put(put(put(p, i, 8), i * 4096, 8), 3072, 4);
			memset(p, (int)(piece + i), 3072);
			p += 3072;
		}
		for (size_t k = 0; k < sizeof(b); k += piece)
			CHECK(write_all(s, b + k, MIN(piece, sizeof(b) - k)));
		for (int i = 0; i < 4; i++)
			CHECK_INT(peer_reply(s, NULL), 0);
		for (uint64_t i = 0; i < 4; i++) {
			CHECK_INT(peer_do(s, NBD_CMD_READ, i * 4096, got, sizeof(got)), 0);
			CHECK(got[0] == (uint8_t)(piece + i) && got[3071] == (uint8_t)(piece + i));
		}
	}
	close(s);
	world_end(&w);
}

TEST(disconnecting_is_answered_by_the_end_after_all_replies)
{
	struct world w;
	uint8_t b[BLOCK];
	begin(&w);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	peer_ask(s, NBD_CMD_READ, 1, 0, BLOCK);
	peer_ask(s, NBD_CMD_DISC, 2, 0, 0);
	CHECK_INT(peer_reply(s, NULL), 0);
	CHECK(read_all(s, b, BLOCK));
	CHECK_INT(read(s, b, 1), 0);
	close(s);
	world_end(&w);
}
