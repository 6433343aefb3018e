/* SPDX-License-Identifier: MIT */
/* Halves of tunnels that a hostile caller asks for, and joints on the same host. */
#include "svc/net/test-world.h"

/* ---- on the same host ---------------------------------------------------------------------- */

TEST(on_the_same_host_there_is_no_tunnel)
{
	struct world w = {};
	up(&w);
	w.b.ns.address = w.a.ns.address; /* b is another interface of a */
	w.b.iface.f.ns = &w.a.ns;
	for (int known = 0; known < 2; known++) {
		fake_is_ours = known;
		fake.made = 0;
		struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
		CHECK_INT(fake.tunnels, 0);
		CHECK_INT(fake.joints, 1);
		CHECK_INT(fake.made, !known);
		CHECK(binding_of(&w)->offer.joint == fake.joint);
		CHECK(fake.joint->one->segment == &w.a.iface.segment);
		CHECK(fake.joint->other.segment == &w.b.iface.segment);
		net_binding_unref(c);
		settle(&w);
		CHECK_INT(fake.joints, 0);
	}
	down(&w);
}

TEST(on_the_same_host_an_mtu_is_agreed_on_as_well)
{
	struct world w = {};
	up(&w);
	fake_is_ours = true;
	w.b.iface.f.ns = &w.a.ns;
	w.b.iface.segment.mtu = 9000;
	make_created(&w.a, 0, false);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	CHECK_INT(binding_of(&w)->mtu, 9000);
	net_binding_unref(c);
	settle(&w);
	c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap, .mtu = 2000});
	CHECK_INT(binding_of(&w)->mtu, 2000);
	net_binding_unref(c);
	settle(&w);
	bind_badly(&w, &(struct wish){.other = w.b.iface.cap.cap, .mtu = 9001},
		"9001 is too large: 9000");
	CHECK_INT(fake.joints, 0);
	down(&w);
}

TEST(an_interface_is_not_bound_to_itself)
{
	struct world w = {};
	up(&w);
	bind_badly(&w, &(struct wish){.other = w.a.iface.cap.cap}, "itself");
	fake_is_ours = true;
	bind_badly(&w, &(struct wish){.other = w.a.iface.cap.cap}, "itself");
	down(&w);
}

TEST(a_joint_that_goes_is_made_again)
{
	struct world w = {};
	up(&w);
	w.b.iface.f.ns = &w.a.ns;
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	fake.joint->other.gone(fake.joint->other.user, "deleted");
	run_until_state(&w, BINDING_WAITING);
	CHECK_INT(fake.joints, 0);
	run_until_state(&w, BINDING_UP);
	CHECK_INT(fake.joints, 1);
	net_binding_unref(c);
	down(&w);
}

TEST(what_seems_to_be_on_this_host_may_not_be)
{
	struct world w = {};
	up(&w);
	fake_is_ours = true; /* so says iface_of; but the node it is asked by is another */
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	CHECK_INT(fake.tunnels, 2);
	CHECK_INT(fake.joints, 0);
	CHECK_INT(binding_of(&w)->tunnel->remote.port, fake.last->port);
	net_binding_unref(c);
	down(&w);
}

/* ---- hostile questions --------------------------------------------------------------------- */

static void ask_badly(struct world *w, const char *ip, uint16_t port, uint32_t vni, uint32_t mtu,
	const char *text)
{
	struct net_l2_interface_setup_vxlan_req q =
		net_l2_interface_setup_vxlan(w->loop.vat, w->b.iface.cap);
	metac_node_address_set_ip(
		net_l2_interface_setup_vxlan_params_init_remote(q.params), vat_str(ip));
	net_l2_interface_setup_vxlan_params_set_dst_port(q.params, port);
	net_l2_interface_setup_vxlan_params_set_vni_num(q.params, vni);
	net_tunnel_options_set_mtu(net_l2_interface_setup_vxlan_params_init_options(q.params), mtu);
	struct answer a = CALL(&w->loop, q, net_l2_interface_setup_vxlan_send);
	vat_call_free(q.call);
	if (!a.failed || !strstr(a.text, text))
		test_fail(__FILE__, __LINE__, "\"%s\" instead of \"%s\"", a.text, text);
	CHECK_INT(fake.tunnels, 0);
	CHECK_INT(w->b.ns.n_tunnels, 0);
}

TEST(questions_are_checked)
{
	struct world w = {};
	up(&w);
	ask_badly(&w, "", 4000, 5, 0, "address");
	ask_badly(&w, "fd00::a%eth0", 4000, 5, 0, "address");
	ask_badly(&w, "10.0.0.1", 4000, 5, 0, "other family");
	ask_badly(&w, A, 53, 5, 0, "port 53");
	ask_badly(&w, A, 4000, 0, 0, "no VXLAN network");
	ask_badly(&w, A, 4000, 1 << 24, 0, "no VXLAN network");
	ask_badly(&w, A, 4000, 5, 68, "too small");
	ask_badly(&w, B, 4000, 5, 0, "offered"); /* its own address */
	make_created(&w.b, 0, true);
	ask_badly(&w, A, 4000, 5, 0, "not a key");
	down(&w);
}

TEST(who_can_send_in_one_network_only_gets_that)
{
	struct world w = {};
	up(&w);
	for (int own = 0; own < 2; own++) {
		struct net_l2_interface_setup_vxlan_req q =
			net_l2_interface_setup_vxlan(w.loop.vat, w.b.iface.cap);
		metac_node_address_set_ip(
			net_l2_interface_setup_vxlan_params_init_remote(q.params), vat_str(A));
		net_l2_interface_setup_vxlan_params_set_dst_port(q.params, 4000);
		net_l2_interface_setup_vxlan_params_set_vni_num(q.params, 77);
		net_tunnel_options_set_own_vni(
			net_l2_interface_setup_vxlan_params_init_options(q.params), own);
		CHECK(!CALL(&w.loop, q, net_l2_interface_setup_vxlan_send).failed);
		CHECK_INT(fake.last->cfg.vni, own ? 0 : 77);
		vat_call_free(q.call);
		settle(&w);
	}
	down(&w);
}

TEST(what_one_caller_can_have_is_limited)
{
	enum { MANY = 1024 };
	static struct vat_cap *held[MANY];
	struct world w = {};
	up(&w);
	for (unsigned i = 0; i <= MANY; i++) {
		struct net_l2_interface_setup_vxlan_req q =
			net_l2_interface_setup_vxlan(w.loop.vat, w.b.iface.cap);
		metac_node_address_set_ip(
			net_l2_interface_setup_vxlan_params_init_remote(q.params), vat_str(A));
		net_l2_interface_setup_vxlan_params_set_dst_port(q.params, (uint16_t)(4000 + i));
		net_l2_interface_setup_vxlan_params_set_vni_num(q.params, 5);
		struct answer a = CALL(&w.loop, q, net_l2_interface_setup_vxlan_send);
		CHECK_INT(a.failed, i == MANY);
		if (i == MANY)
			CHECK(strstr(a.text, "too many tunnels"));
		else
			held[i] = vat_cap_ref(net_l2_interface_setup_vxlan_results_get_holder(
				net_l2_interface_setup_vxlan_results_from(a.results))
						      .cap);
		vat_call_free(q.call);
	}
	CHECK_INT(w.b.ns.n_tunnels, MANY);
	for (unsigned i = 0; i < MANY; i++)
		vat_cap_unref(held[i]);
	settle(&w);
	CHECK_INT(w.b.ns.n_tunnels, 0);
	down(&w);
}
