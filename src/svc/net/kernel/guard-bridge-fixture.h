/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of the guard: frames through a guarded link.
 *
 *	A --a0 a1-- [ bridge br in H ] --z1 z0-- Z        a1 is guarded
 *	                     \--b1 b0-- B                 B marks, for Z, that all was looked at
 */
#include "svc/net/kernel/guard-fixture.h"

FIXTURE const uint8_t mac_a[] = {2, 0, 0, 0, 0, 0xa}, mac_b[] = {2, 0, 0, 0, 0, 0xb},
		      mac_z[] = {2, 0, 0, 0, 0, 0xf}, mac_br[] = {2, 0, 0, 0, 0, 1},
		      everybody[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

struct scene {
	int h;
	struct rtnl *rh;
	struct guard *g;
	struct guard_link link;
	int a, b, z; /* packet sockets */
};

FIXTURE int join(struct scene *s, const char *mine, const char *theirs, const uint8_t *mac, int br)
{
	struct err e = {};
	struct rtnl *r;
	AUTO_CLOSE int ns = namespace_new();
	ok(rtnl_new(ns, &r, &e), &e);
	ok(rtnl_veth_add(s->rh, mine, theirs, "test", NULL, ns, &e), &e);
	up(s->rh, mine, NULL, br);
	up(r, theirs, mac, 0);
	int fd = packet_socket(r, theirs, ETH_P_ALL);
	rtnl_free(r);
	namespace_enter(s->h);
	return fd;
}

#define TEXT "some frame"

/* How many frames with the text the socket has; and the mark, for which it waits. */
FIXTURE unsigned count(int fd, bool *mark)
{
	char buf[2000];
	unsigned n = 0;
	for (;;) {
		ssize_t len = recv(fd, buf, sizeof buf, mark && !*mark ? 0 : MSG_DONTWAIT);
		if (len < 0)
			return n;
		n += memmem(buf, (size_t)len, TEXT, strlen(TEXT)) != NULL;
		if (mark)
			*mark = *mark || memmem(buf, (size_t)len, "MARK", 4);
	}
}

/* A port forwards some time after its link has come up; and the bridge is to know who is where. */
FIXTURE void wait_for_ports(struct scene *s)
{
	const int fds[] = {s->a, s->b, s->z};
	const uint8_t *const macs[] = {mac_a, mac_b, mac_z};
	for (int tries = 0, ready = 0; ready < 3; tries++) {
		CHECK(tries < 5000);
		ready = 0;
		for (int i = 0; i < 3; i++)
			count(fds[i], NULL);
		for (int i = 0; i < 3; i++) {
			struct frame f;
			frame_start(&f, everybody, macs[i], 0);
			put(&f, "\x88\xb5" TEXT, 2 + strlen(TEXT));
			frame_send(fds[i], &f);
		}
		for (int i = 0; i < 3; i++)
			ready += count(fds[i], NULL) == 2;
		poll(NULL, 0, 1);
	}
}

FIXTURE void scene_start(struct scene *s, const char *node)
{
	struct err e = {};
	stay_on_this_processor();
	s->h = namespace_new();
	s->rh = rtnl_here();
	ok(rtnl_bridge_add(s->rh, "br", "test", &e), &e);
	struct rtnl_change c = {.what = RTNL_SET_MAC, .mac = mac_br};
	int br = index_of(s->rh, "br");
	ok(rtnl_link_set(s->rh, br, &c, &e), &e);
	s->a = join(s, "a1", "a0", mac_a, br);
	s->b = join(s, "b1", "b0", mac_b, br);
	s->z = join(s, "z1", "z0", mac_z, br);
	s->g = guard_here(node);
	s->link = (struct guard_link){.index = index_of(s->rh, "a1"), .name = "a1"};
	wait_for_ports(s);
}

FIXTURE void scene_end(struct scene *s)
{
	fd_close(s->a);
	fd_close(s->b);
	fd_close(s->z);
	fd_close(s->h);
	rtnl_free(s->rh);
	guard_free(s->g);
}

/* How many of the frames that were sent so often get through a1, to Z (in) or to A. */
FIXTURE unsigned passing(struct scene *s, bool in, const struct frame *f, unsigned times)
{
	struct frame mark;
	bool got = false;
	count(s->a, NULL);
	frame_start(&mark, mac_z, mac_b, 0);
	put(&mark, "\x88\xb5MARK", 6);
	for (unsigned i = 0; i < times; i++)
		frame_send(in ? s->a : s->z, f);
	frame_send(s->b, &mark);
	unsigned n = count(s->z, &got);
	return in ? n : count(s->a, NULL);
}

FIXTURE bool passes(struct scene *s, bool in, const struct frame *f)
{
	return passing(s, in, f, 1) == 1;
}
