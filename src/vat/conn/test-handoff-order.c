/* SPDX-License-Identifier: MIT */
/*
 * Order of calls when a promise of the recipient comes to something that the introducer hosts, and
 * that is handed off later: 0 knows the promise by two names, as part of an answer and as an export
 * of 2, and what is called by either has to go the same way.
 */
#include "vat/conn/test-handoff-net.h"

enum { ALL = 0xff };

/* Introducer and recipient have promises of each other. */
struct twice {
	struct trio t;
	struct net_link *direct; /* recipient, host; what the recipient sends is held back */
	struct thing far; /* at the recipient */
	struct vat_cap *far_cap; /* the introducer's import of it */
	struct vat_resolver *x; /* the introducer's, which the recipient has */
	struct vat_resolver *p; /* the recipient's, returned, and come to x */
	struct vat_cap *x_cap, *p_cap;
	struct reply wait; /* the introducer's, answered with p */
};

/* The recipient has x, and the introducer waits for an answer. */
static void begin(struct twice *w)
{
	struct trio *t = &w->t;
	struct reply hold;
	memset(w, 0, sizeof(*w));
	trio_init(t, 3, ALL);
	w->direct = net_join(&t->n, RECIPIENT, NULL, HOST, NULL);
	net_run(&t->n);
	struct vat_cap *served = thing_serve(t->n.vat[RECIPIENT], &w->far);
	thing_call(t->n.vat[RECIPIENT], t->shop_cap, THING_HOLD, 0, served, &hold);
	vat_cap_unref(served);
	net_run(&t->n);
	reply_free(&hold);
	w->far_cap = TAKE_PTR(t->shop.held);
	CHECK_INT(vat_promise(t->n.vat[INTRODUCER], &w->x_cap, &w->x), 0);
	CHECK_INT(vat_promise(t->n.vat[RECIPIENT], &w->p_cap, &w->p), 0);
	thing_call(t->n.vat[INTRODUCER], w->far_cap, THING_HOLD, 0, w->x_cap, &hold);
	thing_call(t->n.vat[INTRODUCER], w->far_cap, THING_WAIT, 0, NULL, &w->wait);
	net_run(&t->n);
	reply_free(&hold);
	CHECK_INT(w->far.n_waiting, 1);
	w->direct->paused[0] = true;
}

/* p has come to x, and x to the host's object. */
static void resolve_both(struct twice *w)
{
	struct trio *t = &w->t;
	vat_resolve(TAKE_PTR(w->p), vat_cap_ref(w->far.held));
	net_work(&t->n);
	vat_resolve(TAKE_PTR(w->x), vat_cap_ref(t->obj_cap));
	net_work(&t->n);
}

static void end(struct twice *w, struct vat_cap *pipe, struct reply *r, unsigned n)
{
	struct trio *t = &w->t;
	net_run(&t->n);
	w->direct->paused[0] = false;
	net_run(&t->n);
	CHECK_INT(t->obj.n_log, n);
	for (unsigned i = 0; i < n; i++) {
		CHECK_INT(t->obj.log[i], i);
		CHECK_REPLY(r[i], i);
	}
	vat_cap_unref(pipe);
	vat_cap_unref(w->x_cap);
	vat_cap_unref(w->far_cap);
	w->far.held = vat_cap_unref(w->far.held);
	reply_free(&w->wait);
	trio_check_idle(t);
	trio_done(t);
}

/* One call is on its way to the answer when that comes, the next is sent to the promise in it. */
TEST(parts_of_an_answer_go_the_way_of_the_promises_in_it)
{
	struct twice w;
	struct reply r[3];
	begin(&w);
	struct trio *t = &w.t;
	struct vat *here = t->n.vat[INTRODUCER];
	struct vat_cap *pipe = reply_pipeline(&w.wait);
	thing_answer(w.far.waiting[0], 0, w.p_cap);
	w.p_cap = vat_cap_unref(w.p_cap);
	net_work(&t->n);
	resolve_both(&w);
	thing_call(here, pipe, THING_ECHO, 0, NULL, &r[0]);
	/* The Return alone. */
	CHECK(net_step(t->to_shop, 0));
	net_work(&t->n);
	CHECK(w.wait.done);
	thing_call(here, pipe, THING_ECHO, 1, NULL, &r[1]);
	/* That p is x, for which calls already sent have to come round. */
	CHECK(net_step(t->to_shop, 0));
	net_work(&t->n);
	thing_call(here, pipe, THING_ECHO, 2, NULL, &r[2]);
	end(&w, pipe, r, 3);
}
