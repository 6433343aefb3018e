/* SPDX-License-Identifier: MIT */
/* The connection: framing, order of replies, flush, and peers that misbehave. */
#include "svc/fs/server/test-9p.h"
#include "svc/fs/server/9p-control.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

TEST(a_request_may_come_byte_by_byte)
{
	struct peer p;
	uint8_t frame[64];
	start(&p);
	struct p9_msg m = {.type = P9_Tgetattr, .tag = 3, .tgetattr = {0, 0}};
	int n = p9_encode(&m, frame, sizeof(frame));
	for (int i = 0; i < n; i++)
		send_bytes(&p, frame + i, 1);
	CHECK(recv_msg(&p));
	CHECK_INT(p.r.type, P9_Rgetattr);
	stop(&p);
}

TEST(a_thousand_requests_in_one_piece)
{
	enum { N = 1000 };
	struct peer p;
	uint8_t *buf = malloc(N * 32);
	size_t len = 0;
	start(&p);
	for (uint16_t i = 0; i < N; i++) {
		struct p9_msg m = {.type = P9_Tgetattr, .tag = i, .tgetattr = {0, 0}};
		len += (size_t)p9_encode(&m, buf + len, 32);
	}
	send_bytes(&p, buf, len);
	for (uint16_t i = 0; i < N; i++) {
		CHECK(recv_msg(&p));
		CHECK_INT(p.r.tag, i);
		CHECK_INT(p.r.type, P9_Rgetattr);
	}
	free(buf);
	stop(&p);
}

static void expect_close(const void *bytes, size_t n, bool version_first)
{
	struct peer p;
	tree_make();
	peer_connect(&p, (struct p9_options){});
	if (version_first)
		peer_version(&p, 8192);
	send_bytes(&p, bytes, n);
	CHECK(!recv_msg(&p));
	stop(&p);
}

TEST(bad_framing_ends_the_connection)
{
	static const uint8_t zero[64], ones[64] = {[0 ... 63] = 0xff};
	static const uint8_t too_long[7] = {1, 0, 0x10, 0, P9_Tversion};
	static const uint8_t above_msize[7] = {1, 0x20, 0, 0, P9_Twrite};
	static const uint8_t below_header[4] = {6};
	expect_close(zero, sizeof(zero), false);
	expect_close(ones, sizeof(ones), false);
	expect_close(zero, sizeof(zero), true);
	expect_close(too_long, sizeof(too_long), false);
	expect_close(above_msize, sizeof(above_msize), true);
	expect_close(below_header, sizeof(below_header), true);
	expect_close("GET / HTTP/1.1\r\n\r\n", 18, false);
}

TEST(half_a_message_and_then_nothing)
{
	static const uint8_t half[] = {100, 0, 0, 0, P9_Twalk, 1, 0, 9, 9};
	struct peer p;
	start(&p);
	send_bytes(&p, half, sizeof(half));
	stop(&p);
	start(&p);
	static const uint8_t half_long[100] = {0, 0, 8, 0, P9_Twrite, 1, 0};
	send_bytes(&p, half_long, sizeof(half_long));
	stop(&p);
}

TEST(answers_before_the_end_are_sent)
{
	struct peer p;
	uint8_t buf[64];
	start(&p);
	struct p9_msg m = {.type = P9_Tgetattr, .tag = 3, .tgetattr = {0, 0}};
	size_t n = (size_t)p9_encode(&m, buf, sizeof(buf));
	memset(buf + n, 0, 4);
	send_bytes(&p, buf, n + 4);
	CHECK(recv_msg(&p));
	CHECK_INT(p.r.type, P9_Rgetattr);
	CHECK(!recv_msg(&p));
	stop(&p);
}

TEST(a_peer_that_leaves_with_requests_running)
{
	struct peer p;
	uint8_t *data = calloc(1, 500000);
	start(&p);
	CHECK_INT(t_create(&p, 1, "f", P9_O_RDWR, 0600), 0);
	for (uint16_t i = 0; i < 20; i++) {
		struct p9_msg m = {.type = P9_Twrite, .tag = i};
		m.twrite.fid = 1;
		m.twrite.data = (struct p9_data){data, 500000};
		send_msg(&p, &m);
	}
	free(data);
	stop(&p);
}

