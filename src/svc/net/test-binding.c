/* SPDX-License-Identifier: MIT */
/* Bindings between two nodes that are one process, and with a callee that answers what it likes. */
#include "svc/net/test-world.h"

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
	settle(&w);
	/* Known by its reference, if it does not say which interface it is. */
	c = bind_well(&w, &(struct wish){.other = w.liar.cap, .ref_node = B});
	a = try_to_bind(&w, &(struct wish){.other = w.b.iface.cap.cap, .ref_node = B}, &d);
	CHECK(a.failed && strstr(a.text, "already"));
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
	w.b.iface.segment.mtu = 1300; /* less than the way there */
	c = bind_well(&w, &(struct wish){.other = w.b.iface.cap.cap});
	CHECK_INT(binding_of(&w)->tunnel->mtu, 1300);
	w.b.iface.segment.mtu = 9000;
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
	/* Who was given the interface does not configure the host. */
	bind_badly(&w, &(struct wish){.other = w.b.iface.cap.cap}, "administers");
	CHECK_INT(fake.routed, 0);
	w.a.iface.f.kernel = true;
	fake.leases = 0;
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

/* Whoever is asked to bind restores the binding of that description instead. */
static const char restored_id[] = "00112233445566778899aabbccddeeff";
static const char restored_key[] = "0123456789abcdef";

struct store {
	struct net_service *ns;
	struct vat_message *description;
};

static void store_bind_to(void *self, struct net_l2_interface_bind_to_ctx cx)
{
	struct store *s = self;
	binding_restore(s->ns, net_binding_description_root(s->description), restored_id, cx.ctx);
}

static const struct net_l2_interface_impl store_impl = {.bind_to = store_bind_to};

static struct net_binding_c take_back(struct world *w, struct net_l2_interface_c store)
{
	struct net_binding_c c = {};
	struct net_l2_interface_bind_to_req q = net_l2_interface_bind_to(w->loop.vat, store);
	struct answer a = CALL(&w->loop, q, net_l2_interface_bind_to_send);
	if (a.failed)
		test_fail(__FILE__, __LINE__, "%s", a.text);
	c.cap = vat_cap_ref(net_l2_interface_bind_to_results_get_holder(
		net_l2_interface_bind_to_results_from(a.results))
				    .cap);
	vat_call_free(q.call);
	return c;
}

TEST(what_is_restored_is_the_same_and_waits_for_the_other)
{
	struct world w = {};
	up(&w);
	fake_restored = &w.a.iface;
	struct store s = {.ns = &w.a.ns, .description = vat_message_new(0, 0)};
	struct net_binding_description_b d = net_binding_description_init_root(s.description);
	net_binding_description_set_key(d, (struct vat_data){restored_key, BINDING_KEY_SIZE});
	struct net_bind_options_b o = net_binding_description_init_options(d);
	net_bind_options_set_mtu(o, 1300);
	net_restrictions_set_rate(net_bind_options_init_restrictions(o), 9);
	net_binding_description_set_other(d, w.b.iface.cap);
	struct net_l2_interface_c store = net_l2_interface_serve(w.loop.vat, &store_impl, &s, NULL);
	w.b.iface.segment.missing = true; /* and that is no reason to fail */
	struct net_binding_c c = take_back(&w, store);
	struct binding *b = binding_of(&w);
	CHECK_INT(b->state, BINDING_WAITING);
	CHECK(b->persistent);
	CHECK_STR(b->id, restored_id);
	CHECK(!memcmp(b->key, restored_key, BINDING_KEY_SIZE));
	CHECK_INT(b->mtu_wanted, 1300);
	CHECK_INT(b->extra.rate, 9);
	/* Whoever comes for the same finds it. */
	struct net_binding_c again = take_back(&w, store);
	CHECK(again.cap == c.cap);
	CHECK_INT(w.a.ns.n_bindings, 1);
	net_binding_unref(again);
	w.b.iface.segment.missing = false;
	run_until_state(&w, BINDING_UP);
	CHECK_INT(b->mtu, 1300);
	CHECK_INT(fake.tunnels, 2);
	b->persistent = false;
	net_binding_unref(c);
	net_l2_interface_unref(store);
	settle(&w);
	vat_message_free(s.description);
	down(&w);
}
