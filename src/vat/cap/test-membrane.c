/* SPDX-License-Identifier: MIT */
/* Membranes: wrapping, unwrapping, revoking, policies. */
#include "vat/conn/test-net.h"

struct gate {
	struct net n;
	struct thing inside, outside;
	struct vat_cap *in, *out; /* the objects themselves */
	struct vat_cap *c; /* in, through the membrane */
	struct vat_membrane *m;
};

static void gate_init(struct gate *g, const struct vat_membrane_policy *policy)
{
	memset(g, 0, sizeof(*g));
	net_init(&g->n, 1);
	g->in = thing_serve(g->n.vat[0], &g->inside);
	g->out = thing_serve(g->n.vat[0], &g->outside);
	g->m = vat_membrane_new(g->n.vat[0], policy);
	CHECK(g->m);
	g->c = vat_membrane_wrap(g->m, g->in);
}

static void gate_done(struct gate *g)
{
	vat_cap_unref(g->c);
	vat_cap_unref(g->in);
	vat_cap_unref(g->out);
	vat_membrane_free(g->m);
	net_run(&g->n);
	net_done(&g->n);
}

static void call(struct gate *g, struct vat_cap *to, enum thing_method m, uint64_t n,
	struct vat_cap *cap, struct reply *r)
{
	thing_call(g->n.vat[0], to, (uint16_t)m, n, cap, r);
}

TEST(call_passes_through_a_membrane)
{
	struct gate g;
	struct reply r;
	gate_init(&g, NULL);
	call(&g, g.c, THING_ECHO, 5, NULL, &r);
	net_run(&g.n);
	CHECK_REPLY(r, 5);
	CHECK(!vat_cap_self(g.c, &thing_impl)); /* not to be seen through */
	gate_done(&g);
}

TEST(wrapper_of_one_object_is_one)
{
	struct gate g;
	gate_init(&g, NULL);
	struct vat_cap *again = vat_membrane_wrap(g.m, g.in);
	CHECK(again == g.c);
	vat_cap_unref(again);
	gate_done(&g);
}

TEST(parameters_are_wrapped_outward)
{
	struct gate g;
	struct reply r;
	gate_init(&g, NULL);
	call(&g, g.c, THING_HOLD, 0, g.out, &r);
	net_run(&g.n);
	CHECK_REPLY(r, 0);
	CHECK(g.inside.held && g.inside.held != g.out);
	CHECK_INT(g.inside.held->kind, CAP_MEMBRANE);
	/* It calls out, and what goes back out is unwrapped. */
	call(&g, g.c, THING_CALL_BACK, 6, g.out, &r);
	net_run(&g.n);
	CHECK_REPLY(r, 6);
	CHECK_INT(g.outside.n_log, 1);
	call(&g, g.c, THING_GIVE, 0, NULL, &r);
	net_run(&g.n);
	CHECK(r.cap == g.out);
	reply_free(&r);
	gate_done(&g);
}

TEST(results_are_wrapped_inward)
{
	struct gate g;
	struct reply r, echo;
	gate_init(&g, NULL);
	call(&g, g.c, THING_MAKE, 0, NULL, &r);
	struct vat_cap *early = reply_pipeline(&r);
	call(&g, early, THING_ECHO, 1, NULL, &echo);
	net_run(&g.n);
	CHECK_REPLY(echo, 1);
	CHECK_INT(r.cap->kind, CAP_MEMBRANE);
	CHECK(cap_inner(early) == r.cap);
	call(&g, early, THING_ECHO, 2, NULL, &echo);
	net_run(&g.n);
	CHECK_REPLY(echo, 2);
	vat_cap_unref(early);
	reply_free(&r);
	gate_done(&g);
}

TEST(inside_object_that_goes_in_is_unwrapped)
{
	struct gate g;
	struct reply r;
	gate_init(&g, NULL);
	call(&g, g.c, THING_HOLD, 0, g.c, &r);
	net_run(&g.n);
	CHECK_REPLY(r, 0);
	CHECK(g.inside.held == g.in);
	vat_cap_unref(g.inside.held);
	g.inside.held = NULL;
	gate_done(&g);
}

