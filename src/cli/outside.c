/* SPDX-License-Identifier: MIT */
/* See outside.h.  The kernel is asked which of this host's addresses leads to the other one: that
 * is what connecting a datagram socket does, without sending anything. */
#include "cli/outside.h"
#include "core/peers.h"

#include <stdio.h>

struct outside {
	struct loop *loop;
	struct peers *peers;
	char own[64];
};

struct outside *outside_new(struct loop *l)
{
	struct outside *o = calloc(1, sizeof(*o));
	if (o)
		o->loop = l;
	return o;
}

void outside_free(struct outside *o)
{
	if (!o)
		return;
	peers_free(o->peers);
	free(o);
}

const char *outside_address(const struct outside *o)
{
	return o->own;
}

static int find_own(struct outside *o, const char *address)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int r = addr_parse(address, NODE_PORT, &sa, &len);
	AUTO_CLOSE int fd = r < 0 ? r : socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (r < 0)
		return r;
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, len) < 0)
		return -errno;
	len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	return addr_format(&sa, o->own, sizeof(o->own), NULL);
}

static void get_node(void *self, struct metac_node_admin_get_node_ctx cx)
{
	struct outside *o = self;
	struct metac_node_admin_get_node_params_r p = metac_node_admin_get_node_params(cx);
	struct vat_text ip =
		metac_node_address_get_ip(metac_node_admin_get_node_params_get_address(p));
	int r = *o->own ? 0 : find_own(o, ip.s);
	if (r >= 0 && !o->peers) {
		o->peers = peers_new(o->loop, o->own, NULL);
		r = o->peers ? 0 : -ENOMEM;
	}
	if (r < 0) {
		vat_ctx_fail(cx.ctx, VAT_DISCONNECTED, "connect [%s]: %s", ip.s, strerror(-r));
		return;
	}
	peers_get_node(o->peers, ip.s, metac_node_admin_get_node_params_get_verify(p), cx);
}

struct metac_node_admin_c outside_admin(struct outside *o)
{
	static const struct metac_node_admin_impl impl = {.get_node = get_node};
	return metac_node_admin_serve(o->loop->vat, &impl, o, NULL);
}
