/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: addresses of links (RTM_...ADDR), the way to others (RTM_...ROUTE), and who
 * is at a link (RTM_NEWNEIGH).
 */
#include "svc/net/kernel/rtnl-priv.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>

enum { LIST_TRIES = 8 }; /* of a list that changes while it is read */

/* ---- addresses ----------------------------------------------------------------------------- */

bool rtnl_address_read(const struct nlmsghdr *h, struct rtnl_address *ret)
{
	const struct nlattr *t[IFA_MAX + 1];
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct rtnl_address a = {};
	if ((h->nlmsg_type != RTM_NEWADDR && h->nlmsg_type != RTM_DELADDR) ||
		mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return false;
	rtnl_attrs(h, sizeof(*m), t, IFA_MAX);
	/* With a peer, IFA_ADDRESS is the peer's. */
	if (!rtnl_get_ip(t[IFA_LOCAL], m->ifa_family, &a.ip) &&
		!rtnl_get_ip(t[IFA_ADDRESS], m->ifa_family, &a.ip))
		return false;
	a.index = (int)m->ifa_index;
	a.prefix = m->ifa_prefixlen;
	a.scope = m->ifa_scope;
	*ret = a;
	return true;
}

struct addresses {
	struct rtnl_address *list;
	size_t count, space;
	int index;
	bool (*read)(const struct nlmsghdr *h, struct rtnl_address *ret);
};

static int on_listed(const struct nlmsghdr *h, void *user)
{
	struct addresses *l = user;
	if (l->count >= RTNL_LIST_MAX) {
		errno = EMFILE;
		return MNL_CB_ERROR;
	}
	if (l->count == l->space) {
		size_t space = l->space ? 2 * l->space : 16;
		struct rtnl_address *more = reallocarray(l->list, space, sizeof(*more));
		if (!more)
			return MNL_CB_ERROR;
		l->list = more;
		l->space = space;
	}
	struct rtnl_address *a = &l->list[l->count];
	if (l->read(h, a) && (!l->index || a->index == l->index))
		l->count++;
	return MNL_CB_OK;
}

/* header: an ifaddrmsg or rtmsg, of which only the link of the former is set. */
static int list(struct rtnl *n, uint16_t type, size_t header, struct addresses *l, struct err *e)
{
	int r = -EINTR;
	for (int i = 0; r == -EINTR && i < LIST_TRIES; i++) {
		struct rtnl_request req;
		l->count = 0;
		struct nlmsghdr *h = rtnl_begin(&req, type, NLM_F_DUMP, header);
		if (type == RTM_GETADDR) {
			struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
			m->ifa_index = (unsigned)l->index;
		}
		r = rtnl_talk(n, h, on_listed, l, e);
	}
	return r;
}

int rtnl_address_list(
	struct rtnl *n, int index, struct rtnl_address **ret, size_t *ret_count, struct err *e)
{
	struct addresses l = {.index = index, .read = rtnl_address_read};
	int r = list(n, RTM_GETADDR, sizeof(struct ifaddrmsg), &l, e);
	if (r == -ENODEV) /* asked for the addresses of a link that has gone */
		r = 0;
	if (r < 0) {
		free(l.list);
		return rtnl_say(r, e, "list addresses", NULL);
	}
	*ret = l.list;
	*ret_count = l.count;
	return 0;
}

static int change_address(struct rtnl *n, const struct rtnl_address *a, bool add, struct err *e)
{
	struct rtnl_request req;
	struct nlmsghdr *h = rtnl_begin(&req, add ? RTM_NEWADDR : RTM_DELADDR,
		add ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof(struct ifaddrmsg));
	struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	m->ifa_family = (uint8_t)a->ip.family;
	m->ifa_prefixlen = a->prefix;
	m->ifa_scope = a->scope;
	m->ifa_index = (unsigned)a->index;
	if (add && a->ip.family == AF_INET6)
		m->ifa_flags = IFA_F_NODAD;
	rtnl_put_ip(h, IFA_LOCAL, &a->ip);
	rtnl_put_ip(h, IFA_ADDRESS, &a->ip);
	char text[RTNL_ADDRESS_TEXT];
	rtnl_address_format(a, text);
	return rtnl_say(rtnl_talk(n, h, NULL, NULL, e), e,
		add ? "give it the address" : "take the address from it", text);
}

int rtnl_address_add(struct rtnl *n, const struct rtnl_address *a, struct err *e)
{
	return change_address(n, a, true, e);
}

int rtnl_address_delete(struct rtnl *n, const struct rtnl_address *a, struct err *e)
{
	return change_address(n, a, false, e);
}

/* ---- routes -------------------------------------------------------------------------------- */

struct way {
	int index;
	uint32_t mtu;
	uint8_t type;
};

static int on_route(const struct nlmsghdr *h, void *user)
{
	const struct nlattr *t[RTA_MAX + 1], *m[RTAX_MAX + 1];
	struct way *w = user;
	const struct rtmsg *r = mnl_nlmsg_get_payload(h);
	if (h->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(h) < sizeof(*r))
		return MNL_CB_OK;
	rtnl_attrs(h, sizeof(*r), t, RTA_MAX);
	w->type = r->rtm_type;
	if (t[RTA_OIF] && mnl_attr_get_payload_len(t[RTA_OIF]) >= 4)
		w->index = (int)mnl_attr_get_u32(t[RTA_OIF]);
	if (t[RTA_METRICS]) {
		rtnl_attrs_nested(t[RTA_METRICS], m, RTAX_MAX);
		if (m[RTAX_MTU] && mnl_attr_get_payload_len(m[RTAX_MTU]) >= 4)
			w->mtu = mnl_attr_get_u32(m[RTAX_MTU]);
	}
	return MNL_CB_OK;
}

int rtnl_route_get(
	struct rtnl *n, const struct rtnl_ip *to, int *ret_index, uint32_t *ret_mtu, struct err *e)
{
	struct rtnl_request req;
	struct way w = {};
	struct rtnl_link l;
	struct nlmsghdr *h = rtnl_begin(&req, RTM_GETROUTE, 0, sizeof(struct rtmsg));
	struct rtmsg *m = mnl_nlmsg_get_payload(h);
	m->rtm_family = (uint8_t)to->family;
	m->rtm_dst_len = (uint8_t)rtnl_ip_bits(to);
	rtnl_put_ip(h, RTA_DST, to);
	int r = rtnl_talk(n, h, on_route, &w, e);
	if (r < 0)
		return rtnl_say(r, e, "route", NULL);
	if (!w.index || (w.type != RTN_UNICAST && w.type != RTN_LOCAL && w.type != RTN_ANYCAST))
		return err_errno(e, -EHOSTUNREACH, "route");
	/* That of the link, unless the route has a smaller one, or one was learned for it. */
	r = rtnl_link_by_index(n, w.index, &l, e);
	if (r < 0)
		return r;
	*ret_index = w.index;
	*ret_mtu = w.mtu && w.mtu < l.mtu ? w.mtu : l.mtu;
	return 0;
}

static struct rtnl_ip masked(const struct rtnl_ip *ip, unsigned prefix)
{
	struct rtnl_ip ret = *ip;
	uint8_t *bytes = (uint8_t *)&ret.v6;
	for (unsigned i = prefix; i < rtnl_ip_bits(ip); i++)
		bytes[i / 8] &= (uint8_t) ~(0x80U >> i % 8);
	return ret;
}

static int change_route(struct rtnl *n, const struct rtnl_address *prefix,
	const struct rtnl_ip *gateway, bool add, struct err *e)
{
	struct rtnl_request req;
	bool by_gateway = gateway && gateway->family;
	struct nlmsghdr *h = rtnl_begin(&req, add ? RTM_NEWROUTE : RTM_DELROUTE,
		add ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof(struct rtmsg));
	struct rtmsg *m = mnl_nlmsg_get_payload(h);
	m->rtm_family = (uint8_t)prefix->ip.family;
	m->rtm_dst_len = prefix->prefix;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_STATIC;
	m->rtm_scope = !add ? RT_SCOPE_NOWHERE : by_gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	m->rtm_type = RTN_UNICAST;
	struct rtnl_ip net = masked(&prefix->ip, prefix->prefix);
	rtnl_put_ip(h, RTA_DST, &net);
	mnl_attr_put_u32(h, RTA_OIF, (uint32_t)prefix->index);
	if (by_gateway) {
		m->rtm_flags = RTNH_F_ONLINK;
		rtnl_put_ip(h, RTA_GATEWAY, gateway);
	}
	char text[RTNL_ADDRESS_TEXT];
	rtnl_address_format(prefix, text);
	return rtnl_say(rtnl_talk(n, h, NULL, NULL, e), e,
		add ? "add a route to" : "remove the route to", text);
}

int rtnl_route_add(struct rtnl *n, const struct rtnl_address *prefix, const struct rtnl_ip *gateway,
	struct err *e)
{
	return change_route(n, prefix, gateway, true, e);
}

int rtnl_route_delete(struct rtnl *n, const struct rtnl_address *prefix, struct err *e)
{
	return change_route(n, prefix, NULL, false, e);
}

static bool read_route(const struct nlmsghdr *h, struct rtnl_address *ret)
{
	const struct nlattr *t[RTA_MAX + 1];
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct rtnl_address a = {};
	if (h->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return false;
	if (m->rtm_table != RT_TABLE_MAIN || !m->rtm_dst_len || (m->rtm_flags & RTM_F_CLONED))
		return false;
	rtnl_attrs(h, sizeof(*m), t, RTA_MAX);
	if (!rtnl_get_ip(t[RTA_DST], m->rtm_family, &a.ip))
		return false;
	if (t[RTA_OIF] && mnl_attr_get_payload_len(t[RTA_OIF]) >= 4)
		a.index = (int)mnl_attr_get_u32(t[RTA_OIF]);
	a.prefix = m->rtm_dst_len;
	*ret = a;
	return true;
}

int rtnl_route_list(struct rtnl *n, struct rtnl_address **ret, size_t *ret_count, struct err *e)
{
	struct addresses l = {.read = read_route};
	int r = list(n, RTM_GETROUTE, sizeof(struct rtmsg), &l, e);
	if (r < 0) {
		free(l.list);
		return rtnl_say(r, e, "list routes", NULL);
	}
	*ret = l.list;
	*ret_count = l.count;
	return 0;
}

/* ---- neighbours ---------------------------------------------------------------------------- */

static int change_neighbour(
	struct rtnl *n, int index, const struct rtnl_ip *ip, const uint8_t *mac, struct err *e)
{
	struct rtnl_request req;
	struct nlmsghdr *h = rtnl_begin(&req, mac ? RTM_NEWNEIGH : RTM_DELNEIGH,
		mac ? NLM_F_CREATE | NLM_F_REPLACE : 0, sizeof(struct ndmsg));
	struct ndmsg *m = mnl_nlmsg_get_payload(h);
	m->ndm_family = (uint8_t)ip->family;
	m->ndm_ifindex = index;
	m->ndm_state = mac ? NUD_PERMANENT : NUD_NONE;
	rtnl_put_ip(h, NDA_DST, ip);
	if (mac)
		mnl_attr_put(h, NDA_LLADDR, RTNL_MAC_SIZE, mac);
	return rtnl_say(rtnl_talk(n, h, NULL, NULL, e), e,
		mac ? "add a neighbour" : "remove a neighbour", NULL);
}

int rtnl_neighbour_add(struct rtnl *n, int index, const struct rtnl_ip *ip,
	const uint8_t mac[static RTNL_MAC_SIZE], struct err *e)
{
	return change_neighbour(n, index, ip, mac, e);
}

int rtnl_neighbour_delete(struct rtnl *n, int index, const struct rtnl_ip *ip, struct err *e)
{
	return change_neighbour(n, index, ip, NULL, e);
}
