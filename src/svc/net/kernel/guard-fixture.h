/* SPDX-License-Identifier: MIT */
#pragma once
/* For tests of the guard: namespaces, links, frames written by hand. */
#include "base/test.h"
#include "svc/net/kernel/guard.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <nftables/libnftables.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#define FIXTURE __attribute__((unused)) static

FIXTURE void ok(int r, const struct err *e)
{
	if (r < 0)
		test_fail(__FILE__, __LINE__, "%d: %s", r, e->msg);
}

/* This process is in a new namespace from now on. */
FIXTURE void namespace_own(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		test_skip("may not make a network namespace");
}

/* The same, and its descriptor. */
FIXTURE int namespace_new(void)
{
	namespace_own();
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

FIXTURE void namespace_enter(int fd)
{
	CHECK_INT(setns(fd, CLONE_NEWNET), 0);
}

FIXTURE struct rtnl *rtnl_here(void)
{
	struct err e = {};
	struct rtnl *n;
	ok(rtnl_new(-EBADF, &n, &e), &e);
	return n;
}

FIXTURE struct guard *guard_here(const char *node)
{
	struct err e = {};
	struct guard *g;
	ok(guard_new(-EBADF, node, true, &g, &e), &e);
	return g;
}

FIXTURE struct rtnl_ip ip(const char *text)
{
	struct rtnl_ip ret;
	CHECK_INT(rtnl_ip_parse(text, &ret), 0);
	return ret;
}

FIXTURE int index_of(struct rtnl *n, const char *name)
{
	struct err e = {};
	struct rtnl_link l;
	ok(rtnl_link_by_name(n, name, &l, &e), &e);
	return l.index;
}

/* In the namespace we are in; 0 if it was done. */
FIXTURE int nft(const char *command)
{
	struct nft_ctx *x = nft_ctx_new(NFT_CTX_DEFAULT);
	CHECK(x);
	int r = nft_run_cmd_from_buffer(x, command);
	nft_ctx_free(x);
	return r;
}

FIXTURE bool ruleset_has(const char *text)
{
	struct nft_ctx *x = nft_ctx_new(NFT_CTX_DEFAULT);
	CHECK(x);
	nft_ctx_buffer_output(x);
	CHECK_INT(nft_run_cmd_from_buffer(x, "list ruleset"), 0);
	const char *said = nft_ctx_get_output_buffer(x);
	bool has = said && strstr(said, text);
	if (getenv("SHOW_RULESET"))
		fprintf(stderr, "%s\n", said);
	nft_ctx_free(x);
	return has;
}

/* Frames of one sender keep their order only if they are of one processor. */
FIXTURE void stay_on_this_processor(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	CHECK_INT(sched_setaffinity(0, sizeof set, &set), 0);
}

FIXTURE void address(struct rtnl *n, const char *link, const char *text)
{
	struct err e = {};
	struct rtnl_address a;
	CHECK_INT(rtnl_address_parse(text, &a), 0);
	a.index = index_of(n, link);
	ok(rtnl_address_add(n, &a, &e), &e);
}

FIXTURE void up(struct rtnl *n, const char *link, const uint8_t *mac, int master)
{
	struct err e = {};
	struct rtnl_change c = {.what = RTNL_SET_UP | RTNL_SET_MASTER | RTNL_SET_NO_IP6_LL,
		.up = true,
		.mac = mac,
		.master = master};
	int index = index_of(n, link);
	if (mac) /* while it is down */
		ok(rtnl_link_set(
			   n, index, &(struct rtnl_change){.what = RTNL_SET_MAC, .mac = mac}, &e),
			&e);
	ok(rtnl_link_set(n, index, &c, &e), &e);
}

/* ---- frames -------------------------------------------------------------------------------- */

struct frame {
	uint8_t b[1600];
	size_t n, ip, l4;
	int family;
	uint8_t proto; /* at l4 */
};

FIXTURE void put(struct frame *f, const void *p, size_t n)
{
	CHECK(f->n + n <= sizeof f->b);
	memcpy(f->b + f->n, p, n);
	f->n += n;
}

FIXTURE void put16(struct frame *f, unsigned v)
{
	put(f, (uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

FIXTURE void set16(struct frame *f, size_t at, unsigned v)
{
	f->b[at] = (uint8_t)(v >> 8);
	f->b[at + 1] = (uint8_t)v;
}

FIXTURE void frame_start(struct frame *f, const uint8_t *to, const uint8_t *from, unsigned tags)
{
	*f = (struct frame){};
	put(f, to, 6);
	put(f, from, 6);
	for (unsigned i = tags; i > 0; i--) {
		put16(f, i > 1 ? ETH_P_8021AD : ETH_P_8021Q);
		put16(f, 10 + i);
	}
}

FIXTURE void frame_ip(struct frame *f, const char *from, const char *to, uint8_t proto)
{
	struct rtnl_ip a = ip(from), b = ip(to);
	bool v4 = a.family == AF_INET;
	f->family = a.family;
	put16(f, v4 ? ETH_P_IP : ETH_P_IPV6);
	f->ip = f->n;
	if (v4) {
		put(f, (uint8_t[]){0x45, 0, 0, 0, 0, 1, 0, 0, 64, proto, 0, 0}, 12);
		put(f, &a.v4, 4);
		put(f, &b.v4, 4);
	} else {
		put(f, (uint8_t[]){0x60, 0, 0, 0, 0, 0, proto, 64}, 8);
		put(f, &a.v6, 16);
		put(f, &b.v6, 16);
	}
	f->l4 = f->n;
	f->proto = proto;
}

FIXTURE void frame_udp(struct frame *f, unsigned from, unsigned to, const char *text)
{
	put16(f, from);
	put16(f, to);
	put16(f, 8 + (unsigned)strlen(text));
	put16(f, 0);
	put(f, text, strlen(text));
}

FIXTURE uint32_t sum16(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

FIXTURE unsigned fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* Checksum of what is at l4, if there is one. */
FIXTURE void frame_checksum(struct frame *f)
{
	size_t at = f->proto == 17 ? 6 : f->proto == 6 ? 16 : f->proto == 58 ? 2 : 0;
	bool v4 = f->family == AF_INET;
	if (!at)
		return;
	uint32_t sum = f->proto + (uint32_t)(f->n - f->l4);
	sum = sum16(f->b + f->ip + (v4 ? 12 : 8), v4 ? 8 : 32, sum);
	set16(f, f->l4 + at, fold(sum16(f->b + f->l4, f->n - f->l4, sum)));
}

/* Lengths and the checksum of IPv4, as is right for all that is there now. */
FIXTURE void frame_lengths(struct frame *f)
{
	if (f->family == AF_INET6) {
		set16(f, f->ip + 4, (unsigned)(f->n - f->ip - 40));
		return;
	}
	set16(f, f->ip + 2, (unsigned)(f->n - f->ip));
	set16(f, f->ip + 10, 0);
	set16(f, f->ip + 10, fold(sum16(f->b + f->ip, (f->b[f->ip] & 15u) * 4, 0)));
}

FIXTURE void frame_end(struct frame *f)
{
	if (!f->family)
		return;
	frame_checksum(f);
	frame_lengths(f);
}

/* A socket that frames are sent by at that link of the namespace we are in. */
FIXTURE int packet_socket(struct rtnl *n, const char *link, uint16_t protocol)
{
	struct sockaddr_ll a = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0);
	a.sll_ifindex = index_of(n, link);
	CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

FIXTURE void frame_send(int fd, const struct frame *f)
{
	CHECK_INT(send(fd, f->b, f->n, 0), (long long)f->n);
}

FIXTURE bool readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, ms) == 1;
}
