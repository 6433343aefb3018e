/* SPDX-License-Identifier: MIT */
/*
 * Interface objects, on the interfaces of a network namespace of the test's own, called as whoever
 * holds them would.
 */
#include "svc/net/iface.h"
#include "core/test-call.h"
#include "svc/net/reaper.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>

static struct loop loop;
static struct net_service ns;

static void command(const char *text)
{
	if (system(text) != 0)
		test_fail(__FILE__, __LINE__, "%s", text);
}

static void up(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		test_skip("needs root, and network namespaces");
	command("ip link set lo up; ip link add eth1 type veth peer name eth2; ip addr add "
		"10.1.0.7/24 dev "
		"eth1");
	CHECK_INT(loop_init(&loop), 0);
	ns = (struct net_service){.runtime = -EBADF, .on_event = iface_on_event};
	ns.streams.loop = &loop;
	strcpy(ns.address_text, "fd00::1");
	CHECK_INT(rtnl_ip_parse(ns.address_text, &ns.address), 0);
	list_init(&ns.places);
	list_init(&ns.created);
	list_init(&ns.bindings);
	list_init(&ns.tunnels);
	list_init(&ns.offers);
	list_init(&ns.ifaces);
}

static void down(void)
{
	while (vat_run(loop.vat, 0))
		;
	CHECK(list_empty(&ns.ifaces) && list_empty(&ns.created));
	reaper_done(&ns);
	if (ns.root)
		place_unref(ns.root);
	CHECK_INT(ns.n_places, 0);
	loop_done(&loop);
}

static struct net_kernel_interface_c get(const char *name)
{
	struct net_kernel_network_namespace_c n = namespace_serve(&ns, "");
	struct net_kernel_network_namespace_get_interface_req q =
		net_kernel_network_namespace_get_interface(loop.vat, n);
	net_kernel_network_namespace_get_interface_params_set_name(q.params, vat_str(name));
	struct answer a = CALL(&loop, q, net_kernel_network_namespace_get_interface_send);
	if (a.failed)
		test_fail(__FILE__, __LINE__, "%s: %s", name, a.text);
	struct net_kernel_interface_c c = net_kernel_interface_ref(
		net_kernel_network_namespace_get_interface_results_get_iface(
			net_kernel_network_namespace_get_interface_results_from(a.results)));
	vat_call_free(q.call);
	net_kernel_network_namespace_unref(n);
	return c;
}

static void not_got(struct vat_text name, const char *words)
{
	struct net_kernel_network_namespace_c n = namespace_serve(&ns, "");
	struct net_kernel_network_namespace_get_interface_req q =
		net_kernel_network_namespace_get_interface(loop.vat, n);
	net_kernel_network_namespace_get_interface_params_set_name(q.params, name);
	struct answer a = CALL(&loop, q, net_kernel_network_namespace_get_interface_send);
	if (!a.failed || !strstr(a.text, words))
		test_fail(__FILE__, __LINE__, "\"%s\": \"%s\"", name.s, a.text);
	vat_call_free(q.call);
	net_kernel_network_namespace_unref(n);
}

static void has_name(struct net_kernel_interface_c c, const char *name)
{
	struct net_kernel_interface_get_name_req q = net_kernel_interface_get_name(loop.vat, c);
	struct answer a = CALL(&loop, q, net_kernel_interface_get_name_send);
	if (!name)
		CHECK(a.failed);
	else if (a.failed)
		test_fail(__FILE__, __LINE__, "%s: %s", name, a.text);
	else
		CHECK_STR(net_kernel_interface_get_name_results_get_name(
				  net_kernel_interface_get_name_results_from(a.results))
				  .s,
			name);
	vat_call_free(q.call);
}

static struct answer rename_to(struct net_kernel_interface_c c, struct vat_text name)
{
	struct net_kernel_interface_rename_req q = net_kernel_interface_rename(loop.vat, c);
	net_kernel_interface_rename_params_set_newname(q.params, name);
	struct answer a = CALL(&loop, q, net_kernel_interface_rename_send);
	vat_call_free(q.call);
	return a;
}

