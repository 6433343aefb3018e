/* SPDX-License-Identifier: MIT */
/*
 * Captures of real frames: a packet socket, the worker that reads it (this program's own function,
 * confined as it is in metacd-worker), and what comes out of the stream.
 */
#include "core/test-call.h"
#include "svc/net/net-service.h"
#include "svc/net/trace-role.h"
#include "svc/net/trace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { TYPE = 0x88b5, SIZE = 100 };

static struct loop loop;
static struct net_service ns;

static void command(const char *text)
{
	if (system(text) != 0)
		test_fail(__FILE__, __LINE__, "%s", text);
}

static struct place *up(void)
{
	struct err e = {};
	struct place *p = NULL;
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		test_skip("needs root, and network namespaces");
	CHECK_INT(loop_init(&loop), 0);
	ns = (struct net_service){.runtime = -EBADF};
	ns.streams.loop = &loop;
	strcpy(ns.address_text, "fd00::1");
	list_init(&ns.places);
	command("sysctl -qw net.ipv6.conf.default.disable_ipv6=1; ip link add v0 type veth peer v1"
		" && ip link set v0 up && ip link set v1 up");
	if (place_get(&ns, "", &p, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.msg);
	return p;
}

static void down(struct place *p)
{
	place_unref(p);
	place_unref(ns.root);
	loop_done(&loop);
}

/* ---- the worker ---------------------------------------------------------------------------- */

struct worker {
	pid_t pid;
	int stream;
};

static struct worker start(
	struct place *p, const struct trace_options *o, const char *more, unsigned snap)
{
	struct err e = {};
	struct rtnl_link l;
	char snap_arg[32], blocks_arg[32];
	unsigned blocks = 0;
	int sv[2];
	CHECK_INT(rtnl_link_by_name(p->rtnl, "v0", &l, &e), 0);
	int packet = trace_socket(p, l.index, o, &blocks, &e);
	if (packet < 0)
		test_fail(__FILE__, __LINE__, "%s", e.msg);
	CHECK(blocks >= TRACE_BLOCKS_MIN);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	(void)snprintf(snap_arg, sizeof(snap_arg), "--snap=%u", snap);
	(void)snprintf(blocks_arg, sizeof(blocks_arg), "--blocks=%u", blocks);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		const char *argv[] = {"trace", snap_arg, blocks_arg, more, NULL};
		int s = fcntl(sv[1], F_DUPFD, 40), k = fcntl(packet, F_DUPFD, 40);
		dup2(s, 3);
		dup2(k, 4);
		close_range(5, ~0U, 0);
		_exit(role_net_trace(more ? 4 : 3, (char **)argv));
	}
	fd_close(packet);
	fd_close(sv[1]);
	return (struct worker){.pid = pid, .stream = sv[0]};
}

static int ended(struct worker *w)
{
	int status = -1;
	fd_close(w->stream);
	CHECK(waitpid(w->pid, &status, 0) == w->pid);
	return status;
}

static void read_all(int fd, void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		CHECK_INT(poll(&pfd, 1, 20000), 1);
		ssize_t got = read(fd, (uint8_t *)p + at, n - at);
		CHECK(got > 0);
		at += (size_t)got;
	}
}

struct record {
	uint32_t s, ns, kept, length;
	uint8_t data[2000];
};

static void read_header(struct worker *w, uint32_t snap)
{
	uint32_t h[6];
	read_all(w->stream, h, sizeof(h));
	CHECK_INT(h[0], 0xa1b23c4d);
	CHECK_INT(h[1], 2 | 4 << 16);
	CHECK_INT(h[4], snap);
	CHECK_INT(h[5], 1);
}

static void read_record(struct worker *w, struct record *ret)
{
	read_all(w->stream, ret, 16);
	CHECK(ret->kept <= sizeof(ret->data) && ret->ns < 1000000000);
	read_all(w->stream, ret->data, ret->kept);
}

/* ---- frames -------------------------------------------------------------------------------- */

static void make_frame(uint8_t ret[SIZE], uint8_t mark, int vlan)
{
	size_t at = 12;
	memset(ret, 0, SIZE);
	memset(ret, 0x02, 6); /* to nobody there: promiscuous */
	memset(ret + 6, 0x06, 6);
	if (vlan >= 0) {
		ret[at++] = ETH_P_8021Q >> 8;
		ret[at++] = ETH_P_8021Q & 0xff;
		ret[at++] = (uint8_t)(vlan >> 8);
		ret[at++] = (uint8_t)vlan;
	}
	ret[at++] = TYPE >> 8;
	ret[at++] = TYPE & 0xff;
	ret[at] = mark;
}

static void send_frame(const char *link, uint8_t mark, int vlan)
{
	uint8_t frame[SIZE];
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
		.sll_protocol = htons(TYPE),
		.sll_ifindex = (int)if_nametoindex(link)};
	AUTO_CLOSE int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	make_frame(frame, mark, vlan);
	CHECK(fd >= 0);
	CHECK_INT(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)), SIZE);
}

