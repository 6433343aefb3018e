/* SPDX-License-Identifier: MIT */
#include "cli/pcap-filter.h"
#include "base/test.h"

#include <linux/filter.h>
#include <sys/socket.h>

static uint64_t code_of[PCAP_FILTER_MAX];
static uint32_t n_code;

static void compile(const char *text)
{
	struct err e = {};
	int r = pcap_filter_compile(text, 1000, code_of, &n_code, &e);
	if (r == -ENOENT)
		test_skip("%s", e.msg);
	if (r < 0)
		test_fail(__FILE__, __LINE__, "\"%s\": %s", text, e.msg);
}

/* Does the kernel drop that UDP datagram, which is read as a frame? */
static bool passes(const void *frame, size_t size)
{
	struct sock_filter code[100];
	struct sock_fprog program = {.len = (unsigned short)n_code, .filter = code};
	int sv[2];
	char got[100];
	CHECK(n_code <= ARRAY_SIZE(code));
	for (uint32_t i = 0; i < n_code; i++)
		code[i] = (struct sock_filter){(uint16_t)code_of[i], (uint8_t)(code_of[i] >> 16),
			(uint8_t)(code_of[i] >> 24), (uint32_t)(code_of[i] >> 32)};
	CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sv), 0);
	CHECK_INT(setsockopt(sv[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	CHECK(send(sv[0], frame, size, 0) >= 0);
	bool got_it = recv(sv[1], got, sizeof(got), 0) == (ssize_t)size;
	close(sv[0]);
	close(sv[1]);
	return got_it;
}

TEST(a_filter_does_what_it_says)
{
	uint8_t arp[60] = {[12] = 0x08, [13] = 0x06}, ip[60] = {[12] = 0x08, [13] = 0x00};
	compile("arp");
	CHECK(n_code > 0);
	CHECK(passes(arp, sizeof(arp)));
	CHECK(!passes(ip, sizeof(ip)));
	compile("not arp");
	CHECK(!passes(arp, sizeof(arp)));
	CHECK(passes(ip, sizeof(ip)));
}

TEST(what_is_no_filter_is_named)
{
	struct err e = {};
	compile("arp");
	CHECK_INT(pcap_filter_compile("tcp prot 80", 1000, code_of, &n_code, &e), -EINVAL);
	CHECK(strstr(e.msg, "filter \"tcp prot 80\": "));
}