TEST(revoked_membrane_cuts_everything)
{
	struct gate g;
	struct reply wait, made, r;
	struct vat_error e;
	gate_init(&g, NULL);
	call(&g, g.c, THING_MAKE, 0, NULL, &made);
	net_run(&g.n);
	call(&g, g.c, THING_WAIT, 0, NULL, &wait);
	net_run(&g.n);
	vat_membrane_revoke(g.m, VAT_DISCONNECTED, "revoked");
	CHECK(vat_cap_is_broken(g.c, &e));
	CHECK_STR(e.text, "revoked");
	CHECK(vat_cap_is_broken(made.cap, NULL));
	call(&g, made.cap, THING_ECHO, 0, NULL, &r);
	net_run(&g.n);
	CHECK_FAILED(wait, VAT_DISCONNECTED, "revoked");
	CHECK_FAILED(r, VAT_DISCONNECTED, "revoked");
	CHECK_INT(g.inside.canceled, 1);
	vat_ctx_return(g.inside.waiting[0]);
	reply_free(&made);
	/* What is wrapped from now on is broken at once. */
	struct vat_cap *late = vat_membrane_wrap(g.m, g.in);
	CHECK(vat_cap_is_broken(late, NULL));
	vat_cap_unref(late);
	gate_done(&g);
}

TEST(revoking_drops_references_inside)
{
	struct gate g;
	bool destroyed = false;
	gate_init(&g, NULL);
	g.inside.destroyed = &destroyed;
	vat_cap_unref(g.in);
	g.in = NULL;
	net_run(&g.n);
	CHECK(!destroyed);
	vat_membrane_revoke(g.m, VAT_DISCONNECTED, "revoked");
	net_run(&g.n);
	CHECK(destroyed);
	gate_done(&g);
}

TEST(wrapped_promise_unwraps_when_it_crosses_back)
{
	struct gate g;
	struct reply hold, r[3];
	struct vat_cap *p;
	struct vat_resolver *res;
	gate_init(&g, NULL);
	CHECK_INT(vat_promise(g.n.vat[0], &p, &res), 0);
	struct vat_cap *wp = vat_membrane_wrap(g.m, p);
	vat_cap_unref(p);
	call(&g, wp, THING_ECHO, 0, NULL, &r[0]);
	call(&g, wp, THING_ECHO, 1, NULL, &r[1]);
	call(&g, g.c, THING_HOLD, 0, g.out, &hold);
	net_run(&g.n);
	CHECK_REPLY(hold, 0);
	CHECK(cap_unsettled(wp));
	/* Inside resolves it to what came from outside. */
	vat_resolve(res, vat_cap_ref(g.inside.held));
	CHECK(cap_inner(wp) == g.out);
	call(&g, wp, THING_ECHO, 2, NULL, &r[2]);
	net_run(&g.n);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_REPLY(r[i], i);
		CHECK_INT(g.outside.log[i], i);
	}
	vat_cap_unref(wp);
	gate_done(&g);
}

TEST(cancellation_passes_through)
{
	struct gate g;
	struct reply r;
	gate_init(&g, NULL);
	call(&g, g.c, THING_WAIT, 0, NULL, &r);
	net_run(&g.n);
	reply_free(&r);
	net_run(&g.n);
	CHECK_INT(g.inside.canceled, 1);
	vat_ctx_return(g.inside.waiting[0]);
	gate_done(&g);
}

struct guard {
	unsigned asked, inward;
	struct vat_cap *instead;
	struct vat_membrane *revoke;
};

static struct vat_cap *guard_call(
	void *user, bool inward, uint64_t interface_id, uint16_t method, struct vat_cap *target)
{
	struct guard *g = user;
	g->asked++;
	g->inward += inward;
	CHECK(interface_id == thing_interface.id && target);
	if (g->revoke)
		vat_membrane_revoke(g->revoke, VAT_DISCONNECTED, "revoked by policy");
	return method == THING_FAIL ? vat_cap_ref(g->instead) : NULL;
}

TEST(policy_is_asked_and_may_substitute)
{
	struct gate g;
	struct guard guard = {0};
	struct reply r[3];
	const struct vat_membrane_policy policy = {guard_call, &guard};
	gate_init(&g, &policy);
	guard.instead = vat_cap_broken(g.n.vat[0], VAT_UNIMPLEMENTED, "not through here");
	call(&g, g.c, THING_ECHO, 1, NULL, &r[0]);
	call(&g, g.c, THING_FAIL, 0, NULL, &r[1]);
	call(&g, g.c, THING_CALL_BACK, 3, g.out, &r[2]);
	net_run(&g.n);
	CHECK_REPLY(r[0], 1);
	CHECK_FAILED(r[1], VAT_UNIMPLEMENTED, "not through here");
	CHECK_REPLY(r[2], 3);
	CHECK_INT(guard.asked, 4);
	CHECK_INT(guard.inward, 3);
	vat_cap_unref(guard.instead);
	gate_done(&g);
}

