/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: links are read with RTM_GETLINK, changed with RTM_NEWLINK (without
 * NLM_F_CREATE), and deleted with RTM_DELLINK.
 *
 * The kernel deletes a link in several steps, between which it waits for all readers (RCU); for
 * many at once it does the steps for all and waits once. The one request that deletes many names a
 * group (ip-link(8)): so they are put into one that nobody has, a random number.
 */
#include "svc/net/kernel/rtnl-priv.h"

#include <linux/net_namespace.h>
#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <sys/random.h>

enum {
	LIST_TRIES = 8, /* of a list that changes while it is read */
	OF_PORT = RTNL_SET_ISOLATED | RTNL_SET_BLOCKED,
};

/* ---- reading ------------------------------------------------------------------------------- */

static void get_string(const struct nlattr *a, char *ret, size_t size)
{
	ret[0] = 0;
	if (!a)
		return;
	size_t n = strnlen(mnl_attr_get_str(a), mnl_attr_get_payload_len(a));
	n = MIN(n, size - 1);
	memcpy(ret, mnl_attr_get_str(a), n);
	ret[n] = 0;
}

static uint32_t get_u32(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) >= 4 ? mnl_attr_get_u32(a) : 0;
}

static void get_stats(const struct nlattr *a, struct rtnl_stats *ret)
{
	struct rtnl_link_stats64 s = {};
	if (a)
		memcpy(&s, mnl_attr_get_payload(a), MIN(sizeof(s), mnl_attr_get_payload_len(a)));
	*ret = (struct rtnl_stats){.rx_bytes = s.rx_bytes,
		.rx_packets = s.rx_packets,
		.rx_dropped = s.rx_dropped,
		.tx_bytes = s.tx_bytes,
		.tx_packets = s.tx_packets,
		.tx_dropped = s.tx_dropped};
}

static void get_info(const struct nlattr *a, struct rtnl_link *ret)
{
	const struct nlattr *t[IFLA_INFO_MAX + 1], *d[IFLA_VXLAN_MAX + 1], *b[IFLA_BR_MAX + 1];
	if (!a)
		return;
	rtnl_attrs_nested(a, t, IFLA_INFO_MAX);
	get_string(t[IFLA_INFO_KIND], ret->kind, sizeof(ret->kind));
	if (!t[IFLA_INFO_DATA])
		return;
	if (!strcmp(ret->kind, "bridge")) {
		rtnl_attrs_nested(t[IFLA_INFO_DATA], b, IFLA_BR_MAX);
		ret->vlan_filtering = b[IFLA_BR_VLAN_FILTERING] &&
				      mnl_attr_get_payload_len(b[IFLA_BR_VLAN_FILTERING]) >= 1 &&
				      mnl_attr_get_u8(b[IFLA_BR_VLAN_FILTERING]);
	}
	if (strcmp(ret->kind, "vxlan"))
		return;
	rtnl_attrs_nested(t[IFLA_INFO_DATA], d, IFLA_VXLAN_MAX);
	ret->vxlan_vni = get_u32(d[IFLA_VXLAN_ID]);
	if (d[IFLA_VXLAN_PORT] && mnl_attr_get_payload_len(d[IFLA_VXLAN_PORT]) >= 2)
		ret->vxlan_port = ntohs(mnl_attr_get_u16(d[IFLA_VXLAN_PORT]));
}

