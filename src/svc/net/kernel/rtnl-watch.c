/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a socket that is a member of the kernel's groups for links, addresses and
 * filters. When more happens than its buffer holds, the kernel says so once (ENOBUFS), and the
 * watcher looks at everything again.
 */
#include "svc/net/kernel/rtnl-priv.h"

enum {
	BUFFER = 1 << 20, /* of the socket: some hundred links that come or go at once */
	BATCH = 256, /* messages that one call handles, so that others get their turn */
};

struct rtnl_watch {
	struct mnl_socket *socket;
	void (*on_event)(void *user, const struct rtnl_event *event);
	void *user;
	_Alignas(struct nlmsghdr) char buffer[RTNL_ANSWER_SIZE];
};

int rtnl_watch_new(int netns, void (*on_event)(void *user, const struct rtnl_event *event),
	void *user, struct rtnl_watch **ret, struct err *e)
{
	AUTO(rtnl_watch_free) struct rtnl_watch *w = malloc(sizeof(*w));
	int size = BUFFER;
	if (!w)
		return err_errno(e, -ENOMEM, "watch links");
	w->socket = NULL;
	w->on_event = on_event;
	w->user = user;
	unsigned groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_TC;
	int r = rtnl_socket(netns, groups, &w->socket, e);
	if (r < 0)
		return rtnl_say(r, e, "watch links", NULL);
	int fd = mnl_socket_get_fd(w->socket);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	*ret = TAKE_PTR(w);
	return 0;
}

int rtnl_watch_fd(const struct rtnl_watch *w)
{
	return mnl_socket_get_fd(w->socket);
}

/* Not told when the link goes. A block that several links share has no index. */
static bool read_filter_gone(const struct nlmsghdr *h, int *ret_index)
{
	const struct tcmsg *m = mnl_nlmsg_get_payload(h);
	if ((h->nlmsg_type != RTM_DELTFILTER && h->nlmsg_type != RTM_DELQDISC) ||
		mnl_nlmsg_get_payload_len(h) < sizeof(*m) || m->tcm_ifindex <= 0)
		return false;
	*ret_index = m->tcm_ifindex;
	return true;
}

static void on_message(struct rtnl_watch *w, const struct nlmsghdr *h)
{
	struct rtnl_event event = {};
	if (rtnl_link_read(h, &event.link))
		event.kind = h->nlmsg_type == RTM_NEWLINK ? RTNL_LINK_CHANGED : RTNL_LINK_GONE;
	else if (rtnl_address_read(h, &event.address))
		event.kind =
			h->nlmsg_type == RTM_NEWADDR ? RTNL_ADDRESS_ADDED : RTNL_ADDRESS_REMOVED;
	else if (read_filter_gone(h, &event.link.index))
		event.kind = RTNL_FILTER_GONE;
	else
		return;
	w->on_event(w->user, &event);
}

int rtnl_watch_process(struct rtnl_watch *w)
{
	for (unsigned i = 0; i < BATCH; i++) {
		ssize_t got = rtnl_receive(w->socket, w->buffer, sizeof(w->buffer), MSG_DONTWAIT);
		if (got == -EAGAIN)
			return 0;
		if (got == -ENOBUFS) {
			w->on_event(w->user, &(struct rtnl_event){.kind = RTNL_LOST});
			continue;
		}
		if (got < 0)
			return (int)got;
		int left = (int)got;
		for (const struct nlmsghdr *h = (const void *)w->buffer; mnl_nlmsg_ok(h, left);
			h = mnl_nlmsg_next(h, &left))
			on_message(w, h);
	}
	return 0;
}

void rtnl_watch_free(struct rtnl_watch *w)
{
	if (!w)
		return;
	if (w->socket)
		(void)mnl_socket_close(w->socket);
	free(w);
}
