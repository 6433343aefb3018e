/* SPDX-License-Identifier: MIT */
/* Pairs of Unix sockets; what the tests hold are the far ends. */
#include "sys/pump.h"
#include "base/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { PAIRS = 400, STEP_MS = 5000 };

struct world {
	struct pump *pump;
	int far[PAIRS][2];
	unsigned ended[PAIRS];
	int error[PAIRS];
	uint64_t bytes[PAIRS][2];
};

static void on_ended(void *user, uint32_t id, int error, const uint64_t bytes[2])
{
	struct world *w = user;
	w->ended[id]++;
	w->error[id] = error;
	memcpy(w->bytes[id], bytes, sizeof(w->bytes[id]));
}

static void up(struct world *w, unsigned pipes_max)
{
	signal(SIGPIPE, SIG_IGN);
	*w = (struct world){};
	CHECK_INT(pump_new(pipes_max, on_ended, w, &w->pump), 0);
	for (int i = 0; i < PAIRS; i++)
		w->far[i][0] = w->far[i][1] = -EBADF;
}

static void down(struct world *w)
{
	pump_free(w->pump);
	for (int i = 0; i < PAIRS; i++) {
		fd_close(w->far[i][0]);
		fd_close(w->far[i][1]);
	}
}

static void add(struct world *w, uint32_t id)
{
	int near[2];
	for (int i = 0; i < 2; i++) {
		int sv[2];
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
		w->far[id][i] = sv[0];
		near[i] = sv[1];
		CHECK_INT(fcntl(sv[0], F_SETFL, O_NONBLOCK), 0);
	}
	CHECK_INT(pump_add(w->pump, id, near[0], near[1]), 0);
}

/* Steps until something has come; what. */
static ssize_t get(struct world *w, uint32_t id, int end, void *buf, size_t size)
{
	for (;;) {
		ssize_t n = recv(w->far[id][end], buf, size, 0);
		if (n >= 0 || errno != EAGAIN)
			return n < 0 ? -errno : n;
		CHECK(pump_step(w->pump, STEP_MS) >= 0);
	}
}

static void expect(struct world *w, uint32_t id, int end, const char *text)
{
	char buf[64];
	size_t have = 0;
	while (have < strlen(text)) {
		ssize_t n = get(w, id, end, buf + have, sizeof(buf) - have);
		CHECK(n > 0);
		have += (size_t)n;
	}
	CHECK(have == strlen(text) && !memcmp(buf, text, have));
}

static void put(struct world *w, uint32_t id, int end, const char *text)
{
	CHECK_INT(send(w->far[id][end], text, strlen(text), 0), (int)strlen(text));
}

static void wait_ended(struct world *w, uint32_t id)
{
	while (!w->ended[id])
		CHECK(pump_step(w->pump, STEP_MS) >= 0);
}

static uint8_t pattern(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 11));
}

/* As much as the sockets and the pump take, then all of it read back. */
static void pass_much(struct world *w, uint32_t id, int from)
{
	enum { TOTAL = 3 << 20 };
	static uint8_t buf[96 << 10];
	uint64_t sent = 0, got = 0;
	while (got < TOTAL) {
		size_t n = MIN(sizeof(buf), TOTAL - sent);
		for (size_t i = 0; i < n; i++)
			buf[i] = pattern(sent + i);
		ssize_t s = n ? send(w->far[id][from], buf, n, 0) : 0;
		sent += s > 0 ? (uint64_t)s : 0;
		CHECK(pump_step(w->pump, 0) >= 0);
		if (s > 0)
			continue; /* the sink does not read as long as the source can send */
		ssize_t r = get(w, id, !from, buf, sizeof(buf));
		CHECK(r > 0);
		for (ssize_t i = 0; i < r; i++)
			CHECK_INT(buf[i], pattern(got + (uint64_t)i));
		got += (uint64_t)r;
	}
}

