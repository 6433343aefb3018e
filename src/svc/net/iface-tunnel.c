/* SPDX-License-Identifier: MIT */
/*
 * L2Interface.setupVxlan: the half of a tunnel that somebody else's binding asks for (half.h).
 *
 * Who calls may be anybody to whom a reference was given, so what he says is checked before it gets
 * near the kernel, and what he can make us keep is limited. That he is where he says he is cannot
 * be checked; what is sent there is what he may see anyway.
 *
 * Remote, port and VNI name a caller's binding: when they come again for the same interface, its
 * old half is ended first, for the caller has lost that one, whether we have noticed or not.
 */
#include "base/log.h"
#include "svc/net/half.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

enum {
	TUNNELS_REMOTE_MAX = 1024, /* of one caller */
	TUNNELS_IFACE_MAX = 1024, /* of one interface */
	VNI_MAX = 0xffffff,
};

/* ---- what is asked for --------------------------------------------------------------------- */

/* For people: what they see is what was sent, as far as it can be shown. */
static void copy_client(struct half *h, struct vat_text name)
{
	size_t n = MIN((size_t)name.len, (size_t)HALF_CLIENT_MAX);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name.s[i];
		h->client[i] = c > ' ' && c < 0x7f ? (char)c : '?';
	}
}

static int read_remote(struct half *h, struct net_l2_interface_setup_vxlan_params_r p,
	bool *ret_own, struct err *e)
{
	const struct rtnl_ip *own = &h->ns->address;
	struct rtnl_remote *m = &h->remote;
	struct vat_text ip =
		metac_node_address_get_ip(net_l2_interface_setup_vxlan_params_get_remote(p));
	m->port = net_l2_interface_setup_vxlan_params_get_dst_port(p);
	m->vni = net_l2_interface_setup_vxlan_params_get_vni_num(p);
	if (ip.len >= INET6_ADDRSTRLEN || rtnl_ip_parse(ip.s, &m->address) < 0)
		return err_set(e, -EINVAL, "the caller's address is none");
	(void)inet_ntop(m->address.family, &m->address.v6, h->remote_text, sizeof(h->remote_text));
	if (!m->vni || m->vni > VNI_MAX)
		return err_set(e, -EINVAL, "%u is no VXLAN network: 1 to %d", m->vni, VNI_MAX);
	*ret_own = rtnl_ip_equal(&m->address, own);
	if (*ret_own)
		return 0;
	if (m->address.family != own->family)
		return err_set(e, -EAFNOSUPPORT,
			"this node's address is %s, and %s is of the other family",
			h->ns->address_text, h->remote_text);
	return tunnel_check_remote(m, e);
}

static bool is_same(const struct half *h, const struct half *other)
{
	return h->segment == other->segment && h->remote.port == other->remote.port &&
	       h->remote.vni == other->remote.vni &&
	       rtnl_ip_equal(&h->remote.address, &other->remote.address);
}

static void end_earlier(struct half *h)
{
	list_for_each_safe (it, &h->ns->tunnels) {
		struct half *other = list_entry(it, struct half, link);
		if (is_same(h, other))
			half_end(other, "the same binding has set it up anew");
	}
}

static int check_limits(const struct half *h, struct err *e)
{
	unsigned of_remote = 0, of_iface = 0;
	if (h->ns->n_tunnels > NET_TUNNELS_MAX) /* h is counted */
		return err_set(e, -EDQUOT, "too many tunnels (limit %d)", NET_TUNNELS_MAX);
	list_for_each (it, &h->ns->tunnels) {
		const struct half *other = list_entry(it, struct half, link);
		of_remote += rtnl_ip_equal(&other->remote.address, &h->remote.address);
		of_iface += other->segment == h->segment;
	}
	if (of_remote >= TUNNELS_REMOTE_MAX)
		return err_set(e, -EDQUOT, "too many tunnels to %s (limit %d)", h->remote_text,
			TUNNELS_REMOTE_MAX);
	if (of_iface >= TUNNELS_IFACE_MAX)
		return err_set(e, -EDQUOT, "too many tunnels to this interface (limit %d)",
			TUNNELS_IFACE_MAX);
	return 0;
}

