/* SPDX-License-Identifier: MIT */
/* Calls between vats: the basics, from one object here to three vats in a row. */
#include "vat/conn/test-net.h"

TEST(local_call_returns)
{
	struct net n;
	struct thing t = {0};
	struct reply r;
	bool destroyed = false;
	t.destroyed = &destroyed;
	net_init(&n, 1);
	struct vat_cap *c = thing_serve(n.vat[0], &t);
	thing_call(n.vat[0], c, THING_ECHO, 42, NULL, &r);
	CHECK(!r.done); /* nothing happens before vat_run */
	net_run(&n);
	CHECK_REPLY(r, 42);
	vat_cap_unref(c);
	CHECK(!destroyed);
	net_run(&n);
	CHECK(destroyed);
	net_done(&n);
}

TEST(remote_call_returns)
{
	struct net n;
	struct thing t = {0};
	struct reply r;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	thing_call(n.vat[0], c, THING_ECHO, 7, NULL, &r);
	net_run(&n);
	CHECK_REPLY(r, 7);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(unknown_method_and_interface_fail_alone)
{
	struct net n;
	struct thing t = {0};
	struct reply r, other;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	thing_call(n.vat[0], c, 99, 7, NULL, &r);
	memset(&other, 0, sizeof(other));
	other.call = vat_call_new(n.vat[0], c, 1234, 0, 0);
	vat_call_send(other.call, reply_done, &other);
	net_run(&n);
	CHECK_FAILED(r, VAT_UNIMPLEMENTED, "method 99");
	CHECK_FAILED(other, VAT_UNIMPLEMENTED, "interface");
	thing_call(n.vat[0], c, THING_ECHO, 3, NULL, &r);
	net_run(&n);
	CHECK_REPLY(r, 3);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(exceptions_keep_kind_and_text)
{
	struct net n;
	struct thing t = {0};
	struct reply r[4];
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	for (unsigned i = 0; i < 4; i++)
		thing_call(n.vat[0], c, THING_FAIL, i, NULL, &r[i]);
	net_run(&n);
	CHECK_FAILED(r[0], VAT_FAILED, "failed with 0");
	CHECK_FAILED(r[1], VAT_OVERLOADED, "failed with 1");
	CHECK_FAILED(r[2], VAT_DISCONNECTED, "failed with 2");
	CHECK_FAILED(r[3], VAT_UNIMPLEMENTED, "failed with 3");
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(null_capability_fails)
{
	struct net n;
	struct reply r;
	net_init(&n, 1);
	thing_call(n.vat[0], NULL, THING_ECHO, 1, NULL, &r);
	net_run(&n);
	CHECK_FAILED(r, VAT_FAILED, "null capability");
	net_done(&n);
}

TEST(missing_bootstrap_fails_calls)
{
	struct net n;
	struct reply r;
	net_init(&n, 2);
	struct net_link *l = net_join(&n, 0, NULL, 1, NULL);
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	thing_call(n.vat[0], c, THING_ECHO, 1, NULL, &r);
	net_run(&n);
	CHECK_FAILED(r, VAT_FAILED, "no bootstrap");
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(pipelined_call_needs_no_round_trip)
{
	struct net n;
	struct thing t = {0};
	struct reply make, echo;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	thing_call(n.vat[0], c, THING_MAKE, 0, NULL, &make);
	struct vat_cap *child = reply_pipeline(&make);
	thing_call(n.vat[0], child, THING_ECHO, 5, NULL, &echo);
	/* All three go before anything comes back. */
	l->paused[1] = true;
	net_run(&n);
	struct vat_conn_counts k;
	vat_conn_counts(l->conn[1], &k);
	CHECK_INT(k.messages_in, 3);
	CHECK(!echo.done);
	l->paused[1] = false;
	net_run(&n);
	CHECK_REPLY(echo, 5);
	reply_free(&make);
	thing_call(n.vat[0], child, THING_ECHO, 6, NULL, &echo);
	net_run(&n);
	CHECK_REPLY(echo, 6);
	vat_cap_unref(child);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(pipeline_keeps_the_call_alive)
{
	struct net n;
	struct thing t = {0};
	struct reply wait, echo;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	thing_call(n.vat[0], c, THING_WAIT, 0, NULL, &wait);
	struct vat_cap *later = reply_pipeline(&wait);
	reply_free(&wait);
	thing_call(n.vat[0], later, THING_ECHO, 9, NULL, &echo);
	net_run(&n);
	CHECK(!echo.done);
	CHECK_INT(t.canceled, 0);
	CHECK_INT(t.n_waiting, 1);
	struct thing other = {0};
	struct vat_cap *o = thing_serve(n.vat[1], &other);
	thing_answer(t.waiting[0], 0, o);
	vat_cap_unref(o);
	net_run(&n);
	CHECK_REPLY(echo, 9);
	vat_cap_unref(later);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(callback_reaches_the_caller)
{
	struct net n;
	struct thing t = {0}, mine = {0};
	struct reply r;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	struct vat_cap *m = thing_serve(n.vat[0], &mine);
	thing_call(n.vat[0], c, THING_CALL_BACK, 11, m, &r);
	vat_cap_unref(m);
	net_run(&n);
	CHECK_REPLY(r, 11);
	CHECK_INT(mine.n_log, 1);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(object_dies_with_its_last_remote_reference)
{
	struct net n;
	struct thing t = {0}, mine = {0};
	struct reply r;
	bool destroyed = false;
	mine.destroyed = &destroyed;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	struct vat_cap *m = thing_serve(n.vat[0], &mine);
	thing_call(n.vat[0], c, THING_HOLD, 0, m, &r);
	vat_cap_unref(m);
	net_run(&n);
	CHECK_REPLY(r, 0);
	net_run(&n);
	CHECK(!destroyed);
	thing_call(n.vat[0], c, THING_HOLD, 0, NULL, &r);
	net_run(&n);
	CHECK_REPLY(r, 0);
	CHECK(destroyed);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(cancel_reaches_the_handler)
{
	struct net n;
	struct thing t = {0};
	struct reply r;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	thing_call(n.vat[0], c, THING_WAIT, 1, NULL, &r);
	net_run(&n);
	CHECK_INT(t.n_waiting, 1);
	reply_free(&r);
	net_run(&n);
	CHECK_INT(t.canceled, 1);
	CHECK(vat_ctx_canceled(t.waiting[0]));
	vat_ctx_return(t.waiting[0]);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(released_parameters_of_a_canceled_call)
{
	struct net n;
	struct thing t = {0}, mine = {0};
	struct reply r;
	bool destroyed = false;
	mine.destroyed = &destroyed;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	struct vat_cap *m = thing_serve(n.vat[0], &mine);
	thing_call(n.vat[0], c, THING_WAIT, 1, m, &r);
	vat_cap_unref(m);
	net_run(&n);
	reply_free(&r);
	net_run(&n);
	CHECK(!destroyed);
	vat_ctx_fail(t.waiting[0], VAT_FAILED, "too late");
	net_run(&n);
	CHECK(destroyed);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(finish_and_return_cross)
{
	struct net n;
	struct thing t = {0};
	struct reply r;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	thing_call(n.vat[0], c, THING_MAKE, 0, NULL, &r);
	l->paused[1] = true;
	net_run(&n);
	reply_free(&r);
	net_run(&n);
	l->paused[1] = false;
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(same_capability_twice_counts_twice)
{
	struct net n;
	struct thing t = {0}, mine = {0};
	struct reply r[2];
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	struct vat_cap *m = thing_serve(n.vat[0], &mine);
	thing_call(n.vat[0], c, THING_WAIT, 0, m, &r[0]);
	thing_call(n.vat[0], c, THING_WAIT, 1, m, &r[1]);
	net_run(&n);
	struct vat_conn_counts k;
	vat_conn_counts(l->conn[0], &k);
	CHECK_INT(k.exports, 1);
	vat_conn_counts(l->conn[1], &k);
	CHECK_INT(k.imports, 1);
	vat_ctx_return(t.waiting[0]);
	net_run(&n);
	vat_conn_counts(l->conn[1], &k);
	CHECK_INT(k.imports, 1);
	vat_ctx_return(t.waiting[1]);
	net_run(&n);
	reply_free(&r[0]);
	reply_free(&r[1]);
	vat_cap_unref(m);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(own_object_comes_back_as_itself)
{
	struct net n;
	struct thing t = {0}, mine = {0};
	struct reply r;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	struct vat_cap *m = thing_serve(n.vat[0], &mine);
	thing_call(n.vat[0], c, THING_ECHO_CAP, 0, m, &r);
	net_run(&n);
	CHECK(r.cap == m);
	CHECK(vat_cap_self(r.cap, &thing_impl) == &mine);
	reply_free(&r);
	vat_cap_unref(m);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

/* Vat 0 calls through vat 1 an object of vat 2. */
struct row {
	struct net n;
	struct net_link *ab, *bc;
	struct thing t; /* at the end */
	struct vat_cap *c; /* as seen from vat 0 */
};

static void row_init(struct row *w)
{
	memset(w, 0, sizeof(*w));
	net_init(&w->n, 3);
	w->bc = net_serve(&w->n, 1, 2, thing_serve(w->n.vat[2], &w->t));
	w->ab = net_serve(&w->n, 0, 1, vat_conn_bootstrap(w->bc->conn[0]));
	w->c = vat_conn_bootstrap(w->ab->conn[0]);
}

static void row_done(struct row *w)
{
	vat_cap_unref(w->c);
	net_run(&w->n);
	struct vat_conn_counts k;
	vat_conn_counts(w->ab->conn[0], &k);
	CHECK(!k.questions && !k.answers && !k.imports && !k.exports && !k.embargoes);
	/* The middle still offers what it imports as its bootstrap. */
	vat_conn_counts(w->bc->conn[0], &k);
	CHECK(!k.questions && !k.answers && k.imports <= 1 && !k.exports && !k.embargoes);
	net_done(&w->n);
}

TEST(relayed_call_returns)
{
	struct row w;
	struct reply r;
	row_init(&w);
	thing_call(w.n.vat[0], w.c, THING_ECHO, 21, NULL, &r);
	net_run(&w.n);
	CHECK_REPLY(r, 21);
	thing_call(w.n.vat[0], w.c, THING_FAIL, VAT_OVERLOADED, NULL, &r);
	net_run(&w.n);
	CHECK_FAILED(r, VAT_OVERLOADED, "failed with 1");
	row_done(&w);
}

TEST(relay_carries_capabilities_both_ways)
{
	struct row w;
	struct thing mine = {0};
	struct reply r, echo;
	row_init(&w);
	struct vat_cap *m = thing_serve(w.n.vat[0], &mine);
	thing_call(w.n.vat[0], w.c, THING_CALL_BACK, 8, m, &r);
	net_run(&w.n);
	CHECK_REPLY(r, 8);
	thing_call(w.n.vat[0], w.c, THING_ECHO_CAP, 0, m, &r);
	net_run(&w.n);
	CHECK(r.cap == m);
	reply_free(&r);
	vat_cap_unref(m);
	thing_call(w.n.vat[0], w.c, THING_MAKE, 0, NULL, &r);
	net_run(&w.n);
	thing_call(w.n.vat[0], r.cap, THING_ECHO, 3, NULL, &echo);
	net_run(&w.n);
	CHECK_REPLY(echo, 3);
	reply_free(&r);
	row_done(&w);
}

TEST(relay_pipelines_before_any_answer)
{
	struct row w;
	struct reply r[3];
	row_init(&w);
	w.bc->paused[1] = w.ab->paused[1] = true;
	thing_call(w.n.vat[0], w.c, THING_MAKE, 0, NULL, &r[0]);
	struct vat_cap *child = reply_pipeline(&r[0]);
	thing_call(w.n.vat[0], child, THING_MAKE, 0, NULL, &r[1]);
	struct vat_cap *grandchild = reply_pipeline(&r[1]);
	thing_call(w.n.vat[0], grandchild, THING_ECHO, 4, NULL, &r[2]);
	net_run(&w.n);
	/* Bootstrap and three calls have arrived at the far end. */
	struct vat_conn_counts k;
	vat_conn_counts(w.bc->conn[1], &k);
	CHECK_INT(k.messages_in, 4);
	w.bc->paused[1] = w.ab->paused[1] = false;
	net_run(&w.n);
	CHECK_REPLY(r[2], 4);
	reply_free(&r[0]);
	reply_free(&r[1]);
	vat_cap_unref(child);
	vat_cap_unref(grandchild);
	row_done(&w);
}

TEST(relay_passes_cancellation_on)
{
	struct row w;
	struct reply r;
	row_init(&w);
	thing_call(w.n.vat[0], w.c, THING_WAIT, 0, NULL, &r);
	net_run(&w.n);
	CHECK_INT(w.t.n_waiting, 1);
	reply_free(&r);
	net_run(&w.n);
	CHECK_INT(w.t.canceled, 1);
	vat_ctx_return(w.t.waiting[0]);
	row_done(&w);
}

TEST(lost_connection_fails_what_it_carried)
{
	struct row w;
	struct reply r, later;
	row_init(&w);
	thing_call(w.n.vat[0], w.c, THING_WAIT, 0, NULL, &r);
	net_run(&w.n);
	vat_ctx_on_cancel(w.t.waiting[0], NULL, NULL);
	net_cut(&w.n, w.bc, 1);
	net_run(&w.n);
	CHECK_FAILED(r, VAT_DISCONNECTED, "closed");
	CHECK(w.bc->closed[0] && w.bc->lost[0]);
	thing_call(w.n.vat[0], w.c, THING_ECHO, 0, NULL, &later);
	net_run(&w.n);
	CHECK_FAILED(later, VAT_DISCONNECTED, "closed");
	vat_ctx_return(w.t.waiting[0]);
	row_done(&w);
}

TEST(clean_end_is_silent)
{
	struct net n;
	struct thing t = {0};
	struct reply r;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	thing_call(n.vat[0], c, THING_ECHO, 7, NULL, &r);
	net_run(&n);
	CHECK_REPLY(r, 7);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_cut(&n, l, 0);
	net_run(&n);
	CHECK(l->closed[1] && !l->lost[1]);
	CHECK(vat_conn_is_over(l->conn[1]));
	net_done(&n);
}

TEST(tail_call_answers_for_the_handler)
{
	struct net n;
	struct thing t = {0}, mine = {0};
	struct reply r;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	struct vat_cap *m = thing_serve(n.vat[0], &mine);
	thing_call(n.vat[0], c, THING_FORWARD, 31, m, &r);
	net_run(&n);
	CHECK_REPLY(r, 31);
	vat_cap_unref(m);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(fed_byte_by_byte)
{
	struct net n;
	struct thing t = {0};
	struct reply r;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	thing_call(n.vat[0], c, THING_ECHO, 7, NULL, &r);
	vat_cap_unref(c);
	while (!r.done) {
		for (int side = 0; side < 2; side++)
			while (net_step_part(l, side, 1))
				;
		net_work(&n);
	}
	CHECK_REPLY(r, 7);
	net_check_idle(&n);
	net_done(&n);
}

TEST(large_messages_pass)
{
	struct net n;
	struct thing t = {0};
	struct reply r = {0};
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	r.call = thing_request(n.vat[0], c, THING_ECHO, 5, NULL);
	struct vat_struct_b b = vat_init_struct(vat_call_params(r.call), 1, 2);
	vat_w_u64(b, 0, 5, 0);
	CHECK(vat_init_data(vat_ptr_at_b(b, 1), 1 << 20));
	vat_call_send(r.call, reply_done, &r);
	net_run(&n);
	CHECK_REPLY(r, 5);
	/* Over the limit: the call fails, the connection lives. */
	r.call = thing_request(n.vat[0], c, THING_ECHO, 5, NULL);
	b = vat_init_struct(vat_call_params(r.call), 1, 2);
	CHECK(vat_init_data(vat_ptr_at_b(b, 1), 17 << 20));
	vat_call_send(r.call, reply_done, &r);
	net_run(&n);
	CHECK_FAILED(r, VAT_OVERLOADED, "too large");
	thing_call(n.vat[0], c, THING_ECHO, 7, NULL, &r);
	net_run(&n);
	CHECK_REPLY(r, 7);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}
