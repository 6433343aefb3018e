/* SPDX-License-Identifier: MIT */
/*
 * The way (core/way.h) of a binding: it leads to a Tunnel, asked for by setupVxlan.  What comes as
 * an answer is another host's word, and is checked here before anything is done with it.
 */
#include "svc/net/binding-parts.h"

#include <arpa/inet.h>

enum { VNI_MAX = 0xffffff };

static struct vat *vat_of(const struct binding *b)
{
	return service_loop(b->ns->service)->vat;
}

void binding_answer_clear(struct binding *b)
{
	vat_message_free(b->answer.routed);
	b->answer = (struct binding_answer){};
}

/* ---- the answer ---------------------------------------------------------------------------- */

static int read_remote(struct binding *b, struct net_l2_interface_setup_vxlan_results_r r,
	struct binding_answer *a, struct err *e)
{
	struct net_tunnel_info_r info = net_l2_interface_setup_vxlan_results_get_tunnel(r);
	struct vat_text ip =
		metac_node_address_get_ip(net_l2_interface_setup_vxlan_results_get_local(r));
	a->remote.port = net_l2_interface_setup_vxlan_results_get_src_port(r);
	a->remote.vni = net_tunnel_info_get_vni_num(info);
	a->joined = !a->remote.port;
	if (a->joined && !b->offer.joint)
		return err_set(e, -EPROTO, "the other side says that it is on this host");
	if (a->joined)
		return 0;
	if (ip.len >= INET6_ADDRSTRLEN || rtnl_ip_parse(ip.s, &a->remote.address) < 0)
		return err_set(e, -EPROTO, "the other side's address is none");
	(void)inet_ntop(a->remote.address.family, &a->remote.address.v6, a->remote_text,
		sizeof(a->remote_text));
	if (a->remote.address.family != b->ns->address.family)
		return err_set(e, -EAFNOSUPPORT,
			"this node's address is %s, and the other side's %s is of the other family",
			b->ns->address_text, a->remote_text);
	if (rtnl_ip_equal(&a->remote.address, &b->ns->address))
		return err_set(e, -EPROTO, "the other side gives this node's address as its own");
	if (!a->remote.vni || a->remote.vni > VNI_MAX)
		return err_set(e, -EPROTO, "the other side's network is %u: 1 to %d", a->remote.vni,
			VNI_MAX);
	int k = tunnel_check_remote(&a->remote, e);
	return k < 0 ? err_wrap(e, k, "the other side's address") : 0;
}

static int read_routed(struct net_tunnel_info_r info, struct binding_answer *a, struct err *e)
{
	if (!net_tunnel_info_has_routed(info))
		return 0;
	struct net_routed_config_r c = net_tunnel_info_get_routed(info);
	a->routed = vat_message_new(0, BINDING_ROUTED_WORDS_MAX);
	if (!a->routed)
		return err_errno(e, -ENOMEM, "the routed network");
	net_routed_config_set_root(a->routed, c);
	if (vat_message_error(a->routed) < 0)
		return err_set(e, -E2BIG, "what the routed network says of itself is too long");
	return 0;
}

static int read_answer(
	struct binding *b, struct net_l2_interface_setup_vxlan_results_r r, struct err *e)
{
	struct net_tunnel_info_r info = net_l2_interface_setup_vxlan_results_get_tunnel(r);
	struct binding_answer *a = &b->answer;
	if (!net_l2_interface_setup_vxlan_results_get_holder(r).cap)
		return err_set(e, -EPROTO, "the other side gives nothing to hold");
	int k = read_remote(b, r, a, e);
	if (k < 0)
		return k;
	struct vat_data segment = net_tunnel_info_get_segment(info);
	if (segment.len == sizeof(a->segment))
		memcpy(a->segment, segment.p, sizeof(a->segment));
	if (binding_is_second(b))
		return err_set(e, -EEXIST, "it is bound to that already");
	a->mtu = net_tunnel_info_get_mtu(info);
	if (a->mtu < TUNNEL_MTU_MIN && !a->joined)
		return err_set(e, -EPROTO, "the other side's MTU of %u is too small: at least %d",
			a->mtu, TUNNEL_MTU_MIN);
	return read_routed(info, a, e);
}

/* It was taken for one of this node, and there is nothing that its frames could come to. */
static bool is_not_local(struct binding *b, struct net_l2_interface_setup_vxlan_results_r r)
{
	return b->local && net_l2_interface_setup_vxlan_results_get_src_port(r);
}

static void on_set_up(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct binding *b = user;
	struct err e = {};
	if (err) {
		way_fail_vat(b->way, err);
		return;
	}
	struct net_l2_interface_setup_vxlan_results_r r =
		net_l2_interface_setup_vxlan_results_from(results);
	if (is_not_local(b, r)) {
		b->local = false;
		way_open(b->way, false);
		return;
	}
	binding_answer_clear(b);
	if (read_answer(b, r, &e) < 0) {
		struct vat_error failure = {VAT_FAILED, e.msg};
		way_fail_vat(b->way, &failure);
		return;
	}
	b->local = b->answer.joined;
	way_holder(b->way, net_l2_interface_setup_vxlan_results_get_holder(r).cap);
}

/* ---- the question -------------------------------------------------------------------------- */

static void write_question(struct binding *b, struct net_l2_interface_setup_vxlan_params_b p)
{
	char host[65] = "";
	(void)gethostname(host, sizeof(host) - 1);
	metac_node_address_set_ip(
		net_l2_interface_setup_vxlan_params_init_remote(p), vat_str(b->ns->address_text));
	net_l2_interface_setup_vxlan_params_set_dst_port(p, b->offer.port);
	net_l2_interface_setup_vxlan_params_set_vni_num(p, b->offer.vni);
	struct net_tunnel_options_b o = net_l2_interface_setup_vxlan_params_init_options(p);
	net_tunnel_options_set_mtu(o, binding_end_mtu(b));
	net_tunnel_options_set_own_vni(o, true);
	net_tunnel_options_set_client(o, vat_str(host));
	net_tunnel_options_set_key(o, (struct vat_data){b->key, sizeof(b->key)});
}

static int ask(void *user, struct way *way, struct vat_cap *object, bool local)
{
	struct binding *b = user;
	struct err e = {};
	if (binding_end_prepare(b, &e) < 0) {
		struct vat_error failure = {VAT_FAILED, e.msg};
		way_fail_vat(way, &failure);
		return 0;
	}
	struct net_l2_interface_setup_vxlan_req q =
		net_l2_interface_setup_vxlan(vat_of(b), net_l2_interface_cast(object));
	if (!q.call)
		return -ENOMEM;
	write_question(b, q.params);
	way_call(way, q.call);
	net_l2_interface_setup_vxlan_send(q, on_set_up, b);
	return 0;
}

int binding_way_new(struct binding *b, struct vat_cap *other, struct ref *takes_ref)
{
	struct way_config cfg = {
		.loop = service_loop(b->ns->service),
		.service = b->ns->service,
		.object = other,
		.ref = takes_ref,
		.what = "what is bound",
		.ask = ask,
		.opened = binding_on_opened,
		.missed = binding_on_missed,
		.user = b,
	};
	b->way = way_new(&cfg);
	return b->way ? 0 : -ENOMEM;
}
