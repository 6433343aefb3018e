/* SPDX-License-Identifier: MIT */
/* Hand-off between vats that know it, as it should go: who calls whom, in which order. */
#include "vat/conn/test-handoff-net.h"

enum { ALL = 0xff };

TEST(calls_go_straight_to_the_host)
{
	struct trio t;
	int side;
	trio_init(&t, 3, ALL);
	struct vat_cap *cap = trio_take(&t);
	CHECK(!cap_unsettled(cap));
	uint64_t before = relayed(&t);
	for (uint64_t i = 0; i < 10; i++)
		echo(&t, RECIPIENT, cap, i);
	CHECK_INT(t.obj.n_log, 10);
	CHECK_INT(relayed(&t), before);
	struct net_link *direct = link_between(&t, RECIPIENT, HOST, &side);
	CHECK(direct);
	CHECK_INT(handoffs(direct->conn[side]).calls_out, 10);
	CHECK_INT(handoffs(t.to_shop->conn[0]).accepted, 1);
	CHECK_INT(handoffs(t.to_shop->conn[1]).introduced, 1);
	CHECK_INT(handoffs(t.to_host->conn[0]).introductions, 1);
	CHECK_INT(handoffs(t.to_host->conn[1]).provisions, 1);
	vat_cap_unref(cap);
	trio_check_idle(&t);
	CHECK_INT(handoffs(t.to_host->conn[0]).introductions, 0);
	CHECK_INT(handoffs(t.to_host->conn[1]).provisions, 0);
	trio_done(&t);
}

TEST(messages_of_a_hand_off_are_few)
{
	struct trio t;
	struct vat_conn_counts host0, shop0, host, shop, direct;
	int side = 0;
	trio_init(&t, 3, ALL);
	/* The first on a connection brings a question that finds out whether it can be done. */
	vat_cap_unref(trio_take(&t));
	net_run(&t.n);
	vat_conn_counts(t.to_host->conn[0], &host0);
	vat_conn_counts(t.to_shop->conn[0], &shop0);
	struct net_link *d = link_between(&t, RECIPIENT, HOST, &side);
	vat_conn_counts(d->conn[side], &direct);
	uint64_t out = direct.messages_out, in = direct.messages_in;
	struct vat_cap *cap = trio_take(&t);
	vat_conn_counts(t.to_host->conn[0], &host);
	vat_conn_counts(t.to_shop->conn[0], &shop);
	vat_conn_counts(d->conn[side], &direct);
	/* Provide. */
	CHECK_INT(host.messages_out - host0.messages_out, 1);
	CHECK_INT(host.messages_in - host0.messages_in, 0);
	/* Call, Finish, and that it is accepted; Return. */
	CHECK_INT(shop.messages_out - shop0.messages_out, 3);
	CHECK_INT(shop.messages_in - shop0.messages_in, 1);
	/* Accept and Finish; Return. */
	CHECK_INT(direct.messages_out - out, 2);
	CHECK_INT(direct.messages_in - in, 1);
	vat_cap_unref(cap);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(calls_sent_ahead_arrive_first)
{
	struct trio t;
	struct reply give, r[12];
	trio_init(&t, 3, ALL);
	struct net_link *direct = net_join(&t.n, RECIPIENT, NULL, HOST, NULL);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	struct vat_cap *cap = reply_pipeline(&give);
	for (uint64_t i = 0; i < 6; i++)
		thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, i, NULL, &r[i]);
	/* They get as far as the introducer, who answers; what it passes on is slow. */
	t.to_host->paused[0] = true;
	net_run(&t.n);
	CHECK(give.done);
	for (uint64_t i = 6; i < 12; i++)
		thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, i, NULL, &r[i]);
	net_run(&t.n);
	CHECK_INT(handoffs(direct->conn[1]).accepts, 1);
	CHECK_INT(t.obj.n_log, 0);
	t.to_host->paused[0] = false;
	net_run(&t.n);
	CHECK_INT(t.obj.n_log, 12);
	for (unsigned i = 0; i < 12; i++) {
		CHECK_INT(t.obj.log[i], i);
		CHECK_REPLY(r[i], i);
	}
	CHECK_INT(relayed(&t), 6);
	vat_cap_unref(cap);
	reply_free(&give);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(calls_before_the_connection_is_there_wait)
{
	struct trio t;
	struct reply give, r[4];
	trio_init(&t, 3, ALL);
	struct net_link *direct = net_join(&t.n, RECIPIENT, NULL, HOST, NULL);
	direct->paused[0] = true;
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	net_run(&t.n);
	CHECK(give.done && cap_unsettled(give.cap));
	for (unsigned i = 0; i < 4; i++)
		thing_call(t.n.vat[RECIPIENT], give.cap, THING_ECHO, i, NULL, &r[i]);
	net_run(&t.n);
	CHECK_INT(t.obj.n_log, 0);
	direct->paused[0] = false;
	net_run(&t.n);
	for (unsigned i = 0; i < 4; i++)
		CHECK_REPLY(r[i], i);
	CHECK_INT(relayed(&t), 0);
	reply_free(&give);
	trio_check_idle(&t);
	trio_done(&t);
}

