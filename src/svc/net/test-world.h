/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of bindings: two nodes that are one process (test-fake.h), a callee that answers what
 * it likes, and calls to bind.
 */
#include "svc/net/binding-parts.h"
#include "svc/net/test-fake.h"

#define A "fd00::a"
#define B "fd00::b"

struct node {
	struct net_service ns;
	struct service service;
	struct place place;
	struct fake_iface iface;
	struct created created;
};

struct world {
	struct loop loop;
	struct node a, b;
	/* a callee of the test's making, and what it answers */
	struct net_l2_interface_c liar;
	const char *ip;
	uint16_t port;
	uint32_t vni, mtu;
	unsigned routes; /* of a routed network */
	bool no_holder, silent;
	struct vat_ctx *unanswered;
	struct vat_ctx *waiting; /* Tunnel.wait */
	unsigned asked, holders;
	uint16_t asked_port;
	uint32_t asked_vni, asked_mtu;
	/* the node that a knows */
	struct metac_node_admin_c admin;
	struct metac_node_c node;
	struct metac_service_c persistence;
	struct vat_cap *far; /* what the reference stands for; NULL: it was revoked */
	unsigned restored;
};

/* ---- the liar ------------------------------------------------------------------------------ */

static void liar_wait(void *self, struct metac_waitable_wait_ctx cx)
{
	struct world *w = self;
	w->waiting = cx.ctx;
}

static const struct net_tunnel_impl liar_tunnel = {.waitable = {.wait = liar_wait}};

static void liar_let_go(void *self)
{
	struct world *w = self;
	w->holders--;
}

static void liar_setup(void *self, struct net_l2_interface_setup_vxlan_ctx cx)
{
	struct world *w = self;
	struct net_l2_interface_setup_vxlan_params_r p = net_l2_interface_setup_vxlan_params(cx);
	struct net_l2_interface_setup_vxlan_results_b b = net_l2_interface_setup_vxlan_results(cx);
	w->asked++;
	w->asked_port = net_l2_interface_setup_vxlan_params_get_dst_port(p);
	w->asked_vni = net_l2_interface_setup_vxlan_params_get_vni_num(p);
	w->asked_mtu =
		net_tunnel_options_get_mtu(net_l2_interface_setup_vxlan_params_get_options(p));
	if (w->silent) {
		w->unanswered = cx.ctx;
		return;
	}
	metac_node_address_set_ip(
		net_l2_interface_setup_vxlan_results_init_local(b), vat_str(w->ip));
	net_l2_interface_setup_vxlan_results_set_src_port(b, w->port);
	struct net_tunnel_info_b info = net_l2_interface_setup_vxlan_results_init_tunnel(b);
	net_tunnel_info_set_mtu(info, w->mtu);
	net_tunnel_info_set_vni_num(info, w->vni);
	if (w->routes) {
		struct vat_list_b l =
			net_routed_config_init_routes(net_tunnel_info_init_routed(info), w->routes);
		for (unsigned i = 0; i < w->routes; i++)
			vat_set_text(vat_list_ptr_b(l, i), vat_str("10.9.0.0/24"));
	}
	if (!w->no_holder) {
		struct net_tunnel_c t = net_tunnel_serve(w->loop.vat, &liar_tunnel, w, liar_let_go);
		w->holders++;
		net_l2_interface_setup_vxlan_results_set_holder(b, metac_holder_cast(t.cap));
		net_tunnel_unref(t);
	}
	vat_ctx_return(cx.ctx);
}

static const struct net_l2_interface_impl liar_impl = {.setup_vxlan = liar_setup};

/* ---- the node ------------------------------------------------------------------------------ */

static void restore(void *self, struct metac_service_restore_ctx cx)
{
	struct world *w = self;
	w->restored++;
	if (!w->far) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "no such reference");
		return;
	}
	vat_set_cap(
		metac_service_restore_results_get_obj_b(metac_service_restore_results(cx)), w->far);
	vat_ctx_return(cx.ctx);
}

