/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: nbdnl.h.
 *
 * Two netlink sockets: requests and their answers go through one, in turn; events come from the
 * other, which is a member of the multicast group.
 */
#include "svc/block/nbdnl.h"
#include "base/log.h"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/nbd-netlink.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum {
	BUFFER_SIZE = 8192,
	ANSWER_MS = 10 * 1000, /* the kernel answers at once, or something is very wrong */
	REQUEST_TIMEOUT_S = 30, /* a server that is silent for so long is one that is lost */
};

struct nbdnl {
	struct mnl_socket *requests, *events;
	uint16_t family;
	uint32_t group;
	unsigned seq;
	sd_event_source *source;
	void (*on_dead)(void *user, int index);
	void *user;
};

/* ---- messages ------------------------------------------------------------------------------ */

static struct nlmsghdr *begin(char *buffer, uint16_t type, uint8_t command, uint8_t version)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->cmd = command;
	g->version = version;
	return h;
}

static int wait_for_answer(const struct mnl_socket *s)
{
	struct timeval tv = {.tv_sec = ANSWER_MS / 1000};
	int fd = mnl_socket_get_fd(s);
	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0 ? -errno : 0;
}

/* Sends it and takes what comes until the acknowledgement. */
static int talk(struct nbdnl *n, struct nlmsghdr *h, mnl_cb_t each, void *user)
{
	char buffer[BUFFER_SIZE];
	unsigned port = mnl_socket_get_portid(n->requests);
	h->nlmsg_seq = ++n->seq;
	if (mnl_socket_sendto(n->requests, h, h->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t got = mnl_socket_recvfrom(n->requests, buffer, sizeof(buffer));
		if (got < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		int r = mnl_cb_run(buffer, (size_t)got, n->seq, port, each, user);
		if (r < 0 && errno == ESRCH)
			continue; /* the answer to one that was given up */
		if (r <= MNL_CB_STOP)
			return r < 0 ? -errno : 0;
	}
}

/* ---- the family ---------------------------------------------------------------------------- */

static int on_group_attr(const struct nlattr *a, void *user)
{
	const struct nlattr **t = user;
	if (mnl_attr_get_type(a) <= CTRL_ATTR_MCAST_GRP_MAX)
		t[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

static int on_family_attr(const struct nlattr *a, void *user)
{
	struct nbdnl *n = user;
	if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
		n->family = mnl_attr_get_u16(a);
	if (mnl_attr_get_type(a) != CTRL_ATTR_MCAST_GROUPS)
		return MNL_CB_OK;
	const struct nlattr *group;
	mnl_attr_for_each_nested(group, a)
	{
		const struct nlattr *t[CTRL_ATTR_MCAST_GRP_MAX + 1] = {};
		(void)mnl_attr_parse_nested(group, on_group_attr, t);
		const struct nlattr *name = t[CTRL_ATTR_MCAST_GRP_NAME],
				    *id = t[CTRL_ATTR_MCAST_GRP_ID];
		if (name && id && !strcmp(mnl_attr_get_str(name), NBD_GENL_MCAST_GROUP_NAME))
			n->group = mnl_attr_get_u32(id);
	}
	return MNL_CB_OK;
}

static int on_family(const struct nlmsghdr *h, void *user)
{
	return mnl_attr_parse(h, sizeof(struct genlmsghdr), on_family_attr, user);
}

static struct mnl_socket *open_socket(void)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (s && mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		int saved = errno;
		(void)mnl_socket_close(s);
		errno = saved;
		s = NULL;
	}
	return s;
}

static int find_family(struct nbdnl *n, struct err *e)
{
	char buffer[BUFFER_SIZE];
	n->requests = open_socket();
	if (!n->requests)
		return err_errno(e, -errno, "netlink");
	int r = wait_for_answer(n->requests);
	struct nlmsghdr *h = begin(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, NBD_GENL_FAMILY_NAME);
	if (r >= 0)
		r = talk(n, h, on_family, n);
	if (r == -ENOENT)
		return err_set(e, -ENODEV,
			"the kernel's nbd is not there (modprobe nbd; and not in a network "
			"namespace)");
	if (r < 0)
		return err_errno(e, r, "ask the kernel for nbd");
	return n->family ? 0 : err_set(e, -ENODEV, "the kernel's nbd has no netlink interface");
}

int nbdnl_available(struct err *e)
{
	struct nbdnl n = {};
	int r = find_family(&n, e);
	if (n.requests)
		(void)mnl_socket_close(n.requests);
	return r;
}

/* ---- events -------------------------------------------------------------------------------- */

static int on_index(const struct nlattr *a, void *user)
{
	if (mnl_attr_get_type(a) == NBD_ATTR_INDEX && mnl_attr_get_payload_len(a) >= 4)
		*(int *)user = (int)mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static int get_index(const struct nlmsghdr *h, void *user)
{
	return mnl_attr_parse(h, sizeof(struct genlmsghdr), on_index, user);
}

static int on_event(const struct nlmsghdr *h, void *user)
{
	struct nbdnl *n = user;
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(h);
	int index = -1;
	if (h->nlmsg_type != n->family || g->cmd != NBD_CMD_LINK_DEAD)
		return MNL_CB_OK;
	(void)get_index(h, &index);
	if (index >= 0)
		n->on_dead(n->user, index);
	return MNL_CB_OK;
}

static int on_events(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct nbdnl *n = user;
	char buffer[BUFFER_SIZE];
	/* Not mnl_socket_recvfrom: what others than the kernel send is refused, and with ENOBUFS
	 * something was lost, which the next try to write tells as well. */
	ssize_t got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	if (got > 0)
		(void)mnl_cb_run(buffer, (size_t)got, 0, 0, on_event, n);
	return 0;
}

static int listen_to_events(struct nbdnl *n, sd_event *event)
{
	n->events = open_socket();
	if (!n->events)
		return -errno;
	int group = (int)n->group;
	if (n->group &&
		mnl_socket_setsockopt(n->events, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return sd_event_add_io(
		event, &n->source, mnl_socket_get_fd(n->events), EPOLLIN, on_events, n);
}

int nbdnl_new(sd_event *event, void (*on_dead)(void *user, int index), void *user,
	struct nbdnl **ret, struct err *e)
{
	struct nbdnl *n = calloc(1, sizeof(*n));
	if (!n)
		return err_errno(e, -ENOMEM, "nbd");
	n->on_dead = on_dead;
	n->user = user;
	int r = find_family(n, e);
	if (r >= 0) {
		r = listen_to_events(n, event);
		if (r < 0)
			err_errno(e, r, "listen to the kernel's nbd");
	}
	if (r < 0)
		nbdnl_free(n);
	else
		*ret = n;
	return r;
}

void nbdnl_free(struct nbdnl *n)
{
	if (!n)
		return;
	sd_event_source_disable_unref(n->source);
	if (n->requests)
		(void)mnl_socket_close(n->requests);
	if (n->events)
		(void)mnl_socket_close(n->events);
	free(n);
}

/* ---- commands ------------------------------------------------------------------------------ */

static void put_socket(struct nlmsghdr *h, int socket)
{
	if (socket < 0)
		return;
	struct nlattr *list = mnl_attr_nest_start(h, NBD_ATTR_SOCKETS);
	struct nlattr *item = mnl_attr_nest_start(h, NBD_SOCK_ITEM);
	mnl_attr_put_u32(h, NBD_SOCK_FD, (uint32_t)socket);
	mnl_attr_nest_end(h, item);
	mnl_attr_nest_end(h, list);
}

/* Also with RECONFIGURE: it takes what it can change, and wants the backend to be the same. */
static void put_device(struct nlmsghdr *h, const struct nbdnl_device *d)
{
	if (d->size)
		mnl_attr_put_u64(h, NBD_ATTR_SIZE_BYTES, d->size);
	mnl_attr_put_u64(h, NBD_ATTR_TIMEOUT, REQUEST_TIMEOUT_S);
	mnl_attr_put_u64(h, NBD_ATTR_DEAD_CONN_TIMEOUT, d->dead_s);
	mnl_attr_put_strz(h, NBD_ATTR_BACKEND_IDENTIFIER, d->backend);
	put_socket(h, d->socket);
}

int nbdnl_connect(struct nbdnl *n, const struct nbdnl_device *d, struct err *e)
{
	char buffer[BUFFER_SIZE];
	int index = -1;
	struct nlmsghdr *h = begin(buffer, n->family, NBD_CMD_CONNECT, NBD_GENL_VERSION);
	mnl_attr_put_u64(h, NBD_ATTR_BLOCK_SIZE_BYTES, d->block);
	mnl_attr_put_u64(h, NBD_ATTR_SERVER_FLAGS, d->flags);
	put_device(h, d);
	int r = talk(n, h, get_index, &index);
	if (r >= 0 && index < 0)
		r = -EPROTO;
	return r < 0 ? err_errno(e, r, "give the connection to the kernel's nbd") : index;
}

int nbdnl_reconfigure(struct nbdnl *n, const struct nbdnl_device *d, struct err *e)
{
	char buffer[BUFFER_SIZE];
	struct nlmsghdr *h = begin(buffer, n->family, NBD_CMD_RECONFIGURE, NBD_GENL_VERSION);
	mnl_attr_put_u32(h, NBD_ATTR_INDEX, (uint32_t)d->index);
	put_device(h, d);
	int r = talk(n, h, NULL, NULL);
	return r < 0 ? err_errno(e, r, "/dev/nbd%d", d->index) : 0;
}

int nbdnl_disconnect(struct nbdnl *n, int index)
{
	char buffer[BUFFER_SIZE];
	struct err e = {};
	struct nbdnl own = {};
	int r = n ? 0 : find_family(&own, &e);
	if (r >= 0) {
		struct nbdnl *use = n ?: &own;
		struct nlmsghdr *h =
			begin(buffer, use->family, NBD_CMD_DISCONNECT, NBD_GENL_VERSION);
		mnl_attr_put_u32(h, NBD_ATTR_INDEX, (uint32_t)index);
		r = talk(use, h, NULL, NULL);
	}
	if (own.requests)
		(void)mnl_socket_close(own.requests);
	return r;
}

/* ---- what /sys tells ----------------------------------------------------------------------- */

static ssize_t read_sys(int index, const char *name, char *ret, size_t size)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/sys/block/nbd%d/%s", index, name);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);
	ret[MAX(n, 0)] = 0;
	return n;
}

bool nbdnl_is_ours(int index, const char *backend)
{
	char text[NBDNL_BACKEND_MAX + 8];
	if (read_sys(index, "backend", text, sizeof(text)) < 0)
		return false;
	text[strcspn(text, "\n")] = 0;
	return !strcmp(text, backend);
}

uint64_t nbdnl_writes(int index)
{
	char text[512];
	uint64_t v[16] = {};
	if (read_sys(index, "stat", text, sizeof(text)) < 0)
		return NBDNL_UNKNOWN;
	char *p = text;
	size_t n = 0;
	for (char *end; n < ARRAY_SIZE(v); n++, p = end) {
		v[n] = strtoull(p, &end, 10);
		if (end == p)
			break;
	}
	/* Documentation/block/stat.rst: writes are the fifth, discards the twelfth. */
	return n < 7 ? NBDNL_UNKNOWN : v[4] + (n > 11 ? v[11] : 0);
}