/* The Disembargo comes before the Accept that names its embargo. */
TEST(embargo_may_be_lifted_before_the_accept_comes)
{
	struct trio t;
	struct reply give, r[4];
	trio_init(&t, 3, ALL);
	struct net_link *direct = net_join(&t.n, RECIPIENT, NULL, HOST, NULL);
	direct->paused[0] = true;
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	struct vat_cap *cap = reply_pipeline(&give);
	for (unsigned i = 0; i < 2; i++)
		thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, i, NULL, &r[i]);
	net_run(&t.n);
	for (unsigned i = 2; i < 4; i++)
		thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, i, NULL, &r[i]);
	net_run(&t.n);
	CHECK_INT(t.obj.n_log, 2);
	direct->paused[0] = false;
	net_run(&t.n);
	for (unsigned i = 0; i < 4; i++) {
		CHECK_INT(t.obj.log[i], i);
		CHECK_REPLY(r[i], i);
	}
	CHECK_INT(relayed(&t), 2);
	vat_cap_unref(cap);
	reply_free(&give);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(parameters_are_handed_off)
{
	struct trio t;
	struct reply r;
	trio_init(&t, 3, ALL);
	/* The recipient serves a thing to the introducer, who calls it with the host's object. */
	struct thing far = {0};
	struct vat_cap *served = thing_serve(t.n.vat[RECIPIENT], &far);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_HOLD, 0, served, &r);
	vat_cap_unref(served);
	net_run(&t.n);
	reply_free(&r);
	struct vat_cap *back = vat_cap_ref(t.shop.held);
	uint64_t before = relayed(&t);
	thing_call(t.n.vat[INTRODUCER], back, THING_CALL_BACK, 77, t.obj_cap, &r);
	net_run(&t.n);
	CHECK_REPLY(r, 77);
	CHECK_INT(t.obj.log[0], 77);
	CHECK_INT(relayed(&t), before);
	vat_cap_unref(back);
	trio_check_idle(&t);
	trio_done(&t);
}