TEST(policy_is_asked_in_the_order_of_calls_while_a_promise_settles)
{
	struct vat *v = vat_new(NULL);
	struct thing t = {0};
	struct guard guard = {0};
	struct reply r[2];
	struct vat_resolver *resolver;
	struct vat_cap *promise;
	const struct vat_membrane_policy policy = {guard_call, &guard};
	struct vat_membrane *m = vat_membrane_new(v, &policy);
	CHECK_INT(vat_promise(v, &promise, &resolver), 0);
	struct vat_cap *w = vat_membrane_wrap(m, promise);
	vat_resolve(resolver, thing_serve(v, &t));
	thing_call(v, w, THING_ECHO, 1, NULL, &r[0]);
	/* The wrapper settles, and the policy has not been asked about call 1. */
	vat_run(v, 1);
	thing_call(v, w, THING_ECHO, 2, NULL, &r[1]);
	while (vat_run(v, 0))
		;
	CHECK_REPLY(r[0], 1);
	CHECK_REPLY(r[1], 2);
	CHECK_INT(t.log[0], 1);
	CHECK_INT(t.log[1], 2);
	CHECK_INT(guard.asked, 2);
	vat_cap_unref(w);
	vat_cap_unref(promise);
	vat_membrane_free(m);
	vat_free(v);
}

/* The answer is known while the policy has not been asked about a call made ahead on it. */
TEST(policy_is_asked_about_calls_made_ahead_before_the_answer_is_known)
{
	struct net n;
	struct thing inside = {0}, x = {0};
	struct guard guard = {0};
	struct reply r, first, second = {0};
	const struct vat_membrane_policy policy = {guard_call, &guard};
	net_init(&n, 2);
	struct vat_membrane *m = vat_membrane_new(n.vat[1], &policy);
	struct vat_cap *t = thing_serve(n.vat[1], &inside), *mine = thing_serve(n.vat[0], &x);
	struct net_link *l = net_serve(&n, 0, 1, vat_membrane_wrap(m, t));
	vat_cap_unref(t);
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	net_run(&n);
	thing_call(n.vat[0], c, THING_ECHO_CAP, 0, mine, &r);
	struct vat_cap *ahead = reply_pipeline(&r);
	CHECK(net_step(l, 0));
	vat_run(n.vat[1], 1);
	thing_call(n.vat[0], ahead, THING_ECHO, 1, NULL, &first);
	while (!second.done) {
		while (net_step(l, 0) || net_step(l, 1))
			;
		vat_run(n.vat[0], 0);
		if (r.done && !second.call)
			thing_call(n.vat[0], ahead, THING_ECHO, 2, NULL, &second);
		while (net_step(l, 0) || net_step(l, 1))
			;
		vat_run(n.vat[1], 1);
	}
	net_run(&n);
	CHECK_REPLY(first, 1);
	CHECK_REPLY(second, 2);
	CHECK_INT(x.log[0], 1);
	CHECK_INT(x.log[1], 2);
	reply_free(&r);
	vat_cap_unref(ahead);
	vat_cap_unref(c);
	vat_cap_unref(mine);
	vat_membrane_free(m);
	net_done(&n);
}

TEST(policy_may_revoke)
{
	struct gate g;
	struct guard guard = {0};
	struct reply r[2];
	const struct vat_membrane_policy policy = {guard_call, &guard};
	gate_init(&g, &policy);
	guard.revoke = g.m;
	call(&g, g.c, THING_ECHO, 1, NULL, &r[0]);
	call(&g, g.c, THING_ECHO, 2, NULL, &r[1]);
	net_run(&g.n);
	CHECK_FAILED(r[0], VAT_DISCONNECTED, "revoked by policy");
	CHECK_FAILED(r[1], VAT_DISCONNECTED, "revoked by policy");
	CHECK_INT(guard.asked, 1);
	CHECK_INT(g.inside.n_log, 0);
	gate_done(&g);
}

