/* SPDX-License-Identifier: MIT */
/* Promises between vats: resolution, embargoes, the order of calls. */
#include "vat/conn/test-net.h"

/* Vat 0 and an object of vat 1. */
struct pair {
	struct net n;
	struct net_link *l;
	struct thing t, mine;
	struct vat_cap *c; /* t, as seen from vat 0 */
	struct vat_cap *m; /* mine, of vat 0 */
};

static void pair_init(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	net_init(&p->n, 2);
	p->l = net_serve(&p->n, 0, 1, thing_serve(p->n.vat[1], &p->t));
	p->c = vat_conn_bootstrap(p->l->conn[0]);
	p->m = thing_serve(p->n.vat[0], &p->mine);
	net_run(&p->n);
}

static void pair_done(struct pair *p)
{
	vat_cap_unref(p->c);
	vat_cap_unref(p->m);
	net_check_idle(&p->n);
	net_done(&p->n);
}

static void call(struct pair *p, struct vat_cap *to, uint64_t n, struct reply *r)
{
	thing_call(p->n.vat[0], to, THING_ECHO, n, NULL, r);
}

static void check_log(const struct thing *t, unsigned n)
{
	CHECK_INT(t->n_log, n);
	for (unsigned i = 0; i < n; i++)
		CHECK_INT(t->log[i], i);
}

static uint64_t received(struct net_link *l, int side)
{
	struct vat_conn_counts k;
	vat_conn_counts(l->conn[side], &k);
	return k.messages_in;
}

TEST(local_promise_queues_then_forwards)
{
	struct net n;
	struct thing t = {0};
	struct reply r[3];
	struct vat_cap *p;
	struct vat_resolver *res;
	net_init(&n, 1);
	CHECK_INT(vat_promise(n.vat[0], &p, &res), 0);
	thing_call(n.vat[0], p, THING_ECHO, 0, NULL, &r[0]);
	thing_call(n.vat[0], p, THING_ECHO, 1, NULL, &r[1]);
	net_run(&n);
	CHECK(!r[0].done);
	vat_resolve(res, thing_serve(n.vat[0], &t));
	thing_call(n.vat[0], p, THING_ECHO, 2, NULL, &r[2]);
	vat_cap_unref(p);
	net_run(&n);
	for (unsigned i = 0; i < 3; i++)
		CHECK_REPLY(r[i], i);
	check_log(&t, 3);
	net_done(&n);
}

TEST(rejected_promise_fails_what_waits)
{
	struct net n;
	struct reply r[2];
	struct vat_cap *p;
	struct vat_resolver *res;
	struct vat_error e;
	net_init(&n, 1);
	CHECK_INT(vat_promise(n.vat[0], &p, &res), 0);
	thing_call(n.vat[0], p, THING_ECHO, 0, NULL, &r[0]);
	CHECK(!vat_cap_is_broken(p, NULL));
	vat_reject(res, VAT_OVERLOADED, "no more of these");
	CHECK(vat_cap_is_broken(p, &e));
	CHECK_INT(e.kind, VAT_OVERLOADED);
	thing_call(n.vat[0], p, THING_ECHO, 1, NULL, &r[1]);
	net_run(&n);
	CHECK_FAILED(r[0], VAT_OVERLOADED, "no more of these");
	CHECK_FAILED(r[1], VAT_OVERLOADED, "no more of these");
	vat_cap_unref(p);
	net_done(&n);
}

TEST(dropped_resolver_rejects)
{
	struct net n;
	struct vat_cap *p;
	struct vat_resolver *res;
	net_init(&n, 1);
	CHECK_INT(vat_promise(n.vat[0], &p, &res), 0);
	vat_resolver_free(res);
	CHECK(vat_cap_is_broken(p, NULL));
	vat_cap_unref(p);
	CHECK_INT(vat_promise(n.vat[0], &p, &res), 0);
	vat_cap_unref(p); /* the promise goes first */
	vat_resolver_free(res);
	net_done(&n);
}

