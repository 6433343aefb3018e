/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: rtnl.h, rtnl-priv.h.
 *
 * Every request asks for an acknowledgement, so its answer ends with NLMSG_ERROR (0: done) or, for
 * a list, with NLMSG_DONE; both may carry the kernel's words (NETLINK_EXT_ACK). The kernel does
 * all work within send(), so receiving never waits; a receive timeout makes sure of that.
 */
#include "svc/net/kernel/rtnl-priv.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { ANSWER_S = 10 }; /* the kernel answers at once, or something is very wrong */

/* ---- namespaces and sockets ---------------------------------------------------------------- */

int rtnl_enter(int netns, int *ret, struct err *e)
{
	*ret = -EBADF;
	if (netns < 0)
		return 0;
	AUTO_CLOSE int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return err_errno(e, -errno, "open this thread's network namespace");
	if (setns(netns, CLONE_NEWNET) < 0)
		return err_errno(e, -errno, "enter the network namespace");
	*ret = TAKE_FD(own);
	return 0;
}

void rtnl_leave(int own)
{
	if (own < 0)
		return;
	/* To go on in a foreign namespace would be to work on the wrong host. */
	if (setns(own, CLONE_NEWNET) < 0)
		abort();
	fd_close(own);
}

static int socket_options(struct mnl_socket *s)
{
	struct timeval tv = {.tv_sec = ANSWER_S};
	int on = 1, fd = mnl_socket_get_fd(s);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0)
		return -errno;
	/* Without these the kernel says less, and lists more: what is not asked for is skipped. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return 0;
}

int rtnl_socket(int netns, unsigned groups, struct mnl_socket **ret, struct err *e)
{
	int own;
	int r = rtnl_enter(netns, &own, e);
	if (r < 0)
		return r;
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	r = s ? 0 : -errno;
	rtnl_leave(own);
	if (s && mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0)
		r = -errno;
	if (r >= 0)
		r = socket_options(s);
	if (r < 0) {
		if (s)
			(void)mnl_socket_close(s);
		return err_errno(e, r, "netlink socket");
	}
	*ret = s;
	return 0;
}

int rtnl_new(int netns, struct rtnl **ret, struct err *e)
{
	AUTO(rtnl_free) struct rtnl *n = malloc(sizeof(*n));
	if (!n)
		return err_errno(e, -ENOMEM, "netlink socket");
	n->socket = NULL;
	n->seq = 0;
	n->netns = -EBADF;
	if (netns >= 0) {
		n->netns = fcntl(netns, F_DUPFD_CLOEXEC, 3);
		if (n->netns < 0)
			return err_errno(e, -errno, "network namespace");
	}
	int r = rtnl_socket(netns, 0, &n->socket, e);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(n);
	return 0;
}

void rtnl_free(struct rtnl *n)
{
	if (!n)
		return;
	if (n->socket)
		(void)mnl_socket_close(n->socket);
	fd_close(n->netns);
	free(n);
}

int rtnl_cookie(const struct rtnl *n, uint64_t *ret)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);
	if (getsockopt(mnl_socket_get_fd(n->socket), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) <
		0)
		return -errno;
	*ret = cookie;
	return 0;
}

ssize_t rtnl_receive(const struct mnl_socket *s, void *buffer, size_t size, int flags)
{
	for (;;) {
		struct sockaddr_nl from = {};
		struct iovec iov = {.iov_base = buffer, .iov_len = size};
		struct msghdr m = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1};
		ssize_t got = recvmsg(mnl_socket_get_fd(s), &m, flags);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (from.nl_pid != 0) /* not from the kernel */
			continue;
		return m.msg_flags & MSG_TRUNC ? -ENOBUFS : got;
	}
}

/* ---- requests ------------------------------------------------------------------------------ */

struct nlmsghdr *rtnl_begin(struct rtnl_request *req, uint16_t type, uint16_t flags, size_t header)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(req->bytes);
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	/* A list ends with NLMSG_DONE, and an acknowledgement besides would be left over. */
	if ((flags & NLM_F_DUMP) != NLM_F_DUMP)
		h->nlmsg_flags |= NLM_F_ACK;
	(void)mnl_nlmsg_put_extra_header(h, header);
	return h;
}