/* The introducer has it as a promise first; what that resolves to is handed off. */
TEST(promise_is_handed_off_when_it_resolves)
{
	struct trio t;
	struct reply give, wait, r[6];
	trio_init(&t, 3, ALL);
	thing_call(t.n.vat[INTRODUCER], t.obj_cap, THING_WAIT, 0, NULL, &wait);
	struct vat_cap *later = reply_pipeline(&wait);
	vat_cap_unref(t.shop.held);
	t.shop.held = later;
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	net_run(&t.n);
	CHECK(give.done && cap_unsettled(give.cap));
	for (unsigned i = 0; i < 3; i++)
		thing_call(t.n.vat[RECIPIENT], give.cap, THING_ECHO, i, NULL, &r[i]);
	net_run(&t.n);
	struct thing result = {0};
	struct vat_cap *c = thing_serve(t.n.vat[HOST], &result);
	CHECK_INT(t.obj.n_waiting, 1);
	thing_answer(t.obj.waiting[0], 0, c);
	vat_cap_unref(c);
	t.to_host->paused[0] = true;
	net_run(&t.n);
	for (unsigned i = 3; i < 6; i++)
		thing_call(t.n.vat[RECIPIENT], give.cap, THING_ECHO, i, NULL, &r[i]);
	net_run(&t.n);
	t.to_host->paused[0] = false;
	net_run(&t.n);
	for (unsigned i = 0; i < 6; i++) {
		CHECK_INT(result.log[i], i);
		CHECK_REPLY(r[i], i);
	}
	CHECK(!cap_unsettled(give.cap));
	uint64_t before = relayed(&t);
	echo(&t, RECIPIENT, give.cap, 9);
	CHECK_INT(relayed(&t), before);
	reply_free(&give);
	reply_free(&wait);
	trio_check_idle(&t);
	trio_done(&t);
}

/* The introducer gets back what it had: its own import, not something by way of the recipient. */
TEST(sent_back_to_the_introducer_it_is_unwrapped)
{
	struct trio t;
	struct reply r;
	trio_init(&t, 3, ALL);
	struct vat_cap *cap = trio_take(&t);
	t.shop.held = vat_cap_unref(t.shop.held);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_HOLD, 0, cap, &r);
	net_run(&t.n);
	reply_free(&r);
	CHECK(cap_inner(t.shop.held) == cap_inner(t.obj_cap));
	/* And while the way there is still being made. */
	struct reply give;
	t.party[RECIPIENT].cut_off = false;
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	t.n.links[2].paused[0] = true;
	net_run(&t.n);
	CHECK(give.done && cap_unsettled(give.cap));
	t.shop.held = vat_cap_unref(t.shop.held);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_HOLD, 0, give.cap, &r);
	net_run(&t.n);
	reply_free(&r);
	CHECK(cap_inner(t.shop.held) == cap_inner(t.obj_cap));
	t.n.links[2].paused[0] = false;
	reply_free(&give);
	vat_cap_unref(cap);
	trio_check_idle(&t);
	trio_done(&t);
}

/* Calls that the introducer pipelines on what comes back keep their order. */
TEST(sent_back_as_a_result_it_keeps_the_order)
{
	struct trio t;
	struct reply hold, give, r[8];
	trio_init(&t, 3, ALL);
	struct vat_cap *cap = trio_take(&t);
	struct thing far = {.held = vat_cap_ref(cap)};
	struct vat_cap *served = thing_serve(t.n.vat[RECIPIENT], &far);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_HOLD, 0, served, &hold);
	vat_cap_unref(served);
	net_run(&t.n);
	reply_free(&hold);
	thing_call(t.n.vat[INTRODUCER], t.shop.held, THING_GIVE, 0, NULL, &give);
	struct vat_cap *pipe = reply_pipeline(&give);
	for (unsigned i = 0; i < 4; i++)
		thing_call(t.n.vat[INTRODUCER], pipe, THING_ECHO, i, NULL, &r[i]);
	while (!give.done) {
		net_step(t.to_shop, 1);
		net_work(&t.n);
		net_step(t.to_shop, 0);
		net_work(&t.n);
	}
	for (unsigned i = 4; i < 8; i++)
		thing_call(t.n.vat[INTRODUCER], pipe, THING_ECHO, i, NULL, &r[i]);
	net_run(&t.n);
	CHECK(cap_inner(pipe) == cap_inner(t.obj_cap));
	for (unsigned i = 0; i < 8; i++) {
		CHECK_INT(t.obj.log[i], i);
		CHECK_REPLY(r[i], i);
	}
	vat_cap_unref(pipe);
	reply_free(&give);
	vat_cap_unref(cap);
	trio_check_idle(&t);
	trio_done(&t);
}

