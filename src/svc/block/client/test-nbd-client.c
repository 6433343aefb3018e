/* SPDX-License-Identifier: MIT */
/* The worker and its keeper: connections that are lost, refused, over; words; --negotiate. */
#include "svc/block/client/test-client.h"

static void fill(uint8_t *p, int value)
{
	memset(p, value, BLOCK);
}

static bool is_all(const uint8_t *p, int value)
{
	for (size_t i = 0; i < BLOCK; i++)
		if (p[i] != value)
			return false;
	return true;
}

TEST(requests_wait_for_the_first_connection_and_for_the_next)
{
	struct world w;
	uint8_t b[BLOCK];
	listen_world(&w, NULL);
	give_server(&w, "boot");
	CHECK_INT(hear_word(&w, BLOCK_ATTACHED).export.size, DISK);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	server_kill(&w);
	CHECK_INT(hear_word(&w, BLOCK_LOST_CONNECTION).error, 0);
	peer_ask(s, NBD_CMD_READ, 7, 0, BLOCK);
	fill(w.s->disk, 'r');
	give_server(&w, "boot");
	CHECK_INT(hear_word(&w, BLOCK_RECOVERED).export.size, DISK);
	CHECK_INT(peer_reply(s, NULL), 0);
	CHECK(read_all(s, b, BLOCK) && is_all(b, 'r'));
	close(s);
	world_end(&w);
}

/* A keeper that gets the worker another server whenever one has died, until told to end. */
static pid_t keeper_new(struct world *w)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	for (;;) {
		struct block_message m;
		int fd;
		struct pollfd p = {.fd = w->control, .events = POLLIN};
		if (poll(&p, 1, -1) != 1 || block_message_recv(w->control, &m, &fd) != 1)
			_exit(0);
		if (m.type != BLOCK_LOST_CONNECTION)
			continue;
		w->server = 0; /* the first is not its child */
		signal(SIGCHLD, SIG_IGN);
		give_server(w, "boot");
	}
}

static void keeper_end(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

/* What a program does to a disk: each step is answered without an error, and afterwards all is as
 * it should be, whatever becomes of the servers. */
static void use(struct world *w, int s)
{
	static uint8_t b[16 * BLOCK];
	for (int i = 0; i < 4; i++) {
		memset(b, 'a' + i, sizeof(b));
		CHECK_INT(peer_do(s, NBD_CMD_WRITE, (uint64_t)i * 2 * BLOCK, b, 2 * BLOCK), 0);
	}
	CHECK_INT(peer_do(s, NBD_CMD_FLUSH, 0, NULL, 0), 0);
	fill(b, 'x');
	CHECK_INT(peer_do(s, NBD_CMD_WRITE, BLOCK, b, BLOCK), 0);
	CHECK_INT(peer_do(s, NBD_CMD_WRITE_ZEROES, 2 * BLOCK, NULL, BLOCK), 0);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, 8 * BLOCK), 0);
	const char want[8] = {'a', 'x', 0, 'b', 'c', 'c', 'd', 'd'};
	for (int i = 0; i < 8; i++)
		CHECK(is_all(b + i * BLOCK, want[i]) && is_all(w->s->disk + i * BLOCK, want[i]));
}

enum { STEPS = 8 };

static void use_while_servers_die(enum death how)
{
	for (int at = 1; at <= STEPS; at++) {
		struct world w;
		listen_world(&w, NULL);
		w.s->dies_at = at;
		w.s->death = how;
		give_server(&w, "boot");
		hear_word(&w, BLOCK_ATTACHED);
		pid_t keeper = keeper_new(&w);
		int s = dial(&w);
		CHECK_INT(peer_hello(s, NULL), DISK);
		use(&w, s);
		CHECK(w.s->requests > STEPS); /* one was asked twice */
		close(s);
		keeper_end(keeper);
		world_end(&w);
	}
}

TEST(a_server_that_dies_before_any_request_is_not_noticed)
{
	use_while_servers_die(DIES_BEFORE);
}

TEST(a_server_that_dies_after_any_request_is_not_noticed)
{
	use_while_servers_die(DIES_DONE);
}

TEST(a_server_that_dies_in_the_middle_of_any_reply_is_not_noticed)
{
	use_while_servers_die(DIES_IN_REPLY);
}