bool rtnl_link_read(const struct nlmsghdr *h, struct rtnl_link *ret)
{
	const struct nlattr *t[IFLA_MAX + 1];
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	if ((h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK) ||
		mnl_nlmsg_get_payload_len(h) < sizeof(*i) || i->ifi_family != AF_UNSPEC)
		return false; /* a bridge tells of its ports as well, in its own family */
	rtnl_attrs(h, sizeof(*i), t, IFLA_MAX);
	*ret = (struct rtnl_link){.index = i->ifi_index,
		.type = i->ifi_type,
		.flags = i->ifi_flags,
		.master = (int)get_u32(t[IFLA_MASTER]),
		.mtu = get_u32(t[IFLA_MTU]),
		.link_netns = t[IFLA_LINK_NETNSID] ? (int)get_u32(t[IFLA_LINK_NETNSID]) : -1,
		.carrier = t[IFLA_CARRIER] && mnl_attr_get_payload_len(t[IFLA_CARRIER]) >= 1 &&
			   mnl_attr_get_u8(t[IFLA_CARRIER])};
	get_string(t[IFLA_IFNAME], ret->name, sizeof(ret->name));
	get_string(t[IFLA_IFALIAS], ret->alias, sizeof(ret->alias));
	get_stats(t[IFLA_STATS64], &ret->stats);
	get_info(t[IFLA_LINKINFO], ret);
	if (t[IFLA_ADDRESS] && mnl_attr_get_payload_len(t[IFLA_ADDRESS]) == RTNL_MAC_SIZE)
		memcpy(ret->mac, mnl_attr_get_payload(t[IFLA_ADDRESS]), RTNL_MAC_SIZE);
	ret->moved = h->nlmsg_type == RTM_DELLINK && t[IFLA_NEW_IFINDEX];
	ret->hardware = !ret->kind[0] && t[IFLA_PARENT_DEV_NAME];
	if (!t[IFLA_LINK_NETNSID])
		*(strcmp(ret->kind, "veth") ? &ret->lower : &ret->peer) =
			(int)get_u32(t[IFLA_LINK]);
	return true;
}

static int on_netns(const struct nlmsghdr *h, void *user)
{
	const struct nlattr *t[NETNSA_MAX + 1];
	rtnl_attrs(h, sizeof(struct rtgenmsg), t, NETNSA_MAX);
	*(int *)user = t[NETNSA_NSID] ? (int)get_u32(t[NETNSA_NSID]) : -1;
	return MNL_CB_OK;
}