static void get_service(void *self, struct metac_node_get_service_ctx cx)
{
	struct world *w = self;
	metac_node_get_service_results_set_service(
		metac_node_get_service_results(cx), w->persistence);
	vat_ctx_return(cx.ctx);
}

static void get_node(void *self, struct metac_node_admin_get_node_ctx cx)
{
	struct world *w = self;
	metac_node_admin_get_node_results_set_node(metac_node_admin_get_node_results(cx), w->node);
	vat_ctx_return(cx.ctx);
}

static const struct metac_service_impl persistence_impl = {.restore = restore};
static const struct metac_node_impl node_impl = {.get_service = get_service};
static const struct metac_node_admin_impl admin_impl = {.get_node = get_node};

static void fill_ref(struct metac_metac_sturdy_ref_b b, const char *node)
{
	metac_node_address_set_ip(metac_metac_sturdy_ref_init_node(b), vat_str(node));
	metac_metac_sturdy_ref_set_service(b, vat_str("persistence"));
	vat_set_data(metac_metac_sturdy_ref_get_object_info_b(b), (struct vat_data){"secret", 6});
}

/* ---- both ---------------------------------------------------------------------------------- */

static void node_up(struct world *w, struct node *n, const char *address, const char *iface)
{
	struct net_service *ns = &n->ns;
	n->service = (struct service){&w->loop, address, w->admin};
	ns->service = &n->service;
	CHECK_INT(rtnl_ip_parse(address, &ns->address), 0);
	(void)snprintf(ns->address_text, sizeof(ns->address_text), "%s", address);
	list_init(&ns->bindings);
	list_init(&ns->tunnels);
	list_init(&ns->offers);
	n->place = (struct place){.ns = ns, .name = (char *)""};
	struct fake_iface *i = &n->iface;
	i->segment = (struct segment){.place = &n->place, .mtu = 1500};
	(void)snprintf(i->segment.name, sizeof(i->segment.name), "%s", iface);
	i->f.ns = ns;
	(void)snprintf(i->f.name, sizeof(i->f.name), "%s", iface);
	i->f.namespace = malloc(32);
	(void)snprintf(i->f.namespace, 32, "%p", (void *)&i->segment);
	i->cap = net_l2_interface_serve(w->loop.vat, &fake_iface_impl, i, NULL);
}

static void make_created(struct node *n, uint32_t mtu, bool routed)
{
	struct created *c = &n->created;
	memcpy(c->name, n->iface.f.name, sizeof(c->name));
	(void)snprintf(c->id, sizeof(c->id), "0123");
	c->options = vat_message_new(0, 0);
	net_create_options_set_mtu(net_create_options_init_root(c->options), mtu);
	c->routed = routed ? (struct routed *)&fake : NULL;
	c->refs = 1;
	n->iface.f.created = n->iface.segment.created = c;
}

static void node_down(struct node *n)
{
	binding_end_all(&n->ns);
	net_l2_interface_unref(n->iface.cap);
}

static void node_check(struct node *n)
{
	CHECK_INT(n->iface.segment.refs, 0);
	CHECK_INT(n->ns.n_bindings, 0);
	CHECK_INT(n->ns.n_tunnels, 0);
	CHECK(list_empty(&n->ns.offers));
	if (n->created.options)
		CHECK_INT(n->created.refs, 1);
	vat_message_free(n->created.options);
	free(n->iface.f.namespace);
}

static void up(struct world *w)
{
	CHECK_INT(loop_init(&w->loop), 0);
	struct vat *v = w->loop.vat;
	w->admin = metac_node_admin_serve(v, &admin_impl, w, NULL);
	w->node = metac_node_serve(v, &node_impl, w, NULL);
	w->persistence = metac_service_serve(v, &persistence_impl, w, NULL);
	w->liar = net_l2_interface_serve(v, &liar_impl, w, NULL);
	node_up(w, &w->a, A, "lab0");
	node_up(w, &w->b, B, "eth1");
	w->ip = B;
	w->port = 4000;
	w->vni = 5;
	w->mtu = 1400;
}

