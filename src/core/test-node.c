/* SPDX-License-Identifier: MIT */
#include "core/node.h"
#include "core/test-call.h"

/* A node, and an administrator's link to it. */
struct world {
	struct loop loop;
	struct node *node;
	struct link *link;
	struct metac_node_admin_c admin;
};

static struct link *new_link(struct world *w)
{
	int pair[2];
	struct link *link = NULL;
	struct link_config cfg = {};
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	CHECK_INT(node_add_service_link(w->node, "test", pair[0]), 0);
	CHECK_INT(link_new(&w->loop, pair[1], &cfg, &link), 0);
	return link;
}

static void up(struct world *w)
{
	CHECK_INT(loop_init(&w->loop), 0);
	CHECK_INT(node_new(&w->loop, "127.0.0.1", &w->node), 0);
	w->link = new_link(w);
	w->admin = metac_node_admin_cast(vat_conn_bootstrap(link_conn(w->link)));
}

static void down(struct world *w)
{
	metac_node_admin_unref(w->admin);
	link_free(w->link);
	node_free(w->node);
	vat_run(w->loop.vat, 0);
	loop_done(&w->loop);
}

static void restore(void *self, struct metac_service_restore_ctx cx)
{
	vat_ctx_fail(cx.ctx, VAT_FAILED, "restored by %s", (const char *)self);
}

static const struct metac_service_impl service_impl = {.restore = restore};
static const struct metac_service_admin_impl service_admin_impl = {};

static struct answer try_register(
	struct world *w, struct metac_node_admin_c admin, const char *name, struct vat_call **ret)
{
	struct metac_service_c s =
		metac_service_serve(w->loop.vat, &service_impl, (void *)"us", NULL);
	struct metac_service_admin_c a =
		metac_service_admin_serve(w->loop.vat, &service_admin_impl, NULL, NULL);
	struct metac_node_admin_register_named_service_req q =
		metac_node_admin_register_named_service(w->loop.vat, admin);
	metac_node_admin_register_named_service_params_set_name(q.params, vat_str(name));
	metac_node_admin_register_named_service_params_set_service(q.params, s);
	metac_node_admin_register_named_service_params_set_admin_bootstrap(q.params, a);
	metac_service_unref(s);
	metac_service_admin_unref(a);
	*ret = q.call;
	return CALL(&w->loop, q, metac_node_admin_register_named_service_send);
}

static struct metac_holder_c must_register(
	struct world *w, struct metac_node_admin_c admin, const char *name)
{
	struct vat_call *call;
	struct answer a = try_register(w, admin, name, &call);
	if (a.failed)
		test_fail(__FILE__, __LINE__, "%s", a.text);
	struct metac_holder_c h =
		metac_holder_ref(metac_node_admin_register_named_service_results_get_holder(
			metac_node_admin_register_named_service_results_from(a.results)));
	vat_call_free(call);
	CHECK(h.cap);
	return h;
}

static uint32_t n_services(struct world *w)
{
	struct metac_node_admin_list_services_req q =
		metac_node_admin_list_services(w->loop.vat, w->admin);
	struct answer a = CALL(&w->loop, q, metac_node_admin_list_services_send);
	CHECK(!a.failed);
	uint32_t n = metac_node_admin_list_services_results_get_names(
		metac_node_admin_list_services_results_from(a.results))
			     .count;
	vat_call_free(q.call);
	return n;
}

static struct answer restore_through(struct world *w, const char *name)
{
	struct metac_node_admin_get_unprivileged_node_req n =
		metac_node_admin_get_unprivileged_node(w->loop.vat, w->admin);
	metac_node_admin_get_unprivileged_node_send(n, NULL, NULL);
	struct metac_node_c node = metac_node_admin_get_unprivileged_node_pipe_node(n.call);
	struct metac_node_get_service_req g = metac_node_get_service(w->loop.vat, node);
	metac_node_get_service_params_set_name(g.params, vat_str(name));
	metac_node_get_service_send(g, NULL, NULL);
	struct metac_service_c s = metac_node_get_service_pipe_service(g.call);
	struct metac_service_restore_req r = metac_service_restore(w->loop.vat, s);
	struct answer a = CALL(&w->loop, r, metac_service_restore_send);
	vat_call_free(r.call);
	metac_service_unref(s);
	vat_call_free(g.call);
	metac_node_unref(node);
	vat_call_free(n.call);
	return a;
}

TEST(a_registered_service_is_reached_by_its_name)
{
	struct world w = {};
	up(&w);
	struct metac_holder_c h = must_register(&w, w.admin, "album");
	CHECK_INT(n_services(&w), 1);
	struct answer a = restore_through(&w, "album");
	CHECK(a.failed && strstr(a.text, "restored by us"));
	a = restore_through(&w, "another");
	CHECK(a.failed && strstr(a.text, "no service \"another\""));
	metac_holder_unref(h);
	down(&w);
}

