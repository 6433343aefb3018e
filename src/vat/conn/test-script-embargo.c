/* SPDX-License-Identifier: MIT */
/*
 * Embargoes, told message by message: fifteen ways in which calls sent through a promise could be
 * overtaken by calls sent to what it turned out to be.  test/rpc/README.md tells where the
 * situations come from.
 */
#include "vat/conn/test-script.h"

SCRIPT(local_embargo_01_own_object_comes_back)
{
	struct thing *local;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &local);
	struct reply *q = script_call(p, C, p->to[S], THING_ECHO_CAP, 0, mine);
	struct vat_cap *service = part(p, q, 0);
	say(p, C, service, 1);
	step(p, S, "call 0");
	step(p, C, "return 0");
	CHECK(p->eager || local->n_log == 0);
	/* The service is known to be ours now, but call 1 is still on its way. */
	struct reply *m2 = say(p, C, service, 2);
	net_work(&p->n);
	CHECK(p->eager || !m2->done);
	step(p, S, "disembargo request");
	step(p, C, "disembargo reply");
	flush(p);
	CHECK_LOG(local, 1, 2);
	CHECK(m2->done && !m2->failed);
}

SCRIPT(local_embargo_02_own_promised_answer_comes_back)
{
	struct thing *registry, *local;
	struct vat_cap *to_registry;
	boot_up(p);
	struct vat_cap *reg = object(p, C, &registry), *mine = object(p, C, &local);
	struct vat_cap *service = ask_for(p, C, p->to[S], 1, reg);
	say(p, C, service, 101);
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_registry);
	/* S asks our registry and answers with what that will say. */
	struct vat_cap *result = ask_for(p, S, to_registry, 2, NULL);
	answer1(a1, 1, result);
	drop(p, to_registry);
	drop(p, result);
	step(p, C, "call 2");
	step(p, C, "return 1");
	answer1(pop(p, registry, 2, NULL), 2, mine);
	say(p, C, service, 102);
	net_work(&p->n);
	CHECK(p->eager || local->n_log == 0);
	step(p, S, "disembargo request");
	step(p, C, "disembargo reply");
	flush(p);
	CHECK_LOG(local, 101, 102);
}

SCRIPT(local_embargo_03_resolve_leads_to_an_own_object)
{
	struct thing *local;
	struct vat_cap *to_local;
	struct vat_resolver *r;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &local);
	struct reply *q1 = ask(p, C, p->to[S], 1, mine);
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_local);
	struct vat_cap *later = promise(p, S, &r);
	answer1(a1, 1, later);
	step(p, C, "return 1");
	struct vat_cap *service = part(p, q1, 0);
	say(p, C, service, 101);
	resolve(r, to_local);
	step(p, C, "resolve");
	say(p, C, service, 102);
	net_work(&p->n);
	CHECK(p->eager || local->n_log == 0);
	flush(p);
	CHECK_LOG(local, 101, 102);
	CHECK_INT(received(p, S, "disembargo request"), 1);
}

SCRIPT(local_embargo_04_missing_part_of_an_own_answer)
{
	struct thing *local;
	struct vat_cap *to_local;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &local);
	struct reply *q1 = ask(p, C, p->to[S], 1, mine);
	struct vat_cap *nothing = part(p, q1, 0);
	struct reply *qp = ask(p, C, nothing, 101, NULL);
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_local);
	/* What S answers with is part of an answer of ours, which has no such part. */
	struct reply *q2 = say(p, S, to_local, 2);
	answer1(a1, 1, part(p, q2, 0));
	step(p, C, "call 2");
	step(p, C, "return 1");
	flush(p);
	CHECK(qp->done && qp->failed);
	struct reply *late = ask(p, C, nothing, 102, NULL);
	flush(p);
	CHECK(late->done && late->failed);
	CHECK_LOG(local, 2);
}

/* Answer, remote promise, own object: the calls went through the answer, not through the promise,
 * and yet it is the promise whose resolution needs the embargo. */
SCRIPT(local_embargo_05_answer_then_promise_then_own_object)
{
	struct thing *local;
	struct vat_cap *to_local;
	struct vat_resolver *r;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &local);
	struct reply *q1 = ask(p, C, p->to[S], 1, mine);
	struct vat_cap *test = part(p, q1, 0);
	say(p, C, test, 101);
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_local);
	answer1(a1, 1, promise(p, S, &r));
	step(p, C, "return 1");
	resolve(r, to_local);
	step(p, C, "resolve");
	say(p, C, test, 102);
	flush(p);
	CHECK_LOG(local, 101, 102);
}