TEST(promise_resolved_to_itself_breaks)
{
	struct net n;
	struct vat_cap *p, *q;
	struct vat_resolver *rp, *rq;
	struct vat_error e;
	net_init(&n, 1);
	CHECK_INT(vat_promise(n.vat[0], &p, &rp), 0);
	CHECK_INT(vat_promise(n.vat[0], &q, &rq), 0);
	vat_resolve(rp, vat_cap_ref(q));
	vat_resolve(rq, vat_cap_ref(p));
	CHECK(vat_cap_is_broken(p, &e));
	CHECK_STR(e.text, "promise resolved to itself");
	vat_cap_unref(p);
	vat_cap_unref(q);
	net_done(&n);
}

/* A promise handed to the peer, on which the peer calls before and after it resolves. */
TEST(exported_promise_resolves_to_a_local_object)
{
	struct pair p;
	struct reply hold, cb[3];
	struct vat_cap *promise;
	struct vat_resolver *res;
	pair_init(&p);
	CHECK_INT(vat_promise(p.n.vat[0], &promise, &res), 0);
	thing_call(p.n.vat[0], p.c, THING_HOLD, 0, promise, &hold);
	thing_call(p.n.vat[0], p.c, THING_CALL_BACK, 0, promise, &cb[0]);
	thing_call(p.n.vat[0], p.c, THING_CALL_BACK, 1, promise, &cb[1]);
	net_run(&p.n);
	CHECK_REPLY(hold, 0);
	CHECK(!cb[0].done);
	CHECK(cap_unsettled(p.t.held));
	vat_resolve(res, vat_cap_ref(p.m));
	net_run(&p.n);
	CHECK(!cap_unsettled(p.t.held));
	thing_call(p.n.vat[0], p.c, THING_CALL_BACK, 2, p.m, &cb[2]);
	net_run(&p.n);
	for (unsigned i = 0; i < 3; i++)
		CHECK_REPLY(cb[i], i);
	check_log(&p.mine, 3);
	vat_cap_unref(promise);
	thing_call(p.n.vat[0], p.c, THING_HOLD, 0, NULL, &hold);
	net_run(&p.n);
	CHECK_REPLY(hold, 0);
	pair_done(&p);
}

TEST(exported_promise_is_rejected)
{
	struct pair p;
	struct reply hold, cb;
	struct vat_cap *promise;
	struct vat_resolver *res;
	struct vat_error e;
	pair_init(&p);
	CHECK_INT(vat_promise(p.n.vat[0], &promise, &res), 0);
	thing_call(p.n.vat[0], p.c, THING_HOLD, 0, promise, &hold);
	thing_call(p.n.vat[0], p.c, THING_CALL_BACK, 0, promise, &cb);
	net_run(&p.n);
	vat_reject(res, VAT_OVERLOADED, "thought better of it");
	net_run(&p.n);
	CHECK_FAILED(cb, VAT_OVERLOADED, "thought better of it");
	CHECK(vat_cap_is_broken(p.t.held, &e));
	CHECK_INT(e.kind, VAT_OVERLOADED);
	reply_free(&hold);
	vat_cap_unref(promise);
	thing_call(p.n.vat[0], p.c, THING_HOLD, 0, NULL, &hold);
	net_run(&p.n);
	CHECK_REPLY(hold, 0);
	pair_done(&p);
}

TEST(broken_capability_travels)
{
	struct pair p;
	struct reply hold;
	struct vat_error e;
	pair_init(&p);
	struct vat_cap *b = vat_cap_broken(p.n.vat[0], VAT_DISCONNECTED, "gone");
	thing_call(p.n.vat[0], p.c, THING_HOLD, 0, b, &hold);
	vat_cap_unref(b);
	net_run(&p.n);
	CHECK_REPLY(hold, 0);
	CHECK(vat_cap_is_broken(p.t.held, &e));
	CHECK_INT(e.kind, VAT_DISCONNECTED);
	CHECK_STR(e.text, "gone");
	thing_call(p.n.vat[0], p.c, THING_HOLD, 0, NULL, &hold);
	net_run(&p.n);
	CHECK_REPLY(hold, 0);
	pair_done(&p);
}

