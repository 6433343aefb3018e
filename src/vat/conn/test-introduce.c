/* SPDX-License-Identifier: MIT */
/*
 * Hand-off that does not go well: parties that do not know it, cannot reach each other, or die.
 * No call is lost that the introducer could have served.
 */
#include "vat/conn/test-handoff-net.h"
#include "vat/conn/test-raw.h"

#include "vat/cap/test-alloc.h"

enum { ALL = 0xff };

/* ---- peers that cannot ------------------------------------------------------------------------
 */

/* Calls ahead, calls after, in order, over the introducer. */
static void check_relayed(struct trio *t)
{
	struct reply give, r[8];
	uint64_t before = relayed(t);
	unsigned logged = t->obj.n_log;
	thing_call(t->n.vat[RECIPIENT], t->shop_cap, THING_GIVE, 0, NULL, &give);
	struct vat_cap *cap = reply_pipeline(&give);
	for (unsigned i = 0; i < 4; i++)
		thing_call(t->n.vat[RECIPIENT], cap, THING_ECHO, i, NULL, &r[i]);
	net_run(&t->n);
	for (unsigned i = 4; i < 8; i++)
		thing_call(t->n.vat[RECIPIENT], cap, THING_ECHO, i, NULL, &r[i]);
	net_run(&t->n);
	for (unsigned i = 0; i < 8; i++) {
		CHECK_INT(t->obj.log[logged + i], i);
		CHECK_REPLY(r[i], i);
	}
	CHECK_INT(relayed(t), before + 8);
	vat_cap_unref(cap);
	reply_free(&give);
	net_run(&t->n);
	CHECK(!t->to_host->closed[0] && !t->to_shop->closed[0]);
}