/* Both sides embargo: the answer leads to an answer of ours that leads back to S. */
SCRIPT(local_embargo_06_own_answer_that_leads_back)
{
	struct thing *local;
	struct vat_cap *to_local;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &local);
	struct vat_cap *target = ask_for(p, C, p->to[S], 1, mine);
	struct reply *m1 = ask(p, C, target, 101, NULL);
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_local);
	struct reply *q2 = ask(p, S, to_local, 2, NULL);
	answer1(a1, 1, part(p, q2, 0));
	step(p, C, "call 2");
	step(p, S, "call 101");
	answer1(pop(p, local, 2, NULL), 2, p->to[S]);
	step(p, S, "return 2");
	step(p, C, "return 1");
	struct reply *m2 = ask(p, C, target, 102, NULL);
	drop(p, target);
	flush(p);
	answer1(pop(p, &p->bs[S], 101, NULL), 201, NULL);
	answer1(pop(p, &p->bs[S], 102, NULL), 202, NULL);
	flush(p);
	CHECK(m1->done && m1->n == 201);
	CHECK(m2->done && m2->n == 202);
}

SCRIPT(local_embargo_07_through_an_answer_that_becomes_a_promise)
{
	struct thing *local, *end;
	struct vat_cap *to_local;
	struct vat_resolver *r;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &local), *last = object(p, C, &end);
	struct vat_cap *target = ask_for(p, C, p->to[S], 1, mine);
	say(p, C, target, 101);
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_local);
	struct vat_cap *q2 = ask_for(p, S, to_local, 2, NULL);
	answer1(a1, 1, q2);
	drop(p, q2);
	step(p, C, "call 2");
	step(p, S, "call 101");
	answer1(pop(p, local, 2, NULL), 2, promise(p, C, &r));
	step(p, C, "return 1");
	say(p, C, target, 102);
	step(p, S, "return 2");
	step(p, S, "disembargo request");
	step(p, C, "call 101");
	/* The promise is the sender's: the mark comes back although it has not resolved. */
	flush(p);
	CHECK_LOG(end);
	resolve(r, last);
	flush(p);
	CHECK_LOG(end, 101, 102);
}

SCRIPT(local_embargo_08_own_promise_that_leads_back)
{
	struct thing *local, *end;
	struct vat_cap *to_local;
	struct vat_resolver *r;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &local), *last = object(p, S, &end);
	struct vat_cap *target = ask_for(p, C, p->to[S], 1, mine);
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_local);
	struct vat_cap *q2 = ask_for(p, S, to_local, 2, NULL);
	step(p, C, "call 2");
	answer1(pop(p, local, 2, NULL), 2, promise(p, C, &r));
	step(p, S, "return 2");
	answer1(a1, 1, q2);
	drop(p, q2);
	/* Our promise resolves to what will be an object of S. */
	struct reply *q3 = ask(p, C, p->to[S], 3, NULL);
	struct reply *m1 = say(p, C, target, 101);
	resolve(r, part(p, q3, 0));
	step(p, S, "call 3");
	step(p, S, "call 101");
	step(p, S, "resolve");
	step(p, C, "return 1");
	struct reply *m2 = say(p, C, target, 102);
	flush(p);
	answer1(pop(p, &p->bs[S], 3, NULL), 3, last);
	flush(p);
	CHECK_LOG(end, 101, 102);
	CHECK(m1->done && !m1->failed && m2->done && !m2->failed);
}

/* A promise of each side leads to the other's. */
SCRIPT(local_embargo_09_twice_round)
{
	meet(p);
	struct vat_cap *pts1 = ask_for(p, C, p->to[S], 1, NULL);
	struct vat_cap *pts2 = ask_for(p, C, p->to[S], 2, NULL);
	step(p, S, "call 1");
	step(p, S, "call 2");
	struct vat_cap *ptc1 = ask_for(p, S, p->to[C], 3, NULL);
	step(p, C, "call 3");
	answer1(pop(p, &p->bs[C], 3, NULL), 3, pts1);
	drop(p, pts1);
	answer1(pop(p, &p->bs[S], 1, NULL), 1, p->to[C]);
	answer1(pop(p, &p->bs[S], 2, NULL), 2, ptc1);
	say(p, C, pts2, 101);
	step(p, C, "return 1");
	step(p, C, "return 2");
	say(p, C, pts2, 102);
	step(p, S, "return 3");
	step(p, S, "call 101");
	step(p, C, "call 101");
	say(p, C, pts2, 103);
	flush(p);
	CHECK_LOG(&p->bs[C], 3, 101, 102, 103);
}

SCRIPT(local_embargo_10_of_a_redirected_call)
{
	struct thing *local;
	boot_up(p);
	struct vat_cap *mine = object(p, C, &local);
	struct reply *q0 = script_call(p, C, p->to[S], THING_ECHO_CAP, 0, mine);
	struct vat_cap *bs = part(p, q0, 0);
	forget(q0);
	struct reply *q1 = ask(p, C, bs, 1, NULL);
	struct vat_cap *target = part(p, q1, 0);
	say(p, C, target, 101);
	step(p, S, "call 0");
	step(p, S, "call 1");
	step(p, S, "call 101");
	step(p, C, "return 0");
	step(p, S, "disembargo request");
	step(p, C, "call 1");
	answer1(pop(p, local, 1, NULL), 1, mine);
	net_work(&p->n);
	say(p, C, target, 102);
	net_work(&p->n);
	CHECK(p->eager || local->n_log == 1);
	flush(p);
	CHECK_LOG(local, 1, 101, 102);
}