TEST(the_name_goes_with_its_holder)
{
	struct world w = {};
	up(&w);
	metac_holder_unref(must_register(&w, w.admin, "album"));
	while (n_services(&w)) /* the Release is on its way before this call */
		;
	struct metac_holder_c h = must_register(&w, w.admin, "album");
	metac_holder_unref(h);
	down(&w);
}

TEST(the_name_goes_with_the_connection)
{
	struct world w = {};
	up(&w);
	struct link *other = new_link(&w);
	struct metac_node_admin_c admin =
		metac_node_admin_cast(vat_conn_bootstrap(link_conn(other)));
	struct metac_holder_c h = must_register(&w, admin, "album");
	CHECK_INT(n_services(&w), 1);
	link_free(other);
	while (n_services(&w))
		;
	metac_holder_unref(h);
	metac_node_admin_unref(admin);
	down(&w);
}

TEST(bad_and_taken_names_are_refused)
{
	static const char *const bad[] = {"", "UPPER", "a b", "../x", "name.with.dots"};
	struct world w = {};
	up(&w);
	struct vat_call *call;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct answer a = try_register(&w, w.admin, bad[i], &call);
		CHECK(a.failed && strstr(a.text, "malformed service name"));
		vat_call_free(call);
	}
	struct metac_holder_c h = must_register(&w, w.admin, "album");
	struct answer a = try_register(&w, w.admin, "album", &call);
	CHECK(a.failed && strstr(a.text, "registered already"));
	vat_call_free(call);
	metac_holder_unref(h);
	down(&w);
}

TEST(who_waits_for_a_service_is_told_when_it_comes)
{
	struct world w = {};
	struct answer a = {};
	up(&w);
	struct metac_node_wait_for_service_req q =
		metac_node_wait_for_service(w.loop.vat, node_public(w.node));
	metac_node_wait_for_service_params_set_name(q.params, vat_str("late"));
	metac_node_wait_for_service_send(q, on_answer, &a);
	CHECK_INT(n_services(&w), 0);
	CHECK(!a.done);
	struct metac_holder_c h = must_register(&w, w.admin, "late");
	wait_answer(&w.loop, &a);
	CHECK(!a.failed);
	vat_call_free(q.call);
	metac_holder_unref(h);
	down(&w);
}

TEST(who_stops_waiting_is_forgotten)
{
	struct world w = {};
	up(&w);
	struct metac_node_wait_for_service_req q =
		metac_node_wait_for_service(w.loop.vat, node_public(w.node));
	metac_node_wait_for_service_params_set_name(q.params, vat_str("never"));
	metac_node_wait_for_service_send(q, NULL, NULL);
	CHECK_INT(n_services(&w), 0);
	vat_call_free(q.call);
	CHECK_INT(n_services(&w), 0);
	metac_holder_unref(must_register(&w, w.admin, "never"));
	down(&w);
}

static struct answer get_node(struct world *w, const char *address, struct vat_call **ret)
{
	struct metac_node_admin_get_node_req q = metac_node_admin_get_node(w->loop.vat, w->admin);
	metac_node_address_set_ip(
		metac_node_admin_get_node_params_init_address(q.params), vat_str(address));
	*ret = q.call;
	return CALL(&w->loop, q, metac_node_admin_get_node_send);
}

TEST(the_own_address_is_the_own_node)
{
	struct world w = {};
	struct vat_call *call;
	up(&w);
	struct answer a = get_node(&w, "127.0.0.1", &call);
	CHECK(!a.failed);
	struct metac_node_c node = metac_node_admin_get_node_results_get_node(
		metac_node_admin_get_node_results_from(a.results));
	struct metac_node_address_req q = metac_node_address(w.loop.vat, node);
	struct answer b = CALL(&w.loop, q, metac_node_address_send);
	CHECK(!b.failed);
	CHECK_STR(metac_node_address_get_ip(metac_node_address_results_get_address(
						    metac_node_address_results_from(b.results)))
			  .s,
		"127.0.0.1");
	vat_call_free(q.call);
	vat_call_free(call);
	down(&w);
}

TEST(malformed_and_unreachable_nodes_are_told)
{
	struct world w = {};
	struct vat_call *call;
	up(&w);
	struct answer a = get_node(&w, "here", &call);
	CHECK(a.failed && strstr(a.text, "malformed node address"));
	vat_call_free(call);
	a = get_node(&w, "fd00::1", &call);
	CHECK(a.failed && a.kind == VAT_DISCONNECTED && strstr(a.text, "connect [fd00::1]:901"));
	vat_call_free(call);
	a = get_node(&w, "127.0.0.77", &call); /* nobody listens there */
	CHECK(a.failed && strstr(a.text, "connect [127.0.0.77]:901: Connection refused"));
	vat_call_free(call);
	down(&w);
}
