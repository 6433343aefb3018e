/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "svc/net/kernel/rtnl.h"

#include <linux/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

struct seen {
	struct rtnl_event last;
	unsigned count[RTNL_LOST + 1];
};

static void on_event(void *user, const struct rtnl_event *event)
{
	struct seen *s = user;
	s->last = *event;
	s->count[event->kind]++;
}

static struct rtnl *prepare(struct rtnl_watch **w, struct seen *s)
{
	struct rtnl *n;
	struct err e = {};
	if (unshare(CLONE_NEWNET) < 0)
		test_skip("may not make a network namespace");
	CHECK_INT(rtnl_new(-EBADF, &n, &e), 0);
	CHECK_INT(rtnl_watch_new(-EBADF, on_event, s, w, &e), 0);
	return n;
}

/* The kernel tells of it within the request, so it is there already. */
static void process(struct rtnl_watch *w)
{
	struct pollfd p = {.fd = rtnl_watch_fd(w), .events = POLLIN};
	CHECK_INT(poll(&p, 1, 10000), 1);
	while (poll(&p, 1, 0) == 1)
		CHECK_INT(rtnl_watch_process(w), 0);
}

TEST(links_and_addresses_are_told)
{
	struct seen s = {};
	struct rtnl_link l;
	struct err e = {};
	AUTO(rtnl_watch_free) struct rtnl_watch *w = NULL;
	AUTO(rtnl_free) struct rtnl *n = prepare(&w, &s);
	CHECK_INT(rtnl_watch_process(w), 0); /* does not wait */
	CHECK_INT(rtnl_bridge_add(n, "br0", "metac x", &e), 0);
	CHECK_INT(rtnl_link_by_name(n, "br0", &l, &e), 0);
	process(w);
	CHECK(s.count[RTNL_LINK_CHANGED] >= 1);
	CHECK_STR(s.last.link.name, "br0");
	CHECK_STR(s.last.link.alias, "metac x");
	struct rtnl_address a;
	CHECK_INT(rtnl_address_parse("10.1.0.7/24", &a), 0);
	a.index = l.index;
	CHECK_INT(rtnl_address_add(n, &a, &e), 0);
	process(w);
	CHECK_INT(s.count[RTNL_ADDRESS_ADDED], 1);
	CHECK_INT(s.last.address.index, l.index);
	CHECK_INT(s.last.address.prefix, 24);
	CHECK(rtnl_ip_equal(&s.last.address.ip, &a.ip));
	CHECK_INT(rtnl_address_delete(n, &a, &e), 0);
	process(w);
	CHECK_INT(s.count[RTNL_ADDRESS_REMOVED], 1);
	CHECK_INT(rtnl_link_delete(n, l.index, &e), 0);
	process(w);
	CHECK_INT(s.count[RTNL_LINK_GONE], 1);
	CHECK_INT(s.last.link.index, l.index);
	CHECK_STR(s.last.link.name, "br0");
}

TEST(filters_that_go_are_told)
{
	struct seen s = {};
	struct rtnl_link l;
	struct err e = {};
	bool made;
	AUTO(rtnl_watch_free) struct rtnl_watch *w = NULL;
	AUTO(rtnl_free) struct rtnl *n = prepare(&w, &s);
	CHECK_INT(rtnl_bridge_add(n, "br0", "metac x", &e), 0);
	CHECK_INT(rtnl_link_by_name(n, "br0", &l, &e), 0);
	CHECK_INT(rtnl_clsact_add(n, l.index, &made, &e), 0);
	process(w);
	CHECK_INT(s.count[RTNL_FILTER_GONE], 0);
	CHECK_INT(rtnl_clsact_delete(n, l.index, &e), 0);
	process(w);
	CHECK_INT(s.count[RTNL_FILTER_GONE], 1);
	CHECK_INT(s.last.link.index, l.index);
}

TEST(a_port_that_leaves_its_bridge_has_not_gone)
{
	struct seen s = {};
	struct rtnl_link l;
	struct err e = {};
	AUTO(rtnl_watch_free) struct rtnl_watch *w = NULL;
	AUTO(rtnl_free) struct rtnl *n = prepare(&w, &s);
	struct rtnl_change c = {.what = RTNL_SET_MASTER};
	CHECK_INT(rtnl_bridge_add(n, "br0", NULL, &e), 0);
	CHECK_INT(rtnl_link_by_name(n, "br0", &l, &e), 0);
	c.master = l.index;
	CHECK_INT(rtnl_veth_add(n, "v0", "v1", NULL, NULL, -EBADF, &e), 0);
	CHECK_INT(rtnl_link_by_name(n, "v0", &l, &e), 0);
	CHECK_INT(rtnl_link_set(n, l.index, &c, &e), 0);
	c.master = 0;
	CHECK_INT(rtnl_link_set(n, l.index, &c, &e), 0);
	process(w);
	CHECK_INT(s.count[RTNL_LINK_GONE], 0);
	CHECK_INT(s.last.link.master, 0);
}

TEST(what_was_lost_is_told)
{
	struct seen s = {};
	struct err e = {};
	AUTO(rtnl_watch_free) struct rtnl_watch *w = NULL;
	AUTO(rtnl_free) struct rtnl *n = prepare(&w, &s);
	int small = 1;
	CHECK_INT(setsockopt(rtnl_watch_fd(w), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (int i = 0; i < 8; i++) {
		char name[IFNAMSIZ];
		(void)snprintf(name, sizeof(name), "br%d", i);
		CHECK_INT(rtnl_bridge_add(n, name, NULL, &e), 0);
	}
	process(w);
	CHECK(s.count[RTNL_LOST] >= 1);
}