TEST(same_promise_has_one_export)
{
	struct pair p;
	struct reply r[3];
	struct vat_cap *promise;
	struct vat_resolver *res;
	struct vat_conn_counts k;
	pair_init(&p);
	CHECK_INT(vat_promise(p.n.vat[0], &promise, &res), 0);
	thing_call(p.n.vat[0], p.c, THING_WAIT, 0, promise, &r[0]);
	thing_call(p.n.vat[0], p.c, THING_WAIT, 1, promise, &r[1]);
	net_run(&p.n);
	vat_conn_counts(p.l->conn[0], &k);
	CHECK_INT(k.exports, 1);
	vat_resolve(res, vat_cap_ref(p.m));
	net_run(&p.n);
	/* Resolved: sent as what it is now. */
	thing_call(p.n.vat[0], p.c, THING_WAIT, 2, promise, &r[2]);
	net_run(&p.n);
	struct vat_cap *seen = vat_ptr_cap(vat_ptr_at(thing_params(p.t.waiting[2]), 0));
	CHECK_INT(seen->kind, CAP_IMPORT);
	for (unsigned i = 0; i < 3; i++) {
		vat_ctx_return(p.t.waiting[i]);
		reply_free(&r[i]);
	}
	vat_cap_unref(promise);
	pair_done(&p);
}

/* Calls pipelined on a result that turns out to be our own object are still under way when it does.
 */
TEST(embargo_keeps_the_order_of_pipelined_calls)
{
	struct pair p;
	struct reply echo, r[6];
	pair_init(&p);
	thing_call(p.n.vat[0], p.c, THING_ECHO_CAP, 0, p.m, &echo);
	struct vat_cap *back = reply_pipeline(&echo);
	call(&p, back, 0, &r[0]);
	call(&p, back, 1, &r[1]);
	/* Let the result come back, but not yet what was sent after it. */
	while (!echo.done) {
		net_work(&p.n);
		net_step(p.l, 0);
		net_step(p.l, 1);
		net_work(&p.n);
	}
	CHECK(cap_unsettled(back));
	CHECK(!vat_cap_self(back, &thing_impl));
	CHECK_INT(p.mine.n_log, 0);
	call(&p, back, 2, &r[2]);
	call(&p, back, 3, &r[3]);
	net_run(&p.n);
	CHECK(vat_cap_self(back, &thing_impl) == &p.mine);
	uint64_t before = received(p.l, 1);
	call(&p, back, 4, &r[4]);
	call(&p, back, 5, &r[5]);
	net_run(&p.n);
	CHECK_INT(received(p.l, 1), before); /* the short way */
	for (unsigned i = 0; i < 6; i++)
		CHECK_REPLY(r[i], i);
	check_log(&p.mine, 6);
	reply_free(&echo);
	vat_cap_unref(back);
	pair_done(&p);
}

TEST(embargo_of_a_resolved_promise)
{
	struct pair p;
	struct reply give, r[4];
	struct vat_cap *promise;
	struct vat_resolver *res;
	pair_init(&p);
	/* The peer gives us a promise of its own ... */
	CHECK_INT(vat_promise(p.n.vat[1], &promise, &res), 0);
	p.t.held = vat_cap_ref(promise);
	vat_cap_unref(promise);
	thing_call(p.n.vat[0], p.c, THING_GIVE, 0, NULL, &give);
	net_run(&p.n);
	CHECK(cap_unsettled(give.cap));
	call(&p, give.cap, 0, &r[0]);
	call(&p, give.cap, 1, &r[1]);
	/* ... and resolves it to an object of ours. */
	struct reply hold;
	struct thing holder = {0};
	struct vat_cap *h = thing_serve(p.n.vat[1], &holder);
	struct net_link *other = net_serve(&p.n, 0, 1, h);
	struct vat_cap *hc = vat_conn_bootstrap(other->conn[0]);
	thing_call(p.n.vat[0], p.c, THING_WAIT, 7, p.m, &hold);
	net_run(&p.n);
	vat_resolve(res, vat_cap_ref(vat_ptr_cap(vat_ptr_at(thing_params(p.t.waiting[0]), 0))));
	vat_ctx_return(p.t.waiting[0]);
	while (give.cap->state == PROMISE_WAITING) {
		CHECK(net_step(p.l, 1));
	}
	CHECK_INT(give.cap->state, PROMISE_EMBARGOED);
	call(&p, give.cap, 2, &r[2]);
	net_run(&p.n);
	call(&p, give.cap, 3, &r[3]);
	net_run(&p.n);
	for (unsigned i = 0; i < 4; i++)
		CHECK_REPLY(r[i], i);
	check_log(&p.mine, 4);
	reply_free(&give);
	reply_free(&hold);
	vat_cap_unref(p.t.held);
	p.t.held = NULL;
	vat_cap_unref(hc);
	net_run(&p.n);
	vat_conn_free(other->conn[0]);
	vat_conn_free(other->conn[1]);
	other->conn[0] = other->conn[1] = NULL;
	pair_done(&p);
}