/* ---- MTU ----------------------------------------------------------------------------------- */

uint32_t half_created_mtu(const struct created *c)
{
	uint32_t wanted = net_create_options_get_mtu(created_options(c));
	return wanted ? wanted : UINT16_MAX;
}

uint32_t iface_mtu_limit(const struct tunnel_config *cfg, const struct tunnel *t)
{
	bool own = cfg->created && !strcmp(tunnel_device(t), cfg->created->name);
	return own ? half_created_mtu(cfg->created) : segment_mtu(cfg->segment);
}

int iface_mtu_set(const struct tunnel_config *cfg, uint32_t mtu, struct err *e)
{
	const struct created *c = cfg->created;
	struct rtnl_change change = {.what = RTNL_SET_MTU, .mtu = mtu};
	struct rtnl_link l;
	if (!c || c->made != CREATED_VETH || !c->index)
		return 0;
	int r = rtnl_link_by_index(c->place->rtnl, c->index, &l, e);
	if (r >= 0 && l.mtu != mtu)
		r = rtnl_link_set(c->place->rtnl, c->index, &change, e);
	return r < 0 ? err_wrap(e, r, "an MTU of %u", mtu) : 0;
}

/* ---- another host -------------------------------------------------------------------------- */

static int connect_tunnel(struct half *h, struct tunnel_config *cfg,
	struct net_tunnel_options_r options, struct err *e)
{
	uint32_t theirs = net_tunnel_options_get_mtu(options), path = 0;
	if (theirs && theirs < TUNNEL_MTU_MIN)
		return err_set(e, -EINVAL, "an MTU of %u is too small: at least %d", theirs,
			TUNNEL_MTU_MIN);
	int r = tunnel_path_mtu(h->ns, &h->remote.address, &path, e);
	if (r < 0)
		return r;
	cfg->vni = net_tunnel_options_get_own_vni(options) ? 0 : h->remote.vni;
	r = tunnel_new(h->ns, cfg, &h->tunnel, e);
	if (r < 0)
		return r;
	h->mtu = MIN(path, iface_mtu_limit(cfg, h->tunnel));
	uint32_t mtu = theirs ? MIN(theirs, h->mtu) : h->mtu;
	r = tunnel_connect(h->tunnel, &h->remote, mtu, e);
	return r < 0 ? r : iface_mtu_set(cfg, mtu, e);
}

/* ---- the call ------------------------------------------------------------------------------ */

/* With restrictions in `room`, which holds one more than an interface can have. */
static int configure(struct half *h, struct iface *f, struct net_tunnel_options_r options,
	struct tunnel_config *cfg, struct guard_restrictions *room, struct err *e)
{
	int r = iface_tunnel_config(f, cfg, e);
	if (r < 0)
		return r;
	h->segment = cfg->segment;
	h->created = cfg->created ? created_ref(cfg->created) : NULL;
	cfg->gone = half_on_gone;
	cfg->looped = half_on_looped;
	cfg->passive = true;
	cfg->user = h;
	if (!cfg->created || !cfg->created->routed)
		return 0;
	struct routed_request q = {
		.key = net_tunnel_options_get_key(options),
		.taken = half_on_lease_taken,
		.user = h,
	};
	r = routed_lease(cfg->created->routed, &q, &h->lease, e);
	if (r < 0)
		return r;
	if (cfg->n_restrictions)
		memcpy(room, cfg->restrictions, cfg->n_restrictions * sizeof(*room));
	routed_lease_restriction(h->lease, &room[cfg->n_restrictions++]);
	cfg->restrictions = room;
	cfg->isolated = true;
	return 0;
}

