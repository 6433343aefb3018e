/* SPDX-License-Identifier: MIT */
#include "svc/fs/block/nbd-control.h"
#include "base/test.h"

#include <sys/socket.h>

TEST(what_is_encoded_is_decoded)
{
	struct nbd_control_stats a = {1, UINT64_MAX, 3, 4, 5}, b;
	uint8_t packet[NBD_CONTROL_PACKET_SIZE];
	nbd_control_encode(&a, packet);
	CHECK_INT(nbd_control_decode(packet, sizeof(packet), &b), 0);
	CHECK(!memcmp(&a, &b, sizeof(a)));
}

TEST(nothing_else_is_taken_for_a_packet)
{
	struct nbd_control_stats s = {};
	uint8_t packet[NBD_CONTROL_PACKET_SIZE + 1] = {};
	nbd_control_encode(&s, packet);
	CHECK_INT(nbd_control_decode(packet, sizeof(packet), &s), -EBADMSG);
	for (size_t n = 0; n < NBD_CONTROL_PACKET_SIZE; n++)
		CHECK_INT(nbd_control_decode(packet, n, &s), -EBADMSG);
	packet[3]++;
	CHECK_INT(nbd_control_decode(packet, NBD_CONTROL_PACKET_SIZE, &s), -EBADMSG);
}

TEST(words_are_one_byte_and_never_wait)
{
	int s[2], r = 0;
	uint8_t b[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s), 0);
	CHECK_INT(nbd_control_ask(s[0]), 0);
	CHECK_INT(nbd_control_size(s[0]), 0);
	CHECK_INT(recv(s[1], b, sizeof(b), 0), 1);
	CHECK_INT(b[0], NBD_CONTROL_ASK);
	CHECK_INT(recv(s[1], b, sizeof(b), 0), 1);
	CHECK_INT(b[0], NBD_CONTROL_SIZE);
	for (unsigned i = 0; i < 100000 && !r; i++)
		r = nbd_control_ask(s[0]);
	CHECK_INT(r, -EAGAIN);
	close(s[1]);
	CHECK(nbd_control_ask(s[0]) < 0);
	close(s[0]);
}
