/* SPDX-License-Identifier: MIT */
/* Promises of two vats that resolve to each other: calls on them fail, and nothing is left. */
#include "vat/conn/test-net.h"

struct pair {
	struct net n;
	struct net_link *l;
	struct thing obj[2];
	struct vat_cap *to[2]; /* [i]: what vat i has of the other's object */
	struct vat_cap *p[2], *q[2]; /* promise of vat i, and what the other has of it */
	struct vat_resolver *r[2];
};

static void pair_init(struct pair *t)
{
	memset(t, 0, sizeof(*t));
	net_init(&t->n, 2);
	struct vat_cap *boot[2];
	struct vat_conn_config cfg[2] = {0};
	for (int i = 0; i < 2; i++) {
		cfg[i].bootstrap = boot[i] = thing_serve(t->n.vat[i], &t->obj[i]);
		CHECK_INT(vat_promise(t->n.vat[i], &t->p[i], &t->r[i]), 0);
		t->obj[i].held = vat_cap_ref(t->p[i]);
	}
	t->l = net_join(&t->n, 0, &cfg[0], 1, &cfg[1]);
	for (int i = 0; i < 2; i++) {
		struct reply r;
		vat_cap_unref(boot[i]);
		t->to[i] = vat_conn_bootstrap(t->l->conn[i]);
		thing_call(t->n.vat[i], t->to[i], THING_GIVE, 0, NULL, &r);
		net_run(&t->n);
		t->q[!i] = vat_cap_ref(r.cap);
		reply_free(&r);
	}
	CHECK(t->q[0] && t->q[1]);
}

static void pair_done(struct pair *t)
{
	for (int i = 0; i < 2; i++) {
		vat_cap_unref(t->p[i]);
		vat_cap_unref(t->q[i]);
		vat_cap_unref(t->to[i]);
		t->obj[i].held = vat_cap_unref(t->obj[i].held);
	}
	net_check_idle(&t->n);
	net_done(&t->n);
}

static void check_broken(struct pair *t)
{
	for (int i = 0; i < 2; i++) {
		struct reply r;
		thing_call(t->n.vat[i], t->p[i], THING_ECHO, 0, NULL, &r);
		net_run(&t->n);
		CHECK_FAILED(r, VAT_FAILED, "resolved to itself");
		thing_call(t->n.vat[i], t->q[!i], THING_ECHO, 0, NULL, &r);
		net_run(&t->n);
		CHECK_FAILED(r, VAT_FAILED, "resolved to itself");
	}
}

TEST(promises_of_two_vats_resolved_to_each_other)
{
	struct pair t;
	pair_init(&t);
	/* q[1] is what vat 0 has of vat 1's promise. */
	vat_resolve(t.r[0], vat_cap_ref(t.q[1]));
	vat_resolve(t.r[1], vat_cap_ref(t.q[0]));
	net_run(&t.n);
	check_broken(&t);
	pair_done(&t);
}

TEST(calls_between_promises_that_resolve_to_each_other)
{
	struct pair t;
	struct reply r[2];
	pair_init(&t);
	for (int i = 0; i < 2; i++)
		thing_call(t.n.vat[i], t.q[!i], THING_ECHO, 0, NULL, &r[i]);
	net_run(&t.n);
	vat_resolve(t.r[0], vat_cap_ref(t.q[1]));
	vat_resolve(t.r[1], vat_cap_ref(t.q[0]));
	net_run(&t.n);
	for (int i = 0; i < 2; i++)
		CHECK_FAILED(r[i], VAT_FAILED, "resolved to itself");
	check_broken(&t);
	pair_done(&t);
}

TEST(one_resolves_after_it_has_heard_of_the_other)
{
	struct pair t;
	pair_init(&t);
	vat_resolve(t.r[0], vat_cap_ref(t.q[1]));
	net_run(&t.n);
	vat_resolve(t.r[1], vat_cap_ref(t.q[0]));
	net_run(&t.n);
	check_broken(&t);
	pair_done(&t);
}

/* A call is answered with a promise of the caller's, who has resolved that to the answer. */
TEST(answer_and_promise_that_are_each_other)
{
	struct pair t;
	struct reply r, e;
	pair_init(&t);
	thing_call(t.n.vat[0], t.to[0], THING_WAIT, 0, t.p[0], &r);
	struct vat_cap *part = reply_pipeline(&r);
	net_run(&t.n);
	struct vat_ctx *ctx = t.obj[1].waiting[0];
	vat_resolve(t.r[0], vat_cap_ref(part));
	thing_answer(ctx, 0, vat_ptr_cap(vat_ptr_at(thing_params(ctx), 0)));
	net_run(&t.n);
	thing_call(t.n.vat[0], part, THING_ECHO, 0, NULL, &e);
	net_run(&t.n);
	CHECK_FAILED(e, VAT_FAILED, "resolved to itself");
	reply_free(&r);
	vat_cap_unref(part);
	vat_resolver_free(t.r[1]);
	pair_done(&t);
}