static int set_up(struct half *h, struct iface *f, struct net_l2_interface_setup_vxlan_params_r p,
	struct err *e)
{
	struct net_tunnel_options_r options = net_l2_interface_setup_vxlan_params_get_options(p);
	struct guard_restrictions restrictions[IFACE_RESTRICTIONS_MAX + 1];
	struct tunnel_config cfg = {};
	bool own = false;
	int r = read_remote(h, p, &own, e);
	if (r < 0)
		return r;
	copy_client(h, net_tunnel_options_get_client(options));
	r = configure(h, f, options, &cfg, restrictions, e);
	if (r < 0)
		return r;
	end_earlier(h);
	r = check_limits(h, e);
	if (r < 0)
		return r;
	list_append(&h->ns->tunnels, &h->link);
	h->since = time(NULL);
	return own ? half_join(h, &cfg, e) : connect_tunnel(h, &cfg, options, e);
}

/* What this is, without telling what. */
static void write_segment(struct half *h, struct net_tunnel_info_b info)
{
	const struct net_service *ns = h->ns;
	unsigned char hash[16];
	uint64_t network = segment_place(h->segment)->ino;
	int index = segment_index(h->segment);
	crypto_generichash_state st;
	crypto_generichash_init(&st, ns->salt, sizeof(ns->salt), sizeof(hash));
	crypto_generichash_update(&st, (unsigned char *)&network, sizeof(network));
	crypto_generichash_update(&st, (unsigned char *)&index, sizeof(index));
	crypto_generichash_final(&st, hash, sizeof(hash));
	net_tunnel_info_set_segment(info, (struct vat_data){hash, sizeof(hash)});
}

static void answer(struct half *h, struct net_l2_interface_setup_vxlan_ctx cx)
{
	struct net_l2_interface_setup_vxlan_results_b b = net_l2_interface_setup_vxlan_results(cx);
	struct net_tunnel_c c = half_serve(h);
	if (!c.cap) {
		half_free(h);
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	metac_node_address_set_ip(
		net_l2_interface_setup_vxlan_results_init_local(b), vat_str(h->ns->address_text));
	if (h->tunnel)
		net_l2_interface_setup_vxlan_results_set_src_port(b, tunnel_port(h->tunnel));
	net_l2_interface_setup_vxlan_results_set_holder(b, metac_holder_cast(c.cap));
	struct net_tunnel_info_b info = net_l2_interface_setup_vxlan_results_init_tunnel(b);
	net_tunnel_info_set_mtu(info, h->mtu);
	if (h->tunnel)
		net_tunnel_info_set_vni_num(info, tunnel_vni(h->tunnel));
	write_segment(h, info);
	if (h->lease)
		routed_lease_write(h->lease, net_tunnel_info_init_routed(info));
	net_tunnel_unref(c);
	vat_ctx_return(cx.ctx);
}

void iface_setup_vxlan(void *self, struct net_l2_interface_setup_vxlan_ctx cx)
{
	struct iface *f = self;
	struct err e = {};
	struct half *h = calloc(1, sizeof(*h));
	if (!h) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	h->ns = f->ns;
	list_init(&h->link);
	h->ns->n_tunnels++; /* taken back by half_end() */
	if (sodium_is_zero(h->ns->salt, sizeof(h->ns->salt)))
		randombytes_buf(h->ns->salt, sizeof(h->ns->salt));
	int r = set_up(h, f, net_l2_interface_setup_vxlan_params(cx), &e);
	if (r < 0 || h->ended) {
		if (r >= 0)
			err_set(&e, -ENODEV, "%s", h->why);
		half_free(h);
		err_wrap(&e, e.code, "%s", f->name);
		log_peer(LOG_INFO, "no tunnel: %s", e.msg);
		service_fail(cx.ctx, &e);
		return;
	}
	log_peer(LOG_INFO, "%s is bound by %s (%s)", segment_name(h->segment),
		*h->client ? h->client : "somebody", h->remote_text);
	answer(h, cx);
}
