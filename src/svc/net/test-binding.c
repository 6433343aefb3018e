/* SPDX-License-Identifier: MIT */
/*
 * Bindings between interfaces of two nodes that are one process (test-fake.h), and with a callee
 * that answers what it likes.
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

/* ---- two that tell the truth --------------------------------------------------------------- */

TEST(two_ends_know_each_other)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	struct binding *b = binding_of(&w);
	CHECK_INT(fake.tunnels, 2);
	CHECK(fake.last->connected && b->tunnel->connected && b->tunnel != fake.last);
	CHECK_INT(b->tunnel->remote.port, fake.last->port);
	CHECK_INT(b->tunnel->remote.vni, fake.last->vni);
	CHECK_INT(fake.last->remote.port, b->tunnel->port);
	CHECK_INT(fake.last->remote.vni, b->tunnel->vni);
	CHECK(rtnl_ip_equal(&b->tunnel->remote.address, &w.b.ns.address));
	CHECK(rtnl_ip_equal(&fake.last->remote.address, &w.a.ns.address));
	CHECK_INT(b->mtu, 1426);
	CHECK_STR(b->source, "the?other");
	CHECK(list_empty(&w.a.ns.offers));
	CHECK_INT(iface_tunnel_count(&w.b.ns), 1);
	net_binding_unref(c);
	down(&w);
}

TEST(destroying_undoes_both_ends)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	struct metac_destroyable_destroy_req q =
		metac_destroyable_destroy(w.loop.vat, metac_destroyable_cast(c.cap));
	CHECK(!CALL(&w.loop, q, metac_destroyable_destroy_send).failed);
	vat_call_free(q.call);
	settle(&w);
	CHECK_INT(fake.tunnels, 0);
	CHECK_INT(fake.forgotten, 1);
	net_binding_unref(c);
	down(&w);
}

TEST(the_same_two_are_not_bound_twice)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap}), d = {};
	struct answer a = try_to_bind(&w, &(struct wish){.other = w.b.iface.cap.cap}, &d);
	CHECK(a.failed && strstr(a.text, "already"));
	CHECK_INT(fake.tunnels, 2);
	net_binding_unref(c);
	settle(&w);
	c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap}); /* but after another */
	net_binding_unref(c);
	down(&w);
}

TEST(nor_by_another_capability_for_the_same_interface)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap}), d = {};
	struct fake_iface again = w.b.iface;
	again.cap = net_l2_interface_serve(w.loop.vat, &fake_iface_impl, &again, NULL);
	(void)snprintf(again.f.namespace, 32, "%p", (void *)&w.b.iface.segment);
	struct answer a = try_to_bind(&w, &(struct wish){.other = again.cap.cap}, &d);
	CHECK(a.failed && strstr(a.text, "already"));
	CHECK_INT(fake.tunnels, 2);
	CHECK_INT(binding_of(&w)->state, BINDING_UP);
	net_l2_interface_unref(again.cap);
	net_binding_unref(c);
	down(&w);
}

TEST(restrictions_of_both_hold)
{
	struct world w = {};
	up(&w);
	w.a.iface.f.n_restrictions = 1;
	w.a.iface.f.restrictions[0].rate = 7;
	struct net_binding_c c =
		bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap, .rate = 9});
	struct tunnel *t = binding_of(&w)->tunnel;
	CHECK_INT(t->cfg.n_restrictions, 2);
	CHECK(t->restrictions[0].rate == 7 && t->restrictions[1].rate == 9);
	net_binding_unref(c);
	settle(&w);
	bind_badly(&w, &(struct wish){.other = w.b.iface.cap.cap, .rate = 1}, "too low");
	down(&w);
}

TEST(a_created_interface_takes_what_is_possible)
{
	struct world w = {};
	up(&w);
	make_created(&w.a, 0, false);
	w.b.iface.segment.mtu = 9000;
	fake.path_mtu = 8926;
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	CHECK_INT(binding_of(&w)->tunnel->mtu, 8926);
	net_binding_unref(c);
	settle(&w);
	c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap, .mtu = 1400});
	CHECK_INT(binding_of(&w)->tunnel->mtu, 1400);
	CHECK_INT(fake.last->mtu, 1400);
	net_binding_unref(c);
	settle(&w);
	bind_badly(&w, &(struct wish){.other = w.b.iface.cap.cap, .mtu = 9000},
		"9000 is too large: 8926");
	bind_badly(&w, &(struct wish){.other = w.b.iface.cap.cap, .mtu = 100}, "too small");
	down(&w);
}