static void is_frame(const struct record *r, uint8_t mark, int vlan)
{
	uint8_t frame[SIZE];
	make_frame(frame, mark, vlan);
	CHECK_INT(r->length, SIZE);
	CHECK_INT(r->kept, SIZE);
	CHECK(memcmp(r->data, frame, SIZE) == 0);
}

static const struct trace_options everything = {.snap = TRACE_SNAP_DEFAULT};

TEST(frames_of_both_directions_come_with_their_tags)
{
	struct record r;
	struct place *p = up();
	struct worker w = start(p, &everything, NULL, TRACE_SNAP_DEFAULT);
	read_header(&w, TRACE_SNAP_DEFAULT);
	send_frame("v1", 1, -1);
	send_frame("v0", 2, -1);
	send_frame("v1", 3, 5);
	send_frame("v0", 4, 0xefff);
	for (uint8_t i = 1; i <= 4; i++) {
		read_record(&w, &r);
		is_frame(&r, i, i == 3 ? 5 : i == 4 ? 0xefff : -1);
		CHECK(r.s > 1600000000);
	}
	CHECK(!kill(w.pid, SIGKILL));
	CHECK(WIFSIGNALED(ended(&w)));
	down(p);
}

TEST(a_filter_and_a_number_of_frames_are_kept_to)
{
	struct record r;
	struct place *p = up();
	/* byte 14 is 7, 40 bytes */
	const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 40),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct trace_options o = {.snap = 2000, .filter = filter, .n_filter = ARRAY_SIZE(filter)};
	struct worker w = start(p, &o, "--count=3", 2000);
	read_header(&w, 2000);
	for (unsigned i = 0; i < 5; i++) {
		send_frame("v1", 1, -1);
		send_frame("v1", 7, -1);
	}
	for (unsigned i = 0; i < 3; i++) {
		read_record(&w, &r);
		CHECK_INT(r.kept, 40);
		CHECK_INT(r.length, SIZE);
		CHECK_INT(r.data[14], 7);
	}
	char more;
	CHECK_INT(read(w.stream, &more, 1), 0); /* the end */
	CHECK_INT(ended(&w), 0);
	down(p);
}

TEST(a_capture_ends_with_its_interface)
{
	struct place *p = up();
	char more;
	struct worker w = start(p, &everything, NULL, TRACE_SNAP_DEFAULT);
	read_header(&w, TRACE_SNAP_DEFAULT);
	command("ip link del v0");
	CHECK_INT(read(w.stream, &more, 1), 0);
	CHECK_INT(ended(&w), 0);
	down(p);
}

TEST(a_capture_ends_when_nobody_reads_it)
{
	struct place *p = up();
	struct worker w = start(p, &everything, NULL, TRACE_SNAP_DEFAULT);
	read_header(&w, TRACE_SNAP_DEFAULT);
	CHECK_INT(ended(&w), 0);
	down(p);
}

TEST(who_is_slow_gets_the_frames_that_fit)
{
	struct record r;
	struct place *p = up();
	struct worker w = start(p, &everything, NULL, TRACE_SNAP_DEFAULT);
	read_header(&w, TRACE_SNAP_DEFAULT);
	/* The ring has 4 MiB: some 26,000 of them. */
	uint8_t frame[SIZE];
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
		.sll_protocol = htons(TYPE),
		.sll_ifindex = (int)if_nametoindex("v1")};
	AUTO_CLOSE int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	make_frame(frame, 1, -1);
	for (unsigned i = 0; i < 60000; i++)
		CHECK(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)) ==
			SIZE);
	/* What was not dropped comes, and when there is room again, what is sent then. */
	unsigned n = 0;
	for (;; n++) {
		if (n % 100 == 0)
			send_frame("v1", 9, -1);
		read_record(&w, &r);
		if (r.data[14] == 9)
			break;
		is_frame(&r, 1, -1);
	}
	CHECK(n > 1000 && n < 60000);
	CHECK(!kill(w.pid, SIGKILL));
	(void)ended(&w);
	down(p);
}

TEST(what_is_no_filter_is_refused)
{
	struct err e = {};
	static struct sock_filter many[TRACE_FILTER_MAX + 1];
	const struct sock_filter endless[] = {BPF_JUMP(BPF_JMP | BPF_JA, 7, 0, 0)};
	const struct sock_filter no_end[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14)};
	const struct sock_filter good[] = {BPF_STMT(BPF_RET | BPF_K, 1)};
	CHECK_INT(trace_check_filter(endless, 1, &e), -EINVAL);
	CHECK_INT(trace_check_filter(no_end, 1, &e), -EINVAL);
	CHECK_INT(trace_check_filter(many, ARRAY_SIZE(many), &e), -EINVAL);
	CHECK(strstr(e.msg, "at most 4096"));
	CHECK_INT(trace_check_filter(good, 1, &e), 0);
	CHECK_INT(trace_check_filter(NULL, 0, &e), 0);
}