static void bytes_and_half_close(unsigned pipes_max)
{
	struct world w;
	char byte;
	up(&w, pipes_max);
	add(&w, 7);
	put(&w, 7, 0, "there");
	expect(&w, 7, 1, "there");
	put(&w, 7, 1, "and back");
	expect(&w, 7, 0, "and back");
	pass_much(&w, 7, 0);
	pass_much(&w, 7, 1);
	put(&w, 7, 0, "last");
	CHECK_INT(shutdown(w.far[7][0], SHUT_WR), 0);
	expect(&w, 7, 1, "last");
	CHECK_INT(get(&w, 7, 1, &byte, 1), 0);
	CHECK_INT(w.ended[7], 0);
	put(&w, 7, 1, "still");
	expect(&w, 7, 0, "still");
	CHECK_INT(shutdown(w.far[7][1], SHUT_WR), 0);
	CHECK_INT(get(&w, 7, 0, &byte, 1), 0);
	wait_ended(&w, 7);
	CHECK_INT(w.error[7], 0);
	CHECK_INT(w.bytes[7][0], (3 << 20) + 9);
	CHECK_INT(w.bytes[7][1], (3 << 20) + 13);
	CHECK_INT(pump_pairs(w.pump), 0);
	down(&w);
}

TEST(bytes_pass_both_ways_and_half_close_is_kept)
{
	bytes_and_half_close(PUMP_PIPES_MAX);
}

TEST(without_a_pipe_it_is_the_same)
{
	bytes_and_half_close(0);
}

/* Fills what is between the sender and a sink that does not read. */
static void stuff(struct world *w, uint32_t id)
{
	static char junk[64 << 10];
	for (int idle = 0; idle < 3;) {
		ssize_t n = send(w->far[id][0], junk, sizeof(junk), 0);
		idle = n > 0 ? 0 : idle + 1;
		CHECK(pump_step(w->pump, 0) >= 0);
	}
}

TEST(those_who_do_not_read_hold_up_nobody)
{
	enum { STUCK = 8 };
	struct world w;
	up(&w, STUCK / 2); /* half of the stuck ones have pipes, and nobody else */
	for (uint32_t id = 0; id < STUCK; id++) {
		add(&w, id);
		stuff(&w, id);
	}
	add(&w, STUCK);
	put(&w, STUCK, 0, "through");
	expect(&w, STUCK, 1, "through");
	pass_much(&w, STUCK, 1);
	CHECK_INT(pump_step(w.pump, 0), 0); /* and nobody spins */
	down(&w);
}

TEST(a_busy_pair_leaves_others_their_turn)
{
	struct world w;
	static char junk[64 << 10];
	up(&w, PUMP_PIPES_MAX);
	add(&w, 0);
	add(&w, 1);
	put(&w, 1, 0, "me too");
	for (int i = 0; i < 8; i++) { /* a few steps: as long as the busy one is never idle */
		(void)!send(w.far[0][0], junk, sizeof(junk), 0);
		CHECK(pump_step(w.pump, 0) >= 0);
		(void)!recv(w.far[0][1], junk, sizeof(junk), 0);
	}
	char buf[8];
	CHECK_INT(recv(w.far[1][1], buf, sizeof(buf), 0), 6);
	down(&w);
}

