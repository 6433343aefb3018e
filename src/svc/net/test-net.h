/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of tunnels and what they are made of: hosts, each a network namespace of its own with
 * a network service that has nothing but its places, and real frames at links.
 */
#include "base/test.h"
#include "svc/net/reaper.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { FRAME_TYPE = 0x88b5 };

struct host {
	struct loop loop;
	struct net_service ns;
	int netns;
	char dir[32]; /* its runtime directory */
};

static void ok_(int line, int r, const struct err *e)
{
	if (r)
		test_fail(__FILE__, line, "%d: %s", r, e->msg);
}
#define OK(call)                            \
	do {                                \
		struct err err_ = {};       \
		ok_(__LINE__, call, &err_); \
	} while (0)

static void enter(int netns)
{
	CHECK_INT(setns(netns, CLONE_NEWNET), 0);
}

/* A new namespace, which this process is in from now on. */
static int namespace_new(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		test_skip("may not make a network namespace");
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static inline void link_up(struct rtnl *n, int index)
{
	struct rtnl_change up = {.what = RTNL_SET_UP, .up = true};
	OK(rtnl_link_set(n, index, &up, &err_));
}

static inline struct rtnl_link link_get(struct rtnl *n, const char *name)
{
	struct rtnl_link l;
	OK(rtnl_link_by_name(n, name, &l, &err_));
	return l;
}

static inline size_t link_count(struct rtnl *n)
{
	struct rtnl_link *list;
	size_t count;
	OK(rtnl_link_list(n, &list, &count, &err_));
	free(list);
	return count;
}

static inline void address_add(struct rtnl *n, const char *link, const char *text)
{
	struct rtnl_address a;
	CHECK_INT(rtnl_address_parse(text, &a), 0);
	a.index = link_get(n, link).index;
	OK(rtnl_address_add(n, &a, &err_));
}

/* The process is in the host's namespace afterwards. */
static inline void host_init(struct host *h, const char *address)
{
	*h = (struct host){.netns = namespace_new()};
	struct net_service *ns = &h->ns;
	CHECK_INT(loop_init(&h->loop), 0);
	ns->streams.loop = &h->loop;
	strcpy(h->dir, "/tmp/metac-test-net-XXXXXX");
	CHECK(mkdtemp(h->dir));
	ns->runtime = open(h->dir, O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(rtnl_ip_parse(address, &ns->address), 0);
	(void)snprintf(ns->address_text, sizeof(ns->address_text), "%s", address);
	list_init(&ns->places);
	list_init(&ns->created);
	list_init(&ns->ifaces);
	list_init(&ns->bindings);
	list_init(&ns->tunnels);
	list_init(&ns->offers);
	struct place *root;
	OK(place_get(ns, "", &root, &err_));
	CHECK(root == ns->root);
	place_unref(root); /* the service has one of its own */
	link_up(root->rtnl, 1);
}

/* Whatever has happened is dealt with, and what was put off is done. */
static inline void host_turn(struct host *h)
{
	while (sd_event_run(h->loop.event, 0) > 0)
		;
}

static inline int on_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)umount2(path, MNT_DETACH);
	return remove(path);
}

static inline void host_done(struct host *h)
{
	host_turn(h);
	reaper_done(&h->ns);
	place_unref(h->ns.root);
	CHECK(list_empty(&h->ns.places));
	place_names_done(&h->ns);
	loop_done(&h->loop);
	fd_close(h->netns);
	fd_close(h->ns.runtime);
	CHECK_INT(nftw(h->dir, on_file, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* A new namespace, by a name that lasts as long as the host. */
static inline struct place *place_new(struct host *h)
{
	char path[PATH_MAX], own[64];
	struct place *p;
	CHECK_INT(unshare(CLONE_NEWNS), 0);
	CHECK_INT(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	int netns = namespace_new();
	enter(h->netns);
	(void)snprintf(path, sizeof(path), "%s/netns", h->dir);
	fd_close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	(void)snprintf(own, sizeof(own), "/proc/self/fd/%d", netns);
	CHECK_INT(mount(own, path, NULL, MS_BIND, NULL), 0);
	close(netns);
	OK(place_get(&h->ns, path, &p, &err_));
	return p;
}

/* Two hosts with a cable between them. */
static inline void hosts_init(struct host *a, struct host *b, bool ip6, uint32_t mtu)
{
	const char *address[2] = {ip6 ? "fd99::1" : "10.99.0.1", ip6 ? "fd99::2" : "10.99.0.2"};
	struct host *host[2] = {a, b};
	host_init(b, address[1]);
	host_init(a, address[0]);
	OK(rtnl_veth_add(a->ns.root->rtnl, "cable", "cable", "", NULL, b->netns, &err_));
	for (int i = 0; i < 2; i++) {
		char text[64];
		struct rtnl *n = host[i]->ns.root->rtnl;
		struct rtnl_change c = {.what = RTNL_SET_MTU | RTNL_SET_UP, .mtu = mtu, .up = true};
		OK(rtnl_link_set(n, link_get(n, "cable").index, &c, &err_));
		(void)snprintf(text, sizeof(text), "%s/%d", address[i], ip6 ? 64 : 24);
		address_add(n, "cable", text);
	}
}

static inline void hosts_turn(struct host *a, struct host *b)
{
	host_turn(a);
	host_turn(b);
}

/* ---- frames -------------------------------------------------------------------------------- */

/* A socket for frames of our type at a link. */
static inline int frames_at(struct place *p, const char *name)
{
	AUTO_CLOSE int was = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	enter(p->netns);
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	CHECK(s >= 0);
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
		.sll_protocol = htons(FRAME_TYPE),
		.sll_ifindex = link_get(p->rtnl, name).index};
	CHECK_INT(bind(s, (struct sockaddr *)&to, sizeof(to)), 0);
	enter(was);
	return s;
}

/* A broadcast; size without the Ethernet header. */
static inline int frame_send(int s, uint8_t number, size_t size)
{
	static uint8_t frame[70000] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
	frame[14] = number;
	return send(s, frame, 14 + size, 0) < 0 ? -errno : 0;
}

/* Number of the next frame; -1 if there is none. */
static inline int frame_next(int s, int wait_ms)
{
	static uint8_t frame[70000];
	struct pollfd p = {.fd = s, .events = POLLIN};
	if (poll(&p, 1, wait_ms) <= 0)
		return -1;
	CHECK(recv(s, frame, sizeof(frame), 0) >= 15);
	return frame[14];
}

/* A frame gets from one to the other. Bridges take a moment to begin: so it is sent until it is
 * there; those that came late are of an earlier call, and are passed over. */
static inline bool frame_passes(int from, int to)
{
	static uint8_t number;
	number++;
	for (int i = 0; i < 1000; i++) {
		int got;
		if (frame_send(from, number, 46))
			return false;
		while ((got = frame_next(to, 5)) >= 0)
			if (got == number)
				return true;
	}
	return false;
}

#define NO_OPTIONS ((struct net_create_options_r){})

static inline struct created *create(struct place *p, const char *name)
{
	struct created *c;
	OK(created_new(p, name, "", NO_OPTIONS, &c, &err_));
	return c;
}

static inline struct segment *segment_of(struct place *p, const char *name)
{
	struct segment *s;
	OK(segment_get(p, name, &s, &err_));
	return s;
}