/* Everything has been let go: nothing is left. */
static void down(struct world *w)
{
	node_down(&w->a);
	node_down(&w->b);
	if (w->waiting)
		vat_ctx_fail(w->waiting, VAT_FAILED, "over");
	if (w->unanswered)
		vat_ctx_fail(w->unanswered, VAT_FAILED, "over");
	net_l2_interface_unref(w->liar);
	vat_cap_unref(w->far);
	metac_node_admin_unref(w->admin);
	metac_node_unref(w->node);
	metac_service_unref(w->persistence);
	for (int i = 0; i < 20; i++)
		(void)sd_event_run(w->loop.event, 0);
	node_check(&w->a);
	node_check(&w->b);
	CHECK_INT(fake.tunnels, 0);
	CHECK_INT(fake.joints, 0);
	CHECK_INT(fake.leases, 0);
	CHECK_INT(w->holders, 0);
	loop_done(&w->loop);
}

/* ---- binding ------------------------------------------------------------------------------- */

struct wish {
	struct vat_cap *other;
	const char *ref_node; /* NULL: no reference */
	uint32_t mtu;
	uint64_t rate;
};

static struct answer try_to_bind(
	struct world *w, const struct wish *wish, struct net_binding_c *ret)
{
	struct net_l2_interface_bind_to_req q =
		net_l2_interface_bind_to(w->loop.vat, w->a.iface.cap);
	net_l2_interface_bind_to_params_set_other(q.params, net_l2_interface_cast(wish->other));
	struct net_bind_options_b o = net_l2_interface_bind_to_params_init_options(q.params);
	net_bind_options_set_mtu(o, wish->mtu);
	net_bind_options_set_source(o, vat_str("the\nother"));
	if (wish->ref_node)
		fill_ref(net_bind_options_init_reference(o), wish->ref_node);
	if (wish->rate)
		net_restrictions_set_rate(net_bind_options_init_restrictions(o), wish->rate);
	struct answer a = CALL(&w->loop, q, net_l2_interface_bind_to_send);
	if (!a.failed)
		ret->cap = vat_cap_ref(net_l2_interface_bind_to_results_get_holder(
			net_l2_interface_bind_to_results_from(a.results))
					       .cap);
	vat_call_free(q.call);
	return a;
}

static struct net_binding_c bind_well(struct world *w, const struct wish *wish)
{
	struct net_binding_c c = {};
	struct answer a = try_to_bind(w, wish, &c);
	if (a.failed)
		test_fail(__FILE__, __LINE__, "%s", a.text);
	return c;
}

static void bind_badly(struct world *w, const struct wish *wish, const char *text)
{
	struct net_binding_c c = {};
	struct answer a = try_to_bind(w, wish, &c);
	if (!a.failed || !strstr(a.text, text) || strncmp(a.text, "bind lab0: ", 11) != 0)
		test_fail(__FILE__, __LINE__, "\"%s\" instead of \"%s\"", a.text, text);
	CHECK_INT(fake.tunnels, 0);
}

static struct binding *binding_of(struct world *w)
{
	CHECK(!list_empty(&w->a.ns.bindings));
	return list_entry(w->a.ns.bindings.next, struct binding, link);
}

static void run_until_state(struct world *w, enum binding_state state)
{
	struct binding *b = binding_of(w);
	for (int i = 0; b->state != state && i < 2000; i++)
		(void)sd_event_run(w->loop.event, 10000);
	CHECK_INT(b->state, state);
}

static void settle(struct world *w)
{
	for (int i = 0; i < 20; i++)
		(void)sd_event_run(w->loop.event, 0);
}