/* A node's way: an object of vat 2 offered to vat 0 through a membrane in vat 1. */
TEST(membrane_in_a_relay)
{
	struct net n;
	struct thing t = {0}, mine = {0};
	struct reply r, echo, wait;
	struct vat_error e;
	net_init(&n, 3);
	struct net_link *bc = net_serve(&n, 1, 2, thing_serve(n.vat[2], &t));
	struct vat_membrane *m = vat_membrane_new(n.vat[1], NULL);
	struct vat_cap *far = vat_conn_bootstrap(bc->conn[0]);
	struct net_link *ab = net_serve(&n, 0, 1, vat_membrane_wrap(m, far));
	vat_cap_unref(far);
	struct vat_cap *c = vat_conn_bootstrap(ab->conn[0]);
	thing_call(n.vat[0], c, THING_MAKE, 0, NULL, &r);
	struct vat_cap *child = reply_pipeline(&r);
	thing_call(n.vat[0], child, THING_ECHO, 4, NULL, &echo);
	net_run(&n);
	CHECK_REPLY(echo, 4);
	struct vat_cap *my = thing_serve(n.vat[0], &mine);
	struct reply back;
	thing_call(n.vat[0], c, THING_ECHO_CAP, 0, my, &back);
	net_run(&n);
	CHECK(back.cap == my);
	reply_free(&back);
	thing_call(n.vat[0], c, THING_WAIT, 0, my, &wait);
	net_run(&n);
	vat_membrane_revoke(m, VAT_DISCONNECTED, "revoked");
	thing_call(n.vat[0], child, THING_ECHO, 4, NULL, &echo);
	net_run(&n);
	CHECK_FAILED(wait, VAT_DISCONNECTED, "revoked");
	CHECK_FAILED(echo, VAT_DISCONNECTED, "revoked");
	CHECK_INT(t.canceled, 1);
	vat_ctx_return(t.waiting[0]);
	/* The far side has nothing of it left. */
	net_run(&n);
	struct vat_conn_counts k;
	vat_conn_counts(bc->conn[0], &k);
	CHECK(!k.imports && !k.questions && !k.exports && !k.answers);
	CHECK(!vat_cap_is_broken(c, &e) || e.kind == VAT_DISCONNECTED);
	vat_membrane_free(m);
	reply_free(&r);
	vat_cap_unref(child);
	vat_cap_unref(my);
	vat_cap_unref(c);
	net_run(&n);
	net_done(&n);
}

TEST(promise_resolved_to_its_own_wrapper_breaks)
{
	struct gate g;
	struct vat_cap *p;
	struct vat_resolver *resolver;
	gate_init(&g, NULL);
	CHECK_INT(vat_promise(g.n.vat[0], &p, &resolver), 0);
	struct vat_cap *w = vat_membrane_wrap(g.m, p);
	vat_resolve(resolver, vat_cap_ref(w));
	CHECK(vat_cap_is_broken(p, NULL) && vat_cap_is_broken(w, NULL));
	vat_cap_unref(w);
	vat_cap_unref(p);
	gate_done(&g);
}

TEST(wrappers_do_not_pile_up)
{
	struct gate g;
	struct reply r;
	gate_init(&g, NULL);
	struct vat_membrane *other = vat_membrane_new(g.n.vat[0], NULL);
	struct vat_cap *c = vat_cap_ref(g.c);
	for (int i = 0; i < 20000; i++) {
		struct vat_cap *w = vat_membrane_wrap(i % 2 ? g.m : other, c);
		vat_cap_unref(c);
		c = w;
	}
	call(&g, c, THING_ECHO, 1, NULL, &r);
	net_run(&g.n);
	CHECK_FAILED(r, VAT_OVERLOADED, "too many membranes");
	vat_cap_unref(c);
	vat_membrane_free(other);
	gate_done(&g);
}

TEST(canceled_call_is_counted_until_it_is_answered)
{
	struct net n;
	struct thing t;
	struct reply r;
	struct vat_conn_counts k;
	net_init(&n, 2);
	struct vat_cap *in = thing_serve(n.vat[1], &t);
	struct vat_membrane *m = vat_membrane_new(n.vat[1], NULL);
	struct net_link *l = net_serve(&n, 0, 1, vat_membrane_wrap(m, in));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	thing_call(n.vat[0], c, THING_WAIT, 1, NULL, &r);
	net_run(&n);
	reply_free(&r);
	net_run(&n);
	CHECK_INT(t.canceled, 1);
	vat_conn_counts(l->conn[1], &k);
	CHECK_INT(k.answers, 1);
	vat_ctx_return(t.waiting[0]);
	net_run(&n);
	vat_conn_counts(l->conn[1], &k);
	CHECK_INT(k.answers, 0);
	vat_cap_unref(c);
	vat_cap_unref(in);
	vat_membrane_free(m);
	net_run(&n);
	net_done(&n);
}

TEST(calls_that_wait_for_each_other_through_a_membrane_fail)
{
	struct vat *v = vat_new(NULL);
	struct reply a, b;
	struct vat_resolver *resolver;
	struct vat_cap *promise;
	struct vat_membrane *m = vat_membrane_new(v, NULL);
	CHECK_INT(vat_promise(v, &promise, &resolver), 0);
	struct vat_cap *w = vat_membrane_wrap(m, promise);
	thing_call(v, w, THING_MAKE, 0, NULL, &a);
	struct vat_cap *of_a = reply_pipeline(&a);
	thing_call(v, of_a, THING_MAKE, 0, NULL, &b);
	vat_resolve(resolver, reply_pipeline(&b));
	while (vat_run(v, 0))
		;
	CHECK(a.done && a.failed && b.done && b.failed);
	reply_free(&a);
	reply_free(&b);
	vat_cap_unref(of_a);
	vat_cap_unref(w);
	vat_cap_unref(promise);
	vat_membrane_free(m);
	vat_free(v);
}