TEST(what_a_rebooted_machine_has_lost_is_written_again)
{
	struct world w;
	uint8_t b[BLOCK];
	listen_world(&w, NULL);
	give_server(&w, "one boot");
	hear_word(&w, BLOCK_ATTACHED);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	fill(b, '1');
	CHECK_INT(peer_do(s, NBD_CMD_WRITE, 0, b, BLOCK), 0);
	CHECK_INT(peer_do(s, NBD_CMD_FLUSH, 0, NULL, 0), 0);
	fill(b, '2');
	CHECK_INT(peer_do(s, NBD_CMD_WRITE, 0, b, BLOCK), 0);
	CHECK_INT(peer_do(s, NBD_CMD_WRITE, BLOCK, b, BLOCK), 0);
	server_kill(&w);
	hear_word(&w, BLOCK_LOST_CONNECTION);
	memcpy(w.s->disk, w.s->stable, sizeof(w.s->disk));
	CHECK(is_all(w.s->disk, '1') && is_all(w.s->disk + BLOCK, 0));
	give_server(&w, "another");
	hear_word(&w, BLOCK_RECOVERED);
	CHECK_INT(peer_do(s, NBD_CMD_READ, BLOCK, b, BLOCK), 0);
	CHECK(is_all(b, '2') && is_all(w.s->disk, '2'));
	close(s);
	world_end(&w);
}

TEST(an_export_that_is_another_one_is_refused)
{
	struct world w;
	uint8_t b[BLOCK];
	listen_world(&w, NULL);
	give_server(&w, "boot");
	hear_word(&w, BLOCK_ATTACHED);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	server_kill(&w);
	hear_word(&w, BLOCK_LOST_CONNECTION);
	w.s->size = DISK / 2;
	give_server(&w, "boot");
	CHECK(hear_word(&w, BLOCK_REFUSED).error > 0);
	w.s->size = DISK;
	give_server(&w, "boot");
	hear_word(&w, BLOCK_RECOVERED);
	CHECK_INT(peer_do(s, NBD_CMD_READ, DISK - BLOCK, b, BLOCK), 0);
	close(s);
	world_end(&w);
}

TEST(what_speaks_no_nbd_is_told_of)
{
	struct world w;
	int pair[2];
	listen_world(&w, NULL);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_INT(block_connection_send(w.control, pair[0], NULL, 0), 0);
	close(pair[0]);
	CHECK(write_all(pair[1], "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", 30));
	struct block_message m = hear(&w);
	CHECK(m.type == BLOCK_REFUSED || m.type == BLOCK_LOST_CONNECTION);
	CHECK(*m.text);
	close(pair[1]);
	give_server(&w, "boot");
	hear_word(&w, BLOCK_ATTACHED);
	world_end(&w);
}

TEST(a_newer_connection_takes_the_place_of_the_last)
{
	struct world w;
	uint8_t b[BLOCK];
	listen_world(&w, NULL);
	give_server(&w, "boot");
	hear_word(&w, BLOCK_ATTACHED);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	pid_t old = w.server;
	w.server = 0;
	give_server(&w, "boot");
	hear_word(&w, BLOCK_RECOVERED);
	CHECK_INT(waitpid(old, NULL, 0), old);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), 0);
	close(s);
	world_end(&w);
}

TEST(over_fails_what_waits_and_what_comes)
{
	struct world w;
	uint8_t b[BLOCK];
	listen_world(&w, NULL);
	give_server(&w, "boot");
	hear_word(&w, BLOCK_ATTACHED);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	server_kill(&w);
	hear_word(&w, BLOCK_LOST_CONNECTION);
	peer_ask(s, NBD_CMD_READ, 1, 0, BLOCK);
	tell(&w, BLOCK_OVER, EIO);
	CHECK_INT(peer_reply(s, NULL), NBD_EIO);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), NBD_EIO);
	close(s);
	int late = dial(&w);
	CHECK(!read_all(late, b, 1));
	close(late);
	world_end(&w);
}

TEST(with_a_timeout_requests_fail_until_there_is_a_server_again)
{
	struct world w;
	uint8_t b[BLOCK];
	listen_world(&w, "--timeout=1");
	give_server(&w, "boot");
	hear_word(&w, BLOCK_ATTACHED);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	fill(b, 'k');
	CHECK_INT(peer_do(s, NBD_CMD_WRITE, 0, b, BLOCK), 0);
	server_kill(&w);
	hear_word(&w, BLOCK_LOST_CONNECTION);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), NBD_EIO);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), NBD_EIO);
	/* What was acknowledged is not forgotten. */
	memset(w.s->disk, 0, BLOCK);
	give_server(&w, "another");
	hear_word(&w, BLOCK_RECOVERED);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), 0);
	CHECK(is_all(b, 'k'));
	close(s);
	world_end(&w);
}