/* The host knows it as its own object. */
TEST(sent_to_the_host_it_comes_home)
{
	struct trio t;
	struct reply r;
	trio_init(&t, 3, ALL);
	struct vat_cap *cap = trio_take(&t);
	thing_call(t.n.vat[RECIPIENT], cap, THING_HOLD, 0, cap, &r);
	net_run(&t.n);
	reply_free(&r);
	CHECK(vat_cap_self(t.obj.held, &thing_impl) == &t.obj);
	t.obj.held = vat_cap_unref(t.obj.held);
	vat_cap_unref(cap);
	trio_check_idle(&t);
	trio_done(&t);
}

/* The recipient is at the host already, and asks over the connection it has. */
TEST(recipient_uses_the_connection_it_has)
{
	struct trio t;
	trio_init(&t, 3, ALL);
	struct net_link *direct = net_join(&t.n, RECIPIENT, NULL, HOST, NULL);
	struct vat_cap *a = trio_take(&t), *b = trio_take(&t);
	CHECK_INT(t.n.n_links, 3);
	CHECK(cap_inner(a) == cap_inner(b));
	echo(&t, RECIPIENT, b, 1);
	CHECK_INT(handoffs(direct->conn[0]).calls_out, 1);
	vat_cap_unref(a);
	echo(&t, RECIPIENT, b, 2);
	vat_cap_unref(b);
	trio_check_idle(&t);
	trio_done(&t);
}

/* The introducer does not notice that host and recipient are one: two connections to one vat. */
TEST(introduced_to_itself)
{
	struct trio t;
	struct reply give, r[6];
	trio_init(&t, 3, ALL);
	struct thing shop = {.held = vat_cap_ref(t.obj_cap)};
	struct vat_conn_config cfg = {.bootstrap = thing_serve(t.n.vat[INTRODUCER], &shop)};
	struct net_link *l = net_join(&t.n, HOST, NULL, INTRODUCER, &cfg);
	vat_cap_unref(cfg.bootstrap);
	struct vat_cap *boot = vat_conn_bootstrap(l->conn[0]);
	net_run(&t.n);
	thing_call(t.n.vat[HOST], boot, THING_GIVE, 0, NULL, &give);
	struct vat_cap *cap = reply_pipeline(&give);
	for (unsigned i = 0; i < 3; i++)
		thing_call(t.n.vat[HOST], cap, THING_ECHO, i, NULL, &r[i]);
	net_run(&t.n);
	for (unsigned i = 3; i < 6; i++)
		thing_call(t.n.vat[HOST], cap, THING_ECHO, i, NULL, &r[i]);
	net_run(&t.n);
	for (unsigned i = 0; i < 6; i++) {
		CHECK_INT(t.obj.log[i], i);
		CHECK_REPLY(r[i], i);
	}
	CHECK_INT(relayed(&t), 3);
	vat_cap_unref(cap);
	reply_free(&give);
	vat_cap_unref(boot);
	shop.held = vat_cap_unref(shop.held);
	trio_check_idle(&t);
	trio_done(&t);
}

