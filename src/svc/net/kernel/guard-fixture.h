/* SPDX-License-Identifier: MIT */
#pragma once
/* For tests of the guard: namespaces, links, frames written by hand. */
#include "base/test.h"
#include "svc/net/kernel/guard.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <nftables/libnftables.h>
#include <sched.h>

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