struct nlmsghdr *rtnl_begin_link(struct rtnl_request *req, uint16_t type, uint16_t flags, int index)
{
	struct nlmsghdr *h = rtnl_begin(req, type, flags, sizeof(struct ifinfomsg));
	struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	i->ifi_index = index;
	return h;
}

/* The kernel's own words, which follow the number (linux/netlink.h, enum nlmsgerr_attrs). */
static const char *words_of(const struct nlmsghdr *h, size_t offset)
{
	const struct nlattr *a;
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || mnl_nlmsg_get_payload_len(h) < offset)
		return NULL;
	mnl_attr_for_each(a, h, (unsigned)offset)
	{
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG &&
			mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			return mnl_attr_get_str(a);
	}
	return NULL;
}

/* 1: the request is done, and well. */
static int on_end(const struct nlmsghdr *h, struct err *e)
{
	int code = 0;
	size_t offset = sizeof(int);
	if (mnl_nlmsg_get_payload_len(h) >= sizeof(int))
		memcpy(&code, mnl_nlmsg_get_payload(h), sizeof(int));
	if (h->nlmsg_type == NLMSG_ERROR) {
		if (mnl_nlmsg_get_payload_len(h) < sizeof(struct nlmsgerr))
			return err_errno(e, -EBADMSG, "netlink");
		const struct nlmsgerr *m = mnl_nlmsg_get_payload(h);
		offset = sizeof(*m);
		if (!(h->nlmsg_flags & NLM_F_CAPPED))
			offset += m->msg.nlmsg_len - sizeof(struct nlmsghdr);
	}
	if (code >= 0)
		return 1;
	const char *words = words_of(h, offset);
	return words ? err_errno(e, code, "%s", words) : err_set(e, code, "%s", strerror(-code));
}

struct talk {
	unsigned seq;
	mnl_cb_t each;
	void *user;
	struct err *e;
	int r; /* of what came before the end, which has to be waited for all the same */
};

/* 1: that was the end. */
static int on_message(struct talk *t, const struct nlmsghdr *h)
{
	if (h->nlmsg_seq != t->seq)
		return 0; /* of a request that was given up */
	if (h->nlmsg_flags & NLM_F_DUMP_INTR && t->r >= 0)
		t->r = err_errno(t->e, -EINTR, "list");
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
		int r = on_end(h, t->r < 0 ? NULL : t->e);
		return t->r < 0 ? t->r : r;
	}
	if (h->nlmsg_type >= NLMSG_MIN_TYPE && t->each && t->r >= 0 &&
		t->each(h, t->user) < MNL_CB_STOP)
		t->r = err_errno(t->e, -errno, "netlink");
	return 0;
}

int rtnl_talk(struct rtnl *n, struct nlmsghdr *h, mnl_cb_t each, void *user, struct err *e)
{
	struct talk t = {.seq = ++n->seq, .each = each, .user = user, .e = e};
	h->nlmsg_seq = t.seq;
	if (mnl_socket_sendto(n->socket, h, h->nlmsg_len) < 0)
		return err_errno(e, -errno, "netlink");
	for (;;) {
		ssize_t got = rtnl_receive(n->socket, n->answer, sizeof(n->answer), 0);
		if (got < 0)
			return err_errno(e, got == -EAGAIN ? -ETIMEDOUT : (int)got, "netlink");
		int left = (int)got, r = 0;
		for (const struct nlmsghdr *m = (const void *)n->answer;
			!r && mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left))
			r = on_message(&t, m);
		if (r != 0)
			return r < 0 ? r : 0;
	}
}

int rtnl_say(int r, struct err *e, const char *what, const char *name)
{
	return r < 0 ? err_wrap(e, r, "%s%s%s", what, name ? " " : "", name ? name : "") : r;
}

/* ---- attributes ---------------------------------------------------------------------------- */

struct table {
	const struct nlattr **attrs;
	unsigned max;
};