TEST(flush_and_stats_are_answered)
{
	struct world w;
	uint8_t b[BLOCK];
	listen_world(&w, NULL);
	give_server(&w, "boot");
	hear_word(&w, BLOCK_ATTACHED);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	fill(b, 'f');
	CHECK_INT(peer_do(s, NBD_CMD_WRITE, 0, b, BLOCK), 0);
	tell(&w, BLOCK_STATS, 0);
	struct block_message m = hear_word(&w, BLOCK_STATS);
	CHECK_INT(m.stats.connections, 1);
	CHECK_INT(m.stats.clients, 1);
	CHECK_INT(m.stats.bytes_written, BLOCK);
	CHECK_INT(m.stats.retained, BLOCK);
	CHECK(is_all(w.s->stable, 0));
	tell(&w, BLOCK_FLUSH, 0);
	tell(&w, BLOCK_FLUSH, 0);
	CHECK_INT(hear_word(&w, BLOCK_FLUSHED).error, 0);
	CHECK(is_all(w.s->stable, 'f'));
	CHECK_INT(hear_word(&w, BLOCK_FLUSHED).error, 0);
	w.s->fail = EIO;
	tell(&w, BLOCK_FLUSH, 0);
	CHECK_INT(hear_word(&w, BLOCK_FLUSHED).error, EIO);
	/* Nor is whoever wrote it left in the belief that it is on the disk. */
	CHECK_INT(peer_do(s, NBD_CMD_FLUSH, 0, NULL, 0), NBD_EIO);
	CHECK_INT(peer_do(s, NBD_CMD_FLUSH, 0, NULL, 0), 0);
	close(s);
	world_end(&w);
}

TEST(a_new_size_holds_for_old_and_new_clients)
{
	struct world w;
	uint8_t b[BLOCK];
	struct block_message m = {.type = BLOCK_RESIZE, .size = 2 * DISK};
	listen_world(&w, NULL);
	give_server(&w, "boot");
	hear_word(&w, BLOCK_ATTACHED);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK);
	CHECK_INT(peer_do(s, NBD_CMD_READ, DISK, b, BLOCK), NBD_EINVAL);
	w.s->size = 2 * DISK;
	server_kill(&w);
	hear_word(&w, BLOCK_LOST_CONNECTION);
	give_server(&w, "boot");
	CHECK_INT(hear_word(&w, BLOCK_RECOVERED).export.size, 2 * DISK);
	CHECK_INT(peer_do(s, NBD_CMD_READ, DISK, b, BLOCK), 0);
	m.size = UINT64_MAX; /* nonsense: nothing changes */
	CHECK_INT(block_message_send(w.control, &m, -EBADF), 0);
	CHECK_INT(peer_do(s, NBD_CMD_READ, DISK, b, BLOCK), 0);
	m.size = DISK / 2;
	CHECK_INT(block_message_send(w.control, &m, -EBADF), 0);
	tell(&w, BLOCK_STATS, 0);
	hear_word(&w, BLOCK_STATS);
	CHECK_INT(peer_do(s, NBD_CMD_READ, DISK / 2, b, BLOCK), NBD_EINVAL);
	CHECK_INT(peer_do(s, NBD_CMD_READ, DISK / 2 - BLOCK, b, BLOCK), 0);
	close(s);
	s = dial(&w);
	CHECK_INT(peer_hello(s, NULL), DISK / 2);
	close(s);
	world_end(&w);
}

TEST(a_read_only_worker_lets_nobody_write)
{
	struct world w;
	uint8_t b[BLOCK] = {};
	uint16_t flags;
	listen_world(&w, "--read-only");
	give_server(&w, "boot");
	CHECK(hear_word(&w, BLOCK_ATTACHED).export.flags & NBD_FLAG_READ_ONLY);
	int s = dial(&w);
	CHECK_INT(peer_hello(s, &flags), DISK);
	CHECK(flags & NBD_FLAG_READ_ONLY);
	CHECK_INT(peer_do(s, NBD_CMD_WRITE, 0, b, BLOCK), NBD_EPERM);
	CHECK_INT(peer_do(s, NBD_CMD_READ, 0, b, BLOCK), 0);
	close(s);
	world_end(&w);
}

/* Whoever gets the socket goes on where the negotiation has ended. */
TEST(a_negotiated_connection_can_be_used_by_another)
{
	struct world w;
	uint8_t b[BLOCK];
	char *args[] = {(char[]){"--negotiate"}, NULL};
	world_init(&w);
	worker_new(&w, -EBADF, args);
	for (int i = 0; i < 2; i++) {
		int fd = server_new(&w);
		CHECK_INT(block_connection_send(w.control, fd, "boot", 4), 0);
		CHECK_INT(hear_word(&w, BLOCK_ATTACHED).export.size, DISK);
		fill(w.s->disk, 'n' + i);
		CHECK_INT(peer_do(fd, NBD_CMD_READ, 0, b, BLOCK), 0);
		CHECK(is_all(b, 'n' + i));
		close(fd);
	}
	world_end(&w);
}

TEST(wrong_options_are_refused)
{
	struct world w;
	char *both[] = {(char[]){"--listen"}, (char[]){"--fuse"}, NULL}, *none[] = {NULL};
	for (int i = 0; i < 2; i++) {
		world_init(&w);
		worker_new(&w, -EBADF, i ? both : none);
		CHECK_INT(worker_status(&w), 2 << 8);
		world_end(&w);
	}
}
