/* SPDX-License-Identifier: MIT */
/*
 * Rules that somebody removes ("nft flush ruleset", as a firewall does that reads its rules again)
 * are made anew.  The kernel tells of each table that is deleted; whether one of ours is missing is
 * then looked up, since we delete and make them in one transaction as well.
 */
#include "svc/net/kernel/guard-private.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

enum { MESSAGES_MAX = 1024 }; /* read at a time */

int guard_watch_open(struct guard *g)
{
	g->watch = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!g->watch ||
		mnl_socket_bind(g->watch, 1 << (NFNLGRP_NFTABLES - 1), MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

int guard_watch_fd(const struct guard *g)
{
	return mnl_socket_get_fd(g->watch);
}

static int on_message(const struct nlmsghdr *h, void *user)
{
	bool *deleted = user;
	if (h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE))
		*deleted = true;
	return MNL_CB_OK;
}

/* Has a table been deleted, or has the kernel more to tell than it could? */
static bool read_all(struct guard *g)
{
	bool deleted = false;
	for (unsigned i = 0; i < MESSAGES_MAX; i++) {
		char buf[16384];
		ssize_t n = mnl_socket_recvfrom(g->watch, buf, sizeof buf);
		if (n < 0 && errno == ENOBUFS)
			deleted = true;
		else if (n < 0 && errno != ENOSPC)
			break;
		if (n > 0 && mnl_cb_run(buf, (size_t)n, 0, 0, on_message, &deleted) < 0)
			deleted = true;
	}
	return deleted;
}

int guard_watch_process(struct guard *g, struct err *e)
{
	if (!read_all(g))
		return 0;
	int r = 0, made = 0;
	uint8_t family = g->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
	if (g->ports_ready && !guard_table_is_there(g, family)) {
		r = guard_ports_restore(g, e);
		made = 1;
	}
	if (r == 0 && g->devices_ready && !guard_table_is_there(g, NFPROTO_NETDEV)) {
		r = guard_devices_restore(g, e);
		made = 1;
	}
	return r < 0 ? r : made;
}
