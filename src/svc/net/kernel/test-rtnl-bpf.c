/* SPDX-License-Identifier: MIT */
/* Programs of two instructions that let all through, or nothing. */
#include "base/test.h"
#include "svc/net/kernel/rtnl.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { FRAME_TYPE = 0x88b5 };

static int program_that_says(int verdict)
{
	struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict},
		{.code = BPF_JMP | BPF_EXIT}};
	union bpf_attr a = {.prog_type = BPF_PROG_TYPE_SCHED_CLS,
		.insns = (uint64_t)(uintptr_t)code,
		.insn_cnt = ARRAY_SIZE(code),
		.license = (uint64_t)(uintptr_t) "MIT"};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
	if (fd < 0)
		test_skip("may not load programs into the kernel");
	return fd;
}

static int frames_at(int index)
{
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	CHECK(s >= 0);
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(FRAME_TYPE), .sll_ifindex = index};
	CHECK_INT(bind(s, (struct sockaddr *)&to, sizeof(to)), 0);
	return s;
}

/* False: it was dropped on its way out. */
static bool frame_send(int s, uint8_t number)
{
	uint8_t frame[60] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, number};
	return send(s, frame, sizeof(frame), 0) == (ssize_t)sizeof(frame);
}

static int frame_next(int s)
{
	uint8_t frame[100];
	struct pollfd p = {.fd = s, .events = POLLIN};
	CHECK_INT(poll(&p, 1, 10000), 1);
	CHECK(recv(s, frame, sizeof(frame), 0) >= 15);
	return frame[14];
}

TEST(a_program_decides_and_is_replaced_and_detached)
{
	if (unshare(CLONE_NEWNET) < 0)
		test_skip("may not make a network namespace");
	AUTO(rtnl_free) struct rtnl *n = NULL;
	AUTO_CLOSE int drop = program_that_says(TC_ACT_SHOT);
	AUTO_CLOSE int pass = program_that_says(TC_ACT_OK);
	struct rtnl_link l;
	struct err e = {};
	struct rtnl_change up = {.what = RTNL_SET_UP, .up = true};
	CHECK_INT(rtnl_new(-EBADF, &n, &e), 0);
	CHECK_INT(rtnl_veth_add(n, "v0", "v1", "", NULL, -EBADF, &e), 0);
	CHECK_INT(rtnl_link_by_name(n, "v0", &l, &e), 0);
	int v0 = l.index, v1 = l.peer;
	CHECK_INT(rtnl_link_set(n, v0, &up, &e), 0);
	CHECK_INT(rtnl_link_set(n, v1, &up, &e), 0);
	bool made = false;
	CHECK_INT(rtnl_clsact_add(n, v0, &made, &e), 0);
	CHECK(made);
	CHECK_INT(rtnl_clsact_add(n, v0, &made, &e), 0);
	CHECK(!made);
	CHECK_INT(rtnl_clsact_add(n, v1, &made, &e), 0);
	AUTO_CLOSE int out = frames_at(v0);
	AUTO_CLOSE int seen = frames_at(v1);
	CHECK_INT(rtnl_bpf_attach(n, v0, false, 7, drop, "drop", &e), 0);
	CHECK_INT(rtnl_bpf_attach(n, v1, true, 7, pass, "pass", &e), 0);
	CHECK(!frame_send(out, 1));
	CHECK_INT(rtnl_bpf_attach(n, v0, false, 7, pass, "pass", &e), 0);
	CHECK(frame_send(out, 2));
	CHECK_INT(frame_next(seen), 2);
	struct rtnl_filter f[4];
	CHECK_INT(rtnl_filter_list(n, v0, false, f, ARRAY_SIZE(f), &e), 2);
	CHECK_INT(f[1].priority, 7);
	CHECK_STR(f[1].name, "pass");
	CHECK_INT(rtnl_clsact_delete(n, v0, &e), 0); /* not with that in it */
	CHECK_INT(rtnl_bpf_detach(n, v0, false, 7, &e), 0);
	CHECK_INT(rtnl_filter_list(n, v0, false, f, ARRAY_SIZE(f), &e), 0);
	CHECK_INT(rtnl_clsact_delete(n, v0, &e), 0);
	CHECK_INT(rtnl_clsact_add(n, v0, &made, &e), 0);
	CHECK(made);
	CHECK(rtnl_bpf_detach(n, v0, false, 7, &e) < 0);
	CHECK_INT(rtnl_bpf_detach(n, v1, true, 7, &e), 0);
	CHECK(rtnl_bpf_attach(n, 4711, true, 7, pass, "pass", &e) < 0);
}