/* What the introducer holds is at the host by introduction of a fourth: two hand-offs in a row. */
TEST(chain_of_two_introducers)
{
	struct trio t;
	struct reply r, give, e[8];
	trio_init(&t, 4, ALL);
	/* The host relays an object of the fourth to nobody: it introduces. */
	struct thing far = {0};
	struct net_link *l = net_serve(&t.n, HOST, FOURTH, thing_serve(t.n.vat[FOURTH], &far));
	t.obj.held = vat_conn_bootstrap(l->conn[0]);
	net_run(&t.n);
	thing_call(t.n.vat[INTRODUCER], t.obj_cap, THING_GIVE, 0, NULL, &r);
	/* The introducer cannot reach the fourth, and has the host's vine. */
	t.party[INTRODUCER].cut_off = true;
	net_run(&t.n);
	CHECK(r.done && !r.failed);
	vat_cap_unref(t.shop.held);
	t.shop.held = vat_cap_ref(r.cap);
	reply_free(&r);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	struct vat_cap *cap = reply_pipeline(&give);
	for (unsigned i = 0; i < 4; i++)
		thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, i, NULL, &e[i]);
	l->paused[0] = true;
	net_run(&t.n);
	for (unsigned i = 4; i < 8; i++)
		thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, i, NULL, &e[i]);
	net_run(&t.n);
	l->paused[0] = false;
	net_run(&t.n);
	for (unsigned i = 0; i < 8; i++) {
		CHECK_INT(far.log[i], i);
		CHECK_REPLY(e[i], i);
	}
	uint64_t before = handoffs(l->conn[0]).calls_out;
	echo(&t, RECIPIENT, cap, 9);
	CHECK_INT(handoffs(l->conn[0]).calls_out, before);
	int side;
	CHECK(link_between(&t, RECIPIENT, FOURTH, &side));
	/* The introducer knows it again, by the vine that it gave away. */
	struct vat_cap *mine = vat_cap_ref(t.shop.held);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_HOLD, 0, cap, &r);
	net_run(&t.n);
	reply_free(&r);
	CHECK(cap_inner(t.shop.held) == cap_inner(mine));
	vat_cap_unref(mine);
	vat_cap_unref(cap);
	reply_free(&give);
	t.obj.held = vat_cap_unref(t.obj.held);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(what_a_membrane_surrounds_is_not_handed_off)
{
	struct trio t;
	trio_init(&t, 3, ALL);
	struct vat_membrane *m = vat_membrane_new(t.n.vat[INTRODUCER], NULL);
	struct vat_cap *wrapped = vat_membrane_wrap(m, t.obj_cap);
	vat_cap_unref(t.shop.held);
	t.shop.held = wrapped;
	struct vat_cap *cap = trio_take(&t);
	echo(&t, RECIPIENT, cap, 5);
	CHECK_INT(relayed(&t), 1);
	CHECK_INT(t.party[INTRODUCER].introduced, 0);
	vat_membrane_revoke(m, VAT_FAILED, "revoked");
	vat_membrane_free(m);
	net_run(&t.n);
	struct reply r;
	thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, 6, NULL, &r);
	net_run(&t.n);
	CHECK_FAILED(r, VAT_FAILED, "revoked");
	vat_cap_unref(cap);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(policy_may_refuse)
{
	struct trio t;
	trio_init(&t, 3, ALL);
	t.party[INTRODUCER].refuses = true;
	struct vat_cap *cap = trio_take(&t);
	echo(&t, RECIPIENT, cap, 5);
	CHECK_INT(relayed(&t), 1);
	CHECK_INT(t.party[RECIPIENT].connected, 0);
	vat_cap_unref(cap);
	trio_check_idle(&t);
	trio_done(&t);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static bool joined(int a, int b)
{
	char byte = 0;
	return write(a, "x", 1) == 1 && read(b, &byte, 1) == 1 && byte == 'x';
}

TEST(the_way_to_each_other_comes_as_a_descriptor)
{
	struct trio t;
	trio_init(&t, 3, ALL);
	t.party[INTRODUCER].with_fds = true;
	struct vat_cap *cap = trio_take(&t);
	CHECK_INT(t.party[HOST].awaited, 1);
	CHECK_INT(t.party[RECIPIENT].connected, 1);
	CHECK(joined(t.party[HOST].fd, t.party[RECIPIENT].fd));
	echo(&t, RECIPIENT, cap, 1);
	CHECK_INT(relayed(&t), 0);
	vat_cap_unref(cap);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(the_way_comes_with_a_resolve_too)
{
	struct trio t;
	struct reply give, wait;
	trio_init(&t, 3, ALL);
	t.party[INTRODUCER].with_fds = true;
	thing_call(t.n.vat[INTRODUCER], t.obj_cap, THING_WAIT, 0, NULL, &wait);
	vat_cap_unref(t.shop.held);
	t.shop.held = reply_pipeline(&wait);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	net_run(&t.n);
	struct thing result = {0};
	struct vat_cap *c = thing_serve(t.n.vat[HOST], &result);
	thing_answer(t.obj.waiting[0], 0, c);
	vat_cap_unref(c);
	net_run(&t.n);
	CHECK(!cap_unsettled(give.cap));
	CHECK(joined(t.party[HOST].fd, t.party[RECIPIENT].fd));
	reply_free(&give);
	reply_free(&wait);
	trio_check_idle(&t);
	trio_done(&t);
}

/* Nobody wants the capability any more, but the way serves later ones. */
TEST(the_way_arrives_even_if_the_capability_is_dropped)
{
	struct trio t;
	struct reply give;
	trio_init(&t, 3, ALL);
	t.party[INTRODUCER].with_fds = true;
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	while (net_step(t.to_shop, 0))
		;
	net_work(&t.n);
	net_collect(t.to_shop, 1);
	vat_call_free(TAKE_PTR(give.call));
	net_run(&t.n);
	CHECK_INT(t.party[RECIPIENT].connected, 0); /* canceled: it was not even looked at */
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	while (!list_empty(&t.n.vat[RECIPIENT]->tasks) || !give.done) {
		CHECK(net_step(t.to_shop, 0) + net_step(t.to_shop, 1) + net_work(&t.n));
		if (give.done)
			break;
	}
	reply_free(&give);
	net_run(&t.n);
	CHECK_INT(t.party[RECIPIENT].connected, 1);
	CHECK(t.party[RECIPIENT].fd >= 0);
	trio_check_idle(&t);
	trio_done(&t);
}

static struct vat_cap *with_descriptor(struct trio *t, struct thing *thing, int fd)
{
	struct vat_cap *c = thing_serve(t->n.vat[HOST], thing);
	CHECK_INT(vat_cap_attach_fd(c, fd), 0);
	t->obj.held = c;
	struct reply r;
	thing_call(t->n.vat[INTRODUCER], t->obj_cap, THING_GIVE, 0, NULL, &r);
	net_run(&t->n);
	CHECK(r.done && vat_cap_fd(r.cap) >= 0);
	vat_cap_unref(t->shop.held);
	t->shop.held = vat_cap_ref(r.cap);
	reply_free(&r);
	return c;
}

/* A descriptor attached to what is handed off is there at once and stays. */
TEST(an_attached_descriptor_is_there_all_the_time)
{
	struct trio t;
	struct thing thing = {0};
	struct reply give;
	int fds[2];
	trio_init(&t, 3, ALL);
	t.party[INTRODUCER].with_fds = true;
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	with_descriptor(&t, &thing, fds[0]);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	while (!give.done)
		CHECK(net_step(t.to_shop, 0) + net_step(t.to_shop, 1) + net_work(&t.n));
	CHECK(joined(vat_cap_fd(give.cap), fds[1]));
	net_run(&t.n);
	CHECK(!cap_unsettled(give.cap));
	CHECK(joined(vat_cap_fd(give.cap), fds[1]));
	close(fds[1]);
	reply_free(&give);
	t.obj.held = vat_cap_unref(t.obj.held);
	trio_check_idle(&t);
	trio_done(&t);
}

/* Each introduces the other at once: their vines must not keep each other. */
TEST(two_that_introduce_each_other_to_the_same_object_let_go_of_it)
{
	struct trio t;
	struct reply give, hold;
	trio_init(&t, 3, 7);
	struct net_link *l =
		net_serve(&t.n, RECIPIENT, HOST, vat_cap_ref(t.to_host->conn[1]->bootstrap));
	struct vat_cap *mine = vat_conn_bootstrap(l->conn[0]);
	net_run(&t.n);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_HOLD, 0, mine, &hold);
	net_run(&t.n);
	CHECK(give.done && !give.failed && hold.done && !hold.failed);
	reply_free(&give);
	reply_free(&hold);
	vat_cap_unref(mine);
	trio_check_idle(&t);
	trio_done(&t);
}