static int on_attr(const struct nlattr *a, void *user)
{
	struct table *t = user;
	if (mnl_attr_get_type(a) <= t->max)
		t->attrs[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

void rtnl_attrs(const struct nlmsghdr *h, size_t header, const struct nlattr **ret, unsigned max)
{
	struct table t = {ret, max};
	memset(ret, 0, (max + 1) * sizeof(struct nlattr *));
	(void)mnl_attr_parse(h, (unsigned)header, on_attr, &t);
}

void rtnl_attrs_nested(const struct nlattr *a, const struct nlattr **ret, unsigned max)
{
	struct table t = {ret, max};
	memset(ret, 0, (max + 1) * sizeof(struct nlattr *));
	(void)mnl_attr_parse_nested(a, on_attr, &t);
}

/* ---- names and addresses ------------------------------------------------------------------- */

bool rtnl_name_is_valid(const char *name)
{
	size_t n = strlen(name);
	if (n < 1 || n >= IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];
		/* "%" is a place for a number that the kernel chooses */
		if (c == '/' || c == ':' || c == '%' || c <= ' ' || c == 0x7f)
			return false;
	}
	return true;
}

int rtnl_check_names(const char *name, const char *alias, struct err *e)
{
	if (name && !rtnl_name_is_valid(name))
		return err_set(e, -EINVAL,
			"a name of an interface has 1 to %d bytes, and no \"/\", \":\", \"%%\" or "
			"white space",
			IFNAMSIZ - 1);
	if (alias && strlen(alias) > RTNL_ALIAS_MAX)
		return err_set(e, -EINVAL, "the alias is too long");
	return 0;
}

int rtnl_ip_parse(const char *text, struct rtnl_ip *ret)
{
	struct rtnl_ip ip = {};
	ip.family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(ip.family, text, &ip.v6) != 1)
		return -EINVAL;
	*ret = ip;
	return 0;
}

unsigned rtnl_ip_bits(const struct rtnl_ip *ip)
{
	return ip->family == AF_INET ? 32 : 128;
}

bool rtnl_ip_equal(const struct rtnl_ip *a, const struct rtnl_ip *b)
{
	return a->family == b->family && !memcmp(&a->v6, &b->v6, rtnl_ip_bits(a) / 8);
}

void rtnl_put_ip(struct nlmsghdr *h, uint16_t type, const struct rtnl_ip *ip)
{
	mnl_attr_put(h, type, rtnl_ip_bits(ip) / 8, &ip->v6);
}

bool rtnl_get_ip(const struct nlattr *a, int family, struct rtnl_ip *ret)
{
	struct rtnl_ip ip = {.family = family};
	if (!a || (family != AF_INET && family != AF_INET6) ||
		mnl_attr_get_payload_len(a) != rtnl_ip_bits(&ip) / 8)
		return false;
	memcpy(&ip.v6, mnl_attr_get_payload(a), rtnl_ip_bits(&ip) / 8);
	*ret = ip;
	return true;
}

int rtnl_address_parse(const char *text, struct rtnl_address *ret)
{
	char ip[INET6_ADDRSTRLEN];
	struct rtnl_address a = {};
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	if (n >= sizeof(ip))
		return -EINVAL;
	memcpy(ip, text, n);
	ip[n] = 0;
	if (rtnl_ip_parse(ip, &a.ip) < 0)
		return -EINVAL;
	unsigned long prefix = rtnl_ip_bits(&a.ip);
	if (slash) {
		char *end;
		if (!isdigit((unsigned char)slash[1]) || strlen(slash + 1) > 3)
			return -EINVAL;
		prefix = strtoul(slash + 1, &end, 10);
		if (*end || prefix > rtnl_ip_bits(&a.ip))
			return -EINVAL;
	}
	a.prefix = (uint8_t)prefix;
	*ret = a;
	return 0;
}

void rtnl_address_format(const struct rtnl_address *a, char ret[static RTNL_ADDRESS_TEXT])
{
	char ip[INET6_ADDRSTRLEN] = "";
	(void)inet_ntop(a->ip.family, &a->ip.v6, ip, sizeof(ip));
	(void)snprintf(ret, RTNL_ADDRESS_TEXT, "%s/%u", ip, a->prefix);
}