TEST(a_routed_network_gives_addresses_to_interfaces_of_its_own_only)
{
	struct world w = {};
	up(&w);
	make_created(&w.b, 0, true);
	bind_badly(&w, &(struct wish){.other = w.b.iface.cap.cap}, "newlocal");
	make_created(&w.a, 0, false);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	CHECK_INT(fake.leases, 1);
	CHECK(fake.last->cfg.isolated && fake.last->restrictions[0].routed);
	CHECK_INT(fake.routed, 1);
	net_binding_unref(c);
	settle(&w);
	CHECK_INT(fake.unrouted, 1);
	CHECK(fake.lease_over);
	down(&w);
}

/* ---- lost and found ------------------------------------------------------------------------ */

TEST(a_tunnel_that_ends_there_is_asked_for_again)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	struct tunnel *t = binding_of(&w)->tunnel;
	fake.last->cfg.gone(fake.last->cfg.user, "the interface was deleted");
	w.b.iface.segment.missing = true;
	run_until_state(&w, BINDING_WAITING);
	CHECK(!t->connected);
	CHECK_INT(fake.tunnels, 1);
	CHECK(binding_of(&w)->tunnel == t);
	w.b.iface.segment.missing = false;
	run_until_state(&w, BINDING_UP);
	CHECK(t->connected && binding_of(&w)->tunnel == t);
	CHECK_INT(fake.last->remote.port, t->port);
	net_binding_unref(c);
	down(&w);
}

TEST(who_comes_back_takes_his_own_place)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	struct binding *b = binding_of(&w);
	/* As if this side had lost it unnoticed by the other. */
	struct vat_cap *old = vat_cap_ref(b->holder);
	b->state = BINDING_WAITING;
	way_open(b->way, false);
	run_until_state(&w, BINDING_UP);
	CHECK_INT(w.b.ns.n_tunnels, 1);
	CHECK_INT(fake.tunnels, 2);
	CHECK(b->holder != old);
	vat_cap_unref(old);
	net_binding_unref(c);
	down(&w);
}

TEST(an_interface_here_that_goes_is_waited_for)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	struct binding *b = binding_of(&w);
	w.a.iface.segment.missing = true;
	b->tunnel->cfg.gone(b->tunnel->cfg.user, "deleted");
	CHECK_INT(b->state, BINDING_WAITING);
	settle(&w);
	CHECK_INT(fake.tunnels, 0);
	w.a.iface.segment.missing = false;
	run_until_state(&w, BINDING_UP);
	CHECK_INT(fake.tunnels, 2);
	net_binding_unref(c);
	down(&w);
}

TEST(a_created_one_that_goes_is_gone)
{
	struct world w = {};
	up(&w);
	make_created(&w.a, 0, false);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	struct binding *b = binding_of(&w);
	b->tunnel->cfg.gone(b->tunnel->cfg.user, "the interface was deleted");
	CHECK_INT(b->state, BINDING_GONE);
	CHECK_STR(b->error, "the interface was deleted");
	settle(&w);
	CHECK_INT(fake.tunnels, 0);
	net_binding_unref(c);
	down(&w);
}

TEST(a_loop_is_told)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	struct binding *b = binding_of(&w);
	CHECK(fake.last->cfg.passive && !b->tunnel->cfg.passive);
	b->tunnel->cfg.looped(b->tunnel->cfg.user, true);
	CHECK_INT(b->state, BINDING_UP);
	CHECK(b->looped);
	CHECK_STR(b->error, IFACE_LOOP_TEXT);
	b->tunnel->cfg.looped(b->tunnel->cfg.user, false);
	CHECK(!b->looped && !b->error[0]);
	net_binding_unref(c);
	down(&w);
}

TEST(a_reference_that_is_void_ends_it)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.liar.cap, .ref_node = B});
	w.port = 0; /* what is in hand is of no use any more */
	vat_ctx_fail(TAKE_PTR(w.waiting), VAT_DISCONNECTED, "revoked");
	run_until_state(&w, BINDING_GONE);
	CHECK_INT(w.restored, 1);
	CHECK_INT(fake.tunnels, 0);
	net_binding_unref(c);
	down(&w);
}

TEST(a_capability_that_was_revoked_ends_it)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.liar.cap});
	struct vat_cap *broken = vat_cap_broken(w.loop.vat, VAT_DISCONNECTED, "revoked");
	way_set_object(binding_of(&w)->way, broken);
	vat_cap_unref(broken);
	vat_ctx_fail(TAKE_PTR(w.waiting), VAT_DISCONNECTED, "revoked");
	run_until_state(&w, BINDING_GONE);
	CHECK_INT(fake.tunnels, 0);
	net_binding_unref(c);
	down(&w);
}