SCRIPT(local_embargo_11_second_bootstrap_behind_two_answers)
{
	meet(p);
	struct vat_cap *q1 = ask_for(p, C, p->to[S], 1, NULL);
	struct vat_cap *again = held(p, vat_conn_bootstrap(p->l->conn[C]));
	struct vat_cap *q2 = ask_for(p, S, p->to[C], 2, NULL);
	step(p, S, "call 1");
	answer1(pop(p, &p->bs[S], 1, NULL), 1, q2);
	struct reply *q3 = say(p, C, q1, 101);
	step(p, C, "call 2");
	answer1(pop(p, &p->bs[C], 2, NULL), 2, again);
	step(p, S, "bootstrap");
	step(p, C, "return 1");
	say(p, C, q1, 102);
	step(p, C, "return boot");
	say(p, C, q1, 103);
	flush(p);
	CHECK(q3->done && !q3->failed);
	CHECK_LOG(&p->bs[S], 1, 101, 102, 103);
}

SCRIPT(local_embargo_12_promise_that_will_be_missing)
{
	struct vat_cap *to_x;
	struct vat_resolver *r;
	boot_up(p);
	struct vat_cap *x = promise(p, C, &r);
	struct reply *q1 = ask(p, C, p->to[S], 1, x);
	resolve(r, part(p, q1, 2));
	struct reply *q2 = ask(p, C, part(p, q1, 0), 2, NULL);
	step(p, S, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[S], 1, &to_x);
	struct vat_cap *y = ask_for(p, S, to_x, 3, NULL);
	answer1(a1, 1, y);
	drop(p, y);
	flush(p);
	/* Nothing is at 2 in the results: all that was called on it fails, and so does q2. */
	CHECK(q2->done && q2->failed);
	struct reply *late = ask(p, C, x, 4, NULL);
	flush(p);
	CHECK(late->done && late->failed);
}

SCRIPT(local_embargo_13_lifted_from_something_broken)
{
	struct vat_cap *to_broken;
	meet(p);
	struct vat_cap *broken = held(p, vat_cap_broken(p->n.vat[S], VAT_FAILED, "broken"));
	struct vat_cap *q1 = ask_for(p, S, p->to[C], 1, broken);
	struct vat_cap *q2 = ask_for(p, C, p->to[S], 2, NULL);
	struct reply *q3 = ask(p, C, q2, 3, NULL);
	step(p, C, "call 1");
	struct vat_ctx *a1 = pop(p, &p->bs[C], 1, &to_broken);
	answer1(a1, 1, to_broken);
	drop(p, to_broken);
	step(p, S, "call 2");
	answer1(pop(p, &p->bs[S], 2, NULL), 2, q1);
	drop(p, q1);
	step(p, C, "resolve");
	step(p, C, "return 2");
	struct reply *q4 = ask(p, C, q2, 4, NULL);
	flush(p);
	CHECK(q3->done && q3->failed && strstr(q3->text, "broken"));
	CHECK(q4->done && q4->failed && strstr(q4->text, "broken"));
}

SCRIPT(local_embargo_14_redirected_answer_leads_back)
{
	meet(p);
	struct vat_cap *via_q1 = ask_for(p, C, p->to[S], 1, NULL);
	step(p, S, "call 1");
	answer1(pop(p, &p->bs[S], 1, NULL), 1, p->to[C]);
	struct reply *q2 = ask(p, C, via_q1, 2, NULL);
	struct vat_cap *server = part(p, q2, 0), *nothing = part(p, q2, 2);
	step(p, C, "return 1");
	step(p, S, "call 2");
	step(p, C, "call 2");
	struct reply *q3 = ask(p, C, nothing, 3, NULL);
	say(p, C, server, 101);
	answer1(pop(p, &p->bs[C], 2, NULL), 2, p->to[S]);
	net_work(&p->n);
	say(p, C, server, 102);
	flush(p);
	CHECK(q3->done && q3->failed);
	CHECK_LOG(&p->bs[S], 1, 101, 102);
}

SCRIPT(local_embargo_15_answers_of_both_sides_chained)
{
	struct vat_resolver *r;
	meet(p);
	struct vat_cap *x1 = ask_for(p, C, p->to[S], 1, NULL);
	flush(p);
	struct vat_cap *x2 = ask_for(p, S, p->to[C], 2, NULL);
	struct vat_cap *x3 = ask_for(p, S, p->to[C], 3, NULL);
	flush(p);
	answer1(pop(p, &p->bs[S], 1, NULL), 1, x3);
	answer1(pop(p, &p->bs[C], 2, NULL), 2, x1);
	say(p, S, x2, 101);
	step(p, S, "return 2");
	say(p, S, x2, 102);
	answer1(pop(p, &p->bs[C], 3, NULL), 3, promise(p, C, &r));
	resolve(r, p->to[S]);
	flush(p);
	say(p, S, x2, 103);
	flush(p);
	CHECK_LOG(&p->bs[S], 1, 101, 102, 103);
}