TEST(null_result_is_not_embargoed)
{
	struct pair p;
	struct reply give, r;
	pair_init(&p);
	thing_call(p.n.vat[0], p.c, THING_GIVE, 0, NULL, &give);
	struct vat_cap *nothing = reply_pipeline(&give);
	call(&p, nothing, 0, &r);
	net_run(&p.n);
	CHECK_FAILED(r, VAT_FAILED, "null capability");
	struct vat_conn_counts k;
	vat_conn_counts(p.l->conn[0], &k);
	CHECK_INT(k.embargoes, 0);
	call(&p, nothing, 0, &r);
	net_run(&p.n);
	CHECK_FAILED(r, VAT_FAILED, "null capability");
	reply_free(&give);
	vat_cap_unref(nothing);
	pair_done(&p);
}

TEST(failed_call_fails_its_pipeline)
{
	struct pair p;
	struct reply fail, r[2];
	pair_init(&p);
	thing_call(p.n.vat[0], p.c, THING_FAIL, VAT_OVERLOADED, NULL, &fail);
	struct vat_cap *c = reply_pipeline(&fail);
	call(&p, c, 0, &r[0]);
	net_run(&p.n);
	call(&p, c, 0, &r[1]);
	net_run(&p.n);
	CHECK_FAILED(r[0], VAT_OVERLOADED, "failed with 1");
	CHECK_FAILED(r[1], VAT_OVERLOADED, "failed with 1");
	reply_free(&fail);
	vat_cap_unref(c);
	pair_done(&p);
}

TEST(lost_connection_breaks_an_embargo)
{
	struct pair p;
	struct reply echo, r[2];
	pair_init(&p);
	thing_call(p.n.vat[0], p.c, THING_ECHO_CAP, 0, p.m, &echo);
	struct vat_cap *back = reply_pipeline(&echo);
	call(&p, back, 0, &r[0]);
	while (!echo.done) {
		net_work(&p.n);
		net_step(p.l, 0);
		net_step(p.l, 1);
		net_work(&p.n);
	}
	call(&p, back, 1, &r[1]);
	vat_conn_eof(p.l->conn[0], -ECONNRESET);
	net_run(&p.n);
	CHECK_FAILED(r[0], VAT_DISCONNECTED, "connection lost");
	CHECK_FAILED(r[1], VAT_DISCONNECTED, "connection lost");
	CHECK(vat_cap_is_broken(back, NULL));
	reply_free(&echo);
	vat_cap_unref(back);
	vat_cap_unref(p.c);
	vat_cap_unref(p.m);
	net_done(&p.n);
}

