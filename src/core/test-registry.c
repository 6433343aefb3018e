/* SPDX-License-Identifier: MIT */
#include "core/registry.h"
#include "core/test-call.h"

#include <stdio.h>

struct world {
	struct loop loop;
	struct registry registry;
};

static void up(struct world *w)
{
	CHECK_INT(loop_init(&w->loop), 0);
	registry_init(&w->registry, w->loop.vat);
}

static void down(struct world *w)
{
	registry_done(&w->registry);
	vat_run(w->loop.vat, 0);
	loop_done(&w->loop);
}

static const struct metac_service_impl service_impl = {};
static const struct metac_service_admin_impl admin_impl = {};

static int add(struct world *w, const char *name, struct metac_holder_c *ret)
{
	struct metac_service_c s = metac_service_serve(w->loop.vat, &service_impl, NULL, NULL);
	struct metac_service_admin_c a =
		metac_service_admin_serve(w->loop.vat, &admin_impl, NULL, NULL);
	int r = registry_add(&w->registry, vat_str(name), s, a, ret);
	metac_service_unref(s);
	metac_service_admin_unref(a);
	return r;
}

TEST(what_is_registered_is_found_until_its_holder_goes)
{
	struct world w;
	struct metac_holder_c h;
	up(&w);
	CHECK_INT(add(&w, "fs", &h), 0);
	CHECK(registry_service(&w.registry, vat_str("fs")).cap);
	CHECK(registry_admin(&w.registry, vat_str("fs")).cap);
	CHECK(!registry_service(&w.registry, vat_str("f")).cap);
	CHECK(!registry_service(&w.registry, vat_str("fs2")).cap);
	metac_holder_unref(h);
	vat_run(w.loop.vat, 0);
	CHECK(!registry_service(&w.registry, vat_str("fs")).cap);
	CHECK_INT(w.registry.n_entries, 0);
	down(&w);
}

TEST(an_old_holder_does_not_take_a_new_registration_away)
{
	struct world w;
	struct metac_holder_c first, second;
	up(&w);
	CHECK_INT(add(&w, "fs", &first), 0);
	CHECK_INT(add(&w, "fs", &second), -EEXIST);
	struct metac_holder_c kept = metac_holder_ref(first);
	metac_holder_unref(first);
	vat_run(w.loop.vat, 0);
	CHECK(registry_service(&w.registry, vat_str("fs")).cap); /* another reference holds it */
	metac_holder_unref(kept);
	vat_run(w.loop.vat, 0);
	CHECK_INT(add(&w, "fs", &second), 0);
	vat_run(w.loop.vat, 0);
	CHECK(registry_service(&w.registry, vat_str("fs")).cap);
	metac_holder_unref(second);
	down(&w);
}

TEST(the_number_of_services_is_limited)
{
	static struct metac_holder_c h[REGISTRY_SERVICES_MAX], more;
	struct world w;
	char name[32];
	up(&w);
	for (int i = 0; i < REGISTRY_SERVICES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "service-%d", i);
		CHECK_INT(add(&w, name, &h[i]), 0);
	}
	CHECK_INT(add(&w, "one-more", &more), -EDQUOT);
	metac_holder_unref(h[7]);
	vat_run(w.loop.vat, 0);
	CHECK_INT(add(&w, "one-more", &more), 0);
	h[7] = more;
	for (int i = 0; i < REGISTRY_SERVICES_MAX; i++)
		metac_holder_unref(h[i]);
	vat_run(w.loop.vat, 0);
	CHECK_INT(w.registry.n_entries, 0);
	down(&w);
}

static void wait_for(void *self, struct metac_node_wait_for_service_ctx cx)
{
	registry_wait(self, cx);
}

static const struct metac_node_impl node_impl = {.wait_for_service = wait_for};

static struct metac_node_wait_for_service_req new_wait(
	struct world *w, struct metac_node_c node, const char *name)
{
	struct metac_node_wait_for_service_req q = metac_node_wait_for_service(w->loop.vat, node);
	metac_node_wait_for_service_params_set_name(q.params, vat_str(name));
	return q;
}

TEST(the_number_of_waiters_is_limited)
{
	static struct vat_call *calls[REGISTRY_WAITERS_MAX];
	struct world w;
	up(&w);
	struct metac_node_c node = metac_node_serve(w.loop.vat, &node_impl, &w.registry, NULL);
	for (int i = 0; i < REGISTRY_WAITERS_MAX; i++) {
		struct metac_node_wait_for_service_req q = new_wait(&w, node, "later");
		calls[i] = q.call;
		metac_node_wait_for_service_send(q, NULL, NULL);
	}
	while (vat_run(w.loop.vat, 0))
		;
	CHECK_INT(w.registry.n_waiters, REGISTRY_WAITERS_MAX);
	struct metac_node_wait_for_service_req q = new_wait(&w, node, "later");
	struct answer a = CALL(&w.loop, q, metac_node_wait_for_service_send);
	CHECK(a.failed && a.kind == VAT_OVERLOADED);
	vat_call_free(q.call);
	for (int i = 0; i < REGISTRY_WAITERS_MAX; i++)
		vat_call_free(calls[i]); /* cancels */
	while (vat_run(w.loop.vat, 0))
		;
	CHECK_INT(w.registry.n_waiters, 0);
	metac_node_unref(node);
	down(&w);
}

TEST(waiters_are_told_when_the_node_ends)
{
	struct world w;
	struct answer a = {};
	up(&w);
	struct metac_node_c node = metac_node_serve(w.loop.vat, &node_impl, &w.registry, NULL);
	struct metac_node_wait_for_service_req q = new_wait(&w, node, "never");
	metac_node_wait_for_service_send(q, on_answer, &a);
	vat_run(w.loop.vat, 0);
	CHECK(!a.done);
	registry_done(&w.registry);
	wait_answer(&w.loop, &a);
	CHECK(a.failed && a.kind == VAT_DISCONNECTED);
	vat_call_free(q.call);
	metac_node_unref(node);
	registry_init(&w.registry, w.loop.vat);
	down(&w);
}