TEST(host_that_does_not_know_it_is_asked_once)
{
	struct trio t;
	trio_init(&t, 3, ALL & ~(1 << HOST));
	check_relayed(&t);
	check_relayed(&t);
	CHECK_INT(t.party[INTRODUCER].introduced, 1);
	CHECK_INT(handoffs(t.to_shop->conn[0]).fell_back, 1);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(recipient_that_does_not_know_it_uses_the_vine)
{
	struct trio t;
	trio_init(&t, 3, ALL & ~(1 << RECIPIENT));
	check_relayed(&t);
	CHECK_INT(handoffs(t.to_host->conn[1]).provisions, 0);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(recipient_that_cannot_connect_uses_the_vine)
{
	struct trio t;
	trio_init(&t, 3, ALL);
	t.party[RECIPIENT].cut_off = true;
	check_relayed(&t);
	CHECK_INT(handoffs(t.to_shop->conn[0]).fell_back, 1);
	trio_check_idle(&t);
	trio_done(&t);
}

/* Introductions held by a recipient that hoards are limited; what is over is served as usual. */
TEST(introductions_at_a_host_are_limited)
{
	struct trio t;
	struct vat_cap *cap[6];
	trio_init(&t, 3, ALL);
	t.n.vat[INTRODUCER]->handoffs->network.max_introductions = 4;
	for (unsigned i = 0; i < 6; i++)
		cap[i] = trio_take(&t);
	CHECK_INT(handoffs(t.to_host->conn[0]).introductions, 1); /* to the same: one is kept */
	t.party[RECIPIENT].cut_off = true;
	for (unsigned i = 0; i < 6; i++) {
		vat_cap_unref(cap[i]);
		cap[i] = trio_take(&t);
	}
	CHECK_INT(handoffs(t.to_host->conn[0]).introductions, 4);
	for (unsigned i = 0; i < 6; i++) {
		echo(&t, RECIPIENT, cap[i], i);
		vat_cap_unref(cap[i]);
	}
	trio_check_idle(&t);
	trio_done(&t);
}

/* Those that are over, but whose end a slow host has still to be told, count: they are held there.
 */
TEST(introductions_that_are_over_count_until_the_host_is_told)
{
	struct trio t;
	trio_init(&t, 3, ALL);
	t.n.vat[INTRODUCER]->handoffs->network.max_introductions = 4;
	t.party[RECIPIENT].cut_off = true;
	t.to_host->paused[0] = true;
	for (unsigned i = 0; i < 20; i++)
		vat_cap_unref(trio_take(&t));
	CHECK_INT(t.party[INTRODUCER].introduced, 4);
	t.to_host->paused[0] = false;
	net_run(&t.n);
	vat_cap_unref(trio_take(&t));
	CHECK_INT(t.party[INTRODUCER].introduced, 5);
	trio_check_idle(&t);
	trio_done(&t);
}

/* A recipient that lifts embargoes without end loses its own connection, not the introducer's. */
TEST(recipient_that_lifts_many_embargoes_hurts_only_itself)
{
	struct trio t;
	struct address a;
	uint64_t w[WIRE_WORDS];
	trio_init(&t, 3, ALL);
	t.party[RECIPIENT].cut_off = true;
	struct vat_cap *cap = trio_take(&t); /* the vine */
	struct vat_conn *c = t.to_shop->conn[0];
	CHECK(cap_address(cap_inner(cap), &a) && a.conn == c);
	struct target vine = {.id = a.import->id};
	for (uint64_t id = 1; id <= 100; id++)
		conn_put(c, w, wire_disembargo_accept(w, &vine, &id, sizeof(id)));
	net_run(&t.n);
	CHECK(t.to_shop->closed[1]);
	CHECK(!t.to_host->closed[0] && !t.to_host->closed[1]);
	vat_cap_unref(cap);
	trio_check_idle(&t);
	trio_done(&t);
}

/* ---- parties that die -------------------------------------------------------------------------
 */

TEST(introducer_dies_before_the_accept_is_answered)
{
	struct trio t;
	struct reply give, r;
	trio_init(&t, 3, ALL);
	struct net_link *direct = net_join(&t.n, RECIPIENT, NULL, HOST, NULL);
	t.to_host->paused[0] = true; /* Provide is never sent */
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	net_run(&t.n);
	CHECK(give.done && cap_unsettled(give.cap));
	thing_call(t.n.vat[RECIPIENT], give.cap, THING_ECHO, 0, NULL, &r);
	net_run(&t.n);
	CHECK_INT(handoffs(direct->conn[1]).accepts, 1);
	net_cut(&t.n, t.to_shop, 1);
	net_run(&t.n);
	CHECK_FAILED(r, VAT_DISCONNECTED, "closed");
	CHECK(vat_cap_is_broken(give.cap, NULL));
	CHECK_INT(handoffs(direct->conn[1]).accepts, 0);
	t.to_host->paused[0] = false;
	reply_free(&give);
	trio_check_idle(&t);
	trio_done(&t);
}

/* The host never hears of it, and cannot know: the introducer says so. */
TEST(introducer_loses_the_host_before_provide_arrives)
{
	struct trio t;
	struct reply give, r;
	for (int late = 0; late < 2; late++) {
		trio_init(&t, 3, ALL);
		struct net_link *direct = net_join(&t.n, RECIPIENT, NULL, HOST, NULL);
		t.to_host->paused[0] = true;
		t.to_shop->paused[0] = late;
		thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
		if (late)
			CHECK(net_step(t.to_shop, 0));
		net_run(&t.n);
		CHECK(give.done && cap_unsettled(give.cap));
		thing_call(t.n.vat[RECIPIENT], give.cap, THING_ECHO, 0, NULL, &r);
		net_run(&t.n);
		CHECK_INT(handoffs(direct->conn[1]).accepts, 1);
		for (int side = 0; side < 2; side++)
			vat_conn_eof(t.to_host->conn[side], -ECONNRESET);
		t.to_host->paused[0] = t.to_shop->paused[0] = false;
		net_run(&t.n);
		CHECK_FAILED(r, VAT_DISCONNECTED, "lost");
		CHECK_INT(handoffs(direct->conn[1]).accepts, 0);
		CHECK(!t.to_shop->closed[0]);
		reply_free(&give);
		trio_check_idle(&t);
		trio_done(&t);
	}
}

TEST(introducer_dies_with_an_embargo_under_way)
{
	struct trio t;
	struct reply give, r[2];
	trio_init(&t, 3, ALL);
	struct net_link *direct = net_join(&t.n, RECIPIENT, NULL, HOST, NULL);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	struct vat_cap *cap = reply_pipeline(&give);
	thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, 0, NULL, &r[0]);
	t.to_shop->paused[0] = false;
	/* The Disembargo gets stuck at the introducer; the host hears of its end first. */
	while (!give.done)
		CHECK(net_step(t.to_shop, 0) + net_step(t.to_shop, 1) + net_step(t.to_host, 0) +
			net_work(&t.n));
	thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, 1, NULL, &r[1]);
	while (net_step(direct, 0) + net_work(&t.n))
		;
	net_cut(&t.n, t.to_host, 0);
	net_run(&t.n);
	CHECK_FAILED(r[1], VAT_DISCONNECTED, "");
	reply_free(&r[0]);
	vat_cap_unref(cap);
	reply_free(&give);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(introducer_dies_after_the_hand_off)
{
	struct trio t;
	trio_init(&t, 3, ALL);
	struct vat_cap *cap = trio_take(&t);
	echo(&t, RECIPIENT, cap, 1);
	net_cut(&t.n, t.to_shop, 1);
	net_cut(&t.n, t.to_host, 0);
	echo(&t, RECIPIENT, cap, 2);
	vat_cap_unref(cap);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(host_lost_before_the_accept_is_answered)
{
	struct trio t;
	struct reply give, r;
	trio_init(&t, 3, ALL);
	struct net_link *direct = net_join(&t.n, RECIPIENT, NULL, HOST, NULL);
	direct->paused[0] = true;
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	net_run(&t.n);
	thing_call(t.n.vat[RECIPIENT], give.cap, THING_ECHO, 3, NULL, &r);
	net_run(&t.n);
	CHECK(!r.done);
	direct->paused[0] = false;
	net_cut(&t.n, direct, 1);
	net_run(&t.n);
	CHECK_REPLY(r, 3);
	CHECK_INT(relayed(&t), 1);
	reply_free(&give);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(host_lost_after_the_hand_off)
{
	struct trio t;
	struct reply r;
	int side = 0;
	trio_init(&t, 3, ALL);
	struct vat_cap *cap = trio_take(&t);
	struct net_link *direct = link_between(&t, RECIPIENT, HOST, &side);
	net_cut(&t.n, direct, !side);
	net_run(&t.n);
	CHECK(vat_cap_is_broken(cap, NULL));
	thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, 3, NULL, &r);
	net_run(&t.n);
	CHECK_FAILED(r, VAT_DISCONNECTED, "");
	vat_cap_unref(cap);
	trio_check_idle(&t);
	trio_done(&t);
}

TEST(host_dies_with_introductions_out)
{
	struct trio t;
	trio_init(&t, 3, ALL);
	struct vat_cap *cap = trio_take(&t);
	net_cut(&t.n, t.to_host, 1);
	net_run(&t.n);
	CHECK_INT(handoffs(t.to_host->conn[0]).introductions, 0);
	vat_cap_unref(cap);
	trio_check_idle(&t);
	trio_done(&t);
}

/* ---- what is sent to a host that may not know it -----------------------------------------------
 */

/* The raw peer is the host; its object goes to a recipient, whose connection is `to`. */
struct lone {
	struct raw w;
	struct vat_conn *to;
	struct vat_call *call;
};

static int lone_introduce(
	void *user, struct vat_conn *host, struct vat_conn *recipient, struct vat_introduction *ret)
{
	ret->token[3] = ++*(uint8_t *)user;
	return 0;
}

static void lone_init(struct lone *l, uint8_t *tokens)
{
	raw_init(&l->w, NULL);
	const struct vat_network n = {.introduce = lone_introduce, .user = tokens};
	CHECK_INT(vat_set_network(l->w.vat, &n), 0);
	struct vat_cap *object = vat_conn_bootstrap(l->w.c);
	CHECK_NEXT(&l->w, MSG_BOOTSTRAP);
	CHECK_INT(raw_return(&l->w, 0, RETURN_RESULTS, 0, &hosted), 0);
	CHECK_NEXT(&l->w, MSG_FINISH);
	CHECK_INT(vat_conn_new(l->w.vat, &(struct vat_conn_config){0}, &l->to), 0);
	struct vat_cap *shop = vat_conn_bootstrap(l->to);
	l->call = thing_request(l->w.vat, shop, THING_HOLD, 0, object);
	vat_call_send(l->call, NULL, NULL);
	vat_cap_unref(shop);
	vat_cap_unref(object);
	/* Provide, and the question that tells whether it is understood. */
	CHECK_NEXT(&l->w, MSG_PROVIDE);
	CHECK_INT(vat_r_u32(l->w.body, 0, 0), 0);
	CHECK_NEXT(&l->w, MSG_BOOTSTRAP);
	CHECK_INT(vat_r_u32(l->w.body, 0, 0), 1);
	CHECK_NEXT(&l->w, -1);
}

/* The recipient goes, and its vine with it. */
static void lone_drop(struct lone *l)
{
	vat_call_free(TAKE_PTR(l->call));
	vat_conn_free(TAKE_PTR(l->to));
}

static void lone_done(struct lone *l)
{
	lone_drop(l);
	raw_done(&l->w);
}

TEST(provide_is_finished_when_the_host_is_known)
{
	struct lone l;
	uint8_t tokens = 0;
	lone_init(&l, &tokens);
	lone_drop(&l);
	CHECK_NEXT(&l.w, MSG_RELEASE);
	CHECK_NEXT(&l.w, -1);
	CHECK_INT(raw_return(&l.w, 1, RETURN_CANCELED, 0, NULL), 0);
	CHECK_NEXT(&l.w, MSG_FINISH);
	CHECK_INT(vat_r_u32(l.w.body, 0, 0), 0);
	CHECK_NEXT(&l.w, MSG_FINISH);
	CHECK_INT(vat_r_u32(l.w.body, 0, 0), 1);
	check_empty(&l.w);
	lone_done(&l);
}

TEST(provide_not_understood_is_not_finished)
{
	struct lone l;
	uint8_t tokens = 0;
	lone_init(&l, &tokens);
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_UNIMPLEMENTED, 1, 1, &b);
	vat_w_u16(b, 0, MSG_PROVIDE, 0);
	vat_init_struct(vat_ptr_at_b(b, 0), 1, 2);
	CHECK_INT(raw_message(&l.w, m), 0);
	CHECK_INT(raw_return(&l.w, 1, RETURN_CANCELED, 0, NULL), 0);
	lone_drop(&l);
	int tag;
	while ((tag = raw_next(&l.w)) >= 0)
		CHECK(tag == MSG_RELEASE || (tag == MSG_FINISH && vat_r_u32(l.w.body, 0, 0) == 1));
	check_empty(&l.w);
	lone_done(&l);
}

TEST(return_to_a_provide_is_ignored)
{
	struct lone l;
	uint8_t tokens = 0;
	lone_init(&l, &tokens);
	CHECK_INT(raw_return(&l.w, 0, RETURN_EXCEPTION, 0, NULL), 0);
	CHECK(!l.w.closed);
	CHECK_INT(raw_return(&l.w, 0, RETURN_CANCELED, 0, NULL), -EPROTO);
	CHECK_ABORTED(&l.w);
	lone_done(&l);
}

TEST(host_lost_with_messages_held_back)
{
	struct lone l;
	uint8_t tokens = 0;
	lone_init(&l, &tokens);
	lone_drop(&l);
	lone_done(&l);
}

/* ---- memory ------------------------------------------------------------------------------------
 */

static long fail_at; /* the allocation that fails */
static bool fail_once; /* it alone; else all after it while the library works */

static void begin(void)
{
	if (!fail_once || alloc_count < fail_at)
		alloc_fail_at = fail_at;
}

static void end(void)
{
	alloc_fail_at = 0;
}

static void feed(struct net_link *l, int side, struct net_message *m)
{
	struct vat_conn *c = l->conn[!side];
	void *to;
	size_t room;
	net_heard(l, side, m);
	begin();
	int r = vat_conn_input(c, &to, &room);
	if (r == 0) {
		memcpy(to, m->data, m->size);
		vat_conn_received(c, m->size, m->fds, m->n_fds);
		m->n_fds = 0;
	} else {
		vat_conn_eof(c, r);
	}
	end();
	net_drop(m);
}

static void play(struct net *n)
{
	for (bool any = true; any;) {
		any = false;
		for (unsigned i = 0; i < n->n_vats; i++) {
			begin();
			any |= !list_empty(&n->vat[i]->tasks);
			vat_run(n->vat[i], 0);
			end();
		}
		for (unsigned i = 0; i < 2 * n->n_links; i++) {
			struct net_link *l = &n->links[i / 2];
			int side = (int)(i % 2);
			net_collect(l, side);
			struct list *m = list_pop(&l->queue[side]);
			any |= m != NULL;
			if (m)
				feed(l, side, list_entry(m, struct net_message, link));
			else if (vat_conn_is_over(l->conn[side]) && !l->conn[!side]->over)
				vat_conn_eof(l->conn[!side], 0);
		}
	}
}

/* A hand-off with everything: calls ahead, a descriptor, a call after, and back again. */
static void scenario(void)
{
	struct trio t;
	struct reply give, back, r[4];
	trio_init(&t, 3, ALL);
	t.party[INTRODUCER].with_fds = true;
	net_join(&t.n, RECIPIENT, NULL, HOST, NULL);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_GIVE, 0, NULL, &give);
	struct vat_cap *cap = reply_pipeline(&give);
	for (unsigned i = 0; i < 2; i++)
		thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, i, NULL, &r[i]);
	alloc_count = 0;
	play(&t.n);
	for (unsigned i = 2; i < 4; i++)
		thing_call(t.n.vat[RECIPIENT], cap, THING_ECHO, i, NULL, &r[i]);
	thing_call(t.n.vat[RECIPIENT], t.shop_cap, THING_HOLD, 0, cap, &back);
	play(&t.n);
	for (unsigned i = 0; i < 4; i++) {
		CHECK(r[i].done);
		reply_free(&r[i]);
	}
	CHECK(back.done);
	reply_free(&back);
	vat_cap_unref(cap);
	reply_free(&give);
	if (!t.shop_gone)
		t.shop.held = vat_cap_unref(t.shop.held);
	play(&t.n);
	trio_done(&t);
}

static void every_allocation(bool once)
{
	fail_once = once;
	for (fail_at = 1;; fail_at++) {
		scenario();
		if (alloc_count < fail_at)
			break;
		CHECK(fail_at < 5000);
	}
	printf("# %ld allocations\n", fail_at - 1);
	CHECK(fail_at > 50);
}

TEST(memory_runs_out_from_each_allocation_of_a_hand_off_on)
{
	every_allocation(false);
}

TEST(each_allocation_of_a_hand_off_fails_alone)
{
	every_allocation(true);
}
