/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the modules of rtnl.h share: a request is built in a buffer of its own (begin), and talked
 * about with the kernel (talk), which answers before talk returns.
 *
 *	rtnl.c          socket, requests, text of addresses
 *	rtnl-link.c     links: read, change, delete
 *	rtnl-make.c     VXLAN, bridge, veth, tap; what a VXLAN sends to
 *	rtnl-address.c  addresses, routes, neighbours
 *	rtnl-bpf.c      programs at a link
 *	rtnl-watch.c    what happens
 */
#include "svc/net/kernel/rtnl.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

enum {
	RTNL_REQUEST_SIZE = 2048, /* the largest has two names, two aliases, some addresses */
	RTNL_ANSWER_SIZE = 32768, /* as much as the kernel puts into a part of a list */
	RTNL_LIST_MAX = 65536, /* links or addresses */
};

struct rtnl {
	struct mnl_socket *socket;
	int netns; /* -EBADF: that of this process */
	unsigned seq;
	char answer[RTNL_ANSWER_SIZE];
};

/* A buffer for a request. */
struct rtnl_request {
	_Alignas(struct nlmsghdr) char bytes[RTNL_REQUEST_SIZE];
};

/* Starts a request: type RTM_..., flags besides NLM_F_REQUEST and NLM_F_ACK, a zeroed header of
 * that size after the netlink one (mnl_nlmsg_get_payload() has it). */
struct nlmsghdr *rtnl_begin(struct rtnl_request *req, uint16_t type, uint16_t flags, size_t header);
/* The same for a link, or all (0). */
struct nlmsghdr *rtnl_begin_link(
	struct rtnl_request *req, uint16_t type, uint16_t flags, int index);
/* Sends it and calls each (may be NULL) with every message of the answer; a list that changed
 * while it was read is -EINTR. e: the kernel's words and the error's. */
int rtnl_talk(struct rtnl *n, struct nlmsghdr *h, mnl_cb_t each, void *user, struct err *e);

/* One message, from the kernel; -EAGAIN, -ENOBUFS (some were lost) */
ssize_t rtnl_receive(const struct mnl_socket *s, void *buffer, size_t size, int flags);
/* A netlink socket in that namespace, with the errors' words on. groups: bits of RTMGRP_... */
int rtnl_socket(int netns, unsigned groups, struct mnl_socket **ret, struct err *e);

void rtnl_put_ip(struct nlmsghdr *h, uint16_t type, const struct rtnl_ip *ip);
/* The attribute as an address of that family; false if it is not. */
bool rtnl_get_ip(const struct nlattr *a, int family, struct rtnl_ip *ret);
unsigned rtnl_ip_bits(const struct rtnl_ip *ip); /* 32, 128 */

/* The attributes of a message after a header of that size, by type; max is the largest. */
void rtnl_attrs(const struct nlmsghdr *h, size_t header, const struct nlattr **ret, unsigned max);
void rtnl_attrs_nested(const struct nlattr *a, const struct nlattr **ret, unsigned max);

/* What RTM_NEWLINK and RTM_DELLINK tell. False: it is about something else. */
bool rtnl_link_read(const struct nlmsghdr *h, struct rtnl_link *ret);
/* What RTM_NEWADDR and RTM_DELADDR tell. */
bool rtnl_address_read(const struct nlmsghdr *h, struct rtnl_address *ret);

/* -EINVAL with e set if the name or the alias (may be NULL) is none. */
int rtnl_check_names(const char *name, const char *alias, struct err *e);
/* Makes it wordy: "do something: kernel's words". Returns r. */
int rtnl_say(int r, struct err *e, const char *what, const char *name);
