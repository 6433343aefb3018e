/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a link is made with RTM_NEWLINK, and then gets its alias, which the kernel
 * does not take when it is made.  A link that cannot be finished is deleted again.
 *
 * A VXLAN link for another namespace is made there (moving it would take ten times as long), and
 * its UDP socket in that of the request.
 */
#include "svc/net/kernel/rtnl-priv.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/veth.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>

enum {
	BRIDGE_STATIONS = 16384, /* that it learns: a host of a network could claim to be any */
	BR_FDB_MAX_LEARNED = 49, /* IFLA_BR_FDB_MAX_LEARNED: Linux 6.7; older ones do not look */
};

/* ---- parts of a request -------------------------------------------------------------------- */

static struct nlmsghdr *begin_new(struct rtnl_request *req, const char *name)
{
	struct nlmsghdr *h = rtnl_begin_link(req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	return h;
}

/* A new link's alias (NULL: none), and what else it is to have from the beginning; without all that
 * it goes again. */
static int finish(struct rtnl *n, const char *name, const struct rtnl_change *c, struct err *e)
{
	struct rtnl_link l;
	int r = rtnl_link_by_name(n, name, &l, e);
	if (r < 0)
		return r;
	r = rtnl_link_set(n, l.index, c, e);
	if (r < 0)
		(void)rtnl_link_delete(n, l.index, NULL);
	return r;
}

/* ---- VXLAN --------------------------------------------------------------------------------- */

static void put_vxlan(struct nlmsghdr *h, const struct rtnl_vxlan *cfg)
{
	struct ifla_vxlan_port_range range = {
		.low = htons(cfg->port), .high = htons((uint16_t)(cfg->port + 1))};
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "vxlan");
	struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	mnl_attr_put_u32(h, IFLA_VXLAN_ID, cfg->vni);
	rtnl_put_ip(h, cfg->local.family == AF_INET ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6,
		&cfg->local);
	mnl_attr_put_u16(h, IFLA_VXLAN_PORT, htons(cfg->port));
	mnl_attr_put(h, IFLA_VXLAN_PORT_RANGE, sizeof(range), &range);
	mnl_attr_put_u8(h, IFLA_VXLAN_LEARNING, 0);
	mnl_attr_put_u8(h, IFLA_VXLAN_UDP_CSUM, 1);
	mnl_attr_put_u8(h, IFLA_VXLAN_UDP_ZERO_CSUM6_TX, 0);
	mnl_attr_put_u8(h, IFLA_VXLAN_UDP_ZERO_CSUM6_RX, 0);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
}

static int check_vxlan(const struct rtnl_vxlan *cfg, struct err *e)
{
	if (cfg->vni >= 1U << 24 || cfg->port == 0 || cfg->port == UINT16_MAX)
		return err_set(e, -EINVAL, "no VNI or port of a VXLAN link");
	if (cfg->local.family != AF_INET && cfg->local.family != AF_INET6)
		return err_set(e, -EINVAL, "a VXLAN link needs an address to send from");
	return rtnl_check_names(cfg->name, cfg->alias, e);
}

int rtnl_vxlan_add(struct rtnl *n, const struct rtnl_vxlan *cfg, struct err *e)
{
	struct rtnl_request req;
	struct rtnl_change c = {.what = RTNL_SET_ALIAS, .alias = cfg->alias ? cfg->alias : ""};
	int r = check_vxlan(cfg, e);
	if (r < 0)
		return r;
	struct nlmsghdr *h = begin_new(&req, cfg->name);
	if (cfg->target >= 0)
		mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)cfg->target);
	if (cfg->mtu)
		mnl_attr_put_u32(h, IFLA_MTU, cfg->mtu);
	if (cfg->mac)
		mnl_attr_put(h, IFLA_ADDRESS, RTNL_MAC_SIZE, cfg->mac);
	put_vxlan(h, cfg);
	r = rtnl_talk(n, h, NULL, NULL, e);
	if (r >= 0 && cfg->target < 0)
		r = finish(n, cfg->name, &c, e);
	return rtnl_say(r, e, "make the VXLAN link", cfg->name);
}

/* The entry for all addresses: where frames go that no other entry is for, thus all. Without a
 * remote the whole entry is meant. */
static int change_remote(
	struct rtnl *n, int index, const struct rtnl_remote *remote, bool add, struct err *e)
{
	static const uint8_t all[RTNL_MAC_SIZE];
	struct rtnl_request req;
	struct nlmsghdr *h = rtnl_begin(&req, add ? RTM_NEWNEIGH : RTM_DELNEIGH,
		add ? NLM_F_CREATE | NLM_F_APPEND : 0, sizeof(struct ndmsg));
	struct ndmsg *m = mnl_nlmsg_get_payload(h);
	m->ndm_family = AF_BRIDGE;
	m->ndm_ifindex = index;
	m->ndm_state = NUD_NOARP | NUD_PERMANENT;
	m->ndm_flags = NTF_SELF;
	mnl_attr_put(h, NDA_LLADDR, sizeof(all), all);
	if (remote) {
		rtnl_put_ip(h, NDA_DST, &remote->address);
		mnl_attr_put_u16(h, NDA_PORT, htons(remote->port));
		mnl_attr_put_u32(h, NDA_VNI, remote->vni);
	}
	return rtnl_talk(n, h, NULL, NULL, e);
}

static bool same_remote(const struct rtnl_remote *a, const struct rtnl_remote *b)
{
	return a && b && rtnl_ip_equal(&a->address, &b->address) && a->port == b->port &&
	       a->vni == b->vni;
}