/* 0 calls 1, which relays to 2, which gives 0's own object back: two hops of embargo. */
TEST(embargo_over_two_hops)
{
	struct net n;
	struct thing t = {0}, mine = {0};
	struct reply echo, r[6];
	net_init(&n, 3);
	struct net_link *bc = net_serve(&n, 1, 2, thing_serve(n.vat[2], &t));
	struct net_link *ab = net_serve(&n, 0, 1, vat_conn_bootstrap(bc->conn[0]));
	struct vat_cap *c = vat_conn_bootstrap(ab->conn[0]);
	struct vat_cap *m = thing_serve(n.vat[0], &mine);
	net_run(&n);
	thing_call(n.vat[0], c, THING_ECHO_CAP, 0, m, &echo);
	struct vat_cap *back = reply_pipeline(&echo);
	for (unsigned i = 0; i < 3; i++)
		thing_call(n.vat[0], back, THING_ECHO, i, NULL, &r[i]);
	/* The Return reaches 0 while the calls are still at 2. */
	for (unsigned i = 0; i < 4; i++)
		net_step(ab, 0);
	net_step(bc, 0);
	net_work(&n);
	net_step(bc, 1);
	while (!echo.done) {
		net_step(ab, 1);
		net_work(&n);
	}
	CHECK(cap_unsettled(back));
	thing_call(n.vat[0], back, THING_ECHO, 3, NULL, &r[3]);
	/* Now the disembargo overtakes nothing although the first hop is free. */
	for (unsigned i = 0; i < 10; i++)
		net_step(ab, 0);
	for (unsigned i = 0; i < 10; i++)
		net_step(ab, 1);
	net_work(&n);
	CHECK_INT(mine.n_log, 0);
	net_run(&n);
	thing_call(n.vat[0], back, THING_ECHO, 4, NULL, &r[4]);
	net_run(&n);
	for (unsigned i = 0; i < 5; i++)
		CHECK_REPLY(r[i], i);
	check_log(&mine, 5);
	CHECK(vat_cap_self(back, &thing_impl) == &mine);
	reply_free(&echo);
	vat_cap_unref(back);
	vat_cap_unref(m);
	vat_cap_unref(c);
	net_run(&n);
	struct vat_conn_counts k;
	vat_conn_counts(ab->conn[1], &k);
	CHECK(!k.questions && !k.answers && !k.imports && !k.embargoes);
	net_done(&n);
}

/* A promise that resolves through another promise of the same peer. */
TEST(promise_resolves_to_a_promise)
{
	struct pair p;
	struct reply give, r[3];
	struct vat_cap *first, *second;
	struct vat_resolver *r1, *r2;
	struct thing end = {0};
	pair_init(&p);
	CHECK_INT(vat_promise(p.n.vat[1], &first, &r1), 0);
	CHECK_INT(vat_promise(p.n.vat[1], &second, &r2), 0);
	p.t.held = vat_cap_ref(first);
	thing_call(p.n.vat[0], p.c, THING_GIVE, 0, NULL, &give);
	net_run(&p.n);
	call(&p, give.cap, 0, &r[0]);
	net_run(&p.n);
	vat_resolve(r1, second);
	call(&p, give.cap, 1, &r[1]);
	net_run(&p.n);
	vat_resolve(r2, thing_serve(p.n.vat[1], &end));
	call(&p, give.cap, 2, &r[2]);
	net_run(&p.n);
	for (unsigned i = 0; i < 3; i++)
		CHECK_REPLY(r[i], i);
	check_log(&end, 3);
	CHECK(!cap_unsettled(give.cap));
	reply_free(&give);
	vat_cap_unref(first);
	vat_cap_unref(p.t.held);
	p.t.held = NULL;
	pair_done(&p);
}

/* Deep chains must not use the stack in proportion. */
TEST(long_chains_of_pipelined_calls)
{
	enum { DEPTH = 15000 };
	struct pair p;
	struct reply first;
	struct vat_cap *promise, *next;
	struct vat_resolver *res;
	static struct reply r[DEPTH];
	pair_init(&p);
	for (int reject = 0; reject < 2; reject++) {
		CHECK_INT(vat_promise(p.n.vat[1], &promise, &res), 0);
		vat_cap_unref(p.t.held);
		p.t.held = promise;
		thing_call(p.n.vat[0], p.c, THING_GIVE, 0, NULL, &first);
		next = reply_pipeline(&first);
		for (unsigned i = 0; i < DEPTH; i++) {
			thing_call(p.n.vat[0], next, THING_MAKE, 0, NULL, &r[i]);
			vat_cap_unref(next);
			next = reply_pipeline(&r[i]);
		}
		net_run(&p.n);
		CHECK(!r[0].done);
		if (reject)
			vat_reject(res, VAT_FAILED, "never");
		else
			vat_resolve(res, NULL);
		net_run(&p.n);
		vat_cap_unref(next);
		for (unsigned i = 0; i < DEPTH; i++) {
			CHECK(r[i].done && r[i].failed);
			reply_free(&r[i]);
		}
		reply_free(&first);
	}
	vat_cap_unref(p.t.held);
	p.t.held = NULL;
	pair_done(&p);
}