int rtnl_netns_id(struct rtnl *n, int netns, int *ret, struct err *e)
{
	struct rtnl_request req;
	int id = -1;
	struct nlmsghdr *h = rtnl_begin(&req, RTM_GETNSID, 0, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(h, NETNSA_FD, (uint32_t)netns);
	int r = rtnl_talk(n, h, on_netns, &id, e);
	if (r >= 0 && id < 0)
		r = err_errno(e, -ENOENT, "network namespace");
	if (r >= 0)
		*ret = id;
	return r;
}

static int on_link(const struct nlmsghdr *h, void *user)
{
	(void)rtnl_link_read(h, user);
	return MNL_CB_OK;
}

static int get_link(
	struct rtnl *n, int index, const char *name, struct rtnl_link *ret, struct err *e)
{
	struct rtnl_request req;
	struct rtnl_link l = {};
	struct nlmsghdr *h = rtnl_begin_link(&req, RTM_GETLINK, 0, index);
	if (name)
		mnl_attr_put_strz(h, IFLA_IFNAME, name);
	int r = rtnl_talk(n, h, on_link, &l, e);
	if (r >= 0 && !l.index)
		r = err_errno(e, -ENODEV, "link");
	if (r >= 0)
		*ret = l;
	return r;
}

int rtnl_link_by_name(struct rtnl *n, const char *name, struct rtnl_link *ret, struct err *e)
{
	if (!rtnl_name_is_valid(name)) /* longer ones the kernel would take for other names */
		return err_set(e, -ENODEV, "there is no such interface");
	int r = get_link(n, 0, name, ret, e);
	if (r == -ENODEV)
		return err_set(e, r, "there is no interface %s", name);
	return rtnl_say(r, e, "interface", name);
}

int rtnl_link_by_index(struct rtnl *n, int index, struct rtnl_link *ret, struct err *e)
{
	if (index <= 0)
		return err_set(e, -ENODEV, "there is no such interface");
	int r = get_link(n, index, NULL, ret, e);
	return r == -ENODEV ? err_set(e, r, "there is no such interface any more")
			    : rtnl_say(r, e, "interface", NULL);
}

struct links {
	struct rtnl_link *list;
	size_t count, space;
};

static int on_listed(const struct nlmsghdr *h, void *user)
{
	struct links *l = user;
	if (l->count >= RTNL_LIST_MAX) {
		errno = EMFILE;
		return MNL_CB_ERROR;
	}
	if (l->count == l->space) {
		size_t space = l->space ? 2 * l->space : 16;
		struct rtnl_link *more = reallocarray(l->list, space, sizeof(*more));
		if (!more)
			return MNL_CB_ERROR;
		l->list = more;
		l->space = space;
	}
	if (rtnl_link_read(h, &l->list[l->count]))
		l->count++;
	return MNL_CB_OK;
}

int rtnl_link_list(struct rtnl *n, struct rtnl_link **ret, size_t *ret_count, struct err *e)
{
	struct links l = {};
	int r = -EINTR;
	for (int i = 0; r == -EINTR && i < LIST_TRIES; i++) {
		struct rtnl_request req;
		l.count = 0;
		r = rtnl_talk(
			n, rtnl_begin_link(&req, RTM_GETLINK, NLM_F_DUMP, 0), on_listed, &l, e);
	}
	if (r < 0) {
		free(l.list);
		return rtnl_say(r, e, "list interfaces", NULL);
	}
	*ret = l.list;
	*ret_count = l.count;
	return 0;
}

/* ---- changing ------------------------------------------------------------------------------ */

/* Before it is up, or it has one already. A kernel without IPv6 gives none anyway. */
static int set_no_link_local(struct rtnl *n, int index, struct err *e)
{
	struct rtnl_request req;
	struct err why = {};
	struct nlmsghdr *h = rtnl_begin_link(&req, RTM_NEWLINK, 0, index);
	struct nlattr *spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(h, AF_INET6);
	mnl_attr_put_u8(h, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(h, inet6);
	mnl_attr_nest_end(h, spec);
	int r = rtnl_talk(n, h, NULL, NULL, &why);
	if (r == -EAFNOSUPPORT)
		return 0;
	return r < 0 ? err_set(e, r, "%s", why.msg) : 0;
}

/*
 * After it is a port. A bridge that does without a spanning tree opens a port that is "blocking"
 * when another one comes, but leaves one that is "listening" as it is, which passes no frames
 * either.
 */
static int set_port(struct rtnl *n, int index, const struct rtnl_change *c, struct err *e)
{
	struct rtnl_request req;
	struct nlmsghdr *h = rtnl_begin_link(&req, RTM_SETLINK, 0, index);
	struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	i->ifi_family = AF_BRIDGE;
	struct nlattr *port = mnl_attr_nest_start(h, IFLA_PROTINFO | NLA_F_NESTED);
	if (c->what & RTNL_SET_ISOLATED)
		mnl_attr_put_u8(h, IFLA_BRPORT_ISOLATED, c->isolated);
	if (c->what & RTNL_SET_BLOCKED)
		mnl_attr_put_u8(h, IFLA_BRPORT_STATE,
			c->blocked ? BR_STATE_LISTENING : BR_STATE_FORWARDING);
	mnl_attr_nest_end(h, port);
	return rtnl_talk(n, h, NULL, NULL, e);
}

static int set_most(struct rtnl *n, int index, const struct rtnl_change *c, struct err *e)
{
	struct rtnl_request req;
	struct nlmsghdr *h = rtnl_begin_link(&req, RTM_NEWLINK, 0, index);
	struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	if (c->what & RTNL_SET_UP) {
		i->ifi_change = IFF_UP;
		i->ifi_flags = c->up ? IFF_UP : 0;
	}
	if (c->what & RTNL_SET_PROMISC) {
		i->ifi_change |= IFF_PROMISC;
		i->ifi_flags |= c->promisc ? IFF_PROMISC : 0;
	}
	if (c->what & RTNL_SET_NETNS)
		mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)c->netns);
	if (c->what & RTNL_SET_NAME)
		mnl_attr_put_strz(h, IFLA_IFNAME, c->name);
	if (c->what & RTNL_SET_ALIAS)
		mnl_attr_put(h, IFLA_IFALIAS, strlen(c->alias), c->alias);
	if (c->what & RTNL_SET_MAC)
		mnl_attr_put(h, IFLA_ADDRESS, RTNL_MAC_SIZE, c->mac);
	if (c->what & RTNL_SET_MTU)
		mnl_attr_put_u32(h, IFLA_MTU, c->mtu);
	if (c->what & RTNL_SET_MASTER)
		mnl_attr_put_u32(h, IFLA_MASTER, (uint32_t)c->master);
	return rtnl_talk(n, h, NULL, NULL, e);
}

