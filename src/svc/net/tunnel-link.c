/* SPDX-License-Identifier: MIT */
/*
 * The order of things: rules shut the port, the link is made, and brought up with it. A link whose
 * port is taken cannot get another: it is deleted, and made again.
 */
#include "svc/net/tunnel-link.h"

#include "base/log.h"
#include "svc/net/place.h"

#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>

void tunnel_id_new(char ret[static TUNNEL_ID_SIZE])
{
	uint8_t bytes[(TUNNEL_ID_SIZE - 1) / 2];
	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(ret, TUNNEL_ID_SIZE, bytes, sizeof(bytes));
}

void tunnel_name(const char *prefix, const char *id, char ret[static IFNAMSIZ])
{
	(void)snprintf(ret, IFNAMSIZ, "%.3s%.8s", prefix, id);
}

int tunnel_link_explain(int code, struct err *e)
{
	if (code != -EOPNOTSUPP)
		return code;
	return err_set(e, -EAFNOSUPPORT,
		"this kernel has no VXLAN: load its module (modprobe vxlan) on this host, "
		"or run a kernel that has it (CONFIG_VXLAN)");
}

uint16_t tunnel_link_port(struct place *p, const struct rtnl_link *link)
{
	struct net_service *ns = p->ns;
	int id = -1;
	if (link->vxlan_port < TUNNEL_PORT_FIRST || link->vxlan_port > TUNNEL_PORT_LAST)
		return 0;
	if (p->ino != ns->root->ino && rtnl_netns_id(p->rtnl, ns->root->netns, &id, NULL) < 0)
		return 0;
	return link->link_netns == id ? link->vxlan_port : 0;
}

static bool port_is_free(const struct net_service *ns, uint16_t port)
{
	const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	bool is_v4 = ns->address.family == AF_INET;
	int one = 1;
	AUTO_CLOSE int fd = socket(ns->address.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || (!is_v4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0))
		return false;
	return bind(fd, is_v4 ? (const void *)&v4 : (const void *)&v6,
		       is_v4 ? sizeof(v4) : sizeof(v6)) == 0;
}

void tunnel_port_release(struct net_service *ns, uint16_t port)
{
	struct err e = {};
	if (!guard_port_is_ours(ns->root->guard, port))
		return;
	if (!port_is_free(ns, port))
		log_peer(LOG_WARNING, "UDP port %u stays shut: somebody has it still", port);
	else if (guard_port_remove(ns->root->guard, port, &e))
		log_peer(LOG_WARNING, "rules of UDP port %u stay: %s", port, e.msg);
}

static uint16_t port_choose(void)
{
	return (uint16_t)(TUNNEL_PORT_FIRST +
			  randombytes_uniform(TUNNEL_PORT_LAST - TUNNEL_PORT_FIRST + 1));
}

static int link_up(struct tunnel_link *l, uint16_t port, struct err *e)
{
	struct rtnl_link link;
	int r = rtnl_link_by_name(l->place->rtnl, l->name, &link, e);
	/* In somebody's namespace another one may have that name by now. */
	if (!r && (link.vxlan_vni != l->vni || tunnel_link_port(l->place, &link) != port))
		r = err_set(e, -EBUSY, "%s is not the link that was made", l->name);
	if (r)
		return r;
	struct rtnl_change c = {
		.what = RTNL_SET_UP | RTNL_SET_ALIAS | (l->host ? 0 : RTNL_SET_NO_IP6_LL),
		.up = true,
		.alias = l->alias,
	};
	r = rtnl_link_set(l->place->rtnl, link.index, &c, e);
	if (!r) {
		l->index = link.index;
		return 0;
	}
	struct err ignored = {};
	if (rtnl_link_delete(l->place->rtnl, link.index, &ignored))
		log_peer(LOG_WARNING, "%s stays: %s", l->name, ignored.msg);
	return r;
}

static int make_with_port(
	struct net_service *ns, struct tunnel_link *l, uint16_t port, struct err *e)
{
	struct rtnl_vxlan cfg = {
		.name = l->name,
		.alias = l->alias,
		.vni = l->vni,
		.port = port,
		.local = ns->address,
		.mtu = l->mtu,
		.mac = l->mac,
		.target = l->place == ns->root ? -EBADF : l->place->netns,
	};
	if (guard_port_is_ours(ns->root->guard, port))
		return -EADDRINUSE;
	int r = guard_port_add(ns->root->guard, port, e);
	if (r)
		return r;
	r = rtnl_vxlan_add(ns->root->rtnl, &cfg, e);
	r = r ? tunnel_link_explain(r, e) : link_up(l, port, e);
	if (!r) {
		l->port = port;
		return 0;
	}
	if (r == -EADDRINUSE) /* it is another program's */
		(void)guard_port_remove(ns->root->guard, port, NULL);
	else
		tunnel_port_release(ns, port);
	return r;
}

int tunnel_link_make(struct net_service *ns, struct tunnel_link *l, struct err *e)
{
	uint32_t vni = l->vni;
	if (!l->vni)
		l->vni = 1 + randombytes_uniform(TUNNEL_VNI_MAX);
	int r = -EADDRINUSE;
	for (unsigned i = 0; i < TUNNEL_PORT_TRIES && r == -EADDRINUSE; i++)
		r = make_with_port(ns, l, port_choose(), e);
	if (r)
		l->vni = vni;
	if (r == -EADDRINUSE)
		return err_set(e, r, "no free UDP port found between %d and %d", TUNNEL_PORT_FIRST,
			TUNNEL_PORT_LAST);
	return r;
}