/* It neither reads what it asked for nor closes, until it does. */
TEST(a_peer_that_does_not_read)
{
	struct peer p;
	uint8_t frame[64];
	start(&p);
	CHECK_INT(t_create(&p, 1, "f", P9_O_RDWR, 0600), 0);
	CHECK_INT(CALL(&p, P9_Tsetattr,
			  .tsetattr = {.fid = 1, .valid = P9_SETATTR_SIZE, .size = 1 << 20}),
		0);
	for (uint16_t i = 0; i < 100; i++) {
		struct p9_msg m = {.type = P9_Tread, .tag = i, .tread = {1, 0, 1 << 20}};
		int n = p9_encode(&m, frame, sizeof(frame));
		CHECK(send(p.fd, frame, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n);
	}
	struct pollfd pfd = {.fd = p.fd, .events = POLLIN};
	CHECK_INT(poll(&pfd, 1, 10000), 1);
	stop(&p);
}

/* Replies are collected while changes are done, but not for long. */
TEST(replies_do_not_wait_for_a_change_that_takes_long)
{
	struct peer p;
	uint8_t frames[128];
	start(&p);
	put_file("f", "x");
	int fd = openat(tree_dir, "f", O_RDONLY | O_CLOEXEC);
	CHECK(!fcntl(fd, F_SETLEASE, F_RDLCK));
	signal(SIGIO, SIG_IGN);
	CHECK_INT(t_walk(&p, 0, 1, "f"), 0);
	struct p9_msg g = {.type = P9_Tgetattr, .tag = 2, .tgetattr = {0, 0}};
	struct p9_msg o = {.type = P9_Tlopen, .tag = 3, .tlopen = {1, P9_O_WRONLY}};
	int n = p9_encode(&g, frames, sizeof(frames));
	n += p9_encode(&o, frames + n, sizeof(frames) - (size_t)n);
	send_bytes(&p, frames, (size_t)n);
	CHECK(recv_msg(&p));
	CHECK_INT(p.r.tag, 2);
	CHECK_INT(t_getattr(&p, 0), 0); /* and another thread goes on with the connection */
	CHECK(!fcntl(fd, F_SETLEASE, F_UNLCK));
	CHECK(recv_msg(&p));
	CHECK_INT(p.r.tag, 3);
	CHECK_INT(p.r.type, P9_Rlopen);
	close(fd);
	stop(&p);
}

/* Reads and flushes of them, many at a time: after an Rflush nothing comes for the tag it flushed.
 */
TEST(nothing_comes_for_a_flushed_tag)
{
	enum { ROUNDS = 40, READS = 32, BYTES = 200000 };
	struct peer p;
	start(&p);
	CHECK_INT(t_create(&p, 1, "f", P9_O_RDWR, 0600), 0);
	CHECK_INT(CALL(&p, P9_Tsetattr,
			  .tsetattr = {.fid = 1, .valid = P9_SETATTR_SIZE, .size = BYTES}),
		0);
	for (int round = 0; round < ROUNDS; round++) {
		bool flushed[READS] = {}, answered[READS] = {};
		for (uint16_t i = 0; i < READS; i++) {
			struct p9_msg m = {.type = P9_Tread, .tag = i, .tread = {1, 0, BYTES}};
			struct p9_msg f = {
				.type = P9_Tflush, .tag = (uint16_t)(100 + i), .tflush = {i}};
			send_msg(&p, &m);
			send_msg(&p, &f);
		}
		for (unsigned left = READS; left;) {
			CHECK(recv_msg(&p));
			if (p.r.type == P9_Rflush) {
				CHECK(!flushed[p.r.tag - 100]);
				flushed[p.r.tag - 100] = true;
				left--;
				continue;
			}
			CHECK_INT(p.r.type, P9_Rread);
			CHECK(!flushed[p.r.tag] && !answered[p.r.tag]);
			answered[p.r.tag] = true;
		}
	}
	stop(&p);
}

TEST(a_new_version_starts_anew)
{
	struct peer p;
	start(&p);
	CHECK_INT(t_walk(&p, 0, 1, ""), 0);
	peer_version(&p, 8192);
	CHECK_INT(p.msize, 8192);
	CHECK_INT(t_getattr(&p, 1), -EBADF);
	CHECK_INT(t_attach(&p, 0, "root", 0), 0);
	CHECK_INT(t_create(&p, 1, "f", P9_O_RDWR, 0600), 0);
	CHECK_INT(p.r.rlcreate.iounit, 4096);
	CHECK_INT(CALL(&p, P9_Tsetattr,
			  .tsetattr = {.fid = 1, .valid = P9_SETATTR_SIZE, .size = 99999}),
		0);
	CHECK_INT(CALL(&p, P9_Tread, .tread = {1, 0, 99999}), 0);
	CHECK_INT(p.r.rread.data.len, 8192 - P9_READ_HEADER);
	stop(&p);
}

TEST(the_service_may_ask_what_goes_on)
{
	struct peer p;
	struct p9_control_stats s;
	static struct p9_control_file files[P9_CONTROL_FILES_MAX];
	static uint8_t packet[P9_CONTROL_PACKET_MAX];
	char buf[100];
	int control[2];
	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control));
	tree_make();
	put_file("f", "content");
	peer_start(&p, (struct p9_options){.control_fd = control[1]});
	CHECK_INT(t_create(&p, 1, "w", P9_O_RDWR, 0600), 0);
	CHECK_INT(t_write(&p, 1, 0, "12345", 5), 5);
	CHECK_INT(t_open_path(&p, 2, "f", P9_O_RDONLY), 0);
	CHECK_INT(t_read(&p, 2, 0, buf, 100), 7);
	CHECK_INT(t_open_path(&p, 3, "", P9_O_RDONLY), 0);
	CHECK_INT(t_walk(&p, 0, 4, "f"), 0); /* not open */
	for (int round = 0; round < 2; round++) {
		CHECK_INT(p9_control_ask(control[0]), 0);
		ssize_t n = recv(control[0], packet, sizeof(packet), 0);
		CHECK(n > 0);
		CHECK_INT(p9_control_decode(packet, (size_t)n, &s, files), 0);
		CHECK_INT(s.bytes_read, 7);
		CHECK_INT(s.bytes_written, 5);
		CHECK(s.requests > 8);
		CHECK_INT(s.users, 1);
		CHECK_INT(s.n_open, 3);
		CHECK_INT(s.n_listed, 3);
		unsigned seen = 0;
		for (unsigned i = 0; i < 3; i++) {
			if (p9_str_eq(files[i].path, "w"))
				seen |= files[i].mode == (P9_CONTROL_READ | P9_CONTROL_WRITE);
			else if (p9_str_eq(files[i].path, "f"))
				seen |= (unsigned)(files[i].mode == P9_CONTROL_READ) << 1;
			else if (p9_str_eq(files[i].path, ""))
				seen |= (unsigned)(files[i].mode == P9_CONTROL_READ) << 2;
		}
		CHECK_INT(seen, 7);
	}
	stop(&p);
	/* It ends with the server. */
	CHECK_INT(recv(control[0], packet, sizeof(packet), 0), 0);
	close(control[0]);
	close(control[1]);
}

TEST(descriptors_run_out_politely)
{
	struct rlimit lim = {.rlim_cur = 600, .rlim_max = 600};
	struct peer p;
	int r = 0;
	uint32_t fid;
	start(&p);
	mkdirat(tree_dir, "d", 0777);
	setrlimit(RLIMIT_NOFILE, &lim);
	for (fid = 1; fid < 1000 && !r; fid++)
		r = t_walk(&p, 0, fid, "d");
	CHECK_INT(r, -EMFILE);
	CHECK(fid > 400);
	CHECK_INT(t_clunk(&p, 5), 0);
	CHECK_INT(t_walk(&p, 0, 5, "d"), 0);
	CHECK_INT(t_open_path(&p, 5000, "", P9_O_DIRECTORY), -EMFILE);
	stop(&p);
}