static struct answer destroy(struct net_kernel_interface_c c)
{
	struct net_kernel_interface_destroy_req q = net_kernel_interface_destroy(loop.vat, c);
	struct answer a = CALL(&loop, q, net_kernel_interface_destroy_send);
	vat_call_free(q.call);
	return a;
}

TEST(what_others_cannot_be_joined_to_is_refused_by_name)
{
	up();
	command("ip link add mcx01234567 type bridge && ip link set mcx01234567 alias 'metac x y "
		"z'");
	command("ip tuntap add dev tun9 mode tun");
	not_got(vat_str("lo"), "loopback");
	not_got(vat_str("tun9"), "carries no Ethernet");
	not_got(vat_str("mcx01234567"), "part of a tunnel");
	not_got(vat_str("eth9"), "there is no interface eth9");
	not_got(vat_str(""), "cannot be");
	not_got(vat_str("."), "cannot be");
	not_got(vat_str("a/b"), "cannot be");
	not_got(vat_str("0123456789abcdef"), "cannot be");
	not_got((struct vat_text){.s = "eth1\0x", .len = 6}, "cannot be");
	down();
}

TEST(interfaces_are_listed_with_what_they_are)
{
	up();
	command("ip link add mcx01234567 type bridge && ip link set mcx01234567 alias 'metac x y "
		"z'");
	command("ip link add br0 type bridge && ip link set eth1 master br0 && ip link set eth1 "
		"up");
	for (int all = 0; all < 2; all++) {
		struct net_kernel_network_namespace_c n = namespace_serve(&ns, "");
		struct net_kernel_network_namespace_list_interfaces_req q =
			net_kernel_network_namespace_list_interfaces(loop.vat, n);
		net_kernel_network_namespace_list_interfaces_params_set_all(q.params, all);
		struct answer a = CALL(&loop, q, net_kernel_network_namespace_list_interfaces_send);
		CHECK(!a.failed);
		struct net_kernel_network_namespace_list_interfaces_results_r r =
			net_kernel_network_namespace_list_interfaces_results_from(a.results);
		struct net_kernel_interface_info_list_r l =
			net_kernel_network_namespace_list_interfaces_results_get_infos(r);
		struct vat_list_r caps =
			net_kernel_network_namespace_list_interfaces_results_get_interfaces(r);
		CHECK_INT(l.l.count, all ? 4 : 3);
		CHECK_INT(caps.count, l.l.count);
		for (uint32_t i = 0; i < l.l.count; i++) {
			struct net_kernel_interface_info_r k = net_kernel_interface_info_at(l, i);
			struct vat_text name = net_kernel_interface_info_get_name(k);
			bool ours = vat_text_is(name, "mcx01234567");
			CHECK(!vat_text_is(name, "lo"));
			CHECK(net_kernel_interface_info_get_ours(k) == ours);
			CHECK(!vat_ptr_cap(vat_list_ptr(caps, i)) == ours);
			if (!vat_text_is(name, "eth1"))
				continue;
			CHECK(vat_text_is(net_kernel_interface_info_get_kind(k), "veth"));
			CHECK(vat_text_is(net_kernel_interface_info_get_master(k), "br0"));
			CHECK(net_kernel_interface_info_get_up(k));
			struct vat_list_r addresses = net_kernel_interface_info_get_addresses(k);
			CHECK(addresses.count >= 1);
			CHECK(vat_text_is(
				vat_ptr_text(vat_list_ptr(addresses, 0), NULL), "10.1.0.7/24"));
		}
		vat_call_free(q.call);
		net_kernel_network_namespace_unref(n);
	}
	down();
}