int rtnl_vxlan_remote(struct rtnl *n, int index, const struct rtnl_remote *old,
	const struct rtnl_remote *now, struct err *e)
{
	int r = 0;
	if (same_remote(old, now))
		return 0;
	/* For a moment frames go to both. */
	if (now)
		r = change_remote(n, index, now, true, e);
	if (r >= 0 && (old || !now)) {
		struct err why = {};
		r = change_remote(n, index, old, false, &why);
		if (r == -ENOENT)
			r = 0; /* all entries went, since the link was down */
		else if (r < 0)
			err_set(e, r, "%s", why.msg);
	}
	return rtnl_say(r, e, "change what the VXLAN link sends to", NULL);
}

/* ---- others -------------------------------------------------------------------------------- */

int rtnl_bridge_add(struct rtnl *n, const char *name, const char *alias, struct err *e)
{
	struct rtnl_request req;
	int r = rtnl_check_names(name, alias, e);
	if (r < 0)
		return r;
	struct nlmsghdr *h = begin_new(&req, name);
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "bridge");
	struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	mnl_attr_put_u32(h, IFLA_BR_STP_STATE, 0);
	mnl_attr_put_u8(h, IFLA_BR_MCAST_SNOOPING, 0);
	mnl_attr_put_u32(h, BR_FDB_MAX_LEARNED, BRIDGE_STATIONS);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	r = rtnl_talk(n, h, NULL, NULL, e);
	if (r >= 0)
		r = finish(n, name,
			&(struct rtnl_change){
				.what = RTNL_SET_ALIAS | RTNL_SET_NO_IP6_LL | RTNL_SET_UP,
				.alias = alias ? alias : "",
				.up = true},
			e);
	return rtnl_say(r, e, "make the bridge", name);
}

int rtnl_bridge_station(
	struct rtnl *n, int port, const uint8_t mac[static RTNL_MAC_SIZE], bool add, struct err *e)
{
	struct rtnl_request req;
	struct nlmsghdr *h = rtnl_begin(&req, add ? RTM_NEWNEIGH : RTM_DELNEIGH,
		add ? NLM_F_CREATE | NLM_F_REPLACE : 0, sizeof(struct ndmsg));
	struct ndmsg *m = mnl_nlmsg_get_payload(h);
	m->ndm_family = AF_BRIDGE;
	m->ndm_ifindex = port;
	m->ndm_state = NUD_NOARP;
	m->ndm_flags = NTF_MASTER;
	mnl_attr_put(h, NDA_LLADDR, RTNL_MAC_SIZE, mac);
	return rtnl_say(rtnl_talk(n, h, NULL, NULL, e), e, "change a bridge's stations", NULL);
}

int rtnl_promiscuous(struct rtnl *n, int index, int *ret_fd, struct err *e)
{
	int own;
	int r = rtnl_enter(n->netns, &own, e);
	if (r < 0)
		return r;
	AUTO_CLOSE int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* of no protocol */
	r = fd < 0 ? -errno : 0;
	rtnl_leave(own);
	struct packet_mreq m = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};
	if (r >= 0 && setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m)) < 0)
		r = -errno;
	if (r < 0)
		return err_errno(e, r, "receive frames to all addresses");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int rtnl_veth_add(struct rtnl *n, const char *name, const char *peer, const char *alias,
	const uint8_t *mac, int peer_netns, struct err *e)
{
	struct rtnl_request req;
	struct rtnl_change c = {.what = RTNL_SET_ALIAS, .alias = alias ? alias : ""};
	int r = rtnl_check_names(name, alias, e);
	if (r >= 0)
		r = rtnl_check_names(peer, NULL, e);
	if (r < 0)
		return r;
	struct nlmsghdr *h = begin_new(&req, name);
	if (mac)
		mnl_attr_put(h, IFLA_ADDRESS, RTNL_MAC_SIZE, mac);
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	struct nlattr *other = mnl_attr_nest_start(h, VETH_INFO_PEER);
	(void)mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(h, IFLA_IFNAME, peer);
	if (peer_netns >= 0)
		mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)peer_netns);
	mnl_attr_nest_end(h, other);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	r = rtnl_talk(n, h, NULL, NULL, e);
	if (r >= 0)
		r = finish(n, name, &c, e);
	if (r >= 0 && peer_netns < 0)
		r = finish(n, peer, &c, e);
	return rtnl_say(r, e, "make the pair of links", name);
}

/* Its alias comes before it is persistent: so a tap of ours is never without. */
int rtnl_tap_add(struct rtnl *n, const char *name, const char *alias, struct err *e)
{
	int own;
	struct ifreq req = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL)};
	int r = rtnl_check_names(name, alias, e);
	if (r >= 0)
		r = rtnl_enter(n->netns, &own, e);
	if (r < 0)
		return r;
	AUTO_CLOSE int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	r = fd < 0 ? -errno : 0;
	rtnl_leave(own);
	if (r < 0)
		return err_errno(e, r, "open /dev/net/tun");
	memcpy(req.ifr_name, name, strlen(name) + 1);
	if (ioctl(fd, TUNSETIFF, &req) < 0)
		/* The kernel says "busy" of a name that is taken. */
		return err_errno(e, errno == EBUSY ? -EEXIST : -errno, "make the tap %s", name);
	r = finish(n, name,
		&(struct rtnl_change){.what = RTNL_SET_ALIAS, .alias = alias ? alias : ""}, e);
	if (r >= 0 && ioctl(fd, TUNSETPERSIST, 1) < 0)
		r = err_errno(e, -errno, "let it stay");
	return rtnl_say(r, e, "make the tap", name);
}
