/* SPDX-License-Identifier: MIT */
#include "svc/fs/block/nbd-send.h"
#include "svc/fs/block/test-nbd.h"

enum { N = 300000 };

static void *hear_all(void *arg)
{
	uint8_t *p = malloc(N + 10);
	CHECK_INT(recv(*(int *)arg, p, N + 10, MSG_WAITALL), N + 10);
	return p;
}

TEST(header_and_file_arrive_one_behind_the_other)
{
	struct nbd_pipe p = NBD_PIPE_INIT;
	struct nbd_send s;
	int sock[2], fd = test_file(N + 4096);
	uint8_t *expected = malloc(N);
	pthread_t id;
	void *heard;
	fill(fd, 77, N, 1);
	CHECK_INT(pread(fd, expected, N, 77), N);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock), 0);
	nbd_send_init(&s, sock[0]);
	CHECK_INT(pthread_create(&id, NULL, hear_all, &sock[1]), 0);
	CHECK_INT(nbd_pipe_fill(&p, fd, 77, N), 0);
	nbd_pipe_send(&p, &s, "0123456789", 10, N);
	pthread_join(id, &heard);
	CHECK(!memcmp(heard, "0123456789", 10));
	CHECK(!memcmp((uint8_t *)heard + 10, expected, N));
	CHECK(!nbd_send_closed(&s));
	free(heard);
	free(expected);
	nbd_pipe_done(&p);
	nbd_send_done(&s);
	close(sock[0]);
	close(sock[1]);
	close(fd);
}

TEST(a_pipe_is_empty_when_it_could_not_be_filled)
{
	struct nbd_pipe p = NBD_PIPE_INIT;
	int fd = test_file(N);
	CHECK_INT(nbd_pipe_fill(&p, fd, N - 5000, 6000), -EINVAL);
	CHECK_INT(nbd_pipe_fill(&p, fd, 0, 5 << 20), -EOPNOTSUPP);
	CHECK_INT(nbd_pipe_fill(&p, fd, 0, N), 0);
	uint8_t *b = malloc(N);
	CHECK_INT(read(p.in, b, N), N);
	free(b);
	nbd_pipe_done(&p);
	close(fd);
}

TEST(what_comes_is_written_where_it_belongs)
{
	struct nbd_pipe p = NBD_PIPE_INIT;
	struct nbd_file f;
	int sock[2];
	uint8_t buffer[64], got[12];
	CHECK_INT(nbd_file_init(&f, test_file(N), false, false), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock), 0);
	CHECK_INT(send(sock[1], "abcdefgh", 8, 0), 8);
	CHECK_INT(nbd_pipe_receive(&p, sock[0], 3), 3);
	CHECK_INT(nbd_pipe_receive(&p, sock[0], 100), 5);
	CHECK_INT(p.held, 8);
	CHECK_INT(nbd_pipe_write(&p, &f, 1000, 6, buffer, sizeof(buffer)), 0);
	CHECK_INT(p.held, 2);
	CHECK_INT(nbd_pipe_write(&p, &f, 2000, 2, buffer, sizeof(buffer)), 0);
	CHECK_INT(pread(f.fd, got, 6, 1000), 6);
	CHECK_INT(pread(f.fd, got + 6, 2, 2000), 2);
	CHECK(!memcmp(got, "abcdefgh", 8));
	/* A descriptor for appending cannot be spliced to. */
	CHECK_INT(fcntl(f.fd, F_SETFL, O_APPEND), 0);
	CHECK_INT(send(sock[1], "ijkl", 4, 0), 4);
	CHECK_INT(nbd_pipe_receive(&p, sock[0], 100), 4);
	CHECK_INT(nbd_pipe_write(&p, &f, 0, 4, buffer, sizeof(buffer)), 0);
	CHECK_INT(pread(f.fd, got, 4, N), 4); /* nor written to at a place: but it came through */
	CHECK(!memcmp(got, "ijkl", 4));
	close(sock[1]);
	CHECK_INT(nbd_pipe_receive(&p, sock[0], 100), 0);
	nbd_pipe_done(&p);
	close(sock[0]);
	close(f.fd);
}

TEST(a_peer_that_has_gone_ends_it)
{
	struct nbd_send s;
	int sock[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock), 0);
	nbd_send_init(&s, sock[0]);
	close(sock[1]);
	nbd_send_bytes(&s, "x", 1);
	CHECK(nbd_send_closed(&s));
	nbd_send_bytes(&s, "x", 1);
	nbd_send_done(&s);
	close(sock[0]);
}
