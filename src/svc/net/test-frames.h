/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Network namespaces with veth pairs between them, and packet sockets to send and receive frames of
 * a type nobody else uses: for tests.  The test's process is in the namespace "host" throughout,
 * others are entered to make something there.
 */
#include "base/test.h"
#include "svc/net/kernel/rtnl.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

enum { FRAME_TYPE = 0x88b5, FRAME_MAX = 70000, FRAME_WAIT_MS = 5000 };

struct ns {
	int fd;
	struct rtnl *rtnl;
};

__attribute__((unused)) static void ok(int r, const struct err *e)
{
	if (r < 0)
		test_fail(__FILE__, __LINE__, "%d: %s", r, e->msg);
}

/* A new one; the process is in it from now on. */
__attribute__((unused)) static struct ns ns_new(void)
{
	struct err e = {};
	struct ns s;
	if (unshare(CLONE_NEWNET) < 0)
		test_skip("may not make a network namespace");
	s.fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(s.fd >= 0);
	ok(rtnl_new(s.fd, &s.rtnl, &e), &e);
	return s;
}

__attribute__((unused)) static void ns_enter(const struct ns *s)
{
	CHECK_INT(setns(s->fd, CLONE_NEWNET), 0);
}

__attribute__((unused)) static void ns_free(struct ns *s)
{
	rtnl_free(s->rtnl);
	close(s->fd);
}

__attribute__((unused)) static struct rtnl_link iface(const struct ns *s, const char *name)
{
	struct err e = {};
	struct rtnl_link l;
	ok(rtnl_link_by_name(s->rtnl, name, &l, &e), &e);
	return l;
}

__attribute__((unused)) static void change(
	const struct ns *s, const char *name, struct rtnl_change c)
{
	struct err e = {};
	ok(rtnl_link_set(s->rtnl, iface(s, name).index, &c, &e), &e);
}

/* A pair between two namespaces, up, without IPv6 of its own accord. */
__attribute__((unused)) static void pair(
	const struct ns *a, const char *in_a, const struct ns *b, const char *in_b)
{
	struct err e = {};
	struct rtnl_change up = {.what = RTNL_SET_NO_IP6_LL | RTNL_SET_UP, .up = true};
	ok(rtnl_veth_add(a->rtnl, in_a, in_b, NULL, NULL, b->fd, &e), &e);
	change(a, in_a, up);
	change(b, in_b, up);
}

__attribute__((unused)) static void address(const struct ns *s, const char *link, const char *text)
{
	struct err e = {};
	struct rtnl_address a;
	CHECK_INT(rtnl_address_parse(text, &a), 0);
	a.index = iface(s, link).index;
	ok(rtnl_address_add(s->rtnl, &a, &e), &e);
}

__attribute__((unused)) static void no_address(
	const struct ns *s, const char *link, const char *text)
{
	struct err e = {};
	struct rtnl_address a;
	CHECK_INT(rtnl_address_parse(text, &a), 0);
	a.index = iface(s, link).index;
	ok(rtnl_address_delete(s->rtnl, &a, &e), &e);
}

/* ---- frames ---- */

/* A packet socket at the link; the process stays in the namespace it is in. */
__attribute__((unused)) static int tap(const struct ns *s, const struct ns *own, const char *link)
{
	int big = 4 << 20, on = 1;
	ns_enter(s);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
	ns_enter(own);
	CHECK(fd >= 0);
	struct sockaddr_ll a = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = iface(s, link).index};
	CHECK_INT(bind(fd, (void *)&a, sizeof(a)), 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	CHECK_INT(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), 0);
	return fd;
}

struct frame {
	uint8_t to[6], from[6];
	uint16_t tag; /* 0: none; else a VLAN's, with TPID 0x8100 in the frame */
	uint16_t size; /* of what follows the type; at least 8 */
	uint32_t id;
};

__attribute__((unused)) static ssize_t frame_send(int fd, const struct frame *f)
{
	static uint8_t b[FRAME_MAX];
	size_t n = 12;
	uint16_t type = htons(FRAME_TYPE), tpid = htons(0x8100), tag = htons(f->tag);
	memcpy(b, f->to, 6);
	memcpy(b + 6, f->from, 6);
	if (f->tag) {
		memcpy(b + n, &tpid, 2);
		memcpy(b + n + 2, &tag, 2);
		n += 4;
	}
	memcpy(b + n, &type, 2);
	memcpy(b + n + 2, &f->id, 4);
	memset(b + n + 6, 0x5a, f->size > 4 ? f->size - 4u : 0);
	return send(fd, b, n + 2 + f->size, 0) < 0 ? -errno : 0;
}

/* The next frame of the tests' type that the link has received (not: sent), read within that time;
 * false if there is none. */
__attribute__((unused)) static bool frame_receive(int fd, int wait_ms, struct frame *ret)
{
	static uint8_t b[FRAME_MAX];
	for (;;) {
		struct sockaddr_ll from = {};
		union {
			char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
			struct cmsghdr align;
		} control;
		struct iovec iov = {b, sizeof(b)};
		struct msghdr m = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(fd, &m, 0);
		if (n < 0) {
			struct pollfd p = {.fd = fd, .events = POLLIN};
			if (errno != EAGAIN || poll(&p, 1, wait_ms) <= 0)
				return false;
			continue;
		}
		if (from.sll_pkttype == PACKET_OUTGOING || n < 20)
			continue;
		uint16_t type;
		size_t at = 12;
		ret->tag = 0;
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		if (c && c->cmsg_type == PACKET_AUXDATA) {
			struct tpacket_auxdata aux;
			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			if (aux.tp_status & TP_STATUS_VLAN_VALID)
				ret->tag = aux.tp_vlan_tci;
		}
		memcpy(&type, b + at, 2);
		if (type == htons(0x8100)) {
			memcpy(&ret->tag, b + at + 2, 2);
			ret->tag = ntohs(ret->tag);
			at += 4;
			memcpy(&type, b + at, 2);
		}
		if (type != htons(FRAME_TYPE))
			continue;
		memcpy(ret->to, b, 6);
		memcpy(ret->from, b + 6, 6);
		memcpy(&ret->id, b + at + 2, 4);
		ret->size = (uint16_t)((size_t)n - at - 2);
		return true;
	}
}

/* The next frame at the link is this one. */
__attribute__((unused)) static void frame_expect(int fd, const struct frame *f, int line)
{
	struct frame got;
	if (!frame_receive(fd, FRAME_WAIT_MS, &got))
		test_fail(__FILE__, line, "frame %u did not come", f->id);
	if (got.id != f->id || got.tag != f->tag || got.size != f->size ||
		memcmp(got.to, f->to, 6) || memcmp(got.from, f->from, 6))
		test_fail(__FILE__, line, "frame %u (tag %u, %u bytes) came, not %u (%u, %u)",
			got.id, got.tag, got.size, f->id, f->tag, f->size);
}

/* None has come; what is underway is there when a frame that was sent later has come. */
__attribute__((unused)) static void frame_none(int fd, int line)
{
	struct frame got;
	if (frame_receive(fd, 0, &got))
		test_fail(__FILE__, line, "frame %u has come", got.id);
}

#define EXPECT(fd, f) frame_expect(fd, f, __LINE__)
#define NONE(fd) frame_none(fd, __LINE__)