/* Through a message, as if it had been stored. */
static struct net_kernel_interface_c again(struct net_kernel_interface_c c)
{
	struct err e = {};
	struct net_kernel_interface_c ret = {};
	struct vat_message *m = vat_message_new(0, 0);
	struct iface *f = iface_of(c.cap);
	CHECK(f && m);
	iface_describe(f, net_interface_description_init_root(m));
	if (iface_restore(&ns, net_interface_description_root(m), f->id, &ret, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.msg);
	CHECK_STR(iface_of(ret.cap)->id, f->id);
	vat_message_free(m);
	return ret;
}

TEST(objects_and_what_is_stored_follow_a_renamed_interface)
{
	up();
	struct net_kernel_interface_c one = get("eth1"), two = get("eth1");
	CHECK_STR(iface_of(one.cap)->id, iface_of(two.cap)->id);
	struct net_kernel_interface_c stored = again(one);
	CHECK(!rename_to(one, vat_str("lan0")).failed);
	has_name(one, "lan0");
	has_name(two, "lan0");
	has_name(stored, "lan0");
	/* Another one gets the name. */
	command("ip link add eth1 type bridge");
	struct net_kernel_interface_c other = get("eth1"), same = get("lan0");
	CHECK(strcmp(iface_of(other.cap)->id, iface_of(one.cap)->id) != 0);
	CHECK_STR(iface_of(same.cap)->id, iface_of(one.cap)->id);
	has_name(one, "lan0");
	/* Somebody else renames it. */
	command("ip link set lan0 name lan1");
	struct net_kernel_interface_c later = again(one);
	has_name(later, "lan1");
	has_name(one, "lan1");
	CHECK_STR(iface_of(one.cap)->name, "lan1");
	/* It goes, and one of its name comes. */
	command("ip link del lan1");
	has_name(one, NULL);
	command("ip link add lan1 type bridge");
	has_name(one, "lan1");
	const struct net_kernel_interface_c all[] = {one, two, stored, other, same, later};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		net_kernel_interface_unref(all[i]);
	down();
}

TEST(a_description_of_another_boot_means_the_name)
{
	struct err e = {};
	up();
	struct net_kernel_interface_c eth1 = get("eth1"), c = {};
	struct vat_message *m = vat_message_new(0, 0);
	struct net_interface_description_b b = net_interface_description_init_root(m);
	iface_describe(iface_of(eth1.cap), b);
	net_interface_description_set_network_id(b, 12345);
	command("ip link set eth1 name eth3 && ip link set eth2 name eth1");
	CHECK_INT(iface_restore(&ns, net_interface_description_root(m), "", &c, &e), 0);
	has_name(c, "eth1");
	has_name(eth1, "eth3");
	CHECK(iface_of(c.cap)->index != iface_of(eth1.cap)->index);
	net_kernel_interface_unref(c);
	/* One of this boot, the interface, though another has its name now. */
	net_interface_description_set_network_id(b, iface_of(eth1.cap)->network);
	CHECK_INT(iface_restore(&ns, net_interface_description_root(m), "", &c, &e), 0);
	has_name(c, "eth3");
	vat_message_free(m);
	net_kernel_interface_unref(c);
	net_kernel_interface_unref(eth1);
	down();
}

TEST(names_that_are_none_or_taken_are_refused)
{
	up();
	struct net_kernel_interface_c c = get("eth1");
	static const struct {
		struct vat_text name;
		const char *words;
	} bad[] = {
		{{.s = "eth2", .len = 4}, "there is an interface eth2 already"},
		{{.s = "", .len = 0}, "cannot be a name"},
		{{.s = "a b", .len = 3}, "cannot be a name"},
		{{.s = "x\0y", .len = 3}, "cannot be a name"},
		{{.s = "0123456789abcdef", .len = 16}, "cannot be a name"},
		{{.s = "mcb01234567", .len = 11}, "tunnels have such names"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct answer a = rename_to(c, bad[i].name);
		if (!a.failed || !strstr(a.text, bad[i].words))
			test_fail(__FILE__, __LINE__, "case %zu: %s", i, a.text);
	}
	CHECK(!rename_to(c, vat_str("eth1")).failed); /* has it already */
	has_name(c, "eth1");
	net_kernel_interface_unref(c);
	down();
}

static struct answer restrict_to(
	struct net_l2_interface_c c, uint64_t rate, struct net_l2_interface_c *ret)
{
	struct net_l2_interface_restrict_req q = net_l2_interface_restrict(loop.vat, c);
	net_restrictions_set_rate(
		net_l2_interface_restrict_params_init_restrictions(q.params), rate);
	struct answer a = CALL(&loop, q, net_l2_interface_restrict_send);
	if (!a.failed)
		*ret = net_l2_interface_ref(net_l2_interface_restrict_results_get_iface(
			net_l2_interface_restrict_results_from(a.results)));
	vat_call_free(q.call);
	return a;
}

TEST(restrictions_add_up_and_are_kept)
{
	struct net_l2_interface_c c[IFACE_RESTRICTIONS_MAX + 1] = {}, none = {}, more = {};
	char text[300];
	up();
	struct net_kernel_interface_c k = get("eth1");
	c[0] = net_l2_interface_cast(k.cap);
	for (int i = 0; i < IFACE_RESTRICTIONS_MAX; i++)
		CHECK(!restrict_to(c[i], 1000000 * (uint64_t)(i + 1), &c[i + 1]).failed);
	struct net_l2_interface_c last = c[IFACE_RESTRICTIONS_MAX];
	struct answer a = restrict_to(last, 5000000, &more);
	CHECK(a.failed && strstr(a.text, "4 times already"));
	CHECK_INT(iface_of(last.cap)->n_restrictions, IFACE_RESTRICTIONS_MAX);
	iface_summary(iface_of(last.cap), text, sizeof(text));
	CHECK(strstr(text, "interface eth1, at most 1 Mbit/s, at most 2 Mbit/s"));
	/* Nothing is nothing. */
	CHECK(!restrict_to(c[0], 0, &none).failed);
	CHECK_INT(iface_of(none.cap)->n_restrictions, 0);
	/* They differ from one another, and from the interface itself. */
	for (int i = 0; i <= IFACE_RESTRICTIONS_MAX; i++)
		for (int j = 0; j < i; j++)
			CHECK(strcmp(iface_of(c[i].cap)->id, iface_of(c[j].cap)->id) != 0);
	CHECK(strcmp(iface_of(none.cap)->id, iface_of(k.cap)->id) != 0);
	/* Stored and made again. */
	struct net_kernel_interface_c stored = again(net_kernel_interface_cast(last.cap));
	struct iface *f = iface_of(stored.cap);
	CHECK_INT(f->n_restrictions, IFACE_RESTRICTIONS_MAX);
	CHECK_INT(f->restrictions[2].rate, 3000000);
	CHECK(!f->kernel);
	char own[33];
	iface_id(f, own);
	CHECK_STR(own, f->id);
	/* No more is left of it than an L2Interface, and no capture. */
	a = rename_to(stored, vat_str("x"));
	CHECK(a.failed && a.kind == VAT_UNIMPLEMENTED);
	struct net_l2_interface_trace_req q = net_l2_interface_trace(loop.vat, last);
	a = CALL(&loop, q, net_l2_interface_trace_send);
	CHECK(a.failed && strstr(a.text, "no captures of a restricted interface"));
	vat_call_free(q.call);
	net_kernel_interface_unref(stored);
	net_l2_interface_unref(none);
	for (int i = 0; i <= IFACE_RESTRICTIONS_MAX; i++)
		net_l2_interface_unref(c[i]);
	down();
}

TEST(what_differs_in_one_restriction_is_another_object)
{
	char id[4][33];
	struct guard_restrictions some[] = {
		{.n_macs = 1, .macs = {{2, 0, 0, 0, 0, 1}}},
		{.n_macs = 1, .macs = {{2, 0, 0, 0, 0, 2}}},
		{.protocols = 1},
		{.protocols = 2},
	};
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		struct iface f = {.namespace = (char *)"", .name = "eth1", .n_restrictions = 1};
		f.restrictions[0] = some[i];
		iface_id(&f, id[i]);
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(id[i], id[j]) != 0);
	}
}