TEST(what_is_renamed_is_stored_by_its_new_name)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c =
		bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap, .ref_node = B});
	struct binding *b = binding_of(&w);
	struct iface f = w.a.iface.f;
	f.index = b->iface.index;
	(void)snprintf(f.name, sizeof(f.name), "lab9");
	binding_renamed(&w.a.ns, &f);
	CHECK_STR(b->iface.name, "lab9");
	CHECK_INT(fake.described, 0);
	b->persistent = true;
	binding_renamed(&w.a.ns, &f);
	CHECK_INT(fake.described, 1);
	f.index++; /* another one */
	binding_renamed(&w.a.ns, &f);
	CHECK_INT(fake.described, 1);
	b->persistent = false;
	net_binding_unref(c);
	down(&w);
}

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

/* ---- hostile answers ----------------------------------------------------------------------- */

TEST(answers_are_checked)
{
	static const struct {
		const char *ip, *text;
		uint16_t port;
		uint32_t vni, mtu;
		unsigned routes;
		bool no_holder;
	} t[] = {
		{"", "address", 4000, 5, 1400, 0, false},
		{"eth0", "address", 4000, 5, 1400, 0, false},
		{"10.0.0.1", "other family", 4000, 5, 1400, 0, false},
		{A, "as its own", 4000, 5, 1400, 0, false},
		{B, "port 1023", 1023, 5, 1400, 0, false},
		{B, "on this host", 0, 5, 1400, 0, false},
		{B, "network is 0", 4000, 0, 1400, 0, false},
		{B, "network is 16777216", 4000, 1 << 24, 1400, 0, false},
		{B, "MTU of 0", 4000, 5, 0, 0, false},
		{B, "MTU of 575", 4000, 5, 575, 0, false},
		{B, "nothing to hold", 4000, 5, 1400, 0, true},
		{B, "too long", 4000, 5, 1400, 5000, false},
	};
	struct world w = {};
	up(&w);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		w.ip = t[i].ip;
		w.port = t[i].port;
		w.vni = t[i].vni;
		w.mtu = t[i].mtu;
		w.routes = t[i].routes;
		w.no_holder = t[i].no_holder;
		bind_badly(&w, &(struct wish){.other = w.liar.cap}, t[i].text);
	}
	w.mtu = UINT32_MAX; /* more than enough */
	w.ip = B;
	w.port = 4000;
	w.routes = 0;
	w.no_holder = false;
	struct net_binding_c c = bind_well(&w, &(struct wish){.other = w.liar.cap});
	CHECK_INT(binding_of(&w)->mtu, 1426);
	net_binding_unref(c);
	down(&w);
}

TEST(what_fails_here_leaves_nothing_there)
{
	struct world w = {};
	up(&w);
	fake.fail_connect = "no";
	bind_badly(&w, &(struct wish){.other = w.liar.cap}, "no");
	fake.fail_connect = NULL;
	fake.fail_new = "never";
	bind_badly(&w, &(struct wish){.other = w.liar.cap}, "never");
	CHECK_INT(w.asked, 1);
	fake.fail_new = NULL;
	w.a.iface.segment.missing = true;
	bind_badly(&w, &(struct wish){.other = w.liar.cap}, "no interface");
	bind_badly(&w, &(struct wish){}, "nothing to bind");
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

/* ---- kept ---------------------------------------------------------------------------------- */

TEST(it_describes_itself_without_a_secret_of_this_node)
{
	struct world w = {};
	up(&w);
	struct net_binding_c c =
		bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap, .mtu = 1300, .rate = 9});
	struct persistence_persistable_create_sturdy_ref_req q =
		persistence_persistable_create_sturdy_ref(
			w.loop.vat, persistence_persistable_cast(c.cap));
	persistence_persistable_create_sturdy_ref_params_set_persistent(q.params, true);
	struct answer a = CALL(&w.loop, q, persistence_persistable_create_sturdy_ref_send);
	CHECK(!a.failed);
	struct net_binding_description_r d =
		net_binding_description_from(metac_metac_sturdy_ref_get_object_info(
			persistence_persistable_create_sturdy_ref_results_get_id(
				persistence_persistable_create_sturdy_ref_results_from(
					a.results))));
	struct net_bind_options_r o = net_binding_description_get_options(d);
	CHECK_STR(
		net_interface_description_get_name(net_binding_description_get_iface(d)).s, "lab0");
	CHECK_INT(net_bind_options_get_mtu(o), 1300);
	CHECK_INT(net_restrictions_get_rate(net_bind_options_get_restrictions(o)), 9);
	CHECK(!net_bind_options_has_reference(o));
	CHECK(net_binding_description_get_other(d).cap);
	CHECK_INT(net_binding_description_get_key(d).len, BINDING_KEY_SIZE);
	vat_call_free(q.call);
	/* It is held by persistence only now, which may die: then it is not undone at once. */
	fake.persistable = false;
	net_binding_unref(c);
	settle(&w);
	CHECK_INT(fake.tunnels, 2);
	CHECK_INT(binding_of(&w)->state, BINDING_UP);
	down(&w);
}