TEST(a_cut_closes_both_at_once)
{
	struct world w;
	char byte;
	up(&w, PUMP_PIPES_MAX);
	add(&w, 3);
	stuff(&w, 3);
	int copy = fcntl(w.far[3][0], F_DUPFD_CLOEXEC, 3);
	CHECK_INT(pump_cut(w.pump, 3), 0);
	CHECK(w.ended[3] == 1 && w.error[3] == -ECANCELED);
	CHECK_INT(send(copy, "x", 1, 0), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(pump_cut(w.pump, 3), -ENOENT);
	CHECK_INT(pump_cut(w.pump, PUMP_PAIRS_MAX), -ENOENT);
	(void)!recv(copy, &byte, 1, 0);
	close(copy);
	down(&w);
}

/* A far end can have a copy of the near one, which stays as it is: not even its end is told of who
 * has the number next. */
TEST(a_number_is_not_haunted_by_who_had_it_before)
{
	struct world w;
	int sv[2][2], copies[2];
	up(&w, PUMP_PIPES_MAX);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv[i]), 0);
		copies[i] = fcntl(sv[i][1], F_DUPFD_CLOEXEC, 3);
	}
	CHECK_INT(pump_add(w.pump, 3, sv[0][1], sv[1][1]), 0);
	while (pump_step(w.pump, 0) || pump_cut(w.pump, 3) < 0) /* it has its turn before */
		;
	add(&w, 3);
	for (int i = 0; i < 2; i++)
		fd_close(sv[i][0]);
	put(&w, 3, 0, "there");
	expect(&w, 3, 1, "there");
	CHECK_INT(pump_step(w.pump, 0), 0);
	put(&w, 3, 1, "and back");
	expect(&w, 3, 0, "and back");
	CHECK_INT(w.ended[3], 1); /* the one before */
	for (int i = 0; i < 2; i++)
		fd_close(copies[i]);
	down(&w);
}

TEST(one_side_gone_is_the_end_of_the_other)
{
	struct world w;
	char byte;
	up(&w, PUMP_PIPES_MAX);
	for (uint32_t id = 0; id < 2; id++) {
		add(&w, id);
		if (id)
			stuff(&w, id); /* and cannot be rid of it any more */
		else
			put(&w, id, 1, "last words");
		w.far[id][1] = fd_close(w.far[id][1]);
		if (!id)
			expect(&w, id, 0, "last words");
		wait_ended(&w, id);
		CHECK_INT(w.error[id], 0);
		ssize_t r = recv(w.far[id][0], &byte, 1, 0);
		CHECK(r == 0 || (r < 0 && errno == ECONNRESET));
	}
	down(&w);
}

TEST(numbers_are_checked_and_what_is_no_socket_is_refused)
{
	struct world w;
	int sv[2];
	up(&w, PUMP_PIPES_MAX);
	add(&w, 5);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	CHECK_INT(pump_add(w.pump, 5, sv[0], sv[1]), -EEXIST); /* takes them */
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	CHECK_INT(pump_add(w.pump, PUMP_PAIRS_MAX, sv[0], sv[1]), -EINVAL);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	close(sv[1]);
	CHECK_INT(pump_add(w.pump, 6, sv[0], open("/dev/null", O_RDWR | O_CLOEXEC)), -ENOTSOCK);
	CHECK_INT(pump_pairs(w.pump), 1);
	down(&w);
}

/* Not all events fit into one step. */
static int watched(struct world *w)
{
	int r = 0;
	for (int i = 0; i < PAIRS && r == 0; i++)
		r = pump_step(w->pump, STEP_MS);
	return r;
}

TEST(many_pairs_and_the_watched_descriptor)
{
	struct world w;
	int sv[2];
	up(&w, PUMP_PIPES_MAX);
	for (uint32_t id = 0; id < PAIRS; id++)
		add(&w, id);
	for (int round = 0; round < 3; round++) {
		for (uint32_t id = 0; id < PAIRS; id++)
			put(&w, id, round & 1, "hello");
		for (uint32_t id = 0; id < PAIRS; id++)
			expect(&w, id, !(round & 1), "hello");
	}
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	CHECK_INT(pump_watch(w.pump, sv[0], EPOLLIN), 0);
	CHECK_INT(send(sv[1], "x", 1, 0), 1);
	CHECK_INT(watched(&w), EPOLLIN);
	CHECK_INT(pump_watch(w.pump, sv[0], EPOLLIN | EPOLLOUT), 0);
	CHECK_INT(watched(&w), EPOLLIN | EPOLLOUT);
	close(sv[0]);
	close(sv[1]);
	for (uint32_t id = 0; id < PAIRS; id++) {
		w.far[id][0] = fd_close(w.far[id][0]);
		wait_ended(&w, id);
	}
	CHECK_INT(pump_pairs(w.pump), 0);
	down(&w);
}