static int restore(struct vat_message *m, struct err *e)
{
	struct net_kernel_interface_c c = {};
	int r = iface_restore(&ns, net_interface_description_root(m), "", &c, e);
	net_kernel_interface_unref(c);
	return r;
}

TEST(damaged_descriptions_are_refused)
{
	struct err e = {};
	up();
	struct vat_message *m = vat_message_new(0, 0);
	struct net_interface_description_b b = net_interface_description_init_root(m);
	CHECK_INT(restore(m, &e), -EINVAL); /* no name */
	net_interface_description_set_name(b, vat_str("a/b"));
	CHECK_INT(restore(m, &e), -EINVAL);
	net_interface_description_set_name(b, (struct vat_text){.s = "e\0x", .len = 3});
	CHECK_INT(restore(m, &e), -EINVAL);
	net_interface_description_set_name(b, vat_str("eth1"));
	CHECK_INT(restore(m, &e), 0);
	net_interface_description_set_index(b, UINT32_MAX);
	CHECK_INT(restore(m, &e), -EINVAL);
	net_interface_description_set_index(b, 0);
	net_interface_description_set_created(b, true);
	CHECK_INT(restore(m, &e), -EINVAL); /* no id */
	net_interface_description_set_created_id(b, vat_str("../x"));
	CHECK_INT(restore(m, &e), -EINVAL);
	net_interface_description_set_created(b, false);
	(void)net_interface_description_init_restrictions(b, IFACE_RESTRICTIONS_MAX + 1);
	CHECK_INT(restore(m, &e), -EINVAL);
	vat_message_free(m);
	down();
}