int rtnl_link_set(struct rtnl *n, int index, const struct rtnl_change *c, struct err *e)
{
	int r = index > 0 ? 0 : err_set(e, -ENODEV, "there is no such interface");
	if (r >= 0)
		r = rtnl_check_names(c->what & RTNL_SET_NAME ? c->name : NULL,
			c->what & RTNL_SET_ALIAS ? c->alias : NULL, e);
	if (r >= 0 && c->what & RTNL_SET_NO_IP6_LL)
		r = set_no_link_local(n, index, e);
	if (r >= 0 && c->what & ~(unsigned)(RTNL_SET_NO_IP6_LL | OF_PORT))
		r = set_most(n, index, c, e);
	if (r >= 0 && c->what & OF_PORT)
		r = set_port(n, index, c, e);
	return rtnl_say(r, e, "change the interface", NULL);
}

/* ---- deleting ------------------------------------------------------------------------------ */

int rtnl_link_delete(struct rtnl *n, int index, struct err *e)
{
	struct rtnl_request req;
	if (index <= 0) /* to the kernel that is all of a group */
		return err_set(e, -ENODEV, "there is no such interface");
	int r = rtnl_talk(n, rtnl_begin_link(&req, RTM_DELLINK, 0, index), NULL, NULL, e);
	return rtnl_say(r, e, "delete the interface", NULL);
}

static int set_group(struct rtnl *n, int index, uint32_t group, struct err *e)
{
	struct rtnl_request req;
	struct nlmsghdr *h = rtnl_begin_link(&req, RTM_NEWLINK, 0, index);
	mnl_attr_put_u32(h, IFLA_GROUP, group);
	return rtnl_talk(n, h, NULL, NULL, e);
}

static int delete_group(struct rtnl *n, uint32_t group, struct err *e)
{
	struct rtnl_request req;
	struct nlmsghdr *h = rtnl_begin_link(&req, RTM_DELLINK, 0, 0);
	mnl_attr_put_u32(h, IFLA_GROUP, group);
	return rtnl_talk(n, h, NULL, NULL, e);
}

/* The kernel deletes no link of the group if one of it cannot be. */
static int delete_each(struct rtnl *n, const int *index, size_t count, struct err *e)
{
	int first = 0;
	for (size_t i = 0; i < count; i++) {
		struct err why = {};
		int r = rtnl_link_delete(n, index[i], &why);
		if (r < 0 && r != -ENODEV && first >= 0)
			first = err_set(e, r, "%s", why.msg);
	}
	return first;
}

int rtnl_link_delete_many(struct rtnl *n, const int *index, size_t count, struct err *e)
{
	uint32_t group = 0;
	size_t n_in = 0;
	if (getrandom(&group, sizeof(group), 0) != sizeof(group))
		return err_errno(e, -errno, "random number");
	group |= 1U << 31; /* not one that somebody gave to links of his own */
	for (size_t i = 0; i < count; i++) {
		int r = index[i] > 0 ? set_group(n, index[i], group, e) : -ENODEV;
		if (r < 0 && r != -ENODEV)
			return rtnl_say(r, e, "delete interfaces", NULL);
		n_in += r >= 0;
	}
	if (!n_in)
		return 0;
	int r = delete_group(n, group, e);
	/* -ENODEV: all of them went meanwhile. */
	if (r == -EOPNOTSUPP)
		return delete_each(n, index, count, e);
	return r == -ENODEV ? 0 : rtnl_say(r, e, "delete interfaces", NULL);
}
