/* SPDX-License-Identifier: MIT */
/*
 * Which remotes a tunnel may have, and how large what passes it may be.  The numbers in the words
 * are those a person needs to change something: what is possible, and what it would take.
 */
#include "svc/net/net-service.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>

enum { MTU_OUTER_MAX = 65535 }; /* an IP packet is no larger */

static uint32_t overhead(int family)
{
	return family == AF_INET ? TUNNEL_OVERHEAD_4 : TUNNEL_OVERHEAD_6;
}

static void ip_text(const struct rtnl_ip *ip, char ret[static INET6_ADDRSTRLEN])
{
	if (!inet_ntop(ip->family, &ip->v6, ret, INET6_ADDRSTRLEN))
		strcpy(ret, "?");
}

int tunnel_path_mtu(
	struct net_service *ns, const struct rtnl_ip *remote, uint32_t *ret, struct err *e)
{
	char text[INET6_ADDRSTRLEN];
	int index;
	uint32_t mtu, over = overhead(remote->family);
	ip_text(remote, text);
	struct err why = {};
	int r = rtnl_route_get(ns->root->rtnl, remote, &index, &mtu, &why);
	if (r)
		return err_set(e, -EHOSTUNREACH, "no route to %s: %s", text, why.msg);
	mtu = MIN(mtu, (uint32_t)MTU_OUTER_MAX);
	if (mtu < TUNNEL_MTU_MIN + over)
		return err_set(e, -EMSGSIZE,
			"the network to %s takes packets of %u bytes (MTU): a tunnel needs %u "
			"there, or %u for IPv6 in it",
			text, mtu, TUNNEL_MTU_MIN + over, TUNNEL_MTU_IP6 + over);
	*ret = mtu - over;
	return 0;
}

int tunnel_check_mtu(uint32_t asked, uint32_t possible, const struct rtnl_ip *remote, struct err *e)
{
	char text[INET6_ADDRSTRLEN];
	if (asked < TUNNEL_MTU_MIN)
		return err_set(e, -EINVAL,
			"an MTU of %u is too small: at least %d, and %d for IPv6, are needed",
			asked, TUNNEL_MTU_MIN, TUNNEL_MTU_IP6);
	if (asked <= possible)
		return 0;
	if (!remote)
		return err_set(e, -EMSGSIZE,
			"an MTU of %u is too large: %u is possible, since the other interface has "
			"no more",
			asked, possible);
	ip_text(remote, text);
	return err_set(e, -EMSGSIZE,
		"an MTU of %u is too large: %u is possible; for %u the network to %s would need "
		"one of %u",
		asked, possible, asked, text, asked + overhead(remote->family));
}

static bool ip4_is_remote(struct in_addr a)
{
	uint32_t ip = ntohl(a.s_addr);
	return ip >> 24 != 0 && ip >> 24 != 127 && ip >> 28 < 14 && ip >> 16 != 0xa9fe;
}

static bool ip6_is_remote(const struct in6_addr *a)
{
	return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_LOOPBACK(a) &&
	       !IN6_IS_ADDR_MULTICAST(a) && !IN6_IS_ADDR_LINKLOCAL(a) && !IN6_IS_ADDR_V4MAPPED(a) &&
	       !IN6_IS_ADDR_V4COMPAT(a);
}

int tunnel_check_remote(const struct rtnl_remote *remote, struct err *e)
{
	const struct rtnl_ip *ip = &remote->address;
	char text[INET6_ADDRSTRLEN];
	if (ip->family != AF_INET && ip->family != AF_INET6)
		return err_set(e, -EINVAL, "the other end has no address");
	ip_text(ip, text);
	if (ip->family == AF_INET ? !ip4_is_remote(ip->v4) : !ip6_is_remote(&ip->v6))
		return err_set(e, -EINVAL, "%s cannot be a tunnel's other end", text);
	if (remote->port < 1024)
		return err_set(
			e, -EINVAL, "UDP port %u of %s cannot be a tunnel's", remote->port, text);
	if (!remote->vni || remote->vni > 0xffffff)
		return err_set(e, -EINVAL, "%u is not a VXLAN network's number (1 to 16777215)",
			remote->vni);
	return 0;
}