static struct net_kernel_interface_c create(const char *name, const char *kind)
{
	struct net_kernel_network_namespace_c n = namespace_serve(&ns, "");
	struct net_kernel_network_namespace_create_interface_req q =
		net_kernel_network_namespace_create_interface(loop.vat, n);
	net_kernel_network_namespace_create_interface_params_set_name(q.params, vat_str(name));
	net_create_options_set_kind(
		net_kernel_network_namespace_create_interface_params_init_options(q.params),
		vat_str(kind));
	struct answer a = CALL(&loop, q, net_kernel_network_namespace_create_interface_send);
	if (a.failed)
		test_fail(__FILE__, __LINE__, "%s: %s", name, a.text);
	struct net_kernel_interface_c c = net_kernel_interface_ref(
		net_kernel_network_namespace_create_interface_results_get_iface(
			net_kernel_network_namespace_create_interface_results_from(a.results)));
	vat_call_free(q.call);
	net_kernel_network_namespace_unref(n);
	return c;
}

TEST(one_that_was_made_goes_with_the_last_who_holds_it)
{
	up();
	struct net_kernel_interface_c c = create("br5", "bridge"), same = get("br5");
	CHECK(iface_of(c.cap)->created == iface_of(same.cap)->created);
	struct net_kernel_interface_c stored = again(c);
	CHECK(iface_of(stored.cap)->created == iface_of(c.cap)->created);
	net_kernel_interface_unref(c);
	net_kernel_interface_unref(stored);
	while (vat_run(loop.vat, 0))
		;
	has_name(same, "br5");
	net_kernel_interface_unref(same);
	while (vat_run(loop.vat, 0))
		;
	reaper_flush(&ns);
	command("! ip link show br5 2>/dev/null");
	down();
}

TEST(who_waits_for_one_that_was_made_hears_when_it_is_deleted)
{
	struct answer a = {};
	up();
	struct net_kernel_interface_c c = create("br5", "bridge"), plain = get("eth1");
	struct metac_waitable_wait_req q =
		metac_waitable_wait(loop.vat, metac_waitable_cast(plain.cap));
	struct answer none = CALL(&loop, q, metac_waitable_wait_send);
	CHECK(none.failed && none.kind == VAT_UNIMPLEMENTED);
	vat_call_free(q.call);
	struct metac_waitable_wait_req w =
		metac_waitable_wait(loop.vat, metac_waitable_cast(c.cap));
	metac_waitable_wait_send(w, on_answer, &a);
	while (vat_run(loop.vat, 0))
		;
	CHECK(!a.done);
	command("ip link del br5");
	wait_answer(&loop, &a);
	CHECK(a.failed && strstr(a.text, "deleted"));
	vat_call_free(w.call);
	has_name(c, NULL);
	/* Made again, while the old one is held. */
	struct net_kernel_interface_c next = again(c);
	has_name(next, "br5");
	net_kernel_interface_unref(c);
	net_kernel_interface_unref(next);
	net_kernel_interface_unref(plain);
	down();
}

TEST(only_what_is_made_of_software_is_deleted)
{
	up();
	command("ip link add br0 type bridge");
	struct net_kernel_interface_c c = get("br0");
	CHECK(!destroy(c).failed);
	CHECK(destroy(c).failed);
	has_name(c, NULL);
	net_kernel_interface_unref(c);
	down();
}
